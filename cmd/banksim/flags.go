package main

import (
	"strings"

	"github.com/alecthomas/kong"

	"twoline/adapters/bank/simbank"
)

// formats are the forms of batches and results, as a list of words.
func formats() string {
	words := make([]string, 0, len(simbank.Formats()))
	for _, f := range simbank.Formats() {
		words = append(words, string(f))
	}
	return strings.Join(words, ",")
}

// helps are the help texts of the flags of serve, by the name that the flag's
// tag gives.
func helps() kong.Vars {
	return kong.Vars{
		"gateway":  "Address of the gateway's API.",
		"upload":   "Address of the gateway's uploads.",
		"key_id":   "Id that the gateway gave the key.",
		"key_file": "File that banksim keygen wrote.",
		"listen":   "Where health and knobs are served; it knows no callers.",
		"seed":     "Decides every choice of the bank.",
		"code":     "Names the bank in message ids.",
		"interval": "Pause between two rounds.",
		"day":      "First business day; it then moves only by POST /day. Without: today's, by the clock.",
		"state": "File that the bank's memory is kept in over restarts, knobs included: what it holds " +
			"wins over flags. It shows accounts in clear.",
		"json":    "Log and report as JSON, also on a terminal.",
		"formats": formats(),
		"format": "Form of batches and results, the last of them by a profile: " +
			strings.ReplaceAll(formats(), ",", ", ") + ".",
		"charset":    "Charset of a bank's files: first (the form's usual one), gb18030, gbk, utf-8.",
		"statements": "Form of statements: camt.053.001.08, mt940, jsonl, none.",
		"page_size":  "Results a request, at most 10000.",
		"accounts": "Customers, a CSV file: number,name,id_number,balance,state,mandates (state normal, " +
			"frozen, closed, not_activated or dormant; mandates by semicolon, * is any).",
		"fund_account": "An account of the agency with its opening balance; may stand several times.",
		"open_unknown": "Open accounts that a batch names and the bank does not keep, with this balance; 0.00 " +
			"rejects them. Without: 10000.00 where there is no --accounts, else 0.00.",
		"settlement":        "How the money arrives: net, gross, itemised, branches.",
		"branches":          "Over how many branches lumps are spread.",
		"late_days":         "Answer so many days after the debit or payment.",
		"arrival_late_days": "Report the arrival so many days after the credit.",
		"partial_percent":   "Answer this share first, the rest a day later.",
		"out_of_order":      "Mix lines and pages.",
		"repeat":            "Answer twice: same, or renamed under another file name.",
		"never_answer":      "Debit or pay, and say nothing.",
		"one_fen_off":       "So many lines of a batch name one fen too much.",
		"unknown_code":      "So many lines fail with a code of no table.",
		"pending_first":     "So many lines are pending first, and final a day later.",
		"contradict":        "So many lines are answered again with the opposite.",
		"duplicate_lines":   "So many lines stand in the answer twice.",
		"cut_file":          "Send half of the answer's bytes.",
		"wrong_totals":      "Declare one line and one fen too many.",
		"correct_after":     "Send the right answer so many days after a damaged one; 0 is never.",
		"arrivals":          "Notices of arrival: send, drop, twice.",
		"crash_after_debit": "End between debit (or payment) and answer; start again with the same --state.",
		"reject": "How many of a thousand debits fail, by reason: short, closed, frozen, name, mandate, " +
			"no_account, technical, not_activated, dormant.",
		"refuse_whole": "Do nothing of a batch and refuse it in one line, where the form has one; else every item " +
			"fails for a technical reason.",
		"reject_openings":   "How many of a thousand account openings fail.",
		"payout_settlement": "How the money leaves: agreed (as the batch says), net, gross, itemised.",
		"payout_at_once":    "Pay when a batch is taken, not on its pay day.",
		"payout_late_days":  "Pay so many days after the pay day.",
		"payout_reject": "How many of a thousand payments fail, by reason: no_account (RJ01), name (RJ02), " +
			"limit (RJ04), technical (RJ05), type (RJ08), other (RJ90), closed (AC04), frozen (AC06).",
		"returns":            "How many of a thousand payments succeed and come back later.",
		"return_after_days":  "They come back so many days after the payment at the earliest.",
		"return_within_days": "And so many at the latest; 0 is all on the earliest day.",
		"no_returns_after":   "The last day that anything comes back; what is under way then reaches the payee.",
		"return_notices":     "Notices of returns: send, drop (the statement alone shows them), twice.",
	}
}

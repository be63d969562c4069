package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"twoline/reconcile/proof"
)

// The rows that corruptions of the money out aim at. March is sealed; what was paid
// again in April is not.
const (
	directBatch  = `(select batch_id from payment_return where bank_reference = 'N6')`
	lumpBatch    = `(select id from payment_batch where settlement = 'gross' and state = 'done')`
	againBatch   = `(select b.id from payment_batch b join pay_run r on r.id = b.run_id where r.kind = 'reissue')`
	paidAgain    = `(select id from payment_item where batch_id = ` + againBatch + ` and not from_suspense)`
	waitingRun   = `(select id from pay_run where state = 'approved')`
	waitingBatch = `(select max(id) from payment_batch where run_id = ` + waitingRun + `)`
	againEntry   = `(select max(id) from entry where kind = 'benefit')`
	returnEntry  = `(select min(id) from entry where kind = 'payment_return')`
)

// paymentCorruptions lists, by world, what was done behind the triggers' back. What
// is done to one world does not meet: each corruption is named for itself, and the
// invariants that turn red are those that they name together.
func paymentCorruptions() [][]corruption {
	return [][]corruption{bookedOtherwise(), sentOtherwise(), decidedOtherwise(), answeredOtherwise(), paidTwice()}
}

func bookedOtherwise() []corruption {
	return []corruption{
		{
			id: "I5", name: "booked to another member", sql: []string{
				`update posting set member_id = 1005 where nature = 'item' and entry_id = ` + againEntry,
			},
			row: entryRow(againEntry), text: "is booked to another member",
		},
		{
			id: "I5", also: []string{"suspense"}, name: "spent under another component", sql: []string{
				`update posting set role = 'benefit_funeral_grant', kind = 'benefit' where nature = 'item'
					and entry_id = (select max(id) from entry where kind = 'reissue')`,
				`update posting set kind = 'benefit' where entry_id = (select max(id) from entry where kind = 'reissue')`,
				`update entry set kind = 'benefit', text = 'benefits' where id = (select max(id) from entry where kind = 'reissue')`,
			},
			row:  entryRow(`max(id) from entry where kind = 'reissue'`),
			text: "and no answer, return or decision says so",
		},
		{
			id: "I5", name: "a lump of another day", sql: []string{
				`update payment_batch set handed_over_on = handed_over_on + 1 where id = ` + lumpBatch,
			},
			row: entryRow(lumpBatch), text: "is handed over otherwise by entry",
		},
		{
			id: "I5", also: []string{"I4"}, name: "drawn for another payment", sql: []string{
				`update posting set cause_id = (select id from payment_item where member_id = 1005 and batch_id = ` + directBatch + `)
					where role like 'personal%' and kind = 'benefit' and member_id = 1001`,
			},
			row:  entryRow(`(select min(entry_id) from posting where role like 'personal%' and kind = 'benefit' and member_id = 1001)`),
			text: "another member's",
		},
		{
			id: "I5", also: []string{"I2", "I4"}, name: "given back to another part", sql: []string{
				`update posting set role = 'personal_subsidy' where kind = 'return_unclaimed' and role = 'personal_individual'`,
			},
			row:  entryRow(`entry_id from posting where kind = 'return_unclaimed' and role = 'personal_individual'`),
			text: "fen to personal_subsidy, and 0 were drawn from it",
		},
		{
			id: "I6", also: []string{"I25"}, name: "a return of another bank", sql: []string{
				`update payment_return set reported_by = 'bank:psbc' where bank_reference = 'N15'`,
			},
			row: entryRow(`id from payment_return where bank_reference = 'N15'`), text: "was reported by bank:psbc",
		},
		{
			id: "I6", also: []string{"I5", "I27"}, name: "given up by somebody else", sql: []string{
				`update return_unclaimed set entered_by = 'officer:auditor.610305'`,
			},
			row: entryRow(`return_id from return_unclaimed`), text: "who was no maker of agency business",
		},
		{
			id: "suspense", also: []string{"I4", "I5"}, name: "in transit for another list", sql: []string{
				`update posting set batch_id = ` + directBatch + ` where kind = 'payment_handover'`,
			},
			row: entryRow(lumpBatch), text: "in transit; of what was handed over 0.00",
		},
		{
			id: "I40", name: "a return counted twice", sql: []string{
				`update payment_batch set returned = returned + 1 where id = ` + directBatch,
			},
			row: entryRow(directBatch), text: "counts 2 returns of 10.00; they are 1 of 10.00",
		},
		{
			id: "I27", also: []string{"I28"}, name: "a balance that another decision entered", sql: []string{
				`update opening_balance set decision_id = 5 where balance = 0`,
			},
			row:  `'610305/opening_balance ' || fund_account from opening_balance where balance = 0`,
			text: "rests on decision 5, which decides something else",
		},
		{
			id: "I27", name: "taken back for another paper", sql: []string{
				`update death_withdrawn set document = 'x'`,
			},
			row: `'610305/death_withdrawn 7102'`, text: "for x, and decision",
		},
		{
			id: "I6", name: "booked and never told", sql: []string{
				`insert into payment_return_booked values (610305, 5, '2011-03-25')`,
			},
			row: `'610305/5'`, text: "is booked and was never told",
		},
	}
}

func sentOtherwise() []corruption {
	return []corruption{
		{
			id: "I6", also: []string{"I5", "I27", "suspense"}, name: "another sum by hand", sql: []string{
				`update hand_payment set amount = amount + 1`,
			},
			row: entryRow(`id from hand_payment`), text: "is of 10.01, and payment ",
		},
		{
			id: "I18", also: []string{"I15"}, name: "a run says another number", sql: []string{
				`update pay_run set item_count = item_count + 1 where id = ` + waitingRun,
			},
			row: `'610305/run ' || ` + waitingRun, text: "says 12 payments of",
		},
		{
			id: "I18", also: []string{"I40", "pension-subsidies", "screens"}, name: "one fen more on a payment", sql: []string{
				`update payment_item set base_pension = base_pension + 1, amount = amount + 1 where seq = 1
					and batch_id = ` + waitingBatch,
			},
			row: entryRow(waitingBatch), text: "and says",
		},
		{
			id: "I18", name: "another payee's name", sql: []string{
				`update payment_item set name = '李四' where seq = 1 and batch_id = ` + directBatch,
			},
			row: entryRow(directBatch), text: "its payments no longer give the digest",
		},
		{
			id: "I18", name: "another region, which only the file carries", sql: []string{
				`update payment_item set region = region + 1 where seq = 1 and batch_id = ` + lumpBatch,
			},
			row: entryRow(lumpBatch), text: "its file, written again, has another digest",
		},
		{
			id: "I18", name: "a file of another length", sql: []string{
				`update payment_batch set file_size = file_size + 1 where id = ` + againBatch,
			},
			row: entryRow(againBatch), text: "bytes and not",
		},
		{
			id: "I18", also: []string{"I28", "I15"}, name: "a run with another digest", sql: []string{
				`update pay_run set digest = sha256('x') where kind = 'supplementary' and state = 'closed'`,
			},
			row:  `'610305/run ' || id from pay_run where kind = 'supplementary' and state = 'closed'`,
			text: "its batches no longer give the digest",
		},
		{
			id: "I18", name: "a roster of another day", sql: []string{
				`update roster set business_day = business_day + 1 where id = (select roster_id from pay_run where state = 'draft')`,
			},
			row: `'610305/run ' || id from pay_run where state = 'draft'`, text: "was made at another time than roster",
		},
		{
			id: "I19", name: "a file name of the other direction", sql: []string{
				`alter table payment_batch drop constraint payment_batch_area_bank_file_name_key`,
				`update payment_batch set file_name = (select min(file_name) from withholding_batch)
					where id = (select min(id) from payment_batch where state = 'withdrawn')`,
			},
			row:  entryRow(`(select min(id) from payment_batch where state = 'withdrawn')`),
			text: "has the file name of another batch",
		},
		{
			id: "I40", name: "a roster counts more held", sql: []string{
				`update roster set held = held + 1 where id = (select max(id) from roster)`,
			},
			row: entryRow(`(select max(id) from roster)`), text: "entitled and",
		},
		{
			id: "I20", name: "an account of nobody's", sql: []string{`update instrument set account_no = 'x' where id = 2009`},
			row:  entryRow(`min(id) from payment_item where member_id = 1009`),
			text: "goes to another account than instrument 2009",
		},
		{
			id: "I27", name: "taken back before it was approved", sql: []string{
				`update death_withdrawn set entered_at = entered_at - interval '1 second'`,
			},
			row: `'610305/death_withdrawn 7102'`, text: "was approved at",
		},
		{
			id: "I27", name: "given up by its maker alone", sql: []string{
				`update decision_request q set maker_person = a.person_id from approval a
					where q.kind = 'return' and a.decision_request = q.id`,
			},
			row: `'610305/return_unclaimed ' || return_id from return_unclaimed`, text: "which its maker approved",
		},
		{
			id: "screens", name: "hit at another payment", sql: []string{
				`update release_hit set member_id = 1002`,
			},
			row: `'610305/run ' || run_id from release_hit`, text: "which is not of it and this member",
		},
		{
			id: "screens", name: "held for what nobody said", sql: []string{
				`update roster_line set held = 'court' where held = 'amount_review' and roster_id = (select min(roster_id) from pay_run)`,
			},
			row: entryRow(`min(roster_id) from pay_run`), text: "holds member 1004 for court",
		},
	}
}

func decidedOtherwise() []corruption {
	return []corruption{
		{
			id: "I6", also: []string{"I5", "I28"}, name: "by hand before the payment", sql: []string{
				`update hand_payment set paid_on = '2011-03-01'`,
			},
			row: entryRow(`id from hand_payment`), text: "was made on 2011-03-01, before payment ",
		},
		{
			id: "I15", name: "frozen with other words", sql: []string{
				`update run_event set evidence = '' where to_state = 'frozen' and run_id = ` + waitingRun,
			},
			row: entryRow(waitingRun), text: `was moved to "frozen" on something that is not so`,
		},
		{
			id: "I15", name: "ended by nobody who may", sql: []string{
				`update batch_event set actor = 'job' where to_state = 'done' and batch_id = ` + againBatch,
			},
			row: entryRow(againBatch), text: `was moved to "done" on something that is not so`,
		},
		{
			id: "I15", name: "recalled by an auditor", sql: []string{
				`update batch_event set actor = 'officer:auditor.610305' where to_state = 'withdrawn'`,
			},
			row:  entryRow(`batch_id from batch_event where to_state = 'withdrawn'`),
			text: `was moved to "withdrawn" on something that is not so`,
		},
		{
			id: "I27", name: "a checker of another office", sql: []string{
				`update officer set organisation_id = (select organisation_id from officer where login = 'auditor.610305')
					where login = 'business-checker.610305'`,
			},
			row: `'610305/run ' || min(subject_id) from approval where subject = 'pay_run'`, text: "was decided in an office that may not",
		},
		{
			id: "I27", name: "asked for without the duty", sql: []string{
				`update hold_release set maker = 'finance-maker.610305', maker_person = 610305097 where hold_id = 7205`,
			},
			row:  `'610305/hold_release ' || id from hold_release where hold_id = 7205`,
			text: "names another maker than what it decides",
		},
		{
			id: "I28", name: "a hold of another reason", sql: []string{`update payment_hold set reason = 'court' where id = 7205`},
			row: entryRow(`id from hold_release where hold_id = 7205`), text: "no longer has the digest",
		},
		{
			id: "I28", name: "a change of another document", sql: []string{
				`update instrument_change set document = 'x' where state = 'submitted'`,
			},
			row: entryRow(`id from instrument_change where state = 'submitted'`), text: "no longer has the digest",
		},
		{
			id: "I28", name: "evidence that says something else", sql: []string{
				`update decision_request set word = 'not_executed' where kind = 'item'`,
			},
			row: entryRow(`id from decision_request where kind = 'item'`), text: "no longer has the digest",
		},
		{
			id: "I21", name: "evidence that nobody decided", sql: []string{
				`update receipt set name = 'evidence:1' where kind = 'payment_evidence'`,
			},
			also: []string{"I28"},
			row:  entryRow(`id from receipt where kind = 'payment_evidence'`), text: "is evidence by evidence:1",
		},
		{
			id: "I28", name: "a case that was not closed", sql: []string{`delete from exception_closed where closed_by like 'officer:business-maker%'`},
			row: entryRow(`id from decision_request where kind = 'case'`), text: "and had no effect",
		},
		{
			id: "I28", name: "opened another account than was approved", sql: []string{
				`update instrument_change set successor_id = 2005 where instrument_id = 2006`,
			},
			row: entryRow(`id from instrument_change where instrument_id = 2006`), text: "opened instrument 2005 with another account",
		},
		{
			id: "I28", name: "allocated more than was asked for", sql: []string{`update funding_request set amount = 7999`},
			row: `'610305/request ' || id from funding_request`, text: "asks for 79.99 and was allocated 80.00",
		},
		{
			id: "I28", also: []string{"I15"}, name: "sent without a release", sql: []string{
				`update payment_batch set state = 'sending' where id = ` + waitingBatch,
			},
			row: entryRow(waitingBatch), text: "is sending, and its run is approved",
		},
		{
			id: "I25", name: "a run that nobody asked for", sql: []string{
				`update idempotency set created_at = created_at + interval '1 hour'
					where created_at = (select requested_at from funding_request)`,
			},
			row: `'610305/fund_transfer ' || id from funding_request`, text: "when no answer was kept",
		},
	}
}

func answeredOtherwise() []corruption {
	return []corruption{
		{
			id: "I6", also: []string{"I5", "I27"}, name: "by hand by somebody else", sql: []string{
				`update hand_payment set entered_by = 'officer:business-maker.610305'`,
			},
			row: entryRow(`id from hand_payment`), text: "who was no maker of agency finance",
		},
		{
			id: "I16", name: "a return that did not wait", sql: []string{
				`update receipt set recorded = 1, pending = 0, amount = 1000
					where id = (select receipt_id from payment_return where bank_reference = 'N6')`,
			},
			row: entryRow(`receipt_id from payment_return where bank_reference = 'N6'`), text: "it has 2 (0, 0, 1, 1)",
		},
		{
			id: "I16", name: "a repetition of another credit", sql: []string{
				`update answer set bank_reference = 'N14' where disposition = 'repeated' and bank_reference = 'N15'`,
			},
			row:  entryRow(`id from answer where disposition = 'repeated' and bank_reference = 'N15'`),
			text: "repeats what is not recorded",
		},
		{
			id: "I21", name: "a request with bytes", sql: []string{
				`update receipt set size = 5 where id = (select max(id) from receipt where kind = 'payment_results')`,
			},
			row:  entryRow(`max(id) from receipt where kind = 'payment_results'`),
			text: "is a request and counts 5 bytes",
		},
		{
			id: "I21", name: "returns of a subject", sql: []string{
				`update receipt set subject = 5 where id = (select max(id) from receipt where kind = 'returns')`,
			},
			row: entryRow(`max(id) from receipt where kind = 'returns'`), text: "is of returns and names subject 5",
		},
		{
			id: "I22", name: "nobody is told of a possible double credit", sql: []string{
				`delete from exception_case where kind = 'possible_double_credit'`,
			},
			row: `'610305/' || kind || ' ' || subject from exception_case where kind = 'possible_double_credit'`, text: "is missing",
		},
		{
			id: "I25", name: "returns without their request", sql: []string{
				`delete from idempotency where key = (select substr(name, 9) from receipt where kind = 'returns' order by id limit 1)`,
			},
			row:  entryRow(`min(id) from receipt where kind = 'returns'`),
			text: "no kept answer of its fingerprint",
		},
		{
			id: "I22", name: "nobody is told of a silent bank", sql: []string{
				`delete from exception_case where kind = 'bank_silent' and subject like 'payment_batch:%'`,
			},
			row:  `'610305/' || kind || ' ' || subject from exception_case where kind = 'bank_silent' and subject like 'payment_batch:%'`,
			text: "is missing",
		},
		{
			id: "I25", name: "asked for twice by one request", sql: []string{
				`insert into funding_request select area, id + 1, scheme, month, account, amount, needed_by, document, requested_by,
					requested_at, business_day from funding_request`,
			},
			row: `'610305/fund_transfer ' || id from funding_request`, text: "is one of 2 that 1 answers made",
		},
		{
			id: "I27", also: []string{"I15"}, name: "released without the duty", sql: []string{
				`update duty_grant set revoked_at = '2010-01-01' where login = 'finance-releaser.610305'`,
			},
			row:  `'610305/pay_run ' || min(subject_id) from approval where login = 'finance-releaser.610305'`,
			text: "who was no releaser then",
		},
		{
			id: "I27", also: []string{"accounts"}, name: "drafted without the duty", sql: []string{
				`update duty_grant set revoked_at = '2010-01-01' where login = 'business-maker.610305'`,
			},
			row: `'610305/run ' || min(id) from pay_run`, text: "who was no maker then",
		},
		{
			id: "I40", name: "a roster of another month", sql: []string{
				`update roster set month = '2011-02-01' where id = (select max(id) from roster)`,
			},
			row: entryRow(`(select max(id) from roster)`), text: "is of rural and 2011-02-01, and lists member",
		},
		{
			id: "I9", also: []string{"breaks"}, name: "a line that nobody names", sql: []string{
				`delete from break_line where statement_line_id = (select id from statement_line where amount = 2000 and direction = 'debit')`,
			},
			row:  `'610305/' || fund_account || ' line ' || id from statement_line where amount = 2000 and direction = 'debit'`,
			text: "stands in 0 matches and 0 open breaks",
		},
	}
}

func paidTwice() []corruption {
	return []corruption{
		{
			id: "I27", also: []string{"I5", "I28"}, name: "by hand by another decision", sql: []string{
				`update hand_payment set decision_id = 5`,
			},
			row: `'610305/hand_payment ' || item_id from hand_payment`, text: "rests on decision 5, which decides something else",
		},
		{
			id: "I14", also: []string{"I40"}, name: "paid again before it failed", sql: []string{
				`update answer set id = id + 1000000 where disposition = 'recorded' and outcome = 'failed' and batch_id = ` + directBatch,
			},
			row:  entryRow(`replaces from payment_item where id = ` + paidAgain),
			text: "neither failed nor came back, and payment",
		},
		{
			id: "I14", also: []string{"I5", "I27", "suspense"}, name: "paid again after it was given up", sql: []string{
				`insert into return_unclaimed select area, id, 'x', 'officer:business-maker.610305', '2011-04-06', now(), 5
					from payment_return where bank_reference = 'N6'`,
			},
			row: entryRow(`item_id from payment_return where bank_reference = 'N6'`), text: "was given up, and payment",
		},
		{
			id: "I27", also: []string{"I15"}, name: "approved by nobody", sql: []string{
				`delete from approval where subject = 'pay_run' and subject_id = ` + waitingRun,
			},
			row: `'610305/run ' || ` + waitingRun, text: "is approved and no checker approved it",
		},
		{
			id: "I28", also: []string{"I15"}, name: "another digest was approved", sql: []string{
				`update approval set digest = sha256('x') where subject = 'pay_run' and duty = 'checker'
					and subject_id = (select id from pay_run where kind = 'reissue')`,
			},
			row:  `'610305/pay_run ' || id from pay_run where kind = 'reissue'`,
			text: "was decided with another digest than it has",
		},
		{
			id: "I27", also: []string{"I28"}, name: "taken back on another decision", sql: []string{
				`update death_withdrawn set decision_id = decision_id + 1`,
			},
			row: `'610305/death_withdrawn 7102'`, text: "which decides something else",
		},
		{
			id: "I27", also: []string{"I28", "I25"}, name: "given up and approved by nobody", sql: []string{
				`delete from approval where subject_id = (select id from decision_request where kind = 'return')`,
			},
			row: `'610305/return_unclaimed ' || return_id from return_unclaimed`, text: "which nobody approved",
		},
		{
			id: "I28", name: "a line of a list that was approved", sql: []string{
				`update personal_opening_asked set interest = interest + 1 where member_id = 1002`,
			},
			row: entryRow(`id from decision_request where kind = 'opening_accounts'`), text: "was asked for with other lines",
		},
		{
			id: "I28", name: "allocated for another request", sql: []string{
				`update fund_transfer set funding_request = 5 where funding_request is not null`,
			},
			row: entryRow(`id from fund_transfer where funding_request is not null`), text: "serves request 5, which does not exist",
		},
	}
}

// alonePayments turn the invariants that came with the money out red, each alone.
func alonePayments() []corruption {
	return []corruption{
		{
			id: "screens", also: []string{"lists"}, name: "paid after a death that was told", sql: []string{
				`insert into death_notice (area, member_id, died_on, source, document, entered_by, entered_at) values
					(610305, 1005, '2011-01-31', 'test', 'list', 'test', now() - interval '1 hour')`,
			},
			row:  entryRow(`max(id) from payment_item where member_id = 1005 and batch_id = ` + directBatch),
			text: "who died on 2011-01-31 as was told before the release",
		},
		{
			id: "screens", name: "paid while held", sql: []string{
				`insert into payment_hold (area, member_id, reason, from_month, opened_by, opened_at) values
					(610305, 1005, 'court', '2011-02-01', 'test', now() - interval '1 hour')`,
			},
			row: entryRow(`max(id) from payment_item where member_id = 1005 and batch_id = ` + directBatch), text: "who is held for court",
		},
		{
			id: "screens", name: "more than was decided", sql: []string{`update entitlement set amount = 900 where member_id = 1007`},
			row: entryRow(`min(roster_id) from roster_line where member_id = 1007`), text: "which nobody decided",
		},
		{
			id: "suspense", name: "a return reversed in the book alone", sql: []string{
				`insert into entry select area, 900000003, scheme, kind, 'found wrong', id, '2012-01-10', effective_on, line_count,
					text, actor, booked_at from entry where id = ` + returnEntry,
				`insert into posting select area, 900000003, line, scheme, kind, effective_on, '2012-01-10', side, role, nature, true,
					true, amount, fund_account, batch_id, cause_id, member_id, year from posting where entry_id = ` + returnEntry,
				`update entry set booked_at = (select max(booked_at) from entry) where id = 900000003`,
			},
			row: `'610305 rural'`, text: "what waits there by name is 233.00",
		},
		{
			id: "I17", name: "handed over later than the calendar allows", sql: []string{
				`update pay_run set handover_due = handover_due + 1 where kind = 'reissue'`,
			},
			row: `'610305/run ' || id from pay_run where kind = 'reissue'`, text: "hand-over 2011-04-21; calendar and rules give",
		},
		{
			id: "I9", name: "matched with nothing", sql: []string{
				`insert into reconciliation_match (area, fund_account, kind, rule, settled_on, statement_line_id, matched_at)
					select area, fund_account, 'one_to_one', 'reference', '2011-03-31', id, now() from statement_line
					where amount = 2000 and direction = 'debit'`,
			},
			row: `'610305/' || fund_account from reconciliation_run`, text: "are not matched; the book has",
		},
		{
			id: "I39", name: "an answer that refuses", sql: []string{
				`alter table idempotency drop constraint if exists idempotency_status_check`,
				`update idempotency set status = 409 where key = 'proof-key-00000001'`,
			},
			row: `'bank:psbc POST /v1/opening-balances proof-key-00000001'`, text: "keeps the answer 409",
		},
	}
}

func TestI9_BookAndBankAgree(t *testing.T)             { t.Parallel(); corrupted(t, "I9") }
func TestI17_PayDaysAreTheCalendars(t *testing.T)      { t.Parallel(); corrupted(t, "I17") }
func TestI39_RefusedRequestsLeaveNothing(t *testing.T) { t.Parallel(); corrupted(t, "I39") }
func TestNobodyIsPaidWhomAScreenHolds(t *testing.T)    { t.Parallel(); corrupted(t, "screens") }
func TestSuspenseWaitsByName(t *testing.T)             { t.Parallel(); corrupted(t, "suspense") }

// Every probe of the money out names what it was made to see, several of them in
// one world.
func TestWhatIsDoneToPaymentsIsNamed(t *testing.T) {
	t.Parallel()
	for n, list := range paymentCorruptions() {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			db, d := cloneWorld(t)
			rows := make([]string, len(list))
			for i, c := range list {
				rows[i] = c.named(t, d)
			}
			var want []string
			for i, c := range list {
				for _, sql := range c.sql {
					d.Exec(t, sql)
				}
				if rows[i] == "" {
					rows[i] = c.namedNow(t, d)
				}
				want = append(append(want, c.id), c.also...)
			}
			r := verify(t, db)
			slices.Sort(want)
			got := r.Breached()
			slices.Sort(got)
			if want = slices.Compact(want); !slices.Equal(got, want) {
				t.Errorf("breached %v, want %v", got, want)
			}
			for i, c := range list {
				f, _ := r.Find(c.id)
				if !slices.ContainsFunc(f.Breaches, func(b proof.Breach) bool {
					return b.Row == rows[i] && strings.Contains(b.Text, c.text)
				}) {
					t.Errorf("%s: no breach of %s names row %q with %q", c.name, c.id, rows[i], c.text)
				}
			}
			if t.Failed() {
				for _, f := range r.Findings {
					for _, b := range f.Breaches {
						t.Log(b)
					}
				}
			}
		})
	}
}

// A payment by hand is one row; edits at random fall on it alone.
func TestL9_RandomEditsOfPaymentsByHandAreDetected(t *testing.T) {
	t.Parallel()
	db, d := cloneWorld(t)
	tamper(t, db, newTamperer(t, d.OwnerURL, 1, []string{"hand_payment"}), 25)
}

package simbank

import (
	"fmt"
	"maps"
	"slices"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
)

// Behaviour is how the bank treats the batches that it takes from now on. The
// zero value is a good bank: it answers the same day, whole, once and right.
// Counts of lines are per batch; a count beyond the batch means all of it. How it
// answers is the same for debits and payments, with CrashAfterDebit between
// payment and answer, too.
type Behaviour struct {
	// Settlement is how the money reaches the fund account; empty is net.
	Settlement Settlement `json:"settlement,omitempty"`
	// Branches is over how many branches lumps are spread, 2 to 99; 0 is 3.
	Branches int `json:"branches,omitempty"`
	// LateDays is how many days after the debit the answer is sent.
	LateDays int `json:"late_days,omitempty"`
	// ArrivalLateDays is how many days after the credit its notice is sent.
	ArrivalLateDays int `json:"arrival_late_days,omitempty"`
	// PartialPercent of the lines are answered first, the rest a day later; 0 is all at once.
	PartialPercent int `json:"partial_percent,omitempty"`
	// OutOfOrder mixes the lines, and the pages of an answer.
	OutOfOrder bool `json:"out_of_order,omitempty"`
	// Repeat sends every answer a second time: "same" as it was, "renamed" under
	// another file name.
	Repeat string `json:"repeat,omitempty"`
	// NeverAnswer debits, credits, and says nothing.
	NeverAnswer bool `json:"never_answer,omitempty"`
	// OneFenOff lines name an amount that is one fen too high.
	OneFenOff int `json:"one_fen_off,omitempty"`
	// UnknownCode lines fail with a code that is in no table.
	UnknownCode int `json:"unknown_code,omitempty"`
	// PendingFirst lines are answered as processing, and a day later as they are.
	// In files that have no such word, such as those of rural cooperatives, they are
	// left out.
	PendingFirst int `json:"pending_first,omitempty"`
	// Contradict lines are answered a second time with the opposite outcome.
	Contradict int `json:"contradict,omitempty"`
	// DuplicateLines stand in the answer twice; the totals count them twice.
	DuplicateLines int `json:"duplicate_lines,omitempty"`
	// CutFile sends half of the bytes under the totals of the whole.
	CutFile bool `json:"cut_file,omitempty"`
	// WrongTotals declares one line and one fen too many.
	WrongTotals bool `json:"wrong_totals,omitempty"`
	// CorrectAfterDays is how many days after a damaged answer (one fen off,
	// unknown code, duplicate lines, cut, wrong totals) the right one follows; 0 is never.
	CorrectAfterDays int `json:"correct_after_days,omitempty"`
	// Arrivals is what becomes of the notice of arrival: "drop" it or send it "twice".
	Arrivals string `json:"arrivals,omitempty"`
	// CrashAfterDebit makes Step end with ErrCrashed once a batch is debited and
	// not yet answered; only a bank that loads the saved state goes on.
	CrashAfterDebit bool `json:"crash_after_debit,omitempty"`
	// Reject is how many of a thousand items fail for a reason that the ledger
	// does not give; the keys are those of Reasons.
	Reject map[string]int `json:"reject,omitempty"`
	// RefuseWhole does nothing of a batch and refuses it in one line, where the
	// format has such a line; elsewhere every item fails for a technical reason.
	RefuseWhole bool `json:"refuse_whole,omitempty"`
	// RejectOpenings is how many of a thousand account openings fail.
	RejectOpenings int `json:"reject_openings,omitempty"`
	// Payout is how the bank pays.
	Payout PayoutBehaviour `json:"payout,omitzero"`
}

// PayoutBehaviour is how the bank treats disbursement batches. The zero value
// pays on the pay day, settles as the batch says, and returns only what went to
// a dormant account.
type PayoutBehaviour struct {
	// Settlement is how the money leaves the expenditure account: net, gross or
	// itemised; empty is as the batch says. It is fixed when a batch is taken.
	Settlement Settlement `json:"settlement,omitempty"`
	// AtOnce pays when a batch is acknowledged and not on its pay day.
	AtOnce bool `json:"at_once,omitempty"`
	// LateDays is how many days later than that the bank pays.
	LateDays int `json:"late_days,omitempty"`
	// Reject is how many of a thousand payments fail for a reason that the ledger
	// does not give; the keys are those of PayoutReasons.
	Reject map[string]int `json:"reject,omitempty"`
	// Returns is how many of a thousand payments are answered as succeeded and
	// come back later.
	Returns int `json:"returns,omitempty"`
	// ReturnAfterDays is when the first of them come back, counted from the day
	// they were paid; 0 is 3.
	ReturnAfterDays int `json:"return_after_days,omitempty"`
	// ReturnWithinDays is when the last of them have come back; 0 is ReturnAfterDays.
	ReturnWithinDays int `json:"return_within_days,omitempty"`
	// NoReturnsAfter is the last day that anything comes back: what is still under
	// way reaches the payee. The zero day is no last day.
	NoReturnsAfter calendar.Day `json:"no_returns_after,omitzero"`
	// ReturnNotices is what becomes of the notice of returns: "drop" it, so that
	// only the statement shows them, or send it "twice".
	ReturnNotices string `json:"return_notices,omitempty"`
}

// returnDays is the first and the last day after the payment that something comes back.
func (p PayoutBehaviour) returnDays() (first, last int) {
	first = p.ReturnAfterDays
	if first == 0 {
		first = 3
	}
	return first, max(first, p.ReturnWithinDays)
}

// Settlement is how the money of a batch reaches the fund account.
type Settlement string

// The settlements.
const (
	// Net credits one lump of the successes.
	Net Settlement = "net"
	// Gross credits one lump of the whole batch and debits the failures back.
	Gross Settlement = "gross"
	// Itemised credits every success by itself.
	Itemised Settlement = "itemised"
	// ByBranch credits a lump for each branch.
	ByBranch Settlement = "branches"
)

const (
	repeatSame    = "same"
	repeatRenamed = "renamed"
	noticesDrop   = "drop"
	noticesTwice  = "twice"
)

// Reason is why an item was not debited, not paid, or came back; empty is that
// all is well.
type Reason string

// The reasons.
const (
	Short       Reason = "short"
	AccountShut Reason = "closed"
	AccountHeld Reason = "frozen"
	WrongName   Reason = "name"
	NoMandate   Reason = "mandate"
	NotFound    Reason = "no_account"
	Technical   Reason = "technical"
	Inactive    Reason = "not_activated"
	Asleep      Reason = "dormant"
	OverLimit   Reason = "limit"
	WrongKind   Reason = "type"
	Other       Reason = "other"
)

// Reasons lists every reason of a failed debit in a fixed order.
func Reasons() []Reason {
	return []Reason{Short, AccountShut, AccountHeld, WrongName, NoMandate, NotFound, Technical, Inactive, Asleep}
}

// PayoutReasons lists every reason of a failed payment in a fixed order.
func PayoutReasons() []Reason {
	return []Reason{NotFound, WrongName, OverLimit, Technical, WrongKind, Other, AccountShut, AccountHeld}
}

// payoutWords returns the code and the text of a failed or returned payment: those
// of CNAPS2 where it has one (RJ01 to RJ90), else of the ISO 20022 external set.
func (r Reason) payoutWords() (code, text string) {
	switch r {
	case NotFound:
		return "RJ01", "账号不存在"
	case WrongName:
		return "RJ02", "户名不符"
	case OverLimit:
		return "RJ04", "超过账户限额"
	case Technical:
		return "RJ05", "业务检查未通过"
	case WrongKind:
		return "RJ08", "账户类型不符"
	case Other:
		return "RJ90", "其他"
	case Short, AccountShut, AccountHeld, NoMandate, Inactive, Asleep:
		return r.words()
	}
	return "", ""
}

// words returns the code of the ISO 20022 external set and the text of an answer.
func (r Reason) words() (code, text string) {
	switch r {
	case Short:
		return "AM04", "余额不足"
	case AccountShut:
		return "AC04", "账户已销户"
	case AccountHeld:
		return "AC06", "账户冻结"
	case WrongName:
		return "BE01", "户名不符"
	case NoMandate:
		return "MD01", "无此协议"
	case NotFound:
		return "AC01", "账号不存在"
	case Technical:
		return "AB01", "系统超时"
	case Inactive:
		return "AG01", "账户未激活"
	case Asleep:
		return "AG01", "长期不动户"
	case OverLimit, WrongKind, Other:
		return r.payoutWords()
	}
	return "", ""
}

// class is what the reason means to whoever reads it in a bank's own codes.
func (r Reason) class() bank.Class {
	switch r {
	case Short:
		return bank.ClassRetryFunds
	case AccountHeld:
		return bank.ClassBlocked
	case NoMandate:
		return bank.ClassFixMandate
	case Technical:
		return bank.ClassRetryTechnical
	case AccountShut, WrongName, NotFound, Inactive, Asleep, OverLimit, WrongKind:
		return bank.ClassFixAccount
	case Other:
	}
	return bank.ClassUnknown
}

// unknownCode and its text are in no bank's table.
const (
	unknownCode = "ZZ99"
	unknownText = "其他"
)

// Validate says which knob is out of its range.
func (b Behaviour) Validate() error {
	numbers := []struct {
		name       string
		value, max int
	}{
		{"branches", b.Branches, 99},
		{"late_days", b.LateDays, 365},
		{"arrival_late_days", b.ArrivalLateDays, 365},
		{"partial_percent", b.PartialPercent, 99},
		{"one_fen_off", b.OneFenOff, maxLines},
		{"unknown_code", b.UnknownCode, maxLines},
		{"pending_first", b.PendingFirst, maxLines},
		{"contradict", b.Contradict, maxLines},
		{"duplicate_lines", b.DuplicateLines, maxLines},
		{"correct_after_days", b.CorrectAfterDays, 365},
		{"reject_openings", b.RejectOpenings, 1000},
		{"payout.late_days", b.Payout.LateDays, 365},
		{"payout.returns", b.Payout.Returns, 1000},
		{"payout.return_after_days", b.Payout.ReturnAfterDays, 365},
		{"payout.return_within_days", b.Payout.ReturnWithinDays, 365},
	}
	for _, n := range numbers {
		if n.value < 0 || n.value > n.max {
			return fmt.Errorf("%s is a number from 0 to %d", n.name, n.max)
		}
	}
	words := []struct {
		name, value string
		allowed     []string
	}{
		{
			"settlement", string(b.Settlement),
			[]string{"", string(Net), string(Gross), string(Itemised), string(ByBranch)},
		},
		{"repeat", b.Repeat, []string{"", repeatSame, repeatRenamed}},
		{"arrivals", b.Arrivals, []string{"", noticesDrop, noticesTwice}},
		{
			"payout.settlement", string(b.Payout.Settlement),
			[]string{"", string(Net), string(Gross), string(Itemised)},
		},
		{"payout.return_notices", b.Payout.ReturnNotices, []string{"", noticesDrop, noticesTwice}},
	}
	for _, w := range words {
		if !slices.Contains(w.allowed, w.value) {
			return fmt.Errorf("%s is one of %q", w.name, w.allowed)
		}
	}
	if err := checkRates("reject", b.Reject, Reasons()); err != nil {
		return err
	}
	return checkRates("payout.reject", b.Payout.Reject, PayoutReasons())
}

// checkRates says which reason is not known, or which rate beyond a thousand.
func checkRates(name string, rates map[string]int, known []Reason) error {
	for _, r := range slices.Sorted(maps.Keys(rates)) {
		if !slices.Contains(known, Reason(r)) {
			return fmt.Errorf("%s knows the reasons %q", name, known)
		}
		if p := rates[r]; p < 0 || p > 1000 {
			return fmt.Errorf("%s.%s is a number from 0 to 1000", name, r)
		}
	}
	return nil
}

// maxLines is the largest batch that the bank takes; it bounds what is held of one.
const maxLines = 1_000_000

func (b Behaviour) branches() int {
	if b.Branches < 2 {
		return 3
	}
	return b.Branches
}

func (b Behaviour) clone() Behaviour {
	b.Reject, b.Payout.Reject = maps.Clone(b.Reject), maps.Clone(b.Payout.Reject)
	return b
}

// damages says that the first answer is not the right one.
func (b Behaviour) damages() bool {
	return b.OneFenOff > 0 || b.UnknownCode > 0 || b.DuplicateLines > 0 || b.CutFile || b.WrongTotals
}

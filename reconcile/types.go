package reconcile

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/reconcile/match"
)

// The refusals.
var (
	ErrAccountUnknown = fault.New(fault.NotFound, "fund_account_not_found", "no such fund account")
	ErrNotCovered     = fault.New(fault.NotFound, "statement_not_covered",
		"no statement of the account covers this day")
	ErrReceiptKind = fault.New(fault.Invalid, "statement_receipt",
		"the receipt is not of a statement with its account and day")
	ErrUnreadable = fault.New(fault.Unprocessable, "statement_unreadable",
		"the file cannot be read as a statement")
)

// LinesTakenIn is the job that follows a statement with lines: whoever waits for money
// on the account can read them.
type LinesTakenIn struct {
	Area      party.Area `json:"area"`
	Statement int64      `json:"statement" river:"unique"`
}

// Kind names the job.
func (LinesTakenIn) Kind() string { return "reconcile_lines_taken_in" }

// MatchDue is the job that matches an account up to its last statement.
type MatchDue struct {
	Area        party.Area `json:"area"`
	FundAccount int64      `json:"fund_account" river:"unique"`
}

// Kind names the job.
func (MatchDue) Kind() string { return "reconcile_match_due" }

// Account names one fund account.
type Account struct {
	Area party.Area
	ID   int64
}

// Mark is how far an account was matched. Zero is not at all.
type Mark struct {
	// Day is the last day of the last run.
	Day calendar.Day
	// Floor is the day through which the book was sealed by then: lines accounted
	// on or before it were all seen.
	Floor calendar.Day
}

// Scope selects the lines of an account that are not matched yet.
type Scope struct {
	Account

	// Day is the last day whose lines count.
	Day calendar.Day
	// Since is the last run: what it left open, and what came later, is read.
	Since Mark
	// Fresh leaves out what the last run left open: the lines of the days after
	// Since.Day alone are read.
	Fresh bool
	// Sparse lets lines of the book come Unread.
	Sparse bool
	// Asked are the bank's references that lines from before the scope ask for.
	Asked []string
}

// Count is how many lines one rule matched on one day.
type Count struct {
	Settled        calendar.Day
	Rule           match.Rule
	Matches        int
	StatementLines int
	BookLines      int
}

// Run is what one run did.
type Run struct {
	Account

	// Day is the last day that was matched.
	Day calendar.Day
	// Matches, Opened and Closed count what is new since the run before.
	Matches, Opened, Closed int
}

// Digest names a break by its reason and lines.
type Digest [sha256.Size]byte

// DigestOf returns the name of a break.
func DigestOf(b match.Break) Digest {
	h := sha256.New()
	h.Write([]byte(b.Reason))
	ids := slices.Clone(b.Statement)
	slices.Sort(ids)
	var buf []byte
	for _, id := range ids {
		buf = binary.BigEndian.AppendUint64(append(buf, 's'), uint64(id)) //nolint:gosec // an id as bytes
	}
	keys := slices.Clone(b.Book)
	slices.SortFunc(keys, match.Key.Compare)
	for _, k := range keys {
		buf = binary.BigEndian.AppendUint64(append(buf, 'b'), uint64(k.Entry)) //nolint:gosec // an id as bytes
		buf = binary.BigEndian.AppendUint32(buf, uint32(k.Line))               //nolint:gosec // a line as bytes
	}
	h.Write(buf)
	return Digest(h.Sum(nil))
}

// OpenBreak is a break that is about to be opened.
type OpenBreak struct {
	match.Break

	Digest Digest
	On     calendar.Day
}

// Alarm is a break that a person must look at, at once.
type Alarm struct {
	Kind    string
	Subject string
	Text    string
}

// AlarmOf returns what a new break alarms about: money that left the account and
// that nobody we know instructed, or that left a second time for one item. Both
// may be fraud or a bank's mistake, and the sooner the bank is asked the better.
func AlarmOf(b match.Break) (Alarm, bool) {
	if b.Direction != bank.Debit || len(b.Statement) == 0 {
		return Alarm{}, false
	}
	subject := fmt.Sprintf("statement_line:%d", b.Statement[0])
	switch b.Reason {
	case match.AbsentInBook:
		if b.Instructed {
			return Alarm{}, false
		}
		return Alarm{
			Kind: "possible_fraud", Subject: subject,
			Text: fmt.Sprintf("possible fraud: the bank debited %s on %s and no instruction of ours explains it",
				b.Amount, b.Day),
		}, true
	case match.DuplicateBankLine:
		return Alarm{
			Kind: "duplicate_bank_debit", Subject: subject,
			Text: fmt.Sprintf("the bank debited %s on %s for an item that it had debited before", b.Amount, b.Day),
		}, true
	case match.AbsentInBank, match.AmountDiffers, match.Ambiguous, match.Waiting, match.BankCharge, match.BankInterest:
		return Alarm{}, false
	}
	return Alarm{}, false
}

// Break is a disagreement as it stands.
type Break struct {
	ID          int64
	FundAccount int64
	Class       match.Class
	Reason      match.Reason
	// Detail is what more was known when it was opened, or "".
	Detail    Detail
	Direction bank.Direction
	Amount    money.Amount
	// Day is the earliest day of its lines.
	Day      calendar.Day
	OpenedOn calendar.Day
	OpenedAt time.Time
	// ClosedOn is no date while it is open; How says what closed it.
	ClosedOn calendar.Day
	How      string
	// Statement and Book name its lines, at most MaxBreakLines of each.
	Statement []int64
	Book      []match.Key
	// StatementLines and BookLines count them all.
	StatementLines, BookLines int
}

// Detail is what is known of a break beyond its reason.
type Detail string

// The details.
const (
	// ResultWithoutMoney is an item that its bank says succeeded and its statement does
	// not show; LateResult one whose money moved in an earlier month than it was booked.
	ResultWithoutMoney Detail = "result_without_money"
	LateResult         Detail = "late_result"
	// ArrivalWithoutResult is money for a batch of ours, or an item of it, of which the
	// bank did not say what became of it; DebitWithoutResult the same for money out.
	ArrivalWithoutResult Detail = "arrival_without_result"
	DebitWithoutResult   Detail = "debit_without_result"
	// ReturnedPayment is a credit that looks like one of our payments coming back.
	ReturnedPayment Detail = "returned_payment"
	// UnknownDebit is money that left and that nobody we know instructed.
	UnknownDebit Detail = "unknown_debit"
)

// Details lists them all.
func Details() []Detail {
	return []Detail{
		ResultWithoutMoney, LateResult, ArrivalWithoutResult, DebitWithoutResult, ReturnedPayment, UnknownDebit,
	}
}

// MaxBreakLines bounds the lines that a listed break names.
const MaxBreakLines = 100

// BreakFilter selects breaks.
type BreakFilter struct {
	Area party.Area
	// FundAccount, Reason and Through narrow the list; zero is all.
	FundAccount int64
	Reason      match.Reason
	Through     calendar.Day
	// Closed asks for the closed ones instead of the open ones.
	Closed bool
	// After is the id after which the list goes on.
	After int64
	Limit int
}

// Side is one side's balances and what only it has.
type Side struct {
	Opening, Closing money.Amount
	// Credits and Debits sum the lines that the other side lacks; Lines counts them.
	Credits, Debits money.Amount
	Lines           int
	// Adjusted is the closing balance with what only the other side has.
	Adjusted money.Amount
}

// Report is how one account stands at the end of one day.
type Report struct {
	Account

	Day calendar.Day
	// MatchedThrough is the day of the last run; before Day the lines since then
	// are counted as outstanding.
	MatchedThrough calendar.Day
	Bank, Book     Side
	// Tolerated is what the bank's lines of matches up to the day hold beyond the
	// book's, within the account's tolerance. It is a line of its own on the book's side.
	Tolerated money.Amount
	Matched   []Count
	// Breaks are the open ones of lines up to the day, at most MaxReportBreaks;
	// BreakCount counts them all.
	Breaks     []Break
	BreakCount int
	// Agrees says that the adjusted balances are equal: every fen of difference
	// is named.
	Agrees bool
	// Clean says that nothing is outstanding either.
	Clean bool
}

// MaxReportBreaks bounds the breaks that a report lists.
const MaxReportBreaks = 200

// BatchCredit is money that a statement says arrived for a batch.
type BatchCredit struct {
	Line        int64
	FundAccount int64
	Bank        string
	Batch       int64
	Amount      money.Amount
	// GivenBack marks a reversal debit: a bank that settles gross takes failures back.
	GivenBack     bool
	BankReference string
	ValueDate     calendar.Day
}

package intake

import (
	"context"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// The refusals of a file. The sentence names the statement, the line and the
// difference; none repeats a name or a text of the bank.
var (
	ErrKind = fault.New(fault.Unprocessable, "statement_kind",
		"the file is no statement: notices and reports of the day are not the book of record")
	ErrProblem    = fault.New(fault.Unprocessable, "statement_contradicts", "the file contradicts itself")
	ErrUnfinished = fault.New(fault.Unprocessable, "statement_unfinished", "the file was not read to its end")
	ErrAccount    = fault.New(fault.Unprocessable, "statement_account", "the statement is of another account")
	ErrCurrency   = fault.New(fault.Unprocessable, "statement_currency", "the statement is not in yuan (CNY)")
	ErrPage       = fault.New(fault.Unprocessable, "statement_page", "a page of the statement is missing")
	ErrAmount     = fault.New(fault.Unprocessable, "statement_amount",
		"an amount is negative, too large or has more than two decimals")
	ErrEntry      = fault.New(fault.Unprocessable, "statement_entry", "an entry lacks its direction or its date")
	ErrBalance    = fault.New(fault.Unprocessable, "statement_balance", "the opening or closing balance is missing")
	ErrArithmetic = fault.New(fault.Unprocessable, "statement_arithmetic", "the statement does not add up")
	ErrOpening    = fault.New(fault.Unprocessable, "statement_opening",
		"the opening balance is not the closing balance before it")
	ErrDays    = fault.New(fault.Unprocessable, "statement_days", "the days of the statement contradict its entries")
	ErrGap     = fault.New(fault.Unprocessable, "statement_gap", "days are missing before the statement")
	ErrEarly   = fault.New(fault.Unprocessable, "statement_early", "the statement begins before the account's books do")
	ErrFuture  = fault.New(fault.Unprocessable, "statement_future", "the statement covers days that are not over")
	ErrOverlap = fault.New(fault.Unprocessable, "statement_overlap",
		"the statement differs from what was taken in before for the same days")
)

// Account is the fund account that a file was sent for.
type Account struct {
	Area   party.Area
	ID     int64
	Bank   string
	Number party.AccountNo
	// OpenedOn is the first day that the bank can have booked anything.
	OpenedOn calendar.Day
}

// Known is how far the account's statements were taken in.
type Known struct {
	// Through is the last day covered; before the first statement it is the day
	// of the go-live balance, or the day before the account was opened.
	Through calendar.Day
	// Closing is the bank's balance after Through.
	Closing money.Amount
	// Number is the bank's number of the last statement, or "".
	Number string
	// BooksFrom is the first day that a statement may cover.
	BooksFrom calendar.Day
}

// Line is one booked entry of a statement, as kept.
type Line struct {
	// Statement counts the statements of the file from 0, Number its lines from 1.
	Statement int
	Number    int
	// Direction is the real one: a reversed credit is a debit.
	Direction     bank.Direction
	Amount        money.Amount
	BookingDate   calendar.Day
	ValueDate     calendar.Day
	BankReference string
	// Ordinal counts lines that are equal in day, reference, direction and amount.
	Ordinal int
	// EndToEndID is the entry's own, or that of its only transaction.
	EndToEndID          string
	BatchRef            string
	Reversal            bool
	Counterparty        party.Name
	CounterpartyAccount party.AccountNo
	Text                string
}

// Signed returns what the line does to the balance.
func (l Line) Signed() money.Amount {
	if l.Direction == bank.Debit {
		return -l.Amount
	}
	return l.Amount
}

// Statement is what a file adds to an account: days that were not covered before.
type Statement struct {
	// Index counts the statements of the file from 0.
	Index   int
	From    calendar.Day
	To      calendar.Day
	Number  string
	Opening money.Amount
	Closing money.Amount
	// Lines counts the lines of the new days.
	Lines int
}

// Verdict is what a file that passed the gate holds.
type Verdict struct {
	// Statements are in order of their days; empty where nothing was new.
	Statements []Statement
	// Fresh, Repeated and Ignored count the entries: new ones, ones taken in
	// before, and ones that move no balance.
	Fresh, Repeated, Ignored int
	// Credits and Debits are the sums of the new lines.
	Credits, Debits money.Amount
}

// PastLine is a line that was taken in before.
type PastLine struct {
	Line

	ID int64
}

// Past is what was taken in before. Its methods are called while the file is read.
type Past interface {
	// DayLines returns the lines booked on one day.
	DayLines(ctx context.Context, day calendar.Day) ([]PastLine, error)
	// BalanceAfter returns the bank's balance after a day that is covered.
	BalanceAfter(ctx context.Context, day calendar.Day) (money.Amount, error)
}

// Calendar tells working days from days off; *calendar.WorkingDays is one.
type Calendar interface {
	IsWorkingDay(d calendar.Day) (bool, error)
}

package ledger

import (
	"crypto/sha256"
	"fmt"

	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// The refusals of a month close.
var (
	ErrNotSealed = fault.New(fault.Conflict, "period_not_sealed",
		"every day of the month must be sealed before the month is closed")
	ErrIncomeNotSwept = fault.New(fault.Conflict, "income_not_swept",
		"the income account must be swept to zero before its month is closed")
	ErrPeriodClosed = fault.New(fault.Conflict, "period_closed", "this month of the account is closed")
)

// ClosedPeriod is the close of one fund account's month.
type ClosedPeriod struct {
	Area     party.Area
	Account  int64
	Month    calendar.Month
	Closing  money.Amount
	Digest   [sha256.Size]byte
	ClosedBy string
}

// Days is how many days of the month an account that was opened on a day has.
func Days(month calendar.Month, opened calendar.Day) int {
	first := month.First()
	if opened.After(first) {
		first = opened
	}
	return max(0, first.DaysUntil(month.Last())+1)
}

// ClosePeriod decides whether the book lets a month be closed, from its sealed
// balances in order of their days, and how: the digest covers each of them.
// booksFrom is the first day of the book that has the account; mustBeZero is the
// area's rule for the income account. The proof against the bank decides the rest.
func ClosePeriod(
	account FundAccount, month calendar.Month, booksFrom calendar.Day, sealed []SealedBalance, mustBeZero bool,
) (ClosedPeriod, error) {
	days := Days(month, booksFrom)
	if days == 0 || len(sealed) != days || sealed[days-1].Day != month.Last() {
		return ClosedPeriod{}, ErrNotSealed.With("%d of %d days of %s are sealed", len(sealed), days, month)
	}
	closing := sealed[days-1].Closing
	if account.Role == Income && mustBeZero && closing != 0 {
		return ClosedPeriod{}, ErrIncomeNotSwept.With("the income account holds %s at the end of %s", closing, month)
	}
	h := sha256.New()
	h.Write(fmt.Appendf(nil, "twoline period 1 %d %d %s\n", int32(account.Area), account.ID, month))
	for _, s := range sealed {
		h.Write(fmt.Appendf(nil, "%s %d %d %d %d %d\n", s.Day, s.Opening.Fen(), s.Debit.Fen(), s.Credit.Fen(),
			s.Closing.Fen(), s.Lines))
	}
	return ClosedPeriod{
		Area: account.Area, Account: account.ID, Month: month, Closing: closing,
		Digest: [sha256.Size]byte(h.Sum(nil)), ClosedBy: "",
	}, nil
}

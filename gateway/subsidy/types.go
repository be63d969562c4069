package subsidy

import (
	"twoline/gateway/award"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// The refusals.
var (
	ErrMonth = fault.New(fault.Invalid, "pension_subsidy_invalid",
		"this cannot be named or asked for of government's money for base pensions")
	ErrMoney = fault.New(fault.Unprocessable, "pension_subsidy_transfer",
		"the transfer is no booked subsidy for base pensions, or not of the scheme")
	ErrOver = fault.New(fault.Conflict, "pension_subsidy_over", "the transfer has not so much money left to be named")
	// ErrUnknown is an arrival that is not there, ErrGone one that was taken back.
	ErrUnknown = fault.New(fault.NotFound, "pension_subsidy_not_found", "there is no such arrival")
	ErrGone    = fault.New(fault.Conflict, "pension_subsidy_withdrawn", "the arrival was taken back already")
)

// Part is an amount of a transfer that is of a level, for a month.
type Part struct {
	Month  calendar.Month
	Level  policy.Level
	Amount money.Amount
}

// Transfer is a booked subsidy for base pensions. Named is what of it is named for months.
type Transfer struct {
	ID            int64
	Scheme        ledger.Scheme
	Amount, Named money.Amount
	ArrivedOn     calendar.Day
	Document      string
}

// Arrival is a part of a transfer as it was named.
type Arrival struct {
	Part

	ID, Transfer int64
	Scheme       ledger.Scheme
	ArrivedOn    calendar.Day
	NamedBy      string
	// Person named it, and does not take it back.
	Person int64
	// Withdrawn names the paper by which it was taken back, or nothing.
	Withdrawn string
	// DaysLate are days after the month's hand-over, Late what lateness costs by months.
	DaysLate int
	Late     policy.Late
}

// Named is a transfer with its arrivals that stand.
type Named struct {
	Transfer

	Arrivals []Arrival
}

// Basis is what the receivable of a month rests on.
type Basis string

// The bases.
const (
	// FromRuns is what the month's frozen runs pay.
	FromRuns Basis = "runs"
	// Estimated is what the last approved regular run paid, with what supplementary runs of
	// the month pay: its own regular run is not frozen yet.
	Estimated Basis = "estimate"
	// NoBasis is no run at all.
	NoBasis Basis = "none"
)

// Month is what the levels owe to a month of a scheme, and what is there.
type Month struct {
	Area   party.Area
	Scheme ledger.Scheme
	Month  calendar.Month
	Basis  Basis
	// EstimatedFrom is the month whose run an estimate takes.
	EstimatedFrom calendar.Month
	// WarnOn is when missing money is asked for, DueOn the hand-over, by when it has to be
	// there, PayDay when pensions are to be in place.
	WarnOn, DueOn, PayDay calendar.Day
	Levels                []Share
	// Unnamed are transfers with money that is named for no month.
	Unnamed []Transfer
}

// Share is one level of government in a month. Receivable + Ahead = Brought + Arrived +
// Missing, and one of Ahead and Missing is zero.
type Share struct {
	Level      policy.Level
	Receivable money.Amount
	// Brought is what of earlier months was ahead.
	Brought, Arrived money.Amount
	Missing, Ahead   money.Amount
	// DaysLate are the days since the hand-over, while money is missing.
	DaysLate int
	Arrivals []Arrival
}

// Paid counts base pensions that a month's batches pay.
type Paid struct {
	// In is the month in which they are paid, Regular says that its regular run pays them.
	In      calendar.Month
	Regular bool
	award.BaseCount
}

func sum(list []Share, of func(Share) money.Amount) money.Amount {
	var total money.Amount
	for _, s := range list {
		total += of(s)
	}
	return total
}

// Receivable is what all levels owe together.
func (m Month) Receivable() money.Amount {
	return sum(m.Levels, func(s Share) money.Amount { return s.Receivable })
}

// Arrived is what arrived for the month.
func (m Month) Arrived() money.Amount {
	return sum(m.Levels, func(s Share) money.Amount { return s.Arrived })
}

// Missing is what is missing of all levels: what one has ahead does not serve another.
func (m Month) Missing() money.Amount {
	return sum(m.Levels, func(s Share) money.Amount { return s.Missing })
}

package policy

import (
	"math/big"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// Late is what money owes that came after the month in which it was due.
type Late struct {
	// Months are those by which it came late.
	Months int
	// Interest is in fen, rounded half up: of each month a twelfth of its year's rate, the
	// provisional one until the final one is known. Known is false, and Interest 0, where a
	// year's rate is not known yet.
	Interest money.Amount
	Known    bool
}

// Late reckons what an amount owes that was due on a day and came on another: interest of
// the personal accounts for each month after that in which it was due, which the local
// government makes up.
func (r *Rules) Late(amount money.Amount, due, arrived calendar.Day) Late {
	late := Late{Months: max(0, due.Month().MonthsUntil(arrived.Month())), Interest: 0, Known: true}
	sum := new(big.Rat)
	for n := 1; n <= late.Months; n++ {
		day := due.Month().Add(n).Last()
		row, err := r.Row(InterestRate, day)
		if err != nil || row.From.Year() != day.Year() {
			row, err = r.Row(InterestRateProvisional, day)
		}
		if err != nil || row.From.Year() != day.Year() {
			late.Known = false
			return late
		}
		sum.Add(sum, big.NewRat(int64(row.Value.Rate()), int64(Whole)*12))
	}
	sum.Mul(sum, new(big.Rat).SetInt64(amount.Fen()))
	sum.Add(sum, big.NewRat(1, 2))
	late.Interest = money.Amount(new(big.Int).Quo(sum.Num(), sum.Denom()).Int64())
	return late
}

package entitlement

import (
	"slices"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/policy"
)

// Move is what a movement does to an account.
type Move int

// The moves, in the order in which those of one month are taken.
const (
	// Entered is what an account held at the end of the month, as it was taken over from
	// elsewhere: it is no money of the current year.
	Entered Move = iota
	// Paid is money that was posted in the month.
	Paid
	// Refunded is money that left again without ever being a pension, what came this
	// year first.
	Refunded
	// Drawn was paid from the account, and Undrawn came back of that.
	Drawn
	Undrawn
)

// Movement is a sum that moved an account in a month of a year.
type Movement struct {
	// Month is 1 to 12, or 0 for what was Entered at the end of the year before.
	Month  int
	Move   Move
	Amount money.Amount
}

// YearTerms are the rules of one whole year's interest, read once for many accounts.
// They never change, and any number of goroutines may ask them.
type YearTerms struct {
	year        int
	provisional bool
	method      policy.Method
	// Rate is the row of the year's rate, Rounding that of how interest is rounded;
	// Demand is nil where current money earns the year's rate.
	Rate, Demand, Rounding *policy.Row

	rate, demand policy.Rate
	rounding     policy.Rounding
	drawnEarns   [monthsOfYear + 1]bool
}

// Year reads the rules of a year that is over, at its final or at its provisional
// rate: policy.ErrNoRule where the rate asked for, or another rule, is not known.
func (t *Terms) Year(year int, provisional bool) (YearTerms, error) {
	y := YearTerms{year: year, provisional: provisional} //nolint:exhaustruct // read below
	first, err := calendar.Date(year, 1, 1)
	if err != nil || year > lastYear {
		return y, ErrMember.With("nothing is told of the year %d", year).On("year")
	}
	last := first.AddMonths(monthsOfYear).AddDays(-1)
	rates := &t.final
	if provisional {
		rates = &t.provisional
	}
	rate, err := rates.of(year)
	if err != nil {
		return y, err
	}
	method, err := t.method.at(last)
	if err != nil {
		return y, err
	}
	rounding, err := t.interestRounding.at(last)
	if err != nil {
		return y, err
	}
	y.Rate, y.rate, y.method = rate.row, rate.value, method.value
	y.Rounding, y.rounding = rounding.row, rounding.value
	if method.value == policy.DemandForCurrentYear {
		demand, err := t.demand.of(year)
		if err != nil {
			return y, err
		}
		y.Demand, y.demand = demand.row, demand.value
	}
	for n := 1; n <= monthsOfYear; n++ {
		earns, err := t.drawnMonthEarns.at(first.Month().Add(n - 1).Last())
		if err != nil {
			return y, err
		}
		y.drawnEarns[n] = earns.value
	}
	return y, nil
}

// Interest is the interest of the whole year on what an account held at its beginning
// and what moved it since. It is the same that Terms.Account credits for the year, so
// that a year is reckoned from the year before it and not from the account's first day.
// It sorts movements. It returns ErrMember for a movement that cannot be, and
// money.ErrRange beyond what an account can hold.
func (y *YearTerms) Interest(opening money.Amount, movements []Movement) (money.Amount, error) {
	slices.SortStableFunc(movements, func(a, b Movement) int {
		if a.Month != b.Month {
			return a.Month - b.Month
		}
		return int(a.Move - b.Move)
	})
	e := yearOf{years: y, old: int64(opening) * monthsOfYear, left: opening} //nolint:exhaustruct // from zero
	if opening < 0 || opening > money.Max {
		return 0, money.ErrRange
	}
	for _, m := range movements {
		if m.Amount <= 0 || m.Month < 0 || m.Month > monthsOfYear || m.Month == 0 && m.Move != Entered {
			return 0, ErrMember.With("a movement is above zero and in a month of %d", y.year).On("movements")
		}
		e.take(m)
		if e.left+e.came > money.Max {
			return 0, money.ErrRange
		}
	}
	return e.interest(), nil
}

// yearOf is an account in the year under way, in fen times months.
type yearOf struct {
	years        *YearTerms
	old, current int64
	// left and came are what is there of the beginning's money and of this year's, young
	// what was drawn of this year's.
	left, came, young money.Amount
}

func (e *yearOf) take(m Movement) {
	rest := int64(monthsOfYear - m.Month)
	switch m.Move {
	case Entered:
		e.old += int64(m.Amount) * rest
		e.left += m.Amount
	case Paid:
		e.current += int64(m.Amount) * rest
		e.came += m.Amount
	case Refunded:
		current := min(m.Amount, max(e.came, 0))
		e.came -= current
		e.left -= m.Amount - current
		e.current -= int64(current) * rest
		e.old -= int64(m.Amount-current) * rest
	case Drawn:
		old := min(m.Amount, max(e.left, 0))
		e.left -= old
		e.came -= m.Amount - old
		e.young += m.Amount - old
		e.old -= int64(old) * e.lost(m.Month)
		e.current -= int64(m.Amount-old) * e.lost(m.Month)
	case Undrawn:
		// What came back was drawn last, and of this year's money last.
		current := min(m.Amount, e.young)
		e.young -= current
		e.came += current
		e.left += m.Amount - current
		e.current += int64(current) * e.lost(m.Month)
		e.old += int64(m.Amount-current) * e.lost(m.Month)
	}
}

// lost is for how many months money that was drawn in a month no longer earns.
func (e *yearOf) lost(month int) int64 {
	if e.years.drawnEarns[month] {
		return int64(monthsOfYear - month)
	}
	return int64(monthsOfYear - month + 1)
}

// interest is rounded once. Nobody loses by it.
func (e *yearOf) interest() money.Amount {
	if e.years.method == policy.FullFormula {
		e.old, e.current = e.old+e.current, 0
	}
	var sum fraction
	sum = sum.plus(max(e.old, 0), e.years.rate).plus(max(e.current, 0), e.years.demand)
	return sum.over(monthsOfYear*uint64(policy.Whole), e.years.rounding)
}

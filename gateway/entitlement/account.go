package entitlement

import (
	"fmt"
	"math/bits"
	"slices"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/policy"
)

const monthsOfYear = 12

// Account is what an account holds at the end of a month.
type Account struct {
	Parts

	To calendar.Month
	// Years are the years that earned, the oldest first.
	Years []Year
	// Drawn was paid from the account, Local by the local government after it was
	// used up.
	Drawn, Local money.Amount
}

// Year is the interest of one year.
type Year struct {
	Year int
	// Months is how many of its months are over: 12, or fewer in the last.
	Months int
	// Opening is what was there at its beginning, before any payment.
	Opening  money.Amount
	Interest money.Amount
	// Rate is the row of its rate, Demand that of the demand rate where current money
	// earned it; nil where nothing earned it.
	Rate, Demand *policy.Row
	// Provisional says that the final rate is not known yet.
	Provisional bool
	// Rounding is the row by which the interest was rounded.
	Rounding *policy.Row

	terms []term
}

// term is an amount that earned for some months of a year, below zero where it was
// drawn; current is money that came in that year.
type term struct {
	amount  money.Amount
	months  int
	current bool
}

// Account follows an account to the end of a month. The interest of a year is
// credited at its end, that of the last at the end of the month. It returns ErrMember
// for a history that cannot be, policy.ErrNoRule for a year without a rate in which
// something earned, and money.ErrRange beyond what an account can hold.
func (t *Terms) Account(h History, to calendar.Month) (Account, error) {
	if err := t.checkHistory(&h, to); err != nil {
		return Account{}, err
	}
	h = h.ordered()
	return t.account(&h, to, false)
}

// account follows a history that was checked and is ordered. Only who explains it needs its terms.
func (t *Terms) account(h *History, to calendar.Month, explained bool) (Account, error) {
	w := walk{ //nolint:exhaustruct // from zero
		terms: t, history: h, openedAt: h.OpenedAt, account: Account{To: to}, explained: explained,
	}
	if w.openedAt.IsZero() {
		w.openedAt = to
	}
	if w.openedAt.Compare(to) > 0 {
		return Account{}, ErrMember.With("the opening is of %s, after the account's last month, %s", h.OpenedAt, to).
			On("opened_at")
	}
	first := w.first()
	if len(h.Payments) > 0 {
		w.account.Years = make([]Year, 0, to.Year()-first+1)
	}
	for year := first; year <= to.Year(); year++ {
		if err := w.live(year); err != nil {
			return Account{}, err
		}
	}
	return w.account, nil
}

// walk goes through a history month by month.
type walk struct {
	terms    *Terms
	history  *History
	openedAt calendar.Month
	account  Account
	// paid and drawn count what was taken from the history.
	paid, drawn int
	explained   bool
}

// earning is what earns in the year under way, in fen times months: what was there
// at its beginning, and what came since.
type earning struct {
	months       int
	old, current int64
	// left is what is left of the beginning's money.
	left  money.Amount
	terms []term
}

// add lets an amount earn for some months, below zero where it was drawn.
func (w *walk) add(e *earning, amount money.Amount, months int, current bool) {
	if current {
		e.current += int64(amount) * int64(months)
	} else {
		e.old += int64(amount) * int64(months)
	}
	if w.explained && amount != 0 && months > 0 {
		e.terms = append(e.terms, term{amount, months, current})
	}
}

// first is the year of the first event.
func (w *walk) first() int {
	year := w.openedAt.Year()
	if len(w.history.Payments) > 0 {
		year = min(year, w.history.Payments[0].PaidOn.Year())
	}
	if len(w.history.Drawings) > 0 {
		year = min(year, w.history.Drawings[0].Month.Year())
	}
	return year
}

// live takes one year, or its months up to the last.
func (w *walk) live(year int) error {
	months := monthsOfYear
	if year == w.account.To.Year() {
		months = w.account.To.Number()
	}
	opening := w.account.Total()
	e := earning{months: months, left: opening} //nolint:exhaustruct // from zero
	w.add(&e, opening, months, false)
	for n := 1; n <= months; n++ {
		if err := w.month(year, n, &e); err != nil {
			return err
		}
	}
	return w.credit(year, opening, e)
}

// month takes what came and then what went in a month.
func (w *walk) month(year, n int, e *earning) error {
	rest := e.months - n
	if is(w.openedAt, year, n) {
		opening := w.history.Opening
		for _, part := range all() {
			*w.account.of(part) += *opening.of(part)
		}
		w.add(e, opening.Total(), rest, false)
		e.left += opening.Total()
	}
	for ; w.paid < len(w.history.Payments); w.paid++ {
		p := &w.history.Payments[w.paid]
		if !is(p.PaidOn.Month(), year, n) {
			break
		}
		*w.account.of(p.Kind) += p.Amount
		w.add(e, p.Amount, rest, true)
		if w.account.Total() > money.Max {
			return money.ErrRange
		}
	}
	for ; w.drawn < len(w.history.Drawings) && is(w.history.Drawings[w.drawn].Month, year, n); w.drawn++ {
		if err := w.draw(w.history.Drawings[w.drawn], e); err != nil {
			return err
		}
	}
	return nil
}

func is(m calendar.Month, year, n int) bool { return m.Number() == n && m.Year() == year }

// draw pays a pension from the account as far as it goes, and the rest by the local
// government.
func (w *walk) draw(d Drawing, e *earning) error {
	order, err := w.terms.order.at(d.Month.First())
	if err != nil {
		return err
	}
	earns, err := w.terms.drawnMonthEarns.at(d.Month.Last())
	if err != nil {
		return err
	}
	taken := w.account.take(d.Amount, order.value)
	w.account.Drawn += taken
	w.account.Local += d.Amount - taken
	lost := e.months - d.Month.Number()
	if !earns.value {
		lost++
	}
	old := min(taken, e.left)
	e.left -= old
	w.add(e, -old, lost, false)
	w.add(e, old-taken, lost, true)
	return nil
}

// take lowers the parts by an amount, or by all that is there, and returns how much
// it was: one part after another, or each in proportion where there is no order. Of
// fen that do not divide the largest remainders take one each.
func (p *Parts) take(amount money.Amount, order []policy.Part) money.Amount {
	balance := p.Total()
	amount = min(amount, balance)
	if amount == 0 {
		return 0
	}
	rest := amount
	for _, part := range order {
		n := min(rest, *p.of(part))
		*p.of(part) -= n
		rest -= n
	}
	if len(order) > 0 {
		return amount
	}
	parts := all()
	var remainders [len(parts)]uint64
	for i, part := range parts {
		hi, lo := bits.Mul64(uint64(*p.of(part)), uint64(amount)) //nolint:gosec // neither is below zero
		share, remainder := bits.Div64(hi, lo, uint64(balance))   //nolint:gosec // above zero
		*p.of(part) -= money.Amount(share)                        //nolint:gosec // at most the amount
		rest -= money.Amount(share)                               //nolint:gosec // at most the amount
		remainders[i] = remainder
	}
	for range rest {
		i := slices.Index(remainders[:], slices.Max(remainders[:]))
		remainders[i] = 0
		*p.of(parts[i])--
	}
	return amount
}

// credit adds the year's interest.
func (w *walk) credit(year int, opening money.Amount, e earning) error {
	y, err := w.terms.interest(year, e)
	if err != nil {
		return err
	}
	if y.Rounding == nil {
		return nil
	}
	y.Opening, y.terms = opening, e.terms
	w.account.Interest += y.Interest
	w.account.Years = append(w.account.Years, y)
	if w.account.Total() > money.Max {
		return money.ErrRange
	}
	return nil
}

// interest is that of one year; a Year without Rounding where nothing earned.
func (t *Terms) interest(year int, e earning) (Year, error) {
	y := Year{Year: year, Months: e.months} //nolint:exhaustruct // filled below
	first, err := calendar.Date(year, e.months, 1)
	if err != nil {
		return y, fmt.Errorf("year %d: %w", year, err)
	}
	last := first.Month().Last()
	if e.current != 0 {
		method, err := t.method.at(last)
		if err != nil {
			return y, err
		}
		if method.value == policy.FullFormula {
			e.old, e.current = e.old+e.current, 0
		}
	}
	// Nobody loses by interest: where money was drawn in the month in which it came,
	// a sum may be below zero.
	e.old, e.current = max(e.old, 0), max(e.current, 0)
	if e.old == 0 && e.current == 0 {
		return y, nil
	}
	var sum fraction
	if e.old > 0 {
		rate, provisional, err := t.rate(year)
		if err != nil {
			return y, err
		}
		y.Rate, y.Provisional = rate.row, provisional
		sum = sum.plus(e.old, rate.value)
	}
	if e.current > 0 {
		rate, err := t.demand.of(year)
		if err != nil {
			return y, err
		}
		y.Demand = rate.row
		sum = sum.plus(e.current, rate.value)
	}
	rounding, err := t.interestRounding.at(last)
	if err != nil {
		return y, err
	}
	y.Rounding = rounding.row
	y.Interest = sum.over(monthsOfYear*uint64(policy.Whole), rounding.value)
	return y, nil
}

// rate is the final rate of a year, or else the provisional one.
func (t *Terms) rate(year int) (rate *step[policy.Rate], provisional bool, err error) {
	if rate, err = t.final.of(year); err == nil {
		return rate, false, nil
	}
	if rate, none := t.provisional.of(year); none == nil {
		return rate, true, nil
	}
	return nil, false, err
}

// fraction is an exact sum over a denominator that is told at the end.
type fraction struct{ hi, lo uint64 }

// plus adds a product of two numbers that are not below zero.
func (f fraction) plus(n int64, r policy.Rate) fraction {
	hi, lo := bits.Mul64(uint64(n), uint64(r)) //nolint:gosec // neither is below zero
	lo, carry := bits.Add64(f.lo, lo, 0)
	hi, _ = bits.Add64(f.hi, hi, carry)
	return fraction{hi, lo}
}

// over divides and rounds. The quotient must be an amount.
func (f fraction) over(denominator uint64, r policy.Rounding) money.Amount {
	denominator *= uint64(r.Unit) //nolint:gosec // 1, 10 or 100 fen
	units, rest := bits.Div64(f.hi, f.lo, denominator)
	if r.Mode == policy.Up && rest > 0 || r.Mode == policy.HalfUp && rest >= denominator-rest {
		units++
	}
	return money.Amount(units) * r.Unit //nolint:gosec // what an account can hold
}

package entitlement

import (
	"slices"

	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/policy"
)

// ErrBeforeOpening is returned for an account that a pension was drawn from before it
// was taken over: what it held when the pension began is not known here.
var ErrBeforeOpening = fault.New(fault.Unprocessable, "account_before_opening",
	"the pension began before the account was taken over")

// Course is how a member's pension runs: from which month on, and what is due in each.
// A minimum or an addition changes it on the day its row begins, and an extra for age
// in the month after a birthday; the account's pension stays what it was at the start.
type Course struct {
	// From is the first month, Missing why there is none up to the month asked.
	From    calendar.Month
	Missing Missing
	// Account is the account's pension, for life; zero where it was said to be known.
	Account money.Amount
	// Late is the first day of a payment after the pension began, or no day. Such a
	// payment changes nothing here: what becomes of it is a decision of its own.
	Late calendar.Day
	// Subsidies came after the pension began for years up to that of its start. The account
	// is owed them, so that they add to its pension from the month after.
	Subsidies []Payment

	terms             *Terms
	birth             calendar.Day
	paid              int
	condition         *condition
	divides           *step[int]
	rounds            *step[policy.Rounding]
	divisor, rounding *policy.Row
}

// Course tells how the pension of a member runs up to a month. Whether another pension
// is drawn or a child does not pay holds a payment back, and is not asked here. With
// known the account's pension was fixed before and is not reckoned again. It returns
// ErrMember, ErrBeforeOpening, policy.ErrNoRule and money.ErrRange.
func (t *Terms) Course(m *Member, until calendar.Month, known bool) (Course, error) {
	if t.allowance {
		m, known = &Member{Birth: m.Birth}, true //nolint:exhaustruct // an allowance asks for nothing else
	}
	if err := t.check(m, until); err != nil {
		return Course{}, err
	}
	history := m.ordered()
	years := paidYears(history.Payments)
	s := t.startOf(m, years)
	c := Course{terms: t, birth: m.Birth} //nolint:exhaustruct // filled below
	switch {
	case s.day.IsZero():
		c.Missing = MissingYears
		return c, nil
	case s.from().Compare(until) > 0:
		c.Missing = MissingAge
		return c, nil
	}
	c.From, c.paid, c.condition = s.from(), s.paid, s.condition
	if n := inTime(history.Payments, c.From); n < len(history.Payments) {
		for _, p := range history.Payments[n:] {
			switch {
			case p.owed(c.From):
				c.Subsidies = append(c.Subsidies, p)
			case c.Late.IsZero():
				c.Late = p.PaidOn
			}
		}
		history.Payments = history.Payments[:n]
		kept := paidYears(history.Payments)
		//nolint:exhaustruct // what a start asks for
		before := Member{Birth: m.Birth, Years: m.Years - len(years) + len(kept)}
		c.paid = t.startOf(&before, kept).paid
	}
	if len(c.Subsidies) > 0 {
		if err := c.dividing(); err != nil {
			return c, err
		}
	}
	if known {
		return c, nil
	}
	return c, c.fix(&history)
}

// owed says that a payment is government's subsidy for a year up to that in which a pension
// began. It belongs to the account from which the pension is reckoned, whenever government
// pays it; for what the member pays then, nobody waited.
func (p *Payment) owed(from calendar.Month) bool {
	return p.Kind == policy.Subsidy && p.Year <= from.Year()
}

// cameBefore sums subsidies up that came in the month since or later, and before a month.
func cameBefore(month, since calendar.Month, subsidies []Payment) money.Amount {
	var sum money.Amount
	for i := range subsidies {
		if came := subsidies[i].PaidOn.Month(); came.Compare(since) >= 0 && came.Compare(month) < 0 {
			sum += subsidies[i].Amount
		}
	}
	return sum
}

// Risen is what subsidies that came since a month add to the account's pension of a month.
// They are divided alone: what the pension was at the start it stays, to the fen.
func (c *Course) Risen(since, month calendar.Month) money.Amount {
	sum := cameBefore(month, since, c.Subsidies)
	if sum == 0 {
		return 0
	}
	return over(sum, c.divides, c.rounds)
}

func over(sum money.Amount, divisor *step[int], rounding *step[policy.Rounding]) money.Amount {
	balance := fraction{0, uint64(sum)}                        //nolint:gosec // not below zero
	return balance.over(uint64(divisor.value), rounding.value) //nolint:gosec // above zero
}

// dividing finds by what the account is divided: the rules of the first month.
func (c *Course) dividing() error {
	if err := find(&c.divides, &c.terms.divisor, c.From.First()); err != nil {
		return err
	}
	if err := find(&c.rounds, &c.terms.rounding, c.From.First()); err != nil {
		return err
	}
	c.divisor, c.rounding = c.divides.row, c.rounds.row
	return nil
}

// inTime is how many of the payments, which are in order, came before a month.
func inTime(payments []Payment, from calendar.Month) int {
	first := from.First()
	n, _ := slices.BinarySearchFunc(payments, first, func(p Payment, day calendar.Day) int {
		return p.PaidOn.Compare(day)
	})
	return n
}

// fix divides what the account holds at the end of the month before the first.
func (c *Course) fix(h *History) error {
	if !h.OpenedAt.IsZero() && c.From.Compare(h.OpenedAt) <= 0 {
		if h.Opening.Total() > 0 {
			return ErrBeforeOpening.With("the pension began in %s, and the account was taken over at the end of %s: "+
				"what it paid then has to be imported", c.From, h.OpenedAt)
		}
		h.OpenedAt = calendar.Month{}
	}
	account, err := c.terms.account(h, c.From.Add(-1), false)
	if err != nil || account.Total() == 0 {
		return err
	}
	if err := c.dividing(); err != nil {
		return err
	}
	c.Account = over(account.Total(), c.divides, c.rounds)
	return nil
}

// Basis are the rows that an amount rests on, nil where a rule took no part.
type Basis struct {
	Age, Years, Minimum, Additions, ForYears, ForAge, Divisor, Rounding *policy.Row
}

// Rows lists them in the order of their fields.
func (b Basis) Rows() []*policy.Row {
	all := []*policy.Row{b.Age, b.Years, b.Minimum, b.Additions, b.ForYears, b.ForAge, b.Divisor, b.Rounding}
	return slices.DeleteFunc(all, func(r *policy.Row) bool { return r == nil })
}

// Base returns the base pension of a month from the first on, its extras included,
// and the rows that the whole pension of the month rests on.
func (c *Course) Base(month calendar.Month) (money.Amount, Basis, error) {
	first := month.First()
	//nolint:exhaustruct // the rest is found below
	b := Basis{Age: c.condition.age.row, Years: c.condition.years.row, Divisor: c.divisor, Rounding: c.rounding}
	var minimum *step[money.Amount]
	var additions *step[[]policy.Grant]
	var years, age *step[[]policy.Step]
	for _, err := range []error{
		find(&minimum, &c.terms.minimum, first), find(&additions, &c.terms.additions, first),
		find(&years, &c.terms.forYears, first), find(&age, &c.terms.forAge, first),
	} {
		if err != nil {
			return 0, b, err
		}
	}
	sum := minimum.value
	for _, g := range additions.value {
		sum += g.Amount
	}
	sum += forYears(years.value, c.paid) + forAge(age.value, c.birth, month).Amount
	b.Minimum, b.Additions, b.ForYears, b.ForAge = minimum.row, additions.row, years.row, age.row
	return sum, b, nil
}

// Turns are the months in which a pension can change.
type Turns struct {
	// months are those in which a row begins, rising.
	months []calendar.Month
	// ages are years of age that a step of an extra begins with.
	ages []int
}

// Turns lists them for everybody under the rules.
func (t *Terms) Turns() Turns {
	var turns Turns
	add := func(days []calendar.Day) {
		for _, d := range days {
			m := d.Month()
			// A month is paid by what holds on its first day.
			if d.DayOfMonth() > 1 {
				m = m.Add(1)
			}
			turns.months = append(turns.months, m)
		}
	}
	add(begins(t.minimum.steps))
	add(begins(t.additions.steps))
	add(begins(t.forYears.steps))
	add(begins(t.forAge.steps))
	slices.SortFunc(turns.months, calendar.Month.Compare)
	turns.months = slices.Compact(turns.months)
	for _, s := range t.forAge.steps {
		for _, one := range s.value {
			turns.ages = append(turns.ages, one.From)
		}
	}
	slices.Sort(turns.ages)
	turns.ages = slices.Compact(turns.ages)
	return turns
}

func begins[T any](steps []step[T]) []calendar.Day {
	days := make([]calendar.Day, len(steps))
	for i, s := range steps {
		days[i] = s.from
	}
	return days
}

// Of appends to months those after from and up to until in which the pension of a
// person born on a day can change, in no order.
func (t Turns) Of(months []calendar.Month, birth calendar.Day, from, until calendar.Month) []calendar.Month {
	within := func(m calendar.Month) bool { return m.Compare(from) > 0 && m.Compare(until) <= 0 }
	for _, m := range t.months {
		if within(m) {
			months = append(months, m)
		}
	}
	for _, age := range t.ages {
		if m := birth.Month().Add(age*monthsOfYear + 1); within(m) {
			months = append(months, m)
		}
	}
	return months
}

// YoungestAge is the lowest age at which a pension ever began under the rules.
func (t *Terms) YoungestAge() int {
	age := t.conditions[0].age.value
	for _, c := range t.conditions {
		age = min(age, c.age.value)
	}
	return age
}

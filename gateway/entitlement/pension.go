package entitlement

import (
	"fmt"

	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/policy"
)

// ErrLate is returned for a payment after the pension began: it makes another
// account pension, which is a decision of its own. A subsidy for a year up to that of the
// start is none.
var ErrLate = fault.New(fault.Unprocessable, "payment_after_pension", "a payment stands after the pension began")

// Pension is what a member draws in the month asked.
type Pension struct {
	// From is the first month.
	From calendar.Month
	// Base is the minimum and what governments below the centre add.
	Base                 money.Amount
	ExtraYears, ExtraAge money.Amount
	Account              money.Amount
	// Risen is what of Account rests on Subsidies, which came after the pension began for
	// years up to that of its start.
	Risen, Subsidies money.Amount
	// FixedIn is the month from which another amount of the account stands than the rules of
	// today give, or no month; then Account is that one.
	FixedIn          calendar.Month
	Total            money.Amount
	minimum          *step[money.Amount]
	additions        *step[[]policy.Grant]
	forYears, forAge *step[[]policy.Step]
	divisor          *step[int]
	rounding         *step[policy.Rounding]
	// reckoned is what the rules of today give of the account.
	reckoned money.Amount
}

// FixAccount says what the account's pension was fixed at, from which month on: for life,
// whatever rate or divisor became known later.
func (p *Pension) FixAccount(amount money.Amount, from calendar.Month) {
	if amount == p.Account {
		return
	}
	p.Account, p.FixedIn = amount, from
	p.Total = p.Base + p.ExtraYears + p.ExtraAge + p.Account
}

// Missing is why there is no pension in the month asked.
type Missing int

// The reasons, from what the member can change to what only time can.
const (
	// Nothing is missing: there is a pension.
	Nothing Missing = iota
	// MissingYears is contributions of years that were not paid.
	MissingYears
	// MissingAge is an age not reached, or a first month that lies ahead.
	MissingAge
	// OtherPension is another basic pension.
	OtherPension
	// ChildUnpaid is a child who must pay and does not: no base pension.
	ChildUnpaid
)

// String returns the name of the reason.
func (m Missing) String() string {
	switch m {
	case Nothing:
		return "nothing"
	case MissingYears:
		return "years_missing"
	case MissingAge:
		return "not_begun"
	case OtherPension:
		return "other_pension"
	case ChildUnpaid:
		return "child_unpaid"
	}
	return "unknown"
}

// Statement is what a member has: the account, up to the month before the pension
// or to the month asked, and the pension.
type Statement struct {
	AsOf    calendar.Month
	Account Account
	// Pension is nil where there is none in the month asked; Missing says why, and
	// Earliest in which month it could begin: zero where the rules cannot tell. With
	// ChildUnpaid it is of the account alone.
	Pension  *Pension
	Missing  Missing
	Earliest calendar.Month

	terms   *Terms
	member  *Member
	history History
	start   start
}

// start is when the conditions of a pension hold for a member.
type start struct {
	condition *condition
	// ageOn is the day on which the age is reached.
	ageOn calendar.Day
	// ofAge says that this was so when the scheme began, transition that fewer years were
	// left than a pension takes: toGo, begun ones counted.
	ofAge, transition bool
	toGo              int
	// required and paid are years; paidOn is the day on which the last required one was
	// paid, zero where the payments do not tell.
	required, paid int
	paidOn         calendar.Day
	// day is when all held, zero where years are missing.
	day calendar.Day
}

// from is the first month of the pension, or no month.
func (s start) from() calendar.Month { return s.day.Month().Add(1) }

// Pension tells what a member draws in a month and what stands behind it. It returns
// ErrMember for facts that cannot be, ErrLate, policy.ErrNoRule and money.ErrRange.
// The statement keeps the member until Because is asked.
func (t *Terms) Pension(m *Member, asOf calendar.Month) (Statement, error) {
	if t.allowance {
		m = &Member{Birth: m.Birth} //nolint:exhaustruct // an allowance asks for nothing else
	}
	if err := t.check(m, asOf); err != nil {
		return Statement{}, err
	}
	s := Statement{AsOf: asOf, terms: t, member: m, history: m.ordered()} //nolint:exhaustruct // filled below
	s.start = t.startOf(m, paidYears(s.history.Payments))
	var err error
	if s.Missing, s.Earliest, err = t.missing(s.start, m, asOf); err != nil {
		return Statement{}, err
	}
	if s.Missing != Nothing && s.Missing != ChildUnpaid {
		s.Account, err = t.account(&s.history, asOf, false)
		return s, err
	}
	from := s.start.from()
	for i := range m.Payments {
		if on := m.Payments[i].PaidOn; !on.Before(from.First()) && !m.Payments[i].owed(from) {
			return Statement{}, ErrLate.With("paid on %s, and the pension began in %s", on, from).
				On(payment(i, "paid_on"))
		}
	}
	n := inTime(s.history.Payments, from)
	subsidies := s.history.Payments[n:]
	s.history.Payments = s.history.Payments[:n]
	if s.Account, err = t.account(&s.history, from.Add(-1), false); err != nil {
		return Statement{}, err
	}
	s.Pension, err = t.pension(&s, cameBefore(asOf, from, subsidies))
	if err == nil && s.Missing == ChildUnpaid {
		s.Pension = s.Pension.withoutBase()
	}
	return s, err
}

// withoutBase is what a child who does not pay leaves: the account's pension, nil where there is none.
func (p *Pension) withoutBase() *Pension {
	if p.Account == 0 {
		return nil
	}
	p.Base, p.ExtraYears, p.ExtraAge, p.Total = 0, 0, 0, p.Account
	return p
}

// startOf finds the first day on which every condition holds, by the rules of that day.
func (t *Terms) startOf(m *Member, years []paidYear) start {
	var s start
	for i := range t.conditions {
		s = t.startUnder(&t.conditions[i], m, years)
		if !s.day.IsZero() && (i+1 == len(t.conditions) || s.day.Before(t.conditions[i+1].from)) {
			return s
		}
	}
	return s
}

func (t *Terms) startUnder(c *condition, m *Member, years []paidYear) start {
	begun := t.start.value
	s := start{ //nolint:exhaustruct // the days are found below
		condition: c, ageOn: m.Birth.AddMonths(c.age.value * monthsOfYear), required: c.years.value, paid: m.Years,
	}
	s.ofAge = !s.ageOn.After(begun)
	s.transition = s.ageOn.Before(begun.AddMonths(c.years.value * monthsOfYear))
	if s.transition {
		s.toGo = max(0, c.age.value-fullYears(m.Birth, begun))
		s.required = min(s.required, s.toGo)
		s.paid = min(s.paid, c.years.value)
	}
	day := later(later(s.ageOn, begun), c.from)
	// Years that no payment shows were paid before those that one shows.
	if short := s.required - (m.Years - len(years)); short > 0 {
		if short > len(years) {
			return s
		}
		s.paidOn = years[short-1].on
		day = later(day, s.paidOn)
	}
	s.day = day
	return s
}

// fullYears is the age on a day, which may be below zero.
func fullYears(birth, on calendar.Day) int {
	n := on.Year() - birth.Year()
	if birth.AddMonths(n * monthsOfYear).After(on) {
		n--
	}
	return n
}

func later(a, b calendar.Day) calendar.Day {
	if a.After(b) {
		return a
	}
	return b
}

// missing says what keeps the pension from being drawn in the month asked.
func (t *Terms) missing(s start, m *Member, asOf calendar.Month) (Missing, calendar.Month, error) {
	if s.day.IsZero() {
		earliest := later(later(s.ageOn, t.start.value), asOf.First()).Month().Add(1)
		return MissingYears, earliest, nil
	}
	if s.from().Compare(asOf) > 0 {
		return MissingAge, s.from(), nil
	}
	if m.OtherPension {
		return OtherPension, calendar.Month{}, nil
	}
	if s.ofAge && m.ChildUnpaid {
		linked, err := t.childLinked.at(asOf.First())
		if err != nil {
			return Nothing, calendar.Month{}, err
		}
		if linked.value {
			return ChildUnpaid, calendar.Month{}, nil
		}
	}
	return Nothing, s.from(), nil
}

// pension puts the amounts of the month asked together, with subsidies that came late.
func (t *Terms) pension(s *Statement, late money.Amount) (*Pension, error) {
	from, first := s.start.from(), s.AsOf.First()
	p := &Pension{From: from, Subsidies: late} //nolint:exhaustruct // filled below
	for _, err := range []error{
		find(&p.minimum, &t.minimum, first), find(&p.additions, &t.additions, first),
		find(&p.forYears, &t.forYears, first), find(&p.forAge, &t.forAge, first),
		find(&p.divisor, &t.divisor, from.First()), find(&p.rounding, &t.rounding, from.First()),
	} {
		if err != nil {
			return nil, err
		}
	}
	p.addUp()
	p.ExtraYears = forYears(p.forYears.value, s.start.paid)
	p.ExtraAge = forAge(p.forAge.value, s.member.Birth, s.AsOf).Amount
	p.Risen = over(p.Subsidies, p.divisor, p.rounding)
	p.reckoned = over(s.Account.Total(), p.divisor, p.rounding) + p.Risen
	p.Account = p.reckoned
	p.Total = p.Base + p.ExtraYears + p.ExtraAge + p.Account
	return p, nil
}

func find[T any](into **step[T], in *dated[T], day calendar.Day) (err error) {
	*into, err = in.at(day)
	return err
}

// forYears adds the amount of each year of contributions from a step's on.
func forYears(steps []policy.Step, years int) money.Amount {
	var sum money.Amount
	for i, s := range steps {
		sum += money.Amount(yearsOf(s, steps[i+1:], years)) * s.Amount
	}
	return sum
}

// yearsOf is how many years a step counts: from its own to the next step's.
func yearsOf(s policy.Step, next []policy.Step, years int) int {
	if len(next) > 0 {
		years = min(years, next[0].From-1)
	}
	return max(0, years-s.From+1)
}

// forAge is the highest step that was reached before the month.
func forAge(steps []policy.Step, birth calendar.Day, month calendar.Month) policy.Step {
	var highest policy.Step
	for _, s := range steps {
		if birth.Month().MonthsUntil(month) > s.From*monthsOfYear {
			highest = s
		}
	}
	return highest
}

// Part is what one level of government pays of the base pension.
type Part struct {
	Level  policy.Level
	Amount money.Amount
}

// Payers splits the base pension of a month by who pays it: the minimum by the area's
// shares, of which the last named pays the fen that do not divide, and each addition
// by its own level. It returns policy.ErrNoRule where nobody decided about the shares.
func (t *Terms) Payers(p *Pension, month calendar.Month) ([]Part, error) {
	shares, err := t.payers.at(month.First())
	if err != nil {
		return nil, err
	}
	var parts []Part
	rest := p.minimum.value
	for i, share := range shares.value {
		amount := rest
		if i+1 < len(shares.value) {
			amount = fraction{}.plus(p.minimum.value.Fen(), share.Rate).
				over(uint64(policy.Whole), policy.Rounding{Mode: policy.Down, Unit: 1})
		}
		parts = append(parts, Part{share.Level, amount})
		rest -= amount
	}
	for _, g := range p.additions.value {
		parts = append(parts, Part(g))
	}
	return merged(parts), nil
}

// merged adds up what a level pays twice.
func merged(parts []Part) []Part {
	var out []Part
next:
	for _, p := range parts {
		for i := range out {
			if out[i].Level == p.Level {
				out[i].Amount += p.Amount
				continue next
			}
		}
		out = append(out, p)
	}
	return out
}

// Heirs returns what heirs receive of a balance by the day of death; the rest stays
// in the fund.
func (t *Terms) Heirs(balance Parts, died calendar.Day) (money.Amount, error) {
	rule, err := t.inheritance.at(died)
	if err != nil {
		return 0, fmt.Errorf("inheritance: %w", err)
	}
	if rule.value == policy.LessSubsidy {
		return balance.Total() - balance.Subsidy, nil
	}
	return balance.Total(), nil
}

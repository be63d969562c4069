package award

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"twoline/gateway/calendar"
	"twoline/gateway/entitlement"
	"twoline/gateway/money"
	"twoline/gateway/policy"
)

// Frame is what the members of a run have in common. It keeps the rows that amounts
// rest on and is used by one goroutine.
type Frame struct {
	terms *entitlement.Terms
	turns entitlement.Turns
	// first is the first month of the book, month the one that is awarded.
	first, month calendar.Month
	bases        map[entitlement.Basis]int
	rows         []BasisRow
	// months and years are used again for each member.
	months []calendar.Month
	years  []int
}

// NewFrame returns one for terms, the day on which the book opened and a month.
func NewFrame(terms *entitlement.Terms, opened calendar.Day, month calendar.Month) *Frame {
	return &Frame{
		terms: terms, turns: terms.Turns(), first: opened.Month(), month: month,
		bases: map[entitlement.Basis]int{}, rows: nil, months: nil, years: nil,
	}
}

// Bases lists the rows that the steps so far rest on, by number and rule.
func (f *Frame) Bases() []BasisRow {
	slices.SortFunc(f.rows, func(a, b BasisRow) int {
		return cmp.Or(cmp.Compare(a.Basis, b.Basis), cmp.Compare(a.Rule, b.Rule))
	})
	return f.rows
}

// Outcome is what was decided of one member.
type Outcome struct {
	Steps    []Step
	Refusals []Refusal
	// Before and After are what the run's month would be paid without the steps, and
	// with them.
	Before, After Monthly
	// Waiting says that the age is reached and years are missing.
	Waiting bool
}

// member is the facts as the engine takes them. Years that the book shows count once
// each, beside those from before.
func (f *Frame) member(m *Facts) entitlement.Member {
	f.years = f.years[:0]
	for i := range m.Payments {
		if p := &m.Payments[i]; p.Kind == policy.Individual && !slices.Contains(f.years, p.Year) {
			f.years = append(f.years, p.Year)
		}
	}
	out := entitlement.Member{ //nolint:exhaustruct // what holds a payment back is asked elsewhere
		Birth: m.Born, Years: m.Years + len(f.years),
		History: entitlement.History{Opening: m.Opening, Payments: m.Payments}, //nolint:exhaustruct // no drawings
	}
	if m.Opening.Total() > 0 {
		out.OpenedAt = f.first.Add(-1)
	}
	return out
}

// Decide compares what a member is entitled to with what stands. It returns
// policy.ErrNoRule where a rule is missing: then nobody can be awarded anything.
func (f *Frame) Decide(m *Facts) (Outcome, error) {
	p := plan{ //nolint:exhaustruct // found below
		frame: f, standing: standing{base: m.Base, account: m.Account}, begin: f.first, end: f.month.Add(1),
	}
	out := Outcome{Before: p.standing.at(f.month)} //nolint:exhaustruct // found below
	until := f.month
	if !m.Died.IsZero() {
		p.end = m.Died.Month().Add(1)
		if m.Died.Month().Compare(until) < 0 {
			until = m.Died.Month()
		}
	}
	course, err := f.follow(m, until)
	if errors.Is(err, policy.ErrNoRule) {
		return out, err
	}
	if course.From.Compare(f.first) > 0 {
		p.begin = course.From
	}
	if p.begin.Compare(m.BackFrom) < 0 {
		p.begin = m.BackFrom
	}
	refusal := p.doubt(m, &course, err)
	// What is wrong with the facts of the dead changes nothing any more.
	if refusal.Reason != "" && p.end.Compare(f.month) > 0 {
		out.Refusals = append(out.Refusals, refusal)
	}
	out.Waiting = course.Missing == entitlement.MissingYears && m.Died.IsZero()
	// Where nothing is due by the facts what stands is left alone, and whatever they
	// are, the dead are paid nothing.
	if err == nil && course.Missing == entitlement.Nothing && (refusal.Reason == "" || refusal.Reason == LatePayment) {
		p.course = &course
	}
	if out.Steps, err = p.steps(m); err != nil {
		return out, err
	}
	out.After = p.after(out)
	return out, nil
}

// follow is the course of a member's pension up to a month.
func (f *Frame) follow(m *Facts, until calendar.Month) (entitlement.Course, error) {
	alive := *m
	if until.Compare(f.month) < 0 {
		// What came after the death changes no pension.
		alive.Payments = upTo(m.Payments, until.Last())
	}
	member := f.member(&alive)
	known := slices.ContainsFunc(m.Account, func(s Stands) bool { return s.Amount > 0 })
	return f.terms.Course(&member, until, known)
}

// doubt says what a person has to look at, with an empty reason where nothing is.
func (p *plan) doubt(m *Facts, c *entitlement.Course, err error) Refusal {
	first, begin := p.frame.first, p.begin
	if p.end.Compare(begin) < 0 {
		begin = p.end
	}
	switch {
	case errors.Is(err, entitlement.ErrBeforeOpening):
		return Refusal{m.Member, AccountUnknown, err.Error()}
	case err != nil:
		return Refusal{m.Member, BadFacts, err.Error()}
	case c.Missing != entitlement.Nothing && p.standing.paid(first, p.end):
		return Refusal{m.Member, NoRight, "a pension stands, and none follows from the facts: " + c.Missing.String()}
	case c.Missing != entitlement.Nothing:
		return Refusal{m.Member, "", ""}
	case p.standing.paid(first, begin):
		return Refusal{m.Member, NoRight, fmt.Sprintf("a pension stands before %s, when the right begins", c.From)}
	case !c.Late.IsZero():
		return Refusal{m.Member, LatePayment, fmt.Sprintf("paid on %s, and the pension began in %s", c.Late, c.From)}
	}
	return Refusal{m.Member, "", ""}
}

// basis numbers the rows of an amount.
func (f *Frame) basis(b entitlement.Basis) int {
	if n, ok := f.bases[b]; ok {
		return n
	}
	n := len(f.bases) + 1
	f.bases[b] = n
	for _, r := range b.Rows() {
		f.rows = append(f.rows, BasisRow{
			Basis: n, Rule: string(r.Rule), Area: r.Area, From: r.From, Value: r.Value.String(), Document: r.Document,
			Round: r.Round,
		})
	}
	return n
}

// standing is what the rows of a member say.
type standing struct{ base, account []Stands }

// holds returns the row that holds for a month, or one of nothing.
func holds(rows []Stands, month calendar.Month) Stands {
	for _, r := range slices.Backward(rows) {
		if r.From.Compare(month) <= 0 {
			return r
		}
	}
	return Stands{} //nolint:exhaustruct // nothing
}

func (s standing) at(month calendar.Month) Monthly {
	return Monthly{holds(s.base, month).Amount, holds(s.account, month).Amount}
}

// paid says that a month from first on and before end is paid.
func (s standing) paid(first, end calendar.Month) bool {
	if first.Compare(end) >= 0 {
		return false
	}
	if s.at(first).Sum() > 0 {
		return true
	}
	for _, rows := range [][]Stands{s.base, s.account} {
		for _, r := range rows {
			if r.Amount > 0 && r.From.Compare(first) >= 0 && r.From.Compare(end) < 0 {
				return true
			}
		}
	}
	return false
}

// fixed is the account's pension as a month finds it: what was fixed at the start, unless
// another document said or ended it. What runs wrote after it rests on it.
func (s standing) fixed(month calendar.Month) Stands {
	var fixed Stands
	for _, r := range s.account {
		if r.From.Compare(month) > 0 {
			break
		}
		if !r.Awarded || fixed.From.IsZero() && r.Amount > 0 {
			fixed = r
		}
	}
	return fixed
}

// plan is what one member is to be paid from month to month.
type plan struct {
	frame    *Frame
	course   *entitlement.Course
	standing standing
	// begin is the first month that is awarded, end the first that is not.
	begin, end calendar.Month
}

// due is what a month is to be paid, and why.
func (p *plan) due(month calendar.Month) (Monthly, entitlement.Basis, error) {
	var none entitlement.Basis
	switch {
	case month.Compare(p.end) >= 0:
		return Monthly{}, none, nil
	case p.course == nil:
		return p.standing.at(month), none, nil
	case month.Compare(p.begin) < 0:
		return Monthly{}, none, nil
	}
	if r := holds(p.standing.base, month); !r.From.IsZero() && r.Amount == 0 && !r.Awarded {
		return Monthly{0, p.account(month)}, none, nil
	}
	base, basis, err := p.course.Base(month)
	return Monthly{base, p.account(month)}, basis, err
}

// account is the account's pension of a month: what was fixed, and what subsidies add that
// came since. An account that another document ended rises no more.
func (p *plan) account(month calendar.Month) money.Amount {
	fixed := p.standing.fixed(month)
	switch {
	case p.course.Account > 0:
		fixed.Amount, fixed.From = p.course.Account, p.course.From
	case fixed.From.IsZero():
		fixed.From = p.course.From
	case fixed.Amount == 0:
		return 0
	case fixed.Awarded && fixed.Amount == p.course.Risen(p.course.From, fixed.From):
		// The account held nothing at the start: its first row is of subsidies alone.
		fixed.Amount, fixed.From = 0, p.course.From
	}
	return fixed.Amount + p.course.Risen(fixed.From, month)
}

// turning lists the months in which what is due, or what stands, can change.
func (p *plan) turning(m *Facts) []calendar.Month {
	f := p.frame
	first := p.begin
	if p.course == nil {
		first = p.end
	}
	if p.end.Compare(first) < 0 {
		first = p.end
	}
	if first.Compare(f.first) < 0 {
		first = f.first
	}
	months := append(f.months[:0], first)
	if p.course != nil {
		months = f.turns.Of(months, m.Born, first, f.month)
		for _, s := range p.course.Subsidies {
			if next := s.PaidOn.Month().Add(1); next.Compare(first) > 0 && next.Compare(f.month) <= 0 {
				months = append(months, next)
			}
		}
	}
	for _, rows := range [][]Stands{m.Base, m.Account} {
		for _, r := range rows {
			if r.From.Compare(first) > 0 {
				months = append(months, r.From)
			}
		}
	}
	if p.end.Compare(first) > 0 {
		months = append(months, p.end)
	}
	slices.SortFunc(months, calendar.Month.Compare)
	f.months = slices.Compact(months)
	return f.months
}

// steps goes from month to month and writes where the rows would pay otherwise.
func (p *plan) steps(m *Facts) ([]Step, error) {
	var steps []Step
	var now Monthly
	for i, month := range p.turning(m) {
		if month.Compare(p.frame.month) > 0 {
			break
		}
		if i == 0 {
			now = p.standing.at(month)
		}
		if r := holds(m.Base, month); r.From == month {
			now.Base = r.Amount
		}
		if r := holds(m.Account, month); r.From == month {
			now.Account = r.Amount
		}
		due, basis, err := p.due(month)
		if err != nil {
			return nil, err
		}
		if due == now {
			continue
		}
		s := Step{Member: m.Member, From: month, Was: now, Due: due, Cause: "", Basis: 0}
		if s.Cause, err = p.cause(s, basis); err != nil {
			return nil, err
		}
		if basis != (entitlement.Basis{}) {
			s.Basis = p.frame.basis(basis)
		}
		steps, now = append(steps, s), due
	}
	return steps, nil
}

// cause says why a step begins in its month.
func (p *plan) cause(s Step, basis entitlement.Basis) (Cause, error) {
	switch {
	case s.From.Compare(p.end) >= 0:
		return Death, nil
	case p.course == nil:
		return OtherFacts, nil
	case s.Was.Sum() == 0:
		return Conditions, nil
	case s.From.Compare(p.begin) <= 0:
		return OtherFacts, nil
	}
	due, before, err := p.due(s.From.Add(-1))
	switch {
	case err != nil:
		return "", err
	case before != basis:
		return Rule, nil
	case due.Base != s.Due.Base:
		return Age, nil
	}
	return OtherFacts, nil
}

// after is what the run's month is paid once the steps are written.
func (p *plan) after(out Outcome) Monthly {
	paid := out.Before
	if len(out.Steps) == 0 {
		return paid
	}
	last := out.Steps[len(out.Steps)-1]
	if b := holds(p.standing.base, p.frame.month); b.From.Compare(last.From) <= 0 {
		paid.Base = last.Due.Base
	}
	if a := holds(p.standing.account, p.frame.month); a.From.Compare(last.From) <= 0 {
		paid.Account = last.Due.Account
	}
	return paid
}

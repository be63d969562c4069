package entitlement

import (
	"twoline/gateway/calendar"
	"twoline/gateway/policy"
)

// NewLandLost reads the rules of the allowance of land-lost farmers: an amount a month
// from the month after the pension's age on, without years, account or extras. It
// begins with the first row of the allowance. It returns policy.ErrNoRule where nobody
// decided about the allowance or the age.
func NewLandLost(rules *policy.Rules) (*Terms, error) {
	t := &Terms{ //nolint:exhaustruct // an allowance has no other rule
		rules:     rules,
		minimum:   read(rules, policy.LandLostAllowance, policy.Value.Amount),
		additions: decided[[]policy.Grant](rules, policy.BasePensionAdditions, nil),
		forYears:  decided[[]policy.Step](rules, policy.ExtraForYears, nil),
		forAge:    decided[[]policy.Step](rules, policy.ExtraForAge, nil),
		divisor:   decided(rules, policy.AccountDivisor, 1),
		rounding:  decided(rules, policy.AccountPensionRounding, policy.Rounding{Mode: policy.Down, Unit: 1}),
		payers:    read(rules, policy.BasePensionPayers, policy.Value.Shares),
		allowance: true,
	}
	if len(t.minimum.steps) == 0 {
		_, err := t.minimum.at(ever())
		return nil, err
	}
	first := &t.minimum.steps[0]
	t.start = &step[calendar.Day]{first.from, first.from, first.row}
	age := read(rules, policy.PensionAge, policy.Value.Number)
	if len(age.steps) == 0 {
		_, err := age.at(ever())
		return nil, err
	}
	for i := range age.steps {
		years := &step[int]{} //nolint:exhaustruct // none
		t.conditions = append(t.conditions, condition{age.steps[i].from, &age.steps[i], years})
	}
	return t, nil
}

// ever is a day after every rule.
func ever() calendar.Day { return calendar.MustDay("9999-12-31") }

// decided is a rule that takes no part, and so has no row; it holds since before any day.
func decided[T any](rules *policy.Rules, rule policy.Rule, value T) dated[T] {
	return dated[T]{rules, rule, []step[T]{{calendar.Day{}, value, nil}}}
}

// LeastOf is what everybody draws in a month at least: the minimum and its additions,
// or the allowance. It returns policy.ErrNoRule.
func (t *Terms) LeastOf(month calendar.Month) (*Pension, error) {
	first := month.First()
	p := &Pension{} //nolint:exhaustruct // the base alone
	if err := find(&p.minimum, &t.minimum, first); err != nil {
		return nil, err
	}
	if err := find(&p.additions, &t.additions, first); err != nil {
		return nil, err
	}
	p.addUp()
	return p, nil
}

// addUp is the base of a minimum and its additions.
func (p *Pension) addUp() {
	p.Base = p.minimum.value
	for _, g := range p.additions.value {
		p.Base += g.Amount
	}
}

// Leasts returns what everybody drew at least in a month by the rows before those that hold
// for it, those that a single decision parts from it first: what a month was paid at that a
// later decision raised. It is empty where no row came before.
func (t *Terms) Leasts(month calendar.Month) []*Pension {
	minimum, additions := t.minimum.upTo(month.First()), t.additions.upTo(month.First())
	var list []*Pension
	// Both rules together are back steps behind.
	for back := 1; back <= len(minimum)+len(additions)-2; back++ {
		for i := range minimum {
			j := back - i
			if j < 0 || j >= len(additions) {
				continue
			}
			p := &Pension{minimum: minimum[i], additions: additions[j]} //nolint:exhaustruct // the base alone
			p.addUp()
			list = append(list, p)
		}
	}
	return list
}

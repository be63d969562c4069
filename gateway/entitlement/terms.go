package entitlement

import (
	"slices"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/policy"
)

// Terms are the rules of one area, read once. They never change after New, and any
// number of goroutines may ask them.
type Terms struct {
	rules      *policy.Rules
	start      *step[calendar.Day]
	conditions []condition

	minimum     dated[money.Amount]
	additions   dated[[]policy.Grant]
	payers      dated[[]policy.Share]
	forYears    dated[[]policy.Step]
	forAge      dated[[]policy.Step]
	divisor     dated[int]
	rounding    dated[policy.Rounding]
	childLinked dated[bool]
	inheritance dated[policy.Heirs]

	final, provisional, demand yearly

	method           dated[policy.Method]
	interestRounding dated[policy.Rounding]
	drawnMonthEarns  dated[bool]
	order            dated[[]policy.Part]

	// allowance says that these are the terms of NewLandLost.
	allowance bool
}

// step is a value from a day on, with its row.
type step[T any] struct {
	from  calendar.Day
	value T
	row   *policy.Row
}

// dated is a rule as it holds from day to day, the oldest step first.
type dated[T any] struct {
	rules *policy.Rules
	rule  policy.Rule
	steps []step[T]
}

func read[T any](rules *policy.Rules, rule policy.Rule, value func(policy.Value) T) dated[T] {
	rows := rules.Timeline(rule)
	steps := make([]step[T], len(rows))
	for i := range rows {
		steps[i] = step[T]{rows[i].Since, value(rows[i].Value), &rows[i].Row}
	}
	return dated[T]{rules, rule, steps}
}

// at returns what holds on a day, or policy.ErrNoRule.
func (d *dated[T]) at(day calendar.Day) (*step[T], error) {
	for i := range slices.Backward(d.steps) {
		if !day.Before(d.steps[i].from) {
			return &d.steps[i], nil
		}
	}
	_, err := d.rules.Row(d.rule, day)
	return nil, err
}

// upTo returns what held up to a day, the newest first.
func (d *dated[T]) upTo(day calendar.Day) []*step[T] {
	var list []*step[T]
	for i := range slices.Backward(d.steps) {
		if !day.Before(d.steps[i].from) {
			list = append(list, &d.steps[i])
		}
	}
	return list
}

// yearly is a rule whose rows hold for the year in which they begin.
type yearly struct {
	rules *policy.Rules
	rule  policy.Rule
	years map[int]*step[policy.Rate]
}

func readYears(rules *policy.Rules, rule policy.Rule) yearly {
	all := read(rules, rule, policy.Value.Rate)
	years := make(map[int]*step[policy.Rate], len(all.steps))
	for i := range all.steps {
		years[all.steps[i].from.Year()] = &all.steps[i]
	}
	return yearly{rules, rule, years}
}

// of returns the rate of a year, or policy.ErrNoRule.
func (y *yearly) of(year int) (*step[policy.Rate], error) {
	if s, ok := y.years[year]; ok {
		return s, nil
	}
	return nil, policy.ErrNoRule.With("no rule %s is known for %s and the year %d: import it with its document",
		y.rule, policy.Whose(y.rules.Area()), year)
}

// condition is what a pension takes from a day on.
type condition struct {
	from       calendar.Day
	age, years *step[int]
}

// New reads the rules. It returns policy.ErrNoRule where nobody decided at which
// age, after how many years or from when on there are pensions; every other rule is
// asked for where it is needed.
func New(rules *policy.Rules) (*Terms, error) {
	t := &Terms{
		rules: rules, start: nil, conditions: nil,
		minimum:          read(rules, policy.BasePensionMinimum, policy.Value.Amount),
		additions:        read(rules, policy.BasePensionAdditions, policy.Value.Grants),
		payers:           read(rules, policy.BasePensionPayers, policy.Value.Shares),
		forYears:         read(rules, policy.ExtraForYears, policy.Value.Steps),
		forAge:           read(rules, policy.ExtraForAge, policy.Value.Steps),
		divisor:          read(rules, policy.AccountDivisor, policy.Value.Number),
		rounding:         read(rules, policy.AccountPensionRounding, policy.Value.Rounding),
		childLinked:      read(rules, policy.ChildLinked, policy.Value.Flag),
		inheritance:      read(rules, policy.Inheritance, policy.Value.Heirs),
		final:            readYears(rules, policy.InterestRate),
		provisional:      readYears(rules, policy.InterestRateProvisional),
		demand:           readYears(rules, policy.DemandRate),
		method:           read(rules, policy.InterestMethod, policy.Value.Method),
		interestRounding: read(rules, policy.InterestRounding, policy.Value.Rounding),
		drawnMonthEarns:  read(rules, policy.DrawnMonthEarns, policy.Value.Flag),
		order:            read(rules, policy.DrawingOrder, policy.Value.Order),
		allowance:        false,
	}
	starts := read(rules, policy.SchemeStart, policy.Value.Day)
	// When the scheme began is one fact, which the newest row states.
	last, err := starts.at(calendar.MustDay("9999-12-31"))
	if err != nil {
		return nil, err
	}
	t.start = last
	return t, t.readConditions()
}

// readConditions joins age and years into what holds from day to day.
func (t *Terms) readConditions() error {
	age := read(t.rules, policy.PensionAge, policy.Value.Number)
	years := read(t.rules, policy.PensionYears, policy.Value.Number)
	var days []calendar.Day
	for _, s := range slices.Concat(age.steps, years.steps) {
		days = append(days, s.from)
	}
	slices.SortFunc(days, calendar.Day.Compare)
	for _, day := range slices.Compact(days) {
		a, errAge := age.at(day)
		y, errYears := years.at(day)
		// Before both are known nobody can have met them.
		if errAge == nil && errYears == nil {
			t.conditions = append(t.conditions, condition{day, a, y})
		}
	}
	if len(t.conditions) > 0 {
		return nil
	}
	day := t.start.value
	if _, err := age.at(day); err != nil {
		return err
	}
	_, err := years.at(day)
	return err
}

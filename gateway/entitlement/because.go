package entitlement

import (
	"fmt"
	"strconv"
	"strings"

	"twoline/gateway/policy"
)

// Figure is what a Because explains, by its place in a statement.
type Figure string

// The figures.
const (
	FigureBalance  Figure = "account.balance"
	FigureInterest Figure = "account.interest"
	FigurePension  Figure = "pension"
	FigureFrom     Figure = "pension.from"
	FigureBase     Figure = "pension.base"
	FigureExtras   Figure = "pension.extras"
	FigureAccount  Figure = "pension.account"
	FigureTotal    Figure = "pension.total"
)

// Reason is what a Because says of its figure; whoever shows it has the words.
type Reason string

// The reasons.
const (
	// Opened is what the account held beside the payments.
	Opened Reason = "opening"
	// InterestOfYear and InterestOfYearProvisional are a year's interest by its rate.
	InterestOfYear            Reason = "interest_of_year"
	InterestOfYearProvisional Reason = "interest_of_year_provisional"
	// InterestAtDemand names the demand rate that money of the current year earned.
	InterestAtDemand Reason = "interest_at_demand"
	// InterestRounded is how each year's interest was rounded.
	InterestRounded Reason = "interest_rounded"
	// BalanceOfParts adds the four parts.
	BalanceOfParts Reason = "balance_of_parts"
	// AgeReached and AgeAhead tell the day of the pension's age.
	AgeReached Reason = "age_reached"
	AgeAhead   Reason = "age_ahead"
	// OfAgeAtStart is a member who was of age when the scheme began and owes no years.
	OfAgeAtStart Reason = "of_age_at_start"
	// FewerYearsToGo is a member who had fewer years to go than a pension takes.
	FewerYearsToGo Reason = "fewer_years_to_go"
	// YearsReached and YearsShort compare the years paid with those required.
	YearsReached Reason = "years_reached"
	YearsShort   Reason = "years_short"
	// YearsPaidOn is the day on which the last required year was paid.
	YearsPaidOn Reason = "years_paid_on"
	// MonthAfter is the first month of the pension.
	MonthAfter Reason = "month_after"
	// CouldBegin is the earliest month, once what is missing is paid or made up.
	CouldBegin Reason = "could_begin"
	// DrawsOther and ChildOwes are facts that keep a pension from being drawn.
	DrawsOther Reason = "other_pension"
	ChildOwes  Reason = "child_unpaid"
	// MinimumOfMonth and AdditionOfLevel make the base pension.
	MinimumOfMonth  Reason = "minimum"
	AdditionOfLevel Reason = "addition"
	// AllowanceOfMonth is what a land-lost farmer of age draws.
	AllowanceOfMonth Reason = "allowance"
	// ForYears and ForAge are the extras.
	ForYears Reason = "extra_for_years"
	ForAge   Reason = "extra_for_age"
	// AccountDivided is the account's pension, AccountRounded how it was rounded.
	AccountDivided Reason = "account_divided"
	AccountRounded Reason = "account_rounded"
	// AccountFixed is another amount than that, which was fixed when the pension began.
	AccountFixed Reason = "account_fixed"
	// SubsidyAfterStart is what came later for years up to that of the start.
	SubsidyAfterStart Reason = "subsidy_after_start"
	// Added is the total.
	Added Reason = "total"
)

// Because is one rule or fact behind a figure.
type Because struct {
	Figure Figure
	Reason Reason
	// Row is the rule, with its area, first day and document; nil for a fact or a sum.
	Row *policy.Row
	// Sum is the arithmetic, such as "13900.00 ÷ 139 = 100.00".
	Sum string
}

// Because lists what stands behind the statement's figures, in the order in which
// they were found.
func (s *Statement) Because() ([]Because, error) {
	var list because
	account, err := s.terms.account(&s.history, s.Account.To, true)
	if err != nil {
		return nil, err
	}
	if !s.terms.allowance {
		list.account(&account, &s.history)
	}
	list.start(s)
	if s.Pension != nil {
		list.pension(s)
	}
	return list, nil
}

type because []Because

func (l *because) add(figure Figure, reason Reason, row *policy.Row, format string, args ...any) {
	*l = append(*l, Because{figure, reason, row, fmt.Sprintf(format, args...)})
}

func (l *because) account(a *Account, h *History) {
	if h.Opening.Total() > 0 {
		at := a.To
		if !h.OpenedAt.IsZero() {
			at = h.OpenedAt
		}
		l.add(FigureBalance, Opened, nil, "%s: %s", at, h.Opening.Total())
	}
	var rounded *policy.Row
	for _, y := range a.Years {
		row, reason := y.Rate, InterestOfYear
		if y.Provisional {
			reason = InterestOfYearProvisional
		}
		if row == nil {
			row, reason = y.Demand, InterestAtDemand
		}
		l.add(FigureInterest, reason, row, "%d: %s = %s", y.Year, y.sum(), y.Interest)
		if y.Demand != nil && y.Rate != nil {
			l.add(FigureInterest, InterestAtDemand, y.Demand, "%d: %s", y.Year, y.Demand.Value)
		}
		if y.Rounding != rounded {
			rounded = y.Rounding
			l.add(FigureInterest, InterestRounded, rounded, "%s", rounded.Value)
		}
	}
	l.add(FigureBalance, BalanceOfParts, nil, "%s: %s + %s + %s + %s = %s", a.To, a.Individual, a.Collective, a.Subsidy,
		a.Interest, a.Total())
}

// sum is the arithmetic of a year's interest.
func (y *Year) sum() string {
	var b strings.Builder
	for i, t := range y.terms {
		switch {
		case t.amount < 0:
			b.WriteString(" − ")
		case i > 0:
			b.WriteString(" + ")
		}
		rate := y.Rate
		if t.current && y.Demand != nil {
			rate = y.Demand
		}
		fmt.Fprintf(&b, "%s × %s × %d/12", max(t.amount, -t.amount), rate.Value, t.months)
	}
	return strings.TrimPrefix(b.String(), " ")
}

func (l *because) start(s *Statement) {
	st := &s.start
	age := AgeReached
	if st.ageOn.After(s.AsOf.Last()) {
		age = AgeAhead
	}
	l.add(FigureFrom, age, st.condition.age.row, "%s + %d = %s", s.member.Birth, st.condition.age.value, st.ageOn)
	begun := s.terms.start
	switch {
	case s.terms.allowance:
	case st.ofAge:
		l.add(FigureFrom, OfAgeAtStart, begun.row, "%s ≤ %s", st.ageOn, begun.value)
	case st.transition:
		l.add(FigureFrom, FewerYearsToGo, begun.row, "%s: %d", begun.value, st.toGo)
	}
	l.years(s)
	switch s.Missing {
	case Nothing:
		l.add(FigureFrom, MonthAfter, nil, "%s + 1 = %s", st.day.Month(), s.Pension.From)
	case OtherPension:
		l.add(FigurePension, DrawsOther, nil, "%s", s.AsOf)
	case ChildUnpaid:
		// It was found a moment ago, so it is there.
		if linked, err := s.terms.childLinked.at(s.AsOf.First()); err == nil {
			l.add(FigurePension, ChildOwes, linked.row, "%s", s.AsOf)
		}
	case MissingYears, MissingAge:
		l.add(FigurePension, CouldBegin, nil, "%s", s.Earliest)
	}
}

func (l *because) years(s *Statement) {
	st := &s.start
	if st.ofAge || s.terms.allowance {
		return
	}
	row := st.condition.years.row
	if st.paid < st.required {
		l.add(FigureFrom, YearsShort, row, "%d < %d", st.paid, st.required)
		return
	}
	l.add(FigureFrom, YearsReached, row, "%d ≥ %d", st.paid, st.required)
	if !st.paidOn.IsZero() && !st.paidOn.Before(st.ageOn) {
		l.add(FigureFrom, YearsPaidOn, nil, "%s", st.paidOn)
	}
}

func (l *because) pension(s *Statement) {
	p := s.Pension
	if s.terms.allowance {
		l.add(FigureBase, AllowanceOfMonth, p.minimum.row, "%s", p.minimum.value)
		return
	}
	words := l.base(s)
	l.add(FigureAccount, AccountDivided, p.divisor.row, "%s ÷ %d = %s", s.Account.Total(), p.divisor.value,
		p.reckoned-p.Risen)
	l.add(FigureAccount, AccountRounded, p.rounding.row, "%s", p.rounding.row.Value)
	if p.Subsidies > 0 {
		l.add(FigureAccount, SubsidyAfterStart, p.divisor.row, "%s ÷ %d = %s", p.Subsidies, p.divisor.value, p.Risen)
	}
	if !p.FixedIn.IsZero() {
		l.add(FigureAccount, AccountFixed, nil, "%s: %s", p.FixedIn, p.Account)
	}
	l.add(FigureTotal, Added, nil, "%s = %s", strings.Join(append(words, p.Account.String()), " + "), p.Total)
}

// base tells of the base pension, and returns what of it is added up: nothing where a child stops it.
func (l *because) base(s *Statement) []string {
	p := s.Pension
	if s.Missing == ChildUnpaid {
		return nil
	}
	words := []string{p.Base.String()}
	l.add(FigureBase, MinimumOfMonth, p.minimum.row, "%s", p.minimum.value)
	for _, g := range p.additions.value {
		l.add(FigureBase, AdditionOfLevel, p.additions.row, "%s: %s", g.Level, g.Amount)
	}
	if p.ExtraYears > 0 {
		sum := forYearsSum(p.forYears.value, s.start.paid)
		l.add(FigureExtras, ForYears, p.forYears.row, "%s = %s", sum, p.ExtraYears)
		words = append(words, p.ExtraYears.String())
	}
	if p.ExtraAge > 0 {
		step := forAge(p.forAge.value, s.member.Birth, s.AsOf)
		l.add(FigureExtras, ForAge, p.forAge.row, "%s + %d: %s", s.member.Birth, step.From, step.Amount)
		words = append(words, p.ExtraAge.String())
	}
	return words
}

// forYearsSum is the arithmetic of the extra for years.
func forYearsSum(steps []policy.Step, years int) string {
	var words []string
	for i, s := range steps {
		if n := yearsOf(s, steps[i+1:], years); n > 0 {
			words = append(words, strconv.Itoa(n)+" × "+s.Amount.String())
		}
	}
	return strings.Join(words, " + ")
}

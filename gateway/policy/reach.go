package policy

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"twoline/gateway/calendar"
	"twoline/gateway/party"
)

// Reach says which months' pensions a rule decides, so that a row from a day in the
// past is known to touch months that were paid.
type Reach int

const (
	// NoMonth is the reach of a rule that decides no month's pension.
	NoMonth Reach = iota
	// ItsMonths are those on whose first day a row holds.
	ItsMonths
	// LaterMonths are all from the first one on, of pensions that are not awarded yet: what a
	// pension was fixed at when it was awarded, it stays, by the rate that was known then.
	LaterMonths
)

// Reach says which months' pensions a row of the rule decides.
func (r Rule) Reach() Reach {
	switch r {
	case BasePensionMinimum, BasePensionAdditions, ExtraForYears, ExtraForAge, ChildLinked, LandLostAllowance:
		return ItsMonths
	case AccountDivisor, AccountPensionRounding, PensionAge, PensionYears, SchemeStart, InterestRate,
		InterestRateProvisional, DemandRate, InterestMethod, InterestRounding:
		return LaterMonths
	case CollectionMode, IncomeZeroAtMonthEnd, ContributionTiers, CollectionCutoff, ArrivalSuspenseDays,
		PayDay, HandoverDays, DraftDays, AccountChangeHoldDays, AmountReviewThreshold, SharedAccountHolds,
		ReturnBooking, WorkAlarmMinutes, BreakDueDays, IncidentOrdinary, IncidentMajor, WriteOffLimit,
		ClaimDays, BreakAgeDays, ContributionSubsidies, ContributionSubsidyPayers, BasePensionPayers,
		BasePensionExtraPayers, SubsidyWarningDays, CertificationCycle, CertificationScreen, TransferStepDays,
		GovernmentPaidGroups, AidLimited, PensionerStays,
		DrawnMonthEarns, DrawingOrder, Funeral, Inheritance, BackPayPolicy, SurplusRemittance:
		return NoMonth
	}
	return NoMonth
}

// Touches says that a row which holds until a day, that one not included, decides the
// pension of a month. A zero until is no end.
func (r Row) Touches(month calendar.Month, until calendar.Day) bool {
	first := month.First()
	began := !first.Before(r.since())
	switch r.Rule.Reach() {
	case ItsMonths:
		return began && (until.IsZero() || first.Before(until))
	case LaterMonths:
		return began
	case NoMonth:
		return false
	}
	return false
}

// Digest is the SHA-256 over rows that a computation may rest on. It changes with a row that
// comes or is superseded.
func (r *Rules) Digest(of func(Row) bool) [sha256.Size]byte {
	h := sha256.New()
	for _, rule := range All() {
		for _, area := range slices.Compact([]party.Area{nation, r.area}) {
			for _, row := range r.rows[key{area, rule}] {
				if of(row) {
					h.Write(fmt.Appendf(nil, "%s %d %s %d %s\n", rule, area, row.From, row.Round, row.Value))
				}
			}
		}
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// OfMonths says of a row that a pension of the month or of one before may rest on it.
func OfMonths(upto calendar.Month) func(Row) bool {
	return func(r Row) bool { return r.Rule.Reach() != NoMonth && !r.since().After(upto.Last()) }
}

// OfInterest says of a row that a year's interest, at the final or the provisional rate, may
// rest on it.
func OfInterest(year int, provisional bool) func(Row) bool {
	rate := InterestRate
	if provisional {
		rate = InterestRateProvisional
	}
	rules := []Rule{rate, DemandRate, InterestMethod, InterestRounding, DrawnMonthEarns}
	return func(r Row) bool { return r.From.Year() <= year && slices.Contains(rules, r.Rule) }
}

// Credited is what a year brought to personal accounts.
type Credited struct {
	Year int
	// By is the rule whose value was taken: InterestRate, or InterestRateProvisional where no
	// final rate was credited yet, or ContributionSubsidies.
	By Rule
	// On is the day whose rules were taken.
	On calendar.Day
}

// YearsOf returns, rising, the years among those credited that a row which holds until a
// day, that one not included, decides. A zero until is no end. What interest a year gave
// earns in the years after it, so those are decided too.
func (r Row) YearsOf(credited []Credited, until calendar.Day) []int {
	first := 0
	var years []int
	for _, c := range credited {
		if !r.decides(c, until) {
			continue
		}
		years = append(years, c.Year)
		if first == 0 || c.Year < first {
			first = c.Year
		}
	}
	for _, c := range credited {
		if first != 0 && r.Rule != ContributionSubsidies && c.By != ContributionSubsidies && c.Year > first {
			years = append(years, c.Year)
		}
	}
	slices.Sort(years)
	return slices.Compact(years)
}

// decides says that a year was credited by the row itself.
func (r Row) decides(c Credited, until calendar.Day) bool {
	holds := !c.On.Before(r.since()) && (until.IsZero() || c.On.Before(until))
	switch {
	case r.Rule == ContributionSubsidies, r.Rule == InterestRate, r.Rule == InterestRateProvisional:
		return c.By == r.Rule && holds
	case c.By == ContributionSubsidies:
		return false
	case r.Rule == DrawnMonthEarns:
		// It is asked month by month.
		return c.On.Year() >= r.From.Year() && (until.IsZero() || c.On.Year() <= until.AddDays(-1).Year())
	}
	return (r.Rule == DemandRate || r.Rule == InterestMethod || r.Rule == InterestRounding) && holds
}

// since is the first day on which the row holds: of a year's rule the year's first.
func (r Row) since() calendar.Day {
	if !r.Rule.Yearly() {
		return r.From
	}
	return r.From.Month().Add(1 - r.From.Month().Number()).First()
}

// Span is a row with the days on which it holds.
type Span struct {
	Row

	// Since is the first day, Until the one after the last; zero where none is known.
	Since, Until calendar.Day
}

// Spans returns the rows of Timeline with the days on which they hold. A yearly rule
// holds for its year alone, so that days may lie between two of its rows.
func (r *Rules) Spans(rule Rule) []Span {
	rows := r.Timeline(rule)
	spans := make([]Span, 0, len(rows))
	for i, row := range rows {
		span := Span{Row: row.Row, Since: row.Since, Until: calendar.Day{}}
		if rule.Yearly() {
			span.Since = row.since()
		}
		last := i+1 == len(rows)
		switch {
		case rule.Yearly() && !last && rows[i+1].since() == span.Since:
			continue // The nation's row of a year for which the area has its own.
		case rule.Yearly():
			span.Until = span.Since.AddMonths(12)
		case !last:
			span.Until = rows[i+1].Since
		}
		spans = append(spans, span)
	}
	return spans
}

// SpanOn returns what holds for a rule on a day, and false where nobody has decided.
func (r *Rules) SpanOn(rule Rule, day calendar.Day) (Span, bool) {
	for _, s := range r.Spans(rule) {
		if !day.Before(s.Since) && (s.Until.IsZero() || day.Before(s.Until)) {
			return s, true
		}
	}
	return Span{}, false //nolint:exhaustruct // none
}

package policy

import "twoline/gateway/calendar"

// Reach says which months' pensions a rule decides, so that a row from a day in the
// past is known to touch months that were paid.
type Reach int

const (
	// NoMonth is the reach of a rule that decides no month's pension.
	NoMonth Reach = iota
	// ItsMonths are those on whose first day a row holds.
	ItsMonths
	// LaterMonths are all from the first one on: what a pension was when it began, it stays.
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
		span := Span{Row: row, Since: row.since(), Until: calendar.Day{}}
		last := i+1 == len(rows)
		switch {
		case rule.Yearly() && !last && rows[i+1].since() == span.Since:
			continue // The nation's row of a year for which the area has its own.
		case rule.Yearly():
			span.Until = span.Since.AddMonths(12)
		case !last:
			span.Until = rows[i+1].From
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

package policy

import (
	"fmt"
	"slices"

	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// nation is the area number of the nation's rows.
const nation party.Area = 0

// The refusals.
var (
	// ErrNoRule is returned where neither the area nor the nation has a row.
	ErrNoRule = fault.New(fault.Unprocessable, "no_rule", "no rule is known for this area and day")
	// ErrRows is returned by New for rows that contradict themselves.
	ErrRows = fault.New(fault.Internal, "policy_rows", "the rows of the rules contradict themselves")
)

// Row is one decision: from a day on, in an area, by a document.
type Row struct {
	// Area is the pooling area, or 0 for the nation.
	Area party.Area
	Rule Rule
	// From is the first day on which the value holds.
	From  calendar.Day
	Value Value
	// Document names where the decision is written.
	Document string
	// Round counts how often the row of this rule and day was superseded before: 0 is the
	// one that was decided first.
	Round int
}

// Supersedes says that the row took the place of one that was wrong from its first day.
func (r Row) Supersedes() bool { return r.Round > 0 }

// Rules are all rows that one area can read. They never change after New, and
// any number of goroutines may ask them.
type Rules struct {
	area party.Area
	rows map[key][]Row
}

type key struct {
	area party.Area
	rule Rule
}

// New takes the rows of the area and of the nation, in any order. A row of
// another area, without a value of its own rule or without a document, or two
// rows of one day are ErrRows.
func New(area party.Area, rows []Row) (*Rules, error) {
	r := &Rules{area: area, rows: make(map[key][]Row)}
	for _, row := range rows {
		if row.Area != area && row.Area != nation || row.Value.rule != row.Rule || row.Rule == "" ||
			row.From.IsZero() || row.Document == "" {
			return nil, ErrRows.With("rule %s of area %s from %s is incomplete or another's", row.Rule, row.Area,
				row.From)
		}
		k := key{row.Area, row.Rule}
		r.rows[k] = append(r.rows[k], row)
	}
	for k, list := range r.rows {
		slices.SortFunc(list, func(a, b Row) int { return a.From.Compare(b.From) })
		for i := range list[1:] {
			if list[i].From == list[i+1].From {
				return nil, ErrRows.With("rule %s of area %s stands twice from %s", k.rule, k.area, list[i].From)
			}
			if k.rule.Yearly() && list[i].From.Year() == list[i+1].From.Year() {
				return nil, ErrRows.With("rule %s of area %s stands twice for the year %d", k.rule, k.area,
					list[i].From.Year())
			}
		}
	}
	return r, nil
}

// Area returns the area that the rules are read for.
func (r *Rules) Area() party.Area { return r.area }

// Row returns what holds for a rule on a day, with its document, or ErrNoRule. It is the area's own
// row; the nation's only where the area has none, or where the rule is a least amount and the
// nation's is higher on the day.
func (r *Rules) Row(rule Rule, day calendar.Day) (Row, error) {
	own, decided := newest(r.rows[key{r.area, rule}], day)
	if decided && !rule.Least() {
		return own, nil
	}
	nations, known := newest(r.rows[key{nation, rule}], day)
	switch {
	case decided && (!known || own.Value.amount >= nations.Value.amount):
		return own, nil
	case known:
		return nations, nil
	}
	return Row{}, ErrNoRule.With("no rule %s is known for %s on %s: import it with its document", rule,
		Whose(r.area), day)
}

// Whose names in words who decides: the nation, or an area by its number.
func Whose(area party.Area) string {
	if area == nation {
		return "the nation"
	}
	return "area " + area.String()
}

// newest is the last row of a list that begins on a day or before it.
func newest(list []Row, day calendar.Day) (Row, bool) {
	for _, row := range slices.Backward(list) {
		if !day.Before(row.From) {
			return row, true
		}
	}
	return Row{}, false //nolint:exhaustruct // none
}

// Timeline returns the rows of a rule that hold one after another, the oldest first:
// the nation's until the area's own first, then the area's own; of a least amount on each day the
// higher of the two. It is empty where nobody has decided.
func (r *Rules) Timeline(rule Rule) []Held {
	own := r.rows[key{r.area, rule}]
	nations := r.rows[key{nation, rule}]
	if r.area == nation {
		own = nil
	}
	var days []calendar.Day
	for _, row := range nations {
		if len(own) == 0 || rule.Least() || row.From.Before(own[0].From) {
			days = append(days, row.From)
		}
	}
	for _, row := range own {
		days = append(days, row.From)
	}
	slices.SortFunc(days, calendar.Day.Compare)
	var rows []Held
	for _, day := range slices.Compact(days) {
		// Some row begins on the day, so one holds.
		row, err := r.Row(rule, day)
		if n := len(rows); err == nil && (n == 0 || rows[n-1].Area != row.Area || rows[n-1].From != row.From) {
			rows = append(rows, Held{row, day})
		}
	}
	return rows
}

// Held is a row with the first day on which it holds: its own, or, where the nation's is higher than
// what the area decided instead, that of the area's.
type Held struct {
	Row

	Since calendar.Day
}

// TiersOfYear returns every amount that was a tier on some day of the year, in
// rising order: a rule that changes in July serves both who chose before and
// who chose after. ErrNoRule where there was none on any day.
func (r *Rules) TiersOfYear(year int) ([]money.Amount, error) {
	first, err := calendar.Date(year, 1, 1)
	if err != nil {
		return nil, fmt.Errorf("tiers of year %d: %w", year, err)
	}
	last := first.AddMonths(11).Month().Last()
	var tiers []money.Amount
	for day := last; ; {
		row, err := r.Row(ContributionTiers, day)
		if err != nil {
			break
		}
		tiers = append(tiers, row.Value.tiers...)
		if !first.Before(row.From) {
			break
		}
		day = row.From.AddDays(-1)
	}
	if len(tiers) == 0 {
		_, err := r.Row(ContributionTiers, last)
		return nil, err
	}
	slices.Sort(tiers)
	return slices.Compact(tiers), nil
}

// At returns the rules as they hold on a day.
func (r *Rules) At(day calendar.Day) View { return View{rules: r, day: day} }

// View reads the rules of one day. Every method returns ErrNoRule where neither
// the area nor the nation has decided.
type View struct {
	rules *Rules
	day   calendar.Day
}

// CollectionMode returns who collects.
func (v View) CollectionMode() (Mode, error) {
	row, err := v.rules.Row(CollectionMode, v.day)
	return Mode(row.Value.word), err
}

// IncomeZeroAtMonthEnd says whether a month with money left on the income
// account is refused to close.
func (v View) IncomeZeroAtMonthEnd() (bool, error) {
	row, err := v.rules.Row(IncomeZeroAtMonthEnd, v.day)
	return row.Value.flag, err
}

// ContributionTiers returns the yearly amounts that may be chosen on the day, rising.
func (v View) ContributionTiers() ([]money.Amount, error) {
	row, err := v.rules.Row(ContributionTiers, v.day)
	return slices.Clone(row.Value.tiers), err
}

// CollectionCutoff returns the last day of the day's own year on which its
// contribution is taken.
func (v View) CollectionCutoff() (calendar.Day, error) {
	row, err := v.rules.Row(CollectionCutoff, v.day)
	if err != nil {
		return calendar.Day{}, err
	}
	return row.Value.cutoff.In(v.day.Year()), nil
}

// BreakAgeDays returns how many calendar days old a break may be where its month
// closes.
func (v View) BreakAgeDays() (int, error) {
	row, err := v.rules.Row(BreakAgeDays, v.day)
	return row.Value.number, err
}

// ArrivalSuspenseDays returns how many working days arrived money waits for the
// result that explains it.
func (v View) ArrivalSuspenseDays() (int, error) {
	row, err := v.rules.Row(ArrivalSuspenseDays, v.day)
	return row.Value.number, err
}

// PayDay returns the day of the month, 1 to 28, by which benefits are in place.
// Where that is no working day it is the working day before: calendar.WorkingDays
// tells it.
func (v View) PayDay() (int, error) {
	row, err := v.rules.Row(PayDay, v.day)
	return row.Value.number, err
}

// HandoverDays returns how many working days before the pay day the bank must
// hold money and list.
func (v View) HandoverDays() (int, error) {
	row, err := v.rules.Row(HandoverDays, v.day)
	return row.Value.number, err
}

// DraftDays returns how many working days before its hand-over the regular pay
// run of a month is due to be drafted.
func (v View) DraftDays() (int, error) {
	row, err := v.rules.Row(DraftDays, v.day)
	return row.Value.number, err
}

// SubsidyWarningDays returns how many working days before the hand-over of a month
// government's money for its base pensions is asked for.
func (v View) SubsidyWarningDays() (int, error) {
	row, err := v.rules.Row(SubsidyWarningDays, v.day)
	return row.Value.number, err
}

// WorkAlarmMinutes returns after how many minutes background work that is not done
// is told as stuck.
func (v View) WorkAlarmMinutes() (int, error) {
	row, err := v.rules.Row(WorkAlarmMinutes, v.day)
	return row.Value.number, err
}

// AccountChangeHoldDays returns how many calendar days benefits wait after their
// account was replaced.
func (v View) AccountChangeHoldDays() (int, error) {
	row, err := v.rules.Row(AccountChangeHoldDays, v.day)
	return row.Value.number, err
}

// AmountReviewThreshold returns the amount above which a benefit is looked at first.
func (v View) AmountReviewThreshold() (money.Amount, error) {
	row, err := v.rules.Row(AmountReviewThreshold, v.day)
	return row.Value.amount, err
}

// SharedAccountHolds says whether benefits to an account of several members are held.
func (v View) SharedAccountHolds() (bool, error) {
	row, err := v.rules.Row(SharedAccountHolds, v.day)
	return row.Value.flag, err
}

// ReturnPolicy returns where a returned benefit stands until it is paid again.
func (v View) ReturnPolicy() (ReturnPolicy, error) {
	row, err := v.rules.Row(ReturnBooking, v.day)
	return ReturnPolicy(row.Value.word), err
}

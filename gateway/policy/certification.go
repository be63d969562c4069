package policy

import (
	"errors"
	"strings"

	"twoline/gateway/calendar"
)

// The rules of proofs of life and of members who move.
const (
	// CertificationScreen says whether who is overdue is held. An area whose certifications are
	// kept elsewhere says false.
	CertificationScreen Rule = "certification_screen"
	// CertificationCycle is how long a certification holds.
	CertificationCycle Rule = "certification_cycle"
	// TransferStepDays is how many working days each step of a member's transfer may take.
	TransferStepDays Rule = "transfer_step_days"
	// PensionerStays says whether who draws a pension cannot move to the employee scheme, or from it.
	PensionerStays Rule = "pensioner_stays"
)

// ErrCycle says what a value of CertificationCycle must be.
var ErrCycle = errors.New("value must be calendar_year, where everybody certifies once in each year, or months:N of " +
	"1 to 60 after each one's last certification, such as months:12")

const (
	calendarYear = "calendar_year"
	cycleMonths  = "months:"
	// maxCycle is five years.
	maxCycle = 60
)

func parseCycle(s string) (Value, bool) {
	if s == calendarYear {
		return Value{}, true
	}
	text, months := strings.CutPrefix(s, cycleMonths)
	n, ok := wholeNumber(text, 1, maxCycle)
	return Value{number: n}, months && ok
}

func cycleText(v Value) string {
	if v.number == 0 {
		return calendarYear
	}
	return cycleMonths + numberText(v)
}

// Cycle is how long certifications hold, on the days from Since until Until, that one not
// included. A zero Until is no end.
type Cycle struct {
	Since, Until calendar.Day
	// Months is each member's own cycle; 0 is the calendar year, which ends with the next one.
	Months int
}

// After returns the last day by which who certified on a day certifies again.
func (c Cycle) After(day calendar.Day) calendar.Day {
	if c.Months > 0 {
		return day.AddMonths(c.Months)
	}
	month := day.Month()
	return month.Add(24 - month.Number()).Last()
}

// CertificationCycles returns the cycles that hold one after another, the oldest first. The
// first one also holds before it. ErrNoRule where nobody has decided.
func (r *Rules) CertificationCycles() ([]Cycle, error) {
	spans := r.Spans(CertificationCycle)
	if len(spans) == 0 {
		_, err := r.Row(CertificationCycle, calendar.Day{})
		return nil, err
	}
	cycles := make([]Cycle, len(spans))
	for i, s := range spans {
		cycles[i] = Cycle{Since: s.Since, Until: s.Until, Months: s.Value.number}
	}
	return cycles, nil
}

// CertificationDue returns the last day by which who certified on a day certifies again, by
// cycles as CertificationCycles returns them. A cycle ends by the rule that holds when it ends:
// where a day lies after its rule's last one, the next rule tells it, and nobody falls due by
// a rule before that holds.
func CertificationDue(cycles []Cycle, on calendar.Day) calendar.Day {
	var due calendar.Day
	for _, c := range cycles {
		if !c.Until.IsZero() && !on.Before(c.Until) {
			continue
		}
		if due = c.After(on); due.Before(c.Since) {
			due = c.Since
		}
		if c.Until.IsZero() || due.Before(c.Until) {
			break
		}
	}
	return due
}

// CertificationScreen says whether who is overdue on the day is held, and since when without a
// break that has been so.
func (v View) CertificationScreen() (since calendar.Day, holds bool, err error) {
	row, err := v.rules.Row(CertificationScreen, v.day)
	if err != nil || !row.Value.flag {
		return since, false, err
	}
	for _, s := range v.rules.Spans(CertificationScreen) {
		switch {
		case v.day.Before(s.Since):
			return since, true, nil
		case !s.Value.flag:
			since = calendar.Day{}
		case since.IsZero():
			since = s.Since
		}
	}
	return since, true, nil
}

// PensionersStay says whether nobody who draws a pension moves to the employee scheme, or from it, on the day.
func (v View) PensionersStay() (bool, error) {
	row, err := v.rules.Row(PensionerStays, v.day)
	return row.Value.flag, err
}

// TransferStepDays returns how many working days a step may take that follows one of the day.
func (v View) TransferStepDays() (int, error) {
	row, err := v.rules.Row(TransferStepDays, v.day)
	return row.Value.number, err
}

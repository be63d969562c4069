package policy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"twoline/gateway/money"
)

// BreakDue is within how many working days a break of a class must end, from an
// amount on.
type BreakDue struct {
	// Class is 0 to 7, as banks and treasuries number disagreements.
	Class int
	From  money.Amount
	Days  int
}

// ErrDues says what a value of BreakDueDays must be.
var ErrDues = errors.New("value must be class:amount:days in rising order, separated by one blank, each class of " +
	"0 2 3 4 5 6 from 0.00 on")

// ErrLimit says what a value of WriteOffLimit must be.
var ErrLimit = errors.New("value must be an amount of yuan from zero")

// defaultDues give timing ten working days, what is wrong or unknown three, and one
// where it is an incident.
const defaultDues = "0:0.00:10 2:0.00:3 2:10000.00:1 3:0.00:3 3:10000.00:1 4:0.00:3 4:10000.00:1 5:0.00:3 " +
	"5:10000.00:1 6:0.00:10"

// brokenClasses are those that a break may be of: in the others both sides agree.
func brokenClasses() []int { return []int{0, 2, 3, 4, 5, 6} }

func parseDues(s string) (Value, bool) {
	var dues []BreakDue
	for word := range strings.SplitSeq(s, " ") {
		d, ok := parseDue(word)
		if n := len(dues); !ok || n > 0 && !d.follows(dues[n-1]) {
			return Value{}, false
		}
		dues = append(dues, d)
	}
	for _, class := range brokenClasses() {
		if !slices.ContainsFunc(dues, func(d BreakDue) bool { return d.Class == class && d.From == 0 }) {
			return Value{}, false
		}
	}
	return Value{dues: dues}, true
}

// follows says that d stands after another one in rising order.
func (d BreakDue) follows(other BreakDue) bool {
	return cmp.Or(cmp.Compare(d.Class, other.Class), cmp.Compare(d.From, other.From)) > 0
}

func parseDue(word string) (BreakDue, bool) {
	parts := strings.Split(word, ":")
	if len(parts) != 3 {
		return BreakDue{}, false
	}
	class, known := wholeNumber(parts[0], 0, 7)
	from, err := money.Parse(parts[1])
	days, ok := wholeNumber(parts[2], 0, maxDays)
	known = known && slices.Contains(brokenClasses(), class)
	return BreakDue{Class: class, From: from, Days: days}, known && ok && err == nil && from >= 0
}

func duesText(v Value) string {
	return join(v.dues, func(d BreakDue) string { return fmt.Sprintf("%d:%s:%d", d.Class, d.From, d.Days) })
}

// BreakRules are what an area decided about breaks.
type BreakRules struct {
	dues []BreakDue
	// Ordinary and Major are the amounts from which on a break is an incident.
	Ordinary, Major money.Amount
	// WriteOff is the most that may be written off; 0 is never.
	WriteOff money.Amount
	// ClaimDays is how many working days a bank has to answer a letter.
	ClaimDays int
}

// DueDays is within how many working days a break must end.
func (r BreakRules) DueDays(class int, amount money.Amount) int {
	days := 0
	for _, d := range r.dues {
		if d.Class == class && amount >= d.From {
			days = d.Days
		}
	}
	return days
}

// Breaks returns what holds for breaks.
func (v View) Breaks() (BreakRules, error) {
	var out BreakRules
	due, err := v.rules.Row(BreakDueDays, v.day)
	if err != nil {
		return out, err
	}
	ordinary, err := v.rules.Row(IncidentOrdinary, v.day)
	if err != nil {
		return out, err
	}
	major, err := v.rules.Row(IncidentMajor, v.day)
	if err != nil {
		return out, err
	}
	limit, err := v.rules.Row(WriteOffLimit, v.day)
	if err != nil {
		return out, err
	}
	claim, err := v.rules.Row(ClaimDays, v.day)
	return BreakRules{
		dues: slices.Clone(due.Value.dues), Ordinary: ordinary.Value.amount, Major: major.Value.amount,
		WriteOff: limit.Value.amount, ClaimDays: claim.Value.number,
	}, err
}

package policy

import (
	"errors"
	"slices"
	"strings"

	"twoline/gateway/calendar"
)

// GovernmentPaidGroups are the groups of members for whom the government pays the lowest tier
// of a year, by the rule of the year's last day.
const GovernmentPaidGroups Rule = "government_paid_groups"

// ErrGroups says what a value of GovernmentPaidGroups must be.
var ErrGroups = errors.New("value must be names of groups of at most 40 letters a to z and _, each once, separated " +
	"by one blank, such as severely_disabled low_income")

const maxGroup = 40

func parseGroups(s string) (Value, bool) {
	groups := strings.Split(s, " ")
	for i, g := range groups {
		if g == "" || len(g) > maxGroup || strings.Trim(g, "abcdefghijklmnopqrstuvwxyz_") != "" ||
			slices.Contains(groups[:i], g) {
			return Value{}, false
		}
	}
	return Value{groups: groups}, true
}

func groupsText(v Value) string { return strings.Join(v.groups, " ") }

// PaidGroups returns the groups for whose members the government pays a year.
func (r *Rules) PaidGroups(year int) ([]string, error) {
	last, err := calendar.Date(year, 12, 31)
	if err != nil {
		return nil, err //nolint:wrapcheck // names the day
	}
	row, err := r.Row(GovernmentPaidGroups, last)
	return slices.Clone(row.Value.groups), err
}

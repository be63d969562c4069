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

// AidLimited says whether the collective aid and sponsorship of a member for a year are at most the
// area's highest tier, by the rule of the year's last day.
const AidLimited Rule = "aid_limited"

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
	row, err := r.atYearEnd(GovernmentPaidGroups, year)
	return slices.Clone(row.Value.groups), err
}

// AidLimited says whether aid for a member and year is at most the highest tier.
func (r *Rules) AidLimited(year int) (bool, error) {
	row, err := r.atYearEnd(AidLimited, year)
	return row.Value.flag, err
}

func (r *Rules) atYearEnd(rule Rule, year int) (Row, error) {
	last, err := calendar.Date(year, 12, 31)
	if err != nil {
		return Row{}, err //nolint:wrapcheck,exhaustruct // names the day; none
	}
	return r.Row(rule, last)
}

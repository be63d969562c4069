package policy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/calendar"
	"twoline/gateway/policy"
)

// A row decides the years that were credited by it, and of interest those after them.
func TestYearsThatARowDecides(t *testing.T) {
	t.Parallel()
	year := func(year int, by policy.Rule) policy.Credited {
		on, err := calendar.Date(year, 12, 31)
		if err != nil {
			t.Fatal(err)
		}
		return policy.Credited{Year: year, By: by, On: on}
	}
	credited := []policy.Credited{
		year(2016, policy.ContributionSubsidies), year(2016, policy.InterestRate), year(2017, policy.ContributionSubsidies),
		year(2017, policy.InterestRate), year(2018, policy.InterestRateProvisional),
	}
	for _, tt := range []struct {
		rule        policy.Rule
		from, value string
		until       string
		want        []int
	}{
		{policy.InterestRate, "2016-03-01", "2%", "2017-01-01", []int{2016, 2017, 2018}},
		{policy.InterestRate, "2017-01-01", "2%", "2018-01-01", []int{2017, 2018}},
		// The year's final rate is not credited yet.
		{policy.InterestRate, "2018-01-01", "2%", "2019-01-01", nil},
		{policy.InterestRateProvisional, "2018-01-01", "2%", "2019-01-01", []int{2018}},
		// What was credited at the final rate no longer rests on it.
		{policy.InterestRateProvisional, "2017-01-01", "2%", "2018-01-01", nil},
		{policy.DemandRate, "2017-01-01", "0.35%", "2018-01-01", []int{2017, 2018}},
		{policy.InterestMethod, "2017-12-31", "formula", "", []int{2017, 2018}},
		{policy.DrawnMonthEarns, "2017-11-01", "true", "2017-12-01", []int{2017, 2018}},
		{policy.ContributionSubsidies, "2016-12-31", "100.00:30.00", "2017-12-31", []int{2016}},
		{policy.ContributionSubsidies, "2009-09-01", "100.00:30.00", "", []int{2016, 2017}},
		{policy.BasePensionMinimum, "2016-01-01", "80", "", nil},
		{policy.PayDay, "2016-01-01", "25", "", nil},
	} {
		r := row(t, area, tt.rule, tt.from, tt.value)
		var until calendar.Day
		if tt.until != "" {
			until = calendar.MustDay(tt.until)
		}
		if diff := cmp.Diff(tt.want, r.YearsOf(credited, until)); diff != "" {
			t.Errorf("%s from %s until %s (-want +got): %s", tt.rule, tt.from, tt.until, diff)
		}
	}
}

package entitlement_test

import (
	"errors"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/entitlement"
	"twoline/gateway/policy"
)

// A land-lost farmer draws the allowance from the month after the age on, by the row of
// the month asked, whatever was paid for how many years; who was
// old enough before it began, from the month after its first day on.
func TestTheAllowanceOfLandLostFarmers(t *testing.T) {
	t.Parallel()
	rulesOf := func(own ...policy.Row) *policy.Rules {
		rules, err := policy.New(area, append(policy.National(), own...))
		if err != nil {
			t.Fatal(err)
		}
		return rules
	}
	allowance := func(from, amount string) policy.Row {
		v, err := policy.ParseText(policy.LandLostAllowance, amount)
		if err != nil {
			t.Fatal(err)
		}
		return policy.Row{Area: area, Rule: policy.LandLostAllowance, From: calendar.MustDay(from), Value: v, Document: from}
	}
	if _, err := entitlement.NewLandLost(rulesOf()); !errors.Is(err, policy.ErrNoRule) {
		t.Errorf("without a rule: %v", err)
	}
	terms, err := entitlement.NewLandLost(rulesOf(allowance("2016-01-01", "440.00"), allowance("2018-07-01", "462.00")))
	if err != nil {
		t.Fatal(err)
	}
	for _, give := range []struct{ born, month, want string }{
		{"1958-05-20", "2018-05", ""},
		{"1958-05-20", "2018-06", "440.00"},
		{"1958-05-20", "2018-07", "462.00"},
		{"1950-01-01", "2016-01", ""},
		{"1950-01-01", "2016-02", "440.00"},
	} {
		got := ""
		s, err := terms.Pension(&entitlement.Member{Birth: day(give.born)}, month(give.month)) //nolint:exhaustruct // an allowance asks for no more
		switch {
		case err != nil:
			got = err.Error()
		case s.Pension != nil:
			got = s.Pension.Total.String()
		}
		if got != give.want {
			t.Errorf("born %s, %s: %q, want %q", give.born, give.month, got, give.want)
		}
	}
}

package policy_test

import (
	"errors"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/policy"
)

func TestBreakRules(t *testing.T) {
	t.Parallel()
	const dues = "0:0.00:10 2:0.00:3 3:0.00:3 4:0.00:5 4:500.00:2 5:0.00:3 6:0.00:10"
	for _, tt := range []struct {
		name string
		rule policy.Rule
		give string
		want string
		err  error
	}{
		{"dues", policy.BreakDueDays, dues, `"` + dues + `"`, nil},
		{"a class without a day", policy.BreakDueDays, "0:0.00:10", "", policy.ErrDues},
		{"falling amounts", policy.BreakDueDays, "0:0.00:1 2:0.00:3 3:0.00:3 4:500.00:5 4:0.00:2 5:0.00:3 6:0.00:1", "", policy.ErrDues},
		{"a class that is no break", policy.BreakDueDays, dues + " 7:0.00:1", "", policy.ErrDues},
		{"no dues", policy.BreakDueDays, "", "", policy.ErrDues},
		{"incident", policy.IncidentMajor, "500000", `"500000.00"`, nil},
		{"no incident", policy.IncidentOrdinary, "0", "", policy.ErrAmount},
		{"never written off", policy.WriteOffLimit, "0", `"0.00"`, nil},
		{"below zero", policy.WriteOffLimit, "-1", "", policy.ErrLimit},
		{"claim", policy.ClaimDays, "10", "10", nil},
		{"claim next year", policy.ClaimDays, "367", "", policy.ErrDays},
	} {
		v, err := policy.ParseText(tt.rule, tt.give)
		if !errors.Is(err, tt.err) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.err)
		}
		if err != nil {
			continue
		}
		if got := v.JSON(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
		if again, err := policy.ParseJSON(tt.rule, []byte(v.JSON())); err != nil || !again.Equal(v) {
			t.Errorf("%s: read back as %v, %v", tt.name, again, err)
		}
	}
	rules, err := policy.New(area, append(policy.National(), row(t, area, policy.BreakDueDays, "2018-01-01", dues)))
	if err != nil {
		t.Fatal(err)
	}
	national, err := rules.At(calendar.MustDay("2017-12-31")).Breaks()
	if err != nil || national.DueDays(6, 1) != 10 || national.DueDays(4, 999_999) != 3 || national.DueDays(4, 1_000_000) != 1 ||
		national.Ordinary != money.MustParse("10000.00") || national.Major != money.MustParse("500000.00") ||
		national.WriteOff != 0 || national.ClaimDays != 10 {
		t.Errorf("the nation's rules are %+v, %v", national, err)
	}
	own, err := rules.At(calendar.MustDay("2018-01-01")).Breaks()
	if err != nil || own.DueDays(4, 49_999) != 5 || own.DueDays(4, 50_000) != 2 {
		t.Errorf("the area's rules are %+v, %v", own, err)
	}
}

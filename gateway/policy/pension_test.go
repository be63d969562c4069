package policy_test

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

func TestParseText_RulesOfAccountAndPension(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule policy.Rule
		give string
		want string
		err  error
	}{
		{policy.BasePensionMinimum, "55", `"55.00"`, nil},
		{policy.BasePensionMinimum, "0", "", policy.ErrAmount},
		{policy.BasePensionAdditions, "none", `"none"`, nil},
		{policy.BasePensionAdditions, "province:12 county:8.50", `"province:12.00 county:8.50"`, nil},
		{policy.BasePensionAdditions, "county:8.50 province:12", "", policy.ErrGrants},
		{policy.BasePensionAdditions, "centre:12", "", policy.ErrGrants},
		{policy.BasePensionAdditions, "province:0", "", policy.ErrGrants},
		{policy.BasePensionAdditions, "province", "", policy.ErrGrants},
		{policy.BasePensionAdditions, "", "", policy.ErrGrants},
		{policy.BasePensionPayers, "centre:100%", `"centre:100%"`, nil},
		{policy.BasePensionPayers, "centre:50% province:33.333333% county:16.666667%", `"centre:50% province:33.333333% county:16.666667%"`, nil},
		{policy.BasePensionPayers, "centre:50% province:49.999999%", "", policy.ErrShares},
		{policy.BasePensionPayers, "centre:100% county:0%", "", policy.ErrShares},
		{policy.BasePensionPayers, "village:100%", "", policy.ErrShares},
		{policy.BasePensionPayers, "none", "", policy.ErrShares},
		{policy.ExtraForYears, "none", `"none"`, nil},
		{policy.ExtraForYears, "16:2 21:3.00", `"16:2.00 21:3.00"`, nil},
		{policy.ExtraForYears, "21:3 16:2", "", policy.ErrSteps},
		{policy.ExtraForYears, "16:2 16:3", "", policy.ErrSteps},
		{policy.ExtraForAge, "65:5", `"65:5.00"`, nil},
		{policy.ExtraForAge, "0:5", "", policy.ErrSteps},
		{policy.ExtraForAge, "65:", "", policy.ErrSteps},
		{policy.AccountDivisor, "139", "139", nil},
		{policy.AccountDivisor, "0", "", policy.ErrDivisor},
		{policy.PensionAge, "60", "60", nil},
		{policy.PensionAge, "6", "", policy.ErrAge},
		{policy.PensionYears, "15", "15", nil},
		{policy.PensionYears, "41", "", policy.ErrYears},
		{policy.SchemeStart, "2010-06-01", `"2010-06-01"`, nil},
		{policy.SchemeStart, "2010-06", "", policy.ErrDate},
		{policy.InterestRate, "2.25%", `"2.25%"`, nil},
		{policy.InterestRate, "3.500000%", `"3.5%"`, nil},
		{policy.InterestRate, "0%", `"0%"`, nil},
		{policy.InterestRate, "100%", `"100%"`, nil},
		{policy.InterestRate, "100.000001%", "", policy.ErrRate},
		{policy.InterestRate, "2.2500001%", "", policy.ErrRate},
		{policy.InterestRate, "2.25", "", policy.ErrRate},
		{policy.InterestRate, "-1%", "", policy.ErrRate},
		{policy.InterestRate, "1.%", "", policy.ErrRate},
		{policy.InterestRate, "1.+5%", "", policy.ErrRate},
		{policy.InterestRate, ".5%", "", policy.ErrRate},
		{policy.InterestRate, "02%", "", policy.ErrRate},
		{policy.InterestRateProvisional, "1.5%", `"1.5%"`, nil},
		{policy.DemandRate, "0.35%", `"0.35%"`, nil},
		{policy.InterestMethod, "formula", `"formula"`, nil},
		{policy.InterestMethod, "demand", `"demand"`, nil},
		{policy.InterestMethod, "guess", "", policy.ErrMethod},
		{policy.InterestRounding, "up:0.10", `"up:0.10"`, nil},
		{policy.InterestRounding, "up:0.05", "", policy.ErrRounding},
		{policy.AccountPensionRounding, "half_up:0.01", `"half_up:0.01"`, nil},
		{policy.AccountPensionRounding, "half_even:0.01", "", policy.ErrRounding},
		{policy.AccountPensionRounding, "half_up", "", policy.ErrRounding},
		{policy.DrawnMonthEarns, "false", "false", nil},
		{policy.DrawingOrder, "pro_rata", `"pro_rata"`, nil},
		{policy.DrawingOrder, "interest subsidy collective individual", `"interest subsidy collective individual"`, nil},
		{policy.DrawingOrder, "interest subsidy collective", "", policy.ErrOrder},
		{policy.DrawingOrder, "interest interest collective individual", "", policy.ErrOrder},
		{policy.ContributionSubsidies, "100:30 500:60.00", `"100.00:30.00 500.00:60.00"`, nil},
		{policy.ContributionSubsidies, "500:60 100:30", "", policy.ErrSubsidies},
		{policy.ContributionSubsidies, "none", "", policy.ErrSubsidies},
		{policy.Funeral, "none", `"none"`, nil},
		{policy.Funeral, "fixed:1000 within:30", `"fixed:1000.00 within:30"`, nil},
		{policy.Funeral, "base:10", `"base:10"`, nil},
		{policy.Funeral, "base:10 within:0", "", policy.ErrFuneral},
		{policy.Funeral, "base:10 base:11", "", policy.ErrFuneral},
		{policy.Funeral, "none within:30", "", policy.ErrFuneral},
		{policy.Funeral, "fixed:", "", policy.ErrFuneral},
		{policy.Inheritance, "less_subsidy", `"less_subsidy"`, nil},
		{policy.Inheritance, "half", "", policy.ErrInheritance},
		{
			policy.GovernmentPaidGroups, "severely_disabled low_income", `["severely_disabled","low_income"]`, nil,
		},
		{policy.GovernmentPaidGroups, "low_income low_income", "", policy.ErrGroups},
		{policy.GovernmentPaidGroups, "Low", "", policy.ErrGroups},
		{policy.CertificationCycle, "months:12", `"months:12"`, nil},
		{policy.CertificationCycle, "calendar_year", `"calendar_year"`, nil},
		{policy.CertificationCycle, "months:0", "", policy.ErrCycle},
		{policy.CertificationCycle, "12", "", policy.ErrCycle},
		{policy.CertificationCycle, "months:", "", policy.ErrCycle},
		{policy.BackPayPolicy, "certification_overdue:from_stop court:none", `"certification_overdue:from_stop court:none"`, nil},
		{policy.BackPayPolicy, "court:none certification_overdue:from_stop", "", policy.ErrBackPay},
		{policy.BackPayPolicy, "court:some", "", policy.ErrBackPay},
		{policy.BackPayPolicy, "luck:none", "", policy.ErrBackPay},
		{policy.ChildLinked, "true", "true", nil},
		{policy.LandLostAllowance, "220.00", `"220.00"`, nil},
	} {
		v, err := policy.ParseText(tt.rule, tt.give)
		if !errors.Is(err, tt.err) {
			t.Errorf("%s %q: %v, want %v", tt.rule, tt.give, err, tt.err)
		}
		if err != nil {
			continue
		}
		if got := v.JSON(); got != tt.want {
			t.Errorf("%s %q: %s, want %s", tt.rule, tt.give, got, tt.want)
		}
		again, err := policy.ParseJSON(tt.rule, []byte(v.JSON()))
		same, errText := policy.ParseText(tt.rule, v.String())
		if err != nil || errText != nil || !again.Equal(v) || !same.Equal(v) {
			t.Errorf("%s %q: read back as %v, %v and %v, %v", tt.rule, tt.give, again, err, same, errText)
		}
	}
}

// Every rule has a form, and words for it; the names are in order and each once.
func TestAll_EveryRuleHasAForm(t *testing.T) {
	t.Parallel()
	rules := policy.All()
	if !slices.IsSorted(rules) || len(slices.Compact(slices.Clone(rules))) != len(rules) {
		t.Errorf("the names are not in order: %v", rules)
	}
	for _, r := range rules {
		if r.Form() == "" {
			t.Errorf("%s has no form", r)
		}
		if _, err := policy.ParseText(r, "\x00"); err == nil || errors.Is(err, policy.ErrRule) {
			t.Errorf("%s takes nonsense: %v", r, err)
		}
	}
	for _, row := range policy.National() {
		if !slices.Contains(rules, row.Rule) {
			t.Errorf("the nation decides about %s, which is no rule", row.Rule)
		}
	}
}

func TestParseJSON_AnItemOfAListIsOneWord(t *testing.T) {
	t.Parallel()
	if v, err := policy.ParseJSON(policy.ContributionTiers, []byte(`["100.00 200.00"]`)); !errors.Is(err, policy.ErrTiers) {
		t.Errorf("two tiers in one word are %v, %v", v, err)
	}
}

// The nation ships what it decided, and nothing that a province must decide.
func TestNational_LeavesToProvincesWhatTheyDecide(t *testing.T) {
	t.Parallel()
	own := []policy.Rule{
		policy.InterestRate, policy.InterestRateProvisional, policy.DemandRate, policy.BasePensionPayers, policy.Funeral,
		policy.ContributionSubsidies, policy.LandLostAllowance, policy.CollectionMode, policy.CollectionCutoff,
	}
	for _, row := range policy.National() {
		if slices.Contains(own, row.Rule) {
			t.Errorf("the nation's rows decide %s", row.Rule)
		}
	}
}

func TestNational_RulesByDate(t *testing.T) {
	t.Parallel()
	rules, err := policy.New(area, policy.National())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		rule      policy.Rule
		day, want string
	}{
		{policy.BasePensionMinimum, "2009-09-01", "55.00"},
		{policy.BasePensionMinimum, "2014-06-30", "55.00"},
		{policy.BasePensionMinimum, "2014-07-01", "70.00"},
		{policy.BasePensionMinimum, "2018-01-01", "88.00"},
		{policy.BasePensionMinimum, "2025-11-01", "143.00"},
		{policy.CertificationScreen, "2011-01-01", "true"},
		{policy.CertificationCycle, "2017-12-31", "calendar_year"},
		{policy.CertificationCycle, "2018-01-01", "months:12"},
		{policy.TransferStepDays, "2014-07-01", "15"},
		{policy.PensionerStays, "2014-06-30", "false"},
		{policy.PensionerStays, "2014-07-01", "true"},
		{policy.AidLimited, "2013-12-31", "false"},
		{policy.AidLimited, "2014-12-31", "true"},
		{policy.GovernmentPaidGroups, "2011-12-31", "severely_disabled low_income"},
		{policy.AccountDivisor, "2025-11-01", "139"},
		{policy.PensionAge, "2025-11-01", "60"},
		{policy.PensionYears, "2025-11-01", "15"},
		{policy.Inheritance, "2014-02-20", "less_subsidy"},
		{policy.Inheritance, "2014-02-21", "whole"},
		{policy.ChildLinked, "2014-02-20", "true"},
		{policy.ChildLinked, "2014-02-21", "false"},
		{policy.AccountPensionRounding, "2011-01-01", "half_up:0.01"},
	} {
		row, err := rules.Row(tt.rule, calendar.MustDay(tt.day))
		if err != nil || row.Value.String() != tt.want {
			t.Errorf("%s on %s: %s, %v; want %s", tt.rule, tt.day, row.Value, err, tt.want)
		}
	}
	if _, err := rules.Row(policy.BasePensionMinimum, calendar.MustDay("2009-08-31")); !errors.Is(err, policy.ErrNoRule) {
		t.Errorf("before the scheme: %v", err)
	}
}

func TestValue_GrantsAndSubsidies(t *testing.T) {
	t.Parallel()
	value := func(rule policy.Rule, text string) policy.Value { return row(t, area, rule, "2011-01-01", text).Value }
	died := calendar.MustDay("2025-03-01")
	for text, want := range map[string][2]string{
		"base:10": {"1430.00", "1430.00"}, "base:10 within:30": {"1430.00", "0.00"}, "fixed:1000": {"1000.00", "1000.00"},
		"fixed:1000 within:30": {"1000.00", "0.00"}, "none": {"0.00", "0.00"},
	} {
		f := value(policy.Funeral, text).Funeral()
		soon := f.Amount(money.MustParse("143.00"), died, died.AddDays(30))
		late := f.Amount(money.MustParse("143.00"), died, died.AddDays(31))
		if soon.String() != want[0] || late.String() != want[1] {
			t.Errorf("%s: %s, and %s after 31 days", text, soon, late)
		}
	}
	subsidies := value(policy.ContributionSubsidies, "100:30 500:60")
	for contribution, want := range map[string]string{"99.99": "0.00", "100.00": "30.00", "499.99": "30.00", "500.00": "60.00"} {
		if got := subsidies.Subsidy(money.MustParse(contribution)); got.String() != want {
			t.Errorf("%s earns %s, want %s", contribution, got, want)
		}
	}
	stops := value(policy.BackPayPolicy, "certification_overdue:from_stop other_pension:none")
	if paid, known := stops.BackPay(policy.StopCertification); !paid || !known {
		t.Error("an overdue certification is not paid back")
	}
	if paid, known := stops.BackPay(policy.StopOtherPension); paid || !known {
		t.Error("another pension is paid back")
	}
	if _, known := stops.BackPay(policy.StopCourt); known {
		t.Error("nobody decided about the court")
	}
}

// The timeline tells the same as asking day by day.
func TestTimeline_IsWhatHoldsDayByDay(t *testing.T) {
	t.Parallel()
	start := calendar.MustDay("2010-01-01")
	rapid.Check(t, func(t *rapid.T) {
		var rows []policy.Row
		for _, in := range []party.Area{0, area} {
			for _, d := range rapid.SliceOfDistinct(rapid.IntRange(0, 40), rapid.ID[int]).Draw(t, "days") {
				v, _ := policy.ParseText(policy.PensionAge, "60")
				rows = append(rows, policy.Row{
					Area: in, Rule: policy.PensionAge, From: start.AddDays(d), Value: v, Document: "x",
				})
			}
		}
		rules, err := policy.New(area, rows)
		if err != nil {
			t.Fatal(err)
		}
		timeline := rules.Timeline(policy.PensionAge)
		if !slices.IsSortedFunc(timeline, func(a, b policy.Held) int { return a.From.Compare(b.From) }) {
			t.Fatalf("out of order: %v", timeline)
		}
		for d := -1; d <= 41; d++ {
			day := start.AddDays(d)
			want, err := rules.Row(policy.PensionAge, day)
			var got policy.Row
			for _, r := range timeline {
				if !r.From.After(day) {
					got = r.Row
				}
			}
			if (err != nil) != got.From.IsZero() || err == nil && (got.Area != want.Area || got.From != want.From) {
				t.Fatalf("on %s: %v from %s, want %v from %s, %v", day, got.Area, got.From, want.Area, want.From, err)
			}
		}
	})
}

func TestAYearHasOneRate(t *testing.T) {
	t.Parallel()
	for _, rule := range []policy.Rule{policy.InterestRate, policy.InterestRateProvisional, policy.DemandRate} {
		rows := []policy.Row{row(t, area, rule, "2012-01-01", "2%"), row(t, area, rule, "2012-07-01", "50%")}
		if _, err := policy.New(area, rows); !errors.Is(err, policy.ErrRows) {
			t.Errorf("two rows of %s in one year: %v, want %v", rule, err, policy.ErrRows)
		}
		rows[1].From = calendar.MustDay("2013-01-01")
		if _, err := policy.New(area, rows); err != nil {
			t.Errorf("%s: %v", rule, err)
		}
	}
}

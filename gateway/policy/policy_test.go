package policy_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

const area party.Area = 610304

func row(t *testing.T, in party.Area, rule policy.Rule, from, value string) policy.Row {
	t.Helper()
	v, err := policy.ParseText(rule, value)
	if err != nil {
		t.Fatal(err)
	}
	return policy.Row{Area: in, Rule: rule, From: calendar.MustDay(from), Value: v, Document: "test"}
}

func yuan(amounts ...string) []money.Amount {
	out := make([]money.Amount, len(amounts))
	for i, a := range amounts {
		out[i] = money.MustParse(a)
	}
	return out
}

func TestParseText(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		rule policy.Rule
		give string
		want string
		err  error
	}{
		{"agency", policy.CollectionMode, "agency", `"agency"`, nil},
		{"tax", policy.CollectionMode, "tax", `"tax"`, nil},
		{"nobody", policy.CollectionMode, "nobody", "", policy.ErrMode},
		{"no mode", policy.CollectionMode, "", "", policy.ErrMode},
		{"true", policy.IncomeZeroAtMonthEnd, "true", "true", nil},
		{"false", policy.IncomeZeroAtMonthEnd, "false", "false", nil},
		{"yes", policy.IncomeZeroAtMonthEnd, "yes", "", policy.ErrFlag},
		{"tiers", policy.ContributionTiers, "100 200.50", `["100.00","200.50"]`, nil},
		{"no tiers", policy.ContributionTiers, "", "", policy.ErrTiers},
		{"a tier of zero", policy.ContributionTiers, "0 100", "", policy.ErrTiers},
		{"falling tiers", policy.ContributionTiers, "200 100", "", policy.ErrTiers},
		{"a tier twice", policy.ContributionTiers, "100 100.00", "", policy.ErrTiers},
		{"two blanks", policy.ContributionTiers, "100  200", "", policy.ErrTiers},
		{"one decimal", policy.ContributionTiers, "100.5", "", policy.ErrTiers},
		{"a negative tier", policy.ContributionTiers, "-100", "", policy.ErrTiers},
		{"cut-off", policy.CollectionCutoff, "12-25", `"12-25"`, nil},
		{"30 February", policy.CollectionCutoff, "02-30", "", policy.ErrCutoff},
		{"29 February is no day of every year", policy.CollectionCutoff, "02-29", "", policy.ErrCutoff},
		{"a whole date", policy.CollectionCutoff, "2025-12-25", "", policy.ErrCutoff},
		{"days", policy.ArrivalSuspenseDays, "3", "3", nil},
		{"no days", policy.ArrivalSuspenseDays, "", "", policy.ErrDays},
		{"leading zero", policy.ArrivalSuspenseDays, "03", "", policy.ErrDays},
		{"negative days", policy.ArrivalSuspenseDays, "-1", "", policy.ErrDays},
		{"too many days", policy.ArrivalSuspenseDays, "367", "", policy.ErrDays},
		{"pay day", policy.PayDay, "25", "25", nil},
		{"the last pay day of every month", policy.PayDay, "28", "28", nil},
		{"a pay day that February lacks", policy.PayDay, "29", "", policy.ErrPayDay},
		{"pay day zero", policy.PayDay, "0", "", policy.ErrPayDay},
		{"pay day with a zero before it", policy.PayDay, "05", "", policy.ErrPayDay},
		{"no pay day", policy.PayDay, "", "", policy.ErrPayDay},
		{"hand-over", policy.HandoverDays, "3", "3", nil},
		{"hand-over on the pay day", policy.HandoverDays, "0", "0", nil},
		{"hand-over after it", policy.HandoverDays, "-1", "", policy.ErrDays},
		{"alarm", policy.WorkAlarmMinutes, "15", "15", nil},
		{"alarm at once", policy.WorkAlarmMinutes, "0", "", policy.ErrMinutes},
		{"alarm after days", policy.WorkAlarmMinutes, "1441", "", policy.ErrMinutes},
		{"draft", policy.DraftDays, "10", "10", nil},
		{"draft of another year", policy.DraftDays, "367", "", policy.ErrDays},
		{"account change", policy.AccountChangeHoldDays, "30", "30", nil},
		{"account change for years", policy.AccountChangeHoldDays, "367", "", policy.ErrDays},
		{"threshold", policy.AmountReviewThreshold, "10000", `"10000.00"`, nil},
		{"threshold with fen", policy.AmountReviewThreshold, "9999.99", `"9999.99"`, nil},
		{"threshold zero", policy.AmountReviewThreshold, "0.00", "", policy.ErrAmount},
		{"threshold below zero", policy.AmountReviewThreshold, "-1", "", policy.ErrAmount},
		{"two thresholds", policy.AmountReviewThreshold, "1 2", "", policy.ErrAmount},
		{"no threshold", policy.AmountReviewThreshold, "", "", policy.ErrAmount},
		{"shared accounts are held", policy.SharedAccountHolds, "true", "true", nil},
		{"shared accounts are listed", policy.SharedAccountHolds, "false", "false", nil},
		{"shared accounts, perhaps", policy.SharedAccountHolds, "maybe", "", policy.ErrFlag},
		{"suspense", policy.ReturnBooking, "suspense", `"suspense"`, nil},
		{"red", policy.ReturnBooking, "red", `"red"`, nil},
		{"blue", policy.ReturnBooking, "blue", "", policy.ErrReturn},
		{"unknown rule", policy.Rule("luck"), "3", "", policy.ErrRule},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v, err := policy.ParseText(tt.rule, tt.give)
			if !errors.Is(err, tt.err) {
				t.Fatalf("ParseText(%q) error = %v, want %v", tt.give, err, tt.err)
			}
			if err != nil {
				return
			}
			if got := v.JSON(); got != tt.want {
				t.Errorf("JSON() = %s, want %s", got, tt.want)
			}
			for name, read := range map[string]func() (policy.Value, error){
				"JSON": func() (policy.Value, error) { return policy.ParseJSON(tt.rule, []byte(v.JSON())) },
				"text": func() (policy.Value, error) { return policy.ParseText(tt.rule, v.String()) },
			} {
				if again, err := read(); err != nil || !again.Equal(v) {
					t.Errorf("%s reads back as %v, %v", name, again, err)
				}
			}
		})
	}
}

func TestEqual(t *testing.T) {
	t.Parallel()
	pairs := map[policy.Rule][2]string{
		policy.CollectionMode: {"agency", "tax"}, policy.IncomeZeroAtMonthEnd: {"true", "false"},
		policy.ContributionTiers: {"100 200", "100"}, policy.CollectionCutoff: {"12-25", "12-26"},
		policy.ArrivalSuspenseDays: {"3", "4"}, policy.PayDay: {"25", "7"}, policy.HandoverDays: {"3", "0"},
		policy.DraftDays:             {"10", "0"},
		policy.WorkAlarmMinutes:      {"15", "10"},
		policy.AccountChangeHoldDays: {"30", "0"}, policy.AmountReviewThreshold: {"10000", "10000.01"},
		policy.SharedAccountHolds: {"true", "false"}, policy.ReturnBooking: {"suspense", "red"},
	}
	var all []policy.Value
	for rule, texts := range pairs {
		for _, text := range texts {
			v, err := policy.ParseText(rule, text)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, v)
		}
	}
	for i, a := range all {
		for j, b := range all {
			if a.Equal(b) != (i == j) {
				t.Errorf("%s equals %s: %t", a, b, a.Equal(b))
			}
		}
	}
}

func TestParseJSON_RefusesAnotherShape(t *testing.T) {
	t.Parallel()
	for rule, give := range map[policy.Rule]string{
		policy.CollectionMode:        `true`,
		policy.IncomeZeroAtMonthEnd:  `"true"`,
		policy.ContributionTiers:     `"100.00"`,
		policy.CollectionCutoff:      `1225`,
		policy.ArrivalSuspenseDays:   `"3"`,
		policy.PayDay:                `"25"`,
		policy.HandoverDays:          `[3]`,
		policy.DraftDays:             `"10"`,
		policy.WorkAlarmMinutes:      `"15"`,
		policy.AccountChangeHoldDays: `"30"`,
		policy.AmountReviewThreshold: `10000.00`,
		policy.SharedAccountHolds:    `"true"`,
		policy.ReturnBooking:         `true`,
		"luck":                       `1`,
	} {
		if v, err := policy.ParseJSON(rule, []byte(give)); err == nil {
			t.Errorf("ParseJSON(%s, %s) = %v, want an error", rule, give, v)
		}
	}
}

func TestAt(t *testing.T) {
	t.Parallel()
	rows := []policy.Row{
		row(t, area, policy.CollectionMode, "2011-01-01", "agency"),
		row(t, area, policy.CollectionMode, "2020-01-01", "tax"),
		row(t, area, policy.IncomeZeroAtMonthEnd, "2018-01-01", "true"),
		row(t, area, policy.CollectionCutoff, "2011-01-01", "12-25"),
		row(t, area, policy.ContributionTiers, "2013-01-01", "300 400 500"),
	}
	rules, err := policy.New(area, append(rows, policy.National()...))
	if err != nil {
		t.Fatal(err)
	}
	at := func(day string) policy.View { return rules.At(calendar.MustDay(day)) }
	for day, want := range map[string]policy.Mode{"2011-01-01": "agency", "2019-12-31": "agency", "2020-01-01": "tax"} {
		if got, err := at(day).CollectionMode(); err != nil || got != want {
			t.Errorf("collection mode on %s = %s, %v; want %s", day, got, err, want)
		}
	}
	if got, err := at("2024-03-01").CollectionCutoff(); err != nil || got != calendar.MustDay("2024-12-25") {
		t.Errorf("cut-off = %s, %v", got, err)
	}
	if got, err := at("2018-01-01").IncomeZeroAtMonthEnd(); err != nil || !got {
		t.Errorf("income zero at month end = %t, %v", got, err)
	}
	if got, err := at("2025-01-01").ArrivalSuspenseDays(); err != nil || got != 3 {
		t.Errorf("suspense days = %d, %v", got, err)
	}
	// The nation's row of 2014 is newer, and the area's own decision stays.
	for day, want := range map[string][]money.Amount{
		"2012-12-31": yuan("100.00", "200.00", "300.00", "400.00", "500.00"),
		"2015-01-01": yuan("300.00", "400.00", "500.00"),
	} {
		if got, err := at(day).ContributionTiers(); err != nil || !slices.Equal(got, want) {
			t.Errorf("tiers on %s = %v, %v; want %v", day, got, err, want)
		}
	}
}

func TestS55_AMissingRuleIsAnErrorNeverADefault(t *testing.T) {
	t.Parallel()
	rules, err := policy.New(area, []policy.Row{row(t, area, policy.IncomeZeroAtMonthEnd, "2018-01-01", "true")})
	if err != nil {
		t.Fatal(err)
	}
	v := rules.At(calendar.MustDay("2017-12-31"))
	_, mode := v.CollectionMode()
	_, zero := v.IncomeZeroAtMonthEnd()
	_, tiers := v.ContributionTiers()
	_, cutoff := v.CollectionCutoff()
	_, days := v.ArrivalSuspenseDays()
	_, year := rules.TiersOfYear(2017)
	_, payDay := v.PayDay()
	_, handover := v.HandoverDays()
	_, draft := v.DraftDays()
	_, change := v.AccountChangeHoldDays()
	_, threshold := v.AmountReviewThreshold()
	_, shared := v.SharedAccountHolds()
	_, returns := v.ReturnPolicy()
	_, alarm := v.WorkAlarmMinutes()
	for name, err := range map[string]error{
		"mode": mode, "zero": zero, "tiers": tiers, "cutoff": cutoff, "days": days, "year": year, "pay day": payDay,
		"hand-over": handover, "draft": draft, "change": change, "threshold": threshold, "shared": shared, "returns": returns,
		"alarm": alarm,
	} {
		if !errors.Is(err, policy.ErrNoRule) {
			t.Errorf("%s: error = %v, want ErrNoRule", name, err)
		}
	}
}

func TestAt_RulesOfTheMoneyOut(t *testing.T) {
	t.Parallel()
	rules, err := policy.New(area, append(policy.National(),
		row(t, area, policy.PayDay, "2012-01-01", "7"),
		row(t, area, policy.AccountChangeHoldDays, "2011-01-01", "30"),
		row(t, area, policy.DraftDays, "2011-01-01", "10"),
		row(t, area, policy.AmountReviewThreshold, "2011-01-01", "10000"),
		row(t, area, policy.SharedAccountHolds, "2011-01-01", "true"),
		row(t, area, policy.ReturnBooking, "2011-01-01", "red")))
	if err != nil {
		t.Fatal(err)
	}
	// The nation's rows hold until the area has its own.
	for day, want := range map[string]int{"2009-09-01": 25, "2011-12-31": 25, "2012-01-01": 7} {
		if got, err := rules.At(calendar.MustDay(day)).PayDay(); err != nil || got != want {
			t.Errorf("pay day on %s = %d, %v; want %d", day, got, err, want)
		}
	}
	v := rules.At(calendar.MustDay("2011-06-01"))
	if n, err := v.HandoverDays(); err != nil || n != 3 {
		t.Errorf("hand-over = %d, %v", n, err)
	}
	if n, err := v.DraftDays(); err != nil || n != 10 {
		t.Errorf("draft = %d, %v; want 10", n, err)
	}
	if n, err := v.AccountChangeHoldDays(); err != nil || n != 30 {
		t.Errorf("account change = %d, %v", n, err)
	}
	if a, err := v.AmountReviewThreshold(); err != nil || a != money.MustParse("10000.00") {
		t.Errorf("threshold = %s, %v", a, err)
	}
	if held, err := v.SharedAccountHolds(); err != nil || !held {
		t.Errorf("shared accounts are held: %t, %v", held, err)
	}
	if n, err := v.WorkAlarmMinutes(); err != nil || n != 15 {
		t.Errorf("alarm after %d minutes, %v", n, err)
	}
	if p, err := v.ReturnPolicy(); err != nil || p != policy.ReturnInRed {
		t.Errorf("returns = %s, %v", p, err)
	}
}

func TestTiersOfYear(t *testing.T) {
	t.Parallel()
	old := yuan("100.00", "200.00", "300.00", "400.00", "500.00")
	wide := append(slices.Clone(old), yuan("600.00", "700.00", "800.00", "900.00", "1000.00", "1500.00", "2000.00")...)
	own := []policy.Row{row(t, area, policy.ContributionTiers, "2016-07-01", "300 1100")}
	rules, err := policy.New(area, append(own, policy.National()...))
	if err != nil {
		t.Fatal(err)
	}
	for year, want := range map[int][]money.Amount{
		2009: old, 2013: old, 2014: wide, 2015: wide, 2017: yuan("300.00", "1100.00"),
		2016: slices.Sorted(slices.Values(append(slices.Clone(wide), yuan("1100.00")...))),
	} {
		got, err := rules.TiersOfYear(year)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("tiers of %d: %v\n%s", year, err, cmp.Diff(want, got))
		}
	}
	if _, err := rules.TiersOfYear(2008); !errors.Is(err, policy.ErrNoRule) {
		t.Errorf("tiers of 2008: %v, want ErrNoRule", err)
	}
}

func TestNew_RefusesRowsThatContradictThemselves(t *testing.T) {
	t.Parallel()
	good := row(t, area, policy.CollectionMode, "2011-01-01", "agency")
	other, noDocument, noValue, noDay, crossed := good, good, good, good, good
	other.Area = 320923
	noDocument.Document = ""
	noValue.Value = policy.Value{}
	noDay.From = calendar.Day{}
	crossed.Rule = policy.CollectionCutoff
	for name, rows := range map[string][]policy.Row{
		"another area's": {other}, "no document": {noDocument}, "no value": {noValue}, "no day": {noDay},
		"a value of another rule": {crossed}, "two rows of one day": {good, good},
	} {
		if _, err := policy.New(area, rows); !errors.Is(err, policy.ErrRows) {
			t.Errorf("%s: error = %v, want ErrRows", name, err)
		}
	}
	if _, err := policy.New(area, []policy.Row{good}); err != nil {
		t.Error(err)
	}
}

// What holds on a day is always the newest row up to it, of the area before the nation.
func TestRow_IsTheNewestUpToTheDay(t *testing.T) {
	t.Parallel()
	start := calendar.MustDay("2010-01-01")
	rapid.Check(t, func(t *rapid.T) {
		var rows []policy.Row
		for _, in := range []party.Area{area, 0} {
			for _, d := range rapid.SliceOfDistinct(rapid.IntRange(0, 50), rapid.ID[int]).Draw(t, "days") {
				v, _ := policy.ParseText(policy.ArrivalSuspenseDays, "3")
				rows = append(rows, policy.Row{
					Area: in, Rule: policy.ArrivalSuspenseDays, From: start.AddDays(d), Value: v, Document: "x",
				})
			}
		}
		rules, err := policy.New(area, rows)
		if err != nil {
			t.Fatal(err)
		}
		day := start.AddDays(rapid.IntRange(-5, 60).Draw(t, "day"))
		var want *policy.Row
		for i, r := range rows {
			if day.Before(r.From) {
				continue
			}
			if want == nil || (r.Area == area && want.Area == 0) || (r.Area == want.Area && want.From.Before(r.From)) {
				want = &rows[i]
			}
		}
		got, err := rules.Row(policy.ArrivalSuspenseDays, day)
		switch {
		case want == nil && !errors.Is(err, policy.ErrNoRule):
			t.Fatalf("%v, want ErrNoRule", err)
		case want != nil && (err != nil || got.Area != want.Area || got.From != want.From):
			t.Fatalf("on %s: %v from %s, %v; want %v from %s", day, got.Area, got.From, err, want.Area, want.From)
		}
	})
}

func TestNational_NamesADocumentForEveryRow(t *testing.T) {
	t.Parallel()
	if _, err := policy.New(area, policy.National()); err != nil {
		t.Error(err)
	}
}

package award_test

import (
	"fmt"
	"strings"
	"testing"

	"twoline/gateway/award"
	"twoline/gateway/calendar"
	"twoline/gateway/entitlement"
	"twoline/gateway/money"
	"twoline/gateway/policy"
)

// Who pays is told by what held when a base was decided; a difference by what raised it.
func TestSplit(t *testing.T) {
	t.Parallel()
	rows := policy.National()
	for _, r := range []struct{ rule, from, value string }{
		{"base_pension_payers", "2009-09-01", "centre:50% county:50%"},
		{"base_pension_additions", "2010-01-01", "province:10.00"},
		{"base_pension_additions", "2018-03-01", "province:12.00 city:3.00"},
	} {
		v, err := policy.ParseText(policy.Rule(r.rule), r.value)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, policy.Row{
			Area: area, Rule: policy.Rule(r.rule), From: calendar.MustDay(r.from), Value: v, Document: "d",
		})
	}
	rules, err := policy.New(area, rows)
	if err != nil {
		t.Fatal(err)
	}
	terms, err := entitlement.New(rules)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ month, base, before, want string }{
		"the least": {"2018-02", "98.00", "0.00", "98.00: centre 44.00 province 10.00 county 44.00"},
		"extras":    {"2018-02", "101.00", "0.00", "101.00: centre 44.00 province 10.00 county 44.00 rest 3.00"},
		// 70.00 + 10.00 was paid before the minimum of 88.00 was announced.
		"before a rise":               {"2018-02", "82.00", "0.00", "82.00: centre 35.00 province 10.00 county 35.00 rest 2.00"},
		"below all":                   {"2018-02", "54.00", "0.00", "54.00: rest 54.00"},
		"a rise of the minimum":       {"2018-02", "98.00", "80.00", "18.00: centre 9.00 county 9.00"},
		"a rise beside extras":        {"2018-02", "101.00", "83.00", "18.00: centre 9.00 county 9.00"},
		"a rise and more years":       {"2018-02", "103.00", "80.00", "23.00: centre 9.00 county 9.00 rest 5.00"},
		"a rise beside many extras":   {"2018-05", "123.00", "105.00", "18.00: centre 9.00 county 9.00"},
		"more years alone":            {"2018-02", "101.00", "98.00", "3.00: rest 3.00"},
		"a rise of the additions":     {"2018-05", "103.00", "98.00", "5.00: province 2.00 city 3.00"},
		"a rise of both":              {"2018-05", "103.00", "80.00", "23.00: centre 9.00 province 2.00 city 3.00 county 9.00"},
		"a base that nobody computed": {"2018-02", "98.00", "20.00", "78.00: rest 78.00"},
	} {
		_, total, shares, err := award.Split(terms, []award.BaseCount{
			{Month: calendar.MustMonth(c.month), Base: money.MustParse(c.base), Before: money.MustParse(c.before), Count: 1},
		})
		if err != nil {
			t.Fatal(err)
		}
		var sum money.Amount
		words := []string{total.String() + ":"}
		for _, s := range shares {
			level := s.Level
			if level == "" {
				level = "rest"
			}
			words = append(words, fmt.Sprintf("%s %s", level, s.Amount))
			sum += s.Amount
		}
		if got := strings.Join(words, " "); got != c.want || sum != total {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

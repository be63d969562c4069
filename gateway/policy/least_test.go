package policy_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// Of an area's own minimum and the nation's the higher holds on each day: a later national rise is
// not hidden by a row that the area decided before it, and neither by one below it.
func TestMinimum_TheHigherHolds(t *testing.T) {
	t.Parallel()
	const area = party.Area(610304)
	var rows []policy.Row
	row := func(area party.Area, from, amount string) policy.Row {
		v, err := policy.ParseText(policy.BasePensionMinimum, amount)
		if err != nil {
			t.Fatal(err)
		}
		r := policy.Row{ //nolint:exhaustruct // the first round
			Area: area, Rule: policy.BasePensionMinimum, From: calendar.MustDay(from), Value: v, Document: "d",
		}
		rows = append(rows, r)
		return r
	}
	row(0, "2018-01-01", "88")
	row(0, "2020-07-01", "93")
	row(0, "2022-07-01", "98")
	row(0, "2023-07-01", "103")
	row(area, "2019-01-01", "100")
	row(area, "2022-01-01", "90")
	row(area, "2024-01-01", "110")
	rules, err := policy.New(area, rows)
	if err != nil {
		t.Fatal(err)
	}
	for day, want := range map[string]string{
		"2018-12-31": "88.00 of 0 from 2018-01-01", "2019-01-01": "100.00 of 610304 from 2019-01-01",
		"2021-12-31": "100.00 of 610304 from 2019-01-01", "2022-01-01": "93.00 of 0 from 2020-07-01",
		"2022-06-30": "93.00 of 0 from 2020-07-01", "2022-07-01": "98.00 of 0 from 2022-07-01",
		"2023-12-31": "103.00 of 0 from 2023-07-01", "2024-01-01": "110.00 of 610304 from 2024-01-01",
	} {
		r, err := rules.Row(policy.BasePensionMinimum, calendar.MustDay(day))
		if got := fmt.Sprintf("%s of %d from %s", r.Value, r.Area, r.From); err != nil || got != want {
			t.Errorf("on %s %s holds, %v; want %s", day, got, err, want)
		}
		span, ok := rules.SpanOn(policy.BasePensionMinimum, calendar.MustDay(day))
		if got := fmt.Sprintf("%s of %d from %s", span.Value, span.Area, span.From); !ok || got != want {
			t.Errorf("on %s the span is %s, want %s", day, got, want)
		}
	}
	var since []string
	for _, r := range rules.Timeline(policy.BasePensionMinimum) {
		since = append(since, r.Since.String()+" "+r.Value.String())
	}
	want := []string{
		"2018-01-01 88.00", "2019-01-01 100.00", "2022-01-01 93.00", "2022-07-01 98.00", "2023-07-01 103.00",
		"2024-01-01 110.00",
	}
	if !slices.Equal(since, want) {
		t.Errorf("one after another %v, want %v", since, want)
	}
	for _, give := range []struct{ from, amount, below string }{
		{"2022-07-01", "97.99", "2022-07-01"},
		{"2022-07-01", "98", ""},
		{"2022-06-30", "93", ""},
		{"2023-06-30", "97", "2022-07-01"},
		{"2017-12-31", "1", ""},
	} {
		got := ""
		if n, below := row(area, give.from, give.amount).Below(rows[:4]); below {
			got = n.From.String()
		}
		if got != give.below {
			t.Errorf("%s from %s is below the row from %q, want %q", give.amount, give.from, got, give.below)
		}
	}
	if nation, err := policy.New(0, nil); err == nil {
		_, err = nation.Row(policy.PensionAge, calendar.MustDay("2020-01-01"))
		const want = "no_rule: no rule pension_age is known for the nation on 2020-01-01: import it with its document"
		if !errors.Is(err, policy.ErrNoRule) || err.Error() != want {
			t.Errorf("a rule of the nation that is missing: %v", err)
		}
	}
}

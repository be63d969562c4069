package calendar_test

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoline/gateway/calendar"
)

func TestParseDay(t *testing.T) {
	t.Parallel()
	for _, give := range []string{
		"2026-11-25", "2024-02-29", "2000-02-29", "1800-01-01", "9999-12-31", "1940-06-01", "1986-05-04",
	} {
		got, err := calendar.ParseDay(give)
		if err != nil || got.String() != give {
			t.Errorf("ParseDay(%q) = %q, %v", give, got, err)
		}
		compact := give[:4] + give[5:7] + give[8:]
		if same, err := calendar.ParseCompact(compact); err != nil || same != got || same.Compact() != compact {
			t.Errorf("ParseCompact(%q) = %q, %v", compact, same, err)
		}
	}
	for _, give := range badDays() {
		if got, err := calendar.ParseDay(give); !errors.Is(err, calendar.ErrSyntax) || !got.IsZero() {
			t.Errorf("ParseDay(%q) = %q, %v; want ErrSyntax", give, got, err)
		}
		if got, err := calendar.ParseCompact(give); err == nil {
			t.Errorf("ParseCompact(%q) = %q, want ErrSyntax", give, got)
		}
	}
	for _, give := range []string{"20260230", "20261331", "2026113", "202611255", "2026 125", "+2026112", "２０２６"} {
		if got, err := calendar.ParseCompact(give); !errors.Is(err, calendar.ErrSyntax) {
			t.Errorf("ParseCompact(%q) = %q, %v; want ErrSyntax", give, got, err)
		}
	}
}

func badDays() []string {
	return []string{
		"", "10月31月", "10月31日", "2026年11月25日", "2024-02-30", "2023-02-29", "1900-02-29", "2100-02-29", "2026-13-01",
		"2026-00-10", "2026-01-00", "2026-01-32", "2026-04-31", "0000-01-01", "1799-12-31", "2026-1-5", "2026/11/25",
		"2026-11-25 ", " 2026-11-25", "2026-11-25T00:00:00Z", "26-11-25", "+2026-1-25", "-026-11-25", "2026-11-2x",
		"２０２６-11-25", "2026-1１", "2026-11-2\x00", "2026\u201311\u201325", "31-12-2026",
	}
}

func TestParseMonth(t *testing.T) {
	t.Parallel()
	got, err := calendar.ParseMonth("2026-11")
	if err != nil || got.String() != "2026-11" || got.Year() != 2026 || got.Number() != 11 {
		t.Fatalf("ParseMonth = %v, %v", got, err)
	}
	for _, give := range []string{
		"", "2026-13", "2026-00", "2026-1", "2026-1 ", "2026/11", "202611", "10月31月", "1799-12", "2026-11-25",
	} {
		if got, err := calendar.ParseMonth(give); !errors.Is(err, calendar.ErrSyntax) || !got.IsZero() {
			t.Errorf("ParseMonth(%q) = %v, %v; want ErrSyntax", give, got, err)
		}
	}
}

func TestMustPanicsOnBadText(t *testing.T) {
	t.Parallel()
	for name, must := range map[string]func(){
		"day":   func() { calendar.MustDay("2026-02-30") },
		"month": func() { calendar.MustMonth("2026-13") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Must of a bad %s did not panic", name)
				}
			}()
			must()
		}()
	}
}

func TestF82_DayInShanghai(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		give time.Time
		want string
	}{
		{"00:05 on the 25th is the 24th in UTC", time.Date(2027, 3, 24, 16, 5, 0, 0, time.UTC), "2027-03-25"},
		{"23:59:59 on the 24th", time.Date(2027, 3, 24, 15, 59, 59, 999_999_999, time.UTC), "2027-03-24"},
		{"midnight", time.Date(2027, 3, 24, 16, 0, 0, 0, time.UTC), "2027-03-25"},
		{"from another zone", time.Date(2027, 3, 24, 8, 5, 0, 0, time.FixedZone("", -8*3600)), "2027-03-25"},
		{"new year", time.Date(2026, 12, 31, 16, 0, 0, 0, time.UTC), "2027-01-01"},
		{"2038", time.Date(2038, 1, 19, 16, 0, 0, 0, time.UTC), "2038-01-20"},
		{"1970", time.Unix(0, 0), "1970-01-01"},
		{"no instant", time.Time{}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := calendar.DayIn(tt.give); got.String() != tt.want {
				t.Errorf("DayIn(%v) = %q, want %q", tt.give, got, tt.want)
			}
		})
	}
	at := time.Date(2027, 3, 25, 0, 5, 0, 0, calendar.Shanghai())
	if got := calendar.DayOf(at.UTC()).String(); got != "2027-03-24" {
		t.Errorf("DayOf = %q, want the fields as they stand", got)
	}
	if a, b := calendar.Shanghai(), calendar.Shanghai(); a != b || a.String() != "Asia/Shanghai" {
		t.Errorf("Shanghai() = %v, then %v", a, b)
	}
}

func TestShanghaiCostsNothingAfterItsFirstUse(t *testing.T) {
	at := time.Date(2027, 3, 24, 16, 5, 0, 0, time.UTC)
	calendar.DayIn(at)
	if allocs := testing.AllocsPerRun(100, func() { calendar.DayIn(at) }); allocs != 0 {
		t.Errorf("DayIn allocates %v times", allocs)
	}
}

func TestF84_MonthArithmeticClamps(t *testing.T) {
	t.Parallel()
	tests := []struct {
		give   string
		months int
		want   string
	}{
		{"2026-01-31", 1, "2026-02-28"},
		{"2024-01-31", 1, "2024-02-29"},
		{"2024-02-29", 12, "2025-02-28"},
		{"2024-02-29", 48, "2028-02-29"},
		{"2024-02-29", -12, "2023-02-28"},
		{"2026-03-31", -1, "2026-02-28"},
		{"2026-08-31", 1, "2026-09-30"},
		{"2026-12-31", 1, "2027-01-31"},
		{"2026-01-15", -1, "2025-12-15"},
		{"2026-05-30", 0, "2026-05-30"},
		{"1960-01-15", 60 * 12, "2020-01-15"},
		{"9999-12-31", 1, "9999-12-31"},
	}
	for _, tt := range tests {
		t.Run(tt.give, func(t *testing.T) {
			t.Parallel()
			if got := calendar.MustDay(tt.give).AddMonths(tt.months); got.String() != tt.want {
				t.Errorf("%s + %d months = %s, want %s", tt.give, tt.months, got, tt.want)
			}
		})
	}
	february := calendar.MustMonth("2026-02")
	for n, want := range map[int]string{-5: "01", 0: "01", 1: "01", 27: "27", 28: "28", 29: "28", 31: "28"} {
		if got := february.Day(n); got.String() != "2026-02-"+want {
			t.Errorf("day %d of February = %s, want %s", n, got, want)
		}
	}
	if february.First().String() != "2026-02-01" || february.Last().String() != "2026-02-28" {
		t.Errorf("February runs from %s to %s", february.First(), february.Last())
	}
}

func TestF84_MonthArithmeticProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := days().Draw(t, "day")
		n := rapid.IntRange(-1200, 1200).Draw(t, "months")
		got := d.AddMonths(n)
		if d.Month().MonthsUntil(got.Month()) != n || got.Month() != d.Month().Add(n) {
			t.Fatalf("%s + %d months = %s, another month", d, n, got)
		}
		if want := min(d.DayOfMonth(), got.Month().Last().DayOfMonth()); got.DayOfMonth() != want {
			t.Fatalf("%s + %d months = %s, want day %d", d, n, got, want)
		}
		if d.Month().Add(n).Add(-n) != d.Month() {
			t.Fatalf("month %s + %d - %d differs", d.Month(), n, n)
		}
	})
}

func days() *rapid.Generator[calendar.Day] {
	return rapid.Custom(func(t *rapid.T) calendar.Day {
		return calendar.MustDay("1900-01-01").AddDays(rapid.IntRange(0, 47846).Draw(t, "days after 1900-01-01"))
	})
}

// Every date from 1900 to 2030, through the years of summer time and the odd
// offsets before 1901.
func TestF85_NoDateIsMovedBySummerTime(t *testing.T) {
	t.Parallel()
	d, end := calendar.MustDay("1900-01-01"), calendar.MustDay("2030-12-31")
	instant := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
	for count := 0; !d.After(end); count++ {
		text := instant.Format(time.DateOnly)
		read, err := calendar.ParseDay(text)
		made, dateErr := calendar.Date(d.Year(), d.Month().Number(), d.DayOfMonth())
		if err != nil || dateErr != nil || read != d || made != d || d.String() != text {
			t.Fatalf("day %d is %s, read %s, made %s; want %s", count, d, read, made, text)
		}
		if calendar.DayOf(d.Time()) != d || !d.Time().Equal(instant) || d.Weekday() != instant.Weekday() {
			t.Fatalf("%s goes to a driver as %v", d, d.Time())
		}
		noon := time.Date(d.Year(), time.Month(d.Month().Number()), d.DayOfMonth(), 12, 0, 0, 0, calendar.Shanghai())
		if calendar.DayIn(noon) != d || calendar.DayIn(noon.UTC()) != d {
			t.Fatalf("noon of %s is in %s", d, calendar.DayIn(noon))
		}
		next := d.AddDays(1)
		if d.DaysUntil(next) != 1 || next.AddDays(-1) != d || !d.Before(next) || next.Before(d) ||
			d.Compare(next) != -1 {
			t.Fatalf("the day after %s is %s", d, next)
		}
		d, instant = next, instant.AddDate(0, 0, 1)
	}
}

func TestDayArithmeticProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := days().Draw(t, "a"), days().Draw(t, "b")
		n := a.DaysUntil(b)
		if a.AddDays(n) != b || b.DaysUntil(a) != -n {
			t.Fatalf("%s + %d days = %s, want %s", a, n, a.AddDays(n), b)
		}
		want := a.Time().Compare(b.Time())
		if a.Compare(b) != want || (a == b) != (want == 0) || a.After(b) != (want > 0) {
			t.Fatalf("Compare(%s, %s) = %d, want %d", a, b, a.Compare(b), want)
		}
		if a.Month().Compare(b.Month()) != a.Month().First().Compare(b.Month().First()) {
			t.Fatalf("months of %s and %s compare otherwise", a, b)
		}
		text, err := json.Marshal(map[calendar.Month]calendar.Day{a.Month(): a})
		if err != nil {
			t.Fatal(err)
		}
		var back map[calendar.Month]calendar.Day
		if err := json.Unmarshal(text, &back); err != nil || back[a.Month()] != a {
			t.Fatalf("%s came back as %v, %v", text, back, err)
		}
	})
}

func TestLongSpans(t *testing.T) {
	t.Parallel()
	from, to := calendar.MustDay("1800-01-01"), calendar.MustDay("9999-12-31")
	if got := from.DaysUntil(to); got != 2994987 || from.AddDays(got) != to {
		t.Errorf("from %s to %s are %d days", from, to, got)
	}
	for _, n := range []int{1, 1_000_000_000, math.MaxInt32, math.MaxInt} {
		if got := to.AddDays(n); got != to {
			t.Errorf("%s + %d days = %s, want the last day", to, n, got)
		}
		if got := to.Month().Add(n); got != to.Month() {
			t.Errorf("%s + %d months = %s, want the last month", to.Month(), n, got)
		}
	}
	for _, n := range []int{-10_000_000, math.MinInt32, math.MinInt} {
		if got := from.AddDays(n); got.String() != "0001-01-01" {
			t.Errorf("%s + %d days = %s, want the first day", from, n, got)
		}
		if got := from.Month().Add(n); got.String() != "0001-01" {
			t.Errorf("%s + %d months = %s, want the first month", from.Month(), n, got)
		}
	}
}

func TestNoDateStaysNoDate(t *testing.T) {
	t.Parallel()
	var d calendar.Day
	var m calendar.Month
	for name, got := range map[string]calendar.Day{
		"AddDays": d.AddDays(5), "AddMonths": d.AddMonths(5), "First": m.First(), "Last": m.Last(), "Day": m.Day(25),
		"DayOf": calendar.DayOf(time.Time{}), "back from Time": calendar.DayOf(d.Time()),
	} {
		if !got.IsZero() {
			t.Errorf("%s of no date = %q", name, got)
		}
	}
	if !m.Add(3).IsZero() || !d.Month().IsZero() || !m.IsZero() {
		t.Error("a month came from no date")
	}
	if d.String() != "" || d.Compact() != "" || m.String() != "" || !d.Time().IsZero() {
		t.Errorf("no date is written %q, %q, %q, %v", d, d.Compact(), m, d.Time())
	}
	if !d.Before(calendar.MustDay("1800-01-01")) || m.Compare(calendar.MustMonth("1800-01")) != -1 {
		t.Error("no date comes before every date")
	}
	var row struct {
		Day   calendar.Day   `json:"day,omitzero"`
		Month calendar.Month `json:"month,omitzero"`
	}
	if text, err := json.Marshal(row); err != nil || string(text) != "{}" {
		t.Errorf("no date is encoded %s, %v", text, err)
	}
	for _, text := range []string{`{"day":""}`, `{"day":20261125}`, `{"day":"2026-02-30"}`, `{"month":"2026-11-25"}`} {
		if err := json.Unmarshal([]byte(text), &row); err == nil {
			t.Errorf("%s was read", text)
		}
	}
}

func FuzzParseDay(f *testing.F) {
	for _, s := range append(badDays(), "2026-11-25", "2024-02-29", "20261125", "2026-11") {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := calendar.ParseDay(s)
		oracle, oracleErr := time.Parse(time.DateOnly, s)
		if want := oracleErr == nil && oracle.Year() >= 1800; want != (err == nil) {
			t.Fatalf("ParseDay(%q) = %q, %v; package time says %v", s, got, err, oracleErr)
		}
		if err == nil && (got.String() != s || !got.Time().Equal(oracle)) {
			t.Fatalf("ParseDay(%q) = %q", s, got)
		}
		if got, err := calendar.ParseCompact(s); err == nil && got.Compact() != s {
			t.Fatalf("ParseCompact(%q) = %q", s, got)
		}
		if got, err := calendar.ParseMonth(s); err == nil && got.String() != s {
			t.Fatalf("ParseMonth(%q) = %q", s, got)
		}
	})
}

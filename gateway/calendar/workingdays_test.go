package calendar_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoline/gateway/calendar"
)

func official(t *testing.T) *calendar.WorkingDays {
	t.Helper()
	w, err := calendar.Official()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// The pay days, and the days on which the bank must hold money and list: three
// working days before.
func TestF83_PayDays(t *testing.T) {
	t.Parallel()
	tests := []struct {
		year           int
		want, handover string
	}{
		{
			2011, "01-25 02-25 03-25 04-25 05-25 06-24 07-25 08-25 09-23 10-25 11-25 12-23",
			"01-20 02-22 03-22 04-20 05-20 06-21 07-20 08-22 09-20 10-20 11-22 12-20",
		},
		{
			2026, "01-23 02-25 03-25 04-24 05-25 06-25 07-24 08-25 09-24 10-23 11-25 12-25",
			"01-20 02-13 03-20 04-21 05-20 06-22 07-21 08-20 09-21 10-20 11-20 12-22",
		},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.year), func(t *testing.T) {
			t.Parallel()
			w := official(t)
			var got, handover []string
			for month := range 12 {
				d, err := w.PayDay(calendar.MustMonth(fmt.Sprintf("%d-%02d", tt.year, month+1)), 25)
				if err != nil {
					t.Fatal(err)
				}
				due, err := w.Add(d, -3)
				if err != nil {
					t.Fatal(err)
				}
				got, handover = append(got, d.String()[5:]), append(handover, due.String()[5:])
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, " "), tt.want)
			}
			if strings.Join(handover, " ") != tt.handover {
				t.Errorf("hand-over: got  %s\nwant %s", strings.Join(handover, " "), tt.handover)
			}
		})
	}
}

func TestF83_PayDayOfAnEarlyDay(t *testing.T) {
	t.Parallel()
	w := official(t)
	// The working day before may lie in the month before.
	for month, want := range map[string]string{"2011-10": "2011-09-30", "2011-05": "2011-04-29", "2011-07": "2011-07-01"} {
		if d, err := w.PayDay(calendar.MustMonth(month), 1); err != nil || d.String() != want {
			t.Errorf("pay day of %s = %s, %v; want %s", month, d, err, want)
		}
	}
	// Without the notice of the year, or of the year that the search comes into, there is no pay day.
	for _, month := range []string{"2027-01", "2004-01"} {
		if d, err := w.PayDay(calendar.MustMonth(month), 1); !errors.Is(err, calendar.ErrNoYear) {
			t.Errorf("pay day of %s = %s, %v; want ErrNoYear", month, d, err)
		}
	}
}

func TestF83_IsWorkingDay(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		give string
		want bool
	}{
		{"an ordinary Wednesday", "2026-11-25", true},
		{"an ordinary Saturday", "2026-11-28", false},
		{"a worked Sunday before National Day", "2026-09-20", true},
		{"a worked Saturday after National Day", "2026-10-10", true},
		{"National Day", "2026-10-01", false},
		{"Mid-Autumn Festival on a Friday", "2026-09-25", false},
		{"Spring Festival 2020 as prolonged", "2020-01-31", false},
		{"the Saturday first meant to be worked in 2020", "2020-02-01", false},
		{"Victory Day 2015", "2015-09-03", false},
		{"the Sunday worked for it", "2015-09-06", true},
		{"Labour Day 2019 as changed in March", "2019-05-02", false},
		{"a last day of a year worked for the next", "2011-12-31", true},
		{"the same, of 2018", "2018-12-29", true},
		{"the same, of 2005", "2005-12-31", true},
		{"New Year 2005", "2005-01-03", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := official(t).IsWorkingDay(calendar.MustDay(tt.give))
			if err != nil || got != tt.want {
				t.Errorf("IsWorkingDay(%s) = %v, %v; want %v", tt.give, got, err, tt.want)
			}
		})
	}
}

func TestF83_AYearWithoutNoticeIsRefused(t *testing.T) {
	t.Parallel()
	w := official(t)
	for _, give := range []calendar.Day{
		{},
		calendar.MustDay("2003-12-31"), calendar.MustDay("2027-01-01"), calendar.MustDay("2027-03-25"),
		calendar.MustDay("1800-01-01"), calendar.MustDay("9999-12-31"),
	} {
		if got, err := w.IsWorkingDay(give); !errors.Is(err, calendar.ErrNoYear) || got {
			t.Errorf("IsWorkingDay(%s) = %v, %v; want ErrNoYear", give, got, err)
		}
		if got, err := w.OnOrBefore(give); !errors.Is(err, calendar.ErrNoYear) || !got.IsZero() {
			t.Errorf("OnOrBefore(%s) = %v, %v; want ErrNoYear", give, got, err)
		}
		for _, n := range []int{-1, 0, 1, math.MaxInt, math.MinInt} {
			if got, err := w.Add(give, n); !errors.Is(err, calendar.ErrNoYear) || !got.IsZero() {
				t.Errorf("Add(%s, %d) = %v, %v; want ErrNoYear", give, n, got, err)
			}
		}
	}
	tests := []struct {
		give string
		n    int
	}{
		{"2026-12-31", 1},
		{"2026-12-29", 3},
		{"2004-01-02", -1},
		{"2015-06-15", math.MaxInt},
		{"2015-06-15", math.MinInt},
	}
	for _, tt := range tests {
		if got, err := w.Add(calendar.MustDay(tt.give), tt.n); !errors.Is(err, calendar.ErrNoYear) || !got.IsZero() {
			t.Errorf("Add(%s, %d) = %v, %v; want ErrNoYear", tt.give, tt.n, got, err)
		}
	}
	if _, err := w.OnOrBefore(calendar.MustDay("2004-01-01")); !errors.Is(err, calendar.ErrNoYear) {
		t.Errorf("the working day before 1 January 2004 is unknown, got %v", err)
	}
	if w.Knows(2003) || !w.Knows(2004) || !w.Knows(2026) || w.Knows(2027) {
		t.Error("the known years are 2004 to 2026")
	}
}

func TestAddWorkingDays(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		give string
		n    int
		want string
	}{
		{"three days after a debit", "2026-11-25", 3, "2026-11-30"},
		{"over National Day 2026 and its worked Saturday", "2026-09-30", 3, "2026-10-10"},
		{"from a Saturday", "2026-11-28", 1, "2026-11-30"},
		{"three days before pay day", "2026-09-24", -3, "2026-09-21"},
		{"back over Spring Festival 2026", "2026-02-25", -3, "2026-02-13"},
		{"none", "2026-11-28", 0, "2026-11-28"},
		{"over a year's end", "2011-12-30", 2, "2012-01-04"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := official(t).Add(calendar.MustDay(tt.give), tt.n)
			if err != nil || got.String() != tt.want {
				t.Errorf("Add(%s, %d) = %s, %v; want %s", tt.give, tt.n, got, err, tt.want)
			}
		})
	}
}

func TestAddWorkingDaysProperties(t *testing.T) {
	t.Parallel()
	w := official(t)
	start := calendar.MustDay("2005-01-01")
	rapid.Check(t, func(t *rapid.T) {
		d := start.AddDays(rapid.IntRange(0, 7500).Draw(t, "days"))
		n := rapid.IntRange(-60, 60).Draw(t, "n")
		got, err := w.Add(d, n)
		if err != nil {
			t.Fatal(err)
		}
		first, last := d, got
		if n < 0 {
			first, last = got, d
		}
		worked := 0
		for day := first; !day.After(last); day = day.AddDays(1) {
			if is, err := w.IsWorkingDay(day); err != nil || (is && day != d) {
				worked++
			}
		}
		if worked != max(n, -n) {
			t.Fatalf("between %s and %s lie %d working days, want %d", d, got, worked, n)
		}
		last, err = w.OnOrBefore(d)
		is, isErr := w.IsWorkingDay(last)
		if err != nil || isErr != nil || !is || last.After(d) {
			t.Fatalf("OnOrBefore(%s) = %s, %v", d, last, err)
		}
		if next, err := w.Add(last, 1); err != nil || !next.After(d) {
			t.Fatalf("%s is a working day between %s and %s", next, last, d)
		}
	})
}

// Every notice moves days off and gives none away: the days off it adds to the
// week, less the weekend days it has worked, are the days that the law grants.
func TestOfficialNoticesAddUp(t *testing.T) {
	t.Parallel()
	rows, err := calendar.OfficialExceptions()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(rows, func(a, b calendar.Exception) int { return a.Day.Compare(b.Day) }) {
		t.Error("the rows are not in order of date")
	}
	names := map[string]bool{}
	got := map[int]int{}
	for _, r := range rows {
		notice := r.Day.Year()
		if r.Day.Month().Number() == 12 {
			notice++
		}
		weekend := r.Day.Weekday() == time.Saturday || r.Day.Weekday() == time.Sunday
		switch {
		case r.Kind == calendar.Holiday && !weekend:
			got[notice]++
		case r.Kind == calendar.Working && weekend:
			got[notice]--
		case r.Kind == calendar.Working:
			t.Errorf("%s is worked anyway", r.Day)
		}
		names[r.Name] = true
	}
	for year := 2004; year <= 2026; year++ {
		want := 10
		switch {
		case year >= 2025:
			want = 13
		case year == 2020: // Spring Festival was prolonged by a Friday and a worked Saturday
			want = 13
		case year == 2015: // Victory Day, once
			want = 12
		case year >= 2008:
			want = 11
		}
		if got[year] != want {
			t.Errorf("the notice of %d grants %d days, want %d", year, got[year], want)
		}
	}
	if len(got) != 23 || len(rows) != 770 || len(names) != 8 {
		t.Errorf("%d notices, %d rows, %d names", len(got), len(rows), len(names))
	}
}

func year2030(more ...calendar.Exception) []calendar.Exception {
	return append([]calendar.Exception{
		{Day: calendar.MustDay("2030-01-01"), Kind: calendar.Holiday, Name: "New Year's Day"},
		{Day: calendar.MustDay("2030-10-01"), Kind: calendar.Holiday, Name: "National Day"},
	}, more...)
}

func TestNewWorkingDays(t *testing.T) {
	t.Parallel()
	w, err := calendar.NewWorkingDays(year2030(
		calendar.Exception{Day: calendar.MustDay("2030-09-29"), Kind: calendar.Working},
		calendar.Exception{Day: calendar.MustDay("2029-12-29"), Kind: calendar.Working},
		calendar.Exception{Day: calendar.MustDay("2031-01-01"), Kind: calendar.Holiday},
		calendar.Exception{Day: calendar.MustDay("2032-01-01"), Kind: calendar.Working},
		calendar.Exception{Day: calendar.MustDay("2032-10-01"), Kind: calendar.Holiday},
	))
	if err != nil {
		t.Fatal(err)
	}
	for year, want := range map[int]bool{2029: false, 2030: true, 2031: false, 2032: false} {
		if w.Knows(year) != want {
			t.Errorf("Knows(%d) = %v, want %v", year, !want, want)
		}
	}
	if is, err := w.IsWorkingDay(calendar.MustDay("2030-09-29")); err != nil || !is {
		t.Errorf("a worked Sunday is %v, %v", is, err)
	}
	for name, row := range map[string]calendar.Exception{
		"no day":    {Kind: calendar.Holiday},
		"no kind":   {Day: calendar.MustDay("2030-05-01")},
		"bad kind":  {Day: calendar.MustDay("2030-05-01"), Kind: "Holiday"},
		"twice":     {Day: calendar.MustDay("2030-10-01"), Kind: calendar.Holiday},
		"disagrees": {Day: calendar.MustDay("2030-10-01"), Kind: calendar.Working},
	} {
		if w, err := calendar.NewWorkingDays(year2030(row)); !errors.Is(err, calendar.ErrTable) || w != nil {
			t.Errorf("%s: got %v, want ErrTable", name, err)
		}
	}
	last, err := calendar.NewWorkingDays([]calendar.Exception{
		{Day: calendar.MustDay("9999-01-01"), Kind: calendar.Holiday},
		{Day: calendar.MustDay("9999-10-01"), Kind: calendar.Holiday},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := last.Add(calendar.MustDay("9999-12-30"), 2); !errors.Is(err, calendar.ErrNoYear) {
		t.Errorf("beyond the last day lies %s, %v; want ErrNoYear", got, err)
	}
	if w, err := calendar.NewWorkingDays(nil); err != nil || w.Knows(2030) {
		t.Errorf("an empty table knows a year, %v", err)
	}
}

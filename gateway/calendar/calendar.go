// Package calendar holds business dates, months and working days.
//
// A Day is a date of Asia/Shanghai without a time or a zone: the gateway never
// derives one from an instant except through DayIn. Month arithmetic clamps to
// the last day of the month (31 January + 1 month is 28 or 29 February).
//
// Which days are worked is data: the State Council moves working days every year,
// and a year without its notice is ErrNoYear, never a guess.
package calendar

import (
	"cmp"
	"errors"
	"fmt"
	"sync"
	"time"
	_ "time/tzdata" // the zone must exist on every host, or no date could be told
)

// ErrSyntax is returned for text that is not a date or month that exists.
var ErrSyntax = errors.New("date must be one that exists, written 2026-11-25")

// Day is a date without time or zone. The zero value is "no date".
// Days compare with == and order with Compare.
type Day struct {
	year  int16
	month int8
	day   int8
}

// Shanghai is the zone of every business date. It panics where the zone cannot be
// loaded or is not eight hours ahead of UTC: then no date could be told.
func Shanghai() *time.Location { return shanghai() }

//nolint:gochecknoglobals // a constant that takes a file to compute: never written after its first use
var shanghai = sync.OnceValue(func() *time.Location {
	loc, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		panic("calendar: Asia/Shanghai is embedded and must load: " + err.Error())
	}
	// The host's own zone files come before the embedded ones, and may be wrong.
	const aheadOfUTC = 8 * 60 * 60
	if _, offset := time.Date(2027, 3, 25, 0, 0, 0, 0, time.UTC).In(loc).Zone(); offset != aheadOfUTC {
		panic("calendar: Asia/Shanghai on this host is not eight hours ahead of UTC")
	}
	return loc
})

// DayIn returns the date that an instant has in Asia/Shanghai, and no date for
// the zero instant.
func DayIn(t time.Time) Day {
	if t.IsZero() {
		return Day{}
	}
	return dayOf(t.In(Shanghai()))
}

// DayOf returns the date fields of t as they stand, whatever its zone, and no date
// for the zero instant. It is for values that carry a date only, such as a
// driver's midnight UTC.
func DayOf(t time.Time) Day {
	if t.IsZero() {
		return Day{}
	}
	return dayOf(t)
}

// dayOf stops at the first and the last day that a Day can be written as, so that
// arithmetic far out keeps its order instead of wrapping round.
func dayOf(t time.Time) Day {
	y, m, d := t.Date()
	switch {
	case y < minYear:
		return Day{year: minYear, month: 1, day: 1}
	case y > maxYear:
		return Day{year: maxYear, month: 12, day: 31}
	}
	return day(y, int(m), d)
}

const (
	minYear     = 1
	minReadYear = 1800
	maxYear     = 9999
)

// day makes a Day of fields that are known to exist.
func day(year, month, dayOfMonth int) Day {
	//nolint:gosec // a year is at most 9999, so nothing is cut off
	return Day{year: int16(year), month: int8(month), day: int8(dayOfMonth)}
}

// Date returns the day of a year, month and day, or ErrSyntax if it does not exist
// or lies outside the years 1800 to 9999.
func Date(year, month, dayOfMonth int) (Day, error) {
	if year < minReadYear || year > maxYear || month < 1 || month > 12 ||
		dayOfMonth < 1 || dayOfMonth > daysIn(year, month) {
		return Day{}, ErrSyntax
	}
	return day(year, month, dayOfMonth), nil
}

// MustDay reads a day for constants in code and tests; it panics on bad text.
func MustDay(s string) Day {
	d, err := ParseDay(s)
	if err != nil {
		panic(fmt.Sprintf("calendar.MustDay(%q): %v", s, err))
	}
	return d
}

// ParseDay reads YYYY-MM-DD strictly: ASCII digits, a date that exists.
func ParseDay(s string) (Day, error) {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return Day{}, ErrSyntax
	}
	return parseDigits(s[0:4], s[5:7], s[8:10])
}

// ParseCompact reads YYYYMMDD strictly, as bank files and file names carry it.
func ParseCompact(s string) (Day, error) {
	if len(s) != 8 {
		return Day{}, ErrSyntax
	}
	return parseDigits(s[0:4], s[4:6], s[6:8])
}

func parseDigits(year, month, day string) (Day, error) {
	y, ok1 := digits(year)
	m, ok2 := digits(month)
	d, ok3 := digits(day)
	if !ok1 || !ok2 || !ok3 {
		return Day{}, ErrSyntax
	}
	return Date(y, m, d)
}

func digits(s string) (int, bool) {
	n := 0
	for i := range len(s) {
		c := s[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + int(c)
	}
	return n, true
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// IsZero says that there is no date.
func (d Day) IsZero() bool { return d == Day{} }

// Year returns the year.
func (d Day) Year() int { return int(d.year) }

// Month returns the month that the day lies in.
func (d Day) Month() Month { return Month{year: d.year, month: d.month} }

// DayOfMonth returns 1 to 31.
func (d Day) DayOfMonth() int { return int(d.day) }

// Time returns midnight UTC of the day, for drivers that know instants only, and
// the zero instant for no date; DayOf is its reverse.
func (d Day) Time() time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return time.Date(int(d.year), time.Month(d.month), int(d.day), 0, 0, 0, 0, time.UTC)
}

// Weekday returns the day of the week.
func (d Day) Weekday() time.Weekday { return d.Time().Weekday() }

// AddDays returns the day n days later, or earlier where n is negative. No date
// stays no date.
func (d Day) AddDays(n int) Day {
	if d.IsZero() {
		return d
	}
	// Beyond this the sum lies outside the years of a Day whatever d is, and the
	// arithmetic of package time would wrap round.
	const farDays = (maxYear + 1) * 366
	return dayOf(d.Time().AddDate(0, 0, min(max(n, -farDays), farDays)))
}

// AddMonths returns the same day n months later, or earlier where n is negative,
// clamped to the month's last day: 31 January + 1 month is 28 or 29 February, and
// 29 February + 12 months is 28 February. No date stays no date.
func (d Day) AddMonths(n int) Day { return d.Month().Add(n).Day(d.DayOfMonth()) }

// Ordinal counts days from a day long before every book: two ordinals are as far apart
// as their days. It must be a date.
func (d Day) Ordinal() int {
	const daysIn400Years, daysIn100Years, daysInYear = 146097, 36524, 365
	year, month := d.Year(), int(d.month)
	if month <= 2 {
		year, month = year-1, month+12
	}
	// The year begins in March, so that the months have 153 days in every five.
	return year/400*daysIn400Years + year%400/100*daysIn100Years + year%100/4 + year%100*daysInYear +
		(153*(month-3)+2)/5 + d.DayOfMonth()
}

// DaysUntil returns how many days later other is. Both must be dates.
func (d Day) DaysUntil(other Day) int { return other.Ordinal() - d.Ordinal() }

// Compare returns -1, 0 or +1 as d is before, equal to or after other. No date is
// before every date.
func (d Day) Compare(other Day) int {
	return cmp.Or(
		cmp.Compare(d.year, other.year), cmp.Compare(d.month, other.month), cmp.Compare(d.day, other.day),
	)
}

// Before says that d is earlier than other.
func (d Day) Before(other Day) bool { return d.Compare(other) < 0 }

// After says that d is later than other.
func (d Day) After(other Day) bool { return d.Compare(other) > 0 }

// String returns YYYY-MM-DD, or "" for no date.
func (d Day) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.year, d.month, d.day)
}

// Compact returns YYYYMMDD, or "" for no date.
func (d Day) Compact() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d%02d%02d", d.year, d.month, d.day)
}

// MarshalText writes YYYY-MM-DD, or nothing for no date. UnmarshalText refuses
// nothing: an absent date is left out, and IsZero is what omitzero asks.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads YYYY-MM-DD strictly.
func (d *Day) UnmarshalText(b []byte) error {
	v, err := ParseDay(string(b))
	if err != nil {
		return err
	}
	*d = v
	return nil
}

// Month is a calendar month. The zero value is "no month".
type Month struct {
	year  int16
	month int8
}

// ParseMonth reads YYYY-MM strictly.
func ParseMonth(s string) (Month, error) {
	if len(s) != 7 || s[4] != '-' {
		return Month{}, ErrSyntax
	}
	d, err := parseDigits(s[0:4], s[5:7], "01")
	if err != nil {
		return Month{}, err
	}
	return d.Month(), nil
}

// MustMonth reads a month for constants in code and tests; it panics on bad text.
func MustMonth(s string) Month {
	m, err := ParseMonth(s)
	if err != nil {
		panic(fmt.Sprintf("calendar.MustMonth(%q): %v", s, err))
	}
	return m
}

// IsZero says that there is no month.
func (m Month) IsZero() bool { return m == Month{} }

// Year returns the year.
func (m Month) Year() int { return int(m.year) }

// Number returns 1 for January to 12 for December.
func (m Month) Number() int { return int(m.month) }

// First returns the first day of the month, or no date for no month.
func (m Month) First() Day { return m.Day(1) }

// Last returns the last day of the month, or no date for no month.
func (m Month) Last() Day { return m.Day(31) }

// Day returns the n-th day of the month, clamped to its first and last day, or no
// date for no month.
func (m Month) Day(n int) Day {
	if m.IsZero() {
		return Day{}
	}
	last := daysIn(int(m.year), int(m.month))
	return day(int(m.year), int(m.month), min(max(n, 1), last))
}

// Add returns the month n months later, or earlier where n is negative. No month
// stays no month.
func (m Month) Add(n int) Month {
	if m.IsZero() {
		return m
	}
	const farMonths = (maxYear + 1) * 12
	return dayOf(m.First().Time().AddDate(0, min(max(n, -farMonths), farMonths), 0)).Month()
}

// MonthsUntil returns how many months later other is. Both must be months.
func (m Month) MonthsUntil(other Month) int {
	return (other.Year()-m.Year())*12 + other.Number() - m.Number()
}

// Compare returns -1, 0 or +1 as m is before, equal to or after other. No month is
// before every month.
func (m Month) Compare(other Month) int {
	return cmp.Or(cmp.Compare(m.year, other.year), cmp.Compare(m.month, other.month))
}

// String returns YYYY-MM, or "" for no month.
func (m Month) String() string {
	if m.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d", m.year, m.month)
}

// MarshalText writes YYYY-MM, or nothing for no month.
func (m Month) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads YYYY-MM strictly.
func (m *Month) UnmarshalText(b []byte) error {
	v, err := ParseMonth(string(b))
	if err != nil {
		return err
	}
	*m = v
	return nil
}

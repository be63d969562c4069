package calendar

import (
	_ "embed" // the State Council's notices travel inside the program
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// ErrNoYear is returned for a day in a year whose notice is not known.
var ErrNoYear = errors.New("the working days of this year are not known: load the State Council's notice")

// ErrTable is returned for rows that contradict themselves or cannot be read.
var ErrTable = errors.New("table of working days is not usable")

// The file's head says where the rows come from and under which licence.
//
//go:embed workingdays.csv
var officialCSV string

// DayKind says how a day differs from the ordinary week.
type DayKind string

// The kinds of day that a notice names.
const (
	// Holiday is a day off; the weekend days inside a holiday are named too.
	Holiday DayKind = "holiday"
	// Working is a Saturday or Sunday that is worked to make up for a holiday.
	Working DayKind = "working"
)

// Exception is one day of a notice: a row of a table of working days.
type Exception struct {
	Day  Day
	Kind DayKind
	// Name is the holiday that the day is off for, or makes up for.
	Name string
}

// WorkingDays tells working days from days off. It never changes after it was
// made, and any number of goroutines may ask it.
type WorkingDays struct {
	years map[int]bool
	kinds map[Day]DayKind
}

// Official returns the working days of the State Council's notices from 2004 to
// 2026. It reads the embedded table on every call: keep the answer. As a notice
// appears in the autumn before its year and may still turn days of late December,
// the last days of 2026 are those of the 2026 notice alone.
func Official() (*WorkingDays, error) {
	rows, err := OfficialExceptions()
	if err != nil {
		return nil, err
	}
	return NewWorkingDays(rows)
}

// OfficialExceptions returns the rows behind Official in order of date, to fill a
// table with.
func OfficialExceptions() ([]Exception, error) {
	return readExceptions(strings.NewReader(officialCSV))
}

// NewWorkingDays returns the working days of a table's rows in any order.
//
// A year is known once its 1 January and its 1 October stand in the rows as
// holidays: they are the two ends of every notice, so rows of a half-loaded year,
// or days that the next notice moves into this one, make no year known. Two rows
// for a day are ErrTable.
func NewWorkingDays(rows []Exception) (*WorkingDays, error) {
	w := &WorkingDays{years: map[int]bool{}, kinds: make(map[Day]DayKind, len(rows))}
	for _, r := range rows {
		if r.Day.IsZero() || (r.Kind != Holiday && r.Kind != Working) {
			return nil, fmt.Errorf("day %q of kind %q: %w", r.Day, r.Kind, ErrTable)
		}
		if _, twice := w.kinds[r.Day]; twice {
			return nil, fmt.Errorf("day %s stands twice: %w", r.Day, ErrTable)
		}
		w.kinds[r.Day] = r.Kind
	}
	for d := range w.kinds {
		newYear, national := day(d.Year(), 1, 1), day(d.Year(), 10, 1)
		if w.kinds[newYear] == Holiday && w.kinds[national] == Holiday {
			w.years[d.Year()] = true
		}
	}
	return w, nil
}

// Knows says that the notice of a year is known.
func (w *WorkingDays) Knows(year int) bool { return w.years[year] }

// IsWorkingDay says whether d is worked, or returns ErrNoYear.
func (w *WorkingDays) IsWorkingDay(d Day) (bool, error) {
	if !w.years[d.Year()] {
		return false, fmt.Errorf("%s: %w", d, ErrNoYear)
	}
	switch w.kinds[d] {
	case Holiday:
		return false, nil
	case Working:
		return true, nil
	}
	weekday := d.Weekday()
	return weekday != time.Saturday && weekday != time.Sunday, nil
}

// Add returns the n-th working day after d, or before it where n is negative; d
// itself is not counted, worked or not. For n = 0 it returns d as it is. It
// returns ErrNoYear where the count starts in or reaches a year that is not known.
func (w *WorkingDays) Add(d Day, n int) (Day, error) {
	step := 1
	if n < 0 {
		step = -1
	}
	if !w.years[d.Year()] {
		return Day{}, fmt.Errorf("%s: %w", d, ErrNoYear)
	}
	for n != 0 {
		next := d.AddDays(step)
		if next == d { // the last day that a Day can hold
			return Day{}, fmt.Errorf("%s: %w", d, ErrNoYear)
		}
		worked, err := w.IsWorkingDay(next)
		if err != nil {
			return Day{}, err
		}
		if worked {
			n -= step
		}
		d = next
	}
	return d, nil
}

// OnOrBefore returns d if it is worked, else the last working day before it, or
// ErrNoYear.
func (w *WorkingDays) OnOrBefore(d Day) (Day, error) {
	worked, err := w.IsWorkingDay(d)
	switch {
	case err != nil:
		return Day{}, err
	case worked:
		return d, nil
	}
	return w.Add(d, -1)
}

// PayDay returns the n-th day of the month if it is worked, else the last working
// day before it, which may lie in the month before; ErrNoYear where it cannot be
// told. Add with a negative number counts working days back from it.
func (w *WorkingDays) PayDay(m Month, n int) (Day, error) { return w.OnOrBefore(m.Day(n)) }

func readExceptions(r io.Reader) ([]Exception, error) {
	table := csv.NewReader(r)
	table.Comment = '#'
	table.FieldsPerRecord = 3
	lines, err := table.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTable, err)
	}
	if len(lines) == 0 || strings.Join(lines[0], ",") != "date,kind,name" {
		return nil, fmt.Errorf("no heading date,kind,name: %w", ErrTable)
	}
	rows := make([]Exception, 0, len(lines)-1)
	for _, line := range lines[1:] {
		d, err := ParseDay(line[0])
		if err != nil {
			return nil, fmt.Errorf("row %q: %w: %w", line[0], ErrTable, err)
		}
		rows = append(rows, Exception{Day: d, Kind: DayKind(line[1]), Name: line[2]})
	}
	return rows, nil
}

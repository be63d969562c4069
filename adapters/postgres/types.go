package postgres

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"twoline/gateway/calendar"
)

// registerTypes teaches the driver calendar.Day and calendar.Month, so that
// dates pass without an instant or a zone; no day is NULL, a month its first day.
func registerTypes(m *pgtype.Map) {
	m.TryWrapEncodePlanFuncs = append([]pgtype.TryWrapEncodePlanFunc{wrapDayEncode}, m.TryWrapEncodePlanFuncs...)
	m.TryWrapScanPlanFuncs = append([]pgtype.TryWrapScanPlanFunc{wrapDayScan}, m.TryWrapScanPlanFuncs...)
}

type dayValue calendar.Day

func (d dayValue) DateValue() (pgtype.Date, error) {
	day := calendar.Day(d)
	if day.IsZero() {
		return pgtype.Date{}, nil //nolint:exhaustruct // NULL
	}
	return pgtype.Date{Time: day.Time(), Valid: true, InfinityModifier: pgtype.Finite}, nil
}

type monthValue calendar.Month

func (m monthValue) DateValue() (pgtype.Date, error) {
	return dayValue(calendar.Month(m).First()).DateValue()
}

type dayEncodePlan struct{ next pgtype.EncodePlan }

func (p *dayEncodePlan) SetNext(next pgtype.EncodePlan) { p.next = next }

func (p *dayEncodePlan) Encode(value any, buf []byte) ([]byte, error) {
	switch v := value.(type) {
	case calendar.Day:
		return p.next.Encode(dayValue(v), buf)
	case calendar.Month:
		return p.next.Encode(monthValue(v), buf)
	}
	return nil, fmt.Errorf("encode %T as a date", value)
}

func wrapDayEncode(value any) (pgtype.WrappedEncodePlanNextSetter, any, bool) {
	switch v := value.(type) {
	case calendar.Day:
		return &dayEncodePlan{next: nil}, dayValue(v), true
	case calendar.Month:
		return &dayEncodePlan{next: nil}, monthValue(v), true
	}
	return nil, nil, false
}

type dayTarget struct{ day *calendar.Day }

func (t *dayTarget) ScanDate(v pgtype.Date) error {
	if !v.Valid {
		*t.day = calendar.Day{}
		return nil
	}
	*t.day = calendar.DayOf(v.Time.In(time.UTC))
	return nil
}

type monthTarget struct{ month *calendar.Month }

func (t *monthTarget) ScanDate(v pgtype.Date) error {
	var d calendar.Day
	if err := (&dayTarget{&d}).ScanDate(v); err != nil {
		return err
	}
	*t.month = d.Month()
	return nil
}

type dayScanPlan struct{ next pgtype.ScanPlan }

func (p *dayScanPlan) SetNext(next pgtype.ScanPlan) { p.next = next }

func (p *dayScanPlan) Scan(src []byte, dst any) error {
	switch v := dst.(type) {
	case *calendar.Day:
		return p.next.Scan(src, &dayTarget{v})
	case *calendar.Month:
		return p.next.Scan(src, &monthTarget{v})
	}
	return fmt.Errorf("scan a date into %T", dst)
}

func wrapDayScan(dst any) (pgtype.WrappedScanPlanNextSetter, any, bool) {
	switch v := dst.(type) {
	case *calendar.Day:
		return &dayScanPlan{next: nil}, &dayTarget{v}, true
	case *calendar.Month:
		return &dayScanPlan{next: nil}, &monthTarget{v}, true
	}
	return nil, nil, false
}

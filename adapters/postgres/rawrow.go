package postgres

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"twoline/gateway/calendar"
)

// errRawRow is a row that is not what the decoder was told.
var errRawRow = errors.New("the row is not in the expected binary form")

// rowDecoder reads rows of a long result field by field, without what the driver
// does for each value. A field that is null is an error, and so is one of another
// length than its type has; err keeps it. Where a null is expected, the caller asks first.
type rowDecoder struct {
	fields [][]byte
	at     int
	err    error
	ready  bool
	// days and last are the date that was read last, of which there are few.
	days int32
	last calendar.Day
}

// eachRaw gives each row of a result to fn, and closes it.
func eachRaw(rows pgx.Rows, fn func(d *rowDecoder) error) error {
	defer rows.Close()
	var d rowDecoder
	for rows.Next() { //nolint:forbidigo // ForEachRow scans every value
		d.next(rows)
		if err := fn(&d); err != nil {
			return err
		}
	}
	return rows.Err()
}

// next begins a row.
func (d *rowDecoder) next(rows pgx.Rows) {
	d.fields, d.at = rows.RawValues(), 0
	if d.ready {
		return
	}
	d.ready = true
	for _, f := range rows.FieldDescriptions() {
		if f.Format != pgtype.BinaryFormatCode && f.DataTypeOID != pgtype.TextOID {
			d.err = fmt.Errorf("%w: %s", errRawRow, f.Name)
		}
	}
}

// isNull passes over the next field if it is null, which costs the database nothing to send.
func (d *rowDecoder) isNull() bool {
	if d.at >= len(d.fields) || d.fields[d.at] != nil {
		return false
	}
	d.at++
	return true
}

// bytes returns the next field, valid until the next row.
func (d *rowDecoder) bytes() []byte {
	if d.at >= len(d.fields) || d.fields[d.at] == nil {
		d.err = errRawRow
		return nil
	}
	d.at++
	return d.fields[d.at-1]
}

func (d *rowDecoder) fixed(n int) []byte {
	b := d.bytes()
	if len(b) != n {
		d.err = errRawRow
		return make([]byte, n)
	}
	return b
}

func (d *rowDecoder) text() string { return string(d.bytes()) }

func (d *rowDecoder) bool() bool { return d.fixed(1)[0] != 0 }

func (d *rowDecoder) int4() int32 {
	return int32(binary.BigEndian.Uint32(d.fixed(4))) //nolint:gosec // the bits as they are
}

func (d *rowDecoder) int8() int64 {
	return int64(binary.BigEndian.Uint64(d.fixed(8))) //nolint:gosec // the bits as they are
}

func (d *rowDecoder) day() calendar.Day {
	if days := d.int4(); days != d.days || d.last.IsZero() {
		d.days, d.last = days, calendar.DayOf(postgresEpoch()).AddDays(int(days))
	}
	return d.last
}

// dayOr returns a day, for which null stands if it is other.
func (d *rowDecoder) dayOr(other calendar.Day) calendar.Day {
	if d.isNull() {
		return other
	}
	return d.day()
}

// int8OrZero returns a number, for which null stands if it is zero.
func (d *rowDecoder) int8OrZero() int64 {
	if d.isNull() {
		return 0
	}
	return d.int8()
}

package delimited

import (
	"fmt"
	"strings"

	"twoline/gateway/fault"
)

// MaxFaults is how many malformed rows are named before reading stops.
const MaxFaults = 20

// Errors of a file.
var (
	ErrMalformed = fault.New(fault.Invalid, "malformed_rows", "the file has malformed rows and is refused whole")
	ErrCharset   = fault.New(fault.Invalid, "charset", "the file is not text in the charset of its layout")
	ErrEmpty     = fault.New(fault.Invalid, "empty_file", "the file has no rows")
	ErrRows      = fault.New(fault.TooLarge, "row_limit", "the file has more rows than the bank allows")
	ErrTooLarge  = fault.New(fault.TooLarge, "file_too_large", "the file is larger than this source allows")
	ErrSum       = fault.New(fault.Invalid, "sum_overflow", "the sum of the file's amounts is out of range")
	ErrChanged   = fault.New(fault.Conflict, "source_changed", "the file changed while it was read")
	ErrRead      = fault.New(fault.Unavailable, "read_interrupted", "the file could not be read to its end")
	// ErrField is a value that the file cannot carry.
	ErrField = fault.New(fault.Unprocessable, "file_field", "the value cannot stand in the bank's file")
	// ErrOrder is a record that does not belong into the file, or not yet.
	ErrOrder = fault.New(fault.Invalid, "record_order", "the record does not belong here")
	// ErrTotals is a batch whose items are not what its head says.
	ErrTotals = fault.New(fault.Invalid, "control_total", "the batch's count or sum is not that of its items")
)

// RowFault is what is wrong with one row: never what stands in it.
type RowFault struct {
	// Line is counted from 1.
	Line int
	// Code is "fields", "charset", "control_character", "line_length", "amount",
	// "date", "required", "too_long", "constant", "sequence" or "batch_differs".
	Code  string
	Field FieldName
}

// MalformedError names the malformed rows of a file, MaxFaults at most. It is
// ErrMalformed.
type MalformedError struct {
	Rows []RowFault
	// More says that reading stopped before the end.
	More bool
}

// Error lists the rows.
func (e *MalformedError) Error() string {
	var b strings.Builder
	b.WriteString(ErrMalformed.Error())
	for i, r := range e.Rows {
		b.WriteString([]string{": ", ", "}[min(i, 1)])
		fmt.Fprintf(&b, "line %d %s", r.Line, r.Code)
		if r.Field != "" {
			b.WriteString(" in " + string(r.Field))
		}
	}
	if e.More {
		b.WriteString(", and more")
	}
	return b.String()
}

// Unwrap gives ErrMalformed with the first line and field.
func (e *MalformedError) Unwrap() error {
	if len(e.Rows) == 0 {
		return ErrMalformed
	}
	return ErrMalformed.At(e.Rows[0].Line).On(string(e.Rows[0].Field))
}

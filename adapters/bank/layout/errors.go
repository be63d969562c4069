package layout

import (
	"fmt"
	"strings"
	"unicode"

	"twoline/gateway/fault"
)

// MaxFaults is how many malformed rows are named before reading stops.
const MaxFaults = 20

// Errors of a layout and of a file.
var (
	// ErrLayout is a layout that cannot work.
	ErrLayout    = fault.New(fault.Invalid, "layout", "the layout of the bank's file is not usable")
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

// RowFault is what is wrong with one row. It never repeats what tells of a person.
type RowFault struct {
	// Line is counted from 1.
	Line int
	// Code is "fields", "charset", "cut_character", "control_character", "line_length", "prefix",
	// "amount", "date", "required", "too_long", "constant", "sequence", "value",
	// "check", "batch_differs", "number_cell" or "after_end".
	Code string
	// Field is the field's name, and Column its place in the row from 1 on; both
	// are empty where the whole row is meant.
	Field  FieldName
	Column int
	// Want is what was expected, in words. Got is what stood there, as Seen shows it:
	// as it was, or masked: 9 for a digit, a for a letter, * for any other character.
	Want, Got string
}

// String says it in one sentence.
func (f RowFault) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "line %d", f.Line)
	if f.Column > 0 {
		fmt.Fprintf(&b, ", field %d (%s)", f.Column, f.Field)
	}
	fmt.Fprintf(&b, ": %s", f.Code)
	if f.Want != "" {
		b.WriteString(": expected " + f.Want)
		if f.Got != "" {
			b.WriteString(", found " + f.Got)
		}
	}
	return b.String()
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
		b.WriteString([]string{": ", "; "}[min(i, 1)])
		b.WriteString(r.String())
	}
	if e.More {
		b.WriteString("; and more")
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

// hasName says that a text holds Chinese characters besides those of a day.
func hasName(text string) bool {
	for _, r := range text {
		if unicode.Is(unicode.Han, r) && !strings.ContainsRune("年月日元整", r) {
			return true
		}
	}
	return false
}

// maxShape is how much of a text its shape shows.
const maxShape = 24

// Shape shows what kind of text something is without saying what it says.
func Shape(text string) string {
	if text == "" {
		return "nothing"
	}
	var b strings.Builder
	b.WriteByte('"')
	n := 0
	for _, r := range text {
		if n++; n > maxShape {
			b.WriteString("…")
			break
		}
		switch {
		case r >= '0' && r <= '9':
			r = '9'
		case r < 0x80 && unicode.IsLetter(r):
			r = 'a'
		case r < 0x80 && unicode.IsPrint(r):
		default:
			r = '*'
		}
		b.WriteRune(r)
	}
	b.WriteByte('"')
	return b.String()
}

package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"twoline/gateway/fault"
)

// Sheet reads the sheet of an xlsx workbook that is called name, or else its first,
// and gives its rows in order, counted from 1. Empty ones may be left out; the
// cells are valid until each returns, whose error ends the reading and is returned.
// A workbook that is refused is a fault.Error of kind Invalid or TooLarge.
type Sheet func(ctx context.Context, workbook io.Reader, name string, each func(row int, cells []Cell) error) error

// Cell is what stands in one cell of a sheet.
type Cell struct {
	Kind CellKind
	// Text is what a cell of text holds; empty where nothing stands there.
	Text string
	// Whole, Amount and Day are what a number is, exactly, and empty where it is not:
	// whole digits that a spreadsheet surely kept; yuan with two decimals; the day
	// that it counts or writes, as YYYY-MM-DD.
	Whole, Amount, Day string
}

// CellKind is how a workbook holds what stands in a cell.
type CellKind int

// The kinds of cells.
const (
	CellText CellKind = iota
	CellNumber
	CellTrue
	CellFalse
	// CellBroken is an error such as #N/A, a formula that was not computed, or a
	// damaged character.
	CellBroken
)

// form is what the fields of a column may be in a workbook beside text.
type form int

const (
	// formText is for names, words, and above all for whatever identifies: a
	// spreadsheet's number has lost leading zeros, and digits after the fifteenth.
	formText form = iota
	formDay
	formMonth
	formAmount
	formCount
	formFlag
	// formValue is that of a policy's value, which is any of these by its rule.
	formValue
)

// formOf is text for every column that is not known to be something else.
func formOf(column string) form {
	switch column {
	case "effective_from", "opened_on", "joined_on", "signed_on", "chosen_on", "died_on", "applied_on", "date":
		return formDay
	case "from_month":
		return formMonth
	case "amount", "debit", "credit", "closing", "individual", "collective", "subsidy", "interest":
		return formAmount
	case "row_limit", "year", "years", "line":
		return formCount
	case "activated", "for_payout":
		return formFlag
	case "value":
		return formValue
	}
	return formText
}

// field is a cell as CSV would write it, or why it cannot be told.
func (c Cell) field(column string) (string, *fault.Error) {
	text, want := "", ""
	switch c.Kind {
	case CellText:
		return c.Text, nil
	case CellBroken:
		want = "a value, and not an error, an open formula or a damaged character"
	case CellTrue, CellFalse:
		text, want = c.flag(formOf(column))
	case CellNumber:
		text, want = c.number(formOf(column))
	}
	if want != "" {
		return "", ErrCell.With("the cell must hold %s", want).On(column)
	}
	return text, nil
}

func (c Cell) flag(f form) (text, want string) {
	switch {
	case f != formFlag && f != formValue:
		return "", "text, and not a yes or no"
	case c.Kind == CellTrue:
		return "true", ""
	}
	return "false", ""
}

func (c Cell) number(f form) (text, want string) {
	switch f {
	case formText:
		return "", "text: a spreadsheet's number loses leading zeros and the digits after the fifteenth"
	case formFlag:
		return "", "true or false"
	case formDay:
		text, want = c.Day, "a day"
	case formMonth:
		month, first := strings.CutSuffix(c.Day, "-01")
		if !first {
			return "", "a month, as text YYYY-MM or as the day that it begins with"
		}
		return month, ""
	case formAmount:
		text, want = c.Amount, "an amount in yuan without further decimals, not below zero"
	case formCount:
		text, want = c.Whole, "a whole number"
	case formValue:
		text, want = c.Whole, "a whole number, an amount in yuan, or text"
		if text == "" {
			text = c.Amount
		}
	}
	if text != "" {
		want = ""
	}
	return text, want
}

// errStopped ends the reading of a sheet of which nobody wants more.
var errStopped = errors.New("no more rows are wanted")

// workbook opens workbooks for a kind.
func (s *Service) workbook(spec Spec, o Options) (opener, error) {
	if o.Charset != "" && o.Charset != "utf-8" {
		return nil, ErrCharset.With("a workbook says itself how its text is written: name no charset").On("charset")
	}
	if s.c.Sheet == nil {
		return nil, ErrWorkbook.With("workbooks are not read here")
	}
	return func(ctx context.Context, file io.ReadSeeker, digest io.Writer) (lines, error) {
		// A workbook is not read from its start to its end.
		if _, err := io.Copy(digest, file); err != nil {
			return nil, fmt.Errorf("read workbook of %s: %w", spec.Kind, err)
		}
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return nil, fmt.Errorf("read workbook of %s from its start: %w", spec.Kind, err)
		}
		next, stop := iter.Pull2(rowsOf(ctx, s.c.Sheet, file, spec))
		return sheetLines{pull: next, stop: stop}, nil
	}, nil
}

// sheetLines are the rows of a sheet.
type sheetLines struct {
	pull func() (record, error, bool)
	stop func()
}

func (l sheetLines) close() { l.stop() }

func (l sheetLines) next() (record, error) {
	r, err, ok := l.pull()
	if !ok {
		err = io.EOF
	}
	return r, err
}

// rowsOf gives the rows of a sheet as lines: the header first, rows without
// anything left out, and each row with as many fields as the header.
func rowsOf(ctx context.Context, read Sheet, workbook io.Reader, spec Spec) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		var header []string
		last := 0
		err := read(ctx, workbook, string(spec.Kind), func(row int, cells []Cell) error {
			last = row
			r, err := lineOf(row, header, cells)
			if err != nil || r.blank() {
				return err
			}
			if header == nil {
				header = r.values
			}
			if !yield(r, nil) {
				return errStopped
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(record{line: last, values: nil, fault: nil}, refuseWorkbook(err, last))
		}
	}
}

// blank says that a row holds nothing that can be seen.
func (r record) blank() bool {
	return r.fault == nil && strings.TrimSpace(strings.Join(r.values, "")) == ""
}

// lineOf makes a line of a row under a header; the header's own row has none yet.
func lineOf(row int, header []string, cells []Cell) (record, error) {
	r := record{line: row, values: make([]string, 0, max(len(header), len(cells))), fault: nil}
	size := 0
	for i, c := range cells {
		column := ""
		if i < len(header) {
			column = header[i]
		}
		text, wrong := c.field(column)
		if r.fault == nil {
			r.fault = wrong
		}
		if size += len(text); size > maxRecord {
			return r, ErrRecord.At(row)
		}
		r.values = append(r.values, text)
	}
	if header == nil {
		// What is no text is no name of a column, and is refused as such.
		r.fault = nil
		return r, nil
	}
	for len(r.values) < len(header) {
		r.values = append(r.values, "")
	}
	for len(r.values) > len(header) && strings.TrimSpace(r.values[len(r.values)-1]) == "" {
		r.values = r.values[:len(r.values)-1]
	}
	return r, nil
}

// refuseWorkbook makes a refusal of ours of what the reader says.
func refuseWorkbook(err error, row int) error {
	known, ok := errors.AsType[*fault.Error](err)
	switch {
	case !ok:
		return fmt.Errorf("read workbook after row %d: %w", row, err)
	case errors.Is(err, ErrRecord):
		return known
	case known.Kind == fault.TooLarge:
		return ErrWorkbookSize.With("%s", known.Text).Because(err)
	case known.Kind == fault.Invalid:
		return ErrWorkbook.With("%s", known.Text).At(known.Line).Because(err)
	}
	return err
}

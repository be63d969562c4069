package registry

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"twoline/gateway/fault"
)

// Decoder turns the bytes of a charset into UTF-8 while they are read; its
// reader fails on bytes that are no text.
type Decoder func(io.Reader) io.Reader

// maxRecord bounds what one record may take, quoted line ends included.
const maxRecord = 64 << 10

// table reads a CSV file line by line, in bounded memory.
type table struct {
	csv    *csv.Reader
	budget *budget
	// index is the position of each column in a line.
	index map[string]int
	width int
	line  int
}

// record is one line as read: its number and fields.
type record struct {
	line   int
	values []string
}

func openTable(file io.Reader, spec Spec) (*table, error) {
	b := &budget{source: file, left: maxRecord}
	in := bufio.NewReaderSize(b, maxRecord/2)
	if head, err := in.Peek(3); err == nil && string(head) == "\uFEFF" {
		_, _ = in.Discard(3)
	}
	t := &table{csv: csv.NewReader(in), budget: b, index: make(map[string]int), width: 0, line: 0}
	t.csv.FieldsPerRecord = -1
	t.csv.ReuseRecord = true
	header, err := t.read()
	if errors.Is(err, io.EOF) {
		return nil, ErrHeader.With("the file is empty; its first line must be %s", spec.Names()).At(1)
	}
	if err != nil {
		return nil, err
	}
	return t, t.take(header, spec)
}

// take proves the header: every name a column, each once, none that is needed missing.
func (t *table) take(header []string, spec Spec) error {
	t.width = len(header)
	for i, name := range header {
		known := slices.ContainsFunc(spec.Columns, func(c Column) bool { return c.Name == name })
		_, twice := t.index[name]
		switch {
		case !known:
			return ErrHeader.With("unknown column in position %d; the columns of %s are %s", i+1, spec.Kind,
				spec.Names()).
				At(t.line)
		case twice:
			return ErrHeader.With("column %s stands twice", name).At(t.line).On(name)
		}
		t.index[name] = i
	}
	for _, c := range spec.Columns {
		if _, ok := t.index[c.Name]; !ok && !c.Optional {
			return ErrHeader.With("column %s is missing; the columns of %s are %s", c.Name, spec.Kind, spec.Names()).
				At(t.line).On(c.Name)
		}
	}
	return nil
}

// read returns the next record, io.EOF after the last, or the refusal of the file.
func (t *table) read() ([]string, error) {
	t.budget.left = maxRecord
	values, err := t.csv.Read()
	if err != nil {
		return nil, t.refuse(err)
	}
	t.line, _ = t.csv.FieldPos(0)
	for _, v := range values {
		if !utf8.ValidString(v) || strings.ContainsRune(v, utf8.RuneError) {
			return nil, ErrCharset.At(t.line)
		}
	}
	return values, nil
}

func (t *table) refuse(err error) error {
	var known *fault.Error
	var syntax *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case errors.Is(err, ErrRecord):
		return ErrRecord.At(t.line + 1)
	case errors.As(err, &known) && known.Kind == fault.Invalid:
		return ErrCharset.At(t.line + 1).Because(err)
	case errors.As(err, &syntax):
		return ErrCSV.With("the file is not CSV as RFC 4180 defines it: %s", syntax.Err).At(syntax.StartLine)
	}
	return fmt.Errorf("read after line %d: %w", t.line, err)
}

// chunk returns up to n records, fewer only at the end of the file.
func (t *table) chunk(n int) ([]record, error) {
	var out []record
	for len(out) < n {
		values, err := t.read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, record{line: t.line, values: slices.Clone(values)})
	}
	return out, nil
}

// budget fails where one record takes more bytes than it may, so that a file
// without line ends cannot fill the memory.
type budget struct {
	source io.Reader
	left   int
}

// Read gives out bytes while the record's budget lasts.
func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, ErrRecord
	}
	n, err := b.source.Read(p)
	b.left -= n
	return n, err
}

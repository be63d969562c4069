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

// lines gives a file's lines in their order, in bounded memory: io.EOF after the
// last, or the refusal of the file. close gives back what reads it.
type lines interface {
	next() (record, error)
	close()
}

// record is one line as read: its number and fields, or why it is refused.
type record struct {
	line   int
	values []string
	fault  *fault.Error
}

// table is a file behind its header.
type table struct {
	lines

	// index is the position of each column in a line.
	index map[string]int
	line  int
}

// openTable reads the header.
func openTable(from lines, spec Spec) (*table, error) {
	t := &table{lines: from, index: make(map[string]int), line: 0}
	header, err := from.next()
	if errors.Is(err, io.EOF) {
		return nil, ErrHeader.With("the file is empty; its first line must be %s", spec.Names()).At(1)
	}
	if err != nil {
		return nil, err
	}
	return t, t.take(header, spec)
}

// take proves the header: every name a column, each once, none that is needed missing.
func (t *table) take(header record, spec Spec) error {
	t.line = header.line
	for i, name := range header.values {
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

// chunk returns up to n records, fewer only at the end of the file.
func (t *table) chunk(n int) ([]record, error) {
	var out []record
	for len(out) < n {
		r, err := t.next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		t.line = r.line
		out = append(out, r)
	}
	return out, nil
}

// csvLines are those of a CSV file.
type csvLines struct {
	csv    *csv.Reader
	budget *budget
	line   int
}

func openCSV(file io.Reader) *csvLines {
	b := &budget{source: file, left: maxRecord}
	in := bufio.NewReaderSize(b, maxRecord/2)
	if head, err := in.Peek(3); err == nil && string(head) == "\uFEFF" {
		_, _ = in.Discard(3)
	}
	l := &csvLines{csv: csv.NewReader(in), budget: b, line: 0}
	l.csv.FieldsPerRecord = -1
	l.csv.ReuseRecord = true
	return l
}

func (*csvLines) close() {}

func (l *csvLines) next() (record, error) {
	none := record{line: 0, values: nil, fault: nil}
	l.budget.left = maxRecord
	values, err := l.csv.Read()
	if err != nil {
		return none, l.refuse(err)
	}
	l.line, _ = l.csv.FieldPos(0)
	for _, v := range values {
		if !utf8.ValidString(v) || strings.ContainsRune(v, utf8.RuneError) {
			return none, ErrCharset.At(l.line)
		}
	}
	return record{line: l.line, values: slices.Clone(values), fault: nil}, nil
}

func (l *csvLines) refuse(err error) error {
	var known *fault.Error
	var syntax *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case errors.Is(err, ErrRecord):
		return ErrRecord.At(l.line + 1)
	case errors.As(err, &known) && known.Kind == fault.Invalid:
		return ErrCharset.At(l.line + 1).Because(err)
	case errors.As(err, &syntax):
		return ErrCSV.With("the file is not CSV as RFC 4180 defines it: %s", syntax.Err).At(syntax.StartLine)
	}
	return fmt.Errorf("read after line %d: %w", l.line, err)
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

package registry

import (
	"context"
	"errors"
	"fmt"
	"io"

	"twoline/gateway/fault"
)

// FileLine is one line of a table file that another package takes in.
type FileLine struct {
	// Number counts from 1 with the header; of a workbook it is the row.
	Number int
	// Fault is why the line cannot be read at all, or nil.
	Fault *fault.Error

	index  map[string]int
	values []string
}

// Value is what stands under a column; a column that the file leaves out is empty.
func (l FileLine) Value(column string) string {
	i, ok := l.index[column]
	if !ok || i >= len(l.values) {
		return ""
	}
	return l.values[i]
}

// EachLine reads a table file, CSV or a workbook, as imports are read: with a header
// that spec describes, in bounded memory, a line at a time. Every byte of the file
// has gone to digest when it returns without an error. A file that is no table, and
// a header that does not fit, are refused as of an import.
func (s *Service) EachLine(
	ctx context.Context, spec Spec, file io.ReadSeeker, o Options, digest io.Writer, each func(FileLine) error,
) error {
	open, err := s.opener(spec, o)
	if err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read %s from its start: %w", spec.Kind, err)
	}
	from, err := open(ctx, file, digest)
	if err != nil {
		return err
	}
	defer from.close()
	t, err := openTable(from, spec)
	if err != nil {
		return err
	}
	for {
		r, err := t.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		l := FileLine{Number: r.line, Fault: r.fault, index: t.index, values: r.values}
		if l.Fault == nil && len(r.values) != len(t.index) {
			l.Fault = ErrFields
		}
		if err := each(l); err != nil {
			return err
		}
	}
}

// Answers collects the answers to the lines of a file, in bounded memory.
type Answers struct{ tally tally }

// NewAnswers begins the report of a file.
func NewAnswers(kind Kind) *Answers {
	a := &Answers{} //nolint:exhaustruct // empty
	a.tally.report.Kind = kind
	return a
}

// Add answers one line; why is nil for what is plainly imported or repeated.
func (a *Answers) Add(line int, answer Answer, why *fault.Error) { a.tally.add(line, answer, why) }

// Report returns the report, and a RefusedFileError where a line was refused.
func (a *Answers) Report() (Report, error) {
	if a.tally.report.Refused > 0 {
		refusal := a.tally.refusal()
		return refusal.Report, refusal
	}
	return a.tally.done(), nil
}

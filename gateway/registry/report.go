package registry

import (
	"slices"

	"twoline/gateway/fault"
)

// Answer is what became of a line.
type Answer string

// The answers.
const (
	Imported Answer = "imported"
	Repeated Answer = "repeated"
	Refused  Answer = "refused"
)

// Line answers one line of a file, counted from 1 with the header.
type Line struct {
	Line   int
	Answer Answer
	// Code, Field and Text say why; empty for a plain repetition.
	Code, Field, Text string
}

// Report is what became of a file.
type Report struct {
	Kind                              Kind
	Rows, Imported, Repeated, Refused int
	// Lines holds refused lines first of all, then those with a remark or
	// repeated, at most MaxLines together, in the order of the file. Lines that
	// were imported without a remark are counted only.
	Lines []Line
	// Omitted counts the lines that found no room in Lines.
	Omitted int
	// Decision is what a second person has to approve before the personal accounts of
	// the file are booked; 0 where there are none.
	Decision int64
}

// MaxLines bounds the lines of a report.
const MaxLines = 1000

// tally builds a report in bounded memory.
type tally struct {
	report  Report
	refused []Line
	others  []Line
}

func (t *tally) add(line int, answer Answer, why *fault.Error) {
	t.report.Rows++
	switch answer {
	case Imported:
		t.report.Imported++
	case Repeated:
		t.report.Repeated++
	case Refused:
		t.report.Refused++
	}
	if answer == Imported && why == nil {
		return
	}
	list := &t.others
	if answer == Refused {
		list = &t.refused
	}
	if len(*list) == MaxLines {
		t.report.Omitted++
		return
	}
	l := Line{Line: line, Answer: answer, Code: "", Field: "", Text: ""}
	if why != nil {
		l.Code, l.Field, l.Text = why.Code, why.Field, why.Text
	}
	*list = append(*list, l)
}

func (t *tally) done() Report {
	r := t.report
	room := min(MaxLines-len(t.refused), len(t.others))
	r.Omitted += len(t.others) - room
	r.Lines = append(append([]Line{}, t.refused...), t.others[:room]...)
	slices.SortFunc(r.Lines, func(a, b Line) int { return a.Line - b.Line })
	return r
}

// refusal turns a report without any stored row into the error of the file.
func (t *tally) refusal() *RefusedFileError {
	f := ErrRefused
	if len(t.refused) > 0 {
		first := t.refused[0]
		f = ErrRefused.With("nothing was imported: %d of %d lines are refused, the first for %s: %s",
			t.report.Refused, t.report.Rows, first.Code, first.Text).At(first.Line).On(first.Field)
	}
	return &RefusedFileError{Report: t.done(), fault: f}
}

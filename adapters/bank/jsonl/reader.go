package jsonl

import (
	"bufio"
	"context"
	"errors"
	"io"
	"unicode/utf8"

	"twoline/gateway/bank"
	"twoline/gateway/fault"
)

// MaxLine is the longest line in bytes, its end not counted.
const MaxLine = 1 << 20

const contextEvery = 1024

// Errors of reading; each carries the line.
var (
	ErrSyntax = fault.New(fault.Invalid, "jsonl_syntax", "the line is not one flat JSON object in UTF-8")
	ErrField  = fault.New(fault.Invalid, "jsonl_field", "a field is unknown, repeated, missing or of another form")
	ErrOrder  = fault.New(fault.Invalid, "jsonl_order", "the record does not follow the one before it")
	ErrEnd    = fault.New(fault.Invalid, "jsonl_end", "the file has no end, or its end does not agree with it")
	ErrLength = fault.New(fault.TooLarge, "jsonl_line", "a line is longer than 1 MiB")
	ErrRead   = fault.New(fault.Unavailable, "read_interrupted", "the file could not be read to its end")
)

// Read reads a whole file and emits its records, End last. Totals and balances that
// do not agree with the lines, and that the file does not name itself, are Problems
// of its own, before the record that ends the part. It stops at the
// first error; records emitted before it do not count. Memory is bounded by
// MaxLine.
func Read(ctx context.Context, r io.Reader, emit bank.Emit) error {
	source := bufio.NewReaderSize(r, MaxLine+2)
	p := parser{kinds: kinds()}
	order := sequence{statement: -1, batch: -1}
	var books accounts
	for number := 1; ; number++ {
		if number%contextEvery == 1 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		text, err := nextLine(source)
		if errors.Is(err, io.EOF) {
			return order.finish(number)
		}
		if err != nil {
			return at(err, number)
		}
		record, err := p.parse(text)
		if err != nil {
			return at(err, number)
		}
		if err := order.take(record); err != nil {
			return at(err, number)
		}
		for _, problem := range books.take(record) {
			order.found++
			if err := emit(problem); err != nil {
				return err
			}
		}
		if end, ok := record.(bank.End); ok {
			end.Problems += order.found
			record = end
		}
		if err := emit(record); err != nil {
			return err
		}
	}
}

func at(err error, line int) error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.At(line)
	}
	return err
}

// nextLine returns one line without its end, or io.EOF after the last.
func nextLine(r *bufio.Reader) (string, error) {
	raw, err := r.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", ErrLength
	case err != nil && !errors.Is(err, io.EOF):
		return "", ErrRead.Because(err)
	case err != nil && len(raw) == 0:
		return "", io.EOF
	}
	if n := len(raw); raw[n-1] == '\n' {
		raw = raw[:n-1]
	}
	if len(raw) > MaxLine {
		return "", ErrLength
	}
	if !utf8.Valid(raw) {
		return "", ErrSyntax.With("the line is not UTF-8")
	}
	return string(raw), nil
}

// sequence proves that records follow each other as a file's do.
type sequence struct {
	opened, ended bool
	statement     int
	entry         int
	details       int
	announced     int
	batch         int
	item          int
	resultBatch   int
	count         bank.End
	// found counts the problems that this reader found.
	found int
}

func (s *sequence) take(r bank.Record) error {
	head, isHead := r.(bank.FileHead)
	switch {
	case s.ended:
		return ErrOrder.With("something stands after the end")
	case isHead == s.opened:
		return ErrOrder.With("a file begins with one line of type file")
	case isHead && (head.Format == "" || head.Kind == ""):
		return ErrField.With("a file names its format and its kind")
	case isHead:
		s.opened = true
		return nil
	}
	if _, isDetail := r.(bank.EntryDetail); !isDetail && s.details != s.announced {
		if _, isProblem := r.(bank.Problem); !isProblem {
			return ErrOrder.With("the entry before announced %d details and has %d", s.announced, s.details)
		}
	}
	switch v := r.(type) {
	case bank.StatementHead:
		s.statement++
		s.entry = 0
		return follows(v.Index == s.statement)
	case bank.StatementEntry:
		ok := v.Statement == s.statement && v.Index == s.entry
		s.entry++
		s.count.Entries++
		s.details, s.announced = 0, v.Details
		return follows(ok)
	case bank.EntryDetail:
		ok := v.Statement == s.statement && v.Entry == s.entry-1 && v.Index == s.details && s.details < s.announced
		s.details++
		return follows(ok)
	case bank.BatchHead:
		s.batch++
		s.item = 0
		return follows(v.Index == s.batch)
	case bank.BatchItem:
		ok := v.Batch == s.batch && v.Index == s.item
		s.item++
		s.count.Items++
		return follows(ok)
	case bank.Result:
		s.count.Results++
		ok := v.Batch >= s.resultBatch
		s.resultBatch = v.Batch
		return follows(ok)
	case bank.Problem:
		s.count.Problems++
	case bank.End:
		s.ended = true
		if v != s.count {
			return ErrEnd.With("the end counts %d entries, %d items, %d results, %d problems; there are %d, %d, %d, %d",
				v.Entries, v.Items, v.Results, v.Problems,
				s.count.Entries, s.count.Items, s.count.Results, s.count.Problems)
		}
	}
	return nil
}

func follows(ok bool) error {
	if ok {
		return nil
	}
	return ErrOrder
}

func (s *sequence) finish(line int) error {
	if s.ended {
		return nil
	}
	return ErrEnd.With("the file stops without a line of type end").At(line)
}

package layout

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"

	"twoline/gateway/bank"
)

const (
	// MaxHeld is how much of a file of instructions is held in memory where its
	// source cannot seek and no header gives the totals.
	MaxHeld      = 24 << 20
	contextEvery = 1024
	byteOrder    = "\xEF\xBB\xBF"
)

// Cutter cuts the lines of one text file into fields.
type Cutter interface {
	// Cut gives the fields of one line, decoded, valid until the next call; or
	// what is wrong with the line. It cuts what is there: how many fields a
	// delimited row must have, and what is in them, is not its concern.
	Cut(line []byte, number int, row Row) ([]string, *RowFault)
	// End says after the last line whether the whole was text of the charset.
	End() error
}

// ReadText reads a whole text file by its layout and emits its records: FileHead,
// then for instructions a BatchHead and its BatchItems, for results the Results,
// then Problems where totals do not agree, then End. It stops at the first error
// of ctx, of the source or of emit; malformed rows are gathered into one
// MalformedError, and nothing is emitted after the first of them.
func ReadText(
	ctx context.Context, r io.Reader, l *Layout, cutter func() Cutter, emit bank.Emit,
) (Summary, error) {
	scan := func(source io.Reader, to *Reader) error {
		t := &text{l: l, to: to, cutter: cutter()}
		last := &lastByte{r: source, b: '\n'}
		if err := EachLine(ctx, last, l, t.line); err != nil {
			return err
		}
		if last.b != '\n' {
			to.open = t.number
		}
		return t.end()
	}
	if err := l.Validate(); err != nil {
		return Summary{}, err
	}
	if !l.twice() {
		return Read(l, func(to *Reader) error { return scan(r, to) }, emit)
	}
	source, start, err := seekable(r)
	if err != nil {
		return Summary{}, err
	}
	return Read(l, func(to *Reader) error {
		if _, err := source.Seek(start, io.SeekStart); err != nil {
			return ErrRead.Because(err)
		}
		return scan(source, to)
	}, emit)
}

// lastByte remembers the last byte that was read.
type lastByte struct {
	r io.Reader
	b byte
}

func (l *lastByte) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if n > 0 {
		l.b = p[n-1]
	}
	return n, err
}

func seekable(r io.Reader) (io.ReadSeeker, int64, error) {
	if s, ok := r.(io.ReadSeeker); ok {
		if start, err := s.Seek(0, io.SeekCurrent); err == nil {
			return s, start, nil
		}
	}
	var content bytes.Buffer
	n, err := content.ReadFrom(io.LimitReader(r, MaxHeld+1))
	if err != nil {
		return nil, 0, ErrRead.Because(err)
	}
	if n > MaxHeld {
		return nil, 0, ErrTooLarge.With("more than %d MiB must come from a file", MaxHeld>>20)
	}
	return bytes.NewReader(content.Bytes()), 0, nil
}

// EachLine gives every line of a text file without its end, valid until each
// returns. Blank lines at the end are nothing, others are given. A line longer
// than MaxLine is nil and long.
func EachLine(
	ctx context.Context, r io.Reader, l *Layout, each func(number int, line []byte, long bool) error,
) error {
	source := bufio.NewReaderSize(r, MaxLine)
	if head, _ := source.Peek(len(byteOrder)); string(head) == byteOrder {
		if l.Charset != UTF8 {
			return ErrCharset.With("the file begins with the byte order mark of UTF-8")
		}
		if _, err := source.Discard(len(byteOrder)); err != nil {
			return ErrRead.Because(err)
		}
	}
	blank := 0
	for number := 1; ; number++ {
		if number%contextEvery == 1 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		line, err := source.ReadSlice('\n')
		long := errors.Is(err, bufio.ErrBufferFull)
		for errors.Is(err, bufio.ErrBufferFull) {
			if err := ctx.Err(); err != nil {
				return err
			}
			_, err = source.ReadSlice('\n')
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return ErrRead.Because(err)
		}
		if err != nil && len(line) == 0 {
			return nil
		}
		line = trimEnd(line)
		if len(line) == 0 && !long {
			blank++
			continue
		}
		for ; blank > 0; blank-- {
			if err := each(number-blank, nil, false); err != nil {
				return err
			}
		}
		if long {
			line = nil
		}
		if err := each(number, line, long); err != nil {
			return err
		}
	}
}

func trimEnd(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line
}

// text tells header, rows and trailer of a text file apart.
type text struct {
	l      *Layout
	to     *Reader
	cutter Cutter
	lines  int
	// number is the last line's.
	number int
	// held are the last lines, which may turn out to be the trailer; next is the
	// oldest of them.
	held []heldLine
	next int
}

type heldLine struct {
	number int
	line   []byte
	long   bool
}

// line takes one line: header, row, what may be the trailer, or a refusal.
func (t *text) line(number int, line []byte, long bool) error {
	t.lines++
	t.number = number
	if t.lines == 1 && t.l.Reject != nil && !long {
		if fields, ok := t.refusal(line, number); ok {
			return t.to.refused(number, fields)
		}
	}
	if t.to.isRefused {
		return t.to.Fault(RowFault{Line: number, Code: "after_end", Want: "nothing after the bank's refusal"})
	}
	if t.lines <= len(t.l.Header) {
		return t.header(number, line, long)
	}
	if len(t.l.Trailer) == 0 {
		return t.detail(number, line, long)
	}
	if len(t.held) < len(t.l.Trailer) {
		t.held = append(t.held, heldLine{number: number, line: bytes.Clone(line), long: long})
		return nil
	}
	oldest := &t.held[t.next]
	t.next = (t.next + 1) % len(t.held)
	if err := t.detail(oldest.number, oldest.line, oldest.long); err != nil {
		return err
	}
	oldest.number, oldest.line, oldest.long = number, append(oldest.line[:0], line...), long
	return nil
}

// refusal says whether the first line has the shape of the bank's refusal.
func (t *text) refusal(line []byte, number int) ([]string, bool) {
	row := Row{Fields: t.l.Reject.Fields}
	fields, f := t.cutter.Cut(line, number, row)
	return fields, f == nil && len(fields) == len(row.Fields)
}

// cut takes the prefix off a line and cuts it.
func (t *text) cut(number int, line []byte, long bool, row Row) ([]string, *RowFault) {
	if long {
		return nil, &RowFault{Line: number, Code: "line_length", Want: "at most 65536 bytes"}
	}
	rest, ok := bytes.CutPrefix(line, []byte(row.Prefix))
	if !ok {
		return nil, &RowFault{Line: number, Code: "prefix", Want: "a line that begins with " + row.Prefix}
	}
	return t.cutter.Cut(rest, number, row)
}

func (t *text) header(number int, line []byte, long bool) error {
	i := t.lines - 1
	fields, f := t.cut(number, line, long, t.to.header[i].row)
	if f != nil {
		t.to.headers++
		return t.to.Fault(*f)
	}
	t.to.headers++
	return t.to.totals(&t.to.header[i], number, fields)
}

func (t *text) detail(number int, line []byte, long bool) error {
	fields, f := t.cut(number, line, long, t.to.detail.row)
	if f != nil {
		return t.to.Fault(*f)
	}
	return t.to.Row(number, fields)
}

// end takes the trailer.
func (t *text) end() error {
	if err := t.cutter.End(); err != nil {
		return err
	}
	whole := t.lines >= len(t.l.Header) && len(t.held) == len(t.l.Trailer)
	if !whole && !t.to.isRefused && (t.lines > 0 || !t.l.EmptyAllowed) {
		return ErrEmpty.With("the file stops before its header and trailer are complete")
	}
	for i := range t.held {
		h := t.held[(t.next+i)%len(t.held)]
		row := &t.to.trailer[i]
		fields, f := t.cut(h.number, h.line, h.long, row.row)
		if f != nil {
			if err := t.to.Fault(*f); err != nil {
				return err
			}
			continue
		}
		if err := t.to.totals(row, h.number, fields); err != nil {
			return err
		}
	}
	return nil
}

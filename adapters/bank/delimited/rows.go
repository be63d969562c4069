package delimited

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"twoline/adapters/bank/gb18030"
)

const (
	// MaxLine is the longest line in bytes.
	MaxLine      = 64 << 10
	contextEvery = 1024
	byteOrder    = "\xEF\xBB\xBF"
)

// Rows reads the lines of a file as they are: decoded and cut into fields, but
// not yet understood, header and trailer included. The fields are valid until
// each returns. A line that cannot be decoded comes with a RowFault and no
// fields. It checks neither the number of fields nor what is in them.
func Rows(ctx context.Context, r io.Reader, layout *Layout, each func(line int, fields []string,
	f *RowFault) error,
) error {
	if err := layout.Validate(); err != nil {
		return err
	}
	return newLines(layout).all(ctx, r, each)
}

// lines cuts and decodes the lines of one file.
type lines struct {
	layout *Layout
	codec  *gb18030.Codec
	text   []byte
	fields []string
	// likeUTF8 counts rows of a GB file that are also UTF-8; one that is not ends
	// the suspicion.
	likeUTF8  int
	certainGB bool
}

func newLines(layout *Layout) *lines {
	l := &lines{layout: layout, text: make([]byte, 0, 1<<10), fields: make([]string, 0, maxFields+2)}
	switch layout.Charset {
	case GB18030:
		l.codec = gb18030.New(gb18030.GB18030)
	case GBK:
		l.codec = gb18030.New(gb18030.GBK)
	case UTF8, Latin1:
	}
	return l
}

// all reads every line; blank lines at the end are nothing, others are rows.
func (l *lines) all(ctx context.Context, r io.Reader, each func(int, []string, *RowFault) error) error {
	source := bufio.NewReaderSize(r, MaxLine)
	if head, _ := source.Peek(len(byteOrder)); string(head) == byteOrder {
		if l.layout.Charset != UTF8 {
			return ErrCharset.With("the file begins with the byte order mark of UTF-8")
		}
		if _, err := source.Discard(len(byteOrder)); err != nil {
			return ErrRead.Because(err)
		}
	}
	blanks := 0
	for number := 1; ; number++ {
		if number%contextEvery == 1 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		raw, err := source.ReadSlice('\n')
		long := errors.Is(err, bufio.ErrBufferFull)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = source.ReadSlice('\n')
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return ErrRead.Because(err)
		}
		if err != nil && len(raw) == 0 {
			return l.finish()
		}
		raw = trimEnd(raw)
		if len(raw) == 0 && !long {
			blanks++
			continue
		}
		for ; blanks > 0; blanks-- {
			if err := each(number-blanks, nil, &RowFault{Line: number - blanks, Code: "fields"}); err != nil {
				return err
			}
		}
		fields, f := l.cut(raw, number, long)
		if err := each(number, fields, f); err != nil {
			return err
		}
	}
}

func trimEnd(raw []byte) []byte {
	if n := len(raw); n > 0 && raw[n-1] == '\n' {
		raw = raw[:n-1]
	}
	if n := len(raw); n > 0 && raw[n-1] == '\r' {
		raw = raw[:n-1]
	}
	return raw
}

// finish refuses a file that says GB but is UTF-8 throughout: its names would be
// read as other names.
func (l *lines) finish() error {
	if l.codec != nil && !l.certainGB && l.likeUTF8 > 1 {
		return ErrCharset.With("the file is UTF-8 and its layout says %s", string(l.layout.Charset))
	}
	return nil
}

// cut decodes one line and cuts it into fields.
func (l *lines) cut(raw []byte, number int, long bool) ([]string, *RowFault) {
	if long {
		return nil, &RowFault{Line: number, Code: "line_length"}
	}
	if !l.decode(raw) {
		return nil, &RowFault{Line: number, Code: "charset"}
	}
	line := string(l.text)
	if hasControl(line) && (l.layout.Separator != '\t' || hasControl(strings.ReplaceAll(line, "\t", ""))) {
		return nil, &RowFault{Line: number, Code: "control_character"}
	}
	fields := l.fields[:0]
	for {
		i := strings.IndexByte(line, l.layout.Separator)
		if i < 0 || len(fields) > maxFields {
			break
		}
		fields = append(fields, line[:i])
		line = line[i+1:]
	}
	if !l.layout.Trailing {
		fields = append(fields, line)
	} else if line != "" {
		return nil, &RowFault{Line: number, Code: "fields"}
	}
	if l.layout.Padded {
		for i := range fields {
			fields[i] = strings.Trim(fields[i], " \u3000")
		}
	}
	l.fields = fields
	return fields, nil
}

// decode puts the line as UTF-8 into text.
func (l *lines) decode(raw []byte) bool {
	switch l.layout.Charset {
	case UTF8:
		l.text = append(l.text[:0], raw...)
		return utf8.Valid(raw) && !bytes.ContainsRune(raw, utf8.RuneError)
	case Latin1:
		l.text = l.text[:0]
		for _, b := range raw {
			l.text = utf8.AppendRune(l.text, rune(b))
		}
		return true
	case GB18030, GBK:
	}
	var err error
	l.text, err = l.codec.Decode(l.text[:0], raw)
	if err == nil && !l.certainGB && len(l.text) > len(raw) {
		l.suspect(raw)
	}
	return err == nil
}

// suspect looks whether a row of a GB file would be UTF-8 as well. Two bytes that
// are both happen in GB text; three in a row do not, line after line.
func (l *lines) suspect(raw []byte) {
	if !utf8.Valid(raw) {
		l.certainGB = true
		return
	}
	for i := 0; i < len(raw); {
		_, n := utf8.DecodeRune(raw[i:])
		if n >= 3 {
			l.likeUTF8++
			return
		}
		i += n
	}
}

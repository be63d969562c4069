package mt940

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"unicode/utf8"
)

const (
	// maxLine and maxField bound one line and one field with its continuations, in bytes.
	maxLine  = 64 << 10
	maxField = 1 << 20
	// contextEvery is after how many lines the context is asked.
	contextEvery = 256
)

// kind tells what scanner found.
type kind int8

const (
	endOfFile kind = iota
	// fieldFound is a tag with its text.
	fieldFound
	// messageEnd is a line - or -}.
	messageEnd
	// strayFound is text outside of any field.
	strayFound
)

// errNotUTF8 makes the reader begin again with Latin-1.
var errNotUTF8 = errors.New("mt940: the file is not UTF-8")

// scanner cuts a file into fields. Its slices are valid until the next call.
type scanner struct {
	ctx     context.Context //nolint:containedctx // lives for one Read call only, whose context it is
	r       *bufio.Reader
	coder   *coder
	lines   int
	decoded []byte

	// waiting is a line that was read and not yet taken; its slice stays valid, as
	// nothing is read before it is taken.
	waiting    []byte
	hasWaiting bool
	held       []byte

	// loose says that the last line of the file has no end, as where a file was cut.
	loose bool
	// headed says that an envelope began and its text block did not.
	headed bool
	// hyphen says that the last message ended with - and not with -}.
	hyphen bool
	// message is the type that the envelope names, "" without one; open says that
	// the envelope's text block began and did not end.
	message string
	open    bool

	tag  []byte
	body []byte
	line int
}

func newScanner(ctx context.Context, r io.Reader, c *coder) *scanner {
	s := &scanner{ //nolint:exhaustruct // nothing was read yet
		ctx: ctx, r: bufio.NewReaderSize(r, maxLine), coder: c,
	}
	return s
}

// read returns the next line without its end, decoded; false at the end of the file.
func (s *scanner) read() ([]byte, bool, error) {
	if s.hasWaiting {
		s.hasWaiting = false
		return s.waiting, true, nil
	}
	if s.lines%contextEvery == 0 {
		if err := s.ctx.Err(); err != nil {
			return nil, false, err
		}
	}
	line, err := s.r.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, false, ErrTooLarge.With("a line is longer than %d bytes", maxLine).At(s.lines + 1)
	case err != nil && !errors.Is(err, io.EOF):
		return nil, false, ErrRead.Because(err)
	case len(line) == 0:
		return nil, false, nil
	}
	s.lines++
	if s.lines == 1 {
		line = bytes.TrimPrefix(line, []byte("\xEF\xBB\xBF"))
	}
	s.loose = line[len(line)-1] != '\n' && len(bytes.Trim(line, " \r\x01\x03\x1A")) > 0
	line = bytes.TrimRight(line, "\r\n")
	if isASCII(line) {
		return line, true, nil
	}
	decoded, ok := s.coder.decode(s.decoded[:0], line)
	if s.decoded = decoded; ok {
		return decoded, true, nil
	}
	if s.coder.charset == Automatic && !utf8.Valid(line) {
		return nil, false, errNotUTF8
	}
	return nil, false, ErrCharset.At(s.lines)
}

func (s *scanner) unread(line []byte) { s.waiting, s.hasWaiting = line, true }

// next finds the next field, message end or stray text.
func (s *scanner) next() (kind, error) {
	for {
		line, ok, err := s.read()
		if err != nil {
			return endOfFile, err
		}
		if !ok {
			if s.open || s.headed {
				return endOfFile, ErrCut.At(s.lines)
			}
			return endOfFile, nil
		}
		s.line = s.lines
		switch {
		case isEnd(line):
			s.open = false
			s.hyphen = len(line) == 1
			s.loose = s.loose && !isClosed(line)
			return messageEnd, s.envelope(line[1:])
		case isEnvelope(line):
			if err := s.envelope(line); err != nil {
				return endOfFile, err
			}
		case isHeader(line):
		default:
			tag, rest, ok := tagOf(line)
			if !ok {
				s.body = append(s.body[:0], line...)
				return strayFound, nil
			}
			return fieldFound, s.field(tag, rest)
		}
	}
}

// field reads the lines that belong to a tag.
func (s *scanner) field(tag, rest []byte) error {
	s.tag = append(s.tag[:0], tag...)
	s.body = append(s.body[:0], rest...)
	for {
		line, ok, err := s.read()
		if err != nil || !ok {
			return err
		}
		line, ends := s.ends(line)
		if ends {
			s.unread(line)
			return nil
		}
		if len(s.body)+len(line) > maxField {
			return ErrTooLarge.With("a field is longer than %d bytes", maxField).At(s.line)
		}
		s.body = append(append(s.body, '\n'), line...)
	}
}

// ends says that a line no longer belongs to the field being read; it returns the
// line, which it may have had to move.
func (s *scanner) ends(line []byte) ([]byte, bool) {
	if len(line) > 0 && line[0] != ':' {
		return line, isEnd(line) || bytes.HasPrefix(trimStart(line), []byte("{1:"))
	}
	tag, _, ok := tagOf(line)
	if !ok || string(s.tag) != "86" {
		return line, ok
	}
	switch string(tag) {
	case "61", "86", "60F", "60M", "62F", "62M", "64", "65", "65F", "90C", "90D", "NS":
		return line, true
	case "20", "21", "25", "25P", "28", "28C", "13", "13D", "34F", "940", "942":
		// Such a line also begins a sentence like ":20:15 o'clock". It begins a
		// message where the message goes on.
		s.held = append(s.held[:0], line...)
		following, _ := s.r.Peek(len(":28C:"))
		_, _, ok := tagOf(following)
		return s.held, ok
	}
	return line, false
}

// envelope takes what a line of an envelope says of the message, and leaves text
// behind {4: to be read.
func (s *scanner) envelope(line []byte) error {
	if i := bytes.Index(line, []byte("{2:")); i >= 0 && len(line) >= i+7 {
		s.message = string(line[i+4 : i+7])
		if s.message != "940" && s.message != "942" {
			return ErrMessage.With("the envelope holds another message than an MT940 or MT942").At(s.lines)
		}
	}
	s.headed = s.headed || bytes.Contains(line, []byte("{1:")) || bytes.Contains(line, []byte("{2:"))
	if _, rest, ok := bytes.Cut(line, []byte("{4:")); ok {
		s.headed = false
		if s.open {
			return ErrCut.With("a message begins inside another one").At(s.lines)
		}
		s.open = true
		if len(rest) > 0 {
			s.unread(rest)
		}
	}
	return nil
}

// isEnd says that a line ends a message: it is - and nothing else, or -} with what
// the envelope has behind it.
func isEnd(line []byte) bool {
	if len(line) == 0 || line[0] != '-' {
		return false
	}
	return len(line) == 1 || line[1] == '}' && (len(line) == 2 || line[2] == '{' || line[2] <= ' ')
}

// isClosed says that a line -} needs no line end to be whole: its last brace is closed.
func isClosed(line []byte) bool {
	return bytes.HasSuffix(bytes.TrimRight(line, " \x01\x03\x1A"), []byte("}"))
}

// trimStart takes off the marks that stand before an envelope.
func trimStart(line []byte) []byte {
	for len(line) > 0 && (line[0] == ' ' || line[0] == 1 || line[0] == 3) {
		line = line[1:]
	}
	return line
}

func isEnvelope(line []byte) bool {
	line = trimStart(line)
	return len(line) > 2 && line[0] == '{' && line[1] >= '1' && line[1] <= '5' && line[2] == ':'
}

// isHeader says that a line outside of a message is one of those that banks put
// before it: nothing, a BIC, the type of the message.
func isHeader(line []byte) bool {
	if len(line) > 7 && line[0] == ':' {
		return false
	}
	line = bytes.Trim(line, " \x01\x03\x1A")
	switch string(line) {
	case "", "940", "942", ":940:", ":942:":
		return true
	}
	if len(line) != 8 && len(line) != 11 && len(line) != 12 {
		return false
	}
	for i, c := range line {
		if (c < 'A' || c > 'Z') && (i < 6 || c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// tagOf cuts a line into its tag and the rest: two or three digits with or without
// a letter, or two letters.
func tagOf(line []byte) (tag, rest []byte, ok bool) {
	if len(line) < 4 || line[0] != ':' {
		return nil, nil, false
	}
	end := bytes.IndexByte(line[1:min(len(line), 6)], ':')
	if end != 2 && end != 3 {
		return nil, nil, false
	}
	tag = line[1 : 1+end]
	switch {
	case isDigit(tag[0]) && isDigit(tag[1]):
		ok = end == 2 || isDigit(tag[2]) || isCapital(tag[2])
	case isCapital(tag[0]) && isCapital(tag[1]):
		ok = end == 2
	}
	return tag, line[end+2:], ok
}

func isDigit(c byte) bool   { return c >= '0' && c <= '9' }
func isCapital(c byte) bool { return c >= 'A' && c <= 'Z' }

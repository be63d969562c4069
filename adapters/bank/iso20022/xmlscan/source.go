package xmlscan

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/bits"
	"strings"
	"unicode/utf8"

	"twoline/adapters/bank/gb18030"
)

// begin looks at the byte order mark and the XML declaration, and sets the
// source to UTF-8.
func (s *Scanner) begin() error {
	head := make([]byte, 1<<10)
	n, err := io.ReadFull(s.source, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		s.buf = []byte{}
		return ErrRead.Because(err)
	}
	head = head[:n]
	s.buf = make([]byte, 0, window)
	if bytes.HasPrefix(head, []byte("\xFE\xFF")) || bytes.HasPrefix(head, []byte("\xFF\xFE")) {
		return ErrCharset.With("UTF-16 is not read; send UTF-8")
	}
	head = bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF"))
	blank := 0
	for blank < len(head) && isSpace(head[blank]) {
		blank++
	}
	s.lines = bytes.Count(head[:blank], []byte{'\n'})
	head = head[blank:]
	encoding := ""
	if bytes.HasPrefix(head, []byte("<?xml")) && len(head) > 5 && isSpace(head[5]) {
		end := bytes.Index(head, []byte("?>"))
		if end < 0 {
			return ErrMalformed.With("an XML declaration without its end")
		}
		encoding = declared(string(head[5:end]), "encoding")
		if version := declared(string(head[5:end]), "version"); version != "" && version != "1.0" {
			return ErrMalformed.With("only XML 1.0 is read")
		}
		s.lines += bytes.Count(head[:end], []byte{'\n'})
		head = head[end+2:]
	}
	rest := io.MultiReader(bytes.NewReader(head), s.source)
	switch strings.ToLower(encoding) {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
		s.source = rest
	case "iso-8859-1", "latin-1", "latin1":
		s.source = &latin1{source: rest}
	case "gb18030":
		s.source = gb18030.New(gb18030.GB18030).NewReader(rest)
	case "gbk", "gb2312":
		s.source = gb18030.New(gb18030.GBK).NewReader(rest)
	default:
		return ErrCharset.With("the declared charset is not one of utf-8, iso-8859-1, gb18030, gbk")
	}
	return s.fill()
}

// declared returns a value of an XML declaration, "" where it does not stand.
func declared(declaration, name string) string {
	_, after, ok := strings.Cut(declaration, name)
	if !ok {
		return ""
	}
	after = strings.TrimLeft(after, " \t\r\n")
	after, ok = strings.CutPrefix(after, "=")
	after = strings.TrimLeft(after, " \t\r\n")
	if !ok || after == "" || after[0] != '"' && after[0] != '\'' {
		return "?"
	}
	value, _, ok := strings.Cut(after[1:], after[:1])
	if !ok {
		return "?"
	}
	return value
}

// fill drops what was read, then reads until the window is full or the source
// has ended.
func (s *Scanner) fill() error {
	if s.pos > 0 {
		s.lines += bytes.Count(s.buf[:s.pos], []byte{'\n'})
		s.checked -= s.pos
		s.buf = s.buf[:copy(s.buf, s.buf[s.pos:])]
		s.pos = 0
	}
	if len(s.buf) >= MaxToken {
		return ErrToken
	}
	if len(s.buf) > cap(s.buf)/2 {
		s.buf = append(make([]byte, 0, 2*cap(s.buf)), s.buf...)
	}
	for len(s.buf) < cap(s.buf) && !s.ended {
		n, err := s.source.Read(s.buf[len(s.buf):cap(s.buf)])
		s.buf = s.buf[:len(s.buf)+n]
		switch {
		case errors.Is(err, io.EOF):
			s.ended = true
		case errors.Is(err, gb18030.ErrBytes):
			return ErrCharset.Because(err)
		case err != nil:
			return ErrRead.Because(err)
		}
	}
	if s.quick {
		return nil
	}
	n, ok := valid(s.buf[s.checked:], s.ended)
	s.checked += n
	if !ok {
		return ErrCharset.With("bytes that are not text in the declared charset, or a control character").
			At(s.lines + 1 + bytes.Count(s.buf[:s.checked], []byte{'\n'}))
	}
	return nil
}

// valid returns how much of b is characters that XML allows, and whether
// nothing else was seen; a cut last character is left for the next call.
func valid(b []byte, last bool) (int, bool) {
	const high, blanks = 0x8080808080808080, 0x2020202020202020
	i := 0
	for i < len(b) {
		if i+8 <= len(b) {
			// Without a high bit of its own, a byte below 0x20 gets one by
			// subtraction; borrows reach only the bytes after the first such one.
			w := binary.LittleEndian.Uint64(b[i:])
			marks := (w | (w - blanks)) & high
			if marks == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(marks) / 8
		}
		c := b[i]
		if c < utf8.RuneSelf {
			if c < 0x20 && c != '\n' && c != '\r' && c != '\t' {
				return i, false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i, !last && !utf8.FullRune(b[i:])
		}
		if r == 0xFFFE || r == 0xFFFF {
			return i, false
		}
		i += n
	}
	return i, true
}

// steady gives up on a source that neither gives anything nor ends.
type steady struct {
	source io.Reader
	empty  int
}

// Read reads on from the source.
func (s *steady) Read(p []byte) (int, error) {
	n, err := s.source.Read(p)
	if n > 0 || err != nil {
		s.empty = 0
		return n, err
	}
	if s.empty++; s.empty == maxEmptyReads {
		return 0, io.ErrNoProgress
	}
	return 0, nil
}

// latin1 turns ISO-8859-1 into UTF-8.
type latin1 struct {
	source io.Reader
	raw    [4 << 10]byte
	text   []byte
	next   int
	err    error
}

// Read gives out decoded text.
func (l *latin1) Read(p []byte) (int, error) {
	for l.next == len(l.text) {
		if l.err != nil {
			return 0, l.err
		}
		n, err := l.source.Read(l.raw[:])
		l.text, l.next, l.err = l.text[:0], 0, err
		for _, b := range l.raw[:n] {
			l.text = utf8.AppendRune(l.text, rune(b))
		}
	}
	n := copy(p, l.text[l.next:])
	l.next += n
	return n, nil
}

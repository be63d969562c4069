package layout

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"twoline/adapters/bank/gb18030"
	"twoline/gateway/fault"
)

// Coder decodes and encodes the text of one file. It is not safe for concurrent
// use: it remembers what it saw.
type Coder struct {
	charset Charset
	codec   *gb18030.Codec
	scratch []byte
	// likeUTF8 counts texts of a GB file that are also UTF-8; one that is not ends
	// the suspicion.
	likeUTF8  int
	certainGB bool
}

// NewCoder makes the coder of a charset; an empty one is UTF-8. Its tables are
// made when they are first asked for.
func NewCoder(charset Charset) *Coder { return &Coder{charset: charset} }

// gb returns the codec of GB18030 or GBK, or nil for another charset.
func (c *Coder) gb() *gb18030.Codec {
	if c.codec != nil {
		return c.codec
	}
	switch c.charset {
	case GB18030:
		c.codec = gb18030.New(gb18030.GB18030)
	case GBK:
		c.codec = gb18030.New(gb18030.GBK)
	case UTF8, Latin1:
	}
	return c.codec
}

// Decode appends raw as UTF-8 to dst, and says whether raw was text.
func (c *Coder) Decode(dst, raw []byte) ([]byte, bool) {
	switch codec := c.gb(); {
	case codec != nil:
		start := len(dst)
		dst, err := codec.Decode(dst, raw)
		if err == nil && !c.certainGB && len(dst)-start > len(raw) {
			c.suspect(raw)
		}
		return dst, err == nil
	case c.charset == Latin1:
		for _, b := range raw {
			dst = utf8.AppendRune(dst, rune(b))
		}
		return dst, true
	}
	return append(dst, raw...), utf8.Valid(raw) && !bytes.ContainsRune(raw, utf8.RuneError)
}

// suspect looks whether a text of a GB file would be UTF-8 as well. Two bytes
// that are both happen in GB text; three in a row do not, line after line.
func (c *Coder) suspect(raw []byte) {
	if !utf8.Valid(raw) {
		c.certainGB = true
		return
	}
	for i := 0; i < len(raw); {
		_, n := utf8.DecodeRune(raw[i:])
		if n >= 3 {
			c.likeUTF8++
			return
		}
		i += n
	}
}

// End refuses a file that says GB but is UTF-8 throughout: its names would be
// read as other names.
func (c *Coder) End() error {
	if c.codec != nil && !c.certainGB && c.likeUTF8 > 1 {
		return ErrCharset.With("the file is UTF-8 and its layout says %s", string(c.charset))
	}
	return nil
}

// Encode appends text in the charset to dst, or returns gb18030.ErrRune, which
// names the character that the charset lacks.
func (c *Coder) Encode(dst []byte, text string) ([]byte, error) {
	switch codec := c.gb(); {
	case codec != nil:
		return codec.Encode(dst, text)
	case c.charset == Latin1:
		position := 0
		for _, r := range text {
			position++
			if r > 0xFF {
				return dst, gb18030.ErrRune.With("character %d, U+%04X, cannot be written in latin-1", position, r)
			}
			dst = append(dst, byte(r)) //nolint:gosec // at most 0xFF, as checked above
		}
		return dst, nil
	}
	for i, r := range text {
		if r == utf8.RuneError {
			return dst, gb18030.ErrRune.With("byte %d: not a character", i+1)
		}
	}
	return append(dst, text...), nil
}

// Width is how many bytes a text takes in the charset, or the error of Encode.
func (c *Coder) Width(text string) (int, error) {
	var err error
	c.scratch, err = c.Encode(c.scratch[:0], text)
	return len(c.scratch), err
}

// Whole returns how many of the first bytes of raw, at most width, end on the
// border of a character: fewer than width where a character stands across it.
func (c *Coder) Whole(raw []byte, width int) int {
	if width >= len(raw) {
		return len(raw)
	}
	switch codec := c.gb(); {
	case codec != nil:
		i := 0
		for i < width {
			n := codec.Size(raw[i:])
			if i+n > width {
				return i
			}
			i += n
		}
		return i
	case c.charset == Latin1:
		return width
	}
	for width > 0 && !utf8.RuneStart(raw[width]) {
		width--
	}
	return width
}

// Append encodes a field into dst and fills its width up. It returns a
// *fault.Error on the field's name where the charset lacks a character or the
// text is wider than its field.
func (c *Coder) Append(dst []byte, f *Field, text string) ([]byte, error) {
	start := len(dst)
	dst, err := c.Encode(dst, text)
	if err != nil {
		if refusal, ok := errors.AsType[*fault.Error](err); ok {
			err = refusal.On(string(f.Name))
		}
		return dst, err
	}
	missing := f.Width - (len(dst) - start)
	if f.Width == 0 || missing == 0 {
		return dst, nil
	}
	if missing < 0 {
		return dst, ErrField.With("longer than %d bytes", f.Width).On(string(f.Name))
	}
	align, pad := f.Fill()
	for range missing {
		dst = append(dst, pad)
	}
	if align == Right {
		field := dst[start:]
		copy(field[missing:], field[:len(field)-missing])
		for i := range missing {
			field[i] = pad
		}
	}
	return dst, nil
}

// EndLine ends a line and writes it.
func (l *Layout) EndLine(w io.Writer, line []byte) error {
	if l.LineEnd == CRLF {
		line = append(line, '\r')
	}
	line = append(line, '\n')
	if len(line) > MaxLine {
		return ErrField.With("the line is longer than %d bytes", MaxLine)
	}
	_, err := w.Write(line)
	return err
}

package mt940

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"twoline/adapters/bank/gb18030"
)

// Charset is how a file's characters are written as bytes.
type Charset int

// The charsets.
const (
	// Automatic reads UTF-8, or Latin-1 where the file is not UTF-8, and writes
	// the characters that every SWIFT system takes (set X), refusing all others.
	Automatic Charset = iota
	UTF8
	Latin1
	CodePage850
	CodePage852
	GB18030
	GBK
)

// String returns the name by which profiles and options know the charset.
func (c Charset) String() string {
	switch c {
	case Automatic:
		return "automatic"
	case UTF8:
		return "utf-8"
	case Latin1:
		return "iso-8859-1"
	case CodePage850:
		return "cp850"
	case CodePage852:
		return "cp852"
	case GB18030:
		return "gb18030"
	case GBK:
		return "gbk"
	}
	return "automatic"
}

// ParseCharset reads String's names, "latin-1" as Latin1 and "" as Automatic; any
// other is ErrCharset.
func ParseCharset(name string) (Charset, error) {
	for _, c := range []Charset{Automatic, UTF8, Latin1, CodePage850, CodePage852, GB18030, GBK} {
		if strings.EqualFold(c.String(), name) {
			return c, nil
		}
	}
	switch {
	case name == "":
		return Automatic, nil
	case strings.EqualFold(name, "latin-1"):
		return Latin1, nil
	}
	return Automatic, ErrCharset.With(
		"the charset must be one of utf-8, iso-8859-1 (latin-1), cp850, cp852, gb18030, gbk")
}

// coder turns the lines of one charset into UTF-8 and back.
type coder struct {
	charset Charset
	table   *charmap.Charmap
	chinese *gb18030.Codec
}

func newCoder(c Charset) *coder {
	coder := &coder{charset: c, table: nil, chinese: nil}
	switch c {
	case Latin1:
		coder.table = charmap.ISO8859_1
	case CodePage850:
		coder.table = charmap.CodePage850
	case CodePage852:
		coder.table = charmap.CodePage852
	case GB18030:
		coder.chinese = gb18030.New(gb18030.GB18030)
	case GBK:
		coder.chinese = gb18030.New(gb18030.GBK)
	case Automatic, UTF8:
	}
	return coder
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// decode appends a line that is not plain ASCII to dst; false where its bytes are
// not text of the charset.
func (c *coder) decode(dst, line []byte) ([]byte, bool) {
	switch {
	case c.table != nil:
		for _, b := range line {
			dst = utf8.AppendRune(dst, c.table.DecodeByte(b))
		}
		return dst, true
	case c.chinese != nil:
		dst, err := c.chinese.Decode(dst, line)
		return dst, err == nil
	}
	// The replacement character stands where another program lost one.
	return append(dst, line...), utf8.Valid(line) && !bytes.ContainsRune(line, utf8.RuneError)
}

// encode appends text to dst; false where the charset lacks a character.
func (c *coder) encode(dst []byte, text string) ([]byte, bool) {
	switch {
	case c.charset == Automatic:
		return append(dst, text...), strings.IndexFunc(text, func(r rune) bool { return !isSWIFT(r) }) < 0
	case c.table != nil:
		for _, r := range text {
			b, ok := c.table.EncodeRune(r)
			if !ok {
				return dst, false
			}
			dst = append(dst, b)
		}
		return dst, true
	case c.chinese != nil:
		dst, err := c.chinese.Encode(dst, text)
		return dst, err == nil
	}
	return append(dst, text...), utf8.ValidString(text) && !strings.ContainsRune(text, utf8.RuneError)
}

// isSWIFT says that a character is in SWIFT's set X.
func isSWIFT(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' ||
		strings.ContainsRune("/-?:().,'+ \r\n", r)
}

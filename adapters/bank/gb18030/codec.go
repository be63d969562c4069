package gb18030

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"twoline/gateway/fault"
)

// Errors of the text codec; both come with the position of the first offender.
var (
	// ErrBytes is a byte sequence that is no character of the charset, or not the
	// only way to write it.
	ErrBytes = fault.New(fault.Invalid, "charset_bytes", "bytes are not text in the declared charset")
	// ErrRune is a character that the charset cannot write.
	ErrRune = fault.New(fault.Unprocessable, "charset_rune", "character cannot be written in the charset of this bank")
)

// Charset is one of the two charsets.
type Charset int

// The charsets.
const (
	// GB18030 is the national standard: every Unicode character, one to four bytes.
	GB18030 Charset = iota
	// GBK is the older two-byte set; it lacks rare name characters.
	GBK
)

// String returns the name that profiles use.
func (c Charset) String() string {
	switch c {
	case GB18030:
		return "gb18030"
	case GBK:
		return "gbk"
	}
	return "gb18030"
}

const (
	firstLead  = 0x81
	firstTrail = 0x40
	trails     = 0xFF - firstTrail
	leads      = 0xFF - firstLead
)

// Codec converts between UTF-8 and one charset. Its tables are fixed once made:
// a Codec may be used by several goroutines at once. New costs about a
// millisecond, so a reader or writer makes one and keeps it.
type Codec struct {
	charset Charset
	// toRune holds the character of every two-byte code, 0 where there is none.
	toRune [leads * trails]uint16
	// toCode holds the two-byte code of every character below U+10000, 0 where
	// there is none.
	toCode [1 << 16]uint16
}

// New makes the codec of a charset.
func New(charset Charset) *Codec {
	c := &Codec{charset: charset}
	decoder := simplifiedchinese.GB18030.NewDecoder()
	if charset == GBK {
		decoder = simplifiedchinese.GBK.NewDecoder()
	}
	var text [2 * utf8.UTFMax]byte
	for lead := firstLead; lead < 0xFF; lead++ {
		for trail := firstTrail; trail < 0xFF; trail++ {
			code := [2]byte{byte(lead), byte(trail)}
			n, _, err := decoder.Transform(text[:], code[:], true)
			r, size := utf8.DecodeRune(text[:n])
			// A3A0 is read as the ideographic space by some tables, whose code is
			// A1A1: a second way to write a character does not survive a round trip.
			if err != nil || size != n || r == utf8.RuneError || r > 0xFFFF || c.toCode[r] != 0 {
				continue
			}
			c.set(uint16(lead)<<8|uint16(trail), r)
		}
	}
	for _, a := range additions() {
		c.set(a.code, a.char)
	}
	return c
}

func (c *Codec) set(code uint16, r rune) {
	c.toRune[index(byte(code>>8), byte(code&0xFF))] = uint16(r) //nolint:gosec // at most 0xFFFF, as checked by New
	c.toCode[r] = code
}

func index(lead, trail byte) int { return (int(lead)-firstLead)*trails + int(trail) - firstTrail }

type addition struct {
	code uint16
	char rune
}

// additions are the characters that GB18030-2022 (and, for A8BC, 2005) moved out
// of the private use area, as the Unicode Technical Committee recommends them.
func additions() []addition {
	return []addition{
		{0xA8BC, 0x1E3F},
		{0xA6D9, 0xFE10},
		{0xA6DA, 0xFE12},
		{0xA6DB, 0xFE11},
		{0xA6DC, 0xFE13},
		{0xA6DD, 0xFE14},
		{0xA6DE, 0xFE15},
		{0xA6DF, 0xFE16},
		{0xA6EC, 0xFE17},
		{0xA6ED, 0xFE18},
		{0xA6F3, 0xFE19},
		{0xFE59, 0x9FB4},
		{0xFE61, 0x9FB5},
		{0xFE66, 0x9FB6},
		{0xFE67, 0x9FB7},
		{0xFE6D, 0x9FB8},
		{0xFE7E, 0x9FB9},
		{0xFE90, 0x9FBA},
		{0xFEA0, 0x9FBB},
	}
}

// Charset returns which charset the codec is for.
func (c *Codec) Charset() Charset { return c.charset }

// Decode appends the text of src as UTF-8 to dst. It returns ErrBytes, with the
// position counted from 1, for anything that is not text or would not encode to
// the same bytes.
func (c *Codec) Decode(dst, src []byte) ([]byte, error) {
	for i := 0; i < len(src); {
		b := src[i]
		if b < utf8.RuneSelf {
			n := ascii(src[i:])
			dst = append(dst, src[i:i+n]...)
			i += n
			continue
		}
		r, n := c.decodeRune(src[i:])
		if n == 0 {
			return dst, ErrBytes.With("byte %d: bytes are not text in %s", i+1, c.charset)
		}
		dst = utf8.AppendRune(dst, r)
		i += n
	}
	return dst, nil
}

// ascii returns how many bytes b begins with that are ASCII.
func ascii(b []byte) int {
	for i, x := range b {
		if x >= utf8.RuneSelf {
			return i
		}
	}
	return len(b)
}

// decodeRune reads one character that is not ASCII; its length is 0 where there
// is none.
func (c *Codec) decodeRune(b []byte) (rune, int) {
	if b[0] == 0x80 && c.charset == GBK {
		return '€', 1
	}
	if b[0] < firstLead || b[0] == 0xFF || len(b) < 2 {
		return 0, 0
	}
	if b[1] >= firstTrail && b[1] != 0xFF {
		r := rune(c.toRune[index(b[0], b[1])])
		if r == 0 || r == '€' && c.charset == GBK {
			return 0, 0
		}
		return r, 2
	}
	if c.charset == GBK || !isFour(b) {
		return 0, 0
	}
	var text [utf8.UTFMax]byte
	n, _, err := simplifiedchinese.GB18030.NewDecoder().Transform(text[:], b[:4], true)
	if err != nil {
		return 0, 0
	}
	r, size := utf8.DecodeRune(text[:n])
	back, ok := c.four(r)
	if r == utf8.RuneError || size != n || !ok || !bytes.Equal(back[:], b[:4]) {
		return 0, 0
	}
	return r, 4
}

func isFour(b []byte) bool {
	return len(b) >= 4 && isDigit(b[1]) && b[2] >= firstLead && b[2] != 0xFF && isDigit(b[3])
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// four returns the four-byte code of a character that has no shorter one.
// Private use characters are refused: every bank draws its own there.
func (c *Codec) four(r rune) ([4]byte, bool) {
	var code [4]byte
	private := r >= 0xE000 && r <= 0xF8FF || r >= 0xF0000
	if c.charset == GBK || r < utf8.RuneSelf || private || r < 1<<16 && c.toCode[r] != 0 {
		return code, false
	}
	var text [utf8.UTFMax]byte
	size := utf8.EncodeRune(text[:], r)
	n, _, err := simplifiedchinese.GB18030.NewEncoder().Transform(code[:], text[:size], true)
	return code, err == nil && n == 4
}

// Encode appends text, which is UTF-8, to dst in the codec's charset. It returns
// ErrRune, naming the first character that the charset lacks and its position
// counted in characters from 1. Text that is not UTF-8, U+FFFD and private use
// characters are refused the same way.
func (c *Codec) Encode(dst []byte, text string) ([]byte, error) {
	position := 0
	for i := 0; i < len(text); {
		position++
		if b := text[i]; b < utf8.RuneSelf {
			dst = append(dst, b)
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		i += n
		if r < 1<<16 {
			if code := c.toCode[r]; code != 0 && (r != '€' || c.charset != GBK) {
				dst = append(dst, byte(code>>8), byte(code&0xFF))
				continue
			}
		}
		switch code, ok := c.four(r); {
		case ok && r != utf8.RuneError:
			dst = append(dst, code[:]...)
		case r == '€' && c.charset == GBK:
			dst = append(dst, 0x80)
		default:
			return dst, ErrRune.With("character %d, %s, cannot be written in %s", position, name(r), c.charset)
		}
	}
	return dst, nil
}

func name(r rune) string { return fmt.Sprintf("U+%04X", r) }

// Check says whether text can be written in the charset, before anything is
// exported: nil, or the error that Encode would return.
func (c *Codec) Check(text string) error {
	_, err := c.Encode(make([]byte, 0, 2*len(text)), text)
	return err
}

// Split cuts a line at a separator that is ASCII, appending the fields to dst
// (slices of line, still encoded). A byte inside a longer character is never
// taken for the separator.
func (c *Codec) Split(dst [][]byte, line []byte, separator byte) [][]byte {
	start := 0
	for i := 0; i < len(line); {
		b := line[i]
		switch {
		case b == separator:
			dst = append(dst, line[start:i])
			i++
			start = i
		case b <= 0x80 || b == 0xFF || i+1 >= len(line):
			i++
		case line[i+1] >= firstTrail:
			i += 2
		case c.charset == GB18030 && isFour(line[i:]):
			i += 4
		default:
			i++
		}
	}
	return append(dst, line[start:])
}

// Size returns how many bytes the first character of b takes, as far as its
// first bytes say: 1 where they are no character.
func (c *Codec) Size(b []byte) int {
	switch {
	case len(b) < 2 || b[0] < firstLead || b[0] == 0xFF:
		return 1
	case b[1] >= firstTrail:
		return 2
	case c.charset == GB18030 && isFour(b):
		return 4
	}
	return 1
}

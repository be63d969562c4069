package httpapi

import (
	"encoding/json"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

// maxDepth is how deep JSON may nest.
const maxDepth = 32

// checkJSON refuses every body that two readers could read differently: broken
// UTF-8, lone surrogates or NUL, a name twice in one object (by any case), nesting
// deeper than maxDepth, anything after the value.
func checkJSON(b []byte) error {
	if !utf8.Valid(b) {
		return errJSON.With("the body is not UTF-8")
	}
	if !json.Valid(b) {
		return errJSON.With("the body is not one JSON value")
	}
	return checkNames(b)
}

// scope is one open object or array.
type scope struct {
	object bool
	// name says that the next string of an object is a name.
	name bool
	seen map[string]bool
}

// checkNames walks a body that is known to be valid JSON.
func checkNames(b []byte) error {
	open := make([]scope, 0, maxDepth)
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '{', '[':
			if len(open) == maxDepth {
				return errJSON.With("the body nests deeper than %d", maxDepth)
			}
			open = append(open, scope{object: b[i] == '{', name: b[i] == '{', seen: nil})
		case '}', ']':
			open = open[:len(open)-1]
		case ',':
			top := &open[len(open)-1]
			top.name = top.object
		case '"':
			end := closingQuote(b, i)
			text := b[i : end+1]
			if !soundEscapes(text) {
				return errJSON.With("a string of the body holds a NUL or half a character")
			}
			if top := len(open) - 1; top >= 0 && open[top].name {
				if err := open[top].take(text); err != nil {
					return err
				}
			}
			i = end
		}
	}
	return nil
}

// take remembers a name of the object.
func (s *scope) take(quoted []byte) error {
	var name string
	if err := json.Unmarshal(quoted, &name); err != nil {
		return errJSON
	}
	name = strings.ToLower(name)
	if s.seen == nil {
		s.seen = make(map[string]bool, 8)
	}
	if s.seen[name] {
		e := errJSON.With("an object of the body holds one name twice")
		if isFieldPath(name) {
			e = e.On(name)
		}
		return e
	}
	s.seen[name], s.name = true, false
	return nil
}

// closingQuote finds the end of the string that begins at i.
func closingQuote(b []byte, i int) int {
	for i++; b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i
}

// soundEscapes refuses a \u escape of half a surrogate pair, in whose place the
// decoder would put U+FFFD without an error, and of NUL, which no text may hold.
func soundEscapes(s []byte) bool {
	for i := 0; i+1 < len(s); i++ {
		if s[i] != '\\' {
			continue
		}
		i++
		if s[i] != 'u' {
			continue
		}
		switch r := hex4(s[i+1:]); {
		case r == 0:
			return false
		case r >= 0xDC00 && r <= 0xDFFF:
			return false
		case r >= 0xD800 && r <= 0xDBFF:
			if i+11 > len(s) || s[i+5] != '\\' || s[i+6] != 'u' {
				return false
			}
			if low := hex4(s[i+7:]); low < 0xDC00 || low > 0xDFFF {
				return false
			}
			i += 6
		}
		i += 4
	}
	return true
}

// hex4 reads the four digits of an escape in valid JSON.
func hex4(s []byte) int {
	r := 0
	for _, c := range s[:4] {
		switch {
		case c >= 'a':
			c -= 'a' - 10
		case c >= 'A':
			c -= 'A' - 10
		default:
			c -= '0'
		}
		r = r<<4 | int(c)
	}
	return r
}

// strictFormat is the only format that is read and written.
func strictFormat() huma.Format {
	return huma.Format{
		Marshal: func(w io.Writer, v any) error {
			b, err := marshal(v)
			if err != nil {
				return err
			}
			_, err = w.Write(b)
			return err
		},
		Unmarshal: json.Unmarshal,
	}
}

package delimited

import "strings"

const maxFields = 48

func isSeparator(c byte) bool {
	switch {
	case c == '\t':
		return true
	case c <= ' ' || c >= 0x7F || c == '.' || c == '-' || c == '"':
		return false
	}
	return (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
}

// checkFields proves that every name is one of those allowed, and stands once.
func (l *Layout) checkFields(fields []Field, allowed string) error {
	seen := make(map[FieldName]bool, len(fields))
	for _, f := range fields {
		known := false
		for name := range strings.FieldsSeq(allowed) {
			known = known || name == string(f.Name)
		}
		if !known {
			return ErrLayout.With("a field %q is not known here", string(f.Name)).On("fields")
		}
		if seen[f.Name] && f.Name != Constant && f.Name != Ignored {
			return ErrLayout.With("the field %s stands twice", string(f.Name)).On("fields")
		}
		seen[f.Name] = true
		if f.Text != "" && f.Name != Constant || strings.IndexByte(f.Text, l.Separator) >= 0 || f.MaxBytes < 0 {
			return ErrLayout.With("only a constant has a text, without the separator").On("fields")
		}
	}
	return nil
}

// hasControl says that a field holds what would break a line: a control
// character or one of Unicode's line ends.
func hasControl(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c < 0x20 || c == 0x7F {
			return true
		}
		// U+0080 to U+009F, U+2028 and U+2029.
		if c == 0xC2 && i+1 < len(s) && s[i+1] < 0xA0 {
			return true
		}
		if c == 0xE2 && i+2 < len(s) && s[i+1] == 0x80 && (s[i+2] == 0xA8 || s[i+2] == 0xA9) {
			return true
		}
	}
	return false
}

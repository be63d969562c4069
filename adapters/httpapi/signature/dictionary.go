package signature

import (
	"encoding/base64"
	"strings"

	"github.com/dunglas/httpsfv"
)

// member is one entry of a structured-field dictionary: its value as read and
// the text, after "label=", that it was read from.
type member struct {
	text  string
	value httpsfv.Member
}

// bytes returns a member that is a byte sequence and nothing else, written in
// the one canonical way: a second spelling of the same bytes is refused.
func (m member) bytes() ([]byte, bool) {
	item, ok := m.value.(httpsfv.Item)
	if !ok {
		return nil, false
	}
	raw, ok := item.Value.([]byte)
	return raw, ok && m.text == ":"+base64.StdEncoding.EncodeToString(raw)+":"
}

// parseDictionary reads an RFC 9651 dictionary. The RFC lets the last of two
// equal labels win; here they are refused, because two readers may differ.
func parseDictionary(value string) (map[string]member, error) {
	pieces := splitMembers(value)
	dictionary := make(map[string]member, len(pieces))
	for _, piece := range pieces {
		one, err := httpsfv.UnmarshalDictionary([]string{piece})
		if err != nil || len(one.Names()) != 1 {
			// The parser's own error may quote the field, so it stops here.
			return nil, ErrMalformed.With("a signature field is not a structured-field dictionary")
		}
		label := one.Names()[0]
		if _, twice := dictionary[label]; twice {
			return nil, ErrDuplicate
		}
		read, _ := one.Get(label)
		dictionary[label] = member{text: strings.TrimPrefix(piece[len(label):], "="), value: read}
	}
	return dictionary, nil
}

// splitMembers cuts a dictionary at its commas. Only a quoted string can hold a
// comma that is not a separator.
func splitMembers(value string) []string {
	var pieces []string
	start, quoted := 0, false
	for i := 0; i < len(value); i++ {
		switch {
		case quoted && value[i] == '\\':
			i++ // whatever follows is escaped
		case value[i] == '"':
			quoted = !quoted
		case value[i] == ',' && !quoted:
			pieces = append(pieces, strings.Trim(value[start:i], " \t"))
			start = i + 1
		}
	}
	return append(pieces, strings.Trim(value[start:], " \t"))
}

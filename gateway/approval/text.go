package approval

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// IsLine says that text is one line of at most so many characters, without blanks
// around it, of what can be seen: what people write as a reason, or name a document by.
func IsLine(text string, most int) bool { return isText(text, most, "") }

// IsNote says the same of text that may have several lines.
func IsNote(text string, most int) bool { return isText(text, most, "\n") }

func isText(text string, most int, breaks string) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= most && strings.TrimSpace(text) == text &&
		!strings.ContainsFunc(text, func(r rune) bool {
			return (!unicode.IsGraphic(r) || r == utf8.RuneError) && !strings.ContainsRune(breaks, r)
		})
}

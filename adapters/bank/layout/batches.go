package layout

import (
	"fmt"
	"strconv"
	"strings"

	"twoline/gateway/bank"
)

// batches compares every batch number of a file with the first of them, and with the
// one in the file's name.
type batches struct {
	// end is what the name says, said what the file said first.
	end, said string
	// line is the first that differs, text how, and places how many do.
	line, places int
	text         string
}

// take takes the number that stands in a line; nothing is no number.
func (b *batches) take(line int, id string) {
	switch {
	case id == "":
		return
	case b.said == "":
		b.said = strings.Clone(id)
	}
	switch {
	case b.end != "" && !endsIn(id, b.end):
		b.differs(line, id, "the file's name says "+clip(b.end))
	case id != b.said:
		b.differs(line, id, "what stands before it says "+clip(b.said))
	}
}

// endsIn says that a number ends in what a name says, which may be filled up with
// zeros.
func endsIn(id, end string) bool {
	return strings.HasSuffix(id, end) || strings.TrimLeft(id, "0") == strings.TrimLeft(end, "0")
}

func (b *batches) differs(line int, id, other string) {
	if b.places++; b.places == 1 {
		b.line, b.text = line, "batch "+clip(id)+", and "+other
	}
}

// problem tells what differs, once for the file.
func (b *batches) problem() (bank.Problem, bool) {
	return bank.Problem{
		Severity: bank.SeverityError, Code: "batch_differs", Line: b.line, Path: string(BatchID),
		Text: fmt.Sprintf("%s; %d of the file's batch numbers differ", b.text, b.places),
	}, b.places > 0
}

// maxSeen is how much of a text messages show, in characters.
const maxSeen = 40

// clip bounds a text of a file for a message.
func clip(text string) string {
	n := 0
	for i := range text {
		if n++; n > maxSeen {
			return text[:i] + "…"
		}
	}
	return text
}

// Seen shows what stands in a field for a message: numbers, codes and days as they
// are, at most 40 characters of them, so that the fault is found; what tells of a
// person only as its shape, marked (masked), and also what has slipped there from a
// field beside: a name, a citizen's number or a card's in the place of a number.
func Seen(name FieldName, text string) string {
	if text == "" {
		return Shape(text)
	}
	if isPersonal(name) || name != Code && slipped(text) {
		return Shape(text) + " (masked)"
	}
	return strconv.Quote(clip(text))
}

// isPersonal says that a field tells of a person.
func isPersonal(name FieldName) bool {
	switch name { //nolint:exhaustive // the others do not
	case SocialNo, Name, IDNumber, Account, OwnAccount, Mandate, Text, Reason, Ignored:
		return true
	}
	return false
}

// slipped says that a text is a person's name or number, wherever it stands.
func slipped(text string) bool {
	if hasName(text) {
		return true
	}
	text = strings.TrimSpace(text)
	return CheckIDNumber.passes(text) == nil || text[0] != '0' && CheckCard.passes(text) == nil
}

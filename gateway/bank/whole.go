package bank

import (
	"fmt"
	"strings"
)

// Whole gathers what a result file says of its batch as a whole. A bank that refuses
// a file sends no lines: what it says of the file, it says of every item.
type Whole struct {
	refusal *Result
	items   int
}

// Take looks at one result of the file.
func (w *Whole) Take(r Result) {
	switch {
	case r.OfItem():
		w.items++
	case r.Outcome == OutcomeFailed && w.refusal == nil:
		w.refusal = &r
	}
}

// Refused says that the bank refused the file and named no item.
func (w *Whole) Refused() bool { return w.refusal != nil && w.items == 0 }

// isAbout says that a refusal names no other batch than the one of a number, nor
// another message than one whose id holds it: of a stranger's refusal nothing
// follows, or what was paid would be paid again. The number may stand there with its
// last four digits or more.
func (w *Whole) isAbout(number string) bool {
	id, bare := w.refusal.BatchID, strings.TrimLeft(number, "0")
	same := id == "" || strings.TrimLeft(id, "0") == bare || len(id) >= minNumber && strings.HasSuffix(number, id)
	return same && (w.refusal.MessageID == "" || strings.Contains(w.refusal.MessageID, number))
}

// minNumber is how many digits of a number name a batch.
const minNumber = 4

// Answer is what the refusal says of one item.
func (w *Whole) Answer(line int, item int64, batch string) Answer {
	return Answer{ //nolint:exhaustruct // of an item, and without money
		Line: line, Item: item, BatchNumber: batch, Outcome: OutcomeFailed, Class: w.refusal.Class,
		Code: w.refusal.Code, Text: w.refusal.Text,
	}
}

// Case asks people to look: why a bank refuses a whole file is seldom in the file.
func (w *Whole) Case(subject, bankCode, number string) DeliveryCase {
	return DeliveryCase{
		Kind: "batch_refused", Subject: subject, Bank: bankCode,
		Text: fmt.Sprintf("the bank refused the whole file of batch %s: %s %s; mend what it names, and settle "+
			"the items that stay open on evidence", number, w.refusal.Code, w.refusal.Text),
	}
}

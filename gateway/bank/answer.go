package bank

import (
	"fmt"
	"strings"

	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// Answer is one line of a bank's answer on a batch, whatever the format it came in.
type Answer struct {
	// Line counts from 1.
	Line int
	// Item is our id, 0 where the format does not echo it; then SocialNo finds it.
	Item     int64
	SocialNo string
	// Name, IDNumber, Account are compared where the bank echoes them.
	Name, IDNumber, Account string
	BatchNumber             string
	Outcome                 Outcome
	Class                   Class
	Code, Text              string
	Amount                  *money.Amount
	BankReference           string
	ValueDate               calendar.Day
}

// Sent is an instruction as it was sent: what a line of an answer is compared with.
type Sent struct {
	Item     int64
	Amount   money.Amount
	Account  party.AccountNo
	Name     party.Name
	IDNumber party.IDNumber
}

// SentBatch is the batch that an answer is for.
type SentBatch struct {
	ID     int64
	Number string
}

// Disposition is what becomes of a line of an answer.
type Disposition string

// The dispositions.
const (
	// Recorded: the line is the item's outcome from now on.
	Recorded Disposition = "recorded"
	// Kept: the line decides nothing; the item stays open and is queried.
	Kept Disposition = "pending"
	// Repeated: the same outcome was known before.
	Repeated Disposition = "repeated"
	// Refused: the line books nothing and opens a case.
	Refused Disposition = "refused"
)

// Decision is the disposition of a line with its reason.
type Decision struct {
	Answer

	Batch       int64
	Disposition Disposition
	// Refusal is a stable code, empty unless refused.
	Refusal string
	Reason  string
}

// Known is what is known of an item when a line for it arrives.
type Known struct {
	Sent

	// Final is the outcome recorded before; OutcomeUnknown is none.
	Final Outcome
	// SeenInReceipt says that another line of the same receipt decided it.
	SeenInReceipt bool
}

// ErrControlTotal is a request or a file whose totals are not those of its lines.
var ErrControlTotal = fault.New(fault.Unprocessable, "control_total",
	"count or amount does not agree with the lines")

// Decide says what becomes of one line. It is pure: the same line and the same
// known item always give the same decision. known is nil for an item that this
// bank does not have in this batch.
func Decide(b SentBatch, a Answer, known *Known) Decision {
	a = clean(a)
	d := Decision{Answer: a, Batch: b.ID, Disposition: Refused, Refusal: "", Reason: ""}
	switch {
	case d.Outcome == OutcomeSucceeded:
		d.Class = ClassSuccess
	case d.Outcome == OutcomeFailed && (d.Class == "" || d.Class == ClassSuccess):
		d.Class = ClassOf(OutcomeFailed, a.Code)
	case d.Outcome != OutcomeFailed:
		d.Class = ClassUnknown
	}
	if known == nil {
		return d.Refuse("unknown_item", noSuchItem(a))
	}
	d.Item = known.Item
	if code, reason := differs(b, a, known.Sent); code != "" {
		return d.Refuse(code, reason)
	}
	if known.SeenInReceipt {
		return d.Refuse("duplicate_line", "another line of the same file answers this item")
	}
	// A failure whose code nobody knows is not a failure: the item stays open.
	if !d.Outcome.Final() || (d.Outcome == OutcomeFailed && d.Class == ClassUnknown) {
		if d.Outcome == OutcomeFailed {
			d.Outcome = OutcomeUnknown
		}
		d.Class, d.Disposition = ClassUnknown, Kept
		return d
	}
	if known.Final == OutcomeUnknown {
		d.Disposition = Recorded
		return d
	}
	if known.Final == d.Outcome {
		d.Disposition = Repeated
		return d
	}
	return d.Refuse("contradicts_outcome",
		fmt.Sprintf("the item is %s already; a contradicting answer changes nothing", known.Final))
}

// noSuchItem names what the line named, so that who looks into it can ask the
// bank. A social-security number belongs to a person, and stays in the file.
func noSuchItem(a Answer) string {
	if a.Item == 0 {
		return "this batch has no such item"
	}
	return fmt.Sprintf("this batch has no item %d", a.Item)
}

// clean takes out what no text of a bank may hold, and a failure's amount of
// nothing, which says no more than the failure.
func clean(a Answer) Answer {
	for _, s := range []*string{&a.Code, &a.Text, &a.BankReference} {
		*s = strings.ReplaceAll(strings.ToValidUTF8(*s, ""), "\x00", "")
	}
	if a.Outcome == OutcomeFailed && a.Amount != nil && *a.Amount == 0 {
		a.Amount = nil
	}
	return a
}

// Refuse returns the decision as a refusal: the line books nothing.
func (d Decision) Refuse(code, reason string) Decision {
	d.Disposition, d.Refusal, d.Reason = Refused, code, reason
	if d.Outcome != OutcomeSucceeded && d.Class == "" {
		d.Class = ClassUnknown
	}
	return d
}

// differs compares what the bank echoes with what was sent. Names are compared
// folded, as banks write interpuncts and full-width letters in their own way.
func differs(b SentBatch, a Answer, sent Sent) (code, reason string) {
	switch {
	case a.BatchNumber != "" && a.BatchNumber != b.Number:
		return "unknown_item", "the line names another batch"
	case a.Outcome == OutcomeSucceeded && a.Amount == nil:
		return "amount_missing", "a success needs the amount that was moved"
	case a.Amount != nil && *a.Amount != sent.Amount:
		return "amount_differs", "the amount is not the one that was sent: in full or not at all"
	case a.Account != "" && a.Account != sent.Account.Plain():
		return "party_differs", "the account is not the one that was sent"
	case a.IDNumber != "" && a.IDNumber != sent.IDNumber.Plain():
		return "party_differs", "the id number is not the one that was sent"
	case a.Name != "" && matchKey(a.Name) != sent.Name.MatchKey():
		return "party_differs", "the name is not the one that was sent"
	}
	return "", ""
}

// matchKey folds a name as a bank wrote it; one that is no name folds to "".
func matchKey(s string) string {
	n, err := party.NewName(s)
	if err != nil {
		return ""
	}
	return n.MatchKey()
}

// CheckTotals compares what a request says of itself with its lines. The amount
// is the sum of the lines that carry one.
func CheckTotals(count int, amount money.Amount, answers []Answer) error {
	var total money.Total
	for _, a := range answers {
		if a.Amount != nil {
			total.Add(*a.Amount)
		}
	}
	sum, err := total.Amount()
	if err != nil {
		return ErrControlTotal.Because(err)
	}
	if count != len(answers) {
		return ErrControlTotal.With("count says %d, the request has %d lines", count, len(answers)).On("count")
	}
	if sum != amount {
		return ErrControlTotal.With("amount says %s, the lines sum to %s", amount, sum).On("amount")
	}
	return nil
}

// CountsOf sums up decisions.
func CountsOf(decisions []Decision) Counts {
	var c Counts
	for _, d := range decisions {
		c.Rows++
		switch d.Disposition {
		case Recorded:
			c.Recorded++
			if d.Outcome == OutcomeSucceeded && d.Amount != nil {
				c.Amount += *d.Amount
			}
		case Kept:
			c.Pending++
		case Repeated:
			c.Repeated++
		case Refused:
			c.Refused++
		}
	}
	return c
}

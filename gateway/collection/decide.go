package collection

import (
	"fmt"
	"strings"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
)

// Result is one line of an answer, whatever the format it came in.
type Result struct {
	// Line counts from 1.
	Line int
	// Item is our id, 0 where the format does not echo it; then SocialNo finds it.
	Item     int64
	SocialNo string
	// Name, IDNumber, Account are compared where the bank echoes them.
	Name, IDNumber, Account string
	BatchNumber             string
	Outcome                 bank.Outcome
	Class                   bank.Class
	Code, Text              string
	Amount                  *money.Amount
	BankReference           string
	ValueDate               calendar.Day
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
	Result

	Batch       int64
	Disposition Disposition
	// Refusal is a stable code, empty unless refused.
	Refusal string
	Reason  string
}

// Known is what the book holds of an item when a line for it arrives.
type Known struct {
	Item Item
	// Final is the outcome recorded before, with its amount; nil is none.
	Final *FinalOutcome
	// SeenInReceipt says that another line of the same receipt decided it.
	SeenInReceipt bool
}

// FinalOutcome is an item's recorded outcome.
type FinalOutcome struct {
	Outcome bank.Outcome
}

// Decide says what becomes of one line. It is pure: the same line and the same
// known item always give the same decision. item is nil for one that this bank
// does not have in this batch.
func Decide(b Batch, r Result, known *Known) Decision {
	r = clean(r)
	d := Decision{Result: r, Batch: b.ID, Disposition: Refused, Refusal: "", Reason: ""}
	switch {
	case d.Outcome == bank.OutcomeSucceeded:
		d.Class = bank.ClassSuccess
	case d.Outcome == bank.OutcomeFailed && (d.Class == "" || d.Class == bank.ClassSuccess):
		d.Class = bank.ClassOf(bank.OutcomeFailed, r.Code)
	case d.Outcome != bank.OutcomeFailed:
		d.Class = bank.ClassUnknown
	}
	if known == nil {
		return d.refuse("unknown_item", "this batch has no such item")
	}
	d.Item = known.Item.ID
	if code, reason := differs(b, r, known.Item); code != "" {
		return d.refuse(code, reason)
	}
	if known.SeenInReceipt {
		return d.refuse("duplicate_line", "another line of the same file answers this item")
	}
	// A failure whose code nobody knows is not a failure: the item stays open.
	if !d.Outcome.Final() || (d.Outcome == bank.OutcomeFailed && d.Class == bank.ClassUnknown) {
		if d.Outcome == bank.OutcomeFailed {
			d.Outcome = bank.OutcomeUnknown
		}
		d.Class, d.Disposition = bank.ClassUnknown, Kept
		return d
	}
	if known.Final == nil {
		d.Disposition = Recorded
		return d
	}
	if known.Final.Outcome == d.Outcome {
		d.Disposition = Repeated
		return d
	}
	return d.refuse("contradicts_outcome",
		fmt.Sprintf("the item is %s already; a contradicting answer changes nothing", known.Final.Outcome))
}

// clean takes out what no text of a bank may hold, and a failure's amount of
// nothing, which says no more than the failure.
func clean(r Result) Result {
	for _, s := range []*string{&r.Code, &r.Text, &r.BankReference} {
		*s = strings.ReplaceAll(strings.ToValidUTF8(*s, ""), "\x00", "")
	}
	if r.Outcome == bank.OutcomeFailed && r.Amount != nil && *r.Amount == 0 {
		r.Amount = nil
	}
	return r
}

func (d Decision) refuse(code, reason string) Decision {
	d.Disposition, d.Refusal, d.Reason = Refused, code, reason
	if d.Outcome != bank.OutcomeSucceeded && d.Class == "" {
		d.Class = bank.ClassUnknown
	}
	return d
}

// differs compares what the bank echoes with what was sent. Names are compared
// folded, as banks write interpuncts and full-width letters in their own way.
func differs(b Batch, r Result, i Item) (code, reason string) {
	switch {
	case r.BatchNumber != "" && r.BatchNumber != b.Number:
		return "unknown_item", "the line names another batch"
	case r.Outcome == bank.OutcomeSucceeded && r.Amount == nil:
		return "amount_missing", "a success needs the amount that was debited"
	case r.Amount != nil && *r.Amount != i.Amount:
		return "amount_differs", "the amount is not the one that was sent: in full or not at all"
	case r.Account != "" && r.Account != i.Account.Plain():
		return "party_differs", "the account is not the one that was sent"
	case r.IDNumber != "" && r.IDNumber != i.IDNumber.Plain():
		return "party_differs", "the id number is not the one that was sent"
	case r.Name != "" && matchKey(r.Name) != i.Name.MatchKey():
		return "party_differs", "the name is not the one that was sent"
	}
	return "", ""
}

// CheckTotals compares what a request says of itself with its lines. The amount
// is the sum of the lines that carry one.
func CheckTotals(count int, amount money.Amount, results []Result) error {
	var total money.Total
	for _, r := range results {
		if r.Amount != nil {
			total.Add(*r.Amount)
		}
	}
	sum, err := total.Amount()
	if err != nil {
		return ErrControlTotal.Because(err)
	}
	if count != len(results) {
		return ErrControlTotal.With("count says %d, the request has %d lines", count, len(results)).On("count")
	}
	if sum != amount {
		return ErrControlTotal.With("amount says %s, the lines sum to %s", amount, sum).On("amount")
	}
	return nil
}

// Counts sums up decisions.
func Counts(decisions []Decision) bank.Counts {
	var c bank.Counts
	for _, d := range decisions {
		c.Rows++
		switch d.Disposition {
		case Recorded:
			c.Recorded++
			if d.Outcome == bank.OutcomeSucceeded && d.Amount != nil {
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

// ErrQuarantine marks a file that contradicts itself: nothing of it is taken in.
var ErrQuarantine = fault.New(fault.Unprocessable, "file_quarantined", "the file contradicts itself")

// Net returns what the arrival adds to the account: negative where the bank took
// the money back.
func (a Arrival) Net() money.Amount {
	if a.GivenBack {
		return -a.Amount
	}
	return a.Amount
}

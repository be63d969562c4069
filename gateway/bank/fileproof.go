package bank

import (
	"errors"
	"strconv"

	"twoline/gateway/fault"
	"twoline/gateway/money"
)

// ErrQuarantine marks a file that contradicts itself: nothing of it is taken in.
var ErrQuarantine = fault.New(fault.Unprocessable, "file_quarantined", "the file contradicts itself")

// FileProof reads a result file once without taking anything in: give Take to a
// codec, then ask Check. Its zero value is ready.
type FileProof struct {
	// Accepted passes over totals that differ: officers know it and take the lines.
	Accepted bool
	// Batch is the number of the batch that the file answers.
	Batch string
	// Whole is what the file says of its batch as a whole.
	Whole Whole

	lines int
	total money.Total
	ended bool
}

// Take is an Emit. It stops at what makes the file contradict itself.
func (p *FileProof) Take(rec Record) error {
	switch r := rec.(type) {
	case Result:
		if p.Whole.Take(r); !r.OfItem() {
			return nil
		}
		p.lines++
		if r.Amount == nil {
			return nil
		}
		a, ok := r.Amount.Amount()
		if !ok {
			return ErrQuarantine.With("line %d: %s is no amount of yuan with two decimals", r.Line, r.Amount).At(r.Line)
		}
		p.total.Add(a)
	case Problem:
		if r.Severity == SeverityError && (!p.Accepted || r.Code != ErrControlTotal.Code) {
			return ErrQuarantine.With("%s", r.Text).At(r.Line)
		}
	case End:
		p.ended = true
	default:
	}
	return nil
}

// Check compares the file with the totals that travelled beside it.
func (p *FileProof) Check(head Receipt) error {
	sum, err := p.total.Amount()
	switch {
	case err != nil:
		return ErrQuarantine.Because(err)
	case !p.ended:
		return ErrQuarantine.With("the file ends before its end")
	case p.Whole.Refused() && !p.Whole.isAbout(p.Batch):
		return ErrQuarantine.With("the file refuses another batch or message than batch %s, for which it came", p.Batch)
	case p.Accepted:
		return nil
	case head.Count != nil && *head.Count != p.lines:
		return ErrControlTotal.With("count says %d, the file has %d lines", *head.Count, p.lines)
	case head.Amount != nil && *head.Amount != sum:
		return ErrControlTotal.With("amount says %s, the lines sum to %s", *head.Amount, sum)
	}
	return nil
}

// OfItem says that the result is about one item, not about a batch or a file.
func (r Result) OfItem() bool { return r.Level == "" || r.Level == "item" }

// AnswerOf turns a record of a file into a line of an answer.
func AnswerOf(line int, r Result) Answer {
	out := Answer{
		Line: line, Item: 0, SocialNo: r.SocialNo, Name: r.Name, IDNumber: r.IDNumber, Account: r.Account,
		BatchNumber: r.BatchID, Outcome: r.Outcome, Class: r.Class, Code: r.Code, Text: r.Text, Amount: nil,
		BankReference: r.BankReference, ValueDate: r.ValueDate,
	}
	if id, err := strconv.ParseInt(r.ItemID, 10, 64); err == nil {
		out.Item = id
	}
	if r.Amount != nil {
		if a, ok := r.Amount.Amount(); ok {
			out.Amount = &a
		}
	}
	return out
}

// SpeaksOfContent says that an error is about what a stored file says: taking it
// in again would end the same way, so it is set aside.
func SpeaksOfContent(err error) bool {
	if _, ok := errors.AsType[*ContentError](err); ok {
		return true
	}
	return IsRefusal(err)
}

// IsRefusal says that an error is a refusal of what was read, by a rule.
func IsRefusal(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Unprocessable, fault.TooLarge, fault.NotFound:
		return true
	case fault.Internal, fault.Unauthenticated, fault.Forbidden, fault.Conflict, fault.TooMany, fault.Unavailable:
		return false
	}
	return false
}

// RefusalCode is the stable code that a file is set aside with.
func RefusalCode(err error) string {
	if IsRefusal(err) {
		return fault.CodeOf(err)
	}
	return "file_malformed"
}

// RefusalText is the sentence beside RefusalCode.
func RefusalText(err error) string {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		if e.Line > 0 {
			return "line " + strconv.Itoa(e.Line) + ": " + e.Text
		}
		return e.Text
	}
	return "the file's structure is broken"
}

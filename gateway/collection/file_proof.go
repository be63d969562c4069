package collection

import (
	"errors"
	"strconv"

	"twoline/gateway/bank"
	"twoline/gateway/fault"
	"twoline/gateway/money"
)

// fileProof reads a result file once without taking anything in.
type fileProof struct {
	lines int
	total money.Total
	ended bool
}

func (p *fileProof) take(rec bank.Record) error {
	switch r := rec.(type) {
	case bank.Result:
		if r.Level != "" && r.Level != "item" {
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
	case bank.Problem:
		if r.Severity == bank.SeverityError {
			return ErrQuarantine.With("%s", r.Text).At(r.Line)
		}
	case bank.End:
		p.ended = true
	default:
	}
	return nil
}

// check compares the file with the totals that travelled beside it.
func (p *fileProof) check(head bank.Receipt) error {
	sum, err := p.total.Amount()
	switch {
	case err != nil:
		return ErrQuarantine.Because(err)
	case !p.ended:
		return ErrQuarantine.With("the file ends before its end")
	case head.Count != nil && *head.Count != p.lines:
		return ErrControlTotal.With("count says %d, the file has %d lines", *head.Count, p.lines)
	case head.Amount != nil && *head.Amount != sum:
		return ErrControlTotal.With("amount says %s, the lines sum to %s", *head.Amount, sum)
	}
	return nil
}

// ResultOf turns a record of a file into a line of an answer.
func ResultOf(line int, r bank.Result) Result {
	out := Result{
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

// isRefusal says that an error speaks of the content of what was read.
func isRefusal(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Unprocessable, fault.TooLarge, fault.NotFound:
		return true
	case fault.Internal, fault.Unauthenticated, fault.Forbidden, fault.Conflict, fault.TooMany, fault.Unavailable:
		return false
	}
	return false
}

func refusalCode(err error) string {
	if isRefusal(err) {
		return fault.CodeOf(err)
	}
	return "file_malformed"
}

func refusalText(err error) string {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		if e.Line > 0 {
			return "line " + strconv.Itoa(e.Line) + ": " + e.Text
		}
		return e.Text
	}
	return "the file's structure is broken"
}

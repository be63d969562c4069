package layout

import (
	"strings"

	"twoline/gateway/bank"
)

// itemSetter says where the text of a field goes in an item; nil where it is no
// text of it.
func itemSetter(name FieldName) func(*bank.BatchItem, string) {
	switch name { //nolint:exhaustive // the others are numbers, the batch's, or nothing
	case ItemID:
		return func(i *bank.BatchItem, text string) { i.ItemID = text }
	case SocialNo:
		return func(i *bank.BatchItem, text string) { i.SocialNo = text }
	case Name:
		return func(i *bank.BatchItem, text string) { i.Name = text }
	case IDNumber:
		return func(i *bank.BatchItem, text string) { i.IDNumber = text }
	case Currency:
		return func(i *bank.BatchItem, text string) { i.Currency = text }
	case Account:
		return func(i *bank.BatchItem, text string) { i.Account = text }
	case Bank:
		return func(i *bank.BatchItem, text string) { i.Bank = text }
	case Mandate:
		return func(i *bank.BatchItem, text string) { i.Mandate = text }
	case Region:
		return func(i *bank.BatchItem, text string) { i.Region = text }
	case Text:
		return func(i *bank.BatchItem, text string) { i.Text = text }
	}
	return nil
}

// resultSetter is itemSetter for a result. The reason is not among them: it goes
// into the text only where there is one.
func resultSetter(name FieldName) func(*bank.Result, string) {
	switch name { //nolint:exhaustive // the others are numbers, days, or nothing
	case ItemID:
		return func(v *bank.Result, text string) { v.ItemID = text }
	case SocialNo:
		return func(v *bank.Result, text string) { v.SocialNo = text }
	case Name:
		return func(v *bank.Result, text string) { v.Name = text }
	case IDNumber:
		return func(v *bank.Result, text string) { v.IDNumber = text }
	case BatchID:
		return func(v *bank.Result, text string) { v.BatchID = text }
	case Account:
		return func(v *bank.Result, text string) { v.Account = text }
	case Region:
		return func(v *bank.Result, text string) { v.Region = text }
	case Code:
		return func(v *bank.Result, text string) { v.Code = text }
	case Text:
		return func(v *bank.Result, text string) { v.Text = text }
	case Reference:
		return func(v *bank.Result, text string) { v.BankReference = text }
	}
	return nil
}

func (r *Reader) item(fields []string, parsed *values, item *bank.BatchItem) {
	item.Index = int(r.rows - 1)
	if r.hasAmount {
		item.Amount = bank.FigureOf(parsed.amount)
	}
	for i, text := range fields {
		if set := r.setItem[i]; set != nil {
			set(item, text)
		}
	}
}

func (r *Reader) result(line int, fields []string, parsed *values, v *bank.Result) {
	v.Index, v.Line, v.Level = int(r.rows-1), line, "item"
	v.ValueDate, v.BatchID = parsed.day, r.batch.BatchID
	if r.hasAmount {
		v.Amount = r.figure(bank.FigureOf(parsed.amount))
	}
	for i, text := range fields {
		if set := r.setResult[i]; set != nil {
			set(v, text)
		}
	}
	reason := ""
	if r.reasonAt >= 0 {
		reason = fields[r.reasonAt]
	}
	if reason != "" {
		v.Text = reason
	}
	answer := r.settled(r.answer(v.Code, reason), parsed)
	v.Outcome, v.Class = answer.Outcome, answer.Class
	r.count(answer.Outcome, parsed)
}

// figure gives a figure a place of its own; some of them share one allocation.
func (r *Reader) figure(f bank.Figure) *bank.Figure {
	const together = 64
	if len(r.figures) == 0 {
		r.figures = make([]bank.Figure, together)
	}
	place := &r.figures[0]
	r.figures = r.figures[1:]
	*place = f
	return place
}

// settled believes an answer only where the amount that moved agrees with it.
func (r *Reader) settled(a Answer, v *values) Answer {
	if !v.hasMoved {
		return a
	}
	if a.Outcome == bank.OutcomeSucceeded && v.moved != v.amount || a.Outcome != bank.OutcomeSucceeded && v.moved != 0 {
		return unknown()
	}
	return a
}

func (r *Reader) count(outcome bank.Outcome, v *values) {
	var t *tally
	switch outcome {
	case bank.OutcomeSucceeded:
		t = &r.succeeded
	case bank.OutcomeFailed:
		t = &r.failed
	case bank.OutcomePending, bank.OutcomeUnknown:
		return
	}
	t.rows++
	t.sum.Add(v.amount)
}

// maxAnswers bounds the memory for reasons that were looked up already.
const maxAnswers = 1024

func (r *Reader) answer(code, reason string) Answer {
	a := &r.l.Answers
	if a.Fixed != nil && len(a.Phrases) == 0 {
		return a.Of(code, reason)
	}
	if reason == "" && len(a.Phrases) == 0 {
		return a.Of(code, "")
	}
	key := code + "\x00" + reason
	if known, ok := r.answers[key]; ok {
		return known
	}
	found := a.Of(code, reason)
	if len(r.answers) < maxAnswers {
		r.answers[strings.Clone(key)] = found
	}
	return found
}

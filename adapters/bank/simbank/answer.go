package simbank

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"twoline/adapters/bank/jsonl"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// answer is one whole answer to a batch, as it will be sent on a day: in pages,
// or as one file, or as the two files of a cooperative.
type answer struct {
	// tag tells the answers to a batch apart, in keys and file names.
	tag   string
	due   calendar.Day
	lines []line
	// refusal is the level, file or batch, at which one line refuses all; empty are lines.
	refusal string
	// cut and wrongTotals damage its form.
	cut, wrongTotals bool
}

// line is what an answer says of an item; it need not be true.
type line struct {
	item       *item
	outcome    bank.Outcome
	class      bank.Class
	amount     money.Amount
	code, text string
}

func (x *batch) truth(i *item) line {
	if i.Why == "" {
		return line{item: i, outcome: bank.OutcomeSucceeded, class: bank.ClassSuccess, amount: i.Amount}
	}
	return x.failure(i, i.Why)
}

func (x *batch) failure(i *item, why Reason) line {
	words := why.words
	if x.Payout != nil {
		words = why.payoutWords
	}
	code, text := words()
	return line{item: i, outcome: bank.OutcomeFailed, class: why.class(), amount: i.Amount, code: code, text: text}
}

func pending(i *item) line {
	return line{item: i, outcome: bank.OutcomePending, class: bank.ClassUnknown, amount: i.Amount, text: "处理中"}
}

// answers writes all messages that answer a batch, with what the behaviour makes
// of them. mu is held.
func (b *Bank) answers(x *batch) ([]*message, error) {
	if b.behaviour.NeverAnswer {
		return nil, nil
	}
	var out []*message
	for _, a := range b.plan(x) {
		messages, err := b.write(x, a)
		if err != nil {
			return nil, err
		}
		out = append(out, messages...)
		switch b.behaviour.Repeat {
		case repeatSame:
			for _, m := range messages {
				out = append(out, m.again())
			}
		case repeatRenamed:
			twin := a
			twin.tag += "-copy"
			again, err := b.write(x, twin)
			if err != nil {
				return nil, err
			}
			out = append(out, again...)
		}
	}
	return out, nil
}

// plan decides what is answered when: the first answer, what was held back, what
// corrects a damaged one, what contradicts.
func (b *Bank) plan(x *batch) []answer {
	how := b.behaviour
	lines := make([]line, len(x.Items))
	order := make([]int, len(x.Items))
	for i := range x.Items {
		lines[i], order[i] = x.truth(&x.Items[i]), i
	}
	// One order decides who is picked for what.
	b.seed.shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] }, "pick", x.ID)
	if how.OutOfOrder {
		b.seed.shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] }, "order", x.ID)
	}
	due := b.dueIn(how.LateDays)
	if level := b.refuses(x); level != "" {
		return []answer{{tag: "1", due: due, refusal: level}}
	}
	first := answer{tag: "1", due: due, lines: lines, cut: how.CutFile, wrongTotals: how.WrongTotals}
	later := answer{tag: "2", due: due.AddDays(1)}
	if how.PartialPercent > 0 {
		n := max(1, len(lines)*how.PartialPercent/100)
		first.lines, later.lines = lines[:n:n], lines[n:]
	}
	right := first
	right.tag, right.due, right.cut, right.wrongTotals = "3", due.AddDays(how.CorrectAfterDays), false, false
	first.lines = b.damage(x, first.lines, order)
	first.lines, later.lines = holdBack(x, how, first.lines, later.lines, order)
	out := []answer{first}
	if len(later.lines) > 0 {
		out = append(out, later)
	}
	if how.damages() && how.CorrectAfterDays > 0 {
		out = append(out, right)
	}
	if how.Contradict > 0 {
		out = append(out, opposite(x, how.Contradict, due, order))
	}
	return out
}

// damage makes lines untrue where the behaviour asks for it; lines itself stays.
func (b *Bank) damage(x *batch, lines []line, order []int) []line {
	how := b.behaviour
	if how.OneFenOff+how.UnknownCode+how.DuplicateLines == 0 {
		return lines
	}
	out := append(make([]line, 0, len(lines)+how.DuplicateLines), lines...)
	at := make(map[*item]int, len(out))
	for i := range out {
		at[out[i].item] = i
	}
	fen, unknown, twice := how.OneFenOff, how.UnknownCode, how.DuplicateLines
	for _, n := range order {
		i, here := at[&x.Items[n]]
		if !here {
			continue
		}
		switch succeeded := out[i].outcome == bank.OutcomeSucceeded; {
		case fen > 0 && succeeded:
			fen--
			out[i].amount++
		case unknown > 0:
			unknown--
			out[i].outcome, out[i].class = bank.OutcomeFailed, bank.ClassUnknown
			out[i].code, out[i].text = unknownCode, unknownText
		case twice > 0:
			twice--
			out = append(out, out[i])
		}
	}
	return out
}

// holdBack turns lines into pending ones whose truth follows later.
func holdBack(x *batch, how Behaviour, first, later []line, order []int) (now, then []line) {
	if how.PendingFirst == 0 {
		return first, later
	}
	held := make(map[*item]bool, min(how.PendingFirst, len(x.Items)))
	here := make(map[*item]bool, len(first))
	for i := range first {
		here[first[i].item] = true
	}
	for _, n := range order {
		if i := &x.Items[n]; here[i] && len(held) < how.PendingFirst {
			held[i] = true
		}
	}
	now = append(make([]line, 0, len(first)), first...)
	then = append(make([]line, 0, len(later)+len(held)), later...)
	for i := range now {
		if held[now[i].item] {
			then = append(then, x.truth(now[i].item))
			now[i] = pending(now[i].item)
		}
	}
	return now, then
}

// opposite answers some items with the opposite of what is true.
func opposite(x *batch, count int, due calendar.Day, order []int) answer {
	a := answer{tag: "4", due: due}
	for _, n := range order[:min(count, len(order))] {
		l := x.truth(&x.Items[n])
		switch {
		case l.outcome == bank.OutcomeSucceeded && x.Payout != nil:
			l = x.failure(l.item, AccountShut)
		case l.outcome == bank.OutcomeSucceeded:
			l = x.failure(l.item, Short)
		default:
			l.outcome, l.class, l.code, l.text = bank.OutcomeSucceeded, bank.ClassSuccess, "", ""
		}
		a.lines = append(a.lines, l)
	}
	return a
}

// write turns an answer into messages of the bank's format.
func (b *Bank) write(x *batch, a answer) ([]*message, error) {
	switch b.config.Format {
	case JSON:
		return b.writePages(x, a)
	case Lines:
		return b.writeLines(x, a)
	case Cooperative:
		return b.writeCooperative(x, a)
	}
	return b.writeForm(x, a)
}

// totals are what travels beside lines.
func (a *answer) totals(lines []line) (int, money.Amount) {
	var sum money.Amount
	for i := range lines {
		sum += lines[i].amount
	}
	if a.wrongTotals {
		return len(lines) + 1, sum + 1
	}
	return len(lines), sum
}

func (a *answer) bytes(whole []byte) []byte {
	if a.cut {
		return whole[:len(whole)/2]
	}
	return whole
}

func answerKey(x *batch, a answer, part string) string {
	return x.prefix() + "-results-" + a.tag + "-" + part
}

func (b *Bank) writePages(x *batch, a answer) ([]*message, error) {
	var out []*message
	for start := 0; start < len(a.lines); start += b.config.PageSize {
		lines := a.lines[start:min(start+b.config.PageSize, len(a.lines))]
		page := wireResults{Results: make([]wireResult, len(lines))}
		page.Count, page.Amount = a.totals(lines)
		for i, l := range lines {
			w := wireResult{
				ItemID: l.item.ID, Outcome: l.outcome.String(), Amount: l.amount, Code: l.code, Text: l.text,
			}
			if l.outcome == bank.OutcomeSucceeded {
				w.BankReference, w.ValueDate = b.referenceOf(x, l.item), x.ValueDate
			}
			page.Results[i] = w
		}
		text, err := json.Marshal(page)
		if err != nil {
			return nil, fmt.Errorf("write results: %w", err)
		}
		out = append(out, &message{
			Purpose: ForResults, Key: answerKey(x, a, number(len(out)+1)), Method: http.MethodPost,
			Path: x.path(partResults), ContentType: typeJSON, Due: a.due, Body: a.bytes(text),
		})
	}
	if b.behaviour.OutOfOrder {
		b.seed.shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] }, "pages", x.ID, a.tag)
	}
	return out, nil
}

// lineSize is somewhat more than a line of writeLines takes: of a county's batch more
// than 240 bytes, and less than this.
const lineSize = 288

func (b *Bank) writeLines(x *batch, a answer) ([]*message, error) {
	// A county's file is not to be copied each time that it doubles.
	text := bytes.NewBuffer(make([]byte, 0, len(a.lines)*lineSize))
	w := jsonl.NewWriter(text)
	count, amount := a.totals(a.lines)
	head := bank.BatchHead{
		Direction: bank.Collection, BatchID: x.No, Count: count, Sum: bank.FigureOf(amount),
		ExecutionDate: cmp.Or(x.ValueDate, b.day), Account: x.Account,
	}
	id := b.config.Code + "-" + x.ID + "-" + a.tag
	if x.Payout != nil {
		head.Direction, id = bank.Payment, b.config.Code+"-P"+x.ID+"-"+a.tag
	}
	records := []bank.Record{
		bank.FileHead{Format: "jsonl", Kind: "result", MessageID: id, Created: b.clock()}, head,
	}
	for _, r := range records {
		if err := w.Write(r); err != nil {
			return nil, err
		}
	}
	for i, l := range a.lines {
		figure := bank.FigureOf(l.amount)
		r := bank.Result{
			Index: i, ItemID: l.item.ID, Level: "item", Outcome: l.outcome, Code: l.code, Text: l.text, Amount: &figure,
			BatchID: x.No, Account: l.item.Account,
		}
		if l.outcome == bank.OutcomeSucceeded {
			r.BankReference, r.ValueDate = b.referenceOf(x, l.item), x.ValueDate
		}
		if err := w.Write(r); err != nil {
			return nil, err
		}
	}
	if err := w.Write(bank.End{Results: len(a.lines)}); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	name := stem(x) + "_R" + a.tag + ".jsonl"
	return []*message{b.upload(x, a, upload{
		part: wholeFile, name: name, contentType: typeLines, count: count, amount: amount, text: text.Bytes(),
	})}, nil
}

// writeCooperative writes two files; the one that nothing is in is there, and
// empty. Pending has no word in them, so such rows are left out; nor has the
// reason of a failed payment.
func (b *Bank) writeCooperative(x *batch, a answer) ([]*message, error) {
	parts := []struct {
		name    string
		outcome bank.Outcome
	}{{"S", bank.OutcomeSucceeded}, {"F", bank.OutcomeFailed}}
	var out []*message
	for _, p := range parts {
		var lines []line
		w := &rows{codec: b.codec}
		for _, l := range a.lines {
			if l.outcome != p.outcome {
				continue
			}
			lines = append(lines, l)
			fields := []string{l.item.SocialNo, l.item.Name, l.item.IDNumber, l.amount.String(), x.No}
			if p.outcome == bank.OutcomeFailed && x.Payout == nil {
				fields = append(fields, l.text)
			}
			if err := w.add(fields...); err != nil {
				return nil, fmt.Errorf("write item %d: %w", l.item.Seq, err)
			}
		}
		count, amount := a.totals(lines)
		out = append(out, b.upload(x, a, upload{
			part: p.name, name: stem(x) + suffix(a) + "_" + p.name + ".TXT", contentType: typeText,
			count: count, amount: amount, text: w.text,
		}))
	}
	if b.behaviour.OutOfOrder {
		b.seed.shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] }, "pages", x.ID, a.tag)
	}
	return out, nil
}

// suffix keeps the bank's plain file name for the first answer.
func suffix(a answer) string {
	if a.tag == "1" {
		return ""
	}
	return "_" + a.tag
}

// stem is the batch's own file name without its ending.
func stem(x *batch) string {
	name := x.FileName
	if name == "" {
		name = x.No
	}
	if at := strings.LastIndexByte(name, '.'); at > 0 {
		name = name[:at]
	}
	return name
}

// upload is a result file.
type upload struct {
	part, name, contentType string
	count                   int
	amount                  money.Amount
	text                    []byte
}

// wholeFile is what an answer in one file has for a part in its key.
const wholeFile = "file"

func (b *Bank) upload(x *batch, a answer, u upload) *message {
	part := u.part
	switch part {
	case wholeFile:
		part = ""
	case "":
		u.part = wholeFile
	}
	return &message{
		Purpose: ForResultFile, Key: answerKey(x, a, u.part), Method: http.MethodPut, Path: x.path(partResultFile),
		Query: fileQuery(u.name, part, u.count, u.amount), ContentType: u.contentType, Upload: true, Due: a.due,
		Body: a.bytes(u.text),
	}
}

// clock is the instant that files of today bear; the bank has no other.
func (b *Bank) clock() string { return b.day.String() + "T20:00:00+08:00" }

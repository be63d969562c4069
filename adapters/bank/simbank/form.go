package simbank

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"twoline/adapters/bank/layout"
	"twoline/adapters/bank/profile"
	"twoline/gateway/bank"
)

// Formats lists every format that a bank can have: the three of its own, and those
// shipped profiles that describe both the file that it gets and rows that it
// answers in, for one direction at least.
func Formats() []Format {
	all := []Format{JSON, Lines, Cooperative}
	for _, p := range profile.Shipped() {
		if f := Format(p.Name()); isForm(p) && !slices.Contains(all, f) {
			all = append(all, f)
		}
	}
	return all
}

// isForm says that a bank can work by a profile.
func isForm(p *profile.Profile) bool {
	return p.Direction() != profile.Opening && p.RequestFormat() != "" && len(p.Parts()) > 0
}

// formsOf are the profiles of a format by their direction; the formats that the
// bank knows by itself have none.
func formsOf(f Format, charset layout.Charset) (map[profile.Direction]*profile.Profile, error) {
	if f == JSON || f == Lines || f == Cooperative {
		return nil, nil //nolint:nilnil // they need none
	}
	forms := make(map[profile.Direction]*profile.Profile)
	for _, p := range profile.Shipped() {
		if p.Name() != string(f) || !isForm(p) {
			continue
		}
		if charset != "" && !slices.Contains(p.Charsets(), charset) {
			return nil, fmt.Errorf("the files of format %s are in %q", f, p.Charsets())
		}
		forms[p.Direction()] = p
	}
	if len(forms) == 0 {
		return nil, fmt.Errorf("format is one of %q", Formats())
	}
	return forms, nil
}

// form is the profile of a batch's files, nil where the format is no profile's or
// is for the other direction only.
func (b *Bank) form(x *batch) *profile.Profile {
	if x.Payout != nil {
		return b.forms[profile.Payment]
	}
	return b.forms[profile.Collection]
}

// self is the bank as its profile sees it.
func (b *Bank) self(x *batch) profile.Bank {
	return profile.Bank{Code: x.Bank, Charset: string(b.config.FormCharset)}
}

// readForm reads a batch's file by the bank's profile into items.
func (b *Bank) readForm(ctx context.Context, r *bufio.Reader, x *batch) error {
	return b.form(x).ReadRequest(ctx, b.self(x), x.FileName, r, func(record bank.Record) error {
		switch v := record.(type) {
		case bank.Problem:
			if v.Severity == bank.SeverityError {
				return contradicts("%s", v.Text)
			}
		case bank.BatchItem:
			amount, ok := v.Amount.Amount()
			if !ok {
				return contradicts("item %d is not in yuan with two decimals", v.Index+1)
			}
			return x.add(item{
				ID: v.ItemID, Amount: amount, Account: v.Account, Name: v.Name, IDNumber: v.IDNumber,
				SocialNo: v.SocialNo, Mandate: v.Mandate, Region: v.Region,
			})
		}
		return nil
	})
}

// writeForm writes an answer by the bank's profile: a file for each of its parts
// that something is in, in the bank's own codes. What a profile has no word for,
// such as unfinished where it knows succeeded and failed only, is left out.
func (b *Bank) writeForm(x *batch, a answer) ([]*message, error) {
	p := b.form(x)
	facts := b.factsOf(p, x)
	var out []*message
	for _, part := range p.Parts() {
		results, lines := b.inForm(p, part, x, a)
		if len(results) == 0 {
			continue
		}
		var text bytes.Buffer
		err := p.WriteResults(&text, b.self(x), part, profile.Batch{
			Head:  bank.BatchHead{BatchID: x.No, Account: x.Account, ExecutionDate: x.ValueDate},
			Facts: facts,
		}, func(yield func(bank.Result) error) error {
			for _, r := range results {
				if err := yield(r); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("write part %q: %w", part, err)
		}
		count, amount := a.totals(lines)
		name, contentType := p.ResultName(part, facts), typeText
		extension := path.Ext(name)
		if extension == ".xlsx" {
			contentType = typeSheet
		}
		out = append(out, b.upload(x, a, upload{
			part: part, name: strings.TrimSuffix(name, extension) + suffix(a) + extension, contentType: contentType,
			count: count, amount: amount, text: text.Bytes(),
		}))
	}
	if b.behaviour.OutOfOrder {
		b.seed.shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] }, "pages", x.ID, a.tag)
	}
	return out, nil
}

// factsOf are what the names of a batch's answers say: what the name of its file
// says, and the gateway's list.
func (b *Bank) factsOf(p *profile.Profile, x *batch) profile.Facts {
	what, _ := p.Recognise(x.FileName)
	facts := what.Facts
	facts.Bank, facts.Area, facts.Batch = x.Bank, x.Area, x.No
	if facts.Day.IsZero() {
		facts.Day = b.day
	}
	return facts
}

// inForm are the lines of an answer that a part has words for, and the results that
// say them. A refusal of the whole file is one result and no line.
func (b *Bank) inForm(p *profile.Profile, part string, x *batch, a answer) ([]bank.Result, []line) {
	if a.refusal != "" {
		r, ok := p.InWords(part, refusal(a.refusal))
		if !ok {
			return nil, nil
		}
		return []bank.Result{r}, nil
	}
	var results []bank.Result
	var lines []line
	for _, l := range a.lines {
		figure := bank.FigureOf(l.amount)
		r := bank.Result{
			ItemID: l.item.ID, BatchID: x.No, SocialNo: l.item.SocialNo, Name: l.item.Name, IDNumber: l.item.IDNumber,
			Account: l.item.Account, Region: l.item.Region, Level: "item", Outcome: l.outcome, Class: l.class,
			Code: l.code, Text: l.text, Amount: &figure,
		}
		if l.code == unknownCode {
			r.Outcome = bank.OutcomeUnknown // that is how its table reads
		}
		if l.outcome == bank.OutcomeSucceeded {
			r.BankReference, r.ValueDate = b.referenceOf(x, l.item), x.ValueDate
		}
		if worded, ok := p.InWords(part, r); ok {
			results, lines = append(results, worded), append(lines, l)
		}
	}
	return results, lines
}

// refusal is the answer that refuses a file or batch as a whole.
func refusal(level string) bank.Result {
	return bank.Result{
		Level: level, Outcome: bank.OutcomeFailed, Class: bank.ClassUnknown, Code: refusalCode, Text: "文件校验未通过",
	}
}

// refusalCode is that of the ISO 20022 external set for a file that is not accepted.
const refusalCode = "FF01"

// refuses is the level, file or batch, at which the bank refuses a batch whole in
// its own form; empty where it has no line for that.
func (b *Bank) refuses(x *batch) string {
	p := b.form(x)
	if p == nil || !x.Refused {
		return ""
	}
	for _, part := range p.Parts() {
		for _, level := range []string{"file", "batch"} {
			if _, ok := p.InWords(part, refusal(level)); ok {
				return level
			}
		}
	}
	return ""
}

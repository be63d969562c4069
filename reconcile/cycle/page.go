package cycle

import (
	"fmt"
	"strings"

	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/report"
)

// pageNames bounds the names of one list on the page; the others are in the file.
const pageNames = 200

// Write puts the document on a sheet: figures, equations, lists by name, and what
// it rests on.
func (d Document) Write(sheet report.Sheet, lang report.Language) error {
	p := &page{sheet: sheet, w: wordsOf(lang), d: d, err: nil}
	p.begin(lang)
	p.figures()
	p.statement()
	p.lists()
	p.rests()
	if p.err != nil {
		return p.err
	}
	return sheet.End()
}

// page keeps the first error of a sheet.
type page struct {
	sheet report.Sheet
	w     words
	d     Document
	err   error
}

func (p *page) begin(lang report.Language) {
	d, w := p.d, p.w
	verdict := w.holds
	if !d.Holds {
		verdict = fmt.Sprintf(w.breaks, strings.Join(d.Breaks, "; "))
	}
	s := d.Statement
	p.err = p.sheet.Begin(report.Head{
		Name: w.title, Title: w.title, Columns: w.columns, Foot: nil, Signatures: w.signatures, Language: lang,
		Notes: []string{
			fmt.Sprintf(w.of, d.Run.Area, report.SchemeName(ledger.Scheme(d.Run.Scheme), lang), d.Run.Month, d.Run.ID),
			fmt.Sprintf(w.released, d.Run.ReleasedOn, d.Run.PayDay, d.Run.Digest),
			fmt.Sprintf(w.matched, w.standings[s.Standing], s.Through, s.MatchedThrough),
			verdict, w.unit,
		},
	})
}

func (p *page) row(name string, cells ...report.Cell) {
	if p.err != nil {
		return
	}
	row := append([]report.Cell{report.TextCell(name)}, cells...)
	for len(row) < len(p.w.columns) {
		row = append(row, report.Blank())
	}
	p.err = p.sheet.Row(row...)
}

func yuan(y Yuan) report.Cell { return report.MoneyCell(money.Amount(y)) }

func (p *page) figures() {
	f := p.d.Figures
	for _, one := range []struct {
		name  string
		tally Tally
		note  string
	}{
		{"entitled", f.Entitled, "approved + held"},
		{"held", f.Held, ""},
		{"approved", f.Approved, "sent + withdrawn"},
		{"withdrawn", f.Withdrawn, ""},
		{"sent", f.Sent, "succeeded + rejected + unknown"},
		{"succeeded", f.Succeeded, ""},
		{"rejected", f.Rejected, ""},
		{"unknown", f.Unknown, ""},
		{"returned", f.Returned, ""},
		{"reissued", f.Reissued, ""},
		{"paid", f.Paid, "succeeded - returned + reissued"},
		{"open", f.Open, "entitled - paid"},
		{"not_in_place", f.NotInPlace, ""},
		{"not_activated", f.NotActivated, ""},
	} {
		p.row(p.w.figures[one.name], report.CountCell(one.tally.Count), report.Blank(), yuan(one.tally.Amount),
			report.TextCell(p.sum(one.note)))
	}
	for _, one := range []struct {
		name   string
		amount Yuan
		note   string
	}{
		{"settled", f.Settled, "succeeded"},
		{"bank_debits", f.BankDebits, ""},
		{"credits_back", f.CreditsBack, ""},
		{"in_transit", f.InTransit, "bank_debits - credits_back - paid"},
	} {
		p.row(p.w.figures[one.name], report.Blank(), report.Blank(), yuan(one.amount), report.TextCell(p.sum(one.note)))
	}
}

// sum says in the page's words what a figure must be.
func (p *page) sum(note string) string {
	if note == "" {
		return ""
	}
	parts := strings.Fields(note)
	for i, word := range parts {
		if name, ok := p.w.figures[word]; ok {
			parts[i] = name
		}
	}
	return "= " + strings.Join(parts, " ")
}

func (p *page) statement() {
	s := p.d.Statement
	for _, one := range []struct {
		name string
		c    Cleared
	}{
		{"s_debits", s.Debits},
		{"s_credits", s.CreditsBack},
		{"u_debits", s.UnclearedDebits},
		{"u_credits", s.UnclearedCredits},
		{"b_debits", s.UnbookedDebits},
		{"b_credits", s.UnbookedCredits},
	} {
		p.row(p.w.figures[one.name], report.CountCell(one.c.Items), report.CountCell(one.c.Lines), yuan(one.c.Amount))
	}
}

func (p *page) lists() {
	for _, l := range p.d.Lists {
		if l.Count == 0 {
			continue
		}
		p.row(fmt.Sprintf(p.w.items, p.w.figures[l.Step]), report.CountCell(l.Count), report.Blank(), yuan(l.Amount),
			report.TextCell(fmt.Sprintf(p.w.digest, l.Digest)))
		for i, n := range l.Names {
			if i == pageNames {
				break
			}
			p.row("  "+n.who(p.w), report.Blank(), report.Blank(), yuan(n.Amount), report.TextCell(n.why(p.w)))
		}
		if more := l.Count - min(len(l.Names), pageNames); more > 0 {
			p.row("  " + fmt.Sprintf(p.w.more, more))
		}
	}
}

func (n Name) who(w words) string {
	parts := []string{}
	for _, part := range []string{n.Name, n.Item, n.Batch} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if n.Line > 0 {
		parts = append(parts, fmt.Sprintf(w.lines, n.Line))
	}
	return strings.Join(parts, " · ")
}

func (n Name) why(w words) string {
	parts := strings.Fields(strings.Join([]string{n.Day, n.Direction, n.Reason}, " "))
	for i, part := range parts {
		if name := w.reasons[part]; name != "" {
			parts[i] = name
		}
	}
	return strings.TrimSpace(strings.Join(append(parts, n.BankReference), " "))
}

func (p *page) rests() {
	r := p.d.RestsOn
	for _, b := range r.Batches {
		p.row(fmt.Sprintf(p.w.batch, b.Number, b.Bank), report.CountCell(b.Items.Count), report.Blank(),
			yuan(b.Items.Amount), report.TextCell(b.FileName+" "+b.FileDigest))
	}
	for _, s := range r.Statements {
		p.row(fmt.Sprintf(p.w.statement, s.Number, s.From, s.To), report.Blank(), report.Blank(), yuan(s.Closing),
			report.TextCell(s.FileName+" "+s.FileDigest))
	}
	for _, day := range r.Days {
		digest := day.Digest
		if digest == "" {
			digest = p.w.notSealed
		}
		p.row(fmt.Sprintf(p.w.day, day.Day), report.Blank(), report.Blank(), report.Blank(), report.TextCell(digest))
	}
}

package bureau

import (
	"fmt"

	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/report"
	"twoline/reconcile/match"
)

// Write puts the comparison on a sheet.
func (c Comparison) Write(sheet report.Sheet, lang report.Language) error {
	p := &paper{sheet: sheet, w: wordsOf(lang), lang: lang, err: nil}
	p.begin(c)
	p.sum(p.w.ours, c.Ours.Closing)
	p.sum(fmt.Sprintf(p.w.theirDebits, c.Theirs.DebitLines), c.Theirs.Debits)
	p.sum(fmt.Sprintf(p.w.theirCredits, c.Theirs.CreditLines), -c.Theirs.Credits)
	if c.Before != 0 {
		p.sum(p.w.before, c.Before)
	}
	p.sum(p.w.adjusted, c.Ours.Adjusted)
	p.sum(p.w.theirs, c.Theirs.Closing)
	p.sum(fmt.Sprintf(p.w.ownDebits, c.Ours.DebitLines), c.Ours.Debits)
	p.sum(fmt.Sprintf(p.w.ownCredits, c.Ours.CreditLines), -c.Ours.Credits)
	p.sum(p.w.adjusted, c.Theirs.Adjusted)
	for _, d := range c.Differences {
		p.difference(d)
	}
	if more := c.Count - len(c.Differences); more > 0 {
		p.row(report.TextCell(fmt.Sprintf(p.w.more, more)))
	}
	for _, a := range c.Agreed {
		p.row(report.TextCell(fmt.Sprintf(p.w.matched, p.rule(a.Rule))), report.Blank(), report.Blank(),
			report.TextCell(fmt.Sprintf("%d : %d", a.TheirLines, a.OwnLines)), report.CountCell(a.Matches),
			report.MoneyCell(a.Amount))
	}
	if p.err != nil {
		return p.err
	}
	return sheet.End()
}

// paper keeps the first error of a sheet.
type paper struct {
	sheet report.Sheet
	w     words
	lang  report.Language
	err   error
}

func (p *paper) begin(c Comparison) {
	w, h := p.w, c.Holder
	verdict := w.agrees
	switch {
	case c.Clean:
		verdict = w.clean
	case !c.Agrees:
		verdict = fmt.Sprintf(w.differs, c.Theirs.Adjusted-c.Ours.Adjusted)
	}
	notes := []string{
		fmt.Sprintf("%s · %s %s", h.Name, h.Bank, h.No), fmt.Sprintf(w.asOf, c.Month, c.Since), verdict, w.unit,
	}
	if !c.Stated {
		notes = append(notes, w.derived)
	}
	p.err = p.sheet.Begin(report.Head{
		Name: w.title, Title: w.title, Notes: notes, Columns: w.columns, Foot: nil, Signatures: w.signatures,
		Language: p.lang,
	})
}

func (p *paper) row(cells ...report.Cell) {
	if p.err != nil {
		return
	}
	for len(cells) < len(p.w.columns) {
		cells = append(cells, report.Blank())
	}
	p.err = p.sheet.Row(cells...)
}

func (p *paper) sum(name string, amount money.Amount) {
	none := report.Blank()
	p.row(report.TextCell(name), none, none, none, none, report.MoneyCell(amount))
}

func (p *paper) rule(r match.Rule) string {
	if name := p.w.rules[r]; name != "" {
		return name
	}
	return string(r)
}

// difference gives a difference a row, then each of its lines one.
func (p *paper) difference(d Difference) {
	reason := p.w.reasons[d.Reason]
	if reason == "" {
		reason = string(d.Reason)
	}
	amount := d.Amount
	if d.Side == ledger.Credit {
		amount = -amount
	}
	p.row(report.TextCell(reason), report.Blank(), report.Blank(), report.Blank(), report.CountCell(d.Days),
		report.MoneyCell(amount))
	for _, l := range d.Theirs {
		p.row(report.TextCell("  "+fmt.Sprintf(p.w.voucher, l.Voucher, l.Number)), report.DateCell(l.Date),
			report.TextCell(l.Reference), report.TextCell(l.Text), report.Blank(), report.MoneyCell(l.signed()))
	}
	for _, o := range d.Own {
		p.row(report.TextCell("  "+fmt.Sprintf(p.w.entry, o.Key.Entry)), report.DateCell(o.Booked),
			report.TextCell(o.BankReference), report.TextCell(report.KindName(o.Kind, p.lang)), report.Blank(),
			report.MoneyCell(o.signed()))
	}
	if d.More > 0 {
		p.row(report.TextCell("  " + fmt.Sprintf(p.w.moreLines, d.More)))
	}
}

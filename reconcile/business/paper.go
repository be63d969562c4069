package business

import (
	"fmt"
	"strings"

	"twoline/gateway/report"
)

// Write puts the comparison on a sheet.
func (c Comparison) Write(sheet report.Sheet, lang report.Language) error {
	w := wordsOf(lang)
	verdict := w.differs
	if c.Agrees {
		verdict = w.agrees
	}
	err := sheet.Begin(report.Head{
		Name: w.title, Title: w.title, Notes: []string{fmt.Sprintf(w.month, c.Area, c.Month), verdict, w.unit},
		Columns: w.columns, Foot: nil, Signatures: w.signatures, Language: lang,
	})
	if err != nil {
		return err
	}
	for _, b := range c.Batches {
		note := ""
		if !b.Agrees() {
			note = w.differs
		}
		err := sheet.Row(report.TextCell(w.flows[b.Flow]+" "+b.Number), report.TextCell(b.Bank),
			report.CountCell(b.Items.Count), report.CountCell(b.Succeeded.Count), report.MoneyCell(b.Succeeded.Amount),
			report.CountCell(b.Failed.Count), report.CountCell(b.Unknown.Count), report.CountCell(b.Booked.Count),
			report.MoneyCell(b.Booked.Amount), report.TextCell(note))
		if err != nil {
			return err
		}
	}
	for _, a := range c.Accounts {
		note := ""
		if a.Fund != a.Personal {
			note = w.differs
		}
		name := fmt.Sprintf(w.accounts, report.SchemeName(a.Scheme, lang), report.KindName(a.Kind, lang))
		err := sheet.Row(report.TextCell(name), report.Blank(),
			report.CountCell(a.Personal.Count), report.CountCell(a.Personal.Count), report.MoneyCell(a.Personal.Amount),
			report.Blank(), report.Blank(), report.CountCell(a.Fund.Count), report.MoneyCell(a.Fund.Amount),
			report.TextCell(note))
		if err != nil {
			return err
		}
	}
	for _, o := range c.Out {
		if err := o.write(sheet, w); err != nil {
			return err
		}
	}
	return sheet.End()
}

// write gives a situation a row, then each of its items one.
func (o Out) write(sheet report.Sheet, w words) error {
	row := func(name, bank string, amount report.Cell, note string) error {
		return sheet.Row(report.TextCell(name), report.TextCell(bank), report.Blank(), report.Blank(), amount,
			report.Blank(), report.Blank(), report.Blank(), report.Blank(), report.TextCell(note))
	}
	err := row(fmt.Sprintf(w.of, w.situations[o.Situation], o.Count), "", report.MoneyCell(o.Amount), "")
	if err != nil {
		return err
	}
	for _, i := range o.Items {
		days := make([]string, 0, 4)
		for _, d := range []string{i.ValueDate.String(), i.AnsweredOn.String(), i.Due.String()} {
			if d != "" {
				days = append(days, d)
			}
		}
		note := strings.Join(append(days, w.reasons[i.Reason]), " ")
		err := row(fmt.Sprintf("  %s · %d · %s", i.Name, i.ID, i.Batch), i.Bank, report.MoneyCell(i.Amount), note)
		if err != nil {
			return err
		}
	}
	if more := o.Count - len(o.Items); more > 0 {
		return row("  "+fmt.Sprintf(w.more, more), "", report.Blank(), "")
	}
	return nil
}

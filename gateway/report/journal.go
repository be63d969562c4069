package report

import (
	"fmt"

	"twoline/gateway/ledger"
	"twoline/gateway/money"
)

// WriteJournal writes an account's day journal. page returns the lines after an
// entry, 0 for the first ones; notes stand above it beside its own.
func WriteJournal(
	sheet Sheet, lang Language, page func(after int64) (ledger.Journal, error), notes ...string,
) error {
	w := wordsOf(lang)
	var in, out money.Total
	j, err := page(0)
	if err != nil {
		return err
	}
	a := j.Account
	err = sheet.Begin(Head{
		Name: w.journal, Title: w.journal,
		Notes: append([]string{
			fmt.Sprintf("%s · %s · %s %s", a.Area, w.scheme(a.Scheme), a.Bank, a.No), a.Name,
			fmt.Sprintf("%s – %s", j.From, j.To), w.unit,
		}, notes...),
		Columns: w.journalColumns, Foot: nil, Signatures: nil, Language: lang,
	})
	if err != nil {
		return err
	}
	closing := j.Closing
	err = sheet.Row(DateCell(j.From), Blank(), TextCell(w.broughtForward), Blank(), Blank(), Blank(),
		MoneyCell(j.Opening))
	if err == nil && len(j.Lines) == 0 {
		err = sheet.Row(Blank(), Blank(), TextCell(w.nothing), Blank(), Blank(), Blank(), Blank())
	}
	for err == nil {
		for _, l := range j.Lines {
			in.Add(l.Debit)
			out.Add(l.Credit)
			if err = sheet.Row(w.journalRow(l)...); err != nil {
				return err
			}
		}
		if !j.More {
			break
		}
		j, err = page(j.Lines[len(j.Lines)-1].EntryID)
	}
	if err != nil {
		return err
	}
	debit, err := in.Amount()
	if err != nil {
		return fmt.Errorf("journal of fund account %d: %w", a.ID, err)
	}
	credit, err := out.Amount()
	if err != nil {
		return fmt.Errorf("journal of fund account %d: %w", a.ID, err)
	}
	err = sheet.Row(DateCell(j.To), Blank(), TextCell(w.carriedForward), Blank(), MoneyCell(debit), MoneyCell(credit),
		MoneyCell(closing))
	if err != nil {
		return err
	}
	return sheet.End()
}

func (w words) journalRow(l ledger.JournalLine) []Cell {
	debit, credit := Blank(), Blank()
	if l.Debit != 0 {
		debit = MoneyCell(l.Debit)
	}
	if l.Credit != 0 {
		credit = MoneyCell(l.Credit)
	}
	return []Cell{
		DateCell(l.AccountedOn), TextCell(fmt.Sprint(l.EntryID)),
		TextCell(w.summary(l.Kind, false, Document(l.Cause, l.Text))), DateCell(l.EffectiveOn), debit, credit,
		MoneyCell(l.Balance),
	}
}

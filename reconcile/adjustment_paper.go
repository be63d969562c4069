package reconcile

import (
	"fmt"

	"twoline/gateway/money"
	"twoline/gateway/report"
)

// notes stand above the table: whose it is, as of when, and what is to be known.
func (t AdjustmentTable) notes(w adjustmentText) []string {
	h := t.Holder
	notes := []string{
		fmt.Sprintf("%s · %s %s", h.Name, h.Bank, h.No), fmt.Sprintf(w.asOf, t.Month, t.Day, t.MatchedThrough), w.unit,
	}
	if t.MatchedThrough.Before(t.Day) {
		notes = append(notes, w.unmatched)
	}
	if t.Closed != nil {
		notes = append(notes, t.Closed.note(w))
	}
	if t.lines() == 0 {
		notes = append(notes, w.nothing)
	}
	return notes
}

// lines counts what is outstanding.
func (t AdjustmentTable) lines() int {
	n := 0
	for _, g := range t.Groups() {
		n += g.Count
	}
	return n
}

func (t AdjustmentTable) verdict(w adjustmentText) string {
	if t.Agrees {
		return w.agrees
	}
	return w.differs
}

// Write puts the table on a sheet: on pages of paper in its customary form, the
// book's half beside the bank's; else one half below the other.
func (t AdjustmentTable) Write(sheet report.Sheet, lang report.Language) error {
	w := adjustmentWords(lang)
	head := report.Head{
		Name: w.title, Title: w.title, Notes: t.notes(w), Columns: w.columns, Foot: nil, Signatures: w.signatures,
		Language: lang,
	}
	if report.OnPages(sheet) {
		return t.writeForm(sheet, w, head)
	}
	if err := sheet.Begin(head); err != nil {
		return err
	}
	for _, half := range t.halves(w) {
		rows := append(half.rows(w, sumRow), sumRow(w.adjusted, half.adjusted))
		for _, row := range rows {
			if err := sheet.Row(row...); err != nil {
				return err
			}
		}
	}
	if err := sheet.Row(sumRow(t.verdict(w), t.BankAdjusted-t.BookAdjusted)...); err != nil {
		return err
	}
	return sheet.End()
}

// half is one side's way from its balance to the adjusted one.
type half struct {
	balance, plus, minus string
	closing, adjusted    money.Amount
	received, paid       Group
	// tolerated is added where it is not zero.
	tolerated money.Amount
	// cells are a line's.
	cells func(o Outstanding) []report.Cell
}

func (t AdjustmentTable) halves(w adjustmentText) [2]half {
	return [2]half{
		{
			w.book, w.bankReceived, w.bankPaid, t.BookClosing, t.BookAdjusted, t.BankReceived, t.BankPaid, t.Tolerated,
			wideRow,
		},
		{
			w.bank, w.bookReceived, w.bookPaid, t.BankClosing, t.BankAdjusted, t.BookReceived, t.BookPaid, 0, wideRow,
		},
	}
}

// rows are a half's but for its adjusted balance; sum makes one of a name and an
// amount.
func (h half) rows(w adjustmentText, sum func(string, money.Amount) []report.Cell) [][]report.Cell {
	rows := [][]report.Cell{sum(h.balance, h.closing)}
	for _, part := range []struct {
		name string
		g    Group
	}{{h.plus, h.received}, {h.minus, h.paid}} {
		rows = append(rows, sum(fmt.Sprintf(part.name, part.g.Count), part.g.Amount))
		for _, o := range part.g.Items {
			rows = append(rows, h.cells(o))
		}
		if count, left := part.g.Unnamed(); count > 0 {
			rows = append(rows, sum(fmt.Sprintf(w.others, count), left))
		}
	}
	if h.tolerated != 0 {
		rows = append(rows, sum(w.tolerated, h.tolerated))
	}
	return rows
}

func sumRow(name string, amount money.Amount) []report.Cell {
	return []report.Cell{
		report.TextCell(name), report.Blank(), report.Blank(), report.Blank(), report.Blank(), report.MoneyCell(amount),
	}
}

func wideRow(o Outstanding) []report.Cell {
	return []report.Cell{
		report.Blank(), report.DateCell(o.Booked), report.TextCell(o.Reference), report.TextCell(o.BankReference),
		report.CountCell(o.Age), report.MoneyCell(o.Amount),
	}
}

// formCells are a line's on one half of the form: date and references, age, amount.
func formCells(o Outstanding) []report.Cell {
	text := o.Reference
	if o.BankReference != "" && o.BankReference != o.Reference {
		if text != "" {
			text += "\n"
		}
		text += o.BankReference
	}
	return []report.Cell{
		report.TextCell(text), report.DateCell(o.Booked), report.CountCell(o.Age), report.MoneyCell(o.Amount),
	}
}

func formSum(name string, amount money.Amount) []report.Cell {
	return []report.Cell{report.TextCell(name), report.Blank(), report.Blank(), report.MoneyCell(amount)}
}

// writeForm writes the halves beside each other, their adjusted balances in the
// last row.
func (t AdjustmentTable) writeForm(sheet report.Sheet, w adjustmentText, head report.Head) error {
	head.Columns = append(append([]report.Column{}, w.form...), w.form...)
	head.Foot = []string{t.verdict(w)}
	if !t.Agrees {
		head.Foot[0] += " " + (t.BankAdjusted - t.BookAdjusted).String()
	}
	if err := sheet.Begin(head); err != nil {
		return err
	}
	var sides [2][][]report.Cell
	for i, h := range t.halves(w) {
		h.cells = formCells
		sides[i] = h.rows(w, formSum)
	}
	blank := []report.Cell{report.Blank(), report.Blank(), report.Blank(), report.Blank()}
	for n := range max(len(sides[0]), len(sides[1])) {
		var row []report.Cell
		for _, side := range sides {
			if n < len(side) {
				row = append(row, side[n]...)
				continue
			}
			row = append(row, blank...)
		}
		if err := sheet.Row(row...); err != nil {
			return err
		}
	}
	last := append(formSum(w.adjusted, t.BookAdjusted), formSum(w.adjusted, t.BankAdjusted)...)
	if err := sheet.Row(last...); err != nil {
		return err
	}
	return sheet.End()
}

// WriteOutstanding puts the lines that only one side has on a sheet, with the age
// and the owner of each, then the sum of each group.
func (t AdjustmentTable) WriteOutstanding(sheet report.Sheet, lang report.Language) error {
	w := adjustmentWords(lang)
	err := sheet.Begin(report.Head{
		Name: w.outstanding, Title: w.outstanding, Notes: t.notes(w), Columns: w.outstandingColumns, Foot: nil,
		Signatures: nil, Language: lang,
	})
	if err != nil {
		return err
	}
	names := map[string]string{
		"bank_received": w.onlyBankReceived, "bank_paid": w.onlyBankPaid, "book_received": w.onlyBookReceived,
		"book_paid": w.onlyBookPaid,
	}
	for _, g := range t.Groups() {
		for _, o := range g.Items {
			err := sheet.Row(report.TextCell(names[g.Name]), report.DateCell(o.Booked), report.DateCell(o.Value),
				report.TextCell(o.Reference), report.TextCell(o.BankReference), report.CountCell(o.Age),
				report.TextCell(o.Owner), report.MoneyCell(o.Amount))
			if err != nil {
				return err
			}
		}
		if count, left := g.Unnamed(); count > 0 {
			err := sheet.Row(report.TextCell(names[g.Name]), report.Blank(), report.Blank(),
				report.TextCell(fmt.Sprintf(w.others, count)), report.Blank(), report.Blank(), report.Blank(),
				report.MoneyCell(left))
			if err != nil {
				return err
			}
		}
	}
	for _, g := range t.Groups() {
		err := sheet.Row(report.TextCell(fmt.Sprintf(w.total, names[g.Name], g.Count)), report.Blank(), report.Blank(),
			report.Blank(), report.Blank(), report.Blank(), report.Blank(), report.MoneyCell(g.Amount))
		if err != nil {
			return err
		}
	}
	return sheet.End()
}

package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/report"
	"twoline/reconcile/match"
)

// MaxOutstanding bounds the lines of one group that an adjustment table names; the
// others are counted and summed.
const MaxOutstanding = 10_000

// Outstanding is one line that only one side has at the end of a month.
type Outstanding struct {
	// Statement is the bank's line, or 0; Book the book's.
	Statement int64
	Book      match.Key
	// Booked is the day on which it moved its side's balance, Age how many days that
	// was before the month's end.
	Booked calendar.Day
	Value  calendar.Day
	Age    int
	// Reference is our id of the item or move, as the bank echoes it or the book has
	// it; BankReference the bank's own. Either may be empty.
	Reference, BankReference string
	Amount                   money.Amount
}

// Group is the lines of one side and direction: the oldest by name, all of them
// counted and summed.
type Group struct {
	Items  []Outstanding
	Count  int
	Amount money.Amount
}

// AdjustmentTable is the month's bank reconciliation statement of one account
// (银行存款余额调节表): what each side has that the other lacks, and both balances
// with it.
type AdjustmentTable struct {
	Holder ledger.FundAccount
	Month  calendar.Month
	// Day is the month's last, MatchedThrough that of the last run.
	Day, MatchedThrough        calendar.Day
	BankClosing, BookClosing   money.Amount
	BankAdjusted, BookAdjusted money.Amount
	// The four groups, as the bank and the book received or paid.
	BankReceived, BankPaid, BookReceived, BookPaid Group
	// Agrees says that the adjusted balances are equal.
	Agrees bool
}

// Adjustment makes the reconciliation statement of an account's month. The bank's
// statements must cover the month's last day.
func (s *Service) Adjustment(
	ctx context.Context, by approval.Officer, account int64, month calendar.Month,
) (AdjustmentTable, error) {
	a := Account{Area: by.Area, ID: account}
	out := AdjustmentTable{Month: month, Day: month.Last()} //nolint:exhaustruct // filled below
	if err := mayRead(by, a.Area); err != nil {
		return out, err
	}
	err := s.store.Read(ctx, func(tx Tx) error { return s.adjust(ctx, tx, a, &out) })
	if err != nil {
		return out, fmt.Errorf("adjustment table of fund account %d for %s: %w", account, month, err)
	}
	return out, nil
}

func (s *Service) adjust(ctx context.Context, tx Tx, a Account, out *AdjustmentTable) error {
	r := Report{Account: a, Day: out.Day} //nolint:exhaustruct // filled below
	if err := s.report(ctx, tx, &r); err != nil {
		return err
	}
	var err error
	if out.Holder, err = tx.LoadFundAccount(ctx, a.Area, a.ID); err != nil {
		return err
	}
	last, err := tx.LastReconciliation(ctx, a)
	if err != nil {
		return err
	}
	onBank := func(l match.StatementLine) error {
		g := side(l.Direction, &out.BankReceived, &out.BankPaid)
		g.add(out.Day, Outstanding{ //nolint:exhaustruct // the bank's line
			Statement: l.ID, Booked: l.Booked, Value: l.Value, Reference: l.EndToEndID, BankReference: l.BankReference,
			Amount: l.Amount,
		})
		return nil
	}
	onBook := func(b match.BookLine) error {
		g := side(b.Direction, &out.BookReceived, &out.BookPaid)
		g.add(out.Day, Outstanding{ //nolint:exhaustruct // the book's line
			Book: b.Key, Booked: b.Booked, Value: b.Value, Reference: b.Reference, BankReference: b.BankReference,
			Amount: b.Amount,
		})
		return nil
	}
	scope := Scope{Account: a, Day: out.Day, Since: last, Fresh: false}
	if err := tx.EachOpenStatementLine(ctx, scope, onBank); err != nil {
		return err
	}
	if err := tx.EachOpenBookLine(ctx, scope, onBook); err != nil {
		return err
	}
	if err := tx.EachSettledLater(ctx, a, out.Day, onBank, onBook); err != nil {
		return err
	}
	return out.close(r)
}

func side(d bank.Direction, received, paid *Group) *Group {
	if d == bank.Debit {
		return paid
	}
	return received
}

// close takes the balances over and proves that the lines are those of the report.
func (t *AdjustmentTable) close(r Report) error {
	for _, g := range []*Group{&t.BankReceived, &t.BankPaid, &t.BookReceived, &t.BookPaid} {
		g.keep()
	}
	t.MatchedThrough = r.MatchedThrough
	t.BankClosing, t.BookClosing = r.Bank.Closing, r.Book.Closing
	t.BookAdjusted = t.BookClosing + t.BankReceived.Amount - t.BankPaid.Amount
	t.BankAdjusted = t.BankClosing + t.BookReceived.Amount - t.BookPaid.Amount
	t.Agrees = t.BankAdjusted == t.BookAdjusted
	if t.BankAdjusted != r.Bank.Adjusted || t.BookAdjusted != r.Book.Adjusted {
		return fmt.Errorf("the lines give %s and %s, the sums %s and %s", t.BankAdjusted, t.BookAdjusted,
			r.Bank.Adjusted, r.Book.Adjusted)
	}
	return nil
}

// add counts a line and keeps it while it is among the oldest.
func (g *Group) add(end calendar.Day, o Outstanding) {
	o.Age = o.Booked.DaysUntil(end)
	g.Count++
	g.Amount = money.Sum(g.Amount, o.Amount)
	g.Items = append(g.Items, o)
	if len(g.Items) >= 2*MaxOutstanding {
		g.keep()
	}
}

// keep sorts the lines, the oldest first, and forgets those beyond the bound.
func (g *Group) keep() {
	slices.SortFunc(g.Items, func(a, b Outstanding) int {
		return cmp.Or(a.Booked.Compare(b.Booked), cmp.Compare(a.Statement, b.Statement), a.Book.Compare(b.Book))
	})
	if len(g.Items) > MaxOutstanding {
		g.Items = slices.Clip(g.Items[:MaxOutstanding])
	}
}

// Unnamed counts and sums the lines of the group that are not named.
func (g Group) Unnamed() (int, money.Amount) {
	left := g.Amount
	for _, o := range g.Items {
		left -= o.Amount
	}
	return g.Count - len(g.Items), left
}

// Write puts the table on a sheet.
func (t AdjustmentTable) Write(sheet report.Sheet, lang report.Language) error {
	w := adjustmentWords(lang)
	h := t.Holder
	notes := []string{
		fmt.Sprintf("%s · %s %s", h.Name, h.Bank, h.No), fmt.Sprintf(w.asOf, t.Month, t.Day, t.MatchedThrough), w.unit,
	}
	if t.MatchedThrough.Before(t.Day) {
		notes = append(notes, w.unmatched)
	}
	err := sheet.Begin(report.Head{Name: w.title, Title: w.title, Notes: notes, Columns: w.columns})
	if err != nil {
		return err
	}
	for _, half := range []struct {
		balance, plus, minus string
		closing, adjusted    money.Amount
		received, paid       Group
	}{
		{w.book, w.bankReceived, w.bankPaid, t.BookClosing, t.BookAdjusted, t.BankReceived, t.BankPaid},
		{w.bank, w.bookReceived, w.bookPaid, t.BankClosing, t.BankAdjusted, t.BookReceived, t.BookPaid},
	} {
		if err := sum(sheet, half.balance, half.closing); err != nil {
			return err
		}
		if err := half.received.write(sheet, w, half.plus); err != nil {
			return err
		}
		if err := half.paid.write(sheet, w, half.minus); err != nil {
			return err
		}
		if err := sum(sheet, w.adjusted, half.adjusted); err != nil {
			return err
		}
	}
	verdict := w.differs
	if t.Agrees {
		verdict = w.agrees
	}
	if err := sum(sheet, verdict, t.BankAdjusted-t.BookAdjusted); err != nil {
		return err
	}
	return sheet.End()
}

func sum(sheet report.Sheet, name string, amount money.Amount) error {
	return sheet.Row(report.TextCell(name), report.Blank(), report.Blank(), report.Blank(), report.Blank(),
		report.MoneyCell(amount))
}

// write gives the group a row with its sum, then each line one.
func (g Group) write(sheet report.Sheet, w adjustmentText, name string) error {
	if err := sum(sheet, fmt.Sprintf(name, g.Count), g.Amount); err != nil {
		return err
	}
	for _, o := range g.Items {
		err := sheet.Row(report.Blank(), report.DateCell(o.Booked), report.TextCell(o.Reference),
			report.TextCell(o.BankReference), report.CountCell(o.Age), report.MoneyCell(o.Amount))
		if err != nil {
			return err
		}
	}
	count, left := g.Unnamed()
	if count == 0 {
		return nil
	}
	return sheet.Row(report.TextCell(fmt.Sprintf(w.others, count)), report.Blank(), report.Blank(), report.Blank(),
		report.Blank(), report.MoneyCell(left))
}

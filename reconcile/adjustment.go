package reconcile

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
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
	// Owner is who works on the break in which the line stands, where somebody does.
	Owner string
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
	// Number is the SHA-256 of the account's number; it is kept with a close.
	Number [sha256.Size]byte
	Month  calendar.Month
	// Day is the month's last, MatchedThrough that of the last run.
	Day, MatchedThrough        calendar.Day
	BankClosing, BookClosing   money.Amount
	BankAdjusted, BookAdjusted money.Amount
	// The four groups, as the bank and the book received or paid.
	BankReceived, BankPaid, BookReceived, BookPaid Group
	// Tolerated is what the bank's lines of all matches so far hold beyond the book's,
	// within the account's tolerance. The book's adjusted balance is with it.
	Tolerated money.Amount
	// ToleratedGross sums those differences, each without its sign, that no earlier month's
	// close signed. It is known of a month that is closed, or about to be.
	ToleratedGross money.Amount
	// Agrees says that the adjusted balances are equal.
	Agrees bool
	// Closed is the month's close, nil where it is open.
	Closed *ClosedMonth
}

// NamedGroup is one group under its stable name.
type NamedGroup struct {
	Group

	Name string
}

// Groups are the four groups in their order.
func (t AdjustmentTable) Groups() []NamedGroup {
	return []NamedGroup{
		{t.BankReceived, "bank_received"},
		{t.BankPaid, "bank_paid"},
		{t.BookReceived, "book_received"},
		{t.BookPaid, "book_paid"},
	}
}

// Adjustment makes the reconciliation statement of an account's month. The bank's
// statements must cover the month's last day. That of a closed month is the one that
// was kept with it, whatever was matched since.
func (s *Service) Adjustment(
	ctx context.Context, by approval.Officer, account int64, month calendar.Month,
) (AdjustmentTable, error) {
	a := Account{Area: by.Area, ID: account}
	out := AdjustmentTable{Month: month, Day: month.Last()} //nolint:exhaustruct // filled below
	if err := mayRead(by, a.Area); err != nil {
		return out, err
	}
	err := s.store.Read(ctx, func(tx Tx) error {
		kept, ok, err := tx.ClosedTable(ctx, a, month)
		if err != nil {
			return err
		}
		if ok {
			out = kept
			out.Holder, err = tx.LoadFundAccount(ctx, a.Area, a.ID)
			out.Holder.Name = kept.Holder.Name
			return err
		}
		if err := s.adjust(ctx, tx, a, &out); err != nil {
			return err
		}
		return tx.NameOwners(ctx, a, &out)
	})
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
	out.Number = NumberDigest(out.Holder)
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
	scope := Scope{Account: a, Day: out.Day, Since: last, Fresh: false, Sparse: false, Asked: nil}
	if err := tx.EachOpenStatementLine(ctx, scope, onBank); err != nil {
		return err
	}
	if err := tx.EachOpenBookLine(ctx, scope, onBook); err != nil {
		return err
	}
	if err := tx.EachSettledLater(ctx, a, out.Day, onBank, onBook); err != nil {
		return err
	}
	if out.Tolerated, err = tx.ToleratedDifferences(ctx, a, out.Day); err != nil {
		return err
	}
	return out.close(r)
}

func side[T any](d bank.Direction, received, paid *T) *T {
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
	t.BookAdjusted = t.BookClosing + t.BankReceived.Amount - t.BankPaid.Amount + t.Tolerated
	t.BankAdjusted = t.BankClosing + t.BookReceived.Amount - t.BookPaid.Amount
	t.Agrees = t.BankAdjusted == t.BookAdjusted
	for _, sums := range [][2]money.Amount{
		{t.BankReceived.Amount, r.Bank.Credits},
		{t.BankPaid.Amount, r.Bank.Debits},
		{t.BookReceived.Amount, r.Book.Credits},
		{t.BookPaid.Amount, r.Book.Debits},
	} {
		if sums[0] != sums[1] {
			return fmt.Errorf("the lines give %s, the sums %s", sums[0], sums[1])
		}
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

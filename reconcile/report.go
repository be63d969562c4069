package reconcile

import (
	"context"
	"fmt"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/reconcile/match"
)

// Report tells how an account stands at the end of a day that a statement covers.
func (s *Service) Report(ctx context.Context, by approval.Officer, account int64, day calendar.Day) (Report, error) {
	a := Account{Area: by.Area, ID: account}
	r := Report{Account: a, Day: day} //nolint:exhaustruct // filled below
	if err := mayRead(by, a.Area); err != nil {
		return r, err
	}
	err := s.store.Read(ctx, func(tx Tx) error { return s.report(ctx, tx, &r) })
	if err != nil {
		return r, fmt.Errorf("report on fund account %d: %w", account, err)
	}
	return r, nil
}

func (s *Service) report(ctx context.Context, tx Tx, r *Report) error {
	if err := balances(ctx, tx, r); err != nil {
		return err
	}
	if err := outstanding(ctx, tx, r); err != nil {
		return err
	}
	var err error
	if r.Matched, err = tx.MatchedCounts(ctx, r.Account, r.Day); err != nil {
		return err
	}
	r.Breaks, r.BreakCount, err = tx.ListBreaks(ctx, BreakFilter{ //nolint:exhaustruct // the open ones of every reason
		Area: r.Area, FundAccount: r.ID, Through: r.Day, Limit: MaxReportBreaks,
	})
	if err != nil {
		return err
	}
	r.Bank.Adjusted = r.Bank.Closing + r.Book.Credits - r.Book.Debits
	if r.Tolerated, err = tx.ToleratedDifferences(ctx, r.Account, r.Day); err != nil {
		return err
	}
	r.Book.Adjusted = r.Book.Closing + r.Bank.Credits - r.Bank.Debits + r.Tolerated
	r.Agrees = r.Bank.Adjusted == r.Book.Adjusted
	r.Clean = r.Agrees && r.Bank.Lines == 0 && r.Book.Lines == 0 && r.Tolerated == 0
	return nil
}

func balances(ctx context.Context, tx Tx, r *Report) error {
	if _, err := tx.StatementAccount(ctx, r.Account); err != nil {
		return err
	}
	before := r.Day.AddDays(-1)
	var err error
	if r.Bank.Closing, err = tx.StatementBalance(ctx, r.Account, r.Day); err != nil {
		return err
	}
	known, err := tx.KnownStatements(ctx, r.Account)
	if err != nil {
		return err
	}
	// The go-live balance is the balance before the books begin, and no statement's.
	if r.Day.Before(known.BooksFrom) {
		return ErrNotCovered
	}
	if r.Bank.Opening, err = tx.StatementBalance(ctx, r.Account, before); err != nil {
		return err
	}
	if r.Book.Opening, err = tx.Balance(ctx, r.Area, r.ID, before); err != nil {
		return err
	}
	r.Book.Closing, err = tx.Balance(ctx, r.Area, r.ID, r.Day)
	return err
}

// outstanding sums what stands on one side only at the end of the day: lines
// that are open, and lines whose match was complete only later.
func outstanding(ctx context.Context, tx Tx, r *Report) error {
	last, err := tx.LastReconciliation(ctx, r.Account)
	if err != nil {
		return err
	}
	r.MatchedThrough = last.Day
	scope := Scope{Account: r.Account, Day: r.Day, Since: last, Fresh: false, Sparse: true, Asked: nil}
	err = tx.EachOpenStatementLine(ctx, scope, func(l match.StatementLine) error {
		r.Bank.add(l.Movement)
		return nil
	})
	if err != nil {
		return err
	}
	err = tx.EachOpenBookLine(ctx, scope, func(b match.BookLine) error {
		r.Book.add(b.Movement)
		return nil
	})
	if err != nil {
		return err
	}
	inBank, inBook, err := tx.SettledLater(ctx, r.Account, r.Day)
	if err != nil {
		return err
	}
	r.Bank.join(inBank)
	r.Book.join(inBook)
	return nil
}

func (s *Side) add(m match.Movement) {
	s.Lines++
	if m.Direction == bank.Debit {
		s.Debits = money.Sum(s.Debits, m.Amount)
		return
	}
	s.Credits = money.Sum(s.Credits, m.Amount)
}

func (s *Side) join(o Side) {
	s.Lines += o.Lines
	s.Credits = money.Sum(s.Credits, o.Credits)
	s.Debits = money.Sum(s.Debits, o.Debits)
}

// Breaks lists breaks of the officer's area by rising id.
func (s *Service) Breaks(ctx context.Context, by approval.Officer, f BreakFilter) ([]Break, error) {
	f.Area = by.Area
	var out []Break
	if err := mayRead(by, f.Area); err != nil {
		return nil, err
	}
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		out, _, err = tx.ListBreaks(ctx, f)
		return err
	})
	return out, err
}

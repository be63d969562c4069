package ledger

import (
	"context"
	"fmt"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// Books are the questions that the book answers.
type Books interface {
	// LoadFundAccount returns ErrNoFundAccount for another area's id.
	LoadFundAccount(ctx context.Context, area party.Area, id int64) (FundAccount, error)
	// ListFundAccounts returns the area's accounts by id with their balance after a day.
	ListFundAccounts(ctx context.Context, area party.Area, day calendar.Day) ([]AccountBalance, error)
	// Balance returns what stands on a fund account after a day.
	Balance(ctx context.Context, area party.Area, account int64, day calendar.Day) (money.Amount, error)
	// JournalLines returns a page of lines and whether more follow it.
	JournalLines(ctx context.Context, ask JournalAsk) ([]JournalLine, bool, error)
	// TrialRows returns the balance of every account of a book after a day.
	TrialRows(ctx context.Context, area party.Area, scheme Scheme, day calendar.Day) ([]TrialRow, error)
	// BookSpan returns the book's first day and the last one sealed, or ErrNoBook.
	BookSpan(ctx context.Context, area party.Area, scheme Scheme) (opened, sealed calendar.Day, err error)
}

// Tx is what the seal of the book and its questions need of a transaction.
type Tx interface {
	Books
	// SealDay seals the day after the last sealed one; false if it had been sealed.
	SealDay(ctx context.Context, area party.Area, scheme Scheme, day calendar.Day) (bool, error)
	// AlarmUnswept opens a case for each income account of the book that the day, a
	// month's last, was sealed with money on, where the area's rule wants none there.
	AlarmUnswept(ctx context.Context, area party.Area, scheme Scheme, day calendar.Day) error
}

// Store runs functions in one transaction or one read-only snapshot.
type Store interface {
	InTx(ctx context.Context, fn func(Tx) error) error
	Read(ctx context.Context, fn func(Tx) error) error
}

// Service seals the book and answers questions about it. It is safe
// for concurrent use.
type Service struct {
	store Store
	today func() calendar.Day
}

// NewService makes a Service; today is the current business day.
func NewService(store Store, today func() calendar.Day) *Service {
	return &Service{store: store, today: today}
}

// SealThrough seals every day after the last sealed one up to day, in order, each
// in a transaction of its own, and returns how many it sealed. It is safe to run
// again and to run twice at once. A booking that is being committed lands before
// its day is sealed or is refused with ErrSealed. A month that ends with money on
// an income account, against the area's rule, opens a case.
func (s *Service) SealThrough(ctx context.Context, area party.Area, scheme Scheme, day calendar.Day) (int, error) {
	if !day.Before(s.today()) {
		return 0, ErrDayOpen.With("the business day %s is not over", day)
	}
	var next calendar.Day
	err := s.store.Read(ctx, func(tx Tx) error {
		_, sealed, err := tx.BookSpan(ctx, area, scheme)
		next = sealed.AddDays(1)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("seal the %s book of area %d: %w", scheme, area, err)
	}
	count := 0
	for ; !next.After(day); next = next.AddDays(1) {
		var now bool
		err := s.store.InTx(ctx, func(tx Tx) error {
			var err error
			now, err = tx.SealDay(ctx, area, scheme, next)
			if err != nil || !now || next != next.Month().Last() {
				return err
			}
			return tx.AlarmUnswept(ctx, area, scheme, next)
		})
		if err != nil {
			return count, fmt.Errorf("seal the %s book of area %d on %s: %w", scheme, area, next, err)
		}
		if now {
			count++
		}
	}
	return count, nil
}

// mayRead refuses officers who have nothing to do with the fund's accounts.
func mayRead(by approval.Officer) error {
	switch by.Organisation {
	case approval.AgencyBusiness, approval.AgencyFinance, approval.FinanceBureau, approval.Auditor:
		return nil
	case approval.Township, approval.Village, approval.System:
	}
	return approval.ErrDuty.With("the fund's accounts are shown to the agency, the finance bureau and the auditor")
}

// FundAccounts returns the accounts of the officer's area with what stands on
// them today.
func (s *Service) FundAccounts(ctx context.Context, by approval.Officer) ([]AccountBalance, error) {
	if err := mayRead(by); err != nil {
		return nil, err
	}
	var list []AccountBalance
	err := s.store.Read(ctx, func(tx Tx) error {
		var err error
		list, err = tx.ListFundAccounts(ctx, by.Area, s.today())
		return err
	})
	return list, err
}

// maxJournalPage bounds the lines of one page.
const maxJournalPage = 1000

// Journal returns a page of a fund account's day journal.
func (s *Service) Journal(ctx context.Context, by approval.Officer, ask JournalAsk) (Journal, error) {
	if err := mayRead(by); err != nil {
		return Journal{}, err
	}
	ask.Area = by.Area
	if ask.Limit < 1 || ask.Limit > maxJournalPage {
		ask.Limit = maxJournalPage
	}
	var j Journal
	err := s.store.Read(ctx, func(tx Tx) error {
		a, err := tx.LoadFundAccount(ctx, ask.Area, ask.Account)
		if err != nil {
			return err
		}
		j = Journal{Account: a, From: ask.From, To: ask.To, Opening: 0, Closing: 0, Lines: nil, More: false}
		if j.Opening, err = tx.Balance(ctx, a.Area, a.ID, ask.From.AddDays(-1)); err != nil {
			return err
		}
		if j.Closing, err = tx.Balance(ctx, a.Area, a.ID, ask.To); err != nil {
			return err
		}
		j.Lines, j.More, err = tx.JournalLines(ctx, ask)
		return err
	})
	return j, err
}

// TrialBalance returns every balance of a book of the officer's area after a day.
func (s *Service) TrialBalance(
	ctx context.Context, by approval.Officer, scheme Scheme, day calendar.Day,
) (TrialBalance, error) {
	if err := mayRead(by); err != nil {
		return TrialBalance{}, err
	}
	b := TrialBalance{Area: by.Area, Scheme: scheme, Day: day, Rows: nil}
	err := s.store.Read(ctx, func(tx Tx) error {
		if _, _, err := tx.BookSpan(ctx, by.Area, scheme); err != nil {
			return err
		}
		var err error
		b.Rows, err = tx.TrialRows(ctx, by.Area, scheme, day)
		return err
	})
	return b, err
}

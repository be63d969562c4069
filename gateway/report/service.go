package report

import (
	"context"
	"fmt"
	"strings"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/party"
)

// Span is the days of one book that a paper is made of.
type Span struct {
	Area     party.Area
	Scheme   ledger.Scheme
	From, To calendar.Day
}

// Tx is what the papers need of a read-only snapshot.
type Tx interface {
	YearTx
	// BookSpan returns the book's first day and the last one sealed, or ledger.ErrNoBook.
	BookSpan(ctx context.Context, area party.Area, scheme ledger.Scheme) (opened, sealed calendar.Day, err error)
	// TrialRows returns the balance of every account of a book after a day.
	TrialRows(ctx context.Context, area party.Area, scheme ledger.Scheme, day calendar.Day) ([]ledger.TrialRow, error)
	// ListFundAccounts returns the area's accounts by id with their balance after a day.
	ListFundAccounts(ctx context.Context, area party.Area, day calendar.Day) ([]ledger.AccountBalance, error)
	// Chart returns the chart of a book as it holds on a day.
	Chart(ctx context.Context, area party.Area, scheme ledger.Scheme, day calendar.Day) ([]ledger.Account, error)
	// Movements sums the span's postings of the fund by account and kind of entry, in
	// the order of both.
	Movements(ctx context.Context, s Span) ([]Movement, error)
	// Vouchers returns the span's vouchers after a number, by rising number.
	Vouchers(ctx context.Context, s Span, after, limit int) ([]Voucher, error)
	// VoucherTotals sums all of them.
	VoucherTotals(ctx context.Context, s Span) (VoucherTotals, error)
}

// Store runs functions in one read-only snapshot.
type Store interface {
	Read(ctx context.Context, fn func(Tx) error) error
}

// Service makes the papers. It is safe for concurrent use.
type Service struct{ store Store }

// NewService makes a Service.
func NewService(store Store) *Service { return &Service{store: store} }

// Ask names a month of a book.
type Ask struct {
	Scheme ledger.Scheme
	Month  calendar.Month
	// Open takes the month as it stands where not all of its days are sealed. Without
	// it such a month is refused with ledger.ErrNotSealed.
	Open bool
	// Closed says that the month is closed at the bank accounts of the book; its vouchers
	// say so, or that it is not.
	Closed bool
}

// mayRead refuses officers who keep no fund's books.
func mayRead(by approval.Officer) error {
	switch by.Organisation {
	case approval.AgencyFinance, approval.FinanceBureau, approval.Auditor:
		return nil
	case approval.AgencyBusiness, approval.Township, approval.Village, approval.System:
	}
	return approval.ErrDuty.With("the papers of the fund are for agency finance, the finance bureau and the auditor")
}

// span is the month's days and whether all of them are sealed.
func span(ctx context.Context, tx Tx, area party.Area, ask Ask) (Span, bool, error) {
	s := Span{Area: area, Scheme: ask.Scheme, From: ask.Month.First(), To: ask.Month.Last()}
	opened, sealed, err := tx.BookSpan(ctx, area, ask.Scheme)
	if err != nil {
		return s, false, err
	}
	if s.To.Before(opened) {
		return s, false, ledger.ErrNoBook.With("the book begins on %s, after %s", opened, ask.Month)
	}
	final := !sealed.Before(s.To)
	if !final && !ask.Open {
		return s, false, ledger.ErrNotSealed.With("the book is sealed through %s; ask for %s as an open month, or wait",
			sealed, ask.Month)
	}
	return s, final, nil
}

// FundStatement makes the fund statement of a month of the officer's area.
func (s *Service) FundStatement(ctx context.Context, by approval.Officer, ask Ask) (FundStatement, error) {
	var out FundStatement
	if err := mayRead(by); err != nil {
		return out, err
	}
	err := s.store.Read(ctx, func(tx Tx) error {
		days, final, err := span(ctx, tx, by.Area, ask)
		if err != nil {
			return err
		}
		f, err := figures(ctx, tx, days)
		if err != nil {
			return err
		}
		out, err = NewFundStatement(by.Area, ask.Scheme, ask.Month, f)
		out.Through, out.Final = days.To, final
		return err
	})
	if err != nil {
		return out, fmt.Errorf("fund statement of %s: %w", ask.Month, err)
	}
	return out, nil
}

func figures(ctx context.Context, tx Tx, s Span) (Figures, error) {
	f := Figures{ //nolint:exhaustruct // filled below
		Opening: ledger.TrialBalance{Area: s.Area, Scheme: s.Scheme, Day: s.From.AddDays(-1), Rows: nil},
		Closed:  ledger.TrialBalance{Area: s.Area, Scheme: s.Scheme, Day: s.To, Rows: nil},
	}
	var err error
	if f.Chart, err = tx.Chart(ctx, s.Area, s.Scheme, s.To); err != nil {
		return f, err
	}
	accounts, err := tx.ListFundAccounts(ctx, s.Area, s.To)
	if err != nil {
		return f, err
	}
	for _, a := range accounts {
		if a.Scheme == s.Scheme {
			f.Accounts = append(f.Accounts, a.FundAccount)
		}
	}
	for _, b := range []*ledger.TrialBalance{&f.Opening, &f.Closed} {
		if b.Rows, err = tx.TrialRows(ctx, s.Area, s.Scheme, b.Day); err != nil {
			return f, err
		}
	}
	f.Movements, err = tx.Movements(ctx, s)
	return f, err
}

// MaxVoucherPage bounds the vouchers of one page.
const MaxVoucherPage = 500

// Vouchers returns a page of a month's vouchers of the officer's area: those after
// a number.
func (s *Service) Vouchers(
	ctx context.Context, by approval.Officer, ask Ask, after, limit int,
) (VoucherPage, error) {
	out := VoucherPage{Scheme: ask.Scheme, Month: ask.Month} //nolint:exhaustruct // filled below
	if err := mayRead(by); err != nil {
		return out, err
	}
	if limit < 1 || limit > MaxVoucherPage {
		limit = MaxVoucherPage
	}
	err := s.store.Read(ctx, func(tx Tx) error {
		days, final, err := span(ctx, tx, by.Area, ask)
		if err != nil {
			return err
		}
		out.Final = final
		if out.Totals, err = tx.VoucherTotals(ctx, days); err != nil {
			return err
		}
		out.Vouchers, err = tx.Vouchers(ctx, days, after, limit+1)
		return err
	})
	if err != nil {
		return out, fmt.Errorf("vouchers of %s: %w", ask.Month, err)
	}
	if len(out.Vouchers) > limit {
		out.Vouchers, out.More = out.Vouchers[:limit], true
	}
	return out, nil
}

// WriteVouchers writes all vouchers of a month, a page at a time, so that neither
// the month's length nor the reader's pace is felt here or in the database. A
// month that is open may grow meanwhile.
func (s *Service) WriteVouchers(
	ctx context.Context, by approval.Officer, ask Ask, lang Language, sheet Sheet,
) error {
	w := wordsOf(lang)
	for after, began := 0, false; ; {
		page, err := s.Vouchers(ctx, by, ask, after, MaxVoucherPage)
		if err != nil {
			return err
		}
		if !began {
			if err := sheet.Begin(w.voucherHead()); err != nil {
				return err
			}
			began = true
		}
		for _, v := range page.Vouchers {
			if err := w.write(sheet, v, ask.Closed); err != nil {
				return err
			}
			after = v.Number
		}
		if !page.More {
			return sheet.End()
		}
	}
}

// Document is the paper that an entry names as its ground: a move's, as the
// officer who made it gave it. Other entries speak for themselves.
func Document(cause, text string) string {
	if strings.HasPrefix(cause, "fund_transfer:") {
		return text
	}
	return ""
}

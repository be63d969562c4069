package reconcile

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/report"
)

// The refusals of a month close, beside those of its book.
var (
	ErrMonthOrder = fault.New(fault.Conflict, "period_out_of_order", "the account's months are closed in their order")
	ErrUncovered  = fault.New(fault.Conflict, "period_not_covered",
		"the bank's statements do not cover every day of the month")
	ErrUnmatched = fault.New(fault.Conflict, "period_not_matched",
		"the account is not matched through the end of the month")
	ErrDiffers = fault.New(fault.Conflict, "period_differs",
		"the adjusted balances of bank and book differ at the end of the month")
	ErrAside = fault.New(fault.Conflict, "period_quarantine",
		"a statement of the month is set aside, and nobody decided about it")
	ErrOverAge   = fault.New(fault.Conflict, "break_over_age", "a break of the month is over age")
	ErrTolerated = fault.New(fault.Conflict, "tolerated_unsigned",
		"differences tolerated or let stand must be signed by who closes the month")
)

// AgedBreaks are open breaks that are over age: how many, and the oldest of them.
type AgedBreaks struct {
	Count  int
	ID     int64
	Day    calendar.Day
	Amount money.Amount
}

// AsideStatements are files of an account's statement that are set aside and that nobody
// decided about: how many, and the first of them.
type AsideStatements struct {
	Count int
	ID    int64
	Day   calendar.Day
	Code  string
}

// ClosedMonth is the close of one account's month as it was sealed. Its digest
// covers the sealed balances and the whole reconciliation statement of the month.
type ClosedMonth struct {
	ledger.ClosedPeriod

	ClosedAt time.Time
	// Balances is the digest of the sealed balances alone.
	Balances [sha256.Size]byte
}

// MonthFactsTx is what a close rests on.
type MonthFactsTx interface {
	// Standing returns an officer with the duties that hold in the database now.
	Standing(ctx context.Context, login string) (approval.Officer, error)
	// ListFundAccounts returns the area's accounts by id.
	ListFundAccounts(ctx context.Context, area party.Area, day calendar.Day) ([]ledger.AccountBalance, error)
	// FirstSealed returns the first day that was sealed with the account, or no day.
	FirstSealed(ctx context.Context, a Account) (calendar.Day, error)
	// SealedMonth returns the sealed balances of an account's month by day.
	SealedMonth(
		ctx context.Context, area party.Area, account int64, month calendar.Month,
	) ([]ledger.SealedBalance, error)
	// IncomeZeroAtMonthEnd is the area's rule on a day.
	IncomeZeroAtMonthEnd(ctx context.Context, area party.Area, day calendar.Day) (bool, error)
	// BreakAgeDays is the area's rule on a day: how many days old a break may be.
	BreakAgeDays(ctx context.Context, area party.Area, day calendar.Day) (int, error)
	// AgedBreaks finds the open breaks of lines up to a day that are from before another.
	AgedBreaks(ctx context.Context, a Account, through, before calendar.Day) (AgedBreaks, error)
	// StatementsAside finds the undecided files of the account's statements for a day of
	// the month.
	StatementsAside(ctx context.Context, a Account, month calendar.Month) (AsideStatements, error)
	// ToleratedGross sums the differences of all matches up to the end of the month, each
	// without its sign, less what earlier closes signed.
	ToleratedGross(ctx context.Context, a Account, month calendar.Month) (money.Amount, error)
}

// MonthTx is what closing months needs of a transaction.
type MonthTx interface {
	MonthFactsTx
	// ClosedMonths returns the account's closed months in their order.
	ClosedMonths(ctx context.Context, a Account) ([]ClosedMonth, error)
	// AddClosedMonth keeps the close with the statement that it rests on and returns the
	// instant of it, or ledger.ErrPeriodClosed.
	AddClosedMonth(ctx context.Context, c ClosedMonth, t AdjustmentTable) (time.Time, error)
	// ClosedTable returns a closed month and its statement as it was kept, and whether
	// there is one. Of the holder only the name and the number's digest are there.
	ClosedTable(ctx context.Context, a Account, month calendar.Month) (AdjustmentTable, bool, error)
	// NameOwners says of the table's lines who works on the break in which each stands.
	NameOwners(ctx context.Context, a Account, t *AdjustmentTable) error
}

// MonthState is one month of an account: closed, or open with what keeps it so.
type MonthState struct {
	Account

	Month calendar.Month
	// Closed is nil where the month is open.
	Closed *ClosedMonth
	// Blocks are the refusals that closing it would meet now, the first one first.
	Blocks []*fault.Error
	// Tolerated sums what the matches differ by, each difference without its sign, that no
	// earlier close signed; who closes the month states it.
	Tolerated money.Amount
}

// readiness is what the decision about a close rests on.
type readiness struct {
	holder ledger.FundAccount
	month  calendar.Month
	// first is the account's first month, done the last closed one or no month.
	first, done calendar.Month
	closed      bool
	balances    ledger.ClosedPeriod
	sealing     error
	covered     calendar.Day
	matched     Mark
	// table is nil where the bank's balance at the month's end is not known.
	table    *AdjustmentTable
	aside    AsideStatements
	aged     AgedBreaks
	ageLimit int
}

// blocks are the refusals in the order in which they are mended.
func (r readiness) blocks() []*fault.Error {
	var out []*fault.Error
	add := func(e *fault.Error, format string, args ...any) { out = append(out, e.With(format, args...)) }
	last := r.month.Last()
	if r.closed {
		add(ledger.ErrPeriodClosed, "%s of this account is closed", r.month)
		return out
	}
	want := r.first
	if !r.done.IsZero() {
		want = r.done.Add(1)
	}
	switch {
	case r.first.IsZero() || r.month.Compare(r.first) < 0:
	case r.month.Compare(want) > 0:
		add(ErrMonthOrder, "%s is open: close it before %s", want, r.month)
	}
	if why, ok := asFault(r.sealing); ok && why.Is(ledger.ErrNotSealed) {
		out = append(out, why)
	}
	if r.aside.Count > 0 {
		const text = "%d files are set aside; the first is receipt %d for %s (%s): accept or reject it"
		out = append(out, ErrAside.With(text,
			r.aside.Count, r.aside.ID, r.aside.Day, r.aside.Code).About(strconv.FormatInt(r.aside.ID, 10)))
	}
	if r.covered.Before(last) {
		add(ErrUncovered, "the bank's statements reach %s: take in those through %s", r.covered, last)
		return out
	}
	if r.matched.Day.Before(last) || r.matched.Floor.Before(last) {
		add(ErrUnmatched, "matched through %s with the book as it was sealed through %s: run the reconciliation of %s",
			r.matched.Day, r.matched.Floor, last)
	}
	if r.table != nil && !r.table.Agrees {
		add(ErrDiffers, "at the end of %s the book gives %s, the bank %s: the reconciliation statement names the lines",
			r.month, r.table.BookAdjusted, r.table.BankAdjusted)
	}
	if why, ok := asFault(r.sealing); ok && why.Is(ledger.ErrIncomeNotSwept) {
		out = append(out, why)
	}
	if r.aged.Count > 0 {
		out = append(out, ErrOverAge.With(
			"%d breaks are older than %d days; the oldest is break %d of %s over %s: resolve it",
			r.aged.Count, r.ageLimit, r.aged.ID, r.aged.Day, r.aged.Amount).About(strconv.FormatInt(r.aged.ID, 10)))
	}
	return out
}

func asFault(err error) (*fault.Error, bool) {
	why, ok := err.(*fault.Error) //nolint:errorlint // the sentence of a copy is wanted, and nothing wraps it
	return why, ok
}

// signed refuses differences of matches that who closes did not state.
func (r readiness) signed(stated *money.Amount) error {
	sum := r.table.ToleratedGross
	switch {
	case stated == nil && sum == 0:
		return nil
	case stated == nil:
		return ErrTolerated.With("the matches through %s differ by %s, signs aside: sign it as tolerated_differences",
			r.month.Last(), sum).On("tolerated_differences")
	case *stated != sum:
		return ErrTolerated.With("the matches through %s differ by %s in all, not by %s", r.month.Last(), sum, *stated).
			On("tolerated_differences")
	}
	return nil
}

// ready reads what a close of the month rests on.
func (s *Service) ready(ctx context.Context, tx Tx, a Account, month calendar.Month) (readiness, error) {
	r := readiness{month: month} //nolint:exhaustruct // filled below
	var err error
	if r.holder, err = tx.LoadFundAccount(ctx, a.Area, a.ID); err != nil {
		return r, err
	}
	known, err := tx.KnownStatements(ctx, a)
	if err != nil {
		return r, err
	}
	r.covered = known.Through
	begun, err := tx.FirstSealed(ctx, a)
	if err != nil {
		return r, err
	}
	// Where the book is not sealed at all its first day is the account's.
	if begun.IsZero() {
		begun = known.BooksFrom
	}
	r.first = begun.Month()
	done, err := tx.ClosedMonths(ctx, a)
	if err != nil {
		return r, err
	}
	for _, c := range done {
		r.done, r.closed = c.Month, r.closed || c.Month == month
	}
	sealed, err := tx.SealedMonth(ctx, a.Area, a.ID, month)
	if err != nil {
		return r, err
	}
	mustBeZero := false
	if r.holder.Role == ledger.Income {
		if mustBeZero, err = tx.IncomeZeroAtMonthEnd(ctx, a.Area, month.Last()); err != nil {
			return r, err
		}
	}
	r.balances, r.sealing = ledger.ClosePeriod(r.holder, month, begun, sealed, mustBeZero)
	if r.matched, err = tx.LastReconciliation(ctx, a); err != nil {
		return r, err
	}
	return r, s.readyLines(ctx, tx, a, known.BooksFrom, &r)
}

// readyLines reads what is outstanding at the month's end.
func (s *Service) readyLines(ctx context.Context, tx Tx, a Account, from calendar.Day, r *readiness) error {
	last, today := r.month.Last(), s.today()
	var err error
	if r.ageLimit, err = tx.BreakAgeDays(ctx, a.Area, today); err != nil {
		return err
	}
	if r.aside, err = tx.StatementsAside(ctx, a, r.month); err != nil {
		return err
	}
	if r.aged, err = tx.AgedBreaks(ctx, a, last, today.AddDays(-r.ageLimit)); err != nil {
		return err
	}
	if r.covered.Before(last) || last.Before(from) {
		return nil
	}
	r.table = &AdjustmentTable{Month: r.month, Day: last} //nolint:exhaustruct // filled next
	if err := s.adjust(ctx, tx, a, r.table); err != nil {
		return err
	}
	r.table.ToleratedGross, err = tx.ToleratedGross(ctx, a, r.month)
	return err
}

// CloseAsk names the month to close.
type CloseAsk struct {
	Account int64
	Month   calendar.Month
	// Tolerated signs the differences of matches by stating their sum, each without
	// its sign; nil states none.
	Tolerated *money.Amount
}

// CloseMonth closes one account's month for a checker of agency finance, once and in
// the order of the months. The month's days must be sealed, covered by statements
// and matched, the adjusted balances agree, no break of it be over age, and an income
// account be empty where the area's rule says so. What was outstanding at its end is
// kept with it, and its papers are made of that for ever. The answer's result is a
// ClosedMonth.
func (s *Service) CloseMonth(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, ask CloseAsk,
) (once.Answer, error) {
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		officer, err := tx.Standing(ctx, by.Login)
		if err != nil {
			return nil, err
		}
		if !officer.Has(approval.Checker, approval.AgencyFinance) {
			return nil, approval.ErrDuty.With("only a checker of agency finance closes a month")
		}
		a := Account{Area: officer.Area, ID: ask.Account}
		if err := tx.LockReconciliation(ctx, a); err != nil {
			return nil, err
		}
		ready, err := s.ready(ctx, tx, a, ask.Month)
		if err != nil {
			return nil, err
		}
		if blocks := ready.blocks(); len(blocks) > 0 {
			return nil, blocks[0]
		}
		if err := ready.signed(ask.Tolerated); err != nil {
			return nil, err
		}
		if err := tx.NameOwners(ctx, a, ready.table); err != nil {
			return nil, err
		}
		c := ClosedMonth{ClosedPeriod: ready.balances, ClosedAt: time.Time{}, Balances: ready.balances.Digest}
		c.ClosedBy = officer.Login
		c.Digest = ready.table.Seal(c.Balances)
		c.ClosedAt, err = tx.AddClosedMonth(ctx, c, *ready.table)
		return c, err
	})
}

// NumberDigest is the SHA-256 of an account's number.
func NumberDigest(a ledger.FundAccount) [sha256.Size]byte { return sha256.Sum256([]byte(a.No.Plain())) }

// Seal computes the digest of a month: SHA-256 over that of its sealed balances and
// the text of the whole statement, with the account's name and number.
func (t AdjustmentTable) Seal(balances [sha256.Size]byte) [sha256.Size]byte {
	h := sha256.New()
	a := t.Holder
	_, _ = fmt.Fprintf(h, "twoline month 3 %d %d %s\n%x\n", int32(a.Area), a.ID, t.Month, balances)
	_, _ = fmt.Fprintf(h, "%d:%s %x\n", len(a.Name), a.Name, t.Number)
	_, _ = fmt.Fprintf(h, "%s %d %d %d %d %d %d\n", t.MatchedThrough, t.BankClosing.Fen(), t.BookClosing.Fen(),
		t.BankAdjusted.Fen(), t.BookAdjusted.Fen(), t.Tolerated.Fen(), t.ToleratedGross.Fen())
	for _, g := range t.Groups() {
		_, _ = fmt.Fprintf(h, "%s %d %d %d\n", g.Name, g.Count, g.Amount.Fen(), len(g.Items))
		for _, o := range g.Items {
			_, _ = fmt.Fprintf(h, "%d %d %d %s %s %d %d:%s %d:%s %d:%s\n", o.Statement, o.Book.Entry, o.Book.Line,
				o.Booked, o.Value, o.Amount.Fen(), len(o.Reference), o.Reference, len(o.BankReference), o.BankReference,
				len(o.Owner), o.Owner)
		}
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// Sum proves that a kept statement adds up: each group's lines where all are named,
// and both adjusted balances.
func (t AdjustmentTable) Sum() error {
	for _, g := range t.Groups() {
		count, left := g.Unnamed()
		if count < 0 || left < 0 || count == 0 && left != 0 {
			return fmt.Errorf("%s: %d lines and %s are not named", g.Name, count, left)
		}
	}
	book := t.BookClosing + t.BankReceived.Amount - t.BankPaid.Amount + t.Tolerated
	bank := t.BankClosing + t.BookReceived.Amount - t.BookPaid.Amount
	if book != t.BookAdjusted || bank != t.BankAdjusted || book != bank {
		return fmt.Errorf("the adjusted balances are %s and %s, the lines give %s and %s", t.BookAdjusted,
			t.BankAdjusted, book, bank)
	}
	return nil
}

// maxOpenMonths bounds the open months of one account that Months looks at.
const maxOpenMonths = 12

// Months lists the months of one account of the officer's area, or of all where it
// is 0: the closed ones, then the open ones that are over or begun, at most twelve,
// each with what keeps it from being closed.
func (s *Service) Months(ctx context.Context, by approval.Officer, account int64) ([]MonthState, error) {
	var out []MonthState
	err := s.store.Read(ctx, func(tx Tx) error {
		var accounts []int64
		if account != 0 {
			accounts = []int64{account}
		} else {
			list, err := tx.ListFundAccounts(ctx, by.Area, s.today())
			if err != nil {
				return err
			}
			for _, a := range list {
				accounts = append(accounts, a.ID)
			}
		}
		for _, id := range accounts {
			list, err := s.months(ctx, tx, Account{Area: by.Area, ID: id})
			if err != nil {
				return err
			}
			out = append(out, list...)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("months of area %s: %w", by.Area, err)
	}
	return out, nil
}

func (s *Service) months(ctx context.Context, tx Tx, a Account) ([]MonthState, error) {
	this := s.today().Month()
	now, err := s.ready(ctx, tx, a, this)
	if err != nil {
		return nil, err
	}
	done, err := tx.ClosedMonths(ctx, a)
	if err != nil {
		return nil, err
	}
	var out []MonthState
	next := now.first
	for _, c := range done {
		out = append(out, MonthState{Account: a, Month: c.Month, Closed: &c, Blocks: nil, Tolerated: 0})
		next = c.Month.Add(1)
	}
	for range maxOpenMonths {
		if next.Compare(this) > 0 {
			break
		}
		ready := now
		if next != this {
			if ready, err = s.ready(ctx, tx, a, next); err != nil {
				return nil, err
			}
		}
		state := MonthState{Account: a, Month: next, Closed: nil, Blocks: ready.blocks(), Tolerated: 0}
		if ready.table != nil {
			state.Tolerated = ready.table.ToleratedGross
		}
		out = append(out, state)
		next = next.Add(1)
	}
	return out, nil
}

// NotesAsk names the papers that notes are for: those of days from From to To of one
// account, or of all of a scheme where Account is 0.
type NotesAsk struct {
	Account  int64
	Scheme   ledger.Scheme
	From, To calendar.Day
	Language report.Language
}

// CloseNotes says for each month that lies in the days and is closed by whom, when
// and under which digest it was, a sentence an account and month.
func (s *Service) CloseNotes(ctx context.Context, by approval.Officer, ask NotesAsk) ([]string, error) {
	w := adjustmentWords(ask.Language)
	var out []string
	err := s.store.Read(ctx, func(tx Tx) error {
		accounts, err := tx.ListFundAccounts(ctx, by.Area, s.today())
		if err != nil {
			return err
		}
		for _, a := range accounts {
			if ask.Account != 0 && a.ID != ask.Account || ask.Account == 0 && a.Scheme != ask.Scheme {
				continue
			}
			months, err := tx.ClosedMonths(ctx, Account{Area: by.Area, ID: a.ID})
			if err != nil {
				return err
			}
			for _, c := range months {
				if c.Month.First().Before(ask.From) || c.Month.Last().After(ask.To) {
					continue
				}
				out = append(out, fmt.Sprintf("%s %s · %s · ", a.Bank, a.No, c.Month)+c.note(w))
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("closed months of area %s: %w", by.Area, err)
	}
	return out, nil
}

// note says who closed the month when, and its digest.
func (c ClosedMonth) note(w adjustmentText) string {
	return fmt.Sprintf(w.closed, c.ClosedAt.In(calendar.Shanghai()).Format(time.DateTime), c.ClosedBy, c.Digest)
}

// BookClosed says whether a month of a scheme's book is closed: on each of its accounts
// that was open by then. A fixed deposit of which no month was ever closed, since its bank
// makes no statements of it, does not count.
func (s *Service) BookClosed(
	ctx context.Context, by approval.Officer, scheme ledger.Scheme, month calendar.Month,
) (bool, error) {
	counted, open := 0, 0
	err := s.store.Read(ctx, func(tx Tx) error {
		accounts, err := tx.ListFundAccounts(ctx, by.Area, s.today())
		if err != nil {
			return err
		}
		for _, a := range accounts {
			if a.Scheme != scheme || a.OpenedOn.After(month.Last()) {
				continue
			}
			done, err := tx.ClosedMonths(ctx, Account{Area: by.Area, ID: a.ID})
			if err != nil {
				return err
			}
			if a.Role == ledger.FixedDeposit && len(done) == 0 {
				continue
			}
			counted++
			if !slices.ContainsFunc(done, func(c ClosedMonth) bool { return c.Month == month }) {
				open++
			}
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("is %s of area %s closed: %w", month, by.Area, err)
	}
	return counted > 0 && open == 0, nil
}

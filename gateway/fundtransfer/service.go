package fundtransfer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// Accounts are what a transfer needs of the book.
type Accounts interface {
	// LoadFundAccount returns ledger.ErrNoFundAccount for another area's id.
	LoadFundAccount(ctx context.Context, area party.Area, id int64) (ledger.FundAccount, error)
	// LockFundAccount makes movements out of one account wait for each other.
	LockFundAccount(ctx context.Context, area party.Area, account int64) error
	// Committed returns what released payments will still take out of an account.
	Committed(ctx context.Context, area party.Area, account int64) (money.Amount, error)
	Balance(ctx context.Context, area party.Area, account int64, day calendar.Day) (money.Amount, error)
	Book(ctx context.Context, actor string, entries ...ledger.Entry) ([]int64, error)
	// CollectionMode returns who collects in the area on a day, or policy.ErrNoRule.
	CollectionMode(ctx context.Context, area party.Area, day calendar.Day) (policy.Mode, error)
}

// Transfers keep what was submitted and decided.
type Transfers interface {
	// AddTransfer stores a submitted transfer and returns it with id and instant.
	AddTransfer(ctx context.Context, t Transfer) (Transfer, error)
	// LockTransfer returns a transfer that nobody else can move until the end of
	// the transaction, or ErrNotFound.
	LockTransfer(ctx context.Context, area party.Area, id int64) (Transfer, error)
	// MoveTransfer moves the state by compare-and-set, with its event, and returns
	// approval.ErrDecided where somebody else was first, ErrDepositDrawn where the
	// deposit was drawn by another transfer.
	MoveTransfer(ctx context.Context, t Transfer, next State, actor string) error
	// FindTransfer returns ErrNotFound for another area's id.
	FindTransfer(ctx context.Context, area party.Area, id int64) (Transfer, error)
	ListTransfers(ctx context.Context, f Filter) ([]Transfer, error)
	// PlaceDeposit keeps a deposit; FindDeposit returns ErrNoDeposit where there is none.
	PlaceDeposit(ctx context.Context, d Deposit) error
	FindDeposit(ctx context.Context, area party.Area, id int64) (Deposit, error)
}

// Tx is what the flow needs of a transaction.
type Tx interface {
	once.Tx
	Accounts
	Transfers
	Requests
	// Standing returns an officer with the duties that hold in the database now,
	// or approval.ErrDuty where the login is disabled.
	Standing(ctx context.Context, login string) (approval.Officer, error)
	// AddApproval keeps an approval or a rejection. It returns approval.ErrSamePerson
	// where the maker decides, approval.ErrDecided where it was decided before.
	AddApproval(ctx context.Context, a approval.Approval) error
}

// Store runs functions in one transaction or one read-only snapshot.
type Store interface {
	InTx(ctx context.Context, fn func(Tx) error) error
	Read(ctx context.Context, fn func(Tx) error) error
}

// Service makes, checks and books transfers. It is safe for concurrent use.
type Service struct {
	store Store
	rules *ledger.RuleBook
	today func() calendar.Day
}

// NewService makes a Service; today is the current business day.
func NewService(store Store, today func() calendar.Day) *Service {
	return &Service{store: store, rules: ledger.NewRuleBook(), today: today}
}

// Submit stores what the maker asks for, with its digest. What the two lines
// forbid is refused here already. The answer's result is a Transfer.
func (s *Service) Submit(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, i Instruction,
) (once.Answer, error) {
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) { return s.submit(ctx, tx, by, i) })
}

// SubmitIn submits a transfer in a transaction that does more, as Submit does.
func SubmitIn(
	ctx context.Context, tx Tx, today calendar.Day, by approval.Officer, i Instruction,
) (Transfer, error) {
	s := &Service{store: nil, rules: ledger.NewRuleBook(), today: func() calendar.Day { return today }}
	return s.submit(ctx, tx, by, i)
}

func (s *Service) submit(ctx context.Context, tx Tx, by approval.Officer, i Instruction) (Transfer, error) {
	if err := i.check(s.today()); err != nil {
		return Transfer{}, err
	}
	maker, err := tx.Standing(ctx, by.Login)
	if err != nil {
		return Transfer{}, err
	}
	way, err := s.admit(ctx, tx, maker, approval.Maker, i)
	if err != nil {
		return Transfer{}, err
	}
	scheme, err := way.scheme()
	if err != nil {
		return Transfer{}, err
	}
	return tx.AddTransfer(ctx, Transfer{
		Instruction: i, Area: maker.Area, ID: 0, Scheme: scheme, Digest: i.Digest(maker.Area, scheme),
		Maker: maker.Login, MakerPerson: maker.Person, State: Submitted, Version: 1,
	})
}

// admit proves that the officer may do the transfer and that the two lines allow
// it, and returns its two ends.
func (s *Service) admit(
	ctx context.Context, tx Tx, officer approval.Officer, duty approval.Duty, i Instruction,
) (route, error) {
	var way route
	for _, end := range []struct {
		id int64
		to **ledger.FundAccount
	}{{i.From, &way.from}, {i.To, &way.to}} {
		if end.id == 0 {
			continue
		}
		account, err := tx.LoadFundAccount(ctx, officer.Area, end.id)
		if err != nil {
			return route{}, err
		}
		*end.to = &account
	}
	if in := office(i.Kind, way); !officer.Has(duty, in) {
		return route{}, approval.ErrDuty.With("a transfer of kind %s needs a %s of the %s", i.Kind, duty, in)
	}
	if err := checkRule(s.rules, i, way); err != nil {
		return route{}, err
	}
	if modeMatters(way) {
		mode, err := tx.CollectionMode(ctx, officer.Area, i.EffectiveOn)
		if err != nil {
			return route{}, err
		}
		if err := checkMode(mode, i, way, -1); err != nil {
			return route{}, err
		}
	}
	switch {
	case i.Kind == ledger.DepositMatured:
		return way, checkDrawn(ctx, tx, officer.Area, i)
	case i.Request != 0:
		return way, checkRequest(ctx, tx, officer.Area, i, duty == approval.Checker)
	}
	return way, nil
}

// checkDrawn refuses to draw another deposit or amount than was placed.
func checkDrawn(ctx context.Context, tx Tx, area party.Area, i Instruction) error {
	d, err := tx.FindDeposit(ctx, area, i.Deposit)
	if err != nil {
		return err
	}
	if d.Account != i.From {
		return ErrNoDeposit
	}
	if d.Amount != i.Amount || !d.PlacedOn.Before(i.EffectiveOn) {
		return ErrDeposit.With("the deposit placed on %s is of %s and is drawn whole on a later day",
			d.PlacedOn, d.Amount)
	}
	return nil
}

// Verdict is what a checker says about a transfer.
type Verdict struct {
	ID int64
	// Digest is the one that the checker was shown.
	Digest [sha256.Size]byte
	Reason string
}

// Approve books the transfer: the approval of its digest and the entry are one
// transaction. The answer's result is the booked Transfer.
func (s *Service) Approve(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, v Verdict,
) (once.Answer, error) {
	var answer once.Answer
	var err error
	// A booking that meets the sealing of its day belongs to the next one.
	for before := s.today(); ; {
		answer, err = once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
			return s.approve(ctx, tx, by, v)
		})
		today := s.today()
		if !errors.Is(err, ledger.ErrSealed) || today == before {
			return answer, err
		}
		before = today
	}
}

func (s *Service) approve(ctx context.Context, tx Tx, by approval.Officer, v Verdict) (any, error) {
	t, checker, err := s.open(ctx, tx, by, v)
	if err != nil {
		return nil, err
	}
	way, err := s.admit(ctx, tx, checker, approval.Checker, t.Instruction)
	if err != nil {
		return nil, err
	}
	if err := decide(ctx, tx, t, checker, approval.Approved, v); err != nil {
		return nil, err
	}
	today := s.today()
	amount := t.Amount
	if way.from != nil {
		if amount, err = s.takeOut(ctx, tx, t, way, today); err != nil {
			return nil, err
		}
	}
	list, err := entries(t, way, amount, today)
	if err != nil {
		return nil, err
	}
	if _, err := tx.Book(ctx, actor(checker), list...); err != nil {
		return nil, err
	}
	if t.Kind == ledger.DepositPlaced {
		err := tx.PlaceDeposit(ctx, Deposit{
			Area: t.Area, ID: t.ID, Account: t.To, Amount: amount, PlacedOn: t.EffectiveOn, MaturesOn: t.MaturesOn,
			Rate: t.Rate,
		})
		if err != nil {
			return nil, err
		}
	}
	return t.moved(Booked, amount), tx.MoveTransfer(ctx, t, Booked, actor(checker))
}

// takeOut locks the account that pays and decides how much leaves it. What was
// booked on a later business day, by another machine just after midnight, is not
// there to be taken either.
func (s *Service) takeOut(
	ctx context.Context, tx Tx, t Transfer, way route, today calendar.Day,
) (money.Amount, error) {
	if err := tx.LockFundAccount(ctx, t.Area, way.from.ID); err != nil {
		return 0, err
	}
	held, err := tx.Balance(ctx, t.Area, way.from.ID, today)
	if err != nil {
		return 0, err
	}
	later, err := tx.Balance(ctx, t.Area, way.from.ID, today.AddDays(1))
	if err != nil {
		return 0, err
	}
	// What was released will be taken by the banks: it is nobody else's any more.
	committed, err := tx.Committed(ctx, t.Area, way.from.ID)
	if err != nil {
		return 0, err
	}
	amount, err := take(t.Instruction, min(held, later)-committed)
	if err != nil || !modeMatters(way) {
		return amount, err
	}
	mode, err := tx.CollectionMode(ctx, t.Area, t.EffectiveOn)
	if err != nil {
		return 0, err
	}
	return amount, checkMode(mode, t.Instruction, way, held-amount)
}

// Reject ends a transfer without a booking. The answer's result is the Transfer.
func (s *Service) Reject(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, v Verdict,
) (once.Answer, error) {
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		t, checker, err := s.open(ctx, tx, by, v)
		if err != nil {
			return nil, err
		}
		if err := s.mayCheck(ctx, tx, checker, t); err != nil {
			return nil, err
		}
		if err := decide(ctx, tx, t, checker, approval.Rejected, v); err != nil {
			return nil, err
		}
		return t.moved(Rejected, 0), tx.MoveTransfer(ctx, t, Rejected, actor(checker))
	})
}

// mayCheck proves the checker's duty alone: a transfer that a rule has come to
// forbid since it was made can still be rejected.
func (s *Service) mayCheck(ctx context.Context, tx Tx, officer approval.Officer, t Transfer) error {
	var way route
	id := t.From
	if id == 0 {
		id = t.To
	}
	account, err := tx.LoadFundAccount(ctx, t.Area, id)
	if err != nil {
		return err
	}
	way.from = &account
	if in := office(t.Kind, way); !officer.Has(approval.Checker, in) {
		return approval.ErrDuty.With("a transfer of kind %s is checked by the %s", t.Kind, in)
	}
	return nil
}

// Withdraw takes a transfer back; only its maker's own person may. The answer's
// result is the Transfer.
func (s *Service) Withdraw(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, id int64,
) (once.Answer, error) {
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		officer, err := tx.Standing(ctx, by.Login)
		if err != nil {
			return nil, err
		}
		t, err := tx.LockTransfer(ctx, officer.Area, id)
		if err != nil {
			return nil, err
		}
		if officer.Person != t.MakerPerson {
			return nil, approval.ErrDuty.With("a transfer is withdrawn by its maker")
		}
		if !t.State.CanBecome(Withdrawn) {
			return nil, decided(t)
		}
		return t.moved(Withdrawn, 0), tx.MoveTransfer(ctx, t, Withdrawn, actor(officer))
	})
}

// open returns the transfer, locked, and the officer as the database knows them
// now, after proving that it can still be decided and is what the officer saw.
func (s *Service) open(
	ctx context.Context, tx Tx, by approval.Officer, v Verdict,
) (Transfer, approval.Officer, error) {
	officer, err := tx.Standing(ctx, by.Login)
	if err != nil {
		return Transfer{}, approval.Officer{}, err
	}
	t, err := tx.LockTransfer(ctx, officer.Area, v.ID)
	if err != nil {
		return Transfer{}, approval.Officer{}, err
	}
	if t.State != Submitted {
		return Transfer{}, approval.Officer{}, decided(t)
	}
	if v.Digest != t.Digest || t.Instruction.Digest(t.Area, t.Scheme) != t.Digest {
		return Transfer{}, approval.Officer{}, approval.ErrDigest
	}
	return t, officer, nil
}

func decide(
	ctx context.Context, tx Tx, t Transfer, by approval.Officer, decision approval.Decision, v Verdict,
) error {
	if !approval.IsLine(v.Reason, maxDocument) {
		return ErrInstruction.With("the reason is one line of at most %d characters", maxDocument).On("reason")
	}
	a := approval.Approval{
		Area: t.Area, Subject: "fund_transfer", SubjectID: t.ID, Duty: approval.Checker, Decision: decision,
		Digest: v.Digest, MakerPerson: t.MakerPerson, By: by, Reason: v.Reason,
	}
	if err := a.Check(by.Organisation); err != nil {
		return err
	}
	return tx.AddApproval(ctx, a)
}

func decided(t Transfer) error {
	return approval.ErrDecided.With("fund transfer %d is %s", t.ID, t.State).About(fmt.Sprint(t.ID))
}

func (t Transfer) moved(next State, amount money.Amount) Transfer {
	t.State, t.Moved = next, amount
	t.Version++
	return t
}

func actor(o approval.Officer) string { return "officer:" + o.Login }

// Filter narrows a list of transfers.
type Filter struct {
	Area party.Area
	// State is one of the states, or "" for all.
	State State
	// After is the id that the page before ended with, or 0.
	After int64
	Limit int
}

const maxPage = 1001

// Find returns one transfer of the officer's area.
func (s *Service) Find(ctx context.Context, by approval.Officer, id int64) (Transfer, error) {
	if err := mayRead(by); err != nil {
		return Transfer{}, err
	}
	var t Transfer
	err := s.store.Read(ctx, func(tx Tx) error {
		var err error
		t, err = tx.FindTransfer(ctx, by.Area, id)
		return err
	})
	return t, err
}

// List returns transfers of the officer's area by rising id.
func (s *Service) List(ctx context.Context, by approval.Officer, f Filter) ([]Transfer, error) {
	if err := mayRead(by); err != nil {
		return nil, err
	}
	f.Area = by.Area
	if f.Limit < 1 || f.Limit > maxPage {
		f.Limit = maxPage
	}
	var list []Transfer
	err := s.store.Read(ctx, func(tx Tx) error {
		var err error
		list, err = tx.ListTransfers(ctx, f)
		return err
	})
	return list, err
}

func mayRead(by approval.Officer) error {
	switch by.Organisation {
	case approval.AgencyFinance, approval.FinanceBureau, approval.Auditor:
		return nil
	case approval.AgencyBusiness, approval.Township, approval.Village, approval.System:
	}
	return approval.ErrDuty.With("fund transfers are shown to agency finance, the finance bureau and the auditor")
}

package disbursement

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

// Order says which payments of a scheme are wanted.
type Order struct {
	Scheme ledger.Scheme
	Month  calendar.Month
	Kind   Kind
	// Items are the payments that a reissue is limited to; none is all that can be
	// paid again.
	Items []int64
	// Dues says of a supplementary run that it pays what is owed once, and not a month.
	Dues bool
}

// check proves what can be told without the database. A month is paid from the
// one before it on, so that its bank can be handed the list in time.
func (o Order) check(today calendar.Day) error {
	switch {
	case !o.Scheme.Valid():
		return ErrOrder.On("scheme")
	case !o.Kind.Valid():
		return ErrOrder.On("kind")
	case o.Month.IsZero():
		return ErrOrder.On("month")
	case o.Month.Compare(today.Month().Add(1)) > 0:
		return ErrMonth
	case o.Dues && o.Kind != Supplementary:
		return ErrOrder.With("only a supplementary run pays dues").On("dues")
	case len(o.Items) > 0 && o.Kind != Reissue:
		return ErrOrder.With("only a reissue is limited to payments").On("item_ids")
	}
	return nil
}

// MakeRoster keeps who is entitled for a month and who is held back, and why. It
// can be made as often as wanted: a run makes its own. The answer's result is a
// Roster.
func (s *Service) MakeRoster(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, o Order,
) (once.Answer, error) {
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		officer, err := tx.Standing(ctx, by.Login)
		if err != nil {
			return nil, err
		}
		if err := mayMake(officer); err != nil {
			return nil, err
		}
		c, err := s.claims(ctx, tx, officer.Area, o)
		if err != nil {
			return nil, err
		}
		return s.roster(ctx, tx, officer, c)
	})
}

// claims gathers what a roster is made from, and keeps other rosters and runs of
// the scheme away to the end of the transaction.
func (s *Service) claims(ctx context.Context, tx RosterTx, area party.Area, o Order) (Claims, error) {
	none := Claims{} //nolint:exhaustruct // none
	today := s.today()
	if err := o.check(today); err != nil {
		return none, err
	}
	decided, err := rules(ctx, tx, area, today, o.Month)
	if err != nil {
		return none, err
	}
	partners, err := tx.PayPartners(ctx, area, o.Scheme)
	if err != nil {
		return none, err
	}
	if len(partners) == 0 {
		return none, ErrNoExpenditureAccount
	}
	if err := tx.HoldRuns(ctx, area, o.Scheme); err != nil {
		return none, err
	}
	c := Claims{Area: area, Order: o, Today: today, Rules: decided, Partners: partners}
	if len(o.Items) == 0 {
		return c, nil
	}
	return c, allPayable(ctx, tx, c)
}

// allPayable refuses a reissue of payments of which one cannot be paid again: it
// would be left out without a word.
func allPayable(ctx context.Context, tx RosterTx, c Claims) error {
	payable, err := tx.Reissuable(ctx, c)
	if err != nil {
		return err
	}
	for _, id := range c.Items {
		if !slices.Contains(payable, id) {
			return ErrNotPaidAgain.With("payment %d did not fail or come back, or is paid again by another one", id).
				On("item_ids")
		}
	}
	return nil
}

// roster screens the claims and keeps them.
func (s *Service) roster(ctx context.Context, tx RosterTx, by approval.Officer, c Claims) (Roster, error) {
	none := Roster{} //nolint:exhaustruct // none
	byCode := make(map[string]Partner, len(c.Partners))
	for _, p := range c.Partners {
		byCode[p.Code] = p
	}
	var unwritable []int64
	err := tx.EachPayee(ctx, c, func(p Payee) error {
		unfit := s.files.CheckPayment(byCode[p.Bank], p)
		if errors.Is(unfit, bank.ErrNoForm) {
			return unfit
		}
		if unfit != nil {
			unwritable = append(unwritable, p.Member)
		}
		return nil
	})
	if err != nil {
		return none, err
	}
	if err := tx.OpenHolds(ctx, c); err != nil {
		return none, err
	}
	made, err := tx.AddRoster(ctx, Roster{ //nolint:exhaustruct // sums are filled in
		Area: c.Area, Scheme: c.Scheme, Month: c.Month, Kind: c.Kind, MadeBy: actor(by), MadeOn: c.Today,
	}, c, unwritable)
	if err != nil {
		return none, fmt.Errorf("roster of %s for %s: %w", c.Area, c.Month, err)
	}
	return made, nil
}

// RosterView is a roster with what is held, by reason.
type RosterView struct {
	Roster

	ByReason []HeldSum
}

// Roster returns one roster of the officer's area.
func (s *Service) Roster(ctx context.Context, by approval.Officer, id int64) (RosterView, error) {
	if err := mayRead(by); err != nil {
		return RosterView{}, err //nolint:exhaustruct // none
	}
	var v RosterView
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		if v.Roster, err = tx.FindRoster(ctx, by.Area, id); err != nil {
			return err
		}
		v.ByReason, err = tx.HeldByReason(ctx, by.Area, id)
		return err
	})
	return v, err
}

// Lines lists a roster's lines in their order: all, or those that are held.
func (s *Service) Lines(ctx context.Context, by approval.Officer, roster int64, p LinePage) ([]Line, error) {
	if err := mayRead(by); err != nil {
		return nil, err
	}
	err := s.store.Read(ctx, func(tx Tx) error {
		_, err := tx.FindRoster(ctx, by.Area, roster)
		return err
	})
	if err != nil {
		return nil, err
	}
	p.Limit = page(p.Limit)
	return s.store.Lines(ctx, by.Area, roster, p)
}

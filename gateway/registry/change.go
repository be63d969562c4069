package registry

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

// NewAccount is the account that a member's benefits and debits go to instead of
// a closed or wrong one, with the document that says so.
type NewAccount struct {
	Bank      string
	Kind      InstrumentKind
	AccountNo party.AccountNo
	// BankNo is the clearing bank of the account, or empty where it is the partner
	// bank itself.
	BankNo    string
	Activated bool
	Document  string
}

// Change is a request to put another account in the place of an instrument.
type Change struct {
	NewAccount
	Making

	Area party.Area
	ID   int64
	// Instrument is the one that ends, Successor the one that was opened instead: 0
	// until the change is approved.
	Instrument, Successor, Member int64
	// OldBank and OldAccount are those of the instrument that ends.
	OldBank    string
	OldAccount party.AccountNo
	// SocialNo and Name tell the officer who it is.
	SocialNo string
	Name     party.Name
}

// HeldInstrument is an instrument with its clearing bank and its end.
type HeldInstrument struct {
	Instrument

	BankNo string
	// EndedOn is zero while the instrument is active.
	EndedOn calendar.Day
}

// The refusals of changes.
var (
	ErrMember          = fault.New(fault.NotFound, "member_not_found", "no such member")
	ErrInstrument      = fault.New(fault.NotFound, "instrument_not_found", "no such instrument")
	ErrInstrumentEnded = fault.New(fault.Conflict, "instrument_ended",
		"this instrument has ended: change the one that took its place")
	ErrChangeOpen   = fault.New(fault.Conflict, "change_open", "a change of this instrument waits for its checker")
	ErrNoChange     = fault.New(fault.NotFound, "change_not_found", "nobody asked for a change of this instrument")
	ErrSameAccount  = fault.New(fault.Unprocessable, "account_unchanged", "this is the account that stands there")
	ErrAccountTyped = fault.New(fault.Conflict, "account_typed_differs",
		"the number typed from the document is not the one that was submitted").On("account_no")
)

// check proves what can be told without the register.
func (n NewAccount) check() error {
	read := party.NewPassbook
	switch n.Kind {
	case Card:
		read = party.NewCard
	case Passbook:
	default:
		return ErrField.With("the kind is card or passbook").On("kind")
	}
	if _, err := read(n.AccountNo.Plain()); err != nil {
		return ErrField.With("%s", err).On("account_no")
	}
	if n.BankNo != "" {
		if err := party.CheckBankNo(n.BankNo); err != nil {
			return ErrField.With("%s", err).On("bank_no")
		}
	}
	if !isDocument(n.Document) {
		return errDocument
	}
	return nil
}

// digest covers everything that decides the change.
func (c Change) digest() [sha256.Size]byte {
	return digestOf("twoline instrument change 1", [][2]string{
		{"area", c.Area.String()},
		{"instrument", fmt.Sprint(c.Instrument)},
		{"member", fmt.Sprint(c.Member)},
		{"bank", c.Bank},
		{"kind", string(c.Kind)},
		{"account_no", c.AccountNo.Plain()},
		{"bank_no", c.BankNo},
		{"activated", strconv.FormatBool(c.Activated)},
		{"document", c.Document},
	}...)
}

func (c Change) subject() subject { return subject{"instrument_change", c.ID, c.Making} }

// AskChange asks for another account in the place of an active instrument. A
// maker of agency business asks, and nobody of finance can. The answer's result
// is the Change.
func (s *Service) AskChange(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, instrument int64, n NewAccount,
) (once.Answer, error) {
	if err := n.check(); err != nil {
		return once.Answer{}, err
	}
	return once.Do(ctx, s.c.Store.InTx, r, render, func(tx Tx) (any, error) {
		maker, err := atDesk(ctx, tx, by, approval.Maker)
		if err != nil {
			return nil, err
		}
		old, err := tx.LockInstrument(ctx, maker.Area, instrument)
		switch {
		case err != nil:
			return nil, err
		case !old.EndedOn.IsZero():
			return nil, ErrInstrumentEnded
		case old.number() == (BankNumber{n.Bank, n.AccountNo.Plain()}) && old.Kind == n.Kind && old.BankNo == n.BankNo:
			return nil, ErrSameAccount.On("account_no")
		}
		if _, err := bankOf(ctx, tx, maker.Area, n.Bank); err != nil {
			return nil, err
		}
		last, err := tx.LastChange(ctx, maker.Area, instrument)
		if err != nil {
			return nil, err
		}
		if last.State == Submitted {
			return nil, ErrChangeOpen.About(fmt.Sprint(last.ID))
		}
		c := Change{ //nolint:exhaustruct // the store gives the rest
			Area: maker.Area, Instrument: old.ID, Member: old.Member, NewAccount: n,
		}
		c.Making = madeBy(maker, c.digest())
		return tx.AddChange(ctx, c)
	})
}

// ChangeVerdict is what a checker says about a change.
type ChangeVerdict struct {
	Verdict
	// AccountNo is the new number as the checker typed it from the document; where
	// it is given it must be the one that was submitted, of which a screen shows the
	// last digits only.
	AccountNo party.AccountNo
}

// ApproveChange puts the new account in the old one's place, from today: the old
// instrument ends, the new one serves for pay-out where the old one did, and the
// mandate that hung on it hangs on the new one. A mandate of another bank ends,
// and a case is open until the member signs again. A checker of agency business
// who is another person than the maker approves the digest. The answer's result
// is the Change.
func (s *Service) ApproveChange(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, instrument int64, v ChangeVerdict,
) (once.Answer, error) {
	return once.Do(ctx, s.c.Store.InTx, r, render, func(tx Tx) (any, error) {
		checker, c, err := openChange(ctx, tx, by, instrument)
		if err != nil {
			return nil, err
		}
		if c.State == Submitted && c.digest() != c.Digest {
			return nil, approval.ErrDigest
		}
		if v.AccountNo != (party.AccountNo{}) && v.AccountNo != c.AccountNo {
			return nil, ErrAccountTyped
		}
		if err := c.subject().decide(ctx, tx, checker, approval.Approved, v.Verdict); err != nil {
			return nil, err
		}
		if c.Successor, err = s.replace(ctx, tx, c); err != nil {
			return nil, err
		}
		return endChange(ctx, tx, c, Approved)
	})
}

// RejectChange leaves the instrument as it is. The answer's result is the Change.
func (s *Service) RejectChange(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, instrument int64, v Verdict,
) (once.Answer, error) {
	return once.Do(ctx, s.c.Store.InTx, r, render, func(tx Tx) (any, error) {
		checker, c, err := openChange(ctx, tx, by, instrument)
		if err != nil {
			return nil, err
		}
		if err := c.subject().decide(ctx, tx, checker, approval.Rejected, v); err != nil {
			return nil, err
		}
		return endChange(ctx, tx, c, Rejected)
	})
}

// WithdrawChange takes a request back; only its maker's own person may. The
// answer's result is the Change.
func (s *Service) WithdrawChange(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, instrument int64,
) (once.Answer, error) {
	return once.Do(ctx, s.c.Store.InTx, r, render, func(tx Tx) (any, error) {
		maker, err := atDesk(ctx, tx, by, approval.Maker, approval.Checker)
		if err != nil {
			return nil, err
		}
		c, err := lockedChange(ctx, tx, maker.Area, instrument)
		if err != nil {
			return nil, err
		}
		if err := c.subject().withdrawBy(maker); err != nil {
			return nil, err
		}
		return endChange(ctx, tx, c, Withdrawn)
	})
}

// openChange returns the checker as the database knows them now, and the newest
// change of the instrument, locked with it.
func openChange(
	ctx context.Context, tx Tx, by approval.Officer, instrument int64,
) (approval.Officer, Change, error) {
	checker, err := atDesk(ctx, tx, by, approval.Checker)
	if err != nil {
		return checker, Change{}, err
	}
	c, err := lockedChange(ctx, tx, checker.Area, instrument)
	return checker, c, err
}

func lockedChange(ctx context.Context, tx Tx, area party.Area, instrument int64) (Change, error) {
	if _, err := tx.LockInstrument(ctx, area, instrument); err != nil {
		return Change{}, err
	}
	c, err := tx.LastChange(ctx, area, instrument)
	if err == nil && c.ID == 0 {
		err = ErrNoChange
	}
	return c, err
}

func endChange(ctx context.Context, tx Tx, c Change, next RequestState) (any, error) {
	if err := tx.MoveChange(ctx, c, next); err != nil {
		return nil, err
	}
	c.Making = c.moved(next)
	return c, nil
}

// replace ends the old instrument and opens the new one. Where the member holds
// the new account already, that row ends with the old one: the new one takes the
// place of both.
func (s *Service) replace(ctx context.Context, tx Tx, c Change) (int64, error) {
	today := s.c.Today()
	number := BankNumber{c.Bank, c.AccountNo.Plain()}
	held, err := tx.Instruments(ctx, c.Area, []int64{c.Member}, []BankNumber{number})
	if err != nil {
		return 0, err
	}
	e := &env{area: c.Area, by: c.Maker, today: today, formats: nil, rules: nil, cases: nil}
	others := &holders{ //nolint:exhaustruct // of the alarm only
		env: e, byKey: make(map[instrumentKey]Instrument), payout: make(map[int64]bool),
		first: make(map[BankNumber]int64),
	}
	var ending []int64
	next := HeldInstrument{
		Instrument: Instrument{
			ID: 0, Member: c.Member, Bank: c.Bank, Kind: c.Kind, AccountNo: c.AccountNo, Activated: c.Activated,
			ForPayout: false, OpenedOn: today,
		},
		BankNo: c.BankNo, EndedOn: calendar.Day{},
	}
	for _, i := range held {
		switch {
		case i.Member != c.Member:
			others.add(i)
		case i.ID == c.Instrument || i.number() == number:
			ending = append(ending, i.ID)
			next.ForPayout = next.ForPayout || i.ForPayout
		}
	}
	if !slices.Contains(ending, c.Instrument) {
		return 0, ErrInstrumentEnded
	}
	ids, err := tx.NewIDs(ctx, 2)
	if err != nil {
		return 0, err
	}
	next.ID = ids[0]
	if err := tx.ReplaceInstruments(ctx, c.Area, ending, next); err != nil {
		return 0, err
	}
	_ = others.shared(next.Instrument, nil)
	if err := moveMandate(ctx, tx, e, ending, next.Instrument, ids[1]); err != nil {
		return 0, err
	}
	return next.ID, tx.RaiseCases(ctx, c.Area, e.cases)
}

// moveMandate hangs the member's mandate on the new account, under the bank's own
// number: a row of its own, as the debits sent before rest on the old one.
func moveMandate(ctx context.Context, tx Tx, e *env, ending []int64, next Instrument, id int64) error {
	stored, err := tx.Mandates(ctx, e.area, []int64{next.Member}, nil)
	if err != nil {
		return err
	}
	for _, m := range stored {
		if !slices.Contains(ending, m.Instrument) {
			continue
		}
		m.EndedOn = e.today
		if err := tx.EndMandate(ctx, e.area, m); err != nil {
			return err
		}
		if m.Bank != next.Bank {
			e.cases = append(e.cases, Case{
				Kind: "mandate_to_sign", Subject: fmt.Sprintf("mandate:%d", m.ID), Bank: next.Bank,
				Text: "the account that this mandate debits was replaced by one of another bank: " +
					"the member has to sign there",
			})
			continue
		}
		m.ID, m.Instrument, m.EndedOn = id, next.ID, calendar.Day{}
		if err := tx.InsertMandates(ctx, e.area, []Mandate{m}); err != nil {
			return err
		}
	}
	return nil
}

// ChangeFilter narrows a list of changes.
type ChangeFilter struct {
	Area party.Area
	// Member and Instrument are 0 for all.
	Member, Instrument int64
	// State is one of the states, or "" for all.
	State RequestState
	// After is the id that the page before ended with, or 0.
	After int64
	Limit int
}

// Changes returns a page of the changes of the officer's area by rising id.
func (s *Service) Changes(ctx context.Context, by approval.Officer, f ChangeFilter) ([]Change, error) {
	if err := mayLook(by); err != nil {
		return nil, err
	}
	f.Area, f.Limit = by.Area, pageOf(f.Limit)
	var list []Change
	err := s.c.Store.Read(ctx, func(tx Tx) error {
		var err error
		list, err = tx.Changes(ctx, f)
		return err
	})
	return list, err
}

// InstrumentsOf returns the instruments of a member of the officer's area, those
// that ended among them, by rising id; ErrMember where there is no such member.
func (s *Service) InstrumentsOf(ctx context.Context, by approval.Officer, member int64) ([]HeldInstrument, error) {
	if err := mayLook(by); err != nil {
		return nil, err
	}
	var list []HeldInstrument
	err := s.c.Store.Read(ctx, func(tx Tx) error {
		var err error
		list, err = tx.InstrumentsOf(ctx, by.Area, member)
		return err
	})
	return list, err
}

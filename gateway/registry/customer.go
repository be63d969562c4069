package registry

import (
	"context"
	"slices"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

// SignMandate is a bank's word that its customer authorised debits.
type SignMandate struct {
	Area      party.Area
	IDNumber  party.IDNumber
	AccountNo party.AccountNo
	Number    string
	SignedOn  calendar.Day
}

// SignMandate registers a mandate of the bank's own customer: a member with an
// active account of that number at the bank; anybody else is ErrCustomer. A
// member has one mandate that holds, at whatever bank. The same mandate again is
// answered as the first. It answers with a Mandate.
func (s *Service) SignMandate(
	ctx context.Context, r once.Request, render once.Render, by bank.Caller, cmd SignMandate,
) (once.Answer, error) {
	if !isMandateNumber(cmd.Number) {
		return once.Answer{}, ErrField.With("mandate number must be 1 to 60 visible ASCII characters without | " +
			"and comma").
			On("number")
	}
	if cmd.SignedOn.IsZero() || cmd.SignedOn.After(s.c.Today()) {
		return once.Answer{}, ErrFuture.On("signed_on")
	}
	return once.Do(ctx, s.c.Store.InTx, r, render, func(tx Tx) (any, error) {
		m, err := findCustomer(ctx, tx, by, cmd)
		if err != nil {
			return nil, err
		}
		stored, err := tx.Mandates(ctx, cmd.Area, []int64{m.Member}, []BankNumber{{m.Bank, m.Number}})
		if err != nil {
			return nil, err
		}
		for _, old := range stored {
			same := old.Bank == m.Bank && old.Number == m.Number
			m.ID = old.ID
			switch {
			case same && old == m:
				return m, nil
			case same:
				return nil, ErrTaken.With("this number belongs to another mandate of the bank").On("number")
			case old.EndedOn.IsZero():
				return nil, ErrMandate
			}
		}
		ids, err := tx.NewIDs(ctx, 1)
		if err != nil {
			return nil, err
		}
		m.ID = ids[0]
		return m, tx.InsertMandates(ctx, cmd.Area, []Mandate{m})
	})
}

// findCustomer returns the mandate as it would stand, or ErrCustomer.
func findCustomer(ctx context.Context, tx Tx, by bank.Caller, cmd SignMandate) (Mandate, error) {
	areas, err := tx.AreasOf(ctx, by.Code)
	if err != nil {
		return Mandate{}, err
	}
	if !slices.Contains(areas, cmd.Area) {
		return Mandate{}, ErrCustomer
	}
	members, err := tx.Members(ctx, cmd.Area, []party.IDNumber{cmd.IDNumber}, nil)
	if err != nil {
		return Mandate{}, err
	}
	m, ok := membershipOf(members, "")
	if !ok {
		return Mandate{}, ErrCustomer
	}
	held, err := tx.Instruments(ctx, cmd.Area, []int64{m.ID}, nil)
	if err != nil {
		return Mandate{}, err
	}
	for _, i := range held {
		if i.Bank == by.Code && i.AccountNo == cmd.AccountNo {
			return Mandate{
				ID: 0, Member: i.Member, Instrument: i.ID, Bank: by.Code, Number: cmd.Number, SignedOn: cmd.SignedOn,
				EndedOn: calendar.Day{},
			}, nil
		}
	}
	return Mandate{}, ErrCustomer
}

// CancelMandate is a bank's word that a mandate ended.
type CancelMandate struct {
	Area    party.Area
	Number  string
	EndedOn calendar.Day
}

// CancelMandate ends a mandate of the bank. What was sent under it before goes
// on; nothing new is sent. Ending it again on the same day changes nothing. It
// answers with the Mandate.
func (s *Service) CancelMandate(
	ctx context.Context, r once.Request, render once.Render, by bank.Caller, cmd CancelMandate,
) (once.Answer, error) {
	return once.Do(ctx, s.c.Store.InTx, r, render, func(tx Tx) (any, error) {
		stored, err := tx.Mandates(ctx, cmd.Area, nil, []BankNumber{{by.Code, cmd.Number}})
		if err != nil {
			return nil, err
		}
		if len(stored) == 0 {
			return nil, ErrNoMandate
		}
		m := stored[0]
		switch {
		case m.EndedOn == cmd.EndedOn && !m.EndedOn.IsZero():
			return m, nil
		case !m.EndedOn.IsZero():
			return nil, ErrEnded
		case cmd.EndedOn.Before(m.SignedOn) || cmd.EndedOn.After(s.c.Today()):
			return nil, ErrEndDay.On("ended_on")
		}
		m.EndedOn = cmd.EndedOn
		return m, tx.EndMandate(ctx, cmd.Area, m)
	})
}

// Lookup asks for a customer by id number.
type Lookup struct {
	IDNumber party.IDNumber
	// Area is 0 for every area that registered the bank.
	Area party.Area
	// Year is 0 for the year of today.
	Year int
}

// Customer is a member as one of their banks may see them. Name and account
// print masked.
type Customer struct {
	Area    party.Area
	Member  int64
	Name    party.Name
	Account party.AccountNo
	// Mandate is the number of the mandate that holds at this bank, or empty.
	Mandate string
	Due     Due
}

// Paid says that the chosen amount stands in the book in full.
func (c Customer) Paid() bool { return c.Due.Chosen > 0 && c.Due.Posted >= c.Due.Chosen }

// Lookup returns the member in each area where the bank keeps an active account
// of theirs, with what they owe for the year. A person who is no customer of this
// bank is ErrCustomer, whether a member or not.
func (s *Service) Lookup(ctx context.Context, by bank.Caller, q Lookup) ([]Customer, error) {
	if q.Year == 0 {
		q.Year = s.c.Today().Year()
	}
	var out []Customer
	err := s.c.Store.Read(ctx, func(tx Tx) error {
		out = nil
		areas, err := tx.AreasOf(ctx, by.Code)
		if err != nil {
			return err
		}
		for _, area := range areas {
			if q.Area != 0 && q.Area != area {
				continue
			}
			c, err := customerIn(ctx, tx, area, by.Code, q)
			if err != nil {
				return err
			}
			if c.Member != 0 {
				out = append(out, c)
			}
		}
		return nil
	})
	if err == nil && len(out) == 0 {
		err = ErrCustomer
	}
	return out, err
}

// customerIn returns the customer in one area, or none with member 0.
func customerIn(ctx context.Context, tx Tx, area party.Area, code string, q Lookup) (Customer, error) {
	var none Customer
	members, err := tx.Members(ctx, area, []party.IDNumber{q.IDNumber}, nil)
	m, ok := membershipOf(members, "")
	if err != nil || !ok {
		return none, err
	}
	held, err := tx.Instruments(ctx, area, []int64{m.ID}, nil)
	if err != nil {
		return none, err
	}
	held = slices.DeleteFunc(held, func(i Instrument) bool { return i.Bank != code })
	if len(held) == 0 {
		return none, nil
	}
	account := held[0].AccountNo
	mandates, err := tx.Mandates(ctx, area, []int64{m.ID}, nil)
	if err != nil {
		return none, err
	}
	number := ""
	for _, mandate := range mandates {
		for _, i := range held {
			if mandate.Bank == code && mandate.Instrument == i.ID {
				number, account = mandate.Number, i.AccountNo
			}
		}
	}
	dues, err := tx.Dues(ctx, area, []int64{m.ID}, q.Year)
	if err != nil {
		return none, err
	}
	return Customer{Area: area, Member: m.ID, Name: m.Name, Account: account, Mandate: number, Due: dues[0]}, nil
}

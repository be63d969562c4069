package lifeevent

import (
	"context"
	"fmt"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

// ErrDeparture is returned for a departure that is not complete.
var ErrDeparture = fault.New(fault.Invalid, "departure_invalid", "the departure is not complete")

// Departure is a member who leaves the country for good, or gives the nationality up.
type Departure struct {
	Area       party.Area
	ID, Member int64
	Reason     EndReason
	LeftOn     calendar.Day
	Document   string
	MadeBy     string
	MadeAt     time.Time
	MadeOn     calendar.Day
	// Decision is the last request about it and State where that stands. Held is what the
	// account holds and Balance what of it is paid: when it is asked for, and what was decided
	// from then on.
	Decision      int64
	State         string
	Held, Balance money.Amount
	SocialNo      string
	Name          party.Name
}

// DepartureFilter narrows a list of departures.
type DepartureFilter struct {
	Area   party.Area
	ID     int64
	Member int64
	After  int64
	Limit  int
}

// DepartureTx reads and stores departures.
type DepartureTx interface {
	// AddDeparture keeps a departure and returns its id.
	AddDeparture(ctx context.Context, d Departure) (int64, error)
	// Departures lists departures by rising id.
	Departures(ctx context.Context, f DepartureFilter) ([]Departure, error)
	// Depart keeps what is paid to who departs, with its due; ErrEnded for a second time.
	Depart(ctx context.Context, d Departure, today calendar.Day, decision int64, by string) error
}

// AskDeparture asks that a membership ends with the member's leaving, and the account is
// paid to the member. The answer's result is a Departure.
func (s *Service) AskDeparture(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, d Departure,
) (once.Answer, error) {
	switch {
	case !approval.IsLine(d.Document, maxText) || d.Document == "":
		err := ErrDeparture.With("the document is one line of 1 to 200 characters").On("document")
		return once.Answer{}, err //nolint:exhaustruct // none
	case d.LeftOn.IsZero() || d.LeftOn.After(s.today()):
		err := ErrDeparture.With("it is asked for on the day of leaving or later").On("left_on")
		return once.Answer{}, err //nolint:exhaustruct // none
	}
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		maker, err := atDesk(ctx, tx, by, approval.AgencyBusiness)
		if err != nil {
			return nil, err
		}
		d.Area, d.MadeBy, d.MadeOn = maker.Area, maker.Login, s.today()
		if _, err := departing(ctx, tx, &d, s.today()); err != nil {
			return nil, err
		}
		if d.ID, err = tx.AddDeparture(ctx, d); err != nil {
			return nil, err
		}
		if err := askTransfer(ctx, tx, by, s.today(), d.ID, d.Document); err != nil {
			return nil, err
		}
		held, balance := d.Held, d.Balance
		if d, _, err = departureOf(ctx, tx, d.Area, d.ID); err != nil {
			return nil, err
		}
		d.Held, d.Balance = held, balance
		return d, nil
	})
}

// departing tells what is paid to who departs, by the rule of inheritance of the day of
// leaving: the account was theirs. Nothing is drawn from it until the transaction ends.
func departing(ctx context.Context, tx Tx, d *Departure, today calendar.Day) (l Leaving, err error) {
	if err := tx.HoldMember(ctx, d.Area); err != nil {
		return l, err
	}
	if l, err = tx.LeavingOf(ctx, d.Area, d.Member, today); err != nil {
		return l, err
	}
	if err := l.mayLeave(); err != nil {
		return l, err
	}
	rules, err := tx.Rules(ctx, d.Area)
	if err != nil {
		return l, err
	}
	theirs, err := HeirsOf(rules, &Estate{Held: l.Held, Died: d.LeftOn}) //nolint:exhaustruct // the balance alone
	if err != nil {
		return l, err
	}
	d.Held, d.Balance = l.Held.Total(), theirs.Total()
	return l, nil
}

// departureOf returns a departure, and false where the id is of none.
func departureOf(ctx context.Context, tx Tx, area party.Area, id int64) (d Departure, ok bool, err error) {
	list, err := tx.Departures(ctx, DepartureFilter{Area: area, ID: id, Member: 0, After: 0, Limit: 1})
	if err != nil || len(list) == 0 {
		return d, false, err
	}
	return list[0], true, nil
}

func (d *Departure) about(l *Leaving) string {
	return fmt.Sprintf("departure %d of member %d, %s on %s, by %s: %s of %s held are paid to the member, and a "+
		"pension of %s a month ends", d.ID, d.Member, d.Reason, d.LeftOn, d.Document, d.Balance, d.Held, l.Monthly)
}

// enterDeparture ends the membership of who departs, with the due of the account.
func enterDeparture(ctx context.Context, tx Tx, d *Departure, r casework.Request, today calendar.Day) error {
	l, err := departing(ctx, tx, d, today)
	if err != nil {
		return err
	}
	if err := tx.Depart(ctx, *d, today, r.ID, r.Maker); err != nil {
		return err
	}
	err = tx.EndMember(ctx, End{
		Area: d.Area, Member: d.Member, Reason: d.Reason, On: today, From: l.fromMonth(today), Source: d.ID,
		Decision: r.ID, By: r.Maker,
	})
	if err != nil {
		return err
	}
	// What was paid since the member left is told at once.
	_, err = tx.OpenRecoveries(ctx, d.Area, today, []int64{d.Member})
	return err
}

// Departures lists departures of the officer's area by rising id.
func (s *Service) Departures(ctx context.Context, by approval.Officer, f DepartureFilter) ([]Departure, error) {
	if err := mayLook(by, false); err != nil {
		return nil, err
	}
	f.Area, f.Limit = by.Area, pageOf(f.Limit)
	var list []Departure
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		list, err = tx.Departures(ctx, f)
		return err
	})
	return list, err
}

package lifeevent

import (
	"context"
	"fmt"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/fault"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

// ErrReturn is returned for a return that is not complete.
var ErrReturn = fault.New(fault.Invalid, "member_return_invalid", "the return of a member is not complete")

// Return is somebody who left, by a transfer or for good, and is to be a member again.
type Return struct {
	Area       party.Area
	ID, Member int64
	Document   string
	MadeBy     string
	MadeAt     time.Time
	MadeOn     calendar.Day
	// Decision is the last request about it and State where that stands.
	Decision int64
	State    string
	// ReturnedOn is the day on which two people had decided it, or no day.
	ReturnedOn calendar.Day
	SocialNo   string
	Name       party.Name
}

// ReturnFilter narrows a list of returns.
type ReturnFilter struct {
	Area   party.Area
	ID     int64
	Member int64
	After  int64
	Limit  int
}

// mayReturn says why nobody comes back, or nil. It is pure.
func (l *Leaving) mayReturn() error {
	switch {
	case !l.Died.IsZero():
		return ErrDead
	case l.Ended.IsZero():
		return ErrNotEnded
	case l.OnTheWay != "":
		return ErrOnTheWay.With("%s is on its way: wait until it is booked", l.OnTheWay)
	}
	return nil
}

// AskReturn asks that a member who left is one again. The answer's result is a Return.
func (s *Service) AskReturn(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, back Return,
) (once.Answer, error) {
	if !approval.IsLine(back.Document, maxText) || back.Document == "" {
		err := ErrReturn.With("the document is one line of 1 to 200 characters").On("document")
		return once.Answer{}, err //nolint:exhaustruct // none
	}
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		maker, err := atDesk(ctx, tx, by, approval.AgencyBusiness)
		if err != nil {
			return nil, err
		}
		back.Area, back.MadeBy, back.MadeOn = maker.Area, maker.Login, s.today()
		if _, err := returning(ctx, tx, &back, s.today()); err != nil {
			return nil, err
		}
		if back.ID, err = tx.AddReturn(ctx, back); err != nil {
			return nil, err
		}
		if err := askTransfer(ctx, tx, by, s.today(), back.ID, back.Document); err != nil {
			return nil, err
		}
		back, _, err = returnOf(ctx, tx, back.Area, back.ID)
		return back, err
	})
}

// returning says what ended the membership of who comes back, or why they cannot.
func returning(ctx context.Context, tx Tx, back *Return, today calendar.Day) (l Leaving, err error) {
	if err := tx.HoldMember(ctx, back.Area); err != nil {
		return l, err
	}
	if l, err = tx.LeavingOf(ctx, back.Area, back.Member, today); err != nil {
		return l, err
	}
	return l, l.mayReturn()
}

// returnOf returns a return, and false where the id is of none.
func returnOf(ctx context.Context, tx Tx, area party.Area, id int64) (back Return, ok bool, err error) {
	list, err := tx.Returns(ctx, ReturnFilter{Area: area, ID: id, Member: 0, After: 0, Limit: 1})
	if err != nil || len(list) == 0 {
		return back, false, err
	}
	return list[0], true, nil
}

func (r *Return) about(l *Leaving) string {
	return fmt.Sprintf("return %d of member %d, by %s: the membership that ended on %s lives again, with an account "+
		"of %s and no paid year", r.ID, r.Member, r.Document, l.Ended, l.Held.Total())
}

// enterReturn ends the end of a membership.
func enterReturn(ctx context.Context, tx Tx, back *Return, r casework.Request, today calendar.Day) error {
	if _, err := returning(ctx, tx, back, today); err != nil {
		return err
	}
	return tx.ReturnMember(ctx, Returned{
		Area: back.Area, Member: back.Member, Reason: CameBack, On: today, Source: back.ID, Decision: r.ID, By: r.Maker,
	})
}

// Returns lists returns of the officer's area by rising id.
func (s *Service) Returns(ctx context.Context, by approval.Officer, f ReturnFilter) ([]Return, error) {
	if err := mayLook(by, false); err != nil {
		return nil, err
	}
	f.Area, f.Limit = by.Area, pageOf(f.Limit)
	var list []Return
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		list, err = tx.Returns(ctx, f)
		return err
	})
	return list, err
}

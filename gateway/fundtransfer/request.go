package fundtransfer

import (
	"context"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

// Ask is what the agency's finance office asks the finance bureau for: money for
// one month's benefits on one expenditure account.
type Ask struct {
	Account int64
	Month   calendar.Month
	Amount  money.Amount
	// NeededBy is the day on which the money must stand there, today or later.
	NeededBy calendar.Day
	// Document names the payment approval form.
	Document string
}

// Request is an Ask as it was made. It never changes; allocations name it.
type Request struct {
	Ask

	Area        party.Area
	ID          int64
	Scheme      ledger.Scheme
	RequestedBy string
	RequestedAt time.Time
	// Allocated was booked by allocations that name the request.
	Allocated money.Amount
}

// Open is what is still asked for; never below zero.
func (r Request) Open() money.Amount { return max(0, r.Amount-r.Allocated) }

// The refusals of funding requests.
var (
	ErrRequest      = fault.New(fault.Unprocessable, "funding_request_invalid", "the funding request is not complete")
	ErrNoRequest    = fault.New(fault.NotFound, "funding_request_not_found", "there is no such funding request")
	ErrOtherRequest = fault.New(fault.Unprocessable, "funding_request_differs",
		"the allocation does not go to the account of the funding request").On("funding_request")
	ErrOverRequest = fault.New(fault.Unprocessable, "funding_request_exceeded",
		"the allocation is more than the funding request still asks for").On("amount")
)

// Requests keep what was asked for.
type Requests interface {
	// AddRequest stores a request and returns it with id and instant.
	AddRequest(ctx context.Context, r Request, day calendar.Day) (Request, error)
	// FindRequest returns ErrNoRequest for another area's id.
	FindRequest(ctx context.Context, area party.Area, id int64) (Request, error)
	// LockRequest makes the allocations of one request wait for each other.
	LockRequest(ctx context.Context, area party.Area, id int64) error
	ListRequests(ctx context.Context, f RequestFilter) ([]Request, error)
}

// RequestFilter narrows a list of funding requests.
type RequestFilter struct {
	Area party.Area
	// Account is 0 for all; Open leaves in what is not allocated in full, Allocated
	// what is.
	Account         int64
	Open, Allocated bool
	// After is the id that the page before ended with, or 0.
	After int64
	Limit int
}

func (a Ask) check(today calendar.Day) error {
	bad := func(field, text string) error { return ErrRequest.With("%s", text).On(field) }
	switch {
	case a.Month.IsZero():
		return bad("month", "the month that is paid for is needed")
	case a.Amount <= 0 || a.Amount > money.Max:
		return bad("amount", "an amount above zero is needed")
	case a.NeededBy.Before(today):
		return bad("effective_on", "the day by which the money is needed is today or later")
	case !approval.IsLine(a.Document, maxDocument) || a.Document == "":
		return bad("document", "the document is one line of 1 to 200 characters")
	}
	return nil
}

// Request asks the finance bureau for an allocation. A maker of agency finance
// asks, for an expenditure account of the area. Nothing is booked: the bureau
// allocates by a transfer that may name the request. The answer's result is a
// Request.
func (s *Service) Request(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, ask Ask,
) (once.Answer, error) {
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		if err := ask.check(s.today()); err != nil {
			return nil, err
		}
		maker, err := tx.Standing(ctx, by.Login)
		if err != nil {
			return nil, err
		}
		if !maker.Has(approval.Maker, approval.AgencyFinance) {
			return nil, approval.ErrDuty.With("a maker of agency finance asks for an allocation")
		}
		account, err := tx.LoadFundAccount(ctx, maker.Area, ask.Account)
		if err != nil {
			return nil, err
		}
		if account.Role != ledger.Expenditure {
			return nil, ErrRequest.With("an allocation goes to an expenditure account").On("to_account")
		}
		return tx.AddRequest(ctx, Request{
			Ask: ask, Area: maker.Area, ID: 0, Scheme: account.Scheme, RequestedBy: maker.Login,
			RequestedAt: time.Time{}, Allocated: 0,
		}, s.today())
	})
}

// checkRequest proves that an allocation serves the request that it names, and
// takes no more than that still asks for. Two bookings for one request wait for
// each other.
func checkRequest(ctx context.Context, tx Tx, area party.Area, i Instruction, booking bool) error {
	if booking {
		if err := tx.LockRequest(ctx, area, i.Request); err != nil {
			return err
		}
	}
	r, err := tx.FindRequest(ctx, area, i.Request)
	switch {
	case err != nil:
		return err
	case r.Account != i.To:
		return ErrOtherRequest
	case i.Amount > r.Open():
		return ErrOverRequest.With("funding request %d still asks for %s", r.ID, r.Open())
	}
	return nil
}

// mayReadRequests adds the agency's business desk, which plans the month's payments,
// to those who see transfers.
func mayReadRequests(by approval.Officer) error {
	if by.Organisation == approval.AgencyBusiness {
		return nil
	}
	return mayRead(by)
}

// Requests returns funding requests of the officer's area by rising id.
func (s *Service) Requests(ctx context.Context, by approval.Officer, f RequestFilter) ([]Request, error) {
	if err := mayReadRequests(by); err != nil {
		return nil, err
	}
	f.Area = by.Area
	if f.Limit < 1 || f.Limit > maxPage {
		f.Limit = maxPage
	}
	var list []Request
	err := s.store.Read(ctx, func(tx Tx) error {
		var err error
		list, err = tx.ListRequests(ctx, f)
		return err
	})
	return list, err
}

// FindRequest returns one funding request of the officer's area.
func (s *Service) FindRequest(ctx context.Context, by approval.Officer, id int64) (Request, error) {
	if err := mayReadRequests(by); err != nil {
		return Request{}, err
	}
	var r Request
	err := s.store.Read(ctx, func(tx Tx) error {
		var err error
		r, err = tx.FindRequest(ctx, by.Area, id)
		return err
	})
	return r, err
}

// AskedFor returns what the open requests still ask for, by expenditure account
// of the officer's area.
func (s *Service) AskedFor(ctx context.Context, by approval.Officer) (map[int64]money.Amount, error) {
	asked := make(map[int64]money.Amount)
	for after := int64(0); ; {
		list, err := s.Requests(ctx, by, RequestFilter{
			Area: by.Area, Account: 0, Open: true, Allocated: false, After: after, Limit: maxPage,
		})
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			asked[r.Account] += r.Open()
			after = r.ID
		}
		if len(list) < maxPage {
			return asked, nil
		}
	}
}

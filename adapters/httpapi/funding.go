package httpapi

import (
	"context"
	"net/http"
	"time"

	"twoline/gateway/fundtransfer"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
)

// fundingRoutes show what the agency asked the finance bureau to allocate, and how
// much of it came; it asks by POST /v1/fund-transfers.
func (s *Server) fundingRoutes() {
	if s.deps.Transfers == nil {
		return
	}
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/funding-requests", Summary: "Funding requests in rising order", Who: readers(),
	}, s.fundingRequests)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/funding-requests/{id}", Summary: "One funding request", Who: readers(),
	}, s.fundingRequest)
}

// FundingRequest is what was asked for, and how much of it came.
type FundingRequest struct {
	ID          ID        `json:"id"`
	Scheme      string    `json:"scheme"`
	Month       Month     `json:"month"        doc:"The month that is paid for"`
	Account     ID        `json:"account_id"   doc:"The expenditure account"`
	Amount      Yuan      `json:"amount"`
	NeededBy    Day       `json:"needed_by"`
	Document    string    `json:"document"     doc:"The payment approval form"`
	RequestedBy string    `json:"requested_by"`
	RequestedAt time.Time `json:"requested_at"`
	Allocated   Yuan      `json:"allocated"    doc:"Booked by allocations that name the request"`
	Open        Yuan      `json:"open"         doc:"Still asked for"`
}

func viewFundingRequest(r fundtransfer.Request) FundingRequest {
	return FundingRequest{
		ID: NewID(r.ID), Scheme: string(r.Scheme), Month: Month{r.Month}, Account: NewID(r.Account),
		Amount: NewYuan(r.Amount), NeededBy: NewDay(r.NeededBy), Document: r.Document, RequestedBy: r.RequestedBy,
		RequestedAt: r.RequestedAt, Allocated: NewYuan(r.Allocated), Open: NewYuan(r.Open()),
	}
}

// requestFunding asks for money by POST /v1/fund-transfers.
func (s *Server) requestFunding(ctx context.Context, c Call, in *transferCommand) (once.Answer, error) {
	b := &in.Body
	none := once.Answer{} //nolint:exhaustruct // none
	switch {
	case b.To == nil:
		return none, fundtransfer.ErrRequest.With("the expenditure account is needed").On("to_account")
	case b.Month == nil:
		return none, fundtransfer.ErrRequest.With("the month that is paid for is needed").On("month")
	case b.From != nil || b.Purpose != "" || b.BankReference != "" || b.MaturesOn != nil || b.Rate != "" ||
		b.Deposit != nil || b.Interest != nil || b.Request != nil:
		return none, fundtransfer.ErrRequest.With("a funding request has to_account, amount, month, effective_on and document").
			On("kind")
	}
	amount, err := money.Parse(b.Amount)
	if err != nil {
		return none, fundtransfer.ErrRequest.With("the amount is yuan with two decimals").On("amount")
	}
	return s.deps.Transfers.Request(ctx, c.Request, c.Render, c.Officer, fundtransfer.Ask{
		Account: b.To.Int64(), Month: b.Month.month, Amount: amount, NeededBy: b.EffectiveOn.Day, Document: b.Document,
	})
}

type fundingRequestsQuery struct {
	Paging

	Account string `query:"account_id" pattern:"^[1-9][0-9]{0,18}$" doc:"One expenditure account; absent is all"`
	Status  string `query:"status" enum:"open,allocated" doc:"open is not allocated in full"`
}

func (s *Server) fundingRequests(
	ctx context.Context, c Call, in *fundingRequestsQuery,
) (Page[FundingRequest], error) {
	none := Page[FundingRequest]{} //nolint:exhaustruct // none
	after, err := in.After()
	if err != nil {
		return none, err
	}
	f := fundtransfer.RequestFilter{
		Area: c.area(), Account: 0, Open: in.Status == "open", Allocated: in.Status == "allocated", After: after,
		Limit: in.Limit + 1,
	}
	if in.Account != "" {
		if f.Account, err = idIn(in.Account, "account_id"); err != nil {
			return none, err
		}
	}
	list, err := s.deps.Transfers.Requests(ctx, c.Officer, f)
	return NewPage(list, in.Limit, func(r fundtransfer.Request) int64 { return r.ID }, viewFundingRequest), err
}

type fundingRequestQuery struct {
	ID ID `path:"id"`
}

func (s *Server) fundingRequest(ctx context.Context, c Call, in *fundingRequestQuery) (FundingRequest, error) {
	r, err := s.deps.Transfers.FindRequest(ctx, c.Officer, in.ID.Int64())
	return viewFundingRequest(r), err
}

// asked adds to the expenditure accounts what the open requests still ask for.
func (s *Server) asked(ctx context.Context, c Call, accounts []FundAccount) error {
	if s.deps.Transfers == nil {
		return nil
	}
	sums, err := s.deps.Transfers.AskedFor(ctx, c.Officer)
	if err != nil {
		return err
	}
	for i, a := range accounts {
		if a.Role == string(ledger.Expenditure) {
			accounts[i].AskedFor = &Yuan{sums[a.ID.Int64()]}
		}
	}
	return nil
}

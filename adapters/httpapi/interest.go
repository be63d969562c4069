package httpapi

import (
	"context"
	"encoding/hex"
	"net/http"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/ledger"
	"twoline/gateway/once"
	"twoline/gateway/personal"
)

// interestRoutes are the yearly interest on members' personal accounts.
func (s *Server) interestRoutes() {
	if s.deps.Personal == nil {
		return
	}
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/interest-runs", Status: 201,
		Summary: "Reckon a year's interest of every personal account of a scheme",
		Description: "Of a year that is over, from the book: what stood on an account at its beginning and what moved it " +
			"since. A run puts to each account what the year gives beyond what stands of it already, so the final run takes " +
			"the difference to the provisional one, and a correction what was booked late for the year. Nothing is posted " +
			"before a checker of the business office approved the decision; then it is effective on 31 December.",
		Who: Officers(approval.Maker, approval.AgencyBusiness), Deadline: monthsWork,
	}, viewInterestRun, s.askInterest)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/interest-runs", Summary: "Interest runs in rising order", Who: readers(),
	}, s.interestRuns)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/interest-runs/{id}", Summary: "One interest run, and how far it is posted",
		Who: readers(),
	}, s.interestRun)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/interest-runs/{id}/lines", Summary: "Its lines by member",
		Description: "amount is what the run posts; below zero it is taken back.", Who: readers(),
	}, s.interestLines)
}

// InterestRun is a year's interest on the wire.
type InterestRun struct {
	ID           ID        `json:"id"`
	Scheme       string    `json:"scheme"               enum:"resident,rural,urban,land_lost"`
	Year         int       `json:"year"`
	Rate         string    `json:"rate"                 enum:"provisional,final"`
	Round        int       `json:"round"                doc:"0 is the run itself, from 1 on its corrections"`
	Correction   string    `json:"correction,omitempty" doc:"What a correction rests on"`
	Percent      string    `json:"percent"              doc:"The year's rate"`
	RateDocument string    `json:"rate_document"        doc:"Where it is written"`
	RateRound    int       `json:"rate_round,omitzero"  doc:"From 1 on the rate superseded another of its first day, as /v1/policies/history tells"`
	Accounts     int       `json:"accounts"`
	Interest     Yuan      `json:"interest"             doc:"What the year gives"`
	Before       Yuan      `json:"before"               doc:"What stood of it in the book"`
	Rise         Yuan      `json:"rise"                 doc:"Put to accounts"`
	Fall         Yuan      `json:"fall"                 doc:"Taken back from accounts, in red"`
	LeftOver     Yuan      `json:"left_over"            doc:"Would be taken back, and the accounts do not hold it any more"`
	Digest       string    `json:"lines_digest"         doc:"SHA-256 over the lines, hex"`
	AskedBy      string    `json:"asked_by"`
	AskedAt      time.Time `json:"asked_at"`
	BusinessDay  Day       `json:"business_day"`
	Decision     ID        `json:"decision_id"          doc:"Approve it at /v1/decisions/{id}/approve"`
	Status       string    `json:"status"               enum:"submitted,approved,rejected,withdrawn,posted"`
	Posted       int       `json:"posted"               doc:"Accounts that are posted so far"`
}

func viewInterestRun(r personal.InterestRun) InterestRun {
	out := InterestRun{
		ID: NewID(r.ID), Scheme: string(r.Scheme), Year: r.Year, Rate: string(r.Rate), Round: r.Round,
		Correction: r.Correction, Percent: r.Percent, RateDocument: r.RateDocument, RateRound: r.RateRound, Accounts: r.Sums.Lines,
		Interest: NewYuan(r.Sums.Interest), Before: NewYuan(r.Sums.Before), Rise: NewYuan(r.Sums.Rise),
		Fall: NewYuan(r.Sums.Fall), LeftOver: NewYuan(r.Sums.LeftOver), Digest: hex.EncodeToString(r.Digest[:]),
		AskedBy: r.AskedBy, AskedAt: r.AskedAt, BusinessDay: NewDay(r.Day), Decision: NewID(r.Decision),
		Status: string(r.State), Posted: r.Progress.Count,
	}
	if r.Progress.Done {
		out.Status = "posted"
	}
	return out
}

type askInterestCommand struct {
	Body struct {
		Scheme     string `json:"scheme"               enum:"resident,rural,urban,land_lost"`
		Year       int    `json:"year"                 minimum:"2009" maximum:"2199"`
		Rate       string `json:"rate"                 enum:"provisional,final"`
		Correction string `json:"correction,omitempty" maxLength:"200" doc:"Only where the year has its run: what it is reckoned again by"`
	}
}

func (s *Server) askInterest(ctx context.Context, c Call, in *askInterestCommand) (once.Answer, error) {
	return s.deps.Personal.AskInterest(ctx, c.Request, c.Render, c.Officer, personal.InterestOrder{
		Scheme: ledger.Scheme(in.Body.Scheme), Year: in.Body.Year, Rate: personal.Rate(in.Body.Rate),
		Correction: in.Body.Correction,
	})
}

type interestRunsQuery struct {
	Paging

	Scheme string `query:"scheme" enum:"resident,rural,urban,land_lost"`
	Year   int    `query:"year"   minimum:"2009"                        maximum:"2199"`
}

func (s *Server) interestRuns(ctx context.Context, c Call, in *interestRunsQuery) (Page[InterestRun], error) {
	after, err := in.After()
	if err != nil {
		return Page[InterestRun]{}, err //nolint:exhaustruct // none
	}
	list, err := s.deps.Personal.InterestRuns(ctx, c.Officer, personal.RunFilter{ //nolint:exhaustruct // the service's
		Scheme: ledger.Scheme(in.Scheme), Year: in.Year, After: after, Limit: in.Limit + 1,
	})
	return NewPage(list, in.Limit, func(r personal.InterestRun) int64 { return r.ID }, viewInterestRun), err
}

type interestRunQuery struct {
	ID ID `path:"id"`
}

func (s *Server) interestRun(ctx context.Context, c Call, in *interestRunQuery) (InterestRun, error) {
	run, err := s.deps.Personal.InterestRun(ctx, c.Officer, in.ID.Int64())
	return viewInterestRun(run), err
}

// InterestLine is a member's interest of a year on the wire.
type InterestLine struct {
	Member   ID     `json:"member_id"`
	Opening  Yuan   `json:"opening"   doc:"At the year's beginning"`
	PaidIn   Yuan   `json:"paid_in"`
	PaidOut  Yuan   `json:"paid_out"`
	Interest Yuan   `json:"interest"  doc:"What the year gives"`
	Before   Signed `json:"before"    doc:"What stood of it in the book"`
	Amount   Signed `json:"amount"    doc:"What the run posts"`
	LeftOver Yuan   `json:"left_over"`
}

type interestLinesQuery struct {
	Paging

	ID ID `path:"id"`
}

func (s *Server) interestLines(ctx context.Context, c Call, in *interestLinesQuery) (Page[InterestLine], error) {
	after, err := in.After()
	if err != nil {
		return Page[InterestLine]{}, err //nolint:exhaustruct // none
	}
	list, err := s.deps.Personal.InterestLines(ctx, c.Officer, in.ID.Int64(), after, in.Limit+1)
	return NewPage(list, in.Limit, func(l personal.InterestLine) int64 { return l.Member }, viewInterestLine), err
}

func viewInterestLine(l personal.InterestLine) InterestLine {
	return InterestLine{
		Member: NewID(l.Member), Opening: NewYuan(l.Opening), PaidIn: NewYuan(l.PaidIn), PaidOut: NewYuan(l.PaidOut),
		Interest: NewYuan(l.Interest), Before: Signed{l.Before}, Amount: Signed{l.Amount}, LeftOver: NewYuan(l.LeftOver),
	}
}

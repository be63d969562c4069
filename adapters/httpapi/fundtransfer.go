package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/shopspring/decimal"

	"twoline/gateway/approval"
	"twoline/gateway/fundtransfer"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
)

// transferRoutes are the moves along the two lines: made by one person, checked
// by another.
func (s *Server) transferRoutes() {
	if s.deps.Transfers == nil {
		return
	}
	in := []approval.Organisation{approval.AgencyFinance, approval.FinanceBureau}
	makers, checkers := Officers(approval.Maker, in...), Officers(approval.Checker, in...)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/fund-transfers", Summary: "Submit a two-line move", Status: 201,
		Who: makers,
		Description: "Agency finance moves what leaves the income and the expenditure account, the finance bureau " +
			"the rest. What the two lines forbid is refused here already; nothing is booked before it is approved. A " +
			"funding_request asks the bureau for one month's money on an expenditure account, by effective_on: nothing is " +
			"booked by it; the allocation, which may name it, has two people of its own.",
	}, viewMove, s.submitTransfer)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/fund-transfers/{id}/approve", Summary: "Approve its digest and book it",
		Description: "By a checker who is another person than the maker. Approval and booking are one.", Who: checkers,
	}, viewTransfer, s.approveTransfer)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/fund-transfers/{id}/reject", Summary: "End it without a booking",
		Who: checkers,
	}, viewTransfer, s.rejectTransfer)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/fund-transfers/{id}/withdraw", Summary: "Take it back, by its maker",
		Who: makers.Or(checkers),
	}, viewTransfer, s.withdrawTransfer)
	all := append(in, approval.Auditor)
	read := Officers(approval.Maker, all...).Or(Officers(approval.Checker, all...)).
		Or(Officers(approval.Releaser, all...)).Or(Officers(approval.Viewer, all...))
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/fund-transfers", Summary: "Two-line moves in rising order", Who: read,
	}, s.transfers)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/fund-transfers/{id}", Summary: "One two-line move", Who: read,
	}, s.transfer)
}

// Transfer is a two-line move on the wire.
type Transfer struct {
	ID            ID        `json:"id"`
	Scheme        string    `json:"scheme"`
	Kind          string    `json:"kind"`
	From          ID        `json:"from_account,omitzero" doc:"Absent where the money comes from outside the fund"`
	To            ID        `json:"to_account,omitzero"   doc:"Absent where the money leaves the fund"`
	Amount        string    `json:"amount"                doc:"Yuan with two decimals, or all"`
	Purpose       string    `json:"purpose,omitempty"`
	EffectiveOn   Day       `json:"effective_on"`
	Document      string    `json:"document"`
	BankReference string    `json:"bank_reference,omitempty"`
	MaturesOn     *Day      `json:"matures_on,omitempty"`
	Rate          string    `json:"rate,omitempty"`
	Deposit       ID        `json:"deposit_id,omitzero"`
	Interest      *Yuan     `json:"interest,omitempty"`
	Request       ID        `json:"funding_request,omitzero" doc:"The funding request that an allocation serves"`
	Month         *Month    `json:"month,omitempty"       doc:"Of a funding request: the month that is paid for"`
	Digest        string    `json:"digest,omitempty"      doc:"SHA-256 of the above, hex: what is approved; a funding request has none"`
	Maker         string    `json:"maker"`
	MadeAt        time.Time `json:"made_at"`
	Status        string    `json:"status"                enum:"submitted,booked,rejected,withdrawn,requested"`
	Moved         *Yuan     `json:"moved,omitempty"       doc:"What was booked"`
}

const (
	wholeBalance = "all"
	// kindRequest is no move: it asks for one.
	kindRequest = "funding_request"
)

// viewMove shows what a submission made: a move, or a request for one.
func viewMove(made any) Transfer {
	switch v := made.(type) {
	case fundtransfer.Transfer:
		return viewTransfer(v)
	case fundtransfer.Request:
		return Transfer{ //nolint:exhaustruct // what is absent is left out
			ID: NewID(v.ID), Scheme: string(v.Scheme), Kind: kindRequest, To: NewID(v.Account), Amount: v.Amount.String(),
			EffectiveOn: NewDay(v.NeededBy), Document: v.Document, Month: &Month{v.Month}, Maker: v.RequestedBy,
			MadeAt: v.RequestedAt, Status: "requested",
		}
	}
	panic("a submission makes a move or a request")
}

func viewTransfer(t fundtransfer.Transfer) Transfer {
	out := Transfer{ //nolint:exhaustruct // what is absent is left out
		ID: NewID(t.ID), Scheme: string(t.Scheme), Kind: string(t.Kind), From: NewID(t.From), To: NewID(t.To),
		Amount: t.Amount.String(), Purpose: string(t.Purpose), EffectiveOn: NewDay(t.EffectiveOn), Document: t.Document,
		BankReference: t.BankReference, Deposit: NewID(t.Deposit), Request: NewID(t.Request), Digest: hex.EncodeToString(t.Digest[:]),
		Maker: t.Maker, MadeAt: t.MadeAt, Status: t.State.String(),
	}
	if t.All {
		out.Amount = wholeBalance
	}
	if !t.MaturesOn.IsZero() {
		out.MaturesOn, out.Rate = &Day{t.MaturesOn}, t.Rate.String()
	}
	if t.Deposit != 0 {
		out.Interest = &Yuan{t.Interest}
	}
	if t.State == fundtransfer.Booked {
		out.Moved = &Yuan{t.Moved}
	}
	return out
}

type transferCommand struct {
	Body struct {
		Kind string `json:"kind" enum:"sweep,allocation,treasury_handover,subsidy,donation,interest,interest_handover,deposit_placement,deposit_maturity,loan,loan_repayment,remittance_received,remittance_made,funding_request"`
		// One of the two is left out where the money comes from or goes to outside.
		From   *ID    `json:"from_account,omitempty" doc:"The fund account that the money leaves"`
		To     *ID    `json:"to_account,omitempty"   doc:"The fund account that the money enters"`
		Amount string `json:"amount" doc:"Yuan with two decimals; all for a sweep of what stands there when it is booked" pattern:"^(all|(0|[1-9][0-9]{0,12})\\.[0-9]{2})$"`

		Purpose       string `json:"purpose,omitempty"        enum:"base_pension,contribution,unspecified"`
		EffectiveOn   Day    `json:"effective_on"             doc:"The day the money moved at the bank; of a funding request, the day by which it is needed"`
		Document      string `json:"document"                 doc:"The voucher or request" maxLength:"200"`
		BankReference string `json:"bank_reference,omitempty" maxLength:"64"`
		MaturesOn     *Day   `json:"matures_on,omitempty"     doc:"When a deposit that is placed matures"`
		Rate          string `json:"rate,omitempty"           doc:"Yearly, as 0.0275" pattern:"^0(\\.[0-9]{1,6})?$"`
		Deposit       *ID    `json:"deposit_id,omitempty"     doc:"The move that placed the deposit which matures"`
		Interest      *Yuan  `json:"interest,omitempty"       doc:"What the bank adds to it"`
		Month         *Month `json:"month,omitempty"          doc:"Of a funding request: the month that is paid for"`
		Request       *ID    `json:"funding_request,omitempty" doc:"The funding request that an allocation serves"`
	}
}

func (in *transferCommand) instruction() (fundtransfer.Instruction, error) {
	b := &in.Body
	i := fundtransfer.Instruction{ //nolint:exhaustruct // filled below
		Kind: ledger.Kind(b.Kind), Purpose: fundtransfer.Purpose(b.Purpose), EffectiveOn: b.EffectiveOn.Day,
		Document: b.Document, BankReference: b.BankReference,
	}
	for _, id := range []struct {
		from *ID
		to   *int64
	}{{b.From, &i.From}, {b.To, &i.To}, {b.Deposit, &i.Deposit}, {b.Request, &i.Request}} {
		if id.from != nil {
			*id.to = id.from.Int64()
		}
	}
	var err error
	if i.All = b.Amount == wholeBalance; !i.All {
		if i.Amount, err = money.Parse(b.Amount); err != nil {
			return i, fundtransfer.ErrInstruction.With("the amount is yuan with two decimals, or all").On("amount")
		}
	}
	if b.MaturesOn != nil {
		i.MaturesOn = b.MaturesOn.Day
	}
	if b.Rate != "" {
		if i.Rate, err = decimal.NewFromString(b.Rate); err != nil {
			return i, fundtransfer.ErrInstruction.With("the rate is a decimal number").On("rate")
		}
	}
	if b.Interest != nil {
		i.Interest = b.Interest.Amount
	}
	return i, nil
}

func (s *Server) submitTransfer(ctx context.Context, c Call, in *transferCommand) (once.Answer, error) {
	if in.Body.Kind == kindRequest {
		return s.requestFunding(ctx, c, in)
	}
	if in.Body.Month != nil {
		return once.Answer{}, fundtransfer.ErrInstruction.With("a month belongs to a funding request").On("month") //nolint:exhaustruct // none
	}
	i, err := in.instruction()
	if err != nil {
		return once.Answer{}, err //nolint:exhaustruct // none
	}
	return s.deps.Transfers.Submit(ctx, c.Request, c.Render, c.Officer, i)
}

type verdictCommand struct {
	ID   ID `path:"id"`
	Body struct {
		Digest string `json:"digest"           doc:"The digest that was shown" pattern:"^[0-9a-f]{64}$"`
		Reason string `json:"reason,omitempty" maxLength:"200"`
	}
}

func (in *verdictCommand) verdict() (fundtransfer.Verdict, error) {
	v := fundtransfer.Verdict{ID: in.ID.Int64(), Digest: [sha256.Size]byte{}, Reason: in.Body.Reason}
	if n, err := hex.Decode(v.Digest[:], []byte(in.Body.Digest)); err != nil || n != sha256.Size {
		return v, approval.ErrDigest
	}
	return v, nil
}

func (s *Server) approveTransfer(ctx context.Context, c Call, in *verdictCommand) (once.Answer, error) {
	v, err := in.verdict()
	if err != nil {
		return once.Answer{}, err //nolint:exhaustruct // none
	}
	return s.deps.Transfers.Approve(ctx, c.Request, c.Render, c.Officer, v)
}

func (s *Server) rejectTransfer(ctx context.Context, c Call, in *verdictCommand) (once.Answer, error) {
	v, err := in.verdict()
	if err != nil {
		return once.Answer{}, err //nolint:exhaustruct // none
	}
	return s.deps.Transfers.Reject(ctx, c.Request, c.Render, c.Officer, v)
}

type transferQuery struct {
	ID ID `path:"id"`
}

func (s *Server) withdrawTransfer(ctx context.Context, c Call, in *transferQuery) (once.Answer, error) {
	return s.deps.Transfers.Withdraw(ctx, c.Request, c.Render, c.Officer, in.ID.Int64())
}

func (s *Server) transfer(ctx context.Context, c Call, in *transferQuery) (Transfer, error) {
	t, err := s.deps.Transfers.Find(ctx, c.Officer, in.ID.Int64())
	return viewTransfer(t), err
}

type transfersQuery struct {
	Paging

	Status string `query:"status" enum:"submitted,booked,rejected,withdrawn"`
}

func (s *Server) transfers(ctx context.Context, c Call, in *transfersQuery) (Page[Transfer], error) {
	after, err := in.After()
	if err != nil {
		return Page[Transfer]{}, err //nolint:exhaustruct // none
	}
	list, err := s.deps.Transfers.List(ctx, c.Officer, fundtransfer.Filter{
		Area: c.area(), State: fundtransfer.State(in.Status), After: after, Limit: in.Limit + 1,
	})
	return NewPage(list, in.Limit, func(t fundtransfer.Transfer) int64 { return t.ID }, viewTransfer), err
}

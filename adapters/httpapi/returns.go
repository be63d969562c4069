package httpapi

import (
	"context"
	"net/http"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/casework"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/gateway/once"
)

// returnRoutes are the payments that came back, and the batches that were taken
// back before the bank had them.
func (s *Server) returnRoutes() {
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/returns", Summary: "Payments that the bank gives back, by original item",
		Description: "At most 10 000 lines, of any batches of the bank. count is the number of lines, amount their sum. " +
			"A return of a success is booked at once; one whose success is not known yet waits for it. An amount that is " +
			"not the payment's, or a second return, is refused by the line.",
		Who: Banks(),
	}, viewReturned, s.returns)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/reissues", Summary: "Draft a run that pays again", Status: 201,
		Description: "What failed or was returned, of any month, by a reissue run of the current month. Whose account " +
			"was refused for good is held until the account is corrected.",
		Who: payMakers(), Deadline: monthsWork,
	}, viewDrafted, s.reissue)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/disbursement-batches/{id}/recall",
		Summary:     "Take a batch back that the bank has not acknowledged",
		Description: "Its payments are dead; a supplementary run may pay them.",
		Who:         Officers(approval.Releaser, approval.AgencyFinance),
	}, viewPayBatch, s.recall)
	if s.deps.Casework == nil {
		return
	}
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/returns/{id}/unclaimed", Status: 201,
		Summary: "Ask that what came back is never paid again",
		Description: "The person has died or has no right. When a second person of the business office has approved " +
			"it, the money that waits goes back to the expenditure in red, unless it is being paid again by then.",
		Who: payMakers(),
	}, viewDecision, s.unclaimed)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/items/{id}/paid-by-hand", Status: 201,
		Summary: "Say that a pension was paid by hand instead",
		Description: "A pensioner whom the bank's payment did not reach is paid by hand out of the same expenditure account, " +
			"the whole amount: nothing arrived, though the bank says that it paid; or it refused to pay, or gave the payment " +
			"back. When a second person of the finance office has approved it, no run pays the claim again. What the bank " +
			"still has to give back meets the payment by hand in suspense, and a case asks about it until then; what failed, " +
			"or was taken back in red, is spent by the payment by hand itself.",
		Who: Officers(approval.Maker, approval.AgencyFinance),
	}, viewDecision, s.paidByHand)
}

type returnsCommand struct {
	Body struct {
		Count   int          `json:"count"   minimum:"0"`
		Amount  Yuan         `json:"amount"`
		Returns []ReturnLine `json:"returns" nullable:"false" maxItems:"10000"`
	}
}

// ReturnLine is one payment that comes back.
type ReturnLine struct {
	ItemID        ID     `json:"item_id"        doc:"The payment that comes back"`
	Amount        Yuan   `json:"amount"`
	BankReference string `json:"bank_reference" minLength:"1" maxLength:"64" doc:"The bank's number of the credit, as the statement will show it"`
	ValueDate     Day    `json:"value_date"`
	Code          string `json:"code,omitempty" maxLength:"35" doc:"ISO 20022 reason, CNAPS2 or the bank's own code"`
	Text          string `json:"text,omitempty" maxLength:"256"`
}

func (s *Server) returns(ctx context.Context, c Call, in *returnsCommand) (once.Answer, error) {
	list := make([]disbursement.Return, len(in.Body.Returns))
	for i, r := range in.Body.Returns {
		list[i] = disbursement.Return{ //nolint:exhaustruct // the flow fills the rest
			Item: r.ItemID.Int64(), Amount: r.Amount.Amount, BankReference: r.BankReference, ValueDate: r.ValueDate.Day,
			Code: r.Code, Text: r.Text,
		}
	}
	return s.deps.Disbursement.Returns(ctx, c.Request, c.Render, 0, c.Bank, disbursement.ReturnReport{
		Count: in.Body.Count, Amount: in.Body.Amount.Amount, Returns: list,
	})
}

// ReturnsTaken is what became of the lines of a request.
type ReturnsTaken struct {
	ReceiptIDs []ID                `json:"receipt_ids" nullable:"false" doc:"One for each area that the lines are of"`
	Accepted   int                 `json:"accepted"`
	Repeated   int                 `json:"repeated"`
	Pending    int                 `json:"pending"     doc:"Kept until the payment's success is known"`
	Refused    []TakenLine         `json:"refused"     nullable:"false"`
	Batches    []DisbursementBatch `json:"batches"     nullable:"false" doc:"Those that the lines are of"`
}

func viewReturned(t disbursement.TakenReturns) ReturnsTaken {
	out := ReturnsTaken{
		ReceiptIDs: []ID{}, Accepted: t.Counts.Recorded, Repeated: t.Counts.Repeated, Pending: t.Counts.Pending,
		Refused: []TakenLine{}, Batches: []DisbursementBatch{},
	}
	for _, id := range t.Receipts {
		out.ReceiptIDs = append(out.ReceiptIDs, NewID(id))
	}
	for _, d := range t.Decisions {
		if d.Disposition == bank.Refused {
			item := NewID(d.Item)
			out.Refused = append(out.Refused, TakenLine{Line: d.Line, ItemID: &item, Code: d.Refusal, Text: d.Reason})
		}
	}
	for _, b := range t.Batches {
		out.Batches = append(out.Batches, viewPayBatch(b))
	}
	return out
}

type unclaimedCommand struct {
	ID   ID `path:"id"`
	Body struct {
		Document string `json:"document"         minLength:"1"   maxLength:"200" doc:"The paper that says why"`
		Reason   string `json:"reason,omitempty" maxLength:"200"`
	}
}

func (s *Server) unclaimed(ctx context.Context, c Call, in *unclaimedCommand) (once.Answer, error) {
	return s.deps.Casework.Ask(ctx, c.Request, c.Render, c.Officer, casework.Ask{ //nolint:exhaustruct // a return
		Kind: casework.Return, Subject: in.ID.Int64(), Word: casework.Unclaimed, Document: in.Body.Document,
		Reason: in.Body.Reason,
	})
}

type paidByHandCommand struct {
	ID   ID `path:"id" doc:"The last payment of the claim"`
	Body struct {
		BankReference string `json:"bank_reference"   minLength:"1"   maxLength:"64" doc:"The bank's number of the payment by hand, as the statement shows it"`
		ValueDate     Day    `json:"value_date"       doc:"The day on which it left the account"`
		Document      string `json:"document"         minLength:"1"   maxLength:"200" doc:"The slip that the person signed"`
		Reason        string `json:"reason,omitempty" maxLength:"200"`
	}
}

func (s *Server) paidByHand(ctx context.Context, c Call, in *paidByHandCommand) (once.Answer, error) {
	return s.deps.Casework.Ask(ctx, c.Request, c.Render, c.Officer, casework.Ask{ //nolint:exhaustruct // a payment
		Kind: casework.HandPayment, Subject: in.ID.Int64(), Word: casework.Entered, Document: in.Body.Document,
		Reason: in.Body.Reason, BankReference: in.Body.BankReference, ValueDate: in.Body.ValueDate.Day,
	})
}

type reissueCommand struct {
	Body struct {
		Scheme  string `json:"scheme"             enum:"resident,rural,urban,land_lost"`
		ItemIDs []ID   `json:"item_ids,omitempty" nullable:"false" maxItems:"1000" doc:"Only these payments; absent is all that can be paid again"`
	}
}

func (s *Server) reissue(ctx context.Context, c Call, in *reissueCommand) (once.Answer, error) {
	items := make([]int64, len(in.Body.ItemIDs))
	for i, id := range in.Body.ItemIDs {
		items[i] = id.Int64()
	}
	return s.deps.Disbursement.PayAgain(ctx, c.Request, c.Render, c.Officer, ledger.Scheme(in.Body.Scheme), items)
}

func (s *Server) recall(ctx context.Context, c Call, in *reasonCommand) (once.Answer, error) {
	return s.deps.Disbursement.Recall(ctx, c.Request, c.Render, c.Officer, in.ID.Int64(), in.Body.Reason)
}

// returnLines show what became of the lines of a receipt of returns.
func (s *Server) returnLines(ctx context.Context, r bank.Receipt, after, limit int) (Page[ReceiptLine], error) {
	lines, err := s.deps.Disbursement.ReturnLines(ctx, r, after, limit+1)
	return NewPage(lines, limit, func(d disbursement.ReturnDecision) int64 { return int64(d.Line) },
		func(d disbursement.ReturnDecision) ReceiptLine {
			item := NewID(d.Item)
			return ReceiptLine{
				Line: d.Line, ItemID: &item, Outcome: "returned", Class: string(d.Class), Code: d.Code,
				Disposition: string(d.Disposition), Refusal: d.Refusal,
			}
		}), err
}

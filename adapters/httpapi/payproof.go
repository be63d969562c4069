package httpapi

import (
	"context"
	"net/http"

	"twoline/gateway/disbursement"
)

// proofRoutes show what became of a run's people, and of one person's payments.
func (s *Server) proofRoutes() {
	Paper(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/pay-runs/{id}/proof", Summary: "The cycle proof of a released pay run",
		Description: "Each step by count and amount, each counted where the fact is written down. breaks names every " +
			"equation between them that does not hold; without one the proof holds. lists names every difference, masked; " +
			"of a long one the first thousand, and the rest by its step. statement is the same money as the reconciled " +
			"statement has it: proved where its own lines are what was paid and is in transit, open while it is not matched " +
			"to the run's last day or an answer is missing, differs where lines stand on one side only.",
		Who: readers(), Deadline: monthsWork,
	}, s.payRunProof, s.cycleTable)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/pay-runs/{id}/proof/{step}", Summary: "One list of the cycle proof, by page",
		Who: readers(),
	}, s.payRunNames)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/members/{id}/payments", Summary: "One person's payments, the newest first",
		Who: readers(),
	}, s.memberPayments)
	s.cycleRoutes()
}

// Tally is a number of claims and what they come to.
type Tally struct {
	Count  int  `json:"count"`
	Amount Yuan `json:"amount"`
}

func viewTally(t disbursement.Tally) Tally { return Tally{Count: t.Count, Amount: NewYuan(t.Amount)} }

// PayRunProof is the cycle proof on the wire: entitled = approved + held; approved
// = sent + withdrawn; sent = succeeded + rejected + unknown; paid = succeeded −
// returned + reissued; entitled − paid = open; bank debits − credits back = paid +
// in transit.
type PayRunProof struct {
	Run          PayRun         `json:"run"`
	Entitled     Tally          `json:"entitled"`
	Held         Tally          `json:"held"`
	Approved     Tally          `json:"approved"`
	Sent         Tally          `json:"sent"`
	Withdrawn    Tally          `json:"withdrawn"      doc:"Recalled before the bank acknowledged them"`
	Succeeded    Tally          `json:"succeeded"`
	Rejected     Tally          `json:"rejected"`
	Unknown      Tally          `json:"unknown"        doc:"Sent, and without a final answer"`
	Returned     Tally          `json:"returned"`
	Reissued     Tally          `json:"reissued"       doc:"Rejected or returned, and paid again by a later run or by hand"`
	Paid         Tally          `json:"paid"`
	Open         Tally          `json:"open"`
	NotInPlace   Tally          `json:"not_in_place"   doc:"Paid after the pay day, or returned"`
	NotActivated Tally          `json:"not_activated"  doc:"Paid for the bank; the person cannot draw it"`
	BankDebits   Signed         `json:"bank_debits"`
	CreditsBack  Signed         `json:"credits_back"`
	InTransit    Signed         `json:"in_transit"`
	Statement    StatementProof `json:"statement" doc:"The same money by the reconciled statement"`
	Holds        bool           `json:"holds"          doc:"Every equation holds"`
	Breaks       []string       `json:"breaks"         nullable:"false" doc:"The equations that do not hold"`
	Lists        []ProofList    `json:"lists"          nullable:"false" doc:"Every difference, by name"`
}

// ProofList is one difference by name.
type ProofList struct {
	Step  string      `json:"step"  enum:"held,withdrawn,rejected,unknown,returned,open,not_in_place,not_activated"`
	Names []ProofName `json:"names" nullable:"false"`
	More  bool        `json:"more"  doc:"Others follow: see the list by its step"`
}

// ProofName is one person of a list, masked.
type ProofName struct {
	Line      int    `json:"line"                 doc:"Of the roster"`
	MemberID  ID     `json:"member_id"`
	SocialNo  string `json:"social_no"`
	Name      string `json:"name"`
	Month     Month  `json:"month"                doc:"The month that is paid for"`
	Amount    Yuan   `json:"amount"`
	ItemID    ID     `json:"item_id,omitzero"     doc:"The payment; absent where it was held"`
	Reason    string `json:"reason,omitempty"     doc:"Why it is held, or what the bank said: class and code"`
	ValueDate *Day   `json:"value_date,omitempty"`
	PaidBy    ID     `json:"paid_by_run,omitzero" doc:"Another run that paid the claim"`
}

func viewProofName(n disbursement.ProofName) ProofName {
	out := ProofName{
		Line: n.Line, MemberID: NewID(n.Member), SocialNo: n.SocialNo, Name: n.Name.String(), Month: Month{n.Month},
		Amount: NewYuan(n.Amount), ItemID: NewID(n.Item), Reason: n.Reason, ValueDate: nil, PaidBy: NewID(n.PaidBy),
	}
	if !n.ValueDate.IsZero() {
		out.ValueDate = &Day{n.ValueDate}
	}
	return out
}

func viewProof(p disbursement.Proof) PayRunProof {
	out := PayRunProof{
		Run: viewRunHead(p.Run), Entitled: viewTally(p.Entitled), Held: viewTally(p.Held),
		Approved: viewTally(p.Approved), Sent: viewTally(p.Sent), Withdrawn: viewTally(p.Withdrawn),
		Succeeded: viewTally(p.Succeeded), Rejected: viewTally(p.Rejected), Unknown: viewTally(p.Unknown),
		Returned: viewTally(p.Returned), Reissued: viewTally(p.Reissued), Paid: viewTally(p.Paid), Open: viewTally(p.Open),
		NotInPlace: viewTally(p.NotInPlace), NotActivated: viewTally(p.NotActivated), BankDebits: Signed{p.BankDebits},
		CreditsBack: Signed{p.CreditsBack}, InTransit: Signed{p.InTransit}, Statement: viewStatement(p), Holds: len(p.Breaks) == 0,
		Breaks: append([]string{}, p.Breaks...), Lists: []ProofList{},
	}
	for _, l := range p.Lists {
		list := ProofList{Step: string(l.Step), Names: []ProofName{}, More: l.More}
		for _, n := range l.Names {
			list.Names = append(list.Names, viewProofName(n))
		}
		out.Lists = append(out.Lists, list)
	}
	return out
}

type payRunProofQuery struct {
	Printing

	ID ID `path:"id"`
}

func (s *Server) payRunProof(ctx context.Context, c Call, in *payRunProofQuery) (PayRunProof, error) {
	p, err := s.deps.Disbursement.Proof(ctx, c.Officer, in.ID.Int64())
	return viewProof(p), err
}

type payRunNamesQuery struct {
	Paging

	ID   ID     `path:"id"`
	Step string `path:"step" enum:"held,withdrawn,rejected,unknown,returned,open,not_in_place,not_activated"`
}

func (s *Server) payRunNames(ctx context.Context, c Call, in *payRunNamesQuery) (Page[ProofName], error) {
	after, err := in.After()
	if err != nil {
		return Page[ProofName]{}, err //nolint:exhaustruct // none
	}
	list, err := s.deps.Disbursement.ProofNames(ctx, c.Officer, in.ID.Int64(), disbursement.NamePage{
		Steps: []disbursement.Step{disbursement.Step(in.Step)}, After: int(after), Limit: in.Limit + 1,
	})
	return NewPage(list, in.Limit, func(n disbursement.ProofName) int64 { return int64(n.Line) }, viewProofName), err
}

// PaymentStanding is a payment with everything that became of it.
type PaymentStanding struct {
	PaymentItem

	Area        string    `json:"area"`
	RunID       ID        `json:"run_id"                doc:"The pay run that it belongs to"`
	BatchStatus string    `json:"batch_status"          doc:"withdrawn: it was recalled, and is dead"`
	QueriedOn   *Day      `json:"queried_on,omitempty"  doc:"We ask: what became of it? Answer it, do not pay again"`
	Return      *PaidBack `json:"return,omitempty"      doc:"What the bank gave back"`
	PaidAgain   ID        `json:"paid_again,omitzero"   doc:"The newest payment that replaces this one"`
	PaidByHand  *ByHand   `json:"paid_by_hand,omitempty" doc:"Somebody paid it by hand; no run pays it"`
}

// ByHand is a payment by hand instead of one that did not reach the person.
type ByHand struct {
	BankReference string `json:"bank_reference" doc:"As the statement shows it"`
	ValueDate     Day    `json:"value_date"`
	Document      string `json:"document"`
}

// PaidBack is what the bank gave back of a payment.
type PaidBack struct {
	ID            ID     `json:"id"`
	BankReference string `json:"bank_reference"`
	ValueDate     Day    `json:"value_date"`
	Class         string `json:"class"`
	Code          string `json:"code,omitempty"`
	Text          string `json:"text,omitempty"`
	Booked        bool   `json:"booked"            doc:"It stands in the book; else it waits for the payment's success"`
	Unclaimed     bool   `json:"unclaimed"         doc:"It is never paid again"`
}

func viewStanding(c Call) func(disbursement.PaymentStanding) PaymentStanding {
	return func(p disbursement.PaymentStanding) PaymentStanding {
		out := PaymentStanding{
			PaymentItem: viewPaymentItem(c)(p.ItemStanding), Area: p.Area.String(), RunID: NewID(p.Run),
			BatchStatus: p.BatchState.String(), QueriedOn: nil, Return: nil, PaidAgain: NewID(p.PaidAgain),
			PaidByHand: nil,
		}
		if !p.QueriedOn.IsZero() {
			out.QueriedOn = &Day{p.QueriedOn}
		}
		if h := p.ByHand; h != nil {
			out.PaidByHand = &ByHand{BankReference: h.BankReference, ValueDate: NewDay(h.PaidOn), Document: h.Document}
		}
		if r := p.Return; r != nil {
			out.Return = &PaidBack{
				ID: NewID(r.ID), BankReference: r.BankReference, ValueDate: NewDay(r.ValueDate), Class: string(r.Class),
				Code: r.Code, Text: r.Text, Booked: p.ReturnBooked, Unclaimed: p.Unclaimed,
			}
		}
		return out
	}
}

type memberPaymentsQuery struct {
	Paging

	ID ID `path:"id"`
}

func (s *Server) memberPayments(ctx context.Context, c Call, in *memberPaymentsQuery) (Page[PaymentStanding], error) {
	none := Page[PaymentStanding]{} //nolint:exhaustruct // none
	before, err := in.After()
	if err != nil {
		return none, err
	}
	list, err := s.deps.Disbursement.Payments(ctx, c.Officer, disbursement.MemberPayments{ //nolint:exhaustruct // the officer's
		Member: in.ID.Int64(), Before: before, Limit: in.Limit + 1,
	})
	if err == nil && len(list) == 0 && s.deps.Registry != nil {
		// Who was never paid may be nobody of the area: that the registry knows.
		_, err = s.deps.Registry.InstrumentsOf(ctx, c.Officer, in.ID.Int64())
	}
	if err != nil {
		return none, err
	}
	return NewPage(list, in.Limit, func(p disbursement.PaymentStanding) int64 { return p.ID }, viewStanding(c)), nil
}

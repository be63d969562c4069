package httpapi

import (
	"context"
	"net/http"

	"twoline/gateway/approval"
	"twoline/gateway/casework"
	"twoline/gateway/collection"
	"twoline/gateway/ledger"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

// contributionRefundRoutes are contributions that go back, and years without one.
func (s *Server) contributionRefundRoutes() {
	if s.deps.Collection == nil {
		return
	}
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/refunds", Summary: "Contributions that are to be given back, and what became of them",
		Description: "above_chosen_amount waits in suspense; wrong_contribution, mandate_withdrawn and employee_scheme stand in the " +
			"book as income; member_died, taken after the death, is either; member_left, for who was no member any more, waits in suspense; so do unknown_member and tier_not_chosen, " +
			"lines of a tax list that named nobody, or a member who chose no amount. way is how the money goes back, by where it came to and not by who collects today: " +
			"original_channel from the income account that it came to, once swept out of what that account collects next; " +
			"expenditure_account of what was swept, once, where the last request named such an account; " +
			"tax_authority of what that took: the treasury gives it back; finance_bureau of what others paid straight to the " +
			"fiscal special account: the bureau gives it back to who paid it.",
		Who: readers(),
	}, s.refunds)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/refunds", Status: 201, Summary: "A contribution was taken by mistake",
		Description: "item_id is the debit, the receipt or the line of a list by which it was taken. It becomes a refund; " +
			"the government's subsidy stays.",
		Who: Officers(approval.Maker, approval.AgencyBusiness),
	}, viewOpenRefund, s.claimBack)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/refunds/{id}/payment", Status: 201, Summary: "Ask that a refund is paid",
		Description: "document is what moves the money: the payment order, or the refund order of the treasury or the " +
			"finance bureau. When a second person of the finance office approved it, the contribution is taken back in red, or " +
			"the money leaves suspense, out of the account that it came to. Refused while that account holds less, as after a sweep. paid_from names " +
			"an expenditure account that gives back what was swept, from money that is allocated to it: what is paid by one road " +
			"is not paid by the other. credited_to names the member whose the money of unknown_member or tier_not_chosen is: " +
			"no money moves, it becomes that member's contribution of the year, as far as it is still open.",
		Who: Officers(approval.Maker, approval.AgencyFinance),
	}, viewOpenRefund, s.askRefund)
	if s.deps.Casework != nil {
		Command(s, Route{ //nolint:exhaustruct // defaults
			Method: http.MethodPost, Path: "/v1/refunds/{id}/return", Status: 201, Summary: "Say that the bank gave a refund back",
			Description: "Of a refund that an expenditure account paid: the whole sum stands on that account's statement again, under " +
				"the bank's number. When a second person of the finance office has approved it, the money waits in suspense, a case " +
				"asks for the next payment, and the refund is open: an expenditure account pays it again by " +
				"POST /v1/refunds/{id}/payment, on an order with the right account.",
			Who: Officers(approval.Maker, approval.AgencyFinance),
		}, viewDecision, s.refundReturned)
	}
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/employee-years", Status: 201,
		Summary: "Years that members paid in the employee scheme as well",
		Description: "That contribution is kept. The individual and the collective part of the year here become refunds; the " +
			"subsidy is not given back. All lines or none; a year of which this scheme holds nothing, or that is claimed " +
			"already, is clear.",
		Who: Officers(approval.Maker, approval.AgencyBusiness),
	}, viewEmployeeClaims, s.employeeYears)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/interruptions", Summary: "Members whose year is interrupted",
		Description: "The area's cut-off of the year passed, and nothing of the chosen amount is paid or on its way. It is no " +
			"debt and bears no late fee; a year that is made up later leaves the list. Empty up to the cut-off.",
		Who: readers(),
	}, s.interruptions)
}

// Refund is a refund on the wire.
type Refund struct {
	ID       ID     `json:"id"`
	ItemID   ID     `json:"item_id"             doc:"The debit, the receipt or the line of a list"`
	MemberID ID     `json:"member_id,omitzero"  doc:"Absent for unknown_member"`
	Year     int    `json:"year"`
	Amount   Yuan   `json:"amount"`
	Reason   string `json:"reason"              enum:"above_chosen_amount,wrong_contribution,mandate_withdrawn,employee_scheme,member_died,member_left,unknown_member,tier_not_chosen"`
	Part     string `json:"part"                enum:"individual,collective"`
	Payer    string `json:"payer,omitempty"     doc:"Who paid the list that it came by, and gets it back"`
	Place    string `json:"place"               enum:"suspense,income" doc:"Where the book holds it"`
	Account  ID     `json:"fund_account"        doc:"Where it arrived"`
	OpenedOn Day    `json:"opened_on"`
	Way      string `json:"way,omitempty"       enum:"original_channel,expenditure_account,finance_bureau,tax_authority,credited"`
	PaidFrom ID     `json:"paid_from,omitzero"  doc:"The expenditure account that gives back what was swept, as the last request says"`
	Credited ID     `json:"credited_to,omitzero" doc:"The member whose the money is, as the last request says"`
	Swept    bool   `json:"swept"               doc:"A sweep left the account since it came: it waits until the account holds as much again, and is paid before that is swept, or an expenditure account pays it"`
	Decision ID     `json:"decision_id,omitzero" doc:"The last request to pay it"`
	Status   string `json:"status"              enum:"open,asked,paid"`
	Payments int    `json:"payments,omitempty"  doc:"How often it was paid; while it is not, the bank gave back what was paid"`
	DiedOn   *Day   `json:"died_on,omitempty"   doc:"The member died: what an expenditure account pays is the heirs'"`
}

func viewOpenRefund(r collection.Refund) Refund { return viewRefund(r, "") }

func viewRefund(r collection.Refund, way collection.RefundWay) Refund {
	out := Refund{
		ID: NewID(r.ID), ItemID: NewID(r.Cause), MemberID: NewID(r.Member), Year: r.Year, Amount: NewYuan(r.Amount),
		Reason: string(r.Reason), Part: "individual", Payer: r.Payer, Place: "income", Account: NewID(r.FundAccount),
		OpenedOn: NewDay(r.OpenedOn), Way: string(way), Swept: r.Swept && r.State != collection.RefundPaid,
		Decision: NewID(r.Decision), Status: string(r.State), PaidFrom: NewID(r.PaidFrom),
		Credited: NewID(r.CreditedTo), Payments: r.Last.Number, DiedOn: nil,
	}
	if !r.Died.IsZero() {
		died := NewDay(r.Died)
		out.DiedOn = &died
	}
	if r.Collective {
		out.Part = "collective"
	}
	if r.Waits() {
		out.Place = "suspense"
	}
	return out
}

type refundsQuery struct {
	Paging

	MemberID string `query:"member_id" pattern:"^[1-9][0-9]{0,18}$"`
	Status   string `query:"status" enum:"open,asked,paid"`
}

func (s *Server) refunds(ctx context.Context, c Call, in *refundsQuery) (Page[Refund], error) {
	none := Page[Refund]{} //nolint:exhaustruct // none
	after, err := in.After()
	if err != nil {
		return none, err
	}
	f := collection.RefundFilter{ //nolint:exhaustruct // the service adds the area
		State: collection.RefundState(in.Status), After: after, Limit: in.Limit + 1,
	}
	if in.MemberID != "" {
		var id ID
		if err := id.UnmarshalText([]byte(in.MemberID)); err != nil {
			return none, collection.ErrMemberUnknown
		}
		f.Member = id.Int64()
	}
	list, err := s.deps.Collection.Refunds(ctx, c.Officer, f)
	return NewPage(list, in.Limit, func(r collection.Refund) int64 { return r.ID }, viewWaitingRefund), err
}

// viewWaitingRefund shows a refund with its way; what is paid has no way to go any more.
func viewWaitingRefund(r collection.Refund) Refund {
	if r.State == collection.RefundPaid {
		return viewRefund(r, "")
	}
	return viewRefund(r, r.Way())
}

type claimBackCommand struct {
	Body struct {
		ItemID   ID     `json:"item_id"`
		Document string `json:"document" minLength:"1" maxLength:"200" doc:"What it rests on: the member's request, the office's minute"`
	}
}

func (s *Server) claimBack(ctx context.Context, c Call, in *claimBackCommand) (once.Answer, error) {
	return s.deps.Collection.ClaimBack(ctx, c.Request, c.Render, c.Officer, in.Body.ItemID.Int64(), in.Body.Document)
}

type askRefundCommand struct {
	ID   ID `path:"id"`
	Body struct {
		Document   string `json:"document" minLength:"1" maxLength:"200" doc:"The payment order to the bank"`
		PaidFrom   ID     `json:"paid_from,omitzero" doc:"The expenditure account that gives back what was swept; without it, the account that it came to"`
		CreditedTo ID     `json:"credited_to,omitzero" doc:"The member whose the money in suspense is"`
	}
}

func (s *Server) askRefund(ctx context.Context, c Call, in *askRefundCommand) (once.Answer, error) {
	return s.deps.Collection.AskRefund(ctx, c.Request, c.Render, c.Officer, collection.RefundAsk{
		Refund: in.ID.Int64(), Document: in.Body.Document, PaidFrom: in.Body.PaidFrom.Int64(),
		CreditedTo: in.Body.CreditedTo.Int64(),
	})
}

type refundReturnedCommand struct {
	ID   ID `path:"id"`
	Body struct {
		BankReference string `json:"bank_reference"   minLength:"1"   maxLength:"64" doc:"The bank's number of the credit, as the statement shows it"`
		ValueDate     Day    `json:"value_date"       doc:"The day on which it came back to the account"`
		Document      string `json:"document"         minLength:"1"   maxLength:"200" doc:"The bank's advice"`
		Reason        string `json:"reason,omitempty" maxLength:"200" doc:"Why the bank gave it back"`
	}
}

func (s *Server) refundReturned(ctx context.Context, c Call, in *refundReturnedCommand) (once.Answer, error) {
	return s.deps.Casework.Ask(ctx, c.Request, c.Render, c.Officer, casework.Ask{ //nolint:exhaustruct // money back
		Kind: casework.RefundReturn, Subject: in.ID.Int64(), Word: casework.Entered, Document: in.Body.Document,
		Reason: in.Body.Reason, BankReference: in.Body.BankReference, ValueDate: in.Body.ValueDate.Day,
	})
}

type employeeYearsCommand struct {
	Body struct {
		Document string `json:"document" minLength:"1" maxLength:"200" doc:"The employee scheme's list"`
		Years    []struct {
			ListedMember

			Year int `json:"year" minimum:"2009" maximum:"2100"`
		} `json:"years" minItems:"1" maxItems:"10000"`
	}
}

// EmployeeClaims is what became of a list of years.
type EmployeeClaims struct {
	Claimed int  `json:"claimed" doc:"Years with money to give back"`
	Clear   int  `json:"clear"   doc:"Years of which this scheme holds nothing, or that were claimed before"`
	Amount  Yuan `json:"amount"`
}

func viewEmployeeClaims(c collection.EmployeeClaims) EmployeeClaims {
	return EmployeeClaims{Claimed: c.Claimed, Clear: c.Clear, Amount: NewYuan(c.Amount)}
}

func (s *Server) employeeYears(ctx context.Context, c Call, in *employeeYearsCommand) (once.Answer, error) {
	list := make([]collection.EmployeeYear, len(in.Body.Years))
	for i, y := range in.Body.Years {
		list[i] = collection.EmployeeYear{ListLine: y.line(i + 1), Year: y.Year}
	}
	return s.deps.Collection.ClaimEmployeeYears(ctx, c.Request, c.Render, c.Officer, in.Body.Document, list)
}

type interruptionsQuery struct {
	Paging

	Scheme string `query:"scheme" required:"true" enum:"resident,rural,urban,land_lost"`
	Year   int    `query:"year"   required:"true" minimum:"2009" maximum:"2100"`
}

// Interruption is a member whose year is interrupted.
type Interruption struct {
	MemberID ID           `json:"member_id"`
	Region   party.Region `json:"region"`
	Year     int          `json:"year"`
	Chosen   Yuan         `json:"chosen"`
	Cutoff   Day          `json:"cutoff"    doc:"The last day on which the year's contribution was taken"`
}

func (s *Server) interruptions(ctx context.Context, c Call, in *interruptionsQuery) (Page[Interruption], error) {
	after, err := in.After()
	if err != nil {
		return Page[Interruption]{}, err //nolint:exhaustruct // none
	}
	list, cutoff, err := s.deps.Collection.Interruptions(ctx, c.Officer, collection.InterruptionFilter{
		Area: c.Officer.Area, Scheme: ledger.Scheme(in.Scheme), Year: in.Year, After: after, Limit: in.Limit + 1,
	})
	return NewPage(list, in.Limit, func(i collection.Interruption) int64 { return i.Member },
		func(i collection.Interruption) Interruption {
			return Interruption{
				MemberID: NewID(i.Member), Region: i.Region, Year: in.Year, Chosen: NewYuan(i.Chosen), Cutoff: NewDay(cutoff),
			}
		}), err
}

package httpapi

import (
	"context"
	"net/http"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/lifeevent"
	"twoline/gateway/once"
)

// memberTransferRoutes are members' accounts that move.
func (s *Server) memberTransferRoutes() {
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/member-transfers", Summary: "Members' accounts that move, and where they stand",
		Description: "due_on is the last day for the next step, fifteen working days after the one before; a step that is late " +
			"is a case, too. step asks for those that stand there.",
		Who: readers(),
	}, s.memberTransfers)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/member-transfers", Status: 201, Summary: "Ask that a member's account moves",
		Description: "The whole account moves, to the employee scheme or to another area's resident scheme. One document of one " +
			"office moves a member once. Where a pension is paid already, moving moves nothing from it, and nothing to it.",
		Who: deskMakers(),
	}, s.viewMemberTransfer, s.askMemberTransfer)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/member-transfers/{id}/steps", Status: 201, Summary: "Do the next step",
		Description: "out: letter_received, then sum_confirmed with the expenditure account that pays, which asks two people for a " +
			"decision. When it is approved, account and pension end and the money is sent; then done. A member with money on the " +
			"way is refused, and it is named. returned asks two people again about money that came back, after a rejection. in: letter_sent, then the money by its receipts; all of it asks two people, and " +
			"money_posted asks them again after a rejection. return_asked asks two people to give back what is there. withdrawn ends a transfer whose money did not move.",
		Who: Officers(approval.Maker, approval.AgencyBusiness, approval.AgencyFinance),
	}, s.viewMemberTransfer, s.memberTransferStep)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/member-transfers/{id}/receipts", Status: 201, Summary: "Money of a transfer is there",
		Description: "A credit on the statement of the income account, or of the fiscal special account. When all that was " +
			"announced is there, to the fen, two people are asked, and then the fund and the personal account are posted " +
			"together. Less or more is not posted, and stays open as a case; so does money for a member who draws a pension, " +
			"died or left meanwhile: return_asked gives it back. Of a transfer out it is the whole sum that the bank gave back to " +
			"the expenditure account: when two people have decided so, account, membership and pension live again.",
		Who: Officers(approval.Maker, approval.AgencyBusiness, approval.AgencyFinance),
	}, s.viewMemberTransfer, s.memberTransferReceipt)
}

// MemberTransfer is a member's account that moves.
type MemberTransfer struct {
	ID          ID            `json:"id"`
	Direction   string        `json:"direction"             enum:"out,in"`
	MemberID    ID            `json:"member_id"`
	SocialNo    string        `json:"social_no"`
	Name        string        `json:"name"                  doc:"Masked"`
	Counterpart string        `json:"counterpart"           enum:"employee,resident"`
	Office      string        `json:"office"                doc:"The one on the other side"`
	Document    string        `json:"document"`
	AskedOn     Day           `json:"asked_on"`
	Step        string        `json:"step"                  enum:"asked,letter_received,sum_confirmed,money_sent,letter_sent,money_posted,return_asked,returned,done,withdrawn" doc:"The last one done"`
	StepOn      Day           `json:"step_on"`
	DueOn       *Day          `json:"due_on,omitempty"      doc:"The last day for the next step; absent after the last"`
	Late        bool          `json:"late"`
	Sum         *AccountParts `json:"sum,omitempty"         doc:"What was confirmed"`
	FundAccount ID            `json:"fund_account_id,omitzero" doc:"The account that pays"`
	Announced   *AccountParts `json:"announced,omitempty"   doc:"What a transfer in brings"`
	OldScheme   *Yuan         `json:"old_scheme,omitempty"  doc:"What of its individual part is a balance of the rural scheme before 2009"`
	Years       int           `json:"years,omitempty"       doc:"The paid years that it brings"`
	Received    *Yuan         `json:"received,omitempty"    doc:"What is there of it, or came back of a transfer out"`
	DecisionID  ID            `json:"decision_id,omitzero"  doc:"What two people decide, or decided last"`
	MadeBy      string        `json:"made_by"`
	MadeAt      time.Time     `json:"made_at"`
}

func (s *Server) viewMemberTransfer(t lifeevent.Transfer) MemberTransfer {
	out := MemberTransfer{ //nolint:exhaustruct // what is not known yet is absent
		ID: NewID(t.ID), Direction: string(t.Direction), MemberID: NewID(t.Member), SocialNo: t.SocialNo,
		Name: t.Name.String(), Counterpart: string(t.Counterpart), Office: t.Office, Document: t.Document,
		AskedOn: NewDay(t.AskedOn), Step: string(t.Step), StepOn: NewDay(t.StepOn), DueOn: dayIfAny(t.DueOn),
		Late: t.Late(s.deps.Life.Today()), FundAccount: NewID(t.FundAccount), DecisionID: NewID(t.Decision),
		MadeBy: t.MadeBy, MadeAt: t.MadeAt,
	}
	if t.Direction == lifeevent.MovesIn {
		announced, old, received := viewParts(t.Announced), NewYuan(t.OldScheme), NewYuan(t.Received())
		out.Announced, out.OldScheme, out.Received, out.Years = &announced, &old, &received, t.Years
	}
	if t.FundAccount != 0 {
		sum := viewParts(t.Sum)
		out.Sum = &sum
		if len(t.Receipts) > 0 {
			back := NewYuan(t.Received())
			out.Received = &back
		}
	}
	return out
}

type memberTransfersQuery struct {
	Paging

	Member    string `query:"member_id" pattern:"^[1-9][0-9]{0,18}$" doc:"One member; absent is everybody"`
	Direction string `query:"direction" enum:"out,in"`
	Step      string `query:"step" enum:"asked,letter_received,sum_confirmed,money_sent,letter_sent,money_posted,return_asked,returned,done,withdrawn"`
	Late      bool   `query:"late" doc:"Only those whose next step is overdue"`
}

func (s *Server) memberTransfers(
	ctx context.Context, c Call, in *memberTransfersQuery,
) (Page[MemberTransfer], error) {
	none := Page[MemberTransfer]{} //nolint:exhaustruct // none
	after, err := in.After()
	if err != nil {
		return none, err
	}
	f := lifeevent.TransferFilter{ //nolint:exhaustruct // the service's
		Direction: lifeevent.Direction(in.Direction), Step: lifeevent.TransferStep(in.Step), After: after, Limit: in.Limit + 1,
	}
	if in.Member != "" {
		if f.Member, err = idIn(in.Member, "member_id"); err != nil {
			return none, err
		}
	}
	list, err := s.deps.Life.Transfers(ctx, c.Officer, f, in.Late)
	return NewPage(list, in.Limit, func(t lifeevent.Transfer) int64 { return t.ID }, s.viewMemberTransfer), err
}

// AnnouncedParts are what the sender of a transfer in announced.
type AnnouncedParts struct {
	Individual Yuan `json:"individual"`
	Collective Yuan `json:"collective"`
	Subsidy    Yuan `json:"subsidy"`
	Interest   Yuan `json:"interest"`
	OldScheme  Yuan `json:"old_scheme" doc:"What of the individual part is a balance of the rural scheme before 2009: it keeps its mark"`
	Years      int  `json:"years"      minimum:"0" maximum:"100" doc:"Paid years; they count for the fifteen"`
}

type askMemberTransferCommand struct {
	Body struct {
		Direction   string          `json:"direction"   enum:"out,in"`
		MemberID    ID              `json:"member_id"`
		Counterpart string          `json:"counterpart" enum:"employee,resident" doc:"The scheme on the other side"`
		Office      string          `json:"office"      minLength:"1" maxLength:"100" doc:"The office on the other side"`
		Document    string          `json:"document"    minLength:"1" maxLength:"200" doc:"The member's request, or the office's letter"`
		AskedOn     Day             `json:"asked_on"    doc:"From this day on the first step has fifteen working days"`
		Announced   *AnnouncedParts `json:"announced,omitempty" doc:"What a transfer in brings"`
	}
}

func (s *Server) askMemberTransfer(ctx context.Context, c Call, in *askMemberTransferCommand) (once.Answer, error) {
	b := in.Body
	t := lifeevent.Transfer{ //nolint:exhaustruct // the service's
		Direction: lifeevent.Direction(b.Direction), Member: b.MemberID.Int64(),
		Counterpart: lifeevent.Counterpart(b.Counterpart), Office: b.Office, Document: b.Document, AskedOn: b.AskedOn.Day,
	}
	if a := b.Announced; a != nil {
		t.Announced = lifeevent.Parts{
			Individual: a.Individual.Amount, Collective: a.Collective.Amount, Subsidy: a.Subsidy.Amount,
			Interest: a.Interest.Amount,
		}
		t.OldScheme, t.Years = a.OldScheme.Amount, a.Years
	}
	return s.deps.Life.AskTransfer(ctx, c.Request, c.Render, c.Officer, t)
}

type memberTransferReceiptCommand struct {
	ID   ID `path:"id"`
	Body struct {
		FundAccount   ID     `json:"fund_account_id" doc:"The account that the bank credited"`
		Amount        Yuan   `json:"amount"`
		BankReference string `json:"bank_reference"  minLength:"1" maxLength:"64" doc:"As on the statement; used once"`
		ValueDate     Day    `json:"value_date"`
		Document      string `json:"document"        minLength:"1" maxLength:"200"`
	}
}

func (s *Server) memberTransferReceipt(
	ctx context.Context, c Call, in *memberTransferReceiptCommand,
) (once.Answer, error) {
	b := in.Body
	return s.deps.Life.Receive(ctx, c.Request, c.Render, c.Officer, lifeevent.TransferReceipt{ //nolint:exhaustruct // the service's
		Transfer: in.ID.Int64(), FundAccount: b.FundAccount.Int64(), Amount: b.Amount.Amount, BankReference: b.BankReference,
		ValueDate: b.ValueDate.Day, Document: b.Document,
	})
}

type memberTransferStepCommand struct {
	ID   ID `path:"id"`
	Body struct {
		Step        string `json:"step"                     enum:"letter_received,sum_confirmed,done,returned,letter_sent,money_posted,return_asked,withdrawn"`
		DoneOn      Day    `json:"done_on"`
		Document    string `json:"document"                 minLength:"1" maxLength:"200"`
		FundAccount *ID    `json:"fund_account_id,omitempty" doc:"Of sum_confirmed: the expenditure account that pays"`
	}
}

func (s *Server) memberTransferStep(ctx context.Context, c Call, in *memberTransferStepCommand) (once.Answer, error) {
	b := in.Body
	step := lifeevent.Step{ //nolint:exhaustruct // the service's
		Transfer: in.ID.Int64(), Step: lifeevent.TransferStep(b.Step), On: b.DoneOn.Day, Document: b.Document,
	}
	if b.FundAccount != nil {
		step.FundAccount = b.FundAccount.Int64()
	}
	return s.deps.Life.DoStep(ctx, c.Request, c.Render, c.Officer, step)
}

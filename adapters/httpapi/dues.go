package httpapi

import (
	"context"
	"net/http"

	"twoline/gateway/casework"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/gateway/once"
)

// dueRoutes are what is owed once beside the month's pension: differences of months
// that were paid too low, months of a suspension, grants and balances after a death.
func (s *Server) dueRoutes() {
	if s.deps.Casework == nil {
		return
	}
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/due-lists", Status: 201,
		Summary: "Compare what was paid with what is decided today, and ask that differences be owed",
		Description: "Every month before the given one that was paid lower than it is decided today: a rise with effect " +
			"from an earlier month. A month's difference is owed once, whatever is asked for later. Months after a death " +
			"are not owed, and months paid higher than decided are counted and not set off; with recover the list has them as " +
			"well, and they become recoveries of their members (GET /v1/recoveries). Nothing is owed or recovered before a " +
			"checker approved the decision; then a supplementary pay run with dues pays what is owed.",
		Who: payMakers(), Deadline: monthsWork,
	}, viewDecision, s.askDifferences)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/due-lists", Summary: "Lists of differences, the newest first", Who: readers(),
	}, s.dueLists)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/due-lists/{id}", Summary: "One list of differences", Who: readers(),
	}, s.dueList)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/due-lists/{id}/lines", Summary: "Its lines by member, month and component",
		Who: readers(),
	}, s.dueLines)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/benefit-dues", Summary: "What is owed once, and what became of it",
		Description: "The months up to that of a death are owed to the estate and stay on the list until an heir's claim takes them up, " +
			"which owes them to the heir as arrears; months after it are owed to " +
			"nobody. A notice that is taken back gives the member what was theirs again.",
		Who: readers(),
	}, s.benefitDues)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/benefit-dues/{id}/end", Status: 201,
		Summary: "Ask that a due is not paid after all",
		Description: "It was decided wrongly, or the member agreed to something else. When a second person of the business " +
			"office has approved it, no run takes the due up any more, and no list of differences owes its months again before " +
			"they are decided anew. A due of an heir ends with all dues of its claim, and can be claimed anew: so it is where a " +
			"death of an earlier month is reported after the grant. A due that a payment has is refused, and what a departure " +
			"pays out.",
		Who: payMakers(),
	}, viewDecision, s.endDue)
}

// DueList is a list of differences on the wire.
type DueList struct {
	ID              ID     `json:"id"`
	Scheme          string `json:"scheme"`
	Month           Month  `json:"month"           doc:"The month in which they fall due: those before it were compared"`
	Members         int    `json:"members"`
	Months          int    `json:"months"          doc:"Over all members"`
	Amount          Yuan   `json:"amount"`
	Overpaid        int    `json:"overpaid"        doc:"Members of whom a month is decided lower today than it was paid"`
	OverpaidAmount  Yuan   `json:"overpaid_amount"`
	Recovered       int    `json:"recovered"       doc:"Members of whom the list recovers what was paid too high"`
	RecoveredAmount Yuan   `json:"recovered_amount"`
	Document        string `json:"document"`
	AskedBy         string `json:"asked_by"`
	Decision        ID     `json:"decision_id"`
	Status          string `json:"status"          enum:"submitted,approved,rejected,withdrawn"`
}

func viewDueList(l disbursement.DueList) DueList {
	return DueList{
		ID: NewID(l.ID), Scheme: string(l.Scheme), Month: Month{l.Month}, Members: l.Members, Months: l.Months,
		Amount: NewYuan(l.Amount), Overpaid: l.Overpaid, OverpaidAmount: NewYuan(l.OverpaidAmount),
		Recovered: l.Recovered, RecoveredAmount: NewYuan(l.RecoveredAmount),
		Document: l.Document, AskedBy: l.AskedBy, Decision: NewID(l.Decision), Status: string(l.State),
	}
}

// DueLine is one month and component of a member on the wire, the name masked.
type DueLine struct {
	Seq       int    `json:"seq"`
	MemberID  ID     `json:"member_id"`
	SocialNo  string `json:"social_no"`
	Name      string `json:"name"`
	Month     Month  `json:"month"`
	Component string `json:"component" enum:"base_pension,account_pension"`
	Was       Yuan   `json:"was"       doc:"What was paid for the month so far, without what of it is recovered"`
	Entitled  Yuan   `json:"entitled"  doc:"What is decided for it today"`
	Owed      Yuan   `json:"owed"`
	Recovered Yuan   `json:"recovered" doc:"What was paid too high and is recovered"`
}

func viewDueLine(l disbursement.DueLine) DueLine {
	return DueLine{
		Seq: l.Seq, MemberID: NewID(l.Member), SocialNo: l.SocialNo, Name: l.Name.String(), Month: Month{l.Month},
		Component: l.Component, Was: NewYuan(l.Was), Entitled: NewYuan(l.Entitled), Owed: NewYuan(max(0, l.Entitled-l.Was)),
		Recovered: NewYuan(max(0, l.Was-l.Entitled)),
	}
}

// BenefitDue is what is owed once on the wire, the names masked.
type BenefitDue struct {
	ID         ID            `json:"id"`
	MemberID   ID            `json:"member_id"`
	SocialNo   string        `json:"social_no"`
	Name       string        `json:"name"`
	Cause      string        `json:"cause"            doc:"What made it: difference, resumption, funeral, estate, arrears or departure, and the id of its list, hold, claim or departure"`
	Month      Month         `json:"month"            doc:"The month in which it fell due"`
	Amount     Yuan          `json:"amount"`
	Components PayComponents `json:"components"`
	Document   string        `json:"document"`
	Payee      string        `json:"payee,omitempty"  doc:"Who receives it, where it is not the member"`
	ItemID     ID            `json:"item_id,omitzero" doc:"The payment that took it up"`
	Ended      string        `json:"ended,omitempty"  doc:"The document by which the right to it ended unpaid"`
	Standing   string        `json:"standing"         enum:"open,taken,ended,estate,not_owed" doc:"estate: months up to that of the death are owed to the estate, and the rest to nobody; not_owed: the member had died before its months, and no run takes it up"`
	DiedOn     *Day          `json:"died_on,omitempty" doc:"The death that estate and not_owed rest on"`
	Estate     *Yuan         `json:"owed_to_estate,omitempty" doc:"What the months up to that of the death come to"`
}

func viewBenefitDue(d disbursement.Due) BenefitDue {
	out := BenefitDue{
		ID: NewID(d.ID), MemberID: NewID(d.Member), SocialNo: d.SocialNo, Name: d.Name.String(), Cause: d.Cause,
		Month: Month{d.Month}, Amount: NewYuan(d.Sum()), Components: viewComponents(d.Components), Document: d.Document,
		Payee: "", ItemID: NewID(d.Item), Ended: d.Ended, Standing: string(d.Standing), DiedOn: dayIfAny(d.Died), Estate: nil,
	}
	if d.Standing == disbursement.DueEstate {
		estate := NewYuan(d.Estate)
		out.Estate = &estate
	}
	if d.Payee.Plain() != "" {
		out.Payee = d.Payee.String()
	}
	return out
}

type askDifferencesCommand struct {
	Body struct {
		Scheme   string `json:"scheme"   enum:"resident,rural,urban,land_lost"`
		Month    Month  `json:"month"    doc:"The months before it are compared; at most the month after this one"`
		Document string `json:"document" minLength:"1" maxLength:"200" doc:"What the rise rests on"`
		Recover  bool   `json:"recover,omitempty" doc:"Recovers as well what was paid higher than it is decided today"`
	}
}

func (s *Server) askDifferences(ctx context.Context, c Call, in *askDifferencesCommand) (once.Answer, error) {
	return s.deps.Disbursement.AskDifferences(ctx, c.Request, c.Render, c.Officer, disbursement.DueList{ //nolint:exhaustruct // the service's
		Scheme: ledger.Scheme(in.Body.Scheme), Month: in.Body.Month.month, Document: in.Body.Document, Recover: in.Body.Recover,
	})
}

type dueListsQuery struct {
	Paging
}

func (s *Server) dueLists(ctx context.Context, c Call, in *dueListsQuery) (Page[DueList], error) {
	before, err := in.After()
	if err != nil {
		return Page[DueList]{}, err //nolint:exhaustruct // none
	}
	list, err := s.deps.Disbursement.DueLists(ctx, c.Officer, before, in.Limit+1)
	return NewPage(list, in.Limit, func(l disbursement.DueList) int64 { return l.ID }, viewDueList), err
}

type dueListQuery struct {
	ID ID `path:"id"`
}

func (s *Server) dueList(ctx context.Context, c Call, in *dueListQuery) (DueList, error) {
	l, err := s.deps.Disbursement.DueList(ctx, c.Officer, in.ID.Int64())
	return viewDueList(l), err
}

type dueLinesQuery struct {
	Paging

	ID ID `path:"id"`
}

func (s *Server) dueLines(ctx context.Context, c Call, in *dueLinesQuery) (Page[DueLine], error) {
	after, err := in.After()
	if err != nil {
		return Page[DueLine]{}, err //nolint:exhaustruct // none
	}
	list, err := s.deps.Disbursement.DueLines(ctx, c.Officer, in.ID.Int64(), disbursement.DueLinePage{
		After: int(after), Limit: in.Limit + 1,
	})
	return NewPage(list, in.Limit, func(l disbursement.DueLine) int64 { return int64(l.Seq) }, viewDueLine), err
}

type benefitDuesQuery struct {
	Paging

	Member string `query:"member_id" pattern:"^[1-9][0-9]{0,18}$" doc:"One member; absent is everybody"`
	Cause  string `query:"cause" pattern:"^(difference|resumption|funeral|estate|arrears|departure):[1-9][0-9]{0,18}$" doc:"What made it, such as difference:7"`
	Open   bool   `query:"open" doc:"Only what somebody is still to be paid: the member, an heir or the estate"`
	Status string `query:"standing" enum:"open,taken,ended,estate,not_owed"`
}

func (s *Server) benefitDues(ctx context.Context, c Call, in *benefitDuesQuery) (Page[BenefitDue], error) {
	after, err := in.After()
	if err != nil {
		return Page[BenefitDue]{}, err //nolint:exhaustruct // none
	}
	var member int64
	if in.Member != "" {
		if member, err = idIn(in.Member, "member_id"); err != nil {
			return Page[BenefitDue]{}, err //nolint:exhaustruct // none
		}
	}
	list, err := s.deps.Disbursement.Dues(ctx, c.Officer, disbursement.DueFilter{
		Area: c.Officer.Area, Member: member, Cause: in.Cause, Open: in.Open, Standing: disbursement.DueStanding(in.Status), After: after,
		Limit: in.Limit + 1,
	})
	return NewPage(list, in.Limit, func(d disbursement.Due) int64 { return d.ID }, viewBenefitDue), err
}

type endDueCommand struct {
	ID   ID `path:"id"`
	Body struct {
		Document string `json:"document" minLength:"1" maxLength:"200" doc:"The paper that says why"`
		Reason   string `json:"reason"   minLength:"1" maxLength:"200"`
	}
}

func (s *Server) endDue(ctx context.Context, c Call, in *endDueCommand) (once.Answer, error) {
	return s.deps.Casework.Ask(ctx, c.Request, c.Render, c.Officer, casework.Ask{ //nolint:exhaustruct // a due
		Kind: casework.DueEnd, Subject: in.ID.Int64(), Word: casework.Entered, Document: in.Body.Document,
		Reason: in.Body.Reason,
	})
}

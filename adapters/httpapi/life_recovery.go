package httpapi

import (
	"context"
	"fmt"
	"net/http"

	"twoline/gateway/approval"
	"twoline/gateway/lifeevent"
	"twoline/gateway/once"
	"twoline/gateway/report"
)

// recoveryRoutes are what was paid after a death or beside another pension, and how it comes back.
func (s *Server) recoveryRoutes() {
	makers := Officers(approval.Maker, approval.AgencyBusiness, approval.AgencyFinance)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/recoveries", Summary: "What was paid for months of which nothing was owed",
		Description: "A case opens with the notice of the death or the hold for another pension, or with the bank's word that a " +
			"payment succeeded; months that a difference or the end of a stop paid count as any. Beside another pension base " +
			"pensions alone come back. void are those whose notice was taken back, or whose hold ended before a plan stood.",
		Who: readers(),
	}, s.recoveries)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/recoveries/{id}", Summary: "One case, month by month",
		Description: "offer tells how what is open would be settled by a plan today: from the personal account as far as it " +
			"is the heirs', then from the funeral grant, and the rest is asked.",
		Who: readers(),
	}, s.recovery)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/recoveries/{id}/plan", Status: 201, Summary: "Ask how a case is settled",
		Description: "What account and grant give is the offer's; the instalments sum to what the offer asks. Nothing happens " +
			"before a second person of the agency has approved the decision.",
		Who: makers,
	}, viewPlan, s.askPlan)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/recoveries/{id}/receipts", Status: 201,
		Summary: "Ask that money of a case is booked",
		Description: "channel: the bank gave the payment back, on the expenditure account. otherwise: somebody paid in, on the " +
			"account that collects. It is booked when a second person of the agency has approved the decision.",
		Who: makers,
	}, viewRecoveryReceipt, s.askRecoveryReceipt)
	Paper(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/recoveries/{id}/letter", Summary: "The letter that asks for the money",
		Description: "Of a case whose plan is in force and asks for all that is open. It names the agency, the day, the " +
			"instalments that are left and the account that collects; another case has none before its plan.",
		Who: paperReaders(),
	}, s.recoveryLetter, s.recoveryLetterTable)
}

// Overpaid is what a payment had for a month of which nothing was owed.
type Overpaid struct {
	ItemID         ID     `json:"item_id"`
	Month          Month  `json:"month"`
	BasePension    Yuan   `json:"base_pension"`
	AccountPension Yuan   `json:"account_pension"`
	Status         string `json:"status"          enum:"paid,returned" doc:"returned: the bank gave it back since, and it counts for nothing"`
}

// Instalment is a part of what is asked.
type Instalment struct {
	DueOn  Day  `json:"due_on"`
	Amount Yuan `json:"amount"`
}

// RecoveryOffer is how what is open would be settled.
type RecoveryOffer struct {
	FromAccount Yuan `json:"from_account"`
	FromFuneral Yuan `json:"from_funeral_grant"`
	Asked       Yuan `json:"asked"`
}

// Recovery is what was paid to a member for months of which nothing was owed.
type Recovery struct {
	ID          ID             `json:"id"`
	MemberID    ID             `json:"member_id"`
	SocialNo    string         `json:"social_no"`
	Name        string         `json:"name"               doc:"Masked"`
	Reason      string         `json:"reason"             enum:"death,other_pension,emigration,sentence,lowered"`
	Since       Month          `json:"since"              doc:"The first month of which nothing was owed"`
	DiedOn      *Day           `json:"died_on,omitempty"  doc:"The earliest day that stands reported"`
	OpenedOn    Day            `json:"opened_on"`
	Status      string         `json:"status"             enum:"open,planned,settled,void"`
	Total       Yuan           `json:"total"`
	FromAccount Yuan           `json:"from_account"       doc:"Set off by approved plans"`
	FromFuneral Yuan           `json:"from_funeral_grant"`
	Received    Yuan           `json:"received"`
	Open        Yuan           `json:"open"`
	AskedOf     string         `json:"asked_of,omitempty" enum:"family,other_pension,member"`
	Months      []Overpaid     `json:"months"             nullable:"false"`
	Instalments []Instalment   `json:"instalments"        nullable:"false" doc:"Of the newest approved plan"`
	Offer       *RecoveryOffer `json:"offer,omitempty"    doc:"Of one case: what a plan would say today; absent where a rule for it is missing"`
}

func viewRecovery(r lifeevent.Recovery) Recovery {
	out := Recovery{
		ID: NewID(r.ID), MemberID: NewID(r.Member), SocialNo: r.SocialNo, Name: r.Name.String(),
		Reason: string(r.Reason), Since: Month{r.Since}, DiedOn: dayIfAny(r.Died),
		OpenedOn: NewDay(r.OpenedOn), Status: string(r.State()), Total: NewYuan(r.Total()), FromAccount: NewYuan(r.FromAccount),
		FromFuneral: NewYuan(r.FromFuneral), Received: NewYuan(r.Received()), Open: NewYuan(r.Open()),
		AskedOf: string(r.AskedOf), Months: []Overpaid{}, Instalments: viewInstalments(r.Instalments), Offer: nil,
	}
	for _, l := range r.Lines {
		status := "paid"
		if l.CameBack {
			status = "returned"
		}
		out.Months = append(out.Months, Overpaid{
			ItemID: NewID(l.Item), Month: Month{l.Month}, BasePension: NewYuan(l.Base), AccountPension: NewYuan(l.Account),
			Status: status,
		})
	}
	return out
}

func viewInstalments(list []lifeevent.Instalment) []Instalment {
	out := make([]Instalment, len(list))
	for i, p := range list {
		out[i] = Instalment{DueOn: NewDay(p.DueOn), Amount: NewYuan(p.Amount)}
	}
	return out
}

type recoveriesQuery struct {
	Paging

	Member string `query:"member_id" pattern:"^[1-9][0-9]{0,18}$" doc:"One member; absent is everybody"`
	Status string `query:"status" enum:"open,planned,settled,void"`
}

func (s *Server) recoveries(ctx context.Context, c Call, in *recoveriesQuery) (Page[Recovery], error) {
	none := Page[Recovery]{} //nolint:exhaustruct // none
	after, err := in.After()
	if err != nil {
		return none, err
	}
	f := lifeevent.RecoveryFilter{ //nolint:exhaustruct // the service's
		State: lifeevent.RecoveryState(in.Status), After: after, Limit: in.Limit + 1,
	}
	if in.Member != "" {
		if f.Member, err = idIn(in.Member, "member_id"); err != nil {
			return none, err
		}
	}
	list, err := s.deps.Life.Recoveries(ctx, c.Officer, f)
	return NewPage(list, in.Limit, func(r lifeevent.Recovery) int64 { return r.ID }, viewRecovery), err
}

type recoveryQuery struct {
	ID ID `path:"id"`
}

func (s *Server) recovery(ctx context.Context, c Call, in *recoveryQuery) (Recovery, error) {
	r, o, err := s.deps.Life.Recovery(ctx, c.Officer, in.ID.Int64())
	out := viewRecovery(r)
	if o != nil {
		out.Offer = &RecoveryOffer{
			FromAccount: NewYuan(o.FromAccount), FromFuneral: NewYuan(o.FromFuneral), Asked: NewYuan(o.Asked),
		}
	}
	return out, err
}

// RecoveryPlan is how a case is to be settled.
type RecoveryPlan struct {
	ID          ID           `json:"id"`
	RecoveryID  ID           `json:"recovery_id"`
	DecisionID  ID           `json:"decision_id"        doc:"What a second person approves"`
	FromAccount Yuan         `json:"from_account"`
	FromFuneral Yuan         `json:"from_funeral_grant"`
	Asked       Yuan         `json:"asked"`
	AskedOf     string       `json:"asked_of"           enum:"family,other_pension,member"`
	Instalments []Instalment `json:"instalments"        nullable:"false"`
	Document    string       `json:"document"`
}

func viewPlan(p lifeevent.Plan) RecoveryPlan {
	return RecoveryPlan{
		ID: NewID(p.ID), RecoveryID: NewID(p.Case), DecisionID: NewID(p.Decision), FromAccount: NewYuan(p.FromAccount),
		FromFuneral: NewYuan(p.FromFuneral), Asked: NewYuan(p.Asked), AskedOf: string(p.AskedOf),
		Instalments: viewInstalments(p.Instalments), Document: p.Document,
	}
}

type askPlanCommand struct {
	ID   ID `path:"id"`
	Body struct {
		AskedOf     string       `json:"asked_of"    enum:"family,other_pension,member"`
		Instalments []Instalment `json:"instalments" nullable:"false" maxItems:"120" doc:"Rising days; empty where nothing is asked"`
		Document    string       `json:"document"    minLength:"1" maxLength:"200" doc:"The agreement, the office's minute"`
	}
}

func (s *Server) askPlan(ctx context.Context, c Call, in *askPlanCommand) (once.Answer, error) {
	p := lifeevent.Plan{ //nolint:exhaustruct // the service's
		Case: in.ID.Int64(), AskedOf: lifeevent.Debtor(in.Body.AskedOf), Document: in.Body.Document,
	}
	for _, i := range in.Body.Instalments {
		p.Instalments = append(p.Instalments, lifeevent.Instalment{DueOn: i.DueOn.Day, Amount: i.Amount.Amount})
	}
	return s.deps.Life.AskPlan(ctx, c.Request, c.Render, c.Officer, p)
}

// RecoveryReceipt is money of a case.
type RecoveryReceipt struct {
	ID             ID     `json:"id"`
	RecoveryID     ID     `json:"recovery_id"`
	DecisionID     ID     `json:"decision_id"     doc:"What a second person approves"`
	Way            string `json:"way"             enum:"channel,otherwise"`
	FundAccount    ID     `json:"fund_account_id"`
	Amount         Yuan   `json:"amount"`
	BasePension    Yuan   `json:"base_pension"    doc:"What of it takes base pensions back"`
	AccountPension Yuan   `json:"account_pension" doc:"What of it takes account pensions back"`
	Restored       Yuan   `json:"restored"        doc:"What of that the personal account holds again"`
	BankReference  string `json:"bank_reference"`
	ValueDate      Day    `json:"value_date"`
	Document       string `json:"document"`
}

func viewRecoveryReceipt(x lifeevent.Receipt) RecoveryReceipt {
	return RecoveryReceipt{
		ID: NewID(x.ID), RecoveryID: NewID(x.Case), DecisionID: NewID(x.Decision), Way: string(x.Way),
		FundAccount: NewID(x.FundAccount), Amount: NewYuan(x.Amount), BasePension: NewYuan(x.Base),
		AccountPension: NewYuan(x.Account), Restored: NewYuan(x.Restored.Total()), BankReference: x.BankReference,
		ValueDate: NewDay(x.ValueDate), Document: x.Document,
	}
}

type askRecoveryReceiptCommand struct {
	ID   ID `path:"id"`
	Body struct {
		Way           string `json:"way"             enum:"channel,otherwise"`
		FundAccount   ID     `json:"fund_account_id"`
		Amount        Yuan   `json:"amount"`
		BankReference string `json:"bank_reference"  minLength:"1"            maxLength:"64" doc:"The bank's number of the credit"`
		ValueDate     Day    `json:"value_date"`
		Document      string `json:"document"        minLength:"1"            maxLength:"200"`
	}
}

func (s *Server) askRecoveryReceipt(
	ctx context.Context, c Call, in *askRecoveryReceiptCommand,
) (once.Answer, error) {
	b := in.Body
	return s.deps.Life.AskReceipt(ctx, c.Request, c.Render, c.Officer, lifeevent.Receipt{ //nolint:exhaustruct // the service's
		Case: in.ID.Int64(), Way: lifeevent.ReceiptWay(b.Way), FundAccount: b.FundAccount.Int64(), Amount: b.Amount.Amount,
		BankReference: b.BankReference, ValueDate: b.ValueDate.Day, Document: b.Document,
	})
}

type recoveryLetterQuery struct {
	Printing

	ID ID `path:"id"`
}

func (s *Server) recoveryLetter(ctx context.Context, c Call, in *recoveryLetterQuery) (Recovery, error) {
	l, err := s.deps.Life.Letter(ctx, c.Officer, in.ID.Int64())
	return viewRecovery(l.Recovery), err
}

func (s *Server) recoveryLetterTable(ctx context.Context, c Call, in *recoveryLetterQuery) (table, error) {
	l, err := s.deps.Life.Letter(ctx, c.Officer, in.ID.Int64())
	return table{
		name:  fmt.Sprintf("recovery-%d", l.ID),
		write: func(_ context.Context, sheet report.Sheet) error { return l.WriteLetter(sheet, in.language()) },
	}, err
}

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
	"twoline/gateway/policy"
)

// subsidyRoutes are government's subsidies to contributions.
func (s *Server) subsidyRoutes() {
	if s.deps.Personal == nil {
		return
	}
	makers := Officers(approval.Maker, approval.AgencyBusiness)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/subsidy-runs", Status: 201,
		Summary: "List what government owes to the contributions of a year",
		Description: "A line for each who paid for the year in the year, by the tier that was paid; years that are made up " +
			"later earn none. What was credited for a contribution that went back as wrong is taken back from the account, no more " +
			"than it holds, and the levels owe that much less, each by its share of that year. Each level owes its share by the rule contribution_subsidy_payers. A list for which no money " +
			"arrived gives way to a newer one; after one that was credited, a newer one holds who paid beyond it.",
		Who: makers, Deadline: monthsWork,
	}, viewSubsidyRun, s.makeSubsidies)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/subsidy-runs/{id}/arrivals",
		Summary: "Say that a booked transfer is a level's money for a list",
		Description: "The transfer is a subsidy for contributions into the fiscal special account. It may be named in parts, for " +
			"several lists and levels; together they are no more than it brought, and none is more than the level owes. Without " +
			"an amount it is what is left of the transfer, at most what the level still owes. Money that came after its month " +
			"was due carries the interest that the local government owes for it.", Who: makers,
	}, viewSubsidyRun, s.nameSubsidy)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/subsidy-runs/{id}/arrivals/{arrival}/withdraw",
		Summary: "Take money of a list back that was named wrongly",
		Description: "While the list is not credited and waits for no decision. Another person than who named it does; the money " +
			"can be named anew, for this list or another.", Who: makers,
	}, viewSubsidyRun, s.withdrawSubsidy)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/subsidy-runs/{id}/credit",
		Summary: "Ask that a list be credited to the accounts",
		Description: "When the money of each level is there, and each member still has the contribution that the list was " +
			"computed from. A checker of the business office approves the decision; then the accounts hold it from the day " +
			"of the last arrival. A wrong contribution that is given back later leaves a case, subsidy_after_refund: a list that is made after it takes the subsidy back.",
		Who: makers,
	}, viewSubsidyRun, s.creditSubsidies)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/subsidies", Summary: "Receivable and arrived by list and level of government",
		Who: readers(),
	}, s.subsidies)
}

// SubsidyRun is a list of subsidies on the wire.
type SubsidyRun struct {
	ID           ID             `json:"id"`
	Scheme       string         `json:"scheme"                enum:"resident,rural,urban,land_lost"`
	Year         int            `json:"year"`
	Round        int            `json:"round"                 doc:"How many lists of the year were credited before"`
	Upto         Day            `json:"upto"                  doc:"Payments up to this day are counted, by the rules of it"`
	DueOn        Day            `json:"due_on"`
	Document     string         `json:"document"`
	RuleDocument string         `json:"rule_document"`
	Accounts     int            `json:"accounts"`
	Receivable   Yuan           `json:"receivable"            doc:"What is given less what is taken back: what the levels owe"`
	Given        Yuan           `json:"given"`
	TakenBack    Yuan           `json:"taken_back"`
	Backs        []SubsidyBack  `json:"backs"                 nullable:"false"`
	Levels       []SubsidyLevel `json:"levels"                nullable:"false"`
	Digest       string         `json:"lines_digest"          doc:"SHA-256 over the lines, hex"`
	MadeBy       string         `json:"made_by"`
	MadeAt       time.Time      `json:"made_at"`
	Decision     ID             `json:"decision_id,omitzero"  doc:"Once it is asked for"`
	Status       string         `json:"status"                enum:"receivable,submitted,approved,rejected,withdrawn,credited"`
	CreditedFrom *Day           `json:"credited_from,omitempty" doc:"The day of the last arrival"`
}

// SubsidyLevel is a level's part of a list.
type SubsidyLevel struct {
	Level      string           `json:"level"      enum:"centre,province,city,county"`
	Receivable Yuan             `json:"receivable" doc:"What it owes, less what is taken back"`
	TakenBack  Yuan             `json:"taken_back"`
	Arrived    Yuan             `json:"arrived"`
	Arrivals   []SubsidyArrival `json:"arrivals"   nullable:"false"`
}

// SubsidyBack is a subsidy that is taken back.
type SubsidyBack struct {
	MemberID ID   `json:"member_id"`
	Year     int  `json:"year"       doc:"The year whose contribution went back as wrong"`
	Entitled Yuan `json:"entitled"   doc:"What the member's contributions of the year still earn"`
	Before   Yuan `json:"before"     doc:"What lists gave for it and did not take back"`
	Amount   Yuan `json:"amount"     doc:"At most what the account holds"`
}

// SubsidyArrival is money of a level.
type SubsidyArrival struct {
	ID           ID     `json:"id"`
	Transfer     ID     `json:"transfer_id"`
	Amount       Yuan   `json:"amount"      doc:"What of the transfer is the level's"`
	ArrivedOn    Day    `json:"arrived_on"`
	NamedBy      string `json:"named_by"`
	LateMonths   int    `json:"late_months"`
	LateInterest *Yuan  `json:"late_interest,omitempty" doc:"What the local government owes for them; left out while a year's rate is not known"`
}

func viewSubsidyRun(r personal.SubsidyRun) SubsidyRun {
	out := SubsidyRun{
		ID: NewID(r.ID), Scheme: string(r.Scheme), Year: r.Year, Round: r.Round, Upto: NewDay(r.Upto), DueOn: NewDay(r.DueOn),
		Document: r.Document, RuleDocument: r.RuleDocument, Accounts: r.Lines, Receivable: NewYuan(r.Net()),
		Given: NewYuan(r.Amount), TakenBack: NewYuan(r.Back), Backs: make([]SubsidyBack, len(r.Backs)),
		Levels: make([]SubsidyLevel, len(r.Levels)), Digest: hex.EncodeToString(r.Digest[:]), MadeBy: r.MadeBy,
		MadeAt: r.MadeAt, Decision: NewID(r.Decision), Status: string(r.State), CreditedFrom: nil,
	}
	for i, b := range r.Backs {
		out.Backs[i] = SubsidyBack{
			MemberID: NewID(b.Member), Year: b.Year, Entitled: NewYuan(b.Entitled), Before: NewYuan(b.Before),
			Amount: NewYuan(b.Amount),
		}
	}
	for i, l := range r.Levels {
		level := SubsidyLevel{
			Level: string(l.Level), Receivable: NewYuan(l.Amount), TakenBack: NewYuan(l.Back), Arrived: NewYuan(l.Arrived()),
			Arrivals: make([]SubsidyArrival, len(l.Arrivals)),
		}
		for k, a := range l.Arrivals {
			level.Arrivals[k] = SubsidyArrival{
				ID: NewID(a.ID), Transfer: NewID(a.Transfer), Amount: NewYuan(a.Amount), ArrivedOn: NewDay(a.ArrivedOn),
				NamedBy: a.NamedBy, LateMonths: a.Late.Months, LateInterest: nil,
			}
			if a.Late.Known {
				owed := NewYuan(a.Late.Interest)
				level.Arrivals[k].LateInterest = &owed
			}
		}
		out.Levels[i] = level
	}
	if out.Status == "" {
		out.Status = "receivable"
	}
	if r.Progress.Done {
		out.Status = "credited"
	}
	if !r.EffectiveOn.IsZero() {
		from := NewDay(r.EffectiveOn)
		out.CreditedFrom = &from
	}
	return out
}

type makeSubsidiesCommand struct {
	Body struct {
		Scheme   string `json:"scheme"   enum:"resident,rural,urban,land_lost"`
		Year     int    `json:"year"     minimum:"2009"                        maximum:"2199"`
		DueOn    Day    `json:"due_on"   doc:"By when the money has to be there"`
		Document string `json:"document" minLength:"1"                         maxLength:"200" doc:"What says so"`
	}
}

func (s *Server) makeSubsidies(ctx context.Context, c Call, in *makeSubsidiesCommand) (once.Answer, error) {
	return s.deps.Personal.MakeSubsidies(ctx, c.Request, c.Render, c.Officer, personal.SubsidyOrder{
		Scheme: ledger.Scheme(in.Body.Scheme), Year: in.Body.Year, DueOn: in.Body.DueOn.Day, Document: in.Body.Document,
	})
}

type nameSubsidyCommand struct {
	ID   ID `path:"id"`
	Body struct {
		Transfer ID     `json:"transfer_id"`
		Level    string `json:"level"            enum:"centre,province,city,county"`
		Amount   *Yuan  `json:"amount,omitempty" doc:"What of the transfer is the level's; left out, what is left of it, at most what the level still owes"`
	}
}

func (s *Server) nameSubsidy(ctx context.Context, c Call, in *nameSubsidyCommand) (once.Answer, error) {
	part := personal.SubsidyPart{Transfer: in.Body.Transfer.Int64(), Level: policy.Level(in.Body.Level), Amount: 0}
	if in.Body.Amount != nil {
		if part.Amount = in.Body.Amount.Amount; part.Amount <= 0 {
			return once.Answer{}, personal.ErrSubsidy.With("an amount above zero is needed").On("amount")
		}
	}
	return s.deps.Personal.NameSubsidy(ctx, c.Request, c.Render, c.Officer, in.ID.Int64(), part)
}

type withdrawSubsidyCommand struct {
	ID      ID `path:"id"`
	Arrival ID `path:"arrival"`
	Body    struct {
		Document string `json:"document" minLength:"1" maxLength:"200" doc:"What says that it was named wrongly"`
	}
}

func (s *Server) withdrawSubsidy(ctx context.Context, c Call, in *withdrawSubsidyCommand) (once.Answer, error) {
	return s.deps.Personal.WithdrawSubsidy(ctx, c.Request, c.Render, c.Officer, in.ID.Int64(), in.Arrival.Int64(),
		in.Body.Document)
}

type creditSubsidiesCommand struct {
	ID ID `path:"id"`
}

func (s *Server) creditSubsidies(ctx context.Context, c Call, in *creditSubsidiesCommand) (once.Answer, error) {
	return s.deps.Personal.CreditSubsidies(ctx, c.Request, c.Render, c.Officer, in.ID.Int64())
}

type subsidiesQuery struct {
	Paging

	Scheme string `query:"scheme" enum:"resident,rural,urban,land_lost"`
	Year   int    `query:"year"   minimum:"2009"                        maximum:"2199"`
}

func (s *Server) subsidies(ctx context.Context, c Call, in *subsidiesQuery) (Page[SubsidyRun], error) {
	after, err := in.After()
	if err != nil {
		return Page[SubsidyRun]{}, err //nolint:exhaustruct // none
	}
	list, err := s.deps.Personal.Subsidies(ctx, c.Officer, personal.RunFilter{ //nolint:exhaustruct // the service's
		Scheme: ledger.Scheme(in.Scheme), Year: in.Year, After: after, Limit: in.Limit + 1,
	})
	return NewPage(list, in.Limit, func(r personal.SubsidyRun) int64 { return r.ID }, viewSubsidyRun), err
}

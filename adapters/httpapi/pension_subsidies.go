package httpapi

import (
	"context"
	"net/http"

	"twoline/gateway/approval"
	"twoline/gateway/ledger"
	"twoline/gateway/once"
	"twoline/gateway/policy"
	"twoline/gateway/subsidy"
)

// pensionSubsidyRoutes are government's money for base pensions.
func (s *Server) pensionSubsidyRoutes() {
	if s.deps.Subsidies == nil {
		return
	}
	makers := Officers(approval.Maker, approval.FinanceBureau, approval.AgencyFinance)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/pension-subsidies",
		Summary: "Receivable, arrived and missing of a month's base pensions, by level of government",
		Description: "Receivable is what the month's frozen runs pay: its regular run, and supplementary runs whose pay day lies in " +
			"it. Of the minimum each level owes its share by the rule base_pension_payers, an addition is its level's, what is " +
			"paid beyond is owed by base_pension_extra_payers. A month without a frozen regular run is estimated by the last " +
			"approved one. The money is due on the hand-over day; what is ahead carries to the next month. Lateness is told by " +
			"the interest that it costs a subsidy to contributions, and nothing is booked for it.",
		Who: readers(),
	}, s.pensionSubsidies)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/pension-subsidies/arrivals", Status: 201,
		Summary: "Say of which levels and months a booked transfer's money is",
		Description: "The transfer is a subsidy for base pensions into the fiscal special account. It may be named in parts, for " +
			"several months and levels, up to a year ahead; together they are no more than it brought. The case of a level that " +
			"has nothing missing any more ends.", Who: makers,
	}, viewNamedSubsidy, s.namePensionSubsidy)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/pension-subsidies/arrivals/{id}/withdraw",
		Summary: "Take an arrival back that was named wrongly",
		Description: "Another person than who named it does. The money can be named anew; the case of what is missing again opens " +
			"again.", Who: makers,
	}, viewNamedSubsidy, s.withdrawPensionSubsidy)
}

// PensionSubsidies is what levels of government owe to a month's base pensions.
type PensionSubsidies struct {
	Scheme        string                `json:"scheme"         enum:"resident,rural,urban"`
	Month         Month                 `json:"month"`
	Basis         string                `json:"basis"          enum:"runs,estimate,none"`
	EstimatedFrom *Month                `json:"estimated_from,omitempty" doc:"The month whose run an estimate takes"`
	WarnOn        Day                   `json:"warn_on"        doc:"From this day on missing money is asked for, by the rule subsidy_warning_days"`
	DueOn         Day                   `json:"due_on"         doc:"The hand-over to the banks"`
	PayDay        Day                   `json:"pay_day"`
	Receivable    Signed                `json:"receivable"`
	Arrived       Yuan                  `json:"arrived"`
	Missing       Yuan                  `json:"missing"        doc:"What one level has ahead does not serve another"`
	Levels        []PensionSubsidyLevel `json:"levels"         nullable:"false"`
	Unnamed       []NamedTransfer       `json:"unnamed"        nullable:"false" doc:"The newest hundred transfers of the scheme with money that is named for no month"`
}

// PensionSubsidyLevel is a level's part of a month.
type PensionSubsidyLevel struct {
	Level      string                  `json:"level"           enum:"centre,province,city,county"`
	Receivable Signed                  `json:"receivable"      doc:"Below zero where a difference took more of the level's addition back"`
	Brought    Yuan                    `json:"brought_forward" doc:"What of earlier months was ahead"`
	Arrived    Yuan                    `json:"arrived"`
	Missing    Yuan                    `json:"missing"`
	Ahead      Yuan                    `json:"ahead"           doc:"Carries to the next month"`
	DaysLate   int                     `json:"days_late"       doc:"Since the hand-over, while money is missing"`
	Arrivals   []PensionSubsidyArrival `json:"arrivals"        nullable:"false"`
}

// PensionSubsidyArrival is a part of a transfer as it was named.
type PensionSubsidyArrival struct {
	ID           ID     `json:"id"`
	Transfer     ID     `json:"transfer_id"`
	Month        Month  `json:"month"`
	Level        string `json:"level"         enum:"centre,province,city,county"`
	Amount       Yuan   `json:"amount"`
	ArrivedOn    Day    `json:"arrived_on"`
	NamedBy      string `json:"named_by"`
	DaysLate     int    `json:"days_late"     doc:"After the month's hand-over; 0 in the answer to a command"`
	LateMonths   int    `json:"late_months"   doc:"After the month of the hand-over; 0 in the answer to a command"`
	LateInterest *Yuan  `json:"late_interest,omitempty" doc:"What the same lateness costs a subsidy to contributions; left out while a year's rate is not known, and in the answer to a command"`
}

// NamedTransfer is a booked subsidy for base pensions, and what of it is named.
type NamedTransfer struct {
	Transfer  ID     `json:"transfer_id"`
	Scheme    string `json:"scheme"      enum:"resident,rural,urban,land_lost"`
	Amount    Yuan   `json:"amount"`
	Named     Yuan   `json:"named"`
	ArrivedOn Day    `json:"arrived_on"`
	Document  string `json:"document"`
}

// NamedSubsidy is a transfer with its arrivals that stand.
type NamedSubsidy struct {
	NamedTransfer

	Arrivals []PensionSubsidyArrival `json:"arrivals" nullable:"false"`
}

func viewNamedTransfer(t subsidy.Transfer) NamedTransfer {
	return NamedTransfer{
		Transfer: NewID(t.ID), Scheme: string(t.Scheme), Amount: NewYuan(t.Amount), Named: NewYuan(t.Named),
		ArrivedOn: NewDay(t.ArrivedOn), Document: t.Document,
	}
}

func viewNamedSubsidy(n subsidy.Named) NamedSubsidy {
	return NamedSubsidy{NamedTransfer: viewNamedTransfer(n.Transfer), Arrivals: viewSubsidyArrivals(n.Arrivals)}
}

func viewSubsidyArrivals(list []subsidy.Arrival) []PensionSubsidyArrival {
	out := make([]PensionSubsidyArrival, len(list))
	for i, a := range list {
		out[i] = PensionSubsidyArrival{
			ID: NewID(a.ID), Transfer: NewID(a.Transfer), Month: Month{a.Month}, Level: string(a.Level),
			Amount: NewYuan(a.Amount), ArrivedOn: NewDay(a.ArrivedOn), NamedBy: a.NamedBy, DaysLate: a.DaysLate,
			LateMonths: a.Late.Months, LateInterest: nil,
		}
		if a.Late.Known {
			owed := NewYuan(a.Late.Interest)
			out[i].LateInterest = &owed
		}
	}
	return out
}

type pensionSubsidiesQuery struct {
	Scheme string `query:"scheme" enum:"resident,rural,urban" required:"true"`
	Month  Month  `query:"month"                              required:"true"`
}

func (s *Server) pensionSubsidies(ctx context.Context, c Call, in *pensionSubsidiesQuery) (PensionSubsidies, error) {
	m, err := s.deps.Subsidies.Of(ctx, c.Officer, ledger.Scheme(in.Scheme), in.Month.month)
	if err != nil {
		return PensionSubsidies{}, err //nolint:exhaustruct // none
	}
	out := PensionSubsidies{
		Scheme: string(m.Scheme), Month: Month{m.Month}, Basis: string(m.Basis), EstimatedFrom: nil, WarnOn: NewDay(m.WarnOn),
		DueOn: NewDay(m.DueOn), PayDay: NewDay(m.PayDay), Receivable: Signed{m.Receivable()}, Arrived: NewYuan(m.Arrived()),
		Missing: NewYuan(m.Missing()), Levels: make([]PensionSubsidyLevel, len(m.Levels)),
		Unnamed: make([]NamedTransfer, len(m.Unnamed)),
	}
	if !m.EstimatedFrom.IsZero() {
		out.EstimatedFrom = &Month{m.EstimatedFrom}
	}
	for i, l := range m.Levels {
		out.Levels[i] = PensionSubsidyLevel{
			Level: string(l.Level), Receivable: Signed{l.Receivable}, Brought: NewYuan(l.Brought), Arrived: NewYuan(l.Arrived),
			Missing: NewYuan(l.Missing), Ahead: NewYuan(l.Ahead), DaysLate: l.DaysLate, Arrivals: viewSubsidyArrivals(l.Arrivals),
		}
	}
	for i, t := range m.Unnamed {
		out.Unnamed[i] = viewNamedTransfer(t)
	}
	return out, nil
}

type namePensionSubsidyCommand struct {
	Body struct {
		Transfer ID                   `json:"transfer_id"`
		Parts    []PensionSubsidyPart `json:"parts"       minItems:"1" maxItems:"48" nullable:"false"`
	}
}

// PensionSubsidyPart is an amount of a transfer that is of a level, for a month.
type PensionSubsidyPart struct {
	Month  Month  `json:"month"`
	Level  string `json:"level"  enum:"centre,province,city,county"`
	Amount Yuan   `json:"amount"`
}

func (s *Server) namePensionSubsidy(
	ctx context.Context, c Call, in *namePensionSubsidyCommand,
) (once.Answer, error) {
	parts := make([]subsidy.Part, len(in.Body.Parts))
	for i, p := range in.Body.Parts {
		parts[i] = subsidy.Part{Month: p.Month.month, Level: policy.Level(p.Level), Amount: p.Amount.Amount}
	}
	return s.deps.Subsidies.Name(ctx, c.Request, c.Render, c.Officer, in.Body.Transfer.Int64(), parts)
}

type withdrawPensionSubsidyCommand struct {
	ID   ID `path:"id"`
	Body struct {
		Document string `json:"document" minLength:"1" maxLength:"200" doc:"What says that it was named wrongly"`
	}
}

func (s *Server) withdrawPensionSubsidy(
	ctx context.Context, c Call, in *withdrawPensionSubsidyCommand,
) (once.Answer, error) {
	return s.deps.Subsidies.Withdraw(ctx, c.Request, c.Render, c.Officer, in.ID.Int64(), in.Body.Document)
}

package httpapi

import (
	"context"
	"fmt"
	"net/http"

	"twoline/gateway/entitlement"
	"twoline/gateway/party"
	"twoline/gateway/personal"
	"twoline/gateway/report"
)

// entitlementRoutes are what members are told of their accounts.
func (s *Server) entitlementRoutes() {
	if s.deps.Personal == nil {
		return
	}
	const what = "What stood on the account at the year's beginning, each booking with the bank's number of the movement, " +
		"the rate and document of its interest, what stands at the year's end, the years paid and the earliest month of a " +
		"pension by age."
	Paper(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/members/{id}/statement", Summary: "A member's entitlement statement of a year",
		Description: what, Who: readers(),
	}, s.statementOf, s.statementOfTable)
	Paper(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/reports/entitlement-statements",
		Summary:     "The statements of a village or township, as one paper",
		Description: what + " A table has everybody, in bounded memory; JSON comes by page.", Who: readers(),
		Deadline: monthsWork,
	}, s.statementsOf, s.statementsOfTable)
}

// AccountParts are the four parts of a personal account.
type AccountParts struct {
	Individual Signed `json:"individual"`
	Collective Signed `json:"collective"`
	Subsidy    Signed `json:"subsidy"`
	Interest   Signed `json:"interest"`
	Total      Signed `json:"total"`
}

func viewParts(p entitlement.Parts) AccountParts {
	return AccountParts{
		Individual: Signed{p.Individual}, Collective: Signed{p.Collective}, Subsidy: Signed{p.Subsidy},
		Interest: Signed{p.Interest}, Total: Signed{p.Total()},
	}
}

// EntitlementStatement is a member's year on the wire.
type EntitlementStatement struct {
	Member    ID                  `json:"member_id"`
	SocialNo  string              `json:"social_no"`
	Name      string              `json:"name"                              doc:"Masked; a table shows it in full"`
	Region    string              `json:"region"`
	Scheme    string              `json:"scheme"                            enum:"resident,rural,urban,land_lost"`
	Year      int                 `json:"year"`
	Opening   AccountParts        `json:"opening"`
	Lines     []EntitlementLine   `json:"lines"                             nullable:"false"`
	Interest  []EntitlementGrowth `json:"interest"                          nullable:"false"`
	Closing   AccountParts        `json:"closing"`
	OldScheme *Yuan               `json:"old_scheme,omitempty"              doc:"What of the individual part keeps the mark of the rural scheme before 2009; absent for nothing"`
	YearsPaid int                 `json:"years_paid"                        doc:"Years with contributions in the book"`
	Earliest  string              `json:"earliest_pension_month,omitempty"  pattern:"^[0-9]{4}-[0-9]{2}$"                doc:"By age"`
}

// EntitlementLine is one booking.
type EntitlementLine struct {
	Entry         ID           `json:"entry_id"`
	Date          Day          `json:"date"`
	Kind          string       `json:"kind"`
	ForYear       int          `json:"for_year,omitempty"       doc:"Of a contribution or a subsidy"`
	Amounts       AccountParts `json:"amounts"`
	Item          ID           `json:"item_id,omitzero"         doc:"The item, receipt or line behind it"`
	Batch         ID           `json:"batch_id,omitzero"`
	BankReference string       `json:"bank_reference,omitempty"`
}

// EntitlementGrowth is the rate by which interest was put to the account.
type EntitlementGrowth struct {
	Run      ID     `json:"interest_run_id"`
	Rate     string `json:"rate"            enum:"provisional,final"`
	Percent  string `json:"percent"`
	Document string `json:"document"`
	Amount   Signed `json:"amount"`
}

func viewStatementOf(s personal.Statement) EntitlementStatement {
	out := EntitlementStatement{
		Member: NewID(s.Member), SocialNo: s.SocialNo, Name: s.Name.String(), Region: fmt.Sprint(int64(s.Region)),
		Scheme: string(s.Scheme), Year: s.Year, Opening: viewParts(s.Opening), Lines: make([]EntitlementLine, len(s.Lines)),
		Interest: make([]EntitlementGrowth, len(s.Interest)), Closing: viewParts(s.Closing), OldScheme: nil, YearsPaid: s.YearsPaid, Earliest: "",
	}
	if s.OldScheme > 0 {
		old := NewYuan(s.OldScheme)
		out.OldScheme = &old
	}
	if !s.Earliest.IsZero() {
		out.Earliest = s.Earliest.String()
	}
	for i, l := range s.Lines {
		out.Lines[i] = EntitlementLine{
			Entry: NewID(l.Entry), Date: NewDay(l.Day), Kind: string(l.Kind), ForYear: l.Year, Amounts: viewParts(l.Parts),
			Item: NewID(l.Cause), Batch: NewID(l.Batch), BankReference: l.BankReference,
		}
	}
	for i, g := range s.Interest {
		out.Interest[i] = EntitlementGrowth{
			Run: NewID(g.Run), Rate: string(g.Rate), Percent: g.Percent, Document: g.Document, Amount: Signed{g.Amount},
		}
	}
	return out
}

type statementOfQuery struct {
	Printing

	ID   ID  `path:"id"`
	Year int `query:"year" required:"true" minimum:"2009" maximum:"2199"`
}

func (s *Server) statementOf(ctx context.Context, c Call, in *statementOfQuery) (EntitlementStatement, error) {
	statement, err := s.deps.Personal.Statement(ctx, c.Officer, in.ID.Int64(), in.Year)
	return viewStatementOf(statement), err
}

func (s *Server) statementOfTable(ctx context.Context, c Call, in *statementOfQuery) (table, error) {
	// Whether there is such a member is answered before the file begins.
	if _, err := s.deps.Personal.Statement(ctx, c.Officer, in.ID.Int64(), in.Year); err != nil {
		return table{}, err //nolint:exhaustruct // none
	}
	f := personal.StatementFilter{Year: in.Year, Member: in.ID.Int64()} //nolint:exhaustruct // one
	return s.statementTable(c, f, fmt.Sprintf("statement-%s-%d", in.ID, in.Year), in.language()), nil
}

func (s *Server) statementTable(c Call, f personal.StatementFilter, name string, lang report.Language) table {
	return table{name: name, write: func(ctx context.Context, sheet report.Sheet) error {
		return s.deps.Personal.WriteStatements(ctx, c.Officer, f, lang, sheet)
	}}
}

type statementsOfQuery struct {
	Printing
	Paging

	Region string `query:"region" required:"true" pattern:"^[1-9][0-9]{11}$" doc:"A village, or a township where it ends on 000"`
	Year   int    `query:"year"   required:"true" minimum:"2009"             maximum:"2199"`
}

func (in *statementsOfQuery) filter() (personal.StatementFilter, error) {
	region, err := party.ParseRegion(in.Region)
	return personal.StatementFilter{Year: in.Year, Region: region}, err //nolint:exhaustruct // the caller's
}

func (s *Server) statementsOf(ctx context.Context, c Call, in *statementsOfQuery) (Page[EntitlementStatement], error) {
	f, err := in.filter()
	if err == nil {
		f.After, err = in.After()
	}
	if err != nil {
		return Page[EntitlementStatement]{}, err //nolint:exhaustruct // none
	}
	f.Limit = in.Limit + 1
	list, err := s.deps.Personal.Statements(ctx, c.Officer, f)
	return NewPage(list, in.Limit, func(v personal.Statement) int64 { return v.Member }, viewStatementOf), err
}

func (s *Server) statementsOfTable(_ context.Context, c Call, in *statementsOfQuery) (table, error) {
	f, err := in.filter()
	return s.statementTable(c, f, fmt.Sprintf("statements-%s-%d", in.Region, in.Year), in.language()), err
}

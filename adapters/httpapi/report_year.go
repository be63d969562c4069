package httpapi

import (
	"context"
	"strconv"

	"twoline/gateway/ledger"
	"twoline/gateway/report"
)

// BookYear is a year of a scheme's book, and how it is wanted.
type BookYear struct {
	Printing

	Scheme string `query:"scheme" required:"true" enum:"resident,rural,urban,land_lost"`
	Year   int    `query:"year"   required:"true" minimum:"2009" maximum:"2100"`
	Open   bool   `query:"open"   doc:"Take the year as it stands, though not all of its days are sealed"`
}

// BudgetedAmount is an account's year beside its budget.
type BudgetedAmount struct {
	AccountAmount

	Budget     *Yuan   `json:"budget,omitempty"     doc:"Absent where no budget has the account"`
	Difference *Signed `json:"difference,omitempty" doc:"Actual less budget"`
	Document   string  `json:"document,omitempty"   doc:"Of the budget"`
}

// YearSurplus is what a year added to the fund.
type YearSurplus struct {
	Amount   Signed `json:"amount"`
	Remitted Signed `json:"remitted"`
	Required *Yuan  `json:"required,omitempty" doc:"Absent where no rule of the area asks for it"`
	Short    *Yuan  `json:"short,omitempty"    doc:"How much less was remitted than is required"`
	Rate     string `json:"rate,omitempty"     doc:"The rule's share of the new surplus"`
	Document string `json:"document,omitempty" doc:"Of the rule"`
}

// FundYear is a scheme's year on the wire.
type FundYear struct {
	Scheme            string           `json:"scheme"`
	Year              int              `json:"year"`
	Through           Day              `json:"through"            doc:"The last day counted"`
	Final             bool             `json:"final"              doc:"Every day of the year is sealed"`
	Opening           Signed           `json:"opening"`
	BroughtIn         Signed           `json:"brought_in"         doc:"What the book began with"`
	Income            []BudgetedAmount `json:"income"             nullable:"false"`
	IncomeBudget      Yuan             `json:"income_budget"`
	IncomeTotal       Signed           `json:"income_total"`
	Expenditure       []BudgetedAmount `json:"expenditure"        nullable:"false"`
	ExpenditureBudget Yuan             `json:"expenditure_budget"`
	ExpenditureTotal  Signed           `json:"expenditure_total"`
	Closing           Signed           `json:"closing"`
	Deposits          Signed           `json:"deposits"           doc:"On fixed deposits at the end"`
	Surplus           YearSurplus      `json:"surplus"`
	Subsidies         []YearSubsidy    `json:"subsidies"          nullable:"false" doc:"Booked subsidies of the year, by purpose and level"`
	RunOut            []YearRunOut     `json:"run_out"            nullable:"false" doc:"Account pensions that were paid after the accounts had run out: local government's"`
}

// YearRunOut is what of account pensions local government bears.
type YearRunOut struct {
	Level   string `json:"level,omitempty" enum:"centre,province,city,county" doc:"Absent while no rule says which level pays"`
	Members int    `json:"members"`
	Amount  Signed `json:"amount"          doc:"What was paid less what came back"`
}

// YearSubsidy is what came of government's money for a purpose.
type YearSubsidy struct {
	Purpose string `json:"purpose"         enum:"base_pension,contribution,unspecified"`
	Level   string `json:"level,omitempty" enum:"centre,province,city,county" doc:"Absent for what nobody named a level of"`
	Amount  Yuan   `json:"amount"`
}

func viewBudgeted(list []report.Budgeted) []BudgetedAmount {
	out := make([]BudgetedAmount, len(list))
	for i, b := range list {
		out[i] = BudgetedAmount{
			AccountAmount: viewAmounts([]report.Amounts{b.Amounts})[0], Budget: nil, Difference: nil, Document: b.Document,
		}
		if b.Planned {
			out[i].Budget, out[i].Difference = &Yuan{b.Budget}, &Signed{b.Amount - b.Budget}
		}
	}
	return out
}

func (s *Server) fundYearOf(ctx context.Context, c Call, in *BookYear) (report.FundYear, error) {
	return s.deps.Reports.FundYear(ctx, c.Officer, report.AskYear{
		Scheme: ledger.Scheme(in.Scheme), Year: in.Year, Open: in.Open,
	})
}

func (s *Server) fundYear(ctx context.Context, c Call, in *BookYear) (FundYear, error) {
	y, err := s.fundYearOf(ctx, c, in)
	out := FundYear{
		Scheme: in.Scheme, Year: in.Year, Through: NewDay(y.Through), Final: y.Final, Opening: Signed{y.Opening},
		BroughtIn: Signed{y.BroughtIn}, Income: viewBudgeted(y.Income), IncomeBudget: NewYuan(y.IncomeBudget),
		IncomeTotal: Signed{y.IncomeTotal}, Expenditure: viewBudgeted(y.Expenditure),
		ExpenditureBudget: NewYuan(y.ExpenditureBudget), ExpenditureTotal: Signed{y.ExpenditureTotal},
		Closing: Signed{y.Closing}, Deposits: Signed{y.Deposits},
		Surplus: YearSurplus{ //nolint:exhaustruct // what a rule asks for follows
			Amount: Signed{y.Surplus.Amount}, Remitted: Signed{y.Surplus.Remitted},
		},
		Subsidies: make([]YearSubsidy, len(y.Subsidies)), RunOut: make([]YearRunOut, len(y.RunOut)),
	}
	for i, s := range y.Subsidies {
		out.Subsidies[i] = YearSubsidy{Purpose: s.Purpose, Level: string(s.Level), Amount: NewYuan(s.Amount)}
	}
	for i, r := range y.RunOut {
		out.RunOut[i] = YearRunOut{Level: string(r.Level), Members: r.Members, Amount: Signed{r.Amount}}
	}
	if rule := y.Surplus.Rule; rule != nil {
		out.Surplus.Required, out.Surplus.Short = &Yuan{y.Surplus.Required}, &Yuan{y.Surplus.Short()}
		out.Surplus.Rate, out.Surplus.Document = rule.Value.String(), rule.Document
	}
	return out, err
}

func (s *Server) fundYearTable(ctx context.Context, c Call, in *BookYear) (table, error) {
	y, err := s.fundYearOf(ctx, c, in)
	name := "fund-year-" + in.Scheme + "-" + strconv.Itoa(in.Year)
	if !y.Final {
		name += "-open"
	}
	return table{
		name:  name,
		write: func(_ context.Context, sheet report.Sheet) error { return y.Write(sheet, in.language()) },
	}, err
}

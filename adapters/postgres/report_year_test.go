package postgres_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/report"
)

// Two published years, as their documents state them and as a year's report does.
// Songpan 2010 leaves its interest out of the income that it published and not out of the
// balance: the report has it in both.
func TestFundYear_OfSongpanAndChencang(t *testing.T) {
	t.Parallel()
	for _, give := range []struct {
		name   string
		year   int
		book   func(w *bookWorld, day calendar.Day)
		budget string
		want   []string
	}{
		{"Songpan 2010", 2010, func(w *bookWorld, day calendar.Day) {
			in := func(kind ledger.Kind, from ledger.Role, amount money.Amount) {
				w.mustBook(w.entry(kind, day, w.line(ledger.Debit, ledger.FiscalSpecial, amount), w.line(ledger.Credit, from, amount)))
			}
			for _, subsidy := range []money.Amount{1_568_000_00, 540_000_00, 216_000_00, 131_900_00} {
				in(ledger.SubsidyReceipt, ledger.SubsidyOther, subsidy)
			}
			in(ledger.ContributionReceived, ledger.Contribution, 1_855_600_00)
			in(ledger.InterestReceived, ledger.InterestIncome, 19_000_00)
			w.mustBook(w.entry(ledger.Allocation, day, w.line(ledger.Debit, ledger.Expenditure, 2_005_000_00),
				w.line(ledger.Credit, ledger.FiscalSpecial, 2_005_000_00)))
			w.mustBook(w.entry(ledger.BenefitPaid, day, w.line(ledger.Debit, ledger.BenefitBase, 2_005_000_00),
				w.line(ledger.Credit, ledger.Expenditure, 2_005_000_00)))
		}, `('rural', 2010, 'contribution_individual', 200000000, 'old'), ('rural', 2010, 'contribution_individual', 180000000, 'new'),
			('rural', 2010, 'benefit_base_pension', 200340000, 'new')`, []string{
			"income 4330500.00 of 1800000.00", "contribution_individual 1855600.00 of 1800000.00 by new",
			"interest_income 19000.00", "expenditure 2005000.00 of 2003400.00",
			"benefit_base_pension 2005000.00 of 2003400.00 by new", "closing 2325500.00, deposits 0.00",
			"surplus 2325500.00, remitted 0.00, required 1860400.00, short 1860400.00",
		}},
		{"Chencang 2011", 2011, func(w *bookWorld, day calendar.Day) {
			opening := money.Amount(88_137_620_00)
			w.mustBook(w.entry(ledger.Opening, day, w.line(ledger.Debit, ledger.FiscalSpecial, opening),
				w.line(ledger.Credit, ledger.FundBalance, opening)))
			w.mustBook(w.contribution(day, 28_849_000_00))
			w.mustBook(w.entry(ledger.Sweep, day, w.line(ledger.Debit, ledger.FiscalSpecial, 28_849_000_00),
				w.line(ledger.Credit, ledger.Income, 28_849_000_00)))
			w.mustBook(w.entry(ledger.SubsidyReceipt, day, w.line(ledger.Debit, ledger.FiscalSpecial, 43_899_000_00),
				w.line(ledger.Credit, ledger.SubsidyOther, 43_899_000_00)))
			pensions := money.Amount(44_007 * 55 * 12 * 100)
			w.mustBook(w.entry(ledger.Allocation, day, w.line(ledger.Debit, ledger.Expenditure, pensions),
				w.line(ledger.Credit, ledger.FiscalSpecial, pensions)))
			w.mustBook(w.entry(ledger.BenefitPaid, day, w.line(ledger.Debit, ledger.BenefitBase, pensions),
				w.line(ledger.Credit, ledger.Expenditure, pensions)))
			w.mustBook(w.entry(ledger.DepositPlaced, day, w.line(ledger.Debit, ledger.FixedDeposit, 130_706_000_00),
				w.line(ledger.Credit, ledger.FiscalSpecial, 130_706_000_00)))
			w.mustBook(w.entry(ledger.RemittanceMade, day, w.line(ledger.Debit, ledger.RemittanceOut, 1_000_00),
				w.line(ledger.Credit, ledger.FiscalSpecial, 1_000_00)))
			w.mustBook(w.entry(ledger.RemittanceReceived, day, w.line(ledger.Debit, ledger.FiscalSpecial, 1_000_00),
				w.line(ledger.Credit, ledger.RemittanceIn, 1_000_00)))
		}, `('urban', 2011, 'benefit_base_pension', 1, 'another scheme'), ('rural', 2012, 'benefit_base_pension', 1, 'another year')`, []string{
			"income 72749000.00 of 0.00", "contribution_individual 28849000.00", "interest_income 0.00",
			"expenditure 29045620.00 of 0.00", "benefit_base_pension 29044620.00",
			"closing 131841000.00, deposits 130706000.00",
			"surplus 43703380.00, remitted 1000.00, required 34962704.00, short 34961704.00",
		}},
	} {
		t.Run(give.name, func(t *testing.T) {
			t.Parallel()
			first, err := calendar.Date(give.year, 1, 1)
			if err != nil {
				t.Fatal(err)
			}
			w := newBookWorld(t, first.String(), first.AddMonths(11).String())
			w.database.Exec(t, `insert into area_rule (area, rule, effective_from, value, document)
				values ($1, 'surplus_remittance', '2009-09-01', '"80%"', 'plan of the province')`, int32(bookArea))
			w.database.Exec(t, `insert into budget (area, scheme, year, role, amount, document, entered_by, entered_at)
				select $1, b.*, 'test', now() from (values `+give.budget+`) b`, int32(bookArea))
			give.book(w, first.AddMonths(11))
			s := report.NewService(w.db.Reports())
			auditor := approval.Officer{ //nolint:exhaustruct // an auditor of the area
				Area: bookArea, Organisation: approval.Auditor,
			}
			ask := report.AskYear{Scheme: ledger.Rural, Year: give.year, Open: false}
			if _, err := s.FundYear(t.Context(), auditor, ask); !errors.Is(err, ledger.ErrNotSealed) {
				t.Errorf("a year that is not sealed: %v", err)
			}
			ask.Open = true
			y, err := s.FundYear(t.Context(), auditor, ask)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(give.want, inWords(y)); d != "" {
				t.Error(d)
			}
			if y.Opening+y.BroughtIn+y.IncomeTotal-y.ExpenditureTotal != y.Closing || y.Final {
				t.Errorf("the year does not add up, or is final: %+v", y)
			}
			paper := &textSheet{}
			if err := y.Write(paper, report.Chinese); err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(paper.head.Notes, func(n string) bool { return strings.Contains(n, "应归集 80%") }) ||
				!strings.HasSuffix(paper.head.Notes[0], "未结账") || len(paper.lines) != 27 {
				t.Errorf("%d lines below %q", len(paper.lines), paper.head.Notes)
			}
			// Totals are set off only where every account that moved has a budget.
			for _, line := range paper.lines {
				apart := strings.HasPrefix(line, "三、") && give.year == 2010
				if strings.HasPrefix(line, "二、") || strings.HasPrefix(line, "三、") {
					if apart == strings.HasSuffix(line, "|") {
						t.Errorf("a total of accounts with and without a budget: %s", line)
					}
				}
			}
		})
	}
}

// inWords are the figures of a year that a published text has.
func inWords(y report.FundYear) []string {
	of := func(list []report.Budgeted, role ledger.Role) string {
		for _, b := range list {
			if b.Account.Role != role {
				continue
			}
			out := string(role) + " " + b.Amount.String()
			if b.Planned {
				out += " of " + b.Budget.String() + " by " + b.Document
			}
			return out
		}
		return "absent"
	}
	s := y.Surplus
	return []string{
		"income " + y.IncomeTotal.String() + " of " + y.IncomeBudget.String(),
		of(y.Income, ledger.Contribution),
		of(y.Income, ledger.InterestIncome),
		"expenditure " + y.ExpenditureTotal.String() + " of " + y.ExpenditureBudget.String(),
		of(y.Expenditure, ledger.BenefitBase),
		"closing " + y.Closing.String() + ", deposits " + y.Deposits.String(),
		"surplus " + s.Amount.String() + ", remitted " + s.Remitted.String() + ", required " + s.Required.String() +
			", short " + s.Short().String(),
	}
}

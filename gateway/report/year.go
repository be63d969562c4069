package report

import (
	"context"
	"fmt"
	"math/bits"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// BudgetLine is what was decided for an account of the chart and a year.
type BudgetLine struct {
	Role     ledger.Role
	Amount   money.Amount
	Document string
}

// Budgeted is an account's year beside its budget.
type Budgeted struct {
	Amounts

	// Planned says that a budget has the account; Budget and Document are its.
	Planned  bool
	Budget   money.Amount
	Document string
}

// Surplus is what a year added to the fund, and what of it was remitted or entrusted.
type Surplus struct {
	// Amount is income without what came from above, less expenditure without what went
	// there: below zero where the year cost more than it brought.
	Amount money.Amount
	// Remitted went to the level above, or into entrusted investment less what came back from
	// there. What the level above sent is its money, and no surplus that came back.
	Remitted money.Amount
	// Required is the least that the area's rule asks for; Rule is nil where no rule asks.
	Required money.Amount
	Rule     *policy.Row
}

// Short says how much less was remitted than the rule asks for.
func (s Surplus) Short() money.Amount { return max(0, s.Required-s.Remitted) }

// FundYear is one scheme's income and expenditure of a year beside its budget (基金预算
// 执行情况), with its deposits and what of the surplus was remitted.
type FundYear struct {
	Area   party.Area
	Scheme ledger.Scheme
	Year   int
	// Through is the last day counted; Final says that every day of the year is sealed.
	Through calendar.Day
	Final   bool
	// Opening + BroughtIn + IncomeTotal - ExpenditureTotal = Closing.
	Opening, BroughtIn, IncomeTotal, ExpenditureTotal, Closing money.Amount
	Income, Expenditure                                        []Budgeted
	IncomeBudget, ExpenditureBudget                            money.Amount
	// Deposits stand on fixed deposits at the end.
	Deposits money.Amount
	Surplus  Surplus
	// Subsidies are the government's money of the year's booked transfers, by purpose and level.
	Subsidies []Subsidised
	// RunOut is what local government owes of the account pensions that the year paid.
	RunOut []RunOut
}

// RunOut is what of account pensions was paid after the accounts had run out: the same amount goes
// on for life, and local government pays it.
type RunOut struct {
	// Level is empty while no rule of the area says which level pays: no split is invented.
	Level policy.Level
	// Members are those who were paid so.
	Members int
	// Amount is what was paid less what came back; below zero where more came back of earlier years.
	Amount money.Amount
}

// Subsidised is what came of government's money for a purpose.
type Subsidised struct {
	// Purpose is base_pension, contribution or unspecified.
	Purpose string
	// Level is empty for what nobody named a level of: no split is invented.
	Level  policy.Level
	Amount money.Amount
}

// YearTx is what a year's report needs beside the papers of a month.
type YearTx interface {
	// Budget returns what was decided last for each account of a scheme's year.
	Budget(ctx context.Context, area party.Area, scheme ledger.Scheme, year int) ([]BudgetLine, error)
	Rules(ctx context.Context, area party.Area) (*policy.Rules, error)
	// SubsidiesByLevel sums booked subsidies that were effective from one day to another, in the
	// order of purposes and of levels from the top.
	SubsidiesByLevel(
		ctx context.Context, area party.Area, scheme ledger.Scheme, from, to calendar.Day,
	) ([]Subsidised, error)
	// RunOuts sums what was booked from one day to another of account pensions that no account gave; none
	// where there is nothing.
	RunOuts(ctx context.Context, area party.Area, scheme ledger.Scheme, from, to calendar.Day) ([]RunOut, error)
}

// AskYear names a year of a book.
type AskYear struct {
	Scheme ledger.Scheme
	Year   int
	// Open takes the year as it stands where not all of its days are sealed.
	Open bool
}

// FundYear makes the report of a year of the officer's area.
func (s *Service) FundYear(ctx context.Context, by approval.Officer, ask AskYear) (FundYear, error) {
	out := FundYear{Area: by.Area, Scheme: ask.Scheme, Year: ask.Year} //nolint:exhaustruct // filled below
	if err := mayRead(by); err != nil {
		return out, err
	}
	first, err := calendar.Date(ask.Year, 1, 1)
	if err != nil {
		return out, fmt.Errorf("year %d: %w", ask.Year, err)
	}
	err = s.store.Read(ctx, func(tx Tx) error {
		last := Ask{Scheme: ask.Scheme, Month: first.AddMonths(11).Month(), Open: ask.Open, Closed: false}
		days, final, err := span(ctx, tx, by.Area, last)
		if err != nil {
			return err
		}
		days.From = first
		f, err := figures(ctx, tx, days)
		if err != nil {
			return err
		}
		st, err := NewFundStatement(by.Area, ask.Scheme, last.Month, f)
		if err != nil {
			return err
		}
		budget, err := tx.Budget(ctx, by.Area, ask.Scheme, ask.Year)
		if err != nil {
			return err
		}
		rules, err := tx.Rules(ctx, by.Area)
		if err != nil {
			return err
		}
		out = newFundYear(out, st, f, budget)
		out.Through, out.Final = days.To, final
		if out.Subsidies, err = tx.SubsidiesByLevel(ctx, by.Area, ask.Scheme, days.From, days.To); err != nil {
			return err
		}
		if out.RunOut, err = tx.RunOuts(ctx, by.Area, ask.Scheme, days.From, days.To); err != nil {
			return err
		}
		return out.require(rules, days.To)
	})
	if err != nil {
		return out, fmt.Errorf("report of %d: %w", ask.Year, err)
	}
	return out, nil
}

func newFundYear(y FundYear, st FundStatement, f Figures, budget []BudgetLine) FundYear {
	y.Opening, y.BroughtIn, y.Closing = st.Opening, st.BroughtIn, st.Closing
	y.IncomeTotal, y.ExpenditureTotal = st.IncomeTotal, st.ExpenditureTotal
	y.Income, y.IncomeBudget = besides(st.Income, budget)
	y.Expenditure, y.ExpenditureBudget = besides(st.Expenditure, budget)
	y.Deposits = f.Closed.Of(ledger.FixedDeposit)
	above := -f.moved(ledger.RemittanceIn, 0)
	made := f.moved(ledger.RemittanceOut, 0)
	y.Surplus.Amount = y.IncomeTotal - above - (y.ExpenditureTotal - made)
	y.Surplus.Remitted = made + f.moved(ledger.Investment, 0)
	return y
}

// besides puts the budget beside the accounts.
func besides(list []Amounts, budget []BudgetLine) ([]Budgeted, money.Amount) {
	out := make([]Budgeted, len(list))
	var sum money.Amount
	for i, a := range list {
		out[i] = Budgeted{Amounts: a, Planned: false, Budget: 0, Document: ""}
		for _, b := range budget {
			if b.Role == a.Account.Role {
				out[i].Planned, out[i].Budget, out[i].Document = true, b.Amount, b.Document
				sum += b.Amount
			}
		}
	}
	return out, sum
}

// require says how much of the surplus the rule of the year's last day asks for, rounded
// up to the fen. Without a rule nothing is asked for.
func (y *FundYear) require(rules *policy.Rules, last calendar.Day) error {
	row, err := rules.Row(policy.SurplusRemittance, last)
	if err != nil {
		return nil //nolint:nilerr // the area remits nothing by rule
	}
	y.Surplus.Rule = &row
	if y.Surplus.Amount <= 0 {
		return nil
	}
	hi, lo := bits.Mul64(uint64(y.Surplus.Amount), uint64(row.Value.Rate())) //nolint:gosec // both above zero
	part, rest := bits.Div64(hi, lo, uint64(policy.Whole))
	y.Surplus.Required = money.Amount(part) //nolint:gosec // at most the surplus
	if rest > 0 {
		y.Surplus.Required++
	}
	return nil
}

// Write puts the report on a sheet.
func (y FundYear) Write(sheet Sheet, lang Language) error {
	w := wordsOf(lang)
	p := rows{sheet: sheet, err: nil}
	notes := append(w.yearNotes(y), w.surplusNotes(y)...)
	p.err = sheet.Begin(Head{
		Name: w.year, Title: w.year, Notes: notes, Columns: w.yearColumns, Foot: nil, Signatures: w.signatures,
		Language: lang,
	})
	total := func(name string, list []Budgeted, budget, actual money.Amount) {
		cells := []Cell{TextCell(name), Blank(), MoneyCell(budget), MoneyCell(actual), Blank()}
		if planned(list) {
			cells[4] = MoneyCell(actual - budget)
		}
		if p.err == nil {
			p.err = sheet.Row(cells...)
		}
	}
	each := func(list []Budgeted) {
		for _, b := range list {
			cells := []Cell{
				TextCell("  " + w.name(b.Account)), TextCell(b.Account.Code), Blank(), MoneyCell(b.Amount), Blank(),
			}
			if b.Planned {
				cells[2], cells[4] = MoneyCell(b.Budget), MoneyCell(b.Amount-b.Budget)
			}
			if p.err == nil {
				p.err = sheet.Row(cells...)
			}
		}
	}
	plain := func(name string, amount money.Amount) {
		if p.err == nil {
			p.err = sheet.Row(TextCell(name), Blank(), Blank(), MoneyCell(amount), Blank())
		}
	}
	plain(w.opening, y.Opening)
	plain("  "+w.brought, y.BroughtIn)
	total(w.income, y.Income, y.IncomeBudget, y.IncomeTotal)
	each(y.Income)
	total(w.expenditure, y.Expenditure, y.ExpenditureBudget, y.ExpenditureTotal)
	each(y.Expenditure)
	plain(w.surplus, y.IncomeTotal-y.ExpenditureTotal)
	plain(w.closing, y.Closing)
	plain("  "+w.deposits, y.Deposits)
	if len(y.Subsidies) > 0 {
		plain(w.subsidies, y.subsidised())
	}
	for _, s := range y.Subsidies {
		plain("  "+w.purposes[s.Purpose]+" · "+w.levels[s.Level], s.Amount)
	}
	for _, r := range y.RunOut {
		plain(fmt.Sprintf(w.runOut, w.levels[r.Level], r.Members), r.Amount)
	}
	plain(w.newSurplus, y.Surplus.Amount)
	plain("  "+w.remitted, y.Surplus.Remitted)
	if y.Surplus.Rule != nil {
		plain("  "+w.required, y.Surplus.Required)
	}
	if p.err != nil {
		return p.err
	}
	return sheet.End()
}

// planned says that every account that moved has a budget: else a difference of totals would
// set what nobody planned against what somebody did.
func planned(list []Budgeted) bool {
	for _, b := range list {
		if b.Amount != 0 && !b.Planned {
			return false
		}
	}
	return true
}

// subsidised is what the transfers of subsidies brought together.
func (y FundYear) subsidised() money.Amount {
	var sum money.Amount
	for _, s := range y.Subsidies {
		sum += s.Amount
	}
	return sum
}

func (w words) yearNotes(y FundYear) []string {
	book := fmt.Sprintf(w.yearOf, y.Area, y.Scheme, y.Year, y.Through)
	if !y.Final {
		book += " · " + w.open
	}
	return []string{book, w.unit}
}

func (w words) surplusNotes(y FundYear) []string {
	s := y.Surplus
	if s.Rule == nil || s.Short() == 0 {
		return nil
	}
	return []string{fmt.Sprintf(w.short, s.Rule.Value, s.Rule.Document, s.Short())}
}

package report

import (
	"slices"

	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// ErrFundStatement is a month whose movements do not lead from one sealed balance
// to the other, which is our fault.
var ErrFundStatement = fault.New(fault.Internal, "fund_statement",
	"the month's movements do not lead from its opening to its closing balances")

// Amounts is one account's part of a statement of income and expenditure.
type Amounts struct {
	Account ledger.Account
	Amount  money.Amount
}

// Flow is what one kind of entry moved.
type Flow struct {
	Kind   ledger.Kind
	Amount money.Amount
}

// Line is where an account stands under two-line fund management.
type Line string

// The two lines, and what stands between them.
const (
	IncomeLine      Line = "income"
	Between         Line = "fiscal_special"
	ExpenditureLine Line = "expenditure"
)

// lineOf puts a bank account on its line: what a treasury collects is income, and
// a fixed deposit is the fiscal special account's.
func lineOf(r ledger.Role) Line {
	switch r { //nolint:exhaustive // the other roles are no bank accounts
	case ledger.Income, ledger.Treasury:
		return IncomeLine
	case ledger.Expenditure:
		return ExpenditureLine
	}
	return Between
}

// AccountFlow is one bank account's month by what moved it. What was corrected in
// red is negative.
type AccountFlow struct {
	ledger.FundAccount

	Line             Line
	Account          ledger.Account
	Opening, Closing money.Amount
	In, Out          []Flow
}

// Held is what stands on an account that is no bank account: owed, lent, in
// transit or invested. What the fund owes is positive on a credit account.
type Held struct {
	Account          ledger.Account
	Opening, Closing money.Amount
}

// FundStatement is one scheme's income and expenditure of a month (基金收支表).
type FundStatement struct {
	Area   party.Area
	Scheme ledger.Scheme
	Month  calendar.Month
	// Through is the last day counted; Final says that every day of the month is sealed.
	Through calendar.Day
	Final   bool
	// Opening + BroughtIn + IncomeTotal - ExpenditureTotal = Closing; the balances are
	// what the fund owns less what it owes, and BroughtIn is what the book began with.
	Opening, BroughtIn, IncomeTotal, ExpenditureTotal, Closing money.Amount
	Income, Expenditure                                        []Amounts
	// Accounts are the income line's, then the fiscal special account and its
	// deposits, then the expenditure line's.
	Accounts []AccountFlow
	Held     []Held
	// Notes stand above it beside its own: which of its accounts' months are closed.
	Notes []string
}

// Movement is what one kind of entry moved on one account in a month: sums over
// the postings, a line in red counting negative on its own side.
type Movement struct {
	Role ledger.Role
	// FundAccount is 0 where the role is no bank account.
	FundAccount   int64
	Kind          ledger.Kind
	Debit, Credit money.Amount
}

// Figures are what a fund statement is made of: balances as the seal struck them,
// and movements as the postings give them.
type Figures struct {
	Chart           []ledger.Account
	Accounts        []ledger.FundAccount
	Opening, Closed ledger.TrialBalance
	Movements       []Movement
}

// groups of the chart by what they are on a fund statement.
func incomeRoles() []ledger.Role {
	return []ledger.Role{
		ledger.Contribution, ledger.CollectiveAid, ledger.SubsidyBase, ledger.SubsidyAccount, ledger.SubsidyOther,
		ledger.InterestIncome, ledger.InvestmentIncome, ledger.TransferIn, ledger.RemittanceIn, ledger.OtherIncome,
	}
}

func expenditureRoles() []ledger.Role {
	return []ledger.Role{
		ledger.BenefitBase, ledger.BenefitAccount, ledger.BenefitFuneral, ledger.BenefitOneOff, ledger.TransferOut,
		ledger.RemittanceOut, ledger.OtherExpenditure,
	}
}

func heldRoles() []ledger.Role {
	return []ledger.Role{ledger.InTransit, ledger.Investment, ledger.Suspense, ledger.Borrowing}
}

// NewFundStatement makes the statement of figures, or refuses with
// ErrFundStatement where the movements do not lead from the opening balances to
// the closing ones: for the fund as a whole and for each account.
func NewFundStatement(
	area party.Area, scheme ledger.Scheme, month calendar.Month, f Figures,
) (FundStatement, error) {
	s := FundStatement{ //nolint:exhaustruct // filled below
		Area: area, Scheme: scheme, Month: month, Opening: netWorth(f.Opening), Closing: netWorth(f.Closed),
	}
	for _, role := range incomeRoles() {
		a := Amounts{Account: f.account(role), Amount: -f.moved(role, 0)}
		s.Income = append(s.Income, a)
		s.IncomeTotal += a.Amount
	}
	for _, role := range expenditureRoles() {
		a := Amounts{Account: f.account(role), Amount: f.moved(role, 0)}
		s.Expenditure = append(s.Expenditure, a)
		s.ExpenditureTotal += a.Amount
	}
	s.BroughtIn = -f.moved(ledger.FundBalance, 0)
	if got := s.Opening + s.BroughtIn + s.IncomeTotal - s.ExpenditureTotal; got != s.Closing {
		return s, ErrFundStatement.With("%s of area %s: opening and movements give %s, the balances %s", month, area,
			got, s.Closing)
	}
	for _, role := range heldRoles() {
		h, err := f.held(role)
		if err != nil {
			return s, err
		}
		s.Held = append(s.Held, h)
	}
	for _, line := range []Line{IncomeLine, Between, ExpenditureLine} {
		for _, a := range f.Accounts {
			if lineOf(a.Role) != line {
				continue
			}
			flow, err := f.flow(a)
			if err != nil {
				return s, err
			}
			s.Accounts = append(s.Accounts, flow)
		}
	}
	return s, nil
}

// netWorth is what the fund owns less what it owes.
func netWorth(b ledger.TrialBalance) money.Amount {
	return b.FundTotal() + b.Of(ledger.Suspense, ledger.Borrowing)
}

func (f Figures) account(role ledger.Role) ledger.Account {
	i := slices.IndexFunc(f.Chart, func(a ledger.Account) bool { return a.Role == role })
	if i < 0 {
		return ledger.Account{Role: role, Code: "", Chinese: string(role), English: string(role), Normal: ledger.Debit}
	}
	return f.Chart[i]
}

// moved is debit less credit of the month.
func (f Figures) moved(role ledger.Role, account int64) money.Amount {
	var sum money.Amount
	for _, m := range f.Movements {
		if m.Role == role && m.FundAccount == account {
			sum += m.Debit - m.Credit
		}
	}
	return sum
}

func (f Figures) held(role ledger.Role) (Held, error) {
	opening, closing := f.Opening.Of(role), f.Closed.Of(role)
	if opening+f.moved(role, 0) != closing {
		return Held{}, ErrFundStatement.With("the %s account moves from %s by %s to %s", role, opening,
			f.moved(role, 0), closing)
	}
	h := Held{Account: f.account(role), Opening: opening, Closing: closing}
	if role == ledger.Suspense || role == ledger.Borrowing {
		h.Opening, h.Closing = -opening, -closing
	}
	return h, nil
}

func (f Figures) flow(a ledger.FundAccount) (AccountFlow, error) {
	out := AccountFlow{
		FundAccount: a, Line: lineOf(a.Role), Account: f.account(a.Role), Opening: standing(f.Opening, a.ID),
		Closing: standing(f.Closed, a.ID), In: nil, Out: nil,
	}
	for _, m := range f.Movements {
		if m.FundAccount != a.ID {
			continue
		}
		if m.Debit != 0 {
			out.In = append(out.In, Flow{Kind: m.Kind, Amount: m.Debit})
		}
		if m.Credit != 0 {
			out.Out = append(out.Out, Flow{Kind: m.Kind, Amount: m.Credit})
		}
	}
	if got := out.Opening + f.moved(a.Role, a.ID); got != out.Closing {
		return out, ErrFundStatement.With("fund account %d: opening and movements give %s, the balance is %s", a.ID,
			got, out.Closing)
	}
	return out, nil
}

func standing(b ledger.TrialBalance, account int64) money.Amount {
	var sum money.Amount
	for _, r := range b.Rows {
		if r.FundAccount == account {
			sum += r.Balance
		}
	}
	return sum
}

// Write puts the statement on a sheet.
func (s FundStatement) Write(sheet Sheet, lang Language) error {
	w := wordsOf(lang)
	p := rows{sheet: sheet, err: nil}
	p.err = sheet.Begin(Head{
		Name: w.fund, Title: w.fund, Notes: append(w.bookNotes(s.Area, s.Scheme, s.Month, s.Final), s.Notes...),
		Columns: w.fundColumns, Foot: nil, Signatures: w.signatures, Language: lang,
	})
	p.sum(w.opening, s.Opening)
	p.sum("  "+w.brought, s.BroughtIn)
	p.sum(w.income, s.IncomeTotal)
	for _, a := range s.Income {
		p.add("  "+w.name(a.Account), a.Account.Code, a.Amount)
	}
	p.sum(w.expenditure, s.ExpenditureTotal)
	for _, a := range s.Expenditure {
		p.add("  "+w.name(a.Account), a.Account.Code, a.Amount)
	}
	p.sum(w.surplus, s.IncomeTotal-s.ExpenditureTotal)
	p.sum(w.closing, s.Closing)
	p.row(w.lines)
	for _, a := range s.Accounts {
		p.account(w, a)
	}
	p.row(w.held)
	for _, h := range s.Held {
		p.add("  "+w.name(h.Account)+" · "+w.broughtForward, h.Account.Code, h.Opening)
		p.add("  "+w.name(h.Account)+" · "+w.carriedForward, h.Account.Code, h.Closing)
	}
	if p.err != nil {
		return p.err
	}
	return sheet.End()
}

// rows writes rows of a fund statement and keeps the first error.
type rows struct {
	sheet Sheet
	err   error
}

func (p *rows) add(name, code string, amount money.Amount) {
	if p.err == nil {
		p.err = p.sheet.Row(TextCell(name), TextCell(code), MoneyCell(amount))
	}
}

func (p *rows) sum(name string, amount money.Amount) { p.add(name, "", amount) }

func (p *rows) row(name string) {
	if p.err == nil {
		p.err = p.sheet.Row(TextCell(name), Blank(), Blank())
	}
}

func (p *rows) account(w words, a AccountFlow) {
	line := map[Line]string{IncomeLine: w.incomeLine, Between: w.special, ExpenditureLine: w.expenditureLine}[a.Line]
	name := "  " + line + " · " + w.name(a.Account) + " · " + a.Bank + " " + a.No.String()
	p.add(name+" · "+w.broughtForward, a.Account.Code, a.Opening)
	for _, f := range a.In {
		p.add("    + "+w.summary(f.Kind, false, ""), "", f.Amount)
	}
	for _, f := range a.Out {
		p.add("    - "+w.summary(f.Kind, false, ""), "", f.Amount)
	}
	p.add(name+" · "+w.carriedForward, a.Account.Code, a.Closing)
}

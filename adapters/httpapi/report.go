package httpapi

import (
	"context"
	"fmt"
	"net/http"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/report"
	"twoline/reconcile"
)

// paperReaders keep or audit the fund's books.
func paperReaders() Who {
	in := []approval.Organisation{approval.AgencyFinance, approval.FinanceBureau, approval.Auditor}
	return Officers(approval.Maker, in...).Or(Officers(approval.Checker, in...)).
		Or(Officers(approval.Releaser, in...)).Or(Officers(approval.Viewer, in...))
}

// reportRoutes are the papers of a month: what leaves the gateway for people and
// for the finance bureau's own software.
func (s *Server) reportRoutes() {
	if s.deps.Reconcile != nil {
		Paper(s, Route{ //nolint:exhaustruct // defaults
			Method: http.MethodGet, Path: "/v1/reconciliations/{account}/{month}/statement",
			Summary: "The month's bank reconciliation statement of one account",
			Description: "What the bank received or paid and the book did not, and the other way round, line by line with " +
				"its age in days; each side's closing balance with what only the other has, and whether the two agree. " +
				"Named are the oldest 10000 lines of each group; count and amount are of all.",
			Who: paperReaders(),
		}, s.adjustment, s.adjustmentTable)
	}
	if s.deps.Reports == nil {
		return
	}
	const sealed = " Of a month whose days are all sealed, and the same at any time; of one that is not, with open=true: " +
		"then it is marked as not final."
	Paper(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/reports/fund-statement", Summary: "A scheme's income and expenditure of a month",
		Description: "opening + brought_in + income_total - expenditure_total = closing. Balances are those of the seal, " +
			"movements the sums of the postings; each account of the two lines, and the fiscal special account between " +
			"them, is shown by what moved it." + sealed,
		Who: paperReaders(),
	}, s.fundStatement, s.fundStatementTable)
	Paper(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/reports/fund-year",
		Summary: "A scheme's income and expenditure of a year beside its budget",
		Description: "Budgets are imported; an account without one has none. surplus is what the year added, without what " +
			"came from or went to the level above; remitted is what went there or into entrusted investment, required what " +
			"the area's rule surplus_remittance asks for: without the rule it is absent." + sealed,
		Who: paperReaders(),
	}, s.fundYear, s.fundYearTable)
	Paper(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/reports/vouchers", Summary: "A month's vouchers for the finance bureau's software",
		Description: "One voucher an entry, its lines summed by account: no person stands in them. Numbers have no gap. A " +
			"correction in red is negative on its own side. A table has all vouchers, a row for each line." + sealed,
		Who: paperReaders(),
	}, s.vouchers, s.voucherTable)
}

type adjustmentQuery struct {
	Printing

	Account ID     `path:"account"`
	Month   string `path:"month" pattern:"^[0-9]{4}-(0[1-9]|1[0-2])$"`
}

// OutstandingLine is one line that only one side has.
type OutstandingLine struct {
	Date          Day    `json:"date"           doc:"On which it moved its side's balance"`
	ValueDate     Day    `json:"value_date"`
	Reference     string `json:"reference"      doc:"Our id of the item or move, where known"`
	BankReference string `json:"bank_reference" doc:"The bank's own, where known"`
	Amount        Yuan   `json:"amount"`
	Age           int    `json:"age_days"       doc:"From the date to the month's end"`
	StatementLine ID     `json:"statement_line_id,omitzero"`
	Entry         ID     `json:"entry_id,omitzero"`
	Owner         string `json:"owner,omitempty" doc:"Who works on its break, where somebody does"`
}

// OutstandingGroup is the lines of one side and direction.
type OutstandingGroup struct {
	Count  int               `json:"count"`
	Amount Yuan              `json:"amount"`
	Items  []OutstandingLine `json:"items"  nullable:"false"`
}

// ReconciliationStatement is an account's month on the wire.
type ReconciliationStatement struct {
	Account        ID               `json:"account_id"`
	Bank           string           `json:"bank"`
	Number         string           `json:"account"         doc:"The last digits; the rest is masked"`
	Name           string           `json:"name"`
	Month          Month            `json:"month"`
	Date           Day              `json:"date"            doc:"The month's last day"`
	MatchedThrough Day              `json:"matched_through,omitzero" doc:"Lines after it count as outstanding; absent: all do"`
	BookBalance    Signed           `json:"book_balance"`
	BankReceived   OutstandingGroup `json:"bank_received_book_not"`
	BankPaid       OutstandingGroup `json:"bank_paid_book_not"`
	AdjustedBook   Signed           `json:"adjusted_book"`
	BankBalance    Signed           `json:"bank_balance"`
	BookReceived   OutstandingGroup `json:"book_received_bank_not"`
	BookPaid       OutstandingGroup `json:"book_paid_bank_not"`
	Tolerated      Signed           `json:"tolerated_differences" doc:"What the matches differ by within the account's tolerance; adjusted_book is with it"`
	AdjustedBank   Signed           `json:"adjusted_bank"`
	Agrees         bool             `json:"agrees"`
	// Close is absent where the month is open.
	Close *Period `json:"close,omitempty" doc:"The month's close: the statement is the one that was kept with it"`
}

func viewGroup(g reconcile.Group) OutstandingGroup {
	out := OutstandingGroup{Count: g.Count, Amount: NewYuan(g.Amount), Items: make([]OutstandingLine, len(g.Items))}
	for i, o := range g.Items {
		out.Items[i] = OutstandingLine{
			Date: NewDay(o.Booked), ValueDate: NewDay(o.Value), Reference: o.Reference, BankReference: o.BankReference,
			Amount: NewYuan(o.Amount), Age: o.Age, StatementLine: NewID(o.Statement), Entry: NewID(o.Book.Entry), Owner: o.Owner,
		}
	}
	return out
}

func (s *Server) adjusted(ctx context.Context, c Call, in *adjustmentQuery) (reconcile.AdjustmentTable, error) {
	month, err := calendar.ParseMonth(in.Month)
	if err != nil {
		return reconcile.AdjustmentTable{}, errMonth.On("month") //nolint:exhaustruct // none
	}
	return s.deps.Reconcile.Adjustment(ctx, c.Officer, in.Account.Int64(), month)
}

func (s *Server) adjustment(ctx context.Context, c Call, in *adjustmentQuery) (ReconciliationStatement, error) {
	t, err := s.adjusted(ctx, c, in)
	return ReconciliationStatement{
		Account: in.Account, Bank: t.Holder.Bank, Number: t.Holder.No.String(), Name: t.Holder.Name, Month: Month{t.Month},
		Date: NewDay(t.Day), MatchedThrough: NewDay(t.MatchedThrough), BookBalance: Signed{t.BookClosing},
		BankReceived: viewGroup(t.BankReceived), BankPaid: viewGroup(t.BankPaid), AdjustedBook: Signed{t.BookAdjusted},
		BankBalance: Signed{t.BankClosing}, BookReceived: viewGroup(t.BookReceived), BookPaid: viewGroup(t.BookPaid),
		Tolerated: Signed{t.Tolerated}, AdjustedBank: Signed{t.BankAdjusted}, Agrees: t.Agrees, Close: viewClose(t.Closed),
	}, err
}

func (s *Server) adjustmentTable(ctx context.Context, c Call, in *adjustmentQuery) (table, error) {
	t, err := s.adjusted(ctx, c, in)
	return table{
		name:  fmt.Sprintf("reconciliation-%s-%s", in.Account, t.Month),
		write: func(_ context.Context, sheet report.Sheet) error { return t.Write(sheet, in.language()) },
	}, err
}

var errMonth = fault.New(fault.Invalid, "invalid_request", "a month is YYYY-MM")

// BookMonth names a month of a book.
type BookMonth struct {
	Printing

	Scheme string `query:"scheme" required:"true" enum:"resident,rural,urban,land_lost"`
	Month  string `query:"month"  required:"true" pattern:"^[0-9]{4}-(0[1-9]|1[0-2])$"`
	Open   bool   `query:"open"   doc:"Take the month as it stands, though not all of its days are sealed"`
}

func (q BookMonth) ask() (report.Ask, error) {
	month, err := calendar.ParseMonth(q.Month)
	if err != nil {
		return report.Ask{}, errMonth.On("month") //nolint:exhaustruct // none
	}
	return report.Ask{Scheme: ledger.Scheme(q.Scheme), Month: month, Open: q.Open, Closed: false}, nil
}

// name is a file's: one that is not final says so.
func (q BookMonth) name(what string, final bool) string {
	name := what + "-" + q.Scheme + "-" + q.Month
	if !final {
		name += "-open"
	}
	return name
}

// AccountAmount is one account of the chart with an amount.
type AccountAmount struct {
	Code   string `json:"code"`
	Name   string `json:"name"`
	NameZH string `json:"name_zh"`
	Role   string `json:"role"`
	Amount Signed `json:"amount"`
}

// FlowAmount is what one kind of entry moved.
type FlowAmount struct {
	Kind   string `json:"kind"`
	NameZH string `json:"name_zh"`
	Amount Signed `json:"amount"`
}

// AccountMonth is one bank account's month by what moved it.
type AccountMonth struct {
	Account ID           `json:"account_id"`
	Line    string       `json:"line"       enum:"income,fiscal_special,expenditure"`
	Role    string       `json:"role"       enum:"income,fiscal_special,fixed_deposit,expenditure,treasury"`
	Bank    string       `json:"bank"`
	Number  string       `json:"account"    doc:"The last digits; the rest is masked"`
	Opening Signed       `json:"opening"`
	In      []FlowAmount `json:"in"         nullable:"false"`
	Out     []FlowAmount `json:"out"        nullable:"false"`
	Closing Signed       `json:"closing"`
}

// HeldAmount is what stands on an account that is no bank account.
type HeldAmount struct {
	Code    string `json:"code"`
	NameZH  string `json:"name_zh"`
	Role    string `json:"role"    enum:"in_transit,entrusted_investment,suspense,borrowing"`
	Opening Signed `json:"opening"`
	Closing Signed `json:"closing"`
}

// FundStatement is a scheme's month on the wire.
type FundStatement struct {
	Scheme           string          `json:"scheme"`
	Month            Month           `json:"month"`
	Final            bool            `json:"final"             doc:"Every day of the month is sealed"`
	Opening          Signed          `json:"opening"           doc:"What the fund owned less what it owed before the month"`
	BroughtIn        Signed          `json:"brought_in"        doc:"Balances that the book began with in this month"`
	Income           []AccountAmount `json:"income"            nullable:"false"`
	IncomeTotal      Signed          `json:"income_total"`
	Expenditure      []AccountAmount `json:"expenditure"       nullable:"false"`
	ExpenditureTotal Signed          `json:"expenditure_total"`
	Closing          Signed          `json:"closing"`
	Accounts         []AccountMonth  `json:"accounts"          nullable:"false"`
	Held             []HeldAmount    `json:"held"              nullable:"false"`
}

func viewAmounts(list []report.Amounts) []AccountAmount {
	out := make([]AccountAmount, len(list))
	for i, a := range list {
		out[i] = AccountAmount{
			Code: a.Account.Code, Name: a.Account.English, NameZH: a.Account.Chinese, Role: string(a.Account.Role),
			Amount: Signed{a.Amount},
		}
	}
	return out
}

func viewFlows(list []report.Flow) []FlowAmount {
	out := make([]FlowAmount, len(list))
	for i, f := range list {
		out[i] = FlowAmount{
			Kind: string(f.Kind), NameZH: report.KindName(f.Kind, report.Chinese), Amount: Signed{f.Amount},
		}
	}
	return out
}

func (s *Server) fundStatementOf(ctx context.Context, c Call, in *BookMonth) (report.FundStatement, error) {
	ask, err := in.ask()
	if err != nil {
		return report.FundStatement{}, err //nolint:exhaustruct // none
	}
	return s.deps.Reports.FundStatement(ctx, c.Officer, ask)
}

func (s *Server) fundStatement(ctx context.Context, c Call, in *BookMonth) (FundStatement, error) {
	f, err := s.fundStatementOf(ctx, c, in)
	out := FundStatement{
		Scheme: in.Scheme, Month: Month{f.Month}, Final: f.Final, Opening: Signed{f.Opening}, BroughtIn: Signed{f.BroughtIn},
		Income: viewAmounts(f.Income), IncomeTotal: Signed{f.IncomeTotal}, Expenditure: viewAmounts(f.Expenditure),
		ExpenditureTotal: Signed{f.ExpenditureTotal}, Closing: Signed{f.Closing},
		Accounts: make([]AccountMonth, len(f.Accounts)), Held: make([]HeldAmount, len(f.Held)),
	}
	for i, a := range f.Accounts {
		out.Accounts[i] = AccountMonth{
			Account: NewID(a.ID), Line: string(a.Line), Role: string(a.Role), Bank: a.Bank, Number: a.No.String(),
			Opening: Signed{a.Opening}, In: viewFlows(a.In), Out: viewFlows(a.Out), Closing: Signed{a.Closing},
		}
	}
	for i, h := range f.Held {
		out.Held[i] = HeldAmount{
			Code: h.Account.Code, NameZH: h.Account.Chinese, Role: string(h.Account.Role), Opening: Signed{h.Opening},
			Closing: Signed{h.Closing},
		}
	}
	return out, err
}

func (s *Server) fundStatementTable(ctx context.Context, c Call, in *BookMonth) (table, error) {
	f, err := s.fundStatementOf(ctx, c, in)
	if err == nil {
		f.Notes, err = s.closeNotes(ctx, c, reconcile.NotesAsk{ //nolint:exhaustruct // of the whole scheme
			Scheme: f.Scheme, From: f.Month.First(), To: f.Month.Last(), Language: in.language(),
		})
	}
	return table{
		name:  in.name("fund-statement", f.Final),
		write: func(_ context.Context, sheet report.Sheet) error { return f.Write(sheet, in.language()) },
	}, err
}

type vouchersQuery struct {
	BookMonth
	Paging
}

// VoucherLine is what a voucher moved on one account.
type VoucherLine struct {
	Code        string `json:"code"`
	Name        string `json:"name"`
	NameZH      string `json:"name_zh"`
	FundAccount ID     `json:"fund_account_id,omitzero"`
	Debit       Signed `json:"debit"`
	Credit      Signed `json:"credit"`
}

// Voucher is one entry on the wire.
type Voucher struct {
	Number      int           `json:"number"      doc:"In the scheme's month, from 1 without a gap"`
	Date        Day           `json:"date"`
	ValueDate   Day           `json:"value_date"  doc:"The day the money moved at the bank"`
	Summary     string        `json:"summary"     doc:"In the language asked for"`
	Kind        string        `json:"kind"`
	Entry       ID            `json:"entry_id"`
	Cause       string        `json:"cause"       doc:"The one fact that it rests on"`
	Attachments int           `json:"attachments"`
	Items       int           `json:"items"       doc:"Payers' or payees' items that its lines sum"`
	Batch       string        `json:"batch"       doc:"The bank batch's number, where it settles one"`
	MadeBy      string        `json:"made_by"`
	Lines       []VoucherLine `json:"lines"       nullable:"false"`
}

// Vouchers is a page of a month's vouchers.
type Vouchers struct {
	Page[Voucher]

	Scheme string `json:"scheme"`
	Month  Month  `json:"month"`
	Final  bool   `json:"final"  doc:"Every day of the month is sealed"`
	Closed bool   `json:"closed" doc:"The month is closed at every bank account of the book"`
	Count  int    `json:"count"  doc:"Of the whole month, as debit and credit"`
	Debit  Signed `json:"debit"`
	Credit Signed `json:"credit"`
}

func viewVoucher(lang report.Language) func(report.Voucher) Voucher {
	return func(v report.Voucher) Voucher {
		out := Voucher{
			Number: v.Number, Date: NewDay(v.AccountedOn), ValueDate: NewDay(v.EffectiveOn), Summary: v.Summary(lang),
			Kind: string(v.Kind), Entry: NewID(v.Entry), Cause: v.Cause, Attachments: v.Attachments(), Items: v.Items,
			Batch: v.Batch, MadeBy: v.MadeBy, Lines: make([]VoucherLine, len(v.Lines)),
		}
		for i, l := range v.Lines {
			out.Lines[i] = VoucherLine{
				Code: l.Account.Code, Name: l.Account.English, NameZH: l.Account.Chinese, FundAccount: NewID(l.FundAccount),
				Debit: Signed{l.Debit}, Credit: Signed{l.Credit},
			}
		}
		return out
	}
}

func (s *Server) vouchers(ctx context.Context, c Call, in *vouchersQuery) (Vouchers, error) {
	none := Vouchers{} //nolint:exhaustruct // none
	ask, err := in.ask()
	if err != nil {
		return none, err
	}
	after, err := in.After()
	if err != nil {
		return none, err
	}
	p, err := s.deps.Reports.Vouchers(ctx, c.Officer, ask, int(after), in.Limit)
	if err != nil {
		return none, err
	}
	closed, err := s.bookClosed(ctx, c, ask.Scheme, ask.Month)
	if err != nil {
		return none, err
	}
	number := func(v report.Voucher) int64 { return int64(v.Number) }
	page := NewPage(p.Vouchers, len(p.Vouchers), number, viewVoucher(in.language()))
	if p.More {
		page.NextCursor = cursorOf(number(p.Vouchers[len(p.Vouchers)-1]))
	}
	return Vouchers{
		Page: page, Scheme: in.Scheme, Month: Month{p.Month}, Final: p.Final, Closed: closed, Count: p.Totals.Count,
		Debit: Signed{p.Totals.Debit}, Credit: Signed{p.Totals.Credit},
	}, nil
}

func (s *Server) voucherTable(ctx context.Context, c Call, in *vouchersQuery) (table, error) {
	ask, err := in.ask()
	if err != nil {
		return table{}, err //nolint:exhaustruct // none
	}
	first, err := s.deps.Reports.Vouchers(ctx, c.Officer, ask, 0, 1)
	if err != nil {
		return table{}, err //nolint:exhaustruct // none
	}
	ask.Closed, err = s.bookClosed(ctx, c, ask.Scheme, ask.Month)
	return table{
		name: in.name("vouchers", first.Final),
		write: func(ctx context.Context, sheet report.Sheet) error {
			return s.deps.Reports.WriteVouchers(ctx, c.Officer, ask, in.language(), sheet)
		},
	}, err
}

package httpapi

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/report"
	"twoline/reconcile"
)

// ledgerRoutes show the book of the fund's accounts.
func (s *Server) ledgerRoutes() {
	if s.deps.Ledger == nil {
		return
	}
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/fund-accounts", Summary: "The area's fund accounts, what they hold today and what is asked for",
		Who: readers(),
	}, s.fundAccounts)
	Paper(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/fund-accounts/{id}/journal", Summary: "The day journal of one account",
		Description: "One line an entry: the items of a batch stand as their sum. A correction in red is negative " +
			"on its own side. opening and closing are those of the days asked for, whatever the page; a table has " +
			"all of them in one.",
		Who: readers(),
	}, s.journal, s.journalTable)
	Paper(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/reports/trial-balance", Summary: "Every balance of one scheme's book",
		Description: "Debit less credit: the balances of the fund's accounts sum to zero, and those of the personal " +
			"accounts by themselves. A table has them on their sides.", Who: readers(),
	}, s.trialBalance, s.trialTable)
}

// Signed is money that may be below zero: a balance, or a correction in red.
type Signed struct{ amount money.Amount }

// Schema describes the string.
func (Signed) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{ //nolint:exhaustruct // the schema's own defaults
		Type: huma.TypeString, Pattern: `^-?(0|[1-9][0-9]{0,16})\.[0-9]{2}$`,
		PatternDescription: "yuan with two decimals, such as -183.10",
		Description:        "Yuan with two decimals, with a minus sign below zero", Examples: []any{"-183.10"},
	}
}

// MarshalText writes yuan with two decimals.
func (y Signed) MarshalText() ([]byte, error) { return y.amount.MarshalText() }

// Month is a month on the wire: 2026-11.
type Month struct{ month calendar.Month }

// Schema describes the string.
func (Month) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{ //nolint:exhaustruct // the schema's own defaults
		Type: huma.TypeString, Pattern: `^[0-9]{4}-(0[1-9]|1[0-2])$`, PatternDescription: "a month, such as 2026-11",
		Description: "A calendar month", Examples: []any{"2026-11"},
	}
}

// MarshalText writes YYYY-MM.
func (m Month) MarshalText() ([]byte, error) { return m.month.MarshalText() }

// UnmarshalText reads YYYY-MM strictly.
func (m *Month) UnmarshalText(b []byte) error {
	month, err := calendar.ParseMonth(string(b))
	m.month = month
	return err
}

// FundAccount is one bank account of the fund on the wire, its number masked.
type FundAccount struct {
	ID         ID     `json:"id"`
	Scheme     string `json:"scheme"`
	Role       string `json:"role"       enum:"income,fiscal_special,fixed_deposit,expenditure,treasury"`
	Bank       string `json:"bank"`
	Account    string `json:"account"    doc:"The last digits; the rest is masked"`
	Name       string `json:"name"`
	Settlement string `json:"settlement" enum:"net,gross,itemised"`
	OpenedOn   Day    `json:"opened_on"`
	Balance    Signed `json:"balance"`
	// AskedFor is absent where nothing can be asked for.
	AskedFor *Yuan `json:"asked_for,omitempty" doc:"What funding requests still ask for; expenditure accounts only"`
}

func viewFundAccount(a ledger.AccountBalance) FundAccount {
	return FundAccount{
		ID: NewID(a.ID), Scheme: string(a.Scheme), Role: string(a.Role), Bank: a.Bank, Account: a.No.String(),
		Name: a.Name, Settlement: a.Settlement, OpenedOn: NewDay(a.OpenedOn), Balance: Signed{a.Balance}, AskedFor: nil,
	}
}

type fundAccountsQuery struct{}

func (s *Server) fundAccounts(ctx context.Context, c Call, _ *fundAccountsQuery) (Page[FundAccount], error) {
	list, err := s.deps.Ledger.FundAccounts(ctx, c.Officer)
	if err != nil {
		return Page[FundAccount]{}, err //nolint:exhaustruct // none
	}
	id := func(a ledger.AccountBalance) int64 { return a.ID }
	// An area has a handful of accounts: they are one page.
	page := NewPage(list, len(list), id, viewFundAccount)
	return page, s.asked(ctx, c, page.Items)
}

// JournalLine is one entry's movement of the account.
type JournalLine struct {
	Entry       ID     `json:"entry_id"`
	AccountedOn Day    `json:"accounted_on"`
	EffectiveOn Day    `json:"effective_on" doc:"The day the money moved at the bank"`
	Kind        string `json:"kind"`
	Cause       string `json:"cause"        doc:"The fact that moved the money"`
	Text        string `json:"text"`
	Debit       Signed `json:"debit"        doc:"Into the account"`
	Credit      Signed `json:"credit"       doc:"Out of the account"`
	Balance     Signed `json:"balance"      doc:"After this line"`
}

func viewJournalLine(l ledger.JournalLine) JournalLine {
	return JournalLine{
		Entry: NewID(l.EntryID), AccountedOn: NewDay(l.AccountedOn), EffectiveOn: NewDay(l.EffectiveOn),
		Kind: string(l.Kind), Cause: l.Cause, Text: l.Text, Debit: Signed{l.Debit}, Credit: Signed{l.Credit},
		Balance: Signed{l.Balance},
	}
}

// Journal is a page of an account's day journal.
type Journal struct {
	Page[JournalLine]

	Account ID     `json:"account_id"`
	From    Day    `json:"from"`
	To      Day    `json:"to"`
	Opening Signed `json:"opening" doc:"Before the first of the days"`
	Closing Signed `json:"closing" doc:"After the last of the days"`
}

type journalQuery struct {
	Paging
	Printing

	ID   ID  `path:"id"`
	From Day `query:"from" required:"true"`
	To   Day `query:"to"   required:"true"`
}

func (s *Server) journal(ctx context.Context, c Call, in *journalQuery) (Journal, error) {
	none := Journal{} //nolint:exhaustruct // none
	after, err := in.After()
	if err != nil {
		return none, err
	}
	j, err := s.deps.Ledger.Journal(ctx, c.Officer, ledger.JournalAsk{
		Area: c.area(), Account: in.ID.Int64(), From: in.From.Day, To: in.To.Day, After: after, Limit: in.Limit,
	})
	if err != nil {
		return none, err
	}
	entry := func(l ledger.JournalLine) int64 { return l.EntryID }
	page := NewPage(j.Lines, in.Limit, entry, viewJournalLine)
	if j.More {
		page.NextCursor = cursorOf(entry(j.Lines[len(j.Lines)-1]))
	}
	return Journal{
		Page: page, Account: NewID(j.Account.ID), From: in.From, To: in.To, Opening: Signed{j.Opening},
		Closing: Signed{j.Closing},
	}, nil
}

func (s *Server) journalTable(ctx context.Context, c Call, in *journalQuery) (table, error) {
	notes, err := s.closeNotes(ctx, c, reconcile.NotesAsk{ //nolint:exhaustruct // of one account
		Account: in.ID.Int64(), From: in.From.Day, To: in.To.Day, Language: in.language(),
	})
	return table{
		name: fmt.Sprintf("journal-%s-%s-%s", in.ID, in.From.Compact(), in.To.Compact()),
		write: func(ctx context.Context, sheet report.Sheet) error {
			return report.WriteJournal(sheet, in.language(), func(after int64) (ledger.Journal, error) {
				return s.deps.Ledger.Journal(ctx, c.Officer, ledger.JournalAsk{
					Area: c.area(), Account: in.ID.Int64(), From: in.From.Day, To: in.To.Day, After: after, Limit: 0,
				})
			}, notes...)
		},
	}, err
}

// closeNotes say which months of a paper are closed.
func (s *Server) closeNotes(ctx context.Context, c Call, ask reconcile.NotesAsk) ([]string, error) {
	if s.deps.Reconcile == nil {
		return nil, nil
	}
	return s.deps.Reconcile.CloseNotes(ctx, c.Officer, ask)
}

// bookClosed says whether a month of a scheme is closed.
func (s *Server) bookClosed(ctx context.Context, c Call, scheme ledger.Scheme, month calendar.Month) (bool, error) {
	if s.deps.Reconcile == nil {
		return false, nil
	}
	return s.deps.Reconcile.BookClosed(ctx, c.Officer, scheme, month)
}

// TrialRow is what stands on one account of the book.
type TrialRow struct {
	Code        string `json:"code"`
	Name        string `json:"name"`
	NameZH      string `json:"name_zh"`
	Role        string `json:"role"`
	FundAccount ID     `json:"fund_account_id,omitzero"`
	Balance     Signed `json:"balance" doc:"Debit less credit"`
}

// TrialBalance is a book's trial balance on the wire.
type TrialBalance struct {
	Scheme string     `json:"scheme"`
	Day    Day        `json:"day"`
	Closed bool       `json:"closed"         doc:"The month of the day is closed at every bank account of the book"`
	Rows   []TrialRow `json:"rows"           nullable:"false"`
	Fund   Signed     `json:"fund_sum"       doc:"Zero"`
	Memo   Signed     `json:"memorandum_sum" doc:"Zero"`
}

type trialBalanceQuery struct {
	Printing

	Scheme string `query:"scheme" required:"true" enum:"resident,rural,urban,land_lost"`
	Day    Day    `query:"day"    required:"true"`
}

func (s *Server) trial(ctx context.Context, c Call, in *trialBalanceQuery) (report.Trial, error) {
	t := report.Trial{} //nolint:exhaustruct // filled below
	var err error
	if t.TrialBalance, err = s.deps.Ledger.TrialBalance(ctx, c.Officer, ledger.Scheme(in.Scheme), in.Day.Day); err != nil {
		return t, err
	}
	t.Closed, err = s.bookClosed(ctx, c, t.Scheme, in.Day.Month())
	return t, err
}

func (s *Server) trialBalance(ctx context.Context, c Call, in *trialBalanceQuery) (TrialBalance, error) {
	b, err := s.trial(ctx, c, in)
	if err != nil {
		return TrialBalance{}, err //nolint:exhaustruct // none
	}
	out := TrialBalance{
		Scheme: in.Scheme, Day: in.Day, Closed: b.Closed, Rows: make([]TrialRow, len(b.Rows)),
		Fund: Signed{b.Sum(ledger.FundSet)}, Memo: Signed{b.Sum(ledger.MemorandumSet)},
	}
	for i, r := range b.Rows {
		out.Rows[i] = TrialRow{
			Code: r.Code, Name: r.English, NameZH: r.Chinese, Role: string(r.Role), FundAccount: NewID(r.FundAccount),
			Balance: Signed{r.Balance},
		}
	}
	return out, nil
}

func (s *Server) trialTable(ctx context.Context, c Call, in *trialBalanceQuery) (table, error) {
	t, err := s.trial(ctx, c, in)
	if err != nil {
		return table{}, err //nolint:exhaustruct // none
	}
	if t.Accounts, err = s.deps.Ledger.FundAccounts(ctx, c.Officer); err != nil {
		return table{}, err //nolint:exhaustruct // none
	}
	t.Notes, err = s.closeNotes(ctx, c, reconcile.NotesAsk{ //nolint:exhaustruct // of the whole scheme
		Scheme: t.Scheme, From: in.Day.Month().First(), To: in.Day.Month().Last(), Language: in.language(),
	})
	return table{
		name:  fmt.Sprintf("trial-balance-%s-%s", in.Scheme, in.Day),
		write: func(_ context.Context, sheet report.Sheet) error { return t.Write(sheet, in.language()) },
	}, err
}

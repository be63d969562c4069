package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/report"
	"twoline/reconcile"
	"twoline/reconcile/match"
)

// textSheet keeps a table as lines of text.
type textSheet struct {
	head  report.Head
	lines []string
	ended bool
}

func (s *textSheet) Begin(h report.Head) error { s.head = h; return nil }

func (s *textSheet) Row(cells ...report.Cell) error {
	values := make([]string, len(cells))
	for i, c := range cells {
		values[i] = c.Value
	}
	s.lines = append(s.lines, strings.Join(values, "|"))
	return nil
}

func (s *textSheet) End() error { s.ended = true; return nil }

// paperWorld is a county's five weeks with the desk that makes papers of them.
type paperWorld struct {
	*report.Service

	d       pgtest.Database
	auditor approval.Officer
}

func newPaperWorld(t *testing.T) paperWorld {
	t.Helper()
	db, d := cloneWorld(t)
	return paperWorld{Service: report.NewService(db.Reports()), d: d, auditor: cleanOnce().officers["auditor"]}
}

// rowsOf are the rows of an answer, asked as the superuser.
func rowsOf[T any](t *testing.T, d pgtest.Database, sql string, args ...any) []T {
	t.Helper()
	c, err := pgx.Connect(t.Context(), d.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background()) //nolint:errcheck // a connection of the test
	rows, err := c.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return list
}

func monthOf(s string) report.Ask {
	return report.Ask{Scheme: ledger.Rural, Month: calendar.MustMonth(s), Open: false}
}

func openMonth(s string) report.Ask {
	a := monthOf(s)
	a.Open = true
	return a
}

// all are a month's vouchers, read by pages of the given length.
func (w paperWorld) all(t *testing.T, ask report.Ask, limit int) report.VoucherPage {
	t.Helper()
	var out report.VoucherPage
	for after := 0; ; {
		p, err := w.Vouchers(t.Context(), w.auditor, ask, after, limit)
		if err != nil {
			t.Fatal(err)
		}
		vouchers := append(out.Vouchers, p.Vouchers...)
		out = p
		out.Vouchers = vouchers
		if !p.More {
			return out
		}
		after = vouchers[len(vouchers)-1].Number
	}
}

func (w paperWorld) sheet(t *testing.T, ask report.Ask, lang report.Language) *textSheet {
	t.Helper()
	s := &textSheet{}
	if err := w.WriteVouchers(t.Context(), w.auditor, ask, lang, s); err != nil {
		t.Fatal(err)
	}
	if !s.ended {
		t.Error("the table has no end")
	}
	return s
}

// A month's vouchers are the ledger of its sealed days: each balances, their sums
// are those that the seal struck for each account, and their numbers have no gap.
func TestVouchersAreTheLedgerOfAMonth(t *testing.T) {
	t.Parallel()
	w := newPaperWorld(t)
	page := w.all(t, monthOf("2011-03"), 0)
	if !page.Final || page.Totals.Count != len(page.Vouchers) || len(page.Vouchers) < 20 {
		t.Fatalf("%d vouchers, totals %+v, final %v", len(page.Vouchers), page.Totals, page.Final)
	}
	var debit, credit money.Amount
	sums, red, documents, summed := map[string]money.Amount{}, 0, 0, 0
	last := page.Vouchers[0]
	for i, v := range page.Vouchers {
		if v.Number != i+1 || v.AccountedOn.Before(last.AccountedOn) ||
			v.AccountedOn == last.AccountedOn && v.Entry < last.Entry {
			t.Errorf("voucher %d of entry %d on %s stands after entry %d on %s", v.Number, v.Entry, v.AccountedOn, last.Entry,
				last.AccountedOn)
		}
		last = v
		var d, c money.Amount
		for _, l := range v.Lines {
			d, c = d+l.Debit, c+l.Credit
			sums[fmt.Sprintf("%s %d debit", l.Account.Role, l.FundAccount)] += l.Debit
			sums[fmt.Sprintf("%s %d credit", l.Account.Role, l.FundAccount)] += l.Credit
			if l.Debit < 0 || l.Credit < 0 {
				red++
			}
			if l.Account.Code == "" || l.FundAccount != 0 && (l.Bank == "" || !strings.Contains(l.Number, "*")) {
				t.Errorf("voucher %d has a line %+v", v.Number, l)
			}
		}
		if d != c || len(v.Lines) < 2 {
			t.Errorf("voucher %d of %d lines: debit %s, credit %s", v.Number, len(v.Lines), d, c)
		}
		debit, credit = debit+d, credit+c
		if v.Document != "" {
			documents++
		}
		if v.Items > len(v.Lines) {
			summed++
		}
	}
	if red == 0 || documents == 0 || summed == 0 {
		t.Errorf("%d lines in red, %d documents, %d lists: the month is too tame", red, documents, summed)
	}
	if debit != credit || debit != page.Totals.Debit || credit != page.Totals.Credit {
		t.Errorf("debit %s, credit %s, totals %+v", debit, credit, page.Totals)
	}
	for key, sum := range sums {
		if sum == 0 {
			delete(sums, key)
		}
	}
	want := map[string]money.Amount{}
	for _, row := range rowsOf[string](t, w.d, `
		select role || ' ' || fund_account || ' ' || side || '|' || sum(amount) from (
			select role, fund_account, 'debit' as side, debit as amount from sealed_balance where area = $1 and scheme = 'rural'
			   and role not like 'personal%' and day between '2011-03-01' and '2011-03-31'
			union all
			select role, fund_account, 'credit', credit from sealed_balance where area = $1 and scheme = 'rural'
			   and role not like 'personal%' and day between '2011-03-01' and '2011-03-31') x
		group by role, fund_account, side having sum(amount) <> 0`, int32(proofArea)) {
		key, sum, _ := strings.Cut(row, "|")
		var fen int64
		if _, err := fmt.Sscan(sum, &fen); err != nil {
			t.Fatal(err)
		}
		want[key] = money.Amount(fen)
	}
	if diff := cmp.Diff(want, sums); diff != "" {
		t.Errorf("the vouchers are not what the seal struck (-sealed +vouchers):\n%s", diff)
	}
	days := cmp.Comparer(func(a, b calendar.Day) bool { return a == b })
	months := cmp.Comparer(func(a, b calendar.Month) bool { return a == b })
	if diff := cmp.Diff(page, w.all(t, monthOf("2011-03"), 3), days, months); diff != "" {
		t.Errorf("pages of three are another month (-whole +pages):\n%s", diff)
	}
}

func TestAVoucherTableIsTheSameTwiceAndInTwoLanguages(t *testing.T) {
	t.Parallel()
	w := newPaperWorld(t)
	first, again := w.sheet(t, monthOf("2011-03"), report.Chinese), w.sheet(t, monthOf("2011-03"), report.Chinese)
	if diff := cmp.Diff(first.lines, again.lines); diff != "" || len(first.lines) == 0 {
		t.Errorf("the same month is another table:\n%s", diff)
	}
	if len(first.head.Notes) != 0 || first.head.Title != "" {
		t.Errorf("a program finds a title above the columns: %+v", first.head)
	}
	for _, line := range first.lines {
		if !strings.Contains(line, "财政专户存款") && !slices.ContainsFunc([]rune(line), func(r rune) bool {
			return unicode.Is(unicode.Han, r)
		}) {
			t.Errorf("no Chinese in %q", line)
		}
		if !strings.HasSuffix(line, "|未结账") || len(strings.Split(line, "|")) != len(first.head.Columns) {
			t.Errorf("a month that is sealed and not closed has the line %q", line)
		}
	}
	for _, line := range w.sheet(t, monthOf("2011-03"), report.English).lines {
		if slices.ContainsFunc([]rune(line), func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			t.Errorf("Chinese in %q", line)
		}
	}
}

// April is not over: it is shown where it is asked for as it is, and says so.
func TestAnOpenMonthIsNoPaperByItself(t *testing.T) {
	t.Parallel()
	w := newPaperWorld(t)
	if _, err := w.Vouchers(t.Context(), w.auditor, monthOf("2011-04"), 0, 0); !errors.Is(err, ledger.ErrNotSealed) {
		t.Errorf("vouchers of an open month: %v", err)
	}
	if _, err := w.FundStatement(t.Context(), w.auditor, monthOf("2011-04")); !errors.Is(err, ledger.ErrNotSealed) {
		t.Errorf("fund statement of an open month: %v", err)
	}
	s := &textSheet{}
	err := w.WriteVouchers(t.Context(), w.auditor, monthOf("2011-04"), report.Chinese, s)
	if !errors.Is(err, ledger.ErrNotSealed) || len(s.head.Columns) > 0 {
		t.Errorf("a table of an open month: %v, %+v", err, s)
	}
	open := w.sheet(t, openMonth("2011-04"), report.Chinese)
	for _, line := range open.lines {
		if !strings.HasSuffix(line, "|未结账") {
			t.Errorf("nothing marks %q as open", line)
		}
	}
	if len(open.lines) == 0 {
		t.Error("April has no voucher")
	}
	// Its sealed days are counted by their seals, the others by their lines.
	for _, limit := range []int{0, 1, 3} {
		page := w.all(t, openMonth("2011-04"), limit)
		var debit, credit money.Amount
		for i, v := range page.Vouchers {
			if v.Number != i+1 {
				t.Errorf("by pages of %d voucher %d has number %d", limit, i+1, v.Number)
			}
			for _, l := range v.Lines {
				debit, credit = debit+l.Debit, credit+l.Credit
			}
		}
		want := report.VoucherTotals{Count: len(page.Vouchers), Debit: debit, Credit: credit}
		if page.Totals != want || page.Final {
			t.Errorf("by pages of %d the totals are %+v, want %+v, final %t", limit, page.Totals, want, page.Final)
		}
	}
	statement, err := w.FundStatement(t.Context(), w.auditor, openMonth("2011-04"))
	if err != nil || statement.Final {
		t.Fatalf("%+v, %v", statement, err)
	}
	paper := &textSheet{}
	if err := statement.Write(paper, report.Chinese); err != nil || !slices.Contains(paper.head.Notes, "未结账") {
		t.Errorf("%v, notes are %q", err, paper.head.Notes)
	}
}

func TestPapersAreForTheirReaders(t *testing.T) {
	t.Parallel()
	w := newPaperWorld(t)
	stranger := w.auditor
	stranger.Area = 610306
	if _, err := w.Vouchers(t.Context(), stranger, monthOf("2011-03"), 0, 0); !errors.Is(err, ledger.ErrNoBook) {
		t.Errorf("another area's auditor: %v", err)
	}
	if _, err := w.FundStatement(t.Context(), stranger, monthOf("2011-03")); !errors.Is(err, ledger.ErrNoBook) {
		t.Errorf("another area's auditor: %v", err)
	}
	for _, early := range []report.Ask{monthOf("2011-02"), openMonth("2011-02")} {
		if _, err := w.FundStatement(t.Context(), w.auditor, early); !errors.Is(err, ledger.ErrNoBook) {
			t.Errorf("a month before the book: %v", err)
		}
	}
	clerk := w.auditor
	clerk.Organisation = approval.Township
	if _, err := w.Vouchers(t.Context(), clerk, monthOf("2011-03"), 0, 0); !errors.Is(err, approval.ErrDuty) {
		t.Errorf("a township: %v", err)
	}
	if _, err := w.FundStatement(t.Context(), clerk, monthOf("2011-03")); !errors.Is(err, approval.ErrDuty) {
		t.Errorf("a township: %v", err)
	}
}

// A month in which nothing moved has every row of a fund statement and no voucher.
func TestAMonthWithoutMovementIsACompletePaper(t *testing.T) {
	t.Parallel()
	w := newPaperWorld(t)
	pgtest.SeedBooks(t, w.d, proofArea, ledger.Urban, calendar.MustDay("2011-03-01"))
	rowsOf[bool](t, w.d, `select seal_day($1, 'urban', d::date, now())
		from generate_series('2011-03-01'::date, '2011-03-31', '1 day') d order by d`, int32(proofArea))
	ask := report.Ask{Scheme: ledger.Urban, Month: calendar.MustMonth("2011-03"), Open: false}
	s, err := w.FundStatement(t.Context(), w.auditor, ask)
	if err != nil {
		t.Fatal(err)
	}
	if !s.Final || s.Opening != 0 || s.Closing != 0 || len(s.Income) != 10 || len(s.Expenditure) != 7 ||
		len(s.Accounts) != 5 || len(s.Held) != 4 {
		t.Errorf("the statement is %+v", s)
	}
	paper := &textSheet{}
	if err := s.Write(paper, report.Chinese); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"一、上期结余||0.00", "  个人缴费收入|400101|0.00", "  基础养老金支出|500101|0.00", "四、期末结余||0.00"} {
		if !slices.Contains(paper.lines, want) {
			t.Errorf("the paper lacks %q:\n%s", want, strings.Join(paper.lines, "\n"))
		}
	}
	vouchers := w.sheet(t, ask, report.Chinese)
	if len(vouchers.head.Columns) != 16 || len(vouchers.lines) != 0 {
		t.Errorf("vouchers are %+v", vouchers)
	}
}

// The fund statement leads from balance to balance, for the fund and for each of
// its accounts, and its lines are what the ledger's own questions answer.
func TestTheFundStatementMeetsTheSealedBalances(t *testing.T) {
	t.Parallel()
	w := newPaperWorld(t)
	s, err := w.FundStatement(t.Context(), w.auditor, monthOf("2011-03"))
	if err != nil {
		t.Fatal(err)
	}
	if s.Opening+s.BroughtIn+s.IncomeTotal-s.ExpenditureTotal != s.Closing || s.BroughtIn != 110_000 || s.Opening != 0 ||
		!s.Final || s.ExpenditureTotal == 0 {
		t.Errorf("opening %s + %s + income %s - expenditure %s = %s", s.Opening, s.BroughtIn, s.IncomeTotal,
			s.ExpenditureTotal, s.Closing)
	}
	sealed := func(role ledger.Role, account int64) money.Amount {
		return money.Amount(rowsOf[int64](t, w.d, `select closing from sealed_balance where area = $1 and scheme = 'rural'
			and day = '2011-03-31' and role = $2 and fund_account = $3`, int32(proofArea), string(role), account)[0])
	}
	for _, a := range s.Income {
		if a.Amount != -sealed(a.Account.Role, 0) {
			t.Errorf("income %s is %s, sealed %s", a.Account.Role, a.Amount, sealed(a.Account.Role, 0))
		}
	}
	for _, a := range s.Expenditure {
		if a.Amount != sealed(a.Account.Role, 0) {
			t.Errorf("expenditure %s is %s, sealed %s", a.Account.Role, a.Amount, sealed(a.Account.Role, 0))
		}
	}
	var lines []report.Line
	kinds := map[report.Line][]ledger.Kind{}
	for _, a := range s.Accounts {
		if len(lines) == 0 || lines[len(lines)-1] != a.Line {
			lines = append(lines, a.Line)
		}
		sum := a.Opening
		for _, f := range a.In {
			sum += f.Amount
			kinds[a.Line] = append(kinds[a.Line], f.Kind)
		}
		for _, f := range a.Out {
			sum -= f.Amount
			kinds[a.Line] = append(kinds[a.Line], f.Kind)
		}
		if sum != a.Closing || a.Closing != sealed(a.Role, a.ID) {
			t.Errorf("account %d closes at %s, its movements give %s, the seal %s", a.ID, a.Closing, sum, sealed(a.Role, a.ID))
		}
	}
	// The two lines stand apart, and the fiscal special account between them.
	if !slices.Equal(lines, []report.Line{report.IncomeLine, report.Between, report.ExpenditureLine}) {
		t.Errorf("lines are %v", lines)
	}
	if slices.Contains(kinds[report.IncomeLine], ledger.BenefitPaid) ||
		!slices.Contains(kinds[report.IncomeLine], ledger.Sweep) || !slices.Contains(kinds[report.Between], ledger.Sweep) ||
		!slices.Contains(kinds[report.Between], ledger.Allocation) ||
		!slices.Contains(kinds[report.ExpenditureLine], ledger.BenefitPaid) {
		t.Errorf("kinds by line are %v", kinds)
	}
	for _, h := range s.Held {
		want := sealed(h.Account.Role, 0)
		if h.Account.Role == ledger.Suspense || h.Account.Role == ledger.Borrowing {
			want = -want
		}
		if h.Closing != want {
			t.Errorf("%s closes at %s, sealed %s", h.Account.Role, h.Closing, want)
		}
	}
	paper, english := &textSheet{}, &textSheet{}
	if err := errors.Join(s.Write(paper, report.Chinese), s.Write(english, report.English)); err != nil {
		t.Fatal(err)
	}
	if len(paper.lines) != len(english.lines) || paper.head.Title != "基金收支表" ||
		!slices.Contains(paper.lines, "四、期末结余||"+s.Closing.String()) {
		t.Errorf("the paper is %+v", paper)
	}
	// One fen that the seal did not see, and there is no statement.
	w.d.Exec(t, `do $$ begin
		set local session_replication_role = replica;
		update sealed_balance set closing = closing + 1, debit = debit + 1 where area = 610305 and scheme = 'rural'
			and day = '2011-03-31' and role = 'fiscal_special';
		end $$`)
	if _, err := w.FundStatement(t.Context(), w.auditor, monthOf("2011-03")); !errors.Is(err, report.ErrFundStatement) {
		t.Errorf("a seal that is off by a fen: %v", err)
	}
}

// Each of the four groups of what only one side has, and what the bank showed
// only in the next month.
func TestAnAdjustmentTableNamesWhatOneSideLacks(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	account := w.books.Accounts[ledger.FiscalSpecial]
	w.book(t, w.subsidy(5, 5, 50_000), w.subsidy(28, 28, 30_000))
	w.book(t, w.entry(ledger.Allocation, "test:77", 29, 29, w.direct(ledger.Debit, ledger.Expenditure, 20_000),
		w.direct(ledger.Credit, ledger.FiscalSpecial, 20_000)))
	w.statement(t, account, 2, 30, bankLine(bank.Credit, 50_000, 5, "S1"), bankLine(bank.Credit, 1_234, 21, "I1"),
		bankLine(bank.Debit, 500, 30, "C1"))
	november := calendar.MustMonth("2026-11")
	auditor := w.books.Officers["auditor"]
	table := func() reconcile.AdjustmentTable {
		t.Helper()
		w.match(t, account)
		a, err := w.proof.Adjustment(t.Context(), auditor, account, november)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	first := table()
	want := "bank 507.34 607.34 book 600.00 607.34 true\n" +
		"I1 2026-11-21 9 12.34\nC1 2026-11-30 0 5.00\n 2026-11-28 2 300.00\n 2026-11-29 1 200.00\n"
	tell := func(a reconcile.AdjustmentTable) string {
		out := fmt.Sprintf("bank %s %s book %s %s %v\n", a.BankClosing, a.BankAdjusted, a.BookClosing, a.BookAdjusted, a.Agrees)
		for _, g := range []reconcile.Group{a.BankReceived, a.BankPaid, a.BookReceived, a.BookPaid} {
			if g.Count != len(g.Items) {
				out += fmt.Sprintf("%d of %d lines\n", len(g.Items), g.Count)
			}
			for _, o := range g.Items {
				out += fmt.Sprintf("%s %s %d %s\n", o.BankReference, o.Booked, o.Age, o.Amount)
			}
		}
		return out
	}
	if diff := cmp.Diff(want, tell(first)); diff != "" {
		t.Error(diff)
	}
	if first.BookPaid.Items[0].Reference != "77" || first.BankReceived.Items[0].Statement == 0 ||
		first.BookReceived.Items[0].Book == (match.Key{}) || first.Holder.Bank != "psbc" || first.Day != nov(30) {
		t.Errorf("the table is %+v", first)
	}
	// The next month's statement shows one of them; November's end is as it was.
	w.december(t, account, 50_734, 30_000, "S2", "")
	w.today = calendar.MustDay("2026-12-02")
	later := table()
	if diff := cmp.Diff(want, tell(later)); diff != "" {
		t.Error(diff)
	}
	if later.MatchedThrough != calendar.MustDay("2026-12-01") {
		t.Errorf("matched through %s: the later statement was not looked at", later.MatchedThrough)
	}
	paper := &textSheet{}
	if err := later.Write(paper, report.Chinese); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{
		"银行存款日记账余额|||||600.00", "加:银行已收、账上未收(1笔)|||||12.34", "|2026-11-21||I1|9|12.34",
		"减:银行已付、账上未付(1笔)|||||5.00", "|2026-11-30||C1|0|5.00", "调节后余额|||||607.34", "银行对账单余额|||||507.34",
		"加:账上已收、银行未收(1笔)|||||300.00",
		"|2026-11-28|" + later.BookReceived.Items[0].Reference + "||2|300.00", "减:账上已付、银行未付(1笔)|||||200.00",
		"|2026-11-29|77||1|200.00", "调节后余额|||||607.34", "调节后余额相符|||||0.00",
	}, paper.lines); diff != "" {
		t.Error(diff)
	}
	w.adjustmentsOfOthers(t, account)
	w.adjustsItems(t)
}

// december is a statement of the 1st with one credit for what moved on 28 November.
func (w *bankWorld) december(t *testing.T, account int64, opening, amount money.Amount, reference, batch string) {
	t.Helper()
	w.d.Exec(t, `
		with s as (insert into statement (area, fund_account, day_from, day_to, number, opening, closing, line_count,
				receipt_id, taken_in_at) values ($1, $2, '2026-12-01', '2026-12-01', '9', $3, $4, 1, 1, now()) returning id)
		insert into statement_line (area, statement_id, fund_account, line, direction, amount, booking_date, value_date,
			bank_reference, ordinal, end_to_end_id, batch_ref, reversal, counterparty, counterparty_account, text)
		select $1, id, $2, 1, 'credit', $5, '2026-12-01', '2026-11-28', $6, 1, '', $7, false, '', '', '' from s`,
		int32(w.books.Area), account, opening.Fen(), (opening + amount).Fen(), amount.Fen(), reference, batch)
}

// adjustsItems are persons' items, one line each, which a lump of the next month settles.
func (w *bankWorld) adjustsItems(t *testing.T) {
	t.Helper()
	income := w.books.Accounts[ledger.Income]
	w.batch(t, 700, "B700")
	w.book(t, w.contributions(700, 28, 28, map[int64]money.Amount{501: 10_000, 502: 20_000}))
	w.statement(t, income, 2, 30)
	for _, shown := range []bool{false, true} {
		if shown {
			w.december(t, income, 0, 30_000, "L1", "B700")
		}
		w.match(t, income)
		a, err := w.proof.Adjustment(t.Context(), w.books.Officers["auditor"], income, calendar.MustMonth("2026-11"))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, o := range a.BookReceived.Items {
			got += o.Reference + " " + o.Amount.String() + ", "
		}
		if got != "501 100.00, 502 200.00, " || a.BankAdjusted != 30_000 || !a.Agrees {
			t.Errorf("shown %v: the book alone received %s: %+v", shown, got, a)
		}
		if end := calendar.MustDay("2026-12-01"); shown && a.MatchedThrough != end {
			t.Errorf("matched through %s, want %s", a.MatchedThrough, end)
		}
	}
}

// adjustmentsOfOthers are those that there are not.
func (w *bankWorld) adjustmentsOfOthers(t *testing.T, account int64) {
	t.Helper()
	auditor := w.books.Officers["auditor"]
	_, err := w.proof.Adjustment(t.Context(), auditor, account, calendar.MustMonth("2026-12"))
	if !errors.Is(err, reconcile.ErrNotCovered) {
		t.Errorf("a month that no statement ends: %v", err)
	}
	auditor.Area = 610303
	_, err = w.proof.Adjustment(t.Context(), auditor, account, calendar.MustMonth("2026-11"))
	if !errors.Is(err, reconcile.ErrAccountUnknown) {
		t.Errorf("another area's account: %v", err)
	}
}

// A table names the oldest lines and counts the others, however many there are.
func TestAnAdjustmentTableNamesTheOldestLines(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	account := w.books.Accounts[ledger.Treasury]
	const lines = 2*reconcile.MaxOutstanding + 10
	w.d.Exec(t, `
		with s as (insert into statement (area, fund_account, day_from, day_to, number, opening, closing, line_count,
				receipt_id, taken_in_at) values ($1, $2, '2026-11-02', '2026-11-30', '1', 0, $3::int, $3::int, 1, now()) returning id)
		insert into statement_line (area, statement_id, fund_account, line, direction, amount, booking_date, value_date,
			bank_reference, ordinal, end_to_end_id, batch_ref, reversal, counterparty, counterparty_account, text)
		select $1, id, $2, g, 'credit', 1, date '2026-11-30' - g % 29, '2026-11-02', g::text, 1, '', '', false, '', '', ''
		from s, generate_series(1, $3::int) g`, int32(w.books.Area), account, lines)
	a, err := w.proof.Adjustment(t.Context(), w.books.Officers["auditor"], account, calendar.MustMonth("2026-11"))
	if err != nil {
		t.Fatal(err)
	}
	g := a.BankReceived
	count, left := g.Unnamed()
	if g.Count != lines || g.Amount != lines || len(g.Items) != reconcile.MaxOutstanding || a.BookAdjusted != lines ||
		count != lines-reconcile.MaxOutstanding || left != money.Amount(count) || !a.Agrees {
		t.Errorf("%d lines of %s, %d named, %d of %s not", g.Count, g.Amount, len(g.Items), count, left)
	}
	// 29 days of 690 lines each: the oldest fourteen and a half of them.
	if g.Items[0].Age != 28 || g.Items[len(g.Items)-1].Age != 14 {
		t.Errorf("named from %d to %d days", g.Items[0].Age, g.Items[len(g.Items)-1].Age)
	}
	paper := &textSheet{}
	if err := a.Write(paper, report.Chinese); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("另有%d笔|||||%s", count, left); !slices.Contains(paper.lines, want) ||
		!slices.Contains(paper.head.Notes, "尚未对账至月末:其后各笔列为未达账项") {
		t.Errorf("the paper lacks %q, or a note: %q", want, paper.head.Notes)
	}
}

// The real month: a list, a return and what nobody named on the account that
// pensions are paid from.
func TestAdjustmentTablesOfARealMonthAgree(t *testing.T) {
	t.Parallel()
	db, _ := cloneWorld(t)
	clean := cleanOnce()
	proof := reconcile.New(reconcile.Parts{
		Store: db.Reconcile(), Decoder: nil, Days: nil, Today: func() calendar.Day { return calendar.MustDay("2011-04-06") },
	})
	for _, role := range []ledger.Role{ledger.Income, ledger.Expenditure} {
		a, err := proof.Adjustment(t.Context(), clean.officers["auditor"], clean.accounts[role], calendar.MustMonth("2011-03"))
		if err != nil {
			t.Fatal(err)
		}
		r, err := proof.Report(t.Context(), clean.officers["auditor"], clean.accounts[role], calendar.MustDay("2011-03-31"))
		if err != nil {
			t.Fatal(err)
		}
		if a.BankAdjusted != r.Bank.Adjusted || a.BookAdjusted != r.Book.Adjusted || a.Agrees != r.Agrees ||
			a.BankReceived.Count+a.BankPaid.Count != r.Bank.Lines || a.BookReceived.Count+a.BookPaid.Count != r.Book.Lines {
			t.Errorf("%s: the table is %+v, the report %+v", role, a, r)
		}
		if !a.Agrees || r.Bank.Lines+r.Book.Lines == 0 {
			t.Errorf("%s: nothing is outstanding, or the adjusted balances differ: %+v", role, a)
		}
	}
}

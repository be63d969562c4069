package postgres_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"twoline/adapters/postgres"
	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/report"
	"twoline/reconcile"
)

// papersOf are all papers of an account's month as text.
func papersOf(t *testing.T, proof *reconcile.Service, books pgtest.Books, account int64, month string) string {
	t.Helper()
	table, err := proof.Adjustment(context.Background(), books.Officers["auditor"], account, calendar.MustMonth(month))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, lang := range []report.Language{report.Chinese, report.English} {
		for _, write := range []func(report.Sheet, report.Language) error{table.Write, table.WriteOutstanding} {
			for _, s := range []interface {
				report.Sheet
				text() string
			}{&textSheet{}, &pageSheet{}} {
				if err := write(s, lang); err != nil {
					t.Fatal(err)
				}
				b.WriteString(s.text())
			}
		}
	}
	return b.String()
}

func (s *textSheet) text() string {
	return fmt.Sprintln(s.head, strings.Join(s.lines, "\n"), s.ended)
}

// pageSheet is a textSheet that ends as pages.
type pageSheet struct{ textSheet }

func (*pageSheet) OnPages() bool { return true }

func (w *bookWorld) papers(role ledger.Role, month string) string {
	w.t.Helper()
	return papersOf(w.t, w.proof, w.books, w.books.Accounts[role], month)
}

func (w *bookWorld) months(role ledger.Role) []string {
	w.t.Helper()
	list, err := w.proof.Months(context.Background(), w.books.Officers["auditor"], w.books.Accounts[role])
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, m := range list {
		s := m.Month.String()
		if m.Closed != nil {
			s += " closed"
		}
		for _, b := range m.Blocks {
			s += " " + b.Code
		}
		out = append(out, s)
	}
	return out
}

// The papers of a closed month are those of its close, byte for byte, whatever is
// matched, booked and resolved afterwards.
func TestAClosedMonthKeepsItsPapers(t *testing.T) {
	t.Parallel()
	w := newBookWorld(t, "2010-06-10", "2010-07-02")
	june := calendar.MustDay("2010-06-11")
	// The bank has the first and a charge; the book has a second one that the bank shows in July.
	w.mustBook(w.subsidy(june, 10000), w.subsidy(calendar.MustDay("2010-06-29"), 7700))
	w.statement(ledger.FiscalSpecial, "2010-06-10", "2010-06-30", 0, 10000, -55)
	w.seal("2010-06-30")
	w.match(ledger.FiscalSpecial)
	open := w.papers(ledger.FiscalSpecial, "2010-06")
	for _, want := range []string{"调节后余额相符", "77.00", "0.55", "编制:", "开户银行(签章):"} {
		if !strings.Contains(open, want) {
			t.Errorf("the papers of the open month lack %q:\n%s", want, open)
		}
	}
	if strings.Contains(open, "已结账") {
		t.Error("an open month says that it is closed")
	}
	if err := w.close("finance-checker", "fiscal_special", "2010-06"); err != nil {
		t.Fatal(err)
	}
	closed := w.papers(ledger.FiscalSpecial, "2010-06")
	var digest, by string
	w.row(`select encode(digest, 'hex'), closed_by from period_close`, &digest, &by)
	for _, want := range []string{"已结账", digest, by, "closed: at ", "调节后余额相符", "77.00"} {
		if !strings.Contains(closed, want) {
			t.Errorf("the papers of the closed month lack %q:\n%s", want, closed)
		}
	}

	// July: the bank shows the second one and takes its charge back; the breaks end.
	w.setToday(calendar.MustDay("2010-08-02"))
	w.statement(ledger.FiscalSpecial, "2010-07-01", "2010-07-31", 9945, 7700, 55)
	w.mustBook(w.subsidy(calendar.MustDay("2010-08-02"), 123))
	w.seal("2010-07-31")
	w.match(ledger.FiscalSpecial)
	var ended int
	w.row(`select count(*) from break_closed`, &ended)
	if ended == 0 {
		t.Fatal("nothing was resolved: the test proves nothing")
	}
	if got := w.papers(ledger.FiscalSpecial, "2010-06"); got != closed {
		t.Errorf("the papers of a closed month changed:\n%s\nthey were\n%s", got, closed)
	}
	// Read from what is there now they would be others: the close is what keeps them.
	w.database.Exec(t, `delete from period_close`)
	if got := w.papers(ledger.FiscalSpecial, "2010-06"); got == closed || got == open {
		t.Error("the month reads the same from its lines: the test proves nothing")
	}
}

// A month closes when nothing keeps it open any more, and the list says what does.
func TestWhatKeepsAMonthOpen(t *testing.T) {
	t.Parallel()
	w := newBookWorld(t, "2010-06-10", "2010-08-02")
	w.mustBook(w.subsidy(calendar.MustDay("2010-06-11"), 500), w.subsidy(calendar.MustDay("2010-06-12"), 77))
	const role = ledger.FiscalSpecial
	expect := func(when string, want ...string) {
		t.Helper()
		if got := w.months(role); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
		// The first block is the refusal.
		word, rest, _ := strings.Cut(want[0], " ")
		blocked, _, _ := strings.Cut(rest, " ")
		if blocked == "" || blocked == "closed" {
			return
		}
		if got := code(w.close("finance-checker", string(role), word)); got != blocked {
			t.Errorf("%s: closing %s is refused with %s, want %s", when, word, got, blocked)
		}
	}
	const july, august = "2010-07 period_out_of_order period_not_sealed period_not_covered", "2010-08 period_out_of_order " +
		"period_not_sealed period_not_covered"
	expect("nothing was done", "2010-06 period_not_sealed period_not_covered", july, august)
	w.statement(role, "2010-06-10", "2010-06-30", 0, 500)
	expect("before the seal", "2010-06 period_not_sealed period_not_matched break_over_age", july, august)
	w.seal("2010-06-30")
	expect("sealed after the run", "2010-06 period_not_matched break_over_age", july, august)
	w.match(role)
	expect("a break is 51 days old", "2010-06 break_over_age", july, august)
	err := w.close("finance-checker", string(role), "2010-06")
	if err == nil || !strings.Contains(err.Error(), "1 breaks are older than 30 days") || !strings.Contains(err.Error(), "0.77") {
		t.Errorf("the refusal is %v", err)
	}
	w.database.Exec(t, `insert into area_rule (area, rule, effective_from, value, document)
		values ($1, 'break_age_days', '2010-01-01', '51', 'test')`, bookArea)
	// What the matches differ by is stated by who closes.
	w.database.Exec(t, `update reconciliation_match set difference = 3 where statement_line_id is not null`)
	w.database.Exec(t, `update statement_line set amount = amount + 3`)
	expect("the bank's balance is not its lines'", "2010-06 period_differs", july, august)
	w.database.Exec(t, `update statement set closing = closing + 3`)
	expect("nothing", "2010-06", july, august)
	if got := code(w.close("finance-checker", string(role), "2010-06")); got != "tolerated_unsigned" {
		t.Errorf("differences that nobody signed: %s", got)
	}
	if got := code(w.sign(role, "2010-06", 4)); got != "tolerated_unsigned" {
		t.Errorf("another sum: %s", got)
	}
	if err := w.sign(role, "2010-06", 3); err != nil {
		t.Fatal(err)
	}
	expect("closed", "2010-06 closed", strings.Replace(july, " period_out_of_order", "", 1), august)
	if got := code(w.close("finance-checker", string(role), "2010-08")); got != "period_out_of_order" {
		t.Errorf("August before July: %s", got)
	}
	all, err := w.proof.Months(context.Background(), w.books.Officers["auditor"], 0)
	if err != nil || len(all) != 15 {
		t.Errorf("%d months of all accounts, %v", len(all), err)
	}
	// The database takes no close without its statement, and no line after it.
	for _, sql := range []string{
		`insert into period_close select area, fund_account, '2010-07-01', closing, digest, closed_by, closed_at from period_close`,
		`insert into period_outstanding select area, fund_account, month, side, 99, statement_line_id, entry_id, book_line,
			booked, value_date, reference, bank_reference, amount, owner from period_outstanding`,
	} {
		if err := w.asOwner(sql); err == nil || !strings.Contains(err.Error(), "23514") {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// sign closes a month and states what its matches differ by.
func (w *bookWorld) sign(role ledger.Role, month string, sum money.Amount) error {
	key := fmt.Sprintf("sign-key-%d", w.serial.Add(1))
	r := once.Request{Caller: "test", Route: "test", Key: key, Fingerprint: sha256.Sum256([]byte(key))}
	_, err := w.proof.CloseMonth(context.Background(), r, func(any) (once.Answer, error) {
		return once.Answer{Status: 200, ContentType: "text/plain", Body: []byte{}}, nil
	}, w.books.Officers["finance-checker"], reconcile.CloseAsk{
		Account: w.books.Accounts[role], Month: calendar.MustMonth(month), Tolerated: &sum,
	})
	return err
}

// owner runs SQL as the owner of the tables, whom triggers hold too.
func (w *bookWorld) asOwner(sql string) error {
	w.t.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, w.database.OwnerURL)
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close(ctx) //nolint:errcheck // a connection of the test
	_, err = c.Exec(ctx, sql)
	return err
}

// A bank debits on the last of March, its statement shows the money, and its results
// come in April, after March was closed: they are booked in April, effective in
// March, and nothing of March changes.
func TestF48_AResultAfterTheMonthWasClosed(t *testing.T) {
	t.Parallel()
	w, days := beginProofWorld(t)
	w.liveGoLive()
	w.liveMarch(days)
	w.today = calendar.MustDay("2011-03-30")
	late := w.withhold(2012)[1]
	items := w.items(late)
	income := w.books.Accounts[ledger.Income]
	w.d.Exec(t, `update statement set closing = closing + $2, line_count = line_count + 1 where fund_account = $1`, income,
		late.Amount.Fen())
	w.d.Exec(t, `insert into statement_line (area, id, statement_id, fund_account, line, direction, amount, booking_date,
			value_date, bank_reference, ordinal, end_to_end_id, batch_ref, reversal, counterparty, counterparty_account, text)
		select area, id + 900000, id, fund_account, line_count, 'credit', $2, '2011-03-31', '2011-03-31', 'LATE', 1, '', $3, false,
			'', '', '' from statement where fund_account = $1`, income, late.Amount.Fen(), late.Number)
	today := func() calendar.Day { return w.today }
	w.liveClose(today)
	matching := reconcile.New(reconcile.Parts{Store: w.db.Reconcile(), Decoder: nil, Days: days, Today: today})
	march := papersOf(t, matching, w.books, income, "2011-03")
	if !strings.Contains(march, "LATE|") || !strings.Contains(march, "已结账") {
		t.Fatalf("March does not show the money that is not booked:\n%s", march)
	}
	const sealed = `select md5(string_agg(x, '|' order by x)) from (
		select d::text as x from sealed_day d where day <= '2011-03-31' union all
		select b::text from sealed_balance b where day <= '2011-03-31' union all
		select c::text from period_close c union all select p::text from period_proof p union all
		select o::text from period_outstanding o) y`
	var before, after string
	w.ask(sealed, &before)

	w.today = calendar.MustDay("2011-04-02")
	results := make([]collection.Result, len(items))
	for i, item := range items {
		results[i] = w.paid(item)
		results[i].ValueDate = calendar.MustDay("2011-03-31")
	}
	w.results(late, results...)
	arrival := collection.Arrival{Amount: late.Amount, BankReference: "LATE", Batch: late.ID, ValueDate: calendar.MustDay("2011-03-31")}
	_, err := w.service.Arrive(t.Context(), w.request("arrivals"), w.render(nil), proofArea, w.caller(),
		w.number(ledger.Income), arrival)
	w.must(err)
	w.work()
	var accounted, effective string
	var lines int
	w.ask(fmt.Sprintf(`select min(e.accounted_on)::text, min(e.effective_on)::text, count(distinct e.id) from posting p
		join entry e on e.area = p.area and e.id = p.entry_id where p.batch_id = %d and p.nature = 'sum'`, late.ID),
		&accounted, &effective, &lines)
	if lines != 1 || accounted != "2011-04-02" || effective != "2011-03-31" {
		t.Errorf("%d lines, booked on %s, effective on %s", lines, accounted, effective)
	}
	w.statement("2011-04-01", "2011-04-02", late.Amount.Fen(), late.Amount.Fen(), "", "")
	w.must(matching.Match(t.Context(), reconcile.Account{Area: proofArea, ID: income}))
	var matched int
	w.ask(`select count(*) from reconciliation_match m join statement_line l on l.area = m.area and l.id = m.statement_line_id
		where l.bank_reference = 'LATE'`, &matched)
	if matched != 1 {
		t.Errorf("the line of March has %d matches after its result", matched)
	}
	w.ask(sealed, &after)
	if before != after {
		t.Error("the rows of a closed month are others")
	}
	if got := papersOf(t, matching, w.books, income, "2011-03"); got != march {
		t.Errorf("the papers of March changed:\n%s\nthey were\n%s", got, march)
	}
	list, err := matching.Months(t.Context(), w.books.Officers["auditor"], income)
	w.must(err)
	if len(list) != 2 || list[0].Closed == nil || list[1].Closed != nil {
		t.Errorf("the months are %+v", list)
	}
	w.clean("I4", "I24", "I9", "I2")
}

// clean proves invariants of the whole database.
func (w *proofWorld) clean(ids ...string) {
	w.t.Helper()
	r, err := w.db.Verify(w.t.Context(), postgres.Verification{})
	w.must(err)
	for _, f := range r.Findings {
		if slices.Contains(ids, f.ID) && !f.Holds() {
			w.t.Errorf("%+v", f)
		}
	}
}

// A line of a closed month cannot come late: the close wants statements through the
// month's last day, and one that is sent again must agree with them line by line.
func TestF48_AStatementCannotChangeAClosedMonth(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	w.today = calendar.MustDay("2026-12-02")
	account := w.books.Accounts[ledger.FiscalSpecial]
	w.book(t, w.subsidy(5, 5, 10000))
	first := bankLine(bank.Credit, 10000, 5, "B1")
	first.Text = "subsidy"
	w.statement(t, account, 2, 30, first)
	seal := ledger.NewService(w.db.Ledger(), func() calendar.Day { return w.today })
	if _, err := seal.SealThrough(t.Context(), w.books.Area, w.books.Scheme, nov(30)); err != nil {
		t.Fatal(err)
	}
	w.match(t, account)
	key := "close-key-1"
	_, err := w.proof.CloseMonth(t.Context(), once.Request{
		Caller: "test", Route: "test", Key: key, Fingerprint: sha256.Sum256([]byte(key)),
	}, func(any) (once.Answer, error) {
		return once.Answer{Status: 200, ContentType: "text/plain", Body: []byte{}}, nil
	}, w.books.Officers["finance-checker"], reconcile.CloseAsk{Account: account, Month: calendar.MustMonth("2026-11")})
	if err != nil {
		t.Fatal(err)
	}
	papers := papersOf(t, w.proof, w.books, account, "2026-11")
	w.balance[account] = 0
	for name, lines := range map[string][]bank.StatementEntry{
		"a line more":      {first, bankLine(bank.Credit, 300, 20, "B2")},
		"another amount":   {bankLine(bank.Credit, 9000, 5, "B1")},
		"the line is gone": {},
	} {
		r := w.send(t, account, 30, w.records(account, 2, 30, 0, lines...))
		if r.State != bank.Quarantined || r.Code == "" {
			t.Errorf("%s: %s %s %s", name, r.State, r.Code, r.Text)
		}
	}
	if r := w.send(t, account, 30, w.records(account, 2, 30, 0, first)); r.State == bank.Quarantined {
		t.Errorf("the same lines again: %s %s", r.Code, r.Text)
	}
	w.match(t, account)
	if got := papersOf(t, w.proof, w.books, account, "2026-11"); got != papers {
		t.Errorf("the papers changed:\n%s", got)
	}
}

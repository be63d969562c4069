package postgres_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"twoline/adapters/postgres"
	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fundtransfer"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/reconcile"
	"twoline/reconcile/match"
)

// bankWorld is one scheme's books, the bank's statements of them, and the proof
// over both.
type bankWorld struct {
	db     *postgres.DB
	d      pgtest.Database
	books  pgtest.Books
	intake *bank.Intake
	proof  *reconcile.Service
	jobs   *jobList
	// asker is the superuser's connection that answers what a test asks.
	asker  *pgx.Conn
	files  map[string][]bank.Record
	today  calendar.Day
	serial *atomic.Int64
	// balance and number are the bank's own, per account.
	balance map[int64]money.Amount
	number  map[int64]int
}

func (w *bankWorld) Decode(_ context.Context, r io.Reader, emit bank.Emit) error {
	name, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	records, ok := w.files[string(name)]
	if !ok {
		return errors.New("not a statement")
	}
	for _, record := range records {
		if err := emit(record); err != nil {
			return err
		}
	}
	return nil
}

func newBankWorld(tb testing.TB) *bankWorld {
	tb.Helper()
	db, d := pgtest.Open(tb)
	asker, err := pgx.Connect(context.Background(), d.OwnerURL)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = asker.Close(context.Background()) })
	w := &bankWorld{
		db: db, d: d, asker: asker, intake: bank.NewIntake(db.Receipts(), 1<<30), jobs: &jobList{}, serial: &atomic.Int64{},
	}
	db.UseJobs(w.jobs)
	return w.area(tb, 610304)
}

// area is another county on the same database.
func (w *bankWorld) area(tb testing.TB, area party.Area) *bankWorld {
	tb.Helper()
	n := *w
	n.books = pgtest.SeedBooks(tb, w.d, area, ledger.Rural, calendar.MustDay("2026-11-02"))
	n.today = calendar.MustDay("2026-11-30")
	n.files, n.balance, n.number = map[string][]bank.Record{}, map[int64]money.Amount{}, map[int64]int{}
	days, err := calendar.Official()
	if err != nil {
		tb.Fatal(err)
	}
	n.proof = reconcile.New(reconcile.Parts{
		Store: w.db.Reconcile(), Decoder: &n, Days: days, Today: func() calendar.Day { return n.today },
	})
	return &n
}

func nov(n int) calendar.Day { return calendar.MustDay(fmt.Sprintf("2026-11-%02d", n)) }

func bankLine(direction bank.Direction, amount money.Amount, on int, reference string) bank.StatementEntry {
	return bank.StatementEntry{ //nolint:exhaustruct // what a bank must say
		Amount: bank.FigureOf(amount), Direction: direction, Status: "booked", BookingDate: nov(on), ValueDate: nov(on),
		BankReference: reference,
	}
}

// records makes the file of one statement; off is what its closing is wrong by.
func (w *bankWorld) records(account int64, from, to int, off money.Amount, lines ...bank.StatementEntry) []bank.Record {
	opening := w.balance[account]
	closing := opening + off
	records := []bank.Record{
		bank.FileHead{Format: "camt.053.001.08", Kind: "statement", MessageID: fmt.Sprint(w.serial.Add(1)), Created: ""}, nil,
	}
	for i, l := range lines {
		l.Index = i
		amount, _ := l.Amount.Amount()
		if l.Direction == bank.Debit {
			amount = -amount
		}
		closing += amount
		records = append(records, l)
	}
	a, b := figureOf(opening), figureOf(closing)
	w.number[account]++
	records[1] = bank.StatementHead{
		Index: 0, Account: w.accountNo(account), Currency: "CNY", Number: fmt.Sprint(w.number[account]), Page: "",
		From: nov(from), To: nov(to), Opening: &a, Closing: &b, Balanced: nil,
	}
	return append(records, bank.End{}) //nolint:exhaustruct // the gate counts for itself
}

func figureOf(a money.Amount) bank.Figure {
	if a < 0 {
		return bank.FigureOf(-a).Negate()
	}
	return bank.FigureOf(a)
}

func (w *bankWorld) accountNo(account int64) string {
	for i, role := range []ledger.Role{
		ledger.Income, ledger.FiscalSpecial, ledger.FixedDeposit, ledger.Expenditure, ledger.Treasury,
	} {
		if w.books.Accounts[role] == account {
			return fmt.Sprintf("9%d%02d%s", int32(w.books.Area), i, w.books.Scheme)
		}
	}
	return ""
}

// send uploads a file for a day and takes it in, twice as a job may be run.
func (w *bankWorld) send(tb testing.TB, account int64, day int, records []bank.Record) bank.Receipt {
	tb.Helper()
	return w.sendAs(tb, "psbc", account, day, records)
}

func (w *bankWorld) sendAs(tb testing.TB, code string, account int64, day int, records []bank.Record) bank.Receipt {
	tb.Helper()
	r := w.upload(tb, code, account, day, records)
	for range 2 {
		w.takeIn(tb, r)
	}
	return w.receipt(tb, r)
}

// upload sends a file for a day and leaves it as it was received.
func (w *bankWorld) upload(tb testing.TB, code string, account int64, day int, records []bank.Record) bank.Receipt {
	tb.Helper()
	n := w.serial.Add(1)
	name := fmt.Sprintf("statement-%d", n)
	w.files[name] = records
	var r bank.Receipt
	_, err := w.intake.Receive(context.Background(), once.Request{
		Caller: "bank:" + code, Route: "PUT /v1/statements", Key: fmt.Sprintf("key-%08d", n), Fingerprint: [32]byte{},
	}, result(&r), bank.Receipt{ //nolint:exhaustruct // a fresh one
		Area: w.books.Area, Bank: code, Kind: bank.ReceiptStatement, Subject: account, Name: name,
		Part: nov(day).String(), ReceivedBy: "bank:" + code,
	}, strings.NewReader(name), func([sha256.Size]byte) error { return nil })
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func (w *bankWorld) takeIn(tb testing.TB, r bank.Receipt) {
	tb.Helper()
	if err := w.proof.TakeIn(context.Background(), w.books.Area, r.ID); err != nil {
		tb.Error(err)
	}
}

func (w *bankWorld) receipt(tb testing.TB, r bank.Receipt) bank.Receipt {
	tb.Helper()
	r, err := w.intake.Find(context.Background(), w.books.Area, r.Bank, r.ID)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// A bank sends several days at once, and several workers take them in, the last first.
func TestStatementsReceivedAtOnceAreTakenInByTheirDays(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	const days = 6
	special := w.books.Accounts[ledger.FiscalSpecial]
	received := make([]bank.Receipt, days)
	for i := range received {
		// Days on which money moved: no statement of a later day stands without them.
		line := bankLine(bank.Credit, 100, i+2, fmt.Sprintf("R%d", i))
		received[i] = w.upload(t, "psbc", special, i+2, w.records(special, i+2, i+2, 0, line))
		w.balance[special] += 100
	}
	var all sync.WaitGroup
	for i := range received {
		for range 2 {
			all.Go(func() { w.takeIn(t, received[days-1-i]) })
		}
	}
	all.Wait()
	for i, r := range received {
		if r = w.receipt(t, r); r.State != bank.Processed || r.Counts.Recorded != 1 {
			t.Errorf("day %d is %s with %d lines: %s", i+2, r.State, r.Counts.Recorded, r.Text)
		}
	}
}

// statement sends a good statement and moves the bank's balance.
func (w *bankWorld) statement(tb testing.TB, account int64, from, to int, lines ...bank.StatementEntry) bank.Receipt {
	tb.Helper()
	r := w.send(tb, account, to, w.records(account, from, to, 0, lines...))
	if r.State != bank.Processed {
		tb.Fatalf("statement of %d to %d: %s %s %s", from, to, r.State, r.Code, r.Text)
	}
	for _, l := range lines {
		amount, _ := l.Amount.Amount()
		if l.Direction == bank.Debit {
			amount = -amount
		}
		w.balance[account] += amount
	}
	return r
}

func (w *bankWorld) match(tb testing.TB, account int64) {
	tb.Helper()
	if err := w.proof.Match(context.Background(), reconcile.Account{Area: w.books.Area, ID: account}); err != nil {
		tb.Fatal(err)
	}
}

func (w *bankWorld) report(tb testing.TB, account int64, day int) reconcile.Report {
	tb.Helper()
	r, err := w.proof.Report(context.Background(), w.books.Officers["auditor"], account, nov(day))
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func (w *bankWorld) book(tb testing.TB, entries ...ledger.Entry) []int64 {
	tb.Helper()
	var ids []int64
	err := w.db.FundTransfers().InTx(context.Background(), func(tx fundtransfer.Tx) (err error) {
		ids, err = tx.Book(context.Background(), "test", entries...)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return ids
}

func (w *bankWorld) entry(kind ledger.Kind, cause string, accounted, effective int, lines ...ledger.Posting) ledger.Entry {
	return ledger.Entry{
		Area: w.books.Area, Scheme: w.books.Scheme, Kind: kind, Cause: cause, Reverses: 0, AccountedOn: nov(accounted),
		EffectiveOn: nov(effective), Text: "test", Postings: lines,
	}
}

func (w *bankWorld) direct(side ledger.Side, role ledger.Role, amount money.Amount) ledger.Posting {
	p := ledger.Posting{
		Side: side, Role: role, Nature: ledger.Direct, Red: false, Amount: amount, FundAccount: 0, Batch: 0, Cause: 0,
		Member: 0, Year: 0,
	}
	if role.AtBank() {
		p.FundAccount = w.books.Accounts[role]
	}
	return p
}

// subsidy is a direct move into the fiscal special account.
func (w *bankWorld) subsidy(accounted, effective int, amount money.Amount) ledger.Entry {
	return w.entry(ledger.SubsidyReceipt, fmt.Sprintf("test:%d", w.serial.Add(1)+1_000_000_000), accounted, effective,
		w.direct(ledger.Debit, ledger.FiscalSpecial, amount), w.direct(ledger.Credit, ledger.SubsidyBase, amount))
}

// contributions is an agreement's entry: items of 100 yuan on, one sum line.
func (w *bankWorld) contributions(batch int64, accounted, effective int, items map[int64]money.Amount) ledger.Entry {
	var lines []ledger.Posting
	var sum money.Amount
	ids := make([]int64, 0, len(items))
	for id := range items {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	income := w.books.Accounts[ledger.Income]
	for _, id := range ids {
		sum += items[id]
		lines = append(lines, ledger.Posting{
			Side: ledger.Credit, Role: ledger.Contribution, Nature: ledger.ItemLine, Red: false, Amount: items[id],
			FundAccount: income, Batch: batch, Cause: id, Member: 1, Year: 2026,
		}, ledger.Posting{
			Side: ledger.Credit, Role: ledger.PersonalIndividual, Nature: ledger.ItemLine, Red: false, Amount: items[id],
			FundAccount: 0, Batch: batch, Cause: id, Member: 1, Year: 2026,
		})
	}
	total := w.direct(ledger.Debit, ledger.Income, sum)
	total.Nature, total.Batch = ledger.SumLine, batch
	control := w.direct(ledger.Debit, ledger.PersonalControl, sum)
	control.Nature, control.Batch = ledger.SumLine, batch
	return w.entry(ledger.ContributionReceived, fmt.Sprintf("agreement:%d:1", w.serial.Add(1)+1_000_000_000),
		accounted, effective, append(lines, total, control)...)
}

// batch makes a withholding batch known, without its items.
func (w *bankWorld) batch(tb testing.TB, id int64, no string) {
	tb.Helper()
	w.d.Exec(tb, `insert into withholding_batch (area, id, run_id, scheme, year, bank, clearing_bank, fund_account,
			batch_no, item_count, amount, digest, file_name, file_digest, file_size, created_on, created_at, state)
		values ($1, $2, 1, 'rural', 2026, 'psbc', '', $3, $4, 1, 1, sha256($4::text::bytea), $4, sha256($4::text::bytea), 1,
			'2026-11-02', now(), 'sent')`,
		int32(w.books.Area), id, w.books.Accounts[ledger.Income], no)
}

func ask[T any](tb testing.TB, w *bankWorld, sql string, args ...any) []T {
	tb.Helper()
	rows, err := w.asker.Query(context.Background(), sql, args...)
	if err != nil {
		tb.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
	return out
}

// standing is the account's matches and open breaks, without ids of their own.
func (w *bankWorld) standing(tb testing.TB, account int64) []string {
	tb.Helper()
	return ask[string](tb, w, `
		with s as (select id, booking_date || ' ' || direction || ' ' || amount || ' ' || bank_reference || ' '
				|| end_to_end_id || ' #' || ordinal as name from statement_line where area = $1 and fund_account = $2),
		b as (select e.id, e.cause from entry e where e.area = $1)
		select m.rule || ' ' || m.kind || ' ' || m.settled_on || ': ' || string_agg(distinct s.name, ', ' order by s.name)
			|| ' = ' || coalesce(string_agg(distinct b.cause || '/' || m.book_line, ', '), '')
		from reconciliation_match m left join s on s.id = m.statement_line_id left join b on b.id = m.entry_id
		where m.area = $1 and m.fund_account = $2 group by m.match_id, m.rule, m.kind, m.settled_on
		union all
		select r.class || ' ' || r.reason || ' ' || r.direction || ' ' || r.amount || ' ' || r.day || ': '
			|| coalesce(string_agg(s.name, ', ' order by s.name), '') || ' / '
			|| coalesce(string_agg(b.cause || '/' || l.book_line, ', ' order by b.cause, l.book_line), '')
		from reconciliation_break r join break_line l on l.area = r.area and l.break_id = r.id
		left join s on s.id = l.statement_line_id left join b on b.id = l.entry_id
		where r.area = $1 and r.fund_account = $2
		  and not exists (select from break_closed c where c.area = r.area and c.break_id = r.id)
		group by r.id, r.class, r.reason, r.direction, r.amount, r.day
		order by 1`, int32(w.books.Area), account)
}

// wholeLines proves that every line up to the last run stands in one match or in
// one open break, and none in both or twice.
func (w *bankWorld) wholeLines(tb testing.TB, account int64) {
	tb.Helper()
	bad := ask[string](tb, w, `
		with open_line as (
			select l.statement_line_id, l.entry_id, l.book_line from reconciliation_break r
			join break_line l on l.area = r.area and l.break_id = r.id
			where r.area = $1 and r.fund_account = $2
			  and not exists (select from break_closed c where c.area = r.area and c.break_id = r.id)),
		last as (select max(day) as day from reconciliation_run where area = $1 and fund_account = $2),
		places as (
			select 'statement line ' || s.id as name,
				(select count(*) from reconciliation_match m where m.area = $1 and m.statement_line_id = s.id)
				+ (select count(*) from open_line o where o.statement_line_id = s.id) as n
			from statement_line s, last where s.area = $1 and s.fund_account = $2 and s.booking_date <= last.day
			union all
			select 'book line ' || p.entry_id || '/' || p.line,
				(select count(*) from reconciliation_match m
				 where m.area = $1 and m.entry_id = p.entry_id and m.book_line = p.line)
				+ (select count(*) from open_line o where o.entry_id = p.entry_id and o.book_line = p.line)
			from posting p, last where p.area = $1 and p.fund_account = $2 and p.accounted_on <= last.day
			  and p.nature <> 'sum' and p.kind <> 'opening' and (p.nature = 'direct' or exists (
				select from posting s where s.area = $1 and s.entry_id = p.entry_id and s.fund_account = $2
				  and s.nature = 'sum' and s.role in ('income', 'expenditure'))))
		select name || ' stands in ' || n || ' places' from places where n <> 1`, int32(w.books.Area), account)
	if len(bad) > 0 {
		tb.Errorf("%v", bad)
	}
}

func TestAStatementIsReconciledWithTheBook(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	income := w.books.Accounts[ledger.Income]
	w.batch(t, 700, "B700")
	items := map[int64]money.Amount{501: 10_000, 502: 20_000, 503: 30_000}
	others := map[int64]money.Amount{504: 5_000, 505: 6_000}
	w.book(t, w.contributions(700, 5, 4, items), w.contributions(701, 5, 4, others))
	lump := bankLine(bank.Credit, 60_000, 4, "R1")
	lump.BatchID = "B700"
	single := bankLine(bank.Credit, 5_000, 4, "R2")
	single.EndToEndID = "504"
	differs := bankLine(bank.Credit, 6_001, 4, "R3")
	differs.EndToEndID = "505"
	w.statement(t, income, 2, 5, lump, single, differs)
	w.match(t, income)
	w.wholeLines(t, income)

	r := w.report(t, income, 5)
	if !r.Agrees || r.Clean {
		t.Errorf("agrees %v, clean %v; want true, false", r.Agrees, r.Clean)
	}
	if r.Bank.Closing != 71_001 || r.Book.Closing != 71_000 || r.Bank.Adjusted != 77_001 || r.Book.Adjusted != 77_001 {
		t.Errorf("bank %s, book %s, adjusted %s and %s", r.Bank.Closing, r.Book.Closing, r.Bank.Adjusted, r.Book.Adjusted)
	}
	want := []string{"batch_total 1 3", "reference 1 1"}
	var got []string
	for _, c := range r.Matched {
		got = append(got, fmt.Sprint(c.Rule, " ", c.StatementLines, " ", c.BookLines))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if r.BreakCount != 1 || r.Breaks[0].Reason != match.AmountDiffers || r.Breaks[0].Amount != 1 ||
		len(r.Breaks[0].Statement) != 1 || len(r.Breaks[0].Book) != 1 {
		t.Errorf("breaks are %+v", r.Breaks)
	}
	// The day before the money was booked, the bank alone had it.
	if r := w.report(t, income, 4); !r.Agrees || r.Book.Closing != 0 || r.Bank.Lines != 3 {
		t.Errorf("on the day before: %+v", r)
	}
	jobs := fmt.Sprint(w.jobs.list)
	if !strings.Contains(jobs, "{") || len(w.jobs.list) != 3 {
		t.Errorf("jobs are %s", jobs)
	}
	taken, ok := w.jobs.list[1].(reconcile.LinesTakenIn)
	if !ok {
		t.Fatalf("the second job is %T", w.jobs.list[1])
	}
	credits, err := w.proof.BatchCredits(context.Background(), taken.Area, taken.Statement, 0, 10)
	if err != nil || len(credits) != 1 || credits[0].Batch != 700 || credits[0].Amount != 60_000 {
		t.Errorf("batch credits are %+v, %v", credits, err)
	}
}

func TestF44_ADebitThatNobodyInstructedAlarmsAtOnce(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	special := w.books.Accounts[ledger.FiscalSpecial]
	w.book(t, w.subsidy(3, 3, 500_000))
	w.statement(t, special, 2, 3, bankLine(bank.Credit, 500_000, 3, "S1"), bankLine(bank.Debit, 123_456, 3, "D1"))
	w.match(t, special)
	w.wholeLines(t, special)
	r := w.report(t, special, 3)
	if r.BreakCount != 1 || r.Breaks[0].Class != 4 || r.Breaks[0].Reason != match.AbsentInBook ||
		r.Breaks[0].Direction != bank.Debit || r.Breaks[0].Amount != 123_456 {
		t.Fatalf("breaks are %+v", r.Breaks)
	}
	cases := ask[string](t, w, `select kind || ' ' || subject || ' ' || text from exception_case`)
	want := fmt.Sprintf("possible_fraud statement_line:%d possible fraud: the bank debited 1234.56 on 2026-11-03"+
		" and no instruction of ours explains it", r.Breaks[0].Statement[0])
	if !slices.Equal(cases, []string{want}) {
		t.Errorf("cases are %q", cases)
	}
	w.match(t, special)
	if again := ask[int64](t, w, `select count(*) from exception_case`); again[0] != 1 {
		t.Errorf("%d cases after another run", again[0])
	}
}

func TestASecondDebitOfOneItemAlarmsAtOnce(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	exp := w.books.Accounts[ledger.Expenditure]
	sum := w.direct(ledger.Credit, ledger.Expenditure, 14_300)
	sum.Nature = ledger.SumLine
	item := w.direct(ledger.Debit, ledger.BenefitBase, 14_300)
	item.Nature, item.Cause, item.FundAccount, item.Member = ledger.ItemLine, 601, exp, 1
	w.book(t, w.entry(ledger.Allocation, "test:1", 3, 3, w.direct(ledger.Debit, ledger.Expenditure, 50_000),
		w.direct(ledger.Credit, ledger.FiscalSpecial, 50_000)), w.entry(ledger.BenefitPaid, "test:2", 3, 3, sum, item))
	pay := bankLine(bank.Debit, 14_300, 3, "P1")
	pay.EndToEndID = "601"
	w.statement(t, exp, 2, 3, bankLine(bank.Credit, 50_000, 3, "A1"), pay)
	w.match(t, exp)
	if r := w.report(t, exp, 3); !r.Clean {
		t.Fatalf("%+v", r)
	}
	pay.BookingDate, pay.BankReference = nov(4), "P2"
	w.statement(t, exp, 4, 4, pay)
	w.match(t, exp)
	r := w.report(t, exp, 4)
	if r.BreakCount != 1 || r.Breaks[0].Reason != match.DuplicateBankLine || !r.Agrees {
		t.Fatalf("%+v", r)
	}
	if kinds := ask[string](t, w, `select kind from exception_case`); !slices.Equal(kinds, []string{"duplicate_bank_debit"}) {
		t.Errorf("cases are %q", kinds)
	}
}

func TestF45_AStatementThatDoesNotFollowIsSetAside(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	special := w.books.Accounts[ledger.FiscalSpecial]
	w.statement(t, special, 2, 3, bankLine(bank.Credit, 100, 3, "S1"))
	line := bankLine(bank.Credit, 100, 5, "S2")
	w.number[special]++
	gap := w.send(t, special, 5, w.records(special, 5, 5, 0, line))
	w.balance[special]++
	opening := w.send(t, special, 4, w.records(special, 4, 4, 0))
	w.balance[special]--
	line.BookingDate = nov(4)
	arithmetic := w.send(t, special, 4, w.records(special, 4, 4, 1, line))
	for _, c := range []struct {
		r    bank.Receipt
		code string
		says string
	}{
		{gap, "statement_gap", "the days from 2026-11-04 to 2026-11-04 are missing"},
		{opening, "statement_opening", "difference 0.01"},
		{arithmetic, "statement_arithmetic", "difference 0.01"},
	} {
		if c.r.State != bank.Quarantined || c.r.Code != c.code || !strings.Contains(c.r.Text, c.says) {
			t.Errorf("%s %s %q, want %s", c.r.State, c.r.Code, c.r.Text, c.code)
		}
	}
	if n := ask[int64](t, w, `select count(*) from statement_line`); n[0] != 1 {
		t.Errorf("%d lines: a refused file left some", n[0])
	}
	if n := ask[int64](t, w, `select count(*) from exception_case where kind = 'file_quarantined'`); n[0] != 3 {
		t.Errorf("%d cases", n[0])
	}
	w.statement(t, special, 4, 4, line)
}

func TestF46_AStatementComesTwiceOrOverlaps(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	special := w.books.Accounts[ledger.FiscalSpecial]
	twin := bankLine(bank.Credit, 100, 3, "S1")
	first := w.records(special, 2, 3, 0, twin, twin)
	w.statement(t, special, 2, 3, twin, twin)
	again := w.send(t, special, 3, first)
	if again.State != bank.Processed || again.Counts.Repeated != 2 || again.Counts.Recorded != 0 {
		t.Errorf("the same again: %+v", again)
	}
	w.balance[special] = 0
	more := w.send(t, special, 4, w.records(special, 3, 4, 0, twin, twin, bankLine(bank.Debit, 50, 4, "S2")))
	if more.State != bank.Processed || more.Counts.Repeated != 2 || more.Counts.Recorded != 1 {
		t.Errorf("a day more: %+v", more)
	}
	other := bankLine(bank.Credit, 101, 3, "S1")
	differs := w.send(t, special, 4, w.records(special, 3, 4, 0, twin, other, bankLine(bank.Debit, 50, 4, "S2")))
	if differs.State != bank.Quarantined || differs.Code != "statement_overlap" ||
		differs.Text != "line 2, a credit of 1.01 on 2026-11-03, reference S1, differs in its amount: it is 1.01, and 1.00 "+
			"stood there when the day was taken in before" {
		t.Errorf("a line that differs: %+v", differs)
	}
	if n := ask[int64](t, w, `select count(*) from statement_line`); n[0] != 3 {
		t.Errorf("%d lines, want 3", n[0])
	}
}

func TestOnlyTheAccountsOwnBankSendsItsStatement(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	w.d.Exec(t, `insert into bank (area, bank, bank_no, name, format, row_limit) values
		(610304, 'rcc', '402100000018', 'rural credit', 'json', 10000)`)
	special := w.books.Accounts[ledger.FiscalSpecial]
	r := w.sendAs(t, "rcc", special, 3, w.records(special, 2, 3, 0))
	if r.State != bank.Quarantined || r.Code != "statement_account" {
		t.Errorf("%s %s", r.State, r.Code)
	}
}

func TestF43_WhatTheBankDoesNotShowIsAlarmedAfterTwoWorkingDays(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	special := w.books.Accounts[ledger.FiscalSpecial]
	w.book(t, w.subsidy(6, 6, 500_000))
	w.statement(t, special, 2, 6)
	alarms := func(day int) int64 {
		t.Helper()
		if err := w.proof.Tick(context.Background(), nov(day)); err != nil {
			t.Fatal(err)
		}
		return ask[int64](t, w, `select count(*) from exception_case where kind = 'uncleared'`)[0]
	}
	// The 6th is a Friday.
	for day, want := range map[int]int64{6: 0, 9: 0} {
		if got := alarms(day); got != want {
			t.Errorf("on the %d. %d alarms, want %d", day, got, want)
		}
	}
	for range 2 {
		if got := alarms(10); got != 1 {
			t.Errorf("on the 10. %d alarms, want 1", got)
		}
		if n := ask[int64](t, w, `select count(*) from exception_closed`)[0]; n != 0 {
			t.Errorf("%d alarms are closed while the bank still shows nothing", n)
		}
	}
	late := bankLine(bank.Credit, 500_000, 10, "S1")
	late.ValueDate = nov(6)
	w.statement(t, special, 7, 10, late)
	alarms(11)
	if n := ask[int64](t, w, `select count(*) from exception_closed`)[0]; n != 1 {
		t.Errorf("%d alarms are closed when the bank shows it, want 1", n)
	}
}

func TestABreakIsClosedWhenItsEqualComes(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	special := w.books.Accounts[ledger.FiscalSpecial]
	w.statement(t, special, 2, 3, bankLine(bank.Credit, 500_000, 3, "S1"))
	w.match(t, special)
	if r := w.report(t, special, 3); r.BreakCount != 1 || r.Clean || !r.Agrees {
		t.Fatalf("%+v", r)
	}
	w.book(t, w.subsidy(3, 3, 500_000))
	// The report is true before the next run sees the entry.
	if r := w.report(t, special, 3); !r.Agrees || r.Book.Lines != 1 || r.Bank.Lines != 1 {
		t.Errorf("before the run: %+v", r)
	}
	w.match(t, special)
	if r := w.report(t, special, 3); !r.Clean || r.BreakCount != 0 {
		t.Errorf("after the run: %+v", r)
	}
	closed, err := w.proof.Breaks(context.Background(), w.books.Officers["auditor"],
		reconcile.BreakFilter{Closed: true, Limit: 10}) //nolint:exhaustruct // all
	if err != nil || len(closed) != 1 || closed[0].How != "matched" || closed[0].ClosedOn != w.today {
		t.Errorf("closed breaks: %+v, %v", closed, err)
	}
	before := ask[string](t, w, `select md5(string_agg(t, '')) from (
		select m::text as t from reconciliation_match m union all select b::text from reconciliation_break b
		union all select c::text from break_closed c union all select r::text from reconciliation_run r order by 1) x`)
	w.match(t, special)
	after := ask[string](t, w, `select md5(string_agg(t, '')) from (
		select m::text as t from reconciliation_match m union all select b::text from reconciliation_break b
		union all select c::text from break_closed c union all select r::text from reconciliation_run r order by 1) x`)
	if !slices.Equal(before, after) {
		t.Error("running again changed something")
	}
}

func TestStatementsFollowTheGoLiveBalance(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	special := w.books.Accounts[ledger.FiscalSpecial]
	w.d.Exec(t, `insert into opening_balance (area, fund_account, day, balance, statement_number, entered_by, entered_at,
		decision_id) values ($1, $2, '2026-11-03', 900000, '17', 'test', now(), 1)`, int32(w.books.Area), special)
	w.book(t, w.entry(ledger.Opening, "opening_balance:1", 3, 3, w.direct(ledger.Debit, ledger.FiscalSpecial, 900_000),
		w.direct(ledger.Credit, ledger.FundBalance, 900_000)), w.subsidy(4, 4, 500))
	w.balance[special] = 900_000
	early := w.send(t, special, 4, w.records(special, 3, 4, 0))
	if early.Code != "statement_early" {
		t.Errorf("a day before the books: %s %s", early.State, early.Code)
	}
	w.balance[special] = 0
	empty := w.send(t, special, 4, w.records(special, 4, 4, 0))
	if empty.Code != "statement_opening" {
		t.Errorf("another opening than the go-live balance: %s %s", empty.State, empty.Code)
	}
	w.balance[special] = 900_000
	w.statement(t, special, 4, 4, bankLine(bank.Credit, 500, 4, "S1"))
	w.match(t, special)
	r := w.report(t, special, 4)
	if !r.Clean || r.Bank.Opening != 900_000 || r.Book.Opening != 900_000 || r.Bank.Closing != 900_500 {
		t.Errorf("%+v", r)
	}
	if _, err := w.proof.Report(context.Background(), w.books.Officers["auditor"], special, nov(3)); !errors.Is(err,
		reconcile.ErrNotCovered) {
		t.Errorf("a report on the go-live day: %v", err)
	}
}

func TestAReversedEntryCancelsItself(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	income := w.books.Accounts[ledger.Income]
	wrong := w.contributions(0, 3, 3, map[int64]money.Amount{501: 10_000, 502: 20_000})
	ids := w.book(t, wrong)
	w.statement(t, income, 2, 3)
	w.match(t, income)
	if r := w.report(t, income, 3); r.BreakCount != 2 {
		t.Fatalf("%+v", r)
	}
	w.book(t, ledger.Reverse(wrong, ids[0], "test:reversal", nov(4)))
	w.statement(t, income, 4, 4)
	w.match(t, income)
	r := w.report(t, income, 4)
	if !r.Clean || len(r.Matched) != 1 || r.Matched[0].Rule != match.BookReversal || r.Matched[0].Matches != 2 {
		t.Errorf("%+v", r)
	}
	if r := w.report(t, income, 3); !r.Agrees || r.Book.Lines != 2 || r.Book.Credits != 30_000 {
		t.Errorf("on the day before the reversal: %+v", r)
	}
}

// Once the book is sealed through a day, a run reads what later days brought and
// what stands in breaks, and comes to the same.
func TestASealedBookIsNotReadAgain(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	special := w.books.Accounts[ledger.FiscalSpecial]
	w.book(t, w.subsidy(3, 3, 500), w.subsidy(3, 3, 700))
	w.statement(t, special, 2, 3, bankLine(bank.Credit, 500, 3, "S1"))
	book := ledger.NewService(w.db.Ledger(), func() calendar.Day { return w.today })
	if _, err := book.SealThrough(context.Background(), w.books.Area, w.books.Scheme, nov(3)); err != nil {
		t.Fatal(err)
	}
	w.match(t, special)
	if floor := ask[string](t, w, `select floor::text from reconciliation_run order by id desc limit 1`); floor[0] != "2026-11-03" {
		t.Errorf("the floor is %s", floor)
	}
	w.book(t, w.subsidy(4, 4, 900))
	late := bankLine(bank.Credit, 700, 4, "S2")
	late.ValueDate = nov(3)
	w.statement(t, special, 4, 4, late)
	w.match(t, special)
	w.wholeLines(t, special)
	r := w.report(t, special, 4)
	if !r.Agrees || r.BreakCount != 1 || r.Breaks[0].Amount != 900 || r.Matched[0].Matches != 2 {
		t.Errorf("%+v", r)
	}
	if r := w.report(t, special, 3); !r.Agrees || r.Book.Lines != 1 || r.Book.Credits != 700 {
		t.Errorf("on the 3.: %+v", r)
	}
}

func TestAnotherAreaSeesNothing(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	other := w.area(t, 513224)
	special := w.books.Accounts[ledger.FiscalSpecial]
	w.statement(t, special, 2, 3, bankLine(bank.Credit, 500_000, 3, "S1"))
	w.match(t, special)
	if _, err := w.proof.Report(context.Background(), other.books.Officers["auditor"], special, nov(3)); !errors.Is(err,
		reconcile.ErrAccountUnknown) {
		t.Errorf("another area's report: %v", err)
	}
	breaks, err := w.proof.Breaks(context.Background(), other.books.Officers["auditor"],
		reconcile.BreakFilter{Limit: 10}) //nolint:exhaustruct // all
	if err != nil || len(breaks) != 0 {
		t.Errorf("another area's breaks: %v, %v", breaks, err)
	}
}

// lastDay is the last day of a drawn world, counted from 0.
const lastDay = 5

// drawnDay is one day of a world drawn at random: what was booked and what the bank says.
type drawnDay struct {
	entries []ledger.Entry
	lines   []bank.StatementEntry
}

// drawMonth draws days of an income account in which much collides: items
// booked days after the bank took them, lumps, single lines, lines twice, lines
// of nobody, and payments of equal amounts.
func drawMonth(r *rapid.T, w *bankWorld) [lastDay + 1]drawnDay {
	var days [lastDay + 1]drawnDay
	next := int64(5_000)
	amount := func() money.Amount { return rapid.SampledFrom([]money.Amount{100, 200, 300}).Draw(r, "amount") }
	for range rapid.IntRange(1, 7).Draw(r, "facts") {
		effective := rapid.IntRange(0, lastDay).Draw(r, "effective")
		accounted := min(lastDay, effective+rapid.IntRange(0, 2).Draw(r, "later"))
		shown := min(lastDay, effective+rapid.IntRange(0, 1).Draw(r, "shown later"))
		batch := rapid.SampledFrom([]int64{0, 700, 701}).Draw(r, "batch")
		items := map[int64]money.Amount{}
		var sum money.Amount
		for range rapid.IntRange(1, 3).Draw(r, "items") {
			next++
			items[next] = amount()
			sum += items[next]
		}
		e := w.contributions(batch, 2+accounted, 2+effective, items)
		if rapid.IntRange(0, 5).Draw(r, "booked") > 0 {
			days[accounted].entries = append(days[accounted].entries, e)
		}
		lump := bankLine(bank.Credit, sum, 2+shown, rapid.SampledFrom([]string{"", "X", "Y"}).Draw(r, "reference"))
		switch rapid.SampledFrom([]string{"lump", "single", "twice", "nothing", "unnamed"}).Draw(r, "style") {
		case "lump":
			lump.BatchID = map[int64]string{0: "", 700: "B700", 701: "701"}[batch]
			days[shown].lines = append(days[shown].lines, lump)
		case "single", "twice":
			for id, a := range items {
				l := bankLine(bank.Credit, a, 2+shown, "")
				l.EndToEndID = fmt.Sprint(id)
				days[shown].lines = append(days[shown].lines, l)
				if rapid.IntRange(0, 3).Draw(r, "again") == 0 {
					next := min(lastDay, shown+1)
					l.BookingDate = nov(2 + next)
					days[next].lines = append(days[next].lines, l)
				}
			}
		case "unnamed":
			days[shown].lines = append(days[shown].lines, lump)
		}
	}
	return days
}

// rounds is how many worlds a property lives through: as many as fit into some ten
// seconds, other ones each time, or as many as TWOLINE_ROUNDS says.
func rounds(tb testing.TB, n int) int {
	tb.Helper()
	s := os.Getenv("TWOLINE_ROUNDS")
	if s == "" {
		return n
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// However the days are cut into statements and whenever the runs happen, the
// same lines are matched by the same rules and the same breaks are open.
func TestAnyOrderOfStatementsAndRunsEndsTheSame(t *testing.T) {
	t.Parallel()
	root := newBankWorld(t)
	area, left, failing := party.Area(110000), rounds(t, 30), false
	rapid.Check(t, func(r *rapid.T) {
		// Rounds are drawn again to find a small world that fails; those are not counted.
		if left == 0 && !failing {
			return
		}
		left--
		area += 2
		daily, random := root.area(t, area), root.area(t, area+1)
		days := drawMonth(r, daily)
		var standings [2][]string
		for i, w := range []*bankWorld{daily, random} {
			income := w.books.Accounts[ledger.Income]
			w.batch(t, 700, "B700")
			w.batch(t, 701, "B701")
			for _, d := range days {
				for _, e := range d.entries {
					e.Area = w.books.Area
					e.Postings = slices.Clone(e.Postings)
					for j := range e.Postings {
						if e.Postings[j].FundAccount != 0 {
							e.Postings[j].FundAccount = income
						}
					}
					w.book(t, e)
				}
			}
			for from := 0; from <= lastDay; {
				to := from
				if w == random {
					to = rapid.IntRange(from, lastDay).Draw(r, "to")
				}
				var lines []bank.StatementEntry
				for _, d := range days[from : to+1] {
					lines = append(lines, d.lines...)
				}
				w.statement(t, income, 2+from, 2+to, lines...)
				if w == daily || rapid.Bool().Draw(r, "run") {
					w.match(t, income)
				}
				from = to + 1
			}
			w.match(t, income)
			w.match(t, income)
			w.wholeLines(t, income)
			for _, day := range []int{2, 5, 2 + lastDay} {
				if report := w.report(t, income, day); !report.Agrees {
					failing = true
					r.Fatalf("on the %d. the adjusted balances differ: %+v", day, report)
				}
			}
			standings[i] = w.standing(t, income)
		}
		if diff := cmp.Diff(standings[0], standings[1]); diff != "" {
			failing = true
			r.Fatal(diff)
		}
	})
}

// A hundred thousand lines on either side, two in a hundred of them in
// disagreement, whose names are known beforehand.
func TestAHundredThousandLines(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("long: 100 000 lines on either side")
	}
	w := newBankWorld(t)
	income := w.books.Accounts[ledger.Income]
	const n, chunk = 100_000, 5_000
	for at := 0; at < n; at += chunk {
		items := make(map[int64]money.Amount, chunk)
		for i := at; i < at+chunk; i++ {
			if i%100 != 1 {
				items[int64(1_000_000+i)] = money.Amount(10_000 + i)
			}
		}
		w.book(t, w.contributions(0, 3, 3, items))
	}
	lines := make([]bank.StatementEntry, 0, n)
	for i := range n {
		if i%100 == 0 {
			continue
		}
		l := bankLine(bank.Credit, money.Amount(10_000+i), 3, fmt.Sprintf("R%d", i))
		l.EndToEndID = fmt.Sprint(1_000_000 + i)
		lines = append(lines, l)
	}
	start := time.Now()
	w.statement(t, income, 2, 3, lines...)
	taken := time.Since(start)
	start = time.Now()
	w.match(t, income)
	matched := time.Since(start)
	t.Logf("%d lines taken in within %s, matched with %d within %s", len(lines), taken, len(lines), matched)
	r := w.report(t, income, 3)
	if !r.Agrees || r.BreakCount != 2_000 || r.Bank.Lines != 1_000 || r.Book.Lines != 1_000 {
		t.Errorf("agrees %v, %d breaks, %d and %d lines outstanding", r.Agrees, r.BreakCount, r.Bank.Lines, r.Book.Lines)
	}
	if len(r.Matched) != 1 || r.Matched[0].Matches != n-2_000 {
		t.Errorf("matched %+v", r.Matched)
	}
	start = time.Now()
	w.match(t, income)
	t.Logf("looked at again within %s", time.Since(start))
	if taken+matched > 60*time.Second {
		t.Errorf("took %s", taken+matched)
	}
}

package postgres_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"twoline/adapters/postgres"
	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/fundtransfer"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/policy"
	"twoline/reconcile"
)

const bookArea = 513224

// bookWorld is one set of books on a real database, with the services over it.
type bookWorld struct {
	t        *testing.T
	db       *postgres.DB
	database pgtest.Database
	books    pgtest.Books
	ledger   *ledger.Service
	proof    *reconcile.Service
	today    atomic.Pointer[calendar.Day]
	serial   atomic.Int64
}

func newBookWorld(t *testing.T, opened, today string) *bookWorld {
	t.Helper()
	db, d := pgtest.Open(t)
	w := &bookWorld{t: t, db: db, database: d}
	w.setToday(calendar.MustDay(today))
	w.books = pgtest.SeedBooks(t, d, bookArea, ledger.Rural, calendar.MustDay(opened))
	now := func() calendar.Day { return *w.today.Load() }
	w.ledger = ledger.NewService(db.Ledger(), now)
	days, err := calendar.Official()
	if err != nil {
		t.Fatal(err)
	}
	w.proof = reconcile.New(reconcile.Parts{Store: db.Reconcile(), Decoder: nil, Days: days, Today: now})
	return w
}

func (w *bookWorld) setToday(day calendar.Day) { w.today.Store(&day) }

func (w *bookWorld) line(side ledger.Side, role ledger.Role, amount money.Amount) ledger.Posting {
	return ledger.Posting{
		Side: side, Role: role, Nature: ledger.Direct, Red: false, Amount: amount,
		FundAccount: w.books.Accounts[role], Batch: 0, Cause: 0, Member: 0, Year: 0,
	}
}

func (w *bookWorld) entry(kind ledger.Kind, on calendar.Day, lines ...ledger.Posting) ledger.Entry {
	return ledger.Entry{
		Area: bookArea, Scheme: w.books.Scheme, Kind: kind, Cause: fmt.Sprintf("test:%d", w.serial.Add(1)),
		Reverses: 0, AccountedOn: on, EffectiveOn: on, Text: "第一行 : 12:34 -", Postings: lines,
	}
}

func (w *bookWorld) book(entries ...ledger.Entry) ([]int64, error) {
	var ids []int64
	err := w.db.FundTransfers().InTx(context.Background(), func(tx fundtransfer.Tx) error {
		var err error
		ids, err = tx.Book(context.Background(), "test", entries...)
		return err
	})
	return ids, err
}

func (w *bookWorld) mustBook(entries ...ledger.Entry) []int64 {
	w.t.Helper()
	ids, err := w.book(entries...)
	if err != nil {
		w.t.Fatal(err)
	}
	return ids
}

// simple entries: a contribution in, its sweep, a subsidy, an allocation, a benefit.
func (w *bookWorld) contribution(on calendar.Day, amount money.Amount) ledger.Entry {
	return w.entry(ledger.ContributionReceived, on,
		w.line(ledger.Debit, ledger.Income, amount), w.line(ledger.Credit, ledger.Contribution, amount))
}

func (w *bookWorld) sweep(on calendar.Day, amount money.Amount) ledger.Entry {
	return w.entry(ledger.Sweep, on,
		w.line(ledger.Debit, ledger.FiscalSpecial, amount), w.line(ledger.Credit, ledger.Income, amount))
}

func (w *bookWorld) subsidy(on calendar.Day, amount money.Amount) ledger.Entry {
	return w.entry(ledger.SubsidyReceipt, on,
		w.line(ledger.Debit, ledger.FiscalSpecial, amount), w.line(ledger.Credit, ledger.SubsidyBase, amount))
}

func (w *bookWorld) trial(day calendar.Day) ledger.TrialBalance {
	w.t.Helper()
	b, err := w.ledger.TrialBalance(context.Background(), w.books.Officers["auditor"], w.books.Scheme, day)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := b.Check(); err != nil {
		w.t.Error(err)
	}
	return b
}

func (w *bookWorld) seal(through string) int {
	w.t.Helper()
	n, err := w.ledger.SealThrough(context.Background(), bookArea, w.books.Scheme, calendar.MustDay(through))
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// row reads one row as the owner.
func (w *bookWorld) row(sql string, to ...any) {
	w.t.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, w.database.OwnerURL)
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close(ctx) //nolint:errcheck // a connection of the test
	if err := c.QueryRow(ctx, sql).Scan(to...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *bookWorld) close(by, account, month string) error {
	var id int64
	for role, account2 := range w.books.Accounts {
		if string(role) == account {
			id = account2
		}
	}
	key := fmt.Sprintf("test-key-%d", w.serial.Add(1))
	r := once.Request{Caller: "test", Route: "test", Key: key, Fingerprint: sha256.Sum256([]byte(key))}
	_, err := w.proof.CloseMonth(context.Background(), r, func(any) (once.Answer, error) {
		return once.Answer{Status: 200, ContentType: "text/plain", Body: []byte{}}, nil
	}, w.books.Officers[by], reconcile.CloseAsk{Account: id, Month: calendar.MustMonth(month)})
	return err
}

// statement has the bank state a month of an account, with lines that are above zero
// where money came, and matches the account.
func (w *bookWorld) statement(role ledger.Role, from, to string, opening int64, lines ...int64) {
	w.t.Helper()
	account, closing := w.books.Accounts[role], opening
	id := 7_000_000 + 1_000*w.serial.Add(1)
	for i, amount := range lines {
		direction := "credit"
		if closing += amount; amount < 0 {
			direction, amount = "debit", -amount
		}
		w.database.Exec(w.t, `insert into statement_line (area, id, statement_id, fund_account, line, direction, amount,
			booking_date, value_date, bank_reference, ordinal, end_to_end_id, batch_ref, reversal, counterparty,
			counterparty_account, text)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, 1, '', '', false, '', '', '')`, bookArea, id+int64(i)+1, id, account,
			i+1, direction, amount, calendar.MustDay(from).AddDays(1).Time(), fmt.Sprintf("B%d", id+int64(i)))
	}
	w.database.Exec(w.t, `insert into statement (area, id, fund_account, day_from, day_to, number, opening, closing,
		line_count, receipt_id, taken_in_at) values ($1, $2, $3, $4, $5, '1', $6, $7, $8, 1, now())`, bookArea, id, account,
		calendar.MustDay(from).Time(), calendar.MustDay(to).Time(), opening, closing, len(lines))
	w.match(role)
}

func (w *bookWorld) match(role ledger.Role) {
	w.t.Helper()
	err := w.proof.Match(context.Background(), reconcile.Account{Area: bookArea, ID: w.books.Accounts[role]})
	if err != nil {
		w.t.Fatal(err)
	}
}

func code(err error) string {
	if err == nil {
		return "nil"
	}
	return fault.CodeOf(err)
}

func TestSealStrikesTheDaysBalances(t *testing.T) {
	t.Parallel()
	w := newBookWorld(t, "2010-06-01", "2010-06-03")
	one, two := calendar.MustDay("2010-06-01"), calendar.MustDay("2010-06-02")
	w.mustBook(w.contribution(one, 10000), w.contribution(one, 2000))
	swept := w.mustBook(w.sweep(two, 5000), w.subsidy(two, 70000))
	mistake := w.sweep(two, 5000)
	mirror := ledger.Reverse(mistake, swept[0], "test:reverse", two)
	w.mustBook(mirror)

	if n := w.seal("2010-06-02"); n != 2 {
		t.Errorf("%d days were sealed, want 2", n)
	}
	if n := w.seal("2010-06-02"); n != 0 {
		t.Errorf("%d days were sealed again", n)
	}
	type sealed struct{ Opening, Debit, Credit, Closing, Lines int64 }
	want := map[string]sealed{
		"2010-06-01 income":                  {0, 12000, 0, 12000, 2},
		"2010-06-01 fiscal_special":          {0, 0, 0, 0, 0},
		"2010-06-01 contribution_individual": {0, 0, 12000, -12000, 2},
		// The sweep and its red mirror: both stand on the credit side.
		"2010-06-02 income":                  {12000, 0, 0, 12000, 2},
		"2010-06-02 fiscal_special":          {0, 70000, 0, 70000, 3},
		"2010-06-02 contribution_individual": {-12000, 0, 0, -12000, 0},
		"2010-06-02 subsidy_base_pension":    {0, 0, 70000, -70000, 1},
	}
	for key, s := range want {
		var got sealed
		w.row(fmt.Sprintf(`select opening, debit, credit, closing, lines from sealed_balance
			where day::text || ' ' || role = '%s'`, key),
			&got.Opening, &got.Debit, &got.Credit, &got.Closing, &got.Lines)
		if diff := cmp.Diff(s, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
	var rows, sums int64
	w.row(`select count(*), sum(closing) from sealed_balance where day = '2010-06-02'`, &rows, &sums)
	if rows != int64(len(ledger.DefaultChart())) || sums != 0 {
		t.Errorf("%d sealed accounts that sum to %d, want every account of the chart and 0", rows, sums)
	}
	b := w.trial(two)
	if b.Of(ledger.Income) != 12000 || b.Of(ledger.FiscalSpecial) != 70000 || b.IncomeTotal() != 82000 {
		t.Errorf("trial balance %+v", b.Rows)
	}
	if got := w.trial(one).Of(ledger.Income); got != 12000 {
		t.Errorf("income account after the first day: %s", got)
	}
}

func TestNothingIsBookedOnASealedDay(t *testing.T) {
	t.Parallel()
	w := newBookWorld(t, "2010-06-01", "2010-06-03")
	w.seal("2010-06-02")
	for _, day := range []string{"2010-05-31", "2010-06-01", "2010-06-02"} {
		_, err := w.book(w.contribution(calendar.MustDay(day), 100))
		if !errors.Is(err, ledger.ErrSealed) {
			t.Errorf("booking on %s: %v, want book_sealed", day, err)
		}
	}
	w.mustBook(w.contribution(calendar.MustDay("2010-06-03"), 100))
	_, err := w.ledger.SealThrough(context.Background(), bookArea, ledger.Rural, calendar.MustDay("2010-06-03"))
	if !errors.Is(err, ledger.ErrDayOpen) {
		t.Errorf("sealing today: %v, want day_open", err)
	}
	_, err = w.ledger.SealThrough(context.Background(), bookArea, ledger.Urban, calendar.MustDay("2010-06-02"))
	if !errors.Is(err, ledger.ErrNoBook) {
		t.Errorf("sealing a scheme without books: %v, want not_found", err)
	}
}

// TestTheSealedDigestIsComputedTwice seals days of random entries in SQL and
// recomputes the digest in Go, then changes one row behind the triggers.
func TestTheSealedDigestIsComputedTwice(t *testing.T) {
	t.Parallel()
	w := newBookWorld(t, "2010-06-01", "2010-06-20")
	random := rand.New(rand.NewPCG(1, 2))
	day := calendar.MustDay("2010-06-01")
	for range 12 {
		for range random.IntN(4) {
			e := w.contribution(day, money.Amount(1+random.IntN(1000000)))
			e.Text = fmt.Sprintf("𠮷 %d:%d - \t%%", random.IntN(9), random.IntN(9))
			item := w.line(ledger.Credit, ledger.Contribution, e.Postings[1].Amount)
			item.Nature, item.Cause = ledger.ItemLine, w.serial.Add(1)
			item.FundAccount = w.books.Accounts[ledger.Income]
			item.Member, item.Year, item.Batch = w.serial.Add(1), 2010, w.serial.Add(1)
			e.Postings = []ledger.Posting{e.Postings[0], item}
			ids := w.mustBook(e)
			if random.IntN(2) == 0 {
				w.mustBook(ledger.Reverse(e, ids[0], fmt.Sprintf("test:red:%d", ids[0]), day))
			}
		}
		day = day.AddDays(1)
	}
	w.seal("2010-06-12")
	entries := int64(0)
	for day := calendar.MustDay("2010-06-01"); day.Before(calendar.MustDay("2010-06-13")); day = day.AddDays(1) {
		d, err := w.db.SealedDigest(context.Background(), bookArea, ledger.Rural, day)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(d.Sealed, d.Recomputed, cmp.AllowUnexported(calendar.Day{})); diff != "" {
			t.Errorf("%s (-sealed +recomputed):\n%s", day, diff)
		}
		entries += d.Sealed.Entries
	}
	if entries < 12 {
		t.Errorf("only %d entries were drawn", entries)
	}
	firstLine := ` where (entry_id, line) = (select entry_id, line from posting order by 1, 2 limit 1)`
	firstItem := ` where entry_id = (select min(entry_id) from posting) and line = 2`
	firstEntry := ` where id = (select min(id) from entry)`
	for name, tamper := range map[string]string{
		"an amount":      `update posting set amount = amount + 1` + firstLine,
		"a member":       `update posting set member_id = member_id + 1` + firstItem,
		"a text":         `update entry set text = text || ' '` + firstEntry,
		"who booked it":  `update entry set actor = 'other'` + firstEntry,
		"when":           `update entry set booked_at = booked_at + interval '1 microsecond'` + firstEntry,
		"a cause's edge": `update entry set cause = cause || ' 1:1'` + firstEntry,
		"a line less":    `delete from posting` + firstLine,
	} {
		first := calendar.Day{}
		w.row(`select min(accounted_on)::timestamp from entry`, (*dayOf)(&first))
		before, err := w.db.SealedDigest(context.Background(), bookArea, ledger.Rural, first)
		if err != nil {
			t.Fatal(err)
		}
		w.database.Exec(t, tamper)
		after, err := w.db.SealedDigest(context.Background(), bookArea, ledger.Rural, first)
		if err != nil {
			t.Fatal(err)
		}
		if after.Recomputed.Digest == before.Recomputed.Digest || after.Recomputed.Digest == after.Sealed.Digest {
			t.Errorf("the digest does not see %s change", name)
		}
	}
}

// TestSealAndBookRace books through many days' ends while they are sealed: each
// booking is on the sealed day and counted there, or was refused.
func TestSealAndBookRace(t *testing.T) {
	t.Parallel()
	w := newBookWorld(t, "2010-06-01", "2010-06-01")
	const days, workers = 30, 6
	var booked, refused atomic.Int64
	var group sync.WaitGroup
	stop := make(chan struct{})
	for range workers {
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				_, err := w.book(w.contribution(*w.today.Load(), 100))
				switch {
				case err == nil:
					booked.Add(1)
				case errors.Is(err, ledger.ErrSealed):
					refused.Add(1)
				default:
					t.Error(err)
					return
				}
			}
		})
	}
	first := calendar.MustDay("2010-06-01")
	for n := range days {
		// Two sealers at once, just after the day turned; bookings of the old day are still on their way.
		w.setToday(first.AddDays(n + 1))
		var sealers sync.WaitGroup
		for range 2 {
			sealers.Go(func() {
				_, err := w.ledger.SealThrough(context.Background(), bookArea, ledger.Rural, first.AddDays(n))
				if err != nil {
					t.Error(err)
				}
			})
		}
		sealers.Wait()
	}
	close(stop)
	group.Wait()
	w.setToday(first.AddDays(days + 5))
	w.seal(first.AddDays(days + 4).String())
	var closing, wrong, sealedDays int64
	w.row(`select closing from sealed_balance where role = 'income' order by day desc limit 1`, &closing)
	w.row(`select count(*) from sealed_balance s where lines <> (select count(*) from posting p
		where p.role = s.role and p.accounted_on = s.day)`, &wrong)
	w.row(`select count(*) from sealed_day`, &sealedDays)
	if closing != booked.Load()*100 || wrong != 0 || sealedDays != days+5 {
		t.Errorf("%d bookings, sealed balance %d, %d sealed rows differ from their lines, %d days",
			booked.Load(), closing, wrong, sealedDays)
	}
	t.Logf("%d booked, %d refused", booked.Load(), refused.Load())
	w.trial(first.AddDays(days + 5))
}

func TestF57_MonthClose(t *testing.T) {
	t.Parallel()
	w := newBookWorld(t, "2010-06-10", "2010-07-02")
	day := calendar.MustDay("2010-06-11")
	w.mustBook(w.contribution(day, 10000), w.sweep(day, 9999), w.subsidy(day, 500))
	w.seal("2010-06-29")
	if got := code(w.close("finance-checker", "fiscal_special", "2010-06")); got != "period_not_sealed" {
		t.Errorf("close before the last day is sealed: %s", got)
	}
	var alarms int
	w.row(`select count(*) from exception_case`, &alarms)
	if alarms != 0 {
		t.Errorf("%d alarms before the month is over", alarms)
	}
	w.statement(ledger.FiscalSpecial, "2010-06-10", "2010-06-30", 0, 9999, 500)
	w.statement(ledger.Income, "2010-06-10", "2010-06-30", 0, 10000, -9999)
	w.seal("2010-06-30")
	if got := code(w.close("finance-checker", "fiscal_special", "2010-06")); got != "period_not_matched" {
		t.Errorf("close of what was matched before its book was sealed: %s", got)
	}
	w.match(ledger.FiscalSpecial)
	w.match(ledger.Income)
	var alarm string
	w.row(`select kind || ' ' || subject || ': ' || text from exception_case`, &alarm)
	if want := fmt.Sprintf("income_not_swept fund_account:%d:2010-06: the income account holds 0.01 at the end of "+
		"2010-06; sweep it to the fiscal special account", w.books.Accounts[ledger.Income]); alarm != want {
		t.Errorf("the alarm is %q, want %q", alarm, want)
	}
	for _, who := range []string{"finance-maker", "bureau-checker", "auditor", "business-maker"} {
		if got := code(w.close(who, "fiscal_special", "2010-06")); got != "duty_conflict" {
			t.Errorf("close by %s: %s", who, got)
		}
	}
	for month, want := range map[string]string{"2010-05": "period_not_sealed", "2010-07": "period_out_of_order"} {
		if got := code(w.close("finance-checker", "fiscal_special", month)); got != want {
			t.Errorf("close of %s: %s, want %s", month, got, want)
		}
	}
	if got := code(w.close("finance-checker", "income", "2010-06")); got != "income_not_swept" {
		t.Errorf("close of an income account that holds 0.01: %s", got)
	}
	if err := w.close("finance-checker", "fiscal_special", "2010-06"); err != nil {
		t.Error(err)
	}
	if got := code(w.close("finance-checker", "fiscal_special", "2010-06")); got != "period_closed" {
		t.Errorf("second close: %s", got)
	}
	if got := code(w.close("finance-checker", "other", "2010-06")); got != "not_found" {
		t.Errorf("close of no account: %s", got)
	}
	var closing int64
	w.row(`select closing from period_close`, &closing)
	if closing != 10499 {
		t.Errorf("closed at %d", closing)
	}
	// Where the area's rule does not ask for zero the month closes with money on the account.
	w.database.Exec(t, `update area_rule set value = 'false' where rule = $1`, policy.IncomeZeroAtMonthEnd)
	if err := w.close("finance-checker", "income", "2010-06"); err != nil {
		t.Error(err)
	}
	var closed string
	w.row(`select x.text from exception_case c join exception_closed x on x.case_id = c.id`, &closed)
	if closed != "the month was closed" {
		t.Errorf("the alarm was closed with %q", closed)
	}
	w.trial(calendar.MustDay("2010-07-02"))
}

// The alarm about money on the income account ends with the sweep that takes it,
// and not with one that takes a part.
func TestF57_TheAlarmEndsWithTheSweep(t *testing.T) {
	t.Parallel()
	w := newBookWorld(t, "2010-06-10", "2010-07-02")
	w.mustBook(w.contribution(calendar.MustDay("2010-06-11"), 10000))
	w.seal("2010-06-30")
	moves := fundtransfer.NewService(w.db.FundTransfers(), func() calendar.Day { return *w.today.Load() })
	sweep := func(amount money.Amount) {
		t.Helper()
		var made fundtransfer.Transfer
		_, err := moves.Submit(t.Context(), request(w), result(&made), w.books.Officers["finance-maker"], fundtransfer.Instruction{
			Kind: ledger.Sweep, From: w.books.Accounts[ledger.Income], To: w.books.Accounts[ledger.FiscalSpecial],
			Amount: amount, EffectiveOn: *w.today.Load(), Document: "voucher 1",
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = moves.Approve(t.Context(), request(w), result(&made), w.books.Officers["finance-checker"],
			fundtransfer.Verdict{ID: made.ID, Digest: made.Digest})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		amount money.Amount
		want   int
	}{{4000, 0}, {6000, 1}} {
		sweep(c.amount)
		var closed int
		w.row(`select count(*) from exception_closed where text = 'the account was swept'`, &closed)
		if closed != c.want {
			t.Errorf("after a sweep of %s %d alarms are closed, want %d", c.amount, closed, c.want)
		}
	}
}

func request(w *bookWorld) once.Request {
	key := fmt.Sprintf("sweep-%08d", w.serial.Add(1))
	return once.Request{Caller: "officer:test", Route: "POST /v1/fund-transfers", Key: key, Fingerprint: sha256.Sum256([]byte(key))}
}

// The other ends of a month: swept to zero, and where the area wants no zero.
func TestF57_AMonthEndThatNeedsNobody(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		swept money.Amount
		rule  string
	}{"swept": {10000, "true"}, "not asked to be swept": {9999, "false"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newBookWorld(t, "2010-06-10", "2010-07-02")
			w.database.Exec(t, `update area_rule set value = $2::jsonb where rule = $1`, policy.IncomeZeroAtMonthEnd, c.rule)
			day := calendar.MustDay("2010-06-11")
			w.mustBook(w.contribution(day, 10000), w.sweep(day, c.swept))
			w.seal("2010-07-01")
			w.statement(ledger.Income, "2010-06-10", "2010-06-30", 0, 10000, -c.swept.Fen())
			var alarms int
			w.row(`select count(*) from exception_case`, &alarms)
			if alarms != 0 {
				t.Errorf("%d alarms, want none", alarms)
			}
			if err := w.close("finance-checker", "income", "2010-06"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestJournalOfAFundAccount(t *testing.T) {
	t.Parallel()
	w := newBookWorld(t, "2010-06-01", "2010-06-05")
	one, two, three := calendar.MustDay("2010-06-01"), calendar.MustDay("2010-06-02"), calendar.MustDay("2010-06-03")
	w.mustBook(w.contribution(one, 10000))
	w.seal("2010-06-01")
	// A batch: a sum line for the items, which the journal shows as one.
	batch := w.contribution(two, 300)
	batch.Postings[0].Nature = ledger.SumLine
	batch.Postings = batch.Postings[:1]
	for range 3 {
		item := w.line(ledger.Credit, ledger.Contribution, 100)
		item.Nature, item.Cause, item.FundAccount = ledger.ItemLine, w.serial.Add(1), w.books.Accounts[ledger.Income]
		batch.Postings = append(batch.Postings, item)
	}
	ids := w.mustBook(batch, w.contribution(two, 50), w.sweep(three, 7000))
	mirror := ledger.Reverse(w.sweep(three, 7000), ids[2], "test:red", three)
	w.mustBook(mirror, w.contribution(calendar.MustDay("2010-06-04"), 1))

	type line struct{ Day, Kind, Debit, Credit, Balance string }
	var got []line
	ask := ledger.JournalAsk{Account: w.books.Accounts[ledger.Income], From: two, To: three, Limit: 2}
	for {
		j, err := w.ledger.Journal(context.Background(), w.books.Officers["business-maker"], ask)
		if err != nil {
			t.Fatal(err)
		}
		if j.Opening != 10000 || j.Closing != 10350 {
			t.Errorf("opening %s, closing %s", j.Opening, j.Closing)
		}
		for _, l := range j.Lines {
			got = append(got, line{
				l.AccountedOn.String(), string(l.Kind), l.Debit.String(), l.Credit.String(), l.Balance.String(),
			})
		}
		if !j.More {
			break
		}
		ask.After = j.Lines[len(j.Lines)-1].EntryID
	}
	want := []line{
		{"2010-06-02", "contribution", "3.00", "0.00", "103.00"},
		{"2010-06-02", "contribution", "0.50", "0.00", "103.50"},
		{"2010-06-03", "sweep", "0.00", "70.00", "33.50"},
		{"2010-06-03", "sweep", "0.00", "-70.00", "103.50"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
	list, err := w.ledger.FundAccounts(context.Background(), w.books.Officers["bureau-maker"])
	if err != nil || len(list) != 5 {
		t.Fatalf("%d accounts, %v", len(list), err)
	}
	for _, a := range list {
		want := money.Amount(0)
		if a.Role == ledger.Income {
			want = 10351
		}
		if a.Balance != want || a.Bank != "psbc" || a.No.Plain() == "" || a.Area != bookArea {
			t.Errorf("account %+v holds %s, want %s", a.FundAccount, a.Balance, want)
		}
	}
	other := approval.Officer{Organisation: approval.Township, Area: bookArea}
	if _, err := w.ledger.FundAccounts(context.Background(), other); !errors.Is(err, approval.ErrDuty) {
		t.Errorf("a township reads fund accounts: %v", err)
	}
	stranger := w.books.Officers["auditor"]
	stranger.Area = bookArea + 1
	if _, err := w.ledger.Journal(context.Background(), stranger, ask); !errors.Is(err, ledger.ErrNoFundAccount) {
		t.Errorf("another area reads the journal: %v", err)
	}
}

// dayOf reads a date where the driver of the test knows instants only.
type dayOf calendar.Day

func (d *dayOf) ScanTimestamp(v pgtype.Timestamp) error {
	*d = dayOf(calendar.DayOf(v.Time))
	return nil
}

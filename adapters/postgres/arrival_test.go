package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/money"
	"twoline/reconcile/proof"
)

// tell reports money without saying what it is for.
func (w *world) tell(t *testing.T, reference string, amount money.Amount) collection.Arrived {
	t.Helper()
	return w.arrive(t, reference, collection.Batch{}, amount) //nolint:exhaustruct // of nobody
}

// statement takes one line of the bank's statement that names a batch.
func (w *world) statement(t *testing.T, reference string, b collection.Batch, amount money.Amount) {
	t.Helper()
	err := w.service.ArriveFromStatement(context.Background(), chencang, "psbc", []collection.Arrival{{ //nolint:exhaustruct // a line
		FundAccount: w.income, Batch: b.ID, Amount: amount, BankReference: reference, ValueDate: w.today,
	}})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) tick(t *testing.T, day string) {
	t.Helper()
	w.today = calendar.MustDay(day)
	if err := w.service.Tick(context.Background(), w.today); err != nil {
		t.Fatal(err)
	}
}

// holds wants the balance of a role: debits less credits.
func (w *world) holds(t *testing.T, role string, want money.Amount) {
	t.Helper()
	got := one[int64](t, w, `select coalesce(sum(case when (side = 'debit') <> red then amount else -amount end), 0)::bigint
		from posting where role = $1`, role)
	if money.Amount(got) != want {
		t.Errorf("role %s holds %s, want %s", role, money.Amount(got), want)
	}
}

// Money that was there before an agreement and was named for its batch only after
// it was not agreed with it, though its id is the lower one.
func TestMoneyNamedAfterAnAgreementIsNotPartOfIt(t *testing.T) {
	t.Parallel()
	for name, suspendedFirst := range map[string]bool{"in suspense before it is named": true, "in suspense after": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 2)
			b := w.withhold(t).Batches[0]
			items := w.items(t, b)
			w.tell(t, "EARLY", 100_00)
			w.arrive(t, "L1", b, 100_00)
			if _, err := w.results(t, b, []collection.Result{succeeded(items[0])}); err != nil {
				t.Fatal(err)
			}
			w.work(t)
			if suspendedFirst {
				w.tick(t, "2011-03-15")
			}
			w.statement(t, "EARLY", b, 100_00)
			w.tick(t, "2011-03-15")
			w.holds(t, "suspense", -100_00)
			if _, err := w.results(t, b, []collection.Result{succeeded(items[1])}); err != nil {
				t.Fatal(err)
			}
			w.work(t)
			w.balanced(t)
			w.holds(t, "suspense", 0)
			w.holds(t, "income", 200_00)
		})
	}
}

// Daily looks that come at the same moment move the money once.
func TestDailyLooksAtOnceMoveMoneyOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	for i := range 20 {
		w.tell(t, fmt.Sprintf("L%d", i), 100_00)
	}
	w.today = calendar.MustDay("2011-03-15")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := w.service.Tick(context.Background(), w.today); err != nil {
				t.Errorf("a daily look beside others: %v", err)
			}
		})
	}
	wg.Wait()
	w.balanced(t)
	w.holds(t, "suspense", -2000_00)
	w.holds(t, "income", 2000_00)
}

// A daily look and a statement that names the batch reach for the same money: it
// is booked from the bank once, whoever comes first.
func TestADailyLookAndAStatementTakeTheSameMoneyOnce(t *testing.T) {
	t.Parallel()
	const n = 24
	w := newWorld(t, n)
	w.sql(t, `update bank set row_limit = 1`)
	batches := w.withhold(t).Batches
	for i, b := range batches {
		if _, err := w.results(t, b, []collection.Result{succeeded(w.items(t, b)[0])}); err != nil {
			t.Fatal(err)
		}
		w.tell(t, fmt.Sprintf("L%d", i), 100_00)
	}
	w.today = calendar.MustDay("2011-03-15")
	var wg sync.WaitGroup
	for part := range 3 {
		wg.Go(func() {
			for i := part; i < n; i += 3 {
				w.statement(t, fmt.Sprintf("L%d", i), batches[i], 100_00)
			}
		})
		wg.Go(func() {
			for range 4 {
				if err := w.service.Tick(context.Background(), w.today); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	w.work(t)
	w.balanced(t)
	w.holds(t, "suspense", 0)
	w.holds(t, "income", n*100_00)
}

// hold keeps what a statement locks until let go is called.
func (w *world) hold(t *testing.T, sql string, args ...any) (letGo func()) {
	t.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, w.d.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(ctx) })
	held, err := c.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := held.Exec(ctx, sql, args...); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := held.Rollback(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// running is work in the background.
type running struct {
	w    *world
	done chan error
}

func (w *world) start(work func() error) running {
	r := running{w: w, done: make(chan error, 1)}
	go func() { r.done <- work() }()
	return r
}

// untilLock returns whether the work waits for a lock, as the nth of the
// database, or is over.
func (r running) untilLock(t *testing.T, nth int64) (waits bool) {
	t.Helper()
	for {
		waiting := one[int64](t, r.w, `select count(*) from pg_stat_activity
			where datname = current_database() and wait_event_type = 'Lock'`)
		select {
		case err := <-r.done:
			r.done <- err
			return false
		default:
			if waiting >= nth {
				return true
			}
		}
	}
}

func (r running) end(t *testing.T) {
	t.Helper()
	if err := <-r.done; err != nil {
		t.Error(err)
	}
}

// holdCase keeps a daily look that takes the money from ending.
func (w *world) holdCase(t *testing.T, arrival int64) (letGo func()) {
	t.Helper()
	return w.hold(t, `insert into exception_case (area, kind, subject, text, opened_on, opened_at)
		values (610304, 'arrival_unexplained', $1, '', now(), now())`, fmt.Sprintf("arrival:%d", arrival))
}

// A statement names money while a daily look that has taken it is not over.
func TestAStatementWaitsForTheDailyLookThatTakesItsMoney(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	b := w.withhold(t).Batches[0]
	if _, err := w.results(t, b, []collection.Result{succeeded(w.items(t, b)[0])}); err != nil {
		t.Fatal(err)
	}
	told := w.tell(t, "L1", 100_00)
	w.today = calendar.MustDay("2011-03-15")
	letGo := w.holdCase(t, told.ID)
	look := w.start(func() error { return w.service.Tick(context.Background(), w.today) })
	look.untilLock(t, 1)
	state := w.start(func() error { w.statement(t, "L1", b, 100_00); return nil })
	if !state.untilLock(t, 2) {
		t.Error("the statement does not wait")
	}
	letGo()
	look.end(t)
	state.end(t)
	w.work(t)
	w.balanced(t)
	w.holds(t, "suspense", 0)
	w.holds(t, "income", 100_00)
}

// A daily look that waited for something else leaves alone what was named for a
// batch meanwhile: it does not hold that batch.
func TestADailyLookLeavesWhatWasNamedWhileItWaited(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.sql(t, `update bank set row_limit = 1`)
	batches := w.withhold(t).Batches
	told := w.tell(t, "L1", 100_00)
	w.arrive(t, "L2", batches[1], 100_00)
	w.today = calendar.MustDay("2011-03-15")
	letBatchGo := w.hold(t, `select from withholding_batch where id = $1 for update`, batches[1].ID)
	look := w.start(func() error { return w.service.Tick(context.Background(), w.today) })
	look.untilLock(t, 1)
	w.statement(t, "L1", batches[0], 100_00)
	letCaseGo := w.holdCase(t, told.ID)
	letBatchGo()
	if look.untilLock(t, 1) {
		t.Error("the look takes money whose batch it does not hold")
	}
	if _, err := w.results(t, batches[0], []collection.Result{succeeded(w.items(t, batches[0])[0])}); err != nil {
		t.Error(err)
	}
	letCaseGo()
	look.end(t)
	w.work(t)
	w.balanced(t)
	w.holds(t, "income", 200_00)
	w.holds(t, "suspense", -100_00)
}

// name says for an officer which batch money is.
func (w *world) name(arrival int64, b collection.Batch, by approval.Officer) (collection.Arrived, error) {
	n := collection.Naming{Arrival: arrival, Batch: b.ID, Reason: "the bank's statement"}
	var out collection.Arrived
	r := w.request("POST /v1/arrivals/{id}/batch", "", n)
	r.Caller = "officer:" + by.Login
	_, err := w.service.NameBatch(context.Background(), r, result(&out), by, n)
	return out, err
}

// wrong is a world in which a notice named the first of two batches for the money
// of the second, whose payer was debited.
func wrong(t *testing.T) (w *world, first, second collection.Batch, arrival collection.Arrived) {
	t.Helper()
	w = newWorld(t, 2)
	w.sql(t, `update bank set row_limit = 1`)
	batches := w.withhold(t).Batches
	first, second = batches[0], batches[1]
	if _, err := w.results(t, second, []collection.Result{succeeded(w.items(t, second)[0])}); err != nil {
		t.Fatal(err)
	}
	return w, first, second, w.arrive(t, "L1", first, 100_00)
}

// The statement contradicts a notice that named the wrong batch: the case says
// what each of them told, and an officer puts it right.
func TestANoticeThatNamedTheWrongBatchIsPutRight(t *testing.T) {
	t.Parallel()
	w, first, second, told := wrong(t)
	for range 2 {
		w.statement(t, "L1", second, 100_00)
	}
	text := one[string](t, w, `select string_agg(text, '; ') from exception_case where kind = 'arrival_refused'`)
	want := fmt.Sprintf("arrival %d, bank reference L1: a notice of the bank told 100.00 of 2011-03-10 for batch %s (id %d); "+
		"now the statement tells 100.00 of 2011-03-10 for batch %s (id %d)", told.ID, first.Number, first.ID, second.Number,
		second.ID)
	if text != want {
		t.Errorf("the case says %q, want %q", text, want)
	}
	w.tick(t, "2011-03-15")
	w.holds(t, "suspense", -100_00)

	stranger := w.officer
	stranger.Area = 610303
	viewer := w.officer
	viewer.Duties = []approval.Duty{approval.Viewer}
	if _, err := w.name(told.ID, second, stranger); !errors.Is(err, collection.ErrArrivalUnknown) {
		t.Errorf("an officer of another area: %v", err)
	}
	if _, err := w.name(told.ID, second, viewer); !errors.Is(err, approval.ErrDuty) {
		t.Errorf("an officer who may only look: %v", err)
	}
	got, err := w.name(told.ID, second, w.officer)
	if err != nil || !got.Agreed || got.Batch != second.ID {
		t.Fatalf("named %+v, %v", got, err)
	}
	w.work(t)
	w.balanced(t)
	w.holds(t, "suspense", 0)
	w.holds(t, "income", 100_00)
	for _, kind := range []string{"arrival_refused", "arrival_unexplained"} {
		f := collection.CaseFilter{Kind: kind, Limit: 10} //nolint:exhaustruct // open ones
		if list, err := w.service.Cases(context.Background(), w.officer, f); err != nil || len(list) != 0 {
			t.Errorf("cases still open: %+v, %v", list, err)
		}
		f.Closed = true
		list, err := w.service.Cases(context.Background(), w.officer, f)
		if err != nil || len(list) != 1 || !strings.Contains(list[0].ClosedText, "the bank's statement") {
			t.Errorf("closed cases of kind %s: %+v, %v", kind, list, err)
		}
	}
	// The statement again is the same money now, and the first batch waits for its own.
	w.statement(t, "L1", second, 100_00)
	if again, err := w.name(told.ID, second, w.officer); err != nil || !again.Repeated {
		t.Errorf("named again: %+v, %v", again, err)
	}
	if got := one[int64](t, w, `select sum(arrived_amount)::bigint from withholding_batch where id = $1`, first.ID); got != 0 {
		t.Errorf("%d fen count for the batch that they are not for", got)
	}
	if _, err := w.name(told.ID, first, w.officer); !errors.Is(err, collection.ErrArrivalFixed) {
		t.Errorf("money that is agreed: %v", err)
	}
	if _, err := w.results(t, first, []collection.Result{succeeded(w.items(t, first)[0])}); err != nil {
		t.Fatal(err)
	}
	if a := w.arrive(t, "L2", first, 100_00); !a.Agreed {
		t.Error("the first batch's own money does not agree with it")
	}
	w.work(t)
	w.balanced(t)
	w.holds(t, "income", 200_00)
}

// Where the wrong batch agreed with the money, by chance of the amount, its own
// money is named for the other.
func TestMoneyOfTwoBatchesThatWasMixedUpIsPutRight(t *testing.T) {
	t.Parallel()
	w, first, second, told := wrong(t)
	if _, err := w.results(t, first, []collection.Result{succeeded(w.items(t, first)[0])}); err != nil {
		t.Fatal(err)
	}
	w.statement(t, "L1", second, 100_00)
	if _, err := w.name(told.ID, second, w.officer); !errors.Is(err, collection.ErrArrivalFixed) {
		t.Errorf("money that is agreed: %v", err)
	}
	own := w.arrive(t, "L2", first, 100_00)
	if own.Agreed {
		t.Fatal("the first batch agrees twice")
	}
	got, err := w.name(own.ID, second, w.officer)
	if err != nil || !got.Agreed {
		t.Fatalf("named %+v, %v", got, err)
	}
	w.work(t)
	w.balanced(t)
	w.holds(t, "suspense", 0)
	w.holds(t, "income", 200_00)
	unclear := one[int64](t, w, `select count(*) from withholding_batch where arrived_amount <> agreed_amount`)
	if unclear != 0 {
		t.Errorf("%d batches are not clear", unclear)
	}
}

// A batch that had one payment too many agrees once that one is taken away.
func TestABatchAgreesWhenMoneyThatWasNotItsOwnIsTakenAway(t *testing.T) {
	t.Parallel()
	w, first, second, told := wrong(t)
	w.arrive(t, "L2", first, 100_00)
	if _, err := w.results(t, first, []collection.Result{succeeded(w.items(t, first)[0])}); err != nil {
		t.Fatal(err)
	}
	if n := one[int64](t, w, `select count(*) from agreement`); n != 0 {
		t.Fatalf("%d agreements with one payment too many", n)
	}
	if got, err := w.name(told.ID, second, w.officer); err != nil || !got.Agreed {
		t.Fatalf("named %+v, %v", got, err)
	}
	w.work(t)
	w.balanced(t)
	w.holds(t, "income", 200_00)
	if n := one[int64](t, w, `select count(*) from agreement`); n != 2 {
		t.Errorf("%d agreements, want one of each batch", n)
	}
}

// What may not be named is refused and changes nothing; an officer corrects an
// officer's own slip.
func TestOnlyOpenMoneyOfTheBatchsAccountIsNamed(t *testing.T) {
	t.Parallel()
	w, first, second, told := wrong(t)
	w.sql(t, `insert into bank values (610304, 'rcc', '402100000018', '信用社', 'json', 1000)`)
	w.sql(t, `insert into fund_account (area, id, scheme, role, bank, account_no, name, opened_on) values
		(610304, 21, 'rural', 'income', 'rcc', '961001010000000021', '收入户', '2011-01-01')`)
	w.sql(t, `update withholding_batch set bank = 'rcc', fund_account = 21 where id = `+fmt.Sprint(second.ID))
	for name, try := range map[string]struct {
		arrival int64
		batch   collection.Batch
		want    error
	}{
		"money that nobody told of": {999_999, second, collection.ErrArrivalUnknown},
		"no batch":                  {told.ID, collection.Batch{ID: 999_999}, collection.ErrBatchUnknown}, //nolint:exhaustruct // none
		"another account's batch":   {told.ID, second, collection.ErrFundAccount},
	} {
		if _, err := w.name(try.arrival, try.batch, w.officer); !errors.Is(err, try.want) {
			t.Errorf("%s: %v, want %v", name, err, try.want)
		}
	}
	if n := one[int64](t, w, `select count(*) from arrival_subject`); n != 0 {
		t.Errorf("%d namings after refusals", n)
	}
	w.sql(t, `update withholding_batch set bank = 'psbc', fund_account = 11 where id = `+fmt.Sprint(second.ID))
	w.sql(t, `update withholding_batch set succeeded_amount = 9900 where id = `+fmt.Sprint(second.ID))
	for _, b := range []collection.Batch{second, first} {
		if got, err := w.name(told.ID, b, w.officer); err != nil || got.Agreed || got.Repeated {
			t.Errorf("named for %s: %+v, %v", b.Number, got, err)
		}
		sums := one[string](t, w, `select string_agg(arrived_amount::text, ' ' order by (id = $1) desc) from withholding_batch`,
			b.ID)
		if sums != "10000 0" {
			t.Errorf("batches count %s after naming %s", sums, b.Number)
		}
	}
}

// livingClone goes on with a clone of the five weeks.
func livingClone(t *testing.T) *proofWorld {
	t.Helper()
	db, d := cloneWorld(t)
	w := &proofWorld{t: t, db: db, d: d, today: calendar.MustDay("2012-01-10"), keys: 1000}
	w.books.Accounts, w.books.Officers = cleanOnce().accounts, cleanOnce().officers
	db.UseJobs(w)
	days, err := calendar.Official()
	w.must(err)
	w.service = collection.New(collection.Parts{
		Store: db.Collection(), Intake: bank.NewIntake(db.Receipts(), 1<<20), Writer: proofFormat{}, Reader: proofFormat{},
		Days: days, Today: func() calendar.Day { return w.today },
	})
	return w
}

// named lives on: money of nobody that a statement names after its batch agreed
// with other money, and money that an officer takes from a batch that it was not for.
func named(t *testing.T) (*proofWorld, collection.Batch) {
	t.Helper()
	w := livingClone(t)
	batches, err := w.service.Batches(t.Context(), collection.BatchFilter{Area: proofArea, Limit: 100})
	w.must(err)
	var open, other collection.Batch
	for _, b := range batches {
		switch {
		case b.Year == 2012 && b.Progress.Succeeded == 0:
			open = b
		case b.Year == 2012:
			other = b
		}
	}
	statement := func(reference string, b collection.Batch) {
		t.Helper()
		w.must(w.service.ArriveFromStatement(t.Context(), proofArea, "psbc", []collection.Arrival{{
			FundAccount: b.FundAccount, Batch: b.ID, Amount: 10_000, BankReference: reference, ValueDate: w.today,
		}}))
	}
	items := w.items(open)
	w.arrive(collection.Arrival{Amount: 10_000, BankReference: "N1"})
	w.arrive(collection.Arrival{Amount: 10_000, BankReference: "N2", Batch: open.ID})
	w.results(open, w.paid(items[0]))
	w.work()
	statement("N1", open)
	w.results(open, w.paid(items[1]))
	w.work()

	w.results(other, w.paid(w.items(other)[2]))
	next := w.withhold2012(t)
	w.arrive(collection.Arrival{Amount: 10_000, BankReference: "N3", Batch: next.ID})
	statement("N3", other)
	var arrival int64
	w.ask(`select id from arrival where bank_reference = 'N3'`, &arrival)
	r := w.request("arrivals/{id}/batch")
	by := w.books.Officers["business-maker"]
	r.Caller = "officer:" + by.Login
	_, err = w.service.NameBatch(t.Context(), r, w.render(nil), by,
		collection.Naming{Arrival: arrival, Batch: other.ID, Reason: "the statement"})
	w.must(err)
	w.work()
	return w, next
}

// withhold2012 makes one more batch, of a member who chose since.
func (w *proofWorld) withhold2012(t *testing.T) collection.Batch {
	t.Helper()
	w.d.Exec(t, `insert into tier_choice values ($1, 1004, 2012, 10000, '2011-04-06')`, int32(proofArea))
	return w.withhold(2012)[0]
}

func TestVerifyFollowsMoneyThatWasNamedLater(t *testing.T) {
	t.Parallel()
	w, next := named(t)
	if r := verify(t, w.db); !r.Clean() {
		for _, f := range r.Findings {
			for _, b := range f.Breaches {
				t.Errorf("%s", b)
			}
		}
		t.FailNow()
	}
	arrival := func(reference string) string {
		return `(select id from arrival where bank_reference = '` + reference + `')`
	}
	row := func(reference string) string {
		var id int64
		w.ask(`select `+arrival(reference), &id)
		return fmt.Sprintf("610305/%d", id)
	}
	// Each edit is undone by restoring the rows of the table.
	w.d.Exec(t, `create schema kept`)
	w.d.Exec(t, `create table kept.namings as table arrival_subject`)
	for name, c := range map[string]struct{ sql, row, text string }{
		"known to its batch before the agreement": {
			sql: `update arrival_subject set id = arrival_id where arrival_id = ` + arrival("N1"),
			row: "", text: "what arrived is 200.00",
		},
		"a naming that is gone": {
			sql: `delete from arrival_subject where arrival_id = ` + arrival("N1"), row: "", text: "what arrived is 0.00",
		},
		"named by a bank in place of an officer": {
			sql: `update arrival_subject set named_by = 'bank:psbc', reason = '' where arrival_id = ` + arrival("N3"),
			row: row("N3"), text: "had been told for something",
		},
		"named by an officer of nobody": {
			sql: `update arrival_subject set named_by = 'officer:nobody' where arrival_id = ` + arrival("N3"),
			row: row("N3"), text: "was named by officer:nobody, who may not",
		},
		"taken from a batch that had agreed with it": {
			sql: `insert into arrival_subject (area, arrival_id, batch_id, named_by, reason, named_at)
				select area, arrival_id, ` + fmt.Sprint(next.ID) + `, named_by, reason, named_at from arrival_subject
				where arrival_id = ` + arrival("N3"),
			row: row("N3"), text: "which had agreed with it",
		},
		"named for the batch that it was for": {
			sql: `update arrival_subject set batch_id = ` + fmt.Sprint(next.ID) + ` where arrival_id = ` + arrival("N3"),
			row: row("N3"), text: "names the batch that the money was for",
		},
		"named before it was told": {
			sql: `update arrival_subject set named_at = named_at - interval '1 hour' where arrival_id = ` + arrival("N1"),
			row: row("N1"), text: "was named before the money was told",
		},
	} {
		w.d.Exec(t, c.sql)
		r := verify(t, w.db)
		w.d.Exec(t, `delete from arrival_subject`)
		w.d.Exec(t, `insert into arrival_subject table kept.namings`)
		f, _ := r.Find("agreement")
		if !containsBreach(f.Breaches, c.row, c.text) {
			t.Errorf("%s: no breach of row %q says %q, but %v", name, c.row, c.text, f.Breaches)
		}
	}
}

func containsBreach(list []proof.Breach, row, text string) bool {
	for _, b := range list {
		if (row == "" || b.Row == row) && strings.Contains(b.Text, text) {
			return true
		}
	}
	return false
}

// The daily look forgets what is settled, and never what is open: money that comes
// later, or that was left open, goes to suspense as it always does.
func TestADailyLookReadsOnlyWhatMayBeOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	b := w.withhold(t).Batches[0]
	w.today = calendar.MustDay("2011-03-10")
	w.arrive(t, "L1", b, 100_00)
	w.tick(t, "2011-03-15")
	w.holds(t, "suspense", -100_00)
	w.tick(t, "2011-04-20")
	if got := one[string](t, w, `select settled_through::text from arrival_watch`); got != "2011-04-08" {
		t.Errorf("settled through %s, want a week before the third working day before the look", got)
	}
	w.today = calendar.MustDay("2011-04-20")
	w.tell(t, "L2", 30_00)
	// A look of an older day changes nothing.
	w.tick(t, "2011-04-20")
	if err := w.service.Tick(t.Context(), calendar.MustDay("2011-04-01")); err != nil {
		t.Fatal(err)
	}
	if got := one[string](t, w, `select settled_through::text from arrival_watch`); got != "2011-04-08" {
		t.Errorf("settled through %s after an older look", got)
	}
	// The gateway stood still for half a year.
	w.tick(t, "2011-10-10")
	w.holds(t, "suspense", -130_00)
	w.balanced(t)
}

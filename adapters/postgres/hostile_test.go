package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/money"
)

// A counter and a run that take the same dues at the same moment never collect
// a member's year twice.
func TestF52_ACounterAndARunNeverTakeTheSameDue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 40)
	ctx := context.Background()
	var wg sync.WaitGroup
	var run collection.RunResult
	wg.Go(func() {
		_, err := w.service.Withhold(ctx, w.request("POST /v1/withholding-runs", "run-key-1", 1), result(&run), w.officer,
			collection.Run{Scheme: "rural", Year: 2011, Banks: nil})
		if err != nil && !errors.Is(err, collection.ErrNothingDue) {
			t.Error(err)
		}
	})
	for _, m := range w.members {
		wg.Go(func() {
			p := collection.CounterPayment{ //nolint:exhaustruct // the gateway fills the rest
				Member: m, Year: 2011, Amount: 100_00, Channel: "counter", Terminal: "C1", PaidOn: w.today,
				BankReference: fmt.Sprintf("P%d", m),
			}
			var out collection.CounterPayment
			r := w.request("POST /v1/contributions", fmt.Sprintf("pay-key-%d", m), p)
			_, err := w.counter.Pay(ctx, r, result(&out), w.psbc, "961001010000000011", p)
			if err != nil && !errors.Is(err, collection.ErrOverDue) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	twice := one[int64](t, w, `select count(*) from withholding_item i
		join counter_receipt r on r.area = i.area and r.member_id = i.member_id and r.year = i.year`)
	if twice != 0 {
		t.Errorf("%d members are asked for the same year by a run and at a counter", twice)
	}
	taken := one[int64](t, w, `select (select count(*) from withholding_item) + (select count(*) from counter_receipt)`)
	if taken != 40 {
		t.Errorf("%d dues are taken, want each of 40 once", taken)
	}
}

// Two agreements of one member posted at one moment: the second is above the
// chosen amount and waits for its payer.
func TestF52_TwoPostingsOfOneMemberAtOnceNeverExceedTheChoice(t *testing.T) {
	t.Parallel()
	for round := range 5 {
		w := newWorld(t, 12)
		ctx := context.Background()
		b := w.withhold(t).Batches[0]
		items := w.items(t, b)
		// The same members had paid at a counter before the run was made: as data would have it after a mistake.
		w.sql(t, `insert into counter_receipt (area, member_id, year, ordinal, amount, channel, bank, terminal, paid_on,
				fund_account, bank_reference, received_at)
			select area, id, 2011, 1, 10000, 'counter', 'psbc', 'T', '2011-03-10', 11, 'C' || id, now() from member`)
		var rs []collection.Result
		for _, i := range items {
			rs = append(rs, succeeded(i))
		}
		if _, err := w.results(t, b, rs); err != nil {
			t.Fatal(err)
		}
		w.arrive(t, "L1", b, 12*100_00)
		a := collection.Arrival{ //nolint:exhaustruct // a terminal's day
			Amount: 12 * 100_00, BankReference: "D1", ValueDate: w.today, Terminal: "T", TerminalDate: w.today,
		}
		var out collection.Arrived
		_, err := w.service.Arrive(ctx, w.request("POST /v1/arrivals", "", a), result(&out), 0, w.psbc,
			"961001010000000011", a)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for _, j := range w.jobs.list {
			reached, ok := j.(collection.AgreementReached)
			if !ok {
				t.Fatalf("job %T", j)
			}
			wg.Go(func() {
				if err := w.service.Post(ctx, reached.Area, reached.Agreement); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		w.balanced(t)
		if over := one[int64](t, w, `select count(*) from (select member_id from posting
			where role = 'contribution_individual' group by member_id having sum(amount) > 10000) x`); over != 0 {
			t.Errorf("round %d: %d members have more income than they chose", round, over)
		}
		if n := one[int64](t, w, `select count(*) from refund_task`); n != 12 {
			t.Errorf("round %d: %d refund tasks, want 12", round, n)
		}
	}
}

func TestMoneyThatCannotBeOursIsRefusedAtTheDoor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	ctx := context.Background()
	tell := func(account string, day calendar.Day) error {
		a := collection.Arrival{Amount: 100, BankReference: "X" + day.String(), ValueDate: day} //nolint:exhaustruct // unknown payer
		var out collection.Arrived
		_, err := w.service.Arrive(ctx, w.request("POST /v1/arrivals", "", []any{account, day}), result(&out), 0, w.psbc, account, a)
		return err
	}
	if err := tell("961001010000000013", w.today); !errors.Is(err, collection.ErrRole) {
		t.Errorf("credit on the expenditure account: %v", err)
	}
	if err := tell("961001010000000011", calendar.MustDay("2001-03-10")); !errors.Is(err, collection.ErrDay) {
		t.Errorf("value date before the books began: %v", err)
	}
	if err := tell("961001010000000011", w.today); err != nil {
		t.Errorf("money of an unknown payer: %v", err)
	}
}

func TestAStatementNamesTheBatchThatANoticeDidNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	b := w.withhold(t).Batches[0]
	if _, err := w.results(t, b, []collection.Result{succeeded(w.items(t, b)[0])}); err != nil {
		t.Fatal(err)
	}
	a := collection.Arrival{Amount: 100_00, BankReference: "L1", ValueDate: w.today} //nolint:exhaustruct // no batch named
	var out collection.Arrived
	_, err := w.service.Arrive(context.Background(), w.request("POST /v1/arrivals", "", a), result(&out), 0, w.psbc,
		"961001010000000011", a)
	if err != nil {
		t.Fatal(err)
	}
	a.FundAccount, a.Batch = w.income, b.ID
	refused := collection.Arrival{ //nolint:exhaustruct // a line that contradicts the notice
		FundAccount: w.income, Batch: b.ID, Amount: 99_00, BankReference: "L1", ValueDate: w.today,
	}
	for range 2 {
		err := w.service.ArriveFromStatement(context.Background(), chencang, "psbc", []collection.Arrival{refused, a})
		if err != nil {
			t.Fatal(err)
		}
	}
	w.work(t)
	w.balanced(t)
	if got := one[int64](t, w, `select sum(amount)::bigint from posting where role = 'income'`); got != 100_00 {
		t.Errorf("income account received %d fen, want 10000", got)
	}
	if n := one[int64](t, w, `select count(*) from exception_case where kind = 'arrival_refused'`); n != 1 {
		t.Errorf("%d cases for the contradicting line, want 1", n)
	}
}

func TestAFileSentToTheWrongBatchMayBeSentToTheRightOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.sql(t, `update bank set row_limit = 1`)
	batches := w.withhold(t).Batches
	body := fmt.Sprintf("%d succeeded 100.00 -\nend\n", w.items(t, batches[1])[0].ID)
	for _, b := range batches {
		if r := w.upload(t, "R.TXT", b, body); r.State != bank.Received {
			t.Errorf("batch %s: the file is %s", b.Number, r.State)
		}
		w.work(t)
	}
	if n := one[int64](t, w, `select count(*) from answer where disposition = 'recorded'`); n != 1 {
		t.Errorf("%d outcomes, want 1", n)
	}
}

func TestDecideReadsEveryLineWithoutFalling(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	b := w.withhold(t).Batches[0]
	items := w.items(t, b)
	odd := failed(items[0], "AM04")
	odd.Class, odd.Text = bank.ClassSuccess, "余额\x00不足\xff"
	zero := money.Amount(0)
	nothing := failed(items[1], "AM04")
	nothing.Amount = &zero
	taken, err := w.results(t, b, []collection.Result{odd, nothing})
	if err != nil || taken.Counts.Recorded != 2 {
		t.Fatalf("taken %+v, %v", taken.Counts, err)
	}
	if class := one[string](t, w, `select min(class) || max(class) from answer`); class != "RETRY_FUNDSRETRY_FUNDS" {
		t.Errorf("classes %s", class)
	}
}

// What waits for longer than its work should take is put to work again, and
// money that never agrees has a case.
func TestNothingWaitsForEverWithoutACase(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	ctx := context.Background()
	b := w.withhold(t).Batches[0]
	items := w.items(t, b)
	if _, err := w.results(t, b, []collection.Result{succeeded(items[0]), succeeded(items[1])}); err != nil {
		t.Fatal(err)
	}
	w.today = calendar.MustDay("2011-03-16")
	for range 2 {
		if err := w.service.Tick(ctx, w.today); err != nil {
			t.Fatal(err)
		}
	}
	if n := one[int64](t, w, `select count(*) from exception_case where kind = 'uncleared'`); n != 1 {
		t.Errorf("%d cases for successes without money, want 1", n)
	}
	w.closed(t, "uncleared", 0)
	// Half of the money is no agreement.
	w.arrive(t, "L0", b, 100_00)
	w.tick(t, "2011-03-16")
	w.closed(t, "uncleared", 0)
	w.arrive(t, "L1", b, 100_00)
	w.jobs.list = nil // the job is lost
	w.d.Exec(t, `update agreement set agreed_at = agreed_at - interval '1 hour'`)
	if err := w.service.Tick(ctx, w.today); err != nil {
		t.Fatal(err)
	}
	w.work(t)
	w.balanced(t)
	if got := one[int64](t, w, `select sum(amount)::bigint from posting where role = 'income'`); got != 200_00 {
		t.Errorf("income account received %d fen, want 20000", got)
	}
	if err := w.service.Tick(ctx, w.today); err != nil {
		t.Fatal(err)
	}
	w.closed(t, "uncleared", 1)
}

// closed wants so many cases of a kind to be closed.
func (w *world) closed(t *testing.T, kind string, want int64) {
	t.Helper()
	n := one[int64](t, w, `select count(*) from exception_closed x join exception_case c on c.id = x.case_id
		where c.kind = $1`, kind)
	if n != want {
		t.Errorf("%d cases %s are closed, want %d", n, kind, want)
	}
}

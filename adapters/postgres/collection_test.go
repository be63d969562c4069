package postgres_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/money"
)

func sumOf(b []byte) [32]byte { return sha256.Sum256(b) }

func splitLines(s string) iter.Seq[string] {
	return strings.SplitSeq(strings.TrimSuffix(s, "\n"), "\n")
}

func TestF53_MoneyIsPostedOnlyWhenResultsAndArrivalAgree(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10)
	run := w.withhold(t)
	if len(run.Batches) != 1 || run.Batches[0].Count != 10 || run.Batches[0].Amount != money.MustParse("1000.00") {
		t.Fatalf("run made %+v", run.Batches)
	}
	b := run.Batches[0]
	items := w.items(t, b)

	var rs []collection.Result
	for _, i := range items[:7] {
		rs = append(rs, succeeded(i))
	}
	rs = append(rs, failed(items[7], "AM04"), failed(items[8], "AC04"))
	if _, err := w.results(t, b, rs); err != nil {
		t.Fatal(err)
	}
	w.work(t)
	if n := one[int64](t, w, `select count(*) from posting`); n != 0 {
		t.Fatalf("%d lines posted on results alone", n)
	}
	if a := w.arrive(t, "L1", b, money.MustParse("699.99")); a.Agreed {
		t.Fatal("one fen short agrees")
	}
	w.work(t)
	if n := one[int64](t, w, `select count(*) from posting`); n != 0 {
		t.Fatalf("%d lines posted although money is one fen short", n)
	}
	if a := w.arrive(t, "L2", b, 1); !a.Agreed {
		t.Fatal("results and money agree, and nothing is posted")
	}
	w.work(t)
	w.balanced(t)
	if got := one[int64](t, w, `select sum(amount)::bigint from posting where role = 'income'`); got != 70_000 {
		t.Fatalf("income account received %d fen, want 70000", got)
	}
	if got := one[int64](t, w, `select count(*) from posting where nature = 'item' and role = 'personal_individual'`); got != 7 {
		t.Fatalf("%d account credits, want 7", got)
	}
}

func TestTheNextRunTakesUpWhatFailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 6)
	b := w.withhold(t).Batches[0]
	items := w.items(t, b)
	rs := []collection.Result{
		succeeded(items[0]), failed(items[1], "AM04"), failed(items[2], "AC04"), failed(items[3], "MD01"),
		failed(items[4], "ZZ99"), // an unknown code is no failure
	}
	got, err := w.results(t, b, rs)
	if err != nil {
		t.Fatal(err)
	}
	if got.Counts.Recorded != 4 || got.Counts.Pending != 1 {
		t.Fatalf("counts %+v, want 4 recorded and 1 pending", got.Counts)
	}
	next := w.withhold(t)
	if len(next.Batches) != 1 || next.Batches[0].Count != 1 {
		t.Fatalf("next run made %+v, want one item", next.Batches)
	}
	if i := w.items(t, next.Batches[0])[0]; i.Member != items[1].Member || i.Attempt != 2 {
		t.Fatalf("next run took member %d attempt %d", i.Member, i.Attempt)
	}
	want := map[bank.Class]int{bank.ClassFixAccount: 1, bank.ClassFixMandate: 1, bank.ClassUnknown: 2}
	for class, n := range want {
		if next.Held[string(class)] != n {
			t.Errorf("held %v, want %v", next.Held, want)
		}
	}
	// The same run again finds nothing: everything is in flight, paid or held.
	_, err = w.service.Withhold(context.Background(), w.request("POST /v1/withholding-runs", "", "again"),
		result(&collection.RunResult{}), w.officer, collection.Run{Scheme: "rural", Year: 2011, Banks: nil}) //nolint:exhaustruct // the rest is zero
	if !errors.Is(err, collection.ErrNothingDue) {
		t.Fatalf("third run: %v", err)
	}
}

func TestF52_MoneyAboveTheChosenAmountWaitsInSuspense(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	b := w.withhold(t).Batches[0]
	// The tier falls under what was sent, as if another channel had paid.
	w.sql(t, `update tier_choice set amount = 5000 where member_id = 1001`)
	items := w.items(t, b)
	if _, err := w.results(t, b, []collection.Result{succeeded(items[0]), succeeded(items[1])}); err != nil {
		t.Fatal(err)
	}
	w.arrive(t, "L1", b, money.MustParse("200.00"))
	w.work(t)
	w.balanced(t)
	if got := one[int64](t, w, `select sum(amount)::bigint from posting where role = 'suspense'`); got != 10_000 {
		t.Errorf("suspense holds %d fen, want the whole excess payment", got)
	}
	if n := one[int64](t, w, `select count(*) from refund_task`); n != 1 {
		t.Errorf("%d refund tasks, want 1", n)
	}
}

func TestF53_MoneyWithoutResultsGoesToSuspenseAndIsRecognised(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	b := w.withhold(t).Batches[0]
	items := w.items(t, b)
	w.arrive(t, "L1", b, money.MustParse("200.00"))
	ctx := context.Background()
	w.today = calendar.MustDay("2011-03-14") // two working days later: not yet
	if err := w.service.Tick(ctx, w.today); err != nil {
		t.Fatal(err)
	}
	if n := one[int64](t, w, `select count(*) from posting`); n != 0 {
		t.Fatalf("%d lines after two working days", n)
	}
	w.today = calendar.MustDay("2011-03-15")
	for range 2 {
		if err := w.service.Tick(ctx, w.today); err != nil {
			t.Fatal(err)
		}
	}
	if got := one[int64](t, w, `select sum(amount)::bigint from posting where role = 'suspense' and side = 'credit'`); got != 20_000 {
		t.Fatalf("suspense holds %d fen, want 20000", got)
	}
	if n := one[int64](t, w, `select count(*) from exception_case where kind = 'arrival_unexplained'`); n != 1 {
		t.Errorf("%d cases for money that nobody explains, want 1", n)
	}
	w.closed(t, "arrival_unexplained", 0)
	// The third payer's money comes later, together with the results of all three.
	w.arrive(t, "L2", b, money.MustParse("100.00"))
	var rs []collection.Result
	for _, i := range items {
		rs = append(rs, succeeded(i))
	}
	if _, err := w.results(t, b, rs); err != nil {
		t.Fatal(err)
	}
	w.work(t)
	w.balanced(t)
	left := one[int64](t, w, `select sum(case when side = 'credit' then amount else -amount end)::bigint from posting
		where role = 'suspense'`)
	if left != 0 {
		t.Errorf("suspense keeps %d fen after all is explained", left)
	}
	w.tick(t, "2011-03-15")
	// Both went through suspense, so that one agreement takes them from one place.
	w.closed(t, "arrival_unexplained", 2)
	if got := one[int64](t, w, `select sum(amount)::bigint from posting where role = 'income'`); got != 30_000 {
		t.Errorf("income account received %d fen, want 30000", got)
	}
}

func TestF51_ASilentBankIsAskedAndNothingIsSentAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	b := w.withhold(t).Batches[0]
	// The batch is of a Thursday, and the area's patience three working days.
	w.today = calendar.MustDay("2011-03-14")
	if err := w.service.Tick(context.Background(), w.today); err != nil {
		t.Fatal(err)
	}
	if n := one[int64](t, w, `select (select count(*) from bank_query) + (select count(*) from exception_case)`); n != 0 {
		t.Errorf("%d questions and cases after two working days", n)
	}
	w.today = calendar.MustDay("2011-03-16")
	for range 2 {
		if err := w.service.Tick(context.Background(), w.today); err != nil {
			t.Fatal(err)
		}
	}
	if n := one[int64](t, w, `select count(*) from bank_query`); n != 4 {
		t.Errorf("%d items asked about, want 4 once", n)
	}
	if s := one[string](t, w, `select state from withholding_batch`); s != "unknown" {
		t.Errorf("batch is %s, want unknown", s)
	}
	if n := one[int64](t, w, `select count(*) from exception_case where kind = 'bank_silent'`); n != 1 {
		t.Errorf("%d cases ask a person to look, want 1", n)
	}
	if n := one[int64](t, w, `select count(*) from withholding_batch`); n != 1 {
		t.Errorf("%d batches, want the one that was sent", n)
	}
	_, err := w.service.Withhold(context.Background(), w.request("POST /v1/withholding-runs", "", "x"),
		result(&collection.RunResult{}), w.officer, collection.Run{Scheme: "rural", Year: 2011, Banks: nil}) //nolint:exhaustruct // the rest is zero
	if !errors.Is(err, collection.ErrNothingDue) {
		t.Errorf("a run while items are unknown: %v", err)
	}
	// The late answer is evidence and settles them.
	var rs []collection.Result
	for _, i := range w.items(t, b) {
		rs = append(rs, succeeded(i))
	}
	taken, err := w.results(t, b, rs)
	if err != nil || taken.Batch.State != bank.BatchDone {
		t.Errorf("late answer: %v, batch %s", err, taken.Batch.State)
	}
}

func TestResultFilesInEveryOrderEndInTheSameBooks(t *testing.T) {
	t.Parallel()
	const n = 12
	files := func(w *world, b collection.Batch) []string {
		items := w.items(t, b)
		var parts [3]strings.Builder
		for k, i := range items {
			outcome, code := "succeeded", "-"
			if k%4 == 3 {
				outcome, code = "failed", "AM04"
			}
			fmt.Fprintf(&parts[k%3], "%d %s %s %s\n", i.ID, outcome, i.Amount, code)
		}
		return []string{parts[0].String() + "end\n", parts[1].String() + "end\n", parts[2].String() + "end\n"}
	}
	var first string
	for order := range 4 {
		w := newWorld(t, n)
		b := w.withhold(t).Batches[0]
		list := files(w, b)
		rand.New(rand.NewPCG(uint64(order), 1)).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		list = append(list, list[0])
		for k, body := range list {
			w.upload(t, fmt.Sprintf("file-%d", k), b, body)
			if k == order%3 {
				w.arrive(t, "L1", b, money.MustParse("900.00"))
			}
			w.work(t)
		}
		w.balanced(t)
		state := one[string](t, w, `select string_agg(role || ' ' || side || ' ' || n || ' ' || s, '; ' order by role, side)
			from (select role, side, count(*) filter (where nature = 'item') as n, sum(amount) as s from posting group by 1, 2) x`)
		if first == "" {
			first = state
		}
		if state != first {
			t.Errorf("order %d ends in %s, want %s", order, state, first)
		}
	}
	if !strings.Contains(first, "income debit 0 90000") {
		t.Errorf("books are %s", first)
	}
}

func TestACounterPaymentIsPostedWithItsTerminalsDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 40)
	ctx := context.Background()
	pay := func(member int64, amount money.Amount, reference string) (collection.CounterPayment, error) {
		p := collection.CounterPayment{ //nolint:exhaustruct // the gateway fills the rest
			Member: member, Year: 2011, Amount: amount, Channel: "terminal", Terminal: "T1", PaidOn: w.today,
			BankReference: reference,
		}
		var out collection.CounterPayment
		r := w.request("POST /v1/contributions", "key-"+reference, p)
		_, err := w.counter.Pay(ctx, r, result(&out), w.psbc, "961001010000000011", p)
		return out, err
	}
	var wg sync.WaitGroup
	for _, m := range w.members {
		for part := range 2 {
			wg.Go(func() {
				if _, err := pay(m, money.MustParse("50.00"), fmt.Sprintf("P%d-%d", m, part)); err != nil {
					t.Errorf("payment: %v", err)
				}
			})
		}
	}
	wg.Wait()
	if _, err := pay(w.members[0], 1, "too-much"); !errors.Is(err, collection.ErrOverDue) {
		t.Errorf("one fen above the chosen amount: %v", err)
	}
	if n := one[int64](t, w, `select count(*) from counter_receipt`); n != 80 {
		t.Fatalf("%d receipts, want 80", n)
	}
	if n := one[int64](t, w, `select count(*) from posting`); n != 0 {
		t.Fatalf("%d lines posted before the bank credited the day", n)
	}
	day := w.today
	// Nobody credits the day for long: it has a case, which ends with the credit.
	w.tick(t, "2011-03-16")
	w.tick(t, "2011-03-16")
	if got := one[string](t, w, `select coalesce(string_agg(split_part(subject, ':', 1), ' '), '') from exception_case
		where kind = 'uncleared'`); got != "terminal_day" {
		t.Errorf("cases about %q, want one about the terminal's day", got)
	}
	w.closed(t, "uncleared", 0)
	a := collection.Arrival{ //nolint:exhaustruct // a terminal's day
		Amount: money.MustParse("4000.00"), BankReference: "D1", ValueDate: w.today, Terminal: "T1", TerminalDate: day,
	}
	var out collection.Arrived
	_, err := w.service.Arrive(ctx, w.request("POST /v1/arrivals", "", a), result(&out), 0, w.psbc, "961001010000000011", a)
	if err != nil || !out.Agreed {
		t.Fatalf("day's credit: %v, agreed %v", err, out.Agreed)
	}
	w.tick(t, "2011-03-16")
	w.closed(t, "uncleared", 1)
	w.work(t)
	w.balanced(t)
	if n := one[int64](t, w, `select count(*) from posting where nature = 'item' and role = 'contribution_individual'`); n != 80 {
		t.Errorf("%d receipts posted, want 80", n)
	}
}

func TestABankThatSettlesGrossTakesTheFailuresBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	b := w.withhold(t).Batches[0]
	items := w.items(t, b)
	w.arrive(t, "GROSS", b, money.MustParse("400.00"))
	rs := []collection.Result{succeeded(items[0]), succeeded(items[1]), succeeded(items[2]), failed(items[3], "AM04")}
	if _, err := w.results(t, b, rs); err != nil {
		t.Fatal(err)
	}
	w.work(t)
	if n := one[int64](t, w, `select count(*) from posting`); n != 0 {
		t.Fatalf("%d lines posted although the bank holds one payer too many", n)
	}
	back := []collection.Arrival{{ //nolint:exhaustruct // from a statement
		FundAccount: w.income, Amount: money.MustParse("100.00"), GivenBack: true, BankReference: "BACK",
		ValueDate: w.today, Batch: b.ID,
	}}
	for range 2 {
		if err := w.service.ArriveFromStatement(context.Background(), chencang, "psbc", back); err != nil {
			t.Fatal(err)
		}
	}
	w.work(t)
	w.balanced(t)
	if got := one[int64](t, w, `select sum(amount)::bigint from posting where role = 'income'`); got != 30_000 {
		t.Errorf("income account received %d fen, want 30000", got)
	}
}

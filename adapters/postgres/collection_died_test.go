package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/money"
	"twoline/gateway/registry"
)

// notice reports a death, as an import does.
func (w *world) notice(t *testing.T, member int64, day calendar.Day) {
	t.Helper()
	err := w.db.Registry().InTx(t.Context(), func(tx registry.Tx) error {
		return tx.InsertDeathNotices(t.Context(), chencang, "test", []registry.DeathNotice{{ //nolint:exhaustruct // a notice
			Member: member, DiedOn: day, Source: "civil affairs", Document: "list",
		}})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// paysAtCounter pays 100.00 for the year at a terminal.
func (w *world) paysAtCounter(member int64, day calendar.Day) error {
	p := collection.CounterPayment{ //nolint:exhaustruct // the gateway fills the rest
		Member: member, Year: 2011, Amount: money.MustParse("100.00"), Channel: "terminal", Terminal: "T1", PaidOn: day,
		BankReference: fmt.Sprintf("P%d", member),
	}
	var out collection.CounterPayment
	_, err := w.counter.Pay(context.Background(), w.request("POST /v1/contributions", fmt.Sprintf("contribution-%d", member), p),
		result(&out), w.psbc, "961001010000000011", p)
	return err
}

// credited has the bank credit the terminal's day, which is posted.
func (w *world) credited(t *testing.T, amount, reference string, day calendar.Day) {
	t.Helper()
	a := collection.Arrival{ //nolint:exhaustruct // a terminal's day
		Amount: money.MustParse(amount), BankReference: reference, ValueDate: w.today, Terminal: "T1", TerminalDate: day,
	}
	var out collection.Arrived
	_, err := w.service.Arrive(t.Context(), w.request("POST /v1/arrivals", "", a), result(&out), 0, w.psbc,
		"961001010000000011", a)
	if err != nil || !out.Agreed {
		t.Fatalf("the day's credit: %v, agreed %v", err, out.Agreed)
	}
	w.work(t)
}

// Nobody pays at a counter for the dead: the terminal is told why before it takes money.
// Money that the bank took before anybody knew is booked: in suspense where it was not
// posted yet, and by a claim on the income where it was. Either goes back.
func TestAPaymentForTheDeadIsRefusedOrGivenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	day := w.today
	alive, late, posted, refused := w.members[0], w.members[1], w.members[2], w.members[3]
	for _, m := range []int64{alive, late, posted} {
		if err := w.paysAtCounter(m, day); err != nil {
			t.Fatal(err)
		}
	}
	w.notice(t, refused, day.AddDays(-1))
	if err := w.paysAtCounter(refused, day); !errors.Is(err, collection.ErrMemberDied) {
		t.Errorf("a payment of the day after the death: %v", err)
	}
	if err := w.paysAtCounter(refused, day.AddDays(-1)); err != nil {
		t.Errorf("a payment of the day of the death: %v", err)
	}
	w.notice(t, late, day.AddDays(-3))
	w.notice(t, alive, day)
	w.credited(t, "300.00", "D1", day)
	w.notice(t, posted, day.AddDays(-3))
	got := one[string](t, w, `select string_agg(t.member_id || ' ' || t.reason || ' ' || t.amount, ',') from refund_task t`)
	if want := fmt.Sprintf("%d member_died 10000", late); got != want {
		t.Errorf("refund tasks: %s, want %s", got, want)
	}
	got = one[string](t, w, `select string_agg(member_id || ' ' || reason || ' ' || amount, ',') from contribution_claim`)
	if want := fmt.Sprintf("%d member_died 10000", posted); got != want {
		t.Errorf("claims: %s, want %s", got, want)
	}
	got = one[string](t, w, `select string_agg(member_id::text, ',' order by member_id) from posting
		where role = 'contribution_individual'`)
	if want := fmt.Sprintf("%d,%d", alive, posted); got != want {
		t.Errorf("income of members %s, want %s", got, want)
	}
	w.balanced(t)
}

// A debit that a bank made after the death goes to suspense and back, whoever it tells first.
func TestADebitOfTheDeadIsGivenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	b := w.withhold(t).Batches[0]
	items := w.items(t, b)
	w.notice(t, items[0].Member, w.today.AddDays(-1))
	w.arrive(t, "ALL", b, money.MustParse("200.00"))
	if _, err := w.results(t, b, []collection.Result{succeeded(items[0]), succeeded(items[1])}); err != nil {
		t.Fatal(err)
	}
	w.work(t)
	got := one[string](t, w, `select string_agg(member_id || ' ' || reason, ',') from refund_task`)
	if want := fmt.Sprintf("%d member_died", items[0].Member); got != want {
		t.Errorf("refund tasks: %s, want %s", got, want)
	}
	w.balanced(t)
}

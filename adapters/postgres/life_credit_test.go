package postgres_test

import (
	"errors"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/lifeevent"
	"twoline/gateway/money"
)

// tells is the bank's notice of money of nobody on the income account.
func (w *lifeWorld) tells(t *testing.T, reference, amount string) error {
	t.Helper()
	a := collection.Arrival{ //nolint:exhaustruct // of nobody
		Amount: money.MustParse(amount), BankReference: reference, ValueDate: w.today,
	}
	var out collection.Arrived
	_, err := w.service.Arrive(t.Context(), w.ask("POST /v1/arrivals"), result(&out), 0, w.psbc, "961001010000000011", a)
	return err
}

// looks is the daily look some days later: what nobody explained goes to suspense.
func (w *lifeWorld) looks(t *testing.T) {
	t.Helper()
	w.today = w.today.AddDays(10)
	if err := w.service.Tick(t.Context(), w.today); err != nil {
		t.Fatal(err)
	}
}

// The bank may tell of money that officers take as a member's, before them or after them:
// it is booked once. What it told of another sum, or what lies in suspense, they cannot take.
func TestAMembersMoneyThatTheBankTellsOfIsBookedOnce(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 2)
	w.today = calendar.MustDay("2018-03-01")
	w.saves(t, 1001)
	in, err := w.comes(t, 1001, "接续函3")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = w.step(t, in.ID, lifeevent.LetterSent, 0); err != nil {
		t.Fatal(err)
	}
	if err := w.tells(t, "old", "1.00"); err != nil {
		t.Fatal(err)
	}
	w.looks(t)
	if _, err := w.receives(t, in.ID, 11, 1_00, "old"); !errors.Is(err, lifeevent.ErrCreditUsed) {
		t.Errorf("what lies in suspense: %v", err)
	}
	for reference, amount := range map[string]string{"before": "60.00", "other": "7.00"} {
		if err := w.tells(t, reference, amount); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.receives(t, in.ID, 11, 60_00, "other"); !errors.Is(err, lifeevent.ErrCreditUsed) {
		t.Errorf("another sum than the bank told: %v", err)
	}
	if _, err := w.receives(t, in.ID, 11, 60_00, "before"); err != nil {
		t.Fatalf("what the bank told before: %v", err)
	}
	if in, err = w.receives(t, in.ID, 11, 40_01, "after"); err != nil || in.Decision == 0 {
		t.Fatalf("the rest: %+v, %v", in, err)
	}
	err = w.db.Collection().InTx(t.Context(), func(tx collection.Tx) error {
		_, _, err := tx.AddArrival(t.Context(), chencang, collection.Arrival{ //nolint:exhaustruct // of a batch
			FundAccount: 11, Amount: 40_01, BankReference: "after", ValueDate: w.today, Batch: 77,
		}, w.today)
		return err
	})
	if !errors.Is(err, collection.ErrReference) {
		t.Errorf("the bank names a batch for it: %v", err)
	}
	if err := w.tells(t, "after", "40.01"); err != nil {
		t.Fatalf("told after: %v", err)
	}
	if err := w.agreed(t, in.Decision); err != nil {
		t.Fatal(err)
	}
	w.looks(t)
	if got := one[string](t, w.world, `select string_agg(e.kind || ' ' || p.amount, ', ' order by e.kind, p.amount)
		from posting p join entry e on e.area = p.area and e.id = p.entry_id where p.role = 'income'`); got !=
		"transfer_in 10001, unrecognised_receipt 100, unrecognised_receipt 700" {
		t.Errorf("the income account has %s", got)
	}
	if text := w.wholeBook(t); text != "" {
		t.Errorf("verify says %s", text)
	}
}

// So with what comes back of a recovery, which may lie in suspense by then.
func TestARecoveryThatTheBankTellsOfIsBookedOnce(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 1)
	w.paysMonth(t, "2011-05")
	w.paysMonth(t, "2011-06")
	w.died(t, 1001, "2011-04-05")
	if err := w.life.Watch(t.Context(), w.today); err != nil {
		t.Fatal(err)
	}
	r := w.recovery(t, 1001)
	asked := func(reference string) (lifeevent.Receipt, error) {
		var out lifeevent.Receipt
		_, err := w.life.AskReceipt(t.Context(), w.ask("POST receipts"), result(&out), w.maker, lifeevent.Receipt{ //nolint:exhaustruct // the service's
			Case: r.ID, ValueDate: w.today, Document: "note", Way: lifeevent.Otherwise, FundAccount: 11, Amount: 55_00,
			BankReference: reference,
		})
		return out, err
	}
	late, err := asked("late")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.tells(t, "late", "55.00"); err != nil {
		t.Fatal(err)
	}
	w.looks(t)
	// What nobody explained went to suspense meanwhile, and is taken out of it.
	if n := one[int64](t, w.world, `select count(*) from arrival_suspense`); n != 1 {
		t.Fatalf("%d arrivals in suspense", n)
	}
	if err := w.agreed(t, late.Decision); err != nil {
		t.Fatalf("what went to suspense: %v", err)
	}
	if _, err := asked("late"); err == nil {
		t.Error("a credit settles twice")
	}
	w.looks(t)
	if n := one[int64](t, w.world, `select count(*) from exception_case c where c.kind = 'arrival_unexplained' and not exists (
		select from exception_closed x where x.case_id = c.id)`); n != 0 {
		t.Errorf("%d cases of what is explained", n)
	}
	if text := w.wholeBook(t); text != "" {
		t.Errorf("verify says %s", text)
	}
	if err := w.tells(t, "told", "55.00"); err != nil {
		t.Fatal(err)
	}
	told, err := asked("told")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, told.Decision); err != nil {
		t.Fatal(err)
	}
	w.looks(t)
	if got := one[string](t, w.world, `select string_agg(e.kind || ' ' || p.amount, ', ' order by e.kind)
		from posting p join entry e on e.area = p.area and e.id = p.entry_id where p.role = 'income'`); got !=
		"recovery_receipt 5500, unrecognised_receipt 5500" {
		t.Errorf("the income account has %s", got)
	}
	if text := w.wholeBook(t); text != "" {
		t.Errorf("verify says %s", text)
	}
}

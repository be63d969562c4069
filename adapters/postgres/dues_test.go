package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/fault"
	"twoline/gateway/feedback"
	"twoline/gateway/money"
	"twoline/gateway/policy"
)

func (w *world) due(t *testing.T, member int64) collection.CounterDue {
	t.Helper()
	d, err := w.service.Due(context.Background(), 0, "psbc", member, 2011)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// What was recognised from suspense as too much has a refund task and no line in
// the book: it is dealt with all the same, and the member owes what is left.
func TestMoneyToBeGivenBackFromSuspenseIsNotInFlight(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	member := w.members[0]
	b := w.withhold(t).Batches[0]
	w.arrive(t, "L1", b, 100_00)
	w.tick(t, "2011-03-15")
	w.sql(t, `update tier_choice set amount = 5000`)
	if _, err := w.results(t, b, []collection.Result{succeeded(w.items(t, b)[0])}); err != nil {
		t.Fatal(err)
	}
	if d := w.due(t, member); d.InFlight != 100_00 {
		t.Errorf("debited and not dealt with yet: %s in flight", d.InFlight)
	}
	w.work(t)
	w.balanced(t)
	if n := one[int64](t, w, `select count(*) from refund_task`); n != 1 {
		t.Fatalf("%d refund tasks, want 1", n)
	}
	if d := w.due(t, member); d.InFlight != 0 || d.Open() != 50_00 {
		t.Errorf("%s in flight, %s open; want nothing and 50.00", d.InFlight, d.Open())
	}
	told := feedback.New(w.db.Feedback())
	list, err := told.Lines(context.Background(), w.officer, feedback.Subject{Scheme: "rural", Year: 2011}, 0) //nolint:exhaustruct // no month
	if err != nil || len(list.Villages) != 1 || list.Total.InFlight != 0 || list.Total.Unpaid["not_sent"] != 1 {
		t.Errorf("feedback %+v, %v; want one member that owes and nothing in flight", list, err)
	}
	if next := w.withhold(t).Batches; len(next) != 1 || next[0].Amount != 50_00 {
		t.Errorf("the next run asks for %+v, want 50.00", next)
	}
}

func TestAReceiptToBeGivenBackFromSuspenseIsDealtWith(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	member := w.members[0]
	p := collection.CounterPayment{ //nolint:exhaustruct // the gateway fills the rest
		Member: member, Year: 2011, Amount: 100_00, Channel: "terminal", Terminal: "T1", PaidOn: w.today, BankReference: "P1",
	}
	var out collection.CounterPayment
	_, err := w.counter.Pay(context.Background(), w.request("POST /v1/contributions", "", p), result(&out), w.psbc,
		"961001010000000011", p)
	if err != nil {
		t.Fatal(err)
	}
	credit := func(reference string, amount money.Amount) {
		t.Helper()
		a := collection.Arrival{ //nolint:exhaustruct // a terminal's day
			Amount: amount, BankReference: reference, ValueDate: w.today, Terminal: "T1",
			TerminalDate: calendar.MustDay("2011-03-10"),
		}
		var out collection.Arrived
		_, err := w.service.Arrive(context.Background(), w.request("POST /v1/arrivals", "", a), result(&out), 0, w.psbc,
			"961001010000000011", a)
		if err != nil {
			t.Fatal(err)
		}
	}
	credit("D1", 60_00)
	w.tick(t, "2011-03-15")
	w.sql(t, `update tier_choice set amount = 5000`)
	credit("D2", 40_00)
	if d := w.due(t, member); d.Receipts != 100_00 {
		t.Errorf("taken and not dealt with yet: receipts of %s", d.Receipts)
	}
	w.work(t)
	w.balanced(t)
	if n := one[int64](t, w, `select count(*) from refund_task`); n != 1 {
		t.Fatalf("%d refund tasks, want 1", n)
	}
	if d := w.due(t, member); d.Receipts != 0 || d.Open() != 50_00 {
		t.Errorf("receipts of %s, %s open; want none and 50.00", d.Receipts, d.Open())
	}
	if next := w.withhold(t).Batches; len(next) != 1 || next[0].Amount != 50_00 {
		t.Errorf("the next run asks for %+v, want 50.00", next)
	}
}

// narrowWriter is a bank's format that can carry no name.
type narrowWriter struct{ lineWriter }

func (narrowWriter) CheckWithholding(collection.Partner, collection.Due) error {
	return fault.New(fault.Unprocessable, "charset_rune", "the charset has no such character")
}

// Nobody is due because no name can be written: the officer finds who and why.
func TestNamesThatCannotBeWrittenKeepTheirCasesWhereNothingIsDue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	days, err := calendar.Official()
	if err != nil {
		t.Fatal(err)
	}
	narrow := collection.New(collection.Parts{
		Store: w.db.Collection(), Intake: bank.NewIntake(w.db.Receipts(), 1<<20), Writer: narrowWriter{},
		Reader: lineReader{}, Days: days, Today: func() calendar.Day { return w.today },
	})
	for range 2 {
		r := w.request("POST /v1/withholding-runs", "run-key-1", "narrow")
		_, err = narrow.Withhold(context.Background(), r, result(new(collection.RunResult)), w.officer,
			collection.Run{Scheme: "rural", Year: 2011}) //nolint:exhaustruct // all banks
		if !errors.Is(err, collection.ErrNothingDue) || !strings.Contains(err.Error(), "3 ") {
			t.Errorf("a run that can write nobody: %v", err)
		}
	}
	if n := one[int64](t, w, `select count(*) from exception_case where kind = 'name_not_encodable' and bank = 'psbc'`); n != 3 {
		t.Errorf("%d cases, want 3", n)
	}
	if n := one[int64](t, w, `select (select count(*) from withholding_run) + (select count(*) from idempotency)
		+ (select count(*) from batch_counter)`); n != 0 {
		t.Errorf("%d rows of a run that made nothing", n)
	}
	// The key was not used up: with a better charset the same request makes the run.
	run := collection.RunResult{} //nolint:exhaustruct // filled below
	_, err = w.service.Withhold(context.Background(), w.request("POST /v1/withholding-runs", "run-key-1", "narrow"),
		result(&run), w.officer, collection.Run{Scheme: "rural", Year: 2011}) //nolint:exhaustruct // all banks
	if err != nil || len(run.Batches) != 1 || run.Batches[0].Count != 3 {
		t.Errorf("the run with a better charset: %+v, %v", run.Batches, err)
	}
}

// Who collects is the area's own rule where it has one, else the nation's.
func TestARunIsRefusedWhereTheTaxAuthorityCollects(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	run := func() error {
		_, err := w.service.Withhold(context.Background(), w.request("POST /v1/withholding-runs", "", 1),
			result(new(collection.RunResult)), w.officer, collection.Run{Scheme: "rural", Year: 2011}) //nolint:exhaustruct // all banks
		return err
	}
	w.sql(t, `insert into area_rule values (610304, 'collection_mode', '2011-01-01', '"tax"', 'test')`)
	if err := run(); !errors.Is(err, collection.ErrTaxMode) {
		t.Errorf("in tax mode: %v", err)
	}
	w.sql(t, `delete from area_rule where rule = 'collection_mode'`)
	if err := run(); !errors.Is(err, policy.ErrNoRule) {
		t.Errorf("where nobody decided: %v", err)
	}
	w.sql(t, `insert into area_rule values (610304, 'collection_mode', '2011-01-01', '"agency"', 'test')`)
	if err := run(); err != nil {
		t.Errorf("in agency mode: %v", err)
	}
}

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/disbursement"
	"twoline/gateway/fundtransfer"
	"twoline/gateway/ledger"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

func reissueOrder() disbursement.Order {
	return disbursement.Order{Scheme: ledger.Rural, Month: march(), Kind: disbursement.Reissue, Items: nil}
}

// heldFor proves that the only claim of a roster is held back, and why.
func (w *answerWorld) heldFor(t *testing.T, o disbursement.Order, member int64, want disbursement.Hold) {
	t.Helper()
	r, held := w.roster(t, o)
	if held[member] != want || r.Entitled != r.Held {
		t.Errorf("the claim is held for %q, %d of %d are held; want %q", held[member], r.Held, r.Entitled, want)
	}
}

// A run that was drafted before its claim was given up pays nothing.
func TestAReturnThatWasGivenUpIsNotPaidByAnEarlierDraft(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 1, disbursement.SettlesNet)
	i := w.paying[0]
	w.answer(t, w.batch, paidLine(i))
	w.giveBack(t, back(i, "2011-03-25"))
	w.corrected(t, i.Member)
	d := w.draft(t, reissueOrder())
	if err := w.tryGiveUp(one[int64](t, w.world, `select id from payment_return`), "no right"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.trySubmit(w.maker, d.Run.ID); !errors.Is(err, disbursement.ErrRosterStale) {
		t.Errorf("submit: %v", err)
	}
}

// What a bank says after a recall may mean that it paid: nobody is paid again
// before people have found out.
func TestAnAnswerAfterTheRecallHoldsTheClaim(t *testing.T) {
	t.Parallel()
	t.Run("regular", func(t *testing.T) {
		t.Parallel()
		w := newAnswerWorld(t, 1, disbursement.SettlesNet)
		w.recalledAndPaid(t, w.batch, w.paying[0])
		o := disbursement.Order{Scheme: ledger.Rural, Month: march(), Kind: disbursement.Supplementary, Items: nil}
		w.heldFor(t, o, w.paying[0].Member, disbursement.HeldDoubleCredit)
		if r := verify(t, w.db); slices.Contains(r.Breached(), "screens") {
			t.Errorf("breached %v", r.Breached())
		}
	})
	t.Run("reissue", func(t *testing.T) {
		t.Parallel()
		w := newAnswerWorld(t, 1, disbursement.SettlesNet)
		w.answer(t, w.batch, failedLine(w.paying[0], "AC04"))
		w.corrected(t, w.paying[0].Member)
		b, again := w.reissue(t)
		w.recalledAndPaid(t, b, again[0])
		w.sql(t, `insert into exception_closed (area, case_id, text, closed_by, closed_at)
			select area, id, 'it paid nothing', 'test', now() from exception_case where kind = 'recalled_batch_answered'`)
		if _, err := w.tryAnswer(w.psbc, b.ID, []bank.Answer{paidLine(again[0])}); !errors.Is(err, bank.ErrBatchState) {
			t.Fatalf("a second answer after the recall: %v", err)
		}
		for _, f := range verify(t, w.db).Findings {
			if f.ID == "I22" && !f.Holds() {
				t.Errorf("breached: %v", f.Breaches)
			}
		}
		w.heldFor(t, reissueOrder(), w.paying[0].Member, disbursement.HeldDoubleCredit)
	})
}

func (w *answerWorld) recalledAndPaid(t *testing.T, b disbursement.Batch, i disbursement.Item) {
	t.Helper()
	if _, err := w.tryRecall(w.releaser, b.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.tryAnswer(w.psbc, b.ID, []bank.Answer{paidLine(i)}); !errors.Is(err, bank.ErrBatchState) {
		t.Fatalf("an answer after the recall: %v", err)
	}
}

// People settle what the bank said until then, and nothing that it says later.
func TestADoubtThatWasSettledIsRaisedAgain(t *testing.T) {
	t.Parallel()
	w := newDesk(newAnswerWorld(t, 2, disbursement.SettlesNet))
	i := w.paying
	w.answer(t, w.batch, failedLine(i[0], "AM05"))
	w.decide(t, casework.Ask{ //nolint:exhaustruct // of a case
		Kind: casework.Case, Word: casework.Settled, Document: "call note", Reason: "never had it",
		Subject: one[int64](t, w.world, `select id from exception_case where kind = 'possible_double_credit'`),
	})
	w.answer(t, w.batch, paidLine(i[0]))
	for round := range 2 {
		if open := w.openCases(t, "possible_double_credit"); open == "" {
			t.Fatalf("round %d: the bank contradicts what was settled, and no case is open", round)
		}
		w.heldFor(t, reissueOrder(), i[0].Member, disbursement.HeldDoubleCredit)
		w.decide(t, casework.Ask{ //nolint:exhaustruct // of a case
			Kind: casework.Case, Word: casework.Settled, Document: "call note", Reason: "never had it",
			Subject: one[int64](t, w.world, `select max(id) from exception_case where kind = 'possible_double_credit'`),
		})
		w.answer(t, w.batch, paidLine(i[0]))
	}
	w.heldFor(t, reissueOrder(), i[0].Member, disbursement.HeldDoubleCredit)
	if r := verify(t, w.db); slices.Contains(r.Breached(), "I22") {
		t.Errorf("breached %v", r.Breached())
	}
}

// A doubt about the first attempt holds the third.
func TestADoubtFollowsTheClaim(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 1, disbursement.SettlesNet)
	a := w.paying[0]
	w.answer(t, w.batch, failedLine(a, "AC04"))
	w.corrected(t, a.Member)
	b, again := w.reissue(t)
	w.answer(t, w.batch, paidLine(a))
	w.answer(t, b, failedLine(again[0], "AC04"))
	w.corrected(t, a.Member)
	w.heldFor(t, reissueOrder(), a.Member, disbursement.HeldDoubleCredit)
}

// A death that is reported while a release waits for its account is seen by it.
func TestADeathWhileAReleaseWaitsIsSeen(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 2, 1_000_000)
	run := w.approved(t, regular(march()))
	member := one[int64](t, w.world, `select min(member_id) from payment_item`)
	c, err := pgx.Connect(t.Context(), w.d.AppURL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background()) //nolint:errcheck // a connection of the test
	tx, err := c.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// What the booking of another batch's answers holds.
	_, err = tx.Exec(t.Context(), `select pg_advisory_xact_lock(hashtextextended('fund_account ' || 610304 || ' ' || 13, 0))`)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan disbursement.ReleaseResult, 1)
	go func() {
		out, err := w.tryRelease(w.releaser, verdict(run))
		if err != nil {
			t.Error(err)
		}
		done <- out
	}()
	for one[int](t, w.world, `select count(*)::int from pg_stat_activity
		where datname = current_database() and wait_event = 'advisory'`) == 0 {
		w.sql(t, `select pg_sleep(0.01)`)
	}
	w.died(t, member, "2011-01-05")
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if out := <-done; out.Run.State != disbursement.Withdrawn || len(out.Hits) != 1 {
		t.Errorf("the run is %s, hits %v", out.Run.State, out.Hits)
	}
}

// What was released belongs to the payees: nothing else takes it off the account.
func TestReleasedMoneyIsNotMovedAway(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 2, 110_00)
	w.sql(t, `insert into duty_grant (login, duty, granted_at) values ('pay.releaser', 'maker', '2009-09-01')`)
	moves := fundtransfer.NewService(w.db.FundTransfers(), func() calendar.Day { return w.today })
	by := func(o approval.Officer, duty approval.Duty) approval.Officer {
		o.Duties = append(slices.Clone(o.Duties), duty)
		return o
	}
	move := func() error {
		var made fundtransfer.Transfer
		_, err := moves.Submit(t.Context(), w.ask("POST /v1/fund-transfers"), result(&made), by(w.releaser, approval.Maker),
			fundtransfer.Instruction{ //nolint:exhaustruct // between two accounts
				Kind: ledger.InterestHandover, From: 13, To: 12, Amount: 1_00, EffectiveOn: w.today, Document: "test",
			})
		if err != nil {
			t.Fatal(err)
		}
		_, err = moves.Approve(t.Context(), w.ask("POST approve"), result(&made), w.second,
			fundtransfer.Verdict{ID: made.ID, Digest: made.Digest, Reason: ""})
		return err
	}
	w.released(t, regular(march()))
	if err := move(); !errors.Is(err, fundtransfer.ErrInsufficient) {
		t.Errorf("a hand-over of released money: %v", err)
	}
	w.fund(t, 13, 1_00)
	if err := move(); err != nil {
		t.Errorf("a hand-over of what is free: %v", err)
	}
}

// An entitlement that was ended for a month gone by is not paid again.
func TestAReissueKeepsToTheEntitlementOfItsMonth(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 1, disbursement.SettlesNet)
	a := w.paying[0]
	w.answer(t, w.batch, failedLine(a, "AC04"))
	w.corrected(t, a.Member)
	w.sql(t, `insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
		select area, id, 'base_pension', '2011-01-01', 0, 'ended', 'test', now() from member`)
	w.heldFor(t, reissueOrder(), a.Member, disbursement.HeldAboveEntitlement)
}

// A recall that the bank did not heed is undone by two people: what it answers then
// is booked, and nobody is paid again.
func TestARecallThatCameTooLate(t *testing.T) {
	t.Parallel()
	w := newDesk(newAnswerWorld(t, 2, disbursement.SettlesNet))
	i := w.paying
	w.recalledAndPaid(t, w.batch, i[0])
	executed := casework.Ask{ //nolint:exhaustruct // of a case
		Kind: casework.Case, Word: casework.Executed, Document: "letter of 28 March", Reason: "",
		Subject: one[int64](t, w.world, `select id from exception_case where kind = 'recalled_batch_answered'`),
	}
	w.sql(t, `insert into exception_case (area, kind, subject, text, opened_on, opened_at)
		values (610304, 'payrun_due', 'x', 'test', (now() at time zone 'Asia/Shanghai')::date, now())`)
	other := executed
	other.Subject = one[int64](t, w.world, `select id from exception_case where kind = 'payrun_due'`)
	if _, err := w.try(w.maker, other); !errors.Is(err, casework.ErrNoRecall) {
		t.Errorf("a case about something else: %v", err)
	}
	alone := `update pay_run set state = 'released', version = version + 1;
		update payment_batch set state = 'unknown', version = version + 1`
	if err := w.asApp(t, alone); err == nil || !strings.Contains(err.Error(), "nobody decided") {
		t.Errorf("revived by nobody: %v", err)
	}
	w.decide(t, executed)
	state := func() string {
		return one[string](t, w.world, `select r.state || ' ' || b.state from payment_batch b join pay_run r on r.id = b.run_id`)
	}
	if got := state(); got != "released unknown" {
		t.Errorf("run and batch are %s", got)
	}
	w.answer(t, w.batch, paidLine(i[0]))
	w.decide(t, evidence(i[1].ID, casework.NotExecuted))
	if got := state(); got != "closed done" {
		t.Errorf("run and batch are %s", got)
	}
	if got, want := w.books(t), "benefit_base_pension 5500 expenditure -5500"; got != want {
		t.Errorf("books are %q, want %q", got, want)
	}
	if _, held := w.roster(t, reissueOrder()); len(held) != 1 || held[i[1].Member] != "" {
		t.Errorf("paid again are %v", held)
	}
	// The world of this test is funded by an entry of no flow, and its batch has no file.
	broken := []string{"I5", "I18"}
	if r := verify(t, w.db); !slices.Equal(r.Breached(), broken) {
		t.Errorf("breached %v", r.Breached())
	}
	// The decision is what the two events rest on.
	w.sql(t, `set session_replication_role = replica; update decision_request set word = 'settled' where word = 'executed'`)
	if r := verify(t, w.db); !slices.Equal(r.Breached(), []string{"I5", "I15", "I18", "I28"}) {
		t.Errorf("a batch that nobody revived breaches %v", r.Breached())
	}
}

// Once its people were paid again, a recall stays one.
func TestARecalledBatchIsNotRevivedBesideItsSuccessor(t *testing.T) {
	t.Parallel()
	w := newDesk(newAnswerWorld(t, 1, disbursement.SettlesNet))
	w.fund(t, 13, 100_00)
	if _, err := w.tryRecall(w.releaser, w.batch.ID); err != nil {
		t.Fatal(err)
	}
	late := verdict(w.approved(t, disbursement.Order{
		Scheme: ledger.Rural, Month: march(), Kind: disbursement.Supplementary, Items: nil,
	}))
	late.Reason = "the first one was recalled"
	if out, err := w.tryRelease(w.releaser, late); err != nil || out.Run.State != disbursement.Released {
		t.Fatalf("the run is %s, %v", out.Run.State, err)
	}
	if _, err := w.tryAnswer(w.psbc, w.batch.ID, []bank.Answer{paidLine(w.paying[0])}); !errors.Is(err, bank.ErrBatchState) {
		t.Fatalf("an answer after the recall: %v", err)
	}
	r, err := w.try(w.maker, casework.Ask{ //nolint:exhaustruct // of a case
		Kind: casework.Case, Word: casework.Executed, Document: "letter",
		Subject: one[int64](t, w.world, `select id from exception_case where kind = 'recalled_batch_answered'`),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.tryDecide(w.checker, r, approval.Approved); !errors.Is(err, casework.ErrPaidAgain) {
		t.Errorf("revived: %v", err)
	}
}

// Deaths, holds and other accounts that come in while a release screens wait for it.
func TestWhatScreensReadWaitsForARelease(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 1, 0)
	store, area := w.db.Registry(), party.Area(610304)
	member := one[int64](t, w.world, `select id from member`)
	old := one[int64](t, w.world, `select id from instrument where for_payout`)
	_, _, number := party.Stored("", "", "6217000000000000002")
	for name, change := range map[string]func(registry.Tx) error{
		"death": func(tx registry.Tx) error {
			return tx.InsertDeathNotices(t.Context(), area, "test", []registry.DeathNotice{{ //nolint:exhaustruct // new
				Member: member, DiedOn: calendar.MustDay("2011-01-05"), Source: "civil affairs", Document: "list",
			}})
		},
		"hold": func(tx registry.Tx) error {
			return tx.InsertHolds(t.Context(), area, "test", []registry.Hold{{ //nolint:exhaustruct // new
				Member: member, Reason: "manual", From: march(),
			}})
		},
		"account": func(tx registry.Tx) error {
			return tx.ReplaceInstruments(t.Context(), area, []int64{old}, registry.HeldInstrument{ //nolint:exhaustruct // new
				Instrument: registry.Instrument{
					ID: 99, Member: member, Bank: "psbc", Kind: registry.Card, AccountNo: number, Activated: true,
					ForPayout: true, OpenedOn: w.today,
				},
			})
		},
	} {
		c, err := pgx.Connect(t.Context(), w.d.AppURL)
		if err != nil {
			t.Fatal(err)
		}
		tx, err := c.Begin(t.Context())
		if err == nil {
			_, err = tx.Exec(t.Context(), `select pg_advisory_xact_lock(hashtextextended('pay_runs 610304 rural', 0))`)
		}
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- store.InTx(t.Context(), change) }()
		waits := func() bool {
			return one[int](t, w.world, `select count(*)::int from pg_stat_activity
				where datname = current_database() and wait_event = 'advisory'`) > 0
		}
		for !waits() {
			select {
			case err := <-done:
				t.Fatalf("a %s did not wait for the release: %v", name, err)
			default:
				w.sql(t, `select pg_sleep(0.01)`)
			}
		}
		if err := errors.Join(tx.Commit(t.Context()), <-done, c.Close(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
}

// A death that comes in after the release asks for every payment that may still be
// stopped.
func TestADeathAfterTheReleaseAsksForThePayment(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 3, disbursement.SettlesNet)
	i := w.paying
	w.answer(t, w.batch, paidLine(i[0]))
	died := func(member int64, day string) registry.DeathNotice {
		return registry.DeathNotice{ //nolint:exhaustruct // new
			Member: member, DiedOn: calendar.MustDay(day), Source: "civil affairs", Document: "list",
		}
	}
	err := w.db.Registry().InTx(t.Context(), func(tx registry.Tx) error {
		// The first was paid, the second died within the month, the third before it.
		return tx.InsertDeathNotices(t.Context(), 610304, "test", []registry.DeathNotice{
			died(i[0].Member, "2011-01-05"), died(i[1].Member, "2011-03-02"), died(i[2].Member, "2011-02-27"),
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := w.openCases(t, "death_after_release"), fmt.Sprintf("payment_item:%d", i[2].ID); got != want {
		t.Errorf("asked for %q, want %q", got, want)
	}
}

// Until its file was looked for, a recalled batch that went out by folder may be with
// the bank.
func TestARecallHoldsUntilTheFileWasLookedFor(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 1, disbursement.SettlesNet)
	parcels := func(list []bank.Parcel, err error) []bank.Parcel {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	step := func(p bank.Parcel, s bank.ParcelStep) {
		t.Helper()
		err := w.db.Delivery().InTx(t.Context(), func(tx bank.DeliveryTx) error { return tx.KeepStep(t.Context(), p, s) })
		if err != nil {
			t.Fatal(err)
		}
	}
	step(parcels(w.db.Delivery().Waiting(t.Context(), w.batch.Bank))[0], bank.ParcelPlacing)
	if _, err := w.tryRecall(w.releaser, w.batch.ID); err != nil {
		t.Fatal(err)
	}
	o := disbursement.Order{Scheme: ledger.Rural, Month: march(), Kind: disbursement.Supplementary, Items: nil}
	w.heldFor(t, o, w.paying[0].Member, disbursement.HeldDoubleCredit)
	unwanted := parcels(w.db.Delivery().Unwanted(t.Context(), w.batch.Bank))
	if len(unwanted) != 1 || !unwanted[0].Placing || !unwanted[0].Recalled {
		t.Fatalf("unwanted are %+v", unwanted)
	}
	step(unwanted[0], bank.ParcelTakenBack)
	if _, held := w.roster(t, o); held[w.paying[0].Member] != "" {
		t.Errorf("held for %q after its file was taken back", held[w.paying[0].Member])
	}
	if again := parcels(w.db.Delivery().Unwanted(t.Context(), w.batch.Bank)); len(again) != 0 {
		t.Errorf("looked for again: %+v", again)
	}
}

// A batch of which an item was settled as not executed goes out no more.
func TestAWithheldBatchIsNotDelivered(t *testing.T) {
	t.Parallel()
	w := newDesk(newAnswerWorld(t, 2, disbursement.SettlesNet))
	waiting := func() int {
		t.Helper()
		list, err := w.db.Delivery().Waiting(t.Context(), w.batch.Bank)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	if waiting() != 1 {
		t.Fatal("the batch does not wait")
	}
	w.sql(t, `insert into bank_query (area, item_id, batch_id, asked_on, asked_at)
		select area, id, batch_id, (now() at time zone 'Asia/Shanghai')::date, now() from payment_item`)
	r, err := w.try(w.maker, evidence(w.paying[0].ID, casework.NotExecuted))
	if err == nil {
		_, err = w.tryDecide(w.checker, r, approval.Approved)
	}
	if err != nil {
		t.Fatal(err)
	}
	// The job that takes the evidence in has not run yet.
	if waiting() != 0 {
		t.Error("the batch is delivered still")
	}
	list, err := w.db.Delivery().Unwanted(t.Context(), w.batch.Bank)
	if err != nil || len(list) != 1 || list[0].Recalled {
		t.Errorf("unwanted are %+v, %v", list, err)
	}
	err = w.db.Delivery().InTx(t.Context(), func(tx bank.DeliveryTx) error {
		withheld, err := tx.Withheld(t.Context(), list[0])
		if err == nil && !withheld {
			t.Error("the batch is not withheld")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

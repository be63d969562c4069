package postgres_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/disbursement"
	"twoline/gateway/fundtransfer"
	"twoline/gateway/ledger"
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
	_, err := w.pay.Unclaim(t.Context(), w.ask("POST unclaimed"), result(&disbursement.Returning{}), w.maker,
		disbursement.Unclaimed{Return: one[int64](t, w.world, `select id from payment_return`), Document: "no right"})
	if err != nil {
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

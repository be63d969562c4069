package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/gateway/lifeevent"
	"twoline/gateway/money"
	"twoline/gateway/registry"
)

// lives has two people take back the notice of a member's death.
func (w *lifeWorld) lives(t *testing.T, notice int64) error {
	t.Helper()
	cases := casework.New(w.db.Casework(), func() calendar.Day { return w.today })
	var r casework.Request
	_, err := cases.Ask(t.Context(), w.ask("POST withdraw"), result(&r), w.maker, casework.Ask{ //nolint:exhaustruct // a notice
		Kind: casework.Notice, Word: casework.TakenBack, Subject: notice, Document: "the member came to the counter",
	})
	if err != nil {
		return err
	}
	return w.agreed(t, r.ID)
}

// granted has an heir of member 1001, who is reported dead, granted the grant, the balance and the
// months that are owed.
func granted(t *testing.T) (*lifeWorld, lifeevent.Claim) {
	t.Helper()
	w := risen(t)
	all := lifeevent.Claim{Funeral: true, Balance: true, Dues: true} //nolint:exhaustruct // what is claimed
	c, err := w.heirs(t, 1001, "1", all)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, c.Decision); err != nil {
		t.Fatal(err)
	}
	return w, c
}

// A notice that was wrong takes with it what was granted to heirs: nothing of it is paid, the member
// is owed again what the claim took up, and a death that is reported later is granted anew.
func TestAGrantEndsWithItsDeath(t *testing.T) {
	t.Parallel()
	w, c := granted(t)
	if err := w.lives(t, 1001); err != nil {
		t.Fatal(err)
	}
	if got := w.duesOf(t, 1001); got != "difference 34.00 ended, funeral 600.00 ended, estate 76.00 ended, "+
		"arrears 34.00 ended, difference 34.00 open" {
		t.Errorf("dues of the living: %s", got)
	}
	w.today = calendar.MustDay("2011-06-03")
	sent := w.paysDues(t, "2011-06")
	if len(sent) != 2 || sent["王1 difference"] != 34_00 || sent["王3 difference"] != 34_00 {
		t.Errorf("sent %v, want their own months to the two who live", sent)
	}
	if held := w.held(t, 1001); held != 76_00 {
		t.Errorf("the account holds %s, want 80.00 less 4.00 drawn", held)
	}
	if text := w.found(t); text != "" {
		t.Errorf("verify: %s", text)
	}
	w.reported(t, 1001, "2011-06-01")
	again, err := w.heirs(t, 1001, "1", lifeevent.Claim{Funeral: true, Balance: true}) //nolint:exhaustruct // what is claimed
	if err != nil || again.Grant.Funeral != 600_00 || again.Grant.Balance != 76_00 {
		t.Fatalf("granted anew: %+v, %v", again.Grant, err)
	}
	rival, err := w.heirs(t, 1001, "2", lifeevent.Claim{Funeral: true, Balance: true}) //nolint:exhaustruct // the same
	if err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, again.Decision); err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, rival.Decision); !errors.Is(err, lifeevent.ErrGranted) {
		t.Errorf("a second heir: %v", err)
	}
	w.namesEdits(t, []handEdit{
		{
			`create temporary table gone as table estate_granted_ended; delete from estate_granted_ended`,
			`insert into estate_granted_ended select * from gone`, "was granted beside claim",
		},
		{
			fmt.Sprintf(`create temporary table ends as table benefit_due_ended; delete from benefit_due_ended
				where due_id = (select id from benefit_due where cause = 'funeral:%[1]d')`, c.ID),
			`insert into benefit_due_ended table ends on conflict do nothing`, "ended, and is owed to an heir still",
		},
		{
			`create temporary table taken as table death_withdrawn; delete from death_withdrawn`,
			`insert into death_withdrawn (area, notice_id, document, entered_by, entered_at, decision_id)
				select area, notice_id, document, entered_by, entered_at, decision_id from taken`, "which was not taken back",
		},
	})
}

// reported is another report of a death.
func (w *lifeWorld) reported(t *testing.T, member int64, day string) {
	t.Helper()
	err := w.db.Registry().InTx(t.Context(), func(tx registry.Tx) error {
		return tx.InsertDeathNotices(t.Context(), chencang, "test", []registry.DeathNotice{{ //nolint:exhaustruct // a notice
			Member: member, DiedOn: calendar.MustDay(day), Source: "police", Document: "list",
		}})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// While another report of the death stands, the grant does too.
func TestAGrantStandsWithAnotherNotice(t *testing.T) {
	t.Parallel()
	w, _ := granted(t)
	w.reported(t, 1001, "2011-04-19")
	if err := w.lives(t, 1001); err != nil {
		t.Fatal(err)
	}
	if got := w.duesOf(t, 1001); got != "difference 34.00 ended, funeral 600.00 open, estate 76.00 open, arrears 34.00 open" {
		t.Errorf("dues: %s", got)
	}
}

// A notice stands while a pay run has what was granted by it: the refusal names the run, and once
// that is withdrawn, it goes.
func TestANoticeStandsWhileARunHasItsGrant(t *testing.T) {
	t.Parallel()
	w, _ := granted(t)
	w.today = calendar.MustDay("2011-05-04")
	run := w.frozen(t, dues("2011-05")).Run
	err := w.lives(t, 1001)
	if !errors.Is(err, registry.ErrGrantUnderWay) || !strings.Contains(err.Error(), fmt.Sprintf("pay run %d, which is frozen", run.ID)) {
		t.Fatalf("a notice whose grant is frozen: %v", err)
	}
	w.sql(t, fmt.Sprintf(`update pay_run set state = 'withdrawn' where id = %d`, run.ID))
	if err := w.lives(t, 1001); err != nil {
		t.Errorf("after the run was withdrawn: %v", err)
	}
	// A run between its roster and its release is met by the release.
	if _, held := w.roster(t, dues("2011-05")); held[1001] != "" && held[1001] != disbursement.HeldAboveEntitlement {
		t.Errorf("roster: %v", held)
	}
}

// What was drafted before the notice went is not released after it.
func TestAGrantOfADraftIsNotReleasedAfterItsDeathWasTakenBack(t *testing.T) {
	t.Parallel()
	w, _ := granted(t)
	w.today = calendar.MustDay("2011-05-04")
	run := w.draft(t, dues("2011-05")).Run
	// By hand, so that the dues themselves stand: the screen alone holds them.
	w.sql(t, fmt.Sprintf(`insert into death_withdrawn values (610304, 1001, 'a mistake', 'test', now(), %d)`,
		w.decided(t, "notice", "taken_back", 1001)))
	if text := w.found(t); !strings.Contains(text, "was granted, and no death of member 1001 stands reported") {
		t.Errorf("verify: %s", text)
	}
	out, err := w.trySubmit(w.maker, run.ID)
	if err != nil {
		t.Fatal(err)
	}
	approved, err := w.tryApprove(w.checker, verdict(out.Run))
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.tryRelease(w.releaser, verdict(approved))
	if err != nil || got.Run.State != disbursement.Withdrawn || len(got.Hits) != 3 {
		t.Fatalf("release: %s, %v, %v", got.Run.State, got.Hits, err)
	}
	for _, h := range got.Hits {
		if h.Reason != disbursement.HeldAboveEntitlement {
			t.Errorf("held as %s", h.Reason)
		}
	}
	if _, held := w.roster(t, dues("2011-06")); held[1001] != disbursement.HeldAboveEntitlement {
		t.Errorf("roster: %v", held)
	}
}

// What an heir was paid before the notice was found to be wrong has a case. When the bank gives it
// back and two people give that up, the account holds what it did.
func TestWhatAnHeirOfTheLivingWasPaidComesBack(t *testing.T) {
	t.Parallel()
	w, c := granted(t)
	w.today = calendar.MustDay("2011-05-04")
	w.paysDues(t, "2011-05")
	if err := w.lives(t, 1001); err != nil {
		t.Fatal(err)
	}
	got := one[string](t, w.world, `select string_agg(split_part(text, ':', 1), '; ' order by id) from exception_case
		where kind = 'grant_to_the_living'`)
	if strings.Count(got, "an heir was paid") != 3 || !strings.Contains(got, "an heir was paid 600.00, and member 1001 lives") {
		t.Errorf("cases: %s", got)
	}
	if text := w.found(t); text != "" {
		t.Errorf("verify: %s", text)
	}
	w.namesEdits(t, []handEdit{{
		`update exception_case set kind = 'other' where kind = 'grant_to_the_living'`,
		`update exception_case set kind = 'grant_to_the_living' where kind = 'other'`, "and no case says so",
	}})
	w.today = w.today.AddDays(30)
	for n, cause := range []string{"funeral", "estate", "arrears"} {
		id := one[int64](t, w.world, `select id from payment_item where cause = $1`, fmt.Sprintf("%s:%d", cause, c.ID))
		amount := one[int64](t, w.world, `select amount from payment_item where id = $1`, id)
		w.giveBack(t, disbursement.Return{ //nolint:exhaustruct // a return
			Item: id, Amount: money.Amount(amount), BankReference: fmt.Sprintf("B%d", n), ValueDate: w.today, Code: "AM04",
		})
		_, held := w.roster(t, disbursement.Order{ //nolint:exhaustruct // all
			Scheme: ledger.Rural, Month: w.today.Month(), Kind: disbursement.Reissue,
		})
		if held[1001] != disbursement.HeldAboveEntitlement {
			t.Errorf("%s is paid again: %v", cause, held)
		}
		if err := w.tryGiveUp(one[int64](t, w.world, `select id from payment_return where item_id = $1`, id), "lives"); err != nil {
			t.Fatal(err)
		}
	}
	if held := w.held(t, 1001); held != 80_00 {
		t.Errorf("the account holds %s, want 80.00 as before", held)
	}
	if text := w.wholeBook(t); text != "" {
		t.Errorf("verify: %s", text)
	}
}

package postgres_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
)

func TestPayRun_ToItsBanks(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 7, 100_000)
	drafted := w.draft(t, regular(march()))
	run := drafted.Run
	if run.State != disbursement.Draft || run.PayDay.String() != "2011-03-25" || run.HandoverDue.String() != "2011-03-22" {
		t.Errorf("draft is %+v", run)
	}
	if r := drafted.Roster; r.Entitled != 7 || r.EntitledAmount != 38_500 || r.Held != 0 {
		t.Errorf("roster is %+v", r)
	}
	sent, err := w.trySubmit(w.maker, run.ID)
	if err != nil {
		t.Fatal(err)
	}
	run, batch := sent.Run, sent.Batches[0]
	if len(sent.Batches) != 1 || run.Count != 7 || run.Amount != 38_500 || run.State != disbursement.Frozen ||
		run.Digest != disbursement.RunDigest(run, sent.Batches) || batch.Number != "00000001" {
		t.Errorf("frozen run is %+v with %d batches", run, len(sent.Batches))
	}
	atBank := disbursement.BatchFilter{Bank: "psbc", ID: batch.ID} //nolint:exhaustruct // one batch
	if _, err := w.pay.Batch(t.Context(), atBank); !errors.Is(err, disbursement.ErrBatchUnknown) {
		t.Errorf("the bank sees a batch before its release: %v", err)
	}
	if _, err := w.acknowledge(batch); !errors.Is(err, disbursement.ErrBatchUnknown) {
		t.Errorf("the bank acknowledges a batch before its release: %v", err)
	}
	run = w.approve(t, run)
	out, err := w.tryRelease(w.releaser, verdict(run))
	if err != nil {
		t.Fatal(err)
	}
	if out.Run.State != disbursement.Released || out.Run.ReleasedOn != w.today || out.Run.LateReason != "" ||
		out.Batches[0].State != bank.BatchSending {
		t.Errorf("released run is %+v, its batch %s", out.Run, out.Batches[0].State)
	}
	found, err := w.pay.Batch(t.Context(), atBank)
	if err != nil {
		t.Fatal(err)
	}
	if out.Batches[0] != found {
		t.Errorf("batch is released as %+v and found as %+v", out.Batches[0], found)
	}
	w.sameFile(t, found)
	view, err := w.pay.Run(t.Context(), w.auditor, run.ID)
	if err != nil {
		t.Fatal(err)
	}
	var steps []string
	for _, e := range view.Events {
		steps = append(steps, string(e.To)+" by "+e.Actor)
	}
	want := []string{
		"draft by officer:pay.maker", "frozen by officer:pay.maker", "approved by officer:pay.checker",
		"released by officer:pay.releaser",
	}
	if d := cmp.Diff(want, steps); d != "" {
		t.Errorf("steps: %s", d)
	}
	if len(view.Decided) != 2 || len(view.Batches) != 1 || view.Roster.ID != drafted.Roster.ID {
		t.Errorf("view is %+v", view)
	}
	acked, err := w.acknowledge(found)
	if err != nil || acked.State != bank.BatchAcked || !acked.HandedOverOn.IsZero() {
		t.Errorf("acknowledged batch is %s, %v", acked.State, err)
	}
	w.balanced(t)
}

func TestPayRun_SecondRegularRunOfAMonth(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 2, 0)
	first := w.draft(t, regular(march())).Run
	_, err := w.tryDraft(regular(march()))
	var f *fault.Error
	if !errors.As(err, &f) || !errors.Is(err, disbursement.ErrRunExists) || f.Subject != fmt.Sprint(first.ID) {
		t.Errorf("second regular run: %v, want one about %d", err, first.ID)
	}
	var out disbursement.Run
	_, err = w.pay.Withdraw(t.Context(), w.ask("POST withdraw"), result(&out), w.maker, first.ID, "wrong month")
	if err != nil || out.State != disbursement.Withdrawn {
		t.Fatalf("withdrawn run is %s, %v", out.State, err)
	}
	if again := w.draft(t, regular(march())).Run; again.Ordinal != 2 {
		t.Errorf("the next run is the month's %d. regular one, want the 2nd", again.Ordinal)
	}
	if _, err := w.trySubmit(w.maker, first.ID); !errors.Is(err, disbursement.ErrRunState) {
		t.Errorf("submit a withdrawn run: %v", err)
	}
}

func TestPayRun_WhatIsRefused(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 1, 0)
	for name, tt := range map[string]struct {
		give disbursement.Order
		want error
	}{
		"month after next": {regular(calendar.MustMonth("2011-05")), disbursement.ErrMonth},
		"no month":         {disbursement.Order{Scheme: ledger.Rural, Kind: disbursement.Regular}, disbursement.ErrOrder}, //nolint:exhaustruct // none
		"no kind":          {disbursement.Order{Scheme: ledger.Rural, Month: march(), Kind: "late"}, disbursement.ErrOrder},
		"no account": {
			disbursement.Order{Scheme: ledger.Urban, Month: march(), Kind: disbursement.Regular},
			disbursement.ErrNoExpenditureAccount,
		},
		"nobody yet":     {regular(calendar.MustMonth("2010-12")), disbursement.ErrNothingToPay},
		"nothing failed": {disbursement.Order{Scheme: ledger.Rural, Month: march(), Kind: disbursement.Reissue}, disbursement.ErrNothingToPay},
	} {
		if _, err := w.tryDraft(tt.give); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	var out disbursement.Roster
	_, err := w.pay.MakeRoster(t.Context(), w.ask("POST /v1/rosters"), result(&out), w.checker, regular(march()))
	if !errors.Is(err, approval.ErrDuty) {
		t.Errorf("roster by a checker: %v", err)
	}
	if n := one[int](t, w.world, `select count(*) from pay_run`); n != 0 {
		t.Errorf("%d runs were kept of refused ones", n)
	}
}

func TestF14_SchedulersAtOneMoment(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 3, 0)
	for _, m := range []string{"2011-01", "2011-02", "2011-03", "2011-04"} {
		const schedulers = 6
		runs, errs := make([]disbursement.Drafted, schedulers), make([]error, schedulers)
		var wait sync.WaitGroup
		for i := range schedulers {
			wait.Go(func() { runs[i], errs[i] = w.tryDraft(regular(calendar.MustMonth(m))) })
		}
		wait.Wait()
		var made int64
		for i, err := range errs {
			if err == nil {
				made = runs[i].Run.ID
			}
		}
		winners := 0
		for _, err := range errs {
			var f *fault.Error
			switch {
			case err == nil:
				winners++
			case !errors.As(err, &f) || !errors.Is(err, disbursement.ErrRunExists) || f.Subject != fmt.Sprint(made):
				t.Errorf("month %s: %v, want one about run %d", m, err, made)
			}
		}
		if winners != 1 {
			t.Errorf("month %s has %d regular runs", m, winners)
		}
	}
}

// The lock of the runs only makes others wait: the keys alone must hold as well.
func TestF14_TheTableKnowsOneRegularRun(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 1, 0)
	run := w.draft(t, regular(march())).Run
	err := w.asApp(t, fmt.Sprintf(`
		insert into pay_run (area, scheme, month, kind, ordinal, roster_id, pay_day, handover_due, maker, maker_person,
			made_at, business_day, state)
		select area, scheme, month, kind, 2, roster_id, pay_day, handover_due, maker, maker_person, made_at, business_day,
			'draft'
		from pay_run where id = %d`, run.ID))
	if err == nil || !strings.Contains(err.Error(), "pay_run_month") {
		t.Errorf("a second regular run by SQL: %v", err)
	}
}

func TestF88_ThreePeople(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 2, 100_000)
	run := w.frozen(t, regular(march())).Run
	if _, err := w.tryApprove(w.second, verdict(run)); !errors.Is(err, approval.ErrSamePerson) {
		t.Errorf("maker approves under another login: %v", err)
	}
	if _, err := w.tryApprove(w.maker, verdict(run)); !errors.Is(err, approval.ErrDuty) {
		t.Errorf("maker approves: %v", err)
	}
	say := func(duty, login string, person int64) error {
		return w.asApp(t, fmt.Sprintf(`
			insert into approval (area, subject, subject_id, duty, decision, digest, maker_person, person_id, login, decided_at)
			select area, 'pay_run', id, '%s', 'approved', digest, maker_person, %d, '%s', now() from pay_run where id = %d`,
			duty, person, login, run.ID))
	}
	if err := say("checker", "pay.second", 501); err == nil || !strings.Contains(err.Error(), "different_person") {
		t.Errorf("maker's person approves by SQL: %v", err)
	}
	// A run that says another person made it, so that its maker may approve it.
	err := w.asApp(t, fmt.Sprintf(`
		insert into pay_run (area, scheme, month, kind, ordinal, roster_id, pay_day, handover_due, maker, maker_person,
			made_at, business_day, state)
		select area, scheme, month, 'supplementary', 1, roster_id, pay_day, handover_due, maker, 503, made_at, business_day,
			'draft'
		from pay_run where id = %d`, run.ID))
	if err == nil || !strings.Contains(err.Error(), "foreign key") {
		t.Errorf("a run under another person's name by SQL: %v", err)
	}
	run = w.approve(t, run)
	if _, err := w.tryRelease(w.both, verdict(run)); !errors.Is(err, approval.ErrSamePerson) {
		t.Errorf("checker releases under another login: %v", err)
	}
	if err := say("releaser", "pay.both", 502); err == nil || !strings.Contains(err.Error(), "approval_one_person") {
		t.Errorf("checker's person releases by SQL: %v", err)
	}
	if _, err := w.tryRelease(w.checker, verdict(run)); !errors.Is(err, approval.ErrDuty) {
		t.Errorf("checker releases: %v", err)
	}
	// A run that says it is released, without its three people.
	err = w.asApp(t, fmt.Sprintf(`update pay_run set state = 'released', version = version + 1, released_on = business_day
		where id = %d`, run.ID))
	if err == nil || !strings.Contains(err.Error(), "cannot become released") {
		t.Errorf("release by SQL with two people: %v", err)
	}
	if _, err := w.tryRelease(w.releaser, verdict(run)); err != nil {
		t.Errorf("release by a third person: %v", err)
	}
	if _, err := w.tryRelease(w.releaser, verdict(run)); !errors.Is(err, disbursement.ErrRunState) {
		t.Errorf("release again: %v", err)
	}
}

func TestF91_ADutyThatWasRevoked(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 1, 100_000)
	run := w.approved(t, regular(march()))
	w.sql(t, `update duty_grant set revoked_at = now() where login = 'pay.releaser'`)
	if _, err := w.tryRelease(w.releaser, verdict(run)); !errors.Is(err, approval.ErrDuty) {
		t.Errorf("release by an officer whose session still says releaser: %v", err)
	}
}

func TestF90_AnotherDigest(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 2, 100_000)
	run := w.frozen(t, regular(march())).Run
	other := run
	other.Digest[0] ^= 1
	if _, err := w.tryApprove(w.checker, verdict(other)); !errors.Is(err, approval.ErrDigest) {
		t.Errorf("approve another digest: %v", err)
	}
	w.approve(t, run)
	if _, err := w.tryRelease(w.releaser, verdict(other)); !errors.Is(err, approval.ErrDigest) {
		t.Errorf("release another digest: %v", err)
	}
	err := w.asApp(t, fmt.Sprintf(`
		insert into approval (area, subject, subject_id, duty, decision, digest, maker_person, person_id, login, decided_at)
		values (610304, 'pay_run', %d, 'releaser', 'approved', '\x%x', 501, 503, 'pay.releaser', now())`,
		run.ID, other.Digest))
	if err == nil || !strings.Contains(err.Error(), "foreign key") {
		t.Errorf("another digest by SQL: %v", err)
	}
}

func TestPayRun_RejectedByCheckerAndReleaser(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 2, 100_000)
	reject := func(by approval.Officer, run disbursement.Run) (disbursement.Run, error) {
		v := verdict(run)
		v.Reason = "amounts are last year's"
		var out disbursement.Run
		_, err := w.pay.Reject(t.Context(), w.ask("POST reject"), result(&out), by, v)
		return out, err
	}
	run := w.frozen(t, regular(march())).Run
	if _, err := reject(w.releaser, run); !errors.Is(err, approval.ErrDuty) {
		t.Errorf("a releaser rejects before the checker spoke: %v", err)
	}
	if out, err := reject(w.checker, run); err != nil || out.State != disbursement.Refused {
		t.Errorf("rejected run is %s, %v", out.State, err)
	}
	if _, err := w.tryApprove(w.checker, verdict(run)); !errors.Is(err, disbursement.ErrRunState) {
		t.Errorf("approve a refused run: %v", err)
	}
	second := w.approved(t, regular(march()))
	if out, err := reject(w.releaser, second); err != nil || out.State != disbursement.Refused {
		t.Errorf("run rejected at its release is %s, %v", out.State, err)
	}
	// Refused runs pay nobody: the month's people are there again, and the numbers stay used.
	third := w.frozen(t, regular(march()))
	if third.Run.Count != 2 || third.Batches[0].Number != "00000003" {
		t.Errorf("third run has %d payments, batch %s", third.Run.Count, third.Batches[0].Number)
	}
	if i := w.payItems(t, third.Batches[0])[0]; i.Attempt != 3 || i.Cause != "regular" {
		t.Errorf("item of the third run is %+v", i)
	}
}

func TestPayRun_FrozenRowsStay(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 2, 100_000)
	run := w.released(t, regular(march())).Run
	draft := w.draft(t, regular(calendar.MustMonth("2011-04"))).Run
	for name, sql := range map[string]string{
		"amount of an item":   `update payment_item set amount = amount + 100, base_pension = base_pension + 100`,
		"account of an item":  `update payment_item set account_no = '999999'`,
		"item taken out":      `delete from payment_item`,
		"all items taken out": `truncate payment_item`,
		"amount of a batch":   `update payment_batch set amount = amount + 100`,
		"digest of a batch":   `update payment_batch set file_digest = sha256('x')`,
		"batch taken out":     `delete from payment_batch`,
		"back to the bank":    `update payment_batch set state = 'ready', version = version + 1`,
		"sum of a run":        fmt.Sprintf(`update pay_run set amount = amount + 100 where id = %d`, run.ID),
		"digest of a run":     fmt.Sprintf(`update pay_run set digest = sha256('x') where id = %d`, run.ID),
		"a run thawed":        fmt.Sprintf(`update pay_run set state = 'draft', version = version + 1 where id = %d`, run.ID),
		"month of a run":      fmt.Sprintf(`update pay_run set month = '2011-04-01' where id = %d`, run.ID),
		"a draft that is paid": fmt.Sprintf(`update pay_run set state = 'released', version = 2, digest = sha256('x'),
			item_count = 1, released_on = '2011-03-10' where id = %d`, draft.ID),
		"line of a roster": `update roster_line set base_pension = 1`,
		"another line":     `delete from roster_line`,
		"an approval":      `update approval set decision = 'rejected'`,
		"a batch without items": `insert into payment_batch select area, 1, run_id, scheme, month, bank, clearing_bank,
			fund_account, settlement, '1', 1, 1, digest, 'x', sha256('x'), 1, created_on, created_at, 'ready' from payment_batch`,
		"one more item": `insert into payment_item select area, 1, batch_id, 99, 4711, month, cause, attempt, replaces, from_suspense,
			base_pension, account_pension, funeral_grant, one_off, amount, instrument_id, account_no, name, id_number, social_no,
			region, activated from payment_item limit 1`,
	} {
		if err := w.asApp(t, sql); err == nil {
			t.Errorf("%s: the application may change it", name)
		}
	}
	for _, b := range w.batchesOf(t, run.ID) {
		w.sameFile(t, b)
	}
}

func TestF18_DeathBetweenFreezeAndRelease(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 4, 100_000)
	run := w.approved(t, regular(march()))
	w.died(t, 1002, "2011-02-28")
	// Died in the month that is paid: the month is still theirs.
	w.died(t, 1003, "2011-03-01")
	out, err := w.tryRelease(w.releaser, verdict(run))
	if err != nil {
		t.Fatal(err)
	}
	next := out.Successor
	if out.Run.State != disbursement.Withdrawn || len(out.Hits) != 1 || out.Hits[0].Member != 1002 ||
		out.Hits[0].Reason != disbursement.HeldDeceased || len(out.Batches) != 0 {
		t.Errorf("release with a dead payee is %+v", out)
	}
	if next.Run.State != disbursement.Frozen || next.Run.Predecessor != run.ID || next.Run.Count != 3 ||
		next.Run.Maker != run.Maker || next.Run.Amount != 16_500 || next.Batches[0].Number != "00000002" {
		t.Errorf("successor is %+v", next.Run)
	}
	for _, i := range w.payItems(t, next.Batches[0]) {
		if i.Member == 1002 || i.Attempt != 2 {
			t.Errorf("successor's item is %+v", i)
		}
	}
	view, err := w.pay.Run(t.Context(), w.auditor, run.ID)
	if err != nil || view.Successor != next.Run.ID || len(view.Hits) != 1 {
		t.Errorf("view of the withdrawn run: successor %d, hits %v, %v", view.Successor, view.Hits, err)
	}
	// The old approval is void, and a releaser alone cannot let the successor go.
	if _, err := w.tryRelease(w.releaser, verdict(next.Run)); !errors.Is(err, disbursement.ErrRunState) {
		t.Errorf("release of a successor that nobody approved: %v", err)
	}
	if got, err := w.tryRelease(w.releaser, verdict(w.approve(t, next.Run))); err != nil ||
		got.Run.State != disbursement.Released {
		t.Errorf("release of the approved successor: %s, %v", got.Run.State, err)
	}
	lines, err := w.pay.Lines(t.Context(), w.auditor, next.Run.Roster, disbursement.LinePage{Held: true, After: 0, Limit: 10})
	if err != nil || len(lines) != 1 || lines[0].Member != 1002 || lines[0].Held != disbursement.HeldDeceased {
		t.Errorf("held lines of the successor's roster: %+v, %v", lines, err)
	}
	if n := one[int](t, w.world, `select count(*) from payment_batch where state = 'sending'`); n != 1 {
		t.Errorf("%d batches are with the bank, want the successor's", n)
	}
}

func TestF18_DeathBeforeAReissue(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 2, 100_000)
	first := w.payItems(t, w.released(t, regular(march())).Batches[0])
	w.itemFailed(t, first[0], "RETRY_TECHNICAL")
	w.itemReturned(t, first[1], "RETRY_TECHNICAL")
	again := disbursement.Order{Scheme: ledger.Rural, Month: march(), Kind: disbursement.Reissue}
	run := w.approved(t, again)
	lines, err := w.pay.Lines(t.Context(), w.maker, run.Roster, disbursement.LinePage{}) //nolint:exhaustruct // all
	if err != nil || len(lines) != 2 || lines[0].FromSuspense || !lines[1].FromSuspense || lines[1].Replaces != first[1].ID {
		t.Errorf("lines of the re-issue: %+v, %v", lines, err)
	}
	w.died(t, 1001, "2011-02-28")
	out, err := w.tryRelease(w.releaser, verdict(run))
	if err != nil || out.Run.State != disbursement.Withdrawn || out.Successor.Run.Count != 1 {
		t.Fatalf("release of a re-issue with a dead payee: %+v, %v", out, err)
	}
	i := w.payItems(t, out.Successor.Batches[0])[0]
	if i.Member != 1002 || i.Attempt != 3 || i.Replaces != first[1].ID || !i.FromSuspense {
		t.Errorf("successor's item is %+v", i)
	}
	// The last one dies too: there is nobody left to succeed.
	w.died(t, 1002, "2011-02-28")
	last, err := w.tryRelease(w.releaser, verdict(w.approve(t, out.Successor.Run)))
	if err != nil || last.Run.State != disbursement.Withdrawn || last.Successor.Run.ID != 0 {
		t.Errorf("release whose only payee is dead: %+v, %v", last, err)
	}
}

func TestF89_DecidedOnce(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 1, 0)
	run := w.frozen(t, regular(march())).Run
	errs := make([]error, 6)
	var wait sync.WaitGroup
	for i := range errs {
		wait.Go(func() {
			if i%2 == 0 {
				_, errs[i] = w.tryApprove(w.checker, verdict(run))
				return
			}
			var out disbursement.Run
			v := verdict(run)
			v.Reason = "no"
			_, errs[i] = w.pay.Reject(context.Background(), w.ask("POST reject"), result(&out), w.checker, v)
		})
	}
	wait.Wait()
	decided := 0
	for _, err := range errs {
		switch {
		case err == nil:
			decided++
		case !errors.Is(err, disbursement.ErrRunState) && !errors.Is(err, approval.ErrDuty) &&
			!errors.Is(err, approval.ErrDecided):
			t.Errorf("a decision that came second: %v", err)
		}
	}
	said := one[int](t, w.world, `select count(*) from approval`)
	moved := one[int](t, w.world, `select count(*) from pay_run where state in ('approved', 'refused') and version = 3`)
	if decided != 1 || said != 1 || moved != 1 {
		t.Errorf("%d decisions succeeded, %d were kept, %d moved the run", decided, said, moved)
	}
}

func TestPayRun_ScreensAtTheRelease(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 8, 100_000)
	w.sql(t, `insert into area_rule values (610304, 'amount_review_threshold', '2009-09-01', '"50.00"', 'test')`)
	// 1008 is above the threshold and was reviewed, as were all others but none of this test's interest.
	w.sql(t, `insert into payment_hold (area, id, member_id, reason, from_month, opened_by, opened_at, reviewed_amount)
		select area, id + 5000, id, 'amount_review', '2011-01-01', 'test', now(), 5500 from member`)
	w.sql(t, `insert into hold_release (area, hold_id, document, digest, maker, maker_person, made_at, state)
		select area, id, 'test', sha256('x'), 'pay.maker', 501, now(), 'approved' from payment_hold`)
	run := w.approved(t, regular(march()))
	if run.Count != 8 {
		t.Fatalf("%d of 8 are paid", run.Count)
	}
	w.sql(t, `update instrument set ended_on = '2011-03-09' where member_id in (1001, 1002)`)
	w.sql(t, `insert into instrument (area, member_id, bank, kind, account_no, activated, for_payout, opened_on)
		values (610304, 1002, 'psbc', 'card', '62280000', true, true, '2011-03-09')`)
	w.hold(t, 1003, "certification_overdue", "2011-03-01")
	w.hold(t, 1004, "court", "2011-04-01")
	w.sql(t, `insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
		values (610304, 1005, 'base_pension', '2011-02-01', 5400, 'test', 'test', now()),
		       (610304, 1006, 'base_pension', '2011-02-01', 6000, 'test', 'test', now()),
		       (610304, 1007, 'base_pension', '2011-03-01', 0, 'test', 'test', now())`)
	out, err := w.tryRelease(w.releaser, verdict(run))
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[int64]disbursement.Hold)
	for _, h := range out.Hits {
		got[h.Member] = h.Reason
	}
	want := map[int64]disbursement.Hold{
		1001: disbursement.HeldNoAccount, 1002: disbursement.HeldAccountChanged, 1003: disbursement.HeldCertification,
		1005: disbursement.HeldAboveEntitlement, 1007: disbursement.HeldAboveEntitlement,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("hits: %s", d)
	}
}

func TestRoster_ScreensAndHolds(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 16, 0)
	w.sql(t, `insert into area_rule values (610304, 'amount_review_threshold', '2009-09-01', '"60.00"', 'test'),
		(610304, 'account_change_hold_days', '2009-09-01', '10', 'test'),
		(610304, 'shared_account_holds', '2009-09-01', 'true', 'test')`)
	w.died(t, 1001, "2011-02-28")
	w.died(t, 1002, "2011-02-01")
	notice := one[int64](t, w.world, `select id from death_notice where member_id = 1002`)
	w.sql(t, fmt.Sprintf(`insert into death_withdrawn values (610304, %d, 'a mistake', 'test', now(), %d)`, notice,
		w.decided(t, "notice", "taken_back", notice)))
	w.hold(t, 1003, "certification_overdue", "2011-03-01")
	w.hold(t, 1003, "court", "2011-01-01")
	w.hold(t, 1004, "manual", "2011-04-01")
	w.hold(t, 1005, "investigation", "2011-01-01")
	w.sql(t, `insert into hold_release (area, hold_id, document, digest, maker, maker_person, made_at, state)
		select area, id, 'test', sha256('x'), 'pay.maker', 501, now(), 'approved' from payment_hold where member_id = 1005`)
	w.hold(t, 1006, "other_pension", "2011-02-01")
	w.sql(t, `insert into hold_release (area, hold_id, document, digest, maker, maker_person, made_at, state)
		select area, id, 'test', sha256('x'), 'pay.maker', 501, now(), 'submitted' from payment_hold where member_id = 1006`)
	w.sql(t, `update instrument set ended_on = '2011-02-01' where member_id in (1007, 1008, 1009)`)
	w.sql(t, `insert into instrument (area, member_id, bank, kind, account_no, activated, for_payout, opened_on)
		values (610304, 1008, 'psbc', 'card', '62280008', true, true, '2011-03-01'),
		       (610304, 1009, 'psbc', 'card', '62280009', true, true, '2011-02-28')`)
	w.sql(t, `update member set name = '王𠮷' where id = 1010`)
	w.sql(t, `insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
		values (610304, 1011, 'account_pension', '2011-03-01', 501, 'test', 'test', now()),
		       (610304, 1012, 'account_pension', '2011-03-01', 500, 'test', 'test', now()),
		       (610304, 1013, 'base_pension', '2011-02-01', 0, 'test', 'test', now())`)
	w.sql(t, `update instrument set account_no = '77777' where member_id in (1014, 1015)`)
	w.sql(t, `update member set scheme = 'urban' where id = 1016`)

	want := map[int64]disbursement.Hold{
		1001: disbursement.HeldDeceased, 1002: "", 1003: disbursement.HeldCourt, 1004: "", 1005: "",
		1006: disbursement.HeldOtherPension, 1007: disbursement.HeldNoAccount, 1008: disbursement.HeldAccountChanged,
		1009: "", 1010: disbursement.HeldNotEncodable, 1011: disbursement.HeldAmountReview, 1012: "",
		1014: disbursement.HeldSharedAccount, 1015: disbursement.HeldSharedAccount,
	}
	roster, got := w.roster(t, regular(march()))
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("roster: %s", d)
	}
	if roster.Entitled != 14 || roster.Held != 9 || roster.EntitledAmount != 14*5500+1001 || roster.HeldAmount != 9*5500+501 {
		t.Errorf("roster is %+v", roster)
	}
	view, err := w.pay.Roster(t.Context(), w.auditor, roster.ID)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, h := range view.ByReason {
		sum += h.Count
	}
	if sum != roster.Held {
		t.Errorf("held by reason: %+v", view.ByReason)
	}
	// What two people released is paid, and is not held anew.
	w.sql(t, `insert into hold_release (area, hold_id, document, digest, maker, maker_person, made_at, state)
		select area, id, 'test', sha256('x'), 'pay.maker', 501, now(), 'approved' from payment_hold
		where reason in ('amount_review', 'shared_account')`)
	want[1011], want[1014], want[1015] = "", "", ""
	if _, got := w.roster(t, regular(march())); cmp.Diff(want, got) != "" {
		t.Errorf("roster after the release of holds: %s", cmp.Diff(want, got))
	}
	if n := one[int](t, w.world, `select count(*) from payment_hold where opened_by = 'screen'`); n != 3 {
		t.Errorf("%d holds were opened by screens, want 3", n)
	}
}

func TestRoster_SharedAccountIsReported(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 3, 0)
	w.sql(t, `update instrument set account_no = '77777' where member_id in (1002, 1003)`)
	_, held := w.roster(t, regular(march()))
	if d := cmp.Diff(map[int64]disbursement.Hold{1001: "", 1002: "", 1003: ""}, held); d != "" {
		t.Errorf("roster: %s", d)
	}
	if got := w.openCases(t, "shared_account"); got != "instrument:100001002 instrument:100001003" {
		t.Errorf("cases of shared accounts: %q", got)
	}
}

func TestF17_FundsShort(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 2, 10_999)
	w.sql(t, `insert into bank values (610304, 'rcc', '402100000018', '信用社', 'rural-cooperative', 1000)`)
	w.sql(t, `insert into fund_account (area, id, scheme, role, bank, account_no, name, opened_on) values
		(610304, 9, 'rural', 'expenditure', 'rcc', '961001010000000009', '支出户', '2011-01-01')`)
	w.sql(t, `update instrument set bank = 'rcc' where member_id = 1001`)
	run := w.approved(t, regular(march()))
	// 55.00 are needed on each of two accounts: one holds 109.99, the other nothing.
	if _, err := w.tryRelease(w.releaser, verdict(run)); !errors.Is(err, disbursement.ErrFundsShort) {
		t.Errorf("release of a run that one of two accounts cannot pay: %v", err)
	}
	if n := one[int](t, w.world, `select count(*) from payment_batch where state <> 'ready'`); n != 0 {
		t.Errorf("%d batches of a run without funds were released", n)
	}
	if got := w.openCases(t, "funds_short"); got != fmt.Sprintf("pay_run:%d", run.ID) {
		t.Errorf("cases of short funds: %q", got)
	}
	w.fund(t, 9, 5_500)
	if out, err := w.tryRelease(w.releaser, verdict(run)); err != nil || out.Run.State != disbursement.Released {
		t.Fatalf("release with funds: %v", err)
	}
	if got := w.openCases(t, "funds_short"); got != "" {
		t.Errorf("cases of short funds after the release: %q", got)
	}
	// What is on its way is committed: 54.99 are free on one account, nothing on the other.
	next := w.approved(t, regular(calendar.MustMonth("2011-04")))
	if _, err := w.tryRelease(w.releaser, verdict(next)); !errors.Is(err, disbursement.ErrFundsShort) {
		t.Errorf("release of money that an earlier run takes: %v", err)
	}
	w.balanced(t)
}

func TestPayRun_AlarmOfShortFunds(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 2, 10_999)
	run := w.frozen(t, regular(march())).Run
	for _, step := range []struct{ day, want string }{
		{"2011-03-21", ""}, {"2011-03-22", fmt.Sprintf("pay_run:%d", run.ID)}, {"2011-03-23", fmt.Sprintf("pay_run:%d", run.ID)},
	} {
		w.today = calendar.MustDay(step.day)
		if err := w.pay.AlarmFunds(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := w.openCases(t, "funds_short"); got != step.want {
			t.Errorf("cases of short funds on %s: %q, want %q", step.day, got, step.want)
		}
	}
}

func TestPayRun_LateHandover(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 1, 100_000)
	run := w.approved(t, regular(march()))
	w.today = calendar.MustDay("2011-03-23")
	v := verdict(run)
	if _, err := w.tryRelease(w.releaser, v); !errors.Is(err, disbursement.ErrLate) {
		t.Errorf("late release without a reason: %v", err)
	}
	v.Reason = "the allocation came on the 22nd"
	out, err := w.tryRelease(w.releaser, v)
	if err != nil || out.Run.LateReason != v.Reason {
		t.Errorf("late release: %q, %v", out.Run.LateReason, err)
	}
}

func TestPayRun_Recall(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 4, 100_000)
	w.sql(t, `update bank set row_limit = 2 where bank = 'psbc'`)
	ready := w.frozen(t, regular(calendar.MustMonth("2011-02"))).Batches[0]
	if _, err := w.tryRecall(w.releaser, ready.ID); !errors.Is(err, bank.ErrBatchState) {
		t.Errorf("recall of a batch that never left: %v", err)
	}
	out := w.released(t, regular(march()))
	dead, kept := out.Batches[0], out.Batches[1]
	if _, err := w.tryRecall(w.checker, dead.ID); !errors.Is(err, approval.ErrDuty) {
		t.Errorf("recall by a checker: %v", err)
	}
	b, err := w.tryRecall(w.releaser, dead.ID)
	if err != nil || b.State != bank.BatchWithdrawn {
		t.Fatalf("recalled batch is %s, %v", b.State, err)
	}
	if _, err := w.acknowledge(dead); !errors.Is(err, bank.ErrBatchState) {
		t.Errorf("acknowledgement of a recalled batch: %v", err)
	}
	if got := w.openCases(t, "recalled_batch_answered"); got != fmt.Sprintf("payment_batch:%d", dead.ID) {
		t.Errorf("cases of recalled batches: %q", got)
	}
	if err := b.ForBank(); !errors.Is(err, bank.ErrBatchState) {
		t.Errorf("a recalled batch may be fetched: %v", err)
	}
	if _, err := w.acknowledge(kept); err != nil {
		t.Fatal(err)
	}
	if _, err := w.tryRecall(w.releaser, kept.ID); !errors.Is(err, disbursement.ErrPayBatchAcked) {
		t.Errorf("recall of an acknowledged batch: %v", err)
	}
	// The dead payments are taken up by a supplementary run, the others are not.
	extra := disbursement.Order{Scheme: ledger.Rural, Month: march(), Kind: disbursement.Supplementary}
	_, held := w.roster(t, extra)
	doubt := disbursement.HeldDoubleCredit
	if d := cmp.Diff(map[int64]disbursement.Hold{1001: doubt, 1002: doubt}, held); d != "" {
		t.Errorf("supplementary roster while the bank's answer is unexplained: %s", d)
	}
	w.sql(t, `insert into exception_closed (area, case_id, text, closed_by, closed_at)
		select area, id, 'it paid nothing', 'test', now() from exception_case where kind = 'recalled_batch_answered'`)
	_, held = w.roster(t, extra)
	if d := cmp.Diff(map[int64]disbursement.Hold{1001: "", 1002: ""}, held); d != "" {
		t.Errorf("supplementary roster: %s", d)
	}
	if again := w.released(t, extra); again.Run.Count != 2 {
		t.Errorf("supplementary run has %d payments", again.Run.Count)
	}
	w.balanced(t)
}

func TestPayRun_RecallOfTheOnlyBatchClosesTheRun(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 1, 100_000)
	out := w.released(t, regular(march()))
	if _, err := w.tryRecall(w.maker, out.Batches[0].ID); err != nil {
		t.Fatal(err)
	}
	view, err := w.pay.Run(t.Context(), w.auditor, out.Run.ID)
	if err != nil || view.State != disbursement.Closed {
		t.Errorf("run whose only batch was recalled is %s, %v", view.State, err)
	}
}

func TestPayRun_GrossBankTakesTheLump(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 3, 16_500)
	w.sql(t, `update fund_account set settlement = 'gross' where id = 13`)
	batch := w.released(t, regular(march())).Batches[0]
	wrong := disbursement.Acknowledgement{Count: 3, Amount: 16_400, Digest: hex.EncodeToString(batch.Digest[:])}
	var out disbursement.Batch
	_, err := w.pay.Acknowledge(t.Context(), w.ask("POST acknowledgement"), result(&out), 0, w.psbc, batch.ID, wrong)
	if !errors.Is(err, disbursement.ErrPayAcknowledgement) {
		t.Errorf("acknowledgement of another amount: %v", err)
	}
	_, err = w.pay.Acknowledge(t.Context(), w.ask("POST acknowledgement"), result(&out), 0,
		bank.Caller{Code: "rcc", KeyID: ""}, batch.ID, wrong)
	if !errors.Is(err, disbursement.ErrBatchUnknown) {
		t.Errorf("acknowledgement by another bank: %v", err)
	}
	for range 2 {
		if b, err := w.acknowledge(batch); err != nil || b.State != bank.BatchAcked || b.HandedOverOn != w.today {
			t.Errorf("acknowledged batch is %s, handed over on %s, %v", b.State, b.HandedOverOn, err)
		}
	}
	for role, want := range map[string]int64{"in_transit": 16_500, "expenditure": 0} {
		got := one[int64](t, w.world, `select coalesce(sum(case when (side = 'debit') <> red then amount else -amount end), 0)::bigint
			from posting where role = $1`, role)
		if got != want {
			t.Errorf("%s stands at %d fen, want %d", role, got, want)
		}
	}
	w.balanced(t)
	// The lump has left the account: nothing of it is committed any more.
	w.fund(t, 13, 16_500)
	if next := w.released(t, regular(calendar.MustMonth("2011-04"))); next.Run.Count != 3 {
		t.Errorf("next run has %d payments", next.Run.Count)
	}
}

func TestPayRun_TrialLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 5, 0)
	w.sql(t, `insert into area_rule values (610304, 'amount_review_threshold', '2009-09-01', '"60.00"', 'test')`)
	w.sql(t, `insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
		values (610304, 1001, 'account_pension', '2011-03-01', 1000, 'test', 'test', now())`)
	before := w.rows(t)
	trial, err := w.pay.Try(t.Context(), w.maker, regular(march()))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before, w.rows(t)); d != "" {
		t.Errorf("a trial leaves rows: %s", d)
	}
	if trial.Run.Count != 4 || trial.Run.Amount != 22_000 || len(trial.Batches) != 1 || trial.Roster.Held != 1 ||
		trial.Run.Digest == [32]byte{} || trial.Batches[0].FileSize == 0 || len(trial.ByReason) != 1 {
		t.Errorf("trial is %+v", trial)
	}
	if run := w.frozen(t, regular(march())); run.Run.Amount != trial.Run.Amount || run.Batches[0].Number != trial.Batches[0].Number {
		t.Errorf("the run after the trial is %+v", run.Run)
	}
	if _, err := w.pay.Try(t.Context(), w.maker, regular(march())); !errors.Is(err, disbursement.ErrRunExists) {
		t.Errorf("trial of a month that has its run: %v", err)
	}
	if _, err := w.pay.Try(t.Context(), w.checker, regular(march())); !errors.Is(err, approval.ErrDuty) {
		t.Errorf("trial by a checker: %v", err)
	}
}

func TestF01F02_KilledInTheFreeze(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 400, 0)
	run := w.draft(t, regular(march())).Run
	before := w.rows(t)
	request := w.ask("POST submit")
	var cut int
	// The connection goes away at later and later moments, until the freeze is through.
	for page := 0; ; page++ {
		ctx, cancel := context.WithCancel(context.Background())
		service := disbursement.New(disbursement.Parts{ //nolint:exhaustruct // nothing is read here
			Store: w.db.Disbursement(), Writer: cuttingWriter{payLines{}, cancel, page * 100},
			Today: func() calendar.Day { return w.today },
		})
		var out disbursement.Submitted
		_, err := service.Submit(ctx, request, result(&out), w.maker, run.ID)
		cancel()
		if err == nil {
			break
		}
		if cut++; cut > 10 {
			t.Fatalf("the freeze never comes through: %v", err)
		}
		if d := cmp.Diff(before, w.rows(t)); d != "" {
			t.Fatalf("cut at item %d, the freeze leaves rows: %s", page*100, d)
		}
	}
	if cut < 3 {
		t.Errorf("the freeze was cut %d times only", cut)
	}
	after := w.rows(t)
	var again disbursement.Submitted
	answer, err := w.pay.Submit(t.Context(), request, result(&again), w.maker, run.ID)
	if err != nil || !answer.Replayed {
		t.Errorf("the same request again: replayed %t, %v", answer.Replayed, err)
	}
	if d := cmp.Diff(after, w.rows(t)); d != "" {
		t.Errorf("the same request again leaves rows: %s", d)
	}
	// What was cut off took no number and no id: the file is the one that a freeze never cut makes.
	calm := newRunWorld(t, 400, 0)
	want := calm.frozen(t, regular(march())).Batches[0]
	b := w.batchesOf(t, run.ID)
	if len(b) != 1 || b[0].Number != "00000001" || b[0].Count != 400 || b[0].ID != want.ID {
		t.Errorf("batches after the freeze: %+v", b)
	}
	if d := cmp.Diff(string(calm.sameFile(t, want)), string(w.sameFile(t, b[0]))); d != "" || b[0].Digest != want.Digest {
		t.Errorf("the file differs from that of a freeze that was never cut (-never +cut):\n%s", d)
	}
}

func TestF16_NumbersAreCommittedWithTheirBatches(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 3, 100_000)
	w.sql(t, `update bank set row_limit = 2 where bank = 'psbc'`)
	numbers := func(bs []disbursement.Batch) (out []string) {
		for _, b := range bs {
			out = append(out, b.Number)
		}
		return out
	}
	first := w.frozen(t, regular(march()))
	if got := numbers(first.Batches); !slices.Equal(got, []string{"00000001", "00000002"}) {
		t.Errorf("numbers of the first run: %v", got)
	}
	// Withholding takes its numbers from the same counter.
	if got := w.withhold(t).Batches[0].Number; got != "00000003" {
		t.Errorf("number of the withholding batch: %s", got)
	}
	// A freeze that came to nothing takes no number, as its files never were.
	april := w.draft(t, regular(calendar.MustMonth("2011-04"))).Run
	ctx, cancel := context.WithCancel(context.Background())
	broken := disbursement.New(disbursement.Parts{ //nolint:exhaustruct // nothing is read here
		Store: w.db.Disbursement(), Writer: cuttingWriter{payLines{}, cancel, 0},
		Today: func() calendar.Day { return w.today },
	})
	var none disbursement.Submitted
	if _, err := broken.Submit(ctx, w.ask("POST submit"), result(&none), w.maker, april.ID); err == nil {
		t.Fatal("the freeze was not cut")
	}
	second, err := w.trySubmit(w.maker, april.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got := numbers(second.Batches)[0]; got <= "00000003" {
		t.Errorf("number of the next run: %s", got)
	}
	err = w.asApp(t, `update batch_counter set next = 1`)
	if err != nil {
		t.Fatal(err)
	}
	may := w.draft(t, disbursement.Order{Scheme: ledger.Rural, Month: calendar.MustMonth("2011-01"), Kind: disbursement.Regular}).Run
	if _, err := w.trySubmit(w.maker, may.ID); err == nil {
		t.Error("a number was given twice")
	}
}

func TestPayRun_BatchesByBankAndClearingBank(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 9, 0)
	w.sql(t, `insert into bank values
		(610304, 'rcc', '402100000018', '信用社', 'rural-cooperative', 2),
		(610304, 'abc', '103100000026', '农行', 'json', 1000)`)
	w.sql(t, `insert into fund_account (area, id, scheme, role, bank, account_no, name, settlement, opened_on) values
		(610304, 14, 'rural', 'expenditure', 'rcc', '961001010000000014', '支出户', 'gross', '2011-01-01')`)
	w.sql(t, `insert into region values (610304101202, 610304, '另村')`)
	// The cooperative pays five in batches of two, by region; the agricultural bank has no account, so the postal bank pays.
	w.sql(t, `update instrument set bank = 'rcc' where member_id <= 1005`)
	w.sql(t, `update member set region = 610304101202 where id = 1001`)
	w.sql(t, `update instrument set bank = 'abc' where member_id in (1006, 1007)`)
	w.sql(t, `update instrument set bank_no = '105100000017' where member_id = 1008`)
	run := w.frozen(t, regular(march()))
	var got []string
	for _, b := range run.Batches {
		var members []string
		for _, i := range w.payItems(t, b) {
			members = append(members, fmt.Sprint(i.Member))
		}
		got = append(got, fmt.Sprintf("%s %s %s %d %s: %s", b.Bank, b.Number, b.ClearingBank, b.FundAccount, b.Settlement,
			strings.Join(members, " ")))
		w.sameFile(t, b)
	}
	want := []string{
		"psbc 00000001 103100000026 13 net: 1006 1007",
		"psbc 00000002 105100000017 13 net: 1008",
		"psbc 00000003 403100000004 13 net: 1009",
		"rcc 00000001 402100000018 14 gross: 1002 1003",
		"rcc 00000002 402100000018 14 gross: 1004 1005",
		"rcc 00000003 402100000018 14 gross: 1001",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("batches: %s", d)
	}
}

func TestPayRun_RosterGrewStale(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 2, 100_000)
	extra := disbursement.Order{Scheme: ledger.Rural, Month: march(), Kind: disbursement.Supplementary}
	first, second := w.draft(t, regular(march())).Run, w.draft(t, extra).Run
	for _, other := range []approval.Officer{w.second, w.colleague} {
		if _, err := w.trySubmit(other, first.ID); !errors.Is(err, approval.ErrDuty) {
			t.Errorf("submit by %s: %v", other.Login, err)
		}
	}
	if _, err := w.trySubmit(w.maker, first.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.trySubmit(w.maker, second.ID); !errors.Is(err, disbursement.ErrRosterStale) {
		t.Errorf("submit of people whom another run pays: %v", err)
	}
	if n := one[int](t, w.world, `select count(*) from payment_item`); n != 2 {
		t.Errorf("%d payments of two people", n)
	}
}

func TestPayRun_ReissueOfWhatFailedOrCameBack(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 7, 1_000_000)
	batch := w.released(t, regular(march())).Batches[0]
	items := w.payItems(t, batch)
	w.itemFailed(t, items[0], "RETRY_TECHNICAL")
	w.itemFailed(t, items[1], "FIX_ACCOUNT")
	w.itemReturned(t, items[2], "FIX_ACCOUNT")
	w.itemReturned(t, items[3], "BLOCKED")
	w.itemFailed(t, items[4], "RETRY_TECHNICAL")
	w.itemReturned(t, items[5], "FIX_ACCOUNT")
	died := items[5].ID + 1_000_000
	w.sql(t, fmt.Sprintf(`insert into return_unclaimed values (610304, %d, 'died', 'test', '2011-04-01', now(), %d)`, died,
		w.decided(t, "return", "unclaimed", died)))
	// The account behind the third was corrected; of the fifth the bank also said that it was paid.
	w.sql(t, `update instrument set ended_on = '2011-03-28' where member_id = 1003`)
	w.sql(t, `insert into instrument (area, member_id, bank, kind, account_no, activated, for_payout, opened_on)
		values (610304, 1003, 'psbc', 'card', '62280003', true, true, '2011-03-28')`)
	w.sql(t, fmt.Sprintf(`insert into answer (area, receipt_id, line, batch_id, item_id, outcome, class, code, text,
			bank_reference, disposition, refusal, answered_at)
		values (610304, 2, 1, %d, %d, 'succeeded', 'SUCCESS', '', '', '', 'refused', 'contradicts_outcome', now())`,
		batch.ID, items[4].ID))
	w.today = calendar.MustDay("2011-04-06")
	again := disbursement.Order{Scheme: ledger.Rural, Month: calendar.MustMonth("2011-04"), Kind: disbursement.Reissue}
	_, held := w.roster(t, again)
	want := map[int64]disbursement.Hold{
		1001: "", 1002: disbursement.HeldNotCorrected, 1003: "", 1004: disbursement.HeldNotCorrected,
		1005: disbursement.HeldDoubleCredit,
	}
	if d := cmp.Diff(want, held); d != "" {
		t.Errorf("roster of re-issues: %s", d)
	}
	// Who failed or came back is paid by that alone: another run of the month does not see them.
	if _, held := w.roster(t, disbursement.Order{Scheme: ledger.Rural, Month: march(), Kind: disbursement.Supplementary}); len(held) != 0 {
		t.Errorf("supplementary roster of a month that was answered: %v", held)
	}
	out := w.released(t, again)
	var got []disbursement.Item
	for _, i := range w.payItems(t, out.Batches[0]) {
		got = append(got, disbursement.Item{ //nolint:exhaustruct // what is compared
			Member: i.Member, Month: i.Month, Attempt: i.Attempt, Replaces: i.Replaces, FromSuspense: i.FromSuspense,
			Components: i.Components,
		})
	}
	base := disbursement.Components{Base: 5500, Account: 0, Funeral: 0, OneOff: 0}
	wantItems := []disbursement.Item{
		{Member: 1001, Month: march(), Attempt: 2, Replaces: items[0].ID, FromSuspense: false, Components: base}, //nolint:exhaustruct // as above
		{Member: 1003, Month: march(), Attempt: 2, Replaces: items[2].ID, FromSuspense: true, Components: base},  //nolint:exhaustruct // as above
	}
	if !slices.Equal(wantItems, got) {
		t.Errorf("re-issued: %+v, want %+v", got, wantItems)
	}
	if out.Run.PayDay.String() != "2011-04-25" {
		t.Errorf("re-issues are in place on %s", out.Run.PayDay)
	}
	// What is paid again is not paid a third time while nothing is known of it.
	delete(want, 1001)
	delete(want, 1003)
	if _, held := w.roster(t, again); cmp.Diff(want, held) != "" {
		t.Errorf("roster of re-issues after the first: %s", cmp.Diff(want, held))
	}
	// A re-issue out of suspense that fails is paid again out of suspense.
	second := w.payItems(t, out.Batches[0])[1]
	w.itemFailed(t, second, "RETRY_TECHNICAL")
	w.today = calendar.MustDay("2011-04-26")
	third := w.released(t, again)
	if i := w.payItems(t, third.Batches[0])[0]; i.Attempt != 3 || i.Replaces != second.ID || !i.FromSuspense {
		t.Errorf("third attempt is %+v", i)
	}
	if third.Run.PayDay.String() != "2011-05-25" {
		t.Errorf("the third attempt is in place on %s, want the next pay day", third.Run.PayDay)
	}
}

// Some banks answer by person: two payments of one person stand in two batches.
func TestPayRun_OnePersonStandsInABatchOnce(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 3, 1_000_000)
	for _, month := range []string{"2011-03", "2011-04"} {
		if month == "2011-04" {
			w.today = calendar.MustDay("2011-04-06")
		}
		for _, i := range w.payItems(t, w.released(t, regular(calendar.MustMonth(month))).Batches[0])[:2] {
			w.itemFailed(t, i, "RETRY_TECHNICAL")
		}
	}
	w.today = calendar.MustDay("2011-04-26")
	out := w.released(t, disbursement.Order{Scheme: ledger.Rural, Month: calendar.MustMonth("2011-04"), Kind: disbursement.Reissue})
	var got []string
	for _, b := range out.Batches {
		for _, i := range w.payItems(t, b) {
			got = append(got, fmt.Sprintf("%s: %d %s", b.Number, i.Member, i.Month))
		}
	}
	want := []string{"00000003: 1001 2011-03", "00000003: 1002 2011-03", "00000004: 1001 2011-04", "00000004: 1002 2011-04"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("batches of two months: %s", d)
	}
}

func TestPayRun_OfAnotherAreaIsUnknown(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 1, 0)
	run := w.frozen(t, regular(march())).Run
	w.sql(t, `insert into area values (610303, '金台区');
		insert into organisation (area, kind, name) values (610303, 'agency_business', 'pay');
		insert into person values (601, 'test'), (602, 'test');
		insert into officer (login, person_id, organisation_id, password_hash, created_at)
			select 'other.checker', 601, id, '', now() from organisation where area = 610303;
		insert into duty_grant (login, duty, granted_at) values ('other.checker', 'checker', '2009-09-01')`)
	other := approval.Officer{
		Login: "other.checker", Person: 601, Organisation: approval.AgencyBusiness, Area: 610303, Region: 0,
		Duties: []approval.Duty{approval.Checker},
	}
	if _, err := w.tryApprove(other, verdict(run)); !errors.Is(err, disbursement.ErrRunUnknown) {
		t.Errorf("approve another area's run: %v", err)
	}
	if _, err := w.pay.Run(t.Context(), other, run.ID); !errors.Is(err, disbursement.ErrRunUnknown) {
		t.Errorf("read another area's run: %v", err)
	}
	if _, err := w.pay.Roster(t.Context(), other, run.Roster); !errors.Is(err, disbursement.ErrRosterUnknown) {
		t.Errorf("read another area's roster: %v", err)
	}
	if runs, err := w.pay.Runs(t.Context(), other, disbursement.RunFilter{}); err != nil || len(runs) != 0 { //nolint:exhaustruct // all
		t.Errorf("list another area's runs: %v, %v", runs, err)
	}
	if runs, err := w.pay.Runs(t.Context(), w.checker, disbursement.RunFilter{}); err != nil || len(runs) != 1 { //nolint:exhaustruct // all
		t.Errorf("list one's own runs: %v, %v", runs, err)
	}
}

// A county's month and more, in batches of 20 000; the times are logged.
func TestPayRun_FiftyThousandPayees(t *testing.T) {
	t.Parallel()
	const n = 50_000
	w := newRunWorld(t, n, 2*n*5500)
	w.sql(t, `update bank set row_limit = 20000 where bank = 'psbc'`)
	for _, month := range []calendar.Month{march(), calendar.MustMonth("2011-04")} {
		start := time.Now()
		lap := func(step string) {
			t.Logf("%s: %s %s", month, step, time.Since(start).Round(time.Millisecond))
			start = time.Now()
		}
		drafted := w.draft(t, regular(month))
		lap("roster")
		sent, err := w.trySubmit(w.maker, drafted.Run.ID)
		if err != nil {
			t.Fatal(err)
		}
		lap("freeze")
		run := w.approve(t, sent.Run)
		out, err := w.tryRelease(w.releaser, verdict(run))
		if err != nil {
			t.Fatal(err)
		}
		lap("release")
		if out.Run.Count != n || out.Run.Amount != n*5500 || len(out.Batches) != 3 {
			t.Errorf("run has %d payments of %s in %d batches", out.Run.Count, out.Run.Amount, len(out.Batches))
		}
		for _, b := range out.Batches {
			w.sameFile(t, b)
		}
		lap("files")
	}
	sum := one[int64](t, w.world, `select count(distinct member_id) * 1000000 + count(*) from payment_item`)
	if sum != n*1000000+2*n {
		t.Errorf("members and payments: %d", sum)
	}
}

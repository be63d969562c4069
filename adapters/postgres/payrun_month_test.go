package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/policy"
)

// look is the daily look of a day; it returns the open cases about months.
func (w *runWorld) look(t *testing.T, day string) string {
	t.Helper()
	w.today = calendar.MustDay(day)
	if err := w.pay.WatchMonths(t.Context(), w.today); err != nil {
		t.Errorf("look at %s: %v", day, err)
	}
	var out []string
	for _, kind := range []string{"payrun_due", "payrun_not_released", "calendar_missing"} {
		if subjects := w.openCases(t, kind); subjects != "" {
			out = append(out, kind+" "+subjects)
		}
	}
	return strings.Join(out, "; ")
}

// The pay day of March 2011 is Friday the 25th and its hand-over Tuesday the 22nd;
// five working days before that is Tuesday the 15th.
func TestTheMonthsRunIsAskedForAndMissed(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 3, 1_000_000)
	w.hold(t, 1003, "court", "2011-01-01")
	expect := func(day, want string) {
		t.Helper()
		if got := w.look(t, day); got != want {
			t.Errorf("%s: open cases %q, want %q", day, got, want)
		}
	}
	w.sql(t, `insert into area_rule values (610304, 'draft_days', '2009-09-01', '5', 'test')`)
	before := w.rows(t)
	expect("2011-03-14", "")
	if d := cmp.Diff(before, w.rows(t)); d != "" {
		t.Errorf("a look that finds nothing leaves rows: %s", d)
	}
	expect("2011-03-15", "payrun_due month:rural:2011-03:1")
	before["exception_case"]++
	expect("2011-03-16", "payrun_due month:rural:2011-03:1")
	if d := cmp.Diff(before, w.rows(t)); d != "" {
		t.Errorf("the looks left more than their case: %s", d)
	}
	text := one[string](t, w.world, `select text from exception_case where kind = 'payrun_due'`)
	if !strings.Contains(text, "3 are entitled to 165.00 today, 1 of them are held") || !strings.Contains(text, "2011-03-22") {
		t.Errorf("the case says %q", text)
	}
	expect("2011-03-22", "payrun_due month:rural:2011-03:1; payrun_not_released month:rural:2011-03")
	run := w.approved(t, regular(march()))
	expect("2011-03-22", "payrun_not_released month:rural:2011-03")
	v := verdict(run)
	v.Reason = "the maker was ill"
	w.today = calendar.MustDay("2011-03-23")
	if _, err := w.tryRelease(w.releaser, v); err != nil {
		t.Fatal(err)
	}
	// April's hand-over is Wednesday the 20th.
	expect("2011-04-12", "")
	expect("2011-04-13", "payrun_due month:rural:2011-04:1")
	// A run that was taken back is asked for anew.
	april := w.draft(t, regular(calendar.MustMonth("2011-04"))).Run
	expect("2011-04-14", "")
	_, err := w.pay.Withdraw(t.Context(), w.ask("POST withdraw"), result(new(disbursement.Run)), w.maker, april.ID, "wrong")
	if err != nil {
		t.Fatal(err)
	}
	expect("2011-04-14", "payrun_due month:rural:2011-04:2")
}

// A rule that nobody decided is an error: no screen is left out, and no month goes unseen.
func TestARuleThatIsMissingIsNoDefault(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 2, 1_000_000)
	run := w.approved(t, regular(march()))
	for _, rule := range []string{
		"pay_day", "handover_days", "account_change_hold_days", "amount_review_threshold", "shared_account_holds",
	} {
		w.sql(t, fmt.Sprintf(`update area_rule set effective_from = '2030-01-01' where rule = '%s'`, rule))
		_, err := w.tryDraft(regular(calendar.MustMonth("2011-04")))
		if !errors.Is(err, policy.ErrNoRule) || !strings.Contains(err.Error(), rule) {
			t.Errorf("drafted without %s: %v", rule, err)
		}
		_, err = w.tryRelease(w.releaser, verdict(run))
		if !errors.Is(err, policy.ErrNoRule) || !strings.Contains(err.Error(), rule) {
			t.Errorf("released without %s: %v", rule, err)
		}
		w.sql(t, fmt.Sprintf(`update area_rule set effective_from = '2009-09-01' where rule = '%s'`, rule))
	}
	w.sql(t, `delete from area_rule where rule = 'draft_days'`)
	for range 2 {
		if err := w.pay.WatchMonths(t.Context(), w.today); !errors.Is(err, policy.ErrNoRule) {
			t.Errorf("looked without draft_days: %v", err)
		}
	}
	if got := w.openCases(t, "rule_missing"); got != "pay_runs:rural" {
		t.Errorf("cases of the missing rule: %q", got)
	}
	if _, err := w.tryRelease(w.releaser, verdict(run)); err != nil {
		t.Errorf("with every rule of it: %v", err)
	}
}

// A run that somebody began is still seen when it stays, in the next month as well, until
// it goes.
func TestARunThatIsNotReleasedInTimeIsACase(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 1, 1_000_000)
	run := w.approved(t, regular(march()))
	for _, day := range []string{"2011-03-21", "2011-03-22", "2011-04-08"} {
		want := "payrun_not_released month:rural:2011-03"
		if day == "2011-03-21" {
			want = ""
		}
		if got := w.look(t, day); got != want {
			t.Errorf("%s: open cases %q, want %q", day, got, want)
		}
	}
	v := verdict(run)
	v.Reason = "late"
	if _, err := w.tryRelease(w.releaser, v); err != nil {
		t.Fatal(err)
	}
	if got := w.look(t, "2011-04-08"); got != "" {
		t.Errorf("after the release: open cases %q", got)
	}
}

func TestNobodyEntitledNeedsNoRun(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 1, 0)
	w.sql(t, `insert into area_rule values (610304, 'draft_days', '2009-09-01', '5', 'test')`)
	w.sql(t, `insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
		values (610304, 1001, 'base_pension', '2011-02-01', 0, 'test', 'test', now())`)
	if got := w.look(t, "2011-03-23"); got != "" {
		t.Errorf("open cases %q", got)
	}
}

// Several processes look at one moment.
func TestF14_LooksAtOneMomentAskOnce(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 3, 0)
	w.sql(t, `insert into area_rule values (610304, 'draft_days', '2009-09-01', '5', 'test')`)
	w.today = calendar.MustDay("2011-03-22")
	errs := make([]error, 8)
	var wait sync.WaitGroup
	for i := range errs {
		wait.Go(func() { errs[i] = w.pay.WatchMonths(context.Background(), w.today) })
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	if n := one[int](t, w.world, `select count(*) from exception_case`); n != 2 {
		t.Errorf("%d cases, want the run that is due and the release that is missing", n)
	}
}

// The notice of 2027 is not known: December is looked at as ever, January is an
// error and a case, and its run is refused.
func TestF83_AYearWithoutItsNoticeStopsLoudly(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 1, 1_000_000)
	w.sql(t, `insert into area_rule values (610304, 'draft_days', '2009-09-01', '5', 'test')`)
	w.today = calendar.MustDay("2026-12-16")
	for range 2 {
		if err := w.pay.WatchMonths(t.Context(), w.today); !errors.Is(err, calendar.ErrNoYear) {
			t.Errorf("the look says %v, want ErrNoYear", err)
		}
	}
	got := fmt.Sprint(w.openCases(t, "payrun_due"), "; ", w.openCases(t, "calendar_missing"))
	if want := "month:rural:2026-12:1; calendar:2027-01"; got != want {
		t.Errorf("open cases %q, want %q", got, want)
	}
	if _, err := w.tryDraft(regular(calendar.MustMonth("2027-01"))); !errors.Is(err, disbursement.ErrWorkingDays) {
		t.Errorf("a run whose pay day is not known: %v", err)
	}
}

// Two officers ask for the same month at one moment, two to sixteen times at once.
func TestF87_TwoOfficersAtOneMomentMakeOneRun(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 2, 0)
	w.today = calendar.MustDay("2012-03-10")
	for trial, month := 2, calendar.MustMonth("2011-01"); trial <= 16; trial, month = trial+1, month.Add(1) {
		runs, errs := make([]disbursement.Drafted, trial), make([]error, trial)
		var wait sync.WaitGroup
		for i := range trial {
			by := []approval.Officer{w.maker, w.colleague}[i%2]
			wait.Go(func() {
				_, errs[i] = w.pay.Draft(context.Background(), w.ask("POST /v1/pay-runs"), result(&runs[i]), by, regular(month))
			})
		}
		wait.Wait()
		live := one[int64](t, w.world, `select max(id) from pay_run`)
		won := 0
		for i, err := range errs {
			var f *fault.Error
			switch {
			case err == nil && runs[i].Run.ID == live:
				won++
			case !errors.As(err, &f) || !errors.Is(err, disbursement.ErrRunExists) || f.Subject != fmt.Sprint(live):
				t.Errorf("%s: %v, want one about run %d", month, err, live)
			}
		}
		if n := one[int](t, w.world, `select count(*) from pay_run where month = $1`, month.Day(1).String()); won != 1 || n != 1 {
			t.Errorf("%s: %d officers made %d runs", month, won, n)
		}
	}
}

// The month's batches are unknown: nobody can send them once more by asking again.
func TestF22_ARunThatIsUnknownIsNotMadeAgain(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 3, 1_000_000)
	out := w.released(t, regular(march()))
	w.today = calendar.MustDay("2011-04-01")
	if err := w.pay.WatchAnswers(t.Context(), w.today); err != nil {
		t.Fatal(err)
	}
	if b := w.batchesOf(t, out.Run.ID)[0]; b.State != bank.BatchUnknown {
		t.Fatalf("the batch is %s", b.State)
	}
	var f *fault.Error
	_, err := w.tryDraft(regular(march()))
	if !errors.As(err, &f) || !errors.Is(err, disbursement.ErrRunExists) || f.Subject != fmt.Sprint(out.Run.ID) {
		t.Errorf("the same month again: %v", err)
	}
	_, held := w.roster(t, disbursement.Order{Scheme: ledger.Rural, Month: march(), Kind: disbursement.Supplementary})
	if len(held) > 0 {
		t.Errorf("a supplementary run would pay %v", held)
	}
	v := verdict(out.Run)
	v.Reason = "again"
	if _, err := w.tryRelease(w.releaser, v); !errors.Is(err, disbursement.ErrRunState) {
		t.Errorf("released once more: %v", err)
	}
	if n := one[int](t, w.world, `select count(*) from payment_batch`); n != 1 {
		t.Errorf("%d batches", n)
	}
}

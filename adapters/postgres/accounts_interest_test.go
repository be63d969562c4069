package postgres_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/personal"
	"twoline/gateway/policy"
)

// Two years by hand: taken over on 1 January, paid in May, drawn in August; provisional,
// final above and below it, and what came late.
func TestInterest_TwoYearsByHand(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.rule("interest_rate_provisional", "2024-01-01", "2.00%")
	w.book(ledger.Opening, "2024-01-01", part{1001, ledger.PersonalIndividual, "1000.00", 0}, part{1001, ledger.PersonalInterest, "200.00", 0},
		part{1002, ledger.PersonalIndividual, "600.00", 0})
	w.book(ledger.ContributionReceived, "2024-05-20", part{1001, ledger.PersonalIndividual, "100.00", 2024},
		part{1003, ledger.PersonalIndividual, "1200.00", 2024})
	w.book(ledger.BenefitPaid, "2024-08-25", part{1002, ledger.PersonalIndividual, "-120.00", 0})
	w.book(ledger.ContributionReceived, "2025-02-10", part{1003, ledger.PersonalIndividual, "1200.00", 2025})

	run := w.mustRun(interest(2024, personal.Provisional, ""))
	// 1001: 1200 × 2 % + 100 × 2 % × 7/12 = 24.00 + 1.1667; 1002: 600 × 2 % − 120 × 2 % × 4/12 = 12.00 − 0.80;
	// 1003: 1200 × 2 % × 7/12 = 14.00.
	want := personal.InterestSums{
		Lines: 3, Interest: money.MustParse("50.37"), Before: 0, Rise: money.MustParse("50.37"), Fall: 0, LeftOver: 0,
	}
	if run.Sums != want || run.Percent != "2%" || run.RateDocument != "interest_rate_provisional of 2024-01-01" || run.Round != 0 {
		t.Fatalf("the run is %+v, want %+v", run, want)
	}
	w.holds("200.00+25.17", "11.20", "14.00")
	if got := one[string](t, w.world, `select string_agg(distinct effective_on || ' ' || accounted_on, ',') from entry where kind = 'account_interest'`); got !=
		"2024-12-31 2026-01-15" {
		t.Errorf("interest is booked on %s", got)
	}

	// The final rate lies below it: each account gives back its difference, in red.
	w.rule("interest_rate", "2024-01-01", "1.80%")
	run = w.mustRun(interest(2024, personal.Final, ""))
	// 21.60 + 1.05, 10.80 − 0.72, 12.60
	if run.Sums.Interest != money.MustParse("45.33") || run.Sums.Before != want.Interest || run.Sums.Fall != money.MustParse("5.04") || run.Sums.Rise != 0 {
		t.Fatalf("the final run is %+v", run.Sums)
	}
	w.holds("200.00+22.65", "10.08", "12.60")
	if n := one[int64](t, w.world, `select count(*) from posting where kind = 'account_interest' and red`); n != 4 {
		t.Errorf("%d red lines, want 3 and the control account's", n)
	}

	// The next year rests on it: 1003 begins with 1212.60 and pays in February.
	w.rule("interest_rate", "2025-01-01", "3.00%")
	run = w.mustRun(interest(2025, personal.Final, ""))
	// 1322.65 × 3 % = 39.6795; 490.08 × 3 % = 14.7024; 1212.60 × 3 % + 1200 × 3 % × 10/12 = 36.378 + 30
	if run.Sums.Interest != money.MustParse("120.76") || run.Sums.Lines != 3 {
		t.Fatalf("the next year is %+v", run.Sums)
	}
	w.holds("200.00+22.65+39.68", "10.08+14.70", "12.60+66.38")

	// A contribution of 2024 is booked now: its year is corrected, then the next.
	w.book(ledger.ContributionReceived, "2024-06-30", part{1004, ledger.PersonalIndividual, "2000.00", 2024})
	if _, err := w.ask(interest(2024, personal.Final, "")); !errors.Is(err, personal.ErrInterestMade) {
		t.Fatalf("a second final run: %v", err)
	}
	run = w.mustRun(interest(2024, personal.Final, "late arrival 7"))
	// 2000 × 1.8 % × 6/12
	if run.Round != 1 || run.Sums.Rise != money.MustParse("18.00") || run.Sums.Fall != 0 || run.Sums.Lines != 4 {
		t.Fatalf("the correction is %+v", run)
	}
	run = w.mustRun(interest(2025, personal.Final, "late arrival 7"))
	// 2018 × 3 %
	if run.Sums.Rise != money.MustParse("60.54") {
		t.Fatalf("the next year's correction is %+v", run.Sums)
	}
	w.balanced()
}

// holds compares the interest of the first three members, written as sums.
func (w *accountsWorld) holds(want ...string) {
	w.t.Helper()
	for i, text := range want {
		member := int64(1001 + i)
		if got := w.held(member, ledger.PersonalInterest); got != addUp(text) {
			w.t.Errorf("member %d holds interest of %s, want %s", member, got, text)
		}
	}
}

func addUp(text string) string {
	var sum money.Amount
	for word := range splitOn(text, '+') {
		sum += money.MustParse(word)
	}
	return sum.String()
}

func splitOn(text string, by byte) func(func(string) bool) {
	return func(yield func(string) bool) {
		start := 0
		for i := 0; i <= len(text); i++ {
			if i == len(text) || text[i] == by {
				if !yield(text[start:i]) {
					return
				}
				start = i + 1
			}
		}
	}
}

func (w *accountsWorld) balanced() {
	w.t.Helper()
	if off := one[int64](w.t, w.world, `select coalesce(sum(case when (side = 'debit') <> red then amount else -amount end), 0)::bigint from posting`); off != 0 {
		w.t.Errorf("the book is off by %d fen", off)
	}
}

// What a pension, a return and a refund do to a year's interest.
func TestInterest_WhatLeavesAndComesBack(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.rule("interest_rate", "2024-01-01", "1.20%")
	w.book(ledger.Opening, "2024-01-01", part{1001, ledger.PersonalIndividual, "1000.00", 0}, part{1002, ledger.PersonalIndividual, "1000.00", 0},
		part{1003, ledger.PersonalIndividual, "1000.00", 0})
	w.book(ledger.BenefitPaid, "2024-03-25", part{1001, ledger.PersonalIndividual, "-600.00", 0})
	w.book(ledger.PaymentReturn, "2024-06-10", part{1001, ledger.PersonalIndividual, "600.00", 0})
	w.book(ledger.ContributionReceived, "2024-02-25", part{1002, ledger.PersonalIndividual, "600.00", 2024})
	w.book(ledger.ContributionRefund, "2024-07-25", part{1002, ledger.PersonalIndividual, "-600.00", 2024})
	w.book(ledger.AccountPaidOut, "2024-09-25", part{1003, ledger.PersonalIndividual, "-1000.00", 0})
	run := w.mustRun(interest(2024, personal.Final, ""))
	// 12.00 − 600 × 1.2 % × 3/12; 12.00 + 600 × 1.2 % × 5/12; 12.00 − 1000 × 1.2 % × 3/12
	w.holds("10.20", "15.00", "9.00")
	lines, err := w.personal.InterestLines(t.Context(), w.officer("auditor"), run.ID, 0, 10)
	if err != nil || len(lines) != 3 {
		t.Fatal(lines, err)
	}
	for i, want := range [][2]string{{"1600.00", "600.00"}, {"1600.00", "600.00"}, {"1000.00", "1000.00"}} {
		if in, out := lines[i].PaidIn.String(), lines[i].PaidOut.String(); in != want[0] || out != want[1] {
			t.Errorf("member %d: %s came in and %s went out, want %v", lines[i].Member, in, out, want)
		}
	}
}

// A year waits for the one before it and for the run under way, and after its final run
// there is no provisional one, however it is asked for.
func TestInterest_YearsGoInTheirOrder(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	refused := func(o personal.InterestOrder, want *fault.Error) {
		t.Helper()
		if _, err := w.ask(o); !errors.Is(err, want) {
			t.Errorf("%+v: %v, want %v", o, err, want)
		}
	}
	for _, year := range []string{"2024", "2025", "2027"} {
		w.rule("interest_rate", year+"-01-01", "2.00%")
		w.rule("interest_rate_provisional", year+"-01-01", "2.00%")
	}
	w.book(ledger.ContributionReceived, "2024-05-20", part{1001, ledger.PersonalIndividual, "0.60", 2024})
	refused(interest(2025, personal.Final, ""), personal.ErrYearBefore)
	w.mustRun(interest(2024, personal.Provisional, ""))
	run, err := w.ask(interest(2024, personal.Final, ""))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.approve(run.Decision); err != nil {
		t.Fatal(err)
	}
	refused(interest(2025, personal.Final, ""), personal.ErrInterestOpen)
	w.post()
	refused(interest(2024, personal.Provisional, "letter 7"), personal.ErrInterestMade)
	w.mustRun(interest(2025, personal.Final, ""))
	refused(interest(2025, personal.Provisional, ""), personal.ErrInterestMade)
	w.today = calendar.MustDay("2028-01-15")
	refused(interest(2027, personal.Final, ""), personal.ErrYearBefore)
}

// A fall takes back what the account's interest still holds, and tells the rest.
func TestInterest_AFallThatIsNotThereAnyMore(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.rule("interest_rate_provisional", "2024-01-01", "2.00%")
	w.rule("interest_rate", "2024-01-01", "1.00%")
	w.book(ledger.Opening, "2024-01-01", part{1001, ledger.PersonalIndividual, "1000.00", 0}, part{1002, ledger.PersonalIndividual, "1000.00", 0})
	w.mustRun(interest(2024, personal.Provisional, ""))
	w.book(ledger.AccountPaidOut, "2025-03-25", part{1001, ledger.PersonalIndividual, "-1000.00", 0}, part{1001, ledger.PersonalInterest, "-16.00", 0})
	run := w.mustRun(interest(2024, personal.Final, ""))
	if run.Sums.Fall != money.MustParse("14.00") || run.Sums.LeftOver != money.MustParse("6.00") {
		t.Errorf("taken back %s, left over %s, want 14.00 and 6.00", run.Sums.Fall, run.Sums.LeftOver)
	}
	w.holds("0.00", "10.00")
}

func TestInterest_Refuses(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	refused := func(o personal.InterestOrder, want *fault.Error) {
		t.Helper()
		if _, err := w.ask(o); !errors.Is(err, want) {
			t.Errorf("%+v: %v, want %v", o, err, want)
		}
	}
	w.book(ledger.Opening, "2024-01-01", part{1001, ledger.PersonalIndividual, "1000.00", 0})
	refused(interest(2024, personal.Final, ""), policy.ErrNoRule)
	w.rule("interest_rate", "2024-01-01", "2.00%")
	refused(interest(2024, personal.Provisional, ""), policy.ErrNoRule)
	refused(interest(2026, personal.Final, ""), personal.ErrYearOpen)
	refused(interest(2008, personal.Final, ""), personal.ErrInterest)
	refused(interest(2024, "guessed", ""), personal.ErrInterest)
	refused(personal.InterestOrder{Scheme: "rustic", Year: 2024, Rate: personal.Final, Correction: ""}, personal.ErrInterest)
	refused(interest(2024, personal.Final, "two\nlines"), personal.ErrInterest)
	refused(interest(2024, personal.Final, "letter 7"), personal.ErrNothingToCorrect)
	w.rule("interest_rate", "2023-01-01", "2.00%")
	refused(interest(2023, personal.Final, ""), personal.ErrNoAccounts)
	w.rule("interest_rate", "2025-01-01", "2.00%")
	refused(interest(2025, personal.Final, ""), personal.ErrYearBefore)
	for name, by := range map[string]approval.Officer{"finance": w.officer("finance-maker"), "checker": w.officer("business-checker")} {
		_, err := w.personal.AskInterest(context.Background(), w.request("POST /v1/interest-runs", "", name), result(new(personal.InterestRun)), by,
			interest(2024, personal.Final, ""))
		if !errors.Is(err, approval.ErrDuty) {
			t.Errorf("%s: %v, want %v", name, err, approval.ErrDuty)
		}
	}
	if n := one[int64](t, w.world, `select count(*) from interest_line`); n != 0 {
		t.Errorf("refused runs left %d lines", n)
	}

	first, err := w.ask(interest(2024, personal.Final, ""))
	if err != nil {
		t.Fatal(err)
	}
	refused(interest(2024, personal.Final, ""), personal.ErrInterestOpen)
	_, err = w.desk.Withdraw(context.Background(), w.request("POST withdraw", "", 1), result(new(casework.Request)), w.officer("business-maker"), first.Decision)
	if err != nil {
		t.Fatal(err)
	}
	second, err := w.ask(interest(2024, personal.Final, ""))
	if err != nil {
		t.Fatal(err)
	}
	// Interest of the year that was booked meanwhile was not reckoned with.
	w.book(ledger.AccountInterest, "2024-12-31", part{1001, ledger.PersonalInterest, "3.00", 2024})
	if err := w.approve(second.Decision); !errors.Is(err, approval.ErrDigest) {
		t.Errorf("approved what changed: %v, want %v", err, approval.ErrDigest)
	}
}

// Posting goes on where it was cut off, whatever the day is then.
func TestInterest_PostingGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.rule("interest_rate", "2024-01-01", "1.00%")
	w.sql(t, `insert into member (area, id, id_number, social_no, name, region, scheme, joined_on)
		select 610304, 20000 + g, lpad((61030419500200000 + g)::text, 17, '0') || '0', 'L' || lpad(g::text, 8, '0'),
			'王', 610304101201, 'rural', '2011-01-01' from generate_series(1, 20500) g`)
	w.sql(t, `
		with head as (
			insert into entry (area, id, scheme, kind, cause, accounted_on, effective_on, line_count, text, actor, booked_at)
			values (610304, 5, 'rural', 'opening', 'test:many', '2026-01-15', '2024-01-01', 20501, 'test', 'test', now()) returning *)
		insert into posting (area, entry_id, line, scheme, kind, effective_on, accounted_on, side, role, nature, red, reversal, amount, cause_id, member_id)
		select area, id, 1, scheme, kind, effective_on, accounted_on, 'debit', 'personal_control', 'sum', false, false, 205000000, null, null from head
		union all
		select h.area, h.id, 1 + g, h.scheme, h.kind, h.effective_on, h.accounted_on, 'credit', 'personal_individual', 'item', false, false,
			10000, 50000 + g, 20000 + g from head h cross join generate_series(1, 20500) g`)
	run, err := w.ask(interest(2024, personal.Final, ""))
	if err != nil {
		t.Fatal(err)
	}
	if run.Sums.Lines != 20500 || run.Sums.Rise != money.MustParse("20500.00") {
		t.Fatalf("the run is %+v", run.Sums)
	}
	if err := w.approve(run.Decision); err != nil {
		t.Fatal(err)
	}
	// The third chunk cannot be written: the first two stay.
	w.sql(t, `create function stop_third() returns trigger language plpgsql as $$ begin
		if new.text like '%, 500 accounts' then raise exception 'the power is off'; end if; return new; end $$`)
	w.sql(t, `create trigger stop_third before insert on entry for each row execute function stop_third()`)
	if err := w.personal.PostInterest(context.Background(), chencang, run.ID); err == nil {
		t.Fatal("posted, although the database refuses the last chunk")
	}
	shown, err := w.personal.InterestRun(context.Background(), w.officer("auditor"), run.ID)
	if err != nil || shown.Progress.Count != 20_000 || shown.Progress.Done {
		t.Fatalf("posted so far: %+v, %v", shown.Progress, err)
	}
	w.sql(t, `drop trigger stop_third on entry`)
	w.today = calendar.MustDay("2026-01-16")
	// Its job was given up meanwhile: the next day's look asks anew.
	w.jobs.list = nil
	if err := w.personal.Tick(context.Background()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{personal.InterestApproved{Area: chencang, Run: run.ID}}, w.jobs.list); diff != "" {
		t.Errorf("the look asks for: %s", diff)
	}
	w.post()
	if err := w.personal.Tick(context.Background()); err != nil || len(w.jobs.list) != 0 {
		t.Errorf("of what is posted the look asks for %v, %v", w.jobs.list, err)
	}
	if got := one[string](t, w.world, `select string_agg(accounted_on || ' ' || line_count, ', ' order by id) from entry where kind = 'account_interest'`); got !=
		"2026-01-15 10001, 2026-01-15 10001, 2026-01-16 501" {
		t.Errorf("the entries are %s", got)
	}
	w.balanced()
	lines, err := w.personal.InterestLines(context.Background(), w.officer("auditor"), run.ID, 40_498, 10)
	if err != nil || len(lines) != 2 || lines[1].Member != 40_500 || lines[1].Interest != 100 {
		t.Errorf("the last lines are %+v, %v", lines, err)
	}
}

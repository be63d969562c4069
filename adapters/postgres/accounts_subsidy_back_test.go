package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/personal"
	"twoline/gateway/policy"
)

// subsidyDesk makes, funds and credits lists of subsidies in a county of payers.
type subsidyDesk struct {
	*payerWorld

	personal *personal.Service
}

func newSubsidyDesk(t *testing.T, n int) *subsidyDesk {
	t.Helper()
	w := newRefundWorld(t, n)
	w.sql(t, `insert into area_rule values (610304, 'contribution_subsidies', '2009-09-01', '"50.00:20.00 100.00:30.00"', 'test'),
		(610304, 'contribution_subsidy_payers', '2009-09-01', '"province:50% county:50%"', 'test');
		insert into tier_choice select area, id, 2019, 10000, '2019-01-01' from member`)
	return &subsidyDesk{payerWorld: w, personal: personal.New(w.db.Personal(), func() calendar.Day { return w.today })}
}

func (w *subsidyDesk) lists(t *testing.T, year int) personal.SubsidyRun {
	t.Helper()
	var run personal.SubsidyRun
	_, err := w.personal.MakeSubsidies(t.Context(), w.request("POST subsidies", "", w.keys), result(&run), w.maker,
		personal.SubsidyOrder{Scheme: ledger.Rural, Year: year, DueOn: calendar.MustDay("2019-03-31"), Document: "d"})
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// funded has each level pay what it owes to a list, and asks that it be credited.
func (w *subsidyDesk) funded(t *testing.T, run personal.SubsidyRun) personal.SubsidyRun {
	t.Helper()
	for _, l := range run.Levels {
		w.keys++
		id := int64(7000 + w.keys)
		w.sql(t, fmt.Sprintf(`insert into fund_transfer (area, id, scheme, kind, to_account, amount, purpose, effective_on, document,
			bank_reference, digest, maker, maker_person, made_at, state) values (610304, %[1]d, 'rural', 'subsidy', 12, %[2]d, 'contribution',
			'%[3]s', 'letter', 'F%[1]d', sha256('x'), 'f-maker', 812, now(), 'booked')`, id, l.Amount, w.today))
		_, err := w.personal.NameSubsidy(t.Context(), w.request("POST arrivals", "", w.keys), result(&run), w.maker, run.ID,
			personal.SubsidyPart{Transfer: id, Level: l.Level, Amount: 0})
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.personal.CreditSubsidies(t.Context(), w.request("POST credit", "", w.keys), result(&run), w.maker, run.ID)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func (w *subsidyDesk) credits(t *testing.T, run personal.SubsidyRun) {
	t.Helper()
	if err := w.approve(run.Decision, w.checker); err != nil {
		t.Fatal(err)
	}
	w.jobs.list = nil // done here
	if err := w.personal.PostSubsidies(t.Context(), chencang, run.ID); err != nil {
		t.Fatal(err)
	}
}

// pays has the first members pay 100.00 each for a year, today.
func (w *subsidyDesk) pays(t *testing.T, year int, amounts ...money.Amount) collection.ContributionList {
	t.Helper()
	l := w.list(collection.RelativeList, 11, amounts...)
	l.Year, l.Document = year, fmt.Sprint("doc-", w.keys)
	l = w.approved(t, l)
	if got, err := w.name(w.money(t, "11", fmt.Sprint("R", l.ID), l.Amount).ID, l.ID); err != nil || !got.Agreed {
		t.Fatalf("%+v, %v", got, err)
	}
	w.work(t)
	return l
}

// says is what verification finds of books, accounts and cases; the transfers here are told by hand, and not booked.
func (w *subsidyDesk) says(t *testing.T) string {
	t.Helper()
	var out []string
	for _, f := range verify(t, w.db).Findings {
		for _, b := range f.Breaches {
			if slices.Contains([]string{"accounts", "I1", "I2", "I3", "I5", "I8", "I22", "I27", "I28", "lists", "sum-lines"}, f.ID) &&
				b.Table != "fund_transfer" {
				out = append(out, f.ID+" "+b.Table+" "+b.Text)
			}
		}
	}
	return strings.Join(out, "; ")
}

func (w *subsidyDesk) openAboutSubsidies(t *testing.T) int64 {
	t.Helper()
	return one[int64](t, w.world, `select count(*) from exception_case c where c.kind = 'subsidy_after_refund'
		and not exists (select from exception_closed x where x.area = c.area and x.case_id = c.id)`)
}

// What was credited for contributions that went back as wrong is taken back by the next list, of a later year too: the
// levels owe it so much less, the accounts lose it in red, and the cases end.
func TestTheNextListTakesBackTheSubsidyOfAWrongContribution(t *testing.T) {
	t.Parallel()
	w := newSubsidyDesk(t, 3)
	first := w.pays(t, 2018, 10000, 10000, 10000)
	w.today = calendar.MustDay("2019-01-10")
	w.credits(t, w.funded(t, w.lists(t, 2018)))
	for line := 1; line <= 2; line++ {
		w.payBack(t, w.claim(t, w.lineID(t, first, line)))
	}
	if n := w.openAboutSubsidies(t); n != 2 {
		t.Fatalf("%d cases", n)
	}
	w.pays(t, 2019, 10000, 10000, 10000)
	run := w.lists(t, 2019)
	if run.Amount != 9000 || run.Back != 6000 || run.Net() != 3000 || len(run.Backs) != 2 {
		t.Fatalf("the list is %+v", run)
	}
	for _, l := range run.Levels {
		if l.Amount != 1500 || l.Back != 3000 {
			t.Errorf("%s owes %s, %s less", l.Level, l.Amount, l.Back)
		}
	}
	run = w.funded(t, run)
	about := one[string](t, w.world, fmt.Sprintf(`select about from decision_request where id = %d`, run.Decision))
	if want := "90.00 in all"; !strings.Contains(about, want) || !strings.Contains(about, "taken back from 2 accounts: 60.00, so that 30.00 is owed") {
		t.Errorf("about %q", about)
	}
	// Whose case two people settled otherwise meanwhile is not taken from.
	const settled = `insert into exception_closed (area, case_id, text, closed_by, closed_at) select area, min(id), 'x', 'officer:b-maker', now()
		from exception_case where kind = 'subsidy_after_refund' group by area`
	w.sql(t, settled)
	if err := w.approve(run.Decision, w.checker); fault.CodeOf(err) != "subsidy_run_stale" {
		t.Errorf("a case that ended meanwhile: %v", err)
	}
	w.sql(t, `set session_replication_role = replica; delete from exception_closed where text = 'x'`)
	w.credits(t, run)
	for i, want := range []int64{3000, 3000, 6000} {
		got := one[int64](t, w.world, fmt.Sprintf(`select sum(case when red then -amount else amount end)::bigint from posting
			where role = 'personal_subsidy' and member_id = %d`, w.members[i]))
		if got != want {
			t.Errorf("member %d holds %d fen of subsidies, want %d", w.members[i], got, want)
		}
	}
	if n := w.openAboutSubsidies(t); n != 0 {
		t.Errorf("%d cases are open", n)
	}
	w.balanced(t)
	if got := w.says(t); got != "" {
		t.Errorf("verification says %s", got)
	}
	for edit, c := range map[string][2]string{
		`update subsidy_back set amount = amount - 1`:                          {`update subsidy_back set amount = amount + 1`, "that take 60.00 back, and has"},
		`update subsidy_back set before = before + 1`:                          {`update subsidy_back set before = before - 1`, "reckons with other subsidies"},
		`update contribution_claim set reason = 'employee_scheme'`:             {`update contribution_claim set reason = 'wrong_contribution'`, "no contribution of the year went back as wrong"},
		`update subsidy_level set taken_back = taken_back + 1`:                 {`update subsidy_level set taken_back = taken_back - 1`, "and its levels"},
		`update subsidy_run set taken_back = taken_back + 1 where year = 2019`: {`update subsidy_run set taken_back = taken_back - 1 where year = 2019`, "and its levels owe 30.00"},
		`update posting set amount = amount + 1 where role = 'personal_subsidy' and red`: {
			`update posting set amount = amount - 1 where role = 'personal_subsidy' and red`, "posts -30.01 to member",
		},
		`update entry set cause = cause || 'x' where cause like 'subsidy_run:%:back'`: {
			`update entry set cause = rtrim(cause, 'x') where cause like 'subsidy_run:%:backx'`, "differs from list",
		},
	} {
		if got := w.told(t, edit, c[0]); !strings.Contains(got, c[1]) {
			t.Errorf("%s: verification says %q, want %q", edit, got, c[1])
		}
	}
}

// asksAbout opens the case of a wrong contribution that went back, of which the book holds nothing any more.
func (w *accountsWorld) asksAbout(member int64, year int) {
	w.t.Helper()
	w.sql(w.t, fmt.Sprintf(`with k as (
			insert into contribution_claim (area, cause_id, part, member_id, year, amount, reason, document, asked_by, asked_at)
			values (610304, nextval('fact_id'), 'individual', %d, %d, 10000, 'wrong_contribution', 'd', 'x', now()) returning id)
		insert into exception_case (area, kind, subject, bank, text, opened_on, opened_at)
		select 610304, 'subsidy_after_refund', 'refund:' || id, '', 'x', '2026-01-15', '2026-01-15 08:00+08' from k`, member, year))
}

// A list takes back no more than an account holds, no more than a level owes to it, and asks for money all the same: what
// it leaves stays a case, and waits for a later list.
func TestAListTakesBackNoMoreThanThereIs(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.rule("contribution_subsidies", "2014-07-01", "100.00:30.00")
	w.rule("contribution_subsidy_payers", "2014-07-01", "centre:100%")
	w.rule("contribution_subsidy_payers", "2025-01-01", "county:100%")
	pays := func(year int, members ...int64) {
		for _, m := range members {
			w.book(ledger.ContributionReceived, fmt.Sprintf("%d-05-20", year), part{m, ledger.PersonalIndividual, "100.00", year})
		}
	}
	listed := func(year int, due string) personal.SubsidyRun {
		t.Helper()
		run, err := w.subsidies(personal.SubsidyOrder{Scheme: ledger.Rural, Year: year, DueOn: calendar.MustDay(due), Document: "letter"})
		if err != nil {
			t.Fatal(err)
		}
		return run
	}
	credited := func(run personal.SubsidyRun, transfer int64, level policy.Level) {
		t.Helper()
		_, err := w.arrived(run.ID, w.transfer(transfer, "subsidy", "contribution", "2025-12-20", run.Net().String(), "booked"), level)
		if err != nil {
			t.Fatal(err)
		}
		asked, err := w.credit(run.ID)
		if err == nil {
			err = w.approve(asked.Decision)
		}
		if err != nil {
			t.Fatal(err)
		}
		w.post()
	}
	pays(2024, 1001, 1002)
	credited(listed(2024, "2025-03-31"), 71, policy.Centre)
	pays(2025, 1003, 1004, 1005)
	credited(listed(2025, "2026-03-31"), 72, policy.County)
	// The centre owes nothing to a list of today: what it gave waits. Two of 2025 went back; one account paid out 20.00.
	for member, year := range map[int64]int{1001: 2024, 1003: 2025, 1004: 2025} {
		w.book(ledger.ContributionRefund, fmt.Sprintf("%d-06-20", year), part{member, ledger.PersonalIndividual, "-100.00", year})
		w.asksAbout(member, year)
	}
	w.book(ledger.BenefitPaid, "2025-12-28", part{1004, ledger.PersonalSubsidy, "-20.00", 0})
	w.sql(t, `insert into tier_choice select area, id, 2025, 10000, '2025-01-01' from member on conflict do nothing`)
	pays(2025, 1006)
	if run := listed(2025, "2026-03-31"); run.Amount != 3000 || run.Back != 1000 || run.Backs[0].Member != 1004 || run.Backs[0].Before != 3000 {
		t.Errorf("a list of 30.00 takes back %+v, want the 10.00 that member 1004 holds, so that money is asked for", run.Backs)
	}
	pays(2025, 1007, 1008)
	run := listed(2025, "2026-03-31")
	if run.Amount != 9000 || run.Back != 4000 || len(run.Backs) != 2 || run.Levels[0].Amount != 5000 {
		t.Errorf("a list of 90.00 is %+v", run)
	}
	credited(run, 73, policy.County)
	for member, want := range map[int64]string{1001: "30.00", 1003: "0.00", 1004: "0.00", 1006: "30.00"} {
		if got := w.held(member, ledger.PersonalSubsidy); got != want {
			t.Errorf("member %d holds %s, want %s", member, got, want)
		}
	}
	got := one[string](t, w.world, `select string_agg(k.member_id::text, ',' order by k.member_id) from exception_case c
		join contribution_claim k on c.subject = 'refund:' || k.id
		where not exists (select from exception_closed x where x.area = c.area and x.case_id = c.id)`)
	if got != "1001,1004" {
		t.Errorf("cases of %s are open, want those of whom something remains", got)
	}
	w.balanced()
	// Who pays 2025 after all earns it anew, and what was not taken back counts.
	pays(2025, 1003, 1004)
	if run = listed(2025, "2026-03-31"); run.Amount != 4000 || run.Lines != 2 || run.Back != 0 {
		t.Errorf("a list after they paid again is %+v", run)
	}
}

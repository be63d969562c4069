package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"twoline/adapters/postgres"
	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/approval"
	"twoline/gateway/award"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/personal"
	"twoline/gateway/registry"
)

// supersede asks that a value hold instead of a rule from its first day on.
func (w *world) supersede(t *testing.T, by approval.Officer, rule, from, value string) registry.AskedPolicies {
	t.Helper()
	var out registry.AskedPolicies
	//nolint:exhaustruct // no files
	rules := registry.New(registry.Config{Store: w.db.Registry(), Today: func() calendar.Day { return w.today }})
	_, err := rules.AskPolicies(t.Context(), w.request("POST /v1/policies", "", rule+value), result(&out), by, registry.PolicyAsk{
		Document: "check of the rules", Reason: "misread",
		Rows: []registry.PolicyText{{Rule: rule, From: from, Value: value, Document: "as read again", Supersedes: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// clean fails where verification finds anything in the named invariants.
func (w *world) clean(t *testing.T, ids ...string) {
	t.Helper()
	report, err := w.db.Verify(t.Context(), postgres.Verification{Area: chencang}) //nolint:exhaustruct // plain
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if f, ok := report.Find(id); !ok || !f.Holds() {
			t.Errorf("%s: %+v", id, f.Breaches)
		}
	}
}

// rules are the rows behind a line's base pension, as rule, round and value.
func rulesBehind(list []award.Entitled, rule string) string {
	var out []string
	for _, e := range list {
		for _, r := range e.Rows {
			if r.Rule == rule {
				out = append(out, fmt.Sprintf("%d %s", r.Round, r.Value))
			}
		}
	}
	return strings.Join(out, ",")
}

// An addition that was misread is superseded from its first day: the months that were paid
// are owed their difference once, and what was paid before still tells by which reading.
func TestASupersededAdditionIsOwedOnce(t *testing.T) {
	t.Parallel()
	w := newAwardWorld(t, "1945-03-01", "1946-05-20", "1960-01-01")
	w.pays(t)
	w.fund(t, 13, 10_000_000)
	w.rule(t, "base_pension_additions", "2011-01-01", "county:5.00")
	w.rule(t, "base_pension_payers", "2009-09-01", "centre:100%")
	w.rule(t, "pay_day", "2009-09-01", "25")
	w.entered(t, "2011-01")
	var roster int64
	for _, month := range []string{"2011-01", "2011-02", "2011-03", "2011-04"} {
		w.today = calendar.MustDay(month + "-06")
		out := w.released(t, regular(calendar.MustMonth(month)))
		if out.Run.Amount != 2*60_00 {
			t.Fatalf("%s came to %s", month, out.Run.Amount)
		}
		roster = out.Run.Roster
	}
	w.today = calendar.MustDay("2011-05-10")
	asked := w.supersede(t, w.maker, "base_pension_additions", "2011-01-01", "county:8.00")
	if len(asked.Rows) != 1 || len(asked.Rows[0].Paid) != 4 || asked.Rows[0].Round != 1 {
		t.Errorf("what is touched: %+v", asked.Rows)
	}
	if err := w.decide(w.checker, asked.Request); err != nil {
		t.Fatal(err)
	}
	days := w.supersede(t, w.maker, "pay_day", "2009-09-01", "20")
	if err := w.decide(w.checker, days.Request); err != nil {
		t.Fatal(err)
	}
	if _, err := w.tryDifferences(w.maker, "2011-05"); !errors.Is(err, disbursement.ErrNoDifference) {
		t.Errorf("before an award run: %v", err)
	}
	w.entered(t, "2011-05")
	list := w.differences(t, "2011-05")
	l, err := w.pay.DueList(t.Context(), w.auditor, list.Subject)
	if err != nil || l.Members != 2 || l.Months != 8 || l.Amount != 24_00 || l.Overpaid != 0 {
		t.Errorf("owed: %+v, %v", l, err)
	}
	if out := w.released(t, dues("2011-05")); out.Run.Amount != 24_00 {
		t.Errorf("back pay came to %s", out.Run.Amount)
	}
	may := w.released(t, regular(calendar.MustMonth("2011-05")))
	if may.Run.Amount != 2*63_00 {
		t.Errorf("May came to %s", may.Run.Amount)
	}
	if again := w.entered(t, "2011-06"); again.Lines != 0 {
		t.Errorf("the same again: %+v", again)
	}
	if _, err := w.tryDifferences(w.maker, "2011-06"); !errors.Is(err, disbursement.ErrNoDifference) {
		t.Errorf("the same difference again: %v", err)
	}

	for id, want := range map[int64]string{roster: "0 county:5.00", may.Run.Roster: "1 county:8.00"} {
		why, err := w.awards.WhyLine(t.Context(), w.auditor, id, 1)
		if err != nil || rulesBehind(why.Entitled, "base_pension_additions") != want {
			t.Errorf("roster %d rests on %s, %v; want %s", id, rulesBehind(why.Entitled, "base_pension_additions"), err, want)
		}
	}
	for id, want := range map[int64]string{roster: "[{centre 110.00} {county 10.00}]", may.Run.Roster: "[{centre 110.00} {county 16.00}]"} {
		payers, err := w.awards.Payers(t.Context(), w.auditor, id)
		if got := fmt.Sprint(payers.Shares); err != nil || got != want {
			t.Errorf("roster %d is paid by %s, %v; want %s", id, got, err, want)
		}
	}
	// Runs that were made while the 25th was the pay day have kept the rule.
	w.clean(t, "screens", "I14", "I17", "I28", "rules")
}

// A year's rate that was misread is superseded: the correction of the year puts the
// difference to each account, a second one nothing, and each run names what it took.
func TestInterest_ASupersededRate(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.rule("interest_rate", "2024-01-01", "2.00%")
	w.book(ledger.Opening, "2024-01-01", part{1001, ledger.PersonalIndividual, "1000.00", 0},
		part{1002, ledger.PersonalIndividual, "600.00", 0})
	first := w.mustRun(interest(2024, personal.Final, ""))
	w.holds("20.00", "12.00")
	asked := w.supersede(t, w.officer("business-maker"), "interest_rate", "2024-01-01", "2.50%")
	if got := fmt.Sprint(asked.Rows[0].Credited); got != "[2024]" {
		t.Errorf("years that are touched: %s", got)
	}
	if err := w.approve(asked.ID); err != nil {
		t.Fatal(err)
	}
	run := w.mustRun(interest(2024, personal.Final, "check of the rules"))
	if run.Sums.Rise != money.MustParse("8.00") || run.Sums.Fall != 0 || run.Percent != "2.5%" || run.RateRound != 1 {
		t.Errorf("the correction is %+v", run)
	}
	w.holds("25.00", "15.00")
	run = w.mustRun(interest(2024, personal.Final, "the same again"))
	if run.Sums.Rise != 0 || run.Sums.Fall != 0 {
		t.Errorf("the same again: %+v", run.Sums)
	}
	w.holds("25.00", "15.00")
	runs, err := w.personal.InterestRuns(t.Context(), w.officer("auditor"), personal.RunFilter{ID: first.ID}) //nolint:exhaustruct // one
	if err != nil || len(runs) != 1 || runs[0].Percent != "2%" || runs[0].RateRound != 0 {
		t.Errorf("the first run tells %+v, %v", runs, err)
	}
	w.clean(t, "accounts", "I28", "rules")
	w.sql(t, fmt.Sprintf(`update interest_run set rate_round = 0 where id = %d`, run.ID))
	report, err := w.db.Verify(t.Context(), postgres.Verification{Area: chencang}) //nolint:exhaustruct // plain
	if err != nil {
		t.Fatal(err)
	}
	if f, _ := report.Find("accounts"); f.Holds() || !strings.Contains(f.Breaches[0].Text, "was not asked for as it stands") {
		t.Errorf("another round of the rate: %+v", f.Breaches)
	}
}

// A run that was reckoned at a rate which was superseded since is not approved; a rate of
// another year, or of the other kind, changes nothing of it.
func TestInterest_IsNotApprovedByRulesThatChanged(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.rule("interest_rate", "2024-01-01", "2.00%")
	w.book(ledger.Opening, "2024-01-01", part{1001, ledger.PersonalIndividual, "1000.00", 0})
	run, err := w.ask(interest(2024, personal.Final, ""))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.approve(w.supersede(t, w.officer("business-maker"), "interest_rate", "2024-01-01", "2.50%").ID); err != nil {
		t.Fatal(err)
	}
	if err := w.approve(run.Decision); !errors.Is(err, personal.ErrInterestStale) {
		t.Fatalf("reckoned at 2 %%, approved when the rate was 2.5 %%: %v", err)
	}
	checker := w.officer("business-checker")
	waits, err := w.desk.Request(t.Context(), checker, run.Decision)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.desk.Reject(t.Context(), w.request("POST reject", "", w.keys), result(new(casework.Request)), checker,
		casework.Verdict{ID: run.Decision, Digest: waits.Digest, Reason: "made again"})
	if err != nil {
		t.Fatal(err)
	}
	if run, err = w.ask(interest(2024, personal.Final, "")); err != nil {
		t.Fatal(err)
	}
	w.rule("interest_rate", "2025-01-01", "3.00%")
	w.rule("interest_rate_provisional", "2024-01-01", "1.00%")
	if err := w.approve(run.Decision); err != nil {
		t.Fatal(err)
	}
	w.post()
	w.holds("25.00", "0.00")
	w.d.KeepRules(t)
	w.clean(t, "accounts", "I28", "rules")
	w.sql(t, `update interest_run set rules_digest = sha256('x') where id = `+fmt.Sprint(run.ID))
	report, err := w.db.Verify(t.Context(), postgres.Verification{Area: chencang}) //nolint:exhaustruct // plain
	if err != nil {
		t.Fatal(err)
	}
	if f, _ := report.Find("accounts"); f.Holds() {
		t.Error("other rules of a run are no breach")
	}
}

// What the tax authority collects from a day on, as it is said by now, was the agency's by
// what was known when it was booked: that is no breach, and what is booked after it is one.
func TestVerifyJudgesByTheRuleThatWasKnown(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	booked := func(id, at string) {
		w.sql(t, fmt.Sprintf(`insert into entry (area, id, scheme, kind, cause, accounted_on, effective_on, line_count, text,
			actor, booked_at) values (610304, %[1]s, 'rural', 'contribution', 'test:%[1]s', '2024-05-20', '2024-05-20', 2, 'test', 'test', %[2]s);
			insert into posting (area, entry_id, line, scheme, kind, effective_on, accounted_on, side, role, nature, red, reversal,
				amount, fund_account) select 610304, %[1]s, 1, 'rural', 'contribution', '2024-05-20', '2024-05-20', 'debit', 'income',
				'sum', false, false, 100, id from fund_account where role = 'income'`, id, at))
	}
	breaches := func() string {
		report, err := w.db.Verify(t.Context(), postgres.Verification{Area: chencang}) //nolint:exhaustruct // plain
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, f := range report.Findings {
			for _, b := range f.Breaches {
				if strings.Contains(b.Text, "when the tax authority collects") {
					out = append(out, b.Row)
				}
			}
		}
		return strings.Join(out, ",")
	}
	booked("7", "now() - interval '1 day'")
	asked := w.supersede(t, w.officer("business-maker"), "collection_mode", "2009-09-01", "tax")
	if err := w.approve(asked.ID); err != nil {
		t.Fatal(err)
	}
	if got := breaches(); got != "" {
		t.Errorf("booked while the agency collected: %s", got)
	}
	booked("8", "now() + interval '1 day'")
	if got := breaches(); got != "610304/8 line 1" {
		t.Errorf("booked since: %q", got)
	}
}

// An income account that held money when its month was sealed broke no rule that was said
// only later; a month that is sealed since does.
func TestVerifyJudgesMonthEndsByTheRuleThatWasKnown(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.sql(t, `update area_rule set value = 'false' where area = 610304 and rule = 'income_zero_at_month_end'`)
	w.d.KeepRules(t)
	w.sql(t, `update book set sealed_through = '2024-01-31';
		insert into sealed_day (area, scheme, day, entries, digest, sealed_at, vouchers)
			values (610304, 'rural', '2024-01-31', 0, sha256('x'), now() - interval '1 day', 0);
		insert into sealed_balance (area, scheme, day, role, fund_account, opening, debit, credit, closing, lines)
			select 610304, 'rural', '2024-01-31', 'income', id, 100, 0, 0, 100, 0 from fund_account where role = 'income'`)
	found := func() bool {
		report, err := w.db.Verify(t.Context(), postgres.Verification{Area: chencang}) //nolint:exhaustruct // plain
		if err != nil {
			t.Fatal(err)
		}
		f, ok := report.Find("I12")
		return ok && !f.Holds()
	}
	asked := w.supersede(t, w.officer("business-maker"), "income_zero_at_month_end", "2009-09-01", "true")
	if err := w.approve(asked.ID); err != nil {
		t.Fatal(err)
	}
	if found() {
		t.Error("a month that was sealed before is a breach")
	}
	w.sql(t, `update sealed_day set sealed_at = now() + interval '1 day'`)
	if !found() {
		t.Error("a month that was sealed since is no breach")
	}
}

// The database itself refuses a round that nobody approved, that is not as it was asked
// for, that leaves one out, or that says the same, even from its owner.
func TestAreaRuleRound_NeedsItsDecision(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	_, d := pgtest.Open(t)
	pgtest.SeedBooks(t, d, 610304, ledger.Rural, calendar.MustDay("2011-01-01"))
	for id, row := range map[int]string{7: "'tax', 'x', 1", 9: "'agency', 'x', 1", 11: "'tax', 'x', 2", 13: "'agency', 'x', 2"} {
		word, rest, _ := strings.Cut(row, ",")
		d.Exec(t, fmt.Sprintf(`insert into decision_request (area, id, kind, subject_id, word, document, about, digest, maker,
				maker_person, made_at, state) select 610304, %[1]d, 'policies', %[1]d, 'entered', 'x', 'x', sha256('x'), login,
				person_id, now(), 'approved' from officer where login = 'business-maker.610304';
			insert into policy_asked (area, list_id, row, rule, effective_from, value, document, round)
				values (610304, %[1]d, 1, 'collection_mode', '2009-09-01', to_jsonb(%[2]s::text), %[3]s)`, id, word, rest))
	}
	c, err := pgx.Connect(ctx, d.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx) //nolint:errcheck // a connection of the test
	expect := func(id, round int, value, document, says string) {
		t.Helper()
		got := ""
		_, err := c.Exec(ctx, `insert into area_rule_round (area, rule, effective_from, round, value, document, list_id,
			decision_id, approved_at) values (610304, 'collection_mode', '2009-09-01', $1, to_jsonb($2::text), $3, $4, $4, now())`,
			round, value, document, id)
		if err != nil {
			got = err.Error()
		}
		if (says == "") != (got == "") || !strings.Contains(got, says) {
			t.Errorf("%d %d %s %s: %q, want %q", id, round, value, document, got, says)
		}
	}
	const notSo = "is not as it was asked for and approved"
	expect(7, 1, "tax", "x", notSo)
	d.Exec(t, `insert into approval (area, subject, subject_id, duty, decision, digest, maker_person, person_id, login, decided_at)
		select 610304, 'decision_request', q.id, 'checker', 'approved', sha256('x'), 1, o.person_id, o.login, now()
		from officer o, decision_request q where o.login = 'finance-checker.610304'`)
	expect(7, 1, "agency", "x", notSo)
	expect(7, 1, "tax", "y", notSo)
	expect(7, 2, "tax", "x", notSo)
	expect(9, 1, "agency", "x", "supersedes nothing that says otherwise")
	expect(11, 2, "tax", "x", "supersedes nothing that says otherwise")
	expect(7, 1, "tax", "x", "")
	expect(11, 2, "tax", "x", "supersedes nothing that says otherwise")
	expect(13, 2, "agency", "x", "")
	for _, sql := range []string{"update area_rule_round set document = 'y'", "delete from area_rule_round"} {
		if _, err := c.Exec(ctx, sql); err == nil {
			t.Errorf("%s was done", sql)
		}
	}
}

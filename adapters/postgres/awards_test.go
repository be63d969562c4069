package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/postgres"
	"twoline/gateway/award"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/disbursement"
	"twoline/gateway/entitlement"
	"twoline/gateway/ledger"
	"twoline/gateway/policy"
)

// awardWorld is a county whose members' pensions are computed.
type awardWorld struct {
	*runWorld

	awards *award.Service
	cases  *casework.Service
}

// newAwardWorld is a county of n members without any entitlement, each born on the day
// given, and without a year of contributions.
func newAwardWorld(t *testing.T, born ...string) *awardWorld {
	t.Helper()
	w := &awardWorld{runWorld: &runWorld{world: newWorld(t, len(born))}} //nolint:exhaustruct // filled below
	w.officers(t)
	for i, day := range born {
		w.sql(t, fmt.Sprintf(`update member set id_number = '610304%s%03d0' where id = %d`,
			strings.ReplaceAll(day, "-", ""), i+1, 1001+i))
	}
	today := func() calendar.Day { return w.today }
	w.awards, w.cases = award.New(w.db.Awards(), today), casework.New(w.db.Casework(), today)
	return w
}

func (w *awardWorld) tryRun(scheme ledger.Scheme, month string) (award.Run, error) {
	var out award.Run
	_, err := w.awards.Make(context.Background(), w.ask("POST /v1/award-runs"), result(&out), w.maker,
		award.Order{Scheme: scheme, Month: calendar.MustMonth(month)})
	return out, err
}

func (w *awardWorld) run(t *testing.T, month string) award.Run {
	t.Helper()
	w.today = calendar.MustMonth(month).First().AddDays(9)
	out, err := w.tryRun(ledger.Rural, month)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (w *awardWorld) tryEnter(r award.Run) error {
	var out casework.Request
	_, err := w.cases.Approve(context.Background(), w.ask("POST decisions"), result(&out), w.checker,
		casework.Verdict{ID: r.Decision, Digest: r.DecisionDigest, Reason: ""})
	return err
}

// entered makes a run and has a second person approve it.
func (w *awardWorld) entered(t *testing.T, month string) award.Run {
	t.Helper()
	r := w.run(t, month)
	if r.Lines > 0 {
		if err := w.tryEnter(r); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// stands lists the entitlements of a member in order, as the rows say them.
func (w *awardWorld) stands(t *testing.T, member int) []string {
	t.Helper()
	return strings.Fields(one[string](t, w.world, `
		select coalesce(string_agg(to_char(from_month, 'YYYY-MM') || left(component, 1) || amount, ' '
			order by from_month, component desc, id), '') from entitlement where member_id = $1`, 1000+member))
}

func (w *awardWorld) rule(t *testing.T, rule, from, value string) {
	t.Helper()
	v, err := policy.ParseText(policy.Rule(rule), value)
	if err != nil {
		t.Fatal(err)
	}
	w.sql(t, fmt.Sprintf(`insert into area_rule (area, rule, effective_from, value, document)
		values (610304, '%s', '%s', '%s', 'document of %[1]s from %[2]s')`, rule, from, v.JSON()))
}

// A rise that is decided in May and holds from January is a row from January, and a
// pension of the next run is compared with it.
func TestAwardsBeginRiseAndEndByRuleRows(t *testing.T) {
	t.Parallel()
	w := newAwardWorld(t, "1945-03-01", "1951-05-20", "1960-01-01")
	w.sql(t, `insert into service_years (area, member_id, years, document, entered_by, entered_at) values
		(610304, 1002, 1, 'list 3', 'pay.maker', now()), (610304, 1002, 2, 'list 4', 'pay.maker', now())`)
	w.sql(t, `insert into personal_opening_asked (area, list_id, member_id, individual, collective, subsidy, interest)
		values (610304, 1, 1002, 27800, 0, 0, 0)`)
	w.sql(t, `alter table personal_opening disable trigger all`)
	w.sql(t, `insert into personal_opening (area, id, member_id, individual, collective, subsidy, interest, entered_by,
		entered_at, list_id, decision_id) values (610304, 9, 1002, 27800, 0, 0, 0, 'test', now(), 1, 1)`)
	w.rule(t, "interest_rate", "2011-01-01", "0%")

	first := w.entered(t, "2011-04")
	want := award.Run{Looked: 1, Members: 1, Lines: 1, After: award.Monthly{Base: 55_00, Account: 0}} //nolint:exhaustruct // what is compared
	if first.Looked != want.Looked || first.Lines != want.Lines || first.After != want.After || first.Refused != 0 {
		t.Errorf("April's run is %+v", first)
	}
	if diff := cmp.Diff([]string{"2011-01b5500"}, w.stands(t, 1)); diff != "" {
		t.Errorf("of age at the start, from the book's first month: %s", diff)
	}
	w.rule(t, "base_pension_additions", "2011-03-01", "county:5.00")
	w.rule(t, "extra_for_age", "2011-06-15", "66:3.00")
	may := w.entered(t, "2011-07")
	if diff := cmp.Diff([]string{"2011-01b5500", "2011-03b6000", "2011-07b6300"}, w.stands(t, 1)); diff != "" {
		t.Errorf("a rise from March and an extra from July: %s", diff)
	}
	if diff := cmp.Diff([]string{"2011-06b6000", "2011-06a200"}, w.stands(t, 2)); diff != "" {
		t.Errorf("60 on 20 May, two years of two: %s", diff)
	}
	if got := w.stands(t, 3); len(got) != 0 {
		t.Errorf("who is 51 has %v", got)
	}
	if may.Before.Sum() != 55_00 || may.After != (award.Monthly{Base: 123_00, Account: 2_00}) {
		t.Errorf("July's run is %+v", may)
	}
	if again := w.run(t, "2011-07"); again.Lines != 0 || again.Decision != 0 || again.Before != again.After {
		t.Errorf("the same again has lines: %+v", again)
	}
	w.died(t, 1001, "2011-05-05")
	w.entered(t, "2011-08")
	if diff := cmp.Diff([]string{"2011-01b5500", "2011-03b6000", "2011-06b0", "2011-07b6300", "2011-07b0"},
		w.stands(t, 1)); diff != "" {
		t.Errorf("dead on 5 May, paid for May and not for June: %s", diff)
	}
}

// A rise that is announced in May and holds from January: the rule is a row, the award run
// computes it for everybody, one list owes the four months that were paid, and it is paid
// once beside May's own run.
func TestARiseAnnouncedInMayFromJanuary(t *testing.T) {
	t.Parallel()
	w := newAwardWorld(t, "1945-03-01", "1946-05-20", "1960-01-01")
	w.pays(t)
	w.fund(t, 13, 10_000_000)
	w.entered(t, "2011-01")
	for _, month := range []string{"2011-01", "2011-02", "2011-03", "2011-04"} {
		w.today = calendar.MustDay(month + "-06")
		if out := w.released(t, regular(calendar.MustMonth(month))); out.Run.Amount != 2*55_00 {
			t.Fatalf("%s came to %s", month, out.Run.Amount)
		}
	}
	w.rule(t, "base_pension_additions", "2011-01-01", "county:5.00")
	w.today = calendar.MustDay("2011-05-10")
	if _, err := w.tryDifferences(w.maker, "2011-05"); !errors.Is(err, disbursement.ErrNoDifference) {
		t.Errorf("a rule that no award run has computed: %v", err)
	}
	w.entered(t, "2011-05")
	list := w.differences(t, "2011-05")
	l, err := w.pay.DueList(t.Context(), w.auditor, list.Subject)
	if err != nil || l.Members != 2 || l.Months != 8 || l.Amount != 40_00 || l.Overpaid != 0 {
		t.Errorf("owed: %+v, %v", l, err)
	}
	if out := w.released(t, dues("2011-05")); out.Run.Amount != 40_00 || out.Run.Count != 2 {
		t.Errorf("back pay came to %s for %d", out.Run.Amount, out.Run.Count)
	}
	if out := w.released(t, regular(calendar.MustMonth("2011-05"))); out.Run.Amount != 2*60_00 {
		t.Errorf("May came to %s", out.Run.Amount)
	}
	w.entered(t, "2011-06")
	if _, err := w.tryDifferences(w.maker, "2011-06"); !errors.Is(err, disbursement.ErrNoDifference) {
		t.Errorf("the same rise again: %v", err)
	}
	w.proved(t)
}

// What changed after a run was made makes it stale.
func TestAnAwardRunIsStaleOnceEntitlementsChange(t *testing.T) {
	t.Parallel()
	w := newAwardWorld(t, "1945-03-01")
	r := w.run(t, "2011-04")
	w.sql(t, `insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
		values (610304, 1001, 'base_pension', '2011-04-01', 7000, 'letter', 'test', now())`)
	if err := w.tryEnter(r); !errors.Is(err, award.ErrStale) {
		t.Errorf("a stale run: %v", err)
	}
	if _, err := w.tryRun(ledger.Urban, "2011-04"); !errors.Is(err, award.ErrNoBook) {
		t.Errorf("a scheme without a book: %v", err)
	}
	if _, err := w.tryRun(ledger.Rural, "2011-06"); !errors.Is(err, award.ErrMonth) {
		t.Errorf("two months ahead: %v", err)
	}
	if _, err := w.tryRun(ledger.Rural, "2010-12"); !errors.Is(err, award.ErrMonth) {
		t.Errorf("before the book: %v", err)
	}
}

// A rule that decides the run's months makes it stale, one of later months or of money does not.
func TestAnAwardRunIsStaleOnceItsRulesChange(t *testing.T) {
	t.Parallel()
	for rule, want := range map[[3]string]error{
		{"base_pension_additions", "2011-03-01", "county:5.00"}: award.ErrStale,
		{"interest_rate", "2010-06-01", "2.25%"}:                award.ErrStale,
		{"base_pension_additions", "2011-05-01", "county:5.00"}: nil,
		{"pay_day", "2011-03-01", "20"}:                         nil,
		// An allowance of land-lost farmers decides no pension.
		{"land_lost_allowance", "2011-03-01", "300.00"}: nil,
	} {
		w := newAwardWorld(t, "1945-03-01")
		r := w.run(t, "2011-04")
		w.rule(t, rule[0], rule[1], rule[2])
		if err := w.tryEnter(r); !errors.Is(err, want) {
			t.Errorf("%v: %v", rule, err)
		}
		if want == nil {
			continue
		}
		if again := w.run(t, "2011-04"); w.tryEnter(again) != nil {
			t.Errorf("%v: the run that was made again is not entered", rule)
		}
	}
}

// breaches are what verification says of awards, the first row of each table.
func (w *awardWorld) breaches(t *testing.T) map[string]string {
	t.Helper()
	r, err := w.db.Verify(t.Context(), postgres.Verification{}) //nolint:exhaustruct // everything
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range r.Findings {
		for _, b := range f.Breaches {
			switch b.Table {
			case "award_run", "entitlement", "service_years", "decision_request", "approval", "pay_run":
				out[b.Table] = b.Row + " " + b.Text
			}
		}
	}
	return out
}

// Whoever edits an award behind the triggers' back is named.
func TestVerifySeesAwardsThatWereTamperedWith(t *testing.T) {
	t.Parallel()
	w := newAwardWorld(t, "1945-03-01", "1946-05-20", "1951-05-20")
	w.sql(t, `insert into service_years (area, id, member_id, years, document, entered_by, entered_at)
		values (610304, 31, 1003, 1, 'list 3', 'pay.maker', now())`)
	w.sql(t, `insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
		values (610304, 1003, 'base_pension', '2011-03-01', 5500, 'letter', 'test', now())`)
	w.rule(t, "base_pension_additions", "2011-03-01", "county:5.00")
	r := w.entered(t, "2011-04")
	w.run(t, "2011-05")
	if r.Lines != 4 || r.Refused != 1 {
		t.Fatalf("the run is %+v", r)
	}
	if got := w.breaches(t); len(got) != 0 {
		t.Fatalf("untouched: %v", got)
	}
	const triggersOff = `set session_replication_role = replica; `
	for name, tt := range map[string]struct{ do, undo, table, want string }{
		"an amount of a line": {
			`update award_line set base_pension = base_pension + 1 where seq = 2`,
			`update award_line set base_pension = base_pension - 1 where seq = 2`, "award_run", "no longer has the digest",
		},
		"a line": {
			`update award_line set seq = 9 where seq = 4`, `update award_line set seq = 4 where seq = 9`, "award_run", "has 4 for 2",
		},
		"a rule": {
			`update award_basis set document = document || 'x'`,
			`update award_basis set document = left(document, -1)`, "award_run", "no longer has the digest",
		},
		"who was listed": {
			`update award_refused set member_id = 1001`, `update award_refused set member_id = 1003`, "award_run",
			"no longer has the digest",
		},
		"a sum": {
			`update award_run set base_after = base_after + 1`, `update award_run set base_after = base_after - 1`, "award_run",
			"no longer has the digest",
		},
		"an entitlement": {
			`update entitlement set amount = amount + 1 where document <> 'letter'`,
			`update entitlement set amount = amount - 1 where document <> 'letter'`, "entitlement", "is not what line",
		},
		"one more entitlement": {
			`insert into entitlement (area, id, member_id, component, from_month, amount, document, entered_by, entered_at)
				values (610304, 99, 1003, 'base_pension', '2011-05-01', 1, 'award run 5', 'pay.maker', now())`,
			`delete from entitlement where id = 99`, "entitlement", "rests on award run 5, which was not approved",
		},
		"one entitlement less": {
			`create table taken as select * from entitlement where from_month = '2011-01-01';
				delete from entitlement where from_month = '2011-01-01'`,
			`insert into entitlement select * from taken; drop table taken`, "entitlement", "was approved, and is no entitlement",
		},
		"the approval": {
			`create table taken as select area, run_id, decision_id, approved_at from award_run_approved;
				delete from award_run_approved`,
			`insert into award_run_approved (area, run_id, decision_id, approved_at) select * from taken; drop table taken`,
			"decision_request", "had no effect",
		},
		"the years of another": {
			`update service_years set member_id = 7`, `update service_years set member_id = 1003`, "service_years",
			"who does not exist",
		},
	} {
		w.sql(t, triggersOff+tt.do)
		got := w.breaches(t)
		w.sql(t, triggersOff+tt.undo)
		if !strings.Contains(got[tt.table], tt.want) {
			t.Errorf("%s: %v, want %s: %s", name, got, tt.table, tt.want)
		}
	}
	if got := w.breaches(t); len(got) != 0 {
		t.Errorf("the edits were not undone: %v", got)
	}
}

// A county of fifty, whose rules change while it is awarded month by month, holds to
// the fen what each member is due in each month.
func TestFiftyMembersAreAwardedWhatAClerkReckons(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(20110301, 5))
	born := make([]string, 50)
	for i := range born {
		born[i] = calendar.MustDay("1945-06-01").AddDays(r.IntN(2450)).String()
	}
	w := newAwardWorld(t, born...)
	years, opening, died := make([]int, 50), make([]int64, 50), make([]calendar.Day, 50)
	for i := range born {
		years[i] = r.IntN(4)
		opening[i] = int64(r.IntN(500_000))
		member := 1001 + i
		w.sql(t, fmt.Sprintf(`insert into service_years (area, member_id, years, document, entered_by, entered_at)
			values (610304, %d, %d, 'list', 'pay.maker', now())`, member, years[i]))
		w.sql(t, fmt.Sprintf(`set session_replication_role = replica;
			insert into personal_opening (area, id, member_id, individual, collective, subsidy, interest, entered_by,
				entered_at, list_id, decision_id) values (610304, %[1]d, %[1]d, %[2]d, 0, 0, 0, 'test', now(), 1, 1);
			insert into posting (area, entry_id, line, scheme, kind, effective_on, accounted_on, side, role, nature, red,
				reversal, amount, member_id, year)
			values (610304, %[1]d, 1, 'rural', 'contribution', '2011-03-10', '2011-03-10', 'credit', 'personal_individual',
				'direct', false, false, 20000, %[1]d, 2011), (610304, %[1]d, 2, 'rural', 'contribution_refund', '2011-03-20',
				'2011-03-20', 'credit', 'personal_individual', 'direct', true, false, 5000, %[1]d, 2011)`, member, opening[i]))
	}
	w.rule(t, "interest_rate", "2011-01-01", "0%")
	w.rule(t, "interest_rate", "2012-01-01", "0%")
	additions := map[string]int64{}
	last := calendar.MustMonth("2012-02")
	for month := calendar.MustMonth("2011-02"); month.Compare(last) <= 0; month = month.Add(1) {
		if r.IntN(3) == 0 {
			// Announced now, and holding from up to three months ago.
			from := month.Add(-r.IntN(4))
			if _, ok := additions[from.String()]; !ok {
				additions[from.String()] = int64(1 + r.IntN(9))
				w.rule(t, "base_pension_additions", from.First().String(), fmt.Sprintf("county:%d.00", additions[from.String()]))
			}
		}
		if i := r.IntN(150); i < 50 && died[i].IsZero() {
			died[i] = month.Add(-1).Day(5)
			w.died(t, int64(1001+i), died[i].String())
		}
		w.entered(t, month.String())
	}
	paid := w.paidMonths(t, last)
	for i := range born {
		for month := calendar.MustMonth("2011-01"); month.Compare(last) <= 0; month = month.Add(1) {
			base, account := clerk(calendar.MustDay(born[i]), years[i], opening[i], died[i], month, additions)
			got := paid[fmt.Sprintf("%d %s", 1001+i, month)]
			if want := fmt.Sprintf("%d %d", base, account); got != want {
				t.Errorf("member %d, born %s, %d years, dead on %s: %s pays %s, want %s", 1001+i, born[i], years[i], died[i],
					month, got, want)
			}
		}
	}
	if got := w.breaches(t); got["award_run"]+got["entitlement"] != "" {
		t.Errorf("verification: %v", got)
	}
}

// paidMonths is what each member is paid in each month from the book's first on, by
// the rows: base and account, by member and month.
func (w *awardWorld) paidMonths(t *testing.T, last calendar.Month) map[string]string {
	t.Helper()
	text := one[string](t, w.world, `
		select string_agg(m.id || ' ' || to_char(k, 'YYYY-MM') || '=' || coalesce((select amount from entitlement
				where member_id = m.id and component = 'base_pension' and from_month <= k order by from_month desc, id desc
				limit 1), 0) || ' ' || coalesce((select amount from entitlement where member_id = m.id
				and component = 'account_pension' and from_month <= k order by from_month desc, id desc limit 1), 0), E'\n')
		from member m, generate_series(date '2011-01-01', $1::date, interval '1 month') k`, last.First().String())
	paid := map[string]string{}
	for line := range strings.SplitSeq(text, "\n") {
		key, value, _ := strings.Cut(line, "=")
		paid[key] = value
	}
	return paid
}

// clerk reckons one member and month of that county by hand.
func clerk(
	born calendar.Day, years int, opening int64, died calendar.Day, month calendar.Month, additions map[string]int64,
) (base, account int64) {
	sixty, start := born.AddMonths(720), calendar.MustDay("2009-09-01")
	required := 0
	for d := start; d.Before(sixty) && required < 15; d = d.AddMonths(12) {
		required++
	}
	since, paid := sixty, calendar.MustDay("2011-03-10")
	switch {
	case required > years+1:
		return 0, 0
	case required > years && since.Before(paid):
		since = paid
	}
	if since.Before(start) {
		since = start
	}
	from := since.Month().Add(1)
	if month.Compare(from) < 0 || !died.IsZero() && month.Compare(died.Month()) > 0 {
		return 0, 0
	}
	base = 5500
	for m := calendar.MustMonth("2010-11"); m.Compare(month) <= 0; m = m.Add(1) {
		if yuan, ok := additions[m.String()]; ok {
			base = 5500 + 100*yuan
		}
	}
	if from.Compare(calendar.MustMonth("2010-12")) <= 0 {
		// The account was taken over after the pension began: nobody is awarded.
		return 0, 0
	}
	balance := opening
	if from.Compare(calendar.MustMonth("2011-03")) > 0 {
		balance += 15000
	}
	return base, (2*balance + 139) / 278
}

// A year that was paid before it began does not keep its payer without a pension: the money
// counts from its day, the year from its first.
func TestWhoPaidAheadIsAwarded(t *testing.T) {
	t.Parallel()
	w := newAwardWorld(t, "1951-12-20")
	w.sql(t, `insert into service_years (area, member_id, years, document, entered_by, entered_at)
		values (610304, 1001, 5, 'list', 'pay.maker', now())`)
	for _, year := range []string{"2011", "2012", "2013"} {
		w.rule(t, "interest_rate", year+"-01-01", "0%")
	}
	w.sql(t, `set session_replication_role = replica;
		insert into posting (area, entry_id, line, scheme, kind, effective_on, accounted_on, side, role, nature, red,
			reversal, amount, member_id, year)
		values (610304, 1002, 1, 'rural', 'contribution', '2011-12-20', '2011-12-20', 'credit', 'personal_individual',
			'direct', false, false, 139000, 1001, 2012)`)
	r := w.run(t, "2013-05")
	if r.Refused != 0 || r.Lines == 0 {
		t.Errorf("lines %d, refused %d: %s", r.Lines, r.Refused, one[string](t, w.world,
			`select coalesce(string_agg(reason || ': ' || text, '; '), '') from award_refused`))
	}
	if got := one[int64](t, w.world, `select max(account_pension) from award_line`); got != 1000 {
		t.Errorf("the account gives %d fen a month, want 1000: 1390.00 divided by 139", got)
	}
}

// credited is money on the account of member 1, as the book holds it.
func (w *awardWorld) credited(t *testing.T, entry int, role, kind, on string, amount, year int) {
	t.Helper()
	w.sql(t, fmt.Sprintf(`set session_replication_role = replica;
		insert into posting (area, entry_id, line, scheme, kind, effective_on, accounted_on, side, role, nature, red, reversal, amount,
			member_id, year)
		values (610304, %d, 1, 'rural', '%s', '%s', '%[3]s', 'credit', '%s', 'direct', false, false, %d, 1001, %d)`,
		entry, kind, on, role, amount, year))
}

// The subsidy of the last years comes after the pension began, as most do: it adds to the
// account's pension from the month after, once, and nobody has to look at it. One for a later
// year, and what the member pays, still does.
func TestASubsidyThatComesAfterThePensionBegan(t *testing.T) {
	t.Parallel()
	w := newAwardWorld(t, "1951-05-10")
	w.sql(t, `insert into service_years (area, member_id, years, document, entered_by, entered_at)
		values (610304, 1001, 5, 'list', 'pay.maker', now())`)
	w.credited(t, 1001, "personal_individual", "contribution", "2011-03-10", 13_900_00, 2011)
	w.rule(t, "interest_rate", "2011-01-01", "0%")
	w.rule(t, "interest_rate", "2012-01-01", "0%")
	w.entered(t, "2011-06")
	before := w.stands(t, 1)
	w.credited(t, 1002, "personal_subsidy", "account_subsidy", "2011-11-10", 139_00, 2011)
	if r := w.run(t, "2011-11"); r.Lines != 0 || r.Refused != 0 {
		t.Errorf("in its month: %+v", r)
	}
	if r := w.entered(t, "2012-02"); r.Lines != 1 || r.Refused != 0 {
		t.Errorf("after it: %+v", r)
	}
	want := slices.Concat(before, []string{"2011-12a10100"})
	if got := w.stands(t, 1); !slices.Equal(got, want) {
		t.Errorf("stands %q, want %q", got, want)
	}
	e, err := w.awards.Explain(t.Context(), w.maker, 1001, calendar.MustMonth("2012-02"))
	if err != nil || e.Problem != nil || e.Statement.Pension.Account != 101_00 || !e.Late.IsZero() {
		t.Errorf("explained %+v, %v", e, err)
	}
	if r := w.run(t, "2012-03"); r.Lines != 0 || r.Refused != 0 {
		t.Errorf("again: %+v", r)
	}
	w.credited(t, 1003, "personal_subsidy", "account_subsidy", "2012-03-10", 139_00, 2012)
	if r := w.run(t, "2012-04"); r.Lines != 0 || r.Refused != 1 {
		t.Errorf("of a year in which the pension ran: %+v", r)
	}
}

// An account pension that was fixed by the provisional rate stays, and the explanation says
// so instead of another amount.
func TestAnAccountPensionStaysAsItWasFixed(t *testing.T) {
	t.Parallel()
	w := newAwardWorld(t, "1951-05-10")
	w.sql(t, `insert into service_years (area, member_id, years, document, entered_by, entered_at)
		values (610304, 1001, 5, 'list', 'pay.maker', now())`)
	w.credited(t, 1001, "personal_individual", "contribution", "2011-01-10", 13_900_00, 2011)
	w.rule(t, "interest_rate_provisional", "2011-01-01", "1.2%")
	w.entered(t, "2011-06")
	w.rule(t, "interest_rate", "2011-01-01", "12%")
	w.rule(t, "interest_rate", "2012-01-01", "12%")
	if r := w.run(t, "2012-02"); r.Lines != 0 || r.Refused != 0 {
		t.Errorf("the final rate: %+v", r)
	}
	e, err := w.awards.Explain(t.Context(), w.maker, 1001, calendar.MustMonth("2012-02"))
	if err != nil || e.Problem != nil || e.Statement.Pension.Account != 100_40 ||
		e.Statement.Pension.Total != e.Statement.Pension.Base+100_40 {
		t.Fatalf("explained %+v, %v", e, err)
	}
	var told []string
	for _, b := range e.Because {
		if b.Figure == entitlement.FigureAccount {
			told = append(told, string(b.Reason)+" "+b.Sum)
		}
	}
	if want := "account_fixed 2011-06: 100.40"; !slices.Contains(told, want) {
		t.Errorf("told %q, want %q among it", told, want)
	}
}

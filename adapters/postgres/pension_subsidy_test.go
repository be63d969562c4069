package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/postgres"
	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/policy"
	"twoline/gateway/report"
	"twoline/gateway/subsidy"
)

// subsidyWorld is a county of ten pensioners whose base pensions three levels pay.
type subsidyWorld struct {
	*runWorld

	t             *testing.T
	subsidies     *subsidy.Service
	bureau, clerk approval.Officer
	transfers     int64
}

func newSubsidyWorld(t *testing.T) *subsidyWorld {
	t.Helper()
	w := &subsidyWorld{runWorld: newRunWorld(t, 10, 10_000_000), t: t} //nolint:exhaustruct // filled below
	days, err := calendar.Official()
	if err != nil {
		t.Fatal(err)
	}
	w.subsidies = subsidy.New(w.db.Subsidies(), days, func() calendar.Day { return w.today })
	w.rule("base_pension_payers", "centre:50% province:30% county:20%")
	for person, o := range map[int64]struct {
		officer *approval.Officer
		in      approval.Organisation
	}{601: {&w.bureau, approval.FinanceBureau}, 602: {&w.clerk, approval.AgencyFinance}} {
		login := fmt.Sprintf("fund.%d", person)
		w.sql(t, fmt.Sprintf(`
			insert into person (id, name) values (%[1]d, 'test');
			insert into organisation (area, kind, name) values (610304, '%[2]s', 'fund') on conflict do nothing;
			insert into officer (login, person_id, organisation_id, password_hash, created_at)
				select '%[3]s', %[1]d, id, '', now() from organisation where area = 610304 and kind = '%[2]s' and name = 'fund';
			insert into duty_grant (login, duty, granted_at) values ('%[3]s', 'maker', '2009-09-01')`, person, o.in, login))
		*o.officer = approval.Officer{
			Login: login, Person: person, Organisation: o.in, Area: chencang, Region: 0, Duties: []approval.Duty{approval.Maker},
		}
	}
	return w
}

func (w *subsidyWorld) rule(rule, value string) {
	w.t.Helper()
	w.sql(w.t, fmt.Sprintf(`insert into area_rule values (610304, '%s', '2010-01-01', '"%s"', 'test')`, rule, value))
}

// transfer is one of a subsidy as two people booked it.
func (w *subsidyWorld) transfer(purpose, on, amount, state string) int64 {
	w.t.Helper()
	w.transfers++
	w.sql(w.t, fmt.Sprintf(`insert into fund_transfer (area, id, scheme, kind, to_account, amount, purpose, effective_on,
			document, digest, maker, maker_person, made_at, state)
		values (610304, %d, 'rural', 'subsidy', 12, %d, '%s', '%s', 'letter', sha256('x'), 'fund.601', 601, now(), '%s')`,
		7000+w.transfers, money.MustParse(amount).Fen(), purpose, on, state))
	return 7000 + w.transfers
}

// part is "2011-03 centre 275.00".
func subsidyPart(text string) subsidy.Part {
	f := strings.Fields(text)
	return subsidy.Part{Month: calendar.MustMonth(f[0]), Level: policy.Level(f[1]), Amount: money.MustParse(f[2])}
}

func (w *subsidyWorld) tryName(by approval.Officer, transfer int64, parts ...string) (subsidy.Named, error) {
	var out subsidy.Named
	list := make([]subsidy.Part, len(parts))
	for i, p := range parts {
		list[i] = subsidyPart(p)
	}
	_, err := w.subsidies.Name(context.Background(), w.ask("POST /v1/pension-subsidies/arrivals"), result(&out), by, transfer, list)
	return out, err
}

func (w *subsidyWorld) name(transfer int64, parts ...string) subsidy.Named {
	w.t.Helper()
	out, err := w.tryName(w.bureau, transfer, parts...)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *subsidyWorld) tryWithdraw(by approval.Officer, arrival int64) (subsidy.Named, error) {
	var out subsidy.Named
	_, err := w.subsidies.Withdraw(context.Background(), w.ask("POST /v1/pension-subsidies/arrivals/7/withdraw"), result(&out), by, arrival, "letter 9")
	return out, err
}

func (w *subsidyWorld) of(month string) subsidy.Month {
	w.t.Helper()
	m, err := w.subsidies.Of(w.t.Context(), w.auditor, ledger.Rural, calendar.MustMonth(month))
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

// expect compares a month with "basis: level receivable brought arrived missing ahead; …".
func (w *subsidyWorld) expect(month, want string) {
	w.t.Helper()
	m := w.of(month)
	var levels []string
	for _, l := range m.Levels {
		levels = append(levels, fmt.Sprintf("%s %s %s %s %s %s", l.Level, l.Receivable, l.Brought, l.Arrived, l.Missing, l.Ahead))
	}
	got := string(m.Basis) + ": " + strings.Join(levels, "; ")
	if got != want {
		w.t.Errorf("%s is\n%s, want\n%s", month, got, want)
	}
}

// A month's runs say what each level owes; money that is named for it, and what was ahead,
// says what is missing.
func TestPensionSubsidy_ReceivableAndArrived(t *testing.T) {
	t.Parallel()
	w := newSubsidyWorld(t)
	w.rule("base_pension_additions", "county:5.00")
	w.rule("interest_rate", "1.20%")
	w.sql(t, `update area_rule set effective_from = '2011-01-01' where rule = 'interest_rate'`)
	for member := int64(1001); member <= 1010; member++ {
		w.raise(t, member, "2011-02", 6000+100*max(0, member-1008), "addition")
	}
	w.expect("2011-02", "none: ")
	w.today = calendar.MustDay("2011-02-10")
	w.released(t, regular(calendar.MustMonth("2011-02")))
	// The minimum is 55.00: 27.50, 16.50 and 11.00; the county adds 5.00, and pays the extras, 3.00 in all.
	const owed = "centre 275.00 %s; province 165.00 %s; county 163.00 %s"
	w.expect("2011-02", "runs: "+fmt.Sprintf(owed, "0.00 0.00 275.00 0.00", "0.00 0.00 165.00 0.00", "0.00 0.00 163.00 0.00"))
	w.expect("2011-03", "estimate: "+fmt.Sprintf(owed, "0.00 0.00 275.00 0.00", "0.00 0.00 165.00 0.00", "0.00 0.00 163.00 0.00"))
	if m := w.of("2011-03"); m.EstimatedFrom != calendar.MustMonth("2011-02") || m.DueOn != calendar.MustDay("2011-03-22") ||
		m.WarnOn != calendar.MustDay("2011-03-15") || m.PayDay != calendar.MustDay("2011-03-25") {
		t.Errorf("March is %+v", m)
	}
	// The centre pays a quarter ahead; what is more than February needs carries to March.
	w.today = calendar.MustDay("2011-03-01")
	quarter := w.transfer("base_pension", "2011-02-12", "900.00", "booked")
	w.name(quarter, "2011-02 centre 300.00", "2011-03 centre 100.00")
	named := w.name(quarter, "2011-04 centre 400.00")
	if named.Named != money.MustParse("800.00") || len(named.Arrivals) != 3 {
		t.Errorf("named %+v", named)
	}
	w.name(w.transfer("base_pension", "2011-05-10", "170.00", "booked"), "2011-02 county 163.00")
	w.rule("base_pension_extra_payers", "city:100%")
	w.expect("2011-02", "runs: centre 275.00 0.00 300.00 0.00 25.00; province 165.00 0.00 0.00 165.00 0.00; "+
		"city 3.00 0.00 0.00 3.00 0.00; county 160.00 0.00 163.00 0.00 3.00")
	w.expect("2011-03", "estimate: centre 275.00 25.00 100.00 150.00 0.00; province 165.00 0.00 0.00 165.00 0.00; "+
		"city 3.00 0.00 0.00 3.00 0.00; county 160.00 3.00 0.00 157.00 0.00")
	w.expect("2011-04", "estimate: centre 275.00 0.00 400.00 0.00 125.00; province 165.00 0.00 0.00 165.00 0.00; "+
		"city 3.00 0.00 0.00 3.00 0.00; county 160.00 0.00 0.00 160.00 0.00")
	w.expect("2011-05", "estimate: centre 275.00 125.00 0.00 150.00 0.00; province 165.00 0.00 0.00 165.00 0.00; "+
		"city 3.00 0.00 0.00 3.00 0.00; county 160.00 0.00 0.00 160.00 0.00")
	// February's hand-over was on the 22nd; 163.00 × 1.2 % × 3/12.
	w.today = calendar.MustDay("2011-05-11")
	february := w.of("2011-02")
	if a := february.Levels[3].Arrivals[0]; a.DaysLate != 77 || a.Late != (policy.Late{Months: 3, Interest: 49, Known: true}) {
		t.Errorf("the county's money is %+v", a)
	}
	if a := february.Levels[0].Arrivals[0]; a.DaysLate != 0 || a.Late.Months != 0 || february.Levels[1].DaysLate != 78 {
		t.Errorf("February is %+v", february)
	}
	// What is left of the transfers is told.
	if u := february.Unnamed; len(u) != 2 || u[0].Amount-u[0].Named != money.MustParse("7.00") ||
		u[1].Amount-u[1].Named != money.MustParse("100.00") {
		t.Errorf("not named are %+v", u)
	}
}

// Money is named once, by whom it concerns, and taken back by another person.
func TestPensionSubsidy_NamedOnceAndTakenBack(t *testing.T) {
	t.Parallel()
	w := newSubsidyWorld(t)
	good := w.transfer("base_pension", "2011-03-01", "100.00", "booked")
	for name, c := range map[string]struct {
		by       approval.Officer
		transfer int64
		part     string
		want     error
	}{
		"of contributions":   {w.bureau, w.transfer("contribution", "2011-03-01", "100.00", "booked"), "2011-03 centre 1.00", subsidy.ErrMoney},
		"that is not booked": {w.bureau, w.transfer("base_pension", "2011-03-01", "100.00", "submitted"), "2011-03 centre 1.00", subsidy.ErrMoney},
		"of no transfer":     {w.bureau, 5, "2011-03 centre 1.00", subsidy.ErrMoney},
		"of more than it is": {w.bureau, good, "2011-03 centre 100.01", subsidy.ErrOver},
		"of nobody":          {w.bureau, good, "2011-03 village 1.00", subsidy.ErrMonth},
		"of nothing":         {w.bureau, good, "2011-03 centre 0.00", subsidy.ErrMonth},
		"for a far month":    {w.bureau, good, "2012-04 centre 1.00", subsidy.ErrMonth},
		"by another desk":    {w.maker, good, "2011-03 centre 1.00", approval.ErrDuty},
	} {
		if _, err := w.tryName(c.by, c.transfer, c.part); code(err) != code(c.want) {
			t.Errorf("money %s: %v, want %v", name, err, c.want)
		}
	}
	first := w.name(good, "2011-03 centre 60.00").Arrivals[0]
	if _, err := w.tryName(w.clerk, good, "2011-03 centre 40.01"); !errors.Is(err, subsidy.ErrOver) {
		t.Errorf("more than is left: %v", err)
	}
	if _, err := w.tryWithdraw(w.bureau, first.ID); !errors.Is(err, approval.ErrSamePerson) {
		t.Errorf("taken back by who named it: %v", err)
	}
	back, err := w.tryWithdraw(w.clerk, first.ID)
	if err != nil || back.Named != 0 || len(back.Arrivals) != 0 {
		t.Errorf("taken back %+v, %v", back, err)
	}
	if _, err := w.tryWithdraw(w.clerk, first.ID); !errors.Is(err, subsidy.ErrGone) {
		t.Errorf("taken back twice: %v", err)
	}
	if _, err := w.tryWithdraw(w.clerk, 5); !errors.Is(err, subsidy.ErrUnknown) {
		t.Errorf("nothing taken back: %v", err)
	}
	// Two at the same moment do not name more than there is.
	var wait sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wait.Go(func() { _, errs[i] = w.tryName(w.bureau, good, "2011-03 province 60.00") })
	}
	wait.Wait()
	over := 0
	for _, err := range errs {
		if errors.Is(err, subsidy.ErrOver) {
			over++
		} else if err != nil {
			t.Error(err)
		}
	}
	if over != 3 {
		t.Errorf("%d of 4 are refused: %v", over, errs)
	}
	// The database says so by itself.
	const row = `insert into pension_subsidy_arrival (area, transfer_id, scheme, month, level, amount, arrived_on, named_by,
		named_person, named_at, business_day) values (610304, %d, 'rural', '2011-03-01', 'city', %d, '%s', 'fund.601', 601, now(), now())`
	for name, sql := range map[string]string{
		"too much":      fmt.Sprintf(row, good, 4001, "2011-03-01"),
		"another day":   fmt.Sprintf(row, good, 1, "2011-03-02"),
		"contributions": fmt.Sprintf(row, 7002, 1, "2011-03-01"),
	} {
		if err := w.asApp(t, sql); err == nil || !strings.Contains(err.Error(), "brought no such money") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := w.asApp(t, fmt.Sprintf(`insert into pension_subsidy_withdrawn select area, id, named_person, 'x', named_by, named_person,
		now(), now() from pension_subsidy_arrival where id <> %d`, first.ID)); err == nil ||
		!strings.Contains(err.Error(), "subsidy_taken_back_by_another") {
		t.Errorf("taken back by oneself: %v", err)
	}
}

// lookSubsidies is the daily look of a day; it returns the open cases.
func (w *subsidyWorld) lookSubsidies(day string) string {
	w.t.Helper()
	w.today = calendar.MustDay(day)
	if err := w.subsidies.Watch(w.t.Context(), w.today); err != nil {
		w.t.Errorf("look at %s: %v", day, err)
	}
	var out []string
	for _, kind := range []string{"pension_subsidy_due", "pension_subsidy_late"} {
		if subjects := w.openCases(w.t, kind); subjects != "" {
			out = append(out, strings.TrimPrefix(kind, "pension_subsidy_")+" "+strings.ReplaceAll(subjects, "month:rural:", ""))
		}
	}
	return strings.Join(out, "; ")
}

// March's hand-over is Tuesday the 22nd; five working days before it is Tuesday the 15th.
func TestPensionSubsidy_IsAskedForBeforePayDay(t *testing.T) {
	t.Parallel()
	w := newSubsidyWorld(t)
	expect := func(day, want string) {
		t.Helper()
		if got := w.lookSubsidies(day); got != want {
			t.Errorf("%s: open cases %q, want %q", day, got, want)
		}
	}
	expect("2011-03-15", "") // Nobody was paid by us yet.
	w.frozen(t, regular(march()))
	expect("2011-03-14", "")
	w.name(w.transfer("base_pension", "2011-03-11", "265.00", "booked"), "2011-03 centre 100.00", "2011-03 province 165.00")
	expect("2011-03-15", "due 2011-03:centre:1 2011-03:county:1")
	expect("2011-03-22", "due 2011-03:centre:1 2011-03:county:1")
	text := one[string](t, w.world, `select text from exception_case where subject like '%centre:1'`)
	if text != "centre owes 275.00 for the base pensions of rural of 2011-03; 100.00 arrived and 175.00 is missing; it is due "+
		"at the hand-over on 2011-03-22, pay day is 2011-03-25" {
		t.Errorf("the case says %q", text)
	}
	// It ends with the money, at once.
	centre := w.name(w.transfer("base_pension", "2011-03-22", "175.00", "booked"), "2011-03 centre 175.00").Arrivals[0]
	if got := w.openCases(t, "pension_subsidy_due"); got != "month:rural:2011-03:county:1" {
		t.Errorf("with the money there are open %s", got)
	}
	expect("2011-03-23", "due 2011-03:county:1; late 2011-03:county:1")
	// What was named wrongly is missing again, and asked for anew.
	if _, err := w.tryWithdraw(w.clerk, centre.ID); err != nil {
		t.Fatal(err)
	}
	expect("2011-03-23", "due 2011-03:centre:2 2011-03:county:1; late 2011-03:centre:1 2011-03:county:1")
	// A case that a person closed stays closed.
	w.sql(t, `insert into exception_closed select area, id, 'known', 'officer:x', now() from exception_case
		where subject like '%county:1' and kind = 'pension_subsidy_due'`)
	expect("2011-03-24", "due 2011-03:centre:2; late 2011-03:centre:1 2011-03:county:1")
	w.name(centre.Transfer, "2011-03 centre 175.00")
	// Months later it ends still, though the look goes no further back.
	expect("2011-06-01", "late 2011-03:county:1")
	w.name(w.transfer("base_pension", "2011-05-30", "110.00", "booked"), "2011-03 county 110.00")
	expect("2011-06-01", "")
}

// An estimate says so; without a decision about who pays, nobody is asked.
func TestPensionSubsidy_AnEstimateSaysSo(t *testing.T) {
	t.Parallel()
	w := newSubsidyWorld(t)
	w.today = calendar.MustDay("2011-02-10")
	w.released(t, regular(calendar.MustMonth("2011-02")))
	w.name(w.transfer("base_pension", "2011-02-11", "550.00", "booked"), "2011-02 centre 275.00", "2011-02 province 165.00",
		"2011-02 county 110.00")
	w.sql(t, `update area_rule set rule = 'base_pension_nobody' where area = 610304 and rule = 'base_pension_payers'`)
	w.sql(t, `delete from area_rule where rule = 'base_pension_nobody'`)
	if got := w.lookSubsidies("2011-03-16"); got != "" {
		t.Errorf("nobody decided who pays, and %s is open", got)
	}
	if _, err := w.subsidies.Of(t.Context(), w.auditor, ledger.Rural, march()); !errors.Is(err, policy.ErrNoRule) {
		t.Errorf("nobody decided who pays: %v", err)
	}
	w.rule("base_pension_payers", "county:100%")
	if got := w.lookSubsidies("2011-03-16"); got != "due 2011-02:county:1 2011-03:county:1; late 2011-02:county:1" {
		t.Errorf("open are %s", got)
	}
	text := one[string](t, w.world, `select text from exception_case where subject like '%2011-03:county:1'`)
	if !strings.Contains(text, "(estimated by the run of 2011-02)") {
		t.Errorf("the case says %q", text)
	}
	if _, err := w.subsidies.Of(t.Context(), w.auditor, ledger.LandLost, march()); !errors.Is(err, subsidy.ErrMonth) {
		t.Errorf("the land-lost have a fund of their own: %v", err)
	}
}

// What is paid later counts where it is paid, and as what raised it; what is paid again does
// not count again, and what was recalled not at all.
func TestPensionSubsidy_DifferencesCountWhereTheyArePaid(t *testing.T) {
	t.Parallel()
	w := newSubsidyWorld(t)
	w.hold(t, 1010, "manual", "2011-01-01")
	for _, month := range []string{"2011-02", "2011-03"} {
		w.today = calendar.MustDay(month + "-10")
		out := w.released(t, regular(calendar.MustMonth(month)))
		if month == "2011-03" {
			w.itemFailed(t, w.payItems(t, out.Batches[0])[1], "RETRY_TECHNICAL")
		}
	}
	w.expect("2011-03", "runs: centre 247.50 0.00 0.00 247.50 0.00; province 148.50 0.00 0.00 148.50 0.00; county 99.00 0.00 0.00 99.00 0.00")
	// In April the county adds 5.00 from February on, and a member has 2.00 for years.
	w.sql(t, `insert into area_rule values (610304, 'base_pension_additions', '2011-02-01', '"county:5.00"', 'test')`)
	w.raise(t, 1001, "2011-02", 6200, "rise")
	w.raise(t, 1002, "2011-02", 6000, "rise")
	w.today = calendar.MustDay("2011-04-06")
	w.differences(t, "2011-04")
	again := regular(march())
	again.Kind = disbursement.Reissue
	w.released(t, again)
	paid := w.released(t, dues("2011-04"))
	// March is as it was owed then, though more is decided for it now.
	w.expect("2011-03", "runs: centre 247.50 0.00 0.00 247.50 0.00; province 148.50 0.00 0.00 148.50 0.00; "+
		"county 99.00 0.00 0.00 99.00 0.00")
	// No regular run of April is frozen: March stands for it. The differences are 2 × (7.00 + 5.00),
	// all of them the county's.
	w.expect("2011-04", "estimate: centre 247.50 0.00 0.00 247.50 0.00; province 148.50 0.00 0.00 148.50 0.00; "+
		"county 123.00 0.00 0.00 123.00 0.00")
	if _, err := w.tryRecall(w.releaser, paid.Batches[0].ID); err != nil {
		t.Fatal(err)
	}
	w.expect("2011-04", "estimate: centre 247.50 0.00 0.00 247.50 0.00; province 148.50 0.00 0.00 148.50 0.00; "+
		"county 99.00 0.00 0.00 99.00 0.00")
	// The migration counts what was frozen before it as the freeze does.
	const counted = `select string_agg(k::text, ' ' order by k::text) from payment_batch_base k`
	frozen := one[string](t, w.world, counted)
	migration, err := os.ReadFile("migrations/00024_pension_subsidies.sql")
	if err != nil {
		t.Fatal(err)
	}
	_, insert, _ := strings.Cut(string(migration), "insert into payment_batch_base")
	insert, _, _ = strings.Cut(insert, ";")
	w.sql(t, `delete from payment_batch_base`)
	w.sql(t, `insert into payment_batch_base`+insert)
	if d := cmp.Diff(frozen, one[string](t, w.world, counted)); d != "" {
		t.Errorf("counted otherwise: %s", d)
	}
}

// What was named or taken back by hand has no answer, and what is gone was answered.
func TestVerifySeesArrivalsThatNobodyAskedFor(t *testing.T) {
	t.Parallel()
	w := newSubsidyWorld(t)
	named := w.name(w.transfer("base_pension", "2011-03-01", "300.00", "booked"), "2011-03 centre 200.00", "2011-03 county 100.00")
	if _, err := w.tryWithdraw(w.clerk, named.Arrivals[1].ID); err != nil {
		t.Fatal(err)
	}
	said := func(sql string) string {
		t.Helper()
		if sql != "" {
			w.sql(t, sql)
		}
		proof, err := w.db.Verify(t.Context(), postgres.Verification{}) //nolint:exhaustruct // everything
		if err != nil {
			t.Fatal(err)
		}
		f, _ := proof.Find("I25")
		var out []string
		for _, b := range f.Breaches {
			if strings.Contains(b.Row+b.Text, "pension") {
				out = append(out, b.Row+" "+b.Text)
			}
		}
		return strings.Join(out, "; ")
	}
	if got := said(""); got != "" {
		t.Fatalf("before anything was changed: %s", got)
	}
	const off = `set session_replication_role = replica; `
	for _, c := range []struct{ sql, back, want string }{
		{
			`update pension_subsidy_arrival set named_at = named_at - interval '1 second' where level = 'centre'`,
			`update pension_subsidy_arrival set named_at = named_at + interval '1 second' where level = 'centre'`,
			"/pension_subsidy_arrival ",
		},
		{
			`update pension_subsidy_withdrawn set withdrawn_at = withdrawn_at + interval '1 second'`,
			`update pension_subsidy_withdrawn set withdrawn_at = withdrawn_at - interval '1 second'`,
			"/pension_subsidy_withdrawn ",
		},
		{`delete from pension_subsidy_withdrawn`, ``, "its effect is not there"},
		{`delete from pension_subsidy_arrival`, ``, "pension-subsidies/arrivals"},
	} {
		if got := said(off + c.sql); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q", c.sql, got)
		}
		if c.back != "" {
			w.sql(t, off+c.back)
		}
	}
}

// A year's report has what came by level as it is named, and what is not named as that.
func TestFundYear_SplitsSubsidiesByLevel(t *testing.T) {
	t.Parallel()
	w := newSubsidyWorld(t)
	named := w.name(w.transfer("base_pension", "2011-02-01", "300.00", "booked"), "2011-03 centre 200.00", "2011-03 county 70.00")
	if _, err := w.tryWithdraw(w.clerk, named.Arrivals[1].ID); err != nil {
		t.Fatal(err)
	}
	w.name(w.transfer("base_pension", "2011-02-02", "50.00", "booked"), "2011-04 province 30.00", "2011-03 centre 20.00")
	w.transfer("contribution", "2011-02-03", "9.00", "booked")
	w.transfer("unspecified", "2011-01-04", "8.00", "booked")
	w.transfer("base_pension", "2011-02-05", "7.00", "submitted")
	w.transfer("base_pension", "2010-12-31", "6.00", "booked")
	year := func() report.FundYear {
		t.Helper()
		y, err := report.NewService(w.db.Reports()).FundYear(t.Context(), w.auditor,
			report.AskYear{Scheme: ledger.Rural, Year: 2011, Open: true})
		if err != nil {
			t.Fatal(err)
		}
		return y
	}
	y := year()
	want := "[{base_pension centre 220.00} {base_pension province 30.00} {base_pension  100.00} {contribution  9.00} {unspecified  8.00}]"
	if got := fmt.Sprint(y.Subsidies); got != want {
		t.Errorf("the year has %s, want %s", got, want)
	}
	paper := &textSheet{} //nolint:exhaustruct // empty
	if err := y.Write(paper, report.Chinese); err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(paper.lines, "\n"); !strings.Contains(text, "本年到账财政补贴(按级次)|||367.00") ||
		!strings.Contains(text, "基础养老金补助 · 中央|||220.00") || !strings.Contains(text, "缴费补贴 · 级次未注明|||9.00") {
		t.Errorf("the paper says %s", text)
	}
}

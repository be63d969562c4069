package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/gateway/lifeevent"
	"twoline/gateway/money"
	"twoline/gateway/registry"
)

// pays releases a run, and the bank pays all of it on the 25th.
func (w *lifeWorld) pays(t *testing.T, o disbursement.Order) {
	t.Helper()
	for _, b := range w.released(t, o).Batches {
		items := w.payItems(t, b)
		w.today = o.Month.Day(25)
		for _, i := range items {
			line := paidLine(i)
			line.ValueDate = w.today
			w.answer(t, b, line)
		}
	}
}

// paidByEveryCause has members 1001 and 1002 paid March and May by the month's run, April
// by the end of a stop, and a rise of 15.00 from March on by a list of differences.
func paidByEveryCause(t *testing.T) *lifeWorld {
	t.Helper()
	w := newLifeWorld(t, 3)
	for _, m := range []int64{1001, 1002} {
		w.sql(t, fmt.Sprintf(`insert into entitlement (area, member_id, component, from_month, amount, document, entered_by,
			entered_at) values (610304, %d, 'account_pension', '2011-01-01', 1000, 'test', 'test', now())`, m))
		w.personal(t, m, 8000, 2000)
		w.hold(t, m, "certification_overdue", "2011-04-01")
	}
	w.paysMonth(t, "2011-03")
	w.paysMonth(t, "2011-04")
	for i := range 2 {
		err := w.endHold(t, one[int64](t, w.world, `select id from payment_hold order by id offset $1 limit 1`, i))
		if err != nil {
			t.Fatal(err)
		}
	}
	w.today = calendar.MustDay("2011-05-01")
	w.pays(t, dues("2011-05"))
	w.paysMonth(t, "2011-05")
	w.raise(t, 1001, "2011-03", 7000, "rise")
	w.raise(t, 1002, "2011-03", 7000, "rise")
	w.today = calendar.MustDay("2011-05-27")
	w.differences(t, "2011-06")
	w.today = calendar.MustDay("2011-06-01")
	w.pays(t, dues("2011-06"))
	return w
}

// What the dead were owed is the estate's up to the month of the death and nobody's after it,
// by name: no run pays it, none takes up what nobody is owed, and a notice that is taken back
// makes it the member's again.
func TestDuesOfTheDeadAreNamed(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 3)
	for _, m := range []string{"2011-03", "2011-04", "2011-05"} {
		w.paysMonth(t, m)
	}
	for _, m := range []int64{1001, 1002, 1003} {
		w.raise(t, m, "2011-04", 7000, "rise")
	}
	w.today = calendar.MustDay("2011-05-27")
	w.differences(t, "2011-06")
	w.died(t, 1001, "2011-04-20")
	w.died(t, 1002, "2011-03-02")
	standing := func(f disbursement.DueFilter) string {
		t.Helper()
		list, err := w.pay.Dues(t.Context(), w.auditor, f)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, d := range list {
			out = append(out, fmt.Sprintf("%d %s %s %s", d.Member, d.Standing, d.Sum(), d.Estate))
		}
		return strings.Join(out, ", ")
	}
	all := disbursement.DueFilter{}            //nolint:exhaustruct // everything
	open := disbursement.DueFilter{Open: true} //nolint:exhaustruct // what is open
	w.today = calendar.MustDay("2011-06-01")
	if got := standing(all); got != "1001 estate 30.00 15.00, 1002 not_owed 30.00 0.00, 1003 open 30.00 0.00" {
		t.Errorf("dues: %s", got)
	}
	if got := standing(open); got != "1001 estate 30.00 15.00, 1003 open 30.00 0.00" {
		t.Errorf("open dues: %s", got)
	}
	_, held := w.roster(t, dues("2011-06"))
	if len(held) != 2 || held[1001] != disbursement.HeldDeceased || held[1003] != "" {
		t.Errorf("roster: %v", held)
	}
	w.pays(t, dues("2011-06"))
	if got := standing(open); got != "1001 estate 30.00 15.00" {
		t.Errorf("open after the run: %s", got)
	}
	w.sql(t, fmt.Sprintf(`insert into death_withdrawn values (610304, 1002, 'a mistake', 'test', now(), %d)`,
		w.decided(t, "notice", "taken_back", 1002)))
	if got := standing(disbursement.DueFilter{Member: 1002}); got != "1002 open 30.00 0.00" { //nolint:exhaustruct // one member
		t.Errorf("after the notice was taken back: %s", got)
	}
}

// Whoever was decided a pension after the run of a month is unpaid, and a case says so once
// the pay day is over; a supplementary run of the month ends it, and so does a hold.
func TestMonthsOfALateAwardHaveACase(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 3)
	w.alter(t, `create table kept as select area, member_id, component, amount, entered_by from entitlement
		where member_id in (1002, 1003);
		delete from entitlement where member_id in (1002, 1003)`)
	late := func(member int64) {
		t.Helper()
		w.alter(t, fmt.Sprintf(`insert into entitlement (area, member_id, component, from_month, amount, document,
			entered_by, entered_at)
			select area, member_id, component, '2011-03-01', amount, 'late', entered_by, now() from kept
			where member_id = %d`, member))
	}
	w.paysMonth(t, "2011-03")
	late(1002) // April's run pays April.
	w.paysMonth(t, "2011-04")
	look := func(day, want string) {
		t.Helper()
		w.today = calendar.MustDay(day)
		for range 2 {
			if err := w.pay.WatchAnswers(t.Context(), w.today); err != nil {
				t.Fatal(err)
			}
		}
		if got := w.openCases(t, "pension_unpaid"); got != want {
			t.Errorf("on %s unpaid months have cases %q, want %q", day, got, want)
		}
	}
	look("2011-03-24", "")
	look("2011-04-26", "month:rural:2011-03:1")
	late(1003)
	look("2011-04-24", "month:rural:2011-03:1")
	look("2011-04-26", "month:rural:2011-03:1 month:rural:2011-04:1")
	w.pays(t, disbursement.Order{
		Scheme: ledger.Rural, Month: calendar.MustMonth("2011-03"), Kind: disbursement.Supplementary, Items: nil, Dues: false,
	})
	look("2011-04-27", "month:rural:2011-04:1")
	w.hold(t, 1003, "investigation", "2011-04-01")
	look("2011-04-28", "")
	w.alter(t, `update payment_hold set from_month = '2011-05-01'`)
	look("2011-04-29", "month:rural:2011-04:2")
	// Nothing is owed for a month of a sentence.
	s := lifeevent.Sentence{Member: 1003, BeganOn: calendar.MustDay("2011-03-01")} //nolint:exhaustruct // open
	if _, err := w.sentenced(t, s); err != nil {
		t.Fatal(err)
	}
	look("2011-04-30", "")
}

func months(r lifeevent.Recovery) string {
	var out []string
	for _, l := range r.Lines {
		out = append(out, fmt.Sprintf("%s %s+%s", l.Month, l.Base, l.Account))
	}
	return strings.Join(out, ", ")
}

// What a month's run, the end of a stop and a difference paid for months of which nothing
// was owed is recovered, month by month: after a death with the account's pension, beside
// another pension the base pension alone.
func TestARecoveryHasTheMonthsOfEveryCause(t *testing.T) {
	t.Parallel()
	w := paidByEveryCause(t)
	w.died(t, 1001, "2011-03-15")
	w.twice(t, 1002, "2011-04")
	for range 2 {
		if err := w.life.Watch(t.Context(), w.today); err != nil {
			t.Fatal(err)
		}
	}
	dead, twice := w.recovery(t, 1001), w.recovery(t, 1002)
	if got := months(dead); got != "2011-04 55.00+10.00, 2011-04 15.00+0.00, 2011-05 55.00+10.00, 2011-05 15.00+0.00" {
		t.Errorf("after the death: %s", got)
	}
	if dead.Reason != lifeevent.AfterDeath || dead.Since.String() != "2011-04" || dead.Drawn.Total() != 20_00 {
		t.Errorf("after the death: %+v", dead)
	}
	if got := months(twice); got != "2011-04 55.00+0.00, 2011-04 15.00+0.00, 2011-05 55.00+0.00, 2011-05 15.00+0.00" {
		t.Errorf("beside another pension: %s", got)
	}
	if twice.Reason != lifeevent.DrawnTwice || twice.Since.String() != "2011-04" || twice.Drawn.Total() != 0 ||
		twice.State() != lifeevent.RecoveryOpen {
		t.Errorf("beside another pension: %+v", twice)
	}
	if text := w.found(t); text != "" {
		t.Errorf("verification: %s", text)
	}
	w.alter(t, `update recovery_line set month = '2011-03-01' where month = '2011-05-01' and base_pension = 1500`)
	if text := w.found(t); strings.Count(text, "for a month after no death")+strings.Count(text, "beside no other") != 2 {
		t.Errorf("verification of months that were owed: %s", text)
	}
}

// twice reports that a member draws another pension from a month on.
func (w *lifeWorld) twice(t *testing.T, member int64, month string) {
	t.Helper()
	err := w.db.Registry().InTx(t.Context(), func(tx registry.Tx) error {
		return tx.InsertHolds(t.Context(), chencang, "test", []registry.Hold{{ //nolint:exhaustruct // a hold
			Member: member, Reason: registry.HoldOtherPension, From: calendar.MustMonth(month), Text: "roll",
		}})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *lifeWorld) alter(t *testing.T, sql string) {
	t.Helper()
	w.sql(t, `set session_replication_role = replica; `+sql)
}

// The hold itself opens the case. It is settled out of the account but its subsidy, and the
// rest is asked of the other pension; a hold that ends before a plan voids it, after it not.
func TestADoublePensionIsSettledAndTheRestAsked(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 2)
	w.personal(t, 1001, 8000, 2000)
	for _, m := range []string{"2011-03", "2011-04", "2011-05"} {
		w.paysMonth(t, m)
	}
	w.twice(t, 1001, "2011-04")
	w.twice(t, 1002, "2011-03")
	r := w.recovery(t, 1001)
	if r.Total() != 110_00 || r.OpenedOn.IsZero() {
		t.Fatalf("case %+v", r)
	}
	_, o, err := w.life.Recovery(t.Context(), w.auditor, r.ID)
	if err != nil || o.FromAccount != 100_00 || o.OfDrawn != 0 || o.FromFuneral != 0 || o.Asked != 10_00 {
		t.Fatalf("offer %+v, %v", o, err)
	}
	plan := lifeevent.Plan{ //nolint:exhaustruct // the service's
		Case: r.ID, AskedOf: lifeevent.OtherPension, Document: "minute",
		Instalments: []lifeevent.Instalment{{DueOn: w.today.AddDays(30), Amount: 10_00}},
	}
	if _, err := w.life.AskPlan(t.Context(), w.ask("POST plan"), result(&plan), w.maker, plan); err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, plan.Decision); err != nil {
		t.Fatal(err)
	}
	if held := w.held(t, 1001); held != 0 {
		t.Errorf("the account holds %s", held)
	}
	for _, member := range []int64{1001, 1002} {
		hold := one[int64](t, w.world, `select id from payment_hold where member_id = $1`, member)
		if err := w.endHold(t, hold); err != nil {
			t.Fatal(err)
		}
	}
	if r = w.recovery(t, 1001); r.State() != lifeevent.RecoveryPlanned || r.Open() != 10_00 {
		t.Errorf("a planned case after the hold: %s, %s open", r.State(), r.Open())
	}
	look := func(want string) {
		t.Helper()
		for range 2 {
			if err := w.life.Watch(t.Context(), w.today); err != nil {
				t.Fatal(err)
			}
		}
		if got := w.openCases(t, "instalment_overdue"); got != want {
			t.Errorf("on %s overdue instalments have cases %q, want %q", w.today, got, want)
		}
	}
	w.today = w.today.AddDays(30)
	look("")
	w.today = w.today.AddDays(1)
	look(fmt.Sprintf("recovery:%d:%d:1", r.ID, plan.ID))
	receipt := lifeevent.Receipt{ //nolint:exhaustruct // the service's
		Case: r.ID, Way: lifeevent.Otherwise, FundAccount: 11, Amount: 10_00, BankReference: "E1",
		ValueDate: w.today, Document: "note",
	}
	if _, err := w.life.AskReceipt(t.Context(), w.ask("POST receipt"), result(&receipt), w.maker, receipt); err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, receipt.Decision); err != nil {
		t.Fatal(err)
	}
	if r = w.recovery(t, 1001); r.State() != lifeevent.RecoverySettled {
		t.Errorf("after the receipt: %s", r.State())
	}
	look("")
	if r = w.recovery(t, 1002); r.State() != lifeevent.RecoveryVoid {
		t.Errorf("the case of a hold that ended unplanned: %s", r.State())
	}
	plan.Case = r.ID
	_, err = w.life.AskPlan(t.Context(), w.ask("POST plan"), result(&plan), w.maker, plan)
	if !errors.Is(err, lifeevent.ErrRecoveryVoid) {
		t.Errorf("a plan of a void case: %v", err)
	}
	if text := w.found(t); text != "" {
		t.Errorf("verification: %s", text)
	}
}

// What is asked in several instalments is paid in sums of its own: each covers the earlier ones
// first, what is missing of one that was due is told, and the last settles the case.
func TestARecoveryIsPaidInInstalments(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 1)
	for _, m := range []string{"2011-03", "2011-04"} {
		w.paysMonth(t, m)
	}
	w.twice(t, 1001, "2011-03")
	r := w.recovery(t, 1001)
	plan := lifeevent.Plan{ //nolint:exhaustruct // the service's
		Case: r.ID, AskedOf: lifeevent.OtherPension, Document: "minute",
		Instalments: []lifeevent.Instalment{
			{DueOn: w.today.AddDays(30), Amount: 40_00},
			{DueOn: w.today.AddDays(60), Amount: 40_00},
			{DueOn: w.today.AddDays(90), Amount: 30_00},
		},
	}
	if _, err := w.life.AskPlan(t.Context(), w.ask("POST plan"), result(&plan), w.maker, plan); err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, plan.Decision); err != nil {
		t.Fatal(err)
	}
	first := w.today
	look := func(days int, open money.Amount, want string) {
		t.Helper()
		w.today = first.AddDays(days)
		if err := w.life.Watch(t.Context(), w.today); err != nil {
			t.Fatal(err)
		}
		got := one[string](t, w.world, `select coalesce(string_agg(c.text, '|' order by c.id), '') from exception_case c
			where c.kind = 'instalment_overdue' and not exists (select from exception_closed x where x.case_id = c.id)`)
		if now := w.recovery(t, 1001); got != want || now.Open() != open {
			t.Errorf("after %d days %s is open and told is %q, want %s and %q", days, now.Open(), got, open, want)
		}
	}
	pays := func(amount money.Amount, reference string) {
		t.Helper()
		receipt := lifeevent.Receipt{ //nolint:exhaustruct // the service's
			Case: r.ID, Way: lifeevent.Otherwise, FundAccount: 11, Amount: amount, BankReference: reference,
			ValueDate: w.today, Document: "note",
		}
		if _, err := w.life.AskReceipt(t.Context(), w.ask("POST receipt"), result(&receipt), w.maker, receipt); err != nil {
			t.Fatal(err)
		}
		if err := w.agreed(t, receipt.Decision); err != nil {
			t.Fatal(err)
		}
	}
	look(30, 110_00, "")
	pays(25_00, "E1")
	due := func(number, days int, missing string) string {
		return fmt.Sprintf("instalment %d was due on %s; %s did not come", number, first.AddDays(days), missing)
	}
	look(31, 85_00, due(1, 30, "15.00"))
	pays(40_00, "E2")
	look(32, 45_00, "")
	look(61, 45_00, due(2, 60, "15.00"))
	look(91, 45_00, due(2, 60, "15.00")+"|"+due(3, 90, "30.00"))
	pays(15_00, "E3")
	look(91, 30_00, due(3, 90, "30.00"))
	pays(30_00, "E4")
	look(92, 0, "")
	if now := w.recovery(t, 1001); now.State() != lifeevent.RecoverySettled {
		t.Errorf("the case is %s", now.State())
	}
	w.balanced(t)
	if text := w.found(t); text != "" {
		t.Errorf("verification: %s", text)
	}
}

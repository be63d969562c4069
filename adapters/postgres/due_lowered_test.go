package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/disbursement"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/lifeevent"
	"twoline/gateway/money"
)

// lowers decides a component lower with effect from an earlier month.
func (w *lifeWorld) lowers(t *testing.T, member int64, component, month string, fen int64) {
	t.Helper()
	w.sql(t, fmt.Sprintf(`insert into entitlement (area, member_id, component, from_month, amount, document, entered_by,
		entered_at) values (610304, %d, '%s', '%s-01', %d, 'the file was wrong', 'test', now())`, member, component, month, fen))
}

// asksBackMonths asks for a list that recovers.
func (w *lifeWorld) asksBackMonths(t *testing.T, month string) (casework.Request, error) {
	t.Helper()
	var r casework.Request
	_, err := w.pay.AskDifferences(t.Context(), w.ask("POST /v1/due-lists"), result(&r), w.maker, disbursement.DueList{ //nolint:exhaustruct // asked
		Scheme: ledger.Rural, Month: calendar.MustMonth(month), Document: "the file was wrong", Recover: true,
	})
	return r, err
}

// recovers has two people recover what was paid too high, and returns the list's lines.
func (w *lifeWorld) recovers(t *testing.T, month string) string {
	t.Helper()
	r, err := w.asksBackMonths(t, month)
	if err == nil {
		err = w.decide(w.checker, r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return w.owed(t, r.Subject)
}

// linesOfCase are a recovery's months, as it has them.
func linesOfCase(r lifeevent.Recovery) string {
	var out []string
	for _, l := range r.Lines {
		out = append(out, fmt.Sprintf("%s %s+%s", l.Month, l.Base, l.Account))
	}
	return fmt.Sprintf("%s since %s: %s; drawn %s", r.Reason, r.Since, strings.Join(out, ", "), r.Drawn.Total())
}

// A pension that was lowered with effect from months that were paid is recovered when two people say so,
// from the newest payment of the month on; what is decided higher again is owed from there, and what is
// lowered again comes to the same case.
func TestDue_MonthsThatWereLoweredAreRecovered(t *testing.T) {
	t.Parallel()
	w := paidByEveryCause(t)
	w.today = calendar.MustDay("2011-06-28")
	w.lowers(t, 1001, "base_pension", "2011-03", 5000)
	w.lowers(t, 1001, "account_pension", "2011-04", 600)
	w.raise(t, 1002, "2011-05", 7500, "rise")
	// Asked for without recovering, the rise alone is owed, and a case tells of the rest.
	w.differences(t, "2011-07")
	if got := w.openCases(t, "months_overpaid"); !strings.HasPrefix(got, "due_list:") {
		t.Errorf("cases of overpaid months: %q", got)
	}
	r, err := w.asksBackMonths(t, "2011-07")
	if err != nil {
		t.Fatal(err)
	}
	l, err := w.pay.DueList(t.Context(), w.auditor, r.Subject)
	if err != nil || !l.Recover || l.Members != 0 || l.Overpaid != 1 || l.Recovered != 1 || l.OverpaidAmount != 68_00 ||
		l.RecoveredAmount != 68_00 || !strings.Contains(r.About, "recovered 1 members, 68.00") {
		t.Errorf("list: %+v, %v; %s", l, err, r.About)
	}
	if list, err := w.life.Recoveries(t.Context(), w.auditor, lifeevent.RecoveryFilter{}); err != nil || len(list) != 0 { //nolint:exhaustruct // all
		t.Errorf("recovered before anybody approved: %+v, %v", list, err)
	}
	if err := w.decide(w.checker, r); err != nil {
		t.Fatal(err)
	}
	want := "1001 2011-03 70.00→50.00; 1001 2011-04 10.00→6.00; 1001 2011-04 70.00→50.00; " +
		"1001 2011-05 10.00→6.00; 1001 2011-05 70.00→50.00"
	if got := w.owed(t, r.Subject); got != want {
		t.Errorf("lines %s, want %s", got, want)
	}
	// 15.00 of each month came by the difference, the rest by the month's own payment.
	want = "lowered since 2011-03: 2011-03 5.00+0.00, 2011-03 15.00+0.00, 2011-04 5.00+4.00, 2011-04 15.00+0.00, " +
		"2011-05 5.00+4.00, 2011-05 15.00+0.00; drawn 8.00"
	if got := linesOfCase(w.recovery(t, 1001)); got != want {
		t.Errorf("case: %s\nwant  %s", got, want)
	}
	if got := w.openCases(t, "months_overpaid"); got != "" {
		t.Errorf("cases of overpaid months after they are recovered: %q", got)
	}
	if _, err := w.asksBackMonths(t, "2011-07"); !errors.Is(err, disbursement.ErrNoDifference) {
		t.Errorf("recovered twice: %v", err)
	}
	w.settlesLowered(t)
	w.loweredOnceMore(t)
	w.namesEdits(t, []handEdit{
		{
			`update recovery_line set base_pension = base_pension - 1 where base_pension = 1500 and month = '2011-03-01'`,
			`update recovery_line set base_pension = base_pension + 1 where base_pension = 1499`,
			"recovers 1999 fen of base_pension of 2011-03 that was lowered, and approved lists say 2000",
		},
		{
			`update recovery_line set base_pension = 7100 where base_pension = 1500 and month = '2011-03-01'`,
			`update recovery_line set base_pension = 1500 where base_pension = 7100`, "otherwise than it was paid",
		},
		{
			`update due_list set recovered_amount = recovered_amount - 1 where recovered > 0 and recovered_amount = 6800`,
			`update due_list set recovered_amount = recovered_amount + 1 where recovered_amount = 6799`,
			"sums to another amount than its lines",
		},
	})
}

// settlesLowered plans the case, receives half of it, and looks at the letter.
func (w *lifeWorld) settlesLowered(t *testing.T) {
	t.Helper()
	r, held := w.recovery(t, 1001), w.held(t, 1001)
	plan := lifeevent.Plan{Case: r.ID, AskedOf: lifeevent.TheMember, Document: "minute"} //nolint:exhaustruct // the service's
	plan.Instalments = []lifeevent.Instalment{{DueOn: w.today.AddDays(9), Amount: 68_00}}
	if _, err := w.life.AskPlan(t.Context(), w.ask("POST plan"), result(&plan), w.maker, plan); err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, plan.Decision); err != nil {
		t.Fatal(err)
	}
	if r = w.recovery(t, 1001); plan.Asked != 68_00 || r.Open() != 68_00 || r.State() != lifeevent.RecoveryPlanned {
		t.Errorf("asked %s of the member, %s open, %s", plan.Asked, r.Open(), r.State())
	}
	x := lifeevent.Receipt{ //nolint:exhaustruct // the service's
		Case: r.ID, Way: lifeevent.Otherwise, FundAccount: 11, Amount: 64_00, BankReference: "IN64",
		ValueDate: w.today, Document: "slip",
	}
	if _, err := w.life.AskReceipt(t.Context(), w.ask("POST receipt"), result(&x), w.maker, x); err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, x.Decision); err != nil {
		t.Fatal(err)
	}
	// Base pensions come first, and what payments drew stands in the account again.
	r = w.recovery(t, 1001)
	if got := w.held(t, 1001) - held; got != 4_00 || r.Open() != 4_00 {
		t.Errorf("the account holds %s more, %s are open", got, r.Open())
	}
}

// loweredOnceMore decides the base pension of May lower, then as it was at first, and has the member die.
func (w *lifeWorld) loweredOnceMore(t *testing.T) {
	t.Helper()
	w.lowers(t, 1001, "base_pension", "2011-05", 4000)
	if got := w.recovers(t, "2011-07"); got != "1001 2011-05 50.00→40.00" {
		t.Errorf("lowered once more: %s", got)
	}
	w.raise(t, 1001, "2011-05", 7000, "it was right at first")
	w.differences(t, "2011-07")
	if got := one[string](t, w.world, `select string_agg(to_char(n.month, 'YYYY-MM ') || n.was || ' ' || n.entitled, ', ')
		from benefit_due_month n where n.was < 5000 and n.component = 'base_pension' and n.was > 0`); got != "2011-05 4000 7000" {
		t.Errorf("owed after it was right at first: %s", got)
	}
	// Nothing of May was owed after a death in April: what is recovered already is not asked twice.
	w.died(t, 1001, "2011-04-20")
	w.watches(t)
	list, err := w.life.Recoveries(t.Context(), w.auditor, lifeevent.RecoveryFilter{Member: 1001}) //nolint:exhaustruct // one member
	if err != nil || len(list) != 2 {
		t.Fatalf("%d cases, %v", len(list), err)
	}
	var may money.Amount
	for _, r := range list {
		for _, l := range r.Lines {
			if l.Month == calendar.MustMonth("2011-05") {
				may += l.Base + l.Account
			}
		}
	}
	if may != 80_00 {
		t.Errorf("recovered of May: %s, and 70.00 and 10.00 were paid", may)
	}
	if text := w.found(t); text != "" {
		t.Errorf("verification: %s", text)
	}
}

// What the bank has not said to be paid waits for another list, and what it gave back is not recovered.
func TestDue_OnlyWhatWasPaidIsRecovered(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 3)
	w.paysMonth(t, "2011-03")
	w.today = calendar.MustDay("2011-04-18")
	open := w.released(t, regular(calendar.MustMonth("2011-04"))).Batches[0]
	for _, m := range []int64{1001, 1002} {
		w.lowers(t, m, "base_pension", "2011-03", 5000)
	}
	w.today = calendar.MustDay("2011-04-28")
	item := w.itemOf(t, 1002, "2011-03-01")
	w.giveBack(t, disbursement.Return{ //nolint:exhaustruct // a return
		Item: item, Amount: 55_00, BankReference: "B1", ValueDate: w.today, Code: "MD07",
	})
	if got := w.recovers(t, "2011-05"); got != "1001 2011-03 55.00→50.00" {
		t.Errorf("recovered: %s", got)
	}
	if got := w.openCases(t, "months_overpaid"); got == "" {
		t.Error("three months are not recovered, and no case says so")
	}
	if _, err := w.asksBackMonths(t, "2011-05"); !errors.Is(err, disbursement.ErrNoDifference) ||
		!strings.Contains(err.Error(), "the bank has not said") {
		t.Errorf("nothing that could be recovered: %v", err)
	}
	w.lowers(t, 1003, "base_pension", "2011-04", 5000)
	for _, i := range w.payItems(t, open) {
		line := paidLine(i)
		if i.Member == 1003 {
			line = failedLine(i, "MD07")
		}
		line.ValueDate = w.today
		w.answer(t, open, line)
	}
	if got := w.recovers(t, "2011-05"); got != "1001 2011-04 55.00→50.00; 1002 2011-04 55.00→50.00" {
		t.Errorf("recovered after the bank's answer: %s", got)
	}
	if text := w.found(t); text != "" {
		t.Errorf("verification: %s", text)
	}
}

// A month that was lowered, recovered and decided as it was at first again is paid again, and is right.
func TestDue_WhatWasRecoveredAndIsOwedAgainIsPaid(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 2)
	w.paysMonth(t, "2011-03")
	w.today = calendar.MustDay("2011-03-28")
	w.lowers(t, 1001, "base_pension", "2011-03", 5000)
	if got := w.recovers(t, "2011-04"); got != "1001 2011-03 55.00→50.00" {
		t.Fatal(got)
	}
	w.raise(t, 1001, "2011-03", 5500, "it was right at first")
	w.today = calendar.MustDay("2011-04-03")
	r := w.differences(t, "2011-04")
	if got := w.owed(t, r.Subject); got != "1001 2011-03 50.00→55.00" {
		t.Fatal(got)
	}
	_, held := w.roster(t, dues("2011-04"))
	if held[1001] != "" {
		t.Errorf("held: %v", held)
	}
	if got := w.paysDues(t, "2011-04"); len(got) != 1 {
		t.Errorf("paid: %v", got)
	}
	if text := w.found(t); text != "" {
		t.Errorf("verification: %s", text)
	}
}

// A due that was not paid yet when its month was lowered is ended: what is recovered together with what was
// paid is what was decided.
func TestDue_WhatIsOwedStillIsNotRecovered(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 2)
	w.paysMonth(t, "2011-03")
	w.raise(t, 1001, "2011-03", 7000, "rise")
	w.today = calendar.MustDay("2011-03-28")
	w.differences(t, "2011-04")
	w.lowers(t, 1001, "base_pension", "2011-03", 5000)
	if _, err := w.asksBackMonths(t, "2011-04"); !errors.Is(err, disbursement.ErrNoDifference) ||
		!strings.Contains(err.Error(), "the bank has not said") {
		t.Errorf("asked back while 15.00 of the month is a due that nobody paid: %v", err)
	}
	w.ended(t, 1001)
	if got := w.recovers(t, "2011-04"); got != "1001 2011-03 55.00→50.00" {
		t.Errorf("recovered after the due was ended: %s", got)
	}
	if c := w.recovery(t, 1001); c.Open() != 5_00 {
		t.Errorf("%s of 55.00 that were paid is asked back, and 50.00 are decided", c.Open())
	}
	if text := w.found(t); text != "" {
		t.Errorf("verification: %s", text)
	}
}

// A month that was lowered and recovered, whose payment came back and was made by hand, is recovered once.
func TestDue_LoweredCameBackAndPaidByHand(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 2)
	w.paysMonth(t, "2011-03")
	w.today = calendar.MustDay("2011-03-28")
	w.lowers(t, 1001, "base_pension", "2011-03", 5000)
	w.recovers(t, "2011-04")
	item := w.itemOf(t, 1001, "2011-03-01")
	w.giveBack(t, disbursement.Return{ //nolint:exhaustruct // a return
		Item: item, Amount: 55_00, BankReference: "B1", ValueDate: w.today, Code: "MD07",
	})
	if text := w.found(t); text != "" {
		t.Errorf("verification: %s", text)
	}
	if r := w.recovery(t, 1001); r.Open() != 0 {
		t.Errorf("%s of what came back", r.Open())
	}
	desk := newDesk(w.answerWorld)
	desk.paidByHand(t, desk.cashier(t), byHand(item, "CASH-1", w.today.String()))
	if r := w.recovery(t, 1001); r.Open() != 5_00 {
		t.Errorf("%s of what was paid by hand", r.Open())
	}
	if _, err := w.asksBackMonths(t, "2011-04"); fault.CodeOf(err) != "no_difference" {
		t.Errorf("again: %v", err)
	}
	w.died(t, 1001, "2011-02-20")
	w.watches(t)
	list, err := w.life.Recoveries(t.Context(), w.auditor, lifeevent.RecoveryFilter{Member: 1001}) //nolint:exhaustruct // one
	var sum int64
	for _, r := range list {
		sum += r.Open().Fen()
	}
	if sum != 5500 {
		t.Errorf("%d recovered, %v", sum, err)
	}
	if text := w.found(t); text != "" {
		t.Errorf("verification: %s", text)
	}
}

// A payment that comes back between the asking and the approval makes the list stale.
func TestDue_CameBackBeforeTheApproval(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 2)
	w.paysMonth(t, "2011-03")
	w.today = calendar.MustDay("2011-03-28")
	w.lowers(t, 1001, "base_pension", "2011-03", 5000)
	r, err := w.asksBackMonths(t, "2011-04")
	if err != nil {
		t.Fatal(err)
	}
	w.giveBack(t, disbursement.Return{ //nolint:exhaustruct // a return
		Item: w.itemOf(t, 1001, "2011-03-01"), Amount: 55_00, BankReference: "B1", ValueDate: w.today, Code: "MD07",
	})
	if err := w.decide(w.checker, r); !errors.Is(err, disbursement.ErrDueListStale) {
		t.Errorf("approved: %v", err)
	}
}

// A list ends the case of the months that it looked at, and no other one.
func TestDue_AListOfEarlierMonthsEndsNoCaseOfLaterOnes(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 2)
	w.paysMonth(t, "2011-03")
	w.paysMonth(t, "2011-04")
	w.today = calendar.MustDay("2011-04-28")
	w.lowers(t, 1001, "base_pension", "2011-04", 5000)
	if _, err := w.tryDifferences(w.maker, "2011-05"); !errors.Is(err, disbursement.ErrNoDifference) {
		t.Fatal(err)
	}
	w.raise(t, 1002, "2011-03", 5600, "rise")
	w.differences(t, "2011-04")
	if got := w.openCases(t, "months_overpaid"); got != "due_months:rural:2011-05" {
		t.Errorf("cases after a list of March: %q", got)
	}
	w.recovers(t, "2011-05")
	if got := w.openCases(t, "months_overpaid"); got != "" {
		t.Errorf("cases after April is recovered: %q", got)
	}
}

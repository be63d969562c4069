package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"twoline/gateway/award"
	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/ledger"
	"twoline/gateway/lifeevent"
	"twoline/gateway/money"
	"twoline/gateway/registry"
	"twoline/gateway/report"
)

// sentOut is a pensioner's account of 100.01 that moved to the employee scheme on 1 June 2011.
func (w *lifeWorld) sentOut(t *testing.T, member int64) lifeevent.Transfer {
	t.Helper()
	w.personal(t, member, 8000, 2001)
	w.paysMonth(t, "2011-05")
	w.today = calendar.MustDay("2011-06-01")
	moved := w.confirmed(t, member, lifeevent.EmployeeScheme)
	if err := w.agreed(t, moved.Decision); err != nil {
		t.Fatal(err)
	}
	return moved
}

// Money of a transfer out that the bank gives back waits for two people; then the account lives again, part by part,
// with the membership and the pension that it had, and it may move again.
func TestMoneyOfATransferThatComesBackLetsTheAccountLive(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 2)
	moved := w.sentOut(t, 1001)
	held := w.bankHolds(t)
	w.today = calendar.MustDay("2011-06-09")
	for fen, account := range map[int64]int64{100_00: 13, 100_01: 11} {
		if _, err := w.receives(t, moved.ID, account, fen, "B1"); !errors.Is(err, lifeevent.ErrTransferMoney) {
			t.Errorf("%d fen back on account %d: %v", fen, account, err)
		}
	}
	if _, err := w.step(t, moved.ID, lifeevent.MoneyReturned, 0); !errors.Is(err, lifeevent.ErrStep) {
		t.Errorf("returned without money: %v", err)
	}
	if _, err := w.step(t, moved.ID, lifeevent.TransferDone, 0); err != nil {
		t.Fatal(err)
	}
	back, err := w.receives(t, moved.ID, 13, 100_01, "B1")
	if err != nil || back.Decision == moved.Decision || back.Step != lifeevent.TransferDone {
		t.Fatalf("money back: %+v, %v", back, err)
	}
	if w.held(t, 1001) != 0 || w.bankHolds(t) != held {
		t.Error("the account lives before two people decided")
	}
	w.rejected(t, back.Decision)
	if back, err = w.step(t, moved.ID, lifeevent.MoneyReturned, 0); err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, back.Decision); err != nil {
		t.Fatal(err)
	}
	if got := w.held(t, 1001); got != 100_01 || w.bankHolds(t) != held+100_01 {
		t.Errorf("the account holds %s, the bank %s after %s", got, w.bankHolds(t), held)
	}
	got := one[string](t, w.world, `select string_agg(side || ' ' || role || case when red then ' red ' else ' ' end || amount, ', '
		order by entry_id, line) from posting p join entry e on e.area = p.area and e.id = p.entry_id
		where e.cause like 'member_transfer:%:%'`)
	want := "debit expenditure 10001, credit suspense 10001, debit suspense 10001, debit transfer_out red 10001, " +
		"debit personal_individual red 8000, debit personal_interest red 2001, credit personal_control red 10001"
	if got != want {
		t.Errorf("booked %s\nwant   %s", got, want)
	}
	if _, err := w.receives(t, moved.ID, 13, 100_01, "B2"); !errors.Is(err, lifeevent.ErrStep) {
		t.Errorf("the same money a second time: %v", err)
	}
	w.paysMonth(t, "2011-06")
	if n := one[int](t, w.world, `select count(*) from payment_item where member_id = 1001 and month = '2011-06-01'`); n != 1 {
		t.Errorf("%d payments of June to who is a member again", n)
	}
	if text := w.wholeBook(t); text != "" {
		t.Errorf("verify says %s", text)
	}
	w.today = calendar.MustDay("2011-06-28")
	again := w.confirmed(t, 1001, lifeevent.EmployeeScheme)
	if err := w.agreed(t, again.Decision); err != nil {
		t.Fatal(err)
	}
	if got := one[string](t, w.world, `select string_agg(nth || ' ' || ended_on, ', ' order by nth) from member_end`); got !=
		"1 2011-06-01, 2 2011-06-28" {
		t.Errorf("ends: %s", got)
	}
	if text := w.wholeBook(t); text != "" {
		t.Errorf("verify says after the second move %s", text)
	}
	w.namesEdits(t, []handEdit{
		{`update member_returned set from_month = '2011-07-01'`, `update member_returned set from_month = '2011-06-01'`, "which is not so"},
		{
			`update posting set role = 'personal_collective' where kind = 'transfer_out' and role = 'personal_individual' and red`,
			`update posting set role = 'personal_individual' where kind = 'transfer_out' and role = 'personal_collective' and red`,
			"is booked otherwise than it came",
		},
		{
			`update member_transfer_receipt set amount = amount + 1`, `update member_transfer_receipt set amount = amount - 1`,
			"is not what was sent",
		},
	})
}

// bankHolds is what stands on the expenditure account.
func (w *lifeWorld) bankHolds(t *testing.T) money.Amount {
	t.Helper()
	return money.Amount(one[int64](t, w.world, `select sum(case when (side = 'debit') <> red then amount else -amount end)::bigint
		from posting where role = 'expenditure' and fund_account = 13`))
}

// Money that comes back for who died meanwhile is the heirs': the account holds it, and no pension begins again
// that nobody would end.
func TestMoneyBackForTheDeadIsTheHeirs(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 2)
	moved := w.sentOut(t, 1001)
	w.died(t, 1001, "2011-06-05")
	w.today = calendar.MustDay("2011-06-20")
	back, err := w.receives(t, moved.ID, 13, 100_01, "B1")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, back.Decision); err != nil {
		t.Fatal(err)
	}
	if got := w.held(t, 1001); got != 100_01 {
		t.Errorf("the account holds %s", got)
	}
	w.paysMonth(t, "2011-07")
	if n := one[int](t, w.world, `select count(*) from payment_item where member_id = 1001 and month > '2011-06-01'`); n != 0 {
		t.Errorf("%d payments after the death", n)
	}
	if text := w.wholeBook(t); text != "" {
		t.Errorf("verify says %s", text)
	}
}

func (w *lifeWorld) asksBack(t *testing.T, member int64) (lifeevent.Return, error) {
	t.Helper()
	var out lifeevent.Return
	_, err := w.life.AskReturn(t.Context(), w.ask("POST /v1/member-returns"), result(&out), w.maker,
		lifeevent.Return{Member: member, Document: "回国证明"}) //nolint:exhaustruct // the service's
	return out, err
}

// paysFor tells of 100.00 that a member paid at the counter for a year.
func (w *lifeWorld) paysFor(t *testing.T, member int64, year int) error {
	t.Helper()
	p := collection.CounterPayment{ //nolint:exhaustruct // the gateway fills the rest
		Member: member, Year: year, Amount: 100_00, Channel: "terminal", Terminal: "T1", PaidOn: w.today,
		BankReference: fmt.Sprintf("P%d-%d", member, year),
	}
	_, err := w.counter.Pay(t.Context(), w.request("POST /v1/contributions", p.BankReference, p),
		result(new(collection.CounterPayment)), w.psbc, "961001010000000011", p)
	return err
}

// Who left and comes back is a member again when two people say so: with an account of nothing and no paid year, asked
// for nothing of a year before, and entitled to no month before. The dead do not come back, nor who never left.
func TestWhoLeftComesBackAndBeginsAnew(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 4)
	w.alter(t, `update member set id_number = '610304195001010015' where id = 1001`)
	w.sql(t, `insert into service_years (area, member_id, years, document, entered_by, entered_at)
		values (610304, 1001, 15, 'list', 'pay.maker', now())`)
	w.personal(t, 1002, 700, 1)
	w.sentOut(t, 1001)
	w.today = calendar.MustDay("2011-06-02")
	gone := w.confirmed(t, 1002, lifeevent.EmployeeScheme)
	if err := w.agreed(t, gone.Decision); err != nil {
		t.Fatal(err)
	}
	w.sql(t, `insert into tier_choice select 610304, id, 2012, 10000, '2011-03-01' from member;
		insert into tier_choice select 610304, id, 2011, 10000, '2011-03-01' from member on conflict do nothing`)
	w.saves(t, 1003)
	w.today = calendar.MustDay("2012-02-10")
	if _, err := w.asksBack(t, 1003); !errors.Is(err, lifeevent.ErrNotEnded) {
		t.Errorf("who never left: %v", err)
	}
	w.died(t, 1002, "2012-01-05")
	w.today = calendar.MustDay("2012-02-10")
	if _, err := w.asksBack(t, 1002); !errors.Is(err, lifeevent.ErrDead) {
		t.Errorf("the dead: %v", err)
	}
	back, err := w.asksBack(t, 1001)
	if err != nil || back.State != "submitted" {
		t.Fatalf("asked %+v, %v", back, err)
	}
	if err := w.paysFor(t, 1001, 2012); !errors.Is(err, collection.ErrMemberLeft) {
		t.Errorf("a payment before two people decided: %v", err)
	}
	rival, err := w.asksBack(t, 1001)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, back.Decision); err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, rival.Decision); !errors.Is(err, lifeevent.ErrNotEnded) {
		t.Errorf("a second return: %v", err)
	}
	if n := one[int](t, w.world, `select years from service_years where member_id = 1001 order by id desc limit 1`); n != 0 {
		t.Errorf("%d paid years", n)
	}
	if err := w.paysFor(t, 1001, 2011); !errors.Is(err, collection.ErrMemberLeft) {
		t.Errorf("a payment for the year before the return: %v", err)
	}
	const chosen = "id_number,year,amount,chosen_on\n610304195001010015,%d,200.00,2012-02-10\n"
	if got := w.brings(t, registry.KindTiers, fmt.Sprintf(chosen, 2011)); got != "refused member_left" {
		t.Errorf("an amount for the year before the return: %s", got)
	}
	if got := w.brings(t, registry.KindTiers, fmt.Sprintf(chosen, 2012)); got == "refused member_left" {
		t.Errorf("an amount for the year of the return: %s", got)
	}
	if err := w.paysFor(t, 1003, 2011); err != nil {
		t.Errorf("a payment of who never left: %v", err)
	}
	if err := w.paysFor(t, 1001, 2012); errors.Is(err, collection.ErrMemberLeft) {
		t.Errorf("a payment for the year of the return: %v", err)
	}
	w.today = calendar.MustDay("2012-02-11")
	if err := w.tries(t, 1001, "2012-02"); !errors.Is(err, lifeevent.ErrEnded) {
		t.Errorf("entitled in the month of the return: %v", err)
	}
	if err := w.tries(t, 1001, "2012-03"); err != nil {
		t.Errorf("entitled after it: %v", err)
	}
	if list, err := w.life.Returns(t.Context(), w.auditor, lifeevent.ReturnFilter{Member: 1001}); err != nil || //nolint:exhaustruct // one member
		len(list) != 2 || list[0].ReturnedOn != calendar.MustDay("2012-02-10") || !list[1].ReturnedOn.IsZero() {
		t.Errorf("returns %+v, %v", list, err)
	}
	if text := w.wholeBook(t); text != "" {
		t.Errorf("verify says %s", text)
	}
	w.namesEdits(t, []handEdit{
		{`update member_returned set from_month = '2012-02-01'`, `update member_returned set from_month = '2012-03-01'`, "which is not so"},
		{`update member_return set member_id = 1003`, `update member_return set member_id = 1001`, "which is not so"},
		{
			`update death_notice set member_id = 1001`, `update death_notice set member_id = 1002`, "had died on 2012-01-05",
		},
	})
}

// tries enters a base pension from a month on.
func (w *lifeWorld) tries(t *testing.T, member int64, month string) error {
	t.Helper()
	return w.db.Registry().InTx(t.Context(), func(tx registry.Tx) error {
		return tx.InsertEntitlements(t.Context(), chencang, "test", []registry.Entitlement{{
			Member: member, Component: registry.BasePension, From: calendar.MustMonth(month), Amount: 55_00, Document: "by hand",
		}})
	})
}

// An account that has run out goes on paying for life, at the local government's cost: the year's report says how many
// and how much, and what stands on an account is nobody else's.
func TestTheYearShowsWhatLocalGovernmentBears(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 3)
	for _, m := range []int64{1001, 1002} {
		w.sql(t, fmt.Sprintf(`insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
			values (610304, %d, 'account_pension', '2011-01-01', 1000, 'test', 'test', now())`, m))
	}
	w.personal(t, 1001, 700, 1)
	w.personal(t, 1002, 3000, 1)
	year := func() report.FundYear {
		t.Helper()
		y, err := report.NewService(w.db.Reports()).FundYear(t.Context(), w.auditor,
			report.AskYear{Scheme: ledger.Rural, Year: 2011, Open: true})
		if err != nil {
			t.Fatal(err)
		}
		return y
	}
	if got := year().RunOut; len(got) != 0 {
		t.Errorf("before any pension: %+v", got)
	}
	w.paysMonth(t, "2011-05")
	w.paysMonth(t, "2011-06")
	y := year()
	if got := fmt.Sprint(y.RunOut); got != "[{ 1 12.99}]" {
		t.Errorf("the account of 7.01 paid 10.00 twice: %s", got)
	}
	paper := &textSheet{} //nolint:exhaustruct // empty
	if err := y.Write(paper, report.Chinese); err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(paper.lines, "\n"); !strings.Contains(text, "个人账户支完后由地方政府负担(级次未注明,1人)|||12.99") {
		t.Errorf("the paper says %s", text)
	}
	// The dead are paid nothing from June on: what the family gives back lessens the local government's share.
	w.died(t, 1001, "2011-05-20")
	w.today = calendar.MustDay("2011-07-01")
	if err := w.life.Watch(t.Context(), w.today); err != nil {
		t.Fatal(err)
	}
	var x lifeevent.Receipt
	_, err := w.life.AskReceipt(t.Context(), w.ask("POST receipts"), result(&x), w.maker, lifeevent.Receipt{ //nolint:exhaustruct // the service's
		Case: w.recovery(t, 1001).ID, Way: lifeevent.Otherwise, FundAccount: 11, Amount: 65_00, BankReference: "R1", ValueDate: w.today,
		Document: "slip",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, x.Decision); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(year().RunOut); got != "[{ 1 2.99}]" {
		t.Errorf("after June came back: %s", got)
	}
}

// Who came back before their money did has the years again with the account, and what a run awards counts both.
func TestMoneyThatComesBackAfterTheMember(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 2)
	w.sql(t, `insert into service_years (area, member_id, years, document, entered_by, entered_at)
		values (610304, 1001, 15, 'list', 'pay.maker', now())`)
	moved := w.sentOut(t, 1001)
	w.today = calendar.MustDay("2011-06-05")
	home, err := w.asksBack(t, 1001)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, home.Decision); err != nil {
		t.Fatal(err)
	}
	facts := func() award.Facts {
		t.Helper()
		var list []award.Facts
		err := w.db.Awards().InTx(t.Context(), func(tx award.Tx) (err error) {
			list, err = tx.AwardFacts(t.Context(), award.FactsQuery{ //nolint:exhaustruct // one member
				Area: chencang, Scheme: ledger.Rural, Member: 1001, Limit: 1, BornUpTo: w.today,
			})
			return err
		})
		if err != nil || len(list) != 1 {
			t.Fatalf("%d members, %v", len(list), err)
		}
		return list[0]
	}
	if f := facts(); f.Back != w.today || f.Years != 0 {
		t.Errorf("came back on %s with %d years", f.Back, f.Years)
	}
	w.today = calendar.MustDay("2011-06-09")
	back, err := w.receives(t, moved.ID, 13, 100_01, "B1")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, back.Decision); err != nil {
		t.Fatal(err)
	}
	if f := facts(); !f.Back.IsZero() || f.Years != 15 || w.held(t, 1001) != 100_01 {
		t.Errorf("with the money back: since %s, %d years, %s", f.Back, f.Years, w.held(t, 1001))
	}
	if text := w.wholeBook(t); text != "" {
		t.Errorf("verify says %s", text)
	}
}

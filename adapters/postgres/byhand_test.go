package postgres_test

import (
	"errors"
	"fmt"
	"testing"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/disbursement"
	"twoline/gateway/fault"
	"twoline/gateway/lifeevent"
	"twoline/gateway/policy"
)

// cashier gives the desk a maker of the finance office, who pays by hand.
func (w *desk) cashier(t *testing.T) approval.Officer {
	t.Helper()
	w.sql(t, `
		insert into person (id, name) values (507, 'test');
		insert into officer (login, person_id, organisation_id, password_hash, created_at)
			select 'pay.cashier', 507, id, '', now() from organisation where area = 610304 and kind = 'agency_finance'
			and name = 'pay';
		insert into duty_grant (login, duty, granted_at) values ('pay.cashier', 'maker', '2009-09-01')`)
	return approval.Officer{
		Login: "pay.cashier", Person: 507, Organisation: approval.AgencyFinance, Area: chencang, Region: 0,
		Duties: []approval.Duty{approval.Maker},
	}
}

func byHand(item int64, reference, day string) casework.Ask {
	return casework.Ask{ //nolint:exhaustruct // a payment
		Kind: casework.HandPayment, Word: casework.Entered, Subject: item, Document: "slip 17 with thumbprint",
		BankReference: reference, ValueDate: calendar.MustDay(day),
	}
}

// paidByHand has two people of the finance office enter a payment by hand.
func (w *desk) paidByHand(t *testing.T, cashier approval.Officer, a casework.Ask) {
	t.Helper()
	r, err := w.try(cashier, a)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.tryDecide(w.second, r, approval.Approved); err != nil {
		t.Fatal(err)
	}
}

// A pensioner says that nothing came, and is paid at the counter; then the bank gives the
// first payment back. No run pays a second time, the books hold the money once, and the
// statement shows each of the three movements under its own number.
func TestF42_AReturnAfterAPaymentByHandIsNotPaidAgain(t *testing.T) {
	t.Parallel()
	for _, how := range []policy.ReturnPolicy{policy.ReturnToSuspense, policy.ReturnInRed} {
		t.Run(string(how), func(t *testing.T) {
			t.Parallel()
			w := newDesk(newAnswerWorld(t, 2, disbursement.SettlesItemised))
			if how == policy.ReturnInRed {
				w.sql(t, `insert into area_rule values (610304, 'return_policy', '2011-01-01', '"red"', 'test')`)
			}
			i := w.paying
			id := func(n int) string { return fmt.Sprint(i[n].ID) }
			w.answer(t, w.batch, paidLine(i[0]), paidLine(i[1]))
			w.bankSays(t, "2011-03-25", out(5500, "R"+id(0), id(0), w.batch.Number), out(5500, "R"+id(1), id(1), w.batch.Number))
			w.today = calendar.MustDay("2011-03-28")
			w.paidByHand(t, w.cashier(t), byHand(i[0].ID, "CASH-1", "2011-03-28"))
			if got, want := w.books(t), "benefit_base_pension 11000 expenditure -16500 suspense 5500"; got != want {
				t.Errorf("paid by hand, the books are %q, want %q", got, want)
			}
			if d := w.draftReissue(t); d != nil {
				t.Errorf("before the return a run pays it again: %+v", d)
			}
			w.giveBack(t, back(i[0], "2011-03-28"))
			if got, want := w.books(t), "benefit_base_pension 11000 expenditure -11000"; got != want {
				t.Errorf("given back, the books are %q, want %q", got, want)
			}
			w.expectFedBack(t, "2011-03", "2/2 110.00 map[] 1001:paid:55.00 1002:paid:55.00; progress 2 of 110.00")
			w.corrected(t, i[0].Member)
			if d := w.draftReissue(t); d != nil {
				t.Errorf("a run pays a third time: %+v", d)
			}
			w.proved(t, w.run.ID, "entitled 2 succeeded 2 returned 1 reissued 1 paid 2 open 0")
			w.bankSays(t, "2011-03-28", out(5500, "CASH-1", "", ""), said{
				fen: 5500, ref: "B" + id(0), item: id(0), batch: "", reversal: true,
			})
			w.shows(t, "all seen", w.run.ID, "proved debits 3/3/165.00 back 1/1/55.00 uncleared 0/0/0.00 0/0/0.00 unbooked 0/0/0.00 0/0/0.00")
			if got := one[string](t, w.world, `select m.rule from reconciliation_match m
				join hand_payment h on m.entry_id = (select max(entry_id) from posting where cause_id = h.id)`); got != "bank_reference" {
				t.Errorf("the movement is matched by %q", got)
			}
			w.sound(t)
			found, err := w.pay.FindPayment(t.Context(), disbursement.PaymentFilter{ID: i[0].ID}) //nolint:exhaustruct // by id
			if err != nil || found.ByHand == nil || found.ByHand.BankReference != "CASH-1" || found.ByHand.PaidOn != w.today {
				t.Errorf("the payment is shown as %+v, %v", found.ByHand, err)
			}
		})
	}
}

// Paid by hand after the return was booked: the money that waits is used up, nothing gives
// it up, and nothing pays it again.
func TestF42_APaymentByHandAfterTheReturnEndsIt(t *testing.T) {
	t.Parallel()
	w, back := returnedDesk(t)
	w.corrected(t, w.paying[0].Member)
	cashier := w.cashier(t)
	r, err := w.try(cashier, byHand(w.paying[0].ID, "CASH-1", "2011-03-25"))
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("payment %d of 55.00 to member 1001 for 2011-03, made by bank psbc on 2011-03-25; paid by hand on "+
		"2011-03-25 from fund account 13, number CASH-1", w.paying[0].ID); r.About != want {
		t.Errorf("shown %q, want %q", r.About, want)
	}
	d := w.draftReissue(t)
	if d == nil {
		t.Fatal("before two people agreed nothing stops the next reissue")
	}
	if _, err := w.tryDecide(w.second, r, approval.Approved); err != nil {
		t.Fatal(err)
	}
	// The run was drafted before: its line is stale, and its freeze leaves it out.
	if s, err := w.trySubmit(w.maker, d.Run.ID); err == nil && s.Run.Count != 0 {
		t.Errorf("a run drafted before pays it: %+v", s.Run)
	}
	if got, want := w.books(t), "benefit_base_pension 5500 expenditure -5500"; got != want {
		t.Errorf("the books are %q, want %q", got, want)
	}
	if _, err := w.try(w.maker, givingUp(back)); fault.CodeOf(err) != "return_state" {
		t.Errorf("given up after it was paid: %v", err)
	}
	w.today = calendar.MustDay("2011-05-09")
	if err := w.pay.WatchAnswers(t.Context(), w.today); err != nil {
		t.Fatal(err)
	}
	if n := one[int](t, w.world, `select count(*) from exception_case where kind in ('paid_by_hand', 'return_unpaid')`); n != 0 {
		t.Errorf("%d cases were opened about what is settled", n)
	}
	w.proved(t, w.run.ID, "entitled 1 succeeded 1 returned 1 reissued 1 paid 1 open 0")
	w.sound(t)
}

// What cannot have been paid by hand instead is refused in plain words.
func TestWhatWasNotPaidByHand(t *testing.T) {
	t.Parallel()
	w := newDesk(newAnswerWorld(t, 4, disbursement.SettlesNet))
	i := w.paying
	w.answer(t, w.batch, paidLine(i[0]), failedLine(i[1], "AC04"), paidLine(i[2]))
	cashier := w.cashier(t)
	w.paidByHand(t, cashier, byHand(i[2].ID, "CASH-3", "2011-03-25"))
	w.giveBack(t, back(i[0], "2011-03-25"))
	w.corrected(t, i[0].Member)
	_, again := w.reissue(t)
	before := w.books(t)
	for name, tt := range map[string]struct {
		by   approval.Officer
		ask  casework.Ask
		want string
	}{
		"by the business office": {w.maker, byHand(i[2].ID, "CASH-4", "2011-03-25"), "duty_conflict"},
		"no payment":             {cashier, byHand(7, "CASH-4", "2011-03-25"), "payment_item_not_found"},
		"without the number":     {cashier, byHand(i[2].ID, "", "2011-03-25"), "evidence_incomplete"},
		"nobody knows":           {cashier, byHand(i[3].ID, "CASH-4", "2011-03-25"), "payment_not_made"},
		"twice":                  {cashier, byHand(i[2].ID, "CASH-4", "2011-03-25"), "paid_by_hand"},
		"paid again":             {cashier, byHand(i[0].ID, "CASH-4", "2011-03-25"), "payment_paid_again"},
		"being paid again":       {cashier, byHand(again[0].ID, "CASH-4", "2011-03-25"), "payment_not_made"},
	} {
		if _, err := w.try(tt.by, tt.ask); fault.CodeOf(err) != tt.want {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	if got := w.books(t); got != before {
		t.Errorf("refusals moved the books from %q to %q", before, got)
	}
	w.sound(t)
}

// The day of a payment by hand lies neither ahead nor before the first payment, and its
// number names one movement.
func TestTheDayAndTheNumberOfAPaymentByHand(t *testing.T) {
	t.Parallel()
	w := newDesk(newAnswerWorld(t, 2, disbursement.SettlesNet))
	i := w.paying
	w.answer(t, w.batch, paidLine(i[0]), paidLine(i[1]))
	cashier := w.cashier(t)
	for day, want := range map[string]string{"2011-03-24": "hand_payment_day", "2011-03-26": "hand_payment_day"} {
		if _, err := w.try(cashier, byHand(i[0].ID, "CASH-1", day)); fault.CodeOf(err) != want {
			t.Errorf("on %s: %v", day, err)
		}
	}
	w.paidByHand(t, cashier, byHand(i[0].ID, "CASH-1", "2011-03-25"))
	r, err := w.try(cashier, byHand(i[1].ID, "CASH-1", "2011-03-25"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.tryDecide(w.second, r, approval.Approved); fault.CodeOf(err) != "paid_by_hand" {
		t.Errorf("the same movement for another person: %v", err)
	}
}

// While the first payment is not back, the person has both: the proof of the run does not
// hold, a case says so after the days that an answer may take, and its return ends both.
func TestAPaymentByHandWaitsForTheReturn(t *testing.T) {
	t.Parallel()
	w := newDesk(newAnswerWorld(t, 1, disbursement.SettlesNet))
	w.answer(t, w.batch, paidLine(w.paying[0]))
	w.paidByHand(t, w.cashier(t), byHand(w.paying[0].ID, "CASH-1", "2011-03-25"))
	p, err := w.pay.Proof(t.Context(), w.auditor, w.run.ID)
	if err != nil || len(p.Breaks) == 0 {
		t.Errorf("the proof holds with money that left twice: %v, %v", p.Breaks, err)
	}
	watch := func(day string) string {
		w.today = calendar.MustDay(day)
		for range 2 {
			if err := w.pay.WatchAnswers(t.Context(), w.today); err != nil {
				t.Fatal(err)
			}
		}
		return w.openCases(t, "paid_by_hand")
	}
	if got := watch("2011-03-25"); got != "" {
		t.Errorf("on the day itself: %q", got)
	}
	if got, want := watch("2011-04-06"), fmt.Sprintf("payment_item:%d", w.paying[0].ID); got != want {
		t.Errorf("after the days: %q, want %q", got, want)
	}
	w.giveBack(t, back(w.paying[0], "2011-04-06"))
	if got := watch("2011-04-07"); got != "" {
		t.Errorf("after the return: %q", got)
	}
	w.proved(t, w.run.ID, "entitled 1 succeeded 1 returned 1 reissued 1 paid 1 open 0")
	w.sound(t)
}

// The last pension came back, and was paid by hand before: nothing of it is left to heirs.
// Where the death lies before it, it is what the family has to give back.
func TestF42_WhatWasPaidByHandReachedThePerson(t *testing.T) {
	t.Parallel()
	for died, want := range map[string]string{"2011-05-20": "", "2011-04-20": "65.00 from 2011-05"} {
		t.Run(died, func(t *testing.T) {
			t.Parallel()
			w := newLifeWorld(t, 1)
			w.decides(t, "account_pension", "2011-01", 10_00)
			w.personal(t, 1001, 8000, 2000)
			w.paysMonth(t, "2011-04")
			w.paysMonth(t, "2011-05")
			item := w.itemOf(t, 1001, "2011-05-01")
			w.today = calendar.MustDay("2011-05-28")
			desk := newDesk(w.answerWorld)
			desk.paidByHand(t, desk.cashier(t), byHand(item, "CASH-1", "2011-05-28"))
			w.giveBack(t, disbursement.Return{ //nolint:exhaustruct // a return
				Item: item, Amount: 65_00, BankReference: "B1", ValueDate: w.today, Code: "MD07",
			})
			w.died(t, 1001, died)
			if _, err := w.heirs(t, 1001, "1", lifeevent.Claim{Dues: true}); !errors.Is(err, lifeevent.ErrNothingOwed) { //nolint:exhaustruct // the months alone
				t.Errorf("the heirs ask for the month: %v", err)
			}
			w.watches(t)
			got := ""
			if want != "" {
				r := w.recovery(t, 1001)
				got = fmt.Sprintf("%s from %s", r.Open(), r.Since)
			} else if n := one[int](t, w.world, `select count(*) from recovery_case`); n != 0 {
				t.Errorf("%d recoveries of what was due", n)
			}
			if got != want {
				t.Errorf("to be recovered: %q, want %q", got, want)
			}
			if text := w.wholeBook(t); text != "" {
				t.Errorf("verify: %s", text)
			}
		})
	}
}

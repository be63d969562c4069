package postgres_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/disbursement"
	"twoline/gateway/fault"
	"twoline/gateway/lifeevent"
)

// drawing is SQL that entitles the first pensioner to 10.00 out of the own account beside the base
// pension of 55.00.
const drawing = `insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
	values (610304, 1001, 'account_pension', '2011-01-01', 1000, 'test', 'test', now())`

// returnsInRed is SQL that makes the area take benefits back that come back.
const returnsInRed = `insert into area_rule values (610304, 'return_policy', '2011-01-01', '"red"', 'test')`

// wholeBook says what a verification finds anywhere, but of the statements that a world writes by hand and
// the accounts that it changes so.
func (w *desk) wholeBook(t *testing.T) string {
	t.Helper()
	all := (&lifeWorld{answerWorld: w.answerWorld}).wholeBook(t) //nolint:exhaustruct // its database
	lines := slices.DeleteFunc(strings.Split(all, "\n"), func(line string) bool {
		id, _, _ := strings.Cut(line, " ")
		return slices.Contains([]string{"I9", "I20", "I21", "I23"}, id)
	})
	return strings.Join(lines, "\n")
}

// afterAll proves that a run's two pensioners were paid, and that nothing pays the claim that was paid
// by hand again, nor finds anything wrong.
func (w *desk) afterAll(t *testing.T, want string) {
	t.Helper()
	w.corrected(t, w.paying[0].Member)
	if d := w.draftReissue(t); d != nil {
		t.Errorf("a run pays it again: %+v", d)
	}
	w.proved(t, w.run.ID, want)
	w.sound(t)
	if text := w.wholeBook(t); text != "" {
		t.Errorf("verify: %s", text)
	}
}

// The bank refused to pay, and the pensioner was paid by hand: the pension is spent once, out of the
// own account what was to come from there, whatever the bank's habit; bank and book agree, and no run
// pays it again.
func TestF42_InsteadOfAPaymentThatFailed(t *testing.T) {
	t.Parallel()
	for settlement, lines := range map[string][]said{
		disbursement.SettlesNet: {out(5500, "L1", "", "batch")},
		disbursement.SettlesGross: {
			out(12_000, "L1", "", "batch"), {fen: 6500, ref: "L2", item: "", batch: "batch", reversal: true},
		},
		disbursement.SettlesItemised: {out(5500, "R", "item", "batch")},
	} {
		t.Run(settlement, func(t *testing.T) {
			t.Parallel()
			w := newDesk(newAnswerWorld(t, 2, settlement, drawing))
			w.personal(t, 1001, 8000, 2000)
			w.bankSays(t, "2011-03-24")
			i := w.paying
			w.answer(t, w.batch, failedLine(i[0], "AC04"), paidLine(i[1]))
			for n := range lines {
				lines[n].batch = w.batch.Number
				if lines[n].item != "" {
					lines[n].ref, lines[n].item = fmt.Sprintf("R%d", i[1].ID), fmt.Sprint(i[1].ID)
				}
			}
			w.bankSays(t, "2011-03-25", append(lines, out(6500, "CASH-1", "", ""))...)
			w.today = calendar.MustDay("2011-03-28")
			cashier := w.cashier(t)
			r, err := w.try(cashier, byHand(i[0].ID, "CASH-1", "2011-03-25"))
			if err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf("payment %d of 65.00 to member 1001 for 2011-03, refused by bank psbc; paid by hand on "+
				"2011-03-25 from fund account 13, number CASH-1", i[0].ID); r.About != want {
				t.Errorf("shown %q, want %q", r.About, want)
			}
			if _, err := w.tryDecide(w.second, r, approval.Approved); err != nil {
				t.Fatal(err)
			}
			if got, want := w.books(t), "benefit_account_pension 1000 benefit_base_pension 11000 expenditure -12000 "+
				"personal_control -1000 personal_individual 800 personal_interest 200"; got != want {
				t.Errorf("the books are %q, want %q", got, want)
			}
			w.expectFedBack(t, "2011-03", "2/2 120.00 map[] 1001:paid:65.00 1002:paid:55.00; progress 2 of 120.00")
			w.bankSays(t, "2011-03-28")
			debits := map[string]string{
				disbursement.SettlesNet:      "debits 2/2/120.00 back 0/0/0.00",
				disbursement.SettlesGross:    "debits 3/2/185.00 back 1/1/65.00",
				disbursement.SettlesItemised: "debits 2/2/120.00 back 0/0/0.00",
			}[settlement]
			w.shows(t, "all seen", w.run.ID, "proved "+debits+" uncleared 0/0/0.00 0/0/0.00 unbooked 0/0/0.00 0/0/0.00")
			if got := w.openCases(t, "paid_by_hand"); got != "" {
				t.Errorf("a case asks for money that never left: %s", got)
			}
			w.afterAll(t, "entitled 2 succeeded 1 rejected 1 returned 0 reissued 1 paid 2 open 0")
		})
	}
}

// The payment came back where the area takes the benefit back, and the pensioner was paid by hand then:
// the pension is spent anew, and drawn anew.
func TestF42_InsteadOfAPaymentThatCameBackInRed(t *testing.T) {
	t.Parallel()
	w := newDesk(newAnswerWorld(t, 2, disbursement.SettlesNet, drawing, returnsInRed))
	w.personal(t, 1001, 8000, 2000)
	i := w.paying
	w.answer(t, w.batch, paidLine(i[0]), paidLine(i[1]))
	w.giveBack(t, back(i[0], "2011-03-25"))
	w.expectFedBack(t, "2011-03", "1/2 55.00 map[RETURNED:1] 1001:RETURNED:0.00 1002:paid:55.00; progress 1 of 55.00")
	w.today = calendar.MustDay("2011-03-28")
	w.paidByHand(t, w.cashier(t), byHand(i[0].ID, "CASH-1", "2011-03-28"))
	if got, want := w.books(t), "benefit_account_pension 1000 benefit_base_pension 11000 expenditure -12000 "+
		"personal_control -1000 personal_individual 800 personal_interest 200"; got != want {
		t.Errorf("the books are %q, want %q", got, want)
	}
	w.expectFedBack(t, "2011-03", "2/2 120.00 map[] 1001:paid:65.00 1002:paid:55.00; progress 2 of 120.00")
	id := fmt.Sprint(i[0].ID)
	w.bankSays(t, "2011-03-25", out(12_000, "L1", "", w.batch.Number),
		said{fen: 6500, ref: "B" + id, item: id, batch: "", reversal: true})
	w.bankSays(t, "2011-03-28", out(6500, "CASH-1", "", ""))
	w.shows(t, "all seen", w.run.ID, "proved debits 3/2/185.00 back 1/1/65.00 uncleared 0/0/0.00 0/0/0.00 "+
		"unbooked 0/0/0.00 0/0/0.00")
	w.afterAll(t, "entitled 2 succeeded 2 returned 1 reissued 1 paid 2 open 0")
}

// The reissue failed too. Where the first payment's money waits in suspense, the payment by hand takes
// it up there, and nobody gives it up; where it never left, it is the benefit itself. Both runs say so.
func TestF42_InsteadOfAReissueThatFailed(t *testing.T) {
	t.Parallel()
	for came, wants := range map[bool]struct{ kind, first string }{
		true:  {"hand_payment", "entitled 2 succeeded 2 returned 1 reissued 1 paid 2 open 0"},
		false: {"benefit", "entitled 2 succeeded 1 rejected 1 reissued 1 paid 2 open 0"},
	} {
		t.Run(wants.kind, func(t *testing.T) {
			t.Parallel()
			w := newDesk(newAnswerWorld(t, 2, disbursement.SettlesGross))
			i, id := w.paying, fmt.Sprint(w.paying[0].ID)
			w.bankSays(t, "2011-03-24")
			lines := []said{out(11_000, "L1", "", w.batch.Number), {fen: 5500, ref: "B" + id, item: id, batch: "", reversal: true}}
			if came {
				w.answer(t, w.batch, paidLine(i[0]), paidLine(i[1]))
				w.giveBack(t, back(i[0], "2011-03-25"))
			} else {
				w.answer(t, w.batch, failedLine(i[0], "AC04"), paidLine(i[1]))
				lines[1] = said{fen: 5500, ref: "L2", item: "", batch: w.batch.Number, reversal: true}
			}
			w.corrected(t, 1001)
			b, again := w.reissue(t)
			w.answer(t, b, failedLine(again[0], "AC04"))
			w.bankSays(t, "2011-03-25", append(lines, out(5500, "L3", "", b.Number),
				said{fen: 5500, ref: "L4", item: "", batch: b.Number, reversal: true}, out(5500, "CASH-1", "", ""))...)
			cashier := w.cashier(t)
			_, err := w.try(cashier, byHand(i[0].ID, "CASH-1", "2011-03-25"))
			if fault.CodeOf(err) != "payment_paid_again" || !strings.Contains(fmt.Sprint(err), "say it of the last one") {
				t.Errorf("of the first of two: %v", err)
			}
			w.paidByHand(t, cashier, byHand(again[0].ID, "CASH-1", "2011-03-25"))
			if got := one[string](t, w.world, `select string_agg(distinct kind, ' ') from posting
				where cause_id = (select id from hand_payment)`); got != wants.kind {
				t.Errorf("it is booked as %s, want %s", got, wants.kind)
			}
			if got, want := w.books(t), "benefit_base_pension 11000 expenditure -11000"; got != want {
				t.Errorf("the books are %q, want %q", got, want)
			}
			if came {
				if _, err := w.try(w.maker, givingUp(one[int64](t, w.world, `select id from payment_return`))); fault.CodeOf(err) != "return_state" {
					t.Errorf("given up after it was paid: %v", err)
				}
			}
			w.expectFedBack(t, "2011-03", "2/2 110.00 map[] 1001:paid:55.00 1002:paid:55.00; progress 2 of 110.00")
			w.bankSays(t, "2011-04-01")
			none := " uncleared 0/0/0.00 0/0/0.00 unbooked 0/0/0.00 0/0/0.00"
			w.shows(t, "the first run", w.run.ID, "proved debits 3/2/165.00 back 1/1/55.00"+none)
			w.shows(t, "the second run", b.Run, "proved debits 2/2/110.00 back 1/1/55.00"+none)
			w.today = calendar.MustDay("2011-05-09")
			if err := w.pay.WatchAnswers(t.Context(), w.today); err != nil {
				t.Fatal(err)
			}
			if n := one[int](t, w.world, `select count(*) from exception_case where kind in ('paid_by_hand', 'return_unpaid')`); n != 0 {
				t.Errorf("%d cases were opened about what is settled", n)
			}
			w.proved(t, b.Run, "entitled 1 succeeded 0 rejected 1 reissued 1 paid 1 open 0")
			w.afterAll(t, wants.first)
		})
	}
}

// The bank says later that it made the payment after all: the pensioner has both. A case asks, and the
// bank's debit stands beside the book for ever; nothing takes it in.
func TestF42_TheBankPaidAfterAll(t *testing.T) {
	t.Parallel()
	w := newDesk(newAnswerWorld(t, 2, disbursement.SettlesItemised))
	i := w.paying
	id := func(n int) string { return fmt.Sprint(i[n].ID) }
	w.answer(t, w.batch, failedLine(i[0], "TM01"), paidLine(i[1]))
	w.paidByHand(t, w.cashier(t), byHand(i[0].ID, "CASH-1", "2011-03-25"))
	w.answer(t, w.batch, paidLine(i[0]))
	if got, want := w.openCases(t, "possible_double_credit"), "payment_item:"+id(0); got != want {
		t.Errorf("open cases %q, want %q", got, want)
	}
	w.bankSays(t, "2011-03-25", out(5500, "R"+id(1), id(1), w.batch.Number), out(5500, "R"+id(0), id(0), w.batch.Number),
		out(5500, "CASH-1", "", ""))
	w.bankSays(t, "2011-04-06")
	p := w.shows(t, "a third debit", w.run.ID, "differs debits 2/2/110.00 back 0/0/0.00 uncleared 0/0/0.00 0/0/0.00 "+
		"unbooked 1/1/55.00 0/0/0.00")
	if n := p.Sides[1].Names[0]; n.Item != i[0].ID {
		t.Errorf("the third debit is named %+v", n)
	}
	if got := one[string](t, w.world, `select string_agg(l.bank_reference, ' ') from reconciliation_break b
		join break_line k on k.break_id = b.id join statement_line l on l.id = k.statement_line_id
		where not exists (select from break_closed c where c.break_id = b.id)`); got != "R"+id(0) {
		t.Errorf("open breaks are of %s", got)
	}
	if _, err := w.tryReturn(w.psbc, []disbursement.Return{back(i[0], "2011-03-25")}); err != nil {
		t.Fatal(err)
	}
	if got, want := w.books(t), "benefit_base_pension 11000 expenditure -11000"; got != want {
		t.Errorf("the books are %q, want %q", got, want)
	}
	w.sound(t)
	if text := w.wholeBook(t); text != "" {
		t.Errorf("verify: %s", text)
	}
}

// Nobody is owed what was ended, inherited or fell due after the death; and while the bank may have paid
// after all, nobody says that somebody else did.
func TestWhatFailedAndIsNotToBePaidByHand(t *testing.T) {
	t.Parallel()
	w := newDesk(newAnswerWorld(t, 4, disbursement.SettlesNet))
	i := w.paying
	w.answer(t, w.batch, failedLine(i[0], "TM01"), failedLine(i[1], "AM05"), failedLine(i[2], "AC04"), failedLine(i[3], "AC04"))
	w.answer(t, w.batch, paidLine(i[0]))
	w.sql(t, `insert into death_notice (area, member_id, died_on, source, document, entered_by, entered_at) values
		(610304, 1003, '2011-02-20', 'civil affairs', 'list', 'test', now())`)
	cashier := w.cashier(t)
	for name, tt := range map[string]struct {
		ask  casework.Ask
		want string
	}{
		"the bank says both":       {byHand(i[0].ID, "CASH-1", "2011-03-25"), "payment_not_made"},
		"refused as a second one":  {byHand(i[1].ID, "CASH-1", "2011-03-25"), "payment_not_made"},
		"died before the month":    {byHand(i[2].ID, "CASH-1", "2011-03-25"), "payment_not_due"},
		"before it was made out":   {byHand(i[3].ID, "CASH-1", w.batch.CreatedOn.AddDays(-1).String()), "hand_payment_day"},
		"on a day that lies ahead": {byHand(i[3].ID, "CASH-1", "2011-03-26"), "hand_payment_day"},
	} {
		if _, err := w.try(cashier, tt.ask); fault.CodeOf(err) != tt.want {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	w.decide(t, casework.Ask{ //nolint:exhaustruct // of a case
		Kind: casework.Case, Word: casework.Settled, Document: "call note", Reason: "never had it",
		Subject: one[int64](t, w.world, `select id from exception_case where kind = 'possible_double_credit'
			and subject = 'payment_item:' || $1::bigint`, i[1].ID),
	})
	w.paidByHand(t, cashier, byHand(i[1].ID, "CASH-1", "2011-03-25"))
	w.sound(t)
}

// A run that was recalled and that its bank answered may have paid: the case is settled first.
func TestWhatARecalledRunMayHavePaidIsNotPaidByHand(t *testing.T) {
	t.Parallel()
	w := newDesk(newAnswerWorld(t, 1, disbursement.SettlesNet))
	w.answer(t, w.batch, failedLine(w.paying[0], "AC04"))
	w.corrected(t, 1001)
	b, again := w.reissue(t)
	w.recalledAndPaid(t, b, again[0])
	cashier := w.cashier(t)
	if _, err := w.try(cashier, byHand(w.paying[0].ID, "CASH-1", "2011-03-25")); fault.CodeOf(err) != "payment_not_made" {
		t.Errorf("while the bank may have paid: %v", err)
	}
}

// failedDue is a county whose difference of 5.00 to the first pensioner the bank did not pay.
func failedDue(t *testing.T) (*lifeWorld, *desk, disbursement.Item) {
	t.Helper()
	w := newLifeWorld(t, 2)
	w.paysMonth(t, "2011-03")
	w.raise(t, 1001, "2011-03", 6000, "rise")
	w.today = calendar.MustDay("2011-04-03")
	w.differences(t, "2011-04")
	b := w.released(t, dues("2011-04")).Batches[0]
	i := w.payItems(t, b)[0]
	line := failedLine(i, "AC04")
	line.ValueDate = w.today
	w.answer(t, b, line)
	return w, newDesk(w.answerWorld), i
}

// A due whose payment failed and that was paid by hand is taken: two people cannot end it, no run has
// it, no list owes it again, and it is not the heirs'.
func TestF42_ADueThatWasPaidByHandIsTaken(t *testing.T) {
	t.Parallel()
	w, desk, i := failedDue(t)
	desk.paidByHand(t, desk.cashier(t), byHand(i.ID, "CASH-1", w.today.String()))
	due := func() disbursement.Due {
		list, err := w.pay.Dues(t.Context(), w.auditor, disbursement.DueFilter{Member: 1001}) //nolint:exhaustruct // all of one
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		return list[0]
	}
	if d := due(); d.Standing != disbursement.DueTaken || d.Failed {
		t.Errorf("the due stands %s, failed %t", d.Standing, d.Failed)
	}
	if _, err := w.tryEnd(t, w.maker, 1001); !errors.Is(err, disbursement.ErrDueTaken) {
		t.Errorf("ended: %v", err)
	}
	if _, err := w.tryDifferences(w.maker, "2011-05"); !errors.Is(err, disbursement.ErrNoDifference) {
		t.Errorf("the next list: %v", err)
	}
	w.corrected(t, 1001)
	if d := w.draftReissue(t); d != nil {
		t.Errorf("a run pays it again: %+v", d)
	}
	got := w.edited(t, `insert into due_end_approved (area, due_id, decision_id, approved_at)
		select area, id, 5, now() from benefit_due; insert into benefit_due_ended select area, id, 'gone', 'test', now() from benefit_due`)
	for _, want := range []string{"which two people ended", fmt.Sprintf("and payment %d pays it", i.ID)} {
		if !strings.Contains(got, want) {
			t.Errorf("ended by hand, verification says %q, want %q", got, want)
		}
	}
	w.died(t, 1001, "2011-03-31")
	if d := due(); d.Standing != disbursement.DueTaken {
		t.Errorf("after the death it stands %s", d.Standing)
	}
	if _, err := w.heirs(t, 1001, "1", lifeevent.Claim{Dues: true}); !errors.Is(err, lifeevent.ErrNothingOwed) { //nolint:exhaustruct // the months alone
		t.Errorf("the heirs ask for it: %v", err)
	}
	if text := desk.wholeBook(t); text != "" {
		t.Errorf("verify: %s", text)
	}
}

// What two people ended is not paid by hand either.
func TestADueThatEndedIsNotPaidByHand(t *testing.T) {
	t.Parallel()
	w, desk, i := failedDue(t)
	cashier := desk.cashier(t)
	r, err := desk.try(cashier, byHand(i.ID, "CASH-1", w.today.String()))
	if err != nil {
		t.Fatal(err)
	}
	w.ended(t, 1001)
	if _, err := desk.tryDecide(desk.second, r, approval.Approved); fault.CodeOf(err) != "payment_not_due" {
		t.Errorf("approved after the end: %v", err)
	}
}

// The last pension failed, and was paid by hand before the death: nothing of it is left to heirs. What
// was paid by hand for a month after the death is to be given back, with what it drew.
func TestF42_WhatFailedAndWasPaidByHandReachedThePerson(t *testing.T) {
	t.Parallel()
	for died, want := range map[string]string{"2011-05-20": "", "2011-04-20": "65.00 from 2011-05"} {
		t.Run(died, func(t *testing.T) {
			t.Parallel()
			w, desk := lastFailed(t)
			item := w.itemOf(t, 1001, "2011-05-01")
			desk.paidByHand(t, desk.cashier(t), byHand(item, "CASH-1", "2011-05-28"))
			w.died(t, 1001, died)
			if _, err := w.heirs(t, 1001, "1", lifeevent.Claim{Dues: true}); !errors.Is(err, lifeevent.ErrNothingOwed) { //nolint:exhaustruct // the months alone
				t.Errorf("the heirs ask for the month: %v", err)
			}
			w.watches(t)
			got := ""
			if want != "" {
				r := w.recovery(t, 1001)
				got = fmt.Sprintf("%s from %s", r.Open(), r.Since)
				if r.Drawn.Total() != 10_00 || r.Drawn.Individual+r.Drawn.Interest != 10_00 {
					t.Errorf("it drew %+v", r.Drawn)
				}
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

// What an heir was granted instead is not paid by hand.
func TestWhatAnHeirWasGrantedIsNotPaidByHand(t *testing.T) {
	t.Parallel()
	w, desk := lastFailed(t)
	w.died(t, 1001, "2011-05-20")
	w.grantsMonths(t, 1001, "1")
	item := w.itemOf(t, 1001, "2011-05-01")
	if _, err := desk.try(desk.cashier(t), byHand(item, "CASH-1", "2011-05-28")); fault.CodeOf(err) != "payment_not_due" {
		t.Errorf("paid by hand: %v", err)
	}
	got := w.edited(t, `insert into hand_payment (area, id, item_id, batch_id, amount, fund_account, bank_reference, paid_on,
			document, entered_by, business_day, entered_at, decision_id, spends)
		select area, 7, id, batch_id, amount, 13, 'X', '2011-05-28', 'slip', 'test', '2011-05-28', now(), 5, true
		from payment_item where id = `+fmt.Sprint(item))
	for _, want := range []string{"pays what an heir was granted", fmt.Sprintf("and payment %d paid it or may", item)} {
		if !strings.Contains(got, want) {
			t.Errorf("paid by hand all the same, verification says %q, want %q", got, want)
		}
	}
}

// lastFailed has April paid to a pensioner, 10.00 of it out of an account of 100.00, and May not: the bank
// could not book it.
func lastFailed(t *testing.T) (*lifeWorld, *desk) {
	t.Helper()
	w := newLifeWorld(t, 1)
	w.decides(t, "account_pension", "2011-01", 10_00)
	w.personal(t, 1001, 8000, 2000)
	w.paysMonth(t, "2011-04")
	w.today = calendar.MustDay("2011-05-18")
	b := w.released(t, regular(w.today.Month())).Batches[0]
	w.today = calendar.MustDay("2011-05-28")
	line := failedLine(w.payItems(t, b)[0], "AC04")
	line.ValueDate = w.today
	w.answer(t, b, line)
	return w, newDesk(w.answerWorld)
}

// threeByHand is a county with one payment by hand of each sort: instead of one that failed, of one that
// came back in red, and of one that had still to come back.
func threeByHand(t *testing.T) *desk {
	t.Helper()
	w := newDesk(newAnswerWorld(t, 3, disbursement.SettlesNet, drawing, returnsInRed))
	w.personal(t, 1001, 8000, 2000)
	i := w.paying
	w.answer(t, w.batch, failedLine(i[0], "AC04"), paidLine(i[1]), paidLine(i[2]))
	w.giveBack(t, back(i[1], "2011-03-25"))
	cashier := w.cashier(t)
	for n := range i {
		w.paidByHand(t, cashier, byHand(i[n].ID, fmt.Sprintf("CASH-%d", n), "2011-03-25"))
	}
	w.giveBack(t, back(i[2], "2011-03-25"))
	return w
}

// What a hand changed of payments by hand is named, and random edits of them are seen.
func TestL9_EditsOfPaymentsMadeInsteadAreDetected(t *testing.T) {
	t.Parallel()
	w := threeByHand(t)
	if text := w.wholeBook(t); text != "" {
		t.Fatalf("before any edit: %s", text)
	}
	if got, want := one[string](t, w.world, `select string_agg(bank_reference || ' ' || spends, ', ' order by bank_reference)
		from hand_payment`), "CASH-0 true, CASH-1 true, CASH-2 false"; got != want {
		t.Errorf("they are %q, want %q", got, want)
	}
	const failed = `(select item_id from hand_payment where bank_reference = 'CASH-0')`
	for edit, want := range map[string][]string{
		`update hand_payment set spends = false where bank_reference = 'CASH-0'`: {
			"is no benefit, and neither was payment", "in suspense; what waits there", "draws from the personal account",
			"and no answer, return or decision says so",
		},
		`update hand_payment set spends = false where bank_reference = 'CASH-1'`: {"is no benefit, and neither was payment"},
		`update hand_payment set spends = true where bank_reference = 'CASH-2'`:  {"is a benefit, and so was payment"},
		`update entry set actor = 'bank:psbc' where id = (select min(entry_id) from posting where cause_id =
			(select id from hand_payment where bank_reference = 'CASH-1'))`: {"who paid nothing by hand then"},
		`update hand_payment set paid_on = '2011-03-01' where bank_reference = 'CASH-0'`:      {"was made on 2011-03-01, before payment"},
		`update hand_payment set business_day = '2011-03-26' where bank_reference = 'CASH-1'`: {"is booked for another day"},
		`delete from hand_payment where bank_reference = 'CASH-0'`:                            {"and no answer, return or decision says so"},
		`insert into estate_granted_item (area, claim_id, item_id, base_pension, account_pension)
			select 610304, 7, item_id, 5500, 1000 from hand_payment where bank_reference = 'CASH-0'`: {
			"pays what an heir was granted instead of payment", "and is not of a month of that member",
		},
		`delete from answer where item_id = ` + failed: {"of which the bank said nothing"},
		`update posting set amount = amount + 1 where role = 'benefit_base_pension' and cause_id =
			(select id from hand_payment where bank_reference = 'CASH-0')`: {"is booked with 55.01"},
		`update posting set amount = amount + 1000 where role = 'personal_individual' and side = 'debit' and cause_id =
			(select id from hand_payment where bank_reference = 'CASH-0')`: {"more than its own part of it"},
	} {
		got := w.edited(t, edit)
		for _, text := range want {
			if !strings.Contains(got, text) {
				t.Errorf("%s: verification says %q, want %q", edit, got, text)
			}
		}
	}
	tamper(t, w.db, newTamperer(t, w.d.OwnerURL, 2, []string{"hand_payment"}), 25)
}

// claimed is where one pensioner's claim stands in a world where everything happens at random: the last
// payment of it, what the bank said of that, and how often the person has the money.
type claimed struct {
	batch                        disbursement.Batch
	items                        []disbursement.Item
	answered, paid, back, byHand bool
	has                          int
}

func (c *claimed) last() disbursement.Item { return c.items[len(c.items)-1] }

// lost says that the next reissue pays the claim.
func (c *claimed) lost() bool { return c.answered && (!c.paid || c.back) && !c.byHand }

// Answers, returns, reissues and payments by hand come in any order: nobody is paid a claim again that
// the person has, nobody says by hand what is not so, and the book holds each pension once.
func TestF42_PaymentsByHandInAnyOrder(t *testing.T) {
	t.Parallel()
	for seed, settlement := range []string{disbursement.SettlesNet, disbursement.SettlesGross, disbursement.SettlesItemised} {
		for _, changes := range [][]string{nil, {returnsInRed}} {
			t.Run(fmt.Sprint(settlement, len(changes)), func(t *testing.T) {
				t.Parallel()
				w := newDesk(newAnswerWorld(t, 10, settlement, changes...))
				claims := map[int64]*claimed{}
				for _, i := range w.paying {
					claims[i.Member] = &claimed{batch: w.batch, items: []disbursement.Item{i}} //nolint:exhaustruct // nothing known
				}
				cashier := w.cashier(t)
				r := rand.New(rand.NewPCG(uint64(seed), uint64(len(changes))))
				for step := range 80 {
					c := claims[1001+int64(r.IntN(len(claims)))]
					switch r.IntN(8) {
					case 0, 1:
						w.answeredAtRandom(t, c, r.IntN(3) > 0)
					case 2, 3, 4:
						if c.paid && !c.back {
							line := back(c.last(), "2011-03-25")
							line.Code = "TM01"
							w.giveBack(t, line)
							c.back, c.has = true, c.has-1
						}
					case 5, 6:
						w.byHandAtRandom(t, cashier, c, c.items[r.IntN(len(c.items))], fmt.Sprintf("CASH-%d", step))
					default:
						w.reissuedAtRandom(t, claims)
					}
				}
				w.asClaimed(t, claims)
			})
		}
	}
}

func (w *desk) answeredAtRandom(t *testing.T, c *claimed, paid bool) {
	t.Helper()
	if c.answered {
		return
	}
	c.answered, c.paid = true, paid
	if !paid {
		w.answer(t, c.batch, failedLine(c.last(), "TM01"))
		return
	}
	w.answer(t, c.batch, paidLine(c.last()))
	c.has++
}

func (w *desk) byHandAtRandom(t *testing.T, cashier approval.Officer, c *claimed, i disbursement.Item, reference string) {
	t.Helper()
	may := c.answered && !c.byHand && i.ID == c.last().ID
	r, err := w.try(cashier, byHand(i.ID, reference, "2011-03-25"))
	if err == nil {
		_, err = w.tryDecide(w.second, r, approval.Approved)
	}
	if (err == nil) != may {
		t.Fatalf("payment %d of %+v by hand: %v", i.ID, c, err)
	}
	if may {
		c.byHand, c.has = true, c.has+1
	}
}

func (w *desk) reissuedAtRandom(t *testing.T, claims map[int64]*claimed) {
	t.Helper()
	var want, got []int64
	for member, c := range claims {
		if c.lost() {
			want = append(want, member)
		}
	}
	if len(want) == 0 {
		if d := w.draftReissue(t); d != nil {
			t.Fatalf("paid again, and nobody lost anything: %+v", d)
		}
		return
	}
	b, items := w.reissue(t)
	for _, i := range items {
		got = append(got, i.Member)
		c := claims[i.Member]
		c.batch, c.items = b, append(c.items, i)
		c.answered, c.paid, c.back = false, false, false
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Fatalf("paid again are %v, want %v", got, want)
	}
}

// asClaimed proves that the book, the lists of the paid and the proof say what is so.
func (w *desk) asClaimed(t *testing.T, claims map[int64]*claimed) {
	t.Helper()
	var paid, twice int
	for member, c := range claims {
		spent := one[int64](t, w.world, `select coalesce(sum(case when (side = 'debit') <> red then amount else -amount end), 0)::bigint
			from posting where member_id = $1 and role like 'benefit%'`, member)
		waits := one[int64](t, w.world, `select coalesce(sum(case when (side = 'credit') <> red then amount else -amount end), 0)::bigint
			from posting where member_id = $1 and role = 'suspense'`, member)
		if c.has > 0 {
			paid++
		}
		if c.has > 1 {
			twice++
		}
		if spent-waits != int64(c.has)*5500 || c.has > 0 && spent != 5500 || c.has > 1 && !c.byHand {
			t.Errorf("member %d has the money %d times; %d fen are spent, and %d wait: %+v", member, c.has, spent, waits, c)
		}
	}
	if got, want := w.fedBack(t, "2011-03"), fmt.Sprintf("%d/%d ", paid, len(claims)); !strings.HasPrefix(got, want) {
		t.Errorf("fed back is %s, want %s", got, want)
	}
	p, err := w.pay.Proof(t.Context(), w.auditor, w.run.ID)
	if err != nil || (len(p.Breaks) == 0) != (twice == 0) || p.Paid.Count != paid {
		t.Errorf("%d have the money, %d of them twice; the proof has %d, breaks are %v, %v", paid, twice, p.Paid.Count, p.Breaks, err)
	}
	w.sound(t)
	if text := w.wholeBook(t); text != "" {
		t.Errorf("verify: %s", text)
	}
	kinds := one[string](t, w.world, `select string_agg(concat_ws(' ', a.outcome, (select case when k.business_day is null then ''
			when exists (select from posting p where p.cause_id = v.id and p.red) then 'in red' else 'back' end
			from payment_return v join payment_return_booked k on k.return_id = v.id where v.item_id = h.item_id), h.spends), ', ')
		from hand_payment h join answer a on a.item_id = h.item_id and a.disposition = 'recorded'`)
	t.Logf("%d of %d have the money, %d of them twice; by hand %s", paid, len(claims), twice, kinds)
}

// What came back of a month after the death is not paid by hand.
func TestWhatCameBackOfTheDeadIsNotPaidByHand(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 2)
	w.paysMonth(t, "2011-03")
	w.today = calendar.MustDay("2011-03-28")
	item := w.itemOf(t, 1001, "2011-03-01")
	w.giveBack(t, disbursement.Return{ //nolint:exhaustruct // a return
		Item: item, Amount: 55_00, BankReference: "B1", ValueDate: w.today, Code: "MD07",
	})
	w.died(t, 1001, "2011-02-20")
	desk := newDesk(w.answerWorld)
	if _, err := desk.try(desk.cashier(t), byHand(item, "CASH-1", w.today.String())); fault.CodeOf(err) != "payment_not_due" {
		t.Errorf("paid by hand for a month after the death: %v", err)
	}
}

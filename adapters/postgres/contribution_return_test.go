package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/collection"
	"twoline/gateway/disbursement"
	"twoline/gateway/fault"
)

// paidOnce is a surplus in suspense and a contribution in the book, each swept and given back by the expenditure account.
func (w *payerWorld) paidOnce(t *testing.T) (surplus, claimed collection.Refund) {
	t.Helper()
	l := w.list(collection.RelativeList, 11, 10000, 8000)
	l.Year = 2018
	l = w.approved(t, l)
	w.sql(t, `update tier_choice set amount = 8000 where year = 2018`)
	if _, err := w.name(w.money(t, "11", "R1", 18000).ID, l.ID); err != nil {
		t.Fatal(err)
	}
	w.work(t)
	claimed = w.claim(t, w.lineID(t, l, 2))
	list, err := w.service.Refunds(t.Context(), w.maker, collection.RefundFilter{Limit: 10}) //nolint:exhaustruct // all
	if err != nil || len(list) != 2 {
		t.Fatalf("refunds %+v, %v", list, err)
	}
	surplus = list[0]
	if surplus.ID == claimed.ID {
		surplus = list[1]
	}
	w.sweep(t, 18000)
	w.allocate(t, 18000)
	for _, r := range []collection.Refund{surplus, claimed} {
		w.paysOnce(t, r.ID)
	}
	return surplus, claimed
}

// paysOnce has the expenditure account pay a refund.
func (w *payerWorld) paysOnce(t *testing.T, refund int64) {
	t.Helper()
	asked, err := w.askRefundFrom(refund, 13)
	if err == nil {
		err = w.approve(asked.Decision, w.financeSecond)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// tellsBack says that the bank gave a refund back under a number of its own, today.
func (w *payerWorld) tellsBack(t *testing.T, refund int64, reference string) (casework.Request, error) {
	t.Helper()
	return w.tellsBackOn(t, refund, reference, w.today)
}

func (w *payerWorld) tellsBackOn(t *testing.T, refund int64, reference string, on calendar.Day) (casework.Request, error) {
	t.Helper()
	var out casework.Request
	_, err := w.cases.Ask(t.Context(), w.request("POST return", "", w.keys), result(&out), w.financeMaker, casework.Ask{ //nolint:exhaustruct // money back
		Kind: casework.RefundReturn, Subject: refund, Word: casework.Entered, Document: "the bank's advice",
		BankReference: reference, ValueDate: on,
	})
	return out, err
}

// cameBack has two people say that a refund came back.
func (w *payerWorld) cameBack(t *testing.T, refund int64, reference string) {
	t.Helper()
	asked, err := w.tellsBack(t, refund, reference)
	if err == nil {
		err = w.approve(asked.ID, w.financeSecond)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (w *payerWorld) refund(t *testing.T, id int64) collection.Refund {
	t.Helper()
	list, err := w.service.Refunds(t.Context(), w.maker, collection.RefundFilter{ID: id, Limit: 10}) //nolint:exhaustruct // one
	if err != nil || len(list) != 1 {
		t.Fatalf("refund %d: %+v, %v", id, list, err)
	}
	return list[0]
}

// asksForPayment are the open cases about refunds that came back.
func (w *payerWorld) asksForPayment(t *testing.T) string {
	t.Helper()
	return one[string](t, w.world, `select coalesce(string_agg(c.subject, ',' order by c.subject), '') from exception_case c
		where c.kind = 'refund_returned' and not exists (select from exception_closed x where x.area = c.area and x.case_id = c.id)`)
}

// A refund that the bank gives back is due again when two people of the finance office say so: a surplus and a
// contribution of the book alike wait in suspense, and an expenditure account pays each again, as often as it takes.
func TestARefundThatTheBankGivesBackIsPaidAgain(t *testing.T) {
	t.Parallel()
	w := newRefundWorld(t, 2)
	surplus, claimed := w.paidOnce(t)
	w.today = calendar.MustDay("2018-05-14")
	early := calendar.MustDay("2018-05-09")
	for _, on := range []calendar.Day{early, w.today.AddDays(1)} {
		if _, err := w.tellsBackOn(t, claimed.ID, "B1", on); fault.CodeOf(err) != "refund_return_day" {
			t.Errorf("back on %s: %v", on, err)
		}
	}
	asked, err := w.tellsBack(t, claimed.ID, "B1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.tellsBack(t, claimed.ID, "B2"); fault.CodeOf(err) != "decision_open" {
		t.Errorf("told twice: %v", err)
	}
	if r := w.refund(t, claimed.ID); r.State != collection.RefundPaid || w.net(t, "suspense") != 0 {
		t.Errorf("before two people decided it is %+v", r)
	}
	if err := w.approve(asked.ID, w.checker); fault.CodeOf(err) != "duty_conflict" {
		t.Errorf("by the business office: %v", err)
	}
	if err := w.approve(asked.ID, w.financeSecond); err != nil {
		t.Fatal(err)
	}
	if _, err := w.tellsBack(t, claimed.ID, "B3"); fault.CodeOf(err) != "refund_not_sent" {
		t.Errorf("the same payment came back again: %v", err)
	}
	if _, err := w.tellsBack(t, surplus.ID, "B1"); fault.CodeOf(err) != "refund_credit_known" {
		t.Errorf("one credit for two refunds: %v", err)
	}
	w.cameBack(t, surplus.ID, "B2")
	for role, want := range map[string]int64{"expenditure": 18000, "suspense": -18000, "contribution_individual": 0} {
		if got := w.net(t, role); got != want {
			t.Errorf("%s is %d fen, want %d", role, got, want)
		}
	}
	if r := w.refund(t, claimed.ID); r.State != collection.RefundOpen || !r.Waits() || r.Last.Number != 1 {
		t.Errorf("after it came back it is %+v", r)
	}
	want := fmt.Sprintf("refund:%d:1,refund:%d:1", min(surplus.ID, claimed.ID), max(surplus.ID, claimed.ID))
	if got := w.asksForPayment(t); got != want {
		t.Errorf("cases %s, want %s", got, want)
	}
	w.proved(t)
	if _, err := w.askRefund(claimed.ID); fault.CodeOf(err) != "refund_road" {
		t.Errorf("out of the account that it came to: %v", err)
	}
	w.paysOnce(t, claimed.ID)
	if _, err := w.askRefundFrom(claimed.ID, 13); fault.CodeOf(err) != "refund_paid" {
		t.Errorf("paid a third time: %v", err)
	}
	w.today = w.today.AddDays(1)
	w.cameBack(t, claimed.ID, "B4")
	w.paysOnce(t, claimed.ID)
	w.paysOnce(t, surplus.ID)
	for _, role := range []string{"expenditure", "suspense", "contribution_individual", "personal_individual"} {
		if got := w.net(t, role); got != 0 {
			t.Errorf("%s is %d fen", role, got)
		}
	}
	if got := w.asksForPayment(t); got != "" {
		t.Errorf("open cases %s", got)
	}
	got := one[string](t, w.world, fmt.Sprintf(`select string_agg(replace(cause, 'refund:%d', 'r') || ' ' || kind, ', ' order by id)
		from entry where cause like 'refund:%d%%'`, claimed.ID, claimed.ID))
	wantBooked := "r contribution_refund, r:paid account_paid_out, r:1:back payment_return, r:2 reissue, r:2:back payment_return, r:3 reissue"
	if got != wantBooked {
		t.Errorf("booked %s\nwant   %s", got, wantBooked)
	}
	w.proved(t)
}

// A bank's notice of the credit is the same money and stays no open arrival; of a refund that went back by its own
// channel nothing comes back to an expenditure account.
func TestOnlyWhatAnExpenditureAccountPaidComesBackToIt(t *testing.T) {
	t.Parallel()
	w := newRefundWorld(t, 2)
	r := w.claim(t, w.lineID(t, w.relatives(t, 10000), 1))
	if _, err := w.tellsBack(t, r.ID, "B1"); fault.CodeOf(err) != "refund_not_sent" {
		t.Errorf("of what was not paid: %v", err)
	}
	w.payBack(t, r)
	if _, err := w.tellsBack(t, r.ID, "B1"); fault.CodeOf(err) != "refund_not_sent" {
		t.Errorf("of what the income account paid: %v", err)
	}
	if _, err := w.tellsBack(t, 99, "B1"); fault.CodeOf(err) != "refund_not_found" {
		t.Errorf("of nobody: %v", err)
	}
	w.proved(t)
}

// What comes back for who died meanwhile is the heirs', and who decides the next payment reads so; a payment that was
// asked for before the death was known is asked for anew.
func TestARefundThatComesBackForTheDeadIsTheHeirs(t *testing.T) {
	t.Parallel()
	w := newRefundWorld(t, 2)
	if err := w.tryCounter(w.members[0], 2018, 10000, "C1"); err != nil {
		t.Fatal(err)
	}
	w.terminalMoney(t, 10000)
	w.work(t)
	claimed := w.claim(t, one[int64](t, w.world, `select id from counter_receipt`))
	w.sweep(t, 10000)
	w.allocate(t, 10000)
	w.paysOnce(t, claimed.ID)
	w.today = calendar.MustDay("2018-05-14")
	w.cameBack(t, claimed.ID, "B1")
	asked, err := w.askRefundFrom(claimed.ID, 13)
	if err != nil {
		t.Fatal(err)
	}
	w.world.notice(t, claimed.Member, calendar.MustDay("2018-05-12"))
	if err := w.approve(asked.Decision, w.financeSecond); fault.CodeOf(err) != "digest_differs" {
		t.Errorf("an order of before the death: %v", err)
	}
	var out casework.Request
	_, err = w.cases.Withdraw(t.Context(), w.request("POST withdraw", "", w.keys), result(&out), w.financeMaker, asked.Decision)
	if err != nil {
		t.Fatal(err)
	}
	if asked, err = w.askRefundFrom(claimed.ID, 13); err != nil {
		t.Fatal(err)
	}
	got := one[string](t, w.world, fmt.Sprintf(`select about from decision_request where id = %d`, asked.Decision))
	if want := fmt.Sprintf("to the heirs of member %d, who died on 2018-05-12", claimed.Member); !strings.Contains(got, want) {
		t.Errorf("about %q", got)
	}
	if err := w.approve(asked.Decision, w.financeSecond); err != nil {
		t.Fatal(err)
	}
	if r := w.refund(t, claimed.ID); r.State != collection.RefundPaid || r.Died.IsZero() || w.net(t, "suspense") != 0 {
		t.Errorf("paid to the heirs %+v", r)
	}
	w.proved(t)
}

// Who edits a payment of a refund or money that came back as the database's owner is named by the proof.
func TestEditedReturnsOfRefundsAreNamed(t *testing.T) {
	t.Parallel()
	w := newRefundWorld(t, 2)
	surplus, claimed := w.paidOnce(t)
	w.cameBack(t, claimed.ID, "B1")
	w.cameBack(t, surplus.ID, "B2")
	w.paysOnce(t, claimed.ID)
	w.proved(t)
	of := fmt.Sprintf(" where refund_id = %d", claimed.ID)
	back := fmt.Sprintf("refund:%d:1:back", claimed.ID)
	for edit, c := range map[string][2]string{
		`update refund_returned set amount = amount + 1` + of:       {`update refund_returned set amount = amount - 1` + of, "came back to fund account 13, and"},
		`update refund_returned set fund_account = 12` + of:         {`update refund_returned set fund_account = 13` + of, "came back to fund account 12"},
		`update refund_returned set value_date = '2018-05-09'` + of: {`update refund_returned set value_date = '2018-05-10'` + of, "came back on 2018-05-09"},
		`update refund_returned set bank_reference = 'B9'` + of:     {`update refund_returned set bank_reference = 'B1'` + of, "came back under another number or day"},
		`update refund_returned set approved_at = approved_at + interval '1 day'` + of: {
			`update refund_returned set approved_at = approved_at - interval '1 day'` + of, "before payment 1 came back",
		},
		`update refund_returned set attempt = 5` + of:                  {`update refund_returned set attempt = 1` + of, "is paid again, and payment 1 did not come back"},
		`update refund_paid set attempt = 3` + of + ` and attempt = 2`: {`update refund_paid set attempt = 2` + of + ` and attempt = 3`, "is paid, and no entry books it"},
		`update entry set cause = cause || 'x' where cause = '` + back + `'`: {
			`update entry set cause = '` + back + `' where cause = '` + back + `x'`, "booked on no day",
		},
		`update exception_case set subject = subject || '9' where kind = 'refund_returned'`: {
			`update exception_case set subject = left(subject, -1) where kind = 'refund_returned'`, "no case asks for its next payment",
		},
	} {
		if got := w.told(t, edit, c[0]); !strings.Contains(got, c[1]) {
			t.Errorf("%s: verification says %q, want %q", edit, got, c[1])
		}
	}
	w.proved(t)
	tamper(t, w.db, newTamperer(t, w.d.OwnerURL, 17, []string{"refund_paid", "refund_returned"}), 25)
}

// The database itself keeps no second payment of what did not come back.
func TestTheDatabasePaysNoRefundTwice(t *testing.T) {
	t.Parallel()
	w := newRefundWorld(t, 2)
	_, claimed := w.paidOnce(t)
	c, err := pgx.Connect(t.Context(), w.d.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(t.Context()) }()
	for attempt, want := range map[int]string{1: "refund_paid_key", 2: "refund_paid_after_return"} {
		_, err := c.Exec(t.Context(), `
			insert into refund_paid (area, refund_id, attempt, way, fund_account, amount, decision_id, paid_at)
			select area, refund_id, $2, way, fund_account, amount, decision_id, now() from refund_paid where refund_id = $1`,
			claimed.ID, attempt)
		if pg, ok := errors.AsType[*pgconn.PgError](err); !ok || pg.ConstraintName != want {
			t.Errorf("payment %d: %v, want %s", attempt, err, want)
		}
	}
}

// The bank's credit of a pension that came back is no credit of a refund.
func TestACreditIsOfOneReturn(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 2)
	w.paysMonth(t, "2011-03")
	w.today = calendar.MustDay("2011-03-28")
	w.giveBack(t, disbursement.Return{ //nolint:exhaustruct // a return
		Item: w.itemOf(t, 1001, "2011-03-01"), Amount: 55_00, BankReference: "B1", ValueDate: w.today, Code: "MD07",
	})
	err := w.db.Collection().InTx(t.Context(), func(tx collection.Tx) error {
		free, err := tx.RefundCreditFree(t.Context(), chencang, 13, "B1", 55_00)
		if free {
			t.Error("credit B1 of account 13 is a pension that came back, and can be taken as a refund's")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

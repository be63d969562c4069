package postgres_test

import (
	"errors"
	"fmt"
	"testing"

	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/gateway/lifeevent"
	"twoline/gateway/money"
)

// lastMonth has April paid to two members, each with 10.00 of it out of an account of 100.00; both died
// on 20 May, and the bank gave May of the one back and could not book that of the other.
func lastMonth(t *testing.T) *lifeWorld {
	t.Helper()
	w := newLifeWorld(t, 2)
	w.decides(t, "account_pension", "2011-01", 10_00)
	for _, m := range w.members {
		w.personal(t, m, 8000, 2000)
	}
	w.paysMonth(t, "2011-04")
	w.today = w.today.Month().Add(1).Day(18)
	for _, b := range w.released(t, regular(w.today.Month())).Batches {
		for _, i := range w.payItems(t, b) {
			if i.Member == 1002 {
				line := failedLine(i, "AC04")
				line.ValueDate = w.today
				w.answer(t, b, line)
				continue
			}
			line := paidLine(i)
			line.ValueDate = w.today.Month().Day(25)
			w.today = line.ValueDate
			w.answer(t, b, line)
		}
	}
	w.today = w.today.Month().Day(28)
	w.giveBack(t, disbursement.Return{ //nolint:exhaustruct // a return
		Item: w.itemOf(t, 1001, "2011-05-01"), Amount: 65_00, BankReference: "B1", ValueDate: w.today, Code: "MD07",
	})
	w.died(t, 1001, "2011-05-20")
	w.died(t, 1002, "2011-05-20")
	return w
}

func (w *lifeWorld) itemOf(t *testing.T, member int64, month string) int64 {
	t.Helper()
	return one[int64](t, w.world, `select max(id) from payment_item where member_id = $1 and month = $2::text::date
		and cause = 'regular'`, member, month)
}

// grantsMonths grants an heir the months that are owed, and says how much.
func (w *lifeWorld) grantsMonths(t *testing.T, member int64, heir string) money.Amount {
	t.Helper()
	c, err := w.heirs(t, member, heir, lifeevent.Claim{Balance: true, Dues: true}) //nolint:exhaustruct // what is claimed
	if err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, c.Decision); err != nil {
		t.Fatal(err)
	}
	if c.Grant.Balance != 80_00 || c.Grant.Owed != (lifeevent.Owed{Base: 55_00, Account: 10_00}) {
		t.Errorf("granted %+v, want the account of 100.00 less April and May, and May", c.Grant)
	}
	return c.Grant.Owed.Sum()
}

// The last pension that reached nobody is the heirs': one that failed at once, one that came back when
// two people gave it up. It is paid to them once, and to the dead no more.
func TestTheLastPensionReachesTheHeirs(t *testing.T) {
	t.Parallel()
	w := lastMonth(t)
	_, err := w.heirs(t, 1001, "1", lifeevent.Claim{Dues: true}) //nolint:exhaustruct // the months alone
	if !errors.Is(err, lifeevent.ErrReturned) {
		t.Fatalf("a month that waits in suspense: %v", err)
	}
	if err := w.tryGiveUp(one[int64](t, w.world, `select id from payment_return`), "died"); err != nil {
		t.Fatal(err)
	}
	w.today = w.today.Month().Add(1).Day(3)
	// A reissue that was drafted before the grant is not released after it.
	again := disbursement.Order{Scheme: ledger.Rural, Month: w.today.Month(), Kind: disbursement.Reissue} //nolint:exhaustruct // all
	if _, held := w.roster(t, again); len(held) != 1 {
		t.Fatalf("to be paid again: %v, want the failed one alone", held)
	}
	for n, member := range []int64{1001, 1002} {
		if got := w.grantsMonths(t, member, fmt.Sprint(n+1)); got != 65_00 {
			t.Errorf("member %d: the heirs are owed %s", member, got)
		}
		if _, err := w.heirs(t, member, "9", lifeevent.Claim{Dues: true}); !errors.Is(err, lifeevent.ErrNothingOwed) { //nolint:exhaustruct // again
			t.Errorf("member %d, the same month once more: %v", member, err)
		}
	}
	if _, held := w.roster(t, again); len(held) != 0 {
		t.Errorf("paid again beside: %v", held)
	}
	sent := w.paysDues(t, w.today.Month().String())
	if len(sent) != 4 || sent["李1 arrears"] != 65_00 || sent["李2 arrears"] != 65_00 || sent["李1 estate"] != 80_00 {
		t.Errorf("sent %v", sent)
	}
	for _, m := range w.members {
		if held := w.held(t, m); held != 0 {
			t.Errorf("the account of %d holds %s", m, held)
		}
	}
	if text := w.wholeBook(t); text != "" {
		t.Errorf("verify: %s", text)
	}
	w.namesEdits(t, []handEdit{
		{
			`update estate_granted_item set base_pension = base_pension + 1`,
			`update estate_granted_item set base_pension = base_pension - 1`, "with another sum than it had",
		},
		{
			fmt.Sprintf(`create temporary table was as table estate_granted_item;
				update estate_granted_item set item_id = %d where item_id = %d`,
				w.itemOf(t, 1001, "2011-04-01"), w.itemOf(t, 1001, "2011-05-01")),
			fmt.Sprintf(`update estate_granted_item set item_id = %d where item_id = %d`,
				w.itemOf(t, 1001, "2011-05-01"), w.itemOf(t, 1001, "2011-04-01")), "paid it or may",
		},
	})
}

// A reissue that was frozen before the claim pays it, and the claim has nothing; one that was only drafted
// is held at its release.
func TestAReissueAndAClaimPayOnce(t *testing.T) {
	t.Parallel()
	w := lastMonth(t)
	w.today = w.today.Month().Add(1).Day(3)
	w.sql(t, `update answer set class = 'RETRY_TECHNICAL' where class = 'FIX_ACCOUNT'`)
	again := disbursement.Order{ //nolint:exhaustruct // all
		Scheme: ledger.Rural, Month: w.today.Month(), Kind: disbursement.Reissue, Items: []int64{w.itemOf(t, 1002, "2011-05-01")},
	}
	run := w.draft(t, again).Run
	claim := lifeevent.Claim{Dues: true} //nolint:exhaustruct // the months alone
	c, err := w.heirs(t, 1002, "2", claim)
	if err != nil {
		t.Fatal(err)
	}
	frozen, err := w.trySubmit(w.maker, run.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, c.Decision); err == nil {
		t.Fatal("a month that a frozen run pays was granted")
	}
	w.sql(t, fmt.Sprintf(`update pay_run set state = 'withdrawn' where id = %d`, frozen.Run.ID))
	run = w.draft(t, again).Run
	if err := w.agreed(t, c.Decision); err != nil {
		t.Fatal(err)
	}
	if frozen, err = w.trySubmit(w.maker, run.ID); err != nil {
		t.Fatal(err)
	}
	approved, err := w.tryApprove(w.checker, verdict(frozen.Run))
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.tryRelease(w.releaser, verdict(approved))
	if err != nil || got.Run.State != disbursement.Withdrawn || len(got.Hits) != 1 ||
		got.Hits[0].Reason != disbursement.HeldAboveEntitlement {
		t.Errorf("release: %s, %v, %v", got.Run.State, got.Hits, err)
	}
}

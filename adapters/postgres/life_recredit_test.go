package postgres_test

import (
	"fmt"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/lifeevent"
	"twoline/gateway/money"
)

// setOff has June and July of member 1001 paid, who died on 5 May, and both set off against an account
// of 200.01 of which each payment drew 10.00.
func setOff(t *testing.T) (*lifeWorld, lifeevent.Recovery) {
	t.Helper()
	w := newLifeWorld(t, 2)
	w.sql(t, `insert into area_rule values (610304, 'funeral_grant', '2009-09-01', '"none"', 'local rule 5')`)
	w.sql(t, `insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
		values (610304, 1001, 'account_pension', '2011-01-01', 1000, 'test', 'test', now())`)
	w.personal(t, 1001, 20000, 1)
	w.paysMonth(t, "2011-06")
	w.paysMonth(t, "2011-07")
	w.died(t, 1001, "2011-05-05")
	w.watches(t)
	r := w.recovery(t, 1001)
	plan := lifeevent.Plan{Case: r.ID, AskedOf: lifeevent.Family, Document: "minute"} //nolint:exhaustruct // the service's
	if _, err := w.life.AskPlan(t.Context(), w.ask("POST plan"), result(&plan), w.maker, plan); err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, plan.Decision); err != nil {
		t.Fatal(err)
	}
	if held := w.held(t, 1001); held != 70_01 || plan.OfDrawn != 20_00 || plan.Now.Total() != 110_00 {
		t.Fatalf("the account holds %s after the plan %+v, want 200.01 less 20.00 drawn less 110.00", held, plan)
	}
	return w, r
}

func (w *lifeWorld) watches(t *testing.T) {
	t.Helper()
	if err := w.life.Watch(t.Context(), w.today); err != nil {
		t.Fatal(err)
	}
}

// comesBack has the bank give a payment back, and two people give it up.
func (w *lifeWorld) comesBack(t *testing.T, item int64, amount money.Amount) {
	t.Helper()
	w.today = w.today.AddDays(2)
	w.giveBack(t, disbursement.Return{ //nolint:exhaustruct // a return
		Item: item, Amount: amount, BankReference: fmt.Sprintf("B%d", item), ValueDate: w.today, Code: "MD07",
	})
	if err := w.tryGiveUp(one[int64](t, w.world, `select id from payment_return where item_id = $1`, item), "died"); err != nil {
		t.Fatal(err)
	}
}

// What a plan set off and the bank gives back afterwards is the heirs' again, before they are paid:
// the account drawn by the payment through the return, and what the plan drew by an entry of its own.
func TestWhatIsSetOffAndComesBackIsTheHeirs(t *testing.T) {
	t.Parallel()
	w, r := setOff(t)
	w.comesBack(t, r.Lines[1].Item, 65_00)
	if r = w.recovery(t, 1001); r.Total() != 65_00 || r.FromAccount != 120_00 || r.OfDrawn != 10_00 || r.TooMuch() != 55_00 {
		t.Errorf("after the return: %+v", r)
	}
	claim := lifeevent.Claim{Balance: true} //nolint:exhaustruct // what is claimed
	c, err := w.heirs(t, 1001, "1", claim)
	if err != nil || c.Grant.Balance != 135_01 {
		t.Fatalf("the heirs get %s, %v; want 200.01 less one payment of 65.00", c.Grant.Balance, err)
	}
	for range 2 {
		w.watches(t)
	}
	if r = w.recovery(t, 1001); w.held(t, 1001) != 135_01 || r.FromAccount != 65_00 || r.State() != lifeevent.RecoverySettled {
		t.Errorf("the account holds %s, case %+v", w.held(t, 1001), r)
	}
	if err := w.agreed(t, c.Decision); err != nil {
		t.Fatal(err)
	}
	if text := w.wholeBook(t); text != "" {
		t.Errorf("verify: %s", text)
	}
	w.namesEdits(t, []handEdit{
		{
			`update recovery_recredit set individual = individual + 1`, `update recovery_recredit set individual = individual - 1`,
			"is booked otherwise than it says",
		},
		{
			`create temporary table back as select * from payment_return; update payment_return set item_id = 1`,
			`update payment_return v set item_id = b.item_id from back b where b.id = v.id`, "and took back 55.00",
		},
	})
}

// Of a death that was taken back nothing is set off: the living member's account holds all of it.
func TestASetOffEndsWithItsDeath(t *testing.T) {
	t.Parallel()
	w, _ := setOff(t)
	if err := w.lives(t, 1001); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		w.watches(t)
	}
	if held := w.held(t, 1001); held != 180_01 {
		t.Errorf("the account holds %s, want 200.01 less 20.00 drawn", held)
	}
	// The death is reported again, and so is the case: it is open, all of it.
	w.reported(t, 1001, calendar.MustDay("2011-05-06").String())
	if r := w.recovery(t, 1001); r.Open() != 110_00 || r.FromAccount != 20_00 {
		t.Errorf("case %+v", r)
	}
	if text := w.wholeBook(t); text != "" {
		t.Errorf("verify: %s", text)
	}
}

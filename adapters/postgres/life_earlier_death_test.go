package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/lifeevent"
	"twoline/gateway/money"
)

// plans has two people settle a member's recovery; what is left is asked of the family.
func (w *lifeWorld) plans(t *testing.T, member int64) lifeevent.Plan {
	t.Helper()
	r, o, err := w.life.Recovery(t.Context(), w.auditor, w.recovery(t, member).ID)
	if err != nil || o == nil {
		t.Fatalf("offer %+v, %v", o, err)
	}
	p := lifeevent.Plan{Case: r.ID, AskedOf: lifeevent.Family, Document: "minute"} //nolint:exhaustruct // the service's
	if o.Asked > 0 {
		p.Instalments = []lifeevent.Instalment{{DueOn: w.today.AddDays(30), Amount: o.Asked}}
	}
	if _, err := w.life.AskPlan(t.Context(), w.ask("POST plan"), result(&p), w.maker, p); err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, p.Decision); err != nil {
		t.Fatal(err)
	}
	return p
}

// A death of an earlier month is reported after heirs were granted the grant, the balance and months:
// nothing of it is drafted or released, two people end the claim, the month after is recovered, and
// what is claimed anew is by the earlier day, the grant once.
func TestAnEarlierDeathAfterAGrant(t *testing.T) {
	t.Parallel()
	w, first := granted(t)
	frozen := w.frozen(t, dues("2011-05"))
	w.reported(t, 1001, "2011-03-10")
	out, err := w.tryRelease(w.releaser, verdict(w.approve(t, frozen.Run)))
	if err != nil || len(out.Hits) != 3 {
		t.Fatalf("released after the earlier death: %+v, %v", out.Hits, err)
	}
	if _, held := w.roster(t, dues("2011-05")); held[1001] != disbursement.HeldAboveEntitlement {
		t.Errorf("drafted after the earlier death: %v", held)
	}
	w.watches(t)
	if got, want := w.openCases(t, "grant_by_later_death"), fmt.Sprintf("estate_claim:%d", first.ID); got != want {
		t.Errorf("told %q, want %q", got, want)
	}
	if r := w.recovery(t, 1001); len(r.Lines) != 1 || r.Total() != 65_00 {
		t.Errorf("recovery of %s: %+v", r.Total(), r.Lines)
	}
	w.ended(t, 1001)
	if got := w.duesOf(t, 1001); got != "difference 34.00 ended, funeral 600.00 ended, estate 76.00 ended, "+
		"arrears 34.00 ended, difference 34.00 estate" {
		t.Errorf("dues after the end: %s", got)
	}
	w.watches(t)
	if got := w.openCases(t, "grant_by_later_death"); got != "" {
		t.Errorf("told still: %q", got)
	}
	w.today = calendar.MustDay("2011-06-03")
	w.plans(t, 1001)
	again, err := w.heirs(t, 1001, "1", lifeevent.Claim{Funeral: true, Balance: true, Dues: true}) //nolint:exhaustruct // what is claimed
	if err != nil || again.Grant.Funeral != 600_00 || again.Grant.Owed != (lifeevent.Owed{Base: 15_00, Account: 2_00}) {
		t.Fatalf("claimed anew: %+v, %v", again.Grant, err)
	}
	if err := w.agreed(t, again.Decision); err != nil {
		t.Fatal(err)
	}
	sent := w.paysDues(t, "2011-06")
	if sent["李1 funeral"] != 600_00 || sent["李1 arrears"] != 17_00 {
		t.Errorf("sent %v", sent)
	}
	if held := w.held(t, 1001); held != 0 {
		t.Errorf("the account holds %s", held)
	}
	if text := w.wholeBook(t); text != "" {
		t.Errorf("verify: %s", text)
	}
	w.namesEdits(t, []handEdit{
		{
			`create temporary table gone as table due_end_approved; delete from due_end_approved`,
			`insert into due_end_approved (area, due_id, decision_id, approved_at) select area, due_id, decision_id, approved_at
				from gone`, "which nobody ended for it",
		},
	})
}

// What heirs were paid already of months after the earlier death is part of the recovery, and the
// grant that was paid is not granted again.
func TestAnEarlierDeathAfterHeirsWerePaid(t *testing.T) {
	t.Parallel()
	w, first := granted(t)
	w.paysDues(t, "2011-05")
	w.reported(t, 1001, "2011-03-10")
	w.watches(t)
	r := w.recovery(t, 1001)
	var months []string
	for _, l := range r.Lines {
		months = append(months, fmt.Sprintf("%s %s", l.Month, l.Base+l.Account))
	}
	if got := strings.Join(months, ", "); got != "2011-04 65.00, 2011-04 17.00" {
		t.Errorf("recovered: %s", got)
	}
	if got, want := w.openCases(t, "grant_by_later_death"), fmt.Sprintf("estate_claim:%d", first.ID); got != want {
		t.Errorf("told %q, want %q", got, want)
	}
	if _, err := w.tryEnd(t, w.maker, 1001); !errors.Is(err, disbursement.ErrDueTaken) {
		t.Errorf("a paid claim is ended: %v", err)
	}
	if p := w.plans(t, 1001); p.Asked != money.Amount(82_00)-p.FromAccount || p.FromFuneral != 0 {
		t.Errorf("plan %+v", p)
	}
	if _, err := w.heirs(t, 1001, "2", lifeevent.Claim{Funeral: true}); !errors.Is(err, lifeevent.ErrGranted) { //nolint:exhaustruct // the grant
		t.Errorf("the grant again: %v", err)
	}
	if text := w.wholeBook(t); text != "" {
		t.Errorf("verify: %s", text)
	}
}

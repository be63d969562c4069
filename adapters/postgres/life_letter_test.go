package postgres_test

import (
	"errors"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/lifeevent"
)

// A letter goes out when a plan asks for all that is open: not before, and not to the living. It names the
// agency, the day, and the account that collects for the member's scheme.
func TestALetterAsksForWhatAPlanAsks(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 2)
	w.sql(t, `insert into area_rule values (610304, 'funeral_grant', '2009-09-01', '"none"', 'local rule 5')`)
	w.paysMonth(t, "2011-03")
	w.paysMonth(t, "2011-04")
	w.died(t, 1001, "2011-02-10")
	w.watches(t)
	r := w.recovery(t, 1001)
	if _, err := w.life.Letter(t.Context(), w.auditor, r.ID); !errors.Is(err, lifeevent.ErrLetter) {
		t.Errorf("before a plan: %v", err)
	}
	plan := lifeevent.Plan{ //nolint:exhaustruct // the service's
		Case: r.ID, AskedOf: lifeevent.Family, Document: "minute",
		Instalments: []lifeevent.Instalment{{DueOn: calendar.MustDay("2011-06-01"), Amount: 110_00}},
	}
	if _, err := w.life.AskPlan(t.Context(), w.ask("POST plan"), result(&plan), w.maker, plan); err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, plan.Decision); err != nil {
		t.Fatal(err)
	}
	l, err := w.life.Letter(t.Context(), w.auditor, r.ID)
	if err != nil || l.Open() != 110_00 || l.On != w.today || l.Agency == "" || len(l.PayTo) != 1 ||
		l.PayTo[0].AccountNo != "961001010000000011" || l.PayTo[0].Bank != "邮储银行" {
		t.Errorf("letter %+v, %v", l, err)
	}
	if err := w.lives(t, 1001); err != nil {
		t.Fatal(err)
	}
	if _, err := w.life.Letter(t.Context(), w.auditor, r.ID); !errors.Is(err, lifeevent.ErrRecoveryVoid) {
		t.Errorf("of the living: %v", err)
	}
}

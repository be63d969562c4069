package postgres_test

import (
	"errors"
	"fmt"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/lifeevent"
)

// What the office waits for is not the family's delay: the days of the grant's rule count to the day on
// which the family asked, which the claim says and its digest binds.
func TestTheGrantsDaysCountToTheFamilysRequest(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 2)
	w.sql(t, `insert into area_rule values (610304, 'funeral_grant', '2009-09-01', '"base:10 within:30"', 'local rule 5')`)
	w.paysMonth(t, "2011-05")
	w.died(t, 1001, "2011-05-20")
	w.today = calendar.MustDay("2011-06-25")
	asks := func(day string) (lifeevent.Claim, error) {
		c := lifeevent.Claim{Funeral: true} //nolint:exhaustruct // what is claimed
		if day != "" {
			c.ReportedOn = calendar.MustDay(day)
		}
		return w.heirs(t, 1001, "1", c)
	}
	for _, day := range []string{"", "2011-06-20"} {
		if _, err := asks(day); !errors.Is(err, lifeevent.ErrGrantLate) {
			t.Errorf("asked on %q, more than 30 days after the death: %v", day, err)
		}
	}
	for _, day := range []string{"2011-05-19", "2011-06-26"} {
		_, err := asks(day)
		if f, ok := errors.AsType[*fault.Error](err); !ok || !errors.Is(err, lifeevent.ErrClaim) || f.Field != "reported_on" {
			t.Errorf("asked on %s: %v", day, err)
		}
	}
	c, err := asks("2011-06-19")
	if err != nil || c.Grant.Funeral != 550_00 || c.ReportedOn != calendar.MustDay("2011-06-19") {
		t.Fatalf("asked on the 30th day: %+v, %v", c, err)
	}
	w.sql(t, `alter table estate_claim disable trigger user; update estate_claim set reported_on = '2011-06-18'`)
	if err := w.agreed(t, c.Decision); err == nil {
		t.Error("a claim whose day was changed was granted")
	}
	w.sql(t, `update estate_claim set reported_on = '2011-06-19'`)
	w.today = calendar.MustDay("2011-07-08")
	if err := w.agreed(t, c.Decision); err != nil {
		t.Fatal(err)
	}
	list, err := w.life.Claims(t.Context(), w.auditor, lifeevent.ClaimFilter{ID: c.ID}) //nolint:exhaustruct // one
	if err != nil || list[0].ReportedOn != c.ReportedOn || list[0].MadeOn != calendar.MustDay("2011-06-25") {
		t.Errorf("claims: %+v, %v", list, err)
	}
	w.namesEdits(t, []handEdit{{
		`update estate_claim set reported_on = '2011-05-19'`,
		fmt.Sprintf(`update estate_claim set reported_on = '%s'`, c.ReportedOn), "was asked for on 2011-05-19",
	}})
}

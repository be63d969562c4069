package postgres_test

import (
	"errors"
	"fmt"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/lifeevent"
)

// A grant of ten base pensions was granted, and then the base pension of the month of the death is
// raised: people are told, an heir is granted the difference, and nobody ever the same one again.
func TestAGrantRisesWithTheBasePension(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 2)
	w.sql(t, `insert into area_rule values (610304, 'funeral_grant', '2009-09-01', '"base:10 within:30"', 'local rule 5'),
		(610304, 'funeral_grant', '2011-06-01', '"base:20"', 'local rule 6')`)
	w.paysMonth(t, "2011-05")
	w.died(t, 1001, "2011-05-20")
	w.today = calendar.MustDay("2011-06-10")
	claims := func(account string) (lifeevent.Claim, error) {
		return w.heirs(t, 1001, account, lifeevent.Claim{Funeral: true}) //nolint:exhaustruct // what is claimed
	}
	open := func() string {
		t.Helper()
		if err := w.life.Watch(t.Context(), w.today); err != nil {
			t.Fatal(err)
		}
		return one[string](t, w.world, `select coalesce(string_agg(c.subject || ': ' || substr(c.text, position(' it is ' in c.text) + 7, 6), ',' order by c.id), '')
			from exception_case c where c.kind = 'funeral_grant_risen' and not exists (
				select from exception_closed x where x.case_id = c.id)`)
	}
	first, err := claims("1")
	if err == nil {
		err = w.agreed(t, first.Decision)
	}
	if err != nil || first.Grant.Funeral != 550_00 {
		t.Fatalf("the first grant is %s, %v", first.Grant.Funeral, err)
	}
	if got := open(); got != "" {
		t.Errorf("told before a rise: %s", got)
	}
	w.today = calendar.MustDay("2011-09-10")
	// A rise after the month of the death raises nothing.
	w.raise(t, 1001, "2011-06", 9000, "a later rise")
	if _, err := claims("1"); !errors.Is(err, lifeevent.ErrGranted) || open() != "" {
		t.Errorf("a rise of the month after: %v", err)
	}
	w.raise(t, 1001, "2011-05", 7000, "rise")
	if got, want := open(), fmt.Sprintf("estate_claim:%d: 150.00", first.ID); got != want {
		t.Errorf("told %q, want %q", got, want)
	}
	more, err := claims("1")
	if err != nil || more.Grant.Funeral != 150_00 {
		t.Fatalf("the difference is %s, %v", more.Grant.Funeral, err)
	}
	rival, err := claims("2")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, more.Decision); err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, rival.Decision); !errors.Is(err, lifeevent.ErrGranted) {
		t.Errorf("the same difference twice: %v", err)
	}
	if _, err := claims("1"); !errors.Is(err, lifeevent.ErrGranted) {
		t.Errorf("the difference again: %v", err)
	}
	if got := open(); got != "" {
		t.Errorf("told after the difference: %s", got)
	}
	if got := one[int](t, w.world, `select sum(funeral_grant)::int from benefit_due`); got != 700_00 {
		t.Errorf("%d fen are due, want ten base pensions of 70.00", got)
	}
	w.clean(t, "life")
	w.namesEdits(t, []handEdit{{
		`update entitlement set entered_at = entered_at - interval '1 day' where document = 'rise'`,
		`update entitlement set entered_at = entered_at + interval '1 day' where document = 'rise'`, "was granted beside claim",
	}})
}

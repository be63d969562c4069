package postgres_test

import (
	"context"
	"testing"

	"twoline/adapters/postgres"
	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/policy"
	"twoline/gateway/registry"
)

// Migrate ships the nation's rules and the official working days, and leaves
// rows that stand there as they are.
func TestMigrate_SeedsTheNationsRulesAndTheWorkingDays(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db, d := pgtest.Open(t)
	d.Exec(t, `update area_rule set value = '7' where area = 0 and rule = 'arrival_suspense_days'`)
	d.Exec(t, `insert into area_rule (area, rule, effective_from, value, document)
		values (610304, 'contribution_tiers', '2016-01-01', '["300.00", "400.00"]', 'own')`)
	if err := postgres.Migrate(ctx, d.OwnerURL, ""); err != nil {
		t.Fatal(err)
	}
	err := db.Registry().Read(ctx, func(tx registry.Tx) error {
		rules, err := tx.Rules(ctx, 610304)
		if err != nil {
			return err
		}
		for day, want := range map[string]money.Amount{"2010-01-01": 50000, "2015-01-01": 200000, "2017-01-01": 40000} {
			tiers, err := rules.At(calendar.MustDay(day)).ContributionTiers()
			if err != nil || tiers[len(tiers)-1] != want {
				t.Errorf("highest tier on %s: %v, %v; want %s", day, tiers, err, want)
			}
		}
		if n, err := rules.At(calendar.MustDay("2015-01-01")).ArrivalSuspenseDays(); err != nil || n != 7 {
			t.Errorf("suspense days = %d, %v; the row that stood there must stay", n, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	days, err := db.WorkingDays(ctx)
	if err != nil {
		t.Fatal(err)
	}
	official, err := calendar.Official()
	if err != nil {
		t.Fatal(err)
	}
	for day := calendar.MustDay("2004-01-01"); day.Before(calendar.MustDay("2027-01-01")); day = day.AddDays(1) {
		got, errGot := days.IsWorkingDay(day)
		want, errWant := official.IsWorkingDay(day)
		if got != want || errGot != nil || errWant != nil {
			t.Fatalf("%s worked: %t, %v; want %t, %v", day, got, errGot, want, errWant)
		}
	}
}

// A value that the code cannot read is an error and never passed over.
func TestRules_AnUnreadableValueIsAnError(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]string{
		"a rule nobody knows": `'luck', '2016-01-01', '1'`,
		"another shape":       `'contribution_tiers', '2016-01-01', '"100.00"'`,
		"falling tiers":       `'contribution_tiers', '2016-01-01', '["200.00", "100.00"]'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, d := pgtest.Open(t)
			d.Exec(t, `insert into area_rule (area, rule, effective_from, value, document)
				values (610304, `+row+`, 'x')`)
			if readRules(db) == nil {
				t.Error("the rules were read")
			}
		})
	}
	if len(policy.National()) == 0 {
		t.Error("no national rules")
	}
}

func readRules(db *postgres.DB) error {
	ctx := context.Background()
	return db.Registry().Read(ctx, func(tx registry.Tx) error {
		_, err := tx.Rules(ctx, 610304)
		return err
	})
}

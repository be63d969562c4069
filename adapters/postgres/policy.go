package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// heldRules is SQL of every rule as it holds: of rounds of one first day the highest.
// What reads rules reads this, and never area_rule itself.
const heldRules = `area_rule_held('infinity')`

// Rules returns every rule that the area can read: its own and the nation's.
func (t *tx) Rules(ctx context.Context, area party.Area) (*policy.Rules, error) {
	return t.rulesOf(ctx, area, heldRules)
}

// rulesKnown returns the rules of Rules as they were known at an instant: what superseded
// one of them later is left out.
func (t *tx) rulesKnown(ctx context.Context, area party.Area, at time.Time) (*policy.Rules, error) {
	return t.rulesOf(ctx, area, `area_rule_held($2)`, at)
}

func (t *tx) rulesOf(ctx context.Context, area party.Area, from string, args ...any) (*policy.Rules, error) {
	rows, err := t.policyRows(ctx, from, []party.Area{area, 0}, args...)
	if err != nil {
		return nil, err
	}
	rules, err := policy.New(area, rows)
	if err != nil {
		return nil, fmt.Errorf("rules of area %s: %w", area, err)
	}
	return rules, nil
}

// policyRows returns the rows of the areas in SQL of rules, whose arguments begin at $2.
// A value that the code cannot read is an error: a rule is never passed over.
func (t *tx) policyRows(ctx context.Context, from string, areas []party.Area, args ...any) ([]policy.Row, error) {
	rows, err := t.Query(ctx, `
		select `+ruleColumns+` from `+from+` r
		where r.area = any($1) order by r.area, r.rule, r.effective_from`, append([]any{areas}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	return collect(rows, "rules", func(row pgx.CollectableRow) (r policy.Row, err error) {
		err = scanRule(row, &r)
		return r, err
	})
}

// ruleColumns are what scanRule reads of a row r, of rules or of what was asked for.
const ruleColumns = `r.area, r.rule, r.effective_from, r.value::text, r.document, r.round`

// scanRule reads a rule, and beside it what a query has after it.
func scanRule(row pgx.CollectableRow, r *policy.Row, more ...any) error {
	var value string
	err := row.Scan(append([]any{&r.Area, &r.Rule, &r.From, &value, &r.Document, &r.Round}, more...)...)
	if err != nil {
		return err //nolint:wrapcheck // by who collects
	}
	if r.Value, err = policy.ParseJSON(r.Rule, []byte(value)); err != nil {
		return fmt.Errorf("rule %s of area %s from %s: %w", r.Rule, r.Area, r.From, err)
	}
	return nil
}

// ruleValue returns what holds for a rule in an area on a day: the area's own
// newest row, else the nation's, else policy.ErrNoRule.
func (t *tx) ruleValue(ctx context.Context, area party.Area, rule policy.Rule, day calendar.Day) (policy.View, error) {
	rows, err := t.Query(ctx, `
		select `+ruleColumns+` from `+heldRules+` r
		where r.area in ($1, 0) and r.rule = $2 and r.effective_from <= $3
		order by r.area desc, r.effective_from desc limit 1`, area, rule, day)
	if err != nil {
		return policy.View{}, fmt.Errorf("rule %s of area %s: %w", rule, area, err)
	}
	list, err := collect(rows, "a rule", func(row pgx.CollectableRow) (r policy.Row, err error) {
		err = scanRule(row, &r)
		return r, err
	})
	if err != nil {
		return policy.View{}, err
	}
	rules, err := policy.New(area, list)
	if err != nil {
		return policy.View{}, err
	}
	return rules.At(day), nil
}

// CollectionMode implements fundtransfer.Tx and collection.RunTx.
func (t *tx) CollectionMode(ctx context.Context, area party.Area, day calendar.Day) (policy.Mode, error) {
	v, err := t.ruleValue(ctx, area, policy.CollectionMode, day)
	if err != nil {
		return "", err
	}
	return v.CollectionMode()
}

// WorkingDays reads the table of working days: keep the answer.
func (db *DB) WorkingDays(ctx context.Context) (*calendar.WorkingDays, error) {
	var days *calendar.WorkingDays
	err := db.Read(ctx, func(t *tx) (err error) {
		days, err = t.workingDays(ctx)
		return err
	})
	return days, err
}

func (t *tx) workingDays(ctx context.Context) (*calendar.WorkingDays, error) {
	rows, err := t.Query(ctx, `select day, working, name from working_day order by day`)
	if err != nil {
		return nil, fmt.Errorf("read working days: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (calendar.Exception, error) {
		e := calendar.Exception{Day: calendar.Day{}, Kind: calendar.Holiday, Name: ""}
		var working bool
		err := row.Scan(&e.Day, &working, &e.Name)
		if working {
			e.Kind = calendar.Working
		}
		return e, err
	})
	if err != nil {
		return nil, fmt.Errorf("read working days: %w", err)
	}
	w, err := calendar.NewWorkingDays(list)
	if err != nil {
		return nil, fmt.Errorf("read working days: %w", err)
	}
	return w, nil
}

// seedPolicy queues the nation's rules and the official working days. Rows that
// stand there are left as they are.
func seedPolicy(batch *pgx.Batch) error {
	for _, r := range policy.National() {
		batch.Queue(`
			insert into area_rule (area, rule, effective_from, value, document) values ($1, $2, $3, $4, $5)
			on conflict do nothing`, int32(r.Area), string(r.Rule), r.From.Time(), r.Value.JSON(), r.Document)
	}
	days, err := calendar.OfficialExceptions()
	if err != nil {
		return fmt.Errorf("read official working days: %w", err)
	}
	for _, d := range days {
		batch.Queue(`insert into working_day (day, working, name) values ($1, $2, $3) on conflict do nothing`,
			d.Day.Time(), d.Kind == calendar.Working, d.Name)
	}
	return nil
}

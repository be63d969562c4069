package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// Rules returns every rule that the area can read: its own and the nation's.
func (t *tx) Rules(ctx context.Context, area party.Area) (*policy.Rules, error) {
	rows, err := t.policyRows(ctx, area, 0)
	if err != nil {
		return nil, err
	}
	rules, err := policy.New(area, rows)
	if err != nil {
		return nil, fmt.Errorf("rules of area %s: %w", area, err)
	}
	return rules, nil
}

// policyRows returns the rows of the areas. A value that the code cannot read is
// an error: a rule is never passed over.
func (t *tx) policyRows(ctx context.Context, areas ...party.Area) ([]policy.Row, error) {
	rows, err := t.Query(ctx, `
		select area, rule, effective_from, value::text, document from area_rule
		where area = any($1) order by area, rule, effective_from`, areas)
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (policy.Row, error) {
		var r policy.Row
		var value string
		if err := row.Scan(&r.Area, &r.Rule, &r.From, &value, &r.Document); err != nil {
			return r, err
		}
		var err error
		if r.Value, err = policy.ParseJSON(r.Rule, []byte(value)); err != nil {
			return r, fmt.Errorf("rule %s of area %s from %s: %w", r.Rule, r.Area, r.From, err)
		}
		return r, nil
	})
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	return out, nil
}

// ruleValue returns what holds for a rule in an area on a day: the area's own
// newest row, else the nation's, else policy.ErrNoRule.
func (t *tx) ruleValue(ctx context.Context, area party.Area, rule policy.Rule, day calendar.Day) (policy.View, error) {
	var row policy.Row
	var raw []byte
	err := t.QueryRow(ctx, `
		select area, effective_from, value::text::bytea, document from area_rule
		where area in ($1, 0) and rule = $2 and effective_from <= $3
		order by area desc, effective_from desc limit 1`, area, rule, day).
		Scan(&row.Area, &row.From, &raw, &row.Document)
	var rows []policy.Row
	switch {
	case errors.Is(err, pgx.ErrNoRows):
	case err != nil:
		return policy.View{}, fmt.Errorf("rule %s of area %s: %w", rule, area, err)
	default:
		row.Rule = rule
		if row.Value, err = policy.ParseJSON(rule, raw); err != nil {
			return policy.View{}, fmt.Errorf("rule %s of area %s: %w", rule, area, err)
		}
		rows = append(rows, row)
	}
	rules, err := policy.New(area, rows)
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

package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// WatchWork opens a case in every area that waits for background work which is not
// done within the area's work_alarm_minutes: of its own, or of nobody's in
// particular, as the daily look is. An area has one such case at a time, about its
// oldest job; it is closed when nothing is late any more. WatchWork may run at any
// time and on several processes. It is no job itself: where no job is worked on, it
// must still speak.
func (db *DB) WatchWork(ctx context.Context, today calendar.Day) error {
	var areas []party.Area
	err := db.Read(ctx, func(t *tx) (err error) {
		areas, err = t.Areas(ctx)
		return err
	})
	if err != nil {
		return err
	}
	// One area's trouble stops no other.
	var errs []error
	for _, area := range areas {
		if err := db.InTx(ctx, func(t *tx) error { return t.watchWork(ctx, area, today) }); err != nil {
			errs = append(errs, fmt.Errorf("look at the background work of area %s: %w", area, err))
		}
	}
	return errors.Join(errs...)
}

// lateJob is a job j of an area ($1) that was put there before an instant ($2) and
// is not done. One that was given up after all its attempts is late too, until the
// same work was done by a later job; the day and minute of a look make no other work.
const lateJob = `
	j.created_at < $2 and coalesce(j.args ->> 'area', $1::integer::text) = $1::integer::text
	and (j.state in ('available', 'pending', 'scheduled', 'retryable', 'running') or j.state = 'discarded' and not exists (
		select from ` + JobSchema + `.river_job d
		where d.kind = j.kind and d.state = 'completed' and d.id > j.id
		  and d.args - 'day' - 'minute' = j.args - 'day' - 'minute'))`

func (t *tx) watchWork(ctx context.Context, area party.Area, today calendar.Day) error {
	v, err := t.ruleValue(ctx, area, policy.WorkAlarmMinutes, today)
	if err != nil {
		return err
	}
	minutes, err := v.WorkAlarmMinutes()
	if err != nil {
		return err
	}
	var id int64
	var kind, state, bankCode string
	var attempt int
	var since time.Time
	before := t.at.Add(-time.Duration(minutes) * time.Minute)
	err = t.QueryRow(ctx, `
		select j.id, j.kind, j.state::text, coalesce(j.args ->> 'bank', ''), j.attempt, j.created_at
		from `+JobSchema+`.river_job j where `+lateJob+` order by j.created_at, j.id limit 1`, area, before).
		Scan(&id, &kind, &state, &bankCode, &attempt, &since)
	if errors.Is(err, pgx.ErrNoRows) {
		return t.endStuckWork(ctx, area)
	}
	if err != nil {
		return fmt.Errorf("look for late jobs: %w", err)
	}
	// Two processes that look at the same moment see the same oldest job: its case has one key.
	var open bool
	err = t.QueryRow(ctx, `
		select exists (select from exception_case c where c.area = $1 and c.kind = 'work_stuck'
			and not exists (select from exception_closed x where x.area = c.area and x.case_id = c.id))`, area).Scan(&open)
	if err != nil || open {
		return err
	}
	return t.OpenCase(ctx, area, Case{
		Kind: "work_stuck", Subject: fmt.Sprintf("job:%d", id), Bank: bankCode,
		Text: fmt.Sprintf("background work %s (job %d) is not done %d minutes after %s: it is %s after %d attempts; "+
			"the service's log says why", kind, id, minutes, since.UTC().Format(time.RFC3339), state, attempt),
	})
}

// endStuckWork closes the area's case: no job is late.
func (t *tx) endStuckWork(ctx context.Context, area party.Area) error {
	_, err := t.Exec(ctx, `
		insert into exception_closed (area, case_id, text, closed_by, closed_at)
		select c.area, c.id, 'no background work is late', 'job', $2 from exception_case c
		where c.area = $1 and c.kind = 'work_stuck'
		  and not exists (select from exception_closed x where x.area = c.area and x.case_id = c.id)
		on conflict do nothing`, area, t.at)
	if err != nil {
		return fmt.Errorf("close the case of late work: %w", err)
	}
	return nil
}

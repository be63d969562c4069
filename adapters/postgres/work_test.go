package postgres_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"twoline/adapters/postgres"
	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/calendar"
)

// workWorld is two areas, a queue into which tests write, and a wall clock that
// they move.
type workWorld struct {
	db *postgres.DB
	d  pgtest.Database

	mu  sync.Mutex
	now time.Time
}

func newWorkWorld(t *testing.T) *workWorld {
	t.Helper()
	w := &workWorld{d: pgtest.New(t), now: time.Date(2011, 3, 10, 2, 0, 0, 0, time.UTC)} //nolint:exhaustruct // opened below
	db, err := postgres.Open(t.Context(), postgres.Options{URL: w.d.AppURL, Connections: 4, Now: func() time.Time {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.now
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	w.db = db
	w.d.Exec(t, `insert into area values (610304, 'Chencang'), (610306, 'Fengxiang')`)
	// Fengxiang has decided for itself, from a later day on.
	w.d.Exec(t, `insert into area_rule values (610306, 'work_alarm_minutes', '2011-03-11', '60', 'test')`)
	return w
}

// put writes a job that was put there some minutes ago.
func (w *workWorld) put(t *testing.T, state, kind, args string, minutesAgo int) (id int64) {
	t.Helper()
	w.d.Exec(t, fmt.Sprintf(`insert into river.river_job (args, kind, max_attempts, state, attempt, created_at, finalized_at)
		values ('%s', '%s', 1000, '%s', 1, '%s', %s)`, args, kind, state,
		w.now.Add(-time.Duration(minutesAgo)*time.Minute).Format(time.RFC3339),
		map[bool]string{true: "now()", false: "null"}[state == "completed" || state == "discarded"]))
	return rowsOf[int64](t, w.d, `select max(id) from river.river_job`)[0]
}

func (w *workWorld) end(t *testing.T, job int64) {
	t.Helper()
	w.d.Exec(t, `update river.river_job set state = 'completed', finalized_at = now() where id = $1`, job)
}

func (w *workWorld) pass(minutes int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(time.Duration(minutes) * time.Minute)
}

// look looks some minutes later, on the business day given, and returns the cases.
func (w *workWorld) look(t *testing.T, minutes int, day string) []string {
	t.Helper()
	w.pass(minutes)
	if err := w.db.WatchWork(t.Context(), calendar.MustDay(day)); err != nil {
		t.Fatal(err)
	}
	return rowsOf[string](t, w.d, `
		select c.area || ' ' || c.subject || coalesce(' ' || x.text, '') from exception_case c
		left join exception_closed x on x.area = c.area and x.case_id = c.id
		where c.kind = 'work_stuck' order by c.area, c.id`)
}

func sameList(t *testing.T, when string, got []string, want ...string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: cases %q, want %q", when, got, want)
	}
}

// A job that is not done is told once in the area that waits for it, whatever it
// waits for, and the case ends when nothing is late any more.
func TestF122_WorkThatIsStuckHasACaseUntilItMovesAgain(t *testing.T) {
	t.Parallel()
	const closed = " no background work is late"
	w := newWorkWorld(t)
	var jobs []int64
	var want []string
	for _, state := range []string{"available", "retryable", "running", "scheduled", "pending"} {
		job := w.put(t, state, "agreement_reached", `{"area": "610304", "agreement": 7}`, 15)
		// The sooner one is not late, and neither is what is done.
		w.put(t, "completed", "agreement_reached", `{"area": "610304", "agreement": 8}`, 60)
		sameList(t, state+" for a quarter of an hour", w.look(t, 0, "2011-03-10"), want...)
		open := append(want, fmt.Sprintf("610304 job:%d", job))
		w.pass(1)
		var lookers sync.WaitGroup
		for range 4 {
			lookers.Go(func() {
				if err := w.db.WatchWork(t.Context(), calendar.MustDay("2011-03-10")); err != nil {
					t.Error(err)
				}
			})
		}
		lookers.Wait()
		sameList(t, state+" for longer, and processes look at the same moment", w.look(t, 0, "2011-03-10"), open...)
		jobs = append(jobs, job, w.put(t, "retryable", "match_due", `{"area": "610304"}`, 16))
		sameList(t, "two are late", w.look(t, 1, "2011-03-10"), open...)
		w.end(t, jobs[0])
		sameList(t, "one is late still", w.look(t, 1, "2011-03-10"), open...)
		w.end(t, jobs[1])
		want = append(want, fmt.Sprintf("610304 job:%d%s", job, closed))
		sameList(t, "the queue moves again", w.look(t, 1, "2011-03-10"), want...)
		jobs = nil
	}
	text := rowsOf[string](t, w.d, `select text from exception_case order by id limit 1`)[0]
	if want := "background work agreement_reached (job 1) is not done 15 minutes after 2011-03-10T01:45:00Z: it is available " +
		"after 1 attempts; the service's log says why"; text != want {
		t.Errorf("the case says %q, want %q", text, want)
	}
}

// A look of nobody's is told in every area, by the limit that holds there that day;
// one that was given up is told until the next one of its kind gets through.
func TestF122_WorkThatWasGivenUpIsToldToo(t *testing.T) {
	t.Parallel()
	w := newWorkWorld(t)
	for minute := range 3 {
		w.put(t, "discarded", "daily_look", fmt.Sprintf(`{"day": "2011-03-11", "minute": %d}`, minute), 20-minute)
	}
	sameList(t, "after 20 minutes", w.look(t, 0, "2011-03-11"), "610304 job:1")
	sameList(t, "after 60 minutes", w.look(t, 40, "2011-03-11"), "610304 job:1")
	sameList(t, "after 61 minutes", w.look(t, 1, "2011-03-11"), "610304 job:1", "610306 job:1")
	w.put(t, "completed", "folder_look", `{"bank": "rcc"}`, 0)
	sameList(t, "another look gets through", w.look(t, 1, "2011-03-11"), "610304 job:1", "610306 job:1")
	w.put(t, "completed", "daily_look", `{"day": "2011-03-12", "minute": 99}`, 0)
	const closed = " no background work is late"
	sameList(t, "the next one gets through", w.look(t, 1, "2011-03-12"), "610304 job:1"+closed, "610306 job:1"+closed)
	// A file is not taken in by taking in another one.
	lost := w.put(t, "discarded", "receipt_arrived", `{"area": "610306", "receipt": 5}`, 70)
	w.put(t, "completed", "receipt_arrived", `{"area": "610306", "receipt": 6}`, 0)
	sameList(t, "a file that nobody could take in", w.look(t, 0, "2011-03-12"), "610304 job:1"+closed,
		"610306 job:1"+closed, fmt.Sprintf("610306 job:%d", lost))
}

package main

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"twoline/adapters/jobs"
	"twoline/adapters/postgres"
	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
)

// errand is a job that says that it is worked on.
type errand struct {
	Name string `json:"name"`
}

// Kind implements river.JobArgs.
func (errand) Kind() string { return "errand" }

// errands collects errands; "long", and looks at folders, last until release, "panic" panics at first.
type errands struct {
	mu      sync.Mutex
	names   []string
	release chan struct{}
}

func (w *errands) times(name string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, have := range w.names {
		if have == name {
			n++
		}
	}
	return n
}

func (w *errands) wait(ctx context.Context) {
	select {
	case <-w.release:
	case <-ctx.Done():
	}
}

func startEngine(t *testing.T, d pgtest.Database, w *errands) (*jobs.Engine, *postgres.DB) {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Options{URL: d.AppURL, Connections: 6, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	h := jobs.NewHandlers()
	jobs.On(h, func(ctx context.Context, e errand) error {
		w.mu.Lock()
		w.names = append(w.names, e.Name)
		first := len(w.names) == 1
		w.mu.Unlock()
		if e.Name == "panic" && first {
			panic("an errand")
		}
		if e.Name == "long" {
			w.wait(ctx)
		}
		return nil
	})
	jobs.On(h, func(ctx context.Context, _ bank.FolderLook) error { w.wait(ctx); return nil })
	engine, err := jobs.New(jobs.Options{
		Pool: db.Pool(), Schema: postgres.JobSchema, Workers: 2, Log: slog.New(slog.DiscardHandler),
		Today: func() calendar.Day { return calendar.MustDay("2026-11-20") },
	}, h)
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := engine.Stop(ctx); err != nil {
			t.Error(err)
		}
		db.Close()
	})
	return engine, db
}

func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for !yes() {
		if pause(ctx, 20*time.Millisecond) != nil {
			t.Fatalf("not after two minutes: %s", what)
		}
	}
}

// TestF58_JobsOfADeadProcessAreTakenUp has jobs left by an engine that is gone
// and by the engine itself, beside one that another engine still works on.
func TestF58_JobsOfADeadProcessAreTakenUp(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	w := &errands{release: make(chan struct{})}
	engine, db := startEngine(t, d, w)
	// Ends the long job before the engines are stopped.
	t.Cleanup(func() { close(w.release) })
	tx, err := db.Pool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.Enqueue(t.Context(), tx, errand{"long"}); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the long job runs", func() bool { return w.times("long") == 1 })

	// What kill -9 leaves: running, by an engine that nobody is.
	d.Exec(t, `insert into river.river_job (args, kind, max_attempts, state, attempt, attempted_at, attempted_by)
		values ('{"name": "orphan"}', 'errand', 1000, 'running', 1, now(), '{dead}')`)
	// What an engine leaves that could not tell PostgreSQL of the end: its own, and not worked on.
	d.Exec(t, `insert into river.river_job (args, kind, max_attempts, state, attempt, attempted_at, attempted_by)
		select '{"name": "forgotten"}', 'errand', 1000, 'running', 1, now() - interval '2 minutes', attempted_by
		from river.river_job where args ->> 'name' = 'long'`)
	startEngine(t, d, w)
	eventually(t, "the orphan is worked on", func() bool { return w.times("orphan") == 1 })
	eventually(t, "the forgotten job is worked on", func() bool { return w.times("forgotten") == 1 })
	// Both engines look several times until then.
	if err := pause(t.Context(), 7*time.Second); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"long": 1, "orphan": 1, "forgotten": 1} {
		if got := w.times(name); got != want {
			t.Errorf("%s was worked on %d times, want %d", name, got, want)
		}
	}
}

// TestF58_AnEngineShowsThatItLivesAgainAfterItsConnectionBroke cuts the engine's
// own connection: another engine must not take its jobs for ever after.
func TestF58_AnEngineShowsThatItLivesAgainAfterItsConnectionBroke(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	startEngine(t, d, &errands{release: make(chan struct{})})
	holders := func() (pids []int32) {
		c, err := pgx.Connect(t.Context(), d.OwnerURL)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(t.Context()) //nolint:errcheck // a connection of the test
		rows, err := c.Query(t.Context(), `select l.pid from pg_locks l join pg_database b on b.oid = l.database
			where b.datname = current_database() and l.locktype = 'advisory' and l.granted and l.objsubid = 1`)
		if err != nil {
			t.Fatal(err)
		}
		if pids, err = pgx.CollectRows(rows, pgx.RowTo[int32]); err != nil {
			t.Fatal(err)
		}
		return pids
	}
	before := holders()
	if len(before) != 1 {
		t.Fatalf("%d connections hold the engine's lock, want 1", len(before))
	}
	d.Exec(t, `select pg_terminate_backend($1)`, before[0])
	eventually(t, "the lock is held again", func() bool {
		now := holders()
		return len(now) == 1 && now[0] != before[0]
	})
}

// TestF116_AJobThatPanicsStopsNobody panics in one job: it is tried again, and others
// go on.
func TestF116_AJobThatPanicsStopsNobody(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	w := &errands{release: make(chan struct{})}
	engine, db := startEngine(t, d, w)
	enqueue(t, engine, db, true, errand{"panic"})
	eventually(t, "the job panics", func() bool { return w.times("panic") == 1 })
	enqueue(t, engine, db, true, errand{"other"})
	eventually(t, "another job is worked on", func() bool { return w.times("other") == 1 })
	eventually(t, "the job is tried again", func() bool { return w.times("panic") == 2 })
}

// TestF122_AJobExistsExactlyWhenItsFactDoes enqueues in transactions of which one
// ends otherwise, and twice what waits once.
func TestF122_AJobExistsExactlyWhenItsFactDoes(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	w := &errands{release: make(chan struct{})}
	engine, db := startEngine(t, d, w)
	defer close(w.release)
	enqueue(t, engine, db, false, errand{"never"}, bank.FolderLook{Bank: "never"})
	// Two leaders after each other ask for the look of the same minute.
	look := jobs.DailyLook{Day: calendar.MustDay("2026-11-20"), Minute: 7}
	enqueue(t, engine, db, true, bank.FolderLook{Bank: "rcc"}, look)
	eventually(t, "the look is over", func() bool {
		return column[int64](t, d, `select count(*) from river.river_job where kind = 'daily_look' and state = 'completed'`)[0] == 1
	})
	enqueue(t, engine, db, true, bank.FolderLook{Bank: "rcc"}, look, errand{"kept"})
	eventually(t, "the job that was kept is worked on", func() bool { return w.times("kept") == 1 })
	got := column[string](t, d, `select kind || ' ' || coalesce(args ->> 'name', args ->> 'bank', args ->> 'minute') || ' ' || count(*)
		from river.river_job group by kind, args order by 1`)
	want := []string{"daily_look 7 1", "errand kept 1", "folder_look rcc 1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("jobs (-want +got):\n%s", diff)
	}
}

// enqueue puts jobs there in one transaction.
func enqueue(t *testing.T, engine *jobs.Engine, db *postgres.DB, keep bool, list ...any) {
	t.Helper()
	tx, err := db.Pool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.Enqueue(t.Context(), tx, list...); err != nil {
		t.Fatal(err)
	}
	end := tx.Commit
	if !keep {
		end = tx.Rollback
	}
	if err := end(t.Context()); err != nil {
		t.Fatal(err)
	}
}

package main

import (
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"twoline/gateway/calendar"
)

// buildNextVersion builds the program as its next version would be: with one more
// migration, which adds a column to what the run in the middle writes.
func buildNextVersion(t *testing.T) program {
	t.Helper()
	migrations, err := filepath.Abs(filepath.Join("..", "..", "adapters", "postgres", "migrations"))
	if err != nil {
		t.Fatal(err)
	}
	next := filepath.Join(t.TempDir(), "next.sql")
	text := "-- +goose Up\nalter table posting add column remark text;\n\n-- +goose Down\nselect 'forward only';\n"
	if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return buildDatedProgram(t, map[string]string{filepath.Join(migrations, "00099_next.sql"): next})
}

// A new version is deployed while a bank's answers are booked: its migration is
// killed half-way, the old version goes on, both work side by side, and the run
// ends on the new one.
func (l *life) deployInARun(t *testing.T) {
	next := buildNextVersion(t)
	l.b.binary = next
	l.begin(t, l.a)
	l.logIn(t, l.a)
	l.setDay(t, calendar.MustDay("2011-03-22"))
	run := l.released(t, func(string) *node { return l.a })
	l.lookNow(t)
	text := l.delivered(t)

	env := l.env(l.database)
	owner, err := url.Parse(l.pg.URL())
	if err != nil {
		t.Fatal(err)
	}
	owner.Path = "/" + l.database
	env["TWOLINE_MIGRATE_DATABASE_URL"] = owner.String() + "&application_name=a"
	l.dieMigrating(t, next, env)
	l.ask1(t, l.at(l.a, "business"), http.MethodGet, "/v1/pay-runs/"+run.ID, nil, &run)
	if n := l.number(t, `select max(version_id) from goose_db_version`); n >= 99 {
		t.Fatalf("a killed migration left version %d", n)
	}
	next.must(t, env, "", "migrate")
	l.ask1(t, l.at(l.a, "business"), http.MethodGet, "/readyz", nil, nil)

	// The old version takes the answer in on the new schema, and is ended in the middle.
	l.setDay(t, calendar.MustDay("2011-03-25"))
	stop := l.stopAt(t, "posting", `insert on posting for each row when (new.kind = 'benefit' and new.batch_id = `+
		l.frozen(t).id+`)`)
	l.answer(t, text)
	l.lookNow(t)
	stop.caught(t)
	l.begin(t, l.b)
	paid := l.payAtPost(t, l.b)
	if err := l.a.kill(); err != nil {
		t.Fatal(err)
	}
	stop.open(t)
	eventually(t, "the run is closed by the new version", func() bool {
		return l.number(t, `select count(*) from pay_run where state = 'closed'`) == 1
	})
	l.proveOnce(t, paid)
	if out, code := next.run(t, env, "", "verify"); code != exitOK {
		t.Errorf("verify ended with %d:\n%s", code, out)
	}
}

// dieMigrating kills the migration where it waits for a reader of the table.
func (l *life) dieMigrating(t *testing.T, next program, env map[string]string) {
	t.Helper()
	reader := l.trap(t, `begin; lock table posting in access share mode`, `rollback`)
	migrate := exec.CommandContext(t.Context(), next.path, "migrate")
	migrate.Env = environment(env)
	if err := migrate.Start(); err != nil {
		t.Fatal(err)
	}
	reader.caught(t)
	if err := migrate.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = migrate.Wait() // it was killed
	// What a dead client left waiting ends with the wait.
	reader.open(t)
	eventually(t, "nothing of the killed migration is left", func() bool {
		return l.number(t, `select count(*) from pg_stat_activity where datname = current_database()
			and query like '%add column remark%' and state <> 'idle' and pid <> pg_backend_pid()`) == 0
	})
}

// Package pgtest gives each test a database of its own, cloned from a migrated
// template on a real PostgreSQL server.
//
// The server is the one that TWOLINE_TEST_DATABASE_URL names, else a private one
// that lives as long as the test process. Tests that ask for durability or that
// crash the server start their own with adapters/trial.
package pgtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"twoline/adapters/postgres"
	"twoline/adapters/trial"
)

// Database is one test's own database.
type Database struct {
	// AppURL connects as the application's role, which owns nothing.
	AppURL string
	// OwnerURL connects as the superuser, for tests that corrupt data on purpose.
	OwnerURL string
}

const appLogin = "twoline_test_app"

var (
	server = sync.OnceValues(startServer) //nolint:gochecknoglobals // one server a test process
	// Computed once, so that sources edited while the tests run change nothing.
	template = sync.OnceValues(nameTemplate) //nolint:gochecknoglobals // one template a test process
	serial   atomic.Int64                    //nolint:gochecknoglobals // names of databases
)

func startServer() (string, error) {
	given := os.Getenv("TWOLINE_TEST_DATABASE_URL")
	if given == "" {
		p, err := trial.StartPostgres(context.Background(), trial.PostgresOptions{Durable: false})
		if err != nil {
			return "", fmt.Errorf("start PostgreSQL for tests: %w", err)
		}
		given = p.URL()
	}
	return given, makeTemplate(context.Background(), given)
}

// nameTemplate names the migrated database that tests clone; the name holds a
// digest of the migrations and of the rows that the code seeds, so that a
// changed schema is never served from an old template.
func nameTemplate() (string, error) {
	_, file, _, _ := runtime.Caller(0)
	here := filepath.Dir(filepath.Dir(file))
	sources, err := filepath.Glob(filepath.Join(here, "migrations", "*.sql"))
	if err != nil {
		return "", err
	}
	sources = append(sources, filepath.Join(here, "migrate.go"), filepath.Join(here, "policy.go"),
		filepath.Join(here, "..", "..", "gateway", "policy", "national.go"),
		filepath.Join(here, "..", "..", "gateway", "calendar", "workingdays.csv"),
		filepath.Join(here, "..", "..", "gateway", "ledger", "rule.go"),
		filepath.Join(here, "..", "..", "gateway", "ledger", "role.go"))
	h := sha256.New()
	for _, name := range sources {
		b, err := os.ReadFile(name) //nolint:gosec // our own sources
		if err != nil {
			return "", err
		}
		h.Write(b)
	}
	return "twoline_template_" + hex.EncodeToString(h.Sum(nil)[:6]), nil
}

func makeTemplate(ctx context.Context, serverURL string) error {
	name, err := template()
	if err != nil {
		return fmt.Errorf("name the template: %w", err)
	}
	admin, err := pgx.Connect(ctx, serverURL)
	if err != nil {
		return fmt.Errorf("reach the test server: %w", err)
	}
	defer admin.Close(ctx) //nolint:errcheck // a connection of the test process
	// One process makes the template, the others wait.
	if _, err := admin.Exec(ctx, `select pg_advisory_lock(7309402)`); err != nil {
		return fmt.Errorf("lock the template: %w", err)
	}
	var exists bool
	err = admin.QueryRow(ctx, `select exists (select from pg_database where datname = $1)`, name).Scan(&exists)
	if err != nil || exists {
		return err
	}
	building := fmt.Sprintf("%s_%d", name, os.Getpid())
	if _, err := admin.Exec(ctx, `create database `+building); err != nil {
		return fmt.Errorf("create the template: %w", err)
	}
	owner, err := at(serverURL, building, nil)
	if err != nil {
		return err
	}
	app, err := at(serverURL, building, url.UserPassword(appLogin, "test"))
	if err != nil {
		return err
	}
	if err := postgres.Migrate(ctx, owner, app); err != nil {
		return err
	}
	_, err = admin.Exec(ctx, `alter database `+building+` rename to `+name)
	return err
}

func at(serverURL, database string, user *url.Userinfo) (string, error) {
	u, err := url.Parse(serverURL)
	if err != nil {
		return "", fmt.Errorf("read the test server's url: %w", err)
	}
	u.Path = "/" + database
	if user != nil {
		u.User = user
	}
	return u.String(), nil
}

// New clones the template into a database that is dropped when the test ends.
func New(tb testing.TB) Database {
	tb.Helper()
	ctx := context.Background()
	serverURL, err := server()
	if err != nil {
		tb.Fatal(err)
	}
	from, err := template()
	if err != nil {
		tb.Fatal(err)
	}
	name := fmt.Sprintf("twoline_test_%d_%d", os.Getpid(), serial.Add(1))
	admin, err := pgx.Connect(ctx, serverURL)
	if err != nil {
		tb.Fatal(err)
	}
	defer admin.Close(ctx) //nolint:errcheck // a connection of the test
	if _, err := admin.Exec(ctx, `create database `+name+` template `+from); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { drop(tb, serverURL, name) })
	owner, err := at(serverURL, name, nil)
	if err != nil {
		tb.Fatal(err)
	}
	app, err := at(serverURL, name, url.UserPassword(appLogin, "test"))
	if err != nil {
		tb.Fatal(err)
	}
	return Database{AppURL: app, OwnerURL: owner}
}

func drop(tb testing.TB, serverURL, name string) {
	tb.Helper()
	ctx := context.Background()
	admin, err := pgx.Connect(ctx, serverURL)
	if err != nil {
		tb.Log(err)
		return
	}
	defer admin.Close(ctx) //nolint:errcheck // a connection of the test
	if _, err := admin.Exec(ctx, `drop database if exists `+name+` with (force)`); err != nil {
		tb.Log(err)
	}
}

// Open clones the template and connects as the application's role.
func Open(tb testing.TB) (*postgres.DB, Database) {
	tb.Helper()
	return OpenAt(tb, time.Now) //nolint:forbidigo // tests that ask for no clock take the wall's
}

// OpenAt is Open with a wall clock of the test's own.
func OpenAt(tb testing.TB, now func() time.Time) (*postgres.DB, Database) {
	tb.Helper()
	d := New(tb)
	db, err := postgres.Open(context.Background(), postgres.Options{URL: d.AppURL, Connections: 8, Now: now})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(db.Close)
	return db, d
}

// KeepRules says that the rules which areas with a book have without a decision are those
// that they were set up with: for tests that write rules by hand.
func (d Database) KeepRules(tb testing.TB) {
	tb.Helper()
	d.Exec(tb, `
		insert into policy_setup (area, rows, digest, kept_at)
		select b.area, k.rows, k.digest, now() from (select distinct area from book) b, policy_digest(b.area) k
		on conflict (area) do update set rows = excluded.rows, digest = excluded.digest`)
}

// Exec runs SQL as the superuser with triggers off, to corrupt data on purpose.
func (d Database) Exec(tb testing.TB, sql string, args ...any) {
	tb.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, d.OwnerURL)
	if err != nil {
		tb.Fatal(err)
	}
	defer c.Close(ctx) //nolint:errcheck // a connection of the test
	if _, err := c.Exec(ctx, `set session_replication_role = replica`); err != nil {
		tb.Fatal(err)
	}
	if _, err := c.Exec(ctx, sql, args...); err != nil {
		tb.Fatal(err)
	}
}

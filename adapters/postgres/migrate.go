package postgres

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"net/url"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"twoline/gateway/ledger"
)

//go:embed migrations/*.sql
var migrations embed.FS

// JobSchema is the PostgreSQL schema that holds the job engine's tables.
const JobSchema = "river"

// Migrate brings the schema up to date as the owner's role, under a session
// lock so that several may start at once, and writes the reference rows that
// the code knows: the two-line rule, the default chart, the national policy and
// the working days. It is safe to run again.
//
// appURL names the application's login; it is made where it does not exist, with
// the password that the URL holds, and is given the role twoline_app. Empty
// leaves logins alone.
func Migrate(ctx context.Context, ownerURL, appURL string) error {
	pool, err := pgxpool.New(ctx, ownerURL)
	if err != nil {
		return fmt.Errorf("open database as owner: %w", err)
	}
	defer pool.Close()
	if err := migrateTables(ctx, stdlib.OpenDBFromPool(pool)); err != nil {
		return err
	}
	if err := migrateJobs(ctx, pool); err != nil {
		return err
	}
	if err := seed(ctx, pool); err != nil {
		return err
	}
	if appURL == "" {
		return nil
	}
	return ensureLogin(ctx, pool, appURL)
}

func migrateTables(ctx context.Context, db *sql.DB) error {
	defer db.Close() //nolint:errcheck // a wrapper over the pool, which is closed by its owner
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("open migrations: %w", err)
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return fmt.Errorf("make migration lock: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

func migrateJobs(ctx context.Context, pool *pgxpool.Pool) error {
	if _, err := pool.Exec(ctx, "create schema if not exists "+JobSchema); err != nil {
		return fmt.Errorf("create job schema: %w", err)
	}
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: JobSchema}) //nolint:exhaustruct // the rest is zero
	if err != nil {
		return fmt.Errorf("make job migrator: %w", err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate job tables: %w", err)
	}
	_, err = pool.Exec(ctx, `
		grant usage on schema river to twoline_app;
		grant select, insert, update, delete on all tables in schema river to twoline_app;
		grant usage on all sequences in schema river to twoline_app;
		grant execute on all functions in schema river to twoline_app`)
	if err != nil {
		return fmt.Errorf("grant job tables: %w", err)
	}
	return nil
}

// seed writes the rows that the code is the source of. A row that stands there
// with other content is left, and verification names the difference.
func seed(ctx context.Context, pool *pgxpool.Pool) error {
	batch := &pgx.Batch{} //nolint:exhaustruct // filled below
	for _, r := range ledger.TwoLineRules() {
		batch.Queue(`
			insert into two_line_rule (kind, side, role, red, effective_from, document)
			values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
			r.Kind, r.Side, r.Role, r.Red, r.From.Time(), r.Document)
	}
	for _, a := range ledger.DefaultChart() {
		batch.Queue(`
			insert into chart_account (area, scheme, role, effective_from, code, name_zh, name_en, normal)
			values (0, '', $1, '2009-09-01', $2, $3, $4, $5) on conflict do nothing`,
			a.Role, a.Code, a.Chinese, a.English, a.Normal)
	}
	if err := seedPolicy(batch); err != nil {
		return err
	}
	if err := pool.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("write reference rows: %w", err)
	}
	return nil
}

// ensureLogin makes the application's login. The password is sent as the
// statement's text because the command takes no parameters; it is quoted by the
// server itself.
func ensureLogin(ctx context.Context, pool *pgxpool.Pool, appURL string) error {
	u, err := url.Parse(appURL)
	if err != nil || u.User == nil {
		return fmt.Errorf("application's database url names no user")
	}
	password, _ := u.User.Password()
	var statement string
	err = pool.QueryRow(ctx, `
		select case when exists (select from pg_roles where rolname = $1)
		            then format('grant twoline_app to %I', $1::text)
		            else format('create role %I login password %L in role twoline_app', $1::text, $2::text) end`,
		u.User.Username(), password).Scan(&statement)
	if err != nil {
		return fmt.Errorf("prepare application login: %w", err)
	}
	if _, err := pool.Exec(ctx, statement); err != nil {
		return fmt.Errorf("create application login %s: %w", u.User.Username(), err)
	}
	return nil
}

package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Reachable says whether the database answers.
func (db *DB) Reachable(ctx context.Context) error {
	var one int
	if err := db.pool.QueryRow(ctx, `select 1`).Scan(&one); err != nil {
		return fmt.Errorf("reach database: %w", err)
	}
	return nil
}

// DurabilityProved says whether what was committed survives a crash: the
// gateway's promises rest on these settings.
func (db *DB) DurabilityProved(ctx context.Context) error {
	var fsync, pages, commit string
	err := db.pool.QueryRow(ctx, `
		select current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit')`).
		Scan(&fsync, &pages, &commit)
	if err != nil {
		return fmt.Errorf("read durability settings: %w", err)
	}
	if fsync != "on" || pages != "on" || commit == "off" {
		return fmt.Errorf("durability is not given: fsync %s, full_page_writes %s, synchronous_commit %s",
			fsync, pages, commit)
	}
	return nil
}

// SchemaCurrent says whether the newest migration of this program was applied. A
// schema of the next version passes: a migration only adds, so that the version
// before it goes on until it is replaced.
func (db *DB) SchemaCurrent(ctx context.Context) error {
	want, err := newestMigration()
	if err != nil {
		return err
	}
	var applied int64
	err = db.pool.QueryRow(ctx, `select coalesce(max(version_id), 0) from goose_db_version where is_applied`).
		Scan(&applied)
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "42P01" {
		return fmt.Errorf("the database has no schema, this program needs %d: run twoline migrate", want)
	}
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if applied < want {
		return fmt.Errorf("the schema is at %d, this program needs %d: run twoline migrate", applied, want)
	}
	return nil
}

func newestMigration() (int64, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return 0, fmt.Errorf("list migrations: %w", err)
	}
	var newest int64
	for _, name := range names {
		number, _, _ := strings.Cut(path.Base(name), "_")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read number of migration %s: %w", name, err)
		}
		newest = max(newest, n)
	}
	return newest, nil
}

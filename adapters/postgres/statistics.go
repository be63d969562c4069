package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// manyRows is how many rows a transaction writes before the planner is told.
// Autovacuum would tell it up to a minute later, and a plan that takes a table of
// a whole county's answers for an empty one does not end within any time-out.
const manyRows = 5_000

// Exec counts what is written.
func (t *tx) Exec(ctx context.Context, sql string, arguments ...any) (pgconn.CommandTag, error) {
	tag, err := t.Tx.Exec(ctx, sql, arguments...)
	if !tag.Select() {
		t.written += tag.RowsAffected()
	}
	return tag, err //nolint:wrapcheck // the embedded method's own answer
}

// CopyFrom counts what is written.
func (t *tx) CopyFrom(
	ctx context.Context, table pgx.Identifier, columns []string, source pgx.CopyFromSource,
) (int64, error) {
	n, err := t.Tx.CopyFrom(ctx, table, columns, source)
	t.written += n
	return n, err //nolint:wrapcheck // the embedded method's own answer
}

// takeStatistics has PostgreSQL look again at the tables that changed much. It
// waits for nobody, and its failure costs only time: autovacuum comes later. The
// counters of what the connection just wrote are handed in first.
func takeStatistics(ctx context.Context, c *pgxpool.Conn) {
	for _, sql := range []string{`select pg_stat_force_next_flush()`, `select take_statistics()`} {
		if _, err := c.Exec(ctx, sql); err != nil {
			return
		}
	}
}

package postgres_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"twoline/adapters/postgres/pgtest"
)

// asked returns one column, asked as the application.
func asked(t *testing.T, c *pgx.Conn, sql string, args ...any) []string {
	t.Helper()
	rows, err := c.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return out
}

// The role that the service connects as owns nothing, makes nothing, and changes
// nothing of the book and the trail: PostgreSQL says so, and does so.
func TestS08_TheServicesRoleCanOnlyWriteOn(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	c, err := pgx.Connect(t.Context(), d.AppURL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background()) //nolint:errcheck // a connection of the test
	none := func(what, sql string, args ...any) {
		t.Helper()
		if got := asked(t, c, sql, args...); len(got) > 0 {
			t.Errorf("%s: %v", what, got)
		}
	}
	const tables = `from pg_class r join pg_namespace n on n.oid = r.relnamespace
		where r.relkind in ('r', 'p', 'v', 'm') and n.nspname in ('public', 'river')`
	none("it is more than a login", `select rolname::text from pg_roles where pg_has_role(current_user, oid, 'member')
		and (rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls)`)
	none("it owns", `select r.relname::text `+tables+` and pg_has_role(current_user, r.relowner, 'member')`)
	none("it may make things in", `select nspname::text from pg_namespace where has_schema_privilege(oid, 'create')
		and nspname !~ '^pg_(temp|toast)'
		union all select datname::text from pg_database where datname = current_database()
			and has_database_privilege(oid, 'create')`)
	none("it may empty or watch", `select r.relname || ' ' || p.name from (values ('truncate'), ('trigger'), ('references'))
		as p (name), pg_class r join pg_namespace n on n.oid = r.relnamespace
		where r.relkind = 'r' and n.nspname = 'public' and has_table_privilege(r.oid, p.name)`)
	none("it may change whole rows", `select r.relname::text `+tables+` and n.nspname = 'public'
		and has_table_privilege(r.oid, 'update')`)
	if got := asked(t, c, `select r.relname::text `+tables+` and n.nspname = 'public' and has_table_privilege(r.oid, 'delete')`); !slices.Equal(got, []string{"used_nonce"}) {
		t.Errorf("it may delete from %v, want used nonces only", got)
	}
	// The book, the decisions, the trail, and what banks said.
	book := []string{
		"entry", "posting", "sealed_balance", "sealed_day", "period_close", "two_line_rule", "audit", "idempotency",
		"approval", "transfer_event", "batch_event", "withholding_item", "receipt_part", "answer", "arrival", "agreement",
		"counter_receipt", "statement", "statement_line", "opening_balance", "personal_opening", "personal_opening_asked", "area_rule",
		"policy_asked", "policy_setup", "area_rule_round",
		"exception_case", "reconciliation_match",
	}
	none("it may change a column of", `select r.relname || '.' || a.attname from pg_class r
		join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
		where r.relnamespace = 'public'::regnamespace and r.relname = any($1)
		  and has_column_privilege(r.oid, a.attnum, 'update')`, book)
	none("it may write what only the sealer writes in", `select unnest($1::text[])
		intersect select r.relname::text `+tables+` and has_table_privilege(r.oid, 'insert')`,
		[]string{"sealed_balance", "sealed_day", "two_line_rule", "policy_setup"})
	statements := []string{
		"create table loot (t text)", "create schema loot", "drop table audit", "alter table entry disable trigger append_only",
		"create function loot() returns int language sql as 'select 1'", "alter role current_user superuser",
		"set session_replication_role = replica", "create trigger loot before insert on audit for each row execute function refuse_change()",
		"truncate used_nonce", "update fund_transfer set amount = 1", "delete from withholding_batch",
		"copy (select 1) to program 'true'",
	}
	for _, table := range book {
		if n := asked(t, c, `select 1::text from pg_class where oid = ('public.' || $1)::regclass`, table); len(n) != 1 {
			t.Errorf("there is no table %s", table)
		}
		statements = append(statements, "delete from "+table, "truncate "+table, "drop table "+table)
	}
	for _, sql := range statements {
		_, err := c.Exec(t.Context(), sql)
		var pg *pgconn.PgError
		if !errors.As(err, &pg) || pg.Code != "42501" {
			t.Errorf("%s: %v, want that it is not permitted", sql, err)
		}
	}
}

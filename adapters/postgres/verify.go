package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"twoline/gateway/collection"
	"twoline/gateway/disbursement"
	"twoline/gateway/party"
	"twoline/reconcile/proof"
)

// Verification says what Verify looks at.
type Verification struct {
	// Area is the one to look at, or 0 for all. What belongs to no area is looked at
	// in any case.
	Area party.Area
	// Files writes the banks' files again, so that their digests can be compared. With
	// nil, digests of files are left out and only those of items are compared.
	Files FileWriter
	// Progress may be nil.
	Progress proof.Progress
}

// FileWriter writes the files of both directions.
type FileWriter interface {
	collection.FileWriter
	disbursement.FileWriter
}

// Verify proves the invariants in one read-only snapshot, as the application's
// role, on two connections where the pool has them to spare. It takes no lock that anybody waits for and may run at any time, beside
// anything, several times at once. Its memory does not grow with the book. An
// error says that something could not be looked at; a breach is no error.
func (db *DB) Verify(ctx context.Context, o Verification) (proof.Report, error) {
	list, err := checks()
	if err != nil {
		return proof.Report{}, err
	}
	l := &looking{list: list, o: o, findings: make([]proof.Finding, len(list))} //nolint:exhaustruct // nothing is looked at yet
	var at time.Time
	err = db.Read(ctx, func(t *tx) error {
		l.next, at = 0, t.at
		var snapshot string
		if err := t.QueryRow(ctx, `select pg_export_snapshot()`).Scan(&snapshot); err != nil {
			return fmt.Errorf("share the snapshot: %w", err)
		}
		both, ctx := errgroup.WithContext(ctx)
		both.Go(func() error { return l.look(ctx, t) })
		both.Go(func() error { return db.beside(ctx, snapshot, l.look) })
		return both.Wait() //nolint:wrapcheck // of look
	})
	if err != nil {
		return proof.Report{}, err
	}
	if o.Progress != nil {
		o.Progress("", len(list), len(list))
	}
	return proof.Report{Area: o.Area, At: at, Findings: l.findings}, nil
}

// beside runs fn in a second connection on the snapshot of a transaction that is
// open. Where the pool has no connection to spare, the first goes on alone.
func (db *DB) beside(ctx context.Context, snapshot string, fn func(context.Context, *tx) error) error {
	waiting, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	c, err := db.pool.Acquire(waiting)
	if err != nil {
		return nil
	}
	defer c.Release()
	o := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly} //nolint:exhaustruct // driver's defaults
	t, err := c.BeginTx(ctx, o)
	if err != nil {
		return lost{err}
	}
	defer t.Rollback(context.WithoutCancel(ctx))
	// The snapshot's name is PostgreSQL's own: digits and hyphens.
	if _, err := t.Exec(ctx, `set transaction snapshot '`+snapshot+`'`); err != nil {
		return fmt.Errorf("take the snapshot over: %w", err)
	}
	return fn(ctx, &tx{Tx: t, db: db, at: db.now(), written: 0})
}

// looking is a verification under way: its checks are taken one by one by
// whoever is free.
type looking struct {
	list     []check
	o        Verification
	findings []proof.Finding

	mu   sync.Mutex
	next int
}

// take returns the next check, or false after the last.
func (l *looking) take() (int, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := l.next
	if i == len(l.list) {
		return 0, false
	}
	l.next++
	if l.o.Progress != nil {
		l.o.Progress(l.list[i].ID, i, len(l.list))
	}
	return i, true
}

// look works on checks until none is left.
func (l *looking) look(ctx context.Context, t *tx) error {
	// The pool's limits are those of a request; this is none.
	_, err := t.Exec(ctx, `
		set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0;
		set local work_mem = '96MB'; set local jit = off; set local datestyle = 'ISO, YMD'`)
	if err != nil {
		return fmt.Errorf("prepare verification: %w", err)
	}
	v := &verifier{t: t, area: l.o.Area, files: l.o.Files, counted: map[string]int64{}}
	for {
		i, ok := l.take()
		if !ok {
			return nil
		}
		if l.findings[i], err = v.look(ctx, l.list[i]); err != nil {
			return fmt.Errorf("verify %s: %w", l.list[i].ID, err)
		}
	}
}

// Invariants lists what Verify proves, in its order.
func Invariants() []proof.Invariant {
	list, _ := checks()
	out := make([]proof.Invariant, len(list))
	for i, c := range list {
		out[i] = c.Invariant
	}
	return out
}

// check is one invariant with the questions that prove it.
type check struct {
	proof.Invariant

	probes []probe
}

// invariant names a check.
func invariant(id, title string, probes ...probe) check {
	return check{proof.Invariant{ID: id, Title: title}, probes}
}

// probe is one question: its rows contradict the invariant.
type probe struct {
	// table is the one whose rows are named.
	table string
	// looks are the tables whose rows are counted as looked at; table alone if empty.
	looks []string
	// sql selects area, a number to order by, the row's key and a sentence; $1 is the
	// area, 0 for all.
	sql string
	// args are $2 and on.
	args []any
	// run is asked in place of sql where the answer is computed here.
	run func(ctx context.Context, v *verifier, p probe, found *proof.Finding) error
}

// checks are all invariants; a flow that joins the house adds its own here.
func checks() ([]check, error) {
	schema, err := schemaChecks()
	if err != nil {
		return nil, err
	}
	return slices.Concat(bookChecks(), lineChecks(), itemChecks(), batchChecks(), proofChecks(), sideChecks(),
		fileChecks(), peopleChecks(), policyChecks(), breakChecks(), contributionChecks(), lifeChecks(),
		accountChecks(),
		schema), nil
}

// verifier is one run of Verify.
type verifier struct {
	t       *tx
	area    party.Area
	files   FileWriter
	counted map[string]int64
}

func (v *verifier) look(ctx context.Context, c check) (proof.Finding, error) {
	found := proof.Finding{Invariant: c.Invariant}
	// A second reading only: how long a look takes is shown to a person.
	begun := v.t.db.now()
	looked := map[string]bool{}
	for _, p := range c.probes {
		if len(p.looks) == 0 {
			p.looks = []string{p.table}
		}
		for _, table := range p.looks {
			if looked[table] {
				continue
			}
			looked[table] = true
			n, err := v.count(ctx, table)
			if err != nil {
				return found, err
			}
			found.Rows += n
		}
		run := p.run
		if run == nil {
			run = askSQL
		}
		if err := run(ctx, v, p, &found); err != nil {
			return found, fmt.Errorf("look at %s: %w", p.table, err)
		}
	}
	found.Elapsed = max(0, v.t.db.now().Sub(begun)).Round(time.Microsecond)
	return found, nil
}

// count returns how many rows of a table the verification looks at; each table
// is counted once.
func (v *verifier) count(ctx context.Context, table string) (int64, error) {
	if n, ok := v.counted[table]; ok {
		return n, nil
	}
	where := ` where $1::integer = 0 or area = $1`
	if !ofArea(table) {
		where = ` where $1::integer is not null`
	}
	var n int64
	err := v.t.QueryRow(ctx, `select count(*) from `+pgx.Identifier(strings.Split(table, ".")).Sanitize()+where,
		int32(v.area)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", table, err)
	}
	v.counted[table] = n
	return n, nil
}

// ofArea says that the rows of a table belong to areas.
func ofArea(table string) bool {
	switch table {
	case "idempotency", "two_line_rule", "working_day", "officer", "duty_grant", "person", "pg_catalog.pg_class",
		"pg_catalog.pg_trigger", "pg_catalog.pg_proc", "pg_catalog.pg_constraint", "pg_catalog.pg_index":
		return false
	}
	return true
}

// askSQL takes the rows of a probe's question as breaches.
func askSQL(ctx context.Context, v *verifier, p probe, found *proof.Finding) error {
	// Materialised, or the limit would have the planner hope for ten early rows where
	// there are none.
	rows, err := v.t.Query(ctx, `
		with bad (area, at, row, text) as materialized (`+p.sql+`)
		select coalesce(area, 0), coalesce(row, 'a row without a key'), coalesce(text, 'rests on a row that is missing'),
		       count(*) over ()
		  from bad order by area, at, row limit 10`,
		append([]any{int32(v.area)}, p.args...)...)
	if err != nil {
		return err
	}
	var area int32
	var row, text string
	var total, named int64
	_, err = pgx.ForEachRow(rows, []any{&area, &row, &text, &total}, func() error {
		named++
		found.Add(proof.Breach{Area: party.Area(area), Table: p.table, Row: row, Text: text})
		return nil
	})
	found.Total += total - named
	return err
}

// yuan is SQL that writes an amount of fen as yuan.
func yuan(fen string) string {
	return `to_char((` + fen + `)::numeric / 100, 'FM9999999999999999990.00')`
}

// signed is SQL for what a line does to the debit side; a red one counts negative.
const signed = `case when (side = 'debit') <> red then amount else -amount end`

// bankRoles are the roles that name a bank account, as SQL.
const bankRoles = `('income', 'fiscal_special', 'fixed_deposit', 'expenditure', 'treasury')`

// apart is how far two instants may contradict each other: each is taken when its
// transaction begins and may come from another machine's clock.
const apart = `interval '5 minutes'`

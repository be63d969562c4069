package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"twoline/gateway/fault"
	"twoline/reconcile"
)

// DB is the gateway's connection to PostgreSQL as the application's role.
// It is safe for concurrent use. No method holds two connections at once, except
// Verify and a run of matching over many lines, which wait a second at most for their
// other one and can do without.
type DB struct {
	pool *pgxpool.Pool
	now  func() time.Time
	jobs Enqueuer
	// nonces groups the nonces of signed requests.
	nonces *nonces
}

// Enqueuer puts background work into a transaction, so that the work exists
// exactly when the fact does. The job engine implements it.
type Enqueuer interface {
	// Enqueue adds jobs within tx. Arguments are values that the engine knows.
	Enqueue(ctx context.Context, tx pgx.Tx, jobs ...any) error
}

// Options say how to connect.
type Options struct {
	// URL is the application's role, never the owner's.
	URL string
	// Connections bounds the pool; 0 means 16.
	Connections int
	// Now is the wall clock; business days are handed in by the callers.
	Now func() time.Time
}

// Open connects and proves the durability settings that the gateway's promises
// rest on: fsync, full_page_writes and synchronous_commit must not be off,
// unless AllowUnsafe was asked for by a test.
func Open(ctx context.Context, o Options) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("read database url: %w", err)
	}
	cfg.MaxConns = 16
	if o.Connections > 0 {
		cfg.MaxConns = int32(min(o.Connections, 200))
	}
	cfg.MaxConnIdleTime = 5 * time.Minute
	cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	params := cfg.ConnConfig.RuntimeParams
	setDefault(params, "timezone", "UTC")
	setDefault(params, "application_name", "twoline")
	setDefault(params, "statement_timeout", "60000")
	setDefault(params, "lock_timeout", "15000")
	setDefault(params, "idle_in_transaction_session_timeout", "30000")
	// A plan made while a table was empty reads it whole for ever; planning anew
	// costs a group of payments nothing that can be measured.
	setDefault(params, "plan_cache_mode", "force_custom_plan")
	setDefault(params, "random_page_cost", "1.1")
	// A plan for which nested loops are discouraged looks dear where one is left in
	// it, and would be compiled for seconds to run for milliseconds.
	setDefault(params, "jit", "off")
	cfg.AfterConnect = func(_ context.Context, c *pgx.Conn) error {
		registerTypes(c.TypeMap())
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open database pool: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("reach database: %w", err)
	}
	return &DB{pool: pool, now: o.Now, jobs: nil, nonces: &nonces{}}, nil
}

func setDefault(m map[string]string, key, value string) {
	if _, ok := m[key]; !ok {
		m[key] = value
	}
}

// UseJobs sets the job engine; it is called once, before the DB is shared.
func (db *DB) UseJobs(jobs Enqueuer) { db.jobs = jobs }

// Pool gives the job engine its connections; nobody else needs it.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// Close returns all connections.
func (db *DB) Close() { db.pool.Close() }

// ErrUnavailable is returned when the database could not be reached or stayed
// too contended; trying again later is safe.
var ErrUnavailable = fault.New(fault.Unavailable, "database_unavailable",
	"the database cannot serve this now; try again with the same Idempotency-Key")

// tx is one transaction. It satisfies the Tx interface of every flow.
type tx struct {
	pgx.Tx
	db *DB
	// at is the wall-clock instant of the transaction, taken once.
	at time.Time
	// written counts the rows that its statements wrote.
	written int64
	// batches are the names of an account's batches, once they were asked for.
	batches map[reconcile.Account]map[string]string
}

const attempts = 8

// InTx runs fn in one READ COMMITTED transaction and commits. fn may run
// several times: after a serialization failure, a deadlock, a lost connection,
// and after a commit whose reply was lost, where its keys find the first
// effect. fn must therefore touch nothing but the transaction.
func (db *DB) InTx(ctx context.Context, fn func(*tx) error) error {
	return db.inTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, fn) //nolint:exhaustruct // driver's defaults
}

// Read runs fn in one read-only snapshot.
func (db *DB) Read(ctx context.Context, fn func(*tx) error) error {
	o := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly} //nolint:exhaustruct // driver's defaults
	return db.inTx(ctx, o, fn)
}

func (db *DB) inTx(ctx context.Context, o pgx.TxOptions, fn func(*tx) error) error {
	var err error
	for attempt := range attempts {
		if attempt > 0 {
			wait := time.Duration(rand.Int64N(int64(5*time.Millisecond) << attempt)) //nolint:gosec // jitter
			select {
			case <-ctx.Done():
				return ErrUnavailable.Because(errors.Join(err, ctx.Err()))
			case <-time.After(wait):
			}
		}
		err = db.once(ctx, o, fn)
		if err == nil || !retryable(err) {
			return err
		}
	}
	return ErrUnavailable.Because(err)
}

// unsettled marks an error after which the effect may or may not exist: the
// commit was sent, and its answer never came.
type unsettled struct{ error }

func (u unsettled) Unwrap() error { return u.error }

func (db *DB) once(ctx context.Context, o pgx.TxOptions, fn func(*tx) error) (err error) {
	c, err := db.pool.Acquire(ctx)
	if err != nil {
		return lost{err}
	}
	defer c.Release()
	t, err := c.BeginTx(ctx, o)
	if err != nil {
		return lost{err}
	}
	defer func() {
		if p := recover(); p != nil {
			_ = t.Rollback(context.WithoutCancel(ctx))
			panic(p)
		}
	}()
	work := &tx{Tx: t, db: db, at: db.now(), written: 0, batches: nil}
	if err := fn(work); err != nil {
		rollback, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		// Asked before the rollback, which closes a connection that is at odds.
		broken := t.Conn().IsClosed()
		_ = t.Rollback(rollback)
		if broken && ctx.Err() == nil {
			return lost{err}
		}
		return err
	}
	if err := t.Commit(ctx); err != nil {
		var pg *pgconn.PgError
		if errors.As(err, &pg) || errors.Is(err, pgx.ErrTxCommitRollback) {
			return commitError(err)
		}
		return unsettled{err}
	}
	if work.written >= manyRows {
		takeStatistics(ctx, c)
	}
	return nil
}

// lost marks an error before any commit was sent: nothing happened.
type lost struct{ error }

func (l lost) Unwrap() error { return l.error }

// retryable classes errors as the retry table of reliability.md §8 does. Every
// commit without an answer of the server is run again with the same keys,
// whatever the driver says of its safety: the keys decide.
func retryable(err error) bool {
	if _, ok := errors.AsType[unsettled](err); ok {
		return true
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch pg.Code {
		case "40001", "40P01", "55P03", "25P03", "57P01", "57P02", "57P03", "53300", "53400":
			return true
		}
		return len(pg.Code) == 5 && pg.Code[:2] == "08"
	}
	var l lost
	return errors.As(err, &l)
}

// constraint returns the name of the violated constraint, or "".
func constraint(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && (pg.Code == "23505" || pg.Code == "23514" || pg.Code == "23503" || pg.Code == "P0001") {
		return pg.ConstraintName
	}
	return ""
}

// isUnique says that err is a violation of the named unique constraint or index.
func isUnique(err error, name string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23505" && pg.ConstraintName == name
}

// single reads the one row that a query returned, or returns none where there is no
// row; doing says what for.
func single[R any](rows pgx.Rows, err error, doing string, none error, fn pgx.RowToFunc[R]) (R, error) {
	var r R
	if err == nil {
		r, err = pgx.CollectExactlyOneRow(rows, fn)
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return r, none
	}
	if err != nil {
		return r, fmt.Errorf("%s: %w", doing, err)
	}
	return r, nil
}

// Enqueue puts background work into the transaction. It fails where no job
// engine was set: work must never be lost in silence.
func (t *tx) Enqueue(ctx context.Context, jobs ...any) error {
	if t.db.jobs == nil {
		return errors.New("enqueue: no job engine is set")
	}
	if err := t.db.jobs.Enqueue(ctx, t.Tx, jobs...); err != nil {
		return fmt.Errorf("enqueue background work: %w", err)
	}
	return nil
}

package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"twoline/reconcile"
	"twoline/reconcile/match"
)

const (
	// manyLines is from how many lines of a statement on it pays to read them on
	// another connection while the transaction reads the book and writes matches.
	manyLines = 20_000
	// mostAsked is of how many items it pays to read the bank's references apart.
	mostAsked = 20_000
	// aheadChunk is how many lines are handed over at once, aheadChunks how many wait.
	aheadChunk  = 512
	aheadChunks = 4
	// aheadMemory is what the database may sort a day's lines in before it goes to disk:
	// a few hundred thousand lines. They lie nearly in order, so that sorting costs little.
	aheadMemory = "64MB"
	// aheadWait is how long another connection is waited for.
	aheadWait = 250 * time.Millisecond
)

// OpenStatement implements reconcile.Tx. The account's lock keeps the lines as they
// are, so that another connection reads the same.
func (t *tx) OpenStatement(ctx context.Context, s reconcile.Scope, beside bool) (reconcile.StatementReader, error) {
	own := &ownStatement{tx: t, scope: s}
	if !beside {
		return own, nil
	}
	var lines int64
	err := t.QueryRow(ctx, `select coalesce(sum(line_count), 0) from statement
		where area = $1 and fund_account = $2 and day_to > $3 and day_from <= $4`,
		s.Area, s.ID, dayOrLowest(s.Since.Day), s.Day).Scan(&lines)
	if err != nil {
		return nil, fmt.Errorf("lines of fund account %d: %w", s.ID, err)
	}
	if lines < manyLines {
		return own, nil
	}
	if a := t.readAhead(ctx, s); a != nil {
		return a, nil
	}
	return own, nil
}

// ownStatement reads within the transaction.
type ownStatement struct {
	tx    *tx
	scope reconcile.Scope
}

// Called implements reconcile.StatementReader.
func (o *ownStatement) Called(ctx context.Context) (map[string]string, bool, error) {
	return o.tx.called(ctx, o.scope)
}

// Each implements reconcile.StatementReader.
func (o *ownStatement) Each(ctx context.Context, fn func(match.StatementLine) error) error {
	return o.tx.EachOpenStatementLine(ctx, o.scope, fn)
}

// Beside implements reconcile.StatementReader.
func (o *ownStatement) Beside() bool { return false }

// Close implements reconcile.StatementReader.
func (o *ownStatement) Close() {}

// called returns the bank's references that lines of the statement ask for by the item
// that the bank answered under them, or says that they are many.
func (t *tx) called(ctx context.Context, s reconcile.Scope) (called map[string]string, many bool, err error) {
	if len(s.Asked) > mostAsked {
		return nil, true, nil
	}
	rows, err := t.Query(ctx, `
		with `+statementLines("l.bank_reference, l.end_to_end_id")+`,
		named as (
			select bank_reference from line where end_to_end_id = '' and bank_reference <> ''
			union
			select unnest($6::text[]))
		select w.item_id, w.bank_reference from named n
		join answer w on w.area = $1 and w.bank_reference = n.bank_reference and w.disposition = 'recorded'
			and w.bank_reference <> ''
		union all
		select x.id, x.bank_reference from named n
		join member_transfer_receipt x on x.area = $1 and x.fund_account = $2 and x.bank_reference = n.bank_reference
		limit $7`, s.Area, s.ID, s.Day, dayOrLowest(s.Since.Day), s.Fresh, s.Asked, mostAsked+1)
	called = map[string]string{}
	if err == nil {
		var item int64
		var reference string
		_, err = pgx.ForEachRow(rows, []any{&item, &reference}, func() error {
			called[strconv.FormatInt(item, 10)] = reference
			return nil
		})
	}
	if err != nil {
		return nil, false, fmt.Errorf("bank references on fund account %d: %w", s.ID, err)
	}
	if len(called) > mostAsked {
		return nil, true, nil
	}
	return called, false, nil
}

// statementAhead reads on a connection of its own, a few portions ahead of who takes
// the lines.
type statementAhead struct {
	names  chan struct{}
	called map[string]string
	many   bool

	chunks, spare chan []match.StatementLine
	stop          context.CancelFunc
	done          chan struct{}
	// err is why the reading ended; it is read after chunks was closed.
	err error
}

// readAhead begins to read, or returns nil where the pool has no connection to spare.
func (t *tx) readAhead(ctx context.Context, s reconcile.Scope) *statementAhead {
	waiting, cancel := context.WithTimeout(ctx, aheadWait)
	defer cancel()
	c, err := t.db.pool.Acquire(waiting)
	if err != nil {
		return nil
	}
	ctx, stop := context.WithCancel(ctx)
	a := &statementAhead{
		names: make(chan struct{}), called: nil, many: false, chunks: make(chan []match.StatementLine, aheadChunks),
		spare: make(chan []match.StatementLine, aheadChunks+2), stop: stop, done: make(chan struct{}), err: nil,
	}
	go func() {
		defer close(a.done)
		defer c.Release()
		o := pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadOnly} //nolint:exhaustruct // driver's defaults
		other, err := c.BeginTx(ctx, o)
		if err == nil {
			_, err = other.Exec(ctx, `set local work_mem to '`+aheadMemory+`'`)
		}
		if err == nil {
			a.err = a.read(ctx, &tx{Tx: other, db: t.db, at: t.at, written: 0, batches: nil}, s)
			_ = other.Rollback(context.WithoutCancel(ctx)) // it wrote nothing
		} else {
			a.err = err
			close(a.names)
		}
		close(a.chunks)
	}()
	return a
}

func (a *statementAhead) read(ctx context.Context, t *tx, s reconcile.Scope) error {
	var err error
	a.called, a.many, err = t.called(ctx, s)
	a.err = err
	close(a.names)
	if err != nil {
		return err
	}
	chunk := make([]match.StatementLine, 0, aheadChunk)
	hand := func() error {
		select {
		case a.chunks <- chunk:
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case chunk = <-a.spare:
		default:
			chunk = make([]match.StatementLine, 0, aheadChunk)
		}
		return nil
	}
	err = t.eachLineByStatement(ctx, s, func(l match.StatementLine) error {
		chunk = append(chunk, l)
		if len(chunk) == aheadChunk {
			return hand()
		}
		return nil
	})
	if err == nil && len(chunk) > 0 {
		err = hand()
	}
	return err
}

// eachLineByStatement gives what EachOpenStatementLine gives, in its order, for a scope
// of one day: the lines of open breaks are of days before, the ids of a statement's lines
// rise as it was taken in, and a statement is read by the key of its lines, where a
// million of them would be sorted.
func (t *tx) eachLineByStatement(ctx context.Context, s reconcile.Scope, fn func(match.StatementLine) error) error {
	if s.Since.Day.AddDays(1) != s.Day {
		return t.EachOpenStatementLine(ctx, s, fn)
	}
	batches, err := t.batchNames(ctx, s.Account)
	if err != nil {
		return err
	}
	statements, err := t.statementsOf(ctx, s)
	if err != nil {
		return err
	}
	args := []any{s.Area, s.ID, s.Day, dayOrLowest(s.Since.Day)}
	rows, err := t.Query(ctx, `with line as (`+brokenLines(statementColumns)+`)`+lineForMatcher+`
		order by o.booking_date, o.id`, append(args, s.Fresh)...)
	if err == nil {
		err = eachStatementLine(rows, batches, fn)
	}
	for i := 0; err == nil && i < len(statements); i++ {
		rows, err = t.Query(ctx, `with line as (
				select `+statementColumns+`, l.line from statement_line l
				where l.area = $1 and l.statement_id = $5 and l.fund_account = $2 and l.booking_date > $4 and l.booking_date <= $3)`+
			lineForMatcher+` order by o.line`, append(args, statements[i])...)
		if err == nil {
			err = eachStatementLine(rows, batches, fn)
		}
	}
	if err != nil {
		return fmt.Errorf("statement lines of fund account %d: %w", s.ID, err)
	}
	return nil
}

// statementsOf are the statements that hold lines of a scope's days, as they were taken in.
func (t *tx) statementsOf(ctx context.Context, s reconcile.Scope) ([]int64, error) {
	rows, err := t.Query(ctx, `select id from statement
		where area = $1 and fund_account = $2 and day_to > $3 and day_from <= $4 order by id`,
		s.Area, s.ID, dayOrLowest(s.Since.Day), s.Day)
	var ids []int64
	if err == nil {
		ids, err = pgx.CollectRows(rows, pgx.RowTo[int64])
	}
	if err != nil {
		return nil, fmt.Errorf("statements of fund account %d: %w", s.ID, err)
	}
	return ids, nil
}

// Called implements reconcile.StatementReader.
func (a *statementAhead) Called(context.Context) (map[string]string, bool, error) {
	<-a.names
	if a.called == nil && !a.many {
		<-a.done
		return nil, false, a.failed()
	}
	return a.called, a.many, nil
}

// Each implements reconcile.StatementReader.
func (a *statementAhead) Each(_ context.Context, fn func(match.StatementLine) error) error {
	for chunk := range a.chunks {
		for i := range chunk {
			if err := fn(chunk[i]); err != nil {
				return err
			}
		}
		clear(chunk)
		select {
		case a.spare <- chunk[:0]:
		default:
		}
	}
	return a.failed()
}

// failed is why the reading ended. Of a connection that was lost beside the
// transaction nothing is left, so that all may be tried again.
func (a *statementAhead) failed() error {
	var pg *pgconn.PgError
	if a.err == nil || errors.As(a.err, &pg) || errors.Is(a.err, context.Canceled) ||
		errors.Is(a.err, context.DeadlineExceeded) {
		return a.err
	}
	return lost{a.err}
}

// Beside implements reconcile.StatementReader.
func (a *statementAhead) Beside() bool { return true }

// Close implements reconcile.StatementReader.
func (a *statementAhead) Close() {
	a.stop()
	<-a.done
}

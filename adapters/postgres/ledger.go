package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

const newIDsSQL = `select nextval('fact_id') from generate_series(1, $1::int)`

// NewIDs reserves n ids of facts, in rising order. They are time-ordered and
// are never reused once the transaction committed.
func (t *tx) NewIDs(ctx context.Context, n int) ([]int64, error) {
	if n == 0 {
		return nil, nil
	}
	rows, err := t.Query(ctx, newIDsSQL, n)
	if err != nil {
		return nil, fmt.Errorf("reserve %d ids: %w", n, err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("reserve %d ids: %w", n, err)
	}
	return ids, nil
}

// ErrBooked is returned when an entry with the same cause, or a line of the same
// item and role, is already in the book: the same fact again, which changes nothing.
var ErrBooked = fault.New(fault.Conflict, "already_booked", "this fact is already in the book")

// Book writes entries with all their lines and returns their ids. Each is
// checked in Go first; the database checks it again. actor is who caused it.
func (t *tx) Book(ctx context.Context, actor string, entries ...ledger.Entry) ([]int64, error) {
	rules := ledger.NewRuleBook()
	lines := 0
	for _, e := range entries {
		if err := e.Check(rules); err != nil {
			return nil, fmt.Errorf("book %s: %w", e.Cause, err)
		}
		lines += len(e.Postings)
	}
	ids, err := t.NewIDs(ctx, len(entries))
	if err != nil {
		return nil, err
	}
	for i, e := range entries {
		_, err := t.Exec(ctx, `
			insert into entry (area, id, scheme, kind, cause, reverses, accounted_on, effective_on, line_count,
				text, actor, booked_at)
			values ($1, $2, $3, $4, $5, nullif($6::bigint, 0), $7, $8, $9, $10, $11, $12)`,
			e.Area, ids[i], e.Scheme, e.Kind, e.Cause, e.Reverses, e.AccountedOn, e.EffectiveOn, len(e.Postings),
			e.Text, actor, t.at)
		if err != nil {
			return nil, fmt.Errorf("book %s: %w", e.Cause, bookError(err))
		}
	}
	columns := []string{
		"area", "entry_id", "line", "scheme", "kind", "effective_on", "accounted_on", "side", "role", "nature", "red",
		"reversal", "amount", "fund_account", "batch_id", "cause_id", "member_id", "year",
	}
	source := &postingSource{entries: entries, ids: ids, entry: 0, line: -1}
	if _, err := t.CopyFrom(ctx, pgx.Identifier{"posting"}, columns, source); err != nil {
		return nil, fmt.Errorf("book %d lines: %w", lines, bookError(err))
	}
	return ids, nil
}

// bookError names a violation of the book's own rules.
func bookError(err error) error {
	switch {
	case isUnique(err, "entry_area_cause_key"), isUnique(err, "posting_cause"), isUnique(err, "entry_reverses"):
		return ErrBooked.Because(err)
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23514" && (pg.ConstraintName == "two_line_rule" ||
		pg.ConstraintName == "two_line_core" || pg.ConstraintName == "fund_account_role") {
		return ledger.ErrTwoLine.Because(err)
	}
	return err
}

// postingSource feeds the lines of entries to COPY without building rows first.
type postingSource struct {
	entries []ledger.Entry
	ids     []int64
	entry   int
	line    int
}

func (s *postingSource) Next() bool {
	s.line++
	for s.entry < len(s.entries) && s.line >= len(s.entries[s.entry].Postings) {
		s.entry, s.line = s.entry+1, 0
	}
	return s.entry < len(s.entries)
}

func (s *postingSource) Err() error { return nil }

func (s *postingSource) Values() ([]any, error) {
	e := &s.entries[s.entry]
	p := &e.Postings[s.line]
	return []any{
		int32(e.Area), s.ids[s.entry], int32(s.line + 1), string(e.Scheme), string(e.Kind), //nolint:gosec // line < 2^31
		e.EffectiveOn, e.AccountedOn, string(p.Side), string(p.Role), string(p.Nature), p.Red, e.Reverses != 0,
		p.Amount.Fen(), orNull(p.FundAccount), orNull(p.Batch), orNull(p.Cause), orNull(p.Member), yearOrNull(p.Year),
	}, nil
}

func orNull(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

func yearOrNull(year int) any {
	if year == 0 {
		return nil
	}
	return int16(year) //nolint:gosec // years are four digits
}

// Balance returns what stands on a fund account after the given accounting day:
// the last sealed balance up to it and the lines since.
func (t *tx) Balance(ctx context.Context, area party.Area, account int64, day calendar.Day) (money.Amount, error) {
	var balance int64
	err := t.QueryRow(ctx, `
		with sealed as (
			select s.day, s.closing from sealed_balance s
			join fund_account f on f.area = s.area and f.id = s.fund_account and f.role = s.role
			where s.area = $1 and s.fund_account = $2 and s.day <= $3 order by s.day desc limit 1)
		select coalesce((select closing from sealed), 0) + coalesce((
			select sum(case when (p.side = 'debit') <> p.red then p.amount else -p.amount end) from posting p
			where p.area = $1 and p.fund_account = $2 and p.accounted_on <= $3
			  and p.role in ('income', 'fiscal_special', 'fixed_deposit', 'expenditure', 'treasury')
			  and p.accounted_on > coalesce((select day from sealed), '-infinity')), 0)::bigint`,
		area, account, day).Scan(&balance)
	if err != nil {
		return 0, fmt.Errorf("balance of fund account %d: %w", account, err)
	}
	return money.Amount(balance), nil
}

// LockFundAccount serialises the movements that take money out of an account,
// so that its balance cannot fall below zero. It is held to the end of the
// transaction; several are locked in rising order of id by their callers.
func (t *tx) LockFundAccount(ctx context.Context, area party.Area, account int64) error {
	_, err := t.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('fund_account ' || $1::int || ' ' || $2::bigint, 0))`,
		int32(area), account)
	if err != nil {
		return fmt.Errorf("lock fund account %d: %w", account, err)
	}
	return nil
}

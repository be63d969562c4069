package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/reconcile"
	"twoline/reconcile/intake"
)

type reconcileStore struct{ db *DB }

// Reconcile stores statements, matches and breaks.
func (db *DB) Reconcile() reconcile.Store { return reconcileStore{db} }

func (s reconcileStore) InTx(ctx context.Context, fn func(reconcile.Tx) error) error {
	return s.db.InTx(ctx, func(t *tx) error { return fn(t) })
}

func (s reconcileStore) Read(ctx context.Context, fn func(reconcile.Tx) error) error {
	return s.db.Read(ctx, func(t *tx) error { return fn(t) })
}

// LockReconciliation implements reconcile.Tx. The lock only makes the second
// wait; the keys of statements, lines and matches decide.
func (t *tx) LockReconciliation(ctx context.Context, a reconcile.Account) error {
	_, err := t.Exec(ctx,
		`select pg_advisory_xact_lock(hashtextextended('reconcile ' || $1::int || ' ' || $2::bigint, 0))`,
		int32(a.Area), a.ID)
	if err != nil {
		return fmt.Errorf("lock reconciliation of fund account %d: %w", a.ID, err)
	}
	return nil
}

// StatementAccount implements reconcile.Tx.
func (t *tx) StatementAccount(ctx context.Context, a reconcile.Account) (intake.Account, error) {
	out := intake.Account{Area: a.Area, ID: a.ID} //nolint:exhaustruct // scanned below
	var number string
	err := t.QueryRow(ctx, `select bank, account_no, opened_on from fund_account where area = $1 and id = $2`,
		a.Area, a.ID).Scan(&out.Bank, &number, &out.OpenedOn)
	if errors.Is(err, pgx.ErrNoRows) {
		return out, reconcile.ErrAccountUnknown
	}
	if err != nil {
		return out, fmt.Errorf("read fund account %d: %w", a.ID, err)
	}
	_, _, out.Number = party.Stored("", "", number)
	return out, nil
}

// KnownStatements implements reconcile.Tx.
func (t *tx) KnownStatements(ctx context.Context, a reconcile.Account) (intake.Known, error) {
	var known intake.Known
	var closing int64
	err := t.QueryRow(ctx, `
		select coalesce(s.day_to, o.day, f.opened_on - 1), coalesce(s.closing, o.balance, 0), coalesce(s.number, ''),
			coalesce(o.day + 1, f.opened_on)
		from fund_account f
		left join opening_balance o on o.area = f.area and o.fund_account = f.id
		left join lateral (select day_to, closing, number from statement
			where area = f.area and fund_account = f.id order by day_from desc limit 1) s on true
		where f.area = $1 and f.id = $2`, a.Area, a.ID).Scan(&known.Through, &closing, &known.Number, &known.BooksFrom)
	if err != nil {
		return known, fmt.Errorf("last statement of fund account %d: %w", a.ID, err)
	}
	known.Closing = money.Amount(closing)
	return known, nil
}

// StatementDayLines implements reconcile.Tx.
func (t *tx) StatementDayLines(
	ctx context.Context, a reconcile.Account, day calendar.Day,
) ([]intake.PastLine, error) {
	rows, err := t.Query(ctx, `
		select id, direction, amount, booking_date, bank_reference, ordinal, end_to_end_id, batch_ref
		from statement_line where area = $1 and fund_account = $2 and booking_date = $3 order by id`, a.Area, a.ID, day)
	if err != nil {
		return nil, fmt.Errorf("lines of %s: %w", day, err)
	}
	lines, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (intake.PastLine, error) {
		var l intake.PastLine
		var direction string
		var amount int64
		err := row.Scan(&l.ID, &direction, &amount, &l.BookingDate, &l.BankReference, &l.Ordinal, &l.EndToEndID,
			&l.BatchRef)
		l.Direction, l.Amount = directionOf(direction), money.Amount(amount)
		return l, err
	})
	if err != nil {
		return nil, fmt.Errorf("lines of %s: %w", day, err)
	}
	return lines, nil
}

func directionOf(s string) bank.Direction {
	if s == "debit" {
		return bank.Debit
	}
	return bank.Credit
}

// StatementBalance implements reconcile.Tx.
func (t *tx) StatementBalance(ctx context.Context, a reconcile.Account, day calendar.Day) (money.Amount, error) {
	var balance int64
	err := t.QueryRow(ctx, `
		select s.closing - coalesce((
			select sum(case l.direction when 'credit' then l.amount else -l.amount end) from statement_line l
			where l.area = s.area and l.fund_account = s.fund_account and l.booking_date > $3
			  and l.booking_date <= s.day_to), 0)::bigint
		from statement s where s.area = $1 and s.fund_account = $2 and s.day_from <= $3 and s.day_to >= $3
		union all
		select coalesce(o.balance, 0) from fund_account f
		left join opening_balance o on o.area = f.area and o.fund_account = f.id
		where f.area = $1 and f.id = $2 and $3 = coalesce(o.day, f.opened_on - 1)`,
		a.Area, a.ID, day).Scan(&balance)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, reconcile.ErrNotCovered
	}
	if err != nil {
		return 0, fmt.Errorf("statement balance of fund account %d after %s: %w", a.ID, day, err)
	}
	return money.Amount(balance), nil
}

// AddStatementLines implements reconcile.Tx.
func (t *tx) AddStatementLines(
	ctx context.Context, a reconcile.Account, ids map[int]int64, lines []intake.Line,
) error {
	columns := []string{
		"area", "statement_id", "fund_account", "line", "direction", "amount", "booking_date", "value_date",
		"bank_reference", "ordinal", "end_to_end_id", "batch_ref", "reversal", "counterparty",
		"counterparty_account", "text",
	}
	_, err := t.CopyFrom(ctx, pgx.Identifier{"statement_line"}, columns,
		pgx.CopyFromSlice(len(lines), func(i int) ([]any, error) {
			l := &lines[i]
			return []any{
				int32(a.Area), ids[l.Statement], a.ID, int32(l.Number), //nolint:gosec // lines of a file
				l.Direction.String(), l.Amount.Fen(), l.BookingDate, l.ValueDate, l.BankReference,
				int32(l.Ordinal), //nolint:gosec // as above
				l.EndToEndID, l.BatchRef, l.Reversal, l.Counterparty.Plain(), l.CounterpartyAccount.Plain(), l.Text,
			}, nil
		}))
	if err != nil {
		return fmt.Errorf("store %d statement lines: %w", len(lines), err)
	}
	return nil
}

// FirstStatement implements reconcile.Tx.
func (t *tx) FirstStatement(ctx context.Context, area party.Area, id int64) (int64, error) {
	first := id
	err := t.QueryRow(ctx, `
		select o.id from receipt r
		join receipt o on o.area = r.area and o.kind = 'statement' and coalesce(o.subject, 0) = coalesce(r.subject, 0) and o.bank = r.bank
			and o.state = 'received' and (o.part, o.id) < (r.part, r.id)
		where r.area = $1 and r.id = $2 and r.kind = 'statement'
		order by o.part, o.id limit 1`, area, id).Scan(&first)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("statements received before %d: %w", id, err)
	}
	return first, nil
}

// AddStatement implements reconcile.Tx.
func (t *tx) AddStatement(ctx context.Context, a reconcile.Account, receipt, id int64, s intake.Statement) error {
	_, err := t.Exec(ctx, `
		insert into statement (area, id, fund_account, day_from, day_to, number, opening, closing, line_count,
			receipt_id, taken_in_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		a.Area, id, a.ID, s.From, s.To, s.Number, s.Opening.Fen(), s.Closing.Fen(), s.Lines, receipt, t.at)
	if err != nil {
		return fmt.Errorf("store statement %s of fund account %d: %w", s.Number, a.ID, err)
	}
	return nil
}

// BatchCredits implements reconcile.Tx.
func (t *tx) BatchCredits(
	ctx context.Context, area party.Area, statement, after int64, limit int,
) ([]reconcile.BatchCredit, error) {
	rows, err := t.Query(ctx, `
		select l.id, l.fund_account, f.bank, b.id, l.amount, l.direction = 'debit',
			l.bank_reference || case when l.ordinal > 1 then '#' || l.ordinal else '' end, l.value_date
		from statement_line l
		join fund_account f on f.area = l.area and f.id = l.fund_account and f.role in ('income', 'fiscal_special')
		join withholding_batch b on b.area = l.area and b.bank = f.bank and b.fund_account = f.id
			and (b.batch_no = l.batch_ref or b.id::text = l.batch_ref)
		where l.area = $1 and l.statement_id = $2 and l.id > $3 and l.batch_ref <> ''
		  and ((l.direction = 'credit' and not l.reversal) or (l.direction = 'debit' and l.reversal and f.role = 'income'))
		  and l.bank_reference <> ''
		order by l.id limit $4`, area, statement, after, limit)
	if err != nil {
		return nil, fmt.Errorf("batch credits of statement %d: %w", statement, err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (reconcile.BatchCredit, error) {
		var c reconcile.BatchCredit
		var amount int64
		err := row.Scan(&c.Line, &c.FundAccount, &c.Bank, &c.Batch, &amount, &c.GivenBack, &c.BankReference, &c.ValueDate)
		c.Amount = money.Amount(amount)
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("batch credits of statement %d: %w", statement, err)
	}
	return out, nil
}

// StatementAccounts implements reconcile.Tx.
func (t *tx) StatementAccounts(ctx context.Context) ([]reconcile.Account, error) {
	rows, err := t.Query(ctx, `
		select f.area, f.id from fund_account f
		where exists (select from statement s where s.area = f.area and s.fund_account = f.id)
		order by f.area, f.id`)
	if err != nil {
		return nil, fmt.Errorf("list accounts with statements: %w", err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowToStructByPos[reconcile.Account])
	if err != nil {
		return nil, fmt.Errorf("list accounts with statements: %w", err)
	}
	return out, nil
}

// AccountOfBank implements reconcile.Tx. Where a fixed deposit bears the number of
// the account it was placed from, the statement is that account's.
func (t *tx) AccountOfBank(ctx context.Context, code, account string) (intake.Account, error) {
	var out intake.Account
	var number string
	err := t.QueryRow(ctx, `
		select area, id, bank, account_no, opened_on from fund_account
		where bank = $1 and (account_no = $2 or id::text = $2)
		order by account_no = $2 desc, role = 'fixed_deposit', area, id limit 1`, code, account).Scan(
		&out.Area, &out.ID, &out.Bank, &number, &out.OpenedOn)
	if errors.Is(err, pgx.ErrNoRows) {
		return out, reconcile.ErrAccountUnknown
	}
	if err != nil {
		return out, fmt.Errorf("find fund account of %s: %w", code, err)
	}
	_, _, out.Number = party.Stored("", "", number)
	return out, nil
}

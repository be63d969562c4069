package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
	"twoline/reconcile"
	"twoline/reconcile/match"
)

// FirstSealed implements reconcile.Tx.
func (t *tx) FirstSealed(ctx context.Context, a reconcile.Account) (calendar.Day, error) {
	var day calendar.Day
	err := t.QueryRow(ctx, `
		select s.day from fund_account f
		  join sealed_balance s on s.area = f.area and s.scheme = f.scheme and s.role = f.role and s.fund_account = f.id
		 where f.area = $1 and f.id = $2 order by s.day limit 1`, a.Area, a.ID).Scan(&day)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return day, fmt.Errorf("first sealed day of fund account %d: %w", a.ID, err)
	}
	return day, nil
}

// BreakAgeDays implements reconcile.Tx.
func (t *tx) BreakAgeDays(ctx context.Context, area party.Area, day calendar.Day) (int, error) {
	v, err := t.ruleValue(ctx, area, policy.BreakAgeDays, day)
	if err != nil {
		return 0, err
	}
	return v.BreakAgeDays()
}

// AgedBreaks implements reconcile.Tx.
func (t *tx) AgedBreaks(
	ctx context.Context, a reconcile.Account, through, before calendar.Day,
) (reconcile.AgedBreaks, error) {
	var out reconcile.AgedBreaks
	var amount int64
	err := t.QueryRow(ctx, `
		select b.id, b.day, b.amount, count(*) over ()
		  from reconciliation_break b
		 where b.area = $1 and b.fund_account = $2 and b.day <= $3 and b.day < $4
		   and not exists (select from break_closed c where c.area = b.area and c.break_id = b.id)
		 order by b.day, b.id limit 1`, a.Area, a.ID, through, before).Scan(&out.ID, &out.Day, &amount, &out.Count)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return out, fmt.Errorf("old breaks of fund account %d: %w", a.ID, err)
	}
	out.Amount = money.Amount(amount)
	return out, nil
}

// StatementsAside implements reconcile.Tx. A file that was accepted and set aside again is
// undecided once more; one that somebody still wrote comes again by itself, and one of
// which the upload broke off never came.
func (t *tx) StatementsAside(
	ctx context.Context, a reconcile.Account, month calendar.Month,
) (reconcile.AsideStatements, error) {
	var out reconcile.AsideStatements
	err := t.QueryRow(ctx, `
		select r.id, r.part::date, r.code, count(*) over ()
		  from receipt r
		 where r.area = $1 and r.kind = 'statement' and r.subject = $2 and r.state = 'quarantined'
		   and r.code <> 'file_still_written' and r.digest <> decode(repeat('00', 32), 'hex') and r.part between $3::date::text and $4::date::text
		   and not exists (select from decision_request d where d.area = r.area and d.kind = 'file' and d.subject_id = r.id
		       and d.word = 'reject' and d.state = 'approved')
		 order by r.part, r.id limit 1`, a.Area, a.ID, month.First(), month.Last()).
		Scan(&out.ID, &out.Day, &out.Code, &out.Count)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return out, fmt.Errorf("statements of fund account %d that are set aside: %w", a.ID, err)
	}
	return out, nil
}

// ToleratedGross implements reconcile.Tx.
func (t *tx) ToleratedGross(ctx context.Context, a reconcile.Account, month calendar.Month) (money.Amount, error) {
	var sum int64
	err := t.QueryRow(ctx, `
		select greatest(0, coalesce((select sum(abs(difference)) from reconciliation_match
			where area = $1 and fund_account = $2 and settled_on <= $4 and difference is not null), 0)
		- coalesce((select sum(tolerated_gross) from period_proof
			where area = $1 and fund_account = $2 and month < $3), 0))::bigint`, a.Area, a.ID, month.First(), month.Last()).
		Scan(&sum)
	if err != nil {
		return 0, fmt.Errorf("differences of %s of fund account %d: %w", month, a.ID, err)
	}
	return money.Amount(sum), nil
}

// ClosedMonths implements reconcile.Tx.
func (t *tx) ClosedMonths(ctx context.Context, a reconcile.Account) ([]reconcile.ClosedMonth, error) {
	rows, err := t.Query(ctx, `
		select c.month, c.closing, c.digest, c.closed_by, c.closed_at, coalesce(p.balances, c.digest)
		  from period_close c left join period_proof p using (area, fund_account, month)
		 where c.area = $1 and c.fund_account = $2 order by c.month`, a.Area, a.ID)
	if err != nil {
		return nil, fmt.Errorf("closed months of fund account %d: %w", a.ID, err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (reconcile.ClosedMonth, error) {
		c := reconcile.ClosedMonth{ClosedPeriod: ledger.ClosedPeriod{Area: a.Area, Account: a.ID}}
		var closing int64
		var digest, balances []byte
		err := row.Scan(&c.Month, &closing, &digest, &c.ClosedBy, &c.ClosedAt, &balances)
		c.Closing = money.Amount(closing)
		copy(c.Digest[:], digest)
		copy(c.Balances[:], balances)
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("closed months of fund account %d: %w", a.ID, err)
	}
	return out, nil
}

// AddClosedMonth implements reconcile.Tx.
func (t *tx) AddClosedMonth(
	ctx context.Context, c reconcile.ClosedMonth, table reconcile.AdjustmentTable,
) (time.Time, error) {
	groups := table.Groups()
	counts, amounts := make([]int, len(groups)), make([]int64, len(groups))
	var rows [][]any
	for i, g := range groups {
		counts[i], amounts[i] = g.Count, g.Amount.Fen()
		for n, o := range g.Items {
			rows = append(rows, []any{
				int32(c.Area), c.Account, c.Month.First().Time(), g.Name, int32(n + 1), idOrNull(o.Statement),
				idOrNull(o.Book.Entry), lineOrNull(o.Book), o.Booked, o.Value, o.Reference, o.BankReference, o.Amount.Fen(),
				o.Owner,
			})
		}
	}
	_, err := t.Exec(ctx, `
		insert into period_proof (area, fund_account, month, matched_through, bank_closing, book_closing, bank_adjusted,
			book_adjusted, tolerated, counts, amounts, balances, tolerated_gross, holder, account_digest)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		c.Area, c.Account, c.Month, table.MatchedThrough, table.BankClosing.Fen(), table.BookClosing.Fen(),
		table.BankAdjusted.Fen(), table.BookAdjusted.Fen(), table.Tolerated.Fen(), counts, amounts, c.Balances[:],
		table.ToleratedGross.Fen(), table.Holder.Name, table.Number[:])
	if isUnique(err, "period_proof_pkey") {
		return t.at, ledger.ErrPeriodClosed.Because(err)
	}
	if err == nil {
		_, err = t.CopyFrom(ctx, pgx.Identifier{"period_outstanding"}, []string{
			"area", "fund_account", "month", "side", "ordinal", "statement_line_id", "entry_id", "book_line", "booked",
			"value_date", "reference", "bank_reference", "amount", "owner",
		}, pgx.CopyFromRows(rows))
	}
	if err != nil {
		return t.at, fmt.Errorf("keep the statement of %s of fund account %d: %w", c.Month, c.Account, err)
	}
	return t.at, t.addClosedPeriod(ctx, c.ClosedPeriod)
}

func idOrNull(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

func lineOrNull(k match.Key) any {
	if k.Entry == 0 {
		return nil
	}
	return k.Line
}

// ClosedTable implements reconcile.Tx.
func (t *tx) ClosedTable(
	ctx context.Context, a reconcile.Account, month calendar.Month,
) (reconcile.AdjustmentTable, bool, error) {
	out := reconcile.AdjustmentTable{Month: month, Day: month.Last(), Agrees: true} //nolint:exhaustruct // filled below
	c := reconcile.ClosedMonth{ClosedPeriod: ledger.ClosedPeriod{Area: a.Area, Account: a.ID, Month: month}}
	var closing int64
	var digest, balances, number []byte
	var counts []int
	var sums [6]int64
	var amounts []int64
	err := t.QueryRow(ctx, `
		select c.closing, c.digest, c.closed_by, c.closed_at, p.balances, p.matched_through, p.bank_closing,
		       p.book_closing, p.bank_adjusted, p.book_adjusted, p.tolerated, p.counts, p.amounts,
		       p.tolerated_gross, p.holder, p.account_digest
		  from period_close c join period_proof p using (area, fund_account, month)
		 where c.area = $1 and c.fund_account = $2 and c.month = $3`, a.Area, a.ID, month).
		Scan(&closing, &digest, &c.ClosedBy, &c.ClosedAt, &balances, &out.MatchedThrough, &sums[0], &sums[1], &sums[2],
			&sums[3], &sums[4], &counts, &amounts, &sums[5], &out.Holder.Name, &number)
	if errors.Is(err, pgx.ErrNoRows) {
		return out, false, nil
	}
	if err != nil {
		return out, false, fmt.Errorf("closed %s of fund account %d: %w", month, a.ID, err)
	}
	c.Closing = money.Amount(closing)
	copy(c.Digest[:], digest)
	copy(c.Balances[:], balances)
	copy(out.Number[:], number)
	out.Closed = &c
	out.BankClosing, out.BookClosing = money.Amount(sums[0]), money.Amount(sums[1])
	out.BankAdjusted, out.BookAdjusted = money.Amount(sums[2]), money.Amount(sums[3])
	out.Tolerated, out.ToleratedGross = money.Amount(sums[4]), money.Amount(sums[5])
	groups := map[string]*reconcile.Group{
		"bank_received": &out.BankReceived, "bank_paid": &out.BankPaid, "book_received": &out.BookReceived,
		"book_paid": &out.BookPaid,
	}
	for i, g := range out.Groups() {
		groups[g.Name].Count, groups[g.Name].Amount = counts[i], money.Amount(amounts[i])
	}
	return out, true, t.closedLines(ctx, a, month, groups)
}

func (t *tx) closedLines(
	ctx context.Context, a reconcile.Account, month calendar.Month, groups map[string]*reconcile.Group,
) error {
	rows, err := t.Query(ctx, `
		select side, coalesce(statement_line_id, 0), coalesce(entry_id, 0), coalesce(book_line, 0), booked, value_date,
		       reference, bank_reference, amount, owner
		  from period_outstanding where area = $1 and fund_account = $2 and month = $3 order by side, ordinal`,
		a.Area, a.ID, month)
	if err != nil {
		return fmt.Errorf("lines of the closed %s of fund account %d: %w", month, a.ID, err)
	}
	var side string
	var amount int64
	var o reconcile.Outstanding
	_, err = pgx.ForEachRow(rows, []any{
		&side, &o.Statement, &o.Book.Entry, &o.Book.Line, &o.Booked, &o.Value, &o.Reference, &o.BankReference, &amount,
		&o.Owner,
	}, func() error {
		o.Amount, o.Age = money.Amount(amount), o.Booked.DaysUntil(month.Last())
		groups[side].Items = append(groups[side].Items, o)
		return nil
	})
	if err != nil {
		return fmt.Errorf("lines of the closed %s of fund account %d: %w", month, a.ID, err)
	}
	return nil
}

// NameOwners implements reconcile.Tx.
func (t *tx) NameOwners(ctx context.Context, a reconcile.Account, table *reconcile.AdjustmentTable) error {
	rows, err := t.Query(ctx, `
		select coalesce(l.statement_line_id, 0), coalesce(l.entry_id, 0), coalesce(l.book_line, 0), o.owner
		  from reconciliation_break b
		 cross join lateral (select w.owner from break_owner w where w.area = b.area and w.break_id = b.id
		      order by w.id desc limit 1) o
		  join break_line l on l.area = b.area and l.break_id = b.id
		 where b.area = $1 and b.fund_account = $2
		   and not exists (select from break_closed c where c.area = b.area and c.break_id = b.id)`, a.Area, a.ID)
	if err != nil {
		return fmt.Errorf("owners of the breaks of fund account %d: %w", a.ID, err)
	}
	type line struct {
		statement int64
		book      match.Key
	}
	owners := map[line]string{}
	var l line
	var owner string
	_, err = pgx.ForEachRow(rows, []any{&l.statement, &l.book.Entry, &l.book.Line, &owner}, func() error {
		owners[l] = owner
		return nil
	})
	if err != nil {
		return fmt.Errorf("owners of the breaks of fund account %d: %w", a.ID, err)
	}
	for _, g := range []*reconcile.Group{&table.BankReceived, &table.BankPaid, &table.BookReceived, &table.BookPaid} {
		for i := range g.Items {
			g.Items[i].Owner = owners[line{statement: g.Items[i].Statement, book: g.Items[i].Book}]
		}
	}
	return nil
}

package postgres

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/reconcile/bureau"
	"twoline/reconcile/match"
)

type bureauStore struct{ db *DB }

// Bureau stores the finance bureau's journal, and reads both sides of a comparison.
func (db *DB) Bureau() bureau.Store { return bureauStore{db} }

func (s bureauStore) InTx(ctx context.Context, fn func(bureau.Tx) error) error {
	return s.db.InTx(ctx, func(t *tx) error { return fn(t) })
}

func (s bureauStore) Read(ctx context.Context, fn func(bureau.Tx) error) error {
	return s.db.Read(ctx, func(t *tx) error { return fn(t) })
}

// LockBureau implements bureau.Tx.
func (t *tx) LockBureau(ctx context.Context, area party.Area) error {
	_, err := t.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('bureau ' || $1::int, 0))`, int32(area))
	if err != nil {
		return fmt.Errorf("lock the bureau's journal of area %s: %w", area, err)
	}
	return nil
}

// BureauJournal implements bureau.Tx.
func (t *tx) BureauJournal(
	ctx context.Context, area party.Area, digest [sha256.Size]byte,
) (*bureau.Journal, error) {
	j := &bureau.Journal{Digest: digest} //nolint:exhaustruct // read below
	err := t.QueryRow(ctx, `select id, rows, imported_by from bureau_journal where area = $1 and digest = $2`, area,
		digest[:]).Scan(&j.ID, &j.Rows, &j.By)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // an unknown file is no error
	}
	if err != nil {
		return nil, fmt.Errorf("find journal of the bureau: %w", err)
	}
	return j, nil
}

// FundAccountsByNo implements bureau.Tx.
func (t *tx) FundAccountsByNo(ctx context.Context, area party.Area, numbers []string) (map[string][]int64, error) {
	rows, err := t.Query(ctx, `select account_no, id from fund_account where area = $1 and account_no = any($2::text[])
		order by id`, area, numbers)
	if err != nil {
		return nil, fmt.Errorf("fund accounts by number: %w", err)
	}
	out := map[string][]int64{}
	var no string
	var id int64
	_, err = pgx.ForEachRow(rows, []any{&no, &id}, func() error {
		out[no] = append(out[no], id)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("fund accounts by number: %w", err)
	}
	return out, nil
}

const bureauColumns = `b.id, b.fund_account, b.date, b.voucher_no, b.line, b.side, b.amount, b.reference, b.text`

func scanBureauLine(row pgx.CollectableRow) (l bureau.Line, err error) {
	err = row.Scan(&l.ID, &l.FundAccount, &l.Date, &l.Voucher, &l.Number, &l.Side, &l.Amount, &l.Reference, &l.Text)
	return l, err
}

// KnownBureauLines implements bureau.Tx.
func (t *tx) KnownBureauLines(
	ctx context.Context, area party.Area, lines []bureau.Line,
) (map[bureau.LineKey]bureau.Line, error) {
	rows, err := t.Query(ctx, `
		select `+bureauColumns+`
		from unnest($2::bigint[], $3::date[], $4::text[], $5::int[]) as u (fund_account, date, voucher_no, line)
		join bureau_line b on b.area = $1 and b.fund_account = u.fund_account
			and b.month = date_trunc('month', u.date)::date and b.voucher_no = u.voucher_no and b.line = u.line`, area,
		column(lines, func(l bureau.Line) int64 { return l.FundAccount }),
		column(lines, func(l bureau.Line) calendar.Day { return l.Date }),
		column(lines, func(l bureau.Line) string { return l.Voucher }),
		column(lines, func(l bureau.Line) int { return l.Number }))
	if err != nil {
		return nil, fmt.Errorf("known lines of the bureau: %w", err)
	}
	list, err := collect(rows, "known lines of the bureau", scanBureauLine)
	out := make(map[bureau.LineKey]bureau.Line, len(list))
	for _, l := range list {
		out[l.Key()] = l
	}
	return out, err
}

// KnownBureauClosings implements bureau.Tx.
func (t *tx) KnownBureauClosings(
	ctx context.Context, area party.Area, closings []bureau.Closing,
) (map[bureau.ClosingKey]money.Amount, error) {
	rows, err := t.Query(ctx, `
		select b.fund_account, b.month, b.amount
		from unnest($2::bigint[], $3::date[]) as u (fund_account, month)
		join bureau_closing b on b.area = $1 and b.fund_account = u.fund_account and b.month = u.month`, area,
		column(closings, func(c bureau.Closing) int64 { return c.FundAccount }),
		column(closings, func(c bureau.Closing) calendar.Day { return c.Month.First() }))
	if err != nil {
		return nil, fmt.Errorf("known closings of the bureau: %w", err)
	}
	list, err := collect(rows, "known closings of the bureau", scanBureauClosing)
	out := make(map[bureau.ClosingKey]money.Amount, len(list))
	for _, c := range list {
		out[bureau.ClosingKey{FundAccount: c.FundAccount, Month: c.Month}] = c.Amount
	}
	return out, err
}

func scanBureauClosing(row pgx.CollectableRow) (c bureau.Closing, err error) {
	err = row.Scan(&c.FundAccount, &c.Month, &c.Amount)
	return c, err
}

// AddBureauJournal implements bureau.Tx.
func (t *tx) AddBureauJournal(
	ctx context.Context, area party.Area, j bureau.Journal, lines []bureau.Line, closings []bureau.Closing,
) error {
	err := t.QueryRow(ctx, `
		insert into bureau_journal (area, digest, rows, lines, closings, imported_by, imported_at)
		values ($1, $2, $3, $4, $5, $6, $7) returning id`, area, j.Digest[:], j.Rows, len(lines), len(closings), j.By,
		t.at).Scan(&j.ID)
	if err != nil {
		return fmt.Errorf("store journal of the bureau: %w", err)
	}
	_, err = t.CopyFrom(ctx, pgx.Identifier{"bureau_line"},
		[]string{
			"area", "fund_account", "month", "voucher_no", "line", "journal_id", "date", "side", "amount", "reference", "text",
		},
		pgx.CopyFromSlice(len(lines), func(i int) ([]any, error) {
			l := lines[i]
			return []any{
				int32(area), l.FundAccount, l.Month().First(), l.Voucher, int32(l.Number), j.ID, l.Date, //nolint:gosec // small
				string(l.Side), l.Amount.Fen(), l.Reference, l.Text,
			}, nil
		}))
	if err != nil {
		return fmt.Errorf("store %d lines of the bureau: %w", len(lines), err)
	}
	_, err = t.CopyFrom(ctx, pgx.Identifier{"bureau_closing"},
		[]string{"area", "fund_account", "month", "amount", "journal_id"},
		pgx.CopyFromSlice(len(closings), func(i int) ([]any, error) {
			c := closings[i]
			return []any{int32(area), c.FundAccount, c.Month.First(), c.Amount.Fen(), j.ID}, nil
		}))
	if err != nil {
		return fmt.Errorf("store %d closings of the bureau: %w", len(closings), err)
	}
	return nil
}

// bureauGapSQL lists the months between two closings that do not add up. A month
// without a closing of its own counts with the next one that has it.
const bureauGapSQL = `
	select c.area, c.fund_account, c.month, c.before, c.amount, m.debits, m.credits
	from (select area, fund_account, month, amount, lag(amount) over w as before, lag(month) over w as since
		from bureau_closing where ($1::int = 0 or area = $1) window w as (partition by area, fund_account order by month)) c
	cross join lateral (
		select coalesce(sum(amount) filter (where side = 'debit'), 0)::bigint as debits,
			coalesce(sum(amount) filter (where side = 'credit'), 0)::bigint as credits
		from bureau_line b where b.area = c.area and b.fund_account = c.fund_account and b.month > c.since
			and b.month <= c.month) m
	where c.since is not null and c.before + m.debits - m.credits <> c.amount`

// BureauGaps implements bureau.Tx.
func (t *tx) BureauGaps(ctx context.Context, area party.Area, accounts []int64) ([]bureau.Gap, error) {
	rows, err := t.Query(ctx, `select g.fund_account, g.month, g.before, g.debits, g.credits, g.amount from (`+
		bureauGapSQL+`) g where g.fund_account = any($2::bigint[])`, area, accounts)
	if err != nil {
		return nil, fmt.Errorf("months of the bureau: %w", err)
	}
	return collect(rows, "months of the bureau", func(row pgx.CollectableRow) (g bureau.Gap, err error) {
		err = row.Scan(&g.FundAccount, &g.Month, &g.Opening, &g.Debits, &g.Credits, &g.Closing)
		return g, err
	})
}

// BureauMonths implements bureau.Tx.
func (t *tx) BureauMonths(
	ctx context.Context, area party.Area, account int64, through calendar.Month,
) ([]bureau.Moved, error) {
	rows, err := t.Query(ctx, `
		select month, sum(case side when 'debit' then amount else -amount end)::bigint from bureau_line
		where area = $1 and fund_account = $2 and month <= $3 group by month order by month`, area, account, through.First())
	if err != nil {
		return nil, fmt.Errorf("months of the bureau: %w", err)
	}
	return collect(rows, "months of the bureau", pgx.RowToStructByPos[bureau.Moved])
}

// BureauClosings implements bureau.Tx.
func (t *tx) BureauClosings(
	ctx context.Context, area party.Area, account int64, through calendar.Month,
) ([]bureau.Closing, error) {
	rows, err := t.Query(ctx, `select fund_account, month, amount from bureau_closing
		where area = $1 and fund_account = $2 and month <= $3 order by month`, area, account, through.First())
	if err != nil {
		return nil, fmt.Errorf("closings of the bureau: %w", err)
	}
	return collect(rows, "closings of the bureau", scanBureauClosing)
}

// bureauOwnSQL are the moves of our book on account $2 from day $3 to $4. The bureau sees
// what an entry moves on the account: its sum lines, and never the items under them.
// only is a condition on the postings.
func bureauOwnSQL(only string) string {
	return `
		select p.entry_id, p.line, p.accounted_on, p.effective_on, p.kind, coalesce(e.reverses, 0) as reverses, p.signed,
			c.cause, coalesce(nullif(f.bank_reference, ''), a.bank_reference, '') as bank_reference
		from (
			select area, entry_id, min(line) as line, accounted_on, effective_on, kind,
				sum(case when (side = 'debit') <> red then amount else -amount end)::bigint as signed
			from posting
			where area = $1 and fund_account = $2 and accounted_on between $3 and $4 and kind <> 'opening'
			  and role in ` + bankRoles + only + `
			group by area, entry_id, accounted_on, effective_on, kind) p
		join entry e on e.area = p.area and e.id = p.entry_id
		cross join lateral (select case when split_part(e.cause, ':', 2) ~ '^[0-9]{1,18}$'
			then split_part(e.cause, ':', 2)::bigint else 0 end as cause) c
		left join fund_transfer f on f.area = p.area and f.id = c.cause
		left join arrival a on a.area = p.area and a.id = c.cause
		where p.signed <> 0`
}

func bureauSpan(s bureau.Span, more ...any) []any {
	return append([]any{s.Area, s.Account, s.Since.First(), s.Through.Last()}, more...)
}

// ownRow reads a row of bureauOwnSQL.
type ownRow struct {
	bureau.Own

	signed money.Amount
}

func (r *ownRow) targets() []any {
	return []any{
		&r.Key.Entry, &r.Key.Line, &r.Booked, &r.Value, &r.Kind, &r.Reverses, &r.signed, &r.Cause, &r.BankReference,
	}
}

func (r *ownRow) value() bureau.Own {
	o := r.Own
	o.Direction, o.Amount = bank.Credit, r.signed
	if r.signed < 0 {
		o.Direction, o.Amount = bank.Debit, -r.signed
	}
	return o
}

// EachOfBothSides implements bureau.Tx. What both sides know of each other is told by
// joins here: neither side's references are held by the caller.
func (t *tx) EachOfBothSides(
	ctx context.Context, s bureau.Span, own func(o bureau.Own, echoed bool) error,
	theirs func(l bureau.Line, echoes bool) error,
) error {
	rows, err := t.Query(ctx, `
		with own as materialized (`+bureauOwnSQL("")+`),
		theirs as materialized (
			select month, date, voucher_no, line, id, side, amount, reference from bureau_line
			where area = $1 and fund_account = $2 and month between $3 and $4),
		carried as materialized (select distinct reference from theirs where reference <> ''),
		causes as materialized (
			select distinct k.reference from own o join carried k on k.reference = o.cause::text where o.cause <> 0),
		banks as materialized (
			select distinct k.reference from own o join carried k on k.reference = o.bank_reference)
		select true as ours, date_trunc('month', o.accounted_on)::date as month, o.accounted_on as day, o.entry_id as entry,
			'' as voucher, o.line, o.effective_on, o.kind, o.reverses, o.signed, o.cause, coalesce(k.reference, '') as reference,
			c.reference is not null as echo, 0 as id
		from own o
		left join causes c on c.reference = o.cause::text and o.cause <> 0
		left join banks k on k.reference = o.bank_reference
		union all
		select false, l.month, l.date, 0, l.voucher_no, l.line, l.date, l.side, 0, l.amount, 0,
			coalesce(c.reference, k.reference, ''), c.reference is not null, l.id
		from theirs l
		left join causes c on c.reference = l.reference
		left join banks k on k.reference = l.reference
		order by month, ours desc, day, entry, voucher, line`, bureauSpan(s)...)
	if err != nil {
		return fmt.Errorf("both sides of fund account %d: %w", s.Account, err)
	}
	var ours, echo bool
	var month calendar.Day
	var r ownRow
	l := bureau.Line{FundAccount: s.Account} //nolint:exhaustruct // what a comparison asks for
	var side string
	targets := []any{
		&ours, &month, &r.Booked, &r.Key.Entry, &l.Voucher, &r.Key.Line, &r.Value, &side, &r.Reverses, &r.signed, &r.Cause,
		&r.BankReference, &echo, &l.ID,
	}
	_, err = pgx.ForEachRow(rows, targets, func() error {
		if ours {
			r.Kind = ledger.Kind(side)
			return own(r.value(), echo)
		}
		l.Date, l.Side, l.Amount, l.Number, l.Reference = r.Booked, ledger.Side(side), r.signed, int(r.Key.Line), r.BankReference
		return theirs(l, echo)
	})
	if err != nil {
		return fmt.Errorf("both sides of fund account %d: %w", s.Account, err)
	}
	return nil
}

// BureauLines implements bureau.Tx.
func (t *tx) BureauLines(ctx context.Context, s bureau.Span, ids []int64) (map[int64]bureau.Line, error) {
	rows, err := t.Query(ctx, `select `+bureauColumns+` from bureau_line b
		where b.area = $1 and b.fund_account = $2 and b.id = any($3::bigint[])`, s.Area, s.Account, ids)
	if err != nil {
		return nil, fmt.Errorf("lines of the bureau: %w", err)
	}
	list, err := collect(rows, "lines of the bureau", scanBureauLine)
	out := make(map[int64]bureau.Line, len(list))
	for _, l := range list {
		out[l.ID] = l
	}
	return out, err
}

// OwnLines implements bureau.Tx.
func (t *tx) OwnLines(ctx context.Context, s bureau.Span, keys []match.Key) (map[match.Key]bureau.Own, error) {
	entries := column(keys, func(k match.Key) int64 { return k.Entry })
	rows, err := t.Query(ctx, bureauOwnSQL(` and entry_id = any($5::bigint[])`), bureauSpan(s, entries)...)
	if err != nil {
		return nil, fmt.Errorf("our lines of fund account %d: %w", s.Account, err)
	}
	out := make(map[match.Key]bureau.Own, len(keys))
	var r ownRow
	_, err = pgx.ForEachRow(rows, r.targets(), func() error {
		out[r.Key] = r.value()
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("our lines of fund account %d: %w", s.Account, err)
	}
	return out, nil
}

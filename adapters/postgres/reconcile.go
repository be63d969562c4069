package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/reconcile"
	"twoline/reconcile/match"
)

// LastReconciliation implements reconcile.Tx.
func (t *tx) LastReconciliation(ctx context.Context, a reconcile.Account) (reconcile.Mark, error) {
	var m reconcile.Mark
	err := t.QueryRow(ctx, `select day, floor from reconciliation_run where area = $1 and fund_account = $2
		order by id desc limit 1`, a.Area, a.ID).Scan(&m.Day, &m.Floor)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return m, fmt.Errorf("last run of fund account %d: %w", a.ID, err)
	}
	return m, nil
}

// SealedThrough implements reconcile.Tx.
func (t *tx) SealedThrough(ctx context.Context, a reconcile.Account) (calendar.Day, error) {
	var day calendar.Day
	err := t.QueryRow(ctx, `select b.sealed_through from book b join fund_account f using (area, scheme)
		where f.area = $1 and f.id = $2`, a.Area, a.ID).Scan(&day)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return day, fmt.Errorf("seal of fund account %d's book: %w", a.ID, err)
	}
	return day, nil
}

// EachOpenBookLine implements reconcile.Tx. The account's own lines are found by
// their index; a sum line leads to the items of its entry, and stands for none
// itself. What was accounted on or before the floor is read only where it stands
// in an open break, and only lines that an earlier run saw are looked for among
// the matches. Lines of the go-live entry are no movements of the bank.
func (t *tx) EachOpenBookLine(ctx context.Context, s reconcile.Scope, fn func(match.BookLine) error) error {
	rows, err := t.Query(ctx, `
		with open_entry as (
			select distinct l.entry_id from reconciliation_break b
			join break_line l on l.area = b.area and l.break_id = b.id and l.entry_id is not null
			where b.area = $1 and b.fund_account = $2 and not $6
			  and not exists (select from break_closed c where c.area = b.area and c.break_id = b.id)),
		bank_line as (
			select p.entry_id, p.line, p.nature, p.kind, p.accounted_on, p.effective_on, p.batch_id, p.cause_id,
				case when (p.side = 'debit') <> p.red then p.amount else -p.amount end as signed
			from posting p
			where p.area = $1 and p.fund_account = $2 and p.accounted_on > $4 and p.accounted_on <= $3
			  and p.role in ('income', 'fiscal_special', 'fixed_deposit', 'expenditure', 'treasury')
			union all
			select p.entry_id, p.line, p.nature, p.kind, p.accounted_on, p.effective_on, p.batch_id, p.cause_id,
				case when (p.side = 'debit') <> p.red then p.amount else -p.amount end
			from open_entry o join posting p on p.area = $1 and p.entry_id = o.entry_id
			where p.fund_account = $2 and p.accounted_on <= least($3::date, $4::date)
			  and p.role in ('income', 'fiscal_special', 'fixed_deposit', 'expenditure', 'treasury')),
		movement as (
			select entry_id, line, accounted_on, effective_on, batch_id, null::bigint as item, signed::numeric
			from bank_line where nature = 'direct' and kind <> 'opening'
			union all
			select entry_id, min(line), accounted_on, effective_on, min(batch_id), cause_id, sum(signed)
			from bank_line where nature = 'item' and kind <> 'opening'
			group by entry_id, accounted_on, effective_on, cause_id
			union all
			select i.entry_id, min(i.line), i.accounted_on, i.effective_on, min(i.batch_id), i.cause_id,
				sum(case when (i.side = 'credit') <> i.red then i.amount else -i.amount end)
			from posting i
			where i.area = $1 and i.fund_account = $2 and i.nature = 'item' and i.role not like 'personal%'
			  and i.role not in ('income', 'fiscal_special', 'fixed_deposit', 'expenditure', 'treasury')
			  and i.entry_id in (select entry_id from bank_line where nature = 'sum' and kind <> 'opening')
			group by i.entry_id, i.accounted_on, i.effective_on, i.cause_id)
		select m.entry_id, m.line, m.accounted_on, m.effective_on, coalesce(m.batch_id, 0), coalesce(v.item_id, m.item, 0),
			m.signed::bigint, coalesce(e.reverses, 0),
			case when v.id is not null then v.id
				when split_part(e.cause, ':', 2) ~ '^[0-9]{1,18}$' then split_part(e.cause, ':', 2)::bigint else 0 end,
			coalesce(v.bank_reference, w.bank_reference, nullif(f.bank_reference, ''), r.bank_reference, '')
		from movement m
		join entry e on e.area = $1 and e.id = m.entry_id
		left join payment_return v on e.kind = 'payment_return' and v.area = $1 and v.id = m.item
		left join answer w on w.area = $1 and w.item_id = m.item and w.disposition = 'recorded'
		left join fund_transfer f on m.item is null and f.area = $1 and f.id = case
			when split_part(e.cause, ':', 2) ~ '^[0-9]{1,18}$' then split_part(e.cause, ':', 2)::bigint end
		left join arrival r on m.item is null and r.area = $1 and r.id = case
			when split_part(e.cause, ':', 2) ~ '^[0-9]{1,18}$' then split_part(e.cause, ':', 2)::bigint end
		where m.signed <> 0 and (m.accounted_on > $5 or not exists (
			select from reconciliation_match x
			where x.area = $1 and x.entry_id = m.entry_id and x.book_line = m.line))`,
		s.Area, s.ID, s.Day, dayOrLowest(s.Since.Floor), dayOrLowest(s.Since.Day), s.Fresh)
	if err != nil {
		return fmt.Errorf("book lines of fund account %d: %w", s.ID, err)
	}
	var b match.BookLine
	var batch, item, signed int64
	targets := []any{
		&b.Key.Entry, &b.Key.Line, &b.Booked, &b.Value, &batch, &item, &signed, &b.Reverses, &b.Cause, &b.BankReference,
	}
	_, err = pgx.ForEachRow(rows, targets, func() error {
		b.Direction, b.Amount = bank.Credit, money.Amount(signed)
		if signed < 0 {
			b.Direction, b.Amount = bank.Debit, money.Amount(-signed)
		}
		b.Batch, b.Own, b.Reference = idText(batch), item != 0, idText(item)
		if item == 0 {
			b.Reference = idText(b.Cause)
		}
		return fn(b)
	})
	if err != nil {
		return fmt.Errorf("book lines of fund account %d: %w", s.ID, err)
	}
	return nil
}

func idText(id int64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(id, 10)
}

// dayOrLowest stands for no day by one before every book.
func dayOrLowest(d calendar.Day) calendar.Day {
	if d.IsZero() {
		return calendar.MustDay("1900-01-01")
	}
	return d
}

// EachOpenStatementLine implements reconcile.Tx. A batch that does not move this
// account is no name of a batch; nor is a payment batch that was never released or
// was recalled, by which the bank may move nothing.
func (t *tx) EachOpenStatementLine(ctx context.Context, s reconcile.Scope, fn func(match.StatementLine) error) error {
	rows, err := t.Query(ctx, `
		with line as (
			select l.id, l.direction, l.amount, l.booking_date, l.value_date, l.bank_reference, l.end_to_end_id,
				l.batch_ref
			from statement_line l
			where l.area = $1 and l.fund_account = $2 and l.booking_date > $4 and l.booking_date <= $3
			union all
			select l.id, l.direction, l.amount, l.booking_date, l.value_date, l.bank_reference, l.end_to_end_id,
				l.batch_ref
			from reconciliation_break b
			join break_line k on k.area = b.area and k.break_id = b.id and k.statement_line_id is not null
			join statement_line l on l.area = b.area and l.id = k.statement_line_id
			where b.area = $1 and b.fund_account = $2 and not $5 and l.booking_date <= least($3::date, $4::date)
			  and not exists (select from break_closed c where c.area = b.area and c.break_id = b.id)),
		batch as (
			select n.batch_ref, min(b.id) as id
			from (select distinct batch_ref from line where batch_ref <> '') n
			join (
				select id, batch_no from withholding_batch where area = $1 and fund_account = $2
				union all
				select id, batch_no from payment_batch b where area = $1 and fund_account = $2 and `+withBank+`) b
				on b.batch_no = n.batch_ref or b.id::text = n.batch_ref
			group by n.batch_ref)
		select l.id, l.direction, l.amount, l.booking_date, l.value_date, l.bank_reference, l.end_to_end_id,
			coalesce(b.id, 0)
		from line l left join batch b on b.batch_ref = l.batch_ref
		order by l.booking_date, l.id`, s.Area, s.ID, s.Day, dayOrLowest(s.Since.Day),
		s.Fresh)
	if err != nil {
		return fmt.Errorf("statement lines of fund account %d: %w", s.ID, err)
	}
	var l match.StatementLine
	var direction string
	var amount, batch int64
	targets := []any{&l.ID, &direction, &amount, &l.Booked, &l.Value, &l.BankReference, &l.EndToEndID, &batch}
	_, err = pgx.ForEachRow(rows, targets, func() error {
		l.Direction, l.Amount, l.Batch = directionOf(direction), money.Amount(amount), idText(batch)
		return fn(l)
	})
	if err != nil {
		return fmt.Errorf("statement lines of fund account %d: %w", s.ID, err)
	}
	return nil
}

// withBank is SQL that says of payment batch b that its bank may pay by it.
const withBank = `b.state in ('sending', 'sent', 'acked', 'unknown', 'done')`

// forbidden is SQL that says of line u, a debit of fund account $2, that it names
// what no money may leave the account by: a payment that failed, or that its bank
// pays from a lump or was never to pay; an item of another account; or a batch that
// was debited in full by the line and those before it. What a bank that corrects
// itself gave back may be debited again.
const forbidden = `(u.direction = 'debit' and case when u.echoed
	then exists (
		select from payment_item i join payment_batch b on b.area = i.area and b.id = i.batch_id
		where i.area = $1 and i.id = u.id and (b.fund_account <> $2 or b.settlement = 'gross' or not ` + withBank + `
			or exists (select from answer w where w.area = $1 and w.item_id = i.id and w.disposition = 'recorded'
				and w.outcome = 'failed')))
		or exists (
		select from withholding_item i join withholding_batch b on b.area = i.area and b.id = i.batch_id
		where i.area = $1 and i.id = u.id and b.fund_account <> $2)
	else exists (
		select from payment_batch b
		where u.batch <> '' and b.area = $1 and b.fund_account = $2 and b.id::text = u.batch
		  and case when b.state = 'done' and b.settlement <> 'gross' then b.succeeded_amount else b.amount end < (
			select sum(case when o.direction = 'debit' then o.amount else -o.amount end)
			from statement_line l
			join statement_line o on o.area = $1 and o.fund_account = $2 and o.batch_ref in (b.batch_no, b.id::text)
				and o.booking_date >= b.created_on and (o.booking_date, o.id) <= (l.booking_date, l.id)
				and (o.direction = 'debit' or (o.reversal and o.end_to_end_id = '' and b.settlement <> 'gross'))
			where l.area = $1 and l.id = u.line)) end)`

// ReferenceStandings implements reconcile.Tx.
func (t *tx) ReferenceStandings(
	ctx context.Context, a reconcile.Account, lines []match.StatementLine,
) ([]match.Standing, error) {
	refs, directions, batches := make([]string, len(lines)), make([]string, len(lines)), make([]string, len(lines))
	amounts, echoed, ids := make([]int64, len(lines)), make([]bool, len(lines)), make([]int64, len(lines))
	for i, l := range lines {
		ids[i], batches[i] = l.ID, l.Batch
		refs[i], echoed[i] = l.EndToEndID, l.EndToEndID != ""
		if !echoed[i] {
			refs[i] = l.BankReference
		}
		directions[i], amounts[i] = l.Direction.String(), l.Amount.Fen()
	}
	rows, err := t.Query(ctx, `
		select case
			when u.ref <> '' and exists (
				select from statement_line o
				join reconciliation_match m on m.area = o.area and m.statement_line_id = o.id
				where o.area = $1 and o.fund_account = $2
				  and coalesce(nullif(o.end_to_end_id, ''), o.bank_reference) = u.ref and o.direction = u.direction
				  and case when u.echoed
				      then o.end_to_end_id <> '' and m.rule in ('reference', 'shared_reference')
				      else o.end_to_end_id = '' and o.amount = u.amount
				           and m.rule in ('bank_reference', 'shared_bank_reference') end) then 3
			when `+forbidden+` then 1
			when u.echoed and (
				exists (select from posting p where p.area = $1 and p.cause_id = u.id)
				or exists (select from withholding_item i where i.area = $1 and i.id = u.id)
				or exists (select from payment_item i where i.area = $1 and i.id = u.id)
				or exists (select from fund_transfer f where f.area = $1 and f.id = u.id)) then 2
			else 0 end
		from (select n.ref, n.direction, n.amount, n.echoed, n.line, n.batch, n.place,
		          case when n.ref ~ '^[0-9]{1,18}$' then n.ref::bigint end as id
		      from unnest($3::text[], $4::text[], $5::bigint[], $6::bool[], $7::bigint[], $8::text[])
		          with ordinality as n (ref, direction, amount, echoed, line, batch, place)) u
		order by u.place`, a.Area, a.ID, refs, directions, amounts, echoed, ids, batches)
	if err != nil {
		return nil, fmt.Errorf("standings of %d references: %w", len(lines), err)
	}
	codes, err := pgx.CollectRows(rows, pgx.RowTo[int32])
	if err != nil {
		return nil, fmt.Errorf("standings of %d references: %w", len(lines), err)
	}
	out := make([]match.Standing, len(lines))
	for i, code := range codes {
		out[i] = match.Standing(code)
	}
	return out, nil
}

// AddMatches implements reconcile.Tx. Pairs, which are nearly all, are one row
// each and take their ids from the column's default.
func (t *tx) AddMatches(
	ctx context.Context, a reconcile.Account, matches iter.Seq[match.Match],
) ([]reconcile.Count, error) {
	type countKey struct {
		settled calendar.Day
		rule    match.Rule
	}
	counts := map[countKey]reconcile.Count{}
	var groups []match.Match
	pairs := func(yield func([]byte) bool) {
		var row []byte
		for m := range matches {
			k := countKey{settled: m.Settled, rule: m.Rule}
			c := counts[k]
			c.Settled, c.Rule = m.Settled, m.Rule
			c.Matches++
			c.StatementLines += len(m.Statement)
			c.BookLines += len(m.Book)
			counts[k] = c
			if m.Kind() != match.OneToOne {
				m.Statement, m.Book = slices.Clone(m.Statement), slices.Clone(m.Book)
				groups = append(groups, m)
				continue
			}
			row = matchRow(row[:0], a, m, m.Statement, m.Book)
			row = append(row, '\t')
			row = append(row, t.at.UTC().Format("2006-01-02 15:04:05.999999Z07:00")...)
			if !yield(append(row, '\n')) {
				return
			}
		}
	}
	const columns = `area, fund_account, kind, rule, settled_on, statement_line_id, entry_id, book_line, matched_at`
	if err := t.copyText(ctx, `copy reconciliation_match (`+columns+`) from stdin`, pairs); err != nil {
		return nil, fmt.Errorf("store matches of fund account %d: %w", a.ID, err)
	}
	ids, err := t.NewIDs(ctx, len(groups))
	if err != nil {
		return nil, err
	}
	rows := func(yield func([]byte) bool) {
		var row []byte
		for i, m := range groups {
			for n := range max(len(m.Statement), len(m.Book)) {
				row = matchRow(row[:0], a, m, from(m.Statement, n), from(m.Book, n))
				row = append(row, '\t')
				row = append(row, t.at.UTC().Format("2006-01-02 15:04:05.999999Z07:00")...)
				row = strconv.AppendInt(append(row, '\t'), ids[i], 10)
				if !yield(append(row, '\n')) {
					return
				}
			}
		}
	}
	if err := t.copyText(ctx, `copy reconciliation_match (`+columns+`, match_id) from stdin`, rows); err != nil {
		return nil, fmt.Errorf("store matches of fund account %d: %w", a.ID, err)
	}
	return slices.Collect(maps.Values(counts)), nil
}

// from returns the rest of a list, or nothing beyond its end.
func from[T any](list []T, n int) []T {
	if n >= len(list) {
		return nil
	}
	return list[n:]
}

// matchRow writes one row in COPY's text form with the first line of each side.
func matchRow(row []byte, a reconcile.Account, m match.Match, statement []int64, book []match.Key) []byte {
	row = strconv.AppendInt(row, int64(a.Area), 10)
	row = strconv.AppendInt(append(row, '\t'), a.ID, 10)
	row = append(append(row, '\t'), m.Kind()...)
	row = append(append(row, '\t'), m.Rule...)
	row = append(append(row, '\t'), m.Settled.String()...)
	if len(statement) > 0 {
		row = strconv.AppendInt(append(row, '\t'), statement[0], 10)
	} else {
		row = append(row, "\t\\N"...)
	}
	if len(book) > 0 {
		row = strconv.AppendInt(append(row, '\t'), book[0].Entry, 10)
		return strconv.AppendInt(append(row, '\t'), int64(book[0].Line), 10)
	}
	return append(row, "\t\\N\t\\N"...)
}

// copyText streams rows in COPY's text form; rows are valid until the next one.
func (t *tx) copyText(ctx context.Context, sql string, rows iter.Seq[[]byte]) error {
	next, stop := iter.Pull(rows)
	defer stop()
	tag, err := t.Conn().PgConn().CopyFrom(ctx, &rowReader{next: next, rest: nil}, sql)
	t.written += tag.RowsAffected()
	return err
}

type rowReader struct {
	next func() ([]byte, bool)
	rest []byte
}

// Read implements io.Reader.
func (r *rowReader) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) {
		if len(r.rest) == 0 {
			row, ok := r.next()
			if !ok {
				break
			}
			r.rest = row
		}
		c := copy(b[n:], r.rest)
		n, r.rest = n+c, r.rest[c:]
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// AddReconciliation implements reconcile.Tx.
func (t *tx) AddReconciliation(
	ctx context.Context, a reconcile.Account, m reconcile.Mark, counts []reconcile.Count,
) error {
	var id int64
	err := t.QueryRow(ctx, `insert into reconciliation_run (area, fund_account, day, floor, run_at)
		values ($1, $2, $3, $4, $5) returning id`, a.Area, a.ID, m.Day, m.Floor, t.at).Scan(&id)
	if err != nil {
		return fmt.Errorf("store run of fund account %d: %w", a.ID, err)
	}
	_, err = t.CopyFrom(ctx, pgx.Identifier{"reconciliation_count"},
		[]string{"area", "run_id", "fund_account", "settled_on", "rule", "matches", "statement_lines", "book_lines"},
		pgx.CopyFromSlice(len(counts), func(i int) ([]any, error) {
			c := counts[i]
			return []any{
				int32(a.Area), id, a.ID, c.Settled, string(c.Rule), c.Matches, c.StatementLines, c.BookLines,
			}, nil
		}))
	if err != nil {
		return fmt.Errorf("store counts of fund account %d: %w", a.ID, err)
	}
	return nil
}

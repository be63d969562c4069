package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/reconcile"
	"twoline/reconcile/match"
)

type openBreak struct {
	ID     int64
	Digest []byte
}

// OpenBreaks implements reconcile.Tx.
func (t *tx) OpenBreaks(ctx context.Context, a reconcile.Account) (map[reconcile.Digest]int64, error) {
	rows, err := t.Query(ctx, `select b.id, b.digest from reconciliation_break b
		where b.area = $1 and b.fund_account = $2
		  and not exists (select from break_closed c where c.area = b.area and c.break_id = b.id)`, a.Area, a.ID)
	if err != nil {
		return nil, fmt.Errorf("open breaks of fund account %d: %w", a.ID, err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[openBreak])
	if err != nil {
		return nil, fmt.Errorf("open breaks of fund account %d: %w", a.ID, err)
	}
	out := make(map[reconcile.Digest]int64, len(list))
	for _, b := range list {
		out[reconcile.Digest(b.Digest)] = b.ID
	}
	return out, nil
}

// AddBreaks implements reconcile.Tx.
func (t *tx) AddBreaks(ctx context.Context, a reconcile.Account, breaks []reconcile.OpenBreak) error {
	for portion := range slices.Chunk(breaks, 10_000) {
		// Foreign keys are looked up row by row; planned anew each time they take longest.
		err := t.planning(ctx, "plan_cache_mode", "auto", func() error { return t.addBreaks(ctx, a, portion) })
		if err != nil {
			return fmt.Errorf("open %d breaks of fund account %d: %w", len(portion), a.ID, err)
		}
	}
	return nil
}

func (t *tx) addBreaks(ctx context.Context, a reconcile.Account, breaks []reconcile.OpenBreak) error {
	ids, err := t.NewIDs(ctx, len(breaks))
	if err != nil {
		return err
	}
	var classes []int16
	var reasons, directions []string
	var amounts []int64
	var days, on []calendar.Day
	var digests [][]byte
	var instructed []bool
	var statement, entries []int64
	var bookLines []int32
	lines := 0
	for _, b := range breaks {
		classes = append(classes, int16(b.Reason.Class())) //nolint:gosec // 0 to 7
		reasons = append(reasons, string(b.Reason))
		directions, amounts = append(directions, b.Direction.String()), append(amounts, b.Amount.Fen())
		days, on, digests = append(days, b.Day), append(on, b.On), append(digests, b.Digest[:])
		instructed = append(instructed, b.Instructed)
		first, key := int64(0), match.Key{Entry: 0, Line: 0}
		if len(b.Statement) > 0 {
			first = b.Statement[0]
		}
		if len(b.Book) > 0 {
			key = b.Book[0]
		}
		statement, entries, bookLines = append(statement, first), append(entries, key.Entry), append(bookLines, key.Line)
		lines += len(b.Statement) + len(b.Book)
	}
	_, err = t.Exec(ctx, `
		insert into reconciliation_break (area, id, fund_account, class, reason, direction, amount, day, digest, round,
			opened_on, opened_at, detail)
		select $1, u.id, $2, u.class, u.reason, u.direction, u.amount, u.day, u.digest,
			1 + coalesce((select max(b.round) from reconciliation_break b
				where b.area = $1 and b.fund_account = $2 and b.digest = u.digest), 0), u.opened_on, $11, `+breakDetail+`
		from unnest($3::bigint[], $4::smallint[], $5::text[], $6::text[], $7::bigint[], $8::date[], $9::bytea[],
			$10::date[], $12::bigint[], $13::bigint[], $14::int[], $15::bool[]) as u (id, class, reason, direction, amount, day,
			digest, opened_on, line, entry, book_line, instructed)
		left join statement_line l on l.area = $1 and l.id = u.line`,
		a.Area, a.ID, ids, classes, reasons, directions, amounts, days, digests, on, t.at, statement, entries, bookLines,
		instructed)
	if err != nil {
		return err
	}
	rows := make([][]any, 0, lines)
	for i, b := range breaks {
		for _, id := range b.Statement {
			rows = append(rows, []any{int32(a.Area), ids[i], id, nil, nil})
		}
		for _, k := range b.Book {
			rows = append(rows, []any{int32(a.Area), ids[i], nil, k.Entry, k.Line})
		}
	}
	_, err = t.CopyFrom(ctx, pgx.Identifier{"break_line"},
		[]string{"area", "break_id", "statement_line_id", "entry_id", "book_line"}, pgx.CopyFromRows(rows))
	return err
}

// breakDetail is SQL that says of break u, whose first line of the bank is l, what
// more is known of it: a result of a bank without its money, money without its
// result, a payment that came back, or a debit that nobody instructed. A result is
// late where its money moved in an earlier month than it was booked in.
const breakDetail = `case
	when u.reason = 'absent_in_bank' then (
		select case when date_trunc('month', p.accounted_on) > date_trunc('month', p.effective_on) then 'late_result'
			else 'result_without_money' end
		from posting p
		where p.area = $1 and p.entry_id = u.entry and p.line = u.book_line and p.nature = 'item' and exists (
			select from answer w where w.area = $1 and w.item_id = p.cause_id and w.disposition = 'recorded'
				and w.outcome = 'succeeded'))
	when u.reason = 'absent_in_book' and u.direction = 'credit' then case
		when exists (` + returnedPayment + `) then 'returned_payment'
		when exists (
			select from withholding_batch b
			where b.area = $1 and b.fund_account = $2 and l.batch_ref <> '' and l.batch_ref in (b.batch_no, b.id::text)
			  and b.succeeded + b.failed < b.item_count) or exists (
			select from withholding_item i join withholding_batch b on b.area = i.area and b.id = i.batch_id
			where i.area = $1 and i.id = ` + echoedID + ` and b.fund_account = $2 and not exists (
				select from answer w where w.area = $1 and w.item_id = i.id and w.disposition = 'recorded'))
		then 'arrival_without_result' end
	when u.reason = 'absent_in_book' and u.direction = 'debit' then case
		when u.instructed and (exists (
			select from payment_batch b
			where b.area = $1 and b.fund_account = $2 and l.batch_ref <> '' and l.batch_ref in (b.batch_no, b.id::text)
			  and b.succeeded + b.failed < b.item_count) or exists (
			select from payment_item i join payment_batch b on b.area = i.area and b.id = i.batch_id
			where i.area = $1 and i.id = ` + echoedID + ` and b.fund_account = $2 and not exists (
				select from answer w where w.area = $1 and w.item_id = i.id and w.disposition = 'recorded')))
		then 'debit_without_result'
		when not u.instructed then 'unknown_debit' end
	end`

// echoedID is the id of ours that line l of the bank carries, or null.
const echoedID = `case when l.end_to_end_id ~ '^[0-9]{1,18}$' then l.end_to_end_id::bigint end`

// returnedPayment is SQL that gives the payments of fund account $2 that credit l may
// be the return of: by the id that it echoes, else by the bank's reference of the
// payment or by the payee's account that it names; of its amount, paid, and not
// known to have come back.
const returnedPayment = `
	select i.id
	from (
		select id, batch_id, amount from payment_item where area = $1 and id = ` + echoedID + `
		union all
		select i.id, i.batch_id, i.amount from answer w
		join payment_item i on i.area = w.area and i.id = w.item_id
		where l.end_to_end_id = '' and w.area = $1 and w.bank_reference = nullif(l.bank_reference, '')
		  and w.disposition = 'recorded' and w.bank_reference <> ''
		union all
		select i.id, i.batch_id, i.amount from instrument n
		join payment_item i on i.area = n.area and i.member_id = n.member_id and i.account_no = n.account_no
		where l.end_to_end_id = '' and n.area = $1 and n.account_no = nullif(l.counterparty_account, '')) i
	join payment_batch p on p.area = $1 and p.id = i.batch_id and p.fund_account = $2
	join answer w on w.area = $1 and w.item_id = i.id and w.disposition = 'recorded' and w.outcome = 'succeeded'
	where i.amount = l.amount and (l.end_to_end_id <> '' or l.batch_ref in ('', p.batch_no, p.id::text))
	  and not exists (select from payment_return v where v.area = $1 and v.item_id = i.id)`

// CloseBreaks implements reconcile.Tx.
func (t *tx) CloseBreaks(ctx context.Context, a reconcile.Account, on calendar.Day, ids []int64) error {
	_, err := t.Exec(ctx, `
		insert into break_closed (area, break_id, how, closed_on, closed_at)
		select $1, u.id, case when exists (
				select from break_line l where l.area = $1 and l.break_id = u.id
				  and not exists (select from reconciliation_match m
				      where m.area = l.area and m.statement_line_id = l.statement_line_id)
				  and not exists (select from reconciliation_match m
				      where m.area = l.area and m.entry_id = l.entry_id and m.book_line = l.book_line))
			then 'renamed' else 'matched' end, $3, $4
		from unnest($2::bigint[]) as u (id)`, a.Area, ids, on, t.at)
	if err != nil {
		return fmt.Errorf("close %d breaks of fund account %d: %w", len(ids), a.ID, err)
	}
	return nil
}

// AddAlarms implements reconcile.Tx.
func (t *tx) AddAlarms(ctx context.Context, a reconcile.Account, alarms []reconcile.Alarm) error {
	account, err := t.StatementAccount(ctx, a)
	if err != nil {
		return err
	}
	cases := make([]Case, len(alarms))
	for i, x := range alarms {
		cases[i] = Case{Kind: x.Kind, Subject: x.Subject, Bank: account.Bank, Text: x.Text}
	}
	return t.OpenCase(ctx, a.Area, cases...)
}

// ProposeReturns implements reconcile.Tx.
func (t *tx) ProposeReturns(ctx context.Context, a reconcile.Account) error {
	_, err := t.Exec(ctx, `
		insert into exception_case (area, kind, subject, bank, text, opened_on, opened_at)
		select $1, 'return_proposed', 'statement_line:' || l.id, f.bank,
			'the credit of ' || to_char(l.amount::numeric / 100, 'FM999999999999990.00') || ' on ' || l.booking_date
				|| ' looks like payment ' || c.first || case when c.n > 1 then ', or one of ' || c.n - 1 || ' others,' else '' end
				|| ' coming back, and no notice of the bank says so; ask the bank to report the return',
			($3::timestamptz at time zone 'Asia/Shanghai')::date, $3
		from fund_account f
		join reconciliation_break b on b.area = f.area and b.fund_account = f.id and b.direction = 'credit'
			and not exists (select from break_closed x where x.area = b.area and x.break_id = b.id)
		join break_line k on k.area = b.area and k.break_id = b.id
		join statement_line l on l.area = k.area and l.id = k.statement_line_id and l.direction = 'credit'
		cross join lateral (
			select min(r.id) as first, count(distinct r.id) as n from (`+returnedPayment+`) r) c
		where f.area = $1 and f.id = $2 and f.role = 'expenditure' and c.n > 0
		on conflict (area, kind, subject) do nothing`, a.Area, a.ID, t.at)
	if err != nil {
		return fmt.Errorf("propose returns on fund account %d: %w", a.ID, err)
	}
	_, err = t.Exec(ctx, `
		insert into exception_closed (area, case_id, text, closed_by, closed_at)
		select c.area, c.id, 'the credit stands in the book', 'job', $3
		from exception_case c
		join statement_line l on l.area = c.area and l.id = split_part(c.subject, ':', 2)::bigint and l.fund_account = $2
		join reconciliation_match m on m.area = l.area and m.statement_line_id = l.id
		where c.area = $1 and c.kind = 'return_proposed'
		  and not exists (select from exception_closed x where x.area = c.area and x.case_id = c.id)
		on conflict do nothing`,
		a.Area, a.ID, t.at)
	if err != nil {
		return fmt.Errorf("close proposals on fund account %d: %w", a.ID, err)
	}
	return nil
}

// AlarmUncleared implements reconcile.Tx.
func (t *tx) AlarmUncleared(ctx context.Context, a reconcile.Account, by calendar.Day) error {
	_, err := t.Exec(ctx, `
		insert into exception_case (area, kind, subject, bank, text, opened_on, opened_at)
		select b.area, 'uncleared', 'break:' || b.id, f.bank,
			'booked on ' || b.day || ' and not on the bank''s statement since',
			($4::timestamptz at time zone 'Asia/Shanghai')::date, $4
		from reconciliation_break b join fund_account f on f.area = b.area and f.id = b.fund_account
		where b.area = $1 and b.fund_account = $2 and b.reason = 'absent_in_bank' and b.day <= $3
		  and not exists (select from break_closed c where c.area = b.area and c.break_id = b.id)
		on conflict (area, kind, subject) do nothing`, a.Area, a.ID, by, t.at)
	if err != nil {
		return fmt.Errorf("alarm about fund account %d: %w", a.ID, err)
	}
	_, err = t.Exec(ctx, `
		insert into exception_closed (area, case_id, text, closed_by, closed_at)
		select c.area, c.id, 'the break is closed', 'job', $3
		from exception_case c
		join reconciliation_break b on b.area = c.area and c.subject = 'break:' || b.id and b.fund_account = $2
		join break_closed k on k.area = b.area and k.break_id = b.id
		where c.area = $1 and c.kind = 'uncleared'
		  and not exists (select from exception_closed x where x.area = c.area and x.case_id = c.id)
		on conflict do nothing`, a.Area, a.ID, t.at)
	if err != nil {
		return fmt.Errorf("close alarms about fund account %d: %w", a.ID, err)
	}
	return nil
}

// ListBreaks implements reconcile.Tx.
func (t *tx) ListBreaks(ctx context.Context, f reconcile.BreakFilter) ([]reconcile.Break, int, error) {
	const from = `
		from reconciliation_break b left join break_closed c on c.area = b.area and c.break_id = b.id
		where b.area = $1 and ($2 = 0::bigint or b.fund_account = $2) and ($3 = '' or b.reason = $3)
		  and ($4::date is null or b.day <= $4) and (c.break_id is not null) = $5`
	var total int
	err := t.QueryRow(ctx, `select count(*)`+from, f.Area, f.FundAccount, f.Reason, f.Through, f.Closed).Scan(&total)
	if err != nil {
		return nil, 0, fmt.Errorf("count breaks: %w", err)
	}
	rows, err := t.Query(ctx, `
		with page as (
			select b.area, b.id, b.fund_account, b.class, b.reason, b.direction, b.amount, b.day, b.opened_on,
				b.opened_at, c.closed_on, coalesce(c.how, '') as how, coalesce(b.detail, '') as detail`+from+` and b.id > $6 order by b.id limit $7)
		select p.id, p.fund_account, p.class, p.reason, p.direction, p.amount, p.day, p.opened_on, p.opened_at,
			p.closed_on, p.how, p.detail, n.statement_lines, n.book_lines,
			array(select l.statement_line_id from break_line l where l.area = p.area and l.break_id = p.id
				and l.statement_line_id is not null order by l.statement_line_id limit $8),
			array(select l.entry_id from break_line l where l.area = p.area and l.break_id = p.id
				and l.entry_id is not null order by l.entry_id, l.book_line limit $8),
			array(select l.book_line from break_line l where l.area = p.area and l.break_id = p.id
				and l.entry_id is not null order by l.entry_id, l.book_line limit $8)
		from page p, lateral (
			select count(l.statement_line_id) as statement_lines, count(l.entry_id) as book_lines
			from break_line l where l.area = p.area and l.break_id = p.id) n
		order by p.id`, f.Area, f.FundAccount, f.Reason, f.Through, f.Closed, f.After, f.Limit, reconcile.MaxBreakLines)
	if err != nil {
		return nil, 0, fmt.Errorf("list breaks: %w", err)
	}
	out, err := pgx.CollectRows(rows, breakOf)
	if err != nil {
		return nil, 0, fmt.Errorf("list breaks: %w", err)
	}
	return out, total, nil
}

func breakOf(row pgx.CollectableRow) (reconcile.Break, error) {
	var b reconcile.Break
	var direction string
	var amount int64
	var entries []int64
	var lines []int32
	err := row.Scan(&b.ID, &b.FundAccount, &b.Class, &b.Reason, &direction, &amount, &b.Day, &b.OpenedOn, &b.OpenedAt,
		&b.ClosedOn, &b.How, &b.Detail, &b.StatementLines, &b.BookLines, &b.Statement, &entries, &lines)
	b.Direction, b.Amount = directionOf(direction), money.Amount(amount)
	for i := range entries {
		b.Book = append(b.Book, match.Key{Entry: entries[i], Line: lines[i]})
	}
	return b, err
}

// MatchedCounts implements reconcile.Tx.
func (t *tx) MatchedCounts(
	ctx context.Context, a reconcile.Account, through calendar.Day,
) ([]reconcile.Count, error) {
	rows, err := t.Query(ctx, `
		select max(settled_on), rule, sum(matches)::int, sum(statement_lines)::int, sum(book_lines)::int
		from reconciliation_count where area = $1 and fund_account = $2 and settled_on <= $3
		group by rule order by rule`, a.Area, a.ID, through)
	if err != nil {
		return nil, fmt.Errorf("count matches of fund account %d: %w", a.ID, err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowToStructByPos[reconcile.Count])
	if err != nil {
		return nil, fmt.Errorf("count matches of fund account %d: %w", a.ID, err)
	}
	return out, nil
}

// SettledLater implements reconcile.Tx. The matches settled after a day lie
// together on disk, so that a recent day costs little.
func (t *tx) SettledLater(
	ctx context.Context, a reconcile.Account, day calendar.Day,
) (reconcile.Side, reconcile.Side, error) {
	var sides [2]reconcile.Side
	rows, err := t.Query(ctx, `
		with later as (
			select statement_line_id, entry_id, book_line from reconciliation_match
			where area = $1 and fund_account = $2 and settled_on > $3),
		movement as (
			select 0 as side, case l.direction when 'credit' then l.amount else -l.amount end::numeric as signed
			from later m join statement_line l on l.area = $1 and l.id = m.statement_line_id
			where l.booking_date <= $3
			union all
			select 1, case when p.nature = 'direct'
				then case when (p.side = 'debit') <> p.red then p.amount else -p.amount end
				else (select sum(case when ((i.side = 'credit') <> i.red)
					<> (i.role in ('income', 'fiscal_special', 'fixed_deposit', 'expenditure', 'treasury'))
					then i.amount else -i.amount end)
				      from posting i where i.area = $1 and i.entry_id = p.entry_id and i.cause_id = p.cause_id
				        and i.fund_account = $2 and i.nature = 'item' and i.role not like 'personal%') end
			from later m join posting p on p.area = $1 and p.entry_id = m.entry_id and p.line = m.book_line
			where p.accounted_on <= $3)
		select side, count(*), coalesce(sum(signed) filter (where signed > 0), 0)::bigint,
			coalesce(-sum(signed) filter (where signed < 0), 0)::bigint
		from movement group by side`, a.Area, a.ID, day)
	if err != nil {
		return sides[0], sides[1], fmt.Errorf("lines settled after %s: %w", day, err)
	}
	var side, lines int
	var credits, debits int64
	_, err = pgx.ForEachRow(rows, []any{&side, &lines, &credits, &debits}, func() error {
		s := &sides[side]
		s.Lines, s.Credits, s.Debits = lines, money.Amount(credits), money.Amount(debits)
		return nil
	})
	if err != nil {
		return sides[0], sides[1], fmt.Errorf("lines settled after %s: %w", day, err)
	}
	return sides[0], sides[1], nil
}

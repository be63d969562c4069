package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/party"
)

// runMoney is what a run's lines of book and statement are looked for by.
type runMoney struct {
	area     party.Area
	batches  []int64
	accounts []int64
	released calendar.Day
	// again are payments of other runs that paid a claim of this one.
	again []int64
}

func (m runMoney) args(more ...any) []any {
	return append([]any{m.area, m.batches, m.accounts, m.released, m.again}, more...)
}

func (t *tx) runMoney(ctx context.Context, r disbursement.Run) (runMoney, error) {
	m := runMoney{area: r.Area, batches: nil, accounts: nil, released: r.ReleasedOn, again: nil}
	var err error
	if m.batches, err = t.runBatchIDs(ctx, r); err != nil {
		return m, err
	}
	// What failed and what came back are few; the chain of each is followed by key.
	rows, err := t.Query(ctx, `
		with recursive lost as (
			select w.item_id as id from answer w
			where w.area = $1 and w.batch_id = any($2::bigint[]) and w.disposition = 'recorded' and w.outcome = 'failed'
			union
			select v.item_id from payment_return v
			join payment_return_booked k on k.area = v.area and k.return_id = v.id
			where v.area = $1 and v.batch_id = any($2::bigint[])),
		again as (
			select n.id from lost o
			cross join lateral (select id from payment_item where area = $1 and replaces = o.id) n
			union all
			select n.id from again g
			cross join lateral (select id from payment_item where area = $1 and replaces = g.id) n)
		select i.id from (select $1::integer as area, id from again) i where `+reached+` order by 1`, m.area, m.batches)
	if err != nil {
		return m, fmt.Errorf("what paid claims of pay run %d again: %w", r.ID, err)
	}
	if m.again, err = pgx.CollectRows(rows, pgx.RowTo[int64]); err != nil {
		return m, fmt.Errorf("what paid claims of pay run %d again: %w", r.ID, err)
	}
	m.accounts, err = t.batchIDs(ctx, `
		select distinct b.fund_account from payment_batch b
		where b.area = $1 and (b.run_id = $2 or b.id in (
			select i.batch_id from payment_item i where i.area = $1 and i.id = any($3::bigint[])))`,
		r.Area, r.ID, m.again)
	return m, err
}

// runLinesSQL begins the statements about the money of a run: mine are its lines of
// the book as the bank would show them, each with its match. A lump is a line by
// itself; where payments of it are another run's, that run counts their amounts.
const runLinesSQL = `
	with own as materialized (
		select p.entry_id, p.line, p.nature, p.batch_id, p.fund_account, p.accounted_on,
			case when (p.side = 'debit') <> p.red then p.amount else -p.amount end as signed
		from posting p
		where p.area = $1 and p.accounted_on >= $4 and p.role = 'expenditure' and p.batch_id = any($2::bigint[])
		  and p.fund_account = any($3::bigint[])),
	-- Payments of this run's claims by other runs: their own lines, and where their bank took a lump, a part of it.
	other as (
		select g.id, b.id as batch_id, b.settlement, b.fund_account
		from unnest($5::bigint[]) as g (id)
		cross join lateral (select batch_id from payment_item where area = $1 and id = g.id limit 1) i
		join payment_batch b on b.area = $1 and b.id = i.batch_id),
	moved as (
		select entry_id, line, fund_account, accounted_on, batch_id, null::bigint as cause, signed::numeric, false as part
		from own where nature = 'direct'
		union all
		select i.entry_id, min(i.line), o.fund_account, o.accounted_on, min(i.batch_id), i.cause_id,
			sum(case when (i.side = 'credit') <> i.red then i.amount else -i.amount end), false
		from own o
		join posting i on i.area = $1 and i.entry_id = o.entry_id and i.fund_account = o.fund_account and i.nature = 'item'
			and i.role not like 'personal%'
		where o.nature = 'sum'
		group by i.entry_id, o.fund_account, o.accounted_on, i.cause_id
		union all
		select i.entry_id, min(i.line), o.fund_account, i.accounted_on, min(i.batch_id), i.cause_id,
			sum(case when (i.side = 'credit') <> i.red then i.amount else -i.amount end), false
		from other o
		join posting i on i.area = $1 and i.cause_id = o.id and i.nature = 'item' and i.role not like 'personal%'
			and i.side = 'debit'
		where o.settlement <> 'gross'
		group by i.entry_id, o.fund_account, i.accounted_on, i.cause_id
		union all
		select h.entry_id, h.line, o.fund_account, h.accounted_on, o.batch_id, o.id, -a.amount, true
		from other o
		cross join lateral (select sum(amount) as amount from posting where area = $1 and cause_id = o.id and side = 'debit'
			and not red and role not like 'personal%') a
		join posting h on h.area = $1 and h.fund_account = o.fund_account and h.batch_id = o.batch_id
			and h.role = 'expenditure' and h.kind = 'payment_handover' and h.accounted_on >= $4
		where o.settlement = 'gross' and a.amount > 0
		union all
		select q.entry_id, min(q.line), o.fund_account, q.accounted_on, min(q.batch_id), q.cause_id,
			sum(case when (q.side = 'credit') <> q.red then q.amount else -q.amount end), false
		from other o
		cross join lateral (
			select id from payment_return where area = $1 and item_id = o.id
			union all select id from hand_payment where area = $1 and item_id = o.id) v
		join posting q on q.area = $1 and q.cause_id = v.id and q.kind in ('payment_return', 'hand_payment', 'benefit',
				'account_paid_out')
			and q.role not like 'personal%'
		group by q.entry_id, o.fund_account, q.accounted_on, q.cause_id),
	mine as materialized (
		select m.entry_id, m.line, m.fund_account, m.accounted_on, m.batch_id, m.cause, m.signed, m.part, x.match_id, x.kind, x.settled_on, x.statement_line_id
		from moved m
		left join reconciliation_match x on x.area = $1 and x.entry_id = m.entry_id and x.book_line = m.line)`

// ProofStatement implements disbursement.StatementProofTx. The amounts of matches
// that are the run's alone are read from the bank's lines; of a line of the bank
// that settles payments of several runs, each has the sum of its own.
func (t *tx) ProofStatement(ctx context.Context, r disbursement.Run) (disbursement.OnStatement, error) {
	var s disbursement.OnStatement
	m, err := t.runMoney(ctx, r)
	if err != nil {
		return s, err
	}
	err = t.hashing(ctx, func() error {
		return t.QueryRow(ctx, runLinesSQL+`,
		touched as materialized (
			select match_id, min(kind) as kind, min(settled_on) as settled_on, count(*) as lines, bool_or(part) as part,
				min(fund_account) as fund_account
			from mine where match_id is not null group by match_id),
		whole as materialized (
			select x.match_id, x.statement_line_id, x.entry_id
			from touched h
			join reconciliation_match x on x.area = $1 and x.fund_account = h.fund_account and x.match_id = h.match_id
				and x.settled_on = h.settled_on
			where h.kind <> 'one_to_one'),
		judged as (
			-- A reversal within the book has no line of the bank, and needs none.
			select h.match_id, h.part or coalesce(w.book, 1) > h.lines as shared, coalesce(w.bank, 1) as bank
			from touched h
			left join (select match_id, count(entry_id) as book, count(statement_line_id) as bank
				from whole group by match_id) w on w.match_id = h.match_id),
		line as (
			select j.match_id, j.shared, l.direction, l.amount
			from judged j
			join (
				select match_id, statement_line_id from mine where kind = 'one_to_one' group by match_id, statement_line_id
				union all
				select match_id, statement_line_id from whole where statement_line_id is not null) n on n.match_id = j.match_id
			join statement_line l on l.area = $1 and l.id = n.statement_line_id),
		bank as (
			select direction, count(*) as lines, coalesce(sum(amount) filter (where not shared), 0) as amount
			from line group by direction),
		book as (
			select m.signed < 0 as debit, m.match_id is null as uncleared,
				count(distinct m.cause) + coalesce(sum(coalesce(b.item_count, 1)) filter (where m.cause is null), 0) as items,
				coalesce(sum(abs(m.signed)) filter (where m.match_id is null or j.shared), 0) as amount
			from mine m
			left join judged j on j.match_id = m.match_id
			left join payment_batch b on m.cause is null and b.area = $1 and b.id = m.batch_id
			where m.signed <> 0 and (m.match_id is null or j.bank > 0)
			group by 1, 2),
		figure as (
			select coalesce(max(items) filter (where debit and not uncleared), 0) as d_items,
				coalesce(max(amount) filter (where debit and not uncleared), 0) as d_amount,
				coalesce(max(items) filter (where not debit and not uncleared), 0) as c_items,
				coalesce(max(amount) filter (where not debit and not uncleared), 0) as c_amount,
				coalesce(max(items) filter (where debit and uncleared), 0) as ud_items,
				coalesce(max(amount) filter (where debit and uncleared), 0) as ud_amount,
				coalesce(max(items) filter (where not debit and uncleared), 0) as uc_items,
				coalesce(max(amount) filter (where not debit and uncleared), 0) as uc_amount
			from book)
		select greatest($4, (select max(accounted_on) from mine)),
			(select case when count(*) = count(k.day) then min(k.day) end
				from unnest($3::bigint[]) as a (id)
				left join lateral (select day from reconciliation_run where area = $1 and fund_account = a.id
					order by id desc limit 1) k on true),
			f.d_items, coalesce(d.lines, 0), (f.d_amount + coalesce(d.amount, 0))::bigint,
			f.c_items, coalesce(c.lines, 0), (f.c_amount + coalesce(c.amount, 0))::bigint,
			f.ud_items, 0, f.ud_amount::bigint, f.uc_items, 0, f.uc_amount::bigint
		from figure f
		left join bank d on d.direction = 'debit'
		left join bank c on c.direction = 'credit'`, m.args()...).
			Scan(concat([]any{&s.Through, &s.MatchedThrough}, clearedTargets(&s.Debits), clearedTargets(&s.CreditsBack),
				clearedTargets(&s.UnclearedDebits), clearedTargets(&s.UnclearedCredits))...)
	})
	if err != nil {
		return s, fmt.Errorf("statement's side of pay run %d: %w", r.ID, err)
	}
	return s, t.unbooked(ctx, r, m, &s)
}

// unbooked counts what the statement shows for the run and the book does not.
func (t *tx) unbooked(ctx context.Context, r disbursement.Run, m runMoney, s *disbursement.OnStatement) error {
	err := t.QueryRow(ctx, unbookedSQL+`
		select coalesce(sum(items) filter (where direction = 'debit'), 0), count(*) filter (where direction = 'debit'),
			coalesce(sum(amount) filter (where direction = 'debit'), 0)::bigint,
			coalesce(sum(items) filter (where direction = 'credit'), 0), count(*) filter (where direction = 'credit'),
			coalesce(sum(amount) filter (where direction = 'credit'), 0)::bigint
		from unbooked`, m.args()...).
		Scan(concat(clearedTargets(&s.UnbookedDebits), clearedTargets(&s.UnbookedCredits))...)
	if err != nil {
		return fmt.Errorf("statement lines that name pay run %d: %w", r.ID, err)
	}
	return nil
}

func clearedTargets(c *disbursement.Cleared) []any { return []any{&c.Items, &c.Lines, &c.Amount} }

// unbookedSQL are the lines of the statement that name the run and have no match:
// by a payment's id, by the bank's number of a return, or by the batch alone. They
// stand in open breaks, or came after the last run.
const unbookedSQL = `
	with mark as (
		select a.id, coalesce(k.day, '1900-01-01') as day from unnest($3::bigint[]) as a (id)
		left join lateral (select day from reconciliation_run where area = $1 and fund_account = a.id
			order by id desc limit 1) k on true),
	loose as (
		select l.id, l.fund_account, b.reason from mark a
		join reconciliation_break b on b.area = $1 and b.fund_account = a.id
		join break_line k on k.area = $1 and k.break_id = b.id
		join statement_line l on l.area = $1 and l.id = k.statement_line_id
		where not exists (select from break_closed c where c.area = $1 and c.break_id = b.id)
		union all
		select l.id, l.fund_account, 'not_matched_yet' from mark a
		join statement_line l on l.area = $1 and l.fund_account = a.id and l.booking_date > a.day),
	list as (
		select id, batch_no, fund_account, item_count from payment_batch where area = $1 and id = any($2::bigint[])),
	unbooked as (
		select l.id, l.direction, l.amount, l.booking_date, l.bank_reference, o.reason, coalesce(i.id, v.item_id) as item,
			coalesce(n.batch_no, case when i.id is null and v.item_id is null then w.batch_no end, '') as batch_no,
			case when i.id is not null or v.item_id is not null then 1 else w.item_count end as items
		from loose o
		join statement_line l on l.area = $1 and l.id = o.id and l.booking_date >= $4
		left join lateral (
			select i.id, i.batch_id from payment_item i
			where i.area = $1 and i.id = case when l.end_to_end_id ~ '^[0-9]{1,18}$' then l.end_to_end_id::bigint end
			  and (i.batch_id = any($2::bigint[]) or i.id = any($5::bigint[])) limit 1) i on true
		left join lateral (
			select v.item_id, v.batch_id from payment_return v
			where i.id is null and l.direction = 'credit' and v.area = $1 and v.bank_reference = l.bank_reference
			  and l.bank_reference <> '' and (v.batch_id = any($2::bigint[]) or v.item_id = any($5::bigint[]))
			limit 1) v on true
		left join payment_batch n on n.area = $1 and n.id = coalesce(i.batch_id, v.batch_id)
		left join list w on i.id is null and v.item_id is null and l.end_to_end_id = ''
			and w.fund_account = l.fund_account and l.batch_ref in (w.batch_no, w.id::text)
		where i.id is not null or v.item_id is not null or w.id is not null)`

// ProofSide implements disbursement.StatementProofTx.
func (t *tx) ProofSide(
	ctx context.Context, r disbursement.Run, p disbursement.SidePage,
) ([]disbursement.StatementName, error) {
	m, err := t.runMoney(ctx, r)
	if err != nil {
		return nil, err
	}
	sql := unbookedSQL + `,
		listed as (
			select direction, amount, booking_date as day, item, batch_no, items, bank_reference, reason,
				0::bigint as entry_id, 0 as line, id as statement
			from unbooked order by booking_date, id offset $6 limit $7)`
	if p.Side == disbursement.Uncleared {
		sql = runLinesSQL + `,
		bare as (
			select m.entry_id, m.line, m.cause, m.batch_id, m.fund_account, m.accounted_on, m.signed from mine m
			where m.match_id is null and m.signed <> 0
			-- Of a lump that paid several claims again, each has a part: the cause tells them apart.
			order by m.accounted_on, m.entry_id, m.line, m.cause offset $6 limit $7),
		listed as (
			select case when m.signed < 0 then 'debit' else 'credit' end as direction, abs(m.signed)::bigint as amount,
				m.accounted_on as day, coalesce(v.item_id, h.item_id, m.cause) as item, b.batch_no,
				case when m.cause is null then b.item_count else 1 end as items,
				coalesce(v.bank_reference, h.bank_reference, w.bank_reference, '') as bank_reference,
				coalesce(k.reason, 'not_matched_yet') as reason, m.entry_id, m.line, 0::bigint as statement
			from bare m
			join payment_batch b on b.area = $1 and b.id = m.batch_id
			left join payment_return v on v.area = $1 and v.id = m.cause
			left join hand_payment h on h.area = $1 and h.id = m.cause
			left join answer w on w.area = $1 and w.item_id = m.cause and w.disposition = 'recorded'
			left join lateral (
				select x.reason from reconciliation_break x
				join break_line l on l.area = x.area and l.break_id = x.id
				where x.area = $1 and x.fund_account = m.fund_account and l.entry_id = m.entry_id and l.book_line = m.line
				  and not exists (select from break_closed c where c.area = $1 and c.break_id = x.id) limit 1) k on true)`
	}
	rows, err := t.Query(ctx, sql+`
		select l.direction, l.amount, l.day, coalesce(l.item, 0), l.batch_no, l.items, coalesce(i.social_no, ''),
			coalesce(i.name, ''), l.bank_reference, l.reason, l.entry_id, l.line, l.statement
		from listed l
		left join payment_item i on i.area = $1 and i.id = l.item
		order by l.day, l.entry_id, l.line, l.item, l.statement`, m.args(p.After, p.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("%s lines of pay run %d: %w", p.Side, r.ID, err)
	}
	return collect(rows, "one-sided lines of a pay run", func(row pgx.CollectableRow) (n disbursement.StatementName, err error) {
		var direction, name string
		err = row.Scan(&direction, &n.Amount, &n.Day, &n.Item, &n.Batch, &n.Items, &n.SocialNo, &name, &n.BankReference,
			&n.Reason, &n.Entry, &n.Line, &n.Statement)
		n.Side, n.Direction = p.Side, directionOf(direction)
		n.Name, _, _ = party.Stored(name, "", "")
		return n, err
	})
}

// ProofRests implements disbursement.StatementProofTx.
func (t *tx) ProofRests(
	ctx context.Context, r disbursement.Run, through calendar.Day,
) (disbursement.RestsOn, error) {
	var out disbursement.RestsOn
	m, err := t.runMoney(ctx, r)
	if err != nil {
		return out, err
	}
	if out.Batches, err = t.RunBatches(ctx, r.Area, r.ID); err != nil {
		return out, err
	}
	rows, err := t.Query(ctx, `
		select s.fund_account, s.number, s.day_from, s.day_to, s.opening, s.closing, s.receipt_id, e.name, e.digest
		from statement s
		join receipt e on e.area = s.area and e.id = s.receipt_id
		where s.area = $1 and s.fund_account = any($2::bigint[]) and s.day_to >= $3 and s.day_from <= $4
		order by s.fund_account, s.day_from`, m.area, m.accounts, r.ReleasedOn, through)
	if err != nil {
		return out, fmt.Errorf("statements of pay run %d: %w", r.ID, err)
	}
	out.Statements, err = collect(rows, "statements", func(row pgx.CollectableRow) (f disbursement.StatementFile, err error) {
		var digest []byte
		err = row.Scan(&f.FundAccount, &f.Number, &f.From, &f.To, &f.Opening, &f.Closing, &f.Receipt, &f.FileName, &digest)
		copy(f.Digest[:], digest)
		return f, err
	})
	if err != nil {
		return out, err
	}
	rows, err = t.Query(ctx, `
		select d.day, s.digest from (
			select distinct p.accounted_on as day from posting p
			where p.area = $1 and p.accounted_on >= $4 and p.role = 'expenditure' and p.batch_id = any($2::bigint[])
			  and p.fund_account = any($3::bigint[])
			union
			select distinct p.accounted_on from posting p where p.area = $1 and p.cause_id = any($5::bigint[])) d
		left join sealed_day s on s.area = $1 and s.scheme = $6 and s.day = d.day
		order by d.day`, m.args(r.Scheme)...)
	if err != nil {
		return out, fmt.Errorf("days of pay run %d: %w", r.ID, err)
	}
	out.Days, err = collect(rows, "days", func(row pgx.CollectableRow) (d disbursement.SealedDay, err error) {
		var digest []byte
		err = row.Scan(&d.Day, &digest)
		d.Scheme, d.Sealed = r.Scheme, len(digest) > 0
		copy(d.Digest[:], digest)
		return d, err
	})
	return out, err
}

package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/party"
	"twoline/reconcile/business"
)

type recordStore struct{ db *DB }

// Records reads the business records and the book beside them.
func (db *DB) Records() business.Store { return recordStore{db} }

func (s recordStore) Read(ctx context.Context, fn func(business.Tx) error) error {
	return s.db.Read(ctx, func(t *tx) error { return fn(t) })
}

// monthBatchSQL are the batches of both directions that were made in the month from
// $2 to $3 and may have gone to their banks.
const monthBatchSQL = `
	with batch as materialized (
		select 'payment' as flow, b.area, b.id, b.batch_no, b.bank, b.scheme, b.run_id, b.created_on, b.fund_account,
			b.state = 'withdrawn' as withdrawn, r.pay_day as base, b.succeeded_amount
		from payment_batch b
		join pay_run r on r.area = b.area and r.id = b.run_id and r.state in ('released', 'closed')
		where b.area = $1 and b.created_on between $2 and $3
		union all
		select 'withholding', area, id, batch_no, bank, scheme, run_id, created_on, fund_account, false, created_on,
			succeeded_amount
		from withholding_batch where area = $1 and created_on between $2 and $3),
	item as (
		select b.flow, b.id as batch_id, b.withdrawn, i.area, i.id, i.amount, i.social_no, i.name
		from batch b join payment_item i on b.flow = 'payment' and i.area = $1 and i.batch_id = b.id
		union all
		select b.flow, b.id, b.withdrawn, i.area, i.id, i.amount, i.social_no, i.name
		from batch b join withholding_item i on b.flow = 'withholding' and i.area = $1 and i.batch_id = b.id)`

// bookedItem is SQL for what the book holds of an item i: what was spent or taken out
// of suspense for a payment, what was credited for a contribution; and what is a
// task to be given back instead.
const bookedItem = `
	select coalesce(
		(select sum(p.amount) from posting p where p.area = $1 and p.cause_id = i.id and p.nature = 'item' and not p.red
			and p.role not like 'personal%' and (i.flow = 'withholding' and p.side = 'credit'
				or i.flow = 'payment' and p.side = 'debit' and p.kind in ('benefit', 'account_paid_out', 'reissue'))),
		case when i.flow = 'withholding' then
			(select g.amount from refund_task g where g.area = $1 and g.cause_id = i.id limit 1) end)`

// MonthBatches implements business.Tx.
func (t *tx) MonthBatches(
	ctx context.Context, area party.Area, month calendar.Month,
) ([]business.Batch, error) {
	tally := func(where string) string {
		return `count(*) filter (where ` + where + `), coalesce(sum(s.amount) filter (where ` + where + `), 0)::bigint`
	}
	rows, err := t.Query(ctx, monthBatchSQL+`,
		standing as (
			select i.flow, i.batch_id, i.amount, i.withdrawn, coalesce(a.outcome, '') as outcome, k.booked,
				i.flow = 'payment' and a.outcome = 'succeeded' and `+bookedReturn+` as returned
			from item i
			`+finalOfItem+` a on true
			cross join lateral (`+bookedItem+` as booked) k)
		select b.flow, b.id, b.batch_no, b.bank, b.scheme, b.run_id, b.created_on, `+tally(`true`)+`,
			`+tally(`s.outcome = 'succeeded'`)+`, `+tally(`s.outcome = 'failed'`)+`,
			`+tally(`s.outcome = '' and not s.withdrawn`)+`, `+tally(`s.withdrawn`)+`,
			count(s.booked), coalesce(sum(s.booked), 0)::bigint, `+tally(`s.booked is not null and s.outcome <> 'succeeded'`)+`,
			`+tally(`s.returned`)+`
		from batch b join standing s on s.flow = b.flow and s.batch_id = b.id
		group by b.flow, b.id, b.batch_no, b.bank, b.scheme, b.run_id, b.created_on
		order by b.created_on, b.id`, area, month.First(), month.Last())
	if err != nil {
		return nil, fmt.Errorf("batches of %s: %w", month, err)
	}
	return collect(rows, "batches of a month", func(row pgx.CollectableRow) (b business.Batch, err error) {
		targets := []any{&b.Flow, &b.ID, &b.Number, &b.Bank, &b.Scheme, &b.Run, &b.CreatedOn}
		for _, t := range []*business.Tally{
			&b.Items, &b.Succeeded, &b.Failed, &b.Unknown, &b.Withdrawn, &b.Booked, &b.Unexplained, &b.Returned,
		} {
			targets = append(targets, &t.Count, &t.Amount)
		}
		return b, row.Scan(targets...)
	})
}

// MonthAccounts implements business.Tx. Every item line on a contribution has its
// line on the payer's own account, in the same entry.
func (t *tx) MonthAccounts(
	ctx context.Context, area party.Area, month calendar.Month,
) ([]business.Account, error) {
	rows, err := t.Query(ctx, `
		with line as (
			select p.scheme, p.kind, p.role like 'personal%' as own, p.entry_id, p.cause_id, p.member_id,
				case when (p.side = 'credit') <> p.red then p.amount else -p.amount end as signed
			from entry e
			join posting p on p.area = e.area and p.entry_id = e.id
			where e.area = $1 and e.accounted_on between $2 and $3 and e.kind <> 'opening' and p.nature = 'item'
			  and p.role in ('contribution_individual', 'contribution_collective', 'personal_individual',
				'personal_collective')
			  and exists (select from posting c where c.area = p.area and c.entry_id = p.entry_id
				and c.role in ('contribution_individual', 'contribution_collective')))
		select scheme, kind, count(*) filter (where not own), coalesce(sum(signed) filter (where not own), 0)::bigint,
			count(*) filter (where own), coalesce(sum(signed) filter (where own), 0)::bigint
		from line group by scheme, kind order by scheme, kind`, area, month.First(), month.Last())
	if err != nil {
		return nil, fmt.Errorf("accounts of %s: %w", month, err)
	}
	return collect(rows, "accounts of a month", func(row pgx.CollectableRow) (a business.Account, err error) {
		return a, row.Scan(&a.Scheme, &a.Kind, &a.Fund.Count, &a.Fund.Amount, &a.Personal.Count, &a.Personal.Amount)
	})
}

// outOfStepSQL are the items of a situation: $4 and $5 are days with the day until
// which money of the day must be answered for. A day that is not among them has no
// deadline, and a month nonetheless.
func outOfStepSQL(which business.Situation) string {
	columns := `i.flow, i.batch_id, i.id, i.amount, i.social_no, i.name, a.value_date, ` + answeredOn("a") + ` as answered_on`
	const answered = ` join answer a on a.area = $1 and a.item_id = i.id and a.disposition = 'recorded'`
	const monthEnd = `(date_trunc('month', x.day) + interval '1 month - 1 day')::date`
	switch which {
	case business.LateResult:
		return `
		select x.flow, x.batch_id, x.id, x.amount, x.social_no, x.name, x.value_date, x.answered_on, d.due,
			case when x.answered_on > ` + monthEnd + ` then 'after_month' else 'after_deadline' end as reason
		from (
			select ` + columns + `, coalesce(a.value_date, b.base) as day from item i` + answered + `
			join batch b on b.flow = i.flow and b.id = i.batch_id) x
		left join unnest($4::date[], $5::date[]) as d (day, due) on d.day = x.day
		where x.answered_on > d.due or x.answered_on > ` + monthEnd
	case business.ArrivalWithoutResult:
		return `
		select i.flow, i.batch_id, i.id, i.amount, i.social_no, i.name, m.day as value_date, null::date as answered_on,
			d.due, m.reason
		from item i
		join batch b on b.flow = i.flow and b.id = i.batch_id
		left join unnamed k on k.flow = i.flow and k.batch_id = i.batch_id
		left join (select item_id, min(day) as day from told group by item_id) n on n.item_id = i.id and i.flow = 'withholding'
		left join lateral (
			select min(l.booking_date) as day from statement_line l
			where l.area = $1 and l.fund_account = b.fund_account
			  and coalesce(nullif(l.end_to_end_id, ''), l.bank_reference) = i.id::text and l.end_to_end_id <> ''
			-- What went and came back moved nothing.
			having sum(case when (l.direction = 'debit') = (i.flow = 'payment') then l.amount else -l.amount end) > 0) l on true
		-- The item's own money is named first: it tells more than the batch's.
		cross join lateral (select coalesce(least(l.day, n.day), k.day) as day,
			case when l.day is null and n.day is null then 'batch_money' else 'item_money' end as reason) m
		left join unnest($4::date[], $5::date[]) as d (day, due) on d.day = m.day
		where m.day is not null and not i.withdrawn and not exists (
			select from answer a where a.area = $1 and a.item_id = i.id and a.disposition = 'recorded')`
	case business.ResultWithoutMoney:
		return `
		select x.flow, x.batch_id, x.id, x.amount, x.social_no, x.name, x.value_date, x.answered_on, null::date as due,
			case when x.booked is null then 'not_booked' else 'not_on_statement' end as reason
		from (
			select ` + columns + `, k.booked from item i` + answered + ` and a.outcome = 'succeeded'
			cross join lateral (` + bookedItem + ` as booked) k) x
		where x.booked is null or x.id in (select cause_id from bare where cause_id is not null)
		   or x.flow = 'payment' and x.batch_id in (select batch_id from bare where cause_id is null)`
	}
	return ""
}

// outOfStepSides are the money that names a batch or one item of it, less what the bank
// took back; what of it neither a success nor an item explains; and the lines of the book
// that stand open as absent at the bank, of an item or of the lump of a whole batch.
const outOfStepSides = `,
	told as materialized (
		select b.flow, b.id as batch_id, a.item_id, v.value_date as day, v.id,
			case v.direction when 'credit' then v.amount else -v.amount end as signed
		from batch b
		join ` + arrivalKnown + ` v on v.area = $1 and v.batch_id = b.id
		join arrival a on a.area = v.area and a.id = v.id
		where b.flow = 'withholding'
		union all
		select b.flow, b.id, null, l.booking_date, l.id, case l.direction when 'debit' then l.amount else -l.amount end
		from batch b
		join statement_line l on l.area = $1 and l.fund_account = b.fund_account and l.booking_date >= b.created_on
			and l.end_to_end_id = '' and l.batch_ref in (b.batch_no, b.id::text)
		where b.flow = 'payment'),
	unnamed as materialized (
		select r.flow, r.batch_id, min(r.day) filter (where r.running > r.explained) as day
		from (
			select k.flow, k.batch_id, k.day, b.succeeded_amount as explained,
				sum(k.signed) over (partition by k.flow, k.batch_id order by k.day, k.id) as running,
				sum(k.signed) over (partition by k.flow, k.batch_id) as total
			from told k join batch b on b.flow = k.flow and b.id = k.batch_id
			where k.item_id is null or exists (
				select from answer a where a.area = $1 and a.item_id = k.item_id and a.disposition = 'recorded')) r
		where r.total > r.explained
		group by r.flow, r.batch_id),
	bare as materialized (
		select distinct p.cause_id, p.batch_id from batch b
		join reconciliation_break k on k.area = $1 and k.fund_account = b.fund_account and k.reason = 'absent_in_bank'
		join break_line l on l.area = $1 and l.break_id = k.id
		join posting p on p.area = $1 and p.entry_id = l.entry_id and p.line = l.book_line and p.batch_id = b.id
		where (p.cause_id is not null or p.kind = 'payment_handover')
		  and not exists (select from break_closed c where c.area = $1 and c.break_id = k.id))`

func (t *tx) outOfStep(ctx context.Context, a business.Ask, sql string, more ...any) (pgx.Rows, error) {
	args := []any{
		a.Area, a.Month.First(), a.Month.Last(),
		column(a.Due, func(d business.Due) calendar.Day { return d.Day }),
		column(a.Due, func(d business.Due) calendar.Day { return d.Due }),
	}
	// What a situation has no use for is left out of its plan, and must still be sent.
	rows, err := t.Query(ctx, monthBatchSQL+outOfStepSides+`,
		days as (select $4::date[] as day, $5::date[] as due),
		wanted as (`+outOfStepSQL(a.Situation)+`)`+sql, append(args, more...)...)
	if err != nil {
		return nil, fmt.Errorf("items of %s that are a %s: %w", a.Month, a.Situation, err)
	}
	return rows, nil
}

// OutOfStep implements business.Tx.
func (t *tx) OutOfStep(ctx context.Context, a business.Ask) (business.Tally, error) {
	var out business.Tally
	rows, err := t.outOfStep(ctx, a, ` select count(*), coalesce(sum(amount), 0)::bigint from wanted`)
	if err != nil {
		return out, err
	}
	out, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[business.Tally])
	if err != nil {
		return out, fmt.Errorf("count items of %s that are a %s: %w", a.Month, a.Situation, err)
	}
	return out, nil
}

// OutOfStepItems implements business.Tx.
func (t *tx) OutOfStepItems(ctx context.Context, a business.Ask) ([]business.Item, error) {
	rows, err := t.outOfStep(ctx, a, `
		select w.flow, w.id, b.batch_no, b.bank, w.social_no, w.name, w.amount, w.value_date, w.answered_on, w.due, w.reason
		from wanted w join batch b on b.flow = w.flow and b.id = w.batch_id
		where w.id > $6 order by w.id limit $7`, a.After, a.Limit)
	if err != nil {
		return nil, err
	}
	return collect(rows, "items out of step", func(row pgx.CollectableRow) (i business.Item, err error) {
		var name string
		i.Situation = a.Situation
		err = row.Scan(&i.Flow, &i.ID, &i.Batch, &i.Bank, &i.SocialNo, &name, &i.Amount, &i.ValueDate, &i.AnsweredOn, &i.Due,
			&i.Reason)
		i.Name, _, _ = party.Stored(name, "", "")
		return i, err
	})
}

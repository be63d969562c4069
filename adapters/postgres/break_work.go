package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
	"twoline/reconcile"
	"twoline/reconcile/match"
)

// BreakRules implements reconcile.WorkTx.
func (t *tx) BreakRules(ctx context.Context, area party.Area, day calendar.Day) (policy.BreakRules, error) {
	rules, err := t.Rules(ctx, area)
	if err != nil {
		return policy.BreakRules{}, err
	}
	return rules.At(day).Breaks()
}

// breakOpen says of a break b that it is open.
const breakOpen = `not exists (select from break_closed c where c.area = b.area and c.break_id = b.id)`

// dueOn is SQL for the day until which the break of desk d must end.
const dueOn = `coalesce((select u.due_on from break_due u where u.area = d.area and u.break_id = d.break_id
	order by u.id desc limit 1), d.due_on)`

// toldSQL tells the classes that lines alone do not, of a break b: what the bank
// answered about the items that its own lines, or ours, are of. A payment leaves the
// account and a contribution enters it, so the other direction takes one back.
const toldSQL = `
	select 3 as class, 'the bank answered that item ' || w.item_id || ' failed (' || w.code || '), and its statement shows it'
		as evidence
	from break_line k
	join statement_line l on l.area = k.area and l.id = k.statement_line_id and l.end_to_end_id ~ '^[0-9]{1,18}$'
	join answer w on w.area = l.area and w.item_id = l.end_to_end_id::bigint and w.disposition = 'recorded'
	where b.class = 4 and k.area = b.area and k.break_id = b.id and w.outcome = 'failed'
	  and (l.direction = 'debit') = exists (select from payment_item i where i.area = w.area and i.id = w.item_id)
	union all
	select 5, 'the bank answered that item ' || w.item_id || ' succeeded, and its statement takes it back'
	from break_line k
	join statement_line l on l.area = k.area and l.id = k.statement_line_id and l.end_to_end_id ~ '^[0-9]{1,18}$'
	join answer w on w.area = l.area and w.item_id = l.end_to_end_id::bigint and w.disposition = 'recorded'
	where b.class = 4 and k.area = b.area and k.break_id = b.id and w.outcome = 'succeeded'
	  and (l.direction = 'credit') = exists (select from payment_item i where i.area = w.area and i.id = w.item_id)
	union all
	select 5, 'item ' || w.item_id || ' succeeded, and the bank answered later that it failed (' || w.code || ')'
	from break_line k
	join posting p on p.area = k.area and p.entry_id = k.entry_id and p.line = k.book_line and p.cause_id is not null
	join answer w on w.area = p.area and w.item_id = p.cause_id and w.refusal = 'contradicts_outcome'
		and w.outcome = 'failed'
	where b.class = 6 and k.area = b.area and k.break_id = b.id`

// breakCases are the kinds of cases about breaks that end with them.
const breakCases = `'incident_ordinary', 'incident_major', 'break_overdue', 'break_correction', 'break_reissue'`

// AtRest implements reconcile.WorkTx. Cases and proposals are looked for in the whole
// area, which may only say of an account at rest that it is not.
func (t *tx) AtRest(ctx context.Context, a reconcile.Account) (bool, error) {
	var rest bool
	err := t.QueryRow(ctx, `
		select not exists (select from reconciliation_break b where b.area = $1 and b.fund_account = $2 and `+breakOpen+`)
			and not exists (select from exception_case e
				where e.area = $1 and e.kind in ('return_proposed', 'uncleared', `+breakCases+`)
				  and not exists (select from exception_closed x where x.area = e.area and x.case_id = e.id))
			and not exists (select from break_resolution r where r.area = $1 and r.state in ('submitted', 'checked'))`,
		a.Area, a.ID).Scan(&rest)
	if err != nil {
		return false, fmt.Errorf("work on fund account %d: %w", a.ID, err)
	}
	return rest, nil
}

// NewWork implements reconcile.WorkTx. Of the breaks that named a line before, the last
// one that somebody met counts.
func (t *tx) NewWork(ctx context.Context, a reconcile.Account) ([]reconcile.Work, error) {
	rows, err := t.Query(ctx, `
		with fresh as materialized (
			select b.area, b.id, b.class, b.reason, b.direction, b.amount, b.day, b.opened_on from reconciliation_break b
			where b.area = $1 and b.fund_account = $2 and `+breakOpen+`
			  and not exists (select from break_desk d where d.area = b.area and d.break_id = b.id))
		select b.id, b.class, b.reason, b.direction, b.amount, b.day, b.opened_on, coalesce(s.class, b.class),
			coalesce(s.evidence, ''), coalesce(p.ids, '{}'),
			(select min(`+dueOn+`) from break_desk d where d.area = b.area and d.break_id = any(p.ids)),
			coalesce((select o.owner from break_owner o where o.area = b.area and o.break_id = any(p.ids)
				order by o.id desc limit 1), ''),
			exists (select from break_line k join break_letter_line n on n.area = k.area
				and n.statement_line_id = k.statement_line_id and not n.earlier
				where k.area = b.area and k.break_id = b.id)
		from fresh b
		left join lateral (select x.class, x.evidence from (`+toldSQL+`) x order by 1, 2 limit 1) s on true
		left join lateral (
			select array_agg(distinct n.id) as ids
			from (select (select max(o.break_id) from break_line o join break_desk d on d.area = o.area and d.break_id = o.break_id
					where o.area = k.area and o.statement_line_id = k.statement_line_id and o.break_id < b.id) as id
				from break_line k where k.area = b.area and k.break_id = b.id and k.statement_line_id is not null
				union all
				select (select max(o.break_id) from break_line o join break_desk d on d.area = o.area and d.break_id = o.break_id
					where o.area = k.area and o.entry_id = k.entry_id and o.book_line = k.book_line and o.break_id < b.id)
				from break_line k where k.area = b.area and k.break_id = b.id and k.entry_id is not null) n
			where n.id is not null) p on true
		order by b.id`, a.Area, a.ID)
	if err != nil {
		return nil, fmt.Errorf("new breaks of fund account %d: %w", a.ID, err)
	}
	return collect(rows, "new breaks", func(row pgx.CollectableRow) (w reconcile.Work, err error) {
		var direction string
		var amount int64
		err = row.Scan(&w.ID, &w.Class, &w.Reason, &direction, &amount, &w.Day, &w.OpenedOn, &w.Told, &w.Evidence,
			&w.Predecessors, &w.InheritedDue, &w.Owner, &w.Lettered)
		w.FundAccount, w.Direction, w.Amount = a.ID, directionOf(direction), money.Amount(amount)
		return w, err
	})
}

// OpenDesks implements reconcile.WorkTx.
func (t *tx) OpenDesks(ctx context.Context, a reconcile.Account, desks []reconcile.Desk) error {
	for portion := range slices.Chunk(desks, 10_000) {
		err := t.planning(ctx, "plan_cache_mode", "auto", func() error { return t.openDesks(ctx, a, portion) })
		if err != nil {
			return fmt.Errorf("meet %d breaks of fund account %d: %w", len(portion), a.ID, err)
		}
	}
	return nil
}

func (t *tx) openDesks(ctx context.Context, a reconcile.Account, desks []reconcile.Desk) error {
	var ids, heirs, predecessors, owned []int64
	var classes []int16
	var evidence, owners []string
	var dues, opened []calendar.Day
	for _, d := range desks {
		ids, classes = append(ids, d.ID), append(classes, int16(d.Told)) //nolint:gosec // 0 to 7
		evidence, dues, opened = append(evidence, d.Evidence), append(dues, d.DueOn), append(opened, d.OpenedOn)
		for _, p := range d.Predecessors {
			heirs, predecessors = append(heirs, d.ID), append(predecessors, p)
		}
		if d.Owner != "" {
			owned, owners = append(owned, d.ID), append(owners, d.Owner)
		}
	}
	_, err := t.Exec(ctx, `
		insert into break_desk (area, break_id, fund_account, class, evidence, due_on, opened_on, opened_at)
		select $1, u.id, $2, u.class, u.evidence, u.due_on, u.opened_on, $8
		from unnest($3::bigint[], $4::smallint[], $5::text[], $6::date[], $7::date[])
			as u (id, class, evidence, due_on, opened_on)`,
		a.Area, a.ID, ids, classes, evidence, dues, opened, t.at)
	if err != nil {
		return err
	}
	if len(heirs) > 0 {
		_, err = t.Exec(ctx, `insert into break_continues (area, break_id, predecessor)
			select $1, u.id, u.predecessor from unnest($2::bigint[], $3::bigint[]) as u (id, predecessor)`,
			a.Area, heirs, predecessors)
		if err != nil {
			return err
		}
	}
	if len(owned) == 0 {
		return nil
	}
	_, err = t.Exec(ctx, `
		insert into break_owner (area, break_id, owner, owner_person, set_by, set_at)
		select $1, u.id, o.login, o.person_id, 'job', $4
		from unnest($2::bigint[], $3::text[]) as u (id, owner) join officer o on o.login = u.owner`,
		a.Area, owned, owners, t.at)
	return err
}

// RaiseIncidents implements reconcile.WorkTx. What time alone may end is no incident
// while its days run.
func (t *tx) RaiseIncidents(
	ctx context.Context, a reconcile.Account, ordinary, major money.Amount, today calendar.Day,
) error {
	_, err := t.Exec(ctx, `
		insert into exception_case (area, kind, subject, bank, text, opened_on, due_on, opened_at)
		select b.area, case when b.amount >= $4 then 'incident_major' else 'incident_ordinary' end, 'break:' || b.id, f.bank,
			b.reason || ' of ' || `+yuan("b.amount")+` || ' on ' || b.day || ' (' || b.direction || ')',
			($6::timestamptz at time zone 'Asia/Shanghai')::date, `+dueOn+`, $6
		from reconciliation_break b
		join break_desk d on d.area = b.area and d.break_id = b.id
		join fund_account f on f.area = b.area and f.id = b.fund_account
		where b.area = $1 and b.fund_account = $2 and b.amount >= least($3::bigint, $4::bigint) and `+breakOpen+`
		  and (b.reason not in ('absent_in_bank', 'ambiguous', 'waiting') or d.class in (3, 5) or `+dueOn+` < $5)
		  and not exists (select from exception_case e where e.area = b.area
			and e.kind in ('incident_ordinary', 'incident_major') and e.subject = 'break:' || b.id)
		on conflict (area, kind, subject) do nothing`,
		a.Area, a.ID, ordinary.Fen(), major.Fen(), today, t.at)
	if err != nil {
		return fmt.Errorf("incidents of fund account %d: %w", a.ID, err)
	}
	return nil
}

// RaiseOverdue implements reconcile.WorkTx. The day is part of the subject: a break that
// was given more time and is late again is told again.
func (t *tx) RaiseOverdue(ctx context.Context, a reconcile.Account, today calendar.Day) error {
	_, err := t.Exec(ctx, `
		insert into exception_case (area, kind, subject, bank, text, opened_on, due_on, opened_at)
		select b.area, 'break_overdue', 'break:' || b.id || ':' || d.due, f.bank,
			b.reason || ' of ' || `+yuan("b.amount")+` || ' of ' || b.day || ' had to end by ' || d.due
				|| case when o.owner is null then ', and nobody owns it' else ', and ' || o.owner || ' owns it' end,
			($4::timestamptz at time zone 'Asia/Shanghai')::date, d.due, $4
		from reconciliation_break b
		join lateral (select `+dueOn+` as due from break_desk d where d.area = b.area and d.break_id = b.id) d on true
		join fund_account f on f.area = b.area and f.id = b.fund_account
		left join lateral (select o.owner from break_owner o where o.area = b.area and o.break_id = b.id
			order by o.id desc limit 1) o on true
		where b.area = $1 and b.fund_account = $2 and d.due < $3 and `+breakOpen+`
		on conflict (area, kind, subject) do nothing`, a.Area, a.ID, today, t.at)
	if err != nil {
		return fmt.Errorf("overdue breaks of fund account %d: %w", a.ID, err)
	}
	return nil
}

// EndWork implements reconcile.WorkTx.
func (t *tx) EndWork(ctx context.Context, a reconcile.Account) error {
	_, err := t.Exec(ctx, `
		insert into exception_closed (area, case_id, text, closed_by, closed_at)
		select e.area, e.id, case when k.break_id is null then 'it was given more time' else 'the break is closed: ' || k.how end,
			'job', $3
		from exception_case e
		join break_desk d on d.area = e.area and d.break_id = split_part(e.subject, ':', 2)::bigint and d.fund_account = $2
		left join break_closed k on k.area = d.area and k.break_id = d.break_id
		where e.area = $1
		  and e.kind in (`+breakCases+`)
		  and not exists (select from exception_closed x where x.area = e.area and x.case_id = e.id)
		  and (k.break_id is not null
			or (e.kind = 'break_overdue' and split_part(e.subject, ':', 3) <> (`+dueOn+`)::text))
		on conflict do nothing`, a.Area, a.ID, t.at)
	if err != nil {
		return fmt.Errorf("close cases about breaks of fund account %d: %w", a.ID, err)
	}
	_, err = t.Exec(ctx, `
		update break_resolution r set state = 'void', version = r.version + 1
		from break_desk d join break_closed k on k.area = d.area and k.break_id = d.break_id
		where r.area = $1 and r.state in ('submitted', 'checked') and d.area = r.area and d.break_id = r.break_id
		  and d.fund_account = $2`, a.Area, a.ID)
	if err != nil {
		return fmt.Errorf("void what was proposed on fund account %d: %w", a.ID, err)
	}
	return nil
}

// HandledBreaks implements reconcile.DossierTx.
func (t *tx) HandledBreaks(ctx context.Context, f reconcile.DeskFilter) ([]reconcile.Handled, error) {
	rows, err := t.Query(ctx, `
		with chosen as (
			select b.area, b.id, b.fund_account, b.class, b.reason, b.direction, b.amount, b.day, b.opened_on, b.opened_at,
				b.digest, c.closed_on, coalesce(c.how, '') as how, coalesce(d.class, b.class) as told,
				coalesce(d.evidence, '') as evidence, `+dueOn+` as due_on, a.bank, a.role,
				coalesce((select o.owner from break_owner o where o.area = b.area and o.break_id = b.id
					order by o.id desc limit 1), '') as owner,
				greatest($8::date - b.day, 0) as days, b.amount::numeric * greatest($8::date - b.day, 0) / 100 as money_days
			from reconciliation_break b
			join fund_account a on a.area = b.area and a.id = b.fund_account
			left join break_closed c on c.area = b.area and c.break_id = b.id
			left join break_desk d on d.area = b.area and d.break_id = b.id
			where b.area = $1 and ($2 = 0::bigint or b.id = $2) and ($3 = 0::bigint or b.fund_account = $3)
			  and ($4 = '' or b.reason = $4) and b.amount >= $5 and (c.break_id is not null) = $6
			  and ($7 < 0 or coalesce(d.class, b.class) = $7)),
		page as (
			select p.area, p.id, p.fund_account, p.class, p.reason, p.direction, p.amount, p.day, p.opened_on, p.opened_at,
				p.digest, p.closed_on, p.how, p.told, p.evidence, p.due_on, p.bank, p.role, p.owner, p.days, p.money_days
			from chosen p
			where ($9 = '' or p.owner = $9) and (not $10 or p.due_on < $8)
			  and ($12 = 0::bigint or case when $11 then p.id > $12
				else p.money_days < $13::text::numeric or (p.money_days = $13::text::numeric and p.id > $12) end)
			order by case when $11 then 0 else p.money_days end desc, p.id limit $14)
		select p.id, p.fund_account, p.class, p.reason, p.direction, p.amount, p.day, p.opened_on, p.opened_at,
			p.closed_on, p.how, p.digest, p.told, p.evidence, p.due_on, p.owner, p.bank, p.role, p.days, p.money_days::text,
			n.statement_lines, n.book_lines,
			array(select l.statement_line_id from break_line l where l.area = p.area and l.break_id = p.id
				and l.statement_line_id is not null order by l.statement_line_id limit $15),
			array(select l.entry_id from break_line l where l.area = p.area and l.break_id = p.id
				and l.entry_id is not null order by l.entry_id, l.book_line limit $15),
			array(select l.book_line from break_line l where l.area = p.area and l.break_id = p.id
				and l.entry_id is not null order by l.entry_id, l.book_line limit $15)
		from page p, lateral (
			select count(l.statement_line_id) as statement_lines, count(l.entry_id) as book_lines
			from break_line l where l.area = p.area and l.break_id = p.id) n
		order by case when $11 then 0 else p.money_days end desc, p.id`,
		f.Area, f.ID, f.FundAccount, f.Reason, f.MinAmount.Fen(), f.Closed, classOrAll(f), f.AsOf, f.Owner, f.Overdue, f.ByID,
		f.After.ID, f.After.MoneyDays.String(), f.Limit, reconcile.MaxBreakLines)
	if err != nil {
		return nil, fmt.Errorf("list breaks: %w", err)
	}
	return collect(rows, "breaks", func(row pgx.CollectableRow) (reconcile.Handled, error) { return handledOf(row, f.AsOf) })
}

func classOrAll(f reconcile.DeskFilter) int {
	if f.HasClass {
		return int(f.Class)
	}
	return -1
}

func handledOf(row pgx.CollectableRow, asOf calendar.Day) (reconcile.Handled, error) {
	h := reconcile.Handled{AsOf: asOf} //nolint:exhaustruct // read below
	var direction, moneyDays string
	var amount int64
	var digest []byte
	var entries []int64
	var lines []int32
	err := row.Scan(&h.ID, &h.FundAccount, &h.Class, &h.Reason, &direction, &amount, &h.Day, &h.OpenedOn, &h.OpenedAt,
		&h.ClosedOn, &h.How, &digest, &h.Told, &h.Evidence, &h.DueOn, &h.Owner, &h.Bank, &h.Role, &h.Days, &moneyDays,
		&h.StatementLines, &h.BookLines, &h.Statement, &entries, &lines)
	if err != nil {
		return h, err
	}
	h.Direction, h.Amount = directionOf(direction), money.Amount(amount)
	copy(h.Digest[:], digest)
	for i := range entries {
		h.Book = append(h.Book, match.Key{Entry: entries[i], Line: lines[i]})
	}
	h.MoneyDays, err = moneyDaysOf(moneyDays)
	return h, err
}

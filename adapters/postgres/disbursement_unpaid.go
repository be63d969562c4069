package postgres

import (
	"context"
	"fmt"

	"twoline/gateway/calendar"
	"twoline/gateway/party"
)

// unpaidSQL are, by scheme and month, the pensions of area $1 that were decided after the
// month's regular run, whose pay day lies before $2, and that nothing names: no live payment,
// no due, no decided stop, no sentence and no hold. Only members with such a decision are looked
// at, and nothing that was decided before the first of those runs.
const unpaidSQL = `
	with ` + deadSQL + `,
	past as materialized (
		select u.scheme, u.month, u.made_at from pay_run u
		where u.area = $1 and u.kind = 'regular' and u.state in ('released', 'closed') and u.pay_day < $2),
	since as materialized (
		select f.from_month, u.scheme, min(u.made_at) as at
		from (select distinct from_month from entitlement
			where area = $1 and entered_at > (select min(made_at) from past)) f
		join past u on u.month >= f.from_month group by 1, 2),
	late as materialized (
		select e.member_id, m.scheme, min(e.from_month) as from_month from entitlement e
		join member m on m.area = e.area and m.id = e.member_id
		join since s on s.from_month = e.from_month and s.scheme = m.scheme and e.entered_at > s.at
		where e.area = $1 and e.entered_at > (select min(made_at) from past)
			and e.component in ('base_pension', 'account_pension') and e.amount > 0
		group by 1, 2),
	unpaid as materialized (
		select l.scheme, u.month, count(*) as members, sum(n.amount)::bigint as amount from late l
		join past u on u.scheme = l.scheme and u.month >= l.from_month
		left join dead on dead.member_id = l.member_id
		cross join lateral (
			select sum(c.amount) as amount from (
				select distinct on (e.component) e.amount from entitlement e
				where e.area = $1 and e.member_id = l.member_id and e.from_month <= u.month
				  and e.component in ('base_pension', 'account_pension')
				order by e.component, e.from_month desc, e.id desc) c) n
		where n.amount > 0 and (dead.died_on is null or u.month <= dead.died_on)
		  and not exists (
			select from payment_item i
			join payment_batch b on b.area = i.area and b.id = i.batch_id
			join pay_run r on r.area = b.area and r.id = b.run_id
			where i.area = $1 and i.member_id = l.member_id and i.month = u.month and i.cause = 'regular' and not ` + deadItem + `)
		  and not exists (select from sentence s
			where s.area = $1 and s.member_id = l.member_id and ` + sentenceMonths + ` @> u.month and ` + sentenceStands + `)
		  and not exists (select from resumption_month k
			where k.area = $1 and k.member_id = l.member_id and k.month = u.month)
		  and not exists (
			select from benefit_due d join benefit_due_month o on o.area = d.area and o.due_id = d.id and o.month = u.month
			where d.area = $1 and d.member_id = l.member_id and ` + dueStands + `)
		  and not exists (
			select from payment_hold h
			where h.area = $1 and h.member_id = l.member_id and h.from_month <= u.month and ` + holdStands + `
				and (h.reason <> 'child_unpaid' or ` + childStops + `u.month` + asKnown + `))
		group by 1, 2)`

// UnpaidMonths implements disbursement.WatchTx. A month that is unpaid again after its case
// ended gets a new one.
func (t *tx) UnpaidMonths(ctx context.Context, area party.Area, today calendar.Day) error {
	_, err := t.Exec(ctx, unpaidSQL+`,
		told as (
			select u.scheme, u.month, u.members, u.amount,
				'month:' || u.scheme || ':' || to_char(u.month, 'YYYY-MM') as subject from unpaid u),
		known as (
			select c.id, split_part(c.subject, ':', 1) || ':' || split_part(c.subject, ':', 2) || ':'
				|| split_part(c.subject, ':', 3) as subject, x.case_id is not null as ended
			from exception_case c left join exception_closed x on x.area = c.area and x.case_id = c.id
			where c.area = $1 and c.kind = 'pension_unpaid'),
		ended as (
			insert into exception_closed (area, case_id, text, closed_by, closed_at)
			select $1, k.id, 'everybody of the month is paid or named', 'job', $3 from known k
			where not k.ended and not exists (select from told o where o.subject = k.subject)
			on conflict do nothing)
		insert into exception_case (area, kind, subject, bank, text, opened_on, opened_at)
		select $1, 'pension_unpaid', o.subject || ':' || (select count(*) + 1 from known k where k.subject = o.subject), '',
			'pensions of ' || to_char(o.month, 'YYYY-MM') || ' were decided after its run and its pay day lies behind: '
			|| o.members || ' unpaid, ' || round(o.amount / 100.0, 2) || '; a supplementary run of the month pays them',
			($3::timestamptz at time zone 'Asia/Shanghai')::date, $3
		from told o
		where not exists (select from known k where k.subject = o.subject and not k.ended)
		on conflict (area, kind, subject) do nothing`, area, today, t.at)
	if err != nil {
		return fmt.Errorf("look for unpaid months of area %s: %w", area, err)
	}
	return nil
}

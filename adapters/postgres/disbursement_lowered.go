package postgres

import (
	"context"
	"fmt"

	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
)

// recoverLowered adds what an approved list says was paid too high to the recoveries of its members. Of
// several payments that had a month the newest gives back first; of a payment's account pension what is too
// high is the part that was drawn last.
func (t caseworkTx) recoverLowered(ctx context.Context, l disbursement.DueList, today calendar.Day) error {
	if l.RecoveredAmount == 0 {
		return nil
	}
	_, err := t.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('recovery ' || $1::int, 0))`, int32(l.Area))
	if err != nil {
		return fmt.Errorf("open recoveries of area %s: %w", l.Area, err)
	}
	var sum int64
	err = t.QueryRow(ctx, `
		with recursive over as materialized (
			select member_id, month, component, was - entitled as over from due_list_line
			where area = $1 and list_id = $2 and entitled < was),
		`+hadSQL+`,
		paid as materialized (
			select h.member_id, h.id, h.month, h.component, h.replaces, h.from_suspense, h.before, h.amount, h.drawn,
				least(h.amount, h.over - coalesce(sum(h.amount) over (
				partition by h.member_id, h.month, h.component order by h.id desc
				rows between unbounded preceding and 1 preceding), 0))::bigint as too_much
			from had h),
		`+drawnOfPaid()+`,
		line as materialized (
			select p.member_id, p.id, p.month, coalesce(sum(p.too_much) filter (where p.component = 'base_pension'), 0)::bigint
				as base, coalesce(sum(p.too_much) filter (where p.component = 'account_pension'), 0)::bigint as account,
				coalesce(max(greatest(0, least(coalesce(d.amount, 0) - p.before - p.drawn, p.amount) - (p.amount - p.too_much)))
					filter (where p.component = 'account_pension'), 0)::bigint as drawn
			from paid p left join drawn d on d.item = p.id
			where p.too_much > 0 group by 1, 2, 3),
		opened as (
			insert into recovery_case (area, member_id, reason, opened_on, opened_at)
			select distinct $1::int, member_id, 'lowered', $3::date, $4::timestamptz from line
			on conflict (area, member_id, reason) do nothing returning id, member_id),
		cases as (
			select id, member_id from opened
			union all select k.id, k.member_id from recovery_case k where k.area = $1 and k.reason = 'lowered'),
		kept as (
			insert into recovery_line (area, case_id, item_id, month, base_pension, account_pension, drawn, found_at)
			select $1, k.id, n.id, n.month, n.base, n.account, n.drawn, $4 from line n join cases k on k.member_id = n.member_id
			returning base_pension + account_pension as amount)
		select coalesce(sum(amount), 0)::bigint from kept`,
		l.Area, l.ID, today, t.at, personalRoles()).Scan(&sum)
	if err == nil && sum != l.RecoveredAmount.Fen() {
		err = disbursement.ErrDueListStale
	}
	if err != nil {
		return fmt.Errorf("recover what list %d says was paid too high: %w", l.ID, err)
	}
	return nil
}

// endOverpaid ends the cases of months of a scheme that were paid too high: a list that looked at them has
// found none, or has them all recovered.
func (t caseworkTx) endOverpaid(ctx context.Context, l disbursement.DueList) error {
	_, err := t.Exec(ctx, `
		insert into exception_closed (area, case_id, text, closed_by, closed_at)
		select c.area, c.id, 'list ' || $2::bigint || ' recovers them, or none is left', 'job', $4 from exception_case c
		where c.area = $1 and c.kind = 'months_overpaid' and (split_part(c.subject, ':', 1) = 'due_months'
				and split_part(c.subject, ':', 2) = $3 and split_part(c.subject, ':', 3) <= to_char($5::date, 'YYYY-MM')
			or exists (select from due_list l where l.area = c.area and c.subject = 'due_list:' || l.id and l.scheme = $3
				and l.month <= $5::date))
		  and not exists (select from exception_closed x where x.area = c.area and x.case_id = c.id)
		on conflict do nothing`, l.Area, l.ID, string(l.Scheme), t.at, l.Month)
	if err != nil {
		return fmt.Errorf("end the cases of months of %s that were paid too high: %w", l.Scheme, err)
	}
	return nil
}

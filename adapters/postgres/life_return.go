package postgres

import (
	"context"
	"fmt"

	"twoline/gateway/lifeevent"
)

// leftFor is SQL of the ends of memberships that stand for a contribution year: nobody came back
// after them, or the member did in a later year. It stands where a table would.
func leftFor(year string) string {
	return `(select x.area, x.member_id, x.ended_on, x.business_day, x.from_month, x.source_id from member_end x
		where not exists (select from member_returned r where (r.area, r.member_id, r.nth) = (x.area, x.member_id, x.nth)
			and (r.reason = 'money_back' or extract(year from r.returned_on) <= ` + year + `)))`
}

// leftStands is SQL of the ends of memberships that stand. It stands where a table would.
const leftStands = `(select x.area, x.member_id, x.ended_on, x.business_day, x.from_month, x.source_id from member_end x
	where not exists (select from member_returned r where (r.area, r.member_id, r.nth) = (x.area, x.member_id, x.nth)))`

// ReturnMember implements lifeevent.ReturnTx. What was entitled before the end is entitled again
// where the money came back, as though the member had not left.
func (t lifeTx) ReturnMember(ctx context.Context, r lifeevent.Returned) error {
	tag, err := t.Exec(ctx, `
		insert into member_returned (area, member_id, nth, reason, returned_on, from_month, source_id, decision_id,
			approved_at, business_day)
		select x.area, x.member_id, x.nth, $3, $4, case $3 when 'money_back' then x.from_month
			else greatest(x.from_month, (date_trunc('month', $4::date) + interval '1 month')::date) end, $5, $6, $7, $4
		from member_end x
		where x.area = $1 and x.member_id = $2 and not exists (
			select from member_returned r where (r.area, r.member_id, r.nth) = (x.area, x.member_id, x.nth))`,
		r.Area, r.Member, string(r.Reason), r.On, r.Source, r.Decision, t.at)
	if err == nil && tag.RowsAffected() != 1 {
		return lifeevent.ErrNotEnded
	}
	if err == nil && r.Reason == lifeevent.MoneyBack {
		_, err = t.Exec(ctx, `
			insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
			select z.area, z.member_id, z.component, z.from_month, b.amount, 'account back by transfer ' || $3::bigint, $4, $5
			from entitlement z
			cross join lateral (select b.amount from entitlement b where b.area = z.area and b.member_id = z.member_id
				and b.component = z.component and b.id < z.id and b.from_month <= z.from_month
				order by b.from_month desc, b.id desc limit 1) b
			where z.area = $1 and z.member_id = $2 and z.document = 'membership ended by ' || $3::bigint and b.amount > 0`,
			r.Area, r.Member, r.Source, r.By, t.at)
	}
	if err != nil {
		return fmt.Errorf("end the end of membership %d: %w", r.Member, err)
	}
	return nil
}

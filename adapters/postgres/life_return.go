package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/lifeevent"
	"twoline/gateway/party"
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
	if err == nil && r.Reason == lifeevent.CameBack {
		_, err = t.Exec(ctx, `
			insert into service_years (area, member_id, years, document, entered_by, entered_at)
			select $1, $2, 0, 'return ' || $3::bigint, $4, $5
			where exists (select from service_years where area = $1 and member_id = $2)`,
			r.Area, r.Member, r.Source, r.By, t.at)
	}
	if err != nil {
		return fmt.Errorf("end the end of membership %d: %w", r.Member, err)
	}
	return nil
}

// YearsBack implements lifeevent.ReturnTx.
func (t lifeTx) YearsBack(ctx context.Context, r lifeevent.Returned) error {
	_, err := t.Exec(ctx, `
		insert into service_years (area, member_id, years, document, entered_by, entered_at)
		select z.area, z.member_id, b.years + n.years, 'account back by transfer ' || $3::bigint, $4, $5
		from member_end e
		join member_returned k on k.area = e.area and k.member_id = e.member_id and k.nth = e.nth
		join service_years z on z.area = k.area and z.member_id = k.member_id and z.document = 'return ' || k.source_id
		cross join lateral (select b.years from service_years b where b.area = z.area and b.member_id = z.member_id
			and b.id < z.id order by b.id desc limit 1) b
		cross join lateral (select n.years from service_years n where n.area = z.area and n.member_id = z.member_id
			order by n.id desc limit 1) n
		where e.area = $1 and e.member_id = $2 and e.source_id = $3`, r.Area, r.Member, r.Source, r.By, t.at)
	if err != nil {
		return fmt.Errorf("let the years of member %d count again: %w", r.Member, err)
	}
	return nil
}

// AddReturn implements lifeevent.ReturnTx.
func (t lifeTx) AddReturn(ctx context.Context, r lifeevent.Return) (id int64, err error) {
	err = t.QueryRow(ctx, `
		insert into member_return (area, member_id, document, made_by, made_at, business_day)
		values ($1, $2, $3, $4, $5, $6) returning id`, r.Area, r.Member, r.Document, r.MadeBy, t.at, r.MadeOn).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("keep the return of member %d: %w", r.Member, err)
	}
	return id, nil
}

// Returns implements lifeevent.ReturnTx.
func (t lifeTx) Returns(ctx context.Context, f lifeevent.ReturnFilter) ([]lifeevent.Return, error) {
	rows, err := t.Query(ctx, `
		select k.area, k.id, k.member_id, k.document, k.made_by, k.made_at, k.business_day, coalesce(q.id, 0),
			coalesce(q.state, ''), r.returned_on, m.social_no, m.name
		from member_return k
		join member m on m.area = k.area and m.id = k.member_id
		left join member_returned r on r.area = k.area and r.source_id = k.id
		left join lateral (select q.id, q.state from decision_request q where q.area = k.area and q.kind = 'transfer'
			and q.subject_id = k.id order by q.id desc limit 1) q on true
		where k.area = $1 and ($2 = 0::bigint or k.id = $2) and ($3 = 0::bigint or k.member_id = $3) and k.id > $4
		order by k.id limit $5`, f.Area, f.ID, f.Member, f.After, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("read returns of members: %w", err)
	}
	return collect(rows, "returns of members", func(row pgx.CollectableRow) (r lifeevent.Return, err error) {
		var on *calendar.Day
		var name string
		err = row.Scan(&r.Area, &r.ID, &r.Member, &r.Document, &r.MadeBy, &r.MadeAt, &r.MadeOn, &r.Decision, &r.State, &on,
			&r.SocialNo, &name)
		r.ReturnedOn = dayOrNone(on)
		r.Name, _, _ = party.Stored(name, "", "")
		return r, err
	})
}

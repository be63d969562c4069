package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// Feedback implements disbursement.Store. A payment of the month stands in a batch of
// the month or of a later one; whoever is held has none.
func (s disbursementStore) Feedback(
	ctx context.Context, area party.Area, scheme ledger.Scheme, month calendar.Month,
) ([]disbursement.VillageFeedback, error) {
	rows, err := s.db.pool.Query(ctx, `
		with paid as materialized (
			select distinct on (i.member_id) i.member_id, i.region, i.amount, i.activated, a.outcome, a.class,
				`+bookedReturn("i")+` as returned
			from payment_batch b
			join pay_run r on r.area = b.area and r.id = b.run_id
			join payment_item i on i.area = b.area and i.batch_id = b.id and i.month = $3
			`+finalOfItem+` a on true
			where b.area = $1 and b.scheme = $2 and b.month >= $3 and not `+deadItem+`
			order by i.member_id, i.attempt desc),
		state as (
			select region, case when outcome is null then 'in_flight' when outcome = 'failed' then class
				when returned then 'RETURNED' when not activated then 'NOT_ACTIVATED' else 'paid' end as standing, amount
			from paid
			union all
			select m.region, l.held, 0 from pay_run r
			join roster_line l on l.area = r.area and l.roster_id = r.roster_id and l.held <> '' and l.month = $3
			join member m on m.area = l.area and m.id = l.member_id
			where r.area = $1 and r.scheme = $2 and r.month = $3 and r.kind = 'regular'
			  and r.state not in ('refused', 'withdrawn')
			  and not exists (select from paid p where p.member_id = l.member_id))
		select s.region, g.name, s.standing, count(*)::int, sum(s.amount)::bigint
		from state s join region g on g.region = s.region group by 1, 2, 3 order by 1, 3`, area, scheme, month)
	if err != nil {
		return nil, fmt.Errorf("feedback of area %s for %s: %w", area, month, err)
	}
	var out []disbursement.VillageFeedback
	var region party.Region
	var name, standing string
	var n int
	var fen int64
	_, err = pgx.ForEachRow(rows, []any{&region, &name, &standing, &n, &fen}, func() error {
		if len(out) == 0 || out[len(out)-1].Region != region {
			out = append(out, disbursement.VillageFeedback{ //nolint:exhaustruct // counted below
				Region: region, Name: name, Unpaid: map[string]int{},
			})
		}
		v := &out[len(out)-1]
		v.Due += n
		switch standing {
		case "paid":
			v.Paid, v.Amount = n, money.Amount(fen)
		case "in_flight":
			v.InFlight = n
		default:
			v.Unpaid[standing] = n
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("feedback of area %s for %s: %w", area, month, err)
	}
	return out, nil
}

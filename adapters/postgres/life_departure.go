package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/lifeevent"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// AddDeparture implements lifeevent.DepartureTx.
func (t lifeTx) AddDeparture(ctx context.Context, d lifeevent.Departure) (id int64, err error) {
	err = t.QueryRow(ctx, `
		insert into member_departure (area, member_id, reason, left_on, document, made_by, made_at, business_day)
		values ($1, $2, $3, $4, $5, $6, $7, $8) returning id`,
		d.Area, d.Member, string(d.Reason), d.LeftOn, d.Document, d.MadeBy, t.at, d.MadeOn).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("keep the departure of member %d: %w", d.Member, err)
	}
	return id, nil
}

// Departures implements lifeevent.DepartureTx.
func (t lifeTx) Departures(ctx context.Context, f lifeevent.DepartureFilter) ([]lifeevent.Departure, error) {
	rows, err := t.Query(ctx, `
		select d.area, d.id, d.member_id, d.reason, d.left_on, d.document, d.made_by, d.made_at, d.business_day,
			coalesce(q.id, 0), coalesce(q.state, ''), coalesce(g.held, 0), coalesce(g.balance, 0), m.social_no, m.name
		from member_departure d
		join member m on m.area = d.area and m.id = d.member_id
		left join member_departed g on g.area = d.area and g.departure_id = d.id
		left join lateral (select q.id, q.state from decision_request q where q.area = d.area and q.kind = 'transfer'
			and q.subject_id = d.id order by q.id desc limit 1) q on true
		where d.area = $1 and ($2 = 0::bigint or d.id = $2) and ($3 = 0::bigint or d.member_id = $3) and d.id > $4
		order by d.id limit $5`, f.Area, f.ID, f.Member, f.After, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("read departures: %w", err)
	}
	return collect(rows, "departures", func(row pgx.CollectableRow) (d lifeevent.Departure, err error) {
		var held, balance int64
		var name string
		err = row.Scan(&d.Area, &d.ID, &d.Member, &d.Reason, &d.LeftOn, &d.Document, &d.MadeBy, &d.MadeAt, &d.MadeOn,
			&d.Decision, &d.State, &held, &balance, &d.SocialNo, &name)
		d.Held, d.Balance = money.Amount(held), money.Amount(balance)
		d.Name, _, _ = party.Stored(name, "", "")
		return d, err
	})
}

// Depart implements lifeevent.DepartureTx. The due goes wherever the member's pension goes.
func (t lifeTx) Depart(
	ctx context.Context, d lifeevent.Departure, today calendar.Day, decision int64, by string,
) error {
	_, err := t.Exec(ctx, `
		insert into member_departed (area, departure_id, member_id, held, balance, decision_id, approved_at, business_day)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		d.Area, d.ID, d.Member, d.Held.Fen(), d.Balance.Fen(), decision, t.at, today)
	if err == nil && d.Balance > 0 {
		_, err = t.Exec(ctx, `
			insert into benefit_due (area, member_id, cause, month, one_off, document, entered_by, entered_at, business_day)
			values ($1, $2, 'departure:' || $3::bigint, $4, $5, $6, $7, $8, $9)`,
			d.Area, d.Member, d.ID, today.Month().First(), d.Balance.Fen(), d.Document, by, t.at, today)
	}
	if err != nil {
		return fmt.Errorf("keep what departure %d pays: %w", d.ID, err)
	}
	return nil
}

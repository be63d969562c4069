package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/fundtransfer"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// AddRequest implements fundtransfer.Requests.
func (t *tx) AddRequest(
	ctx context.Context, r fundtransfer.Request, day calendar.Day,
) (fundtransfer.Request, error) {
	err := t.QueryRow(ctx, `
		insert into funding_request (area, scheme, month, account, amount, needed_by, document, requested_by,
			requested_at, business_day)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id, requested_at`,
		r.Area, r.Scheme, r.Month, r.Account, r.Amount.Fen(), r.NeededBy, r.Document, r.RequestedBy, t.at, day).
		Scan(&r.ID, &r.RequestedAt)
	if err != nil {
		return r, fmt.Errorf("ask for an allocation: %w", err)
	}
	return r, nil
}

// LockRequest implements fundtransfer.Requests. A request's row never changes, so
// the lock is one of its id.
func (t *tx) LockRequest(ctx context.Context, area party.Area, id int64) error {
	_, err := t.Exec(ctx, `
		select pg_advisory_xact_lock(hashtextextended('funding_request ' || $1::int || ' ' || $2::bigint, 0))`,
		int32(area), id)
	if err != nil {
		return fmt.Errorf("lock funding request %d: %w", id, err)
	}
	return nil
}

// FindRequest implements fundtransfer.Requests.
func (t *tx) FindRequest(ctx context.Context, area party.Area, id int64) (fundtransfer.Request, error) {
	list, err := t.requests(ctx, `r.area = $1 and r.id = $2`, area, id)
	if err == nil && len(list) == 0 {
		err = fundtransfer.ErrNoRequest
	}
	if err != nil {
		return fundtransfer.Request{}, err
	}
	return list[0], nil
}

// ListRequests implements fundtransfer.Requests.
func (t *tx) ListRequests(ctx context.Context, f fundtransfer.RequestFilter) ([]fundtransfer.Request, error) {
	return t.requests(ctx, `
		r.area = $1 and ($2 = 0::bigint or r.account = $2) and (not $3 or r.amount > a.amount)
		and (not $4 or r.amount <= a.amount) and r.id > $5
		order by r.id limit $6`, f.Area, f.Account, f.Open, f.Allocated, f.After, f.Limit)
}

func (t *tx) requests(ctx context.Context, where string, args ...any) ([]fundtransfer.Request, error) {
	rows, err := t.Query(ctx, `
		select r.area, r.id, r.scheme, r.month, r.account, r.amount, r.needed_by, r.document, r.requested_by,
			r.requested_at, a.amount
		from funding_request r
		cross join lateral (
			select coalesce(sum(f.amount), 0)::bigint as amount from fund_transfer f
			where f.area = r.area and f.funding_request = r.id and f.state = 'booked') a
		where `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read funding requests: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r fundtransfer.Request, err error) {
		var amount, allocated int64
		err = row.Scan(&r.Area, &r.ID, &r.Scheme, &r.Month, &r.Account, &amount, &r.NeededBy, &r.Document,
			&r.RequestedBy, &r.RequestedAt, &allocated)
		r.Amount, r.Allocated = money.Amount(amount), money.Amount(allocated)
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("read funding requests: %w", err)
	}
	return list, nil
}

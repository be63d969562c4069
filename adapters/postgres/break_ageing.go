package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/reconcile"
)

// standingOn are the breaks of area $1 and account $2, 0 for all, that were open at the
// end of day $3 as it was known then.
const standingOn = `
	select b.area, b.id, b.fund_account, b.reason, coalesce(d.class, b.class) as class, b.amount,
		greatest($3::date - b.day, 0) as days,
		coalesce((select u.due_on from break_due u where u.area = b.area and u.break_id = b.id and u.set_on <= $3
			order by u.id desc limit 1), d.due_on) as due_on
	from reconciliation_break b
	left join break_closed c on c.area = b.area and c.break_id = b.id
	left join break_desk d on d.area = b.area and d.break_id = b.id
	where b.area = $1 and ($2 = 0::bigint or b.fund_account = $2) and b.opened_on <= $3
	  and (c.closed_on is null or c.closed_on > $3)`

// AgeingRows implements reconcile.AgeingTx.
func (t *tx) AgeingRows(
	ctx context.Context, a reconcile.Account, asOf calendar.Day,
) ([]reconcile.AgeingRow, error) {
	rows, err := t.Query(ctx, `
		select `+fundAccountColumns+`, s.reason, s.band, s.n, s.overdue, s.amount, s.money_days
		from (
			select s.area, s.fund_account, s.reason, case when s.days <= 3 then 0 when s.days <= 10 then 1
					when s.days <= 30 then 2 when s.days <= 90 then 3 else 4 end as band,
				count(*)::int as n, (count(*) filter (where s.due_on < $3))::int as overdue, sum(s.amount)::bigint as amount,
				(sum(s.amount::numeric * s.days) / 100)::text as money_days
			from (`+standingOn+`) s group by 1, 2, 3, 4) s
		join fund_account f on f.area = s.area and f.id = s.fund_account
		order by s.fund_account, s.reason, s.band`, a.Area, a.ID, asOf)
	if err != nil {
		return nil, fmt.Errorf("ageing of breaks: %w", err)
	}
	return collect(rows, "ageing of breaks", func(row pgx.CollectableRow) (r reconcile.AgeingRow, err error) {
		var number, moneyDays string
		var amount int64
		targets := append(fundAccountTargets(&r.Account, &number), &r.Reason, &r.Band, &r.Count, &r.Overdue, &amount, &moneyDays)
		if err = row.Scan(targets...); err != nil {
			return r, err
		}
		_, _, r.Account.No = party.Stored("", "", number)
		r.Amount = money.Amount(amount)
		r.MoneyDays, err = moneyDaysOf(moneyDays)
		return r, err
	})
}

// ClassCounts implements reconcile.AgeingTx. What failed on both sides is an item that
// the bank answered as failed and whose money its statement does not show.
func (t *tx) ClassCounts(
	ctx context.Context, a reconcile.Account, asOf calendar.Day,
) ([]reconcile.ClassCount, error) {
	rows, err := t.Query(ctx, `
		with standing as (select class, count(*)::int as n, sum(amount)::bigint as amount from (`+standingOn+`) s group by 1)
		select u.class, case u.class
				when 1 then (select coalesce(sum(k.matches), 0)::int from reconciliation_count k where k.area = $1
					and ($2 = 0::bigint or k.fund_account = $2) and k.settled_on <= $3)
				when 7 then greatest(0, (select count(*)::int from answer w
					join (select area, id, fund_account from withholding_batch
						union all select area, id, fund_account from payment_batch) b on b.area = w.area and b.id = w.batch_id
					where w.area = $1 and ($2 = 0::bigint or b.fund_account = $2) and w.disposition = 'recorded'
					  and w.outcome = 'failed' and `+answeredOn("w")+` <= $3)
					- coalesce((select n from standing where class = 3), 0))
				else coalesce(s.n, 0) end,
			coalesce(s.amount, 0)
		from generate_series(0, 7) as u (class) left join standing s on s.class = u.class order by 1`, a.Area, a.ID, asOf)
	if err != nil {
		return nil, fmt.Errorf("count classes: %w", err)
	}
	return collect(rows, "classes", func(row pgx.CollectableRow) (c reconcile.ClassCount, err error) {
		var amount int64
		err = row.Scan(&c.Class, &c.Count, &amount)
		c.Amount = money.Amount(amount)
		return c, err
	})
}

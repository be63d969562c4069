package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/party"
	"twoline/gateway/registry"
	"twoline/gateway/report"
)

// Budgets implements registry.BudgetTx.
func (t registryTx) Budgets(ctx context.Context, area party.Area) ([]registry.Budget, error) {
	rows, err := t.Query(ctx, `
		select scheme, year, role, amount, document from budget where area = $1 order by id`, area)
	if err != nil {
		return nil, fmt.Errorf("read budgets: %w", err)
	}
	return collect(rows, "budgets", pgx.RowToStructByPos[registry.Budget])
}

// InsertBudgets implements registry.BudgetTx.
func (t registryTx) InsertBudgets(ctx context.Context, area party.Area, by string, rows []registry.Budget) error {
	return t.insertAll(ctx, "budgets", len(rows), `
		insert into budget (area, scheme, year, role, amount, document, entered_by, entered_at)
		select $1, u.scheme, u.year, u.role, u.amount, u.document, $2, $3
		from unnest($4::text[], $5::smallint[], $6::text[], $7::bigint[], $8::text[]) with ordinality
			as u (scheme, year, role, amount, document, n)
		order by u.n`, area, by, t.at,
		column(rows, func(b registry.Budget) string { return string(b.Scheme) }),
		column(rows, func(b registry.Budget) int16 { return int16(b.Year) }), //nolint:gosec // bounded
		column(rows, func(b registry.Budget) string { return string(b.Role) }),
		column(rows, func(b registry.Budget) int64 { return b.Amount.Fen() }),
		column(rows, func(b registry.Budget) string { return b.Document }))
}

// Budget implements report.YearTx.
func (t *tx) Budget(
	ctx context.Context, area party.Area, scheme ledger.Scheme, year int,
) ([]report.BudgetLine, error) {
	rows, err := t.Query(ctx, `
		select distinct on (role) role, amount, document from budget
		where area = $1 and scheme = $2 and year = $3 order by role, id desc`, area, string(scheme), year)
	if err != nil {
		return nil, fmt.Errorf("budget of %d: %w", year, err)
	}
	return collect(rows, "budget", pgx.RowToStructByPos[report.BudgetLine])
}

// SubsidiesByLevel implements report.YearTx. What is named of a transfer counts when the
// transfer is effective.
func (t *tx) SubsidiesByLevel(
	ctx context.Context, area party.Area, scheme ledger.Scheme, from, to calendar.Day,
) ([]report.Subsidised, error) {
	rows, err := t.Query(ctx, `
		with money as (
			select f.area, f.id, f.purpose, f.amount from fund_transfer f where f.area = $1 and f.scheme = $2 and f.kind = 'subsidy' and f.state = 'booked'
				and f.effective_on between $3 and $4),
		part as (
			select f.id, f.purpose, a.level, a.amount from money f
			join `+forPensions().arrivals+` a on a.area = f.area and a.transfer_id = f.id and `+forPensions().stands()+`
			union all
			select f.id, f.purpose, a.level, a.amount from money f
			join `+forContributions().arrivals+` a on a.area = f.area and a.transfer_id = f.id and `+forContributions().stands()+`)
		select purpose, level, sum(amount)::bigint from (
			select purpose, level, amount from part
			union all
			select f.purpose, '', f.amount - coalesce((select sum(p.amount) from part p where p.id = f.id), 0) from money f) s
		where amount > 0
		group by 1, 2 order by 1, array_position(array['centre', 'province', 'city', 'county', ''], level)`,
		area, string(scheme), from, to)
	if err != nil {
		return nil, fmt.Errorf("subsidies from %s to %s: %w", from, to, err)
	}
	return collect(rows, "subsidies by level", pgx.RowToStructByPos[report.Subsidised])
}

// RunOuts implements report.YearTx. A payment of an account pension draws what the account holds: what it pays above
// that is local government's. What came back counts against it as it went.
func (t *tx) RunOuts(
	ctx context.Context, area party.Area, scheme ledger.Scheme, from, to calendar.Day,
) ([]report.RunOut, error) {
	rows, err := t.Query(ctx, `
		with moved as (
			select member_id, sum(signed) filter (where role = 'benefit_account_pension') as pension,
				coalesce(sum(signed) filter (where role = 'benefit_one_off'), 0) as once,
				coalesce(sum(signed) filter (where role in `+memberRoles+`), 0) as drawn
			from (select area, scheme, accounted_on, nature, kind, role, cause_id, member_id,
				case when (side = 'debit') <> red then amount else -amount end as signed from posting) p
			where area = $1 and scheme = $2 and accounted_on between $3 and $4 and nature = 'item' and kind in ('benefit',
				'payment_return', 'return_unclaimed', 'recovery_by_channel', 'recovery_settled')
				and (role in ('benefit_account_pension', 'benefit_one_off') or role in `+memberRoles+`)
			group by kind, cause_id, member_id)
		select '', count(*), sum(share)::bigint from (
			select member_id, sum(pension + once - drawn) as share from moved where pension is not null group by member_id) m
		where share <> 0 having count(*) > 0`, area, string(scheme), from, to)
	if err != nil {
		return nil, fmt.Errorf("accounts that ran out, from %s to %s: %w", from, to, err)
	}
	return collect(rows, "accounts that ran out", pgx.RowToStructByPos[report.RunOut])
}

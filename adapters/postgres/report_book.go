package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/report"
)

type reportStore struct{ db *DB }

// Reports reads what the papers of a month are made of.
func (db *DB) Reports() report.Store { return reportStore{db} }

func (s reportStore) Read(ctx context.Context, fn func(report.Tx) error) error {
	return s.db.Read(ctx, func(t *tx) error { return fn(t) })
}

// Chart implements report.Tx: the area's own row of a role before the national
// one, the scheme's before that of all schemes, the latest that is in force.
func (t *tx) Chart(
	ctx context.Context, area party.Area, scheme ledger.Scheme, day calendar.Day,
) ([]ledger.Account, error) {
	rows, err := t.Query(ctx, `
		select distinct on (c.role) c.role, c.code, c.name_zh, c.name_en, c.normal from chart_account c
		where c.area in ($1, 0) and c.scheme in ($2, '') and c.effective_from <= $3
		order by c.role, c.area desc, c.scheme desc, c.effective_from desc`, area, scheme, day)
	if err != nil {
		return nil, fmt.Errorf("chart of area %s: %w", area, err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[ledger.Account])
	if err != nil {
		return nil, fmt.Errorf("chart of area %s: %w", area, err)
	}
	return list, nil
}

// Movements implements report.Tx.
func (t *tx) Movements(ctx context.Context, s report.Span) ([]report.Movement, error) {
	rows, err := t.Query(ctx, `
		select p.role,
		       case when p.role in ('income', 'fiscal_special', 'fixed_deposit', 'expenditure', 'treasury')
		            then p.fund_account else 0 end as account, p.kind,
		       coalesce(sum(case when p.red then -p.amount else p.amount end) filter (where p.side = 'debit'), 0)::bigint,
		       coalesce(sum(case when p.red then -p.amount else p.amount end) filter (where p.side = 'credit'), 0)::bigint
		  from entry e join posting p on p.area = e.area and p.entry_id = e.id
		 where e.area = $1 and e.scheme = $2 and e.accounted_on between $3 and $4 and p.role not like 'personal%'
		 group by p.role, account, p.kind
		 order by p.role, account, p.kind`, s.Area, s.Scheme, s.From, s.To)
	if err != nil {
		return nil, fmt.Errorf("movements of area %s: %w", s.Area, err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (report.Movement, error) {
		var m report.Movement
		var debit, credit int64
		err := row.Scan(&m.Role, &m.FundAccount, &m.Kind, &debit, &credit)
		m.Debit, m.Credit = money.Amount(debit), money.Amount(credit)
		return m, err
	})
	if err != nil {
		return nil, fmt.Errorf("movements of area %s: %w", s.Area, err)
	}
	return list, nil
}

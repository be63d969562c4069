package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/gateway/party"
)

// PaidBooks implements disbursement.MonthTx.
func (t *tx) PaidBooks(ctx context.Context, area party.Area) ([]disbursement.PaidBook, error) {
	rows, err := t.Query(ctx, `
		select b.scheme, b.opened_on from book b
		where b.area = $1 and exists (select from fund_account f
			where f.area = b.area and f.scheme = b.scheme and f.role = 'expenditure')
		order by b.scheme`, area)
	if err != nil {
		return nil, fmt.Errorf("schemes that area %s pays: %w", area, err)
	}
	return collect(rows, "schemes that an area pays", pgx.RowToStructByPos[disbursement.PaidBook])
}

// RegularRun implements disbursement.MonthTx.
func (t *tx) RegularRun(
	ctx context.Context, area party.Area, scheme ledger.Scheme, month calendar.Month,
) (disbursement.Run, int, error) {
	none := disbursement.Run{} //nolint:exhaustruct // none
	var live int64
	var dead int
	err := t.QueryRow(ctx, `
		select coalesce(max(id) filter (where state not in ('refused', 'withdrawn')), 0),
			count(*) filter (where state in ('refused', 'withdrawn'))
		from pay_run where area = $1 and scheme = $2 and month = $3 and kind = 'regular'`,
		area, string(scheme), month).Scan(&live, &dead)
	if err != nil {
		return none, 0, fmt.Errorf("regular pay run of %s: %w", month, err)
	}
	if live == 0 {
		return none, dead, nil
	}
	run, err := t.FindRun(ctx, area, live)
	return run, dead, err
}

// PayCaseKnown implements disbursement.MonthTx.
func (t *tx) PayCaseKnown(ctx context.Context, area party.Area, c disbursement.Case) (bool, error) {
	var known bool
	err := t.QueryRow(ctx, `select exists (select from exception_case where area = $1 and kind = $2 and subject = $3)`,
		area, c.Kind, c.Subject).Scan(&known)
	if err != nil {
		return false, fmt.Errorf("look for the case %s of %s: %w", c.Kind, c.Subject, err)
	}
	return known, nil
}

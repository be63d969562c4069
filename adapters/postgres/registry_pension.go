package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

// ServiceYears implements registry.PensionTx.
func (t registryTx) ServiceYears(
	ctx context.Context, area party.Area, members []int64,
) ([]registry.ServiceYears, error) {
	rows, err := t.Query(ctx, `
		select member_id, years, document from service_years where area = $1 and member_id = any($2)`, area, members)
	if err != nil {
		return nil, fmt.Errorf("read service years: %w", err)
	}
	return collect(rows, "service years", pgx.RowToStructByPos[registry.ServiceYears])
}

// InsertServiceYears implements registry.PensionTx.
func (t registryTx) InsertServiceYears(
	ctx context.Context, area party.Area, by string, rows []registry.ServiceYears,
) error {
	ids, err := t.NewIDs(ctx, len(rows))
	if err != nil {
		return err
	}
	return t.insertAll(ctx, "service years", len(rows), `
		insert into service_years (area, id, member_id, years, document, entered_by, entered_at)
		select $1, u.*, $6, $7 from unnest($2::bigint[], $3::bigint[], $4::smallint[], $5::text[]) as u
		on conflict do nothing`, area, ids,
		column(rows, func(y registry.ServiceYears) int64 { return y.Member }),
		column(rows, func(y registry.ServiceYears) int { return y.Years }),
		column(rows, func(y registry.ServiceYears) string { return y.Document }), by, t.at)
}

// PensionCases implements registry.PensionTx.
func (t registryTx) PensionCases(
	ctx context.Context, area party.Area, members []int64,
) ([]registry.PensionCase, error) {
	rows, err := t.Query(ctx, `
		select member_id, applied_on, note, document from pension_case where area = $1 and member_id = any($2)`,
		area, members)
	if err != nil {
		return nil, fmt.Errorf("read pension cases: %w", err)
	}
	return collect(rows, "pension cases", pgx.RowToStructByPos[registry.PensionCase])
}

// InsertPensionCases implements registry.PensionTx.
func (t registryTx) InsertPensionCases(
	ctx context.Context, area party.Area, by string, rows []registry.PensionCase,
) error {
	return t.insertAll(ctx, "pension cases", len(rows), `
		insert into pension_case (area, member_id, applied_on, note, document, entered_by, entered_at)
		select $1, u.*, $6, $7 from unnest($2::bigint[], $3::date[], $4::text[], $5::text[]) as u
		on conflict do nothing`, area,
		column(rows, func(c registry.PensionCase) int64 { return c.Member }),
		column(rows, func(c registry.PensionCase) calendar.Day { return c.AppliedOn }),
		column(rows, func(c registry.PensionCase) string { return c.Note }),
		column(rows, func(c registry.PensionCase) string { return c.Document }), by, t.at)
}

package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/lifeevent"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

// CertificationsOf implements registry.LifeTx.
func (t registryTx) CertificationsOf(
	ctx context.Context, area party.Area, members []int64,
) ([]lifeevent.Certification, error) {
	rows, err := t.Query(ctx, `
		select id, member_id, way, certified_on, document from certification
		where area = $1 and member_id = any($2) and way <> 'silent'`, area, members)
	if err != nil {
		return nil, fmt.Errorf("read certifications: %w", err)
	}
	return collect(rows, "certifications", pgx.RowToStructByPos[lifeevent.Certification])
}

// InsertCertifications implements registry.LifeTx.
func (t registryTx) InsertCertifications(
	ctx context.Context, area party.Area, by string, today calendar.Day, rows []lifeevent.Certification,
) error {
	return t.insertAll(ctx, "certifications", len(rows), `
		insert into certification (area, member_id, way, certified_on, document, entered_by, entered_at, business_day)
		select $1, u.*, $6, $7, $8 from unnest($2::bigint[], $3::text[], $4::date[], $5::text[]) as u
		on conflict do nothing`, area,
		column(rows, func(c lifeevent.Certification) int64 { return c.Member }),
		column(rows, func(c lifeevent.Certification) string { return string(c.Way) }),
		column(rows, func(c lifeevent.Certification) calendar.Day { return c.On }),
		column(rows, func(c lifeevent.Certification) string { return c.Document }), by, t.at, today)
}

// Candidates implements registry.LifeTx.
func (t registryTx) Candidates(
	ctx context.Context, area party.Area, ids []party.IDNumber, births, initials []string,
) ([]lifeevent.Known, error) {
	rows, err := t.Query(ctx, `
		select id, name, id_number from member where area = $1 and id_number = any($2)
		union
		select m.id, m.name, m.id_number from member m
		join (select distinct birth, initial from unnest($3::text[], $4::text[]) as u (birth, initial)) u
			on substr(m.id_number, 7, 8) = u.birth and left(m.name, 1) = u.initial
		where m.area = $1`, area, column(ids, party.IDNumber.Plain), births, initials)
	if err != nil {
		return nil, fmt.Errorf("members whom a list may name: %w", err)
	}
	return collect(rows, "members whom a list may name", func(row pgx.CollectableRow) (k lifeevent.Known, err error) {
		var name, id string
		err = row.Scan(&k.Member, &name, &id)
		k.Name, k.IDNumber, _ = party.Stored(name, id, "")
		return k, err
	})
}

// Compared implements registry.LifeTx.
func (t registryTx) Compared(ctx context.Context, area party.Area, members []int64) ([]registry.Comparison, error) {
	rows, err := t.Query(ctx, `
		select member_id, list, strength, agrees, line, happened_on, source, document from comparison_match
		where area = $1 and member_id = any($2)`, area, members)
	if err != nil {
		return nil, fmt.Errorf("read what lists said: %w", err)
	}
	return collect(rows, "what lists said", func(row pgx.CollectableRow) (c registry.Comparison, err error) {
		var day *calendar.Day
		err = row.Scan(&c.Member, &c.List, &c.Strength, &c.Agrees, &c.Line, &day, &c.Source, &c.Document)
		c.HappenedOn = dayOrNone(day)
		return c, err
	})
}

// InsertComparisons implements registry.LifeTx.
func (t registryTx) InsertComparisons(
	ctx context.Context, area party.Area, by string, rows []registry.Comparison,
) error {
	type row = registry.Comparison
	days := make([]*calendar.Day, len(rows))
	for i := range rows {
		if !rows[i].HappenedOn.IsZero() {
			days[i] = &rows[i].HappenedOn
		}
	}
	return t.insertAll(ctx, "matches with a list", len(rows), `
		insert into comparison_match (area, member_id, list, strength, agrees, line, happened_on, source, document, entered_by,
			entered_at)
		select $1, u.*, $10, $11
		from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::int[], $7::date[], $8::text[], $9::text[]) as u
		on conflict do nothing`, area, column(rows, func(c row) int64 { return c.Member }),
		column(rows, func(c row) string { return string(c.List) }),
		column(rows, func(c row) string { return string(c.Strength) }), column(rows, func(c row) string { return c.Agrees }),
		column(rows, func(c row) int32 { return int32(c.Line) }), days, //nolint:gosec // lines of a file
		column(rows, func(c row) string { return c.Source }), column(rows, func(c row) string { return c.Document }), by, t.at)
}

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

// firstMembership is SQL that says of a member m that it is not a person's second membership, beside that of a
// pension: what a list says of the person is told of the pension's, and a death of both.
const firstMembership = `not (m.scheme = 'land_lost' and exists (select from member p
			where p.area = m.area and p.id_number = m.id_number and p.scheme <> 'land_lost'))`

// Candidates implements registry.LifeTx.
func (t registryTx) Candidates(
	ctx context.Context, area party.Area, ids []party.IDNumber, births, initials []string,
) ([]lifeevent.Known, error) {
	rows, err := t.Query(ctx, `
		select id, name, id_number from member m where area = $1 and id_number = any($2) and `+firstMembership+`
		union
		select m.id, m.name, m.id_number from member m
		join (select distinct birth, initial from unnest($3::text[], $4::text[]) as u (birth, initial)) u
			on substr(m.id_number, 7, 8) = u.birth and left(m.name, 1) = u.initial
		where m.area = $1 and `+firstMembership, area, column(ids, party.IDNumber.Plain), births, initials)
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

// Comparisons implements registry.LifeTx.
func (t registryTx) Comparisons(
	ctx context.Context, f registry.ComparisonFilter,
) ([]registry.KeptComparison, error) {
	rows, err := t.Query(ctx, `
		with told as (
			select c.id, c.member_id, c.list, c.strength, c.agrees, c.line, c.happened_on, c.source, c.document, c.entered_by,
				c.entered_at, m.social_no, m.name, case
				when c.list in ('cremations', 'police') and exists (
					select from death_notice n where n.area = c.area and n.member_id = c.member_id and not exists (
						select from death_withdrawn w where w.area = n.area and w.notice_id = n.id)) then 'dead'
				when exists (select from payment_hold h where h.area = c.area and h.member_id = c.member_id
					and h.reason = case c.list when 'employee_pension' then 'other_pension' when 'court' then 'court' end
					and `+holdStands+`) then 'held'
				when exists (select from exception_case k where k.area = c.area and k.kind in ('weak_match', 'match_taken_back')
					and k.subject = 'member:' || c.member_id || ':' || c.list || ':' || c.document
					and not exists (select from exception_closed x where x.area = k.area and x.case_id = k.id)) then 'asked'
				else 'nothing' end as standing
			from comparison_match c
			join member m on m.area = c.area and m.id = c.member_id
			where c.area = $1 and ($2 = 0::bigint or c.member_id = $2) and ($3 = '' or c.list = $3)
			  and ($4 = '' or c.strength = $4) and ($5 = '' or c.document = $5) and c.id > $6)
		select member_id, list, strength, agrees, line, happened_on, source, document, id, social_no, name, entered_by,
			entered_at, standing
		from told where $7 = '' or standing = $7 order by id limit $8`,
		f.Area, f.Member, string(f.List), string(f.Strength), f.Document, f.After, string(f.Standing), f.Limit)
	if err != nil {
		return nil, fmt.Errorf("matches with lists in area %s: %w", f.Area, err)
	}
	return collect(rows, "matches with lists", func(row pgx.CollectableRow) (c registry.KeptComparison, err error) {
		var day *calendar.Day
		var name string
		err = row.Scan(&c.Member, &c.List, &c.Strength, &c.Agrees, &c.Line, &day, &c.Source, &c.Document, &c.ID, &c.SocialNo,
			&name, &c.EnteredBy, &c.EnteredAt, &c.Standing)
		c.HappenedOn = dayOrNone(day)
		c.Name, _, _ = party.Stored(name, "", "")
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

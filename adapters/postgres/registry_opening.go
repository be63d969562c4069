package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/party"
	"twoline/gateway/registry"
)

const openingRowSQL = `
	m.id, m.social_no, m.name, m.id_number, m.region, g.name
	from member m join region g on g.region = m.region`

func scanOpeningRow(row pgx.CollectableRow) (r registry.OpeningRow, err error) {
	var name, idNumber string
	err = row.Scan(&r.Seq, &r.Member, &r.SocialNo, &name, &idNumber, &r.Region, &r.RegionName)
	r.Name, r.IDNumber, _ = party.Stored(name, idNumber, "")
	return r, err
}

// WithoutInstrument implements registry.OpeningTx. A township takes in its villages.
func (t registryTx) WithoutInstrument(
	ctx context.Context, area party.Area, region party.Region, limit int,
) ([]registry.OpeningRow, error) {
	through := region
	if region != 0 && region == region.Township() {
		through = region + 999
	}
	if region != 0 && region == party.Region(area)*1_000_000 {
		through = region + 999_999
	}
	rows, err := t.Query(ctx, `select 0,`+openingRowSQL+`
		where m.area = $1 and ($2 = 0::bigint or m.region between $2 and $3)
		  and not exists (select from instrument i
		                  where i.area = m.area and i.member_id = m.id and i.ended_on is null)
		  and not exists (select from account_opening_item o
		                  left join account_opening_answer a
		                    on a.area = o.area and a.opening_id = o.opening_id and a.seq = o.seq
		                  where o.area = m.area and o.member_id = m.id and a.seq is null)
		order by m.region, m.id limit $4`, area, int64(region), int64(through), limit)
	if err != nil {
		return nil, fmt.Errorf("members without an account: %w", err)
	}
	return collect(rows, "members without an account", scanOpeningRow)
}

// InsertAccountOpening implements registry.OpeningTx.
func (t registryTx) InsertAccountOpening(
	ctx context.Context, o registry.AccountOpening, by string, rows []registry.OpeningRow,
) error {
	_, err := t.Exec(ctx, `
		insert into account_opening (area, id, bank, item_count, file_name, file_digest, created_on, created_by,
			created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		o.Area, o.ID, o.Bank, o.Count, o.FileName, o.FileDigest[:], o.CreatedOn, by, t.at)
	if err != nil {
		return fmt.Errorf("make account opening %d: %w", o.ID, err)
	}
	_, err = t.Exec(ctx, `
		insert into account_opening_item (area, opening_id, seq, member_id)
		select $1, $2, u.* from unnest($3::integer[], $4::bigint[]) as u`, o.Area, o.ID,
		column(rows, func(r registry.OpeningRow) int { return r.Seq }),
		column(rows, func(r registry.OpeningRow) int64 { return r.Member }))
	if err != nil {
		return fmt.Errorf("make account opening %d of %d rows: %w", o.ID, len(rows), err)
	}
	return nil
}

// AccountOpening implements registry.OpeningTx.
func (t registryTx) AccountOpening(
	ctx context.Context, areas []party.Area, id int64,
) (registry.AccountOpening, []registry.OpeningRow, error) {
	var o registry.AccountOpening
	var digest []byte
	err := t.QueryRow(ctx, `
		select area, id, bank, item_count, file_name, file_digest, created_on from account_opening
		where area = any($1) and id = $2`, areas, id).
		Scan(&o.Area, &o.ID, &o.Bank, &o.Count, &o.FileName, &digest, &o.CreatedOn)
	if errors.Is(err, pgx.ErrNoRows) {
		return o, nil, registry.ErrOpening
	}
	if err != nil {
		return o, nil, fmt.Errorf("read account opening %d: %w", id, err)
	}
	copy(o.FileDigest[:], digest)
	rows, err := t.Query(ctx, `select o.seq,`+openingRowSQL+`
		join account_opening_item o on o.area = m.area and o.member_id = m.id
		where o.area = $1 and o.opening_id = $2 order by o.seq`, o.Area, o.ID)
	if err != nil {
		return o, nil, fmt.Errorf("read rows of account opening %d: %w", id, err)
	}
	list, err := collect(rows, "rows of an account opening", scanOpeningRow)
	return o, list, err
}

// OpeningAnswers implements registry.OpeningTx.
func (t registryTx) OpeningAnswers(
	ctx context.Context, area party.Area, opening int64,
) ([]registry.OpeningAnswer, error) {
	rows, err := t.Query(ctx, `
		select a.seq, a.opened, coalesce(i.account_no, ''), coalesce(a.instrument_id, 0), coalesce(a.mandate_id, 0),
			a.text
		from account_opening_answer a
		left join instrument i on i.area = a.area and i.id = a.instrument_id
		where a.area = $1 and a.opening_id = $2 order by a.seq`, area, opening)
	if err != nil {
		return nil, fmt.Errorf("answers on account opening %d: %w", opening, err)
	}
	return collect(rows, "answers on an account opening", func(row pgx.CollectableRow) (registry.OpeningAnswer, error) {
		var a registry.OpeningAnswer
		var number string
		err := row.Scan(&a.Seq, &a.Opened, &number, &a.Instrument, &a.Mandate, &a.Text)
		_, _, a.Account = party.Stored("", "", number)
		return a, err
	})
}

// InsertOpeningAnswers implements registry.OpeningTx.
func (t registryTx) InsertOpeningAnswers(
	ctx context.Context, area party.Area, opening, receipt int64, rows []registry.OpeningAnswer,
) error {
	return t.insertAll(ctx, "answers on an account opening", len(rows), `
		insert into account_opening_answer (area, opening_id, seq, receipt_id, opened, instrument_id, mandate_id, text)
		select $1, $2, u.seq, $3, u.opened, nullif(u.instrument, 0), nullif(u.mandate, 0), u.text
		from unnest($4::integer[], $5::boolean[], $6::bigint[], $7::bigint[], $8::text[])
			as u (seq, opened, instrument, mandate, text)
		on conflict do nothing`, area, opening, receipt,
		column(rows, func(a registry.OpeningAnswer) int { return a.Seq }),
		column(rows, func(a registry.OpeningAnswer) bool { return a.Opened }),
		column(rows, func(a registry.OpeningAnswer) int64 { return a.Instrument }),
		column(rows, func(a registry.OpeningAnswer) int64 { return a.Mandate }),
		column(rows, func(a registry.OpeningAnswer) string { return a.Text }))
}

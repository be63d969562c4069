package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/party"
	"twoline/reconcile"
)

func moneyDaysOf(s string) (decimal.Decimal, error) {
	d, err := decimal.NewFromString(s)
	if err != nil {
		return d, fmt.Errorf("read money times days: %w", err)
	}
	return d, nil
}

// chain is the break $2 of area $1 and those that it continues.
const chain = `
	with recursive chain (id) as (
		select $2::bigint union
		select c.predecessor from chain k join break_continues c on c.area = $1 and c.break_id = k.id)`

// LoadDossier implements reconcile.DossierTx.
func (t *tx) LoadDossier(ctx context.Context, area party.Area, d *reconcile.Dossier) error {
	rows, err := t.Query(ctx, chain+` select id from chain where id <> $2 order by id`, area, d.ID)
	if err != nil {
		return fmt.Errorf("what break %d continues: %w", d.ID, err)
	}
	if d.Continues, err = collect(rows, "continued breaks", pgx.RowTo[int64]); err != nil {
		return err
	}
	rows, err = t.Query(ctx, chain+`
		select n.id, n.break_id, n.text, n.noted_by, n.noted_at from chain k join break_note n on n.area = $1
			and n.break_id = k.id order by n.id`, area, d.ID)
	if err != nil {
		return fmt.Errorf("notes about break %d: %w", d.ID, err)
	}
	if d.Notes, err = collect(rows, "notes", pgx.RowToStructByPos[reconcile.Note]); err != nil {
		return err
	}
	if d.Attachments, err = t.attachments(ctx, area, d.ID, 0); err != nil {
		return err
	}
	rows, err = t.Query(ctx, `select owner, set_by, set_at from break_owner where area = $1 and break_id = $2 order by id`,
		area, d.ID)
	if err != nil {
		return fmt.Errorf("owners of break %d: %w", d.ID, err)
	}
	if d.Owners, err = collect(rows, "owners", pgx.RowToStructByPos[reconcile.Ownership]); err != nil {
		return err
	}
	rows, err = t.Query(ctx, `select due_on, reason, set_by, set_at from break_due where area = $1 and break_id = $2
		order by id`, area, d.ID)
	if err != nil {
		return fmt.Errorf("due days of break %d: %w", d.ID, err)
	}
	if d.Dues, err = collect(rows, "due days", pgx.RowToStructByPos[reconcile.DueChange]); err != nil {
		return err
	}
	if d.Letters, err = t.LettersOf(ctx, area, d.ID); err != nil {
		return err
	}
	d.Resolutions, err = t.resolutions(ctx, `break_id = $2`, area, d.ID)
	return err
}

// AddBreakOwner implements reconcile.DossierTx.
func (t *tx) AddBreakOwner(ctx context.Context, area party.Area, id int64, owner approval.Officer, by string) error {
	_, err := t.Exec(ctx, `insert into break_owner (area, break_id, owner, owner_person, set_by, set_at)
		values ($1, $2, $3, $4, $5, $6)`, area, id, owner.Login, owner.Person, by, t.at)
	if err != nil {
		return fmt.Errorf("give break %d to its owner: %w", id, err)
	}
	return nil
}

// AddBreakDue implements reconcile.DossierTx.
func (t *tx) AddBreakDue(
	ctx context.Context, area party.Area, id int64, due reconcile.DueChange, today calendar.Day,
) error {
	_, err := t.Exec(ctx, `insert into break_due (area, break_id, due_on, reason, set_by, set_on, set_at)
		values ($1, $2, $3, $4, $5, $6, $7)`, area, id, due.DueOn, due.Reason, due.By, today, t.at)
	if err != nil {
		return fmt.Errorf("set the due day of break %d: %w", id, err)
	}
	return nil
}

// AddBreakNote implements reconcile.DossierTx.
func (t *tx) AddBreakNote(ctx context.Context, area party.Area, id int64, text, by string) (reconcile.Note, error) {
	n := reconcile.Note{ID: 0, Break: id, Text: text, By: by, At: t.at}
	err := t.QueryRow(ctx, `insert into break_note (area, break_id, text, noted_by, noted_at) values ($1, $2, $3, $4, $5)
		returning id`, area, id, text, by, t.at).Scan(&n.ID)
	if err != nil {
		return n, fmt.Errorf("note about break %d: %w", id, err)
	}
	return n, nil
}

// AddAttachment implements reconcile.DossierTx.
func (t *tx) AddAttachment(
	ctx context.Context, area party.Area, a reconcile.Attachment, bytes []byte,
) (reconcile.Attachment, error) {
	a.At = t.at
	err := t.QueryRow(ctx, `
		insert into break_attachment (area, break_id, name, media_type, size, digest, attached_by, attached_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8) returning id`,
		area, a.Break, a.Name, a.MediaType, a.Size, a.Digest[:], a.By, t.at).Scan(&a.ID)
	if err != nil {
		return a, fmt.Errorf("attach a paper to break %d: %w", a.Break, err)
	}
	part := 0
	for b := range slices.Chunk(bytes, reconcile.AttachmentPart) {
		_, err := t.Exec(ctx, `insert into break_attachment_part (area, attachment_id, part, bytes) values ($1, $2, $3, $4)`,
			area, a.ID, part, b)
		if err != nil {
			return a, fmt.Errorf("store part %d of paper %d: %w", part, a.ID, err)
		}
		part++
	}
	return a, nil
}

// FindAttachment implements reconcile.DossierTx.
func (t *tx) FindAttachment(
	ctx context.Context, area party.Area, breakID, id int64,
) (reconcile.Attachment, error) {
	list, err := t.attachments(ctx, area, breakID, id)
	if err == nil && len(list) == 0 {
		err = reconcile.ErrNoAttachment
	}
	if err != nil {
		return reconcile.Attachment{}, err //nolint:exhaustruct // none
	}
	return list[0], nil
}

func (t *tx) attachments(ctx context.Context, area party.Area, breakID, id int64) ([]reconcile.Attachment, error) {
	rows, err := t.Query(ctx, chain+`
		select n.id, n.break_id, n.name, n.media_type, n.size, n.digest, n.attached_by, n.attached_at
		from chain k join break_attachment n on n.area = $1 and n.break_id = k.id
		where $3 = 0::bigint or n.id = $3 order by n.id`, area, breakID, id)
	if err != nil {
		return nil, fmt.Errorf("papers about break %d: %w", breakID, err)
	}
	return collect(rows, "papers", func(row pgx.CollectableRow) (a reconcile.Attachment, err error) {
		var digest []byte
		err = row.Scan(&a.ID, &a.Break, &a.Name, &a.MediaType, &a.Size, &digest, &a.By, &a.At)
		copy(a.Digest[:], digest)
		return a, err
	})
}

// AttachmentPart implements reconcile.DossierTx.
func (t *tx) AttachmentPart(ctx context.Context, area party.Area, id int64, part int) ([]byte, error) {
	var b []byte
	err := t.QueryRow(ctx, `select bytes from break_attachment_part where area = $1 and attachment_id = $2 and part = $3`,
		area, id, part).Scan(&b)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read part %d of paper %d: %w", part, id, err)
	}
	return b, nil
}

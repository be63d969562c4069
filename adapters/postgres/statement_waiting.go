package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/bank"
	"twoline/reconcile"
	"twoline/reconcile/intake"
)

// waiting is SQL that says of receipt r, a file of fund account $2 in area $1, that it was
// set aside for days before it that are missing ($3), or for its opening balance ($4) and
// no statement begins after its day; that no officers decide about it or left it where it
// is; and that no other file took its name or its content.
const waiting = `r.area = $1 and r.subject = $2 and r.kind = 'statement' and r.state = 'quarantined'
	and (r.code = $3 or (r.code = $4 and not exists (select from statement s
		where s.area = r.area and s.fund_account = r.subject and s.day_from > r.part::date)))
	and not exists (select from decision_request d where d.area = r.area and d.kind = 'file' and d.subject_id = r.id
		and (d.state = 'submitted' or (d.state = 'approved' and d.word = 'reject')))
	and not exists (select from receipt o where o.area = r.area and o.bank = r.bank and o.kind = r.kind
		and coalesce(o.subject, 0) = coalesce(r.subject, 0) and o.id <> r.id and o.state in ('received', 'processed')
		and ((o.digest = r.digest and r.size > 0)
			or (o.name = r.name and o.accepted is null and r.accepted is null)))`

// WaitingStatement implements reconcile.Tx.
func (t *tx) WaitingStatement(ctx context.Context, a reconcile.Account, after int64) (int64, error) {
	var id int64
	err := t.QueryRow(ctx, `select r.id from receipt r where `+waiting+`
		and ($5 = 0::bigint or (r.part, r.id) > (select p.part, p.id from receipt p where p.area = $1 and p.id = $5))
		order by r.part, r.id limit 1`,
		a.Area, a.ID, intake.ErrGap.Code, intake.ErrOpening.Code, after).Scan(&id)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("statements of fund account %d that wait: %w", a.ID, err)
	}
	return id, nil
}

// ResumeStatement implements reconcile.Tx. The lock comes in a statement of its own: what
// officers ask for is read after the wait.
func (t *tx) ResumeStatement(ctx context.Context, a reconcile.Account, receipt int64) (bank.Receipt, error) {
	none := bank.Receipt{} //nolint:exhaustruct // none
	if _, err := t.Exec(ctx, `select from receipt where area = $1 and id = $2 for no key update`, a.Area, receipt); err != nil {
		return none, fmt.Errorf("lock receipt %d: %w", receipt, err)
	}
	was, err := t.Receipt(ctx, a.Area, receipt)
	if err != nil {
		return none, err
	}
	tag, err := t.Exec(ctx, `update receipt r set state = 'received', code = '', text = '', processed_at = null
		where r.id = $5 and `+waiting, a.Area, a.ID, intake.ErrGap.Code, intake.ErrOpening.Code, receipt)
	switch {
	case isUnique(err, "receipt_digest"), isUnique(err, "receipt_name"), err == nil && tag.RowsAffected() != 1:
		return none, reconcile.ErrNotWaiting
	case err != nil:
		return none, fmt.Errorf("resume receipt %d: %w", receipt, err)
	}
	return was, t.EndCase(ctx, a.Area, "file_quarantined", fmt.Sprintf("receipt:%d", receipt), "job",
		"the days before it were taken in, and then the file")
}

// RestateStatement implements reconcile.Tx. The case, and since when the file is aside,
// stay as they are.
func (t *tx) RestateStatement(ctx context.Context, a reconcile.Account, receipt int64, code, text string) error {
	_, err := t.Exec(ctx, `update receipt r set code = $6, text = $7 where r.id = $5 and `+waiting,
		a.Area, a.ID, intake.ErrGap.Code, intake.ErrOpening.Code, receipt, code, text)
	if err != nil {
		return fmt.Errorf("restate receipt %d: %w", receipt, err)
	}
	return nil
}

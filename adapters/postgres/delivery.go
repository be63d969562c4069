package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/bank"
	"twoline/gateway/disbursement"
	"twoline/gateway/party"
)

type deliveryStore struct{ db *DB }

// Delivery stores what becomes of files that go to banks by folder.
func (db *DB) Delivery() bank.DeliveryStore { return deliveryStore{db} }

func (s deliveryStore) InTx(ctx context.Context, fn func(bank.DeliveryTx) error) error {
	return s.db.InTx(ctx, func(t *tx) error { return fn(t) })
}

// parcelSQL reads batches of both directions as parcels; which is SQL over batch b.
func parcelSQL(which string) string {
	const columns = `area, id, bank, batch_no, file_name, file_digest, file_size, item_count, amount`
	return `
	select ` + columns + `, pays, recalled, exists (select from parcel_step s where s.area = x.area and s.batch_id = x.id
			and s.step = 'placing'),
		exists (select from exception_case c where c.area = x.area and c.kind = 'outbox_conflict'
		and starts_with(c.subject, 'outbox_file:' || x.id || ':')
		and not exists (select from exception_closed e where e.area = c.area and e.case_id = c.id))
	from (
		select ` + columns + `, false as pays, false as recalled from withholding_batch b where ` + which + `
		union all
		select ` + columns + `, true, b.state = 'withdrawn' from payment_batch b where ` + which + `) x
	order by x.id`
}

// notExecuted says of a batch, under its name in the query, that people settled an
// item of it as not executed. The ids of items follow the batch's own.
func notExecuted(b string) string {
	return `exists (select from decision_request d where d.area = ` + b + `.area and d.kind = 'item'
	and d.subject_id between ` + b + `.id + 1 and ` + b + `.id + ` + b + `.item_count and d.state = 'approved'
	and d.word in ('failed', 'not_executed'))`
}

func scanParcel(row pgx.CollectableRow) (p bank.Parcel, err error) {
	var digest []byte
	var pays bool
	err = row.Scan(&p.Area, &p.Batch, &p.Bank, &p.Number, &p.Name, &digest, &p.Size, &p.Count, &p.Amount, &pays,
		&p.Recalled, &p.Placing, &p.Held)
	copy(p.Digest[:], digest)
	p.Direction = bank.Collection
	if pays {
		p.Direction = bank.Payment
	}
	return p, err
}

// Waiting implements bank.DeliveryStore.
func (s deliveryStore) Waiting(ctx context.Context, bankCode string) ([]bank.Parcel, error) {
	rows, err := s.db.pool.Query(ctx, parcelSQL(`b.bank = $1 and b.state = 'sending' and not `+notExecuted(`b`)), bankCode)
	if err != nil {
		return nil, fmt.Errorf("batches that wait for %s: %w", bankCode, err)
	}
	return collect(rows, "batches that wait for a bank", scanParcel)
}

// Unwanted implements bank.DeliveryStore.
func (s deliveryStore) Unwanted(ctx context.Context, bankCode string) ([]bank.Parcel, error) {
	rows, err := s.db.pool.Query(ctx, parcelSQL(`b.bank = $1 and (b.state = 'withdrawn' or `+notExecuted(`b`)+`)
		and not exists (select from parcel_step s where s.area = b.area and s.batch_id = b.id and s.step <> 'placing')`)+`
		limit 100`, bankCode)
	if err != nil {
		return nil, fmt.Errorf("batches that %s is not to have: %w", bankCode, err)
	}
	return collect(rows, "unwanted batches of a bank", scanParcel)
}

// ParcelOf implements bank.DeliveryStore.
func (s deliveryStore) ParcelOf(
	ctx context.Context, bankCode string, n bank.Named,
) (bank.Parcel, error) {
	none := bank.Parcel{} //nolint:exhaustruct // none
	where := `b.bank = $1 and right(b.batch_no, length($2)) = $2 and ($3::date is null or b.created_on = $3)`
	if len(n.Number) == fullNumber {
		where = `b.bank = $1 and b.batch_no = $2 and ($3::date is null or b.created_on = $3)`
	}
	rows, err := s.db.pool.Query(ctx, parcelSQL(where), bankCode, n.Number, dayText(n.Day))
	if err != nil {
		return none, fmt.Errorf("batch %s of %s: %w", n.Number, bankCode, err)
	}
	found, err := collect(rows, "batches of a number", scanParcel)
	if err != nil {
		return none, err
	}
	if n.Direction != bank.NoBatchDirection {
		found = slices.DeleteFunc(found, func(p bank.Parcel) bool { return p.Direction != n.Direction })
	}
	var named []bank.Parcel
	for _, p := range found {
		for _, a := range n.Areas {
			if p.Area == a {
				named = append(named, p)
			}
		}
	}
	// A word of six digits may be something else than an area, where one batch is meant anyhow.
	if len(found) == 1 && len(named) == 0 {
		named = found
	}
	if len(named) != 1 {
		return none, bank.ErrNoBatch
	}
	return named[0], nil
}

// fullNumber is how many digits a batch's number has.
const fullNumber = 8

// BankForm is how an area registered a bank's files.
type BankForm struct{ Bank, Format, Charset string }

// BankForms returns the formats and charsets of all registered banks.
func (db *DB) BankForms(ctx context.Context) ([]BankForm, error) {
	rows, err := db.pool.Query(ctx, `select distinct bank, format, charset from bank order by 1, 2, 3`)
	if err != nil {
		return nil, fmt.Errorf("formats of banks: %w", err)
	}
	return collect(rows, "formats of banks", pgx.RowToStructByPos[BankForm])
}

// Formats implements bank.DeliveryStore.
func (s deliveryStore) Formats(ctx context.Context, bankCode string) ([]string, error) {
	rows, err := s.db.pool.Query(ctx, `select distinct format from bank where bank = $1 order by 1`, bankCode)
	if err != nil {
		return nil, fmt.Errorf("formats of %s: %w", bankCode, err)
	}
	return collect(rows, "formats of a bank", pgx.RowTo[string])
}

// HomeArea implements bank.DeliveryStore.
func (s deliveryStore) HomeArea(ctx context.Context, bankCode string) (area party.Area, err error) {
	err = s.db.Read(ctx, func(t *tx) error {
		area, err = t.HomeArea(ctx, bankCode)
		return err
	})
	return area, err
}

// LockParcel implements bank.DeliveryTx.
func (t *tx) LockParcel(ctx context.Context, p bank.Parcel) (bank.BatchState, error) {
	if p.Direction == bank.Payment {
		b, err := t.LockPayBatch(ctx, p.Area, "", p.Batch)
		return b.State, err
	}
	b, err := t.LockBatch(ctx, p.Area, "", p.Batch)
	return b.State, err
}

// Withheld implements bank.DeliveryTx.
func (t *tx) Withheld(ctx context.Context, p bank.Parcel) (withheld bool, err error) {
	table := "withholding_batch"
	if p.Direction == bank.Payment {
		table = "payment_batch"
	}
	err = t.QueryRow(ctx, `select `+notExecuted(`b`)+` from `+table+` b where b.area = $1 and b.id = $2`, p.Area, p.Batch).
		Scan(&withheld)
	if err != nil {
		return false, fmt.Errorf("look whether batch %d may go out: %w", p.Batch, err)
	}
	return withheld, nil
}

// KeepStep implements bank.DeliveryTx.
func (t *tx) KeepStep(ctx context.Context, p bank.Parcel, step bank.ParcelStep) error {
	_, err := t.Exec(ctx, `insert into parcel_step (area, batch_id, step, at) values ($1, $2, $3, $4)
		on conflict do nothing`, p.Area, p.Batch, string(step), t.at)
	if err != nil {
		return fmt.Errorf("keep that batch %d is %s: %w", p.Batch, step, err)
	}
	return nil
}

// ParcelSent implements bank.DeliveryTx.
func (t *tx) ParcelSent(ctx context.Context, p bank.Parcel, actor, evidence string) error {
	if p.Direction == bank.Payment {
		b, err := t.LockPayBatch(ctx, p.Area, "", p.Batch)
		if err != nil {
			return err
		}
		_, err = t.MovePayBatch(ctx, b, bank.BatchSent, actor, evidence)
		return err
	}
	b, err := t.LockBatch(ctx, p.Area, "", p.Batch)
	if err != nil {
		return err
	}
	_, err = t.MoveBatch(ctx, b, bank.BatchSent, actor, evidence)
	return err
}

// OpenParcelCase implements bank.DeliveryTx.
func (t *tx) OpenParcelCase(ctx context.Context, area party.Area, c bank.DeliveryCase) error {
	return t.OpenCase(ctx, area, Case(c))
}

// CloseParcelCase implements bank.DeliveryTx.
func (t *tx) CloseParcelCase(ctx context.Context, area party.Area, c bank.DeliveryCase, by string) error {
	return t.ClosePayCase(ctx, area, disbursement.Case(c), by)
}

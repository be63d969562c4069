package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/bank"
	"twoline/gateway/collection"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// Batches implements collection.Store.
func (s collectionStore) Batches(ctx context.Context, f collection.BatchFilter) ([]collection.Batch, error) {
	rows, err := s.db.pool.Query(ctx, `
		select `+batchColumns()+` from withholding_batch
		where ($1 = 0 or area = $1) and ($2 = '' or bank = $2) and ($3 = '' or state = $3) and id > $4
		order by id limit $5`, int32(f.Area), f.Bank, string(f.State), f.After, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("list batches: %w", err)
	}
	out, err := pgx.CollectRows(rows, scanBatch)
	if err != nil {
		return nil, fmt.Errorf("list batches: %w", err)
	}
	return out, nil
}

// Batch implements collection.Store.
func (s collectionStore) Batch(ctx context.Context, f collection.BatchFilter) (collection.Batch, error) {
	rows, err := s.db.pool.Query(ctx, `
		select `+batchColumns()+` from withholding_batch
		where id = $1 and ($2 = 0 or area = $2) and ($3 = '' or bank = $3)`, f.ID, int32(f.Area), f.Bank)
	return single(rows, err, fmt.Sprintf("read batch %d", f.ID), collection.ErrBatchUnknown, scanBatch)
}

// finalOfItem joins the answer that decided item i. It is looked up item by item:
// behind "limit 1" the planner has only the index of the pair, whereas a join by
// area and item alone may, while the tables of a large run still have no statistics,
// become a walk over all answers of the area for each item.
const finalOfItem = `left join lateral (
		select outcome, class, code, text, bank_reference, value_date, receipt_id from answer
		where area = i.area and item_id = i.id and disposition = 'recorded' limit 1)`

// answeredOn is SQL for the business day on which answer x came in.
func answeredOn(x string) string {
	return `coalesce(` + x + `.business_day, (` + x + `.answered_at at time zone 'Asia/Shanghai')::date)`
}

// notDealtWith is SQL that says of an item or receipt that its money is neither
// posted nor to be given back.
func notDealtWith(x string) string {
	return `not exists (select from posting p where p.area = ` + x + `.area and p.cause_id = ` + x + `.id)
		  and not exists (select from refund_task g where g.area = ` + x + `.area and g.cause_id = ` + x + `.id)`
}

const standingSQL = `
	select i.id, i.batch_id, i.seq, i.member_id, i.year, i.attempt, i.amount, i.mandate_id, i.mandate_no, i.account_no,
		i.name, i.id_number, i.social_no, i.region, b.batch_no, b.bank, coalesce(a.outcome, 'unknown'),
		coalesce(a.class, 'UNKNOWN'), coalesce(a.code, ''), coalesce(a.text, ''), coalesce(a.bank_reference, ''),
		a.value_date, exists (select from posting p where p.area = i.area and p.cause_id = i.id),
		(select max(q.asked_on) from bank_query q where q.area = i.area and q.item_id = i.id)
	from withholding_item i
	join withholding_batch b on b.area = i.area and b.id = i.batch_id
	` + finalOfItem + ` a on true`

func scanStanding(row pgx.CollectableRow) (collection.ItemStanding, error) {
	var i collection.ItemStanding
	var amount int64
	var account, name, idNumber, outcome string
	err := row.Scan(&i.ID, &i.Batch, &i.Seq, &i.Member, &i.Year, &i.Attempt, &amount, &i.Mandate, &i.MandateNo,
		&account, &name, &idNumber, &i.SocialNo, &i.Region, &i.BatchNumber, &i.Bank, &outcome, &i.Class, &i.Code,
		&i.Text, &i.BankReference, &i.ValueDate, &i.Posted, &i.QueriedOn)
	if err != nil {
		return i, err
	}
	i.Amount = money.Amount(amount)
	i.Name, i.IDNumber, i.Account = party.Stored(name, idNumber, account)
	i.Outcome, err = bank.ParseOutcome(outcome)
	return i, err
}

// Items implements collection.Store.
func (s collectionStore) Items(
	ctx context.Context, area party.Area, batch int64, after, limit int,
) ([]collection.ItemStanding, error) {
	rows, err := s.db.pool.Query(ctx, standingSQL+`
		where i.area = $1 and i.batch_id = $2 and i.seq > $3 order by i.seq limit $4`, area, batch, after, limit)
	if err != nil {
		return nil, fmt.Errorf("items of batch %d: %w", batch, err)
	}
	out, err := pgx.CollectRows(rows, scanStanding)
	if err != nil {
		return nil, fmt.Errorf("items of batch %d: %w", batch, err)
	}
	return out, nil
}

// FindItem implements collection.Store.
func (s collectionStore) FindItem(ctx context.Context, f collection.ItemFilter) (collection.ItemStanding, error) {
	rows, err := s.db.pool.Query(ctx, standingSQL+`
		where ($1 = 0 or i.area = $1) and i.area = any(select area from area) and ($2 = '' or b.bank = $2)
		  and ($3 <> 0::bigint and i.id = $3 or $4 <> '' and a.bank_reference = $4) order by i.id limit 1`,
		int32(f.Area), f.Bank, f.ID, f.BankReference)
	return single(rows, err, "find item", collection.ErrItemUnknown, scanStanding)
}

// EachItem implements collection.Store. It holds one connection while fn runs.
func (s collectionStore) EachItem(
	ctx context.Context, area party.Area, batch int64, fn func(collection.Item) error,
) error {
	rows, err := s.db.pool.Query(ctx, `
		select id, batch_id, seq, member_id, year, attempt, amount, mandate_id, mandate_no, account_no, name, id_number,
			social_no, region
		from withholding_item where area = $1 and batch_id = $2 order by seq`, area, batch)
	if err != nil {
		return fmt.Errorf("items of batch %d: %w", batch, err)
	}
	var i collection.Item
	var amount int64
	var account, name, idNumber string
	_, err = pgx.ForEachRow(rows, []any{
		&i.ID, &i.Batch, &i.Seq, &i.Member, &i.Year, &i.Attempt, &amount, &i.Mandate, &i.MandateNo, &account, &name,
		&idNumber, &i.SocialNo, &i.Region,
	}, func() error {
		i.Amount = money.Amount(amount)
		i.Name, i.IDNumber, i.Account = party.Stored(name, idNumber, account)
		return fn(i)
	})
	if err != nil {
		return fmt.Errorf("items of batch %d: %w", batch, err)
	}
	return nil
}

// Partner implements collection.Store.
func (s collectionStore) Partner(
	ctx context.Context, area party.Area, scheme ledger.Scheme, code string,
) (collection.Partner, error) {
	rows, err := s.db.pool.Query(ctx, partnerSQL, area, scheme, []string{code})
	if err != nil {
		return collection.Partner{}, fmt.Errorf("partner %s: %w", code, err) //nolint:exhaustruct // none
	}
	partners, err := collectPartners(rows)
	if err != nil || len(partners) != 1 {
		return collection.Partner{}, fmt.Errorf("partner %s of area %s: %d found: %w", code, area, len(partners), err) //nolint:exhaustruct // the rest is zero
	}
	return partners[0], nil
}

// ReceiptLines implements collection.Store.
func (s collectionStore) ReceiptLines(
	ctx context.Context, area party.Area, receipt int64, after, limit int,
) ([]collection.Decision, error) {
	rows, err := s.db.pool.Query(ctx, `
		select line, coalesce(item_id, 0), outcome, class, code, text, disposition, refusal from answer
		where area = $1 and receipt_id = $2 and line > $3 order by line limit $4`, area, receipt, after, limit)
	if err != nil {
		return nil, fmt.Errorf("lines of receipt %d: %w", receipt, err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (d collection.Decision, err error) {
		var outcome string
		err = row.Scan(&d.Line, &d.Item, &outcome, &d.Class, &d.Code, &d.Text, &d.Disposition, &d.Refusal)
		if err == nil {
			d.Outcome, err = bank.ParseOutcome(outcome)
		}
		return d, err
	})
	if err != nil {
		return nil, fmt.Errorf("lines of receipt %d: %w", receipt, err)
	}
	return out, nil
}

// AreaOfMember implements collection.Store.
func (s collectionStore) AreaOfMember(
	ctx context.Context, area party.Area, bankCode string, member int64,
) (party.Area, error) {
	var found party.Area
	err := s.db.pool.QueryRow(ctx, `
		select m.area from area a join member m on m.area = a.area and m.id = $3
		where ($1 = 0 or a.area = $1)
		  and ($2 = '' or exists (select from bank b where b.area = a.area and b.bank = $2))`,
		int32(area), bankCode, member).Scan(&found)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, collection.ErrMemberUnknown
	}
	if err != nil {
		return 0, fmt.Errorf("area of member %d: %w", member, err)
	}
	return found, nil
}

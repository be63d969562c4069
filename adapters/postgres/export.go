package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// ExportedLine is one line of a fund account's book as reconciliation sees it: an
// item with its components summed, or a direct move; never a sum line.
type ExportedLine struct {
	// ID names the posting: entry and line.
	ID   string
	Date calendar.Day
	// Direction is as the bank sees it: credit is into the account.
	Direction string
	Amount    money.Amount
	// Reference is the item's id, a return's the id of the item that came back, or
	// the move's own; Batch is the batch number.
	Reference, Batch, Text string
}

// FundAccountOf finds a fund account by its number at the bank. Where a fixed
// deposit bears the number of the account that it was placed from, it is that one.
func (db *DB) FundAccountOf(ctx context.Context, account string) (area party.Area, id int64, err error) {
	err = db.pool.QueryRow(ctx, `
		select area, id from fund_account where account_no = $1 order by role = 'fixed_deposit', area, id limit 1`,
		account).Scan(&area, &id)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, 0, collection.ErrFundAccount
	}
	if err != nil {
		return 0, 0, fmt.Errorf("find fund account: %w", err)
	}
	return area, id, nil
}

// ExportBook calls fn for every line of the account from one effective day to
// another, in the order of booking. The account is its number at the bank.
func (db *DB) ExportBook(
	ctx context.Context, account string, from, to calendar.Day, fn func(ExportedLine) error,
) error {
	area, id, err := db.FundAccountOf(ctx, account)
	if err != nil {
		return err
	}
	rows, err := db.pool.Query(ctx, `
		select x.entry_id || '-' || x.line, x.effective_on, case when x.signed > 0 then 'credit' else 'debit' end,
			abs(x.signed)::bigint, coalesce(v.item_id::text, x.cause_id::text, split_part(e.cause, ':', 2)),
			coalesce(b.batch_no, p.batch_no, ''), e.text
		from (
			select p.entry_id, p.line, p.effective_on, p.batch_id, null::bigint as cause_id,
				case when (p.side = 'debit') <> p.red then p.amount else -p.amount end as signed
			from posting p
			where p.area = $1 and p.fund_account = $2 and p.nature = 'direct'
			  and p.role in ('income', 'fiscal_special', 'fixed_deposit', 'expenditure', 'treasury')
			  and p.effective_on between $3 and $4
			union all
			select p.entry_id, min(p.line), min(p.effective_on), min(p.batch_id), p.cause_id,
				sum(case when (p.side = 'credit') <> p.red then p.amount else -p.amount end)
			from posting p
			where p.area = $1 and p.fund_account = $2 and p.nature = 'item' and p.role not like 'personal%'
			  and p.effective_on between $3 and $4 and exists (
				select from posting s where s.area = $1 and s.entry_id = p.entry_id and s.fund_account = $2
				  and s.nature = 'sum' and s.role in ('income', 'fiscal_special', 'fixed_deposit', 'expenditure', 'treasury'))
			group by p.entry_id, p.cause_id) x
		join entry e on e.area = $1 and e.id = x.entry_id
		left join payment_return v on e.kind = 'payment_return' and v.area = $1 and v.id = x.cause_id
		left join withholding_batch b on b.area = $1 and b.id = x.batch_id
		left join payment_batch p on p.area = $1 and p.id = x.batch_id
		where x.signed <> 0 order by x.entry_id, x.line`, area, id, from, to)
	if err != nil {
		return fmt.Errorf("book of fund account %d: %w", id, err)
	}
	var l ExportedLine
	var amount int64
	_, err = pgx.ForEachRow(rows, []any{
		&l.ID, &l.Date, &l.Direction, &amount, &l.Reference, &l.Batch, &l.Text,
	}, func() error {
		l.Amount = money.Amount(amount)
		return fn(l)
	})
	if err != nil {
		return fmt.Errorf("book of fund account %d: %w", id, err)
	}
	return nil
}

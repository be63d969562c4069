package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/reconcile"
	"twoline/reconcile/match"
)

// EachSettledLater implements reconcile.Tx.
func (t *tx) EachSettledLater(
	ctx context.Context, a reconcile.Account, day calendar.Day, onBank func(match.StatementLine) error,
	onBook func(match.BookLine) error,
) error {
	rows, err := t.Query(ctx, `
		select l.id, l.direction, l.amount, l.booking_date, l.value_date, l.bank_reference, l.end_to_end_id
		from reconciliation_match m join statement_line l on l.area = m.area and l.id = m.statement_line_id
		where m.area = $1 and m.fund_account = $2 and m.settled_on > $3 and l.booking_date <= $3`, a.Area, a.ID, day)
	if err != nil {
		return fmt.Errorf("lines of the bank settled after %s: %w", day, err)
	}
	var l match.StatementLine
	var direction string
	var amount int64
	_, err = pgx.ForEachRow(rows, []any{
		&l.ID, &direction, &amount, &l.Booked, &l.Value, &l.BankReference, &l.EndToEndID,
	}, func() error {
		l.Direction, l.Amount = directionOf(direction), money.Amount(amount)
		return onBank(l)
	})
	if err != nil {
		return fmt.Errorf("lines of the bank settled after %s: %w", day, err)
	}
	return t.eachBookLineSettledLater(ctx, a, day, onBook)
}

func (t *tx) eachBookLineSettledLater(
	ctx context.Context, a reconcile.Account, day calendar.Day, fn func(match.BookLine) error,
) error {
	err := t.eachKeptBookLine(ctx, fn, `reconciliation_match m
			join posting p on p.area = $1 and p.entry_id = m.entry_id and p.line = m.book_line
			where m.area = $1 and m.fund_account = $2 and m.settled_on > $3 and p.accounted_on <= $3`, a.Area, a.ID, day)
	if err != nil {
		return fmt.Errorf("lines of the book settled after %s: %w", day, err)
	}
	return nil
}

// eachKeptBookLine gives book lines of fund account $2 in area $1 by their postings p,
// which from names: direct moves, or items by the first of their components.
func (t *tx) eachKeptBookLine(ctx context.Context, fn func(match.BookLine) error, from string, args ...any) error {
	rows, err := t.Query(ctx, `
		with movement as (
			select p.entry_id, p.line, p.accounted_on, p.effective_on, p.cause_id as item, case when p.nature = 'direct'
				then case when (p.side = 'debit') <> p.red then p.amount else -p.amount end
				else (select sum(case when ((i.side = 'credit') <> i.red)
					<> (i.role in ('income', 'fiscal_special', 'fixed_deposit', 'expenditure', 'treasury'))
					then i.amount else -i.amount end)
				      from posting i where i.area = $1 and i.entry_id = p.entry_id and i.cause_id = p.cause_id
				        and i.fund_account = $2 and i.nature = 'item' and i.role not like 'personal%') end::bigint as signed
			from `+from+`)
		select m.entry_id, m.line, m.accounted_on, m.effective_on, coalesce(v.item_id, m.item, 0), m.signed,
			case when v.id is not null then v.id
				when split_part(e.cause, ':', 2) ~ '^[0-9]{1,18}$' then split_part(e.cause, ':', 2)::bigint else 0 end,
			coalesce(v.bank_reference, w.bank_reference, nullif(f.bank_reference, ''), r.bank_reference, '')
		from movement m
		join entry e on e.area = $1 and e.id = m.entry_id
		left join payment_return v on e.kind = 'payment_return' and v.area = $1 and v.id = m.item
		left join answer w on w.area = $1 and w.item_id = m.item and w.disposition = 'recorded'
		left join fund_transfer f on m.item is null and f.area = $1 and f.id = case
			when split_part(e.cause, ':', 2) ~ '^[0-9]{1,18}$' then split_part(e.cause, ':', 2)::bigint end
		left join arrival r on m.item is null and r.area = $1 and r.id = case
			when split_part(e.cause, ':', 2) ~ '^[0-9]{1,18}$' then split_part(e.cause, ':', 2)::bigint end`, args...)
	if err != nil {
		return err
	}
	var b match.BookLine
	var item, signed int64
	_, err = pgx.ForEachRow(rows, []any{
		&b.Key.Entry, &b.Key.Line, &b.Booked, &b.Value, &item, &signed, &b.Cause, &b.BankReference,
	}, func() error {
		b.Direction, b.Amount = bank.Credit, money.Amount(signed)
		if signed < 0 {
			b.Direction, b.Amount = bank.Debit, money.Amount(-signed)
		}
		b.Own, b.Reference = item != 0, idText(item)
		if item == 0 {
			b.Reference = idText(b.Cause)
		}
		return fn(b)
	})
	return err
}

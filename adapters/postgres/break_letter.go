package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/reconcile"
)

// DrawLetter implements reconcile.LetterTx. Whoever draws one to the same bank waits:
// the next number is one more than the last, and a letter that was given up leaves none
// out. Beside the break's lines it names the line by which the bank did the same before.
func (t *tx) DrawLetter(ctx context.Context, a reconcile.Account, l reconcile.Letter) (reconcile.Letter, error) {
	account, err := t.StatementAccount(ctx, a)
	if err != nil {
		return l, err
	}
	_, err = t.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('letter ' || $1::int || ' ' || $2, 0))`,
		int32(a.Area), account.Bank)
	if err != nil {
		return l, fmt.Errorf("number a letter to %s: %w", account.Bank, err)
	}
	if err := t.noRefundAlive(ctx, l); err != nil {
		return l, err
	}
	l.Year, l.DrawnAt = l.DrawnOn.Year(), t.at
	err = t.QueryRow(ctx, `
		insert into break_letter (area, break_id, fund_account, bank, year, number, wish, direction, amount, answer_by, drawn_by,
			drawn_on, drawn_at)
		select $1, $2, $3, $4, $5, 1 + coalesce((select max(number) from break_letter where area = $1 and bank = $4
			and year = $5), 0), $6, $7, $8, $9, $10, $11, $12
		returning id, number`,
		a.Area, l.Break, a.ID, account.Bank, l.Year, string(l.Wish), l.Direction.String(), l.Amount.Fen(), l.AnswerBy, l.DrawnBy,
		l.DrawnOn, t.at).Scan(&l.ID, &l.Number)
	if err != nil {
		return l, fmt.Errorf("draw a letter about break %d: %w", l.Break, err)
	}
	tag, err := t.Exec(ctx, `
		with named as (
			select k.statement_line_id, k.entry_id, k.book_line, l.booking_date as day from break_line k
			left join statement_line l on l.area = k.area and l.id = k.statement_line_id
			where k.area = $1 and k.break_id = $2),
		before as (
			select distinct e.id, e.booking_date as day from named n
			join statement_line l on l.area = $1 and l.id = n.statement_line_id
			join statement_line e on e.area = l.area and e.fund_account = l.fund_account
				and coalesce(nullif(e.end_to_end_id, ''), e.bank_reference)
					= coalesce(nullif(l.end_to_end_id, ''), l.bank_reference)
				and e.direction = l.direction and e.amount = l.amount and e.id <> l.id
			join reconciliation_match m on m.area = e.area and m.statement_line_id = e.id)
		insert into break_letter_line (area, letter_id, line, earlier, statement_line_id, entry_id, book_line)
		select $1, $3, row_number() over (order by u.earlier desc, u.day nulls last, u.statement_line_id, u.entry_id, u.book_line),
			u.earlier, u.statement_line_id, u.entry_id, u.book_line
		from (select true as earlier, id as statement_line_id, null::bigint as entry_id, null::integer as book_line, day from before
			union all select false, statement_line_id, entry_id, book_line, day from named) u`, a.Area, l.Break, l.ID)
	if err != nil {
		return l, fmt.Errorf("name the lines of letter %d: %w", l.ID, err)
	}
	if tag.RowsAffected() > reconcile.MaxLetterLines {
		return l, reconcile.ErrLetterLines
	}
	return t.letter(ctx, a.Area, l.ID)
}

// noRefundAlive refuses a second letter for the money of a line. The database refuses it
// too; here it is named.
func (t *tx) noRefundAlive(ctx context.Context, l reconcile.Letter) error {
	if l.Wish != reconcile.AskRefund {
		return nil
	}
	var id int64
	err := t.QueryRow(ctx, `
		select coalesce(min(o.id), 0) from break_line k
		join break_letter_line n on n.area = k.area and n.statement_line_id = k.statement_line_id and not n.earlier
		join break_letter o on o.area = n.area and o.id = n.letter_id and o.wish = 'refund' and o.answer_by >= $3
		where k.area = $1 and k.break_id = $2`, l.Area, l.Break, l.DrawnOn).Scan(&id)
	if err != nil {
		return fmt.Errorf("letters about the lines of break %d: %w", l.Break, err)
	}
	if id == 0 {
		return nil
	}
	first, err := t.letter(ctx, l.Area, id)
	if err != nil {
		return err
	}
	return reconcile.ErrLetterAlive.With("letter %s asks for this money, and the bank answers it until %s", first.No(),
		first.AnswerBy).About(first.No())
}

// LettersOf implements reconcile.LetterTx.
func (t *tx) LettersOf(ctx context.Context, area party.Area, breakID int64) ([]reconcile.Letter, error) {
	rows, err := t.Query(ctx, chain+`
		select l.id from chain k join break_letter l on l.area = $1 and l.break_id = k.id order by l.id`, area, breakID)
	if err != nil {
		return nil, fmt.Errorf("letters about break %d: %w", breakID, err)
	}
	ids, err := collect(rows, "letters", pgx.RowTo[int64])
	if err != nil {
		return nil, err
	}
	list := make([]reconcile.Letter, len(ids))
	for i, id := range ids {
		if list[i], err = t.letter(ctx, area, id); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (t *tx) letter(ctx context.Context, area party.Area, id int64) (reconcile.Letter, error) {
	l := reconcile.Letter{Area: area, ID: id} //nolint:exhaustruct // read below
	var direction string
	var amount, account int64
	err := t.QueryRow(ctx, `
		select l.break_id, l.fund_account, l.year, l.number, l.wish, l.direction, l.amount, l.answer_by, l.drawn_by, l.drawn_on,
			l.drawn_at, b.name, a.name
		from break_letter l join bank b on b.area = l.area and b.bank = l.bank join area a on a.area = l.area
		where l.area = $1 and l.id = $2`, area, id).
		Scan(&l.Break, &account, &l.Year, &l.Number, &l.Wish, &direction, &amount, &l.AnswerBy, &l.DrawnBy, &l.DrawnOn,
			&l.DrawnAt, &l.BankName, &l.Agency)
	if err != nil {
		return l, fmt.Errorf("read letter %d: %w", id, err)
	}
	l.Direction, l.Amount = directionOf(direction), money.Amount(amount)
	if l.Account, err = t.LoadFundAccount(ctx, area, account); err != nil {
		return l, err
	}
	rows, err := t.Query(ctx, `
		select n.earlier, n.entry_id is not null, coalesce(s.booking_date, p.accounted_on), coalesce(s.direction,
				case when (p.side = 'debit') <> p.red then 'credit' else 'debit' end),
			coalesce(s.amount, p.amount), coalesce(s.bank_reference, ''),
			coalesce(s.end_to_end_id, p.cause_id::text, split_part(e.cause, ':', 2))
		from break_letter_line n
		left join statement_line s on s.area = n.area and s.id = n.statement_line_id
		left join posting p on p.area = n.area and p.entry_id = n.entry_id and p.line = n.book_line
		left join entry e on e.area = n.area and e.id = n.entry_id
		where n.area = $1 and n.letter_id = $2 order by n.line`, area, id)
	if err != nil {
		return l, fmt.Errorf("lines of letter %d: %w", id, err)
	}
	l.Lines, err = collect(rows, "lines of a letter", letterLineOf)
	return l, err
}

func letterLineOf(row pgx.CollectableRow) (reconcile.LetterLine, error) {
	var line reconcile.LetterLine
	var direction string
	var amount int64
	var day calendar.Day
	err := row.Scan(&line.Earlier, &line.Ours, &day, &direction, &amount, &line.BankReference, &line.Reference)
	line.Booked, line.Direction, line.Amount = day, directionOf(direction), money.Amount(amount)
	return line, err
}

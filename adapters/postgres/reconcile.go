package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/reconcile"
	"twoline/reconcile/match"
)

// LastReconciliation implements reconcile.Tx.
func (t *tx) LastReconciliation(ctx context.Context, a reconcile.Account) (reconcile.Mark, error) {
	var m reconcile.Mark
	err := t.QueryRow(ctx, `select day, floor from reconciliation_run where area = $1 and fund_account = $2
		order by id desc limit 1`, a.Area, a.ID).Scan(&m.Day, &m.Floor)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return m, fmt.Errorf("last run of fund account %d: %w", a.ID, err)
	}
	return m, nil
}

// SealedThrough implements reconcile.Tx.
func (t *tx) SealedThrough(ctx context.Context, a reconcile.Account) (calendar.Day, error) {
	var day calendar.Day
	err := t.QueryRow(ctx, `select b.sealed_through from book b join fund_account f using (area, scheme)
		where f.area = $1 and f.id = $2`, a.Area, a.ID).Scan(&day)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return day, fmt.Errorf("seal of fund account %d's book: %w", a.ID, err)
	}
	return day, nil
}

// movesBank is SQL that says of a posting p that it stands in an account at the bank
// and is a movement there, which the go-live entry is not.
const movesBank = `p.role in ('income', 'fiscal_special', 'fixed_deposit', 'expenditure', 'treasury') and p.kind <> 'opening'`

// Empty implements reconcile.Tx.
func (t *tx) Empty(ctx context.Context, s reconcile.Scope) (bool, error) {
	if len(s.Asked) > 0 {
		return false, nil
	}
	var empty bool
	err := t.QueryRow(ctx, `
		select not exists (select from posting p where p.area = $1 and p.fund_account = $2 and p.accounted_on > $4
				and p.accounted_on <= $3 and `+movesBank+`)
			and not exists (select from statement_line l where l.area = $1 and l.fund_account = $2 and l.booking_date > $6
				and l.booking_date <= $3)
			and ($5 or not exists (select from reconciliation_break b
				where b.area = $1 and b.fund_account = $2 and `+breakOpen+`))`,
		s.Area, s.ID, s.Day, dayOrLowest(s.Since.Floor), s.Fresh, dayOrLowest(s.Since.Day)).Scan(&empty)
	if err != nil {
		return false, fmt.Errorf("lines of fund account %d: %w", s.ID, err)
	}
	return empty, nil
}

// bankLines is SQL over the scope of a run: the account's own lines by their index,
// those of the days that the run covers and those of entries that stand in an open
// break. What was accounted on or before the floor is read only there.
const bankLines = `
	open_entry as (
		select distinct l.entry_id from reconciliation_break b
		join break_line l on l.area = b.area and l.break_id = b.id and l.entry_id is not null
		where b.area = $1 and b.fund_account = $2 and not $5
		  and not exists (select from break_closed c where c.area = b.area and c.break_id = b.id)),
	bank_line as (
		select p.entry_id, p.line, p.nature, p.accounted_on, p.effective_on, p.batch_id, p.cause_id,
			case when (p.side = 'debit') <> p.red then p.amount else -p.amount end as signed
		from posting p
		where p.area = $1 and p.fund_account = $2 and p.accounted_on > $4 and p.accounted_on <= $3
		  and ` + movesBank + `
		union all
		select p.entry_id, p.line, p.nature, p.accounted_on, p.effective_on, p.batch_id, p.cause_id,
			case when (p.side = 'debit') <> p.red then p.amount else -p.amount end
		from open_entry o join posting p on p.area = $1 and p.entry_id = o.entry_id
		where p.fund_account = $2 and p.accounted_on <= least($3::date, $4::date)
		  and ` + movesBank + `)`

// causeNumber is SQL that reads the id in the cause of entry e, as in agreement:17:1.
const causeNumber = `case when split_part(e.cause, ':', 2) ~ '^[0-9]{1,18}$' then split_part(e.cause, ':', 2)::bigint end`

// isMatched is SQL that says of a line that an earlier run may have seen whether it
// stands in a match. It looks by the key: the planner would else read an area's matches
// of all years to answer for a day's lines.
func isMatched(since, day, entry, line string) string {
	return day + ` <= ` + since + ` and (select true from reconciliation_match x
		where x.area = $1 and x.entry_id = ` + entry + ` and x.book_line = ` + line + ` limit 1) is true`
}

// EachOpenBookLine implements reconcile.Tx. A sum line leads to the items of its
// entry, and stands for none itself. Lines of the go-live entry are no movements of
// the bank.
func (t *tx) EachOpenBookLine(ctx context.Context, s reconcile.Scope, fn func(match.BookLine) error) error {
	args := []any{s.Area, s.ID, s.Day, dayOrLowest(s.Since.Floor), s.Fresh, dayOrLowest(s.Since.Day)}
	sums, err := t.eachBankLine(ctx, args, fn)
	if err == nil && sums {
		err = t.eachEntryItem(ctx, s, args, fn)
	}
	if err != nil {
		return fmt.Errorf("book lines of fund account %d: %w", s.ID, err)
	}
	return nil
}

// eachBankLine gives the direct moves and items of the account's own lines, and says
// whether there are sum lines too.
func (t *tx) eachBankLine(ctx context.Context, args []any, fn func(match.BookLine) error) (bool, error) {
	rows, err := t.Query(ctx, `
		with `+bankLines+`,
		movement as (
			select entry_id, line, accounted_on, effective_on, batch_id, null::bigint as item, signed::numeric, false as sums
			from bank_line where nature = 'direct'
			union all
			select entry_id, min(line), accounted_on, effective_on, min(batch_id), cause_id, sum(signed), false
			from bank_line where nature = 'item'
			group by entry_id, accounted_on, effective_on, cause_id
			union all
			(select entry_id, line, accounted_on, effective_on, batch_id, null, 1, true from bank_line where nature = 'sum' limit 1))
		select m.entry_id, m.line, m.accounted_on, m.effective_on, coalesce(m.batch_id, 0), coalesce(v.item_id, m.item, 0),
			m.signed::bigint, coalesce(e.reverses, 0), coalesce(v.id, `+causeNumber+`, 0),
			coalesce(v.bank_reference, w.bank_reference, nullif(f.bank_reference, ''), r.bank_reference, y.bank_reference,
				z.bank_reference, ''), m.sums
		from movement m
		join entry e on e.area = $1 and e.id = m.entry_id
		left join payment_return v on v.area = $1 and v.id = case when e.kind = 'payment_return' then m.item end
		left join answer w on w.area = $1 and w.item_id = m.item and w.disposition = 'recorded'
		left join fund_transfer f on f.area = $1 and f.id = case when m.item is null then `+causeNumber+` end
		left join arrival r on r.area = $1 and r.id = case when m.item is null then `+causeNumber+` end
		left join member_transfer_receipt y on y.area = $1 and e.kind = 'payment_return' and m.item is null
			and y.transfer_id = `+causeNumber+`
		left join refund_returned z on z.area = $1 and e.kind = 'payment_return' and m.item is null
			and e.cause = 'refund:' || z.refund_id || ':' || z.attempt || ':back' and z.refund_id = `+causeNumber+`
		where m.signed <> 0 and (m.sums or not (`+isMatched("$6", "m.accounted_on", "m.entry_id", "m.line")+`))`, args...)
	if err != nil {
		return false, err
	}
	var b match.BookLine
	var batch, item, signed int64
	var sum, sums bool
	targets := []any{
		&b.Key.Entry, &b.Key.Line, &b.Booked, &b.Value, &batch, &item, &signed, &b.Reverses, &b.Cause, &b.BankReference, &sum,
	}
	_, err = pgx.ForEachRow(rows, targets, func() error {
		if sum {
			sums = true
			return nil
		}
		return fn(bookLineOf(b, batch, item, signed))
	})
	return sums, err
}

func bookLineOf(b match.BookLine, batch, item, signed int64) match.BookLine {
	b.Direction, b.Amount = bank.Credit, money.Amount(signed)
	if signed < 0 {
		b.Direction, b.Amount = bank.Debit, money.Amount(-signed)
	}
	b.Batch, b.Own, b.Reference = idText(batch), item != 0, idText(item)
	if item == 0 {
		b.Reference = idText(b.Cause)
	}
	return b
}

// sumEntry is an entry of which the account has a sum line.
type sumEntry struct {
	ID, Reverses, Cause int64
	// TerminalDay is of whose receipts, or List of whose lines, its items are, or 0.
	TerminalDay int64
	// Returns says that its items are payments that came back.
	Returns bool
}

func (t *tx) sumEntries(ctx context.Context, args []any) (map[int64]sumEntry, []int64, error) {
	rows, err := t.Query(ctx, `
		with `+bankLines+`
		select e.id, coalesce(e.reverses, 0), coalesce(`+causeNumber+`, 0), coalesce(g.subject_id, 0), e.kind = 'payment_return'
		from (select distinct entry_id from bank_line where nature = 'sum') s
		join entry e on e.area = $1 and e.id = s.entry_id
		left join agreement g on g.area = $1 and e.cause like 'agreement:%' and g.id = `+causeNumber+`
			and g.subject in ('terminal_day', 'list')`, args[:5]...)
	if err != nil {
		return nil, nil, err
	}
	out := map[int64]sumEntry{}
	var ids []int64
	var e sumEntry
	_, err = pgx.ForEachRow(rows, []any{&e.ID, &e.Reverses, &e.Cause, &e.TerminalDay, &e.Returns}, func() error {
		out[e.ID] = e
		ids = append(ids, e.ID)
		return nil
	})
	return out, ids, err
}

// receiptNamed is SQL that gives what the bank called the money of an item that has no answer:
// of a member's transfer in, whose item is its receipt, or of a payment by hand.
func receiptNamed(item string) string {
	return `(select x.bank_reference from member_transfer_receipt x where x.area = $1 and x.id = ` + item + `
		union all select h.bank_reference from hand_payment h where h.area = $1 and h.id = ` + item + `)`
}

// returnedItem is the payment that a line gives back.
type returnedItem struct {
	item      int64
	reference string
}

// returnedItems are the payments that entries give back, by the return.
func (t *tx) returnedItems(
	ctx context.Context, s reconcile.Scope, entries map[int64]sumEntry,
) (map[int64]returnedItem, error) {
	var ids []int64
	for id, e := range entries {
		if e.Returns {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil, nil //nolint:nilnil // a map without entries
	}
	rows, err := t.Query(ctx, `
		select v.id, v.item_id, v.bank_reference from posting i
		join payment_return v on v.area = i.area and v.id = i.cause_id
		where i.area = $1 and i.entry_id = any($2) and i.fund_account = $3`, s.Area, ids, s.ID)
	if err != nil {
		return nil, err
	}
	out := map[int64]returnedItem{}
	var id int64
	var r returnedItem
	_, err = pgx.ForEachRow(rows, []any{&id, &r.item, &r.reference}, func() error {
		out[id] = r
		return nil
	})
	return out, err
}

// BankReferences implements reconcile.Tx.
func (t *tx) BankReferences(ctx context.Context, a reconcile.Account, references []string) ([]string, error) {
	items := make([]int64, len(references))
	for i, reference := range references {
		var err error
		if items[i], err = strconv.ParseInt(reference, 10, 64); err != nil {
			return nil, fmt.Errorf("reference of a line: %w", err)
		}
	}
	rows, err := t.Query(ctx, `
		select coalesce(w.bank_reference, `+receiptNamed("u.id")+`, '')
		from unnest($2::bigint[]) with ordinality as u (id, place)
		left join answer w on w.area = $1 and w.item_id = u.id and w.disposition = 'recorded'
		order by u.place`, a.Area, items)
	var out []string
	if err == nil {
		out, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err != nil {
		return nil, fmt.Errorf("bank references of %d lines: %w", len(references), err)
	}
	return out, nil
}

// eachEntryItem gives the items of the entries that have a sum line. The components of an
// item are added here: the database would have to sort all of them for it. What the bank
// called an item stands in its answer, and as many answers as lines are dear to look up.
// Half of an entry's lines are personal ones, which name no fund account: it is asked first.
func (t *tx) eachEntryItem(
	ctx context.Context, s reconcile.Scope, args []any, fn func(match.BookLine) error,
) error {
	entries, ids, err := t.sumEntries(ctx, args)
	if err != nil {
		return err
	}
	returned, err := t.returnedItems(ctx, s, entries)
	if err != nil {
		return err
	}
	column, join := `null::text`, ``
	if !s.Sparse {
		column = `coalesce(w.bank_reference, ` + receiptNamed("i.cause_id") + `)`
		join = `left join answer w on w.area = $1 and w.item_id = i.cause_id and w.disposition = 'recorded'`
	}
	rows, err := t.Query(ctx, `
		select i.entry_id, i.line, i.accounted_on, nullif(i.effective_on, i.accounted_on), i.batch_id, i.cause_id,
			case when (i.side = 'credit') <> i.red then i.amount else -i.amount end, `+column+`,
			nullif(`+isMatched("$4", "i.accounted_on", "i.entry_id", "i.line")+`, false)
		from (select distinct u.id from unnest($3::bigint[]) u (id) order by u.id) s
		join posting i on i.area = $1 and i.entry_id = s.id
		`+join+`
		where case when i.fund_account = $2 and i.nature = 'item'
			then i.role not in ('income', 'fiscal_special', 'fixed_deposit', 'expenditure', 'treasury')
				and i.role not like 'personal%' end
		order by s.id`, s.Area, s.ID, ids, dayOrLowest(s.Since.Day))
	if err != nil {
		return err
	}
	items := entryItems{fn: fn, entry: 0, at: map[itemKey]int{}, list: nil}
	err = eachRaw(rows, func(d *rowDecoder) error {
		var i item
		b := &i.line
		b.Key = match.Key{Entry: d.int8(), Line: d.int4()}
		b.Booked = d.day()
		b.Value = d.dayOr(b.Booked)
		i.batch, i.cause, i.signed = d.int8OrZero(), d.int8(), d.int8()
		if !d.isNull() {
			b.BankReference = d.text()
		}
		i.matched = !d.isNull() && d.bool()
		if d.err != nil {
			return d.err
		}
		e := entries[b.Key.Entry]
		b.Reverses, b.Cause, i.item = e.Reverses, e.Cause, i.cause
		if i.batch == 0 {
			i.batch = e.TerminalDay
		}
		of, returns := returned[i.cause]
		if returns && e.Returns {
			i.item, b.Cause, b.BankReference = of.item, i.cause, of.reference
		} else {
			b.Unread = s.Sparse
		}
		return items.add(i)
	})
	if err != nil {
		return err
	}
	return items.flush()
}

// item is one component of an item, or all of them added.
type item struct {
	line                       match.BookLine
	batch, cause, item, signed int64
	// matched says that a match names the first of its lines.
	matched bool
}

// itemKey tells the items of one entry apart: one cause may move money of two days.
type itemKey struct {
	cause         int64
	booked, value calendar.Day
}

// entryItems adds the components of the items of one entry after the other.
type entryItems struct {
	fn    func(match.BookLine) error
	entry int64
	at    map[itemKey]int
	list  []item
}

func (e *entryItems) add(i item) error {
	if i.line.Key.Entry != e.entry {
		if err := e.flush(); err != nil {
			return err
		}
		e.entry = i.line.Key.Entry
	}
	k := itemKey{cause: i.cause, booked: i.line.Booked, value: i.line.Value}
	at, ok := e.at[k]
	if !ok {
		e.at[k] = len(e.list)
		e.list = append(e.list, i)
		return nil
	}
	known := &e.list[at]
	i.signed += known.signed
	known.signed = i.signed
	if i.batch != 0 && (known.batch == 0 || i.batch < known.batch) {
		known.batch = i.batch
	}
	if i.line.Key.Line < known.line.Key.Line {
		known.line.Key.Line, known.matched = i.line.Key.Line, i.matched
	}
	return nil
}

func (e *entryItems) flush() error {
	for i := range e.list {
		if l := &e.list[i]; l.signed != 0 && !l.matched {
			if err := e.fn(bookLineOf(l.line, l.batch, l.item, l.signed)); err != nil {
				return err
			}
		}
	}
	e.list = e.list[:0]
	clear(e.at)
	return nil
}

func idText(id int64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(id, 10)
}

// dayOrLowest stands for no day by one before every book.
func dayOrLowest(d calendar.Day) calendar.Day {
	if d.IsZero() {
		return calendar.MustDay("1900-01-01")
	}
	return d
}

// statementLines is SQL over the statement's lines of a run's scope: those of the days
// after the last one and those that stand in an open break.
func statementLines(columns string) string {
	return `
		line as (
			select ` + columns + `
			from statement_line l
			where l.area = $1 and l.fund_account = $2 and l.booking_date > $4 and l.booking_date <= $3
			union all` + brokenLines(columns) + `)`
}

// brokenLines is SQL of the lines of earlier days that stand in an open break.
func brokenLines(columns string) string {
	return `
			select ` + columns + `
			from reconciliation_break b
			join break_line k on k.area = b.area and k.break_id = b.id and k.statement_line_id is not null
			join statement_line l on l.area = b.area and l.id = k.statement_line_id
			where b.area = $1 and b.fund_account = $2 and not $5 and l.booking_date <= least($3::date, $4::date)
			  and not exists (select from break_closed c where c.area = b.area and c.break_id = b.id)`
}

// statementColumns are those of a line that the matcher looks at.
const statementColumns = `l.id, l.direction, l.amount, l.booking_date, l.value_date, l.bank_reference, l.end_to_end_id,
	l.batch_ref, l.reversal, l.counterparty, l.counterparty_account, l.text`

// lineForMatcher is SQL that gives the matcher the lines o.
const lineForMatcher = `
	select o.id, o.direction = 'debit', o.amount, o.booking_date, nullif(o.value_date, o.booking_date), o.bank_reference,
		o.end_to_end_id, o.batch_ref, ` + told + `, o.reversal, o.counterparty, o.counterparty_account, o.text
	from line o
	left join arrival n on ` + noticed + ` and o.batch_ref = ''`

// EachOpenStatementLine implements reconcile.Tx. A batch that does not move this
// account is no name of a batch; nor is a payment batch that was never released or
// was recalled, by which the bank may move nothing. A line that names nothing of ours
// is of the batch or the terminal's day of which the bank's notice told its money; of
// several such lines ReferenceStandings says which are too many.
func (t *tx) EachOpenStatementLine(ctx context.Context, s reconcile.Scope, fn func(match.StatementLine) error) error {
	batches, err := t.batchNames(ctx, s.Account)
	if err != nil {
		return err
	}
	rows, err := t.Query(ctx, `with `+statementLines(statementColumns)+lineForMatcher+`
		order by o.booking_date, o.id`, s.Area, s.ID, s.Day, dayOrLowest(s.Since.Day), s.Fresh)
	if err == nil {
		err = eachStatementLine(rows, batches, fn)
	}
	if err != nil {
		return fmt.Errorf("statement lines of fund account %d: %w", s.ID, err)
	}
	return nil
}

// eachStatementLine decodes rows of lineForMatcher.
func eachStatementLine(rows pgx.Rows, batches map[string]string, fn func(match.StatementLine) error) error {
	return eachRaw(rows, func(d *rowDecoder) error {
		l := match.StatementLine{ID: d.int8()} //nolint:exhaustruct // filled below
		l.Direction = bank.Credit
		if d.bool() {
			l.Direction = bank.Debit
		}
		l.Amount, l.Booked = money.Amount(d.int8()), d.day()
		l.Value = d.dayOr(l.Booked)
		l.BankReference, l.EndToEndID = d.text(), d.text()
		l.Batch = batches[string(d.bytes())]
		if told := d.int8OrZero(); l.Batch == "" {
			l.Batch = idText(told)
		}
		l.Reversal = d.bool()
		l.Counterparty, l.CounterpartyAccount, l.Text = d.text(), d.text(), d.text()
		if d.err != nil {
			return d.err
		}
		return fn(l)
	})
}

// batchNames returns the batches that move the account by what a bank may call
// them: the number at the bank, or our id. A transaction asks once an account.
func (t *tx) batchNames(ctx context.Context, a reconcile.Account) (map[string]string, error) {
	if names, ok := t.batches[a]; ok {
		return names, nil
	}
	rows, err := t.Query(ctx, `
		select id, batch_no from withholding_batch where area = $1 and fund_account = $2
		union all
		select id, batch_no from payment_batch b where area = $1 and fund_account = $2 and `+withBank, a.Area, a.ID)
	if err != nil {
		return nil, fmt.Errorf("batches of fund account %d: %w", a.ID, err)
	}
	first := map[string]int64{}
	var id int64
	var number string
	_, err = pgx.ForEachRow(rows, []any{&id, &number}, func() error {
		for _, name := range []string{number, idText(id)} {
			if before, ok := first[name]; !ok || id < before {
				first[name] = id
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("batches of fund account %d: %w", a.ID, err)
	}
	names := make(map[string]string, len(first))
	for name, id := range first {
		names[name] = idText(id)
	}
	if t.batches == nil {
		t.batches = map[reconcile.Account]map[string]string{}
	}
	t.batches[a] = names
	return names, nil
}

// withBank is SQL that says of payment batch b that its bank may pay by it.
const withBank = `b.state in ('sending', 'sent', 'acked', 'unknown', 'done')`

// forbidden is SQL that says of line u, a debit of fund account $2, that it names
// what no money may leave the account by: a payment that failed, or that its bank
// pays from a lump or was never to pay; an item of another account; or a batch that
// was debited in full by the line and those before it. What a bank that corrects
// itself gave back may be debited again.
const forbidden = `(u.direction = 'debit' and case when u.echoed
	then coalesce((
		select true from payment_item i join payment_batch b on b.area = i.area and b.id = i.batch_id
		where i.area = $1 and i.id = u.id and (b.fund_account <> $2 or b.settlement = 'gross' or not ` + withBank + `
			or (select true from answer w where w.area = $1 and w.item_id = i.id and w.disposition = 'recorded'
				and w.outcome = 'failed' limit 1)) limit 1), (
		select true from withholding_item i join withholding_batch b on b.area = i.area and b.id = i.batch_id
		where i.area = $1 and i.id = u.id and b.fund_account <> $2 limit 1), false)
	else coalesce(r.due < r.moved, false) end)`

// spending is SQL of the rules by which a line of the bank stands for its bank's
// reference: a second line without an id of that reference, direction and amount is
// a duplicate.
const spending = `('reference', 'shared_reference', 'bank_reference', 'shared_bank_reference', 'amount_day_unique',
	'amount_window_unique', 'interest')`

// matchedBy is SQL that gives the rule by which line o is matched, by the key alone: of
// the matches that this transaction wrote the planner knows nothing, and would read all
// of a new area's for each line.
const matchedBy = `(select m.rule from reconciliation_match m where m.area = $1 and m.statement_line_id = o.id limit 1)`

// ReferenceStandings implements reconcile.Tx. What may be one of many is looked up by
// limit, not by exists: the planner would read an account's matches of all years to
// answer for a few lines.
func (t *tx) ReferenceStandings(
	ctx context.Context, a reconcile.Account, lines []match.StatementLine,
) ([]match.Standing, error) {
	refs, directions, batches := make([]string, len(lines)), make([]string, len(lines)), make([]string, len(lines))
	amounts, echoed, ids := make([]int64, len(lines)), make([]bool, len(lines)), make([]int64, len(lines))
	for i, l := range lines {
		ids[i], batches[i] = l.ID, l.Batch
		refs[i], echoed[i] = l.EndToEndID, l.EndToEndID != ""
		if !echoed[i] {
			refs[i] = l.BankReference
		}
		directions[i], amounts[i] = l.Direction.String(), l.Amount.Fen()
	}
	rows, err := t.Query(ctx, `
		with u as materialized (
			select n.ref, n.direction, n.amount, n.echoed, n.line, n.place,
				case when n.ref ~ '^[0-9]{1,18}$' then n.ref::bigint end as id,
				case when not n.echoed and n.batch ~ '^[0-9]{1,18}$' then n.batch::bigint end as batch_id
			from unnest($3::text[], $4::text[], $5::bigint[], $6::bool[], $7::bigint[], $8::text[])
				with ordinality as n (ref, direction, amount, echoed, line, batch, place)),
		running as materialized (`+running+`)
		select case
			when u.ref <> '' and (
				select true from statement_line o
				where o.area = $1 and o.fund_account = $2
				  and coalesce(nullif(o.end_to_end_id, ''), o.bank_reference) = u.ref and o.direction = u.direction
				  and case when u.echoed
				      then o.end_to_end_id <> '' and `+matchedBy+` in ('reference', 'shared_reference')
				      else o.end_to_end_id = '' and o.amount = u.amount and `+matchedBy+` in `+spending+` end limit 1) then 3
			when not u.echoed and u.ref <> '' and (
				select true from statement_line o
				where o.area = $1 and o.fund_account = $2 and o.end_to_end_id <> '' and o.bank_reference = u.ref
				  and o.bank_reference <> '' and o.direction = u.direction and o.amount = u.amount
				  and `+matchedBy+` in `+spending+` limit 1) then 3
			when `+forbidden+` then 1
			when `+toldAgain+` then 3
			when u.direction = 'credit' and r.again and r.due < r.moved then 3
			when u.echoed and coalesce(
				(select true from posting p where p.area = $1 and p.cause_id = u.id limit 1),
				(select true from withholding_item i where i.area = $1 and i.id = u.id limit 1),
				(select true from payment_item i where i.area = $1 and i.id = u.id limit 1),
				(select true from fund_transfer f where f.area = $1 and f.id = u.id limit 1)) then 2
			when r.due >= r.moved then 4
			else 0 end
		from u left join running r on r.id = u.line and r.batch = u.batch_id
		order by u.place`, a.Area, a.ID, refs, directions, amounts, echoed, ids, batches)
	if err != nil {
		return nil, fmt.Errorf("standings of %d references: %w", len(lines), err)
	}
	codes, err := pgx.CollectRows(rows, pgx.RowTo[int32])
	if err != nil {
		return nil, fmt.Errorf("standings of %d references: %w", len(lines), err)
	}
	out := make([]match.Standing, len(lines))
	for i, code := range codes {
		out[i] = match.Standing(code)
	}
	return out, nil
}

// AddReconciliation implements reconcile.Tx.
func (t *tx) AddReconciliation(
	ctx context.Context, a reconcile.Account, m reconcile.Mark, counts []reconcile.Count,
) error {
	var id int64
	err := t.QueryRow(ctx, `insert into reconciliation_run (area, fund_account, day, floor, run_at)
		values ($1, $2, $3, $4, $5) returning id`, a.Area, a.ID, m.Day, m.Floor, t.at).Scan(&id)
	if err != nil {
		return fmt.Errorf("store run of fund account %d: %w", a.ID, err)
	}
	_, err = t.CopyFrom(ctx, pgx.Identifier{"reconciliation_count"},
		[]string{"area", "run_id", "fund_account", "settled_on", "rule", "matches", "statement_lines", "book_lines"},
		pgx.CopyFromSlice(len(counts), func(i int) ([]any, error) {
			c := counts[i]
			return []any{
				int32(a.Area), id, a.ID, c.Settled, string(c.Rule), c.Matches, c.StatementLines, c.BookLines,
			}, nil
		}))
	if err != nil {
		return fmt.Errorf("store counts of fund account %d: %w", a.ID, err)
	}
	return nil
}

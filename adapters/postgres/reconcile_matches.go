package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/reconcile"
	"twoline/reconcile/match"
)

// matchHead is one row of a match: of one to one all of it.
type matchHead struct {
	reconcile.SettledMatch

	Line int64
	Key  match.Key
}

// Matches implements reconcile.Tx. Rows stand in the order of their days, so that those of
// a day are found by its blocks; what a match of several lines holds beyond its first
// lines is counted where it stands.
func (t *tx) Matches(ctx context.Context, f reconcile.MatchFilter) ([]reconcile.SettledMatch, error) {
	heads, err := t.matchHeads(ctx, f)
	if err != nil {
		return nil, err
	}
	out := make([]reconcile.SettledMatch, len(heads))
	groups, at := map[int64]int{}, map[int64]int{}
	books := map[match.Key]int{}
	for i, h := range heads {
		out[i] = h.SettledMatch
		if h.Kind != match.OneToOne {
			groups[h.ID] = i
			continue
		}
		out[i].StatementLines, out[i].BookLines = 1, 1
		at[h.Line], books[h.Key] = i, i
	}
	if err := t.matchGroups(ctx, f.Account, out, groups, at, books); err != nil {
		return nil, err
	}
	return out, t.fillMatches(ctx, f.Account, out, at, books)
}

// matchHeads returns a row of each match that is asked for, by rising id. The first page of
// days is found by their blocks. From there on the pairs by reference are walked by the key of
// their line, whose id they have; the other matches are few, and one row of each holds what is
// said of the whole.
func (t *tx) matchHeads(ctx context.Context, f reconcile.MatchFilter) ([]matchHead, error) {
	const columns = `match_id, kind, rule, settled_on, matched_at, score, evidence, difference, statement_line_id, entry_id,
		book_line`
	const chosen = `from reconciliation_match
		where area = $1 and fund_account = $2 and settled_on between $3 and $4 and ($5 = '' or rule = $5) and match_id > $6 and `
	args := []any{f.Area, f.ID, dayOrLowest(f.From), f.Through, string(f.Rule), f.After, f.Limit}
	source := `select ` + columns + ` ` + chosen + ` (kind = 'one_to_one' or score is not null)`
	if f.After > 0 {
		source = `(select ` + columns + ` ` + chosen + ` kind = 'one_to_one' and score is null and statement_line_id > $6
			order by statement_line_id limit $7)
			union all
			(select ` + columns + ` ` + chosen + ` score is not null order by match_id limit $7)`
	}
	switch {
	case f.StatementLine != 0:
		source, args = `select `+columns+` `+chosen+` statement_line_id = $8`, append(args, f.StatementLine)
	case f.Entry != 0 && f.Line != 0:
		source, args = `select `+columns+` `+chosen+` entry_id = $8 and book_line = $9`, append(args, f.Entry, f.Line)
	case f.Entry != 0:
		source, args = `select distinct on (match_id) `+columns+` `+chosen+` entry_id = $8 order by match_id`, append(args, f.Entry)
	}
	rows, err := t.Query(ctx, `
		select match_id, kind, rule, settled_on, matched_at, coalesce(score, 0), coalesce(evidence, ''),
			coalesce(difference, 0), coalesce(statement_line_id, 0), coalesce(entry_id, 0), coalesce(book_line, 0), score is null
		from (`+source+`) m
		order by match_id limit $7`, args...)
	if err != nil {
		return nil, fmt.Errorf("matches of fund account %d: %w", f.ID, err)
	}
	return collect(rows, "matches", func(row pgx.CollectableRow) (h matchHead, err error) {
		var difference int64
		var plain bool
		err = row.Scan(&h.ID, &h.Kind, &h.Rule, &h.Settled, &h.MatchedAt, &h.Score, &h.Evidence, &difference, &h.Line,
			&h.Key.Entry, &h.Key.Line, &plain)
		h.Difference = money.Amount(difference)
		if plain {
			h.Score, h.Evidence = h.Rule.Score(), h.Rule.Reason()
		}
		return h, err
	})
}

// matchGroups completes matches of several lines, groups by their ids, and says which of
// them are named: lines of the bank in at, of the book in books.
func (t *tx) matchGroups(
	ctx context.Context, a reconcile.Account, list []reconcile.SettledMatch, groups, at map[int64]int,
	books map[match.Key]int,
) error {
	if len(groups) == 0 {
		return nil
	}
	ids, days := make([]int64, 0, len(groups)), make([]calendar.Day, 0, len(groups))
	for id, i := range groups {
		ids, days = append(ids, id), append(days, list[i].Settled)
	}
	rows, err := t.Query(ctx, `
		with line as materialized (
			select match_id, statement_line_id, entry_id, book_line, score, evidence, difference
			from reconciliation_match
			where area = $1 and fund_account = $2 and match_id = any($3)
			  and settled_on between (select min(d) from unnest($4::date[]) d) and (select max(d) from unnest($4::date[]) d)),
		placed as (
			select match_id, statement_line_id, entry_id, book_line, max(score) over m as score, max(evidence) over m as evidence,
				max(difference) over m as difference, count(statement_line_id) over m as of_bank, count(entry_id) over m as of_book,
				row_number() over (partition by match_id order by statement_line_id) as bank_place,
				row_number() over (partition by match_id order by entry_id, book_line) as book_place
			from line window m as (partition by match_id))
		select match_id, coalesce(score, 0), coalesce(evidence, ''), coalesce(difference, 0), of_bank, of_book,
			case when bank_place <= $5 then coalesce(statement_line_id, 0) else 0 end,
			case when book_place <= $5 then coalesce(entry_id, 0) else 0 end, coalesce(book_line, 0)
		from placed where bank_place <= $5 or book_place <= $5`, a.Area, a.ID, ids, days, reconcile.MaxMatchLines)
	if err != nil {
		return fmt.Errorf("lines of %d matches: %w", len(groups), err)
	}
	var id, difference, line int64
	var k match.Key
	var g reconcile.SettledMatch
	_, err = pgx.ForEachRow(rows, []any{
		&id, &g.Score, &g.Evidence, &difference, &g.StatementLines, &g.BookLines, &line, &k.Entry, &k.Line,
	}, func() error {
		i := groups[id]
		m := &list[i]
		m.Score, m.Evidence, m.Difference = g.Score, g.Evidence, money.Amount(difference)
		m.StatementLines, m.BookLines = g.StatementLines, g.BookLines
		if line != 0 {
			at[line] = i
		}
		if k.Entry != 0 {
			books[k] = i
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("lines of %d matches: %w", len(groups), err)
	}
	return nil
}

// fillMatches gives matches the lines that at and books name.
func (t *tx) fillMatches(
	ctx context.Context, a reconcile.Account, list []reconcile.SettledMatch, at map[int64]int, books map[match.Key]int,
) error {
	ids, keys := make([]int64, 0, len(at)), make([]match.Key, 0, len(books))
	for id := range at {
		ids = append(ids, id)
	}
	for k := range books {
		keys = append(keys, k)
	}
	err := t.eachStatementLine(ctx, a, ids, func(l match.StatementLine) {
		m := &list[at[l.ID]]
		m.Lines.Statement = append(m.Lines.Statement, l)
	})
	if err != nil {
		return err
	}
	return t.eachBookLine(ctx, a, keys, func(b match.BookLine) {
		m := &list[books[b.Key]]
		m.Lines.Book = append(m.Lines.Book, b)
	})
}

// eachStatementLine gives the account's lines of the bank by rising id.
func (t *tx) eachStatementLine(
	ctx context.Context, a reconcile.Account, ids []int64, fn func(match.StatementLine),
) error {
	if len(ids) == 0 {
		return nil
	}
	rows, err := t.Query(ctx, `
		select id, direction, amount, booking_date, value_date, bank_reference, end_to_end_id, batch_ref, reversal,
			counterparty, counterparty_account
		from statement_line where area = $1 and fund_account = $2 and id = any($3) order by id`, a.Area, a.ID, ids)
	if err != nil {
		return fmt.Errorf("%d statement lines: %w", len(ids), err)
	}
	var l match.StatementLine
	var direction string
	var amount int64
	_, err = pgx.ForEachRow(rows, []any{
		&l.ID, &direction, &amount, &l.Booked, &l.Value, &l.BankReference, &l.EndToEndID, &l.Batch, &l.Reversal,
		&l.Counterparty, &l.CounterpartyAccount,
	}, func() error {
		l.Direction, l.Amount = directionOf(direction), money.Amount(amount)
		fn(l)
		return nil
	})
	if err != nil {
		return fmt.Errorf("%d statement lines: %w", len(ids), err)
	}
	return nil
}

// eachBookLine gives the account's lines of the book by their keys.
func (t *tx) eachBookLine(ctx context.Context, a reconcile.Account, keys []match.Key, fn func(match.BookLine)) error {
	if len(keys) == 0 {
		return nil
	}
	entries, lines := make([]int64, len(keys)), make([]int32, len(keys))
	for i, k := range keys {
		entries[i], lines[i] = k.Entry, k.Line
	}
	var found []match.BookLine
	err := t.eachKeptBookLine(ctx, func(b match.BookLine) error {
		found = append(found, b)
		return nil
	}, `unnest($3::bigint[], $4::integer[]) as k (entry_id, line)
			join posting p on p.area = $1 and p.entry_id = k.entry_id and p.line = k.line and p.fund_account = $2`,
		a.Area, a.ID, entries, lines)
	if err != nil {
		return fmt.Errorf("%d lines of the book: %w", len(keys), err)
	}
	slices.SortFunc(found, func(b, o match.BookLine) int { return b.Key.Compare(o.Key) })
	for _, b := range found {
		fn(b)
	}
	return nil
}

// LinesOfMatch implements reconcile.Tx.
func (t *tx) LinesOfMatch(
	ctx context.Context, a reconcile.Account, day calendar.Day, id int64, after reconcile.MatchPlace, limit int,
) (reconcile.MatchLines, error) {
	var out reconcile.MatchLines
	var ids []int64
	if after.Book.Entry == 0 {
		var err error
		if ids, err = t.statementLinesOf(ctx, a, day, id, after.Statement, limit); err != nil {
			return out, err
		}
	}
	var keys []match.Key
	if len(ids) < limit {
		var err error
		if keys, err = t.bookLinesOf(ctx, a, day, id, after.Book, limit-len(ids)); err != nil {
			return out, err
		}
	}
	err := t.eachStatementLine(ctx, a, ids, func(l match.StatementLine) { out.Statement = append(out.Statement, l) })
	if err == nil {
		err = t.eachBookLine(ctx, a, keys, func(b match.BookLine) { out.Book = append(out.Book, b) })
	}
	return out, err
}

// linesOfMatch is SQL of the rows of match $4, which was settled on $3. They are found
// before they are put in order: no index follows that order within a match.
const linesOfMatch = `
	with line as materialized (
		select statement_line_id, entry_id, book_line from reconciliation_match
		where area = $1 and fund_account = $2 and settled_on = $3 and match_id = $4)`

func (t *tx) statementLinesOf(
	ctx context.Context, a reconcile.Account, day calendar.Day, id, after int64, limit int,
) ([]int64, error) {
	rows, err := t.Query(ctx, linesOfMatch+`
		select statement_line_id from line where statement_line_id > $5 order by statement_line_id limit $6`,
		a.Area, a.ID, day, id, after, limit)
	if err != nil {
		return nil, fmt.Errorf("lines of match %d: %w", id, err)
	}
	return collect(rows, "lines of a match", pgx.RowTo[int64])
}

func (t *tx) bookLinesOf(
	ctx context.Context, a reconcile.Account, day calendar.Day, id int64, after match.Key, limit int,
) ([]match.Key, error) {
	rows, err := t.Query(ctx, linesOfMatch+`
		select entry_id, book_line from line where (entry_id, book_line) > ($5, $6) order by entry_id, book_line limit $7`,
		a.Area, a.ID, day, id, after.Entry, after.Line, limit)
	if err != nil {
		return nil, fmt.Errorf("lines of match %d: %w", id, err)
	}
	return collect(rows, "lines of a match", pgx.RowToStructByPos[match.Key])
}

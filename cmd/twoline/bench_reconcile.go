package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/reconcile"
	"twoline/reconcile/match"
)

// benchMonth is one income account with as many lines at the bank as in the book.
type benchMonth struct {
	area  party.Area
	lines int
	// noise says that two lines in a hundred do not agree by reference.
	noise bool
	took  time.Duration
	// join is what the full join alone took.
	join time.Duration
}

// reconcile matches an account's days of up to a million lines, results stored: a quarter, half and all of the
// lines, which shows the growth, then all of them with noise. The limit is what
// PostgreSQL alone needs to join both sides in full and to take the same matches
// by COPY under their two unique keys, in the same run.
func (b *bench) reconcile(ctx context.Context) error {
	months := []*benchMonth{
		{area: 610310, lines: b.items / 4, noise: false, took: 0, join: 0},
		{area: 610311, lines: b.items / 2, noise: false, took: 0, join: 0},
		{area: 610312, lines: b.items, noise: false, took: 0, join: 0},
		{area: 610313, lines: b.items, noise: true, took: 0, join: 0},
	}
	// The gateway's own background would match the same days at the same time.
	if err := b.stage.g.jobs.Stop(ctx); err != nil {
		return err //nolint:wrapcheck // says enough
	}
	base := peakMiB()
	for _, m := range months {
		if err := b.seedMonth(ctx, m); err != nil {
			return err
		}
		// What the seed changed is no work of the run. A month's book has been cleaned behind itself
		// by the time its statement is matched; the statement has just come in.
		for _, sql := range []string{
			`vacuum (analyze) posting, entry, answer, withholding_batch`, `checkpoint`, `select take_statistics()`,
		} {
			if _, err := b.pool.Exec(ctx, sql); err != nil {
				return fmt.Errorf("%s: %w", sql, err)
			}
		}
		begin := time.Now()
		err := b.stage.g.reconcile.Match(ctx, reconcile.Account{Area: m.area, ID: benchAccount})
		if err != nil {
			return err //nolint:wrapcheck // says enough
		}
		m.took = time.Since(begin)
		limit, parts, err := b.joinLimit(ctx, m)
		if err != nil {
			return err
		}
		name, text := "reconcile, by reference", ""
		if m.noise {
			name = "reconcile, all rules, 2 % noise"
			if text, err = b.noiseText(ctx, m); err != nil {
				return err
			}
		}
		b.add(name, rate(m.lines, m.took), rate(m.lines, limit), fmt.Sprintf(
			"%d × %d lines in %.2f s; %s; %speak resident %d MiB, %d before", m.lines, m.lines, m.took.Seconds(), parts,
			text, peakMiB(), base))
		if err := b.clearMonth(ctx); err != nil {
			return err
		}
	}
	if err := b.engine(ctx, months[2]); err != nil {
		return err
	}
	// Twice the lines in twice the time is 1.
	b.growth(months[0], months[1])
	b.growth(months[1], months[2])
	return nil
}

// engine matches as many lines by reference in memory, as on files, and stores nothing:
// its limit is the full join alone.
func (b *bench) engine(ctx context.Context, m *benchMonth) error {
	day := calendar.MustDay("2011-03-10")
	moved := func(g int64) match.Movement {
		return match.Movement{
			Booked: day, Value: day, Direction: bank.Credit, Amount: money.Amount(10_000 + (g*37)%900_000),
		}
	}
	const base = 610312_000000_000000
	begin := time.Now()
	e := match.New(match.DefaultRules())
	for g := range int64(m.lines) {
		id := strconv.FormatInt(base+g, 10)
		e.AddBook(match.BookLine{ //nolint:exhaustruct // no more of a contribution
			Movement: moved(g), Key: match.Key{Entry: base + g/benchChunk, Line: int32(g%benchChunk) + 1},
			Cause: base + g, Reference: id, Own: true, Batch: "",
		})
	}
	for g := range int64(m.lines) {
		id := strconv.FormatInt(base+g, 10)
		e.AddStatement(match.StatementLine{ //nolint:exhaustruct // no more of a credit
			ID: g + 1, Movement: moved(g), EndToEndID: id, BankReference: "R" + id,
		})
	}
	if err := e.Match(ctx, match.NoPast{}); err != nil {
		return err //nolint:wrapcheck // says enough
	}
	found := 0
	for range e.Matches() {
		found++
	}
	took := time.Since(begin)
	if found != m.lines {
		return fmt.Errorf("%d of %d lines were matched", found, m.lines)
	}
	b.add("reconcile in memory, by reference", rate(m.lines, took), rate(m.lines, m.join), fmt.Sprintf(
		"%d × %d lines in %.2f s, made on the way; full join alone %.2f s", m.lines, m.lines, took.Seconds(), m.join.Seconds()))
	return nil
}

// clearMonth gives the disk back: the months of ten million lines do not stand beside each other.
func (b *bench) clearMonth(ctx context.Context) error {
	return pgx.BeginFunc(ctx, b.pool, func(t pgx.Tx) error {
		for _, sql := range []string{
			`set local session_replication_role = replica`,
			`truncate reconciliation_match, break_line, reconciliation_break, statement_line, statement, answer, posting, entry,
				withholding_batch cascade`,
		} {
			if _, err := t.Exec(ctx, sql); err != nil {
				return fmt.Errorf("clear a month: %w", err)
			}
		}
		return nil
	})
}

func rate(n int, took time.Duration) float64 { //nolint:forbidigo // a rate, not money
	return float64(n) / took.Seconds() //nolint:forbidigo // a rate, not money
}

func (b *bench) growth(half, whole *benchMonth) {
	b.add(fmt.Sprintf("reconcile, growth to %d", whole.lines), rate(whole.lines, whole.took), rate(half.lines, half.took),
		fmt.Sprintf("%.2f times the time for twice the lines", whole.took.Seconds()/half.took.Seconds()))
}

const benchAccount = 11

// benchChunk is how many lines of a bank are booked in one entry.
const benchChunk = 10_000

// benchDay is how many lines an account has a day at most: more of them spread over days.
const benchDay = 1_000_000

// seedMonth writes what an agreement of a batch and the bank's statement of it would
// have left behind. Lines are told apart by g; of every fifty the last disagrees in
// one of ten ways.
func (b *bench) seedMonth(ctx context.Context, m *benchMonth) error {
	kind := "-1"
	if m.noise {
		kind = "case when g % 50 = 0 then (g / 50) % 10 else -1 end"
	}
	r := strings.NewReplacer("{area}", fmt.Sprint(int32(m.area)), "{base}", fmt.Sprintf("%d000000000000", int32(m.area)),
		"{n}", fmt.Sprint(m.lines), "{chunk}", fmt.Sprint(benchChunk), "{kind}", kind,
		"{days}", fmt.Sprint((m.lines+benchDay-1)/benchDay))
	return pgx.BeginFunc(ctx, b.pool, func(t pgx.Tx) error {
		for _, sql := range benchMonthSQL() {
			if _, err := t.Exec(ctx, r.Replace(sql)); err != nil {
				return fmt.Errorf("seed a month: %w", err)
			}
		}
		return nil
	})
}

// benchMonthSQL is the world: kinds 0 to 9 are a line that the bank lacks, one that the
// book lacks, one of another amount, one debited twice, one without our id, one without
// any reference a day later, a charge, a line and its correction, a line without a
// reference whose amount several have, and two payments in one line.
func benchMonthSQL() []string {
	return []string{
		// How the rows came to be is not what is measured: keys and triggers looked at them elsewhere.
		`set local session_replication_role = replica`,
		`insert into area values ({area}, 'bench')`,
		`insert into bank values ({area}, 'psbc', '403100000004', 'bench', 'jsonl', 150000)`,
		`insert into book values ({area}, 'rural', '2011-01-01', '2010-12-31')`,
		`insert into fund_account (area, id, scheme, role, bank, account_no, name, opened_on) values
			({area}, 11, 'rural', 'income', 'psbc', '96100101000000' || {area} % 10000, 'bench', '2011-03-10')`,
		`insert into withholding_batch (area, id, run_id, scheme, year, bank, clearing_bank, fund_account, batch_no,
				item_count, amount, digest, file_name, file_digest, file_size, created_on, created_at, state, succeeded)
			select {area}, {base} + 900000000000 + c, 1, 'rural', 2011, 'psbc', '', 11, 'B' || c, {chunk}, 1,
				sha256(c::text::bytea), 'B' || c, sha256(c::text::bytea), 1, '2011-03-01', now(), 'done', {chunk}
			from generate_series(0, ({n} - 1) / {chunk}) c`,
		`create temporary table bench_line on commit drop as
			select g, {base} + g as item, 10000 + (g * 37) % 900000 as amount, 10000 + ((g + 500) * 37) % 900000 as other,
				(g - 1) / {chunk} as chunk, {kind} as kind,
				date '2011-03-10' + ((g - 1) / {chunk} * {days} / (({n} - 1) / {chunk} + 1))::int as day
			from generate_series(1, {n}) g`,
		`insert into entry (area, id, scheme, kind, cause, accounted_on, effective_on, line_count, text, actor, booked_at)
			select {area}, {base} + 800000000000 + chunk, 'rural', 'contribution', 'agreement:' || {base} + chunk || ':1',
				day, day, 2 * count(*) + 2, '', 'bench', now()
			from bench_line where kind is distinct from 1 group by chunk, day`,
		`insert into posting (area, entry_id, line, scheme, kind, effective_on, accounted_on, side, role, nature, red, reversal,
				amount, fund_account, batch_id, cause_id, member_id, year)
			select {area}, {base} + 800000000000 + chunk, 2 * ((g - 1) % {chunk}) + o.line, 'rural', 'contribution', day,
				day, 'credit', o.role, 'item', false, false, amount, o.account, {base} + 900000000000 + chunk, item, g, 2011
			from bench_line, (values (1, 'contribution', 11), (2, 'personal_individual', null)) o (line, role, account)
			where kind is distinct from 1 order by g, o.line`,
		`insert into posting (area, entry_id, line, scheme, kind, effective_on, accounted_on, side, role, nature, red, reversal,
				amount, fund_account, batch_id)
			select {area}, {base} + 800000000000 + chunk, 2 * {chunk} + o.line, 'rural', 'contribution', day,
				day, 'debit', o.role, 'sum', false, false, sum(amount), o.account, {base} + 900000000000 + chunk
			from bench_line, (values (1, 'income', 11), (2, 'personal_control', null)) o (line, role, account)
			where kind is distinct from 1 group by chunk, day, o.line, o.role, o.account`,
		`insert into answer (area, receipt_id, line, batch_id, item_id, outcome, class, code, text, amount, bank_reference,
				value_date, disposition, answered_at)
			select {area}, 1 + chunk, g, {base} + 900000000000 + chunk, item, 'succeeded', 'SUCCESS', '', '', amount, 'R' || item,
				day, 'recorded', now()
			from bench_line where kind is distinct from 1 order by g`,
		`insert into statement_line (area, statement_id, fund_account, line, direction, amount, booking_date, value_date,
				bank_reference, ordinal, end_to_end_id, batch_ref, reversal, counterparty, counterparty_account, text)
			select {area}, 1 + (day - date '2011-03-10'), 11, row_number() over (partition by day order by g, o.copy), case when kind = 6 or o.copy = 2 and kind = 7
					then 'debit' else 'credit' end,
				case kind when 2 then amount + 1 when 8 then 12345 when 9 then amount + other else amount end, day,
				case kind when 5 then day + 1 else day end,
				case when kind in (5, 8, 9) then '' when kind in (1, 6, 7) then 'X' || g else 'R' || item end,
				case when kind in (5, 8, 9) then g else o.copy end, case when kind in (4, 5, 6, 7, 8, 9) then '' when kind = 1 then 'F' || g else item::text end,
				case when kind in (1, 5, 6, 7, 8, 9) then '' else 'B' || chunk end, kind = 7 and o.copy = 2, '', '',
				case kind when 6 then 'fee' else 'contribution' end
			from bench_line, generate_series(1, 2) o (copy)
			where kind is distinct from 0 and (kind is distinct from 9 or g % 1000 = 450) and (o.copy = 1 or kind in (3, 7))
			order by g, o.copy`,
		`insert into statement (area, id, fund_account, day_from, day_to, number, opening, closing, line_count, receipt_id,
				taken_in_at)
			select {area}, id, 11, day, case when id > {days} then date '2011-03-31' else day end, id::text,
				sum(signed) over (order by id) - signed, sum(signed) over (order by id), lines, id, now()
			from (
				select statement_id as id, booking_date as day, count(*) as lines,
					sum(case direction when 'credit' then amount else -amount end) as signed
				from statement_line where area = {area} group by 1, 2
				union all select {days} + 1, date '2011-03-10' + {days}, 0, 0) d`,
		`analyze posting, entry, answer, statement_line, statement, withholding_batch, reconciliation_match`,
	}
}

// joinLimit is what PostgreSQL needs for the day: a full join of both sides, as narrow
// tables that hold nothing but what is joined, and a COPY of the matches that were
// found into a table with their two unique keys and nothing else.
func (b *bench) joinLimit(ctx context.Context, m *benchMonth) (time.Duration, string, error) {
	area := fmt.Sprint(int32(m.area))
	for _, sql := range []string{
		`create table bench_bank_` + area + ` as select id, end_to_end_id as reference, direction, amount, booking_date as day
			from statement_line where area = ` + area,
		`create table bench_book_` + area + ` as select entry_id, line, cause_id::text as reference, 'credit'::text as direction,
			amount, accounted_on as day from posting where area = ` + area + ` and fund_account = 11 and nature = 'item'`,
		`create table bench_found_` + area + ` (like reconciliation_match)`,
		`create unique index on bench_found_` + area + ` (area, statement_line_id) where statement_line_id is not null`,
		`create unique index on bench_found_` + area + ` (area, entry_id, book_line) where entry_id is not null`,
		`analyze bench_bank_` + area + `, bench_book_` + area,
	} {
		if _, err := b.pool.Exec(ctx, sql); err != nil {
			return 0, "", fmt.Errorf("limit: %w", err)
		}
	}
	begin := time.Now()
	var joined int
	err := b.pool.QueryRow(ctx, `select count(*) from (select s.id, k.entry_id, k.line from bench_bank_`+area+` s
		full join bench_book_`+area+` k on k.reference = s.reference and k.direction = s.direction and k.amount = s.amount
		offset 0) j`).Scan(&joined)
	if err != nil {
		return 0, "", fmt.Errorf("full join: %w", err)
	}
	m.join = time.Since(begin)
	took, err := b.copyMatches(ctx, area)
	return m.join + took, fmt.Sprintf("full join %.2f s + COPY %.2f s", m.join.Seconds(), took.Seconds()), err
}

// copyMatches takes the stored matches by COPY into the table of the limit.
func (b *bench) copyMatches(ctx context.Context, area string) (time.Duration, error) {
	file, err := os.CreateTemp("", "twoline-bench-*.copy")
	if err != nil {
		return 0, fmt.Errorf("make file: %w", err)
	}
	defer os.Remove(file.Name()) //nolint:errcheck // of the bench
	defer file.Close()           //nolint:errcheck // read only from here
	c, err := b.pool.Acquire(ctx)
	if err != nil {
		return 0, fmt.Errorf("get connection: %w", err)
	}
	defer c.Release()
	//nolint:unqueryvet // every column is copied
	_, err = c.Exec(ctx, `create view bench_rows_`+area+` as select m.* from reconciliation_match m
		where area = `+area)
	if err != nil {
		return 0, fmt.Errorf("choose matches: %w", err)
	}
	_, err = c.Conn().PgConn().CopyTo(ctx, file, `copy (table bench_rows_`+area+`) to stdout (format binary)`)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return 0, fmt.Errorf("read matches: %w", err)
	}
	begin := time.Now()
	_, err = c.Conn().PgConn().CopyFrom(ctx, file, `copy bench_found_`+area+` from stdin (format binary)`)
	took := time.Since(begin)
	if err == nil {
		// What is left of the limit would be analyzed in the next run's time.
		_, err = c.Exec(ctx, `drop view bench_rows_`+area+`; drop table bench_bank_`+area+`, bench_book_`+area+`,
			bench_found_`+area)
	}
	return took, err
}

// noiseText proves that every line stands in a match or in a break, and counts them.
func (b *bench) noiseText(ctx context.Context, m *benchMonth) (string, error) {
	var lines, matched, broken, rules, breaks int
	err := b.pool.QueryRow(ctx, `
		select (select count(*) from statement_line where area = $1),
			(select count(*) from reconciliation_match where area = $1 and statement_line_id is not null),
			(select count(*) from break_line where area = $1 and statement_line_id is not null),
			(select count(distinct rule) from reconciliation_match where area = $1),
			(select count(*) from reconciliation_break where area = $1)`, int32(m.area)).Scan(
		&lines, &matched, &broken, &rules, &breaks)
	if err != nil {
		return "", fmt.Errorf("count: %w", err)
	}
	if lines != matched+broken {
		return "", errors.New("a line stands in no match and in no break")
	}
	return fmt.Sprintf("%d matched by %d rules, %d broken in %d breaks; ", matched, rules, broken, breaks), nil
}

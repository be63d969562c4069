package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/ledger"
	"twoline/gateway/party"
	"twoline/gateway/personal"
)

// givenSubsidies is what approved lists gave for a member's year, less what they took back. It stands where a table
// would.
const givenSubsidies = `(
	select a.area, a.run_id, a.scheme, a.year, l.member_id, l.amount
	from subsidy_run_approved a join subsidy_line l on l.area = a.area and l.run_id = a.run_id
	union all
	select a.area, a.run_id, a.scheme, b.year, b.member_id, -b.amount
	from subsidy_run_approved a join subsidy_back b on b.area = a.area and b.run_id = a.run_id)`

// GivenTooMuch implements personal.SubsidyBackTx. What was given back because the year was paid in the employee scheme
// too, or because its payer may not have been debited, keeps its subsidy.
func (t personalTx) GivenTooMuch(
	ctx context.Context, area party.Area, scheme ledger.Scheme,
) ([]personal.GivenTooMuch, error) {
	if _, err := t.HoldPersonal(ctx, area, nil); err != nil {
		return nil, err
	}
	rows, err := t.Query(ctx, `
		with asked as (
			select distinct k.member_id, k.year from exception_case c
			join contribution_claim k on k.area = c.area and c.subject = 'refund:' || k.id
			where c.area = $1 and c.kind = 'subsidy_after_refund' and not exists (
				select from exception_closed x where x.area = c.area and x.case_id = c.id))
		select k.member_id, k.year, g.upto, (
				select coalesce(sum(case when (p.side = 'credit') <> p.red then p.amount else -p.amount end), 0)::bigint
				from posting p
				where p.area = $1 and p.scheme = $2 and p.role = 'personal_individual' and p.member_id = k.member_id
				  and p.year = k.year and (extract(year from p.effective_on) = k.year or exists (
					select from `+takenFor+` w where w.area = p.area and w.id = p.cause_id and extract(year from w.day) = k.year))
				  and not (p.red and exists (select from contribution_claim o
					where o.area = p.area and o.cause_id = p.cause_id and o.reason <> 'wrong_contribution'))),
			(select coalesce(sum(l.amount), 0)::bigint from `+givenSubsidies+` l
				where l.area = $1 and l.scheme = $2 and l.year = k.year and l.member_id = k.member_id),
			(select coalesce(sum(case when (p.side = 'credit') <> p.red then p.amount else -p.amount end), 0)::bigint
				from posting p where p.area = $1 and p.member_id = k.member_id and p.role = 'personal_subsidy')
		from asked k
		cross join lateral (select max(r.upto) as upto from subsidy_run_approved a
			join subsidy_run r on r.area = a.area and r.id = a.run_id
			where a.area = $1 and a.scheme = $2 and a.year = k.year) g
		where g.upto is not null order by k.member_id, k.year`, area, string(scheme))
	if err != nil {
		return nil, fmt.Errorf("ask who was given too much of subsidies: %w", err)
	}
	return collect(rows, "who was given too much of subsidies", pgx.RowToStructByPos[personal.GivenTooMuch])
}

// addSubsidyBacks keeps what a list takes back.
func (t personalTx) addSubsidyBacks(ctx context.Context, r personal.SubsidyRun) error {
	fen := func(of func(personal.SubsidyBack) int64) []int64 { return column(r.Backs, of) }
	_, err := t.Exec(ctx, `
		insert into subsidy_back (area, run_id, member_id, year, paid, entitled, before, amount)
		select $1, $2, u.* from unnest($3::bigint[], $4::smallint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[]) as u`,
		r.Area, r.ID, fen(func(b personal.SubsidyBack) int64 { return b.Member }),
		fen(func(b personal.SubsidyBack) int64 { return int64(b.Year) }),
		fen(func(b personal.SubsidyBack) int64 { return b.Paid.Fen() }),
		fen(func(b personal.SubsidyBack) int64 { return b.Entitled.Fen() }),
		fen(func(b personal.SubsidyBack) int64 { return b.Before.Fen() }),
		fen(func(b personal.SubsidyBack) int64 { return b.Amount.Fen() }))
	return err //nolint:wrapcheck // of the list
}

// subsidyBacks reads what lists of one area take back.
func (t *tx) subsidyBacks(ctx context.Context, list []personal.SubsidyRun) error {
	at := map[int64]int{}
	for i := range list {
		at[list[i].ID] = i
	}
	rows, err := t.Query(ctx, `
		select run_id, id, member_id, year, paid, entitled, before, amount from subsidy_back
		where area = $1 and run_id = any($2) order by run_id, member_id, year`, list[0].Area,
		column(list, func(r personal.SubsidyRun) int64 { return r.ID }))
	if err != nil {
		return fmt.Errorf("read what lists of subsidies take back: %w", err)
	}
	var run int64
	var b personal.SubsidyBack
	_, err = pgx.ForEachRow(rows, []any{&run, &b.ID, &b.Member, &b.Year, &b.Paid, &b.Entitled, &b.Before, &b.Amount}, func() error {
		list[at[run]].Backs = append(list[at[run]].Backs, b)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read what lists of subsidies take back: %w", err)
	}
	return nil
}

// takeSubsidiesBack books what an approved list takes back, and ends the cases of those of whom nothing remains.
func (t caseworkTx) takeSubsidiesBack(ctx context.Context, r casework.Request, today calendar.Day) error {
	list, err := t.subsidyRuns(ctx, `r.area = $1 and r.id = $2`, r.Area, r.Subject)
	if err != nil || len(list[0].Backs) == 0 {
		return err
	}
	if _, err := t.Book(ctx, "job", list[0].BackEntry(today)); err != nil {
		return err
	}
	_, err = t.Exec(ctx, `
		insert into exception_closed (area, case_id, text, closed_by, closed_at)
		select distinct c.area, c.id, 'list ' || b.run_id || ' of subsidies took it back', 'job', $3::timestamptz
		from subsidy_back b
		join contribution_claim k on k.area = b.area and k.member_id = b.member_id and k.year = b.year
		join exception_case c on c.area = k.area and c.kind = 'subsidy_after_refund' and c.subject = 'refund:' || k.id
		where b.area = $1 and b.run_id = $2 and b.amount = b.before - b.entitled
		on conflict do nothing`, r.Area, r.Subject, t.at)
	if err != nil {
		return fmt.Errorf("close cases of list %d of subsidies: %w", r.Subject, err)
	}
	return nil
}

package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/collection"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/personal"
	"twoline/gateway/subsidy"
)

// EachPayer implements personal.SubsidyTx. A cursor lets the transaction write between
// its pages.
func (t personalTx) EachPayer(
	ctx context.Context, run personal.SubsidyRun, fn func(personal.SubsidyLine) error,
) error {
	first, err := calendar.Date(run.Year, 1, 1)
	if err != nil {
		return fmt.Errorf("year %d: %w", run.Year, err)
	}
	if err := t.takeTime(ctx); err != nil {
		return err
	}
	_, err = t.Exec(ctx, `
		declare payers no scroll cursor for
		with given as (
			select l.member_id, sum(l.amount)::bigint as amount from `+givenSubsidies+` l
			where l.area = $1 and l.scheme = $2 and l.year = $5 group by l.member_id)
		select p.member_id, p.paid, coalesce(g.amount, 0) from (
			select member_id, sum(case when (side = 'credit') <> red then amount else -amount end)::bigint as paid
			from posting
			where area = $1 and scheme = $2 and role = 'personal_individual' and year = $5 and member_id is not null
			  and (effective_on between $3 and $4 or exists (
				-- Debited or taken within the year, and its money came after it: the posting is of the money's day. What was
				-- given back counts for nothing, whenever that was, unless it made the year up and counted for nothing before.
				select from `+takenFor+` k where k.area = posting.area and k.id = posting.cause_id and k.day between $3 and $4))
			group by member_id) p
		left join given g on g.member_id = p.member_id
		where p.paid > 0 order by p.member_id`, run.Area, string(run.Scheme), first, run.Upto, run.Year)
	if err != nil {
		return fmt.Errorf("ask who paid for %d: %w", run.Year, err)
	}
	for {
		rows, err := t.Query(ctx, `fetch forward 20000 from payers`)
		if err != nil {
			return fmt.Errorf("read who paid for %d: %w", run.Year, err)
		}
		page, err := collect(rows, "who paid", func(row pgx.CollectableRow) (l personal.SubsidyLine, err error) {
			err = row.Scan(&l.Member, &l.Paid, &l.Before)
			return l, err
		})
		if err != nil {
			return err
		}
		for _, l := range page {
			if err := fn(l); err != nil {
				return err
			}
		}
		if len(page) == 0 {
			_, err := t.Exec(ctx, `close payers`)
			return err //nolint:wrapcheck // of the database itself
		}
	}
}

// AddSubsidyLines implements personal.SubsidyTx.
func (t personalTx) AddSubsidyLines(
	ctx context.Context, area party.Area, run int64, lines []personal.SubsidyLine,
) error {
	columns := []string{"area", "run_id", "member_id", "paid", "entitled", "before", "amount"}
	n, err := t.CopyFrom(ctx, pgx.Identifier{"subsidy_line"}, columns, pgx.CopyFromSlice(len(lines), func(i int) ([]any, error) {
		l := &lines[i]
		return []any{
			int32(area), run, l.Member, l.Paid.Fen(), l.Entitled.Fen(), l.Before.Fen(), l.Amount.Fen(),
		}, nil
	}))
	if err != nil {
		return fmt.Errorf("keep %d lines of list %d of subsidies: %w", len(lines), run, err)
	}
	t.written += n
	return nil
}

// AddSubsidyRun implements personal.SubsidyTx.
func (t personalTx) AddSubsidyRun(ctx context.Context, r personal.SubsidyRun) error {
	_, err := t.Exec(ctx, `
		insert into subsidy_run (area, id, scheme, year, round, upto, due_on, document, rule_document, lines, amount,
			digest, made_by, made_at, business_day, taken_back)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		r.Area, r.ID, string(r.Scheme), r.Year, r.Round, r.Upto, r.DueOn, r.Document, r.RuleDocument, r.Lines,
		r.Amount.Fen(), r.Digest[:], r.MadeBy, t.at, r.Day, r.Back.Fen())
	if err == nil {
		_, err = t.Exec(ctx, `
			insert into subsidy_level (area, run_id, level, amount, taken_back)
			select $1, $2, u.* from unnest($3::text[], $4::bigint[], $5::bigint[]) as u`, r.Area, r.ID,
			column(r.Levels, func(l personal.SubsidyLevel) string { return string(l.Level) }),
			column(r.Levels, func(l personal.SubsidyLevel) int64 { return l.Amount.Fen() }),
			column(r.Levels, func(l personal.SubsidyLevel) int64 { return l.Back.Fen() }))
	}
	if err == nil && len(r.Backs) > 0 {
		err = t.addSubsidyBacks(ctx, r)
	}
	if err != nil {
		return fmt.Errorf("keep list %d of subsidies: %w", r.ID, err)
	}
	return nil
}

// SubsidyLeft implements personal.SubsidyMoneyTx.
func (t personalTx) SubsidyLeft(ctx context.Context, r personal.SubsidyRun, transfer int64) (money.Amount, error) {
	f, err := t.lockSubsidy(ctx, forContributions(), r.Area, transfer)
	if errors.Is(err, subsidy.ErrMoney) || err == nil && f.Scheme != r.Scheme {
		return 0, personal.ErrSubsidyMoney
	}
	return f.Amount - f.Named, err
}

// AddSubsidyArrival implements personal.SubsidyMoneyTx.
func (t personalTx) AddSubsidyArrival(
	ctx context.Context, r personal.SubsidyRun, p personal.SubsidyPart, by string,
) error {
	_, err := t.Exec(ctx, `
		insert into subsidy_arrival (area, run_id, level, transfer_id, amount, arrived_on, named_by, named_at)
		select f.area, $2, $3, f.id, $5, f.effective_on, $6, $7 from fund_transfer f where f.area = $1 and f.id = $4`,
		r.Area, r.ID, string(p.Level), p.Transfer, p.Amount.Fen(), by, t.at)
	switch {
	case constraint(err) == "subsidy_arrival_of_its_transfer":
		return personal.ErrSubsidyNamed.Because(err)
	case err != nil:
		return fmt.Errorf("name transfer %d for list %d of subsidies: %w", p.Transfer, r.ID, err)
	}
	return nil
}

// WithdrawSubsidyArrival implements personal.SubsidyMoneyTx.
func (t personalTx) WithdrawSubsidyArrival(
	ctx context.Context, by approval.Officer, today calendar.Day, a personal.SubsidyArrival, document string,
) error {
	return t.takeSubsidyBack(ctx, forContributions(), by, today, namedMoney{a.ID, a.Person, document})
}

// NoSubsidyArrival implements personal.SubsidyMoneyTx.
func (t personalTx) NoSubsidyArrival(ctx context.Context, r personal.SubsidyRun, arrival int64) error {
	var gone bool
	err := t.QueryRow(ctx, `select exists (select from subsidy_arrival where area = $1 and run_id = $2 and id = $3)`, r.Area,
		r.ID, arrival).Scan(&gone)
	switch {
	case err != nil:
		return fmt.Errorf("look for arrival %d of a subsidy: %w", arrival, err)
	case gone:
		return personal.ErrArrivalGone
	}
	return personal.ErrNoArrival
}

// AskSubsidies implements personal.SubsidyTx.
func (t personalTx) AskSubsidies(
	ctx context.Context, by approval.Officer, today calendar.Day, r personal.SubsidyRun,
) error {
	_, err := casework.Submit(ctx, caseworkTx(t), today, by, casework.Ask{ //nolint:exhaustruct // a list
		Kind: casework.SubsidyList, Subject: r.ID, Word: casework.Entered, Document: r.Document, DocumentDigest: r.Digest[:],
	})
	return err
}

// SubsidyRuns implements personal.SubsidyTx.
func (t personalTx) SubsidyRuns(ctx context.Context, f personal.RunFilter) ([]personal.SubsidyRun, error) {
	return t.subsidyRuns(ctx, `r.area = $1 and ($2 = 0::bigint or r.id = $2) and ($3 = '' or r.scheme = $3)
		and ($4 = 0 or r.year = $4) and r.id > $5 order by r.id limit nullif($6::int, 0)`, f.Area, f.ID, string(f.Scheme),
		f.Year, f.After, f.Limit)
}

func (t *tx) subsidyRuns(ctx context.Context, where string, args ...any) ([]personal.SubsidyRun, error) {
	rows, err := t.Query(ctx, `
		select r.area, r.id, r.scheme, r.year, r.round, r.upto, r.due_on, r.document, r.rule_document, r.lines, r.amount,
			r.taken_back, r.digest, r.made_by, r.made_at, r.business_day, coalesce(q.id, 0), coalesce(q.state, ''), a.effective_on,
			coalesce(g.posted_upto, 0), coalesce(g.posted_count, 0), coalesce(g.done, false)
		from subsidy_run r
		left join lateral (select q.id, q.state from decision_request q where q.area = r.area
			and q.kind = 'subsidy_list' and q.subject_id = r.id order by q.id desc limit 1) q on true
		left join subsidy_run_approved a on a.area = r.area and a.run_id = r.id
		left join subsidy_progress g on g.area = r.area and g.run_id = r.id
		where `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read lists of subsidies: %w", err)
	}
	list, err := collect(rows, "lists of subsidies", func(row pgx.CollectableRow) (r personal.SubsidyRun, err error) {
		var digest []byte
		err = row.Scan(&r.Area, &r.ID, &r.Scheme, &r.Year, &r.Round, &r.Upto, &r.DueOn, &r.Document, &r.RuleDocument,
			&r.Lines, &r.Amount, &r.Back, &digest, &r.MadeBy, &r.MadeAt, &r.Day, &r.Decision, &r.State, &r.EffectiveOn,
			&r.Progress.Upto, &r.Progress.Count, &r.Progress.Done)
		copy(r.Digest[:], digest)
		return r, err
	})
	if err != nil || len(list) == 0 {
		return list, err
	}
	if err := t.subsidyBacks(ctx, list); err != nil {
		return nil, err
	}
	return list, t.subsidyLevels(ctx, list)
}

// subsidyLevels reads what each level owes to lists of one area, and what arrived of it.
func (t *tx) subsidyLevels(ctx context.Context, list []personal.SubsidyRun) error {
	at := map[int64]int{}
	for i := range list {
		at[list[i].ID] = i
	}
	rows, err := t.Query(ctx, `
		select l.run_id, l.level, l.amount, l.taken_back, coalesce(a.id, 0), coalesce(a.transfer_id, 0), coalesce(a.amount, 0), a.arrived_on,
			coalesce(a.named_by, ''), coalesce(o.person_id, 0)
		from subsidy_level l
		left join subsidy_arrival a on a.area = l.area and a.run_id = l.run_id and a.level = l.level
			and `+forContributions().stands()+`
		left join officer o on o.login = a.named_by
		where l.area = $1 and l.run_id = any($2)
		order by l.run_id, array_position(array['centre', 'province', 'city', 'county'], l.level), a.id`, list[0].Area,
		column(list, func(r personal.SubsidyRun) int64 { return r.ID }))
	if err != nil {
		return fmt.Errorf("read levels of subsidies: %w", err)
	}
	var id int64
	var level personal.SubsidyLevel
	var arrival personal.SubsidyArrival
	into := []any{
		&id, &level.Level, &level.Amount, &level.Back, &arrival.ID, &arrival.Transfer, &arrival.Amount, &arrival.ArrivedOn,
		&arrival.NamedBy, &arrival.Person,
	}
	_, err = pgx.ForEachRow(rows, into, func() error {
		levels := &list[at[id]].Levels
		if n := len(*levels); n == 0 || (*levels)[n-1].Level != level.Level {
			*levels = append(*levels, level)
		}
		if arrival.Transfer != 0 {
			last := &(*levels)[len(*levels)-1]
			last.Arrivals = append(last.Arrivals, arrival)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read levels of subsidies: %w", err)
	}
	return nil
}

// LockSubsidyRun implements personal.SubsidyTx.
func (t personalTx) LockSubsidyRun(ctx context.Context, area party.Area, id int64) (personal.SubsidyRun, error) {
	none := personal.SubsidyRun{} //nolint:exhaustruct // none
	_, err := t.Exec(ctx, `select from subsidy_progress where area = $1 and run_id = $2 for no key update`, area, id)
	if err != nil {
		return none, fmt.Errorf("lock list %d of subsidies: %w", id, err)
	}
	list, err := t.subsidyRuns(ctx, `r.area = $1 and r.id = $2 and g.run_id is not null`, area, id)
	if err == nil && len(list) == 0 {
		err = personal.ErrNoSubsidy
	}
	if err != nil {
		return none, err
	}
	return list[0], nil
}

// SubsidyLines implements personal.SubsidyTx.
func (t personalTx) SubsidyLines(
	ctx context.Context, area party.Area, run, after int64, limit int,
) ([]personal.SubsidyLine, error) {
	rows, err := t.Query(ctx, `
		select id, member_id, paid, entitled, before, amount from subsidy_line
		where area = $1 and run_id = $2 and member_id > $3 order by member_id limit $4`, area, run, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read lines of list %d of subsidies: %w", run, err)
	}
	return collect(rows, "lines of subsidies", pgx.RowToStructByPos[personal.SubsidyLine])
}

// MoveSubsidies implements personal.SubsidyTx.
func (t personalTx) MoveSubsidies(ctx context.Context, area party.Area, run int64, p personal.Progress) error {
	_, err := t.Exec(ctx, `
		update subsidy_progress set posted_upto = $3, posted_count = $4, done = $5 where area = $1 and run_id = $2`,
		area, run, p.Upto, p.Count, p.Done)
	if err != nil {
		return fmt.Errorf("move list %d of subsidies: %w", run, err)
	}
	return nil
}

// AboutSubsidies implements casework.AccountsTx.
func (t caseworkTx) AboutSubsidies(ctx context.Context, area party.Area, id int64) (string, error) {
	list, err := t.subsidyRuns(ctx, `r.area = $1 and r.id = $2`, area, id)
	if err == nil && len(list) == 0 {
		err = personal.ErrNoSubsidy
	}
	if err != nil {
		return "", err
	}
	if err := personalTx(t).HoldAccounts(ctx, area, list[0].Scheme); err != nil {
		return "", err
	}
	if err := list[0].Full(); err != nil {
		return "", err //nolint:wrapcheck // says what is missing
	}
	rules, err := t.decidingBy(ctx, area)
	if err != nil {
		return "", err
	}
	return list[0].About(), list[0].Stands(ctx, personalTx(t), rules)
}

// askAboutSubsidy asks a person what becomes of a subsidy that was credited for a
// contribution which is given back now, because it was wrong: it earned none. That of a year
// which was paid in the employee scheme too stays. Lists of the year wait.
func (t *tx) askAboutSubsidy(ctx context.Context, area party.Area, refund int64) error {
	r, err := t.RefundByID(ctx, area, refund)
	if err != nil || r.Reason != collection.WrongContribution || r.Collective || r.Suspense {
		return err
	}
	var listed bool
	err = t.QueryRow(ctx, `select exists (select from subsidy_run where area = $1 and scheme = $2 and year = $3)`, area,
		string(r.Scheme), r.Year).Scan(&listed)
	if err != nil {
		return fmt.Errorf("lists of subsidies of %d: %w", r.Year, err)
	}
	if !listed {
		return nil
	}
	if err := (personalTx{t}).HoldAccounts(ctx, area, r.Scheme); err != nil {
		return err
	}
	var given int64
	err = t.QueryRow(ctx, `
		select coalesce(sum(l.amount), 0)::bigint from `+givenSubsidies+` l
		where l.area = $1 and l.scheme = $2 and l.year = $3 and l.member_id = $4`, area, string(r.Scheme), r.Year, r.Member).Scan(&given)
	if err != nil {
		return fmt.Errorf("subsidies of member %d for %d: %w", r.Member, r.Year, err)
	}
	if given == 0 {
		return nil
	}
	return t.OpenCase(ctx, area, Case{
		Kind: "subsidy_after_refund", Subject: fmt.Sprintf("refund:%d", refund), Bank: "",
		Text: fmt.Sprintf("%s of the contribution of %d of member %d was given back as wrong, and %s of subsidy was credited for "+
			"the year: the next list takes back what was too much", r.Amount, r.Year, r.Member, money.Amount(given)),
	})
}

// EnterSubsidies implements casework.AccountsTx.
func (t caseworkTx) EnterSubsidies(ctx context.Context, r casework.Request, today calendar.Day) error {
	tag, err := t.Exec(ctx, `
		with approved as (
			insert into subsidy_run_approved (area, run_id, scheme, year, round, effective_on, decision_id, approved_at)
			select s.area, s.id, s.scheme, s.year, s.round, (select max(a.arrived_on) from subsidy_arrival a
				where a.area = s.area and a.run_id = s.id and `+forContributions().stands()+`), $3, $4
			from subsidy_run s where s.area = $1 and s.id = $2
			returning area, run_id)
		insert into subsidy_progress (area, run_id, posted_upto, posted_count, done)
		select area, run_id, 0, 0, false from approved`, r.Area, r.Subject, r.ID, t.at)
	if err == nil && tag.RowsAffected() != 1 {
		err = errors.New("the list of subsidies is gone")
	}
	if err != nil {
		return fmt.Errorf("approve list %d of subsidies: %w", r.Subject, err)
	}
	if err := t.takeSubsidiesBack(ctx, r, today); err != nil {
		return err
	}
	return t.Enqueue(ctx, personal.SubsidiesApproved{Area: r.Area, Run: r.Subject})
}

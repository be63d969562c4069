package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/entitlement"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/personal"
)

type personalStore struct{ db *DB }

// Personal stores what years bring to personal accounts.
func (db *DB) Personal() personal.Store { return personalStore{db} }

func (s personalStore) InTx(ctx context.Context, fn func(personal.Tx) error) error {
	return s.db.InTx(ctx, func(t *tx) error { return fn(personalTx{t}) })
}

func (s personalStore) Read(ctx context.Context, fn func(personal.Tx) error) error {
	return s.db.Read(ctx, func(t *tx) error { return fn(personalTx{t}) })
}

// personalTx is a transaction whose runs and lists are those of personal accounts.
type personalTx struct{ *tx }

// HoldAccounts implements personal.Tx.
func (t personalTx) HoldAccounts(ctx context.Context, area party.Area, scheme ledger.Scheme) error {
	_, err := t.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('accounts ' || $1::int || ' ' || $2::text, 0))`,
		int32(area), string(scheme))
	if err != nil {
		return fmt.Errorf("hold the runs of personal accounts of area %s: %w", area, err)
	}
	return nil
}

// GoOn implements personal.Tx. A job that waits already is asked for once.
func (t personalTx) GoOn(ctx context.Context) error {
	rows, err := t.Query(ctx, `
		select area, run_id, true from interest_progress where not done
		union all
		select area, run_id, false from subsidy_progress where not done`)
	if err != nil {
		return fmt.Errorf("runs that stopped: %w", err)
	}
	list, err := collect(rows, "runs that stopped", func(row pgx.CollectableRow) (any, error) {
		var area party.Area
		var run int64
		var interest bool
		err := row.Scan(&area, &run, &interest)
		if interest {
			return personal.InterestApproved{Area: area, Run: run}, err
		}
		return personal.SubsidiesApproved{Area: area, Run: run}, err
	})
	if err != nil || len(list) == 0 {
		return err
	}
	return t.Enqueue(ctx, list...)
}

// The buckets into which the book's lines of a member fall, for one year. Those of the
// year itself are a family of kinds times sixteen, and the month.
const (
	bucketAfter   = -3
	bucketBefore  = -2
	bucketOpening = -1

	familyEntered = 0
	familyPaid    = 1
	familyDrawn   = 2
)

// drawnKinds are the kinds of entry by which money leaves an account as a benefit, or
// comes back of that.
const drawnKinds = `('benefit', 'account_paid_out', 'transfer_out', 'payment_return', 'return_unclaimed',
	'recovery_by_channel', 'recovery_settled')`

// memberRoles are the parts of a personal account, as SQL.
const memberRoles = `('personal_individual', 'personal_collective', 'personal_subsidy', 'personal_interest')`

// yearAccountsSQL sums the book's lines by member and bucket. $1 is the area, $2 the
// scheme, $3 and $4 the year's first and last day, $5 the year. What an account held at
// go-live stood there on the day before its entry.
const yearAccountsSQL = `
	select member_id, bucket, sum(amount)::bigint,
		coalesce(sum(amount) filter (where role = 'personal_interest'), 0)::bigint
	from (
		select p.member_id, p.role, case when (p.side = 'credit') <> p.red then p.amount else -p.amount end as amount, case
			when p.kind = 'account_interest' and p.year = $5 then -2
			when p.effective_on > $4 then -3
			when p.effective_on < $3 then -1
			when p.kind = 'opening' then case when p.effective_on = $3 then 0
				else extract(month from p.effective_on - 1)::int end
			else case when p.kind in ` + drawnKinds + ` then 32 else 16 end + extract(month from p.effective_on)::int
			end as bucket
		from posting p
		where p.area = $1 and p.scheme = $2 and p.member_id is not null and p.role in ` + memberRoles + `) l
	group by member_id, bucket
	order by member_id, bucket`

type yearRow struct {
	member       int64
	bucket       int
	amount, held int64
}

// EachYearAccount implements personal.InterestTx. A cursor lets the transaction write
// between its pages; its rows are those of one moment.
func (t personalTx) EachYearAccount(
	ctx context.Context, run personal.InterestRun, fn func(*personal.YearAccount) error,
) error {
	first, err := calendar.Date(run.Year, 1, 1)
	if err != nil {
		return fmt.Errorf("year %d: %w", run.Year, err)
	}
	if err := t.takeTime(ctx); err != nil {
		return err
	}
	_, err = t.Exec(ctx, `declare year_accounts no scroll cursor for `+yearAccountsSQL, run.Area,
		string(run.Scheme), first, first.AddMonths(12).AddDays(-1), int32(run.Year)) //nolint:gosec // four digits
	if err != nil {
		return fmt.Errorf("ask for the accounts of %d: %w", run.Year, err)
	}
	var account personal.YearAccount
	for {
		page, err := t.yearRows(ctx)
		if err != nil {
			return err
		}
		for _, row := range page {
			if row.member != account.Member {
				if err := toldAccount(&account, fn); err != nil {
					return err
				}
				account = personal.YearAccount{Member: row.member, Movements: account.Movements[:0]} //nolint:exhaustruct // from zero
			}
			addRow(&account, row)
		}
		if len(page) == 0 {
			if err := toldAccount(&account, fn); err != nil {
				return err
			}
			_, err := t.Exec(ctx, `close year_accounts`)
			return err //nolint:wrapcheck // of the database itself
		}
	}
}

// takeTime lifts the pool's limits, which are those of a request about one thing.
func (t *tx) takeTime(ctx context.Context) error {
	_, err := t.Exec(ctx, `set local statement_timeout = 0; set local work_mem = '96MB'`)
	if err != nil {
		return fmt.Errorf("take time for everybody's accounts: %w", err)
	}
	return nil
}

func (t personalTx) yearRows(ctx context.Context) ([]yearRow, error) {
	rows, err := t.Query(ctx, `fetch forward 20000 from year_accounts`)
	if err != nil {
		return nil, fmt.Errorf("read the year's accounts: %w", err)
	}
	return collect(rows, "the year's accounts", func(row pgx.CollectableRow) (r yearRow, err error) {
		err = row.Scan(&r.member, &r.bucket, &r.amount, &r.held)
		return r, err
	})
}

// toldAccount tells of an account, unless all that is known of it came after the year.
func toldAccount(a *personal.YearAccount, fn func(*personal.YearAccount) error) error {
	if a.Member == 0 || a.Opening == 0 && a.Before == 0 && len(a.Movements) == 0 {
		return nil
	}
	return fn(a)
}

func addRow(a *personal.YearAccount, row yearRow) {
	a.HeldInterest += money.Amount(row.held)
	amount := money.Amount(row.amount)
	switch {
	case row.bucket == bucketAfter || amount == 0:
		return
	case row.bucket == bucketBefore:
		a.Before = amount
		return
	case row.bucket == bucketOpening:
		a.Opening = amount
		return
	}
	m := entitlement.Movement{Month: row.bucket % 16, Move: entitlement.Entered, Amount: max(amount, -amount)}
	switch row.bucket / 16 {
	case familyEntered:
		if amount < 0 {
			m.Move, m.Month = entitlement.Refunded, max(m.Month, 1)
		}
	case familyPaid:
		m.Move = entitlement.Paid
		if amount < 0 {
			m.Move = entitlement.Refunded
		}
	case familyDrawn:
		m.Move = entitlement.Undrawn
		if amount < 0 {
			m.Move = entitlement.Drawn
		}
	}
	a.Movements = append(a.Movements, m)
}

// AddInterestLines implements personal.InterestTx.
func (t personalTx) AddInterestLines(
	ctx context.Context, area party.Area, run int64, lines []personal.InterestLine,
) error {
	columns := []string{
		"area", "run_id", "member_id", "opening", "paid_in", "paid_out", "interest", "before", "amount", "left_over",
	}
	n, err := t.CopyFrom(ctx, pgx.Identifier{"interest_line"}, columns, pgx.CopyFromSlice(len(lines), func(i int) ([]any, error) {
		l := &lines[i]
		return []any{
			int32(area), run, l.Member, l.Opening.Fen(), l.PaidIn.Fen(), l.PaidOut.Fen(), l.Interest.Fen(), l.Before.Fen(),
			l.Amount.Fen(), l.LeftOver.Fen(),
		}, nil
	}))
	if err != nil {
		return fmt.Errorf("keep %d lines of interest run %d: %w", len(lines), run, err)
	}
	t.written += n
	return nil
}

// AddInterestRun implements personal.InterestTx.
func (t personalTx) AddInterestRun(ctx context.Context, r personal.InterestRun) error {
	_, err := t.Exec(ctx, `
		insert into interest_run (area, id, scheme, year, rate, round, correction, percent, rate_document, lines,
			interest, before, rise, fall, left_over, digest, asked_by, asked_at, business_day, rate_round,
			rules_digest)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`,
		r.Area, r.ID, string(r.Scheme), r.Year, string(r.Rate), r.Round, r.Correction, r.Percent, r.RateDocument,
		r.Sums.Lines, r.Sums.Interest.Fen(), r.Sums.Before.Fen(), r.Sums.Rise.Fen(), r.Sums.Fall.Fen(),
		r.Sums.LeftOver.Fen(), r.Digest[:], r.AskedBy, t.at, r.Day, r.RateRound, r.RulesDigest[:])
	if err != nil {
		return fmt.Errorf("keep interest run %d: %w", r.ID, err)
	}
	return nil
}

// AskInterest implements personal.InterestTx.
func (t personalTx) AskInterest(
	ctx context.Context, by approval.Officer, today calendar.Day, r personal.InterestRun,
) (casework.Request, error) {
	return casework.Submit(ctx, caseworkTx(t), today, by, casework.Ask{ //nolint:exhaustruct // a run
		Kind: casework.InterestRun, Subject: r.ID, Word: casework.Entered, Document: r.RateDocument, Reason: r.Correction,
		DocumentDigest: r.Digest[:],
	})
}

// InterestRuns implements personal.InterestTx.
func (t personalTx) InterestRuns(ctx context.Context, f personal.RunFilter) ([]personal.InterestRun, error) {
	return t.interestRuns(ctx, `r.area = $1 and ($2 = 0::bigint or r.id = $2) and ($3 = '' or r.scheme = $3)
		and ($4 = 0 or r.year = $4) and r.id > $5 order by r.id limit nullif($6::int, 0)`, f.Area, f.ID, string(f.Scheme),
		f.Year, f.After, f.Limit)
}

func (t *tx) interestRuns(ctx context.Context, where string, args ...any) ([]personal.InterestRun, error) {
	rows, err := t.Query(ctx, `
		select r.area, r.id, r.scheme, r.year, r.rate, r.round, r.correction, r.percent, r.rate_document, r.rate_round, r.lines,
			r.interest, r.before, r.rise, r.fall, r.left_over, r.digest, r.asked_by, r.asked_at, r.business_day,
			r.rules_digest, coalesce(q.id, 0), coalesce(q.state, ''), coalesce(g.posted_upto, 0), coalesce(g.posted_count, 0),
			coalesce(g.done, false)
		from interest_run r
		left join decision_request q on q.area = r.area and q.kind = 'interest_run' and q.subject_id = r.id
		left join interest_progress g on g.area = r.area and g.run_id = r.id
		where `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read interest runs: %w", err)
	}
	return collect(rows, "interest runs", func(row pgx.CollectableRow) (r personal.InterestRun, err error) {
		var digest, rules []byte
		err = row.Scan(&r.Area, &r.ID, &r.Scheme, &r.Year, &r.Rate, &r.Round, &r.Correction, &r.Percent, &r.RateDocument,
			&r.RateRound, &r.Sums.Lines, &r.Sums.Interest, &r.Sums.Before, &r.Sums.Rise, &r.Sums.Fall, &r.Sums.LeftOver, &digest, &r.AskedBy,
			&r.AskedAt, &r.Day, &rules, &r.Decision, &r.State, &r.Progress.Upto, &r.Progress.Count, &r.Progress.Done)
		copy(r.Digest[:], digest)
		copy(r.RulesDigest[:], rules)
		return r, err
	})
}

// LockInterestRun implements personal.InterestTx. Pensions are drawn from the same
// accounts, and wait.
func (t personalTx) LockInterestRun(ctx context.Context, area party.Area, id int64) (personal.InterestRun, error) {
	none := personal.InterestRun{} //nolint:exhaustruct // none
	_, err := t.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('drawing ' || $1::int, 0))`, int32(area))
	if err != nil {
		return none, fmt.Errorf("hold personal accounts of area %s: %w", area, err)
	}
	_, err = t.Exec(ctx, `select from interest_progress where area = $1 and run_id = $2 for no key update`, area, id)
	if err != nil {
		return none, fmt.Errorf("lock interest run %d: %w", id, err)
	}
	list, err := t.interestRuns(ctx, `r.area = $1 and r.id = $2 and g.run_id is not null`, area, id)
	if err == nil && len(list) == 0 {
		err = personal.ErrNoInterestRun
	}
	if err != nil {
		return none, err
	}
	return list[0], nil
}

// InterestLines implements personal.InterestTx.
func (t personalTx) InterestLines(
	ctx context.Context, area party.Area, run, after int64, limit int,
) ([]personal.InterestLine, error) {
	rows, err := t.Query(ctx, `
		select id, member_id, opening, paid_in, paid_out, interest, before, amount, left_over from interest_line
		where area = $1 and run_id = $2 and member_id > $3 order by member_id limit $4`, area, run, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read lines of interest run %d: %w", run, err)
	}
	return collect(rows, "lines of an interest run", scanInterestLine)
}

func scanInterestLine(row pgx.CollectableRow) (l personal.InterestLine, err error) {
	err = row.Scan(&l.ID, &l.Member, &l.Opening, &l.PaidIn, &l.PaidOut, &l.Interest, &l.Before, &l.Amount, &l.LeftOver)
	return l, err
}

// MoveInterest implements personal.InterestTx.
func (t personalTx) MoveInterest(ctx context.Context, area party.Area, run int64, p personal.Progress) error {
	_, err := t.Exec(ctx, `
		update interest_progress set posted_upto = $3, posted_count = $4, done = $5 where area = $1 and run_id = $2`,
		area, run, p.Upto, p.Count, p.Done)
	if err != nil {
		return fmt.Errorf("move interest run %d: %w", run, err)
	}
	return nil
}

// AboutInterest implements casework.AccountsTx.
func (t caseworkTx) AboutInterest(ctx context.Context, area party.Area, id int64) (string, error) {
	list, err := t.interestRuns(ctx, `r.area = $1 and r.id = $2`, area, id)
	if err == nil && len(list) == 0 {
		err = personal.ErrNoInterestRun
	}
	if err != nil {
		return "", err
	}
	run := list[0]
	if err := personalTx(t).HoldAccounts(ctx, area, run.Scheme); err != nil {
		return "", err
	}
	if err := t.takeTime(ctx); err != nil {
		return "", err
	}
	var now int64
	err = t.QueryRow(ctx, `
		select coalesce(sum(case when (side = 'credit') <> red then amount else -amount end), 0)::bigint from posting
		where area = $1 and role = 'personal_interest' and year = $3 and scheme = $2 and kind = 'account_interest'
		  and member_id is not null`, area, string(run.Scheme), run.Year).Scan(&now)
	if err != nil {
		return "", fmt.Errorf("interest of %d in the book: %w", run.Year, err)
	}
	rules, err := t.decidingBy(ctx, area)
	if err == nil && run.Stale(rules) {
		err = personal.ErrInterestStale
	}
	if err != nil {
		return "", err
	}
	return run.About(money.Amount(now)), nil
}

// EnterInterest implements casework.AccountsTx.
func (t caseworkTx) EnterInterest(ctx context.Context, r casework.Request) error {
	tag, err := t.Exec(ctx, `
		with approved as (
			insert into interest_run_approved (area, run_id, scheme, year, rate, round, decision_id, approved_at)
			select area, id, scheme, year, rate, round, $3, $4 from interest_run where area = $1 and id = $2
			returning area, run_id)
		insert into interest_progress (area, run_id, posted_upto, posted_count, done)
		select area, run_id, 0, 0, false from approved`, r.Area, r.Subject, r.ID, t.at)
	if err == nil && tag.RowsAffected() != 1 {
		err = errors.New("the interest run is gone")
	}
	if err != nil {
		return fmt.Errorf("approve interest run %d: %w", r.Subject, err)
	}
	return t.Enqueue(ctx, personal.InterestApproved{Area: r.Area, Run: r.Subject})
}

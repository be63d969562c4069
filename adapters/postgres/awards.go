package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/approval"
	"twoline/gateway/award"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/ledger"
	"twoline/gateway/party"
	"twoline/gateway/policy"
	"twoline/gateway/registry"
)

type awardStore struct{ db *DB }

// Awards stores award runs and reads what they are computed from.
func (db *DB) Awards() award.Store { return awardStore{db} }

func (s awardStore) InTx(ctx context.Context, fn func(award.Tx) error) error {
	return s.db.InTx(ctx, func(t *tx) error { return fn(t) })
}

func (s awardStore) Read(ctx context.Context, fn func(award.Tx) error) error {
	return s.db.Read(ctx, func(t *tx) error { return fn(t) })
}

// HoldEntitlements implements award.RunTx: imports of entitlements take the same lock.
func (t *tx) HoldEntitlements(ctx context.Context, area party.Area) (int64, error) {
	if err := (registryTx{t}).LockImport(ctx, area, registry.KindEntitlements); err != nil {
		return 0, err
	}
	var last int64
	err := t.QueryRow(ctx, `select coalesce(max(id), 0) from entitlement where area = $1`, area).Scan(&last)
	if err != nil {
		return 0, fmt.Errorf("last entitlement of area %s: %w", area, err)
	}
	return last, nil
}

// AwardBookOpened implements award.RunTx.
func (t *tx) AwardBookOpened(ctx context.Context, area party.Area, scheme ledger.Scheme) (calendar.Day, error) {
	var day calendar.Day
	err := t.QueryRow(ctx, `select opened_on from book where area = $1 and scheme = $2`, area, string(scheme)).Scan(&day)
	if errors.Is(err, pgx.ErrNoRows) {
		return day, award.ErrNoBook.On("scheme")
	}
	if err != nil {
		return day, fmt.Errorf("book of %s in area %s: %w", scheme, area, err)
	}
	return day, nil
}

// AddAwardSteps implements award.RunTx.
func (t *tx) AddAwardSteps(ctx context.Context, run award.Run, from int, steps []award.Step) error {
	if len(steps) == 0 {
		return nil
	}
	columns := []string{
		"area", "run_id", "seq", "member_id", "from_month", "what", "cause", "basis", "base_was", "base_pension",
		"account_was", "account_pension",
	}
	row := make([]any, len(columns))
	_, err := t.CopyFrom(ctx, pgx.Identifier{"award_line"}, columns,
		pgx.CopyFromSlice(len(steps), func(i int) ([]any, error) {
			s := &steps[i]
			var basis any
			if s.Basis != 0 {
				basis = int32(s.Basis) //nolint:gosec // counted from one
			}
			row[0], row[1], row[2], row[3] = int32(run.Area), run.ID, int32(from+i), s.Member //nolint:gosec // counted
			row[4], row[5], row[6], row[7] = s.From.First().Time(), string(s.What()), string(s.Cause), basis
			row[8], row[9] = s.Was.Base.Fen(), s.Due.Base.Fen()
			row[10], row[11] = s.Was.Account.Fen(), s.Due.Account.Fen()
			return row, nil
		}))
	if err != nil {
		return fmt.Errorf("keep %d steps of award run %d: %w", len(steps), run.ID, err)
	}
	return nil
}

// AddAwardRefusals implements award.RunTx.
func (t *tx) AddAwardRefusals(ctx context.Context, run award.Run, list []award.Refusal) error {
	if len(list) == 0 {
		return nil
	}
	_, err := t.Exec(ctx, `
		insert into award_refused (area, run_id, member_id, reason, text)
		select $1, $2, u.* from unnest($3::bigint[], $4::text[], $5::text[]) as u`, run.Area, run.ID,
		column(list, func(r award.Refusal) int64 { return r.Member }),
		column(list, func(r award.Refusal) string { return string(r.Reason) }),
		column(list, func(r award.Refusal) string { return r.Text }))
	if err != nil {
		return fmt.Errorf("keep whom award run %d lists: %w", run.ID, err)
	}
	return nil
}

// AddAwardRun implements award.RunTx.
func (t *tx) AddAwardRun(ctx context.Context, r award.Run, rows []award.BasisRow) (award.Run, error) {
	r.MadeAt = t.at
	_, err := t.Exec(ctx, `
		insert into award_run (area, id, scheme, month, entitlement_upto, looked, waiting, members, lines, refused,
			base_before, account_before, base_after, account_after, digest, made_by, made_at, business_day, rules_digest)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
		r.Area, r.ID, string(r.Scheme), r.Month, r.Upto, r.Looked, r.Waiting, r.Members, r.Lines, r.Refused,
		r.Before.Base.Fen(), r.Before.Account.Fen(), r.After.Base.Fen(), r.After.Account.Fen(), r.Digest[:], r.MadeBy,
		t.at, r.MadeOn, r.RulesDigest[:])
	if err != nil {
		return r, fmt.Errorf("keep award run %d: %w", r.ID, err)
	}
	if len(rows) == 0 {
		return r, nil
	}
	_, err = t.Exec(ctx, `
		insert into award_basis (area, run_id, basis, rule, rule_area, effective_from, value, document, round)
		select $1, $2, u.* from unnest($3::integer[], $4::text[], $5::integer[], $6::date[], $7::text[], $8::text[],
			$9::integer[]) as u`,
		r.Area, r.ID,
		column(rows, func(b award.BasisRow) int { return b.Basis }),
		column(rows, func(b award.BasisRow) string { return b.Rule }),
		column(rows, func(b award.BasisRow) int32 { return int32(b.Area) }),
		column(rows, func(b award.BasisRow) calendar.Day { return b.From }),
		column(rows, func(b award.BasisRow) string { return b.Value }),
		column(rows, func(b award.BasisRow) string { return b.Document }),
		column(rows, func(b award.BasisRow) int { return b.Round }))
	if err != nil {
		return r, fmt.Errorf("keep the rules of award run %d: %w", r.ID, err)
	}
	return r, nil
}

// AskAwards implements award.RunTx.
func (t *tx) AskAwards(
	ctx context.Context, by approval.Officer, today calendar.Day, run award.Run,
) (casework.Request, error) {
	return casework.Submit(ctx, caseworkTx{t}, today, by, casework.Ask{ //nolint:exhaustruct // a run
		Kind: casework.AwardRun, Subject: run.ID, Word: casework.Entered, Document: run.Document(),
		DocumentDigest: run.Digest[:],
	})
}

// AboutAwards implements casework.FlowTx. An entitlement or a rule that came after the run
// was made says that the run saw another world.
func (t caseworkTx) AboutAwards(ctx context.Context, area party.Area, id int64) (string, error) {
	if _, err := t.HoldEntitlements(ctx, area); err != nil {
		return "", err
	}
	list, err := t.AwardRuns(ctx, award.Filter{Area: area, ID: id, Limit: 1}) //nolint:exhaustruct // one
	if err == nil && len(list) == 0 {
		err = award.ErrUnknown
	}
	if err != nil {
		return "", err
	}
	var newer bool
	err = t.QueryRow(ctx, `
		select exists (select from entitlement e join member m on m.area = e.area and m.id = e.member_id
			where e.area = $1 and e.id > $2 and m.scheme = $3)`, area, list[0].Upto, string(list[0].Scheme)).Scan(&newer)
	switch {
	case err != nil:
		return "", fmt.Errorf("look whether award run %d is stale: %w", id, err)
	case newer:
		return "", award.ErrStale
	}
	rules, err := t.decidingBy(ctx, area)
	if err == nil && list[0].Stale(rules) {
		err = award.ErrStale
	}
	return list[0].About(), err
}

// decidingBy returns the rules of an area, none of which changes before the transaction ends.
func (t caseworkTx) decidingBy(ctx context.Context, area party.Area) (*policy.Rules, error) {
	if err := registryTx(t).LockImport(ctx, area, registry.KindPolicies); err != nil {
		return nil, err
	}
	return t.Rules(ctx, area)
}

// awardPart is how many lines become entitlements by one statement.
const awardPart = 50_000

// EnterAwards implements casework.FlowTx.
func (t caseworkTx) EnterAwards(ctx context.Context, r casework.Request) error {
	list, err := t.AwardRuns(ctx, award.Filter{Area: r.Area, ID: r.Subject, Limit: 1}) //nolint:exhaustruct // one
	if err == nil && len(list) == 0 {
		err = award.ErrUnknown
	}
	if err != nil {
		return err
	}
	run := list[0]
	_, err = t.Exec(ctx, `
		insert into award_run_approved (area, run_id, decision_id, approved_at) values ($1, $2, $3, $4)`,
		r.Area, run.ID, r.ID, t.at)
	if err != nil {
		return fmt.Errorf("approve award run %d: %w", run.ID, err)
	}
	// The look for the member of each row is planned once.
	return t.planning(ctx, "plan_cache_mode", "auto", func() error {
		for from := 1; from <= run.Lines; from += awardPart {
			_, err := t.Exec(ctx, `
				insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
				select l.area, l.member_id, c.component, l.from_month, c.amount, $5, $6, $7
				from award_line l
				cross join lateral (values ('base_pension', l.base_was, l.base_pension),
					('account_pension', l.account_was, l.account_pension)) c (component, was, amount)
				where l.area = $1 and l.run_id = $2 and l.seq between $3 and $4 and c.was <> c.amount
				order by l.seq`, r.Area, run.ID, from, from+awardPart-1, run.Document(), r.Maker, t.at)
			if err != nil {
				return fmt.Errorf("enter award run %d: %w", run.ID, err)
			}
		}
		return nil
	})
}

// AwardRuns implements award.RunTx.
func (t *tx) AwardRuns(ctx context.Context, f award.Filter) ([]award.Run, error) {
	rows, err := t.Query(ctx, `
		select r.area, r.id, r.scheme, r.month, r.entitlement_upto, r.looked, r.waiting, r.members, r.lines, r.refused,
			r.base_before, r.account_before, r.base_after, r.account_after, r.digest, r.made_by, r.business_day, r.made_at,
			r.rules_digest, coalesce(q.id, 0), coalesce(q.state, ''), coalesce(q.digest, '')
		from award_run r
		left join decision_request q on q.area = r.area and q.kind = 'award_run' and q.subject_id = r.id
		where r.area = $1 and ($2 = 0::bigint or r.id = $2) and ($3 = '' or r.scheme = $3)
		  and ($4::date is null or r.month = $4) and r.id > $5
		order by r.id limit $6`, f.Area, f.ID, string(f.Scheme), monthOrNull(f.Month), f.After, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("award runs of area %s: %w", f.Area, err)
	}
	return collect(rows, "award runs", func(row pgx.CollectableRow) (r award.Run, err error) {
		var digest, rules, asked []byte
		err = row.Scan(&r.Area, &r.ID, &r.Scheme, &r.Month, &r.Upto, &r.Looked, &r.Waiting, &r.Members, &r.Lines,
			&r.Refused, &r.Before.Base, &r.Before.Account, &r.After.Base, &r.After.Account, &digest, &r.MadeBy, &r.MadeOn,
			&r.MadeAt, &rules, &r.Decision, &r.State, &asked)
		copy(r.Digest[:], digest)
		copy(r.RulesDigest[:], rules)
		copy(r.DecisionDigest[:], asked)
		return r, err
	})
}

// monthOrNull is a month as a parameter, null where there is none.
func monthOrNull(m calendar.Month) calendar.Day {
	if m.IsZero() {
		return calendar.Day{}
	}
	return m.First()
}

// AwardSums implements award.RunTx.
func (t *tx) AwardSums(ctx context.Context, area party.Area, run int64) ([]award.Sum, error) {
	rows, err := t.Query(ctx, `
		select what, cause, count(*), sum(base_was)::bigint, sum(account_was)::bigint, sum(base_pension)::bigint,
			sum(account_pension)::bigint
		from award_line where area = $1 and run_id = $2 group by what, cause order by what, cause`, area, run)
	if err != nil {
		return nil, fmt.Errorf("sums of award run %d: %w", run, err)
	}
	return collect(rows, "sums of an award run", func(row pgx.CollectableRow) (s award.Sum, err error) {
		err = row.Scan(&s.What, &s.Cause, &s.Count, &s.Was.Base, &s.Was.Account, &s.Due.Base, &s.Due.Account)
		return s, err
	})
}

// AwardLines implements award.RunTx.
func (t *tx) AwardLines(ctx context.Context, f award.LineFilter) ([]award.Line, error) {
	rows, err := t.Query(ctx, `
		select l.seq, l.member_id, l.from_month, l.cause, coalesce(l.basis, 0), l.base_was, l.base_pension, l.account_was,
			l.account_pension, m.social_no, m.name
		from award_line l join member m on m.area = l.area and m.id = l.member_id
		where l.area = $1 and l.run_id = $2 and ($3 = '' or l.what = $3) and ($4 = '' or l.cause = $4)
		  and ($5 = 0::bigint or l.member_id = $5) and l.seq > $6
		order by l.seq limit $7`, f.Area, f.Run, string(f.What), string(f.Cause), f.Member, f.After, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("lines of award run %d: %w", f.Run, err)
	}
	return collect(rows, "lines of an award run", func(row pgx.CollectableRow) (l award.Line, err error) {
		var name string
		err = row.Scan(&l.Seq, &l.Member, &l.From, &l.Cause, &l.Basis, &l.Was.Base, &l.Due.Base, &l.Was.Account,
			&l.Due.Account, &l.SocialNo, &name)
		l.Name, _, _ = party.Stored(name, "", "")
		return l, err
	})
}

// AwardRefusals implements award.RunTx.
func (t *tx) AwardRefusals(ctx context.Context, area party.Area, run, after int64, limit int) ([]award.Listed, error) {
	rows, err := t.Query(ctx, `
		select r.member_id, r.reason, r.text, m.social_no, m.name
		from award_refused r join member m on m.area = r.area and m.id = r.member_id
		where r.area = $1 and r.run_id = $2 and r.member_id > $3 order by r.member_id limit $4`, area, run, after, limit)
	if err != nil {
		return nil, fmt.Errorf("whom award run %d lists: %w", run, err)
	}
	return collect(rows, "whom an award run lists", func(row pgx.CollectableRow) (l award.Listed, err error) {
		var name string
		err = row.Scan(&l.Member, &l.Reason, &l.Text, &l.SocialNo, &name)
		l.Name, _, _ = party.Stored(name, "", "")
		return l, err
	})
}

// AwardBases implements award.RunTx.
func (t *tx) AwardBases(ctx context.Context, area party.Area, run int64, bases []int) ([]award.BasisRow, error) {
	rows, err := t.Query(ctx, `
		select basis, rule, rule_area, effective_from, value, document, round from award_basis
		where area = $1 and run_id = $2 and ($3::integer[] is null or basis = any($3)) order by basis, rule collate "C"`,
		area, run, bases)
	if err != nil {
		return nil, fmt.Errorf("rules of award run %d: %w", run, err)
	}
	return collect(rows, "rules of an award run", pgx.RowToStructByPos[award.BasisRow])
}

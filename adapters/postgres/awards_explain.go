package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/award"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// AwardScheme implements award.ExplainTx.
func (t *tx) AwardScheme(ctx context.Context, area party.Area, member int64) (scheme ledger.Scheme, err error) {
	err = t.QueryRow(ctx, `select scheme from member where area = $1 and id = $2`, area, member).Scan(&scheme)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", award.ErrMember
	}
	if err != nil {
		return "", fmt.Errorf("scheme of member %d: %w", member, err)
	}
	return scheme, nil
}

// awardEntitledSQL are the rows of member $2 that hold for month $3, with the step of the run
// that wrote each: those that were there at $4, or all.
const awardEntitledSQL = `
	select n.component, n.from_month, n.amount, n.document, coalesce(l.run_id, 0), coalesce(l.cause, ''),
		coalesce(l.basis, 0)
	from (
		select distinct on (e.component) e.component, e.from_month, e.amount, e.document,
			case when ` + awardDocument + ` then substr(e.document, 11)::bigint end as run
		from entitlement e
		where e.area = $1 and e.member_id = $2 and e.from_month <= $3 and ($4::timestamptz is null or e.entered_at <= $4)
		order by e.component, e.from_month desc, e.id desc) n
	left join award_line l on l.area = $1 and l.member_id = $2 and l.from_month = n.from_month and l.run_id = n.run
	order by n.component`

// AwardEntitled implements award.ExplainTx.
func (t *tx) AwardEntitled(
	ctx context.Context, area party.Area, member int64, month calendar.Month,
) ([]award.Entitled, error) {
	return t.awardEntitled(ctx, area, member, month, nil)
}

func (t *tx) awardEntitled(
	ctx context.Context, area party.Area, member int64, month calendar.Month, until *time.Time,
) ([]award.Entitled, error) {
	rows, err := t.Query(ctx, awardEntitledSQL, area, member, month, until)
	if err != nil {
		return nil, fmt.Errorf("entitlements of member %d: %w", member, err)
	}
	return collect(rows, "entitlements of a member", func(row pgx.CollectableRow) (e award.Entitled, err error) {
		err = row.Scan(&e.Component, &e.From, &e.Amount, &e.Document, &e.Run, &e.Cause, &e.Basis)
		return e, err
	})
}

// AwardEntitledThen implements award.RosterTx.
func (t *tx) AwardEntitledThen(
	ctx context.Context, r award.RosterHead, member int64, month calendar.Month,
) ([]award.Entitled, error) {
	at, err := t.rosterMade(ctx, r)
	if err != nil {
		return nil, err
	}
	return t.awardEntitled(ctx, r.Area, member, month, &at)
}

// AwardRulesThen implements award.RosterTx.
func (t *tx) AwardRulesThen(ctx context.Context, r award.RosterHead) (*policy.Rules, error) {
	at, err := t.rosterMade(ctx, r)
	if err != nil {
		return nil, err
	}
	return t.rulesKnown(ctx, r.Area, at)
}

func (t *tx) rosterMade(ctx context.Context, r award.RosterHead) (at time.Time, err error) {
	err = t.QueryRow(ctx, `select made_at from roster where area = $1 and id = $2`, r.Area, r.ID).Scan(&at)
	if err != nil {
		err = fmt.Errorf("read roster %d: %w", r.ID, err)
	}
	return at, err
}

// AwardHolds implements award.ExplainTx.
func (t *tx) AwardHolds(
	ctx context.Context, area party.Area, member int64, month calendar.Month,
) ([]award.HeldBy, error) {
	rows, err := t.Query(ctx, `
		select h.reason, h.from_month, h.text from payment_hold h
		where h.area = $1 and h.member_id = $2 and h.from_month <= $3 and not exists (
			select from hold_release r where r.area = h.area and r.hold_id = h.id and r.state = 'approved')
		order by h.from_month, h.id`, area, member, month)
	if err != nil {
		return nil, fmt.Errorf("holds of member %d: %w", member, err)
	}
	return collect(rows, "holds of a member", func(row pgx.CollectableRow) (h award.HeldBy, err error) {
		err = row.Scan(&h.Reason, &h.From, &h.Text)
		return h, err
	})
}

// AwardApplications implements award.ExplainTx.
func (t *tx) AwardApplications(ctx context.Context, area party.Area, member int64) ([]award.Application, error) {
	rows, err := t.Query(ctx, `
		select applied_on, note, document from pension_case where area = $1 and member_id = $2 order by applied_on, id`,
		area, member)
	if err != nil {
		return nil, fmt.Errorf("applications of member %d: %w", member, err)
	}
	return collect(rows, "applications of a member", pgx.RowToStructByPos[award.Application])
}

// AwardRoster implements award.RosterTx.
func (t *tx) AwardRoster(ctx context.Context, area party.Area, id int64) (award.RosterHead, error) {
	rows, err := t.Query(ctx, `select area, id, scheme, month, kind from roster where area = $1 and id = $2`, area, id)
	return single(rows, err, fmt.Sprintf("read roster %d", id), award.ErrRoster, pgx.RowToStructByPos[award.RosterHead])
}

// AwardRosterBefore implements award.RosterTx.
func (t *tx) AwardRosterBefore(ctx context.Context, r award.RosterHead) (award.RosterHead, error) {
	rows, err := t.Query(ctx, `
		select r.area, r.id, r.scheme, r.month, r.kind from roster r
		left join pay_run p on p.area = r.area and p.roster_id = r.id and p.state not in ('refused', 'withdrawn')
		where r.area = $1 and r.scheme = $2 and r.month = $3 and r.kind = 'regular'
		order by p.id is null, r.id desc limit 1`, r.Area, string(r.Scheme), r.Month.Add(-1))
	if err != nil {
		return award.RosterHead{}, fmt.Errorf("roster before %d: %w", r.ID, err) //nolint:exhaustruct // none
	}
	list, err := collect(rows, "a roster", pgx.RowToStructByPos[award.RosterHead])
	if err != nil || len(list) == 0 {
		return award.RosterHead{}, err //nolint:exhaustruct // none
	}
	return list[0], nil
}

// AwardRosterLine implements award.RosterTx.
func (t *tx) AwardRosterLine(ctx context.Context, r award.RosterHead, seq int) (award.RosterLine, error) {
	rows, err := t.Query(ctx, `
		select l.seq, l.member_id, m.social_no, m.name, l.month, l.base_pension, l.account_pension, l.funeral_grant,
			l.one_off, l.cause, l.held
		from roster_line l join member m on m.area = l.area and m.id = l.member_id
		where l.area = $1 and l.roster_id = $2 and l.seq = $3`, r.Area, r.ID, seq)
	return single(rows, err, fmt.Sprintf("read line %d of roster %d", seq, r.ID), award.ErrLine,
		func(row pgx.CollectableRow) (l award.RosterLine, err error) {
			var name string
			err = row.Scan(&l.Seq, &l.Member, &l.SocialNo, &name, &l.Month, &l.Monthly.Base, &l.Monthly.Account,
				&l.Funeral, &l.OneOff, &l.Cause, &l.Held)
			l.Name, _, _ = party.Stored(name, "", "")
			return l, err
		})
}

// memberLinesSQL begins a query for lines of one month by member: the base pension that a child
// stops is one of them beside what is paid.
const memberLinesSQL = `select member_id, coalesce(nullif(max(held) filter (where cause = 'regular'), ''), max(held)) as held,
			sum(base_pension + account_pension + funeral_grant + one_off)::bigint as amount from roster_line`

// differenceSQL are the lines of roster $2 beside those of roster $3, each of its own
// month, where they differ. A member who is new or stops is named by the step of an
// award, by a death, or by what holds the line back: what began since, or was entered
// since the roster before.
const differenceSQL = `
	with now as (
		` + memberLinesSQL + `
		where area = $1 and roster_id = $2 and month = $4 and cause in ('regular', 'child_linked') group by member_id),
	was as (
		` + memberLinesSQL + `
		where area = $1 and roster_id = $3 and month = $5 and cause in ('regular', 'child_linked') group by member_id),
	side as (
		select coalesce(n.member_id, w.member_id) as member_id, coalesce(w.amount, 0) as was, coalesce(n.amount, 0) as now,
			coalesce(w.held, '') as held_was, coalesce(n.held, '') as held, case
				when w.member_id is null then 'new' when n.member_id is null then 'stopped'
				when w.amount <> n.amount then 'changed' when w.held = '' and n.held <> '' then 'held'
				when w.held <> '' and n.held = '' then 'released' end as change
		from now n full join was w on w.member_id = n.member_id),
	differing as (
		select member_id, was, now, held_was, held, change from side
		where change is not null and ($6 = '' or change = $6) and member_id > $7
		order by member_id limit $8)
	select d.member_id, m.social_no, m.name, d.change, d.was, d.now, d.held_was, d.held, coalesce(case
			when d.change in ('held', 'released') then nullif(case when d.change = 'held' then d.held else d.held_was end, '')
			when l.cause is not null then l.cause when d.change = 'stopped' and x.died then 'death'
			when e.document is not null then 'document' end, 'roster'),
		coalesce(case when d.change in ('held', 'released') then '' else e.document end, ''), coalesce(l.run_id, 0)
	from differing d
	join member m on m.area = $1 and m.id = d.member_id
	left join lateral (
		select e.document, e.from_month, case when ` + awardDocument + ` then substr(e.document, 11)::bigint end as run
		from entitlement e
		where e.area = $1 and e.member_id = d.member_id and e.from_month <= $4
			and (e.from_month > $5 or e.entered_at > (select made_at from roster where area = $1 and id = $3))
		order by e.from_month desc, e.id desc limit 1) e on true
	left join award_line l on l.area = $1 and l.member_id = d.member_id and l.from_month = e.from_month
		and l.run_id = e.run
	left join lateral (
		select true as died from death_notice n
		where n.area = $1 and n.member_id = d.member_id and n.died_on < $4 and not exists (
			select from death_withdrawn w where w.area = n.area and w.notice_id = n.id) limit 1) x on true
	order by d.member_id`

func differenceArgs(q award.DifferenceQuery, after int64, limit *int) []any {
	return []any{
		q.Now.Area, q.Now.ID, q.Before.ID, q.Now.Month, q.Now.Month.Add(-1), string(q.Change), after, limit,
	}
}

// AwardDifferences implements award.RosterTx.
func (t *tx) AwardDifferences(ctx context.Context, q award.DifferenceQuery) ([]award.Difference, error) {
	rows, err := t.Query(ctx, differenceSQL, differenceArgs(q, q.After, &q.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("differences of roster %d: %w", q.Now.ID, err)
	}
	return collect(rows, "differences of a roster", func(row pgx.CollectableRow) (d award.Difference, err error) {
		var name string
		err = row.Scan(&d.Member, &d.SocialNo, &name, &d.Change, &d.Was, &d.Now, &d.HeldWas, &d.Held, &d.Why, &d.Document,
			&d.Run)
		d.Name, _, _ = party.Stored(name, "", "")
		return d, err
	})
}

// AwardDifferenceSums implements award.RosterTx.
func (t *tx) AwardDifferenceSums(ctx context.Context, q award.DifferenceQuery) (sums []award.DifferenceSum, err error) {
	err = t.hashing(ctx, func() error {
		rows, err := t.Query(ctx, `
			select d.change, d.why, count(*), sum(d.was)::bigint, sum(d.now)::bigint
			from (`+differenceSQL+`) d (member_id, social_no, name, change, was, now, held_was, held, why, document, run)
			group by 1, 2 order by 1, 2`, differenceArgs(q, 0, nil)...)
		if err != nil {
			return fmt.Errorf("sum the differences of roster %d: %w", q.Now.ID, err)
		}
		sums, err = collect(rows, "sums of differences", pgx.RowToStructByPos[award.DifferenceSum])
		return err
	})
	return sums, err
}

// AwardBasesPaid implements award.RosterTx.
func (t *tx) AwardBasesPaid(ctx context.Context, r award.RosterHead) ([]award.BaseCount, error) {
	rows, err := t.Query(ctx, `
		select month, base_pension, 0::bigint, count(*) from roster_line
		where area = $1 and roster_id = $2 and base_pension > 0 and cause = 'regular' group by 1, 2 order by 1, 2`,
		r.Area, r.ID)
	if err != nil {
		return nil, fmt.Errorf("base pensions of roster %d: %w", r.ID, err)
	}
	return collect(rows, "base pensions of a roster", pgx.RowToStructByPos[award.BaseCount])
}

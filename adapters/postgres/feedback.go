package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/feedback"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

// contributionStandings begins a statement: where each member of scheme $2 of area $1
// stands who chose an amount for the year $3, and what they paid for it. Who died, left or draws
// a pension owes nothing: they are listed only with what they paid.
func contributionStandings() string {
	return `
		with state as (
			select m.region, c.member_id, c.amount as chosen, coalesce((
				select sum(case when p.red then -p.amount else p.amount end) from posting p
				where p.area = c.area and p.member_id = c.member_id and p.role = 'contribution_individual'
				  and p.year = c.year), 0) as paid, l.outcome, l.class, g.code as gone
			from ` + chosenTier + ` c join member m on m.area = c.area and m.id = c.member_id and m.scheme = $2
			left join (` + nothingTaken("make_date($3::int, 12, 31)", "$3") + `) g on g.member_id = c.member_id
			left join lateral (
				select case when a.outcome = 'succeeded' and not (` + notDealtWith("i") + `) then null
					else coalesce(a.outcome, 'in_flight') end as outcome, coalesce(a.class, '') as class
				from withholding_item i
				` + finalOfItem + ` a on true
				where i.area = c.area and i.member_id = c.member_id and i.year = c.year
				order by i.attempt desc limit 1) l on true
			where c.area = $1 and c.year = $3),
		standing as (
			select region, member_id, paid as amount, case when paid >= chosen then 'paid'
				when outcome in ('in_flight', 'succeeded') then 'in_flight' when gone is not null then gone
				when outcome is null then 'not_sent' else class end as standing
			from state where gone is null or paid > 0 or outcome in ('in_flight', 'succeeded'))`
}

// pensionItems begins a statement: what was sent to banks for the month $3 to the pensioners
// of scheme $2 of area $1, the last attempt of each claim. A regular pension is of its own
// month; a difference or a resumption is of the months that it is made of, paid when it may;
// what heirs are paid is no pension of the month.
func pensionItems() string {
	return `
		with back as materialized (
			select d.member_id, d.cause, d.month, sum(n.entitled - n.was) as amount
			from benefit_due_month n join benefit_due d on d.area = n.area and d.id = n.due_id and d.instrument_id is null
			where n.area = $1 and n.month = $3 group by 1, 2, 3),
		item as materialized (
			select distinct on (i.member_id, i.cause, i.month) i.member_id, i.region, i.cause = 'regular' as regular,
				coalesce(k.amount, i.amount) as amount, case when h.spends or a.outcome = 'failed' then coalesce(h.paid_on,
					a.value_date) else a.value_date end as value_date, case
				when b.state = 'withdrawn' then 'recalled' when a.outcome is null then 'in_flight'
				when h.id is not null then 'paid' when a.outcome = 'failed' then a.class
				when ` + bookedReturn + ` then 'RETURNED'
				when not i.activated then 'NOT_ACTIVATED' else 'paid' end as standing
			from payment_batch b
			join pay_run r on r.area = b.area and r.id = b.run_id
			join payment_item i on i.area = b.area and i.batch_id = b.id
			left join back k on i.cause <> 'regular' and k.member_id = i.member_id and k.cause = i.cause and k.month = i.month
			left join hand_payment h on h.area = i.area and h.item_id = i.id
			` + finalOfItem + ` a on true
			where b.area = $1 and b.scheme = $2 and b.month >= $3 and r.state not in ('refused', 'withdrawn')
			  and (i.cause = 'regular' and i.month = $3 or k.member_id is not null)
			order by i.member_id, i.cause, i.month, b.state = 'withdrawn', i.attempt desc)`
}

// pensionStandings begins a statement: where each pensioner of scheme $2 of area $1
// stands for the month $3: as the regular pension does, or, where that was held, what was
// paid back for it since. Who is held, and was sent nothing, has the reason of the hold.
func pensionStandings() string {
	return pensionItems() + `,
		sent as (
			select member_id, coalesce(max(region) filter (where regular), max(region)) as region,
				coalesce(max(standing) filter (where regular), max(standing) filter (where standing = 'paid'), max(standing))
					as standing, coalesce(sum(amount) filter (where standing = 'paid'), 0) as amount,
				bool_or(not regular and standing = 'paid') as paid_since
			from item group by member_id),
		held as materialized (
			select l.area, l.member_id, coalesce(max(l.held) filter (where l.cause = 'regular'), max(l.held)) as held,
				bool_or(l.cause = 'child_linked') as base
			from pay_run r
			join roster_line l on l.area = r.area and l.roster_id = r.roster_id and l.held <> '' and l.month = $3
				and l.cause in ('regular', 'child_linked')
			where r.area = $1 and r.scheme = $2 and r.month = $3 and r.kind = 'regular'
			  and r.state not in ('refused', 'withdrawn')
			group by 1, 2),
		standing as (
			-- Whose base pension was held is not paid by the account's alone.
			select s.region, s.member_id, s.amount,
				case when h.base and s.standing = 'paid' and not s.paid_since then h.held else s.standing end as standing
			from sent s left join held h on h.member_id = s.member_id
			union all
			select m.region, m.id, 0, l.held from held l
			join member m on m.area = l.area and m.id = l.member_id
			where not exists (select from sent s where s.member_id = l.member_id)
			  -- Nothing was due to who died before the month.
			  and not exists (select from death_notice x where x.area = l.area and x.member_id = l.member_id and x.died_on < $3
			      and not exists (select from death_withdrawn w where w.area = x.area and w.notice_id = x.id)))`
}

// standingsOf begins a statement about a subject, whose year or month is its $3.
func standingsOf(s feedback.Subject) (sql string, when any) {
	if s.Pensions() {
		return pensionStandings(), s.Month.First()
	}
	return contributionStandings(), s.Year
}

type feedbackStore struct{ db *DB }

// Feedback tells what goes back down to townships and villages.
func (db *DB) Feedback() feedback.Store { return feedbackStore{db} }

func (s feedbackStore) Read(ctx context.Context, fn func(feedback.Tx) error) error {
	return s.db.Read(ctx, func(t *tx) error { return fn(t) })
}

// FeedbackCounts implements feedback.Tx.
func (t *tx) FeedbackCounts(
	ctx context.Context, area party.Area, s feedback.Subject, in feedback.Regions,
) ([]feedback.Count, error) {
	standings, when := standingsOf(s)
	rows, err := t.Query(ctx, standings+`
		select s.region, g.name, s.standing, count(*)::int, sum(s.amount)::bigint
		from standing s join region g on g.region = s.region
		where s.region between $4 and $5 group by 1, 2, 3 order by 1, 3`,
		area, string(s.Scheme), when, int64(in.From), int64(in.Through))
	if err != nil {
		return nil, fmt.Errorf("feedback of area %s for %s: %w", area, s, err)
	}
	return collect(rows, "feedback", func(row pgx.CollectableRow) (c feedback.Count, err error) {
		err = row.Scan(&c.Region, &c.Name, &c.Standing, &c.Members, &c.Amount)
		return c, err
	})
}

// FeedbackPeople implements feedback.Tx.
func (t *tx) FeedbackPeople(
	ctx context.Context, area party.Area, s feedback.Subject, f feedback.PersonFilter,
) ([]feedback.Person, error) {
	standings, when := standingsOf(s)
	rows, err := t.Query(ctx, standings+`
		select s.member_id, s.region, g.name, m.name, s.standing, s.amount::bigint
		from standing s
		join region g on g.region = s.region
		join member m on m.area = $1 and m.id = s.member_id
		where s.region between $4 and $5 and ($6 or s.standing <> 'paid') and ($7 = 0::bigint or (s.region, s.member_id) >
		      (select l.region, l.member_id from standing l where l.member_id = $7))
		order by s.region, s.member_id limit $8`,
		area, string(s.Scheme), when, int64(f.From), int64(f.Through), f.All, f.After, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("names of area %s for %s: %w", area, s, err)
	}
	return collect(rows, "names of feedback", func(row pgx.CollectableRow) (p feedback.Person, err error) {
		var name string
		err = row.Scan(&p.Member, &p.Region, &p.Village, &name, &p.Standing, &p.Amount)
		p.Name, _, _ = party.Stored(name, "", "")
		return p, err
	})
}

// FeedbackDays implements feedback.Tx. Of contributions the value date is that of the
// posting; of pensions the one that the bank answered with, and what came back leaves
// the day on which it was paid.
func (t *tx) FeedbackDays(
	ctx context.Context, area party.Area, s feedback.Subject, in feedback.Regions,
) ([]feedback.Day, error) {
	const contributions = `
		with moved as (
			select p.member_id, p.effective_on as day, case when p.red then -p.amount else p.amount end as amount,
				p.effective_on = min(p.effective_on) over (partition by p.member_id) as first
			from posting p join member m on m.area = p.area and m.id = p.member_id and m.scheme = $2
			where p.area = $1 and p.role = 'contribution_individual' and p.year = $3 and m.region between $4 and $5)`
	pensions := pensionItems() + `,
		moved as (
			select member_id, value_date as day, amount,
				value_date = min(value_date) over (partition by member_id) as first
			from item where standing = 'paid' and value_date is not null and region between $4 and $5)`
	sql, when := contributions, any(s.Year)
	if s.Pensions() {
		sql, when = pensions, s.Month.First()
	}
	rows, err := t.Query(ctx, sql+`
		select day, count(distinct member_id) filter (where first)::int, sum(amount)::bigint from moved
		group by day order by day`, area, string(s.Scheme), when, int64(in.From), int64(in.Through))
	if err != nil {
		return nil, fmt.Errorf("progress of area %s for %s: %w", area, s, err)
	}
	return collect(rows, "progress", func(row pgx.CollectableRow) (d feedback.Day, err error) {
		err = row.Scan(&d.Day, &d.Payers, &d.Amount)
		return d, err
	})
}

// FeedbackRenewals implements feedback.Tx.
func (t *tx) FeedbackRenewals(
	ctx context.Context, area party.Area, s feedback.Subject, in feedback.Regions,
) ([]feedback.Renewal, error) {
	rows, err := t.Query(ctx, `
		with payer as (
			select p.member_id, p.year from posting p
			where p.area = $1 and p.role = 'contribution_individual' and p.year in ($3::int - 1, $3::int)
			  and p.member_id is not null
			group by 1, 2 having sum(case when p.red then -p.amount else p.amount end) > 0),
		paying as (
			select member_id, bool_or(year = $3::int - 1) as last, bool_or(year = $3::int) as this from payer group by 1)
		select m.region, g.name, count(*) filter (where b.last)::int, count(*) filter (where b.this)::int,
			count(*) filter (where b.last and b.this)::int, count(*) filter (where b.this and not b.last)::int
		from paying b
		join member m on m.area = $1 and m.id = b.member_id and m.scheme = $2
		join region g on g.region = m.region
		where m.region between $4 and $5 group by 1, 2 order by 1`,
		area, string(s.Scheme), s.Year, int64(in.From), int64(in.Through))
	if err != nil {
		return nil, fmt.Errorf("renewals of area %s in %s: %w", area, s, err)
	}
	return collect(rows, "renewals", func(row pgx.CollectableRow) (r feedback.Renewal, err error) {
		err = row.Scan(&r.Region, &r.Name, &r.LastYear, &r.ThisYear, &r.Renewed, &r.New)
		return r, err
	})
}

// RegionNames implements feedback.Tx.
func (t *tx) RegionNames(ctx context.Context, area party.Area) (map[party.Region]string, error) {
	rows, err := t.Query(ctx, `select region, name from region where area = $1`, area)
	if err != nil {
		return nil, fmt.Errorf("read regions of area %s: %w", area, err)
	}
	names := make(map[party.Region]string)
	var region party.Region
	var name string
	_, err = pgx.ForEachRow(rows, []any{&region, &name}, func() error {
		names[region] = name
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read regions of area %s: %w", area, err)
	}
	return names, nil
}

// Targets implements feedback.Tx.
func (t *tx) Targets(ctx context.Context, area party.Area) ([]feedback.Target, error) {
	rows, err := t.Query(ctx, `
		select e.region, g.name, e.year, e.heads, e.document from enrolment_target e
		join region g on g.region = e.region
		where e.area = $1 order by e.document, e.region, e.year`, area)
	if err != nil {
		return nil, fmt.Errorf("read targets of area %s: %w", area, err)
	}
	return collect(rows, "targets", func(row pgx.CollectableRow) (e feedback.Target, err error) {
		err = row.Scan(&e.Region, &e.Name, &e.Year, &e.Heads, &e.Document)
		return e, err
	})
}

// StoredTargets implements registry.TargetTx.
func (t registryTx) StoredTargets(
	ctx context.Context, area party.Area, regions []party.Region,
) ([]registry.Target, error) {
	rows, err := t.Query(ctx, `
		select region, year, heads, document from enrolment_target where area = $1 and region = any($2)`, area, regions)
	if err != nil {
		return nil, fmt.Errorf("read targets: %w", err)
	}
	return collect(rows, "targets", func(row pgx.CollectableRow) (e registry.Target, err error) {
		err = row.Scan(&e.Region, &e.Year, &e.Heads, &e.Document)
		return e, err
	})
}

// InsertTargets implements registry.TargetTx.
func (t registryTx) InsertTargets(ctx context.Context, area party.Area, by string, rows []registry.Target) error {
	return t.insertAll(ctx, "targets", len(rows), `
		insert into enrolment_target (area, region, year, heads, document, entered_by, entered_at)
		select $1::integer, u.*, $2::text, $3::timestamptz from unnest($4::bigint[], $5::smallint[], $6::integer[], $7::text[]) as u
		on conflict do nothing`, area, by, t.at,
		column(rows, func(r registry.Target) party.Region { return r.Region }),
		column(rows, func(r registry.Target) int { return r.Year }),
		column(rows, func(r registry.Target) int { return r.Heads }),
		column(rows, func(r registry.Target) string { return r.Document }))
}

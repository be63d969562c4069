package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/lifeevent"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

func scanStopped(row pgx.CollectableRow) (m lifeevent.StoppedMonth, err error) {
	var base, account int64
	err = row.Scan(&m.Month, &base, &account)
	m.Base, m.Account = money.Amount(base), money.Amount(account)
	return m, err
}

// BankAreas implements lifeevent.CertificationTx.
func (t lifeTx) BankAreas(ctx context.Context, bank string) ([]party.Area, error) {
	return registryTx(t).AreasOf(ctx, bank)
}

// SeenMembers implements lifeevent.CertificationTx.
func (t lifeTx) SeenMembers(
	ctx context.Context, area party.Area, bank string, ids []party.IDNumber,
) ([]lifeevent.SeenMember, error) {
	rows, err := t.Query(ctx, `
		select m.id, m.id_number, `+startSQL("m.id")+`,
			(select max(c.certified_on) from certification c where c.area = m.area and c.member_id = m.id),
			(select min(n.died_on) from death_notice n where n.area = m.area and n.member_id = m.id and not exists (
				select from death_withdrawn w where w.area = n.area and w.notice_id = n.id))
		from member m
		where m.area = $1 and m.id_number = any($3) and exists (
			select from instrument i where i.area = m.area and i.member_id = m.id and i.bank = $2 and i.ended_on is null
				and i.holder_name is null)
		order by m.scheme = 'land_lost' desc`, area, bank, column(ids, party.IDNumber.Plain))
	if err != nil {
		return nil, fmt.Errorf("customers of bank %s: %w", bank, err)
	}
	return collect(rows, "customers of a bank", func(row pgx.CollectableRow) (m lifeevent.SeenMember, err error) {
		var id string
		var started, last, died *calendar.Day
		if err = row.Scan(&m.Member, &id, &started, &last, &died); err != nil {
			return m, err
		}
		_, m.ID, _ = party.Stored("", id, "")
		if started != nil {
			m.Started = started.Month()
		}
		m.Last, m.Died = dayOrNone(last), dayOrNone(died)
		return m, nil
	})
}

func dayOrNone(d *calendar.Day) calendar.Day {
	if d == nil {
		return calendar.Day{}
	}
	return *d
}

// startSQL is SQL for the first month of a member's pension in area $1, or null.
func startSQL(member string) string {
	return `(select min(s.from_month) from entitlement s where s.area = $1 and s.member_id = ` + member + `
			and s.amount > 0 and s.component in ('base_pension', 'account_pension'))`
}

// KnownEvidence implements lifeevent.CertificationTx.
func (t lifeTx) KnownEvidence(
	ctx context.Context, area party.Area, bank string, references []string,
) ([]lifeevent.KeptEvidence, error) {
	rows, err := t.Query(ctx, `
		select member_id, evidence, certified_on, reference from certification
		where area = $1 and bank = $2 and reference = any($3)`, area, bank, references)
	if err != nil {
		return nil, fmt.Errorf("evidence of bank %s: %w", bank, err)
	}
	return collect(rows, "evidence of a bank", func(row pgx.CollectableRow) (k lifeevent.KeptEvidence, err error) {
		err = row.Scan(&k.Member, &k.Kind, &k.SeenOn, &k.Reference)
		return k, err
	})
}

// KeepEvidence implements lifeevent.CertificationTx. A rival under the same reference has
// the transaction run again, which then meets it.
func (t lifeTx) KeepEvidence(
	ctx context.Context, area party.Area, bank, by string, today calendar.Day, list []lifeevent.KeptEvidence,
) error {
	members := column(list, func(k lifeevent.KeptEvidence) int64 { return k.Member })
	days := column(list, func(k lifeevent.KeptEvidence) calendar.Day { return k.SeenOn })
	err := registryTx(t).insertAll(ctx, "evidence of life", len(list), `
		insert into certification (area, member_id, way, certified_on, document, bank, evidence, reference, entered_by,
			entered_at, business_day)
		select $1, u.member, 'silent', u.day, $2 || ' ' || u.reference, $2, u.kind, u.reference, $7, $8, $9
		from unnest($3::bigint[], $4::date[], $5::text[], $6::text[]) as u (member, day, kind, reference)
		on conflict do nothing`, area, bank, members, days,
		column(list, func(k lifeevent.KeptEvidence) string { return string(k.Kind) }),
		column(list, func(k lifeevent.KeptEvidence) string { return k.Reference }), by, t.at, today)
	if err != nil {
		return err
	}
	return t.seenAfterDeath(ctx, area, members, days)
}

// seenAfterDeath opens a case for every member who was seen alive after the day on which
// they were reported dead: either is wrong.
func (t lifeTx) seenAfterDeath(ctx context.Context, area party.Area, members []int64, days []calendar.Day) error {
	rows, err := t.Query(ctx, `
		with `+deadSQL+`
		select distinct d.member_id, d.died_on from unnest($2::bigint[], $3::date[]) as u (member, day)
		join dead d on d.member_id = u.member and d.died_on < u.day order by 1`, area, members, days)
	if err != nil {
		return fmt.Errorf("evidence after a death: %w", err)
	}
	cases, err := collect(rows, "evidence after a death", func(row pgx.CollectableRow) (c Case, err error) {
		var member int64
		var died calendar.Day
		err = row.Scan(&member, &died)
		c.Kind, c.Subject = "alive_after_death", fmt.Sprintf("member:%d:%s", member, died)
		c.Text = fmt.Sprintf("certified on a day after %s, on which the member was reported dead; either is wrong", died)
		return c, err
	})
	if err != nil || len(cases) == 0 {
		return err
	}
	return t.OpenCase(ctx, area, cases...)
}

// certifyBySQL is SQL of the last day by which a pensioner of row p certifies again, as
// policy.CertificationDue tells it.
func certifyBySQL(cycles []policy.Cycle) string {
	var sql strings.Builder
	sql.WriteString("case when false then null")
	for _, c := range cycles {
		due := "make_date(extract(year from p.since)::int + 1, 12, 31)"
		if c.Months > 0 {
			due = fmt.Sprintf("(p.since + interval '%d months')::date", c.Months)
		}
		due = fmt.Sprintf("greatest(%s, date '%s')", due, c.Since)
		if c.Until.IsZero() {
			fmt.Fprintf(&sql, " else %s", due)
			continue
		}
		fmt.Fprintf(&sql, " when p.since < date '%[1]s' and %[2]s < date '%[1]s' then %[2]s", c.Until, due)
	}
	return sql.String() + " end"
}

// pensionerSQL are CTEs of area $1 on day $2: living pensioners of a region between $3
// and $4, with what they draw, when they last certified, by when they are due again, and
// the hold for it. Who draws the allowance of land-lost farmers beside a pension certifies once for both. Who drew before the book was opened counts as certified on that day
// until a list says more.
func pensionerSQL(cycles []policy.Cycle) string {
	return `
	with ` + deadSQL + `,
	newest as materialized (
		select distinct on (e.member_id, e.component) e.member_id, e.component, e.amount from entitlement e
		where e.area = $1 and e.from_month <= $2::date and e.component in ('base_pension', 'account_pension')
		order by e.member_id, e.component, e.from_month desc, e.id desc),
	drawing as materialized (
		select member_id, sum(amount)::bigint as monthly from newest group by member_id having sum(amount) > 0),
	started as materialized (
		select member_id, min(from_month) as start from entitlement
		where area = $1 and amount > 0 and component in ('base_pension', 'account_pension') group by member_id),
	last as materialized (
		select distinct on (member_id) member_id, certified_on, way from (
			select member_id, certified_on, way, id from certification where area = $1
			union all
			select o.member_id, c.certified_on, c.way, c.id from ` + otherMembership + ` o
			join certification c on c.area = o.area and c.member_id = o.other where o.area = $1) c
		where certified_on <= $2::date
		order by member_id, certified_on desc, way = 'silent', id desc),
	held as materialized (
		select h.member_id, min(h.id) as hold from payment_hold h
		where h.area = $1 and h.reason = 'certification_overdue' and not exists (
			select from hold_release x where x.area = h.area and x.hold_id = h.id and x.state = 'approved')
		group by h.member_id),
	pensioner as materialized (
		select p.id, p.social_no, p.name, p.region, p.monthly, p.certified_on, p.way, p.hold,
			` + certifyBySQL(cycles) + ` as due
		from (
			select m.id, m.social_no, m.name, m.region, d.monthly, l.certified_on, coalesce(l.way, '') as way,
				coalesce(h.hold, 0) as hold,
				case when l.certified_on is null then greatest(s.start, b.opened_on)
					else greatest(s.start, l.certified_on) end as since
			from drawing d
			join member m on m.area = $1 and m.id = d.member_id
			join started s on s.member_id = d.member_id
			left join book b on b.area = $1 and b.scheme = m.scheme
			left join last l on l.member_id = d.member_id
			left join held h on h.member_id = d.member_id
			where ($3 = 0::bigint or m.region between $3 and $4)
			  and not exists (select from dead x where x.member_id = d.member_id)) p),
	standing as (
		select p.id, p.social_no, p.name, p.region, p.monthly, p.certified_on, p.way, p.hold, p.due,
			case when $2::date > p.due then 'overdue' when p.hold <> 0 then 'resumable'
			when p.due - $2::date <= 60 then 'due_soon' else 'certified' end as standing
		from pensioner p)`
}

// throughRegion is the last region that a region takes in.
func throughRegion(area party.Area, region party.Region) int64 {
	switch region {
	case 0:
		return 0
	case party.Region(area) * 1_000_000:
		return int64(region) + 999_999
	case region.Township():
		return int64(region) + 999
	}
	return int64(region)
}

// Certifying implements lifeevent.CertificationTx.
func (t lifeTx) Certifying(
	ctx context.Context, f lifeevent.CertificationFilter,
) ([]lifeevent.Certifying, error) {
	rows, err := t.Query(ctx, pensionerSQL(f.Cycles)+`
		select id, social_no, name, region, monthly, certified_on, way, due, hold, standing from standing
		where ($5 = '' or standing = $5) and id > $6 and ($8 = '' or way = $8) order by id limit $7`,
		f.Area, f.Today, int64(f.Region), throughRegion(f.Area, f.Region), string(f.Standing), f.After, f.Limit, string(f.Way))
	if err != nil {
		return nil, fmt.Errorf("pensioners by certification: %w", err)
	}
	return collect(rows, "pensioners by certification", func(row pgx.CollectableRow) (c lifeevent.Certifying, err error) {
		var name string
		var monthly int64
		var last *calendar.Day
		err = row.Scan(&c.Member, &c.SocialNo, &name, &c.Region, &monthly, &last, &c.Way, &c.DueOn, &c.Hold, &c.Standing)
		c.Name, _, _ = party.Stored(name, "", "")
		c.Last, c.Monthly = dayOrNone(last), money.Amount(monthly)
		return c, err
	})
}

// CertificationSums implements lifeevent.CertificationTx.
func (t lifeTx) CertificationSums(
	ctx context.Context, f lifeevent.CertificationFilter,
) (s lifeevent.CertificationSums, err error) {
	var monthly int64
	err = t.QueryRow(ctx, pensionerSQL(f.Cycles)+`
		select count(*), count(*) filter (where standing = 'certified'), count(*) filter (where standing = 'due_soon'),
			count(*) filter (where standing = 'overdue'), count(*) filter (where standing = 'resumable'),
			count(*) filter (where standing <> 'overdue' and way = 'silent'),
			coalesce(sum(monthly) filter (where standing = 'overdue'), 0)::bigint
		from standing`, f.Area, f.Today, int64(f.Region), throughRegion(f.Area, f.Region)).
		Scan(&s.Pensioners, &s.Certified, &s.DueSoon, &s.Overdue, &s.Resumable, &s.Silent, &monthly)
	if err != nil {
		return s, fmt.Errorf("sum pensioners by certification: %w", err)
	}
	s.OverdueMonthly = money.Amount(monthly)
	return s, nil
}

// nobodyYet says that nobody of the area can be overdue: every book was opened so late that who
// certified on its first day holds. It spares the look over all pensioners in a book's first year.
func (t lifeTx) nobodyYet(ctx context.Context, look lifeevent.OverdueLook) (bool, error) {
	var opened *calendar.Day
	err := t.QueryRow(ctx, `select min(opened_on) from book where area = $1`, look.Area).Scan(&opened)
	if err != nil {
		return false, fmt.Errorf("books of area %s: %w", look.Area, err)
	}
	return opened == nil || !look.Today.After(policy.CertificationDue(look.Cycles, *opened)), nil
}

// HoldOverdue implements lifeevent.CertificationTx. A hold for the same due day that two
// people released is not opened again: they knew what they did. Looks wait for each other
// and for releases of runs only where there is somebody to hold.
func (t lifeTx) HoldOverdue(ctx context.Context, look lifeevent.OverdueLook) (int, error) {
	if nobody, err := t.nobodyYet(ctx, look); err != nil || nobody {
		return 0, err
	}
	overdue := pensionerSQL(look.Cycles) + `,
		due as (
			select p.id, p.certified_on, p.due, greatest((date_trunc('month', p.due) + interval '1 month')::date,
				date_trunc('month', $5::date)::date) as from_month
			from standing p
			where p.standing = 'overdue' and p.hold = 0 and not exists (
				select from payment_hold h where h.area = $1 and h.member_id = p.id and h.reason = 'certification_overdue'
					and h.from_month > p.due))`
	var any bool
	area, today := look.Area, look.Today
	err := t.QueryRow(ctx, overdue+` select exists (select from due)`, area, today, int64(0), int64(0), look.From).Scan(&any)
	if err != nil {
		return 0, fmt.Errorf("pensioners overdue in area %s: %w", area, err)
	}
	if !any {
		return 0, nil
	}
	if err := registryTx(t).holdAllRuns(ctx, area); err != nil {
		return 0, err
	}
	tag, err := t.Exec(ctx, overdue+`
		insert into payment_hold (area, member_id, reason, from_month, text, opened_by, opened_at)
		select $1, id, 'certification_overdue', from_month, case when certified_on is null then 'never certified'
			else 'last certified on ' || certified_on end || ', due by ' || due, 'job', $6
		from due order by id`, area, today, int64(0), int64(0), look.From, t.at)
	if err != nil {
		return 0, fmt.Errorf("hold who is overdue in area %s: %w", area, err)
	}
	return int(tag.RowsAffected()), nil
}

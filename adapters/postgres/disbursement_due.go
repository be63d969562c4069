package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/gateway/party"
)

// owedSQL compares, for scheme $2 of area $1, the months before $3 that were paid
// with what is decided for them today. Looked at are members of whom something was
// decided for a month at the time of its run or later: before that nothing can differ. A month counts
// as paid by the payment that was released for it, however that ended, unless it was given
// up, and by every due that had it, less what of it is recovered because it was lowered; what a due had
// that two people ended is not owed again before the month is decided anew, and nobody was overpaid by it. A run that can still be withdrawn has paid nothing: drafted
// anew it takes what is decided then. Months after a death are not owed.
const owedSQL = `
	with run as materialized (
		select r.id, r.month, r.made_at from pay_run r
		where r.area = $1 and r.scheme = $2 and r.month < $3::date and r.state in ('released', 'closed')),
	since as materialized (
		select f.from_month, (select min(r.made_at) from run r where r.month >= f.from_month) - interval '1 day' as at
		from (select distinct from_month from entitlement where area = $1 and from_month < $3::date) f),
	decided as (
		select e.member_id, min(e.from_month) as from_month from entitlement e
		join since s on s.from_month = e.from_month and e.entered_at >= s.at
		join member m on m.area = $1 and m.id = e.member_id and m.scheme = $2
		where e.area = $1 and e.component in ('base_pension', 'account_pension')
		group by e.member_id
		union all
		select h.member_id, min(h.from_month) from payment_hold h
		join member m on m.area = h.area and m.id = h.member_id and m.scheme = $2
		where h.area = $1 and h.reason = 'child_unpaid' group by h.member_id),
	late as materialized (select member_id, min(from_month) as from_month from decided group by member_id),
	given as materialized (
		select distinct on (i.member_id, i.month) i.member_id, i.month, i.base_pension, i.account_pension
		from late l
		join payment_item i on i.area = $1 and i.member_id = l.member_id and i.month >= l.from_month and i.month < $3::date
			and i.cause = 'regular'
		join payment_batch b on b.area = i.area and b.id = i.batch_id
		join pay_run r on r.area = b.area and r.id = b.run_id and r.state in ('released', 'closed')
		where b.state <> 'withdrawn' and not exists (
			select from payment_return v join return_unclaimed u on u.area = v.area and u.return_id = v.id
			where v.area = i.area and v.item_id = i.id)
		order by i.member_id, i.month, i.attempt desc),
	paid as materialized (
		select u.member_id, u.month, u.component, coalesce(sum(u.amount) filter (where not u.ended), 0)::bigint as was,
			coalesce(sum(u.amount) filter (where u.ended), 0)::bigint as ended
		from (
			select g.member_id, g.month, p.component, p.amount, false as ended from given g
			cross join lateral (values ('base_pension', g.base_pension), ('account_pension', g.account_pension))
				as p (component, amount)
			union all
			select d.member_id, n.month, n.component, n.entitled - n.was, not ` + dueStands + ` from late l
			join benefit_due d on d.area = $1 and d.member_id = l.member_id
			join benefit_due_month n on n.area = d.area and n.due_id = d.id and n.month >= l.from_month
				and n.month < $3::date
			where (` + dueStands + ` or ` + monthSettled + `)
			union all
			select k.member_id, x.month, p.component, -p.amount, false from late l
			join recovery_case k on k.area = $1 and k.member_id = l.member_id and k.reason = 'lowered'
			join recovery_line x on x.area = k.area and x.case_id = k.id and x.month >= l.from_month and x.month < $3::date
			join payment_item i on i.area = x.area and i.id = x.item_id and not ` + lostAgain + `
			cross join lateral (values ('base_pension', x.base_pension), ('account_pension', x.account_pension))
				as p (component, amount)) u
		group by 1, 2, 3),
	died as materialized (
		select d.member_id, min(d.died_on) as died_on from death_notice d
		where d.area = $1 and not exists (
			select from death_withdrawn w where w.area = d.area and w.notice_id = d.id)
		group by 1),
	compared as materialized (
		select p.member_id, p.month, p.component, e.was, e.entitled from paid p
		left join lateral (
			select e.amount from entitlement e
			where e.area = $1 and e.member_id = p.member_id and e.component = p.component and e.from_month <= p.month
			order by e.from_month desc, e.id desc limit 1) n on true
		cross join lateral (select coalesce(n.amount, 0) as entitled,
			greatest(p.was, least(p.was + p.ended, coalesce(n.amount, 0))) as was) e
		left join died d on d.member_id = p.member_id
		where e.entitled <> e.was and (d.died_on is null or p.month <= d.died_on)
			and not (p.component = 'base_pension' and exists (` + childStopped + `)))`

// monthSettled is SQL that says of a month n of a due d that two people ended the due, and that
// nothing was decided of the month after that.
const monthSettled = `exists (select from due_end_approved f where f.area = d.area and f.due_id = d.id and not exists (
		select from entitlement y where y.area = d.area and y.member_id = d.member_id and y.component = n.component
			and y.from_month <= n.month and y.entered_at > f.approved_at))`

// childStopped is a query for what stops the base pension of the member of row p for its month, or
// stopped it until nothing of it was paid back.
const childStopped = `select from payment_hold h
				where h.area = $1 and h.member_id = p.member_id and h.reason = 'child_unpaid' and h.from_month <= p.month
					and (` + holdStands + ` and ` + childStops + `p.month` + asKnown + ` or exists (
						select from resumption_month k
						join resumption z on z.area = k.area and z.hold_id = k.hold_id and z.back_pay = 'none'
						where k.area = h.area and k.member_id = h.member_id and k.month = p.month and k.hold_id = h.id))`

// loweredSQL is SQL of what is recovered of a month of the member of row p, by component, because it was lowered.
const loweredSQL = `coalesce((
			select sum(case p.component when 'base_pension' then l.base_pension else l.account_pension end)
			from recovery_case k
			join recovery_line l on l.area = k.area and l.case_id = k.id and l.month = p.month
			join payment_item i on i.area = l.area and i.id = l.item_id
			where k.area = p.area and k.member_id = p.member_id and k.reason = 'lowered' and not ` + lostAgain + `), 0)`

// hadSQL is a CTE of what payments had of the months, by component, of the rows of over (member_id, month,
// component, over) in area $1: payments that reached the person and did not come back, without what is recovered of them.
const hadSQL = `
	had as materialized (
		select o.member_id, o.month, o.component, o.over, i.id, i.replaces, i.from_suspense, m.before,
			v.amount - x.amount as amount, x.drawn
		from over o
		join payment_item i on i.area = $1 and i.member_id = o.member_id and i.month >= o.month
			and (i.cause = 'regular' and i.month = o.month or i.cause ~ '^(difference|resumption):')
		cross join lateral (` + monthsOfItem + `) m
		cross join lateral (values ('base_pension', m.base), ('account_pension', m.account)) as v (component, amount)
		cross join lateral (
			select coalesce(sum(case o.component when 'base_pension' then l.base_pension else l.account_pension end), 0)::bigint
				as amount, coalesce(sum(l.drawn), 0)::bigint as drawn
			from recovery_line l where l.area = i.area and l.item_id = i.id and l.month = o.month) x
		where m.month = o.month and v.component = o.component and v.amount > x.amount
			and ` + reached + ` and not ` + lostAgain + `)`

// listedSQL are, after owedSQL, the lines of a list: what is owed and, where $4 says so, what was paid too
// high and can be recovered. A month waits for another list until the bank said of all that counts as paid
// for it that it was paid: a due that two people end before that was never too much.
const listedSQL = owedSQL + `,
	over as materialized (select member_id, month, component, was - entitled as over from compared where entitled < was),
	` + hadSQL + `,
	listed as materialized (
		select member_id, month, component, was, entitled from compared c
		where entitled > was or $4::boolean and was <= (select sum(h.amount) from had h
			where h.member_id = c.member_id and h.month = c.month and h.component = c.component))`

// AddDueList implements disbursement.DueTx.
func (t *tx) AddDueList(ctx context.Context, l disbursement.DueList) (disbursement.DueList, error) {
	ids, err := t.NewIDs(ctx, 1)
	if err != nil {
		return l, err
	}
	l.ID = ids[0]
	err = t.QueryRow(ctx, listedSQL+`,
		line as (
			insert into due_list_line (area, list_id, member_id, month, component, was, entitled, seq)
			select $1, $5, member_id, month, component, was, entitled,
				row_number() over (order by member_id, month, component)
			from listed)
		insert into due_list (area, id, scheme, month, members, months, amount, overpaid, overpaid_amount, recovered,
			recovered_amount, checksum, document, asked_by, asked_at, business_day)
		select $1, $5, $2, $3, count(distinct member_id) filter (where entitled > was),
			count(distinct (member_id, month)) filter (where entitled > was),
			coalesce(sum(entitled - was) filter (where entitled > was), 0)::bigint,
			count(distinct member_id) filter (where entitled < was),
			coalesce(sum(was - entitled) filter (where entitled < was), 0)::bigint,
			(select count(distinct member_id) from listed where entitled < was),
			(select coalesce(sum(was - entitled), 0)::bigint from listed where entitled < was),
			(select `+dueChecksum+` from listed), $6, $7, $8, ($8::timestamptz at time zone 'Asia/Shanghai')::date
		from compared
		returning members, months, amount, overpaid, overpaid_amount, recovered, recovered_amount, checksum`,
		l.Area, string(l.Scheme), l.Month, l.Recover, l.ID, l.Document, l.AskedBy, t.at).Scan(
		&l.Members, &l.Months, &l.Amount, &l.Overpaid, &l.OverpaidAmount, &l.Recovered, &l.RecoveredAmount, &l.Checksum)
	if err != nil {
		return l, fmt.Errorf("differences of %s in area %s: %w", l.Scheme, l.Area, err)
	}
	return l, nil
}

// dueChecksum is an aggregate over the lines of a list that their order does not change.
const dueChecksum = `coalesce(sum(hashtextextended(concat_ws(' ', member_id, month, component, was, entitled), 0)::numeric),
	0)::text`

// OpenDueList implements disbursement.DueTx.
func (t *tx) OpenDueList(ctx context.Context, area party.Area, scheme ledger.Scheme) (int64, error) {
	var id int64
	err := t.QueryRow(ctx, `
		select coalesce(max(l.id), 0) from decision_request r
		join due_list l on l.area = r.area and l.id = r.subject_id
		where r.area = $1 and r.kind = 'due_run' and r.state = 'submitted' and l.scheme = $2`, area, string(scheme)).
		Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("open list of differences of %s: %w", scheme, err)
	}
	return id, nil
}

// AskDueList implements disbursement.DueTx.
func (t *tx) AskDueList(
	ctx context.Context, by approval.Officer, today calendar.Day, l disbursement.DueList,
) (casework.Request, error) {
	return casework.Submit(ctx, caseworkTx{t}, today, by, casework.Ask{ //nolint:exhaustruct // a list
		Kind: casework.DueRun, Subject: l.ID, Word: casework.Entered, Document: l.Document,
	})
}

// DueLists implements disbursement.DueTx.
func (t *tx) DueLists(
	ctx context.Context, area party.Area, id, before int64, limit int,
) ([]disbursement.DueList, error) {
	rows, err := t.Query(ctx, `
		select l.area, l.id, l.scheme, l.month, l.recovered > 0, l.members, l.months, l.amount, l.overpaid,
			l.overpaid_amount, l.recovered, l.recovered_amount, l.checksum, l.document, l.asked_by, coalesce(r.id, 0), coalesce(r.state, '')
		from due_list l
		left join lateral (
			select id, state from decision_request where area = l.area and kind = 'due_run' and subject_id = l.id
			order by id desc limit 1) r on true
		where l.area = $1 and ($2::bigint = 0 or l.id = $2) and ($3::bigint = 0 or l.id < $3)
			and (l.members + l.recovered > 0 or $2 <> 0) order by l.id desc limit $4`, area, id, before, limit)
	if err != nil {
		return nil, fmt.Errorf("lists of differences of area %s: %w", area, err)
	}
	return collect(rows, "lists of differences", pgx.RowToStructByPos[disbursement.DueList])
}

// DueLines implements disbursement.DueTx.
func (t *tx) DueLines(
	ctx context.Context, area party.Area, list int64, p disbursement.DueLinePage,
) ([]disbursement.DueLine, error) {
	rows, err := t.Query(ctx, `
		select l.seq, l.member_id, m.social_no, m.name, l.month, l.component, l.was, l.entitled
		from due_list_line l join member m on m.area = l.area and m.id = l.member_id
		where l.area = $1 and l.list_id = $2 and l.seq > $3 order by l.seq limit $4`, area, list, p.After, p.Limit)
	if err != nil {
		return nil, fmt.Errorf("lines of list %d of differences: %w", list, err)
	}
	return collect(rows, "lines of differences", func(row pgx.CollectableRow) (l disbursement.DueLine, err error) {
		var name string
		err = row.Scan(&l.Seq, &l.Member, &l.SocialNo, &name, &l.Month, &l.Component, &l.Was, &l.Entitled)
		l.Name, _, _ = party.Stored(name, "", "")
		return l, err
	})
}

// dueOfTheDead is SQL about a due d of what a member was owed whose month came after the
// death on dead.died_on: what it has of months up to that of the death is the estate's.
const (
	dueOfTheDead = `d.cause ~ '^(difference|resumption):' and dead.died_on < d.month`
	dueOfEstate  = `coalesce((select sum(n.entitled - n.was) from benefit_due_month n
		where n.area = d.area and n.due_id = d.id and n.month <= dead.died_on), 0)::bigint`
)

// BenefitDues implements disbursement.DueTx. A payment that failed or came back after the
// death pays nobody any more.
func (t *tx) BenefitDues(ctx context.Context, f disbursement.DueFilter) ([]disbursement.Due, error) {
	rows, err := t.Query(ctx, `
		with `+deadSQL+`,
		told as (
			select d.id, d.member_id, m.social_no, m.name, m.scheme, d.cause, d.month, d.base_pension, d.account_pension,
				d.funeral_grant, d.one_off, d.document, coalesce(n.holder_name, '') as payee, coalesce(i.id, 0) as item,
				coalesce(i.refused, false) as refused, coalesce(x.document, '') as ended, o.died_on, coalesce(o.estate, 0) as estate,
				case when x.due_id is not null then 'ended'
				when i.id is not null and (o.died_on is null or not i.failed) then 'taken'
				when o.died_on is null then 'open' when o.estate > 0 then 'estate' else 'not_owed' end as standing
			from benefit_due d
			join member m on m.area = d.area and m.id = d.member_id
			left join instrument n on n.area = d.area and n.id = d.instrument_id
			left join benefit_due_ended x on x.area = d.area and x.due_id = d.id
			left join lateral (
				select dead.died_on, `+dueOfEstate+` as estate from dead
				where dead.member_id = d.member_id and `+dueOfTheDead+`) o on true
			left join lateral (
				select j.id, f.refused, f.refused
					or exists (select from payment_return v where v.area = j.area and v.item_id = j.id
						and not exists (select from hand_payment h where h.area = v.area and h.item_id = v.item_id)) as failed
				from payment_item j
				cross join lateral (select exists (select from answer a where a.area = j.area and a.item_id = j.id
						and a.disposition = 'recorded' and a.outcome = 'failed')
					and not exists (select from hand_payment h where h.area = j.area and h.item_id = j.id) as refused) f
				join payment_batch b on b.area = j.area and b.id = j.batch_id
				join pay_run r on r.area = b.area and r.id = b.run_id
				where j.area = d.area and j.member_id = d.member_id and j.month = d.month and j.cause = d.cause
					and not `+deadItem+` order by j.attempt desc limit 1) i on true
			where d.area = $1 and ($2::bigint = 0 or d.member_id = $2) and ($3 = '' or d.cause = $3) and d.id > $5
				and ($8::bigint = 0 or d.id = $8))
		select id, member_id, social_no, name, scheme, cause, month, base_pension, account_pension, funeral_grant, one_off,
			document, payee, item, refused, ended, standing, died_on, estate
		from told where (not $4 or standing in ('open', 'estate')) and ($7 = '' or standing = $7)
		order by id limit $6`, f.Area, f.Member, f.Cause, f.Open, f.After, f.Limit, string(f.Standing),
		f.ID)
	if err != nil {
		return nil, fmt.Errorf("dues of area %s: %w", f.Area, err)
	}
	return collect(rows, "dues", func(row pgx.CollectableRow) (d disbursement.Due, err error) {
		var c [4]int64
		var name, payee string
		var died *calendar.Day
		err = row.Scan(&d.ID, &d.Member, &d.SocialNo, &name, &d.Scheme, &d.Cause, &d.Month, &c[0], &c[1], &c[2], &c[3],
			&d.Document, &payee, &d.Item, &d.Failed, &d.Ended, &d.Standing, &died, &d.Estate)
		d.Components, d.Died = componentsOf(c), dayOrNone(died)
		d.Name, _, _ = party.Stored(name, "", "")
		d.Payee, _, _ = party.Stored(payee, "", "")
		return d, err
	})
}

// AboutDues implements casework.FlowTx. Rosters and other lists wait, so that what is
// approved is what holds.
func (t caseworkTx) AboutDues(ctx context.Context, area party.Area, id int64) (string, error) {
	lists, err := t.DueLists(ctx, area, id, 0, 1)
	if err == nil && len(lists) == 0 {
		err = disbursement.ErrDueList
	}
	if err != nil {
		return "", err
	}
	l := lists[0]
	if err := t.HoldRuns(ctx, area, l.Scheme); err != nil {
		return "", err
	}
	var same bool
	err = t.QueryRow(ctx, listedSQL+`
		select `+dueChecksum+` = $5 from listed`, area, string(l.Scheme), l.Month, l.Recover, l.Checksum).Scan(&same)
	if err != nil {
		return "", fmt.Errorf("compare list %d of differences: %w", id, err)
	}
	if !same {
		return "", disbursement.ErrDueListStale
	}
	return l.About(), nil
}

// EnterDues implements casework.FlowTx.
func (t caseworkTx) EnterDues(ctx context.Context, r casework.Request, today calendar.Day) error {
	tag, err := t.Exec(ctx, `
		insert into due_list_approved (area, list_id, decision_id, approved_at)
		select area, id, $3, $4 from due_list where area = $1 and id = $2`, r.Area, r.Subject, r.ID, t.at)
	if err == nil && tag.RowsAffected() != 1 {
		err = errors.New("the list is gone")
	}
	if err != nil {
		return fmt.Errorf("approve list %d of differences: %w", r.Subject, err)
	}
	_, err = t.Exec(ctx, `
		with due as (
			insert into benefit_due (area, member_id, cause, month, base_pension, account_pension, document, entered_by,
				entered_at, business_day)
			select l.area, n.member_id, 'difference:' || l.id, l.month,
				coalesce(sum(n.entitled - n.was) filter (where n.component = 'base_pension'), 0)::bigint,
				coalesce(sum(n.entitled - n.was) filter (where n.component = 'account_pension'), 0)::bigint,
				l.document, $3, $4, $5
			from due_list l join due_list_line n on n.area = l.area and n.list_id = l.id and n.entitled > n.was
			where l.area = $1 and l.id = $2 group by l.area, l.id, l.month, l.document, n.member_id
			returning id, member_id)
		insert into benefit_due_month (area, due_id, month, component, was, entitled)
		select n.area, d.id, n.month, n.component, n.was, n.entitled
		from due d
		join due_list_line n on n.area = $1 and n.list_id = $2 and n.member_id = d.member_id and n.entitled > n.was`,
		r.Area, r.Subject, r.Actor(), t.at, today)
	if err != nil {
		return fmt.Errorf("owe the differences of list %d: %w", r.Subject, err)
	}
	lists, err := t.DueLists(ctx, r.Area, r.Subject, 0, 1)
	if err != nil || len(lists) == 0 {
		return err
	}
	if err := t.recoverLowered(ctx, lists[0], today); err != nil {
		return err
	}
	if lists[0].OverpaidAmount > lists[0].RecoveredAmount {
		return t.OpenPayCase(ctx, r.Area, lists[0].OverpaidCase())
	}
	return t.endOverpaid(ctx, lists[0])
}

// AboutDueEnd implements casework.BenefitTx.
func (t caseworkTx) AboutDueEnd(ctx context.Context, area party.Area, id int64) (string, error) {
	return disbursement.AboutDueEnd(ctx, t.tx, area, id)
}

// EndDue implements casework.BenefitTx. A due of an heir ends with its claim.
func (t caseworkTx) EndDue(ctx context.Context, r casework.Request, today calendar.Day) error {
	_, err := t.Exec(ctx, `
		with ended as (
			insert into benefit_due_ended (area, due_id, document, entered_by, entered_at)
			values ($1, $2, $3, $4, $5) returning area, due_id, entered_at)
		insert into due_end_approved (area, due_id, decision_id, approved_at)
		select area, due_id, $6, entered_at from ended`, r.Area, r.Subject, r.Document, r.Actor(), t.at, r.ID)
	if isUnique(err, "benefit_due_ended_pkey") {
		return disbursement.ErrDueEnded.Because(err)
	}
	if err != nil {
		return fmt.Errorf("end due %d: %w", r.Subject, err)
	}
	return t.endClaims(ctx, lastClaimSQL, ending{
		area: r.Area, id: r.Subject, what: "due_id", document: r.Document, by: r.Actor(), on: today,
	})
}

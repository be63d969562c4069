package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/lifeevent"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// otherSQL are CTEs of the members of area $1 whom another pension stops: who, and the
// first month in which they drew it, as the hold says or a list that came with it or later.
const otherSQL = `
	other as materialized (
		select h.member_id, least(min(h.from_month), min(date_trunc('month', c.happened_on)::date)) as since
		from payment_hold h
		left join comparison_match c on c.area = h.area and c.member_id = h.member_id and c.list = 'employee_pension'
			and c.strength = 'strong' and c.entered_at >= h.opened_at
		where h.area = $1 and h.reason = 'other_pension' and not exists (
			select from hold_release x where x.area = h.area and x.hold_id = h.id and x.state = 'approved')
		group by h.member_id)`

// monthsOfItem is SQL of the months that payment i was for: the one of a pay run, or those
// that its due was made of; before is what the earlier ones had of the account pension.
const monthsOfItem = `
	select i.month, i.base_pension as base, i.account_pension as account, 0::bigint as before where i.cause = 'regular'
	union all
	select n.month, n.base, n.account, (sum(n.account) over (order by n.month) - n.account)::bigint from (
		select n.month, coalesce(sum(n.entitled - n.was) filter (where n.component = 'base_pension'), 0)::bigint as base,
			coalesce(sum(n.entitled - n.was) filter (where n.component = 'account_pension'), 0)::bigint as account
		from benefit_due d join benefit_due_month n on n.area = d.area and n.due_id = d.id
		where d.area = i.area and d.member_id = i.member_id and d.cause = i.cause and d.month = i.month
		group by n.month) n`

// loweredOfItem is SQL of what is recovered of payment i for month m.month because it was lowered.
const loweredOfItem = `
	select coalesce(sum(l.base_pension), 0)::bigint as base, coalesce(sum(l.account_pension), 0)::bigint as account,
		coalesce(sum(l.drawn), 0)::bigint as drawn
	from recovery_line l join recovery_case k on k.area = l.area and k.id = l.case_id
	where l.area = i.area and l.item_id = i.id and l.month = m.month and k.reason = 'lowered'`

// drawnOfPaid is SQL for CTEs of what the payments of the rows of paid drew from personal accounts, whose roles are $5:
// that of the first payment of its claim, where one was paid out of suspense.
func drawnOfPaid() string {
	return `
		claim (item, id, replaces, from_suspense) as (
			select distinct p.id, p.id, p.replaces, p.from_suspense from paid p
			union all
			select c.item, i.id, i.replaces, i.from_suspense from claim c
			join payment_item i on i.area = $1 and i.id = c.replaces where c.from_suspense),
		drawn as (
			select c.item, sum(p.amount)::bigint as amount from claim c
			join posting p on p.area = $1 and p.cause_id = ` + spentBy("$1", "c.id") + ` and p.role = any($5) and not p.red
			where not c.from_suspense group by c.item)`
}

// OpenRecoveries implements lifeevent.RecoveryTx. A payment counts once the bank said that
// it succeeded and as long as it did not come back, and once its claim was paid by hand, with
// the months that it was for; what it drew from the account is that of the first payment of
// its claim, where it was paid out of suspense, and the due's earlier months have it first.
func (t lifeTx) OpenRecoveries(
	ctx context.Context, area party.Area, today calendar.Day, members []int64,
) (int, error) {
	found := `
		with recursive ` + deadSQL + `,` + otherSQL + `,` + notOwedSQL + `,
		owing as (
			select member_id, 'death' as reason, (date_trunc('month', died_on) + interval '1 month')::date as first,
				'infinity'::date as through, true as whole from dead
			union all
			select member_id, 'other_pension', since, 'infinity', false from other
			union all
			select member_id, 'emigration', first, through, false from departed
			union all
			select member_id, 'sentence', first, through, true from sentenced),
		paid as materialized (
			select w.reason, i.member_id, i.id, m.month, m.base - x.base as base_pension, m.before + x.drawn as before,
				i.replaces, i.from_suspense, case when w.whole then m.account - x.account else 0 end as account_pension
			from owing w
			join payment_item i on i.area = $1 and i.member_id = w.member_id and i.month >= w.first
				and (i.cause ~ '^(regular$|difference:|resumption:)' or w.reason = 'death' and i.cause like 'arrears:%')
			cross join lateral (` + monthsOfItem + `) m
			cross join lateral (` + loweredOfItem + `) x
			left join dead d on d.member_id = w.member_id
			where ($2::bigint[] is null or w.member_id = any($2)) and m.month between w.first and w.through
			  and (w.reason = 'death' or d.died_on is null or m.month <= d.died_on)
			  and m.base - x.base + case when w.whole then m.account - x.account else 0 end > 0
			  and ` + reached + ` and not ` + lostAgain + `
			  and not exists (select from recovery_line l join recovery_case k on k.area = l.area and k.id = l.case_id
				where l.area = i.area and l.item_id = i.id and l.month = m.month and k.reason <> 'lowered'))`
	var any bool
	if err := t.QueryRow(ctx, found+` select exists (select from paid)`, area, members).Scan(&any); err != nil {
		return 0, fmt.Errorf("payments that were not owed in area %s: %w", area, err)
	}
	if !any {
		return 0, nil
	}
	_, err := t.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('recovery ' || $1::int, 0))`, int32(area))
	if err != nil {
		return 0, fmt.Errorf("open recoveries of area %s: %w", area, err)
	}
	tag, err := t.Exec(ctx, found+`,
		`+drawnOfPaid()+`,
		opened as (
			insert into recovery_case (area, member_id, reason, opened_on, opened_at)
			select distinct $1::int, member_id, reason, $3::date, $4::timestamptz from paid
			on conflict (area, member_id, reason) do nothing returning id, member_id, reason),
		cases as (
			select id, member_id, reason from opened
			union all select k.id, k.member_id, k.reason from recovery_case k where k.area = $1)
		insert into recovery_line (area, case_id, item_id, month, base_pension, account_pension, drawn, found_at)
		select $1, k.id, p.id, p.month, p.base_pension, p.account_pension,
			greatest(0, least(coalesce(d.amount, 0) - p.before, p.account_pension)), $4
		from paid p join cases k on k.member_id = p.member_id and k.reason = p.reason
		left join drawn d on d.item = p.id
		on conflict do nothing`, area, members, today, t.at, personalRoles())
	if err != nil {
		return 0, fmt.Errorf("open recoveries of area %s: %w", area, err)
	}
	return int(tag.RowsAffected()), nil
}

// LockRecovery implements lifeevent.RecoveryTx.
func (t lifeTx) LockRecovery(ctx context.Context, area party.Area, id int64) error {
	_, err := t.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('recovery_case ' || $1::int || ' ' || $2::bigint, 0))`,
		int32(area), id)
	if err != nil {
		return fmt.Errorf("lock recovery %d: %w", id, err)
	}
	return nil
}

// recoverySQL are the cases of area $1 with what is told of each. A line whose payment came
// back counts for nothing, and one whose sentence was told anew without it is none; of several plans the newest one's asking holds.
const recoverySQL = `
	with ` + deadSQL + `,` + otherSQL + `,` + notOwedSQL + `,
	line as (
		select l.case_id, min(l.month) as first, coalesce(sum(l.base_pension) filter (where v.id is null), 0)::bigint as base,
			coalesce(sum(l.account_pension) filter (where v.id is null), 0)::bigint as account,
			coalesce(sum(l.drawn) filter (where v.id is null), 0)::bigint as drawn,
			jsonb_agg(jsonb_build_object('item', l.item_id, 'month', to_char(l.month, 'YYYY-MM'), 'base', l.base_pension,
				'account', l.account_pension, 'back', v.id is not null) order by l.month, l.item_id) as lines
		from recovery_line l
		join recovery_case k on k.area = l.area and k.id = l.case_id
		left join payment_return v on v.area = l.area and v.item_id = l.item_id
			and not exists (select from hand_payment h where h.area = v.area and h.item_id = v.item_id)
		where l.area = $1 and (k.reason <> 'sentence' or exists (select from sentenced s
			where s.member_id = k.member_id and l.month between s.first and s.through)) group by l.case_id),
	plan as (
		select a.case_id, sum(p.from_account)::bigint as from_account, sum(p.from_funeral)::bigint as from_funeral,
			sum(p.individual + p.collective + p.subsidy + p.interest)::bigint as now,
			(array_agg(p.id order by p.id desc))[1] as newest
		from recovery_planned a join recovery_plan p on p.area = a.area and p.id = a.plan_id
		where a.area = $1 group by a.case_id),
	recredited as (
		select x.case_id, sum(x.individual + x.collective + x.subsidy + x.interest)::bigint as amount
		from recovery_recredit x where x.area = $1 group by x.case_id),
	received as (
		select a.case_id, sum(x.base_pension)::bigint as base, sum(x.account_pension)::bigint as account,
			sum(x.individual + x.collective + x.subsidy + x.interest)::bigint as restored
		from recovery_received a join recovery_receipt x on x.area = a.area and x.id = a.receipt_id
		where a.area = $1 group by a.case_id),
	told as (
		select k.id, k.member_id, k.reason, coalesce(o.since, l.first, date_trunc('month', k.opened_on)::date) as since,
			case k.reason when 'death' then d.died_on is not null when 'emigration' then true
				when 'sentence' then l.case_id is not null when 'lowered' then true
				else o.since is not null or p.newest is not null end as stands,
			k.opened_on, m.scheme, m.social_no, m.name, d.died_on, coalesce(l.base, 0) as base,
			coalesce(l.account, 0) as account, coalesce(l.drawn, 0) as drawn, coalesce(l.lines, '[]') as lines,
			-- What payments drew that came back goes back with them; what was taken back is not set off.
			least(coalesce(p.from_account - p.now, 0), coalesce(l.drawn, 0)) + coalesce(p.now, 0) - coalesce(b.amount, 0)
				as from_account,
			least(coalesce(p.from_account - p.now, 0), coalesce(l.drawn, 0)) as of_drawn,
			coalesce(p.from_funeral, 0) as from_funeral, coalesce(r.base, 0) as received_base,
			coalesce(r.account, 0) as received_account, coalesce(r.restored, 0) as restored, p.newest,
			-- What is asked stands beside what came in before the newest plan was made.
			coalesce(n.asked, 0) as asked, coalesce(n.asked_of, '') as asked_of,
			coalesce((select jsonb_agg(jsonb_build_object('due_on', i.due_on, 'amount', i.amount) order by i.number)
				from recovery_instalment i where i.area = $1 and i.plan_id = p.newest), '[]') as instalments
		from recovery_case k
		join member m on m.area = k.area and m.id = k.member_id
		left join dead d on d.member_id = k.member_id
		left join other o on o.member_id = k.member_id and k.reason = 'other_pension'
		left join line l on l.case_id = k.id
		left join plan p on p.case_id = k.id
		left join recovery_plan n on n.area = k.area and n.id = p.newest
		left join received r on r.case_id = k.id
		left join recredited b on b.case_id = k.id
		where k.area = $1),
	stated as (
		select t.id, t.member_id, t.reason, t.since, t.stands, t.opened_on, t.scheme, t.social_no, t.name, t.died_on, t.base,
			t.account, t.drawn, t.lines,
			t.from_account, t.of_drawn, t.from_funeral, t.received_base, t.received_account, t.restored, t.newest, t.asked,
			t.asked_of, t.instalments,
			case when not t.stands then 'void'
			when t.base + t.account - t.from_account - t.from_funeral - t.received_base - t.received_account <= 0
				then 'settled'
			when t.newest is not null then 'planned' else 'open' end as state
		from told t)`

// Recoveries implements lifeevent.RecoveryTx.
func (t lifeTx) Recoveries(ctx context.Context, f lifeevent.RecoveryFilter) ([]lifeevent.Recovery, error) {
	rows, err := t.Query(ctx, recoverySQL+`
		select id, member_id, reason, since, stands, opened_on, scheme, social_no, name, died_on, base, account, drawn, lines,
			from_account, of_drawn, from_funeral, received_base, received_account, restored, newest is not null, asked, asked_of,
			instalments
		from stated
		where ($2 = 0::bigint or id = $2) and ($3 = 0::bigint or member_id = $3) and ($4 = '' or state = $4) and id > $5
		order by id limit $6`, f.Area, f.ID, f.Member, string(f.State), f.After, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("read recoveries: %w", err)
	}
	list, err := collect(rows, "recoveries", func(row pgx.CollectableRow) (lifeevent.Recovery, error) {
		return scanRecovery(row, f.Area)
	})
	if err != nil || len(list) == 0 {
		return list, err
	}
	return list, t.fillRecovered(ctx, f.Area, list)
}

// AskInstalments implements lifeevent.WatchTx. What came in covers the earlier instalments
// first.
func (t lifeTx) AskInstalments(ctx context.Context, area party.Area, today calendar.Day) error {
	_, err := t.Exec(ctx, recoverySQL+`,
		late as materialized (
			select 'recovery:' || s.id || ':' || s.newest || ':' || i.number as subject, i.number, i.due_on,
				least(i.amount, sum(i.amount) over (partition by i.plan_id order by i.number) - coalesce(g.amount, 0))::bigint
					as missing
			from stated s
			join recovery_planned p on p.area = $1 and p.plan_id = s.newest
			join recovery_instalment i on i.area = $1 and i.plan_id = s.newest
			left join lateral (
				select sum(x.amount) as amount from recovery_received a
				join recovery_receipt x on x.area = a.area and x.id = a.receipt_id
				where a.area = $1 and a.case_id = s.id and a.approved_at > p.approved_at) g on true
			where s.state = 'planned'),
		ended as (
			insert into exception_closed (area, case_id, text, closed_by, closed_at)
			select c.area, c.id, 'the money came, or another plan holds', 'job', $3 from exception_case c
			where c.area = $1 and c.kind = 'instalment_overdue'
			  and not exists (select from late l where l.subject = c.subject and l.missing > 0)
			  and not exists (select from exception_closed x where x.area = c.area and x.case_id = c.id)
			on conflict do nothing)
		insert into exception_case (area, kind, subject, bank, text, opened_on, opened_at)
		select $1, 'instalment_overdue', subject, '', 'instalment ' || number || ' was due on ' || due_on || '; '
			|| round(missing / 100.0, 2) || ' did not come', ($3::timestamptz at time zone 'Asia/Shanghai')::date, $3
		from late where missing > 0 and due_on < $2
		on conflict (area, kind, subject) do nothing`, area, today, t.at)
	if err != nil {
		return fmt.Errorf("instalments of recoveries of area %s: %w", area, err)
	}
	return nil
}

func scanRecovery(row pgx.CollectableRow, area party.Area) (r lifeevent.Recovery, err error) {
	var name string
	var died *calendar.Day
	var fen [8]int64
	var drew int64
	var lines, instalments []byte
	r.Area = area
	err = row.Scan(&r.ID, &r.Member, &r.Reason, &r.Since, &r.Stands, &r.OpenedOn, &r.Scheme, &r.SocialNo, &name, &died,
		&fen[0], &fen[1], &drew, &lines, &fen[2], &fen[3], &fen[4], &fen[5], &fen[6], &fen[7], &r.Planned, &r.Asked, &r.AskedOf,
		&instalments)
	if err != nil {
		return r, err //nolint:wrapcheck // named by collect
	}
	r.Name, _, _ = party.Stored(name, "", "")
	r.Died = dayOrNone(died)
	// Which parts it was is told by what the payments drew.
	r.Drawn = lifeevent.Parts{Individual: money.Amount(drew)} //nolint:exhaustruct // their sum alone
	for i, into := range []*money.Amount{
		&r.Base, &r.Account, &r.FromAccount, &r.OfDrawn, &r.FromFuneral, &r.ReceivedBase, &r.ReceivedAccount, &r.Restored,
	} {
		*into = money.Amount(fen[i])
	}
	var months []struct {
		Item          int64
		Month         string
		Base, Account int64
		Back          bool
	}
	var parts []struct {
		DueOn  calendar.Day `json:"due_on"`
		Amount int64
	}
	if err := errors.Join(json.Unmarshal(lines, &months), json.Unmarshal(instalments, &parts)); err != nil {
		return r, fmt.Errorf("lines of recovery %d: %w", r.ID, err)
	}
	for _, m := range months {
		month, err := calendar.ParseMonth(m.Month)
		if err != nil {
			return r, fmt.Errorf("lines of recovery %d: %w", r.ID, err)
		}
		r.Lines = append(r.Lines, lifeevent.OverpaidMonth{
			Item: m.Item, Month: month, Base: money.Amount(m.Base), Account: money.Amount(m.Account), CameBack: m.Back,
		})
	}
	for _, p := range parts {
		r.Instalments = append(r.Instalments, lifeevent.Instalment{DueOn: p.DueOn, Amount: money.Amount(p.Amount)})
	}
	return r, nil
}

// fillRecovered finds part by part what the payments of cases drew from the account for the
// cases' months.
func (t lifeTx) fillRecovered(ctx context.Context, area party.Area, list []lifeevent.Recovery) error {
	rows, err := t.Query(ctx, `
		with recursive claim (case_id, id, replaces, from_suspense) as (
			select distinct l.case_id, i.id, i.replaces, i.from_suspense from recovery_line l
			join payment_item i on i.area = l.area and i.id = l.item_id
			where l.area = $1 and l.case_id = any($2)
			  and not exists (select from payment_return v where v.area = l.area and v.item_id = l.item_id
				and not exists (select from hand_payment h where h.area = v.area and h.item_id = v.item_id))
			union all
			select c.case_id, i.id, i.replaces, i.from_suspense from claim c
			join payment_item i on i.area = $1 and i.id = c.replaces where c.from_suspense)
		select c.case_id, p.role, sum(p.amount)::bigint from claim c
		join posting p on p.area = $1 and p.cause_id = `+spentBy("$1", "c.id")+` and p.role = any($3) and not p.red
		where not c.from_suspense group by 1, 2`,
		area, column(list, func(r lifeevent.Recovery) int64 { return r.ID }), personalRoles())
	if err != nil {
		return fmt.Errorf("what payments that were not owed drew: %w", err)
	}
	drawn, err := partsByOwner(rows, "what payments that were not owed drew")
	for i := range list {
		list[i].DrewOf(lifeevent.Parts(drawn[list[i].ID]), list[i].Drawn.Total())
	}
	return err
}

// SetOffTooMuch implements lifeevent.RecreditTx.
func (t lifeTx) SetOffTooMuch(ctx context.Context, area party.Area, member int64) ([]lifeevent.Recovery, error) {
	// Few plans drew anything, and the cases are read whole.
	rows, err := t.Query(ctx, `
		select distinct a.case_id from recovery_planned a
		join recovery_plan p on p.area = a.area and p.id = a.plan_id
		join recovery_case k on k.area = a.area and k.id = a.case_id
		where a.area = $1 and ($2 = 0::bigint or k.member_id = $2)
		  and p.individual + p.collective + p.subsidy + p.interest > 0 order by a.case_id`, area, member)
	if err != nil {
		return nil, fmt.Errorf("recoveries that drew accounts: %w", err)
	}
	ids, err := collect(rows, "recoveries that drew accounts", pgx.RowTo[int64])
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	f := lifeevent.RecoveryFilter{Area: area, ID: 0, Member: member, State: "", After: 0, Limit: math.MaxInt32}
	list, err := t.Recoveries(ctx, f)
	return slices.DeleteFunc(list, func(r lifeevent.Recovery) bool {
		return !slices.Contains(ids, r.ID) || r.TooMuch() == 0
	}), err
}

// PlansDrew implements lifeevent.RecreditTx.
func (t lifeTx) PlansDrew(ctx context.Context, area party.Area, id int64) (lifeevent.Parts, error) {
	var fen [4]int64
	err := t.QueryRow(ctx, `
		select coalesce(sum(individual), 0)::bigint, coalesce(sum(collective), 0)::bigint, coalesce(sum(subsidy), 0)::bigint,
			coalesce(sum(interest), 0)::bigint
		from (
			select p.individual, p.collective, p.subsidy, p.interest from recovery_planned a
			join recovery_plan p on p.area = a.area and p.id = a.plan_id where a.area = $1 and a.case_id = $2
			union all
			select -individual, -collective, -subsidy, -interest from recovery_recredit where area = $1 and case_id = $2) p`,
		area, id).Scan(&fen[0], &fen[1], &fen[2], &fen[3])
	if err != nil {
		return lifeevent.Parts{}, fmt.Errorf("what plans of recovery %d drew: %w", id, err)
	}
	return lifeevent.Parts{
		Individual: money.Amount(fen[0]), Collective: money.Amount(fen[1]), Subsidy: money.Amount(fen[2]),
		Interest: money.Amount(fen[3]),
	}, nil
}

// PayTo implements lifeevent.RecreditTx.
func (t lifeTx) PayTo(
	ctx context.Context, area party.Area, role ledger.Role, scheme ledger.Scheme,
) (name string, list []lifeevent.PayTo, err error) {
	if err = t.QueryRow(ctx, `select name from area where area = $1`, area).Scan(&name); err != nil {
		return "", nil, fmt.Errorf("name of area %s: %w", area, err)
	}
	rows, err := t.Query(ctx, `
		select b.name, f.name, f.account_no from fund_account f join bank b on b.area = f.area and b.bank = f.bank
		where f.area = $1 and f.role = $2 and f.scheme = $3 order by f.id`,
		area, string(role), string(scheme))
	if err != nil {
		return "", nil, fmt.Errorf("accounts that collect in area %s: %w", area, err)
	}
	list, err = collect(rows, "accounts that collect", pgx.RowToStructByPos[lifeevent.PayTo])
	return name, list, err
}

// AddRecredit implements lifeevent.RecreditTx.
func (t lifeTx) AddRecredit(ctx context.Context, today calendar.Day, x lifeevent.Recredit) (id int64, err error) {
	err = t.QueryRow(ctx, `
		insert into recovery_recredit (area, case_id, individual, collective, subsidy, interest, entered_at, business_day)
		values ($1, $2, $3, $4, $5, $6, $7, $8) returning id`,
		x.Area, x.Case, x.Parts.Individual.Fen(), x.Parts.Collective.Fen(), x.Parts.Subsidy.Fen(), x.Parts.Interest.Fen(),
		t.at, today).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("take back what plans of recovery %d drew: %w", x.Case, err)
	}
	return id, nil
}

// AddPlan implements lifeevent.RecoveryTx.
func (t lifeTx) AddPlan(
	ctx context.Context, area party.Area, today calendar.Day, p lifeevent.Plan,
) (id int64, err error) {
	err = t.QueryRow(ctx, `
		insert into recovery_plan (area, case_id, from_account, from_funeral, asked, asked_of, individual, collective,
			subsidy, interest, document, made_by, made_at, business_day)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) returning id`,
		area, p.Case, p.FromAccount.Fen(), p.FromFuneral.Fen(), p.Asked.Fen(), string(p.AskedOf), p.Now.Individual.Fen(),
		p.Now.Collective.Fen(), p.Now.Subsidy.Fen(), p.Now.Interest.Fen(), p.Document, p.MadeBy, t.at, today).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("keep a plan of recovery %d: %w", p.Case, err)
	}
	_, err = t.Exec(ctx, `
		insert into recovery_instalment (area, plan_id, number, due_on, amount)
		select $1, $2, u.number, u.day, u.amount
		from unnest($3::date[], $4::bigint[]) with ordinality as u (day, amount, number)`, area, id,
		column(p.Instalments, func(i lifeevent.Instalment) calendar.Day { return i.DueOn }),
		column(p.Instalments, func(i lifeevent.Instalment) int64 { return i.Amount.Fen() }))
	if err != nil {
		return 0, fmt.Errorf("keep the instalments of plan %d: %w", id, err)
	}
	return id, nil
}

// PlanByID implements lifeevent.RecoveryTx.
func (t lifeTx) PlanByID(ctx context.Context, area party.Area, id int64) (p lifeevent.Plan, ok bool, err error) {
	var fen [7]int64
	err = t.QueryRow(ctx, `
		select id, case_id, from_account, from_funeral, asked, asked_of, individual, collective, subsidy, interest, document,
			made_by
		from recovery_plan where area = $1 and id = $2`, area, id).
		Scan(&p.ID, &p.Case, &fen[0], &fen[1], &fen[2], &p.AskedOf, &fen[3], &fen[4], &fen[5], &fen[6], &p.Document, &p.MadeBy)
	if errors.Is(err, pgx.ErrNoRows) {
		return p, false, nil
	}
	if err != nil {
		return p, false, fmt.Errorf("read plan %d: %w", id, err)
	}
	p.FromAccount, p.FromFuneral, p.Asked = money.Amount(fen[0]), money.Amount(fen[1]), money.Amount(fen[2])
	p.Now = lifeevent.Parts{
		Individual: money.Amount(fen[3]), Collective: money.Amount(fen[4]), Subsidy: money.Amount(fen[5]),
		Interest: money.Amount(fen[6]),
	}
	p.OfDrawn = p.FromAccount - p.Now.Total()
	rows, err := t.Query(ctx, `
		select due_on, amount from recovery_instalment where area = $1 and plan_id = $2 order by number`, area, id)
	if err != nil {
		return p, false, fmt.Errorf("read instalments of plan %d: %w", id, err)
	}
	p.Instalments, err = collect(rows, "instalments", func(row pgx.CollectableRow) (i lifeevent.Instalment, err error) {
		var amount int64
		err = row.Scan(&i.DueOn, &amount)
		i.Amount = money.Amount(amount)
		return i, err
	})
	return p, true, err
}

// EnterPlan implements lifeevent.RecoveryTx.
func (t lifeTx) EnterPlan(
	ctx context.Context, area party.Area, today calendar.Day, p lifeevent.Plan, decision int64,
) error {
	_, err := t.Exec(ctx, `
		insert into recovery_planned (area, plan_id, case_id, decision_id, approved_at, business_day)
		values ($1, $2, $3, $4, $5, $6)`, area, p.ID, p.Case, decision, t.at, today)
	if err != nil {
		return fmt.Errorf("put plan %d in force: %w", p.ID, err)
	}
	return nil
}

// ReceivingAccount implements lifeevent.RecoveryTx.
func (t lifeTx) ReceivingAccount(
	ctx context.Context, area party.Area, id int64,
) (role ledger.Role, scheme ledger.Scheme, err error) {
	err = t.QueryRow(ctx, `select role, scheme from fund_account where area = $1 and id = $2`, area, id).Scan(&role, &scheme)
	if errors.Is(err, pgx.ErrNoRows) {
		return role, scheme, lifeevent.ErrAccount
	}
	if err != nil {
		return role, scheme, fmt.Errorf("read fund account %d: %w", id, err)
	}
	return role, scheme, nil
}

// CreditOf implements lifeevent.RecoveryTx.
func (t lifeTx) CreditOf(ctx context.Context, area party.Area, x lifeevent.Receipt) (suspended bool, err error) {
	free, suspended, err := t.creditFree(ctx, area, x.FundAccount, x.BankReference, x.Amount)
	if err == nil && (!free || suspended && x.Way != lifeevent.Otherwise) {
		err = lifeevent.ErrReferenceUsed
	}
	return suspended, err
}

// AddRecoveryReceipt implements lifeevent.RecoveryTx.
func (t lifeTx) AddRecoveryReceipt(
	ctx context.Context, area party.Area, today calendar.Day, x lifeevent.Receipt,
) (id int64, err error) {
	if _, err := t.CreditOf(ctx, area, x); err != nil {
		return 0, err
	}
	err = t.QueryRow(ctx, `
		insert into recovery_receipt (area, case_id, way, fund_account, amount, base_pension, account_pension, individual,
			collective, subsidy, interest, bank_reference, value_date, document, made_by, made_at, business_day)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) returning id`,
		area, x.Case, string(x.Way), x.FundAccount, x.Amount.Fen(), x.Base.Fen(), x.Account.Fen(), x.Restored.Individual.Fen(),
		x.Restored.Collective.Fen(), x.Restored.Subsidy.Fen(), x.Restored.Interest.Fen(), x.BankReference, x.ValueDate,
		x.Document, x.MadeBy, t.at, today).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("keep a receipt of recovery %d: %w", x.Case, err)
	}
	return id, nil
}

// RecoveryReceiptByID implements lifeevent.RecoveryTx.
func (t lifeTx) RecoveryReceiptByID(
	ctx context.Context, area party.Area, id int64,
) (x lifeevent.Receipt, ok bool, err error) {
	var fen [7]int64
	err = t.QueryRow(ctx, `
		select id, case_id, way, fund_account, amount, base_pension, account_pension, individual, collective, subsidy,
			interest, bank_reference, value_date, document, made_by, made_at
		from recovery_receipt where area = $1 and id = $2`, area, id).
		Scan(&x.ID, &x.Case, &x.Way, &x.FundAccount, &fen[0], &fen[1], &fen[2], &fen[3], &fen[4], &fen[5], &fen[6],
			&x.BankReference, &x.ValueDate, &x.Document, &x.MadeBy, &x.MadeAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return x, false, nil
	}
	if err != nil {
		return x, false, fmt.Errorf("read receipt %d of a recovery: %w", id, err)
	}
	x.Amount, x.Base, x.Account = money.Amount(fen[0]), money.Amount(fen[1]), money.Amount(fen[2])
	x.Restored = lifeevent.Parts{
		Individual: money.Amount(fen[3]), Collective: money.Amount(fen[4]), Subsidy: money.Amount(fen[5]),
		Interest: money.Amount(fen[6]),
	}
	return x, true, nil
}

// EnterReceipt implements lifeevent.RecoveryTx.
func (t lifeTx) EnterReceipt(
	ctx context.Context, area party.Area, today calendar.Day, x lifeevent.Receipt, decision int64,
) error {
	_, err := t.Exec(ctx, `
		insert into recovery_received (area, receipt_id, case_id, fund_account, bank_reference, decision_id, approved_at,
			business_day)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		area, x.ID, x.Case, x.FundAccount, x.BankReference, decision, t.at, today)
	if isUnique(err, "recovery_received_area_fund_account_bank_reference_key") {
		return lifeevent.ErrReferenceUsed.Because(err)
	}
	if err != nil {
		return fmt.Errorf("keep that receipt %d of a recovery was approved: %w", x.ID, err)
	}
	return nil
}

package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

const payPartnerSQL = `
	select b.bank, b.bank_no, b.format, b.charset, b.row_limit, f.id, f.account_no, f.settlement
	from fund_account f join bank b on b.area = f.area and b.bank = f.bank
	where f.area = $1 and f.scheme = $2 and f.role = 'expenditure' and ($3 = '' or f.bank = $3) order by f.id`

func scanPayPartner(row pgx.CollectableRow) (p disbursement.Partner, err error) {
	err = row.Scan(&p.Code, &p.BankNo, &p.Format, &p.Charset, &p.RowLimit, &p.FundAccount, &p.AccountNo, &p.Settlement)
	return p, err
}

// PayPartners implements disbursement.RosterTx.
func (t *tx) PayPartners(
	ctx context.Context, area party.Area, scheme ledger.Scheme,
) ([]disbursement.Partner, error) {
	rows, err := t.Query(ctx, payPartnerSQL, area, scheme, "")
	if err != nil {
		return nil, fmt.Errorf("paying banks of area %s: %w", area, err)
	}
	return collect(rows, "paying banks", scanPayPartner)
}

// HoldRuns implements disbursement.RosterTx. The lock only makes others wait; the
// keys of runs and items decide.
func (t *tx) HoldRuns(ctx context.Context, area party.Area, scheme ledger.Scheme) error {
	_, err := t.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('pay_runs ' || $1::int || ' ' || $2::text, 0))`,
		int32(area), string(scheme))
	if err != nil {
		return fmt.Errorf("hold the pay runs of area %s: %w", area, err)
	}
	return nil
}

// paidBySQL are CTEs that say of every bank of an area which bank pays to its
// accounts: itself where it has an expenditure account of the scheme, else the
// bank of the oldest such account.
func paidBySQL(area, scheme string) string {
	return `
	account as materialized (
		select f.bank, f.id from fund_account f
		where f.area = ` + area + ` and f.scheme = ` + scheme + ` and f.role = 'expenditure'),
	paid_by as materialized (
		select k.bank, k.bank_no, coalesce(a.bank, (select o.bank from account o order by o.id limit 1)) as paying
		from bank k left join account a on a.bank = k.bank where k.area = ` + area + `)`
}

// deadItem is SQL that says of batch b and run r that their items count for
// nothing: they never left, or were recalled.
const deadItem = `(b.state = 'withdrawn' or r.state in ('refused', 'withdrawn'))`

// entitledSQL begins every statement about claims: who is entitled for the month
// $3 in scheme $2 of area $1 and the sum of it, and where pensions go today, with the
// accounts of heirs.
const entitledSQL = `
	with newest as materialized (
		select distinct on (e.member_id, e.component) e.member_id, e.component, e.amount from entitlement e
		where e.area = $1 and e.from_month <= $3
		order by e.member_id, e.component, e.from_month desc, e.id desc),
	entitled as materialized (
		select n.member_id,
			coalesce(sum(n.amount) filter (where n.component = 'base_pension'), 0)::bigint as base_pension,
			coalesce(sum(n.amount) filter (where n.component = 'account_pension'), 0)::bigint as account_pension,
			coalesce(sum(n.amount) filter (where n.component = 'funeral_grant'), 0)::bigint as funeral_grant,
			coalesce(sum(n.amount) filter (where n.component = 'one_off'), 0)::bigint as one_off,
			sum(n.amount)::bigint as amount
		from newest n join member m on m.area = $1 and m.id = n.member_id and m.scheme = $2
		group by n.member_id having sum(n.amount) > 0),
	payout as materialized (
		select id, member_id, bank, bank_no, account_no, opened_on, holder_name, holder_id_number from instrument
		where area = $1 and (for_payout or holder_name is not null) and ended_on is null)`

// monthClaimSQL are the claims of a month: who is entitled and has no payment of
// the month in the batches $4, however it ended. One that failed or came back is
// paid again by its own name only. Where a batch was recalled after the differences of its
// month were owed, the month is owed what they leave of it,
// those that two people ended as well. The base pension that a child who does
// not pay stops is a claim of its own, which is held; the account's is the member's own money.
const monthClaimSQL = entitledSQL + `,
	taken as materialized (
		select i.member_id, bool_or(i.base_pension > 0) as base from payment_item i
		where i.area = $1 and i.batch_id = any($4::bigint[]) and i.cause = 'regular' group by 1),
	once_owed as materialized (
		select d.member_id, sum(n.entitled - n.was) filter (where n.component = 'base_pension') as base,
			sum(n.entitled - n.was) filter (where n.component = 'account_pension') as account
		from benefit_due_month n join benefit_due d on d.area = n.area and d.id = n.due_id
		where n.area = $1 and n.month = $3 and (` + dueStands + ` or ` + monthSettled + `)
		group by d.member_id),
	child_stop as materialized (
		select h.member_id, bool_or(` + holdStands + `) as stands from payment_hold h
		where h.area = $1 and h.reason = 'child_unpaid' and h.from_month <= $3 and (
			` + holdStands + ` and ` + childStops + `$3::date` + asKnown + ` or exists (select from resumption_month k
				where k.area = h.area and k.member_id = h.member_id and k.month = $3 and k.hold_id = h.id))
		group by h.member_id),
	left_over as materialized (
		select e.member_id, greatest(0, e.base_pension - coalesce(o.base, 0))::bigint as base_pension,
			greatest(0, e.account_pension - coalesce(o.account, 0))::bigint as account_pension, e.funeral_grant, e.one_off,
			s.member_id is not null as stopped, coalesce(s.stands, false) as stands
		from entitled e left join once_owed o on o.member_id = e.member_id
		left join child_stop s on s.member_id = e.member_id
		-- What became of a month that a stop held back was decided with its end.
		where not exists (select from resumption_month k
			join payment_hold h on h.area = k.area and h.id = k.hold_id and h.reason <> 'child_unpaid'
			where k.area = $1 and k.member_id = e.member_id and k.month = $3)),
	part as materialized (
		select e.member_id, case when e.stopped then 0 else e.base_pension end as base_pension, e.account_pension,
			e.funeral_grant, e.one_off, 'regular' as cause
		from left_over e where not exists (select from taken t where t.member_id = e.member_id)
		union all
		select e.member_id, e.base_pension, 0, 0, 0, 'child_linked' from left_over e
		where e.stands and not exists (select from taken t where t.member_id = e.member_id and t.base)),
	claim as materialized (
		select e.member_id, e.base_pension, e.account_pension, e.funeral_grant, e.one_off,
			e.base_pension + e.account_pension + e.funeral_grant + e.one_off as amount, $3::date as month,
			p.id as instrument_id, p.id as payout_id, null::bigint as replaces, null::bigint as item_id,
			false as uncorrected, e.cause
		from part e left join payout p on p.member_id = e.member_id and p.holder_name is null
		where e.base_pension + e.account_pension + e.funeral_grant + e.one_off > 0)`

// dueClaimSQL are what is owed once up to the month, and no live payment took up. One
// that failed or came back is paid again by its own name only. What has no month before or
// in that of a death is owed to nobody; what is the estate's stays on the roster, held.
const dueClaimSQL = entitledSQL + `,` + deadSQL + `,
	claim as materialized (
		select d.member_id, d.base_pension, d.account_pension, d.funeral_grant, d.one_off,
			d.base_pension + d.account_pension + d.funeral_grant + d.one_off as amount, d.month,
			p.id as instrument_id, p.id as payout_id, null::bigint as replaces, null::bigint as item_id,
			false as uncorrected, d.cause
		from benefit_due d
		join member m on m.area = d.area and m.id = d.member_id and m.scheme = $2
		left join payout own on own.member_id = d.member_id and own.holder_name is null and d.instrument_id is null
		left join payout named on named.id = d.instrument_id
		cross join lateral (select coalesce(own.id, named.id) as id) p
		where d.area = $1 and d.month <= $3 and cardinality($4::bigint[]) >= 0 and ` + dueStands + `
			and not exists (select from dead where dead.member_id = d.member_id and ` + dueOfTheDead + `
				and ` + dueOfEstate + ` = 0)
			and not exists (select from payment_item i
				join payment_batch b on b.area = i.area and b.id = i.batch_id
				join pay_run r on r.area = b.area and r.id = b.run_id
				where i.area = d.area and i.member_id = d.member_id and i.month = d.month and i.cause = d.cause
					and not ` + deadItem + `))`

// dueStands is SQL that says of a due d that its right did not end.
const dueStands = `not exists (select from benefit_due_ended x where x.area = d.area and x.due_id = d.id)`

// reissueClaimSQL are the claims of the batches $4 that failed or came back and
// that no newer payment took up. What is looked up item by item is few, and would
// be a walk over every payment ever made otherwise.
const reissueClaimSQL = entitledSQL + `,
	back as materialized (
		select r.item_id, r.class from payment_return r
		join payment_return_booked k on k.area = r.area and k.return_id = r.id
		where r.area = $1 and r.batch_id = any($4::bigint[])
		union all
		select a.item_id, a.class from answer a
		where a.area = $1 and a.batch_id = any($4::bigint[]) and a.disposition = 'recorded' and a.outcome = 'failed'),
	claim as materialized (
		select i.member_id, i.base_pension, i.account_pension, i.funeral_grant, i.one_off, i.amount, i.month,
			p.id as instrument_id, p.id as payout_id, i.id as replaces, null::bigint as item_id,
			back.class in ('FIX_ACCOUNT', 'BLOCKED') and p.account_no = i.account_no as uncorrected, i.cause
		from back
		cross join lateral (
			select area, id, member_id, month, cause, attempt, base_pension, account_pension, funeral_grant, one_off, amount,
				account_no, instrument_id
			from payment_item where area = $1 and id = back.item_id limit 1) i
		left join lateral (
			select holder_id_number as holder from instrument where area = $1 and id = i.instrument_id limit 1) sent on true
		left join lateral (
			select n.id, n.account_no from instrument n
			where n.area = $1 and n.member_id = i.member_id and n.ended_on is null
				and case when sent.holder is null then n.for_payout else n.holder_id_number = sent.holder end
			order by n.id desc limit 1) p on true
		left join lateral (
			select true as found from payment_item j
			join payment_batch b on b.area = j.area and b.id = j.batch_id
			join pay_run r on r.area = b.area and r.id = b.run_id
			where j.area = $1 and j.member_id = i.member_id and j.month = i.month and j.cause = i.cause
			  and j.attempt > i.attempt and not ` + deadItem + ` limit 1) newer on true
		left join lateral (
			select true as found from payment_item j
			join payment_return r on r.area = j.area and r.item_id = j.id
			join return_unclaimed u on u.area = r.area and u.return_id = r.id
			where j.area = $1 and j.member_id = i.member_id and j.month = i.month and j.cause = i.cause
			limit 1) unclaimed on true
		where newer.found is null and unclaimed.found is null and not ` + paidByHand + ` and not exists (
			select from estate_granted_item x join payment_item j on j.area = x.area and j.id = x.item_id
			where x.area = $1 and j.member_id = i.member_id and j.month = i.month and j.cause = i.cause
				and ` + itemStands + `)`

// reissueOf are the claims of a reissue. It goes before statements that number
// their own parameters, and so holds the payments that it is limited to itself.
func reissueOf(items []int64) string {
	if len(items) == 0 {
		return reissueClaimSQL + `)`
	}
	ids := make([]string, len(items))
	for i, id := range items {
		ids[i] = strconv.FormatInt(id, 10)
	}
	return reissueClaimSQL + ` and back.item_id in (` + strings.Join(ids, ", ") + `))`
}

// frozenClaimSQL are the items of the batches $4, to be screened again.
const frozenClaimSQL = entitledSQL + `,
	claim as materialized (
		select i.member_id, i.base_pension, i.account_pension, i.funeral_grant, i.one_off, i.amount, i.month,
			i.instrument_id, coalesce(heir.id, own.id) as payout_id, i.replaces, i.id as item_id, false as uncorrected,
			i.cause
		from payment_item i
		left join payout heir on heir.id = i.instrument_id and heir.holder_name is not null
		left join payout own on own.member_id = i.member_id and own.holder_name is null
		where i.area = $1 and i.batch_id = any($4::bigint[]))`

// screenSQL follows claims: the weightiest reason for which each is held. A bank that
// contradicted itself about any earlier attempt may have paid it, and so may one that
// answered a batch after its recall: both hold the claim until two people have
// settled the newest doubt. An heir is owed nothing while no death stands reported. $5 is
// the days after a change of account, $6 today, $7 the members whose names cannot
// be written, $8 the reasons in the order of their weight.
const screenSQL = `,
	due_month as materialized (
		select c.member_id, c.month as fell_due, c.cause, n.month, n.component from claim c
		join benefit_due d on d.area = $1 and d.member_id = c.member_id and d.cause = c.cause and d.month = c.month
		join benefit_due_month n on n.area = d.area and n.due_id = d.id
		where c.cause <> 'regular'),
	by_dues as materialized (
		select d.member_id, n.month, n.component, sum(n.entitled - n.was)::bigint as amount, max(n.entitled) as top
		from benefit_due_month n join benefit_due d on d.area = n.area and d.id = n.due_id
		where n.area = $1 and n.month = any(array(
				select month from claim where cause = 'regular' union select month from due_month))
			and ` + dueStands + `
		group by 1, 2, 3),
	by_runs as materialized (
		select i.member_id, i.month, max(i.base_pension) as base, max(i.account_pension) as account from payment_item i
		where i.area = $1 and i.cause = 'regular' and i.batch_id = any(array(
			select b.id from payment_batch b join pay_run r on r.area = b.area and r.id = b.run_id
			where b.area = $1 and b.scheme = $2 and r.kind <> 'reissue' and not ` + deadItem + `
				and b.month = any(array(select month from due_month))))
			-- What reached nobody, and was granted to the heirs, is their due alone.
			and not exists (select from estate_granted_item x where x.area = i.area and x.item_id = i.id and ` + itemStands + `)
		group by 1, 2),
	together as (
		select $1::integer as area, c.member_id, c.month as fell_due, c.cause, o.month, o.component, o.top,
			o.amount + case o.component when 'base_pension' then c.base_pension else c.account_pension end as amount
		from claim c join by_dues o on o.member_id = c.member_id and o.month = c.month
		where c.cause = 'regular'
		union all
		select $1, m.member_id, m.fell_due, m.cause, o.month, o.component, o.top,
			o.amount + coalesce(case o.component when 'base_pension' then i.base else i.account end, 0)
		from due_month m
		join by_dues o on o.member_id = m.member_id and o.month = m.month and o.component = m.component
		left join by_runs i on i.member_id = m.member_id and i.month = m.month),
	hit as (
		select p.member_id, p.fell_due as month, p.cause, 'above_entitlement' as reason from together p
		where p.amount > p.top and p.amount - ` + loweredSQL + ` > greatest(p.top, ` + highestSQL + `)
		union all
		select c.member_id, c.month, c.cause, 'deceased' from claim c
		join death_notice d on d.area = $1 and d.member_id = c.member_id and d.died_on < c.month
		where not ` + ofHeirs + ` and not exists (
			select from death_withdrawn w where w.area = d.area and w.notice_id = d.id)
		union all
		select c.member_id, c.month, c.cause, 'sentenced' from claim c
		join sentence s on s.area = $1 and s.member_id = c.member_id and ` + sentenceMonths + ` @> c.month
		where c.cause` + byMonth + ` and ` + sentenceStands + `
		union all
		select c.member_id, c.month, c.cause, h.reason from claim c
		join payment_hold h on h.area = $1 and h.member_id = c.member_id and h.from_month <= c.month
		where (not ` + ofHeirs + ` or h.reason in ` + heldOfHeirs + `) and ` + holdActs + `
			and ` + holdStands + `
		union all
		select c.member_id, c.month, c.cause, 'no_account' from claim c where c.payout_id is null
		union all
		select c.member_id, c.month, c.cause, 'account_changed' from claim c where c.payout_id <> c.instrument_id
		union all
		select c.member_id, c.month, c.cause, 'account_changed' from claim c
		join payout n on n.id = c.payout_id and n.opened_on > $6::date - $5::int
		where exists (select from instrument o
			where o.area = $1 and o.member_id = n.member_id and o.id <> n.id and o.ended_on is not null
				and o.holder_id_number is not distinct from n.holder_id_number)
		union all
		select c.member_id, c.month, c.cause, 'account_not_corrected' from claim c where c.uncorrected
		union all
		select c.member_id, c.month, c.cause, 'possible_double_credit' from claim c
		cross join lateral (
			select member_id, month, cause, attempt from payment_item where area = $1 and id = c.replaces limit 1) last
		cross join lateral (
			select j.area, j.id from payment_item j
			where j.area = $1 and j.member_id = last.member_id and j.month = last.month and j.cause = last.cause
			  and j.attempt <= last.attempt limit 1000) j
		cross join lateral (` + doubtAbout + `) doubt
		where c.replaces is not null and not ` + doubtSettled + `
		union all
		select c.member_id, c.month, c.cause, 'possible_double_credit' from claim c
		join (
			select i.member_id, i.month, i.cause from payment_item i
			where i.area = $1 and i.batch_id = any(` + recalledInDoubt + `)) recalled
			on recalled.member_id = c.member_id and recalled.month = c.month and recalled.cause = c.cause
		union all
		select c.member_id, c.month, c.cause, 'name_not_encodable' from claim c where c.member_id = any($7::bigint[])
		union all
		select c.member_id, c.month, c.cause, 'above_entitlement' from claim c
		left join entitled e on e.member_id = c.member_id
		where c.item_id is not null and c.replaces is null and c.cause = 'regular' and c.amount > coalesce(e.amount, 0)
		union all
		select c.member_id, c.month, c.cause, 'above_entitlement' from claim c
		cross join lateral (
			select coalesce(sum(n.amount), 0) as amount from (
				select distinct on (e.component) e.amount from entitlement e
				where e.area = $1 and e.member_id = c.member_id and e.from_month <= c.month
				order by e.component, e.from_month desc, e.id desc limit 1000) n) then_due
		where c.replaces is not null and c.cause = 'regular' and c.amount > then_due.amount
		union all
		select c.member_id, c.month, c.cause, 'above_entitlement' from claim c
		join benefit_due d on d.area = $1 and d.member_id = c.member_id and d.cause = c.cause and d.month = c.month
		join benefit_due_ended x on x.area = d.area and x.due_id = d.id
		union all
		select c.member_id, c.month, c.cause, 'above_entitlement' from claim c
		join payment_item j on j.area = $1 and j.member_id = c.member_id and j.month = c.month and j.cause = c.cause
		join estate_granted_item x on x.area = j.area and x.item_id = j.id and ` + itemStands + `
		union all
		select c.member_id, c.month, c.cause, 'above_entitlement' from claim c
		join estate_granted g on g.area = $1 and g.member_id = c.member_id and c.cause in (
			'funeral:' || g.claim_id, 'estate:' || g.claim_id, 'arrears:' || g.claim_id)
		where ` + grantTooLate + `
		union all
		select c.member_id, c.month, c.cause, 'above_entitlement' from claim c
		where ` + ofHeirs + ` and not exists (select from death_notice d
			where d.area = $1 and d.member_id = c.member_id and not exists (
				select from death_withdrawn w where w.area = d.area and w.notice_id = d.id))),
	worst as materialized (
		select distinct on (member_id, month, cause) member_id, month, cause, reason from hit
		order by member_id, month, cause, array_position($8::text[], reason))`

// doubtAbout is SQL for when the bank last said that it may have made a payment j after all, of which it
// said otherwise; doubtSettled that two people settled that doubt since. recalledInDoubt is SQL for the
// batches of area $1 that may have been paid though they were recalled.
const (
	doubtAbout = `
			select a.answered_at as at from answer a where a.area = j.area and a.item_id = j.id
				and (a.refusal = 'contradicts_outcome' and a.outcome = 'succeeded'
					or a.disposition = 'recorded' and a.outcome = 'failed' and a.class = 'DUPLICATE')
			union all
			select v.reported_at from payment_return v
			where v.area = j.area and v.item_id = j.id and v.class = 'DUPLICATE'
			order by at desc limit 1`
	doubtSettled = `exists (select from exception_case k
			join exception_closed x on x.area = k.area and x.case_id = k.id
			where k.area = j.area and k.kind = 'possible_double_credit' and x.closed_at >= doubt.at
			  and (k.subject = 'payment_item:' || j.id or k.subject like 'payment_item:' || j.id || ':%'))`
	recalledInDoubt = `array(
				select split_part(k.subject, ':', 2)::bigint from exception_case k
				where k.area = $1 and k.kind in ('recalled_batch_answered', 'recalled_batch_taken') and not exists (
					select from exception_closed x where x.area = k.area and x.case_id = k.id)
				union all
				select b.id from payment_batch b join parcel_step s on s.area = b.area and s.batch_id = b.id
				where b.area = $1 and b.state = 'withdrawn' and s.step = 'placing' and not exists (
					select from parcel_step f where f.area = b.area and f.batch_id = b.id and f.step <> 'placing'))`
)

// highestSQL is SQL for the most that was ever decided for the month and component of the member
// and area of row p: what held for the month for a while.
const highestSQL = `(
			select coalesce(max(h.amount), 0) from entitlement h
			where h.area = p.area and h.member_id = p.member_id and h.component = p.component and h.from_month <= p.month
				and not exists (
					select from entitlement k
					where k.area = h.area and k.member_id = h.member_id and k.component = h.component
						and k.from_month > h.from_month and k.from_month <= p.month and k.id < h.id))`

// ofHeirs is SQL that says of a claim c that it is due to who comes after the member, by its
// heirsCause; heldOfHeirs are the holds that are about the payment and not about the member's right.
const (
	ofHeirs     = `c.cause` + heirsCause
	heirsCause  = ` ~ '^(funeral|estate|arrears):'`
	heldOfHeirs = `('court', 'investigation', 'manual', 'amount_review', 'shared_account')`
)

// claimSet is a set of claims as SQL, with the batches that it looks at.
type claimSet struct {
	area    party.Area
	scheme  ledger.Scheme
	month   calendar.Month
	sql     string
	batches []int64
}

func (c claimSet) args(more ...any) []any {
	return append([]any{c.area, string(c.scheme), c.month, c.batches}, more...)
}

// claimsOf returns the claims of an order. The batches are found first, so that
// their items are read by key and not with all others.
func (t *tx) claimsOf(ctx context.Context, c disbursement.Claims) (claimSet, error) {
	set := claimSet{area: c.Area, scheme: c.Scheme, month: c.Month, sql: monthClaimSQL, batches: nil}
	of := `b.month = $3 and r.kind <> 'reissue'`
	switch {
	case c.Dues:
		set.sql, of = dueClaimSQL, `$3::date is not null and false`
	case c.Kind == disbursement.Reissue:
		set.sql, of = reissueOf(c.Items), `$3::date is not null and (b.failed > 0 or b.returned > 0)`
	}
	var err error
	set.batches, err = t.batchIDs(ctx, `
		select b.id from payment_batch b join pay_run r on r.area = b.area and r.id = b.run_id
		where b.area = $1 and b.scheme = $2 and `+of+` and not `+deadItem, c.Area, c.Scheme, c.Month)
	return set, err
}

func (t *tx) batchIDs(ctx context.Context, sql string, args ...any) ([]int64, error) {
	rows, err := t.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("payment batches: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("payment batches: %w", err)
	}
	if ids == nil {
		ids = []int64{}
	}
	return ids, nil
}

// hashing runs fn without nested loops where a join can do without. Right after a
// month was frozen nothing is known of how much it wrote, and a planner that takes
// a table for empty reads it again for every claim.
func (t *tx) hashing(ctx context.Context, fn func() error) error {
	return t.planning(ctx, "enable_nestloop", "off", fn)
}

// planning runs fn with a setting of the planner that holds within it alone; then the
// connection's own holds again.
func (t *tx) planning(ctx context.Context, setting, value string, fn func() error) error {
	if _, err := t.Exec(ctx, `set local `+setting+` to `+value); err != nil {
		return fmt.Errorf("prepare plans: %w", err)
	}
	if err := fn(); err != nil {
		return err
	}
	if _, err := t.Exec(ctx, `set local `+setting+` to default`); err != nil {
		return fmt.Errorf("prepare plans: %w", err)
	}
	return nil
}

// Reissuable implements disbursement.RosterTx.
func (t *tx) Reissuable(ctx context.Context, c disbursement.Claims) (ids []int64, err error) {
	set, err := t.claimsOf(ctx, c)
	if err != nil {
		return nil, err
	}
	err = t.hashing(ctx, func() error {
		rows, err := t.Query(ctx, set.sql+` select replaces from claim where $2::text <> '' and $3::date is not null`,
			set.args()...)
		if err != nil {
			return fmt.Errorf("payments that can be paid again: %w", err)
		}
		ids, err = collect(rows, "payments that can be paid again", pgx.RowTo[int64])
		return err
	})
	return ids, err
}

// EachPayee implements disbursement.RosterTx.
func (t *tx) EachPayee(ctx context.Context, c disbursement.Claims, fn func(disbursement.Payee) error) error {
	set, err := t.claimsOf(ctx, c)
	if err != nil {
		return err
	}
	return t.hashing(ctx, func() error {
		rows, err := t.Query(ctx, set.sql+`,`+paidBySQL("$1", "$2")+`
			select c.member_id, coalesce(n.holder_name, m.name), k.paying, coalesce(n.bank_no, k.bank_no), n.account_no,
				coalesce(n.holder_id_number, m.id_number), m.social_no, m.region
			from claim c join payout n on n.id = c.payout_id join member m on m.area = $1 and m.id = c.member_id
			join paid_by k on k.bank = n.bank`, set.args()...)
		if err != nil {
			return fmt.Errorf("payees of area %s: %w", c.Area, err)
		}
		var p disbursement.Payee
		var name, account, id string
		into := []any{&p.Member, &name, &p.Bank, &p.ClearingBank, &account, &id, &p.SocialNo, &p.Region}
		_, err = pgx.ForEachRow(rows, into, func() error {
			p.Name, p.IDNumber, p.Account = party.Stored(name, id, account)
			return fn(p)
		})
		if err != nil {
			return fmt.Errorf("payees of area %s: %w", c.Area, err)
		}
		return nil
	})
}

// OpenHolds implements disbursement.RosterTx.
func (t *tx) OpenHolds(ctx context.Context, c disbursement.Claims) error {
	set, err := t.claimsOf(ctx, c)
	if err != nil {
		return err
	}
	return t.openHolds(ctx, set, c.Rules)
}

// holdStands is SQL that says of a hold h that two people did not end it.
const holdStands = `not exists (select from hold_release r
				where r.area = h.area and r.hold_id = h.id and r.state = 'approved')`

// childStops and asKnown embrace a month: SQL that says of a hold h child_unpaid that its rule stops the
// base pension of the month, as rules are known today.
const (
	childStops = `child_linked_stops(h.area, h.member_id, `
	asKnown    = `, 'infinity')`
)

// holdActs is SQL that says of a hold h of the member of claim c that it stops the claim. All do but
// one: a child who does not pay stops base pensions of the months for which the rule is in force, and
// of members whom it means.
const holdActs = `case when h.reason <> 'child_unpaid' then true
			when c.cause in ('regular', 'child_linked') then c.base_pension > 0 and ` + childStops + `c.month` + asKnown + `
			else exists (select from benefit_due q
				join benefit_due_month n on n.area = q.area and n.due_id = q.id and n.component = 'base_pension'
				where q.area = h.area and q.member_id = h.member_id and q.cause = c.cause and q.month = c.month
					and n.month >= h.from_month and ` + childStops + `n.month` + asKnown + `) end`

// What two people looked at is paid from then on: an amount up to theirs, an account of no other
// pensioners than theirs. More is held anew.
const (
	reviewSQL = `
	insert into payment_hold (area, member_id, reason, from_month, text, opened_by, opened_at, reviewed_amount)
	select $1, c.member_id, 'amount_review', min(c.month),
		round(max(c.amount) / 100.0, 2) || ', above ' || $7::text, 'screen', $6, max(c.amount)
	from claim c
	where c.amount > $5 and not exists (select from payment_hold h
		where h.area = $1 and h.member_id = c.member_id and h.reason = 'amount_review' and h.from_month <= c.month
			and (h.reviewed_amount >= c.amount or ` + holdStands + `))
	group by c.member_id`
	sharedSQL = `,
	shared as (
		select p.bank, p.account_no, array_agg(e.member_id order by e.member_id) as sharers from entitled e join payout p on p.member_id = e.member_id and p.holder_name is null
		group by p.bank, p.account_no having count(*) > 1),
	sharing as materialized (
		select c.member_id, c.month, p.id, p.bank, s.sharers from claim c
		join payout p on p.id = c.payout_id
		join shared s on s.bank = p.bank and s.account_no = p.account_no)`
	holdSharedSQL = sharedSQL + `
	insert into payment_hold (area, member_id, reason, from_month, text, opened_by, opened_at, sharers)
	select $1, s.member_id, 'shared_account', min(s.month),
		'several pensioners are paid to this account: members ' || array_to_string(s.sharers, ', '), 'screen', $5, s.sharers
	from sharing s
	where not exists (select from payment_hold h
		where h.area = $1 and h.member_id = s.member_id and h.reason = 'shared_account' and h.from_month <= s.month
			and (s.sharers <@ h.sharers or ` + holdStands + `))
	group by s.member_id, s.sharers`
	reportSharedSQL = sharedSQL + `
	insert into exception_case (area, kind, subject, bank, text, opened_on, opened_at)
	select distinct $1::int, 'shared_account', 'instrument:' || s.id, s.bank,
		'several pensioners are paid to this account', ($5::timestamptz at time zone 'Asia/Shanghai')::date,
		$5::timestamptz
	from sharing s
	on conflict (area, kind, subject) do nothing`
)

func (t *tx) openHolds(ctx context.Context, set claimSet, rules disbursement.Rules) error {
	return t.hashing(ctx, func() error {
		if rules.AmountThreshold > 0 {
			_, err := t.Exec(ctx, set.sql+reviewSQL,
				set.args(rules.AmountThreshold.Fen(), t.at, rules.AmountThreshold.String())...)
			if err != nil {
				return fmt.Errorf("hold large payments of area %s: %w", set.area, err)
			}
		}
		shared := reportSharedSQL
		if rules.HoldShared {
			shared = holdSharedSQL
		}
		if _, err := t.Exec(ctx, set.sql+shared, set.args(t.at)...); err != nil {
			return fmt.Errorf("look for shared accounts of area %s: %w", set.area, err)
		}
		return nil
	})
}

// screenArgs are $5 to $8 of screenSQL.
func screenArgs(rules disbursement.Rules, today calendar.Day, unwritable []int64) []any {
	if unwritable == nil {
		unwritable = []int64{}
	}
	return []any{
		rules.AccountChangeDays, today, unwritable,
		column(disbursement.Holds(), func(h disbursement.Hold) string { return string(h) }),
	}
}

const addRosterSQL = screenSQL + `,
	line as (
		insert into roster_line (area, roster_id, seq, member_id, month, base_pension, account_pension, funeral_grant,
			one_off, instrument_id, replaces, held, cause)
		select $1, $9, row_number() over (order by m.region, c.member_id, c.month, c.cause), c.member_id, c.month,
			c.base_pension, c.account_pension, c.funeral_grant, c.one_off, c.instrument_id, c.replaces,
			coalesce(w.reason, ''), c.cause
		from claim c join member m on m.area = $1 and m.id = c.member_id
		left join worst w on w.member_id = c.member_id and w.month = c.month and w.cause = c.cause
		returning base_pension + account_pension + funeral_grant + one_off as amount, held)
	insert into roster (area, id, scheme, month, kind, entitled, entitled_amount, held, held_amount, made_by, made_at,
		business_day)
	select $1, $9, $2, $3, $10, count(*), coalesce(sum(amount), 0)::bigint, count(*) filter (where held <> ''),
		coalesce(sum(amount) filter (where held <> ''), 0)::bigint, $11, $12, $6
	from line returning entitled, entitled_amount, held, held_amount`

// AddRoster implements disbursement.RosterTx.
func (t *tx) AddRoster(
	ctx context.Context, r disbursement.Roster, c disbursement.Claims, unwritable []int64,
) (disbursement.Roster, error) {
	set, err := t.claimsOf(ctx, c)
	if err != nil {
		return r, err
	}
	ids, err := t.NewIDs(ctx, 1)
	if err != nil {
		return r, err
	}
	r.ID = ids[0]
	args := append(screenArgs(c.Rules, c.Today, unwritable), r.ID, string(r.Kind), r.MadeBy, t.at)
	err = t.hashing(ctx, func() error {
		return t.QueryRow(ctx, set.sql+addRosterSQL, set.args(args...)...).Scan(
			&r.Entitled, &r.EntitledAmount, &r.Held, &r.HeldAmount)
	})
	if err != nil {
		return r, fmt.Errorf("keep roster: %w", err)
	}
	return r, nil
}

// SuccessorRoster implements disbursement.RosterTx.
func (t *tx) SuccessorRoster(
	ctx context.Context, withdrawn disbursement.Run, r disbursement.Roster,
) (disbursement.Roster, error) {
	ids, err := t.NewIDs(ctx, 1)
	if err != nil {
		return r, err
	}
	r.ID = ids[0]
	err = t.hashing(ctx, func() error {
		return t.QueryRow(ctx, `
			with hit as materialized (
				select i.member_id, i.month, i.cause, h.reason from release_hit h
				cross join lateral (
					select member_id, month, cause from payment_item where area = h.area and id = h.item_id limit 1) i
				where h.area = $1 and h.run_id = $3),
			line as (
				insert into roster_line (area, roster_id, seq, member_id, month, base_pension, account_pension,
					funeral_grant, one_off, instrument_id, replaces, held, cause)
				select l.area, $2, l.seq, l.member_id, l.month, l.base_pension, l.account_pension, l.funeral_grant,
					l.one_off, l.instrument_id, l.replaces, coalesce(h.reason, l.held), l.cause
				from roster_line l
				left join hit h on h.member_id = l.member_id and h.month = l.month and h.cause = l.cause
				where l.area = $1 and l.roster_id = $4
				returning base_pension + account_pension + funeral_grant + one_off as amount, held)
			insert into roster (area, id, scheme, month, kind, entitled, entitled_amount, held, held_amount, made_by,
				made_at, business_day)
			select $1, $2, $5, $6, $7, count(*), coalesce(sum(amount), 0)::bigint, count(*) filter (where held <> ''),
				coalesce(sum(amount) filter (where held <> ''), 0)::bigint, $8, $9, $10
			from line returning entitled, entitled_amount, held, held_amount`,
			r.Area, r.ID, withdrawn.ID, withdrawn.Roster, string(r.Scheme), r.Month, string(r.Kind), r.MadeBy, t.at,
			r.MadeOn).Scan(&r.Entitled, &r.EntitledAmount, &r.Held, &r.HeldAmount)
	})
	if err != nil {
		return r, fmt.Errorf("keep the roster of pay run %d's successor: %w", withdrawn.ID, err)
	}
	return r, nil
}

// FindRoster implements disbursement.RosterTx.
func (t *tx) FindRoster(ctx context.Context, area party.Area, id int64) (disbursement.Roster, error) {
	rows, err := t.Query(ctx, `
		select area, id, scheme, month, kind, entitled, entitled_amount, held, held_amount, made_by, business_day
		from roster where area = $1 and id = $2`, area, id)
	return single(rows, err, fmt.Sprintf("read roster %d", id), disbursement.ErrRosterUnknown, pgx.RowToStructByPos[disbursement.Roster])
}

// HeldByReason implements disbursement.RosterTx.
func (t *tx) HeldByReason(ctx context.Context, area party.Area, roster int64) ([]disbursement.HeldSum, error) {
	rows, err := t.Query(ctx, `
		select held, count(*), sum(base_pension + account_pension + funeral_grant + one_off)::bigint from roster_line
		where area = $1 and roster_id = $2 and held <> '' group by held order by held`, area, roster)
	if err != nil {
		return nil, fmt.Errorf("held lines of roster %d: %w", roster, err)
	}
	return collect(rows, "held lines of a roster", pgx.RowToStructByPos[disbursement.HeldSum])
}

// fromSuspense is SQL that says of the item o that its money waits in suspense: it
// came back and was booked there, or it was to leave from there and failed.
const fromSuspense = `coalesce((
		select exists (select from posting p where p.area = v.area and p.cause_id = v.id and p.role = 'suspense')
		from payment_return v join payment_return_booked k on k.area = v.area and k.return_id = v.id
		where v.area = o.area and v.item_id = o.id), o.from_suspense, false)`

// Lines implements disbursement.RunStore.
func (s disbursementStore) Lines(
	ctx context.Context, area party.Area, roster int64, p disbursement.LinePage,
) ([]disbursement.Line, error) {
	rows, err := s.db.pool.Query(ctx, `
		select l.seq, l.member_id, l.month, l.base_pension, l.account_pension, l.funeral_grant, l.one_off,
			coalesce(l.instrument_id, 0), coalesce(l.replaces, 0), `+fromSuspense+`, l.held, m.social_no, m.name, l.cause
		from roster_line l join member m on m.area = l.area and m.id = l.member_id
		left join payment_item o on o.area = l.area and o.id = l.replaces
		where l.area = $1 and l.roster_id = $2 and l.seq > $3 and (not $4 or l.held <> '')
		order by l.seq limit $5`, area, roster, p.After, p.Held, p.Limit)
	if err != nil {
		return nil, fmt.Errorf("lines of roster %d: %w", roster, err)
	}
	return collect(rows, "lines of a roster", func(row pgx.CollectableRow) (l disbursement.Line, err error) {
		var c [4]int64
		var name string
		err = row.Scan(&l.Seq, &l.Member, &l.Month, &c[0], &c[1], &c[2], &c[3], &l.Instrument, &l.Replaces,
			&l.FromSuspense, &l.Held, &l.SocialNo, &name, &l.Cause)
		l.Components = componentsOf(c)
		l.Name, _, _ = party.Stored(name, "", "")
		return l, err
	})
}

func componentsOf(c [4]int64) disbursement.Components {
	return disbursement.Components{
		Base: money.Amount(c[0]), Account: money.Amount(c[1]), Funeral: money.Amount(c[2]), OneOff: money.Amount(c[3]),
	}
}

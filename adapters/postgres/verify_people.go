package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/fundtransfer"
	"twoline/gateway/ledger"
	"twoline/reconcile/proof"
)

// peopleChecks prove who asked, who approved, and that what was approved was done.
func peopleChecks() []check {
	return []check{
		invariant("I25", "one request has one fingerprint, one answer and one effect",
			probe{table: "idempotency", sql: onceSQL},
			probe{table: "receipt", sql: resultsOnceSQL},
			probe{table: "idempotency", sql: effectSQL},
			probe{table: "idempotency", sql: answerWithoutEffectSQL},
		),
		invariant("I27", "maker, checker and releaser are different people, and had the duty then",
			probe{table: "approval", looks: []string{"approval", "fund_transfer"}, sql: approvalSQL},
			probe{table: "fund_transfer", looks: []string{"duty_grant"}, sql: makerSQL},
			probe{table: "period_close", sql: closerSQL},
			probe{table: "pay_run", looks: []string{"pay_run"}, sql: threePeopleSQL},
			probe{table: "pay_run", looks: []string{"hold_release", "instrument_change", "decision_request", "funding_request"}, sql: askerSQL},
			probe{table: "decision_request", looks: decidedTables(), sql: decidedSQL},
		),
		invariant("I28", "what was approved is what was booked, sent and changed",
			probe{table: "fund_transfer", run: checkTransferDigests},
			probe{table: "fund_transfer", looks: []string{"approval"}, sql: transferBookedSQL()},
			probe{table: "fixed_deposit", sql: depositSQL},
			probe{table: "approval", sql: approvedDigestSQL},
			probe{table: "payment_batch", sql: sentSQL},
			probe{table: "hold_release", sql: releaseDigestSQL()},
			probe{table: "instrument_change", sql: changeSQL()},
			probe{table: "decision_request", sql: decisionSQL()},
			probe{table: "personal_opening", looks: []string{"opening_balance", "personal_opening_asked"}, sql: goLiveSQL()},
			probe{table: "fund_transfer", looks: []string{"funding_request"}, sql: fundingSQL()},
			probe{table: "award_run", looks: awardTables(), run: checkAwardRuns},
			probe{table: "entitlement", sql: awardedSQL},
			probe{table: "service_years", looks: []string{"service_years", "pension_case"}, sql: awardFactsSQL},
		),
		invariant("I39", "a refused request leaves nothing behind: every kept answer is of a command that was carried out",
			probe{table: "idempotency", sql: refusedSQL},
		),
	}
}

const onceSQL = `
	select 0, 0, caller || ' ' || route || ' ' || key, 'has ' || n || ' answers'
	  from (select caller, route, key, count(*) as n from idempotency where $1::integer is not null
	         group by 1, 2, 3) i
	 where n > 1
	union all
	select 0, 0, caller || ' ' || route || ' ' || key, 'keeps an answer that is no JSON'
	  from idempotency
	 where content_type like 'application/json%' and length(body) = 0`

// Results by API are kept under the request's key and fingerprint. Answers are
// kept for 400 days at the least, so an older receipt may have outlived its own.
const resultsOnceSQL = `
	select r.area, r.id, r.area || '/' || r.id, case
	       when r.times > 1 then 'took the effect of one request ' || r.times || ' times'
	       else 'was taken in by a request that has no kept answer of its fingerprint' end
	  from (select r.*, count(*) over (partition by area, bank, name, digest) as times,
	      max(received_at) over () as latest
	          from receipt r where ($1 = 0 or area = $1) and kind in ` + requestKinds + `) r
	 where r.times > 1 or (r.bank <> '' and r.received_at > r.latest - interval '400 days' and not exists (
	       select from idempotency i where i.caller = 'bank:' || r.bank and r.kind || ':' || i.key = r.name
	          and i.fingerprint = r.digest))`

// effects are the facts that a command makes, each in the transaction that keeps
// the command's answer, and so at its instant. A bank's facts name the caller.
const effects = `
	select area, id, 'arrival' as tab, reported_at as at, nullif(reported_by, 'bank:') as caller from arrival
	 where ($1 = 0 or area = $1) and source = 'notice'
	union all select area, arrival_id, 'arrival_subject', named_at, nullif(named_by, 'bank:') from arrival_subject
	 where ($1 = 0 or area = $1) and named_by <> 'statement'
	union all select area, id, 'counter_receipt', received_at, 'bank:' || bank from counter_receipt where $1 = 0
	    or area = $1
	union all select area, id, 'receipt', received_at, nullif(received_by, 'bank:') from receipt
	 where ($1 = 0 or area = $1) and kind in ` + requestKinds + `
	union all select area, id, 'withholding_run', created_at, null from withholding_run where $1 = 0 or area = $1
	union all select area, id, 'fund_transfer', made_at, null from fund_transfer where $1 = 0 or area = $1
	union all select area, subject_id, 'approval', decided_at, null from approval where $1 = 0 or area = $1
	union all select area, transfer_id, 'transfer_event', at, null from transfer_event
	 where ($1 = 0 or area = $1) and to_state = 'withdrawn'
	union all select area, fund_account, 'period_close', closed_at, null from period_close where $1 = 0 or area = $1
	union all select area, fund_account, 'opening_balance', entered_at, null from opening_balance where $1 = 0
	    or area = $1
	union all select area, id, 'personal_opening', entered_at, null from personal_opening where $1 = 0 or area = $1
	union all select area, batch_id, 'batch_event', at, nullif(actor, 'bank:') from batch_event
	 where ($1 = 0 or area = $1) and evidence ->> 'because' like 'acknowledged %'
	union all select area, batch_id, 'batch_event', at, null from batch_event
	 where ($1 = 0 or area = $1) and to_state in ('ready', 'withdrawn')
	   and batch_id in (select id from payment_batch)
	union all select area, id, 'pay_run', made_at, null from pay_run where $1 = 0 or area = $1
	union all select area, id, 'roster', made_at, null from roster where $1 = 0 or area = $1
	union all select area, run_id, 'run_event', at, null from run_event
	 where ($1 = 0 or area = $1) and to_state <> 'closed'
	union all select area, run_id, 'release_hit', found_at, null from release_hit where $1 = 0 or area = $1
	union all select area, id, 'payment_return', reported_at, nullif(reported_by, 'bank:') from payment_return
	 where $1 = 0 or area = $1
	union all select area, id, 'hold_release', made_at, null from hold_release where $1 = 0 or area = $1
	union all select area, id, 'instrument_change', made_at, null from instrument_change where $1 = 0 or area = $1
	union all select area, id, case kind when 'opening_balance' then 'balance_request' else 'decision_request' end,
	       made_at, null from decision_request where $1 = 0 or area = $1
	union all select area, id, 'fund_transfer', requested_at, null from funding_request where $1 = 0 or area = $1
	union all select area, id, 'recovery_plan', made_at, null from recovery_plan where $1 = 0 or area = $1
	union all select area, id, 'recovery_receipt', made_at, null from recovery_receipt where $1 = 0 or area = $1
	union all select area, id, 'estate_claim', made_at, null from estate_claim where $1 = 0 or area = $1
	union all select area, id, 'member_transfer', made_at, null from member_transfer where $1 = 0 or area = $1
	union all select area, id, 'member_departure', made_at, null from member_departure where $1 = 0 or area = $1
	union all select area, id, 'member_return', made_at, null from member_return where $1 = 0 or area = $1
	union all select area, id, 'contribution_list', asked_at, null from contribution_list where $1 = 0 or area = $1
	union all select area, id, 'interest_run', asked_at, null from interest_run where $1 = 0 or area = $1
	union all select area, id, 'subsidy_run', made_at, null from subsidy_run where $1 = 0 or area = $1
	union all select area, id, 'award_run', made_at, null from award_run where $1 = 0 or area = $1
	union all select area, id, 'pension_subsidy_arrival', named_at, null from pension_subsidy_arrival where $1 = 0
	    or area = $1
	union all select area, arrival_id, 'pension_subsidy_withdrawn', withdrawn_at, null from pension_subsidy_withdrawn
	 where $1 = 0 or area = $1
	union all select area, arrival_id, 'subsidy_arrival_withdrawn', withdrawn_at, null from subsidy_arrival_withdrawn
	 where $1 = 0 or area = $1
	union all select area, id, 'due_list', asked_at, null from due_list where $1 = 0 or area = $1`

// Answers are kept for 400 days at the least; the effects of older ones stand alone.
const effectSQL = `
	select e.area, e.id, e.area || '/' || e.tab || ' ' || e.id, 'was made at ' || e.at || ', when no answer was kept'
	  from (` + effects + `) e
	 where e.at > now() - interval '400 days' and not exists (
	       select from idempotency i where i.created_at = e.at and (e.caller is null or i.caller = e.caller))`

// Commands that cannot succeed without a new fact, by their route; and facts of
// which a command makes one. Opening balances are asked for several at a time.
const answerWithoutEffectSQL = `
	with kept as (
		select r.tab, i.created_at as at, count(*) as n, min(i.caller || ' ' || i.route || ' ' || i.key) as first
		  from idempotency i
		  join (values ('POST /v1/contributions', 'counter_receipt'), ('POST /v1/withholding-runs', 'withholding_run'),
		               ('POST /v1/withholding-batches/%/results', 'receipt'), ('POST /v1/fund-transfers',
		                   'fund_transfer'),
		               ('POST /v1/fund-transfers/%/approve', 'approval'), ('POST /v1/fund-transfers/%/reject',
		                   'approval'),
		               ('POST /v1/periods/%/close', 'period_close'), ('POST /v1/opening-balances', 'balance_request'),
		               ('POST /v1/rosters', 'roster'), ('POST /v1/pay-runs', 'pay_run'), ('POST /v1/reissues', 'pay_run'),
		               ('POST /v1/quarantine/%/decision', 'decision_request'), ('POST /v1/items/%/evidence', 'decision_request'),
		               ('POST /v1/cases/%/resolution', 'decision_request'), ('POST /v1/policies', 'decision_request'),
		               ('POST /v1/returns/%/unclaimed', 'decision_request'),
		               ('POST /v1/death-notices/%/withdraw', 'decision_request'), ('POST /v1/decisions/%/approve', 'approval'),
		               ('POST /v1/decisions/%/reject', 'approval'),
		               ('POST /v1/pay-runs/%/submit', 'run_event'), ('POST /v1/pay-runs/%/approve', 'run_event'),
		               ('POST /v1/pay-runs/%/reject', 'run_event'), ('POST /v1/pay-runs/%/release', 'run_event'),
		               ('POST /v1/pay-runs/%/withdraw', 'run_event'), ('POST /v1/returns', 'receipt'),
		               ('POST /v1/disbursement-batches/%/results', 'receipt'), ('POST /v1/holds/%/release', 'hold_release'),
		               ('POST /v1/holds/%/release/approve', 'approval'), ('POST /v1/holds/%/release/reject', 'approval'),
		               ('POST /v1/instruments/%/change', 'instrument_change'),
		               ('POST /v1/recoveries/%/plan', 'recovery_plan'), ('POST /v1/recoveries/%/receipts', 'recovery_receipt'),
		               ('POST /v1/estate-claims', 'estate_claim'), ('POST /v1/member-transfers', 'member_transfer'),
		               ('POST /v1/member-departures', 'member_departure'), ('POST /v1/member-returns', 'member_return'),
		               ('POST /v1/contribution-lists', 'contribution_list'),
		               ('POST /v1/interest-runs', 'interest_run'), ('POST /v1/subsidy-runs', 'subsidy_run'),
		               ('POST /v1/award-runs', 'award_run'), ('POST /v1/due-lists', 'due_list'),
		               ('POST /v1/pension-subsidies/arrivals', 'pension_subsidy_arrival'),
		               ('POST /v1/pension-subsidies/arrivals/%/withdraw', 'pension_subsidy_withdrawn'),
		               ('POST /v1/subsidy-runs/%/arrivals/%/withdraw', 'subsidy_arrival_withdrawn'),
		               ('POST /v1/instruments/%/change/approve', 'approval'),
		               ('POST /v1/instruments/%/change/reject', 'approval'))
		       as r (route, tab) on i.route like r.route
		 where $1 = 0 group by 1, 2)
	select 0, 0, k.first, 'was answered, and its effect is not there'
	  from kept k
	  left join (select tab, at, count(*) as n from (` + effects + `) e group by 1, 2) e on e.tab = k.tab
	      and e.at = k.at
	 where coalesce(e.n, 0) < k.n
	union all
	select e.area, e.first, e.area || '/' || e.tab || ' ' || e.first, 'is one of ' || e.n || ' that '
	       || coalesce(k.n, 0) || ' answers made'
	  from (select area, tab, at, count(*) as n, min(id) as first from (` + effects + `) e
	         where tab in ('decision_request', 'withholding_run', 'fund_transfer', 'pay_run', 'roster', 'hold_release',
	                       'instrument_change', 'recovery_plan', 'recovery_receipt', 'estate_claim', 'member_transfer',
	                       'member_departure', 'member_return', 'contribution_list', 'interest_run', 'subsidy_run', 'award_run', 'due_list',
	                       'pension_subsidy_withdrawn', 'subsidy_arrival_withdrawn')
	         group by 1, 2, 3) e
	  left join (select created_at as at, count(*) as n from idempotency group by 1) k on k.at = e.at
	 where e.n > k.n`

// decisionStands is SQL over an approval a and what it decided, f: a run that was
// approved may still be refused by its releaser or withdrawn.
const decisionStands = `case a.subject
	when 'pay_run' then case a.decision when 'rejected' then f.state = 'refused' else f.state not in ('draft', 'frozen') end
	when 'fund_transfer' then f.state = case a.decision when 'approved' then 'booked' else 'rejected' end
	else f.state = a.decision end`

// Duties are asked at the instant of the decision; a grant that ended since was one.
const approvalSQL = `
	select a.area, a.subject_id, a.area || '/' || a.subject || ' ' || a.subject_id, case
	       when f.id is null then 'approves what does not exist'
	       when a.person_id = a.maker_person or a.person_id = f.maker_person
	           then 'was decided by its maker''s own person'
	       when a.maker_person <> f.maker_person then 'names another maker than what it decides'
	       when o.login is null or o.person_id <> a.person_id then 'was decided by login ' || a.login
	            || ', which is not that person''s'
	       when g.area <> a.area then 'was decided by an officer of area ' || g.area
	       when not ` + decisionStands + `
	            then 'was ' || a.decision || ', and it is ' || f.state
	       when a.decided_at < f.made_at - ` + apart + ` then 'was decided before it was made'
	       else 'was decided by ' || a.login || ', who was no ' || a.duty || ' then' end
	  from approval a
	  left join (
	       select 'fund_transfer' as subject, area, id, maker_person, made_at, state from fund_transfer
	       union all select 'pay_run', area, id, maker_person, made_at, state from pay_run
	       union all select 'hold_release', area, id, maker_person, made_at, state from hold_release
	       union all select 'instrument_change', area, id, maker_person, made_at, state from instrument_change
	       union all select 'decision_request', area, id, maker_person, made_at, state from decision_request) f
	       on f.subject = a.subject and f.area = a.area and f.id = a.subject_id
	  left join officer o on o.login = a.login
	  left join organisation g on g.id = o.organisation_id
	 where ($1 = 0 or a.area = $1) and (
	       f.id is null or a.person_id = a.maker_person or a.maker_person <> f.maker_person
	    or o.login is null or o.person_id <> a.person_id or g.area <> a.area
	    or not ` + decisionStands + `
	    or a.decided_at < f.made_at - ` + apart + ` or not exists (
	       select from duty_grant d where d.login = a.login and d.duty = a.duty
	          and d.granted_at <= a.decided_at + ` + apart + `
	          and (d.revoked_at is null or d.revoked_at >= a.decided_at - ` + apart + `)))`

const makerSQL = `
	select f.area, f.id, f.area || '/' || f.id, case
	       when o.login is null or o.person_id <> f.maker_person then 'was made by login ' || f.maker
	            || ', which is not that person''s'
	       when g.area <> f.area then 'was made by an officer of area ' || g.area
	       when f.state in ('booked', 'rejected') and a.n is null then 'is ' || f.state || ' and nobody decided it'
	       when f.state = 'booked' and g.kind <> a.kind then 'was made in the ' || g.kind || ' and checked in the '
	           || a.kind
	       else 'was made by ' || f.maker || ', who was no maker then' end
	  from fund_transfer f
	  left join officer o on o.login = f.maker
	  left join organisation g on g.id = o.organisation_id
	  left join (select a.area, a.subject_id, count(*) as n, min(g.kind) as kind from approval a
	               left join officer o on o.login = a.login left join organisation g on g.id = o.organisation_id
	              where a.subject = 'fund_transfer' group by 1, 2) a on a.area = f.area and a.subject_id = f.id
	 where ($1 = 0 or f.area = $1) and (
	       o.login is null or o.person_id <> f.maker_person or g.area <> f.area
	    or (f.state in ('booked', 'rejected') and a.n is null) or (f.state = 'booked' and g.kind <> a.kind)
	    or not exists (
	       select from duty_grant d where d.login = f.maker and d.duty = 'maker'
	           and d.granted_at <= f.made_at + ` + apart + `
	          and (d.revoked_at is null or d.revoked_at >= f.made_at - ` + apart + `)))`

const closerSQL = `
	select c.area, c.fund_account, c.area || '/' || c.fund_account || ' ' || to_char(c.month, 'YYYY-MM'),
	       'was closed by ' || c.closed_by || ', who was no checker of the area''s agency finance then'
	  from period_close c
	 where ($1 = 0 or c.area = $1) and not exists (
	       select from officer o
	         join organisation g on g.id = o.organisation_id and g.area = c.area and g.kind = 'agency_finance'
	         join duty_grant d on d.login = o.login and d.duty = 'checker'
	             and d.granted_at <= c.closed_at + ` + apart + `
	              and (d.revoked_at is null or d.revoked_at >= c.closed_at - ` + apart + `)
	        where o.login = c.closed_by)`

// checkTransferDigests computes the digest of every transfer again.
func checkTransferDigests(ctx context.Context, v *verifier, p probe, found *proof.Finding) error {
	rows, err := v.t.Query(ctx, `
		select `+transferColumns+` from fund_transfer f where $1 = 0 or f.area = $1 order by f.area, f.id`,
		int32(v.area))
	if err != nil {
		return err
	}
	// The rows are decided one by one as they come; none is kept.
	_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
		f, err := scanTransfer(row)
		if err != nil {
			return struct{}{}, err
		}
		if f.Instruction.Digest(f.Area, f.Scheme) != f.Digest {
			found.Add(proof.Breach{
				Area: f.Area, Table: p.table, Row: fmt.Sprintf("%s/%d", f.Area, f.ID),
				Text: "no longer has the digest that it was submitted with",
			})
		}
		return struct{}{}, nil
	})
	return err
}

// transferKinds are the kinds of entry that only a transfer causes, as SQL.
func transferKinds() string {
	var list []string
	for _, k := range fundtransfer.Kinds() {
		if k != ledger.InterestReceived {
			list = append(list, "'"+string(k)+"'")
		}
	}
	return "(" + strings.Join(list, ", ") + ")"
}

// A booked transfer has its entry, two lines on the accounts that it names, and an
// approval of its digest in the same transaction as the booking.
func transferBookedSQL() string {
	return `
	with moved as (
		select e.area, e.id, split_part(e.cause, ':', 2) as transfer, split_part(e.cause, ':', 3) as part, e.scheme,
		    e.kind,
		       e.effective_on, e.text, e.actor, e.booked_at, count(*) as n, min(p.amount) as least,
		           max(p.amount) as most,
		       max(p.fund_account) filter (where p.side = 'debit') as enters,
		       max(p.fund_account) filter (where p.side = 'credit') as leaves,
		       max(p.role) filter (where p.side = 'credit') as source,
		           max(p.role) filter (where p.side = 'debit') as target,
		       bool_and(not p.red and p.nature = 'direct') as plain
		  from entry e
		  join posting p on p.area = e.area and p.entry_id = e.id
		 where ($1 = 0 or e.area = $1) and e.reverses is null and e.cause like 'fund_transfer:%' group by 1, 2, 3, 4,
		     5, 6, 7, 8)
	select f.area, f.id, f.area || '/' || f.id, case
	       when m.id is null then 'is ' || f.state || ' and its entry is ' || case when f.state = 'booked'
	           then 'missing'
	            else 'there' end
	       when f.state <> 'booked' and m.id is not null then 'is ' || f.state || ' and is booked by entry ' || m.id
	       when m.actor <> 'officer:' || a.login then 'was approved by ' || a.login || ' and booked by ' || m.actor
	       when a.digest is distinct from f.digest then 'was decided with another digest'
	       else 'is booked by entry ' || m.id || ' otherwise than it was approved' end
	  from (select * from fund_transfer where $1 = 0 or area = $1) f
	  left join moved m on m.area = f.area and m.transfer = f.id::text and m.part = ''
	  left join moved i on i.area = f.area and i.transfer = f.id::text and i.part = 'interest'
	  left join approval a on a.area = f.area and a.subject = 'fund_transfer' and a.subject_id = f.id
	 where (f.state = 'booked') <> (m.id is not null) or (m.id is not null and (
	       (m.scheme, m.kind, m.effective_on, m.text, m.n, m.least, m.plain, m.booked_at, m.actor)
	       is distinct from (f.scheme, f.kind, f.effective_on, f.document, 2, m.most, true, a.decided_at,
	                         'officer:' || a.login)
	    or m.least is distinct from coalesce(f.amount, m.least)
	    or (f.from_account is not null and m.leaves is distinct from f.from_account)
	    or (f.to_account is not null and m.enters is distinct from f.to_account)
	    or (f.kind = 'subsidy' and m.source is distinct from case f.purpose when 'base_pension'
	        then 'subsidy_base_pension'
	        when 'contribution' then 'subsidy_contribution' else 'subsidy_unspecified' end)
	    or a.digest is distinct from f.digest))
	    or (f.interest > 0 and f.state = 'booked') <> (i.id is not null)
	    or (i.id is not null and (i.least, i.most, i.enters, i.kind, i.effective_on, i.scheme, i.text, i.actor,
	        i.booked_at)
	        is distinct from (f.interest, f.interest, f.to_account, 'interest', f.effective_on, f.scheme, f.document,
	                          m.actor, m.booked_at))
	    or a.digest <> f.digest
	union all
	select e.area, e.id, e.area || '/entry ' || e.id, 'is of kind ' || e.kind || ', which a transfer only may cause'
	  from entry e
	 where ($1 = 0 or e.area = $1) and e.reverses is null and e.kind in ` + transferKinds() + `
	   and e.cause not like 'fund_transfer:%' and e.cause not like 'published:%'`
}

const depositSQL = `
	select coalesce(d.area, f.area), coalesce(d.id, f.id), coalesce(d.area, f.area) || '/' || coalesce(d.id, f.id), case
	       when d.id is null then 'was placed and is not kept'
	       when f.id is null then 'was placed by no booked transfer'
	       else 'differs from the transfer that placed it' end
	  from (select * from fixed_deposit where $1 = 0 or area = $1) d
	  full join (select * from fund_transfer where ($1 = 0 or area = $1) and kind = 'deposit_placement'
	                and state = 'booked') f on f.area = d.area and f.id = d.id
	 where (d.account, d.amount, d.placed_on, d.matures_on, d.rate) is distinct from
	       (f.to_account, f.amount, f.effective_on, f.matures_on, f.rate)`

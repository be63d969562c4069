package postgres

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/party"
	"twoline/gateway/policy"
	"twoline/reconcile/proof"
)

// paymentLife is a payment batch's: it begins with the freeze of its run, is sent by
// its release and at that instant, is heard of by its bank's word, is unknown when
// every payment without an answer was asked about, ends with the last answer, and is
// recalled by an officer who may.
func paymentLife() life {
	return life{
		table: "payment_batch", events: eventsBut("withholding_batch"), key: "batch_id", first: "",
		began: `e.to_state <> 'ready' or e.at <> o.created_at or not exists (select from run_event r
			where r.area = o.area and r.run_id = o.run_id and r.to_state = 'frozen' and r.at = e.at and r.actor = e.actor)`,
		evidence: `e.from_state in ('sending', 'unknown') and coalesce(e.evidence ->> 'because', '') = ''`,
		decided: `case
	when e.version = 1 then e.evidence <> '{}'
	when e.evidence ->> 'because' is null then true
	when e.from_state = 'withdrawn' then not ` + revived(`e.evidence ->> 'because'`) + `
	when e.to_state = 'sending' then not exists (select from run_event r where r.area = o.area and r.run_id = o.run_id
	     and r.to_state = 'released' and r.at = e.at and r.actor = e.actor) or e.evidence ->> 'because' <> 'released'
	when e.evidence ->> 'because' like 'acknowledged %' then e.actor not in ('bank:' || o.bank, 'bank:') or exists (
	     select from answer w where w.area = o.area and w.batch_id = o.id and w.answered_at = e.at)
	when e.evidence ->> 'because' like 'answers in receipt %' then ` + saidByNobody + `
	     or e.to_state <> 'acked' or not exists (
	     select from answer w where w.area = o.area and w.batch_id = o.id and w.answered_at = e.at
	        and e.evidence ->> 'because' = 'answers in receipt ' || w.receipt_id)
	when e.to_state = 'acked' then true
	` + deliveredEvidence + `
	when e.to_state = 'unknown' then e.actor <> 'job' or not exists (
	     select from bank_query q where q.area = o.area and q.batch_id = o.id and q.asked_at = e.at
	     having e.evidence ->> 'because' = count(*) || ' payments without an answer on ' || min(q.asked_on)
	        and min(q.asked_on) = max(q.asked_on))
	when e.to_state = 'done' then ` + saidByNobody + `
	     or e.evidence ->> 'because' <> 'every payment has a final answer' or not exists (
	     select from answer w where w.area = o.area and w.batch_id = o.id and w.answered_at = e.at)
	when e.to_state = 'withdrawn' then not ` + heldDuty("e.actor", "o.area", "e.at",
			"(g.kind, d.duty) in (('agency_finance', 'releaser'), ('agency_business', 'maker'))") + `
	     or o.state = 'withdrawn' and (o.succeeded + o.failed > 0 or o.handed_over_on is not null)
	else e.actor not in ('bank:' || o.bank, 'bank:') end`,
	}
}

// eventsBut are the events of batches that a table does not know: both directions
// keep them in one table.
func eventsBut(table string) string {
	return `(select * from batch_event v where not exists (
		select from ` + table + ` x where x.area = v.area and x.id = v.batch_id))`
}

// heldDuty is SQL that says of an actor "officer:login" that the officer was of the
// area and held a duty at an instant; which is SQL over organisation g and grant d.
func heldDuty(actor, area, at, which string) string {
	return `exists (select from officer f
		join organisation g on g.id = f.organisation_id and g.area = ` + area + `
		join duty_grant d on d.login = f.login and d.granted_at <= ` + at + ` + ` + apart + `
		     and (d.revoked_at is null or d.revoked_at >= ` + at + ` - ` + apart + `)
		where ` + actor + ` = 'officer:' || f.login and ` + which + `)`
}

// runLife is a pay run's: frozen and withdrawn by whom and with what it says;
// approved, refused and released by the decision on its digest, at that instant;
// closed with the last of its batches.
func runLife() life {
	return life{
		table: "pay_run", events: "run_event", key: "run_id", first: "",
		began:    `e.to_state <> 'draft' or e.at <> o.made_at or e.actor <> 'officer:' || o.maker`,
		evidence: `false`,
		decided: `case e.to_state
	when 'draft' then e.evidence <> ''
	when 'frozen' then not exists (select from payment_batch b where b.area = o.area and b.run_id = o.id
	     having e.evidence = o.item_count || ' payments in ' || count(*) || ' batches')
	     or e.actor <> 'officer:' || o.maker and (o.predecessor is null or not exists (select from run_event p
	     where p.area = o.area and p.run_id = o.predecessor and p.to_state = 'withdrawn' and p.at = e.at and p.actor = e.actor))
	when 'withdrawn' then case when exists (select from release_hit h where h.area = o.area and h.run_id = o.id)
	     then not exists (select from release_hit h where h.area = o.area and h.run_id = o.id
	          having e.evidence = count(*) || ' payments were hit by a screen at the release' and min(h.found_at) = e.at
	             and max(h.found_at) = e.at)
	     else not ` + heldDuty("e.actor", "o.area", "e.at", "(g.kind, d.duty) = ('agency_business', 'maker')") + ` end
	when 'closed' then case when exists (select from run_event n where n.area = o.area and n.run_id = o.id
	     and n.version > e.version) then false else exists (select from payment_batch b where b.area = o.area and b.run_id = o.id
	     and b.state not in ('done', 'withdrawn')) or not exists (select from payment_batch b
	     join batch_event v on v.area = b.area and v.batch_id = b.id and v.to_state in ('done', 'withdrawn')
	     where b.area = o.area and b.run_id = o.id having max(v.at) <= e.at + ` + apart + `
	        and bool_or(v.at = e.at and v.actor = e.actor)) end
	     or e.evidence <> 'every batch has its last answer or was recalled'
	when 'released' then case when e.from_state = 'closed' then not ` + revived(`e.evidence`) + ` else ` + runDecided + ` end
	else ` + runDecided + ` end`,
	}
}

// runDecided is SQL over a run o and its event e that no decision on its digest
// stands behind.
const runDecided = `e.to_state = 'approved' and e.evidence <> 'approved digest' or not exists (select from approval a where a.area = o.area and a.subject = 'pay_run' and a.subject_id = o.id
	     and a.decided_at = e.at and a.digest = o.digest and e.actor = 'officer:' || a.login
	     and (a.decision, a.duty, a.reason) in (values
	          (case e.to_state when 'refused' then 'rejected' else 'approved' end,
	           case when e.to_state = 'approved' or e.from_state = 'frozen' then 'checker' else 'releaser' end,
	           case e.to_state when 'approved' then a.reason else e.evidence end)))`

// revived is SQL over a batch or run o and its event e that two people found a
// recall to have come too late; because is what the event says of it.
func revived(because string) string {
	return `exists (select from approval a join decision_request d on d.area = a.area and d.id = a.subject_id
		where a.area = o.area and a.subject = 'decision_request' and a.decision = 'approved' and a.decided_at = e.at
		  and d.kind = 'case' and d.word = 'executed' and e.actor = 'officer:' || d.maker
		  and d.document || case d.reason when '' then '' else ': ' || d.reason end = ` + because + `)`
}

func paymentSteps() []any {
	states := []bank.BatchState{
		bank.BatchReady, bank.BatchExported, bank.BatchSending, bank.BatchSent, bank.BatchAcked, bank.BatchDone,
		bank.BatchUnknown, bank.BatchWithdrawn,
	}
	return steps(states, [][2]string{{"", string(bank.BatchReady)}})
}

func runSteps() []any {
	states := []disbursement.State{
		disbursement.Draft, disbursement.Frozen, disbursement.Approved, disbursement.Released, disbursement.Closed,
		disbursement.Refused, disbursement.Withdrawn,
	}
	return steps(states, [][2]string{{"", string(disbursement.Draft)}})
}

func payBatchSumSQL() string {
	return `
	select b.area, b.id, b.area || '/' || b.id, case
	       when i.n is distinct from b.item_count or i.last is distinct from b.item_count
	            then 'has ' || coalesce(i.n, 0) || ' payments numbered up to ' || coalesce(i.last, 0) || ' and says '
	                || b.item_count
	       when i.people <> i.n then 'pays a person twice'
	       else 'has payments of ' || ` + yuan("i.amount") + ` || ' and says ' || ` + yuan("b.amount") + ` end
	  from payment_batch b
	  left join (select area, batch_id, count(*) as n, max(seq) as last, sum(amount) as amount,
	                    count(distinct member_id) as people from payment_item
	              where $1 = 0 or area = $1 group by 1, 2) i on i.area = b.area and i.batch_id = b.id
	 where ($1 = 0 or b.area = $1)
	   and (i.n, i.last, i.amount, i.people) is distinct from (b.item_count, b.item_count, b.amount, b.item_count)
	union all
	select r.area, r.id, r.area || '/run ' || r.id, 'says ' || r.item_count || ' payments of ' || ` + yuan("r.amount") + `
	       || '; its batches have ' || coalesce(b.n, 0) || ' of ' || ` + yuan("coalesce(b.amount, 0)") + `
	  from pay_run r
	  left join (select area, run_id, sum(item_count) as n, sum(amount) as amount from payment_batch
	              where $1 = 0 or area = $1 group by 1, 2) b on b.area = r.area and b.run_id = r.id
	 where ($1 = 0 or r.area = $1)
	   and (r.item_count, r.amount) is distinct from (coalesce(b.n, 0), coalesce(b.amount, 0))`
}

// A batch is made with its run's freeze, on an expenditure account of its bank; a
// run from its roster, and after the ones before it.
const payRunSQL = `
	select b.area, b.id, b.area || '/' || b.id, case
	       when r.id is null then 'belongs to run ' || b.run_id || ', which does not exist'
	       when f.id is null then 'is paid from fund account ' || b.fund_account
	           || ', which is no expenditure account of its bank'
	       when (r.scheme, r.month) is distinct from (b.scheme, b.month)
	            then 'differs from run ' || r.id || ' in scheme or month'
	       else 'was made on ' || b.created_on || ', which its run or its neighbours contradict' end
	  from payment_batch b
	  left join pay_run r on r.area = b.area and r.id = b.run_id
	  left join fund_account f on f.area = b.area and f.id = b.fund_account and f.scheme = b.scheme and f.bank = b.bank
	       and f.role = 'expenditure'
	 where ($1 = 0 or b.area = $1) and (f.id is null or (r.scheme, r.month) is distinct from (b.scheme, b.month)
	    or b.created_on not between r.business_day and coalesce(r.released_on, b.created_on)
	    or exists (select from payment_batch o where o.area = b.area and o.run_id = b.run_id
	                  and o.created_on <> b.created_on))
	union all
	select r.area, r.id, r.area || '/run ' || r.id, case
	       when s.id is null then 'rests on roster ' || r.roster_id || ', which does not exist'
	       when (s.scheme, s.month, s.kind) is distinct from (r.scheme, r.month, r.kind)
	            then 'differs from roster ' || s.id || ' in scheme, month or kind'
	       when s.made_at <> r.made_at or s.business_day <> r.business_day
	            then 'was made at another time than roster ' || s.id
	       when r.ordinal <> r.n then 'is the month''s number ' || r.ordinal || ' of its kind and stands as number ' || r.n
	       when (r.digest is null) <> (r.frozen is null) then 'has a digest and was never frozen, or the other way round'
	       when r.released_on is not null and (r.released_on < r.business_day
	            or (r.released_on > r.handover_due) <> (r.late_reason <> ''))
	            then 'was released on ' || r.released_on || ', with the reason "' || r.late_reason || '" for being late'
	       else 'follows run ' || r.predecessor || ', which no screen hit' end
	  from (select p.*, row_number() over (partition by p.area, p.scheme, p.month, p.kind order by p.ordinal) as n,
	               (select max(e.version) from run_event e where e.area = p.area and e.run_id = p.id and e.to_state = 'frozen')
	               as frozen from pay_run p where $1 = 0 or p.area = $1) r
	  left join roster s on s.area = r.area and s.id = r.roster_id
	 where s.id is null or (s.scheme, s.month, s.kind) is distinct from (r.scheme, r.month, r.kind)
	    or s.made_at <> r.made_at or s.business_day <> r.business_day or r.ordinal <> r.n
	    or (r.digest is null) <> (r.frozen is null)
	    or (r.released_on is not null and (r.released_on < r.business_day
	        or (r.released_on > r.handover_due) <> (r.late_reason <> '')))
	    or (r.predecessor is not null and not exists (select from release_hit h
	        where h.area = r.area and h.run_id = r.predecessor))`

// A roster counts its lines, and a frozen run pays those that are not held, each as
// it stands there and nobody else.
func rosterSQL() string {
	const sum = `(base_pension + account_pension + funeral_grant + one_off)`
	return `
	select r.area, r.id, r.area || '/' || r.id, 'says ' || r.entitled || ' entitled and ' || r.held || ' held; its lines are '
	       || coalesce(l.n, 0) || ' up to number ' || coalesce(l.last, 0) || ' and ' || coalesce(l.held, 0) || ', or their sums differ'
	  from roster r
	  left join (select area, roster_id, count(*) as n, max(seq) as last, sum` + sum + ` as amount,
	                    count(*) filter (where held <> '') as held,
	                    coalesce(sum` + sum + ` filter (where held <> ''), 0) as held_amount
	               from roster_line where $1 = 0 or area = $1 group by 1, 2) l on l.area = r.area and l.roster_id = r.id
	 where ($1 = 0 or r.area = $1) and (coalesce(l.n, 0), coalesce(l.last, 0), coalesce(l.amount, 0), coalesce(l.held, 0),
	       coalesce(l.held_amount, 0)) is distinct from (r.entitled, r.entitled, r.entitled_amount, r.held, r.held_amount)
	union all
	select r.area, r.id, r.area || '/' || r.id, 'is of ' || r.scheme || ' and ' || r.month || ', and lists member '
	       || l.member_id || ' of ' || coalesce(m.scheme, 'nowhere') || ' for ' || l.month || ' on instrument '
	       || coalesce(l.instrument_id::text, 'none')
	  from roster r
	  join roster_line l on l.area = r.area and l.roster_id = r.id
	  left join member m on m.area = l.area and m.id = l.member_id
	  left join instrument n on n.area = l.area and n.id = l.instrument_id
	 where ($1 = 0 or r.area = $1) and (m.scheme is distinct from r.scheme
	    or n.member_id is distinct from case when l.instrument_id is not null then l.member_id end
	    or (l.instrument_id is null and l.held = '')
	    or case r.kind when 'reissue' then l.replaces is null or l.month > r.month
	                   else l.replaces is not null or case l.cause when 'regular' then l.month <> r.month
	                       else l.month > r.month end end)
	union all
	select coalesce(l.area, i.area), coalesce(l.roster_id, i.roster_id), coalesce(l.area, i.area) || '/'
	       || coalesce(l.roster_id, i.roster_id), case
	       when l.area is null then 'does not list member ' || i.member_id || ' as payable for ' || i.month
	            || ', whom payment ' || i.id || ' pays'
	       when i.area is null then 'lists member ' || l.member_id || ' as payable for ' || l.month || ', and no payment pays'
	       else 'lists member ' || l.member_id || ' with another amount, account or payment before than payment ' || i.id end
	  from (select l.* from roster_line l
	          join pay_run r on r.area = l.area and r.roster_id = l.roster_id and r.digest is not null
	         where ($1 = 0 or l.area = $1) and l.held = '') l
	  full join (select i.*, r.roster_id from payment_item i
	               join payment_batch b on b.area = i.area and b.id = i.batch_id
	               join pay_run r on r.area = b.area and r.id = b.run_id
	              where $1 = 0 or i.area = $1) i
	    on i.area = l.area and i.roster_id = l.roster_id and i.member_id = l.member_id and i.month = l.month
	       and i.cause = l.cause
	 where (l.base_pension, l.account_pension, l.funeral_grant, l.one_off, l.instrument_id, l.replaces) is distinct from
	       (i.base_pension, i.account_pension, i.funeral_grant, i.one_off, i.instrument_id, i.replaces)
	    or l.area is null or i.area is null`
}

// What a line of a roster pays, month by month and component by component, was
// decided: nearly all by the decision that holds today, the rest by one that held
// when the roster was made. What dues of the month had before is not listed again. What is
// paid again was decided when it was paid first. A base pension that a child stops is its own line, or
// was decided with the end of the stop.
const entitledLineSQL = `
	with newest as materialized (
		select e.area, e.member_id, e.component, e.from_month, e.amount,
		       lead(e.from_month) over w as until, row_number() over (partition by e.area, e.member_id, e.component,
		           e.from_month order by e.id desc) as n
		  from entitlement e where $1 = 0 or e.area = $1
		window w as (partition by e.area, e.member_id, e.component order by e.from_month, e.id)),
	line as (
		select l.area, l.roster_id, l.member_id, l.month, r.made_at, u.component, u.amount
		  from roster_line l
		  join roster r on r.area = l.area and r.id = l.roster_id
		 cross join lateral (values ('base_pension', l.base_pension), ('account_pension', l.account_pension),
		       ('funeral_grant', l.funeral_grant), ('one_off', l.one_off)) as u (component, amount)
		 where ($1 = 0 or l.area = $1) and l.replaces is null and (l.cause = 'regular'
		    or l.cause = 'child_linked' and u.component = 'base_pension')),
	other as (
		select l.* from line l
		  left join newest n on n.area = l.area and n.member_id = l.member_id and n.component = l.component
		       and n.from_month <= l.month and (n.until is null or n.until > l.month) and n.n = 1
		 where coalesce(n.amount, 0) <> l.amount
		   and not (l.component = 'base_pension' and l.amount = 0 and (exists (select from roster_line c where c.area = l.area
		          and c.roster_id = l.roster_id and c.member_id = l.member_id and c.month = l.month and c.cause = 'child_linked')
		       or exists (select from resumption_month k join payment_hold h on h.area = k.area and h.id = k.hold_id
		              and h.reason = 'child_unpaid'
		            where k.area = l.area and k.member_id = l.member_id and k.month = l.month))))
	select l.area, l.roster_id, l.area || '/' || l.roster_id, 'lists ' || l.amount || ' fen of ' || l.component
	       || ' for member ' || l.member_id || ' and ' || l.month || ', which nobody decided'
	  from (select o.area, o.roster_id, o.member_id, o.month, o.made_at, o.component, o.amount + coalesce((
	               select sum(n.entitled - n.was) from benefit_due d
	                 join benefit_due_month n on n.area = d.area and n.due_id = d.id
	                where d.area = o.area and d.member_id = o.member_id and d.entered_at <= o.made_at
	                  and n.month = o.month and n.component = o.component and (not exists (select from benefit_due_ended x
	                      where x.area = d.area and x.due_id = d.id and x.entered_at <= o.made_at) or ` + monthSettled + `)), 0) as amount
	          from other o) l
	 where not exists (
	       select from entitlement e where e.area = l.area and e.member_id = l.member_id and e.component = l.component
	          and e.from_month <= l.month and e.amount = l.amount and e.entered_at <= l.made_at + ` + apart + `
	          and not exists (select from entitlement x where x.area = e.area and x.member_id = e.member_id
	                and x.component = e.component and x.from_month <= l.month
	                and (x.from_month, x.id) > (e.from_month, e.id) and x.entered_at < l.made_at - ` + apart + `))
	   and (l.amount > 0 or exists (select from entitlement e where e.area = l.area and e.member_id = l.member_id
	          and e.component = l.component and e.from_month <= l.month and e.entered_at < l.made_at - ` + apart + `))`

// heldReasons are the reasons that stand in rows of payment_hold, as SQL.
const heldReasons = `('certification_overdue', 'other_pension', 'child_unpaid', 'duplicate_identity', 'shared_account', 'amount_review',
	'court', 'investigation', 'manual')`

// known is SQL that says of a death notice d or a hold h that it stood at an instant,
// as far as instants of different machines can tell; maybe is on the safe side of that.
func known(at string) (deaths, holds, maybeDeaths, maybeHolds string) {
	deaths = `(d.entered_at < ` + at + ` - ` + apart + ` and not exists (select from death_withdrawn w
		where w.area = d.area and w.notice_id = d.id and w.entered_at < ` + at + ` + ` + apart + `))`
	holds = `(h.opened_at < ` + at + ` - ` + apart + ` and not exists (select from hold_release q
		join approval a on a.area = q.area and a.subject = 'hold_release' and a.subject_id = q.id
		where q.area = h.area and q.hold_id = h.id and q.state = 'approved' and a.decided_at < ` + at + ` + ` + apart + `))`
	maybeDeaths = `(d.entered_at < ` + at + ` + ` + apart + ` and not exists (select from death_withdrawn w
		where w.area = d.area and w.notice_id = d.id and w.entered_at < ` + at + ` - ` + apart + `))`
	maybeHolds = `(h.opened_at < ` + at + ` + ` + apart + ` and not exists (select from hold_release q
		join approval a on a.area = q.area and a.subject = 'hold_release' and a.subject_id = q.id
		where q.area = h.area and q.hold_id = h.id and q.state = 'approved' and a.decided_at < ` + at + ` - ` + apart + `))`
	return deaths, holds, maybeDeaths, maybeHolds
}

// sentenced is SQL that says of a sentence s that it stood at an instant, as far as instants of different machines can
// tell; maybeSentenced is on the safe side of that.
func sentenced(at string) string { return sentenceStood(at, "-", "+") }

func maybeSentenced(at string) string { return sentenceStood(at, "+", "-") }

func sentenceStood(at, approved, replaced string) string {
	return `(exists (select from sentence_approved g where g.area = s.area and g.sentence_id = s.id
		and g.approved_at < ` + at + ` ` + approved + ` ` + apart + `)
		and not exists (select from sentence_approved g where g.area = s.area and g.replaces = s.id
		and g.approved_at < ` + at + ` ` + replaced + ` ` + apart + `))`
}

// before and after are SQL that says of a hold h that it stops the line or payment, by the rules as
// they were known just before an instant, or just after it.
func before(line, at string) string { return actedOn(line, at+` - `+apart) }

func after(line, at string) string { return actedOn(line, at+` + `+apart) }

func actedOn(line, known string) string {
	return strings.NewReplacer(` c.`, ` `+line+`.`, `'infinity'`, known).Replace(holdActs)
}

// Who is held on a roster is held by a fact that stood when it was made, and who is
// payable by none; and each fact is about a member.
func heldLineSQL() string {
	deaths, holds, maybeDeaths, maybeHolds := known("r.made_at")
	return `
	with line as (
		select l.area, l.roster_id, l.member_id, l.month, l.instrument_id, l.replaces, l.held, l.cause, l.base_pension, r.made_at
		  from roster_line l join roster r on r.area = l.area and r.id = l.roster_id
		 where $1 = 0 or l.area = $1)
	select r.area, r.roster_id, r.area || '/' || r.roster_id, 'holds member ' || r.member_id || ' for ' || r.held
	       || ' in ' || r.month || ', and nothing said so'
	  from line r
	 where r.held <> '' and not case
	       when r.held = 'deceased' then exists (select from death_notice d where d.area = r.area
	            and d.member_id = r.member_id and d.died_on < r.month and ` + maybeDeaths + `)
	       when r.held = 'sentenced' then r.cause` + byMonth + ` and exists (select from sentence s where s.area = r.area
	            and s.member_id = r.member_id and ` + sentenceMonths + ` @> r.month and ` + maybeSentenced("r.made_at") + `)
	       when r.held in ` + heldReasons + ` then exists (select from payment_hold h where h.area = r.area
	            and h.member_id = r.member_id and h.reason = r.held and h.from_month <= r.month and ` + maybeHolds + `
	            and (` + before("r", "r.made_at") + ` or ` + after("r", "r.made_at") + `))
	       when r.held = 'no_account' then r.instrument_id is null
	       when r.held = 'account_not_corrected' then r.replaces is not null
	       when r.held = 'possible_double_credit' then r.replaces is not null or exists (select from payment_item i
	            join payment_batch b on b.area = i.area and b.id = i.batch_id
	            where i.area = r.area and i.member_id = r.member_id and i.month = r.month and b.state = 'withdrawn')
	       else r.held in ('account_changed', 'name_not_encodable', 'above_entitlement') end
	union all
	select r.area, r.roster_id, r.area || '/' || r.roster_id, 'lists member ' || r.member_id || ' as payable for '
	       || r.month || ', who died on ' || d.died_on || ' as was told before'
	  from line r
	  join death_notice d on d.area = r.area and d.member_id = r.member_id and d.died_on < r.month and ` + deaths + `
	 where r.held = '' and not ` + heirsItem("r") + `
	union all
	select r.area, r.roster_id, r.area || '/' || r.roster_id, 'lists member ' || r.member_id || ' as payable for '
	       || r.month || ', who was sentenced on ' || s.began_on || ' as was told before'
	  from line r
	  join sentence s on s.area = r.area and s.member_id = r.member_id and ` + sentenceMonths + ` @> r.month
	   and ` + sentenced("r.made_at") + `
	 where r.held = '' and r.cause` + byMonth + `
	union all
	select r.area, r.roster_id, r.area || '/' || r.roster_id, 'lists member ' || r.member_id || ' as payable for '
	       || r.month || ', who is held for ' || h.reason || ' from ' || h.from_month
	  from line r
	  join payment_hold h on h.area = r.area and h.member_id = r.member_id and h.from_month <= r.month and ` + holds + `
	 where r.held = '' and (not ` + heirsItem("r") + ` or h.reason in ` + heldOfHeirs + `)
	   and ` + before("r", "r.made_at") + ` and ` + after("r", "r.made_at") + `
	union all
	select q.area, q.id, q.area || '/' || q.what || ' ' || q.id, 'is about nobody and nothing that is there'
	  from (select area, id, 'death_notice' as what, member_id from death_notice
	        union all select area, id, 'payment_hold', member_id from payment_hold
	        union all select area, id, 'entitlement', member_id from entitlement
	        union all select w.area, w.notice_id, 'death_withdrawn', (select d.member_id from death_notice d
	                          where d.area = w.area and d.id = w.notice_id and d.entered_at <= w.entered_at + ` + apart + `)
	                    from death_withdrawn w) q
	 where ($1 = 0 or q.area = $1)
	   and not exists (select from member m where m.area = q.area and m.id = q.member_id)`
}

// Nobody is paid for a month after the one of a death, or while a hold stands, of
// which the agency knew at the release. What came while the release ran is its
// neighbour's.
func screenedSQL() string {
	deaths, holds, maybeDeaths, maybeHolds := known("r.at")
	return `
	with released as (
		select b.area, b.id, e.at from payment_batch b
		  join run_event e on e.area = b.area and e.run_id = b.run_id and e.to_state = 'released'
		 where $1 = 0 or b.area = $1)
	select i.area, i.id, i.area || '/' || i.id, 'pays ' || i.month || ' to member ' || i.member_id || ', who died on '
	       || d.died_on || ' as was told before the release'
	  from death_notice d
	  join payment_item i on i.area = d.area and i.member_id = d.member_id and i.month > d.died_on
	   and not ` + heirsItem("i") + `
	  join released r on r.area = i.area and r.id = i.batch_id and ` + deaths + `
	 where $1 = 0 or d.area = $1
	union all
	select i.area, i.id, i.area || '/' || i.id, 'pays ' || i.month || ' to member ' || i.member_id
	       || ', who was sentenced on ' || s.began_on || ' as was told before the release'
	  from sentence s
	  join payment_item i on i.area = s.area and i.member_id = s.member_id and ` + sentenceMonths + ` @> i.month
	   and i.cause` + byMonth + `
	  join released r on r.area = i.area and r.id = i.batch_id and ` + sentenced("r.at") + `
	 where $1 = 0 or s.area = $1
	union all
	select i.area, i.id, i.area || '/' || i.id, 'pays ' || i.month || ' to member ' || i.member_id || ', who is held for '
	       || h.reason || ' from ' || h.from_month
	  from payment_hold h
	  join payment_item i on i.area = h.area and i.member_id = h.member_id and i.month >= h.from_month
	   and (not ` + heirsItem("i") + ` or h.reason in ` + heldOfHeirs + `)
	  join released r on r.area = i.area and r.id = i.batch_id and ` + holds + `
	 where ($1 = 0 or h.area = $1) and ` + before("i", "r.at") + ` and ` + after("i", "r.at") + `
	union all
	select r.area, r.run_id, r.area || '/run ' || r.run_id, 'was hit for ' || r.reason || ' at payment ' || r.item_id
	       || case when i.id is null then ', which is not of it and this member' when p.state <> 'withdrawn'
	               then ', and is ' || p.state else ', and nothing said so' end
	  from (select *, found_at as at from release_hit where $1 = 0 or area = $1) r
	  left join pay_run p on p.area = r.area and p.id = r.run_id
	  left join (select i.*, b.run_id from payment_item i join payment_batch b on b.area = i.area and b.id = i.batch_id) i
	       on i.area = r.area and i.id = r.item_id and i.member_id = r.member_id and i.run_id = r.run_id
	 where i.id is null or p.state <> 'withdrawn' or not case
	       when r.reason = 'deceased' then exists (select from death_notice d where d.area = r.area
	            and d.member_id = r.member_id and d.died_on < i.month and ` + maybeDeaths + `)
	       when r.reason = 'sentenced' then i.cause` + byMonth + ` and exists (select from sentence s where s.area = r.area
	            and s.member_id = r.member_id and ` + sentenceMonths + ` @> i.month and ` + maybeSentenced("r.at") + `)
	       when r.reason in ` + heldReasons + ` then exists (select from payment_hold h where h.area = r.area
	            and h.member_id = r.member_id and h.reason = r.reason and h.from_month <= i.month and ` + maybeHolds + `
	            and (` + before("i", "r.at") + ` or ` + after("i", "r.at") + `))
	       else r.reason in ('no_account', 'account_changed', 'account_not_corrected', 'possible_double_credit',
	            'name_not_encodable', 'above_entitlement') end`
}

// A payment goes to the account that its member was paid to, by that account's bank
// where it pays the scheme, and as the registry knows the person.
const payeeSQL = `
	select i.area, i.id, i.area || '/' || i.id, case
	       when b.id is null then 'is in batch ' || i.batch_id || ', which does not exist'
	       when m.id is null or m.scheme <> b.scheme then 'is for a member who is not in the batch''s scheme'
	       when n.id is null or n.member_id <> i.member_id or n.account_no <> i.account_no
	            then 'goes to another account than instrument ' || i.instrument_id || ' of its member'
	       when coalesce(n.bank_no, k.bank_no) is distinct from b.clearing_bank then 'is in a batch for another clearing bank'
	       when n.bank <> b.bank then 'is paid by ' || b.bank || ', and ' || n.bank || ' pays the scheme itself'
	       when i.month > b.month then 'pays ' || i.month || ' in a run of ' || b.month
	       else 'names another person than the registry does' end
	  from payment_item i
	  left join payment_batch b on b.area = i.area and b.id = i.batch_id
	  left join member m on m.area = i.area and m.id = i.member_id
	  left join instrument n on n.area = i.area and n.id = i.instrument_id
	  left join bank k on k.area = n.area and k.bank = n.bank
	 where ($1 = 0 or i.area = $1) and (b.id is null or m.id is null or m.scheme <> b.scheme
	    or n.id is null or n.member_id <> i.member_id or n.account_no <> i.account_no
	    or coalesce(n.bank_no, k.bank_no) is distinct from b.clearing_bank
	    or (n.bank <> b.bank and exists (select from fund_account f where f.area = b.area and f.scheme = b.scheme
	           and f.role = 'expenditure' and f.bank = n.bank and f.id < b.id))
	    or i.month > b.month or coalesce(n.holder_id_number, m.id_number) <> i.id_number or m.social_no <> i.social_no)`

// The counters of a payment batch are what its answers and returns give again.
func payCounterSQL() string {
	return `
	with facts as (
		select i.area, i.batch_id, count(*) filter (where w.outcome = 'succeeded') as succeeded,
		       count(*) filter (where w.outcome = 'failed') as failed,
		       coalesce(sum(i.amount) filter (where w.outcome = 'succeeded'), 0) as succeeded_amount,
		       coalesce(sum(i.amount) filter (where w.outcome = 'failed'), 0) as failed_amount, max(w.id) as last
		  from answer w join payment_item i on i.area = w.area and i.id = w.item_id
		 where ($1 = 0 or w.area = $1) and w.disposition = 'recorded' group by 1, 2),
	back as (
		select v.area, v.batch_id, count(*) as n, sum(v.amount) as amount
		  from payment_return v join payment_return_booked k on k.area = v.area and k.return_id = v.id
		 where $1 = 0 or v.area = $1 group by 1, 2)
	select b.area, b.id, b.area || '/' || b.id, case
	       when (b.succeeded, b.failed) is distinct from (coalesce(f.succeeded, 0), coalesce(f.failed, 0))
	            then 'counts ' || b.succeeded || ' successes and ' || b.failed || ' failures; its answers are '
	                 || coalesce(f.succeeded, 0) || ' and ' || coalesce(f.failed, 0)
	       when (b.succeeded_amount, b.failed_amount) is distinct from
	            (coalesce(f.succeeded_amount, 0), coalesce(f.failed_amount, 0))
	            then 'counts successes of ' || ` + yuan("b.succeeded_amount") + ` || ' and failures of '
	                 || ` + yuan("b.failed_amount") + ` || '; its answers sum to '
	                 || ` + yuan("coalesce(f.succeeded_amount, 0)") + ` || ' and '
	                 || ` + yuan("coalesce(f.failed_amount, 0)") + `
	       when (b.returned, b.returned_amount) is distinct from (coalesce(k.n, 0), coalesce(k.amount, 0))
	            then 'counts ' || b.returned || ' returns of ' || ` + yuan("b.returned_amount") + ` || '; they are '
	                 || coalesce(k.n, 0) || ' of ' || ` + yuan("coalesce(k.amount, 0)") + `
	       when b.last_answer <> coalesce(f.last, 0) or b.posted_upto <> coalesce(f.last, 0)
	            then 'counts answer ' || b.last_answer || ' as its last and is booked up to ' || b.posted_upto || '; it is '
	                 || coalesce(f.last, 0)
	       else 'is ' || b.state || ' with ' || b.item_count - b.succeeded - b.failed || ' payments without a final answer' end
	  from payment_batch b
	  left join facts f on f.area = b.area and f.batch_id = b.id
	  left join back k on k.area = b.area and k.batch_id = b.id
	 where ($1 = 0 or b.area = $1) and ((b.succeeded, b.failed, b.succeeded_amount, b.failed_amount, b.returned,
	       b.returned_amount, b.last_answer, b.posted_upto) is distinct from (coalesce(f.succeeded, 0),
	       coalesce(f.failed, 0), coalesce(f.succeeded_amount, 0), coalesce(f.failed_amount, 0), coalesce(k.n, 0),
	       coalesce(k.amount, 0), coalesce(f.last, 0), coalesce(f.last, 0))
	    or (b.state = 'done') <> (b.succeeded + b.failed = b.item_count))`
}

// checkPayDigests computes the digests of every payment batch again, of its items
// and, where a writer is given, of its file; and of every frozen run, over its
// batches. A batch whose fund account is gone was named before.
func checkPayDigests(ctx context.Context, v *verifier, p probe, found *proof.Finding) error {
	rows, err := v.t.Query(ctx, `
		select `+runColumns+` from pay_run r where ($1 = 0 or r.area = $1) and r.digest is not null order by r.area, r.id`,
		int32(v.area))
	if err != nil {
		return err
	}
	runs, err := pgx.CollectRows(rows, scanRun)
	if err != nil {
		return err
	}
	breach := func(area party.Area, row, text string) {
		found.Add(proof.Breach{Area: area, Table: p.table, Row: fmt.Sprintf("%s/%s", area, row), Text: text})
	}
	for _, r := range runs {
		rows, err := v.t.Query(ctx, `
			select `+payBatchColumns()+` from payment_batch b where b.area = $1 and b.run_id = $2 and exists (
			       select from fund_account f where f.area = b.area and f.id = b.fund_account) order by b.id`, r.Area, r.ID)
		if err != nil {
			return err
		}
		batches, err := pgx.CollectRows(rows, scanPayBatch)
		if err != nil {
			return err
		}
		if disbursement.RunDigest(r, batches) != r.Digest {
			breach(r.Area, fmt.Sprint("run ", r.ID), "its batches no longer give the digest that it was frozen with")
		}
		for _, b := range batches {
			text, err := v.payBatchDiffers(ctx, b)
			if err != nil {
				return fmt.Errorf("payment batch %d: %w", b.ID, err)
			}
			if text != "" {
				breach(b.Area, fmt.Sprint(b.ID), text)
			}
		}
	}
	return nil
}

func (v *verifier) payBatchDiffers(ctx context.Context, b disbursement.Batch) (string, error) {
	digest := disbursement.NewItemDigest(b)
	read := func(yield func(disbursement.Item) error) error {
		rows, err := v.t.Query(ctx, `
			select `+payItemColumns+` from payment_item i where i.area = $1 and i.batch_id = $2 order by i.seq`, b.Area, b.ID)
		if err != nil {
			return err
		}
		var r payItemRow
		_, err = pgx.ForEachRow(rows, r.targets(), func() error {
			digest.Add(r.value())
			return yield(r.value())
		})
		return err
	}
	const otherItems = "its payments no longer give the digest that they were frozen with"
	if v.files == nil {
		err := read(func(disbursement.Item) error { return nil })
		if err == nil && digest.Sum() != b.Digest {
			return otherItems, nil
		}
		return "", err
	}
	rows, err := v.t.Query(ctx, payPartnerSQL, b.Area, string(b.Scheme), b.Bank)
	if err != nil {
		return "", err
	}
	partners, err := pgx.CollectRows(rows, scanPayPartner)
	if err != nil {
		return "", err
	}
	if len(partners) == 0 {
		return "is for a bank that has no expenditure account in its area and scheme", nil
	}
	// A bank's format may not be able to carry a row that was changed behind our back.
	file := &measured{Hash: sha256.New(), size: 0}
	writing := v.files.WritePayment(file, partners[0], b, read)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	switch {
	case writing != nil:
		return "cannot be written as a file any more", nil //nolint:nilerr // a breach, which is no error
	case digest.Sum() != b.Digest:
		return otherItems, nil
	case [sha256.Size]byte(file.Sum(nil)) != b.FileDigest:
		return "its file, written again, has another digest", nil
	case file.size != b.FileSize:
		return fmt.Sprintf("its file, written again, has %d bytes and not %d", file.size, b.FileSize), nil
	case v.files.PaymentFileName(partners[0], b) != b.FileName:
		return "its file is named otherwise", nil
	}
	return "", nil
}

// checkPayDays finds every run's pay day and hand-over again, by the State Council's
// days and the area's rules of the day on which the run was made, as they were known
// then. A successor has those of the run that was withdrawn.
func checkPayDays(ctx context.Context, v *verifier, p probe, found *proof.Finding) error {
	days, err := calendar.Official()
	if err != nil {
		return err
	}
	rows, err := v.t.Query(ctx, `select `+runColumns+` from pay_run r where $1 = 0 or r.area = $1 order by r.area, r.id`,
		int32(v.area))
	if err != nil {
		return err
	}
	runs, err := pgx.CollectRows(rows, scanRun)
	if err != nil {
		return err
	}
	rules, byID := map[party.Area]*policy.Rules{}, map[int64]disbursement.Run{}
	for _, r := range runs {
		rules[r.Area], byID[r.ID] = nil, r
	}
	for _, area := range slices.Sorted(maps.Keys(rules)) {
		if rules[area], err = v.t.Rules(ctx, area); err != nil {
			return err
		}
	}
	earlier, err := v.rulesOfEarlierRuns(ctx)
	if err != nil {
		return err
	}
	for _, r := range runs {
		payDay, due := byID[r.Predecessor].PayDay, byID[r.Predecessor].HandoverDue
		if r.Predecessor == 0 {
			payDay, due, err = payDayOf(r, days, cmp.Or(earlier[r.ID], rules[r.Area]).At(r.MadeOn))
		}
		if err == nil && payDay == r.PayDay && due == r.HandoverDue {
			continue
		}
		text := fmt.Sprintf("has pay day %s and hand-over %s; calendar and rules give %s and %s", r.PayDay, r.HandoverDue,
			payDay, due)
		if err != nil {
			text = "its pay day cannot be found again: " + err.Error()
		}
		found.Add(proof.Breach{Area: r.Area, Table: p.table, Row: fmt.Sprintf("%s/run %d", r.Area, r.ID), Text: text})
	}
	return nil
}

// rulesOfEarlierRuns are the rules as they were known to the runs that were made before one
// of their days was superseded.
func (v *verifier) rulesOfEarlierRuns(ctx context.Context) (map[int64]*policy.Rules, error) {
	rows, err := v.t.Query(ctx, `
		select r.area, r.id, r.made_at from pay_run r
		where ($1 = 0 or r.area = $1) and exists (
			select from area_rule_round n
			where n.area = r.area and n.rule in ('pay_day', 'handover_days') and n.approved_at > r.made_at)
		order by r.area, r.id`, int32(v.area))
	if err != nil {
		return nil, err
	}
	type made struct {
		area party.Area
		id   int64
		at   time.Time
	}
	runs, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (m made, err error) {
		err = row.Scan(&m.area, &m.id, &m.at)
		return m, err
	})
	if err != nil {
		return nil, err
	}
	rules := make(map[int64]*policy.Rules, len(runs))
	for _, m := range runs {
		if rules[m.id], err = v.t.rulesKnown(ctx, m.area, m.at); err != nil {
			return nil, err
		}
	}
	return rules, nil
}

func payDayOf(
	r disbursement.Run, days *calendar.WorkingDays, rules policy.View,
) (payDay, due calendar.Day, err error) {
	var decided disbursement.Rules
	if decided.PayDay, err = rules.PayDay(); err == nil {
		decided.HandoverDays, err = rules.HandoverDays()
	}
	if err != nil {
		return payDay, due, err
	}
	order := disbursement.Order{Scheme: r.Scheme, Month: r.Month, Kind: r.Kind}
	return order.PayDay(days, decided, r.MadeOn)
}

package postgres

// A run rests on a checker before it is approved and on a releaser, too, before it is
// released: three people with its maker, each of the office that may.
const threePeopleSQL = `
	select r.area, r.id, r.area || '/run ' || r.id, case
	       when r.state in ('approved', 'released', 'closed') and a.checkers is distinct from 1
	            then 'is ' || r.state || ' and no checker approved it'
	       when r.state in ('released', 'closed') and a.releasers is distinct from 1
	            then 'is ' || r.state || ' and no releaser released it'
	       when r.state in ('released', 'closed') and a.people <> 2
	            then 'is ' || r.state || ' by fewer than three people'
	       else 'was decided in an office that may not' end
	  from pay_run r
	  left join (select a.area, a.subject_id, count(*) filter (where a.duty = 'checker' and a.decision = 'approved') as checkers,
	                    count(*) filter (where a.duty = 'releaser' and a.decision = 'approved') as releasers,
	                    count(distinct a.person_id) filter (where a.person_id <> a.maker_person) as people,
	                    bool_and(g.kind = 'agency_finance' or (g.kind = 'agency_business' and a.duty = 'checker')) as offices
	               from approval a
	               left join officer o on o.login = a.login left join organisation g on g.id = o.organisation_id
	              where a.subject = 'pay_run' group by 1, 2) a on a.area = r.area and a.subject_id = r.id
	 where ($1 = 0 or r.area = $1) and (
	       (r.state in ('approved', 'released', 'closed') and a.checkers is distinct from 1)
	    or (r.state in ('released', 'closed') and (a.releasers is distinct from 1 or a.people <> 2)) or not a.offices)
	union all
	select a.area, a.subject_id, a.area || '/' || a.subject || ' ' || a.subject_id,
	       'was decided by ' || a.login || ', and the business office alone decides it'
	  from approval a
	  left join officer o on o.login = a.login left join organisation g on g.id = o.organisation_id
	 where ($1 = 0 or a.area = $1) and (a.subject in ('hold_release', 'instrument_change') or exists (
	       select from decision_request q where q.area = a.area and q.id = a.decision_request
	          and q.kind in ('return', 'notice', 'opening_accounts', 'policies', 'contribution_list', 'interest_run',
	              'subsidy_list', 'award_run', 'due_run', 'due_end', 'due')))
	   and (g.kind is distinct from 'agency_business' or a.duty <> 'checker')
	union all
	select a.area, a.subject_id, a.area || '/' || a.subject || ' ' || a.subject_id,
	       'was decided by ' || a.login || ', and the finance office alone decides it'
	  from approval a
	  join decision_request q on q.area = a.area and q.id = a.decision_request and q.kind in ('opening_balance', 'match_rules', 'refund',
	      'refund_return', 'hand_payment')
	  left join officer o on o.login = a.login left join organisation g on g.id = o.organisation_id
	 where ($1 = 0 or a.area = $1) and (g.kind is distinct from 'agency_finance' or a.duty <> 'checker')`

// decidedTables are those of the facts that two people have to decide.
func decidedTables() []string {
	return []string{
		"return_unclaimed", "hand_payment", "death_withdrawn", "opening_balance", "personal_opening", "match_rules_approved",
		"contribution_list_approved", "refund_paid", "refund_returned", "interest_run_approved", "award_run_approved", "recovery_planned",
		"subsidy_run_approved", "recovery_received", "estate_granted", "due_list_approved", "due_end_approved",
		"member_transfer_posted", "member_transfer_returned", "member_end", "member_departed", "member_returned",
	}
}

// What two people have to decide stands as it was asked for, and was written with the
// approval of another person than the maker's.
const decidedSQL = `
	select e.area, e.subject, e.area || '/' || e.tab || ' ' || e.subject, case
	       when q.id is null then 'rests on decision ' || e.decision || ', which decides something else'
	       when a.area is null then 'rests on decision ' || q.id || ', which nobody approved'
	       when a.person_id = q.maker_person then 'rests on decision ' || q.id || ', which its maker approved'
	       when a.decided_at <> e.at then 'was entered at ' || e.at || ', and decision ' || q.id || ' was approved at '
	            || a.decided_at
	       else 'was entered by ' || e.by || ' for ' || coalesce(e.document, 'a list') || ', and decision ' || q.id
	            || ' was asked for by ' || q.maker || ' for ' || q.document end
	  from (select area, return_id as subject, 'return_unclaimed' as tab, decision_kind as kind, decision_id as decision,
	               document, entered_by as by, entered_at as at from return_unclaimed
	        union all select area, item_id, 'hand_payment', decision_kind, decision_id, document, entered_by, entered_at
	                    from hand_payment
	        union all select area, notice_id, 'death_withdrawn', decision_kind, decision_id, document,
	                         'officer:' || entered_by, entered_at from death_withdrawn
	        union all select area, fund_account, 'opening_balance', decision_kind, decision_id, statement_number,
	                         'officer:' || entered_by, entered_at from opening_balance
	        union all select distinct area, list_id, 'personal_opening', decision_kind, decision_id, null,
	                         'officer:' || entered_by, entered_at from personal_opening
	        union all select p.area, p.rules_id, 'match_rules_approved', p.decision_kind, p.decision_id, null,
	                         'officer:' || k.asked_by, p.approved_at
	                    from match_rules_approved p join match_rules k on k.area = p.area and k.id = p.rules_id
	        union all select p.area, p.list_id, 'contribution_list_approved', p.decision_kind, p.decision_id, p.document,
	                         'officer:' || k.asked_by, p.approved_at
	                    from contribution_list_approved p join contribution_list k on k.area = p.area and k.id = p.list_id
	        union all select p.area, p.refund_id, 'refund_paid', p.decision_kind, p.decision_id, null,
	                         'officer:' || d.maker, p.paid_at
	                    from refund_paid p join decision_request d on d.area = p.area and d.id = p.decision_id
	        union all select p.area, p.refund_id, 'refund_returned', p.decision_kind, p.decision_id, null, null, p.approved_at
	                    from refund_returned p
	        union all select p.area, p.run_id, 'interest_run_approved', p.decision_kind, p.decision_id, k.rate_document,
	                         'officer:' || k.asked_by, p.approved_at
	                    from interest_run_approved p join interest_run k on k.area = p.area and k.id = p.run_id
	        union all select p.area, p.run_id, 'award_run_approved', p.decision_kind, p.decision_id, null, r.made_by,
	                         p.approved_at
	                    from award_run_approved p join award_run r on r.area = p.area and r.id = p.run_id
	        union all select p.area, p.plan_id, 'recovery_planned', p.decision_kind, p.decision_id, k.document,
	                         'officer:' || k.made_by, p.approved_at
	                    from recovery_planned p join recovery_plan k on k.area = p.area and k.id = p.plan_id
	        union all select p.area, p.receipt_id, 'recovery_received', p.decision_kind, p.decision_id, k.document,
	                         'officer:' || k.made_by, p.approved_at
	                    from recovery_received p join recovery_receipt k on k.area = p.area and k.id = p.receipt_id
	        union all select p.area, p.claim_id, 'estate_granted', p.decision_kind, p.decision_id, k.document,
	                         'officer:' || k.made_by, p.approved_at
	                    from estate_granted p join estate_claim k on k.area = p.area and k.id = p.claim_id
	        union all select p.area, p.transfer_id, 'member_transfer_posted', p.decision_kind, p.decision_id, null,
	                         null, p.approved_at from member_transfer_posted p
	        union all select p.area, p.transfer_id, 'member_transfer_returned', p.decision_kind, p.decision_id, null,
	                         null, p.approved_at from member_transfer_returned p
	        union all select p.area, p.departure_id, 'member_departed', p.decision_kind, p.decision_id, d.document,
	                         'officer:' || d.made_by, p.approved_at
	                    from member_departed p join member_departure d on d.area = p.area and d.id = p.departure_id
	        union all select p.area, p.source_id, 'member_end', p.decision_kind, p.decision_id, null,
	                         null, p.approved_at from member_end p
	        union all select p.area, p.source_id, 'member_returned', p.decision_kind, p.decision_id, k.document,
	                         'officer:' || k.made_by, p.approved_at
	                    from member_returned p left join member_return k on k.area = p.area and k.id = p.source_id
	        union all select p.area, p.list_id, 'due_list_approved', p.decision_kind, p.decision_id, k.document,
	                         'officer:' || k.asked_by, p.approved_at
	                    from due_list_approved p join due_list k on k.area = p.area and k.id = p.list_id
	        union all select p.area, p.due_id, 'due_end_approved', p.decision_kind, p.decision_id, x.document, x.entered_by,
	                         p.approved_at
	                    from due_end_approved p join benefit_due_ended x on x.area = p.area and x.due_id = p.due_id
	        union all select p.area, p.run_id, 'subsidy_run_approved', p.decision_kind, p.decision_id, k.document,
	                         null, p.approved_at
	                    from subsidy_run_approved p join subsidy_run k on k.area = p.area and k.id = p.run_id) e
	  left join decision_request q on q.area = e.area and q.id = e.decision and q.kind = e.kind and q.subject_id = e.subject
	  left join approval a on a.area = q.area and a.subject = 'decision_request' and a.subject_id = q.id
	       and a.duty = 'checker' and a.decision = 'approved'
	 where ($1 = 0 or e.area = $1) and (q.id is null or a.area is null or a.person_id = q.maker_person
	    or a.decided_at <> e.at or e.document <> q.document or e.by <> 'officer:' || q.maker)`

// officeOf is SQL that says of office g that it may ask for q.
const officeOf = `(g.kind = q.office or (q.office = 'agency' and g.kind in ('agency_business', 'agency_finance')))`

// Who asked had the duty in the office that asks, then.
const askerSQL = `
	select q.area, q.id, q.area || '/' || q.what || ' ' || q.id, case
	       when o.login is null or o.person_id <> q.person then 'was made by login ' || q.login
	            || ', which is not that person''s'
	       when g.area <> q.area or not ` + officeOf + ` then 'was made in office ' || g.kind || ' of area ' || g.area
	       else 'was made by ' || q.login || ', who was no maker then' end
	  from (select area, id, 'run' as what, maker as login, maker_person as person, made_at as at,
	               'agency_business' as office from pay_run
	        union all select area, id, 'hold_release', maker, maker_person, made_at, 'agency_business' from hold_release
	        union all select area, id, 'instrument_change', maker, maker_person, made_at, 'agency_business'
	                    from instrument_change
	        union all select area, id, 'decision_request', maker, maker_person, made_at,
	                         case when kind in ('return', 'notice', 'opening_accounts', 'due', 'due_run', 'due_end', 'award_run', 'policies',
	                              'contribution_list', 'interest_run', 'subsidy_list')
	                              then 'agency_business'
	                              when kind in ('opening_balance', 'match_rules', 'refund', 'refund_return', 'hand_payment')
	                              then 'agency_finance' else 'agency' end
	                    from decision_request
	        union all select r.area, r.id, 'funding_request', r.requested_by, o.person_id, r.requested_at,
	                         'agency_finance' from funding_request r left join officer o on o.login = r.requested_by) q
	  left join officer o on o.login = q.login
	  left join organisation g on g.id = o.organisation_id
	 where ($1 = 0 or q.area = $1) and (o.login is null or o.person_id is distinct from q.person or g.area <> q.area
	    or not ` + officeOf + ` or not exists (select from duty_grant d where d.login = q.login and d.duty = 'maker'
	          and d.granted_at <= q.at + ` + apart + ` and (d.revoked_at is null or d.revoked_at >= q.at - ` + apart + `)))
	union all
	select r.area, r.id, r.area || '/roster ' || r.id, 'was made by ' || r.made_by || ' at ' || r.made_at
	       || ', who was no maker of agency business and released no run then'
	  from roster r
	 where ($1 = 0 or r.area = $1)
	   and not exists (select from officer o
	         join organisation g on g.id = o.organisation_id and g.area = r.area and g.kind = 'agency_business'
	         join duty_grant d on d.login = o.login and d.duty = 'maker'
	              and d.granted_at <= r.made_at + ` + apart + `
	              and (d.revoked_at is null or d.revoked_at >= r.made_at - ` + apart + `)
	        where r.made_by = 'officer:' || o.login)
	   and not exists (select from pay_run p
	         join run_event e on e.area = p.area and e.run_id = p.predecessor and e.to_state = 'withdrawn'
	        where p.area = r.area and p.roster_id = r.id and e.at = r.made_at and e.actor = r.made_by)`

// What was decided is what stands: the digest that was shown is the subject's.
const approvedDigestSQL = `
	select a.area, a.subject_id, a.area || '/' || a.subject || ' ' || a.subject_id,
	       'was decided with another digest than it has'
	  from approval a
	  join (select 'pay_run' as subject, area, id, digest from pay_run
	        union all select 'hold_release', area, id, digest from hold_release
	        union all select 'instrument_change', area, id, digest from instrument_change
	        union all select 'decision_request', area, id, digest from decision_request) s
	    on s.subject = a.subject and s.area = a.area and s.id = a.subject_id
	 where ($1 = 0 or a.area = $1) and a.digest is distinct from s.digest`

// Nothing is with a bank but by a release, and a release sends every batch of its run.
const sentSQL = `
	select b.area, b.id, b.area || '/' || b.id, case
	       when r.state is null or r.state not in ('released', 'closed')
	            then 'is ' || b.state || ', and its run is ' || coalesce(r.state, 'not there')
	       else 'is ' || b.state || ', and its run was released on ' || r.released_on end
	  from payment_batch b
	  left join pay_run r on r.area = b.area and r.id = b.run_id
	 where ($1 = 0 or b.area = $1) and (b.state in ('ready', 'exported')) =
	       coalesce(r.state in ('released', 'closed'), false)`

// field is SQL for one field of the digest of a request.
func field(name, value string) string {
	return `'` + name + ` ' || octet_length(` + value + `) || ':' || ` + value + ` || E'\n'`
}

// The digests of requests are struck again here, from the rows that they cover. A
// request is decided once, by whoever decided it.
func releaseDigestSQL() string {
	return `
	select q.area, q.id, q.area || '/' || q.id, case
	       when h.id is null then 'asks for the end of hold ' || q.hold_id || ', which does not exist'
	       when q.made_at < h.opened_at - ` + apart + ` then 'was asked for before the hold was opened'
	       when q.version <> case q.state when 'submitted' then 1 else 2 end
	            or (q.state in ('approved', 'rejected')) <> (a.area is not null)
	            then 'is ' || q.state || ' in version ' || q.version || ', and ' || coalesce(a.decision, 'nobody decided it')
	       else 'no longer has the digest that it was submitted with' end
	  from hold_release q
	  left join payment_hold h on h.area = q.area and h.id = q.hold_id
	  left join approval a on a.area = q.area and a.subject = 'hold_release' and a.subject_id = q.id
	 where ($1 = 0 or q.area = $1) and (h.id is null or q.made_at < h.opened_at - ` + apart + `
	    or q.version <> case q.state when 'submitted' then 1 else 2 end
	    or (q.state in ('approved', 'rejected')) <> (a.area is not null)
	    or q.digest <> sha256(convert_to('twoline hold release 1' || E'\n' || ` +
		field("area", "lpad(q.area::text, 6, '0')") + ` || ` + field("hold", "h.id::text") + ` || ` +
		field("member", "h.member_id::text") + ` || ` + field("reason", "h.reason") + ` || ` +
		field("from_month", "to_char(h.from_month, 'YYYY-MM')") + ` || ` + field("text", "h.text") + ` || ` +
		field("document", "q.document") + `, 'UTF8')))`
}

// An approved change opened the account that was approved, and ended the old one on
// that day.
func changeSQL() string {
	return `
	select q.area, q.id, q.area || '/' || q.id, case
	       when i.id is null or i.member_id <> q.member_id
	            then 'changes instrument ' || q.instrument_id || ', which member ' || q.member_id || ' does not have'
	       when q.version <> case q.state when 'submitted' then 1 else 2 end
	            or (q.state in ('approved', 'rejected')) <> (a.area is not null)
	            then 'is ' || q.state || ' in version ' || q.version || ', and ' || coalesce(a.decision, 'nobody decided it')
	       when q.state = 'approved' and n.id is null then 'opened instrument ' || q.successor_id || ', which does not exist'
	       when q.state = 'approved' and (n.member_id, n.bank, n.kind, n.account_no, n.bank_no) is distinct from
	            (q.member_id, q.bank, q.kind, q.account_no, q.bank_no)
	            then 'opened instrument ' || n.id || ' with another account than was approved'
	       when q.state = 'approved' and i.ended_on is distinct from n.opened_on
	            then 'opened instrument ' || n.id || ' on ' || n.opened_on || ', and the old one ended on '
	                 || coalesce(i.ended_on::text, 'no day')
	       else 'no longer has the digest that it was submitted with' end
	  from instrument_change q
	  left join instrument i on i.area = q.area and i.id = q.instrument_id
	  left join instrument n on n.area = q.area and n.id = q.successor_id
	  left join approval a on a.area = q.area and a.subject = 'instrument_change' and a.subject_id = q.id
	 where ($1 = 0 or q.area = $1) and (i.id is null or i.member_id <> q.member_id
	    or q.version <> case q.state when 'submitted' then 1 else 2 end
	    or (q.state in ('approved', 'rejected')) <> (a.area is not null)
	    or (q.state = 'approved' and (n.id is null or i.ended_on is distinct from n.opened_on
	        or (n.member_id, n.bank, n.kind, n.account_no, n.bank_no) is distinct from
	           (q.member_id, q.bank, q.kind, q.account_no, q.bank_no)))
	    or q.digest <> sha256(convert_to('twoline instrument change 1' || E'\n' || ` +
		field("area", "lpad(q.area::text, 6, '0')") + ` || ` + field("instrument", "q.instrument_id::text") + ` || ` +
		field("member", "q.member_id::text") + ` || ` + field("bank", "q.bank") + ` || ` + field("kind", "q.kind") + ` || ` +
		field("account_no", "q.account_no") + ` || ` + field("bank_no", "coalesce(q.bank_no, '')") + ` || ` +
		field("activated", "case when q.activated then 'true' else 'false' end") + ` || ` +
		field("document", "q.document") + `, 'UTF8')))`
}

// An approved decision had its effect: the file that was accepted is not aside for
// what it was accepted for, evidence stands as a receipt, a settled case is closed by
// its maker, a return is given up, a notice is taken back, a balance or a list is
// entered, rules are in force.
func decisionSQL() string {
	return `
	select q.area, q.id, q.area || '/' || q.id, case
	       when q.version <> case q.state when 'submitted' then 1 else 2 end
	            or (q.state in ('approved', 'rejected')) <> (a.area is not null)
	            then 'is ' || q.state || ' in version ' || q.version || ', and ' || coalesce(a.decision, 'nobody decided it')
	       when q.digest <> e.struck then 'no longer has the digest that it was submitted with'
	       else 'was approved to decide ' || q.kind || ' ' || q.subject_id || ' as ' || q.word || ', and had no effect' end
	  from decision_request q
	  left join approval a on a.area = q.area and a.subject = 'decision_request' and a.subject_id = q.id
	 cross join lateral (select sha256(convert_to('twoline decision 1' || E'\n' || ` +
		field("area", "lpad(q.area::text, 6, '0')") + ` || ` + field("kind", "q.kind") + ` || ` +
		field("subject", "q.subject_id::text") + ` || ` + field("about", "q.about") + ` || ` + field("word", "q.word") +
		` || ` + field("document", "q.document") + ` || ` + field("reason", "q.reason") + ` || ` +
		field("bank_reference", "q.bank_reference") + ` || ` + field("value_date", "coalesce(q.value_date::text, '')") +
		` || ` + field("code", "q.code") + ` || ` + field("amount", "q.amount::text") + ` || ` +
		field("document_digest", "coalesce(encode(q.document_digest, 'hex'), '')") + `, 'UTF8')) as struck, case
	       when q.kind = 'item' then exists (select from receipt r where r.area = q.area and r.name = 'evidence:' || q.id
	            and r.kind in ` + evidenceKinds + `)
	       when q.kind = 'case' then exists (select from exception_closed x where x.area = q.area
	            and x.case_id = q.subject_id and x.closed_by = 'officer:' || q.maker and x.closed_at = a.decided_at)
	       when q.kind = 'return' then exists (select from return_unclaimed u where u.area = q.area
	            and u.return_id = q.subject_id and u.decision_id = q.id)
	       when q.kind = 'hand_payment' then exists (select from hand_payment h where h.area = q.area
	            and h.item_id = q.subject_id and h.decision_id = q.id and h.bank_reference = q.bank_reference
	            and h.paid_on = q.value_date)
	       when q.kind = 'notice' then exists (select from death_withdrawn w where w.area = q.area
	            and w.notice_id = q.subject_id and w.decision_id = q.id)
	       when q.kind = 'opening_balance' then exists (select from opening_balance o where o.area = q.area
	            and o.fund_account = q.subject_id and o.decision_id = q.id)
	       when q.kind = 'opening_accounts' then exists (select from personal_opening o where o.area = q.area
	            and o.list_id = q.subject_id and o.decision_id = q.id)
	       when q.kind = 'policies' then exists (select from area_rule r where r.area = q.area
	            and r.list_id = q.subject_id and r.decision_id = q.id) or exists (select from area_rule_round r
	            where r.area = q.area and r.list_id = q.subject_id and r.decision_id = q.id)
	       when q.kind = 'contribution_list' then exists (select from contribution_list_approved o where o.area = q.area
	            and o.list_id = q.subject_id and o.decision_id = q.id)
	       when q.kind = 'refund' then exists (select from refund_paid o where o.area = q.area
	            and o.refund_id = q.subject_id and o.decision_id = q.id)
	       when q.kind = 'refund_return' then exists (select from refund_returned o where o.area = q.area
	            and o.refund_id = q.subject_id and o.decision_id = q.id)
	       when q.kind = 'interest_run' then exists (select from interest_run_approved p where p.area = q.area
	            and p.run_id = q.subject_id and p.decision_id = q.id)
	       when q.kind = 'match_rules' then exists (select from match_rules_approved p where p.area = q.area
	            and p.rules_id = q.subject_id and p.decision_id = q.id)
	       when q.kind = 'award_run' then exists (select from award_run_approved p where p.area = q.area
	            and p.run_id = q.subject_id and p.decision_id = q.id)
	       when q.kind = 'recovery' then exists (select from recovery_planned r where r.area = q.area
	            and r.plan_id = q.subject_id and r.decision_id = q.id) or exists (select from recovery_received r
	            where r.area = q.area and r.receipt_id = q.subject_id and r.decision_id = q.id)
	            or exists (select from sentence_approved r
	            where r.area = q.area and r.sentence_id = q.subject_id and r.decision_id = q.id)
	       when q.kind = 'due_end' then exists (select from due_end_approved p where p.area = q.area
	            and p.due_id = q.subject_id and p.decision_id = q.id)
	       when q.kind = 'due_run' then exists (select from due_list_approved p where p.area = q.area
	            and p.list_id = q.subject_id and p.decision_id = q.id)
	       when q.kind = 'transfer' then exists (select from member_transfer_posted p where p.area = q.area
	            and p.transfer_id = q.subject_id and p.decision_id = q.id) or exists (select from member_transfer_returned p
	            where p.area = q.area and p.transfer_id = q.subject_id and p.decision_id = q.id)
	            or exists (select from member_departed p
	            where p.area = q.area and p.departure_id = q.subject_id and p.decision_id = q.id)
	            or exists (select from member_returned p
	            where p.area = q.area and p.source_id = q.subject_id and p.decision_id = q.id)
	       when q.kind = 'due' then exists (select from estate_granted g where g.area = q.area
	            and g.claim_id = q.subject_id and g.decision_id = q.id)
	       when q.kind = 'subsidy_list' then exists (select from subsidy_run_approved p where p.area = q.area
	            and p.run_id = q.subject_id and p.decision_id = q.id)
	       when q.word = 'accept' then exists (select from receipt r where r.area = q.area and r.id = q.subject_id
	            and r.accepted >= q.id)
	       else exists (select from receipt r where r.area = q.area and r.id = q.subject_id) end as done) e
	 where ($1 = 0 or q.area = $1) and (q.version <> case q.state when 'submitted' then 1 else 2 end
	    or (q.state in ('approved', 'rejected')) <> (a.area is not null)
	    or (q.state = 'approved' and not e.done)
	    or q.digest <> e.struck)`
}

// What was entered at go-live is what was asked for: the balance as the decision says
// it, and every line of a list as it was when its decision was made.
func goLiveSQL() string {
	return `
	select o.area, o.fund_account, o.area || '/opening_balance ' || o.fund_account, 'of ' || ` + yuan("o.balance") + `
	       || ' on ' || o.day || ' was entered otherwise than decision ' || q.id || ' says'
	  from opening_balance o
	  join decision_request q on q.area = o.area and q.id = o.decision_id
	 where ($1 = 0 or o.area = $1) and (o.balance, o.day, o.statement_digest) is distinct from
	       (q.amount, q.value_date, q.document_digest)
	union all
	select q.area, q.id, q.area || '/' || q.id, 'was asked for with other lines than list ' || q.subject_id || ' has'
	  from decision_request q
	  left join (select k.area, k.list_id, ` + aboutList() + ` as about from personal_opening_asked k
	              where $1 = 0 or k.area = $1 group by 1, 2) l on l.area = q.area and l.list_id = q.subject_id
	 where ($1 = 0 or q.area = $1) and q.kind = 'opening_accounts' and q.about is distinct from l.about
	union all
	select k.area, k.list_id, k.area || '/list ' || k.list_id, 'has lines, and nobody asked for it'
	  from (select distinct area, list_id from personal_opening_asked) k
	 where ($1 = 0 or k.area = $1) and not exists (select from decision_request q
	       where q.area = k.area and q.kind = 'opening_accounts' and q.subject_id = k.list_id)
	union all
	select coalesce(k.area, o.area), coalesce(k.member_id, o.member_id), coalesce(k.area, o.area) || '/' || coalesce(k.member_id,
	       o.member_id), case when o.id is null then 'stands in list ' || k.list_id || ', which is approved, and was not entered'
	       when k.area is null then 'was entered for list ' || o.list_id || ', which does not have the member'
	       else 'was entered with other amounts than list ' || o.list_id || ' has' end
	  from (select k.* from personal_opening_asked k
	          join decision_request q on q.area = k.area and q.kind = 'opening_accounts' and q.subject_id = k.list_id
	               and q.state = 'approved'
	         where $1 = 0 or k.area = $1) k
	  full join (select * from personal_opening where $1 = 0 or area = $1) o on o.area = k.area and o.list_id = k.list_id
	       and o.member_id = k.member_id
	 where (k.individual, k.collective, k.subsidy, k.interest) is distinct from
	       (o.individual, o.collective, o.subsidy, o.interest)`
}

// An allocation that names a request goes to its account, and all of them together
// give no more than was asked for.
func fundingSQL() string {
	return `
	select r.area, r.id, r.area || '/request ' || r.id, case
	       when f.id is null then 'asks for money on fund account ' || r.account
	            || ', which is no expenditure account of the scheme'
	       when r.needed_by < r.business_day then 'was made on ' || r.business_day || ' for a day before'
	       else 'asks for ' || ` + yuan("r.amount") + ` || ' and was allocated ' || ` + yuan("t.amount") + ` end
	  from funding_request r
	  left join fund_account f on f.area = r.area and f.id = r.account and f.scheme = r.scheme and f.role = 'expenditure'
	  left join (select area, funding_request as id, sum(amount) as amount from fund_transfer
	              where ($1 = 0 or area = $1) and funding_request is not null and state = 'booked' group by 1, 2) t
	    on t.area = r.area and t.id = r.id
	 where ($1 = 0 or r.area = $1) and (f.id is null or r.needed_by < r.business_day or t.amount > r.amount)
	union all
	select t.area, t.id, t.area || '/' || t.id, case
	       when r.id is null then 'serves request ' || t.funding_request || ', which does not exist'
	       when t.made_at < r.requested_at - ` + apart + ` then 'was made before request ' || r.id || ', which it serves'
	       else 'of kind ' || t.kind || ' serves request ' || r.id || ' of another account' end
	  from fund_transfer t
	  left join funding_request r on r.area = t.area and r.id = t.funding_request
	 where ($1 = 0 or t.area = $1) and t.funding_request is not null and (r.id is null or t.kind <> 'allocation'
	    or t.to_account is distinct from r.account or t.made_at < r.requested_at - ` + apart + `)`
}

// Only answers with an effect are kept; that each has one, and that no effect is
// without one, is proved beside.
const refusedSQL = `
	select 0, 0, caller || ' ' || route || ' ' || key, 'keeps the answer ' || status || ', which refuses the request'
	  from idempotency where $1::integer is not null and status not between 200 and 299`

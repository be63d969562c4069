package postgres

// lifeChecks prove that what happened in members' lives was decided as it was done, and
// that nothing of it is paid twice.
func lifeChecks() []check {
	return []check{
		invariant("life", "a stop's months, a recovery and an heir's grant are what was decided, each once",
			probe{table: "certification", sql: certificationSQL},                                                    //nolint:exhaustruct // asked by SQL
			probe{table: "comparison_match", sql: comparisonSQL},                                                    //nolint:exhaustruct // asked by SQL
			probe{table: "resumption", looks: []string{"resumption", "resumption_month"}, sql: resumptionSQL},       //nolint:exhaustruct // asked by SQL
			probe{table: "recovery_case", looks: []string{"recovery_case", "recovery_line"}, sql: recoveryLinesSQL}, //nolint:exhaustruct // asked by SQL
			probe{table: "sentence", looks: []string{"sentence", "sentence_approved"}, sql: sentenceSQL},
			probe{table: "recovery_plan", looks: []string{"recovery_plan", "recovery_instalment", "recovery_planned"}, sql: recoveryPlanSQL()},                                                  //nolint:exhaustruct // asked by SQL
			probe{table: "decision_request", looks: []string{"recovery_planned", "recovery_received", "estate_granted"}, sql: lifeSubjectSQL},                                                   //nolint:exhaustruct // asked by SQL
			probe{table: "recovery_receipt", looks: []string{"recovery_receipt", "recovery_received"}, sql: recoveryReceiptSQL()},                                                               //nolint:exhaustruct // asked by SQL
			probe{table: "member_transfer", looks: []string{"member_transfer_step", "member_transfer_posted", "member_transfer_receipt", "member_transfer_returned"}, sql: memberTransferSQL()}, //nolint:exhaustruct // asked by SQL
			probe{table: "member_transfer_receipt", looks: []string{"member_transfer_receipt", "member_transfer_returned"}, sql: transferBackSQL()},
			probe{table: "member_returned", looks: []string{"member_return", "member_returned"}, sql: memberReturnedSQL},
			probe{table: "member_end", sql: memberEndSQL()},                                                              //nolint:exhaustruct // asked by SQL
			probe{table: "member_departed", looks: []string{"member_departure", "member_departed"}, sql: departureSQL()}, //nolint:exhaustruct // asked by SQL
			probe{table: "estate_claim", looks: []string{"estate_claim", "estate_granted"}, sql: estateSQL()},
			probe{table: "exception_case", looks: []string{"exception_case", "identity_look"}, sql: duplicateSQL}, //nolint:exhaustruct // asked by SQL
			probe{table: "death_notice", sql: deathOfBothSQL},
			probe{table: "payment_hold", sql: reviewedSQL},          //nolint:exhaustruct // asked by SQL
			probe{table: "estate_granted_item", sql: estateItemSQL}, //nolint:exhaustruct // asked by SQL
			probe{table: "recovery_recredit", sql: recreditSQL()},   //nolint:exhaustruct // asked by SQL
			probe{table: "estate_granted_due", sql: estateDueSQL},   //nolint:exhaustruct // asked by SQL
			probe{table: "estate_granted", looks: []string{"estate_granted", "estate_granted_ended"}, sql: livingSQL()},
		),
	}
}

// A proof of life is of a member who was born, not of a later day than it was entered, and
// a bank's is about its own customer.
const certificationSQL = `
	select c.area, c.id, c.area || '/certification ' || c.id, case
	       when m.id is null then 'is of member ' || c.member_id || ', whom the area does not have'
	       when c.certified_on > c.business_day then 'is of ' || c.certified_on || ', and was entered on ' || c.business_day
	       when to_char(c.certified_on, 'YYYYMMDD') < substr(m.id_number, 7, 8) then 'is of a day before the member was born'
	       else 'names bank ' || c.bank || ', where the member never had an account' end
	  from certification c left join member m on m.area = c.area and m.id = c.member_id
	 where ($1 = 0 or c.area = $1) and (m.id is null or c.certified_on > c.business_day
	    or to_char(c.certified_on, 'YYYYMMDD') < substr(m.id_number, 7, 8)
	    or (c.bank is not null and (c.document <> c.bank || ' ' || c.reference or not exists (select from instrument i
	       where i.area = c.area and i.member_id = c.member_id and i.bank = c.bank and i.holder_name is null))))`

// A death is told of both memberships of who draws the allowance of land-lost farmers beside a pension.
const deathOfBothSQL = `
	select n.area, n.id, n.area || '/notice ' || n.id, 'tells of the death of member ' || n.member_id
	       || ', and nothing does of member ' || o.other || ', who is the same person'
	  from ` + otherMembership + ` o
	  join death_notice n on n.area = o.area and n.member_id = o.member_id
	 where ($1 = 0 or n.area = $1)
	   and not exists (select from death_withdrawn w where w.area = n.area and w.notice_id = n.id)
	   and not exists (select from death_notice d where d.area = n.area and d.member_id = o.other
	       and d.died_on = n.died_on and d.source = n.source)`

// Who is registered twice is held for it, and the case is about two members who exist.
const duplicateSQL = `
	select c.area, c.id, c.area || '/' || c.id, 'says that ' || c.subject || ' is registered twice, and '
	       || case when m.id is null or o.id is null then 'there is no such member' else 'nobody held the payments' end
	  from exception_case c
	  left join member m on m.area = c.area and m.id::text = split_part(c.subject, ':', 2)
	  left join member o on o.area::text = split_part(c.subject, ':', 3) and o.id::text = split_part(c.subject, ':', 4)
	 where ($1 = 0 or c.area = $1) and c.kind = 'duplicate_identity' and (m.id is null or o.id is null
	    or not exists (select from payment_hold h where h.area = c.area and h.member_id = m.id
	       and h.reason = 'duplicate_identity'))
	union all
	select l.area, l.id, l.area || '/look ' || l.id, 'says that it went beyond the members and accounts that there are'
	  from identity_look l
	 where ($1 = 0 or l.area = $1)
	   and (l.members_through > (select max(k.through) from (
	           select coalesce((select max(m.id) from member m where m.area = a.area), 0) as through from area a) k)
	     or l.instruments_through > (select max(k.through) from (
	           select coalesce((select max(i.id) from instrument i where i.area = a.area), 0) as through from area a) k))`

// A strong match had its effect: the notice, or a hold for its reason.
const comparisonSQL = `
	select c.area, c.id, c.area || '/match ' || c.id, case
	       when m.id is null then 'is of member ' || c.member_id || ', whom the area does not have'
	       else 'is strong, and the member is not reported or held by ' || c.source end
	  from comparison_match c left join member m on m.area = c.area and m.id = c.member_id
	 where ($1 = 0 or c.area = $1) and (m.id is null or (c.strength = 'strong' and case
	       when c.list in ('cremations', 'police') then not exists (select from death_notice n where n.area = c.area
	           and n.member_id = c.member_id and n.died_on = c.happened_on and n.source = c.source)
	       else not exists (select from payment_hold h where h.area = c.area and h.member_id = c.member_id
	           and h.reason = case c.list when 'court' then 'court' else 'other_pension' end) end))`

// A stop that ended in a resumption was released by two people; its months lie from the
// hold's first one on, and their due is what they sum to, or there is none. No month of it
// is paid by a run beside.
const resumptionSQL = `
	with month as (
		select area, hold_id, count(*) as n, min(month) as first, max(month) as last from resumption_month
		 where $1 = 0 or area = $1 group by 1, 2),
	due as (
		select d.area, split_part(d.cause, ':', 2)::bigint as hold_id, d.id, d.member_id, d.base_pension + d.account_pension as amount,
		       coalesce((select sum(l.entitled - l.was) from benefit_due_month l where l.area = d.area and l.due_id = d.id), 0) as lines,
		       (select count(distinct l.month) from benefit_due_month l where l.area = d.area and l.due_id = d.id) as months
		  from benefit_due d where ($1 = 0 or d.area = $1) and d.cause like 'resumption:%')
	select coalesce(r.area, d.area), coalesce(r.hold_id, d.hold_id), coalesce(r.area, d.area) || '/resumption '
	       || coalesce(r.hold_id, d.hold_id), case
	       when r.area is null then 'has due ' || d.id || ', and the hold was not ended by it'
	       when h.id is null or h.member_id <> r.member_id then 'is of a hold of another member'
	       when x.id is null then 'is of a hold that nobody released'
	       when m.n is null or m.first < h.from_month or m.last > date_trunc('month', r.business_day)::date
	            then 'has no months, or months that the hold did not stop'
	       when r.back_pay = 'none' then 'pays nothing back, and has due ' || d.id
	       when d.id is null then 'pays back, and has no due'
	       else 'has a due of ' || d.amount || ' fen for ' || d.months || ' months, and its lines hold ' || d.lines end
	  from (select * from resumption where $1 = 0 or area = $1) r
	  full join due d on d.area = r.area and d.hold_id = r.hold_id
	  left join payment_hold h on h.area = r.area and h.id = r.hold_id
	  left join hold_release x on x.area = r.area and x.hold_id = r.hold_id and x.state = 'approved'
	  left join month m on m.area = r.area and m.hold_id = r.hold_id
	 where r.area is null or h.id is null or h.member_id <> r.member_id or x.id is null or m.n is null
	    or m.first < h.from_month or m.last > date_trunc('month', r.business_day)::date
	    or (r.back_pay = 'from_stop') <> (d.id is not null)
	    or (d.id is not null and (d.amount <> d.lines or d.months <> m.n or d.member_id <> r.member_id))
	union all
	select k.area, k.member_id, k.area || '/resumption ' || k.hold_id, 'decided about ' || to_char(k.month, 'YYYY-MM')
	       || ', which payment ' || i.id || ' paid beside'
	  from resumption_month k
	  join payment_item i on i.area = k.area and i.member_id = k.member_id and i.month = k.month and i.cause = 'regular'
	  join payment_batch b on b.area = i.area and b.id = i.batch_id
	  join pay_run r on r.area = b.area and r.id = b.run_id
	 where ($1 = 0 or k.area = $1) and not ` + deadItem + ` and (i.base_pension > 0 or not exists (
	       select from payment_hold h where h.area = k.area and h.id = k.hold_id and h.reason = 'child_unpaid'))
	union all
	select k.area, k.member_id, k.area || '/resumption ' || k.hold_id, 'has a month of member ' || k.member_id
	       || ', whom the hold did not stop'
	  from resumption_month k left join resumption r on r.area = k.area and r.hold_id = k.hold_id
	 where ($1 = 0 or k.area = $1) and r.member_id is distinct from k.member_id`

// A line of a recovery is what a payment to its member that succeeded had for a month: after
// a death that was reported, or of base pensions beside another pension that was told; without what of it
// is recovered because it was lowered. That is what approved lists say (duesSQL), and no more than the payment had.
const recoveryLinesSQL = `
	select l.area, l.item_id, l.area || '/recovery ' || l.case_id, case
	       when k.id is null then 'has lines, and does not exist'
	       when i.id is null or i.member_id <> k.member_id then 'has payment ' || l.item_id || ', which is not the member''s'
	       when (l.base_pension, l.account_pension) is distinct from (m.base, m.account)
	            then 'has payment ' || l.item_id || ' otherwise than it was paid'
	       when not ` + reached + ` then 'has payment ' || l.item_id || ', which did not succeed'
	       when k.reason = 'death' then 'has payment ' || l.item_id || ' for a month after no death that was reported'
	       when k.reason = 'emigration' then 'has payment ' || l.item_id || ' for a month after no departure that was approved'
	       when k.reason = 'sentence' then 'has payment ' || l.item_id || ' for a month of no sentence that was approved'
	       else 'has payment ' || l.item_id || ' for a month beside no other pension that was told' end
	  from recovery_line l
	  left join recovery_case k on k.area = l.area and k.id = l.case_id
	  left join payment_item i on i.area = l.area and i.id = l.item_id
	  left join lateral (select case k.reason when 'lowered' then least(l.base_pension, p.base - x.base) else p.base - x.base end as base,
	            case when k.reason = 'lowered' then least(l.account_pension, p.account - x.account)
	            when k.reason in ('death', 'sentence') then p.account - x.account else 0 end as account
	       from (` + monthsOfItem + `) p
	      cross join lateral (select coalesce(sum(o.base_pension), 0) as base, coalesce(sum(o.account_pension), 0) as account
	            from recovery_line o join recovery_case c on c.area = o.area and c.id = o.case_id and c.reason = 'lowered'
	           where o.area = l.area and o.item_id = l.item_id and o.month = l.month
	             and (o.found_at < l.found_at or o.found_at = l.found_at and o.case_id <> l.case_id)) x
	      where p.month = l.month) m on true
	 where ($1 = 0 or l.area = $1) and (k.id is null or i.id is null or i.member_id <> k.member_id
	    or (l.base_pension, l.account_pension) is distinct from (m.base, m.account)
	    or not ` + reached + `
	    or case k.reason when 'death' then not exists (select from death_notice n where n.area = l.area
	            and n.member_id = k.member_id and date_trunc('month', n.died_on) < l.month)
	       when 'emigration' then not exists (select from member_departed g
	            join member_departure d on d.area = g.area and d.id = g.departure_id
	            where g.area = l.area and g.member_id = k.member_id and date_trunc('month', d.left_on) < l.month)
	       when 'lowered' then false
	       when 'sentence' then not exists (select from sentence_approved g
	            join sentence s on s.area = g.area and s.id = g.sentence_id
	            where g.area = l.area and s.member_id = k.member_id and date_trunc('month', s.began_on) < l.month
	              and (s.ended_on is null or s.ended_on >= l.month))
	       else not exists (select from payment_hold h where h.area = l.area and h.member_id = k.member_id
	            and h.reason = 'other_pension' and (h.from_month <= l.month or exists (select from comparison_match c
	                where c.area = l.area and c.member_id = k.member_id and c.list = 'employee_pension'
	                  and c.strength = 'strong' and date_trunc('month', c.happened_on) <= l.month))) end)
	union all
	select k.area, k.id, k.area || '/recovery ' || k.id, 'has no lines'
	  from recovery_case k
	 where ($1 = 0 or k.area = $1) and not exists (select from recovery_line l where l.area = k.area and l.case_id = k.id)`

// A sentence was approved as it was asked for, and takes the place of one of the same member.
const sentenceSQL = `
	select g.area, g.sentence_id, g.area || '/sentence ' || g.sentence_id, case
	       when s.id is null then 'was approved, and does not exist'
	       when q.id is null then 'is in force, and no decision put it there'
	       when g.replaces is distinct from s.replaces then 'takes the place of another one than it was asked for'
	       when o.id is null then 'takes the place of sentence ' || s.replaces || ', which is not the member''s'
	       else 'rests on another document than its decision' end
	  from sentence_approved g
	  left join sentence s on s.area = g.area and s.id = g.sentence_id
	  left join decision_request q on q.area = g.area and q.id = g.decision_id and q.kind = 'recovery'
	       and q.subject_id = g.sentence_id and q.state = 'approved'
	  left join sentence o on o.area = s.area and o.id = s.replaces and o.member_id = s.member_id
	 where ($1 = 0 or g.area = $1) and (s.id is null or q.id is null or g.replaces is distinct from s.replaces
	    or (s.replaces is not null and o.id is null) or q.document <> s.document)`

// A plan asks in instalments what it says; one in force rests on its decision and is
// booked as it draws. No case is set off or paid in beyond what was paid after the death.
func recoveryPlanSQL() string {
	return `
	select p.area, p.id, p.area || '/plan ' || p.id, case
	       when k.id is null then 'is of recovery ' || p.case_id || ', which does not exist'
	       when i.sum <> p.asked then 'asks for ' || ` + yuan("p.asked") + ` || ' in instalments of ' || ` + yuan("i.sum") + `
	       when a.area is not null and q.id is null then 'is in force, and no decision put it there'
	       else 'draws the account otherwise than it is booked' end
	  from recovery_plan p
	  left join recovery_case k on k.area = p.area and k.id = p.case_id
	  left join recovery_planned a on a.area = p.area and a.plan_id = p.id
	  left join decision_request q on q.area = a.area and q.id = a.decision_id and q.kind = 'recovery' and q.subject_id = p.id
	       and q.state = 'approved' and a.case_id = p.case_id
	 cross join lateral (select coalesce(sum(amount), 0) as sum from recovery_instalment i
	       where i.area = p.area and i.plan_id = p.id) i
	 cross join lateral (select coalesce(sum(case when e.role = 'personal_individual' then e.amount end), 0) as individual,
	       coalesce(sum(case when e.role = 'personal_collective' then e.amount end), 0) as collective,
	       coalesce(sum(case when e.role = 'personal_subsidy' then e.amount end), 0) as subsidy,
	       coalesce(sum(case when e.role = 'personal_interest' then e.amount end), 0) as interest
	       from posting e where e.area = p.area and e.cause_id = p.id and e.kind = 'account_paid_out' and e.side = 'debit'
	           and not e.red and e.member_id = k.member_id) b
	 where ($1 = 0 or p.area = $1) and (k.id is null or i.sum <> p.asked or (a.area is not null and q.id is null)
	    or (b.individual, b.collective, b.subsidy, b.interest) is distinct from
	       (case when a.area is null then 0 else p.individual end, case when a.area is null then 0 else p.collective end,
	        case when a.area is null then 0 else p.subsidy end, case when a.area is null then 0 else p.interest end))
	union all
	select k.area, k.id, k.area || '/recovery ' || k.id, 'of ' || ` + yuan("l.sum") + ` || ' is settled by '
	       || ` + yuan("p.sum + x.sum") + `
	  from recovery_case k
	 cross join lateral (select coalesce(sum(base_pension + account_pension), 0) as sum from recovery_line l
	       where l.area = k.area and l.case_id = k.id) l
	 cross join lateral (select coalesce(sum(p.from_account + p.from_funeral), 0) as sum from recovery_planned a
	       join recovery_plan p on p.area = a.area and p.id = a.plan_id where a.area = k.area and a.case_id = k.id) p
	 cross join lateral (select coalesce(sum(x.amount), 0) as sum from recovery_received a
	       join recovery_receipt x on x.area = a.area and x.id = a.receipt_id where a.area = k.area and a.case_id = k.id) x
	 where ($1 = 0 or k.area = $1) and p.sum + x.sum > l.sum`
}

// What two people were asked to decide is there, and what stands as decided too.
const lifeSubjectSQL = `
	with subject as (
		select 'recovery' as kind, area, id from recovery_plan
		union all select 'recovery', area, id from recovery_receipt
		union all select 'recovery', area, id from sentence
		union all select 'due', area, id from estate_claim
		union all select 'transfer', area, id from member_transfer
		union all select 'transfer', area, id from member_departure
		union all select 'transfer', area, id from member_return),
	decided as (
		select 'recovery' as kind, area, plan_id as id from recovery_planned
		union all select 'recovery', area, receipt_id from recovery_received
		union all select 'recovery', area, sentence_id from sentence_approved
		union all select 'due', area, claim_id from estate_granted
		union all select kind, area, subject_id from decision_request where kind in ('recovery', 'due', 'transfer'))
	select d.area, d.id, d.area || '/' || d.kind || ' ' || d.id, 'was decided or waits for it, and is not there'
	  from decided d
	 where ($1 = 0 or d.area = $1) and not exists (select from subject s where s.kind = d.kind and s.area = d.area
	       and s.id = d.id)`

// Money of a recovery that two people let in is booked once: the benefit in red by
// component, and what the account holds again.
func recoveryReceiptSQL() string {
	return `
	select x.area, x.id, x.area || '/receipt ' || x.id, case
	       when k.id is null then 'is of recovery ' || x.case_id || ', which does not exist'
	       when a.area is not null and q.id is null then 'was let in, and no decision did'
	       else 'of ' || ` + yuan("x.amount") + ` || ' is booked otherwise than it was decided' end
	  from recovery_receipt x
	  left join recovery_case k on k.area = x.area and k.id = x.case_id
	  left join recovery_received a on a.area = x.area and a.receipt_id = x.id
	  left join decision_request q on q.area = a.area and q.id = a.decision_id and q.kind = 'recovery' and q.subject_id = x.id
	       and q.state = 'approved'
	 cross join lateral (select coalesce(sum(case when e.role = 'benefit_base_pension' then e.amount end), 0) as base,
	       coalesce(sum(case when e.role = 'benefit_account_pension' then e.amount end), 0) as account,
	       coalesce(sum(case when e.role like 'personal%' then e.amount end), 0) as restored
	       from posting e where e.area = x.area and e.cause_id = x.id and e.red and e.member_id = k.member_id
	           and e.kind = case x.way when 'channel' then 'recovery_by_channel' else 'recovery_settled' end) b
	 cross join lateral (select coalesce(sum(p.amount), 0) as money from entry e
	       join posting p on p.area = e.area and p.entry_id = e.id and p.side = 'debit' and p.fund_account = x.fund_account
	           and p.role in ` + bankRoles + `
	       where e.area = x.area and (e.effective_on = x.value_date
	         and e.cause = case x.way when 'channel' then 'recovery_channel:' else 'recovery_receipt:' end || x.id
	         or a.area is not null and x.way = 'otherwise' and exists (select from arrival v
	             join arrival_suspense s on s.area = v.area and s.arrival_id = v.id
	             where v.area = x.area and v.fund_account = x.fund_account and v.bank_reference = x.bank_reference
	               and v.direction = 'credit' and e.cause = 'arrival:' || v.id))) m
	 where ($1 = 0 or x.area = $1) and (k.id is null or (a.area is not null and q.id is null)
	    or (b.base, b.account, b.restored, m.money) is distinct from case when a.area is null then (0::numeric, 0::numeric, 0::numeric, 0::numeric)
	       else (x.base_pension::numeric, x.account_pension::numeric,
	             (x.individual + x.collective + x.subsidy + x.interest)::numeric, x.amount::numeric) end)`
}

// What heirs were granted rests on its decision, goes to the heir who claimed it, and is
// due as it was granted; the balance is no more than the account held without it.
func estateSQL() string {
	return `
	select c.area, c.id, c.area || '/claim ' || c.id, case
	       when g.area is not null and q.id is null then 'was granted, and no decision did'
	       when c.digest <> q.document_digest then 'is not the claim that was decided'
	       when i.id is null then 'goes to another account than the heir''s'
	       when not exists (select from death_notice n where n.area = c.area and n.member_id = c.member_id
	            and n.died_on = g.died_on) then 'is for a death that nobody reported'
	       when d.pension <> 0 then 'is due with ' || ` + yuan("d.pension") + ` || ' of a pension in it'
	       when (o.base, o.account) is distinct from (g.owed_base::numeric, g.owed_account::numeric) or o.theirs is false
	            then 'was granted ' || ` + yuan("g.owed_base") + ` || ' and ' || ` + yuan("g.owed_account") + ` || ' of months, and due are '
	                || ` + yuan("o.base") + ` || ' and ' || ` + yuan("o.account") + `
	       when not coalesce(c.reported_on, c.business_day) between g.died_on and c.business_day
	            then 'was asked for on ' || c.reported_on || ', and the death was on ' || g.died_on || ', the entry on '
	                || c.business_day
	       when k.base + k.account > 0 and not c.dues
	            then 'took up ' || ` + yuan("k.base") + ` || ' and ' || ` + yuan("k.account") + ` || ' of months unasked'
	       when (g.owed_base, true) is distinct from (k.base, g.owed_account <= k.account)
	            then 'was granted ' || ` + yuan("g.owed_base") + ` || ' and ' || ` + yuan("g.owed_account") + ` || ' of months, and took up '
	                || ` + yuan("k.base") + ` || ' and ' || ` + yuan("k.account") + `
	       else 'was granted ' || ` + yuan("g.funeral") + ` || ' and ' || ` + yuan("g.balance") + ` || ', and due are '
	            || ` + yuan("d.funeral") + ` || ' and ' || ` + yuan("d.balance") + ` end
	  from estate_claim c
	  left join estate_granted g on g.area = c.area and g.claim_id = c.id
	  left join decision_request q on q.area = c.area and q.kind = 'due' and q.subject_id = c.id
	       and (g.area is null or (q.id = g.decision_id and q.state = 'approved'))
	  left join instrument i on i.area = g.area and i.id = g.instrument_id
	       and (i.member_id, i.bank, i.account_no, i.holder_name, i.holder_id_number) is not distinct from
	           (c.member_id, c.bank, c.account_no, c.heir_name, c.heir_id_number)
	 cross join lateral (select coalesce(sum(d.funeral_grant), 0) as funeral, coalesce(sum(d.one_off), 0) as balance,
	       coalesce(sum(d.base_pension + d.account_pension), 0) as pension,
	       bool_and(d.instrument_id = g.instrument_id and d.member_id = c.member_id
	           and d.base_pension + d.account_pension = 0) as theirs
	       from benefit_due d where d.area = c.area and d.cause in ('funeral:' || c.id, 'estate:' || c.id)) d
	 cross join lateral (select coalesce(sum(d.base_pension), 0) as base, coalesce(sum(d.account_pension), 0) as account,
	       bool_and(d.instrument_id = g.instrument_id and d.member_id = c.member_id) as theirs
	       from benefit_due d where d.area = c.area and d.cause = 'arrears:' || c.id) o
	 cross join lateral (select coalesce(sum(x.base_pension), 0) as base, coalesce(sum(x.account_pension), 0) as account
	       from (select area, claim_id, base_pension, account_pension from estate_granted_due
	           union all select area, claim_id, base_pension, account_pension from estate_granted_item) x
	      where x.area = c.area and x.claim_id = c.id) k
	 where ($1 = 0 or c.area = $1) and (c.digest is distinct from q.document_digest or (g.area is not null and (q.id is null
	    or i.id is null or (d.funeral, d.balance) is distinct from (g.funeral::numeric, g.balance::numeric)
	    or d.theirs is false or o.theirs is false
	    or (o.base, o.account) is distinct from (g.owed_base::numeric, g.owed_account::numeric)
	    or not coalesce(c.reported_on, c.business_day) between g.died_on and c.business_day
	    or g.owed_base <> k.base or g.owed_account > k.account or (k.base + k.account > 0 and not c.dues)
	    or (g.funeral > 0 and not c.funeral) or (g.balance > 0 and not c.balance)
	    or not exists (select from death_notice n where n.area = c.area and n.member_id = c.member_id
	        and n.died_on = g.died_on)))
	    or (g.area is null and d.funeral + d.balance + o.base + o.account > 0))
	union all
	select g.area, g.claim_id, g.area || '/claim ' || g.claim_id, 'granted ' || ` + yuan("g.balance") + ` || ' of an account that held '
	       || ` + yuan("coalesce(h.held, 0)") + `
	  from estate_granted g
	 cross join lateral (select sum(case when (p.side = 'credit') <> p.red then p.amount else -p.amount end) as held
	       from posting p join entry e on e.area = p.area and e.id = p.entry_id
	      where p.area = g.area and p.member_id = g.member_id and p.role like 'personal%' and e.booked_at <= g.approved_at) h
	 where ($1 = 0 or g.area = $1) and g.balance > 0 and (g.held <> coalesce(h.held, 0) or g.balance > coalesce(h.held, 0))`
}

// A due of the dead that an heir was granted is of their months up to that of the death, has
// ended, and was paid to nobody by a run.
const estateDueSQL = `
	select x.area, x.due_id, x.area || '/due ' || x.due_id, case
	       when d.member_id is distinct from g.member_id or d.cause !~ '^(difference|resumption):'
	            then 'was granted by claim ' || x.claim_id || ', and is not of months of that member'
	       when (x.base_pension, x.account_pension) is distinct from (n.base::bigint, n.account::bigint)
	            then 'was granted by claim ' || x.claim_id || ' with another sum than its months up to the death'
	       when i.id is not null then 'was granted by claim ' || x.claim_id || ', and payment ' || i.id || ' paid it'
	       else 'was granted by claim ' || x.claim_id || ', and a run may pay it still' end
	  from estate_granted_due x
	  left join estate_granted g on g.area = x.area and g.claim_id = x.claim_id
	  left join benefit_due d on d.area = x.area and d.id = x.due_id
	 cross join lateral (select coalesce(sum(n.entitled - n.was) filter (where n.component = 'base_pension'), 0) as base,
	       coalesce(sum(n.entitled - n.was) filter (where n.component = 'account_pension'), 0) as account
	       from benefit_due_month n where n.area = x.area and n.due_id = x.due_id and n.month <= g.died_on) n
	  left join lateral (select i.id from payment_item i
	      where i.area = d.area and i.member_id = d.member_id and i.month = d.month and i.cause = d.cause and ` + reached + `
	        and not exists (select from payment_return v join return_unclaimed u on u.area = v.area and u.return_id = v.id
	            where v.area = i.area and v.item_id = i.id) limit 1) i on true
	 where ($1 = 0 or x.area = $1) and (d.member_id is distinct from g.member_id or d.cause !~ '^(difference|resumption):'
	    or (x.base_pension, x.account_pension) is distinct from (n.base::bigint, n.account::bigint) or i.id is not null
	    or not exists (select from benefit_due_ended e where e.area = x.area and e.due_id = x.due_id))`

// What a screen showed of a hold is what its text says, which two people end.
const reviewedSQL = `
	select h.area, h.id, h.area || '/hold ' || h.id, 'says "' || h.text || '", and its release covers something else'
	  from payment_hold h
	 where ($1 = 0 or h.area = $1) and h.opened_by = 'screen' and (
	       (h.reviewed_amount is not null and h.text not like round(h.reviewed_amount / 100.0, 2) || ', above %')
	    or (h.sharers is not null and h.text not like '%: members ' || array_to_string(h.sharers, ', ')))`

// A payment that an heir was granted is a regular one of the member of a month up to that of the
// death, as it was, and no attempt of it is paid or may be.
const estateItemSQL = `
	select x.area, x.item_id, x.area || '/payment ' || x.item_id, case
	       when i.member_id is distinct from g.member_id or i.cause <> 'regular' or i.month > g.died_on
	            then 'was granted by claim ' || x.claim_id || ', and is not of a month of that member up to the death'
	       when (x.base_pension, x.account_pension) is distinct from (i.base_pension, i.account_pension)
	            then 'was granted by claim ' || x.claim_id || ' with another sum than it had'
	       when o.claim_id is not null then 'was granted by claim ' || x.claim_id || ' and by claim ' || o.claim_id
	       else 'was granted by claim ' || x.claim_id || ', and payment ' || p.id || ' paid it or may' end
	  from (select * from estate_granted_item x where ($1 = 0 or x.area = $1) and ` + itemStands + `) x
	  left join lateral (select o.claim_id from estate_granted_item o where o.area = x.area and o.item_id = x.item_id
	       and o.claim_id < x.claim_id and not exists (select from estate_granted_ended e where e.area = o.area
	           and e.claim_id = o.claim_id) limit 1) o on true
	  left join estate_granted g on g.area = x.area and g.claim_id = x.claim_id
	  left join payment_item i on i.area = x.area and i.id = x.item_id
	  left join lateral (select j.id from payment_item j
	       join payment_batch b on b.area = j.area and b.id = j.batch_id
	       join pay_run r on r.area = b.area and r.id = b.run_id
	      where j.area = i.area and j.member_id = i.member_id and j.month = i.month and j.cause = i.cause and not ` + deadItem + `
	        and (not exists (select from answer a where a.area = j.area and a.item_id = j.id and a.disposition = 'recorded'
	            and a.outcome = 'failed') or exists (select from hand_payment h where h.area = j.area and h.item_id = j.id))
	        and not exists (select from payment_return v join payment_return_booked k on k.area = v.area and k.return_id = v.id
	            where v.area = j.area and v.item_id = j.id and not exists (select from hand_payment h where h.area = v.area and h.item_id = v.item_id))
	      limit 1) p on true
	 where i.member_id is distinct from g.member_id or i.cause <> 'regular' or i.month > g.died_on or o.claim_id is not null
	    or (x.base_pension, x.account_pension) is distinct from (i.base_pension, i.account_pension) or p.id is not null`

// What was set off and is taken back is booked as it says, and is no more than the plans drew and
// than payments that came back leave unowed.
func recreditSQL() string {
	return `
	select x.area, x.id, x.area || '/recredit ' || x.id, 'is booked otherwise than it says'
	  from recovery_recredit x join recovery_case k on k.area = x.area and k.id = x.case_id
	 cross join lateral (select coalesce(sum(case when e.role = 'personal_individual' then e.amount end), 0) as individual,
	       coalesce(sum(case when e.role = 'personal_collective' then e.amount end), 0) as collective,
	       coalesce(sum(case when e.role = 'personal_subsidy' then e.amount end), 0) as subsidy,
	       coalesce(sum(case when e.role = 'personal_interest' then e.amount end), 0) as interest
	       from posting e where e.area = x.area and e.cause_id = x.id and e.kind = 'recovery_settled' and e.side = 'debit'
	           and e.red and e.member_id = k.member_id) b
	 where ($1 = 0 or x.area = $1) and (b.individual, b.collective, b.subsidy, b.interest) is distinct from
	       (x.individual::numeric, x.collective::numeric, x.subsidy::numeric, x.interest::numeric)
	union all
	select k.area, k.id, k.area || '/recovery ' || k.id, 'drew ' || ` + yuan("p.now") + ` || ' of the account and took back '
	       || ` + yuan("x.sum") + ` || ', and ' || ` + yuan("l.owed") + ` || ' are owed'
	  from recovery_case k
	 cross join lateral (select coalesce(sum(individual + collective + subsidy + interest), 0) as sum
	       from recovery_recredit x where x.area = k.area and x.case_id = k.id) x
	 cross join lateral (select coalesce(sum(p.individual + p.collective + p.subsidy + p.interest), 0) as now,
	       coalesce(sum(p.from_account + p.from_funeral), 0) as sum
	       from recovery_planned a join recovery_plan p on p.area = a.area and p.id = a.plan_id
	      where a.area = k.area and a.case_id = k.id) p
	 cross join lateral (select coalesce(sum(l.base_pension + l.account_pension), 0) as owed
	       from recovery_line l where l.area = k.area and l.case_id = k.id and not exists (select from payment_return v
	           where v.area = l.area and v.item_id = l.item_id
	             and not exists (select from hand_payment h where h.area = v.area and h.item_id = v.item_id))) l
	 cross join lateral (select coalesce(sum(x.amount), 0) as sum from recovery_received a
	       join recovery_receipt x on x.area = a.area and x.id = a.receipt_id where a.area = k.area and a.case_id = k.id) r
	 where ($1 = 0 or k.area = $1) and x.sum > 0 and (x.sum > p.now or (x.sum > p.sum + r.sum - l.owed and not exists (
	       select from death_withdrawn w join death_notice n on n.area = w.area and n.id = w.notice_id
	        where n.area = k.area and n.member_id = k.member_id) and k.reason = 'death'))`
}

// What was granted to heirs stands while a death of the member does, each once; after it nothing
// of it is owed, and what was paid has its case.
func livingSQL() string {
	return `
	with g as materialized (
		select g.*, e.claim_id is not null as ended, e.notice_id, e.due_id, w.notice_id is not null or f.due_id is not null as taken, exists (
		       select from death_notice n where n.area = g.area and n.member_id = g.member_id and not exists (
		           select from death_withdrawn w where w.area = n.area and w.notice_id = n.id)) as dead
		  from estate_granted g
		  left join estate_granted_ended e on e.area = g.area and e.claim_id = g.claim_id
		  left join death_withdrawn w on w.area = e.area and w.notice_id = e.notice_id
		  left join due_end_approved f on f.area = e.area and f.due_id = e.due_id and exists (select from benefit_due d
		       where d.area = g.area and d.id = f.due_id and d.member_id = g.member_id
		         and d.cause in ('funeral:' || g.claim_id, 'estate:' || g.claim_id, 'arrears:' || g.claim_id))
		 where $1 = 0 or g.area = $1),
	due as materialized (
		select d.area, g.claim_id, d.id, d.member_id, d.month, d.cause, exists (select from benefit_due_ended x
		       where x.area = d.area and x.due_id = d.id) as ended
		  from g join benefit_due d on d.area = g.area and d.member_id = g.member_id
		       and d.cause in ('funeral:' || g.claim_id, 'estate:' || g.claim_id, 'arrears:' || g.claim_id))
	select g.area, g.claim_id, g.area || '/claim ' || g.claim_id, case
	       when not g.ended and not g.dead then 'was granted, and no death of member ' || g.member_id || ' stands reported'
	       when g.ended and not g.taken and g.due_id is not null then 'ended with due ' || g.due_id || ', which nobody ended for it'
	       when g.ended and not g.taken then 'ended with notice ' || g.notice_id || ', which was not taken back'
	       when o.claim_id is not null then 'was granted beside claim ' || o.claim_id
	       else 'ended, and is owed to an heir still' end
	  from g
	  left join lateral (select o.claim_id from g o where not g.ended and not o.ended and o.area = g.area
	       and o.member_id = g.member_id and o.claim_id < g.claim_id
	       and ((o.funeral > 0 and g.funeral > 0 and (g.nth <= o.nth or not exists (
	               -- What is granted again is of a base pension or a rule that was decided since.
	               select from entitlement e where e.area = g.area and e.member_id = g.member_id
	                  and e.component = 'base_pension' and e.from_month <= g.died_on and e.entered_at > o.approved_at
	               union all
	               select from area_rule_round k where k.area = g.area and k.rule = 'funeral_grant'
	                  and k.approved_at > o.approved_at
	               union all
	               select from approval a join area_rule k on k.area = a.area and k.decision_id = a.subject_id
	                  and k.rule = 'funeral_grant'
	                where a.area = g.area and a.subject = 'decision_request' and a.decided_at > o.approved_at)))
	            or (o.balance > 0 and g.balance > 0)) limit 1) o on true
	 where (not g.ended and not g.dead) or (g.ended and not g.taken) or o.claim_id is not null
	    or (g.ended and exists (select from due d where d.area = g.area and d.claim_id = g.claim_id and not d.ended))
	union all
	select i.area, i.id, i.area || '/payment ' || i.id, 'paid an heir ' || ` + yuan("i.amount") + ` || ' for member '
	       || i.member_id || ', of whom no death stands reported, and no case says so'
	  from g join due d on d.area = g.area and d.claim_id = g.claim_id
	  join payment_item i on i.area = d.area and i.member_id = d.member_id and i.month = d.month and i.cause = d.cause
	 where not g.dead and ` + reached + ` and not ` + lostAgain + `
	   and not exists (select from exception_case k where k.area = i.area and k.kind = 'grant_to_the_living'
	       and k.subject = 'payment_item:' || i.id)`
}

// recoveryCauseSQL is SQL, of a case over an entry c, for what a recovery books: by a plan
// or a receipt that a decision let in at that moment.
const recoveryCauseSQL = `when c.what = 'recovery_recredit' and c.part = '' then case
		            when c.kind <> 'recovery_settled' or c.actor <> 'job' or c.text not like 'recovery %' or not exists (
		                 select from recovery_recredit r where r.area = c.area and r.id = c.fact and r.entered_at = c.booked_at)
		                 then 'differs from what a recovery takes back' end
		       when c.what in ('recovery_offset', 'recovery_channel', 'recovery_receipt', 'recovery_settled') and c.part = '' then case
		            when c.kind <> case c.what when 'recovery_offset' then 'account_paid_out' when 'recovery_channel'
		                 then 'recovery_by_channel' else c.what end or c.text not like 'recovery %'
		                 then 'differs from what a recovery books'
		            when c.what = 'recovery_offset' and not exists (select from recovery_planned r
		                 join decision_request q on q.area = r.area and q.id = r.decision_id
		                 where r.area = c.area and r.plan_id = c.fact and r.approved_at = c.booked_at
		                   and c.actor = 'officer:' || q.maker)
		                 then 'is caused by plan ' || c.fact || ', which nobody put in force then'
		            when c.what <> 'recovery_offset' and not exists (select from recovery_received r
		                 join decision_request q on q.area = r.area and q.id = r.decision_id
		                 where r.area = c.area and r.receipt_id = c.fact and r.approved_at = c.booked_at
		                   and c.actor = 'officer:' || q.maker)
		                 then 'is caused by receipt ' || c.fact || ', which nobody let in then' end`

package postgres

// A transfer of a member stands where its steps say: one that was let through rests on its
// decision and is booked as it was confirmed, one that was not moved nothing.
func memberTransferSQL() string { //nolint:funlen // one query
	return `
	with step as (
		select f.area, f.id as transfer_id, s.step, s.id, s.happened_on, s.due_on, s.fund_account, s.individual, s.collective,
		       s.subsidy, s.interest, lag(coalesce(s.step, 'asked')) over w as before, lag(s.happened_on) over w as before_on
		  from member_transfer f
		 cross join lateral (select 0 as id, 'asked' as step, f.asked_on as happened_on, f.due_on, null::bigint as fund_account,
		            null::bigint as individual, null::bigint as collective, null::bigint as subsidy, null::bigint as interest
		      union all select s.id, s.step, s.happened_on, s.due_on, s.fund_account, s.individual, s.collective, s.subsidy,
		            s.interest from member_transfer_step s where s.area = f.area and s.transfer_id = f.id) s
		 where $1 = 0 or f.area = $1 window w as (partition by f.area, f.id order by s.id))
	select f.area, f.id, f.area || '/transfer ' || f.id, case
	       when m.id is null then 'is of member ' || f.member_id || ', whom the area does not have'
	       when (p.area is null) <> (d.id is null) then 'is at another step than its money'
	       when p.area is not null and q.id is null then 'was let through, and no decision did'
	       when p.area is not null and f.direction = 'out' and (c.id is null
	            or (p.fund_account, p.individual, p.collective, p.subsidy, p.interest) is distinct from
	               (c.fund_account, c.individual, c.collective, c.subsidy, c.interest))
	            then 'moved another sum than was confirmed'
	       when p.area is not null and f.direction = 'in' and (p.individual, p.collective, p.subsidy, p.interest)
	            is distinct from (f.individual, f.collective, f.subsidy, f.interest)
	            then 'brought another sum than was announced'
	       when p.area is not null and f.direction = 'out' and not exists (select from member_end e where e.area = f.area
	            and e.member_id = f.member_id and e.source_id = f.id and e.decision_id = p.decision_id)
	            then 'moved out, and the membership did not end'
	       else 'of ' || ` + yuan("coalesce(p.individual + p.collective + p.subsidy + p.interest, 0)") + ` || ' is booked with '
	            || ` + yuan("b.money") + ` || ', and the account''s lines are ' || ` + yuan("b.parts") + ` end
	  from member_transfer f
	  left join member m on m.area = f.area and m.id = f.member_id
	  left join member_transfer_posted p on p.area = f.area and p.transfer_id = f.id
	  left join member_transfer_returned r on r.area = f.area and r.transfer_id = f.id
	  left join step d on d.area = f.area and d.transfer_id = f.id and d.step in ('money_sent', 'money_posted')
	  left join lateral (select s.* from step s where s.area = f.area and s.transfer_id = f.id and s.step = 'sum_confirmed'
	       order by s.id desc limit 1) c on true
	  left join decision_request q on q.area = p.area and q.id = p.decision_id and q.kind = 'transfer' and q.subject_id = f.id
	       and q.state = 'approved'
	 cross join lateral (select coalesce(sum(e.amount) filter (where e.role in ('transfer_out', 'transfer_in')), 0) as money,
	       coalesce(sum(e.amount) filter (where e.role like 'personal%'), 0) as parts,
	       coalesce(sum(e.amount) filter (where e.role = 'personal_individual'), 0) as individual,
	       coalesce(sum(e.amount) filter (where e.role = 'personal_collective'), 0) as collective,
	       coalesce(sum(e.amount) filter (where e.role = 'personal_subsidy'), 0) as subsidy,
	       coalesce(sum(e.amount) filter (where e.role = 'personal_interest'), 0) as interest,
	       bool_and(e.member_id = f.member_id and not e.red and e.effective_on = p.effective_on
	           and (e.fund_account is null or e.fund_account = p.fund_account)) as theirs
	       from posting e where e.area = f.area and (e.cause_id = f.id or f.direction = 'in' and e.cause_id in (select x.id
	           from member_transfer_receipt x where x.area = f.area and x.transfer_id = f.id))
	           and (f.direction = 'out' or r.area is null)
	           and e.kind = 'transfer_' || f.direction and not e.reversal) b
	 where ($1 = 0 or f.area = $1) and (m.id is null or (p.area is null) <> (d.id is null)
	    or (p.area is null and b.money + b.parts > 0)
	    or (p.area is not null and (q.id is null or not b.theirs
	       or (b.money, b.individual, b.collective, b.subsidy, b.interest) is distinct from
	          ((p.individual + p.collective + p.subsidy + p.interest)::numeric, p.individual::numeric, p.collective::numeric,
	           p.subsidy::numeric, p.interest::numeric)
	       or case f.direction when 'out' then c.id is null
	            or (p.fund_account, p.individual, p.collective, p.subsidy, p.interest) is distinct from
	               (c.fund_account, c.individual, c.collective, c.subsidy, c.interest)
	            or not exists (select from member_end e where e.area = f.area and e.member_id = f.member_id
	               and e.source_id = f.id and e.decision_id = p.decision_id)
	          else (p.individual, p.collective, p.subsidy, p.interest) is distinct from
	               (f.individual, f.collective, f.subsidy, f.interest) end)))
	union all
	select s.area, s.transfer_id, s.area || '/transfer ' || s.transfer_id, case
	       when s.happened_on < s.before_on then 'did ' || s.step || ' on ' || s.happened_on || ', before ' || s.before
	       else 'did ' || s.step || ' after ' || s.before end
	  from step s
	 where s.before is not null and (s.happened_on < s.before_on or not (s.before || '>' || s.step) = any(
	       array['asked>letter_received', 'letter_received>sum_confirmed', 'sum_confirmed>sum_confirmed',
	             'sum_confirmed>money_sent', 'money_sent>done', 'money_sent>returned', 'done>returned', 'asked>letter_sent', 'letter_sent>money_posted',
	             'letter_sent>return_asked', 'return_asked>return_asked', 'return_asked>returned',
	             'asked>withdrawn', 'letter_received>withdrawn', 'sum_confirmed>withdrawn', 'letter_sent>withdrawn']))
	union all
	select x.area, x.id, x.area || '/receipt ' || x.id, 'of transfer ' || x.transfer_id || ' of ' || ` + yuan("x.amount") + ` || case
	       when b.n = 0 then ' is decided about, and not booked' else ' is booked otherwise than it was decided' end
	  from member_transfer_receipt x join member_transfer f on f.area = x.area and f.id = x.transfer_id and f.direction = 'in'
	  left join member_transfer_posted p on p.area = x.area and p.transfer_id = x.transfer_id
	  left join member_transfer_returned r on r.area = x.area and r.transfer_id = x.transfer_id
	 cross join lateral (select count(*) as n, coalesce(sum(e.amount) filter (where e.kind = 'transfer_in' and not e.red), 0) as came,
	       coalesce(sum(e.amount) filter (where e.kind = 'transfer_in_return' and e.red), 0) as went,
	       bool_and(e.fund_account = x.fund_account and e.role = 'transfer_in') as theirs
	       from posting e where e.area = x.area and e.cause_id = x.id and not e.reversal) b
	 where ($1 = 0 or x.area = $1) and ((b.came, b.went) is distinct from
	       (case when p.area is null and r.area is null then 0 else x.amount end::numeric,
	        case when r.area is null then 0 else x.amount end::numeric) or not b.theirs)
	union all
	-- What was awarded before two people were asked was seen by both of them.
	select p.area, p.transfer_id, p.area || '/transfer ' || p.transfer_id, 'brought money to a member who drew '
	       || ` + yuan("n.amount") + ` || ' a month'
	  from member_transfer_posted p join member_transfer f on f.area = p.area and f.id = p.transfer_id
	 cross join lateral (select coalesce(sum(x.amount), 0) as amount from (
	       select distinct on (n.component) n.amount from entitlement n
	        where n.area = p.area and n.member_id = p.member_id and n.from_month <= p.business_day and n.id < p.decision_id
	          and n.component in ('base_pension', 'account_pension')
	        order by n.component, n.from_month desc, n.id desc) x) n
	 where ($1 = 0 or p.area = $1) and p.direction = 'in' and n.amount > 0
	   and (f.counterpart = 'resident' or p.business_day >= '2014-07-01')
	union all
	select r.area, r.transfer_id, r.area || '/transfer ' || r.transfer_id, case
	       when q.id is null then 'was given back, and no decision did'
	       when x.sum is distinct from r.amount then 'gave back ' || ` + yuan("r.amount") + ` || ' of ' || ` + yuan("coalesce(x.sum, 0)") + `
	       else 'was given back, and is not at that step' end
	  from member_transfer_returned r
	  left join decision_request q on q.area = r.area and q.id = r.decision_id and q.kind = 'transfer'
	       and q.subject_id = r.transfer_id and q.state = 'approved'
	  left join (select area, transfer_id, sum(amount) as sum from member_transfer_receipt group by 1, 2) x
	       on x.area = r.area and x.transfer_id = r.transfer_id
	 where ($1 = 0 or r.area = $1) and (q.id is null or x.sum is distinct from r.amount::numeric or not exists (
	       select from member_transfer_step s where s.area = r.area and s.transfer_id = r.transfer_id and s.step = 'returned'))`
}

// Money of a transfer out that came back stands in the book once two people said so: on the account that had paid
// it, as it stands on the statement, and part by part on the member's. The end of the membership is undone with it.
func transferBackSQL() string {
	return `
	select x.area, x.id, x.area || '/receipt ' || x.id, 'of ' || ` + yuan("x.amount") + ` || ', which came back of transfer '
	       || f.id || case when p.area is null then ', sent no money'
	       when x.fund_account <> p.fund_account or x.amount <> p.individual + p.collective + p.subsidy + p.interest
	            or x.value_date < p.effective_on then ', is not what was sent'
	       when r.area is not null and not exists (select from member_end e join member_returned m on m.area = e.area
	            and m.member_id = e.member_id and m.nth = e.nth where e.area = f.area and e.source_id = f.id)
	            then ', and the membership stays ended'
	       when r.area is null then ', is booked, and nobody decided it' else ', is booked otherwise than it came' end
	  from member_transfer f
	  join member_transfer_receipt x on x.area = f.area and x.transfer_id = f.id
	  left join member_transfer_posted p on p.area = f.area and p.transfer_id = f.id
	  left join member_transfer_returned r on r.area = f.area and r.transfer_id = f.id
	 cross join lateral (select coalesce(sum(l.amount) filter (where l.role = 'expenditure' and l.side = 'debit'
	            and l.fund_account = x.fund_account and l.effective_on = x.value_date), 0) as bank
	       from entry e join posting l on l.area = e.area and l.entry_id = e.id
	      where e.area = f.area and e.cause = 'member_transfer:' || f.id || ':back') k
	 cross join lateral (select coalesce(sum(l.amount) filter (where l.role = 'transfer_out'), 0) as money,
	       coalesce(sum(l.amount) filter (where l.role = 'personal_individual'), 0) as individual,
	       coalesce(sum(l.amount) filter (where l.role = 'personal_collective'), 0) as collective,
	       coalesce(sum(l.amount) filter (where l.role = 'personal_subsidy'), 0) as subsidy,
	       coalesce(sum(l.amount) filter (where l.role = 'personal_interest'), 0) as interest,
	       bool_and(l.red and l.member_id = f.member_id and l.effective_on = x.value_date and l.kind = 'transfer_out') as theirs
	       from posting l where l.area = f.area and l.cause_id = x.id and not l.reversal) b
	 where ($1 = 0 or f.area = $1) and f.direction = 'out' and (p.area is null or x.fund_account <> p.fund_account
	    or x.amount <> p.individual + p.collective + p.subsidy + p.interest or x.value_date < p.effective_on
	    or case when r.area is null then k.bank + b.money > 0 or b.theirs is not null
	       else (k.bank, b.money, b.individual, b.collective, b.subsidy, b.interest, b.theirs) is distinct from
	          (x.amount::numeric, x.amount::numeric, p.individual::numeric, p.collective::numeric, p.subsidy::numeric,
	           p.interest::numeric, true) or not exists (select from member_end e join member_returned m on m.area = e.area
	               and m.member_id = e.member_id and m.nth = e.nth where e.area = f.area and e.source_id = f.id) end)`
}

// An end of a membership is undone by what says so, on a day after it, and for months from then on.
const memberReturnedSQL = `
	select r.area, r.member_id, r.area || '/member ' || r.member_id, 'is a member again by ' || r.reason || ' ' || r.source_id
	       || case when q.id is null then ', and no decision says so'
	       when r.returned_on < e.ended_on then ', on ' || r.returned_on || ', and left on ' || e.ended_on
	       else ', which is not so' end
	  from member_returned r
	  join member_end e on e.area = r.area and e.member_id = r.member_id and e.nth = r.nth
	  left join decision_request q on q.area = r.area and q.id = r.decision_id and q.kind = 'transfer'
	       and q.subject_id = r.source_id and q.state = 'approved'
	 where ($1 = 0 or r.area = $1) and (q.id is null or r.returned_on < e.ended_on or r.returned_on <> r.business_day
	    or case r.reason when 'money_back' then r.source_id <> e.source_id or r.from_month <> e.from_month
	            or not exists (select from member_transfer_returned x where x.area = r.area and x.transfer_id = r.source_id
	               and x.decision_id = r.decision_id)
	       else not exists (select from member_return k where k.area = r.area and k.id = r.source_id
	               and k.member_id = r.member_id)
	            or r.from_month <> greatest(e.from_month, (date_trunc('month', r.returned_on) + interval '1 month')::date) end)
	union all
	select r.area, r.member_id, r.area || '/member ' || r.member_id, 'is a member again since ' || r.returned_on
	       || ', and had died on ' || d.died_on || ', as was known'
	  from member_returned r
	  join death_notice d on d.area = r.area and d.member_id = r.member_id and d.entered_at < r.approved_at
	       and not exists (select from death_withdrawn w where w.area = d.area and w.notice_id = d.id)
	 where ($1 = 0 or r.area = $1) and r.reason = 'came_back'`

// Who is no member any more holds nothing, is entitled to nothing and is paid no month; who came back
// held nothing until then, and neither drew nor is entitled to a month between.
func memberEndSQL() string {
	return `
	select e.area, e.member_id, e.area || '/member ' || e.member_id, case
	       when q.id is null then 'left, and no decision let them go'
	       when h.held <> 0 then 'left on ' || e.ended_on || ', and the account holds ' || ` + yuan("h.held") + `
	       when i.id is not null then 'left on ' || e.ended_on || ', and payment ' || i.id || ' is for ' || to_char(i.month, 'YYYY-MM')
	       else 'left on ' || e.ended_on || ', and is entitled to ' || ` + yuan("n.amount") + ` || ' a month' end
	  from member_end e
	  left join member_returned k on k.area = e.area and k.member_id = e.member_id and k.nth = e.nth
	  left join decision_request q on q.area = e.area and q.id = e.decision_id and q.kind = 'transfer'
	       and q.subject_id = e.source_id and q.state = 'approved'
	 cross join lateral (select coalesce(sum(case when (p.side = 'credit') <> p.red then p.amount else -p.amount end), 0) as held
	       from posting p join entry n on n.area = p.area and n.id = p.entry_id
	      where p.area = e.area and p.member_id = e.member_id and p.role in ` + memberRoles + `
	        and (k.area is null or n.booked_at < k.approved_at)) h
	  left join lateral (select i.id, i.month from payment_item i
	       join payment_batch b on b.area = i.area and b.id = i.batch_id
	       join pay_run r on r.area = b.area and r.id = b.run_id
	       where i.area = e.area and i.member_id = e.member_id and i.cause = 'regular' and i.month >= e.from_month
	         and (k.area is null or i.month < k.from_month) and not ` + deadItem + ` limit 1) i on true
	 cross join lateral (select coalesce(sum(x.amount), 0) as amount from (
	       select distinct on (s.component) s.amount from entitlement s where s.area = e.area and s.member_id = e.member_id
	          and (k.area is null or s.from_month < k.from_month)
	        order by s.component, s.from_month desc, s.id desc) x) n
	 where ($1 = 0 or e.area = $1) and (q.id is null or (h.held <> 0 and e.reason = 'transferred_out')
	    or i.id is not null or n.amount > 0 and coalesce(k.reason, '') <> 'money_back')`
}

// What was paid to who departed is what was decided, once, and the membership ended by it.
func departureSQL() string {
	return `
	select g.area, g.departure_id, g.area || '/departure ' || g.departure_id, case
	       when q.id is null then 'was decided by nobody'
	       when d.due is distinct from g.balance then 'pays ' || ` + yuan("g.balance") + ` || ', and due are ' || ` + yuan("coalesce(d.due, 0)") + `
	       when h.held is distinct from g.held then 'is of an account of ' || ` + yuan("g.held") + ` || ', and it held '
	            || ` + yuan("coalesce(h.held, 0)") + `
	       else 'did not end the membership for its reason' end
	  from member_departed g
	  left join member_departure k on k.area = g.area and k.id = g.departure_id
	  left join decision_request q on q.area = g.area and q.id = g.decision_id and q.kind = 'transfer'
	       and q.subject_id = g.departure_id and q.state = 'approved'
	 cross join lateral (select coalesce(sum(d.one_off), 0) as due from benefit_due d where d.area = g.area
	       and d.cause = 'departure:' || g.departure_id and d.member_id = g.member_id) d
	 cross join lateral (select coalesce(sum(case when (p.side = 'credit') <> p.red then p.amount else -p.amount end), 0) as held
	       from posting p join entry e on e.area = p.area and e.id = p.entry_id
	      where p.area = g.area and p.member_id = g.member_id and p.role in ` + memberRoles + ` and e.booked_at <= g.approved_at) h
	 where ($1 = 0 or g.area = $1) and (q.id is null or d.due <> g.balance or h.held <> g.held or not exists (
	       select from member_end e where e.area = g.area and e.member_id = g.member_id and e.source_id = g.departure_id
	         and e.reason = k.reason and e.decision_id = g.decision_id))
	union all
	select d.area, d.id, d.area || '/due ' || d.id, 'is of ' || d.cause || ', which nobody decided'
	  from benefit_due d
	 where ($1 = 0 or d.area = $1) and d.cause like 'departure:%' and not exists (select from member_departed g
	       where g.area = d.area and d.cause = 'departure:' || g.departure_id and g.member_id = d.member_id)`
}

// transferCauseSQL is SQL, of a case over an entry c, for what a transfer of a member
// books: by a decision that let it through at that moment.
const transferCauseSQL = `when c.what = 'member_transfer' and c.part = '' then case
		            when c.text <> case c.kind when 'transfer_out' then 'account transferred out' else 'account transferred in' end
		                 and c.text <> 'transfer in that is given back' then 'differs from what a transfer books'
		            when not exists (select from member_transfer_posted r
		                 join decision_request q on q.area = r.area and q.id = r.decision_id
		                 where r.area = c.area and r.transfer_id = c.fact and r.approved_at = c.booked_at
		                   and c.kind = 'transfer_' || r.direction and c.effective_on = r.effective_on
		                   and c.actor = 'officer:' || q.maker)
		             and not exists (select from member_transfer_returned r
		                 join decision_request q on q.area = r.area and q.id = r.decision_id
		                 where r.area = c.area and r.transfer_id = c.fact and r.approved_at = c.booked_at
		                   and c.kind = 'transfer_in' and c.actor = 'officer:' || q.maker)
		                 then 'is caused by transfer ' || c.fact || ', which nobody let through then' end
		       when c.what = 'member_transfer' and c.part = 'returned' then case
		            when c.kind <> 'transfer_in_return' or c.text <> 'transfer in given back' then 'differs from what a return books'
		            when not exists (select from member_transfer_returned r
		                 join decision_request q on q.area = r.area and q.id = r.decision_id
		                 where r.area = c.area and r.transfer_id = c.fact and r.approved_at = c.booked_at
		                   and c.actor = 'officer:' || q.maker)
		                 then 'is caused by transfer ' || c.fact || ', which nobody gave back then' end
		       when c.what = 'member_transfer' and c.part in ('back', 'undone') then case
		            when c.kind || ': ' || c.text <> case c.part when 'back' then
		                 'payment_return: account transferred out, money back'
		                 else 'transfer_out: account transferred out lives again' end
		                 then 'differs from what money back of a transfer books'
		            when not exists (select from member_transfer_returned r
		                 join decision_request q on q.area = r.area and q.id = r.decision_id
		                 join member_transfer_receipt x on x.area = r.area and x.transfer_id = r.transfer_id
		                 where r.area = c.area and r.transfer_id = c.fact and r.approved_at = c.booked_at
		                   and x.value_date = c.effective_on and c.actor = 'officer:' || q.maker)
		                 then 'is caused by transfer ' || c.fact || ', whose money nobody took back then' end`

package postgres

// payKinds are the kinds of entry that payments are booked by, as SQL.
const payKinds = `('benefit', 'account_paid_out', 'reissue', 'transit_return', 'payment_return',
	'return_unclaimed', 'hand_payment')`

// finalPayments are the payments of batches that their bank has, each with its
// recorded answer. One that has none is left out.
const finalPayments = `
	select i.area, i.id, i.batch_id, i.member_id, i.base_pension, i.account_pension, i.funeral_grant, i.one_off, i.amount,
	       i.replaces, i.from_suspense, b.fund_account, b.settlement, b.bank, w.outcome, w.value_date, w.answered_at,
	       w.id as answer
	  from answer w
	  join payment_item i on i.area = w.area and i.id = w.item_id and i.batch_id = w.batch_id
	  join payment_batch b on b.area = i.area and b.id = i.batch_id and ` + withBank + `
	 where ($1 = 0 or w.area = $1) and w.disposition = 'recorded'`

// bookedReturns are the returns that the book holds, with the payment that came
// back and whether its money went to suspense: it did where the benefit was not
// taken back in red.
const bookedReturns = `
	select v.area, v.id, v.item_id, v.batch_id, v.amount, v.value_date, v.reported_at, k.business_day,
	       not exists (select from posting p where p.area = v.area and p.cause_id = v.id and p.kind = 'payment_return'
	                      and p.red and not p.reversal) as suspended
	  from payment_return v
	  join payment_return_booked k on k.area = v.area and k.return_id = v.id
	 where $1 = 0 or v.area = $1`

// payLines are the lines that payments, returns and what is given up must have in
// the fund's set: one row a component.
const payLines = `
	select f.area, f.id as cause, u.kind, u.role, 'debit' as side, false as red, u.amount, f.member_id as member,
	       f.batch_id as batch, f.fund_account as account, f.value_date as day, null::date as accounted,
	       f.answered_at as at, f.bank
	  from final f
	 cross join lateral (values ('benefit', 'benefit_base_pension', f.base_pension),
	       ('benefit', 'benefit_account_pension', f.account_pension),
	       ('benefit', 'benefit_funeral_grant', f.funeral_grant),
	       ('account_paid_out', 'benefit_one_off', f.one_off)) as u (kind, role, amount)
	 where f.outcome = 'succeeded' and not f.from_suspense and u.amount > 0
	union all
	select area, id, 'reissue', 'suspense', 'debit', false, amount, member_id, batch_id, fund_account, value_date, null,
	       answered_at, bank from final where outcome = 'succeeded' and from_suspense
	union all
	select area, id, 'transit_return', 'in_transit', 'credit', false, amount, member_id, batch_id, fund_account,
	       value_date, null, answered_at, bank from final where outcome = 'failed' and settlement = 'gross'
	union all
	select v.area, v.id, 'payment_return', 'suspense', 'credit', false, v.amount, f.member_id, v.batch_id,
	       f.fund_account, v.value_date, v.business_day, greatest(v.reported_at, f.answered_at), f.bank
	  from back v join final f on f.area = v.area and f.id = v.item_id and f.outcome = 'succeeded'
	 where v.suspended
	union all
	select h.area, h.id, u.kind, u.role, 'debit', false, u.amount, i.member_id, h.batch_id, h.fund_account, h.paid_on,
	       h.business_day, h.entered_at, null
	  from hand_payment h
	  left join payment_item i on i.area = h.area and i.id = h.item_id
	 cross join lateral (select 'hand_payment' as kind, 'suspense' as role, h.amount where not h.spends
	       union all
	       select 'benefit', 'benefit_base_pension', i.base_pension where h.spends
	       union all
	       select 'benefit', 'benefit_account_pension', i.account_pension where h.spends
	       union all
	       select 'benefit', 'benefit_funeral_grant', i.funeral_grant where h.spends
	       union all
	       select 'account_paid_out', 'benefit_one_off', i.one_off where h.spends) u
	 where ($1 = 0 or h.area = $1) and u.amount > 0
	union all
	select v.area, v.id, x.kind, u.role, 'debit', true, u.amount, f.member_id, v.batch_id, x.account, x.day, x.accounted,
	       x.at, x.by
	  from back v
	  join final f on f.area = v.area and f.id = v.item_id and f.outcome = 'succeeded'
	  left join return_unclaimed n on n.area = v.area and n.return_id = v.id
	 cross join lateral (
	       select 'payment_return' as kind, f.fund_account as account, v.value_date as day, v.business_day as accounted,
	              greatest(v.reported_at, f.answered_at) as at, f.bank as by where not v.suspended
	       union all
	       select 'return_unclaimed', null, n.business_day, n.business_day, null, null where n.return_id is not null) x
	 cross join lateral (values ('benefit_base_pension', f.base_pension), ('benefit_account_pension', f.account_pension),
	       ('benefit_funeral_grant', f.funeral_grant), ('benefit_one_off', f.one_off)) as u (role, amount)
	 where u.amount > 0`

// What is booked is what was answered, component by component, for the person, the
// batch and the account, on the bank's day and in the transaction of its word; and
// nothing else is booked.
func paymentSQL() string {
	return `
	with final as materialized (` + finalPayments + `),
	back as materialized (` + bookedReturns + `),
	due as (` + payLines + `),
	lines as (
		select p.area, p.cause_id as cause, p.kind, p.role, p.side, p.red, min(p.entry_id) as entry, count(*) as n,
		       sum(p.amount) as amount, min(p.member_id) as member, max(p.member_id) as member2,
		       count(p.member_id) as members, min(p.batch_id) as batch, max(p.batch_id) as batch2, count(p.batch_id) as batches,
		       max(p.fund_account) as account, max(p.year) as year, min(p.effective_on) as day
		  from posting p
		 where ($1 = 0 or p.area = $1) and p.nature = 'item' and not p.reversal and p.kind in ` + payKinds + `
		   and p.role not like 'personal%' group by 1, 2, 3, 4, 5, 6),
	told as (
		select coalesce(d.area, l.area) as area, coalesce(l.entry, 0) as entry, coalesce(d.cause, l.cause) as cause, case
		       when d.cause is null then 'books ' || l.kind || ' of ' || ` + yuan("l.amount") + ` || ' for ' || l.cause
		            || ', and no answer, return or decision says so'
		       when l.cause is null then d.kind || ' of ' || ` + yuan("d.amount") + ` || ' is due for ' || d.cause
		            || ' and not booked'
		       when l.n > 1 then d.kind || ' for ' || d.cause || ' is booked ' || l.n || ' times'
		       when l.amount <> d.amount then d.kind || ' for ' || d.cause || ' of ' || ` + yuan("d.amount") + `
		            || ' is booked with ' || ` + yuan("l.amount") + `
		       when (l.member, l.member2, l.members) is distinct from (d.member, d.member, l.n) or l.year is not null
		            then d.kind || ' for ' || d.cause || ' is booked to another member or for a year'
		       when (l.batch, l.batch2, l.batches) is distinct from (d.batch, d.batch, l.n)
		            then d.kind || ' for ' || d.cause || ' is booked under another batch'
		       when l.account is distinct from d.account
		            then d.kind || ' for ' || d.cause || ' is booked on another fund account'
		       when l.day <> d.day or e.accounted_on <> d.accounted
		            then d.kind || ' for ' || d.cause || ' is booked for another day than ' || d.day
		       when e.cause not like 'payment_batch:' || d.batch || ':' || d.kind || ':%'
		            then d.kind || ' for ' || d.cause || ' of batch ' || d.batch || ' is booked by ' || e.cause
		       when e.booked_at <> d.at or (e.actor not in ('bank:' || d.bank, 'bank:') and not exists (
		            select from receipt c where c.area = d.area and c.kind = 'payment_evidence' and c.subject = d.batch
		               and c.received_by = e.actor and c.processed_at = d.at))
		            then d.kind || ' for ' || d.cause || ' was booked by ' || e.actor || ' at ' || e.booked_at
		                 || ', and the bank said so at ' || d.at
		       end as text
		  from due d
		  full join lines l on l.area = d.area and l.cause = d.cause and l.kind = d.kind and l.role = d.role
		       and l.side = d.side and l.red = d.red
		  left join entry e on e.area = l.area and e.id = l.entry)
	select area, entry, area || '/' || case when entry = 0 then 'payment ' || cause else entry::text end, text
	  from told where text is not null`
}

// What a payment draws from the member's own account is at most its own part, and
// is given back in full, part by part, with the benefit.
const drawnSQL = `
	with recursive lines as materialized (
		select area, entry_id, cause_id as cause, kind, role, red, amount, side, member_id as member from posting
		 where ($1 = 0 or area = $1) and nature = 'item' and not reversal and kind in ` + payKinds + `
		   and role like 'personal%'
		   -- What a recovery sets off is drawn by its plan.
		   and not exists (select from recovery_plan r where r.area = posting.area and r.id = posting.cause_id)),
	drawn as (
		select l.area, l.cause, min(l.entry_id) as entry, sum(l.amount) as amount, min(l.kind) as kind, max(l.kind) as kind2,
		       bool_and(l.side = 'debit') as debits, min(l.member) as member, max(l.member) as member2
		  from lines l where not l.red group by 1, 2),
	claim (area, cause, kind, id, replaces, from_suspense) as (
		select v.area, v.id, x.kind, i.id, i.replaces, i.from_suspense
		  from payment_return v
		  join payment_return_booked k on k.area = v.area and k.return_id = v.id
		  join payment_item i on i.area = v.area and i.id = v.item_id
		 cross join lateral (
		       select distinct p.kind from posting p where p.area = v.area and p.cause_id = v.id and p.red
		          and not p.reversal and p.role not like 'personal%') x
		 where $1 = 0 or v.area = $1
		union all
		select c.area, c.cause, c.kind, i.id, i.replaces, i.from_suspense
		  from claim c join payment_item i on i.area = c.area and i.id = c.replaces where c.from_suspense),
	again as (
		select c.area, c.cause, c.kind, l.role, sum(l.amount) as amount
		  from claim c join lines l on l.area = c.area and l.cause = c.id and not l.red
		 where not c.from_suspense group by 1, 2, 3, 4),
	given as (
		select area, cause, kind, role, min(entry_id) as entry, sum(amount) as amount from lines where red group by 1, 2, 3, 4)
	select d.area, d.entry, d.area || '/' || d.entry, 'draws from the personal account for ' || d.cause
	       || otherwise.than
	  from drawn d
	  left join hand_payment h on h.area = d.area and h.id = d.cause
	  left join payment_item i on i.area = d.area and i.id = coalesce(h.item_id, d.cause)
	 cross join lateral (select case
	       when i.id is null then ', which is no payment'
	       when not h.spends or h.id is null and i.from_suspense then ', whose money was drawn before it came back'
	       when not d.debits or d.member <> i.member_id or d.member2 <> i.member_id then ' another member''s or to its credit'
	       when d.kind <> d.kind2 or d.kind <> case when i.account_pension > 0 then 'benefit' else 'account_paid_out' end
	            then ' by an entry of another kind'
	       when d.amount > i.account_pension + i.one_off then ' more than its own part of it' end as than) otherwise
	 where otherwise.than is not null
	union all
	select coalesce(a.area, g.area), coalesce(g.entry, 0), coalesce(a.area, g.area) || '/'
	       || coalesce(g.entry::text, 'return ' || a.cause), 'return ' || coalesce(a.cause, g.cause) || ' gives back '
	       || coalesce(g.amount, 0) || ' fen to ' || coalesce(a.role, g.role) || ', and ' || coalesce(a.amount, 0)
	       || ' were drawn from it'
	  from again a
	  full join given g on g.area = a.area and g.cause = a.cause and g.kind = a.kind and g.role = a.role
	 where a.amount is distinct from g.amount`

// A bank that settles gross took the lump once, and that is booked.
func handoverSQL() string {
	return `
	with lump as (
		select e.area, e.id, split_part(e.cause, ':', 2) as batch, e.scheme, e.accounted_on, e.effective_on, e.actor,
		       count(*) as n, min(p.amount) as least, max(p.amount) as most,
		       bool_and(p.nature = 'direct' and not p.red and p.batch_id::text = split_part(e.cause, ':', 2)
		           and case p.side when 'credit' then p.role = 'expenditure' else p.role = 'in_transit'
		               and p.fund_account is null end) as plain,
		       max(p.fund_account) as account
		  from entry e join posting p on p.area = e.area and p.entry_id = e.id
		 where ($1 = 0 or e.area = $1) and e.kind = 'payment_handover' and e.reverses is null
		 group by 1, 2, 3, 4, 5, 6, 7)
	select coalesce(b.area, l.area), coalesce(b.id, l.id), coalesce(b.area || '/' || b.id, l.area || '/entry ' || l.id), case
	       when b.id is null then 'hands over batch ' || l.batch || ', which does not exist'
	       when l.id is null then 'was handed over on ' || b.handed_over_on || ', and that is not booked'
	       when b.handed_over_on is null then 'is booked as handed over by entry ' || l.id || ', and was not'
	       when b.settlement <> 'gross' then 'settles ' || b.settlement || ', so that no lump is handed over'
	       else 'of ' || ` + yuan("b.amount") + ` || ' is handed over otherwise by entry ' || l.id end
	  from (select * from payment_batch where $1 = 0 or area = $1) b
	  full join lump l on l.area = b.area and l.batch = b.id::text
	 where (b.id is null or (b.handed_over_on is not null) <> (l.id is not null))
	    or (l.id is not null and (b.settlement <> 'gross' or (l.scheme, l.accounted_on, l.effective_on, l.n, l.least, l.most,
	        l.plain, l.account) is distinct from (b.scheme, b.handed_over_on, b.handed_over_on, 2, b.amount, b.amount, true,
	        b.fund_account) or l.actor not in ('bank:' || b.bank, 'bank:')))
	    or (b.settlement = 'gross' and b.handed_over_on is null and b.succeeded + b.failed > 0)`
}

// A payment comes back once and in full, after it was made; its return stands in
// the book as soon as its success is known, and never for a payment that failed.
func returnSQL() string {
	return `
	select v.area, v.id, v.area || '/' || v.id, case
	       when i.id is null then 'gives back payment ' || v.item_id || ', which is not in batch ' || v.batch_id
	       when v.amount <> i.amount then 'gives back ' || ` + yuan("v.amount") + ` || ' of a payment of '
	            || ` + yuan("i.amount") + `
	       when w.outcome is distinct from 'succeeded' and k.return_id is not null
	            then 'is booked, and payment ' || i.id || ' is not known to have succeeded'
	       when w.outcome = 'succeeded' and k.return_id is null
	            then 'is not booked, and payment ' || i.id || ' is known to have succeeded'
	       when k.business_day < v.business_day then 'was told on ' || v.business_day || ' and booked before'
	       when v.value_date not between b.created_on and v.business_day
	            then 'came back on ' || v.value_date || ', before it was made out or after it was told'
	       else 'was reported by ' || v.reported_by || ', and the batch is of bank ' || b.bank end
	  from payment_return v
	  left join payment_item i on i.area = v.area and i.id = v.item_id and i.batch_id = v.batch_id
	  left join payment_batch b on b.area = v.area and b.id = v.batch_id
	  left join answer w on w.area = v.area and w.item_id = v.item_id and w.disposition = 'recorded'
	  left join payment_return_booked k on k.area = v.area and k.return_id = v.id
	 where ($1 = 0 or v.area = $1) and (i.id is null or v.amount <> i.amount
	    or coalesce(w.outcome = 'succeeded', false) <> (k.return_id is not null) or k.business_day < v.business_day
	    or v.value_date not between b.created_on and v.business_day
	    or v.reported_by not in ('bank:' || b.bank, 'bank:'))
	union all
	select k.area, k.return_id, k.area || '/' || k.return_id, 'is booked and was never told'
	  from payment_return_booked k
	 where ($1 = 0 or k.area = $1)
	   and not exists (select from payment_return v where v.area = k.area and v.id = k.return_id)
	union all
	select u.area, u.return_id, u.area || '/' || u.return_id, case
	       when v.id is null or not v.suspended then 'is given up, and its money was not in suspense'
	       when u.business_day < v.business_day then 'was given up before it was booked'
	       else 'was given up by ' || u.entered_by || ', who was no maker of agency business' end
	  from return_unclaimed u
	  left join (` + bookedReturns + `) v on v.area = u.area and v.id = u.return_id
	 where ($1 = 0 or u.area = $1) and (v.id is null or not v.suspended or u.business_day < v.business_day
	    or not exists (select from officer o
	         join organisation g on g.id = o.organisation_id and g.area = u.area and g.kind = 'agency_business'
	         join duty_grant d on d.login = o.login and d.duty = 'maker'
	        where u.entered_by = 'officer:' || o.login))`
}

// What was paid by hand is the whole of a payment of which the bank said what became of it, out of the account that it was
// paid from, and not before it. It is the benefit itself where the payment failed, and its money was not in suspense, or
// came back before and its benefit was taken back; else what is in suspense, or comes back to it, is its. What failed, or
// was taken back, was owed then.
func handPaymentSQL() string {
	return `
	with hand as (
		select h.*, i.id as item, i.amount as due, b.fund_account as account, b.created_on, w.outcome, w.value_date,
		       w.outcome = 'failed' and not i.from_suspense or w.outcome = 'succeeded' and not coalesce(v.suspended, true)
		           as unspent,
		       d.id as ended, x.item_id as granted
		  from hand_payment h
		  left join payment_item i on i.area = h.area and i.id = h.item_id and i.batch_id = h.batch_id
		  left join payment_batch b on b.area = h.area and b.id = h.batch_id
		  left join answer w on w.area = h.area and w.item_id = h.item_id and w.disposition = 'recorded'
		  left join (` + bookedReturns + `) v on v.area = h.area and v.item_id = h.item_id
		  left join lateral (select d.id from benefit_due d join due_end_approved e on e.area = d.area and e.due_id = d.id
		      where d.area = i.area and d.member_id = i.member_id and d.month = i.month and d.cause = i.cause limit 1) d on true
		  left join lateral (select x.item_id from payment_item j join estate_granted_item x on x.area = j.area
		           and x.item_id = j.id and ` + itemStands + `
		      where j.area = i.area and j.member_id = i.member_id and j.month = i.month and j.cause = i.cause limit 1) x on true
		 where $1 = 0 or h.area = $1),
	told as (
		select h.area, h.id, case
		       when h.item is null then 'stands for payment ' || h.item_id || ', which is not in batch ' || h.batch_id
		       when h.amount <> h.due then 'is of ' || ` + yuan("h.amount") + ` || ', and payment ' || h.item || ' of '
		            || ` + yuan("h.due") + `
		       when h.fund_account <> h.account then 'left another fund account than batch ' || h.batch_id
		       when h.outcome is null then 'stands for payment ' || h.item || ', of which the bank said nothing'
		       when h.paid_on < case h.outcome when 'failed' then h.created_on else h.value_date end
		            then 'was made on ' || h.paid_on || ', before payment ' || h.item
		       when h.spends and not h.unspent then 'is a benefit, and so was payment ' || h.item
		       when not h.spends and h.unspent then 'is no benefit, and neither was payment ' || h.item
		       when h.ended is not null then 'pays due ' || h.ended || ', which two people ended'
		       when h.granted is not null then 'pays what an heir was granted instead of payment ' || h.granted
		       when not exists (select from officer o
		           join organisation g on g.id = o.organisation_id and g.area = h.area and g.kind = 'agency_finance'
		           join duty_grant d on d.login = o.login and d.duty = 'maker'
		          where h.entered_by = 'officer:' || o.login)
		            then 'was entered by ' || h.entered_by || ', who was no maker of agency finance' end as text
		  from hand h)
	select area, id, area || '/' || id, text from told where text is not null`
}

// The payments of one person, month and cause are made one after the other. Each
// that follows one which left names it and follows its failure or return; those of
// runs and batches that were withdrawn count for nothing. Ids rise, and an answer is
// committed before a run can see it.
const onePaymentSQL = `
	with ended as (
		select b.area, b.id, b.run_id, b.created_at, b.state = 'withdrawn' or r.state in ('refused', 'withdrawn') as gone,
		       coalesce((select min(e.at) from batch_event e
		           where e.area = b.area and e.batch_id = b.id and e.to_state = 'withdrawn'), (select min(e.at) from run_event e
		           where e.area = r.area and e.run_id = r.id and e.to_state in ('refused', 'withdrawn'))) as gone_at
		  from payment_batch b join pay_run r on r.area = b.area and r.id = b.run_id
		 where $1 = 0 or b.area = $1),
	back as (` + bookedReturns + `),
	chain as (
		select i.*, b.run_id, b.gone, b.gone_at, b.created_at, row_number() over w as n,
		       max(i.attempt) filter (where not b.gone) over (w rows between unbounded preceding and 1 preceding) as before,
		       max(b.gone_at) over (w rows between unbounded preceding and 1 preceding) as gone_before
		  from payment_item i join ended b on b.area = i.area and b.id = i.batch_id
		 where $1 = 0 or i.area = $1
		window w as (partition by i.area, i.member_id, i.month, i.cause order by i.attempt, i.id))
	select c.area, coalesce(o.id, c.id), c.area || '/' || coalesce(o.id, c.id), case
	       when c.attempt <> c.n then 'is followed by attempt ' || c.attempt || ', which stands as number ' || c.n
	       when c.replaces is distinct from o.id then 'is paid again by ' || c.id || ', which names payment '
	            || coalesce(c.replaces::text, 'none')
	       when o.id is not null and not (coalesce(f.id < c.run_id, false) or coalesce(v.id < c.run_id, false))
	            then 'neither failed nor came back, and payment ' || c.id || ' asks for the same claim'
	       when c.gone_before > c.created_at + ` + apart + `
	            then 'was made out while an earlier attempt could still be paid'
	       when u.return_id is not null then 'was given up, and payment ' || c.id || ' pays it again'
	       when h.id is not null then 'was paid by hand, and payment ' || c.id || ' pays it again'
	       when (o.base_pension, o.account_pension, o.funeral_grant, o.one_off) is distinct from
	            (c.base_pension, c.account_pension, c.funeral_grant, c.one_off) and o.id is not null
	            then 'is paid again by ' || c.id || ' with another amount'
	       else 'is paid again by ' || c.id || case when c.from_suspense then ' out of suspense, where its money is not'
	            else ', and its money waits in suspense' end end
	  from chain c
	  left join payment_item o on o.area = c.area and o.member_id = c.member_id and o.month = c.month
	       and o.cause = c.cause and o.attempt = c.before
	  left join answer f on f.area = o.area and f.item_id = o.id and f.disposition = 'recorded' and f.outcome = 'failed'
	  left join back v on v.area = o.area and v.item_id = o.id
	  left join return_unclaimed u on u.area = v.area and u.return_id = v.id
	  left join hand_payment h on h.area = o.area and h.item_id = o.id
	 where c.attempt <> c.n or c.gone_before > c.created_at + ` + apart + ` or (c.n > 1 and (
	       c.replaces is distinct from o.id or (o.id is not null and (
	           not (coalesce(f.id < c.run_id, false) or coalesce(v.id < c.run_id, false)) or u.return_id is not null
	        or h.id is not null
	        or (o.base_pension, o.account_pension, o.funeral_grant, o.one_off) is distinct from
	           (c.base_pension, c.account_pension, c.funeral_grant, c.one_off)
	        or c.from_suspense <> (coalesce(v.suspended, false) or (f.id is not null and o.from_suspense))))))
	    or (c.n = 1 and c.replaces is not null)`

// What stands in suspense is, fen by fen, arrivals that nothing explains yet, money
// to be given back, and payments that came back and wait. Transfers are proved with
// their approvals, and published totals name nobody.
func suspenseSQL() string {
	return `
	with settled as (` + settled + `),
	final as materialized (` + finalPayments + `),
	back as (` + bookedReturns + `),
	waiting (area, scheme, amount) as (
		select s.area, f.scheme, case v.direction when 'debit' then -v.amount else v.amount end
		  from arrival_suspense s
		  join arrival v on v.area = s.area and v.id = s.arrival_id
		  join fund_account f on f.area = v.area and f.id = v.fund_account
		 where $1 = 0 or s.area = $1
		union all
		select s.area, m.scheme, case when s.from_suspense then -s.amount else s.amount end
		  from settled s
		  join agreement g on g.area = s.area and g.id = s.agreement
		  join fund_account m on m.area = g.area and m.id = g.fund_account
		 where s.from_suspense <> exists (select from refund_task t where t.area = s.area and t.cause_id = s.cause)
		union all
		select r.area, f.scheme, -r.amount
		  from refund_paid r
		  join fund_account f on f.area = r.area and f.id = r.fund_account
		 where ($1 = 0 or r.area = $1) and (r.attempt > 1
		    or exists (select from refund_task t where t.area = r.area and t.id = r.refund_id))
		union all
		select b.area, f.scheme, b.amount
		  from refund_returned b join fund_account f on f.area = b.area and f.id = b.fund_account
		 where $1 = 0 or b.area = $1
		union all
		select y.area, f.scheme, -x.amount
		  from recovery_received y
		  join recovery_receipt x on x.area = y.area and x.id = y.receipt_id
		  join arrival v on v.area = y.area and v.fund_account = y.fund_account and v.bank_reference = y.bank_reference
		       and v.direction = 'credit'
		  join arrival_suspense s on s.area = v.area and s.arrival_id = v.id
		  join fund_account f on f.area = y.area and f.id = y.fund_account
		 where $1 = 0 or y.area = $1
		union all
		select v.area, b.scheme, v.amount
		  from back v join payment_batch b on b.area = v.area and b.id = v.batch_id
		 where v.suspended and not exists (select from return_unclaimed u where u.area = v.area and u.return_id = v.id)
		union all
		select f.area, b.scheme, -f.amount
		  from final f join payment_batch b on b.area = f.area and b.id = f.batch_id
		 where f.outcome = 'succeeded' and f.from_suspense
		union all
		select h.area, b.scheme, -h.amount
		  from hand_payment h join payment_batch b on b.area = h.area and b.id = h.batch_id
		 where ($1 = 0 or h.area = $1) and not h.spends),
	held as (
		select p.area, p.scheme, sum(-(` + signed + `)) as amount
		  from posting p
		  join entry e on e.area = p.area and e.id = p.entry_id
		       and e.cause not like 'published:%' and e.cause not like 'fund_transfer:%'
		 where ($1 = 0 or p.area = $1) and p.role = 'suspense' group by 1, 2)
	select coalesce(h.area, w.area), 0, coalesce(h.area, w.area) || ' ' || coalesce(h.scheme, w.scheme),
	       'holds ' || ` + yuan("coalesce(h.amount, 0)") + ` || ' in suspense; what waits there by name is '
	       || ` + yuan("coalesce(w.amount, 0)") + `
	  from held h
	  full join (select area, scheme, sum(amount) as amount from waiting group by 1, 2) w
	    on w.area = h.area and w.scheme = h.scheme
	 where coalesce(h.amount, 0) <> coalesce(w.amount, 0)`
}

// In transit is what banks took as a lump and have not accounted for.
func transitSQL() string {
	return `
	select coalesce(b.area, t.area), coalesce(b.id, 0), coalesce(b.area, t.area) || '/' || coalesce(b.id, t.batch_id),
	       'has ' || ` + yuan("coalesce(t.amount, 0)") + ` || ' in transit; of what was handed over '
	       || ` + yuan("coalesce(b.open, 0)") + ` || ' are not accounted for'
	  from (select area, id, case when handed_over_on is null then 0 else amount - succeeded_amount - failed_amount end
	               as open from payment_batch where ($1 = 0 or area = $1) and settlement = 'gross') b
	  full join (select area, batch_id, sum(` + signed + `) as amount from posting
	              where ($1 = 0 or area = $1) and role = 'in_transit' and batch_id is not null group by 1, 2) t
	    on t.area = b.area and t.batch_id = b.id
	 where coalesce(b.open, 0) <> coalesce(t.amount, 0)`
}

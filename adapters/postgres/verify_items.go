package postgres

// itemChecks prove that what is posted is what was settled, person by person.
func itemChecks() []check {
	return []check{
		invariant("I5", "what is settled is posted once as it was frozen, and nothing else is posted",
			probe{
				table: "posting", looks: []string{"withholding_item", "counter_receipt", "contribution_line", "posting"},
				sql: settledSQL(),
			},
			probe{table: "posting", looks: []string{"personal_opening"}, sql: personalOpeningSQL()},
			probe{table: "posting", sql: directLineSQL},
			probe{table: "entry", sql: causeSQL()},
			probe{table: "arrival_suspense", sql: arrivalSuspenseSQL()},
			probe{table: "opening_balance", sql: openingBalanceSQL()},
			probe{table: "refund_task", sql: refundTaskSQL},
			probe{table: "posting", looks: []string{"payment_item", "payment_return"}, sql: paymentSQL()},
			probe{table: "posting", sql: drawnSQL},
			probe{table: "payment_batch", sql: handoverSQL()},
		),
		invariant("I7", "nobody pays more for a year than was chosen; one account of a member is paid to",
			probe{table: "member", looks: []string{"tier_choice", "posting"}, sql: aboveChosenSQL()},
			probe{table: "instrument", sql: onePayoutSQL},
			probe{table: "tier_choice", sql: tierOfNobodySQL},
			probe{table: "tier_change", sql: tierChangeSQL},
		),
		invariant("I14", "a member's due is with one bank at a time, and a month is paid to a person once",
			probe{table: "withholding_item", sql: oneLiveItemSQL},
			probe{table: "payment_item", sql: onePaymentSQL},
		),
		invariant("I20", "every item stands in one file, as the registry knew its member",
			probe{table: "withholding_item", looks: []string{"withholding_item", "mandate"}, sql: itemRegistrySQL},
			probe{
				table: "account_opening", looks: []string{"account_opening", "account_opening_item"},
				sql: openingItemsSQL,
			},
			probe{table: "payment_item", looks: []string{"payment_item", "instrument"}, sql: payeeSQL},
		),
		invariant("screens", "who is paid is entitled, alive and not held, as was known at the release",
			probe{table: "roster_line", looks: []string{"roster_line", "entitlement"}, sql: entitledLineSQL},
			probe{table: "roster", looks: []string{"death_notice", "payment_hold", "sentence"}, sql: heldLineSQL()},
			probe{table: "payment_item", looks: []string{"payment_item", "release_hit"}, sql: screenedSQL()},
			probe{
				table: "benefit_due",
				looks: []string{"benefit_due", "benefit_due_month", "due_list", "due_list_line", "due_list_approved", "recovery_line"},
				sql:   duesSQL,
			},
			probe{table: "benefit_due", looks: []string{"benefit_due_ended", "due_end_approved"}, sql: dueEndedSQL},
			probe{table: "payment_item", looks: []string{"benefit_due"}, sql: dueLineSQL},
			probe{
				table: "benefit_due", looks: []string{"payment_item", "benefit_due_month", "entitlement", "recovery_line"},
				sql: paidTogetherSQL,
			},
		),
		invariant("suspense", "what waits in suspense and in transit waits by name",
			probe{table: "posting", looks: []string{"arrival_suspense", "payment_return"}, sql: suspenseSQL()},
			probe{table: "payment_batch", looks: []string{"payment_batch"}, sql: transitSQL()},
		),
	}
}

// settled is every item and receipt that an agreement has posted so far: cause,
// its place in the agreement's order, and what its lines must say. Lines that
// recognise money from suspense move no bank account.
const settled = `
	select g.area, i.id as cause, w.id as at, g.id as agreement, i.batch_id as batch, i.member_id as member, i.year,
	       i.amount, case when g.from_suspense then null else g.fund_account end as account, g.from_suspense,
	       'individual' as part, case when g.from_suspense then 'recognition' else 'contribution' end as kind
	  from agreement g
	  join agreement_progress r on r.area = g.area and r.agreement_id = g.id
	  join answer w on w.area = g.area and w.batch_id = g.subject_id and w.disposition = 'recorded'
	       and w.outcome = 'succeeded' and w.id > g.after_answer and w.id <= least(r.posted_upto, g.upto_answer)
	  join withholding_item i on i.area = w.area and i.id = w.item_id
	 where ($1 = 0 or g.area = $1) and g.subject = 'batch'
	union all
	select g.area, c.id, c.id, g.id, null, c.member_id, c.year, c.amount,
	       case when g.from_suspense then null else g.fund_account end, g.from_suspense,
	       'individual', case when g.from_suspense then 'recognition' else 'contribution' end
	  from agreement g
	  join agreement_progress r on r.area = g.area and r.agreement_id = g.id
	  join terminal_day d on d.area = g.area and d.id = g.subject_id
	  join counter_receipt c on c.area = d.area and c.bank = d.bank and c.terminal = d.terminal and c.paid_on = d.day
	       and c.fund_account = d.fund_account and c.id > g.after_answer and c.id <= least(r.posted_upto, g.upto_answer)
	 where ($1 = 0 or g.area = $1) and g.subject = 'terminal_day'
	union all
	select g.area, l.id, l.id, g.id, null, nullif(l.member_id, 0), l.year, l.amount,
	       case when g.from_suspense then null else g.fund_account end, g.from_suspense, k.part,
	       case when g.from_suspense then 'recognition' when k.kind = 'government' then 'government_paid'
	           else 'contribution' end
	  from agreement g
	  join agreement_progress r on r.area = g.area and r.agreement_id = g.id
	  join contribution_list k on k.area = g.area and k.id = g.subject_id
	  join contribution_line l on l.area = k.area and l.list_id = k.id and l.id > g.after_answer
	       and l.id <= least(r.posted_upto, g.upto_answer)
	 where ($1 = 0 or g.area = $1) and g.subject = 'list'`

// An item within the chosen amount has an income line and an account line; one
// above it stands in suspense with a refund task, or stays there where it was.
func settledSQL() string {
	return `
	with settled as (` + settled + `),
	lines as (
		select p.area, p.cause_id as cause, min(p.entry_id) as entry, count(distinct p.entry_id) as entries,
		       count(*) filter (where p.role like 'contribution%') as income,
		       count(*) filter (where p.role = 'suspense') as suspense,
		       count(*) filter (where p.role like 'personal%') as personal, count(*) as n,
		       min(split_part(p.role, '_', 2)) filter (where p.role <> 'suspense') as part,
		       max(split_part(p.role, '_', 2)) filter (where p.role <> 'suspense') as part2, min(p.kind) as kind,
		       bool_and(p.side = 'credit' and not p.red) as credits, min(p.amount) as least, max(p.amount) as most,
		       min(p.member_id) as member, max(p.member_id) as member2, count(p.member_id) as members,
		       min(p.year) as year, max(p.year) as year2, count(p.year) as years, min(p.batch_id) as batch, max(p.batch_id) as batch2,
		       count(p.batch_id) as batches,
		       max(p.fund_account) filter (where p.role not like 'personal%') as account,
		       max(p.fund_account) filter (where p.role like 'personal%') as memo_account
		  from posting p
		 where ($1 = 0 or p.area = $1) and p.nature = 'item' and not p.reversal
		   and p.kind in ('contribution', 'recognition', 'government_paid') and not (p.kind = 'recognition' and exists (
		       select from refund_task t join refund_paid x on x.area = t.area and x.refund_id = t.id and x.way = 'credited'
		        where t.area = p.area and t.cause_id = p.cause_id)) group by 1, 2),
	told as (
		select coalesce(s.area, l.area) as area, coalesce(l.entry, 0) as entry, coalesce(s.cause, l.cause) as cause,
		    case
		       when s.cause is null then 'posts item ' || l.cause || ', which no agreement settled'
		       when l.cause is null and not (s.from_suspense and t.id is not null)
		            then 'item ' || s.cause || ' of ' || ` + yuan("s.amount") + ` || ' is settled by agreement '
		                || s.agreement
		                 || ' and has no posting'
		       when l.cause is null then null
		       when l.entries <> 1 then 'item ' || s.cause || ' is posted by ' || l.entries || ' entries'
		       when t.id is not null and s.from_suspense
		            then 'item ' || s.cause || ' is to be given back from suspense and is posted all the same'
		       when not l.credits or case when t.id is null
		                 then (l.income, l.suspense, l.personal, l.n) is distinct from (1, 0, 1, 2)
		                 else (l.income, l.suspense, l.personal, l.n) is distinct from (0, 1, 0, 1) end
		            then 'item ' || s.cause || ' has not the lines of an item that is '
		                 || case when t.id is null then 'taken in' else 'to be given back' end
		       when t.id is null and (l.part, l.part2) is distinct from (s.part, s.part)
		            then 'item ' || s.cause || ' is posted to another part of the account than ' || s.part
		       when l.kind <> case when t.id is null then s.kind else 'contribution' end
		            then 'item ' || s.cause || ' is posted as ' || l.kind
		       when l.least <> s.amount or l.most <> s.amount
		            then 'item ' || s.cause || ' of ' || ` + yuan("s.amount") + ` || ' is posted with '
		                || ` + yuan("l.least") + `
		       when (l.member, l.member2, l.members) is distinct from (s.member, s.member, case when s.member is null then 0 else l.n end)
		            or (l.year, l.year2, l.years) is distinct from (s.year, s.year, l.n)
		            then 'item ' || s.cause || ' is posted to another member or year'
		       when (l.batch, l.batch2) is distinct from (s.batch, s.batch)
		            or l.batches <> case when s.batch is null then 0 else l.n end
		            then 'item ' || s.cause || ' is posted under another batch'
		       when l.account is distinct from s.account or l.memo_account is not null
		            then 'item ' || s.cause || ' is posted on another fund account'
		       when e.cause not like 'agreement:' || s.agreement || ':%'
		            then 'item ' || s.cause || ' of agreement ' || s.agreement || ' is posted by ' || e.cause
		       end as text
		  from settled s
		  full join lines l on l.area = s.area and l.cause = s.cause
		  left join entry e on e.area = l.area and e.id = l.entry
		  left join refund_task t on t.area = s.area and t.cause_id = s.cause)
	select area, entry, area || '/' || case when entry = 0 then 'item ' || cause else entry::text end, text
	  from told where text is not null`
}

func personalOpeningSQL() string {
	return `
	with parts as (
		select o.area, o.id as cause, o.member_id as member, u.role, u.amount, o.entered_at as at, o.entered_by as actor
		  from personal_opening o
		 cross join lateral (values ('personal_individual', o.individual), ('personal_collective', o.collective),
		       ('personal_subsidy', o.subsidy), ('personal_interest', o.interest)) as u (role, amount)
		 where ($1 = 0 or o.area = $1) and u.amount > 0),
	lines as (
		select area, cause_id as cause, role, min(entry_id) as entry, count(*) as n, sum(-(` + signed + `)) as amount,
		       min(member_id) as member, max(coalesce(batch_id, 0)) as batch, max(coalesce(fund_account, 0)) as account,
		       max(coalesce(year, 0)) as year
		  from posting where ($1 = 0 or area = $1) and nature = 'item' and kind = 'opening' and not reversal
		 group by 1, 2, 3)
	select coalesce(p.area, l.area), coalesce(l.entry, 0), coalesce(p.area, l.area) || '/'
	       || coalesce(l.entry::text, 'opening ' || p.cause), case
	       when p.cause is null then 'posts ' || l.role || ' of opening ' || l.cause || ', which nobody entered'
	       when l.cause is null then p.role || ' of ' || ` + yuan("p.amount") + ` || ' was entered and is not posted'
	       when (p.at, p.actor) is distinct from (e.booked_at, e.actor)
	            then p.role || ' of opening ' || p.cause
	                || ' was booked by another person or at another time than entered'
	       else p.role || ' of opening ' || p.cause || ' was entered as ' || ` + yuan("p.amount") + ` || ' for member '
	            || p.member || ' and is posted as ' || ` + yuan("l.amount") + ` end
	  from parts p
	  full join lines l on l.area = p.area and l.cause = p.cause and l.role = p.role
	  left join entry e on e.area = l.area and e.id = l.entry
	 where (p.amount, p.member, 1::bigint, 0::bigint, 0::bigint, 0, p.at, p.actor) is distinct from
	       (l.amount, l.member, l.n, l.batch, l.account, l.year::integer, e.booked_at, e.actor)`
}

// batchKinds are the kinds of entry that come through a bank's batch.
const batchKinds = `('contribution', 'recognition', 'unrecognised_receipt', 'bank_correction', 'payment_handover',
	'benefit', 'account_paid_out', 'transit_return', 'payment_return', 'reissue', 'return_unclaimed',
	'hand_payment')`

// A line that is no item's names no item's facts.
const directLineSQL = `
	select p.area, p.entry_id, p.area || '/' || p.entry_id || ' line ' || p.line, case
	       when p.cause_id is not null then 'is no item and names item ' || p.cause_id
	       when p.member_id is not null or p.year is not null then 'is no item and names a member or a year'
	       when p.batch_id is not null and p.kind not in ` + batchKinds + `
	            then 'names batch ' || p.batch_id || ', and no batch comes by an entry of kind ' || p.kind
	       else 'names a fund account, and ' || p.role || ' is none' end
	  from posting p
	 where ($1 = 0 or p.area = $1) and p.nature <> 'item'
	   and (p.cause_id is not null or p.member_id is not null or p.year is not null
	        or (p.batch_id is not null and p.kind not in ` + batchKinds + `)
	        or (p.fund_account is not null and p.role <> 'in_transit' and p.role not in ` + bankRoles + `))`

// paymentText is SQL for what an entry c of payment batch y with z.n payments says.
const paymentText = `case c.part when 'handover' then 'pensions handed to the bank, batch ' || y.batch_no
	else case c.part when 'benefit' then 'benefits' when 'account_paid_out' then 'personal accounts paid out'
	     when 'transit_return' then 'rejected, money back' when 'reissue' then 'paid again'
	     when 'payment_return' then 'returned' when 'hand_payment' then 'paid by hand' else 'returned and never claimed' end
	     || ' of batch ' || y.batch_no || ', ' || z.n || ' payments' end`

// refundDiffers is SQL that says that entry c is not the one of refund w that was paid.
const refundDiffers = `c.actor <> 'job' or c.booked_at <> w.paid_at
		                 or w.way <> 'credited' and c.effective_on <> c.accounted_on
		                 or w.way = 'credited' and not exists (select from refund_task t
		                     join contribution_line l on l.area = t.area and l.id = t.cause_id
		                     join agreement g on g.area = l.area and g.subject = 'list' and g.subject_id = l.list_id
		                     where t.area = w.area and t.id = w.refund_id and g.effective_on = c.effective_on)
		                 or c.text <> case when w.attempt > 1 then 'a contribution given back again' else case w.way when 'expenditure_account' then 'a contribution given back once, after its sweep'
		                     when 'credited' then 'a contribution credited to the member who was named for it'
		                     else 'a contribution given back by the channel that it came by' end end`

// causeSQL finds the fact behind every entry. A reversal's cause is the entry that
// it names. An entry whose cause no flow explains is a breach: a new flow says
// here what its causes are.
func causeSQL() string { //nolint:funlen // one query
	return `
	with caused as (
		select e.*, split_part(e.cause, ':', 1) as what,
		       case when split_part(e.cause, ':', 2) ~ '^[0-9]{1,18}$' then split_part(e.cause, ':',
		           2)::bigint end as fact,
		       split_part(e.cause, ':', 3) as part, case when e.cause ~ '^[a-z_]+:[0-9]+(:[0-9a-z_]+){0,2}$'
		           then 1 end as shaped
		  from entry e where ($1 = 0 or e.area = $1) and e.reverses is null),
	told as (
		select c.area, c.id, case
		       when c.shaped is null then 'is caused by "' || c.cause || '", which names no fact'
		       when c.what = 'agreement' then case
		            when g.id is null then 'is caused by agreement ' || c.fact || ', which does not exist'
		            when c.kind <> case when g.from_suspense then 'recognition' when g.subject = 'list'
		                      and c.kind = 'government_paid' then c.kind else 'contribution' end
		                 or c.scheme <> f.scheme or c.effective_on <> g.effective_on or c.accounted_on < g.business_day
		                 or c.actor <> 'job' or c.booked_at < g.agreed_at - ` + apart + `
		                 or c.text not like 'contributions of ' || g.subject || ' ' || g.subject_id || ', % items'
		                 then 'differs from agreement ' || g.id || ' in kind, scheme, a date, text or actor'
		            when s.at is null then 'begins with item ' || c.part || ', which agreement ' || g.id
		                || ' did not settle' end
		       when c.what = 'arrival' and c.part = '' then case
		            when a.id is null then 'is caused by arrival ' || c.fact || ', which is not in suspense'
		            when c.effective_on <> a.value_date or c.actor <> 'job' or c.accounted_on <> a.suspended_on
		                 or c.kind <> case a.direction when 'debit' then 'bank_correction'
		                     else 'unrecognised_receipt' end
		                 or c.text <> case a.direction when 'debit' then 'money that the bank took back'
		                     else 'arrived money that no result explains' end
		                 then 'differs from arrival ' || a.id || ' in kind, a date, text or actor' end
		       when c.what = 'fund_transfer' and c.part in ('', 'interest') then case
		            when x.id is null then 'is caused by fund transfer ' || c.fact || ', which is not booked' end
		       when c.what = 'opening_balance' and c.part = '' then case
		            when o.fund_account is null then 'is caused by an opening balance that nobody entered' end
		       when c.what = 'personal_opening' and c.part = '' then case
		            when n.id is null then 'is caused by a personal opening that nobody entered'
		            when c.kind <> 'opening' or c.actor <> n.entered_by or c.booked_at <> n.entered_at
		                 or c.text not like 'personal accounts at go-live: % members' or c.effective_on <> b.opened_on
		                 or c.accounted_on <> b.opened_on
		                 then 'differs from personal opening ' || n.id || ' in kind, a date, text or actor' end
		       when c.what = 'payment_batch' and c.part <> '' then case
		            when y.id is null then 'is caused by payment batch ' || c.fact || ', which does not exist'
		            when c.scheme <> y.scheme or c.kind <> case c.part when 'handover' then 'payment_handover' else c.part end
		                 or c.text <> ` + paymentText + `
		                 then 'differs from payment batch ' || y.id || ' in kind, scheme or text'
		            when c.part <> 'handover' and not coalesce(split_part(c.cause, ':', 4) = any(z.causes), false)
		                 then 'begins with payment ' || split_part(c.cause, ':', 4) || ', which it does not book'
		            when (hp.id is not null or c.part = 'hand_payment') and (hp.entered_by, hp.entered_at)
		                 is distinct from (c.actor, c.booked_at) then 'was booked by ' || c.actor || ' at ' || c.booked_at || ', who paid nothing by hand then'
		            when c.part = 'return_unclaimed' and not exists (select from return_unclaimed u where u.area = c.area
		                 and u.return_id::text = any(z.causes) and u.entered_by = c.actor and u.entered_at = c.booked_at)
		                 then 'was booked by ' || c.actor || ' at ' || c.booked_at
		                     || ', who did not give the money up then' end
		       when c.what = 'refund' and split_part(c.cause, ':', 4) = 'back' then case
		            when wb.refund_id is null then 'is caused by refund ' || c.fact || ', of which no such payment came back'
		            when c.effective_on <> wb.value_date or c.accounted_on <> wb.business_day or c.booked_at <> wb.approved_at
		                 or c.text <> 'a contribution given back, money back' or not exists (select from decision_request q
		                     where q.area = wb.area and q.id = wb.decision_id and c.actor = 'officer:' || q.maker)
		                 then 'differs from the money of refund ' || c.fact || ' that came back in a date, text or actor' end
		       when c.what = 'refund' then case
		            when w.refund_id is null or c.part = 'paid' and (w.way <> 'expenditure_account' or exists (
		                 select from refund_task t where t.area = w.area and t.id = w.refund_id)) then 'is caused by refund ' || c.fact || ', which was not paid so'
		            when ` + refundDiffers + ` then 'differs from refund ' || c.fact || ' in a date, text or actor' end
		       when c.what = 'interest_run' and c.part <> '' then ` + interestCauseSQL + `
		       when c.what = 'subsidy_run' and c.part <> '' then ` + subsidyCauseSQL + `
		       when c.what = 'published' then case
		            when not exists (select from audit a where a.area = c.area and a.action = 'book published total'
		                               and a.object = c.cause) then 'is a published total that nobody answers for'
		            when exists (select from posting p where p.area = c.area and p.entry_id = c.id
		                           and (p.nature <> 'direct' or p.member_id is not null or p.role like 'personal%'))
		                 then 'is a published total and touches a person' end
` + recoveryCauseSQL + `
` + transferCauseSQL + `
		       else 'is caused by "' || c.cause || '", and no flow causes such an entry' end as text
		  from caused c
		  left join agreement g on c.what = 'agreement' and g.area = c.area and g.id = c.fact
		  left join fund_account f on f.area = g.area and f.id = g.fund_account
		  left join (` + settled + `) s on c.what = 'agreement' and s.area = c.area and s.agreement = c.fact
		       and s.at::text = c.part
		  left join (select v.area, v.id, v.value_date, v.direction, s.business_day as suspended_on from arrival v
		               join arrival_suspense s on s.area = v.area and s.arrival_id = v.id) a
		       on c.what = 'arrival' and a.area = c.area and a.id = c.fact
		  left join fund_transfer x on c.what = 'fund_transfer' and x.area = c.area and x.id = c.fact
		       and x.state = 'booked'
		  left join opening_balance o on c.what = 'opening_balance' and o.area = c.area and o.fund_account = c.fact
		  left join payment_batch y on c.what = 'payment_batch' and y.area = c.area and y.id = c.fact
		  left join (select area, entry_id, count(distinct cause_id) as n, array_agg(distinct cause_id::text) as causes
		               from posting where ($1 = 0 or area = $1) and nature = 'item' and kind in ` + payKinds + ` group by 1, 2) z
		       on c.what = 'payment_batch' and z.area = c.area and z.entry_id = c.id
		  left join hand_payment hp on c.what = 'payment_batch' and hp.area = c.area
		       and hp.id::text = split_part(c.cause, ':', 4)
		  left join personal_opening n on c.what = 'personal_opening' and n.area = c.area and n.id = c.fact
		  left join refund_paid w on c.what = 'refund' and w.area = c.area and w.refund_id = c.fact
		       and c.cause = ` + refundCause("w") + ` || case when c.part = 'paid' then ':paid' else '' end
		  left join refund_returned wb on c.what = 'refund' and wb.area = c.area and wb.refund_id = c.fact
		       and c.cause = 'refund:' || wb.refund_id || ':' || wb.attempt || ':back'
		  left join interest_run_approved ir on c.what = 'interest_run' and ir.area = c.area and ir.run_id = c.fact
		  left join subsidy_run_approved sr on c.what = 'subsidy_run' and sr.area = c.area and sr.run_id = c.fact
		  left join book b on b.area = c.area and b.scheme = c.scheme)
	select area, id, area || '/' || id, text from told where text is not null`
}

func arrivalSuspenseSQL() string {
	return `
	select s.area, s.arrival_id, s.area || '/' || s.arrival_id, case
	       when v.id is null then 'names an arrival that does not exist'
	       when e.id is null then ` + yuan("v.amount") + ` || ' went to suspense and is not booked'
	       else 'is booked otherwise than it arrived' end
	  from arrival_suspense s
	  left join arrival v on v.area = s.area and v.id = s.arrival_id
	  left join fund_account f on f.area = v.area and f.id = v.fund_account
	  left join entry e on e.area = s.area and e.cause = 'arrival:' || s.arrival_id
	 where ($1 = 0 or s.area = $1) and (v.id is null or e.id is null or not exists (
	       select from posting p where p.area = e.area and p.entry_id = e.id
	       having count(*) = 2 and bool_and(p.amount = v.amount and p.nature = 'direct' and not p.red
	          and case p.side
	              when case v.direction when 'debit' then 'credit' else 'debit' end then p.role = f.role
	                  and p.fund_account = f.id
	              else p.role = 'suspense' and p.fund_account is null end)))`
}

func openingBalanceSQL() string {
	return `
	select o.area, o.fund_account, o.area || '/' || o.fund_account, case
	       when f.id is null then 'is the balance of an account that the area does not have'
	       when o.day <> f.opened_on - 1 then 'is of ' || o.day || ', and the account was opened on ' || f.opened_on
	       when e.id is null then 'of ' || ` + yuan("o.balance") + ` || ' is not booked'
	       else 'of ' || ` + yuan("o.balance") + ` || ' is booked otherwise' end
	  from opening_balance o
	  left join fund_account f on f.area = o.area and f.id = o.fund_account
	  left join entry e on e.area = o.area and e.cause = 'opening_balance:' || o.fund_account
	 where ($1 = 0 or o.area = $1) and (f.id is null or o.day <> f.opened_on - 1
	    or (o.balance = 0) <> (e.id is null)
	    or (o.balance > 0 and (e.kind <> 'opening' or e.scheme <> f.scheme or e.accounted_on <> f.opened_on
	        or e.effective_on <> f.opened_on or e.actor <> o.entered_by or e.booked_at <> o.entered_at
	        or e.text <> 'balance at go-live' or not exists (
	       select from posting p where p.area = e.area and p.entry_id = e.id
	       having count(*) = 2 and bool_and(p.amount = o.balance and p.nature = 'direct' and not p.red and case p.side
	              when 'debit' then p.role = f.role and p.fund_account = f.id
	              else p.role = 'fund_balance' and p.fund_account is null end)))))`
}

// A refund task is of something that was taken: by a batch's item, at a counter or by a list's line.
const refundTaskSQL = `
	select t.area, t.id, t.area || '/' || t.id, 'names item ' || t.cause_id
	       || ' with another member, year or amount than was taken, or one that was not'
	  from refund_task t
	  left join withholding_item i on i.area = t.area and i.id = t.cause_id
	  left join counter_receipt c on c.area = t.area and c.id = t.cause_id
	  left join contribution_line l on l.area = t.area and l.id = t.cause_id
	 where ($1 = 0 or t.area = $1) and (t.member_id, t.year, t.amount) is distinct from (
	       coalesce(i.member_id, c.member_id, l.member_id), coalesce(i.year, c.year, l.year),
	       coalesce(i.amount, c.amount, l.amount))
	union all
	select t.area, t.id, t.area || '/' || t.id, 'was opened on ' || t.opened_on || ', and its item was booked on '
	       || p.accounted_on
	  from refund_task t
	  join posting p on p.area = t.area and p.cause_id = t.cause_id and not p.reversal and p.kind = 'contribution'
	 where ($1 = 0 or t.area = $1) and t.opened_on <> p.accounted_on
	union all
	select t.area, t.id, t.area || '/' || t.id, 'is for item ' || t.cause_id || ', which did not succeed'
	  from refund_task t
	  join withholding_item i on i.area = t.area and i.id = t.cause_id
	 where ($1 = 0 or t.area = $1) and not exists (
	       select from answer a where a.area = i.area and a.item_id = i.id and a.disposition = 'recorded'
	          and a.outcome = 'succeeded')`

func aboveChosenSQL() string {
	return `
	select p.area, p.member_id, p.area || '/' || p.member_id || ' ' || p.year,
	       'paid ' || ` + yuan("p.amount") + ` || ' for the year and chose ' || coalesce(` + yuan("c.amount") + `,
	           'nothing')
	  from (select area, member_id, year, sum(-(` + signed + `)) as amount from posting
	         where ($1 = 0 or area = $1) and role = 'contribution_individual' and member_id is not null
	         group by 1, 2, 3) p
	  left join ` + chosenTier + ` c on c.area = p.area and c.year = p.year and c.member_id = p.member_id
	 where p.amount > coalesce(c.amount, 0)`
}

const tierOfNobodySQL = `
	select c.area, c.member_id, c.area || '/' || c.member_id || ' ' || c.year, 'was chosen by nobody in the registry'
	  from tier_choice c
	 where ($1 = 0 or c.area = $1) and not exists (
	       select from member m where m.area = c.area and m.id = c.member_id)`

// An amount is chosen anew in place of the one that held, later than it, and while nothing
// of the year stood in the book. An entry that is older than the change was seen by it.
const tierChangeSQL = `
	with change as (
		select n.*, lag(n.amount, 1, c.amount) over w as held, lag(n.chosen_on, 1, c.chosen_on) over w as before,
		       row_number() over w as place
		  from tier_change n
		  left join tier_choice c on c.area = n.area and c.year = n.year and c.member_id = n.member_id
		 where $1 = 0 or n.area = $1 window w as (partition by n.area, n.year, n.member_id order by n.ordinal)),
	judged as (
		select n.area, n.member_id, n.year, case
		       when n.ordinal <> n.place then 'stands as change ' || n.ordinal || ' and is number ' || n.place
		       when n.held is distinct from n.was then 'was changed from an amount that did not hold'
		       when n.chosen_on <= n.before then 'was changed by an older choice'
		       when (select sum(case when p.red then -p.amount else p.amount end) from posting p
		               join entry e on e.area = p.area and e.id = p.entry_id and e.booked_at < n.entered_at
		              where p.area = n.area and p.member_id = n.member_id and p.role = 'contribution_individual'
		                and p.year = n.year) > 0 then 'was changed after something was paid for the year' end as bad
		  from change n)
	select area, member_id, area || '/' || member_id || ' ' || year, bad from judged where bad is not null`

const onePayoutSQL = `
	select area, min(id), area || '/' || min(id), 'is one of ' || count(*) || ' accounts that member ' || member_id
	       || ' is paid to'
	  from instrument where ($1 = 0 or area = $1) and for_payout and ended_on is null
	 group by area, member_id having count(*) > 1`

// Attempts of a member and year are numbered, and each but the last had its final
// answer before the next was made: nothing is sent again while the bank may still
// debit it. Ids rise, and an answer is committed before a run can see it.
const oneLiveItemSQL = `
	with numbered as (
		select i.area, i.id, i.member_id, i.year, i.attempt,
		       row_number() over w as n, lead(i.id) over w as next
		  from withholding_item i where $1 = 0 or i.area = $1
		window w as (partition by i.area, i.member_id, i.year order by i.attempt, i.id))
	select n.area, n.id, n.area || '/' || n.id, case
	       when n.attempt <> n.n then 'is attempt ' || n.attempt || ' of member ' || n.member_id || ' for ' || n.year
	            || ' and stands as number ' || n.n
	       else 'is without a final answer, and item ' || n.next || ' asks for the same due' end
	  from numbered n
	 where n.attempt <> n.n or (n.next is not null and not exists (
	       select from answer a where a.area = n.area and a.item_id = n.id and a.disposition = 'recorded'
	          and a.id < n.next))`

const itemRegistrySQL = `
	select i.area, i.id, i.area || '/' || i.id, case
	       when b.id is null then 'is in batch ' || i.batch_id || ', which does not exist'
	       when i.year <> b.year then 'is for ' || i.year || ' in a batch for ' || b.year
	       when m.id is null or m.scheme <> b.scheme then 'is for a member who is not in the batch''s scheme'
	       when d.id is null or d.member_id <> i.member_id or d.bank <> b.bank or d.number <> i.mandate_no
	            then 'rests on mandate ' || i.mandate_id || ', which is not this member''s with this bank'
	       when n.id is null or n.account_no <> i.account_no then 'debits another account than its mandate names'
	       when coalesce(n.bank_no, k.bank_no) <> b.clearing_bank then 'is in a batch for another clearing bank'
	       else 'names another person than the registry does' end
	  from withholding_item i
	  left join withholding_batch b on b.area = i.area and b.id = i.batch_id
	  left join member m on m.area = i.area and m.id = i.member_id
	  left join mandate d on d.area = i.area and d.id = i.mandate_id
	  left join instrument n on n.area = d.area and n.id = d.instrument_id
	  left join bank k on k.area = b.area and k.bank = b.bank
	 where ($1 = 0 or i.area = $1) and (b.id is null or i.year <> b.year or m.id is null or m.scheme <> b.scheme
	    or d.id is null or d.member_id <> i.member_id or d.bank <> b.bank or d.number <> i.mandate_no
	    or n.id is null or n.account_no <> i.account_no or coalesce(n.bank_no, k.bank_no) is distinct
	        from b.clearing_bank
	    or m.id_number <> i.id_number or m.social_no <> i.social_no)`

const openingItemsSQL = `
	select o.area, o.id, o.area || '/' || o.id, 'has ' || coalesce(i.n, 0) || ' rows and says ' || o.item_count
	  from account_opening o
	  left join (select area, opening_id, count(*) as n, max(seq) as last from account_opening_item
	              where $1 = 0 or area = $1 group by 1, 2) i on i.area = o.area and i.opening_id = o.id
	 where ($1 = 0 or o.area = $1) and (coalesce(i.n, 0) <> o.item_count or i.last <> o.item_count)
	union all
	select i.area, i.opening_id, i.area || '/' || i.opening_id || ' row ' || i.seq,
	       case when o.id is null then 'stands in an opening that does not exist'
	            else 'is for a member who does not exist' end
	  from account_opening_item i
	  left join account_opening o on o.area = i.area and o.id = i.opening_id
	  left join member m on m.area = i.area and m.id = i.member_id
	 where ($1 = 0 or i.area = $1) and (o.id is null or m.id is null)`

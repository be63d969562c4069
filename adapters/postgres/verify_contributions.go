package postgres

// contributionChecks prove that lists are what was approved, and what went back.
func contributionChecks() []check {
	return []check{
		invariant("lists", "what others pay for members is what was approved; what is given back was taken, and goes back once",
			probe{
				table: "contribution_list", looks: []string{"contribution_list", "contribution_line"}, sql: listWholeSQL(),
			},
			probe{table: "contribution_list", sql: listDigestSQL},
			probe{table: "contribution_list_approved", looks: []string{"contribution_list_approved"}, sql: listVoucherSQL},
			probe{table: "contribution_line", looks: []string{"contribution_line"}, sql: listedTwiceSQL()},
			probe{table: "contribution_list_ended", sql: listEndedSQL},
			probe{table: "contribution_list_money", sql: listMoneySQL},
			probe{table: "contribution_claim", sql: claimSQL},
			probe{table: "refund_paid", looks: []string{"refund_paid", "refund_task"}, sql: refundPaidSQL()},
			probe{table: "refund_paid", sql: refundTwiceSQL()},
			probe{table: "refund_paid", sql: refundAgainSQL},
			probe{table: "refund_returned", sql: refundReturnedSQL()},
			probe{table: "refund_road", sql: refundRoadSQL()},
			probe{table: "posting", sql: redContributionSQL},
			probe{table: "posting", looks: []string{"posting", "death_notice", "member_end"}, sql: goneSQL()},
			probe{table: "refund_task", looks: []string{"refund_task"}, sql: goneTaskSQL},
		),
	}
}

// A list is the sum of its lines, for members of its scheme, on an account of it.
func listWholeSQL() string {
	return `
	with lines as (
		select l.area, l.list_id, count(*) as n, sum(l.amount) as amount,
		       count(*) filter (where l.stranger = '' and (m.id is null or m.scheme <> k.scheme)) as strangers,
		       count(*) filter (where l.stranger <> '') as nobodies,
		       count(*) filter (where l.year <> k.year) as others, count(distinct l.member_id) as members,
		       count(*) filter (where l.category = '') as unexplained
		  from contribution_line l
		  left join contribution_list k on k.area = l.area and k.id = l.list_id
		  left join member m on m.area = l.area and m.id = l.member_id
		 where $1 = 0 or l.area = $1 group by 1, 2)
	select coalesce(k.area, l.area), coalesce(k.id, l.list_id), coalesce(k.area, l.area) || '/' || coalesce(k.id, l.list_id),
	       case
	       when k.id is null then 'has lines and does not exist'
	       when (k.line_count, k.amount) is distinct from (l.n, l.amount) then 'is of ' || k.line_count || ' lines and '
	            || ` + yuan("k.amount") + ` || '; its lines are ' || coalesce(l.n, 0) || ' and '
	            || ` + yuan("coalesce(l.amount, 0)") + `
	       when l.strangers > 0 then 'pays for somebody who is no member of ' || k.scheme
	       when l.nobodies > 0 and not k.suspends then 'pays for somebody who is not named, and does not say that such lines wait'
	       when k.suspends and k.kind <> 'tax' then 'lets lines wait in suspense, and is not of the tax authority'
	       when l.others > 0 then 'pays for another year than ' || k.year
	       when l.members <> l.n and k.kind <> 'tax' then 'pays for a member twice'
	       when l.unexplained > 0 and k.kind = 'government' then 'does not say why the government pays'
	       when q.id is null then 'was never asked for'
	       when f.id is null then 'is paid on an account that its money does not arrive on'
	       else 'was asked for by ' || k.asked_by || ' at ' || k.asked_at || ', and its decision by ' || q.maker || ' at ' || q.made_at end
	  from (select * from contribution_list where $1 = 0 or area = $1) k
	  full join lines l on l.area = k.area and l.list_id = k.id
	  left join fund_account f on f.area = k.area and f.id = k.fund_account and f.scheme = k.scheme and case k.kind
	       when 'government' then f.role = 'fiscal_special' when 'tax' then f.role in ('treasury', 'fiscal_special')
	       when 'relative' then f.role = 'income' else f.role in ('income', 'fiscal_special') end
	  left join lateral (select min(d.id) as id, min(d.maker) as maker, min(d.made_at) as made_at from decision_request d
	       where d.area = k.area and d.kind = 'contribution_list' and d.subject_id = k.id
	         and d.document_digest = k.digest and d.document = k.document having count(*) > 0) q on true
	 where k.id is null or (k.line_count, k.amount) is distinct from (l.n, l.amount) or l.strangers > 0 or l.others > 0
	    or (l.nobodies > 0 and not k.suspends) or (k.suspends and k.kind <> 'tax') or (l.members <> l.n and k.kind <> 'tax') or (l.unexplained > 0 and k.kind = 'government') or q.id is null
	    or f.id is null or q.maker <> k.asked_by or q.made_at <> k.asked_at`
}

// What was approved is what the lines say: the digest that the decision names is theirs.
const listDigestSQL = `
	select k.area, k.id, k.area || '/' || k.id, 'has the SHA-256 ' || encode(k.digest, 'hex') || '; what it says has '
	       || encode(d.digest, 'hex')
	  from contribution_list k
	 cross join lateral (
	       select sha256(string_agg(u.part, ''::bytea order by u.place, u.line)) as digest from (
	            select 0 as place, 0 as line, convert_to('27:twoline contribution list 1' || chr(10)
	                   || string_agg(octet_length(t.s) || ':' || t.s || chr(10), '' order by t.at), 'UTF8')
	                   || int8send(k.year::bigint) || int8send(k.fund_account) as part
	              from unnest(array[lpad(k.area::text, 6, '0'), k.kind, k.scheme, k.payer, k.document])
	                   with ordinality as t (s, at)
	            union all
	            select 1, l.line, int8send(l.line::bigint) || int8send(l.member_id) || int8send(l.amount)
	                   || convert_to(octet_length(l.category) || ':' || l.category || chr(10) || case when l.stranger = '' then ''
	                      else octet_length(l.stranger) || ':' || l.stranger || chr(10) end, 'UTF8')
	              from contribution_line l where l.area = k.area and l.list_id = k.id
	            union all
	            select 2, 0, convert_to('22:suspends unknown lines' || chr(10), 'UTF8') where k.suspends) u) d
	 where ($1 = 0 or k.area = $1) and d.digest is distinct from k.digest`

const listVoucherSQL = `
	select a.area, a.list_id, a.area || '/' || a.list_id, case
	       when k.id is null then 'approves a list that does not exist'
	       when k.kind <> a.kind or k.document <> a.document then 'approves another kind or document than was asked for'
	       else 'names treasury voucher ' || a.document || ', which is of another list' end
	  from contribution_list_approved a
	  left join contribution_list k on k.area = a.area and k.id = a.list_id
	 where ($1 = 0 or a.area = $1) and (k.id is null or k.kind <> a.kind or k.document <> a.document
	    or (a.kind = 'tax' and not exists (select from contribution_list_ended e where e.area = a.area and e.list_id = a.list_id)
	        and exists (
	            select from contribution_list_approved o where o.area = a.area and o.document = a.document and o.kind = 'tax'
	               and o.list_id < a.list_id and not exists (
	                   select from contribution_list_ended e where e.area = o.area and e.list_id = o.list_id))))`

// One payer's document pays for a member and year once, by lists of a kind. Collective aid of a year from 2014 on stays within the
// highest tier that the area had by its end.
func listedTwiceSQL() string {
	return `
	select l.area, max(l.id), l.area || '/' || max(l.id), 'is one of ' || count(*) || ' lines of ' || k.payer || ', ' || k.document
	       || ', for member ' || l.member_id || ' and ' || l.year
	  from contribution_list_approved a
	  join contribution_list k on k.area = a.area and k.id = a.list_id and k.kind <> 'tax'
	  join contribution_line l on l.area = k.area and l.list_id = k.id
	 where ($1 = 0 or a.area = $1) and not exists (
	       select from contribution_list_ended e where e.area = a.area and e.list_id = a.list_id)
	 group by l.area, l.member_id, l.year, k.kind, k.payer, k.document having count(*) > 1
	union all
	select p.area, p.member_id, p.area || '/' || p.member_id || ' ' || p.year, 'is credited ' || ` + yuan("p.amount") + `
	       || ' of collective aid for the year, and the highest tier is ' || ` + yuan("t.highest") + `
	  from (select area, member_id, year, sum(-(` + signed + `)) as amount from posting
	         where ($1 = 0 or area = $1) and role = 'contribution_collective' and member_id is not null and year >= 2014
	         group by 1, 2, 3) p
	 cross join lateral (
	       select max(translate(v.tier, ',.', '')::bigint) as highest from ` + heldRules + ` r
	        cross join lateral jsonb_array_elements_text(case jsonb_typeof(r.value) when 'array' then r.value else '[]' end) as v (tier)
	        where r.area = coalesce((select o.area from ` + heldRules + ` o where o.area = p.area
	               and o.rule = 'contribution_tiers' and o.effective_from <= make_date(p.year, 12, 31) limit 1), 0)
	          and r.rule = 'contribution_tiers' and r.effective_from <= make_date(p.year, 12, 31)) t
	 where p.amount > t.highest`
}

const listEndedSQL = `
	select e.area, e.list_id, e.area || '/' || e.list_id, case
	       when a.list_id is null then 'was ended and was never approved'
	       when g.id is not null then 'was ended, and agreement ' || g.id || ' posts it'
	       else 'was ended by ' || e.ended_by || ' at ' || e.ended_at || ', before it was approved' end
	  from contribution_list_ended e
	  left join contribution_list_approved a on a.area = e.area and a.list_id = e.list_id
	  left join agreement g on g.area = e.area and g.subject = 'list' and g.subject_id = e.list_id
	 where ($1 = 0 or e.area = $1) and (a.list_id is null or g.id is not null or e.ended_at < a.approved_at
	    or not exists (select from officer o where 'officer:' || o.login = e.ended_by))`

// Money is named for an approved list on the list's account; an agreement that took it
// is its last.
const listMoneySQL = `
	select n.area, n.arrival_id, n.area || '/' || n.arrival_id, case
	       when v.id is null then 'names an arrival that does not exist'
	       when k.id is null then 'names list ' || n.list_id || ', which is not paid on the arrival''s account'
	       when a.list_id is null then 'names list ' || n.list_id || ', which nobody approved'
	       when v.batch_id is not null or v.terminal_day is not null or v.direction = 'debit'
	            then 'is for money that was told for something else'
	       when s.arrival_id is not null then 'is for money that was named for a batch'
	       when g.id is not null then 'was named after agreement ' || g.id || ' took it'
	       else 'was named by ' || n.named_by || ' at ' || n.named_at || ', who may not, or before it arrived or was awaited' end
	  from contribution_list_money n
	  left join arrival v on v.area = n.area and v.id = n.arrival_id
	  left join contribution_list k on k.area = n.area and k.id = n.list_id and k.fund_account = v.fund_account
	  left join contribution_list_approved a on a.area = n.area and a.list_id = n.list_id
	  left join fund_account f on f.area = v.area and f.id = v.fund_account
	  left join lateral (select arrival_id from arrival_subject s where s.area = n.area and s.arrival_id = n.arrival_id
	                      limit 1) s on true
	  left join lateral (select g.id from contribution_list_money b
	       join agreement g on g.area = b.area and g.subject = 'list' and g.subject_id = b.list_id and g.upto_arrival >= b.id
	       where b.area = n.area and b.arrival_id = n.arrival_id and b.id < n.id and g.id < n.id limit 1) g on true
	 where ($1 = 0 or n.area = $1) and (v.id is null or k.id is null or a.list_id is null or v.batch_id is not null
	    or v.terminal_day is not null or v.direction = 'debit' or s.arrival_id is not null or g.id is not null
	    or n.named_by is distinct from 'bank:' || f.bank and not exists (select from officer o
	         where 'officer:' || o.login = n.named_by) or n.named_at < a.approved_at or n.named_at < v.reported_at)`

// A claim is of a contribution that stands, or stood, in the book.
const claimSQL = `
	select c.area, c.id, c.area || '/' || c.id, 'claims item ' || c.cause_id
	       || ' of another member, year, part or amount than was posted'
	  from contribution_claim c
	  left join posting p on p.area = c.area and p.cause_id = c.cause_id and p.role = 'contribution_' || c.part
	       and not p.red and not p.reversal
	 where ($1 = 0 or c.area = $1) and ((c.member_id, c.year, c.amount) is distinct from (p.member_id, p.year, p.amount))`

// What was paid is what was owed, out of the account that it came to and by the way of that account, by one
// entry of the lines of its sort.
func refundPaidSQL() string {
	return `
	with owed as (
		select t.area, t.id, t.cause_id, t.amount, true as suspense, '' as part, t.year, t.reason from refund_task t where $1 = 0 or t.area = $1
		union all
		select c.area, c.id, c.cause_id, c.amount, false, c.part, c.year, c.reason from contribution_claim c where $1 = 0 or c.area = $1)
	select x.area, x.refund_id, x.area || '/' || x.refund_id, case
	       when r.id is null then 'gives back what nobody is owed'
	       when x.amount <> r.amount then 'gives back ' || ` + yuan("x.amount") + ` || ' of ' || ` + yuan("r.amount") + `
	       when e.id is null then 'is paid, and no entry books it'
	       when x.attempt > 1 and x.way <> 'expenditure_account' then 'came back to an expenditure account, and is paid by ' || x.way
	       when (x.way, x.fund_account) is distinct from (o.way, o.fund_account) then 'is paid by ' || x.way || ' from fund account '
	            || coalesce(x.fund_account::text, 'none') || ', and goes back by ' || o.way || ' from ' || o.fund_account
	       else 'is booked otherwise than it says' end
	  from refund_paid x
	  left join owed r on r.area = x.area and r.id = x.refund_id
	  left join lateral (select coalesce(w.fund_account, o.fund_account) as fund_account, w.member_id, case
	       when w.fund_account is null then f.role when r.suspense or x.attempt > 1 then 'expenditure' else 'suspense' end as role, case
	       when w.member_id is not null then 'credited' when w.fund_account is not null then 'expenditure_account' when f.role = 'income' then 'original_channel'
	       when f.role = 'treasury' or o.list = 'tax' then 'tax_authority' else 'finance_bureau' end as way
	       from ` + takenOn + ` o join fund_account f on f.area = r.area and f.id = o.fund_account
	       ` + refundRoad("x.paid_at") + ` w on true) o on true
	  left join entry e on e.area = x.area and e.cause = ` + refundCause("x") + ` and e.reverses is null
	 where ($1 = 0 or x.area = $1) and (r.id is null or x.amount <> r.amount or e.id is null
	    or x.attempt > 1 and x.way <> 'expenditure_account'
	    or (x.way, x.fund_account) is distinct from (o.way, o.fund_account)
	    or o.way = 'credited' and (not r.suspense or r.reason not in ('unknown_member', 'tier_not_chosen') or not exists (
	       select from posting p where p.area = e.area and p.entry_id = e.id and e.kind = 'recognition'
	       having count(*) = 4 and bool_and(p.amount = x.amount and not p.red and case when p.role in ('suspense', 'personal_control')
	              then p.side = 'debit' else p.side = 'credit' and p.member_id = o.member_id and p.cause_id = r.cause_id
	                   and p.year = r.year and p.role in ('contribution_individual', 'personal_individual') end)))
	    or (o.way <> 'credited' and not exists (
	       select from posting p where p.area = e.area and p.entry_id = e.id
	       having count(*) = case when r.suspense or x.attempt > 1 then 2 else 4 end and bool_and(p.amount = x.amount and case
	              when p.role = o.role then p.side = 'credit' and not p.red
	                   and (p.fund_account = x.fund_account or p.role = 'suspense' and p.fund_account is null)
	              when r.suspense or x.attempt > 1 then p.role = 'suspense' and not p.red and p.kind =
	                   case when x.attempt > 1 then 'reissue' else case o.way when 'expenditure_account' then 'account_paid_out' else 'unrecognised_return' end end
	              when p.role = 'personal_control' then p.red
	              else p.kind = 'contribution_refund' and p.red and p.cause_id = r.cause_id
	                   and p.role in ('contribution_' || r.part, 'personal_' || r.part) end))
	       or o.way = 'expenditure_account' and not r.suspense and x.attempt = 1 and not exists (
	       select from entry y join posting p on p.area = y.area and p.entry_id = y.id
	        where y.area = x.area and y.cause = 'refund:' || x.refund_id || ':paid' and y.kind = 'account_paid_out'
	       having count(*) = 2 and bool_and(p.amount = x.amount and not p.red and case p.role
	              when 'suspense' then p.side = 'debit' else p.role = 'expenditure' and p.fund_account = x.fund_account end))))`
}

// What was taken once goes back once: as a task out of suspense, or as a claim out of income. What the bank gave back
// did not go.
func refundTwiceSQL() string {
	return `
	select r.area, r.cause_id, r.area || '/' || r.cause_id, 'is given back ' || count(*) || ' times'
	  from (select area, id, cause_id from refund_task where $1 = 0 or area = $1
	        union all select area, id, cause_id from contribution_claim where $1 = 0 or area = $1) r
	  join refund_paid x on x.area = r.area and x.refund_id = r.id and x.way <> 'credited' and ` + refundStands("x") + `
	 group by r.area, r.cause_id having count(*) > 1`
}

// The payments of a refund are numbered from 1, and each follows the return of the one before.
const refundAgainSQL = `
	select x.area, x.refund_id, x.area || '/' || x.refund_id || ' ' || x.attempt, case
	       when b.refund_id is null then 'is paid again, and payment ' || x.attempt - 1 || ' did not come back'
	       else 'is paid again at ' || x.paid_at || ', before payment ' || b.attempt || ' came back' end
	  from refund_paid x
	  left join refund_returned b on b.area = x.area and b.refund_id = x.refund_id and b.attempt = x.attempt - 1
	 where ($1 = 0 or x.area = $1) and x.attempt > 1 and (b.refund_id is null or b.approved_at >= x.paid_at)`

// What came back is what an expenditure account had paid, whole, to that account, and waits in suspense from then on. It
// asks for the next payment.
func refundReturnedSQL() string {
	return `
	select b.area, b.refund_id, b.area || '/' || b.refund_id || ' ' || b.attempt, case
	       when x.refund_id is null then 'came back of a payment that was not made'
	       when x.way <> 'expenditure_account' then 'came back of what was paid by ' || x.way
	       when (b.fund_account, b.amount) is distinct from (x.fund_account, x.amount) then ` + yuan("b.amount") + ` || ' came back to fund account '
	            || b.fund_account || ', and ' || ` + yuan("x.amount") + ` || ' left ' || x.fund_account
	       when p.accounted_on is null or b.value_date < p.accounted_on or b.business_day is distinct from e.accounted_on
	            then 'came back on ' || b.value_date || ', booked on ' || coalesce(e.accounted_on::text, 'no day') || ', and was sent on '
	            || coalesce(p.accounted_on::text, 'no day')
	       when q.id is null then 'came back under another number or day than was asked for'
	       when t.area is not null then 'came back by number ' || b.bank_reference || ', which is other money'
	       when not c.asks then 'came back, and no case asks for its next payment'
	       else 'is booked otherwise than it came back' end
	  from refund_returned b
	  left join refund_paid x on x.area = b.area and x.refund_id = b.refund_id and x.attempt = b.attempt
	  left join entry p on p.area = x.area and p.cause = ` + refundCause("x") + ` and p.reverses is null
	  left join entry e on e.area = b.area and e.cause = 'refund:' || b.refund_id || ':' || b.attempt || ':back' and e.reverses is null
	  left join decision_request q on q.area = b.area and q.id = b.decision_id and q.bank_reference = b.bank_reference
	       and q.value_date = b.value_date
	  left join lateral (select k.area from member_transfer_receipt k where k.area = b.area and k.fund_account = b.fund_account
	       and k.bank_reference = b.bank_reference limit 1) t on true
	 cross join lateral (select exists (select from exception_case c where c.area = b.area and c.kind = 'refund_returned'
	       and c.subject = 'refund:' || b.refund_id || ':' || b.attempt) as asks) c
	 where ($1 = 0 or b.area = $1) and (x.refund_id is null or x.way <> 'expenditure_account' or t.area is not null or q.id is null
	    or (b.fund_account, b.amount) is distinct from (x.fund_account, x.amount) or not c.asks
	    or p.accounted_on is null or b.value_date < p.accounted_on or b.business_day is distinct from e.accounted_on
	    or e.kind is distinct from 'payment_return' or not exists (
	       select from posting n where n.area = e.area and n.entry_id = e.id
	       having count(*) = 2 and bool_and(n.amount = b.amount and not n.red and n.nature = 'direct' and case n.side
	              when 'debit' then n.role = 'expenditure' and n.fund_account = b.fund_account
	              else n.role = 'suspense' and n.fund_account is null end)))`
}

// A road is of a refund, chosen by a request of it, and names an expenditure account of its scheme for money that came
// to an income account.
func refundRoadSQL() string {
	return `
	select n.area, n.refund_id, n.area || '/' || n.refund_id || ' ' || n.number, case
	       when r.id is null then 'is the road of a refund that nobody is owed'
	       when n.number <> n.place then 'is road ' || n.number || ' of the refund, and number ' || n.place
	       when q.id is null then 'was chosen by no request of the refund'
	       when n.member_id is not null and (m.id is null or r.member_id not in (0, m.id))
	            then 'credits member ' || n.member_id || ', whose the money is not'
	       when x.stands then 'was chosen at ' || n.asked_at || ', when the refund was paid'
	       else 'leads over fund account ' || n.fund_account || ', which may not give it back' end
	  from (select *, row_number() over (partition by area, refund_id order by asked_at) as place from refund_road
	         where $1 = 0 or area = $1) n
	  left join (select area, id, cause_id, member_id from refund_task union all
	             select area, id, cause_id, member_id from contribution_claim) r on r.area = n.area and r.id = n.refund_id
	  left join decision_request q on q.area = n.area and q.kind = 'refund' and q.subject_id = n.refund_id
	       and q.maker = n.asked_by and q.made_at = n.asked_at and q.document = n.document
	  left join lateral (select b.refund_id is null as stands from refund_paid x
	       left join refund_returned b on b.area = x.area and b.refund_id = x.refund_id and b.attempt = x.attempt
	            and b.approved_at < n.asked_at
	       where x.area = n.area and x.refund_id = n.refund_id and x.paid_at < n.asked_at
	       order by x.attempt desc limit 1) x on true
	  left join lateral (select f.role, f.scheme from ` + takenOn + ` k
	       join fund_account f on f.area = r.area and f.id = k.fund_account) k on true
	  left join fund_account f on f.area = n.area and f.id = n.fund_account and f.role = 'expenditure'
	       and f.scheme = k.scheme and k.role = 'income'
	  left join member m on m.area = n.area and m.id = n.member_id and m.scheme = k.scheme
	 where r.id is null or n.number <> n.place or q.id is null or x.stands
	    or n.member_id is not null and (m.id is null or r.member_id not in (0, m.id))
	    or n.fund_account is not null and f.id is null`
}

// A contribution leaves the book by a refund only.
const redContributionSQL = `
	select p.area, p.entry_id, p.area || '/' || p.entry_id || ' line ' || p.line, 'takes back a contribution that no refund pays'
	  from posting p
	  join entry e on e.area = p.area and e.id = p.entry_id
	 where ($1 = 0 or p.area = $1) and p.kind = 'contribution_refund' and not p.reversal and not exists (
	       select from refund_paid x where x.area = p.area and e.cause = 'refund:' || x.refund_id)`

// Nothing is credited to who left, and what was taken after a death that stands reported goes
// back or is claimed. A payment of the day on which a membership ended may be older than its end.
func goneSQL() string {
	return `
	select p.area, p.entry_id, p.area || '/' || p.entry_id || ' line ' || p.line, 'credits member ' || p.member_id
	       || ', who left on ' || e.business_day
	  from member_end e
	  join posting p on p.area = e.area and p.member_id = e.member_id and p.nature = 'item' and not p.red
	       and p.role in ('contribution_individual', 'contribution_collective') and not p.reversal
	  left join member_returned r on r.area = e.area and r.member_id = e.member_id and r.nth = e.nth
	 where ($1 = 0 or e.area = $1) and p.accounted_on > e.business_day and (r.area is null or p.accounted_on < r.business_day)
	union all
	select p.area, p.entry_id, p.area || '/' || p.entry_id || ' line ' || p.line, 'took from member ' || p.member_id || ' on '
	       || k.day || ', after the death on ' || d.died_on || ', and nobody claims it back'
	  from (select x.area, x.member_id, min(x.died_on) as died_on from death_notice x
	         where ($1 = 0 or x.area = $1) and not exists (
	               select from death_withdrawn y where y.area = x.area and y.notice_id = x.id) group by 1, 2) d
	  join ` + takenFor + ` k on k.area = d.area and k.member_id = d.member_id and k.day > d.died_on
	  join posting p on p.area = k.area and p.cause_id = k.id and ` + claimable
}

// A task says why money of a member goes back, and that it is so.
const goneTaskSQL = `
	select t.area, t.id, t.area || '/' || t.id, case t.reason when 'member_left' then 'says that member ' || t.member_id
	       || ' left, who did not' when 'unknown_member' then 'says that nobody was named for it, and names member ' || t.member_id
	       else 'says that member ' || t.member_id || ' died, and nobody reported it' end
	  from refund_task t
	 where ($1 = 0 or t.area = $1) and case t.reason
	       when 'member_left' then not exists (select from member_end e where e.area = t.area and e.member_id = t.member_id)
	       when 'unknown_member' then t.member_id <> 0
	       when 'member_died' then not exists (
	            select from death_notice x where x.area = t.area and x.member_id = t.member_id)
	       else false end`

package postgres

// heirsItem is SQL that says of a payment or a roster's line that it is due to who comes after
// the member.
func heirsItem(alias string) string { return alias + `.cause` + heirsCause }

// What is owed once rests on what two people decided, and says what that said: the
// difference of a month once, over all lists.
const duesSQL = `
	with due as materialized (select * from benefit_due where $1 = 0 or area = $1),
	sums as materialized (
		select d.area, d.id, coalesce(sum(n.entitled - n.was) filter (where n.component = 'base_pension'), 0) as base,
		       coalesce(sum(n.entitled - n.was) filter (where n.component = 'account_pension'), 0) as account
		  from due d left join benefit_due_month n on n.area = d.area and n.due_id = d.id group by 1, 2),
	listed as materialized (
		select l.area, l.list_id, l.member_id,
		       coalesce(sum(l.entitled - l.was) filter (where l.component = 'base_pension'), 0) as base,
		       coalesce(sum(l.entitled - l.was) filter (where l.component = 'account_pension'), 0) as account
		  from due_list_line l join due_list_approved a on a.area = l.area and a.list_id = l.list_id
		 where ($1 = 0 or l.area = $1) and l.entitled > l.was group by 1, 2, 3),
	lowered as materialized (
		select k.area, k.member_id, l.month, v.component, l.found_at, sum(v.amount) as amount
		  from recovery_case k
		  join recovery_line l on l.area = k.area and l.case_id = k.id
		 cross join lateral (values ('base_pension', l.base_pension), ('account_pension', l.account_pension)) as v (component, amount)
		 where ($1 = 0 or k.area = $1) and k.reason = 'lowered' and v.amount <> 0 group by 1, 2, 3, 4, 5)
	select d.area, d.id, d.area || '/' || d.id, 'owes member ' || d.member_id || ' by ' || d.cause || ' another sum than its months'
	  from due d join sums s on s.area = d.area and s.id = d.id
	 where d.cause ~ '^(difference|resumption|arrears):' and (s.base, s.account, 0::bigint, 0::bigint) is distinct from
	       (d.base_pension::numeric, d.account_pension::numeric, d.funeral_grant, d.one_off)
	union all
	select coalesce(d.area, l.area), coalesce(d.id, l.list_id), coalesce(d.area, l.area) || '/' || coalesce(d.id, l.list_id),
	       'owes member ' || coalesce(d.member_id, l.member_id) || ' by a list of differences what '
	       || case when l.area is null then 'no approved list says' else 'the approved list does not say' end
	  from (select *, split_part(cause, ':', 2)::bigint as list_id from due where cause like 'difference:%') d
	  full join listed l on l.area = d.area and l.list_id = d.list_id and l.member_id = d.member_id
	 where l.area is null or d.area is null or l.base <> d.base_pension or l.account <> d.account_pension
	union all
	select n.area, n.due_id, n.area || '/' || n.due_id, 'owes ' || n.component || ' of ' || n.month || ' from ' || n.was
	       || ' fen on, and an earlier due came to ' || p.entitled
	  from (select n.*, d.member_id from benefit_due_month n join due d on d.area = n.area and d.id = n.due_id) n
	  join (select n.*, d.member_id from benefit_due_month n join due d on d.area = n.area and d.id = n.due_id) p
	    on p.area = n.area and p.member_id = n.member_id and p.month = n.month and p.component = n.component
	   and p.due_id < n.due_id and p.entitled > n.was + coalesce((select sum(x.amount) from lowered x where x.area = n.area
	       and x.member_id = n.member_id and x.month = n.month and x.component = n.component), 0)
	 where not exists (select from benefit_due_ended x where x.area = p.area and x.due_id = p.due_id)
	union all
	select d.area, d.id, d.area || '/' || d.id, 'goes to instrument ' || d.instrument_id || ', which is not of member '
	       || d.member_id
	  from due d left join instrument i on i.area = d.area and i.id = d.instrument_id
	 where d.instrument_id is not null and i.member_id is distinct from d.member_id
	union all
	select l.area, l.id, l.area || '/list ' || l.id, 'sums to another amount than its lines'
	  from due_list l
	  left join (select area, list_id, sum(entitled - was) filter (where entitled > was) as amount,
	                    count(distinct member_id) filter (where entitled > was) as members,
	                    count(distinct (member_id, month)) filter (where entitled > was) as months,
	                    sum(was - entitled) filter (where entitled < was) as recovered_amount,
	                    count(distinct member_id) filter (where entitled < was) as recovered
	               from due_list_line where $1 = 0 or area = $1 group by 1, 2) n on n.area = l.area and n.list_id = l.id
	 where ($1 = 0 or l.area = $1)
	   and (l.amount, l.members, l.months, l.recovered_amount, l.recovered) is distinct from
	       (coalesce(n.amount, 0)::bigint, coalesce(n.members, 0)::integer, coalesce(n.months, 0)::integer,
	        coalesce(n.recovered_amount, 0)::bigint, coalesce(n.recovered, 0)::integer)
	union all
	select coalesce(r.area, n.area), coalesce(r.member_id, n.member_id), coalesce(r.area, n.area) || '/member '
	       || coalesce(r.member_id, n.member_id), 'recovers ' || coalesce(r.amount, 0) || ' fen of ' || coalesce(r.component, n.component)
	       || ' of ' || to_char(coalesce(r.month, n.month), 'YYYY-MM') || ' that was lowered, and approved lists say '
	       || coalesce(n.amount, 0)
	  from lowered r
	  full join (
	       select l.area, l.member_id, l.month, l.component, a.approved_at, sum(l.was - l.entitled) as amount
	         from due_list_line l join due_list_approved a on a.area = l.area and a.list_id = l.list_id
	        where ($1 = 0 or l.area = $1) and l.entitled < l.was group by 1, 2, 3, 4, 5) n
	    on n.area = r.area and n.member_id = r.member_id and n.month = r.month and n.component = r.component
	   and n.approved_at = r.found_at
	 where r.amount is distinct from n.amount`

// A due ended by what may end one: two people, an heir's claim that took it up, or the end of the claim that
// made it. What two people ended no payment has.
const dueEndedSQL = `
	select x.area, x.due_id, x.area || '/' || x.due_id, 'ended by "' || x.document || '", and no decision, claim or notice ended it'
	  from benefit_due_ended x
	  join benefit_due d on d.area = x.area and d.id = x.due_id
	 where ($1 = 0 or x.area = $1)
	   and not exists (select from due_end_approved f where f.area = x.area and f.due_id = x.due_id
	       and d.cause ~ '^(difference|resumption):')
	   and not exists (select from estate_granted_due g where g.area = x.area and g.due_id = x.due_id)
	   and not (d.cause ~ '^(funeral|estate|arrears):' and exists (select from estate_granted_ended g
	       where g.area = x.area and g.claim_id = split_part(d.cause, ':', 2)::bigint))
	union all
	select f.area, f.due_id, f.area || '/' || f.due_id, 'was ended by decision ' || f.decision_id || case when x.due_id is null
	       then ', and is owed still' else ', and payment ' || p.id || ' pays it' end
	  from due_end_approved f
	  left join benefit_due_ended x on x.area = f.area and x.due_id = f.due_id
	  left join benefit_due d on d.area = f.area and d.id = f.due_id
	  left join lateral (select i.id from (select * from payment_item p where p.area = d.area and p.member_id = d.member_id
	       and p.month = d.month and p.cause = d.cause) i ` + leftSQL + ` limit 1) p on true
	 where ($1 = 0 or f.area = $1) and (x.due_id is null or p.id is not null)`

// What a roster or a payment has beside a month's pension is owed, and in full.
const dueLineSQL = `
	with line as (
		select l.area, l.roster_id as at, l.area || '/' || l.roster_id as name, l.member_id, l.month, l.cause,
		       l.base_pension, l.account_pension, l.funeral_grant, l.one_off
		  from roster_line l where ($1 = 0 or l.area = $1) and l.cause not in ('regular', 'child_linked')
		union all
		select i.area, i.id, i.area || '/' || i.id, i.member_id, i.month, i.cause, i.base_pension, i.account_pension,
		       i.funeral_grant, i.one_off
		  from payment_item i where ($1 = 0 or i.area = $1) and i.cause <> 'regular')
	select l.area, l.at, l.name, 'pays member ' || l.member_id || ' for ' || l.cause || case when d.id is null
	       then ', which is not owed' else ', and not what is owed' end
	  from line l
	  left join benefit_due d on d.area = l.area and d.member_id = l.member_id and d.cause = l.cause and d.month = l.month
	 where d.id is null or (l.base_pension, l.account_pension, l.funeral_grant, l.one_off) is distinct from
	       (d.base_pension, d.account_pension, d.funeral_grant, d.one_off)`

// leftSQL joins to payment i that it left, and neither failed, came back nor was recalled, or that
// its claim was paid by hand.
const leftSQL = `join payment_batch b on b.area = i.area and b.id = i.batch_id and b.state <> 'withdrawn'
		  join pay_run r on r.area = b.area and r.id = b.run_id and r.state in ('released', 'closed')
		 where (not exists (select from answer a where a.area = i.area and a.item_id = i.id and a.disposition = 'recorded'
		          and a.outcome = 'failed') or ` + paidByHand + `)
		   and not ` + lostAgain

// A month and its dues together, as far as they left, and without what is recovered because it was lowered,
// never come to more than the most that was ever decided for it.
const paidTogetherSQL = `
	with once as materialized (
		select d.area, d.member_id, n.month, n.component, sum(n.entitled - n.was) as amount, max(n.entitled) as top,
		       min(d.id) as due
		  from benefit_due d join benefit_due_month n on n.area = d.area and n.due_id = d.id
		 where ($1 = 0 or d.area = $1) and exists (select from (
		       select * from payment_item p where p.area = d.area and p.member_id = d.member_id and p.month = d.month
		          and p.cause = d.cause) i ` + leftSQL + `)
		 group by 1, 2, 3, 4),
	paid as (
		select o.area, o.due, o.member_id, o.month, o.component, o.top, o.amount + coalesce((
		       select sum(case o.component when 'base_pension' then i.base_pension else i.account_pension end) from (
		              select * from payment_item p where p.area = o.area and p.member_id = o.member_id
		                 and p.month = o.month and p.cause = 'regular') i ` + leftSQL + `), 0) as amount
		  from once o)
	select p.area, p.due, p.area || '/' || p.due, 'and the month itself paid member ' || p.member_id || ' ' || p.amount
	       || ' fen of ' || p.component || ' for ' || p.month || ', more than was ever decided'
	  from paid p where p.amount > p.top and p.amount - ` + loweredSQL + ` > greatest(p.top, ` + highestSQL + `)`

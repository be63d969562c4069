package postgres

// breakChecks prove the work on breaks.
func breakChecks() []check {
	probes := []probe{
		{table: "reconciliation_break", sql: breakDueSQL}, //nolint:exhaustruct // asked by SQL
		{ //nolint:exhaustruct // asked by SQL
			table: "break_resolution", looks: []string{"break_resolution", "break_approval", "break_request"},
			sql: resolutionSQL,
		},
		{ //nolint:exhaustruct // asked by SQL
			table: "break_booking", looks: []string{"break_booking", "break_request"}, sql: bookingSQL,
		},
		{ //nolint:exhaustruct // asked by SQL
			table: "reconciliation_match", looks: []string{"reconciliation_match", "break_request"}, sql: offsetSQL,
		},
		{ //nolint:exhaustruct // asked by SQL
			table: "reconciliation_match", looks: []string{"reconciliation_match", "break_request"}, sql: writtenOffSQL,
		},
		{ //nolint:exhaustruct // asked by SQL
			table: "break_letter", looks: []string{"break_letter", "break_letter_line"}, sql: letterSQL,
		},
		{ //nolint:exhaustruct // asked by SQL
			table: "break_attachment", looks: []string{"break_attachment", "break_attachment_part"}, sql: attachmentSQL,
		},
	}
	return []check{
		invariant("breaks", "each break has its lines and its day, each end of one two people, each letter its number",
			append(probes, breakFactProbes()...)...),
	}
}

// A break that is open for more than a day was met: somebody can be asked about it.
const breakDueSQL = `
	select b.area, b.id, b.area || '/break ' || b.id, 'is open since ' || b.opened_on || ', and no day says until when'
	  from reconciliation_break b
	  left join break_desk d on d.area = b.area and d.break_id = b.id
	 where ($1 = 0 or b.area = $1) and d.break_id is null and b.opened_at < now() - interval '1 day'
	   and not exists (select from break_closed c where c.area = b.area and c.break_id = b.id)`

// What was done about a break, another person than the maker's approved, and a third one
// released where it is a write-off; it asked for something.
const resolutionSQL = `
	select r.area, r.id, r.area || '/resolution ' || r.id, case
	       when a.checkers is distinct from 1 then 'was done, and no checker approved it'
	       when a.own then 'was done, and its maker decided it'
	       when r.proposal = 'write_off' and (a.releasers <> 1 or a.people <> 2) then 'was done by fewer than three people'
	       when a.other then 'was done, and something else was approved'
	       else 'was done, and asked for nothing' end
	  from break_resolution r
	  left join (select a.area, a.resolution_id,
	                    count(*) filter (where a.duty = 'checker' and a.decision = 'approved') as checkers,
	                    count(*) filter (where a.duty = 'releaser' and a.decision = 'approved') as releasers,
	                    count(distinct a.person_id) as people, bool_or(a.person_id = k.maker_person) as own,
	                    bool_or(a.digest <> k.digest or a.maker_person <> k.maker_person) as other
	               from break_approval a join break_resolution k on k.area = a.area and k.id = a.resolution_id
	              group by 1, 2) a on a.area = r.area and a.resolution_id = r.id
	 where ($1 = 0 or r.area = $1) and r.state = 'approved' and (a.checkers is distinct from 1 or a.own or a.other
	    or (r.proposal = 'write_off' and (a.releasers <> 1 or a.people <> 2))
	    or not exists (select from break_request q where q.area = r.area and q.resolution_id = r.id))
	union all
	select q.area, q.resolution_id, q.area || '/resolution ' || q.resolution_id, 'asked for ' || q.kind || ' ' || q.request_id
	       || case when r.id is null or r.state <> 'approved' then ', and was not approved' else ', which does not exist' end
	  from break_request q
	  left join break_resolution r on r.area = q.area and r.id = q.resolution_id
	 where ($1 = 0 or q.area = $1) and (r.id is null or r.state <> 'approved' or not case q.kind
	       when 'fund_transfer' then exists (select from fund_transfer f where f.area = q.area and f.id = q.request_id
	            and f.amount = r.amount and f.maker_person = r.maker_person)
	       when 'receipt' then exists (select from payment_return v where v.area = q.area and v.receipt_id = q.request_id
	            and v.amount = r.amount)
	       when 'arrival' then exists (select from arrival v where v.area = q.area and v.id = q.request_id
	            and v.amount = r.amount)
	       when 'case' then exists (select from exception_case c where c.area = q.area and c.id = q.request_id)
	       when 'letter' then exists (select from break_letter l where l.area = q.area and l.id = q.request_id)
	       when 'match' then exists (select from reconciliation_match m where m.area = q.area
	            and m.match_id = q.request_id and m.rule = case r.proposal when 'offset' then 'offset_by_officers'
	                when 'write_off' then 'written_off_by_officers' end)
	       else false end)`

// What books a line of a break holds the line, once, until its transfer is given up.
const bookingSQL = `
	with wanted as (
		select distinct q.area, k.statement_line_id, q.resolution_id, q.kind, q.request_id,
		       f.state is null or f.state not in ('rejected', 'withdrawn') as live
		  from break_request q
		  join break_resolution r on r.area = q.area and r.id = q.resolution_id
		  join break_line k on k.area = r.area and k.break_id in (r.break_id, r.other_break)
		  left join fund_transfer f on q.kind = 'fund_transfer' and f.area = q.area and f.id = q.request_id
		 where ($1 = 0 or q.area = $1) and q.kind in ('fund_transfer', 'receipt', 'arrival', 'match')
		   and k.statement_line_id is not null)
	select coalesce(n.area, w.area), coalesce(n.resolution_id, w.resolution_id),
	       coalesce(n.area, w.area) || '/line ' || coalesce(n.statement_line_id, w.statement_line_id), case
	       when w.area is null then 'is held by nothing, and ' || n.kind || ' ' || n.request_id || ' books it'
	       when n.area is null then 'is held by ' || w.kind || ' ' || w.request_id || ', which nobody asked for'
	       else 'is held by ' || w.kind || ' ' || w.request_id || ' against what became of it' end
	  from wanted n
	  full join (select * from break_booking where $1 = 0 or area = $1) w
	    using (area, statement_line_id, resolution_id, kind, request_id)
	 where n.live is distinct from w.live
	union all
	select area, min(resolution_id), area || '/line ' || statement_line_id, 'is booked by ' || count(*) || ' requests'
	  from break_booking where ($1 = 0 or area = $1) and live group by area, statement_line_id having count(*) > 1`

// Lines of the bank that officers offset rest on an approved resolution about breaks of
// just these lines.
const offsetSQL = `
	select m.area, m.match_id, m.area || '/match ' || m.match_id, case
	       when r.id is null then 'offsets lines of the bank, and no two people approved it'
	       else 'offsets other lines than resolution ' || r.id || ' is about' end
	  from (select area, match_id, array_agg(statement_line_id order by statement_line_id) as lines, count(entry_id) as books
	          from reconciliation_match where ($1 = 0 or area = $1) and rule = 'offset_by_officers' group by 1, 2) m
	  left join break_request q on q.area = m.area and q.kind = 'match' and q.request_id = m.match_id
	  left join break_resolution r on r.area = q.area and r.id = q.resolution_id and r.state = 'approved'
	       and r.proposal = 'offset'
	 where r.id is null or m.books > 0 or m.lines is distinct from (
	       select array_agg(k.statement_line_id order by k.statement_line_id) from break_line k
	        where k.area = r.area and k.break_id in (r.break_id, r.other_break))`

// A difference that officers let stand rests on an approved resolution about a break of
// just these two lines and of this amount.
const writtenOffSQL = `
	select m.area, m.match_id, m.area || '/match ' || m.match_id, case
	       when r.id is null then 'lets a difference stand, and no three people approved it'
	       else 'lets another difference stand than resolution ' || r.id || ' is about' end
	  from reconciliation_match m
	  left join break_request q on q.area = m.area and q.kind = 'match' and q.request_id = m.match_id
	  left join break_resolution r on r.area = q.area and r.id = q.resolution_id and r.state = 'approved'
	       and r.proposal = 'write_off'
	 where ($1 = 0 or m.area = $1) and m.rule = 'written_off_by_officers'
	   and (r.id is null or abs(coalesce(m.difference, 0)) <> r.amount or m.kind <> 'one_to_one'
	    or not exists (select from break_line k where k.area = r.area and k.break_id = r.break_id
	           and k.statement_line_id = m.statement_line_id)
	    or not exists (select from break_line k where k.area = r.area and k.break_id = r.break_id
	           and k.entry_id = m.entry_id and k.book_line = m.book_line))`

// The letters of a bank's year are numbered from one, and none is missing.
const letterSQL = `
	select l.area, max(l.id), l.area || '/letters to ' || l.bank || ' of ' || l.year,
	       'are ' || count(*) || ' with numbers up to ' || max(l.number)
	  from break_letter l where ($1 = 0 or l.area = $1) group by l.area, l.bank, l.year
	having count(*) <> max(l.number) or min(l.number) <> 1
	union all
	select l.area, l.id, l.area || '/letter ' || l.id, 'names no line'
	  from break_letter l
	 where ($1 = 0 or l.area = $1) and not exists (select from break_letter_line n where n.area = l.area
	       and n.letter_id = l.id and not n.earlier)`

// A paper is the bytes that were attached.
const attachmentSQL = `
	select a.area, a.id, a.area || '/attachment ' || a.id, 'is not the bytes that were attached'
	  from break_attachment a
	  left join lateral (select sha256(string_agg(p.bytes, ''::bytea order by p.part)) as digest,
	                            sum(length(p.bytes)) as size, count(*) - 1 as last, max(p.part) as highest
	                       from break_attachment_part p where p.area = a.area and p.attachment_id = a.id) p on true
	 where ($1 = 0 or a.area = $1) and (p.digest is distinct from a.digest or p.size is distinct from a.size
	    or p.highest <> p.last)
	union all
	select p.area, p.attachment_id, p.area || '/attachment ' || p.attachment_id, 'has bytes, and does not exist'
	  from break_attachment_part p
	 where ($1 = 0 or p.area = $1)
	   and not exists (select from break_attachment a where a.area = p.area and a.id = p.attachment_id)`

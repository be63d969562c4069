package postgres

// movements are the lines of both sides on the accounts that were matched, up to the
// day of their last run: the bank's, and the book's item by item, as a bank would
// show them; each with the matches and the open breaks that it stands in.
const movements = `
	run as (
		select distinct on (area, fund_account) area, fund_account, day from reconciliation_run
		 where $1 = 0 or area = $1 order by area, fund_account, id desc),
	own as (
		select p.area, p.fund_account, p.entry_id, p.line, p.nature, p.kind = 'opening' as opening,
		       case when (p.side = 'debit') <> p.red then p.amount else -p.amount end::numeric as signed
		  from posting p
		  join run r on r.area = p.area and r.fund_account = p.fund_account and p.accounted_on <= r.day
		 where p.role in ` + bankRoles + `),
	moved as (
		select area, fund_account, entry_id, line, opening, signed from own where nature = 'direct'
		union all
		select i.area, i.fund_account, i.entry_id, min(i.line), bool_or(o.opening),
		       sum(case when (i.side = 'credit') <> i.red then i.amount else -i.amount end)
		  from (select distinct area, fund_account, entry_id, opening from own where nature = 'sum') o
		  join posting i on i.area = o.area and i.entry_id = o.entry_id and i.fund_account = o.fund_account
		       and i.nature = 'item' and i.role not like 'personal%' and i.role not in ` + bankRoles + `
		 group by i.area, i.fund_account, i.entry_id, i.cause_id),
	open_line as (
		select l.area, l.statement_line_id, l.entry_id, l.book_line from reconciliation_break b
		  join break_line l on l.area = b.area and l.break_id = b.id
		 where ($1 = 0 or b.area = $1)
		   and not exists (select from break_closed c where c.area = b.area and c.break_id = b.id)),
	book as (
		select m.*, coalesce(x.n, 0) as matched, coalesce(o.n, 0) as broken
		  from moved m
		  left join (select area, entry_id, book_line, count(*) as n from reconciliation_match
		              where ($1 = 0 or area = $1) and entry_id is not null group by 1, 2, 3) x
		    on x.area = m.area and x.entry_id = m.entry_id and x.book_line = m.line
		  left join (select area, entry_id, book_line, count(*) as n from open_line group by 1, 2, 3) o
		    on o.area = m.area and o.entry_id = m.entry_id and o.book_line = m.line),
	bank as (
		select l.area, l.fund_account, l.id, case l.direction when 'credit' then l.amount else -l.amount end as signed,
		       coalesce(x.n, 0) as matched, coalesce(o.n, 0) as broken
		  from statement_line l
		  join run r on r.area = l.area and r.fund_account = l.fund_account and l.booking_date <= r.day
		  left join (select area, statement_line_id, count(*) as n from reconciliation_match
		              where ($1 = 0 or area = $1) and statement_line_id is not null group by 1, 2) x
		    on x.area = l.area and x.statement_line_id = l.id
		  left join (select area, statement_line_id, count(*) as n from open_line group by 1, 2) o
		    on o.area = l.area and o.statement_line_id = l.id)`

// proofChecks prove that book and bank agree but for what is named.
func proofChecks() []check {
	return []check{
		invariant("I9", "book and bank agree up to the last run, but for lines that stand in an open break",
			probe{table: "reconciliation_run", looks: []string{"reconciliation_run", "statement_line"}, sql: agreedSQL()},
			probe{table: "reconciliation_match", looks: []string{"reconciliation_match", "break_line"}, sql: namedLineSQL},
			probe{table: "reconciliation_match", looks: []string{"reconciliation_match", "statement_line"}, sql: equalSumsSQL()},
			probe{
				table: "reconciliation_match", looks: []string{"reconciliation_match", "match_rules_approved"}, sql: toleratedSQL(),
			},
		),
	}
}

// After a run, the bank's balance less what only the bank has is the book's less
// what only the book has, account by account.
func agreedSQL() string {
	return `
	with ` + movements + `
	select r.area, r.fund_account, r.area || '/' || r.fund_account, 'the bank has ' || ` + yuan("k.balance") + `
	       || ' after ' || r.day || ', of which ' || ` + yuan("coalesce(b.open, 0)") + `
	       || ' are not matched; the book has ' || ` + yuan("coalesce(o.balance, 0)") + ` || ', of which '
	       || ` + yuan("coalesce(o.open, 0)") + ` || ' are not matched'
	       || case when t.difference <> 0 then '; matches hold ' || ` + yuan("t.difference") + ` || ' within tolerance' else '' end
	  from run r
	 cross join lateral (
	       select s.closing - coalesce((select sum(case l.direction when 'credit' then l.amount else -l.amount end)
	                 from statement_line l where l.area = s.area and l.fund_account = s.fund_account
	                  and l.booking_date > r.day and l.booking_date <= s.day_to), 0) as balance
	         from statement s
	        where s.area = r.area and s.fund_account = r.fund_account and r.day between s.day_from and s.day_to
	       union all
	       select coalesce(g.balance, 0) from fund_account f
	         left join opening_balance g on g.area = f.area and g.fund_account = f.id
	        where f.area = r.area and f.id = r.fund_account and r.day = f.opened_on - 1 limit 1) k
	  left join (select area, fund_account, sum(signed) filter (where matched = 0) as open from bank group by 1, 2) b
	    on b.area = r.area and b.fund_account = r.fund_account
	  left join (select area, fund_account, sum(signed) as balance,
	                    sum(signed) filter (where matched = 0 and not opening) as open from book group by 1, 2) o
	    on o.area = r.area and o.fund_account = r.fund_account
	 cross join lateral (
	       select coalesce(sum(m.difference), 0) as difference from reconciliation_match m
	        where m.area = r.area and m.fund_account = r.fund_account and m.difference is not null) t
	 where k.balance - coalesce(b.open, 0) - t.difference <> coalesce(o.balance, 0) - coalesce(o.open, 0)`
}

// The two sides of a match are the same money, but for the difference that it states.
func equalSumsSQL() string {
	return `
	with ` + movements + `
	select m.area, m.match_id, m.area || '/' || m.fund_account || ' match ' || m.match_id, 'holds ' || ` + yuan("m.bank") + `
	       || ' of the bank and ' || ` + yuan("m.book") + ` || ' of the book, and states a difference of '
	       || ` + yuan("m.difference") + `
	  from (select m.area, m.fund_account, m.match_id, coalesce(sum(b.signed), 0) as bank, coalesce(sum(k.signed), 0) as book,
	               coalesce(sum(m.difference), 0) as difference
	          from reconciliation_match m
	          left join bank b on b.area = m.area and b.id = m.statement_line_id
	          left join moved k on k.area = m.area and k.fund_account = m.fund_account and k.entry_id = m.entry_id
	               and k.line = m.book_line
	         where $1 = 0 or m.area = $1
	         group by m.area, m.fund_account, m.match_id) m
	 where m.bank - m.book <> m.difference`
}

// A difference is within what the account's rules tolerated on some day up to the
// last run, unless officers let it stand.
func toleratedSQL() string {
	return `
	select m.area, m.match_id, m.area || '/' || m.fund_account || ' match ' || m.match_id, 'leaves '
	       || ` + yuan("m.difference") + ` || ' between bank and book, and the rules of the account tolerate '
	       || ` + yuan("t.tolerance") + `
	  from reconciliation_match m
	 cross join lateral (
	       select coalesce(max(k.tolerance), 0) as tolerance
	         from match_rules_approved p join match_rules k on k.area = p.area and k.id = p.rules_id
	        where p.area = m.area and p.fund_account = m.fund_account
	          and p.effective_on <= (select max(r.day) from reconciliation_run r
	                                  where r.area = m.area and r.fund_account = m.fund_account)) t
	 where ($1 = 0 or m.area = $1) and m.difference is not null and abs(m.difference) > t.tolerance
	   and m.rule <> 'written_off_by_officers'`
}

// Every line up to the last run stands in one match or in one open break. What was
// booked since, on days that the run covered, waits for the next one.
const namedLineSQL = `
	with ` + movements + `,
	places as (
		select area, fund_account, id as at, 'line ' || id as name, matched, broken, true as known from bank
		union all
		select area, fund_account, entry_id, 'entry ' || entry_id || ' line ' || line, matched, broken, false from book
		 where not opening)
	select area, at, area || '/' || fund_account || ' ' || name, 'stands in ' || matched || ' matches and ' || broken
	       || ' open breaks'
	  from places where matched + broken > 1 or (known and matched + broken = 0)`

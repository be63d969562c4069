package postgres

// sideChecks prove that the finance bureau's journal is what was imported.
func sideChecks() []check {
	return []check{
		invariant("bureau", "the finance bureau's journal is whole and adds up from one closing to the next",
			probe{table: "bureau_journal", looks: []string{"bureau_journal", "bureau_line"}, sql: bureauWholeSQL},
			probe{table: "bureau_closing", sql: bureauAddsUpSQL},
			probe{table: "bureau_line", looks: []string{"fund_account"}, sql: bureauNumbersSQL},
		),
	}
}

// A file holds as many lines and closings as were new in it.
const bureauWholeSQL = `
	select j.area, j.id, j.area || '/' || j.id, 'was imported with ' || j.lines || ' lines and ' || j.closings
	       || ' closings; there are ' || l.n || ' and ' || c.n
	  from bureau_journal j
	 cross join lateral (select count(*) as n from bureau_line l where l.area = j.area and l.journal_id = j.id) l
	 cross join lateral (select count(*) as n from bureau_closing c where c.area = j.area and c.journal_id = j.id) c
	 where ($1 = 0 or j.area = $1) and (j.lines, j.closings) is distinct from (l.n, c.n)`

const bureauAddsUpSQL = `
	select g.area, g.fund_account, g.area || '/' || g.fund_account || ' ' || g.month,
	       'closes with ' || (g.amount::numeric / 100)::numeric(20, 2) || ', and the closing before it with its lines gives '
	       || ((g.before + g.debits - g.credits)::numeric / 100)::numeric(20, 2)
	  from (` + bureauGapSQL + `) g`

// A line is of its voucher's month and of an account of its area.
const bureauNumbersSQL = `
	select area, fund_account, area || '/' || fund_account || ' ' || month || ' ' || voucher_no,
	       'lies on days of other months, or names an account of another area'
	  from bureau_line b
	 where ($1 = 0 or area = $1) and (month <> date_trunc('month', date)::date or not exists (
	       select from fund_account f where f.area = b.area and f.id = b.fund_account))`

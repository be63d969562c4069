package postgres

import (
	"twoline/gateway/ledger"
)

// lineChecks prove the two lines: which account paid what to whom.
func lineChecks() []check {
	rules := ruleArgs()
	return []check{
		invariant("I10", "the income account pays nothing but what the rule of the day names",
			probe{table: "posting", sql: lineRuleSQL(`p.role = 'income' and p.side = 'credit'`), args: rules},
			probe{table: "entry", looks: []string{"posting"}, sql: incomePaysSQL},
		),
		invariant("I11", "money goes from income to expenditure by the fiscal special account only",
			probe{table: "posting", sql: lineRuleSQL(`not (p.role = 'income' and p.side = 'credit')`), args: rules},
			probe{table: "entry", looks: []string{"posting"}, sql: pairsSQL},
			probe{table: "posting", looks: []string{"fund_account"}, sql: accountRoleSQL},
		),
		invariant("I12", "the income account is empty at month end, and unmoved where the tax authority collects",
			probe{table: "fund_account", looks: []string{"sealed_balance"}, sql: monthEndSQL()},
			probe{table: "posting", looks: []string{"posting"}, sql: taxModeSQL},
		),
		invariant("two-line-rule", "the database's two-line rule is the program's",
			probe{table: "two_line_rule", sql: sameRulesSQL, args: rules},
		),
	}
}

// ruleArgs is the program's own table of the two-line rule, as columns.
func ruleArgs() []any {
	var kinds, sides, roles, from, documents []string
	var red []bool
	for _, r := range ledger.TwoLineRules() {
		kinds, sides, roles = append(kinds, string(r.Kind)), append(sides, string(r.Side)), append(roles,
			string(r.Role))
		red, from, documents = append(red, r.Red), append(from, r.From.String()), append(documents, r.Document)
	}
	return []any{kinds, sides, roles, red, from, documents}
}

const ruleRows = `
	select * from unnest($2::text[], $3::text[], $4::text[], $5::boolean[], $6::date[], $7::text[])
	    as r (kind, side, role, red, effective_from, document)`

// The rule is the program's, so that a row too many in the database allows nothing.
func lineRuleSQL(which string) string {
	return `
	with rule as materialized (` + ruleRows + `)
	select p.area, p.entry_id, p.area || '/' || p.entry_id || ' line ' || p.line,
	       'an entry of kind ' || p.kind || ' may not ' || p.side || ' the ' || p.role || ' account'
	       || case when p.red <> p.reversal then ' in red' else '' end || ' on ' || p.effective_on
	  from posting p
	  left join rule r on r.kind = p.kind and r.side = p.side and r.role = p.role and r.red = (p.red <> p.reversal)
	 where ($1 = 0 or p.area = $1) and (` + which + `)
	   and (r.kind is null or p.effective_on < r.effective_from or not two_line_core(p.kind, p.side, p.role)
	        or (p.red <> p.reversal and p.role in ` + bankRoles + `))`
}

const incomePaysSQL = `
	select area, entry_id, area || '/' || entry_id, 'money leaves the income account for '
	       || case when benefit then 'a benefit' when expenditure then 'the expenditure account' else 'kind '
	           || kind end
	  from (select area, entry_id, min(kind) as kind, bool_or(role = 'income' and side = 'credit') as paid,
	               bool_or(role like 'benefit%') as benefit, bool_or(role = 'expenditure') as expenditure
	          from posting where $1 = 0 or area = $1 group by area, entry_id) e
	 where paid and (benefit or expenditure or kind not in
	       ('sweep', 'contribution_refund', 'unrecognised_return', 'transfer_in_return', 'remittance_made',
	        'bank_correction'))`

// turned is a red line, or a black one of a reversal: money that goes back.
const turned = `(red <> reversal)`

const pairsSQL = `
	select area, entry_id, area || '/' || entry_id, case
	       when benefit and not (paid or transit_paid)
	           then 'a benefit that neither expenditure account nor transit paid'
	       when benefit_back and not (fed or suspense) then 'a benefit given back to no account that may take it'
	       when fed and not source then 'the expenditure account is fed by what may not feed it'
	       when subsidy and income then 'a subsidy on the income account'
	       else 'income and expenditure account in one entry' end
	  from (select area, entry_id,
	               bool_or(role like 'benefit%' and side = 'debit' and not ` + turned + `) as benefit,
	               bool_or(role like 'benefit%' and side = 'debit' and ` + turned + `) as benefit_back,
	               bool_or(role = 'expenditure' and side = 'credit') as paid,
	               bool_or(role = 'in_transit' and side = 'credit') as transit_paid,
	               bool_or(role = 'expenditure' and side = 'debit') as fed,
	               bool_or(role = 'suspense') as suspense,
	               bool_or(role like 'benefit%' and ` + turned + `) or bool_or(side = 'credit' and role in
	                   ('fiscal_special', 'in_transit', 'suspense', 'interest_income', 'remittance_in'))
	                   or bool_and(kind = 'opening') as source,
	               bool_or(role like 'subsidy%') as subsidy,
	               bool_or(role = 'income') as income, bool_or(role = 'expenditure') as expenditure
	          from posting where $1 = 0 or area = $1 group by area, entry_id) e
	 where (benefit and not (paid or transit_paid)) or (benefit_back and not (fed or suspense))
	    or (fed and not source) or (subsidy and income) or (income and expenditure)`

const accountRoleSQL = `
	select p.area, p.entry_id, p.area || '/' || p.entry_id || ' line ' || p.line, case
	       when p.fund_account is null then 'moves the ' || p.role || ' account and names none'
	       when f.id is null then 'names fund account ' || p.fund_account || ', which the area does not have'
	       when f.scheme <> p.scheme then 'names fund account ' || f.id || ' of the ' || f.scheme || ' fund'
	       else 'names fund account ' || f.id || ', which is no ' || p.role || ' account' end
	  from posting p
	  left join fund_account f on f.area = p.area and f.id = p.fund_account
	 where ($1 = 0 or p.area = $1) and case
	       when p.fund_account is null then p.role in ` + bankRoles + `
	       else f.id is null or f.scheme <> p.scheme or (p.role in ` + bankRoles + ` and f.role <> p.role) end`

// A month that is sealed can no longer be swept. What the area's rule does not
// speak of is left to the close of the month, which then refuses. The rule is that which
// was known when the day was sealed: what superseded it later changes no past.
func monthEndSQL() string {
	return `
	with month_end as (
		select b.area, b.scheme, (m + interval '1 month' - interval '1 day')::date as day
		  from book b
		 cross join lateral generate_series(date_trunc('month', b.opened_on), b.sealed_through, interval '1 month') m
		 where ($1 = 0 or b.area = $1) and (m + interval '1 month' - interval '1 day')::date <= b.sealed_through)
	select f.area, f.id, f.area || '/' || f.id || ' ' || e.day,
	       'the income account holds ' || ` + yuan("p.held") + ` || ' at the end of the month'
	  from month_end e
	  join fund_account f on f.area = e.area and f.scheme = e.scheme and f.role = 'income'
	 cross join lateral (
	       select r.value #>> '{}' = 'true' as zero from area_rule_held(coalesce((
	              select d.sealed_at from sealed_day d where d.area = e.area and d.scheme = e.scheme and d.day = e.day),
	              'infinity')) r
	        where r.area in (e.area, 0) and r.rule = 'income_zero_at_month_end' and r.effective_from <= e.day
	        order by r.area desc, r.effective_from desc limit 1) r
	 cross join lateral (
	       select sum(s.closing) as held from sealed_balance s
	        where s.area = f.area and s.scheme = f.scheme and s.role = 'income' and s.fund_account = f.id
	          and s.day = e.day) p
	 where r.zero and p.held <> 0`
}

// emptied is SQL of kinds by which an income account gives away what came to it before the tax authority collected.
const emptied = `('sweep', 'contribution_refund', 'unrecognised_return')`

// The rule that is broken is broken as it was known when the entry was booked.
const taxModeSQL = `
	select p.area, p.entry_id, p.area || '/' || p.entry_id || ' line ' || p.line,
	       'moves the income account by ' || p.kind || ' on ' || p.effective_on
	       || ', when the tax authority collects'
	  from (select distinct area, effective_on from posting
	         where ($1 = 0 or area = $1) and role = 'income' and kind not in ` + emptied + `) d
	 cross join lateral (
	       select r.value #>> '{}' = 'tax' as tax from ` + heldRules + ` r
	        where r.area in (d.area, 0) and r.rule = 'collection_mode' and r.effective_from <= d.effective_on
	        order by r.area desc, r.effective_from desc limit 1) r
	  join posting p on p.area = d.area and p.effective_on = d.effective_on and p.role = 'income'
	       and p.kind not in ` + emptied + `
	  join entry e on e.area = p.area and e.id = p.entry_id
	 where r.tax and (
	       select k.value #>> '{}' = 'tax' from area_rule_held(e.booked_at) k
	        where k.area in (d.area, 0) and k.rule = 'collection_mode' and k.effective_from <= d.effective_on
	        order by k.area desc, k.effective_from desc limit 1)`

const sameRulesSQL = `
	with rule as materialized (` + ruleRows + ` where $1::integer is not null)
	select 0, 0, coalesce(r.kind, t.kind) || ' ' || coalesce(r.side, t.side) || ' ' || coalesce(r.role, t.role)
	       || case when coalesce(r.red, t.red) then ' red' else '' end,
	       case when r.kind is null then 'allows what the program does not'
	            when t.kind is null then 'is missing'
	            else 'holds from ' || t.effective_from || ' by ' || t.document || ', in the program from '
	                 || r.effective_from || ' by ' || r.document end
	  from rule r
	  full join two_line_rule t on t.kind = r.kind and t.side = r.side and t.role = r.role and t.red = r.red
	 where (r.effective_from, r.document) is distinct from (t.effective_from, t.document)`

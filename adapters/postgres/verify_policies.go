package postgres

// policyChecks prove that the rules of an area are those that it was set up with and
// those that two people decided.
func policyChecks() []check {
	return []check{
		invariant("rules", "an area's rules are those of its setting up, and those that two people decided",
			probe{table: "area_rule", looks: []string{"area_rule", "area_rule_round", "policy_asked"}, sql: policyRowSQL},
			probe{table: "area_rule_round", sql: policyRoundSQL},
			probe{table: "policy_asked", looks: []string{"decision_request"}, sql: policyListSQL},
			probe{table: "policy_setup", looks: []string{"policy_setup", "book"}, sql: policySetupSQL},
		),
	}
}

// A rule that names a decision stands as it was asked for, and another person than its
// maker approved it; and what was approved stands, whatever superseded it since.
const policyRowSQL = `
	select coalesce(r.area, k.area), coalesce(r.decision_id, k.decision), coalesce(r.area, k.area) || '/'
	       || coalesce(r.rule, k.rule) || ' ' || coalesce(r.effective_from, k.effective_from)
	       || case when coalesce(r.round, k.round) > 0 then ' round ' || coalesce(r.round, k.round) else '' end, case
	       when k.area is null then 'names list ' || r.list_id || ', which nobody approved or does not have it'
	       when r.area is null then 'stands in list ' || k.list_id || ', which is approved, and is no rule'
	       when k.person_id = k.maker_person then 'rests on decision ' || k.decision || ', which its maker approved'
	       else 'is not as it was asked for in list ' || k.list_id end
	  from (select k.*, q.id as decision, q.maker_person, a.person_id from policy_asked k
	          join decision_request q on q.area = k.area and q.kind = 'policies' and q.subject_id = k.list_id
	               and q.state = 'approved'
	          join approval a on a.area = q.area and a.subject = 'decision_request' and a.subject_id = q.id
	               and a.duty = 'checker' and a.decision = 'approved'
	         where $1 = 0 or k.area = $1) k
	  full join (select * from ` + ruleRounds + ` a where ($1 = 0 or a.area = $1) and a.decision_id is not null) r
	    on r.area = k.area and r.list_id = k.list_id and r.decision_id = k.decision and r.rule = k.rule
	       and r.effective_from = k.effective_from and r.round = k.round
	 where k.area is null or r.area is null or k.person_id = k.maker_person
	    or (r.value, r.document) is distinct from (k.value, k.document)`

// Rounds follow each other from the rule that was decided first, each says something else
// than the one before, and holds since its approval: the highest is in force by a decision.
const policyRoundSQL = `
	select n.area, n.decision_id, n.area || '/' || n.rule || ' ' || n.effective_from || ' round ' || n.round, case
	       when o.area is null then 'supersedes round ' || n.round - 1 || ', which is not there'
	       when o.value = n.value then 'says the same as the round that it supersedes'
	       else 'says that it was approved at ' || n.approved_at || ', and its decision was at '
	            || coalesce(a.decided_at::text, 'no time') end
	  from area_rule_round n
	  left join ` + ruleRounds + ` o on o.area = n.area and o.rule = n.rule and o.effective_from = n.effective_from
	       and o.round = n.round - 1
	  left join approval a on a.area = n.area and a.subject = 'decision_request' and a.subject_id = n.decision_id
	       and a.duty = 'checker' and a.decision = 'approved'
	 where ($1 = 0 or n.area = $1)
	   and (o.area is null or o.value = n.value or n.approved_at is distinct from a.decided_at)`

// A list is as its maker was shown it, and somebody asked for it.
const policyListSQL = `
	select coalesce(q.area, l.area), coalesce(q.subject_id, l.list_id), coalesce(q.area, l.area) || '/list '
	       || coalesce(q.subject_id, l.list_id), case
	       when q.id is null then 'has rules, and nobody asked for it'
	       when l.area is null then 'was asked for by decision ' || q.id || ', and has no rules'
	       else 'was asked for by decision ' || q.id || ' with other rules than it has' end
	  from (select * from decision_request where ($1 = 0 or area = $1) and kind = 'policies') q
	  full join (select k.area, k.list_id, max(k.row) = count(*) as whole, ` + aboutPolicies + ` as about
	               from policy_asked k where $1 = 0 or k.area = $1 group by 1, 2) l
	    on l.area = q.area and l.list_id = q.subject_id
	 where q.id is null or l.area is null or not l.whole or not starts_with(q.about, l.about)`

// The rules without a decision are those that an area had when its first book was opened.
const policySetupSQL = `
	select coalesce(b.area, s.area), 0, coalesce(b.area, s.area)::text, case
	       when b.area is null then 'was set up with ' || s.rows || ' rules, and has no book'
	       when s.area is null then 'has a book, and nothing tells which rules it was set up with'
	       else 'was set up with ' || s.rows || ' rules, and has ' || d.rows || ' without a decision that are not those' end
	  from (select distinct area from book where $1 = 0 or area = $1) b
	  full join (select * from policy_setup where $1 = 0 or area = $1) s on s.area = b.area
	  left join lateral policy_digest(s.area) d on true
	 where b.area is null or s.area is null or (s.rows, s.digest) is distinct from (d.rows, d.digest)`

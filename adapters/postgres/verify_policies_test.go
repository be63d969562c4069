package postgres_test

import (
	"twoline/gateway/registry"
)

// liveRules has three lists of rules asked for: one is approved, one that supersedes a rule
// of it is too, the last waits.
func (w *proofWorld) liveRules() {
	w.t.Helper()
	ask := func(rows ...registry.PolicyText) registry.AskedPolicies {
		var asked registry.AskedPolicies
		_, err := w.registry.AskPolicies(w.t.Context(), w.request("policies"),
			w.render(func(v any) { asked = as[registry.AskedPolicies](v) }), w.books.Officers["rules-maker"],
			registry.PolicyAsk{Document: "minute 12", Reason: "", Rows: rows})
		w.must(err)
		return asked
	}
	grant := registry.PolicyText{Rule: "funeral_grant", From: "2011-03-01", Value: "base:10", Document: "letter 3", Supersedes: false}
	rate := registry.PolicyText{Rule: "interest_rate", From: "2010-01-01", Value: "2.25%", Document: "notice 9", Supersedes: false}
	asked := ask(grant, rate)
	w.approveCase(w.books.Officers["business-checker"], asked.ID, asked.Digest)
	grant.Value, grant.Supersedes = "base:12", true
	again := ask(grant)
	w.approveCase(w.books.Officers["business-checker"], again.ID, again.Digest)
	rate.From = "2011-01-01"
	ask(rate)
}

func policyCorruptions() []corruption {
	const rate = `'610305/interest_rate 2010-01-01'`
	const round = `'610305/funeral_grant 2011-03-01 round 1'`
	return []corruption{
		{
			id: "rules", name: "a round's value",
			sql: []string{`update area_rule_round set value = '"base:11"'`}, row: round, text: "is not as it was asked for",
		},
		{
			id: "rules", name: "a round's document",
			sql: []string{`update area_rule_round set document = 'x'`}, row: round, text: "is not as it was asked for",
		},
		{
			id: "rules", also: []string{"I28"}, name: "a round is gone",
			sql: []string{`delete from area_rule_round`}, row: round, text: "which is approved, and is no rule",
		},
		{
			id: "rules", name: "a round that nobody decided",
			sql: []string{`insert into area_rule_round (area, rule, effective_from, round, value, document, list_id, decision_id,
				approved_at) select area, rule, effective_from, 2, '"base:60"', 'x', list_id, decision_id, approved_at from area_rule_round`},
			row: `'610305/funeral_grant 2011-03-01 round 2'`, text: "which nobody approved or does not have it",
		},
		{
			id: "rules", name: "a round that leaves one out",
			sql: []string{
				`update area_rule_round set round = 2`, `update policy_asked set round = 2 where round = 1`,
			}, row: `'610305/funeral_grant 2011-03-01 round 2'`, text: "supersedes round 1, which is not there",
		},
		{
			id: "rules", name: "a round of another time",
			sql: []string{`update area_rule_round set approved_at = approved_at + interval '1 day'`}, row: round,
			text: "and its decision was at",
		},
		{
			id: "rules", name: "a round that says the same",
			sql: []string{`update area_rule set value = '"base:12"' where rule = 'funeral_grant' and decision_id is not null`},
			row: round, text: "says the same as the round that it supersedes",
		},
		{
			id: "rules", name: "a rule's value",
			sql: []string{`update area_rule set value = '"9.25%"' where rule = 'interest_rate'`},
			row: rate, text: "is not as it was asked for",
		},
		{
			id: "rules", name: "a rule's document",
			sql: []string{`update area_rule set document = 'x' where rule = 'interest_rate'`},
			row: rate, text: "is not as it was asked for",
		},
		{
			id: "rules", name: "a rule is gone",
			sql: []string{`delete from area_rule where rule = 'interest_rate'`},
			row: rate, text: "which is approved, and is no rule",
		},
		{
			id: "rules", name: "a rule that stands in no list",
			sql: []string{`insert into area_rule (area, rule, effective_from, value, document, decision_id, list_id)
				select area, 'incident_major', '2011-03-01', '"900000.00"', 'x', decision_id, list_id from area_rule
				where rule = 'interest_rate' and decision_id is not null limit 1`},
			row: `'610305/incident_major 2011-03-01'`, text: "or does not have it",
		},
		{
			id: "rules", name: "a rule that nobody decided",
			sql: []string{`insert into area_rule values (610305, 'incident_major', '2011-03-01', '"900000.00"', 'x')`},
			row: `'610305'`, text: "was set up with 6 rules, and has 7 without a decision that are not those",
		},
		{
			id: "rules", name: "a rule of the setting up",
			sql: []string{`update area_rule set document = 'x' where rule = 'collection_mode' and area = 610305`},
			row: `'610305'`, text: "was set up with 6 rules, and has 6 without a decision that are not those",
		},
		{
			id: "rules", name: "nothing tells of the setting up",
			sql: []string{`delete from policy_setup`}, row: `'610305'`, text: "nothing tells which rules",
		},
		{
			id: "rules", name: "a list that waits says otherwise",
			sql:  []string{`update policy_asked set value = '"3.00%"' where effective_from = '2011-01-01'`},
			row:  `'610305/list ' || list_id from policy_asked where effective_from = '2011-01-01'`,
			text: "with other rules than it has",
		},
		{
			id: "rules", name: "a list that nobody asked for",
			sql: []string{`insert into policy_asked values (610305, 99, 1, 'incident_major', '2011-03-01', '"900000.00"', 'x')`},
			row: `'610305/list 99'`, text: "nobody asked for it",
		},
	}
}

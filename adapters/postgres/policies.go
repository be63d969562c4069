package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/party"
	"twoline/gateway/policy"
	"twoline/gateway/registry"
)

// AddPolicyList implements registry.PolicyTx.
func (t registryTx) AddPolicyList(ctx context.Context, area party.Area, list int64, rows []policy.Row) error {
	return t.insertAll(ctx, "rules that are asked for", len(rows), `
		insert into policy_asked (area, list_id, row, rule, effective_from, value, document, round)
		select $1, $2, u.row, u.rule, u.effective_from, u.value::jsonb, u.document, u.round
		from unnest($3::text[], $4::date[], $5::text[], $6::text[], $7::integer[]) with ordinality
			as u (rule, effective_from, value, document, round, row)`, area, list,
		column(rows, func(r policy.Row) string { return string(r.Rule) }),
		column(rows, func(r policy.Row) calendar.Day { return r.From }),
		column(rows, func(r policy.Row) string { return r.Value.JSON() }),
		column(rows, func(r policy.Row) string { return r.Document }),
		column(rows, func(r policy.Row) int { return r.Round }))
}

// AskPolicies implements registry.PolicyTx.
func (t registryTx) AskPolicies(
	ctx context.Context, by approval.Officer, today calendar.Day, list int64, ask registry.PolicyAsk,
) (casework.Request, error) {
	return casework.Submit(ctx, caseworkTx(t), today, by, casework.Ask{ //nolint:exhaustruct // a list of rules
		Kind: casework.Policies, Subject: list, Word: casework.Entered, Document: ask.Document, Reason: ask.Reason,
	})
}

// aboutPolicies is SQL over the rows k of one list: what its approver is shown of them.
// The digest covers every row. A list that supersedes nothing is told as before there were
// rounds.
const aboutPolicies = `'rules: ' || count(*) || ' rows of ' || count(distinct k.rule) || ' rules from '
	|| to_char(min(k.effective_from), 'YYYY-MM-DD') || ' to ' || to_char(max(k.effective_from), 'YYYY-MM-DD')
	|| case when max(k.round) > 0 then '; ' || count(*) filter (where k.round > 0) || ' supersede what stands' else '' end
	|| '; SHA-256 of the rows ' || encode(sha256(convert_to(string_agg(k.rule || ' '
	|| to_char(k.effective_from, 'YYYY-MM-DD') || ' ' || k.value::text || ' ' || k.document
	|| case when k.round > 0 then ' round ' || k.round else '' end, E'\n' order by k.row), 'UTF8')), 'hex')`

// AboutList implements registry.PolicyTx.
func (t registryTx) AboutList(ctx context.Context, area party.Area, list int64) (about string, ok bool, err error) {
	err = t.QueryRow(ctx, `
		select `+aboutPolicies+` from policy_asked k where k.area = $1 and k.list_id = $2 group by k.list_id`,
		area, list).Scan(&about)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("read list %d of rules: %w", list, err)
	}
	return about, true, nil
}

// ListedPolicies implements registry.PolicyTx.
func (t registryTx) ListedPolicies(
	ctx context.Context, area party.Area, lists []int64,
) ([]registry.ListedPolicy, error) {
	rows, err := t.Query(ctx, `
		select `+ruleColumns+`, r.list_id from policy_asked r
		where r.area = $1 and r.list_id = any($2) order by r.list_id, r.row`, area, lists)
	if err != nil {
		return nil, fmt.Errorf("read lists of rules: %w", err)
	}
	return collect(rows, "lists of rules", func(row pgx.CollectableRow) (l registry.ListedPolicy, err error) {
		err = scanRule(row, &l.Row, &l.List)
		return l, err
	})
}

// EnterPolicies implements registry.PolicyTx.
func (t registryTx) EnterPolicies(ctx context.Context, area party.Area, list, decision int64) error {
	first, err := t.Exec(ctx, `
		insert into area_rule (area, rule, effective_from, value, document, decision_id, list_id)
		select area, rule, effective_from, value, document, $3, list_id from policy_asked
		where area = $1 and list_id = $2 and round = 0`, area, list, decision)
	if err != nil {
		return fmt.Errorf("put list %d of rules in force: %w", list, err)
	}
	again, err := t.Exec(ctx, `
		insert into area_rule_round (area, rule, effective_from, round, value, document, list_id, decision_id, approved_at)
		select area, rule, effective_from, round, value, document, list_id, $3, $4 from policy_asked
		where area = $1 and list_id = $2 and round > 0`, area, list, decision, t.at)
	if err == nil && first.RowsAffected()+again.RowsAffected() == 0 {
		err = errors.New("the list is gone")
	}
	if err != nil {
		return fmt.Errorf("put list %d of rules in force: %w", list, err)
	}
	return nil
}

// ruleRounds are every rule with all that it ever said from its first day on.
const ruleRounds = `(
	select area, rule, effective_from, value, document, decision_id, list_id, 0 as round from area_rule
	union all
	select area, rule, effective_from, value, document, decision_id, list_id, round from area_rule_round)`

// DecidedPolicies implements registry.PolicyTx.
func (t registryTx) DecidedPolicies(ctx context.Context, area party.Area) ([]registry.DecidedPolicy, error) {
	rows, err := t.Query(ctx, `
		select `+ruleColumns+`, coalesce(q.id, 0), coalesce(q.document, ''), coalesce(q.maker, ''),
			coalesce(a.login, ''), a.decided_at
		from `+ruleRounds+` r
		left join decision_request q on q.area = r.area and q.id = r.decision_id
		left join approval a on a.area = q.area and a.subject = 'decision_request' and a.subject_id = q.id
			and a.duty = 'checker' and a.decision = 'approved'
		where r.area in ($1, 0) order by r.area, r.rule, r.effective_from, r.round`, area)
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	return collect(rows, "rules", func(row pgx.CollectableRow) (d registry.DecidedPolicy, err error) {
		var at *time.Time
		by := &d.Decision
		err = scanRule(row, &d.Row, &by.ID, &by.Document, &by.AskedBy, &by.ApprovedBy, &at)
		if at != nil {
			by.ApprovedAt = *at
		}
		return d, err
	})
}

// PaidMonths implements registry.PolicyTx.
func (t registryTx) PaidMonths(ctx context.Context, area party.Area) ([]registry.PaidMonth, error) {
	rows, err := t.Query(ctx, `
		select distinct scheme, month from pay_run where area = $1 and state in ('released', 'closed')
		order by month, scheme`, area)
	if err != nil {
		return nil, fmt.Errorf("read months that were paid: %w", err)
	}
	return collect(rows, "months that were paid", func(row pgx.CollectableRow) (p registry.PaidMonth, err error) {
		var day calendar.Day
		err = row.Scan(&p.Scheme, &day)
		p.Month = day.Month()
		return p, err
	})
}

// CreditedYears implements registry.PolicyTx. Of a year with runs at both rates the final
// one is what was credited.
func (t registryTx) CreditedYears(ctx context.Context, area party.Area) ([]policy.Credited, error) {
	rows, err := t.Query(ctx, `
		select year, case when bool_or(rate = 'final') then 'interest_rate' else 'interest_rate_provisional' end,
			make_date(year, 12, 31)
		from interest_run_approved where area = $1 group by scheme, year
		union
		select l.year, 'contribution_subsidies', l.upto
		from subsidy_run_approved a join subsidy_run l on l.area = a.area and l.id = a.run_id where a.area = $1
		order by 1, 2, 3`, area)
	if err != nil {
		return nil, fmt.Errorf("read years that were credited: %w", err)
	}
	return collect(rows, "years that were credited", pgx.RowToStructByPos[policy.Credited])
}

// AboutPolicies implements casework.FlowTx.
func (t caseworkTx) AboutPolicies(ctx context.Context, area party.Area, list int64) (string, error) {
	return registry.AboutPolicies(ctx, registryTx(t), area, list)
}

// PutPolicies implements casework.FlowTx.
func (t caseworkTx) PutPolicies(ctx context.Context, r casework.Request) error {
	return registryTx(t).EnterPolicies(ctx, r.Area, r.Subject, r.ID)
}

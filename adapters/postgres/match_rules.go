package postgres

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/reconcile"
	"twoline/reconcile/match"
)

// AddRules implements reconcile.Tx.
func (t *tx) AddRules(ctx context.Context, set reconcile.RuleSet) (int64, error) {
	text, digest, err := set.Canonical()
	if err != nil {
		return 0, err
	}
	var id int64
	err = t.QueryRow(ctx, `
		insert into match_rules (area, fund_account, effective_on, rules, digest, tolerance, asked_by, asked_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8) returning id`,
		set.Area, set.Account.ID, set.EffectiveOn, string(text), digest[:], set.Rules.Tolerance.Fen(), set.AskedBy,
		t.at).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("keep rules of fund account %d: %w", set.Account.ID, err)
	}
	return id, nil
}

// AskRules implements reconcile.Tx.
func (t *tx) AskRules(
	ctx context.Context, by approval.Officer, today calendar.Day, set reconcile.RuleSet,
) (casework.Request, error) {
	_, digest, err := set.Canonical()
	if err != nil {
		return casework.Request{}, err //nolint:exhaustruct // none
	}
	return casework.Submit(ctx, caseworkTx{t}, today, by, casework.Ask{ //nolint:exhaustruct // rules
		Kind: casework.MatchRules, Subject: set.ID, Word: casework.Entered, Document: set.Document,
		DocumentDigest: digest[:],
	})
}

// ListRules implements reconcile.Tx.
func (t *tx) ListRules(ctx context.Context, a reconcile.Account) ([]reconcile.RuleSet, error) {
	return t.ruleSets(ctx, `k.area = $1 and k.fund_account = $2
		order by p.approved_at is null, k.effective_on, p.id, k.id`, a.Area, a.ID)
}

// ApprovedRules implements reconcile.Tx.
func (t *tx) ApprovedRules(ctx context.Context, a reconcile.Account) ([]reconcile.RuleSet, error) {
	return t.ruleSets(ctx, `k.area = $1 and k.fund_account = $2 and p.id is not null
		order by k.effective_on, p.id`, a.Area, a.ID)
}

func (t *tx) ruleSets(ctx context.Context, where string, args ...any) ([]reconcile.RuleSet, error) {
	rows, err := t.Query(ctx, `
		select k.area, k.fund_account, k.id, k.effective_on, k.rules, k.digest, k.asked_by, k.asked_at,
			coalesce(q.id, 0), coalesce(q.state, ''), coalesce(q.document, ''),
			coalesce(p.approved_at, '0001-01-01 00:00:00+00')
		from match_rules k
		left join match_rules_approved p on p.area = k.area and p.rules_id = k.id
		left join decision_request q on q.area = k.area and q.kind = 'match_rules' and q.subject_id = k.id
		where `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read rules of matching: %w", err)
	}
	return collect(rows, "rules of matching", func(row pgx.CollectableRow) (s reconcile.RuleSet, err error) {
		var text string
		var digest []byte
		err = row.Scan(&s.Area, &s.Account.ID, &s.ID, &s.EffectiveOn, &text, &digest, &s.AskedBy, &s.AskedAt, &s.Decision,
			&s.State, &s.Document, &s.ApprovedAt)
		if err != nil {
			return s, err
		}
		if sum := sha256.Sum256([]byte(text)); string(sum[:]) != string(digest) {
			return s, fmt.Errorf("rules %d are not what their digest says", s.ID)
		}
		if s.Rules, err = match.ParseRules([]byte(text)); err != nil {
			return s, fmt.Errorf("read rules %d: %w", s.ID, err)
		}
		if s.ApprovedAt.Year() == 1 {
			s.ApprovedAt = s.ApprovedAt.UTC()
		}
		return s, nil
	})
}

// AboutRules implements casework.FlowTx. It waits for a run of the account that is
// under way, and refuses days that were matched meanwhile.
func (t caseworkTx) AboutRules(ctx context.Context, area party.Area, id int64) (string, error) {
	sets, err := t.ruleSets(ctx, `k.area = $1 and k.id = $2`, area, id)
	if err == nil && len(sets) == 0 {
		err = casework.ErrAsk.With("there is no such set of rules")
	}
	if err != nil {
		return "", err
	}
	set := sets[0]
	if err := t.LockReconciliation(ctx, set.Account); err != nil {
		return "", err
	}
	last, err := t.LastReconciliation(ctx, set.Account)
	if err != nil {
		return "", err
	}
	if err := set.Follows(last); err != nil {
		return "", err
	}
	return set.About()
}

// EnterRules implements casework.FlowTx.
func (t caseworkTx) EnterRules(ctx context.Context, r casework.Request) error {
	tag, err := t.Exec(ctx, `
		insert into match_rules_approved (area, rules_id, fund_account, effective_on, decision_id, approved_at)
		select area, id, fund_account, effective_on, $3, $4 from match_rules where area = $1 and id = $2`,
		r.Area, r.Subject, r.ID, t.at)
	if err == nil && tag.RowsAffected() != 1 {
		err = errors.New("the set of rules is gone")
	}
	if err != nil {
		return fmt.Errorf("put rules %d in force: %w", r.Subject, err)
	}
	return nil
}

// ToleratedDifferences implements reconcile.Tx.
func (t *tx) ToleratedDifferences(
	ctx context.Context, a reconcile.Account, through calendar.Day,
) (money.Amount, error) {
	var sum int64
	err := t.QueryRow(ctx, `
		select coalesce(sum(difference), 0)::bigint from reconciliation_match
		where area = $1 and fund_account = $2 and settled_on <= $3 and difference is not null`, a.Area, a.ID,
		through).Scan(&sum)
	if err != nil {
		return 0, fmt.Errorf("tolerated differences of fund account %d: %w", a.ID, err)
	}
	return money.Amount(sum), nil
}

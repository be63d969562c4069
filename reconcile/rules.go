package reconcile

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/reconcile/match"
)

// ErrRulesPast refuses rules for days that were matched by others: what stands in a
// match or a report would no longer be what the rules give.
var ErrRulesPast = fault.New(fault.Conflict, "match_rules_past", "the account is matched through that day already")

// RuleSet is how one account is matched from a day on.
type RuleSet struct {
	Account

	ID          int64
	EffectiveOn calendar.Day
	Rules       match.Rules
	// Document names what the change rests on.
	Document string
	AskedBy  string
	AskedAt  time.Time
	// Decision is the request that a second person approves, State where it stands.
	Decision int64
	State    casework.State
	// ApprovedAt is when it was approved; zero where it is not.
	ApprovedAt time.Time
}

// RulesTx is what the rules of accounts need of a transaction.
type RulesTx interface {
	// AddRules keeps a set of rules that a maker asks for, and returns its id.
	AddRules(ctx context.Context, set RuleSet) (int64, error)
	// AskRules asks for the second person's decision about a set that was kept.
	AskRules(ctx context.Context, by approval.Officer, today calendar.Day, set RuleSet) (casework.Request, error)
	// ListRules lists every set that was asked for, the approved ones of an account by
	// day and approval, then the others by id.
	ListRules(ctx context.Context, a Account) ([]RuleSet, error)
	// ApprovedRules lists the approved sets by day, then by approval.
	ApprovedRules(ctx context.Context, a Account) ([]RuleSet, error)
	// ToleratedDifferences sums, over the matches that were complete on or before a day,
	// what the bank's lines hold beyond the book's, as Signed counts.
	ToleratedDifferences(ctx context.Context, a Account, through calendar.Day) (money.Amount, error)
}

// Canonical writes the rules out, every member of them, and returns the SHA-256.
func (s RuleSet) Canonical() ([]byte, [sha256.Size]byte, error) {
	text, err := json.Marshal(s.Rules)
	if err != nil {
		return nil, [sha256.Size]byte{}, fmt.Errorf("write rules: %w", err)
	}
	return text, sha256.Sum256(text), nil
}

// About is what a second person is shown of the set before approving it.
func (s RuleSet) About() (string, error) {
	_, digest, err := s.Canonical()
	off := "none"
	if len(s.Rules.Off) > 0 {
		off = fmt.Sprint(s.Rules.Off)
	}
	return fmt.Sprintf(
		"rules of matching for fund account %d from %s: tolerance %s, %d days, switched off %s; SHA-256 %x",
		s.Account.ID, s.EffectiveOn, s.Rules.Tolerance, s.Rules.Days, off, digest), err
}

// Follows refuses a set for days that were matched already.
func (s RuleSet) Follows(last Mark) error {
	if s.EffectiveOn.IsZero() || !s.EffectiveOn.After(last.Day) {
		return ErrRulesPast.With("the account is matched through %s: choose a later day", last.Day).On("effective_on")
	}
	return nil
}

// rulesOn returns the rules in force on a day. The sets are in order of ApprovedRules.
func rulesOn(sets []RuleSet, day calendar.Day) match.Rules {
	rules := match.DefaultRules()
	for _, s := range sets {
		if s.EffectiveOn.After(day) {
			break
		}
		rules = s.Rules
	}
	return rules
}

// Rules lists an account's rules: those in force on the business day first, then
// every set that was asked for. Where no set is in force, the engine's own are.
func (s *Service) Rules(ctx context.Context, by approval.Officer, account int64) (match.Rules, []RuleSet, error) {
	a := Account{Area: by.Area, ID: account}
	var rules match.Rules
	var sets []RuleSet
	err := s.store.Read(ctx, func(tx Tx) error {
		if _, err := tx.StatementAccount(ctx, a); err != nil {
			return err
		}
		approved, err := tx.ApprovedRules(ctx, a)
		if err != nil {
			return err
		}
		rules = rulesOn(approved, s.today())
		sets, err = tx.ListRules(ctx, a)
		return err
	})
	return rules, sets, err
}

// AskRules asks that an account be matched by other rules from a day on that is not
// matched yet. A maker of the agency's finance office asks, and nothing changes
// before a second person approved the decision. The answer's result is a
// casework.Request.
func (s *Service) AskRules(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, set RuleSet,
) (once.Answer, error) {
	set.Area = by.Area
	if err := set.Rules.Validate(); err != nil {
		return once.Answer{}, err //nolint:exhaustruct // none
	}
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		if err := tx.LockReconciliation(ctx, set.Account); err != nil {
			return nil, err
		}
		if _, err := tx.StatementAccount(ctx, set.Account); err != nil {
			return nil, err
		}
		last, err := tx.LastReconciliation(ctx, set.Account)
		if err != nil {
			return nil, err
		}
		if err := set.Follows(last); err != nil {
			return nil, err
		}
		set.AskedBy = by.Login
		if set.ID, err = tx.AddRules(ctx, set); err != nil {
			return nil, err
		}
		return tx.AskRules(ctx, by, s.today(), set)
	})
}

package award

import (
	"context"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/entitlement"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// RosterTx reads rosters for those who ask why.
type RosterTx interface {
	// AwardRoster returns one, or ErrRoster.
	AwardRoster(ctx context.Context, area party.Area, id int64) (RosterHead, error)
	// AwardRosterBefore returns the regular roster of the month before that its run was made
	// of, else the newest; an id of 0 where there is none.
	AwardRosterBefore(ctx context.Context, r RosterHead) (RosterHead, error)
	// AwardRosterLine returns one line, or ErrLine.
	AwardRosterLine(ctx context.Context, r RosterHead, seq int) (RosterLine, error)
	// AwardEntitledThen lists the rows that held for a month when a roster was made.
	AwardEntitledThen(ctx context.Context, r RosterHead, member int64, month calendar.Month) ([]Entitled, error)
	// AwardDifferences lists, by rising member, whose line differs between two rosters.
	AwardDifferences(ctx context.Context, q DifferenceQuery) ([]Difference, error)
	// AwardDifferenceSums adds up all of them by what changed and why.
	AwardDifferenceSums(ctx context.Context, q DifferenceQuery) ([]DifferenceSum, error)
	// AwardRulesThen returns the rules as they were known when a roster was made.
	AwardRulesThen(ctx context.Context, r RosterHead) (*policy.Rules, error)
	// AwardBasesPaid counts the lines of a roster by month and base pension.
	AwardBasesPaid(ctx context.Context, r RosterHead) ([]BaseCount, error)
}

// RosterHead names a roster.
type RosterHead struct {
	Area   party.Area
	ID     int64
	Scheme ledger.Scheme
	Month  calendar.Month
	Kind   string
}

// RosterLine is a line of a roster.
type RosterLine struct {
	Seq             int
	Member          int64
	SocialNo        string
	Name            party.Name
	Month           calendar.Month
	Monthly         Monthly
	Funeral, OneOff money.Amount
	// Cause is regular, or what a due of its own rests on.
	Cause string
	Held  string
}

// Why is a roster's line with what it rests on.
type Why struct {
	Line RosterLine
	// Entitled are the rows as they held when the roster was made.
	Entitled    []Entitled
	Explanation Explanation
	// HeldBy is the row of the rule that holds the line, as it was known then; nil where none does.
	HeldBy *policy.Row
}

// WhyLine tells why a line of a roster has its amount.
func (s *Service) WhyLine(ctx context.Context, by approval.Officer, roster int64, seq int) (Why, error) {
	var out Why
	err := s.onRoster(ctx, by, roster, func(tx Tx, head RosterHead) (err error) {
		if out.Line, err = tx.AwardRosterLine(ctx, head, seq); err != nil {
			return err
		}
		if out.Entitled, err = tx.AwardEntitledThen(ctx, head, out.Line.Member, out.Line.Month); err != nil {
			return err
		}
		for i, e := range out.Entitled {
			if e.Run == 0 || e.Basis == 0 {
				continue
			}
			if out.Entitled[i].Rows, err = tx.AwardBases(ctx, head.Area, e.Run, []int{e.Basis}); err != nil {
				return err
			}
		}
		then, err := tx.AwardRulesThen(ctx, head)
		if err != nil {
			return err
		}
		if out.HeldBy, err = ruleOfHold(then, out.Line.Held, out.Line.Month); err != nil {
			return err
		}
		out.Explanation, err = explain(ctx, tx, head.Area, out.Line.Member, out.Line.Month)
		return err
	})
	return out, err
}

func (s *Service) onRoster(ctx context.Context, by approval.Officer, id int64, fn func(Tx, RosterHead) error) error {
	if err := mayRead(by); err != nil {
		return err
	}
	return s.store.Read(ctx, func(tx Tx) error {
		head, err := tx.AwardRoster(ctx, by.Area, id)
		if err != nil {
			return err
		}
		return fn(tx, head)
	})
}

// Change is how a member's line differs from the month before.
type Change string

// The changes.
const (
	// Added has a line and had none, Stopped had one and has none.
	Added   Change = "new"
	Stopped Change = "stopped"
	// Other has another amount.
	Other Change = "changed"
	// Withheld is held back and was not, Freed the other way round; the amount is the same.
	Withheld Change = "held"
	Freed    Change = "released"
)

// DifferenceQuery asks for the differences of two rosters; Before.ID may be 0.
type DifferenceQuery struct {
	Now, Before RosterHead
	Change      Change
	After       int64
	Limit       int
}

// Difference is a member whose line is another than the month before.
type Difference struct {
	Member   int64
	SocialNo string
	Name     party.Name
	Change   Change
	Was, Now money.Amount
	// HeldWas and Held say why a line is held back.
	HeldWas, Held string
	// Why is the hold, death, or the cause of the award's step; Document its paper.
	Why, Document string
	// Run is the award run whose step it is, or 0.
	Run int64
}

// DifferenceSum adds differences up.
type DifferenceSum struct {
	Change   Change
	Why      string
	Count    int
	Was, Now money.Amount
}

// Comparison is a roster beside that of the month before.
type Comparison struct {
	Now, Before RosterHead
	Sums        []DifferenceSum
	Differences []Difference
}

// Compare tells what a regular roster has otherwise than that of the month before.
func (s *Service) Compare(
	ctx context.Context, by approval.Officer, roster int64, change Change, after int64, limit int,
) (Comparison, error) {
	var out Comparison
	err := s.onRoster(ctx, by, roster, func(tx Tx, head RosterHead) (err error) {
		out.Now = head
		if out.Before, err = tx.AwardRosterBefore(ctx, head); err != nil {
			return err
		}
		q := DifferenceQuery{Now: head, Before: out.Before, Change: change, After: after, Limit: pageOf(limit)}
		if out.Differences, err = tx.AwardDifferences(ctx, q); err != nil {
			return err
		}
		out.Sums, err = tx.AwardDifferenceSums(ctx, q)
		return err
	})
	return out, err
}

// BaseCount counts lines of one month and base pension.
type BaseCount struct {
	Month calendar.Month
	Base  money.Amount
	// Before is what of the base was paid for the month before: a difference pays the rest.
	Before money.Amount
	Count  int
}

// LevelShare is what a level of government pays of a roster's base pensions.
type LevelShare struct {
	// Level is empty for what no rule gives to a level: extras for years and age, and
	// amounts that were imported.
	Level  policy.Level
	Amount money.Amount
}

// Payers is a roster's base pensions by who pays them. The shares sum to Base.
type Payers struct {
	Roster RosterHead
	Lines  int
	Base   money.Amount
	Shares []LevelShare
}

// Payers splits the base pensions of a roster by level of government: each person's
// minimum by the area's shares and each addition by its level, as they hold in the
// month that the line pays, and as they were known when the roster was made. It returns
// policy.ErrNoRule where nobody decided who pays.
func (s *Service) Payers(ctx context.Context, by approval.Officer, roster int64) (Payers, error) {
	var out Payers
	err := s.onRoster(ctx, by, roster, func(tx Tx, head RosterHead) error {
		out.Roster = head
		counts, err := tx.AwardBasesPaid(ctx, head)
		if err != nil {
			return err
		}
		rules, err := tx.AwardRulesThen(ctx, head)
		if err != nil {
			return err
		}
		terms, err := termsOf(rules, head.Scheme)
		if err != nil {
			return err
		}
		out.Lines, out.Base, out.Shares, err = Split(terms, counts)
		return err
	})
	return out, err
}

// Split divides base pensions by who pays them, in the order of levels from the top. A base
// below what everybody draws at least was decided before a rise, and is split by what held
// then; below that too no level is named for it. A difference is what a later decision raised:
// each level owes what it owes of the base beyond what it owed of what was paid before.
func Split(terms *entitlement.Terms, counts []BaseCount) (int, money.Amount, []LevelShare, error) {
	sums := make(map[policy.Level]money.Amount)
	lines, total := 0, money.Amount(0)
	for _, c := range counts {
		n := money.Amount(c.Count)
		lines, total = lines+c.Count, total+n*(c.Base-c.Before)
		parts, rest, err := partsOf(terms, c)
		if err != nil {
			return 0, 0, nil, err
		}
		sums[""] += n * rest
		for _, p := range parts {
			sums[p.Level] += n * p.Amount
		}
	}
	var shares []LevelShare
	for _, level := range append(policy.Levels(), "") {
		if sums[level] != 0 {
			shares = append(shares, LevelShare{level, sums[level]})
		}
	}
	return lines, total, shares, nil
}

// partsOf is what each level pays of one line, and the rest that no rule gives to a level.
func partsOf(terms *entitlement.Terms, c BaseCount) ([]entitlement.Part, money.Amount, error) {
	least, err := terms.LeastOf(c.Month)
	if err != nil {
		return nil, 0, err
	}
	before := terms.Leasts(c.Month)
	now := leastWithin(append([]*entitlement.Pension{least}, before...), c.Base)
	if now == nil {
		return nil, c.Base - c.Before, nil
	}
	parts, err := terms.Payers(now, c.Month)
	if err != nil || c.Before == 0 {
		return parts, c.Base - now.Base, err
	}
	was := risenFrom(before, now, c)
	if was == nil {
		was = leastWithin(append([]*entitlement.Pension{now}, before...), c.Before)
	}
	if was == nil {
		return nil, c.Base - c.Before, nil
	}
	paid, err := terms.Payers(was, c.Month)
	if err != nil {
		return nil, 0, err
	}
	for _, p := range paid {
		parts = append(parts, entitlement.Part{Level: p.Level, Amount: -p.Amount})
	}
	return parts, c.Base - now.Base - (c.Before - was.Base), nil
}

// risenFrom is what everybody drew at least before a rise of just a difference, or nil.
func risenFrom(list []*entitlement.Pension, now *entitlement.Pension, c BaseCount) *entitlement.Pension {
	for _, p := range list {
		if p.Base <= c.Before && now.Base-p.Base == c.Base-c.Before {
			return p
		}
	}
	return nil
}

// leastWithin is the first of what everybody drew at least that a base holds, or nil.
func leastWithin(list []*entitlement.Pension, base money.Amount) *entitlement.Pension {
	for _, p := range list {
		if p.Base <= base {
			return p
		}
	}
	return nil
}

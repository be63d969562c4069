package award

import (
	"context"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/ledger"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// Tx is what award runs need of a transaction.
type Tx interface {
	once.Tx
	RunTx
	ExplainTx
	// Standing returns an officer with the duties that hold in the database now.
	Standing(ctx context.Context, login string) (approval.Officer, error)
	// Rules returns the rules that the area can read.
	Rules(ctx context.Context, area party.Area) (*policy.Rules, error)
}

// RunTx reads the facts of members and keeps what was computed of them.
type RunTx interface { //nolint:interfacebloat // one run, from its facts to its lines
	// NewIDs reserves ids of facts, rising.
	NewIDs(ctx context.Context, n int) ([]int64, error)
	// HoldEntitlements keeps other writers of entitlements of the area away to the end
	// of the transaction, and returns the id of the last one.
	HoldEntitlements(ctx context.Context, area party.Area) (int64, error)
	// AwardBookOpened returns the day on which the book of a scheme began, or ErrNoBook.
	AwardBookOpened(ctx context.Context, area party.Area, scheme ledger.Scheme) (calendar.Day, error)
	// AwardFacts returns the next members by rising id, with all facts of each.
	AwardFacts(ctx context.Context, q FactsQuery) ([]Facts, error)
	// AddAwardSteps keeps steps of a run, numbered from the given place on.
	AddAwardSteps(ctx context.Context, run Run, from int, steps []Step) error
	AddAwardRefusals(ctx context.Context, run Run, list []Refusal) error
	// AddAwardRun keeps a run with the rows that its steps rest on, and fills in the instant.
	AddAwardRun(ctx context.Context, run Run, rows []BasisRow) (Run, error)
	// AskAwards asks for the second person's decision about a run that was kept.
	AskAwards(ctx context.Context, by approval.Officer, today calendar.Day, run Run) (casework.Request, error)
	// AwardRuns lists runs by rising id.
	AwardRuns(ctx context.Context, f Filter) ([]Run, error)
	// AwardSums adds a run's lines up by effect and cause.
	AwardSums(ctx context.Context, area party.Area, run int64) ([]Sum, error)
	// AwardLines lists a run's lines by their place.
	AwardLines(ctx context.Context, f LineFilter) ([]Line, error)
	// AwardRefusals lists whom a run has for a person to look at, by rising member.
	AwardRefusals(ctx context.Context, area party.Area, run, after int64, limit int) ([]Listed, error)
	// AwardBases returns rows that a run's lines rest on, by basis; nil is all.
	AwardBases(ctx context.Context, area party.Area, run int64, bases []int) ([]BasisRow, error)
}

// FactsQuery asks for members of a scheme.
type FactsQuery struct {
	Area   party.Area
	Scheme ledger.Scheme
	// BornUpTo leaves out who was born later and has no entitlement.
	BornUpTo calendar.Day
	// Member is one member alone, whoever it is, or 0.
	Member int64
	After  int64
	Limit  int
}

// Filter narrows a list of runs; zero values are all.
type Filter struct {
	Area   party.Area
	ID     int64
	Scheme ledger.Scheme
	Month  calendar.Month
	After  int64
	Limit  int
}

// LineFilter narrows a run's lines; zero values are all.
type LineFilter struct {
	Area   party.Area
	Run    int64
	What   What
	Cause  Cause
	Member int64
	After  int
	Limit  int
}

// Line is a step as it was kept, with its member.
type Line struct {
	Step

	Seq      int
	SocialNo string
	Name     party.Name
}

// Listed is a refusal with its member.
type Listed struct {
	Refusal

	SocialNo string
	Name     party.Name
}

// Sum is what the lines of one effect and cause do to a month.
type Sum struct {
	What     What
	Cause    Cause
	Count    int
	Was, Due Monthly
}

// Store runs transactions.
type Store interface {
	InTx(ctx context.Context, fn func(Tx) error) error
	Read(ctx context.Context, fn func(Tx) error) error
}

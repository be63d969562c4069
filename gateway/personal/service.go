package personal

import (
	"context"
	"slices"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/ledger"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// Service is what years bring to personal accounts. It is safe for concurrent use.
type Service struct {
	store Store
	today func() calendar.Day
}

// New returns a service; today is the business day.
func New(store Store, today func() calendar.Day) *Service {
	return &Service{store: store, today: today}
}

// Store runs functions in one transaction or one read-only snapshot.
type Store interface {
	InTx(ctx context.Context, fn func(Tx) error) error
	Read(ctx context.Context, fn func(Tx) error) error
}

// Tx is what personal accounts ask of a transaction.
type Tx interface {
	once.Tx
	InterestTx
	SubsidyTx
	StatementTx
	// HoldAccounts makes the runs and lists of a scheme wait for each other.
	HoldAccounts(ctx context.Context, area party.Area, scheme ledger.Scheme) error
	// Rules returns the rules that the area can read.
	Rules(ctx context.Context, area party.Area) (*policy.Rules, error)
	NewIDs(ctx context.Context, n int) ([]int64, error)
	Book(ctx context.Context, actor string, entries ...ledger.Entry) ([]int64, error)
	// GoOn asks for the posting of what is approved and not posted to its end.
	GoOn(ctx context.Context) error
}

// Tick looks whether an approved run stopped before its end, whatever became of the job
// that posted it, and has it go on. It may run any number of times a day.
func (s *Service) Tick(ctx context.Context) error {
	return s.store.InTx(ctx, func(tx Tx) error { return tx.GoOn(ctx) })
}

// InterestTx keeps interest runs.
type InterestTx interface {
	// EachYearAccount calls fn for every account of the run's scheme that held money or
	// moved up to the end of its year, by rising member, in bounded memory. fn may write
	// with the transaction, and must not keep the account.
	EachYearAccount(ctx context.Context, run InterestRun, fn func(*YearAccount) error) error
	// AddInterestLines keeps lines of a run; they are given their ids.
	AddInterestLines(ctx context.Context, area party.Area, run int64, lines []InterestLine) error
	AddInterestRun(ctx context.Context, run InterestRun) error
	// AskInterest submits the decision about a run.
	AskInterest(
		ctx context.Context, by approval.Officer, today calendar.Day, run InterestRun,
	) (casework.Request, error)
	// InterestRuns lists runs by rising id.
	InterestRuns(ctx context.Context, f RunFilter) ([]InterestRun, error)
	// LockInterestRun returns an approved run, held to the end of the transaction.
	LockInterestRun(ctx context.Context, area party.Area, id int64) (InterestRun, error)
	// InterestLines returns lines of a run by rising member.
	InterestLines(ctx context.Context, area party.Area, run, after int64, limit int) ([]InterestLine, error)
	MoveInterest(ctx context.Context, area party.Area, run int64, p Progress) error
}

// RunFilter narrows a list of runs.
type RunFilter struct {
	Area party.Area
	// ID, Scheme and Year are zero for all; Limit 0 is no limit.
	ID     int64
	Scheme ledger.Scheme
	Year   int
	After  int64
	Limit  int
}

// mayLook lets those see personal accounts who keep them or prove them.
func mayLook(by approval.Officer) error {
	shown := []approval.Organisation{
		approval.AgencyBusiness, approval.AgencyFinance, approval.FinanceBureau, approval.Auditor,
	}
	if by.Area != 0 && by.Region == 0 && slices.Contains(shown, by.Organisation) {
		return nil
	}
	return approval.ErrDuty.With("this is shown to the agency, the finance bureau and the auditor")
}

package disbursement

import (
	"context"
	"crypto/sha256"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// RosterTx is what making a roster needs of a transaction.
type RosterTx interface {
	// Rules returns every rule that the area can read: its own and the nation's.
	Rules(ctx context.Context, area party.Area) (*policy.Rules, error)
	// PayPartners returns the banks with an expenditure account of the scheme, in the
	// order of the accounts' ids.
	PayPartners(ctx context.Context, area party.Area, scheme ledger.Scheme) ([]Partner, error)
	// HoldRuns makes everybody who makes rosters, freezes or releases runs of one
	// scheme wait for each other, to the end of the transaction.
	HoldRuns(ctx context.Context, area party.Area, scheme ledger.Scheme) error
	// Reissuable returns which payments of an order that is limited to some failed or
	// came back and are not paid again.
	Reissuable(ctx context.Context, c Claims) ([]int64, error)
	// EachPayee calls fn with every payee's paying bank and name. fn must not use the
	// transaction.
	EachPayee(ctx context.Context, c Claims, fn func(Payee) error) error
	// OpenHolds opens what a screen finds and two people must decide: a hold where an
	// amount is above the area's threshold or an account is shared, a case where the
	// area does not hold shared accounts. What was opened before stays as it is.
	OpenHolds(ctx context.Context, c Claims) error
	// AddRoster screens the claims and keeps them as the lines of a roster; it fills
	// in the roster's id and sums. The members in unwritable are held for it.
	AddRoster(ctx context.Context, r Roster, c Claims, unwritable []int64) (Roster, error)
	// SuccessorRoster keeps the lines of a withdrawn run's roster again; those whose
	// items were hit at its release are held.
	SuccessorRoster(ctx context.Context, withdrawn Run, r Roster) (Roster, error)
	// FindRoster returns one, or ErrRosterUnknown.
	FindRoster(ctx context.Context, area party.Area, id int64) (Roster, error)
	// HeldByReason sums the held lines of a roster.
	HeldByReason(ctx context.Context, area party.Area, roster int64) ([]HeldSum, error)
}

// RunTx is what runs need of a transaction.
type RunTx interface {
	RosterTx
	DecisionTx
	StepTx
	ViewTx
	FreezeTx
	ReleaseTx
	// OpenPayCase opens cases; one that was opened for the same kind and subject stays.
	OpenPayCase(ctx context.Context, area party.Area, cases ...Case) error
	// OpenParcelCase opens a case about a file.
	OpenParcelCase(ctx context.Context, area party.Area, c bank.DeliveryCase) error
	// ClosePayCase closes the open case of a kind and subject, if there is one.
	ClosePayCase(ctx context.Context, area party.Area, c Case, by string) error
}

// DecisionTx is who may decide, and what was decided.
type DecisionTx interface {
	// Standing returns an officer with the duties that hold in the database now, or
	// approval.ErrDuty where the login is disabled.
	Standing(ctx context.Context, login string) (approval.Officer, error)
	// AddApproval keeps an approval or a rejection: approval.ErrSamePerson where the
	// person is the maker or spoke before, approval.ErrDecided where it was decided.
	AddApproval(ctx context.Context, a approval.Approval) error
	// Decisions returns what checker and releaser said, in the order of time.
	Decisions(ctx context.Context, area party.Area, run int64) ([]Decided, error)
}

// StepTx is a run's life.
type StepTx interface {
	// LiveRun returns the month's regular run that is neither refused nor withdrawn, or 0.
	LiveRun(ctx context.Context, area party.Area, scheme ledger.Scheme, month calendar.Month) (int64, error)
	// AddPayRun writes a draft and fills in its id and ordinal. It returns ErrRunExists
	// where another transaction made the month's regular run just now.
	AddPayRun(ctx context.Context, r Run) (Run, error)
	// FindRun returns one, or ErrRunUnknown; LockRun also holds it to the end of the
	// transaction.
	FindRun(ctx context.Context, area party.Area, id int64) (Run, error)
	LockRun(ctx context.Context, area party.Area, id int64) (Run, error)
	// MoveRun changes the state by compare-and-set on the version, writes what the
	// freeze and the release add to the run, and appends the event.
	MoveRun(ctx context.Context, r Run, next State, actor, evidence string) (Run, error)
}

// ViewTx is what an officer sees of a run beside its row.
type ViewTx interface {
	// RunBatches returns the run's batches in the order in which they were frozen.
	RunBatches(ctx context.Context, area party.Area, run int64) ([]Batch, error)
	RunEvents(ctx context.Context, area party.Area, run int64) ([]Event, error)
	RunHits(ctx context.Context, area party.Area, run int64) ([]Hit, error)
	// Successor returns the run that a withdrawn run was followed by, or 0.
	Successor(ctx context.Context, area party.Area, run int64) (int64, error)
}

// FreezeTx is what the freeze of a run needs of a transaction.
type FreezeTx interface {
	// OpenPayables opens the payable lines of a run's roster in the order of bank, clearing
	// bank, region and member. One set is open at a time.
	OpenPayables(ctx context.Context, r Run) (Payables, error)
	// NumberBatch takes the numbers of the bank's next batch in the area, over both
	// directions, which has so many items. Whoever freezes another batch of the area
	// waits from then on until the transaction ends.
	NumberBatch(ctx context.Context, area party.Area, bankCode string, items int) (bank.Numbers, error)
	// AddPayBatch freezes a batch with its items. It returns ErrRosterStale where an
	// item of the same person, month and cause was frozen at this moment.
	AddPayBatch(ctx context.Context, b Batch, items []Item, actor string) error
}

// Payables is a set of lines that is read page by page, while the transaction
// does other things in between.
type Payables interface {
	// Next returns the next page, or none at the end.
	Next(ctx context.Context) ([]Payable, error)
	Close(ctx context.Context) error
}

// Payable is a line of a roster, ready to be frozen as an item.
type Payable struct {
	Item

	// Bank pays; ClearingBank keeps the payee's account.
	Bank         string
	ClearingBank string
	// Stale says that the claim was paid, or is being paid, by another run.
	Stale bool
}

// ReleaseTx is what a release, a recall and an acknowledgement need of a transaction.
type ReleaseTx interface {
	// ScreenRun screens the frozen items of a run again, keeps what it finds, and
	// returns it.
	ScreenRun(ctx context.Context, r Run, rules Rules, today calendar.Day) ([]Hit, error)
	// LockFundAccount makes movements out of one account wait for each other.
	LockFundAccount(ctx context.Context, area party.Area, account int64) error
	Balance(ctx context.Context, area party.Area, account int64, day calendar.Day) (money.Amount, error)
	// Committed returns what released batches will still take from an account.
	Committed(ctx context.Context, area party.Area, account int64) (money.Amount, error)
	// SendBatches moves the run's batches from ready to sending, with their events.
	SendBatches(ctx context.Context, r Run, actor string) ([]Batch, error)
	// LockPayBatch returns a batch of the bank and holds its row to the end of the
	// transaction; another bank's, and one that was not released, is ErrBatchUnknown.
	// An empty bank is an officer's.
	LockPayBatch(ctx context.Context, area party.Area, bankCode string, id int64) (Batch, error)
	// MovePayBatch changes the state by compare-and-set and appends the event.
	MovePayBatch(ctx context.Context, b Batch, next bank.BatchState, actor, evidence string) (Batch, error)
	// MarkHandedOver writes the day on which the bank took the lump.
	MarkHandedOver(ctx context.Context, b Batch, day calendar.Day) error
	Book(ctx context.Context, actor string, entries ...ledger.Entry) ([]int64, error)
	// OpenRunsDue returns the runs of all areas that are not released, and whose
	// hand-over is due on or before the day.
	OpenRunsDue(ctx context.Context, day calendar.Day) ([]Run, error)
}

// RunStore answers queries about rosters, runs and batches.
type RunStore interface {
	// Lines lists a roster's lines after the given one: all, or the held ones.
	Lines(ctx context.Context, area party.Area, roster int64, p LinePage) ([]Line, error)
	// Runs lists runs in rising order of id.
	Runs(ctx context.Context, f RunFilter) ([]Run, error)
	// Batches lists a bank's batches in rising order of id after the cursor; the empty
	// bank is an officer's view of the area, area 0 every area of the bank. A bank
	// sees nothing that was not released.
	Batches(ctx context.Context, f BatchFilter) ([]Batch, error)
	// Batch returns one, or ErrBatchUnknown.
	Batch(ctx context.Context, f BatchFilter) (Batch, error)
	// Items lists a batch's items in file order after the given position.
	Items(ctx context.Context, area party.Area, batch int64, after, limit int) ([]ItemStanding, error)
	// EachItem streams a batch's items in file order.
	EachItem(ctx context.Context, area party.Area, batch int64, fn func(Item) error) error
	// PayPartner returns one bank of an area with its expenditure account of the scheme.
	PayPartner(ctx context.Context, area party.Area, scheme ledger.Scheme, code string) (Partner, error)
}

// LinePage is a page of a roster's lines.
type LinePage struct {
	Held  bool
	After int
	Limit int
}

// RunFilter selects runs of one area.
type RunFilter struct {
	Area   party.Area
	Scheme ledger.Scheme
	Month  calendar.Month
	State  State
	After  int64
	Limit  int
}

// BatchFilter selects batches.
type BatchFilter struct {
	Area  party.Area
	Bank  string
	ID    int64
	Run   int64
	State bank.BatchState
	After int64
	Limit int
}

// Claims say which payments are meant: those of an order, as the book of
// entitlements and answers gives them today.
type Claims struct {
	Area party.Area
	Order

	Today    calendar.Day
	Rules    Rules
	Partners []Partner
}

// Payee is where a claim goes and to whom.
type Payee struct {
	Bank   string
	Member int64
	Name   party.Name
	// ClearingBank is that of the account.
	ClearingBank string
	Account      party.AccountNo
	IDNumber     party.IDNumber
	SocialNo     string
	Region       party.Region
}

// HeldSum is how many lines of a roster are held for one reason.
type HeldSum struct {
	Reason Hold
	Count  int
	Amount money.Amount
}

// Hit is a frozen item that a screen found at the release.
type Hit struct {
	Item, Member int64
	Reason       Hold
	SocialNo     string
	Name         party.Name
}

// Event is one step of a run.
type Event struct {
	Version         int
	From, To        State
	Actor, Evidence string
	On              calendar.Day
}

// Decided is what a checker or releaser said about a run.
type Decided struct {
	Login    string
	Person   int64
	Duty     approval.Duty
	Decision approval.Decision
	Reason   string
	On       calendar.Day
}

// Case is something that a person must look at. Its subject names ids only.
type Case struct {
	Kind, Subject, Bank, Text string
}

// ItemStanding is an item with its outcome, if it has one.
type ItemStanding struct {
	Item

	BatchNumber   string
	Bank          string
	Outcome       bank.Outcome
	Class         bank.Class
	Code, Text    string
	BankReference string
	ValueDate     calendar.Day
	// Returned says that the bank gave the money back.
	Returned bool
}

// Verdict is what a checker or releaser says about a run.
type Verdict struct {
	Run int64
	// Digest is the one that the officer was shown.
	Digest [sha256.Size]byte
	// Reason is why a run is refused, or released after its hand-over was due.
	Reason string
}

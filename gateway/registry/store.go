package registry

import (
	"context"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// Tx is what the registry needs of a transaction. A store of rows that meets a
// key written at the same moment returns ErrContended.
type Tx interface { //nolint:interfacebloat // it joins the subjects
	once.Tx
	ReferenceTx
	PolicyTx
	TargetTx
	BudgetTx
	PeopleTx
	BookTx
	OpeningTx
	PayeeTx
	PensionTx
	LifeTx
	HoldTx
	ChangeTx
	// LockImport makes imports of one kind into one area wait for each other.
	LockImport(ctx context.Context, area party.Area, kind Kind) error
	// Rules returns the rules that the area can read.
	Rules(ctx context.Context, area party.Area) (*policy.Rules, error)
	// RaiseCases opens cases; one known for its kind and subject stays as it is.
	RaiseCases(ctx context.Context, area party.Area, cases []Case) error
}

// ReferenceTx reads and stores reference data.
type ReferenceTx interface {
	Areas(ctx context.Context, keys []party.Area) ([]Area, error)
	InsertAreas(ctx context.Context, rows []Area) error
	Regions(ctx context.Context, area party.Area, keys []party.Region) ([]Region, error)
	InsertRegions(ctx context.Context, area party.Area, rows []Region) error
	// PolicyRows returns the area's own rows, without the nation's.
	PolicyRows(ctx context.Context, area party.Area) ([]policy.Row, error)
	InsertPolicyRows(ctx context.Context, rows []policy.Row) error
	Banks(ctx context.Context, area party.Area) ([]Bank, error)
	InsertBanks(ctx context.Context, area party.Area, rows []Bank) error
	FundAccounts(ctx context.Context, area party.Area) ([]FundAccount, error)
	InsertFundAccounts(ctx context.Context, area party.Area, rows []FundAccount) error
}

// BudgetTx reads and stores what was decided of a year's income and expenditure.
type BudgetTx interface {
	// Budgets returns every row of the area.
	Budgets(ctx context.Context, area party.Area) ([]Budget, error)
	// InsertBudgets keeps the order of the rows: of two on one account and year the
	// later one holds.
	InsertBudgets(ctx context.Context, area party.Area, by string, rows []Budget) error
}

// PeopleTx reads and stores what belongs to members.
type PeopleTx interface {
	// Members returns those with one of the id numbers or social-security numbers.
	Members(ctx context.Context, area party.Area, ids []party.IDNumber, socialNos []string) ([]Member, error)
	InsertMembers(ctx context.Context, area party.Area, rows []Member) error
	// Instruments returns the active ones of the members, and every active one
	// with one of the numbers, whoever holds it.
	Instruments(ctx context.Context, area party.Area, members []int64, numbers []BankNumber) ([]Instrument, error)
	InsertInstruments(ctx context.Context, area party.Area, rows []Instrument) error
	// Mandates returns those of the members that hold, and the newest one with each
	// of the banks' numbers.
	Mandates(ctx context.Context, area party.Area, members []int64, numbers []BankNumber) ([]Mandate, error)
	InsertMandates(ctx context.Context, area party.Area, rows []Mandate) error
	TierTx
	GoLiveTx
}

// TierTx reads and stores what members chose to pay.
type TierTx interface {
	// TierChoices returns every choice of the members: those of one year in the order in
	// which they were made, so that the last one holds.
	TierChoices(ctx context.Context, area party.Area, members []int64) ([]TierChoice, error)
	InsertTierChoices(ctx context.Context, area party.Area, rows []TierChoice) error
	// TiersUnpaid tells by position that nothing of a member's year stands in the book and
	// nothing is on its way, and keeps it so until the transaction ends.
	TiersUnpaid(ctx context.Context, area party.Area, rows []TierChoice) ([]bool, error)
	// LeftOn returns the days on which memberships ended and members came back, of those who left.
	LeftOn(ctx context.Context, area party.Area, members []int64) (map[int64]Away, error)
	ChangeTiers(ctx context.Context, area party.Area, by string, rows []TierChange) error
	// TiersOf returns the choices of a member by year, with those that gave way, or ErrMember.
	TiersOf(ctx context.Context, area party.Area, member int64) ([]KeptChoice, error)
}

// GoLiveTx reads and stores members' personal accounts at go-live.
type GoLiveTx interface {
	// PersonalOpenings returns those of the members that were entered, that wait for
	// their approval, or that stand in the list.
	PersonalOpenings(ctx context.Context, area party.Area, members []int64, list int64) ([]PersonalOpening, error)
	// AddToList keeps personal accounts that wait for their approval.
	AddToList(ctx context.Context, area party.Area, list int64, rows []PersonalOpening) error
	// AskAccounts asks, as a maker, for the approval of a list, whose file has the
	// SHA-256, and returns the id of the decision.
	AskAccounts(ctx context.Context, by approval.Officer, list int64, today calendar.Day, digest []byte) (int64, error)
	// ListedAccounts returns the accounts of a list with their schemes, by member
	// after one.
	ListedAccounts(ctx context.Context, area party.Area, list, after int64, limit int) ([]PersonalOpening, error)
	// InsertPersonalOpenings enters accounts of a list that was decided.
	InsertPersonalOpenings(ctx context.Context, area party.Area, l ApprovedList, rows []PersonalOpening) error
}

// PayeeTx reads and stores what decides who is paid.
type PayeeTx interface {
	// Entitlements returns every row of the members.
	Entitlements(ctx context.Context, area party.Area, members []int64) ([]Entitlement, error)
	// InsertEntitlements keeps the order of the rows: of two on one month the later
	// one holds.
	InsertEntitlements(ctx context.Context, area party.Area, by string, rows []Entitlement) error
	// DeathNotices lists notices in rising order of id.
	DeathNotices(ctx context.Context, f NoticeFilter) ([]DeathNotice, error)
	InsertDeathNotices(ctx context.Context, area party.Area, by string, rows []DeathNotice) error
	// WithdrawNotice returns approval.ErrDecided where it was taken back before.
	WithdrawNotice(ctx context.Context, area party.Area, t TakingBack) error
	// SetActivated writes whether the holders can draw from the instruments.
	SetActivated(ctx context.Context, area party.Area, rows []Instrument) error
}

// PensionTx reads and stores what a pension depends on.
type PensionTx interface {
	// ServiceYears returns every row of the members.
	ServiceYears(ctx context.Context, area party.Area, members []int64) ([]ServiceYears, error)
	// InsertServiceYears keeps the order of the rows: the newest one holds.
	InsertServiceYears(ctx context.Context, area party.Area, by string, rows []ServiceYears) error
	// PensionCases returns every row of the members.
	PensionCases(ctx context.Context, area party.Area, members []int64) ([]PensionCase, error)
	InsertPensionCases(ctx context.Context, area party.Area, by string, rows []PensionCase) error
}

// HoldTx reads and stores who is held back, and ends it.
type HoldTx interface {
	// Holds lists holds in rising order of id, each with its newest release.
	Holds(ctx context.Context, f HoldFilter) ([]Hold, error)
	InsertHolds(ctx context.Context, area party.Area, by string, rows []Hold) error
	// LockHold makes requests about one hold wait for each other.
	LockHold(ctx context.Context, area party.Area, id int64) error
	// AddHoldRelease stores a request and returns it with id and instant, or
	// ErrReleaseOpen.
	AddHoldRelease(ctx context.Context, h Hold, r HoldRelease) (HoldRelease, error)
	// MoveHoldRelease moves the state of a hold's release by compare-and-set, or
	// returns approval.ErrDecided.
	MoveHoldRelease(ctx context.Context, h Hold, next RequestState) error
	// Resume decides what becomes of the months that the hold stopped, now that its end is
	// approved, or refuses where the area has no rule about it.
	Resume(ctx context.Context, h Hold, today calendar.Day) error
}

// ChangeTx replaces instruments, by two people.
type ChangeTx interface {
	// Standing returns an officer with the duties that hold in the database now, or
	// approval.ErrDuty where the login is disabled.
	Standing(ctx context.Context, login string) (approval.Officer, error)
	// AddApproval keeps an approval or a rejection. It returns approval.ErrSamePerson
	// where the maker decides, approval.ErrDecided where it was decided before.
	AddApproval(ctx context.Context, a approval.Approval) error
	// LockInstrument returns an instrument, active or not, that nobody else can end
	// before the end of the transaction, or ErrInstrument.
	LockInstrument(ctx context.Context, area party.Area, id int64) (HeldInstrument, error)
	// InstrumentsOf returns every instrument of a member, or ErrMember.
	InstrumentsOf(ctx context.Context, area party.Area, member int64) ([]HeldInstrument, error)
	// AddChange stores a request and returns it with id and instant, or ErrChangeOpen.
	AddChange(ctx context.Context, c Change) (Change, error)
	// LastChange returns the newest change of an instrument, or one with id 0.
	LastChange(ctx context.Context, area party.Area, instrument int64) (Change, error)
	// MoveChange moves the state by compare-and-set and keeps the successor, or
	// returns approval.ErrDecided.
	MoveChange(ctx context.Context, c Change, next RequestState) error
	// Changes lists changes in rising order of id.
	Changes(ctx context.Context, f ChangeFilter) ([]Change, error)
	// ReplaceInstruments ends active instruments of a member on the day that the
	// next one opens, and opens it.
	ReplaceInstruments(ctx context.Context, area party.Area, ending []int64, next HeldInstrument) error
}

// BankNumber is a number as one bank gave it: an account's or a mandate's.
type BankNumber struct{ Bank, Number string }

// BookTx opens books and books openings.
type BookTx interface {
	Books(ctx context.Context, area party.Area) ([]Book, error)
	// OpenBooks opens books that are sealed through the day before they begin.
	OpenBooks(ctx context.Context, area party.Area, books []Book) error
	NewIDs(ctx context.Context, n int) ([]int64, error)
	Book(ctx context.Context, actor string, entries ...ledger.Entry) ([]int64, error)
	// HasOpeningBalance says that an account's opening balance was entered.
	HasOpeningBalance(ctx context.Context, area party.Area, account int64) (bool, error)
	// InsertOpeningBalance returns ErrOpened where the account has its balance already.
	InsertOpeningBalance(ctx context.Context, area party.Area, b OpeningBalance, by string, decision int64) error
}

// OpeningTx opens accounts at a bank in bulk, and serves the bank's customers.
type OpeningTx interface {
	// WithoutInstrument returns members without an active instrument and without
	// an opening that the bank has not answered, in the order of region and id.
	WithoutInstrument(ctx context.Context, area party.Area, region party.Region, limit int) ([]OpeningRow, error)
	// AccountOpenings lists openings in rising order of id.
	AccountOpenings(ctx context.Context, f OpeningFilter) ([]AccountOpening, error)
	InsertAccountOpening(ctx context.Context, o AccountOpening, by string, rows []OpeningRow) error
	// AccountOpening returns an opening of one of the areas with its rows in file
	// order, or ErrOpening.
	AccountOpening(ctx context.Context, areas []party.Area, id int64) (AccountOpening, []OpeningRow, error)
	// OpeningAnswers returns the answers recorded for an opening.
	OpeningAnswers(ctx context.Context, area party.Area, opening int64) ([]OpeningAnswer, error)
	InsertOpeningAnswers(ctx context.Context, area party.Area, opening, receipt int64, rows []OpeningAnswer) error
	Receipt(ctx context.Context, area party.Area, id int64) (bank.Receipt, error)
	CloseReceipt(ctx context.Context, area party.Area, id int64, c bank.Counts) error
	QuarantineReceipt(ctx context.Context, r bank.Receipt, code, text string) error
	CustomerTx
}

// CustomerTx reads and changes what a bank may of its own customers.
type CustomerTx interface {
	// AreasOf returns the areas that registered the bank.
	AreasOf(ctx context.Context, code string) ([]party.Area, error)
	EndMandate(ctx context.Context, area party.Area, m Mandate) error
	// Dues returns what members owe for a year, in the order given; a member
	// without a choice owes nothing.
	Dues(ctx context.Context, area party.Area, members []int64, year int) ([]Due, error)
}

// Store runs transactions.
type Store interface {
	InTx(ctx context.Context, fn func(Tx) error) error
	Read(ctx context.Context, fn func(Tx) error) error
}

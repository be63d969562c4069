package reconcile

import (
	"context"
	"iter"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/reconcile/intake"
	"twoline/reconcile/match"
)

// ReceiptTx is the stored file.
type ReceiptTx interface {
	WaitingTx
	Receipt(ctx context.Context, area party.Area, id int64) (bank.Receipt, error)
	// ReceiptPart returns the bytes of one part, or nil after the last.
	ReceiptPart(ctx context.Context, area party.Area, id int64, part int) ([]byte, error)
	// FirstStatement returns the first received statement of the account that a receipt is
	// of, for the earliest day up to the receipt's; the receipt itself where there is none.
	FirstStatement(ctx context.Context, area party.Area, id int64) (int64, error)
	CloseReceipt(ctx context.Context, area party.Area, id int64, c bank.Counts) error
	QuarantineReceipt(ctx context.Context, r bank.Receipt, code, text string) error
}

// WaitingTx is the files of an account that were set aside because days before them are
// missing. One that officers decide about, or left aside, waits no more; nor does one
// whose name or content another file has that was received or taken in.
type WaitingTx interface {
	// WaitingStatement returns the waiting file of the earliest day after the given one, or
	// 0. Where only the opening balance tells of the missing days, the file waits until a
	// statement begins after its day.
	WaitingStatement(ctx context.Context, a Account, after int64) (int64, error)
	// ResumeStatement makes a waiting file received again, ends its case and returns it as
	// it was; or returns ErrNotWaiting, after which the transaction is void.
	ResumeStatement(ctx context.Context, a Account, receipt int64) (bank.Receipt, error)
	// RestateStatement says why a waiting file stays where it is.
	RestateStatement(ctx context.Context, a Account, receipt int64, code, text string) error
}

// StatementTx is what taking a statement in needs of a transaction.
type StatementTx interface {
	NewIDs(ctx context.Context, n int) ([]int64, error)
	Enqueue(ctx context.Context, jobs ...any) error
	// LockReconciliation makes intake and runs of one account wait for each other.
	LockReconciliation(ctx context.Context, a Account) error
	// StatementAccount returns the account, or ErrAccountUnknown.
	StatementAccount(ctx context.Context, a Account) (intake.Account, error)
	// KnownStatements returns how far the account's statements were taken in.
	KnownStatements(ctx context.Context, a Account) (intake.Known, error)
	// StatementDayLines returns the lines booked on one day.
	StatementDayLines(ctx context.Context, a Account, day calendar.Day) ([]intake.PastLine, error)
	// StatementBalance returns the bank's balance after a day, or ErrNotCovered.
	StatementBalance(ctx context.Context, a Account, day calendar.Day) (money.Amount, error)
	// AddStatementLines keeps lines; ids names their statements.
	AddStatementLines(ctx context.Context, a Account, ids map[int]int64, lines []intake.Line) error
	// AddStatement keeps a statement under the id that its lines name.
	AddStatement(ctx context.Context, a Account, receipt, id int64, s intake.Statement) error
}

// RunTx is what a run needs of a transaction.
type RunTx interface {
	LastReconciliation(ctx context.Context, a Account) (Mark, error)
	// SealedThrough returns the day through which the account's book takes no
	// more entries.
	SealedThrough(ctx context.Context, a Account) (calendar.Day, error)
	// Empty says that neither side has a line in the scope, matched or not, and that no
	// name is asked for: most days of most accounts.
	Empty(ctx context.Context, s Scope) (bool, error)
	// EachOpenBookLine gives every book line of the scope that is not matched. fn
	// must not use the transaction.
	EachOpenBookLine(ctx context.Context, s Scope, fn func(match.BookLine) error) error
	// BankReferences answers match.BankReferences for lines of the book that
	// EachOpenBookLine gave Unread.
	BankReferences(ctx context.Context, a Account, references []string) ([]string, error)
	// EachOpenStatementLine gives the bank's, by booking date and position.
	EachOpenStatementLine(ctx context.Context, s Scope, fn func(match.StatementLine) error) error
	// OpenStatement begins to read the bank's lines of the scope. beside says that
	// the transaction has written nothing that they rest upon, so that many lines may
	// be read beside it.
	OpenStatement(ctx context.Context, s Scope, beside bool) (StatementReader, error)
	// ReferenceStandings answers match.Past.
	ReferenceStandings(ctx context.Context, a Account, lines []match.StatementLine) ([]match.Standing, error)
	// AddMatches keeps matches and counts them by day and rule.
	AddMatches(ctx context.Context, a Account, matches iter.Seq[match.Match]) ([]Count, error)
	AddReconciliation(ctx context.Context, a Account, m Mark, counts []Count) error
}

// StatementReader reads the bank's lines of one scope.
type StatementReader interface {
	// Called returns what the bank called the items that lines without an id of ours,
	// or Scope.Asked, ask for, by their ids; or says that they are too many for that.
	// It comes before Each.
	Called(ctx context.Context) (called map[string]string, many bool, err error)
	// Each gives the lines by booking date and position.
	Each(ctx context.Context, fn func(match.StatementLine) error) error
	// Beside says that the transaction may be used within fn.
	Beside() bool
	// Close ends the reading.
	Close()
}

// AccountTx finds accounts.
type AccountTx interface {
	// AccountOfBank finds an account by the number or id that its bank names, in
	// whatever area, or ErrAccountUnknown.
	AccountOfBank(ctx context.Context, bankCode, account string) (intake.Account, error)
	// StatementAccounts returns every account that has statements.
	StatementAccounts(ctx context.Context) ([]Account, error)
}

// BreakTx is what keeping breaks needs of a transaction.
type BreakTx interface {
	// OpenBreaks returns the open breaks of the account by digest.
	OpenBreaks(ctx context.Context, a Account) (map[Digest]int64, error)
	AddBreaks(ctx context.Context, a Account, breaks []OpenBreak) error
	CloseBreaks(ctx context.Context, a Account, on calendar.Day, ids []int64) error
	// AddAlarms opens a case for each; one that is open stays as it is.
	AddAlarms(ctx context.Context, a Account, alarms []Alarm) error
	// ProposeReturns opens a case for each open credit that looks like one of our
	// payments coming back, of which the bank sent no notice, and closes those whose
	// credit stands in the book by now.
	ProposeReturns(ctx context.Context, a Account) error
	// AlarmUncleared opens a case for each open book line that the bank has not
	// shown by the day.
	AlarmUncleared(ctx context.Context, a Account, by calendar.Day) error
}

// ReportTx is what reports need of a transaction.
type ReportTx interface {
	MatchTx
	// Balance returns the book's balance after an accounting day.
	Balance(ctx context.Context, area party.Area, account int64, day calendar.Day) (money.Amount, error)
	// SettledLater sums lines up to the day whose match was complete only after it.
	SettledLater(ctx context.Context, a Account, day calendar.Day) (bankSide, bookSide Side, err error)
	// EachSettledLater gives those lines. The functions must not use the transaction.
	EachSettledLater(ctx context.Context, a Account, day calendar.Day, onBank func(match.StatementLine) error,
		onBook func(match.BookLine) error) error
	// LoadFundAccount returns the account as the registry has it.
	LoadFundAccount(ctx context.Context, area party.Area, id int64) (ledger.FundAccount, error)
	// MatchedCounts counts what was settled on days up to the given one, by rule.
	MatchedCounts(ctx context.Context, a Account, through calendar.Day) ([]Count, error)
	// ListBreaks lists breaks by rising id, with how many there are in all.
	ListBreaks(ctx context.Context, f BreakFilter) ([]Break, int, error)
	// BatchCredits lists credits of a statement on an income account that name a
	// batch of ours, by rising line id.
	BatchCredits(ctx context.Context, area party.Area, statement, after int64, limit int) ([]BatchCredit, error)
}

// Tx is everything that reconcile asks of a transaction.
type Tx interface {
	once.Tx
	ReceiptTx
	StatementTx
	RunTx
	RulesTx
	MonthTx
	BreakTx
	DeskTx
	ReportTx
	AccountTx
}

// Store runs transactions.
type Store interface {
	InTx(ctx context.Context, fn func(Tx) error) error
	Read(ctx context.Context, fn func(Tx) error) error
}

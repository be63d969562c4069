package bureau

import (
	"context"
	"crypto/sha256"
	"io"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/registry"
	"twoline/reconcile/match"
)

// KindJournal is the kind of import that holds the bureau's journal.
const KindJournal registry.Kind = "bureau_journal"

// The refusals.
var (
	ErrNothing = fault.New(fault.NotFound, "bureau_journal_missing",
		"the bureau's journal of this account and month was not imported; import it as bureau_journal, with the "+
			"closing balance of the month")
	ErrDirection = fault.New(fault.Invalid, "bureau_direction",
		"a line is a debit or a credit: direction with amount, or one of the columns debit and credit")
	ErrClosing = fault.New(fault.Invalid, "bureau_closing",
		"a line with a closing balance is of a month's last day, and has no voucher and no amount")
	ErrArithmetic = fault.New(fault.Unprocessable, "bureau_arithmetic",
		"the closing balances and the lines between them do not add up")
	ErrLong = fault.New(fault.TooLarge, "bureau_journal_long", "a journal has at most 200000 lines; send it by month")
)

// maxLines bounds the lines of one file, and those that a comparison holds of each side:
// what is open, and one month.
const maxLines = 200_000

// Line is one line of a voucher of the bureau.
type Line struct {
	ID          int64
	FundAccount int64
	Date        calendar.Day
	Voucher     string
	// Number counts the voucher's lines on the account from 1.
	Number int
	// Side is ledger.Debit for money into the account, as in our own book.
	Side      ledger.Side
	Amount    money.Amount
	Reference string
	Text      string
}

// Month is the month of the voucher's number.
func (l Line) Month() calendar.Month { return l.Date.Month() }

// Closing is the bureau's balance at the end of a month.
type Closing struct {
	FundAccount int64
	Month       calendar.Month
	Amount      money.Amount
}

// Own is one movement of our book on the account: an entry's line there.
type Own struct {
	Key       match.Key
	Booked    calendar.Day
	Value     calendar.Day
	Kind      ledger.Kind
	Reverses  int64
	Direction bank.Direction
	Amount    money.Amount
	// Cause is our id of what caused it, BankReference what the bank called it.
	Cause         int64
	BankReference string
}

// Journal is one imported file.
type Journal struct {
	ID     int64
	Digest [sha256.Size]byte
	Rows   int
	By     string
}

// Gap is a month whose closing balance is not the one before it and its lines.
type Gap struct {
	FundAccount int64
	Month       calendar.Month
	// Opening is the closing of the month before; Debits and Credits are the lines of
	// the month.
	Opening, Debits, Credits, Closing money.Amount
}

// Tx is what the bureau's side needs of a transaction.
type Tx interface {
	once.Tx
	// LockBureau makes imports of one area wait for each other.
	LockBureau(ctx context.Context, area party.Area) error
	// BureauJournal finds a file by its digest, or returns nil.
	BureauJournal(ctx context.Context, area party.Area, digest [sha256.Size]byte) (*Journal, error)
	// FundAccountsByNo finds the area's accounts by their numbers; of a number that
	// several have, all.
	FundAccountsByNo(ctx context.Context, area party.Area, numbers []string) (map[string][]int64, error)
	// KnownBureauLines returns those that are stored under the keys of lines, by key.
	KnownBureauLines(ctx context.Context, area party.Area, lines []Line) (map[LineKey]Line, error)
	// KnownBureauClosings returns the closings that are stored for the same months.
	KnownBureauClosings(ctx context.Context, area party.Area, closings []Closing) (map[ClosingKey]money.Amount, error)
	// AddBureauJournal keeps a file with what is new in it.
	AddBureauJournal(ctx context.Context, area party.Area, j Journal, lines []Line, closings []Closing) error
	// BureauGaps lists the months of accounts that do not add up.
	BureauGaps(ctx context.Context, area party.Area, accounts []int64) ([]Gap, error)
	ComparisonTx
}

// ComparisonTx is what a comparison reads.
type ComparisonTx interface {
	// LoadFundAccount returns the account, or a refusal where the area has none such.
	LoadFundAccount(ctx context.Context, area party.Area, id int64) (ledger.FundAccount, error)
	// Balance returns the book's balance after an accounting day.
	Balance(ctx context.Context, area party.Area, account int64, day calendar.Day) (money.Amount, error)
	// BureauMonths gives what the lines of an account move in each month that has any,
	// up to one, by month.
	BureauMonths(ctx context.Context, area party.Area, account int64, through calendar.Month) ([]Moved, error)
	// BureauClosings gives the closings of an account up to a month, by month.
	BureauClosings(ctx context.Context, area party.Area, account int64, through calendar.Month) ([]Closing, error)
	// EachOfBothSides gives the lines of both sides month by month: in each ours by day
	// and key, without the entry of the go-live, then theirs by day and key. Of ours
	// BankReference is empty where no line of theirs carries it, and echoed says that one
	// carries Cause. Of theirs Reference is empty where no line of ours has it, and echoes
	// says that it is a Cause; its texts are left out.
	EachOfBothSides(ctx context.Context, s Span, own func(o Own, echoed bool) error,
		theirs func(l Line, echoes bool) error) error
	// BureauLines reads lines of theirs by id, OwnLines lines of ours by key.
	BureauLines(ctx context.Context, s Span, ids []int64) (map[int64]Line, error)
	OwnLines(ctx context.Context, s Span, keys []match.Key) (map[match.Key]Own, error)
}

// Span is months of one account.
type Span struct {
	Area           party.Area
	Account        int64
	Since, Through calendar.Month
}

// Moved is what lines move in a month.
type Moved struct {
	Month  calendar.Month
	Amount money.Amount
}

// LineKey names a line of the bureau's.
type LineKey struct {
	FundAccount int64
	Month       calendar.Month
	Voucher     string
	Number      int
}

// Key names the line.
func (l Line) Key() LineKey {
	return LineKey{FundAccount: l.FundAccount, Month: l.Month(), Voucher: l.Voucher, Number: l.Number}
}

// ClosingKey names a closing.
type ClosingKey struct {
	FundAccount int64
	Month       calendar.Month
}

// Store runs transactions.
type Store interface {
	InTx(ctx context.Context, fn func(Tx) error) error
	Read(ctx context.Context, fn func(Tx) error) error
}

// Tables reads table files; registry.Service does.
type Tables interface {
	EachLine(ctx context.Context, spec registry.Spec, file io.ReadSeeker, o registry.Options, digest io.Writer,
		each func(registry.FileLine) error) error
}

// Parts are what a Service is made of.
type Parts struct {
	Store  Store
	Tables Tables
	// Today is the business day.
	Today func() calendar.Day
}

// Service imports and compares. It is safe for concurrent use.
type Service struct {
	store  Store
	tables Tables
	today  func() calendar.Day
}

// New makes a Service; Tables is needed by imports only.
func New(p Parts) *Service { return &Service{store: p.Store, tables: p.Tables, today: p.Today} }

package collection

import (
	"context"

	"twoline/gateway/audit"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// RunTx is what making batches needs of a transaction.
type RunTx interface {
	// CollectionMode returns who collects in the area on a day, or policy.ErrNoRule.
	CollectionMode(ctx context.Context, area party.Area, day calendar.Day) (policy.Mode, error)
	// Partners returns the banks of an area that have an income account of the scheme.
	Partners(ctx context.Context, area party.Area, scheme ledger.Scheme, codes []string) ([]Partner, error)
	// AddRun writes the run and returns its id.
	AddRun(ctx context.Context, area party.Area, r Run, actor string, day calendar.Day) (int64, error)
	// HoldDues keeps counters and other runs from reading the same due at one
	// moment: a run holds it alone, counters share it. It is held to the end.
	HoldDues(ctx context.Context, areas []party.Area, years []int) error
	// EachDue calls fn for every member of the bank whose due may be sent now, in
	// the order of clearing bank, region and member, and returns how many are held by the class of
	// their last failure. fn must not use the transaction.
	// day is the run's: who draws a pension by then is held.
	EachDue(
		ctx context.Context, area party.Area, day calendar.Day, r Run, p Partner, fn func(Due) error,
	) (map[string]int, error)
	// NumberBatch takes the numbers of the bank's next batch in the area, which has so many items.
	// Whoever freezes another batch of the area waits from then on until the
	// transaction ends.
	NumberBatch(ctx context.Context, area party.Area, bankCode string, items int) (bank.Numbers, error)
	// HoldUnwritable opens a case for every member whose name the bank's file
	// cannot carry.
	HoldUnwritable(ctx context.Context, area party.Area, bankCode string, members []int64) error
	// AddBatch freezes a batch with its items.
	AddBatch(ctx context.Context, b Batch, items []Item, actor string) error
}

// CaseTx is what a bank's refusal of a file needs of a transaction.
type CaseTx interface {
	// OpenParcelCase opens a case about a file.
	OpenParcelCase(ctx context.Context, area party.Area, c bank.DeliveryCase) error
}

// AnswerTx is what taking answers in needs of a transaction.
type AnswerTx interface {
	// LockBatch returns a batch of the bank and holds its row to the end of the
	// transaction; another bank's is ErrBatchUnknown. An empty bank is an officer's.
	LockBatch(ctx context.Context, area party.Area, bankCode string, id int64) (Batch, error)
	// KnownItems returns what is known of the items that the results name, by
	// the results' position; nil where the batch has no such item.
	KnownItems(ctx context.Context, b Batch, receipt int64, results []Result) ([]*Known, error)
	// AddAnswers keeps the lines, recorded ones as outcomes, refused ones with a case.
	// They came in on the business day of today.
	AddAnswers(ctx context.Context, b Batch, receipt int64, decisions []Decision, today calendar.Day) error
	// MoveBatch changes the state by compare-and-set and appends the event.
	MoveBatch(ctx context.Context, b Batch, next bank.BatchState, actor, evidence string) (Batch, error)
	// AnsweredLines returns how many lines of a receipt were kept, and their counts.
	AnsweredLines(ctx context.Context, area party.Area, receipt int64) (int, bank.Counts, error)
	BeginReceipt(ctx context.Context, r bank.Receipt) (int64, error)
	CloseReceipt(ctx context.Context, area party.Area, id int64, c bank.Counts) error
	FinishReceipt(ctx context.Context, r bank.Receipt) (bank.Receipt, error)
	QuarantineReceipt(ctx context.Context, r bank.Receipt, code, text string) error
	Receipt(ctx context.Context, area party.Area, id int64) (bank.Receipt, error)
}

// EvidenceTx is what evidence in place of an answer needs of a transaction.
type EvidenceTx interface {
	// Evidence returns what officers decided, as the line of an answer.
	Evidence(ctx context.Context, head bank.Receipt) (bank.Answer, error)
}

// MoneyTx is what arrivals need of a transaction.
type MoneyTx interface {
	// AddArrival keeps an arrival; the same bank reference with the same content
	// returns the first one and true, with other content ErrReference.
	AddArrival(ctx context.Context, area party.Area, a Arrival, today calendar.Day) (Arrival, bool, error)
	// FundAccount finds an account by its number for the bank that keeps it; the
	// empty bank is an officer's.
	FundAccount(ctx context.Context, area party.Area, bankCode, accountNo string) (FundAccount, error)
	FundAccountByID(ctx context.Context, area party.Area, id int64) (FundAccount, error)
	// BatchOfItem returns the batch that an item belongs to.
	BatchOfItem(ctx context.Context, area party.Area, bankCode string, item int64) (int64, error)
	// OpenSums returns what a batch's recorded successes and arrivals sum to
	// beyond its last agreement.
	OpenSums(ctx context.Context, area party.Area, subject string, id int64) (Sums, error)
	// LockArrival returns an arrival with the batch that it is for now, and whether
	// an agreement took it. That batch and the given one are held to the end.
	LockArrival(ctx context.Context, area party.Area, id, batch int64) (Arrival, bool, error)
	// NameArrival keeps which batch an arrival is for and moves its amount there
	// from the batch that it was for. Both batches are locked by the caller.
	NameArrival(ctx context.Context, area party.Area, a Arrival, n Named) error
	// CloseArrivalCases closes the cases that ask what an arrival is.
	CloseArrivalCases(ctx context.Context, area party.Area, a Arrival, by, text string) error
}

// PostingTx is what agreements and their postings need of a transaction.
type PostingTx interface {
	AddAgreement(ctx context.Context, a Agreement, today calendar.Day) (int64, error)
	// LockAgreement returns the agreement with its progress, held to the end.
	LockAgreement(ctx context.Context, area party.Area, id int64) (Agreement, error)
	// Payables returns the next successes to post, at most n, in their order.
	Payables(ctx context.Context, a Agreement, n int) ([]Payable, error)
	MoveAgreement(ctx context.Context, a Agreement) error
	AddRefundTasks(ctx context.Context, area party.Area, today calendar.Day, tasks []RefundTask) error
	Book(ctx context.Context, actor string, entries ...ledger.Entry) ([]int64, error)
	Enqueue(ctx context.Context, jobs ...any) error
}

// SuspenseTx is what money that nothing explains needs of a transaction.
type SuspenseTx interface {
	// StaleArrivals returns arrivals reported on or before the day that no
	// agreement covers and that are not in suspense yet.
	StaleArrivals(ctx context.Context, area party.Area, day calendar.Day) ([]StaleArrival, error)
	// OpenArrivals is StaleArrivals for one subject, whatever their age.
	OpenArrivals(ctx context.Context, area party.Area, subject string, id int64) ([]StaleArrival, error)
	// AddArrivalSuspense marks arrivals as gone to suspense.
	AddArrivalSuspense(ctx context.Context, area party.Area, ids []int64, today calendar.Day) error
}

// Group is what a group of payments begins with, by the payments' positions: the
// answer kept before or nil, the fund account named or the zero account, a new id.
type Group struct {
	Stored   []*once.Stored
	Accounts []FundAccount
	IDs      []int64
}

// CounterTx is what payments at counters and terminals need of a transaction.
type CounterTx interface {
	// OpenGroup begins a group of payments: what was answered before, the accounts
	// that they name and an id for each, by position.
	OpenGroup(ctx context.Context, rs []once.Request, bankCodes, numbers []string) (Group, error)
	// RecallAll and KeepAll are once.Tx for many requests in one round trip; the
	// answers stand by the requests' positions. trail is written with them.
	RecallAll(ctx context.Context, rs []once.Request) ([]*once.Stored, error)
	KeepAll(ctx context.Context, rs []once.Request, answers []once.Answer, trail []audit.Row) error
	// CounterDues returns what members owe for a year, by position; Chosen is 0
	// where nothing was chosen, Scheme is empty where there is no such member.
	CounterDues(ctx context.Context, areas []party.Area, members []int64, years []int) ([]CounterDue, error)
	// HeldCounterDues waits for runs that take the same dues, keeps new ones out to
	// the end, and returns CounterDues.
	HeldCounterDues(ctx context.Context, areas []party.Area, members []int64, years []int) ([]CounterDue, error)
	// AddCounterReceipts keeps payments under their ordinals. It answers per
	// payment, by position: nil, ErrDayClosed or ErrReference. It returns
	// ErrContended where another transaction took an ordinal first.
	AddCounterReceipts(ctx context.Context, ps []CounterPayment, ordinals []int) ([]error, error)
	// CloseTerminalDay fixes the receipts of a terminal's day and returns it; a
	// day that is closed is returned as it was closed.
	CloseTerminalDay(ctx context.Context, area party.Area, d TerminalDay, actor string) (TerminalDay, error)
	// OpenTerminalDays lists days before the given one that have receipts and are not closed.
	OpenTerminalDays(ctx context.Context, area party.Area, before calendar.Day) ([]TerminalDay, error)
}

// WatchTx is what the daily look at what stays open needs of a transaction.
type WatchTx interface {
	// Areas returns all pooling areas.
	Areas(ctx context.Context) ([]party.Area, error)
	// SilentItems asks the bank about every item that was sent on or before the
	// day and has no final answer: it writes the queries and cases, sets their batches
	// unknown, and returns how many. It sends nothing again.
	QuerySilentItems(ctx context.Context, area party.Area, sentBy, today calendar.Day) (int, error)
	// OpenUncleared opens a case for every batch and terminal day, made on or before
	// the day, whose answers and arrived money differ.
	OpenUncleared(ctx context.Context, area party.Area, day calendar.Day) error
	// Unfinished returns jobs for agreements and files that wait for longer than
	// their job should have taken.
	Unfinished(ctx context.Context, area party.Area) ([]any, error)
	// RefuseArrival opens a case for a line of a statement that cannot be taken as
	// an arrival.
	RefuseArrival(ctx context.Context, area party.Area, bankCode, reference, reason string) error
	// Cases lists what a person must look at, in rising order of id.
	Cases(ctx context.Context, f CaseFilter) ([]Case, error)
	// SuspenseDays returns the area's rule of working days before unexplained
	// money goes to suspense.
	SuspenseDays(ctx context.Context, area party.Area, day calendar.Day) (int, error)
}

// DecidedTx is what people decide about money in.
type DecidedTx interface {
	EvidenceTx
	ListTx
	RefundTx
	RefundReturnTx
	PayerTx
}

// Tx is everything that collection asks of a transaction.
type Tx interface {
	once.Tx
	RunTx
	AnswerTx
	CaseTx
	DecidedTx
	MoneyTx
	PostingTx
	SuspenseTx
	CounterTx
	WatchTx
}

// ListStore answers with lists of members and villages.
type ListStore interface {
	// Interruptions lists who chose an amount for a year and has paid nothing for it.
	Interruptions(ctx context.Context, f InterruptionFilter) ([]Interruption, error)
	// Lists lists contribution lists without their lines.
	Lists(ctx context.Context, f ListFilter) ([]ContributionList, error)
	// ListLines lists the lines of one, with what became of them.
	ListLines(ctx context.Context, p LinePage) ([]LineStanding, error)
}

// Store runs transactions and answers queries.
type Store interface {
	ListStore
	InTx(ctx context.Context, fn func(Tx) error) error
	// Batches lists a bank's batches in rising order of id after the cursor; the
	// empty bank is an officer's view of the area, area 0 every area of the bank.
	Batches(ctx context.Context, f BatchFilter) ([]Batch, error)
	// Batch returns one, or ErrBatchUnknown.
	Batch(ctx context.Context, f BatchFilter) (Batch, error)
	// Items lists a batch's items in file order after the given position.
	Items(ctx context.Context, area party.Area, batch int64, after, limit int) ([]ItemStanding, error)
	// EachItem streams a batch's items in file order.
	EachItem(ctx context.Context, area party.Area, batch int64, fn func(Item) error) error
	// Partner returns one bank of an area with its income account of the scheme.
	Partner(ctx context.Context, area party.Area, scheme ledger.Scheme, code string) (Partner, error)
	// FindItem finds an item of the bank by id or bank reference.
	FindItem(ctx context.Context, f ItemFilter) (ItemStanding, error)
	// AreaOfMember returns a member's area where the officer's area is that one, or
	// the bank serves it; else ErrMemberUnknown.
	AreaOfMember(ctx context.Context, area party.Area, bankCode string, member int64) (party.Area, error)
	// ReceiptLines lists what became of a receipt's lines after the given one.
	ReceiptLines(ctx context.Context, area party.Area, receipt int64, after, limit int) ([]Decision, error)
}

// BatchFilter selects batches.
type BatchFilter struct {
	Area  party.Area
	Bank  string
	ID    int64
	State bank.BatchState
	After int64
	Limit int
}

// ItemFilter selects an item.
type ItemFilter struct {
	Area          party.Area
	Bank          string
	ID            int64
	BankReference string
}

// Case is something that a person must look at: money that nothing explains, a
// refused line, a bank that is silent. Its subject names ids only.
type Case struct {
	ID                        int64
	Kind, Subject, Bank, Text string
	OpenedOn                  calendar.Day
	// Closed says that it was settled, as ClosedText says.
	Closed     bool
	ClosedText string
}

// CaseFilter selects cases: open or closed ones, of one kind or of all.
type CaseFilter struct {
	Area   party.Area
	Kind   string
	Closed bool
	After  int64
	Limit  int
}

// FundAccount is a bank account of the fund.
type FundAccount struct {
	Area   party.Area
	ID     int64
	Scheme ledger.Scheme
	Role   ledger.Role
	Bank   string
	// OpenedOn is the first day of the account's book.
	OpenedOn calendar.Day
}

// Sums is what a subject holds beyond its last agreement.
type Sums struct {
	Round        int
	After        int64
	Upto         int64
	UptoArrival  int64
	Count        int
	Succeeded    money.Amount
	Arrived      money.Amount
	LastValueDay calendar.Day
	FundAccount  FundAccount
}

// StaleArrival is an arrival that nothing explains yet.
type StaleArrival struct {
	Arrival

	Scheme ledger.Scheme
	Role   ledger.Role
	// InSuspense says that it was booked to suspense before.
	InSuspense bool
}

// CounterDue is what a member owes for a year: what was chosen less what is
// posted, less receipts, less what is in flight. A receipt and an item count until
// their money is dealt with, which is when it is posted or a refund task says that
// it goes back; an item that failed no longer counts. Runs, counters and the
// registry all mean this.
type CounterDue struct {
	Member   int64
	Year     int
	Chosen   money.Amount
	Posted   money.Amount
	Receipts money.Amount
	InFlight money.Amount
	// List is the first of the approved contribution lists that are in flight for it, or 0.
	List int64
	// Payments counts receipts so far; the next has this ordinal plus one.
	Payments int
	Scheme   ledger.Scheme
	// Died is the earliest day of a death that stands reported, or no day.
	Died calendar.Day
	// Left is the day on which the membership ended for another reason, or no day.
	Left calendar.Day
	// Draws is the first day of a pension that stands, or no day.
	Draws calendar.Day
}

// Open returns what may still be collected.
func (d CounterDue) Open() money.Amount {
	return max(0, d.Chosen-d.Posted-d.Receipts-d.InFlight)
}

// owes tells how much is open of the year, and of a list that waits for its money.
func (d CounterDue) owes(open money.Amount) *fault.Error {
	if d.List != 0 && d.InFlight > 0 {
		return ErrOverDue.With("the member still owes %s for %d: contribution list %d is approved and waits for its "+
			"money; end the list if it does not come", open, d.Year, d.List)
	}
	return ErrOverDue.With("the member still owes %s for %d", open, d.Year)
}

// drawsOn says that a pension was paid to the member by a day: nothing is contributed any more.
func (d CounterDue) drawsOn(day calendar.Day) bool { return !d.Draws.IsZero() && !day.Before(d.Draws) }

// TerminalDay is one terminal's closed day.
type TerminalDay struct {
	ID          int64
	Bank        string
	Terminal    string
	Day         calendar.Day
	FundAccount int64
	Receipts    int
	Amount      money.Amount
}

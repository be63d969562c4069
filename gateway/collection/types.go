package collection

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"io"
	"time"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// The refusals of collection.
var (
	ErrBatchUnknown = fault.New(fault.NotFound, "batch_not_found", "no such withholding batch")
	ErrTaxMode      = fault.New(fault.Unprocessable, "collected_by_tax",
		"contributions of this area are collected by the tax authority from this day on")
	// ErrYearAhead is the refusal of money for a year to come.
	ErrYearAhead = fault.New(fault.Unprocessable, "year_not_begun", "the year has not begun: nothing is taken for it")
	// ErrMissedYear and ErrCutoff are of runs: who missed a year asks to make it up.
	ErrMissedYear = fault.New(fault.Unprocessable, "make_up_on_request",
		"a missed year is made up on request, at the counter or by a list: nothing is debited for it")
	ErrCutoff = fault.New(fault.Unprocessable, "cutoff_passed",
		"the area's last day for contributions of the year passed: nothing is debited for it")
	ErrNothingDue      = fault.New(fault.Unprocessable, "nothing_due", "no member has a due that may be collected now")
	ErrAcknowledgement = fault.New(fault.Unprocessable, "acknowledgement_differs",
		"count, amount or digest is not that of the batch; fetch it again")
	ErrTooManyLines = fault.New(fault.TooLarge, "too_many_lines", "at most 10 000 results a request; send a file")
	ErrFundAccount  = fault.New(fault.NotFound, "fund_account_not_found", "no such fund account")
	ErrOverDue      = fault.New(fault.Unprocessable, "over_due",
		"the payment exceeds what the member still owes for the year")
	ErrMemberUnknown = fault.New(fault.NotFound, "member_not_found", "no such member")
	ErrNotChosen     = fault.New(fault.Unprocessable, "tier_not_chosen", "the member chose no amount for this year")
	ErrMemberDied    = fault.New(fault.Unprocessable, "member_died",
		"the member had died before the day of the payment: take no money")
	ErrMemberLeft = fault.New(fault.Unprocessable, "member_left",
		"the membership had ended before the day of the payment: take no money")
	ErrDraws = fault.New(fault.Unprocessable, "draws_pension",
		"a pension is paid to the member from before the day of the payment: take no money")
	ErrDayClosed = fault.New(fault.Conflict, "terminal_day_closed",
		"this terminal's day is closed; the receipt needs a day that is open")
	ErrReference = fault.New(fault.Conflict, "bank_reference_reused",
		"this bank reference was reported before with other content")
	ErrArrivalUnknown = fault.New(fault.NotFound, "arrival_not_found", "no such arrival")
	ErrArrivalFixed   = fault.New(fault.Conflict, "arrival_fixed", "what this money is for can no longer be changed")
	ErrRole           = fault.New(fault.Unprocessable, "arrival_role",
		"contributions arrive on income, treasury or fiscal special accounts only")
	ErrNoReceipts = fault.New(fault.Conflict, "terminal_day_empty",
		"no receipt of this terminal's day is known; report the receipts first")
	ErrDay = fault.New(fault.Unprocessable, "day_out_of_range", "the day lies in the future or before the books began")
	// ErrContended asks for another try: somebody else paid for the member just now.
	ErrContended = fault.New(fault.Unavailable, "contended", "another payment of this member was faster; try again")
	ErrClosing   = fault.New(fault.Unavailable, "closing",
		"the gateway is closing; try again with the same Idempotency-Key")
	ErrAmount      = fault.New(fault.Unprocessable, "amount_zero", "the amount must be above zero")
	ErrItemUnknown = fault.New(fault.NotFound, "item_not_found", "no such item")
)

// Run asks for withholding batches: one area, scheme and year, some or all banks.
type Run struct {
	Scheme ledger.Scheme
	Year   int
	// Banks are the partner banks' codes; none means all.
	Banks []string
}

// RunResult says what a run made and whom it left out.
type RunResult struct {
	ID      int64
	Batches []Batch
	// Held counts members with a due that is not sent, by the class of their last failure,
	// or by the code of why nothing is taken from them: member_died, member_left, draws_pension.
	Held map[string]int
}

// Batch is a withholding batch as it was frozen, and where it stands.
type Batch struct {
	Area         party.Area
	ID           int64
	Run          int64
	Scheme       ledger.Scheme
	Year         int
	Bank         string
	ClearingBank string
	FundAccount  int64
	// AccountNo is the number of the fund account.
	AccountNo string
	// Number is unique for the bank and area, eight digits.
	Number     string
	Count      int
	Amount     money.Amount
	Digest     [sha256.Size]byte
	FileName   string
	FileDigest [sha256.Size]byte
	// FileSize is in bytes.
	FileSize  int64
	CreatedOn calendar.Day
	State     bank.BatchState
	Version   int
	// Withheld says that people settled an item as not executed: the bank is not handed
	// the batch any more.
	Withheld bool
	// Progress counts what became of the items.
	Progress Progress
}

// ForBank refuses to hand a batch to its bank that is withheld.
func (b Batch) ForBank() error {
	if b.Withheld {
		return bank.ErrWithheld.About(b.Number)
	}
	return nil
}

// Progress is a batch's counters: items and money by outcome.
type Progress struct {
	Succeeded, Failed, Open          int
	SucceededAmount, Arrived, Agreed money.Amount
}

// Item is one debit of a batch, frozen as it was sent.
type Item struct {
	ID        int64
	Batch     int64
	Seq       int
	Member    int64
	Year      int
	Attempt   int
	Amount    money.Amount
	Mandate   int64
	MandateNo string
	Account   party.AccountNo
	Name      party.Name
	IDNumber  party.IDNumber
	SocialNo  string
	Region    party.Region
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
	Posted        bool
	// QueriedOn is the last day on which the bank was asked about it.
	QueriedOn calendar.Day
}

// Due is a member that a run may debit, with what is needed to freeze the item.
type Due struct {
	Member       int64
	Amount       money.Amount
	Attempt      int
	Mandate      int64
	MandateNo    string
	ClearingBank string
	Account      party.AccountNo
	Name         party.Name
	IDNumber     party.IDNumber
	SocialNo     string
	Region       party.Region
}

// Partner is what collection needs to know of a bank in an area.
type Partner struct {
	Code     string
	BankNo   string
	Format   string
	Charset  string
	RowLimit int
	// FundAccount is the account that its debits arrive on, AccountNo its number.
	FundAccount int64
	AccountNo   string
}

// FileWriter writes a batch in a bank's own format; the same batch gives the
// same bytes at any time.
type FileWriter interface {
	// CheckWithholding says why the bank's file cannot carry a payer, or nil; it is
	// bank.ErrNoForm where nothing is known of the bank's files.
	CheckWithholding(p Partner, d Due) error
	// WithholdingRows is how many rows the bank's files hold, or 0 where they set no limit.
	WithholdingRows(p Partner) int
	// WriteWithholding writes all items of the batch to w, items by items.
	WriteWithholding(w io.Writer, p Partner, b Batch, items func(yield func(Item) error) error) error
	// WithholdingFileName names the file.
	WithholdingFileName(p Partner, b Batch) string
}

// FileReader reads a bank's result file into records.
type FileReader interface {
	ReadResults(ctx context.Context, p Partner, r bank.Receipt, body io.Reader, emit bank.Emit) error
}

// ItemDigest accumulates the digest of a batch over its frozen items in order:
// SHA-256 of seq, id, amount, account and mandate of each.
type ItemDigest struct{ h hash.Hash }

// NewItemDigest starts the digest of a batch.
func NewItemDigest(area party.Area, bankCode, number string) *ItemDigest {
	d := &ItemDigest{h: sha256.New()}
	d.text(area.String())
	d.text(bankCode)
	d.text(number)
	return d
}

func (d *ItemDigest) text(s string) {
	d.number(int64(len(s)))
	d.h.Write([]byte(s))
}

func (d *ItemDigest) number(n int64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n)) //nolint:gosec // bit pattern
	d.h.Write(b[:])
}

// Add takes the next item.
func (d *ItemDigest) Add(i Item) {
	d.number(int64(i.Seq))
	d.number(i.ID)
	d.number(i.Amount.Fen())
	d.text(i.Account.Plain())
	d.text(i.MandateNo)
	d.text(i.Name.Plain())
}

// Sum returns the digest.
func (d *ItemDigest) Sum() (sum [sha256.Size]byte) {
	d.h.Sum(sum[:0])
	return sum
}

// Acknowledgement is a bank's word that it holds a batch whole.
type Acknowledgement struct {
	Count  int
	Amount money.Amount
	// Digest is the SHA-256 of the batch's file or of its items, in hex.
	Digest string
}

// Arrival is money that came to rest on a fund account.
type Arrival struct {
	ID          int64
	FundAccount int64
	Amount      money.Amount
	// BankReference is the bank's own number of the credit, unique on the account.
	BankReference string
	ValueDate     calendar.Day
	// Batch, Item, List or Terminal with TerminalDate say what it is for; none is
	// money of an unknown payer.
	Batch        int64
	Item         int64
	Terminal     string
	TerminalDate calendar.Day
	// GivenBack says that the bank took the money back: a bank that settles gross
	// credits a whole batch and debits its failures. Only a statement tells it.
	GivenBack bool
	// TerminalDayID is the closed day that Terminal and TerminalDate name.
	TerminalDayID int64
	// List is the contribution list that officers, or the bank's notice, named the money for.
	List          int64
	FromStatement bool
	ReportedBy    string
}

// CounterPayment is one payment taken at a counter or on a terminal.
type CounterPayment struct {
	Area   party.Area
	ID     int64
	Member int64
	Year   int
	Amount money.Amount
	// Channel is counter, terminal, self_service or village.
	Channel       string
	Bank          string
	Terminal      string
	PaidOn        calendar.Day
	FundAccount   int64
	BankReference string
}

// Agreement is the proof that answers and arrivals sum to the same.
type Agreement struct {
	Area    party.Area
	ID      int64
	Subject string
	// SubjectID is a batch, a terminal day or a contribution list.
	SubjectID int64
	// List is the kind of a list, or empty.
	List         ListKind
	Round        int
	After, Upto  int64
	UptoArrival  int64
	Count        int
	Amount       money.Amount
	FundAccount  int64
	Role         ledger.Role
	Scheme       ledger.Scheme
	FromSuspense bool
	EffectiveOn  calendar.Day
	// PostedUpto, PostedCount and Done are the progress of its posting.
	PostedUpto  int64
	PostedCount int
	Done        bool
}

// Payable is one success of an agreement, ready to be posted.
type Payable struct {
	// Order is the id that chunks go by: the answer's or the receipt's.
	Order  int64
	Cause  int64
	Batch  int64
	Member int64
	Year   int
	Amount money.Amount
	// Chosen and Posted are the member's yearly amount and what is in the book for it.
	Chosen, Posted money.Amount
	// AfterDeath says that it was debited or paid after the member's death, or that the
	// money of a list arrived after it.
	AfterDeath bool
	// Left says that the membership ended, whenever the money was taken: the account was
	// paid out or moved away.
	Left bool
	// Line is the line of the list that it came by, or 0.
	Line int
}

// gone says why there is no member any more whom a payable could be credited to, or nothing.
func (p Payable) gone() RefundReason {
	switch {
	case p.AfterDeath:
		return MemberDied
	case p.Left:
		return MemberLeft
	}
	return ""
}

// refused says why a payable is no income of the year to which posted was taken in before,
// or nothing.
func (p Payable) refused(posted money.Amount) RefundReason {
	if why := p.gone(); why != "" {
		return why
	}
	switch {
	case p.Member == 0:
		return UnknownMember
	case p.Line != 0 && p.Chosen == 0:
		return NotChosen
	}
	if p.Posted+posted+p.Amount > p.Chosen {
		return AboveChosen
	}
	return ""
}

// AgreementReached is the job that posts an agreement.
type AgreementReached struct {
	Area      party.Area `json:"area"`
	Agreement int64      `json:"agreement" river:"unique"`
}

// Kind names the job.
func (AgreementReached) Kind() string { return "agreement_reached" }

// WaitsOnce says that one waiting job of an agreement is enough.
func (AgreementReached) WaitsOnce() {}

// RefundTask is money that the book holds in suspense for its payer.
type RefundTask struct {
	Cause  int64
	Member int64
	Year   int
	Amount money.Amount
	Reason RefundReason
	// Line is the line of the list that it came by, or 0.
	Line int
}

// Text tells officers what is to be done about a task.
func (r RefundTask) Text() string {
	if r.Reason.Creditable() {
		return fmt.Sprintf("%s: %s of line %d of the tax authority's list wait in suspense: credit them to the "+
			"member, or have the tax authority give them back", r.Reason, r.Amount, r.Line)
	}
	return string(r.Reason) + ": " + r.Amount.String() + " to be given back by the original channel"
}

// refundTask is a payable that is no income for a reason.
func refundTask(p Payable, why RefundReason) RefundTask {
	return RefundTask{Cause: p.Cause, Member: p.Member, Year: p.Year, Amount: p.Amount, Reason: why, Line: p.Line}
}

// Stamp is who did something and when.
type Stamp struct {
	Actor string
	At    time.Time
}

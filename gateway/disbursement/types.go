package disbursement

import (
	"crypto/sha256"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// Kind is what a pay run is for.
type Kind string

// The kinds of run.
const (
	// Regular pays a month for the first time; there is one live run a month.
	Regular Kind = "regular"
	// Supplementary pays who was held or entitled too late for the regular run of a month.
	Supplementary Kind = "supplementary"
	// Reissue pays again what failed or was returned, of this month or earlier ones.
	Reissue Kind = "reissue"
)

// Valid says that k is one of the kinds.
func (k Kind) Valid() bool { return k == Regular || k == Supplementary || k == Reissue }

// State is where a pay run stands.
//
//	DRAFT ─► FROZEN ─► APPROVED ─► RELEASED ─► CLOSED
//	  │         ├──────────┴──► REFUSED (checker or releaser said no)
//	  └─────────┴──────────────► WITHDRAWN (by its maker, or by a hit at the release)
type State string

// The states of a run.
const (
	Draft     State = "draft"
	Frozen    State = "frozen"
	Approved  State = "approved"
	Released  State = "released"
	Closed    State = "closed"
	Refused   State = "refused"
	Withdrawn State = "withdrawn"
)

// Components are what a payment consists of; each is a line of its own in the book.
type Components struct {
	Base, Account, Funeral, OneOff money.Amount
}

// Sum is what goes to the payee.
func (c Components) Sum() money.Amount { return c.Base + c.Account + c.Funeral + c.OneOff }

// Hold is why a member is not paid this month. The empty hold is payable.
type Hold string

// The holds. Those above the line are found by a screen and end by themselves when
// the fact behind them changes; the others are rows that two people release.
const (
	HeldDeceased Hold = "deceased"
	// HeldSentenced is a month of a sentence that two people stand for: nothing is owed for it.
	HeldSentenced      Hold = "sentenced"
	HeldNoAccount      Hold = "no_account"
	HeldAccountChanged Hold = "account_changed"
	HeldNotEncodable   Hold = "name_not_encodable"
	HeldNotCorrected   Hold = "account_not_corrected"
	HeldDoubleCredit   Hold = "possible_double_credit"
	// HeldAboveEntitlement is found at a release only: the entitlement fell since the freeze.
	HeldAboveEntitlement Hold = "above_entitlement"

	HeldCertification Hold = "certification_overdue"
	HeldOtherPension  Hold = "other_pension"
	// HeldChildUnpaid is a child who must pay and does not: it stops base pensions alone, in months
	// on whose first day the rule child_linked holds, and of members who were of age when the scheme
	// began in their area. Once the rule is repealed nobody has to release it.
	HeldChildUnpaid   Hold = "child_unpaid"
	HeldDuplicate     Hold = "duplicate_identity"
	HeldSharedAccount Hold = "shared_account"
	HeldAmountReview  Hold = "amount_review"
	HeldCourt         Hold = "court"
	HeldInvestigation Hold = "investigation"
	HeldManual        Hold = "manual"
)

// Roster is who is entitled for a month, with who is held back.
type Roster struct {
	Area           party.Area
	ID             int64
	Scheme         ledger.Scheme
	Month          calendar.Month
	Kind           Kind
	Entitled       int
	EntitledAmount money.Amount
	Held           int
	HeldAmount     money.Amount
	MadeBy         string
	MadeOn         calendar.Day
}

// Line is one member's line of a roster.
type Line struct {
	Seq    int
	Member int64
	// Month is the month that is paid for.
	Month calendar.Month
	Components
	// Instrument is 0 where the member has no account for pay-out.
	Instrument int64
	// Replaces is the item that failed or was returned, or 0; FromSuspense says
	// that its money came back.
	Replaces     int64
	FromSuspense bool
	Held         Hold
	// Cause is regular, or what made the due that is paid.
	Cause string
	// SocialNo and Name tell the officer who it is.
	SocialNo string
	Name     party.Name
}

// Run is a pay run.
type Run struct {
	Area    party.Area
	ID      int64
	Scheme  ledger.Scheme
	Month   calendar.Month
	Kind    Kind
	Ordinal int
	Roster  int64
	// Predecessor is the run that a hit withdrew, or 0.
	Predecessor int64
	// PayDay is the last value day that counts as in place; the bank must hold
	// money and list on HandoverDue.
	PayDay, HandoverDue calendar.Day
	Count               int
	Amount              money.Amount
	// Digest is zero until the freeze.
	Digest      [sha256.Size]byte
	Maker       string
	MakerPerson int64
	MadeOn      calendar.Day
	ReleasedOn  calendar.Day
	LateReason  string
	State       State
	Version     int
}

// The habits of a bank, by which it books a batch on the expenditure account.
const (
	// SettlesNet debits what succeeded, as one sum.
	SettlesNet = "net"
	// SettlesGross debits the whole batch when it takes it, and credits what failed.
	SettlesGross = "gross"
	// SettlesItemised debits every payment by itself.
	SettlesItemised = "itemised"
)

// Batch is one list for one bank, as it was frozen, and where it stands.
type Batch struct {
	Area         party.Area
	ID           int64
	Run          int64
	Scheme       ledger.Scheme
	Month        calendar.Month
	Bank         string
	ClearingBank string
	// FundAccount is the expenditure account that is debited, AccountNo its number.
	FundAccount int64
	AccountNo   string
	// Settlement is how that account's bank books a batch: net, gross or itemised.
	Settlement string
	// Number is unique for the bank and area, eight digits, over both directions.
	Number     string
	Count      int
	Amount     money.Amount
	Digest     [sha256.Size]byte
	FileName   string
	FileDigest [sha256.Size]byte
	FileSize   int64
	CreatedOn  calendar.Day
	// PayDay is the run's.
	PayDay       calendar.Day
	State        bank.BatchState
	Version      int
	HandedOverOn calendar.Day
	// Withheld says that people settled an item as not executed: the bank is not handed
	// the batch any more.
	Withheld bool
	Progress Progress
}

// Progress is a batch's counters: items and money by outcome.
type Progress struct {
	Succeeded, Failed, Returned, Open             int
	SucceededAmount, FailedAmount, ReturnedAmount money.Amount
	// LastAnswer is the newest recorded answer; those up to PostedUpto are booked.
	LastAnswer, PostedUpto int64
}

// Item is one payment of a batch, frozen as it is sent.
type Item struct {
	ID     int64
	Batch  int64
	Seq    int
	Member int64
	Month  calendar.Month
	// Cause is regular, or what else is paid for the same month.
	Cause   string
	Attempt int
	// Replaces is the item that this one pays again, or 0; FromSuspense says that
	// the money of that one came back and waits.
	Replaces     int64
	FromSuspense bool
	Components
	Instrument int64
	Account    party.AccountNo
	Name       party.Name
	IDNumber   party.IDNumber
	SocialNo   string
	Region     party.Region
	// Activated says that the payee can draw from the account; where not, the money
	// is paid for the bank and not for the pensioner.
	Activated bool
}

// Return is a payment that the bank gave back.
type Return struct {
	ID            int64
	Item          int64
	Amount        money.Amount
	BankReference string
	ValueDate     calendar.Day
	Code          string
	Class         bank.Class
	Text          string
}

// The refusals of disbursement.
var (
	ErrRunUnknown    = fault.New(fault.NotFound, "pay_run_not_found", "no such pay run")
	ErrRosterUnknown = fault.New(fault.NotFound, "roster_not_found", "no such roster")
	ErrBatchUnknown  = fault.New(fault.NotFound, "disbursement_batch_not_found", "no such disbursement batch")
	ErrPayItem       = fault.New(fault.NotFound, "payment_item_not_found", "no such payment")
	ErrRunExists     = fault.New(fault.Conflict, "pay_run_exists", "this month has a regular pay run already")
	ErrRunState      = fault.New(fault.Conflict, "pay_run_state", "the run's state does not allow this")
	ErrRosterStale   = fault.New(fault.Conflict, "roster_stale",
		"people of this roster are paid by another run now; withdraw this one and draft it anew")
	ErrNoExpenditureAccount = fault.New(fault.Unprocessable, "no_expenditure_account",
		"the area has no expenditure account of this scheme")
	ErrOrder = fault.New(fault.Invalid, "pay_run_invalid", "scheme, month and kind of a pay run are needed")
	ErrMonth = fault.New(fault.Unprocessable, "month_in_future",
		"a month is paid in the month itself, in the one before it or later").On("month")
	ErrWorkingDays = fault.New(fault.Unprocessable, "working_days_unknown",
		"the pay day cannot be told: the working days of its year are not known yet").On("month")
	ErrPayAcknowledgement = fault.New(fault.Unprocessable, "acknowledgement_differs",
		"count, amount or digest is not that of the batch; fetch it again")
	ErrNotPaidAgain = fault.New(fault.Unprocessable, "payment_not_reissuable", "a payment cannot be paid again")
	ErrNothingToPay = fault.New(fault.Unprocessable, "nothing_to_pay", "nobody is to be paid by this run")
	ErrFundsShort   = fault.New(fault.Conflict, "funds_short",
		"the expenditure account does not hold the run's amount; no part of it is released")
	ErrLate = fault.New(fault.Unprocessable, "handover_late",
		"the hand-over day has passed; a late release needs a reason").On("reason")
	ErrPayBatchAcked = fault.New(fault.Conflict, "batch_acknowledged",
		"the bank has acknowledged the batch; it can no longer be recalled")
)

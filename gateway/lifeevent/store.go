package lifeevent

import (
	"context"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// Tx is what life events ask of a transaction.
type Tx interface {
	once.Tx
	CertificationTx
	ResumptionTx
	MoneyTx
	WatchTx
	// Standing returns an officer with the duties that hold in the database now.
	Standing(ctx context.Context, login string) (approval.Officer, error)
	// Rules returns the rules that the area can read.
	Rules(ctx context.Context, area party.Area) (*policy.Rules, error)
	// AskDecision asks, as a maker, for a decision of a kind about a subject of this package.
	AskDecision(ctx context.Context, by approval.Officer, today calendar.Day, a casework.Ask) (int64, error)
	// Book writes entries.
	Book(ctx context.Context, actor string, entries ...ledger.Entry) ([]int64, error)
}

// MoneyTx is what becomes of a member's money when the membership ends.
type MoneyTx interface {
	RecoveryTx
	RecreditTx
	EstateTx
	TransferTx
	ReturnTx
	DepartureTx
	SentenceTx
}

// WatchTx is what the daily look asks for beside.
type WatchTx interface {
	// LifeAreas returns the areas that the looks are made in.
	LifeAreas(ctx context.Context) ([]party.Area, error)
	// HoldDuplicates opens a case, once, for every member of the area who is registered a second
	// time, here or in another area, and holds their payments from the day's month on; it ends
	// the cases whose hold two people released.
	HoldDuplicates(ctx context.Context, area party.Area, today calendar.Day) error
	// AskInstalments opens a case, once, for every instalment of a plan in force that was due
	// before the day and is not covered by what came in since the plan stood, and ends those
	// whose money came or whose plan no longer holds.
	AskInstalments(ctx context.Context, area party.Area, today calendar.Day) error
	// FuneralsRisen lists, by rising member, whose base pension of the month of the death was decided
	// again after heirs were granted the funeral grant.
	FuneralsRisen(ctx context.Context, area party.Area) ([]FuneralRisen, error)
	// TellFuneral opens, once, a case about the grant of a claim, or ends it where there is no text.
	TellFuneral(ctx context.Context, area party.Area, claim int64, text string) error
	// TellEarlierDeaths opens a case, once, for every claim that an heir was granted and of whose
	// member a death of an earlier month stands reported since, and ends the cases of those that
	// ended or whose earlier death was taken back.
	TellEarlierDeaths(ctx context.Context, area party.Area) error
}

// FuneralRisen is a member with the claims by which heirs were granted the funeral grant, rising.
type FuneralRisen struct {
	Member int64
	Claims []int64
}

// CertificationTx reads and stores proofs of life.
type CertificationTx interface {
	// BankAreas returns the areas that registered the bank.
	BankAreas(ctx context.Context, bank string) ([]party.Area, error)
	// SeenMembers returns the members with an active account at the bank by id number.
	SeenMembers(ctx context.Context, area party.Area, bank string, ids []party.IDNumber) ([]SeenMember, error)
	// KnownEvidence returns what is kept under the bank's references.
	KnownEvidence(ctx context.Context, area party.Area, bank string, references []string) ([]KeptEvidence, error)
	// KeepEvidence keeps what a bank saw, as certifications; after a death that was
	// reported it opens a case.
	KeepEvidence(ctx context.Context, area party.Area, bank, by string, today calendar.Day, rows []KeptEvidence) error
	// Certifying lists pensioners by rising id.
	Certifying(ctx context.Context, f CertificationFilter) ([]Certifying, error)
	// CertificationSums sums all that the filter lets in, whatever their standing.
	CertificationSums(ctx context.Context, f CertificationFilter) (CertificationSums, error)
	// HoldOverdue holds every pensioner of the area who is overdue and not held, from the
	// month after, and returns how many.
	HoldOverdue(ctx context.Context, look OverdueLook) (int, error)
}

// ResumptionTx decides the months of a stop.
type ResumptionTx interface {
	// StoppedMonths returns what a member was entitled to and not paid, month by month from
	// the hold's first one to the last whose regular run was made, without months after a
	// death, under another hold, or decided before.
	StoppedMonths(ctx context.Context, h Stop, today calendar.Day) ([]StoppedMonth, error)
	// AddResumption keeps what was decided, with one due for all months where they are
	// paid back.
	AddResumption(ctx context.Context, r Resumption) error
}

// RecoveryTx reads and stores recoveries.
type RecoveryTx interface {
	RecoveryReceiptTx
	// OpenRecoveries opens cases for payments of months after a death or during a sentence, and
	// for base pensions of months with another pension or after the member left for good, or adds
	// them to the member's, and returns how many
	// months it found; no members are all of the area.
	OpenRecoveries(ctx context.Context, area party.Area, today calendar.Day, members []int64) (int, error)
	// Recoveries lists cases by rising id, each whole.
	Recoveries(ctx context.Context, f RecoveryFilter) ([]Recovery, error)
	// LockRecovery makes decisions about one case wait for each other.
	LockRecovery(ctx context.Context, area party.Area, id int64) error
	// AddPlan keeps a plan and returns its id.
	AddPlan(ctx context.Context, area party.Area, today calendar.Day, p Plan) (int64, error)
	// PlanByID returns a plan, and false where the id is of none.
	PlanByID(ctx context.Context, area party.Area, id int64) (Plan, bool, error)
	// EnterPlan keeps that a plan was approved.
	EnterPlan(ctx context.Context, area party.Area, today calendar.Day, p Plan, decision int64) error
}

// RecoveryReceiptTx reads and stores money of recoveries.
type RecoveryReceiptTx interface {
	// ReceivingAccount returns the role and scheme of a fund account, or ErrAccount.
	ReceivingAccount(ctx context.Context, area party.Area, id int64) (ledger.Role, ledger.Scheme, error)
	// CreditOf says whether the credit of a receipt lies in suspense, where what nobody explained
	// went; ErrReferenceUsed where it is known for something else.
	CreditOf(ctx context.Context, area party.Area, x Receipt) (suspended bool, err error)
	// AddRecoveryReceipt keeps a receipt and returns its id.
	AddRecoveryReceipt(ctx context.Context, area party.Area, today calendar.Day, x Receipt) (int64, error)
	// RecoveryReceiptByID returns a receipt, and false where the id is of none.
	RecoveryReceiptByID(ctx context.Context, area party.Area, id int64) (Receipt, bool, error)
	// EnterReceipt keeps that a receipt was approved, or returns ErrReferenceUsed.
	EnterReceipt(ctx context.Context, area party.Area, today calendar.Day, x Receipt, decision int64) error
}

// RecreditTx takes back set-offs.
type RecreditTx interface {
	// SetOffTooMuch lists cases whose plans drew more of the account than is owed, of one member
	// or, for 0, of the area.
	SetOffTooMuch(ctx context.Context, area party.Area, member int64) ([]Recovery, error)
	// PlansDrew returns what plans of a case drew of the account, part by part, without what was
	// taken back since.
	PlansDrew(ctx context.Context, area party.Area, id int64) (Parts, error)
	// PayTo returns the name of the area and its accounts of a role and scheme.
	PayTo(ctx context.Context, area party.Area, role ledger.Role, scheme ledger.Scheme) (string, []PayTo, error)
	// AddRecredit keeps what is taken back and returns its id.
	AddRecredit(ctx context.Context, today calendar.Day, x Recredit) (int64, error)
}

// EstateTx reads and stores what heirs claim.
type EstateTx interface {
	// EstateOf returns what is known of a member's money, or ErrMember. With hold, nothing
	// is drawn from the account until the transaction ends.
	EstateOf(ctx context.Context, area party.Area, member int64, hold bool) (Estate, error)
	// AddClaim keeps a claim and returns its id, or ErrBank.
	AddClaim(ctx context.Context, c Claim) (int64, error)
	// Claims lists claims by rising id.
	Claims(ctx context.Context, f ClaimFilter) ([]Claim, error)
	// HeirAccountFree returns ErrClaim where the account is the member's own.
	HeirAccountFree(ctx context.Context, c Claim) error
	// GrantClaim opens the heir's account, keeps the grant and its dues, and ends those of the
	// dead that it takes up; ErrGranted where an heir was granted it at the same moment.
	GrantClaim(ctx context.Context, c Claim, g Grant, today calendar.Day, decision int64, by string) error
}

// TransferTx reads and stores accounts that move.
type TransferTx interface {
	// LeavingOf returns what is known of a member who is to leave, or ErrMember.
	LeavingOf(ctx context.Context, area party.Area, member int64, today calendar.Day) (Leaving, error)
	// HoldMember lets nothing be drawn from accounts of the area, and no run of it be made
	// or released, until the transaction ends.
	HoldMember(ctx context.Context, area party.Area) error
	// AddTransfer keeps a transfer and returns its id, or ErrMoved.
	AddTransfer(ctx context.Context, t Transfer) (int64, error)
	// LockTransfer makes what happens to one transfer wait for each other.
	LockTransfer(ctx context.Context, area party.Area, id int64) error
	// Transfers lists transfers by rising id.
	Transfers(ctx context.Context, f TransferFilter) ([]Transfer, error)
	// AddTransferStep keeps a step.
	AddTransferStep(ctx context.Context, area party.Area, today calendar.Day, step Step) error
	// PostTransfer keeps that a transfer's money moved on a day, and the years that it brought.
	PostTransfer(ctx context.Context, t Transfer, moved, today calendar.Day, decision int64) error
	// EndMember ends a membership with its pension, or ErrEnded.
	EndMember(ctx context.Context, e End) error
	ReceiptTx
	FundTx
}

// ReceiptTx reads and stores the money of transfers in, and what is open of transfers.
type ReceiptTx interface {
	// AddTransferReceipt keeps money of a transfer in, or ErrCreditUsed.
	AddTransferReceipt(ctx context.Context, area party.Area, today calendar.Day, x TransferReceipt) error
	// ReturnTransfer keeps that the money of a transfer in is given back, or that of one out came back.
	ReturnTransfer(ctx context.Context, t Transfer, today calendar.Day, decision int64) error
	// OpenTransferCase opens a case about money that is not what was announced.
	OpenTransferCase(ctx context.Context, area party.Area, id int64, text string) error
	// OpenLateTransfers opens a case for the next step of each.
	OpenLateTransfers(ctx context.Context, area party.Area, list []Transfer) error
	// EndTransferCase ends the case about the step after one, or without a step about the
	// money, if there is one.
	EndTransferCase(ctx context.Context, area party.Area, id int64, step TransferStep, by string) error
}

// FundTx is what moving money asks of fund accounts.
type FundTx interface {
	// WorkingDays returns the working days that are known.
	WorkingDays(ctx context.Context) (*calendar.WorkingDays, error)
	// LockFundAccount makes movements out of one account wait for each other.
	LockFundAccount(ctx context.Context, area party.Area, account int64) error
	// Balance returns what an account held at the end of a day.
	Balance(ctx context.Context, area party.Area, account int64, day calendar.Day) (money.Amount, error)
}

// RecoveryFilter narrows a list of cases.
type RecoveryFilter struct {
	Area   party.Area
	ID     int64
	Member int64
	State  RecoveryState
	After  int64
	Limit  int
}

// ClaimFilter narrows a list of claims.
type ClaimFilter struct {
	Area   party.Area
	ID     int64
	Member int64
	State  string
	After  int64
	Limit  int
}

// Stop is a hold whose end was approved.
type Stop struct {
	Area         party.Area
	Hold, Member int64
	Reason       string
	From         calendar.Month
	// Document is that of the release, By who asked for it.
	Document, By string
}

// StoppedMonth is a month that a stop held back.
type StoppedMonth struct {
	Month         calendar.Month
	Base, Account money.Amount
}

// Resumption is what becomes of a stop's months.
type Resumption struct {
	Stop

	FromStop bool
	Rule     policy.Row
	Months   []StoppedMonth
	Today    calendar.Day
}

// Store runs transactions.
type Store interface {
	InTx(ctx context.Context, fn func(Tx) error) error
	Read(ctx context.Context, fn func(Tx) error) error
}

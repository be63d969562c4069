package casework

import (
	"context"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

// Tx is what casework asks of a transaction.
type Tx interface {
	once.Tx
	SubjectTx
	FlowTx
	RightsTx
	// Standing returns an officer with the duties that hold in the database now.
	Standing(ctx context.Context, login string) (approval.Officer, error)
	// AddApproval keeps an approval or a rejection: approval.ErrSamePerson where the
	// person is the maker, approval.ErrDecided where it was decided.
	AddApproval(ctx context.Context, a approval.Approval) error
	// AddDecision keeps a request and fills in id and instant. It returns ErrOpen
	// where one about the same subject waits.
	AddDecision(ctx context.Context, r Request) (Request, error)
	// Decisions lists requests by rising id.
	Decisions(ctx context.Context, f Filter) ([]Request, error)
	// LockDecision returns a request, held to the end of the transaction, or ErrRequest.
	LockDecision(ctx context.Context, area party.Area, id int64) (Request, error)
	// MoveDecision changes the state by compare-and-set on the version.
	MoveDecision(ctx context.Context, r Request, next State) error
}

// SubjectTx is what decisions are about.
type SubjectTx interface {
	// LockReceipt returns a receipt, held to the end of the transaction, or
	// bank.ErrReceiptUnknown.
	LockReceipt(ctx context.Context, area party.Area, id int64) (bank.Receipt, error)
	// Aside lists the receipts that are set aside.
	Aside(ctx context.Context, area party.Area, after int64, limit int) ([]bank.Receipt, error)
	// AcceptReceipt puts a receipt that was set aside back among those to be taken in,
	// by a request. It returns ErrNotAside where it is not, or where another file of
	// its content was taken in meanwhile.
	AcceptReceipt(ctx context.Context, area party.Area, id, request int64) error
	// OpenItem returns an item of either direction, or ErrNoItem.
	OpenItem(ctx context.Context, area party.Area, id int64) (OpenItem, error)
	BeginReceipt(ctx context.Context, r bank.Receipt) (int64, error)
	FinishReceipt(ctx context.Context, r bank.Receipt) (bank.Receipt, error)
	// CaseByID returns a case, or ErrNoCase.
	CaseByID(ctx context.Context, area party.Area, id int64) (OpenCase, error)
	// EndCase closes the open case of a kind and subject, if there is one.
	EndCase(ctx context.Context, area party.Area, kind, subject, by, text string) error
	// Revive makes a recalled batch unknown, and its run one that waits for it, or
	// returns ErrPaidAgain.
	Revive(ctx context.Context, area party.Area, batch int64, by, why string) error
	Enqueue(ctx context.Context, jobs ...any) error
}

// FlowTx is what decisions do to the flows. What may be decided there is the flow's
// own to say, and so are the refusals.
type FlowTx interface { //nolint:interfacebloat // it joins the flows //nolint:interfacebloat // two methods a flow
	// AboutReturn says what came back, or why it does not wait to be paid again.
	AboutReturn(ctx context.Context, area party.Area, id int64) (string, error)
	// GiveUpReturn books, on a business day, that a return is never paid again.
	GiveUpReturn(ctx context.Context, r Request, today calendar.Day) error
	// AboutNotice says who was reported dead, or why the notice cannot be taken back.
	AboutNotice(ctx context.Context, area party.Area, id int64) (string, error)
	// TakeNoticeBack takes a wrong notice back on a business day.
	TakeNoticeBack(ctx context.Context, r Request, today calendar.Day) error
	// AboutBalance says which fund account a balance is of, or why it cannot be entered.
	AboutBalance(ctx context.Context, area party.Area, a Ask) (string, error)
	// EnterBalance books what a fund account held at go-live.
	EnterBalance(ctx context.Context, r Request) error
	// AboutAccounts says what a list of personal accounts sums to.
	AboutAccounts(ctx context.Context, area party.Area, list int64) (string, error)
	// EnterAccounts books a list of personal accounts.
	EnterAccounts(ctx context.Context, r Request) error
	// AboutRules says by what rules a fund account is to be matched, or why it cannot be.
	AboutRules(ctx context.Context, area party.Area, set int64) (string, error)
	// EnterRules puts a set of rules in force.
	EnterRules(ctx context.Context, r Request) error
	// AboutPolicies says which rules of the area a list holds and which paid months they
	// touch, or why they cannot hold.
	AboutPolicies(ctx context.Context, area party.Area, list int64) (string, error)
	// PutPolicies puts a list of rules of the area in force.
	PutPolicies(ctx context.Context, r Request) error
}

// RightsTx is what decisions do to what members hold, are paid and are owed.
type RightsTx interface {
	BenefitTx
	AwardTx
	AccountsTx
	PayerTx
	LifeTx
}

// BenefitTx is what decisions do to what members are owed and were paid.
type BenefitTx interface {
	// AboutHandPayment says which payment was made again by hand, or why it was not.
	AboutHandPayment(ctx context.Context, area party.Area, a Ask, today calendar.Day) (string, error)
	// EnterHandPayment books a payment by hand.
	EnterHandPayment(ctx context.Context, r Request, today calendar.Day) error
	// AboutDues says what a list of differences sums to, or why it no longer holds.
	AboutDues(ctx context.Context, area party.Area, list int64) (string, error)
	// EnterDues lets the members of a list be owed their differences.
	EnterDues(ctx context.Context, r Request, today calendar.Day) error
	// AboutDueEnd says which due nobody is to be paid, or why it cannot end.
	AboutDueEnd(ctx context.Context, area party.Area, due int64) (string, error)
	// EndDue ends a due, and the whole of an heir's claim that made it.
	EndDue(ctx context.Context, r Request, today calendar.Day) error
}

// PayerTx is what decisions do to contributions that others pay, and to those that go back.
type PayerTx interface {
	// AboutContributions says what a list of contributions sums to, or why it cannot
	// stand on a business day.
	AboutContributions(ctx context.Context, area party.Area, list int64, today calendar.Day) (string, error)
	// EnterContributions puts a list of contributions in flight: its money is awaited.
	EnterContributions(ctx context.Context, r Request) error
	// AboutRefund says what is to be given back and how, or why it cannot be.
	AboutRefund(ctx context.Context, area party.Area, refund int64, today calendar.Day) (string, error)
	// PayRefund books, on a business day, what is given back.
	PayRefund(ctx context.Context, r Request, today calendar.Day) error
	// AboutRefundReturn says what came back of a refund, or why nothing did.
	AboutRefundReturn(ctx context.Context, area party.Area, a Ask, today calendar.Day) (string, error)
	// EnterRefundReturn books what came back: the refund is due again.
	EnterRefundReturn(ctx context.Context, r Request, today calendar.Day) error
}

// AccountsTx is what decisions do to members' personal accounts.
type AccountsTx interface {
	// AboutInterest says what an interest run sums to.
	AboutInterest(ctx context.Context, area party.Area, run int64) (string, error)
	// EnterInterest has an interest run posted.
	EnterInterest(ctx context.Context, r Request) error
	// AboutSubsidies says what a list of subsidies sums to, and what arrived for it, or
	// why it cannot be credited.
	AboutSubsidies(ctx context.Context, area party.Area, list int64) (string, error)
	// EnterSubsidies has a list of subsidies posted, and books what it takes back.
	EnterSubsidies(ctx context.Context, r Request, today calendar.Day) error
}

// AwardTx is what decisions do to what members are entitled to.
type AwardTx interface {
	// AboutAwards says what an award run found, or why it can no longer be entered.
	AboutAwards(ctx context.Context, area party.Area, run int64) (string, error)
	// EnterAwards makes entitlements of an award run.
	EnterAwards(ctx context.Context, r Request) error
}

// LifeTx is what decisions do about members' lives.
type LifeTx interface {
	// AboutRecovery says what a plan or a receipt of a recovery does, or why it cannot be.
	AboutRecovery(ctx context.Context, area party.Area, id int64, today calendar.Day) (string, error)
	// EnterRecovery puts a plan in force, or books a receipt.
	EnterRecovery(ctx context.Context, r Request, today calendar.Day) error
	// AboutClaim says what an heir's claim is worth, or why it cannot be granted.
	AboutClaim(ctx context.Context, area party.Area, id int64, today calendar.Day) (string, error)
	// GrantDue grants an heir's claim.
	GrantDue(ctx context.Context, r Request, today calendar.Day) error
	// AboutTransfer says what moves with a member, or why it cannot.
	AboutTransfer(ctx context.Context, area party.Area, id int64, today calendar.Day) (string, error)
	// EnterTransfer moves it.
	EnterTransfer(ctx context.Context, r Request, today calendar.Day) error
}

// Filter narrows a list of requests.
type Filter struct {
	Area party.Area
	// ID, Kind, Subject and State are zero for all.
	ID      int64
	Kind    Kind
	Subject int64
	State   State
	After   int64
	Limit   int
}

// Store runs transactions.
type Store interface {
	InTx(ctx context.Context, fn func(Tx) error) error
	Read(ctx context.Context, fn func(Tx) error) error
}

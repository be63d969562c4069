package disbursement

import (
	"context"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// AnswerTx is what taking answers in needs of a transaction.
type AnswerTx interface {
	// KnownPayments returns what is known of the payments that the lines name, by the
	// lines' position; nil where the batch has no such payment.
	KnownPayments(ctx context.Context, b Batch, receipt int64, answers []bank.Answer) ([]*KnownPayment, error)
	// AddPaymentAnswers keeps the lines, recorded ones as outcomes, refused ones with a
	// case, and returns the batch with its counters moved. What it recorded counts as
	// booked: its entries are of the same transaction. They came in on the business day
	// of today.
	AddPaymentAnswers(
		ctx context.Context, b Batch, receipt int64, ds []bank.Decision, today calendar.Day,
	) (Batch, error)
	// AnsweredLines returns the last line of a receipt that was kept, and their counts.
	AnsweredLines(ctx context.Context, area party.Area, receipt int64) (int, bank.Counts, error)
	// LastAnswered returns the last line of a receipt that was kept, or 0.
	LastAnswered(ctx context.Context, area party.Area, receipt int64) (int, error)
	BeginReceipt(ctx context.Context, r bank.Receipt) (int64, error)
	FinishReceipt(ctx context.Context, r bank.Receipt) (bank.Receipt, error)
	CloseReceipt(ctx context.Context, area party.Area, id int64, c bank.Counts) error
	QuarantineReceipt(ctx context.Context, r bank.Receipt, code, text string) error
}

// DrawTx is what drawing from personal accounts needs of a transaction.
type DrawTx interface {
	// HoldPersonal returns what the members' personal accounts hold, and keeps others
	// from drawing from accounts of the area to the end of the transaction.
	HoldPersonal(ctx context.Context, area party.Area, members []int64) (map[int64]PersonalParts, error)
	// Rules returns the area's rules.
	Rules(ctx context.Context, area party.Area) (*policy.Rules, error)
}

// EvidenceTx is what evidence in place of an answer needs of a transaction.
type EvidenceTx interface {
	Receipt(ctx context.Context, area party.Area, id int64) (bank.Receipt, error)
	// Evidence returns what officers decided, as the line of an answer.
	Evidence(ctx context.Context, head bank.Receipt) (bank.Answer, error)
}

// ReturnTx is what returns need of a transaction.
type ReturnTx interface {
	// BatchesOfPayments returns the bank's batches that the payments are of, in rising
	// order of area and id; area 0 is every area of the bank.
	BatchesOfPayments(ctx context.Context, area party.Area, bankCode string, items []int64) ([]BatchKey, error)
	// HomeArea returns the first area that the bank serves, or ErrPayItem.
	HomeArea(ctx context.Context, bankCode string) (party.Area, error)
	// KnownReturns returns what is known of the payments that the lines name, by the
	// lines' position; nil where none of the batches has such a payment.
	KnownReturns(ctx context.Context, batches []Batch, lines []Return) ([]*KnownReturn, error)
	// AddReturns keeps the lines of one receipt: those that are recorded or wait as
	// returns, the others as they came, refused ones with a case.
	AddReturns(ctx context.Context, receipt bank.Receipt, ds []ReturnDecision, today calendar.Day) error
	// UnbookedReturns returns the returns of a batch that are not in the book, with
	// their payments' outcome.
	UnbookedReturns(ctx context.Context, b Batch) ([]Returning, error)
	// MarkReturned notes that returns of a batch are booked, closes the cases that ask
	// for it, and returns the batch with its counters moved.
	MarkReturned(ctx context.Context, b Batch, returns []Returning, as ReturnBooking) (Batch, error)
	// ReturnPolicy returns the area's rule, or policy.ErrNoRule.
	ReturnPolicy(ctx context.Context, area party.Area, day calendar.Day) (policy.ReturnPolicy, error)
}

// WatchTx is what the daily look at what stays open needs of a transaction.
type WatchTx interface {
	// Areas returns all pooling areas.
	Areas(ctx context.Context) ([]party.Area, error)
	// SuspenseDays returns the area's rule of working days within which a bank's
	// answers explain its money.
	SuspenseDays(ctx context.Context, area party.Area, day calendar.Day) (int, error)
	// SilentPayBatches returns, locked and in rising order of id, the released batches
	// with open payments whose pay day and release lie on or before the day.
	SilentPayBatches(ctx context.Context, area party.Area, day calendar.Day) ([]Batch, error)
	// QueryPayments writes a question for every open payment of a batch, once a day,
	// and returns how many it wrote.
	QueryPayments(ctx context.Context, b Batch, today calendar.Day) (int, error)
	// AgedReturns opens a case for every return that was taken on or before the day and
	// waits for its payment to be known, and for every one that was booked before the
	// month and waits in suspense for somebody to pay it again.
	AgedReturns(ctx context.Context, area party.Area, day calendar.Day, month calendar.Month) error
	// UnpaidMonths opens a case for every month whose pay day lies before the day and of which
	// somebody was decided a pension after its run, and is neither paid, owed it as a due, nor
	// held; and ends those of which nobody is any more.
	UnpaidMonths(ctx context.Context, area party.Area, today calendar.Day) error
}

// ProofTx is what the proof of a run needs of a snapshot.
type ProofTx interface {
	StatementProofTx

	FindRun(ctx context.Context, area party.Area, id int64) (Run, error)
	// FindRoster returns one, or ErrRosterUnknown.
	FindRoster(ctx context.Context, area party.Area, id int64) (Roster, error)
	// ProofSteps counts the claims of a run by where they stand.
	ProofSteps(ctx context.Context, r Run) (Steps, error)
	// ProofMoney returns what the book holds of the run.
	ProofMoney(ctx context.Context, r Run) (BookedMoney, error)
	// ProofNames lists the claims of steps, in the order of the roster.
	ProofNames(ctx context.Context, r Run, p NamePage) ([]ProofName, error)
}

// ResultTx is what answers, returns and proofs need of a transaction.
type ResultTx interface {
	EvidenceTx
	AnswerTx
	DrawTx
	ReturnTx
	WatchTx
	ProofTx
}

// ResultStore answers queries about answers and returns.
type ResultStore interface {
	// FindPayment finds a payment of the bank by id or by the bank's number of it or
	// of its return, or ErrPayItem.
	FindPayment(ctx context.Context, f PaymentFilter) (PaymentStanding, error)
	// Payments lists a member's payments, the newest first.
	Payments(ctx context.Context, f MemberPayments) ([]PaymentStanding, error)
	// ReturnLines lists what became of the lines of a receipt of returns.
	ReturnLines(ctx context.Context, area party.Area, receipt int64, after, limit int) ([]ReturnDecision, error)
}

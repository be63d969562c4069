package disbursement

import (
	"context"
	"fmt"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/party"
)

// The refusals of payments by hand.
var (
	ErrNotMade = fault.New(fault.Conflict, "payment_not_made",
		"only a payment of which the bank said what became of it can have been made by hand")
	ErrNotDue = fault.New(fault.Conflict, "payment_not_due",
		"nobody is owed any more what the payment was of")
	ErrPaidByHand = fault.New(fault.Conflict, "paid_by_hand", "the pension was paid by hand already")
	ErrPaidAgain  = fault.New(fault.Conflict, "payment_paid_again", "another payment pays the same pension again")
	ErrByHandDay  = fault.New(fault.Unprocessable, "hand_payment_day",
		"a payment by hand follows the first payment and lies not ahead")
)

// ByHand is a payment that somebody made by hand, out of the same expenditure account,
// to a person whom the bank's payment did not reach: who says so, whom the bank refused
// to pay, or whose payment came back. It is of the whole amount of the first one.
type ByHand struct {
	// Item is the first payment.
	Item int64
	// BankReference is what the statement calls the payment by hand, PaidOn its value date.
	BankReference string
	PaidOn        calendar.Day
	// Document is what the officers go by: the slip that the person signed.
	Document string
	// By is who asked for it, and Decision the request that another person approved.
	By       string
	Decision int64
}

// MadeOnce is a payment of which somebody says that its claim was paid by hand, with what
// became of both.
type MadeOnce struct {
	Payment   Item
	Batch     Batch
	Outcome   bank.Outcome
	ValueDate calendar.Day
	// Again is a later payment of the claim that was not called back, or 0; Over says that it
	// failed or came back too.
	Again int64
	Over  bool
	// ByHand says that the claim was paid by hand; Unclaimed that what came back of it was given
	// up; InRed that the payment came back and its benefit was taken back.
	ByHand    bool
	Unclaimed bool
	InRed     bool
	// Doubted says that the bank also said otherwise of a payment of the claim, and that nobody
	// found out what holds.
	Doubted bool
	// Ended says that two people ended the due, Inherited that an heir was granted it, Dead that
	// the member died before the month.
	Ended, Inherited, Dead bool
}

// Spends says that the payment by hand is the benefit itself: of the claim's money nothing
// was spent so far and nothing waits in suspense.
func (m *MadeOnce) Spends() bool {
	return m.InRed || m.Outcome == bank.OutcomeFailed && !m.Payment.FromSuspense
}

// About tells officers in one line what was paid by hand instead of what.
func (m *MadeOnce) About(h ByHand) string {
	p := m.Payment
	first := fmt.Sprintf("made by bank %s on %s", m.Batch.Bank, m.ValueDate)
	switch {
	case m.Outcome == bank.OutcomeFailed:
		first = fmt.Sprintf("refused by bank %s", m.Batch.Bank)
	case m.InRed:
		first += ", come back and taken back in red"
	}
	return fmt.Sprintf("payment %d of %s to member %d for %s, %s; paid by hand on %s from fund account %d, number %s",
		p.ID, p.Sum(), p.Member, p.Month, first, h.PaidOn, m.Batch.FundAccount, h.BankReference)
}

// may says why a payment by hand cannot stand instead of the payment.
func (m *MadeOnce) may(h ByHand, today calendar.Day) error {
	failed := m.Outcome == bank.OutcomeFailed
	switch {
	case m.ByHand:
		return ErrPaidByHand
	case m.Unclaimed:
		return ErrReturnState.With("what came back was given up")
	case m.Again != 0 && m.Over:
		return ErrPaidAgain.With("payment %d is a later one of the same pension: say it of the last one", m.Again)
	case m.Again != 0:
		return ErrPaidAgain.With("payment %d pays the same pension again: recall its batch, or claim one back", m.Again)
	case !failed && m.Outcome != bank.OutcomeSucceeded:
		return ErrNotMade.With("nobody knows whether the bank made the payment: settle it first")
	case failed && m.Doubted:
		return ErrNotMade.With("the bank may have made a payment of this pension after all: settle that case first")
	case !failed && h.PaidOn.Before(m.ValueDate):
		return ErrByHandDay.With("the bank made the first payment on %s", m.ValueDate).On("value_date")
	case failed && h.PaidOn.Before(m.Batch.CreatedOn):
		return ErrByHandDay.With("the first payment was made out on %s", m.Batch.CreatedOn).On("value_date")
	case h.PaidOn.After(today):
		return ErrByHandDay.With("the money cannot move on a day that lies ahead").On("value_date")
	}
	return m.due()
}

// due says why what the payment was of is not owed any more.
func (m *MadeOnce) due() error {
	switch {
	case m.Ended:
		return ErrNotDue.With("two people ended the due")
	case m.Inherited:
		return ErrNotDue.With("it was granted to who comes after the member")
	case m.Dead:
		return ErrNotDue.With("the member died before %s: claim back what was paid", m.Payment.Month)
	}
	return nil
}

// ByHandTx is what taking a payment by hand needs of a transaction.
type ByHandTx interface {
	// MadeOnce returns a payment with what became of its claim, or ErrPayItem.
	MadeOnce(ctx context.Context, area party.Area, item int64) (MadeOnce, error)
	LockPayBatch(ctx context.Context, area party.Area, bankCode string, id int64) (Batch, error)
	// HoldRuns makes everybody who makes rosters, freezes or releases runs of one
	// scheme wait for each other, to the end of the transaction.
	HoldRuns(ctx context.Context, area party.Area, scheme ledger.Scheme) error
	// LockFundAccount makes movements out of one account wait for each other.
	LockFundAccount(ctx context.Context, area party.Area, account int64) error
	// AddByHand notes a payment by hand and returns its id, or ErrPaidByHand where it, or
	// its bank's number, is known.
	AddByHand(ctx context.Context, m MadeOnce, h ByHand, today calendar.Day) (int64, error)
	DrawTx
	Book(ctx context.Context, actor string, entries ...ledger.Entry) ([]int64, error)
}

// AboutByHand says what a payment by hand would stand for, or why it cannot.
func AboutByHand(ctx context.Context, tx ByHandTx, area party.Area, h ByHand, today calendar.Day) (string, error) {
	m, err := tx.MadeOnce(ctx, area, h.Item)
	if err != nil {
		return "", err
	}
	return m.About(h), m.may(h, today)
}

// PayByHand books a payment by hand. Instead of one that the bank made, or that was to
// leave suspense, it waits in suspense for the money of the first one, or takes it up there;
// instead of one that never left, or whose benefit was taken back, it is the benefit itself.
// From then on the pension is paid, and no run pays it again. It belongs into the transaction
// in which a second person approves it. policy.ErrNoRule says that nobody decided in which
// order accounts are drawn from.
func PayByHand(ctx context.Context, tx ByHandTx, area party.Area, h ByHand, today calendar.Day) error {
	m, err := tx.MadeOnce(ctx, area, h.Item)
	if err != nil {
		return err
	}
	// No answer or return is booked, and no roster takes the claim up meanwhile.
	if m.Batch, err = tx.LockPayBatch(ctx, area, "", m.Batch.ID); err != nil {
		return err
	}
	if err := tx.HoldRuns(ctx, area, m.Batch.Scheme); err != nil {
		return err
	}
	if err := tx.LockFundAccount(ctx, area, m.Batch.FundAccount); err != nil {
		return err
	}
	if m, err = tx.MadeOnce(ctx, area, h.Item); err != nil {
		return err
	}
	if err := m.may(h, today); err != nil {
		return err
	}
	id, err := tx.AddByHand(ctx, m, h, today)
	if err != nil {
		return err
	}
	accounts, err := drawn(ctx, tx, area, m.settled(id, h))
	if err != nil {
		return err
	}
	_, err = tx.Book(ctx, h.By, HandVouchers(m, id, h, accounts, today)...)
	return err
}

// settled is the payment by hand with that id as a payment that was made, where it is the
// benefit itself.
func (m *MadeOnce) settled(id int64, h ByHand) []Settled {
	if !m.Spends() {
		return nil
	}
	paid := m.Payment
	paid.ID, paid.FromSuspense = id, false
	return []Settled{{Item: paid, Outcome: bank.OutcomeSucceeded, ValueDate: h.PaidOn}}
}

// HandVouchers builds the entries of a payment by hand: the benefit, by component and out of
// the personal account; or suspense, where the first payment's money is or comes back to. Both
// are against the expenditure account, whatever the bank's habit: no lump has it. id is that
// of the payment by hand. It is pure but that the accounts are drawn from.
func HandVouchers(m MadeOnce, id int64, h ByHand, accounts Accounts, today calendar.Day) []ledger.Entry {
	if m.Spends() {
		direct := m.Batch
		direct.Settlement = SettlesNet
		return Vouchers(direct, m.settled(id, h), accounts, today)
	}
	v := &vouchers{batch: m.Batch, today: today, made: nil}
	cause := m.Payment
	cause.ID = id
	v.at(ledger.HandPayment, h.PaidOn, id, ledger.Credit, ledger.Expenditure).
		item(ledger.Debit, ledger.Suspense, cause, m.Payment.Sum())
	return v.entries()
}

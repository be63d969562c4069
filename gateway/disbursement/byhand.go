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
		"only a payment that the bank says it made can have been made again by hand")
	ErrPaidByHand = fault.New(fault.Conflict, "paid_by_hand", "the pension was paid by hand already")
	ErrPaidAgain  = fault.New(fault.Conflict, "payment_paid_again", "another payment pays the same pension again")
	ErrByHandDay  = fault.New(fault.Unprocessable, "hand_payment_day",
		"a payment by hand follows the first payment and lies not ahead")
)

// ByHand is a payment that somebody made by hand, out of the same expenditure account,
// to a person who said that the bank's payment did not arrive. It is of the whole
// amount of the first one.
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

// MadeOnce is a payment of which somebody says that it was made again by hand.
type MadeOnce struct {
	Payment   Item
	Batch     Batch
	Outcome   bank.Outcome
	ValueDate calendar.Day
	// Again is a payment that lives and pays the claim again, or 0. ByHand says that the
	// claim was paid by hand; Unclaimed that it was given up; InRed that the payment came
	// back and its benefit was taken back.
	Again     int64
	ByHand    bool
	Unclaimed bool
	InRed     bool
}

// About tells officers in one line what was paid by hand instead of what.
func (m *MadeOnce) About(h ByHand) string {
	p := m.Payment
	return fmt.Sprintf("payment %d of %s to member %d for %s, made by bank %s on %s; paid by hand on %s from fund "+
		"account %d, number %s", p.ID, p.Sum(), p.Member, p.Month, m.Batch.Bank, m.ValueDate, h.PaidOn,
		m.Batch.FundAccount, h.BankReference)
}

// may says why a payment by hand cannot stand instead of the payment.
func (m *MadeOnce) may(h ByHand, today calendar.Day) error {
	switch {
	case m.ByHand:
		return ErrPaidByHand
	case m.Unclaimed:
		return ErrReturnState.With("what came back was given up")
	case m.Again != 0:
		return ErrPaidAgain.With("payment %d pays the same pension again: recall its batch, or claim one back", m.Again)
	case m.Outcome == bank.OutcomeFailed:
		return ErrNotMade.With("the payment failed: the pension is still due, and the next reissue pays it")
	case m.Outcome != bank.OutcomeSucceeded:
		return ErrNotMade.With("nobody knows whether the bank made the payment: settle it first")
	case m.InRed:
		return ErrNotMade.With("the payment came back and its benefit was taken back: the pension is still due")
	case h.PaidOn.Before(m.ValueDate):
		return ErrByHandDay.With("the bank made the first payment on %s", m.ValueDate).On("value_date")
	case h.PaidOn.After(today):
		return ErrByHandDay.With("the money cannot move on a day that lies ahead").On("value_date")
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
	// AddByHand notes a payment by hand and returns its id, or ErrPaidByHand where it, or
	// its bank's number, is known.
	AddByHand(ctx context.Context, m MadeOnce, h ByHand, today calendar.Day) (int64, error)
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

// PayByHand books a payment by hand: it leaves the expenditure account and waits in
// suspense for the first payment to come back. From then on the pension is paid, and no
// run pays it again. It belongs into the transaction in which a second person approves
// it.
func PayByHand(ctx context.Context, tx ByHandTx, area party.Area, h ByHand, today calendar.Day) error {
	m, err := tx.MadeOnce(ctx, area, h.Item)
	if err != nil {
		return err
	}
	// No return is booked, and no roster takes the claim up meanwhile.
	if m.Batch, err = tx.LockPayBatch(ctx, area, "", m.Batch.ID); err != nil {
		return err
	}
	if err := tx.HoldRuns(ctx, area, m.Batch.Scheme); err != nil {
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
	_, err = tx.Book(ctx, h.By, HandVoucher(m, id, h, today))
	return err
}

// HandVoucher builds the entry of a payment by hand: suspense, where the first payment
// comes back to, against the expenditure account. id is that of the payment by hand. It
// is pure.
func HandVoucher(m MadeOnce, id int64, h ByHand, today calendar.Day) ledger.Entry {
	v := &vouchers{batch: m.Batch, today: today, made: nil}
	cause := m.Payment
	cause.ID = id
	v.at(ledger.HandPayment, h.PaidOn, id, ledger.Credit, ledger.Expenditure).
		item(ledger.Debit, ledger.Suspense, cause, m.Payment.Sum())
	return v.entries()[0]
}

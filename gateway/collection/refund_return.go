package collection

import (
	"context"
	"fmt"

	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// The refusals of money that came back.
var (
	// ErrRefundNotSent is of a refund of which no expenditure account sent money that could come back.
	ErrRefundNotSent = fault.New(fault.Conflict, "refund_not_sent",
		"no expenditure account sent money of the refund that did not come back yet")
	ErrRefundReturnDay = fault.New(fault.Unprocessable, "refund_return_day",
		"money comes back after it was sent, and not on a day that lies ahead").On("value_date")
	ErrRefundCreditKnown = fault.New(fault.Conflict, "refund_credit_known",
		"this credit of the bank is known, of other money").On("bank_reference")
)

// RefundReturn is money of a refund that the bank gave back, as it stands on the statement of the
// expenditure account that paid it. A payment is executed whole or not at all, and so comes back whole.
type RefundReturn struct {
	Refund        int64
	BankReference string
	ValueDate     calendar.Day
	// Decision is what two people decided, and By who asked for it.
	Decision int64
	By       string
}

// RefundReturnTx is what money that came back needs of a transaction.
type RefundReturnTx interface {
	// RefundCreditFree says that nobody took the bank's credit of an account as other money.
	RefundCreditFree(
		ctx context.Context, area party.Area, account int64, reference string, amount money.Amount,
	) (bool, error)
	// AddRefundReturned keeps that the last payment of a refund came back, with a case that asks for the next.
	AddRefundReturned(ctx context.Context, r Refund, x RefundReturn, today calendar.Day) error
}

// CameBack says that the bank gave the last payment back, and that none was made since.
func (r Refund) CameBack() bool { return r.Last.Number > 0 && r.State != RefundPaid }

// Waits says that the money waits in suspense.
func (r Refund) Waits() bool { return r.Suspense || r.CameBack() }

// ReturnedRefund returns the refund whose money came back on or before a business day, or says why it did
// not. It holds the refund.
func ReturnedRefund(
	ctx context.Context, tx Tx, today calendar.Day, area party.Area, x RefundReturn,
) (Refund, error) {
	r, err := tx.RefundByID(ctx, area, x.Refund)
	switch {
	case err != nil:
		return r, err
	case r.State != RefundPaid || r.Last.Way != PaidOnce:
		return r, ErrRefundNotSent
	case x.ValueDate.After(today) || x.ValueDate.Before(r.Last.On):
		return r, ErrRefundReturnDay.With("the money was sent on %s, and comes back up to %s", r.Last.On, today)
	}
	free, err := tx.RefundCreditFree(ctx, area, r.Last.Account, x.BankReference, r.Amount)
	if err == nil && !free {
		err = ErrRefundCreditKnown
	}
	return r, err
}

// AboutReturn tells officers in one line what came back.
func (r Refund) AboutReturn(x RefundReturn) string {
	return fmt.Sprintf("payment %d of refund %d came back: %s of item %d for %d, to fund account %d on %s, number %s; "+
		"it is due again", r.Last.Number, r.ID, r.Amount, r.Cause, r.Year, r.Last.Account, x.ValueDate, x.BankReference)
}

// TakeRefundBack books money of a refund that came back, in the transaction of its approval: it waits in suspense, and
// the refund is due again.
func TakeRefundBack(ctx context.Context, tx Tx, today calendar.Day, area party.Area, x RefundReturn) error {
	r, err := ReturnedRefund(ctx, tx, today, area, x)
	if err != nil {
		return err
	}
	if err := tx.AddRefundReturned(ctx, r, x, today); err != nil {
		return err
	}
	_, err = tx.Book(ctx, x.By, returnedEntry(r, x, today))
	return err
}

// returnedEntry takes what came back into suspense, as every payment that the bank gives back.
func returnedEntry(r Refund, x RefundReturn, today calendar.Day) ledger.Entry {
	r.PaidFrom = r.Last.Account
	e := onceEntry(r, today)
	e.Kind, e.EffectiveOn, e.Text = ledger.PaymentReturn, x.ValueDate, "a contribution given back, money back"
	e.Cause += fmt.Sprintf(":%d:back", r.Last.Number)
	for i := range e.Postings {
		e.Postings[i].Side = e.Postings[i].Side.Opposite()
	}
	return e
}

// againEntry pays out of suspense what came back.
func againEntry(r Refund, today calendar.Day) ledger.Entry {
	e := onceEntry(r, today)
	e.Kind, e.Text = ledger.Reissue, "a contribution given back again"
	e.Cause += fmt.Sprintf(":%d", r.Last.Number+1)
	return e
}

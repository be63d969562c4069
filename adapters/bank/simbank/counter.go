package simbank

import (
	"context"
	"errors"
	"fmt"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// ErrPayment is a payment that the bank itself does not take.
var ErrPayment = errors.New(
	"a payment needs a member, a year, an amount, a channel, a terminal and a fund account of this bank")

// Payment is cash or card money taken for a member at a counter, terminal or in
// a village.
type Payment struct {
	// MemberID is the gateway's id of the member.
	MemberID string
	Year     int
	Amount   money.Amount
	// Channel is counter, terminal, self_service or village.
	Channel string
	// Terminal names the counter or terminal whose day is credited in one lump.
	Terminal string
	// PaidOn is today where it is zero.
	PaidOn calendar.Day
	// Account is the fund account.
	Account string
}

// TakeAtCounter takes one payment and reports it at once; the fund account is
// credited next morning. It returns the bank's reference. A *RefusalError means that the payer has
// the money back. ErrUnreachable means that nobody knows: the report waits and
// goes out again, under the same key, with the next Step.
func (b *Bank) TakeAtCounter(ctx context.Context, p Payment) (string, error) {
	b.turn.Lock()
	defer b.turn.Unlock()
	if b.Crashed() {
		return "", ErrCrashed
	}
	b.mu.Lock()
	m, reference, err := b.contribution(p)
	if err == nil {
		b.queue = append(b.queue, m)
	}
	b.mu.Unlock()
	if err != nil {
		return "", err
	}
	var r Report
	if err := b.deliver(ctx, m, &r); err != nil {
		return reference, err
	}
	for _, f := range r.Refused {
		return reference, &RefusalError{Status: f.Status, Code: f.Code, Detail: f.Detail, Line: f.Line}
	}
	return reference, b.checkpoint()
}

func (b *Bank) contribution(p Payment) (*message, string, error) {
	if _, err := b.ledger.Fund(p.Account); err != nil {
		return nil, "", fmt.Errorf("fund account of the payment: %w", err)
	}
	if p.MemberID == "" || p.Year == 0 || p.Amount <= 0 || p.Amount > money.Max || p.Channel == "" ||
		p.Terminal == "" || !fits(p.Terminal, 32) {
		return nil, "", ErrPayment
	}
	if p.PaidOn.IsZero() {
		p.PaidOn = b.day
	}
	reference := b.reference("C")
	m, err := postJSON(ForContribution, "payment-"+reference, pathContributions, b.day, wireContribution{
		MemberID: p.MemberID, Year: p.Year, Amount: p.Amount, Channel: p.Channel, Terminal: p.Terminal,
		PaidOn: p.PaidOn, Account: p.Account, BankReference: reference,
	})
	if err != nil {
		return nil, "", err
	}
	m.Till, m.Cash = &till{Day: p.PaidOn, Terminal: p.Terminal, Account: p.Account}, p.Amount
	return m, reference, nil
}

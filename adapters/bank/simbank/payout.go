package simbank

import (
	"errors"
	"fmt"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// payout is what a disbursement batch has beyond a withholding batch.
type payout struct {
	// PayDay is the gateway's, PayOn the day that the bank pays on: it is fixed
	// when the batch is acknowledged.
	PayDay     calendar.Day
	PayOn      calendar.Day `json:",omitzero"`
	Settlement Settlement
	// HandedOver says that the lump of a gross settlement was taken.
	HandedOver bool `json:",omitempty"`
	// Short says that the account did not hold the money on the day, and that this
	// was answered.
	Short bool `json:",omitempty"`
}

// Payout is what the bank remembers of a disbursement batch.
type Payout struct {
	ID         string       `json:"id"`
	No         string       `json:"batch_no"`
	Account    string       `json:"account"`
	Settlement Settlement   `json:"settlement"`
	Count      int          `json:"count"`
	Amount     money.Amount `json:"amount"`
	// Stage is taken, acknowledged, paid, answered or declined.
	Stage string `json:"stage"`
	// PayOn is the day that it is paid on, known once it is acknowledged; ValueDate
	// the day that it was paid on.
	PayOn     calendar.Day `json:"pay_on,omitzero"`
	ValueDate calendar.Day `json:"value_date,omitzero"`
	// Short says that the account did not hold the money when it was needed.
	Short bool `json:"short,omitempty"`
	// Payments and Paid are its successes, what came back later among them.
	Payments int          `json:"payments"`
	Paid     money.Amount `json:"paid"`
}

// Payout returns a disbursement batch by the gateway's id, and false where the
// bank never took it.
func (b *Bank) Payout(id string) (Payout, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	x, ok := b.batches[payoutKey(id)]
	if !ok {
		return Payout{}, false
	}
	return Payout{
		ID: x.ID, No: x.No, Account: x.Account, Settlement: x.Payout.Settlement, Count: x.Count, Amount: x.Amount,
		Stage: string(x.Stage), PayOn: x.Payout.PayOn, ValueDate: x.ValueDate, Short: x.Payout.Short,
		Payments: x.Debits, Paid: x.Debited,
	}, true
}

// payoutOf reads what only a disbursement batch has. The settlement that the
// bank's behaviour names comes before the one that the gateway believes in.
func (b *Bank) payoutOf(w wireBatch) *payout {
	p := &payout{PayDay: w.PayDay, Settlement: w.Settlement}
	setDefault(&p.Settlement, Net)
	if how := b.Behaviour().Payout.Settlement; how != "" {
		p.Settlement = how
	}
	return p
}

func (p *payout) check() error {
	switch p.Settlement {
	case Net, Gross, Itemised:
	case ByBranch:
		return contradicts("payments are not settled by branches")
	default:
		return contradicts("settlement %q is not known", p.Settlement)
	}
	if p.PayDay.IsZero() {
		return contradicts("the batch has no pay day")
	}
	return nil
}

// payOn is the pay day, or today where that has passed. mu is held.
func (b *Bank) payOn(p *payout) calendar.Day {
	how, on := b.behaviour.Payout, p.PayDay
	if how.AtOnce || on.Before(b.day) {
		on = b.day
	}
	return on.AddDays(how.LateDays)
}

// pay takes an acknowledged batch as far as its day and the expenditure account
// allow, and says whether anything changed. It is one change; mu is held.
func (b *Bank) pay(x *batch) (bool, error) {
	p, f := x.Payout, b.ledger.fund[x.Account]
	if f == nil {
		return false, ErrNoAccount
	}
	covered, handed := f.Balance >= x.Amount, false
	if p.Settlement == Gross {
		if handed = covered && !p.HandedOver; handed {
			if err := b.handOver(x); err != nil {
				return false, err
			}
		}
		// What fails must fit into the account again.
		covered = p.HandedOver && x.Amount <= money.Max-f.Balance
	}
	switch {
	case b.day.Before(p.PayOn), !covered && p.Short:
		return handed, nil
	case !covered:
		return true, b.answerShort(x)
	}
	// What waited for money is paid when the money is there.
	x.ValueDate = p.PayOn
	if p.Short {
		x.ValueDate = b.day
	}
	x.Refused = b.behaviour.RefuseWhole
	for n := range x.Items {
		i := &x.Items[n]
		if i.Why = Technical; !x.Refused {
			i.Why = b.payItem(x, i)
		}
		if i.Why == "" {
			x.Debits++
			x.Debited += i.Amount
		}
	}
	if err := b.settlePayout(x); err != nil {
		return false, err
	}
	x.Stage = paid
	return true, nil
}

// handOver takes the lump of a batch that is settled gross. mu is held.
func (b *Bank) handOver(x *batch) error {
	err := b.ledger.Post(x.Account, FundEntry{
		Direction: bank.Debit, Amount: x.Amount, ValueDate: b.day, Reference: "O" + x.ID, BatchID: x.No,
		Text: fmt.Sprintf("批量代发 %d笔", x.Count),
	}, Transit)
	x.Payout.HandedOver = err == nil
	return err
}

// answerShort says once that nothing could be paid yet. The files of rural
// cooperatives have no word for it. mu is held.
func (b *Bank) answerShort(x *batch) error {
	x.Payout.Short = true
	if b.behaviour.NeverAnswer || b.config.Format == Cooperative {
		return nil
	}
	a := answer{tag: "0", due: b.dueIn(b.behaviour.LateDays), lines: make([]line, len(x.Items))}
	for n := range x.Items {
		a.lines[n] = pending(&x.Items[n])
	}
	messages, err := b.write(x, a)
	if err != nil {
		return err
	}
	b.queue = append(b.queue, messages...)
	return nil
}

// payItem credits the payee, or keeps the payment in transit where it will come
// back, and says why neither.
func (b *Bank) payItem(x *batch, i *item) Reason {
	c, err := b.customerOf(i)
	switch {
	case err != nil:
		return NotFound
	case c.state == Closed:
		return AccountShut
	case c.state == Frozen:
		return AccountHeld
	case !i.isHolder(c):
		return WrongName
	}
	for _, r := range PayoutReasons() {
		if b.seed.happens(b.behaviour.Payout.Reject[string(r)], "reject payout", string(r), x.ID, x.rowOf(i)) {
			return r
		}
	}
	if back := b.comesBack(x, i, c.state); back != nil {
		b.returning = append(b.returning, back)
		return ""
	}
	switch err := b.ledger.Credit(i.Account, i.Amount); {
	case errors.Is(err, ErrAmount):
		return OverLimit
	case err != nil:
		return Technical
	}
	return ""
}

// settlePayout debits the expenditure account with what succeeded, or gives back
// what failed of the lump. mu is held.
func (b *Bank) settlePayout(x *batch) error {
	e := FundEntry{
		Direction: bank.Debit, Amount: x.Debited, ValueDate: x.ValueDate, Reference: "O" + x.ID, BatchID: x.No,
		Text: fmt.Sprintf("批量代发 %d笔", x.Debits),
	}
	switch x.Payout.Settlement {
	case Net:
	case Gross:
		e.Direction, e.Amount, e.Reversal = bank.Credit, x.Amount-x.Debited, true
		e.Reference, e.Text = "Q"+x.ID, fmt.Sprintf("代发失败退回 %d笔", x.Count-x.Debits)
	case Itemised:
		return b.settlePayments(x)
	case ByBranch:
		return fmt.Errorf("settlement %q is not one of payments", x.Payout.Settlement)
	}
	if e.Amount == 0 {
		return nil
	}
	if err := b.ledger.Post(x.Account, e, Transit); err != nil {
		return fmt.Errorf("book %s: %w", e.Reference, err)
	}
	return nil
}

func (b *Bank) settlePayments(x *batch) error {
	for n := range x.Items {
		i := &x.Items[n]
		if i.Why != "" {
			continue
		}
		e := FundEntry{
			Direction: bank.Debit, Amount: i.Amount, ValueDate: x.ValueDate, Reference: b.referenceOf(x, i),
			EndToEndID: i.ID, BatchID: x.No, Counterparty: i.Name, CounterpartyAccount: i.Account, Text: "代发",
		}
		if err := b.ledger.Post(x.Account, e, Transit); err != nil {
			return fmt.Errorf("book %s: %w", e.Reference, err)
		}
	}
	return nil
}

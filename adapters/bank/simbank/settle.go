package simbank

import (
	"fmt"
	"slices"

	"twoline/gateway/bank"
	"twoline/gateway/money"
)

// settle credits the fund account with what was debited, and returns the
// notices of arrival. mu is held.
func (b *Bank) settle(x *batch) ([]*message, error) {
	if x.Debits == 0 && b.behaviour.Settlement != Gross {
		return nil, nil
	}
	switch b.behaviour.Settlement {
	case Gross:
		return b.settleGross(x)
	case Itemised:
		return b.settleItems(x)
	case ByBranch:
		return b.settleBranches(x)
	case Net, "":
		return b.credit(x, "A"+x.ID, x.Debited, fmt.Sprintf("批量代扣 %d笔", x.Debits), nil)
	}
	return nil, fmt.Errorf("settlement %q is not known", b.behaviour.Settlement)
}

// settleGross credits the whole batch before anybody knows what succeeded, and
// takes the failures back.
func (b *Bank) settleGross(x *batch) ([]*message, error) {
	out, err := b.credit(x, "A"+x.ID, x.Amount, fmt.Sprintf("批量代扣 %d笔", x.Count), nil)
	back := x.Amount - x.Debited
	if err != nil || back == 0 {
		return out, err
	}
	return out, b.ledger.Post(x.Account, FundEntry{
		Direction: bank.Debit, Amount: back, ValueDate: b.day, Reference: "R" + x.ID, BatchID: x.No, Reversal: true,
		Text: fmt.Sprintf("代扣失败退回 %d笔", x.Count-x.Debits),
	}, Transit)
}

func (b *Bank) settleItems(x *batch) ([]*message, error) {
	var out []*message
	for n := range x.Items {
		i := &x.Items[n]
		if i.Why != "" {
			continue
		}
		messages, err := b.credit(x, b.itemReference("A", x.ID, i.Seq), i.Amount, "代扣", i)
		if err != nil {
			return nil, err
		}
		out = append(out, messages...)
	}
	return out, nil
}

func (b *Bank) settleBranches(x *batch) ([]*message, error) {
	type lump struct {
		amount money.Amount
		count  int
	}
	lumps := make([]lump, b.behaviour.branches())
	for n := range x.Items {
		i := &x.Items[n]
		if i.Why == "" {
			at := b.seed.below(len(lumps), "branch", i.Account)
			lumps[at].amount += i.Amount
			lumps[at].count++
		}
	}
	var out []*message
	for at, l := range lumps {
		if l.count == 0 {
			continue
		}
		messages, err := b.credit(x, b.branchReference(x.ID, at+1), l.amount,
			fmt.Sprintf("批量代扣 网点%02d %d笔", at+1, l.count), nil)
		if err != nil {
			return nil, err
		}
		out = append(out, messages...)
	}
	return out, nil
}

// credit books one credit of a batch and writes its notice, under the same
// reference; i is the item of an itemised booking.
func (b *Bank) credit(x *batch, reference string, amount money.Amount, text string, i *item) ([]*message, error) {
	e := FundEntry{
		Direction: bank.Credit, Amount: amount, ValueDate: b.day, Reference: reference, BatchID: x.No, Text: text,
	}
	w := wireArrival{
		Account: x.Account, Amount: amount, BankReference: reference, ValueDate: b.day, BatchID: x.ID,
	}
	if i != nil {
		e.EndToEndID, e.Counterparty, e.CounterpartyAccount = i.ID, i.Name, i.Account
		w.ItemID = i.ID
	}
	if err := b.ledger.Post(x.Account, e, Transit); err != nil {
		return nil, fmt.Errorf("credit %s: %w", reference, err)
	}
	return b.notices(w)
}

// notices writes the notice of a credit, not at all or twice where the
// behaviour says so.
func (b *Bank) notices(w wireArrival) ([]*message, error) {
	if b.behaviour.Arrivals == noticesDrop {
		return nil, nil
	}
	m, err := postJSON(ForArrival, "arrival-"+w.BankReference, pathArrivals, b.dueIn(b.behaviour.ArrivalLateDays), w)
	if err != nil {
		return nil, err
	}
	if b.behaviour.Arrivals == noticesTwice {
		return slices.Concat([]*message{m}, []*message{m.again()}), nil
	}
	return []*message{m}, nil
}

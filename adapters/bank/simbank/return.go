package simbank

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// returning is a payment that was answered as succeeded and will come back; its
// money is in transit until then.
type returning struct {
	// Batch and Account are the gateway's batch and its expenditure account.
	Batch, No, Account string
	// ItemID is empty in the files of rural cooperatives until the gateway was asked
	// for it. Nameless says that it knew none.
	ItemID   string
	Nameless bool `json:",omitempty"`
	Seq      int
	SocialNo string `json:",omitempty"`
	Payee    string
	Name     string
	Amount   money.Amount
	Why      Reason
	Due      calendar.Day
}

// comesBack decides at the payment whether and when it comes back, and why. mu is held.
func (b *Bank) comesBack(x *batch, i *item, s AccountState) *returning {
	how, why := b.behaviour.Payout, Asleep
	if s != Dormant {
		if !b.seed.happens(how.Returns, "return", x.ID, x.rowOf(i)) {
			return nil
		}
		reasons := []Reason{AccountShut, WrongName, OverLimit, WrongKind, Asleep}
		why = reasons[b.seed.below(len(reasons), "return reason", x.ID, x.rowOf(i))]
	}
	first, last := how.returnDays()
	due := b.day.AddDays(first + b.seed.below(last-first+1, "return day", x.ID, x.rowOf(i)))
	if how.endsBefore(due) {
		return nil
	}
	return &returning{
		Batch: x.ID, No: x.No, Account: x.Account, ItemID: i.ID, Seq: i.Seq, SocialNo: i.SocialNo, Payee: i.Account,
		Name: i.Name, Amount: i.Amount, Why: why, Due: due,
	}
}

// endsBefore says that nothing comes back any more on a day.
func (p PayoutBehaviour) endsBefore(day calendar.Day) bool {
	return !p.NoReturnsAfter.IsZero() && day.After(p.NoReturnsAfter)
}

// giveBack credits the expenditure account with every payment that comes back
// today, by the account that it left by, and queues their notices.
func (b *Bank) giveBack(ctx context.Context, r *Report) error {
	if err := b.nameReturns(ctx); err != nil {
		return err
	}
	b.mu.Lock()
	due, err := b.returnDue(r)
	b.mu.Unlock()
	if due == 0 {
		return err
	}
	return errors.Join(err, b.checkpoint())
}

// returnDue is one change, and says how many payments it ended; mu is held.
func (b *Bank) returnDue(r *Report) (int, error) {
	var later []*returning
	var lines []wireReturn
	var failed error
	for _, back := range b.returning {
		if back.Due.After(b.day) {
			later = append(later, back)
			continue
		}
		if b.behaviour.Payout.endsBefore(b.day) && b.ledger.Credit(back.Payee, back.Amount) == nil {
			continue
		}
		code, text := back.Why.payoutWords()
		reference := b.itemReference("N", back.Batch, back.Seq)
		err := b.ledger.Post(back.Account, FundEntry{
			Direction: bank.Credit, Amount: back.Amount, ValueDate: b.day, Reference: reference,
			EndToEndID: back.ItemID, BatchID: back.No, Counterparty: back.Name, CounterpartyAccount: back.Payee,
			Text: "退票 " + text,
		}, Transit)
		if err != nil {
			later, failed = append(later, back), fmt.Errorf("credit %s: %w", reference, err)
			continue
		}
		r.Returns++
		r.Returned += back.Amount
		if !back.Nameless {
			lines = append(lines, wireReturn{
				ItemID: back.ItemID, Amount: back.Amount, BankReference: reference, ValueDate: b.day,
				Code: code, Text: text,
			})
		}
	}
	messages, err := b.returnNotices(lines)
	ended := len(b.returning) - len(later)
	b.returning, b.queue = later, append(b.queue, messages...)
	return ended, errors.Join(failed, err)
}

// returnNotices reports returns in pages, not at all or twice where the behaviour
// says so.
func (b *Bank) returnNotices(lines []wireReturn) ([]*message, error) {
	if b.behaviour.Payout.ReturnNotices == noticesDrop {
		return nil, nil
	}
	var out []*message
	for page := range slices.Chunk(lines, b.config.PageSize) {
		w := wireReturns{Count: len(page), Returns: page}
		for _, l := range page {
			w.Amount += l.Amount
		}
		m, err := postJSON(ForReturns, "returns-"+page[0].BankReference, pathReturns, b.day, w)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
		if b.behaviour.Payout.ReturnNotices == noticesTwice {
			out = append(out, m.again())
		}
	}
	return out, nil
}

// nameReturns asks the gateway for the ids of items that come back today and
// stood in a file that has none.
func (b *Bank) nameReturns(ctx context.Context) error {
	b.mu.Lock()
	unnamed := map[string]map[string]*returning{}
	for _, back := range b.returning {
		if back.ItemID != "" || back.Nameless || back.Due.After(b.day) {
			continue
		}
		if unnamed[back.Batch] == nil {
			unnamed[back.Batch] = map[string]*returning{}
		}
		unnamed[back.Batch][rowKey(back.SocialNo, back.Amount)] = back
	}
	b.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(unnamed)) {
		if err := b.nameReturnsOf(ctx, id, unnamed[id]); err != nil {
			return fmt.Errorf("items of batch %s: %w", id, err)
		}
	}
	return nil
}

// nameReturnsOf names a batch's returns, which are listed by number and amount.
func (b *Bank) nameReturnsOf(ctx context.Context, id string, list map[string]*returning) error {
	x := &batch{ID: id, Payout: &payout{}}
	ids := make(map[string]string, len(list))
	err := pages(ctx, b.client, b.config.Gateway+x.path(partItems)+"?limit="+itemsPage, func(w wireItem) error {
		row := rowKey(w.SocialNo, w.Amount)
		if back := list[row]; back != nil && back.Payee == w.Account {
			ids[row] = w.ItemID
		}
		return nil
	})
	var refusal *RefusalError
	if err != nil && !errors.As(err, &refusal) {
		return err
	}
	b.mu.Lock()
	for row, back := range list {
		back.ItemID = ids[row]
		back.Nameless = back.ItemID == ""
	}
	b.mu.Unlock()
	if len(ids) < len(list) {
		b.config.Log.LogAttrs(ctx, slog.LevelWarn, "returns without an item id are not reported",
			slog.String("batch_id", id), slog.Int("count", len(list)-len(ids)))
	}
	return nil
}

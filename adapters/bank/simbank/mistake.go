package simbank

import (
	"errors"
	"fmt"
	"slices"

	"twoline/gateway/bank"
)

// ErrNoMistake is an entry that the bank did not book of its own accord, or that it
// took back before.
var ErrNoMistake = errors.New("the bank booked no such entry of its own accord")

// mistake is an entry that nobody asked the bank for: a charge, interest, or
// something that it booked twice. It may be taken back.
type mistake struct {
	Account string    `json:"account"`
	Entry   FundEntry `json:"entry"`
}

// Repeat books an entry of the business day a second time under a reference of its
// own, as a bank does by mistake. It returns the reference.
func (b *Bank) Repeat(account, reference string) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f, err := b.ledger.Fund(account)
	if err != nil {
		return "", fmt.Errorf("repeat an entry: %w", err)
	}
	i := slices.IndexFunc(f.Entries, func(e FundEntry) bool { return e.Reference == reference })
	if i < 0 {
		return "", fmt.Errorf("repeat an entry: the account has no entry %s today", reference)
	}
	again := f.Entries[i]
	again.Reference = b.reference("E")
	if err := b.ledger.Post(account, again, Own); err != nil {
		b.sequence["E"]--
		return "", fmt.Errorf("repeat an entry: %w", err)
	}
	b.mistakes = append(b.mistakes, mistake{account, again})
	return again.Reference, nil
}

// Correct takes an entry back that the bank booked of its own accord (冲正): the
// opposite entry, marked as a reversal, with the references of the first.
func (b *Bank) Correct(account, reference string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.mistakes, func(m mistake) bool {
		return m.Account == account && m.Entry.Reference == reference
	})
	if i < 0 {
		return ErrNoMistake
	}
	back := b.mistakes[i].Entry
	back.ValueDate, back.Reversal, back.Text = b.day, true, "冲正 "+back.Text
	back.Direction = bank.Credit
	if b.mistakes[i].Entry.Direction == bank.Credit {
		back.Direction = bank.Debit
	}
	if !fits(back.Text, 140) {
		back.Text = "冲正"
	}
	if err := b.ledger.Post(account, back, Own); err != nil {
		return fmt.Errorf("correct an entry: %w", err)
	}
	b.mistakes = slices.Delete(b.mistakes, i, i+1)
	return nil
}

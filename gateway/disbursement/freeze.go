package disbursement

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/money"
	"twoline/gateway/once"
)

// Submitted is a frozen run with its batches.
type Submitted struct {
	Run     Run
	Batches []Batch
}

// Submit freezes the payable lines of a draft: payees, amounts, accounts, batches,
// numbers and the digests of the files' bytes, in one transaction. Who drafted the
// run submits it. The answer's result is a Submitted.
func (s *Service) Submit(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, id int64,
) (once.Answer, error) {
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		maker, err := tx.Standing(ctx, by.Login)
		if err != nil {
			return nil, err
		}
		run, err := heldRun(ctx, tx, maker, id)
		if err != nil {
			return nil, err
		}
		if err := mayMake(maker); err != nil {
			return nil, err
		}
		if maker.Person != run.MakerPerson {
			return nil, approval.ErrDuty.With("a pay run is submitted by its maker")
		}
		if !run.State.CanBecome(Frozen) {
			return nil, refusedState(run)
		}
		partners, err := tx.PayPartners(ctx, run.Area, run.Scheme)
		if err != nil {
			return nil, err
		}
		frozen, batches, err := s.freeze(ctx, tx, run, partners, actor(maker))
		if err != nil {
			return nil, err
		}
		return Submitted{Run: frozen, Batches: batches}, nil
	})
}

// heldRun returns a run, locked, with everybody else kept from the runs of its
// scheme. That lock comes first everywhere, so that two runs cannot wait for each
// other.
func heldRun(ctx context.Context, tx RunTx, by approval.Officer, id int64) (Run, error) {
	run, err := tx.FindRun(ctx, by.Area, id)
	if err != nil {
		return run, err
	}
	if err := tx.HoldRuns(ctx, run.Area, run.Scheme); err != nil {
		return run, err
	}
	return tx.LockRun(ctx, by.Area, id)
}

// freeze writes the payable lines of the run's roster as items of batches, and
// moves the run from draft to frozen. It holds one batch in memory.
func (s *Service) freeze(
	ctx context.Context, tx RunTx, run Run, partners []Partner, actor string,
) (Run, []Batch, error) {
	f := &freezer{ //nolint:exhaustruct // nothing was gathered yet
		s: s, tx: tx, run: run, partners: make(map[string]Partner, len(partners)), members: make(map[int64]bool),
		actor: actor,
	}
	for _, p := range partners {
		f.partners[p.Code] = p
	}
	lines, err := tx.OpenPayables(ctx, run)
	if err != nil {
		return run, nil, err
	}
	for {
		page, err := lines.Next(ctx)
		if err != nil {
			return run, nil, err
		}
		if len(page) == 0 {
			break
		}
		for _, p := range page {
			if err := f.add(ctx, p); err != nil {
				return run, nil, err
			}
		}
	}
	if err := lines.Close(ctx); err != nil {
		return run, nil, err
	}
	if err := f.finish(ctx); err != nil {
		return run, nil, err
	}
	if len(f.batches) == 0 {
		return run, nil, ErrNothingToPay
	}
	if run.Amount, err = f.total.Amount(); err != nil {
		return run, nil, fmt.Errorf("sum of pay run %d: %w", run.ID, err)
	}
	run.Count = int(f.total.Count())
	run.Digest = RunDigest(run, f.batches)
	run, err = tx.MoveRun(ctx, run, Frozen, actor, fmt.Sprintf("%d payments in %d batches", run.Count, len(f.batches)))
	return run, f.batches, err
}

// freezer gathers the lines of one bank and clearing bank until a batch is full.
type freezer struct {
	s        *Service
	tx       FreezeTx
	run      Run
	partners map[string]Partner
	actor    string
	// partner and clearing are those of the items gathered so far.
	partner  Partner
	clearing string
	items    []Item
	// members stand in the batch; later are their other payments, for the next one.
	members map[int64]bool
	later   []Payable
	batches []Batch
	total   money.Total
}

func (f *freezer) add(ctx context.Context, p Payable) error {
	if p.Stale {
		return ErrRosterStale
	}
	if len(f.items) > 0 && (f.partner.Code != p.Bank || f.clearing != p.ClearingBank) {
		if err := f.finish(ctx); err != nil {
			return err
		}
	}
	f.partner, f.clearing = f.partners[p.Bank], p.ClearingBank
	f.total.Add(p.Sum())
	return f.gather(ctx, p)
}

// gather takes a payment into the batch. A person stands in a batch once: some
// banks answer by person, and could not tell two payments of one from each other.
func (f *freezer) gather(ctx context.Context, p Payable) error {
	if f.members[p.Member] {
		f.later = append(f.later, p)
		return nil
	}
	if len(f.items) == f.limit() {
		if err := f.flush(ctx); err != nil {
			return err
		}
	}
	f.members[p.Member] = true
	f.items = append(f.items, p.Item)
	return nil
}

// limit is how many rows the bank takes in one file: as the registry says, and its
// form.
func (f *freezer) limit() int {
	if own := f.s.files.PaymentRows(f.partner); own > 0 {
		return min(own, f.partner.RowLimit)
	}
	return f.partner.RowLimit
}

// finish freezes all that was gathered for a bank and clearing bank.
func (f *freezer) finish(ctx context.Context) error {
	for {
		if err := f.flush(ctx); err != nil || len(f.later) == 0 {
			return err
		}
		waiting := f.later
		f.later = nil
		for _, p := range waiting {
			if err := f.gather(ctx, p); err != nil {
				return err
			}
		}
	}
}

// flush freezes what was gathered as one batch.
func (f *freezer) flush(ctx context.Context) error {
	if len(f.items) == 0 {
		return nil
	}
	numbers, err := f.tx.NumberBatch(ctx, f.run.Area, f.partner.Code, len(f.items))
	if err != nil {
		return err
	}
	b := Batch{ //nolint:exhaustruct // sums and digests below
		Area: f.run.Area, ID: numbers.ID, Run: f.run.ID, Scheme: f.run.Scheme, Month: f.run.Month, Bank: f.partner.Code,
		ClearingBank: f.clearing, FundAccount: f.partner.FundAccount, AccountNo: f.partner.AccountNo,
		Settlement: f.partner.Settlement, Number: numbers.Number(), Count: len(f.items),
		CreatedOn: f.s.today(), PayDay: f.run.PayDay, State: bank.BatchReady, Version: 1,
	}
	b.Progress.Open = b.Count
	digest := NewItemDigest(b)
	var total money.Total
	for i := range f.items {
		it := &f.items[i]
		it.ID, it.Batch, it.Seq = numbers.Item(i+1), b.ID, i+1
		digest.Add(*it)
		total.Add(it.Sum())
	}
	b.Digest = digest.Sum()
	if b.Amount, err = total.Amount(); err != nil {
		return fmt.Errorf("sum of batch %s: %w", b.Number, err)
	}
	b.FileName = f.s.files.PaymentFileName(f.partner, b)
	if err := f.digestFile(&b); err != nil {
		return err
	}
	if err := f.tx.AddPayBatch(ctx, b, f.items, f.actor); err != nil {
		return err
	}
	f.batches = append(f.batches, b)
	f.items = f.items[:0]
	clear(f.members)
	return nil
}

// digestFile writes the file into a hash: its bytes are not kept, for they can be
// written again at any time.
func (f *freezer) digestFile(b *Batch) error {
	counted := &counting{Hash: sha256.New(), size: 0}
	err := f.s.files.WritePayment(counted, f.partner, *b, func(yield func(Item) error) error {
		for _, i := range f.items {
			if err := yield(i); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write file of batch %s: %w", b.Number, err)
	}
	counted.Sum(b.FileDigest[:0])
	b.FileSize = counted.size
	return nil
}

// counting is a hash that counts its bytes.
type counting struct {
	hash.Hash

	size int64
}

// Write implements io.Writer.
func (c *counting) Write(p []byte) (int, error) {
	n, err := c.Hash.Write(p)
	c.size += int64(n)
	return n, err
}

// ItemDigest accumulates the digest of a batch over its frozen items in order:
// SHA-256 of everything that decides who is paid what, and where, all of which the
// bank is told.
type ItemDigest struct{ d digest }

// NewItemDigest starts the digest of a batch.
func NewItemDigest(b Batch) ItemDigest {
	d := newDigest("twoline payment batch 1")
	d.text(b.Area.String())
	d.text(b.Bank)
	d.text(b.Number)
	return ItemDigest{d}
}

// Add takes the next item.
func (s ItemDigest) Add(i Item) {
	s.d.number(int64(i.Seq))
	s.d.number(i.ID)
	s.d.text(i.Month.String())
	s.d.text(i.Cause)
	s.d.number(int64(i.Attempt))
	s.d.number(i.Replaces)
	for _, a := range [...]money.Amount{i.Base, i.Components.Account, i.Funeral, i.OneOff} {
		s.d.number(a.Fen())
	}
	s.d.text(i.Account.Plain())
	s.d.text(i.Name.Plain())
	s.d.text(i.IDNumber.Plain())
}

// Sum returns the digest.
func (s ItemDigest) Sum() [sha256.Size]byte { return s.d.sum() }

// RunDigest is what is approved: SHA-256 over the run and, in their order, each
// batch's number, count, amount, items and file.
func RunDigest(r Run, batches []Batch) [sha256.Size]byte {
	d := newDigest("twoline pay run 1")
	d.text(r.Area.String())
	d.number(r.ID)
	d.text(r.Month.String())
	d.text(string(r.Kind))
	for _, b := range batches {
		d.text(b.Bank)
		d.text(b.Number)
		d.number(int64(b.Count))
		d.number(b.Amount.Fen())
		d.h.Write(b.Digest[:])
		d.h.Write(b.FileDigest[:])
	}
	return d.sum()
}

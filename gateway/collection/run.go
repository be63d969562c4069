package collection

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"maps"
	"slices"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// Withhold makes the withholding batches of a run: for every bank the members
// with an active mandate whose due may be sent now, split by the bank's row
// limit and by the clearing bank of the payer's account. Items, numbers, file
// names and the digests of the files' bytes are frozen in one transaction.
func (s *Service) Withhold(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, run Run,
) (once.Answer, error) {
	if !by.Has(approval.Maker, approval.AgencyBusiness, approval.AgencyFinance) {
		return once.Answer{}, approval.ErrDuty //nolint:exhaustruct // no answer
	}
	var unwritable map[string][]int64
	answer, err := once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		unwritable = make(map[string][]int64)
		return s.withhold(ctx, tx, by, run, unwritable)
	})
	if errors.Is(err, ErrNothingDue) && len(unwritable) > 0 {
		return answer, s.nobodyWritable(ctx, by.Area, unwritable)
	}
	return answer, err
}

// withhold is the run's transaction. The members whose names a bank's file cannot
// carry are put into unwritable, by bank.
func (s *Service) withhold(
	ctx context.Context, tx Tx, by approval.Officer, run Run, unwritable map[string][]int64,
) (RunResult, error) {
	none := RunResult{} //nolint:exhaustruct // none
	today := s.today()
	mode, err := tx.CollectionMode(ctx, by.Area, today)
	if err != nil {
		return none, err
	}
	if mode == policy.Tax {
		return none, ErrTaxMode
	}
	if err := s.refuseRun(ctx, tx, by.Area, run.Year); err != nil {
		return none, err
	}
	partners, err := tx.Partners(ctx, by.Area, run.Scheme, run.Banks)
	if err != nil {
		return none, err
	}
	if err := tx.HoldDues(ctx, []party.Area{by.Area}, []int{run.Year}); err != nil {
		return none, err
	}
	id, err := tx.AddRun(ctx, by.Area, run, "officer:"+by.Login, today)
	if err != nil {
		return none, err
	}
	out := RunResult{ID: id, Batches: nil, Held: make(map[string]int)}
	for _, p := range partners {
		b := &batcher{
			s: s, tx: tx, run: run, partner: p, today: today, by: by, runID: id,
			dues: nil, unwritable: unwritable, out: &out,
		}
		if err := b.make(ctx); err != nil {
			return none, fmt.Errorf("withholding run for %s: %w", p.Code, err)
		}
	}
	if len(out.Batches) == 0 {
		return none, ErrNothingDue
	}
	return out, nil
}

// refuseRun says why nothing may be debited for a year today. Where the area decided no
// cut-off the year ends it.
func (s *Service) refuseRun(ctx context.Context, tx Tx, area party.Area, year int) error {
	today := s.today()
	switch {
	case year > today.Year():
		return ErrYearAhead.On("year")
	case year < today.Year():
		return ErrMissedYear.On("year")
	}
	cutoff, err := cutoffOf(ctx, tx, area, year)
	if errors.Is(err, policy.ErrNoRule) {
		return nil
	}
	if err == nil && today.After(cutoff) {
		err = ErrCutoff.With("the last day for contributions of %d was %s", year, cutoff).On("year")
	}
	return err
}

// nobodyWritable keeps the cases that went with the refused run's transaction,
// so that an officer sees why nobody is due, and returns the refusal.
func (s *Service) nobodyWritable(ctx context.Context, area party.Area, unwritable map[string][]int64) error {
	n := 0
	for _, members := range unwritable {
		n += len(members)
	}
	err := s.store.InTx(ctx, func(tx Tx) error {
		for _, code := range slices.Sorted(maps.Keys(unwritable)) {
			if err := tx.HoldUnwritable(ctx, area, code, unwritable[code]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep the cases of a run that made nothing: %w", err)
	}
	return ErrNothingDue.With("no due may be collected now; %d names cannot be written in their bank's charset: "+
		"the cases say whose", n)
}

// batcher splits one bank's dues into batches. It holds one batch in memory.
type batcher struct {
	s       *Service
	tx      Tx
	run     Run
	partner Partner
	today   calendar.Day
	by      approval.Officer
	runID   int64
	dues    [][]Due
	// unwritable are the members whose names a bank's file cannot carry, by bank.
	unwritable map[string][]int64
	out        *RunResult
}

func (b *batcher) make(ctx context.Context) error {
	var unwritable []int64
	limit := b.partner.RowLimit
	if own := b.s.files.WithholdingRows(b.partner); own > 0 {
		limit = min(limit, own)
	}
	held, err := b.tx.EachDue(ctx, b.by.Area, b.today, b.run, b.partner, func(d Due) error {
		unfit := b.s.files.CheckWithholding(b.partner, d)
		if errors.Is(unfit, bank.ErrNoForm) {
			return unfit
		}
		if unfit != nil {
			unwritable = append(unwritable, d.Member)
			return nil //nolint:nilerr // the member is held, the run goes on
		}
		last := len(b.dues) - 1
		full := last < 0 || len(b.dues[last]) == limit || b.dues[last][0].ClearingBank != d.ClearingBank
		if full {
			b.dues = append(b.dues, nil)
			last++
		}
		b.dues[last] = append(b.dues[last], d)
		return nil
	})
	if err != nil {
		return err
	}
	if len(unwritable) > 0 {
		b.unwritable[b.partner.Code] = unwritable
		b.out.Held[string(bank.ClassFixAccount)] += len(unwritable)
		if err := b.tx.HoldUnwritable(ctx, b.by.Area, b.partner.Code, unwritable); err != nil {
			return err
		}
	}
	for class, n := range held {
		b.out.Held[class] += n
	}
	for i, dues := range b.dues {
		made, err := b.freeze(ctx, dues)
		if err != nil {
			return err
		}
		b.dues[i] = nil
		b.out.Batches = append(b.out.Batches, made)
	}
	return nil
}

func (b *batcher) freeze(ctx context.Context, dues []Due) (Batch, error) {
	none := Batch{} //nolint:exhaustruct // none
	numbers, err := b.tx.NumberBatch(ctx, b.by.Area, b.partner.Code, len(dues))
	if err != nil {
		return none, err
	}
	batch := Batch{ //nolint:exhaustruct // sums and digests below
		Area: b.by.Area, ID: numbers.ID, Run: b.runID, Scheme: b.run.Scheme, Year: b.run.Year, Bank: b.partner.Code,
		ClearingBank: dues[0].ClearingBank, FundAccount: b.partner.FundAccount,
		AccountNo: b.partner.AccountNo, Number: numbers.Number(),
		Count: len(dues), CreatedOn: b.today, State: bank.BatchSending, Version: 1,
	}
	batch.Progress.Open = len(dues)
	items := make([]Item, len(dues))
	digest := NewItemDigest(batch.Area, batch.Bank, batch.Number)
	var total money.Total
	for i, d := range dues {
		items[i] = Item{
			ID: numbers.Item(i + 1), Batch: batch.ID, Seq: i + 1, Member: d.Member, Year: b.run.Year,
			Attempt: d.Attempt, Amount: d.Amount, Mandate: d.Mandate, MandateNo: d.MandateNo, Account: d.Account,
			Name: d.Name, IDNumber: d.IDNumber, SocialNo: d.SocialNo, Region: d.Region,
		}
		digest.Add(items[i])
		total.Add(d.Amount)
	}
	batch.Digest = digest.Sum()
	if batch.Amount, err = total.Amount(); err != nil {
		return none, fmt.Errorf("sum of batch %s: %w", batch.Number, err)
	}
	batch.FileName = b.s.files.WithholdingFileName(b.partner, batch)
	if batch.FileDigest, batch.FileSize, err = b.fileDigest(batch, items); err != nil {
		return none, err
	}
	return batch, b.tx.AddBatch(ctx, batch, items, "officer:"+b.by.Login)
}

func (b *batcher) fileDigest(batch Batch, items []Item) (sum [sha256.Size]byte, size int64, err error) {
	counted := &counting{Hash: sha256.New(), size: 0}
	err = b.s.files.WriteWithholding(counted, b.partner, batch, func(yield func(Item) error) error {
		for _, i := range items {
			if err := yield(i); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return sum, 0, fmt.Errorf("write file of batch %s: %w", batch.Number, err)
	}
	counted.Sum(sum[:0])
	return sum, counted.size, nil
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

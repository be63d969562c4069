package disbursement

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

// ReleaseResult is what a release came to. Where a screen hit, the run is withdrawn and
// Successor has its other rows, frozen and to be approved anew; it has no rows,
// and id 0, where all were hit.
type ReleaseResult struct {
	Run       Run
	Batches   []Batch
	Hits      []Hit
	Successor Submitted
}

// Release lets an approved run go: a third person says yes to its digest, every
// frozen item is screened again, and each expenditure account must hold its part
// in full. From the commit on the banks may have the batches. A hit withdraws the
// run instead. The answer's result is a ReleaseResult.
func (s *Service) Release(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, v Verdict,
) (once.Answer, error) {
	answer, err := once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		return s.release(ctx, tx, by, v)
	})
	if errors.Is(err, ErrFundsShort) {
		return answer, s.keepCase(ctx, by.Area, Case{
			Kind: caseFundsShort, Subject: runSubject(v.Run), Bank: "", Text: err.Error(),
		}, err)
	}
	return answer, err
}

const caseFundsShort = "funds_short"

func runSubject(id int64) string { return fmt.Sprintf("pay_run:%d", id) }

// keepCase opens a case for a refusal, whose own transaction kept nothing, and
// returns the refusal.
func (s *Service) keepCase(ctx context.Context, area party.Area, c Case, refusal error) error {
	err := s.store.InTx(ctx, func(tx Tx) error { return tx.OpenPayCase(ctx, area, c) })
	if err != nil {
		return fmt.Errorf("keep the case of a refusal: %w", errors.Join(err, refusal))
	}
	return refusal
}

func (s *Service) release(ctx context.Context, tx Tx, by approval.Officer, v Verdict) (ReleaseResult, error) {
	none := ReleaseResult{} //nolint:exhaustruct // none
	officer, err := tx.Standing(ctx, by.Login)
	if err != nil {
		return none, err
	}
	run, err := heldRun(ctx, tx, officer, v.Run)
	if err != nil {
		return none, err
	}
	if err := s.mayRelease(ctx, tx, officer, run, v); err != nil {
		return none, err
	}
	today := s.today()
	decided, err := rules(ctx, tx, run.Area, today, run.Month)
	if err != nil {
		return none, err
	}
	batches, err := tx.RunBatches(ctx, run.Area, run.ID)
	if err != nil {
		return none, err
	}
	// Whatever is waited for is waited for before the screen looks.
	if err := lockAccounts(ctx, tx, run.Area, batches); err != nil {
		return none, err
	}
	hits, err := tx.ScreenRun(ctx, run, decided, today)
	if err != nil {
		return none, err
	}
	if len(hits) > 0 {
		return s.succeed(ctx, tx, run, hits, actor(officer))
	}
	if err := s.funded(ctx, tx, run, batches); err != nil {
		return none, err
	}
	if err := decide(ctx, tx, run, officer, approval.Releaser, approval.Approved, v); err != nil {
		return none, err
	}
	run.ReleasedOn = today
	if today.After(run.HandoverDue) {
		run.LateReason = v.Reason
	}
	if run, err = tx.MoveRun(ctx, run, Released, actor(officer), v.Reason); err != nil {
		return none, err
	}
	if batches, err = tx.SendBatches(ctx, run, actor(officer)); err != nil {
		return none, err
	}
	funded := Case{Kind: caseFundsShort, Subject: runSubject(run.ID), Bank: "", Text: "released in full"}
	if err := tx.ClosePayCase(ctx, run.Area, funded, actor(officer)); err != nil {
		return none, err
	}
	return ReleaseResult{Run: run, Batches: batches}, nil //nolint:exhaustruct // nothing was hit
}

// mayRelease proves duty, person, state, digest and time, before anything is
// looked at. That the releaser is a third person the database decides again.
func (s *Service) mayRelease(ctx context.Context, tx RunTx, by approval.Officer, run Run, v Verdict) error {
	if !by.Has(approval.Releaser, approval.AgencyFinance) {
		return approval.ErrDuty.With("pay runs are released by a releaser of the agency's finance office")
	}
	if !run.State.CanBecome(Released) {
		return refusedState(run)
	}
	if v.Digest != run.Digest {
		return approval.ErrDigest
	}
	said, err := tx.Decisions(ctx, run.Area, run.ID)
	if err != nil {
		return err
	}
	spoke := func(d Decided) bool { return d.Person == by.Person }
	if by.Person == run.MakerPerson || slices.ContainsFunc(said, spoke) {
		return approval.ErrSamePerson
	}
	if s.today().After(run.HandoverDue) && v.Reason == "" {
		return ErrLate.With("the hand-over was due on %s; a late release needs a reason", run.HandoverDue)
	}
	return nil
}

// succeed withdraws a run that a screen hit, and freezes a successor of its other
// rows for the same maker. No row and no amount is added.
func (s *Service) succeed(ctx context.Context, tx Tx, run Run, hits []Hit, by string) (ReleaseResult, error) {
	none := ReleaseResult{} //nolint:exhaustruct // none
	because := fmt.Sprintf("%d payments were hit by a screen at the release", len(hits))
	withdrawn, err := tx.MoveRun(ctx, run, Withdrawn, by, because)
	if err != nil {
		return none, err
	}
	out := ReleaseResult{Run: withdrawn, Batches: nil, Hits: hits, Successor: Submitted{}} //nolint:exhaustruct // below
	if len(hits) == run.Count {
		return out, nil
	}
	roster, err := tx.SuccessorRoster(ctx, withdrawn, Roster{ //nolint:exhaustruct // sums are filled in
		Area: run.Area, Scheme: run.Scheme, Month: run.Month, Kind: run.Kind, MadeBy: by, MadeOn: s.today(),
	})
	if err != nil {
		return none, err
	}
	next, err := tx.AddPayRun(ctx, Run{ //nolint:exhaustruct // the freeze fills in the rest
		Area: run.Area, Scheme: run.Scheme, Month: run.Month, Kind: run.Kind, Roster: roster.ID, Predecessor: run.ID,
		PayDay: run.PayDay, HandoverDue: run.HandoverDue, Maker: run.Maker, MakerPerson: run.MakerPerson,
		MadeOn: s.today(), State: Draft, Version: 1,
	})
	if err != nil {
		return none, err
	}
	partners, err := tx.PayPartners(ctx, run.Area, run.Scheme)
	if err != nil {
		return none, err
	}
	out.Successor.Run, out.Successor.Batches, err = s.freeze(ctx, tx, next, partners, by)
	return out, err
}

// funded proves that every expenditure account holds what the run takes from it,
// beside what earlier runs will still take. The accounts are locked by then, so that
// nothing else takes the money before the run is released.
func (s *Service) funded(ctx context.Context, tx ReleaseTx, run Run, batches []Batch) error {
	needs := make(map[int64]money.Amount)
	for _, b := range batches {
		needs[b.FundAccount] += b.Amount
	}
	today := s.today()
	for _, account := range slices.Sorted(maps.Keys(needs)) {
		held, err := tx.Balance(ctx, run.Area, account, today)
		if err != nil {
			return err
		}
		// What another machine booked just after midnight is not there to be taken either.
		later, err := tx.Balance(ctx, run.Area, account, today.AddDays(1))
		if err != nil {
			return err
		}
		committed, err := tx.Committed(ctx, run.Area, account)
		if err != nil {
			return err
		}
		if free := min(held, later) - committed; free < needs[account] {
			return ErrFundsShort.With("fund account %d holds %s free of earlier runs and pay run %d needs %s; "+
				"no part of it is released", account, free, run.ID, needs[account])
		}
	}
	return nil
}

// lockAccounts locks the expenditure accounts of batches, in rising order.
func lockAccounts(ctx context.Context, tx ReleaseTx, area party.Area, batches []Batch) error {
	ids := make(map[int64]bool)
	for _, b := range batches {
		ids[b.FundAccount] = true
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		if err := tx.LockFundAccount(ctx, area, id); err != nil {
			return err
		}
	}
	return nil
}

// AlarmFunds opens a case for every run whose hand-over is due and whose accounts
// do not hold its amount. It can be run at any time, by any number of processes.
func (s *Service) AlarmFunds(ctx context.Context) error {
	var due []Run
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		due, err = tx.OpenRunsDue(ctx, s.today())
		return err
	})
	if err != nil {
		return err
	}
	// One run's trouble stops no other.
	var errs []error
	for _, run := range due {
		err := s.store.InTx(ctx, func(tx Tx) error {
			batches, err := tx.RunBatches(ctx, run.Area, run.ID)
			if err != nil {
				return err
			}
			if err := lockAccounts(ctx, tx, run.Area, batches); err != nil {
				return err
			}
			short := s.funded(ctx, tx, run, batches)
			if !errors.Is(short, ErrFundsShort) {
				return short
			}
			return tx.OpenPayCase(ctx, run.Area, Case{
				Kind: caseFundsShort, Subject: runSubject(run.ID), Bank: "", Text: short.Error(),
			})
		})
		if err != nil {
			errs = append(errs, fmt.Errorf("funds of pay run %d: %w", run.ID, err))
		}
	}
	return errors.Join(errs...)
}

// Recall takes a batch back that its bank has not acknowledged: its payments are
// dead, and a later run may pay them. The answer's result is the Batch.
func (s *Service) Recall(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, id int64, reason string,
) (once.Answer, error) {
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		officer, err := tx.Standing(ctx, by.Login)
		if err != nil {
			return nil, err
		}
		if !officer.Has(approval.Releaser, approval.AgencyFinance) && mayMake(officer) != nil {
			return nil, approval.ErrDuty.With("a batch is recalled by the releaser or a maker of the business office")
		}
		b, err := tx.LockPayBatch(ctx, officer.Area, "", id)
		if err != nil {
			return nil, err
		}
		switch {
		case b.State == bank.BatchWithdrawn:
			return b, nil
		case !b.State.WithBank():
			return nil, bank.ErrBatchState.With("batch %s was not released", b.Number)
		case !b.State.CanBecome(bank.BatchWithdrawn) || b.Progress.LastAnswer != 0 || !b.HandedOverOn.IsZero():
			return nil, ErrPayBatchAcked
		}
		b, err = tx.MovePayBatch(ctx, b, bank.BatchWithdrawn, actor(officer), reason)
		if err != nil {
			return nil, err
		}
		return b, closeRun(ctx, tx, b, actor(officer))
	})
}

// closeRun closes the run of a batch once every batch of it has its last answer or
// was recalled. The caller holds the batch; two last batches at one moment meet at
// the run's row.
func closeRun(ctx context.Context, tx RunTx, b Batch, by string) error {
	run, err := tx.LockRun(ctx, b.Area, b.Run)
	if err != nil || run.State != Released {
		return err
	}
	batches, err := tx.RunBatches(ctx, b.Area, b.Run)
	if err != nil {
		return err
	}
	for _, b := range batches {
		if b.State != bank.BatchDone && b.State != bank.BatchWithdrawn {
			return nil
		}
	}
	_, err = tx.MoveRun(ctx, run, Closed, by, "every batch has its last answer or was recalled")
	return err
}

// Acknowledgement is a bank's word that it holds a batch whole.
type Acknowledgement struct {
	Count  int
	Amount money.Amount
	// Digest is the SHA-256 of the batch's file or of its items, in hex.
	Digest string
}

// Acknowledge takes a bank's word that it holds a batch whole. A bank that settles
// gross takes the lump with it. The answer's result is the Batch.
func (s *Service) Acknowledge(
	ctx context.Context, r once.Request, render once.Render, area party.Area, by bank.Caller, id int64,
	a Acknowledgement,
) (once.Answer, error) {
	var recalled Batch
	answer, err := s.booked(func() (once.Answer, error) {
		return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
			b, err := tx.LockPayBatch(ctx, area, by.Code, id)
			if err != nil {
				return nil, err
			}
			if recalled = b; !b.State.WithBank() {
				return nil, refusedBatch(b)
			}
			return s.acknowledge(ctx, tx, b, by, a)
		})
	})
	if errors.Is(err, bank.ErrBatchState) && recalled.State == bank.BatchWithdrawn {
		return answer, s.keepRecalled(ctx, recalled, err)
	}
	return answer, err
}

func (s *Service) acknowledge(
	ctx context.Context, tx ReleaseTx, b Batch, by bank.Caller, a Acknowledgement,
) (Batch, error) {
	sameDigest := a.Digest == hex.EncodeToString(b.Digest[:]) || a.Digest == hex.EncodeToString(b.FileDigest[:])
	if a.Count != b.Count || a.Amount != b.Amount || !sameDigest {
		return b, ErrPayAcknowledgement
	}
	b, err := s.handOver(ctx, tx, b, "bank:"+by.Code)
	if err != nil || !b.State.CanBecome(bank.BatchAcked) {
		return b, err
	}
	return tx.MovePayBatch(ctx, b, bank.BatchAcked, "bank:"+by.Code, "acknowledged count, amount and digest")
}

// handOver books that a bank which settles gross took the lump, once: with its
// acknowledgement, or with its first answer where that comes first. Nothing is
// booked for the others, which are debited as they pay.
func (s *Service) handOver(ctx context.Context, tx ReleaseTx, b Batch, by string) (Batch, error) {
	if b.Settlement != SettlesGross || !b.HandedOverOn.IsZero() {
		return b, nil
	}
	today := s.today()
	if err := tx.LockFundAccount(ctx, b.Area, b.FundAccount); err != nil {
		return b, err
	}
	line := ledger.Posting{
		Side: ledger.Debit, Role: ledger.InTransit, Nature: ledger.Direct, Red: false, Amount: b.Amount, FundAccount: 0,
		Batch: b.ID, Cause: 0, Member: 0, Year: 0,
	}
	out := line
	out.Side, out.Role, out.FundAccount = ledger.Credit, ledger.Expenditure, b.FundAccount
	_, err := tx.Book(ctx, by, ledger.Entry{
		Area: b.Area, Scheme: b.Scheme, Kind: ledger.PaymentHandover, Reverses: 0, AccountedOn: today,
		EffectiveOn: today, Cause: fmt.Sprintf("payment_batch:%d:handover", b.ID),
		Text: "pensions handed to the bank, batch " + b.Number, Postings: []ledger.Posting{line, out},
	})
	if err != nil {
		return b, err
	}
	b.HandedOverOn = today
	return b, tx.MarkHandedOver(ctx, b, today)
}

// refusedBatch is the refusal of an acknowledgement or answer for a batch that the
// bank does not have.
func refusedBatch(b Batch) error {
	if b.State == bank.BatchWithdrawn {
		return bank.ErrBatchState.With("batch %s was recalled: nothing of it may be paid", b.Number)
	}
	return bank.ErrBatchState.With("batch %s was not released", b.Number)
}

// keepRecalled opens a case for a bank's word about a batch that was recalled.
func (s *Service) keepRecalled(ctx context.Context, b Batch, refusal error) error {
	return s.keepCase(ctx, b.Area, Case{
		Kind: "recalled_batch_answered", Subject: fmt.Sprintf("payment_batch:%d", b.ID), Bank: b.Bank,
		Text: "the bank answered a batch after its recall; find out whether it paid anything",
	}, refusal)
}

package disbursement

import (
	"context"
	"errors"
	"fmt"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/party"
)

const actorJob = "job"

// WatchAnswers looks once a business day at what banks owe an answer for. A
// payment that no bank has answered, the area's working days after its pay day or
// its later release, is asked about, and its batch is unknown until an answer or
// other evidence comes: nothing is ever sent again. Returns that wait too long are
// cases, and so are months of which somebody was decided a pension too late for their
// run. It may run any number of times a day and on several processes.
func (s *Service) WatchAnswers(ctx context.Context, today calendar.Day) error {
	var areas []party.Area
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		areas, err = tx.Areas(ctx)
		return err
	})
	if err != nil {
		return err
	}
	// One area's trouble stops no other.
	var errs []error
	for _, area := range areas {
		for _, look := range []func(context.Context, Tx, party.Area, calendar.Day) error{
			s.askSilent, s.askReturns, askUnpaid,
		} {
			err := s.store.InTx(ctx, func(tx Tx) error { return look(ctx, tx, area, today) })
			if err != nil {
				errs = append(errs, fmt.Errorf("daily look at the payments of area %s: %w", area, err))
			}
		}
	}
	return errors.Join(errs...)
}

// askSilent asks about the payments of batches that a bank is silent about.
func (s *Service) askSilent(ctx context.Context, tx Tx, area party.Area, today calendar.Day) error {
	limit, err := s.limit(ctx, tx, area, today)
	if err != nil {
		return err
	}
	batches, err := tx.SilentPayBatches(ctx, area, limit)
	if err != nil {
		return err
	}
	for _, b := range batches {
		if _, err := tx.QueryPayments(ctx, b, today); err != nil {
			return err
		}
		if b.State.CanBecome(bank.BatchUnknown) {
			evidence := fmt.Sprintf("%d payments without an answer on %s", b.Progress.Open, today)
			if b, err = tx.MovePayBatch(ctx, b, bank.BatchUnknown, actorJob, evidence); err != nil {
				return err
			}
		}
		if err := tx.OpenPayCase(ctx, area, SilentCase(b)); err != nil {
			return err
		}
	}
	return nil
}

// SilentCase asks about a batch whose bank says nothing; its last answer ends it.
func SilentCase(b Batch) Case {
	return Case{
		Kind: "bank_silent", Subject: fmt.Sprintf("payment_batch:%d", b.ID), Bank: b.Bank,
		Text: fmt.Sprintf("batch %s has %d payments without an answer; ask the bank, send nothing again",
			b.Number, b.Progress.Open),
	}
}

// askReturns opens cases for returns that wait too long: for their payment to be
// known as long as for any answer; in suspense until the end of the month that
// follows, whose run should have paid them again.
func (s *Service) askReturns(ctx context.Context, tx Tx, area party.Area, today calendar.Day) error {
	limit, err := s.limit(ctx, tx, area, today)
	if err != nil {
		return err
	}
	return tx.AgedReturns(ctx, area, limit, today.Month().Add(-1))
}

// askUnpaid opens cases for months of awards that came after the month's run. Everybody else
// of a month is named by its run: the proof of it lists who is not in place, and why.
func askUnpaid(ctx context.Context, tx Tx, area party.Area, today calendar.Day) error {
	return tx.UnpaidMonths(ctx, area, today)
}

// limit is the last day whose payments should be answered by now.
func (s *Service) limit(ctx context.Context, tx Tx, area party.Area, today calendar.Day) (calendar.Day, error) {
	n, err := tx.SuspenseDays(ctx, area, today)
	if err != nil {
		return calendar.Day{}, err
	}
	return s.days.Add(today, -n)
}

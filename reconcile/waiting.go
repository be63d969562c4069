package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"twoline/gateway/bank"
	"twoline/gateway/party"
)

// ErrNotWaiting says that a file does not wait for earlier days, or not any more: officers
// decide about it, or it was taken in.
var ErrNotWaiting = errors.New("the statement waits for no earlier days")

// takeWaiting takes in what waited for the days of a statement that was taken in, in
// the order of the days. What does not fit stays where it is, with the reason of now. A
// file that cannot be taken in for another cause is tried again by whoever tries again.
func (s *Service) takeWaiting(ctx context.Context, area party.Area, receipt int64) error {
	var file bank.Receipt
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		file, err = tx.Receipt(ctx, area, receipt)
		return err
	})
	if err != nil || file.State != bank.Processed {
		return err
	}
	a := Account{Area: file.Area, ID: file.Subject}
	// What was left may follow one of a later day, where that reaches further back.
	for {
		again, err := s.passWaiting(ctx, a)
		if !again || ctx.Err() != nil {
			return err
		}
	}
}

// passWaiting tries each waiting file once, says whether one was taken in after
// another had been left, and returns what went wrong with all of them.
func (s *Service) passWaiting(ctx context.Context, a Account) (again bool, trouble error) {
	var left bool
	for tried := int64(0); ; {
		err := s.store.Read(ctx, func(tx Tx) (err error) {
			tried, err = tx.WaitingStatement(ctx, a, tried)
			return err
		})
		if err != nil || tried == 0 || ctx.Err() != nil {
			return again, errors.Join(trouble, err)
		}
		taken, err := s.takeAside(ctx, a, tried)
		trouble = errors.Join(trouble, err)
		again = again || taken && left
		left = left || !taken
	}
}

// takeAside takes in a file that was set aside, as if it were received now.
func (s *Service) takeAside(ctx context.Context, a Account, receipt int64) (taken bool, err error) {
	var aside bank.Receipt
	err = s.store.InTx(ctx, func(tx Tx) error {
		if err := tx.LockReconciliation(ctx, a); err != nil {
			return err
		}
		var err error
		if aside, err = tx.ResumeStatement(ctx, a, receipt); err != nil {
			return err
		}
		file := aside
		file.State, file.Code, file.Text = bank.Received, "", ""
		return s.takeIn(ctx, tx, file)
	})
	what := []any{
		slog.Int("area", int(a.Area)), slog.Int64("fund_account", a.ID), slog.Int64("receipt", receipt),
		slog.String("day", aside.Part),
	}
	var refusal *refused
	switch {
	case errors.Is(err, ErrNotWaiting):
		return false, nil
	case err == nil:
		s.log.InfoContext(ctx, "took in a statement that waited for earlier days", what...)
		return true, nil
	case !errors.As(err, &refusal):
		return false, fmt.Errorf("take in statement %d, which waited: %w", receipt, err)
	}
	code, text := refusal.reason()
	if code == aside.Code && text == aside.Text {
		return false, nil
	}
	err = s.store.InTx(ctx, func(tx Tx) error { return tx.RestateStatement(ctx, a, receipt, code, text) })
	if err != nil {
		return false, fmt.Errorf("say why statement %d stays aside: %w", receipt, err)
	}
	s.log.InfoContext(ctx, "a statement that waited for earlier days does not follow them",
		append(what, slog.String("code", code))...)
	return false, nil
}

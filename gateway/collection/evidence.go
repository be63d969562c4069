package collection

import (
	"context"
	"fmt"

	"twoline/gateway/bank"
	"twoline/gateway/party"
)

// TakeInEvidence takes in what two officers decided about a debit whose bank is
// silent, as an answer of the bank: a success is posted when its money arrived, a
// failure's due is taken up by the next run. It may be run again after a crash.
func (s *Service) TakeInEvidence(ctx context.Context, area party.Area, receipt int64) error {
	err := s.store.InTx(ctx, func(tx Tx) error {
		head, err := tx.Receipt(ctx, area, receipt)
		if err != nil || head.State != bank.Received {
			return err
		}
		b, err := tx.LockBatch(ctx, head.Area, head.Bank, head.Subject)
		if err != nil {
			return err
		}
		line, err := tx.Evidence(ctx, head)
		if err != nil {
			return err
		}
		taken, err := s.takeChunk(ctx, tx, b, head.ID, []Result{line}, head.ReceivedBy)
		if err != nil {
			return err
		}
		if err := tx.CloseReceipt(ctx, head.Area, head.ID, taken.Counts); err != nil {
			return err
		}
		_, err = s.settleBatch(ctx, tx, taken.Batch, head.ReceivedBy)
		return err
	})
	if err != nil {
		return fmt.Errorf("take in evidence %d: %w", receipt, err)
	}
	return nil
}

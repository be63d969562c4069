package disbursement

import (
	"context"
	"fmt"

	"twoline/gateway/bank"
	"twoline/gateway/party"
)

// TakeInEvidence takes in what two officers decided about a payment whose bank is
// silent, as an answer of the bank: a success is booked with it, a failure may be
// paid again. It may be run again after a crash.
func (s *Service) TakeInEvidence(ctx context.Context, area party.Area, receipt int64) error {
	err := s.store.InTx(ctx, func(tx Tx) error {
		head, err := tx.Receipt(ctx, area, receipt)
		if err != nil || head.State != bank.Received {
			return err
		}
		b, err := tx.LockPayBatch(ctx, head.Area, head.Bank, head.Subject)
		if err != nil {
			return err
		}
		line, err := tx.Evidence(ctx, head)
		if err != nil {
			return err
		}
		taken, err := s.takeChunk(ctx, tx, b, head.ID, []bank.Answer{line}, head.ReceivedBy)
		if err != nil {
			return err
		}
		return tx.CloseReceipt(ctx, head.Area, head.ID, taken.Counts)
	})
	if err != nil {
		return fmt.Errorf("take in evidence %d: %w", receipt, err)
	}
	return nil
}

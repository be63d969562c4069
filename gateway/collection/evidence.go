package collection

import (
	"context"

	"twoline/gateway/bank"
	"twoline/gateway/party"
)

// TakeInEvidence takes in what two officers decided about a debit whose bank is
// silent, as an answer of the bank: a success is posted when its money arrived, a
// failure's due is taken up by the next run. It may be run again after a crash.
func (s *Service) TakeInEvidence(ctx context.Context, area party.Area, receipt int64) error {
	take := func(tx Tx, head bank.Receipt, line Result) (bank.Counts, error) {
		b, err := tx.LockBatch(ctx, head.Area, head.Bank, head.Subject)
		if err != nil {
			return bank.Counts{}, err //nolint:exhaustruct // none
		}
		taken, err := s.takeChunk(ctx, tx, b, head.ID, []Result{line}, head.ReceivedBy)
		if err != nil {
			return taken.Counts, err
		}
		_, err = s.settleBatch(ctx, tx, taken.Batch, head.ReceivedBy)
		return taken.Counts, err
	}
	return bank.TakeInEvidence(ctx, s.store.InTx, area, receipt, take)
}

package disbursement

import (
	"context"

	"twoline/gateway/bank"
	"twoline/gateway/party"
)

// TakeInEvidence takes in what two officers decided about a payment whose bank is
// silent, as an answer of the bank: a success is booked with it, a failure may be
// paid again. It may be run again after a crash.
func (s *Service) TakeInEvidence(ctx context.Context, area party.Area, receipt int64) error {
	take := func(tx Tx, head bank.Receipt, line bank.Answer) (bank.Counts, error) {
		b, err := tx.LockPayBatch(ctx, head.Area, head.Bank, head.Subject)
		if err != nil {
			return bank.Counts{}, err //nolint:exhaustruct // none
		}
		taken, err := s.takeChunk(ctx, tx, b, head.ID, []bank.Answer{line}, head.ReceivedBy)
		return taken.Counts, err
	}
	return bank.TakeInEvidence(ctx, s.store.InTx, area, receipt, take)
}

package bank

import (
	"context"
	"fmt"

	"twoline/gateway/party"
)

// EvidenceTx is what evidence in place of an answer needs of a transaction.
type EvidenceTx interface {
	// Receipt returns one by id, or fault.NotFound.
	Receipt(ctx context.Context, area party.Area, id int64) (Receipt, error)
	// Evidence returns what officers decided, as the line of an answer.
	Evidence(ctx context.Context, head Receipt) (Answer, error)
	// CloseReceipt marks a receipt as processed.
	CloseReceipt(ctx context.Context, area party.Area, id int64, c Counts) error
}

// TakeInEvidence takes in what two officers decided about an item whose bank is
// silent, as an answer of the bank: take gives the line to the item's batch, in the
// transaction that closes the receipt. It may be run again after a crash: a receipt
// that was taken in stays as it is.
func TakeInEvidence[T EvidenceTx](
	ctx context.Context, inTx func(context.Context, func(T) error) error, area party.Area, receipt int64,
	take func(tx T, head Receipt, line Answer) (Counts, error),
) error {
	err := inTx(ctx, func(tx T) error {
		head, err := tx.Receipt(ctx, area, receipt)
		if err != nil || head.State != Received {
			return err
		}
		line, err := tx.Evidence(ctx, head)
		if err != nil {
			return err
		}
		counts, err := take(tx, head, line)
		if err != nil {
			return err
		}
		return tx.CloseReceipt(ctx, head.Area, head.ID, counts)
	})
	if err != nil {
		return fmt.Errorf("take in evidence %d: %w", receipt, err)
	}
	return nil
}

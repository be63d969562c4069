package disbursement

import (
	"context"

	"twoline/gateway/once"
)

// Tx is everything that disbursement asks of a transaction.
type Tx interface {
	once.Tx
	RunTx
	ResultTx
	MonthTx
	DueTx
}

// Store runs transactions and answers queries.
type Store interface {
	InTx(ctx context.Context, fn func(Tx) error) error
	// Read runs fn in one read-only snapshot.
	Read(ctx context.Context, fn func(Tx) error) error
	RunStore
	ResultStore
}

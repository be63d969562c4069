package bank

import (
	"fmt"
	"slices"

	"twoline/gateway/fault"
)

// BatchState is where a batch of instructions stands between us and a bank.
//
//	READY ─► EXPORTED ─► SENDING ─► SENT ─► ACKED ─► DONE
//	                        │         │        │
//	                        └─────────┴────────┴──► UNKNOWN ─► ACKED, DONE (on evidence only)
//	  └─────────┴───────────┴─────────┴──► WITHDRAWN (recalled before the bank acknowledged it; payments only)
//	                                        WITHDRAWN ─► UNKNOWN (the recall came too late: two people proved it)
//
// A batch that the bank fetches is SENDING from the commit that made it: from
// then on the bank may have it. One that goes out by folder is SENT when its file
// stands there, whole and durable.
type BatchState string

// The states of a batch.
const (
	BatchReady    BatchState = "ready"
	BatchExported BatchState = "exported"
	BatchSending  BatchState = "sending"
	BatchSent     BatchState = "sent"
	BatchAcked    BatchState = "acked"
	BatchDone     BatchState = "done"
	BatchUnknown  BatchState = "unknown"
	// BatchWithdrawn is a payment batch that was recalled: its items are dead, unless it
	// turns out that the bank executed it all the same.
	BatchWithdrawn BatchState = "withdrawn"
)

// Numbers are what a batch is called in its file and in what answers it. They are
// taken in the transaction that freezes the batch, from counters that commit with
// it: a freeze that was cut off and is made again takes the same numbers, and so
// gives the same bytes.
type Numbers struct {
	// ID is the batch's id. Those of its items follow it in their order. An id begins
	// with its area, and belongs to one batch or item of any direction.
	ID int64
	// Serial is the batch's number at its bank in the area, from 1 on.
	Serial int64
}

// Item returns the id of the item at a place from 1 on.
func (n Numbers) Item(seq int) int64 { return n.ID + int64(seq) }

// Number returns the batch's number as it stands in files.
func (n Numbers) Number() string { return fmt.Sprintf("%08d", n.Serial) }

// String returns the name that the API uses.
func (s BatchState) String() string { return string(s) }

// CanBecome lists every legal step of a batch.
func (s BatchState) CanBecome(next BatchState) bool {
	switch s {
	case BatchReady:
		return slices.Contains([]BatchState{BatchExported, BatchSending, BatchWithdrawn}, next)
	case BatchExported:
		return slices.Contains([]BatchState{BatchSending, BatchWithdrawn}, next)
	case BatchSending:
		return slices.Contains([]BatchState{BatchSent, BatchAcked, BatchDone, BatchUnknown, BatchWithdrawn}, next)
	case BatchSent:
		return slices.Contains([]BatchState{BatchAcked, BatchDone, BatchUnknown, BatchWithdrawn}, next)
	case BatchAcked:
		return slices.Contains([]BatchState{BatchDone, BatchUnknown}, next)
	case BatchUnknown:
		return slices.Contains([]BatchState{BatchAcked, BatchDone}, next)
	case BatchWithdrawn:
		return next == BatchUnknown
	case BatchDone:
		return false
	}
	return false
}

// WithBank says that the bank may have the batch: results are taken.
func (s BatchState) WithBank() bool {
	switch s {
	case BatchSending, BatchSent, BatchAcked, BatchDone, BatchUnknown:
		return true
	case BatchReady, BatchExported, BatchWithdrawn:
		return false
	}
	return false
}

// ErrNoForm is a bank whose files no rule of ours describes.
var ErrNoForm = fault.New(fault.Unprocessable, "format_unknown", "no profile describes the bank's format")

// ErrWithheld is the refusal to hand a bank a batch of which it is settled that an
// item was not executed, and may be sent again in another batch.
var ErrWithheld = fault.New(fault.Conflict, "batch_withheld",
	"an item of the batch was settled as not executed: the batch is not handed out any more")

// ErrBatchState is the refusal of a step that the batch's state does not allow.
var ErrBatchState = fault.New(fault.Conflict, "batch_state", "the batch's state does not allow this")

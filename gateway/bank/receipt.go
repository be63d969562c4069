package bank

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

// ReceiptKind is what a file or a long request holds.
type ReceiptKind string

// The kinds of receipt.
const (
	ReceiptResults           ReceiptKind = "results"
	ReceiptResultFile        ReceiptKind = "result_file"
	ReceiptPaymentResults    ReceiptKind = "payment_results"
	ReceiptPaymentResultFile ReceiptKind = "payment_result_file"
	ReceiptStatement         ReceiptKind = "statement"
	ReceiptOpeningResult     ReceiptKind = "account_opening_result"
	ReceiptReturns           ReceiptKind = "returns"
	ReceiptImport            ReceiptKind = "import"
	// ReceiptEvidence and ReceiptPaymentEvidence are one line that two officers answer
	// for, in place of a bank that is silent; there is no file.
	ReceiptEvidence        ReceiptKind = "evidence"
	ReceiptPaymentEvidence ReceiptKind = "payment_evidence"
)

// IsRequest says that it came as one request, which its Idempotency-Key tells from
// all others, and is taken in with it.
func (k ReceiptKind) IsRequest() bool {
	return k == ReceiptResults || k == ReceiptPaymentResults || k == ReceiptReturns
}

// ReceiptState is what became of it.
//
//	RECEIVING ─► RECEIVED ─► PROCESSED
//	    │          │ ▲
//	    │          ▼ └ two officers accept it
//	    │        QUARANTINED   (contradicts itself; nothing of it is booked)
//	    ├─► DUPLICATE    (same content as an earlier one, under whatever name)
//	    └─► QUARANTINED  (other content under a known name, or a digest that does not agree)
type ReceiptState string

// The states of a receipt.
const (
	Receiving   ReceiptState = "receiving"
	Received    ReceiptState = "received"
	Processed   ReceiptState = "processed"
	Quarantined ReceiptState = "quarantined"
	Duplicate   ReceiptState = "duplicate"
)

// Counts is what became of the lines of a receipt.
type Counts struct {
	Rows, Recorded, Repeated, Pending, Refused int
	// Amount is the sum of the recorded successes.
	Amount money.Amount
}

// Receipt is one file or long request of a bank, kept as received.
type Receipt struct {
	Area party.Area
	ID   int64
	Bank string
	Kind ReceiptKind
	// Subject is the id of the batch, account opening or fund account it answers.
	Subject int64
	// Name is the sender's file name: data, never a path.
	Name string
	// Part tells files of one answer apart: "S" and "F", or a statement's date.
	Part string
	// Count and Amount are the totals that travel beside the file; nil is not given.
	Count  *int
	Amount *money.Amount

	Digest      [sha256.Size]byte
	Size        int64
	State       ReceiptState
	DuplicateOf int64
	Counts      Counts
	// Accepted is the decision by which officers accepted a receipt that was set
	// aside, or 0: its name and its totals prove nothing then.
	Accepted int64
	// Code and Text say why a receipt was quarantined.
	Code, Text  string
	ReceivedBy  string
	ReceivedAt  time.Time
	ProcessedAt time.Time
}

// ReceiptArrived is the job that takes a received file in.
type ReceiptArrived struct {
	Area    party.Area  `json:"area"`
	Receipt int64       `json:"receipt" river:"unique"`
	What    ReceiptKind `json:"what"`
}

// Kind names the job.
func (ReceiptArrived) Kind() string { return "receipt_arrived" }

// WaitsOnce says that one waiting job of a receipt is enough.
func (ReceiptArrived) WaitsOnce() {}

// ReceiptTx is what the intake of files needs of a transaction.
type ReceiptTx interface {
	once.Tx
	// BeginReceipt writes the receipt in state receiving and returns its id.
	BeginReceipt(ctx context.Context, r Receipt) (int64, error)
	// AddReceiptPart appends bytes, parts numbered from 1.
	AddReceiptPart(ctx context.Context, area party.Area, receipt int64, part int, bytes []byte) error
	// FinishReceipt decides between received, duplicate and quarantined, by the
	// digests and names known before, and returns the receipt as it now stands.
	FinishReceipt(ctx context.Context, r Receipt) (Receipt, error)
	// QuarantineReceipt sets a receipt aside with a reason and opens a case.
	QuarantineReceipt(ctx context.Context, r Receipt, code, text string) error
	// Receipt returns one by id, or fault.NotFound.
	Receipt(ctx context.Context, area party.Area, id int64) (Receipt, error)
	// ReceiptPart returns the bytes of one part, or nil after the last.
	ReceiptPart(ctx context.Context, area party.Area, id int64, part int) ([]byte, error)
	Enqueue(ctx context.Context, jobs ...any) error
}

// ReceiptStore runs transactions.
type ReceiptStore interface {
	InTx(ctx context.Context, fn func(ReceiptTx) error) error
	Read(ctx context.Context, fn func(ReceiptTx) error) error
}

// Intake stores files as they come, in parts, before anything of them is read.
// It is safe for concurrent use; its memory is one part, whatever the file's size.
type Intake struct {
	store ReceiptStore
	limit int64
}

// NewIntake takes files of at most limit bytes.
func NewIntake(store ReceiptStore, limit int64) *Intake { return &Intake{store: store, limit: limit} }

const partSize = 1 << 20

// ErrFileTooLarge and ErrReceiptUnknown are refusals of the intake.
var (
	ErrFileTooLarge   = fault.New(fault.TooLarge, "file_too_large", "the file is larger than this address takes")
	ErrReceiptUnknown = fault.New(fault.NotFound, "receipt_not_found", "no such receipt")
)

// Receive stores body and answers with the receipt. verify is given the SHA-256
// of all bytes; its error sets the file aside and is returned. The same request
// again stores the bytes once more and is answered as before.
func (in *Intake) Receive(
	ctx context.Context, r once.Request, render once.Render, head Receipt, body io.Reader,
	verify func(sum [sha256.Size]byte) error,
) (once.Answer, error) {
	none := once.Answer{} //nolint:exhaustruct // no answer
	err := in.store.InTx(ctx, func(tx ReceiptTx) (err error) {
		head.ID, err = tx.BeginReceipt(ctx, head)
		return err
	})
	if err != nil {
		return none, err
	}
	head.Digest, head.Size, err = in.storeParts(ctx, head, body)
	if err == nil {
		err = verify(head.Digest)
	}
	if err != nil {
		aside := in.store.InTx(context.WithoutCancel(ctx), func(tx ReceiptTx) error {
			return tx.QuarantineReceipt(ctx, head, fault.CodeOf(err), "the upload did not arrive whole")
		})
		return none, errors.Join(err, aside)
	}
	return once.Do(ctx, in.store.InTx, r, render, func(tx ReceiptTx) (any, error) {
		done, err := tx.FinishReceipt(ctx, head)
		if err != nil || done.State != Received {
			return done, err
		}
		return done, tx.Enqueue(ctx, ReceiptArrived{Area: done.Area, Receipt: done.ID, What: done.Kind})
	})
}

func (in *Intake) storeParts(ctx context.Context, head Receipt, body io.Reader) ([sha256.Size]byte, int64, error) {
	var sum [sha256.Size]byte
	hash := sha256.New()
	buf := make([]byte, partSize)
	var size int64
	for part := 1; ; part++ {
		n, err := io.ReadFull(body, buf)
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return sum, size, fmt.Errorf("read upload of receipt %d: %w", head.ID, err)
		}
		size += int64(n)
		if size > in.limit {
			return sum, size, ErrFileTooLarge
		}
		if n > 0 {
			hash.Write(buf[:n])
			err := in.store.InTx(ctx, func(tx ReceiptTx) error {
				return tx.AddReceiptPart(ctx, head.Area, head.ID, part, buf[:n])
			})
			if err != nil {
				return sum, size, err
			}
		}
		if last {
			hash.Sum(sum[:0])
			return sum, size, nil
		}
	}
}

// ContentError says that a stored file could be read and what it says is wrong:
// taking it in again would end the same way.
type ContentError struct{ Cause error }

// Error returns the cause's text.
func (e *ContentError) Error() string { return e.Cause.Error() }

// Unwrap returns the cause.
func (e *ContentError) Unwrap() error { return e.Cause }

// Decode gives a stored file to fn as a stream. An error of fn while storage
// answered is a ContentError; an error of storage is returned as it is, and
// trying again is right. Each part is read in a short transaction of its own,
// so fn may be slow.
func (in *Intake) Decode(ctx context.Context, area party.Area, receipt int64, fn func(io.Reader) error) error {
	p := &partReader{ctx: ctx, in: in, area: area, receipt: receipt, part: 0, rest: nil, last: false, end: 0, err: nil}
	err := fn(p)
	if p.err != nil {
		return p.err
	}
	if err != nil {
		return &ContentError{Cause: err}
	}
	return nil
}

type partReader struct {
	ctx     context.Context //nolint:containedctx // io.Reader has no room for it
	in      *Intake
	area    party.Area
	receipt int64
	part    int
	rest    []byte
	// last says that the current part is short, end where it ends.
	last bool
	end  int64
	err  error
}

// ErrSeek is a place that a stored file cannot be read from.
var ErrSeek = errors.New("a stored file is read from its start or from a known place")

// Seek implements io.Seeker from the start and from the current place; codecs
// that read twice begin again with it. All parts but the last are of one size.
func (p *partReader) Seek(offset int64, whence int) (int64, error) {
	at := int64(p.part)*partSize - int64(len(p.rest))
	if p.part == 0 {
		at = 0
	}
	if p.last {
		at = p.end - int64(len(p.rest))
	}
	switch whence {
	case io.SeekStart:
		at = offset
	case io.SeekCurrent:
		if offset == 0 {
			return at, nil
		}
		at += offset
	default:
		return 0, ErrSeek
	}
	if at < 0 {
		return 0, ErrSeek
	}
	p.part, p.rest, p.last = int(at/partSize), nil, false
	if skip := at % partSize; skip > 0 {
		if err := p.next(); err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		p.rest = p.rest[min(skip, int64(len(p.rest))):]
	}
	return at, nil
}

func (p *partReader) Read(b []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	for len(p.rest) == 0 {
		if err := p.next(); err != nil {
			return 0, err
		}
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// next loads the part after the current one, or returns io.EOF.
func (p *partReader) next() error {
	var rest []byte
	err := p.in.store.Read(p.ctx, func(tx ReceiptTx) (err error) {
		rest, err = tx.ReceiptPart(p.ctx, p.area, p.receipt, p.part+1)
		return err
	})
	if err != nil {
		p.err = err
		return err
	}
	if rest == nil {
		return io.EOF
	}
	p.part++
	p.rest, p.last = rest, len(rest) < partSize
	p.end = int64(p.part-1)*partSize + int64(len(rest))
	return nil
}

// Find returns a receipt to the bank that sent it; another's is not found. An
// empty bank stands for an officer of the area.
func (in *Intake) Find(ctx context.Context, area party.Area, bank string, id int64) (Receipt, error) {
	var out Receipt
	err := in.store.Read(ctx, func(tx ReceiptTx) (err error) {
		out, err = tx.Receipt(ctx, area, id)
		return err
	})
	if err != nil {
		return Receipt{}, err //nolint:exhaustruct // none
	}
	if bank != "" && out.Bank != bank {
		return Receipt{}, ErrReceiptUnknown //nolint:exhaustruct // none
	}
	return out, nil
}

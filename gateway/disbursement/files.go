package disbursement

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"io"

	"twoline/gateway/bank"
)

// Partner is what disbursement needs to know of a bank in an area.
type Partner struct {
	Code     string
	BankNo   string
	Format   string
	Charset  string
	RowLimit int
	// FundAccount is the expenditure account that its payments leave, AccountNo its
	// number and Settlement how the bank books a batch there: net, gross, itemised.
	FundAccount int64
	AccountNo   string
	Settlement  string
}

// FileWriter writes a batch in a bank's own format; the same batch gives the
// same bytes at any time.
type FileWriter interface {
	// CheckPayment says why the bank's file cannot carry a payee, or nil; it is
	// bank.ErrNoForm where nothing is known of the bank's files.
	CheckPayment(p Partner, payee Payee) error
	// PaymentRows is how many rows the bank's files hold, or 0 where they set no limit.
	PaymentRows(p Partner) int
	// WritePayment writes all items of the batch to w, items by items.
	WritePayment(w io.Writer, p Partner, b Batch, items func(yield func(Item) error) error) error
	// PaymentFileName names the file.
	PaymentFileName(p Partner, b Batch) string
}

// FileReader reads a bank's result file into records.
type FileReader interface {
	ReadPaymentResults(ctx context.Context, p Partner, r bank.Receipt, body io.Reader, emit bank.Emit) error
}

// digest is a SHA-256 over fields, each with its length or of fixed size, so that
// no two contents give the same bytes.
type digest struct{ h hash.Hash }

func newDigest(subject string) digest {
	d := digest{h: sha256.New()}
	d.text(subject)
	return d
}

func (d digest) text(s string) {
	d.number(int64(len(s)))
	d.h.Write([]byte(s))
}

func (d digest) number(n int64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n)) //nolint:gosec // bit pattern
	d.h.Write(b[:])
}

func (d digest) sum() (sum [sha256.Size]byte) {
	d.h.Sum(sum[:0])
	return sum
}

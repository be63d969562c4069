package bank_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"testing"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/bank"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

// A stored file reads like a file: from any place, as often as a codec likes.
func TestAStoredFileIsReadFromAnyPlace(t *testing.T) {
	t.Parallel()
	db, _ := pgtest.Open(t)
	db.UseJobs(nowhere{})
	intake := bank.NewIntake(db.Receipts(), 1<<30)
	content := make([]byte, 2<<20+12_345)
	for i := range content {
		content[i] = byte(i*7 + i>>11)
	}
	var receipt bank.Receipt
	_, err := intake.Receive(context.Background(), once.Request{ //nolint:exhaustruct // any fingerprint
		Caller: "bank:psbc", Route: "PUT file", Key: "key-00000001",
	}, func(v any) (once.Answer, error) {
		receipt, _ = v.(bank.Receipt)
		return once.Answer{Status: 202, ContentType: "application/json", Body: []byte("{}"), Replayed: false}, nil
	}, bank.Receipt{ //nolint:exhaustruct // what an upload says of itself
		Area: party.Area(610304), Bank: "psbc", Kind: bank.ReceiptStatement, Name: "large.xml", ReceivedBy: "bank:psbc",
	}, bytes.NewReader(content), func([sha256.Size]byte) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if receipt.Digest != sha256.Sum256(content) || receipt.Size != int64(len(content)) {
		t.Fatalf("stored %d bytes with another digest", receipt.Size)
	}
	rapid.Check(t, func(r *rapid.T) {
		err := intake.Decode(context.Background(), receipt.Area, receipt.ID, func(body io.Reader) error {
			seeker, ok := body.(io.ReadSeeker)
			if !ok {
				r.Fatal("a stored file cannot be read twice")
			}
			for range rapid.IntRange(1, 4).Draw(r, "moves") {
				at := rapid.OneOf(rapid.IntRange(0, len(content)), rapid.SampledFrom([]int{0, 1 << 20, 2 << 20, len(content)})).
					Draw(r, "at")
				if got, err := seeker.Seek(int64(at), io.SeekStart); err != nil || got != int64(at) {
					r.Fatalf("seek %d: %d, %v", at, got, err)
				}
				buf := make([]byte, rapid.IntRange(1, 5000).Draw(r, "n"))
				n, err := io.ReadFull(seeker, buf)
				want := content[at:min(at+len(buf), len(content))]
				if !bytes.Equal(buf[:n], want) {
					r.Fatalf("at %d read %d bytes, want %d: %v", at, n, len(want), err)
				}
				if got, _ := seeker.Seek(0, io.SeekCurrent); got != int64(at+n) {
					r.Fatalf("after reading stands at %d, want %d", got, at+n)
				}
			}
			return nil
		})
		if err != nil {
			r.Fatal(err)
		}
	})
}

type nowhere struct{}

// Enqueue takes jobs that this test does not work on.
func (nowhere) Enqueue(context.Context, pgx.Tx, ...any) error { return nil }

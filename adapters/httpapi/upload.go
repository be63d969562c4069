package httpapi

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"net"
	"time"

	"github.com/gofiber/fiber/v2"

	"twoline/adapters/httpapi/signature"
)

// uploadBody reads an upload's bytes as they come, within its limits, and says
// at the end whether they are the announced ones. It is used by one goroutine.
type uploadBody struct {
	from   io.Reader
	sum    hash.Hash
	digest string
	left   int64
	length int64
	read   int64
	conn   net.Conn
	idle   time.Duration
	watch  *time.Timer
	err    error
}

// uploadBodyOf prepares the body. Nothing of it is read before the caller is known.
func (s *Server) uploadBodyOf(fc *fiber.Ctx) *uploadBody {
	from := fc.Context().RequestBodyStream()
	if from == nil {
		from = bytes.NewReader(nil)
	}
	return &uploadBody{
		from: from, sum: sha256.New(), digest: string(fc.Request().Header.Peek("Content-Digest")),
		left: s.config.MaxUpload, length: int64(fc.Request().Header.ContentLength()), read: 0,
		conn: fc.Context().Conn(), idle: s.config.ReadTimeout, watch: nil, err: nil,
	}
}

// Read implements io.Reader. After the last byte it returns io.EOF only where
// length and digest are the announced ones.
func (b *uploadBody) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.left == 0 {
		// One byte more than the limit is too many; exactly the limit is not.
		p = p[:min(len(p), 1)]
	} else if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.readInTime(p)
	if n > 0 && b.left == 0 {
		b.err = errBodyTooLarge
		return 0, b.err
	}
	b.left -= int64(n)
	b.read += int64(n)
	b.sum.Write(p[:n])
	if errors.Is(err, io.EOF) {
		err = b.settle()
	} else if err != nil {
		err = errLength.Because(err)
	}
	b.err = err
	return n, err
}

// readInTime gives each read its own time: the listener's deadline covers a
// whole request, which a large file may rightly exceed.
func (b *uploadBody) readInTime(p []byte) (int, error) {
	if b.watch == nil {
		if err := b.conn.SetReadDeadline(time.Time{}); err != nil {
			return 0, err
		}
		b.watch = time.AfterFunc(b.idle, func() { _ = b.conn.SetReadDeadline(time.Unix(1, 0)) })
	} else {
		b.watch.Reset(b.idle)
	}
	n, err := b.from.Read(p)
	b.watch.Stop()
	return n, err
}

func (b *uploadBody) settle() error {
	if b.length >= 0 && b.read != b.length {
		return errLength
	}
	var sum [sha256.Size]byte
	b.sum.Sum(sum[:0])
	if err := signature.DigestOK(b.digest, sum); err != nil {
		return err
	}
	return io.EOF
}

// drain reads what little is left of a refused upload. A connection that closes
// over unread bytes is reset, and the sender may then never see our answer.
func (b *uploadBody) drain() {
	if b.err != nil {
		return
	}
	enough := time.AfterFunc(drainTime, func() { _ = b.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer enough.Stop()
	_, _ = io.CopyN(io.Discard, b.from, drainBytes)
}

const (
	drainBytes = 4 << 20
	drainTime  = 2 * time.Second
)

// stop ends the watch over a silent connection.
func (b *uploadBody) stop() {
	if b.watch != nil {
		b.watch.Stop()
	}
}

// announcedDigest is the value that an upload's fingerprint stands on. It is
// compared with the bytes when the last one has arrived.
func announcedDigest(fc *fiber.Ctx) ([]byte, error) {
	value := fc.Request().Header.Peek("Content-Digest")
	if len(value) == 0 {
		return nil, errDigestField
	}
	// A digest of nothing only asks whether the field holds a sha-256 at all.
	err := signature.DigestOK(string(value), [sha256.Size]byte{})
	if err != nil && !errors.Is(err, signature.ErrDigest) {
		return nil, err
	}
	return value, nil
}

package redis

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"time"

	"twoline/gateway/once"
)

// seal names what is kept and proves it. Its keys are derived from one secret,
// one for each use.
type seal struct {
	names, answers, marks []byte
}

func newSeal(secret []byte) (*seal, error) {
	var s seal
	for purpose, key := range map[string]*[]byte{"names": &s.names, "answers": &s.answers, "marks": &s.marks} {
		derived, err := hkdf.Key(sha256.New, secret, nil, "twoline redis "+purpose, sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("redis: derive the key of %s: %w", purpose, err)
		}
		*key = derived
	}
	return &s, nil
}

// name is what stands for the parts in Redis.
func (s *seal) name(parts ...string) []byte {
	h := hmac.New(sha256.New, s.names)
	for _, part := range parts {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}

func (s *seal) nameOf(r once.Request) []byte { return s.name("once", r.Caller, r.Route, r.Key) }

// A kept answer is
//
//	version 1 │ name 32 │ fingerprint 32 │ end 8 │ status 2 │ type's size 1 │ type │ body │ MAC 32
//
// with the end in seconds since 1970 and the MAC over everything before it.
const (
	answerVersion = 1
	answerHead    = 1 + sha256.Size + sha256.Size + 8 + 2 + 1
	// maxBody bounds what is kept of one answer, maxAnswer what is read.
	maxBody   = 64 << 10
	maxAnswer = answerHead + math.MaxUint8 + maxBody + sha256.Size
)

// answer seals a finished answer; nil is one that is not kept.
func (s *seal) answer(name []byte, a *once.Stored, end time.Time) []byte {
	status, kind := a.Answer.Status, a.Answer.ContentType
	if status < 200 || status > 299 || len(kind) > math.MaxUint8 || len(a.Answer.Body) > maxBody {
		return nil
	}
	b := make([]byte, 0, answerHead+len(kind)+len(a.Answer.Body)+sha256.Size)
	b = append(b, answerVersion)
	b = append(b, name...)
	b = append(b, a.Fingerprint[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(end.Unix())) //nolint:gosec // the bits are what is kept
	b = binary.BigEndian.AppendUint16(b, uint16(status))
	b = append(b, byte(len(kind))) //nolint:gosec // at most 255
	b = append(b, kind...)
	b = append(b, a.Answer.Body...)
	return append(b, mac(s.answers, b)...)
}

// open reads what Redis gave for a name. genuine says that we sealed it for this
// name; the answer is nil where it is not genuine, is over, or answers other content.
func (s *seal) open(name []byte, r once.Request, b []byte, now time.Time) (stored *once.Stored, genuine bool) {
	if len(b) < answerHead+sha256.Size || len(b) > maxAnswer {
		return nil, false
	}
	sealed, sum := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if !hmac.Equal(sum, mac(s.answers, sealed)) || sealed[0] != answerVersion {
		return nil, false
	}
	rest := sealed[1:]
	take := func(n int) []byte {
		part := rest[:n]
		rest = rest[n:]
		return part
	}
	if !bytes.Equal(take(sha256.Size), name) {
		return nil, false
	}
	fingerprint := [sha256.Size]byte(take(sha256.Size))
	end := time.Unix(int64(binary.BigEndian.Uint64(take(8))), 0) //nolint:gosec // as it was kept
	status := int(binary.BigEndian.Uint16(take(2)))
	size := int(take(1)[0])
	// The MAC proves that we wrote it; another version's bug must not end in a panic.
	if size > len(rest) {
		return nil, false
	}
	kind := string(take(size))
	// Other content under the same key is for PostgreSQL to refuse.
	if !now.Before(end) || fingerprint != r.Fingerprint {
		return nil, true
	}
	return &once.Stored{Fingerprint: fingerprint, Answer: once.Answer{
		Status: status, ContentType: kind, Body: bytes.Clone(rest), Replayed: false,
	}}, true
}

// A mark is a random token and a MAC over name and token, in hexadecimal.
const (
	tokenSize = 16
	markSize  = 2 * (tokenSize + sha256.Size)
)

// newMark makes a mark that nobody else holds.
func (s *seal) newMark(name []byte) string {
	token := make([]byte, tokenSize)
	_, _ = rand.Read(token) // never fails: the runtime ends the process first
	return hex.EncodeToString(append(token, mac(s.marks, append(bytes.Clone(name), token...))...))
}

// isMark says that we made the mark, for this name.
func (s *seal) isMark(name []byte, mark string) bool {
	b, err := hex.DecodeString(mark)
	if err != nil || len(mark) != markSize {
		return false
	}
	return hmac.Equal(b[tokenSize:], mac(s.marks, append(bytes.Clone(name), b[:tokenSize]...)))
}

func mac(key, content []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(content)
	return h.Sum(nil)
}

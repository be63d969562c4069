package match

import (
	"crypto/sha256"
	"encoding/hex"
	"hash/maphash"
)

// rows holds values in blocks, so that growing copies nothing and a million lines
// take a million places. The values hold no pointers, so the collector skips them.
type rows[T any] struct {
	blocks [][]T
	n      int
}

const (
	blockBits = 13
	blockMask = 1<<blockBits - 1
)

func (r *rows[T]) add(v T) {
	last := len(r.blocks) - 1
	if r.n&blockMask == 0 {
		var block []T
		if last >= 0 {
			block = make([]T, 0, blockMask+1)
		}
		r.blocks = append(r.blocks, block)
		last++
	}
	r.blocks[last] = append(r.blocks[last], v)
	r.n++
}

func (r *rows[T]) at(i uint32) *T { return &r.blocks[i>>blockBits][i&blockMask] }

// count is how many there are; a run holds fewer than 2^31 lines of each side.
func (r *rows[T]) count() uint32 { return uint32(r.n) } //nolint:gosec // see above

// span is where a text stands in an arena; 0 is no text.
type span uint32

const (
	pageBits = 20
	pageMask = 1<<pageBits - 1
	// longest is the longest text that is kept as it stands.
	longest = 4096
)

// arena holds texts back to back, each after its length, in pages that no text
// crosses. A span stays four bytes for as many as 4 GiB of texts.
type arena struct {
	pages [][]byte
}

// clip stands for a text that is longer than any reference by its digest, so that
// equal texts stay equal.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return "sha256:" + hex.EncodeToString(sum[:])
}

func (a *arena) add(s string) span {
	if s == "" {
		return 0
	}
	s = clip(s, longest)
	last := len(a.pages) - 1
	switch {
	case last < 0:
		// Place 0 is taken, so that it can stand for no text.
		a.pages = append(a.pages, []byte{0})
		last = 0
	case len(a.pages[last])+len(s)+2 > pageMask+1:
		a.pages = append(a.pages, make([]byte, 0, pageMask+1))
		last++
	}
	page := a.pages[last]
	at := span(last<<pageBits | len(page)) //nolint:gosec // a run's texts are below 4 GiB
	page = append(page, byte(len(s)), byte(len(s)>>8))
	a.pages[last] = append(page, s...)
	return at
}

// bytes returns the text; nothing may be written to it.
func (a *arena) bytes(s span) []byte {
	if s == 0 {
		return nil
	}
	page := a.pages[s>>pageBits][s&pageMask:]
	n := int(page[0]) | int(page[1])<<8
	return page[2 : 2+n]
}

func (a *arena) text(s span) string { return string(a.bytes(s)) }

// table finds lines of the book by a text: a power of two of heads, each the first
// line of a chain that the lines themselves hold. 0 is the chain's end, so that a
// line's number is its place plus one.
type table struct {
	seed  maphash.Seed
	heads []uint32
	mask  uint64
}

func newTable(seed maphash.Seed, n int) *table {
	size := 1
	for size < n {
		size *= 2
	}
	return &table{seed: seed, heads: make([]uint32, size), mask: uint64(size - 1)} //nolint:gosec // at least 0
}

// slot returns the head of a text and a byte that tells most other texts apart.
func (t *table) slot(h uint64) (*uint32, uint8) {
	return &t.heads[h&t.mask], uint8(h >> 56)
}

func (t *table) of(key string) uint64 { return maphash.String(t.seed, key) }

func (t *table) ofBytes(key []byte) uint64 { return maphash.Bytes(t.seed, key) }

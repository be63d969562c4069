package match

import "hash/maphash"

// span is a text in the arena: offset and length.
type span struct{ at, n uint32 }

// arena holds texts back to back, so that a million short references cost no
// million allocations.
type arena []byte

func (a *arena) add(s string) span {
	if s == "" {
		return span{}
	}
	at := len(*a)
	*a = append(*a, s...)
	return span{at: uint32(at), n: uint32(len(s))} //nolint:gosec // references are short, a run is below 4 GiB
}

func (a arena) bytes(s span) []byte { return a[s.at : s.at+s.n] }

func (a arena) equal(s span, text string) bool { return string(a.bytes(s)) == text }

// table finds book lines by a text: chains of positions over a power of two of
// heads, in rising order of position. Every hit is compared in full.
type table struct {
	seed  maphash.Seed
	mask  uint64
	heads []int32
	next  []int32
}

const none = int32(-1)

func newTable(seed maphash.Seed, n int) *table {
	size := 1
	for size < n {
		size *= 2
	}
	t := &table{
		seed: seed, mask: uint64(size - 1), //nolint:gosec // size is at least 1
		heads: make([]int32, size), next: make([]int32, n),
	}
	for i := range t.heads {
		t.heads[i] = none
	}
	return t
}

// add puts position i first in its chain: the positions are added from the last.
func (t *table) add(key []byte, i int32) {
	h := maphash.Bytes(t.seed, key) & t.mask
	t.next[i] = t.heads[h]
	t.heads[h] = i
}

func (t *table) first(key string) int32 { return t.heads[maphash.String(t.seed, key)&t.mask] }

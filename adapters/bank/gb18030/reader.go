package gb18030

import (
	"errors"
	"fmt"
	"io"

	"twoline/gateway/fault"
)

// NewReader returns r decoded to UTF-8, in bounded memory. Read returns ErrBytes
// at the first bytes that are no text; nothing after them is given out.
func (c *Codec) NewReader(r io.Reader) io.Reader {
	return &reader{codec: c, source: r, raw: make([]byte, 0, 32<<10)}
}

// maxEmptyReads is when a source that neither gives anything nor ends is given up.
const maxEmptyReads = 100

type reader struct {
	codec  *Codec
	source io.Reader
	raw    []byte
	text   []byte
	next   int
	empty  int
	offset int64
	err    error
}

// Read gives out decoded text.
func (r *reader) Read(p []byte) (int, error) {
	for r.next == len(r.text) {
		if r.err != nil {
			return 0, r.err
		}
		r.fill()
	}
	n := copy(p, r.text[r.next:])
	r.next += n
	return n, nil
}

// fill reads one block and decodes it up to the last whole character.
func (r *reader) fill() {
	n, err := r.source.Read(r.raw[len(r.raw):cap(r.raw)])
	if r.empty++; n > 0 {
		r.empty = 0
	}
	if r.empty == maxEmptyReads && err == nil {
		err = io.ErrNoProgress
	}
	r.raw = r.raw[:len(r.raw)+n]
	whole := len(r.raw)
	if err == nil {
		whole = r.codec.whole(r.raw)
	}
	text, decodeErr := r.codec.Decode(r.text[:0], r.raw[:whole])
	r.text, r.next = text, 0
	if decodeErr != nil {
		r.err = fmt.Errorf("after byte %d: %w", r.offset, decodeErr)
		r.text = nil
		return
	}
	r.offset += int64(whole)
	r.raw = r.raw[:copy(r.raw, r.raw[whole:])]
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = fault.New(fault.Unavailable, "read_interrupted", "the file could not be read to its end").Because(err)
		return
	}
	r.err = err
}

// whole returns how much of b ends on a character's border.
func (c *Codec) whole(b []byte) int {
	for i := 0; i < len(b); {
		size := 1
		if b[i] >= firstLead && b[i] != 0xFF {
			switch {
			case i+1 >= len(b):
				return i
			case b[i+1] >= firstTrail:
				size = 2
			case c.charset == GB18030 && i+4 > len(b):
				return i
			case c.charset == GB18030 && isFour(b[i:]):
				size = 4
			}
		}
		i += size
	}
	return len(b)
}

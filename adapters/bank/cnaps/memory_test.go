package cnaps_test

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"twoline/adapters/bank/cnaps"
	"twoline/gateway/bank"
)

// endless repeats the items of a message until n bytes were read.
type endless struct {
	head, item, tail string
	left             int
	now              io.Reader
}

func (e *endless) Read(b []byte) (int, error) {
	if e.now == nil {
		e.now = strings.NewReader(e.head)
	}
	n, err := e.now.Read(b)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	switch {
	case e.left > 0:
		e.left -= len(e.item)
		e.now = strings.NewReader(e.item)
	case e.tail != "":
		e.now, e.tail = strings.NewReader(e.tail), ""
	default:
		return 0, io.EOF
	}
	return e.now.Read(b)
}

// TestRead_inBoundedMemory reads 25 MB and looks at what is alive meanwhile.
func TestRead_inBoundedMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 25 MB")
	}
	content := generated(t, 1)
	head, rest, _ := strings.Cut(content, "      <DbtrDtls>")
	item, tail, _ := strings.Cut(rest, "</DbtrDtls>\n")
	source := &endless{head: head, item: "<DbtrDtls>" + item + "</DbtrDtls>", tail: tail, left: 25 << 20}
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	items, most := 0, uint64(0)
	err := cnaps.Read(t.Context(), source, cnaps.Options{}, func(r bank.Record) error {
		if _, ok := r.(bank.BatchItem); !ok {
			return nil
		}
		if items++; items%15_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc)
		}
		return nil
	})
	if err != nil || items < 60_000 {
		t.Fatalf("%d items, %v", items, err)
	}
	if grown := int64(most) - int64(before.HeapAlloc); grown > 4<<20 {
		t.Errorf("%d MiB alive while %d items were read", grown>>20, items)
	}
}

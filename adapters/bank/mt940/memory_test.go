package mt940_test

import (
	"io"
	"runtime"
	"testing"

	"twoline/adapters/bank/mt940"
	"twoline/gateway/bank"
)

// repeated is a file of one head, the same lines many times, and a foot, that can
// be read twice and is never in memory.
type repeated struct {
	head, lines, foot string
	times             int64
	at                int64
}

func (r *repeated) size() int64 {
	return int64(len(r.head)) + r.times*int64(len(r.lines)) + int64(len(r.foot))
}

func (r *repeated) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) && r.at < r.size() {
		at, from := r.at, r.head
		if at >= int64(len(r.head)) {
			at -= int64(len(r.head))
			from = r.lines
			if at >= r.times*int64(len(r.lines)) {
				at, from = at-r.times*int64(len(r.lines)), r.foot
			} else {
				at %= int64(len(r.lines))
			}
		}
		copied := copy(b[n:], from[at:])
		n, r.at = n+copied, r.at+int64(copied)
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (r *repeated) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekStart {
		r.at = offset
	}
	return r.at, nil
}

// TestRead_inBoundedMemory reads 25 MB and looks at what is alive meanwhile.
func TestRead_inBoundedMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 25 MB")
	}
	source := &repeated{
		head:  ":20:BIG\r\n:25:6100001\r\n:28C:1\r\n:60F:C261125CNY0,00\r\n",
		lines: ":61:2611251125C0,01NMSCE2E1//BK1\r\n:86:166?20SVWZ+CONTRIBUTION OF THE VILLAGE?32WANG XIAOMING\r\n",
		foot:  ":62F:C261125CNY2621,44\r\n-\r\n", times: 1 << 18,
	}
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	entries, most := 0, uint64(0)
	err := mt940.Read(t.Context(), source, mt940.Options{}, func(r bank.Record) error {
		if h, ok := r.(bank.StatementHead); ok && (h.Balanced == nil || !*h.Balanced) {
			t.Errorf("got %+v", h)
		}
		if _, ok := r.(bank.StatementEntry); !ok {
			return nil
		}
		if entries++; entries%50_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc)
		}
		return nil
	})
	if err != nil || entries != 1<<18 {
		t.Fatalf("%d entries, %v", entries, err)
	}
	if grown := int64(most) - int64(before.HeapAlloc); grown > 4<<20 {
		t.Errorf("%d MiB alive while %d entries were read", grown>>20, entries)
	}
}

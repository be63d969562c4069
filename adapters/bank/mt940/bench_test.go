package mt940_test

import (
	"bufio"
	"bytes"
	"fmt"
	"testing"
	"time"

	"twoline/adapters/bank/mt940"
	"twoline/gateway/bank"
)

// generated is a statement of n credits that closes, two lines an entry.
func generated(n int) []byte {
	var b bytes.Buffer
	b.WriteString(":20:BENCH\r\n:25:6100001\r\n:28C:1\r\n:60F:C261125CNY0,00\r\n")
	for i := range n {
		fmt.Fprintf(&b, ":61:2611251125C1,25NMSCE2E%09d//BK%09d\r\n"+
			":86:166?20SVWZ+CONTRIBUTION %d?3162170000%08d?32MEMBER %d\r\n", i, i, i, i, i)
	}
	fmt.Fprintf(&b, ":62F:C261125CNY%d,%02d\r\n-\r\n", n*125/100, n*125%100)
	return b.Bytes()
}

func TestGenerated_balances(t *testing.T) {
	t.Parallel()
	for _, r := range read(t, string(generated(1000)), mt940.Automatic) {
		if h, ok := r.(bank.StatementHead); ok && (h.Balanced == nil || !*h.Balanced) {
			t.Errorf("got %+v", h)
		}
	}
}

// BenchmarkRead reports lines a second, and how many times as long a bare scan of
// the same lines takes less.
func BenchmarkRead(b *testing.B) {
	const entries = 50_000
	content := generated(entries)
	lines := 2*entries + 6
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	var reading, scanning time.Duration
	for b.Loop() {
		begin := time.Now()
		count := 0
		err := mt940.Read(b.Context(), bytes.NewReader(content), mt940.Options{}, func(r bank.Record) error {
			if _, ok := r.(bank.StatementEntry); ok {
				count++
			}
			return nil
		})
		reading += time.Since(begin)
		if err != nil || count != entries {
			b.Fatal(count, err)
		}
		begin = time.Now()
		found := 0
		for s := bufio.NewScanner(bytes.NewReader(content)); s.Scan(); {
			found++
		}
		scanning += time.Since(begin)
		if found != lines {
			b.Fatal(found)
		}
	}
	b.ReportMetric(float64(lines)*float64(b.N)/reading.Seconds(), "lines/s")
	b.ReportMetric(float64(reading)/float64(scanning), "×scan")
}

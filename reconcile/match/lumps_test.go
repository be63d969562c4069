package match_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"twoline/gateway/bank"
	"twoline/gateway/money"
	"twoline/reconcile/match"
)

// equals is a batch of equal items, each an entry of its own, and equal lumps of the
// size of one of them: every lump equals every part.
type equals struct{ lumps, items int }

func (e equals) matcher() *match.Matcher {
	m := match.New(match.DefaultRules())
	for i := range e.items {
		m.AddBook(item(int64(i+1), 1, debit("55.00"), fmt.Sprint(1_000_000+i), "B1"))
	}
	for i := range e.lumps {
		m.AddStatement(match.StatementLine{ID: int64(i), Movement: move(bank.Debit, "55.00", i%3), Batch: "B1"})
	}
	return m
}

func (e equals) solve(tb testing.TB, m *match.Matcher) {
	tb.Helper()
	if err := m.Match(context.Background(), match.NoPast{}); err != nil {
		tb.Fatal(err)
	}
	breaks := m.Breaks()
	if len(breaks) != 1 || len(breaks[0].Statement) != e.lumps || len(breaks[0].Book) != e.items ||
		breaks[0].Amount != money.MustParse("55.00")*money.Amount(e.items-e.lumps) {
		tb.Fatalf("%d breaks", len(breaks))
	}
}

// allocated is how many bytes solving takes.
func (e equals) allocated(tb testing.TB) float64 {
	tb.Helper()
	m := e.matcher()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	e.solve(tb, m)
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc - before.TotalAlloc)
}

// Four times as many equal lumps and items take about four times the memory, not
// sixteen times. It runs alone, since it counts what the whole process allocates.
//
//nolint:paralleltest // see above
func TestEqualLumpsTakeLinearMemory(t *testing.T) {
	small, large := equals{500, 1000}.allocated(t), equals{4000, 8000}.allocated(t)
	t.Logf("%.0f bytes for a thousand items, %.0f for eight thousand", small, large)
	if large > 16*small {
		t.Errorf("eight times the lines took %.1f times the memory", large/small)
	}
	const perItem = 2048
	if large > 8000*perItem {
		t.Errorf("an item takes %.0f bytes", large/8000)
	}
}

// BenchmarkEqualLumps is many equal lumps against many equal items of one batch, and
// one lump against a million of them.
func BenchmarkEqualLumps(b *testing.B) {
	for _, e := range []equals{{5000, 10_000}, {20_000, 40_000}, {1, 100_000}, {1, 1_000_000}} {
		b.Run(fmt.Sprintf("lumps=%d/items=%d", e.lumps, e.items), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				m := e.matcher()
				b.StartTimer()
				e.solve(b, m)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(e.lumps+e.items), "ns/line")
		})
	}
}

//go:build unix

package match_test

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"twoline/gateway/bank"
	"twoline/gateway/money"
	"twoline/reconcile/match"
)

// load is lines of a county's month: every bank line names its item, but for a part
// in a thousand that is noise of all sorts.
type load struct {
	lines    int
	perMille int
	// nameless lines carry no reference at all, but an account of the counterparty.
	nameless bool
	// lumped lines are booked by the bank as one in each batch.
	lumped bool
}

func (l load) noisy(i int) bool { return i%1000 < l.perMille }

func (l load) amount(i int) money.Amount { return money.Amount(10_000 + i%977*100) }

func (l load) bookLine(i int) match.BookLine {
	d := day1().AddDays(i * 28 / l.lines)
	b := match.BookLine{
		Movement: match.Movement{Booked: d, Value: d, Direction: bank.Debit, Amount: l.amount(i)},
		Key:      match.Key{Entry: int64(i/1000 + 1), Line: int32(i % 1000)}, Cause: int64(i/1000 + 1),
		Reference: strconv.Itoa(7_000_000_000 + i), Own: true, Batch: strconv.Itoa(i / perBatch),
	}
	if l.nameless || (l.noisy(i) && i%4 < 2) {
		b.Own, b.Reference, b.Batch, b.Cause = false, "", "", 0
		b.CounterpartyAccount = fmt.Sprintf("6222%012d", i)
	}
	return b
}

func (l load) statementLine(i int) match.StatementLine {
	b := l.bookLine(i)
	s := match.StatementLine{Movement: b.Movement, ID: int64(i), EndToEndID: b.Reference}
	if l.nameless {
		s.CounterpartyAccount, s.Batch = b.CounterpartyAccount, ""
	}
	if !l.noisy(i) {
		return s
	}
	switch i % 10 {
	case 0, 1: // a day late, without a reference
		s.EndToEndID, s.Value, s.CounterpartyAccount = "", s.Value.AddDays(1), b.CounterpartyAccount
	case 2: // one fen off
		s.Amount++
	case 3: // an unknown debit
		s.EndToEndID, s.BankReference = "", "UNKNOWN"+strconv.Itoa(i)
	case 4: // a duplicate of the line before
		s = l.statementLine(i - i%1000 + l.perMille)
		s.ID = int64(i)
	case 5: // a charge
		s.EndToEndID, s.Text, s.Amount = "", "Service Fee", 500
	case 6: // a correction by the bank
		s.Direction, s.Reversal = bank.Credit, true
	default:
		s.EndToEndID, s.CounterpartyAccount, s.Counterparty = "", b.CounterpartyAccount, "LI"
	}
	return s
}

const perBatch = 50_000

// run feeds, matches and reads everything, and says how much the heap grew.
func (l load) run(tb testing.TB) (matched, broken int, heap uint64) {
	tb.Helper()
	before := heapNow()
	m := match.New(match.DefaultRules())
	for i := range l.lines {
		m.AddBook(l.bookLine(i))
	}
	var lump money.Amount
	for i := range l.lines {
		s := l.statementLine(i)
		if l.lumped {
			lump += s.Amount
			if i%perBatch < perBatch-1 && i < l.lines-1 {
				continue
			}
			s.EndToEndID, s.Amount, s.Batch, lump = "", lump, strconv.Itoa(i/perBatch), 0
		}
		m.AddStatement(s)
	}
	if err := m.Match(context.Background(), match.NoPast{}); err != nil {
		tb.Fatal(err)
	}
	for x := range m.Matches() {
		matched += len(x.Statement)
	}
	for _, b := range m.Breaks() {
		broken += len(b.Statement)
	}
	heap = heapNow() - before
	runtime.KeepAlive(m)
	return matched, broken, heap
}

func heapNow() uint64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

// feedOnly is what making the lines costs by itself.
func (l load) feedOnly() (sum int64) {
	for i := range l.lines {
		sum += l.bookLine(i).Key.Entry
	}
	for i := range l.lines {
		sum += l.statementLine(i).ID
	}
	return sum
}

// processorTime is what the process has used of the processors: other work on the
// machine does not count.
func processorTime(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkMatch reports what a line of either side costs beyond making it, and how
// much of the heap it takes: with every line named, with noise of all sorts, without
// any reference, and in lumps.
func BenchmarkMatch(b *testing.B) {
	for _, lines := range []int{250_000, 1_000_000, 4_000_000} {
		for name, l := range map[string]load{
			"exact":    {lines: lines},
			"noise":    {lines: lines, perMille: 20},
			"nameless": {lines: lines, nameless: true},
			"lumps":    {lines: lines, lumped: true},
		} {
			b.Run(fmt.Sprintf("%s/lines=%d", name, lines), func(b *testing.B) {
				var made, took time.Duration
				var heap uint64
				for b.Loop() {
					start := processorTime(b)
					l.feedOnly()
					made += processorTime(b) - start
					start = processorTime(b)
					var matched, broken int
					matched, broken, heap = l.run(b)
					took += processorTime(b) - start
					if matched+broken == 0 || (!l.lumped && matched+broken != lines) {
						b.Fatalf("%d matched and %d broken of %d", matched, broken, lines)
					}
				}
				b.ReportMetric(float64((took-made).Nanoseconds())/float64(b.N)/float64(lines), "cpu-ns/line")
				b.ReportMetric(float64(heap)/float64(lines), "B/line")
			})
		}
	}
}

package delimited_test

import (
	"bufio"
	"bytes"
	"io"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"twoline/adapters/bank/delimited"
	"twoline/adapters/bank/layout"
	"twoline/adapters/bank/layout/layouttest"
	"twoline/gateway/bank"
)

// cpu is the processor time used so far, so that ratios hold on a busy machine.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

const rows = 200_000

// resultFile is a GB18030 result file of the rural cooperative.
func resultFile(b *testing.B) []byte {
	b.Helper()
	var text strings.Builder
	for i := range rows {
		text.WriteString("61030400" + strconv.Itoa(10_000_000+i) + "|东億明|440524188001010014|" +
			strconv.Itoa(100+i%900) + ".00|B20260001\n")
	}
	return gb(b, text.String())
}

// limit reports lines per second of processor time, and beside it how much of
// the speed of a scan for line ends that is: the limit of the machine.
func limit(b *testing.B, file []byte, own time.Duration) {
	b.Helper()
	b.ReportMetric(rows/own.Seconds(), "lines/s")
	started := cpu(b)
	const rounds = 20
	for range rounds {
		found := 0
		r := bufio.NewReaderSize(bytes.NewReader(file), 64<<10)
		for {
			if _, err := r.ReadSlice('\n'); err != nil {
				break
			}
			found++
		}
		if found != rows {
			b.Fatal(found)
		}
	}
	b.ReportMetric((cpu(b)-started).Seconds()/rounds/own.Seconds(), "of-raw-lines")
}

// BenchmarkRows decodes GB18030 and cuts fields; nothing is checked.
func BenchmarkRows(b *testing.B) {
	file := resultFile(b)
	form := layouttest.RuralCooperativeResultSucceeded()
	form.RowLimit = 0
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	begun := cpu(b)
	for b.Loop() {
		n := 0
		err := delimited.Rows(b.Context(), bytes.NewReader(file), &form, func(_ int, fields []string,
			_ *layout.RowFault,
		) error {
			n += len(fields)
			return nil
		})
		if err != nil || n != 5*rows {
			b.Fatal(n, err)
		}
	}
	limit(b, file, (cpu(b)-begun)/time.Duration(b.N))
}

// BenchmarkRead reads results with every check.
func BenchmarkRead(b *testing.B) {
	file := resultFile(b)
	form := layouttest.RuralCooperativeResultSucceeded()
	form.RowLimit = 0
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	begun := cpu(b)
	for b.Loop() {
		summary, err := delimited.Read(b.Context(), bytes.NewReader(file), form,
			func(bank.Record) error { return nil })
		if err != nil || summary.Rows != rows {
			b.Fatal(summary, err)
		}
	}
	limit(b, file, (cpu(b)-begun)/time.Duration(b.N))
}

// BenchmarkWrite writes the same file, digest included.
func BenchmarkWrite(b *testing.B) {
	file := resultFile(b)
	form := layouttest.RuralCooperativeResultSucceeded()
	form.RowLimit = 0
	records, _, err := read(b.Context(), bytes.NewReader(file), form)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	begun := cpu(b)
	for b.Loop() {
		w, err := delimited.NewWriter(io.Discard, form)
		if err != nil {
			b.Fatal(err)
		}
		for _, r := range records {
			if v, ok := r.(bank.Result); ok {
				if err := w.WriteResult(v); err != nil {
					b.Fatal(err)
				}
			}
		}
		if _, err := w.Close(); err != nil {
			b.Fatal(err)
		}
	}
	limit(b, file, (cpu(b)-begun)/time.Duration(b.N))
}

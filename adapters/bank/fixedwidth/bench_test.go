package fixedwidth_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"twoline/adapters/bank/fixedwidth"
	"twoline/adapters/bank/gb18030"
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

// resultFile is a file of results of the custodian's family, with header and
// trailer.
func resultFile(b *testing.B) []byte {
	b.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "HB20001%06d%016.2f\n", rows, rows*123.5)
	for i := range rows {
		fmt.Fprintf(&text, "D%06d%-16s00000001235002026-11-26东億明              0000            \n", i+1,
			fmt.Sprintf("ITEM%08d", i))
	}
	fmt.Fprintf(&text, "T%06d%12s00%-12.2f\n", rows, "0.00", rows*123.5)
	return encoded(b, gb18030.GB18030, text.String())
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
		if found != rows+2 {
			b.Fatal(found)
		}
	}
	b.ReportMetric((cpu(b)-started).Seconds()/rounds/own.Seconds(), "of-raw-lines")
}

// BenchmarkRead reads results with every check.
func BenchmarkRead(b *testing.B) {
	file := resultFile(b)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	begun := cpu(b)
	for b.Loop() {
		summary, err := fixedwidth.Read(b.Context(), bytes.NewReader(file), answered(),
			func(bank.Record) error { return nil })
		if err != nil || summary.Rows != rows || summary.Problems != 0 {
			b.Fatal(summary, err)
		}
	}
	limit(b, file, (cpu(b)-begun)/time.Duration(b.N))
}

// BenchmarkWrite writes the same file, digest included.
func BenchmarkWrite(b *testing.B) {
	file := resultFile(b)
	records, summary, err := read(b, bytes.NewReader(file), answered())
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	begun := cpu(b)
	for b.Loop() {
		w, err := fixedwidth.NewWriter(io.Discard, answered())
		if err != nil {
			b.Fatal(err)
		}
		err = w.WriteBatch(bank.BatchHead{BatchID: "B20001", Count: rows, Sum: bank.FigureOf(summary.Sum)})
		for _, r := range records {
			if v, ok := r.(bank.Result); ok && err == nil {
				err = w.WriteResult(v)
			}
		}
		if err != nil {
			b.Fatal(err)
		}
		if _, err := w.Close(); err != nil {
			b.Fatal(err)
		}
	}
	limit(b, file, (cpu(b)-begun)/time.Duration(b.N))
}

package sheet_test

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"twoline/adapters/bank/sheet"
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

// many writes a result of so many rows.
func many(tb testing.TB, w io.Writer, rows int) {
	tb.Helper()
	out, err := sheet.NewWriter(w, answers())
	if err != nil {
		tb.Fatal(err)
	}
	for i := range rows {
		err := out.WriteResult(bank.Result{
			Index: i, Level: "item", Name: "王小明" + strconv.Itoa(i), Account: strconv.Itoa(6217_0000_0000_0000 + i*7919),
			Amount: figure("123.50"), Code: "成功", Outcome: bank.OutcomeSucceeded, Class: bank.ClassSuccess,
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	if _, err := out.Close(); err != nil {
		tb.Fatal(err)
	}
}

// BenchmarkRead reads a sheet with every check, and reports how many times as
// fast that is as taking its tokens from encoding/xml.
func BenchmarkRead(b *testing.B) {
	const rows = 20_000
	var file bytes.Buffer
	many(b, &file, rows)
	b.ReportAllocs()
	begun := cpu(b)
	for b.Loop() {
		summary, err := sheet.Read(b.Context(), bytes.NewReader(file.Bytes()), answers(),
			func(bank.Record) error { return nil })
		if err != nil || summary.Rows != rows {
			b.Fatal(summary, err)
		}
	}
	own := (cpu(b) - begun) / time.Duration(b.N)
	b.ReportMetric(rows/own.Seconds(), "rows/s")
	begun = cpu(b)
	part := partOf(b, file.Bytes(), "xl/worksheets/sheet1.xml")
	d := xml.NewDecoder(bufio.NewReader(part))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric((cpu(b)-begun).Seconds()/own.Seconds(), "x-encoding/xml")
}

// A sheet of any length is read in bounded memory.
func TestRead_memory(t *testing.T) {
	// Not parallel: it measures.
	var file bytes.Buffer
	many(t, &file, 100_000)
	l := answers()
	var most uint64
	n := 0
	_, err := sheet.Read(t.Context(), bytes.NewReader(file.Bytes()), l, func(bank.Record) error {
		if n++; n%10_000 == 0 {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if most > 64<<20 {
		t.Errorf("the heap held %d MiB", most>>20)
	}
	t.Logf("%d rows, %d bytes packed, heap at most %d MiB", n, file.Len(), most>>20)
}

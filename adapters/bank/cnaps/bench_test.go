package cnaps_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"twoline/adapters/bank/cnaps"
	"twoline/gateway/bank"
)

// generated is a beps.380 of n items of 1.25 yuan.
func generated(tb testing.TB, n int) string {
	tb.Helper()
	content := testdata(tb, "380.xml")
	before, _, _ := strings.Cut(content, "      <DbtrDtls>")
	last := strings.LastIndex(content, "</DbtrDtls>") + len("</DbtrDtls>\n")
	head := strings.NewReplacer("<DbtrNb>2<", fmt.Sprintf("<DbtrNb>%d<", n),
		">300.50<", fmt.Sprintf(">%d.%02d<", n*125/100, n*125%100)).Replace(before)
	var b strings.Builder
	b.WriteString(head)
	for i := range n {
		fmt.Fprintf(&b, `      <DbtrDtls>
        <Purp><Prtry>00603</Prtry></Purp>
        <TxId>%016d</TxId>
        <Dbtr><Nm>参保人%d</Nm></Dbtr>
        <DbtrAcct><Id><Othr><Id>62170000%08d</Id></Othr></Id></DbtrAcct>
        <BrnchId>102100000030</BrnchId>
        <Amt Ccy="CNY">1.25</Amt>
        <EndToEndId>XY%08d</EndToEndId>
        <ChckFlg>CE02</ChckFlg>
      </DbtrDtls>
`, i, i, i, i)
	}
	b.WriteString(content[last:])
	return b.String()
}

func TestGenerated_agrees(t *testing.T) {
	t.Parallel()
	records := read(t, generated(t, 1000), cnaps.Options{})
	if end := records[len(records)-1]; end != (bank.End{Items: 1000}) {
		t.Errorf("got %+v", end)
	}
}

// BenchmarkRead reports items a second, and how many times as long the standard
// decoder takes for the tokens of the same message.
func BenchmarkRead(b *testing.B) {
	const items = 20_000
	content := []byte(generated(b, items))
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	var reading, tokens time.Duration
	for b.Loop() {
		begin := time.Now()
		count := 0
		err := cnaps.Read(b.Context(), bytes.NewReader(content), cnaps.Options{}, func(r bank.Record) error {
			if _, ok := r.(bank.BatchItem); ok {
				count++
			}
			return nil
		})
		reading += time.Since(begin)
		if err != nil || count != items {
			b.Fatal(count, err)
		}
		begin = time.Now()
		for d := xml.NewDecoder(bytes.NewReader(content)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
		tokens += time.Since(begin)
	}
	b.ReportMetric(float64(items)*float64(b.N)/reading.Seconds(), "items/s")
	b.ReportMetric(float64(tokens)/float64(reading), "×encoding/xml")
}

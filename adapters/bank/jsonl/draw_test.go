package jsonl_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"twoline/adapters/bank/jsonl"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
)

func lineOf(err error) int {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Line
	}
	return 0
}

func drawText(t *rapid.T, name string) string {
	return rapid.StringOfN(rapid.RuneFrom([]rune("aZ09 \"\\/\n\t\x00王𠮷\u2028")), 0, 8, -1).Draw(t, name)
}

func drawFigure(t *rapid.T, name string) bank.Figure {
	return bank.FigureOf(money.Amount(rapid.Int64Range(0, int64(money.Max)).Draw(t, name)))
}

func drawDay(t *rapid.T, name string) calendar.Day {
	if rapid.Bool().Draw(t, name+" absent") {
		return calendar.Day{}
	}
	return calendar.MustDay("2000-02-29").AddDays(rapid.IntRange(0, 20_000).Draw(t, name))
}

func drawDirection(t *rapid.T) bank.Direction {
	return rapid.SampledFrom([]bank.Direction{bank.Credit, bank.Debit}).Draw(t, "direction")
}

func maybe[T any](t *rapid.T, v T) *T {
	if rapid.Bool().Draw(t, "absent") {
		return nil
	}
	return &v
}

// drawFile draws the records of a whole file, in order.
func drawFile(t *rapid.T) []bank.Record {
	records := []bank.Record{bank.FileHead{
		Format: "x" + drawText(t, "format"), Kind: "statement", MessageID: drawText(t, "message"), Created: drawText(t,
			"created"),
	}}
	var count bank.End
	for s := range rapid.IntRange(0, 2).Draw(t, "statements") {
		records = append(records, bank.StatementHead{
			Index: s, Account: drawText(t, "account"), Currency: drawText(t, "currency"), Number: drawText(t, "number"),
			Page: drawText(t, "page"), From: drawDay(t, "from"), To: drawDay(t, "to"),
			Opening: maybe(t, drawFigure(t, "opening")), Closing: maybe(t, drawFigure(t, "closing")),
			Balanced: maybe(t, rapid.Bool().Draw(t, "balanced")),
		})
		for e := range rapid.IntRange(0, 3).Draw(t, "entries") {
			count.Entries++
			details := rapid.IntRange(0, 2).Draw(t, "details")
			records = append(records, bank.StatementEntry{
				Statement: s, Index: e, Amount: drawFigure(t, "amount"), Direction: drawDirection(t),
				Status:      rapid.SampledFrom([]string{"", "booked", "pending", "info"}).Draw(t, "status"),
				BookingDate: drawDay(t, "booking"), ValueDate: drawDay(t, "value"), BankReference: drawText(t,
					"reference"),
				EndToEndID: drawText(t, "end to end"), BatchID: drawText(t, "batch id"), Reversal: rapid.Bool().Draw(t,
					"reversal"),
				Details: details, Counterparty: drawText(t, "party"), CounterpartyAccount: drawText(t, "account"),
				Text: drawText(t, "text"),
			})
			for d := range details {
				records = append(records, bank.EntryDetail{
					Statement: s, Entry: e, Index: d, Amount: maybe(t, drawFigure(t, "amount")),
					Direction:  drawDirection(t),
					EndToEndID: drawText(t, "end to end"), Counterparty: drawText(t, "party"),
					CounterpartyAccount: drawText(t, "account"), ReturnCode: drawText(t, "code"), Text: drawText(t,
						"text"),
				})
			}
		}
	}
	for b := range rapid.IntRange(0, 2).Draw(t, "batches") {
		records = append(records, bank.BatchHead{
			Index: b, Direction: rapid.SampledFrom([]bank.BatchDirection{
				bank.NoBatchDirection, bank.Payment,
				bank.Collection,
			}).Draw(t, "direction"),
			BatchID: drawText(t, "id"), Count: rapid.IntRange(0, 1_000_000).Draw(t, "count"), Sum: drawFigure(t, "sum"),
			ExecutionDate: drawDay(t, "date"), Account: drawText(t, "account"),
		})
		for i := range rapid.IntRange(0, 2).Draw(t, "items") {
			count.Items++
			records = append(records, bank.BatchItem{
				Batch: b, Index: i, ItemID: drawText(t, "id"), Amount: drawFigure(t, "amount"), Currency: drawText(t,
					"currency"),
				Name: drawText(t, "name"), IDNumber: drawText(t, "id number"), Account: drawText(t, "account"),
				Bank:    drawText(t, "bank"),
				Mandate: drawText(t, "mandate"), SocialNo: drawText(t, "social"), Region: drawText(t, "region"),
				Text: drawText(t, "text"),
			})
		}
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "results") {
		count.Results++
		records = append(records, bank.Result{
			Batch: i, Index: i, Line: rapid.IntRange(0, 9).Draw(t, "line"), ItemID: drawText(t, "id"),
			BatchID:  drawText(t, "batch"),
			SocialNo: drawText(t, "social"), Name: drawText(t, "name"), IDNumber: drawText(t, "id number"),
			Account: drawText(t, "account"),
			Region:  drawText(t, "region"),
			Level:   rapid.SampledFrom([]string{"file", "batch", "item"}).Draw(t, "level"),
			Outcome: rapid.SampledFrom([]bank.Outcome{
				bank.OutcomeUnknown, bank.OutcomePending, bank.OutcomeSucceeded,
				bank.OutcomeFailed,
			}).Draw(t, "outcome"),
			Class: rapid.SampledFrom([]bank.Class{"", bank.ClassBlocked, bank.ClassUnknown}).Draw(t, "class"),
			Code:  drawText(t, "code"), Text: drawText(t, "text"), Amount: maybe(t, drawFigure(t, "amount")),
			BankReference: drawText(t, "reference"), ValueDate: drawDay(t, "value"),
			Status: drawText(t, "status"), MessageID: drawText(t, "message"),
		})
	}
	for range rapid.IntRange(0, 2).Draw(t, "problems") {
		count.Problems++
		records = append(records, bank.Problem{
			Severity: rapid.SampledFrom([]bank.Severity{bank.SeverityError, bank.SeverityWarning}).Draw(t, "severity"),
			Code:     "x" + drawText(t, "code"), Line: rapid.IntRange(0, 9).Draw(t, "line"), Path: drawText(t, "path"),
			Text: drawText(t, "text"),
		})
	}
	return append(records, count)
}

// BenchmarkRead reads a million-line result file's worth of lines; lines/s is
// the figure to look at.
func BenchmarkRead(b *testing.B) {
	const n = 50_000
	text := lines(b, n)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if err := jsonl.Read(b.Context(), strings.NewReader(text), func(bank.Record) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

func BenchmarkWrite(b *testing.B) {
	const n = 50_000
	records, err := read(b.Context(), lines(b, n))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		write(b, records)
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

func lines(b *testing.B, n int) string {
	b.Helper()
	amount := bank.FigureOf(10000)
	records := []bank.Record{bank.FileHead{Format: "jsonl", Kind: "result"}}
	for i := range n {
		records = append(records, bank.Result{
			Index: i, ItemID: "0198c0f0-0000-7000-8000-000000000001", Level: "item", Outcome: bank.OutcomeSucceeded,
			Class: bank.ClassSuccess, Code: "0000", Text: "成功", Amount: &amount, BankReference: "R0000001",
			ValueDate: calendar.MustDay("2026-11-25"),
		})
	}
	return write(b, append(records, bank.End{Results: n}))
}

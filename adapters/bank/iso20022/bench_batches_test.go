package iso20022_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"twoline/adapters/bank/iso20022"
	"twoline/gateway/bank"
)

// measure reads a file of n records of one kind, and then lets the standard
// decoder do the same, element by element.
func measure[T any](b *testing.B, file []byte, n int, counts func(bank.Record) bool, name string, make func(*T) bank.Record) {
	b.Helper()
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	begun := cpu(b)
	for b.Loop() {
		found := 0
		err := iso20022.Read(b.Context(), bytes.NewReader(file), func(r bank.Record) error {
			if counts(r) {
				found++
			}
			return nil
		})
		if err != nil || found != n {
			b.Fatal(found, err)
		}
	}
	b.StopTimer()
	own := (cpu(b) - begun) / time.Duration(b.N)
	b.ReportMetric(float64(n)/own.Seconds(), "records/s")

	started := cpu(b)
	found := 0
	d := xml.NewDecoder(bytes.NewReader(file))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			b.Fatal(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != name {
			continue
		}
		var v T
		if err := d.DecodeElement(&v, &start); err != nil {
			b.Fatal(err)
		}
		if counts(make(&v)) {
			found++
		}
	}
	if found != n {
		b.Fatal(found)
	}
	b.ReportMetric((cpu(b)-started).Seconds()/own.Seconds(), "x-encoding/xml")
}

// BenchmarkReadPayments reads a pay run of 100 000 instructions, twice as every
// file of instructions, beside the same fields read once by encoding/xml.
func BenchmarkReadPayments(b *testing.B) {
	const n = 100_000
	sum := decimal.Zero
	measure(b, generatedPayments(n), n, func(r bank.Record) bool { _, ok := r.(bank.BatchItem); return ok }, "CdtTrfTxInf",
		func(o *oracleOrder) bank.Record {
			f, err := bank.ParseFigure(o.Instd.Text)
			if err != nil {
				b.Fatal(err)
			}
			sum = sum.Add(decimal.RequireFromString(o.Instd.Text))
			return bank.BatchItem{
				ItemID: provided(o.ID, o.InstrID), Amount: f, Currency: o.Instd.Ccy, Name: o.Cdtr, Account: o.CdtrAcc.text(),
				Bank: provided(o.CdtrAgt.Member), Text: o.Ustrd[0],
			}
		})
	if !sum.Equal(decimal.New(n*12510, -2)) {
		b.Fatal(sum)
	}
}

// oracleAnswer is what the standard decoder reads of an answer.
type oracleAnswer struct {
	ID      string         `xml:"OrgnlEndToEndId"`
	Status  string         `xml:"TxSts"`
	Reason  []oracleReason `xml:"StsRsnInf"`
	Ref     string         `xml:"AcctSvcrRef"`
	Amount  oracleAmount   `xml:"OrgnlTxRef>Amt>InstdAmt"`
	Day     string         `xml:"OrgnlTxRef>IntrBkSttlmDt"`
	Name    string         `xml:"OrgnlTxRef>Cdtr>Pty>Nm"`
	Account oracleAccount  `xml:"OrgnlTxRef>CdtrAcct"`
}

// BenchmarkReadAnswers reads a status report of 100 000 answers.
func BenchmarkReadAnswers(b *testing.B) {
	const n = 100_000
	measure(b, generatedAnswers(n), n,
		func(r bank.Record) bool { v, ok := r.(bank.Result); return ok && v.Level == "item" }, "TxInfAndSts",
		func(o *oracleAnswer) bank.Record {
			f, err := bank.ParseFigure(o.Amount.Text)
			if err != nil {
				b.Fatal(err)
			}
			code, text := reasons(o.Reason)
			return bank.Result{
				Level: "item", ItemID: o.ID, Status: o.Status, Code: code, Text: text, Amount: &f, BankReference: o.Ref,
				Name: o.Name, Account: o.Account.text(),
			}
		})
}

// BenchmarkWritePayments writes a pay run of 100 000 instructions: once to prove
// and count, once to write.
func BenchmarkWritePayments(b *testing.B) {
	const n = 100_000
	var records []bank.Record
	err := iso20022.Read(b.Context(), bytes.NewReader(generatedPayments(n)), func(r bank.Record) error {
		records = append(records, r)
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	begun := cpu(b)
	for b.Loop() {
		if err := iso20022.WriteBatches(io.Discard, options(iso20022.CreditTransfer2019), each(records)); err != nil {
			b.Fatal(err)
		}
	}
	own := (cpu(b) - begun) / time.Duration(b.N)
	b.ReportMetric(float64(n)/own.Seconds(), "records/s")
}

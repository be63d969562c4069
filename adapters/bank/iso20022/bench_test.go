package iso20022_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"twoline/adapters/bank/iso20022"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
)

// generated is a statement of n booked credits of 1.25 that closes, some 700
// bytes an entry.
func generated(n int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">
<BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-11-25T08:00:00</CreDtTm></GrpHdr>
<Stmt><Id>S1</Id><ElctrncSeqNb>7</ElctrncSeqNb><Acct><Id><Othr><Id>6100001</Id></Othr></Id><Ccy>CNY</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">1000.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">%d.%02d</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>
`, 1000+n*125/100, n*125%100)
	for i := range n {
		fmt.Fprintf(&b, `<Ntry>
  <Amt Ccy="CNY">1.25</Amt>
  <CdtDbtInd>CRDT</CdtDbtInd>
  <Sts><Cd>BOOK</Cd></Sts>
  <BookgDt><Dt>2026-11-25</Dt></BookgDt>
  <ValDt><Dt>2026-11-25</Dt></ValDt>
  <AcctSvcrRef>REF%09d</AcctSvcrRef>
  <BkTxCd><Prtry><Cd>NOTPROVIDED</Cd></Prtry></BkTxCd>
  <NtryDtls><TxDtls>
    <Refs><EndToEndId>E2E%012d</EndToEndId></Refs>
    <RltdPties><Dbtr><Pty><Nm>参保人%d</Nm></Pty></Dbtr>
    <DbtrAcct><Id><Othr><Id>62170000%08d</Id></Othr></Id></DbtrAcct></RltdPties>
    <RmtInf><Ustrd>城乡居民养老保险 %d</Ustrd></RmtInf>
  </TxDtls></NtryDtls>
</Ntry>
`, i, i, i, i, i)
	}
	b.WriteString("</Stmt></BkToCstmrStmt></Document>\n")
	return b.Bytes()
}

// oracleEntry is what the standard decoder reads of an entry: the fields that
// Read takes.
type oracleEntry struct {
	Amt       oracleAmount `xml:"Amt"`
	CdtDbtInd string       `xml:"CdtDbtInd"`
	RvslInd   bool         `xml:"RvslInd"`
	Sts       struct {
		Text  string `xml:",chardata"`
		Cd    string `xml:"Cd"`
		Prtry string `xml:"Prtry"`
	} `xml:"Sts"`
	BookgDt     oracleDate     `xml:"BookgDt"`
	ValDt       oracleDate     `xml:"ValDt"`
	AcctSvcrRef string         `xml:"AcctSvcrRef"`
	PmtInfID    []string       `xml:"NtryDtls>Btch>PmtInfId"`
	Details     []oracleDetail `xml:"NtryDtls>TxDtls"`
	Text        string         `xml:"AddtlNtryInf"`
}

type oracleAmount struct {
	Ccy  string `xml:"Ccy,attr"`
	Text string `xml:",chardata"`
}

type oracleDate struct {
	Dt   string `xml:"Dt"`
	DtTm string `xml:"DtTm"`
}

type oracleParty struct {
	Nm      string `xml:"Nm"`
	PtyNm   string `xml:"Pty>Nm"`
	AgentNm string `xml:"Agt>FinInstnId>Nm"`
}

type oracleAccount struct {
	IBAN string `xml:"Id>IBAN"`
	Othr string `xml:"Id>Othr>Id"`
	// Prtry stands in version .01 only.
	Prtry string `xml:"Id>PrtryAcct>Id"`
}

type oracleDetail struct {
	AcctSvcrRef string        `xml:"Refs>AcctSvcrRef"`
	EndToEndID  string        `xml:"Refs>EndToEndId"`
	PmtInfID    string        `xml:"Refs>PmtInfId"`
	Amt         *oracleAmount `xml:"Amt"`
	InstdAmt    *oracleAmount `xml:"AmtDtls>InstdAmt>Amt"`
	TxAmt       *oracleAmount `xml:"AmtDtls>TxAmt>Amt"`
	CdtDbtInd   string        `xml:"CdtDbtInd"`
	Dbtr        oracleParty   `xml:"RltdPties>Dbtr"`
	DbtrAcct    oracleAccount `xml:"RltdPties>DbtrAcct"`
	Cdtr        oracleParty   `xml:"RltdPties>Cdtr"`
	CdtrAcct    oracleAccount `xml:"RltdPties>CdtrAcct"`
	Ustrd       []string      `xml:"RmtInf>Ustrd"`
	Ref         []string      `xml:"RmtInf>Strd>CdtrRefInf>Ref"`
	RtrCd       string        `xml:"RtrInf>Rsn>Cd"`
	RtrPrtry    string        `xml:"RtrInf>Rsn>Prtry"`
	AddtlTxInf  string        `xml:"AddtlTxInf"`
}

// record makes the record of an entry that is a credit of one detail.
func (e *oracleEntry) record(tb testing.TB, index int) bank.StatementEntry {
	tb.Helper()
	f, err := bank.ParseFigure(e.Amt.Text)
	if err != nil {
		tb.Fatal(err)
	}
	only := e.Details[0]
	return bank.StatementEntry{
		Index: index, Amount: f, Direction: bank.Credit, Status: map[string]string{"BOOK": "booked"}[e.Sts.Cd],
		BookingDate: calendar.MustDay(e.BookgDt.Dt), ValueDate: calendar.MustDay(e.ValDt.Dt),
		BankReference: e.AcctSvcrRef,
		EndToEndID:    only.EndToEndID, BatchID: strings.Join(e.PmtInfID, ""), Reversal: e.RvslInd,
		Details:      len(e.Details),
		Counterparty: only.Dbtr.PtyNm, CounterpartyAccount: only.DbtrAcct.Othr, Text: only.Ustrd[0],
	}
}

func oracle(r io.Reader, each func(oracleEntry) error) error {
	d := xml.NewDecoder(r)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "Ntry" {
			continue
		}
		var e oracleEntry
		if err := d.DecodeElement(&e, &start); err != nil {
			return err
		}
		if err := each(e); err != nil {
			return err
		}
	}
}

func TestRead_agreesWithTheStandardDecoder(t *testing.T) {
	t.Parallel()
	file := generated(500)
	var want []oracleEntry
	if err := oracle(bytes.NewReader(file), func(e oracleEntry) error {
		want = append(want,
			e)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	records := read(t, bytes.NewReader(file))
	i := 0
	for _, r := range records {
		got, ok := r.(bank.StatementEntry)
		if !ok {
			continue
		}
		if diff := cmp.Diff(want[i].record(t, i), got, cmpFigures()); diff != "" {
			t.Fatalf("entry %d (-standard decoder, +got):\n%s", i, diff)
		}
		i++
	}
	if i != len(want) {
		t.Errorf("%d entries, the standard decoder %d", i, len(want))
	}
	head, ok := records[1].(bank.StatementHead)
	if !ok || head.Balanced == nil || !*head.Balanced {
		t.Errorf("the generated statement closes, got %+v", records[1])
	}
}

// cpu is the processor time used so far, so that ratios hold on a busy machine.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkRead reads a statement of 100 000 entries, beside the same fields by
// encoding/xml and beside the cut at the entry element alone, which is the limit.
func BenchmarkRead(b *testing.B) {
	const n = 100_000
	file := generated(n)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	begun := cpu(b)
	for b.Loop() {
		entries := 0
		err := iso20022.Read(b.Context(), bytes.NewReader(file), func(r bank.Record) error {
			if _, ok := r.(bank.StatementEntry); ok {
				entries++
			}
			return nil
		})
		if err != nil || entries != n {
			b.Fatal(entries, err)
		}
	}
	b.StopTimer()
	own := (cpu(b) - begun) / time.Duration(b.N)
	b.ReportMetric(float64(n)/own.Seconds(), "entries/s")

	started := cpu(b)
	sum := decimal.Zero
	err := oracle(bytes.NewReader(file), func(e oracleEntry) error {
		r := e.record(b, 0)
		sum = sum.Add(decimal.RequireFromString(r.Amount.String()))
		return nil
	})
	if err != nil || !sum.Equal(decimal.New(n*125, -2)) {
		b.Fatal(sum, err)
	}
	b.ReportMetric((cpu(b)-started).Seconds()/own.Seconds(), "x-encoding/xml")

	started = cpu(b)
	const rounds = 5
	for range rounds {
		found := 0
		for rest := file; ; found++ {
			_, after, ok := bytes.Cut(rest, []byte("<Ntry>"))
			if !ok {
				break
			}
			rest = after
		}
		if found != n {
			b.Fatal(found)
		}
	}
	b.ReportMetric((cpu(b)-started).Seconds()/rounds/own.Seconds(), "of-raw-scan")
}

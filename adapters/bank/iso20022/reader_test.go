package iso20022_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/bank/gb18030"
	"twoline/adapters/bank/iso20022"
	"twoline/adapters/bank/iso20022/xmlscan"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
)

// cmpFigures compares figures and days by their fields.
func cmpFigures() cmp.Option {
	return cmp.AllowUnexported(bank.Figure{}, calendar.Day{})
}

func read(t *testing.T, r io.Reader) []bank.Record {
	t.Helper()
	records, err := try(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func try(ctx context.Context, r io.Reader) ([]bank.Record, error) {
	var records []bank.Record
	err := iso20022.Read(ctx, r, func(r bank.Record) error {
		records = append(records, r)
		return nil
	})
	return records, err
}

func golden(tb testing.TB, name string) string {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return string(raw)
}

func figure(s string) bank.Figure {
	f, err := bank.ParseFigure(s)
	if err != nil {
		panic(err)
	}
	return f
}

// wanted is what the statement of testdata holds, whatever its version.
func wanted(format string) []bank.Record {
	day := calendar.MustDay("2026-11-25")
	return []bank.Record{
		bank.FileHead{Format: format, Kind: "statement", MessageID: "MSG-2", Created: "2026-11-25T18:00:00+08:00"},
		bank.StatementHead{
			Account: "6100001", Currency: "CNY", Number: "7", Page: "1", From: day, To: day,
			Opening: new(figure("1000.00")), Closing: new(figure("-487.50")), Balanced: new(true),
		},
		bank.StatementEntry{
			Amount: figure("12.50"), Direction: bank.Credit, Status: "booked", BookingDate: day,
			ValueDate:     day.AddDays(1),
			BankReference: "REF-1", BatchID: "BATCH-1", Details: 2,
		},
		bank.EntryDetail{
			Amount: new(figure("6.25")), Direction: bank.Credit, EndToEndID: "E-1", Counterparty: "王小明 & 李",
			CounterpartyAccount: "62170001", Text: "养老 保险",
		},
		bank.EntryDetail{Index: 1, Amount: new(figure("6.25")), Direction: bank.Credit, Text: "RF18"},
		bank.StatementEntry{
			Index: 1, Amount: figure("2000.00"), Direction: bank.Debit, Status: "booked", BookingDate: day,
			BatchID: "BATCH-2", Text: "lump",
		},
		bank.StatementEntry{
			Index: 2, Amount: figure("500"), Direction: bank.Credit, Status: "booked", Reversal: true,
			BankReference: "REF-3",
			EndToEndID:    "E-3", BatchID: "BATCH-0", Details: 1, Counterparty: "赵",
			CounterpartyAccount: "CH9300762011623852957",
			Text:                "退票",
		},
		bank.EntryDetail{
			Entry: 2, Direction: bank.Credit, EndToEndID: "E-3", Counterparty: "赵",
			CounterpartyAccount: "CH9300762011623852957", ReturnCode: "AC04", Text: "退票",
		},
		bank.StatementEntry{Index: 3, Amount: figure("100.00"), Direction: bank.Credit, Status: "pending"},
		bank.End{Entries: 4},
	}
}

func TestRead_theSameStatementInThreeVersions(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"camt.053.001.02", "camt.053.001.04", "camt.053.001.08"} {
		got, want := read(t, strings.NewReader(golden(t, format+".xml"))), wanted(format)
		if format == "camt.053.001.04" {
			// This version demands an amount of every detail.
			returned, _ := want[7].(bank.EntryDetail)
			returned.Amount = new(figure("500"))
			want[7] = returned
		}
		if diff := cmp.Diff(want, got, cmpFigures()); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", format, diff)
		}
	}
}

func TestRead_theSameStatementInOddClothes(t *testing.T) {
	t.Parallel()
	file := golden(t, "camt.053.001.08.xml")
	const namespace, declaration = ` xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"`, `encoding="UTF-8"`
	prefixed := strings.NewReplacer("</", "</ns2:", "<?", "<?", "<", "<ns2:").Replace(file)
	prefixed = strings.Replace(prefixed, "<ns2:Document xmlns=", "<ns2:Document xmlns:ns2=", 1)
	gb, err := gb18030.New(gb18030.GB18030).Encode(nil, strings.Replace(file, declaration, `encoding="gb18030"`, 1))
	if err != nil {
		t.Fatal(err)
	}
	commented := strings.NewReplacer("<TxDtls>", "<TxDtls><!-- </TxDtls> -->", "BATCH-1", "<![CDATA[BATCH-1]]>",
		"REF-1", "REF<!-- x -->-1", "<Btch>", "<?pi x?><Btch>").Replace(file)
	wrapped := strings.NewReplacer("<Document", "<Envelope><AppHdr><Fr>x</Fr></AppHdr><Document", "</Document>",
		"</Document></Envelope>").Replace(file)
	for name, tt := range map[string]struct {
		give   string
		format string
	}{
		"prefix":          {prefixed, "camt.053.001.08"},
		"no namespace":    {strings.Replace(file, namespace, "", 1), "camt.053"},
		"wrong namespace": {strings.Replace(file, "iso:20022", "iso:20023", 1), "camt.053.001.08"},
		"strange one":     {strings.Replace(file, namespace, ` xmlns="urn:x"`, 1), "camt.053"},
		"another message": {strings.Replace(file, "camt.053.001.08", "camt.052.001.08", 1), "camt.053"},
		"byte order mark": {"\uFEFF" + file, "camt.053.001.08"},
		"windows":         {strings.ReplaceAll(file, "\n", "\r\n"), "camt.053.001.08"},
		"no declaration":  {file[strings.Index(file, "?>")+2:], "camt.053.001.08"},
		"one line":        {strings.ReplaceAll(file, "\n", ""), "camt.053.001.08"},
		"gb18030":         {string(gb), "camt.053.001.08"},
		"comments":        {commented, "camt.053.001.08"},
		"envelope":        {wrapped, "camt.053.001.08"},
	} {
		for kind, r := range map[string]io.Reader{
			"seeking": strings.NewReader(tt.give), "streaming": iotest.OneByteReader(strings.NewReader(tt.give)),
		} {
			records, err := try(t.Context(), r)
			if err != nil {
				t.Errorf("%s, %s: %v", name, kind, err)
				continue
			}
			if diff := cmp.Diff(wanted(tt.format), records, cmpFigures()); diff != "" {
				t.Errorf("%s, %s (-want, +got):\n%s", name, kind, diff)
			}
		}
		for n := 500; n < 1000; n += 11 {
			if format, ok := iso20022.Detect([]byte(tt.give)[:n]); !ok || format != tt.format {
				t.Errorf("%s: detected %q, %t by %d bytes", name, format, ok, n)
				break
			}
		}
	}
}

// document wraps statements; statement wraps what follows the account.
func document(statements ...string) string {
	return `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">` +
		`<BkToCstmrStmt><GrpHdr><MsgId>M</MsgId></GrpHdr>` +
		strings.Join(statements, "") + `</BkToCstmrStmt></Document>`
}

func statement(inside string) string {
	return "<Stmt><Acct><Id><Othr><Id>A</Id></Othr></Id><Ccy>CNY</Ccy></Acct>" + inside + "</Stmt>"
}

func balance(code, amount, direction string) string {
	return "<Bal><Tp><CdOrPrtry><Cd>" + code + "</Cd></CdOrPrtry></Tp><Amt Ccy=\"CNY\">" + amount +
		"</Amt><CdtDbtInd>" +
		direction + "</CdtDbtInd></Bal>"
}

func entry(amount, direction, inside string) string {
	return "<Ntry><Amt Ccy=\"CNY\">" + amount + "</Amt><CdtDbtInd>" + direction + "</CdtDbtInd><Sts>BOOK</Sts>" +
		inside + "</Ntry>"
}

func problems(records []bank.Record) []string {
	var codes []string
	for _, r := range records {
		if p, ok := r.(bank.Problem); ok {
			codes = append(codes, string(p.Severity)+" "+p.Code)
		}
	}
	return codes
}

func TestRead_reportsAndNotifications(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string][3]string{
		"camt.052.001.04": {"BkToCstmrAcctRpt", "Rpt", "RptPgntn"},
		"camt.054.001.06": {"BkToCstmrDbtCdtNtfctn", "Ntfctn", "NtfctnPgntn"},
		"camt.052.001.01": {"BkToCstmrAcctRptV01", "Rpt", "RptPgntn"},
		"camt.053.001.13": {"BkToCstmrStmt", "Stmt", "StmtPgntn"},
	} {
		give := fmt.Sprintf(`<Document xmlns="urn:iso:std:iso:20022:tech:xsd:%s">`+
			`<%s><%s><%s><PgNb>3</PgNb></%s>%s</%s></%s></Document>`,
			name, tt[0], tt[1], tt[2], tt[2], entry("1", "CRDT", ""), tt[1], tt[0])
		records := read(t, strings.NewReader(give))
		head, ok := records[1].(bank.StatementHead)
		if records[0] != (bank.FileHead{Format: name, Kind: "statement"}) || !ok || head.Page != "3" ||
			len(records) != 5 {
			t.Errorf("%s: got %+v", name, records)
		}
	}
}

func TestRead_balances(t *testing.T) {
	t.Parallel()
	sum := func(name string) string { return "<TxsSummry>" + name + "</TxsSummry>" }
	for name, tt := range map[string]struct {
		inside            string
		opening, closing  string
		balanced, problem string
	}{
		"previous close opens": {
			balance("PRCD", "5", "CRDT") + balance("CLBD", "6", "CRDT") + entry("1", "CRDT", ""),
			"5.00", "6.00", "true", "",
		},
		"opening wins": {balance("PRCD", "9", "CRDT") + balance("OPBD", "5", "CRDT") + balance("CLBD", "6",
			"CRDT") + entry("1", "CRDT", ""), "5.00", "6.00", "true", ""},
		"available is nothing": {balance("OPAV", "5", "CRDT") + balance("CLAV", "6", "CRDT") + balance("ITBD", "6",
			"CRDT") + entry("1", "CRDT", ""), "", "", "", ""},
		"no closing": {balance("OPBD", "5", "CRDT") + entry("1", "CRDT", ""), "5.00", "", "", ""},
		"debit balances": {
			balance("OPBD", "5", "DBIT") + balance("CLBD", "6", "DBIT") + entry("1", "DBIT", ""),
			"-5.00", "-6.00", "true", "",
		},
		"does not close": {
			balance("OPBD", "5", "CRDT") + balance("CLBD", "7", "CRDT") + entry("1", "CRDT", ""),
			"5.00", "7.00", "false", "error balance",
		},
		"pending moves not": {balance("OPBD", "5", "CRDT") + balance("CLBD", "5", "CRDT") +
			strings.Replace(entry("1", "CRDT", ""), "BOOK", "PDNG", 1), "5.00", "5.00", "true", ""},
		"info moves not": {balance("OPBD", "5", "CRDT") + balance("CLBD", "5", "CRDT") +
			strings.Replace(entry("1", "CRDT", ""), "BOOK", "INFO", 1), "5.00", "5.00", "true", ""},
		"future moves not": {balance("OPBD", "5", "CRDT") + balance("CLBD", "5", "CRDT") +
			strings.Replace(entry("1", "CRDT", ""), "BOOK", "FUTR", 1), "5.00", "5.00", "true", ""},
		"reversal is real": {balance("OPBD", "5", "CRDT") + balance("CLBD", "4", "CRDT") + entry("1", "DBIT",
			"<RvslInd>true</RvslInd>"), "5.00", "4.00", "true", ""},
		"five decimals": {balance("OPBD", "0.1", "CRDT") + balance("CLBD", "0.30001", "CRDT") + entry("0.20001",
			"CRDT", ""), "0.10", "0.30001", "true", ""},
		"beyond an int64": {balance("OPBD", "0", "CRDT") + balance("CLBD", "1", "CRDT") +
			strings.Repeat(entry("999999999999999.99", "CRDT", ""), 99), "0.00", "1.00", "false", "error balance"},
		"sums beyond an int64": {
			balance("OPBD", "0", "CRDT") + balance("CLBD", "2999999999999997.00", "CRDT") +
				strings.Repeat(entry("9999999999999.99", "CRDT", ""), 9300) +
				strings.Repeat(entry("9999999999999.99", "DBIT", ""), 9000),
			"0.00", "2999999999999997.00", "true", "",
		},
		"same balance twice": {balance("OPBD", "5", "CRDT") + balance("OPBD", "5", "CRDT") + balance("CLBD", "5",
			"CRDT"), "5.00", "5.00", "true", ""},
		"two openings": {balance("OPBD", "5", "CRDT") + balance("OPBD", "6", "CRDT") + balance("CLBD", "5",
			"CRDT"), "", "5.00", "", "error balance_repeated"},
		"another currency": {balance("OPBD", "5", "CRDT") + strings.Replace(entry("1", "CRDT", ""), "CNY", "SEK",
			1), "5.00", "", "", "error currency"},
		"summary of all": {sum("<TtlNtries><NbOfNtries>2</NbOfNtries></TtlNtries>") + entry("1", "CRDT", "") +
			strings.Replace(entry("1", "CRDT", ""), "BOOK", "PDNG", 1), "", "", "", ""},
		"summary of booked": {sum("<TtlNtries><NbOfNtries>1</NbOfNtries></TtlNtries>") + entry("1", "CRDT", "") +
			strings.Replace(entry("1", "CRDT", ""), "BOOK", "PDNG", 1), "", "", "", ""},
	} {
		records := read(t, strings.NewReader(document(statement(tt.inside))))
		head, ok := records[1].(bank.StatementHead)
		if !ok {
			t.Fatal(records[1])
		}
		text := func(f *bank.Figure) string {
			if f == nil {
				return ""
			}
			return f.String()
		}
		balanced := ""
		if head.Balanced != nil {
			balanced = fmt.Sprint(*head.Balanced)
		}
		got := []string{text(head.Opening), text(head.Closing), balanced, strings.Join(problems(records), ", ")}
		if diff := cmp.Diff([]string{tt.opening, tt.closing, tt.balanced, tt.problem}, got); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", name, diff)
		}
	}
}

func TestF112_summariesThatDisagree(t *testing.T) {
	t.Parallel()
	for _, spoil := range []string{
		"<TtlNtries><NbOfNtries>4</NbOfNtries></TtlNtries>", "<TtlCdtNtries><NbOfNtries>1</NbOfNtries></TtlCdtNtries>",
		"<TtlDbtNtries><NbOfNtries>0</NbOfNtries></TtlDbtNtries>", "<TtlCdtNtries><Sum>2.99</Sum></TtlCdtNtries>",
		"<TtlDbtNtries><Sum>x</Sum></TtlDbtNtries>",
	} {
		records := read(t, strings.NewReader(document(statement("<TxsSummry>"+spoil+"</TxsSummry>"+
			entry("1", "CRDT", "")+entry("2", "CRDT", "")+entry("4", "DBIT", "")))))
		if diff := cmp.Diff([]string{"error control_total"}, problems(records)); diff != "" {
			t.Errorf("%s: %s", spoil, diff)
		}
		if end := records[len(records)-1]; end != (bank.End{Entries: 3, Problems: 1}) {
			t.Errorf("%s: the rest is still read, got %+v", spoil, end)
		}
	}
}

func TestRead_entries(t *testing.T) {
	t.Parallel()
	details := func(all ...string) string {
		return "<NtryDtls><TxDtls>" + strings.Join(all, "</TxDtls><TxDtls>") + "</TxDtls></NtryDtls>"
	}
	id := func(s string) string { return "<Refs><EndToEndId>" + s + "</EndToEndId></Refs>" }
	amount := func(s string) string { return `<Amt Ccy="CNY">` + s + "</Amt>" }
	base := bank.StatementEntry{Amount: figure("3"), Direction: bank.Credit, Status: "booked"}
	with := func(change func(*bank.StatementEntry)) bank.StatementEntry {
		e := base
		change(&e)
		return e
	}
	for name, tt := range map[string]struct {
		inside  string
		want    bank.StatementEntry
		problem string
	}{
		"nothing more": {"", base, ""},
		"one detail": {details(id("X")), with(func(e *bank.StatementEntry) {
			e.Details, e.EndToEndID = 1,
				"X"
		}), ""},
		"two details": {details(id("X"), id("X")), with(func(e *bank.StatementEntry) { e.Details = 2 }), ""},
		"two lists": {
			details(id("X")) + details(id("Y")),
			with(func(e *bank.StatementEntry) { e.Details = 2 }), "",
		},
		"not provided": {details(id(" NOTPROVIDED ")), with(func(e *bank.StatementEntry) { e.Details = 1 }), ""},
		"old batch place": {
			"<Btch><PmtInfId>B</PmtInfId></Btch>",
			with(func(e *bank.StatementEntry) { e.BatchID = "B" }), "",
		},
		"batch, no details": {
			"<NtryDtls><Btch><PmtInfId>B</PmtInfId></Btch></NtryDtls>",
			with(func(e *bank.StatementEntry) { e.BatchID = "B" }), "",
		},
		"batch of details": {
			details("<Refs><PmtInfId>B</PmtInfId></Refs>", "<Refs><PmtInfId>B</PmtInfId></Refs>"),
			with(func(e *bank.StatementEntry) { e.Details, e.BatchID = 2, "B" }), "",
		},
		"batches of details": {
			details("<Refs><PmtInfId>B</PmtInfId></Refs>", "<Refs><PmtInfId>C</PmtInfId></Refs>"),
			with(func(e *bank.StatementEntry) { e.Details = 2 }), "",
		},
		"batch of one detail": {
			details("<Refs><PmtInfId>B</PmtInfId></Refs>", "<Refs/>"),
			with(func(e *bank.StatementEntry) { e.Details = 2 }), "",
		},
		"two batches": {
			"<NtryDtls><Btch><PmtInfId>B</PmtInfId></Btch></NtryDtls>" +
				"<NtryDtls><Btch><PmtInfId>C</PmtInfId></Btch></NtryDtls>",
			base, "warning batch_differs",
		},
		"thirtieth of February": {"<BookgDt><Dt>2026-02-30</Dt></BookgDt>", base, "error date"},
		"zone of a date": {
			"<BookgDt><Dt>2017-07-10+02:00</Dt></BookgDt>",
			with(func(e *bank.StatementEntry) { e.BookingDate = calendar.MustDay("2017-07-10") }), "",
		},
		"details make it up": {
			details(amount("1")+id("X"), amount("2")+id("Y")),
			with(func(e *bank.StatementEntry) { e.Details = 2 }), "",
		},
		"details do not": {
			details(amount("1"), amount("1")),
			with(func(e *bank.StatementEntry) { e.Details = 2 }), "warning detail_total",
		},
		"but for charges": {"<Chrgs><TtlChrgsAndTaxAmt>1</TtlChrgsAndTaxAmt></Chrgs>" + details(amount("1"),
			amount("1")), with(func(e *bank.StatementEntry) { e.Details = 2 }), ""},
		"one without amount": {
			details(amount("1"), id("Y")), with(func(e *bank.StatementEntry) { e.Details = 2 }),
			"",
		},
		"in another currency": {
			details(`<Amt Ccy="USD">1</Amt>`),
			with(func(e *bank.StatementEntry) { e.Details = 1 }), "",
		},
		"details against it": {
			details(amount("4"), amount("1")+"<CdtDbtInd>DBIT</CdtDbtInd>"),
			with(func(e *bank.StatementEntry) { e.Details = 2 }), "",
		},
		"reversal as a number": {"<RvslInd>1</RvslInd>", with(func(e *bank.StatementEntry) { e.Reversal = true }), ""},
	} {
		records := read(t, strings.NewReader(document(statement(entry("3", "CRDT", tt.inside)))))
		if diff := cmp.Diff(bank.Record(tt.want), records[2], cmpFigures()); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", name, diff)
		}
		if got := strings.Join(problems(records), ", "); got != tt.problem {
			t.Errorf("%s: problems %q, want %q", name, got, tt.problem)
		}
	}
	unknown := strings.Replace(entry("3", "CRDT", ""), "<Sts>BOOK</Sts>", "<Sts><Prtry>ODD</Prtry></Sts>", 1)
	records := read(t, strings.NewReader(document(statement(balance("OPBD", "0", "CRDT")+balance("CLBD", "0",
		"CRDT")+unknown))))
	if diff := cmp.Diff([]string{"error status"}, problems(records)); diff != "" {
		t.Error(diff)
	}
}

func TestF99_brokenStatementsAreRefused(t *testing.T) {
	t.Parallel()
	whole := document(statement(entry("1.00", "CRDT", "<NtryDtls><TxDtls><Amt>1.00</Amt></TxDtls></NtryDtls>")))
	swap := func(from, to string) string {
		if !strings.Contains(whole, from) {
			t.Fatalf("%q is not in the statement", from)
		}
		return strings.Replace(whole, from, to, 1)
	}
	if _, err := try(t.Context(), strings.NewReader(whole)); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		give string
		want error
	}{
		"empty":             {"", xmlscan.ErrMalformed},
		"not a statement":   {`<Document><FIToFICstmrCdtTrf/></Document>`, iso20022.ErrMessage},
		"no document":       {`<BkToCstmrStmt/>`, iso20022.ErrMessage},
		"no message":        {`<Document/>`, iso20022.ErrMessage},
		"no statement":      {document(), iso20022.ErrStructure},
		"two messages":      {swap("</BkToCstmrStmt>", "</BkToCstmrStmt><BkToCstmrAcctRpt/>"), iso20022.ErrRepeated},
		"message twice":     {swap("</BkToCstmrStmt>", "</BkToCstmrStmt><BkToCstmrStmt/>"), iso20022.ErrRepeated},
		"two documents":     {"<E>" + whole + whole + "</E>", iso20022.ErrRepeated},
		"two roots":         {whole + whole, xmlscan.ErrMalformed},
		"text after":        {whole + "x", xmlscan.ErrMalformed},
		"cut":               {whole[:len(whole)-3], xmlscan.ErrMalformed},
		"cut in an entry":   {whole[:strings.Index(whole, "</Ntry>")], xmlscan.ErrMalformed},
		"crossed tags":      {swap("</TxDtls></NtryDtls>", "</NtryDtls></TxDtls>"), xmlscan.ErrMalformed},
		"bad entity":        {swap("<MsgId>M", "<MsgId>&nbsp;"), xmlscan.ErrMalformed},
		"amount twice":      {swap("<Sts>", "<Amt>9.00</Amt><Sts>"), iso20022.ErrRepeated},
		"direction twice":   {swap("<Sts>", "<CdtDbtInd>DBIT</CdtDbtInd><Sts>"), iso20022.ErrRepeated},
		"account twice":     {swap("<Ntry>", "<Acct/><Ntry>"), iso20022.ErrRepeated},
		"detail's amount":   {swap("<Amt>1.00</Amt>", "<Amt>1.00</Amt><Amt>2.00</Amt>"), iso20022.ErrRepeated},
		"no direction":      {swap("<CdtDbtInd>CRDT</CdtDbtInd>", ""), iso20022.ErrStructure},
		"another direction": {swap("CRDT", "CREDIT"), iso20022.ErrStructure},
		"too deep": {
			swap("<Ntry>", strings.Repeat("<x>", 40)+strings.Repeat("</x>", 40)+"<Ntry>"),
			xmlscan.ErrDepth,
		},
		"very deep":         {strings.Repeat("<x>", 200_000), xmlscan.ErrDepth},
		"balance direction": {document(statement(balance("OPBD", "1", "PLUS"))), iso20022.ErrStructure},
		"two entries' sum in a detail that hides": {
			document(statement(entry("1.00", "CRDT", "<NtryDtls><TxDtls><Amt>x</Amt></TxDtls></NtryDtls>"))),
			iso20022.ErrAmount,
		},
	} {
		records, err := try(t.Context(), strings.NewReader(tt.give))
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
		for _, r := range records {
			if _, ok := r.(bank.End); ok {
				t.Errorf("%s: an end was given out for a file that was refused", name)
			}
		}
	}
	_, err := try(t.Context(), strings.NewReader(strings.Replace(document(statement("\n\n"+entry("x", "CRDT", ""))),
		"", "", 1)))
	var f *fault.Error
	if !errors.As(err, &f) || f.Line != 3 {
		t.Errorf("got %v, want line 3", err)
	}
}

func TestF100_doctypeIsRefused(t *testing.T) {
	t.Parallel()
	give := `<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + document(statement(entry("1", "CRDT",
		"<AddtlNtryInf>&x;</AddtlNtryInf>")))
	if _, err := try(t.Context(), strings.NewReader(give)); !errors.Is(err, xmlscan.ErrDoctype) {
		t.Errorf("got %v, want ErrDoctype", err)
	}
}

func TestF101_bytesThatAreNoTextAreRefused(t *testing.T) {
	t.Parallel()
	plain := document(statement(entry("1", "CRDT", "<AddtlNtryInf>\xCD\xF5</AddtlNtryInf>")))
	for declared, want := range map[string]bool{
		"": false, "utf-8": false, "gb18030": true, "gbk": true,
		"iso-8859-1": true, "utf-16": false,
	} {
		give := plain
		if declared != "" {
			give = `<?xml version="1.0" encoding="` + declared + `"?>` + plain
		}
		records, err := try(t.Context(), strings.NewReader(give))
		if (err == nil) != want || err != nil && !errors.Is(err, xmlscan.ErrCharset) {
			t.Errorf("%q: got %v", declared, err)
		}
		if err != nil || declared == "iso-8859-1" {
			continue
		}
		if e, ok := records[2].(bank.StatementEntry); !ok || e.Text != "王" {
			t.Errorf("%q: got %+v", declared, records[2])
		}
	}
	damaged := strings.Replace(plain, "\xCD\xF5", "\xCD\xF5\xFF", 1)
	if _, err := try(t.Context(),
		strings.NewReader(`<?xml version="1.0" encoding="gb18030"?>`+damaged)); !errors.Is(err, xmlscan.ErrCharset) {
		t.Errorf("got %v, want ErrCharset", err)
	}
}

func TestF108_amounts(t *testing.T) {
	t.Parallel()
	for give, want := range map[string]string{
		"0": "0.00", "12.5": "12.50", "+5": "5.00", ".5": "0.50", "5.": "5.00", "000000000000149.87": "149.87",
		"8.85000": "8.85000",
		" 1.00\n": "1.00", "123456789012345678": "123456789012345678.00",
		"-1": "", "": "", "1e3": "", "１２": "", "1,000": "", "4847,37": "", "NaN": "", "1e999999999": "",
		"1234567890123456789": "",
		"0x1":                 "", "1.0.0": "", ".": "", "1 0": "",
	} {
		records, err := try(t.Context(), strings.NewReader(document(statement(entry(give, "CRDT", "")))))
		if want == "" {
			if !errors.Is(err, iso20022.ErrAmount) {
				t.Errorf("%q: got %v, want ErrAmount", give, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", give, err)
			continue
		}
		if e, ok := records[2].(bank.StatementEntry); !ok || e.Amount.String() != want {
			t.Errorf("%q: got %+v, want %s", give, records[2], want)
		}
	}
	for _, code := range []string{"OPBD", "CLBD", "PRCD"} {
		if _, err := try(t.Context(), strings.NewReader(document(statement(balance(code, "-1",
			"CRDT"))))); !errors.Is(err, iso20022.ErrAmount) {
			t.Errorf("%s: got %v, want ErrAmount", code, err)
		}
	}
}

// lump is one entry with n details, as a pay run is booked.
func lump(n int, change string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b,
			`<TxDtls><Refs><PmtInfId>B</PmtInfId><EndToEndId>E%d</EndToEndId></Refs>`+
				`<Amt Ccy="CNY">1.00</Amt></TxDtls>`, i)
	}
	return entry(fmt.Sprint(n)+".00", "DBIT",
		"<AcctSvcrRef>R</AcctSvcrRef><NtryDtls>"+b.String()+change+"</NtryDtls><AddtlNtryInf>after</AddtlNtryInf>")
}

func TestRead_anEntryWithMoreDetailsThanAreHeld(t *testing.T) {
	t.Parallel()
	const n = 5000
	records := read(t, strings.NewReader(document(statement(entry("1", "CRDT", "")+lump(n, "")+entry("2", "CRDT",
		"")))))
	want := bank.StatementEntry{
		Index: 1, Amount: figure("5000.00"), Direction: bank.Debit, Status: "booked", BankReference: "R", BatchID: "B",
		Details: n,
		Text:    "after",
	}
	if diff := cmp.Diff(bank.Record(want), records[3], cmpFigures()); diff != "" {
		t.Error(diff)
	}
	for i := range n {
		d, ok := records[4+i].(bank.EntryDetail)
		if !ok || d.EndToEndID != fmt.Sprintf("E%d", i) || d.Index != i || d.Entry != 1 || d.Direction != bank.Debit ||
			d.Amount == nil {
			t.Fatalf("detail %d: %+v", i, records[4+i])
		}
	}
	if e, ok := records[4+n].(bank.StatementEntry); !ok || e.Index != 2 || len(records) != n+6 {
		t.Errorf("then %+v of %d records", records[4+n], len(records))
	}
	differs := read(t, strings.NewReader(document(statement(lump(n, "<TxDtls><Amt>7</Amt></TxDtls>")))))
	e, ok := differs[2].(bank.StatementEntry)
	if !ok || e.BatchID != "" || e.Details != n+1 {
		t.Errorf("one detail is of no batch, got %+v", e)
	}
	if diff := cmp.Diff([]string{"warning detail_total"}, problems(differs)); diff != "" {
		t.Error(diff)
	}
}

// endless is a statement of n entries that is made while it is read, and can
// seek to its beginning only.
type endless struct {
	n, made int
	open    string
	close   string
	entry   string
	rest    string
}

func (e *endless) Read(p []byte) (int, error) {
	if e.rest == "" {
		switch e.made {
		case 0:
			e.rest = e.open
		case e.n + 1:
			e.rest = e.close
		case e.n + 2:
			return 0, io.EOF
		default:
			e.rest = e.entry
		}
		e.made++
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

func (e *endless) Seek(offset int64, whence int) (int64, error) {
	if offset == 0 && whence == io.SeekStart {
		e.made, e.rest = 0, ""
	}
	return 0, nil
}

// Memory stays the same for any number of entries and for one entry of any number
// of details. Not parallel: it looks at the whole heap.
func TestRead_boundedMemory(t *testing.T) {
	one := entry("1.25", "CRDT", strings.Repeat("<AddtlInfInd/>", 40)+"<AddtlNtryInf>"+strings.Repeat("x",
		200)+"</AddtlNtryInf>")
	whole := document(statement("|"))
	open, after, _ := strings.Cut(whole, "|")
	for name, source := range map[string]*endless{
		"entries": {n: 40_000, open: open, close: after, entry: one},
		"details": {
			n: 250_000, open: open + `<Ntry><Amt>1</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><NtryDtls>`,
			close: "</NtryDtls></Ntry>" + after, entry: "<TxDtls><Refs><EndToEndId>E</EndToEndId></Refs></TxDtls>",
		},
	} {
		var most uint64
		records := 0
		err := iso20022.Read(t.Context(), source, func(bank.Record) error {
			if records++; records%20_000 == 0 {
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
			return nil
		})
		if err != nil || records < source.n || most == 0 || most > 16<<20 {
			t.Errorf("%s: %v, %d records, %d bytes held", name, err, records, most)
		}
	}
}

// changing gives another file when it is read again after the first look at its
// beginning and the first reading.
type changing struct {
	io.Reader
	first, second string
	again         int
}

func (c *changing) Seek(_ int64, whence int) (int64, error) {
	if whence == io.SeekStart {
		c.Reader = strings.NewReader(c.first)
		if c.again++; c.again > 1 {
			c.Reader = strings.NewReader(c.second)
		}
	}
	return 0, nil
}

func changed(first, second string) *changing {
	return &changing{Reader: strings.NewReader(first), first: first, second: second}
}

func TestRead_aFileThatChangesIsRefused(t *testing.T) {
	t.Parallel()
	first := document(statement(entry("1", "CRDT", "")))
	for _, second := range []string{
		document(statement(entry("2", "CRDT", ""))), document(statement(entry("1", "DBIT", ""))),
		document(statement("")),
		document(statement(entry("1", "CRDT", "") + entry("0", "CRDT", ""))), document(statement(entry("1", "CRDT",
			"")), statement("")),
	} {
		if _, err := try(t.Context(), changed(first, second)); !errors.Is(err,
			iso20022.ErrChanged) {
			t.Errorf("got %v, want ErrChanged", err)
		}
	}
}

func TestRead_stopsWithItsContextAndItsReaders(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	file := golden(t, "camt.053.001.08.xml")
	if _, err := try(ctx, strings.NewReader(file)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	err := iso20022.Read(ctx, bytes.NewReader(generated(2000)), func(bank.Record) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	own := errors.New("full")
	if err := iso20022.Read(t.Context(), strings.NewReader(file),
		func(bank.Record) error { return own }); !errors.Is(err, own) {
		t.Errorf("got %v", err)
	}
	if _, err := try(t.Context(), iotest.ErrReader(io.ErrClosedPipe)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
	if _, err := try(t.Context(), io.LimitReader(zeros{}, iso20022.MaxHeld+10)); !errors.Is(err, iso20022.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestDetect_knowsWhatIsNotAStatement(t *testing.T) {
	t.Parallel()
	for _, give := range []string{
		"", ":20:STARTUMSE", "{}", "<a/>", "<Document><FIToFICstmrCdtTrf>", "<!DOCTYPE x>",
		"<a><b><c><d><Document>",
	} {
		if format, ok := iso20022.Detect([]byte(give)); ok {
			t.Errorf("%q: detected %s", give, format)
		}
	}
}

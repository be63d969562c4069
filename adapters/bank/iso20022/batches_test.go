package iso20022_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/bank/iso20022"
	"twoline/adapters/bank/iso20022/xmlscan"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
)

// wantedPayments is what the payments of testdata are, whatever their version.
func wantedPayments(format string) []bank.Record {
	day := calendar.MustDay("2026-11-25")
	return []bank.Record{
		bank.FileHead{
			Format: format, Kind: "batch", MessageID: "PAY-20261125-1", Created: "2026-11-24T16:00:00+08:00",
		},
		bank.BatchHead{
			Direction: bank.Payment, BatchID: "00000007", Count: 2, Sum: figure("350.25"), ExecutionDate: day,
			Account: "6100001",
		},
		bank.BatchItem{
			ItemID: "1000001", Amount: figure("183.10"), Currency: "CNY", Name: "阿依古丽·买买提",
			IDNumber: "11010519491231002X", Account: "6217000012345678", Bank: "403100000004", SocialNo: "610300001",
			Text: "城乡居民养老金 十一月",
		},
		bank.BatchItem{
			Index: 1, ItemID: "I-2", Amount: figure("167.15"), Currency: "CNY", Name: "王 & 李",
			Account: "CH9300762011623852957", Bank: "PSBCCNBJXXX", Text: "RF18",
		},
		bank.BatchHead{
			Index: 1, Direction: bank.Payment, BatchID: "00000008", Count: 1, Sum: figure("10.00"),
			ExecutionDate: day.AddDays(1), Account: "6100002",
		},
		bank.BatchItem{
			Batch: 1, ItemID: "1000003", Amount: figure("10"), Currency: "CNY", Name: "赵铁柱",
			Account: "6217000087654321",
		},
		bank.End{Items: 3},
	}
}

func wantedCollections(format string) []bank.Record {
	return []bank.Record{
		bank.FileHead{Format: format, Kind: "batch", MessageID: "COL-20261125-1", Created: "2026-11-24T16:00:00"},
		bank.BatchHead{
			Direction: bank.Collection, BatchID: "00000009", Count: 2, Sum: figure("300.00"),
			ExecutionDate: calendar.MustDay("2026-11-25"), Account: "6100001",
		},
		bank.BatchItem{
			ItemID: "2000001", Amount: figure("200.00"), Currency: "CNY", Name: "欧阳镕", Account: "6217000000000001",
			Bank: "402100000018", Mandate: "XY-0001", Text: "2026年度缴费",
		},
		bank.BatchItem{
			Index: 1, ItemID: "2000002", Amount: figure("100.0"), Currency: "CNY", Name: "刘喆",
			Account: "6217000000000002",
		},
		bank.End{Items: 2},
	}
}

func TestRead_theSameInstructionsInEveryVersion(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"pain.001.001.03", "pain.001.001.09", "pain.001.001.12"} {
		got := read(t, strings.NewReader(golden(t, format+".xml")))
		if diff := cmp.Diff(wantedPayments(format), got, withoutScale()); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", format, diff)
		}
	}
	for _, format := range []string{"pain.008.001.02", "pain.008.001.08"} {
		got := read(t, strings.NewReader(golden(t, format+".xml")))
		if diff := cmp.Diff(wantedCollections(format), got, withoutScale()); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", format, diff)
		}
	}
}

// What namespaces of real files say of the version, and what they do not.
func TestDetect_everyMessageByItsRootAndNamespace(t *testing.T) {
	t.Parallel()
	const iso, six = "urn:iso:std:iso:20022:tech:xsd:", "http://www.six-interbank-clearing.com/de/"
	for _, tt := range []struct{ message, namespace, want string }{
		{"CstmrCdtTrfInitn", iso + "pain.001.001.03", "pain.001.001.03"},
		{"CstmrCdtTrfInitn", iso + "pain.001.001.08", "pain.001.001.08"},
		{"CstmrCdtTrfInitn", iso + "pain.001.003.03", "pain.001.003.03"},
		{"CstmrCdtTrfInitn", six + "pain.001.001.03.ch.02.xsd", "pain.001.001.03.ch.02"},
		{"CstmrCdtTrfInitn", "urn:iso:std:iso:20023:tech:xsd:pain.001.001.12", "pain.001.001.12"},
		{"CstmrCdtTrfInitn", iso + "pain.008.001.08", "pain.001"},
		{"CstmrCdtTrfInitn", iso + "pain.001.001.031", "pain.001"},
		{"CstmrCdtTrfInitn", iso + "pain.001.1.03", "pain.001"},
		{"CstmrCdtTrfInitn", "", "pain.001"},
		{"CstmrDrctDbtInitn", iso + "pain.008.003.02", "pain.008.003.02"},
		{"CstmrDrctDbtInitn", six + "pain.008.001.02.ch.03.xsd", "pain.008.001.02.ch.03"},
		{"CstmrPmtStsRpt", iso + "pain.002.001.10", "pain.002.001.10"},
		{"CstmrPmtStsRpt", six + "pain.002.001.03.ch.02.xsd", "pain.002.001.03.ch.02"},
		{"PmtRtr", iso + "pacs.004.001.09", "pacs.004.001.09"},
		{"RsltnOfInvstgtn", iso + "camt.029.001.03", "camt.029.001.03"},
		{"BkToCstmrStmt", iso + "camt.053.001.13", "camt.053.001.13"},
		{"FIToFICstmrCdtTrf", iso + "pacs.008.001.08", ""},
	} {
		for _, give := range []string{
			"<Document xmlns='" + tt.namespace + "'><" + tt.message + "><GrpHdr>",
			"\uFEFF<?xml version=\"1.0\"?><!-- x --><p:Document xmlns:p=\"" + tt.namespace + "\"><p:" + tt.message + ">",
			"<Env><AppHdr>x</AppHdr><Document xmlns='" + tt.namespace + "'><" + tt.message + ">",
		} {
			if got, ok := iso20022.Detect([]byte(give)); got != tt.want || ok != (tt.want != "") {
				t.Errorf("%s: detected %q, %t, want %q", give, got, ok, tt.want)
			}
		}
	}
}

func TestRead_theSameInstructionsInOddClothes(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"pain.001.001.09", "pain.008.001.02", "pain.002.001.10", "pacs.004.001.02", "camt.029.001.09"} {
		file := golden(t, format+".xml")
		family := format[:8]
		namespace := ` xmlns="urn:iso:std:iso:20022:tech:xsd:` + format + `"`
		prefixed := strings.NewReplacer("</", "</ns2:", "<?", "<?", "<", "<ns2:").Replace(file)
		for name, tt := range map[string]struct{ give, format string }{
			"prefix":          {strings.Replace(prefixed, "<ns2:Document xmlns=", "<ns2:Document xmlns:ns2=", 1), format},
			"no namespace":    {strings.Replace(file, namespace, "", 1), family},
			"strange one":     {strings.Replace(file, namespace, ` xmlns="urn:x"`, 1), family},
			"byte order mark": {"\uFEFF" + file, format},
			"windows":         {strings.ReplaceAll(file, "\n", "\r\n"), format},
			"comments":        {strings.ReplaceAll(file, "><", "><!-- <Amt/> --><"), format},
			"blanks": {strings.NewReplacer("Id>", "Id>\n\t", "</EndToEndId>", " </EndToEndId>",
				"</OrgnlEndToEndId>", " </OrgnlEndToEndId>", "</MsgId>", "\n</MsgId>").Replace(file), format},
			"envelope": {
				strings.NewReplacer("<Document", "<E><AppHdr/><Document", "</Document>", "</Document></E>").Replace(file),
				format,
			},
		} {
			want := read(t, strings.NewReader(file))
			head, ok := want[0].(bank.FileHead)
			if !ok {
				t.Fatal(want[0])
			}
			head.Format = tt.format
			want[0] = head
			for kind, r := range map[string]io.Reader{
				"seeking": strings.NewReader(tt.give), "streaming": iotest.OneByteReader(strings.NewReader(tt.give)),
			} {
				got, err := try(t.Context(), r)
				if err != nil {
					t.Errorf("%s, %s, %s: %v", format, name, kind, err)
				} else if diff := cmp.Diff(withoutLines(want), withoutLines(got), cmpFigures()); diff != "" {
					t.Errorf("%s, %s, %s (-want, +got):\n%s", format, name, kind, diff)
				}
			}
		}
	}
}

// withoutLines forgets the lines of problems, which a comment may move.
func withoutLines(records []bank.Record) []bank.Record {
	out := make([]bank.Record, 0, len(records))
	for _, r := range records {
		if p, ok := r.(bank.Problem); ok {
			p.Line = 0
			r = p
		}
		out = append(out, r)
	}
	return out
}

// payments wraps batches, payment is a batch of some instructions.
func payments(header string, batches ...string) string {
	return `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn><GrpHdr>` + header +
		"</GrpHdr>" + strings.Join(batches, "") + "</CstmrCdtTrfInitn></Document>"
}

func payment(totals string, instructions ...string) string {
	return "<PmtInf><PmtInfId>B</PmtInfId>" + totals + strings.Join(instructions, "") + "</PmtInf>"
}

func instruction(amount string) string {
	return "<CdtTrfTxInf><PmtId><EndToEndId>E</EndToEndId></PmtId><Amt>" + amount + "</Amt></CdtTrfTxInf>"
}

func inCNY(amount string) string { return `<InstdAmt Ccy="CNY">` + amount + "</InstdAmt>" }

func TestF112_batchTotalsThatDisagree(t *testing.T) {
	t.Parallel()
	one, two := instruction(inCNY("1.10")), instruction(inCNY("2.005"))
	for name, tt := range map[string]struct {
		header, batch string
		want          []string
	}{
		"none":              {"", "", nil},
		"right":             {"<NbOfTxs>002</NbOfTxs><CtrlSum>3.10500</CtrlSum>", "<NbOfTxs>2</NbOfTxs><CtrlSum>3.105</CtrlSum>", nil},
		"count of the file": {"<NbOfTxs>1</NbOfTxs>", "", []string{"message: the number of transactions is said to be \"1\", there are 2"}},
		"sum of the file":   {"<CtrlSum>3.10</CtrlSum>", "", []string{"message: the control sum is said to be \"3.10\", the amounts add up to 3.105"}},
		"count of a batch":  {"", "<NbOfTxs>3</NbOfTxs>", []string{"batch 0: the number of transactions is said to be \"3\", there are 2"}},
		"sum of a batch":    {"", "<CtrlSum>3,105</CtrlSum>", []string{"batch 0: the control sum is said to be \"3,105\", the amounts add up to 3.105"}},
		"all of them": {"<NbOfTxs>x</NbOfTxs><CtrlSum>0</CtrlSum>", "<NbOfTxs>0</NbOfTxs><CtrlSum>-3.105</CtrlSum>", []string{
			"batch 0: the number of transactions is said to be \"0\", there are 2",
			"batch 0: the control sum is said to be \"-3.105\", the amounts add up to 3.105",
			"message: the number of transactions is said to be \"x\", there are 2",
			"message: the control sum is said to be \"0\", the amounts add up to 3.105",
		}},
	} {
		records := read(t, strings.NewReader(payments(tt.header, payment(tt.batch, one, two))))
		var got []string
		for _, r := range records {
			if p, ok := r.(bank.Problem); ok {
				if p.Code != "control_total" || p.Severity != bank.SeverityError {
					t.Errorf("%s: %+v", name, p)
				}
				got = append(got, p.Path+": "+strings.Replace(p.Text, "3.11", "3.105", 1))
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", name, diff)
		}
		head, ok := records[1].(bank.BatchHead)
		if !ok || head.Count != 2 || head.Sum.String() != "3.105" {
			t.Errorf("%s: the batch holds two of 3.105, got %+v", name, records[1])
		}
		if end := records[len(records)-1]; end != (bank.End{Items: 2, Problems: len(tt.want)}) {
			t.Errorf("%s: the rest is still read, got %+v", name, end)
		}
	}
}

func TestRead_instructions(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		batch   string
		day     string
		item    bank.BatchItem
		problem string
	}{
		"text of a day": {
			payment("<ReqdExctnDt>2026-11-25</ReqdExctnDt>", instruction(inCNY("1"))), "2026-11-25",
			bank.BatchItem{ItemID: "E", Amount: figure("1"), Currency: "CNY"},
			"",
		},
		"an instant": {
			payment("<ReqdExctnDt><DtTm>2026-11-25T23:00:00Z</DtTm></ReqdExctnDt>", instruction(inCNY("1"))), "2026-11-25",
			bank.BatchItem{ItemID: "E", Amount: figure("1"), Currency: "CNY"},
			"",
		},
		"thirtieth of February": {
			payment("<ReqdExctnDt>2026-02-30</ReqdExctnDt>", instruction(inCNY("1"))), "",
			bank.BatchItem{ItemID: "E", Amount: figure("1"), Currency: "CNY"},
			"error date",
		},
		"a batch's head after its items": {
			"<PmtInf>" + instruction(inCNY("1")) + "<ReqdExctnDt>2026-11-25</ReqdExctnDt><PmtInfId>B</PmtInfId></PmtInf>",
			"2026-11-25",
			bank.BatchItem{ItemID: "E", Amount: figure("1"), Currency: "CNY"},
			"",
		},
		"the worth of another currency": {
			payment("", instruction(`<EqvtAmt><Amt Ccy="CNY">7</Amt><CcyOfTrf>USD</CcyOfTrf></EqvtAmt>`)), "",
			bank.BatchItem{ItemID: "E", Amount: figure("7"), Currency: "CNY"},
			"warning currency",
		},
		"no currency": {
			payment("", instruction("<InstdAmt>7</InstdAmt>")), "",
			bank.BatchItem{ItemID: "E", Amount: figure("7")},
			"",
		},
		"another scheme is no id number": {
			payment("", strings.Replace(instruction(inCNY("1")), "<Amt>", "<Cdtr><Nm>N</Nm><Id><PrvtId><Othr><Id>1</Id><SchmeNm>"+
				"<Cd>CUST</Cd></SchmeNm></Othr><Othr><Id>2</Id></Othr></PrvtId></Id></Cdtr><Amt>", 1)), "",
			bank.BatchItem{ItemID: "E", Amount: figure("1"), Currency: "CNY", Name: "N"},
			"",
		},
	} {
		records := read(t, strings.NewReader(payments("", tt.batch)))
		head, ok := records[1].(bank.BatchHead)
		if !ok || head.ExecutionDate.String() != tt.day && (tt.day != "" || !head.ExecutionDate.IsZero()) || head.BatchID != "B" {
			t.Errorf("%s: %+v", name, records[1])
		}
		if diff := cmp.Diff(bank.Record(tt.item), records[2], cmpFigures()); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", name, diff)
		}
		if got := strings.Join(problems(records), ", "); got != tt.problem {
			t.Errorf("%s: problems %q, want %q", name, got, tt.problem)
		}
	}
}

func TestF99_brokenInstructionsAreRefused(t *testing.T) {
	t.Parallel()
	whole := payments("<MsgId>M</MsgId>", payment("", instruction(inCNY("1.00"))))
	swap := func(from, to string) string {
		if !strings.Contains(whole, from) {
			t.Fatalf("%q is not in the file", from)
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
		"no header":        {swap("<GrpHdr><MsgId>M</MsgId></GrpHdr>", ""), iso20022.ErrStructure},
		"header at end":    {strings.Replace(swap("<GrpHdr><MsgId>M</MsgId></GrpHdr>", ""), "</PmtInf>", "</PmtInf><GrpHdr/>", 1), iso20022.ErrStructure},
		"no batch":         {payments(""), iso20022.ErrStructure},
		"no instruction":   {payments("", payment("")), iso20022.ErrStructure},
		"no amount":        {payments("", payment("", instruction(""))), iso20022.ErrAmount},
		"empty amount":     {payments("", payment("", instruction(inCNY(" ")))), iso20022.ErrAmount},
		"negative":         {payments("", payment("", instruction(inCNY("-1")))), iso20022.ErrAmount},
		"comma":            {payments("", payment("", instruction(inCNY("4847,37")))), iso20022.ErrAmount},
		"sum of 19 digits": {payments("", payment("", strings.Repeat(instruction(inCNY("999999999999999999")), 2))), iso20022.ErrAmount},
		"amount twice":     {swap("</Amt>", `<InstdAmt Ccy="CNY">2</InstdAmt></Amt>`), iso20022.ErrRepeated},
		"id twice":         {swap("</PmtId>", "<EndToEndId>F</EndToEndId></PmtId>"), iso20022.ErrRepeated},
		"batch id twice":   {swap("<CdtTrfTxInf>", "<PmtInfId>C</PmtInfId><CdtTrfTxInf>"), iso20022.ErrRepeated},
		"two messages":     {swap("</CstmrCdtTrfInitn>", "</CstmrCdtTrfInitn><CstmrDrctDbtInitn/>"), iso20022.ErrRepeated},
		"cut":              {whole[:len(whole)-3], xmlscan.ErrMalformed},
		"crossed tags":     {swap("</Amt></CdtTrfTxInf>", "</CdtTrfTxInf></Amt>"), xmlscan.ErrMalformed},
		"bad entity":       {swap("<EndToEndId>E", "<EndToEndId>&nbsp;"), xmlscan.ErrMalformed},
		"not text":         {swap("<EndToEndId>E", "<EndToEndId>\xFF"), xmlscan.ErrCharset},
		"too deep":         {swap("<PmtInf>", strings.Repeat("<x>", 40)+strings.Repeat("</x>", 40)+"<PmtInf>"), xmlscan.ErrDepth},
		"a very long id":   {swap("<EndToEndId>E", "<EndToEndId>"+strings.Repeat("E", 65<<10)), xmlscan.ErrToken},
		"a very long text": {
			swap("</CdtTrfTxInf>", "<RmtInf>"+strings.Repeat("<Ustrd>"+strings.Repeat("x", 100)+"</Ustrd>", 700)+"</RmtInf></CdtTrfTxInf>"),
			xmlscan.ErrToken,
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
	for _, second := range []string{
		payments("", payment("", instruction(inCNY("2.00")))),
		payments("", payment("", instruction(inCNY("1.00")), instruction(inCNY("0.00")))),
		payments("", payment("", instruction(inCNY("1.00"))), payment("", instruction(inCNY("1.00")))),
	} {
		if _, err := try(t.Context(), changed(whole, second)); !errors.Is(err, iso20022.ErrChanged) {
			t.Errorf("got %v, want ErrChanged", err)
		}
	}
}

func TestF100_doctypeAndEntitiesAreRefusedInEveryMessage(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"pain.001.001.03", "pain.008.001.08", "pain.002.001.03", "pacs.004.001.09", "camt.029.001.09", "camt.053.001.08",
	} {
		file := golden(t, name+".xml")
		_, body, _ := strings.Cut(file, "?>")
		for _, doctype := range []string{
			`<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/passwd">]>`,
			`<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>`, `<!DOCTYPE Document SYSTEM "http://127.0.0.1:1/x.dtd">`,
		} {
			give := doctype + strings.Replace(body, "Id>", "Id>&x;", 1)
			if _, err := try(t.Context(), strings.NewReader(give)); !errors.Is(err, xmlscan.ErrDoctype) {
				t.Errorf("%s, %s: got %v, want ErrDoctype", name, doctype, err)
			}
			if format, ok := iso20022.Detect([]byte(give)); ok {
				t.Errorf("%s: detected as %s", doctype, format)
			}
		}
		for _, entity := range []string{"&x;", "&#0;", "&#xD800;", "&"} {
			give := strings.Replace(body, "MsgId>", "MsgId>"+entity, 1)
			if strings.HasPrefix(name, "camt.029") {
				give = strings.Replace(body, "<Id>", "<Id>"+entity, 1)
			}
			if _, err := try(t.Context(), strings.NewReader(give)); !errors.Is(err, xmlscan.ErrMalformed) {
				t.Errorf("%s, %s: got %v, want ErrMalformed", name, entity, err)
			}
		}
	}
}

// Memory stays the same for any number of instructions and of answers. Not
// parallel: it looks at the whole heap.
func TestRead_boundedMemoryOfBatchesAndResults(t *testing.T) {
	around := func(whole string) (before, after string) {
		before, after, _ = strings.Cut(whole, "|")
		return before, after
	}
	item := strings.Replace(instruction(inCNY("1.25")), "</CdtTrfTxInf>", "<RmtInf><Ustrd>"+strings.Repeat("x", 400)+
		"</Ustrd></RmtInf></CdtTrfTxInf>", 1)
	open, after := around(payments("", payment("", "|")))
	reply, end := around(report(groupOf("", ""), part("", "|")))
	for name, source := range map[string]*endless{
		"instructions": {n: 60_000, open: open, close: after, entry: item},
		"answers": {n: 60_000, open: reply, close: end, entry: "<TxInfAndSts><OrgnlEndToEndId>E</OrgnlEndToEndId>" +
			"<TxSts>RJCT</TxSts><StsRsnInf><AddtlInf>" + strings.Repeat("x", 400) + "</AddtlInf></StsRsnInf></TxInfAndSts>"},
	} {
		var most uint64
		records := 0
		var r io.Reader = source
		if name == "answers" {
			// Answers need no second look: a pipe of any length will do.
			r = struct{ io.Reader }{source}
		}
		err := iso20022.Read(t.Context(), r, func(bank.Record) error {
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
	// The most statements that are kept, each as small as can be.
	first, rest := around(document("|"))
	many := &endless{n: 49_999, open: first, close: rest, entry: statement(balance("OPBD", "1", "CRDT") + entry("1", "CRDT", ""))}
	var most uint64
	n := 0
	err := iso20022.Read(t.Context(), many, func(bank.Record) error {
		if n++; n%25_000 == 1 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
		return nil
	})
	if err != nil || most > 40<<20 {
		t.Errorf("statements: %v, %d bytes held", err, most)
	}
	heads := &endless{n: 200_000, open: payments("", "")[:strings.Index(payments("", ""), "</CstmrCdt")], close: "", entry: payment("", item)}
	if err := iso20022.Read(t.Context(), heads, func(bank.Record) error { return nil }); !errors.Is(err, iso20022.ErrTooLarge) {
		t.Errorf("more batches than are kept: got %v", err)
	}
	long := &endless{n: 1000, open: heads.open, close: "", entry: strings.Replace(payment("", item), "<PmtInfId>", "<PmtInfId>"+
		strings.Repeat("B", 60<<10), 1)}
	if err := iso20022.Read(t.Context(), long, func(bank.Record) error { return nil }); !errors.Is(err, iso20022.ErrTooLarge) {
		t.Errorf("more texts than are kept: got %v", err)
	}
}

// An instruction of the generated file has what a pension's has.
func generatedPayments(n int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn>
<GrpHdr><MsgId>M</MsgId><CreDtTm>2026-11-25T08:00:00</CreDtTm><NbOfTxs>%d</NbOfTxs><InitgPty><Nm>x</Nm></InitgPty></GrpHdr>
<PmtInf><PmtInfId>B</PmtInfId><PmtMtd>TRF</PmtMtd><NbOfTxs>%d</NbOfTxs><CtrlSum>%d.%02d</CtrlSum>
<ReqdExctnDt><Dt>2026-11-25</Dt></ReqdExctnDt><Dbtr><Nm>x</Nm></Dbtr>
<DbtrAcct><Id><Othr><Id>6100001</Id></Othr></Id></DbtrAcct><DbtrAgt><FinInstnId><BICFI>RCCBCNBJ</BICFI></FinInstnId></DbtrAgt>
`, n, n, n*12510/100, n*12510%100)
	for i := range n {
		fmt.Fprintf(&b, `<CdtTrfTxInf>
  <PmtId><EndToEndId>E2E%012d</EndToEndId></PmtId>
  <Amt><InstdAmt Ccy="CNY">125.10</InstdAmt></Amt>
  <CdtrAgt><FinInstnId><ClrSysMmbId><ClrSysId><Cd>CNAPS</Cd></ClrSysId><MmbId>403100000004</MmbId></ClrSysMmbId></FinInstnId></CdtrAgt>
  <Cdtr><Nm>参保人%d</Nm></Cdtr>
  <CdtrAcct><Id><Othr><Id>62170000%08d</Id></Othr></Id></CdtrAcct>
  <Purp><Cd>PENS</Cd></Purp>
  <RmtInf><Ustrd>城乡居民养老保险 %d</Ustrd></RmtInf>
</CdtTrfTxInf>
`, i, i, i, i)
	}
	b.WriteString("</PmtInf></CstmrCdtTrfInitn></Document>\n")
	return b.Bytes()
}

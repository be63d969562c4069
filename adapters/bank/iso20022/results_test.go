package iso20022_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/bank/iso20022"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
)

// report is a pain.002 of a group and batches, part one batch of it.
func report(group string, parts ...string) string {
	return `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.03"><CstmrPmtStsRpt><GrpHdr><MsgId>S</MsgId></GrpHdr>` +
		group + strings.Join(parts, "") + "</CstmrPmtStsRpt></Document>"
}

func groupOf(status, more string) string {
	return "<OrgnlGrpInfAndSts><OrgnlMsgId>M</OrgnlMsgId><OrgnlMsgNmId>pain.008.001.02</OrgnlMsgNmId>" +
		tag("GrpSts", status) + more + "</OrgnlGrpInfAndSts>"
}

func part(status string, items ...string) string {
	return "<OrgnlPmtInfAndSts><OrgnlPmtInfId>B</OrgnlPmtInfId>" + tag("PmtInfSts", status) + strings.Join(items, "") +
		"</OrgnlPmtInfAndSts>"
}

func answer(status, more string) string {
	return "<TxInfAndSts><OrgnlEndToEndId>E</OrgnlEndToEndId>" + tag("TxSts", status) + more + "</TxInfAndSts>"
}

func why(code string) string { return "<StsRsnInf><Rsn>" + tag("Cd", code) + "</Rsn></StsRsnInf>" }

func tag(name, text string) string {
	if text == "" {
		return ""
	}
	return "<" + name + ">" + text + "</" + name + ">"
}

// told is what the results say, one line each.
func told(records []bank.Record) []string {
	var lines []string
	for _, r := range records {
		switch v := r.(type) {
		case bank.Result:
			lines = append(lines, strings.TrimSpace(fmt.Sprint(v.Level, " ", v.Outcome, " ", v.Class, " ", v.Status, " ", v.Code)))
		case bank.Problem:
			lines = append(lines, string(v.Severity)+" "+v.Code)
		}
	}
	return lines
}

func TestRead_aStatusPassesDownToItemsWithoutTheirOwn(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		give string
		want []string
	}{
		"nothing at all": {report(groupOf("", "")), nil},
		"an item of its own": {
			report(groupOf("", ""), part("", answer("ACSC", ""))), []string{"item succeeded SUCCESS ACSC ACSC"},
		},
		"from the batch": {
			report(groupOf("RCVD", ""), part("ACCP", answer("", ""))),
			[]string{"file pending UNKNOWN RCVD RCVD", "batch pending UNKNOWN ACCP ACCP", "item pending UNKNOWN ACCP ACCP"},
		},
		"from the file": {
			report(groupOf("ACSC", ""), part("", answer("", ""))),
			[]string{"file succeeded SUCCESS ACSC ACSC", "item succeeded SUCCESS ACSC ACSC"},
		},
		"with its reason": {
			report(groupOf("RJCT", why("AM05")), part("", answer("", ""))),
			[]string{"file failed DUPLICATE RJCT AM05", "item failed DUPLICATE RJCT AM05"},
		},
		"but for its own reason": {
			report(groupOf("RJCT", why("NARR")), part("", answer("", why("AC04")))),
			[]string{"file failed UNKNOWN RJCT NARR", "item failed FIX_ACCOUNT RJCT AC04"},
		},
		"its own wins": {
			report(groupOf("ACCP", ""), part("ACSP", answer("RJCT", why("AM04")), answer("", ""))),
			[]string{
				"file pending UNKNOWN ACCP ACCP", "batch pending UNKNOWN ACSP ACSP", "item failed RETRY_FUNDS RJCT AM04",
				"item pending UNKNOWN ACSP ACSP",
			},
		},
		"a partly accepted batch says nothing of an item": {
			report(groupOf("ACSC", ""), part("PART", answer("RJCT", why("AC01")), answer("", ""))),
			[]string{
				"file succeeded SUCCESS ACSC ACSC", "batch pending UNKNOWN PART PART", "item failed FIX_ACCOUNT RJCT AC01",
				"item unknown UNKNOWN",
			},
		},
		"a partly accepted file says nothing of an item": {
			report(groupOf("PART", ""), part("", answer("", ""))), []string{"file pending UNKNOWN PART PART", "item unknown UNKNOWN"},
		},
		"but of a batch that has its own": {
			report(groupOf("PART", ""), part("ACCC", answer("", ""))),
			[]string{"file pending UNKNOWN PART PART", "batch succeeded SUCCESS ACCC ACCC", "item succeeded SUCCESS ACCC ACCC"},
		},
		"a reason without a status is no failure": {
			report(groupOf("PART", ""), part("", answer("", why("AC01")))),
			[]string{"file pending UNKNOWN PART PART", "item unknown UNKNOWN  AC01"},
		},
		"PART of an item": {
			report(groupOf("", ""), part("", answer("PART", ""))), []string{"item unknown UNKNOWN PART PART", "warning status"},
		},
		"a word that nobody knows": {
			report(groupOf("ZZZZ", ""), part("", answer("", ""), answer("yes", ""))),
			[]string{
				"file unknown UNKNOWN ZZZZ ZZZZ", "warning status", "item unknown UNKNOWN ZZZZ ZZZZ",
				"item unknown UNKNOWN yes yes", "warning status",
			},
		},
		"a success among the refused": {
			report(groupOf("RJCT", ""), part("", answer("ACSC", ""))),
			[]string{"file failed UNKNOWN RJCT RJCT", "item succeeded SUCCESS ACSC ACSC", "error status"},
		},
		"a refusal among the settled": {
			report(groupOf("", ""), part("ACSC", answer("RJCT", why("AC06")))),
			[]string{"batch succeeded SUCCESS ACSC ACSC", "item failed BLOCKED RJCT AC06", "error status"},
		},
		"a settled batch of a refused message": {
			report(groupOf("RJCT", why("AM05")), part("ACSC", answer("", ""))),
			[]string{
				"file failed DUPLICATE RJCT AM05", "batch succeeded SUCCESS ACSC ACSC", "item unknown UNKNOWN", "error status",
			},
		},
	} {
		got := told(read(t, strings.NewReader(tt.give)))
		if diff := cmp.Diff(sorted(tt.want), sorted(got)); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", name, diff)
		}
	}
}

// sorted puts problems last: where they stand among the results is no matter here.
func sorted(lines []string) []string {
	var results, doubts []string
	for _, l := range lines {
		if strings.HasPrefix(l, "error") || strings.HasPrefix(l, "warning") {
			doubts = append(doubts, l)
			continue
		}
		results = append(results, l)
	}
	return append(results, doubts...)
}

func TestRead_everyStatusByItsMeaning(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]bank.Outcome{
		"RCVD": bank.OutcomePending, "ACTC": bank.OutcomePending, "ACCP": bank.OutcomePending, "ACWC": bank.OutcomePending,
		"ACSP": bank.OutcomePending, "ACFC": bank.OutcomePending, "ACWP": bank.OutcomePending, "PATC": bank.OutcomePending,
		"BLCK": bank.OutcomePending, "ACPD": bank.OutcomePending, "PDNG": bank.OutcomePending, "ACSC": bank.OutcomeSucceeded,
		"ACCC": bank.OutcomeSucceeded, "RJCT": bank.OutcomeFailed, "CANC": bank.OutcomeFailed, "acsc": bank.OutcomeUnknown,
		"": bank.OutcomeUnknown,
	} {
		records := read(t, strings.NewReader(report(groupOf("", ""), part("", answer(status, "")))))
		got, ok := records[1].(bank.Result)
		if !ok || got.Outcome != want || got.Class != bank.ClassOf(want, status) || got.Status != status || got.Code != status {
			t.Errorf("%s: got %+v, want %s", status, records[1], want)
		}
	}
}

func TestRead_theSameAnswersInTwoVersions(t *testing.T) {
	t.Parallel()
	item := func(batch, index int, id string) bank.Result {
		return bank.Result{
			Batch: batch, Index: index, ItemID: id, BatchID: fmt.Sprintf("%08d", batch+7), MessageID: "PAY-20261125-1", Level: "item",
		}
	}
	settled := item(0, 0, "1000001")
	settled.Name, settled.Account, settled.Amount = "阿依古丽·买买提", "6217000012345678", new(figure("183.10"))
	settled.Outcome, settled.Class, settled.Status, settled.Code = bank.OutcomeSucceeded, bank.ClassSuccess, "ACSC", "ACSC"
	settled.BankReference, settled.ValueDate = "BANK-77", calendar.MustDay("2026-11-25")
	refused := item(0, 1, "1000002")
	refused.Outcome, refused.Class, refused.Status = bank.OutcomeFailed, bank.ClassFixAccount, "RJCT"
	refused.Code, refused.Text = "AC04", "已销户 请核对 BANK-9"
	silent := item(0, 2, "1000003")
	silent.Class = bank.ClassUnknown
	inherited := item(1, 0, "1000004")
	inherited.Outcome, inherited.Class, inherited.Status = bank.OutcomeFailed, bank.ClassRetryTechnical, "RJCT"
	inherited.Code, inherited.Text = "DT01", "日期错误"
	level := func(r bank.Result, level string) bank.Result {
		r.Level, r.ItemID, r.Index = level, "", 0
		return r
	}
	partial := level(item(0, 0, ""), "batch")
	partial.Outcome, partial.Class, partial.Status, partial.Code = bank.OutcomePending, bank.ClassUnknown, "PART", "PART"
	whole := partial
	whole.Level, whole.BatchID = "file", ""
	for _, format := range []string{"pain.002.001.03", "pain.002.001.10"} {
		want := []bank.Record{
			bank.FileHead{Format: format, Kind: "result", MessageID: "STS-1", Created: "2026-11-25T10:00:00+08:00"},
			whole, partial, settled, refused, silent, level(inherited, "batch"), inherited,
			bank.End{Results: 7},
		}
		if diff := cmp.Diff(want, read(t, strings.NewReader(golden(t, format+".xml"))), cmpFigures()); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", format, diff)
		}
	}
}

func TestRead_returns(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"pacs.004.001.02", "pacs.004.001.09"} {
		want := []bank.Record{
			bank.FileHead{Format: format, Kind: "result", MessageID: "RTR-1", Created: "2026-11-27T10:00:00+08:00"},
			bank.Result{
				ItemID: "1000001", MessageID: "PAY-20261125-1", Name: "阿依古丽·买买提", Account: "6217000012345678",
				Level: "item", Outcome: bank.OutcomeFailed, Class: bank.ClassBlocked, Code: "MD07", Text: "已故",
				Amount: new(figure("183.10")), BankReference: "R-1", ValueDate: calendar.MustDay("2026-11-27"),
			},
			// The other bank's instruction id is not ours; the reason is the group's.
			bank.Result{
				Index: 1, MessageID: "PAY-20261125-1", Level: "item", Outcome: bank.OutcomeFailed,
				Class: bank.ClassFixAccount, Code: "AC04", Amount: new(figure("156.90")), BankReference: "R-2",
				ValueDate: calendar.MustDay("2026-11-28"),
			},
			bank.Problem{
				Severity: bank.SeverityWarning, Code: "return_amount", Line: 19, Path: "batch 0, item 1",
				Text: "the amount that came back is not the one that was paid",
			},
			bank.End{Results: 2, Problems: 1},
		}
		if diff := cmp.Diff(want, read(t, strings.NewReader(golden(t, format+".xml"))), cmpFigures()); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", format, diff)
		}
	}
	whole := `<Document><PmtRtr><GrpHdr><MsgId>R</MsgId><NbOfTxs>7</NbOfTxs><GrpRtr>true</GrpRtr></GrpHdr>` +
		`<OrgnlGrpInf><OrgnlMsgId>M</OrgnlMsgId><RtrRsnInf><Rsn><Cd>MS03</Cd></Rsn></RtrRsnInf></OrgnlGrpInf></PmtRtr></Document>`
	want := []string{"file failed UNKNOWN  MS03"}
	if diff := cmp.Diff(want, told(read(t, strings.NewReader(whole)))); diff != "" {
		t.Errorf("a whole message came back (-want, +got):\n%s", diff)
	}
	bare := strings.NewReplacer("<OrgnlGrpInf>", "<x>", "</OrgnlGrpInf>", "</x>").Replace(whole)
	if diff := cmp.Diff([]string{"file failed UNKNOWN"}, told(read(t, strings.NewReader(bare)))); diff != "" {
		t.Errorf("a whole message came back, unnamed (-want, +got):\n%s", diff)
	}
}

func TestRead_answersToARecall(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"camt.029.001.03", "camt.029.001.09"} {
		records := read(t, strings.NewReader(golden(t, format+".xml")))
		want := []string{
			"file pending UNKNOWN PECR PECR", "batch pending UNKNOWN PACR PACR", "item failed UNKNOWN ACCR ACCR",
			"item unknown UNKNOWN RJCR CUST", "item unknown UNKNOWN", "item pending UNKNOWN PDCR PDCR",
		}
		if diff := cmp.Diff(want, told(records)); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", format, diff)
		}
		head, ok := records[0].(bank.FileHead)
		if !ok || head.MessageID != "RES-1" || head.Format != format || head.Created != "2026-11-25T11:00:00" {
			t.Errorf("%s: %+v", format, records[0])
		}
		last, ok := records[6].(bank.Result)
		if !ok || last.Batch != 1 || last.ItemID != "1000009" || last.MessageID != "PAY-20261124-1" || last.BatchID != "" {
			t.Errorf("%s: an item outside of a batch: %+v", format, records[6])
		}
	}
	resolution := func(conf string) string {
		return `<Document><RsltnOfInvstgtn><Assgnmt><Id>A</Id></Assgnmt><Sts><Conf>` + conf + `</Conf></Sts><CxlDtls><TxInfAndSts>` +
			`<OrgnlEndToEndId>E</OrgnlEndToEndId></TxInfAndSts></CxlDtls></RsltnOfInvstgtn></Document>`
	}
	// Whatever a bank says of a recall, no payment succeeds by it, and none fails in
	// a way that lets it be sent again by itself.
	for conf, want := range map[string]bank.Outcome{
		"CNCL": bank.OutcomeFailed, "RJCR": bank.OutcomeUnknown, "PDCR": bank.OutcomePending, "PECR": bank.OutcomeUnknown,
		"INFO": bank.OutcomeUnknown, "ACSC": bank.OutcomeUnknown,
	} {
		records := read(t, strings.NewReader(resolution(conf)))
		for _, r := range records {
			if v, ok := r.(bank.Result); ok && v.Level == "item" && (v.Outcome != want || v.Class != bank.ClassUnknown) {
				t.Errorf("%s: %+v", conf, v)
			}
		}
	}
}

func TestF112_answersThatCountWrong(t *testing.T) {
	t.Parallel()
	tally := func(status, n string) string {
		return "<NbOfTxsPerSts><DtldNbOfTxs>" + n + "</DtldNbOfTxs><DtldSts>" + status + "</DtldSts></NbOfTxsPerSts>"
	}
	amount := func(s string) string {
		return `<OrgnlTxRef><Amt><InstdAmt Ccy="CNY">` + s + "</InstdAmt></Amt></OrgnlTxRef>"
	}
	two := func(head string) string {
		return report(groupOf("", ""), part("", tag("OrgnlNbOfTxs", "2")+head+answer("RJCT", amount("1.00"))+answer("ACSC", amount("2.00"))))
	}
	returned := func(header, amounts string) string {
		return "<Document><PmtRtr><GrpHdr>" + header + "</GrpHdr><TxInf><RtrdIntrBkSttlmAmt>" + amounts +
			"</RtrdIntrBkSttlmAmt></TxInf></PmtRtr></Document>"
	}
	for name, tt := range map[string]struct {
		give string
		want int
	}{
		"right":                     {two(tally("RJCT", "1") + tally("ACSC", "1") + tag("OrgnlCtrlSum", "3")), 0},
		"not all are listed":        {report(groupOf("", tag("OrgnlNbOfTxs", "9")+tag("OrgnlCtrlSum", "7")), part("", answer("RJCT", amount("1")))), 0},
		"more of a batch":           {report(groupOf("", ""), part("", tag("OrgnlNbOfTxs", "1")+answer("RJCT", "")+answer("RJCT", ""))), 1},
		"more of the file":          {report(groupOf("", tag("OrgnlNbOfTxs", "1")), part("", answer("RJCT", "")), part("", answer("RJCT", ""))), 1},
		"another sum":               {two(tag("OrgnlCtrlSum", "3.01")), 1},
		"more refused than counted": {two(tally("RJCT", "0")), 1},
		"no number":                 {two(tally("RJCT", "x")), 1},
		"number of no number":       {report(groupOf("", tag("OrgnlNbOfTxs", "x"))), 1},
		"states of more than all":   {two(tally("RJCT", "1") + tally("ACSC", "2")), 1},
		"returns":                   {returned("<NbOfTxs>1</NbOfTxs><CtrlSum>1</CtrlSum><TtlRtrdIntrBkSttlmAmt>1.00</TtlRtrdIntrBkSttlmAmt>", "1"), 0},
		"returns counted wrong":     {returned("<NbOfTxs>2</NbOfTxs>", "1"), 1},
		"returns summed wrong":      {returned("<CtrlSum>2</CtrlSum>", "1"), 1},
		"returns totalled wrong":    {returned("<TtlRtrdIntrBkSttlmAmt>2</TtlRtrdIntrBkSttlmAmt>", "1"), 1},
		"a day that is none":        {returned("<IntrBkSttlmDt>2026-02-30</IntrBkSttlmDt>", "1"), 1},
	} {
		records := read(t, strings.NewReader(tt.give))
		got := problems(records)
		if len(got) != tt.want || tt.want == 1 && got[0] != "error control_total" && got[0] != "error date" {
			t.Errorf("%s: problems %v, want %d", name, got, tt.want)
		}
		if end, ok := records[len(records)-1].(bank.End); !ok || end.Problems != tt.want {
			t.Errorf("%s: %+v", name, records[len(records)-1])
		}
	}
}

func TestF99_brokenAnswersAreRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		give string
		want error
	}{
		"no header":            {strings.Replace(report(groupOf("", "")), "<GrpHdr><MsgId>S</MsgId></GrpHdr>", "", 1), iso20022.ErrStructure},
		"empty":                {`<Document><CstmrPmtStsRpt/></Document>`, iso20022.ErrStructure},
		"header at end":        {strings.Replace(strings.Replace(report(groupOf("", "")), "<GrpHdr><MsgId>S</MsgId></GrpHdr>", "", 1), "</CstmrPmtStsRpt>", "<GrpHdr/></CstmrPmtStsRpt>", 1), iso20022.ErrStructure},
		"status after items":   {report(groupOf("", ""), part("", answer("", "")+"<PmtInfSts>RJCT</PmtInfSts>")), iso20022.ErrStructure},
		"reason after items":   {report(groupOf("", ""), part("RJCT", answer("", "")+why("AC01"))), iso20022.ErrStructure},
		"group after batches":  {report("", part("", answer("", "")), groupOf("ACSC", "")), iso20022.ErrStructure},
		"verdict after items":  {`<Document><RsltnOfInvstgtn><Assgnmt/><CxlDtls><TxInfAndSts/></CxlDtls><Sts><Conf>CNCL</Conf></Sts></RsltnOfInvstgtn></Document>`, iso20022.ErrStructure},
		"status twice":         {report(groupOf("", ""), part("", answer("ACSC", "<TxSts>RJCT</TxSts>"))), iso20022.ErrRepeated},
		"group twice":          {report(groupOf("", "")+groupOf("", ""), ""), iso20022.ErrRepeated},
		"amount that is none":  {report(groupOf("", ""), part("", answer("ACSC", "<OrgnlTxRef><Amt><InstdAmt>1,00</InstdAmt></Amt></OrgnlTxRef>"))), iso20022.ErrAmount},
		"return of nothing":    {`<Document><PmtRtr><GrpHdr/><TxInf/></PmtRtr></Document>`, iso20022.ErrAmount},
		"states without end":   {report(groupOf("", strings.Repeat("<NbOfTxsPerSts/>", 65))), iso20022.ErrStructure},
		"two original batches": {report(groupOf("", ""), strings.Replace(part("", ""), "<OrgnlPmtInfId>B", "<OrgnlPmtInfId>A</OrgnlPmtInfId><OrgnlPmtInfId>B", 1)), iso20022.ErrRepeated},
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
}

func generatedAnswers(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
<GrpHdr><MsgId>S</MsgId><CreDtTm>2026-11-25T08:00:00</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>M</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId></OrgnlGrpInfAndSts>
<OrgnlPmtInfAndSts><OrgnlPmtInfId>B</OrgnlPmtInfId><PmtInfSts>PART</PmtInfSts>
`)
	for i := range n {
		status := "<TxSts>ACSC</TxSts>"
		if i%10 == 9 {
			status = "<TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>已销户</AddtlInf></StsRsnInf>"
		}
		fmt.Fprintf(&b, `<TxInfAndSts>
  <StsId>ST%012d</StsId><OrgnlEndToEndId>E2E%012d</OrgnlEndToEndId>%s
  <AcctSvcrRef>REF%09d</AcctSvcrRef>
  <OrgnlTxRef><Amt><InstdAmt Ccy="CNY">125.10</InstdAmt></Amt><IntrBkSttlmDt>2026-11-25</IntrBkSttlmDt>
    <Cdtr><Pty><Nm>参保人%d</Nm></Pty></Cdtr><CdtrAcct><Id><Othr><Id>62170000%08d</Id></Othr></Id></CdtrAcct></OrgnlTxRef>
</TxInfAndSts>
`, i, i, status, i, i, i)
	}
	b.WriteString("</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>\n")
	return b.Bytes()
}

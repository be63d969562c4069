package iso20022_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"twoline/gateway/bank"
)

// world draws XML of a version: the shapes that banks' files have, in that version's
// own spelling.
type world struct {
	t       *rapid.T
	version int
}

func (w world) pick(name string, from ...string) string {
	return rapid.SampledFrom(from).Draw(w.t, name)
}

func (w world) maybe(name, text string) string {
	if rapid.Bool().Draw(w.t, name) {
		return text
	}
	return ""
}

// text is what a person wrote, as XML spells it: entities, CDATA, comments, blanks.
func (w world) text(name string) string {
	return w.pick(name, "王小明", "A &amp; B", "&#x738B;", "<![CDATA[a <b> c]]>", "x<!-- </Ntry> -->y", " blank ", "𠮷", "NOTPROVIDED",
		"a\r\nb", "&lt;&gt;&quot;&apos;")
}

func (w world) amount(name string) string {
	return w.pick(name, "0", "1.25", "000149.87", "100.", ".5", "+5", "99999999999.99", "0.00001", " 7.10\n", "12")
}

func (w world) money(name, tag string) string {
	return "<" + tag + ` Ccy="CNY">` + w.amount(name) + "</" + tag + ">"
}

func (w world) day(name string) string { return w.pick(name, "2026-11-25", "2026-02-28", "1999-12-31") }

func (w world) account(name string) string {
	return "<Id>" + w.pick(name, "<IBAN>CH9300762011623852957</IBAN>", "<Othr><Id>6217</Id></Othr>") + "</Id>"
}

// party is a name where the version has it.
func (w world) party(tag, name string, wrapped bool) string {
	text := "<Nm>" + w.text(name) + "</Nm>"
	if wrapped {
		text = "<Pty>" + text + "</Pty>"
	}
	return "<" + tag + ">" + text + "</" + tag + ">"
}

func (w world) many(name string, least, most int, one func() string) string {
	var b strings.Builder
	for range rapid.IntRange(least, most).Draw(w.t, name) {
		b.WriteString(one())
	}
	return b.String()
}

func (w world) statement(tag string) string {
	balance := func() string {
		return "<Bal><Tp>" + w.pick("kind", "<CdOrPrtry><Cd>CLAV</Cd></CdOrPrtry>", "<CdOrPrtry><Cd>ITBD</Cd></CdOrPrtry>",
			"<CdOrPrtry><Prtry>010</Prtry></CdOrPrtry>") + "</Tp>" + w.money("balance", "Amt") + "<CdtDbtInd>CRDT</CdtDbtInd></Bal>"
	}
	named := func(code string) string {
		return w.maybe(code, "<Bal><Tp><CdOrPrtry><Cd>"+code+"</Cd></CdOrPrtry></Tp>"+w.money("of "+code, "Amt")+"<CdtDbtInd>"+
			w.pick("way", "CRDT", "DBIT")+"</CdtDbtInd></Bal>")
	}
	return "<" + tag + "><Id>S</Id>" + w.maybe("number", "<ElctrncSeqNb>7</ElctrncSeqNb>") + "<Acct>" + w.account("of") + "</Acct>" +
		named("PRCD") + named("OPBD") + named("CLBD") + w.many("balances", 0, 2, balance) +
		w.many("entries", 0, 4, w.entry) + w.maybe("unknown", "<Splmtry><Ntry>not one</Ntry></Splmtry>") + "</" + tag + ">\n"
}

func (w world) entry() string {
	status := w.pick("status", "BOOK", "BOOK", "PDNG", "INFO")
	if w.version >= 8 {
		status = "<Cd>" + status + "</Cd>"
	}
	date := func(tag string) string {
		d := w.day(tag)
		return "<" + tag + ">" + w.pick("as", "<Dt>"+d+"</Dt>", "<DtTm>"+d+"T10:15:00+01:00</DtTm>", "<Dt>"+d+"+02:00</Dt>") + "</" + tag + ">"
	}
	details := func() string {
		inside := w.maybe("batch", "<Btch><PmtInfId>B</PmtInfId></Btch>") + w.many("details", 0, 3, w.detail)
		if w.version == 1 {
			return inside
		}
		return "<NtryDtls>" + inside + "</NtryDtls>"
	}
	most := 2
	if w.version == 1 {
		most = 1
	}
	return "<Ntry>" + w.money("amount", "Amt") + "<CdtDbtInd>" + w.pick("way", "CRDT", "DBIT") + "</CdtDbtInd>" +
		w.maybe("reversal", "<RvslInd>"+w.pick("reversed", "true", "false")+"</RvslInd>") + "<Sts>" + status + "</Sts>" +
		w.maybe("booked", date("BookgDt")) + w.maybe("value", date("ValDt")) + "<AcctSvcrRef>R</AcctSvcrRef>" +
		w.many("lists", 0, most, details) + w.maybe("said", "<AddtlNtryInf>"+w.text("note")+"</AddtlNtryInf>") + "</Ntry>\n"
}

func (w world) detail() string {
	own := ""
	if w.version >= 4 {
		own = w.maybe("own", w.money("own amount", "Amt")+"<CdtDbtInd>"+w.pick("own way", "CRDT", "DBIT")+"</CdtDbtInd>")
	}
	return "<TxDtls>" + w.maybe("refs", "<Refs><EndToEndId>"+w.text("id")+"</EndToEndId></Refs>") + own +
		w.maybe("amounts", "<AmtDtls>"+w.maybe("instructed", "<InstdAmt>"+w.money("instd", "Amt")+"</InstdAmt>")+
			w.maybe("transacted", "<TxAmt>"+w.money("tx", "Amt")+"</TxAmt>")+"</AmtDtls>") +
		w.maybe("parties", "<RltdPties>"+w.party("Dbtr", "debtor", w.version >= 8)+"<DbtrAcct>"+w.account("debtor's")+"</DbtrAcct></RltdPties>") +
		w.maybe("returned", "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>") + "</TxDtls>\n"
}

func (w world) document(format, message, inside string) string {
	prefix := w.pick("prefix", "", "", "n1:")
	name := strings.TrimSuffix(prefix, ":")
	if name != "" {
		name = ":" + name
	}
	text := "<Document xmlns" + name + "=\"urn:iso:std:iso:20022:tech:xsd:" + format + "\"><" + message + ">" + inside + "</" + message + "></Document>"
	if prefix != "" {
		text = strings.NewReplacer("</", "</"+prefix, "<!", "<!", "<", "<"+prefix).Replace(text)
	}
	return w.pick("mark", "", "\uFEFF") + w.maybe("declared", `<?xml version="1.0" encoding="UTF-8"?>`) + w.maybe("note", "<!-- made -->") + text
}

func (w world) header() string {
	return "<GrpHdr><MsgId>M</MsgId><CreDtTm>2026-11-25T08:00:00</CreDtTm></GrpHdr>"
}

// check compares the reading of a seeking and of a streaming source with the
// standard decoder's.
func (w world) check(file string) {
	w.t.Helper()
	records, err := try(w.t.Context(), strings.NewReader(file))
	if err != nil {
		w.t.Fatalf("%v in\n%s", err, file)
	}
	agree(w.t, []byte(file), records)
	streamed, err := try(w.t.Context(), iotest.HalfReader(bytes.NewBufferString(file)))
	if err != nil || !cmp.Equal(records, streamed, cmpFigures()) {
		w.t.Fatalf("a pipe of it gives something else: %v", err)
	}
}

func TestRead_drawnStatementsAgreeWithTheStandardDecoder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := world{t: t, version: rapid.IntRange(1, 8).Draw(t, "version")}
		kind := rapid.SampledFrom([][3]string{
			{"camt.053", "BkToCstmrStmt", "Stmt"},
			{"camt.052", "BkToCstmrAcctRpt", "Rpt"},
			{"camt.054", "BkToCstmrDbtCdtNtfctn", "Ntfctn"},
		}).Draw(t, "kind")
		if w.version == 1 {
			// Of the first versions only the report is known here.
			kind = [3]string{"camt.052", "BkToCstmrAcctRptV01", "Rpt"}
		}
		w.check(w.document(fmt.Sprintf("%s.001.%02d", kind[0], w.version), kind[1],
			w.header()+w.many("statements", 1, 3, func() string { return w.statement(kind[2]) })))
	})
}

func (w world) agent(tag string) string {
	bic := "BIC"
	if w.version >= 8 {
		bic = "BICFI"
	}
	return "<" + tag + "><FinInstnId>" + w.pick("agent", "<"+bic+">PSBCCNBJ</"+bic+">", "<Othr><Id>NOTPROVIDED</Id></Othr>",
		"<ClrSysMmbId><ClrSysId><Cd>CNAPS</Cd></ClrSysId><MmbId>403100000004</MmbId></ClrSysMmbId>", "<Nm>only a name</Nm>") +
		"</FinInstnId></" + tag + ">"
}

func (w world) instruction(debit bool) string {
	side, tag := "Cdtr", "CdtTrfTxInf"
	amounts := "<Amt>" + w.money("amount", "InstdAmt") + "</Amt>"
	if !debit && rapid.Bool().Draw(w.t, "equivalent") {
		amounts = "<Amt><EqvtAmt>" + w.money("amount", "Amt") + "<CcyOfTrf>CNY</CcyOfTrf></EqvtAmt></Amt>"
	}
	if debit {
		side, tag = "Dbtr", "DrctDbtTxInf"
		amounts = w.money("amount", "InstdAmt") + w.maybe("mandate", "<DrctDbtTx><MndtRltdInf><MndtId>"+w.text("mandate id")+"</MndtId></MndtRltdInf></DrctDbtTx>")
	}
	return "<" + tag + "><PmtId>" + w.maybe("instr", "<InstrId>I</InstrId>") + "<EndToEndId>" + w.text("id") + "</EndToEndId></PmtId>" +
		amounts + w.maybe("agent", w.agent(side+"Agt")) + w.party(side, "name", false) + "<" + side + "Acct>" + w.account("other") + "</" + side + "Acct>" +
		w.maybe("remittance", "<RmtInf>"+w.many("lines", 0, 2, func() string { return "<Ustrd>" + w.text("line") + "</Ustrd>" })+
			w.maybe("ref", "<Strd><CdtrRefInf><Ref>RF18</Ref></CdtrRefInf></Strd>")+"</RmtInf>") + "</" + tag + ">\n"
}

func (w world) totals() string {
	return w.maybe("count", "<NbOfTxs>"+w.pick("n", "1", "2", "3", "0004")+"</NbOfTxs>") + w.maybe("sum", "<CtrlSum>"+w.amount("total")+"</CtrlSum>")
}

func TestRead_drawnInstructionsAgreeWithTheStandardDecoder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := world{t: t, version: rapid.SampledFrom([]int{2, 3, 8, 9, 12}).Draw(t, "version")}
		debit := rapid.Bool().Draw(t, "debit")
		batch := func() string {
			day := "<ReqdExctnDt>" + w.day("day") + "</ReqdExctnDt>"
			if w.version >= 8 {
				day = "<ReqdExctnDt>" + w.pick("as", "<Dt>"+w.day("day")+"</Dt>", "<DtTm>"+w.day("day")+"T00:00:00Z</DtTm>") + "</ReqdExctnDt>"
			}
			account := "<DbtrAcct>" + w.account("own") + "</DbtrAcct>"
			if debit {
				day, account = "<ReqdColltnDt>"+w.day("day")+"</ReqdColltnDt>", "<CdtrAcct>"+w.account("own")+"</CdtrAcct>"
			}
			return "<PmtInf><PmtInfId>" + w.text("batch") + "</PmtInfId><PmtMtd>TRF</PmtMtd>" + w.totals() + day + account +
				w.many("items", 1, 3, func() string { return w.instruction(debit) }) + "</PmtInf>\n"
		}
		format, message := "pain.001", "CstmrCdtTrfInitn"
		if debit {
			format, message = "pain.008", "CstmrDrctDbtInitn"
		}
		inside := "<GrpHdr><MsgId>M</MsgId>" + w.totals() + "</GrpHdr>" + w.many("batches", 1, 3, batch)
		w.check(w.document(fmt.Sprintf("%s.001.%02d", format, w.version), message, inside))
	})
}

func (w world) reasons() string {
	return w.many("reasons", 0, 2, func() string {
		return "<StsRsnInf>" + w.maybe("why", "<Rsn>"+w.pick("code", "<Cd>AC04</Cd>", "<Cd>AM04</Cd>", "<Prtry>BANK-9</Prtry>")+"</Rsn>") +
			w.many("texts", 0, 2, func() string { return "<AddtlInf>" + w.text("more") + "</AddtlInf>" }) + "</StsRsnInf>"
	})
}

func (w world) status(tag string) string {
	return w.maybe("has "+tag, "<"+tag+">"+w.pick(tag, "ACSC", "ACCC", "RJCT", "PART", "ACCP", "PDNG", "ACSP", "ZZZZ", " RJCT ")+"</"+tag+">")
}

func TestRead_drawnAnswersAgreeWithTheStandardDecoder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := world{t: t, version: rapid.SampledFrom([]int{3, 10, 11}).Draw(t, "version")}
		item := func() string {
			return "<TxInfAndSts>" + w.maybe("instr", "<OrgnlInstrId>I</OrgnlInstrId>") + "<OrgnlEndToEndId>" + w.text("id") + "</OrgnlEndToEndId>" +
				w.status("TxSts") + w.reasons() + w.maybe("echo", "<OrgnlTxRef><Amt>"+w.money("amount", "InstdAmt")+"</Amt></OrgnlTxRef>") + "</TxInfAndSts>\n"
		}
		part := func() string {
			return "<OrgnlPmtInfAndSts><OrgnlPmtInfId>" + w.text("batch") + "</OrgnlPmtInfId>" + w.status("PmtInfSts") + w.reasons() +
				w.many("items", 0, 3, item) + "</OrgnlPmtInfAndSts>"
		}
		inside := w.header() + "<OrgnlGrpInfAndSts><OrgnlMsgId>M</OrgnlMsgId>" + w.status("GrpSts") + w.reasons() + "</OrgnlGrpInfAndSts>" +
			w.many("parts", 0, 3, part)
		w.check(w.document(fmt.Sprintf("pain.002.001.%02d", w.version), "CstmrPmtStsRpt", inside))
	})
}

// A rule of the money, whatever is drawn: nothing succeeds that nobody said has
// succeeded.
func TestRead_nothingSucceedsBySilence(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := world{t: t, version: 3}
		status := func(tag string) string {
			return w.maybe(tag, "<"+tag+">"+w.pick("of "+tag, "RJCT", "PART", "ACCP", "ACSP", "RCVD", "PDNG", "acsc", "ACSCX")+"</"+tag+">")
		}
		file := report("<OrgnlGrpInfAndSts><OrgnlMsgId>M</OrgnlMsgId>"+status("GrpSts")+"</OrgnlGrpInfAndSts>",
			"<OrgnlPmtInfAndSts><OrgnlPmtInfId>B</OrgnlPmtInfId>"+status("PmtInfSts")+"<TxInfAndSts>"+status("TxSts")+"</TxInfAndSts></OrgnlPmtInfAndSts>")
		records, err := try(t.Context(), strings.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			if v, ok := r.(bank.Result); ok && (v.Outcome == bank.OutcomeSucceeded || v.Class == bank.ClassSuccess) {
				t.Fatalf("%+v in\n%s", v, file)
			}
		}
	})
}

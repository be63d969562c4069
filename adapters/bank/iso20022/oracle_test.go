package iso20022_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"twoline/gateway/bank"
)

// oracleFile is a file of any message as the standard decoder reads it: the second
// opinion on every reader. It takes no shortcut, and knows nothing of ours.
type oracleFile struct {
	Statements    []oracleStatement `xml:"BkToCstmrStmt>Stmt"`
	Reports       []oracleStatement `xml:"BkToCstmrAcctRpt>Rpt"`
	OldReports    []oracleStatement `xml:"BkToCstmrAcctRptV01>Rpt"`
	Notifications []oracleStatement `xml:"BkToCstmrDbtCdtNtfctn>Ntfctn"`
	Credits       *oracleOrders     `xml:"CstmrCdtTrfInitn"`
	Debits        *oracleOrders     `xml:"CstmrDrctDbtInitn"`
	Answers       *oracleAnswers    `xml:"CstmrPmtStsRpt"`
}

type oracleStatement struct {
	Acct oracleAccount `xml:"Acct"`
	Bal  []struct {
		Old string `xml:"Tp>Cd"`
		New string `xml:"Tp>CdOrPrtry>Cd"`
		Amt string `xml:"Amt"`
		Way string `xml:"CdtDbtInd"`
	} `xml:"Bal"`
	Ntry []oracleEntryOfAny `xml:"Ntry"`
}

type oracleEntryOfAny struct {
	oracleEntry

	Direct []oracleDetail `xml:"TxDtls"`
	OldBtc string         `xml:"Btch>PmtInfId"`
}

type oracleOrders struct {
	MsgID   string       `xml:"GrpHdr>MsgId"`
	NbOfTxs string       `xml:"GrpHdr>NbOfTxs"`
	CtrlSum string       `xml:"GrpHdr>CtrlSum"`
	PmtInf  []oracleLots `xml:"PmtInf"`
}

type oracleLots struct {
	ID      string `xml:"PmtInfId"`
	NbOfTxs string `xml:"NbOfTxs"`
	CtrlSum string `xml:"CtrlSum"`
	Exctn   struct {
		Text string `xml:",chardata"`
		Dt   string `xml:"Dt"`
		DtTm string `xml:"DtTm"`
	} `xml:"ReqdExctnDt"`
	Colltn   string        `xml:"ReqdColltnDt"`
	DbtrAcct oracleAccount `xml:"DbtrAcct"`
	CdtrAcct oracleAccount `xml:"CdtrAcct"`
	Credits  []oracleOrder `xml:"CdtTrfTxInf"`
	Debits   []oracleOrder `xml:"DrctDbtTxInf"`
}

type oracleOrder struct {
	InstrID string        `xml:"PmtId>InstrId"`
	ID      string        `xml:"PmtId>EndToEndId"`
	Instd   *oracleAmount `xml:"Amt>InstdAmt"`
	Eqvt    *oracleAmount `xml:"Amt>EqvtAmt>Amt"`
	Debit   *oracleAmount `xml:"InstdAmt"`
	Mandate string        `xml:"DrctDbtTx>MndtRltdInf>MndtId"`
	Cdtr    string        `xml:"Cdtr>Nm"`
	Dbtr    string        `xml:"Dbtr>Nm"`
	CdtrAgt oracleAgent   `xml:"CdtrAgt>FinInstnId"`
	DbtrAgt oracleAgent   `xml:"DbtrAgt>FinInstnId"`
	CdtrAcc oracleAccount `xml:"CdtrAcct"`
	DbtrAcc oracleAccount `xml:"DbtrAcct"`
	Ustrd   []string      `xml:"RmtInf>Ustrd"`
	Ref     []string      `xml:"RmtInf>Strd>CdtrRefInf>Ref"`
}

// dated is the local date that a text of a date or an instant writes.
func dated(texts ...string) string {
	s := trimmed(strings.Join(texts, ""))
	return s[:min(10, len(s))]
}

type oracleAgent struct {
	BIC    string `xml:"BIC"`
	BICFI  string `xml:"BICFI"`
	Member string `xml:"ClrSysMmbId>MmbId"`
	Other  string `xml:"Othr>Id"`
}

type oracleReason struct {
	Cd    string   `xml:"Rsn>Cd"`
	Prtry string   `xml:"Rsn>Prtry"`
	Text  []string `xml:"AddtlInf"`
}

type oracleAnswers struct {
	Group struct {
		Msg    string         `xml:"OrgnlMsgId"`
		Status string         `xml:"GrpSts"`
		Reason []oracleReason `xml:"StsRsnInf"`
	} `xml:"OrgnlGrpInfAndSts"`
	Parts []struct {
		ID     string         `xml:"OrgnlPmtInfId"`
		Status string         `xml:"PmtInfSts"`
		Reason []oracleReason `xml:"StsRsnInf"`
		Items  []struct {
			Instr  string         `xml:"OrgnlInstrId"`
			ID     string         `xml:"OrgnlEndToEndId"`
			Status string         `xml:"TxSts"`
			Reason []oracleReason `xml:"StsRsnInf"`
			Amount *oracleAmount  `xml:"OrgnlTxRef>Amt>InstdAmt"`
		} `xml:"TxInfAndSts"`
	} `xml:"OrgnlPmtInfAndSts"`
}

// decode is the file as the standard decoder reads it.
func decode(file []byte) (oracleFile, error) {
	var f oracleFile
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(file, []byte("\uFEFF"))))
	err := d.Decode(&f)
	return f, err
}

// trimmed is a text as the readers give it.
func trimmed(s string) string { return strings.Trim(s, " \t\r\n") }

// number is an amount without its zeros.
func number(s string) string {
	d, err := decimal.NewFromString(trimmed(s))
	if err != nil {
		return "?" + s
	}
	return d.String()
}

func signed(amount, way string) string {
	if trimmed(way) == "DBIT" {
		return number("-" + strings.TrimPrefix(trimmed(amount), "+"))
	}
	return number(amount)
}

func (a oracleAccount) text() string { return trimmed(a.IBAN + a.Othr + a.Prtry) }

func provided(texts ...string) string {
	for _, s := range texts {
		if s = trimmed(s); s != "" && !strings.EqualFold(s, "NOTPROVIDED") {
			return s
		}
	}
	return ""
}

// facts are what the file says, a line each; the readers' records give the same.
func (f *oracleFile) facts() []string {
	var lines []string
	all := slices.Concat(f.Statements, f.Reports, f.OldReports, f.Notifications)
	for _, s := range all {
		lines = append(lines, s.facts()...)
	}
	if f.Credits != nil {
		lines = append(lines, f.Credits.facts(false)...)
	}
	if f.Debits != nil {
		lines = append(lines, f.Debits.facts(true)...)
	}
	if f.Answers != nil {
		lines = append(lines, f.Answers.facts()...)
	}
	return lines
}

func (s *oracleStatement) facts() []string {
	balances := map[string]string{}
	for _, b := range s.Bal {
		balances[trimmed(b.Old+b.New)] = signed(b.Amt, b.Way)
	}
	opening, ok := balances["OPBD"]
	if !ok {
		opening = balances["PRCD"]
	}
	sum := decimal.Zero
	var lines []string
	for _, e := range s.Ntry {
		status := trimmed(e.Sts.Cd + e.Sts.Prtry)
		if status == "" {
			status = trimmed(e.Sts.Text)
		}
		if status == "BOOK" {
			sum = sum.Add(decimal.RequireFromString(signed(e.Amt.Text, e.CdtDbtInd)))
		}
		details := slices.Concat(e.Details, e.Direct)
		lines = append(lines, fmt.Sprintln("entry", signed(e.Amt.Text, e.CdtDbtInd), status, e.RvslInd, len(details),
			dated(e.BookgDt.Dt, e.BookgDt.DtTm), dated(e.ValDt.Dt, e.ValDt.DtTm)))
		for _, d := range details {
			lines = append(lines, d.fact())
		}
	}
	balanced := ""
	if closing := balances["CLBD"]; opening != "" && closing != "" {
		balanced = fmt.Sprint(decimal.RequireFromString(opening).Add(sum).String() == closing)
	}
	return append([]string{fmt.Sprintln("statement", s.Acct.text(), opening, balances["CLBD"], balanced, len(s.Ntry))}, lines...)
}

func (d *oracleDetail) fact() string {
	amount := ""
	for _, a := range []*oracleAmount{d.Amt, d.TxAmt, d.InstdAmt} {
		if a != nil {
			amount = number(a.Text)
			break
		}
	}
	return fmt.Sprintln("detail", amount, provided(d.EndToEndID), trimmed(d.RtrCd+d.RtrPrtry))
}

func (o *oracleOrders) facts(debits bool) []string {
	lines := []string{fmt.Sprintln("message", trimmed(o.MsgID))}
	count, sum := 0, decimal.Zero
	wrong := 0
	differs := func(said string, is decimal.Decimal) {
		if said = trimmed(said); said != "" && number(said) != is.String() {
			wrong++
		}
	}
	for i, p := range o.PmtInf {
		account, day, items := p.DbtrAcct, p.Exctn.Dt+p.Exctn.DtTm+trimmed(p.Exctn.Text), p.Credits
		if debits {
			account, day, items = p.CdtrAcct, p.Colltn, p.Debits
		}
		total := decimal.Zero
		var rest []string
		for _, t := range items {
			amount, other, agent, number := t.Instd, t.Cdtr, t.CdtrAgt, t.CdtrAcc
			if amount == nil {
				amount = t.Eqvt
			}
			if debits {
				amount, other, agent, number = t.Debit, t.Dbtr, t.DbtrAgt, t.DbtrAcc
			}
			text := strings.Join(notEmpty(t.Ustrd), " ")
			if text == "" {
				text = strings.Join(notEmpty(t.Ref), " ")
			}
			value := decimal.RequireFromString(trimmed(amount.Text))
			total = total.Add(value)
			rest = append(rest, fmt.Sprintln("item", value, amount.Ccy, provided(t.ID, t.InstrID), trimmed(other), number.text(),
				provided(agent.BIC+agent.BICFI, agent.Member, agent.Other), trimmed(t.Mandate), text))
		}
		differs(p.NbOfTxs, decimal.NewFromInt(int64(len(items))))
		differs(p.CtrlSum, total)
		lines = append(lines, fmt.Sprintln("batch", i, trimmed(p.ID), len(items), total, dated(day), account.text()))
		lines = append(lines, rest...)
		count, sum = count+len(items), sum.Add(total)
	}
	differs(o.NbOfTxs, decimal.NewFromInt(int64(count)))
	differs(o.CtrlSum, sum)
	return append(lines, fmt.Sprintln("wrong totals", wrong))
}

func notEmpty(texts []string) []string {
	var out []string
	for _, s := range texts {
		if s = trimmed(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func reasons(all []oracleReason) (code, text string) {
	var texts []string
	for _, r := range all {
		c := trimmed(r.Cd + r.Prtry)
		if code == "" {
			code = c
		} else if c != "" {
			texts = append(texts, c)
		}
		texts = append(texts, notEmpty(r.Text)...)
	}
	return code, strings.Join(texts, " ")
}

func (a *oracleAnswers) facts() []string {
	outcomes := map[string]string{
		"ACSC": "succeeded", "ACCC": "succeeded", "RJCT": "failed", "CANC": "failed", "PART": "pending", "PDNG": "pending",
		"RCVD": "pending", "ACTC": "pending", "ACCP": "pending", "ACWC": "pending", "ACSP": "pending",
	}
	line := func(level, status, code, text string, more ...any) string {
		outcome, ok := outcomes[status]
		if !ok || level == "item" && status == "PART" {
			outcome = "unknown"
		}
		if code == "" {
			code = status
		}
		return fmt.Sprintln(append([]any{level, outcome, status, code, text}, more...)...)
	}
	var lines []string
	groupCode, groupText := reasons(a.Group.Reason)
	groupStatus, msg := trimmed(a.Group.Status), trimmed(a.Group.Msg)
	if groupStatus+groupCode+groupText != "" {
		lines = append(lines, line("file", groupStatus, groupCode, groupText, msg))
	}
	for _, p := range a.Parts {
		partCode, partText := reasons(p.Reason)
		partStatus := trimmed(p.Status)
		if partStatus+partCode+partText != "" {
			lines = append(lines, line("batch", partStatus, partCode, partText, msg, trimmed(p.ID)))
		}
		for _, i := range p.Items {
			code, text := reasons(i.Reason)
			status := trimmed(i.Status)
			if status == "" {
				upperStatus, upperCode, upperText := partStatus, partCode, partText
				if upperStatus == "" {
					upperStatus, upperCode, upperText = groupStatus, groupCode, groupText
				}
				ends := []string{outcomes[partStatus], outcomes[groupStatus]}
				opposed := slices.Contains(ends, "succeeded") && slices.Contains(ends, "failed")
				if upperStatus == "PART" || upperStatus == "" || opposed {
					upperStatus, upperCode, upperText = "", "", ""
				}
				status = upperStatus
				if code+text == "" {
					code, text = upperCode, upperText
				}
			}
			amount := ""
			if i.Amount != nil {
				amount = number(i.Amount.Text)
			}
			lines = append(lines, line("item", status, code, text, msg, trimmed(p.ID), provided(i.ID, i.Instr), amount))
		}
	}
	return lines
}

// factsOf are the same lines of the records that a reader gave.
func factsOf(records []bank.Record) []string {
	var lines []string
	text := func(f *bank.Figure) string {
		if f == nil {
			return ""
		}
		return number(f.String())
	}
	wrong, kind := 0, ""
	for n, r := range records {
		switch v := r.(type) {
		case bank.FileHead:
			if kind = v.Kind; kind == "batch" {
				lines = append(lines, fmt.Sprintln("message", v.MessageID))
			}
		case bank.StatementHead:
			entries := 0
			for _, next := range records[n+1:] {
				if _, ok := next.(bank.StatementHead); ok {
					break
				}
				if _, ok := next.(bank.StatementEntry); ok {
					entries++
				}
			}
			balanced := ""
			if v.Balanced != nil {
				balanced = fmt.Sprint(*v.Balanced)
			}
			lines = append(lines, fmt.Sprintln("statement", v.Account, text(v.Opening), text(v.Closing), balanced, entries))
		case bank.StatementEntry:
			way := map[bank.Direction]string{bank.Credit: "CRDT", bank.Debit: "DBIT"}[v.Direction]
			status := map[string]string{"booked": "BOOK", "pending": "PDNG", "info": "INFO"}[v.Status]
			lines = append(lines, fmt.Sprintln("entry", signed(v.Amount.String(), way), status, v.Reversal, v.Details,
				v.BookingDate, v.ValueDate))
		case bank.EntryDetail:
			lines = append(lines, fmt.Sprintln("detail", text(v.Amount), v.EndToEndID, v.ReturnCode))
		case bank.BatchHead:
			lines = append(lines, fmt.Sprintln("batch", v.Index, v.BatchID, v.Count, number(v.Sum.String()), v.ExecutionDate, v.Account))
		case bank.BatchItem:
			lines = append(lines, fmt.Sprintln("item", number(v.Amount.String()), v.Currency, v.ItemID, v.Name, v.Account, v.Bank,
				v.Mandate, v.Text))
		case bank.Result:
			more := []any{v.Level, v.Outcome, v.Status, v.Code, v.Text, v.MessageID}
			switch v.Level {
			case "batch":
				more = append(more, v.BatchID)
			case "item":
				more = append(more, v.BatchID, v.ItemID, text(v.Amount))
			}
			lines = append(lines, fmt.Sprintln(more...))
		case bank.Problem:
			if v.Code == "control_total" {
				wrong++
			}
		}
	}
	if kind == "batch" {
		lines = append(lines, fmt.Sprintln("wrong totals", wrong))
	}
	return lines
}

// agree compares a reading with the standard decoder's.
func agree(t interface {
	Helper()
	Fatalf(format string, args ...any)
}, file []byte, records []bank.Record,
) {
	t.Helper()
	f, err := decode(file)
	if err != nil {
		t.Fatalf("the standard decoder refuses the file: %v\n%s", err, file)
	}
	want, got := f.facts(), factsOf(records)
	if !slices.Equal(want, got) {
		t.Fatalf("the standard decoder reads\n%s\nwe read\n%s\nin\n%s", strings.Join(want, ""), strings.Join(got, ""), file)
	}
}

func TestRead_testdataAgreesWithTheStandardDecoder(t *testing.T) {
	t.Parallel()
	for _, format := range []string{
		"pain.001.001.03", "pain.001.001.09", "pain.001.001.12", "pain.008.001.02", "pain.008.001.08", "pain.002.001.03",
		"pain.002.001.10",
	} {
		file := golden(t, format+".xml")
		agree(t, []byte(file), read(t, strings.NewReader(file)))
	}
}

package iso20022

import (
	"io"
	"strconv"
	"strings"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
)

// StatementFormat is what Writer writes.
const StatementFormat = "camt.053.001.08"

// Errors of writing a statement.
var (
	// ErrField is a value that the schema has no room for, or lacks.
	ErrField = fault.New(fault.Unprocessable, "statement_field", "the value does not fit a camt.053 statement")
	// ErrOrder is a record that does not follow the one before it.
	ErrOrder = fault.New(fault.Invalid, "record_order", "the record does not belong here")
)

// Writer writes one camt.053.001.08 file from records: FileHead, then each
// StatementHead with its entries and their details. A FileHead needs MessageID
// and Created (xs:dateTime), a statement its account, currency, a day and at
// least one balance. Bank transaction codes are not in the records: every entry
// carries the proprietary code NOTPROVIDED.
//
// Nothing is cut: a value that is too long is ErrField. An entry that has a
// reference or a counterparty of its own and no details gets one detail to carry
// them. Problem and End records are taken and not written. It is not safe for
// concurrent use.
type Writer struct {
	xmlWriter

	message   string
	head      bank.StatementHead
	statement int
	entry     *bank.StatementEntry
	entries   int
	details   int
	inDetails bool
	headed    bool
}

// NewWriter makes a writer on w.
func NewWriter(w io.Writer) *Writer {
	return &Writer{xmlWriter: newXMLWriter(w, ErrField)}
}

// WriteStatement writes a whole file from its records.
func WriteStatement(w io.Writer, records ...bank.Record) error {
	writer := NewWriter(w)
	for _, r := range records {
		if err := writer.Write(r); err != nil {
			return err
		}
	}
	return writer.Close()
}

// Write takes the next record; it is a bank.Emit. After an error the file is
// worth nothing and every later call returns that error.
func (w *Writer) Write(r bank.Record) error {
	if w.err != nil {
		return w.err
	}
	switch v := r.(type) {
	case bank.FileHead:
		w.fileHead(v)
	case bank.StatementHead:
		w.statementHead(v)
	case bank.StatementEntry:
		w.entryHead(v)
	case bank.EntryDetail:
		w.detail(v)
	case bank.Problem, bank.End:
	default:
		w.fail(ErrOrder.With("a statement holds no batches and no results"))
	}
	return w.err
}

// Close ends the file. It does not close the underlying writer.
func (w *Writer) Close() error {
	w.endEntry()
	if w.err == nil && w.statement == 0 {
		w.fail(ErrOrder.With("a statement file holds at least one statement"))
	}
	return w.finish()
}

func (w *Writer) fileHead(h bank.FileHead) {
	if w.headed {
		w.fail(ErrOrder.With("a file has one head"))
		return
	}
	w.headed, w.message = true, h.MessageID
	w.need("MsgId", h.MessageID)
	w.need("CreDtTm", h.Created)
	w.dateTime("CreDtTm", h.Created)
	w.document(StatementFormat, "BkToCstmrStmt")
	w.path(func() {
		w.value("MsgId", h.MessageID, 35)
		w.value("CreDtTm", h.Created, 35)
	}, "GrpHdr")
}

func (w *Writer) statementHead(h bank.StatementHead) {
	if !w.headed || h.Index != w.statement {
		w.fail(ErrOrder.With("statement %d does not follow", h.Index))
		return
	}
	w.endEntry()
	if len(w.stack) == 3 {
		w.close()
	}
	w.head, w.entries = h, 0
	w.statement++
	w.need("Acct", h.Account)
	w.currency(h.Currency)
	if h.Opening == nil && h.Closing == nil {
		w.refuse("Bal", "a statement needs a balance")
	}
	w.open("Stmt")
	id := w.message
	if w.statement > 1 {
		id += "-" + strconv.Itoa(w.statement)
	}
	w.value("Id", id, 35)
	if h.Page != "" {
		w.path(func() {
			w.digits("PgNb", h.Page, 5)
			// Only the last page knows the closing balance.
			w.value("LastPgInd", strconv.FormatBool(h.Closing != nil), 5)
		}, "StmtPgntn")
	}
	w.digits("ElctrncSeqNb", h.Number, 18)
	if !h.From.IsZero() && !h.To.IsZero() {
		w.path(func() {
			w.value("FrDtTm", h.From.String()+"T00:00:00", 35)
			w.value("ToDtTm", h.To.String()+"T23:59:59", 35)
		}, "FrToDt")
	}
	w.path(func() {
		w.account(h.Account)
		w.value("Ccy", h.Currency, 3)
	}, "Acct")
	w.balance("OPBD", h.Opening, h.From, h.To)
	w.balance("CLBD", h.Closing, h.To, h.From)
}

func (w *Writer) balance(code string, f *bank.Figure, day, other calendar.Day) {
	if f == nil {
		return
	}
	if day.IsZero() {
		day = other
	}
	w.need("Bal/Dt", day.String())
	way, text := "CRDT", f.String()
	if f.IsNegative() {
		way, text = "DBIT", strings.TrimPrefix(text, "-")
	}
	w.path(func() {
		w.path(func() { w.value("Cd", code, 4) }, "Tp", "CdOrPrtry")
		w.amount("Amt", w.head.Currency, text)
		w.value("CdtDbtInd", way, 4)
		w.path(func() { w.value("Dt", day.String(), 10) }, "Dt")
	}, "Bal")
}

func way(d bank.Direction) string {
	switch d {
	case bank.Credit:
		return "CRDT"
	case bank.Debit:
		return "DBIT"
	case bank.NoDirection:
	}
	return ""
}

func (w *Writer) entryHead(e bank.StatementEntry) {
	w.endEntry()
	if w.statement == 0 || e.Statement != w.statement-1 || e.Index != w.entries {
		w.fail(ErrOrder.With("entry %d of statement %d does not follow", e.Index, e.Statement))
		return
	}
	w.entries++
	w.entry, w.details, w.inDetails = &e, 0, false
	state := map[string]string{"booked": "BOOK", "pending": "PDNG", "info": "INFO"}[e.Status]
	w.need("Sts", state)
	w.need("CdtDbtInd", way(e.Direction))
	w.open("Ntry")
	w.amount("Amt", w.head.Currency, e.Amount.String())
	w.value("CdtDbtInd", way(e.Direction), 4)
	if e.Reversal {
		w.value("RvslInd", "true", 5)
	}
	w.path(func() { w.value("Cd", state, 4) }, "Sts")
	if !e.BookingDate.IsZero() {
		w.path(func() { w.value("Dt", e.BookingDate.String(), 10) }, "BookgDt")
	}
	if !e.ValueDate.IsZero() {
		w.path(func() { w.value("Dt", e.ValueDate.String(), 10) }, "ValDt")
	}
	w.value("AcctSvcrRef", e.BankReference, 35)
	w.path(func() { w.value("Cd", "NOTPROVIDED", 35) }, "BkTxCd", "Prtry")
	if e.BatchID != "" {
		w.open("NtryDtls")
		w.inDetails = true
		w.path(func() {
			w.value("PmtInfId", e.BatchID, 35)
			if e.Details > 0 {
				w.value("NbOfTxs", strconv.Itoa(e.Details), 15)
			}
		}, "Btch")
	}
}

func (w *Writer) detail(d bank.EntryDetail) {
	if w.entry == nil || d.Statement != w.statement-1 || d.Entry != w.entries-1 || d.Index != w.details {
		w.fail(ErrOrder.With("detail %d of entry %d does not follow", d.Index, d.Entry))
		return
	}
	w.details++
	w.transaction(d)
}

func (w *Writer) transaction(d bank.EntryDetail) {
	if !w.inDetails {
		w.open("NtryDtls")
		w.inDetails = true
	}
	w.path(func() {
		if d.EndToEndID != "" {
			w.path(func() { w.value("EndToEndId", d.EndToEndID, 35) }, "Refs")
		}
		if d.Amount != nil {
			w.amount("Amt", w.head.Currency, d.Amount.String())
		}
		w.value("CdtDbtInd", way(d.Direction), 4)
		w.parties(d)
		if d.Text != "" {
			w.path(func() { w.value("Ustrd", d.Text, 140) }, "RmtInf")
		}
		if d.ReturnCode != "" {
			element := "Cd"
			if len(d.ReturnCode) > 4 {
				element = "Prtry"
			}
			w.path(func() { w.value(element, d.ReturnCode, 35) }, "RtrInf", "Rsn")
		}
	}, "TxDtls")
}

// parties writes the counterparty as the side that the reader looks for it on.
func (w *Writer) parties(d bank.EntryDetail) {
	if d.Counterparty == "" && d.CounterpartyAccount == "" {
		return
	}
	side := "Dbtr"
	if (w.entry.Direction == bank.Debit) != (w.entry.Reversal || d.ReturnCode != "") {
		side = "Cdtr"
	}
	w.path(func() {
		if d.Counterparty != "" {
			w.path(func() { w.value("Nm", d.Counterparty, 140) }, side, "Pty")
		}
		if d.CounterpartyAccount != "" {
			w.path(func() { w.account(d.CounterpartyAccount) }, side+"Acct")
		}
	}, "RltdPties")
}

// endEntry closes the entry that is open.
func (w *Writer) endEntry() {
	e := w.entry
	if e == nil || w.err != nil {
		return
	}
	if w.details != e.Details {
		w.fail(ErrOrder.With("an entry announced %d details and had %d", e.Details, w.details))
		return
	}
	if e.Details == 0 && (e.EndToEndID != "" || e.Counterparty != "" || e.CounterpartyAccount != "") {
		w.transaction(bank.EntryDetail{
			EndToEndID: e.EndToEndID, Counterparty: e.Counterparty, CounterpartyAccount: e.CounterpartyAccount,
		})
	}
	if w.inDetails {
		w.close()
	}
	w.value("AddtlNtryInf", e.Text, 500)
	w.close()
	w.raw("\n")
	w.entry = nil
}

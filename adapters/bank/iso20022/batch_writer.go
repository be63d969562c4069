package iso20022

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"twoline/gateway/bank"
	"twoline/gateway/fault"
)

// Errors of writing instructions.
var (
	// ErrInstruction is a value that the schema has no room for, or lacks.
	ErrInstruction = fault.New(fault.Unprocessable, "payment_field", "the value does not fit the payment message")
	// ErrLoss is a fact that the message has no element for.
	ErrLoss = fault.New(fault.Unprocessable, "payment_loss", "the payment message cannot hold this value")
)

// Totals are the number of instructions and the sum of their amounts.
type Totals struct {
	Count int
	Sum   bank.Figure
}

func (t *Totals) add(f bank.Figure) error {
	sum, err := t.Sum.Add(f)
	t.Count++
	t.Sum = sum
	return err
}

func (t *Totals) equal(o Totals) bool { return t.Count == o.Count && t.Sum.Compare(o.Sum) == 0 }

// BatchWriter writes one pain.001 or pain.008 file from records: an optional
// FileHead, then each BatchHead with its items. The same records and options
// give the same bytes.
//
// Nothing is cut: what the schema cannot hold is ErrInstruction, which names the
// batch, the item and the element. A total that is not what the items are is
// bank.ErrControlTotal. Problem and End records are taken and not written. It is
// not safe for concurrent use.
type BatchWriter struct {
	xmlWriter

	o     BatchOptions
	isBIC func(string) bool
	// file is what the whole file is said to hold, known what its batches hold. A
	// rehearsal knows neither and counts.
	file      Totals
	known     []Totals
	rehearsal bool

	head    bank.FileHead
	headed  bool
	batch   int
	current bank.BatchHead
	claimed Totals
	items   Totals
	all     Totals
	counted []Totals
	lost    map[string]bool
}

// NewBatchWriter makes a writer on w of a file whose totals are known before its
// items come, as are those of each BatchHead. They stand before the items in the
// file; Write and Close prove them.
func NewBatchWriter(w io.Writer, o BatchOptions, file Totals) *BatchWriter {
	if o.Currency == "" {
		o.Currency = "CNY"
	}
	writer := &BatchWriter{
		xmlWriter: newXMLWriter(w, ErrInstruction), o: o, isBIC: o.isBIC(), file: file, lost: make(map[string]bool),
	}
	writer.where = writer.place
	writer.checkOptions()
	return writer
}

// WriteBatches writes a whole file. It takes the records twice and must get the
// same ones: first to count them and to refuse what cannot be written, before
// anything is, then to write. The totals of a BatchHead may be left out; where
// they stand they must be right.
func WriteBatches(w io.Writer, o BatchOptions, records func(bank.Emit) error) error {
	first := NewBatchWriter(io.Discard, o, Totals{})
	first.rehearsal = true
	if err := records(first.Write); err != nil {
		return err
	}
	if err := first.Close(); err != nil {
		return err
	}
	// What is lost was told.
	o.Lost = func(bank.Problem) error { return nil }
	second := NewBatchWriter(w, o, first.all)
	second.known = first.counted
	if err := records(second.Write); err != nil {
		return err
	}
	return second.Close()
}

func (w *BatchWriter) place() string {
	switch {
	case w.batch == 0:
		return ""
	case w.items.Count == 0:
		return fmt.Sprintf("batch %d: ", w.batch-1)
	}
	return fmt.Sprintf("batch %d, item %d: ", w.batch-1, w.items.Count-1)
}

// Write takes the next record; it is a bank.Emit. After an error the file is
// worth nothing and every later call returns that error.
func (w *BatchWriter) Write(r bank.Record) error {
	if w.err != nil {
		return w.err
	}
	switch v := r.(type) {
	case bank.FileHead:
		if w.headed || w.batch > 0 {
			w.fail(ErrOrder.With("a file has one head"))
		}
		w.head, w.headed = v, true
	case bank.BatchHead:
		w.batchHead(v)
	case bank.BatchItem:
		w.item(&v)
	case bank.Problem, bank.End:
	default:
		w.fail(ErrOrder.With("a file of instructions holds no statements and no results"))
	}
	return w.err
}

// Close ends the file. It does not close the underlying writer.
func (w *BatchWriter) Close() error {
	w.endBatch()
	if w.err == nil && w.batch == 0 {
		w.fail(ErrOrder.With("a file of instructions holds at least one batch"))
	}
	if w.err == nil && !w.rehearsal && !w.all.equal(w.file) {
		w.fail(w.disagree("file", w.file, w.all))
	}
	return w.finish()
}

// disagree is the refusal of totals that differ: from what the caller said, or
// from what the records were when they were first taken.
func (w *BatchWriter) disagree(what string, said, found Totals) error {
	if w.known != nil {
		return ErrChanged
	}
	return bank.ErrControlTotal.With("%s: said to hold %d instructions of %s, holds %d of %s",
		what, said.Count, said.Sum, found.Count, found.Sum)
}

// begin writes the header, once the first batch comes.
func (w *BatchWriter) begin() {
	id, created := either(w.o.MessageID, w.head.MessageID), w.head.Created
	if !w.o.Created.IsZero() {
		created = w.o.Created.Format(time.RFC3339)
	}
	message := "CstmrCdtTrfInitn"
	if w.o.direction() == bank.Collection {
		message = "CstmrDrctDbtInitn"
	}
	w.document(w.o.Format, message)
	w.open("GrpHdr")
	w.need("MsgId", id)
	w.value("MsgId", id, 35)
	w.dateTime("CreDtTm", created)
	w.value("CreDtTm", created, 35)
	w.totals(w.file)
	w.path(func() {
		w.value("Nm", w.o.Initiator.Name, 140)
		w.nested("Id", w.o.Initiator.ID, 35, "Id", "OrgId", "Othr")
	}, "InitgPty")
	w.close()
}

// totals writes the two totals; a rehearsal has none yet.
func (w *BatchWriter) totals(t Totals) {
	w.value("NbOfTxs", strconv.Itoa(t.Count), 15)
	sum := t.Sum.String()
	if t.Sum.IsNegative() || len(sum) > 19 {
		w.refuse("CtrlSum", "negative, or more than 18 digits")
	}
	w.value("CtrlSum", sum, 19)
}

func (w *BatchWriter) batchHead(h bank.BatchHead) {
	w.endBatch()
	if w.err != nil {
		return
	}
	if h.Index != w.batch {
		w.fail(ErrOrder.With("batch %d does not follow", h.Index))
		return
	}
	if w.batch == 0 {
		w.begin()
	}
	w.batch++
	w.current, w.items, w.claimed = h, Totals{}, Totals{Count: h.Count, Sum: h.Sum}
	if !w.rehearsal && w.known != nil {
		if w.batch > len(w.known) {
			w.fail(ErrChanged)
			return
		}
		w.claimed = w.known[w.batch-1]
	}
	if h.Direction != bank.NoBatchDirection && h.Direction != w.o.direction() {
		w.refuse("PmtMtd", "the batch is a %s, %s holds the other direction", h.Direction, w.o.Format)
	}
	w.open("PmtInf")
	w.need("PmtInfId", h.BatchID)
	w.value("PmtInfId", h.BatchID, 35)
	if w.o.direction() == bank.Collection {
		w.raw("<PmtMtd>DD</PmtMtd>")
	} else {
		w.raw("<PmtMtd>TRF</PmtMtd>")
	}
	if w.o.BatchBooking != nil {
		w.value("BtchBookg", strconv.FormatBool(*w.o.BatchBooking), 5)
	}
	w.totals(w.claimed)
	w.paymentType()
	w.day(h)
	w.ourSide(h)
	w.value("ChrgBr", w.o.ChargeBearer, 4)
	if id := w.o.CreditorScheme; id.ID != "" {
		w.path(func() {
			w.value("Id", id.ID, 35)
			w.nested("Prtry", id.Scheme, 35, "SchmeNm")
		}, "CdtrSchmeId", "Id", "PrvtId", "Othr")
	}
	w.raw("\n")
}

func (w *BatchWriter) paymentType() {
	o := &w.o
	if o.ServiceLevel == (Code{}) && o.LocalInstrument == (Code{}) && o.CategoryPurpose == (Code{}) &&
		o.SequenceType == "" {
		return
	}
	w.path(func() {
		w.code(o.ServiceLevel, 4, "SvcLvl")
		w.code(o.LocalInstrument, 35, "LclInstrm")
		w.value("SeqTp", o.SequenceType, 4)
		w.code(o.CategoryPurpose, 4, "CtgyPurp")
	}, "PmtTpInf")
}

// code writes a choice of an external code and the bank's own.
func (w *BatchWriter) code(c Code, limit int, outer string) {
	w.nested("Cd", c.Code, limit, outer)
	w.nested("Prtry", c.Own, 35, outer)
}

func (w *BatchWriter) day(h bank.BatchHead) {
	name, outer := "ReqdExctnDt", []string(nil)
	switch {
	case w.o.direction() == bank.Collection:
		name = "ReqdColltnDt"
	case w.o.since2019():
		name, outer = "Dt", []string{"ReqdExctnDt"}
	}
	if h.ExecutionDate.IsZero() {
		w.refuse(name, "the schema demands a value")
		return
	}
	w.nested(name, h.ExecutionDate.String(), 10, outer...)
}

// ourSide writes our name, account and bank.
func (w *BatchWriter) ourSide(h bank.BatchHead) {
	side := "Dbtr"
	if w.o.direction() == bank.Collection {
		side = "Cdtr"
	}
	number := either(h.Account, w.o.Account)
	if w.o.Account != "" && number != w.o.Account {
		w.refuse(side+"Acct", "the batch is of another account than the one that was given")
	}
	w.need(side+"Acct", number)
	w.path(func() { w.value("Nm", w.o.Owner, 140) }, side)
	w.path(func() {
		w.account(number)
		w.value("Ccy", w.o.Currency, 3)
	}, side+"Acct")
	w.agent(side+"Agt", w.o.Agent)
}

// agent writes a bank. The schema demands the element where nothing is known of
// the bank, and every rule book says NOTPROVIDED then.
func (w *BatchWriter) agent(name string, a Agent) {
	bic := "BIC"
	if w.o.since2019() {
		bic = "BICFI"
	}
	w.path(func() {
		w.value(bic, a.BIC, 11)
		if a.MemberID != "" {
			w.path(func() {
				w.nested("Cd", w.o.ClearingSystem, 5, "ClrSysId")
				w.value("MmbId", a.MemberID, 35)
			}, "ClrSysMmbId")
		}
		if a == (Agent{}) {
			w.nested("Id", notProvided, 35, "Othr")
		}
	}, name, "FinInstnId")
}

const notProvided = "NOTPROVIDED"

func (w *BatchWriter) item(i *bank.BatchItem) {
	if w.batch == 0 || i.Batch != w.batch-1 || i.Index != w.items.Count {
		w.fail(ErrOrder.With("item %d of batch %d does not follow", i.Index, i.Batch))
		return
	}
	if w.items.add(i.Amount) != nil || w.all.add(i.Amount) != nil {
		w.refuse("CtrlSum", "the amounts add up to more than 18 digits")
		return
	}
	w.checkItem(i)
	if w.o.direction() == bank.Collection {
		w.debit(i)
	} else {
		w.credit(i)
	}
	w.raw("\n")
}

// checkItem refuses what no element's own limit refuses, and tells what is lost.
func (w *BatchWriter) checkItem(i *bank.BatchItem) {
	w.need("EndToEndId", i.ItemID)
	w.need("Nm", i.Name)
	w.need("Acct", i.Account)
	if strings.EqualFold(i.ItemID, notProvided) {
		w.refuse("EndToEndId", "the word NOTPROVIDED says that there is no id")
	}
	if strings.EqualFold(i.Bank, notProvided) {
		w.refuse("FinInstnId", "the word NOTPROVIDED says that there is no id")
	}
	if i.Currency != "" && i.Currency != w.o.Currency {
		w.refuse("InstdAmt", "the amount is not in %s", w.o.Currency)
	}
	if _, ok := i.Amount.Amount(); !ok && w.o.Currency == "CNY" {
		w.refuse("InstdAmt", "not an amount of yuan with two decimals")
	}
	if w.o.MandateRequired && w.o.direction() == bank.Collection {
		w.need("MndtId", i.Mandate)
	}
	if w.o.direction() == bank.Payment {
		w.lose("mandate", i.Mandate)
	}
	w.lose("region", i.Region)
	if !w.o.Identify {
		w.lose("id_number", i.IDNumber)
		w.lose("social_no", i.SocialNo)
	}
}

// lose tells the first loss of a field, or refuses it where the caller takes none.
func (w *BatchWriter) lose(field, value string) {
	if value == "" || w.lost[field] || w.err != nil {
		return
	}
	w.lost[field] = true
	if w.o.Lost == nil {
		w.fail(ErrLoss.With("%s%s has no element for it", w.place(), w.o.Format).On(field))
		return
	}
	if err := w.o.Lost(bank.Problem{
		Severity: bank.SeverityWarning, Code: "lost", Path: strings.TrimSuffix(w.place(), ": "),
		Text: w.o.Format + " has no element for " + field + "; it is left out of every item",
	}); err != nil {
		w.fail(err)
	}
}

func (w *BatchWriter) credit(i *bank.BatchItem) {
	w.open("CdtTrfTxInf")
	w.nested("EndToEndId", i.ItemID, 35, "PmtId")
	w.path(func() { w.amount("InstdAmt", w.o.Currency, i.Amount.String()) }, "Amt")
	if i.Bank != "" {
		w.agent("CdtrAgt", w.agentOf(i))
	}
	w.party("Cdtr", i)
	w.path(func() { w.account(i.Account) }, "CdtrAcct")
	w.code(w.o.Purpose, 4, "Purp")
	w.nested("Ustrd", i.Text, 140, "RmtInf")
	w.close()
}

func (w *BatchWriter) debit(i *bank.BatchItem) {
	w.open("DrctDbtTxInf")
	w.nested("EndToEndId", i.ItemID, 35, "PmtId")
	w.amount("InstdAmt", w.o.Currency, i.Amount.String())
	w.nested("MndtId", i.Mandate, 35, "DrctDbtTx", "MndtRltdInf")
	w.agent("DbtrAgt", w.agentOf(i))
	w.party("Dbtr", i)
	w.path(func() { w.account(i.Account) }, "DbtrAcct")
	w.code(w.o.Purpose, 4, "Purp")
	w.nested("Ustrd", i.Text, 140, "RmtInf")
	w.close()
}

// agentOf tells a BIC from the id of a clearing member by its form.
func (w *BatchWriter) agentOf(i *bank.BatchItem) Agent {
	if w.isBIC(i.Bank) {
		return Agent{BIC: i.Bank}
	}
	return Agent{MemberID: i.Bank}
}

// party writes the other side by name, and by its numbers where the bank asks.
func (w *BatchWriter) party(side string, i *bank.BatchItem) {
	w.path(func() {
		w.value("Nm", i.Name, 140)
		if !w.o.Identify || i.IDNumber == "" && i.SocialNo == "" {
			return
		}
		w.path(func() {
			w.identity(i.IDNumber, schemeIDNumber)
			w.identity(i.SocialNo, schemeSocialNo)
		}, "Id", "PrvtId")
	}, side)
}

func (w *BatchWriter) identity(number, scheme string) {
	if number == "" {
		return
	}
	w.path(func() {
		w.value("Id", number, 35)
		w.nested("Cd", scheme, 4, "SchmeNm")
	}, "Othr")
}

// endBatch closes the batch that is open and proves its totals.
func (w *BatchWriter) endBatch() {
	if w.batch == 0 || w.err != nil {
		return
	}
	what := fmt.Sprintf("batch %d", w.batch-1)
	if w.items.Count == 0 {
		w.fail(ErrOrder.With("%s holds no item", what))
		return
	}
	said := w.claimed
	if w.rehearsal {
		// A head may leave its totals out.
		if said.Count == 0 && said.Sum == (bank.Figure{}) {
			said = w.items
		}
		w.counted = append(w.counted, w.items)
	}
	if !said.equal(w.items) {
		w.fail(w.disagree(what, said, w.items))
		return
	}
	w.close()
}

package cnaps

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
)

// WriterOptions say how a message is written.
type WriterOptions struct {
	Kind Kind
	Set  Set
	// Header is written before the XML; nil writes the XML alone.
	Header *Header
	// Signer signs the message, which then needs a Header; nil leaves the signature
	// to the bank's front end.
	Signer Signer
	// TxIDs maps item ids; nil is NumericTxIDs.
	TxIDs TxIDs
	// SameBank says that a branch belongs to a clearing bank; nil compares the
	// first three digits.
	SameBank func(branch, clearing string) bool
	// Lost is told each fact that the message has no element for, as a Problem of
	// code "lost", and the message is written without it, unless Lost returns an
	// error. Where Lost is nil such a fact is ErrLoss.
	Lost func(bank.Problem) error
}

// Writer writes one message from records: FileHead, then for beps.380 and beps.382 a
// BatchHead and its items, for the others the results (one for beps.388 and
// beps.389). It holds the message until Close, up to MaxBody, since count and sum
// stand before the items and the signature before both. Nothing is cut and no
// character is replaced. Problem and End records are taken and not written. It is
// not safe for concurrent use.
type Writer struct {
	w       io.Writer
	options WriterOptions
	tree    *element
	ids     TxIDs
	same    func(branch, clearing string) bool
	err     error

	values values
	items  bytes.Buffer
	path   []string
	headed bool
	batch  *bank.BatchHead
	count  int
	sum    bank.Figure
	seen   map[string]struct{}
}

// NewWriter makes a writer on w.
func NewWriter(w io.Writer, o WriterOptions) *Writer {
	out := &Writer{ //nolint:exhaustruct // nothing was written yet
		w: w, options: o, tree: tree(o.Kind), ids: o.TxIDs, same: o.SameBank, seen: make(map[string]struct{}),
	}
	if out.ids == nil {
		out.ids = NumericTxIDs()
	}
	if out.same == nil {
		out.same = sameBank
	}
	if o.Kind == NoKind {
		out.fail(ErrMessage)
	}
	return out
}

// Write takes the next record; it is a bank.Emit. After an error the message is
// worth nothing and every later call returns that error.
func (w *Writer) Write(r bank.Record) error {
	if w.err != nil {
		return w.err
	}
	switch v := r.(type) {
	case bank.FileHead:
		w.fileHead(v)
	case bank.BatchHead:
		w.batchHead(v)
	case bank.BatchItem:
		w.item(v)
	case bank.Result:
		w.result(v)
	case bank.Problem, bank.End:
	default:
		w.fail(ErrOrder.With("a message of this kind holds no such record"))
	}
	return w.err
}

func (w *Writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// lose tells a loss, or refuses it where the caller takes none.
func (w *Writer) lose(name string) {
	if w.err != nil {
		return
	}
	if w.options.Lost == nil {
		w.fail(ErrLoss.On(name))
		return
	}
	path := ""
	if w.count > 0 {
		path = fmt.Sprintf("item %d", w.count-1)
	}
	if err := w.options.Lost(bank.Problem{
		Severity: bank.SeverityWarning, Code: "lost", Line: 0, Path: path,
		Text: name + ": the message has no element for it",
	}); err != nil {
		w.fail(err)
	}
}

// loseAll loses the fields that are not empty; names and texts come in pairs.
func (w *Writer) loseAll(pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			w.lose(pairs[i])
		}
	}
}

func (w *Writer) fileHead(h bank.FileHead) {
	if w.headed {
		w.fail(ErrOrder.With("a file has one head"))
		return
	}
	w.headed = true
	s := &w.options.Set
	w.values = values{
		messageID: h.MessageID, created: h.Created, senderDirect: s.SenderDirect, sender: s.Sender,
		receiverDirect: s.ReceiverDirect, receiver: s.Receiver, system: "BEPS", remark: s.Remark,
		returnDays: s.ReturnDays, transmitted: s.Transmitted.String(), transmittedOut: s.Transmitted.String(),
		transmittedIn: s.TransmittedIn.String(), receiveType: s.ReceiveType, contract: s.Contract,
		checkFlag: s.CheckFlag, category: s.Category, replyType: s.Category, ownName: s.OwnName,
		ownAccount: s.OwnAccount, ownMember: s.OwnMember, ownBranch: s.OwnBranch, clearing: s.Clearing,
		originalMessage: s.Original.Message, originalParty: s.Original.Party, originalType: s.Original.Type,
		originalBatch: s.Original.Batch, originalDay: s.Original.Day.String(), originalDays: s.Original.ReturnDays,
		originalAmount: s.Original.Total.String(), originalCount: strconv.Itoa(s.Original.Count),
		processState: s.Processing.State, processCode: s.Processing.Code, processInfo: s.Processing.Text,
		nettedOn: s.Processing.NettedOn.String(), nettedRound: s.Processing.Round,
		settledOn: s.Processing.SettledOn.String(), receivedAt: s.Processing.ReceivedAt, sentAt: s.Processing.SentAt,
		purpose: s.Purpose, originalPurpose: s.Purpose, itemCheck: s.CheckFlag,
	}
}

func (w *Writer) batchHead(h bank.BatchHead) {
	k := w.options.Kind
	if !w.headed || w.batch != nil || !k.instructs() || h.Index != 0 {
		w.fail(ErrOrder.With("a set is one batch, after the file's head"))
		return
	}
	if (h.Direction == bank.Collection) != (k == Collection) || h.Direction == bank.NoBatchDirection {
		w.fail(ErrOrder.With("the batch moves money the other way than the message"))
		return
	}
	w.batch = &h
	w.values[batchNumber] = h.BatchID
	if h.Account != "" {
		w.values[ownAccount] = h.Account
	}
	if !h.ExecutionDate.IsZero() {
		w.lose("execution_date")
	}
}

// add counts an amount.
func (w *Writer) add(f bank.Figure) {
	w.count++
	sum, err := w.sum.Add(f)
	if err != nil {
		w.fail(ErrValue.Because(err).On("sum"))
	}
	w.sum = sum
	a, ok := f.Amount()
	if !ok {
		w.fail(ErrValue.With("an amount must be yuan with two decimals, and not negative").On(w.itemPath("Amt")))
	}
	w.values[amount] = a.String()
}

func (w *Writer) itemPath(name string) string { return fmt.Sprintf("item %d/%s", w.count-1, name) }

func (w *Writer) txID(itemID string) {
	id, err := w.ids.TxID(itemID)
	if err == nil && !isTxID(id) {
		err = ErrTxID
	}
	if err != nil {
		w.fail(fmt.Errorf("item %d: %w", w.count-1, err))
		return
	}
	// Two ids that differ by leading zeros are one number to a bank.
	key := strings.TrimLeft(id, "0")
	if _, again := w.seen[key]; again {
		w.fail(ErrTxID.With("the transaction id stands in the set twice").On(w.itemPath("TxId")))
	}
	w.seen[key] = struct{}{}
	w.values[transactionID] = id
}

func (w *Writer) item(v bank.BatchItem) {
	if w.batch == nil || v.Batch != 0 || v.Index != w.count {
		w.fail(ErrOrder.With("item %d does not follow", v.Index))
		return
	}
	w.add(v.Amount)
	w.txID(v.ItemID)
	switch {
	case v.Currency != currency:
		w.fail(ErrValue.With("the currency must be CNY").On(w.itemPath("Amt")))
	case !w.same(v.Bank, w.options.Set.Clearing):
		w.fail(ErrMixed.On(w.itemPath("BrnchId")))
	case w.options.Kind == Collection && v.Mandate == "":
		w.fail(ErrValue.With("an item to collect needs its mandate number").On(w.itemPath("EndToEndId")))
	}
	w.loseAll("id_number", v.IDNumber, "social_no", v.SocialNo, "region", v.Region)
	if w.options.Kind == Payment {
		w.loseAll("mandate", v.Mandate)
	}
	w.values[name], w.values[account], w.values[branch] = v.Name, v.Account, v.Bank
	w.values[mandate], w.values[information] = v.Mandate, v.Text
	w.writeItem()
}

func (w *Writer) result(v bank.Result) {
	k := w.options.Kind
	if !w.headed || k.instructs() || v.Batch != 0 || v.Index != w.count || !k.detailed() && w.count > 0 {
		w.fail(ErrOrder.With("result %d does not follow", v.Index))
		return
	}
	level, batch := "item", w.values[originalBatch]
	switch k { //nolint:exhaustive // the others answer items
	case BatchRefused:
		level = "batch"
	case ConfirmationReply:
		level, batch = "file", w.values[originalMessage]
	}
	if v.Level != level || v.BatchID != "" && v.BatchID != batch {
		w.fail(ErrOrder.With("the result is of another batch or level than the message").On(level))
		return
	}
	w.answer(v)
	lost := []string{
		"social_no", v.SocialNo, "id_number", v.IDNumber, "region", v.Region, "bank_reference", v.BankReference,
	}
	if !k.detailed() {
		w.count++
		w.loseAll(lost...)
		w.loseAll("item_id", v.ItemID, "name", v.Name, "account", v.Account, "value_date", v.ValueDate.String())
		return
	}
	if v.Amount == nil {
		w.fail(ErrValue.With("the result of an item needs its amount").On("amount"))
		return
	}
	w.add(*v.Amount)
	w.txID(v.ItemID)
	w.loseAll(lost...)
	if v.ValueDate != w.settled(v.Outcome) {
		w.lose("value_date")
	}
	w.values[name], w.values[account], w.values[branch] = v.Name, v.Account, w.options.Set.Branch
	w.writeItem()
}

// settled is the value date that a reader gives to a result.
func (w *Writer) settled(o bank.Outcome) calendar.Day {
	if o != bank.OutcomeSucceeded || w.options.Set.Processing.State == "" {
		return calendar.Day{}
	}
	return w.options.Set.Processing.SettledOn
}

// answer sets the states of a result, and refuses a code that a reader would take
// for another outcome.
func (w *Writer) answer(v bank.Result) {
	w.values[state], w.values[rejectCode] = statesOf(v.Code)
	outcome, sound := w.options.Kind.outcome(w.values[state], w.values[rejectCode], w.options.Set.Processing.State)
	if v.Code == "" || !sound || outcome != v.Outcome {
		w.fail(ErrValue.With("the code of a result does not say its outcome").On("code"))
	}
	if v.Class != "" && v.Class != bank.ClassOf(outcome, v.Code) {
		w.lose("class")
	}
	w.values[rejectInfo], w.values[information] = "", v.Text
	if w.values[rejectCode] != "" && utf8.RuneCountInString(v.Text) <= 105 {
		w.values[rejectInfo], w.values[information] = v.Text, ""
	}
}

// writeItem writes the element of one item.
func (w *Writer) writeItem() {
	body := w.tree.kids[len(w.tree.kids)-1]
	w.element(&w.items, body.kids[len(body.kids)-1])
	if w.items.Len() > MaxBody {
		w.fail(ErrTooLarge.With("a message has at most %d MiB", MaxBody>>20))
	}
}

// element writes an element and what is in it, by the tree. An optional group whose
// first value is absent is left out.
func (w *Writer) element(b *bytes.Buffer, e *element) {
	if w.err != nil {
		return
	}
	w.path = append(w.path, e.name)
	defer func() { w.path = w.path[:len(w.path)-1] }()
	if e.form != group {
		w.leaf(b, e)
		return
	}
	if e.optional && w.values[firstField(e)] == "" {
		return
	}
	b.WriteString("<" + e.name + ">")
	for _, kid := range e.kids {
		if !kid.items {
			w.element(b, kid)
			continue
		}
		if w.count == 0 {
			w.fail(ErrOrder.With("a message holds at least one item"))
		}
		b.Write(w.items.Bytes())
	}
	b.WriteString("</" + e.name + ">")
}

// firstField is the field that an optional group stands or falls with.
func firstField(e *element) field {
	for e.form == group {
		e = e.kids[0]
	}
	return e.field
}

func (w *Writer) leaf(b *bytes.Buffer, e *element) {
	value := w.values[e.field]
	if value == "" {
		if !e.optional {
			w.fail(ErrValue.With("the message demands a value").On(strings.Join(w.path, "/")))
		}
		return
	}
	why := e.valid(value)
	escaped, ok := escape(value)
	if !ok {
		why = "a character that XML cannot hold, or blanks around the text"
	}
	if why != "" {
		w.fail(ErrValue.With("%s", why).On(strings.Join(w.path, "/")))
		return
	}
	b.WriteString("<" + e.name)
	if e.form == money {
		b.WriteString(` Ccy="` + currency + `"`)
	}
	b.WriteString(">" + escaped + "</" + e.name + ">")
}

// escape writes text as character data; false where XML has no way to hold it or
// where reading would not give it back.
func escape(text string) (string, bool) {
	if !utf8.ValidString(text) || strings.Trim(text, " \t\r\n") != text {
		return "", false
	}
	for _, r := range text {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return "", false
		}
	}
	if !strings.ContainsAny(text, "&<>\r") {
		return text, true
	}
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#13;").Replace(text), true
}

// Close computes the totals, signs, and writes the message. It does not close the
// underlying writer.
func (w *Writer) Close(ctx context.Context) error {
	if w.err != nil {
		return w.err
	}
	if !w.headed || w.options.Kind.instructs() && w.batch == nil || w.count == 0 {
		w.fail(ErrOrder.With("the message has no head or nothing in it"))
		return w.err
	}
	if b := w.batch; b != nil && (b.Count != 0 && b.Count != w.count ||
		b.Sum.Compare(bank.FigureOf(0)) != 0 && b.Sum.Compare(w.sum) != 0) {
		w.fail(ErrControlTotal.With("the batch says %d items of %s, there are %d of %s",
			b.Count, b.Sum, w.count, w.sum))
		return w.err
	}
	if p := w.options.Set.Processing; p.State == "" && p != (Processing{}) { //nolint:exhaustruct // nothing of it
		w.fail(ErrValue.With("the system's processing needs its state").On("NPCPrcInf/PrcSts"))
	}
	total, _ := w.sum.Amount()
	w.values[totalAmount], w.values[replyAmount] = total.String(), total.String()
	w.values[totalCount], w.values[replyCount] = strconv.Itoa(w.count), strconv.Itoa(w.count)
	var body bytes.Buffer
	k := w.options.Kind
	body.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	body.WriteString(`<Document xmlns="` + namespace + k.version() + `">`)
	w.element(&body, w.tree)
	body.WriteString("</Document>")
	if w.err == nil && body.Len() > MaxBody {
		w.fail(ErrTooLarge.With("a message has at most %d MiB", MaxBody>>20))
	}
	if w.err == nil {
		w.fail(w.send(ctx, body.Bytes()))
	}
	return w.err
}

// send reads the message back as a bank would, and writes it.
func (w *Writer) send(ctx context.Context, body []byte) error {
	check := &parser{ //nolint:exhaustruct // nothing was read yet
		ctx: ctx, kind: w.options.Kind, emit: func(bank.Record) error { return nil },
		options: Options{SameBank: w.same}, //nolint:exhaustruct // ids are of no interest here
	}
	check.signed.wanted = w.options.Signer != nil
	if err := check.read(bytes.NewReader(body)); err != nil {
		return err
	}
	signed := check.signed.parts.String()
	var before []byte
	if h := w.options.Header; h != nil {
		head, err := h.bytes(w.options.Kind)
		if err != nil {
			return err
		}
		before = append(head, "\r\n"...)
	}
	if s := w.options.Signer; s != nil {
		if before == nil {
			return ErrSignature.With("a signed message needs a header")
		}
		if w.options.Kind != Collection {
			signed = string(body)
		}
		signature, err := s.Sign(ctx, w.options.Kind, []byte(signed))
		if err != nil {
			return fmt.Errorf("sign the message: %w", err)
		}
		before = append(append(before, "{S:"...), base64.StdEncoding.EncodeToString(signature)...)
		before = append(before, "}\r\n"...)
	}
	if _, err := w.w.Write(before); err != nil {
		return err
	}
	_, err := w.w.Write(body)
	return err
}

// SigningText returns what is signed of a message: the fields of a beps.380 joined
// by |, its amounts with CNY before them, else the bytes of the XML.
func SigningText(ctx context.Context, xml []byte) ([]byte, error) {
	p := &parser{ctx: ctx, emit: func(bank.Record) error { return nil }} //nolint:exhaustruct // nothing was read yet
	p.signed.wanted = true
	if err := p.read(bytes.NewReader(xml)); err != nil {
		return nil, err
	}
	if p.kind != Collection {
		return xml, nil
	}
	return []byte(p.signed.parts.String()), nil
}

package cnaps

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"twoline/adapters/bank/iso20022/xmlscan"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
)

const (
	// contextEvery is after how many items the context is asked.
	contextEvery = 256
	maxEarly     = 100
)

// Read reads one message and emits its records: FileHead, then a BatchHead with its
// items, or the results, Problems where they are found, and End after the whole
// file was read and its signature proved. It stops at the first error, of the file,
// of the source, of ctx or of emit; records emitted before an error do not count.
// Memory is bounded: a message that is signed and is not a beps.380 is held, up to
// MaxBody, where its signature is to be proved.
func Read(ctx context.Context, r io.Reader, o Options, emit bank.Emit) error {
	source := bufio.NewReaderSize(r, 64<<10)
	if mark, err := source.Peek(3); err == nil && bytes.Equal(mark, []byte("\xEF\xBB\xBF")) {
		if _, err := source.Discard(len(mark)); err != nil {
			return ErrRead.Because(err)
		}
	}
	before, err := readWire(source)
	if err != nil {
		return err
	}
	if before.header != nil && o.Head != nil {
		if err := o.Head(*before.header); err != nil {
			return err
		}
	}
	if o.Signer != nil && !before.signed {
		return ErrSignature.With("the message is not signed")
	}
	xml := &exact{r: source, ctx: ctx, keep: o.Signer != nil} //nolint:exhaustruct // nothing was kept yet
	p := &parser{                                             //nolint:exhaustruct // nothing was read yet
		ctx: ctx, options: o, emit: emit, kind: before.kind, lines: before.lines,
	}
	p.signed.wanted = o.Signer != nil
	if err := p.read(xml); err != nil {
		if stopped := ctx.Err(); stopped != nil && errors.Is(err, stopped) {
			return stopped
		}
		return p.located(err)
	}
	if o.Signer != nil {
		signed := xml.all.Bytes()
		if p.kind == Collection {
			signed = []byte(p.signed.parts.String())
		}
		if err := o.Signer.Verify(ctx, p.kind, signed, before.signature); err != nil {
			return ErrSignature.Because(err)
		}
	}
	return emit(bank.End{Entries: 0, Items: p.items, Results: p.results, Problems: p.problems})
}

// Detect returns the format of a file by its first bytes, such as "beps.380.001.01",
// and false where it is none of ours. The first 4 KiB are plenty.
func Detect(head []byte) (string, bool) {
	head = bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF"))
	if bytes.HasPrefix(head, []byte("{H:")) {
		if len(head) < HeaderSize {
			return "", false
		}
		h, _, err := parseHeader(head[:HeaderSize])
		return h.Type, err == nil
	}
	// A tag's end is never part of a longer character, so no character is cut.
	s := xmlscan.New(bytes.NewReader(head[:bytes.LastIndexByte(head, '>')+1]))
	space := ""
	for {
		found, err := s.Next()
		switch {
		case err != nil || found == xmlscan.EOF:
			return "", false
		case found != xmlscan.Start:
		case s.Depth() == 2:
			k := kindOf(string(s.Name()))
			return formatOf(k, space), k != NoKind
		case string(s.Name()) != "Document":
			return "", false
		default:
			space = s.Namespace()
		}
	}
}

// formatOf adds the version where the namespace tells it.
func formatOf(k Kind, space string) string {
	if strings.HasSuffix(space, k.version()) {
		return k.version()
	}
	return k.String()
}

// exact reads the XML and keeps its bytes where the signature is over them.
type exact struct {
	ctx  context.Context //nolint:containedctx // lives for one Read call only, whose context it is
	r    io.Reader
	keep bool
	all  bytes.Buffer
}

func (e *exact) Read(b []byte) (int, error) {
	if err := e.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := e.r.Read(b)
	if e.keep {
		if e.all.Len()+n > MaxBody {
			return 0, ErrTooLarge
		}
		e.all.Write(b[:n])
	}
	return n, err
}

// parser walks the tree of a message.
type parser struct {
	ctx     context.Context //nolint:containedctx // lives for one Read call only, whose context it is
	options Options
	emit    bank.Emit
	scan    *xmlscan.Scanner
	lines   int
	kind    Kind
	space   string
	signed  signedText

	path    []string
	values  values
	headed  bool
	index   int
	sum     bank.Figure
	paid    bank.Figure
	paidNo  int
	ids     TxIDs
	same    func(branch, clearing string) bool
	items   int
	results int

	problems int
	// early are the problems found before the head of the file was given out.
	early []bank.Problem
}

// located adds the lines before the XML, and names what the XML's reader found.
func (p *parser) located(err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || p.lines == 0 || f.Line == 0 {
		return err
	}
	return f.At(f.Line + p.lines)
}

// read reads the XML of a message.
func (p *parser) read(r io.Reader) error {
	p.scan = xmlscan.New(r)
	p.ids, p.same = p.options.txIDs(), p.options.SameBank
	if p.same == nil {
		p.same = sameBank
	}
	found, err := p.scan.Next()
	if err != nil {
		return err
	}
	if found != xmlscan.Start || string(p.scan.Name()) != "Document" {
		return ErrMessage
	}
	p.space = p.scan.Namespace()
	if found, err = p.scan.Next(); err != nil {
		return err
	}
	if found != xmlscan.Start {
		return ErrMessage
	}
	kind := kindOf(string(p.scan.Name()))
	if kind == NoKind || p.kind != NoKind && p.kind != kind {
		return ErrMessage.With("the message is another one than its header says, or none that is known")
	}
	if space := p.scan.Namespace(); space != "" {
		p.space = space
	}
	p.kind, p.signed.kind = kind, kind
	if err := p.group(tree(kind)); err != nil {
		return err
	}
	if err := p.tail(); err != nil {
		return err
	}
	return p.finish()
}

// tail reads from the message's end to the document's.
func (p *parser) tail() error {
	for {
		found, err := p.scan.Next()
		switch {
		case err != nil:
			return err
		case found == xmlscan.EOF:
			return nil
		case found == xmlscan.Start:
			return ErrStructure.With("a document holds one message").At(p.scan.Line())
		case found == xmlscan.Text:
			return ErrStructure.With("text where elements are").At(p.scan.Line())
		}
	}
}

// group reads the children of an element, in the order of the tree, to its end.
func (p *parser) group(e *element) error {
	p.path = append(p.path, e.name)
	defer func() { p.path = p.path[:len(p.path)-1] }()
	next, last := 0, -1
	for {
		found, err := p.scan.Next()
		if err != nil {
			return err
		}
		switch found {
		case xmlscan.Text:
			return p.wrong(ErrStructure, "text where elements are")
		case xmlscan.End, xmlscan.EOF:
			return p.missing(e.kids[next:])
		case xmlscan.Start:
		}
		at, err := p.find(e, next, last)
		if err != nil {
			return err
		}
		if at < 0 {
			if err := p.unknown(); err != nil {
				return err
			}
			continue
		}
		if at > next {
			if err := p.missing(e.kids[next:at]); err != nil {
				return err
			}
		}
		next, last = max(next, at+1), at
		if err := p.child(e.kids[at]); err != nil {
			return err
		}
	}
}

// find returns the place of the element just begun among the children of e, and -1
// where the tree does not have it.
func (p *parser) find(e *element, next, last int) (int, error) {
	name := p.scan.Name()
	if last >= 0 && e.kids[last].items && string(name) == e.kids[last].name {
		return last, nil
	}
	for i := range e.kids {
		at := (i + next) % len(e.kids)
		if string(name) != e.kids[at].name {
			continue
		}
		if at < next {
			p.path = append(p.path, e.kids[at].name)
			err := p.wrong(ErrStructure, "the element is repeated or out of its order")
			p.path = p.path[:len(p.path)-1]
			return 0, err
		}
		return at, nil
	}
	return -1, nil
}

func (p *parser) missing(kids []*element) error {
	for _, kid := range kids {
		if !kid.optional {
			return p.wrong(ErrStructure, "the element "+kid.name+" is missing")
		}
	}
	return nil
}

// unknown passes over an element that the tree does not have.
func (p *parser) unknown() error {
	// Every item may have it, and one word is enough.
	if p.index == 0 {
		name := string(p.scan.Name())
		if err := p.problem(bank.SeverityWarning, "unknown_element", p.where()+"/"+name,
			"an element that the message standard's text does not have"); err != nil {
			return err
		}
	}
	return p.scan.Skip()
}

func (p *parser) child(e *element) error {
	switch {
	case e.items:
		return p.item(e)
	case e.form == group:
		return p.group(e)
	}
	return p.leaf(e)
}

// leaf reads the text of an element.
func (p *parser) leaf(e *element) error {
	p.path = append(p.path, e.name)
	if e.form == money {
		if ccy, _ := p.scan.Attr("Ccy"); string(ccy) != currency {
			return p.wrong(ErrValue, "the currency must be CNY")
		}
	}
	value, ok := "", false
	if b, plain := p.scan.Leaf(); plain {
		value, ok = string(b), true
	}
	for !ok {
		found, err := p.scan.Next()
		switch {
		case err != nil:
			return err
		case found == xmlscan.Start:
			return p.wrong(ErrStructure, "an element where text is")
		case found == xmlscan.Text:
			if len(value)+len(p.scan.Text()) > xmlscan.MaxToken {
				return xmlscan.ErrToken.At(p.scan.Line())
			}
			value += string(p.scan.Text())
		default:
			ok = true
		}
	}
	value = strings.Trim(value, " \t\r\n")
	if value == "" {
		if !e.optional {
			return p.wrong(ErrValue, "the element is empty")
		}
	} else if why := e.valid(value); why != "" {
		return p.wrong(ErrValue, why)
	}
	if e.form == money {
		f, _ := figure(value)
		value = f.String()
	}
	p.values[e.field] = value
	p.path = p.path[:len(p.path)-1]
	return nil
}

func (p *parser) where() string { return strings.Join(p.path, "/") }

func (p *parser) wrong(kind *fault.Error, why string) error {
	return kind.With("%s", why).On(p.where()).At(p.scan.Line())
}

func (p *parser) problem(severity bank.Severity, code, path, text string) error {
	p.problems++
	found := bank.Problem{Severity: severity, Code: code, Line: p.scan.Line() + p.lines, Path: path, Text: text}
	if p.headed {
		return p.emit(found)
	}
	if len(p.early) == maxEarly {
		return ErrStructure.With("too many unknown elements before the first item").At(p.scan.Line())
	}
	p.early = append(p.early, found)
	return nil
}

// item reads one item and gives it out.
func (p *parser) item(e *element) error {
	if p.index%contextEvery == 0 {
		if err := p.ctx.Err(); err != nil {
			return err
		}
	}
	if err := p.begin(); err != nil {
		return err
	}
	for f := state; f < fields; f++ {
		p.values[f] = ""
	}
	if err := p.group(e); err != nil {
		return err
	}
	p.signed.item(&p.values)
	f, _ := figure(p.values[amount])
	sum, err := p.sum.Add(f)
	if err != nil {
		return p.wrong(ErrValue, "the amounts are more than can be added")
	}
	p.sum = sum
	if p.kind.instructs() {
		err = p.instruction(e, f)
	} else {
		err = p.answer(e, f)
	}
	p.index++
	return err
}

// itemProblem tells what is wrong with the item just read.
func (p *parser) itemProblem(e *element, code, why string) error {
	return p.problem(bank.SeverityError, code, fmt.Sprintf("%s/%s[%d]", p.where(), e.name, p.index+1), why)
}

// itemID maps the transaction id; one without a counterpart is told.
func (p *parser) itemID(e *element) (string, error) {
	id, err := p.ids.ItemID(p.values[transactionID])
	if errors.Is(err, ErrTxID) {
		return "", p.itemProblem(e, "transaction_id", "the transaction id is none of ours")
	}
	return id, err
}

func (p *parser) instruction(e *element, f bank.Figure) error {
	v := &p.values
	id, err := p.itemID(e)
	if err != nil {
		return err
	}
	if !p.same(v[branch], v[clearing]) {
		if err := p.itemProblem(e, "clearing_bank",
			"the account is not of the clearing bank that the set is for"); err != nil {
			return err
		}
	}
	p.items++
	return p.emit(bank.BatchItem{ //nolint:exhaustruct // the message has no more
		Batch: 0, Index: p.index, ItemID: id, Amount: f, Currency: currency, Name: v[name], Account: v[account],
		Bank: v[branch], Mandate: v[mandate], Text: v[information],
	})
}

func (p *parser) answer(e *element, f bank.Figure) error {
	v := &p.values
	id, err := p.itemID(e)
	if err != nil {
		return err
	}
	outcome, sound := p.kind.outcome(v[state], v[rejectCode], v[processState])
	if !sound {
		if err := p.itemProblem(e, "result", "a success with a reject code"); err != nil {
			return err
		}
	}
	if said, _ := outcomeOf(v[state], v[rejectCode]); said == bank.OutcomeSucceeded {
		p.paidNo++
		if p.paid, err = p.paid.Add(f); err != nil {
			return p.wrong(ErrValue, "the amounts are more than can be added")
		}
	}
	result := p.result("item", outcome)
	result.ItemID, result.Name, result.Account, result.Amount = id, v[name], v[account], &f
	result.BatchID = v[originalBatch]
	if outcome == bank.OutcomeSucceeded {
		result.ValueDate = dayText(v[settledOn])
	}
	p.results++
	return p.emit(result)
}

// result makes a result of the response that was read last.
func (p *parser) result(level string, outcome bank.Outcome) bank.Result {
	v := &p.values
	said := v[rejectInfo]
	switch {
	case said == "":
		said = v[information]
	case v[information] != "":
		said += "\n" + v[information]
	}
	code := codeOf(v[state], v[rejectCode])
	return bank.Result{ //nolint:exhaustruct // the rest is the caller's
		Batch: 0, Index: p.index, Level: level, Outcome: outcome, Class: bank.ClassOf(outcome, code), Code: code,
		Text: said,
	}
}

// begin gives out the head of the file before its first item.
func (p *parser) begin() error {
	if p.headed {
		return nil
	}
	p.headed = true
	v := &p.values
	p.signed.head(v)
	head := bank.FileHead{
		Format: formatOf(p.kind, p.space), Kind: "result", MessageID: v[messageID], Created: v[created],
	}
	if p.kind.instructs() {
		head.Kind = "batch"
	}
	if err := p.emit(head); err != nil {
		return err
	}
	for _, found := range p.early {
		if err := p.emit(found); err != nil {
			return err
		}
	}
	if p.options.Set != nil {
		if err := p.options.Set(v.set()); err != nil {
			return err
		}
	}
	if !p.kind.instructs() {
		return p.processed()
	}
	sum, _ := figure(v[totalAmount])
	direction := bank.Payment
	if p.kind == Collection {
		direction = bank.Collection
	}
	return p.emit(bank.BatchHead{
		Index: 0, Direction: direction, BatchID: v[batchNumber], Count: number(v[totalCount]), Sum: sum,
		ExecutionDate: calendar.Day{}, Account: v[ownAccount],
	})
}

// processed tells of a reply that the system itself has not carried out.
func (p *parser) processed() error {
	outcome, _ := outcomeOf(p.values[processState], "")
	if p.values[processState] == "" || outcome == bank.OutcomeSucceeded {
		return nil
	}
	severity := bank.SeverityError
	if outcome == bank.OutcomePending {
		severity = bank.SeverityWarning
	}
	return p.problem(severity, "reply_not_settled", "NPCPrcInf/PrcSts", fmt.Sprintf(
		"the system has the reply itself in state %s, code %s", p.values[processState], p.values[processCode]))
}

// finish compares the totals, or gives out the only result of a message.
func (p *parser) finish() error {
	if err := p.begin(); err != nil {
		return err
	}
	v := &p.values
	switch p.kind {
	case Collection, Payment:
		if number(v[totalCount]) != p.index {
			return p.total("the message announces %s items and holds %d", v[totalCount], p.index)
		}
		if v[totalAmount] != p.sum.String() {
			return p.total("the message announces a sum of %s and holds %s", v[totalAmount], p.sum)
		}
	case CollectionReply, PaymentReply:
		return p.replyTotals()
	case BatchRefused, ConfirmationReply:
		return p.whole()
	case NoKind:
	}
	return nil
}

func (p *parser) total(format string, args ...any) error {
	return p.problem(bank.SeverityError, "control_total", p.kind.root(), fmt.Sprintf(format, args...))
}

// replyTotals compares a reply with its own totals and with the batch it answers.
func (p *parser) replyTotals() error {
	v := &p.values
	all := number(v[replyCount]) == p.index && v[replyAmount] == p.sum.String()
	paid := number(v[replyCount]) == p.paidNo && v[replyAmount] == p.paid.String()
	if !all && !paid {
		if err := p.total("the reply announces %s items of %s, and neither all its items nor its successes are that",
			v[replyCount], v[replyAmount]); err != nil {
			return err
		}
	}
	asked := number(v[originalCount])
	switch {
	case p.index > asked:
		return p.total("the reply answers %d items of a batch of %d", p.index, asked)
	case p.index == asked && v[originalAmount] != p.sum.String():
		return p.total("the reply answers a batch of %s with items of %s", v[originalAmount], p.sum)
	case p.index < asked:
		return p.problem(bank.SeverityWarning, "reply_incomplete", p.kind.root(),
			fmt.Sprintf("the reply answers %d items of a batch of %d", p.index, asked))
	}
	return nil
}

// whole gives out the result on a batch or a message.
func (p *parser) whole() error {
	v := &p.values
	outcome, sound := p.kind.outcome(v[state], v[rejectCode], "")
	if !sound {
		if err := p.problem(bank.SeverityError, "result", p.kind.root(),
			"the state of a success, with a reject code or where the batch is refused"); err != nil {
			return err
		}
	}
	level, id := "file", v[originalMessage]
	if p.kind == BatchRefused {
		level, id = "batch", v[originalBatch]
	}
	result := p.result(level, outcome)
	result.BatchID = id
	p.results++
	return p.emit(result)
}

package iso20022

import (
	"bytes"
	"context"
	"io"

	"twoline/adapters/bank/iso20022/xmlscan"
	"twoline/gateway/bank"
)

// maxWrap is how many elements of an envelope may stand around Document.
const maxWrap = 3

// frame is one open element that we know.
type frame struct {
	element *element
	// seen marks the kids that have stood in it.
	seen uint32
	// next is the index of the kid that stood last.
	next int
	// from is where its text begins in the arena.
	from int
}

type span struct{ from, to int }

// parser walks one document. With emit nil it fills the survey, else it emits
// what the survey announced.
type parser struct {
	ctx    context.Context //nolint:containedctx // lives for one Read call only, whose context it is
	scan   *xmlscan.Scanner
	emit   bank.Emit
	survey *survey
	// thorough names the entries whose details a survey reads.
	thorough map[place2]bool
	tree     *element

	stack []frame
	// opened says that Document was seen, found that its message was.
	opened    bool
	found     bool
	namespace string

	// arena holds the texts of one entry, spans where each stands in it.
	arena      []byte
	spans      [fields]span
	currencies [fields]string
	known      map[string]string
	days       dayCache

	header    header
	current   *statement
	bal       balanceText
	entry     entryState
	statement int
	entries   int
	problems  int
}

type header struct{ messageID, created, page string }

type balanceText struct{ code, amount, direction, currency string }

func newParser(ctx context.Context, r io.Reader, s *survey) *parser {
	return &parser{
		ctx: ctx, scan: xmlscan.New(contextReader{ctx: ctx, r: r}), survey: s, tree: document(),
		stack: make([]frame, 0, xmlscan.MaxDepth), known: make(map[string]string),
	}
}

func (p *parser) run() error {
	for {
		kind, err := p.scan.Next()
		if err != nil {
			return stopped(p.ctx, err)
		}
		switch kind {
		case xmlscan.Start:
			err = p.start()
		case xmlscan.End:
			err = p.end()
		case xmlscan.Text:
			err = p.text()
		case xmlscan.EOF:
			return p.finish()
		}
		if err != nil {
			return stopped(p.ctx, err)
		}
	}
}

// finish ends a survey by what was said outside the statements.
func (p *parser) finish() error {
	switch {
	case !p.found:
		return ErrMessage
	case p.statement == 0:
		return ErrStructure.With("the message holds no statement")
	case p.emit != nil:
		return nil
	}
	p.survey.head.MessageID, p.survey.head.Created = p.header.messageID, p.header.created
	for _, s := range p.survey.statements {
		if s.head.Page == "" {
			s.head.Page = p.header.page
		}
	}
	return nil
}

// start enters an element that we know, and skips another.
func (p *parser) start() error {
	name := p.scan.Name()
	if len(p.stack) == 0 || p.stack[len(p.stack)-1].element == nil {
		return p.wrap(name)
	}
	parent := &p.stack[len(p.stack)-1]
	e, i := parent.element.find(name, parent.next)
	if e == nil {
		if parent.element == p.tree && !p.found {
			return ErrMessage.At(p.scan.Line())
		}
		if p.emit == nil {
			if _, ok := p.scan.Hop(); ok {
				return nil
			}
		}
		return p.scan.Skip()
	}
	if parent.seen&(1<<i) != 0 && !e.many {
		return ErrRepeated.With("element %s stands twice in %s", e.name, parent.element.name).At(p.scan.Line())
	}
	parent.seen |= 1 << i
	parent.next = i
	if e.place == inDetail && p.hop() {
		return nil
	}
	if takesCurrency(e.field) {
		p.currencies[e.field] = p.currency()
	}
	if e.kids == nil {
		if text, ok := p.scan.Leaf(); ok {
			from := len(p.arena)
			p.arena = append(p.arena, text...)
			return p.take(e.field, from)
		}
	}
	p.stack = append(p.stack, frame{element: e, from: len(p.arena)})
	if e.place != nowhere {
		return p.begin(e)
	}
	return nil
}

// hop counts a detail without reading it, where the survey needs no more.
func (p *parser) hop() bool {
	if p.emit != nil || p.thorough[place2{p.statement, p.entry.index}] {
		return false
	}
	n, ok := p.scan.Hop()
	if ok {
		p.entry.details++
		p.entry.bytes += n
	}
	return ok
}

// wrap looks for Document at the root or inside an envelope.
func (p *parser) wrap(name []byte) error {
	switch {
	case string(name) == p.tree.name && p.opened:
		return ErrRepeated.With("element Document stands twice").At(p.scan.Line())
	case string(name) == p.tree.name:
		p.opened, p.namespace = true, p.scan.Namespace()
		p.stack = append(p.stack, frame{element: p.tree})
	case len(p.stack) < maxWrap:
		p.stack = append(p.stack, frame{element: nil})
	default:
		return p.scan.Skip()
	}
	return nil
}

func takesCurrency(f field) bool {
	switch f { //nolint:exhaustive // the others are no amounts
	case balanceAmount, amount, detailAmount, transactionAmount, instructedAmount:
		return true
	default:
		return false
	}
}

// currency returns the Ccy of the start tag, each text allocated once.
func (p *parser) currency() string {
	b, _ := p.scan.Attr("Ccy")
	if s, ok := p.known[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(s) <= 8 && len(p.known) < 256 {
		p.known[s] = s
	}
	return s
}

func (p *parser) text() error {
	if len(p.stack) == 0 {
		return nil
	}
	top := &p.stack[len(p.stack)-1]
	if top.element == nil || top.element.field == nothing {
		return nil
	}
	p.arena = append(p.arena, p.scan.Text()...)
	if len(p.arena)-top.from > xmlscan.MaxToken {
		return xmlscan.ErrToken.At(p.scan.Line())
	}
	return nil
}

// end leaves an element and takes what it said.
func (p *parser) end() error {
	top := p.stack[len(p.stack)-1]
	p.stack = p.stack[:len(p.stack)-1]
	if top.element == nil {
		return nil
	}
	if f := top.element.field; f != nothing {
		if err := p.take(f, top.from); err != nil {
			return err
		}
	}
	switch top.element.place {
	case inBalance:
		return p.endBalance()
	case inStatement:
		return p.endStatement()
	case inEntry:
		return p.endEntry()
	case inDetail:
		return p.endDetail()
	case nowhere, inMessage, inHeader, inDetails, inReturn:
	}
	return nil
}

// take keeps the text of a field. The first of several spellings of one fact counts.
func (p *parser) take(f field, from int) error {
	at := trim(p.arena, from)
	raw := p.arena[at.from:at.to]
	switch {
	case f == charges:
		p.entry.charged = true
		p.arena = p.arena[:from]
	case f < amount:
		p.takeHead(f, string(raw))
		p.arena = p.arena[:from]
	case f == remittance || f == creditorReference:
		to := &p.entry.remittance
		if f == creditorReference {
			to = &p.entry.references
		}
		if len(raw) > 0 {
			*to = join(*to, raw)
		}
		p.arena = p.arena[:from]
		if len(*to) > xmlscan.MaxToken {
			return xmlscan.ErrToken.At(p.scan.Line())
		}
	case len(raw) == 0:
	case p.spans[f] == span{}:
		p.spans[f] = at
	case f == batchID && !bytes.Equal(raw, p.bytes(batchID)):
		p.entry.batchesDiffer = true
	}
	return nil
}

// trim returns where the text from a place to the end stands without the blanks
// of XML around it.
func trim(b []byte, from int) span {
	to := len(b)
	for from < to && isBlank(b[from]) {
		from++
	}
	for to > from && isBlank(b[to-1]) {
		to--
	}
	return span{from, to}
}

func isBlank(b byte) bool { return b == ' ' || b == '\n' || b == '\t' || b == '\r' }

func join(dst, text []byte) []byte {
	if len(dst) > 0 {
		dst = append(dst, ' ')
	}
	return append(dst, text...)
}

func (p *parser) bytes(f field) []byte { return p.arena[p.spans[f].from:p.spans[f].to] }

// takeHead keeps a fact of the file or of the statement.
func (p *parser) takeHead(f field, text string) {
	switch f { //nolint:exhaustive // only the fields above amount come here
	case messageID:
		p.header.messageID = text
	case created:
		p.header.created = text
	case messagePage:
		p.header.page = text
	case balanceCode:
		p.bal.code = text
	case balanceAmount:
		p.bal.amount, p.bal.currency = text, p.currencies[balanceAmount]
	case balanceDirection:
		p.bal.direction = text
	default:
		p.takeStatement(f, text)
	}
}

func (p *parser) takeStatement(f field, text string) {
	s := p.current
	switch f { //nolint:exhaustive // only the fields of a statement come here
	case number:
		s.head.Number = text
	case legalNumber:
		s.legal = text
	case page:
		s.head.Page = text
	case fromDate, toDate:
		p.takePeriod(f, text)
	case account:
		if s.head.Account == "" {
			s.head.Account = text
		}
	case accountCurrency:
		s.head.Currency = text
		s.see(text)
	case sumCount:
		s.declared.count = text
	case sumCredits:
		s.declared.credits = text
	case sumCreditCount:
		s.declared.creditCount = text
	case sumDebits:
		s.declared.debits = text
	case sumDebitCount:
		s.declared.debitCount = text
	}
}

func (p *parser) takePeriod(f field, text string) {
	day, ok := parseDay([]byte(text))
	if !ok {
		p.current.contradiction("date", "the statement's period has a date that does not exist")
		return
	}
	if f == fromDate {
		p.current.head.From = day
		return
	}
	p.current.head.To = day
}

// begin enters an element with a meaning of its own.
func (p *parser) begin(e *element) error {
	switch e.place {
	case inMessage:
		if p.found {
			return ErrRepeated.With("the file holds two messages").At(p.scan.Line())
		}
		p.found = true
		p.survey.head.Format, _ = formatOf(p.namespace, e.name)
		p.survey.head.Kind = "statement"
	case inStatement:
		return p.beginStatement()
	case inBalance:
		p.bal = balanceText{}
	case inEntry:
		return p.beginEntry()
	case inDetail:
		p.beginDetail()
	case inReturn:
		p.entry.returned = true
	case nowhere, inHeader, inDetails:
	}
	return nil
}

func (p *parser) beginStatement() error {
	p.entry.index = 0
	if p.emit == nil {
		if len(p.survey.statements) == maxStatements {
			return ErrTooLarge.With("the file holds more than %d statements", maxStatements)
		}
		p.current = &statement{head: bank.StatementHead{Index: p.statement}}
		p.survey.statements = append(p.survey.statements, p.current)
		return nil
	}
	if p.statement >= len(p.survey.statements) {
		return ErrChanged
	}
	// The second reading works on a copy that is thrown away: what it finds is
	// compared with the survey at the end.
	p.current = &statement{head: bank.StatementHead{Index: p.statement}}
	return p.emit(p.survey.statements[p.statement].head)
}

func (p *parser) endStatement() error {
	s := p.current
	p.statement++
	if p.emit == nil {
		s.finish()
		return nil
	}
	known := p.survey.statements[p.statement-1]
	if s.entries != known.entries || !s.all.equal(&known.all) {
		return ErrChanged
	}
	return p.report(known.problems)
}

func (t *tally) equal(o *tally) bool {
	for d := range t.count {
		if t.count[d] != o.count[d] || !t.sum[d].value().Equal(o.sum[d].value()) {
			return false
		}
	}
	return true
}

func (p *parser) report(problems []bank.Problem) error {
	for _, problem := range problems {
		p.problems++
		if err := p.emit(problem); err != nil {
			return err
		}
	}
	return nil
}

// endBalance takes the balances that open and close the booked account.
func (p *parser) endBalance() error {
	var to *booked
	switch p.bal.code {
	case "OPBD":
		to = &p.current.opened
	case "PRCD":
		to = &p.current.previous
	case "CLBD":
		to = &p.current.closed
	default:
		return nil
	}
	f, err := bank.ParseFigure(p.bal.amount)
	if err != nil || f.IsNegative() {
		return ErrAmount.With("the amount of a balance cannot be read").At(p.scan.Line())
	}
	switch p.bal.direction {
	case "CRDT":
	case "DBIT":
		f, _ = bank.ParseFigure("-" + f.String())
	default:
		return ErrStructure.With("a balance is neither CRDT nor DBIT").At(p.scan.Line())
	}
	p.current.see(p.bal.currency)
	to.set(f)
	return nil
}

package iso20022

import (
	"bytes"
	"context"
	"io"

	"twoline/adapters/bank/iso20022/xmlscan"
	"twoline/gateway/bank"
)

// parser reads one statement file. With emit nil it fills the survey, else it
// emits what the survey announced.
type parser struct {
	walker

	emit   bank.Emit
	survey *survey
	// thorough names the entries whose details a survey reads.
	thorough map[place2]bool

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
	p := &parser{walker: newWalker(ctx, r, statements()), survey: s}
	p.content = p
	return p
}

func (p *parser) run() error {
	if err := p.walker.run(); err != nil {
		return err
	}
	return p.finish()
}

// finish ends a survey by what was said outside the statements.
func (p *parser) finish() error {
	switch {
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

// end leaves a part of the statement.
func (p *parser) end(at place) error {
	switch at { //nolint:exhaustive // the others end with nothing to do
	case inBalance:
		return p.endBalance()
	case inStatement:
		return p.endStatement()
	case inEntry:
		return p.endEntry()
	case inDetail:
		return p.endDetail()
	default:
		return nil
	}
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

// begin enters a part of the statement.
func (p *parser) begin(at place) error {
	switch at { //nolint:exhaustive // the others begin with nothing to do
	case inMessage:
		p.survey.head.Format, p.survey.head.Kind = p.format, "statement"
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
		h := &s.head
		return p.survey.hold(len(h.Account) + len(h.Currency) + len(h.Number) + len(h.Page) + 200*len(s.problems))
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

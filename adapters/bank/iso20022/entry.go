package iso20022

import (
	"fmt"
	"strings"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
)

// detailFields is how many fields a transaction detail has of its own.
const detailFields = fields - detailReference

// heldDetail is a detail as read: where its texts stand in the arena.
type heldDetail struct {
	spans    [detailFields]span
	text     span
	returned bool
}

// entryState is what is known of the entry being read.
type entryState struct {
	index    int
	details  int
	bytes    int
	streamed bool
	prepared largeEntry
	held     []heldDetail

	// remittance, references and returned are those of the detail being read.
	remittance, references []byte
	returned               bool
	mark                   int

	charged       bool
	batchesDiffer bool
	// sharedBatch is the batch id of the first detail; sharing ends where another
	// detail has a different one or none.
	sharedBatch []byte
	sharing     bool
	sum         total
	summable    bool
	problems    []bank.Problem
}

func (p *parser) beginEntry() error {
	e := &p.entry
	if e.index%contextEvery == 0 {
		if err := p.ctx.Err(); err != nil {
			return err
		}
	}
	*e = entryState{
		index: e.index, held: e.held[:0], remittance: e.remittance[:0], references: e.references[:0],
		sharedBatch: e.sharedBatch[:0], sharing: true, summable: true, problems: e.problems[:0],
	}
	p.arena = p.arena[:0]
	p.stack[len(p.stack)-1].from = 0
	clear(p.spans[amount:fields])
	if p.emit == nil {
		return nil
	}
	e.prepared, e.streamed = p.survey.large[place2{p.statement, e.index}]
	if e.streamed {
		return p.emit(e.prepared.record)
	}
	return nil
}

func (p *parser) beginDetail() {
	e := &p.entry
	e.mark, e.returned = len(p.arena), false
	e.remittance, e.references = e.remittance[:0], e.references[:0]
	clear(p.spans[detailReference:fields])
	p.currencies[detailAmount], p.currencies[transactionAmount], p.currencies[instructedAmount] = "", "", ""
}

// endDetail checks one detail and holds it, or gives it out at once where the
// entry has too many to hold.
func (p *parser) endDetail() error {
	e := &p.entry
	f, own, err := p.detailFigure()
	if err != nil {
		return err
	}
	p.addToSum(f, own)
	id := p.bytes(detailBatchID)
	if e.details == 0 {
		e.sharedBatch = append(e.sharedBatch[:0], id...)
	}
	if string(id) != string(e.sharedBatch) {
		e.sharing = false
	}
	e.details++
	held := heldDetail{returned: e.returned}
	copy(held.spans[:], p.spans[detailReference:fields])
	switch {
	case len(e.remittance) > 0:
		held.text = p.append(e.remittance)
	case len(e.references) > 0:
		held.text = p.append(e.references)
	default:
		held.text = p.spans[additionalText]
	}
	e.bytes += len(p.arena) - e.mark
	switch {
	case e.streamed:
		if err := p.emit(p.detailRecord(string(p.arena), &held, &e.prepared.record, e.details-1)); err != nil {
			return err
		}
		p.arena = p.arena[:e.mark]
	case p.emit == nil && e.details > 1:
		// The survey needs no more than the only detail of an entry.
		p.arena = p.arena[:e.mark]
	case p.emit != nil && e.tooMany():
		return ErrChanged
	default:
		e.held = append(e.held, held)
	}
	return nil
}

func (e *entryState) tooMany() bool { return e.details > maxHeldDetails || e.bytes > maxHeldBytes }

func (p *parser) append(text []byte) span {
	from := len(p.arena)
	p.arena = append(p.arena, text...)
	return span{from, len(p.arena)}
}

// detailFigure returns the amount of the detail just read, nil where it has
// none; own says that it is in the entry's currency and comparable with it.
func (p *parser) detailFigure() (f *bank.Figure, own bool, err error) {
	for _, from := range []field{detailAmount, transactionAmount, instructedAmount} {
		if (p.spans[from] == span{}) {
			continue
		}
		v, err := bank.ParseFigure(string(p.bytes(from)))
		if err != nil || v.IsNegative() {
			return nil, false, ErrAmount.With("the amount of a detail cannot be read").At(p.scan.Line())
		}
		same := p.currencies[from] == "" || p.currencies[from] == p.currencies[amount]
		return &v, same && from != instructedAmount, nil
	}
	return nil, false, nil
}

// addToSum adds a detail to what is compared with the entry.
func (p *parser) addToSum(f *bank.Figure, own bool) {
	e := &p.entry
	if f == nil || !own {
		e.summable = false
		return
	}
	given := p.bytes(detailDirection)
	if len(given) > 0 && string(given) != string(p.bytes(direction)) {
		negative, err := bank.ParseFigure("-" + f.String())
		e.summable = e.summable && err == nil
		e.sum.add(negative)
		return
	}
	e.sum.add(*f)
}

// endEntry checks the entry and gives it out with its details.
func (p *parser) endEntry() error {
	e := &p.entry
	value, err := p.entryFigure()
	if err != nil {
		return err
	}
	way := parseDirection(p.bytes(direction))
	if way == bank.NoDirection {
		return ErrStructure.With("an entry is neither CRDT nor DBIT").At(p.scan.Line())
	}
	state := p.entryStatus()
	s := p.current
	s.entries++
	s.see(p.currencies[amount])
	s.all.add(way, value)
	if state == "booked" {
		s.booked.add(way, value)
	}
	defer func() { e.index++ }()
	if p.emit != nil {
		p.entries++
	}
	if p.emit == nil && !e.tooMany() {
		return nil
	}
	if e.streamed {
		if e.details != e.prepared.record.Details {
			return ErrChanged
		}
		return p.report(e.prepared.problems)
	}
	text := string(p.arena)
	record := p.entryRecord(text, value, way, state)
	p.compareDetails(value)
	if p.emit == nil {
		kept := largeEntry{record: record, problems: append([]bank.Problem(nil), e.problems...)}
		p.survey.large[place2{p.statement, e.index}] = kept
		return p.survey.hold(len(text) + 400)
	}
	if err := p.emit(record); err != nil {
		return err
	}
	for i := range e.held {
		if err := p.emit(p.detailRecord(text, &e.held[i], &record, i)); err != nil {
			return err
		}
	}
	return p.report(e.problems)
}

func (p *parser) entryFigure() (bank.Figure, error) {
	if (p.spans[amount] == span{}) {
		return bank.Figure{}, ErrAmount.With("an entry has no amount").At(p.scan.Line())
	}
	f, err := bank.ParseFigure(string(p.bytes(amount)))
	if err != nil || f.IsNegative() {
		return bank.Figure{}, ErrAmount.With("the amount of an entry cannot be read").At(p.scan.Line())
	}
	return f, nil
}

func parseDirection(b []byte) bank.Direction {
	switch string(b) {
	case "CRDT":
		return bank.Credit
	case "DBIT":
		return bank.Debit
	}
	return bank.NoDirection
}

func (p *parser) entryStatus() string {
	switch string(p.bytes(status)) {
	case "BOOK":
		return "booked"
	case "PDNG", "FUTR":
		return "pending"
	case "INFO":
		return "info"
	}
	p.entryProblem(bank.SeverityError, "status",
		"the entry's status is missing or not known; it is not counted as booked")
	return ""
}

func (p *parser) entryProblem(severity bank.Severity, code, text string) {
	p.entry.problems = append(p.entry.problems, bank.Problem{
		Severity: severity, Code: code, Line: p.scan.Line(), Text: text,
		Path: fmt.Sprintf("statement %d, entry %d", p.statement, p.entry.index),
	})
}

// compareDetails warns where the details do not make up the entry and nothing
// says why; charges are a reason.
func (p *parser) compareDetails(value bank.Figure) {
	e := &p.entry
	if e.batchesDiffer {
		p.entryProblem(bank.SeverityWarning, "batch_differs", "the entry names more than one batch")
	}
	if e.details == 0 || !e.summable || e.charged {
		return
	}
	if !e.sum.value().Equal(exact(value)) {
		p.entryProblem(bank.SeverityWarning, "detail_total", "the details do not add up to the entry")
	}
}

// entryRecord builds the record; text is the arena.
func (p *parser) entryRecord(text string, value bank.Figure, way bank.Direction, state string) bank.StatementEntry {
	e := &p.entry
	at := func(f field) string { return text[p.spans[f].from:p.spans[f].to] }
	back := at(reversal)
	r := bank.StatementEntry{
		Statement: p.statement, Index: e.index, Amount: value, Direction: way, Status: state,
		BookingDate: p.day(bookingDate), ValueDate: p.day(valueDate), BankReference: at(bankReference),
		Reversal: back == "true" || back == "1", Details: e.details, Text: at(entryText),
	}
	switch {
	case e.batchesDiffer:
	case (p.spans[batchID] != span{}):
		r.BatchID = at(batchID)
	case e.sharing && e.details > 0:
		r.BatchID = string(e.sharedBatch)
	}
	if e.details != 1 || len(e.held) != 1 {
		return r
	}
	only := &e.held[0]
	r.EndToEndID = endToEnd(only.at(text, endToEndID))
	if r.BankReference == "" {
		r.BankReference = only.at(text, detailReference)
	}
	r.Counterparty, r.CounterpartyAccount = only.counterparty(text, &r)
	if r.Text == "" {
		r.Text = text[only.text.from:only.text.to]
	}
	return r
}

// detailRecord builds the record of one detail; text is the arena.
func (p *parser) detailRecord(text string, d *heldDetail, entry *bank.StatementEntry, index int) bank.EntryDetail {
	r := bank.EntryDetail{
		Statement: entry.Statement, Entry: entry.Index, Index: index, Direction: entry.Direction,
		EndToEndID: endToEnd(d.at(text, endToEndID)), ReturnCode: d.at(text, returnCode),
		Text: text[d.text.from:d.text.to],
	}
	for _, from := range []field{detailAmount, transactionAmount, instructedAmount} {
		if given := d.at(text, from); given != "" {
			// The text was read once already, so it can be read again.
			if f, err := bank.ParseFigure(given); err == nil {
				r.Amount = &f
			}
			break
		}
	}
	if way := parseDirection([]byte(d.at(text, detailDirection))); way != bank.NoDirection {
		r.Direction = way
	}
	r.Counterparty, r.CounterpartyAccount = d.counterparty(text, entry)
	return r
}

func (d *heldDetail) at(text string, f field) string {
	s := d.spans[f-detailReference]
	return text[s.from:s.to]
}

// counterparty is the other side's name and account. Money comes from a debtor
// and goes to a creditor; a return keeps the parties of what it returns, so the
// other side is where the money had been going.
func (d *heldDetail) counterparty(text string, entry *bank.StatementEntry) (name, number string) {
	debtor := [2]string{d.at(text, debtorName), d.at(text, debtorAccount)}
	creditor := [2]string{d.at(text, creditorName), d.at(text, creditorAccount)}
	other := debtor
	if (entry.Direction == bank.Debit) != (entry.Reversal || d.returned) {
		other = creditor
	}
	return other[0], other[1]
}

func endToEnd(id string) string {
	if strings.EqualFold(id, "NOTPROVIDED") {
		return ""
	}
	return id
}

// dayCache keeps the last date read: entries come in the order of their dates.
type dayCache struct {
	text [10]byte
	day  calendar.Day
}

// day reads a date of the entry; one that does not exist is a problem and absent.
func (p *parser) day(f field) calendar.Day {
	raw := p.bytes(f)
	if len(raw) == 0 {
		return calendar.Day{}
	}
	if len(raw) == 10 && string(raw) == string(p.days.text[:]) {
		return p.days.day
	}
	day, ok := parseDay(raw)
	if !ok {
		p.entryProblem(bank.SeverityError, "date", "the entry has a date that does not exist")
		return calendar.Day{}
	}
	if len(raw) == 10 {
		copy(p.days.text[:], raw)
		p.days.day = day
	}
	return day
}

// parseDay reads an xs:date or xs:dateTime as the local date that it writes.
func parseDay(b []byte) (calendar.Day, bool) {
	if len(b) < 10 || len(b) > 10 && !strings.ContainsRune("TZ+-", rune(b[10])) {
		return calendar.Day{}, false
	}
	day, err := calendar.ParseDay(string(b[:10]))
	return day, err == nil
}

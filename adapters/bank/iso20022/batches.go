package iso20022

import (
	"context"
	"fmt"
	"io"
	"strings"

	"twoline/adapters/bank/iso20022/xmlscan"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
)

const (
	// maxBatches bounds what a survey of instructions keeps; each costs some 300 bytes.
	maxBatches = 100_000
	// longField is the most bytes of one field of an instruction or an answer: far
	// more than any schema allows, and little enough to hold all of an item.
	longField = 64 << 10
)

// orders is what the first reading of a file of instructions finds out.
type orders struct {
	budget

	head     bank.FileHead
	batches  []surveyed
	count    int
	sum      total
	problems []bank.Problem
}

// surveyed is one batch after the first reading.
type surveyed struct {
	head     bank.BatchHead
	sum      total
	problems []bank.Problem
}

// orderReader reads a file of instructions. With emit nil it fills the survey,
// else it emits what the survey announced.
type orderReader struct {
	walker

	emit   bank.Emit
	survey *orders

	direction bank.BatchDirection
	batch     int
	item      int
	sum       total
	items     int
	problems  int
	// headed says that the file's header was read.
	headed bool
	// mark and itemMark are where the texts of a batch and of an item begin.
	mark, itemMark         int
	remittance, references []byte
}

// readBatches reads a file of instructions twice: what a batch's head says of
// its items is what they are, and not what the file claims.
func readBatches(ctx context.Context, source io.ReadSeeker, start int64, emit bank.Emit) error {
	found := &orders{}
	first := newOrderReader(ctx, source, found, nil)
	first.scan.Quick()
	first.skim = true
	if err := first.run(); err != nil {
		return err
	}
	first.finish()
	if _, err := source.Seek(start, io.SeekStart); err != nil {
		return xmlscan.ErrRead.Because(err)
	}
	second := newOrderReader(ctx, source, found, emit)
	if err := emit(found.head); err != nil {
		return err
	}
	if err := second.run(); err != nil {
		return err
	}
	if second.batch != len(found.batches) {
		return ErrChanged
	}
	if err := second.report(found.problems); err != nil {
		return err
	}
	return emit(bank.End{Items: second.items, Problems: second.problems})
}

func newOrderReader(ctx context.Context, source io.Reader, found *orders, emit bank.Emit) *orderReader {
	r := &orderReader{walker: newWalker(ctx, source, batches(emit == nil)), survey: found, emit: emit}
	r.content, r.longest = r, longField
	return r
}

func (r *orderReader) run() error {
	if err := r.walker.run(); err != nil {
		return err
	}
	switch {
	case !r.headed:
		return ErrStructure.With("the message has no header")
	case r.batch == 0:
		return ErrStructure.With("the message holds no batch of instructions")
	}
	return nil
}

func (r *orderReader) hop() bool { return false }

func (r *orderReader) begin(at place) error {
	switch at { //nolint:exhaustive // the others begin with nothing to do
	case inMessage:
		r.survey.head.Format, r.survey.head.Kind = r.format, "batch"
		r.direction = bank.Payment
		if strings.HasPrefix(r.format, "pain.008") {
			r.direction = bank.Collection
		}
	case inBatch:
		return r.beginBatch()
	case inItem:
		return r.beginItem()
	case inIdentity:
		clear(r.spans[identityID : identityScheme+1])
	}
	return nil
}

func (r *orderReader) end(at place) error {
	switch at { //nolint:exhaustive // the others end with nothing to do
	case inHeader:
		return r.endHeader()
	case inBatch:
		return r.endBatch()
	case inItem:
		return r.endItem()
	case inIdentity:
		r.endIdentity()
	}
	return nil
}

// take keeps the text of a field. The first of several spellings of one fact counts.
func (r *orderReader) take(f field, from int) error {
	at := trim(r.arena, from)
	switch f { //nolint:exhaustive // the others stay in the arena
	case itemUnstructured:
		return r.collect(&r.remittance, at, from)
	case itemReference:
		return r.collect(&r.references, at, from)
	}
	if r.spans[f] == (span{}) && at.from < at.to {
		r.spans[f] = at
	}
	return nil
}

// collect joins a text that may be repeated to those before it.
func (r *orderReader) collect(to *[]byte, at span, from int) error {
	if at.from < at.to {
		*to = join(*to, r.arena[at.from:at.to])
	}
	r.arena = r.arena[:from]
	if len(*to) > longField {
		return xmlscan.ErrToken.At(r.scan.Line())
	}
	return nil
}

func (r *orderReader) endHeader() error {
	r.headed = true
	if r.emit != nil {
		return nil
	}
	s := r.survey
	s.head.MessageID, s.head.Created = string(r.bytes(orderID)), string(r.bytes(orderCreated))
	return s.hold(len(s.head.MessageID) + len(s.head.Created))
}

func (r *orderReader) beginBatch() error {
	if !r.headed {
		return ErrStructure.With("a batch stands before the header of the message").At(r.scan.Line())
	}
	// The header's texts stay: its totals are compared at the end.
	if r.batch == 0 {
		r.mark = len(r.arena)
	}
	r.arena = r.arena[:r.mark]
	clear(r.spans[lotID:batchFields])
	r.item, r.sum = 0, total{}
	if r.emit == nil {
		if r.batch == maxBatches {
			return ErrTooLarge.With("the file holds more than %d batches", maxBatches)
		}
		return nil
	}
	if r.batch >= len(r.survey.batches) {
		return ErrChanged
	}
	return r.emit(r.survey.batches[r.batch].head)
}

func (r *orderReader) beginItem() error {
	if r.items%contextEvery == 0 {
		if err := r.ctx.Err(); err != nil {
			return err
		}
	}
	r.remittance, r.references = r.remittance[:0], r.references[:0]
	clear(r.spans[itemInstruction:batchFields])
	r.itemMark = len(r.arena)
	return nil
}

func (r *orderReader) endItem() error {
	value, currency, err := r.amount()
	if err != nil {
		return err
	}
	r.sum.add(value)
	r.item++
	r.items++
	if r.emit != nil {
		if err := r.emitItem(value, currency); err != nil {
			return err
		}
	}
	r.arena = r.arena[:r.itemMark]
	return nil
}

// amount returns what the item moves and its currency.
func (r *orderReader) amount() (bank.Figure, string, error) {
	f := itemAmount
	if r.spans[f] == (span{}) {
		f = itemEquivalent
	}
	if r.spans[f] == (span{}) {
		return bank.Figure{}, "", ErrAmount.With("an instruction has no amount").At(r.scan.Line())
	}
	value, err := bank.ParseFigure(string(r.bytes(f)))
	if err != nil || value.IsNegative() {
		return bank.Figure{}, "", ErrAmount.With("the amount of an instruction cannot be read").At(r.scan.Line())
	}
	return value, r.currencies[f], nil
}

// endIdentity takes a number of a person by its scheme.
func (r *orderReader) endIdentity() {
	var to field
	switch string(r.bytes(identityScheme)) {
	case schemeIDNumber:
		to = itemIDNumber
	case schemeSocialNo:
		to = itemSocialNo
	default:
		return
	}
	if r.spans[to] == (span{}) {
		r.spans[to] = r.spans[identityID]
	}
}

func (r *orderReader) emitItem(value bank.Figure, currency string) error {
	p, body := r.itemMark, len(r.arena)
	switch {
	case len(r.remittance) > 0:
		r.arena = append(r.arena, r.remittance...)
	case len(r.references) > 0:
		r.arena = append(r.arena, r.references...)
	}
	text := string(r.arena[p:])
	at := func(f field) string {
		s := r.spans[f]
		if s == (span{}) {
			return ""
		}
		return text[s.from-p : s.to-p]
	}
	provided := func(fields ...field) string {
		for _, f := range fields {
			if s := endToEnd(at(f)); s != "" {
				return s
			}
		}
		return ""
	}
	err := r.emit(bank.BatchItem{
		Batch: r.batch, Index: r.item - 1, ItemID: provided(itemEndToEnd, itemInstruction), Amount: value,
		Currency: currency, Name: at(itemName), IDNumber: at(itemIDNumber), Account: at(itemAccount),
		Bank: provided(itemBIC, itemMember, itemOtherAgent), Mandate: at(itemMandate),
		SocialNo: at(itemSocialNo), Text: text[body-p:],
	})
	if err != nil || r.spans[itemForeign] == (span{}) || at(itemForeign) == currency {
		return err
	}
	return r.report([]bank.Problem{{
		Severity: bank.SeverityWarning, Code: "currency", Line: r.scan.Line(), Path: r.path(r.item - 1),
		Text: "the amount is the worth of a payment in another currency",
	}})
}

func (r *orderReader) path(item int) string { return fmt.Sprintf("batch %d, item %d", r.batch, item) }

func (r *orderReader) endBatch() error {
	if r.item == 0 {
		return ErrStructure.With("a batch holds no instruction").At(r.scan.Line())
	}
	r.batch++
	if r.emit != nil {
		known := &r.survey.batches[r.batch-1]
		if r.item != known.head.Count || !r.sum.value().Equal(known.sum.value()) {
			return ErrChanged
		}
		return r.report(known.problems)
	}
	sum, ok := r.sum.figure()
	if !ok {
		return ErrAmount.With("the amounts of a batch add up to more than 18 digits").At(r.scan.Line())
	}
	found := surveyed{sum: r.sum, head: bank.BatchHead{
		Index: r.batch - 1, Direction: r.direction, BatchID: string(r.bytes(lotID)), Count: r.item, Sum: sum,
		Account: string(r.bytes(lotAccount)),
	}}
	where := fmt.Sprintf("batch %d", r.batch-1)
	if raw := r.bytes(lotDay); len(raw) > 0 {
		day, ok := parseDay(raw)
		if !ok {
			found.problems = append(found.problems, contradiction(where, "date", "the batch's day does not exist"))
			day = calendar.Day{}
		}
		found.head.ExecutionDate = day
	}
	found.problems = append(found.problems,
		compare(where, string(r.bytes(lotCount)), string(r.bytes(lotSum)), r.item, &r.sum)...)
	r.survey.batches = append(r.survey.batches, found)
	r.survey.count += r.item
	r.survey.sum.join(&r.sum)
	return r.survey.hold(len(found.head.BatchID) + len(found.head.Account) + 200*len(found.problems))
}

// finish compares the header's totals at the end of a survey.
func (r *orderReader) finish() {
	s := r.survey
	s.problems = compare("message", string(r.bytes(orderCount)), string(r.bytes(orderSum)), s.count, &s.sum)
}

// compare returns a problem for each total that is not what was found; a total
// that does not stand is not compared.
func compare(where, count, sum string, items int, found *total) []bank.Problem {
	var problems []bank.Problem
	if counted := (&total{fen: int64(items) * 100}).value(); !fits(count, counted) {
		problems = append(problems, contradiction(where, "control_total",
			fmt.Sprintf("the number of transactions is said to be %.40q, there are %d", count, items)))
	}
	if value := found.value(); !fits(sum, value) {
		problems = append(problems, contradiction(where, "control_total",
			fmt.Sprintf("the control sum is said to be %.40q, the amounts add up to %s", sum, value.StringFixed(2))))
	}
	return problems
}

func contradiction(where, code, text string) bank.Problem {
	return bank.Problem{Severity: bank.SeverityError, Code: code, Path: where, Text: text}
}

func (r *orderReader) report(problems []bank.Problem) error {
	for _, problem := range problems {
		r.problems++
		if err := r.emit(problem); err != nil {
			return err
		}
	}
	return nil
}

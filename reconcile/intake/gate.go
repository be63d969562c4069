package intake

import (
	"context"
	"strconv"
	"strings"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// Expect is what a file is held against.
type Expect struct {
	Account Account
	// Day is the day that the file was sent for: its last one.
	Day calendar.Day
	// Today is the business day; a statement covers no later one.
	Today calendar.Day
	Known Known
	Past  Past
	Days  Calendar
	// Keep is given the new lines in file order, in portions that it must not
	// hold on to. What it kept is void where Close returns an error.
	Keep func(ctx context.Context, lines []Line) error
}

// portion is how many new lines are handed on at once.
const portion = 4096

// Gate reads the records of one file. It is for one goroutine and one file; its
// memory grows with the distinct lines of one statement, not with their texts.
type Gate struct {
	expect Expect

	isStatement bool
	ended       bool
	cur         *open
	pending     *Line
	details     int
	portion     []Line
	count       int

	known    Known
	prevTo   calendar.Day
	ordinals ordinals
	overlap  overlap
	// problem is what the reader found wrong with a sum, until it is known whether
	// the lines tell more.
	problem *bank.Problem
	verdict Verdict
	credits money.Total
	debits  money.Total
}

// open is the statement that is being read, over all its pages.
type open struct {
	index    int
	number   string
	page     int
	from, to calendar.Day
	opening  *money.Amount
	// closing is the last page's; running is what the entries so far make of opening.
	closing *money.Amount
	credits money.Total
	debits  money.Total
	minDay  calendar.Day
	maxDay  calendar.Day
	lines   int
	fresh   int
	// seen are its lines in order, of which the first proved are known to add up.
	seen   []seenLine
	proved int
}

// NewGate returns a gate for one file.
func NewGate(e Expect) *Gate {
	return &Gate{ //nolint:exhaustruct // the rest starts empty
		expect: e, known: e.Known, ordinals: ordinals{}, portion: make([]Line, 0, portion),
		overlap: overlap{past: e.Past, days: map[calendar.Day]map[identity]PastLine{}},
	}
}

// Emit takes the file's records, in file order. Its first refusal ends the file.
func (g *Gate) Emit(ctx context.Context) bank.Emit {
	return func(r bank.Record) error { return g.take(ctx, r) }
}

// Close says what the file holds, after its last record was taken.
func (g *Gate) Close(ctx context.Context) (Verdict, error) {
	if !g.ended {
		return Verdict{}, ErrUnfinished
	}
	if err := g.handOn(ctx); err != nil {
		return Verdict{}, err
	}
	var err error
	if g.verdict.Credits, err = g.credits.Amount(); err != nil {
		return Verdict{}, ErrAmount.Because(err)
	}
	if g.verdict.Debits, err = g.debits.Amount(); err != nil {
		return Verdict{}, ErrAmount.Because(err)
	}
	return g.verdict, nil
}

func (g *Gate) take(ctx context.Context, r bank.Record) error {
	if g.ended {
		return ErrUnfinished.With("the file goes on after its end")
	}
	switch r := r.(type) {
	case bank.FileHead:
		return g.file(r)
	case bank.StatementHead:
		return g.head(ctx, r)
	case bank.StatementEntry:
		return g.entry(ctx, r)
	case bank.EntryDetail:
		g.detail(r)
		return nil
	case bank.Problem:
		return g.contradiction(r)
	case bank.End:
		if err := g.flush(ctx); err != nil {
			return err
		}
		g.ended = true
		if err := g.finish(ctx, true); err != nil || g.problem == nil {
			return err
		}
		return contradicts(*g.problem)
	case bank.BatchHead, bank.BatchItem, bank.Result:
		return ErrKind
	}
	return ErrKind
}

// contradiction refuses what a reader found wrong. A sum that does not agree is
// looked into by line first; it is refused at the file's end at the latest.
func (g *Gate) contradiction(p bank.Problem) error {
	switch {
	case p.Severity != bank.SeverityError:
		return nil
	case p.Code == "page":
		return ErrPage.With("pages are missing: %s", p.Text)
	case p.Code != "balance" && p.Code != "control_total":
		return contradicts(p)
	}
	if g.problem == nil {
		g.problem = &p
	}
	return nil
}

func contradicts(p bank.Problem) error {
	return ErrProblem.With("the file contradicts itself: %s", p.Code).At(p.Line)
}

func (g *Gate) file(h bank.FileHead) error {
	for _, other := range []string{"camt.052", "camt.054", "mt942"} {
		if h.Format == other || strings.HasPrefix(h.Format, other+".") {
			return ErrKind
		}
	}
	if h.Kind != "statement" || g.isStatement {
		return ErrKind
	}
	g.isStatement = true
	return nil
}

func (g *Gate) head(ctx context.Context, h bank.StatementHead) error {
	if !g.isStatement {
		return ErrKind
	}
	if err := g.flush(ctx); err != nil {
		return err
	}
	if ours := g.expect.Account.Number.Plain(); ours == "" || AccountNumber(h.Account) != ours {
		_, _, given := party.Stored("", "", h.Account)
		return ErrAccount.With("statement %s is of account %s, and was sent for account %s", h.Number, given,
			g.expect.Account.Number)
	}
	if h.Currency != "CNY" {
		return ErrCurrency.With("statement %s is in %.3q, not in yuan (CNY)", h.Number, h.Currency)
	}
	page, err := Page(h.Page)
	if err != nil {
		return err
	}
	opening, err := Balance(h.Opening)
	if err != nil {
		return err
	}
	closing, err := Balance(h.Closing)
	if err != nil {
		return err
	}
	if g.cur != nil && page > 1 && h.Number == g.cur.number {
		return g.nextPage(h, page, opening, closing)
	}
	if err := g.finish(ctx, false); err != nil {
		return err
	}
	if page != 1 {
		return ErrPage.With("statement %s begins with page %d", h.Number, page)
	}
	g.cur = &open{ //nolint:exhaustruct // sums start at zero
		index: g.count, number: h.Number, page: 1, from: h.From, to: h.To, opening: opening, closing: closing,
	}
	g.count++
	return nil
}

func (g *Gate) nextPage(h bank.StatementHead, page int, opening, closing *money.Amount) error {
	c := g.cur
	if page != c.page+1 {
		return ErrPage.With("page %d of statement %s follows page %d", page, h.Number, c.page)
	}
	if c.opening != nil {
		for _, b := range []*money.Amount{c.closing, opening} {
			if b == nil {
				continue
			}
			if err := g.addsUp(c, *b); err != nil {
				return err
			}
		}
	}
	c.page, c.closing = page, closing
	if c.to.Before(h.To) {
		c.to = h.To
	}
	if c.from.IsZero() || (!h.From.IsZero() && h.From.Before(c.from)) {
		c.from = h.From
	}
	return nil
}

func (g *Gate) entry(ctx context.Context, e bank.StatementEntry) error {
	if err := g.flush(ctx); err != nil {
		return err
	}
	if g.cur == nil {
		return ErrKind
	}
	if e.Status != "booked" {
		g.verdict.Ignored++
		return nil
	}
	amount, ok := e.Amount.Amount()
	if !ok {
		return ErrAmount.With("entry %d of statement %s: %s", e.Index+1, g.cur.number, ErrAmount.Text).At(e.Index + 1)
	}
	if amount == 0 {
		g.verdict.Ignored++
		return nil
	}
	if e.BookingDate.IsZero() {
		e.BookingDate = g.cur.bookedOn(e.ValueDate)
	}
	if e.BookingDate.IsZero() || e.Direction == bank.NoDirection {
		return ErrEntry.With("entry %d of statement %s: %s", e.Index+1, g.cur.number, ErrEntry.Text).At(e.Index + 1)
	}
	value := e.ValueDate
	if value.IsZero() {
		value = e.BookingDate
	}
	// What a bank writes here is text that nobody checked; it is kept as it came.
	name, _, account := party.Stored(e.Counterparty, "", e.CounterpartyAccount)
	g.cur.lines++
	g.details = e.Details
	g.pending = &Line{
		Statement: g.cur.index, Number: g.cur.lines, Direction: e.Direction, Amount: amount,
		BookingDate: e.BookingDate, ValueDate: value, BankReference: Reference(e.BankReference), Ordinal: 0,
		EndToEndID: Reference(e.EndToEndID), BatchRef: Reference(e.BatchID), Reversal: e.Reversal,
		Counterparty: name, CounterpartyAccount: account, Text: e.Text,
	}
	return nil
}

// bookedOn is the day of an entry that names none, as MT940 allows: that of a statement
// of one day, else the day on which the money moved.
func (c *open) bookedOn(value calendar.Day) calendar.Day {
	if c.from == c.to && !c.from.IsZero() {
		return c.from
	}
	return value
}

// detail completes an entry that is one transaction. Of several, none stands
// for the entry: they are found by the batch that it names.
func (g *Gate) detail(d bank.EntryDetail) {
	if g.pending == nil || g.details != 1 {
		return
	}
	l := g.pending
	if l.EndToEndID == "" {
		l.EndToEndID = Reference(d.EndToEndID)
	}
	if l.Counterparty.Plain() == "" && l.CounterpartyAccount.Plain() == "" {
		l.Counterparty, _, l.CounterpartyAccount = party.Stored(d.Counterparty, "", d.CounterpartyAccount)
	}
	if l.Text == "" {
		l.Text = d.Text
	}
}

// flush takes the entry whose details have all been read.
func (g *Gate) flush(ctx context.Context) error {
	if g.pending == nil {
		return nil
	}
	l, c := *g.pending, g.cur
	g.pending = nil
	if l.Direction == bank.Credit {
		c.credits.Add(l.Amount)
	} else {
		c.debits.Add(l.Amount)
	}
	if c.minDay.IsZero() || l.BookingDate.Before(c.minDay) {
		c.minDay = l.BookingDate
	}
	if l.BookingDate.After(c.maxDay) {
		c.maxDay = l.BookingDate
	}
	l.Ordinal = g.ordinals.next(identityOf(l))
	c.seen = append(c.seen, seenLine{signed: l.Signed(), day: l.BookingDate, twin: l.Ordinal > 1})
	if !l.BookingDate.After(g.known.Through) {
		g.verdict.Repeated++
		return g.overlap.take(ctx, l)
	}
	c.fresh++
	l.Number = c.fresh
	g.verdict.Fresh++
	if l.Direction == bank.Credit {
		g.credits.Add(l.Amount)
	} else {
		g.debits.Add(l.Amount)
	}
	g.portion = append(g.portion, l)
	if len(g.portion) == portion {
		return g.handOn(ctx)
	}
	return nil
}

func (g *Gate) handOn(ctx context.Context) error {
	if len(g.portion) == 0 {
		return nil
	}
	err := g.expect.Keep(ctx, g.portion)
	g.portion = g.portion[:0]
	return err
}

// AccountNumber is an account's number as a statement gives it, without blanks;
// "bank/number" is read as number.
func AccountNumber(given string) string {
	given = strings.ReplaceAll(given, " ", "")
	return given[strings.LastIndexByte(given, '/')+1:]
}

// Reference reads the words by which banks say that there is no reference as none.
func Reference(s string) string {
	if s == "NOTPROVIDED" || s == "NONREF" {
		return ""
	}
	return s
}

// Page is the number of a statement's page, as in "2" or "2/3"; none is 1.
func Page(s string) (int, error) {
	if s == "" {
		return 1, nil
	}
	first, _, _ := strings.Cut(s, "/")
	page, err := strconv.Atoi(first)
	if err != nil || page < 1 {
		return 0, ErrPage.With("the page number of a statement cannot be read")
	}
	return page, nil
}

// Balance is a balance as an amount of yuan, or nil where the file states none.
func Balance(f *bank.Figure) (*money.Amount, error) {
	if f == nil {
		return nil, nil //nolint:nilnil // an absent balance
	}
	a, ok := f.Signed()
	if !ok {
		return nil, ErrAmount.With("a balance has more than two decimals or is too large")
	}
	return &a, nil
}

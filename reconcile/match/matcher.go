package match

import (
	"context"
	"hash/maphash"
	"slices"
	"sort"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// Standing is what is known of the reference that a line of the bank carries.
type Standing int

// The standings.
const (
	// Foreign is a reference that the book does not know.
	Foreign Standing = iota
	// Forbidden is ours as well, but no money may leave by it: its item failed or
	// its batch was debited in full before. A debit that carries it is nobody's
	// instruction.
	Forbidden
	// Ours is the id of something that we booked or instructed: the line is
	// matched by it or not at all.
	Ours
	// Consumed is a reference by which another line of the statement, of the
	// same direction, was matched; of a bank's own reference, of the same amount
	// too, since banks use theirs again.
	Consumed
	// Within is Foreign, of a lump that what its batch is still to move has room for: it
	// is no duplicate because another one of its amount was matched.
	Within
)

// Past answers about what was there before this run.
type Past interface {
	// Standings says how each line's reference stands: its EndToEndID, and only
	// where it has none its BankReference and its Batch.
	Standings(ctx context.Context, lines []StatementLine) ([]Standing, error)
}

// BankReferences is a Past that is asked for what the bank called the lines of the
// book that were added Unread and that no line's id of ours matched.
type BankReferences interface {
	// BankReferences returns the bank's references of lines by their own, or "".
	BankReferences(ctx context.Context, references []string) ([]string, error)
}

// Batches is a Past that knows batches of which this run need not hold a line.
type Batches interface {
	// OurBatch says that a batch that a line of the bank names is known to the book.
	OurBatch(name string) bool
}

// NoPast knows nothing: for a run over everything there is.
type NoPast struct{}

// Standings returns Foreign for every line.
func (NoPast) Standings(_ context.Context, lines []StatementLine) ([]Standing, error) {
	return make([]Standing, len(lines)), nil
}

// Matcher takes all lines of one account that are not matched yet: first the
// book's in any order, then the statement's in order of booking date and position.
// It is for one goroutine and one run.
//
// It holds the book's lines in a compact form, and of the statement's lines only
// those that no reference matched.
type Matcher struct {
	rules Rules
	off   map[Rule]bool
	texts texts
	// through is the last day of which both sides are complete; none is all days.
	through calendar.Day

	seed    maphash.Seed
	text    arena
	book    rows[bookLine]
	batches map[string]uint32
	names   []string

	// referenced and bankReferenced count the book's lines that carry a reference.
	referenced, bankReferenced int
	// unread says that bank references were left out, and called are those that were
	// told apart.
	unread bool
	called map[string]string

	byReference     *table
	byBankReference *table
	// ours says of each batch whether it is known to the book.
	ours []bool
	// seconds tells that a line of the bank repeats one that was matched.
	seconds seconds
	// reverses and returns belong to few lines of the book.
	reverses map[uint32]int64
	returns  map[uint32]string

	// carried are the lines of the statement that another Matcher left.
	carried []carriedLine

	claims []uint32
	// judged is how many matches there were when the claims were last looked at.
	judged int
	pairs  rows[pair]
	// taken is how many pairs TakePair has given.
	taken  uint32
	taking *pairReader
	groups []group
	left   rows[leftLine]
	// worded are the texts of the few lines that a text rule named.
	worded map[uint32]string
	breaks []Break
	sealed bool
	sorted bool
	// holds says that lines are held.
	holds bool
}

// bookLine takes 64 bytes, one line of the processor's cache.
type bookLine struct {
	entry  int64
	cause  int64
	amount money.Amount
	line   int32

	booked, value calendar.Day

	reference, bankReference span
	// nextByReference and nextByBankReference go on in a table's chain.
	nextByReference, nextByBankReference uint32
	batch                                uint32
	// party is the counterparty's account and folded name.
	party span

	tag, bankTag uint8
	flags        flags
	// isSpent says that a line of the bank used it by our id, for telling a second
	// line that carries the same one.
	isSpent bool
}

// flags are what a line says with yes or no.
type flags uint8

const (
	isDebit flags = 1 << iota
	isOwn
	isUsed
	// isClaimed says that an open line of the bank carries the line's reference.
	isClaimed
	isReversal
	isCharge
	isInterest
	// isShared says that several lines of the book are its equals by reference.
	isShared

	// A line that a more certain pass will match when its days are over is held: it
	// stays a candidate, and no less certain pass takes it. Only lines of the book
	// are claimed, and only lines of the bank are reversals or charges.
	isHeldLeft = isClaimed
	isHeldBook = isReversal
	// isUnread says that the line's bank reference was left out.
	isUnread = isCharge
	// isAsked says of a line of the bank that its standing is known from the day before.
	isAsked = isOwn
)

func (f flags) has(x flags) bool { return f&x != 0 }

// sort8 is a sort of reference.
type sort8 uint8

const (
	noReference sort8 = iota
	ourReference
	theirReference
)

func (b *bookLine) key() Key { return Key{Entry: b.entry, Line: b.line} }

func (b *bookLine) direction() bank.Direction { return b.flags.direction() }

func (f flags) direction() bank.Direction {
	if f.has(isDebit) {
		return bank.Debit
	}
	return bank.Credit
}

func (b *bookLine) signed() money.Amount { return signed(b.amount, b.flags) }

func signed(a money.Amount, f flags) money.Amount {
	if f.has(isDebit) {
		return -a
	}
	return a
}

// leftLine is a line of the statement that no reference matched.
type leftLine struct {
	id            int64
	amount        money.Amount
	booked, value calendar.Day
	endToEnd      span
	bankReference span
	batch         uint32
	party         span
	flags         flags
	standing      int8
	// within says that the standing was Within; then it is Foreign.
	within bool
}

func (l *leftLine) signed() money.Amount { return signed(l.amount, l.flags) }

func (l *leftLine) stands(s Standing) bool { return Standing(l.standing) == s }

// carriedLine is a line of the statement with its standing of the day before, where
// that cannot have changed.
type carriedLine struct {
	line          StatementLine
	standing      int8
	within, asked bool
}

// pair is one to one, of equal amounts. Its rule is one of pairRules, by its place.
type pair struct {
	statement int64
	book      uint32
	settled   calendar.Day
	rule      uint8
	// days lie between the value days; party says by what the counterparties agree.
	days  uint8
	party crowdSort
}

// pairRules are the rules that make nearly all matches.
func pairRules() []Rule { return []Rule{Reference, BankReference, AmountDay, AmountWindow, Interest} }

type group struct {
	rule      Rule
	statement []uint32
	book      []uint32
	settled   calendar.Day
	// ids are the statement's lines by their ids.
	ids []int64
	// fact is what the evidence adds to the rule.
	fact fact
}

// New returns an empty Matcher. The rules are valid.
func New(rules Rules) *Matcher {
	m := &Matcher{ //nolint:exhaustruct // the rest starts empty
		rules: rules, off: make(map[Rule]bool), texts: newTexts(rules), seed: maphash.MakeSeed(),
		batches: map[string]uint32{"": 0}, names: []string{""}, ours: []bool{false},
	}
	for _, r := range rules.Off {
		m.off[r] = true
	}
	return m
}

func (m *Matcher) runs(r Rule) bool { return !m.off[r] }

// Through says that both sides hold every line that was booked on or before the
// day, and may lack later ones. Rules that must know every candidate then wait for
// the days that another may come in. Without it the lines are all there is.
func (m *Matcher) Through(day calendar.Day) { m.through = day }

func (m *Matcher) batch(name string) uint32 {
	if name == "" {
		return 0
	}
	id, ok := m.batches[name]
	if !ok {
		id = uint32(len(m.names)) //nolint:gosec // batches are few
		m.batches[name] = id
		m.names, m.ours = append(m.names, name), append(m.ours, false)
	}
	return id
}

// AddBook takes a line of the book. All are added before the first of the statement.
func (m *Matcher) AddBook(b BookLine) {
	var f flags
	if b.Direction == bank.Debit {
		f |= isDebit
	}
	if b.Own {
		f |= isOwn
	}
	if b.Unread {
		f |= isUnread
		m.unread = true
	}
	at, batch := m.book.count(), m.batch(b.Batch)
	m.ours[batch] = batch != 0
	m.book.add(bookLine{ //nolint:exhaustruct // seal fills the rest
		entry: b.Key.Entry, line: b.Key.Line, cause: b.Cause, amount: b.Amount, booked: b.Booked, value: b.Value,
		reference: m.text.add(b.Reference), bankReference: m.text.add(b.BankReference), batch: batch,
		party: m.party(b.Counterparty, b.CounterpartyAccount), flags: f,
	})
	if b.Reference != "" {
		m.referenced++
	}
	if b.BankReference != "" {
		m.bankReferenced++
	}
	if b.Reverses != 0 {
		if m.reverses == nil {
			m.reverses = map[uint32]int64{}
		}
		m.reverses[at] = b.Reverses
	}
	if b.Returns != "" {
		if m.returns == nil {
			m.returns = map[uint32]string{}
		}
		m.returns[at] = clip(b.Returns, longest)
	}
}

// byKey orders the book with what belongs to its lines.
type byKey struct{ *Matcher }

// Len, Less and Swap implement sort.Interface.
func (m byKey) Len() int { return m.book.n }

func (m byKey) Less(i, j int) bool {
	//nolint:gosec // places in the book
	return m.book.at(uint32(i)).key().Compare(m.book.at(uint32(j)).key()) < 0
}

func (m byKey) Swap(i, j int) {
	a, b := uint32(i), uint32(j) //nolint:gosec // places in the book
	x, y := m.book.at(a), m.book.at(b)
	*x, *y = *y, *x
	swap(m.reverses, a, b)
	swap(m.returns, a, b)
}

func swap[T any](of map[uint32]T, a, b uint32) {
	if len(of) == 0 {
		return
	}
	x, hasX := of[a]
	y, hasY := of[b]
	delete(of, a)
	delete(of, b)
	if hasX {
		of[b] = x
	}
	if hasY {
		of[a] = y
	}
}

// seal orders the book and builds the tables.
func (m *Matcher) seal() {
	if m.sealed {
		return
	}
	m.sealed = true
	if order := (byKey{m}); !sort.IsSorted(order) {
		sort.Sort(order)
	}
	m.byReference = newTable(m.seed, m.referenced)
	for i := m.book.count(); i > 0; i-- {
		b := m.book.at(i - 1)
		if b.reference != 0 {
			head, tag := m.byReference.slot(m.byReference.ofBytes(m.text.bytes(b.reference)))
			b.nextByReference, b.tag, *head = *head, tag, i
		}
	}
	m.callLines()
	m.tableBankReferences()
	if m.runs(BookReversal) {
		m.cancelReversals()
	}
	carried := m.carried
	m.carried = nil
	for i := range carried {
		before := m.left.count()
		m.AddStatement(carried[i].line)
		if carried[i].asked && m.left.count() > before {
			l := m.left.at(before)
			l.flags |= isAsked
			l.standing, l.within = carried[i].standing, carried[i].within
		}
	}
}

// tableBankReferences builds the table of the bank's references in the book.
func (m *Matcher) tableBankReferences() {
	m.byBankReference = newTable(m.seed, m.bankReferenced)
	if m.bankReferenced == 0 {
		return
	}
	for i := m.book.count(); i > 0; i-- {
		b := m.book.at(i - 1)
		if b.bankReference != 0 {
			head, tag := m.byBankReference.slot(m.byBankReference.ofBytes(m.text.bytes(b.bankReference)))
			b.nextByBankReference, b.bankTag, *head = *head, tag, i
		}
	}
}

// AddStatement takes a line of the statement and looks for its reference: the
// id that it echoes, and the bank's own only where it echoes none. A payer's id
// that we do not know is told from one of ours in Match.
func (m *Matcher) AddStatement(s StatementLine) {
	m.seal()
	var f flags
	if s.Direction == bank.Debit {
		f = isDebit
	}
	q := query{text: clip(s.EndToEndID, longest), sort: ourReference, flags: f, amount: s.Amount, stranger: false}
	if s.EndToEndID == "" {
		q.text, q.sort = clip(s.BankReference, longest), theirReference
	}
	count := 0
	if q.text != "" && m.runs(q.sort.rule()) {
		var at uint32
		if at, count = m.candidate(q); count == 1 {
			m.pair(s.ID, s.Booked, at, q.sort)
			m.spendFirst(s)
			return
		}
	}
	if count > 1 {
		f |= isShared
	}
	if s.Reversal {
		f |= isReversal
	}
	if word := m.texts.of(s); word != 0 {
		f |= word
		if m.worded == nil {
			m.worded = map[uint32]string{}
		}
		m.worded[m.left.count()] = s.Text
	}
	m.left.add(leftLine{
		id: s.ID, amount: s.Amount, booked: s.Booked, value: s.Value, endToEnd: m.text.add(s.EndToEndID),
		bankReference: m.text.add(s.BankReference), batch: m.batch(s.Batch),
		party: m.party(s.Counterparty, s.CounterpartyAccount), flags: f, standing: int8(Foreign), within: false,
	})
}

// pair uses a line of the book for a line of the bank.
func (m *Matcher) pair(statement int64, booked calendar.Day, at uint32, by sort8) {
	b := m.book.at(at)
	b.flags |= isUsed
	b.isSpent = b.isSpent || by == ourReference
	rule := uint8(0)
	if by == theirReference {
		rule = 1
	}
	m.pairs.add(pair{
		statement: statement, book: at, settled: latest(booked, b.booked), rule: rule, days: 0, party: byID,
	})
}

func (s sort8) rule() Rule {
	if s == ourReference {
		return Reference
	}
	return BankReference
}

func latest(a, b calendar.Day) calendar.Day {
	if b.After(a) {
		return b
	}
	return a
}

// Match runs the passes after the references. From then on the matches can be
// read, and either Left goes on with what is open together with the lines of
// another day, or Breaks sorts it out.
func (m *Matcher) Match(ctx context.Context, past Past) error {
	m.seal()
	if err := m.ReadBankReferences(ctx, past); err != nil {
		return err
	}
	if err := m.askStandings(ctx, past); err != nil {
		return err
	}
	m.askBatches(past)
	m.askSeconds()
	for {
		m.letGo()
		m.matchReferences()
		before := m.found()
		m.matchReturns()
		m.matchBatches()
		m.matchReversals()
		m.judgeAgain()
		m.matchAmounts(AmountDay)
		if m.found() > before {
			continue
		}
		m.matchAmounts(AmountWindow)
		m.matchTolerated()
		if m.found() > before {
			continue
		}
		m.matchSubsets()
		if m.found() == before {
			return nil
		}
	}
}

// found is how many matches there are.
func (m *Matcher) found() int { return m.pairs.n + len(m.groups) }

// ready says that a match may be made of the lines: that no day is left on which
// another could come within the rules' days after the last of them. Until then the
// lines are held.
func (m *Matcher) ready(left, book []uint32) bool {
	return m.readyAfter(m.rules.Days, left, book)
}

// readyAfter is ready with other days than the rules'.
func (m *Matcher) readyAfter(days int, left, book []uint32) bool {
	if m.through.IsZero() || !m.lastOf(left, book).AddDays(days).After(m.through) {
		return !m.anyHeld(left, book)
	}
	for _, i := range left {
		m.left.at(i).flags |= isHeldLeft
	}
	for _, i := range book {
		m.book.at(i).flags |= isHeldBook
	}
	m.holds = true
	return false
}

func (m *Matcher) anyHeld(left, book []uint32) bool {
	return m.holds && (slices.ContainsFunc(left, func(i uint32) bool { return m.left.at(i).flags.has(isHeldLeft) }) ||
		slices.ContainsFunc(book, func(i uint32) bool { return m.book.at(i).flags.has(isHeldBook) }))
}

// letGo holds nothing any more.
func (m *Matcher) letGo() {
	if !m.holds {
		return
	}
	m.holds = false
	for i := range m.left.count() {
		m.left.at(i).flags &^= isHeldLeft
	}
	for i := range m.book.count() {
		m.book.at(i).flags &^= isHeldBook
	}
}

// lastOf is the last day on which one of the lines moved a balance.
func (m *Matcher) lastOf(left, book []uint32) (last calendar.Day) {
	for _, i := range left {
		last = latest(last, m.left.at(i).booked)
	}
	for _, i := range book {
		last = latest(last, m.book.at(i).booked)
	}
	return last
}

// Left adds what Match left open to another Matcher. Only a match changes how a
// reference stands, so that after a day without any the lines take their standings
// along: of a month of quiet days only the first asks.
func (m *Matcher) Left(to *Matcher) {
	for i := range m.book.count() {
		b := m.book.at(i)
		if b.flags.has(isUsed) {
			continue
		}
		name, account := m.partyOf(b.party)
		to.AddBook(BookLine{
			Movement: Movement{Booked: b.booked, Value: b.value, Direction: b.direction(), Amount: b.amount},
			Key:      b.key(), Cause: b.cause, Reverses: m.reverses[i], Reference: m.text.text(b.reference),
			Own:           b.flags.has(isOwn),
			BankReference: m.text.text(b.bankReference), Unread: b.flags.has(isUnread),
			Batch: m.names[b.batch], Returns: m.returns[i],
			Counterparty: name, CounterpartyAccount: account,
		})
	}
	for i := range m.left.count() {
		if l := m.left.at(i); !l.flags.has(isUsed) {
			to.carried = append(to.carried, carriedLine{
				line: m.lineOf(i), standing: l.standing, within: l.within, asked: m.found() == 0,
			})
		}
	}
	for batch, ours := range m.ours {
		if ours {
			to.ours[to.batch(m.names[batch])] = true
		}
	}
}

// Called says what the bank called lines of the book that were added Unread, by their
// references: at least all by which a line of the statement without an id of ours, or
// one of AskedBankReferences, asks. It is said before the first line of the statement.
func (m *Matcher) Called(references map[string]string) { m.called = references }

// callLines gives lines what Called said of them.
func (m *Matcher) callLines() {
	for reference, called := range m.called {
		for _, direction := range []flags{0, isDebit} {
			//nolint:exhaustruct // a reference of ours
			m.carriers(query{text: reference, sort: ourReference, flags: direction}, func(_ uint32, b *bookLine) {
				if b.flags.has(isUnread) && called != "" {
					b.flags &^= isUnread
					b.bankReference = m.text.add(called)
					m.bankReferenced++
				}
			})
		}
	}
	m.called = nil
}

// AskedBankReferences returns the bank's references by which lines that another
// Matcher left may ask for a line of the book: what AddBook must not leave out.
func (m *Matcher) AskedBankReferences() []string {
	var out []string
	for i := range m.carried {
		if l := &m.carried[i].line; l.EndToEndID == "" && l.BankReference != "" {
			out = append(out, l.BankReference)
		}
	}
	return out
}

// lineOf returns a line as it came, but for a text that no rule names.
func (m *Matcher) lineOf(i uint32) StatementLine {
	l := m.left.at(i)
	name, account := m.partyOf(l.party)
	return StatementLine{
		ID:         l.id,
		Movement:   Movement{Booked: l.booked, Value: l.value, Direction: l.flags.direction(), Amount: l.amount},
		EndToEndID: m.text.text(l.endToEnd), BankReference: m.text.text(l.bankReference), Batch: m.names[l.batch],
		Reversal: l.flags.has(isReversal), Counterparty: name, CounterpartyAccount: account,
		Text: m.worded[i],
	}
}

// match uses the lines up by a rule that says it all.
func (m *Matcher) match(rule Rule, left, book []uint32) {
	m.matchBy(rule, left, book, fact{tolerated: false, days: 0, party: byID, crowd: byID})
}

// matchBy uses the lines up.
func (m *Matcher) matchBy(rule Rule, left, book []uint32, f fact) {
	g := group{
		rule: rule, statement: slices.Clone(left), book: slices.Clone(book), settled: calendar.Day{}, ids: nil, fact: f,
	}
	g.ids = make([]int64, 0, len(left))
	for _, i := range left {
		l := m.left.at(i)
		l.flags |= isUsed
		m.spend(l, rule)
		g.ids = append(g.ids, l.id)
		g.settled = latest(g.settled, l.booked)
	}
	for _, i := range book {
		b := m.book.at(i)
		b.flags |= isUsed
		g.settled = latest(g.settled, b.booked)
	}
	m.groups = append(m.groups, g)
}

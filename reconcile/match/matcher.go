package match

import (
	"context"
	"hash/maphash"
	"slices"

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
)

// Past answers about what was there before this run.
type Past interface {
	// Standings says how each line's reference stands: its EndToEndID, and only
	// where it has none its BankReference and its Batch.
	Standings(ctx context.Context, lines []StatementLine) ([]Standing, error)
}

// NoPast knows nothing: for a run over everything there is.
type NoPast struct{}

// Standings returns Foreign for every line.
func (NoPast) Standings(_ context.Context, lines []StatementLine) ([]Standing, error) {
	return make([]Standing, len(lines)), nil
}

// Matcher takes all lines of one account that are not matched yet: first the
// book's, then the statement's in order of booking date and position. It is for
// one goroutine and one run.
//
// It holds the book's lines in a compact form, and of the statement's lines
// only those that no reference matched.
type Matcher struct {
	seed    maphash.Seed
	text    arena
	book    []bookLine
	batches map[string]int32

	byReference     *table
	byBankReference *table

	// carried are the lines of the statement that another Matcher left.
	carried []StatementLine

	claims []int32
	pairs  []pair
	groups []group
	left   []leftLine
	breaks []Break
	sorted bool
}

type bookLine struct {
	key           Key
	cause         int64
	reverses      int64
	amount        money.Amount
	reference     span
	bankReference span
	booked, value calendar.Day
	batch         int32
	direction     bank.Direction
	own           bool
	used          bool
	// spent is the sort of reference by which a line of the bank used it, for
	// telling a second line that carries the same one; "" is none.
	spent Rule
	// claimed says that an open line of the bank carries its reference.
	claimed bool
}

type pair struct {
	statement int64
	settled   calendar.Day
	book      int32
	bankRef   bool
}

type group struct {
	rule      Rule
	statement []int64
	book      []int32
	settled   calendar.Day
}

// leftLine is a line of the statement that no reference matched.
type leftLine struct {
	StatementLine

	batch    int32
	used     bool
	standing Standing
	// shared says that several lines of the book are its equals by reference.
	shared bool
}

// New returns an empty Matcher.
func New() *Matcher {
	return &Matcher{ //nolint:exhaustruct // the rest starts empty
		seed: maphash.MakeSeed(), batches: map[string]int32{"": 0},
	}
}

func (m *Matcher) batch(name string) int32 {
	id, ok := m.batches[name]
	if !ok {
		id = int32(len(m.batches)) //nolint:gosec // batches are few
		m.batches[name] = id
	}
	return id
}

// AddBook takes a line of the book. All are added before the first of the statement.
func (m *Matcher) AddBook(b BookLine) {
	m.book = append(m.book, bookLine{
		key: b.Key, cause: b.Cause, reverses: b.Reverses, amount: b.Amount, reference: m.text.add(b.Reference),
		bankReference: m.text.add(b.BankReference), booked: b.Booked, value: b.Value, batch: m.batch(b.Batch),
		direction: b.Direction, own: b.Own, used: false, spent: "", claimed: false,
	})
}

// seal orders the book and builds the tables.
func (m *Matcher) seal() {
	if m.byReference != nil {
		return
	}
	slices.SortFunc(m.book, func(a, b bookLine) int { return a.key.Compare(b.key) })
	m.byReference, m.byBankReference = newTable(m.seed, len(m.book)), newTable(m.seed, len(m.book))
	for i := len(m.book) - 1; i >= 0; i-- {
		b := &m.book[i]
		if b.reference.n > 0 {
			m.byReference.add(m.text.bytes(b.reference), position(i))
		}
		if b.bankReference.n > 0 {
			m.byBankReference.add(m.text.bytes(b.bankReference), position(i))
		}
	}
	m.cancelReversals()
	carried := m.carried
	m.carried = nil
	for _, s := range carried {
		m.AddStatement(s)
	}
}

// position is a place in the book; a run holds fewer than 2^31 lines.
func position(i int) int32 { return int32(i) } //nolint:gosec // see above

// cancelReversals pairs an entry with the entry that mirrors it in red.
func (m *Matcher) cancelReversals() {
	mirror := map[Key]int{}
	for i := range m.book {
		if b := &m.book[i]; b.reverses != 0 {
			mirror[Key{Entry: b.reverses, Line: b.key.Line}] = i
		}
	}
	if len(mirror) == 0 {
		return
	}
	for i := range m.book {
		o := &m.book[i]
		j, ok := mirror[o.key]
		if !ok {
			continue
		}
		r := &m.book[j]
		if r.used || o.used || r.amount != o.amount || r.direction == o.direction {
			continue
		}
		r.used, o.used = true, true
		m.groups = append(m.groups, group{
			rule: BookReversal, statement: nil, book: []int32{position(i), position(j)},
			settled: latest(o.booked, r.booked),
		})
	}
}

// AddStatement takes a line of the statement and looks for its reference: the
// id that it echoes, and the bank's own only where it echoes none. A payer's id
// that we do not know is told from one of ours in Match.
func (m *Matcher) AddStatement(s StatementLine) {
	m.seal()
	l := leftLine{StatementLine: s, batch: 0, used: false, standing: Foreign, shared: false}
	rule := Reference
	if s.EndToEndID == "" {
		rule = BankReference
	}
	if m.byRule(&l, rule) {
		return
	}
	l.batch = m.batch(s.Batch)
	m.left = append(m.left, l)
}

// byRule matches the line with its only equal by reference, if it has one.
func (m *Matcher) byRule(l *leftLine, rule Rule) bool {
	candidate, count := m.candidate(l.StatementLine, rule)
	l.shared = count > 1
	if count != 1 {
		return false
	}
	b := &m.book[candidate]
	b.used, l.used = true, true
	m.spend(l, b, rule)
	m.pairs = append(m.pairs, pair{
		statement: l.ID, book: candidate, settled: latest(l.Booked, b.booked), bankRef: rule == BankReference,
	})
	return true
}

// spend marks that a line of the bank used a reference. A bank's own counts only
// for lines that echo no id, as in Past.
func (m *Matcher) spend(l *leftLine, b *bookLine, rule Rule) {
	if rule == Reference || l.EndToEndID == "" {
		b.spent = rule
	}
}

// carriers calls fn with the book lines of the line's direction that carry its
// reference of the rule's sort, in rising order. A line of the bank that names
// another item is not one of ours whose id the bank was given.
func (m *Matcher) carriers(s StatementLine, rule Rule, fn func(i int32, b *bookLine)) {
	t, ref := m.byReference, s.EndToEndID
	if rule == BankReference {
		t, ref = m.byBankReference, s.BankReference
	}
	if ref == "" {
		return
	}
	for i := t.first(ref); i != none; i = t.next[i] {
		b := &m.book[i]
		at := b.reference
		if rule == BankReference {
			at = b.bankReference
			if b.own && s.EndToEndID != "" {
				continue
			}
		}
		if b.direction == s.Direction && m.text.equal(at, ref) {
			fn(i, b)
		}
	}
}

// candidate returns the first open equal of the line and how many there are.
func (m *Matcher) candidate(s StatementLine, rule Rule) (first int32, count int) {
	first = none
	m.carriers(s, rule, func(i int32, b *bookLine) {
		if b.used || b.amount != s.Amount {
			return
		}
		if first == none {
			first = i
		}
		count++
	})
	return first, count
}

// Match runs the passes after the references. From then on the matches can be
// read, and either Left goes on with what is open together with the lines of
// another day, or Breaks sorts it out.
func (m *Matcher) Match(ctx context.Context, past Past) error {
	m.seal()
	if err := m.askStandings(ctx, past); err != nil {
		return err
	}
	for {
		m.matchReferences()
		before := len(m.groups)
		m.matchBatches()
		m.matchAmountDay()
		if len(m.groups) == before {
			return nil
		}
	}
}

// Left adds what Match left open to another Matcher.
func (m *Matcher) Left(to *Matcher) {
	names := make([]string, len(m.batches))
	for name, id := range m.batches {
		names[id] = name
	}
	for i := range m.book {
		b := &m.book[i]
		if b.used {
			continue
		}
		to.AddBook(BookLine{
			Movement: Movement{Booked: b.booked, Value: b.value, Direction: b.direction, Amount: b.amount},
			Key:      b.key, Cause: b.cause, Reverses: b.reverses, Reference: string(m.text.bytes(b.reference)),
			Own:           b.own,
			BankReference: string(m.text.bytes(b.bankReference)), Batch: names[b.batch],
		})
	}
	for i := range m.left {
		if l := &m.left[i]; !l.used {
			to.carried = append(to.carried, l.StatementLine)
		}
	}
}

func (m *Matcher) askStandings(ctx context.Context, past Past) error {
	const portion = 4096
	ask, at := make([]StatementLine, 0, portion), make([]int, 0, portion)
	flush := func() error {
		if len(ask) == 0 {
			return nil
		}
		answers, err := past.Standings(ctx, ask)
		if err != nil {
			return err
		}
		for i, standing := range answers {
			m.left[at[i]].standing = standing
		}
		ask, at = ask[:0], at[:0]
		return nil
	}
	for i := range m.left {
		l := &m.left[i]
		if l.used || (l.EndToEndID == "" && l.BankReference == "" && l.Batch == "") {
			continue
		}
		ask, at = append(ask, l.StatementLine), append(at, i)
		if len(ask) == portion {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// matchReferences repeats the pass of references over what is left, now that
// strangers' ids are told from ours, until it finds nothing more: what one line
// uses up may leave another with a single equal.
func (m *Matcher) matchReferences() {
	for {
		before := len(m.pairs) + len(m.groups)
		m.judgeReferences()
		for i := range m.left {
			if l := &m.left[i]; !l.used {
				m.byRule(l, l.rule())
			}
		}
		m.matchShared()
		if len(m.pairs)+len(m.groups) == before {
			return
		}
	}
}

// rule returns the sort of reference that the line may match by.
func (l *leftLine) rule() Rule {
	if l.EndToEndID == "" || l.standing == Foreign {
		return BankReference
	}
	return Reference
}

// judgeReferences adds what this run knows to the standings, and claims the
// book lines whose reference an open line of the bank carries. It says of a
// line exactly what Past will say of it in the next run.
func (m *Matcher) judgeReferences() {
	for _, i := range m.claims {
		m.book[i].claimed = false
	}
	m.claims = m.claims[:0]
	for i := range m.left {
		l := &m.left[i]
		if l.used {
			continue
		}
		if l.EndToEndID == "" {
			m.carriers(l.StatementLine, BankReference, func(_ int32, b *bookLine) {
				if b.spent == BankReference && b.amount == l.Amount {
					l.standing = Consumed
				}
			})
			continue
		}
		m.carriers(l.StatementLine, Reference, func(i int32, b *bookLine) {
			l.standing = max(l.standing, Ours)
			if b.spent == Reference {
				l.standing = Consumed
			}
			b.claimed = true
			m.claims = append(m.claims, i)
		})
	}
}

// sharedKey is lines of the bank that are equal by one reference.
type sharedKey struct {
	reference string
	rule      Rule
	direction bank.Direction
	amount    money.Amount
	// stranger says that the lines echo an id that is not ours, which rules out
	// lines of the book whose id the bank was given.
	stranger bool
}

// sharedSets groups the open lines that had several equals, with those equals.
func (m *Matcher) sharedSets() []sides {
	at := map[sharedKey]int{}
	var sets []sides
	for i := range m.left {
		l := &m.left[i]
		if l.used || !l.shared {
			continue
		}
		k := sharedKey{
			reference: l.EndToEndID, rule: l.rule(), direction: l.Direction, amount: l.Amount, stranger: false,
		}
		if k.rule == BankReference {
			k.reference, k.stranger = l.BankReference, l.EndToEndID != ""
		}
		j, ok := at[k]
		if !ok {
			j = len(sets)
			at[k] = j
			s := sides{rule: k.rule, left: nil, book: nil}
			m.carriers(l.StatementLine, k.rule, func(i int32, b *bookLine) {
				if !b.used && b.amount == l.Amount {
					s.book = append(s.book, i)
				}
			})
			sets = append(sets, s)
		}
		sets[j].left = append(sets[j].left, i)
	}
	return sets
}

// matchShared matches lines of one reference, direction and amount where both
// sides have as many of them; which is which makes no difference.
func (m *Matcher) matchShared() {
	for _, s := range m.sharedSets() {
		s.book = m.stillOpen(s.book)
		if len(s.book) != len(s.left) {
			continue
		}
		rule := s.rule
		switch {
		case len(s.left) == 1:
		case rule == Reference:
			rule = SharedReference
		default:
			rule = SharedBankReference
		}
		m.match(rule, s.left, s.book)
		for _, i := range s.left {
			for _, j := range s.book {
				m.spend(&m.left[i], &m.book[j], s.rule)
			}
		}
	}
}

// stillOpen drops lines that an earlier set used: a line of the book may be an
// equal by our id and by the bank's.
func (m *Matcher) stillOpen(book []int32) []int32 {
	return slices.DeleteFunc(book, func(i int32) bool { return m.book[i].used })
}

// match uses the lines up.
func (m *Matcher) match(rule Rule, left []int, book []int32) {
	g := group{rule: rule, statement: make([]int64, 0, len(left)), book: book, settled: calendar.Day{}}
	for _, i := range left {
		l := &m.left[i]
		l.used = true
		g.statement = append(g.statement, l.ID)
		g.settled = latest(g.settled, l.Booked)
	}
	for _, i := range book {
		b := &m.book[i]
		b.used = true
		g.settled = latest(g.settled, b.booked)
	}
	m.groups = append(m.groups, g)
}

func latest(a, b calendar.Day) calendar.Day {
	if b.After(a) {
		return b
	}
	return a
}

func (b *bookLine) signed() money.Amount {
	if b.direction == bank.Debit {
		return -b.amount
	}
	return b.amount
}

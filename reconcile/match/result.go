package match

import (
	"cmp"
	"iter"
	"math"
	"slices"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// inOrder sorts matches by their first line, so that the same lines always give
// the same report.
func inOrder(a, b group) int {
	return cmp.Or(slices.Compare(a.statement, b.statement), slices.Compare(a.book, b.book))
}

// sortOut puts every line that is left into one break. Lines are marked used as
// they go, so that none is named twice.
func (m *Matcher) sortOut() {
	slices.SortFunc(m.groups, inOrder)
	m.breakShared()
	for i := range m.left.count() {
		l := m.left.at(i)
		switch {
		case l.flags.has(isUsed):
		case l.flags.has(isCharge):
			m.addBreak(BankCharge, []uint32{i}, nil)
		case l.stands(Consumed) && !l.flags.has(isReversal):
			m.addBreak(DuplicateBankLine, []uint32{i}, nil)
		}
	}
	m.breakSubsets()
	for i := range m.left.count() {
		l := m.left.at(i)
		if l.flags.has(isUsed) || l.stands(Consumed) {
			continue
		}
		if at, ok := m.rival(l); ok {
			m.addBreak(AmountDiffers, []uint32{i}, []uint32{at})
		}
	}
	m.breakBatches()
	m.breakReversals()
	m.breakAmounts()
	for i := range m.left.count() {
		switch l := m.left.at(i); {
		case l.flags.has(isUsed):
		case l.flags.has(isInterest):
			m.addBreak(BankInterest, []uint32{i}, nil)
		default:
			m.addBreak(AbsentInBook, []uint32{i}, nil)
		}
	}
	for i := range m.book.count() {
		if !m.book.at(i).flags.has(isUsed) {
			m.addBreak(AbsentInBank, nil, []uint32{i})
		}
	}
}

// breakShared names lines of one reference of which the sides hold unlike numbers.
func (m *Matcher) breakShared() {
	for _, s := range m.sharedSets() {
		if book := m.stillOpen(s.book); len(book) > 0 {
			m.addBreak(Ambiguous, s.left, book)
		}
	}
}

// rival returns the first open line of the book that carries the line's
// reference. Its amount is another, or it would have been matched.
func (m *Matcher) rival(l *leftLine) (at uint32, found bool) {
	for _, by := range []sort8{ourReference, theirReference} {
		if (by == ourReference && l.endToEnd == 0) || (by == theirReference && l.endToEnd != 0 && !l.stands(Foreign)) {
			continue
		}
		m.carriers(m.queryOf(l, by), func(i uint32, b *bookLine) {
			if !found && !b.flags.has(isUsed) {
				at, found = i, true
			}
		})
	}
	return at, found
}

// addBreak names the lines that nothing has used yet, and marks them.
func (m *Matcher) addBreak(reason Reason, left, book []uint32) {
	b := Break{
		Reason: reason, Statement: make([]int64, 0, len(left)), Book: make([]Key, 0, len(book)),
		Direction: bank.Credit, Amount: 0, Day: calendar.Day{}, Instructed: false,
	}
	var inBank, inBook money.Amount
	for _, i := range left {
		l := m.left.at(i)
		l.flags |= isUsed
		inBank += l.signed()
		b.Statement = append(b.Statement, l.id)
		b.Instructed = b.Instructed || Standing(l.standing) >= Ours || (l.stands(Foreign) && l.batch != 0)
		b.Day = first(b.Day, l.booked)
	}
	for _, i := range book {
		l := m.book.at(i)
		l.flags |= isUsed
		inBook += l.signed()
		b.Book = append(b.Book, l.key())
		b.Day = first(b.Day, l.booked)
	}
	b.Amount = inBank - inBook
	if len(left) == 0 {
		b.Amount = inBook
	}
	if b.Amount < 0 {
		b.Direction, b.Amount = bank.Debit, -b.Amount
	}
	m.breaks = append(m.breaks, b)
}

func first(a, b calendar.Day) calendar.Day {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// pairReader turns pairs into matches.
type pairReader struct {
	rules     []Rule
	last      pair
	x         Match
	statement [1]int64
	book      [1]Key
}

func newPairReader() *pairReader {
	r := &pairReader{rules: pairRules()} //nolint:exhaustruct // filled pair by pair
	r.last.rule = math.MaxUint8
	return r
}

func (r *pairReader) read(m *Matcher, p *pair) Match {
	r.statement[0], r.book[0] = p.statement, m.book.at(p.book).key()
	if p.rule != r.last.rule || p.days != r.last.days || p.party != r.last.party {
		r.last = *p
		r.x = m.proof(r.rules[p.rule], fact{tolerated: false, days: int(p.days), party: p.party, crowd: byID})
		r.x.Statement, r.x.Book = r.statement[:], r.book[:]
	}
	r.x.Settled = p.settled
	return r.x
}

// TakePair gives the next pair that AddStatement made by a reference, which Matches
// then leaves out: such a pair is never undone, so it can be kept while more lines come.
// The slices are valid until the next one.
func (m *Matcher) TakePair() (Match, bool) {
	if m.taken == m.pairs.count() {
		var none Match
		return none, false
	}
	if m.taking == nil {
		m.taking = newPairReader()
	}
	m.taken++
	return m.taking.read(m, m.pairs.at(m.taken-1)), true
}

// Matches yields what was found and not taken, one to one by reference first. The
// slices of a Match are valid until the next one.
func (m *Matcher) Matches() iter.Seq[Match] {
	return func(yield func(Match) bool) {
		r := newPairReader()
		for i := m.taken; i < m.pairs.count(); i++ {
			if !yield(r.read(m, m.pairs.at(i))) {
				return
			}
		}
		var book []Key
		for i := range m.groups {
			g := &m.groups[i]
			x := m.proof(g.rule, g.fact)
			book = book[:0]
			for _, i := range g.statement {
				x.Difference += m.left.at(i).signed()
			}
			for _, i := range g.book {
				b := m.book.at(i)
				x.Difference -= b.signed()
				book = append(book, b.key())
			}
			x.Statement, x.Book, x.Settled = g.ids, book, g.settled
			if !yield(x) {
				return
			}
		}
	}
}

// Breaks puts every line that Match left into one break and returns them all.
// Nothing is left from then on.
func (m *Matcher) Breaks() []Break {
	if !m.sorted {
		m.sorted = true
		m.sortOut()
	}
	return m.breaks
}

package match

import (
	"context"
	"slices"
	"sync"

	"twoline/gateway/money"
)

// query is what a line of the bank asks the book for by a reference.
type query struct {
	text   string
	sort   sort8
	flags  flags
	amount money.Amount
	// stranger says that the line echoes an id that is not ours, which rules out
	// lines of the book whose id the bank was given.
	stranger bool
}

// sortOf returns the sort of reference that the line may match by.
func (l *leftLine) sortOf() sort8 {
	if l.endToEnd == 0 || l.stands(Foreign) {
		return theirReference
	}
	return ourReference
}

// queryOf is the line's query by a sort of reference.
func (m *Matcher) queryOf(l *leftLine, by sort8) query {
	q := query{text: "", sort: by, flags: l.flags & isDebit, amount: l.amount, stranger: false}
	if by == ourReference {
		q.text = m.text.text(l.endToEnd)
		return q
	}
	q.text, q.stranger = m.text.text(l.bankReference), l.endToEnd != 0
	return q
}

// carriers calls fn with the book lines of the query's direction that carry its
// reference, in the book's order.
func (m *Matcher) carriers(q query, fn func(i uint32, b *bookLine)) {
	if q.text == "" {
		return
	}
	if q.sort == ourReference {
		head, tag := m.byReference.slot(m.byReference.of(q.text))
		for i := *head; i > 0; {
			b := m.book.at(i - 1)
			if b.tag == tag && b.flags&isDebit == q.flags && string(m.text.bytes(b.reference)) == q.text {
				fn(i-1, b)
			}
			i = b.nextByReference
		}
		return
	}
	head, tag := m.byBankReference.slot(m.byBankReference.of(q.text))
	for i := *head; i > 0; {
		b := m.book.at(i - 1)
		if b.bankTag == tag && b.flags&isDebit == q.flags && (!q.stranger || !b.flags.has(isOwn)) &&
			string(m.text.bytes(b.bankReference)) == q.text {
			fn(i-1, b)
		}
		i = b.nextByBankReference
	}
}

// candidate returns the first open equal of the query and how many there are.
func (m *Matcher) candidate(q query) (first uint32, count int) {
	m.carriers(q, func(i uint32, b *bookLine) {
		if b.flags.has(isUsed) || b.amount != q.amount {
			return
		}
		if count == 0 {
			first = i
		}
		count++
	})
	return first, count
}

func (m *Matcher) askStandings(ctx context.Context, past Past) error {
	const portion = 4096
	ask, at := make([]StatementLine, 0, min(portion, m.left.n)), make([]uint32, 0, min(portion, m.left.n))
	flush := func() error {
		if len(ask) == 0 {
			return nil
		}
		answers, err := past.Standings(ctx, ask)
		if err != nil {
			return err
		}
		for i, standing := range answers {
			l := m.left.at(at[i])
			l.within = standing == Within
			if l.within {
				standing = Foreign
			}
			l.standing = int8(standing)
		}
		ask, at = ask[:0], at[:0]
		return nil
	}
	for i := range m.left.count() {
		l := m.left.at(i)
		if l.flags.has(isUsed|isAsked) || (l.endToEnd == 0 && l.bankReference == 0 && l.batch == 0) {
			continue
		}
		ask, at = append(ask, m.lineOf(i)), append(at, i)
		if len(ask) == portion {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// ReadBankReferences asks for the bank's references that AddBook left out, of the lines
// that are still open: nothing asks for those of the others. Match does so itself;
// before the first line of the statement it stands for Called.
func (m *Matcher) ReadBankReferences(ctx context.Context, past Past) error {
	names, ok := past.(BankReferences)
	if !m.unread || !ok {
		return nil
	}
	m.unread = false
	const portion = 16384
	var ask []string
	var at []uint32
	flush := func() error {
		answers, err := names.BankReferences(ctx, ask)
		if err != nil {
			return err
		}
		for i, reference := range answers {
			b := m.book.at(at[i])
			b.flags &^= isUnread
			if reference != "" {
				b.bankReference = m.text.add(reference)
				m.bankReferenced++
			}
		}
		ask, at = ask[:0], at[:0]
		return nil
	}
	for i := range m.book.count() {
		b := m.book.at(i)
		if !b.flags.has(isUnread) || b.flags.has(isUsed) {
			continue
		}
		ask, at = append(ask, m.text.text(b.reference)), append(at, i)
		if len(ask) == portion {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if len(ask) > 0 {
		if err := flush(); err != nil {
			return err
		}
	}
	if m.sealed {
		m.tableBankReferences()
	}
	return nil
}

// matchReferences repeats the pass of references over what is left, now that
// strangers' ids are told from ours, until it finds nothing more: what one line
// uses up may leave another with a single equal.
func (m *Matcher) matchReferences() {
	for {
		before := m.found()
		m.judgeReferences()
		for i := range m.left.count() {
			l := m.left.at(i)
			by := l.sortOf()
			if l.flags.has(isUsed) || !m.runs(by.rule()) {
				continue
			}
			at, count := m.candidate(m.queryOf(l, by))
			l.flags &^= isShared
			switch {
			case count == 1:
				l.flags |= isUsed
				m.pair(l.id, l.booked, at, by)
				m.spend(l, by.rule())
			case count > 1:
				l.flags |= isShared
			}
		}
		m.matchShared()
		if m.found() == before {
			return
		}
	}
}

// judgeReferences adds what this run knows to the standings, and claims the
// book lines whose reference an open line of the bank carries. It says of a
// line exactly what Past will say of it in the next run.
func (m *Matcher) judgeReferences() {
	m.judged = m.found()
	for _, i := range m.claims {
		m.book.at(i).flags &^= isClaimed
	}
	m.claims = m.claims[:0]
	open := sync.OnceValue(m.openInBatches)
	for i := range m.left.count() {
		l := m.left.at(i)
		if l.flags.has(isUsed) {
			continue
		}
		if l.endToEnd == 0 {
			if m.repeats(l, open) {
				l.standing = int8(Consumed)
			}
			continue
		}
		m.carriers(m.queryOf(l, ourReference), func(i uint32, b *bookLine) {
			l.standing = max(l.standing, int8(Ours))
			if b.isSpent {
				l.standing = int8(Consumed)
			}
			b.flags |= isClaimed
			m.claims = append(m.claims, i)
		})
	}
}

// judgeAgain is judgeReferences where anything has been matched since.
func (m *Matcher) judgeAgain() {
	if m.judged != m.found() {
		m.judgeReferences()
	}
}

// sides is the open lines of both sides under one key, each in its order.
type sides struct {
	sort sort8
	left []uint32
	book []uint32
}

// sharedSets groups the open lines that had several equals, with those equals.
func (m *Matcher) sharedSets() []sides {
	at := map[query]int{}
	var sets []sides
	for i := range m.left.count() {
		l := m.left.at(i)
		if l.flags.has(isUsed) || !l.flags.has(isShared) {
			continue
		}
		q := m.queryOf(l, l.sortOf())
		j, ok := at[q]
		if !ok {
			j = len(sets)
			at[q] = j
			s := sides{sort: q.sort, left: nil, book: nil}
			m.carriers(q, func(i uint32, b *bookLine) {
				if !b.flags.has(isUsed) && b.amount == l.amount {
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
		rule := s.sort.rule()
		switch {
		case len(s.left) == 1:
		case s.sort == ourReference:
			rule = SharedReference
		default:
			rule = SharedBankReference
		}
		if !m.runs(rule) {
			continue
		}
		m.match(rule, s.left, s.book)
		for _, j := range s.book {
			m.book.at(j).isSpent = m.book.at(j).isSpent || s.sort == ourReference
		}
	}
}

// stillOpen drops lines that an earlier set used: a line of the book may be an
// equal by our id and by the bank's.
func (m *Matcher) stillOpen(book []uint32) []uint32 {
	return slices.DeleteFunc(book, func(i uint32) bool { return m.book.at(i).flags.has(isUsed) })
}

// matchReturns matches a line that carries the bank's reference of a payment with
// the one line of the book that gives that payment back.
func (m *Matcher) matchReturns() {
	if len(m.returns) == 0 || !m.runs(ReturnReference) {
		return
	}
	found := map[query]*sides{}
	var order []query
	for i := range m.left.count() {
		l := m.left.at(i)
		if l.flags.has(isUsed) || l.bankReference == 0 || l.sortOf() != theirReference || l.stands(Consumed) {
			continue
		}
		q := m.queryOf(l, theirReference)
		q.stranger = false
		if found[q] == nil {
			found[q] = &sides{sort: noReference, left: nil, book: nil}
			order = append(order, q)
		}
		found[q].left = append(found[q].left, i)
	}
	for i := range m.book.count() {
		b := m.book.at(i)
		text, ok := m.returns[i]
		if !ok || b.flags.has(isUsed|isClaimed) {
			continue
		}
		q := query{text: text, sort: theirReference, flags: b.flags & isDebit, amount: b.amount, stranger: false}
		if s := found[q]; s != nil {
			s.book = append(s.book, i)
		}
	}
	for _, q := range order {
		if s := found[q]; len(s.left) == 1 && len(s.book) == 1 {
			m.match(ReturnReference, s.left, s.book)
		}
	}
}

// onlyCarrier is the one open line of the book that carries the line's reference.
func (m *Matcher) onlyCarrier(l *leftLine) (at uint32, only bool) {
	open := 0
	m.carriers(m.queryOf(l, l.sortOf()), func(i uint32, b *bookLine) {
		if !b.flags.has(isUsed) {
			at = i
			open++
		}
	})
	return at, open == 1
}

// matchTolerated matches lines of one reference whose amounts differ by no more
// than the tolerance, where each is the other's only one.
func (m *Matcher) matchTolerated() {
	if m.rules.Tolerance == 0 {
		return
	}
	rivals := map[uint32]int{}
	var pairs []two
	for i := range m.left.count() {
		l := m.left.at(i)
		if l.flags.has(isUsed|isCharge) || l.stands(Consumed) || !m.runs(l.sortOf().rule()) {
			continue
		}
		if at, ok := m.onlyCarrier(l); ok {
			rivals[at]++
			pairs = append(pairs, two{i, at})
		}
	}
	for _, p := range pairs {
		l, b := m.left.at(p.left), m.book.at(p.book)
		d := b.amount - l.amount
		if rivals[p.book] > 1 || d > m.rules.Tolerance || -d > m.rules.Tolerance ||
			!m.ready([]uint32{p.left}, []uint32{p.book}) {
			continue
		}
		by := l.sortOf()
		m.matchBy(by.rule(), []uint32{p.left}, []uint32{p.book}, fact{tolerated: true}) //nolint:exhaustruct // no more
		b.isSpent = b.isSpent || by == ourReference
	}
}

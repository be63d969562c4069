package match

import (
	"iter"
	"slices"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// sortOut puts every line that is left into one break. Lines are marked used as
// they go, so that none is named twice.
func (m *Matcher) sortOut() {
	slices.SortFunc(m.groups, inOrder)
	m.breakShared()
	for i := range m.left {
		l := &m.left[i]
		if l.used {
			continue
		}
		if l.standing == Consumed {
			m.addBreak(DuplicateBankLine, []int{i}, nil)
			continue
		}
		if rival := m.rival(l); rival != none {
			m.addBreak(AmountDiffers, []int{i}, []int32{rival})
		}
	}
	m.breakBatches()
	m.breakAmountDay()
	for i := range m.left {
		if !m.left[i].used {
			m.addBreak(AbsentInBook, []int{i}, nil)
		}
	}
	for i := range m.book {
		if !m.book[i].used {
			m.addBreak(AbsentInBank, nil, []int32{position(i)})
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
// reference, or none. Its amount is another, or it would have been matched.
func (m *Matcher) rival(l *leftLine) int32 {
	at := none
	for _, rule := range []Rule{Reference, BankReference} {
		if rule == BankReference && l.EndToEndID != "" && l.standing != Foreign {
			continue
		}
		m.carriers(l.StatementLine, rule, func(i int32, b *bookLine) {
			if at == none && !b.used {
				at = i
			}
		})
	}
	return at
}

// addBreak names the lines and marks them.
func (m *Matcher) addBreak(reason Reason, left []int, book []int32) {
	b := Break{
		Reason: reason, Statement: make([]int64, 0, len(left)), Book: make([]Key, 0, len(book)),
		Direction: bank.Credit, Amount: 0, Day: calendar.Day{}, Instructed: false,
	}
	var inBank, inBook money.Amount
	for _, i := range left {
		l := &m.left[i]
		l.used = true
		inBank += l.Signed()
		b.Statement = append(b.Statement, l.ID)
		b.Instructed = b.Instructed || l.standing >= Ours || (l.standing == Foreign && l.batch != 0)
		b.Day = first(b.Day, l.Booked)
	}
	for _, i := range book {
		l := &m.book[i]
		l.used = true
		inBook += l.signed()
		b.Book = append(b.Book, l.key)
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

// Matches yields what was found, one to one by reference first. The slices of a
// Match are valid until the next one.
func (m *Matcher) Matches() iter.Seq[Match] {
	return func(yield func(Match) bool) {
		statement, book := make([]int64, 1), make([]Key, 1)
		for _, p := range m.pairs {
			b := &m.book[p.book]
			statement[0], book[0] = p.statement, b.key
			rule := Reference
			if p.bankRef {
				rule = BankReference
			}
			if !yield(Match{Rule: rule, Statement: statement, Book: book, Settled: p.settled}) {
				return
			}
		}
		for _, g := range m.groups {
			book = book[:0]
			for _, i := range g.book {
				book = append(book, m.book[i].key)
			}
			if !yield(Match{Rule: g.rule, Statement: g.statement, Book: book, Settled: g.settled}) {
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

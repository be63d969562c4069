package match

import (
	"cmp"
	"slices"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// batchKey is one direction of one batch.
type batchKey struct {
	batch     int32
	direction bank.Direction
}

// sides is the open lines of both sides under one key, each in its order.
type sides struct {
	rule Rule
	left []int
	book []int32
}

// openBatches groups what is left by batch. A line that carries an id of its
// own is one payment of the batch, never a lump; one that takes more than the
// batch may is none of the batch's.
func (m *Matcher) openBatches() ([]batchKey, map[batchKey]*sides) {
	found := map[batchKey]*sides{}
	var order []batchKey
	for i := range m.left {
		l := &m.left[i]
		if l.used || l.batch == 0 || l.EndToEndID != "" || l.standing == Forbidden || l.standing == Consumed {
			continue
		}
		k := batchKey{batch: l.batch, direction: l.Direction}
		if found[k] == nil {
			found[k] = &sides{rule: BatchTotal, left: nil, book: nil}
			order = append(order, k)
		}
		found[k].left = append(found[k].left, i)
	}
	if len(order) == 0 {
		return nil, found
	}
	for i := range m.book {
		b := &m.book[i]
		if b.used || b.batch == 0 {
			continue
		}
		if s := found[batchKey{batch: b.batch, direction: b.direction}]; s != nil {
			s.book = append(s.book, position(i))
		}
	}
	return order, found
}

// matchBatches matches lumps. It goes over the batches once; Match repeats it.
func (m *Matcher) matchBatches() {
	order, found := m.openBatches()
	for _, k := range order {
		s := found[k]
		if len(s.book) == 0 {
			continue
		}
		if m.sumLeft(s.left) == m.sumBook(s.book) {
			m.match(BatchTotal, s.left, s.book)
			continue
		}
		m.matchParts(s)
	}
}

// part is book lines of a batch that a bank may book as one.
type part struct {
	sum   money.Amount
	value calendar.Day
	book  []int32
}

// parts returns the lines of each cause, of each entry and of each value day,
// every set once.
func (m *Matcher) parts(book []int32) []part {
	var out []part
	group := func(key func(b *bookLine) int64) {
		at := map[int64]int{}
		start := len(out)
		for _, i := range book {
			b := &m.book[i]
			k := key(b)
			j, ok := at[k]
			if !ok {
				j = len(out)
				at[k] = j
				out = append(out, part{sum: 0, value: b.value, book: nil})
			}
			p := &out[j]
			p.sum += b.amount
			p.book = append(p.book, i)
			if p.value != b.value {
				p.value = calendar.Day{}
			}
		}
		fresh := out[start:]
		known := out[:start]
		out = slices.Clip(append(known, slices.DeleteFunc(fresh, func(p part) bool {
			return slices.ContainsFunc(known, func(q part) bool { return slices.Equal(p.book, q.book) })
		})...))
	}
	group(func(b *bookLine) int64 { return b.key.Entry })
	group(func(b *bookLine) int64 { return b.cause })
	group(func(b *bookLine) int64 {
		return int64(b.value.Year()*10000 + b.value.Month().Number()*100 + b.value.DayOfMonth())
	})
	return out
}

// matchParts matches a line with the one part that equals it, where no other
// line equals that part: first among those of the same value day, then at all.
func (m *Matcher) matchParts(s *sides) {
	parts := m.parts(s.book)
	for _, sameDay := range []bool{true, false} {
		for _, i := range s.left {
			l := &m.left[i]
			if l.used {
				continue
			}
			at := m.onlyPart(l, parts, sameDay)
			if at < 0 || m.rivals(s.left, parts[at], sameDay) != 1 {
				continue
			}
			m.match(BatchPart, []int{i}, parts[at].book)
		}
	}
}

// onlyPart returns the position of the one open part that equals the line, or -1.
func (m *Matcher) onlyPart(l *leftLine, parts []part, sameDay bool) int {
	at := -1
	for i, p := range parts {
		if p.sum != l.Amount || (sameDay && p.value != l.Value) || m.anyUsed(p.book) {
			continue
		}
		if at >= 0 {
			return -1
		}
		at = i
	}
	return at
}

// rivals counts the open lines that equal the part.
func (m *Matcher) rivals(left []int, p part, sameDay bool) int {
	n := 0
	for _, i := range left {
		l := &m.left[i]
		if !l.used && l.Amount == p.sum && (!sameDay || l.Value == p.value) {
			n++
		}
	}
	return n
}

func (m *Matcher) anyUsed(book []int32) bool {
	return slices.ContainsFunc(book, func(i int32) bool { return m.book[i].used })
}

func (m *Matcher) sumLeft(left []int) money.Amount {
	var sum money.Amount
	for _, i := range left {
		sum += m.left[i].Amount
	}
	return sum
}

func (m *Matcher) sumBook(book []int32) money.Amount {
	var sum money.Amount
	for _, i := range book {
		sum += m.book[i].amount
	}
	return sum
}

// breakBatches names what batches leave: lines that equal several parts are
// ambiguous with those, else the two sides of the batch differ in amount.
func (m *Matcher) breakBatches() {
	order, found := m.openBatches()
	for _, k := range order {
		s := found[k]
		if len(s.book) == 0 {
			continue
		}
		var candidates []int32
		var unsure []int
		parts := m.parts(s.book)
		for _, i := range s.left {
			hit := false
			for _, p := range parts {
				if p.sum == m.left[i].Amount {
					hit = true
					candidates = append(candidates, p.book...)
				}
			}
			if hit {
				unsure = append(unsure, i)
			}
		}
		if len(unsure) > 0 {
			slices.Sort(candidates)
			m.addBreak(Ambiguous, unsure, slices.Compact(candidates))
			continue
		}
		m.addBreak(AmountDiffers, s.left, s.book)
	}
}

// bucket is one direction, amount and value day.
type bucket struct {
	amount    money.Amount
	value     calendar.Day
	direction bank.Direction
}

// place is a bucket's open lines by what they carry: see carries.
type place struct {
	left [4][]int
	book [4][]int32
}

// carries tells four sorts of line apart. A line of the bank that names an item
// or a batch cannot be one of ours that has an id or a batch of its own, and two
// different bank references are two payments.
func carries(named, bankReference bool) int {
	sort := 0
	if named {
		sort |= 1
	}
	if bankReference {
		sort |= 2
	}
	return sort
}

// compatible says that a line of the bank and one of the book of these sorts
// carry no reference in common that would contradict.
func compatible(left, book int) bool { return left&book == 0 }

func (m *Matcher) places() ([]bucket, map[bucket]*place) {
	found := map[bucket]*place{}
	var order []bucket
	for i := range m.left {
		l := &m.left[i]
		if l.used || l.standing != Foreign {
			continue
		}
		k := bucket{amount: l.Amount, value: l.Value, direction: l.Direction}
		if found[k] == nil {
			found[k] = &place{} //nolint:exhaustruct // empty
			order = append(order, k)
		}
		sort := carries(l.EndToEndID != "" || l.batch != 0, l.BankReference != "")
		found[k].left[sort] = append(found[k].left[sort], i)
	}
	for i := range m.book {
		b := &m.book[i]
		if b.used || b.claimed {
			continue
		}
		if p := found[bucket{amount: b.amount, value: b.value, direction: b.direction}]; p != nil {
			sort := carries(b.own || b.batch != 0, b.bankReference.n > 0)
			p.book[sort] = append(p.book[sort], position(i))
		}
	}
	return order, found
}

// candidates counts what a line of the given sort could be.
func (p *place) candidatesOfLeft(sort int) (n int) {
	for other := range p.book {
		if compatible(sort, other) {
			n += len(p.book[other])
		}
	}
	return n
}

func (p *place) candidatesOfBook(sort int) (n int) {
	for other := range p.left {
		if compatible(other, sort) {
			n += len(p.left[other])
		}
	}
	return n
}

// matchAmountDay matches lines that are each other's only candidate.
func (m *Matcher) matchAmountDay() {
	order, found := m.places()
	for _, k := range order {
		p := found[k]
		var pairs [][2]int
		for i := range p.left {
			if p.candidatesOfLeft(i) != 1 {
				continue
			}
			for j := range p.book {
				if compatible(i, j) && len(p.book[j]) == 1 && len(p.left[i]) == 1 && p.candidatesOfBook(j) == 1 {
					pairs = append(pairs, [2]int{i, j})
				}
			}
		}
		for _, ij := range pairs {
			m.match(AmountDay, p.left[ij[0]], p.book[ij[1]])
		}
	}
}

// breakAmountDay names lines that have several candidates.
func (m *Matcher) breakAmountDay() {
	order, found := m.places()
	for _, k := range order {
		p := found[k]
		var left []int
		var book []int32
		for sort := range p.left {
			if p.candidatesOfLeft(sort) > 0 {
				left = append(left, p.left[sort]...)
			}
			if p.candidatesOfBook(sort) > 0 {
				book = append(book, p.book[sort]...)
			}
		}
		if len(left) == 0 {
			continue
		}
		slices.Sort(left)
		slices.Sort(book)
		m.addBreak(Ambiguous, left, book)
	}
}

// inOrder sorts matches by their first line, so that the same lines always give
// the same report.
func inOrder(a, b group) int {
	return cmp.Or(slices.Compare(a.statement, b.statement), slices.Compare(a.book, b.book))
}

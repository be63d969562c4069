package match

import (
	"cmp"
	"slices"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// batchKey is one direction of one batch.
type batchKey struct {
	batch uint32
	debit flags
}

// batchLines is the open lines of one direction of one batch, each in its order.
type batchLines struct {
	// lumps are the bank's lines that carry no id of their own, items those that do.
	lumps, items []uint32
	book         []uint32
}

// openBatches groups what is left by batch. One that takes more than the batch may
// is none of the batch's, nor is a charge.
func (m *Matcher) openBatches() ([]batchKey, map[batchKey]*batchLines) {
	found := map[batchKey]*batchLines{}
	var order []batchKey
	at := func(k batchKey) *batchLines {
		b := found[k]
		if b == nil {
			b = &batchLines{lumps: nil, items: nil, book: nil}
			found[k] = b
			order = append(order, k)
		}
		return b
	}
	for i := range m.left.count() {
		l := m.left.at(i)
		if l.batch == 0 || l.flags.has(isUsed|isCharge) || l.stands(Forbidden) || l.stands(Consumed) {
			continue
		}
		b := at(batchKey{batch: l.batch, debit: l.flags & isDebit})
		if l.endToEnd == 0 {
			b.lumps = append(b.lumps, i)
		} else {
			b.items = append(b.items, i)
		}
	}
	if len(order) == 0 {
		return nil, found
	}
	for i := range m.book.count() {
		b := m.book.at(i)
		if b.flags.has(isUsed) || b.batch == 0 {
			continue
		}
		if s := found[batchKey{batch: b.batch, debit: b.flags & isDebit}]; s != nil {
			s.book = append(s.book, i)
			continue
		}
		// A net lump stands on one side only, and takes both sides of the book.
		if found[batchKey{batch: b.batch, debit: b.flags&isDebit ^ isDebit}] != nil {
			at(batchKey{batch: b.batch, debit: b.flags & isDebit}).book = []uint32{i}
		}
	}
	return order, found
}

// matchBatches matches lumps. It goes over the batches once; Match repeats it.
func (m *Matcher) matchBatches() {
	order, found := m.openBatches()
	for _, k := range order {
		b := found[k]
		if len(b.lumps) > 0 && len(b.book) > 0 {
			m.matchLumps(b)
		}
	}
	for _, k := range order {
		if other := found[batchKey{batch: k.batch, debit: k.debit ^ isDebit}]; other != nil {
			m.matchNet(found[k], other)
		}
	}
	for _, k := range order {
		m.matchBranches(found[k])
	}
	for _, k := range order {
		m.matchItems(found[k])
	}
}

// drop forgets what has been used.
func (b *batchLines) drop(m *Matcher) {
	used := func(i uint32) bool { return m.left.at(i).flags.has(isUsed) }
	b.lumps, b.items = slices.DeleteFunc(b.lumps, used), slices.DeleteFunc(b.items, used)
	b.book = m.stillOpen(b.book)
}

// matchLumps matches lumps with the whole of what is open or with a part of it, and
// what is left of them together with what is left of it.
func (m *Matcher) matchLumps(b *batchLines) {
	bySum := m.parts(b.book)
	for m.matchClasses(b, bySum) {
		b.drop(m)
		if len(b.book) == 0 {
			return
		}
	}
	if len(b.lumps) == 0 || !m.runs(BatchTotal) {
		return
	}
	d := m.sumLeft(b.lumps) - m.sumBook(b.book)
	switch {
	case d == 0:
		m.match(BatchTotal, b.lumps, b.book)
	case d <= m.rules.Tolerance && -d <= m.rules.Tolerance && m.ready(b.lumps, b.book):
		m.matchBy(BatchTotal, b.lumps, b.book, fact{tolerated: true}) //nolint:exhaustruct // no more
	}
}

// matchClasses goes over the lumps of each amount once and says whether it matched
// any. Lumps of one batch and amount are equal in all that matters: where there are
// as many as parts of that sum, the first takes the first. With fewer of them than
// of the parts the value day may tell the parts apart.
func (m *Matcher) matchClasses(b *batchLines, bySum map[money.Amount][]part) (matched bool) {
	lumps := make(map[money.Amount][]uint32)
	var order []money.Amount
	for _, i := range b.lumps {
		a := m.left.at(i).amount
		if lumps[a] == nil {
			order = append(order, a)
		}
		lumps[a] = append(lumps[a], i)
	}
	rest := m.sumBook(b.book)
	for _, a := range order {
		if a == rest && m.runs(BatchTotal) {
			m.match(BatchTotal, lumps[a][:1], m.stillOpen(slices.Clone(b.book)))
			return true
		}
		if !m.runs(BatchPart) {
			continue
		}
		open := slices.DeleteFunc(slices.Clone(bySum[a]), func(p part) bool { return m.anyUsed(p.book) })
		if !disjoint(open) {
			continue
		}
		var days map[calendar.Day]int
		if len(lumps[a]) < len(open) {
			days = onlyOfDay(open)
		}
		for n, i := range lumps[a] {
			if days != nil {
				day := m.left.at(i).value
				n = days[day] - 1
				delete(days, day)
			}
			if n < 0 || n >= len(open) {
				continue
			}
			m.match(BatchPart, []uint32{i}, open[n].book)
			rest -= a
			matched = true
		}
	}
	return matched
}

// onlyOfDay returns, for each value day that has one of the parts, its place from 1.
func onlyOfDay(parts []part) map[calendar.Day]int {
	places := map[calendar.Day]int{}
	for n, p := range parts {
		if _, ok := places[p.value]; ok {
			places[p.value] = 0
			continue
		}
		places[p.value] = n + 1
	}
	return places
}

// part is book lines of a batch that a bank may book as one.
type part struct {
	value calendar.Day
	book  []uint32
}

// groupings are by what the lines of a batch may be booked as one.
func groupings() []func(b *bookLine) int64 {
	return []func(b *bookLine) int64{
		func(b *bookLine) int64 { return b.entry },
		func(b *bookLine) int64 { return b.cause },
		func(b *bookLine) int64 { return int64(b.value.Ordinal()) },
	}
}

// parts returns the lines of each entry, of each cause and of each value day by
// their sum, every set once. Its memory is that of the lines, however many parts
// are equal.
func (m *Matcher) parts(book []uint32) map[money.Amount][]part {
	bySum := make(map[money.Amount][]part)
	// The sets of one grouping share no line, so that of the groupings before only
	// the set with the same first line can be the same set.
	var before [][]part
	for _, key := range groupings() {
		order := m.partsBy(book, key)
		for _, p := range order {
			known := slices.ContainsFunc(before, func(of []part) bool {
				n, ok := slices.BinarySearchFunc(of, p.book[0], func(q part, first uint32) int {
					return cmp.Compare(q.book[0], first)
				})
				return ok && slices.Equal(of[n].book, p.book)
			})
			if !known {
				sum := m.sumBook(p.book)
				bySum[sum] = append(bySum[sum], p)
			}
		}
		before = append(before, order)
	}
	return bySum
}

// partsBy returns the sets of one grouping in the order of their first lines. They
// lie in one array.
func (m *Matcher) partsBy(book []uint32, key func(b *bookLine) int64) []part {
	place := make(map[int64]int)
	of := make([]int, len(book))
	var sizes []int
	for n, i := range book {
		k := key(m.book.at(i))
		at, ok := place[k]
		if !ok {
			at = len(sizes)
			place[k] = at
			sizes = append(sizes, 0)
		}
		of[n] = at
		sizes[at]++
	}
	lines, order := make([]uint32, len(book)), make([]part, len(sizes))
	from := 0
	for at, size := range sizes {
		order[at].book = lines[from : from : from+size]
		from += size
	}
	for n, i := range book {
		p, b := &order[of[n]], m.book.at(i)
		switch {
		case len(p.book) == 0:
			p.value = b.value
		case p.value != b.value:
			p.value = calendar.Day{}
		}
		p.book = append(p.book, i)
	}
	return order
}

// disjoint says that no line stands in two of the parts.
func disjoint(parts []part) bool {
	n := 0
	for _, p := range parts {
		n += len(p.book)
	}
	lines := make([]uint32, 0, n)
	for _, p := range parts {
		lines = append(lines, p.book...)
	}
	slices.Sort(lines)
	return len(slices.Compact(lines)) == n
}

// matchNet matches the one lump of a batch with its lines of both directions: the
// bank took the returns off before it booked.
func (m *Matcher) matchNet(a, b *batchLines) {
	a.drop(m)
	b.drop(m)
	lumps := slices.Concat(a.lumps, b.lumps)
	if len(lumps) != 1 || len(a.items)+len(b.items) > 0 || len(a.book) == 0 || len(b.book) == 0 || !m.runs(BatchNet) {
		return
	}
	book := slices.Concat(a.book, b.book)
	slices.Sort(book)
	var net money.Amount
	for _, i := range book {
		net += m.book.at(i).signed()
	}
	if l := m.left.at(lumps[0]); net == l.signed() && m.ready(lumps, book) {
		m.match(BatchNet, lumps, book)
	}
}

// matchItems matches the bank's items with the book's lump, where every line of the
// book is one that the bank was given no id of.
func (m *Matcher) matchItems(b *batchLines) {
	b.drop(m)
	if len(b.items) == 0 || len(b.book) == 0 || !m.runs(BatchItems) {
		return
	}
	for _, i := range b.book {
		if m.book.at(i).flags.has(isOwn | isClaimed) {
			return
		}
	}
	left := slices.Concat(b.lumps, b.items)
	slices.Sort(left)
	if m.sumLeft(left) == m.sumBook(b.book) {
		m.match(BatchItems, left, b.book)
	}
}

// matchBranches matches lumps with sums of a few of the batch's lines.
func (m *Matcher) matchBranches(b *batchLines) {
	b.drop(m)
	if !m.runs(BatchBranches) || len(b.lumps) == 0 {
		return
	}
	for _, s := range m.uniqueSums(b.lumps, b.book, func(*leftLine, *bookLine) bool { return true }) {
		if len(s.left) == 1 && m.ready(s.left, s.book) {
			m.match(BatchBranches, s.left, s.book)
		}
	}
}

func (m *Matcher) anyUsed(book []uint32) bool {
	return slices.ContainsFunc(book, func(i uint32) bool { return m.book.at(i).flags.has(isUsed) })
}

func (m *Matcher) sumLeft(left []uint32) money.Amount {
	var sum money.Amount
	for _, i := range left {
		sum += m.left.at(i).amount
	}
	return sum
}

func (m *Matcher) sumBook(book []uint32) money.Amount {
	var sum money.Amount
	for _, i := range book {
		sum += m.book.at(i).amount
	}
	return sum
}

// breakBatches names what batches leave: lumps that equal several parts are
// ambiguous with those, else the two sides of the batch differ in amount.
func (m *Matcher) breakBatches() {
	order, found := m.openBatches()
	for _, k := range order {
		b := found[k]
		for b.drop(m); len(b.book) > 0 && len(b.lumps) > 0; b.drop(m) {
			m.breakBatch(b)
		}
	}
}

func (m *Matcher) breakBatch(b *batchLines) {
	var candidates, unsure []uint32
	parts := m.parts(b.book)
	seen := make(map[money.Amount]bool)
	for _, i := range b.lumps {
		amount := m.left.at(i).amount
		equal := parts[amount]
		if len(equal) == 0 {
			continue
		}
		unsure = append(unsure, i)
		if seen[amount] {
			continue
		}
		seen[amount] = true
		for _, p := range equal {
			candidates = append(candidates, p.book...)
		}
	}
	if len(unsure) == 0 {
		m.addBreak(AmountDiffers, b.lumps, b.book)
		return
	}
	slices.Sort(candidates)
	m.addBreak(Ambiguous, unsure, slices.Compact(candidates))
}

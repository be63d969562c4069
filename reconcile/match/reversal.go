package match

import (
	"slices"

	"twoline/gateway/money"
)

// cancelReversals pairs an entry with the entry that mirrors it in red.
func (m *Matcher) cancelReversals() {
	if len(m.reverses) == 0 {
		return
	}
	mirror := map[Key]uint32{}
	for i := range m.book.count() {
		if of, ok := m.reverses[i]; ok {
			mirror[Key{Entry: of, Line: m.book.at(i).line}] = i
		}
	}
	for i := range m.book.count() {
		o := m.book.at(i)
		j, ok := mirror[o.key()]
		if !ok {
			continue
		}
		r := m.book.at(j)
		if (r.flags | o.flags).has(isUsed) || r.amount != o.amount || (r.flags^o.flags)&isDebit == 0 {
			continue
		}
		m.match(BookReversal, nil, []uint32{i, j})
	}
}

// link is what a correction and what it corrects have in common: the id that both
// echo, or the bank's reference where one of them echoes none, or the batch of two
// lumps.
type link struct {
	text   string
	sort   sort8
	batch  uint32
	amount money.Amount
	// debit says which way the corrected line goes.
	debit flags
}

// linkOf returns the line's link of a sort, if it has one; a correction's is that of
// what it corrects.
func (m *Matcher) linkOf(l *leftLine, by sort8) (link, bool) {
	k := link{text: "", sort: by, batch: 0, amount: l.amount, debit: l.flags & isDebit}
	if l.flags.has(isReversal) {
		k.debit ^= isDebit
	}
	switch by {
	case ourReference:
		k.text = m.text.text(l.endToEnd)
		return k, l.endToEnd != 0
	case theirReference:
		k.text = m.text.text(l.bankReference)
		return k, l.bankReference != 0
	case noReference:
	}
	k.batch = l.batch
	return k, l.batch != 0 && l.endToEnd == 0
}

// correctable says that the book has no more claim on the line by a reference: an
// item of ours that the book does not hold yet will be booked, and is then matched.
func (m *Matcher) correctable(l *leftLine, waiting map[uint32]flags) bool {
	if l.flags.has(isUsed) {
		return false
	}
	if l.endToEnd == 0 && l.batch != 0 && waiting[l.batch].has(direction(l.flags)) {
		return false
	}
	if !l.stands(Ours) {
		return true
	}
	known, equal := false, false
	m.carriers(m.queryOf(l, ourReference), func(_ uint32, b *bookLine) {
		known = known || !b.flags.has(isUsed)
		equal = equal || (!b.flags.has(isUsed) && b.amount == l.amount)
	})
	return known && !equal
}

// direction is a bit of its own for each direction.
func direction(f flags) flags {
	if f.has(isDebit) {
		return 2
	}
	return 1
}

// openInBatches says which directions of which batches the book still holds.
func (m *Matcher) openInBatches() map[uint32]flags {
	out := map[uint32]flags{}
	for i := range m.book.count() {
		if b := m.book.at(i); b.batch != 0 && !b.flags.has(isUsed) {
			out[b.batch] |= direction(b.flags)
		}
	}
	return out
}

// matchReversals pairs what the bank corrected with the bank's correction. A
// correction takes the nearest line before it that carries its reference, then
// the next after; they are equal in all that matters, so it is no guess. One that
// carries no reference at all takes the only line that it can be. None takes the
// only candidate that a line of the book has by amount.
func (m *Matcher) matchReversals() {
	if !m.runs(BankReversal) {
		return
	}
	r := m.newReversals()
	if len(r.corrections) == 0 {
		return
	}
	for _, by := range []sort8{ourReference, theirReference, noReference} {
		m.linkedReversals(&r, by)
	}
	r.list(m)
	for _, c := range r.corrections {
		if l := r.of[c]; len(l) == 1 && len(r.by[l[0]]) == 1 {
			r.take(l[0], c)
		}
	}
	for _, p := range r.pairs {
		if m.ready(p[:], nil) {
			m.match(BankReversal, p[:], nil)
		}
	}
}

// reversals is the corrections and what they may correct.
type reversals struct {
	corrections []uint32
	lines       []uint32
	taken       map[uint32]bool
	pairs       [][2]uint32
	// of and by say who may be whose among those that no reference paired.
	of, by map[uint32][]uint32
}

func (m *Matcher) newReversals() reversals {
	r := reversals{
		corrections: nil, lines: nil, taken: map[uint32]bool{}, pairs: nil,
		of: map[uint32][]uint32{}, by: map[uint32][]uint32{},
	}
	for i := range m.left.count() {
		if l := m.left.at(i); !l.flags.has(isUsed) && l.flags.has(isReversal) {
			r.corrections = append(r.corrections, i)
		}
	}
	if len(r.corrections) == 0 {
		return r
	}
	waiting, only := m.openInBatches(), m.onlyCandidates(r.corrections)
	for i := range m.left.count() {
		if l := m.left.at(i); !l.flags.has(isReversal) && !only[i] && m.correctable(l, waiting) {
			r.lines = append(r.lines, i)
		}
	}
	return r
}

// onlyCandidates are the lines of which the book holds one that has no other
// candidate by amount, among those that the corrections could take.
func (m *Matcher) onlyCandidates(corrections []uint32) map[uint32]bool {
	days, runs := m.amountDays()
	if !runs {
		return nil
	}
	of := map[way]bool{}
	for _, i := range corrections {
		l := m.left.at(i)
		of[way{l.amount, l.flags&isDebit ^ isDebit}] = true
	}
	only := map[uint32]bool{}
	c := m.newCounters(days, of)
	for _, j := range c.book {
		if i, count := c.ofBook(j); count == 1 {
			only[i] = true
		}
	}
	return only
}

func (r *reversals) take(line, correction uint32) {
	r.taken[line], r.taken[correction] = true, true
	r.pairs = append(r.pairs, [2]uint32{line, correction})
}

// linkedReversals goes over the lines of each link in their order.
func (m *Matcher) linkedReversals(r *reversals, by sort8) {
	at := map[link]*linked{}
	all := slices.Concat(r.lines, r.corrections)
	slices.Sort(all)
	for _, i := range all {
		l := m.left.at(i)
		k, ok := m.linkOf(l, by)
		if !ok || r.taken[i] {
			continue
		}
		o := at[k]
		if o == nil {
			o = &linked{} //nolint:exhaustruct // empty
			at[k] = o
		}
		named := by == theirReference && l.endToEnd != 0
		if l.flags.has(isReversal) {
			if line, ok := o.line(named); ok {
				r.take(line, i)
				continue
			}
			o.corrections[place(named)] = append(o.corrections[place(named)], i)
			continue
		}
		if correction, ok := o.correction(named); ok {
			r.take(i, correction)
			continue
		}
		o.lines[place(named)] = append(o.lines[place(named)], i)
	}
}

// linked is the open lines and corrections of one link, those that echo an id apart:
// they are linked by the bank's reference only with those that echo none, since two
// ids are two payments.
type linked struct{ lines, corrections [2][]uint32 }

func place(named bool) int {
	if named {
		return 1
	}
	return 0
}

// line takes the last line that a correction may be of.
func (o *linked) line(named bool) (last uint32, found bool) {
	from := 0
	for n := range 2 - place(named) {
		if of := o.lines[n]; len(of) > 0 && (!found || of[len(of)-1] > last) {
			last, found, from = of[len(of)-1], true, n
		}
	}
	if found {
		o.lines[from] = o.lines[from][:len(o.lines[from])-1]
	}
	return last, found
}

// correction takes the first correction that may be of a line.
func (o *linked) correction(named bool) (first uint32, found bool) {
	from := 0
	for n := range 2 - place(named) {
		if of := o.corrections[n]; len(of) > 0 && (!found || of[0] < first) {
			first, found, from = of[0], true, n
		}
	}
	if found {
		o.corrections[from] = o.corrections[from][1:]
	}
	return first, found
}

// mayCorrect says that nothing contradicts: the days and the counterparties.
func (m *Matcher) mayCorrect(c, l *leftLine) bool {
	return l.amount == c.amount && (l.flags^c.flags)&isDebit != 0 && apart(l.booked, c.booked) <= m.rules.Days &&
		m.agree(c.party, l.party)
}

// looseWork bounds the pairs that are looked at for one amount.
const looseWork = 1 << 12

// list finds, for the corrections that carry no reference, who may be whose.
func (r *reversals) list(m *Matcher) {
	lines, corrections := map[way][]uint32{}, map[way][]uint32{}
	for _, i := range r.lines {
		if l := m.left.at(i); !r.taken[i] {
			k := way{l.amount, l.flags & isDebit}
			lines[k] = append(lines[k], i)
		}
	}
	for _, i := range r.corrections {
		if l := m.left.at(i); !r.taken[i] && l.endToEnd == 0 && l.bankReference == 0 && l.batch == 0 {
			k := way{l.amount, l.flags&isDebit ^ isDebit}
			corrections[k] = append(corrections[k], i)
		}
	}
	for k, cs := range corrections {
		if len(cs)*len(lines[k]) > looseWork {
			continue
		}
		for _, c := range cs {
			for _, i := range lines[k] {
				if m.mayCorrect(m.left.at(c), m.left.at(i)) {
					r.of[c] = append(r.of[c], i)
					r.by[i] = append(r.by[i], c)
				}
			}
		}
	}
}

// breakReversals names corrections that may belong to several lines, or to one for
// which the days are not over.
func (m *Matcher) breakReversals() {
	if !m.runs(BankReversal) {
		return
	}
	r := m.newReversals()
	for _, by := range []sort8{ourReference, theirReference, noReference} {
		m.linkedReversals(&r, by)
	}
	for _, p := range r.pairs {
		m.addBreak(Waiting, inRise(p[0], p[1]), nil)
	}
	r.list(m)
	for _, c := range r.corrections {
		if m.left.at(c).flags.has(isUsed) || len(r.of[c]) == 0 {
			continue
		}
		set := r.together(c)
		reason := Ambiguous
		if len(set) == 2 {
			reason = Waiting
		}
		m.addBreak(reason, set, nil)
	}
}

func inRise(a, b uint32) []uint32 { return []uint32{min(a, b), max(a, b)} }

// together returns all that hang together by candidates: one disagreement.
func (r *reversals) together(c uint32) []uint32 {
	set := []uint32{c}
	seen := map[uint32]bool{c: true}
	for at := 0; at < len(set); at++ {
		for _, next := range slices.Concat(r.of[set[at]], r.by[set[at]]) {
			if !seen[next] {
				seen[next] = true
				set = append(set, next)
			}
		}
	}
	slices.Sort(set)
	return set
}

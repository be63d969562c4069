package match

import (
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"slices"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// apart is how many days lie between two.
func apart(a, b calendar.Day) int {
	n := a.DaysUntil(b)
	return max(n, -n)
}

// sorts is how many sorts of line compatible tells apart.
const sorts = 6

// lineSort is a sort: how much a line claims to be, from 0 to 2, and whether it
// carries the bank's reference.
func lineSort(claim int, bankReference bool) int {
	if bankReference {
		return claim + sorts/2
	}
	return claim
}

// compatible says that nothing contradicts between a line of the bank and one of
// the book of these sorts. A line of the bank that names an item or a batch cannot
// be one of ours that has an id or a batch of its own, nor can one that says
// interest be one with an id of its own; and two different bank references are two
// payments.
func compatible(left, book int) bool {
	const half = sorts / 2
	return left%half+book%half < half && (left < half || book < half)
}

func sortOfLeft(l *leftLine) int {
	claim := 0
	switch {
	case l.endToEnd != 0 || l.batch != 0:
		claim = 2
	case l.flags.has(isInterest):
		claim = 1
	}
	return lineSort(claim, l.bankReference != 0)
}

func sortOfBook(b *bookLine) int {
	claim := 0
	switch {
	case b.flags.has(isOwn):
		claim = 2
	case b.batch != 0:
		claim = 1
	}
	return lineSort(claim, b.bankReference != 0)
}

// openLeft says that the rules of amount serve the line: one that names a batch of
// ours is of the batch or of nothing.
func (m *Matcher) openLeft(l *leftLine) bool {
	return !l.flags.has(isUsed|isCharge) && l.stands(Foreign) && !m.ours[l.batch]
}

// openBook says the same of a line of the book.
func openBook(b *bookLine) bool { return !b.flags.has(isUsed | isClaimed) }

// mine is what one line shows to the lines of the other side.
type mine struct {
	amount        money.Amount
	day           int
	debit         flags
	sort          int
	account, name []byte
}

func (m *Matcher) mineOfLeft(l *leftLine) mine {
	account, name := m.partyParts(l.party)
	return mine{l.amount, l.value.Ordinal(), l.flags & isDebit, sortOfLeft(l), account, name}
}

func (m *Matcher) mineOfBook(b *bookLine) mine {
	account, name := m.partyParts(b.party)
	return mine{b.amount, b.value.Ordinal(), b.flags & isDebit, sortOfBook(b), account, name}
}

// face is a way in which a line can be asked for: which of its counterparty's
// account and name must be what.
type face uint8

const (
	anyone face = iota
	account
	noAccount
	noAccountName
	noAccountNoName
	name
	noName
	faces
)

// shown calls fn with each face that the line has, and the text of it.
func (x mine) shown(fn func(face, []byte)) {
	fn(anyone, nil)
	if len(x.account) > 0 {
		fn(account, x.account)
	} else {
		fn(noAccount, nil)
		if len(x.name) > 0 {
			fn(noAccountName, x.name)
		} else {
			fn(noAccountNoName, nil)
		}
	}
	if len(x.name) > 0 {
		fn(name, x.name)
	} else {
		fn(noName, nil)
	}
}

// asked calls fn with the faces whose lines together are all that agree with the
// line, each once; see agree.
func (x mine) asked(fn func(face, []byte)) {
	switch hasName := len(x.name) > 0; {
	case len(x.account) > 0 && hasName:
		fn(account, x.account)
		fn(noAccountName, x.name)
		fn(noAccountNoName, nil)
	case len(x.account) > 0:
		fn(account, x.account)
		fn(noAccount, nil)
	case hasName:
		fn(name, x.name)
		fn(noName, nil)
	default:
		fn(anyone, nil)
	}
}

// spot is the lines of one side with one face, amount, direction and day.
type spot struct {
	digest uint64
	// one is a line of each sort; it is the only one where count is 1.
	one [sorts]uint32
	// count stops at 2.
	count [sorts]uint8
}

// counter counts the lines of one side, so that it can be said of any line of the
// other whether it has one candidate, in a time that does not depend on how many
// lines are alike. Two faces of one digest would only make it count too many.
type counter struct {
	seed  maphash.Seed
	spots []spot
	mask  uint64
	// wanted are the faces that the other side asks for.
	wanted [faces]bool
}

func newCounter(seed maphash.Seed, n int, wanted [faces]bool) *counter {
	shown := 0
	for _, w := range wanted {
		if w {
			shown++
		}
	}
	size := 4
	for size*2 < n*min(shown, 4)*3 {
		size *= 2
	}
	//nolint:gosec // the size is positive
	return &counter{seed: seed, spots: make([]spot, size), mask: uint64(size - 1), wanted: wanted}
}

// spot returns the place of a face on a day; what nobody has shown is nil, or is
// made where it is to be.
func (c *counter) spot(x mine, f face, text []byte, day int, make bool) *spot {
	var buf [40]byte
	key := binary.LittleEndian.AppendUint64(buf[:0], uint64(x.amount)) //nolint:gosec // as bytes
	key = binary.LittleEndian.AppendUint32(key, uint32(day))           //nolint:gosec // as bytes
	key = append(key, byte(f), byte(x.debit))
	digest := maphash.Bytes(c.seed, append(key, text...)) | 1
	for at := digest >> 1; ; at++ {
		s := &c.spots[at&c.mask]
		switch {
		case s.digest == digest:
			return s
		case s.digest == 0 && make:
			s.digest = digest
			return s
		case s.digest == 0:
			return nil
		}
	}
}

func (c *counter) add(x mine, at uint32) {
	x.shown(func(f face, text []byte) {
		if !c.wanted[f] {
			return
		}
		s := c.spot(x, f, text, x.day, true)
		s.one[x.sort] = at
		s.count[x.sort] = min(s.count[x.sort]+1, 2)
	})
}

// candidates returns how many lines, up to 2, agree with the line within the days,
// and one of them.
func (c *counter) candidates(x mine, days int, fits func(mine, other int) bool) (one uint32, count int) {
	for day := x.day - days; day <= x.day+days && count < 2; day++ {
		x.asked(func(f face, text []byte) {
			s := c.spot(x, f, text, day, false)
			if s == nil {
				return
			}
			for sort, n := range s.count {
				if n > 0 && fits(x.sort, sort) {
					one = s.one[sort]
					count += int(n)
				}
			}
		})
	}
	return one, count
}

// counters count both sides' open lines that the rules of amount serve.
type counters struct {
	left, book  []uint32
	inLeft      *counter
	inBook      *counter
	m           *Matcher
	days        int
	wantsOfLeft [faces]bool
	wantsOfBook [faces]bool
}

// newCounters counts the lines of these amounts and directions, or all for nil.
func (m *Matcher) newCounters(days int, of map[way]bool) *counters {
	c := &counters{ //nolint:exhaustruct // counted when asked
		m: m, days: days,
	}
	for i := range m.left.count() {
		if l := m.left.at(i); m.openLeft(l) && (of == nil || of[way{l.amount, l.flags & isDebit}]) {
			c.left = append(c.left, i)
			m.mineOfLeft(l).asked(func(f face, _ []byte) { c.wantsOfLeft[f] = true })
		}
	}
	if len(c.left) == 0 {
		return c
	}
	for i := range m.book.count() {
		if b := m.book.at(i); openBook(b) && (of == nil || of[way{b.amount, b.flags & isDebit}]) {
			c.book = append(c.book, i)
			m.mineOfBook(b).asked(func(f face, _ []byte) { c.wantsOfBook[f] = true })
		}
	}
	return c
}

// ofLeft returns the candidates of a line of the bank.
func (c *counters) ofLeft(i uint32) (one uint32, count int) {
	if c.inBook == nil {
		c.inBook = newCounter(c.m.seed, len(c.book), c.wantsOfLeft)
		for _, j := range c.book {
			c.inBook.add(c.m.mineOfBook(c.m.book.at(j)), j)
		}
	}
	return c.inBook.candidates(c.m.mineOfLeft(c.m.left.at(i)), c.days, compatible)
}

// ofBook returns the candidates of a line of the book.
func (c *counters) ofBook(j uint32) (one uint32, count int) {
	if c.inLeft == nil {
		c.inLeft = newCounter(c.m.seed, len(c.left), c.wantsOfBook)
		for _, i := range c.left {
			c.inLeft.add(c.m.mineOfLeft(c.m.left.at(i)), i)
		}
	}
	return c.inLeft.candidates(c.m.mineOfBook(c.m.book.at(j)), c.days, func(mine, other int) bool {
		return compatible(other, mine)
	})
}

// way is an amount and a direction.
type way struct {
	amount money.Amount
	debit  flags
}

// two is a line of the bank and one of the book.
type two struct{ left, book uint32 }

// alone returns the lines that are each other's only candidate.
func (m *Matcher) alone(days int) []two {
	c := m.newCounters(days, nil)
	var pairs []two
	if len(c.book) == 0 {
		return nil
	}
	for _, i := range c.left {
		if j, count := c.ofLeft(i); count == 1 {
			pairs = append(pairs, two{i, j})
		}
	}
	// One side's counter makes room for the other's.
	c.inBook = nil
	return slices.DeleteFunc(pairs, func(p two) bool {
		i, count := c.ofBook(p.book)
		return count != 1 || i != p.left
	})
}

// matchAmounts matches lines of equal direction and amount that are each other's
// only candidate: of one value day, or within the days that the rules allow.
func (m *Matcher) matchAmounts(rule Rule) {
	days := 0
	if rule == AmountWindow {
		days = m.rules.Days
	}
	if !m.runs(rule) && (rule == AmountDay || !m.runs(Interest)) {
		return
	}
	for _, p := range m.alone(days) {
		l, b := m.left.at(p.left), m.book.at(p.book)
		by := rule
		if rule == AmountWindow && l.flags.has(isInterest) && m.runs(Interest) {
			by = Interest
		}
		if !m.runs(by) || !m.readyAfter(days, []uint32{p.left}, []uint32{p.book}) {
			continue
		}
		l.flags |= isUsed
		b.flags |= isUsed
		m.spend(l, by)
		m.pairs.add(pair{
			statement: l.id, book: p.book, settled: latest(l.booked, b.booked),
			//nolint:gosec // a place among five, and at most MaxDays
			rule: uint8(slices.Index(pairRules(), by)), days: uint8(apart(l.value, b.value)),
			party: m.known(l.party, b.party),
		})
	}
}

// known says by what two counterparties agree.
func (m *Matcher) known(a, b span) crowdSort {
	accountA, nameA := m.partyParts(a)
	accountB, nameB := m.partyParts(b)
	switch {
	case len(accountA) > 0 && len(accountB) > 0:
		return byAccount
	case len(nameA) > 0 && len(nameB) > 0:
		return byName
	}
	return byID
}

// amountDays is within how many days the rules of amount look, if any runs.
func (m *Matcher) amountDays() (days int, runs bool) {
	if m.runs(AmountWindow) {
		return m.rules.Days, true
	}
	return 0, m.runs(AmountDay)
}

// breakAmounts names lines that have candidates. What hangs together by amount and
// days is one disagreement.
func (m *Matcher) breakAmounts() {
	days, runs := m.amountDays()
	if !runs {
		return
	}
	c := m.newCounters(days, nil)
	if len(c.left) == 0 || len(c.book) == 0 {
		return
	}
	type one struct {
		mine

		at   uint32
		book bool
	}
	var all []one
	for _, i := range c.left {
		if _, count := c.ofLeft(i); count > 0 {
			all = append(all, one{m.mineOfLeft(m.left.at(i)), i, false})
		}
	}
	c.inBook = nil
	for _, j := range c.book {
		if _, count := c.ofBook(j); count > 0 {
			all = append(all, one{m.mineOfBook(m.book.at(j)), j, true})
		}
	}
	slices.SortStableFunc(all, func(a, b one) int {
		return cmp.Or(cmp.Compare(a.debit, b.debit), cmp.Compare(a.amount, b.amount), cmp.Compare(a.day, b.day))
	})
	for from := 0; from < len(all); {
		to := from + 1
		for to < len(all) && all[to].amount == all[from].amount && all[to].debit == all[from].debit &&
			all[to].day-all[to-1].day <= days {
			to++
		}
		var left, book []uint32
		for _, x := range all[from:to] {
			if x.book {
				book = append(book, x.at)
			} else {
				left = append(left, x.at)
			}
		}
		slices.Sort(left)
		slices.Sort(book)
		reason := Ambiguous
		if len(left) == 1 && len(book) == 1 {
			reason = Waiting
		}
		m.addBreak(reason, left, book)
		from = to
	}
}

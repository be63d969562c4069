package match

import (
	"slices"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// mostInGroup bounds the lines of a side among which sums are looked for: every
// subset of them is tried.
const mostInGroup = 12

// sum is lines of one side whose sum is one line of the other.
type sum struct {
	left, book []uint32
}

// sums returns every way in which one open line is the sum of one or more of the
// other side's, those that may being told by fit.
func (m *Matcher) sums(left, book []uint32, fit func(*leftLine, *bookLine) bool) (out []sum) {
	if len(left) == 0 || len(book) == 0 || len(left) > mostInGroup || len(book) > mostInGroup {
		return nil
	}
	for _, i := range left {
		l := m.left.at(i)
		fits := only(book, func(j uint32) bool { return fit(l, m.book.at(j)) })
		for _, set := range subsets(fits, func(j uint32) money.Amount { return m.book.at(j).amount }, l.amount) {
			out = append(out, sum{left: []uint32{i}, book: set})
		}
	}
	for _, j := range book {
		b := m.book.at(j)
		fits := only(left, func(i uint32) bool { return fit(m.left.at(i), b) })
		for _, set := range subsets(fits, func(i uint32) money.Amount { return m.left.at(i).amount }, b.amount) {
			if len(set) > 1 {
				out = append(out, sum{left: set, book: []uint32{j}})
			}
		}
	}
	return out
}

func only(lines []uint32, ok func(uint32) bool) (out []uint32) {
	for _, i := range lines {
		if ok(i) {
			out = append(out, i)
		}
	}
	return out
}

// subsets returns the sets of lines that sum to the amount.
func subsets(lines []uint32, amount func(uint32) money.Amount, to money.Amount) (out [][]uint32) {
	totals := make([]money.Amount, 1<<len(lines))
	for set := 1; set < len(totals); set++ {
		top := bitsOf(set)
		totals[set] = totals[set&^(1<<top)] + amount(lines[top])
		if totals[set] != to {
			continue
		}
		var chosen []uint32
		for i := range lines {
			if set&(1<<i) != 0 {
				chosen = append(chosen, lines[i])
			}
		}
		out = append(out, chosen)
	}
	return out
}

// bitsOf is the place of the highest bit.
func bitsOf(set int) (top int) {
	for set > 1 {
		set >>= 1
		top++
	}
	return top
}

// uniqueSums returns the sums of two or more lines of which no line stands in any
// other sum.
func (m *Matcher) uniqueSums(left, book []uint32, fit func(*leftLine, *bookLine) bool) []sum {
	all := m.sums(left, book, fit)
	inLeft, inBook := map[uint32]int{}, map[uint32]int{}
	for _, s := range all {
		for _, i := range s.left {
			inLeft[i]++
		}
		for _, i := range s.book {
			inBook[i]++
		}
	}
	return slices.DeleteFunc(all, func(s sum) bool {
		return len(s.left)+len(s.book) < 3 ||
			slices.ContainsFunc(s.left, func(i uint32) bool { return inLeft[i] > 1 }) ||
			slices.ContainsFunc(s.book, func(i uint32) bool { return inBook[i] > 1 })
	})
}

// crowd is open lines that one fact ties together: an id, a bank's reference, or a
// counterparty.
type crowd struct {
	text  string
	sort  crowdSort
	debit flags
}

type crowdSort uint8

const (
	byID crowdSort = iota
	byBank
	byAccount
	byName
)

// crowds groups what is left, in the order of certainty and of its first lines.
func (m *Matcher) crowds(by crowdSort) ([]crowd, map[crowd]*batchLines) {
	found := map[crowd]*batchLines{}
	var order []crowd
	for i := range m.left.count() {
		l := m.left.at(i)
		if text := m.tieOfLeft(l, by); text != "" {
			k := crowd{text: text, sort: by, debit: l.flags & isDebit}
			if found[k] == nil {
				found[k] = &batchLines{lumps: nil, items: nil, book: nil}
				order = append(order, k)
			}
			found[k].lumps = append(found[k].lumps, i)
		}
	}
	if len(order) == 0 {
		return nil, nil
	}
	for i := range m.book.count() {
		b := m.book.at(i)
		if text := m.tieOfBook(b, by); text != "" {
			if c := found[crowd{text: text, sort: by, debit: b.flags & isDebit}]; c != nil {
				c.book = append(c.book, i)
			}
		}
	}
	return order, found
}

// tieOfLeft is what ties the line to others in this way, or "".
func (m *Matcher) tieOfLeft(l *leftLine, by crowdSort) string {
	if l.flags.has(isUsed|isCharge) || l.stands(Consumed) || l.stands(Forbidden) {
		return ""
	}
	switch by {
	case byID:
		return m.text.text(l.endToEnd)
	case byBank:
		if l.sortOf() == theirReference {
			return m.text.text(l.bankReference)
		}
		return ""
	case byAccount, byName:
		if m.openLeft(l) {
			return m.tie(l.party, by)
		}
	}
	return ""
}

func (m *Matcher) tieOfBook(b *bookLine, by crowdSort) string {
	if b.flags.has(isUsed) {
		return ""
	}
	switch by {
	case byID:
		return m.text.text(b.reference)
	case byBank:
		return m.text.text(b.bankReference)
	case byAccount, byName:
		if !b.flags.has(isClaimed) {
			return m.tie(b.party, by)
		}
	}
	return ""
}

func (m *Matcher) tie(p span, by crowdSort) string {
	account, name := m.partyParts(p)
	if by == byAccount {
		return string(account)
	}
	return string(name)
}

// fits says that the two may be parts of each other.
func (m *Matcher) fits(by crowdSort) func(*leftLine, *bookLine) bool {
	return func(l *leftLine, b *bookLine) bool {
		switch by {
		case byID:
			return true
		case byBank:
			return l.endToEnd == 0 || !b.flags.has(isOwn)
		case byAccount, byName:
			return compatible(sortOfLeft(l), sortOfBook(b)) && m.agree(l.party, b.party) &&
				apart(l.value, b.value) <= m.rules.Days
		}
		return false
	}
}

// small cuts a crowd at every gap of days that is wider than the rules allow, so
// that what is looked at together stays small. References know no days.
func (m *Matcher) small(c *batchLines, by crowdSort) (out []*batchLines) {
	if by == byID || by == byBank {
		return []*batchLines{c}
	}
	type one struct {
		value calendar.Day
		at    uint32
		book  bool
	}
	all := make([]one, 0, len(c.lumps)+len(c.book))
	for _, i := range c.lumps {
		all = append(all, one{m.left.at(i).value, i, false})
	}
	for _, i := range c.book {
		all = append(all, one{m.book.at(i).value, i, true})
	}
	slices.SortStableFunc(all, func(a, b one) int { return a.value.Compare(b.value) })
	for n, x := range all {
		if n == 0 || apart(all[n-1].value, x.value) > m.rules.Days {
			out = append(out, &batchLines{lumps: nil, items: nil, book: nil})
		}
		to := out[len(out)-1]
		if x.book {
			to.book = append(to.book, x.at)
		} else {
			to.lumps = append(to.lumps, x.at)
		}
	}
	return out
}

// eachCrowd calls fn with the small groups of one sort.
func (m *Matcher) eachCrowd(by crowdSort, fn func(left, book []uint32)) {
	order, found := m.crowds(by)
	for _, k := range order {
		c := found[k]
		if len(c.book) == 0 || len(c.book)+len(c.lumps) < 3 {
			continue
		}
		for _, s := range m.small(c, by) {
			fn(s.lumps, s.book)
		}
	}
}

func crowdSorts() []crowdSort { return []crowdSort{byID, byBank, byAccount, byName} }

// matchSubsets matches one line with the only few that sum to it.
func (m *Matcher) matchSubsets() {
	if !m.runs(SubsetSum) {
		return
	}
	for _, by := range crowdSorts() {
		m.eachCrowd(by, func(left, book []uint32) {
			for _, s := range m.uniqueSums(left, book, m.fits(by)) {
				if m.ready(s.left, s.book) {
					m.matchBy(SubsetSum, s.left, s.book, fact{crowd: by}) //nolint:exhaustruct // no more
				}
			}
		})
	}
}

// breakSubsets names lines that several sums claim, or one that must wait.
func (m *Matcher) breakSubsets() {
	if !m.runs(SubsetSum) {
		return
	}
	for _, by := range crowdSorts() {
		m.eachCrowd(by, func(left, book []uint32) {
			var lines, candidates []uint32
			several := 0
			for _, s := range m.sums(left, book, m.fits(by)) {
				if len(s.left)+len(s.book) > 2 {
					lines, candidates = append(lines, s.left...), append(candidates, s.book...)
					several++
				}
			}
			if several == 0 {
				return
			}
			slices.Sort(lines)
			slices.Sort(candidates)
			reason := Ambiguous
			if len(m.uniqueSums(left, book, m.fits(by))) == several {
				reason = Waiting
			}
			m.addBreak(reason, slices.Compact(lines), slices.Compact(candidates))
		})
	}
}

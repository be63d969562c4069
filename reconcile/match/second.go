package match

import (
	"encoding/binary"
	"hash/maphash"

	"twoline/gateway/bank"
	"twoline/gateway/money"
)

// seconds knows the lines of the bank that were matched, by what a second line
// would have in common with them: the bank's reference or the batch, the amount and
// the direction. A line that echoes an id is told by its id instead.
type seconds struct {
	// matched are those that were matched before it was known what is asked for.
	matched rows[uint64]
	// asked holds what open lines without an id have, and whether one with it was matched.
	asked map[uint64]bool
}

// digest is that of a bank's reference or of a batch with an amount and a direction.
func (m *Matcher) digest(by sort8, text []byte, debit flags, amount money.Amount) uint64 {
	var buf [96]byte
	key := binary.LittleEndian.AppendUint64(buf[:0], uint64(amount)) //nolint:gosec // as bytes
	return maphash.Bytes(m.seed, append(append(key, byte(by), byte(debit)), text...))
}

// spends says that a line of the bank that the rule matched stands for its reference:
// sums, batches and corrections may use one reference for several movements.
func (r Rule) spends() bool {
	switch r {
	case Reference, BankReference, SharedReference, SharedBankReference, AmountDay, AmountWindow, Interest:
		return true
	case BookReversal, ReturnReference, BankReversal, BatchTotal, BatchNet, BatchPart, BatchBranches, BatchItems,
		SubsetSum:
		return false
	}
	return false
}

// spendFirst keeps what a line has that was matched as it came.
func (m *Matcher) spendFirst(s StatementLine) {
	var f flags
	if s.Direction == bank.Debit {
		f = isDebit
	}
	if s.BankReference != "" {
		m.seconds.matched.add(m.digest(theirReference, []byte(clip(s.BankReference, longest)), f, s.Amount))
	}
	if s.EndToEndID == "" && s.Batch != "" {
		m.seconds.matched.add(m.digest(noReference, []byte(s.Batch), f, s.Amount))
	}
}

// spend says of what a line has that one with it was matched.
func (m *Matcher) spend(l *leftLine, rule Rule) {
	if l.bankReference != 0 && rule.spends() {
		m.markAsked(m.digest(theirReference, m.text.bytes(l.bankReference), l.flags&isDebit, l.amount))
	}
	if l.endToEnd == 0 && l.batch != 0 && rule != BankReversal {
		m.markAsked(m.digest(noReference, []byte(m.names[l.batch]), l.flags&isDebit, l.amount))
	}
}

func (m *Matcher) markAsked(digest uint64) {
	if _, ok := m.seconds.asked[digest]; ok {
		m.seconds.asked[digest] = true
	}
}

// askSeconds says what open lines without an id have, and drops the rest.
func (m *Matcher) askSeconds() {
	asked := map[uint64]bool{}
	for i := range m.left.count() {
		l := m.left.at(i)
		if l.flags.has(isUsed) || l.endToEnd != 0 {
			continue
		}
		if l.bankReference != 0 {
			asked[m.digest(theirReference, m.text.bytes(l.bankReference), l.flags&isDebit, l.amount)] = false
		}
		if l.batch != 0 {
			asked[m.digest(noReference, []byte(m.names[l.batch]), l.flags&isDebit, l.amount)] = false
		}
	}
	m.seconds.asked = asked
	if len(asked) > 0 {
		for i := range m.seconds.matched.count() {
			m.markAsked(*m.seconds.matched.at(i))
		}
	}
	m.seconds.matched = rows[uint64]{blocks: nil, n: 0}
}

// askBatches adds the batches that the past knows.
func (m *Matcher) askBatches(past Past) {
	known, ok := past.(Batches)
	if !ok {
		return
	}
	for i := range m.left.count() {
		if batch := m.left.at(i).batch; batch != 0 && !m.ours[batch] {
			m.ours[batch] = known.OurBatch(m.names[batch])
		}
	}
}

// repeats says that a line without an id repeats one that was matched: it carries
// its bank's reference, or it is a lump of a batch of which nothing is open or to come. Where
// as many lines of the book are open it is matched by its reference all the same.
func (m *Matcher) repeats(l *leftLine, open func() map[uint32]flags) bool {
	if l.bankReference != 0 &&
		m.seconds.asked[m.digest(theirReference, m.text.bytes(l.bankReference), l.flags&isDebit, l.amount)] {
		return true
	}
	return l.batch != 0 && !l.stands(Forbidden) && !l.within &&
		m.seconds.asked[m.digest(noReference, []byte(m.names[l.batch]), l.flags&isDebit, l.amount)] &&
		!open()[l.batch].has(direction(l.flags))
}

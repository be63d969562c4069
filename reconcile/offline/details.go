package offline

import (
	"slices"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/reconcile/match"
)

// ByDetails is an entry whose details were matched one by one.
const ByDetails match.Rule = "detail_references"

// sets are the entries that the matcher was given by their details, each together
// with whatever its details were matched or broken with.
type sets struct {
	r *Reconciler
	// parent leads from an entry of a set to the one that stands for it.
	parent  map[int64]int64
	matches []Match
	breaks  []Break
}

// union is one set while it is put together.
type union struct {
	statement, book []int64
	found           []match.Match
	broken          []match.Break
}

// touches says that one of the lines is a detail, or an entry that shares a match or
// a break with one.
func (s *sets) touches(statement []int64) bool {
	if len(s.parent) == 0 {
		return false
	}
	return slices.ContainsFunc(statement, func(id int64) bool {
		return s.has(s.entry(id))
	})
}

// entry is the one that a line of the matcher stands for.
func (s *sets) entry(id int64) int64 {
	if id < 0 {
		return s.r.parts[-1-id]
	}
	return id
}

func (s *sets) root(entry int64) int64 {
	for s.parent[entry] != entry {
		entry = s.parent[entry]
	}
	return entry
}

func (s *sets) has(entry int64) bool {
	_, ok := s.parent[entry]
	return ok
}

// join puts entries together again after the matcher has seen their details. An
// entry is matched where all of its details are; else it stands in one break with
// all that they were matched with.
func (r *Reconciler) join() {
	s := &sets{r: r, parent: map[int64]int64{}, matches: nil, breaks: nil}
	r.sets = s
	if len(r.parts) == 0 {
		return
	}
	for _, e := range r.parts {
		s.parent[e] = e
	}
	// What shares a match or a break with a set belongs to it, until nothing joins.
	for {
		before := len(s.parent)
		for m := range r.matcher.Matches() {
			s.tie(m.Statement)
		}
		for _, b := range r.matcher.Breaks() {
			s.tie(b.Statement)
		}
		if len(s.parent) == before {
			break
		}
	}
	unions := map[int64]*union{}
	var order []int64
	of := func(statement []int64) *union {
		root := s.root(s.entry(statement[0]))
		u := unions[root]
		if u == nil {
			u = &union{statement: nil, book: nil, found: nil, broken: nil}
			unions[root] = u
			order = append(order, root)
		}
		for _, id := range statement {
			u.statement = append(u.statement, s.entry(id))
		}
		return u
	}
	for m := range r.matcher.Matches() {
		if s.touches(m.Statement) {
			u := of(m.Statement)
			u.book = rows(u.book, m.Book)
			m.Statement, m.Book = nil, nil
			u.found = append(u.found, m)
		}
	}
	for _, b := range r.matcher.Breaks() {
		if s.touches(b.Statement) {
			u := of(b.Statement)
			u.book = rows(u.book, b.Book)
			u.broken = append(u.broken, b)
		}
	}
	for _, root := range order {
		s.settle(unions[root])
	}
}

// tie makes the lines of one match or break one set, where one of them is in a set.
func (s *sets) tie(statement []int64) {
	if !s.touches(statement) {
		return
	}
	for _, id := range statement {
		if e := s.entry(id); !s.has(e) {
			s.parent[e] = e
		}
	}
	first := s.root(s.entry(statement[0]))
	for _, id := range statement[1:] {
		s.parent[s.root(s.entry(id))] = first
	}
}

func (s *sets) settle(u *union) {
	slices.Sort(u.statement)
	u.statement = slices.Compact(u.statement)
	slices.Sort(u.book)
	if len(u.broken) == 0 {
		m := Match{
			Kind: match.Match{ //nolint:exhaustruct // the kind counts lines
				Statement: u.statement, Book: make([]match.Key, len(u.book)),
			}.Kind(),
			Rule: ByDetails, Statement: u.statement, Book: u.book, Difference: 0, Score: 100,
			Evidence: "each detail of the entry names its own posting, with equal direction and amount",
		}
		for _, f := range u.found {
			m.Difference += f.Difference
			m.Score = min(m.Score, f.Score)
		}
		s.matches = append(s.matches, m)
		return
	}
	b := Break{
		Class: match.AmountsDiffer, Reason: match.AmountDiffers, Statement: u.statement, Book: u.book,
		Direction: bank.Credit, Amount: s.difference(u), Day: calendar.Day{},
	}
	for _, broken := range u.broken {
		if b.Day.IsZero() || broken.Day.Before(b.Day) {
			b.Day = broken.Day
		}
	}
	if len(u.book) == 0 {
		b.Reason = u.broken[0].Reason
		for _, broken := range u.broken {
			if broken.Reason != b.Reason {
				b.Reason = match.AbsentInBook
			}
		}
		b.Class = b.Reason.Class()
	}
	if b.Amount < 0 {
		b.Direction, b.Amount = bank.Debit, -b.Amount
	}
	s.breaks = append(s.breaks, b)
}

// difference is what the bank's lines hold beyond the book's.
func (s *sets) difference(u *union) money.Amount {
	var sum money.Amount
	for _, i := range u.statement {
		sum += s.r.bank[i]
	}
	for _, i := range u.book {
		sum -= s.r.book[i]
	}
	return sum
}

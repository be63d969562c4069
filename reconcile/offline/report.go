package offline

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"
	"slices"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/reconcile/intake"
	"twoline/reconcile/match"
)

// Match is lines of the bank and of the book that are the same money.
type Match struct {
	Kind match.Kind
	Rule match.Rule
	// Statement are entries, Book rows of the book; see Report.Posting.
	Statement, Book []int64
	// Difference is what the bank's lines hold beyond the book's, within tolerance.
	Difference money.Amount
	// Score is how sure the match is, of 100; Evidence says why.
	Score    int
	Evidence string
}

// Break is one disagreement.
type Break struct {
	Class           match.Class
	Reason          match.Reason
	Statement, Book []int64
	// Direction and Amount are what the bank's lines hold beyond the book's, or the
	// book's where there is no line of the bank.
	Direction bank.Direction
	Amount    money.Amount
	Day       calendar.Day
}

// place is the break's first line of the bank; what only the book has follows all of those.
func (b Break) place() int64 {
	if len(b.Statement) == 0 {
		return math.MaxInt64
	}
	return b.Statement[0]
}

// Report is how statements and book agree.
type Report struct {
	StatementLines, BookLines int
	// Pending counts entries that move no balance yet, RepeatedLines those of
	// statements that stand in an earlier file.
	Pending, RepeatedLines int
	// Opening and Closing are nil where the statements do not state them.
	Opening, Closing *money.Amount
	// From and Through are the days that the statements cover.
	From, Through calendar.Day
	ArithmeticOK  bool
	// Problems say what does not add up, the first hundred.
	Problems     []string
	MoreProblems int
	// The adjusted balances are nil where the book's balance was not given.
	AdjustedBank, AdjustedBook *money.Amount
	Agrees                     bool
	// Rules counts the matches, and those by each rule; MatchedLines the bank's lines.
	Rules                 map[match.Rule]int
	Matches, MatchedLines int
	Breaks                []Break

	r *Reconciler
}

// Clean says that everything is matched, adds up and agrees.
func (p *Report) Clean() bool {
	return len(p.Breaks) == 0 && p.ArithmeticOK && (p.AdjustedBank == nil || p.Agrees)
}

// Posting is the posting_id of a row of the book.
func (p *Report) Posting(row int64) string { return string(p.r.postings.at(row)) }

// errLost is a line that is neither matched nor broken, or both, which is our fault.
var errLost = fault.New(fault.Internal, "reconcile_conservation",
	"a line was counted twice or not at all; the report is withheld")

// Finish matches what was taken and returns the report. bookClosing is the book's
// balance at the end, or nil.
func (r *Reconciler) Finish(ctx context.Context, bookClosing *money.Amount) (*Report, error) {
	if err := r.matcher.Match(ctx, match.NoPast{}); err != nil {
		return nil, fmt.Errorf("match: %w", err)
	}
	p := &r.report
	p.r, p.BookLines, p.Rules = r, len(r.book), make(map[match.Rule]int)
	r.join()
	for _, b := range r.matcher.Breaks() {
		if !r.sets.touches(b.Statement) {
			p.Breaks = append(p.Breaks, Break{
				Class: b.Reason.Class(), Reason: b.Reason, Statement: b.Statement, Book: rows(nil, b.Book),
				Direction: b.Direction, Amount: b.Amount, Day: b.Day,
			})
		}
	}
	p.Breaks = append(p.Breaks, r.sets.breaks...)
	slices.SortStableFunc(p.Breaks, func(a, b Break) int {
		return cmp.Or(a.Day.Compare(b.Day), cmp.Compare(a.place(), b.place()), slices.Compare(a.Book, b.Book))
	})
	left, err := r.prove(p)
	if err != nil {
		return nil, err
	}
	if err := r.arithmetic(p); err != nil {
		return nil, err
	}
	if bookClosing != nil && p.Closing != nil {
		bankSide, bookSide := money.Sum(*p.Closing, left.book), money.Sum(*bookClosing, left.bank, left.tolerated)
		p.AdjustedBank, p.AdjustedBook, p.Agrees = &bankSide, &bookSide, bankSide == bookSide
	}
	return p, nil
}

func rows(to []int64, keys []match.Key) []int64 {
	for _, k := range keys {
		to = append(to, k.Entry)
	}
	return to
}

// All yields every match. The slices of a Match are valid until the next one.
func (p *Report) All() iter.Seq[Match] {
	return func(yield func(Match) bool) {
		var book []int64
		for m := range p.r.matcher.Matches() {
			if p.r.sets.touches(m.Statement) {
				continue
			}
			book = rows(book[:0], m.Book)
			if !yield(Match{
				Kind: m.Kind(), Rule: m.Rule, Statement: m.Statement, Book: book, Difference: m.Difference,
				Score: m.Score, Evidence: m.Evidence,
			}) {
				return
			}
		}
		for _, m := range p.r.sets.matches {
			if !yield(m) {
				return
			}
		}
	}
}

// remainder is what only one side has, as it moves a balance.
type remainder struct{ bank, book, tolerated money.Amount }

// prove counts every line: each is matched or broken, once, and what is matched is
// equal on both sides but for its stated difference.
func (r *Reconciler) prove(p *Report) (left remainder, err error) {
	inBank, inBook := make([]bool, len(r.bank)), make([]bool, len(r.book))
	lines, postings := 0, 0
	strike := func(statement, book []int64) (sums remainder, err error) {
		for _, i := range statement {
			if inBank[i] {
				return sums, errLost.With("entry %d stands twice", i)
			}
			inBank[i] = true
			sums.bank += r.bank[i]
		}
		for _, i := range book {
			if inBook[i] {
				return sums, errLost.With("posting %s stands twice", p.Posting(i))
			}
			inBook[i] = true
			sums.book += r.book[i]
		}
		lines, postings = lines+len(statement), postings+len(book)
		return sums, nil
	}
	for m := range p.All() {
		sums, err := strike(m.Statement, m.Book)
		if err != nil {
			return left, err
		}
		if sums.bank-sums.book != m.Difference {
			return left, errLost.With("a match by %s of %s and %s states a difference of %s", m.Rule, sums.bank,
				sums.book, m.Difference)
		}
		left.tolerated += m.Difference
		p.Matches++
		p.Rules[m.Rule]++
	}
	p.MatchedLines = lines
	for _, b := range p.Breaks {
		sums, err := strike(b.Statement, b.Book)
		if err != nil {
			return left, err
		}
		left.bank += sums.bank
		left.book += sums.book
	}
	if lines != p.StatementLines || postings != p.BookLines {
		return left, errLost.With("%d of %d lines and %d of %d postings are accounted for", lines, p.StatementLines,
			postings, p.BookLines)
	}
	return left, nil
}

// arithmetic follows the balances from the first statement to the last.
func (r *Reconciler) arithmetic(p *Report) error {
	// A statement that names no day and has no entry is of the day of the one before it.
	for i, s := range r.segments {
		if s.from.IsZero() && i > 0 && r.segments[i-1].file == s.file {
			s.from, s.to = r.segments[i-1].to, r.segments[i-1].to
		}
	}
	slices.SortStableFunc(r.segments, func(a, b *segment) int { return a.before(b) })
	var running *money.Amount
	stated := true
	for _, s := range r.segments {
		if !s.from.IsZero() && (p.From.IsZero() || s.from.Before(p.From)) {
			p.From = s.from
		}
		if s.to.After(p.Through) {
			p.Through = s.to
		}
		if s.opening != nil && running != nil && *s.opening != *running {
			r.problem(fmt.Sprintf("statement %s opens with %s, but the balance before it is %s: difference %s",
				s.number,
				*s.opening, *running, *s.opening-*running))
		}
		if s.opening != nil {
			running = s.opening
		}
		if p.Opening == nil {
			p.Opening = s.opening
		}
		moved, err := s.moved()
		if err != nil {
			return intake.ErrAmount.Because(err)
		}
		if running == nil {
			stated = false
			continue
		}
		after, err := running.Add(moved)
		if err != nil {
			return intake.ErrAmount.Because(err)
		}
		if s.closing != nil && *s.closing != after {
			r.problem(fmt.Sprintf("statement %s: opening %s and its entries give %s, but it states %s: difference %s",
				s.number, *running, after, *s.closing, *s.closing-after))
			after = *s.closing
		}
		running = &after
	}
	if n := len(r.segments); n > 0 {
		p.Closing = r.segments[n-1].closing
	}
	if p.Opening == nil || p.Closing == nil || !stated {
		r.problem("the statements do not state their first and last balance")
	}
	p.ArithmeticOK = len(p.Problems) == 0
	return nil
}

package iso20022

import (
	"fmt"

	"github.com/shopspring/decimal"

	"twoline/gateway/bank"
)

// maxSurvey bounds the texts that a survey keeps, in bytes.
const maxSurvey = 16 << 20

// budget is how much of maxSurvey was spent.
type budget struct{ held int }

// hold counts texts that a survey keeps.
func (b *budget) hold(n int) error {
	if b.held += n; b.held > maxSurvey {
		return ErrTooLarge.With("the heads of the file's parts hold more than %d MiB of text", maxSurvey>>20)
	}
	return nil
}

// survey is what the first reading finds out for the second.
type survey struct {
	budget

	head       bank.FileHead
	statements []*statement
	large      map[place2]largeEntry
}

// place2 names an entry by the indexes of its statement and itself.
type place2 struct{ statement, entry int }

// largeEntry is the record of an entry whose details are not held together.
type largeEntry struct {
	record   bank.StatementEntry
	problems []bank.Problem
}

// statement is what is known of one statement after the first reading.
type statement struct {
	head     bank.StatementHead
	opened   booked
	previous booked
	closed   booked
	declared declared
	legal    string
	currency string
	mixed    bool
	entries  int
	all      tally
	booked   tally
	problems []bank.Problem
}

// booked is one balance; two different ones of one kind cancel each other.
type booked struct {
	figure *bank.Figure
	clash  bool
}

func (b *booked) set(f bank.Figure) {
	if b.figure != nil && *b.figure != f {
		b.clash = true
	}
	b.figure = &f
}

func (b *booked) value() *bank.Figure {
	if b.clash {
		return nil
	}
	return b.figure
}

// declared is a statement's own summary, as text; empty is absent.
type declared struct{ count, credits, creditCount, debits, debitCount string }

// tally counts and adds entries by direction.
type tally struct {
	count [3]int
	sum   [3]total
}

func (t *tally) add(d bank.Direction, f bank.Figure) {
	t.count[d]++
	t.sum[d].add(f)
}

// total adds figures exactly: fen while they fit, decimals for the rest.
type total struct {
	fen  int64
	rest decimal.Decimal
}

const flushAt = 1 << 61

func (t *total) add(f bank.Figure) {
	if fen, ok := f.Signed(); ok {
		t.fen += fen.Fen()
		if t.fen > flushAt || t.fen < -flushAt {
			t.rest, t.fen = t.value(), 0
		}
		return
	}
	t.rest = t.rest.Add(exact(f))
}

func (t *total) value() decimal.Decimal { return t.rest.Add(decimal.New(t.fen, -2)) }

// join adds what another total holds.
func (t *total) join(o *total) { t.rest, t.fen = t.value().Add(o.value()), 0 }

// figure returns the total as a figure, or false where it has too many digits.
func (t *total) figure() (bank.Figure, bool) {
	f, err := bank.ParseFigure(t.value().StringFixed(max(2, -t.value().Exponent())))
	return f, err == nil
}

func exact(f bank.Figure) decimal.Decimal { return decimal.RequireFromString(f.String()) }

// see notes the currency of one amount.
func (s *statement) see(currency string) {
	switch {
	case currency == "" || currency == s.currency:
	case s.currency == "":
		s.currency = currency
	default:
		s.mixed = true
	}
}

// finish completes the head after the last entry, and compares what the
// statement says of itself with what it holds.
func (s *statement) finish() {
	if s.head.Currency == "" && !s.mixed {
		s.head.Currency = s.currency
	}
	if s.mixed || s.currency != "" && s.head.Currency != s.currency {
		s.contradiction("currency", "the amounts of one account are in different currencies")
	}
	if s.head.Number == "" {
		s.head.Number = s.legal
	}
	if s.opened.clash || s.closed.clash || s.opened.figure == nil && s.previous.clash {
		s.contradiction("balance_repeated", "two balances of one kind differ")
	}
	s.head.Opening, s.head.Closing = s.opened.value(), s.closed.value()
	if s.opened.figure == nil {
		s.head.Opening = s.previous.value()
	}
	if s.head.Account == "" {
		s.contradiction("account", "the statement does not name its account")
	}
	s.balance()
	s.control()
}

// balance proves opening + credits - debits = closing over booked entries.
func (s *statement) balance() {
	if s.head.Opening == nil || s.head.Closing == nil {
		return
	}
	credits, debits := s.booked.sum[bank.Credit].value(), s.booked.sum[bank.Debit].value()
	reached := exact(*s.head.Opening).Add(credits).Sub(debits)
	holds := reached.Equal(exact(*s.head.Closing))
	s.head.Balanced = &holds
	if !holds {
		s.contradiction("balance", fmt.Sprintf("opening, booked credits and debits make %s, the closing balance is %s",
			reached.StringFixed(2), s.head.Closing))
	}
}

// control compares the statement's own summary. Banks count either all entries
// or the booked ones, so a figure that fits neither is wrong.
func (s *statement) control() {
	const credit, debit = bank.Credit, bank.Debit
	counts := []struct {
		name, declared string
		all, booked    int
	}{
		{
			"number of entries", s.declared.count, s.all.count[credit] + s.all.count[debit],
			s.booked.count[credit] + s.booked.count[debit],
		},
		{"number of credits", s.declared.creditCount, s.all.count[credit], s.booked.count[credit]},
		{"number of debits", s.declared.debitCount, s.all.count[debit], s.booked.count[debit]},
	}
	for _, c := range counts {
		if !fits(c.declared, decimal.NewFromInt(int64(c.all)), decimal.NewFromInt(int64(c.booked))) {
			s.contradiction("control_total", "the summary's "+c.name+" is not what the statement holds")
		}
	}
	if !fits(s.declared.credits, s.all.sum[credit].value(), s.booked.sum[credit].value()) {
		s.contradiction("control_total", "the summary's sum of credits is not what the statement holds")
	}
	if !fits(s.declared.debits, s.all.sum[debit].value(), s.booked.sum[debit].value()) {
		s.contradiction("control_total", "the summary's sum of debits is not what the statement holds")
	}
}

func fits(text string, found ...decimal.Decimal) bool {
	if text == "" {
		return true
	}
	f, err := bank.ParseFigure(text)
	if err != nil {
		return false
	}
	for _, d := range found {
		if exact(f).Equal(d) {
			return true
		}
	}
	return false
}

func (s *statement) contradiction(code, text string) {
	s.problems = append(s.problems, bank.Problem{
		Severity: bank.SeverityError, Code: code, Path: fmt.Sprintf("statement %d", s.head.Index), Text: text,
	})
}

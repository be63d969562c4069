package mt940

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
)

// part is one page as it is read: from :20: or from the balance after a page's end.
type part struct {
	reference, created string
	account, number    string
	line               int
	// inside says that it follows another page in one :20: block.
	inside bool
	// behind says that a field was there that stands behind the closing balance.
	behind  bool
	paged   bool
	interim bool // an MT942
	opening *balance
	closing *balance
	entries int
	floor   map[bank.Direction]bank.Figure
	totals  []declared
	sums    tally

	currency string
	problems []bank.Problem
}

// complete says that the last field of a page was there, or one that stands behind
// it: what is missing then was left out and not cut off.
func (p *part) complete() bool {
	return p.closing != nil || p.behind || p.opening == nil && len(p.totals) > 0
}

// declared is :90D: or :90C:.
type declared struct {
	direction bank.Direction
	count     int
	sum       bank.Figure
}

// statement is one statement after the first reading: the pages joined.
type statement struct {
	head     bank.StatementHead
	parts    int
	page     int
	opening  *balance
	closing  *balance
	sums     tally
	problems []bank.Problem
	// before and behind say that pages are missing there.
	before, behind bool
	// torn says that this file itself shows the gap.
	torn    bool
	interim bool
	line    int
}

// tally counts and adds entries: all of them, and the booked ones.
type tally struct{ all, booked sums }

type sums struct {
	count [3]int
	sum   [3]total
}

func (s *sums) add(d bank.Direction, f bank.Figure) {
	s.count[d]++
	s.sum[d].add(f)
}

func (s *sums) join(other *sums) {
	for d := range s.count {
		s.count[d] += other.count[d]
		s.sum[d].fen += other.sum[d].fen
		s.sum[d].rest = s.sum[d].rest.Add(other.sum[d].rest)
		s.sum[d].carry()
	}
}

// total adds figures exactly: fen while they fit, decimals for the rest.
type total struct {
	fen  int64
	rest decimal.Decimal
}

func (t *total) add(f bank.Figure) {
	if fen, ok := f.Signed(); ok {
		t.fen += fen.Fen()
		t.carry()
		return
	}
	t.rest = t.rest.Add(f.Decimal())
}

func (t *total) carry() {
	const limit = 1 << 61
	if t.fen > limit || t.fen < -limit {
		t.rest, t.fen = t.value(), 0
	}
}

func (t *total) value() decimal.Decimal { return t.rest.Add(decimal.New(t.fen, -2)) }

func (t *tally) add(l *line61) {
	t.all.add(l.direction, l.amount)
	if !l.expected {
		t.booked.add(l.direction, l.amount)
	}
}

// pageNumbers cuts :28C: at its stroke. A number of zeros counts no statements.
func pageNumbers(text string) (number, page string) {
	number, page, _ = strings.Cut(text, "/")
	return strings.TrimSpace(number), strings.TrimSpace(page)
}

func pageOf(text string) int {
	_, page := pageNumbers(text)
	n, err := strconv.Atoi(page)
	if err != nil {
		return 0
	}
	return n
}

// continues says that p is the page after the last one of s, and why not where it
// looks as if it should be.
func (s *statement) continues(p *part) (bool, string) {
	number, _ := pageNumbers(p.number)
	same := s.head.Account == p.account && (s.head.Number == number || p.inside && !p.paged)
	ended := s.closing != nil && s.closing.interim
	begun := p.opening != nil && p.opening.interim
	if p.inside {
		ended = ended || s.closing == nil
		begun = begun || p.opening == nil
	}
	page := pageOf(p.number)
	// The pages of an MT942 have no balances, and its totals stand on the last one.
	if same && s.interim && p.interim && page > 1 && page == s.page+1 {
		return true, ""
	}
	if !same || !ended || !begun {
		return false, ""
	}
	switch {
	case p.inside && !p.paged, page == s.page+1 && page > 1:
		return true, ""
	case page == 0 && s.page == 0:
		agree := s.closing != nil && p.opening != nil && s.closing.figure.Compare(p.opening.figure) == 0
		return agree, ""
	}
	return false, fmt.Sprintf("page %d of statement %s follows page %d", page, number, s.page)
}

// begin makes a statement of its first page.
func begin(index int, p *part) *statement {
	number, page := pageNumbers(p.number)
	s := &statement{ //nolint:exhaustruct // the rest is added by join and finish
		head: bank.StatementHead{ //nolint:exhaustruct // the balances follow
			Index: index, Account: p.account, Number: number, Page: page,
		},
		opening: p.opening, line: p.line, interim: p.interim,
	}
	if p.opening != nil {
		s.before = p.opening.interim
		s.head.From = p.opening.day
		opening := p.opening.figure
		s.head.Opening = &opening
	}
	s.take(p)
	return s
}

// join adds the next page.
func (s *statement) join(p *part) {
	if s.closing != nil && p.opening != nil && s.closing.figure.Compare(p.opening.figure) != 0 {
		s.problem("balance", p.line, "a page does not begin with the balance that the page before ended with")
	}
	s.head.Page = ""
	s.take(p)
}

func (s *statement) take(p *part) {
	s.parts++
	s.page = max(pageOf(p.number), s.page)
	if p.inside && !p.paged && s.page > 0 && s.parts > 1 {
		s.page++
	}
	s.closing = p.closing
	s.sums.all.join(&p.sums.all)
	s.sums.booked.join(&p.sums.booked)
	s.problems = append(s.problems, p.problems...)
	for _, b := range []*balance{p.opening, p.closing} {
		switch {
		case b == nil || b.currency == s.head.Currency:
		case s.head.Currency == "":
			s.head.Currency = b.currency
		default:
			s.problem("currency", p.line, "the balances of one statement are in different currencies")
		}
	}
	if s.head.Currency == "" {
		s.head.Currency = p.currency
	}
	p.control(s)
}

// finish completes the head after the last page.
func (s *statement) finish() {
	if s.closing != nil {
		closing := s.closing.figure
		s.head.Closing, s.head.To = &closing, s.closing.day
		s.behind = s.closing.interim
	}
	if s.head.Account == "" {
		s.problem("account", s.line, "the statement does not name its account")
	}
	missing := ""
	switch {
	case s.before && s.behind:
		missing = "the pages before and behind this one are not in the file"
	case s.before:
		missing = "the pages before this one are not in the file"
	case s.behind:
		missing = "the pages behind this one are not in the file"
	}
	// A gap between two pages of one file was told where it is.
	if missing != "" && !s.torn {
		s.tell(s.gap(), "page", s.line, missing)
	}
	s.balance()
}

// gap is how severe missing pages are. It is a warning where the page shows that its
// bank's M does not mean a page: a page 1 has none before it, and a later page that
// ends the statement without entries and with the balance it began with moves nothing.
func (s *statement) gap() bank.Severity {
	first := s.before && s.parts == 1 && s.page == 1
	still := s.before && !s.behind && s.parts == 1 && s.sums.all.count == [3]int{} && s.closing != nil &&
		s.opening.figure.Compare(s.closing.figure) == 0
	if first || still {
		return bank.SeverityWarning
	}
	return bank.SeverityError
}

func (s *statement) balance() {
	if s.head.Opening == nil || s.head.Closing == nil {
		return
	}
	credits, debits := s.sums.booked.sum[bank.Credit].value(), s.sums.booked.sum[bank.Debit].value()
	reached := s.head.Opening.Decimal().Add(credits).Sub(debits)
	holds := reached.Equal(s.head.Closing.Decimal())
	s.head.Balanced = &holds
	if !holds {
		s.problem("balance", s.line, fmt.Sprintf(
			"opening, booked credits and debits make %s, the closing balance is %s", reached.StringFixed(2),
			s.head.Closing))
	}
}

func (s *statement) path() string { return fmt.Sprintf("statement %d", s.head.Index) }

func (s *statement) problem(code string, line int, text string) {
	s.tell(bank.SeverityError, code, line, text)
}

func (s *statement) tell(severity bank.Severity, code string, line int, text string) {
	s.problems = append(s.problems, bank.Problem{
		Severity: severity, Code: code, Line: line, Path: s.path(), Text: text,
	})
}

// control compares :90D: and :90C: with the entries of their page, or of all pages up
// to it. Banks count all entries or the booked ones. Under a floor limit not every entry is listed, so the
// totals may be more than what is there, and never less.
func (p *part) control(s *statement) {
	for _, d := range p.totals {
		name := "credits"
		if d.direction == bank.Debit {
			name = "debits"
		}
		fits := false
		_, floored := p.floor[d.direction]
		for _, found := range []*sums{&p.sums.all, &p.sums.booked, &s.sums.all, &s.sums.booked} {
			count, sum := found.count[d.direction], found.sum[d.direction].value()
			equal := d.count == count && d.sum.Decimal().Equal(sum)
			more := d.count > count && d.sum.Decimal().GreaterThan(sum)
			fits = fits || equal || floored && more
		}
		if !fits {
			s.problem("control_total", p.line, "the total of "+name+" is not what the message holds")
		}
	}
}

// number90 reads :90D: and :90C:, a count, a currency and a sum.
func number90(tag string, body []byte) (declared, string, error) {
	d := declared{direction: bank.Credit} //nolint:exhaustruct // below
	if tag == "90D" {
		d.direction = bank.Debit
	}
	text, _, _ := strings.Cut(string(body), "\n")
	text = strings.TrimSpace(text)
	n := 0
	for n < len(text) && isDigit(text[n]) {
		n++
	}
	count, err := strconv.Atoi(text[:n])
	if err != nil || len(text) < n+3 || !isCurrency(text[n:n+3]) {
		return d, "", ErrField.With("a total must be a count, a currency and a sum").On(":" + tag + ":")
	}
	d.count = count
	if d.sum, err = figure([]byte(text[n+3:])); err != nil {
		return d, "", ErrAmount.On(":" + tag + ":")
	}
	return d, text[n : n+3], nil
}

// floorLimit reads :34F:, a currency, C or D or neither for both, and an amount.
func (p *part) floorLimit(body []byte) error {
	text, _, _ := strings.Cut(string(body), "\n")
	text = strings.TrimSpace(text)
	if len(text) < 4 || !isCurrency(text[:3]) {
		return ErrField.With("a floor limit must be a currency and an amount").On(":34F:")
	}
	p.currency = text[:3]
	text = text[3:]
	directions := []bank.Direction{bank.Credit, bank.Debit}
	switch text[0] {
	case 'C':
		directions, text = directions[:1], text[1:]
	case 'D':
		directions, text = directions[1:], text[1:]
	}
	limit, err := figure([]byte(text))
	if err != nil {
		return ErrAmount.On(":34F:")
	}
	if limit.Decimal().IsZero() {
		return nil
	}
	if p.floor == nil {
		p.floor = make(map[bank.Direction]bank.Figure, len(directions))
	}
	for _, d := range directions {
		p.floor[d] = limit
	}
	return nil
}

// below says that an entry is under the floor limit, and so should not be listed.
func (p *part) below(l *line61) bool {
	limit, ok := p.floor[l.direction]
	return ok && l.amount.Compare(limit) < 0
}

// key tells a page from every other, so that one that comes twice is seen; "" where
// the bank does not number its statements.
func (p *part) key() string {
	number, page := pageNumbers(p.number)
	if strings.Trim(number, "0") == "" {
		return ""
	}
	var day calendar.Day
	if p.opening != nil {
		day = p.opening.day
	}
	return p.account + "\n" + number + "\n" + page + "\n" + day.String()
}

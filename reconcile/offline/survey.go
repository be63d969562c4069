package offline

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"hash"
	"slices"
	"strconv"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/reconcile/intake"
)

// ErrStatement is a file that is no statement, or that cannot be read as one.
var ErrStatement = fault.New(fault.Unprocessable, "statement_unreadable", "the file cannot be read as a statement")

// segment is one head of a statement and the entries under it: a statement, or one
// page of it.
type segment struct {
	number   string
	page     int
	from, to calendar.Day
	// only is the day of a statement of one day.
	only             calendar.Day
	opening, closing *money.Amount
	credits, debits  money.Total
	digest           [sha256.Size]byte
	entries          int
	// file counts the files from 0, as they were named.
	file int
	// repeated says that an earlier file holds the very same.
	repeated bool
	// marks are its entries while files are surveyed.
	marks []mark
}

// mark is an entry as it is compared with that of another file.
type mark struct {
	digest    [8]byte
	amount    money.Amount
	day       calendar.Day
	direction bank.Direction
}

func (m mark) String() string { return fmt.Sprintf("a %s of %s on %s", m.direction, m.amount, m.day) }

// before orders segments by their days, then by their numbers and pages where these are
// numbers.
func (s *segment) before(o *segment) int {
	return cmp.Or(s.from.Compare(o.from), compareNumbers(s.number, o.number), cmp.Compare(s.page, o.page))
}

func compareNumbers(a, b string) int {
	x, errX := strconv.ParseUint(a, 10, 63)
	y, errY := strconv.ParseUint(b, 10, 63)
	if errX != nil || errY != nil {
		return 0
	}
	return cmp.Compare(x, y)
}

// moved is what its entries do to the balance.
func (s *segment) moved() (money.Amount, error) {
	credits, err := s.credits.Amount()
	if err != nil {
		return 0, err
	}
	debits, err := s.debits.Amount()
	if err != nil {
		return 0, err
	}
	return credits.Add(-debits)
}

// Reading is one file as it is read.
type Reading struct {
	r *Reconciler
	// feed says that its entries go to the matcher; else they are only surveyed.
	feed bool
	// skip says that the segment stands in an earlier file too.
	skip    bool
	file    int
	cur     *segment
	at      int
	hash    hash.Hash
	kind    bool
	ended   bool
	pending *entry
}

// entry is an entry until its details were read.
type entry struct {
	bank.StatementEntry

	amount  money.Amount
	index   int64
	details []detail
}

type detail struct {
	amount  money.Amount
	known   bool
	id      string
	name    string
	account string
}

// Survey begins a file whose statements are only looked at. Where there are several
// files, each is surveyed in the order in which they are named before the first is
// read, so that what stands in two of them counts once. End is to be called after its
// last record.
func (r *Reconciler) Survey() *Reading {
	n := &Reading{r: r, feed: false, file: len(r.starts), at: -1} //nolint:exhaustruct // the rest starts empty
	r.starts = append(r.starts, r.surveyed)
	return n
}

// Order returns the surveyed files in the order in which they are to be read: that of
// the days of their statements.
func (r *Reconciler) Order() []int {
	first := make([]*segment, len(r.starts))
	order := make([]int, len(r.starts))
	for i := range order {
		order[i] = i
	}
	for _, s := range r.survey {
		if f := first[s.file]; f == nil || s.before(f) < 0 {
			first[s.file] = s
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if first[a] == nil || first[b] == nil {
			return 0
		}
		return first[a].before(first[b])
	})
	for _, s := range r.survey {
		s.marks = nil
	}
	return order
}

// Statement begins a file, counted from 0 as it was named; its entries are matched.
// Only the one file of several that is alone need not be surveyed.
func (r *Reconciler) Statement(file int) *Reading {
	if file < len(r.starts) {
		r.entries = r.starts[file]
	}
	return &Reading{r: r, feed: true, file: file, at: -1} //nolint:exhaustruct // the rest starts empty
}

// Emit takes the file's records in their order.
func (n *Reading) Emit(record bank.Record) error {
	if n.ended {
		return ErrStatement.With("the file goes on after its end")
	}
	switch v := record.(type) {
	case bank.FileHead:
		if v.Kind != "statement" {
			return ErrStatement.With("the file is %s, which is no statement", v.Format)
		}
		n.kind = true
		return nil
	case bank.StatementHead:
		return n.head(v)
	case bank.StatementEntry:
		return n.entry(v)
	case bank.EntryDetail:
		return n.detail(v)
	case bank.Problem:
		if n.feed && v.Severity == bank.SeverityError {
			n.r.problem(fmt.Sprintf("file %d, line %d: %s: %s", n.file+1, v.Line, v.Code, v.Text))
		}
		return nil
	case bank.End:
		n.ended = true
		return n.close()
	case bank.BatchHead, bank.BatchItem, bank.Result:
		return ErrStatement.With("the file holds instructions or answers, and no statement")
	}
	return ErrStatement
}

// End proves that the file was read to its end.
func (n *Reading) End() error {
	if !n.ended {
		return ErrStatement.With("the file was not read to its end")
	}
	return nil
}

func (n *Reading) head(h bank.StatementHead) error {
	if !n.kind {
		return ErrStatement.With("the file does not begin as a statement")
	}
	if err := n.close(); err != nil {
		return err
	}
	if h.Currency != "" && h.Currency != "CNY" {
		return intake.ErrCurrency.With("statement %s is in %s, not in yuan (CNY)", h.Number, h.Currency)
	}
	account := intake.AccountNumber(h.Account)
	page, err := intake.Page(h.Page)
	if err != nil {
		return err
	}
	if n.r.account == "" {
		n.r.account = account
	}
	if account != "" && account != n.r.account {
		return intake.ErrAccount.With("statement %s is of another account than the statements before it", h.Number)
	}
	opening, err := intake.Balance(h.Opening)
	if err != nil {
		return err
	}
	closing, err := intake.Balance(h.Closing)
	if err != nil {
		return err
	}
	n.cur = &segment{ //nolint:exhaustruct // sums start at zero
		number: h.Number, page: page, from: h.From, to: h.To, opening: opening, closing: closing, file: n.file,
	}
	if h.From == h.To {
		n.cur.only = h.From
	}
	n.at++
	n.skip = n.feed && n.r.isRepeated(n.file, n.at)
	n.hash = sha256.New()
	head := fmt.Appendf(nil, "%s %s %s %s %s %s\n", h.Number, h.Page, h.From, h.To, text(opening), text(closing))
	_, _ = n.hash.Write(head) // a hash takes everything
	return nil
}

func text(a *money.Amount) string {
	if a == nil {
		return "-"
	}
	return a.String()
}

func (n *Reading) entry(e bank.StatementEntry) error {
	if n.cur == nil {
		return ErrStatement.With("an entry stands before the first statement")
	}
	if err := n.flush(); err != nil {
		return err
	}
	index := int64(n.r.entries)
	if n.feed {
		n.r.entries++
	} else {
		n.r.surveyed++
	}
	if e.Status != "booked" {
		if n.feed {
			n.r.report.Pending++
		}
		return nil
	}
	amount, ok := e.Amount.Amount()
	if !ok {
		return intake.ErrAmount.With("entry %d of statement %s is of %s: yuan have two decimals",
			e.Index+1, n.cur.number, e.Amount)
	}
	if amount == 0 {
		return nil
	}
	if e.BookingDate.IsZero() {
		e.BookingDate = n.cur.bookedOn(e.ValueDate)
	}
	if e.BookingDate.IsZero() || e.Direction == bank.NoDirection {
		return intake.ErrEntry.With("entry %d of statement %s lacks its direction or its date", e.Index+1, n.cur.number)
	}
	if e.ValueDate.IsZero() {
		e.ValueDate = e.BookingDate
	}
	e.EndToEndID, e.BankReference = intake.Reference(e.EndToEndID), intake.Reference(e.BankReference)
	e.BatchID = intake.Reference(e.BatchID)
	n.pending = &entry{StatementEntry: e, amount: amount, index: index, details: nil}
	return nil
}

// bookedOn is the day of an entry that names none: the statement's, or that on which
// the money moved.
func (s *segment) bookedOn(value calendar.Day) calendar.Day {
	if s.only.IsZero() {
		return value
	}
	return s.only
}

func (n *Reading) detail(d bank.EntryDetail) error {
	p := n.pending
	if p == nil {
		return nil
	}
	out := detail{
		amount: 0, known: false,
		id:   intake.Reference(d.EndToEndID),
		name: d.Counterparty, account: d.CounterpartyAccount,
	}
	if d.Amount != nil {
		out.amount, out.known = d.Amount.Amount()
	}
	if d.Direction != bank.NoDirection && d.Direction != p.Direction {
		out.known = false
	}
	p.details = append(p.details, out)
	return nil
}

// flush takes the entry whose details have all been read.
func (n *Reading) flush() error {
	p := n.pending
	if p == nil {
		return nil
	}
	n.pending = nil
	if len(p.details) == 1 {
		d := p.details[0]
		p.EndToEndID = cmp.Or(p.EndToEndID, d.id)
		p.Counterparty, p.CounterpartyAccount = cmp.Or(p.Counterparty, d.name), cmp.Or(p.CounterpartyAccount, d.account)
	}
	c := n.cur
	if p.Direction == bank.Credit {
		c.credits.Add(p.amount)
	} else {
		c.debits.Add(p.amount)
	}
	c.entries++
	if c.from.IsZero() || p.BookingDate.Before(c.from) {
		c.from = p.BookingDate
	}
	if p.BookingDate.After(c.to) {
		c.to = p.BookingDate
	}
	if !n.feed {
		n.mark(p)
	}
	if n.feed && !n.skip {
		n.r.line(p)
	}
	return nil
}

// mark keeps what an entry says, for comparing files.
func (n *Reading) mark(p *entry) {
	fact := fmt.Appendf(nil, "%s %s %d %d %q %q %q %t %q %q %q\n", p.BookingDate, p.ValueDate, p.Direction,
		p.amount.Fen(), p.BankReference, p.EndToEndID, p.BatchID, p.Reversal, p.Counterparty,
		p.CounterpartyAccount, p.Text)
	for _, d := range p.details {
		fact = fmt.Appendf(fact, "%d %t %q %q %q\n", d.amount.Fen(), d.known, d.id, d.name, d.account)
	}
	_, _ = n.hash.Write(fact) // a hash takes everything
	sum := sha256.Sum256(fact)
	n.cur.marks = append(n.cur.marks, mark{[8]byte(sum[:8]), p.amount, p.BookingDate, p.Direction})
}

// close ends the segment.
func (n *Reading) close() error {
	if err := n.flush(); err != nil {
		return err
	}
	c := n.cur
	n.cur = nil
	if c == nil {
		return nil
	}
	if _, err := c.moved(); err != nil {
		return intake.ErrAmount.Because(err)
	}
	n.hash.Sum(c.digest[:0])
	switch {
	case !n.feed:
		for _, o := range n.r.survey {
			if o.file == c.file {
				continue
			}
			c.repeated = c.repeated || o.digest == c.digest
			if err := c.edited(o); err != nil {
				return err
			}
		}
		n.r.survey = append(n.r.survey, c)
	case n.skip:
		n.r.report.RepeatedLines += c.entries
	default:
		n.r.segments = append(n.r.segments, c)
	}
	return nil
}

// edited refuses a statement that stands in another file too and says something else
// there: the same number and page of the same days.
func (s *segment) edited(o *segment) error {
	if s.number != o.number || s.page != o.page || s.from != o.from || s.to != o.to || s.digest == o.digest {
		return nil
	}
	differ := func(format string, args ...any) error {
		return intake.ErrOverlap.With("statement %s stands in two files"+format, append([]any{s.number}, args...)...)
	}
	for i := range max(len(s.marks), len(o.marks)) {
		switch {
		case i >= len(s.marks):
			return differ(", and entry %d, %s, only in the other", i+1, o.marks[i])
		case i >= len(o.marks):
			return differ(", and entry %d, %s, only in this one", i+1, s.marks[i])
		case s.marks[i] != o.marks[i]:
			return differ(", and entry %d is %s here and %s in the other", i+1, s.marks[i], o.marks[i])
		}
	}
	return differ(" with different balances")
}

// isRepeated says that the n-th segment of a file stands in an earlier one too.
func (r *Reconciler) isRepeated(file, at int) bool {
	for _, s := range r.survey {
		if s.file != file {
			continue
		}
		if at == 0 {
			return s.repeated
		}
		at--
	}
	return false
}

package match_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/reconcile/match"
)

// truths is a world whose builder knows which lines are one movement of money and
// what must become of them.
type truths struct {
	t         *rapid.T
	rules     match.Rules
	book      []match.BookLine
	statement []match.StatementLine
	// of says to which truth a line belongs.
	ofBook map[match.Key]int
	ofBank map[string]int
	n      int
	// want are the sets that must be matched and broken, by the marks of their lines.
	want []string
}

// A line of the bank is marked by its truth and its place in it: its ID is given
// when the statement is put in order.
func (w *truths) mark(place int) string { return fmt.Sprintf("s%d.%d", w.n, place) }

func (w *truths) day(of string, days ...int) int { return rapid.SampledFrom(days).Draw(w.t, of) }

// amount is one of few, so that truths share amounts.
func (w *truths) amount() money.Amount {
	return money.Amount(rapid.SampledFrom([]int64{10_000, 20_000, 30_000, 14_300}).Draw(w.t, "amount"))
}

// own is an amount that no other truth has.
func (w *truths) own() money.Amount { return money.Amount(1_000_003 + 10_007*w.n) }

const worldDays = 6

// addBank adds a line of the bank and returns its mark.
func (w *truths) addBank(place int, s match.StatementLine) string {
	s.Text = w.mark(place) + " " + s.Text
	w.ofBank[w.mark(place)] = w.n
	w.statement = append(w.statement, s)
	return w.mark(place)
}

// addBook adds a line of the book, which names the truth, and returns its mark. The
// book may hold it some days later than the bank.
func (w *truths) addBook(line int32, b match.BookLine, late int) string {
	b.Key.Line = line
	if b.Key.Entry == 0 {
		b.Key.Entry = int64(w.n*10) + int64(line)
	}
	b.Booked = b.Booked.AddDays(late)
	w.ofBook[b.Key] = w.n
	w.book = append(w.book, b)
	return fmt.Sprintf("b%d.%d", b.Key.Entry, line)
}

func (w *truths) matched(lines ...string) { w.expect("match", lines) }

func (w *truths) broken(reason match.Reason, lines ...string) { w.expect(string(reason), lines) }

func (w *truths) expect(what string, lines []string) {
	slices.Sort(lines)
	w.want = append(w.want, what+" "+strings.Join(lines, " "))
}

func moved(d bank.Direction, a money.Amount, day int) match.Movement {
	at := day1().AddDays(day)
	return match.Movement{Booked: at, Value: at, Direction: d, Amount: a}
}

// add adds one truth of any sort.
func (w *truths) add() {
	w.n++
	day, late := w.day("day", 0, 1, 2, 3, 4, 5, 6), w.day("late", 0, 0, 1, 2)
	ref := fmt.Sprint(5000 + w.n)
	d := rapid.SampledFrom([]bank.Direction{bank.Credit, bank.Debit}).Draw(w.t, "direction")
	m := moved(d, w.amount(), day)
	item := match.BookLine{Movement: m, Reference: ref, Own: true, CounterpartyAccount: "62" + ref}
	echo := match.StatementLine{Movement: m, EndToEndID: ref}
	kinds := []string{
		"pair", "pair", "duplicate", "one fen", "lump", "branches", "net", "items", "corrected", "stranger corrected",
		"late day", "charge", "interest", "interest alone", "parts in the bank", "parts in the book", "book alone",
		"bank alone", "book reversal", "return", "shared", "alike", "duplicate without the id", "hidden debit",
	}
	switch rapid.SampledFrom(kinds).Draw(w.t, "kind") {
	case "pair":
		w.matched(w.addBank(1, echo), w.addBook(1, item, late))
	case "duplicate":
		w.matched(w.addBank(1, echo), w.addBook(1, item, late))
		echo.Movement = moved(d, m.Amount, day+w.day("again", 1, 2))
		w.broken(match.DuplicateBankLine, w.addBank(2, echo))
	case "duplicate without the id":
		echo.BankReference = "D" + ref
		w.matched(w.addBank(1, echo), w.addBook(1, item, late))
		echo.Movement = moved(d, m.Amount, day+w.day("again", 0, 1, 2))
		echo.EndToEndID, echo.CounterpartyAccount = "", "62"+ref
		w.broken(match.DuplicateBankLine, w.addBank(2, echo))
	case "hidden debit":
		w.matched(w.addBank(1, echo), w.addBook(1, item, late))
		echo.EndToEndID, echo.BankReference, echo.CounterpartyAccount = "", "Z"+ref, "62"+ref
		w.broken(match.AbsentInBook, w.addBank(2, echo))
		back := match.StatementLine{Movement: moved(bank.Credit+bank.Debit-d, m.Amount, day+1), EndToEndID: ref}
		back.Reversal = true
		w.broken(match.AbsentInBook, w.addBank(3, back))
	case "one fen":
		echo.Amount++
		lines := []string{w.addBank(1, echo), w.addBook(1, item, late)}
		if w.rules.Tolerance > 0 {
			w.matched(lines...)
		} else {
			w.broken(match.AmountDiffers, lines...)
		}
	case "shared":
		item.Own, item.Reference, item.BankReference, item.Key.Entry = false, "", "T"+ref, int64(w.n*10)
		echo.EndToEndID, echo.BankReference = "", "T"+ref
		w.matched(w.addBank(1, echo), w.addBank(2, echo), w.addBook(1, item, 0), w.addBook(2, item, 0))
	case "book alone":
		w.broken(match.AbsentInBank, w.addBook(1, item, late))
	case "bank alone":
		echo.EndToEndID, echo.BankReference, echo.CounterpartyAccount = "", "U"+ref, "62"+ref
		w.broken(match.AbsentInBook, w.addBank(1, echo))
	case "book reversal":
		red := item
		item.Key.Entry = int64(w.n * 10)
		red.Direction, red.Reverses, red.Key.Entry = bank.Credit+bank.Debit-d, item.Key.Entry, item.Key.Entry+1
		w.matched(w.addBook(1, item, 0), w.addBook(1, red, late))
	case "charge":
		w.broken(match.BankCharge, w.addBank(1, match.StatementLine{
			Movement: moved(bank.Debit, 500, day), Text: "A FEE", Batch: w.day2("", "B1"),
		}))
	case "return":
		item.Direction, item.Returns = bank.Credit, "P"+ref
		echo.Direction, echo.EndToEndID, echo.BankReference = bank.Credit, "", "P"+ref
		echo.CounterpartyAccount = "62" + ref
		w.matched(w.addBank(1, echo), w.addBook(1, item, late))
	default:
		w.addMore(day, late, item, echo)
	}
}

func (w *truths) day2(words ...string) string { return rapid.SampledFrom(words).Draw(w.t, "word") }

func (w *truths) addMore(day, late int, item match.BookLine, echo match.StatementLine) {
	d, ref := item.Direction, item.Reference
	account := "62" + ref
	plain := func(a money.Amount, day int) match.StatementLine {
		return match.StatementLine{Movement: moved(d, a, day), CounterpartyAccount: account}
	}
	direct := func(a money.Amount, day int) match.BookLine {
		return match.BookLine{Movement: moved(d, a, day), CounterpartyAccount: account}
	}
	switch rapid.SampledFrom([]string{"batch", "correction", "amount"}).Draw(w.t, "sort of kind") {
	case "batch":
		w.addBatch(day, late, item)
	case "correction":
		w.addCorrected(day, late, item, echo)
	default:
		switch w.day2("late day", "interest", "interest alone", "parts in the bank", "parts in the book", "alike") {
		case "late day":
			a := w.amount()
			w.matched(w.addBank(1, plain(a, day+w.day("value late", 0, 1, 2))), w.addBook(1, direct(a, day), late))
		case "interest":
			s := plain(w.own(), day+1)
			s.Direction, s.Text, s.CounterpartyAccount = bank.Credit, "INTEREST", ""
			b := match.BookLine{Movement: moved(bank.Credit, s.Amount, day)}
			w.matched(w.addBank(1, s), w.addBook(1, b, late))
		case "interest alone":
			s := plain(w.own(), day)
			s.Direction, s.Text = bank.Credit, "INTEREST"
			w.broken(match.BankInterest, w.addBank(1, s))
		case "parts in the bank":
			a := w.own()
			w.matched(w.addBank(1, plain(a/3, day)), w.addBank(2, plain(a-a/3, day+w.day("second", 0, 1))),
				w.addBook(1, direct(a, day), late))
		case "parts in the book":
			a := w.own()
			w.matched(w.addBank(1, plain(a, day)), w.addBook(1, direct(a/3, day), late),
				w.addBook(2, direct(a-a/3, day+w.day("second", 0, 1)), 0))
		case "alike":
			w.broken(match.Ambiguous, w.addBank(1, plain(w.own(), day)), w.addBank(2, plain(w.own(), day)),
				w.addBook(1, direct(w.own(), day), 0))
		}
	}
}

func (w *truths) addBatch(day, late int, item match.BookLine) {
	d := item.Direction
	item.Batch, item.Key.Entry = "B"+item.Reference, int64(w.n*10)
	items := func(from, n int32, late int) (sum money.Amount, marks []string) {
		for i := range n {
			b := item
			b.Amount, b.Reference = w.own()+money.Amount(i*i+from*1000), fmt.Sprint(item.Reference, from+i)
			sum += b.Amount
			marks = append(marks, w.addBook(from+i, b, late))
		}
		return sum, marks
	}
	lump := func(a money.Amount, day int) match.StatementLine {
		return match.StatementLine{Movement: moved(d, a, day), Batch: item.Batch}
	}
	switch w.day2("lump", "two lumps", "branches", "net", "items", "second lump") {
	case "second lump":
		a, marks := items(1, 3, late)
		w.matched(append(marks, w.addBank(1, lump(a, day)))...)
		again := lump(a, day+w.day("again", 1, 2))
		outside := match.BookLine{Movement: again.Movement}
		w.broken(match.DuplicateBankLine, w.addBank(2, again))
		w.broken(match.AbsentInBank, w.addBook(9, outside, 0))
	case "lump":
		a, marks := items(1, 3, late)
		fee := lump(500, day)
		fee.Text, fee.Direction = "A FEE", bank.Debit
		w.broken(match.BankCharge, w.addBank(2, fee))
		w.matched(append(marks, w.addBank(1, lump(a, day)))...)
	case "two lumps":
		a, marks := items(1, 13, late)
		w.matched(append(marks, w.addBank(1, lump(a/3, day)), w.addBank(2, lump(a-a/3, day+1)))...)
	case "branches":
		// By the causes of the lines; the second branch is booked a day later.
		item.Cause = 1
		a, first := items(1, 2, late)
		item.Cause, item.Key.Entry = 2, item.Key.Entry+1
		b, second := items(3, 3, late)
		w.matched(append(first, w.addBank(1, lump(a, day)))...)
		w.matched(append(second, w.addBank(2, lump(b, day+1)))...)
	case "net":
		a, marks := items(1, 3, late)
		back := item
		back.Direction, back.Amount = bank.Credit+bank.Debit-d, 1234
		back.Key.Entry++
		w.matched(append(marks, w.addBook(1, back, late), w.addBank(1, lump(a-1234, day)))...)
	case "items":
		item.Own = false
		item.Amount = w.own()
		item.Reference = ""
		one, two := lump(item.Amount/3, day), lump(item.Amount-item.Amount/3, day)
		one.EndToEndID, two.EndToEndID = "PAYEE1", "PAYEE2"
		w.matched(w.addBank(1, one), w.addBank(2, two), w.addBook(1, item, late))
	}
}

func (w *truths) addCorrected(day, late int, item match.BookLine, echo match.StatementLine) {
	back := echo
	back.Movement = moved(bank.Credit+bank.Debit-item.Direction, item.Amount, day+1)
	back.Reversal = true
	switch w.day2("stranger", "stranger without a reference", "item again", "wrong amount first") {
	case "stranger":
		echo.EndToEndID, echo.BankReference, back.EndToEndID, back.BankReference = "", "E"+item.Reference, "", "E"+item.Reference
		echo.CounterpartyAccount = "62" + item.Reference
		w.matched(w.addBank(1, echo), w.addBank(2, back))
	case "stranger without a reference":
		echo.EndToEndID, echo.CounterpartyAccount, echo.Amount = "", "62"+item.Reference, w.own()
		back.EndToEndID, back.CounterpartyAccount, back.Amount = "", "62"+item.Reference, w.own()
		w.matched(w.addBank(1, echo), w.addBank(2, back))
	case "item again":
		w.matched(w.addBank(1, echo), w.addBook(1, item, late))
		again := echo
		again.Movement = moved(item.Direction, item.Amount, day+2)
		w.matched(w.addBank(2, back), w.addBank(3, again))
	case "wrong amount first":
		again := echo
		again.Movement = moved(item.Direction, item.Amount, day+2)
		echo.Amount += 700
		back.Amount += 700
		w.matched(w.addBank(1, echo), w.addBank(2, back))
		w.matched(w.addBank(3, again), w.addBook(1, item, late))
	}
}

func drawTruths(t *rapid.T) *truths {
	w := &truths{t: t, rules: match.DefaultRules(), ofBook: map[match.Key]int{}, ofBank: map[string]int{}}
	w.rules.Charges = []match.TextRule{{Words: []string{"FEE"}, Direction: "debit"}}
	w.rules.Interest = []match.TextRule{{Words: []string{"INTEREST"}, Direction: "credit"}}
	w.rules.Tolerance = money.Amount(w.day("tolerance", 0, 1))
	for range w.day("truths", 1, 2, 3, 5, 8, 13) {
		w.add()
	}
	slices.SortStableFunc(w.statement, func(a, b match.StatementLine) int { return a.Booked.Compare(b.Booked) })
	for i := range w.statement {
		w.statement[i].ID = int64(i + 1)
	}
	return w
}

// office is what storage keeps between runs.
type office struct {
	w         *truths
	openBook  map[match.Key]match.BookLine
	openBank  []match.StatementLine
	past      pastOf
	found     []string
	usedTwice error
}

func newOffice(w *truths) *office {
	o := &office{w: w, openBook: map[match.Key]match.BookLine{}, past: pastOf{
		ours: map[string]bool{}, used: map[string]bool{}, batches: map[string]bool{},
	}}
	for _, b := range w.book {
		o.past.ours[b.Reference] = b.Reference != ""
		o.past.batches[b.Batch] = true
	}
	return o
}

func (w *truths) markOf(id int64) string { return strings.Fields(w.statement[id-1].Text)[0] }

func (w *truths) marks(ids []int64, keys []match.Key) string {
	var out []string
	for _, id := range ids {
		out = append(out, w.markOf(id))
	}
	for _, k := range keys {
		out = append(out, fmt.Sprintf("b%d.%d", k.Entry, k.Line))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// keep stores the matches of a matcher.
func (o *office) keep(m *match.Matcher) {
	gone := map[int64]bool{}
	for x := range m.Matches() {
		o.found = append(o.found, "match "+o.w.marks(x.Statement, x.Book))
		echoed := x.Rule == match.Reference || x.Rule == match.SharedReference
		for _, id := range x.Statement {
			gone[id] = true
			l := o.w.statement[id-1]
			if echoed {
				o.past.used[standingKey(l)] = true
			}
			if l.EndToEndID == "" && l.Batch != "" && x.Rule != match.BankReversal {
				o.past.used[lumpKey(l)] = true
			}
			if l.EndToEndID = ""; l.BankReference != "" && spends(x.Rule) {
				o.past.used[standingKey(l)] = true
			}
		}
		for _, k := range x.Book {
			if _, ok := o.openBook[k]; !ok {
				o.usedTwice = fmt.Errorf("book line %v was used before", k)
			}
			delete(o.openBook, k)
		}
	}
	o.openBank = slices.DeleteFunc(o.openBank, func(l match.StatementLine) bool { return gone[l.ID] })
}

// run matches the days after last up to stop, as the service does it: day by day.
func (o *office) run(t *rapid.T, last, stop, sealed calendar.Day, arrived func(match.BookLine) bool) []string {
	var breaks []string
	fed := map[match.Key]bool{}
	var m *match.Matcher
	for d := last.AddDays(1); ; d = d.AddDays(1) {
		if d.After(stop) {
			d = stop
		}
		next := match.New(o.w.rules)
		next.Through(d)
		if sealed.Before(d) {
			next.Through(sealed)
		}
		if m != nil {
			m.Left(next)
		}
		for _, b := range o.w.book {
			if _, open := o.openBook[b.Key]; open && !fed[b.Key] && !b.Booked.After(d) && arrived(b) {
				fed[b.Key] = true
				next.AddBook(b)
			}
		}
		for _, l := range o.openBank {
			if l.Booked == d || (m == nil && !l.Booked.After(d)) {
				next.AddStatement(l)
			}
		}
		m = next
		if err := m.Match(context.Background(), o.past); err != nil {
			t.Fatal(err)
		}
		o.keep(m)
		if d == stop {
			break
		}
	}
	for _, b := range m.Breaks() {
		breaks = append(breaks, string(b.Reason)+" "+o.w.marks(b.Statement, b.Book))
	}
	return breaks
}

// Whatever the order in which statements and the book's lines arrive, the end is the
// same and it is the truth.
func TestTheEndIsTheTruthInAnyOrderOfArrival(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		for range worldsPerCheck / 3 {
			endsInTheTruth(t)
		}
	})
}

func endsInTheTruth(t *rapid.T) {
	w := drawTruths(t)
	slices.Sort(w.want)

	// All at once.
	all := newOffice(w)
	for _, b := range w.book {
		all.openBook[b.Key] = b
	}
	m := match.New(w.rules)
	for _, i := range rapid.Permutation(indexes(len(w.book))).Draw(t, "order") {
		m.AddBook(w.book[i])
	}
	for _, s := range w.statement {
		m.AddStatement(s)
	}
	if err := m.Match(context.Background(), all.past); err != nil {
		t.Fatal(err)
	}
	all.keep(m)
	got := all.found
	for _, b := range m.Breaks() {
		got = append(got, string(b.Reason)+" "+w.marks(b.Statement, b.Book))
	}
	slices.Sort(got)
	if diff := cmp.Diff(w.want, got); diff != "" {
		t.Fatalf("all at once: %s\n%s", diff, w)
	}
	once(t, m, w.book, w.statement, w.rules.Tolerance)

	// As it comes.
	o := newOffice(w)
	for _, b := range w.book {
		o.openBook[b.Key] = b
	}
	// An entry is booked as a whole.
	here := map[int64]bool{}
	last, sealed := day1().AddDays(-1), day1().AddDays(-1)
	end := day1().AddDays(worldDays + 8)
	var breaks []string
	given := 0
	for last != end || sealed != end.AddDays(10) {
		stop := last.AddDays(w.day("statements", 0, 1, 2, 5))
		if stop.After(end) {
			stop = end
		}
		if stop.Before(day1()) {
			continue
		}
		sealed = latestDay(sealed, stop.AddDays(-w.day("sealed", 0, 1, 2)))
		if stop == end {
			sealed = end.AddDays(10)
		}
		for given < len(w.statement) && !w.statement[given].Booked.After(stop) {
			o.openBank = append(o.openBank, w.statement[given])
			given++
		}
		asked := map[int64]bool{}
		for _, b := range w.book {
			if !here[b.Key.Entry] && !asked[b.Key.Entry] {
				asked[b.Key.Entry] = true
				here[b.Key.Entry] = !b.Booked.After(sealed) || w.day("here", 0, 1) == 1
			}
		}
		breaks = o.run(t, last, stop, sealed, func(b match.BookLine) bool { return here[b.Key.Entry] })
		last = stop
	}
	got = append(slices.Clone(o.found), breaks...)
	slices.Sort(got)
	if diff := cmp.Diff(w.want, got); diff != "" || o.usedTwice != nil {
		t.Fatalf("as it comes: %s %v\n%s", diff, o.usedTwice, w)
	}
}

func latestDay(a, b calendar.Day) calendar.Day {
	if b.After(a) {
		return b
	}
	return a
}

// String shows the world.
func (w *truths) String() string {
	var out strings.Builder
	for _, b := range w.book {
		fmt.Fprintf(&out, "%+v\n", b)
	}
	for _, s := range w.statement {
		fmt.Fprintf(&out, "%+v\n", s)
	}
	return out.String()
}

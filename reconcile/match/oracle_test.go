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
	"twoline/gateway/money"
	"twoline/reconcile/match"
)

// The oracle is the rules read slowly: every pass compares every line with every
// other, with no table, no chain and no count kept.

type oracle struct {
	book []match.BookLine
	bank []match.StatementLine
	// usedBook and usedBank say by which rule a line was used.
	usedBook map[match.Key]match.Rule
	usedBank map[int64]match.Rule
	standing map[int64]match.Standing
	out      found
}

func slow(book []match.BookLine, statement []match.StatementLine) found {
	o := &oracle{
		book: slices.Clone(book), bank: statement,
		usedBook: map[match.Key]match.Rule{}, usedBank: map[int64]match.Rule{}, standing: map[int64]match.Standing{},
	}
	slices.SortFunc(o.book, func(a, b match.BookLine) int {
		if a.Key.Entry != b.Key.Entry {
			return int(a.Key.Entry - b.Key.Entry)
		}
		return int(a.Key.Line - b.Key.Line)
	})
	o.reversals()
	o.streamed()
	for {
		for {
			n := len(o.out.Matches)
			o.standings()
			o.references()
			if len(o.out.Matches) == n {
				break
			}
		}
		n := len(o.out.Matches)
		o.batchTotals()
		o.amountDay()
		if len(o.out.Matches) == n {
			break
		}
	}
	o.breaks()
	slices.Sort(o.out.Matches)
	slices.Sort(o.out.Breaks)
	return o.out
}

func (o *oracle) use(rule match.Rule, by match.Rule, statement []match.StatementLine, book []match.BookLine) {
	x := match.Match{Rule: rule}
	// A stranger's line that was matched by the bank's reference uses it up for nobody.
	strangers := !slices.ContainsFunc(statement, func(s match.StatementLine) bool { return s.EndToEndID == "" })
	if by == match.BankReference && strangers {
		by = "bank_reference of a stranger"
	}
	for _, s := range statement {
		x.Statement = append(x.Statement, s.ID)
		o.usedBank[s.ID] = by
	}
	for _, b := range book {
		x.Book = append(x.Book, b.Key)
		o.usedBook[b.Key] = by
	}
	o.out.Matches = append(o.out.Matches, fmt.Sprintf("%s %s %v %v", rule, x.Kind(), x.Statement, sorted(x.Book)))
}

func (o *oracle) name(reason match.Reason, statement []match.StatementLine, book []match.BookLine) {
	var ids []int64
	var keys []match.Key
	var sum money.Amount
	for _, s := range statement {
		ids = append(ids, s.ID)
		o.usedBank[s.ID] = "broken"
		sum += s.Signed()
	}
	for _, b := range book {
		keys = append(keys, b.Key)
		o.usedBook[b.Key] = "broken"
		sum -= b.Signed()
	}
	if len(statement) == 0 {
		sum = -sum
	}
	direction := bank.Credit
	if sum < 0 {
		direction, sum = bank.Debit, -sum
	}
	o.out.Breaks = append(o.out.Breaks, fmt.Sprintf("%d %s %v %v %s %s",
		reason.Class(), reason, ids, sorted(keys), direction, sum))
}

func (o *oracle) openBook(ok func(match.BookLine) bool) (out []match.BookLine) {
	for _, b := range o.book {
		if o.usedBook[b.Key] == "" && ok(b) {
			out = append(out, b)
		}
	}
	return out
}

func (o *oracle) openBank(ok func(match.StatementLine) bool) (out []match.StatementLine) {
	for _, s := range o.bank {
		if o.usedBank[s.ID] == "" && ok(s) {
			out = append(out, s)
		}
	}
	return out
}

func (o *oracle) reversals() {
	for _, a := range o.book {
		for _, b := range o.book {
			if b.Reverses == a.Key.Entry && b.Key.Line == a.Key.Line && b.Amount == a.Amount &&
				b.Direction != a.Direction && o.usedBook[a.Key] == "" && o.usedBook[b.Key] == "" {
				o.use(match.BookReversal, match.BookReversal, nil, []match.BookLine{a, b})
			}
		}
	}
}

// same says that both carry one reference of the rule's sort.
func same(s match.StatementLine, b match.BookLine, rule match.Rule) bool {
	if s.Direction != b.Direction {
		return false
	}
	if rule == match.Reference {
		return s.EndToEndID != "" && s.EndToEndID == b.Reference
	}
	return s.BankReference != "" && s.BankReference == b.BankReference && (!b.Own || s.EndToEndID == "")
}

func (o *oracle) ruleOf(s match.StatementLine) match.Rule {
	if s.EndToEndID == "" || o.standing[s.ID] == match.Foreign {
		return match.BankReference
	}
	return match.Reference
}

func (o *oracle) equals(s match.StatementLine, rule match.Rule) []match.BookLine {
	return o.openBook(func(b match.BookLine) bool { return same(s, b, rule) && b.Amount == s.Amount })
}

// streamed is the first look at a line: the id that it echoes, or the bank's
// reference where it echoes none.
func (o *oracle) streamed() {
	for _, s := range o.bank {
		rule := match.Reference
		if s.EndToEndID == "" {
			rule = match.BankReference
		}
		if e := o.equals(s, rule); len(e) == 1 {
			o.use(rule, rule, []match.StatementLine{s}, e)
		}
	}
}

// references looks again at what is left, and at equal lines together.
func (o *oracle) references() {
	for _, s := range o.bank {
		if o.usedBank[s.ID] != "" {
			continue
		}
		if e := o.equals(s, o.ruleOf(s)); len(e) == 1 {
			o.use(o.ruleOf(s), o.ruleOf(s), []match.StatementLine{s}, e)
		}
	}
	for _, s := range o.bank {
		if o.usedBank[s.ID] != "" {
			continue
		}
		rule, e := o.ruleOf(s), o.equals(s, o.ruleOf(s))
		twins := o.twins(s, rule)
		if len(e) < 2 || len(twins) != len(e) {
			continue
		}
		shown := match.SharedReference
		if rule == match.BankReference {
			shown = match.SharedBankReference
		}
		o.use(shown, rule, twins, e)
	}
}

// twins returns the open lines that are the line's equals by reference.
func (o *oracle) twins(s match.StatementLine, rule match.Rule) []match.StatementLine {
	return o.openBank(func(t match.StatementLine) bool {
		if o.ruleOf(t) != rule || t.Amount != s.Amount || t.Direction != s.Direction {
			return false
		}
		if rule == match.Reference {
			return t.EndToEndID == s.EndToEndID
		}
		return t.BankReference == s.BankReference && (t.EndToEndID == "") == (s.EndToEndID == "")
	})
}

func (o *oracle) standings() {
	for _, s := range o.bank {
		for _, b := range o.book {
			if s.EndToEndID != "" && same(s, b, match.Reference) {
				o.standing[s.ID] = max(o.standing[s.ID], match.Ours)
				if o.usedBook[b.Key] == match.Reference {
					o.standing[s.ID] = match.Consumed
				}
			}
			if s.EndToEndID == "" && same(s, b, match.BankReference) && b.Amount == s.Amount &&
				o.usedBook[b.Key] == match.BankReference {
				o.standing[s.ID] = match.Consumed
			}
		}
	}
}

func (o *oracle) inBatch(s match.StatementLine) bool {
	return s.Batch != "" && s.EndToEndID == "" && o.standing[s.ID] != match.Consumed
}

// batchTotals knows one rule of batches only: worlds of the oracle have one
// cause, entry and value day in each batch.
func (o *oracle) batchTotals() {
	for _, s := range o.bank {
		if o.usedBank[s.ID] != "" || !o.inBatch(s) {
			continue
		}
		lumps, items := o.batch(s)
		if total(lumps) == bookTotal(items) && len(items) > 0 {
			o.use(match.BatchTotal, match.BatchTotal, lumps, items)
			continue
		}
		equal := only(lumps, func(l match.StatementLine) bool { return l.Amount == bookTotal(items) })
		sameDay := only(equal, func(l match.StatementLine) bool { return l.Value == day1() })
		switch {
		case len(items) == 0:
		case len(sameDay) == 1:
			o.use(match.BatchPart, match.BatchPart, sameDay, items)
		case len(equal) == 1:
			o.use(match.BatchPart, match.BatchPart, equal, items)
		}
	}
}

func (o *oracle) batch(s match.StatementLine) ([]match.StatementLine, []match.BookLine) {
	lumps := o.openBank(func(t match.StatementLine) bool {
		return t.Batch == s.Batch && t.Direction == s.Direction && o.inBatch(t)
	})
	items := o.openBook(func(b match.BookLine) bool { return b.Batch == s.Batch && b.Direction == s.Direction })
	return lumps, items
}

func only(lines []match.StatementLine, ok func(match.StatementLine) bool) (out []match.StatementLine) {
	for _, l := range lines {
		if ok(l) {
			out = append(out, l)
		}
	}
	return out
}

func total(lines []match.StatementLine) (sum money.Amount) {
	for _, l := range lines {
		sum += l.Amount
	}
	return sum
}

func bookTotal(lines []match.BookLine) (sum money.Amount) {
	for _, l := range lines {
		sum += l.Amount
	}
	return sum
}

// could says that the two may be one movement by amount and day.
func (o *oracle) could(s match.StatementLine, b match.BookLine) bool {
	if s.Amount != b.Amount || s.Direction != b.Direction || s.Value != b.Value || o.standing[s.ID] != match.Foreign {
		return false
	}
	if (s.EndToEndID != "" || s.Batch != "") && (b.Own || b.Batch != "") {
		return false
	}
	if s.BankReference != "" && b.BankReference != "" {
		return false
	}
	return !slices.ContainsFunc(o.bank, func(t match.StatementLine) bool {
		unmatched := o.usedBank[t.ID] == "" || o.usedBank[t.ID] == "broken"
		return unmatched && same(t, b, match.Reference)
	})
}

func (o *oracle) amountDay() {
	type both struct {
		s match.StatementLine
		b match.BookLine
	}
	var pairs []both
	for _, s := range o.openBank(func(match.StatementLine) bool { return true }) {
		mine := o.openBook(func(b match.BookLine) bool { return o.could(s, b) })
		if len(mine) != 1 {
			continue
		}
		theirs := o.openBank(func(t match.StatementLine) bool { return o.could(t, mine[0]) })
		if len(theirs) == 1 {
			pairs = append(pairs, both{s, mine[0]})
		}
	}
	for _, p := range pairs {
		o.use(match.AmountDay, match.AmountDay, []match.StatementLine{p.s}, []match.BookLine{p.b})
	}
}

func (o *oracle) breaks() {
	o.sharedBreaks()
	for _, s := range o.openBank(func(match.StatementLine) bool { return true }) {
		if o.standing[s.ID] == match.Consumed {
			o.name(match.DuplicateBankLine, []match.StatementLine{s}, nil)
			continue
		}
		rivals := o.openBook(func(b match.BookLine) bool { return same(s, b, match.Reference) })
		if len(rivals) == 0 && (s.EndToEndID == "" || o.standing[s.ID] == match.Foreign) {
			rivals = o.openBook(func(b match.BookLine) bool { return same(s, b, match.BankReference) })
		}
		if len(rivals) > 0 {
			o.name(match.AmountDiffers, []match.StatementLine{s}, rivals[:1])
		}
	}
	for _, s := range o.bank {
		if o.usedBank[s.ID] != "" || !o.inBatch(s) {
			continue
		}
		lumps, items := o.batch(s)
		if len(items) == 0 {
			continue
		}
		equal := only(lumps, func(l match.StatementLine) bool { return l.Amount == bookTotal(items) })
		if len(equal) > 0 {
			o.name(match.Ambiguous, equal, items)
		} else {
			o.name(match.AmountDiffers, lumps, items)
		}
	}
	for _, s := range o.bank {
		if o.usedBank[s.ID] != "" {
			continue
		}
		alike := o.openBank(func(t match.StatementLine) bool {
			return t.Amount == s.Amount && t.Direction == s.Direction && t.Value == s.Value &&
				len(o.openBook(func(b match.BookLine) bool { return o.could(t, b) })) > 0
		})
		if len(alike) == 0 {
			continue
		}
		candidates := o.openBook(func(b match.BookLine) bool {
			return slices.ContainsFunc(alike, func(t match.StatementLine) bool { return o.could(t, b) })
		})
		o.name(match.Ambiguous, alike, candidates)
	}
	for _, s := range o.openBank(func(match.StatementLine) bool { return true }) {
		o.name(match.AbsentInBook, []match.StatementLine{s}, nil)
	}
	for _, b := range o.openBook(func(match.BookLine) bool { return true }) {
		o.name(match.AbsentInBank, nil, []match.BookLine{b})
	}
}

// sharedBreaks names what several equal references leave on both sides.
func (o *oracle) sharedBreaks() {
	for _, s := range o.bank {
		if o.usedBank[s.ID] != "" {
			continue
		}
		if e := o.equals(s, o.ruleOf(s)); len(e) > 0 {
			o.name(match.Ambiguous, o.twins(s, o.ruleOf(s)), e)
		}
	}
}

// drawWorld draws lines from an alphabet so small that everything collides.
func drawWorld(t *rapid.T) ([]match.BookLine, []match.StatementLine) {
	movement := func() match.Movement {
		return move(rapid.SampledFrom([]bank.Direction{bank.Credit, bank.Debit}).Draw(t, "direction"),
			rapid.SampledFrom([]string{"1.00", "2.00", "3.00"}).Draw(t, "amount"), rapid.IntRange(0, 1).Draw(t, "day"))
	}
	word := func(of string, words ...string) string { return rapid.SampledFrom(words).Draw(t, of) }
	var book []match.BookLine
	for i := range rapid.IntRange(0, 8).Draw(t, "book lines") {
		b := match.BookLine{
			Movement: movement(), Key: key(int64(i+1), 1), BankReference: word("bank ref", "", "", "X", "Y"),
		}
		switch word("sort", "item", "item in batch", "direct", "reversal") {
		case "item":
			b.Reference, b.Own = word("reference", "501", "502", "503"), true
		case "item in batch":
			// A batch of one entry, cause and day for each direction.
			b.Reference, b.Own, b.Batch = word("reference", "501", "502", "503"), true, word("batch", "B1", "B2")
			b.Key = key(100+int64(b.Batch[1])*10+int64(b.Direction), int32(i+1))
			b.Cause, b.Value = b.Key.Entry, day1()
		case "direct":
			b.Reference = word("reference", "", "601")
		case "reversal":
			if i > 0 {
				o := book[i-1]
				b.Movement, b.Reference, b.Own = o.Movement, o.Reference, o.Own
				b.Key.Line, b.Reverses = o.Key.Line, o.Key.Entry
				b.Direction = bank.Credit + bank.Debit - o.Direction
			}
		}
		book = append(book, b)
	}
	var statement []match.StatementLine
	for i := range rapid.IntRange(0, 8).Draw(t, "statement lines") {
		statement = append(statement, match.StatementLine{
			ID: int64(i + 1), Movement: movement(), EndToEndID: word("echo", "", "", "501", "502", "601", "PAYER"),
			BankReference: word("bank ref", "", "X", "Y", "Z"), Batch: word("batch", "", "", "B1", "B2", "B9"),
		})
	}
	return book, statement
}

func TestAgainstTheSlowReading(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		book, statement := drawWorld(t)
		want := slow(book, statement)
		m := match.New()
		for _, i := range rapid.Permutation(indexes(len(book))).Draw(t, "order") {
			m.AddBook(book[i])
		}
		for _, s := range statement {
			m.AddStatement(s)
		}
		if err := m.Match(context.Background(), match.NoPast{}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, foundOf(m)); diff != "" {
			t.Fatal(diff)
		}
		once(t, m, book, statement)
	})
}

func indexes(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func foundOf(m *match.Matcher) found {
	var f found
	for x := range m.Matches() {
		ids := slices.Clone(x.Statement)
		slices.Sort(ids)
		f.Matches = append(f.Matches, fmt.Sprintf("%s %s %v %v", x.Rule, x.Kind(), ids, sorted(x.Book)))
	}
	for _, b := range m.Breaks() {
		f.Breaks = append(f.Breaks, fmt.Sprintf("%d %s %v %v %s %s",
			b.Reason.Class(), b.Reason, b.Statement, sorted(b.Book), b.Direction, b.Amount))
	}
	slices.Sort(f.Matches)
	slices.Sort(f.Breaks)
	return f
}

// once proves that every line stands in one match or one break, and that the
// two sides of every match are the same money.
func once(t *rapid.T, m *match.Matcher, book []match.BookLine, statement []match.StatementLine) {
	signedBook, signedBank := map[match.Key]money.Amount{}, map[int64]money.Amount{}
	for _, b := range book {
		signedBook[b.Key] = b.Signed()
	}
	for _, s := range statement {
		signedBank[s.ID] = s.Signed()
	}
	seenBook, seenBank := map[match.Key]int{}, map[int64]int{}
	for x := range m.Matches() {
		var sum money.Amount
		for _, id := range x.Statement {
			seenBank[id]++
			sum += signedBank[id]
		}
		for _, k := range x.Book {
			seenBook[k]++
			sum -= signedBook[k]
		}
		if sum != 0 {
			t.Fatalf("%s matches lines that differ by %s", x.Rule, sum)
		}
	}
	for _, b := range m.Breaks() {
		for _, id := range b.Statement {
			seenBank[id]++
		}
		for _, k := range b.Book {
			seenBook[k]++
		}
	}
	for _, b := range book {
		if seenBook[b.Key] != 1 {
			t.Fatalf("book line %v stands in %d matches and breaks", b.Key, seenBook[b.Key])
		}
	}
	for _, s := range statement {
		if seenBank[s.ID] != 1 {
			t.Fatalf("statement line %d stands in %d matches and breaks", s.ID, seenBank[s.ID])
		}
	}
}

// Matching what is left again, with what was matched as the past, finds nothing
// new and names the same breaks.
func TestAgainFindsNothingNew(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		book, statement := drawWorld(t)
		first := match.New()
		for _, b := range book {
			first.AddBook(b)
		}
		for _, s := range statement {
			first.AddStatement(s)
		}
		past := pastOf{ours: map[string]bool{}, used: map[string]bool{}}
		for _, b := range book {
			past.ours[b.Reference] = b.Reference != ""
		}
		// What is ours is known to storage on the first run as on the second.
		if err := first.Match(context.Background(), pastOf{ours: past.ours}); err != nil {
			t.Fatal(err)
		}
		gone := map[int64]bool{}
		goneBook := map[match.Key]bool{}
		for x := range first.Matches() {
			for _, k := range x.Book {
				goneBook[k] = true
			}
			for _, id := range x.Statement {
				gone[id] = true
				l := statement[id-1]
				echoed := x.Rule == match.Reference || x.Rule == match.SharedReference
				if strings.Contains(string(x.Rule), "reference") && echoed == (l.EndToEndID != "") {
					past.used[standingKey(l)] = true
				}
			}
		}
		second := match.New()
		for _, b := range book {
			if !goneBook[b.Key] {
				second.AddBook(b)
			}
		}
		for _, s := range statement {
			if !gone[s.ID] {
				second.AddStatement(s)
			}
		}
		if err := second.Match(context.Background(), past); err != nil {
			t.Fatal(err)
		}
		if again := foundOf(second); len(again.Matches) > 0 {
			t.Fatalf("found more the second time: %v\n%+v\n%+v\n%+v", again.Matches, book, statement, foundOf(first))
		}
		if diff := cmp.Diff(foundOf(first).Breaks, foundOf(second).Breaks); diff != "" {
			t.Fatal(diff)
		}
	})
}

package match_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"twoline/gateway/bank"
	"twoline/gateway/money"
	"twoline/reconcile/match"
)

// worldDrawer draws lines from an alphabet so small that everything collides.
type worldDrawer struct {
	t *rapid.T
	w world
	// named says that counterparties are known in this world.
	named bool
}

func (d *worldDrawer) word(of string, words ...string) string {
	return rapid.SampledFrom(words).Draw(d.t, of)
}

func (d *worldDrawer) one(of string, numbers ...int) int {
	return rapid.SampledFrom(numbers).Draw(d.t, of)
}

func (d *worldDrawer) movement() match.Movement {
	m := move(rapid.SampledFrom([]bank.Direction{bank.Credit, bank.Credit, bank.Debit}).Draw(d.t, "direction"),
		d.word("amount", "1.00", "1.01", "2.00", "3.00", "5.00"), d.one("day", 0, 1, 2, 3, 4))
	m.Value = m.Value.AddDays(-d.one("before", 0, 0, 0, 1))
	return m
}

func (d *worldDrawer) person() (name, account string) {
	if !d.named {
		return "", ""
	}
	return d.word("name", "", "LI", "WU"), d.word("account", "", "", "62", "63")
}

// addBook adds a line of the book of any sort.
func (d *worldDrawer) addBook() {
	i := int64(len(d.w.book) + 1)
	b := match.BookLine{Movement: d.movement(), Key: key(i, 1), BankReference: d.word("bank ref", "", "", "X", "Y")}
	b.Counterparty, b.CounterpartyAccount = d.person()
	switch d.word("sort", "item", "item in batch", "direct", "direct", "lump", "reversal", "return") {
	case "item":
		b.Reference, b.Own = d.word("reference", "501", "502", "503"), true
	case "item in batch":
		b.Reference, b.Own, b.Batch = d.word("reference", "501", "502", "503"), true, d.word("batch", "B1", "B2")
		b.Key, b.Cause = key(100+int64(d.one("entry", 0, 1)), int32(i)), int64(d.one("cause", 0, 1, 2))
	case "direct":
		b.Reference = d.word("reference", "", "", "601")
	case "lump":
		b.Batch = d.word("batch", "B1", "B2")
	case "return":
		b.Returns = d.word("returns", "X", "Z")
	case "reversal":
		if i > 1 {
			o := d.w.book[i-2]
			b.Movement, b.Reference, b.Own, b.Reverses = o.Movement, o.Reference, o.Own, o.Key.Entry
			b.Key.Line, b.Direction = o.Key.Line, bank.Credit+bank.Debit-o.Direction
		}
	}
	d.w.book = append(d.w.book, b)
}

func (d *worldDrawer) add(s match.StatementLine) {
	s.ID = int64(len(d.w.statement) + 1)
	d.w.statement = append(d.w.statement, s)
}

// addNoise adds a line of the bank of any sort.
func (d *worldDrawer) addNoise() {
	s := match.StatementLine{
		Movement: d.movement(), EndToEndID: d.word("echo", "", "", "", "501", "502", "601", "PAYER"),
		BankReference: d.word("bank ref", "", "", "X", "Y", "Z"), Batch: d.word("batch", "", "", "B1", "B2", "B9"),
		Reversal: d.one("reversal", 0, 0, 0, 0, 1) == 1,
		Text:     d.word("text", "", "", "", "", "A FEE", "SOME INTEREST"),
	}
	s.Counterparty, s.CounterpartyAccount = d.person()
	d.add(s)
}

// addEcho adds what the bank may say of a line of the book, near to the truth.
func (d *worldDrawer) addEcho() {
	b := rapid.SampledFrom(d.w.book).Draw(d.t, "echoed")
	s := match.StatementLine{Movement: b.Movement, Counterparty: b.Counterparty, CounterpartyAccount: b.CounterpartyAccount}
	s.Booked = s.Booked.AddDays(d.one("later", 0, 0, 1, 2))
	s.Value = s.Value.AddDays(d.one("value later", 0, 0, 1, 2))
	s.Text = d.word("text", "", "", "SOME INTEREST")
	if b.Own {
		s.EndToEndID = d.word("echoes", b.Reference, "")
	}
	s.BankReference = d.word("bank ref", "", b.BankReference, b.Returns)
	d.add(s)
}

// addLump adds a lump of some lines of a batch or of the book at all.
func (d *worldDrawer) addLump() {
	first := rapid.SampledFrom(d.w.book).Draw(d.t, "first of a lump")
	s := match.StatementLine{
		Movement: first.Movement, Batch: first.Batch, Counterparty: first.Counterparty,
		CounterpartyAccount: first.CounterpartyAccount,
		EndToEndID:          d.word("lump echo", "", "", first.Reference),
	}
	s.BankReference = d.word("bank ref", "", first.BankReference)
	for _, b := range d.w.book {
		if b.Key != first.Key && b.Direction == first.Direction && b.Batch == first.Batch && d.one("in", 0, 1) == 1 {
			s.Amount += b.Amount
		}
	}
	d.add(s)
}

// addSplit adds two lines of the bank that are one of the book.
func (d *worldDrawer) addSplit() {
	b := rapid.SampledFrom(d.w.book).Draw(d.t, "split")
	s := match.StatementLine{
		Movement: b.Movement, Batch: b.Batch, Counterparty: b.Counterparty, CounterpartyAccount: b.CounterpartyAccount,
		EndToEndID: d.word("split echo", "", b.Reference, "PAYER"), BankReference: d.word("bank ref", "", b.BankReference),
	}
	whole := s.Amount
	s.Amount = max(1, whole/2-money.Amount(d.one("less", 0, 10)))
	d.add(s)
	s.Amount = max(1, whole-s.Amount)
	d.add(s)
}

// addCorrection adds the bank's correction of one of its lines.
func (d *worldDrawer) addCorrection() {
	s := rapid.SampledFrom(d.w.statement).Draw(d.t, "corrected")
	s.Direction, s.Reversal = bank.Credit+bank.Debit-s.Direction, true
	s.Booked = s.Booked.AddDays(d.one("corrected later", 0, 1, 2))
	s.BankReference = d.word("bank ref", s.BankReference, "")
	d.add(s)
}

// addBatch adds a batch, perhaps with returns, and how the bank booked it: net, by
// branch or in full.
func (d *worldDrawer) addBatch() {
	way := rapid.SampledFrom([]bank.Direction{bank.Credit, bank.Debit}).Draw(d.t, "direction")
	var lumps [2]money.Amount
	var net money.Amount
	for range d.one("items", 2, 3, 4) {
		b := match.BookLine{Movement: d.movement(), Batch: "B3"}
		b.Direction = way
		if d.one("returned", 0, 0, 0, 1) == 1 {
			b.Direction = bank.Credit + bank.Debit - way
		}
		i := len(d.w.book) + 1
		b.Key = key(200+int64(d.one("entry", 0, i)), int32(100+i))
		b.Reference, b.Own = fmt.Sprint(700+i), d.one("own", 0, 1) == 1
		d.w.book = append(d.w.book, b)
		net += b.Signed()
		if b.Direction == way {
			lumps[d.one("branch", 0, 1)] += b.Amount
		}
	}
	s := match.StatementLine{Movement: move(way, "1.00", d.one("day", 0, 1, 2)), Batch: "B3"}
	if d.one("net", 0, 0, 1) == 1 && net != 0 {
		s.Direction, s.Amount = bankDirection(net), max(net, -net)
		d.add(s)
		return
	}
	for n, lump := range lumps {
		if s.Amount = lump; lump > 0 && d.one("booked", 0, 1, 1) == 1 {
			s.EndToEndID = d.word("echo", "", "", fmt.Sprintf("PART%d", n))
			d.add(s)
		}
	}
}

// addTwins adds lines that are equal in all, on both sides.
func (d *worldDrawer) addTwins() {
	b := match.BookLine{Movement: d.movement(), Key: key(int64(1000+10*len(d.w.book)), 1), BankReference: "T"}
	b.Reference, b.Own = d.word("reference", "", "509"), d.one("own", 0, 1) == 1
	for range d.one("twins", 1, 2, 2) {
		b.Key.Entry++
		d.w.book = append(d.w.book, b)
	}
	for range d.one("twins of the bank", 1, 2, 2) {
		d.add(match.StatementLine{Movement: b.Movement, BankReference: "T", EndToEndID: b.Reference})
	}
}

func drawWorld(t *rapid.T) world {
	d := &worldDrawer{t: t, w: world{rules: drawRules(t), standing: map[int64]match.Standing{}}}
	d.named = d.one("named", 0, 1) == 1
	if d.one("bounded", 0, 0, 1) == 1 {
		d.w.through = day1().AddDays(d.one("through", 0, 1, 2, 3, 4, 5, 6))
	}
	for range d.one("book lines", 0, 1, 2, 3, 4, 5, 6, 7) {
		d.addBook()
	}
	for range d.one("statement lines", 1, 2, 3, 4, 5, 6) {
		switch what := d.word("what", "noise", "echo", "echo", "lump", "split", "correction", "batch", "twins"); {
		case what == "batch":
			d.addBatch()
		case what == "twins":
			d.addTwins()
		case what == "correction" && len(d.w.statement) > 0:
			d.addCorrection()
		case len(d.w.book) == 0 || what == "noise" || what == "correction":
			d.addNoise()
		case what == "echo":
			d.addEcho()
		case what == "lump":
			d.addLump()
		case what == "split":
			d.addSplit()
		}
	}
	for i := range d.w.statement {
		if d.one("known", 0, 0, 0, 0, 0, 1) == 1 {
			known := []match.Standing{match.Forbidden, match.Ours, match.Consumed}
			if d.w.statement[i].EndToEndID == "" {
				known = append(known, match.Within, match.Within)
			}
			d.w.standing[int64(i+1)] = rapid.SampledFrom(known).Draw(t, "standing")
		}
	}
	slices.SortStableFunc(d.w.statement, func(a, b match.StatementLine) int { return a.Booked.Compare(b.Booked) })
	return d.w
}

// drawRules draws any rules, the passes mostly on.
func drawRules(t *rapid.T) match.Rules {
	r := match.DefaultRules()
	r.Days = rapid.IntRange(0, 3).Draw(t, "days")
	r.Tolerance = money.Amount(rapid.SampledFrom([]int64{0, 0, 1}).Draw(t, "tolerance"))
	off := make([]bool, 30)
	off[0] = true
	for _, rule := range match.AllRules() {
		if rapid.SampledFrom(off).Draw(t, "off") {
			r.Off = append(r.Off, rule)
		}
	}
	r.Charges = []match.TextRule{{Words: []string{"FEE"}, Direction: "debit", AtMost: money.MustParse("2.00")}}
	r.Interest = []match.TextRule{{Words: []string{"INTEREST"}, Direction: "credit"}}
	return r
}

// Standings implements match.Past: what the world says was before.
func (w world) Standings(_ context.Context, lines []match.StatementLine) ([]match.Standing, error) {
	out := make([]match.Standing, len(lines))
	for i, l := range lines {
		out[i] = w.standing[l.ID]
	}
	return out, nil
}

// matcher returns a Matcher that was given the whole world, the book in an order.
func (w world) matcher(t *rapid.T, order []int) *match.Matcher {
	m := match.New(w.rules)
	m.Through(w.through)
	for _, i := range order {
		m.AddBook(w.book[i])
	}
	for _, s := range w.statement {
		m.AddStatement(s)
	}
	if err := m.Match(context.Background(), w); err != nil {
		t.Fatal(err)
	}
	return m
}

// worldsPerCheck makes the hundred checks of a plain run thousands of worlds.
const worldsPerCheck = 30

func TestAgainstTheSlowReading(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		for range worldsPerCheck {
			w := drawWorld(t)
			want := slow(w)
			m := w.matcher(t, rapid.Permutation(indexes(len(w.book))).Draw(t, "order"))
			if diff := cmp.Diff(want, foundOf(m)); diff != "" {
				t.Fatalf("%s\n%+v\n%+v\n%+v", diff, w.rules, w.book, w.statement)
			}
			once(t, m, w.book, w.statement, w.rules.Tolerance)
		}
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
		f.Matches = append(f.Matches, fmt.Sprintf("%s %s %v %v%s", x.Rule, x.Kind(), ids, sorted(x.Book),
			differs(x.Difference)))
	}
	for _, b := range m.Breaks() {
		slices.Sort(b.Statement)
		f.Breaks = append(f.Breaks, fmt.Sprintf("%d %s %v %v %s %s",
			b.Reason.Class(), b.Reason, b.Statement, sorted(b.Book), b.Direction, b.Amount))
	}
	slices.Sort(f.Matches)
	slices.Sort(f.Breaks)
	return f
}

// once proves that every line stands in one match or one break, and that the
// two sides of every match are the same money.
func once(t *rapid.T, m *match.Matcher, book []match.BookLine, statement []match.StatementLine,
	tolerance money.Amount,
) {
	t.Helper()
	signedBook, signedBank := map[match.Key]money.Amount{}, map[int64]money.Amount{}
	for _, b := range book {
		signedBook[b.Key] = b.Signed()
	}
	for _, s := range statement {
		signedBank[s.ID] = s.Signed()
	}
	seenBook, seenBank := map[match.Key]int{}, map[int64]int{}
	var unexplained money.Amount
	for x := range m.Matches() {
		unexplained += x.Difference
		var sum money.Amount
		for _, id := range x.Statement {
			seenBank[id]++
			sum += signedBank[id]
		}
		for _, k := range x.Book {
			seenBook[k]++
			sum -= signedBook[k]
		}
		if sum != x.Difference || max(sum, -sum) > tolerance {
			t.Fatalf("%s matches lines that differ by %d and says %d", x.Rule, sum, x.Difference)
		}
		if x.Score < 1 || x.Score > 100 || !strings.HasPrefix(x.Evidence, x.Rule.Reason()) {
			t.Fatalf("%s has score %d and evidence %q", x.Rule, x.Score, x.Evidence)
		}
	}
	for _, b := range m.Breaks() {
		for _, id := range b.Statement {
			seenBank[id]++
			unexplained += signedBank[id]
		}
		for _, k := range b.Book {
			seenBook[k]++
			unexplained -= signedBook[k]
		}
	}
	// Each side's balance with what only the other has is the same, to the fen.
	for _, b := range book {
		unexplained += b.Signed()
	}
	for _, s := range statement {
		unexplained -= s.Signed()
	}
	if unexplained != 0 {
		t.Fatalf("matches and breaks do not explain %d of the difference", unexplained)
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

// The comparison above is worth as much as the worlds hold: every rule and every
// reason must occur in them.
func TestTheWorldsHoldEveryRuleAndReason(t *testing.T) {
	t.Parallel()
	worlds := rapid.Custom(drawWorld)
	seen := map[string]int{}
	for seed := range 3000 {
		f := slow(worlds.Example(seed))
		for _, x := range f.Matches {
			seen[strings.Fields(x)[0]]++
		}
		for _, x := range f.Breaks {
			seen[strings.Fields(x)[1]]++
		}
	}
	for _, r := range match.AllRules() {
		if seen[string(r)] == 0 {
			t.Errorf("no world holds rule %s", r)
		}
	}
	for _, r := range match.Reasons() {
		if seen[string(r)] == 0 {
			t.Errorf("no world holds reason %s", r)
		}
	}
	t.Log(seen)
}

// spends says that a match by the rule is known by the bank's reference of its lines.
func spends(r match.Rule) bool {
	return slices.Contains([]match.Rule{
		match.Reference, match.SharedReference, match.BankReference, match.SharedBankReference, match.AmountDay,
		match.AmountWindow, match.Interest,
	}, r)
}

// consume makes the world say of its lines what storage says after a match. The
// world's book is what is still open.
func (w world) consume(x match.Match, all []match.StatementLine) {
	echoed := x.Rule == match.Reference || x.Rule == match.SharedReference
	for _, l := range all {
		if !slices.Contains(x.Statement, l.ID) {
			continue
		}
		for _, o := range all {
			second := o.EndToEndID == "" && o.Amount == l.Amount
			open := slices.ContainsFunc(w.book, func(b match.BookLine) bool {
				return b.Batch == o.Batch && b.Direction == o.Direction
			})
			switch {
			case o.Direction != l.Direction:
			case echoed && l.EndToEndID == o.EndToEndID,
				second && o.BankReference != "" && o.BankReference == l.BankReference && spends(x.Rule),
				second && o.Batch != "" && o.Batch == l.Batch && l.EndToEndID == "" && x.Rule != match.BankReversal &&
					w.standing[o.ID] != match.Forbidden && w.standing[o.ID] != match.Within && !open:
				w.standing[o.ID] = match.Consumed
			}
		}
	}
}

// OurBatch implements match.Batches.
func (w world) OurBatch(name string) bool { return w.batches[name] }

// Matching what is left again, with what was matched as the past, finds nothing
// new and names the same breaks.
func TestAgainFindsNothingNew(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		for range worldsPerCheck {
			w := drawWorld(t)
			// What stands in the past stands there on the first run as on the second.
			for _, s := range w.statement {
				for _, b := range w.book {
					if s.EndToEndID != "" && s.EndToEndID == b.Reference && s.Direction == b.Direction {
						w.standing[s.ID] = max(w.standing[s.ID], match.Ours)
					}
				}
			}
			first := w.matcher(t, indexes(len(w.book)))
			usedBank, usedBook := map[int64]bool{}, map[match.Key]bool{}
			again := w
			again.book, again.statement, again.standing = nil, nil, maps.Clone(w.standing)
			for x := range first.Matches() {
				for _, k := range x.Book {
					usedBook[k] = true
				}
				for _, id := range x.Statement {
					usedBank[id] = true
				}
			}
			again.batches = map[string]bool{}
			for _, b := range w.book {
				again.batches[b.Batch] = true
				if !usedBook[b.Key] {
					again.book = append(again.book, b)
				}
			}
			for x := range first.Matches() {
				again.consume(x, w.statement)
			}
			for _, s := range w.statement {
				if !usedBank[s.ID] {
					again.statement = append(again.statement, s)
				}
			}
			second := foundOf(again.matcher(t, indexes(len(again.book))))
			if len(second.Matches) > 0 {
				t.Fatalf("found more the second time: %v\n%+v", second.Matches, w)
			}
			if diff := cmp.Diff(foundOf(first).Breaks, second.Breaks); diff != "" {
				t.Fatalf("%s\n%+v", diff, w)
			}
		}
	})
}

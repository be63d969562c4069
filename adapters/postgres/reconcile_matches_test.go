package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/reconcile"
	"twoline/reconcile/match"
)

// listed reads all pages of an account's matches.
func (w *bankWorld) listed(t *testing.T, f reconcile.MatchFilter, page int) []reconcile.SettledMatch {
	t.Helper()
	var all []reconcile.SettledMatch
	for f.Limit = page; ; {
		list, err := w.proof.Matches(context.Background(), w.books.Officers["auditor"], f)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			return all
		}
		all, f.After = append(all, list...), list[len(list)-1].ID
	}
}

// allLines reads all pages of a match's lines.
func (w *bankWorld) allLines(t *testing.T, account int64, m reconcile.SettledMatch, page int) reconcile.MatchLines {
	t.Helper()
	var all reconcile.MatchLines
	for place, pages := (reconcile.MatchPlace{}), 0; ; pages++ {
		l, err := w.proof.MatchLines(context.Background(), w.books.Officers["auditor"], account, m.Settled, m.ID, place, page)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(l.Statement) + len(l.Book); n == 0 {
			return all
		} else if n > page {
			t.Fatalf("a page of %d has %d lines", page, n)
		}
		all.Statement, all.Book = append(all.Statement, l.Statement...), append(all.Book, l.Book...)
		place = reconcile.MatchPlace{}
		if n := len(l.Book); n > 0 {
			place.Book = l.Book[n-1].Key
		} else {
			place.Statement = l.Statement[len(l.Statement)-1].ID
		}
	}
}

func sameDay() cmp.Option { return cmp.Comparer(func(a, b calendar.Day) bool { return a == b }) }

func bothSums(l reconcile.MatchLines) (bankSide, bookSide money.Amount) {
	for _, s := range l.Statement {
		bankSide += s.Signed()
	}
	for _, b := range l.Book {
		bookSide += b.Signed()
	}
	return bankSide, bookSide
}

// mixedDay is an income account on whose fifth day every kind of match was settled; of
// its batch 700 there are many items.
func (w *bankWorld) mixedDay(t *testing.T, items int) int64 {
	t.Helper()
	income := w.books.Accounts[ledger.Income]
	w.batch(t, 700, "B700")
	w.batch(t, 701, "B701")
	lumped := map[int64]money.Amount{}
	for i := range items {
		lumped[int64(10_000+i)] = 100
	}
	wrong := w.contributions(703, 5, 4, map[int64]money.Amount{503: 7_700})
	ids := w.book(t, wrong, w.contributions(700, 5, 4, lumped), w.contributions(701, 5, 4, map[int64]money.Amount{501: 60_000}),
		w.contributions(702, 5, 4, map[int64]money.Amount{502: 5_000}))
	w.book(t, ledger.Reverse(wrong, ids[0], "test:reversal", nov(5)))
	lump := bankLine(bank.Credit, money.Amount(items)*100, 5, "R1")
	lump.BatchID = "B700"
	one, two := bankLine(bank.Credit, 25_000, 5, "R2"), bankLine(bank.Credit, 35_000, 5, "R3")
	one.BatchID, two.BatchID = "B701", "B701"
	single := bankLine(bank.Credit, 5_000, 5, "R4")
	single.EndToEndID, single.Counterparty, single.CounterpartyAccount = "502", "王小明", "6217000000000000017"
	mistake, back := bankLine(bank.Credit, 999, 5, "R5"), bankLine(bank.Debit, 999, 5, "R5")
	back.Reversal = true
	w.statement(t, income, 2, 5, lump, one, two, single, mistake, back)
	w.match(t, income)
	// What the bank corrects waits some days: the book might still explain it.
	w.statement(t, income, 6, 12)
	w.match(t, income)
	w.wholeLines(t, income)
	return income
}

func TestMatchesAreListedWithTheirRuleAndLines(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	const items = 2_500
	income := w.mixedDay(t, items)
	f := reconcile.MatchFilter{Account: reconcile.Account{ID: income}, From: nov(5), Through: nov(5)} //nolint:exhaustruct // all of the day
	list := w.listed(t, f, 2)
	got := map[string]string{}
	for _, m := range list {
		got[string(m.Rule)] = fmt.Sprintf("%s %d = %d, named %d = %d, %d", m.Kind, m.StatementLines, m.BookLines,
			len(m.Lines.Statement), len(m.Lines.Book), m.Score)
		if m.Evidence == "" || m.Settled != nov(5) || m.MatchedAt.IsZero() || m.Difference != 0 {
			t.Errorf("%+v", m)
		}
		if a, b := bothSums(w.allLines(t, income, m, 999)); a != b {
			t.Errorf("%s: the bank's lines hold %s, the book's %s", m.Rule, a, b)
		}
	}
	want := map[string]string{
		"batch_total":   "many_to_one 2 = 1, named 2 = 1, 96",
		"reference":     "one_to_one 1 = 1, named 1 = 1, 100",
		"bank_reversal": "many_to_many 2 = 0, named 2 = 0, 94",
		"book_reversal": "many_to_many 0 = 2, named 0 = 2, 100",
	}
	lump := list[slices.IndexFunc(list, func(m reconcile.SettledMatch) bool { return m.BookLines == items })]
	if lump.Kind != match.OneToMany || lump.StatementLines != 1 || len(lump.Lines.Book) != reconcile.MaxMatchLines {
		t.Errorf("the lump is %s %d = %d with %d lines named", lump.Kind, lump.StatementLines, lump.BookLines, len(lump.Lines.Book))
	}
	two := slices.DeleteFunc(slices.Clone(list), func(m reconcile.SettledMatch) bool { return m.ID == lump.ID })
	maps.DeleteFunc(got, func(rule, _ string) bool { return rule == string(match.BatchTotal) })
	for _, m := range two {
		if m.Rule == match.BatchTotal {
			got[string(m.Rule)] = fmt.Sprintf("%s %d = %d, named %d = %d, %d", m.Kind, m.StatementLines, m.BookLines,
				len(m.Lines.Statement), len(m.Lines.Book), m.Score)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(list) != 5 {
		t.Errorf("%d matches, %s", len(list), diff)
	}
	seen := map[match.Key]bool{}
	lines := w.allLines(t, income, lump, 600)
	for _, b := range lines.Book {
		seen[b.Key] = true
		if b.Amount != 100 || b.Direction != bank.Credit || b.Booked != nov(5) || b.Value != nov(4) {
			t.Fatalf("a line of the lump is %+v", b)
		}
	}
	if len(seen) != items || len(lines.Book) != items || len(lines.Statement) != 1 || lines.Statement[0].Batch != "B700" {
		t.Errorf("the lump has %d lines of the book, %d of them different, and %+v", len(lines.Book), len(seen), lines.Statement)
	}
	if diff := cmp.Diff(list, w.listed(t, f, 1000), sameDay()); diff != "" {
		t.Errorf("in one page: %s", diff)
	}
	// What was counted by rule is what is listed by rule.
	for _, c := range w.report(t, income, 5).Matched {
		f.Rule = c.Rule
		if n := len(w.listed(t, f, 2)); n != c.Matches {
			t.Errorf("%s lists %d matches of %d", c.Rule, n, c.Matches)
		}
	}
}

func TestALineSaysWhatItIsMatchedWith(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	const items = 30
	income := w.mixedDay(t, items)
	all := reconcile.MatchFilter{Account: reconcile.Account{ID: income}, From: nov(2), Through: nov(30)} //nolint:exhaustruct // of all days
	list := w.listed(t, all, 100)
	day := reconcile.MatchFilter{Account: reconcile.Account{ID: income}, Through: nov(5)} //nolint:exhaustruct // by line
	n := 0
	for _, m := range list {
		lines := w.allLines(t, income, m, 7)
		for _, s := range lines.Statement {
			n++
			f := day
			f.StatementLine = s.ID
			if diff := cmp.Diff([]reconcile.SettledMatch{m}, w.listed(t, f, 2), sameDay()); diff != "" {
				t.Errorf("line %d: %s", s.ID, diff)
			}
		}
		for _, b := range lines.Book {
			n++
			f := day
			f.Entry, f.Line = b.Key.Entry, b.Key.Line
			if diff := cmp.Diff([]reconcile.SettledMatch{m}, w.listed(t, f, 2), sameDay()); diff != "" {
				t.Errorf("line %+v: %s", b.Key, diff)
			}
		}
	}
	if want := items + 10; n != want {
		t.Errorf("%d lines, want %d", n, want)
	}
	lumpEntry := list[slices.IndexFunc(list, func(m reconcile.SettledMatch) bool { return m.BookLines == items })].Lines.Book[0].Key.Entry
	byEntry := day
	byEntry.Entry = lumpEntry
	if got := w.listed(t, byEntry, 1); len(got) != 1 || got[0].BookLines != items {
		t.Errorf("the entry of a lump is in %+v", got)
	}
	before := day
	before.Entry, before.Through = lumpEntry, nov(4)
	if got := w.listed(t, before, 1); len(got) != 0 {
		t.Errorf("the day before it was in %+v", got)
	}
	// A line that stands in a break is matched with nothing.
	w.statement(t, income, 13, 13, bankLine(bank.Credit, 77, 13, "U1"))
	w.match(t, income)
	open := all
	open.StatementLine = w.report(t, income, 13).Breaks[0].Statement[0]
	if got := w.listed(t, open, 10); len(got) != 0 {
		t.Errorf("an open line is in %+v", got)
	}
	quiet := all
	quiet.From, quiet.Through = nov(6), nov(6)
	if got := w.listed(t, quiet, 10); len(got) != 0 {
		t.Errorf("a quiet day has %+v", got)
	}
}

// A difference that was tolerated, and what is said of a match, are shown as they were
// kept; a counterparty as the bank spelt it.
func TestAListedMatchShowsItsDifference(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	income := w.books.Accounts[ledger.Income]
	r, err := w.askRules(income, 3, tolerant(3))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.approve(r, "finance-checker"); err != nil {
		t.Fatal(err)
	}
	w.book(t, w.contributions(0, 3, 3, map[int64]money.Amount{501: 10_000}))
	line := bankLine(bank.Credit, 9_998, 3, "R1")
	line.EndToEndID, line.Counterparty = "501", "王小明"
	w.statement(t, income, 2, 3, line)
	w.match(t, income)
	w.statement(t, income, 4, 10)
	w.match(t, income)
	f := reconcile.MatchFilter{Account: reconcile.Account{ID: income}, From: nov(3), Through: nov(10)} //nolint:exhaustruct // of all days
	list := w.listed(t, f, 10)
	if len(list) != 1 || list[0].Difference != -2 || list[0].Score != 90 || list[0].Kind != match.OneToOne ||
		!strings.Contains(list[0].Evidence, "differ by no more than the 0.03 allowed") ||
		list[0].Lines.Book[0].Amount != 10_000 || list[0].Lines.Book[0].Reference != "501" ||
		list[0].Lines.Statement[0].Amount != 9_998 || list[0].Lines.Statement[0].Counterparty != "王小明" {
		t.Errorf("%+v", list)
	}
}

func TestMatchesOfAnotherAreaAreNotFound(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	income := w.mixedDay(t, 3)
	other := w.area(t, 610305)
	ctx := context.Background()
	auditor := other.books.Officers["auditor"]
	f := reconcile.MatchFilter{Account: reconcile.Account{Area: 610304, ID: income}, From: nov(5), Through: nov(5), Limit: 9} //nolint:exhaustruct // all of the day
	if _, err := w.proof.Matches(ctx, auditor, f); !errors.Is(err, reconcile.ErrAccountUnknown) {
		t.Errorf("another area's matches: %v", err)
	}
	f.Area = 0
	m := w.listed(t, f, 9)[0]
	if _, err := w.proof.MatchLines(ctx, auditor, income, m.Settled, m.ID, reconcile.MatchPlace{}, 9); !errors.Is(err, reconcile.ErrAccountUnknown) {
		t.Errorf("another area's lines: %v", err)
	}
	for _, c := range []struct {
		account int64
		day     calendar.Day
	}{{income, nov(4)}, {w.books.Accounts[ledger.FiscalSpecial], m.Settled}} {
		_, err := w.proof.MatchLines(ctx, w.books.Officers["auditor"], c.account, c.day, m.ID, reconcile.MatchPlace{}, 9)
		if !errors.Is(err, reconcile.ErrNoMatch) {
			t.Errorf("lines of a match of %d on %s: %v", c.account, c.day, err)
		}
	}
}

package match_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/reconcile/match"
)

func day1() calendar.Day { return calendar.MustDay("2026-11-24") }

func move(direction bank.Direction, amount string, day int) match.Movement {
	d := day1().AddDays(day)
	return match.Movement{Booked: d, Value: d, Direction: direction, Amount: money.MustParse(amount)}
}

func credit(amount string) match.Movement { return move(bank.Credit, amount, 0) }
func debit(amount string) match.Movement  { return move(bank.Debit, amount, 0) }

func key(entry int64, line int32) match.Key { return match.Key{Entry: entry, Line: line} }

func item(entry int64, line int32, m match.Movement, ref, batch string) match.BookLine {
	return match.BookLine{Movement: m, Key: key(entry, line), Cause: entry, Reference: ref, Own: true, Batch: batch}
}

func direct(entry int64, m match.Movement, bankRef string) match.BookLine {
	return match.BookLine{Movement: m, Key: key(entry, 1), Cause: entry, BankReference: bankRef}
}

// found is a result in a form that a test can write down.
type found struct {
	Matches []string
	Breaks  []string
}

func run(tb testing.TB, book []match.BookLine, statement []match.StatementLine, past match.Past) found {
	tb.Helper()
	m := match.New(match.DefaultRules())
	for _, b := range book {
		m.AddBook(b)
	}
	for _, s := range statement {
		m.AddStatement(s)
	}
	if err := m.Match(context.Background(), past); err != nil {
		tb.Fatal(err)
	}
	var f found
	for x := range m.Matches() {
		f.Matches = append(f.Matches, fmt.Sprintf("%s %s %v %v", x.Rule, x.Kind(), x.Statement, sorted(x.Book)))
	}
	for _, b := range m.Breaks() {
		f.Breaks = append(f.Breaks, fmt.Sprintf("%d %s %v %v %s %s", b.Reason.Class(), b.Reason,
			b.Statement, sorted(b.Book), b.Direction, b.Amount))
	}
	slices.Sort(f.Matches)
	slices.Sort(f.Breaks)
	return f
}

func sorted(keys []match.Key) []match.Key {
	keys = slices.Clone(keys)
	slices.SortFunc(keys, func(a, b match.Key) int {
		if a.Entry != b.Entry {
			return int(a.Entry - b.Entry)
		}
		return int(a.Line - b.Line)
	})
	return keys
}

func TestRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		book      []match.BookLine
		statement []match.StatementLine
		want      found
	}{
		"our id, direction and amount": {
			book:      []match.BookLine{item(1, 1, credit("100.00"), "501", "")},
			statement: []match.StatementLine{{ID: 9, Movement: credit("100.00"), EndToEndID: "501"}},
			want:      found{Matches: []string{"reference one_to_one [9] [{1 1}]"}},
		},
		"one fen is a difference that names both": {
			book:      []match.BookLine{item(1, 1, credit("100.00"), "501", "")},
			statement: []match.StatementLine{{ID: 9, Movement: credit("100.01"), EndToEndID: "501"}},
			want:      found{Breaks: []string{"2 amount_differs [9] [{1 1}] credit 0.01"}},
		},
		"the other direction is no match": {
			book:      []match.BookLine{item(1, 1, credit("100.00"), "501", "")},
			statement: []match.StatementLine{{ID: 9, Movement: debit("100.00"), EndToEndID: "501"}},
			want: found{Breaks: []string{
				"4 absent_in_book [9] [] debit 100.00", "6 absent_in_bank [] [{1 1}] credit 100.00",
			}},
		},
		"the second debit of one item is told at once": {
			book: []match.BookLine{item(1, 1, debit("143.00"), "501", "")},
			statement: []match.StatementLine{
				{ID: 8, Movement: debit("143.00"), EndToEndID: "501"},
				{ID: 9, Movement: debit("143.00"), EndToEndID: "501"},
			},
			want: found{
				Matches: []string{"reference one_to_one [8] [{1 1}]"},
				Breaks:  []string{"4 duplicate_bank_line [9] [] debit 143.00"},
			},
		},
		"a bank's reference finds a direct move": {
			book:      []match.BookLine{direct(1, debit("5000.00"), "T77")},
			statement: []match.StatementLine{{ID: 9, Movement: debit("5000.00"), BankReference: "T77"}},
			want:      found{Matches: []string{"bank_reference one_to_one [9] [{1 1}]"}},
		},
		"a payer's own id does not hide the bank's reference": {
			book: []match.BookLine{direct(1, credit("5000.00"), "T77")},
			statement: []match.StatementLine{
				{ID: 9, Movement: credit("5000.00"), BankReference: "T77", EndToEndID: "TREASURY-1"},
			},
			want: found{Matches: []string{"bank_reference one_to_one [9] [{1 1}]"}},
		},
		"two lines with other references do not match by amount": {
			book:      []match.BookLine{item(1, 1, credit("100.00"), "501", "")},
			statement: []match.StatementLine{{ID: 9, Movement: credit("100.00"), EndToEndID: "502"}},
			want: found{Breaks: []string{
				"4 absent_in_book [9] [] credit 100.00", "6 absent_in_bank [] [{1 1}] credit 100.00",
			}},
		},
		"a lump names the batch": {
			book: []match.BookLine{
				item(1, 1, credit("100.00"), "501", "B1"), item(1, 3, credit("200.00"), "502", "B1"),
				item(1, 5, credit("300.00"), "503", "B2"),
			},
			statement: []match.StatementLine{{ID: 9, Movement: credit("300.00"), Batch: "B1", BankReference: "X"}},
			want: found{
				Matches: []string{"batch_total one_to_many [9] [{1 1} {1 3}]"},
				Breaks:  []string{"6 absent_in_bank [] [{1 5}] credit 300.00"},
			},
		},
		"a batch booked by branch is many to many": {
			book: []match.BookLine{
				item(1, 1, debit("100.00"), "501", "B1"), item(1, 3, debit("200.00"), "502", "B1"),
			},
			statement: []match.StatementLine{
				{ID: 8, Movement: debit("120.00"), Batch: "B1"}, {ID: 9, Movement: debit("180.00"), Batch: "B1"},
			},
			want: found{Matches: []string{"batch_total many_to_many [8 9] [{1 1} {1 3}]"}},
		},
		"a lump is one agreement of the batch": {
			book: []match.BookLine{
				item(1, 1, credit("100.00"), "501", "B1"), item(2, 1, credit("250.00"), "502", "B1"),
			},
			statement: []match.StatementLine{{ID: 9, Movement: credit("250.00"), Batch: "B1"}},
			want: found{
				Matches: []string{"batch_part one_to_one [9] [{2 1}]"},
				Breaks:  []string{"6 absent_in_bank [] [{1 1}] credit 100.00"},
			},
		},
		"an item booked alone leaves the rest of its batch to the lump": {
			book: []match.BookLine{
				item(1, 1, credit("100.00"), "501", "B1"), item(1, 3, credit("200.00"), "502", "B1"),
			},
			statement: []match.StatementLine{
				{ID: 8, Movement: credit("200.00"), Batch: "B1"},
				{ID: 9, Movement: credit("100.00"), EndToEndID: "501", Batch: "B1"},
			},
			want: found{Matches: []string{
				"batch_total one_to_one [8] [{1 3}]", "reference one_to_one [9] [{1 1}]",
			}},
		},
		"equal parts of a batch are not guessed": {
			book: []match.BookLine{
				item(1, 1, credit("100.00"), "501", "B1"), item(2, 1, credit("100.00"), "502", "B1"),
			},
			statement: []match.StatementLine{{ID: 9, Movement: credit("100.00"), Batch: "B1"}},
			want:      found{Breaks: []string{"0 ambiguous [9] [{1 1} {2 1}] debit 100.00"}},
		},
		"two lines that equal one part: the first is it": {
			book: []match.BookLine{
				item(1, 1, credit("100.00"), "501", "B1"), item(2, 1, credit("250.00"), "502", "B1"),
			},
			statement: []match.StatementLine{
				{ID: 8, Movement: credit("100.00"), Batch: "B1"}, {ID: 9, Movement: credit("100.00"), Batch: "B1"},
			},
			want: found{
				Matches: []string{"batch_part one_to_one [8] [{1 1}]"},
				Breaks:  []string{"2 amount_differs [9] [{2 1}] debit 150.00"},
			},
		},
		"the value day tells equal parts apart": {
			book: []match.BookLine{
				item(1, 1, credit("100.00"), "501", "B1"), item(2, 1, move(bank.Credit, "100.00", 1), "502", "B1"),
			},
			statement: []match.StatementLine{{ID: 9, Movement: move(bank.Credit, "100.00", 1), Batch: "B1"}},
			want: found{
				Matches: []string{"batch_part one_to_one [9] [{2 1}]"},
				Breaks:  []string{"6 absent_in_bank [] [{1 1}] credit 100.00"},
			},
		},
		"a lump of another amount names the batch's lines": {
			book: []match.BookLine{
				item(1, 1, debit("100.00"), "501", "B1"), item(1, 3, debit("200.00"), "502", "B1"),
			},
			statement: []match.StatementLine{{ID: 9, Movement: debit("290.00"), Batch: "B1"}},
			want:      found{Breaks: []string{"2 amount_differs [9] [{1 1} {1 3}] credit 10.00"}},
		},
		"amount and day, alone on both sides": {
			book: []match.BookLine{direct(1, credit("12.34"), ""), direct(2, move(bank.Credit, "12.34", 1), "")},
			statement: []match.StatementLine{
				{ID: 9, Movement: credit("12.34"), BankReference: "X", EndToEndID: "PAYER"},
			},
			want: found{
				Matches: []string{"amount_day_unique one_to_one [9] [{1 1}]"},
				Breaks:  []string{"6 absent_in_bank [] [{2 1}] credit 12.34"},
			},
		},
		"two candidates stay open": {
			book:      []match.BookLine{direct(1, credit("12.34"), ""), direct(2, credit("12.34"), "")},
			statement: []match.StatementLine{{ID: 9, Movement: credit("12.34")}},
			want:      found{Breaks: []string{"0 ambiguous [9] [{1 1} {2 1}] debit 12.34"}},
		},
		"another bank reference is another payment": {
			book:      []match.BookLine{direct(1, credit("12.34"), "T1")},
			statement: []match.StatementLine{{ID: 9, Movement: credit("12.34"), BankReference: "T2"}},
			want: found{Breaks: []string{
				"4 absent_in_book [9] [] credit 12.34", "6 absent_in_bank [] [{1 1}] credit 12.34",
			}},
		},
		"as many of one reference on both sides": {
			book: []match.BookLine{direct(1, credit("5.00"), "T1"), direct(2, credit("5.00"), "T1")},
			statement: []match.StatementLine{
				{ID: 8, Movement: credit("5.00"), BankReference: "T1"},
				{ID: 9, Movement: credit("5.00"), BankReference: "T1"},
			},
			want: found{Matches: []string{"shared_bank_reference many_to_many [8 9] [{1 1} {2 1}]"}},
		},
		"one of two equal by reference is not guessed": {
			book:      []match.BookLine{direct(1, credit("5.00"), "T1"), direct(2, credit("5.00"), "T1")},
			statement: []match.StatementLine{{ID: 9, Movement: credit("5.00"), BankReference: "T1"}},
			want:      found{Breaks: []string{"0 ambiguous [9] [{1 1} {2 1}] debit 5.00"}},
		},
		"an entry reversed in the book cancels, and its bank line stays": {
			book: []match.BookLine{
				item(1, 1, credit("100.00"), "501", ""),
				{Movement: debit("100.00"), Key: key(2, 1), Reverses: 1, Reference: "501", Own: true},
			},
			statement: []match.StatementLine{{ID: 9, Movement: credit("100.00"), EndToEndID: "501"}},
			want: found{
				Matches: []string{"book_reversal many_to_many [] [{1 1} {2 1}]"},
				Breaks:  []string{"4 absent_in_book [9] [] credit 100.00"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, run(t, c.book, c.statement, match.NoPast{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A bank that books the batch net and its fee apart: the batch is matched to its
// sum, and the fee is an exception, since the fund pays none.
func TestF47_NetDebitAndSeparateFee(t *testing.T) {
	t.Parallel()
	fee := match.StatementLine{ID: 9, Movement: debit("6.50"), Batch: "B1", Text: "批量代付 手续费"}
	got := run(t, []match.BookLine{
		item(1, 1, debit("100.00"), "501", "B1"), item(1, 3, debit("200.00"), "502", "B1"),
		item(2, 1, credit("100.00"), "501", "B1"),
	}, []match.StatementLine{{ID: 8, Movement: debit("200.00"), Batch: "B1"}, fee}, match.NoPast{})
	want := found{
		Matches: []string{"batch_net one_to_many [8] [{1 1} {1 3} {2 1}]"},
		Breaks:  []string{"4 bank_charge [9] [] debit 6.50"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The bank corrects its own entry: of a line, its correction and a second line the
// item takes the first and the correction the second.
func TestF49_TheBankCorrectsItsOwnEntry(t *testing.T) {
	t.Parallel()
	correction := func(id int64, day int, ref string) match.StatementLine {
		return match.StatementLine{ID: id, Movement: move(bank.Credit, "143.00", day), EndToEndID: ref, Reversal: true}
	}
	line := func(id int64, day int, ref string) match.StatementLine {
		return match.StatementLine{ID: id, Movement: move(bank.Debit, "143.00", day), EndToEndID: ref}
	}
	book := []match.BookLine{item(1, 1, debit("143.00"), "501", "")}
	ours := pastOf{ours: map[string]bool{"501": true}}
	for name, c := range map[string]struct {
		book      []match.BookLine
		statement []match.StatementLine
		want      found
	}{
		"of an entry of nobody's": {
			statement: []match.StatementLine{line(7, 0, "X"), correction(8, 1, "X")},
			want:      found{Matches: []string{"bank_reversal many_to_many [7 8] []"}},
		},
		"of an item that is debited again": {
			book:      book,
			statement: []match.StatementLine{line(7, 0, "501"), correction(8, 1, "501"), line(9, 2, "501")},
			want: found{Matches: []string{
				"bank_reversal many_to_many [9 8] []", "reference one_to_one [7] [{1 1}]",
			}},
		},
		"of an item that the book does not hold yet": {
			statement: []match.StatementLine{line(7, 0, "501"), correction(8, 1, "501")},
			want: found{Breaks: []string{
				"4 absent_in_book [7] [] debit 143.00", "4 absent_in_book [8] [] credit 143.00",
			}},
		},
		"of one that cannot be told": {
			statement: []match.StatementLine{line(6, 0, ""), line(7, 1, ""), correction(8, 1, "")},
			want:      found{Breaks: []string{"0 ambiguous [6 7 8] [] debit 143.00"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, run(t, c.book, c.statement, ours)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What waits is told as waiting, with its one candidate.
func TestWaitsUntilNoOtherCanCome(t *testing.T) {
	t.Parallel()
	for through, want := range map[int]string{3: "waiting", 4: "amount_window_unique"} {
		m := match.New(match.DefaultRules())
		m.Through(day1().AddDays(through))
		m.AddBook(direct(1, credit("12.34"), ""))
		m.AddStatement(match.StatementLine{ID: 9, Movement: move(bank.Credit, "12.34", 1)})
		if err := m.Match(context.Background(), match.NoPast{}); err != nil {
			t.Fatal(err)
		}
		got := ""
		for x := range m.Matches() {
			got = string(x.Rule)
		}
		for _, b := range m.Breaks() {
			got = string(b.Reason)
		}
		if got != want {
			t.Errorf("complete through day %d: %s, want %s", through, got, want)
		}
	}
}

func TestEvidenceHoldsNoPersonalData(t *testing.T) {
	t.Parallel()
	m := match.New(match.DefaultRules())
	b := direct(1, credit("12.34"), "")
	b.Counterparty, b.CounterpartyAccount = "张三", "6222 0000 1111"
	m.AddBook(b)
	m.AddStatement(match.StatementLine{
		ID: 9, Movement: move(bank.Credit, "12.34", 1), Counterparty: "李四", CounterpartyAccount: "622200001111",
	})
	if err := m.Match(context.Background(), match.NoPast{}); err != nil {
		t.Fatal(err)
	}
	want := "equal direction and amount within the days allowed, and no other candidate on either side; " +
		"the value days are 1 apart; both know one account of the counterparty"
	n := 0
	for x := range m.Matches() {
		n++
		if x.Evidence != want || x.Score != 86 {
			t.Errorf("score %d, evidence %q", x.Score, x.Evidence)
		}
	}
	if n != 1 {
		t.Errorf("%d matches, want one by account although the names are written differently", n)
	}
}

func TestParseRules(t *testing.T) {
	t.Parallel()
	r, err := match.ParseRules([]byte(`{"tolerance":"0.05","days":1,"off":["subset_sum"],
		"charges":[{"words":["费"],"direction":"debit"}]}`))
	if err != nil || r.Tolerance != 5 || r.Days != 1 || r.Runs(match.SubsetSum) || !r.Runs(match.Reference) ||
		len(r.Interest) == 0 || len(r.Charges) != 1 || r.Charges[0].AtMost != 0 {
		t.Errorf("rules %+v, error %v", r, err)
	}
	for give, field := range map[string]string{
		`{"tolerance":"1.01"}`: "tolerance",
		`{"days":32}`:          "days",
		`{"days":-1}`:          "days",
		`{"off":["guess"]}`:    "off",
		`{"charges":[{"words":[" "],"direction":"debit"}]}`: "charges",
		`{"charges":[{"words":[],"direction":"debit"}]}`:    "charges",
		`{"interest":[{"words":["x"],"direction":"in"}]}`:   "interest",
		`{"window":3}`:    "",
		`{"tolerance":5}`: "",
		`{} {}`:           "",
		``:                "",
	} {
		_, err := match.ParseRules([]byte(give))
		var f *fault.Error
		if !errors.As(err, &f) || !errors.Is(err, match.ErrRules) || f.Field != field {
			t.Errorf("ParseRules(%s): %v, want match_rules on %q", give, err, field)
		}
	}
	if err := match.DefaultRules().Validate(); err != nil {
		t.Error(err)
	}
}

func TestEveryRuleHasAReason(t *testing.T) {
	t.Parallel()
	for _, r := range match.AllRules() {
		if r.Reason() == "" {
			t.Errorf("%s says no reason", r)
		}
	}
}

// pastOf answers as storage does for what earlier runs matched.
type pastOf struct {
	ours map[string]bool
	used map[string]bool
	// forbidden are lines by which no money may leave.
	forbidden map[int64]bool
	batches   map[string]bool
}

// OurBatch implements match.Batches.
func (p pastOf) OurBatch(name string) bool { return p.batches[name] }

// lumpKey is what a second lump of a batch has in common with the first.
func lumpKey(l match.StatementLine) string {
	return fmt.Sprintf("l %s %s %s", l.Batch, l.Direction, l.Amount)
}

func (p pastOf) Standings(_ context.Context, lines []match.StatementLine) ([]match.Standing, error) {
	out := make([]match.Standing, len(lines))
	for i, l := range lines {
		if l.EndToEndID != "" && p.ours[l.EndToEndID] {
			out[i] = match.Ours
		}
		if p.used[standingKey(l)] || (l.EndToEndID == "" && p.used[lumpKey(l)]) {
			out[i] = match.Consumed
		}
		if p.forbidden[l.ID] {
			out[i] = match.Forbidden
		}
	}
	return out, nil
}

func standingKey(l match.StatementLine) string {
	if l.EndToEndID != "" {
		return fmt.Sprintf("e %s %s", l.EndToEndID, l.Direction)
	}
	return fmt.Sprintf("b %s %s %s", l.BankReference, l.Direction, l.Amount)
}

func TestDuplicateOfAnEarlierRun(t *testing.T) {
	t.Parallel()
	l := match.StatementLine{ID: 9, Movement: debit("143.00"), EndToEndID: "501"}
	past := pastOf{used: map[string]bool{standingKey(l): true}}
	got := run(t, []match.BookLine{direct(1, debit("143.00"), "")}, []match.StatementLine{l}, past)
	want := found{Breaks: []string{
		"4 duplicate_bank_line [9] [] debit 143.00", "6 absent_in_bank [] [{1 1}] debit 143.00",
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What takes more than it may is no part of its batch, and nobody's instruction; the
// first lump of the batch is matched as if the second were not there.
func TestALineByWhichNothingMayLeave(t *testing.T) {
	t.Parallel()
	batch := func(id int64) match.StatementLine {
		return match.StatementLine{ID: id, Movement: debit("143.00"), Batch: "7"}
	}
	failed := match.StatementLine{ID: 10, Movement: debit("20.00"), EndToEndID: "502", Batch: "7"}
	early := match.StatementLine{ID: 11, Movement: debit("30.00"), EndToEndID: "503", Batch: "7"}
	m := match.New(match.DefaultRules())
	m.AddBook(item(1, 1, debit("143.00"), "501", "7"))
	for _, l := range []match.StatementLine{batch(8), batch(9), failed, early} {
		m.AddStatement(l)
	}
	past := pastOf{ours: map[string]bool{"503": true}, used: nil, forbidden: map[int64]bool{9: true, 10: true}}
	if err := m.Match(context.Background(), past); err != nil {
		t.Fatal(err)
	}
	var got []string
	for x := range m.Matches() {
		got = append(got, fmt.Sprint(x.Rule, x.Statement))
	}
	for _, b := range m.Breaks() {
		got = append(got, fmt.Sprint(b.Reason, b.Statement, b.Instructed))
	}
	want := []string{
		"batch_total[8]", "absent_in_book[9] false", "absent_in_book[10] false", "absent_in_book[11] true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// pastAsked knows nothing, and keeps which lines it was asked for.
type pastAsked struct{ lines []int64 }

func (p *pastAsked) Standings(_ context.Context, lines []match.StatementLine) ([]match.Standing, error) {
	for _, l := range lines {
		p.lines = append(p.lines, l.ID)
	}
	return make([]match.Standing, len(lines)), nil
}

// A line that stays open is asked for again only after a day on which something was
// matched, because only a match changes how its reference stands.
func TestAQuietDayAsksForNothingAgain(t *testing.T) {
	t.Parallel()
	open := match.StatementLine{ID: 1, Movement: credit("10.00"), EndToEndID: "A"}
	pair := match.StatementLine{ID: 2, Movement: credit("20.00"), EndToEndID: "501"}
	m := match.New(match.DefaultRules())
	var got [][]int64
	for _, day := range [][]match.StatementLine{{open}, nil, {pair}, nil, nil} {
		for _, s := range day {
			if s.ID == pair.ID {
				m.AddBook(item(1, 1, credit("20.00"), "501", ""))
			}
		}
		for _, s := range day {
			m.AddStatement(s)
		}
		var past pastAsked
		if err := m.Match(context.Background(), &past); err != nil {
			t.Fatal(err)
		}
		got = append(got, past.lines)
		next := match.New(match.DefaultRules())
		m.Left(next)
		m = next
	}
	if diff := cmp.Diff([][]int64{{1}, nil, nil, {1}, nil}, got); diff != "" {
		t.Error(diff)
	}
}

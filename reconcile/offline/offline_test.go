package offline_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/reconcile/intake"
	"twoline/reconcile/match"
	"twoline/reconcile/offline"
)

const header = "posting_id,date,direction,amount,reference,batch,counterparty,text\n"

func day(n int) calendar.Day { return calendar.MustDay("2026-11-01").AddDays(n - 1) }

func figure(s string) bank.Figure {
	f, err := bank.ParseFigure(s)
	if err != nil {
		panic(err)
	}
	return f
}

func statement(number string, from, to int, opening, closing string) bank.StatementHead {
	o, c := figure(opening), figure(closing)
	return bank.StatementHead{ //nolint:exhaustruct // what a test needs
		Account: "6200 0000 01", Currency: "CNY", Number: number, Page: "1", From: day(from), To: day(to), Opening: &o,
		Closing: &c,
	}
}

func entry(direction bank.Direction, amount string, on int, id string) bank.StatementEntry {
	return bank.StatementEntry{ //nolint:exhaustruct // what a test needs
		Amount: figure(amount), Direction: direction, Status: "booked", BookingDate: day(on), EndToEndID: id,
	}
}

func detail(amount, id string) bank.EntryDetail {
	f := figure(amount)
	return bank.EntryDetail{Amount: &f, EndToEndID: id} //nolint:exhaustruct // what a test needs
}

func file(records ...bank.Record) []bank.Record {
	return slices.Concat([]bank.Record{bank.FileHead{Format: "camt.053.001.08", Kind: "statement"}}, //nolint:exhaustruct // as above
		records, []bank.Record{bank.End{}}) //nolint:exhaustruct // as above
}

// reconcile runs files against a book and returns the report with its matches.
func reconcile(book string, closing string, files ...[]bank.Record) (*offline.Report, []string, error) {
	r := offline.New(match.DefaultRules())
	if err := r.Book(strings.NewReader(book)); err != nil {
		return nil, nil, err
	}
	read := func(n *offline.Reading, records []bank.Record) error {
		for _, record := range records {
			if err := n.Emit(record); err != nil {
				return err
			}
		}
		return n.End()
	}
	order := []int{0}
	if len(files) > 1 {
		for _, records := range files {
			if err := read(r.Survey(), records); err != nil {
				return nil, nil, err
			}
		}
		order = r.Order()
	}
	for _, i := range order {
		if err := read(r.Statement(i), files[i]); err != nil {
			return nil, nil, err
		}
	}
	var end *money.Amount
	if closing != "" {
		a := money.MustParse(closing)
		end = &a
	}
	p, err := r.Finish(context.Background(), end)
	if err != nil {
		return nil, nil, err
	}
	var found []string
	for m := range p.All() {
		found = append(found, fmt.Sprintf("%s %s %v %v %s", m.Rule, m.Kind, m.Statement, postings(p, m.Book), m.Difference))
	}
	return p, found, nil
}

func postings(p *offline.Report, rows []int64) []string {
	out := []string{}
	for _, row := range rows {
		out = append(out, p.Posting(row))
	}
	return out
}

func breaks(p *offline.Report) []string {
	var out []string
	for _, b := range p.Breaks {
		out = append(out, fmt.Sprintf("%d %s %v %v %s %s", b.Class, b.Reason, b.Statement, postings(p, b.Book), b.Direction,
			b.Amount))
	}
	return out
}

func TestAnEntryIsItsDetails(t *testing.T) {
	t.Parallel()
	book := header + "a,2026-11-06,debit,70.00,D1,,,\nb,2026-11-06,debit,80.00,D2,,,\n"
	for name, c := range map[string]struct {
		give    []bank.Record
		matches []string
		breaks  []string
	}{
		"all are found": {
			[]bank.Record{entry(bank.Debit, "150.00", 6, ""), detail("70.00", "D1"), detail("80.00", "D2")},
			[]string{"detail_references one_to_many [0] [a b] 0.00"},
			nil,
		},
		"one is of another amount": {
			[]bank.Record{entry(bank.Debit, "150.00", 6, ""), detail("71.00", "D1"), detail("79.00", "D2")},
			nil,
			[]string{"2 amount_differs [0] [a b] credit 0.00"},
		},
		"one is a stranger's": {
			[]bank.Record{entry(bank.Debit, "170.00", 6, ""), detail("70.00", "D1"), detail("80.00", "D2"), detail("20.00", "X")},
			nil,
			[]string{"2 amount_differs [0] [a b] debit 20.00"},
		},
		"they are not the entry": {
			[]bank.Record{entry(bank.Debit, "151.00", 6, ""), detail("70.00", "D1"), detail("80.00", "D2")},
			nil,
			[]string{"2 amount_differs [0] [a] debit 81.00", "6 absent_in_bank [] [b] debit 80.00"},
		},
		"one of them has no id": {
			[]bank.Record{entry(bank.Debit, "150.00", 6, ""), detail("70.00", "X"), detail("80.00", "")},
			nil,
			[]string{"2 amount_differs [0] [b] debit 70.00", "6 absent_in_bank [] [a] debit 70.00"},
		},
		"a second entry names one of them again": {
			[]bank.Record{
				entry(bank.Debit, "150.00", 6, ""), detail("70.00", "D1"), detail("80.00", "D2"), entry(bank.Debit, "70.00", 6, "D1"),
			},
			[]string{"detail_references one_to_many [0] [a b] 0.00"},
			[]string{"4 duplicate_bank_line [1] [] debit 70.00"},
		},
		"a single detail names the entry": {
			[]bank.Record{entry(bank.Debit, "70.00", 6, ""), detail("70.00", "D1"), entry(bank.Debit, "80.00", 6, "D2")},
			[]string{"reference one_to_one [0] [a] 0.00", "reference one_to_one [1] [b] 0.00"},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, matches, err := reconcile(book, "", file(slices.Concat(
				[]bank.Record{statement("1", 6, 6, "1000.00", "850.00")}, c.give)...))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.matches, matches); diff != "" {
				t.Errorf("matches (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.breaks, breaks(p)); diff != "" {
				t.Errorf("breaks (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStatementsInSeveralFiles(t *testing.T) {
	t.Parallel()
	book := header + "a,2026-11-02,credit,10.00,A,,,\nb,2026-11-03,credit,20.00,B,,,\n"
	first := file(statement("1", 1, 2, "100.00", "110.00"), entry(bank.Credit, "10.00", 2, "A"))
	second := file(statement("2", 3, 4, "110.00", "130.00"), entry(bank.Credit, "20.00", 3, "B"))
	for name, c := range map[string]struct {
		give       [][]bank.Record
		ok         bool
		repeated   int
		statements int
	}{
		"in order":         {[][]bank.Record{first, second}, true, 0, 2},
		"in another order": {[][]bank.Record{second, first}, true, 0, 2},
		"one twice":        {[][]bank.Record{first, second, first}, true, 1, 2},
		"one is missing": {
			[][]bank.Record{first, file(statement("3", 5, 5, "130.00", "130.00")), file(statement("4", 6, 6, "130.00", "130.00"))},
			false, 0, 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _, err := reconcile(book, "130.00", c.give...)
			if err != nil {
				t.Fatal(err)
			}
			if p.ArithmeticOK != c.ok || p.RepeatedLines != c.repeated || p.StatementLines != c.statements || p.Agrees != c.ok {
				t.Errorf("arithmetic %t, repeated %d, lines %d, agrees %t: %v", p.ArithmeticOK, p.RepeatedLines,
					p.StatementLines, p.Agrees, p.Problems)
			}
			if p.Opening.String() != "100.00" || p.Closing.String() != "130.00" {
				t.Errorf("%s to %s", p.Opening, p.Closing)
			}
		})
	}
}

// Two lines name one posting: the first day's takes it, whichever file is named first.
func TestTheOrderOfFilesChangesNothing(t *testing.T) {
	t.Parallel()
	book := header + "a,2026-11-02,debit,10.00,A,,,\n"
	first := file(statement("1", 2, 2, "100.00", "90.00"), entry(bank.Debit, "10.00", 2, "A"))
	second := file(statement("2", 3, 3, "90.00", "80.00"), entry(bank.Debit, "10.00", 3, "A"))
	for _, c := range []struct {
		give          [][]bank.Record
		match, broken string
	}{
		{
			[][]bank.Record{first, second},
			"reference one_to_one [0] [a] 0.00",
			"4 duplicate_bank_line [1] [] debit 10.00",
		},
		{
			[][]bank.Record{second, first},
			"reference one_to_one [1] [a] 0.00",
			"4 duplicate_bank_line [0] [] debit 10.00",
		},
	} {
		p, matches, err := reconcile(book, "90.00", c.give...)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(matches, []string{c.match}) || !slices.Equal(breaks(p), []string{c.broken}) || !p.ArithmeticOK {
			t.Errorf("%v, %v, arithmetic %t %v", matches, breaks(p), p.ArithmeticOK, p.Problems)
		}
	}
}

func TestAStatementThatWasEditedIsRefused(t *testing.T) {
	t.Parallel()
	with := func(id string) []bank.Record {
		return file(statement("7", 2, 2, "100.00", "100.00"), entry(bank.Debit, "10.00", 2, "A"),
			entry(bank.Credit, "10.00", 2, id))
	}
	_, _, err := reconcile(header, "", with("B"), with("C"))
	if !errors.Is(err, intake.ErrOverlap) ||
		!strings.Contains(err.Error(), "entry 2 is a credit of 10.00 on 2026-11-02") {
		t.Errorf("got %v", err)
	}
}

func TestDaysThatAFileLeavesOut(t *testing.T) {
	t.Parallel()
	without := func(e bank.StatementEntry, value int) bank.StatementEntry {
		e.BookingDate, e.ValueDate = calendar.Day{}, day(value)
		return e
	}
	nameless := func(opening, closing string) bank.StatementHead {
		h := statement("", 1, 1, opening, closing)
		h.From, h.To = calendar.Day{}, calendar.Day{}
		return h
	}
	p, _, err := reconcile(header+"a,2026-11-02,debit,10.00,A,,,\n", "90.00", file(
		statement("1", 2, 2, "100.00", "90.00"), without(entry(bank.Debit, "10.00", 2, "A"), 1),
		nameless("90.00", "90.00"),
		nameless("90.00", "95.00"), without(entry(bank.Credit, "5.00", 2, "B"), 4)))
	if err != nil {
		t.Fatal(err)
	}
	if !p.ArithmeticOK || p.Opening.String() != "100.00" || p.Closing.String() != "95.00" || p.Through != day(4) ||
		len(p.Breaks) != 1 || p.Breaks[0].Day != day(4) {
		t.Errorf("arithmetic %t %v, %s to %s through %s, %v", p.ArithmeticOK, p.Problems, p.Opening, p.Closing, p.Through,
			breaks(p))
	}
}

// Banks have words for no reference; they name no payment.
func TestAWordForNoReferenceIsNone(t *testing.T) {
	t.Parallel()
	one, other := entry(bank.Debit, "10.00", 2, "NOTPROVIDED"), entry(bank.Debit, "20.00", 2, "NONREF")
	p, matches, err := reconcile(header+"a,2026-11-02,debit,10.00,A,,,\nb,2026-11-02,debit,20.00,B,,,\n", "",
		file(statement("1", 2, 2, "100.00", "70.00"), one, other))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"amount_day_unique one_to_one [0] [a] 0.00", "amount_day_unique one_to_one [1] [b] 0.00"}
	if diff := cmp.Diff(want, matches); diff != "" || len(p.Breaks) > 0 {
		t.Errorf("matches (-want +got):\n%s%v", diff, breaks(p))
	}
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	good := statement("1", 1, 2, "100.00", "110.00")
	with := func(change func(h *bank.StatementHead)) bank.StatementHead {
		h := good
		change(&h)
		return h
	}
	for name, c := range map[string]struct {
		book string
		give []bank.Record
		want error
		says string
	}{
		"another account": {
			header, file(good, with(func(h *bank.StatementHead) { h.Account = "7" })), intake.ErrAccount, "another account",
		},
		"another currency": {
			header, file(with(func(h *bank.StatementHead) { h.Currency = "EUR" })), intake.ErrCurrency, "EUR",
		},
		"three decimals": {header, file(good, entry(bank.Credit, "10.001", 2, "A")), intake.ErrAmount, "entry 1 of statement 1"},
		"no day": {
			header, file(good, bank.StatementEntry{Amount: figure("1.00"), Direction: bank.Credit, Status: "booked"}), //nolint:exhaustruct // no day
			intake.ErrEntry, "entry 1",
		},
		"cut":          {header, file(good)[:2], offline.ErrStatement, "not read to its end"},
		"instructions": {header, file(bank.BatchHead{}), offline.ErrStatement, "no statement"}, //nolint:exhaustruct // none
		"a book without a column": {
			"posting_id,date,direction\n", file(good), offline.ErrBook, "line 1: book_unreadable: column amount is missing",
		},
		"a book with a column of its own": {
			"posting_id,date,direction,amount,colour\n", file(good), offline.ErrBook, `column "colour" is none of`,
		},
		"a column twice": {"posting_id,date,date,amount\n", file(good), offline.ErrBook, "date stands twice"},
		"an empty book":  {"", file(good), offline.ErrBook, "header is missing"},
		"an amount in another form": {
			header + "a,2026-11-01,credit,\"1,000.00\",,,,\n", file(good), offline.ErrBook, `line 2: book_unreadable: amount is an amount above zero`,
		},
		"a day that is none": {header + "a,2026-02-30,credit,1.00,,,,\n", file(good), offline.ErrBook, `not "2026-02-30"`},
		"no direction":       {header + "a,2026-02-28,in,1.00,,,,\n", file(good), offline.ErrBook, "direction is credit or debit"},
		"no name":            {header + ",2026-02-28,credit,1.00,,,,\n", file(good), offline.ErrBook, "posting_id is what names"},
		"a posting twice": {
			header + strings.Repeat("a,2026-02-28,credit,1.00,,,,\n", 2), file(good), offline.ErrBook, "rows 1 and 2",
		},
		"a short row": {header + "a,2026-02-28\n", file(good), offline.ErrBook, "line 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := reconcile(c.book, "", c.give)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %v that says %q", err, c.want, c.says)
			}
		})
	}
}

// Whatever stands on both sides, every line is matched or broken once, and the
// adjusted balances agree where the book adds up.
func TestEveryWorldAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const opening = money.Amount(1_000_000)
		directions := []bank.Direction{bank.Credit, bank.Debit}
		amounts := []string{"10.00", "20.00", "30.00", "0.01"}
		refs := []string{"", "", "A", "B", "C", "D"}
		var book strings.Builder
		book.WriteString(header)
		closing, stated := opening, opening
		for i := range rapid.IntRange(0, 8).Draw(t, "book") {
			d, a := rapid.SampledFrom(directions).Draw(t, "direction"), rapid.SampledFrom(amounts).Draw(t, "amount")
			closing += signed(d, a)
			fmt.Fprintf(&book, "p%d,%s,%s,%s,%s,%s,,\n", i, day(rapid.IntRange(1, 4).Draw(t, "day")), d, a,
				rapid.SampledFrom(refs).Draw(t, "reference"), rapid.SampledFrom([]string{"", "X"}).Draw(t, "batch"))
		}
		var lines []bank.Record
		for range rapid.IntRange(0, 8).Draw(t, "lines") {
			d, a := rapid.SampledFrom(directions).Draw(t, "direction"), rapid.SampledFrom(amounts).Draw(t, "amount")
			e := entry(d, a, rapid.IntRange(1, 4).Draw(t, "day"), rapid.SampledFrom(refs).Draw(t, "reference"))
			e.BatchID = rapid.SampledFrom([]string{"", "X"}).Draw(t, "batch")
			e.Reversal = rapid.Bool().Draw(t, "reversal")
			stated += signed(d, a)
			if rapid.Bool().Draw(t, "in parts") && a == "30.00" {
				e.EndToEndID = ""
				lines = append(lines, e, detail("10.00", rapid.SampledFrom([]string{"A", "B"}).Draw(t, "one")),
					detail("20.00", rapid.SampledFrom([]string{"C", "D"}).Draw(t, "other")))
				continue
			}
			lines = append(lines, e)
		}
		p, _, err := reconcile(book.String(), closing.String(), file(slices.Concat(
			[]bank.Record{statement("1", 1, 4, opening.String(), stated.String())}, lines)...))
		if err != nil {
			t.Fatal(err)
		}
		if !p.ArithmeticOK || !p.Agrees {
			t.Fatalf("arithmetic %t, agrees %t: bank %s, book %s, %v", p.ArithmeticOK, p.Agrees, p.AdjustedBank,
				p.AdjustedBook, p.Problems)
		}
	})
}

func signed(d bank.Direction, amount string) money.Amount {
	if d == bank.Debit {
		return -money.MustParse(amount)
	}
	return money.MustParse(amount)
}

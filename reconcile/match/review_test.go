package match_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/bank"
	"twoline/gateway/money"
	"twoline/reconcile/match"
)

// A correction that carries a reference is of a line of that reference or of none: a
// debit of nobody's must not vanish with the correction of somebody's item.
func TestACorrectionIsOfItsReference(t *testing.T) {
	t.Parallel()
	back := func(endToEnd, bankRef string) match.StatementLine {
		return match.StatementLine{
			ID: 9, Movement: move(bank.Credit, "143.00", 1), EndToEndID: endToEnd, BankReference: bankRef, Reversal: true,
		}
	}
	line := func(id int64, endToEnd, bankRef string) match.StatementLine {
		return match.StatementLine{ID: id, Movement: debit("143.00"), EndToEndID: endToEnd, BankReference: bankRef}
	}
	alone := found{Breaks: []string{"4 absent_in_book [8] [] debit 143.00", "4 absent_in_book [9] [] credit 143.00"}}
	paired := found{Matches: []string{"bank_reversal many_to_many [8 9] []"}}
	for name, c := range map[string]struct {
		book      []match.BookLine
		statement []match.StatementLine
		want      found
	}{
		"another's id": {statement: []match.StatementLine{line(8, "", "ZZ99"), back("601", "P1R")}, want: alone},
		"an unreferenced line, the correction with an id": {
			statement: []match.StatementLine{line(8, "", ""), back("601", "")}, want: alone,
		},
		"an unreferenced line, the correction with a bank's reference": {
			statement: []match.StatementLine{line(8, "", ""), back("", "P1")}, want: alone,
		},
		"another bank's reference": {statement: []match.StatementLine{line(8, "", "P2"), back("", "P1")}, want: alone},
		"two ids of one bank's reference": {
			statement: []match.StatementLine{line(8, "X", "P1"), back("Y", "P1")}, want: alone,
		},
		"one id, two bank's references": {
			statement: []match.StatementLine{line(8, "X", "P1"), back("X", "P2")}, want: paired,
		},
		"one bank's reference, the line without the id": {
			statement: []match.StatementLine{line(8, "", "P1"), back("X", "P1")}, want: paired,
		},
		"one bank's reference, the correction without the id": {
			statement: []match.StatementLine{line(8, "X", "P1"), back("", "P1")}, want: paired,
		},
		"no reference at all": {statement: []match.StatementLine{line(8, "", "P1"), back("", "")}, want: paired},
		"the item's own line is matched, and the debit of nobody stays": {
			book: []match.BookLine{item(1, 1, debit("143.00"), "601", "")},
			statement: []match.StatementLine{
				line(7, "601", "P1"), line(8, "", "ZZ99"), back("601", "P1R"),
			},
			want: found{Matches: []string{"reference one_to_one [7] [{1 1}]"}, Breaks: alone.Breaks},
		},
		"the only candidate of a line of the book": {
			book:      []match.BookLine{direct(1, debit("143.00"), "")},
			statement: []match.StatementLine{line(8, "", "P1"), back("", "P1")},
			want: found{
				Matches: []string{"amount_day_unique one_to_one [8] [{1 1}]"},
				Breaks:  []string{"4 absent_in_book [9] [] credit 143.00"},
			},
		},
		"one of two candidates of a line of the book": {
			book:      []match.BookLine{direct(1, debit("143.00"), "")},
			statement: []match.StatementLine{line(7, "", "P2"), line(8, "", "P1"), back("", "P1")},
			want: found{Matches: []string{
				"amount_day_unique one_to_one [7] [{1 1}]", "bank_reversal many_to_many [8 9] []",
			}},
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

// A second line of a matched line's bank reference, direction and amount is a
// duplicate, although it drops the id that the first echoed.
func TestASecondLineOfOneBankReference(t *testing.T) {
	t.Parallel()
	line := func(id int64, endToEnd, bankRef, amount string) match.StatementLine {
		return match.StatementLine{ID: id, Movement: debit(amount), EndToEndID: endToEnd, BankReference: bankRef}
	}
	own := func(entry int64, ref, bankRef, amount string) match.BookLine {
		b := item(entry, 1, debit(amount), ref, "")
		b.BankReference = bankRef
		return b
	}
	for name, c := range map[string]struct {
		book      []match.BookLine
		statement []match.StatementLine
		want      found
	}{
		"the second without the id, another pension of the amount open": {
			book:      []match.BookLine{own(1, "601", "", "55.00"), own(2, "602", "", "55.00")},
			statement: []match.StatementLine{line(8, "601", "P1", "55.00"), line(9, "", "P1", "55.00")},
			want: found{
				Matches: []string{"reference one_to_one [8] [{1 1}]"},
				Breaks:  []string{"4 duplicate_bank_line [9] [] debit 55.00", "6 absent_in_bank [] [{2 1}] debit 55.00"},
			},
		},
		"the second before the first": {
			book:      []match.BookLine{own(1, "601", "", "55.00"), own(2, "602", "", "55.00")},
			statement: []match.StatementLine{line(8, "", "P1", "55.00"), line(9, "601", "P1", "55.00")},
			want: found{
				Matches: []string{"reference one_to_one [9] [{1 1}]"},
				Breaks:  []string{"4 duplicate_bank_line [8] [] debit 55.00", "6 absent_in_bank [] [{2 1}] debit 55.00"},
			},
		},
		"another amount is another payment": {
			book:      []match.BookLine{own(1, "601", "", "55.00"), direct(2, debit("56.00"), "")},
			statement: []match.StatementLine{line(8, "601", "P1", "55.00"), line(9, "", "P1", "56.00")},
			want: found{Matches: []string{
				"amount_day_unique one_to_one [9] [{2 1}]", "reference one_to_one [8] [{1 1}]",
			}},
		},
		"the book holds another line of the bank's reference": {
			book:      []match.BookLine{own(1, "601", "P1", "55.00"), own(2, "602", "P1", "55.00")},
			statement: []match.StatementLine{line(8, "601", "P1", "55.00"), line(9, "", "P1", "55.00")},
			want: found{Matches: []string{
				"bank_reference one_to_one [9] [{2 1}]", "reference one_to_one [8] [{1 1}]",
			}},
		},
		"one bank's reference for a whole batch of equal items": {
			book: []match.BookLine{
				own(1, "601", "", "55.00"), own(2, "602", "", "55.00"), own(3, "603", "", "77.00"),
			},
			statement: []match.StatementLine{
				line(7, "601", "B", "55.00"), line(8, "602", "B", "55.00"), line(9, "603", "B", "77.00"),
			},
			want: found{Matches: []string{
				"reference one_to_one [7] [{1 1}]", "reference one_to_one [8] [{2 1}]", "reference one_to_one [9] [{3 1}]",
			}},
		},
		"one whole batch, an item of it not booked yet": {
			book: []match.BookLine{own(1, "601", "", "55.00")},
			statement: []match.StatementLine{
				line(7, "601", "B", "55.00"), line(8, "602", "B", "55.00"),
			},
			want: found{
				Matches: []string{"reference one_to_one [7] [{1 1}]"},
				Breaks:  []string{"4 absent_in_book [8] [] debit 55.00"},
			},
		},
		"of a line that was matched by amount": {
			book: []match.BookLine{direct(1, debit("55.00"), ""), direct(2, move(bank.Debit, "55.00", 20), "")},
			statement: []match.StatementLine{line(8, "", "P1", "55.00"), {
				ID: 9, Movement: match.Movement{
					Booked: day1().AddDays(1), Value: day1().AddDays(10), Direction: bank.Debit, Amount: money.MustParse("55.00"),
				}, BankReference: "P1",
			}},
			want: found{
				Matches: []string{"amount_day_unique one_to_one [8] [{1 1}]"},
				Breaks:  []string{"4 duplicate_bank_line [9] [] debit 55.00", "6 absent_in_bank [] [{2 1}] debit 55.00"},
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

// A line that names a batch of ours is of the batch or of nothing, and what comes
// after the batch is used up is a duplicate, without any past.
func TestALineOfABatchStaysInIt(t *testing.T) {
	t.Parallel()
	lump := func(id int64, amount string) match.StatementLine {
		return match.StatementLine{ID: id, Movement: debit(amount), Batch: "B1", CounterpartyAccount: "62"}
	}
	outside := direct(5, debit("300.00"), "")
	outside.CounterpartyAccount = "62"
	book := []match.BookLine{
		item(1, 1, debit("100.00"), "501", "B1"), item(1, 3, debit("200.00"), "502", "B1"), outside,
	}
	named := lump(9, "300.00")
	named.EndToEndID = "PAYEE"
	left := "6 absent_in_bank [] [{5 1}] debit 300.00"
	for name, c := range map[string]struct {
		book      []match.BookLine
		statement []match.StatementLine
		want      found
	}{
		"a second lump": {
			book: book, statement: []match.StatementLine{lump(8, "300.00"), lump(9, "300.00")},
			want: found{
				Matches: []string{"batch_total one_to_many [8] [{1 1} {1 3}]"},
				Breaks:  []string{"4 duplicate_bank_line [9] [] debit 300.00", left},
			},
		},
		"a lump of another amount": {
			book: book, statement: []match.StatementLine{lump(8, "300.00"), lump(9, "30.00")},
			want: found{
				Matches: []string{"batch_total one_to_many [8] [{1 1} {1 3}]"},
				Breaks:  []string{"4 absent_in_book [9] [] debit 30.00", left},
			},
		},
		"an item": {
			book: book, statement: []match.StatementLine{lump(8, "300.00"), named},
			want: found{
				Matches: []string{"batch_total one_to_many [8] [{1 1} {1 3}]"},
				Breaks:  []string{"4 absent_in_book [9] [] debit 300.00", left},
			},
		},
		"a sum outside the batch": {
			book: []match.BookLine{
				book[0], book[1], outside, {Movement: debit("1.00"), Key: key(6, 1), CounterpartyAccount: "62"},
			},
			statement: []match.StatementLine{lump(8, "300.00"), lump(9, "301.00")},
			want: found{
				Matches: []string{"batch_total one_to_many [8] [{1 1} {1 3}]"},
				Breaks: []string{
					"4 absent_in_book [9] [] debit 301.00", left, "6 absent_in_bank [] [{6 1}] debit 1.00",
				},
			},
		},
		"another's batch is no reference of ours": {
			book: []match.BookLine{outside}, statement: []match.StatementLine{lump(8, "300.00")},
			want: found{Matches: []string{"amount_day_unique one_to_one [8] [{5 1}]"}},
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

// knowing is a past that knows every batch that is named.
type knowing struct{ match.NoPast }

func (knowing) OurBatch(string) bool { return true }

func TestABatchThatThePastKnows(t *testing.T) {
	t.Parallel()
	got := run(t, []match.BookLine{direct(5, debit("300.00"), "")},
		[]match.StatementLine{{ID: 9, Movement: debit("300.00"), Batch: "B1"}}, knowing{})
	want := found{Breaks: []string{
		"4 absent_in_book [9] [] debit 300.00", "6 absent_in_bank [] [{5 1}] debit 300.00",
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A day later the next Matcher still knows the batch that was used up.
func TestABatchIsKnownTheNextDay(t *testing.T) {
	t.Parallel()
	first, next := match.New(match.DefaultRules()), match.New(match.DefaultRules())
	first.AddBook(item(1, 1, debit("300.00"), "501", "B1"))
	first.AddStatement(match.StatementLine{ID: 8, Movement: debit("300.00"), Batch: "B1"})
	if err := first.Match(context.Background(), match.NoPast{}); err != nil {
		t.Fatal(err)
	}
	first.Left(next)
	next.AddBook(direct(5, debit("300.00"), ""))
	next.AddStatement(match.StatementLine{ID: 9, Movement: debit("300.00"), Batch: "B1"})
	if err := next.Match(context.Background(), match.NoPast{}); err != nil {
		t.Fatal(err)
	}
	for x := range next.Matches() {
		t.Errorf("%s matched %v and %v", x.Rule, x.Statement, x.Book)
	}
}

// Interest is nobody's item, by amount.
func TestInterestTakesNoItem(t *testing.T) {
	t.Parallel()
	interest := match.StatementLine{ID: 9, Movement: move(bank.Credit, "12.34", 1), Text: "三季度结息"}
	own, free := item(1, 1, credit("12.34"), "501", ""), direct(2, credit("12.34"), "")
	got := run(t, []match.BookLine{own}, []match.StatementLine{interest}, match.NoPast{})
	want := found{Breaks: []string{"4 bank_interest [9] [] credit 12.34", "6 absent_in_bank [] [{1 1}] credit 12.34"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got = run(t, []match.BookLine{own, free}, []match.StatementLine{interest}, match.NoPast{})
	want = found{
		Matches: []string{"interest one_to_one [9] [{2 1}]"},
		Breaks:  []string{"6 absent_in_bank [] [{1 1}] credit 12.34"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// The item's own line, a day late and without its id, is not confused by interest.
	plain := match.StatementLine{ID: 8, Movement: credit("12.34")}
	got = run(t, []match.BookLine{own}, []match.StatementLine{plain, interest}, match.NoPast{})
	want = found{
		Matches: []string{"amount_day_unique one_to_one [8] [{1 1}]"},
		Breaks:  []string{"4 bank_interest [9] [] credit 12.34"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	interest.CounterpartyAccount, own.CounterpartyAccount = "62", "62"
	other := item(3, 1, credit("1.00"), "503", "")
	other.CounterpartyAccount, interest.Amount = "62", money.MustParse("13.34")
	got = run(t, []match.BookLine{own, other}, []match.StatementLine{interest}, match.NoPast{})
	if len(got.Matches) > 0 {
		t.Errorf("interest is a sum of items: %v", got.Matches)
	}
}

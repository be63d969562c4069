package postgres_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/bank"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/reconcile/match"
)

// paid books pensions of an amount, in one entry, on the third.
func (w *bankWorld) paid(t *testing.T, amount money.Amount, items ...int64) int64 {
	t.Helper()
	exp := w.books.Accounts[ledger.Expenditure]
	sum := w.direct(ledger.Credit, ledger.Expenditure, amount*money.Amount(len(items)))
	sum.Nature = ledger.SumLine
	lines := []ledger.Posting{sum}
	for _, id := range items {
		item := w.direct(ledger.Debit, ledger.BenefitBase, amount)
		item.Nature, item.Cause, item.FundAccount, item.Member = ledger.ItemLine, id, exp, 1
		lines = append(lines, item)
	}
	w.book(t, w.entry(ledger.Allocation, "test:1", 3, 3, w.direct(ledger.Debit, ledger.Expenditure, 10*amount),
		w.direct(ledger.Credit, ledger.FiscalSpecial, 10*amount)), w.entry(ledger.BenefitPaid, "test:2", 3, 3, lines...))
	return exp
}

// open is the account's open breaks as reason, direction and amount.
func (w *bankWorld) open(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, h := range w.breaks(t) {
		out = append(out, fmt.Sprintf("%s %s %s", h.Reason, h.Direction, h.Amount))
	}
	slices.Sort(out)
	return out
}

func kindsOfCases(t *testing.T, w *bankWorld) []string {
	t.Helper()
	return ask[string](t, w, `select kind from exception_case order by kind`)
}

// A debit of nobody's stays with its alarm although the bank corrected an item of
// the same amount.
func TestADebitOfNobodyDoesNotHideBehindACorrection(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	w.today = nov(12)
	exp := w.paid(t, 1_000_000, 601)
	pay, back := bankLine(bank.Debit, 1_000_000, 3, "P1"), bankLine(bank.Credit, 1_000_000, 5, "P1R")
	pay.EndToEndID, back.EndToEndID, back.Reversal = "601", "601", true
	w.statement(t, exp, 2, 12, bankLine(bank.Credit, 10_000_000, 3, "A1"), pay,
		bankLine(bank.Debit, 1_000_000, 4, "ZZ99"), back)
	w.match(t, exp)
	want := []string{"absent_in_book credit 10000.00", "absent_in_book debit 10000.00"}
	if diff := cmp.Diff(want, w.open(t)); diff != "" {
		t.Error(diff)
	}
	if kinds := kindsOfCases(t, w); !slices.Contains(kinds, "possible_fraud") {
		t.Errorf("cases are %q", kinds)
	}
}

// The bank pays one pension twice and drops the id of the second line: it must not
// stand for the pension of another who is owed as much, in one run or the next.
func TestASecondLineWithoutTheIDTakesNobodysPension(t *testing.T) {
	t.Parallel()
	for name, apart := range map[string]bool{"in one run": false, "in the next run": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newBankWorld(t)
			w.today = nov(12)
			exp := w.paid(t, 5500, 601, 602)
			pay, again := bankLine(bank.Debit, 5500, 3, "P1"), bankLine(bank.Debit, 5500, 4, "P1")
			pay.EndToEndID = "601"
			first := []bank.StatementEntry{bankLine(bank.Credit, 55_000, 3, "A1"), pay}
			if apart {
				w.statement(t, exp, 2, 3, first...)
				w.match(t, exp)
				w.statement(t, exp, 4, 12, again)
			} else {
				w.statement(t, exp, 2, 12, append(first, again)...)
			}
			w.match(t, exp)
			want := []string{"absent_in_bank debit 55.00", "duplicate_bank_line debit 55.00"}
			if diff := cmp.Diff(want, w.open(t)); diff != "" {
				t.Error(diff)
			}
			if kinds := kindsOfCases(t, w); !slices.Contains(kinds, "duplicate_bank_debit") {
				t.Errorf("cases are %q", kinds)
			}
			// The same again changes nothing.
			w.match(t, exp)
			if diff := cmp.Diff(want, w.open(t)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A second lump of a withheld batch is told as a duplicate in the next run too, and
// takes no other income of its amount.
func TestASecondLumpOfAWithheldBatch(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	w.today = nov(12)
	income := w.books.Accounts[ledger.Income]
	w.batch(t, 77, "W77")
	w.book(t, w.contributions(77, 3, 3, map[int64]money.Amount{501: 10_000, 502: 20_000}))
	lump := func(day int, ref string) bank.StatementEntry {
		l := bankLine(bank.Credit, 30_000, day, ref)
		l.BatchID = "W77"
		return l
	}
	w.statement(t, income, 2, 3, lump(3, "L1"))
	w.match(t, income)
	if got := w.open(t); len(got) > 0 {
		t.Fatal(got)
	}
	w.statement(t, income, 4, 12, lump(4, "L2"))
	for range 2 {
		w.match(t, income)
		breaks := w.breaks(t)
		if len(breaks) != 1 || breaks[0].Reason != match.DuplicateBankLine {
			t.Errorf("%+v", breaks)
		}
	}
}

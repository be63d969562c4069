package intake_test

import (
	"errors"
	"strings"
	"testing"

	"twoline/gateway/bank"
	"twoline/gateway/fault"
	"twoline/reconcile/intake"
)

// A statement that does not add up names the line that most likely is to blame.
func TestF45_TheLikelyLineIsNamed(t *testing.T) {
	t.Parallel()
	a, b, c := entry(bank.Credit, "12.30", 10, "R1"), entry(bank.Credit, "7.00", 10, "R2"), entry(bank.Debit, "3.00", 10, "R3")
	for name, x := range map[string]struct {
		lines   []bank.Record
		closing string
		says    string
		line    int
	}{
		"a line that stands there twice": {
			[]bank.Record{a, b, b, c}, "116.30", "difference -7.00; perhaps line 3 (a credit of 7.00 on 2026-11-10) stands there twice", 3,
		},
		"a line too many": {
			[]bank.Record{a, b, c}, "109.30", "difference -7.00; perhaps line 2 (a credit of 7.00 on 2026-11-10) is one too many", 2,
		},
		"a line in the wrong direction": {
			[]bank.Record{a, b, c}, "122.30", "difference 6.00; perhaps line 3 (a debit of 3.00 on 2026-11-10) has the wrong direction", 3,
		},
		"a line that stands there once instead of twice": {
			[]bank.Record{a, b, c}, "123.30", "perhaps line 2 (a credit of 7.00 on 2026-11-10) stands there once instead of twice", 2,
		},
		"two digits swapped": {
			[]bank.Record{a, b, c}, "125.30", "difference 9.00; perhaps line 1 (a credit of 12.30 on 2026-11-10) has two digits swapped: 21.30", 1,
		},
		"a decimal point in the wrong place": {
			[]bank.Record{a, b, c}, "179.30", "perhaps line 2 (a credit of 7.00 on 2026-11-10) has its point in the wrong place", 2,
		},
		"several lines alike": {
			[]bank.Record{a, b, entry(bank.Credit, "7.00", 10, "R4"), c},
			"116.30",
			"perhaps one of these is one too many: line 2 (a credit of 7.00 on 2026-11-10), line 3 (a credit of 7.00 on 2026-11-10)", 0,
		},
		"the balance itself": {
			[]bank.Record{a, b, c}, "161.30", "the balance itself may have two digits swapped: 161.30 for 116.30", 0,
		},
		"nothing explains it": {
			[]bank.Record{a, b, c}, "116.31", "no line explains it alone: perhaps a credit of 0.01 is missing", 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			records := append([]bank.Record{head(), statement(10, 10, "100.00", x.closing)}, append(x.lines, bank.End{})...)
			_, err := newBooks().take(t, day(10), records...)
			refused, ok := errors.AsType[*fault.Error](err)
			if !ok || !errors.Is(err, intake.ErrArithmetic) {
				t.Fatalf("got %v", err)
			}
			if !strings.Contains(refused.Text, x.says) || refused.Line != x.line {
				t.Errorf("line %d: %q, want line %d and %q", refused.Line, refused.Text, x.line, x.says)
			}
		})
	}
}

// Of pages the one that does not add up is looked into, and no other.
func TestF45_TheLikelyLineIsOfItsPage(t *testing.T) {
	t.Parallel()
	page := func(no, opening, closing string) bank.StatementHead {
		return with(statement(10, 10, opening, closing), func(h *bank.StatementHead) { h.Page = no })
	}
	_, err := newBooks().take(t, day(10), head(), page("1", "100.00", "107.00"), entry(bank.Credit, "7.00", 10, "R1"),
		page("2", "107.00", "107.00"), entry(bank.Credit, "7.00", 10, "R2"), bank.End{})
	if err == nil || !strings.Contains(err.Error(), "perhaps line 2 (a credit of 7.00 on 2026-11-10) is one too many") {
		t.Errorf("got %v", err)
	}
}

func TestF45_TheLineThatAnOpeningLacksIsNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ opening, number, says string }{
		"a line is not in it": {
			"100.00", "11", "perhaps the credit of 5.00 on 2026-11-10, reference R1, taken in before (statement line 1), is not in its opening",
		},
		"a line is in it twice": {"110.00", "11", "reference R1, taken in before (statement line 1), is in its opening twice"},
		"its own line is in it": {"107.00", "11", "perhaps its line 1 (a credit of 2.00 on 2026-11-11) is in its opening already"},
		"a statement is missing": {
			"199.00", "13", "perhaps a statement between the two is missing; by the bank's numbers statements 11 to 12 are missing",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBooks()
			if _, err := b.take(t, day(10), head(), statement(10, 10, "100.00", "105.00"), entry(bank.Credit, "5.00", 10, "R1"),
				bank.End{}); err != nil {
				t.Fatal(err)
			}
			opening := figure(c.opening)
			sum, _ := opening.Amount()
			h := with(statement(11, 11, c.opening, (sum+200).String()), func(h *bank.StatementHead) { h.Number = c.number })
			_, err := b.take(t, day(11), head(), h, entry(bank.Credit, "2.00", 11, "R2"), bank.End{})
			if !errors.Is(err, intake.ErrOpening) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}

// A statement that comes again with an edited line is refused with the first line
// that differs, what stood there and what stands there now; nobody is named.
func TestF46_TheFirstEditedLineIsNamed(t *testing.T) {
	t.Parallel()
	lines := []bank.StatementEntry{
		entry(bank.Credit, "5.00", 10, "R1"), entry(bank.Debit, "2.00", 10, "R2"), entry(bank.Credit, "9.00", 10, "R3"),
	}
	lines[1].Counterparty, lines[1].CounterpartyAccount, lines[1].EndToEndID = "王一", "6210001", "501"
	file := func(closing string, change func([]bank.StatementEntry)) []bank.Record {
		again := append([]bank.StatementEntry(nil), lines...)
		change(again)
		records := []bank.Record{head(), statement(10, 10, "100.00", closing)}
		for i, l := range again {
			l.Index = i
			records = append(records, l)
		}
		return append(records, bank.End{})
	}
	for name, c := range map[string]struct {
		closing string
		change  func([]bank.StatementEntry)
		want    error
		says    string
	}{
		"two amounts": {
			"112.00", func(l []bank.StatementEntry) { l[0].Amount, l[2].Amount = *figure("6.00"), *figure("8.00") },
			intake.ErrOverlap, "line 1, a credit of 6.00 on 2026-11-10, reference R1, differs in its amount: it is 6.00, and 5.00 stood there",
		},
		"an amount, and the balance as it was": {
			"112.00", func(l []bank.StatementEntry) { l[2].Amount = *figure("8.00") },
			intake.ErrArithmetic, "line 3, a credit of 8.00 on 2026-11-10, reference R3, differs in its amount: it is 8.00, and 9.00 stood there",
		},
		"a reference": {
			"112.00", func(l []bank.StatementEntry) { l[1].BankReference = "R7" },
			intake.ErrOverlap, "line 2, a debit of 2.00 on 2026-11-10, reference R7, differs in its bank reference: it is R7, and R2 stood there",
		},
		"a direction": {
			"116.00", func(l []bank.StatementEntry) { l[1].Direction = bank.Credit },
			intake.ErrOverlap, "differs in its direction: it is a credit, and a debit stood there",
		},
		"an id": {
			"112.00", func(l []bank.StatementEntry) { l[1].EndToEndID = "502" },
			intake.ErrOverlap, "line 2, a debit of 2.00 on 2026-11-10, reference R2, differs in its end-to-end id: it is 502, and 501 stood there",
		},
		"a counterparty": {
			"112.00", func(l []bank.StatementEntry) { l[1].Counterparty = "李二" },
			intake.ErrOverlap, "differs in its counterparty: it is not what was taken in before",
		},
		"a counterparty's account": {
			"112.00", func(l []bank.StatementEntry) { l[1].CounterpartyAccount = "6210002" },
			intake.ErrOverlap, "differs in its counterparty's account: it is not what was taken in before",
		},
		"what only one format carries": {
			"112.00", func(l []bank.StatementEntry) {
				l[1].Counterparty, l[1].CounterpartyAccount, l[1].EndToEndID = "", "", ""
			}, nil, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBooks()
			if _, err := b.take(t, day(10), file("112.00", func([]bank.StatementEntry) {})...); err != nil {
				t.Fatal(err)
			}
			_, err := b.take(t, day(10), file(c.closing, c.change)...)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if err != nil && (!strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "李二") ||
				strings.Contains(err.Error(), "6210002")) {
				t.Errorf("%q does not say %q", err, c.says)
			}
		})
	}
}

// What a reader says of a sum is told by line where the lines tell more, and is never
// dropped.
func TestAReadersWordAboutASumIsKept(t *testing.T) {
	t.Parallel()
	problem := bank.Problem{Severity: bank.SeverityError, Code: "balance", Line: 0, Path: "", Text: ""}
	line := entry(bank.Credit, "5.00", 10, "R1")
	_, err := newBooks().take(t, day(10), head(), statement(10, 10, "100.00", "110.00"), problem, line, bank.End{})
	if !errors.Is(err, intake.ErrArithmetic) || !strings.Contains(err.Error(), "stands there once instead of twice") {
		t.Errorf("got %v", err)
	}
	_, err = newBooks().take(t, day(10), head(), statement(10, 10, "100.00", "105.00"), problem, line, bank.End{})
	if !errors.Is(err, intake.ErrProblem) {
		t.Errorf("a contradiction that the lines do not show: %v", err)
	}
	problem.Code, problem.Text = "page", "the pages before this one are not in the file"
	_, err = newBooks().take(t, day(10), head(), statement(10, 10, "100.00", "105.00"), problem, line, bank.End{})
	if !errors.Is(err, intake.ErrPage) || !strings.Contains(err.Error(), "the pages before this one") {
		t.Errorf("missing pages: %v", err)
	}
}

func TestAForeignStatementSaysWhoseItIs(t *testing.T) {
	t.Parallel()
	h := with(statement(10, 10, "100.00", "100.00"), func(h *bank.StatementHead) { h.Account = other })
	_, err := newBooks().take(t, day(10), head(), h, bank.End{})
	if !errors.Is(err, intake.ErrAccount) || !strings.Contains(err.Error(), "is of account ****0012, and was sent for account ****0011") {
		t.Errorf("got %v", err)
	}
	h = with(statement(10, 10, "100.00", "100.00"), func(h *bank.StatementHead) { h.Currency = "USD" })
	_, err = newBooks().take(t, day(10), head(), h, bank.End{})
	if !errors.Is(err, intake.ErrCurrency) || !strings.Contains(err.Error(), `is in "USD", not in yuan`) {
		t.Errorf("got %v", err)
	}
}

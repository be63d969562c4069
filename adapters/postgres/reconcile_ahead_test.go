package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/bank"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// answered books items of a day and keeps what the bank called each in its answer.
func (w *bankWorld) answered(tb testing.TB, day int, items map[int64]money.Amount) {
	tb.Helper()
	w.book(tb, w.contributions(0, day, day, items))
	for id := range items {
		w.d.Exec(tb, fmt.Sprintf(`insert into answer (area, receipt_id, line, batch_id, item_id, outcome, class, code, text,
				bank_reference, disposition, answered_at)
			values (%d, 1, %d, 1, %[2]d, 'succeeded', 'SUCCESS', '', '', 'R%[2]d', 'recorded', now())`, w.books.Area, id))
	}
}

// What the bank called an item is read only where a line asks for it, and many lines
// are read on another connection; neither changes what is matched.
func TestBankReferencesAndLinesReadApartMatchTheSame(t *testing.T) {
	t.Parallel()
	line := func(day int, amount money.Amount, echo, reference string) bank.StatementEntry {
		l := bankLine(bank.Credit, amount, day, reference)
		l.EndToEndID = echo
		return l
	}
	root := newBankWorld(t)
	want := []string{
		"amount_day_unique  /", "bank_reference  R3/", "bank_reference  R8/", "reference 2 R2/", "reference 7 R7/",
		"bank_reference  R1/", "open PAYER R4/", "open  R2/", "open  X6/", "open 1 R1/", "open 8 R8/",
	}
	slices.Sort(want)
	for i, way := range []string{"daily", "at once", "beside", "daily, then beside"} {
		w := root.area(t, party.Area(120000+i))
		income := w.books.Accounts[ledger.Income]
		w.answered(t, 3, map[int64]money.Amount{1: 100, 2: 200, 3: 300, 4: 400, 5: 500, 6: 600, 7: 700})
		first := []bank.StatementEntry{
			line(3, 100, "", "R1"), line(3, 100, "1", "R1"), line(3, 200, "2", "R2"), line(3, 200, "", "R2"),
			line(3, 300, "", "R3"), line(3, 400, "PAYER", "R4"), line(3, 500, "", ""), line(3, 600, "", "X6"),
			line(3, 700, "7", "R7"), line(3, 800, "", "R8"),
		}
		second := line(4, 800, "8", "R8")
		w.statement(t, income, 2, 3, first...)
		if strings.HasPrefix(way, "daily") {
			w.match(t, income)
		}
		w.answered(t, 4, map[int64]money.Amount{8: 800})
		w.statement(t, income, 4, 4, second)
		if strings.HasSuffix(way, "beside") {
			w.d.Exec(t, fmt.Sprintf(`begin; set local session_replication_role = replica;
				update statement set line_count = line_count + 20000 where area = %d; commit`, w.books.Area))
		}
		w.match(t, income)
		w.wholeLines(t, income)
		got := ask[string](t, w, `
			select coalesce(m.rule, 'open') || ' ' || l.end_to_end_id || ' ' || l.bank_reference || '/'
			from statement_line l
			left join reconciliation_match m on m.area = l.area and m.statement_line_id = l.id
			where l.area = $1 and l.fund_account = $2`, int32(w.books.Area), income)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", way, diff)
		}
	}
}

// Two transfers of one amount come on one day: what the bank calls each receipt tells
// them apart, whether its references are read apart or with the lines of the book.
func TestAMembersTransferIsMatchedByTheBanksReference(t *testing.T) {
	t.Parallel()
	root := newBankWorld(t)
	for i, apart := range []bool{true, false} {
		w := root.area(t, party.Area(120100+i))
		income := w.books.Accounts[ledger.Income]
		lines := []ledger.Posting{w.direct(ledger.Debit, ledger.Income, 2*70_000)}
		lines[0].Nature = ledger.SumLine
		for n, id := range []int64{901, 902} {
			lines = append(lines, ledger.Posting{
				Side: ledger.Credit, Role: ledger.TransferIn, Nature: ledger.ItemLine, Red: false, Amount: 70_000,
				FundAccount: income, Batch: 0, Cause: id, Member: 1, Year: 0,
			})
			w.d.Exec(t, fmt.Sprintf(`begin; set local session_replication_role = replica;
				insert into member_transfer_receipt (area, id, transfer_id, fund_account, amount, bank_reference, value_date,
					document, entered_by, entered_at, business_day)
				values (%d, %d, 1, %d, 70000, 'T%d', '2026-11-03', 'letter', 'test', now(), '2026-11-03'); commit`,
				w.books.Area, id, income, n+1))
		}
		w.book(t, w.entry(ledger.TransferReceived, "member_transfer:1", 3, 3, lines...))
		first, second := bankLine(bank.Credit, 70_000, 3, "T2"), bankLine(bank.Credit, 70_000, 3, "T1")
		if apart {
			w.statement(t, income, 2, 3, first, second)
		} else {
			// What is looked at again has its references read with its lines.
			w.statement(t, income, 2, 3, first)
			w.match(t, income)
			w.statement(t, income, 4, 4, bankLine(bank.Credit, 70_000, 4, "T1"))
		}
		w.match(t, income)
		got := ask[string](t, w, `
			select m.rule || ' ' || l.bank_reference || ' ' || p.cause_id from reconciliation_match m
			join statement_line l on l.area = m.area and l.id = m.statement_line_id
			join posting p on p.area = m.area and p.entry_id = m.entry_id and p.line = m.book_line
			where m.area = $1 order by 1`, int32(w.books.Area))
		if diff := cmp.Diff([]string{"bank_reference T1 901", "bank_reference T2 902"}, got); diff != "" {
			t.Errorf("read apart %t: %s", apart, diff)
		}
	}
}

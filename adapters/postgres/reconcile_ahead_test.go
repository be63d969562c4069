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

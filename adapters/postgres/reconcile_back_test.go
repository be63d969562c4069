package postgres_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/bank"
	"twoline/gateway/ledger"
)

// Money of a transfer out that came back is on the statement under the bank's number that the officer read there: of
// two credits of one amount and day it is that one, and the other is explained by nobody.
func TestMoneyOfATransferThatCameBackIsOnTheStatement(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	w.today = nov(12)
	exp := w.paid(t, 1_000_000, 601)
	w.book(t, w.entry(ledger.PaymentReturn, "member_transfer:900:back", 5, 4,
		w.direct(ledger.Debit, ledger.Expenditure, 700), w.direct(ledger.Credit, ledger.Suspense, 700)))
	w.d.Exec(t, fmt.Sprintf(`begin; set local session_replication_role = replica;
		insert into member_transfer_receipt (area, id, transfer_id, fund_account, amount, bank_reference, value_date, document,
			entered_by, entered_at, business_day)
		values (%d, 901, 900, %d, 700, 'B1', '2026-11-04', 'note', 'test', now(), '2026-11-05'); commit`, w.books.Area, exp))
	w.statement(t, exp, 2, 12, bankLine(bank.Credit, 10_000_000, 3, "A1"), bankLine(bank.Debit, 1_000_000, 3, "P1"),
		bankLine(bank.Credit, 700, 4, "X9"), bankLine(bank.Credit, 700, 4, "B1"))
	w.match(t, exp)
	got := ask[string](t, w, `select l.bank_reference from reconciliation_match m
		join statement_line l on l.area = m.area and l.id = m.statement_line_id where l.amount = 700`)
	if diff := cmp.Diff([]string{"B1"}, got); diff != "" {
		t.Errorf("matched lines: %s", diff)
	}
	if diff := cmp.Diff([]string{"absent_in_book credit 7.00"}, w.open(t)); diff != "" {
		t.Error(diff)
	}
}

// So is money of a refund that came back, of the payment that came back: an earlier one of the same refund has its own.
func TestMoneyOfARefundThatCameBackIsOnTheStatement(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	w.today = nov(12)
	exp := w.paid(t, 1_000_000, 601)
	for n, reference := range map[int]string{1: "B1", 2: "B2"} {
		w.book(t, w.entry(ledger.PaymentReturn, fmt.Sprintf("refund:900:%d:back", n), 5, 4,
			w.direct(ledger.Debit, ledger.Expenditure, 700), w.direct(ledger.Credit, ledger.Suspense, 700)))
		w.d.Exec(t, fmt.Sprintf(`begin; set local session_replication_role = replica;
			insert into refund_returned (area, refund_id, attempt, fund_account, amount, bank_reference, value_date, decision_id,
				approved_at, business_day)
			values (%d, 900, %d, %d, 700, '%s', '2026-11-04', 1, now(), '2026-11-05'); commit`, w.books.Area, n, exp, reference))
	}
	w.statement(t, exp, 2, 12, bankLine(bank.Credit, 10_000_000, 3, "A1"), bankLine(bank.Debit, 1_000_000, 3, "P1"),
		bankLine(bank.Credit, 700, 4, "X9"), bankLine(bank.Credit, 700, 4, "B2"), bankLine(bank.Credit, 700, 4, "B1"))
	w.match(t, exp)
	got := ask[string](t, w, `select l.bank_reference || ' ' || e.cause from reconciliation_match m
		join statement_line l on l.area = m.area and l.id = m.statement_line_id join entry e on e.area = m.area and e.id = m.entry_id
		where l.amount = 700 order by 1`)
	if diff := cmp.Diff([]string{"B1 refund:900:1:back", "B2 refund:900:2:back"}, got); diff != "" {
		t.Errorf("matched lines: %s", diff)
	}
	if diff := cmp.Diff([]string{"absent_in_book credit 7.00"}, w.open(t)); diff != "" {
		t.Error(diff)
	}
}

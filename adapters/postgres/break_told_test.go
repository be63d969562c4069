package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/bank"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/reconcile"
	"twoline/reconcile/match"
)

// broke is a county that pays out of an account that the bank shows from the 2nd on.
func (w *bankWorld) broke(t *testing.T) *payWorld {
	t.Helper()
	account := w.books.Accounts[ledger.Expenditure]
	w.book(t, w.entry(ledger.Allocation, "test:1", 2, 2, w.direct(ledger.Debit, ledger.Expenditure, 1_000_000),
		w.direct(ledger.Credit, ledger.FiscalSpecial, 1_000_000)))
	w.statement(t, account, 2, 2, bankLine(bank.Credit, 1_000_000, 2, "A1"))
	return &payWorld{bankWorld: w, account: account, batches: 0}
}

// told lists the open breaks by amount: class, reason, direction, and the first proposal.
func (w *bankWorld) told(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, h := range w.breaks(t) {
		if h.Reason == match.Waiting {
			continue
		}
		first := ""
		if list := reconcile.Suggest(h); len(list) > 0 {
			first = string(list[0].Proposal)
		}
		out[h.Amount.String()] = fmt.Sprintf("%d %s %s %s", h.Told, h.Reason, h.Direction, first)
	}
	return out
}

// What the bank answered about the items tells the classes that lines alone do not: money
// for what it said had failed, and money back for what it said had succeeded.
func TestTheBanksAnswersTellClassesThreeAndFive(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t).broke(t)
	w.today = nov(3)
	b, items := w.handed(t, disbursement.SettlesItemised, 10_000, 20_000, 30_000, 40_000)
	w.answered(t, b, items, 2, 3)
	// The second one is in the book, and the bank takes its word back.
	w.d.Exec(t, `insert into answer (area, receipt_id, line, batch_id, item_id, outcome, class, code, text, bank_reference,
			disposition, refusal, answered_at)
		values ($1, $2, 77, $3, $2, 'failed', 'BLOCKED', 'AC06', '', '', 'refused', 'contradicts_outcome', now())`,
		int32(b.Area), items[1].ID, b.ID)
	w.statement(t, w.account, 3, 3, single(b, items[0], bank.Debit, 3), single(b, items[0], bank.Credit, 3),
		single(b, items[2], bank.Debit, 3))
	w.match(t, w.account)
	want := map[string]string{
		"100.00": "5 absent_in_book credit book", "300.00": "3 absent_in_book debit claim",
		"200.00": "5 absent_in_bank debit correct",
	}
	if diff := cmp.Diff(want, w.told(t)); diff != "" {
		t.Error(diff)
	}
	report, err := w.proof.Ageing(context.Background(), w.books.Officers["auditor"], w.account, nov(3))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[int]int{}
	for _, c := range report.Classes {
		counts[int(c.Class)] = c.Count
	}
	// Two items failed; one of them the bank moved all the same.
	if counts[3] != 1 || counts[5] != 2 || counts[7] != 0 || counts[1] == 0 {
		t.Errorf("classes are %v", counts)
	}
}

// resolved proposes and approves, and returns what was refused first.
func (w *bankWorld) resolved(t *testing.T, breakID int64, ask reconcile.Asked) (reconcile.Resolution, error) {
	t.Helper()
	ctx := context.Background()
	var made, done reconcile.Resolution
	_, err := w.proof.Propose(ctx, w.deskRequest("finance-maker"), result(&made), w.books.Officers["finance-maker"], breakID,
		ask)
	if err != nil {
		return made, err
	}
	_, err = w.proof.ApproveResolution(ctx, w.deskRequest("finance-checker"), result(&done),
		w.books.Officers["finance-checker"], breakID, reconcile.Verdict{Digest: made.Digest, Reason: ""})
	return done, err
}

func (w *bankWorld) breakOf(t *testing.T, amount money.Amount) int64 {
	t.Helper()
	for _, h := range w.breaks(t) {
		if h.Amount == amount {
			return h.ID
		}
	}
	t.Fatalf("no open break of %s", amount)
	return 0
}

func TestF41_AReturnOnTheStatementIsBookedByTwoPeople(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t).broke(t)
	w.today = nov(3)
	b, items := w.handed(t, disbursement.SettlesItemised, 10_000, 20_000)
	w.answered(t, b, items, 2, 3)
	w.statement(t, w.account, 3, 3, single(b, items[0], bank.Debit, 3), single(b, items[1], bank.Debit, 3),
		single(b, items[0], bank.Credit, 3))
	w.match(t, w.account)
	id := w.breakOf(t, 10_000)
	back := reconcile.Asked{Proposal: reconcile.Book, Item: items[1].ID, Code: "AC04", Document: "slip 3"} //nolint:exhaustruct // a return
	if _, err := w.resolved(t, id, back); !strings.Contains(fmt.Sprint(err), "amount_differs") {
		t.Errorf("a payment of another amount came back: %v", err)
	}
	suspense := reconcile.Asked{Proposal: reconcile.Suspend, Document: "slip 3"} //nolint:exhaustruct // nothing more
	if _, err := w.resolved(t, id, suspense); !strings.Contains(fmt.Sprint(err), "two-line rule") {
		t.Errorf("unknown money entered the expenditure account: %v", err)
	}
	if n := ask[int64](t, w.bankWorld, `select count(*) from payment_return`)[0]; n != 0 {
		t.Errorf("%d returns after refusals", n)
	}
	back.Item = items[0].ID
	done, err := w.resolved(t, id, back)
	if err != nil || len(done.Requests) != 1 || done.Requests[0].Kind != "receipt" {
		t.Fatalf("%+v, %v", done, err)
	}
	w.match(t, w.account)
	if left := w.told(t); len(left) > 0 {
		t.Errorf("after the return is booked, %v are open", left)
	}
	if n := ask[int64](t, w.bankWorld, `select count(*) from payment_return_booked`)[0]; n != 1 {
		t.Errorf("%d returns are booked", n)
	}
	if found := w.tampered(t, ``, ``); len(found) > 0 {
		t.Errorf("verification: %v", found)
	}
}

func TestWhatTheBusinessOfficeOwnsIsAskedOfIt(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t).broke(t)
	w.today = nov(3)
	b, items := w.handed(t, disbursement.SettlesItemised, 10_000)
	w.answered(t, b, items, 1, 3)
	other := single(b, items[0], bank.Debit, 3)
	other.Amount = bank.FigureOf(9_999)
	w.statement(t, w.account, 3, 3, other)
	w.match(t, w.account)
	list := slices.DeleteFunc(w.breaks(t), func(h reconcile.Handled) bool { return h.Reason == match.Waiting })
	if len(list) != 1 || list[0].Told != 2 || list[0].Amount != 1 {
		t.Fatalf("breaks are %+v", list)
	}
	done, err := w.resolved(t, list[0].ID,
		reconcile.Asked{Proposal: reconcile.Correct, Item: items[0].ID, Document: "slip 3"}) //nolint:exhaustruct // a correction
	if err != nil || len(done.Requests) != 1 || done.Requests[0].Kind != "case" {
		t.Fatalf("%+v, %v", done, err)
	}
	want := fmt.Sprintf("break_correction break:%d", list[0].ID)
	if cases := w.openCases(t); len(cases) != 1 || cases[0] != want {
		t.Errorf("cases are %v, want %s", cases, want)
	}
}

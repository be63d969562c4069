package postgres_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/postgres"
	"twoline/gateway/bank"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
	"twoline/reconcile/match"
)

// payWorld is a bankWorld whose expenditure account pays, with what was handed to
// the bank. Rows of runs and answers are written as they would stand; the entries
// are those of the flow.
type payWorld struct {
	*bankWorld

	account int64
	batches int64
}

// paying opens the account with money on the 2nd, on both sides.
func (w *bankWorld) paying(tb testing.TB) *payWorld {
	tb.Helper()
	p := &payWorld{bankWorld: w, account: w.books.Accounts[ledger.Expenditure], batches: 0}
	w.book(tb, w.entry(ledger.Allocation, "test:1", 2, 2, w.direct(ledger.Debit, ledger.Expenditure, 1_000_000),
		w.direct(ledger.Credit, ledger.FiscalSpecial, 1_000_000)))
	w.statement(tb, p.account, 2, 2, bankLine(bank.Credit, 1_000_000, 2, "A1"))
	w.match(tb, p.account)
	if r := w.report(tb, p.account, 2); !r.Clean {
		tb.Fatalf("the allocation: %+v", r)
	}
	return p
}

// handed makes a batch known that is with the bank, with items of the amounts.
func (w *payWorld) handed(
	tb testing.TB, settlement string, amounts ...money.Amount,
) (disbursement.Batch, []disbursement.Item) {
	tb.Helper()
	w.batches++
	b := disbursement.Batch{ //nolint:exhaustruct // what postings need
		Area: w.books.Area, ID: 8_000 + w.batches, Scheme: w.books.Scheme, FundAccount: w.account,
		Settlement: settlement, Number: fmt.Sprintf("%08d", 40+w.batches), Count: len(amounts),
	}
	items := make([]disbursement.Item, len(amounts))
	for i, a := range amounts {
		b.Amount += a
		items[i] = disbursement.Item{ //nolint:exhaustruct // what postings need
			ID: b.ID*100 + int64(i), Batch: b.ID, Seq: i + 1, Member: int64(1 + i),
			Components: disbursement.Components{Base: a, Account: 0, Funeral: 0, OneOff: 0},
		}
	}
	digest := sha256.Sum256([]byte(b.Number))
	w.d.Exec(tb, `
		with item as (
			insert into payment_item (area, id, batch_id, seq, member_id, month, cause, attempt, base_pension,
				account_pension, funeral_grant, one_off, amount, instrument_id, account_no, name, id_number, social_no, region,
				activated)
			select $1, $2::bigint * 100 + n - 1, $2, n, n, '2026-11-01', $3, 1, amount, 0, 0, 0, amount, n, '61' || n, '', '',
				'', 1, true
			from unnest($4::bigint[]) with ordinality as u (amount, n)),
		account as (
			insert into instrument (area, id, member_id, bank, kind, account_no, activated, for_payout, opened_on)
			select $1, n, n, 'psbc', 'card', '61' || n, true, true, '2026-11-02'
			from unnest($4::bigint[]) with ordinality as u (amount, n) on conflict do nothing)
		insert into payment_batch (area, id, run_id, scheme, month, bank, clearing_bank, fund_account, settlement, batch_no,
			item_count, amount, digest, file_name, file_digest, file_size, created_on, created_at, state)
		values ($1, $2, $2, 'rural', '2026-11-01', 'psbc', '', $5, $6, $3, $7, $8, $9, $3, $9, 1, '2026-11-02', now(),
			'acked')`, int32(b.Area), b.ID, b.Number, amounts, w.account, settlement, b.Count, b.Amount.Fen(), digest[:])
	return b, items
}

// handOver books that the bank took the lump.
func (w *payWorld) handOver(tb testing.TB, b disbursement.Batch, on int) {
	tb.Helper()
	in, out := w.direct(ledger.Debit, ledger.InTransit, b.Amount), w.direct(ledger.Credit, ledger.Expenditure, b.Amount)
	in.Batch, out.Batch = b.ID, b.ID
	w.book(tb, w.entry(ledger.PaymentHandover, fmt.Sprintf("payment_batch:%d:handover", b.ID), on, on, in, out))
}

// answered books answers of a day: the first payments succeeded, the others failed.
func (w *payWorld) answered(tb testing.TB, b disbursement.Batch, items []disbursement.Item, succeeded, on int) {
	tb.Helper()
	settled := make([]disbursement.Settled, len(items))
	var paid money.Amount
	for n, i := range items {
		settled[n] = disbursement.Settled{Item: i, Outcome: bank.OutcomeFailed, ValueDate: nov(on)}
		if n < succeeded {
			settled[n].Outcome = bank.OutcomeSucceeded
			paid += i.Sum()
		}
	}
	w.d.Exec(tb, `
		with line as (
			insert into answer (area, receipt_id, line, batch_id, item_id, outcome, class, code, text, bank_reference,
				value_date, disposition, answered_at)
			select area, id, seq, batch_id, id, case when seq <= $3 then 'succeeded' else 'failed' end,
				case when seq <= $3 then 'SUCCESS' else 'BLOCKED' end, '', '', 'R' || id, $4, 'recorded', now()
			from payment_item where area = $1 and batch_id = $2)
		update payment_batch set succeeded = $3, failed = item_count - $3, succeeded_amount = $5, state = 'done'
		where area = $1 and id = $2`, int32(b.Area), b.ID, succeeded, nov(on).Time(), paid.Fen())
	w.book(tb, disbursement.Vouchers(b, settled, disbursement.Accounts{Held: nil, Order: nil}, nov(on))...)
}

// noticed keeps the bank's notice that a payment came back.
func (w *payWorld) noticed(
	tb testing.TB, b disbursement.Batch, i disbursement.Item, on int,
) disbursement.Return {
	tb.Helper()
	r := disbursement.Return{ //nolint:exhaustruct // what postings need
		ID: i.ID + 50, Item: i.ID, Amount: i.Sum(), BankReference: fmt.Sprintf("N%d", i.ID), ValueDate: nov(on),
	}
	w.d.Exec(tb, `insert into payment_return (area, id, item_id, batch_id, amount, bank_reference, value_date, class,
			receipt_id, line, reported_by, reported_at, business_day)
		values ($1, $2, $3, $4, $5, $6, $7, 'BLOCKED', $2, 1, 'bank:psbc', now(), $7)`,
		int32(b.Area), r.ID, i.ID, b.ID, r.Amount.Fen(), r.BankReference, nov(on).Time())
	return r
}

// returned books it as well.
func (w *payWorld) returned(tb testing.TB, b disbursement.Batch, i disbursement.Item, on int) {
	tb.Helper()
	back := disbursement.Returning{Return: w.noticed(tb, b, i, on), Payment: i} //nolint:exhaustruct // nothing was drawn
	w.book(tb, disbursement.ReturnVouchers(b, []disbursement.Returning{back}, policy.ReturnToSuspense, nov(on))...)
}

// lump is a line of the bank that names a batch, item one that names a payment.
func lump(b disbursement.Batch, direction bank.Direction, amount money.Amount, on int) bank.StatementEntry {
	l := bankLine(direction, amount, on, map[bank.Direction]string{bank.Debit: "O", bank.Credit: "Q"}[direction]+b.Number)
	l.BatchID, l.Reversal = b.Number, direction == bank.Credit
	return l
}

func single(b disbursement.Batch, i disbursement.Item, direction bank.Direction, on int) bank.StatementEntry {
	l := bankLine(direction, i.Sum(), on, map[bank.Direction]string{bank.Debit: "R", bank.Credit: "N"}[direction]+fmt.Sprint(i.ID))
	l.BatchID, l.EndToEndID, l.CounterpartyAccount = b.Number, fmt.Sprint(i.ID), fmt.Sprintf("61%d", i.Member)
	return l
}

func (w *payWorld) cases(tb testing.TB) []string {
	tb.Helper()
	return ask[string](tb, w.bankWorld, `select c.kind || ' ' || l.bank_reference
		from exception_case c join statement_line l on 'statement_line:' || l.id = c.subject
		where c.area = $1 and not exists (select from exception_closed x where x.area = c.area and x.case_id = c.id)
		order by 1`, int32(w.books.Area))
}

// proved matches the account, proves that every line stands in one place, and
// returns the open breaks.
func (w *payWorld) proved(tb testing.TB, day int) []string {
	tb.Helper()
	w.match(tb, w.account)
	w.wholeLines(tb, w.account)
	r := w.report(tb, w.account, day)
	if !r.Agrees {
		tb.Errorf("on the %d. the adjusted balances differ: %+v", day, r)
	}
	var out []string
	for _, b := range r.Breaks {
		out = append(out, fmt.Sprintf("%s %s %s", b.Reason, b.Direction, b.Amount))
	}
	return out
}

func noBreaks(tb testing.TB, when string, breaks []string) {
	tb.Helper()
	if len(breaks) > 0 {
		tb.Errorf("%s, breaks are open: %v", when, breaks)
	}
}

// Three payments, of which the last fails, one comes back and is paid again, at a
// bank of each habit.
func TestPaymentsAreReconciledByTheirBanksHabit(t *testing.T) {
	t.Parallel()
	root := newBankWorld(t)
	for n, settlement := range []string{
		disbursement.SettlesNet, disbursement.SettlesGross, disbursement.SettlesItemised,
	} {
		w := root.area(t, root.books.Area+party.Area(n+1)).paying(t)
		b, items := w.handed(t, settlement, 10_000, 20_000, 30_000)
		// The statement is there before the bank's answers are.
		wait := []string{"absent_in_book debit 300.00"}
		switch settlement {
		case disbursement.SettlesNet:
			w.statement(t, w.account, 3, 3, lump(b, bank.Debit, 30_000, 3))
		case disbursement.SettlesGross:
			w.handOver(t, b, 3)
			w.statement(t, w.account, 3, 3, lump(b, bank.Debit, 60_000, 3), lump(b, bank.Credit, 30_000, 3))
			wait = []string{"absent_in_book credit 300.00"}
		case disbursement.SettlesItemised:
			w.statement(t, w.account, 3, 3, single(b, items[0], bank.Debit, 3), single(b, items[1], bank.Debit, 3))
			wait = []string{"absent_in_book debit 100.00", "absent_in_book debit 200.00"}
		}
		if diff := cmp.Diff(wait, w.proved(t, 3)); diff != "" {
			t.Errorf("%s, before the answers: %s", settlement, diff)
		}
		w.answered(t, b, items, 2, 3)
		noBreaks(t, settlement+", answered", w.proved(t, 3))
		// One comes back by its id; the bank of another line knows only its own number.
		w.returned(t, b, items[1], 4)
		back := single(b, items[1], bank.Credit, 4)
		if settlement == disbursement.SettlesGross {
			back.EndToEndID, back.BatchID, back.ValueDate = "", "", nov(3)
		}
		w.statement(t, w.account, 4, 4, back)
		noBreaks(t, settlement+", returned", w.proved(t, 4))
		again, anew := w.handed(t, settlement, 20_000)
		anew[0].FromSuspense, anew[0].Replaces = true, items[1].ID
		if settlement == disbursement.SettlesGross {
			w.handOver(t, again, 5)
		}
		w.answered(t, again, anew, 1, 5)
		line := lump(again, bank.Debit, 20_000, 5)
		if settlement == disbursement.SettlesItemised {
			line = single(again, anew[0], bank.Debit, 5)
		}
		w.statement(t, w.account, 5, 5, line)
		noBreaks(t, settlement+", paid again", w.proved(t, 5))
		if got := w.cases(t); len(got) > 0 {
			t.Errorf("%s: cases %v", settlement, got)
		}
		if r := w.report(t, w.account, 5); !r.Clean || r.Book.Closing != 970_000 {
			t.Errorf("%s: in the end %+v", settlement, r)
		}
		w.exported(t, settlement, map[string][]string{
			disbursement.SettlesNet: {
				"debit 100.00 800%d00 000000%d", "debit 200.00 800%d01 000000%d", "credit 200.00 800%d01 000000%d",
			},
			disbursement.SettlesGross:    {"debit 600.00 800%d 000000%d", "credit 300.00 800%d02 000000%d", "credit 200.00 800%d01 000000%d"},
			disbursement.SettlesItemised: {"debit 100.00 800%d00 000000%d", "debit 200.00 800%d01 000000%d", "credit 200.00 800%d01 000000%d"},
		}[settlement])
	}
}

// exported wants the account's book of the first batch as another program would
// reconcile it.
func (w *payWorld) exported(tb testing.TB, settlement string, want []string) {
	tb.Helper()
	for i := range want {
		want[i] = fmt.Sprintf(want[i], 1, 41)
	}
	var got []string
	err := w.db.ExportBook(context.Background(), w.accountNo(w.account), nov(3), nov(4), func(l postgres.ExportedLine) error {
		got = append(got, fmt.Sprintf("%s %s %s %s", l.Direction, l.Amount, l.Reference, l.Batch))
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		tb.Errorf("%s, exported: %s", settlement, diff)
	}
}

func TestF41_AReturnThatOnlyTheStatementShowsIsProposed(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t).paying(t)
	b, items := w.handed(t, disbursement.SettlesNet, 10_000, 20_000, 30_000, 40_000)
	w.answered(t, b, items, 4, 3)
	w.noticed(t, b, items[3], 3)
	named, unnamed := single(b, items[0], bank.Credit, 3), single(b, items[1], bank.Credit, 3)
	unnamed.EndToEndID, unnamed.BatchID = "", ""
	stranger := bankLine(bank.Credit, 30_000, 3, "X1")
	stranger.CounterpartyAccount = "610000"
	other := single(b, items[2], bank.Credit, 3)
	other.Amount, other.BankReference = bank.FigureOf(29_999), "X2"
	w.statement(t, w.account, 3, 3, lump(b, bank.Debit, 100_000, 3), named, unnamed, stranger, other,
		single(b, items[3], bank.Credit, 3))
	want := []string{
		"absent_in_book credit 100.00", "absent_in_book credit 200.00", "absent_in_book credit 300.00",
		"absent_in_book credit 299.99", "absent_in_book credit 400.00",
	}
	for range 2 {
		if diff := cmp.Diff(want, w.proved(t, 3)); diff != "" {
			t.Error(diff)
		}
	}
	proposed := func(i disbursement.Item) string { return fmt.Sprintf("return_proposed N%d", i.ID) }
	if got, want := w.cases(t), []string{proposed(items[0]), proposed(items[1])}; !slices.Equal(got, want) {
		t.Errorf("cases are %v, want %v", got, want)
	}
	// The notice comes: the break is closed by it, and so is the case.
	w.returned(t, b, items[0], 3)
	w.returned(t, b, items[1], 3)
	if diff := cmp.Diff(want[2:], w.proved(t, 3)); diff != "" {
		t.Error(diff)
	}
	if got := w.cases(t); len(got) > 0 {
		t.Errorf("cases are %v", got)
	}
}

func TestF44_ADebitThatNoPaymentExplainsAlarmsAtOnce(t *testing.T) {
	t.Parallel()
	root := newBankWorld(t)
	for n, c := range []struct {
		name string
		// line is what the bank says on the 4th, when the first payment stands.
		settlement string
		line       func(b disbursement.Batch, items []disbursement.Item, w *payWorld) bank.StatementEntry
		reason     match.Reason
		alarm      string
	}{
		{
			"the lump of a batch again", disbursement.SettlesNet,
			func(b disbursement.Batch, _ []disbursement.Item, _ *payWorld) bank.StatementEntry {
				return lump(b, bank.Debit, 10_000, 4)
			}, match.AbsentInBook, "possible_fraud",
		},
		{
			"the lump of a handed list again", disbursement.SettlesGross,
			func(b disbursement.Batch, _ []disbursement.Item, _ *payWorld) bank.StatementEntry {
				return lump(b, bank.Debit, 50_000, 4)
			}, match.AbsentInBook, "possible_fraud",
		},
		{
			"a payment again", disbursement.SettlesItemised,
			func(b disbursement.Batch, i []disbursement.Item, _ *payWorld) bank.StatementEntry {
				return single(b, i[0], bank.Debit, 4)
			}, match.DuplicateBankLine, "duplicate_bank_debit",
		},
		{
			"a payment of a handed list", disbursement.SettlesGross,
			func(b disbursement.Batch, i []disbursement.Item, _ *payWorld) bank.StatementEntry {
				return single(b, i[0], bank.Debit, 4)
			}, match.AbsentInBook, "possible_fraud",
		},
		{
			"a payment that failed", disbursement.SettlesItemised,
			func(b disbursement.Batch, i []disbursement.Item, _ *payWorld) bank.StatementEntry {
				return single(b, i[1], bank.Debit, 4)
			}, match.AbsentInBook, "possible_fraud",
		},
		{
			"a batch that was recalled", disbursement.SettlesNet,
			func(_ disbursement.Batch, _ []disbursement.Item, w *payWorld) bank.StatementEntry {
				b, _ := w.handed(t, disbursement.SettlesNet, 7_000)
				w.d.Exec(t, `update payment_batch set state = 'withdrawn' where area = $1 and id = $2`, int32(b.Area), b.ID)
				return lump(b, bank.Debit, 7_000, 4)
			}, match.AbsentInBook, "possible_fraud",
		},
		{
			"nothing of ours", disbursement.SettlesNet,
			func(disbursement.Batch, []disbursement.Item, *payWorld) bank.StatementEntry {
				return bankLine(bank.Debit, 7_000, 4, "X1")
			}, match.AbsentInBook, "possible_fraud",
		},
	} {
		w := root.area(t, root.books.Area+party.Area(n+1)).paying(t)
		b, items := w.handed(t, c.settlement, 10_000, 40_000)
		var first []bank.StatementEntry
		switch c.settlement {
		case disbursement.SettlesNet:
			first = append(first, lump(b, bank.Debit, 10_000, 3))
		case disbursement.SettlesGross:
			w.handOver(t, b, 3)
			first = append(first, lump(b, bank.Debit, 50_000, 3), lump(b, bank.Credit, 40_000, 3))
		case disbursement.SettlesItemised:
			first = append(first, single(b, items[0], bank.Debit, 3))
		}
		w.answered(t, b, items, 1, 3)
		w.statement(t, w.account, 3, 3, first...)
		noBreaks(t, c.name+", before", w.proved(t, 3))
		w.statement(t, w.account, 4, 4, c.line(b, items, w))
		got := w.proved(t, 4)
		if len(got) != 1 || !strings.HasPrefix(got[0], string(c.reason)+" debit") {
			t.Errorf("%s: breaks are %v", c.name, got)
		}
		if cases := w.cases(t); len(cases) != 1 || !strings.HasPrefix(cases[0], c.alarm) {
			t.Errorf("%s: cases are %v, want %s", c.name, cases, c.alarm)
		}
	}
}

// A lump that stands twice on one statement, before any answer: the first may be
// the batch's, the second cannot be.
func TestTwoLumpsOfOneBatchOnOneStatement(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t).paying(t)
	b, items := w.handed(t, disbursement.SettlesNet, 10_000, 40_000)
	second := lump(b, bank.Debit, 50_000, 3)
	second.BankReference = "O2"
	w.statement(t, w.account, 3, 3, lump(b, bank.Debit, 50_000, 3), second)
	w.proved(t, 3)
	if got := w.cases(t); !slices.Equal(got, []string{"possible_fraud O2"}) {
		t.Errorf("cases are %v", got)
	}
	w.answered(t, b, items, 2, 3)
	if got := w.proved(t, 3); !slices.Equal(got, []string{"absent_in_book debit 500.00"}) {
		t.Errorf("breaks are %v", got)
	}
	// What the bank took back it may debit again.
	w.statement(t, w.account, 4, 4, lump(b, bank.Credit, 50_000, 4))
	third := lump(b, bank.Debit, 50_000, 5)
	third.BankReference = "O3"
	w.statement(t, w.account, 5, 5, lump(b, bank.Credit, 50_000, 5), third)
	w.proved(t, 5)
	if got := w.cases(t); !slices.Equal(got, []string{"possible_fraud O2"}) {
		t.Errorf("after two corrections, cases are %v", got)
	}
}

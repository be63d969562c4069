package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"twoline/adapters/postgres"
	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/reconcile"
	"twoline/reconcile/match"
)

// request is a fresh idempotency key.
func (w *bankWorld) request(route string) once.Request {
	return once.Request{
		Caller: "officer:test", Route: route, Key: fmt.Sprintf("key-%08d", w.serial.Add(1)), Fingerprint: [32]byte{},
	}
}

// askRules asks for rules from a day on, as the finance office's maker.
func (w *bankWorld) askRules(account int64, from int, rules match.Rules) (casework.Request, error) {
	var r casework.Request
	_, err := w.proof.AskRules(context.Background(), w.request("POST rules"), result(&r), w.books.Officers["finance-maker"],
		reconcile.RuleSet{ //nolint:exhaustruct // the service's
			Account:     reconcile.Account{Area: w.books.Area, ID: account},
			EffectiveOn: nov(from), Rules: rules, Document: "minute 7 of the finance office",
		})
	return r, err
}

func (w *bankWorld) approve(r casework.Request, by string) error {
	cases := casework.New(w.db.Casework(), func() calendar.Day { return w.today })
	_, err := cases.Approve(context.Background(), w.request("POST approve"), result(&r), w.books.Officers[by],
		casework.Verdict{ID: r.ID, Digest: r.Digest, Reason: ""})
	return err
}

// i9 are the breaches that the verification finds of the proof's own rows.
func (w *bankWorld) i9(tb testing.TB) []string {
	tb.Helper()
	r, err := w.db.Verify(context.Background(), postgres.Verification{Area: w.books.Area, Files: nil, Progress: nil})
	if err != nil {
		tb.Fatal(err)
	}
	var out []string
	for _, f := range r.Findings {
		if f.ID == "I9" {
			for _, b := range f.Breaches {
				out = append(out, b.Text)
			}
		}
	}
	return out
}

func tolerant(fen money.Amount) match.Rules {
	r := match.DefaultRules()
	r.Tolerance = fen
	return r
}

func TestTheRulesOfAnAccountAreDecidedByTwoPeople(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	special := w.books.Accounts[ledger.FiscalSpecial]
	w.statement(t, special, 2, 3)
	w.match(t, special)
	if _, err := w.askRules(special, 3, tolerant(1)); !errors.Is(err, reconcile.ErrRulesPast) {
		t.Errorf("rules for a day that is matched: %v", err)
	}
	if _, err := w.askRules(special, 4, tolerant(101)); !errors.Is(err, match.ErrRules) {
		t.Errorf("a tolerance of 1.01: %v", err)
	}
	first, err := w.askRules(special, 4, tolerant(2))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(first.About, "tolerance 0.02, 3 days") || first.Kind != casework.MatchRules {
		t.Errorf("its checker is shown %q", first.About)
	}
	tolerance := func() money.Amount {
		t.Helper()
		rules, _, err := w.proof.Rules(context.Background(), w.books.Officers["auditor"], special)
		if err != nil {
			t.Fatal(err)
		}
		return rules.Tolerance
	}
	if got := tolerance(); got != 0 {
		t.Errorf("before the approval the tolerance is %s", got)
	}
	for who, want := range map[string]error{
		"finance-second": approval.ErrSamePerson, "finance-maker": approval.ErrDuty, "business-checker": approval.ErrDuty,
	} {
		if err := w.approve(first, who); !errors.Is(err, want) {
			t.Errorf("approved by %s: %v, want %v", who, err, want)
		}
	}
	if err := w.approve(first, "finance-checker"); err != nil {
		t.Fatal(err)
	}
	if got := tolerance(); got != 2 {
		t.Errorf("after the approval the tolerance is %s", got)
	}
	// Days that were matched between the question and the approval are not matched anew.
	late, err := w.askRules(special, 5, tolerant(9))
	if err != nil {
		t.Fatal(err)
	}
	w.statement(t, special, 4, 5)
	w.match(t, special)
	if err := w.approve(late, "finance-checker"); !errors.Is(err, reconcile.ErrRulesPast) {
		t.Errorf("approved after the day was matched: %v", err)
	}
	if err := w.asApp(t, `insert into match_rules_approved (area, rules_id, fund_account, effective_on, decision_id, approved_at)
		select k.area, k.id, k.fund_account, k.effective_on, q.id, now() from match_rules k
		join decision_request q on q.subject_id = k.id where q.state = 'submitted'`); err == nil {
		t.Error("rules that nobody approved came in force")
	}
	if err := w.asApp(t, `update match_rules set tolerance = 100`); err == nil {
		t.Error("rules were changed")
	}
}

// asApp runs a statement as the application's own role.
func (w *bankWorld) asApp(tb testing.TB, sql string) error {
	tb.Helper()
	tx, err := w.asker.Begin(context.Background())
	if err != nil {
		tb.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	if _, err := tx.Exec(context.Background(), `set local role twoline_app`); err != nil {
		tb.Fatal(err)
	}
	_, err = tx.Exec(context.Background(), sql)
	return err
}

// A fen within the account's tolerance is a line of its own, by which the adjusted
// balances still agree; beyond it the lines differ.
func TestADifferenceWithinTheToleranceIsALineOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	income := w.books.Accounts[ledger.Income]
	r, err := w.askRules(income, 3, tolerant(2))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.approve(r, "finance-checker"); err != nil {
		t.Fatal(err)
	}
	w.book(t, w.contributions(0, 3, 3, map[int64]money.Amount{501: 10_000, 502: 20_000, 503: 30_000}))
	line := func(id string, amount money.Amount) bank.StatementEntry {
		l := bankLine(bank.Credit, amount, 3, "R"+id)
		l.EndToEndID = id
		return l
	}
	w.statement(t, income, 2, 3, line("501", 10_002), line("502", 20_003), line("503", 30_000))
	w.match(t, income)
	w.statement(t, income, 4, 10)
	w.match(t, income)
	w.wholeLines(t, income)
	rep := w.report(t, income, 10)
	if !rep.Agrees || rep.Clean || rep.Tolerated != 2 || rep.BreakCount != 1 || rep.Breaks[0].Amount != 3 {
		t.Errorf("%+v", rep)
	}
	if got := w.i9(t); len(got) > 0 {
		t.Errorf("the verification says %q", got)
	}
	for sql, want := range map[string]string{
		`update reconciliation_match set difference = 1 where difference is not null`: "and states a difference of 0.01",
		`delete from match_rules_approved`:                                            "the rules of the account tolerate 0.00",
	} {
		w.d.Exec(t, `begin; set local session_replication_role = replica; `+sql+`; commit`)
		if got := w.i9(t); !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, want) }) {
			t.Errorf("after %s the verification says %q", sql, got)
		}
	}
}

func TestALineUsedTwiceIsFoundWithoutItsKey(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	special := w.books.Accounts[ledger.FiscalSpecial]
	w.book(t, w.subsidy(3, 3, 500_000))
	w.statement(t, special, 2, 3, bankLine(bank.Credit, 500_000, 3, "S1"))
	w.match(t, special)
	const again = `insert into reconciliation_match (area, fund_account, kind, rule, settled_on, statement_line_id, entry_id,
		book_line, matched_at) select area, fund_account, kind, rule, settled_on, statement_line_id, entry_id, book_line,
		matched_at from reconciliation_match`
	if err := w.asApp(t, again); err == nil || !strings.Contains(err.Error(), "matched_") {
		t.Errorf("a second match of the same lines: %v", err)
	}
	if got := w.i9(t); len(got) > 0 {
		t.Errorf("the verification says %q", got)
	}
	w.d.Exec(t, `drop index matched_statement_line; drop index matched_book_line; `+again)
	if got := w.i9(t); !slices.Contains(got, "stands in 2 matches and 0 open breaks") {
		t.Errorf("the verification says %q", got)
	}
}

// What the engine can say, the database can hold.
func TestEveryRuleAndReasonCanBeStored(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	held := strings.Join(ask[string](t, w, `select pg_get_constraintdef(oid) from pg_constraint
		where conrelid in ('reconciliation_match'::regclass, 'reconciliation_break'::regclass) and contype = 'c'`), " ")
	var words []string
	for _, r := range match.AllRules() {
		words = append(words, string(r))
	}
	for _, r := range match.Reasons() {
		words = append(words, string(r))
	}
	for _, d := range reconcile.Details() {
		words = append(words, string(d))
	}
	for _, word := range words {
		if !strings.Contains(held, "'"+word+"'") {
			t.Errorf("the database does not know %q", word)
		}
	}
}

// A match that a reference alone does not explain keeps why and how certain it is.
func TestAMatchKeepsItsEvidenceAndScore(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	special := w.books.Accounts[ledger.FiscalSpecial]
	w.book(t, w.subsidy(3, 3, 500_000))
	w.statement(t, special, 2, 3, bankLine(bank.Credit, 500_000, 3, "S1"))
	w.match(t, special)
	got := ask[string](t, w, `select rule || ' ' || (score between 1 and 99) || ' ' || (length(evidence) > 20) || ' '
		|| (difference is null) from reconciliation_match`)
	if !slices.Equal(got, []string{"amount_day_unique true true true"}) {
		t.Errorf("kept is %q", got)
	}
}

// F-47: the bank takes its fee apart from the batch: the batch is matched, the fee an
// exception.
func TestF47_AFeeBesideTheBatchIsAnException(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	income := w.books.Accounts[ledger.Income]
	w.batch(t, 700, "B700")
	w.book(t, w.contributions(700, 3, 3, map[int64]money.Amount{501: 10_000, 502: 20_000}))
	lump := bankLine(bank.Credit, 30_000, 3, "R1")
	lump.BatchID = "B700"
	fee := bankLine(bank.Debit, 50, 3, "F1")
	fee.Text = "代发手续费"
	w.statement(t, income, 2, 3, lump, fee)
	w.match(t, income)
	w.wholeLines(t, income)
	r := w.report(t, income, 3)
	if !r.Agrees || r.BreakCount != 1 || r.Breaks[0].Reason != match.BankCharge || r.Breaks[0].Amount != 50 {
		t.Errorf("%+v", r)
	}
	if len(r.Matched) != 1 || r.Matched[0].Rule != match.BatchTotal {
		t.Errorf("matched %+v", r.Matched)
	}
}

// F-49: the bank corrects its own entry: the two lines match each other, in whatever
// order they come, and nothing of ours is touched.
func TestF49_ABankCorrectsItsOwnEntry(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	income := w.books.Accounts[ledger.Income]
	w.book(t, w.contributions(0, 3, 3, map[int64]money.Amount{501: 10_000}))
	own := bankLine(bank.Credit, 10_000, 3, "R1")
	own.EndToEndID = "501"
	wrong := bankLine(bank.Credit, 7_700, 3, "X9")
	back := bankLine(bank.Debit, 7_700, 4, "X9")
	back.Reversal = true
	w.statement(t, income, 2, 3, own, wrong)
	w.match(t, income)
	w.statement(t, income, 4, 8, back)
	w.match(t, income)
	w.wholeLines(t, income)
	r := w.report(t, income, 8)
	if !r.Clean {
		t.Errorf("%+v", r)
	}
	got := ask[string](t, w, `select rule || ' ' || count(statement_line_id) || ' ' || count(entry_id) from reconciliation_match
		group by match_id, rule order by 1`)
	if !slices.Equal(got, []string{"bank_reversal 2 0", "reference 1 1"}) {
		t.Errorf("matched %q", got)
	}
}

// details are the open breaks with what was known when they were opened.
func (w *bankWorld) details(tb testing.TB, account int64) []string {
	tb.Helper()
	list, err := w.proof.Breaks(context.Background(), w.books.Officers["auditor"],
		reconcile.BreakFilter{FundAccount: account, Limit: 100}) //nolint:exhaustruct // the open ones
	if err != nil {
		tb.Fatal(err)
	}
	var out []string
	for _, b := range list {
		out = append(out, fmt.Sprintf("%d %s %s %s %s", b.Class, b.Reason, b.Detail, b.Direction, b.Amount))
	}
	slices.Sort(out)
	return out
}

func TestABreakSaysWhatIsKnown(t *testing.T) {
	t.Parallel()
	root := newBankWorld(t)
	t.Run("F-43 a success that the statement does not show, F-44 a debit of nobody", func(t *testing.T) {
		w := root.area(t, root.books.Area+1).paying(t)
		b, items := w.handed(t, disbursement.SettlesItemised, 10_000)
		w.answered(t, b, items, 1, 3)
		w.statement(t, w.account, 3, 3, bankLine(bank.Debit, 70_000, 3, "U1"))
		w.match(t, w.account)
		want := []string{
			"4 absent_in_book unknown_debit debit 700.00", "6 absent_in_bank result_without_money debit 100.00",
		}
		if diff := cmp.Diff(want, w.details(t, w.account)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("money without its result", func(t *testing.T) {
		w := root.area(t, root.books.Area+2).paying(t)
		b, items := w.handed(t, disbursement.SettlesItemised, 10_000, 20_000)
		w.statement(t, w.account, 3, 3, single(b, items[0], bank.Debit, 3))
		w.match(t, w.account)
		if diff := cmp.Diff([]string{"4 absent_in_book debit_without_result debit 100.00"}, w.details(t, w.account)); diff != "" {
			t.Error(diff)
		}
		income := w.books.Accounts[ledger.Income]
		w.batch(t, 700, "B700")
		arrived := bankLine(bank.Credit, 5_000, 3, "A1")
		arrived.BatchID = "B700"
		w.statement(t, income, 2, 3, arrived)
		w.match(t, income)
		if diff := cmp.Diff([]string{"4 absent_in_book arrival_without_result credit 50.00"}, w.details(t, income)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("F-41 a payment comes back on the statement alone", func(t *testing.T) {
		for n, name := range map[int]string{3: "by our id", 4: "by the bank's reference", 5: "by the payee's account"} {
			w := root.area(t, root.books.Area+party.Area(n)).paying(t)
			b, items := w.handed(t, disbursement.SettlesItemised, 10_000)
			w.statement(t, w.account, 3, 3, single(b, items[0], bank.Debit, 3))
			w.answered(t, b, items, 1, 3)
			w.match(t, w.account)
			back := single(b, items[0], bank.Credit, 4)
			switch n {
			case 4:
				back.EndToEndID, back.CounterpartyAccount = "", ""
				back.BankReference = fmt.Sprintf("R%d", items[0].ID)
			case 5:
				back.EndToEndID, back.BankReference = "", "Z"
			}
			w.statement(t, w.account, 4, 4, back)
			w.match(t, w.account)
			if diff := cmp.Diff([]string{"4 absent_in_book returned_payment credit 100.00"}, w.details(t, w.account)); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
			cases := ask[string](t, w.bankWorld, `select kind from exception_case where area = $1 and kind = 'return_proposed'`,
				int32(w.books.Area))
			if len(cases) != 1 {
				t.Errorf("%s: %d proposals", name, len(cases))
			}
			if n := ask[int64](t, w.bankWorld, `select count(*) from payment_return where area = $1`, int32(w.books.Area)); n[0] != 0 {
				t.Errorf("%s: the return was booked without two officers", name)
			}
		}
	})
}

// arrival is one thing that happens: something is booked, the next days' statement
// comes, or a run is made.
type arrival struct {
	entry ledger.Entry
	days  []bank.StatementEntry
}

// Whenever entries are booked, before or after the bank's lines of their day were
// matched, by runs at any time: what carries a reference ends in the same matches and
// the same breaks.
func TestLateBookingsAndRunsInAnyOrderEndTheSame(t *testing.T) {
	t.Parallel()
	root := newBankWorld(t)
	area, left, failing := party.Area(210000), rounds(t, 15), false
	rapid.Check(t, func(r *rapid.T) {
		if left == 0 && !failing {
			return
		}
		left--
		area += 2
		var standings [2][]string
		facts, lines := drawReferenced(r)
		for i := range standings {
			w := root.area(t, area+party.Area(i))
			income := w.books.Accounts[ledger.Income]
			w.batch(t, 700, "B700")
			var events []arrival
			for n, f := range facts {
				e := w.contributions(f.batch, 2+f.accounted, 2+f.effective, f.items)
				e.Cause = fmt.Sprintf("agreement:%d:1", 5_000+n)
				events = append(events, arrival{entry: e, days: nil})
			}
			next := 0
			if i == 1 {
				events = rapid.Permutation(events).Draw(r, "order")
			}
			for len(events) > 0 || next <= lastDay {
				turn := 0
				if i == 1 {
					turn = rapid.IntRange(0, 2).Draw(r, "turn")
				}
				switch {
				case turn == 0 && len(events) > 0:
					w.book(t, events[0].entry)
					events = events[1:]
				case turn == 2 && next > 0:
					w.match(t, income)
				case next <= lastDay:
					w.statement(t, income, 2+next, 2+next, lines[next]...)
					next++
				}
			}
			w.match(t, income)
			w.wholeLines(t, income)
			if report := w.report(t, income, 2+lastDay); !report.Agrees {
				failing = true
				r.Fatalf("the adjusted balances differ: %+v", report)
			}
			standings[i] = w.standing(t, income)
		}
		if diff := cmp.Diff(standings[0], standings[1]); diff != "" {
			failing = true
			r.Fatal(diff)
		}
	})
}

// referenced is an entry of items whose lines at the bank all carry their ids.
type referenced struct {
	batch                int64
	accounted, effective int
	items                map[int64]money.Amount
}

// drawReferenced draws entries, and days of lines of the bank: right ones, ones of
// another amount, ones that come twice, ones that nobody booked, and lumps.
func drawReferenced(r *rapid.T) ([]referenced, [lastDay + 1][]bank.StatementEntry) {
	var facts []referenced
	var days [lastDay + 1][]bank.StatementEntry
	next := int64(7_000)
	put := func(on int, id int64, amount money.Amount) {
		l := bankLine(bank.Credit, amount, 2+on, fmt.Sprintf("R%d", id))
		l.EndToEndID = fmt.Sprint(id)
		days[on] = append(days[on], l)
	}
	lumped := false
	for range rapid.IntRange(1, 6).Draw(r, "facts") {
		f := referenced{batch: 0, accounted: 0, effective: rapid.IntRange(0, lastDay).Draw(r, "effective"), items: nil}
		f.accounted = min(lastDay, f.effective+rapid.IntRange(0, 2).Draw(r, "later"))
		f.items = map[int64]money.Amount{}
		var sum money.Amount
		ids := rapid.IntRange(1, 3).Draw(r, "items")
		lump := !lumped && rapid.IntRange(0, 3).Draw(r, "lump") == 0
		for range ids {
			next++
			f.items[next] = money.Amount(10*next + rapid.Int64Range(0, 9).Draw(r, "amount"))
			sum += f.items[next]
			if lump {
				continue
			}
			on := min(lastDay, f.effective+rapid.IntRange(0, 1).Draw(r, "shown"))
			switch rapid.SampledFrom([]string{"right", "right", "twice", "other", "nothing"}).Draw(r, "line") {
			case "right":
				put(on, next, f.items[next])
			case "twice":
				put(on, next, f.items[next])
				put(min(lastDay, on+1), next, f.items[next])
			case "other":
				put(on, next, f.items[next]+100_000)
			}
		}
		if lump {
			lumped, f.batch = true, 700
			l := bankLine(bank.Credit, sum, 2+f.effective, "L700")
			l.BatchID = "B700"
			days[f.effective] = append(days[f.effective], l)
		}
		if rapid.IntRange(0, 5).Draw(r, "booked") > 0 {
			facts = append(facts, f)
		}
	}
	return facts, days
}

// A statement seldom says whose money a terminal's credit is. The bank's notice under
// the same reference does: its receipts are booked in portions.
func TestALumpThatOnlyTheBanksNoticeNames(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	income := w.books.Accounts[ledger.Income]
	area := int32(w.books.Area)
	w.d.Exec(t, `insert into terminal_day (area, id, bank, terminal, day, fund_account, receipts, amount, closed_by, closed_at)
		select $1, id, 'psbc', 'POS-' || id, '2026-11-02', $2, 40, 800000, 'job', now() from unnest(array[900, 901]) as u (id)`,
		area, income)
	w.d.Exec(t, `insert into agreement (area, id, subject, subject_id, round, after_answer, upto_answer, upto_arrival,
			from_suspense, item_count, amount, fund_account, effective_on, agreed_at, business_day)
		select $1, id + 10, 'terminal_day', id, 1, 0, 0, id + 20, false, 40, 800000, $2, '2026-11-03', now(), '2026-11-03'
		from unnest(array[900, 901, 903]) as u (id)`, area, income)
	w.d.Exec(t, `insert into arrival (area, fund_account, amount, bank_reference, value_date, terminal_day, batch_id, item_id,
			source, reported_by, reported_at, business_day, id)
		select $1, $2, u.amount, u.reference, '2026-11-03', u.day, u.batch, u.item, 'notice', 'bank:psbc', now(), '2026-11-03', u.id
		from (values (920, 800000, 'T900', 900, null::bigint, null::bigint), (921, 800000, 'T901', 901, null, null),
			(922, 70000, 'T902', 902, null, null), (923, 40000, 'T903', 903, null, null), (924, 30000, 'I700', null, 700, 5900))
			as u (id, amount, reference, day, batch, item)`, area, income)
	w.batch(t, 700, "BATCH700")
	for i, cause := range []string{"agreement:910:1", "agreement:910:21", "agreement:911:1", "agreement:911:21"} {
		items := map[int64]money.Amount{}
		for k := range int64(20) {
			items[int64(5_000+100*i)+k] = 200_00
		}
		e := w.contributions(0, 3, 3, items)
		e.Cause = cause
		w.book(t, e)
	}
	w.book(t,
		// Money that went to suspense stands in the book by itself.
		w.entry(ledger.UnrecognisedReceipt, "arrival:922", 3, 3,
			w.direct(ledger.Debit, ledger.Income, 70_000), w.direct(ledger.Credit, ledger.Suspense, 70_000)),
		// What comes under a reference that is used again for other money is not named by it.
		w.contributions(0, 3, 3, map[int64]money.Amount{6_000: 50_000}),
		// A notice about one payer says nothing of his whole batch.
		w.contributions(700, 3, 3, map[int64]money.Amount{5_900: 30_000, 5_901: 20_000}))
	w.statement(t, income, 2, 3,
		bankLine(bank.Credit, 800_000, 3, "T901"), bankLine(bank.Credit, 800_000, 3, "T900"),
		bankLine(bank.Credit, 800_000, 3, "T900"), bankLine(bank.Credit, 70_000, 3, "T902"),
		bankLine(bank.Credit, 50_000, 3, "T903"), bankLine(bank.Credit, 30_000, 3, "I700"))
	for run := range 2 {
		w.match(t, income)
		got := ask[string](t, w, `
			select l.bank_reference || ' ' || m.rule || ' ' || (
				select count(*) || ' of ' || string_agg(distinct regexp_replace(e.cause, '[0-9]{4,}', 'N'), ' ')
				from reconciliation_match x join entry e on e.area = x.area and e.id = x.entry_id
				where x.area = m.area and x.fund_account = m.fund_account and x.match_id = m.match_id)
			from reconciliation_match m join statement_line l on l.area = m.area and l.id = m.statement_line_id order by 1`)
		want := []string{
			"I700 amount_day_unique 1 of agreement:N:1",
			"T900 batch_total 40 of agreement:910:1 agreement:910:21", "T901 batch_total 40 of agreement:911:1 agreement:911:21",
			"T902 bank_reference 1 of arrival:922", "T903 amount_day_unique 1 of agreement:N:1",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("matches after run %d (-want +got):\n%s", run, diff)
		}
		// The day's money twice, and a payer whose money has not come: both stay what they are.
		got = ask[string](t, w, `select reason || ' ' || amount from reconciliation_break order by 1`)
		if diff := cmp.Diff([]string{"absent_in_bank 20000", "duplicate_bank_line 800000"}, got); diff != "" {
			t.Errorf("breaks ever opened after run %d (-want +got):\n%s", run, diff)
		}
	}
}

// A day that was matched takes entries until it is sealed, and a quiet day is looked at
// again for them.
func TestAnEntryOfAQuietDayThatWasMatchedIsSeen(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	special := w.books.Accounts[ledger.FiscalSpecial]
	w.statement(t, special, 2, 4)
	w.match(t, special)
	w.book(t, w.subsidy(3, 3, 900_00))
	w.match(t, special)
	got := ask[string](t, w, `select reason || ' ' || amount || ' ' || day from reconciliation_break`)
	if diff := cmp.Diff([]string{"absent_in_bank 90000 2026-11-03"}, got); diff != "" {
		t.Errorf("breaks (-want +got):\n%s", diff)
	}
}

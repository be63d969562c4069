package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/reconcile"
)

// said is a line of the bank on the expenditure account, in fen; out is a debit.
type said struct {
	fen              int64
	ref, item, batch string
	reversal         bool
}

func out(fen int64, ref, item, batch string) said {
	return said{fen: -fen, ref: ref, item: item, batch: batch, reversal: false}
}

func (w *answerWorld) bankSays(t *testing.T, day string, lines ...said) {
	t.Helper()
	w.bankSaysOf(t, 13, day, lines...)
}

// bankSaysOf is an account's statement through a day, with lines of that day, which
// is matched at once.
func (w *world) bankSaysOf(t *testing.T, account int64, day string, lines ...said) {
	t.Helper()
	w.keys++
	w.sql(t, fmt.Sprintf(`
		with last as (
			select coalesce(max(s.day_to), min(f.opened_on) - 1) as day,
				coalesce((array_agg(s.closing order by s.day_from desc))[1], 0) as closing
			from fund_account f left join statement s on s.area = f.area and s.fund_account = f.id
			where f.area = 610304 and f.id = %[4]d),
		paper as (
			insert into receipt (area, bank, kind, subject, name, part, digest, size, state, received_by, received_at)
			values (610304, 'psbc', 'statement', %[4]d, 'S%[1]d', '%[2]s', sha256('S%[1]d'), 1, 'processed', 'bank:psbc', now())
			returning id)
		insert into statement (area, fund_account, day_from, day_to, number, opening, closing, line_count, receipt_id,
			taken_in_at)
		select 610304, %[4]d, last.day + 1, '%[2]s', '%[1]d', last.closing, last.closing, %[3]d, paper.id, now() from last, paper`,
		w.keys, day, len(lines), account))
	for n, l := range lines {
		direction, fen := "credit", l.fen
		if fen < 0 {
			direction, fen = "debit", -fen
		}
		w.sql(t, fmt.Sprintf(`
			insert into statement_line (area, statement_id, fund_account, line, direction, amount, booking_date, value_date,
				bank_reference, ordinal, end_to_end_id, batch_ref, reversal, counterparty, counterparty_account, text)
			select area, id, fund_account, %d, '%s', %d, day_to, day_to, '%s', 1, '%s', '%s', %t, '', '', ''
			from statement where area = 610304 and number = '%d'`, n+1, direction, fen, l.ref, l.item, l.batch, l.reversal, w.keys))
	}
	days, err := calendar.Official()
	if err != nil {
		t.Fatal(err)
	}
	proof := reconcile.New(reconcile.Parts{
		Store: w.db.Reconcile(), Decoder: nil, Days: days, Today: func() calendar.Day { return w.today },
	})
	if err := proof.Match(t.Context(), reconcile.Account{Area: chencang, ID: account}); err != nil {
		t.Fatal(err)
	}
}

// shows wants the statement's side of a run's proof to be this, and returns the proof.
func (w *answerWorld) shows(t *testing.T, when string, run int64, want string) disbursement.Proof {
	t.Helper()
	p, err := w.pay.Proof(t.Context(), w.auditor, run)
	if err != nil {
		t.Fatal(err)
	}
	s := p.Statement
	cleared := func(c disbursement.Cleared) string { return fmt.Sprintf("%d/%d/%s", c.Items, c.Lines, c.Amount) }
	got := fmt.Sprintf("%s debits %s back %s uncleared %s %s unbooked %s %s", s.Standing, cleared(s.Debits),
		cleared(s.CreditsBack), cleared(s.UnclearedDebits), cleared(s.UnclearedCredits), cleared(s.UnbookedDebits),
		cleared(s.UnbookedCredits))
	if got != want {
		t.Errorf("%s: the statement shows\n%s, want\n%s", when, got, want)
	}
	differs := s.Standing == disbursement.Differs
	if (len(p.Breaks) > 0) != differs {
		t.Errorf("%s: the statement is %s, breaks are %v", when, s.Standing, p.Breaks)
	}
	return p
}

func names(p disbursement.Proof) []string {
	out := []string{}
	for _, list := range p.Sides {
		for _, n := range list.Names {
			out = append(out, fmt.Sprintf("%s %s %s %d %s %s", list.Side, n.Direction, n.Amount, n.Items, n.Reason, n.Name))
		}
	}
	return out
}

// The proof of a run at a bank of each habit, from the first line of the statement to
// the last: open, proved, and with every difference by name.
func TestTheCycleIsProvedFromTheReconciledStatement(t *testing.T) {
	t.Parallel()
	for _, settlement := range []string{
		disbursement.SettlesNet, disbursement.SettlesGross, disbursement.SettlesItemised,
	} {
		t.Run(settlement, func(t *testing.T) {
			t.Parallel()
			w := newAnswerWorld(t, 4, settlement)
			w.sql(t, `update payment_batch set handed_over_on = handed_over_on`)
			i, no, run := w.paying, w.batch.Number, w.run.ID
			id := func(n int) string { return fmt.Sprint(i[n].ID) }
			w.bankSays(t, "2011-03-24")
			w.answer(t, w.batch, paidLine(i[0]), paidLine(i[1]), paidLine(i[2]), failedLine(i[3], "TM01"))
			lines := map[string][]said{
				disbursement.SettlesNet: {out(16_500, "L1", "", no)},
				disbursement.SettlesGross: {
					out(22_000, "L1", "", no), {fen: 5500, ref: "L2", item: "", batch: no, reversal: true},
				},
				disbursement.SettlesItemised: {
					out(5500, "R"+id(0), id(0), no), out(5500, "R"+id(1), id(1), no), out(5500, "R"+id(2), id(2), no),
				},
			}[settlement]
			open := map[string]string{
				disbursement.SettlesNet:      "open debits 0/0/0.00 back 0/0/0.00 uncleared 3/0/165.00 0/0/0.00",
				disbursement.SettlesGross:    "open debits 0/0/0.00 back 0/0/0.00 uncleared 4/0/220.00 1/0/55.00",
				disbursement.SettlesItemised: "open debits 0/0/0.00 back 0/0/0.00 uncleared 3/0/165.00 0/0/0.00",
			}[settlement]
			w.shows(t, "before the statement", run, open+" unbooked 0/0/0.00 0/0/0.00")
			w.bankSays(t, "2011-03-25", lines...)
			w.bankSays(t, "2011-04-01")
			proved := map[string]string{
				disbursement.SettlesNet:      "debits 3/1/165.00 back 0/0/0.00",
				disbursement.SettlesGross:    "debits 4/1/220.00 back 1/1/55.00",
				disbursement.SettlesItemised: "debits 3/3/165.00 back 0/0/0.00",
			}[settlement]
			none := " uncleared 0/0/0.00 0/0/0.00 unbooked 0/0/0.00 0/0/0.00"
			w.shows(t, "with the statement", run, "proved "+proved+none)

			// What came back stands in the book first, and is named until the bank shows it.
			w.today = calendar.MustDay("2011-04-06")
			w.giveBack(t, back(i[2], "2011-04-06"))
			w.shows(t, "returned, the statement is behind", run, "open "+proved+
				" uncleared 0/0/0.00 1/0/55.00 unbooked 0/0/0.00 0/0/0.00")
			w.bankSays(t, "2011-04-06", out(5500, "X1", id(0), ""))
			w.bankSays(t, "2011-04-12")
			p := w.shows(t, "a second debit, and no return", run, "differs "+proved+
				" uncleared 0/0/0.00 1/0/55.00 unbooked 1/1/55.00 0/0/0.00")
			reason := "absent_in_book"
			if settlement == disbursement.SettlesItemised {
				reason = "duplicate_bank_line"
			}
			want := []string{
				"uncleared credit 55.00 1 absent_in_bank " + p.Sides[0].Names[0].Name.String(),
				"unbooked debit 55.00 1 " + reason + " " + p.Sides[1].Names[0].Name.String(),
			}
			if diff := cmp.Diff(want, names(p)); diff != "" {
				t.Errorf("names: %s", diff)
			}
			if name := p.Sides[1].Names[0]; name.Name.Plain() != i[0].Name.Plain() || name.Item != i[0].ID ||
				strings.Contains(fmt.Sprint(name), i[0].Name.Plain()) {
				t.Errorf("the second debit is named %v", name)
			}
			// The bank takes the second debit back, and shows the return.
			w.bankSays(t, "2011-04-13", said{fen: 5500, ref: "B" + id(2), item: id(2), batch: no, reversal: false})
			w.bankSays(t, "2011-04-20")
			credit := strings.Replace(proved, "back 0/0/0.00", "back 1/1/55.00", 1)
			credit = strings.Replace(credit, "back 1/1/55.00", map[bool]string{
				true: "back 2/2/110.00", false: "back 1/1/55.00",
			}[settlement == disbursement.SettlesGross], 1)
			w.shows(t, "with the return", run, "differs "+credit+
				" uncleared 0/0/0.00 0/0/0.00 unbooked 1/1/55.00 0/0/0.00")
			if got := len(p.Rests.Batches); got != 1 || len(p.Rests.Statements) != 4 || len(p.Rests.Days) != 2 {
				t.Errorf("it rests on %d batches, %d statements, %d days", got, len(p.Rests.Statements), len(p.Rests.Days))
			}
		})
	}
}

// Two runs whose claims are paid again by one lump: each counts its own items of the
// bank's line, and no fen of it twice.
func TestALineThatTwoRunsShareIsSplitByItsItems(t *testing.T) {
	t.Parallel()
	for _, settlement := range []string{disbursement.SettlesNet, disbursement.SettlesGross} {
		t.Run(settlement, func(t *testing.T) {
			t.Parallel()
			w := newAnswerWorld(t, 4, settlement, `alter table entitlement disable trigger all;
				delete from entitlement where member_id = 1004; alter table entitlement enable trigger all`)
			w.bankSays(t, "2011-03-24")
			lump := func(day string, b disbursement.Batch, paid, failed int64, ref string) {
				var lines []said
				if paid > 0 {
					lines = []said{out(paid, ref, "", b.Number)}
				}
				if settlement == disbursement.SettlesGross {
					lines = []said{out(paid+failed, ref, "", b.Number)}
					if failed > 0 {
						lines = append(lines, said{fen: failed, ref: ref + "b", item: "", batch: b.Number, reversal: true})
					}
				}
				w.bankSays(t, day, lines...)
			}
			regularly := w.paying
			w.answer(t, w.batch, paidLine(regularly[0]), paidLine(regularly[1]), failedLine(regularly[2], "TM01"))
			lump("2011-03-25", w.batch, 11_000, 5500, "M")
			w.bankSays(t, "2011-04-01")
			w.sql(t, `insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
				values (610304, 1004, 'base_pension', '2011-03-01', 5500, 'late', 'test', now())`)
			w.today = calendar.MustDay("2011-04-05")
			v := verdict(w.approved(t, disbursement.Order{
				Scheme: ledger.Rural, Month: calendar.MustMonth("2011-03"), Kind: disbursement.Supplementary,
			}))
			v.Reason = "late"
			second, err := w.tryRelease(w.releaser, v)
			if err != nil {
				t.Fatal(err)
			}
			later := w.payItems(t, second.Batches[0])
			on := func(a *bank.Answer) { a.ValueDate = w.today }
			w.answer(t, second.Batches[0], change(failedLine(later[len(later)-1], "TM01"), on))
			lump("2011-04-05", second.Batches[0], 0, 5500, "A")
			w.bankSays(t, "2011-04-10")
			w.today = calendar.MustDay("2011-04-11")
			b, again := w.reissue(t)
			if len(again) != 2 {
				t.Fatalf("%d payments are paid again: %v", len(again), one[string](t, w.world, `select string_agg(concat_ws('/', i.batch_id, i.member_id, i.month, i.replaces), ' ') from payment_item i where i.replaces is not null`))
			}
			w.answer(t, b, change(paidLine(again[0]), on), change(paidLine(again[1]), on))
			lump("2011-04-11", b, 11_000, 0, "Z")
			w.bankSays(t, "2011-04-20")
			none := " uncleared 0/0/0.00 0/0/0.00 unbooked 0/0/0.00 0/0/0.00"
			back := map[string][2]string{
				disbursement.SettlesNet:   {"debits 3/2/165.00 back 0/0/0.00", "debits 1/1/55.00 back 0/0/0.00"},
				disbursement.SettlesGross: {"debits 4/2/220.00 back 1/1/55.00", "debits 2/2/110.00 back 1/1/55.00"},
			}[settlement]
			w.shows(t, "the month's", w.run.ID, "proved "+back[0]+none)
			w.shows(t, "the later one", second.Run.ID, "proved "+back[1]+none)
			w.shows(t, "both again", b.Run, "proved debits 2/1/110.00 back 0/0/0.00"+none)
		})
	}
}

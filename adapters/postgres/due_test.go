package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"twoline/adapters/postgres"
	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
)

func dues(month string) disbursement.Order {
	return disbursement.Order{
		Scheme: ledger.Rural, Month: calendar.MustMonth(month), Kind: disbursement.Supplementary, Items: nil, Dues: true,
	}
}

// raise decides another base pension from a month on.
func (w *runWorld) raise(t *testing.T, member int64, month string, fen int64, document string) {
	t.Helper()
	w.sql(t, fmt.Sprintf(`insert into entitlement (area, member_id, component, from_month, amount, document, entered_by,
			entered_at) values (610304, %d, 'base_pension', '%s-01', %d, '%s', 'test', now())`, member, month, fen, document))
}

func (w *runWorld) tryDifferences(by approval.Officer, month string) (casework.Request, error) {
	var r casework.Request
	_, err := w.pay.AskDifferences(context.Background(), w.ask("POST /v1/due-lists"), result(&r), by, disbursement.DueList{ //nolint:exhaustruct // asked
		Scheme: ledger.Rural, Month: calendar.MustMonth(month), Document: "notice of the rise",
	})
	return r, err
}

func (w *runWorld) decide(by approval.Officer, r casework.Request) error {
	cases := casework.New(w.db.Casework(), func() calendar.Day { return w.today })
	_, err := cases.Approve(context.Background(), w.ask("POST decisions"), result(&r), by,
		casework.Verdict{ID: r.ID, Digest: r.Digest, Reason: ""})
	return err
}

// differences has two people agree on a list.
func (w *runWorld) differences(t *testing.T, month string) casework.Request {
	t.Helper()
	r, err := w.tryDifferences(w.maker, month)
	if err == nil {
		err = w.decide(w.checker, r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// owed are the lines of a list as member month was→entitled.
func (w *runWorld) owed(t *testing.T, list int64) string {
	t.Helper()
	lines, err := w.pay.DueLines(t.Context(), w.maker, list, disbursement.DueLinePage{After: 0, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, l := range lines {
		out = append(out, fmt.Sprintf("%d %s %s→%s", l.Member, l.Month, l.Was, l.Entitled))
	}
	return strings.Join(out, "; ")
}

// A rise announced in May with effect from March: one list of the months that were
// paid, paid once by a run of dues, and nothing more however often it is asked for.
func TestDue_ARiseFromAnEarlierMonth(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 7, 10_000_000)
	w.hold(t, 1007, "manual", "2011-04-01")
	for _, month := range []string{"2011-03", "2011-04", "2011-05"} {
		w.today = calendar.MustDay(month + "-06")
		out := w.released(t, regular(calendar.MustMonth(month)))
		if month == "2011-03" {
			w.itemFailed(t, w.payItems(t, out.Batches[0])[1], "RETRY_TECHNICAL")
		}
	}
	w.today = calendar.MustDay("2011-05-20")
	if _, err := w.tryDifferences(w.maker, "2011-06"); !errors.Is(err, disbursement.ErrNoDifference) {
		t.Errorf("without a rise: %v", err)
	}
	for _, member := range []int64{1001, 1002, 1003, 1006, 1007} {
		w.raise(t, member, "2011-04", 7000, "rise")
	}
	w.raise(t, 1003, "2011-02", 6000, "rise")
	w.raise(t, 1004, "2011-05", 5000, "fall")
	w.died(t, 1006, "2011-04-05")
	if _, err := w.tryDifferences(w.checker, "2011-06"); !errors.Is(err, approval.ErrDuty) {
		t.Errorf("asked by a checker: %v", err)
	}
	if _, err := w.tryDifferences(w.maker, "2011-07"); !errors.Is(err, disbursement.ErrMonth) {
		t.Errorf("asked for a month too far ahead: %v", err)
	}
	r, err := w.tryDifferences(w.maker, "2011-06")
	if err != nil {
		t.Fatal(err)
	}
	want := "1001 2011-04 55.00→70.00; 1001 2011-05 55.00→70.00; 1002 2011-04 55.00→70.00; 1002 2011-05 55.00→70.00; " +
		"1003 2011-03 55.00→60.00; 1003 2011-04 55.00→70.00; 1003 2011-05 55.00→70.00; 1006 2011-04 55.00→70.00"
	if d := cmp.Diff(want, w.owed(t, r.Subject)); d != "" {
		t.Errorf("differences: %s", d)
	}
	l, err := w.pay.DueList(t.Context(), w.auditor, r.Subject)
	if err != nil || l.Members != 4 || l.Months != 8 || l.Amount != 11_000 || l.Overpaid != 1 || l.OverpaidAmount != 500 ||
		l.State != casework.Submitted {
		t.Errorf("list is %+v, %v", l, err)
	}
	if _, held := w.roster(t, dues("2011-06")); len(held) != 0 {
		t.Errorf("owed before anybody approved: %v", held)
	}
	if _, err := w.tryDifferences(w.maker, "2011-06"); !errors.Is(err, disbursement.ErrDueListOpen) {
		t.Errorf("asked twice: %v", err)
	}
	if err := w.decide(w.second, r); !errors.Is(err, approval.ErrDuty) && !errors.Is(err, approval.ErrSamePerson) {
		t.Errorf("approved by the maker's own person: %v", err)
	}
	if err := w.decide(w.checker, r); err != nil {
		t.Fatal(err)
	}
	if got := w.openCases(t, "months_overpaid"); !strings.Contains(got, "due_list") {
		t.Errorf("cases of overpaid months: %q", got)
	}
	_, held := w.roster(t, dues("2011-06"))
	if d := cmp.Diff(map[int64]disbursement.Hold{1001: "", 1002: "", 1003: "", 1006: disbursement.HeldDeceased}, held); d != "" {
		t.Errorf("roster of dues: %s", d)
	}
	// The month itself is paid beside them, and neither takes the other's place.
	month := w.released(t, regular(calendar.MustMonth("2011-06")))
	out := w.released(t, dues("2011-06"))
	var got []string
	items := w.payItems(t, out.Batches[0])
	for _, i := range items {
		got = append(got, fmt.Sprintf("%d %s %s #%d", i.Member, strings.TrimSuffix(i.Cause, fmt.Sprint(r.Subject)), i.Sum(), i.Attempt))
	}
	if d := cmp.Diff([]string{"1001 difference: 30.00 #1", "1002 difference: 30.00 #1", "1003 difference: 35.00 #1"}, got); d != "" {
		t.Errorf("payments of dues: %s", d)
	}
	if month.Run.Amount != money.Amount(7000*3+5500+5000) {
		t.Errorf("the month came to %s", month.Run.Amount)
	}
	if _, held := w.roster(t, dues("2011-06")); len(held) != 1 {
		t.Errorf("dues after they were paid: %v", held)
	}
	if _, err := w.tryDifferences(w.maker, "2011-06"); !errors.Is(err, disbursement.ErrNoDifference) {
		t.Errorf("the same differences again: %v", err)
	}
	// A second rise of the same months owes what it adds.
	w.raise(t, 1003, "2011-04", 7100, "second rise")
	second := w.differences(t, "2011-06")
	if d := cmp.Diff("1003 2011-04 70.00→71.00; 1003 2011-05 70.00→71.00", w.owed(t, second.Subject)); d != "" {
		t.Errorf("second differences: %s", d)
	}
	// One that failed is paid again by its own name, and is no new due.
	w.itemFailed(t, items[0], "RETRY_TECHNICAL")
	w.today = calendar.MustDay("2011-06-28")
	again := w.payItems(t, w.released(t, disbursement.Order{
		Scheme: ledger.Rural, Month: calendar.MustMonth("2011-07"), Kind: disbursement.Reissue, Items: nil, Dues: false,
	}).Batches[0])
	if len(again) != 2 || again[1].Replaces != items[0].ID && again[0].Replaces != items[0].ID {
		t.Errorf("paid again: %+v", again)
	}
	w.proved(t)
}

// proved says that verification finds nothing wrong with who is paid what.
func (w *runWorld) proved(t *testing.T) {
	t.Helper()
	report, err := w.db.Verify(t.Context(), postgres.Verification{Area: chencang}) //nolint:exhaustruct // plain
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		if slices.Contains([]string{"screens", "I14"}, f.ID) && !f.Holds() {
			t.Errorf("%s: %+v", f.ID, f.Breaches)
		}
	}
}

// An edit of what is owed, of a list or of its approval does not stay unseen.
func TestDue_EditsAreSeen(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 3, 10_000_000)
	w.today = calendar.MustDay("2011-03-06")
	w.released(t, regular(march()))
	w.raise(t, 1001, "2011-03", 7000, "rise")
	w.raise(t, 1002, "2011-03", 7000, "rise")
	w.differences(t, "2011-04")
	w.released(t, dues("2011-04"))
	w.proved(t)
	for edit, want := range map[string]string{
		`update benefit_due set base_pension = base_pension + 1 where member_id = 1001`:                                         "another sum than its months",
		`update benefit_due set instrument_id = (select min(id) from instrument where member_id = 1003) where member_id = 1001`: "which is not of member",
		`update benefit_due_month set entitled = entitled + 1`:                                                                  "another sum than its months",
		`delete from benefit_due_month`:                                  "another sum than its months",
		`delete from benefit_due where member_id = 1002`:                 "does not say",
		`update benefit_due set member_id = 1003 where member_id = 1002`: "no approved list says",
		`update due_list_line set entitled = entitled + 1 where seq = 1`: "does not say",
		`delete from due_list_line where seq = 2`:                        "no approved list says",
		`update due_list set amount = amount + 1`:                        "another amount than its lines",
		`delete from due_list_approved`:                                  "no approved list says",
		`insert into benefit_due_month select area, due_id, '2011-02-01', component, was, entitled from benefit_due_month`: "another sum",
		`update payment_item set base_pension = 1, amount = 1 where cause <> 'regular'`:                                    "not what is owed",
		`update roster_line set cause = 'difference:1' where cause <> 'regular'`:                                           "which is not owed",
	} {
		if got := w.edited(t, edit); !strings.Contains(got, want) {
			t.Errorf("%s: verification says %q, want %q", edit, got, want)
		}
	}
}

// Months that were paid too high are seen also where nobody is owed anything.
func TestDue_OnlyOverpaidMonthsAreACase(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 2, 10_000_000)
	w.today = calendar.MustDay("2011-03-06")
	w.released(t, regular(march()))
	w.raise(t, 1001, "2011-03", 5000, "the amount was wrong")
	for range 2 {
		_, err := w.tryDifferences(w.maker, "2011-04")
		if !errors.Is(err, disbursement.ErrNoDifference) || !strings.Contains(err.Error(), "1 members were paid 5.00 higher") {
			t.Errorf("asked where one was paid too much: %v", err)
		}
	}
	if got := w.openCases(t, "months_overpaid"); got != "due_months:rural:2011-04" {
		t.Errorf("cases of overpaid months: %q", got)
	}
	if n := one[int](t, w.world, `select count(*) from due_list`); n != 0 {
		t.Errorf("%d lists were kept", n)
	}
}

// A run that may still be withdrawn has paid nothing: its successor takes the rise, and no list
// owes it a second time.
func TestDue_ARunThatCanBeWithdrawnHasPaidNothing(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 2, 10_000_000)
	w.today = calendar.MustDay("2011-03-06")
	first := w.frozen(t, regular(march()))
	w.raise(t, 1001, "2011-03", 6000, "rise")
	if _, err := w.tryDifferences(w.maker, "2011-04"); !errors.Is(err, disbursement.ErrNoDifference) {
		t.Errorf("of a run that is frozen: %v", err)
	}
	w.approve(t, first.Run)
	if _, err := w.tryDifferences(w.maker, "2011-04"); !errors.Is(err, disbursement.ErrNoDifference) {
		t.Errorf("of a run that is approved: %v", err)
	}
	_, err := w.pay.Withdraw(t.Context(), w.ask("POST withdrawal"), result(new(disbursement.Run)), w.maker, first.Run.ID, "wrong")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"1001 60.00", "1002 55.00"}, w.sums(t, w.released(t, regular(march())).Batches[0])); d != "" {
		t.Errorf("drafted anew: %s", d)
	}
	if _, err := w.tryDifferences(w.maker, "2011-04"); !errors.Is(err, disbursement.ErrNoDifference) {
		t.Errorf("after it was paid: %v", err)
	}
	w.proved(t)
}

// A batch that its bank has not acknowledged can be recalled after the differences of its month
// were owed: the run that pays it again pays what they leave.
func TestDue_ARecalledMonthIsOwedTheRest(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 2, 10_000_000)
	w.today = calendar.MustDay("2011-03-06")
	first := w.released(t, regular(march()))
	w.raise(t, 1001, "2011-03", 6000, "rise")
	w.differences(t, "2011-04")
	if _, err := w.tryRecall(w.releaser, first.Batches[0].ID); err != nil {
		t.Fatal(err)
	}
	again := regular(march())
	again.Kind = disbursement.Supplementary
	if d := cmp.Diff([]string{"1001 55.00", "1002 55.00"}, w.sums(t, w.released(t, again).Batches[0])); d != "" {
		t.Errorf("the month again: %s", d)
	}
	if d := cmp.Diff([]string{"1001 5.00"}, w.sums(t, w.released(t, dues("2011-04")).Batches[0])); d != "" {
		t.Errorf("its difference: %s", d)
	}
	if _, err := w.tryDifferences(w.maker, "2011-04"); !errors.Is(err, disbursement.ErrNoDifference) {
		t.Errorf("the next list: %v", err)
	}
	w.proved(t)
}

// Should a month and its dues come to more than was ever decided all the same, neither is
// released, and where both were, verification says so.
func TestDue_AMonthAndItsDuesTogether(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 3, 10_000_000)
	w.today = calendar.MustDay("2011-02-10")
	w.released(t, regular(calendar.MustMonth("2011-02")))
	w.today = calendar.MustDay("2011-03-06")
	w.raise(t, 1001, "2011-02", 6000, "rise")
	run := w.frozen(t, regular(march()))
	r := w.differences(t, "2011-04")
	w.sql(t, `set session_replication_role = replica;
		insert into benefit_due_month select area, due_id, '2011-03-01', component, was, entitled from benefit_due_month`)
	out, err := w.tryRelease(w.releaser, verdict(w.approve(t, run.Run)))
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Hits) != 1 || out.Hits[0].Member != 1001 || out.Hits[0].Reason != disbursement.HeldAboveEntitlement {
		t.Errorf("released beside a due of the month: hits %+v", out.Hits)
	}
	w.sql(t, `set session_replication_role = replica;
		delete from benefit_due_month where month = '2011-03-01'`)
	if _, held := w.roster(t, dues("2011-04")); held[1001] != "" {
		t.Errorf("a due that is right is held: %v", held)
	}
	w.released(t, dues("2011-04"))
	w.proved(t)
	const doubled = `update payment_item i set base_pension = 6000, amount = 6000
		from payment_batch b where b.area = i.area and b.id = i.batch_id and b.month = '2011-02-01' and i.cause = 'regular'
			and i.member_id = 1001`
	if got := w.edited(t, doubled); !strings.Contains(got, "more than was ever decided") {
		t.Errorf("paid 60.00 and 5.00 where 60.00 was decided: verification says %q", got)
	}
	w.sql(t, `set session_replication_role = replica; `+doubled+`;
		delete from payment_item where cause = 'difference:`+fmt.Sprint(r.Subject)+`'`)
	if _, held := w.roster(t, dues("2011-04")); held[1001] != disbursement.HeldAboveEntitlement {
		t.Errorf("a due of a month that was paid in full: %v", held)
	}
}

// sums are a batch's payments as member amount.
func (w *runWorld) sums(t *testing.T, b disbursement.Batch) []string {
	t.Helper()
	var out []string
	for _, i := range w.payItems(t, b) {
		out = append(out, fmt.Sprintf("%d %s", i.Member, i.Sum()))
	}
	slices.Sort(out)
	return out
}

// edited is what verification says of dues, screens and payments while an edit stands.
func (w *runWorld) edited(t *testing.T, sql string) string {
	t.Helper()
	ctx := t.Context()
	c, err := pgx.Connect(ctx, w.d.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx) //nolint:errcheck // of the test
	copies := []string{
		"benefit_due", "benefit_due_month", "benefit_due_ended", "due_end_approved", "due_list", "due_list_line", "due_list_approved", "payment_item", "roster_line", "payment_hold", "answer", "entry", "posting", "hand_payment",
		"estate_granted_item",
	}
	must := func(sql string) {
		if _, err := c.Exec(ctx, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	must(`set session_replication_role = replica`)
	for _, table := range copies {
		must(`create temporary table kept_` + table + ` as table ` + table)
	}
	must(sql)
	report, err := w.db.Verify(ctx, postgres.Verification{Area: chencang}) //nolint:exhaustruct // plain
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range report.Findings {
		for _, b := range f.Breaches {
			if f.ID == "screens" || f.ID == "I27" || f.ID == "I5" || f.ID == "I6" || f.ID == "suspense" || f.ID == "life" {
				out = append(out, b.Text)
			}
		}
	}
	for _, table := range copies {
		must(`delete from ` + table)
		var columns string
		err := c.QueryRow(ctx, `select string_agg(quote_ident(attname), ', ') from pg_attribute
			where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''`, table).Scan(&columns)
		if err != nil {
			t.Fatal(err)
		}
		must(`insert into ` + table + ` (` + columns + `) select ` + columns + ` from kept_` + table)
	}
	return strings.Join(out, "; ")
}

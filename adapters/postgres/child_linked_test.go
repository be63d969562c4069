package postgres_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"twoline/gateway/award"
	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/feedback"
	"twoline/gateway/ledger"
	"twoline/gateway/policy"
)

// newLinkedWorld is a county of four pensioners whose children owe: 1001 and 1002 were of age when
// the scheme began and 1002 has an account too, 1003 turned 60 after it, 1004's child pays. The rule
// is repealed in the middle of May 2011.
func newLinkedWorld(t *testing.T) *lifeWorld {
	t.Helper()
	w := newLifeWorld(t, 4)
	w.sql(t, `insert into area_rule values (0, 'child_linked', '2009-09-01', 'true', 'test'),
		(0, 'scheme_start', '2009-09-01', '"2009-09-01"', 'test'), (0, 'pension_age', '2009-09-01', '60', 'test')
		on conflict do nothing`)
	w.sql(t, `insert into area_rule values (610304, 'child_linked', '2011-05-10', 'false', 'the repeal')`)
	w.sql(t, `update member set id_number = substr(id_number, 1, 6) || '19490901' || substr(id_number, 15) where id <> 1003`)
	w.sql(t, `update member set id_number = substr(id_number, 1, 6) || '19490902' || substr(id_number, 15) where id = 1003`)
	w.sql(t, `insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
		values (610304, 1002, 'account_pension', '2011-01-01', 1230, 'test', 'test', now())`)
	for _, m := range []int64{1001, 1002, 1003} {
		w.hold(t, m, "child_unpaid", "2011-03-01")
	}
	return w
}

// lines are those of a roster as member cause base+account held.
func (w *runWorld) lines(t *testing.T, o disbursement.Order) string {
	t.Helper()
	var roster disbursement.Roster
	if _, err := w.pay.MakeRoster(t.Context(), w.ask("POST /v1/rosters"), result(&roster), w.maker, o); err != nil {
		t.Fatal(err)
	}
	return w.linesOf(t, roster.ID)
}

func (w *runWorld) linesOf(t *testing.T, roster int64) string {
	t.Helper()
	lines, err := w.pay.Lines(t.Context(), w.auditor, roster, disbursement.LinePage{}) //nolint:exhaustruct // all
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(lines, func(a, b disbursement.Line) int {
		return cmp.Or(cmp.Compare(a.Member, b.Member), cmp.Compare(a.Cause, b.Cause))
	})
	var out []string
	for _, l := range lines {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%d %s %s+%s %s", l.Member, l.Cause, l.Base, l.Account, l.Held)))
	}
	return strings.Join(out, "\n")
}

// A child who does not pay stops the base pension of those who were of age at the start, up to the
// month of the repeal: not the account's, not of who turned 60 later, and nobody releases anything.
func TestChildLinked_StopsTheBaseUntilTheRepeal(t *testing.T) {
	t.Parallel()
	w := newLinkedWorld(t)
	const stopped = "1001 child_linked 55.00+0.00 child_unpaid\n" +
		"1002 child_linked 55.00+0.00 child_unpaid\n1002 regular 0.00+12.30\n" +
		"1003 regular 55.00+0.00\n1004 regular 55.00+0.00"
	for _, month := range []string{"2011-03", "2011-04", "2011-05"} {
		w.today = calendar.MustMonth(month).Day(10)
		if got := w.lines(t, regular(calendar.MustMonth(month))); got != stopped {
			t.Errorf("roster of %s:\n%s\nwant:\n%s", month, got, stopped)
		}
		w.paysMonth(t, month)
	}
	const paid = "1001 regular 55.00+0.00\n1002 regular 55.00+12.30\n1003 regular 55.00+0.00\n1004 regular 55.00+0.00"
	w.today = calendar.MustDay("2011-06-10")
	if got := w.lines(t, regular(calendar.MustMonth("2011-06"))); got != paid {
		t.Errorf("roster of the month after the repeal:\n%s\nwant:\n%s", got, paid)
	}
	w.paysMonth(t, "2011-06")
	w.clean(t, "screens", "I14", "life")
	// What was stopped is owed by no list of differences, and by no supplementary run.
	w.today = calendar.MustDay("2011-07-10")
	if r, err := w.tryDifferences(w.maker, "2011-07"); err == nil {
		t.Errorf("differences are owed: %s", w.owed(t, r.Subject))
	}
	april := disbursement.Order{ //nolint:exhaustruct // all
		Scheme: ledger.Rural, Month: calendar.MustMonth("2011-04"), Kind: disbursement.Supplementary,
	}
	const rest = "1001 child_linked 55.00+0.00 child_unpaid\n1002 child_linked 55.00+0.00 child_unpaid"
	if got := w.lines(t, april); got != rest {
		t.Errorf("supplementary roster of April:\n%s\nwant:\n%s", got, rest)
	}
}

// The line names the row of the rule, and the village hears the plain reason.
func TestChildLinked_IsTold(t *testing.T) {
	t.Parallel()
	w := newLinkedWorld(t)
	w.paysMonth(t, "2011-03")
	awards := award.New(w.db.Awards(), func() calendar.Day { return w.today })
	roster := one[int64](t, w.world, `select roster_id from pay_run order by id desc limit 1`)
	seq := one[int](t, w.world, `select seq from roster_line where roster_id = $1 and cause = 'child_linked' and member_id = 1002`,
		roster)
	why, err := awards.WhyLine(t.Context(), w.auditor, roster, seq)
	if err != nil || why.HeldBy == nil || why.HeldBy.Rule != policy.ChildLinked || why.HeldBy.From != calendar.MustDay("2009-09-01") {
		t.Errorf("the line is held by %+v, %v", why.HeldBy, err)
	}
	june, err := awards.Explain(t.Context(), w.auditor, 1002, calendar.MustMonth("2011-06"))
	if err != nil || len(june.Holds) != 1 || june.Holds[0].Rule == nil || june.Holds[0].Rule.Document != "the repeal" {
		t.Errorf("in June it is told as %+v, %v", june.Holds, err)
	}
	var told []string
	err = w.db.Feedback().Read(t.Context(), func(tx feedback.Tx) error {
		people, err := tx.FeedbackPeople(t.Context(), chencang, feedback.Subject{ //nolint:exhaustruct // pensions
			Scheme: ledger.Rural, Month: calendar.MustMonth("2011-03"),
		}, feedback.PersonFilter{ //nolint:exhaustruct // all
			From: village, Through: village, All: true, Limit: 100,
		})
		for _, p := range people {
			told = append(told, fmt.Sprintf("%d %s %s", p.Member, p.Standing, p.Amount))
		}
		return err
	})
	want := []string{"1001 child_unpaid 0.00", "1002 child_unpaid 12.30", "1003 paid 55.00", "1004 paid 55.00"}
	if err != nil || !slices.Equal(told, want) {
		t.Errorf("feedback is %v, %v; want %v", told, err, want)
	}
}

// A hold that is entered after the freeze stops the base pension at the release: the successor has
// the line held, and a supplementary run pays what is of the account.
func TestChildLinked_AtTheRelease(t *testing.T) {
	t.Parallel()
	w := newLinkedWorld(t)
	w.sql(t, `delete from payment_hold`)
	run := w.approved(t, regular(march()))
	for _, m := range []int64{1001, 1002, 1003} {
		w.hold(t, m, "child_unpaid", "2011-03-01")
	}
	released, err := w.tryRelease(w.releaser, verdict(run))
	if err != nil {
		t.Fatal(err)
	}
	var hits []string
	for _, h := range released.Hits {
		hits = append(hits, fmt.Sprintf("%d %s", h.Member, h.Reason))
	}
	if want := []string{"1001 child_unpaid", "1002 child_unpaid"}; !slices.Equal(hits, want) {
		t.Errorf("hits are %v, want %v", hits, want)
	}
	const held = "1001 regular 55.00+0.00 child_unpaid\n1002 regular 55.00+12.30 child_unpaid\n" +
		"1003 regular 55.00+0.00\n1004 regular 55.00+0.00"
	if got := w.linesOf(t, released.Successor.Run.Roster); got != held {
		t.Errorf("the successor's roster:\n%s\nwant:\n%s", got, held)
	}
	if _, err := w.tryRelease(w.releaser, verdict(w.approve(t, released.Successor.Run))); err != nil {
		t.Fatal(err)
	}
	again := disbursement.Order{Scheme: ledger.Rural, Month: march(), Kind: disbursement.Supplementary} //nolint:exhaustruct // all
	const rest = "1001 child_linked 55.00+0.00 child_unpaid\n1002 child_linked 55.00+0.00 child_unpaid\n1002 regular 0.00+12.30"
	if got := w.lines(t, again); got != rest {
		t.Errorf("the supplementary roster:\n%s\nwant:\n%s", got, rest)
	}
	w.clean(t, "screens", "I14", "life")
}

// The child pays in May, and two people release the stop: by the nation's policy nothing is paid
// back, where the area's says so the base pension of the months, and the account's never twice.
func TestChildLinked_BackPayIsThePolicys(t *testing.T) {
	t.Parallel()
	for _, give := range []struct {
		policy string
		want   string
	}{
		{"child_unpaid:none", ""},
		{"child_unpaid:from_stop", "110.00+0.00"},
	} {
		w := newLinkedWorld(t)
		w.sql(t, `insert into area_rule values (610304, 'back_pay', '2009-09-01', to_jsonb('`+give.policy+`'::text), 'test')`)
		w.paysMonth(t, "2011-03")
		w.paysMonth(t, "2011-04")
		w.today = calendar.MustDay("2011-05-05")
		if err := w.endHold(t, one[int64](t, w.world, `select id from payment_hold where member_id = 1002`)); err != nil {
			t.Fatal(err)
		}
		owed, err := w.pay.Dues(t.Context(), w.auditor, disbursement.DueFilter{Member: 1002}) //nolint:exhaustruct // one member
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, d := range owed {
			got += d.Base.String() + "+" + d.Account.String()
		}
		if got != give.want {
			t.Errorf("%s: owed %q, want %q", give.policy, got, give.want)
		}
		w.today = calendar.MustDay("2011-05-10")
		if got := w.lines(t, regular(calendar.MustMonth("2011-05"))); !strings.Contains(got, "1002 regular 55.00+12.30\n") {
			t.Errorf("%s: May is\n%s", give.policy, got)
		}
		w.paysMonth(t, "2011-05")
		if r, err := w.tryDifferences(w.maker, "2011-05"); err == nil {
			t.Errorf("%s: differences are owed: %s", give.policy, w.owed(t, r.Subject))
		}
		w.clean(t, "screens", "I14", "life")
	}
}

// What a hand did to the lines is seen.
func TestChildLinked_EditsAreSeen(t *testing.T) {
	t.Parallel()
	w := newLinkedWorld(t)
	w.sql(t, `update payment_hold set opened_at = opened_at - interval '1 hour';
		update entitlement set entered_at = entered_at - interval '1 hour'`)
	w.paysMonth(t, "2011-03")
	w.clean(t, "screens", "I14", "life")
	for edit, want := range map[string]string{
		`update roster_line set base_pension = 5500 where cause = 'regular' and member_id = 1002;
			update payment_item set base_pension = 5500, amount = amount + 5500 where member_id = 1002`: "who is held for child_unpaid",
		`update roster_line set held = 'child_unpaid' where member_id = 1003`:                          "and nothing said so",
		`update payment_hold set reason = 'manual' where member_id = 1001`:                             "and nothing said so",
		`delete from roster_line where cause = 'child_linked' and member_id = 1002`:                    "which nobody decided",
		`update roster_line set base_pension = 5499 where cause = 'child_linked' and member_id = 1002`: "which nobody decided",
		`update payment_item set cause = 'child_linked' where member_id = 1002`:                        "which is not owed",
	} {
		if got := w.edited(t, edit); !strings.Contains(got, want) {
			t.Errorf("%s: verification says %q, want %q", edit, got, want)
		}
	}
}

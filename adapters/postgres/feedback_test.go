package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/feedback"
	"twoline/gateway/ledger"
	"twoline/gateway/lifeevent"
)

// fedBack is a list in one line: what villages read, and the names with their standings.
func (w *runWorld) fedBack(t *testing.T, of string) string {
	t.Helper()
	s := feedback.Subject{Scheme: ledger.Rural, Year: 0, Month: calendar.Month{}}
	if strings.Contains(of, "-") {
		s.Month = calendar.MustMonth(of)
	} else if _, err := fmt.Sscan(of, &s.Year); err != nil {
		t.Fatal(err)
	}
	service := feedback.New(w.db.Feedback())
	l, err := service.Lines(t.Context(), w.auditor, s, 0)
	if err != nil {
		t.Fatal(err)
	}
	people, err := service.People(t.Context(), w.auditor, s, 0, feedback.PersonFilter{From: 0, Through: 0, All: true, After: 0, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	days, err := service.Progress(t.Context(), w.auditor, s, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := fmt.Sprintf("%d/%d %s %v", l.Total.Paid, l.Total.Due, l.Total.Amount, l.Total.Unpaid)
	for _, p := range people {
		out += fmt.Sprintf(" %d:%s:%s", p.Member, p.Standing, p.Amount)
	}
	if n := len(days); n > 0 {
		out += fmt.Sprintf("; progress %d of %s", days[n-1].PayersSoFar, days[n-1].AmountSoFar)
	}
	if len(people) != l.Total.Due {
		t.Errorf("%s: %d names of %d due", of, len(people), l.Total.Due)
	}
	return out
}

func (w *runWorld) expectFedBack(t *testing.T, of, want string) {
	t.Helper()
	if got := w.fedBack(t, of); got != want {
		t.Errorf("%s is\n%s, want\n%s", of, got, want)
	}
}

// A difference paid in a month says nothing of that month's pension: it counts to the months
// that it makes good.
func TestFeedback_OfAMonthWithDifferences(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 3)
	w.paysMonth(t, "2011-03")
	w.paysMonth(t, "2011-04")
	for _, m := range w.members {
		w.raise(t, m, "2011-03", 7000, "rise")
	}
	w.today = calendar.MustDay("2011-05-03")
	w.differences(t, "2011-05")
	w.paysDues(t, "2011-05")
	w.today = calendar.MustDay("2011-05-18")
	for _, b := range w.released(t, regular(calendar.MustMonth("2011-05"))).Batches {
		for n, i := range w.payItems(t, b) {
			if n == 0 {
				w.itemFailed(t, i, "FIX_ACCOUNT")
				continue
			}
			line := paidLine(i)
			line.ValueDate = w.today
			w.answer(t, b, line)
		}
	}
	w.expectFedBack(t, "2011-03", "3/3 210.00 map[] 1001:paid:70.00 1002:paid:70.00 1003:paid:70.00; progress 3 of 210.00")
	w.expectFedBack(t, "2011-05", "2/3 140.00 map[FIX_ACCOUNT:1] 1001:FIX_ACCOUNT:0.00 1002:paid:70.00 1003:paid:70.00; progress 2 of 140.00")
	// A pension that came back is not paid because its difference is.
	w.sql(t, `
		insert into payment_return (area, id, item_id, batch_id, amount, bank_reference, value_date, class, receipt_id, line,
				reported_by, reported_at, business_day)
			select area, 7, id, batch_id, amount, 'B7', '2011-05-20', 'FIX_ACCOUNT', 3, 1, 'test', now(), '2011-05-20'
			from payment_item where month = '2011-03-01' and cause = 'regular' and member_id = 1002;
		insert into payment_return_booked values (610304, 7, '2011-05-20')`)
	w.expectFedBack(t, "2011-03", "2/3 155.00 map[RETURNED:1] 1001:paid:70.00 1002:RETURNED:15.00 1003:paid:70.00; progress 3 of 155.00")
}

// What is paid back for a month that was held makes it paid, in no other month.
func TestFeedback_OfAMonthThatWasPaidBack(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 3)
	w.hold(t, 1001, "certification_overdue", "2011-04-01")
	w.hold(t, 1002, "court", "2011-04-01")
	w.paysMonth(t, "2011-04")
	w.today = calendar.MustDay("2011-05-03")
	w.expectFedBack(t, "2011-04", "1/3 55.00 map[certification_overdue:1 court:1] 1001:certification_overdue:0.00 1002:with_agency:0.00 1003:paid:55.00; progress 1 of 55.00")
	if err := w.endHold(t, one[int64](t, w.world, `select id from payment_hold where member_id = 1001`)); err != nil {
		t.Fatal(err)
	}
	w.paysDues(t, "2011-05")
	w.paysMonth(t, "2011-05")
	w.expectFedBack(t, "2011-04", "2/3 110.00 map[court:1] 1001:paid:55.00 1002:with_agency:0.00 1003:paid:55.00; progress 2 of 110.00")
	w.expectFedBack(t, "2011-05", "2/3 110.00 map[court:1] 1001:paid:55.00 1002:with_agency:0.00 1003:paid:55.00; progress 2 of 110.00")
}

// What heirs are paid is no pension of the month, and nothing was due to who died before it.
func TestFeedback_KnowsTheDead(t *testing.T) {
	t.Parallel()
	w := risen(t)
	all, err := w.heirs(t, 1001, "1", lifeevent.Claim{Funeral: true, Balance: true, Dues: true}) //nolint:exhaustruct // of the heir
	if err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, all.Decision); err != nil {
		t.Fatal(err)
	}
	w.paysDues(t, "2011-05")
	w.paysMonth(t, "2011-05")
	dead := one[string](t, w.world, `select string_agg(distinct member_id || ' ' || died_on, ', ') from death_notice`)
	w.expectFedBack(t, "2011-05", "1/1 82.00 map[] 1003:paid:82.00; progress 1 of 82.00")
	w.expectFedBack(t, "2011-03", "3/3 212.00 map[] 1001:paid:65.00 1002:paid:65.00 1003:paid:82.00; progress 3 of 212.00")
	if !strings.Contains(dead, "1001 2011-0") {
		t.Errorf("the dead are %s", dead)
	}
	// Of a year: who died, left or draws the pension owes nothing.
	members := newRunWorld(t, 4, 0)
	members.sql(t, `set session_replication_role = replica; delete from entitlement where member_id < 1004`)
	members.notice(t, 1001, calendar.MustDay("2011-02-01"))
	members.sql(t, `set session_replication_role = replica;
		insert into member_end (area, member_id, reason, ended_on, from_month, source_id, decision_id, approved_at, business_day)
			values (610304, 1002, 'emigrated', '2011-02-01', '2011-03-01', 1, 1, now(), '2011-02-01')`)
	members.expectFedBack(t, "2011", "0/1 0.00 map[not_sent:1] 1003:not_sent:0.00")
}

// Who was taken back from a bank is due until they are paid again.
func TestFeedback_OfARecalledBatch(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 4, 100_000)
	w.sql(t, `update bank set row_limit = 2 where bank = 'psbc'`)
	out := w.released(t, regular(march()))
	w.expectFedBack(t, "2011-03", "0/4 0.00 map[] 1001:in_flight:0.00 1002:in_flight:0.00 1003:in_flight:0.00 1004:in_flight:0.00")
	if _, err := w.tryRecall(w.releaser, out.Batches[0].ID); err != nil {
		t.Fatal(err)
	}
	w.expectFedBack(t, "2011-03", "0/4 0.00 map[recalled:2] 1001:recalled:0.00 1002:recalled:0.00 1003:in_flight:0.00 1004:in_flight:0.00")
}

// No name stands beside a reason that is the member's own affair.
func TestFeedback_PublishesNoPrivateReason(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 9, 100_000)
	private := []string{"court", "investigation", "other_pension", "duplicate_identity", "child_unpaid", "manual"}
	for i, reason := range private {
		w.hold(t, 1001+int64(i), reason, "2011-01-01")
	}
	// Whom the child-linked rule means was of age when the scheme began.
	w.sql(t, `update member set id_number = replace(id_number, '19500101', '19490101') where id = 1005`)
	w.hold(t, 1007, "certification_overdue", "2011-01-01")
	w.released(t, regular(march()))
	got := w.fedBack(t, "2011-03")
	for _, reason := range private {
		if strings.Contains(got, ":"+reason+":0.00") {
			t.Errorf("%s is told with a name: %s", reason, got)
		}
	}
	if n := strings.Count(got, feedback.WithAgency); n != len(private) || !strings.Contains(got, "1007:certification_overdue") {
		t.Errorf("%d names are with the agency: %s", n, got)
	}
	if words := strings.Fields(got); !slices.Contains(words, "0/9") {
		t.Errorf("the village reads %s", got)
	}
}

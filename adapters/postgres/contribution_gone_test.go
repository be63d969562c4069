package postgres_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/collection"
	"twoline/gateway/fault"
	"twoline/gateway/lifeevent"
)

// backs is what is to be given back, and whom to.
func (w *payerWorld) backs(t *testing.T) string {
	t.Helper()
	list, err := w.service.Refunds(t.Context(), w.maker, collection.RefundFilter{Limit: 100}) //nolint:exhaustruct // all
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range list {
		place := "income"
		if r.Suspense {
			place = "suspense"
		}
		out = append(out, strings.TrimSpace(fmt.Sprintf("%d %s %s %s %s", r.Member, r.Amount, r.Reason, place, r.Payer)))
	}
	return strings.Join(out, ", ")
}

// told is what a verification says while a hand's edit stands.
func (w *payerWorld) told(t *testing.T, edit, undo string) string {
	t.Helper()
	const owner = `set session_replication_role = replica; `
	w.sql(t, owner+edit)
	text := ""
	for _, f := range verify(t, w.db).Findings {
		for _, b := range f.Breaches {
			text += b.Text + "; "
		}
	}
	w.sql(t, owner+undo)
	return text
}

// A list for the dead is refused with the line, when it is asked for and when it is approved.
// Where the money of one that was approved before comes after the death, the line's money goes
// back to who paid it; what was posted before anybody knew is claimed.
func TestAListForTheDeadIsRefusedOrGivenBack(t *testing.T) {
	t.Parallel()
	w := newPayerWorld(t, 4)
	late, dead, alive := w.members[0], w.members[1], w.members[2]
	own := w.approved(t, w.list(collection.RelativeList, 11, 100_00, 100_00, 100_00))
	aid := w.approved(t, w.list(collection.CollectiveList, 11, 5_00, 6_00))
	waiting, err := w.tryList(w.list(collection.SponsorList, 11, 1_00, 1_00))
	if err != nil {
		t.Fatal(err)
	}
	w.world.notice(t, dead, w.today.AddDays(-1))
	w.world.notice(t, alive, w.today)
	more := w.list(collection.SponsorList, 11, 2_00, 2_00)
	more.Document = "doc-2"
	_, err = w.tryList(more)
	if got, want := refusals(t, err), (map[int]string{2: "member_died"}); !maps.Equal(got, want) {
		t.Errorf("a list with the dead: %v, want %v", got, want)
	}
	if err := w.approve(waiting.Decision, w.checker); fault.CodeOf(err) != "list_refused" {
		t.Errorf("approving one that was asked for before: %v", err)
	}
	for i, l := range []collection.ContributionList{own, aid} {
		if got, err := w.name(w.money(t, "11", fmt.Sprint("T", i), l.Amount).ID, l.ID); err != nil || !got.Agreed {
			t.Fatalf("not agreed: %+v, %v", got, err)
		}
	}
	w.work(t)
	want := fmt.Sprintf("%[1]d 100.00 member_died suspense 财政局, %[1]d 6.00 member_died suspense 财政局", dead)
	if got := w.backs(t); got != want {
		t.Errorf("to be given back: %s\nwant %s", got, want)
	}
	if got := [2]int64{w.sum(t, "contribution_individual", ""), w.sum(t, "contribution_collective", "")}; got != [2]int64{200_00, 5_00} {
		t.Errorf("income %v", got)
	}
	w.proved(t)
	w.world.notice(t, late, w.today.AddDays(-3))
	want += fmt.Sprintf(", %[1]d 100.00 member_died income 财政局, %[1]d 5.00 member_died income 财政局", late)
	if got := w.backs(t); got != want {
		t.Errorf("after the notice of a death: %s\nwant %s", got, want)
	}
	w.proved(t)
	for _, give := range []struct{ edit, undo, want string }{
		{
			fmt.Sprintf(`update contribution_claim set cause_id = -cause_id where member_id = %d and part = 'collective'`, late),
			`update contribution_claim set cause_id = -cause_id where cause_id < 0`, "after the death on 2011-03-07, and nobody claims it back",
		},
		{
			`update refund_task set reason = 'member_left' where amount = 600`,
			`update refund_task set reason = 'member_died' where amount = 600`, fmt.Sprintf("says that member %d left, who did not", dead),
		},
		{
			fmt.Sprintf(`update death_notice set member_id = 1004 where member_id = %d`, dead),
			fmt.Sprintf(`update death_notice set member_id = %d where member_id = 1004`, dead),
			fmt.Sprintf("says that member %d died, and nobody reported it", dead),
		},
	} {
		if got := w.told(t, give.edit, give.undo); !strings.Contains(got, give.want) {
			t.Errorf("%s: told %q, want %q", give.edit, got, give.want)
		}
	}
	w.proved(t)
}

// What the tax authority collected was paid: a line for the dead is taken with its list and
// goes back, and money that waited in suspense for its list stays there for its payer.
func TestATaxListForTheDeadIsGivenBackFromSuspense(t *testing.T) {
	t.Parallel()
	w := newPayerWorld(t, 2)
	w.sql(t, `insert into area_rule values (610304, 'collection_mode', '2011-01-01', '"tax"', 'test')`)
	w.world.notice(t, w.members[1], w.today.AddDays(-1))
	a := w.money(t, "14", "V1", 200_00)
	w.tick(t, "2011-03-15")
	l := w.approved(t, w.list(collection.TaxList, 14, 100_00, 100_00))
	if got, err := w.name(a.ID, l.ID); err != nil || !got.Agreed {
		t.Fatalf("not agreed: %+v, %v", got, err)
	}
	w.work(t)
	if got, want := w.backs(t), fmt.Sprintf("%d 100.00 member_died suspense 财政局", w.members[1]); got != want {
		t.Errorf("to be given back: %s, want %s", got, want)
	}
	w.holds(t, "contribution_individual", -100_00)
	w.holds(t, "suspense", -100_00)
	w.proved(t)
}

// A notice of a death waits for a posting of the same moment, and claims what it posted.
func TestADeathThatIsReportedWhileItsMoneyIsPostedIsClaimed(t *testing.T) {
	t.Parallel()
	w := newPayerWorld(t, 1)
	l := w.approved(t, w.list(collection.CollectiveList, 11, 5_00))
	if _, err := w.name(w.money(t, "11", "T1", 5_00).ID, l.ID); err != nil {
		t.Fatal(err)
	}
	letGo := w.hold(t, `lock table posting in exclusive mode`)
	posting := w.start(func() error { w.work(t); return nil })
	posting.untilLock(t, 1)
	notice := w.start(func() error { w.world.notice(t, w.members[0], w.today.AddDays(-1)); return nil })
	if !notice.untilLock(t, 2) {
		t.Error("the notice does not wait for the posting")
	}
	letGo()
	posting.end(t)
	notice.end(t)
	if got, want := w.backs(t), fmt.Sprintf("%d 5.00 member_died income 财政局", w.members[0]); got != want {
		t.Errorf("to be given back: %q, want %q", got, want)
	}
	w.proved(t)
}

// payers are the officers and lists of a county in which people leave.
func (w *lifeWorld) payers() *payerWorld {
	today := func() calendar.Day { return w.today }
	return &payerWorld{ //nolint:exhaustruct // one maker names money, too
		world: w.world, cases: casework.New(w.db.Casework(), today), maker: w.maker, checker: w.checker, financeMaker: w.maker,
	}
}

// Who left is out of runs and lists, and is told why; what was under way for them at that
// moment is no contribution any more, whichever way it comes: it goes back to who paid.
func TestWhoLeftIsCreditedNothing(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 4)
	// None of them draws a pension yet: who draws one contributes nothing.
	w.sql(t, `set session_replication_role = replica; update entitlement set from_month = from_month + interval '50 years'`)
	p := w.payers()
	gone, counted, died := w.members[0], w.members[1], w.members[2]
	asked, err := w.departs(t, gone)
	if err != nil {
		t.Fatal(err)
	}
	// A run and a list that begin while two people let the member go see nothing of it.
	letGo := w.world.hold(t, `lock table member_end in exclusive mode`)
	leaving := w.start(func() error { return w.agreed(t, asked.Decision) })
	leaving.untilLock(t, 1)
	b := w.withhold(t).Batches[0]
	aid := p.approved(t, p.list(collection.CollectiveList, 11, 5_00))
	letGo()
	leaving.end(t)
	if _, err := w.departs(t, counted); !errors.Is(err, lifeevent.ErrOnTheWay) {
		t.Errorf("leaving with a debit on the way: %v", err)
	}
	var done []collection.Result
	for _, i := range w.items(t, b) {
		done = append(done, succeeded(i))
	}
	w.arrive(t, "A1", b, b.Amount)
	if _, err := w.results(t, b, done); err != nil {
		t.Fatal(err)
	}
	if got, err := p.name(p.money(t, "11", "T1", aid.Amount).ID, aid.ID); err != nil || !got.Agreed {
		t.Fatalf("not agreed: %+v, %v", got, err)
	}
	w.work(t)
	want := fmt.Sprintf("%[1]d 100.00 member_left suspense, %[1]d 5.00 member_left suspense 财政局", gone)
	if got := p.backs(t); got != want {
		t.Errorf("to be given back: %s\nwant %s", got, want)
	}
	if got := p.sum(t, "contribution_individual", ""); got != 300_00 {
		t.Errorf("income is %d fen, want that of three members", got)
	}
	// Nothing is asked for who is gone.
	w.notice(t, died, w.today)
	w.sql(t, `update tier_choice set amount = 20000`)
	run := w.withhold(t)
	if run.Batches[0].Count != 2 || run.Held["member_left"] != 1 || run.Held["member_died"] != 1 {
		t.Errorf("a run takes %d dues and leaves out %v", run.Batches[0].Count, run.Held)
	}
	_, err = p.tryList(p.list(collection.SponsorList, 11, 1_00))
	if got, want := refusals(t, err), (map[int]string{1: "member_left"}); !maps.Equal(got, want) {
		t.Errorf("a list for who left: %v, want %v", got, want)
	}
	// A terminal tells of the day of leaving when the member has left.
	if err := w.paysAtCounter(gone, w.today); err != nil {
		t.Fatal(err)
	}
	w.credited(t, "100.00", "D1", w.today)
	want += fmt.Sprintf(", %d 100.00 member_left suspense", gone)
	if got := p.backs(t); got != want {
		t.Errorf("to be given back: %s\nwant %s", got, want)
	}
	w.balanced(t)
	if text := w.wholeBook(t); text != "" {
		t.Errorf("verify says %s", text)
	}
	edit := fmt.Sprintf(`update posting set member_id = %[1]d where member_id = %[2]d and role like '%%individual';
		update member_end set business_day = business_day - 1`, gone, counted)
	undo := fmt.Sprintf(`update posting set member_id = %[2]d where member_id = %[1]d and role like '%%individual';
		update member_end set business_day = business_day + 1`, gone, counted)
	if got := p.told(t, edit, undo); !strings.Contains(got, fmt.Sprintf("credits member %d, who left on 2011-03-09", gone)) {
		t.Errorf("told %q", got)
	}
}

// Who draws a pension contributes nothing any more: a run holds the due, the counter and a
// list refuse it. Up to the day before its first month the money is taken, and a decision
// that was taken back is no pension.
func TestWhoDrawsAPensionContributesNothing(t *testing.T) {
	t.Parallel()
	w := newPayerWorld(t, 2)
	w.sql(t, `insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
		values (610304, 1001, 'base_pension', '2011-03-01', 5500, 'decision 1', 'test', now()),
			(610304, 1001, 'base_pension', '2011-04-01', 6000, 'decision 2', 'test', now()),
			(610304, 1002, 'base_pension', '2011-01-01', 5500, 'by mistake', 'test', now()),
			(610304, 1002, 'base_pension', '2011-01-01', 0, 'its correction', 'test', now())`)
	for _, c := range []struct {
		member int64
		day    string
		want   string
	}{{1001, "2011-02-28", ""}, {1001, "2011-03-01", "draws_pension"}, {1002, "2011-03-10", ""}} {
		w.today = calendar.MustDay(c.day)
		err := w.tryCounter(c.member, 2011, 100, fmt.Sprint("C", c.member, c.day))
		if (err == nil) != (c.want == "") || err != nil && fault.CodeOf(err) != c.want {
			t.Errorf("member %d on %s: %v, want %q", c.member, c.day, err, c.want)
		}
	}
	_, err := w.tryList(w.list(collection.RelativeList, 11, 100, 100))
	if got, want := refusals(t, err), (map[int]string{1: "draws_pension"}); !maps.Equal(got, want) {
		t.Errorf("a list: %v, want %v", got, want)
	}
	run := w.withhold(t)
	if len(run.Batches) != 1 || run.Batches[0].Count != 1 || run.Held["draws_pension"] != 1 {
		t.Errorf("run %+v", run)
	}
	w.proved(t)
}

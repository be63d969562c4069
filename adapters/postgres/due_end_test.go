package postgres_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
)

// tryEnd asks that a due of a member is not paid after all.
func (w *runWorld) tryEnd(t *testing.T, by approval.Officer, member int64) (casework.Request, error) {
	t.Helper()
	list, err := w.pay.Dues(t.Context(), w.auditor, disbursement.DueFilter{Member: member}) //nolint:exhaustruct // one member
	if err != nil || len(list) == 0 {
		t.Fatalf("dues of member %d: %v, %v", member, list, err)
	}
	var r casework.Request
	cases := casework.New(w.db.Casework(), func() calendar.Day { return w.today })
	_, err = cases.Ask(t.Context(), w.ask("POST /v1/benefit-dues/end"), result(&r), by, casework.Ask{ //nolint:exhaustruct // a due
		Kind: casework.DueEnd, Word: casework.Entered, Subject: list[len(list)-1].ID, Document: "letter 9",
		Reason: "the difference was decided wrongly",
	})
	return r, err
}

// ended has two people end the newest due of a member.
func (w *runWorld) ended(t *testing.T, member int64) {
	t.Helper()
	r, err := w.tryEnd(t, w.maker, member)
	if err == nil {
		err = w.decide(w.checker, r)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// raised has March paid to three members and decided 5.00 higher afterwards for two of them.
func raised(t *testing.T) *runWorld {
	t.Helper()
	w := newRunWorld(t, 3, 10_000_000)
	w.today = calendar.MustDay("2011-03-06")
	w.released(t, regular(march()))
	w.raise(t, 1001, "2011-03", 6000, "rise")
	w.raise(t, 1002, "2011-03", 6000, "rise")
	w.differences(t, "2011-04")
	return w
}

// What two people ended no run pays, and no later list owes again, until the month is decided anew;
// then it is owed what that leaves.
func TestDueEnd_NobodyIsPaidIt(t *testing.T) {
	t.Parallel()
	w := raised(t)
	if _, err := w.tryEnd(t, w.checker, 1001); !errors.Is(err, approval.ErrDuty) {
		t.Errorf("asked by a checker: %v", err)
	}
	r, err := w.tryEnd(t, w.maker, 1001)
	if err != nil || !strings.Contains(r.About, "of 5.00 to member 1001 by difference:") {
		t.Fatalf("asked: %q, %v", r.About, err)
	}
	if err := w.decide(w.second, r); !errors.Is(err, approval.ErrDuty) && !errors.Is(err, approval.ErrSamePerson) {
		t.Errorf("approved by the maker's own person: %v", err)
	}
	if err := w.decide(w.checker, r); err != nil {
		t.Fatal(err)
	}
	if _, err := w.tryEnd(t, w.maker, 1001); !errors.Is(err, disbursement.ErrDueEnded) {
		t.Errorf("ended twice: %v", err)
	}
	if _, held := w.roster(t, dues("2011-04")); cmp.Diff(map[int64]disbursement.Hold{1002: ""}, held) != "" {
		t.Errorf("roster of dues: %v", held)
	}
	if d := cmp.Diff([]string{"1002 5.00"}, w.sums(t, w.released(t, dues("2011-04")).Batches[0])); d != "" {
		t.Errorf("paid: %s", d)
	}
	if _, err := w.tryEnd(t, w.maker, 1002); !errors.Is(err, disbursement.ErrDueTaken) {
		t.Errorf("ended after it was paid: %v", err)
	}
	if _, err := w.tryDifferences(w.maker, "2011-04"); !errors.Is(err, disbursement.ErrNoDifference) ||
		strings.Contains(err.Error(), "higher") {
		t.Errorf("the next list: %v", err)
	}
	open, err := w.pay.Dues(t.Context(), w.auditor, disbursement.DueFilter{Open: true}) //nolint:exhaustruct // what is open
	if err != nil || len(open) != 0 {
		t.Errorf("open dues: %+v, %v", open, err)
	}
	w.proved(t)
	// What is decided after the end decides the month anew.
	w.raise(t, 1001, "2011-03", 6100, "second decision")
	second := w.differences(t, "2011-04")
	if d := cmp.Diff("1001 2011-03 55.00→61.00", w.owed(t, second.Subject)); d != "" {
		t.Errorf("decided anew: %s", d)
	}
	w.proved(t)
}

// A month that was paid lower than before the end is owed the rest alone when its batch is recalled
// and a run pays it again; a fall to what was paid is no overpayment.
func TestDueEnd_ARecalledMonthIsPaidWithoutIt(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 2, 10_000_000)
	w.today = calendar.MustDay("2011-03-06")
	first := w.released(t, regular(march()))
	w.raise(t, 1001, "2011-03", 6000, "rise")
	w.differences(t, "2011-04")
	w.ended(t, 1001)
	if _, err := w.tryRecall(w.releaser, first.Batches[0].ID); err != nil {
		t.Fatal(err)
	}
	again := regular(march())
	again.Kind = disbursement.Supplementary
	if d := cmp.Diff([]string{"1001 55.00", "1002 55.00"}, w.sums(t, w.released(t, again).Batches[0])); d != "" {
		t.Errorf("the month again: %s", d)
	}
	w.raise(t, 1001, "2011-03", 5500, "corrected")
	if _, err := w.tryDifferences(w.maker, "2011-04"); !errors.Is(err, disbursement.ErrNoDifference) ||
		strings.Contains(err.Error(), "higher") {
		t.Errorf("after the award was corrected: %v", err)
	}
	w.proved(t)
}

// A due that stands in a run that may be released is refused; one that was drafted and ended then
// is withdrawn by the release.
func TestDueEnd_InARun(t *testing.T) {
	t.Parallel()
	w := raised(t)
	drafted, _ := w.roster(t, dues("2011-04"))
	run := w.frozen(t, dues("2011-04"))
	_, err := w.tryEnd(t, w.maker, 1001)
	if !errors.Is(err, disbursement.ErrDueTaken) || drafted.ID == 0 {
		t.Errorf("frozen in run %d: %v", run.Run.ID, err)
	}
	_, err = w.pay.Withdraw(t.Context(), w.ask("POST withdrawal"), result(new(disbursement.Run)), w.maker, run.Run.ID, "wrong")
	if err != nil {
		t.Fatal(err)
	}
	draft := w.draft(t, dues("2011-04"))
	w.ended(t, 1001)
	submitted, err := w.trySubmit(w.maker, draft.Run.ID)
	if err != nil {
		t.Fatal(err)
	}
	out, err := w.tryRelease(w.releaser, verdict(w.approve(t, submitted.Run)))
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Hits) != 1 || out.Hits[0].Member != 1001 || out.Hits[0].Reason != disbursement.HeldAboveEntitlement {
		t.Errorf("released with an ended due: %+v", out.Hits)
	}
	w.proved(t)
}

// A due whose payment failed can be ended too: no run pays it again.
func TestDueEnd_AfterItsPaymentFailed(t *testing.T) {
	t.Parallel()
	w := raised(t)
	items := w.payItems(t, w.released(t, dues("2011-04")).Batches[0])
	w.itemFailed(t, items[0], "RETRY_TECHNICAL")
	w.ended(t, items[0].Member)
	w.today = calendar.MustDay("2011-03-28")
	_, held := w.roster(t, disbursement.Order{
		Scheme: ledger.Rural, Month: calendar.MustMonth("2011-04"), Kind: disbursement.Reissue, Items: nil, Dues: false,
	})
	if d := cmp.Diff(map[int64]disbursement.Hold{items[0].Member: disbursement.HeldAboveEntitlement}, held); d != "" {
		t.Errorf("paid again: %s", d)
	}
	if _, err := w.tryDifferences(w.maker, "2011-04"); !errors.Is(err, disbursement.ErrNoDifference) {
		t.Errorf("the next list: %v", err)
	}
	w.proved(t)
}

// The end of a due without what may end one does not stay unseen.
func TestDueEnd_EditsAreSeen(t *testing.T) {
	t.Parallel()
	w := raised(t)
	w.ended(t, 1001)
	w.released(t, dues("2011-04"))
	w.proved(t)
	for edit, want := range map[string]string{
		`delete from due_end_approved`:  "no decision, claim or notice ended it",
		`delete from benefit_due_ended`: "is owed still",
		`insert into benefit_due_ended select area, id, 'gone', 'test', now() from benefit_due where member_id = 1002`: "no decision, claim or notice",
		`update due_end_approved set due_id = (select id from benefit_due where member_id = 1002)`:                     "was ended by decision",
		`update payment_item set member_id = 1001 where cause <> 'regular'`:                                            "pays it",
		`update due_end_approved set approved_at = approved_at + interval '1 day'`:                                     "was approved at",
	} {
		if got := w.edited(t, edit); !strings.Contains(got, want) {
			t.Errorf("%s: verification says %q, want %q", edit, got, want)
		}
	}
}

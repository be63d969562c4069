package postgres_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/disbursement"
	"twoline/gateway/fault"
)

// returnedDesk is a desk with one payment that came back and waits in suspense.
func returnedDesk(t *testing.T) (w *desk, back int64) {
	t.Helper()
	w = newDesk(newAnswerWorld(t, 1, disbursement.SettlesNet))
	w.answer(t, w.batch, paidLine(w.paying[0]))
	w.giveBack(t, returnOf(w))
	return w, one[int64](t, w.world, `select id from payment_return`)
}

func returnOf(w *desk) disbursement.Return { return back(w.paying[0], "2011-03-25") }

func givingUp(id int64) casework.Ask {
	return casework.Ask{ //nolint:exhaustruct // a return
		Kind: casework.Return, Word: casework.Unclaimed, Subject: id, Document: "death certificate 4", Reason: "no heirs",
	}
}

// One person alone takes no money back: neither the maker under another login, nor
// finance, nor a row in the tables.
func TestF88_AReturnIsGivenUpByTwoPeople(t *testing.T) {
	t.Parallel()
	w, id := returnedDesk(t)
	before := w.books(t)
	for name, tt := range map[string]struct {
		by   approval.Officer
		ask  casework.Ask
		want string
	}{
		"by a checker": {w.checker, givingUp(id), "duty_conflict"},
		"no document":  {w.maker, casework.Ask{Kind: casework.Return, Word: casework.Unclaimed, Subject: id}, "decision_invalid"},
		"a word of cases": {
			w.maker,
			casework.Ask{Kind: casework.Return, Word: casework.Settled, Subject: id, Document: "x"},
			"decision_invalid",
		},
		"no return": {w.maker, givingUp(7), "return_not_found"},
	} {
		if _, err := w.try(tt.by, tt.ask); fault.CodeOf(err) != tt.want {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	r, err := w.try(w.maker, givingUp(id))
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("payment %d of 55.00 to member 1001 for 2011-03, which came back on 2011-03-25",
		w.paying[0].ID); r.About != want {
		t.Errorf("shown %q, want %q", r.About, want)
	}
	other := r
	other.Digest[0]++
	for name, tt := range map[string]struct {
		by   approval.Officer
		give casework.Request
		want string
	}{
		"the maker's other login": {w.second, r, "duty_conflict"}, "another maker": {w.colleague, r, "duty_conflict"},
		"another digest": {w.checker, other, "digest_differs"},
	} {
		if _, err := w.tryDecide(tt.by, tt.give, approval.Approved); fault.CodeOf(err) != tt.want {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	w.sql(t, `insert into duty_grant (login, duty, granted_at) values ('pay.maker', 'checker', '2009-09-01')`)
	if _, err := w.tryDecide(w.maker, r, approval.Approved); fault.CodeOf(err) != "same_person" {
		t.Errorf("the maker, who may check: %v", err)
	}
	insert := fmt.Sprintf(`insert into return_unclaimed (area, return_id, document, entered_by, business_day, entered_at,
		decision_id) values (610304, %d, 'x', 'officer:pay.maker', '2011-03-25', now(), %d)`, id, r.ID)
	if err := w.asApp(t, insert); err == nil {
		t.Error("the table takes what nobody approved")
	}
	if got := w.books(t); got != before {
		t.Errorf("one person moved the books from %q to %q", before, got)
	}
	if _, err := w.tryDecide(w.checker, r, approval.Approved); err != nil {
		t.Fatal(err)
	}
	if got := w.books(t); got != "" {
		t.Errorf("given up, the books are %q", got)
	}
	if n := one[int](t, w.world, `select count(*) from return_unclaimed u
		join decision_request q on q.id = u.decision_id and q.state = 'approved'
		join approval a on a.decision_request = q.id and a.person_id <> q.maker_person and a.decided_at = u.entered_at
		join entry e on e.kind = 'return_unclaimed' and e.booked_at = u.entered_at and e.actor = u.entered_by`); n != 1 {
		t.Errorf("%d rows rest on their approval, want 1", n)
	}
	if _, err := w.try(w.maker, givingUp(id)); !errors.Is(err, disbursement.ErrReturnState) {
		t.Errorf("given up twice: %v", err)
	}
	w.sound(t)
}

// What is rejected or withdrawn moves nothing, and can be asked for again.
func TestAReturnIsNotGivenUpByARequestThatEnded(t *testing.T) {
	t.Parallel()
	w, id := returnedDesk(t)
	before := w.books(t)
	r, err := w.try(w.maker, givingUp(id))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.tryDecide(w.checker, r, approval.Rejected); err != nil {
		t.Fatal(err)
	}
	if _, err := w.tryDecide(w.checker, r, approval.Approved); !errors.Is(err, approval.ErrDecided) {
		t.Errorf("approved after it was rejected: %v", err)
	}
	if r, err = w.try(w.maker, givingUp(id)); err != nil {
		t.Fatal(err)
	}
	var gone casework.Request
	if _, err := w.cases.Withdraw(t.Context(), w.ask("POST withdraw"), result(&gone), w.maker, r.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.tryDecide(w.checker, r, approval.Approved); !errors.Is(err, approval.ErrDecided) {
		t.Errorf("approved after it was withdrawn: %v", err)
	}
	if got := w.books(t); got != before {
		t.Errorf("the books went from %q to %q", before, got)
	}
	w.sound(t)
}

// Between the request and its approval the claim is paid again: the checks of the
// approval refuse what those of the request let through.
func TestAReturnThatIsPaidAgainMeanwhileIsNotGivenUp(t *testing.T) {
	t.Parallel()
	w, id := returnedDesk(t)
	r, err := w.try(w.maker, givingUp(id))
	if err != nil {
		t.Fatal(err)
	}
	w.corrected(t, w.paying[0].Member)
	b, again := w.reissue(t)
	if _, err := w.tryDecide(w.checker, r, approval.Approved); !errors.Is(err, disbursement.ErrReturnState) {
		t.Errorf("while it is being paid again: %v", err)
	}
	w.answer(t, b, paidLine(again[0]))
	if _, err := w.tryDecide(w.checker, r, approval.Approved); !errors.Is(err, disbursement.ErrReturnState) {
		t.Errorf("after it was paid again: %v", err)
	}
	if n := one[int](t, w.world, `select count(*) from approval where subject = 'decision_request'`); n != 0 {
		t.Errorf("%d approvals were kept of what was refused", n)
	}
	w.sound(t)
}

// The day may be sealed between the look at the calendar and the booking: the
// effect belongs to the next day, as every other posting does.
func TestGivingUpAtTheSealBelongsToTheNextDay(t *testing.T) {
	t.Parallel()
	w, id := returnedDesk(t)
	r, err := w.try(w.maker, givingUp(id))
	if err != nil {
		t.Fatal(err)
	}
	sealed, next := w.today, w.today.AddDays(1)
	w.sql(t, fmt.Sprintf(`update book set sealed_through = '%s'`, sealed))
	if _, err := w.tryDecide(w.checker, r, approval.Approved); fault.CodeOf(err) != "book_sealed" {
		t.Errorf("on a day that stays sealed: %v", err)
	}
	var looks atomic.Int32
	w.cases = casework.New(w.db.Casework(), func() calendar.Day {
		// The clock strikes after the third look: the one that the booking was made by.
		if looks.Add(1) <= 3 {
			return sealed
		}
		return next
	})
	if _, err := w.tryDecide(w.checker, r, approval.Approved); err != nil {
		t.Fatal(err)
	}
	if day := one[string](t, w.world, `select u.business_day || ' ' || e.accounted_on from return_unclaimed u
		join entry e on e.kind = 'return_unclaimed'`); day != fmt.Sprintf("%s %s", next, next) {
		t.Errorf("given up on %s, want %s", day, next)
	}
}

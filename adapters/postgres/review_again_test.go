package postgres_test

import (
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
)

// A review is of what it saw: an amount up to the reviewed one is paid from then on, a larger one is held
// anew, once, until it was looked at too.
func TestAReviewCoversItsAmount(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 2)
	w.sql(t, `insert into area_rule values (610304, 'amount_review_threshold', '2009-09-01', '"60.00"', 'local')`)
	w.raise(t, 1001, "2011-03", 70_00, "rise")
	reviewed := func(month string, want disbursement.Hold) {
		t.Helper()
		w.today = calendar.MustMonth(month).Day(10)
		if _, held := w.roster(t, regular(calendar.MustMonth(month))); held[1001] != want || held[1002] != "" {
			t.Errorf("%s: held %v, want %q", month, held, want)
		}
	}
	looked := func() {
		t.Helper()
		if err := w.endHold(t, one[int64](t, w.world, `select max(id) from payment_hold`)); err != nil {
			t.Fatal(err)
		}
	}
	reviewed("2011-03", disbursement.HeldAmountReview)
	looked()
	reviewed("2011-03", "")
	reviewed("2011-04", "")
	w.raise(t, 1001, "2011-05", 99_999_00, "a slip of the pen")
	reviewed("2011-05", disbursement.HeldAmountReview)
	reviewed("2011-05", disbursement.HeldAmountReview)
	looked()
	reviewed("2011-05", "")
	w.raise(t, 1001, "2011-06", 65_00, "corrected")
	reviewed("2011-06", "")
	got := one[string](t, w.world, `select string_agg(text, '; ' order by id) from payment_hold`)
	if got != "70.00, above 60.00; 99999.00, above 60.00" {
		t.Errorf("holds: %s", got)
	}
	w.namesEdits(t, []handEdit{{
		`update payment_hold set reviewed_amount = reviewed_amount + 1`, `update payment_hold set reviewed_amount = reviewed_amount - 1`,
		"its release covers something else",
	}})
}

// An account that was looked at is paid while those who share it are those who were seen, or fewer.
func TestAReviewOfASharedAccountCoversItsSharers(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 4)
	w.sql(t, `insert into area_rule values (610304, 'shared_account_holds', '2009-09-01', 'true', 'test')`)
	w.sql(t, `update instrument set account_no = '77777' where member_id in (1001, 1002)`)
	w.today = calendar.MustDay("2011-03-10")
	holds := func(want ...int64) {
		t.Helper()
		_, held := w.roster(t, regular(march()))
		for _, m := range w.members {
			is := held[m] == disbursement.HeldSharedAccount
			wanted := false
			for _, h := range want {
				wanted = wanted || h == m
			}
			if is != wanted {
				t.Errorf("member %d is held as %q", m, held[m])
			}
		}
	}
	release := func() {
		t.Helper()
		w.sql(t, `insert into hold_release (area, hold_id, document, digest, maker, maker_person, made_at, state)
			select h.area, h.id, 'test', sha256('x'), 'pay.maker', 501, now(), 'approved' from payment_hold h
			where not exists (select from hold_release r where r.hold_id = h.id)`)
	}
	holds(1001, 1002)
	release()
	holds()
	w.sql(t, `update instrument set account_no = '77777' where member_id = 1003`)
	holds(1001, 1002, 1003)
	release()
	holds()
	w.sql(t, `update instrument set account_no = '88888' where member_id = 1002`)
	holds()
}

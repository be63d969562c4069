package postgres_test

import (
	"testing"

	"twoline/gateway/calendar"
)

// A person who is registered twice is told once, by the id number in two areas, by its old form
// of 15 digits, or by name, day of birth and account; the second one's payments are held, and
// two people end it.
func TestWhoIsRegisteredTwiceIsHeld(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 8)
	// 1002 is known by the old number of 1001, 1004 has all of 1003, 1006 another account of 1005's name.
	w.sql(t, `update member set social_no = left(o.id_number, 6) || substr(o.id_number, 9, 9)
		from (select id_number from member where id = 1001) o where id = 1002;
		update member set name = '王3' where id = 1004; update member set name = '王5' where id = 1006;
		update instrument set account_no = '61001003' where member_id = 1004`)
	// 1007 drew elsewhere before, and 1008 left elsewhere.
	w.sql(t, `insert into area values (610305, '金台区'); insert into region values (610305101201, 610305, '村');
		insert into member (area, id, id_number, social_no, name, region, scheme, joined_on)
		select 610305, id + 1000, id_number, 'E' || id, name, 610305101201, 'resident', '2012-01-01' from member where id in (1007, 1008);
		insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
		values (610305, 2007, 'base_pension', '2010-01-01', 5500, 'test', 'test', now());
		insert into member_end (area, member_id, reason, ended_on, from_month, source_id, decision_id, approved_at, business_day)
		values (610305, 2008, 'transferred_out', '2012-02-01', '2012-02-01', 1, 1, now(), '2012-02-01')`)
	look := func(want, open string) {
		t.Helper()
		for range 2 {
			if err := w.life.Watch(t.Context(), w.today); err != nil {
				t.Fatal(err)
			}
		}
		if got := one[string](t, w.world, `select coalesce(string_agg(h.member_id || ' ' || h.from_month || ' ' || h.text, '; '
			order by h.member_id), '') from payment_hold h where h.reason = 'duplicate_identity'`); got != want {
			t.Errorf("held %q\nwant %q", got, want)
		}
		if got := one[string](t, w.world, `select coalesce(string_agg(c.subject, ' ' order by c.subject), '') from exception_case c
			where c.kind = 'duplicate_identity' and not exists (select from exception_closed x where x.case_id = c.id)`); got != open {
			t.Errorf("open %q\nwant %q", got, open)
		}
	}
	w.today = calendar.MustDay("2012-03-05")
	held := "1002 2012-03-01 the same person as member 1001 of area 610304, by old id number; " +
		"1004 2012-03-01 the same person as member 1003 of area 610304, by name, day of birth and account; " +
		"1007 2012-03-01 the same person as member 2007 of area 610305, by id number"
	look(held, "member:1002:610304:1001 member:1004:610304:1003 member:1007:610305:2007")
	w.paysMonth(t, "2012-03")
	if got := one[string](t, w.world, `select string_agg(member_id::text, ' ' order by member_id) from payment_item`); got != "1001 1003 1005 1006 1008" {
		t.Errorf("paid %s", got)
	}
	if err := w.endHold(t, one[int64](t, w.world, `select id from payment_hold where member_id = 1004`)); err != nil {
		t.Fatal(err)
	}
	look(held, "member:1002:610304:1001 member:1007:610305:2007")
	// Who is second changes with who drew first: the pair is told once all the same.
	w.sql(t, `insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
		values (610304, 1007, 'account_pension', '2009-12-01', 100, 'test', 'test', now())`)
	w.today = calendar.MustDay("2012-07-05")
	look(held, "member:1002:610304:1001 member:1007:610305:2007")
	// Nobody decided in this test that a member left.
	w.sql(t, `delete from member_end`)
	w.namesEdits(t, []handEdit{
		{
			`update payment_hold set reason = 'manual' where member_id = 1002`,
			`update payment_hold set reason = 'duplicate_identity' where member_id = 1002`, "nobody held the payments",
		},
		{
			`update exception_case set subject = 'member:1002:610304:9001' where subject = 'member:1002:610304:1001'`,
			`update exception_case set subject = 'member:1002:610304:1001' where subject = 'member:1002:610304:9001'`,
			"there is no such member",
		},
		{
			`update identity_look set members_through = members_through + 9000000000`,
			`update identity_look set members_through = members_through - 9000000000`, "went beyond the members",
		},
	})
}

// A look is made again when a member or an account came.
func TestWhoIsNewIsLookedFor(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 2)
	look := func(want int64) {
		t.Helper()
		if err := w.life.Watch(t.Context(), w.today); err != nil {
			t.Fatal(err)
		}
		if got := one[int64](t, w.world, `select count(*) from identity_look`); got != want {
			t.Errorf("%d looks, want %d", got, want)
		}
	}
	look(1)
	w.sql(t, `update member set name = '王1'; update instrument set account_no = '61001001'`)
	look(1)
	w.sql(t, `insert into instrument (area, id, member_id, bank, kind, account_no, activated, for_payout, opened_on)
		values (610304, 900000000, 1001, 'psbc', 'card', '61001009', true, false, '2011-01-01')`)
	look(2)
	if n := one[int64](t, w.world, `select count(*) from payment_hold`); n != 1 {
		t.Errorf("%d holds", n)
	}
}

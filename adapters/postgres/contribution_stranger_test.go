package postgres_test

import (
	"strings"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/fault"
)

// taxList is a list of the tax authority with a line of a member, one of a number that nobody here has, one of a
// member who chose nothing, and one whose number is none.
func (w *payerWorld) taxList(t *testing.T, document string) collection.ContributionList {
	t.Helper()
	w.today = calendar.MustDay("2018-05-11")
	l := w.list(collection.TaxList, 14, 10000, 7000, 6000, 500)
	l.Year, l.Document = 2018, document
	l.Lines[1].Member, l.Lines[1].IDNumber = 0, "11010519491231002X"
	l.Lines[3].Member, l.Lines[3].IDNumber = 0, "6103-unreadable"
	return l
}

// A tax list is refused whole for a line of nobody or of a member without a choice, unless its maker lets such lines
// wait: then the rest is credited, and the sum is still the treasury's to the fen. What waits is a case a line, and
// is credited to the member who is named, up to what that one owes, or given back by the tax authority, once.
func TestUnknownLinesOfATaxListWaitInSuspense(t *testing.T) {
	t.Parallel()
	w := newRefundWorld(t, 5)
	w.sql(t, `insert into area_rule values (610304, 'collection_mode', '2018-05-11', '"tax"', 'test')`)
	w.sql(t, `delete from tier_choice where year = 2018 and member_id in (1003, 1004)`)
	l := w.taxList(t, "V1")
	if _, err := w.tryList(l); refusals(t, err)[4] != "list_invalid" {
		t.Errorf("whole or not at all: %v", err)
	}
	l.Lines[3].IDNumber = "440524188001010014"
	if _, err := w.tryList(l); refusals(t, err)[2] != "member_not_found" || refusals(t, err)[3] != "tier_not_chosen" {
		t.Errorf("whole or not at all: %v", err)
	}
	l = w.taxList(t, "V1")
	l.Suspends = true
	relative := l
	relative.Kind = collection.RelativeList
	if _, err := w.tryList(relative); fault.CodeOf(err) != "list_invalid" {
		t.Errorf("a relative's lines: %v", err)
	}
	l = w.approved(t, l)
	if l.Strangers != 2 || l.Amount != 23500 {
		t.Errorf("asked for %+v", l)
	}
	if got, err := w.name(w.money(t, "14", "V1", 23500).ID, l.ID); err != nil || !got.Agreed {
		t.Fatalf("%+v, %v", got, err)
	}
	w.work(t)
	for role, want := range map[string]int64{"treasury": 23500, "suspense": -13500, "contribution_individual": -10000} {
		if got := w.net(t, role); got != want {
			t.Errorf("%s is %d fen, want %d", role, got, want)
		}
	}
	cases := one[string](t, w.world, `select string_agg(text, '; ' order by id) from exception_case where kind = 'refund_due'`)
	for _, want := range []string{
		"unknown_member: 70.00 of line 2", "tier_not_chosen: 60.00 of line 3", "unknown_member: 5.00 of line 4",
	} {
		if !strings.Contains(cases, want) {
			t.Errorf("cases say %q, want %q", cases, want)
		}
	}
	w.proved(t)
	refunds := map[int64]collection.Refund{}
	list, err := w.service.Refunds(t.Context(), w.maker, collection.RefundFilter{Limit: 10}) //nolint:exhaustruct // all
	if err != nil || len(list) != 3 {
		t.Fatalf("refunds %+v, %v", list, err)
	}
	for _, r := range list {
		refunds[r.Amount.Fen()] = r
	}
	w.sql(t, `insert into tier_choice values (610304, 1003, 2018, 6000, '2018-05-11'), (610304, 1004, 2018, 5000, '2018-05-11')`)
	for _, c := range []struct {
		refund, member int64
		want           string
	}{
		{7000, 1001, "over_due"},
		{7000, 1004, "over_due"},
		{7000, 99, "member_not_found"},
		{6000, 1002, "refund_not_creditable"},
	} {
		if _, err := w.askRoad(collection.RefundAsk{Refund: refunds[c.refund].ID, CreditedTo: c.member}); fault.CodeOf(err) != c.want { //nolint:exhaustruct // to a member
			t.Errorf("%d to %d: %v, want %s", c.refund, c.member, err, c.want)
		}
	}
	for refund, member := range map[int64]int64{7000: 1002, 6000: 1003, 500: 0} {
		asked, err := w.askRoad(collection.RefundAsk{Refund: refunds[refund].ID, CreditedTo: member}) //nolint:exhaustruct // to a member
		if err == nil {
			err = w.approve(asked.Decision, w.financeSecond)
		}
		if err != nil {
			t.Fatalf("%d to %d: %v", refund, member, err)
		}
		if _, err := w.askRefund(asked.ID); fault.CodeOf(err) != "refund_paid" {
			t.Errorf("%d given back as well: %v", refund, err)
		}
	}
	for role, want := range map[string]int64{
		"treasury": 23000, "suspense": 0, "contribution_individual": -23000, "personal_individual": -23000,
	} {
		if got := w.net(t, role); got != want {
			t.Errorf("%s is %d fen, want %d", role, got, want)
		}
	}
	if due, err := w.service.Due(t.Context(), chencang, "", 1002, 2018); err != nil || due.Open() != 3000 {
		t.Errorf("who was named owes %+v, %v", due, err)
	}
	if open := one[int64](t, w.world, `select count(*) from exception_case c where kind = 'refund_due' and not exists (
		select from exception_closed x where x.case_id = c.id)`); open != 0 {
		t.Errorf("%d cases are open", open)
	}
	w.proved(t)
	for edit, c := range map[string][2]string{
		`update contribution_line set stranger = 'x' where stranger like '1101%'`: {
			`update contribution_line set stranger = '11010519491231002X' where stranger = 'x'`, "; what it says has",
		},
		`update contribution_list set suspends = false`: {
			`update contribution_list set suspends = true`, "does not say that such lines wait",
		},
		`update posting set member_id = 1005 where kind = 'recognition' and member_id = 1002`: {
			`update posting set member_id = 1002 where kind = 'recognition' and member_id = 1005`, "is booked otherwise than it says",
		},
		`update refund_road set member_id = 1004 where member_id = 1003`: {
			`update refund_road set member_id = 1003 where member_id = 1004`, "credits member 1004, whose the money is not",
		},
		`update refund_task set member_id = 1002 where reason = 'unknown_member' and amount = 7000`: {
			`update refund_task set member_id = 0 where reason = 'unknown_member'`, "names member 1002",
		},
	} {
		if got := w.told(t, edit, c[0]); !strings.Contains(got, c[1]) {
			t.Errorf("%s: verification says %q, want %q", edit, got, c[1])
		}
	}
	w.proved(t)
}

// What was in suspense before its list was known stays there, line by line, and has the same ways out of it.
func TestUnknownLinesOfMoneyThatWaitedAreCredited(t *testing.T) {
	t.Parallel()
	w := newRefundWorld(t, 4)
	w.sql(t, `insert into area_rule values (610304, 'collection_mode', '2018-05-11', '"tax"', 'test')`)
	l := w.taxList(t, "V1")
	l.Suspends, l.Lines = true, l.Lines[:2]
	money := w.money(t, "14", "V1", 17000)
	w.today = calendar.MustDay("2018-06-11")
	if err := w.service.Tick(t.Context(), w.today); err != nil {
		t.Fatal(err)
	}
	l = w.approved(t, l)
	if got, err := w.name(money.ID, l.ID); err != nil || !got.Agreed {
		t.Fatalf("%+v, %v", got, err)
	}
	w.work(t)
	w.proved(t)
	list, err := w.service.Refunds(t.Context(), w.maker, collection.RefundFilter{Limit: 10}) //nolint:exhaustruct // all
	if err != nil || len(list) != 1 || list[0].Reason != collection.UnknownMember {
		t.Fatalf("refunds %+v, %v", list, err)
	}
	asked, err := w.askRoad(collection.RefundAsk{Refund: list[0].ID, CreditedTo: 1002}) //nolint:exhaustruct // to a member
	if err == nil {
		err = w.approve(asked.Decision, w.financeSecond)
	}
	if err != nil || w.net(t, "suspense") != 0 || w.net(t, "contribution_individual") != -17000 {
		t.Errorf("credited: %v; %d in suspense", err, w.net(t, "suspense"))
	}
	if day := one[string](t, w.world, `select max(effective_on)::text from posting where kind = 'recognition'`); day != "2018-05-11" {
		t.Errorf("it counts from %s, want the day on which the money came", day)
	}
	w.proved(t)
}

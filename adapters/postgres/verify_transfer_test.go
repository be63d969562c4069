package postgres_test

import (
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/lifeevent"
)

// Whoever edits a transfer or an end of a membership by hand, past every trigger, is
// named with the row.
func TestEditsOfTransfersAreNamed(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 3)
	w.personal(t, 1001, 8000, 2001)
	w.personal(t, 1003, 500, 1)
	w.today = calendar.MustDay("2014-06-03")
	out := w.confirmed(t, 1001, lifeevent.EmployeeScheme)
	if err := w.agreed(t, out.Decision); err != nil {
		t.Fatal(err)
	}
	w.today = calendar.MustDay("2018-06-01")
	gone, err := w.departs(t, 1003)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, gone.Decision); err != nil {
		t.Fatal(err)
	}
	w.saves(t, 1002)
	for _, document := range []string{"posted", "returned"} {
		in, err := w.comes(t, 1002, document)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = w.step(t, in.ID, lifeevent.LetterSent, 0); err != nil {
			t.Fatal(err)
		}
		fen := map[string]int64{"posted": 100_01, "returned": 7}[document]
		if in, err = w.receives(t, in.ID, 11, fen, document); err != nil {
			t.Fatal(err)
		}
		if document == "returned" {
			if in, err = w.step(t, in.ID, lifeevent.ReturnAsked, 0); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.agreed(t, in.Decision); err != nil {
			t.Fatal(err)
		}
	}
	w.namesEdits(t, []handEdit{
		{
			`update member_transfer_posted set individual = individual + 1 where direction = 'out'`,
			`update member_transfer_posted set individual = individual - 1 where direction = 'out'`, "another sum than was confirmed",
		},
		{
			`update member_transfer_posted set individual = individual + 1 where direction = 'in'`,
			`update member_transfer_posted set individual = individual - 1 where direction = 'in'`, "another sum than was announced",
		},
		{
			`update posting set role = 'personal_collective' where kind = 'transfer_out' and role = 'personal_individual'`,
			`update posting set role = 'personal_individual' where kind = 'transfer_out' and role = 'personal_collective'`,
			"is booked with 100.01",
		},
		{
			`update posting set amount = amount + 1 where kind = 'transfer_in' and role = 'transfer_in' and amount = 10001`,
			`update posting set amount = amount - 1 where kind = 'transfer_in' and role = 'transfer_in' and amount = 10002`,
			"booked otherwise than it was decided",
		},
		{
			`update member_transfer_receipt set amount = 8 where amount = 7`, `update member_transfer_receipt set amount = 7 where amount = 8`,
			"gave back 0.07 of 0.08",
		},
		{
			`update member_transfer_step set step = 'letter_sent' where step = 'letter_received'`,
			`update member_transfer_step s set step = 'letter_received' from member_transfer f
				where f.id = s.transfer_id and f.direction = 'out' and s.step = 'letter_sent'`,
			"did sum_confirmed after letter_sent",
		},
		{
			`update decision_request set state = 'rejected' where kind = 'transfer'`,
			`update decision_request set state = 'approved' where kind = 'transfer'`, "no decision",
		},
		{
			`update member_end set reason = 'nationality_given_up' where reason = 'emigrated'`,
			`update member_end set reason = 'emigrated' where reason = 'nationality_given_up'`, "did not end the membership for its reason",
		},
		{
			`update benefit_due set one_off = one_off + 1`, `update benefit_due set one_off = one_off - 1`, "pays 5.01, and due are 5.02",
		},
		{
			`update entitlement set amount = 7 where member_id = 1001 and from_month = '2014-06-01'`,
			`update entitlement set amount = 0 where member_id = 1001 and from_month = '2014-06-01'`, "entitled to 0.07 a month",
		},
		{
			`insert into entitlement (area, id, member_id, component, from_month, amount, document, entered_by, entered_at)
				values (610304, 1, 1002, 'base_pension', '2018-01-01', 700, 'hand', 'hand', now())`,
			`delete from entitlement where id = 1`, "brought money to a member who drew 7.00 a month",
		},
		{
			`update member_end set member_id = 1002 where member_id = 1001`, `update member_end set member_id = 1001 where member_id = 1002`,
			"and the account holds 100.01",
		},
	})
}

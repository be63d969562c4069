package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/lifeevent"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// heirs asks for a claim of an heir, named by the last digits of an account.
func (w *lifeWorld) heirs(t *testing.T, member int64, heir string, c lifeevent.Claim) (lifeevent.Claim, error) {
	t.Helper()
	c.Member, c.Bank, c.Kind, c.Document = member, "psbc", "passbook", "certificate "+heir
	c.HeirName, c.HeirID, c.AccountNo = party.Stored("李"+heir, "610304195001010011", "7700"+heir)
	var out lifeevent.Claim
	_, err := w.life.AskClaim(t.Context(), w.ask("POST /v1/estate-claims"), result(&out), w.maker, c)
	return out, err
}

// risen has the months of March and April paid to three members with an account of 100.00, and
// decided 15.00 and 2.00 higher afterwards, which falls due in May; two of them died in April.
func risen(t *testing.T) *lifeWorld {
	t.Helper()
	w := newLifeWorld(t, 3)
	w.sql(t, `insert into area_rule values (610304, 'funeral_grant', '2009-09-01', '"fixed:600"', 'local rule 5')`)
	for _, m := range w.members {
		w.personal(t, m, 8000, 2000)
	}
	w.decides(t, "account_pension", "2011-01", 10_00)
	w.paysMonth(t, "2011-03")
	w.paysMonth(t, "2011-04")
	w.decides(t, "base_pension", "2011-03", 70_00)
	w.decides(t, "account_pension", "2011-03", 12_00)
	w.died(t, 1001, "2011-04-20")
	w.died(t, 1002, "2011-04-20")
	w.today = calendar.MustDay("2011-05-03")
	w.differences(t, "2011-05")
	return w
}

// decides another amount of everybody from a month on.
func (w *lifeWorld) decides(t *testing.T, component, month string, fen int64) {
	t.Helper()
	w.sql(t, fmt.Sprintf(`insert into entitlement (area, member_id, component, from_month, amount, document, entered_by,
		entered_at) select area, id, '%[1]s', '%[2]s-01', %[3]d, 'rise to %[3]d', 'test', now() from member`, component, month, fen))
}

// duesOf is how a member's dues stand: the sort of each, its sum, and where it is.
func (w *lifeWorld) duesOf(t *testing.T, member int64) string {
	t.Helper()
	list, err := w.pay.Dues(t.Context(), w.auditor, disbursement.DueFilter{Member: member}) //nolint:exhaustruct // all of one
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, d := range list {
		what, _, _ := strings.Cut(d.Cause, ":")
		out = append(out, fmt.Sprintf("%s %s %s", what, d.Sum(), d.Standing))
	}
	return strings.Join(out, ", ")
}

// paysDues releases a run of dues, has the bank pay them, and says who was sent what.
func (w *lifeWorld) paysDues(t *testing.T, month string) map[string]money.Amount {
	t.Helper()
	sent := map[string]money.Amount{}
	for _, b := range w.released(t, dues(month)).Batches {
		for _, i := range w.payItems(t, b) {
			what, _, _ := strings.Cut(i.Cause, ":")
			sent[i.Name.Plain()+" "+what] += i.Sum()
			line := paidLine(i)
			line.ValueDate = w.today
			w.answer(t, b, line)
		}
	}
	return sent
}

// What was owed to the dead is paid to the heir who claims it, as base and account pension, beside
// the grant and the balance, each apart and once: the dead are not paid it any more, and the
// balance is without what such months draw.
func TestMonthsOwedToTheDeadArePaidThroughTheClaim(t *testing.T) {
	t.Parallel()
	w := risen(t)
	if got := w.duesOf(t, 1001); got != "difference 34.00 estate" {
		t.Fatalf("dues of the dead: %s", got)
	}
	rival, err := w.heirs(t, 1001, "2", lifeevent.Claim{Dues: true}) //nolint:exhaustruct // the months alone
	if err != nil || rival.Grant.Sum() != 34_00 {
		t.Fatalf("the months alone: %+v, %v", rival.Grant, err)
	}
	all, err := w.heirs(t, 1001, "1", lifeevent.Claim{Funeral: true, Balance: true, Dues: true}) //nolint:exhaustruct // what is claimed
	if err != nil {
		t.Fatal(err)
	}
	want := lifeevent.Grant{
		Funeral: 600_00, Balance: 76_00, Owed: lifeevent.Owed{Base: 30_00, Account: 4_00}, Held: 80_00, Kept: 0, Reserved: 4_00,
		Died: calendar.MustDay("2011-04-20"),
	}
	if all.Grant != want || all.Grant.Sum() != 710_00 {
		t.Errorf("the claim is worth %+v, want %+v", all.Grant, want)
	}
	if err := w.agreed(t, all.Decision); err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, rival.Decision); !errors.Is(err, lifeevent.ErrNothingOwed) {
		t.Errorf("the same months to another heir: %v", err)
	}
	list, err := w.life.Claims(t.Context(), w.auditor, lifeevent.ClaimFilter{ID: all.ID}) //nolint:exhaustruct // one
	if err != nil || list[0].Grant != want || !list[0].Dues {
		t.Errorf("granted %+v, %v", list, err)
	}
	if got := w.duesOf(t, 1001); got != "difference 34.00 ended, funeral 600.00 open, estate 76.00 open, arrears 34.00 open" {
		t.Errorf("dues after the grant: %s", got)
	}
	sent := w.paysDues(t, "2011-05")
	if sent["李1 funeral"] != 600_00 || sent["李1 estate"] != 76_00 || sent["李1 arrears"] != 34_00 || len(sent) != 4 {
		t.Errorf("sent %v, want three payments to the heir and one to member 1003", sent)
	}
	if held := w.held(t, 1001); held != 0 {
		t.Errorf("the account holds %s", held)
	}
	got := one[string](t, w.world, `select string_agg(p.role || ' ' || p.amount, ', ' order by p.role) from posting p
		join payment_item i on i.area = p.area and i.id = p.cause_id
		where i.cause like 'arrears:%' and p.role like 'benefit%'`)
	if got != "benefit_account_pension 400, benefit_base_pension 3000" {
		t.Errorf("the months are booked as %s", got)
	}
	// What a run paid before the death was known is owed to nobody.
	w.died(t, 1003, "2011-04-25")
	if _, err := w.heirs(t, 1003, "3", lifeevent.Claim{Dues: true}); !errors.Is(err, lifeevent.ErrNothingOwed) { //nolint:exhaustruct // the months alone
		t.Errorf("months that a run paid: %v", err)
	}
	w.namesEdits(t, []handEdit{
		{
			`create temporary table kept as table benefit_due_ended; delete from benefit_due_ended`,
			`insert into benefit_due_ended select * from kept`, "and a run may pay it still",
		},
		{
			`update estate_granted_due set base_pension = base_pension + 1`, `update estate_granted_due set base_pension = base_pension - 1`,
			"with another sum than its months up to the death",
		},
		{
			`update estate_granted set owed_base = owed_base + 1`, `update estate_granted set owed_base = owed_base - 1`,
			"was granted 30.01 and 4.00 of months, and due are 30.00 and 4.00",
		},
		{
			`update payment_item set cause = 'difference:' || (select id from due_list), member_id = 1001 where member_id = 1003
				and cause <> 'regular'`,
			`update payment_item set member_id = 1003 where member_id = 1001 and cause like 'difference:%'`, " paid it",
		},
		{
			`update estate_claim set dues = false, funeral = true where id = (select max(claim_id) from estate_granted)`,
			`update estate_claim set dues = true where id = (select max(claim_id) from estate_granted)`, "took up 30.00 and 4.00 of months unasked",
		},
	})
}

// The balance is without what months that nobody claimed yet draw from the account. What of the
// account was decided after the balance went to an heir went with it.
func TestTheBalanceIsWithoutMonthsThatAreOwed(t *testing.T) {
	t.Parallel()
	w := risen(t)
	balance, err := w.heirs(t, 1002, "1", lifeevent.Claim{Balance: true}) //nolint:exhaustruct // the balance alone
	if err != nil || balance.Grant.Balance != 76_00 || balance.Grant.Reserved != 4_00 || balance.Grant.Kept != 0 {
		t.Fatalf("the balance alone: %+v, %v", balance.Grant, err)
	}
	if err := w.agreed(t, balance.Decision); err != nil {
		t.Fatal(err)
	}
	w.paysDues(t, "2011-05")
	w.decides(t, "base_pension", "2011-03", 80_00)
	w.decides(t, "account_pension", "2011-03", 15_00)
	w.today = calendar.MustDay("2011-06-03")
	w.differences(t, "2011-06")
	if got := w.duesOf(t, 1002); got != "difference 34.00 estate, estate 76.00 taken, difference 26.00 estate" {
		t.Errorf("dues: %s", got)
	}
	late, err := w.heirs(t, 1002, "2", lifeevent.Claim{Dues: true}) //nolint:exhaustruct // the months alone
	if want := (lifeevent.Owed{Base: 50_00, Account: 4_00}); err != nil || late.Grant.Owed != want {
		t.Fatalf("the months afterwards: %+v, %v, want %+v", late.Grant, err, want)
	}
	if err := w.agreed(t, late.Decision); err != nil {
		t.Fatal(err)
	}
	if sent := w.paysDues(t, "2011-06"); sent["李2 arrears"] != 54_00 {
		t.Errorf("sent %v", sent)
	}
	if held := w.held(t, 1002); held != 0 {
		t.Errorf("the account holds %s", held)
	}
	if text := w.wholeBook(t); text != "" {
		t.Errorf("verify says %s", text)
	}
}

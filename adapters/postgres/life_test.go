package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/gateway/lifeevent"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

// lifeWorld is a county whose bank answers, with the services of members' lives.
type lifeWorld struct {
	*answerWorld

	life     *lifeevent.Service
	registry *registry.Service
}

func newLifeWorld(t *testing.T, n int) *lifeWorld {
	t.Helper()
	paid := &answerWorld{runWorld: newRunWorld(t, n, int64(n)*100_000), reader: &payReader{}} //nolint:exhaustruct // no run yet
	paid.serve(t)
	w := &lifeWorld{answerWorld: paid} //nolint:exhaustruct // filled below
	today := func() calendar.Day { return w.today }
	w.life = lifeevent.New(w.db.Life(), today)
	w.registry = registry.New(registry.Config{Store: w.db.Registry(), Today: today}) //nolint:exhaustruct // no files
	return w
}

// paysMonth pays a month to everybody who is not held, and the bank says so.
func (w *lifeWorld) paysMonth(t *testing.T, month string) {
	t.Helper()
	m := calendar.MustMonth(month)
	w.today = m.Day(18)
	for _, b := range w.released(t, regular(m)).Batches {
		items := w.payItems(t, b)
		w.today = m.Day(25)
		for _, i := range items {
			line := paidLine(i)
			line.ValueDate = w.today
			w.answer(t, b, line)
		}
	}
}

// rejected has a checker reject a decision.
func (w *lifeWorld) rejected(t *testing.T, id int64) {
	t.Helper()
	cases := casework.New(w.db.Casework(), func() calendar.Day { return w.today })
	r, err := cases.Request(t.Context(), w.maker, id)
	if err != nil {
		t.Fatal(err)
	}
	_, err = cases.Reject(t.Context(), w.ask("POST reject"), result(new(casework.Request)), w.checker,
		casework.Verdict{ID: r.ID, Digest: r.Digest, Reason: "the letter is not readable"})
	if err != nil {
		t.Fatal(err)
	}
}

// agreed has two people approve a decision.
func (w *lifeWorld) agreed(t *testing.T, id int64) error {
	t.Helper()
	cases := casework.New(w.db.Casework(), func() calendar.Day { return w.today })
	r, err := cases.Request(t.Context(), w.maker, id)
	if err != nil {
		t.Fatal(err)
	}
	var out casework.Request
	_, err = cases.Approve(t.Context(), w.ask("POST decisions"), result(&out), w.checker,
		casework.Verdict{ID: r.ID, Digest: r.Digest, Reason: ""})
	return err
}

func (w *lifeWorld) recovery(t *testing.T, member int64) lifeevent.Recovery {
	t.Helper()
	list, err := w.life.Recoveries(t.Context(), w.auditor, lifeevent.RecoveryFilter{Member: member}) //nolint:exhaustruct // one member
	if err != nil || len(list) != 1 {
		t.Fatalf("%d cases, %v", len(list), err)
	}
	return list[0]
}

// Death on 5 May: May is paid, June is not, and July, which was paid before anybody knew,
// is a case of exactly one month. The account gives what it holds, in the order of the
// rule; the heir then gets what is left, once.
func TestADeathEndsAllAndOneMonthComesBack(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 2)
	w.sql(t, `insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
		values (610304, 1001, 'account_pension', '2011-01-01', 1000, 'test', 'test', now())`)
	w.personal(t, 1001, 8000, 2000)
	w.paysMonth(t, "2011-05")
	w.hold(t, 1001, "investigation", "2011-06-01")
	w.paysMonth(t, "2011-06")
	w.sql(t, `alter table payment_hold disable trigger user; update payment_hold set from_month = '2099-01-01'`)
	w.paysMonth(t, "2011-07")
	w.died(t, 1001, "2011-05-05")
	for range 2 {
		if err := w.life.Watch(t.Context(), w.today); err != nil {
			t.Fatal(err)
		}
	}
	r := w.recovery(t, 1001)
	if len(r.Lines) != 1 || r.Lines[0].Month != calendar.MustMonth("2011-07") || r.Total() != 65_00 ||
		r.State() != lifeevent.RecoveryOpen || r.Drawn.Total() != 10_00 {
		t.Fatalf("case %+v, want July alone", r)
	}
	// The account held 100.00, May and July drew 10.00 each.
	claim := lifeevent.Claim{ //nolint:exhaustruct // the service's
		Member: 1001, Funeral: false, Balance: true, Bank: "psbc", Kind: "passbook", Document: "certificate",
	}
	claim.HeirName, claim.HeirID, claim.AccountNo = party.Stored("李四", "610304195001010011", "77001")
	var asked lifeevent.Claim
	_, err := w.life.AskClaim(t.Context(), w.ask("POST /v1/estate-claims"), result(&asked), w.maker, claim)
	if !errors.Is(err, lifeevent.ErrUnplanned) {
		t.Fatalf("a claim before the recovery is planned: %v", err)
	}
	w.sql(t, `insert into area_rule values (610304, 'funeral_grant', '2009-09-01', '"base:10 within:30"', 'local rule 5')`)
	_, o, err := w.life.Recovery(t.Context(), w.auditor, r.ID)
	if err != nil || o.FromAccount != 65_00 || o.OfDrawn != 10_00 || o.Now.Total() != 55_00 || o.Asked != 0 {
		t.Fatalf("offer %+v, %v", o, err)
	}
	var plan lifeevent.Plan
	_, err = w.life.AskPlan(t.Context(), w.ask("POST plan"), result(&plan), w.maker,
		lifeevent.Plan{Case: r.ID, AskedOf: lifeevent.Family, Document: "minute"}) //nolint:exhaustruct // the service's
	if err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, plan.Decision); err != nil {
		t.Fatal(err)
	}
	if r := w.recovery(t, 1001); r.State() != lifeevent.RecoverySettled || r.Open() != 0 {
		t.Errorf("after the plan: %s, %s open", r.State(), r.Open())
	}
	if held := w.held(t, 1001); held != 25_00 {
		t.Errorf("the account holds %s, want 25.00: 100.00 less 20.00 drawn less 55.00 set off", held)
	}
	w.claimOnce(t, claim)
}

// claimOnce asks twice for one balance: the second is refused, and so is one who asks for
// a grant after the rule's days.
func (w *lifeWorld) claimOnce(t *testing.T, claim lifeevent.Claim) {
	t.Helper()
	late := claim
	late.Funeral = true
	var asked lifeevent.Claim
	_, err := w.life.AskClaim(t.Context(), w.ask("POST claim"), result(&asked), w.maker, late)
	if !errors.Is(err, lifeevent.ErrGrantLate) {
		t.Errorf("a grant 81 days after the death: %v", err)
	}
	var rival lifeevent.Claim
	for _, into := range []*lifeevent.Claim{&asked, &rival} {
		if _, err := w.life.AskClaim(t.Context(), w.ask("POST claim"), result(into), w.maker, claim); err != nil {
			t.Fatal(err)
		}
	}
	if asked.Grant.Balance != 25_00 || asked.Grant.Kept != 0 {
		t.Errorf("grant %+v", asked.Grant)
	}
	if err := w.agreed(t, asked.Decision); err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, rival.Decision); !errors.Is(err, lifeevent.ErrGranted) {
		t.Errorf("the same balance a second time: %v", err)
	}
	got := one[string](t, w.world, `select string_agg(split_part(d.cause, ':', 1) || ' ' || d.one_off || ' ' || i.holder_name, ',')
		from benefit_due d join instrument i on i.id = d.instrument_id`)
	if got != "estate 2500 李四" {
		t.Errorf("dues: %s", got)
	}
	w.paysTheHeir(t)
}

// paysTheHeir sends the balance to the heir's own account, again when the bank could not
// book it, and once: the member's account is empty then, and nobody else is paid.
func (w *lifeWorld) paysTheHeir(t *testing.T) {
	t.Helper()
	month := w.today.Month().Add(1)
	w.today = month.Day(3)
	sent := w.payItems(t, w.released(t, dues(month.String())).Batches[0])
	if len(sent) != 1 || sent[0].Name.Plain() != "李四" || sent[0].Account.Plain() != "77001" ||
		sent[0].IDNumber.Plain() != "610304195001010011" || sent[0].OneOff != 25_00 || sent[0].Sum() != 25_00 {
		t.Fatalf("sent to the heir: %+v", sent)
	}
	w.itemFailed(t, sent[0], "RETRY_TECHNICAL")
	w.today = month.Add(1).Day(3)
	again := w.released(t, disbursement.Order{
		Scheme: ledger.Rural, Month: month.Add(1), Kind: disbursement.Reissue, Items: nil, Dues: false,
	}).Batches[0]
	items := w.payItems(t, again)
	if len(items) != 1 || items[0].Replaces != sent[0].ID || items[0].Account.Plain() != "77001" ||
		items[0].Name.Plain() != "李四" {
		t.Fatalf("sent again: %+v", items)
	}
	w.today = month.Add(1).Day(25)
	line := paidLine(items[0])
	line.ValueDate = w.today
	w.answer(t, again, line)
	if held := w.held(t, 1001); held != 0 {
		t.Errorf("the account still holds %s", held)
	}
	if _, open := w.roster(t, dues(month.Add(1).String())); len(open) != 0 {
		t.Errorf("owed after it was paid: %v", open)
	}
	spent := one[int64](t, w.world, `select sum(case when (side = 'debit') <> red then amount else -amount end)::bigint
		from posting where role = 'benefit_one_off'`)
	if spent != 25_00 {
		t.Errorf("%d fen of accounts were paid out, want 2500", spent)
	}
}

func (w *lifeWorld) held(t *testing.T, member int64) money.Amount {
	t.Helper()
	return money.Amount(one[int64](t, w.world, `
		select coalesce(sum(case when (side = 'credit') <> red then amount else -amount end), 0)::bigint from posting
		where member_id = $1 and role like 'personal%'`, member))
}

// Money of a recovery comes back by the bank's channel and otherwise, each booked once,
// in red, when two people said so.
func TestMoneyOfARecoveryIsBookedInRed(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 1)
	w.paysMonth(t, "2011-03")
	w.paysMonth(t, "2011-04")
	w.died(t, 1001, "2011-02-28")
	if err := w.life.Watch(t.Context(), w.today); err != nil {
		t.Fatal(err)
	}
	r := w.recovery(t, 1001)
	ask := func(x lifeevent.Receipt) (lifeevent.Receipt, error) {
		x.Case, x.ValueDate, x.Document = r.ID, w.today, "note"
		var out lifeevent.Receipt
		_, err := w.life.AskReceipt(t.Context(), w.ask("POST receipts"), result(&out), w.maker, x)
		return out, err
	}
	channel := lifeevent.Receipt{ //nolint:exhaustruct // the service's
		Way: lifeevent.ByChannel, FundAccount: 13, Amount: 55_00, BankReference: "C1",
	}
	wrong := channel
	wrong.FundAccount = 11
	if _, err := ask(wrong); !errors.Is(err, lifeevent.ErrReceipt) {
		t.Errorf("the bank's refund on the income account: %v", err)
	}
	wrong = channel
	wrong.Amount = 110_01
	if _, err := ask(wrong); !errors.Is(err, lifeevent.ErrReceipt) {
		t.Errorf("more than is open: %v", err)
	}
	first, err := ask(channel)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, first.Decision); err != nil {
		t.Fatal(err)
	}
	if _, err := ask(channel); !errors.Is(err, lifeevent.ErrReferenceUsed) {
		t.Errorf("the same credit of the bank again: %v", err)
	}
	paidIn := lifeevent.Receipt{ //nolint:exhaustruct // the service's
		Way: lifeevent.Otherwise, FundAccount: 11, Amount: 55_00, BankReference: "C2",
	}
	second, err := ask(paidIn)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, second.Decision); err != nil {
		t.Fatal(err)
	}
	w.balanced(t)
	if r := w.recovery(t, 1001); r.State() != lifeevent.RecoverySettled {
		t.Errorf("%s, %s open", r.State(), r.Open())
	}
	for role, want := range map[ledger.Role]int64{ledger.BenefitBase: 0, ledger.Suspense: 0, ledger.Income: 55_00} {
		got := one[int64](t, w.world, `select coalesce(sum(case when (side = 'debit') <> red then amount else -amount end), 0)::bigint
			from posting where role = $1`, string(role))
		if got != want {
			t.Errorf("%s holds %d, want %d", role, got, want)
		}
	}
}

// Who was overdue before the screen began is held from its first month on, and by one line of
// evidence nobody is: the rule alone says whether the area holds.
func TestTheScreenOfCertificationsBeginsByARule(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 2)
	look := func(day, want string) {
		t.Helper()
		w.today = calendar.MustDay(day)
		if err := w.life.Watch(t.Context(), w.today); err != nil {
			t.Fatal(err)
		}
		if got := one[string](t, w.world,
			`select coalesce(string_agg(member_id || ' ' || from_month, ',' order by member_id), '') from payment_hold`); got != want {
			t.Errorf("%s: held %q, want %q", day, got, want)
		}
	}
	w.sql(t, `insert into area_rule (area, rule, effective_from, value, document) values
		(610304, 'certification_screen', '2011-01-01', 'false', 'kept elsewhere'),
		(610304, 'certification_screen', '2019-07-10', 'true', 'kept here'),
		(610304, 'certification_screen', '2020-03-01', 'true', 'kept here still')`)
	w.sql(t, `insert into certification (area, member_id, way, certified_on, document, bank, evidence, reference, entered_by,
		entered_at, business_day) values (610304, 1001, 'silent', '2019-06-20', 'psbc A', 'psbc', 'visit', 'A', 'test', now(), '2019-06-20')`)
	look("2019-07-09", "")
	look("2019-07-10", "1002 2019-07-01")
	if err := w.endHold(t, one[int64](t, w.world, `select id from payment_hold`)); err != nil {
		t.Fatal(err)
	}
	// Two people released the hold of this due day: another row of the rule does not hold anew.
	look("2020-03-02", "1002 2019-07-01")
	look("2020-06-21", "1001 2020-07-01,1002 2019-07-01")
}

// Who does not certify within twelve months is held from the month after; what was held is
// paid back by one due when two people end the hold, and by no run beside.
func TestAnOverdueCertificationStopsAndResumes(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 3)
	w.sql(t, `insert into certification (area, member_id, way, certified_on, document, entered_by, entered_at, business_day)
		values (610304, 1001, 'counter', '2018-03-20', 'list', 'test', now(), '2018-03-20'),
			(610304, 1002, 'village_list', '2018-04-15', 'list', 'test', now(), '2018-04-15'),
			(610304, 1003, 'home_visit', '2018-12-31', 'list', 'test', now(), '2018-12-31')`)
	look := func(day string) {
		t.Helper()
		w.today = calendar.MustDay(day)
		if err := w.life.Watch(t.Context(), w.today); err != nil {
			t.Fatal(err)
		}
	}
	// An area that keeps its certifications elsewhere says so by a rule.
	w.sql(t, `insert into area_rule (area, rule, effective_from, value, document) values
		(610304, 'certification_screen', '2011-01-01', 'false', 'kept elsewhere'),
		(610304, 'certification_screen', '2019-03-05', 'true', 'kept here')`)
	look("2019-03-04")
	look("2019-03-20")
	if n := one[int64](t, w.world, `select count(*) from payment_hold`); n != 0 {
		t.Fatalf("%d holds on the last day of the cycle", n)
	}
	list, sums, err := w.life.Certifications(t.Context(), w.auditor, lifeevent.CertificationFilter{Standing: lifeevent.DueSoon}) //nolint:exhaustruct // all
	if err != nil || len(list) != 2 || sums.DueSoon != 2 || sums.Certified != 1 || sums.Pensioners != 3 {
		t.Fatalf("due soon: %d, %+v, %v", len(list), sums, err)
	}
	look("2019-03-21")
	look("2019-03-21")
	if got := one[string](t, w.world, `select string_agg(member_id || ' ' || from_month, ',') from payment_hold`); got != "1001 2019-04-01" {
		t.Fatalf("held: %s", got)
	}
	w.paysMonth(t, "2019-04")
	w.today = calendar.MustDay("2019-05-03")
	w.sql(t, `insert into certification (area, member_id, way, certified_on, document, entered_by, entered_at, business_day)
		values (610304, 1001, 'counter', '2019-05-02', 'list', 'test', now(), '2019-05-02')`)
	list, _, err = w.life.Certifications(t.Context(), w.auditor, lifeevent.CertificationFilter{Standing: lifeevent.Resumable}) //nolint:exhaustruct // all
	if err != nil || len(list) != 1 || list[0].Hold == 0 {
		t.Fatalf("resumable: %+v, %v", list, err)
	}
	if err := w.endHold(t, list[0].Hold); err != nil {
		t.Fatal(err)
	}
	due := one[string](t, w.world, `select d.cause || ' ' || d.base_pension || ' ' || m.month || ' ' || m.was || ' ' || m.entitled
		from benefit_due d join benefit_due_month m on m.due_id = d.id`)
	if want := fmt.Sprintf("resumption:%d 5500 2019-04-01 0 5500", list[0].Hold); due != want {
		t.Errorf("due %s, want %s", due, want)
	}
	hold, err := w.registry.Hold(t.Context(), w.auditor, list[0].Hold)
	if err != nil || hold.Resumption == nil {
		t.Fatalf("the hold shows %+v, %v", hold.Resumption, err)
	}
	shown := fmt.Sprintf("%t %v due %t", hold.Resumption.FromStop, hold.Resumption.Months, hold.Resumption.Due != 0)
	if shown != "true [{2019-04 55.00 0.00}] due true" {
		t.Errorf("the hold shows %s", shown)
	}
	_, err = w.tryDraft(disbursement.Order{
		Scheme: ledger.Rural, Month: calendar.MustMonth("2019-04"), Kind: disbursement.Supplementary, //nolint:exhaustruct // a month
	})
	if err == nil {
		t.Error("a supplementary run pays the month that the due pays")
	}
	sent := w.payItems(t, w.released(t, dues("2019-05")).Batches[0])
	if len(sent) != 1 || sent[0].Member != 1001 || sent[0].Sum() != 55_00 ||
		sent[0].Cause != fmt.Sprintf("resumption:%d", list[0].Hold) {
		t.Errorf("back pay: %+v", sent)
	}
	// What the due paid of April counts as paid: a rise of it owes the rest alone.
	w.raise(t, 1001, "2019-04", 7000, "rise")
	r, err := w.tryDifferences(w.maker, "2019-05")
	if err != nil {
		t.Fatal(err)
	}
	if got := w.owed(t, r.Subject); got != "1001 2019-04 55.00→70.00" {
		t.Errorf("owed beside the back pay: %s", got)
	}
}

// endHold has two people end a hold.
func (w *lifeWorld) endHold(t *testing.T, hold int64) error {
	t.Helper()
	var h registry.Hold
	_, err := w.registry.AskRelease(t.Context(), w.ask("POST release"), result(&h), w.maker, hold, "certificate")
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.registry.ApproveRelease(t.Context(), w.ask("POST release approve"), result(&h), w.checker, hold,
		registry.Verdict{Digest: h.Release.Digest, Reason: ""})
	return err
}

// A stop whose reason the area has no rule about stands: nobody guesses whether its months
// are paid. A rule of none pays none, and no run does either.
func TestAStopWithoutARuleStands(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 2)
	w.hold(t, 1001, "court", "2011-03-01")
	w.hold(t, 1002, "other_pension", "2011-03-01")
	w.paysNobody(t)
	id := func(reason string) int64 {
		return one[int64](t, w.world, `select id from payment_hold where reason = $1`, reason)
	}
	w.today = calendar.MustDay("2011-04-02")
	if err := w.endHold(t, id("court")); !errors.Is(err, lifeevent.ErrBackPay) {
		t.Errorf("a stop that nobody decided about: %v", err)
	}
	if err := w.endHold(t, id("other_pension")); err != nil {
		t.Fatal(err)
	}
	if got := one[string](t, w.world, `select back_pay || ' ' || (select count(*) from resumption_month) || ' '
		|| (select count(*) from benefit_due) from resumption`); got != "none 1 0" {
		t.Errorf("resumed: %s", got)
	}
	if n := one[int64](t, w.world, `select count(*) from hold_release where state = 'approved'`); n != 1 {
		t.Errorf("%d releases were approved", n)
	}
}

// What a stop holds back is judged by the rule under which it began: a later one takes
// nothing away and gives nothing. About a reason that was open then, the later one decides.
func TestAStopIsJudgedByTheRuleOfItsBeginning(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 2)
	for _, r := range [][2]string{
		{"2009-09-01", "manual:from_stop"}, {"2011-04-01", "investigation:none manual:none"},
	} {
		w.sql(t, fmt.Sprintf(`delete from area_rule where rule = 'back_pay' and effective_from = '%s'`, r[0]))
		w.sql(t, fmt.Sprintf(`insert into area_rule values (610304, 'back_pay', '%s', '"%s"', 'minute of %[1]s')`, r[0], r[1]))
	}
	w.hold(t, 1001, "manual", "2011-03-01")
	w.hold(t, 1002, "investigation", "2011-03-01")
	w.paysNobody(t)
	w.today = calendar.MustDay("2011-04-02")
	for _, hold := range []int64{1001, 1002} {
		if err := w.endHold(t, one[int64](t, w.world, `select id from payment_hold where member_id = $1`, hold)); err != nil {
			t.Fatal(err)
		}
	}
	if got := one[string](t, w.world, `select string_agg(member_id || ' ' || back_pay || ' ' || rule_document, '; ' order by member_id)
		from resumption`); got != "1001 from_stop minute of 2009-09-01; 1002 none minute of 2011-04-01" {
		t.Errorf("resumed: %s", got)
	}
	w.clean(t, "rules")
}

// paysNobody says that the month is over and nobody was paid.
func (w *lifeWorld) paysNobody(t *testing.T) {
	t.Helper()
	_, held := w.roster(t, regular(march()))
	for member, why := range held {
		if why == "" {
			t.Errorf("member %d is not held", member)
		}
	}
}

// A second person of the same office decides; the maker's own does not, and finance never
// grants what heirs claim.
func TestHeirsAreGrantedByTheBusinessOffice(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 1)
	claim := lifeevent.Claim{Member: 1001, Balance: true, Bank: "psbc", Kind: "passbook", Document: "x"} //nolint:exhaustruct // the service's
	claim.HeirName, claim.HeirID, claim.AccountNo = party.Stored("李四", "610304195001010011", "77001")
	ask := func(by approval.Officer, c lifeevent.Claim) error {
		var out lifeevent.Claim
		_, err := w.life.AskClaim(t.Context(), w.ask("POST claim"), result(&out), by, c)
		return err
	}
	if err := ask(w.releaser, claim); !errors.Is(err, approval.ErrDuty) {
		t.Errorf("finance claims: %v", err)
	}
	if err := ask(w.maker, claim); !errors.Is(err, lifeevent.ErrAlive) {
		t.Errorf("a claim on the living: %v", err)
	}
	w.died(t, 1001, "2011-02-28")
	if err := ask(w.maker, claim); !errors.Is(err, lifeevent.ErrEmpty) {
		t.Errorf("an empty account: %v", err)
	}
	w.personal(t, 1001, 100, 1)
	own := claim
	_, _, own.AccountNo = party.Stored("", "", "61001001")
	if err := ask(w.maker, own); !errors.Is(err, lifeevent.ErrClaim) {
		t.Errorf("into the dead member's own account: %v", err)
	}
	none := claim
	none.Balance = false
	if err := ask(w.maker, none); !errors.Is(err, lifeevent.ErrClaim) {
		t.Errorf("a claim of nothing: %v", err)
	}
	nowhere := claim
	nowhere.Bank = "nobank"
	if err := ask(w.maker, nowhere); !errors.Is(err, lifeevent.ErrBank) {
		t.Errorf("a bank that the area has not: %v", err)
	}
}

// Nothing is debited for the dead, until a wrong notice is taken back.
func TestNothingIsDebitedForTheDead(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 2, 0)
	w.died(t, 1001, "2011-03-01")
	if list := w.withhold(t).Batches; len(list) != 1 || list[0].Count != 1 {
		t.Fatalf("batches %+v, want one of one member", list)
	}
	w.sql(t, fmt.Sprintf(`insert into death_withdrawn values (610304, 1001, 'a mistake', 'test', now(), %d)`,
		w.decided(t, "notice", "taken_back", 1001)))
	if list := w.withhold(t).Batches; len(list) != 1 || list[0].Count != 1 {
		t.Errorf("batches %+v after the notice was taken back, want one of one member", list)
	}
}

// The notice itself opens the case of what was paid before it came, and its end voids it:
// nothing is asked of the living. A payment that the bank gave back counts for nothing.
func TestACaseStandsAndFallsWithItsNotice(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 2)
	w.paysMonth(t, "2011-03")
	w.paysMonth(t, "2011-04")
	err := w.db.Registry().InTx(t.Context(), func(tx registry.Tx) error {
		return tx.InsertDeathNotices(t.Context(), chencang, "test", []registry.DeathNotice{{ //nolint:exhaustruct // a notice
			Member: 1001, DiedOn: calendar.MustDay("2011-02-10"), Source: "civil affairs", Document: "list",
		}})
	})
	if err != nil {
		t.Fatal(err)
	}
	r := w.recovery(t, 1001)
	if len(r.Lines) != 2 || r.Open() != 110_00 {
		t.Fatalf("case %+v", r)
	}
	back := disbursement.Return{ //nolint:exhaustruct // a return
		Item: r.Lines[1].Item, Amount: 55_00, BankReference: "B1", ValueDate: w.today, Code: "MD07",
	}
	w.giveBack(t, back)
	if r = w.recovery(t, 1001); !r.Lines[1].CameBack || r.Open() != 55_00 {
		t.Errorf("after a return: %+v", r)
	}
	notice := one[int64](t, w.world, `select id from death_notice`)
	w.sql(t, fmt.Sprintf(`insert into death_withdrawn values (610304, %d, 'a mistake', 'test', now(), %d)`, notice,
		w.decided(t, "notice", "taken_back", notice)))
	if r = w.recovery(t, 1001); r.State() != lifeevent.RecoveryVoid {
		t.Errorf("the case is %s", r.State())
	}
	var plan lifeevent.Plan
	_, err = w.life.AskPlan(t.Context(), w.ask("POST plan"), result(&plan), w.maker,
		lifeevent.Plan{Case: r.ID, AskedOf: lifeevent.Family, Document: "minute"}) //nolint:exhaustruct // the service's
	if !errors.Is(err, lifeevent.ErrRecoveryVoid) {
		t.Errorf("a plan of a void case: %v", err)
	}
}

// A line that fits two members alike is one case that names both, however often its list is
// imported; another day is another person.
func TestADeathThatFitsTwoMembersIsACase(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	for i := 1; i <= 2; i++ {
		number := fmt.Sprintf("61030419450301%03d", i)
		w.sql(t, fmt.Sprintf(`insert into member (area, id, id_number, social_no, name, region, scheme, joined_on)
			values (610304, %d, '%s%c', 'S%04d', '王伟', 610304101201, 'rural', '2011-01-01')`, 5003-i, number, party.IDCheck(number), i))
	}
	s := registry.New(registry.Config{ //nolint:exhaustruct // no files
		Store: w.db.Registry(), Today: func() calendar.Day { return w.today },
	})
	const head = "list,name,id_number,born,happened_on,source,document\n"
	imported := func(lines string) registry.Report {
		var out registry.Report
		_, err := s.Import(t.Context(), w.request("POST /v1/imports", "", w.keys), result(&out), w.officer, registry.KindComparisons,
			strings.NewReader(head+lines), registry.Options{}) //nolint:exhaustruct // none
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	const line = "cremations,王伟,,1945-03-01,2011-02-05,殡仪馆,名单\n"
	for range 2 {
		if got := imported(line); got.Imported != 1 || len(got.Lines) != 1 || got.Lines[0].Code != "match_weak" {
			t.Errorf("%+v", got)
		}
	}
	const cases = `select string_agg(kind || ' ' || subject, '; ' order by id) from exception_case`
	want := "weak_match members:5001,5002:cremations:2011-02-05:名单"
	if got := one[string](t, w, cases); got != want {
		t.Errorf("cases %s, want %s", got, want)
	}
	if n := one[int64](t, w, `select count(*) from death_notice`); n != 0 {
		t.Errorf("%d of them were reported dead", n)
	}
	imported(strings.ReplaceAll(line, "02-05", "02-06"))
	if n := one[int64](t, w, `select count(*) from exception_case`); n != 2 {
		t.Errorf("%d cases of two dead", n)
	}
}

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/collection"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/personal"
)

// payerWorld is a county whose business and finance offices have a maker and a checker.
type payerWorld struct {
	*world

	cases                                       *casework.Service
	maker, checker, financeMaker, financeSecond approval.Officer
}

func newPayerWorld(t *testing.T, n int) *payerWorld {
	t.Helper()
	w := &payerWorld{world: newWorld(t, n)} //nolint:exhaustruct // officers below
	w.cases = casework.New(w.db.Casework(), func() calendar.Day { return w.today })
	w.sql(t, `insert into fund_account (area, id, scheme, role, bank, account_no, name, opened_on) values
		(610304, 14, 'rural', 'treasury', 'psbc', '961001010000000014', '国库', '2011-01-01')`)
	w.sql(t, `insert into area_rule values (610304, 'contribution_tiers', '2009-09-01', '["100.00","200.00"]', 'test')`)
	w.sql(t, `insert into organisation (id, name, kind, area) values (71, 'business', 'agency_business', 610304),
		(72, 'finance', 'agency_finance', 610304)`)
	for i, o := range []struct {
		login string
		org   int
		duty  string
		into  *approval.Officer
	}{
		{"b-maker", 71, "maker", &w.maker},
		{"b-checker", 71, "checker", &w.checker},
		{"f-maker", 72, "maker", &w.financeMaker},
		{"f-checker", 72, "checker", &w.financeSecond},
	} {
		w.sql(t, fmt.Sprintf(`insert into person (id, name) values (%d, 'p')`, 810+i))
		w.sql(t, fmt.Sprintf(`insert into officer (login, person_id, organisation_id, password_hash, created_at)
			values ('%s', %d, %d, '$argon2id$v=19$m=65536,t=3,p=1$c2FsdHNhbHRzYWx0c2FsdA$'||repeat('a', 43), '2011-01-01')`,
			o.login, 810+i, o.org))
		w.sql(t, fmt.Sprintf(`insert into duty_grant (login, duty, granted_at) values ('%s', '%s', '2011-01-01')`, o.login, o.duty))
		kind := approval.AgencyBusiness
		if o.org == 72 {
			kind = approval.AgencyFinance
		}
		*o.into = approval.Officer{
			Login: o.login, Person: int64(810 + i), Organisation: kind, Area: chencang, Region: 0,
			Duties: []approval.Duty{approval.Duty(o.duty)},
		}
	}
	return w
}

func (w *payerWorld) list(kind collection.ListKind, account int64, amounts ...money.Amount) collection.ContributionList {
	l := collection.ContributionList{ //nolint:exhaustruct // what a maker says
		Kind: kind, Scheme: "rural", Year: 2011, FundAccount: account, Payer: "财政局", Document: "doc-1",
	}
	for i, a := range amounts {
		l.Lines = append(l.Lines, collection.ListLine{ //nolint:exhaustruct // by id
			Line: i + 1, Member: w.members[i], Amount: a, Category: "severely_disabled",
		})
	}
	return l
}

func (w *payerWorld) tryList(l collection.ContributionList) (collection.ContributionList, error) {
	var out collection.ContributionList
	_, err := w.service.AskList(context.Background(), w.request("POST lists", "", w.keys), result(&out), w.maker, l)
	return out, err
}

// approved has two people want a list.
func (w *payerWorld) approved(t *testing.T, l collection.ContributionList) collection.ContributionList {
	t.Helper()
	l, err := w.tryList(l)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.approve(l.Decision, w.checker); err != nil {
		t.Fatal(err)
	}
	return l
}

func (w *payerWorld) approve(decision int64, by approval.Officer) error {
	r, err := w.cases.Request(context.Background(), by, decision)
	if err != nil {
		return err
	}
	var out casework.Request
	_, err = w.cases.Approve(context.Background(), w.request("POST approve", "", w.keys), result(&out), by,
		casework.Verdict{ID: r.ID, Digest: r.Digest, Reason: ""})
	return err
}

// money arrives on an account and nobody says what for.
func (w *payerWorld) money(t *testing.T, account, reference string, amount money.Amount) collection.Arrived {
	t.Helper()
	out, err := w.notice(account, reference, amount, 0)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// notice is a bank's word of money for a list, or for nobody.
func (w *payerWorld) notice(account, reference string, amount money.Amount, list int64) (collection.Arrived, error) {
	a := collection.Arrival{ //nolint:exhaustruct // of nobody
		Amount: amount, BankReference: reference, ValueDate: w.today, List: list,
	}
	var out collection.Arrived
	_, err := w.service.Arrive(context.Background(), w.request("POST /v1/arrivals", "", w.keys), result(&out), 0, w.psbc,
		"9610010100000000"+account, a)
	return out, err
}

func (w *payerWorld) name(arrival, list int64) (collection.Arrived, error) {
	var out collection.Arrived
	_, err := w.service.NameListMoney(context.Background(), w.request("POST money", "", w.keys), result(&out),
		w.financeMaker, collection.ListNaming{Arrival: arrival, List: list, Reason: "the bank's advice"})
	return out, err
}

// proved says that the book balances and that every invariant holds.
func (w *payerWorld) proved(t *testing.T) {
	t.Helper()
	w.balanced(t)
	for _, f := range verify(t, w.db).Findings {
		if f.ID == "I18" {
			continue // the world's own format writes no file that a bank reads
		}
		for _, b := range f.Breaches {
			t.Errorf("%s: %s %s %s", f.ID, b.Table, b.Row, b.Text)
		}
	}
}

func (w *payerWorld) sum(t *testing.T, role, kind string) int64 {
	t.Helper()
	return one[int64](t, w.world, `select coalesce(sum(case when red then -amount else amount end), 0)::bigint from posting
		where role = $1 and ($2 = '' or kind = $2)`, role, kind)
}

// A list that was approved and whose money does not come is a case after the area's working
// days, and who is refused at the counter because of it is told which list it is.
func TestAListWithoutMoneyIsNamed(t *testing.T) {
	t.Parallel()
	w := newPayerWorld(t, 1)
	l := w.approved(t, w.list(collection.GovernmentList, 12, 10000))
	// The day of an approval is the world's: it was approved today.
	w.sql(t, `set session_replication_role = replica; update contribution_list_approved set approved_at = '2011-03-10 10:00+08'`)
	err := w.tryCounter(w.members[0], 2011, 10000, "C1")
	if fault.CodeOf(err) != "over_due" || !strings.Contains(err.Error(), fmt.Sprintf("contribution list %d is approved", l.ID)) {
		t.Errorf("the counter: %v", err)
	}
	open := func() int64 {
		if err := w.service.Tick(t.Context(), w.today); err != nil {
			t.Fatal(err)
		}
		return one[int64](t, w.world, `select count(*) from exception_case where kind = 'uncleared' and subject = 'list:' || $1::bigint`, l.ID)
	}
	if n := open(); n != 0 {
		t.Errorf("%d cases on the day of the approval", n)
	}
	w.today = calendar.MustDay("2011-03-20")
	if n := open(); n != 1 {
		t.Errorf("%d cases after the area's working days, want 1", n)
	}
}

// The government pays the lowest tier for three members by one receipt: nothing is posted
// before the money is the list's sum, then three credits that sum to it.
func TestAListIsPostedWhenItsMoneyArrived(t *testing.T) {
	t.Parallel()
	w := newPayerWorld(t, 4)
	l := w.approved(t, w.list(collection.GovernmentList, 12, 10000, 10000, 10000))
	part := w.money(t, "12", "T1", 20000)
	if got, err := w.name(part.ID, l.ID); err != nil || got.Agreed {
		t.Fatalf("agreed with less money: %+v, %v", got, err)
	}
	w.work(t)
	if n := one[int64](t, w.world, `select count(*) from posting`); n != 0 {
		t.Fatalf("%d lines posted before the money was whole", n)
	}
	if got, err := w.name(w.money(t, "12", "T2", 10000).ID, l.ID); err != nil || !got.Agreed {
		t.Fatalf("not agreed: %+v, %v", got, err)
	}
	w.work(t)
	if got := w.sum(t, "contribution_individual", "government_paid"); got != 30000 {
		t.Errorf("income is %d fen", got)
	}
	if got := w.sum(t, "personal_individual", "government_paid"); got != 30000 {
		t.Errorf("personal accounts hold %d fen", got)
	}
	lists, err := w.service.Lists(t.Context(), w.maker, collection.ListFilter{Limit: 10}) //nolint:exhaustruct // all
	if err != nil || len(lists) != 1 || lists[0].State != collection.ListPosted || lists[0].Posted != 3 {
		t.Errorf("lists %+v, %v", lists, err)
	}
	w.proved(t)
	told, err := personal.New(w.db.Personal(), func() calendar.Day { return w.today }).
		Statement(t.Context(), w.checker, w.members[0], w.today.Year())
	if err != nil || len(told.Lines) != 1 || told.Lines[0].BankReference != "T1 +1" || told.Lines[0].Parts.Individual != 10000 {
		t.Errorf("the statement says %+v, %v", told, err)
	}
}

// refusals are the codes of a refused list, by line.
// A bank's notice names the list that its money is for, with the proof of an officer's
// naming: an approved list, its own account, the sum to the fen.
func TestABankNamesTheListOfItsMoney(t *testing.T) {
	t.Parallel()
	w := newPayerWorld(t, 4)
	asked, err := w.tryList(w.list(collection.GovernmentList, 12, 10000, 10000, 10000))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.notice("12", "T1", 10000, asked.ID); !errors.Is(err, collection.ErrListClosed) {
		t.Errorf("for a list that nobody approved: %v", err)
	}
	if err := w.approve(asked.Decision, w.checker); err != nil {
		t.Fatal(err)
	}
	other := w.approved(t, w.list(collection.CollectiveList, 11, 500))
	for name, give := range map[string]struct {
		account string
		list    int64
		want    error
	}{
		"on another account": {"11", asked.ID, collection.ErrFundAccount},
		"for no list":        {"12", 7, collection.ErrListUnknown},
	} {
		if _, err := w.notice(give.account, "T0", 10000, give.list); !errors.Is(err, give.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := one[int64](t, w.world, `select count(*) from arrival`); n != 0 {
		t.Errorf("%d arrivals are kept of refused notices", n)
	}
	step := func(reference string, amount money.Amount, list int64, repeated, agreed bool) {
		t.Helper()
		got, err := w.notice("12", reference, amount, list)
		if err != nil || got.Repeated != repeated || got.Agreed != agreed {
			t.Errorf("%s of %s for list %d: %+v, %v", reference, amount, list, got, err)
		}
	}
	step("T1", 10000, asked.ID, false, false)
	step("T1", 10000, asked.ID, true, false)
	step("T1", 10000, 0, true, false)
	if _, err := w.notice("12", "T1", 9999, asked.ID); !errors.Is(err, collection.ErrReference) {
		t.Errorf("the same reference of less: %v", err)
	}
	// Told of nobody first, named by the bank's second notice.
	step("T2", 19999, 0, false, false)
	step("T2", 19999, asked.ID, false, false)
	w.work(t)
	if n := one[int64](t, w.world, `select count(*) from posting`); n != 0 {
		t.Fatalf("%d lines posted before the money was whole", n)
	}
	step("T3", 1, asked.ID, false, true)
	step("T3", 1, asked.ID, true, false)
	if _, err := w.notice("12", "T4", 1, asked.ID); !errors.Is(err, collection.ErrListClosed) {
		t.Errorf("more than the list: %v", err)
	}
	w.work(t)
	if got := w.sum(t, "contribution_individual", "government_paid"); got != 30000 {
		t.Errorf("income is %d fen", got)
	}
	// What officers named for one list, the bank does not move to another.
	third := w.approved(t, w.list(collection.SponsorList, 11, 500))
	if _, err := w.name(w.money(t, "11", "A1", 300).ID, other.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.notice("11", "A1", 300, third.ID); !errors.Is(err, collection.ErrReference) {
		t.Errorf("moved by the bank: %v", err)
	}
	if got := one[string](t, w.world, `select string_agg(distinct named_by || ': ' || reason, ', ' order by named_by || ': ' || reason)
		from contribution_list_money`); got != "bank:psbc: the bank's notice, officer:f-maker: the bank's advice" {
		t.Errorf("named %s", got)
	}
	w.proved(t)
	w.sql(t, `alter table contribution_list_money disable trigger all`)
	w.sql(t, `update contribution_list_money set named_by = 'bank:rcc' where named_by = 'bank:psbc'`)
	if got := verify(t, w.db).Breached(); !slices.Contains(got, "lists") {
		t.Errorf("named by a bank that does not keep the account: breached are %v", got)
	}
}

func second[T any](_ T, err error) error { return err }

func refusals(t *testing.T, err error) map[int]string {
	t.Helper()
	var refused *collection.RefusedLinesError
	if !errors.As(err, &refused) {
		t.Fatalf("not refused for lines: %v", err)
	}
	out := map[int]string{}
	for _, l := range refused.Lines {
		out[l.Line] = l.Fault.Code
	}
	return out
}

// A list is refused whole, with the row and the reason of each line that cannot stand.
func TestAListIsRefusedWhole(t *testing.T) {
	t.Parallel()
	w := newPayerWorld(t, 5)
	w.sql(t, `delete from tier_choice where member_id = 1004`)
	l := w.list(collection.GovernmentList, 12, 10000, 10000, 5000, 10000, 10000)
	l.Lines[1].Member = 1001
	l.Lines[4].Member = 99
	_, err := w.tryList(l)
	want := map[int]string{2: "list_invalid", 3: "list_invalid", 4: "tier_not_chosen", 5: "member_not_found"}
	if got := refusals(t, err); !maps.Equal(got, want) {
		t.Errorf("refused %v, want %v", got, want)
	}
	w.sql(t, `update member set scheme = 'urban' where id = 1005`)
	above := w.list(collection.GovernmentList, 12, 10001, 10000, 10000, 10000, 10000)
	above.Lines = append(above.Lines[:1], above.Lines[4])
	if got := refusals(t, second(w.tryList(above))); !maps.Equal(got, map[int]string{1: "list_invalid", 5: "member_not_found"}) {
		t.Errorf("above the lowest tier, and of another scheme: %v", got)
	}
	twice := w.list(collection.CollectiveList, 11, 100)
	twice.Lines[0].SocialNo = "S00000001"
	if got := refusals(t, second(w.tryList(twice))); got[1] != "list_invalid" {
		t.Errorf("named by two numbers: %v", got)
	}
	ahead := w.list(collection.CollectiveList, 11, 100)
	ahead.Year = 2012
	if _, err := w.tryList(ahead); fault.CodeOf(err) != "year_not_begun" {
		t.Errorf("a year ahead: %v", err)
	}
	// Land-lost farmers are paid for in the years in which they are 16 to 59 on some day.
	for i, number := range []string{"610304195001010018", "610304195101010016", "610304199501010012", "61030419960101001X"} {
		w.sql(t, fmt.Sprintf(`update member set id_number = '%s' where id = %d`, number, 1001+i))
	}
	w.sql(t, `insert into tier_choice values (610304, 1004, 2011, 10000, '2011-01-01')`)
	farmers := w.list(collection.LandLostList, 11, 10000, 10000, 10000, 10000)
	if got := refusals(t, second(w.tryList(farmers))); !maps.Equal(got, map[int]string{1: "list_invalid", 4: "list_invalid"}) {
		t.Errorf("farmers of 61, 60, 16 and 15: %v", got)
	}
	w.sql(t, `delete from tier_choice where member_id = 1004`)
	relative := w.list(collection.RelativeList, 11, 10001, 0)
	if _, err := w.tryList(relative); refusals(t, err)[2] != "amount_zero" {
		t.Errorf("nothing paid: %v", err)
	}
	if _, err := w.tryList(w.list(collection.RelativeList, 11, 10001)); refusals(t, err)[1] != "over_due" {
		t.Errorf("more than is owed: %v", err)
	}
	for name, refused := range map[string]struct {
		give collection.ContributionList
		want string
	}{
		"government money on the income account": {w.list(collection.GovernmentList, 11, 10000), "list_account"},
		"a tax list where the agency collects":   {w.list(collection.TaxList, 14, 10000), "collected_by_agency"},
		"nobody":                                 {w.list(collection.CollectiveList, 11), "list_invalid"},
		"no such account":                        {w.list(collection.CollectiveList, 99, 100), "fund_account_not_found"},
	} {
		if _, err := w.tryList(refused.give); fault.CodeOf(err) != refused.want {
			t.Errorf("%s: %v, want %s", name, err, refused.want)
		}
	}
	if n := one[int64](t, w.world, `select count(*) from contribution_list`); n != 0 {
		t.Errorf("%d lists are kept", n)
	}
}

// Collective aid and a sponsor's money are an item of their own, beside the chosen amount.
func TestCollectiveAidIsAnItemOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newPayerWorld(t, 2)
	own := w.approved(t, w.list(collection.RelativeList, 11, 10000, 10000))
	aid := w.approved(t, w.list(collection.CollectiveList, 11, 5000, 7000))
	for _, l := range []collection.ContributionList{own, aid} {
		if got, err := w.name(w.money(t, "11", fmt.Sprint("M", l.ID), l.Amount).ID, l.ID); err != nil || !got.Agreed {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	w.work(t)
	if got := w.sum(t, "contribution_collective", "contribution"); got != 12000 {
		t.Errorf("collective aid is %d fen", got)
	}
	if got := w.sum(t, "personal_collective", "contribution"); got != 12000 {
		t.Errorf("personal accounts hold %d fen of it", got)
	}
	if got := w.sum(t, "contribution_individual", ""); got != 20000 {
		t.Errorf("own contributions are %d fen", got)
	}
	w.proved(t)
}

// F-52: a member pays at the counter what the tax authority collected too. The second
// becomes a refund task and never income.
func TestF52_PaidByTaxAndAtTheCounter(t *testing.T) {
	t.Parallel()
	for name, suspended := range map[string]bool{"from the account": false, "from suspense": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newPayerWorld(t, 2)
			w.counterPays(t, w.members[0], 10000, "C1")
			w.terminalMoney(t, 10000)
			w.work(t)
			w.today = calendar.MustDay("2011-07-01")
			w.sql(t, `insert into area_rule values (610304, 'collection_mode', '2011-07-01', '"tax"', 'test')`)
			l := w.approved(t, w.list(collection.TaxList, 14, 10000, 10000))
			money := w.money(t, "14", "TV1", 20000)
			if suspended {
				w.today = calendar.MustDay("2011-07-20")
				if err := w.service.Tick(t.Context(), w.today); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := w.name(money.ID, l.ID); err != nil || !got.Agreed {
				t.Fatalf("%+v, %v", got, err)
			}
			w.work(t)
			if got := w.sum(t, "contribution_individual", ""); got != 20000 {
				t.Errorf("income is %d fen", got)
			}
			refunds, err := w.service.Refunds(t.Context(), w.financeMaker, collection.RefundFilter{Limit: 10}) //nolint:exhaustruct // all
			if err != nil || len(refunds) != 1 || refunds[0].Amount != 10000 || refunds[0].Member != w.members[0] ||
				refunds[0].Way() != collection.TaxAuthority {
				t.Errorf("refunds %+v, %v", refunds, err)
			}
			w.proved(t)
		})
	}
}

func (w *payerWorld) counterPays(t *testing.T, member int64, amount money.Amount, reference string) {
	t.Helper()
	if err := w.tryCounter(member, 2011, amount, reference); err != nil {
		t.Fatal(err)
	}
}

func (w *payerWorld) tryCounter(member int64, year int, amount money.Amount, reference string) error {
	var out collection.CounterPayment
	p := collection.CounterPayment{ //nolint:exhaustruct // the service's
		Member: member, Year: year, Amount: amount, Channel: "counter", Terminal: "T1", PaidOn: w.today,
		BankReference: reference,
	}
	_, err := w.counter.Pay(context.Background(), w.request("POST /v1/contributions", "", p), result(&out), w.psbc,
		"961001010000000011", p)
	return err
}

// terminalMoney is the bank's credit of the terminal's day.
func (w *payerWorld) terminalMoney(t *testing.T, amount money.Amount) {
	t.Helper()
	a := collection.Arrival{ //nolint:exhaustruct // a terminal's day
		Amount: amount, BankReference: "TD" + w.today.String(), ValueDate: w.today, Terminal: "T1", TerminalDate: w.today,
	}
	var out collection.Arrived
	_, err := w.service.Arrive(context.Background(), w.request("POST /v1/arrivals", "", a), result(&out), 0, w.psbc,
		"961001010000000011", a)
	if err != nil || !out.Agreed {
		t.Fatalf("%+v, %v", out, err)
	}
}

// What an approved list pays is in flight: no other channel takes it, and when the list
// is ended it is owed again.
func TestAnApprovedListIsInFlight(t *testing.T) {
	t.Parallel()
	w := newPayerWorld(t, 2)
	l := w.approved(t, w.list(collection.GovernmentList, 12, 10000))
	if due, err := w.service.Due(t.Context(), chencang, "", w.members[0], 2011); err != nil || due.InFlight != 10000 ||
		due.Open() != 0 {
		t.Errorf("due %+v, %v", due, err)
	}
	if err := w.tryCounter(w.members[0], 2011, 10000, "C1"); fault.CodeOf(err) != "over_due" {
		t.Errorf("the counter: %v", err)
	}
	if got := w.withhold(t).Batches[0]; got.Count != 1 {
		t.Errorf("the run debits %d members, want the other one", got.Count)
	}
	var out collection.ContributionList
	_, err := w.service.EndList(t.Context(), w.request("POST end", "", l.ID), result(&out), w.maker,
		collection.ListEnding{List: l.ID, Reason: "the bureau pays next month"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.name(w.money(t, "12", "T1", 10000).ID, l.ID); fault.CodeOf(err) != "list_closed" {
		t.Errorf("money for an ended list: %v", err)
	}
	w.counterPays(t, w.members[0], 10000, "C2")
	w.proved(t)
}

// A list is decided by two people, and again against what is owed on the day of the
// approval.
func TestAListIsDecidedByTwoPeople(t *testing.T) {
	t.Parallel()
	w := newPayerWorld(t, 1)
	l, err := w.tryList(w.list(collection.GovernmentList, 12, 10000))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.approve(l.Decision, w.financeSecond); fault.CodeOf(err) != "duty_conflict" {
		t.Errorf("by the finance office: %v", err)
	}
	if _, err := w.name(w.money(t, "12", "T1", 10000).ID, l.ID); fault.CodeOf(err) != "list_closed" {
		t.Errorf("money for a list that nobody approved: %v", err)
	}
	w.counterPays(t, w.members[0], 10000, "C1")
	if err := w.approve(l.Decision, w.checker); refusals(t, err)[1] != "over_due" {
		t.Errorf("approved though the member paid meanwhile: %v", err)
	}
	w.proved(t)
}

// One receipt is a list's or a batch's: a bank that names the batch of money which officers
// named for a list contradicts them, by notice and by statement, and nothing is posted twice.
func TestMoneyOfAListIsNoBatchs(t *testing.T) {
	t.Parallel()
	w := newPayerWorld(t, 3)
	b := w.withhold(t).Batches[0]
	l := w.list(collection.CollectiveList, 11, 10000, 10000)
	l.Lines[0].Category, l.Lines[1].Category = "", ""
	l = w.approved(t, l)
	receipt := w.money(t, "11", "T1", 10000)
	if _, err := w.name(receipt.ID, l.ID); err != nil {
		t.Fatal(err)
	}
	a := collection.Arrival{ //nolint:exhaustruct // told of a batch
		FundAccount: 11, Amount: 10000, BankReference: "T1", ValueDate: w.today, Batch: b.ID,
	}
	var out collection.Arrived
	_, err := w.service.Arrive(t.Context(), w.request("POST /v1/arrivals", "", a), result(&out), 0, w.psbc,
		"961001010000000011", a)
	if !errors.Is(err, collection.ErrReference) {
		t.Errorf("a notice names a batch for the list's money: %v", err)
	}
	// A statement's contradiction is kept for people and stops none of its other lines.
	if err := w.service.ArriveFromStatement(t.Context(), chencang, "psbc", []collection.Arrival{a}); err != nil &&
		!errors.Is(err, collection.ErrReference) {
		t.Errorf("a statement names a batch for the list's money: %v", err)
	}
	err = w.asApp(t, fmt.Sprintf(`insert into arrival_subject (area, arrival_id, batch_id, named_by, reason, named_at)
		values (610304, %d, %d, 'statement', '', now())`, receipt.ID, b.ID))
	if err == nil || !strings.Contains(err.Error(), "a list's and another's") {
		t.Errorf("the database lets one receipt be a list's and a batch's: %v", err)
	}
	if n := one[int64](t, w.world, `select count(*) from arrival_subject`); n != 0 {
		t.Errorf("the money was named for %d batches", n)
	}
	if got := one[int64](t, w.world, `select arrived_amount from withholding_batch where id = $1`, b.ID); got != 0 {
		t.Errorf("the batch counts %d fen of the list's", got)
	}
}

// The government pays for the groups of the year's rule: another one is refused with the names
// of those that are known, until the area's own rule names it.
func TestTheGovernmentPaysForTheGroupsOfARule(t *testing.T) {
	t.Parallel()
	w := newPayerWorld(t, 1)
	l := w.list(collection.GovernmentList, 12, 10000)
	l.Lines[0].Category = "single_parents"
	_, err := w.tryList(l)
	refused, ok := errors.AsType[*collection.RefusedLinesError](err)
	if !ok || refused.Count != 1 || !strings.Contains(refused.Lines[0].Fault.Error(), "severely_disabled, low_income") {
		t.Fatalf("a group of nobody's: %v", err)
	}
	w.sql(t, `insert into area_rule (area, rule, effective_from, value, document) values
		(610304, 'government_paid_groups', '2011-12-01', '["severely_disabled","single_parents"]', 'county 9')`)
	if _, err = w.tryList(l); err != nil {
		t.Errorf("a group of the area's: %v", err)
	}
}

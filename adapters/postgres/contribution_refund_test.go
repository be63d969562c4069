package postgres_test

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/fault"
	"twoline/gateway/feedback"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/personal"
)

// newRefundWorld is a county of 2018, from when on contributions go back from the income account.
func newRefundWorld(t *testing.T, n int) *payerWorld {
	t.Helper()
	w := newPayerWorld(t, n)
	w.today = calendar.MustDay("2018-05-10")
	w.sql(t, `insert into tier_choice select area, id, 2018, 10000, '2018-01-01' from member`)
	return w
}

// relatives pay for members, and the money has come.
func (w *payerWorld) relatives(t *testing.T, amounts ...money.Amount) collection.ContributionList {
	t.Helper()
	l := w.list(collection.RelativeList, 11, amounts...)
	l.Year, l.Document = 2018, fmt.Sprint("doc-", w.keys)
	l = w.approved(t, l)
	if got, err := w.name(w.money(t, "11", fmt.Sprint("R", l.ID), l.Amount).ID, l.ID); err != nil || !got.Agreed {
		t.Fatalf("%+v, %v", got, err)
	}
	w.work(t)
	return l
}

func (w *payerWorld) claim(t *testing.T, cause int64) collection.Refund {
	t.Helper()
	r, err := w.tryClaim(cause)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (w *payerWorld) tryClaim(cause int64) (collection.Refund, error) {
	var out collection.Refund
	_, err := w.service.ClaimBack(context.Background(), w.request("POST refunds", "", w.keys), result(&out), w.maker, cause,
		"the member's request")
	return out, err
}

func (w *payerWorld) askRefund(id int64) (collection.Refund, error) { return w.askRefundFrom(id, 0) }

// askRefundFrom asks for a refund out of an expenditure account, or with 0 by the way that it came.
func (w *payerWorld) askRefundFrom(id, account int64) (collection.Refund, error) {
	return w.askRoad(collection.RefundAsk{Refund: id, PaidFrom: account}) //nolint:exhaustruct // the order below
}

func (w *payerWorld) askRoad(a collection.RefundAsk) (collection.Refund, error) {
	var out collection.Refund
	a.Document = "payment order 7"
	_, err := w.service.AskRefund(context.Background(), w.request("POST refund", "", w.keys), result(&out), w.financeMaker, a)
	return out, err
}

// sweep carries money of the income account to the fiscal special one.
func (w *payerWorld) sweep(t *testing.T, amount money.Amount) {
	t.Helper()
	line := func(side ledger.Side, role ledger.Role, account int64) ledger.Posting {
		return ledger.Posting{ //nolint:exhaustruct // a move
			Side: side, Role: role, Nature: ledger.Direct, Amount: amount, FundAccount: account,
		}
	}
	w.moves(t, ledger.Sweep, line(ledger.Debit, ledger.FiscalSpecial, 12), line(ledger.Credit, ledger.Income, 11))
}

// allocate carries money of the fiscal special account to the expenditure account.
func (w *payerWorld) allocate(t *testing.T, amount money.Amount) {
	t.Helper()
	line := func(side ledger.Side, role ledger.Role, account int64) ledger.Posting {
		return ledger.Posting{ //nolint:exhaustruct // a move
			Side: side, Role: role, Nature: ledger.Direct, Amount: amount, FundAccount: account,
		}
	}
	w.moves(t, ledger.Allocation, line(ledger.Debit, ledger.Expenditure, 13), line(ledger.Credit, ledger.FiscalSpecial, 12))
}

func (w *payerWorld) moves(t *testing.T, kind ledger.Kind, lines ...ledger.Posting) {
	t.Helper()
	w.keys++
	err := w.db.BookVouchers(context.Background(), "officer:test", ledger.Entry{ //nolint:exhaustruct // a move
		Area: chencang, Scheme: "rural", Kind: kind, Cause: fmt.Sprintf("published:%d", w.keys), AccountedOn: w.today,
		EffectiveOn: w.today, Text: "move", Postings: lines,
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *payerWorld) lineID(t *testing.T, l collection.ContributionList, line int) int64 {
	t.Helper()
	return one[int64](t, w.world, `select id from contribution_line where list_id = $1 and line = $2`, l.ID, line)
}

// A contribution taken by mistake goes back in red by the channel that it came by, once,
// when two people of the finance office want it; after the sweep it waits for what the
// account collects next, and is paid out of that.
func TestAWrongContributionGoesBackBeforeItsSweep(t *testing.T) {
	t.Parallel()
	w := newRefundWorld(t, 2)
	l := w.relatives(t, 10000, 10000)
	if _, err := w.tryClaim(99); fault.CodeOf(err) != "not_posted" {
		t.Errorf("an item of nobody: %v", err)
	}
	first, second := w.claim(t, w.lineID(t, l, 1)), w.claim(t, w.lineID(t, l, 2))
	if _, err := w.tryClaim(first.Cause); fault.CodeOf(err) != "not_posted" {
		t.Errorf("claimed twice: %v", err)
	}
	asked, err := w.askRefund(first.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.approve(asked.Decision, w.checker); fault.CodeOf(err) != "duty_conflict" {
		t.Errorf("by the business office: %v", err)
	}
	if err := w.approve(asked.Decision, w.financeSecond); err != nil {
		t.Fatal(err)
	}
	if _, err := w.askRefund(first.ID); fault.CodeOf(err) != "refund_paid" {
		t.Errorf("paid twice: %v", err)
	}
	for role, want := range map[string]int64{
		"contribution_individual": 10000, "personal_individual": 10000, "personal_control": 10000,
	} {
		if got := w.sum(t, role, ""); got != want {
			t.Errorf("%s is %d fen, want %d", role, got, want)
		}
	}
	if due, err := w.service.Due(t.Context(), chencang, "", w.members[0], 2018); err != nil || due.Open() != 10000 {
		t.Errorf("who got it back owes %+v, %v", due, err)
	}
	w.proved(t)
	w.sweep(t, 10000)
	if _, err := w.askRefund(second.ID); fault.CodeOf(err) != "refund_swept" {
		t.Errorf("after the sweep: %v", err)
	}
	list, err := w.service.Refunds(t.Context(), w.maker, collection.RefundFilter{Limit: 10}) //nolint:exhaustruct // all
	if err != nil || len(list) != 2 || list[0].State != collection.RefundPaid || !list[1].Swept ||
		list[1].Way() != collection.OriginalChannel {
		t.Errorf("refunds %+v, %v", list, err)
	}
	w.relatives(t, 10000)
	if asked, err = w.askRefund(second.ID); err == nil {
		err = w.approve(asked.Decision, w.financeSecond)
	}
	if err != nil {
		t.Errorf("out of the account's next collections: %v", err)
	}
	held := one[int64](t, w.world, `select sum(case when (side = 'debit') <> red then amount else -amount end)::bigint
		from posting where role = 'income'`)
	if held != 0 {
		t.Errorf("the income account holds %d fen", held)
	}
	w.proved(t)
}

// A subsidy that was credited for a contribution which was wrong is a case, and one alone; who
// has none leaves none.
func TestAWrongContributionAsksAboutItsSubsidy(t *testing.T) {
	t.Parallel()
	w := newRefundWorld(t, 2)
	l := w.relatives(t, 10000, 10000)
	w.sql(t, fmt.Sprintf(`set session_replication_role = replica;
		insert into subsidy_run (area, id, scheme, year, round, upto, due_on, document, rule_document, lines, amount, digest, made_by,
			made_at, business_day) values (610304, 70, 'rural', 2018, 0, '2018-05-01', '2018-12-31', 'd', 'd', 1, 3000, sha256('x'), 'x', now(),
			'2018-05-01');
		insert into subsidy_line (area, run_id, member_id, paid, entitled, before, amount) values (610304, 70, %d, 10000, 3000, 0, 3000);
		insert into subsidy_run_approved (area, run_id, scheme, year, round, effective_on, decision_id, approved_at)
			values (610304, 70, 'rural', 2018, 0, '2018-05-01', 1, now())`, w.members[0]))
	for line := 1; line <= 2; line++ {
		asked, err := w.askRefund(w.claim(t, w.lineID(t, l, line)).ID)
		if err == nil {
			err = w.approve(asked.Decision, w.financeSecond)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	got := one[string](t, w.world, `select string_agg(text, '; ') from exception_case where kind = 'subsidy_after_refund'`)
	want := fmt.Sprintf("100.00 of the contribution of 2018 of member %d was given back as wrong, and 30.00 of subsidy was credited "+
		"for the year: the next list takes back what was too much", w.members[0])
	if got != want {
		t.Errorf("asked %q, want %q", got, want)
	}
}

// What is above the chosen amount leaves suspense for its payer.
func TestARefundTaskIsPaidFromSuspense(t *testing.T) {
	t.Parallel()
	w := newRefundWorld(t, 1)
	l := w.list(collection.RelativeList, 11, 10000)
	l.Year = 2018
	l = w.approved(t, l)
	w.sql(t, `update tier_choice set amount = 5000 where year = 2018`)
	if _, err := w.name(w.money(t, "11", "R1", 10000).ID, l.ID); err != nil {
		t.Fatal(err)
	}
	w.work(t)
	list, err := w.service.Refunds(t.Context(), w.maker, collection.RefundFilter{Limit: 10}) //nolint:exhaustruct // all
	if err != nil || len(list) != 1 || !list[0].Suspense || w.sum(t, "contribution_individual", "") != 0 {
		t.Fatalf("refunds %+v, %v", list, err)
	}
	asked, err := w.askRefund(list[0].ID)
	if err == nil {
		err = w.approve(asked.Decision, w.financeSecond)
	}
	if err != nil {
		t.Fatal(err)
	}
	if open := one[int64](t, w.world, `select count(*) from exception_case c where kind = 'refund_due' and not exists (
		select from exception_closed x where x.case_id = c.id)`); open != 0 {
		t.Errorf("%d cases are open", open)
	}
	w.proved(t)
}

// What was swept need not wait for others' contributions: two people have it paid once by the expenditure account, out
// of what is allocated for it, be it a surplus in suspense or a contribution in the book, and in tax mode too. The road
// that waits is closed by then.
func TestASweptRefundIsPaidOnceByTheExpenditureAccount(t *testing.T) {
	t.Parallel()
	w := newRefundWorld(t, 2)
	l := w.list(collection.RelativeList, 11, 10000, 8000)
	l.Year = 2018
	l = w.approved(t, l)
	w.sql(t, `update tier_choice set amount = 8000 where year = 2018`)
	if _, err := w.name(w.money(t, "11", "R1", 18000).ID, l.ID); err != nil {
		t.Fatal(err)
	}
	w.work(t)
	claimed := w.claim(t, w.lineID(t, l, 2))
	list, err := w.service.Refunds(t.Context(), w.maker, collection.RefundFilter{Limit: 10}) //nolint:exhaustruct // all
	if err != nil || len(list) != 2 {
		t.Fatalf("refunds %+v, %v", list, err)
	}
	surplus := list[0]
	if surplus.ID == claimed.ID {
		surplus = list[1]
	}
	if _, err := w.askRefundFrom(surplus.ID, 13); fault.CodeOf(err) != "refund_road" {
		t.Errorf("before the sweep: %v", err)
	}
	w.sweep(t, 18000)
	w.sql(t, `insert into area_rule values (610304, 'collection_mode', '2018-05-11', '"tax"', 'test')`)
	w.today = calendar.MustDay("2018-05-11")
	for account, want := range map[int64]string{0: "refund_swept", 12: "refund_road", 13: "refund_unfunded", 99: "fund_account_not_found"} {
		if _, err := w.askRefundFrom(surplus.ID, account); fault.CodeOf(err) != want {
			t.Errorf("out of account %d: %v, want %s", account, err, want)
		}
	}
	w.allocate(t, 18000)
	for _, r := range []collection.Refund{surplus, claimed} {
		asked, err := w.askRefundFrom(r.ID, 13)
		if err != nil || asked.Way() != collection.PaidOnce {
			t.Fatalf("%+v, %v", asked, err)
		}
		for account, want := range map[int64]string{0: "refund_swept", 13: "decision_open"} {
			if _, err := w.askRefundFrom(r.ID, account); fault.CodeOf(err) != want {
				t.Errorf("asked again out of account %d: %v", account, err)
			}
		}
		if err := w.approve(asked.Decision, w.financeSecond); err != nil {
			t.Fatal(err)
		}
		for _, account := range []int64{0, 13} {
			if _, err := w.askRefundFrom(r.ID, account); fault.CodeOf(err) != "refund_paid" {
				t.Errorf("again out of %d: %v", account, err)
			}
		}
	}
	for role, want := range map[string]int64{
		"income": 0, "fiscal_special": 0, "expenditure": 0, "suspense": 0, "contribution_individual": 0, "personal_individual": 0,
	} {
		if got := w.net(t, role); got != want {
			t.Errorf("%s is %d fen, want %d", role, got, want)
		}
	}
	if due, err := w.service.Due(t.Context(), chencang, "", claimed.Member, 2018); err != nil || due.Open() != 8000 {
		t.Errorf("who got it back owes %+v, %v", due, err)
	}
	w.proved(t)
	for edit, c := range map[string][2]string{
		fmt.Sprintf(`update refund_road set fund_account = null where refund_id = %d`, surplus.ID): {
			`update refund_road set fund_account = 13`, "and goes back by original_channel from 11",
		},
		fmt.Sprintf(`insert into contribution_claim select area, 1, cause_id, 'individual', member_id, year, amount, 'wrong_contribution', 'd',
			'b-maker', now() from refund_task; insert into refund_paid (area, refund_id, way, fund_account, amount, decision_id, paid_at)
			select area, 1, way, fund_account, amount, decision_id, paid_at from refund_paid where refund_id = %d`, surplus.ID): {
			`delete from contribution_claim where id = 1; delete from refund_paid where refund_id = 1`, "is given back 2 times",
		},
		`update entry set cause = cause || 'x' where cause like 'refund:%:paid'`: {
			`update entry set cause = rtrim(cause, 'x') where cause like 'refund:%:paidx'`, "is booked otherwise than it says",
		},
		`update refund_road set fund_account = 12`: {
			`update refund_road set fund_account = 13`, "leads over fund account 12, which may not give it back",
		},
		`update refund_road set asked_by = 'b-maker'`: {
			`update refund_road set asked_by = 'f-maker'`, "was chosen by no request of the refund",
		},
	} {
		if got := w.told(t, edit, c[0]); !strings.Contains(got, c[1]) {
			t.Errorf("%s: verification says %q, want %q", edit, got, c[1])
		}
	}
	w.proved(t)
}

// payBack asks for a refund and has it approved.
func (w *payerWorld) payBack(t *testing.T, r collection.Refund) {
	t.Helper()
	asked, err := w.askRefund(r.ID)
	if err == nil {
		err = w.approve(asked.Decision, w.financeSecond)
	}
	if err != nil {
		t.Fatalf("refund %d: %v", r.ID, err)
	}
}

// net is what an account's role holds, debits less credits.
func (w *payerWorld) net(t *testing.T, role string) int64 {
	t.Helper()
	return one[int64](t, w.world, `select coalesce(sum(case when (side = 'debit') <> red then amount else -amount end), 0)::bigint
		from posting where role = $1`, role)
}

// paidList is a list of 2018 on a document whose money has come to an account.
func (w *payerWorld) paidList(
	t *testing.T, kind collection.ListKind, document, account string, amounts ...money.Amount,
) collection.ContributionList {
	t.Helper()
	id, err := strconv.ParseInt(account, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	l := w.list(kind, id, amounts...)
	l.Year, l.Document = 2018, document
	l = w.approved(t, l)
	if got, err := w.name(w.money(t, account, document, l.Amount).ID, l.ID); err != nil || !got.Agreed {
		t.Fatalf("%+v, %v", got, err)
	}
	w.work(t)
	return l
}

// Where the tax authority collects, what goes back is booked against the account that the
// money came to: the treasury's or the fiscal special one by the authority, the village's aid
// by the finance bureau, and what came to the income account before the change from there.
func TestARefundGoesBackFromWhereItsMoneyCame(t *testing.T) {
	t.Parallel()
	w := newRefundWorld(t, 3)
	w.sql(t, `insert into area_rule values (610304, 'collection_mode', '2018-05-11', '"tax"', 'test')`)
	agency := w.claim(t, w.lineID(t, w.relatives(t, 4000), 1))
	w.today = calendar.MustDay("2018-05-11")
	treasury := w.claim(t, w.lineID(t, w.paidList(t, collection.TaxList, "V1", "14", 6000), 1))
	tax := w.paidList(t, collection.TaxList, "V2", "12", 1, 10000)
	special := w.claim(t, w.lineID(t, tax, 2))
	aid := w.list(collection.CollectiveList, 12, 3000, 3000, 3000)
	aid.Year, aid.Payer = 2018, "虢镇村"
	aid = w.approved(t, aid)
	w.sql(t, `insert into death_notice (area, id, member_id, died_on, source, document, entered_by, entered_at)
		values (610304, 1, 1003, '2018-05-01', 'civil affairs', 'test', 'test', now())`)
	if got, err := w.name(w.money(t, "12", "AID", 9000).ID, aid.ID); err != nil || !got.Agreed {
		t.Fatalf("%+v, %v", got, err)
	}
	w.work(t)
	list, err := w.service.Refunds(t.Context(), w.maker, collection.RefundFilter{State: "open", Limit: 10}) //nolint:exhaustruct // all
	if err != nil || len(list) != 5 {
		t.Fatalf("refunds %+v, %v", list, err)
	}
	ways := map[int64]collection.RefundWay{
		agency.ID: collection.OriginalChannel, treasury.ID: collection.TaxAuthority, special.ID: collection.TaxAuthority,
	}
	for _, r := range list {
		want := cmp.Or(ways[r.ID], collection.FinanceBureau)
		if r.Amount == 1 {
			want = collection.TaxAuthority // what it took above the chosen amount
		}
		if r.Way() != want || want == collection.FinanceBureau && (!r.Suspense || r.Payer != "虢镇村") {
			t.Errorf("refund %+v goes back by %s, want %s", r, r.Way(), want)
		}
		w.payBack(t, r)
	}
	for role, want := range map[string]int64{
		"income": 0, "treasury": 0, "fiscal_special": 6000, "suspense": 0, "contribution_individual": 0,
		"personal_individual": 0, "personal_collective": -6000,
	} {
		if got := w.net(t, role); got != want {
			t.Errorf("%s is %d fen, want %d", role, got, want)
		}
	}
	if due, err := w.service.Due(t.Context(), chencang, "", w.members[1], 2018); err != nil || due.Open() != 10000 {
		t.Errorf("who got it back owes %+v, %v", due, err)
	}
	w.proved(t)
}

// What the government paid for a year of the employee scheme goes back to it.
func TestGovernmentMoneyOfAnEmployeeYearGoesBackToTheGovernment(t *testing.T) {
	t.Parallel()
	w := newRefundWorld(t, 1)
	r := w.claim(t, w.lineID(t, w.paidList(t, collection.GovernmentList, "doc-1", "12", 10000), 1))
	if r.Way() != collection.FinanceBureau || r.Payer != "财政局" {
		t.Errorf("refund %+v by %s", r, r.Way())
	}
	w.payBack(t, r)
	for _, role := range []string{"fiscal_special", "contribution_individual", "personal_individual"} {
		if got := w.net(t, role); got != 0 {
			t.Errorf("%s is %d fen", role, got)
		}
	}
	w.proved(t)
}

// A refund that is said to be paid and stands in no entry, or leaves another account, is found.
func TestAPaidRefundWithoutItsEntryIsFound(t *testing.T) {
	t.Parallel()
	w := newRefundWorld(t, 1)
	w.sql(t, `insert into area_rule values (610304, 'collection_mode', '2018-05-10', '"tax"', 'test')`)
	w.payBack(t, w.claim(t, w.lineID(t, w.paidList(t, collection.TaxList, "V1", "14", 10000), 1)))
	w.proved(t)
	const undo = `update entry set cause = 'refund:' || (select refund_id from refund_paid) where kind = 'contribution_refund';
		update refund_paid set way = 'tax_authority', fund_account = 14`
	for edit, want := range map[string]string{
		`update entry set cause = 'refund:1' where kind = 'contribution_refund'`: "is paid, and no entry books it",
		`update refund_paid set fund_account = 12`:                               "is paid by tax_authority from fund account 12, and goes back by tax_authority from 14",
		`update refund_paid set way = 'finance_bureau'`:                          "is paid by finance_bureau from fund account 14, and goes back by tax_authority from 14",
	} {
		if got := w.told(t, edit, undo); !strings.Contains(got, want) {
			t.Errorf("%s: verification says %q, want %q", edit, got, want)
		}
	}
	w.proved(t)
}

// A year also paid in the employee scheme: its individual and its collective part are to be
// given back, once; the list is refused whole for a line of nobody.
func TestAYearOfTheEmployeeSchemeGoesBack(t *testing.T) {
	t.Parallel()
	w := newRefundWorld(t, 2)
	w.relatives(t, 10000, 10000)
	aid := w.list(collection.CollectiveList, 11, 3000)
	aid.Year, aid.Document = 2018, "aid"
	aid = w.approved(t, aid)
	if _, err := w.name(w.money(t, "11", "AID", 3000).ID, aid.ID); err != nil {
		t.Fatal(err)
	}
	w.work(t)
	ask := func(members ...int64) (out collection.EmployeeClaims, err error) {
		list := make([]collection.EmployeeYear, len(members))
		for i, m := range members {
			list[i] = collection.EmployeeYear{
				ListLine: collection.ListLine{Line: i + 1, Member: m}, Year: 2018, //nolint:exhaustruct // a person
			}
		}
		_, err = w.service.ClaimEmployeeYears(t.Context(), w.request("POST employee", "", w.keys), result(&out), w.maker,
			"comparison 2018", list)
		return out, err
	}
	if _, err := ask(w.members[0], 99); refusals(t, err)[2] != "member_not_found" {
		t.Errorf("nobody: %v", err)
	}
	want := collection.EmployeeClaims{Claimed: 1, Clear: 0, Amount: 13000}
	if got, err := ask(w.members[0]); err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	again := collection.EmployeeClaims{Claimed: 0, Clear: 1, Amount: 0}
	if got, err := ask(w.members[0]); err != nil || got != again {
		t.Errorf("again %+v, %v, want %+v", got, err, again)
	}
	w.proved(t)
}

// F-54: a mandate is withdrawn between the run and the debit. The debit is booked, and is
// to be given back.
func TestF54_ADebitAfterItsMandateEnded(t *testing.T) {
	t.Parallel()
	w := newPayerWorld(t, 2)
	b := w.withhold(t).Batches[0]
	w.sql(t, `update mandate set ended_on = '2011-03-09' where member_id = 1001`)
	items := w.items(t, b)
	if _, err := w.results(t, b, []collection.Result{succeeded(items[0]), succeeded(items[1])}); err != nil {
		t.Fatal(err)
	}
	w.arrive(t, "A1", b, 20000)
	w.work(t)
	if got := w.sum(t, "contribution_individual", ""); got != 20000 {
		t.Errorf("booked %d fen", got)
	}
	list, err := w.service.Refunds(t.Context(), w.maker, collection.RefundFilter{Limit: 10}) //nolint:exhaustruct // all
	if err != nil || len(list) != 1 || list[0].Member != 1001 || list[0].Reason != collection.MandateWithdrawn {
		t.Errorf("refunds %+v, %v", list, err)
	}
}

// A debit on the last day of its mandate was allowed; one on the day after it goes back.
func TestADebitOnTheLastDayOfItsMandateStays(t *testing.T) {
	t.Parallel()
	w := newPayerWorld(t, 2)
	b := w.withhold(t).Batches[0]
	w.sql(t, `update mandate set ended_on = '2011-03-10' where member_id = 1001;
		update mandate set ended_on = '2011-03-09' where member_id = 1002`)
	items := w.items(t, b)
	if _, err := w.results(t, b, []collection.Result{succeeded(items[0]), succeeded(items[1])}); err != nil {
		t.Fatal(err)
	}
	w.arrive(t, "A1", b, 20000)
	w.work(t)
	list, err := w.service.Refunds(t.Context(), w.maker, collection.RefundFilter{Limit: 10}) //nolint:exhaustruct // all
	if err != nil || len(list) != 1 || list[0].Member != 1002 {
		t.Errorf("refunds %+v, %v, want that of the day after alone", list, err)
	}
}

// What was given back after the year's end earns no subsidy for it, and its payer is none of the year's: neither of those
// who renewed nor of those who could. A payment that made the year up and was given back takes nothing of what was
// paid in the year.
func TestWhatWasGivenBackAfterTheYearDoesNotCountForIt(t *testing.T) {
	t.Parallel()
	w := newRefundWorld(t, 3)
	w.sql(t, `insert into area_rule values (610304, 'contribution_subsidies', '2009-09-01', '"50.00:20.00 100.00:30.00"', 'test'),
		(610304, 'contribution_subsidy_payers', '2009-09-01', '"county:100%"', 'test');
		insert into tier_choice select area, id, 2019, 10000, '2019-01-01' from member`)
	first := w.relatives(t, 10000, 10000, 5000)
	w.today = calendar.MustDay("2019-01-10")
	pay := func(year int, amounts ...money.Amount) collection.ContributionList {
		t.Helper()
		l := w.list(collection.RelativeList, 11, amounts...)
		l.Year, l.Document = year, fmt.Sprint("doc-", w.keys)
		if len(amounts) == 3 && amounts[0] == 0 {
			l.Lines = l.Lines[2:]
		}
		l = w.approved(t, l)
		if got, err := w.name(w.money(t, "11", fmt.Sprint("R", l.ID), l.Amount).ID, l.ID); err != nil || !got.Agreed {
			t.Fatalf("%+v, %v", got, err)
		}
		w.work(t)
		return l
	}
	madeUp := pay(2018, 0, 0, 5000)
	next := pay(2019, 10000, 10000, 10000)
	w.payBack(t, w.claim(t, w.lineID(t, first, 1)))
	w.payBack(t, w.claim(t, w.lineID(t, madeUp, 3)))
	w.payBack(t, w.claim(t, w.lineID(t, next, 2)))
	p := personal.New(w.db.Personal(), func() calendar.Day { return w.today })
	var run personal.SubsidyRun
	_, err := p.MakeSubsidies(t.Context(), w.request("POST subsidies", "", w.keys), result(&run), w.maker,
		personal.SubsidyOrder{Scheme: ledger.Rural, Year: 2018, DueOn: calendar.MustDay("2019-03-31"), Document: "d"})
	if err != nil || run.Lines != 2 || run.Amount != 5000 {
		t.Errorf("%d lines of %s, %v, want 30.00 and 20.00", run.Lines, run.Amount, err)
	}
	renewed, err := feedback.New(w.db.Feedback()).Renewal(t.Context(), w.maker, ledger.Rural, 2019, 0)
	if got := renewed.Total; err != nil || got.LastYear != 2 || got.ThisYear != 2 || got.Renewed != 1 || got.New != 1 {
		t.Errorf("renewals %+v, %v, want 1 of 2 and one anew", got, err)
	}
	w.proved(t)
}

// Where the tax authority collects from a day on, the counter takes nothing for that day.
func TestTheCounterClosesWithTheTaxMode(t *testing.T) {
	t.Parallel()
	w := newPayerWorld(t, 2)
	w.sql(t, `insert into area_rule values (610304, 'collection_mode', '2011-03-11', '"tax"', 'test')`)
	w.counterPays(t, w.members[0], 10000, "C1")
	w.today = calendar.MustDay("2011-03-11")
	if err := w.tryCounter(w.members[1], 2011, 10000, "C2"); fault.CodeOf(err) != "collected_by_tax" {
		t.Errorf("on the day: %v", err)
	}
	if _, err := w.tryList(w.list(collection.RelativeList, 11, 100)); fault.CodeOf(err) != "collected_by_tax" {
		t.Errorf("a relative: %v", err)
	}
	tax := w.list(collection.TaxList, 14, 10000)
	l := w.approved(t, tax)
	if _, err := w.tryList(tax); fault.CodeOf(err) != "voucher_reused" {
		t.Errorf("the voucher again: %v", err)
	}
	var out collection.ContributionList
	_, err := w.service.EndList(t.Context(), w.request("POST end", "", l.ID), result(&out), w.maker,
		collection.ListEnding{List: l.ID, Reason: "a wrong line"})
	if err != nil {
		t.Fatal(err)
	}
	w.approved(t, tax)
	w.proved(t)
}

// Who paid nothing up to the cut-off has an interrupted year, which leaves the list when it
// is made up. Where nobody decided a cut-off nothing is said.
func TestAYearIsInterruptedAfterItsCutoff(t *testing.T) {
	t.Parallel()
	w := newPayerWorld(t, 3)
	w.counterPays(t, w.members[0], 4000, "C1")
	f := collection.InterruptionFilter{Area: chencang, Scheme: "rural", Year: 2011, After: 0, Limit: 10}
	if _, _, err := w.service.Interruptions(t.Context(), w.maker, f); fault.CodeOf(err) != "no_rule" {
		t.Errorf("without a cut-off: %v", err)
	}
	if s, err := w.service.Standing(t.Context(), chencang, w.psbc, 1002, 2011); err != nil || s.CutoffKnown {
		t.Errorf("standing without a cut-off %+v, %v", s, err)
	}
	w.sql(t, `insert into area_rule values (610304, 'collection_cutoff', '2009-09-01', '"10-31"', 'test')`)
	w.today = calendar.MustDay("2011-10-31")
	if list, cutoff, err := w.service.Interruptions(t.Context(), w.maker, f); err != nil || len(list) != 0 || cutoff != w.today {
		t.Errorf("on the last day %+v, %s, %v", list, cutoff, err)
	}
	w.today = calendar.MustDay("2012-02-01")
	list, _, err := w.service.Interruptions(t.Context(), w.maker, f)
	if err != nil || len(list) != 2 || list[0].Member != 1002 || list[0].Chosen != 10000 {
		t.Errorf("interrupted %+v, %v", list, err)
	}
	made := w.list(collection.RelativeList, 11, 0, 10000)
	made.Lines = made.Lines[1:]
	w.approved(t, made)
	for member, want := range map[int64]bool{1001: false, 1002: false, 1003: true} {
		s, err := w.service.Standing(t.Context(), chencang, w.psbc, member, 2011)
		if err != nil || s.Interrupted != want || !s.MakeUp || !s.CutoffKnown {
			t.Errorf("member %d: %+v, %v", member, s, err)
		}
	}
	w.proved(t)
}

// Nothing is taken for a year to come. A run debits for the current year up to the area's
// cut-off; a missed year is made up at the counter or by a list.
func TestARunIsOfTheCurrentYearUpToItsCutoff(t *testing.T) {
	t.Parallel()
	w := newPayerWorld(t, 2)
	w.sql(t, `insert into area_rule values (610304, 'collection_cutoff', '2009-09-01', '"10-31"', 'test')`)
	w.sql(t, `insert into tier_choice select area, id, 2012, 10000, '2011-03-01' from member`)
	for _, c := range []struct {
		day  string
		year int
		want string
	}{
		{"2011-10-31", 2010, "make_up_on_request"},
		{"2011-10-31", 2012, "year_not_begun"},
		{"2011-11-01", 2011, "cutoff_passed"},
		{"2013-05-20", 2011, "make_up_on_request"},
		{"2011-10-31", 2011, ""},
	} {
		w.today = calendar.MustDay(c.day)
		_, err := w.service.Withhold(t.Context(), w.request("POST /v1/withholding-runs", "", w.keys),
			result(new(collection.RunResult)), w.officer, collection.Run{Scheme: "rural", Year: c.year, Banks: nil})
		if (err == nil) != (c.want == "") || err != nil && fault.CodeOf(err) != c.want {
			t.Errorf("a run of %d on %s: %v, want %q", c.year, c.day, err, c.want)
		}
	}
	w.today = calendar.MustDay("2011-12-20")
	if err := w.tryCounter(w.members[0], 2012, 100, "C1"); fault.CodeOf(err) != "year_not_begun" {
		t.Errorf("the counter for 2012: %v", err)
	}
	ahead := w.list(collection.RelativeList, 11, 100)
	ahead.Year = 2012
	if _, err := w.tryList(ahead); fault.CodeOf(err) != "year_not_begun" {
		t.Errorf("a list for 2012: %v", err)
	}
	w.today = calendar.MustDay("2012-01-01")
	if err := w.tryCounter(w.members[0], 2012, 100, "C2"); err != nil {
		t.Errorf("the counter on 1 January: %v", err)
	}
	w.proved(t)
}

// What was debited in the year, or taken at the counter, earns the year's subsidy, though its
// money came after it; what was paid after the year makes it up and earns none.
func TestTheYearOfAPaymentIsThatOfItsDebit(t *testing.T) {
	t.Parallel()
	w := newPayerWorld(t, 3)
	w.sql(t, `insert into area_rule values (610304, 'contribution_subsidies', '2009-09-01', '"100.00:30.00"', 'test'),
		(610304, 'contribution_subsidy_payers', '2009-09-01', '"county:100%"', 'test')`)
	w.sql(t, `update mandate set ended_on = '2011-03-10' where member_id <> 1001`)
	w.today = calendar.MustDay("2011-12-30")
	b := w.withhold(t).Batches[0]
	debited := succeeded(w.items(t, b)[0])
	debited.ValueDate = w.today
	if _, err := w.results(t, b, []collection.Result{debited}); err != nil {
		t.Fatal(err)
	}
	w.counterPays(t, w.members[1], 10000, "C1")
	w.today = calendar.MustDay("2012-01-04")
	w.arrive(t, "A1", b, 10000)
	pay := func(day string) {
		a := collection.Arrival{ //nolint:exhaustruct // a terminal's day
			Amount: 10000, BankReference: "TD" + day, ValueDate: w.today, Terminal: "T1", TerminalDate: calendar.MustDay(day),
		}
		var out collection.Arrived
		_, err := w.service.Arrive(t.Context(), w.request("POST /v1/arrivals", "", a), result(&out), 0, w.psbc,
			"961001010000000011", a)
		if err != nil || !out.Agreed {
			t.Fatalf("%+v, %v", out, err)
		}
		w.work(t)
	}
	pay("2011-12-30")
	w.counterPays(t, w.members[2], 10000, "C2")
	pay("2012-01-04")
	p := personal.New(w.db.Personal(), func() calendar.Day { return w.today })
	var run personal.SubsidyRun
	_, err := p.MakeSubsidies(t.Context(), w.request("POST subsidies", "", w.keys), result(&run), w.maker,
		personal.SubsidyOrder{Scheme: ledger.Rural, Year: 2011, DueOn: calendar.MustDay("2012-03-31"), Document: "d"})
	if err != nil || run.Lines != 2 {
		t.Errorf("%d lines, %v, want the debit and the payment of December", run.Lines, err)
	}
	w.proved(t)
}

package httpapi_test

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/httpapi"
	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/ledger"
	"twoline/gateway/personal"
)

// yearHouse is a house in which contributions arrive in May 2018, and whose business day
// moves on to the next year.
type yearHouse struct {
	*payHouse

	t    *testing.T
	day  *atomic.Pointer[calendar.Day]
	deps httpapi.Dependencies
}

func openYears(t *testing.T) *yearHouse {
	t.Helper()
	y := &yearHouse{t: t, day: &atomic.Pointer[calendar.Day]{}} //nolint:exhaustruct // filled below
	y.goOn("2018-05-10")
	y.payHouse = openPay(t, setup{ //nolint:exhaustruct // the rest as usual
		today: func() calendar.Day { return *y.day.Load() },
		deps:  func(d *httpapi.Dependencies) { y.deps = *d },
	})
	y.data.KeepRules(t)
	y.second("business-maker", "maker-checks", approval.AgencyBusiness, approval.Checker)
	for n, tier := range []int{100_00, 500_00, 200_00} {
		y.data.Exec(t, `insert into member (area, id, id_number, social_no, name, region, scheme, joined_on)
			values (610304, $1::int, $2, 'Y' || $1::text, 'payer', 610304100001, 'rural', '2011-01-01')`, 960_001+n, personID(600+n))
		y.data.Exec(t, `insert into tier_choice values (610304, $1, 2018, $2, '2018-01-01')`, 960_001+n, tier)
	}
	return y
}

func (y *yearHouse) goOn(day string) {
	d := calendar.MustDay(day)
	y.day.Store(&d)
}

// work does what was asked of the job engine, each job twice.
func (y *yearHouse) work() {
	y.t.Helper()
	y.arrived.mu.Lock()
	list := y.arrived.others
	y.arrived.others = nil
	y.arrived.mu.Unlock()
	for _, j := range append(list, list...) {
		var err error
		switch j := j.(type) {
		case collection.AgreementReached:
			err = y.deps.Collection.Post(y.t.Context(), j.Area, j.Agreement)
		case personal.InterestApproved:
			err = y.deps.Personal.PostInterest(y.t.Context(), j.Area, j.Run)
		case personal.SubsidiesApproved:
			err = y.deps.Personal.PostSubsidies(y.t.Context(), j.Area, j.Run)
		}
		if err != nil {
			y.t.Errorf("%T: %v", j, err)
		}
	}
}

// decide has a decision of the business office approved: not by the finance office, not by
// its maker under another login, not over another digest, then by a second person.
func (y *yearHouse) decide(id string) {
	y.t.Helper()
	var asked sentDecision
	y.get("business-checker", "/v1/decisions/"+id, &asked)
	path := "/v1/decisions/" + id + "/approve"
	y.post("finance-checker", path, digestBody(asked.Digest), 403, "duty_conflict")
	y.post("maker-checks", path, digestBody(asked.Digest), 403, "same_person")
	y.post("business-checker", path, digestBody(strings.Repeat("0", 64)), 409, "digest_differs")
	y.post("business-checker", path, digestBody(asked.Digest), 200, "")
	y.work()
}

func (y *yearHouse) rules(rows ...string) {
	y.t.Helper()
	asked := read[sentDecision](y.t, y.post("business-maker", "/v1/policies", policyBody(rows...), 201, ""))
	y.decide(asked.ID)
}

type shownList struct {
	ID, Status, Amount, Arrived string
	Count, Posted               int
	Decision                    string `json:"decision_id"`
}

type listedLine struct {
	Line     int
	MemberID string `json:"member_id"`
	Amount   string
	Status   string
}

func (y *yearHouse) listLines(id string) string {
	y.t.Helper()
	var page struct{ Items []listedLine }
	y.get("auditor", "/v1/contribution-lists/"+id+"/lines", &page)
	var text []string
	for _, l := range page.Items {
		text = append(text, fmt.Sprintf("%d %s %s %s", l.Line, l.MemberID, l.Amount, l.Status))
	}
	return strings.Join(text, "; ")
}

// arrives is a bank's notice of money on an account.
func (y *yearHouse) arrives(role ledger.Role, amount, reference, more string) response {
	y.t.Helper()
	var number string
	err := y.pool.QueryRow(y.t.Context(), `select account_no from fund_account where id = $1`, y.books.Accounts[role]).Scan(&number)
	if err != nil {
		y.t.Fatal(err)
	}
	y.keys++
	return y.do(request{ //nolint:exhaustruct // a notice
		method: "POST", path: "/v1/arrivals", bank: "psbc-1", key: fmt.Sprintf("notice-key-%d", y.keys),
		body: fmt.Sprintf(`{"account":%q,"amount":%q,"bank_reference":%q,"value_date":%q%s}`, number, amount, reference,
			*y.day.Load(), more),
	})
}

// contributions are 500.00 and 200.00 by relatives, 100.00 by the government and 50.00 of
// collective aid, each from the request to its posting.
func (y *yearHouse) contributions() {
	y.t.Helper()
	const path = "/v1/contribution-lists"
	body := func(kind string, role ledger.Role, lines string) string {
		return fmt.Sprintf(`{"kind":%q,"scheme":"rural","year":2018,"fund_account":%q,"payer":"payer","document":"list of %s","lines":[%s]}`,
			kind, y.account(role), kind, lines)
	}
	line := func(member int, amount string) string {
		return fmt.Sprintf(`{"member_id":"%d","amount":%q}`, member, amount)
	}
	good := body("relative", ledger.Income, line(960_002, "500.00")+","+line(960_003, "200.00"))
	y.post("finance-maker", path, good, 403, "duty_conflict")
	y.post("business-checker", path, good, 403, "duty_conflict")
	y.post("business-maker", path, body("relative", ledger.FiscalSpecial, line(960_002, "1.00")), 422, "list_account")
	y.post("business-maker", path, body("tax", ledger.FiscalSpecial, line(960_002, "1.00")), 422, "collected_by_agency")
	refused := read[struct {
		Lines []refusedRow
	}](y.t, y.post("business-maker", path, body("relative", ledger.Income, line(960_002, "500.01")+","+line(960_003, "200.00")+
		","+line(7, "1.00")+","+line(960_003, "1.00")), 422, "list_refused"))
	want := []refusedRow{{1, "over_due", "amount"}, {3, "member_not_found", "member_id"}, {4, "list_invalid", "member_id"}}
	if diff := cmp.Diff(want, refused.Lines); diff != "" {
		y.t.Errorf("the refused lines (-want +got): %s", diff)
	}
	relatives := read[shownList](y.t, y.post("business-maker", path, good, 201, ""))
	y.decide(relatives.Decision)
	if n := y.count(`select count(*) from posting`); n != 0 {
		y.t.Errorf("%d lines are posted before any money", n)
	}
	y.named(relatives.ID, ledger.Income, "699.99", "G1", false)
	y.named(relatives.ID, ledger.Income, "0.01", "G2", true)
	var shown shownList
	y.get("auditor", path+"/"+relatives.ID, &shown)
	if shown.Status != "posted" || shown.Arrived != "700.00" || shown.Posted != 2 || shown.Amount != "700.00" {
		y.t.Errorf("the relatives' list is %+v", shown)
	}
	if got := y.listLines(relatives.ID); got != "1 960002 500.00 posted; 2 960003 200.00 posted" {
		y.t.Errorf("its lines are %s", got)
	}
	y.post("business-maker", path+"/"+relatives.ID+"/end", `{"reason":"x"}`, 409, "list_closed")
	poor := body("government", ledger.FiscalSpecial, `{"member_id":"960001","amount":"100.00","category":"low_income"}`)
	y.post("business-maker", path, strings.Replace(poor, "100.00", "99.99", 1), 422, "list_refused")
	government := read[shownList](y.t, y.post("business-maker", path, poor, 201, ""))
	y.decide(government.Decision)
	// The bank's notice names the list itself.
	notice := func(role ledger.Role, amount, more string) response {
		return y.arrives(role, amount, "G3", `,"contribution_list":"`+government.ID+`"`+more)
	}
	for code, res := range map[string]response{
		"fund_account_not_found": notice(ledger.Income, "100.00", ""),
		"list_invalid":           notice(ledger.FiscalSpecial, "100.00", `,"terminal":"T1","terminal_date":"2018-05-10"`),
	} {
		if res.code() != code {
			y.t.Errorf("a notice is refused as %s, want %s", res.body, code)
		}
	}
	told := read[struct{ Agreed bool }](y.t, notice(ledger.FiscalSpecial, "100.00", ""))
	if !told.Agreed {
		y.t.Error("what the bank named for the list does not agree with it")
	}
	y.work()
	aid := read[shownList](y.t, y.post("business-maker", path, body("collective", ledger.Income, line(960_001, "50.00")), 201, ""))
	y.decide(aid.Decision)
	y.named(aid.ID, ledger.Income, "50.00", "G4", true)
	if got := y.contributed(); got != "800.00" {
		y.t.Errorf("contributions of members are %s", got)
	}
}

// named has an officer name money for a list.
func (y *yearHouse) named(list string, role ledger.Role, amount, reference string, agreed bool) {
	y.t.Helper()
	res := y.arrives(role, amount, reference, "")
	arrival := read[struct{ ID string }](y.t, res)
	got := read[struct{ Agreed bool }](y.t, y.post("finance-maker", "/v1/contribution-lists/"+list+"/money",
		`{"arrival_id":"`+arrival.ID+`","reason":"advice"}`, 200, ""))
	if got.Agreed != agreed {
		y.t.Errorf("%s for list %s: agreed is %t", amount, list, got.Agreed)
	}
	y.work()
}

// contributed is what members' own contributions came to in the fund.
func (y *yearHouse) contributed() string {
	var fen int64
	err := y.pool.QueryRow(y.t.Context(), `select coalesce(sum(case when red then -amount else amount end), 0)::bigint from posting
		where role = 'contribution_individual'`).Scan(&fen)
	if err != nil {
		y.t.Fatal(err)
	}
	return fmt.Sprintf("%d.%02d", fen/100, fen%100)
}

type shownInterest struct {
	ID, Status, Rate, Percent, Interest, Before, Rise, Fall string
	Round, Accounts, Posted                                 int
	LeftOver                                                string `json:"left_over"`
	RateDocument                                            string `json:"rate_document"`
	Decision                                                string `json:"decision_id"`
}

func (y *yearHouse) interestLines(id string) string {
	y.t.Helper()
	var page struct {
		Items []struct {
			Member                            string `json:"member_id"`
			Opening, Interest, Before, Amount string
			PaidIn                            string `json:"paid_in"`
		}
	}
	y.get("auditor", "/v1/interest-runs/"+id+"/lines", &page)
	var text []string
	for _, l := range page.Items {
		text = append(text, strings.Join([]string{l.Member, l.Opening, l.PaidIn, l.Interest, l.Before, l.Amount}, " "))
	}
	return strings.Join(text, "; ")
}

// A year's interest over HTTP: refused while a rate is not known, decided by two people,
// posted at the provisional rate and then by its difference at the final one, told to the
// members; and the subsidies of the year, level by level.
func TestAYearOfAccountsOverHTTP(t *testing.T) {
	t.Parallel()
	y := openYears(t)
	y.contributions()
	const path = "/v1/interest-runs"
	order := func(rate string) string { return fmt.Sprintf(`{"scheme":"rural","year":2018,"rate":%q}`, rate) }
	y.post("business-maker", path, order("provisional"), 409, "year_not_over")
	y.goOn("2019-01-15")
	for _, who := range []string{"finance-maker", "bureau-maker", "business-checker", "auditor"} {
		y.post(who, path, order("provisional"), 403, "duty_conflict")
	}
	y.post("business-maker", path, order("provisional"), 422, "no_rule")
	y.post("business-maker", path, order("best"), 400, "invalid_request")
	y.rules("interest_rate_provisional|2018-01-01|1.50%|notice 1")
	y.post("business-maker", path, order("final"), 422, "no_rule")
	if n := y.count(`select count(*) from interest_run`); n != 0 {
		t.Errorf("%d runs are kept of refused orders", n)
	}

	first := read[shownInterest](t, y.post("business-maker", path, order("provisional"), 201, ""))
	// (100 + 50) × 1.5 % × 7/12 = 1.3125; 500: 4.375; 200: 1.75
	if first.Interest != "7.44" || first.Rise != "7.44" || first.Fall != "0.00" || first.Percent != "1.5%" ||
		first.RateDocument != "notice 1" || first.Accounts != 3 || first.Status != "submitted" {
		t.Errorf("the provisional run is %+v", first)
	}
	y.post("business-maker", path, order("provisional"), 409, "interest_run_open")
	if n := y.count(`select count(*) from posting where kind = 'account_interest'`); n != 0 {
		t.Errorf("%d lines of interest are posted before anybody decided", n)
	}
	y.decide(first.Decision)
	y.post("business-maker", path, order("provisional"), 409, "interest_run_made")
	y.rules("interest_rate|2018-01-01|1.20%|notice 2")
	second := read[shownInterest](t, y.post("business-maker", path, order("final"), 201, ""))
	// 1.05, 3.50, 1.40
	if second.Interest != "5.95" || second.Before != "7.44" || second.Rise != "0.00" || second.Fall != "1.49" ||
		second.LeftOver != "0.00" || second.RateDocument != "notice 2" {
		t.Errorf("the final run is %+v", second)
	}
	y.decide(second.Decision)
	for id, want := range map[string]string{
		first.ID: "960001 0.00 150.00 1.31 0.00 1.31; 960002 0.00 500.00 4.38 0.00 4.38; 960003 0.00 200.00 1.75 0.00 1.75",
		second.ID: "960001 0.00 150.00 1.05 1.31 -0.26; 960002 0.00 500.00 3.50 4.38 -0.88; " +
			"960003 0.00 200.00 1.40 1.75 -0.35",
	} {
		if got := y.interestLines(id); got != want {
			t.Errorf("the lines are %s, want %s", got, want)
		}
	}
	var list struct{ Items []shownInterest }
	y.get("auditor", path+"?scheme=rural&year=2018", &list)
	if len(list.Items) != 2 || list.Items[0].Status != "posted" || list.Items[1].Status != "posted" || list.Items[1].Posted != 3 {
		t.Errorf("the runs are %+v", list.Items)
	}
	y.expect(request{method: "GET", path: path + "/77", token: y.tokens["auditor"]}, 404, "interest_run_not_found")
	y.subsidies()
	y.told()
	y.balanced(t)
}

type shownSubsidies struct {
	ID, Status, Receivable string
	Accounts, Round        int
	Decision               string  `json:"decision_id"`
	CreditedFrom           *string `json:"credited_from"`
	Levels                 []struct {
		Level, Receivable, Arrived string
		Arrivals                   []struct {
			ID, Amount string
			LateMonths int     `json:"late_months"`
			Late       *string `json:"late_interest"`
		}
	}
}

// levels is a list's money on one line.
func (s shownSubsidies) levels() string {
	var text []string
	for _, l := range s.Levels {
		word := l.Level + " " + l.Receivable + " " + l.Arrived
		for _, a := range l.Arrivals {
			late := "unknown"
			if a.Late != nil {
				late = *a.Late
			}
			word += fmt.Sprintf(" late %d %s", a.LateMonths, late)
		}
		text = append(text, word)
	}
	return strings.Join(text, "; ")
}

// subsidies are 30.00, 60.00 and 30.00, a third from the province, the rest a month late
// from the county.
func (y *yearHouse) subsidies() {
	y.t.Helper()
	const path = "/v1/subsidy-runs"
	const order = `{"scheme":"rural","year":2018,"due_on":"2018-12-31","document":"letter 5"}`
	y.post("business-maker", path, order, 422, "no_rule")
	y.rules("contribution_subsidies|2018-01-01|100.00:30.00 500.00:60.00|letter 3",
		"contribution_subsidy_payers|2018-01-01|province:33.333333% county:66.666667%|letter 3")
	y.post("finance-maker", path, order, 403, "duty_conflict")
	run := read[shownSubsidies](y.t, y.post("business-maker", path, order, 201, ""))
	if run.Receivable != "120.00" || run.Accounts != 3 || run.Status != "receivable" ||
		run.levels() != "province 40.00 0.00; county 80.00 0.00" {
		y.t.Errorf("the list is %+v", run)
	}
	credit := path + "/" + run.ID + "/credit"
	y.post("business-maker", credit, "", 409, "subsidy_not_arrived")
	money := func(amount, day, purpose string) string {
		made := read[sentTransfer](y.t, y.post("bureau-maker", "/v1/fund-transfers", fmt.Sprintf(
			`{"kind":"subsidy","to_account":%q,"amount":%q,"purpose":%q,"effective_on":%q,"document":"advice"}`,
			y.account(ledger.FiscalSpecial), amount, purpose, day), 201, ""))
		y.post("bureau-checker", "/v1/fund-transfers/"+made.ID+"/approve", digestBody(made.Digest), 200, "")
		return made.ID
	}
	name := func(transfer, level string, status int, code string) response {
		return y.post("business-maker", path+"/"+run.ID+"/arrivals",
			fmt.Sprintf(`{"transfer_id":%q,"level":%q}`, transfer, level), status, code)
	}
	province := money("40.00", "2018-12-20", "contribution")
	name(money("80.00", "2018-12-20", "base_pension"), "county", 422, "subsidy_transfer")
	name(province, "centre", 400, "subsidy_run_invalid")
	part := func(amount string, status int, code string) response {
		return y.post("business-maker", path+"/"+run.ID+"/arrivals",
			fmt.Sprintf(`{"transfer_id":%q,"level":"province","amount":%q}`, province, amount), status, code)
	}
	part("0.00", 400, "subsidy_run_invalid")
	part("40.01", 409, "subsidy_transfer_named")
	named := read[shownSubsidies](y.t, part("15.00", 200, ""))
	if got := named.levels(); !strings.HasPrefix(got, "province 40.00 15.00") {
		y.t.Errorf("a part is %s", got)
	}
	back := path + "/" + run.ID + "/arrivals/" + named.Levels[0].Arrivals[0].ID + "/withdraw"
	y.post("business-maker", back, `{"document":"letter 6"}`, 403, "same_person")
	y.post("business-maker", path+"/"+run.ID+"/arrivals/77/withdraw", `{"document":"letter 6"}`, 404, "subsidy_arrival_not_found")
	name(province, "province", 200, "")
	name(province, "county", 409, "subsidy_transfer_named")
	y.post("business-maker", path, order, 409, "subsidy_run_open")
	name(money("79.99", "2019-01-10", "contribution"), "county", 200, "")
	y.post("business-maker", credit, "", 409, "subsidy_not_arrived")
	run = read[shownSubsidies](y.t, name(money("0.01", "2019-01-10", "contribution"), "county", 200, ""))
	if got := run.levels(); got != "province 40.00 40.00 late 0 0.00 late 0 0.00; county 80.00 80.00 late 1 unknown late 1 unknown" {
		y.t.Errorf("what arrived is %s", got)
	}
	y.rules("interest_rate_provisional|2019-01-01|1.20%|notice 3")
	run = read[shownSubsidies](y.t, y.post("business-maker", credit, "", 200, ""))
	if run.Status != "submitted" {
		y.t.Errorf("asked for as %+v", run)
	}
	y.post("business-maker", credit, "", 409, "subsidy_run_replaced")
	y.decide(run.Decision)
	var list struct{ Items []shownSubsidies }
	y.get("auditor", "/v1/subsidies?scheme=rural&year=2018", &list)
	// 79.99 × 1.2 % / 12 = 0.07999
	if len(list.Items) != 1 || list.Items[0].Status != "credited" || list.Items[0].CreditedFrom == nil ||
		*list.Items[0].CreditedFrom != "2019-01-10" ||
		list.Items[0].levels() != "province 40.00 40.00 late 0 0.00 late 0 0.00; county 80.00 80.00 late 1 0.08 late 1 0.00" {
		y.t.Errorf("the subsidies are %+v", list.Items)
	}
}

type shownParts struct{ Individual, Collective, Subsidy, Interest, Total string }

func (p shownParts) String() string {
	return strings.Join([]string{p.Individual, p.Collective, p.Subsidy, p.Interest, p.Total}, " ")
}

type shownStatement struct {
	Member           string `json:"member_id"`
	Name             string
	Opening, Closing shownParts
	Years            int `json:"years_paid"`
	Lines            []struct {
		Date, Kind string
		ForYear    int `json:"for_year"`
		Amounts    shownParts
	}
	Interest []struct{ Rate, Percent, Document, Amount string }
}

// told is what members read of their year: one in JSON and on paper, the village in JSON
// and on paper.
func (y *yearHouse) told() {
	y.t.Helper()
	const one, village = "/v1/members/960002/statement", "/v1/reports/entitlement-statements?region=610304100001&year="
	var s shownStatement
	y.get("auditor", one+"?year=2018", &s)
	var lines []string
	for _, l := range s.Lines {
		lines = append(lines, fmt.Sprintf("%s %s %d %s", l.Date, l.Kind, l.ForYear, l.Amounts))
	}
	want := []string{
		"2018-05-10 contribution 2018 500.00 0.00 0.00 0.00 500.00", "2018-12-31 account_interest 2018 0.00 0.00 0.00 4.38 4.38",
		"2018-12-31 account_interest 2018 0.00 0.00 0.00 -0.88 -0.88",
	}
	if diff := cmp.Diff(want, lines); diff != "" || s.Opening.String() != "0.00 0.00 0.00 0.00 0.00" ||
		s.Closing.String() != "500.00 0.00 0.00 3.50 503.50" || s.Years != 1 || strings.Contains(s.Name, "payer") {
		y.t.Errorf("the year is %+v, its lines (-want +got) %s", s, diff)
	}
	if got := fmt.Sprint(s.Interest); got != "[{provisional 1.5% notice 1 4.38} {final 1.2% notice 2 -0.88}]" {
		y.t.Errorf("its interest is %s", got)
	}
	y.get("business-maker", one+"?year=2019", &s)
	if s.Opening.String() != "500.00 0.00 0.00 3.50 503.50" || s.Closing.String() != "500.00 0.00 60.00 3.50 563.50" {
		y.t.Errorf("the next year is %+v", s)
	}
	y.expect(request{method: "GET", path: "/v1/members/77/statement?year=2018", token: y.tokens["auditor"]}, 404, "member_not_found")
	var page struct{ Items []shownStatement }
	y.get("auditor", village+"2018", &page)
	closing := map[string]string{}
	for _, s := range page.Items {
		closing[s.Member] = s.Closing.String()
	}
	if len(page.Items) != 7 || closing["960001"] != "100.00 50.00 0.00 1.05 151.05" ||
		closing["960003"] != "200.00 0.00 0.00 1.40 201.40" {
		y.t.Errorf("the village's are %v", closing)
	}
	paper := pdfText(y.t, y.printed(y.t, "auditor", one+"?year=2018&format=pdf&lang=en", pdfKind, "statement-960002-2018.pdf"))
	for _, text := range []string{"Entitlement statement 2018", "|500.00|", "|4.38|", "|-0.88|", "|3.50|503.50|", "|notice 2|"} {
		if !strings.Contains(paper, text) {
			y.t.Errorf("the paper does not say %s: %s", text, paper)
		}
	}
	if strings.Contains(paper, "151.05") {
		y.t.Error("the paper tells of somebody else")
	}
	paper = pdfText(y.t, y.printed(y.t, "auditor", village+"2018&format=pdf", pdfKind, "statements-610304100001-2018.pdf"))
	for _, text := range []string{"|1.05|151.05|", "|3.50|503.50|", "|1.40|201.40|", "年末余额"} {
		if !strings.Contains(paper, text) {
			y.t.Errorf("the village's paper does not say %s", text)
		}
	}
	y.expect(request{
		method: "GET", path: village + "2018&format=pdf", token: y.tokens["nobody"],
	}, 401, "")
}

var (
	pdfStream = regexp.MustCompile(`(?s)/Length (\d+).*?stream\n`)
	pdfGlyphs = regexp.MustCompile(`<([0-9A-F]{4})><[0-9A-F]{4}><([0-9A-F]{4,})>`)
	pdfTexts  = regexp.MustCompile(`\[<([0-9A-F]*)>\] TJ`)
)

// pdfText is every text of a paper, bars between.
func pdfText(t *testing.T, file string) string {
	t.Helper()
	glyphs, pages := map[string]rune{}, ""
	for _, at := range pdfStream.FindAllStringSubmatchIndex(file, -1) {
		n, _ := strconv.Atoi(file[at[2]:at[3]])
		stream := file[at[1]:min(at[1]+n, len(file))]
		for _, g := range pdfGlyphs.FindAllStringSubmatch(stream, -1) {
			code, _ := strconv.ParseInt(g[2], 16, 32)
			glyphs[g[1]] = rune(code)
		}
		if z, err := zlib.NewReader(bytes.NewReader([]byte(stream))); err == nil {
			text, err := io.ReadAll(z)
			if err != nil {
				t.Fatal(err)
			}
			pages += string(text)
		}
	}
	var text strings.Builder
	for _, m := range pdfTexts.FindAllStringSubmatch(pages, -1) {
		for i := 0; i+4 <= len(m[1]); i += 4 {
			text.WriteRune(glyphs[m[1][i:i+4]])
		}
		text.WriteByte('|')
	}
	return text.String()
}

package httpapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
)

// testToday is the business day of the tests that book.
func testToday() calendar.Day { return calendar.MustDay("2018-06-05") }

// fundHouse is a house with books and officers who keep them.
type fundHouse struct {
	*house

	books  pgtest.Books
	tokens map[string]string
	keys   int
}

func openFund(t *testing.T) *fundHouse {
	t.Helper()
	return openFundWith(t, setup{})
}

func openFundWith(t *testing.T, s setup) *fundHouse {
	t.Helper()
	h := &fundHouse{house: open(t, s), books: pgtest.Books{}, tokens: map[string]string{}, keys: 0}
	h.books = pgtest.SeedBooks(t, h.data, 610304, ledger.Rural, calendar.MustDay("2018-05-01"))
	for name, o := range h.books.Officers {
		h.tokens[name] = h.session(o.Login+"x", o.Organisation, o.Duties[0])
		// The session is of the seeded login, whose person the tests rely on.
		h.data.Exec(t, `update session set login = $1 where login = $2`, o.Login, o.Login+"x")
	}
	return h
}

func (h *fundHouse) post(who, path, body string, status int, code string) response {
	h.tb.Helper()
	h.keys++
	return h.expect(request{
		method: "POST", path: path, body: body, token: h.tokens[who], key: fmt.Sprintf("fund-key-%d", h.keys),
	}, status, code)
}

func (h *fundHouse) get(who, path string, to any) {
	h.tb.Helper()
	res := h.expect(request{method: "GET", path: path, token: h.tokens[who]}, 200, "")
	if err := json.Unmarshal([]byte(res.body), to); err != nil {
		h.tb.Fatalf("%s answered %s: %v", path, res.body, err)
	}
}

func (h *fundHouse) account(role ledger.Role) string { return fmt.Sprint(h.books.Accounts[role]) }

type sentTransfer struct {
	ID, Digest, Status, Moved, Amount, Scheme string
}

func read[T any](t *testing.T, res response) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(res.body), &v); err != nil {
		t.Fatalf("%s: %v", res.body, err)
	}
	return v
}

func TestFundTransfersOverHTTP(t *testing.T) {
	t.Parallel()
	h := openFund(t)
	subsidy := `{"kind":"subsidy","to_account":"` + h.account(ledger.FiscalSpecial) +
		`","amount":"1568000.00","purpose":"unspecified","effective_on":"2018-06-04","document":"centre"}`
	h.post("finance-maker", "/v1/fund-transfers", subsidy, 403, "duty_conflict")
	h.post("auditor", "/v1/fund-transfers", subsidy, 403, "duty_conflict")
	made := read[sentTransfer](t, h.post("bureau-maker", "/v1/fund-transfers", subsidy, 201, ""))
	if made.Status != "submitted" || made.Scheme != "rural" || len(made.Digest) != 64 || made.Moved != "" {
		t.Errorf("submitted %+v", made)
	}
	verdict := func(digest string) string { return `{"digest":"` + digest + `"}` }
	path := "/v1/fund-transfers/" + made.ID
	h.post("bureau-checker", path+"/approve", verdict(strings.Repeat("0", 64)), 409, "digest_differs")
	h.post("finance-checker", path+"/approve", verdict(made.Digest), 403, "duty_conflict")
	booked := read[sentTransfer](t, h.post("bureau-checker", path+"/approve", verdict(made.Digest), 200, ""))
	if booked.Status != "booked" || booked.Moved != "1568000.00" || booked.Digest != made.Digest {
		t.Errorf("booked %+v", booked)
	}
	h.post("bureau-checker", path+"/reject", verdict(made.Digest), 409, "already_decided")
	h.post("bureau-maker", path+"/withdraw", "", 409, "already_decided")

	// What the two lines forbid is refused when it is submitted, with the rule's name.
	forbidden := `{"kind":"sweep","from_account":"` + h.account(ledger.Income) + `","to_account":"` +
		h.account(ledger.Expenditure) + `","amount":"all","effective_on":"2018-06-04","document":"x"}`
	refused := h.post("finance-maker", "/v1/fund-transfers", forbidden, 422, "two_line_violation")
	if !strings.Contains(refused.body, "财社〔2017〕144号") {
		t.Errorf("the refusal does not name the rule: %s", refused.body)
	}
	sweep := strings.Replace(forbidden, h.account(ledger.Expenditure), h.account(ledger.FiscalSpecial), 1)
	empty := read[sentTransfer](t, h.post("finance-maker", "/v1/fund-transfers", sweep, 201, ""))
	if empty.Amount != "all" {
		t.Errorf("a sweep of %s", empty.Amount)
	}
	emptyPath := "/v1/fund-transfers/" + empty.ID
	h.post("finance-checker", emptyPath+"/approve", verdict(empty.Digest), 422, "insufficient_balance")
	h.post("finance-second", emptyPath+"/approve", verdict(empty.Digest), 403, "same_person")
	h.post("finance-second", emptyPath+"/withdraw", "", 200, "")

	allocation := `{"kind":"allocation","from_account":"` + h.account(ledger.FiscalSpecial) + `","to_account":"` +
		h.account(ledger.Expenditure) + `","amount":"1568000.01","effective_on":"2018-06-05","document":"plan"}`
	over := read[sentTransfer](t, h.post("bureau-maker", "/v1/fund-transfers", allocation, 201, ""))
	overPath := "/v1/fund-transfers/" + over.ID
	res := h.post("bureau-checker", overPath+"/approve", verdict(over.Digest), 422, "insufficient_balance")
	if !strings.Contains(res.body, "1568000.00") {
		t.Errorf("the refusal does not name the balance: %s", res.body)
	}
	h.post("bureau-checker", overPath+"/reject",
		`{"digest":"`+over.Digest+`","reason":"too much"}`, 200, "")
	for name, body := range map[string]string{
		"an amount that is a number": strings.Replace(allocation, `"1568000.01"`, `1568000.01`, 1),
		"a field nobody knows":       strings.Replace(allocation, `"kind"`, `"x":1,"kind"`, 1),
		"a kind nobody knows":        strings.Replace(allocation, `allocation`, `gift`, 1),
	} {
		h.keys++
		r := h.do(request{
			method: "POST", path: "/v1/fund-transfers", body: body, token: h.tokens["bureau-maker"],
			key: fmt.Sprintf("fund-key-%d", h.keys),
		})
		if r.status < 400 || r.status >= 500 || r.status == 409 {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}

	var page struct {
		Items      []sentTransfer
		NextCursor string `json:"next_cursor"`
	}
	h.get("auditor", "/v1/fund-transfers?limit=2", &page)
	if len(page.Items) != 2 || page.Items[0].ID != made.ID || page.NextCursor == "" {
		t.Errorf("first page %+v", page)
	}
	h.get("auditor", "/v1/fund-transfers?limit=2&cursor="+page.NextCursor, &page)
	if len(page.Items) != 1 || page.Items[0].ID != over.ID {
		t.Errorf("second page %+v", page)
	}
	var one sentTransfer
	h.get("auditor", path, &one)
	if one != booked {
		t.Errorf("read %+v, booked %+v", one, booked)
	}
	h.get("auditor", "/v1/fund-transfers?status=withdrawn", &page)
	if len(page.Items) != 1 || page.Items[0].ID != empty.ID {
		t.Errorf("withdrawn %+v", page)
	}
	n := h.count(`select count(*) from audit where action like 'POST /v1/fund-transfers%' and result = 'done'`)
	if n != 6 {
		t.Errorf("%d effects stand in the audit trail, want 6", n)
	}
}

func TestTheBookOverHTTP(t *testing.T) {
	t.Parallel()
	h := openFund(t)
	h.move(t, "bureau", `"kind":"subsidy","purpose":"base_pension","to_account":"`+h.account(ledger.FiscalSpecial)+
		`","amount":"100.00"`)
	h.move(t, "bureau", `"kind":"interest","to_account":"`+h.account(ledger.FiscalSpecial)+`","amount":"1.00"`)
	h.move(t, "bureau", `"kind":"allocation","from_account":"`+h.account(ledger.FiscalSpecial)+`","to_account":"`+
		h.account(ledger.Expenditure)+`","amount":"30.00"`)

	var accounts struct {
		Items []struct{ ID, Role, Balance, Account, Bank string }
	}
	h.get("business-maker", "/v1/fund-accounts", &accounts)
	held := map[string]string{}
	for _, a := range accounts.Items {
		held[a.Role] = a.Balance
		if !strings.HasPrefix(a.Account, "****") {
			t.Errorf("account number %s is not masked", a.Account)
		}
	}
	if len(accounts.Items) != 5 || held["fiscal_special"] != "71.00" || held["expenditure"] != "30.00" ||
		held["income"] != "0.00" {
		t.Errorf("accounts %v", held)
	}

	type line struct{ Kind, Debit, Credit, Balance string }
	var journal struct {
		Items            []line
		NextCursor       string `json:"next_cursor"`
		Opening, Closing string
	}
	path := "/v1/fund-accounts/" + h.account(ledger.FiscalSpecial) + "/journal?from=2018-06-01&to=2018-06-05&limit=2"
	h.get("auditor", path, &journal)
	want := []line{{"subsidy", "100.00", "0.00", "100.00"}, {"interest", "1.00", "0.00", "101.00"}}
	if fmt.Sprint(journal.Items) != fmt.Sprint(want) || journal.Opening != "0.00" || journal.Closing != "71.00" {
		t.Errorf("journal %+v", journal)
	}
	path += "&cursor=" + journal.NextCursor
	journal.NextCursor = ""
	h.get("auditor", path, &journal)
	if fmt.Sprint(journal.Items) != "[{allocation 0.00 30.00 71.00}]" || journal.NextCursor != "" {
		t.Errorf("second page %+v", journal)
	}
	h.expect(request{
		method: "GET", path: "/v1/fund-accounts/7/journal?from=2018-06-01&to=2018-06-05", token: h.tokens["auditor"],
	}, 404, "not_found")

	var trial struct {
		Fund string `json:"fund_sum"`
		Memo string `json:"memorandum_sum"`
		Rows []struct{ Code, Balance string }
	}
	h.get("auditor", "/v1/reports/trial-balance?scheme=rural&day=2018-06-05", &trial)
	rows := map[string]string{}
	for _, r := range trial.Rows {
		rows[r.Code] = r.Balance
	}
	if trial.Fund != "0.00" || trial.Memo != "0.00" || rows["1003"] != "71.00" || rows["400201"] != "-100.00" {
		t.Errorf("trial balance %+v", trial)
	}

	closing := "/v1/periods/" + h.account(ledger.FiscalSpecial) + "/2018-05/close"
	h.post("finance-maker", closing, "", 403, "duty_conflict")
	h.post("finance-checker", closing, "", 409, "period_not_sealed")
	for day := testDay("2018-05-01"); day.Before(testDay("2018-06-01")); day = day.AddDays(1) {
		if _, err := h.pool.Exec(t.Context(), `select seal_day(610304, 'rural', $1, now())`, day.Time()); err != nil {
			t.Fatal(err)
		}
	}
	h.post("finance-checker", closing, "", 409, "period_not_covered")
	h.data.Exec(t, emptyMay, h.account(ledger.FiscalSpecial))
	h.post("finance-checker", closing, "", 409, "period_not_matched")
	h.post("finance-maker", "/v1/reconciliations/"+h.account(ledger.FiscalSpecial)+"/2018-05-31/run", `{}`, 200, "")
	type sentPeriod struct {
		Month, Closing, Digest string
		ClosedBy               string `json:"closed_by"`
		ClosedAt               string `json:"closed_at"`
	}
	period := read[sentPeriod](t, h.post("finance-checker", closing, "", 200, ""))
	if period.Month != "2018-05" || period.Closing != "0.00" || len(period.Digest) != 64 || period.ClosedAt == "" ||
		period.ClosedBy != h.books.Officers["finance-checker"].Login {
		t.Errorf("closed %+v", period)
	}
	h.post("finance-checker", closing, "", 409, "period_closed")
	h.post("finance-checker", closing+"?tolerated_differences=-0.01", "", 409, "period_closed")
	h.post("finance-checker", closing+"?tolerated_differences=1", "", 400, "")
	var months struct {
		Items []struct {
			Month, State string
			Close        *sentPeriod
			Blocks       []struct{ Code, Text string }
		}
	}
	h.get("auditor", "/v1/periods?account="+h.account(ledger.FiscalSpecial), &months)
	if len(months.Items) != 2 || months.Items[0].State != "closed" || months.Items[0].Close.Digest != period.Digest ||
		months.Items[1].State != "open" || len(months.Items[1].Blocks) == 0 ||
		months.Items[1].Blocks[0].Code != "period_not_sealed" || months.Items[1].Blocks[0].Text == "" {
		t.Errorf("months %+v", months)
	}
}

// emptyMay has the bank state a May without movement.
const emptyMay = `insert into statement (area, id, fund_account, day_from, day_to, number, opening, closing, line_count,
	receipt_id, taken_in_at) values (610304, 7000001, $1, '2018-05-01', '2018-05-31', '1', 0, 0, 0, 1, now())`

func testDay(s string) calendar.Day { return calendar.MustDay(s) }

// move submits and approves by the officers of one office.
func (h *fundHouse) move(t *testing.T, office, fields string) {
	t.Helper()
	made := read[sentTransfer](t, h.post(office+"-maker", "/v1/fund-transfers",
		`{`+fields+`,"effective_on":"2018-06-05","document":"x"}`, 201, ""))
	h.post(office+"-checker", "/v1/fund-transfers/"+made.ID+"/approve", `{"digest":"`+made.Digest+`"}`, 200, "")
}

// A township has nothing to do with the fund's accounts.
func TestFundRoutesAreNotForTownships(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	token := h.session("town", approval.Township, approval.Maker)
	for _, path := range []string{
		"/v1/fund-accounts", "/v1/fund-accounts/1/journal?from=2018-06-01&to=2018-06-05", "/v1/fund-transfers",
		"/v1/fund-transfers/1", "/v1/reports/trial-balance?scheme=rural&day=2018-06-05",
	} {
		h.expect(request{method: "GET", path: path, token: token}, 403, "duty_conflict")
	}
	for _, r := range h.server.Table() {
		if strings.HasPrefix(r.Path, "/v1/fund-") && (r.Banks || r.Anyone || r.Any) {
			t.Errorf("%s %s is open to banks or everybody", r.Method, r.Path)
		}
	}
}

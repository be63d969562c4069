package httpapi_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"twoline/adapters/httpapi"
	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/party"
)

// county is a house with one county at work: a batch at a bank with an answer, a
// receipt, accounts to open, mandates, a move that waits for its checker. Beside
// it stand another bank of the same county, and another county with a bank and
// officers of its own.
type county struct {
	*house

	books, elsewhere pgtest.Books
	tokens           map[string]string // by name and area: "finance-maker.610304"
	batch, opening   string
	receipt, upload  string
	transfer, digest string
	item, member     string
	arrival          string
	acknowledgement  string
	serial           int
}

const countyMembers = 12

func openCounty(t *testing.T) *county {
	t.Helper()
	c := &county{house: open(t, setup{}), tokens: map[string]string{}}
	c.books = c.keep(t, 610304)
	c.elsewhere = c.keep(t, 610303)
	c.data.Exec(t, `insert into bank (area, bank, bank_no, name, format, row_limit) values
		(610303, 'abc', '103100000026', 'agricultural', 'json', 10000)`)
	c.addKey("abc", "abc-1")
	// The other bank of the county collects as well, on an account of its own.
	c.data.Exec(t, `insert into fund_account (area, scheme, role, bank, account_no, name, opened_on) values
		(610304, 'rural', 'income', 'rcu', '88001', 'income', '2018-05-01')`)
	c.data.Exec(t, `insert into region (region, area, name) values (610304100001, 610304, 'east')`)
	for n := 1; n <= countyMembers; n++ {
		c.data.Exec(t, `insert into member (area, id, id_number, social_no, name, region, scheme, joined_on)
			values (610304, $1::int, $2, $3, $4, 610304100001, 'rural', '2011-01-01')`, 900_000+n, personID(n),
			fmt.Sprintf("S%08d", n), fmt.Sprintf("member %d", n))
	}
	// The last two have no account: the bank is asked to open one. The one before has no mandate.
	c.data.Exec(t, fmt.Sprintf(`
		insert into instrument (area, id, member_id, bank, kind, account_no, activated, for_payout, opened_on)
		select area, id + 1000000, id, 'psbc', 'passbook', '6100' || id, true, true, '2011-01-01' from member
		where id <= 900000 + %d`, countyMembers-2))
	c.data.Exec(t, `insert into mandate (area, id, member_id, instrument_id, bank, number, signed_on)
		select area, id + 1000000, member_id, id, 'psbc', 'M' || member_id, '2011-01-01' from instrument where member_id < 900010`)
	c.data.Exec(t, `insert into tier_choice select area, id, 2018, 10000, '2018-01-05' from member`)
	c.work(t)
	return c
}

// keep opens books in an area, with a session for each of its officers.
func (c *county) keep(t *testing.T, area int) pgtest.Books {
	t.Helper()
	b := pgtest.SeedBooks(t, c.data, party.Area(area), ledger.Rural, calendar.MustDay("2018-05-01"))
	for name, o := range b.Officers {
		login := o.Login + "x"
		c.tokens[fmt.Sprintf("%s.%d", name, area)] = c.session(login, o.Organisation, o.Duties[0])
		// The session is of the seeded login, in its own area and of its own person.
		c.data.Exec(t, `update session set login = $1 where login = $2`, o.Login, login)
	}
	return b
}

// work makes one of each thing, over HTTP.
func (c *county) work(t *testing.T) {
	t.Helper()
	run := read[struct {
		Batches []struct {
			ID, Amount, Digest string
			Count              int
		}
	}](t, c.post(t, "business-maker.610304", "/v1/withholding-runs", `{"scheme":"rural","year":2018,"banks":["psbc"]}`, 201, ""))
	if len(run.Batches) != 1 || run.Batches[0].Count != countyMembers-3 {
		t.Fatalf("the run made %+v", run)
	}
	b := run.Batches[0]
	c.batch = b.ID
	c.acknowledgement = fmt.Sprintf(`{"count":%d,"amount":"%s","digest":"%s"}`, b.Count, b.Amount, b.Digest)
	page := read[struct {
		Items []struct {
			ItemID string `json:"item_id"`
		}
	}](t, c.expect(request{method: "GET", path: "/v1/withholding-batches/" + c.batch + "/items", bank: "psbc-1"}, 200, ""))
	c.item, c.member = page.Items[0].ItemID, "900001"
	taken := read[struct {
		ReceiptID string `json:"receipt_id"`
	}](t, c.post(t, "psbc-1", "/v1/withholding-batches/"+c.batch+"/results", c.answer(c.item, "D-1"), 200, ""))
	c.receipt = taken.ReceiptID
	c.upload = read[struct{ ID string }](t, c.file(t, "psbc-1", "first.jsonl", "one", 202, "")).ID
	// Money that names no batch.
	c.arrival = read[struct{ ID string }](t, c.post(t, "psbc-1", "/v1/arrivals", `{"account":"`+
		number(c.books, ledger.Income)+`","amount":"100.00","bank_reference":"A-0","value_date":"2018-06-05"}`, 201, "")).ID
	openings := read[struct{ Openings []struct{ ID string } }](t,
		c.post(t, "business-maker.610304", "/v1/account-openings", `{"bank":"psbc"}`, 201, ""))
	c.opening = openings.Openings[0].ID
	made := read[sentTransfer](t, c.post(t, "bureau-maker.610304", "/v1/fund-transfers", c.subsidy("1000.00"), 201, ""))
	c.transfer, c.digest = made.ID, made.Digest
}

// answer is a request of one success.
func (c *county) answer(item, reference string) string {
	return `{"count":1,"amount":"100.00","results":[{"item_id":"` + item + `","outcome":"succeeded","amount":"100.00",` +
		`"bank_reference":"` + reference + `","value_date":"2018-06-05"}]}`
}

func (c *county) subsidy(amount string) string {
	return fmt.Sprintf(`{"kind":"subsidy","to_account":"%d","amount":"%s","purpose":"unspecified",`+
		`"effective_on":"2018-06-04","document":"centre"}`, c.books.Accounts[ledger.FiscalSpecial], amount)
}

// as makes a request somebody's: a bank's, by its key, or an officer's.
func (c *county) as(who string, r request) request {
	if _, ok := c.keys[who]; ok {
		r.bank = who
		return r
	}
	token, ok := c.tokens[who]
	if !ok {
		panic("nobody is " + who)
	}
	r.token = token
	return r
}

func (c *county) key() string {
	c.serial++
	return fmt.Sprintf("county-key-%d", c.serial)
}

func (c *county) post(t *testing.T, who, path, body string, status int, code string) response {
	t.Helper()
	return c.expect(c.as(who, request{method: "POST", path: path, body: body, key: c.key()}), status, code)
}

func (c *county) file(t *testing.T, who, name, content string, status int, code string) response {
	t.Helper()
	return c.expect(c.as(who, c.resultFile(name, content)), status, code)
}

func (c *county) resultFile(name, content string) request {
	return request{
		method: "PUT", path: "/v1/withholding-batches/" + c.batch + "/result-file?name=" + url.QueryEscape(name),
		body: content, contentType: "application/octet-stream", key: c.key(), upload: true,
	}
}

// account is the number of a fund account of pgtest's books.
func number(b pgtest.Books, role ledger.Role) string {
	for i, r := range []ledger.Role{
		ledger.Income, ledger.FiscalSpecial, ledger.FixedDeposit, ledger.Expenditure, ledger.Treasury,
	} {
		if r == role {
			return fmt.Sprintf("9%d%02d%s", int32(b.Area), i, b.Scheme)
		}
	}
	return ""
}

// probe is a request about a thing of the county: its owner is answered, and for
// the others there is no such thing.
type probe struct {
	route, path, body string
	owner             string
	others            []string
	status            int
	upload            bool
}

func (p probe) request(key string) request {
	method, _, _ := strings.Cut(p.route, " ")
	r := request{method: method, path: p.path, body: p.body, upload: p.upload}
	if p.upload {
		r.contentType = "application/octet-stream"
	}
	if method != "GET" {
		r.key = key
	}
	return r
}

// probes are the county's things by every route that names one. The last ones
// change what the ones before look at.
func (c *county) probes() []probe {
	banks := []string{"rcu-1", "abc-1"}
	far := func(name string) []string { return []string{name + ".610303"} }
	id := func(role ledger.Role) string { return fmt.Sprint(c.books.Accounts[role]) }
	b, t := "/v1/withholding-batches/"+c.batch, "/v1/fund-transfers/"+c.transfer
	list := []probe{
		{route: "GET /v1/withholding-batches/{id}", path: b, owner: "psbc-1", others: banks},
		{route: "GET /v1/withholding-batches/{id}", path: b, owner: "auditor.610304", others: far("auditor")},
		{route: "GET /v1/withholding-batches/{id}/items", path: b + "/items", owner: "psbc-1", others: banks},
		{
			route: "GET /v1/withholding-batches/{id}/items", path: b + "/items", owner: "business-maker.610304",
			others: far("business-maker"),
		},
		{route: "GET /v1/withholding-batches/{id}/file", path: b + "/file", owner: "psbc-1", others: banks},
		{route: "GET /v1/receipts/{id}", path: "/v1/receipts/" + c.receipt, owner: "psbc-1", others: banks},
		{
			route: "GET /v1/receipts/{id}", path: "/v1/receipts/" + c.upload, owner: "finance-maker.610304",
			others: far("finance-maker"),
		},
		{route: "GET /v1/receipts/{id}/lines", path: "/v1/receipts/" + c.receipt + "/lines", owner: "psbc-1", others: banks},
		{
			route: "GET /v1/receipts/{id}/lines", path: "/v1/receipts/" + c.receipt + "/lines", owner: "auditor.610304",
			others: far("auditor"),
		},
		{route: "GET /v1/items", path: "/v1/items?item_id=" + c.item, owner: "psbc-1", others: banks},
		{route: "GET /v1/items", path: "/v1/items?bank_reference=D-1", owner: "psbc-1", others: banks},
		{
			route: "GET /v1/items", path: "/v1/items?item_id=" + c.item, owner: "business-maker.610304",
			others: far("business-maker"),
		},
		// A person of the county, to another county's bank and officers.
		{
			route: "GET /v1/dues", path: "/v1/dues?member_id=" + c.member + "&year=2018", owner: "psbc-1",
			others: []string{"abc-1"},
		},
		{
			route: "GET /v1/dues", path: "/v1/dues?member_id=" + c.member + "&year=2018", owner: "business-maker.610304",
			others: far("business-maker"),
		},
		{
			route: "POST /v1/members/lookup", path: "/v1/members/lookup", body: `{"id_number":"` + personID(1) + `"}`,
			owner: "psbc-1", others: banks,
		},
		{
			route: "GET /v1/account-openings/{id}/file", path: "/v1/account-openings/" + c.opening + "/file",
			owner: "psbc-1", others: banks,
		},
		{
			route: "GET /v1/account-openings/{id}/file", path: "/v1/account-openings/" + c.opening + "/file",
			owner: "business-maker.610304", others: far("business-maker"),
		},
		{route: "GET /v1/fund-transfers/{id}", path: t, owner: "auditor.610304", others: far("auditor")},
		{
			route:  "GET /v1/fund-accounts/{id}/journal",
			path:   "/v1/fund-accounts/" + id(ledger.Income) + "/journal?from=2018-06-01&to=2018-06-05",
			owner:  "auditor.610304",
			others: far("auditor"),
		},
	}
	list = append(list, c.commands(banks, far, id)...)
	// A route whose service is not there is not asked.
	served := map[string]bool{}
	for _, r := range c.server.Table() {
		served[r.Method+" "+r.Path] = true
	}
	return slices.DeleteFunc(list, func(p probe) bool { return !served[p.route] })
}

// commands are the probes that change something where they are the owner's.
func (c *county) commands(banks []string, far func(string) []string, id func(ledger.Role) string) []probe {
	b, t := "/v1/withholding-batches/"+c.batch, "/v1/fund-transfers/"+c.transfer
	verdict := `{"digest":"` + c.digest + `"}`
	income := number(c.books, ledger.Income)
	arrival := func(account, reference, more string) string {
		return `{"account":"` + account + `","amount":"1.00","bank_reference":"` + reference + `","value_date":"2018-06-05"` +
			more + `}`
	}
	return []probe{
		{
			route: "POST /v1/withholding-batches/{id}/acknowledgement", path: b + "/acknowledgement", body: c.acknowledgement,
			owner: "psbc-1", others: banks,
		},
		{
			route: "POST /v1/withholding-batches/{id}/results", path: b + "/results", body: c.answer(c.item, "D-2"),
			owner: "psbc-1", others: banks,
		},
		{
			route: "PUT /v1/withholding-batches/{id}/result-file", path: b + "/result-file?name=x.jsonl", body: "x",
			owner: "psbc-1", others: banks, status: 202, upload: true,
		},
		{
			route: "POST /v1/arrivals", path: "/v1/arrivals", body: arrival(income, "A-1", ""), owner: "psbc-1",
			others: banks, status: 201,
		},
		{
			route: "POST /v1/arrivals", path: "/v1/arrivals", body: arrival(income, "A-2", `,"batch_id":"`+c.batch+`"`),
			owner: "psbc-1", others: banks, status: 201,
		},
		// On an account of its own, for a batch and an item of another bank.
		{
			route: "POST /v1/arrivals", path: "/v1/arrivals", body: arrival("88001", "A-3", `,"batch_id":"`+c.batch+`"`),
			others: []string{"rcu-1"},
		},
		{
			route: "POST /v1/arrivals", path: "/v1/arrivals", body: arrival("88001", "A-4", `,"item_id":"`+c.item+`"`),
			others: []string{"rcu-1"},
		},
		{
			route: "POST /v1/arrivals/{id}/batch", path: "/v1/arrivals/" + c.arrival + "/batch",
			body: `{"batch_id":"` + c.batch + `","reason":"letter"}`, owner: "business-maker.610304",
			others: far("business-maker"),
		},
		{
			route: "POST /v1/contributions", path: "/v1/contributions", body: `{"member_id":"900011","year":2018,` +
				`"amount":"1.00","channel":"counter","terminal":"T1","paid_on":"2018-06-05","account":"` + income +
				`","bank_reference":"C-1"}`, owner: "psbc-1", others: banks, status: 201,
		},
		{
			route: "PUT /v1/account-openings/{id}/result-file",
			path:  "/v1/account-openings/" + c.opening + "/result-file?name=x_S.txt", body: "x", owner: "psbc-1",
			others: banks, status: 202, upload: true,
		},
		{
			route: "PUT /v1/statements/{account}/{date}", path: "/v1/statements/" + income + "/2018-06-05", body: "x",
			owner: "psbc-1", others: banks, status: 202, upload: true,
		},
		{
			route: "POST /v1/mandates", path: "/v1/mandates", body: `{"action":"sign","area":"610304","number":"N1",` +
				`"id_number":"` + personID(10) + `","account_no":"6100900010","signed_on":"2018-06-05"}`,
			owner: "psbc-1", others: banks,
		},
		{
			route: "POST /v1/mandates", path: "/v1/mandates",
			body:  `{"action":"cancel","area":"610304","number":"M900003","ended_on":"2018-06-05"}`,
			owner: "psbc-1", others: banks,
		},
		{
			route: "POST /v1/fund-transfers", path: "/v1/fund-transfers", body: c.subsidy("5.00"),
			owner: "bureau-maker.610304", others: far("bureau-maker"), status: 201,
		},
		{
			route: "POST /v1/opening-balances", path: "/v1/opening-balances", body: `{"balances":[{"fund_account":"` +
				id(ledger.FiscalSpecial) + `","day":"2018-04-30","balance":"10.00","statement_number":"12"}]}`,
			owner: "finance-maker.610304", others: far("finance-maker"), status: 201,
		},
		{
			route: "GET /v1/reconciliations/{account}/{date}",
			path:  "/v1/reconciliations/" + id(ledger.Income) + "/2018-06-05", others: far("auditor"),
		},
		{
			route:  "POST /v1/reconciliations/{account}/{date}/run",
			path:   "/v1/reconciliations/" + id(ledger.Income) + "/2018-06-05/run",
			others: far("finance-maker"),
		},
		{
			route:  "POST /v1/periods/{account}/{month}/close",
			path:   "/v1/periods/" + id(ledger.FiscalSpecial) + "/2018-05/close",
			others: far("finance-checker"),
		},
		{route: "POST /v1/fund-transfers/{id}/withdraw", path: t + "/withdraw", others: far("bureau-maker")},
		{
			route: "POST /v1/fund-transfers/{id}/reject", path: t + "/reject", body: verdict,
			others: append(far("bureau-checker"), far("finance-checker")...),
		},
		{
			route: "POST /v1/fund-transfers/{id}/approve", path: t + "/approve", body: verdict,
			owner: "bureau-checker.610304", others: append(far("bureau-checker"), far("finance-checker")...),
		},
	}
}

// What is another bank's or another county's is 404 to everybody else by every
// route that names it, changes nothing, and stands in the trail. To its owner
// the same request is answered.
func TestF94_WhatIsAnothersIsNotFound(t *testing.T) {
	t.Parallel()
	c := openCounty(t)
	facts := func() int {
		return c.count(`select (select count(*) from answer) + (select count(*) from arrival) + (select count(*) from posting)
			+ (select count(*) from receipt) + (select count(*) from approval) + (select count(*) from counter_receipt)
			+ (select count(*) from mandate where ended_on is not null) + (select count(*) from transfer_event)
			+ (select count(*) from batch_event) + (select count(*) from period_close) + (select count(*) from opening_balance)`)
	}
	before, asked := facts(), 0
	for _, p := range c.probes() {
		for _, who := range p.others {
			asked++
			res := c.do(c.as(who, p.request(c.key())))
			if res.status != 404 {
				t.Errorf("%s %s as %s: got %d %s", p.route, p.path, who, res.status, res.body)
			}
		}
	}
	if after := facts(); after != before {
		t.Errorf("%d facts after strangers asked, %d before", after, before)
	}
	if n := c.count(`select count(*) from audit where result = 'refused'`); n != asked {
		t.Errorf("%d refusals stand in the trail, want %d", n, asked)
	}
	for _, p := range c.probes() {
		if p.owner == "" {
			continue
		}
		status := p.status
		if status == 0 {
			status = 200
		}
		if res := c.do(c.as(p.owner, p.request(c.key()))); res.status != status {
			t.Errorf("%s %s as its owner %s: got %d %s", p.route, p.path, p.owner, res.status, res.body)
		}
	}
	c.lists(t)
}

// lists prove that no list shows what is another's.
func (c *county) lists(t *testing.T) {
	t.Helper()
	for path, who := range map[string][]string{
		"/v1/withholding-batches":  {"rcu-1", "abc-1", "auditor.610303"},
		"/v1/account-openings":     {"rcu-1", "abc-1", "business-maker.610303"},
		"/v1/fund-transfers":       {"auditor.610303"},
		"/v1/cases":                {"auditor.610303"},
		"/v1/cases?status=closed":  {"auditor.610303"},
		"/v1/fund-accounts":        {"auditor.610303"},
		"/v1/breaks":               {"auditor.610303"},
		"/v1/periods":              {"auditor.610303"},
		"/v1/reports/break-ageing": {"auditor.610303"},
		"/v1/reports/business-comparison?month=2018-06":                     {"auditor.610303"},
		"/v1/feedback?scheme=rural&year=2018":                               {"auditor.610303"},
		"/v1/reports/trial-balance?scheme=rural&day=2018-06-05":             {"auditor.610303"},
		"/v1/reports/fund-statement?scheme=rural&month=2018-06&open=true":   {"auditor.610303"},
		"/v1/reports/vouchers?scheme=rural&month=2018-06&open=true":         {"auditor.610303"},
		"/v1/breaks?account=" + fmt.Sprint(c.books.Accounts[ledger.Income]): {"auditor.610303"},
	} {
		if bare, _, _ := strings.Cut(path, "?"); !slices.ContainsFunc(c.server.Table(), func(r httpapi.RouteInfo) bool {
			return r.Method == http.MethodGet && r.Path == bare
		}) {
			continue // its service is not there
		}
		for _, stranger := range who {
			res := c.expect(c.as(stranger, request{method: "GET", path: path}), 200, "")
			var page map[string]json.RawMessage
			if err := json.Unmarshal([]byte(res.body), &page); err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{c.batch, c.opening, c.transfer, c.item} {
				if strings.Contains(res.body, `"`+secret+`"`) {
					t.Errorf("%s shows %s to %s: %s", path, secret, stranger, res.body)
				}
			}
			for _, id := range c.books.Accounts {
				if strings.Contains(res.body, fmt.Sprintf(`"%d"`, id)) {
					t.Errorf("%s shows account %d to %s", path, id, stranger)
				}
			}
			if strings.Contains(res.body, "610304") {
				t.Errorf("%s shows the county to %s: %s", path, stranger, res.body)
			}
		}
	}
}

// abroad is a county whose pensions went out: a run with its batch, answers and a
// return, holds, a death, a change of account, a request for money. It is asked
// by another bank, and by officers of another county.
type abroad struct {
	*payHouse

	doc map[string]map[string]operation
}

// operation is what the document says of a route's path and body.
type operation struct {
	Parameters []struct {
		Name, In string
		Example  any
		Schema   struct {
			Enum    []any
			Example any
		}
	}
	RequestBody struct {
		Content map[string]struct {
			Example  json.RawMessage
			Examples map[string]struct{ Value json.RawMessage }
		}
	}
}

func openAbroad(t *testing.T) *abroad {
	t.Helper()
	h := &abroad{payHouse: openPay(t, setup{})}
	pgtest.SeedBooks(t, h.data, 610303, ledger.Rural, calendar.MustDay("2018-05-01"))
	h.fund(t, "1000.00")
	run := h.released(t)
	b := run.Batches[0]
	h.acknowledge(t, b, 200, "")
	path := "/v1/disbursement-batches/" + b.ID
	item := read[struct{ Items []sentPayment }](t, h.bank(t, "GET", path+"/items", "", 200, "")).Items[0]
	h.bank(t, "POST", path+"/results", `{"count":1,"amount":"143.50","results":[`+success(item, "P-1")+`]}`, 200, "")
	h.bank(t, "POST", "/v1/returns", `{"count":1,"amount":"143.50","returns":[{"item_id":"`+item.ItemID+
		`","amount":"143.50","bank_reference":"R-1","value_date":"2018-06-05","code":"AC04"}]}`, 200, "")
	for kind, body := range map[string]string{
		"holds":  "social_no,reason,from_month,text\nP00000002,manual,2018-07,x\n",
		"deaths": "id_number,social_no,died_on,source,document\n,P00000003,2018-05-04,civil affairs,list 5\n",
	} {
		h.expect(request{
			method: "POST", path: "/v1/imports/" + kind, body: body, contentType: "text/csv", token: h.tokens["business-maker"],
			key: "import-" + kind,
		}, 200, "")
	}
	h.post("business-maker", fmt.Sprintf("/v1/holds/%d/release", h.count(`select id::int from payment_hold`)),
		`{"document":"certificate 12"}`, 201, "")
	h.post("business-maker", fmt.Sprintf("/v1/instruments/%d/change", 1_950_001),
		`{"bank":"psbc","kind":"card","account_no":"`+cardNumber(2)+`","activated":true,"document":"form 7"}`, 201, "")
	h.post("finance-maker", "/v1/fund-transfers", fmt.Sprintf(`{"kind":"funding_request","to_account":"%s","month":"2018-06",`+
		`"amount":"10.00","effective_on":"2018-06-20","document":"form 8"}`, h.account(ledger.Expenditure)), 201, "")
	var doc struct {
		Paths map[string]map[string]operation
	}
	if err := json.Unmarshal([]byte(h.expect(request{method: "GET", path: "/openapi.json"}, 200, "").body), &doc); err != nil {
		t.Fatal(err)
	}
	h.doc = doc.Paths
	return h
}

// ids are those of everything that the county has, whatever it is.
func (h *abroad) ids(t *testing.T) []int64 {
	t.Helper()
	ctx := t.Context()
	rows, err := h.pool.Query(ctx, `
		select table_name::text from information_schema.columns
		where table_schema = 'public' and column_name in ('area', 'id') and table_name not in ('audit', 'entry', 'region')
		group by table_name having count(*) = 2 order by 1`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 20 {
		t.Fatalf("tables %v, %v", tables, err)
	}
	seen := map[int64]bool{}
	for _, table := range tables {
		rows, err := h.pool.Query(ctx, `select id from `+pgx.Identifier{table}.Sanitize()+` where area = 610304`)
		if err != nil {
			t.Fatal(err)
		}
		list, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range list {
			seen[id] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// officerOf is a session of an officer whom the route names, in an area.
func (h *abroad) officerOf(r httpapi.RouteInfo, area int) string {
	for _, o := range organisations() {
		for _, d := range duties() {
			if o == approval.System || !r.Allows(d, o) {
				continue
			}
			name := fmt.Sprintf("%s.%s.%d", strings.ReplaceAll(string(o), "_", "-"), strings.ReplaceAll(string(d), "_", "-"), area)
			if h.tokens[name] == "" {
				h.tokens[name] = h.session(name, o, d)
				h.data.Exec(h.tb, `insert into organisation (area, kind, name) values ($1::int, $2, 'test') on conflict do nothing`,
					area, string(o))
				h.data.Exec(h.tb, `update officer set organisation_id = (select id from organisation where area = $1::int
					and kind = $2 limit 1) where login = $3`, area, string(o), name)
			}
			return h.tokens[name]
		}
	}
	return ""
}

// ask makes a request of a route for one id; what else the path needs, and a body,
// are the document's examples.
func (h *abroad) ask(t *testing.T, r httpapi.RouteInfo, id int64) request {
	t.Helper()
	op := h.doc[r.Path][strings.ToLower(r.Method)]
	path := r.Path
	for _, p := range op.Parameters {
		value := p.Example
		if value == nil {
			value = p.Schema.Example
		}
		if value == nil && len(p.Schema.Enum) > 0 {
			value = p.Schema.Enum[0]
		}
		switch {
		case p.In != "path":
		case p.Name == "id" || p.Name == "account":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", fmt.Sprint(id))
		case p.Name == "date":
			path = strings.ReplaceAll(path, "{date}", "2018-06-05")
		case p.Name == "month":
			path = strings.ReplaceAll(path, "{month}", "2018-05")
		default:
			path = strings.ReplaceAll(path, "{"+p.Name+"}", fmt.Sprint(value))
		}
	}
	q := request{method: r.Method, path: path, upload: r.Upload}
	if r.Keyed {
		h.keys++
		q.key = fmt.Sprintf("abroad-%d", h.keys)
	}
	switch content, ok := op.RequestBody.Content["application/json"]; {
	case r.Upload:
		q.path, q.body, q.contentType = path+"?name=x.jsonl", "x", "application/octet-stream"
	case ok:
		q.body = string(content.Example)
		for _, name := range slices.Sorted(maps.Keys(content.Examples)) {
			if q.body == "" {
				q.body = string(content.Examples[name].Value)
			}
		}
	case strings.HasSuffix(path, "/journal"):
		q.path = path + "?from=2018-06-01&to=2018-06-05"
	case strings.HasSuffix(path, "/pension"):
		q.path = path + "?month=2018-05"
	case strings.HasPrefix(path, "/v1/members/") && strings.HasSuffix(path, "/statement"):
		q.path = path + "?year=2018"
	}
	return q
}

// Every route that names a thing, asked for everything that the county has by
// callers of its kind who are not the thing's: there is no such thing, and nothing
// happens. A route that is added later is asked with the others.
func TestF94_NoRouteNamesAThingToStrangers(t *testing.T) {
	t.Parallel()
	h := openAbroad(t)
	ids := h.ids(t)
	effects := func() int {
		return h.count(`select count(*) from audit where result = 'done' and action like '% /v1/%'`)
	}
	before, asked, owned := effects(), 0, 0
	for _, r := range h.server.Table() {
		if !strings.HasPrefix(r.Path, "/v1/") || !strings.Contains(r.Path, "{") || strings.HasPrefix(r.Path, "/v1/test-") ||
			strings.HasPrefix(r.Path, "/v1/imports/") || strings.HasSuffix(r.Path, "{situation}") {
			continue // a kind and a situation are no things: everybody has lists of their own
		}
		stranger, own := h.officerOf(r, 610303), h.officerOf(r, 610304)
		found := false
		for _, id := range ids {
			for _, bank := range []bool{false, true} {
				q := h.ask(t, r, id)
				q.token = stranger
				if bank {
					q.token, q.bank = "", "rcu-1"
				}
				if bank && !r.Banks || !bank && stranger == "" {
					continue
				}
				asked++
				if res := h.do(q); res.status != 404 {
					t.Errorf("%s %s: got %d %s", r.Method, q.path, res.status, res.body)
				}
			}
			if r.Method != http.MethodGet || found {
				continue
			}
			q := h.ask(t, r, id)
			if q.token = own; own == "" {
				q.bank = "psbc-1"
			}
			found = h.do(q).status == 200
		}
		if found {
			owned++
		}
	}
	if after := effects(); after != before {
		t.Errorf("strangers had %d effects", after-before)
	}
	h.situations(t)
	t.Logf("%d ids, %d requests of strangers; the county's own found something by %d routes", len(ids), asked, owned)
	if asked < 1000 || owned < 10 {
		t.Error("hardly anything was asked for")
	}
}

// situations prove that a list by situation holds the caller's own, and nothing else.
func (h *abroad) situations(t *testing.T) {
	t.Helper()
	h.data.Exec(t, `set session_replication_role = replica; update answer set business_day = '2018-09-01' where area = 610304`)
	for _, r := range h.server.Table() {
		if !strings.HasSuffix(r.Path, "{situation}") {
			continue
		}
		q := request{method: r.Method, path: strings.ReplaceAll(r.Path, "{situation}", "late_result") + "?month=2018-06"}
		q.token = h.officerOf(r, 610303)
		if res := h.expect(q, 200, ""); strings.TrimSpace(res.body) != `{"items":[]}` {
			t.Errorf("%s shows a stranger %s", q.path, res.body)
		}
		q.token = h.officerOf(r, 610304)
		if res := h.expect(q, 200, ""); !strings.Contains(res.body, `"item_id"`) {
			t.Errorf("%s shows the county %s", q.path, res.body)
		}
		return
	}
	t.Error("there is no list by situation")
}

// Ids drawn from everything that the county has, and some of nothing, are 404 to
// strangers without exception.
func TestS05_RandomForeignIDs(t *testing.T) {
	t.Parallel()
	c := openCounty(t)
	rows, err := c.pool.Query(t.Context(), `
		select id from withholding_batch union select id from withholding_item union select id from receipt
		union select id from member union select id from account_opening union select id from fund_transfer
		union select id from fund_account where area = 610304 and bank = 'psbc' union select run_id from withholding_batch
		union select id from mandate union select id from instrument`)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil || len(ids) < 50 {
		t.Fatalf("%d ids, %v", len(ids), err)
	}
	banks := []string{"rcu-1", "abc-1"}
	clerks := []string{"auditor.610303", "business-maker.610303", "finance-checker.610303"}
	paths := map[string][]string{
		"/v1/withholding-batches/%d":                                 append(banks, clerks...),
		"/v1/withholding-batches/%d/items":                           append(banks, clerks...),
		"/v1/withholding-batches/%d/file":                            banks,
		"/v1/receipts/%d":                                            append(banks, clerks...),
		"/v1/receipts/%d/lines":                                      append(banks, clerks...),
		"/v1/items?item_id=%d":                                       append(banks, clerks...),
		"/v1/dues?member_id=%d&year=2018":                            append(clerks, "abc-1"),
		"/v1/account-openings/%d/file":                               append(banks, "business-maker.610303"),
		"/v1/fund-transfers/%d":                                      {"auditor.610303", "finance-checker.610303"},
		"/v1/fund-accounts/%d/journal?from=2018-06-01&to=2018-06-05": clerks,
		"/v1/reconciliations/%d/2018-06-05":                          clerks,
	}
	names := slices.Sorted(maps.Keys(paths))
	asks := 10_000
	if testing.Short() {
		asks = 800
	}
	secrets := regexp.MustCompile(`psbc|610304|member \d|6100900|M9000`)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(7, uint64(worker)))
			for range asks / 8 {
				path := names[r.IntN(len(names))]
				who := paths[path][r.IntN(len(paths[path]))]
				id := ids[r.IntN(len(ids))]
				if r.IntN(10) == 0 {
					id = 1 + r.Int64N(2_000_000)
				}
				res := c.do(c.as(who, request{method: "GET", path: fmt.Sprintf(path, id)}))
				if res.status != 404 || secrets.MatchString(res.body) {
					t.Errorf("%s as %s: %d %s", fmt.Sprintf(path, id), who, res.status, res.body)
					return
				}
			}
		})
	}
	wg.Wait()
	// The paths are right: the county's own are answered.
	for _, p := range c.probes() {
		if p.owner != "" && strings.HasPrefix(p.route, "GET ") {
			c.expect(c.as(p.owner, p.request("")), 200, "")
		}
	}
}

// Every column of every table, put into every object of every body that is good
// without it, is refused as a field that is not known.
func TestS06_NoMassAssignment(t *testing.T) {
	t.Parallel()
	c := openCounty(t)
	rows, err := c.pool.Query(t.Context(), `
		select distinct column_name::text from information_schema.columns where table_schema = 'public' order by 1`)
	if err != nil {
		t.Fatal(err)
	}
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(columns) < 100 {
		t.Fatalf("%d columns, %v", len(columns), err)
	}
	// What is no route of a probe is asked by its own example, as somebody who may.
	bodies := c.bodies(t)
	probes := append(c.probes(), probe{
		route: "POST /v1/session", path: "/v1/session", body: `{"login":"li","password":"correct horse"}`,
	})
	for _, r := range c.server.Table() {
		name := r.Method + " " + r.Path
		if b, ok := bodies[name]; ok && !slices.ContainsFunc(probes, func(p probe) bool { return p.route == name && p.owner != "" }) {
			probes = append(probes, probe{route: name, path: example(r.Path), body: b.example, owner: c.named(r)})
		}
	}
	if testing.Short() {
		columns = slices.DeleteFunc(columns, func(string) bool { return rand.IntN(8) > 0 })
	}
	type ask struct {
		p    probe
		body string
	}
	var asks []ask
	asked := map[string]bool{"POST /v1/test-words": true, "POST /v1/test-moves": true}
	for _, p := range probes {
		if p.body == "" || p.upload || asked[p.route] || (p.owner == "" && p.route != "POST /v1/session") {
			continue
		}
		asked[p.route] = true
		for _, column := range columns {
			if bodies[p.route].fields[column] {
				continue
			}
			for _, body := range withField(p.body, column) {
				asks = append(asks, ask{p, body})
			}
		}
	}
	for name := range bodies {
		if !asked[name] {
			t.Errorf("nobody knows a good body of %s", name)
		}
	}
	t.Logf("%d bodies", len(asks))
	next := make(chan ask)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for a := range next {
				r := a.p.request("county-key-s06")
				r.body = a.body
				if a.p.owner != "" {
					r = c.as(a.p.owner, r)
				}
				res := c.do(r)
				var p httpapi.Problem
				_ = json.Unmarshal([]byte(res.body), &p)
				if res.status != 400 || p.Code != "invalid_request" || p.Detail != "this field is not known" {
					t.Errorf("%s took %s: %d %s", a.p.route, a.body, res.status, res.body)
				}
			}
		})
	}
	for _, a := range asks {
		next <- a
	}
	close(next)
	wg.Wait()
}

// jsonBody is what the document says of a route's body: its names, at whatever
// depth, and one that is good.
type jsonBody struct {
	fields  map[string]bool
	example string
}

func (c *county) bodies(t *testing.T) map[string]jsonBody {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			RequestBody struct {
				Content map[string]struct {
					Schema   json.RawMessage
					Example  json.RawMessage
					Examples map[string]struct{ Value json.RawMessage }
				}
			}
		}
		Components struct{ Schemas map[string]json.RawMessage }
	}
	res := c.expect(request{method: "GET", path: "/openapi.json"}, 200, "")
	if err := json.Unmarshal([]byte(res.body), &doc); err != nil {
		t.Fatal(err)
	}
	out := map[string]jsonBody{}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			content, ok := op.RequestBody.Content["application/json"]
			if !ok {
				continue
			}
			b := jsonBody{fields: map[string]bool{}, example: string(content.Example)}
			collect(t, content.Schema, doc.Components.Schemas, b.fields)
			for _, name := range slices.Sorted(maps.Keys(content.Examples)) {
				if b.example == "" {
					b.example = string(content.Examples[name].Value)
				}
			}
			out[strings.ToUpper(method)+" "+path] = b
		}
	}
	return out
}

// named is a caller of the county that the route names.
func (c *county) named(r httpapi.RouteInfo) string {
	if r.Banks {
		return "psbc-1"
	}
	for _, o := range organisations() {
		for _, d := range duties() {
			if r.Allows(d, o) {
				login := strings.ReplaceAll(string(o)+"."+string(d), "_", "-")
				if c.tokens[login] == "" {
					c.tokens[login] = c.session(login, o, d)
				}
				return login
			}
		}
	}
	return ""
}

func duties() []approval.Duty {
	return []approval.Duty{
		approval.Maker, approval.Checker, approval.Releaser, approval.Viewer, approval.SystemAdmin, approval.SecurityAdmin,
	}
}

func organisations() []approval.Organisation {
	return []approval.Organisation{
		approval.AgencyBusiness, approval.AgencyFinance, approval.FinanceBureau, approval.Township, approval.Village,
		approval.Auditor, approval.System,
	}
}

func collect(t *testing.T, schema json.RawMessage, all map[string]json.RawMessage, into map[string]bool) {
	t.Helper()
	var s struct {
		Ref        string `json:"$ref"`
		Items      json.RawMessage
		Properties map[string]json.RawMessage
	}
	if err := json.Unmarshal(schema, &s); err != nil {
		t.Fatal(err)
	}
	if s.Ref != "" {
		collect(t, all[strings.TrimPrefix(s.Ref, "#/components/schemas/")], all, into)
	}
	if len(s.Items) > 0 {
		collect(t, s.Items, all, into)
	}
	for name, property := range s.Properties {
		into[name] = true
		collect(t, property, all, into)
	}
}

// withField returns the body once for each of its objects, with one more field in it.
func withField(body, name string) []string {
	var out []string
	for i := strings.IndexByte(body, '{'); i >= 0; {
		out = append(out, body[:i+1]+`"`+name+`":"x",`+body[i+1:])
		j := strings.IndexByte(body[i+1:], '{')
		if j < 0 {
			break
		}
		i += 1 + j
	}
	return out
}

// No step is taken out of order, by whoever has the right to take it in order.
func TestS10_StepsOutOfOrderAreConflicts(t *testing.T) {
	t.Parallel()
	c := openCounty(t)
	submit := func() sentTransfer {
		return read[sentTransfer](t, c.post(t, "bureau-maker.610304", "/v1/fund-transfers", c.subsidy("7.00"), 201, ""))
	}
	step := func(made sentTransfer, verb string, status int, code string) {
		t.Helper()
		who, body := "bureau-checker.610304", `{"digest":"`+made.Digest+`"}`
		if verb == "withdraw" {
			who, body = "bureau-maker.610304", ""
		}
		c.post(t, who, "/v1/fund-transfers/"+made.ID+"/"+verb, body, status, code)
	}
	verbs := []string{"approve", "reject", "withdraw"}
	for _, first := range verbs {
		made := submit()
		step(made, first, 200, "")
		for _, again := range verbs {
			step(made, again, 409, "already_decided")
		}
	}
	if n := c.count(`select count(*) from posting where role = 'fiscal_special' and kind = 'subsidy'`); n != 1 {
		t.Errorf("%d lines booked, want those of the one approval", n)
	}
	income := number(c.books, ledger.Income)
	special := fmt.Sprint(c.books.Accounts[ledger.FiscalSpecial])
	conflict := func(who, path, body, code string) {
		t.Helper()
		c.post(t, who, path, body, 409, code)
	}
	// A balance at go-live is entered once.
	opening := `{"balances":[{"fund_account":"` + special + `","day":"2018-04-30","balance":"10.00","statement_number":"1"}]}`
	asked := read[struct{ Decisions []sentDecision }](t,
		c.post(t, "finance-maker.610304", "/v1/opening-balances", opening, 201, "")).Decisions
	conflict("finance-maker.610304", "/v1/opening-balances", opening, "decision_open")
	approve := "/v1/decisions/" + asked[0].ID + "/approve"
	c.post(t, "finance-checker.610304", approve, digestBody(asked[0].Digest), 200, "")
	conflict("finance-checker.610304", approve, digestBody(asked[0].Digest), "already_decided")
	conflict("finance-maker.610304", "/v1/opening-balances", opening, "opening_exists")
	// A month is closed after its last day is sealed, and once.
	closing := "/v1/periods/" + special + "/2018-05/close"
	conflict("finance-checker.610304", closing, "", "period_not_sealed")
	for day := testDay("2018-05-01"); day.Before(testDay("2018-06-01")); day = day.AddDays(1) {
		c.data.Exec(t, `select seal_day(610304, 'rural', $1, now())`, day.Time())
	}
	c.data.Exec(t, emptyMay, special)
	c.data.Exec(t, `update statement set opening = 1000, closing = 1000`)
	c.post(t, "finance-maker.610304", "/v1/reconciliations/"+special+"/2018-05-31/run", `{}`, 200, "")
	c.post(t, "finance-checker.610304", closing, "", 200, "")
	conflict("finance-checker.610304", closing, "", "period_closed")
	// A mandate is signed once and ended once.
	sign := `{"action":"sign","area":"610304","number":"N1","id_number":"` + personID(1) +
		`","account_no":"6100900001","signed_on":"2018-06-05"}`
	conflict("psbc-1", "/v1/mandates", sign, "mandate_exists")
	cancel := `{"action":"cancel","area":"610304","number":"M900001","ended_on":"2018-06-0%d"}`
	c.post(t, "psbc-1", "/v1/mandates", fmt.Sprintf(cancel, 4), 200, "")
	conflict("psbc-1", "/v1/mandates", fmt.Sprintf(cancel, 5), "mandate_ended")
	// A terminal's day is credited after its receipts, and takes none after that.
	day := `{"account":"` + income + `","amount":"1.00","bank_reference":"T-%s","value_date":"2018-06-05","terminal":"T1",` +
		`"terminal_date":"2018-06-05"}`
	pay := `{"member_id":"900011","year":2018,"amount":"1.00","channel":"terminal","terminal":"T1","paid_on":"2018-06-05",` +
		`"account":"` + income + `","bank_reference":"C-%s"}`
	conflict("psbc-1", "/v1/arrivals", fmt.Sprintf(day, "early"), "terminal_day_empty")
	c.post(t, "psbc-1", "/v1/contributions", fmt.Sprintf(pay, "1"), 201, "")
	c.post(t, "psbc-1", "/v1/arrivals", fmt.Sprintf(day, "1"), 201, "")
	conflict("psbc-1", "/v1/contributions", fmt.Sprintf(pay, "late"), "terminal_day_closed")
}

// The name that a bank gives to a file is kept as data and leads nowhere; the
// names of our own files are made of our own ids.
func TestF106_ABanksFileNameIsDataOnly(t *testing.T) {
	t.Parallel()
	c := openCounty(t)
	before := c.tree(t)
	for i, name := range []string{
		"../../etc/passwd", "/etc/passwd", `..\..\windows\win.ini`, "CON", "nul.txt", "．．／..∕passwd", "a\u202Etxt.exe",
		"'; drop table receipt; --", "x\r\nSet-Cookie: a=b", "%2e%2e%2f", strings.Repeat("名", 200), ".", "-rf",
	} {
		res := c.file(t, "psbc-1", name, fmt.Sprintf("content %d", i), 202, "")
		got := read[struct{ ID, Name string }](t, res)
		if got.Name != name {
			t.Errorf("%q is kept as %q", name, got.Name)
		}
		shown := c.expect(c.as("psbc-1", request{method: "GET", path: "/v1/receipts/" + got.ID}), 200, "")
		if read[struct{ Name string }](t, shown).Name != name || len(shown.header.Values("Set-Cookie")) > 0 {
			t.Errorf("%q is shown as %v %s", name, shown.header, shown.body)
		}
	}
	c.file(t, "psbc-1", strings.Repeat("a", 300), "long", 400, "invalid_request")
	c.file(t, "psbc-1", "", "nameless", 400, "invalid_request")
	c.file(t, "psbc-1", "a\x00b", "nul", 400, "invalid_request")
	for _, path := range []string{
		"/v1/statements/" + number(c.books, ledger.Income) + "/2018-06-05?name=",
		"/v1/account-openings/" + c.opening + "/result-file?name=",
	} {
		for name, status := range map[string]int{"../../etc/cron.d/x": 202, "a%00b": 400} {
			c.expect(c.as("psbc-1", request{
				method: "PUT", path: path + name, body: "x " + path + name, contentType: "application/octet-stream",
				key: c.key(), upload: true,
			}), status, "")
		}
	}
	if after := c.tree(t); !slices.Equal(before, after) {
		t.Errorf("files beside the server: %v, before %v", after, before)
	}
	ours := regexp.MustCompile(`^attachment; filename="?[0-9A-Za-z_.-]{1,80}"?$`)
	for _, path := range []string{"/v1/withholding-batches/" + c.batch + "/file", "/v1/account-openings/" + c.opening + "/file"} {
		res := c.expect(c.as("psbc-1", request{method: "GET", path: path}), 200, "")
		if got := res.header.Get("Content-Disposition"); !ours.MatchString(got) {
			t.Errorf("%s is named %q", path, got)
		}
	}
}

// tree lists the files around the server's own folder.
func (c *county) tree(t *testing.T) []string {
	t.Helper()
	var all []string
	err := fs.WalkDir(os.DirFS(".."), ".", func(path string, _ fs.DirEntry, err error) error {
		all = append(all, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// What a bank says of its debits is untrusted: lines that cannot be are refused,
// by the request or by themselves, and move nothing.
func TestS20_ABanksAnswersAreUntrusted(t *testing.T) {
	t.Parallel()
	c := openCounty(t)
	path := "/v1/withholding-batches/" + c.batch + "/results"
	items := read[struct {
		Items []struct {
			ItemID string `json:"item_id"`
		}
	}](t, c.expect(c.as("psbc-1", request{method: "GET", path: strings.TrimSuffix(path, "results") + "items"}), 200, "")).Items
	item := items[1].ItemID
	one := func(count, sum, fields string) string {
		return `{"count":` + count + `,"amount":"` + sum + `","results":[{"item_id":"` + item + `",` + fields + `}]}`
	}
	good := `"outcome":"succeeded","amount":"100.00"`
	before := c.count(`select count(*) from answer`)
	for name, body := range map[string]string{
		"count that lies":        one("2", "100.00", good),
		"sum that lies":          one("1", "100.01", good),
		"a count below zero":     one("-1", "100.00", good),
		"money from nowhere":     one("1", "100.00", `"outcome":"succeeded","amount":"-100.00"`),
		"more than there is":     one("1", "9999999999999.99", `"outcome":"succeeded","amount":"99999999999999.99"`),
		"a number for an amount": one("1", "100.00", `"outcome":"succeeded","amount":100.00`),
		"an outcome of its own":  one("1", "100.00", `"outcome":"paid","amount":"100.00"`),
		"outcome twice":          one("1", "100.00", `"outcome":"failed","outcome":"succeeded","amount":"100.00"`),
		"a day that is none":     one("1", "100.00", good+`,"value_date":"2018-06-31"`),
		"a text without end":     one("1", "100.00", good+`,"text":"`+strings.Repeat("长", 300)+`"`),
		"a reference too long":   one("1", "100.00", good+`,"bank_reference":"`+strings.Repeat("r", 65)+`"`),
		"an item that is none":   strings.Replace(one("1", "100.00", good), `"`+item+`"`, `"1e9"`, 1),
		"an item below zero":     strings.Replace(one("1", "100.00", good), `"`+item+`"`, `"-5"`, 1),
		"an item beyond all":     strings.Replace(one("1", "100.00", good), `"`+item+`"`, `"99999999999999999999"`, 1),
		"a field of ours":        one("1", "100.00", good+`,"disposition":"recorded"`),
		"too many lines": `{"count":10001,"amount":"0.00","results":[` +
			strings.Repeat(`{"item_id":"1","outcome":"pending"},`, 10_000) + `{"item_id":"1","outcome":"pending"}]}`,
	} {
		res := c.do(c.as("psbc-1", request{method: "POST", path: path, body: body, key: c.key()}))
		if res.status != 400 && res.status != 422 && res.status != 413 {
			t.Errorf("%s: got %d %.300s", name, res.status, res.body)
		}
	}
	if n := c.count(`select count(*) from answer`); n != before {
		t.Errorf("%d lines of refused requests are kept", n-before)
	}
	for name, body := range map[string]string{
		"unknown_item":        `{"count":1,"amount":"100.00","results":[{"item_id":"900001",` + good + `}]}`,
		"amount_differs":      one("1", "100.01", `"outcome":"succeeded","amount":"100.01"`),
		"amount_missing":      one("1", "0.00", `"outcome":"succeeded"`),
		"duplicate_line":      `{"count":2,"amount":"200.00","results":[{"item_id":"` + items[2].ItemID + `",` + good + `},{"item_id":"` + items[2].ItemID + `",` + good + `}]}`,
		"contradicts_outcome": `{"count":1,"amount":"0.00","results":[{"item_id":"` + c.item + `","outcome":"failed","code":"AM04"}]}`,
	} {
		taken := read[struct{ Refused []struct{ Code string } }](t, c.post(t, "psbc-1", path, body, 200, ""))
		if len(taken.Refused) != 1 || taken.Refused[0].Code != name {
			t.Errorf("%s: refused %+v", name, taken.Refused)
		}
	}
	hostile := "<script>alert(1)</script> \u202E =cmd|'/c calc'!A1 ' or 1=1; drop table answer; --"
	taken := read[struct{ Pending int }](t, c.post(t, "psbc-1", path, one("1", "0.00",
		`"outcome":"failed","code":"'; --","text":`+quoted(hostile)), 200, ""))
	if taken.Pending != 1 {
		t.Errorf("an answer of no known code: %+v", taken)
	}
	if n := c.count(`select count(*) from answer where text = $1`, hostile); n != 1 {
		t.Errorf("%d texts are kept as they came, want 1", n)
	}
	if n := c.count(`select count(*) from posting`); n != 0 {
		t.Errorf("%d lines posted on a bank's word alone", n)
	}
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

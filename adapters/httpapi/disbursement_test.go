package httpapi_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"twoline/adapters/bank/profile" //nolint:depguard // payments are written in a bank's own format
	"twoline/adapters/httpapi"
	"twoline/adapters/httpapi/signature"
	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/gateway/once"
)

// useDisbursement puts the money out behind the door.
func useDisbursement(
	tb testing.TB, store disbursement.Store, today func() calendar.Day, deps *httpapi.Dependencies,
) *disbursement.Service {
	tb.Helper()
	days, err := calendar.Official()
	if err != nil {
		tb.Fatal(err)
	}
	files := profile.New()
	deps.Disbursement = disbursement.New(disbursement.Parts{
		Store: store, Intake: deps.Intake, Writer: files, Reader: files, Days: days, Today: today,
	})
	return deps.Disbursement
}

// payHouse is a house with pensioners: three with an account at one bank, a fourth
// without one.
type payHouse struct {
	*fundHouse
}

const payMonth = "2018-06"

func openPay(t *testing.T, s setup) *payHouse {
	t.Helper()
	h := &payHouse{openFundWith(t, s)}
	seedPensioners(t, h.data)
	h.tokens["business-checker"] = h.session("business-checker", approval.AgencyBusiness, approval.Checker)
	h.tokens["finance-releaser"] = h.session("finance-releaser", approval.AgencyFinance, approval.Releaser)
	return h
}

// seedPensioners are four persons with 100.00 a month, and 43.50 of their own
// account for the first.
func seedPensioners(t *testing.T, d pgtest.Database) {
	t.Helper()
	d.Exec(t, `insert into region (region, area, name) values (610304100001, 610304, 'east') on conflict do nothing`)
	for n := 1; n <= 4; n++ {
		d.Exec(t, `insert into member (area, id, id_number, social_no, name, region, scheme, joined_on)
			values (610304, $1::int, $2, $3, $4, 610304100001, 'rural', '2011-01-01')`, 950_000+n, personID(500+n),
			fmt.Sprintf("P%08d", n), fmt.Sprintf("pensioner %d", n))
	}
	d.Exec(t, `insert into instrument (area, id, member_id, bank, kind, account_no, activated, for_payout, opened_on)
		select area, id + 1000000, id, 'psbc', 'passbook', '6300' || id, true, true, '2011-01-01' from member
		where id between 950001 and 950003`)
	d.Exec(t, `insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
		select area, id, 'base_pension', date '2018-01-01', 10000, 'decision', 'test', now() from member
		where id between 950001 and 950004
		union all
		select area, id, 'account_pension', date '2018-01-01', 4350, 'decision', 'test', now() from member where id = 950001`)
}

// second is a session of another login of somebody's person, with a duty of its own.
func (h *payHouse) second(of, login string, in approval.Organisation, d approval.Duty) {
	h.tb.Helper()
	h.tokens[login] = h.session(login+"x", in, d)
	name := of
	if o, ok := h.books.Officers[of]; ok {
		name = o.Login
	}
	h.data.Exec(h.tb, `insert into officer (login, person_id, organisation_id, password_hash, created_at)
		select $1, p.person_id, o.organisation_id, '', now() from officer p, officer o where p.login = $2 and o.login = $3`,
		login, name, login+"x")
	h.data.Exec(h.tb, `insert into duty_grant (login, duty, granted_at) values ($1, $2, '2009-09-01')`, login, d)
	h.data.Exec(h.tb, `update session set login = $1 where login = $2`, login, login+"x")
}

// fund brings money from outside to the expenditure account.
func (h *payHouse) fund(t *testing.T, amount string) {
	t.Helper()
	for _, move := range []string{
		`{"kind":"subsidy","to_account":"` + h.account(ledger.FiscalSpecial) + `","purpose":"unspecified",`,
		`{"kind":"allocation","from_account":"` + h.account(ledger.FiscalSpecial) + `","to_account":"` +
			h.account(ledger.Expenditure) + `",`,
	} {
		made := read[sentTransfer](t, h.post("bureau-maker", "/v1/fund-transfers",
			move+`"amount":"`+amount+`","effective_on":"2018-06-05","document":"plan"}`, 201, ""))
		h.post("bureau-checker", "/v1/fund-transfers/"+made.ID+"/approve", `{"digest":"`+made.Digest+`"}`, 200, "")
	}
}

// sentRun is what the tests read of a run.
type sentRun struct {
	ID, State, Digest, Amount, Successor, Predecessor string

	PayDay    string `json:"pay_day"`
	Due       string `json:"handover_due"`
	ItemCount int    `json:"item_count"`
	Entitled  int
	HeldCount int `json:"held_count"`
	Held      map[string]int
	Batches   []sentPayBatch
	Hits      []struct{ Name, Reason string }
}

type sentPayBatch struct {
	ID, Status, Digest, Amount string

	Number     string `json:"batch_no"`
	FileDigest string `json:"file_digest"`
	FileName   string `json:"file_name"`
	Count      int
	Succeeded  int
	Failed     int
	Returned   int
	Open       int
}

type sentPayment struct {
	ItemID     string `json:"item_id"`
	Direction  string
	Amount     string
	Name       string
	Account    string
	Outcome    string
	Returned   bool
	Posted     bool
	Components map[string]string
	Return     *struct{ ID string }
	PaidAgain  string `json:"paid_again"`
}

func order(kind string) string {
	return `{"scheme":"rural","month":"` + payMonth + `","kind":"` + kind + `"}`
}

func digestBody(digest string) string { return `{"digest":"` + digest + `"}` }

// submitted drafts and freezes the month's regular run.
func (h *payHouse) submitted(t *testing.T) sentRun {
	t.Helper()
	made := read[sentRun](t, h.post("business-maker", "/v1/pay-runs", order("regular"), 201, ""))
	return read[sentRun](t, h.post("business-maker", "/v1/pay-runs/"+made.ID+"/submit", `{}`, 200, ""))
}

// released brings a run to the bank.
func (h *payHouse) released(t *testing.T) sentRun {
	t.Helper()
	run := h.submitted(t)
	h.step(t, "business-checker", run, "approve", 200, "")
	return read[sentRun](t, h.step(t, "finance-releaser", run, "release", 200, ""))
}

func (h *payHouse) step(t *testing.T, who string, run sentRun, verb string, status int, code string) response {
	t.Helper()
	return h.post(who, "/v1/pay-runs/"+run.ID+"/"+verb, digestBody(run.Digest), status, code)
}

func (h *payHouse) run(t *testing.T, id string) sentRun {
	t.Helper()
	var run sentRun
	h.get("auditor", "/v1/pay-runs/"+id, &run)
	return run
}

// bank asks as the paying bank.
func (h *payHouse) bank(t *testing.T, method, path, body string, status int, code string) response {
	t.Helper()
	r := request{method: method, path: path, body: body, bank: "psbc-1"}
	if method != http.MethodGet {
		h.keys++
		r.key = fmt.Sprintf("bank-key-%d", h.keys)
	}
	return h.expect(r, status, code)
}

func (h *payHouse) acknowledge(t *testing.T, b sentPayBatch, status int, code string) response {
	t.Helper()
	body := fmt.Sprintf(`{"count":%d,"amount":"%s","digest":"%s"}`, b.Count, b.Amount, b.FileDigest)
	return h.bank(t, "POST", "/v1/disbursement-batches/"+b.ID+"/acknowledgement", body, status, code)
}

func success(item sentPayment, reference string) string {
	return `{"item_id":"` + item.ItemID + `","outcome":"succeeded","amount":"` + item.Amount + `","bank_reference":"` +
		reference + `","value_date":"2018-06-05"}`
}

// balanced proves that the book's debits equal its credits, as an auditor sees it.
func (h *payHouse) balanced(t *testing.T) {
	t.Helper()
	off := h.count(`select coalesce(sum(case when side = 'debit' then amount else -amount end *
		case when red then -1 else 1 end), 0)::int from posting`)
	if off != 0 {
		t.Errorf("the book is off by %d fen", off)
	}
}

// A month's pensions from the list to the proof, by HTTP alone: made by one
// person, approved by a second, released by a third, fetched, acknowledged and
// answered by the bank, one of them given back.
func TestAMonthIsPaidOverHTTP(t *testing.T) {
	t.Parallel()
	h := openPay(t, setup{})
	h.second("business-maker", "maker-checks", approval.AgencyBusiness, approval.Checker)
	h.second("business-checker", "checker-releases", approval.AgencyFinance, approval.Releaser)
	h.rosters(t)
	h.dryRun(t)
	run := h.drafted(t)
	events := h.follow(t, run.ID, "")
	b := h.letGo(t, run)
	items := h.fetched(t, b)
	h.answered(t, run, b, items)
	states := events.states(t)
	if states[0] != "draft" || states[len(states)-1] != "closed" {
		t.Errorf("the stream showed %v", states)
	}
	h.givenBack(t, run, items)
	// What came back after the end is one more event, then there is nothing to wait for.
	late := h.follow(t, run.ID, events.last)
	if states := late.states(t); len(states) != 1 || late.runs[0].Batches[0].Returned != 1 {
		t.Errorf("after the return the stream showed %+v", late.runs)
	}
	h.expect(request{
		method: "GET", path: "/v1/pay-runs/" + run.ID, token: h.tokens["auditor"],
		header: http.Header{"Accept": {"text/event-stream"}, "Last-Event-Id": {late.last}},
	}, 204, "")
	h.balanced(t)
}

func (h *payHouse) rosters(t *testing.T) {
	t.Helper()
	h.post("finance-maker", "/v1/rosters", order("regular"), 403, "duty_conflict")
	h.post("business-maker", "/v1/rosters", strings.Replace(order("regular"), payMonth, "2018-08", 1), 422, "month_in_future")
	h.post("business-maker", "/v1/rosters", strings.Replace(order("regular"), "rural", "urban", 1), 422, "no_expenditure_account")
	type roster struct {
		ID             string
		Entitled       int
		EntitledAmount string `json:"entitled_amount"`
		HeldCount      int    `json:"held_count"`
		Held           map[string]int
	}
	made := read[roster](t, h.post("business-maker", "/v1/rosters", order("regular"), 201, ""))
	var shown roster
	h.get("auditor", "/v1/rosters/"+made.ID, &shown)
	if shown.Entitled != 4 || shown.EntitledAmount != "443.50" || shown.HeldCount != 1 || shown.Held["no_account"] != 1 {
		t.Errorf("the roster shows %+v", shown)
	}
	type page struct {
		Items []struct {
			Name, Held, Amount string
			Components         map[string]string
		}
		NextCursor string `json:"next_cursor"`
	}
	var lines, rest, holds page
	h.get("auditor", "/v1/rosters/"+made.ID+"/lines?limit=3", &lines)
	h.get("auditor", "/v1/rosters/"+made.ID+"/lines?limit=3&cursor="+lines.NextCursor, &rest)
	if len(lines.Items) != 3 || len(rest.Items) != 1 || rest.NextCursor != "" {
		t.Errorf("lines %+v and %+v", lines, rest)
	}
	if l := lines.Items[0]; l.Amount != "143.50" || l.Components["account_pension"] != "43.50" ||
		strings.Contains(l.Name, "pensioner") {
		t.Errorf("the first line is %+v", l)
	}
	path := "/v1/rosters/" + made.ID + "/lines"
	name := "roster-rural-" + payMonth + "-" + made.ID
	paper := tableOf(t, h.printed(t, "auditor", path+"?format=csv&limit=1", csvKind, name+".csv"))
	if n := len(paper); n != 8 || paper[0][0] != "新型农村社会养老保险基金 "+payMonth+" 待遇发放名册" || !strings.Contains(paper[1][0], "共 4 笔 443.50 元，其中暂停 1 笔 100.00 元") ||
		fmt.Sprint(paper[4][4:]) != "[100.00 43.50 0.00 0.00 143.50 ]" || strings.Contains(fmt.Sprint(paper), "pensioner") {
		t.Errorf("the roster as a table is %q", paper)
	}
	held := tableOf(t, h.printed(t, "auditor", path+"?format=csv&held=true&lang=en", csvKind, name+".csv"))
	if len(held) != 5 || held[4][9] != "no account to pay to" || !strings.HasSuffix(held[0][0], payMonth+" roster of held pensions") {
		t.Errorf("the held as a table are %q", held)
	}
	for _, format := range []string{"xlsx", "pdf"} {
		if f := h.expect(request{method: "GET", path: path + "?format=" + format, token: h.tokens["auditor"]}, 200, ""); len(f.body) < 500 {
			t.Errorf("%s has %d bytes", format, len(f.body))
		}
	}
	h.get("business-checker", "/v1/rosters/"+made.ID+"/holds", &holds)
	if len(holds.Items) != 1 || holds.Items[0].Held != "no_account" {
		t.Errorf("held are %+v", holds.Items)
	}
}

// dryRun makes everything and keeps nothing.
func (h *payHouse) dryRun(t *testing.T) {
	t.Helper()
	facts := func() int {
		return h.count(`select (select count(*) from pay_run) + (select count(*) from payment_batch)
			+ (select count(*) from payment_item) + (select coalesce(sum(next), 0) from batch_counter)
			+ (select count(*) from posting)`)
	}
	before := facts()
	tried := read[sentRun](t, h.post("business-maker", "/v1/pay-runs?dry_run=true", order("regular"), 200, ""))
	if tried.State != "frozen" || tried.Amount != "343.50" || len(tried.Batches) != 1 || tried.Held["no_account"] != 1 ||
		len(tried.Batches[0].FileDigest) != 64 || len(tried.Digest) != 64 {
		t.Errorf("the dry run shows %+v", tried)
	}
	if after := facts(); after != before {
		t.Errorf("a dry run left %d facts", after-before)
	}
}

func (h *payHouse) drafted(t *testing.T) sentRun {
	t.Helper()
	other := strings.Replace(order("regular"), `{`, `{"area":"610303",`, 1)
	h.post("business-maker", "/v1/pay-runs", other, 403, "area_forbidden")
	own := strings.Replace(order("regular"), `{`, `{"area":"610304",`, 1)
	run := read[sentRun](t, h.post("business-maker", "/v1/pay-runs", own, 201, ""))
	if run.State != "draft" || run.Entitled != 4 || run.PayDay != "2018-06-25" || run.Due != "2018-06-20" {
		t.Errorf("the draft is %+v", run)
	}
	res := h.post("business-maker", "/v1/pay-runs", order("regular"), 409, "pay_run_exists")
	if got := read[httpapi.Problem](t, res); got.Subject != run.ID {
		t.Errorf("the second run is refused about %q, want %s", got.Subject, run.ID)
	}
	var list struct{ Items []sentRun }
	h.get("auditor", "/v1/pay-runs?month="+payMonth+"&state=draft", &list)
	if len(list.Items) != 1 || list.Items[0].ID != run.ID {
		t.Errorf("the list shows %+v", list)
	}
	h.get("auditor", "/v1/pay-runs?month=2018-05", &list)
	if len(list.Items) != 0 {
		t.Errorf("another month's list shows %+v", list)
	}
	return run
}

// letGo takes a draft to its release, past everybody who may not.
func (h *payHouse) letGo(t *testing.T, run sentRun) sentPayBatch {
	t.Helper()
	h.post("business-maker", "/v1/pay-runs/"+run.ID+"/approve", digestBody(strings.Repeat("0", 64)), 403, "duty_conflict")
	h.post("business-checker", "/v1/pay-runs/"+run.ID+"/approve", digestBody(strings.Repeat("0", 64)), 409, "pay_run_state")
	run = read[sentRun](t, h.post("business-maker", "/v1/pay-runs/"+run.ID+"/submit", `{}`, 200, ""))
	if run.State != "frozen" || run.ItemCount != 3 || run.Amount != "343.50" || len(run.Batches) != 1 {
		t.Fatalf("submitted as %+v", run)
	}
	b := run.Batches[0]
	h.bank(t, "GET", "/v1/disbursement-batches/"+b.ID, "", 404, "disbursement_batch_not_found")
	h.step(t, "maker-checks", run, "approve", 403, "same_person")
	h.post("business-checker", "/v1/pay-runs/"+run.ID+"/approve", digestBody(strings.Repeat("0", 64)), 409, "digest_differs")
	h.step(t, "finance-releaser", run, "release", 409, "pay_run_state")
	h.step(t, "business-checker", run, "approve", 200, "")
	h.step(t, "finance-checker", run, "approve", 409, "")
	h.step(t, "finance-checker", run, "release", 403, "duty_conflict")
	h.step(t, "checker-releases", run, "release", 403, "same_person")
	h.step(t, "finance-releaser", run, "release", 409, "funds_short")
	h.bank(t, "GET", "/v1/disbursement-batches/"+b.ID+"/file", "", 404, "disbursement_batch_not_found")
	h.fund(t, "1000.00")
	released := read[sentRun](t, h.step(t, "finance-releaser", run, "release", 200, ""))
	if released.State != "released" || len(released.Batches) != 1 || released.Batches[0].Status != "sending" {
		t.Fatalf("released as %+v", released)
	}
	h.post("business-maker", "/v1/pay-runs/"+run.ID+"/withdraw", `{"reason":"too late"}`, 409, "pay_run_state")
	h.get("auditor", "/v1/pay-runs/"+run.ID, &released)
	return released.Batches[0]
}

// fetched is what a bank reads of a batch.
func (h *payHouse) fetched(t *testing.T, b sentPayBatch) []sentPayment {
	t.Helper()
	list := read[struct{ Items []sentPayBatch }](t,
		h.bank(t, "GET", "/v1/disbursement-batches?status=sending", "", 200, ""))
	if len(list.Items) != 1 || list.Items[0].ID != b.ID {
		t.Fatalf("the bank's list shows %+v", list)
	}
	path := "/v1/disbursement-batches/" + b.ID
	res := h.bank(t, "GET", path+"/file", "", 200, "")
	if fmt.Sprintf("%x", sha256.Sum256([]byte(res.body))) != b.FileDigest ||
		res.header.Get("Repr-Digest") != signature.ContentDigest(sha256.Sum256([]byte(res.body))) ||
		!strings.Contains(res.header.Get("Content-Disposition"), b.FileName) {
		t.Errorf("the file is not the frozen one: %v %s", res.header, res.body)
	}
	items := read[struct{ Items []sentPayment }](t, h.bank(t, "GET", path+"/items", "", 200, "")).Items
	if len(items) != 3 || items[0].Name != "pensioner 1" || items[0].Account != "6300950001" ||
		items[0].Amount != "143.50" || items[0].Components["account_pension"] != "43.50" {
		t.Fatalf("the bank reads %+v", items)
	}
	var masked struct{ Items []sentPayment }
	h.get("auditor", path+"/items", &masked)
	if strings.Contains(masked.Items[0].Name, "pensioner") || strings.Contains(masked.Items[0].Account, "950001") {
		t.Errorf("an officer reads %+v", masked.Items[0])
	}
	wrong := b
	wrong.Amount = "343.51"
	h.acknowledge(t, wrong, 422, "acknowledgement_differs")
	if got := read[sentPayBatch](t, h.acknowledge(t, b, 200, "")); got.Status != "acked" {
		t.Errorf("acknowledged as %+v", got)
	}
	h.post("finance-releaser", path+"/recall", `{"reason":"mistake"}`, 409, "batch_acknowledged")
	return items
}

// answered takes the results in two ways: a request, and a file.
func (h *payHouse) answered(t *testing.T, run sentRun, b sentPayBatch, items []sentPayment) {
	t.Helper()
	path := "/v1/disbursement-batches/" + b.ID
	wrong := strings.Replace(success(items[1], "P-2"), "100.00", "99.00", 1)
	h.bank(t, "POST", path+"/results", `{"count":2,"amount":"243.50","results":[`+success(items[0], "P-1")+`]}`, 422, "control_total")
	taken := read[struct {
		ReceiptID         string `json:"receipt_id"`
		Accepted, Pending int
		Refused           []struct{ Code string }
		Batch             sentPayBatch
	}](t, h.bank(t, "POST", path+"/results", `{"count":2,"amount":"242.50","results":[`+success(items[0], "P-1")+`,`+wrong+`]}`, 200, ""))
	if taken.Accepted != 1 || len(taken.Refused) != 1 || taken.Refused[0].Code != "amount_differs" ||
		taken.Batch.Succeeded != 1 || taken.Batch.Open != 2 {
		t.Errorf("the request came to %+v", taken)
	}
	found := read[sentPayment](t, h.bank(t, "GET", "/v1/items?bank_reference=P-1", "", 200, ""))
	if found.Direction != "disbursement" || found.ItemID != items[0].ItemID || found.Outcome != "succeeded" || !found.Posted {
		t.Errorf("the payment stands as %+v", found)
	}
	file := `{"type":"file","format":"jsonl","kind":"result"}
{"type":"batch","index":0,"direction":"payment","batch_id":"` + b.Number + `","count":2,"sum":"100.00"}
{"type":"result","batch":0,"index":0,"item_id":"` + items[1].ItemID + `","level":"item","outcome":"succeeded","amount":"100.00","bank_reference":"P-2","value_date":"2018-06-05"}
{"type":"result","batch":0,"index":1,"item_id":"` + items[2].ItemID + `","level":"item","outcome":"failed","class":"RETRY_TECHNICAL","code":"AB01"}
{"type":"end","entries":0,"items":0,"results":2,"problems":0}
`
	h.keys++
	receipt := read[struct{ ID, Status string }](t, h.expect(request{
		method: "PUT", path: path + "/result-file?name=R_S.JSONL&count=2&amount=100.00", body: file, bank: "psbc-1",
		contentType: "application/octet-stream", key: fmt.Sprintf("bank-key-%d", h.keys), upload: true,
	}, 202, ""))
	h.arrived.work(t)
	done := read[struct {
		Kind, Status, Text string
		Recorded           int
	}](t, h.bank(t, "GET", "/v1/receipts/"+receipt.ID, "", 200, ""))
	if done.Status != "processed" || done.Recorded != 2 || done.Kind != "payment_result_file" {
		t.Errorf("the file came to %+v", done)
	}
	var lines struct {
		Items []struct{ Disposition string }
	}
	h.get("auditor", "/v1/receipts/"+receipt.ID+"/lines", &lines)
	if len(lines.Items) != 2 {
		t.Errorf("its lines are %+v", lines)
	}
	closed := h.run(t, run.ID)
	if closed.State != "closed" || closed.Batches[0].Status != "done" || closed.Batches[0].Failed != 1 {
		t.Errorf("after the last answer the run is %+v", closed)
	}
	// The same once more is no second payment.
	again := read[struct{ Accepted, Repeated int }](t,
		h.bank(t, "POST", path+"/results", `{"count":1,"amount":"143.50","results":[`+success(items[0], "P-1")+`]}`, 200, ""))
	if again.Accepted != 0 || again.Repeated != 1 {
		t.Errorf("the same answer again came to %+v", again)
	}
}

// givenBack is a payment that returns, the proof of its run, and what becomes of
// what failed and of what came back.
func (h *payHouse) givenBack(t *testing.T, run sentRun, items []sentPayment) {
	t.Helper()
	back := func(item sentPayment, amount, reference string) string {
		return `{"count":1,"amount":"` + amount + `","returns":[{"item_id":"` + item.ItemID + `","amount":"` + amount +
			`","bank_reference":"` + reference + `","value_date":"2018-06-05","code":"AC04","text":"closed"}]}`
	}
	type answer struct {
		ReceiptIDs                  []string `json:"receipt_ids"`
		Accepted, Repeated, Pending int
		Refused                     []struct{ Code string }
		Batches                     []sentPayBatch
	}
	h.bank(t, "POST", "/v1/returns", strings.Replace(back(items[1], "100.00", "R-1"), `"count":1`, `"count":2`, 1), 422, "control_total")
	for _, give := range []struct {
		body string
		want answer
	}{
		{back(items[1], "99.00", "R-0"), answer{Refused: []struct{ Code string }{{"amount_differs"}}}},
		{back(items[1], "100.00", "R-1"), answer{Accepted: 1}},
		{back(items[1], "100.00", "R-1"), answer{Repeated: 1}},
		{back(items[1], "100.00", "R-2"), answer{Refused: []struct{ Code string }{{"returned_before"}}}},
		{back(items[2], "100.00", "R-3"), answer{Refused: []struct{ Code string }{{"item_failed"}}}},
	} {
		got := read[answer](t, h.bank(t, "POST", "/v1/returns", give.body, 200, ""))
		if got.Accepted != give.want.Accepted || got.Repeated != give.want.Repeated ||
			fmt.Sprint(got.Refused) != fmt.Sprint(append([]struct{ Code string }{}, give.want.Refused...)) {
			t.Errorf("%s came to %+v", give.body, got)
		}
		var lines struct {
			Items []struct{ Disposition string }
		}
		h.get("auditor", "/v1/receipts/"+got.ReceiptIDs[0]+"/lines", &lines)
		if len(lines.Items) != 1 {
			t.Errorf("its receipt has the lines %+v", lines)
		}
	}
	h.proved(t, run)
	found := read[sentPayment](t, h.bank(t, "GET", "/v1/items?item_id="+items[1].ItemID, "", 200, ""))
	if !found.Returned || found.Return == nil {
		t.Fatalf("the returned payment stands as %+v", found)
	}
	again := read[sentRun](t, h.post("business-maker", "/v1/reissues", `{"scheme":"rural"}`, 201, ""))
	if again.Entitled != 2 || again.HeldCount != 1 {
		t.Errorf("to be paid again: %+v", again)
	}
	path := "/v1/returns/" + found.Return.ID + "/unclaimed"
	h.post("finance-maker", path, `{"document":"death certificate"}`, 403, "duty_conflict")
	h.post("business-maker", "/v1/returns/1/unclaimed", `{"document":"death certificate"}`, 404, "return_not_found")
	h.decided(t, path, `{"document":"death certificate"}`, "unclaimed")
	h.post("business-maker", path, `{"document":"death certificate"}`, 409, "return_state")
	var list struct{ Items []sentPayment }
	h.get("auditor", "/v1/members/950002/payments", &list)
	if len(list.Items) != 1 || list.Items[0].Return == nil || strings.Contains(list.Items[0].Name, "pensioner") {
		t.Errorf("the person's payments are %+v", list)
	}
	h.get("auditor", "/v1/members/950004/payments", &list)
	if len(list.Items) != 0 {
		t.Errorf("who was not paid has %+v", list)
	}
	h.expect(request{method: "GET", path: "/v1/members/77/payments", token: h.tokens["auditor"]}, 404, "member_not_found")
}

type tally struct {
	Count  int
	Amount string
}

func (h *payHouse) proved(t *testing.T, run sentRun) {
	t.Helper()
	var p struct {
		Entitled, Held, Approved, Sent, Withdrawn, Succeeded, Rejected, Unknown, Returned, Paid, Open tally

		Holds       bool
		Breaks      []string
		BankDebits  string `json:"bank_debits"`
		CreditsBack string `json:"credits_back"`
		Lists       []struct {
			Step  string
			Names []struct{ Name, Reason string }
		}
	}
	h.get("auditor", "/v1/pay-runs/"+run.ID+"/proof", &p)
	if !p.Holds || len(p.Breaks) != 0 {
		t.Errorf("the proof breaks: %v", p.Breaks)
	}
	for name, pair := range map[string][2]tally{
		"entitled": {p.Entitled, {4, "443.50"}}, "held": {p.Held, {1, "100.00"}},
		"approved": {p.Approved, {3, "343.50"}}, "sent": {p.Sent, {3, "343.50"}},
		"succeeded": {p.Succeeded, {2, "243.50"}}, "rejected": {p.Rejected, {1, "100.00"}},
		"unknown": {p.Unknown, {0, "0.00"}}, "returned": {p.Returned, {1, "100.00"}},
		"paid": {p.Paid, {1, "143.50"}}, "open": {p.Open, {3, "300.00"}},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %v, want %v", name, pair[0], pair[1])
		}
	}
	if p.BankDebits != "243.50" || p.CreditsBack != "100.00" {
		t.Errorf("debits %s, credits back %s", p.BankDebits, p.CreditsBack)
	}
	listed := map[string]int{}
	for _, l := range p.Lists {
		listed[l.Step] = len(l.Names)
		for _, n := range l.Names {
			if n.Name == "" || strings.Contains(n.Name, "pensioner") {
				t.Errorf("%s lists %+v", l.Step, n)
			}
		}
	}
	if listed["held"] != 1 || listed["rejected"] != 1 || listed["returned"] != 1 || listed["open"] != 3 {
		t.Errorf("listed are %v", listed)
	}
	var page struct {
		Items      []struct{ Name string }
		NextCursor string `json:"next_cursor"`
	}
	h.get("auditor", "/v1/pay-runs/"+run.ID+"/proof/open?limit=2", &page)
	if len(page.Items) != 2 || page.NextCursor == "" {
		t.Errorf("a page of names is %+v", page)
	}
}

// stream is what a follower of a run reads.
type stream struct {
	runs []sentRun
	ids  []string
	last string

	first, done chan struct{}
}

// follow reads the events of a run until the server ends the stream. It returns
// after the first one.
func (h *payHouse) follow(t *testing.T, id, last string) *stream {
	t.Helper()
	s := h.listen(t, id, last)
	select {
	case <-s.first:
	case <-time.After(time.Minute):
		t.Fatal("the stream says nothing")
	}
	return s
}

// listen is follow that waits for nothing.
func (h *payHouse) listen(t *testing.T, id, last string) *stream {
	t.Helper()
	q := h.build(request{
		method: "GET", path: "/v1/pay-runs/" + id, token: h.tokens["auditor"],
		header: http.Header{"Accept": {"text/event-stream"}, "Last-Event-Id": {last}},
	})
	res, err := client.Do(q) //nolint:bodyclose // the reader closes it
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		b, _ := io.ReadAll(res.Body)
		t.Fatalf("followed: %d %v %s", res.StatusCode, res.Header, b)
	}
	s := &stream{runs: nil, ids: nil, last: "", first: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		defer res.Body.Close() //nolint:errcheck // read to its end
		lines := bufio.NewScanner(res.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
				s.ids, s.last = append(s.ids, id), id
			}
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				s.runs = append(s.runs, read[sentRun](t, response{body: data}))
				if len(s.runs) == 1 {
					close(s.first)
				}
			}
		}
	}()
	return s
}

// states waits for the end of the stream.
func (s *stream) states(t *testing.T) []string {
	t.Helper()
	select {
	case <-s.done:
	case <-time.After(time.Minute):
		t.Fatal("the stream goes on")
	}
	var all []string
	for _, r := range s.runs {
		all = append(all, r.State)
	}
	return all
}

// Somebody dies between the approval and the release: the run is withdrawn, and
// its successor has the others and is approved anew.
func TestAHitAtTheReleaseIsAnsweredWithTheSuccessor(t *testing.T) {
	t.Parallel()
	h := openPay(t, setup{})
	h.fund(t, "1000.00")
	run := h.submitted(t)
	h.step(t, "business-checker", run, "approve", 200, "")
	h.data.Exec(t, `insert into death_notice (area, member_id, died_on, source, document, entered_by, entered_at)
		values (610304, 950002, '2018-05-20', 'civil affairs', 'list', 'test', now())`)
	got := read[sentRun](t, h.step(t, "finance-releaser", run, "release", 200, ""))
	if got.State != "withdrawn" || len(got.Hits) != 1 || got.Hits[0].Reason != "deceased" || got.Successor == "" ||
		strings.Contains(got.Hits[0].Name, "pensioner") {
		t.Fatalf("the release came to %+v", got)
	}
	h.bank(t, "GET", "/v1/disbursement-batches", "", 200, "")
	next := h.run(t, got.Successor)
	if next.State != "frozen" || next.Predecessor != run.ID || next.ItemCount != 2 || next.Amount != "243.50" {
		t.Fatalf("the successor is %+v", next)
	}
	h.step(t, "finance-releaser", run, "release", 409, "pay_run_state")
	h.step(t, "finance-releaser", next, "release", 409, "pay_run_state")
	h.step(t, "business-checker", next, "approve", 200, "")
	h.step(t, "finance-releaser", next, "release", 200, "")
	list := read[struct{ Items []sentPayBatch }](t, h.bank(t, "GET", "/v1/disbursement-batches", "", 200, ""))
	if len(list.Items) != 1 || list.Items[0].Count != 2 {
		t.Errorf("the bank sees %+v", list)
	}
}

// A released batch is taken back before the bank has it, and everything that the
// bank does with it after that is refused.
func TestARecalledBatchIsDead(t *testing.T) {
	t.Parallel()
	h := openPay(t, setup{})
	h.fund(t, "1000.00")
	b := h.released(t).Batches[0]
	path := "/v1/disbursement-batches/" + b.ID
	item := read[struct{ Items []sentPayment }](t, h.bank(t, "GET", path+"/items", "", 200, "")).Items[0]
	h.post("finance-maker", path+"/recall", `{"reason":"wrong list"}`, 403, "duty_conflict")
	h.post("finance-releaser", path+"/recall", `{"reason":""}`, 400, "invalid_request")
	got := read[sentPayBatch](t, h.post("finance-releaser", path+"/recall", `{"reason":"wrong list"}`, 200, ""))
	if got.Status != "withdrawn" {
		t.Errorf("recalled as %+v", got)
	}
	for _, part := range []string{"/items", "/file"} {
		h.bank(t, "GET", path+part, "", 409, "batch_state")
	}
	h.acknowledge(t, b, 409, "batch_state")
	h.bank(t, "POST", path+"/results", `{"count":1,"amount":"143.50","results":[`+success(item, "P-1")+`]}`, 409, "batch_state")
	h.keys++
	h.expect(request{
		method: "PUT", path: path + "/result-file?name=R_S.JSONL", body: "x", bank: "psbc-1",
		contentType: "application/octet-stream", key: fmt.Sprintf("bank-key-%d", h.keys), upload: true,
	}, 409, "batch_state")
	var cases struct{ Items []struct{ ID, Kind string } }
	h.get("auditor", "/v1/cases?kind=recalled_batch_answered", &cases)
	if len(cases.Items) != 1 {
		t.Errorf("the bank's word about it stands in %+v", cases)
	}
	if n := h.count(`select count(*) from posting where role like 'benefit%'`); n != 0 {
		t.Errorf("%d lines are booked of a recalled batch", n)
	}
	// Its people are paid by another run, once two people know what the bank did.
	h.post("business-maker", "/v1/pay-runs", order("supplementary"), 422, "nothing_to_pay")
	h.decided(t, "/v1/cases/"+cases.Items[0].ID+"/resolution", `{"document":"call note"}`, "settled")
	more := read[sentRun](t, h.post("business-maker", "/v1/pay-runs", order("supplementary"), 201, ""))
	if more.Entitled != 4 {
		t.Errorf("the supplementary run is %+v", more)
	}
}

// A run ends by a checker's no, by a releaser's no, or by its maker; the month can
// be drafted again. After the hand-over day a release says why.
func TestRunsThatAreNotReleasedOrLate(t *testing.T) {
	t.Parallel()
	today := calendar.MustDay("2018-06-21")
	h := openPay(t, setup{today: func() calendar.Day { return today }})
	no := func(run sentRun, reason string) string {
		return `{"digest":"` + run.Digest + `","reason":"` + reason + `"}`
	}
	first := h.submitted(t)
	path := "/v1/pay-runs/" + first.ID
	h.post("business-checker", path+"/reject", no(first, ""), 400, "invalid_request")
	h.post("finance-releaser", path+"/reject", no(first, "no"), 403, "duty_conflict")
	if got := read[sentRun](t, h.post("business-checker", path+"/reject", no(first, "wrong amounts"), 200, "")); got.State != "refused" {
		t.Errorf("rejected as %+v", got)
	}
	h.step(t, "business-checker", first, "approve", 409, "pay_run_state")
	second := h.submitted(t)
	h.step(t, "finance-checker", second, "approve", 200, "")
	h.post("finance-releaser", "/v1/pay-runs/"+second.ID+"/reject", no(second, "no"), 200, "")
	third := h.submitted(t)
	h.post("business-checker", "/v1/pay-runs/"+third.ID+"/withdraw", `{"reason":"no"}`, 403, "duty_conflict")
	got := read[sentRun](t, h.post("business-maker", "/v1/pay-runs/"+third.ID+"/withdraw", `{"reason":"one more name"}`, 200, ""))
	if got.State != "withdrawn" {
		t.Errorf("withdrawn as %+v", got)
	}
	h.fund(t, "1000.00")
	fourth := h.submitted(t)
	h.step(t, "business-checker", fourth, "approve", 200, "")
	h.step(t, "finance-releaser", fourth, "release", 422, "handover_late")
	late := read[struct {
		State      string
		LateReason string `json:"late_reason"`
	}](t, h.post("finance-releaser", "/v1/pay-runs/"+fourth.ID+"/release", no(fourth, "the allocation was late"), 200, ""))
	if late.State != "released" || late.LateReason != "the allocation was late" {
		t.Errorf("released late as %+v", late)
	}
	h.get("auditor", "/v1/pay-runs/"+fourth.ID+"/proof", &struct{}{})
	h.expect(request{method: "GET", path: path + "/proof", token: h.tokens["auditor"]}, 409, "pay_run_state")
}

// Who read the last event is told of what comes after it, and of nothing twice.
func TestFollowersAreToldOfChangesOnly(t *testing.T) {
	t.Parallel()
	h := openPay(t, setup{})
	run := read[sentRun](t, h.post("business-maker", "/v1/pay-runs", order("regular"), 201, ""))
	first := h.follow(t, run.ID, "")
	second := h.listen(t, run.ID, first.ids[0])
	h.post("business-maker", "/v1/pay-runs/"+run.ID+"/withdraw", `{"reason":"one more name"}`, 200, "")
	if states := first.states(t); !slices.Equal(states, []string{"draft", "withdrawn"}) {
		t.Errorf("the first stream showed %v", states)
	}
	if states := second.states(t); !slices.Equal(states, []string{"withdrawn"}) {
		t.Errorf("the second stream showed %v", states)
	}
}

// A stream does not keep the server from stopping.
func TestStreamsEndWithTheServer(t *testing.T) {
	t.Parallel()
	var s *stream
	t.Cleanup(func() {
		// The server has stopped by now.
		select {
		case <-s.done:
		case <-time.After(30 * time.Second):
			t.Error("the stream outlived the server")
		}
	})
	began := make(chan time.Time, 1)
	t.Cleanup(func() {
		if took := time.Since(<-began); took > 10*time.Second {
			t.Errorf("the server waited %s for a stream", took)
		}
	})
	h := openPay(t, setup{})
	run := read[sentRun](t, h.post("business-maker", "/v1/pay-runs", order("regular"), 201, ""))
	s = h.follow(t, run.ID, "")
	began <- time.Now()
}

// remembering is a hint that keeps what it is told, in the memory of the test.
type remembering struct {
	mu   sync.Mutex
	told map[string]bool
}

func (r *remembering) Lookup(context.Context, once.Request) (*once.Stored, error) { return nil, nil } //nolint:nilnil // none

func (r *remembering) Mark(context.Context, once.Request) (string, time.Duration, error) {
	return "test", 0, nil
}

func (r *remembering) Finish(_ context.Context, q once.Request, _ string, a *once.Stored) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told[q.Key] = a != nil
	return nil
}

// A dry run has no effect, so nothing of it is remembered: the same key may then
// be used for the run itself.
func TestADryRunIsNotRemembered(t *testing.T) {
	t.Parallel()
	hint := &remembering{told: map[string]bool{}}
	h := openPay(t, setup{deps: func(d *httpapi.Dependencies) { d.Hint = hint }})
	ask := request{
		method: "POST", path: "/v1/pay-runs?dry_run=true", body: order("regular"), token: h.tokens["business-maker"],
		key: "one-key-for-both",
	}
	h.expect(ask, 200, "")
	if kept, told := hint.told[ask.key]; kept || !told {
		t.Errorf("the dry run was remembered (%v), or its mark stays (%v)", kept, told)
	}
	ask.path = "/v1/pay-runs"
	h.expect(ask, 201, "")
	if !hint.told[ask.key] {
		t.Error("the run was not remembered")
	}
}

// Who may do what with the money out is as it was decided, not as the table says.
func TestDutiesOfTheMoneyOut(t *testing.T) {
	t.Parallel()
	offices := []approval.Organisation{
		approval.AgencyBusiness, approval.AgencyFinance, approval.FinanceBureau, approval.Township, approval.Village,
		approval.Auditor, approval.System,
	}
	all := []approval.Duty{
		approval.Maker, approval.Checker, approval.Releaser, approval.Viewer, approval.SystemAdmin, approval.SecurityAdmin,
	}
	const (
		maker     = "maker agency_business"
		releaser  = "releaser agency_finance"
		checkers  = "checker agency_business, checker agency_finance"
		bank      = "bank"
		reader    = "readers"
		bankReads = "bank, readers"
	)
	want := map[string]string{
		"POST /v1/rosters": maker, "GET /v1/rosters/{id}": reader, "GET /v1/rosters/{id}/lines": reader,
		"GET /v1/rosters/{id}/holds": reader, "POST /v1/pay-runs": maker, "GET /v1/pay-runs": reader,
		"GET /v1/pay-runs/{id}": reader, "POST /v1/pay-runs/{id}/submit": maker,
		"POST /v1/pay-runs/{id}/approve": checkers, "POST /v1/pay-runs/{id}/reject": checkers + ", " + releaser,
		"POST /v1/pay-runs/{id}/withdraw": maker, "POST /v1/pay-runs/{id}/release": releaser,
		"GET /v1/pay-runs/{id}/proof": reader, "GET /v1/pay-runs/{id}/proof/{step}": reader,
		"GET /v1/pay-runs/{id}/signed-proof": reader, "GET /v1/proof-keys": reader,
		"GET /v1/members/{id}/payments": reader, "GET /v1/disbursement-batches": bankReads,
		"GET /v1/disbursement-batches/{id}": bankReads, "GET /v1/disbursement-batches/{id}/items": bankReads,
		"GET /v1/disbursement-batches/{id}/file":             bank,
		"POST /v1/disbursement-batches/{id}/acknowledgement": bank,
		"POST /v1/disbursement-batches/{id}/results":         bank,
		"PUT /v1/disbursement-batches/{id}/result-file":      bank,
		"POST /v1/disbursement-batches/{id}/recall":          releaser,
		"POST /v1/returns": bank, "POST /v1/returns/{id}/unclaimed": maker, "POST /v1/benefit-dues/{id}/end": maker,
		"POST /v1/reissues": maker, "POST /v1/items/{id}/paid-by-hand": "maker agency_finance",
	}
	for _, r := range open(t, setup{}).server.Table() {
		name := r.Method + " " + r.Path
		expected, ok := want[name]
		if !ok {
			continue
		}
		delete(want, name)
		var who []string
		if r.Banks {
			who = append(who, bank)
		}
		reads := 0
		var officers []string
		for _, d := range all {
			for _, o := range offices {
				if r.Allows(d, o) {
					officers = append(officers, string(d)+" "+string(o))
					reads++
				}
			}
		}
		if reads == 4*4 {
			officers = []string{reader}
		}
		if got := strings.Join(append(who, officers...), ", "); got != expected || r.Anyone || r.Any {
			t.Errorf("%s is for %s, want %s", name, got, expected)
		}
	}
	for name := range want {
		t.Errorf("%s is not served", name)
	}
}

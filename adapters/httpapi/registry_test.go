package httpapi_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"twoline/adapters/httpapi"
	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/fault"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

// arrivedFiles stands where the job engine does: it remembers what a worker
// would be given, so that a test says when the worker runs.
type arrivedFiles struct {
	mu      sync.Mutex
	list    []bank.ReceiptArrived
	others  []any
	service *registry.Service
	payout  *disbursement.Service
}

// Enqueue implements postgres.Enqueuer.
func (a *arrivedFiles) Enqueue(_ context.Context, _ pgx.Tx, jobs ...any) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, j := range jobs {
		if r, ok := j.(bank.ReceiptArrived); ok {
			a.list = append(a.list, r)
			continue
		}
		a.others = append(a.others, j)
	}
	return nil
}

// work takes in what arrived.
func (a *arrivedFiles) work(t *testing.T) {
	t.Helper()
	a.mu.Lock()
	list := a.list
	a.list = nil
	a.mu.Unlock()
	if len(list) == 0 {
		t.Error("no file arrived")
	}
	for _, r := range list {
		takeIn := a.service.TakeIn
		switch r.What {
		case bank.ReceiptPaymentResultFile:
			takeIn = a.payout.TakeInResultFile
		case bank.ReceiptPaymentEvidence:
			takeIn = a.payout.TakeInEvidence
		}
		if err := takeIn(context.Background(), r.Area, r.Receipt); err != nil {
			t.Error(err)
		}
	}
}

func useRegistry(
	store registry.Store, receipts bank.ReceiptStore, today func() calendar.Day, deps *httpapi.Dependencies,
) *arrivedFiles {
	deps.Intake = bank.NewIntake(receipts, 1<<20)
	deps.Registry = registry.New(registry.Config{
		Formats: []registry.Format{"rural-cooperative"},
		Store:   store, Today: today, Intake: deps.Intake, Files: openingFiles{},
		Charsets: map[string]registry.Decoder{"gb18030": noText}, Sheet: sheetOfText,
	})
	return &arrivedFiles{service: deps.Registry, payout: nil}
}

// sheetOfText stands for the reader of workbooks: a row a line, its cells between
// bars, after the letters that a workbook begins with. What the document shows as a
// workbook is one of a member of its other examples.
func sheetOfText(_ context.Context, file io.Reader, _ string, each func(int, []registry.Cell) error) error {
	content, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	text, ok := strings.CutPrefix(string(content), "PK")
	if !ok {
		return fault.New(fault.Invalid, "charset_bytes", "it is no workbook")
	}
	if text == "… (the workbook's bytes)" {
		text = strings.ReplaceAll(membersHead+"610304197001010014,SB0001,王秀兰,610304100001,rural,2012-01-01", ",", "|")
	}
	for i, line := range strings.Split(text, "\n") {
		var cells []registry.Cell
		for cell := range strings.SplitSeq(line, "|") {
			kind := registry.CellText
			if strings.HasPrefix(cell, "#") {
				kind = registry.CellNumber
			}
			cells = append(cells, registry.Cell{Kind: kind, Text: cell})
		}
		if err := each(i+1, cells); err != nil {
			return err
		}
	}
	return nil
}

// noText stands for a decoder that meets bytes of another charset.
func noText(io.Reader) io.Reader { return iotest.ErrReader(errInvalidBytes) }

var errInvalidBytes = fault.New(fault.Invalid, "charset_bytes", "bytes are not text")

// openingFiles is a bank's format of the test: a social-security number a line;
// of results, the row's fields and the account, or "-".
type openingFiles struct{}

func (openingFiles) Check(registry.Bank, registry.OpeningRow) error { return nil }

func (openingFiles) Write(_ registry.Bank, rows []registry.OpeningRow) ([]byte, error) {
	var b bytes.Buffer
	for _, r := range rows {
		b.WriteString(r.SocialNo + "\n")
	}
	return b.Bytes(), nil
}

func (openingFiles) Read(_ context.Context, _ registry.Bank, part string, file io.Reader, emit bank.Emit) error {
	content, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	for line := range strings.SplitSeq(strings.TrimSpace(string(content)), "\n") {
		f := strings.Split(line, "|")
		r := bank.Result{SocialNo: f[0], Name: f[1], IDNumber: f[2], Account: f[3], Outcome: bank.OutcomeSucceeded}
		if part == "F" {
			r.Outcome, r.Text = bank.OutcomeFailed, f[3]
		}
		if err := emit(r); err != nil {
			return err
		}
	}
	return emit(bank.End{})
}

// registryHouse is a house whose area is set up by its officers, over HTTP.
type registryHouse struct {
	*house

	business, finance string
	keys              int
}

func openRegistry(t *testing.T) *registryHouse {
	t.Helper()
	h := &registryHouse{house: open(t, setup{})}
	h.business = h.session("business", approval.AgencyBusiness, approval.Maker)
	h.finance = h.session("finance", approval.AgencyFinance, approval.Maker)
	h.imports("regions", "region,name\n610304000000,陈仓区\n610304100000,虢镇\n610304100001,东关村\n", 3)
	h.imports("banks", "bank,bank_no,name,format,row_limit,charset\n"+
		"rcc,402791000010,信用社,rural-cooperative,150000,gb18030\n", 1)
	h.imports("policies", "rule,effective_from,value,document\ncollection_mode,2009-09-01,agency,x\n", 1)
	h.imports("members", membersHead+memberRow(1)+memberRow(2)+memberRow(3), 3)
	return h
}

const membersHead = "id_number,social_no,name,region,scheme,joined_on\n"

func personID(n int) string {
	first := fmt.Sprintf("61030419700101%03d", n)
	return first + string(party.IDCheck(first))
}

func cardNumber(n int) string {
	first := fmt.Sprintf("621000%012d", n)
	return first + string(party.LuhnCheck(first))
}

func memberRow(n int) string {
	return fmt.Sprintf("%s,SB%04d,王%d,610304100001,rural,2010-01-01\n", personID(n), n, n)
}

func (h *registryHouse) send(r request, status int, code string) response {
	h.tb.Helper()
	h.keys++
	r.key = fmt.Sprintf("registry-%d", h.keys)
	return h.expect(r, status, code)
}

func (h *registryHouse) csv(kind, query, body string) request {
	token := h.business
	if kind == "fund-accounts" {
		token = h.finance
	}
	return request{
		method: "POST", path: "/v1/imports/" + kind + query, body: body, contentType: "text/csv", token: token,
	}
}

func (h *registryHouse) imports(kind, body string, imported int) {
	h.tb.Helper()
	res := h.send(h.csv(kind, "", body), 200, "")
	if want := fmt.Sprintf(`{"kind":%q,"rows":%d,"imported":%[2]d,"repeated":0,"refused":0,"lines":[],"omitted":0}`,
		kind, imported); strings.TrimSpace(res.body) != want {
		h.tb.Errorf("import of %s: %s, want %s", kind, res.body, want)
	}
}

func (h *registryHouse) bankPost(path, body string, status int, code string) response {
	h.tb.Helper()
	return h.send(request{method: "POST", path: path, body: body, bank: "psbc-1"}, status, code)
}

func TestImportsOverHTTP(t *testing.T) {
	t.Parallel()
	h := openRegistry(t)
	type report struct {
		Rows, Imported, Repeated, Refused int
		Lines                             []struct {
			Line                int
			Answer, Code, Field string
		}
	}
	res := h.send(h.csv("members", "", membersHead+memberRow(3)+memberRow(4)+"x,x,x,x,x,x\n"), 200, "")
	got := read[report](t, res)
	if got.Imported != 1 || got.Repeated != 1 || got.Refused != 1 || len(got.Lines) != 2 ||
		got.Lines[1].Line != 4 || got.Lines[1].Answer != "refused" || got.Lines[1].Field != "id_number" {
		t.Errorf("%s", res.body)
	}
	res = h.send(h.csv("members", "?whole_file=true", membersHead+memberRow(5)+"x,x,x,x,x,x\n"), 422, "import_refused")
	problem := read[struct {
		Line  int
		Lines []struct{ Line int }
	}](t, res)
	if problem.Line != 3 || len(problem.Lines) != 1 || problem.Lines[0].Line != 3 {
		t.Errorf("%s", res.body)
	}
	if n := h.count(`select count(*) from member`); n != 4 {
		t.Errorf("%d members, want 4", n)
	}
	h.send(h.csv("members", "?charset=gb18030", membersHead+memberRow(5)), 400, "charset")
	h.send(h.csv("members", "?charset=big5", membersHead+memberRow(5)), 400, "invalid_request")
	h.send(h.csv("members", "", "sex\n"), 400, "header")
	h.send(h.csv("people", "", membersHead), 404, "unknown_kind")
	h.send(h.csv("members", "?area=610303", membersHead+memberRow(6)), 403, "area_forbidden")
	tooLarge := h.csv("members", "", membersHead+strings.Repeat(memberRow(6), 70_000))
	tooLarge.key = "registry-too-large"
	// The server may hang up before the client has sent it all.
	h.expectUpload(tooLarge, 413, "body_too_large")
	asJSON := h.csv("members", "", membersHead+memberRow(6))
	asJSON.contentType = "application/json"
	h.send(asJSON, 415, "content_type_refused")
	byBank := h.csv("members", "", membersHead+memberRow(6))
	byBank.token, byBank.bank = "", "psbc-1"
	h.send(byBank, 403, "caller_not_allowed")
	finance := h.csv("members", "", membersHead+memberRow(6))
	finance.token = h.finance
	h.send(finance, 403, "duty_conflict")
}

func TestImportsOfWorkbooksOverHTTP(t *testing.T) {
	t.Parallel()
	h := openRegistry(t)
	workbook := func(query, body string) request {
		r := h.csv("members", query, body)
		r.contentType = xlsxKind
		return r
	}
	sheet := "PK" + strings.ReplaceAll(membersHead+memberRow(7)+memberRow(1)+"\n"+
		strings.Replace(memberRow(8), personID(8), "#6.1E17", 1), ",", "|")
	res := h.send(workbook("", sheet), 200, "")
	if want := `{"kind":"members","rows":3,"imported":1,"repeated":1,"refused":1,"lines":[{"line":3,"answer":"repeated"},` +
		`{"line":5,"answer":"refused","code":"cell","field":"id_number",`; !strings.HasPrefix(res.body, want) {
		t.Errorf("%s\nwant %s…", res.body, want)
	}
	whole := workbook("?whole_file=true", sheet)
	whole.contentType = strings.ToUpper(xlsxKind)
	problem := read[struct {
		Line  int
		Field string
	}](t, h.send(whole, 422, "import_refused"))
	if problem.Line != 5 || problem.Field != "id_number" {
		t.Errorf("%+v", problem)
	}
	h.send(workbook("", membersHead+memberRow(9)), 400, "workbook_refused")
	h.send(workbook("?charset=gb18030", sheet), 400, "charset")
	h.send(h.csv("members", "", sheet), 400, "header")
	other := workbook("", sheet)
	other.contentType = "application/vnd.ms-excel"
	if res := h.send(other, 415, "content_type_refused"); !strings.Contains(res.body, "text/csv or "+xlsxKind) {
		t.Errorf("the refusal does not name what is taken: %s", res.body)
	}
	if n := h.count(`select count(*) from member`); n != 4 {
		t.Errorf("%d members, want 4", n)
	}
	var spec struct {
		Paths map[string]map[string]struct {
			RequestBody struct {
				Required bool
				Content  map[string]struct{ Examples map[string]any }
			}
		}
	}
	document := h.expect(request{method: "GET", path: "/openapi.json"}, 200, "").body
	if err := json.Unmarshal([]byte(document), &spec); err != nil {
		t.Fatal(err)
	}
	body := spec.Paths["/v1/imports/{kind}"]["post"].RequestBody
	csvShown, xlsxShown := body.Content[csvKind].Examples, body.Content[xlsxKind].Examples
	if len(body.Content) != 2 || !body.Required || len(csvShown) < 10 || csvShown["xlsx"] != nil || len(xlsxShown) != 1 {
		t.Errorf("the document shows %+v", body)
	}
}

func TestImportsAreDocumented(t *testing.T) {
	t.Parallel()
	h := openRegistry(t)
	spec := h.expect(request{method: "GET", path: "/openapi.json"}, 200, "").body
	for _, s := range registry.Specs() {
		for _, c := range s.Columns {
			if !strings.Contains(spec, "- `"+c.Name+"`") || !strings.Contains(spec, "**"+string(s.Kind)+"**") {
				t.Errorf("column %s of %s is not documented", c.Name, s.Kind)
			}
		}
	}
}

func TestOpeningBalancesOverHTTP(t *testing.T) {
	t.Parallel()
	h := openRegistry(t)
	h.imports("fund-accounts", "scheme,role,bank,account_no,name,opened_on\n"+
		"rural,fiscal_special,psbc,6100002,专户,2018-06-01\nrural,expenditure,psbc,6100003,支出户,2018-06-01\n", 2)
	account := func(role string) string {
		return fmt.Sprint(h.count(`select id::int from fund_account where role = $1`, role))
	}
	body := func(role, day, amount string) string {
		return `{"balances":[{"fund_account":"` + account(role) + `","day":"` + day + `","balance":"` + amount +
			`","statement_number":"12","statement_digest":"` + strings.Repeat("0a", 32) + `"}]}`
	}
	post := func(token, body string, status int, code string) response {
		t.Helper()
		return h.send(request{method: "POST", path: "/v1/opening-balances", body: body, token: token}, status, code)
	}
	post(h.business, body("fiscal_special", "2018-05-31", "10.00"), 403, "duty_conflict")
	post(h.finance, body("fiscal_special", "2018-06-01", "10.00"), 422, "opening_day")
	checker := h.session("fin-checker", approval.AgencyFinance, approval.Checker)
	business := h.session("bus-checker", approval.AgencyBusiness, approval.Checker)
	type decision struct {
		sentDecision

		Amount, Document string
		FileDigest       string `json:"document_digest"`
		Day              string `json:"value_date"`
	}
	type decisions struct{ Decisions []decision }
	first := read[decisions](t, post(h.finance, body("fiscal_special", "2018-05-31", "10.00"), 201, "")).Decisions
	zero := read[decisions](t, post(h.finance, body("expenditure", "2018-05-31", "0.00"), 201, "")).Decisions
	if len(first) != 1 || first[0].Amount != "10.00" || first[0].SubjectID != account("fiscal_special") ||
		first[0].Document != "12" || first[0].FileDigest != strings.Repeat("0a", 32) || first[0].Day != "2018-05-31" ||
		len(zero) != 1 || zero[0].Amount != "0.00" {
		t.Fatalf("asked: %+v, %+v", first, zero)
	}
	post(h.finance, body("fiscal_special", "2018-05-31", "10.00"), 409, "decision_open")
	if n := h.count(`select count(*) from posting where kind = 'opening'`); n != 0 {
		t.Errorf("%d lines are booked before the approval", n)
	}
	for _, d := range append(first, zero...) {
		approve := request{
			method: "POST", path: "/v1/decisions/" + d.ID + "/approve", body: digestBody(d.Digest), token: business,
		}
		h.send(approve, 403, "duty_conflict")
		approve.token = checker
		h.send(approve, 200, "")
	}
	post(h.finance, body("fiscal_special", "2018-05-31", "10.00"), 409, "opening_exists")
	if n := h.count(`select sum(amount)::int from posting where role = 'fiscal_special'`); n != 1000 {
		t.Errorf("booked %d fen", n)
	}
}

func TestAccountOpeningsOverHTTP(t *testing.T) {
	t.Parallel()
	h := openRegistry(t)
	h.addKey("rcc", "rcc-1")
	res := h.send(request{method: "POST", path: "/v1/account-openings", body: `{"bank":"rcc"}`, token: h.business},
		201, "")
	made := read[struct {
		Openings []struct {
			ID         string
			Count      int
			FileDigest string `json:"file_digest"`
		}
	}](t, res).Openings
	if len(made) != 1 || made[0].Count != 3 {
		t.Fatalf("%s", res.body)
	}
	path := "/v1/account-openings/" + made[0].ID
	h.expect(request{method: "GET", path: path + "/file", bank: "psbc-1"}, 404, "account_opening_not_found")
	file := h.expect(request{method: "GET", path: path + "/file", bank: "rcc-1"}, 200, "")
	sum := sha256.Sum256([]byte(file.body))
	if hex.EncodeToString(sum[:]) != made[0].FileDigest || file.header.Get("Repr-Digest") == "" {
		t.Errorf("digest of the file: %v", file.header)
	}
	if file.body != "SB0001\nSB0002\nSB0003\n" {
		t.Errorf("file: %s", file.body)
	}
	row := func(n int, account string) string {
		return fmt.Sprintf("SB%04d|王%d|%s|%s\n", n, n, personID(n), account)
	}
	upload := func(name, content string) {
		t.Helper()
		h.send(request{
			method: "PUT", path: path + "/result-file?name=" + name, body: content, upload: true, bank: "rcc-1",
			contentType: "application/octet-stream",
		}, 202, "")
	}
	upload("K_S.TXT", row(1, cardNumber(1))+row(3, "8801-3"))
	upload("K_F.TXT", row(2, "户名不符"))
	h.arrived.work(t)
	if n := h.count(`select count(*) from receipt where state = 'processed' and refused = 0 and recorded in (1,
		2)`); n != 2 {
		t.Errorf("%d of 2 files processed", n)
	}
	if n := h.count(`select count(*) from instrument i join mandate m on m.instrument_id = i.id
		where i.bank = 'rcc' and not i.activated and m.number = '610304-rcc-' || i.member_id`); n != 2 {
		t.Errorf("%d accounts with mandates, want 2", n)
	}
	if n := h.count(`select count(*) from account_opening_answer where not opened and text = '户名不符'`); n != 1 {
		t.Errorf("%d refusals of the bank, want 1", n)
	}
}

func TestMandatesAndLookupOverHTTP(t *testing.T) {
	t.Parallel()
	h := openRegistry(t)
	h.imports("instruments", "id_number,bank,kind,account_no,activated,for_payout,opened_on\n"+
		personID(1)+",psbc,card,"+cardNumber(1)+",true,true,2012-01-01\n", 1)
	h.imports("tiers", "id_number,year,amount,chosen_on\n"+personID(1)+",2018,200.00,2018-01-05\n", 1)
	sign := func(n int, number string) string {
		return fmt.Sprintf(`{"action":"sign","area":"610304","number":%q,"id_number":%q,"account_no":%q,`+
			`"signed_on":"2018-06-01"}`,
			number, personID(n), cardNumber(n))
	}
	h.bankPost("/v1/mandates", sign(1, "M1"), 200, "")
	h.bankPost("/v1/mandates", sign(1, "M2"), 409, "mandate_exists")
	h.bankPost("/v1/mandates", sign(2, "M2"), 404, "customer_not_found")
	h.bankPost("/v1/mandates", `{"action":"cancel","area":"610304","number":"M1"}`, 400, "mandate_form")
	h.bankPost("/v1/mandates", strings.Replace(sign(1, "M1"), "sign\"", "cancel\"", 1), 400, "mandate_form")
	lookup := func(bankKey string, n, status int, code string) response {
		t.Helper()
		return h.expect(request{
			method: "POST", path: "/v1/members/lookup", body: `{"id_number":"` + personID(n) + `"}`, bank: bankKey,
		}, status, code)
	}
	var got struct{ Customers []map[string]any }
	res := lookup("psbc-1", 1, 200, "")
	if err := json.Unmarshal([]byte(res.body), &got); err != nil || len(got.Customers) != 1 {
		t.Fatalf("%s: %v", res.body, err)
	}
	delete(got.Customers[0], "member_id")
	want := map[string]any{
		"area": "610304", "name": "王**", "account": "****" + cardNumber(1)[15:], "mandate": "M1", "year": 2018.0,
		"chosen": "200.00", "posted": "0.00", "receipts": "0.00", "in_flight": "0.00", "open": "200.00", "paid": false,
	}
	if d := cmp.Diff(want, got.Customers[0]); d != "" {
		t.Error(d)
	}
	lookup("rcu-1", 1, 404, "customer_not_found")
	lookup("psbc-1", 2, 404, "customer_not_found")
	ended := h.bankPost("/v1/mandates", `{"action":"cancel","area":"610304","number":"M1","ended_on":"2018-06-03"}`,
		200, "")
	if !strings.Contains(ended.body, `"ended_on":"2018-06-03"`) {
		t.Errorf("%s", ended.body)
	}
	h.bankPost("/v1/mandates", `{"action":"cancel","area":"610304","number":"M1","ended_on":"2018-06-04"}`, 409,
		"mandate_ended")
	for _, secret := range []string{personID(1), cardNumber(1)} {
		if strings.Contains(h.log.String(), secret) {
			t.Error("the log holds personal data")
		}
	}
}

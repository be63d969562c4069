package httpapi_test

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"twoline/adapters/httpapi"
	"twoline/adapters/httpapi/signature"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/report"
)

const (
	csvKind  = "text/csv"
	pdfKind  = "application/pdf"
	xlsxKind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)

// printed asks for a paper as a file and looks at what every file has.
func (h *fundHouse) printed(t *testing.T, who, path, kind, name string) string {
	t.Helper()
	res := h.expect(request{method: "GET", path: path, token: h.tokens[who]}, 200, "")
	if got := res.header.Get("Content-Type"); got != kind {
		t.Errorf("%s: it is %q, want %q", path, got, kind)
	}
	if got := res.header.Get("Repr-Digest"); got != signature.ContentDigest(sha256.Sum256([]byte(res.body))) {
		t.Errorf("%s: the digest %q is not that of the bytes", path, got)
	}
	if got := res.header.Get("Content-Disposition"); got != "attachment; filename="+name {
		t.Errorf("%s: it is called %q, want %q", path, got, name)
	}
	return res.body
}

// table reads a file of CSV as a spreadsheet does.
func tableOf(t *testing.T, file string) [][]string {
	t.Helper()
	body, ok := strings.CutPrefix(file, "\uFEFF")
	if !ok {
		t.Error("nothing says that the file is UTF-8")
	}
	r := csv.NewReader(strings.NewReader(body))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// yuan reads an amount with its sign, or nothing.
func yuan(t *testing.T, s string) money.Amount {
	t.Helper()
	if s == "" {
		return 0
	}
	digits, below := strings.CutPrefix(s, "-")
	a, err := money.Parse(digits)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	if below {
		return -a
	}
	return a
}

// paidMonth is a county that paid one pension of June and got another one back.
func paidMonth(t *testing.T) *payHouse {
	t.Helper()
	h := openPay(t, setup{})
	h.fund(t, "1000.00")
	b := h.released(t).Batches[0]
	h.acknowledge(t, b, 200, "")
	path := "/v1/disbursement-batches/" + b.ID
	items := read[struct{ Items []sentPayment }](t, h.bank(t, "GET", path+"/items", "", 200, "")).Items
	h.bank(t, "POST", path+"/results", `{"count":2,"amount":"243.50","results":[`+success(items[0], "P-1")+`,`+
		success(items[1], "P-2")+`]}`, 200, "")
	h.bank(t, "POST", "/v1/returns", `{"count":1,"amount":"143.50","returns":[{"item_id":"`+items[0].ItemID+
		`","amount":"143.50","bank_reference":"R-1","value_date":"2018-06-05","code":"AC04"}]}`, 200, "")
	return h
}

// seal ends June, as the night after its last day does.
func (h *payHouse) seal(t *testing.T) {
	t.Helper()
	h.data.Exec(t, `do $$ declare d date; begin
		for d in select generate_series((select sealed_through + 1 from book where area = 610304 and scheme = 'rural'),
			'2018-06-30', '1 day') loop perform seal_day(610304, 'rural', d, now()); end loop; end $$`)
}

type sentVouchers struct {
	Items []struct {
		Number, Items int
		Summary       string
		Lines         []struct{ Code, Debit, Credit string }
	}
	Final         bool
	Count         int
	Debit, Credit string
	NextCursor    string `json:"next_cursor"`
}

func TestVouchersLeaveAsFiles(t *testing.T) {
	t.Parallel()
	h := paidMonth(t)
	const path = "/v1/reports/vouchers?scheme=rural&month=2018-06"
	for _, format := range []string{"", "&format=csv", "&format=xlsx"} {
		h.expect(request{method: "GET", path: path + format, token: h.tokens["bureau-maker"]}, 409, "period_not_sealed")
	}
	open := tableOf(t, h.printed(t, "auditor", path+"&open=true&format=csv", csvKind, "vouchers-rural-2018-06-open.csv"))
	if len(open) < 5 || open[1][len(open[1])-1] != "未结账" {
		t.Errorf("the open month is %q", open)
	}
	h.seal(t)
	file := h.printed(t, "bureau-maker", path+"&format=csv", csvKind, "vouchers-rural-2018-06.csv")
	if again := h.printed(t, "finance-maker", path+"&format=csv", csvKind, "vouchers-rural-2018-06.csv"); again != file {
		t.Errorf("the same month is another file:\n%s\n%s", file, again)
	}
	var debit, credit money.Amount
	rows := tableOf(t, file)
	for _, row := range rows[1:] {
		debit, credit = debit+yuan(t, row[7]), credit+yuan(t, row[8])
		if row[len(row)-1] != "未结账" || len(row) != len(rows[0]) {
			t.Errorf("a row of the sealed month that is not closed is %q", row)
		}
	}
	var page sentVouchers
	h.get("auditor", path, &page)
	if debit != credit || debit.String() != page.Debit || page.Debit != page.Credit || !page.Final ||
		page.Count != len(page.Items) || debit != money.MustParse("2387.00") {
		t.Errorf("debit %s, credit %s of the file; the page is %+v", debit, credit, page)
	}
	// By the ledger's own sums.
	if sealed := h.count(`select sum(debit)::int from sealed_balance where area = 610304 and scheme = 'rural'
		and role not like 'personal%'`); debit != money.Amount(sealed) {
		t.Errorf("debit %s of the file, %s of the seal", debit, money.Amount(sealed))
	}
	h.pagesOfVouchers(t, path, page)
	english := tableOf(t, h.printed(t, "auditor", path+"&format=csv&lang=en", csvKind, "vouchers-rural-2018-06.csv"))
	if english[0][3] != "summary" || english[1][3] != "government subsidy plan" || rows[1][3] != "财政补贴到账 plan" {
		t.Errorf("in English %q, in Chinese %q", english[:2], rows[1])
	}
	h.workbookOfVouchers(t, path)
}

// closeAt closes June at the scheme's accounts of roles, as far as papers look at it.
func (h *payHouse) closeAt(t *testing.T, roles string) {
	t.Helper()
	h.data.Exec(t, `begin; set local session_replication_role = replica;
		insert into period_close (area, fund_account, month, closing, digest, closed_by, closed_at)
		select area, id, '2018-06-01', 0, sha256(role::bytea), 'li', '2018-07-02 09:00:00+08' from fund_account
		where area = 610304 and scheme = 'rural' and role in (`+roles+`); commit`)
}

// Vouchers and the trial balance say whether the month is closed, which it is when it is
// closed at every account.
func TestPapersSayWhetherTheMonthIsClosed(t *testing.T) {
	t.Parallel()
	h := paidMonth(t)
	h.seal(t)
	type state struct{ Closed bool }
	const vouchers, trial = "/v1/reports/vouchers?scheme=rural&month=2018-06", "/v1/reports/trial-balance?scheme=rural&day=2018-06-05"
	want := func(closed bool, zh, en string) {
		t.Helper()
		for path, name := range map[string]string{vouchers: "vouchers-rural-2018-06.csv", trial: "trial-balance-rural-2018-06-05.csv"} {
			var shown state
			if h.get("auditor", path, &shown); shown.Closed != closed {
				t.Errorf("%s: closed is %v", path, shown.Closed)
			}
			for lang, word := range map[string]string{"zh": zh, "en": en} {
				file := h.printed(t, "bureau-maker", path+"&format=csv&lang="+lang, csvKind, name)
				at := "2018-06 · " + word
				if path == vouchers {
					rows := tableOf(t, file)
					at = rows[len(rows)-1][len(rows[0])-1]
					if at != word {
						t.Errorf("%s in %s says %q, want %q", path, lang, at, word)
					}
					continue
				}
				if !strings.Contains(file, at+"\r\n") {
					t.Errorf("%s in %s does not say %q:\n%s", path, lang, at, file)
				}
			}
		}
	}
	want(false, "未结账", "not closed yet")
	h.closeAt(t, `'income', 'fiscal_special'`)
	want(false, "未结账", "not closed yet")
	h.closeAt(t, `'expenditure', 'treasury'`)
	want(true, "已结账", "closed")
	page := tableOf(t, h.printed(t, "auditor", trial+"&format=csv", csvKind, "trial-balance-rural-2018-06-05.csv"))
	text := fmt.Sprint(page)
	for _, part := range []string{"试算平衡表", "财政专户存款", "psbc ****", "基金科目合计", "个人账户备查科目合计", "由 li 结账"} {
		if !strings.Contains(text, part) {
			t.Errorf("the trial balance lacks %q: %s", part, text)
		}
	}
	var debit, credit money.Amount
	for _, row := range page {
		if len(row) == 5 && row[0] != "" && row[0] != "科目编码" {
			debit, credit = debit+yuan(t, row[3]), credit+yuan(t, row[4])
		}
	}
	if debit != credit || debit == 0 {
		t.Errorf("debits %s, credits %s", debit, credit)
	}
	for _, format := range []string{"pdf", "xlsx"} {
		h.expect(request{method: "GET", path: trial + "&format=" + format, token: h.tokens["auditor"]}, 200, "")
	}
}

// pagesOfVouchers are the whole, one by one.
func (h *payHouse) pagesOfVouchers(t *testing.T, path string, whole sentVouchers) {
	t.Helper()
	cursor, n := "", 0
	for {
		var one sentVouchers
		h.get("auditor", path+"&limit=1"+cursor, &one)
		if n == len(whole.Items) || len(one.Items) != 1 || one.Items[0].Number != n+1 ||
			fmt.Sprint(one.Items[0]) != fmt.Sprint(whole.Items[n]) || one.Count != whole.Count {
			t.Fatalf("page %d is %+v", n+1, one)
		}
		n++
		if one.NextCursor == "" {
			break
		}
		cursor = "&cursor=" + one.NextCursor
	}
	if n != len(whole.Items) {
		t.Errorf("%d of %d vouchers came by pages", n, len(whole.Items))
	}
}

// workbookOfVouchers is the same table, asked for by its media type.
func (h *payHouse) workbookOfVouchers(t *testing.T, path string) {
	t.Helper()
	ask := request{
		method: "GET", path: path, token: h.tokens["bureau-maker"], header: http.Header{"Accept": {xlsxKind + ", */*"}},
	}
	file := h.expect(ask, 200, "")
	if again := h.expect(ask, 200, ""); again.body != file.body || file.header.Get("Content-Type") != xlsxKind {
		t.Errorf("the same month is another workbook, or none: %v", file.header)
	}
	r, err := zip.NewReader(strings.NewReader(file.body), int64(len(file.body)))
	if err != nil {
		t.Fatal(err)
	}
	sheet, err := r.Open("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(sheet)
	if err != nil || !strings.Contains(string(text), `<v>1000.00</v>`) || !strings.Contains(string(text), "财政补贴到账") {
		t.Errorf("the sheet is %s, %v", text, err)
	}
	for _, wrong := range []string{"&format=docx", "&lang=fr", "&open=perhaps", "&limit=0", "&cursor=x"} {
		h.expect(request{method: "GET", path: path + wrong, token: h.tokens["auditor"]}, 400, "")
	}
	h.expect(request{
		method: "GET", path: "/v1/reports/vouchers?scheme=rural&month=2018-13", token: h.tokens["auditor"],
	}, 400, "invalid_request")
	h.expect(request{
		method: "GET", path: "/v1/reports/vouchers?scheme=urban&month=2018-06", token: h.tokens["auditor"],
	}, 404, "not_found")
}

func TestTheFundStatementLeavesAsAFile(t *testing.T) {
	t.Parallel()
	h := paidMonth(t)
	h.seal(t)
	const path = "/v1/reports/fund-statement?scheme=rural&month=2018-06"
	var s struct {
		Opening, Closing string
		Final            bool
		Income           string `json:"income_total"`
		Expenditure      string `json:"expenditure_total"`
		Accounts         []struct {
			Line, Opening, Closing string
			In, Out                []struct{ Kind, Amount string }
		}
		Held []struct{ Role, Closing string }
	}
	h.get("finance-maker", path, &s)
	// A returned pension waits in suspense: it is spent, and owed.
	if s.Opening != "0.00" || s.Income != "1000.00" || s.Expenditure != "243.50" || s.Closing != "756.50" || !s.Final ||
		s.Held[2].Role != "suspense" || s.Held[2].Closing != "143.50" {
		t.Errorf("the statement is %+v", s)
	}
	var lines []string
	for _, a := range s.Accounts {
		lines = append(lines, a.Line)
	}
	if !slices.IsSorted([]int{slices.Index(lines, "income"), slices.Index(lines, "fiscal_special"), slices.Index(lines, "expenditure")}) {
		t.Errorf("the lines stand as %v", lines)
	}
	rows := tableOf(t, h.printed(t, "auditor", path+"&format=csv", csvKind, "fund-statement-rural-2018-06.csv"))
	if rows[0][0] != "基金收支表" || !slices.ContainsFunc(rows, func(r []string) bool {
		return r[0] == "四、期末结余" && r[2] == "756.50"
	}) {
		t.Errorf("the paper is %q", rows)
	}
	h.printed(t, "auditor", path+"&format=xlsx", xlsxKind, "fund-statement-rural-2018-06.xlsx")
	// May had no movement, and has a paper all the same.
	empty := tableOf(t, h.printed(t, "auditor", strings.Replace(path, "06", "05", 1)+"&format=csv", csvKind,
		"fund-statement-rural-2018-05.csv"))
	if !slices.ContainsFunc(empty, func(r []string) bool { return r[0] == "四、期末结余" && r[2] == "0.00" }) {
		t.Errorf("the paper of May is %q", empty)
	}
}

func TestJournalAndReconciliationLeaveAsFiles(t *testing.T) {
	t.Parallel()
	h := paidMonth(t)
	account := h.account(ledger.Expenditure)
	journal := "/v1/fund-accounts/" + account + "/journal?from=2018-06-01&to=2018-06-30"
	rows := tableOf(t, h.printed(t, "auditor", journal+"&format=csv", csvKind, "journal-"+account+"-20180601-20180630.csv"))
	var in, out money.Amount
	for _, row := range rows[6 : len(rows)-1] {
		in, out = in+yuan(t, row[4]), out+yuan(t, row[5])
	}
	last := rows[len(rows)-1]
	if yuan(t, last[4]) != in || yuan(t, last[5]) != out || yuan(t, last[6]) != in-out || last[6] != "900.00" {
		t.Errorf("in %s, out %s; the paper is %q", in, out, rows)
	}
	h.printed(t, "auditor", journal+"&format=xlsx", xlsxKind, "journal-"+account+"-20180601-20180630.xlsx")
	h.expect(request{
		method: "GET", path: "/v1/fund-accounts/1/journal?from=2018-06-01&to=2018-06-30&format=csv", token: h.tokens["auditor"],
	}, 404, "not_found")

	// The bank's June: the allocation, and a charge whose text a spreadsheet would run.
	h.data.Exec(t, `
		with s as (insert into statement (area, fund_account, day_from, day_to, number, opening, closing, line_count,
				receipt_id, taken_in_at) values (610304, $1, '2018-05-01', '2018-06-30', '1', 0, 99500, 2, 1, now()) returning id)
		insert into statement_line (area, statement_id, fund_account, line, direction, amount, booking_date, value_date,
			bank_reference, ordinal, end_to_end_id, batch_ref, reversal, counterparty, counterparty_account, text)
		select 610304, id, $1, 1, 'credit', 100000, date '2018-06-05', date '2018-06-05', 'A1', 1, '', '', false, '', '', '' from s
		union all
		select 610304, id, $1, 2, 'debit', 500, '2018-06-20', '2018-06-20', '=cmd|x', 1, '', '', false, '', '', '' from s`, account)
	h.post("finance-maker", "/v1/reconciliations/"+account+"/2018-06-30/run", `{}`, 200, "")
	path := "/v1/reconciliations/" + account + "/2018-06/statement"
	type group struct {
		Count  int
		Amount string
		Items  []struct {
			Date, Reference, Amount string
			Age                     int    `json:"age_days"`
			BankReference           string `json:"bank_reference"`
		}
	}
	var s struct {
		Agrees       bool
		AdjustedBook string `json:"adjusted_book"`
		AdjustedBank string `json:"adjusted_bank"`
		BankPaid     group  `json:"bank_paid_book_not"`
		BookPaid     group  `json:"book_paid_bank_not"`
		BookReceived group  `json:"book_received_bank_not"`
	}
	h.get("auditor", path, &s)
	if !s.Agrees || s.AdjustedBook != "895.00" || s.AdjustedBank != "895.00" || s.BankPaid.Count != 1 ||
		s.BankPaid.Items[0].Age != 10 || s.BankPaid.Items[0].BankReference != "=cmd|x" || s.BookPaid.Count != 2 ||
		s.BookPaid.Amount != "243.50" || s.BookReceived.Amount != "143.50" || s.BookReceived.Items[0].Age != 25 {
		t.Errorf("the statement is %+v", s)
	}
	paper := h.printed(t, "bureau-maker", path+"?format=csv", csvKind, "reconciliation-"+account+"-2018-06.csv")
	if !slices.ContainsFunc(tableOf(t, paper), func(r []string) bool { return len(r) == 6 && r[3] == "'=cmd|x" && r[5] == "5.00" }) {
		t.Errorf("the paper is %q", paper)
	}
	if !strings.Contains(paper, "调节后余额相符") {
		t.Errorf("the paper does not say that the sides agree: %s", paper)
	}
	h.printed(t, "bureau-maker", path+"?format=xlsx&lang=en", xlsxKind, "reconciliation-"+account+"-2018-06.xlsx")
	pdf := h.printed(t, "bureau-maker", path+"?format=pdf", pdfKind, "reconciliation-"+account+"-2018-06.pdf")
	asked := h.expect(request{
		method: "GET", path: path, token: h.tokens["auditor"], header: http.Header{"Accept": {pdfKind}},
	}, 200, "")
	if asked.body != pdf || !strings.HasPrefix(pdf, "%PDF-") {
		t.Errorf("asked for by its media type it is another paper of %d bytes", len(asked.body))
	}
	list := "/v1/reports/outstanding-items?account=" + account + "&month=2018-06"
	var outstanding struct {
		BankPaid group `json:"bank_paid_book_not"`
		BookPaid group `json:"book_paid_bank_not"`
	}
	h.get("auditor", list, &outstanding)
	if fmt.Sprint(outstanding.BankPaid) != fmt.Sprint(s.BankPaid) || fmt.Sprint(outstanding.BookPaid) != fmt.Sprint(s.BookPaid) {
		t.Errorf("outstanding are %+v", outstanding)
	}
	items := tableOf(t, h.printed(t, "auditor", list+"&format=csv", csvKind, "outstanding-"+account+"-2018-06.csv"))
	if !slices.ContainsFunc(items, func(r []string) bool { return len(r) == 8 && r[0] == "银行已付、账上未付" && r[7] == "5.00" }) {
		t.Errorf("the list is %q", items)
	}
	h.printed(t, "auditor", list+"&format=pdf", pdfKind, "outstanding-"+account+"-2018-06.pdf")
	for _, gone := range []string{"1/2018-06/statement", account + "/2018-07/statement"} {
		h.expect(request{method: "GET", path: "/v1/reconciliations/" + gone, token: h.tokens["auditor"]}, 404, "")
	}
}

// A table too long to be kept is written twice: the first time to be measured, the
// second to be sent, and cut off where it is not the same.
func TestALongPaperIsTheAnnouncedOneOrNone(t *testing.T) {
	t.Parallel()
	h := open(t, setup{routes: func(_ *house, s *httpapi.Server) {
		s.AddPaper("/v1/test-papers/{name}", func(name string, time int, sheet report.Sheet) error {
			err := sheet.Begin(report.Head{Name: "x", Title: "", Notes: nil, Columns: []report.Column{{Name: "n", Width: 9}}})
			for n := range 600_000 {
				if name == "moved" && time == 2 && n == 599_999 {
					n = 1 // of the same length
				}
				err = errors.Join(err, sheet.Row(report.TextCell(fmt.Sprintf("%08d", n))))
			}
			if name == "longer" && time == 2 {
				err = errors.Join(err, sheet.Row(report.TextCell("one more")))
			}
			return errors.Join(err, sheet.End())
		})
	}})
	res := h.expect(request{method: "GET", path: "/v1/test-papers/same?format=csv", bank: "psbc-1"}, 200, "")
	if len(res.body) < 5<<20 || res.header.Get("Repr-Digest") != signature.ContentDigest(sha256.Sum256([]byte(res.body))) {
		t.Errorf("%d bytes, digest %s", len(res.body), res.header.Get("Repr-Digest"))
	}
	for _, name := range []string{"moved", "longer"} {
		got, err := client.Do(h.build(request{method: "GET", path: "/v1/test-papers/" + name + "?format=csv", bank: "psbc-1"}))
		if err != nil {
			continue // cut before the header is as good
		}
		body, err := io.ReadAll(got.Body)
		_ = got.Body.Close()
		if err == nil {
			t.Errorf("%s: %d bytes came as if they were the announced ones", name, len(body))
		}
	}
}

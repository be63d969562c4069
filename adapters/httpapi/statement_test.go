package httpapi_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"testing"

	"twoline/adapters/httpapi"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/reconcile"
)

// statementLines is a statement format of the test: a line "statement account
// from to opening closing", then lines "credit|debit amount day reference", which may
// go on with the counterparty and its account.
type statementLines struct{}

func (statementLines) Decode(_ context.Context, r io.Reader, emit bank.Emit) error {
	if err := emit(bank.FileHead{Format: "test", Kind: "statement"}); err != nil {
		return err
	}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if err := emit(statementRecord(strings.Fields(lines.Text()))); err != nil {
			return err
		}
	}
	return emit(bank.End{})
}

func statementRecord(f []string) bank.Record {
	figure := func(s string) bank.Figure { return bank.FigureOf(money.MustParse(s)) }
	if f[0] == "statement" {
		opening, closing := figure(f[4]), figure(f[5])
		return bank.StatementHead{
			Account: f[1], Currency: "CNY", From: calendar.MustDay(f[2]), To: calendar.MustDay(f[3]), Opening: &opening,
			Closing: &closing,
		}
	}
	direction := bank.Credit
	if f[0] == "debit" {
		direction = bank.Debit
	}
	e := bank.StatementEntry{
		Amount: figure(f[1]), Direction: direction, Status: "booked", BookingDate: calendar.MustDay(f[2]),
		BankReference: f[3],
	}
	if len(f) > 5 {
		e.Counterparty, e.CounterpartyAccount = f[4], f[5]
	}
	return e
}

type shownBreak struct {
	ID, Reason, Direction, Amount, Closed string
	Class                                 int
	Statement                             []string
	Book                                  []struct {
		Entry string `json:"entry_id"`
		Line  int
	}
}

type shownSide struct {
	Opening, Closing, Adjusted string
	Lines                      int    `json:"outstanding_lines"`
	Debits                     string `json:"outstanding_debits"`
}

type shownReconciliation struct {
	Bank, Book    shownSide
	Breaks        []shownBreak
	BreakCount    int `json:"break_count"`
	Agrees, Clean bool
	Matched       []struct {
		Rule, Reason string
		Matches      int
	}
}

// A bank sends its statement, the book is proved against it, and what neither
// explains stands in the list of breaks.
func TestStatementsOverHTTP(t *testing.T) {
	t.Parallel()
	var proof *reconcile.Service
	var intake *bank.Intake
	h := openFundWith(t, setup{deps: func(d *httpapi.Dependencies) { proof, intake = d.Reconcile, d.Intake }})
	special := h.account(ledger.FiscalSpecial)
	number := fmt.Sprintf("9%d01rural", 610304)
	subsidy := `{"kind":"subsidy","to_account":"` + special + `","amount":"1568000.00","purpose":"unspecified",` +
		`"effective_on":"2018-06-04","document":"centre"}`
	made := read[sentTransfer](t, h.post("bureau-maker", "/v1/fund-transfers", subsidy, 201, ""))
	h.post("bureau-checker", "/v1/fund-transfers/"+made.ID+"/approve", `{"digest":"`+made.Digest+`"}`, 200, "")

	send := func(key, account, date, body string, status int, code string) response {
		t.Helper()
		return h.expect(request{
			method: "PUT", path: "/v1/statements/" + account + "/" + date, body: body, bank: key, upload: true,
			key: fmt.Sprintf("statement-%d", len(h.arrived.list)+h.keys+1), contentType: "text/plain",
		}, status, code)
	}
	work := func(res response) bank.Receipt {
		t.Helper()
		h.keys++
		var id int64
		if _, err := fmt.Sscan(read[struct{ ID string }](t, res).ID, &id); err != nil {
			t.Fatal(err)
		}
		if err := proof.TakeIn(context.Background(), 610304, id); err != nil {
			t.Fatal(err)
		}
		r, err := intake.Find(context.Background(), 610304, "psbc", id)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	body := "statement " + number + " 2018-05-01 2018-06-05 0.00 1567900.00\n" +
		"credit 1568000.00 2018-06-04 T1\ndebit 100.00 2018-06-05 X9\n"
	send("rcu-1", number, "2018-06-05", body, 404, "fund_account_not_found")
	send("psbc-1", number, "2018-06-31", body, 400, "invalid_request")
	wrong := work(send("psbc-1", number, "2018-06-05", strings.Replace(body, "1567900.00", "1567900.01", 1), 202, ""))
	if wrong.State != bank.Quarantined || wrong.Code != "statement_arithmetic" {
		t.Errorf("a statement that is off by a fen: %+v", wrong)
	}
	if r := work(send("psbc-1", special, "2018-06-05", body, 202, "")); r.State != bank.Processed {
		t.Fatalf("the statement: %+v", r)
	}
	again := read[struct{ Status string }](t, send("psbc-1", number, "2018-06-05", body, 202, ""))
	if again.Status != "duplicate" {
		t.Errorf("the same file again is %s", again.Status)
	}
	h.keys++

	path := "/v1/reconciliations/" + special + "/2018-06-05"
	h.post("auditor", path+"/run", "", 403, "duty_conflict")
	run := read[struct {
		Matches int
		Opened  int `json:"breaks_opened"`
	}](t, h.post("finance-maker", path+"/run", "", 200, ""))
	if run.Matches != 1 || run.Opened != 1 {
		t.Errorf("the run did %+v", run)
	}
	var shown shownReconciliation
	h.get("auditor", path, &shown)
	if !shown.Agrees || shown.Clean || shown.Bank.Closing != "1567900.00" || shown.Book.Closing != "1568000.00" ||
		shown.Bank.Adjusted != "1567900.00" || shown.Book.Adjusted != "1567900.00" || shown.Bank.Debits != "100.00" {
		t.Errorf("the report is %+v", shown)
	}
	if len(shown.Matched) != 1 || shown.Matched[0].Matches != 1 || shown.Matched[0].Reason == "" {
		t.Errorf("matched %+v", shown.Matched)
	}
	if shown.BreakCount != 1 || shown.Breaks[0].Reason != "absent_in_book" || shown.Breaks[0].Amount != "100.00" ||
		len(shown.Breaks[0].Statement) != 1 {
		t.Errorf("breaks %+v", shown.Breaks)
	}
	var page struct {
		Items      []shownBreak
		NextCursor string `json:"next_cursor"`
	}
	h.get("auditor", "/v1/breaks?limit=1&reason=absent_in_book&account="+special, &page)
	if len(page.Items) != 1 || page.Items[0].ID != shown.Breaks[0].ID || page.NextCursor != "" {
		t.Errorf("breaks %+v", page)
	}
	h.get("auditor", "/v1/breaks?status=closed", &page)
	if len(page.Items) != 0 {
		t.Errorf("closed breaks %+v", page)
	}
	h.expect(request{
		method: "GET", path: "/v1/reconciliations/" + special + "/2018-06-06", token: h.tokens["auditor"],
	}, 404, "statement_not_covered")
	h.expect(request{method: "GET", path: "/v1/breaks", bank: "psbc-1"}, 403, "")
}

type shownLine struct {
	Side          string
	StatementLine string `json:"statement_line_id"`
	Entry         string `json:"entry_id"`
	Line          int
	Amount        string
	Direction     string
	BankReference string `json:"bank_reference"`
	Counterparty  string
	Account       string `json:"counterparty_account"`
}

type shownMatches struct {
	Items []struct {
		ID, Kind, Rule, Evidence, Difference string
		SettledOn                            string `json:"settled_on"`
		StatementLines                       int    `json:"statement_lines"`
		BookLines                            int    `json:"book_lines"`
		Score                                int
		Lines                                []shownLine
	}
	NextCursor string `json:"next_cursor"`
}

// Officers ask what was matched on a day, by which rule and why, and what one line is
// matched with; names and accounts are masked, and nobody else may ask.
func TestMatchesOverHTTP(t *testing.T) {
	t.Parallel()
	h := openBroken(t)
	path := "/v1/reconciliations/" + h.special + "/"
	var day, page shownMatches
	h.get("auditor", path+"2018-06-05/matches", &day)
	if len(day.Items) != 1 || day.NextCursor != "" {
		t.Fatalf("the day's matches are %+v", day)
	}
	m := day.Items[0]
	if m.Kind != "one_to_one" || m.Rule != "bank_reference" || m.Score != 98 || m.Difference != "0.00" ||
		m.SettledOn != "2018-06-05" || !strings.Contains(m.Evidence, "bank's reference") || len(m.Lines) != 2 {
		t.Fatalf("the match is %+v", m)
	}
	theirs, ours := m.Lines[0], m.Lines[1]
	if theirs.Side != "bank" || theirs.BankReference != "T1" || theirs.Amount != "1568000.00" || theirs.Direction != "credit" ||
		theirs.Counterparty != "省**" || theirs.Account != "****0017" ||
		ours.Side != "book" || ours.Amount != "1568000.00" || ours.Entry == "" || ours.Line == 0 {
		t.Errorf("its lines are %+v", m.Lines)
	}
	for query, want := range map[string]int{
		"2018-06-04/matches":                                                    0,
		"2018-06-09/matches":                                                    0,
		"2018-06-09/matches?from=2018-06-01":                                    1,
		"2018-06-05/matches?rule=reference":                                     0,
		"2018-06-05/matches?rule=bank_reference":                                1,
		"2018-06-05/matches?statement_line=" + theirs.StatementLine:             1,
		"2018-06-04/matches?statement_line=" + theirs.StatementLine:             0,
		"2018-06-05/matches?statement_line=7":                                   0,
		"2018-06-05/matches?entry=" + ours.Entry:                                1,
		"2018-06-05/matches?entry=" + ours.Entry + "&line=1":                    1,
		"2018-06-05/matches?entry=" + ours.Entry + "&line=2":                    0,
		"2018-06-05/matches?cursor=" + cursor(m.ID) + "&from=2018-06-01":        0,
		"2018-06-05/matches?cursor=" + cursor("1") + "&from=2018-06-01&limit=1": 1,
	} {
		h.get("business-maker", path+query, &page)
		if len(page.Items) != want {
			t.Errorf("%s has %d matches, want %d", query, len(page.Items), want)
		}
	}
	for query, code := range map[string]string{
		"2018-06-04/matches?cursor=x":                                      "invalid_cursor",
		"2018-06-05/matches?rule=guess":                                    "invalid_request",
		"2018-06-04/matches?from=2018-06-05":                               "invalid_request",
		"2018-06-04/matches?from=2018-05-04":                               "invalid_request",
		"2018-06-04/matches?line=1":                                        "invalid_request",
		"2018-06-04/matches?statement_line=7&entry=8":                      "invalid_request",
		"2018-06-31/matches":                                               "invalid_request",
		"2018-06-04/matches/" + m.ID + "/lines?cursor=" + cursor("7"):      "invalid_cursor",
		"2018-06-04/matches/" + m.ID + "/lines?cursor=" + cursor("7|0|0x"): "invalid_cursor",
	} {
		h.expect(request{method: "GET", path: path + query, token: h.tokens["auditor"]}, 400, code)
	}
	var lines struct {
		Items      []shownLine
		NextCursor string `json:"next_cursor"`
	}
	h.get("auditor", path+"2018-06-05/matches/"+m.ID+"/lines?limit=1", &lines)
	if len(lines.Items) != 1 || lines.Items[0] != theirs || lines.NextCursor == "" {
		t.Errorf("the first line is %+v", lines)
	}
	next := lines.NextCursor
	lines.Items, lines.NextCursor = nil, ""
	h.get("auditor", path+"2018-06-05/matches/"+m.ID+"/lines?limit=1&cursor="+next, &lines)
	if len(lines.Items) != 1 || lines.Items[0] != ours || lines.NextCursor != "" {
		t.Errorf("the second line is %+v", lines)
	}
	h.get("auditor", path+"2018-06-05/matches/"+m.ID+"/lines", &lines)
	if len(lines.Items) != 2 || lines.NextCursor != "" {
		t.Errorf("all lines are %+v", lines)
	}
	for _, q := range []string{"2018-06-04/matches/" + m.ID + "/lines", "2018-06-05/matches/7/lines"} {
		h.expect(request{method: "GET", path: path + q, token: h.tokens["auditor"]}, 404, "match_not_found")
	}
	for _, q := range []string{"2018-06-04/matches", "2018-06-04/matches/" + m.ID + "/lines"} {
		h.expect(request{method: "GET", path: "/v1/reconciliations/7/" + q, token: h.tokens["auditor"]}, 404, "fund_account_not_found")
		h.expect(request{method: "GET", path: path + q, bank: "psbc-1"}, 403, "caller_not_allowed")
		h.expect(request{method: "GET", path: path + q}, 401, "")
	}
}

func cursor(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

package httpapi_test

import (
	"slices"
	"strings"
	"testing"

	"twoline/adapters/httpapi"
	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/ledger"
)

// A notice names the wrong batch, the statement the right one: an officer reads
// both sides in the case, and names the batch.
func TestAnOfficerNamesTheBatchOfMoney(t *testing.T) {
	t.Parallel()
	var flow *collection.Service
	h := openFundWith(t, setup{
		deps:   func(d *httpapi.Dependencies) { flow = d.Collection },
		routes: func(_ *house, s *httpapi.Server) { s.ArrivalRoutes() },
	})
	income := h.books.Accounts[ledger.Income]
	h.data.Exec(t, `insert into withholding_batch (area, id, run_id, scheme, year, bank, clearing_bank, fund_account, batch_no,
			item_count, amount, digest, file_name, file_digest, file_size, created_on, created_at, state)
		select 610304, g, 1, 'rural', 2018, 'psbc', '403100000004', $1, lpad(g::text, 8, '0'), 1, 10000, sha256('x'),
			'W' || g, sha256(g::text::bytea), 1, '2018-06-04', now(), 'acked' from generate_series(1, 2) g`, income)
	var number string
	err := h.pool.QueryRow(t.Context(), `select account_no from fund_account where id = $1`, income).Scan(&number)
	if err != nil {
		t.Fatal(err)
	}
	told := read[struct{ ID string }](t, h.expect(request{
		method: "POST", path: "/v1/arrivals", bank: "psbc-1", key: "arrival-key-1",
		body: `{"account":"` + number + `","amount":"100.00","bank_reference":"L1","value_date":"2018-06-05","batch_id":"1"}`,
	}, 201, ""))
	line := collection.Arrival{
		FundAccount: income, Batch: 2, Amount: 100_00, BankReference: "L1", ValueDate: calendar.MustDay("2018-06-05"),
	}
	if err := flow.ArriveFromStatement(t.Context(), 610304, "psbc", []collection.Arrival{line}); err != nil {
		t.Fatal(err)
	}
	type page struct {
		Items []struct{ Kind, Subject, Text, Closed string }
	}
	cases := func(who, query string, want int) page {
		t.Helper()
		var list page
		h.get(who, "/v1/cases?"+query, &list)
		if len(list.Items) != want {
			t.Fatalf("%s reads %+v, want %d cases", who, list, want)
		}
		return list
	}
	text := cases("auditor", "kind=arrival_refused", 1).Items[0].Text
	for _, part := range []string{"arrival " + told.ID, "notice", "batch 00000001 (id 1)", "statement", "batch 00000002 (id 2)"} {
		if !strings.Contains(text, part) {
			t.Errorf("the case does not say %q: %s", part, text)
		}
	}
	h.inWords(t, text)
	path, body := "/v1/arrivals/"+told.ID+"/batch", `{"batch_id":"2","reason":"statement of 5 June"}`
	h.expect(request{method: "POST", path: path, body: body, bank: "psbc-1", key: "naming-key-1"}, 403, "caller_not_allowed")
	h.post("auditor", path, body, 403, "duty_conflict")
	h.post("finance-maker", path, `{"batch_id":"2","reason":""}`, 400, "invalid_request")
	h.post("finance-maker", "/v1/arrivals/999/batch", body, 404, "arrival_not_found")
	h.post("finance-maker", path, `{"batch_id":"3","reason":"x"}`, 404, "batch_not_found")
	first := h.expect(request{
		method: "POST", path: path, body: body, token: h.tokens["finance-maker"], key: "naming-key-2",
	}, 200, "")
	again := h.expect(request{
		method: "POST", path: path, body: body, token: h.tokens["finance-maker"], key: "naming-key-2",
	}, 200, "")
	if again.body != first.body || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the same request again: %s", again.body)
	}
	cases("finance-maker", "kind=arrival_refused", 0)
	settled := cases("auditor", "kind=arrival_refused&status=closed", 1).Items[0].Closed
	paper := h.printed(t, "auditor", "/v1/cases?kind=arrival_refused&status=closed&format=csv", csvKind, "cases-closed.csv")
	rows := tableOf(t, paper)
	if last := rows[len(rows)-1]; settled == "" || last[len(last)-1] != settled {
		t.Errorf("settled as %q, want %q", last, settled)
	}
	if closed := cases("finance-maker", "status=closed", 1).Items[0].Closed; !strings.Contains(closed, "statement of 5 June") {
		t.Errorf("settled as %q", closed)
	}
	var sums string
	err = h.pool.QueryRow(t.Context(), `select string_agg(arrived_amount::text, ' ' order by id) from withholding_batch`).
		Scan(&sums)
	if err != nil || sums != "0 10000" {
		t.Errorf("the batches count %s, %v", sums, err)
	}
}

// inWords reads the one refused notice as an officer does, with its words by language.
func (h *fundHouse) inWords(t *testing.T, text string) {
	t.Helper()
	var list struct {
		Items []struct {
			ID, Title, Subject string
			ToDo               string `json:"to_do"`
			OpenedOn           string `json:"opened_on"`
		}
	}
	h.get("auditor", "/v1/cases?kind=arrival_refused&lang=en", &list)
	c := list.Items[0]
	if c.Title != "a notice and the statement contradict each other" || c.ToDo != "ask the bank which one holds" {
		t.Errorf("in English: %+v", c)
	}
	for _, give := range []struct{ query, title, todo string }{
		{"kind=arrival_refused&format=csv", "到账通知与对账单不一致", "向银行核实以哪一个为准"},
		{"kind=arrival_refused&format=csv&lang=en&limit=1", c.Title, c.ToDo},
	} {
		rows := tableOf(t, h.printed(t, "auditor", "/v1/cases?"+give.query, csvKind, "cases-open.csv"))
		want := []string{c.ID, c.OpenedOn, give.title, c.Subject, "psbc", text, give.todo}
		if last := rows[len(rows)-1]; !slices.Equal(last, want) {
			t.Errorf("%s: %q, want %q", give.query, last, want)
		}
	}
	none := h.printed(t, "auditor", "/v1/cases?kind=arrival_refused&status=closed&format=csv", csvKind, "cases-closed.csv")
	if !strings.Contains(none, "办结说明") || !strings.Contains(none, "没有事项") {
		t.Errorf("an empty list: %s", none)
	}
}

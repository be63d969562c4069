package httpapi_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"twoline/adapters/httpapi"
	"twoline/adapters/httpapi/signature"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/reconcile/bureau"
	"twoline/reconcile/business"
	"twoline/reconcile/cycle"
)

// useSides puts the other sides behind the door: the finance bureau's journal and the
// records of the business, and a key that signs proofs.
func useSides(
	tb testing.TB, journal bureau.Store, records business.Store, today func() calendar.Day, deps *httpapi.Dependencies,
) {
	tb.Helper()
	days, err := calendar.Official()
	if err != nil {
		tb.Fatal(err)
	}
	deps.Bureau = bureau.New(bureau.Parts{Store: journal, Tables: deps.Registry, Today: today})
	deps.Records = business.New(records, days, today)
	private, _, err := signature.NewKeyPair(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	if deps.ProofKey, err = cycle.ParseKey(private); err != nil {
		tb.Fatal(err)
	}
}

// fetch takes an answer as an officer.
func (h *payHouse) fetch(who, path string) (response, []byte) {
	h.tb.Helper()
	r := h.do(request{method: http.MethodGet, path: path, token: h.tokens[who]})
	return r, []byte(r.body)
}

// importJournal sends a journal of the bureau, and returns the answer.
func (h *payHouse) importJournal(who, body string, status int) string {
	h.tb.Helper()
	h.keys++
	r := h.do(request{
		method: http.MethodPost, path: "/v1/imports/bureau_journal", body: body, contentType: "text/csv",
		token: h.tokens[who], key: fmt.Sprintf("journal-key-%d", h.keys),
	})
	if r.status != status {
		h.tb.Fatalf("the journal is answered %d %s", r.status, r.body)
	}
	return r.body
}

func (h *payHouse) text(sql string) string {
	h.tb.Helper()
	var out string
	if err := h.pool.QueryRow(h.tb.Context(), sql).Scan(&out); err != nil {
		h.tb.Fatal(err)
	}
	return out
}

func TestASignedProofLeavesAndIsCheckedFarAway(t *testing.T) {
	t.Parallel()
	h := paidMonth(t)
	run := h.text(`select max(id)::text from pay_run`)
	var keys struct {
		Keys []struct {
			ID  string `json:"key_id"`
			PEM string `json:"public_key"`
		}
	}
	h.get("auditor", "/v1/proof-keys", &keys)
	public, err := cycle.ParsePublic([]byte(keys.Keys[0].PEM))
	if err != nil {
		t.Fatal(err)
	}
	answer, file := h.fetch("auditor", "/v1/pay-runs/"+run+"/signed-proof")
	if answer.status != 200 || !strings.Contains(answer.header.Get("Content-Disposition"), "proof-2018-06-") {
		t.Fatalf("the signed proof is %d %v %s", answer.status, answer.header, file)
	}
	v, err := cycle.Check(file, public, nil)
	if err != nil || !v.Accepted() || v.KeyID != keys.Keys[0].ID {
		t.Fatalf("the check says %+v, %v", v, err)
	}
	if strings.Contains(string(file), "pensioner 1") || strings.Contains(string(file), "P00000001") {
		t.Error("the file names a person")
	}
	var said struct {
		Proof cycle.Document `json:"proof"`
	}
	if err := json.Unmarshal(file, &said); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(said.Proof.Lists, func(l cycle.List) bool { return l.Step == "returned" })
	if l := said.Proof.Lists[i]; l.Count != 1 || l.Amount != 143_50 || l.Names[0].Item == "" {
		t.Errorf("returned are %+v", l)
	}
	if said.Proof.Statement.Standing != cycle.StillOpen || len(said.Proof.RestsOn.Batches) != 1 {
		t.Errorf("the statement is %+v, it rests on %+v", said.Proof.Statement, said.Proof.RestsOn)
	}
	// The batch's own file is what the proof names.
	batch := said.Proof.RestsOn.Batches[0]
	bytes := []byte(h.bank(t, "GET", "/v1/disbursement-batches/"+batch.ID+"/file", "", 200, "").body)
	v, err = cycle.Check(file, public, cycle.Given{batch.FileName: sha256.Sum256(bytes)})
	if err != nil || !v.Accepted() || !slices.ContainsFunc(v.Proved, func(s string) bool {
		return strings.HasPrefix(s, "the file of batch "+batch.Number)
	}) {
		t.Errorf("with its file the check says %+v, %v", v, err)
	}
	for _, format := range []string{"csv", "xlsx"} {
		answer, paper := h.fetch("auditor", "/v1/pay-runs/"+run+"/proof?lang=en&format="+format)
		if answer.status != 200 || len(paper) < 500 || format == "csv" && !strings.Contains(string(paper), "cycle proof of a pay run") {
			t.Errorf("as %s: %d %.200s", format, answer.status, paper)
		}
	}
}

func TestWithoutAKeyNoProofIsSigned(t *testing.T) {
	t.Parallel()
	h := openPay(t, setup{deps: func(d *httpapi.Dependencies) { d.ProofKey = nil }})
	h.expect(request{method: "GET", path: "/v1/pay-runs/5/signed-proof", token: h.tokens["auditor"]}, 422, "proof_not_signed")
	var keys struct{ Keys []struct{} }
	h.get("auditor", "/v1/proof-keys", &keys)
	if len(keys.Keys) != 0 {
		t.Errorf("keys are %v", keys)
	}
}

func TestTheBureausJournalOverHTTP(t *testing.T) {
	t.Parallel()
	h := paidMonth(t)
	id := h.account(ledger.FiscalSpecial)
	no := h.text(`select account_no from fund_account where id = ` + id)
	path := "/v1/reports/bureau-comparison?account=" + id + "&month=2018-06"
	h.expect(request{method: "GET", path: path, token: h.tokens["bureau-maker"]}, 404, "bureau_journal_missing")
	const head = "account,date,voucher_no,direction,amount,text,closing\n"
	journal := head + no + ",2018-04-30,,,,,0.00\n" + no + ",2018-05-31,,,,,0.00\n" +
		no + ",2018-06-05,1,debit,1000.00,subsidy,\n" + no + ",2018-06-05,2,credit,900.00,allocation,\n"
	refused := h.importJournal("bureau-maker", strings.Replace(journal, "05-31,,,,,0.00", "05-31,,,,,1.00", 1), 422)
	if !strings.Contains(refused, "bureau_arithmetic") || !strings.Contains(refused, "1.00 too much") {
		t.Errorf("what does not add up: %s", refused)
	}
	if got := h.importJournal("bureau-maker", journal, 200); !strings.Contains(got, `"imported":4`) {
		t.Errorf("imported: %s", got)
	}
	if got := h.importJournal("bureau-maker", journal, 200); !strings.Contains(got, `"repeated":4`) {
		t.Errorf("repeated: %s", got)
	}
	var c struct {
		Agrees, Clean bool
		Theirs, Ours  struct{ Closing, Adjusted string }
		Differences   []struct {
			Reason, Amount string
			Theirs         []struct{ Text string }
			Ours           []struct{ Kind string }
		}
	}
	h.get("bureau-maker", path, &c)
	if !c.Agrees || c.Clean || c.Theirs.Closing != "100.00" || c.Ours.Closing != "0.00" || len(c.Differences) == 0 {
		t.Errorf("compared: %+v", c)
	}
	h.expect(request{method: "GET", path: path, token: h.tokens["business-checker"]}, 403, "duty_conflict")
	answer, paper := h.fetch("bureau-maker", path+"&format=csv")
	if answer.status != 200 || !strings.Contains(string(paper), "财政对账表") {
		t.Errorf("as a paper: %d %s", answer.status, paper)
	}
}

func TestRecordsAgainstTheBookOverHTTP(t *testing.T) {
	t.Parallel()
	h := paidMonth(t)
	var c struct {
		Agrees  bool
		Batches []struct {
			Flow, Number                       string
			Items, Succeeded, Booked, Returned tally
			Agrees                             bool
		}
		Out []struct {
			Situation string
			Count     int
			Items     []struct{ Name, Reason string }
		} `json:"out_of_step"`
	}
	h.get("auditor", "/v1/reports/business-comparison?month=2018-06", &c)
	if !c.Agrees || len(c.Batches) != 1 || c.Batches[0].Items.Count != 3 || c.Batches[0].Succeeded != (tally{2, "243.50"}) ||
		c.Batches[0].Booked != c.Batches[0].Succeeded || c.Batches[0].Returned != (tally{1, "143.50"}) {
		t.Fatalf("the month is %+v", c)
	}
	// The clock on the wall is years after the bank's money, and its answers came in on business days of June.
	if len(c.Out) != 3 || c.Out[0].Count != 0 {
		t.Errorf("out of step are %+v", c.Out)
	}
	h.data.Exec(t, `alter table answer disable trigger all; update answer set business_day = '2018-07-02'`)
	h.get("auditor", "/v1/reports/business-comparison?month=2018-06", &c)
	if len(c.Out) != 3 || c.Out[0].Situation != "late_result" || c.Out[0].Count != 2 || c.Out[0].Items[0].Reason != "after_month" ||
		strings.Contains(c.Out[0].Items[0].Name, "pensioner") {
		t.Errorf("out of step are %+v", c.Out)
	}
	var page struct {
		Items      []struct{ Name string }
		NextCursor string `json:"next_cursor"`
	}
	h.get("auditor", "/v1/reports/business-comparison/late_result?month=2018-06&limit=1", &page)
	if len(page.Items) != 1 || page.NextCursor == "" {
		t.Errorf("a page is %+v", page)
	}
	h.expect(request{
		method: "GET", path: "/v1/reports/business-comparison?month=2030-01", token: h.tokens["auditor"],
	}, 400, "month_not_begun")
	// A posting that somebody took out is seen by count and amount, and by its item.
	h.data.Exec(t, `alter table posting disable trigger all`)
	h.data.Exec(t, `delete from posting where kind = 'benefit' and cause_id = (select max(item_id) from answer where outcome = 'succeeded')`)
	h.get("auditor", "/v1/reports/business-comparison?month=2018-06", &c)
	if c.Agrees || c.Batches[0].Agrees || c.Batches[0].Booked.Count != 1 || c.Out[2].Count != 1 || c.Out[2].Items[0].Reason != "not_booked" {
		t.Errorf("with a posting less: %+v", c)
	}
}

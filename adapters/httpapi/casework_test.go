package httpapi_test

import (
	"fmt"
	"testing"
)

// sentDecision is what the tests read of a decision.
type sentDecision struct {
	ID, Kind, Decision, About, Digest, Status string

	SubjectID string `json:"subject_id"`
}

// A file that was set aside, an item whose bank is silent and a case are decided
// through the door by two people; the list shows what waits.
func TestDecisionsThroughTheDoor(t *testing.T) {
	t.Parallel()
	h := openPay(t, setup{})
	h.fund(t, "1000.00")
	b := h.released(t).Batches[0]
	h.acknowledge(t, b, 200, "")
	path := "/v1/disbursement-batches/" + b.ID
	items := read[struct{ Items []sentPayment }](t, h.bank(t, "GET", path+"/items", "", 200, "")).Items
	aside := h.uploadTwice(t, path, items)
	var list struct {
		Items []struct{ ID, Code, Status string }
	}
	h.get("auditor", "/v1/quarantine", &list)
	if len(list.Items) != 1 || list.Items[0].ID != aside || list.Items[0].Code != "name_reused" {
		t.Fatalf("set aside: %+v", list)
	}
	h.decided(t, "/v1/quarantine/"+aside+"/decision", `{"decision":"accept","document":"letter 5"}`, "accept")
	h.arrived.work(t)
	h.get("auditor", "/v1/quarantine", &list)
	var kept struct{ Status string }
	h.get("auditor", "/v1/receipts/"+aside, &kept)
	if len(list.Items) != 0 || kept.Status != "processed" {
		t.Errorf("after the decision the file is %s, and %+v are set aside", kept.Status, list)
	}

	evidence := `{"outcome":"succeeded","document":"query 7","bank_reference":"P-9","value_date":"2018-06-05"}`
	h.post("business-maker", "/v1/items/"+items[2].ItemID+"/evidence", evidence, 409, "item_awaited")
	h.data.Exec(t, `insert into bank_query (area, item_id, batch_id, asked_on, asked_at)
		select area, id, batch_id, '2018-06-05', now() from payment_item where id = $1::text::bigint`, items[2].ItemID)
	h.decided(t, "/v1/items/"+items[2].ItemID+"/evidence", evidence, "succeeded")
	h.arrived.work(t)
	found := read[sentPayment](t, h.bank(t, "GET", "/v1/items?item_id="+items[2].ItemID, "", 200, ""))
	if found.Outcome != "succeeded" || !found.Posted {
		t.Errorf("the item of which there is evidence stands as %+v", found)
	}
	h.balanced(t)

	h.bank(t, "POST", path+"/results", `{"count":1,"amount":"99.00","results":[{"item_id":"`+items[0].ItemID+
		`","outcome":"succeeded","amount":"99.00","bank_reference":"P-7","value_date":"2018-06-05"}]}`, 200, "")
	var cases struct{ Items []struct{ ID, Kind string } }
	h.get("auditor", "/v1/cases?kind=answer_refused", &cases)
	if len(cases.Items) != 1 {
		t.Fatalf("cases %+v", cases)
	}
	h.decided(t, "/v1/cases/"+cases.Items[0].ID+"/resolution", `{"document":"call note"}`, "settled")
	h.get("auditor", "/v1/cases?kind=answer_refused", &cases)
	if len(cases.Items) != 0 {
		t.Errorf("cases %+v are open", cases)
	}
}

// uploadTwice sends two files of one name, and returns the receipt of the second.
func (h *payHouse) uploadTwice(t *testing.T, path string, items []sentPayment) string {
	t.Helper()
	var id string
	for n, item := range items[:2] {
		res := h.expect(request{
			method: "PUT", path: path + "/result-file?name=a.jsonl", upload: true, bank: "psbc-1", key: fmt.Sprintf("upload-%05d", n),
			contentType: "application/octet-stream", body: `{"type":"file","format":"jsonl","kind":"result"}
{"type":"result","batch":0,"index":0,"item_id":"` + item.ItemID + `","level":"item","outcome":"succeeded","amount":"` +
				item.Amount + `"}
{"type":"end","entries":0,"items":0,"results":1,"problems":0}
`,
		}, 202, "")
		id = read[struct{ ID string }](t, res).ID
		if n == 0 {
			h.arrived.work(t)
		}
	}
	return id
}

// decided has two people agree on what the route asks for, and everybody else refused.
func (h *payHouse) decided(t *testing.T, path, body, want string) {
	t.Helper()
	h.post("business-checker", path, body, 403, "duty_conflict")
	made := read[sentDecision](t, h.post("business-maker", path, body, 201, ""))
	h.post("business-maker", path, body, 409, "decision_open")
	approve := "/v1/decisions/" + made.ID + "/approve"
	h.post("business-maker", approve, digestBody(made.Digest), 403, "duty_conflict")
	h.post("business-checker", approve, digestBody(fmt.Sprintf("%064d", 1)), 409, "digest_differs")
	got := read[sentDecision](t, h.post("business-checker", approve, digestBody(made.Digest), 200, ""))
	if got.Status != "approved" || got.Decision != want || got.Digest != made.Digest {
		t.Errorf("%s: %+v", path, got)
	}
	h.post("business-checker", approve, digestBody(made.Digest), 409, "already_decided")
	var again sentDecision
	h.get("auditor", "/v1/decisions/"+made.ID, &again)
	if again != got {
		t.Errorf("%s shows %+v, want %+v", made.ID, again, got)
	}
}

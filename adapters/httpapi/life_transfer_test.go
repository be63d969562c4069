package httpapi_test

import (
	"strings"
	"testing"

	"twoline/gateway/ledger"
)

type sentMemberTransfer struct {
	ID, Step, Name string
	Late           bool
	DueOn          string `json:"due_on"`
	DecisionID     string `json:"decision_id"`
	Sum            struct{ Individual, Total string }
	Received       string
}

// A member's account moves out through the door: asked for, its steps with their last
// days, two people, and the book.
func TestAMemberMovesOutThroughTheDoor(t *testing.T) {
	t.Parallel()
	h := openPay(t, setup{})
	h.fund(t, "1000.00")
	h.data.Exec(t, `
		with e as (insert into entry (area, id, scheme, kind, cause, accounted_on, effective_on, line_count, text, actor, booked_at)
			values (610304, nextval('fact_id'), 'rural', 'opening', 'test:1', '2018-06-05', '2018-06-05', 2, '', 'test', now()) returning *)
		insert into posting (area, entry_id, line, scheme, kind, effective_on, accounted_on, side, role, nature, red, reversal,
			amount, cause_id, member_id)
		select area, id, u.line, scheme, kind, effective_on, accounted_on, u.side, u.role, u.nature, false, false, 123456, u.cause, u.cause
		from e, (values (1, 'credit', 'personal_individual', 'item', 950001::bigint), (2, 'debit', 'personal_control', 'sum', null))
			as u (line, side, role, nature, cause)`)
	const body = `{"direction":"out","member_id":"950001","counterpart":"employee","office":"宝鸡市经办处","document":"申请7","asked_on":"2018-06-05"}`
	h.post("business-checker", "/v1/member-transfers", body, 403, "duty_conflict")
	h.post("business-maker", "/v1/member-transfers", strings.Replace(body, "employee", "resident", 1), 422, "pension_in_payment")
	h.post("business-maker", "/v1/member-transfers", body, 422, "pension_in_payment")
	h.data.Exec(t, `insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
		select distinct area, member_id, component, date '2018-06-01', 0, 'withdrawn', 'test', now() from entitlement where member_id = 950001`)
	h.post("business-maker", "/v1/member-transfers", strings.Replace(body, "2018-06-05", "2018-07-05", 1), 400, "member_transfer_invalid")
	h.post("business-maker", "/v1/member-transfers", strings.Replace(body, "950001", "77", 1), 404, "member_not_found")
	asked := read[sentMemberTransfer](t, h.post("business-maker", "/v1/member-transfers", body, 201, ""))
	if asked.Step != "asked" || asked.DueOn != "2018-06-27" || asked.Late || strings.Contains(asked.Name, "pensioner") {
		t.Errorf("asked %+v", asked)
	}
	h.post("business-maker", "/v1/member-transfers", body, 409, "member_transfer_known")
	steps := "/v1/member-transfers/" + asked.ID + "/steps"
	confirm := `{"step":"sum_confirmed","done_on":"2018-06-05","document":"sum","fund_account_id":"` + h.account(ledger.Expenditure) + `"}`
	h.post("business-maker", steps, confirm, 409, "member_transfer_step")
	h.post("business-maker", "/v1/member-transfers/7/steps", confirm, 404, "member_transfer_not_found")
	h.post("business-maker", steps, `{"step":"letter_received","done_on":"2018-06-05","document":"letter"}`, 201, "")
	h.post("business-maker", steps, strings.Replace(confirm, h.account(ledger.Expenditure), h.account(ledger.FiscalSpecial), 1),
		422, "transfer_money")
	h.post("business-maker", steps, confirm, 422, "transfer_money") // 1000.00 are there
	h.fund(t, "234.56")
	sum := read[sentMemberTransfer](t, h.post("business-maker", steps, confirm, 201, ""))
	if sum.Sum.Individual != "1234.56" || sum.DecisionID == "" {
		t.Fatalf("confirmed %+v", sum)
	}
	var decision sentDecision
	h.get("auditor", "/v1/decisions/"+sum.DecisionID, &decision)
	h.post("business-maker", "/v1/decisions/"+sum.DecisionID+"/approve", digestBody(decision.Digest), 403, "duty_conflict")
	h.post("business-checker", "/v1/decisions/"+sum.DecisionID+"/approve", digestBody(decision.Digest), 200, "")
	var page struct{ Items []sentMemberTransfer }
	h.get("auditor", "/v1/member-transfers?direction=out&step=money_sent&member_id=950001", &page)
	if len(page.Items) != 1 || page.Items[0].DueOn != "2018-06-27" {
		t.Errorf("after the decision %+v", page)
	}
	h.get("auditor", "/v1/member-transfers?late=true", &page)
	if len(page.Items) != 0 {
		t.Errorf("late %+v", page)
	}
	h.post("business-maker", steps, `{"step":"withdrawn","done_on":"2018-06-05","document":"x"}`, 409, "member_transfer_step")
	h.post("business-maker", steps, `{"step":"done","done_on":"2018-06-05","document":"receipt of the office"}`, 201, "")
	if n := h.count(`select coalesce(sum(case when side = 'credit' then amount else -amount end), 0)::int from posting
		where member_id = 950001 and role like 'personal%'`); n != 0 {
		t.Errorf("the account holds %d fen", n)
	}
	// The member comes back, with nothing.
	h.post("business-checker", "/v1/member-returns", `{"member_id":"950001","document":"request 8"}`, 403, "duty_conflict")
	h.post("business-maker", "/v1/member-returns", `{"member_id":"950002","document":"request 8"}`, 409, "membership_stands")
	h.post("business-maker", "/v1/member-returns", `{"member_id":"7","document":"request 8"}`, 404, "member_not_found")
	home := read[sentMemberTransfer](t, h.post("business-maker", "/v1/member-returns", `{"member_id":"950001","document":"request 8"}`, 201, ""))
	h.get("auditor", "/v1/decisions/"+home.DecisionID, &decision)
	h.post("business-checker", "/v1/decisions/"+home.DecisionID+"/approve", digestBody(decision.Digest), 200, "")
	h.post("business-maker", "/v1/member-returns", `{"member_id":"950001","document":"request 9"}`, 409, "membership_stands")
	var returned struct {
		Items []struct {
			Status     string
			ReturnedOn string `json:"returned_on"`
		}
	}
	h.get("auditor", "/v1/member-returns?member_id=950001", &returned)
	if len(returned.Items) != 1 || returned.Items[0].Status != "approved" || returned.Items[0].ReturnedOn != "2018-06-05" {
		t.Errorf("returns %+v", returned)
	}
	// The receiving bank gives the money back after all: two people let the account hold it again.
	back := `{"fund_account_id":"` + h.account(ledger.Expenditure) + `","amount":"1234.56","bank_reference":"R1",` +
		`"value_date":"2018-06-05","document":"bank's note"}`
	receipts := "/v1/member-transfers/" + asked.ID + "/receipts"
	h.post("business-maker", receipts, strings.Replace(back, "1234.56", "1234.55", 1), 422, "transfer_money")
	came := read[sentMemberTransfer](t, h.post("business-maker", receipts, back, 201, ""))
	h.post("business-maker", steps, `{"step":"returned","done_on":"2018-06-05","document":"again"}`, 409, "decision_open")
	h.get("auditor", "/v1/decisions/"+came.DecisionID, &decision)
	h.post("business-checker", "/v1/decisions/"+came.DecisionID+"/approve", digestBody(decision.Digest), 200, "")
	h.get("auditor", "/v1/member-transfers?step=returned&member_id=950001", &page)
	if len(page.Items) != 1 || page.Items[0].Received != "1234.56" {
		t.Errorf("after the money came back %+v", page)
	}
	if n := h.count(`select sum(case when (side = 'credit') <> red then amount else -amount end)::int from posting
		where member_id = 950001 and role like 'personal%'`); n != 123456 {
		t.Errorf("the account holds %d fen", n)
	}
}

// A member's account moves in through the door: announced, the letter, the money to the
// fen, two people, and the book.
func TestAMemberMovesInThroughTheDoor(t *testing.T) {
	t.Parallel()
	h := openPay(t, setup{})
	const body = `{"direction":"in","member_id":"950004","counterpart":"resident","office":"凤翔县经办处","document":"函1","asked_on":"2018-06-05",` +
		`"announced":{"individual":"80.00","collective":"0.00","subsidy":"20.00","interest":"0.50","old_scheme":"30.00","years":3}}`
	h.post("business-maker", "/v1/member-transfers", strings.Replace(body, `"30.00"`, `"80.01"`, 1), 400, "member_transfer_invalid")
	h.post("business-maker", "/v1/member-transfers", strings.Replace(body, `"in"`, `"out"`, 1), 400, "member_transfer_invalid")
	h.post("business-maker", "/v1/member-transfers", body, 422, "pension_in_payment")
	h.data.Exec(t, `insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
		values (610304, 950004, 'base_pension', '2018-01-01', 0, 'not yet', 'test', now())`)
	asked := read[sentMemberTransfer](t, h.post("business-maker", "/v1/member-transfers", body, 201, ""))
	path := "/v1/member-transfers/" + asked.ID
	h.post("business-maker", path+"/steps", `{"step":"letter_sent","done_on":"2018-06-05","document":"letter"}`, 201, "")
	receipt := `{"fund_account_id":"` + h.account(ledger.Income) + `","amount":"100.50","bank_reference":"X1","value_date":"2018-06-05","document":"note"}`
	h.post("business-maker", path+"/receipts", strings.Replace(receipt, "2018-06-05", "2018-06-04", 1), 400, "member_transfer_invalid")
	in := read[sentMemberTransfer](t, h.post("business-maker", path+"/receipts", receipt, 201, ""))
	h.post("business-maker", path+"/receipts", receipt, 422, "transfer_money")
	var decision sentDecision
	h.get("auditor", "/v1/decisions/"+in.DecisionID, &decision)
	h.post("business-checker", "/v1/decisions/"+in.DecisionID+"/approve", digestBody(decision.Digest), 200, "")
	var page struct{ Items []sentMemberTransfer }
	h.get("auditor", "/v1/member-transfers?direction=in&step=money_posted", &page)
	if len(page.Items) != 1 || page.Items[0].DueOn != "" {
		t.Errorf("after the decision %+v", page)
	}
	if n := h.count(`select coalesce(sum(amount), 0)::int from posting where member_id = 950004 and role like 'personal%' and side = 'credit'`); n != 10050 {
		t.Errorf("the account holds %d fen", n)
	}
}

// A member who emigrates: two people end the membership, and the due waits for a pay run.
func TestAMemberEmigratesThroughTheDoor(t *testing.T) {
	t.Parallel()
	h := openPay(t, setup{})
	const body = `{"member_id":"950001","reason":"emigrated","left_on":"2018-06-05","document":"permit 3"}`
	h.post("business-maker", "/v1/member-departures", strings.Replace(body, "2018", "2028", 1), 400, "departure_invalid")
	h.post("business-maker", "/v1/member-departures", strings.Replace(body, "950001", "7", 1), 404, "member_not_found")
	h.post("business-checker", "/v1/member-departures", body, 403, "duty_conflict")
	asked := read[sentMemberTransfer](t, h.post("business-maker", "/v1/member-departures", body, 201, ""))
	var decision sentDecision
	h.get("auditor", "/v1/decisions/"+asked.DecisionID, &decision)
	h.post("business-checker", "/v1/decisions/"+asked.DecisionID+"/approve", digestBody(decision.Digest), 200, "")
	h.post("business-maker", "/v1/member-departures", body, 409, "membership_ended")
	var page struct {
		Items []struct{ Status, Reason string }
	}
	h.get("auditor", "/v1/member-departures?member_id=950001", &page)
	if len(page.Items) != 1 || page.Items[0].Status != "approved" {
		t.Errorf("%+v", page)
	}
}

package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"twoline/gateway/ledger"
)

type shownRequest struct {
	ID, Amount, Allocated, Open, Scheme, Month string
	Account                                    string `json:"account_id"`
}

// TestWorkingCashOverHTTP is a month whose fiscal money is late: what is asked for,
// lent by finance through the fiscal special account, passed on, and repaid.
func TestWorkingCashOverHTTP(t *testing.T) {
	t.Parallel()
	h := openFund(t)
	special, out := h.account(ledger.FiscalSpecial), h.account(ledger.Expenditure)
	ask := func(account, amount, neededBy string) string {
		return fmt.Sprintf(`{"kind":"funding_request","to_account":%q,"month":"2018-06","amount":%q,"effective_on":%q,"document":"审批表 6"}`,
			account, amount, neededBy)
	}
	for _, who := range []string{"bureau-maker", "business-maker", "finance-checker", "auditor"} {
		h.post(who, "/v1/fund-transfers", ask(out, "3500000.00", "2018-06-20"), 403, "duty_conflict")
	}
	h.post("finance-maker", "/v1/fund-transfers", ask(special, "1.00", "2018-06-20"), 422, "funding_request_invalid")
	h.post("finance-maker", "/v1/fund-transfers", ask(out, "1.00", "2018-06-04"), 422, "funding_request_invalid")
	h.post("finance-maker", "/v1/fund-transfers", ask("7", "1.00", "2018-06-20"), 404, "not_found")
	var made shownRequest
	asked := read[struct{ ID, Kind, Status, Month, Amount string }](t, h.post("finance-maker", "/v1/fund-transfers",
		ask(out, "3500000.00", "2018-06-20"), 201, ""))
	if asked.Kind != "funding_request" || asked.Status != "requested" || asked.Month != "2018-06" || asked.Amount != "3500000.00" {
		t.Errorf("answered: %+v", asked)
	}
	h.get("finance-maker", "/v1/funding-requests/"+asked.ID, &made)
	if made.Open != "3500000.00" || made.Allocated != "0.00" || made.Month != "2018-06" || made.Scheme != "rural" ||
		made.Account != out {
		t.Errorf("asked: %+v", made)
	}
	h.wantAsked(t, "3500000.00")

	submit := func(who, fields string, status int, code string) response {
		t.Helper()
		return h.post(who, "/v1/fund-transfers", `{`+fields+`,"effective_on":"2018-06-05","document":"x"}`, status, code)
	}
	from, to := `"from_account":"`, `","to_account":"`
	allocation := `"kind":"allocation",` + from + special + to + out + `","amount":"3500000.00","funding_request":"` +
		made.ID + `"`
	// A loan enters by the fiscal special account and by no other, and only the bureau books it and what follows.
	loan := `"kind":"loan","amount":"3500000.00","to_account":"`
	for _, role := range []ledger.Role{ledger.Expenditure, ledger.Income, ledger.Treasury, ledger.FixedDeposit} {
		res := submit("bureau-maker", loan+h.account(role)+`"`, 422, "two_line_violation")
		if !strings.Contains(res.body, "财社〔2017〕144号") {
			t.Errorf("a loan to the %s account is refused without its rule: %s", role, res.body)
		}
	}
	for _, fields := range []string{loan + special + `"`, allocation} {
		submit("finance-maker", fields, 403, "duty_conflict")
		submit("business-maker", fields, 403, "duty_conflict")
	}
	h.move(t, "bureau", loan+special+`"`)
	submit("bureau-maker", strings.Replace(allocation, "3500000.00", "3500000.01", 1), 422, "funding_request_exceeded")
	submit("bureau-maker", strings.Replace(allocation, made.ID, "7", 1), 404, "funding_request_not_found")
	submit("bureau-maker", strings.Replace(loan, `"kind"`, `"funding_request":"`+made.ID+`","kind"`, 1)+special+`"`, 422,
		"transfer_invalid")
	h.move(t, "bureau", allocation)
	h.wantAsked(t, "0.00")
	var one shownRequest
	h.get("business-maker", "/v1/funding-requests/"+made.ID, &one)
	if one.Open != "0.00" || one.Allocated != "3500000.00" {
		t.Errorf("allocated: %+v", one)
	}
	var list struct {
		Items []shownRequest
	}
	h.get("auditor", "/v1/funding-requests?status=open", &list)
	if len(list.Items) != 0 {
		t.Errorf("open: %+v", list)
	}
	h.get("auditor", "/v1/funding-requests?status=allocated&account_id="+out, &list)
	if len(list.Items) != 1 || list.Items[0] != one {
		t.Errorf("allocated: %+v", list)
	}
	h.expect(request{method: "GET", path: "/v1/funding-requests/7", token: h.tokens["auditor"]}, 404,
		"funding_request_not_found")

	// The account's own interest goes back over the fiscal special account, by the agency's finance office.
	submit("bureau-maker", `"kind":"interest","amount":"12.50","to_account":"`+out+`"`, 403, "duty_conflict")
	h.move(t, "finance", `"kind":"interest","amount":"12.50","to_account":"`+out+`"`)
	handover := `"kind":"interest_handover","amount":"12.50",` + from + out + to + special + `"`
	submit("bureau-maker", handover, 403, "duty_conflict")
	submit("finance-maker", strings.Replace(handover, to+special, to+h.account(ledger.Income), 1), 422,
		"two_line_violation")
	h.move(t, "finance", handover)

	// The loan is repaid out of the fiscal special account only, by the bureau only, and never more than it holds.
	h.move(t, "bureau", `"kind":"subsidy","purpose":"base_pension","amount":"3500000.00","to_account":"`+special+`"`)
	repay := `"kind":"loan_repayment","amount":"3500000.00",` + from
	submit("bureau-maker", repay+out+`"`, 422, "two_line_violation")
	submit("finance-maker", repay+special+`"`, 403, "duty_conflict")
	h.move(t, "bureau", repay+special+`"`)
	h.wantHeld(t, map[string]string{"fiscal_special": "12.50", "expenditure": "3500000.00", "income": "0.00"})

	var trial struct {
		Fund string `json:"fund_sum"`
		Rows []struct{ Role, Balance string }
	}
	h.get("auditor", "/v1/reports/trial-balance?scheme=rural&day=2018-06-05", &trial)
	for _, r := range trial.Rows {
		if r.Role == "borrowing" && r.Balance != "0.00" {
			t.Errorf("%s is still borrowed", r.Balance)
		}
	}
	if trial.Fund != "0.00" {
		t.Errorf("trial balance %s", trial.Fund)
	}
}

type shownAccount struct {
	Role, Balance string
	AskedFor      string `json:"asked_for"`
}

func (h *fundHouse) accounts() []shownAccount {
	h.tb.Helper()
	var page struct{ Items []shownAccount }
	h.get("business-maker", "/v1/fund-accounts", &page)
	return page.Items
}

// wantAsked compares what is asked for: on the expenditure account, and nowhere else.
func (h *fundHouse) wantAsked(t *testing.T, want string) {
	t.Helper()
	for _, a := range h.accounts() {
		if expenditure := a.Role == "expenditure"; expenditure && a.AskedFor != want || !expenditure && a.AskedFor != "" {
			t.Errorf("of the %s account %q is asked for", a.Role, a.AskedFor)
		}
	}
}

func (h *fundHouse) wantHeld(t *testing.T, want map[string]string) {
	t.Helper()
	for _, a := range h.accounts() {
		if w, ok := want[a.Role]; ok && a.Balance != w {
			t.Errorf("the %s account holds %s, want %s", a.Role, a.Balance, w)
		}
	}
}

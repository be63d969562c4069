package httpapi_test

import (
	"fmt"
	"testing"

	"twoline/gateway/ledger"
)

type shownPensionSubsidies struct {
	Basis, Missing string
	Levels         []struct {
		Level, Receivable, Arrived, Missing, Ahead string
		Brought                                    string `json:"brought_forward"`
		Arrivals                                   []struct{ ID string }
	}
	Unnamed []struct{ Amount, Named string }
}

type shownNamed struct {
	Named    string
	Arrivals []struct{ ID, Month, Level, Amount string }
}

// Government's money for base pensions over HTTP: named by the bureau in parts, taken back
// by another desk, and shown by level.
func TestPensionSubsidiesOverHTTP(t *testing.T) {
	t.Parallel()
	y := openYears(t)
	const path = "/v1/pension-subsidies"
	const month, today = "2018-05", "2018-05-10"
	money := func(purpose string) string {
		made := read[sentTransfer](t, y.post("bureau-maker", "/v1/fund-transfers", fmt.Sprintf(
			`{"kind":"subsidy","to_account":%q,"amount":"300.00","purpose":%q,"effective_on":%q,"document":"advice"}`,
			y.account(ledger.FiscalSpecial), purpose, today), 201, ""))
		y.post("bureau-checker", "/v1/fund-transfers/"+made.ID+"/approve", digestBody(made.Digest), 200, "")
		return made.ID
	}
	body := func(transfer, level, amount string) string {
		return fmt.Sprintf(`{"transfer_id":%q,"parts":[{"month":%q,"level":%q,"amount":%q}]}`, transfer, month, level, amount)
	}
	transfer := money("base_pension")
	for _, who := range []string{"business-maker", "bureau-checker", "auditor"} {
		y.post(who, path+"/arrivals", body(transfer, "centre", "200.00"), 403, "duty_conflict")
	}
	y.post("bureau-maker", path+"/arrivals", body(money("contribution"), "centre", "200.00"), 422, "pension_subsidy_transfer")
	y.post("bureau-maker", path+"/arrivals", body(transfer, "village", "200.00"), 400, "invalid_request")
	y.post("bureau-maker", path+"/arrivals", body(transfer, "centre", "300.01"), 409, "pension_subsidy_over")
	named := read[shownNamed](t, y.post("bureau-maker", path+"/arrivals", body(transfer, "centre", "200.00"), 201, ""))
	if named.Named != "200.00" || len(named.Arrivals) != 1 || named.Arrivals[0].Month != month {
		t.Errorf("named %+v", named)
	}
	query := path + "?scheme=rural&month=" + month
	y.rules("base_pension_payers|2018-01-01|centre:100%|letter 3")
	var shown shownPensionSubsidies
	y.get("auditor", query, &shown)
	if shown.Basis != "none" || len(shown.Levels) != 1 || shown.Levels[0].Ahead != "200.00" || len(shown.Unnamed) != 1 ||
		shown.Unnamed[0].Named != "200.00" {
		t.Errorf("shown %+v", shown)
	}
	back := path + "/arrivals/" + named.Arrivals[0].ID + "/withdraw"
	y.post("bureau-maker", back, `{"document":"letter 4"}`, 403, "same_person")
	left := read[shownNamed](t, y.post("finance-maker", back, `{"document":"letter 4"}`, 200, ""))
	if left.Named != "0.00" || len(left.Arrivals) != 0 {
		t.Errorf("left %+v", left)
	}
	y.post("finance-maker", back, `{"document":"letter 4"}`, 409, "pension_subsidy_withdrawn")
	y.post("finance-maker", path+"/arrivals/77/withdraw", `{"document":"letter 4"}`, 404, "pension_subsidy_not_found")
}

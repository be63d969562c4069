package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/party"
)

// landLostOrder is an order of the fund of land-lost farmers.
func landLostOrder() string { return strings.Replace(order("regular"), "rural", "land_lost", 1) }

// openLandLost is a house whose area keeps the fund of land-lost farmers beside the rural
// pension's: one farmer is 60 since May, one not before the next year.
func openLandLost(t *testing.T) (*payHouse, pgtest.Books) {
	t.Helper()
	h := openPay(t, setup{}) //nolint:exhaustruct // as usual
	farmers := pgtest.SeedBooks(t, h.data, 610304, ledger.LandLost, calendar.MustDay("2018-05-01"))
	h.data.KeepRules(t)
	for n, birth := range []string{"19580520", "19590101"} {
		number := fmt.Sprintf("610304%s%03d", birth, 100+n)
		h.data.Exec(t, `insert into member (area, id, id_number, social_no, name, region, scheme, joined_on)
			values (610304, $1::int, $2, 'L' || $1::text, 'farmer', 610304100001, 'land_lost', '2018-05-01')`, 970_001+n,
			number+string(party.IDCheck(number)))
		h.data.Exec(t, `insert into instrument (area, id, member_id, bank, kind, account_no, activated, for_payout, opened_on)
			values (610304, $1::int + 1000000, $1, 'psbc', 'passbook', '6300' || $1::text, true, true, '2018-05-01')`, 970_001+n)
	}
	return h, farmers
}

// The allowance of land-lost farmers from its rule to the bank: an item of a file of its
// own, a fund of its own, a voucher of its own, and nothing of it in the rural pension's.
func TestTheAllowanceOfLandLostFarmersOverHTTP(t *testing.T) {
	t.Parallel()
	h, farmers := openLandLost(t)
	award := `{"scheme":"land_lost","month":"2018-06"}`
	h.post("business-maker", "/v1/award-runs", award, 422, "no_rule")
	approve := func(id, digest string) {
		h.post("business-checker", "/v1/decisions/"+id+"/approve", digestBody(digest), 200, "")
	}
	rule := read[sentDecision](t, h.post("business-maker", "/v1/policies",
		policyBody("land_lost_allowance|2018-05-01|462.00|minute 4"), 201, ""))
	approve(rule.ID, rule.Digest)
	run := read[shownAwardRun](t, h.post("business-maker", "/v1/award-runs", award, 201, ""))
	if run.Looked != 1 || run.Lines != 1 || run.After.Base != "462.00" || run.After.Account != "0.00" {
		t.Fatalf("the award run is %+v", run)
	}
	approve(run.Decision, run.DecisionDigest)
	var lines struct {
		Items []struct {
			MemberID string `json:"member_id"`
			From     string `json:"from_month"`
			Due      shownAmounts
			Rules    []shownRuleRow
		}
	}
	h.get("auditor", "/v1/award-runs/"+run.ID+"/lines", &lines)
	if l := lines.Items; len(l) != 1 || l[0].MemberID != "970001" || l[0].From != "2018-06" || l[0].Due.Base != "462.00" ||
		len(l[0].Rules) == 0 || l[0].Rules[0].Document == "" {
		t.Errorf("its line is %+v", lines)
	}
	var told shownPension
	h.get("auditor", "/v1/members/970001/pension?month=2018-06&lang=en", &told)
	if len(told.Entitled) != 1 || told.Entitled[0].Amount != "462.00" || told.Pension == nil || told.Pension.Total != "462.00" {
		t.Errorf("the farmer is told %+v", told)
	}

	made := read[sentRun](t, h.post("business-maker", "/v1/pay-runs", landLostOrder(), 201, ""))
	made = read[sentRun](t, h.post("business-maker", "/v1/pay-runs/"+made.ID+"/submit", `{}`, 200, ""))
	if made.ItemCount != 1 || made.Amount != "462.00" {
		t.Fatalf("the pay run is %+v", made)
	}
	h.step(t, "business-checker", made, "approve", 200, "")
	// The rural pension's money pays no allowance.
	h.fund(t, "1000.00")
	h.step(t, "finance-releaser", made, "release", 409, "funds_short")
	h.fundFarmers(t, farmers, "462.00")
	released := read[sentRun](t, h.step(t, "finance-releaser", made, "release", 200, ""))
	b := released.Batches[0]
	items := read[struct{ Items []sentPayment }](t,
		h.bank(t, "GET", "/v1/disbursement-batches/"+b.ID+"/items", "", 200, "")).Items
	if len(items) != 1 || items[0].Amount != "462.00" || items[0].Account != "6300970001" {
		t.Fatalf("the bank reads %+v", items)
	}
	h.bank(t, "GET", "/v1/disbursement-batches/"+b.ID+"/file", "", 200, "")
	b = h.run(t, made.ID).Batches[0]
	h.acknowledge(t, b, 200, "")
	h.bank(t, "POST", "/v1/disbursement-batches/"+b.ID+"/results", `{"count":1,"amount":"462.00","results":[`+
		success(items[0], "L-1")+`]}`, 200, "")
	h.landLostBooked(t)
}

// fundFarmers brings money from outside to the expenditure account of the farmers' fund.
func (h *payHouse) fundFarmers(t *testing.T, b pgtest.Books, amount string) {
	t.Helper()
	special, out := fmt.Sprint(b.Accounts[ledger.FiscalSpecial]), fmt.Sprint(b.Accounts[ledger.Expenditure])
	h.post("bureau-maker", "/v1/fund-transfers", fmt.Sprintf(
		`{"kind":"allocation","from_account":%q,"to_account":%q,"amount":%q,"effective_on":"2018-06-05","document":"x"}`,
		h.account(ledger.FiscalSpecial), out, amount), 422, "")
	h.move(t, "bureau", fmt.Sprintf(`"kind":"subsidy","purpose":"unspecified","to_account":%q,"amount":%q`, special, amount))
	h.move(t, "bureau", fmt.Sprintf(`"kind":"allocation","from_account":%q,"to_account":%q,"amount":%q`, special, out, amount))
}

func (h *payHouse) landLostBooked(t *testing.T) {
	t.Helper()
	codes := func(scheme string) map[string]string {
		var trial struct {
			Fund string `json:"fund_sum"`
			Rows []struct{ Code, Balance string }
		}
		h.get("auditor", "/v1/reports/trial-balance?day=2018-06-05&scheme="+scheme, &trial)
		if trial.Fund != "0.00" {
			t.Errorf("the books of %s are off by %s", scheme, trial.Fund)
		}
		out := map[string]string{}
		for _, r := range trial.Rows {
			out[r.Code] = r.Balance
		}
		return out
	}
	if got := codes("land_lost"); got["5101"] != "462.00" || got["5001"] != "" || got["500101"] != "" || got["1004"] != "0.00" {
		t.Errorf("the farmers' books are %v", got)
	}
	for code, balance := range codes("rural") {
		if strings.HasPrefix(code, "5") && balance != "0.00" {
			t.Errorf("the rural books hold %s on %s", balance, code)
		}
	}
	if got := codes("rural"); got["1004"] != "1000.00" {
		t.Errorf("the rural books are %v", got)
	}
	if n := h.count(`select count(*) from entry where kind = 'benefit' and scheme = 'land_lost'`); n != 1 {
		t.Errorf("%d vouchers of the allowance", n)
	}
	if n := h.count(`select count(*) from entry where kind = 'benefit' and scheme <> 'land_lost'`); n != 0 {
		t.Errorf("%d vouchers of other funds", n)
	}
	if n := h.count(`select count(*) from posting where scheme = 'land_lost' and role like 'personal%'`); n != 0 {
		t.Errorf("%d lines on a personal account", n)
	}
	h.balanced(t)
}

package httpapi_test

import (
	"strings"
	"testing"
)

type shownAmounts struct {
	Base    string `json:"base_pension"`
	Account string `json:"account_pension"`
}

type shownAwardRun struct {
	ID, Status, Digest string
	Looked             int `json:"looked_at"`
	Lines, Refused     int
	Before, After      shownAmounts
	Decision           string `json:"decision_id"`
	DecisionDigest     string `json:"decision_digest"`
	Sums               []struct {
		What, Cause string
		Count       int
	}
}

type shownRuleRow struct {
	Rule, Value, Document string
	From                  string `json:"effective_from"`
}

type shownEntitled struct {
	Component, Amount, Document, Cause string
	From                               string `json:"from_month"`
	Run                                string `json:"award_run_id"`
	Rules                              []shownRuleRow
}

type shownPension struct {
	Entitled []shownEntitled
	Pension  *struct{ Base, Total string }
	Missing  string
	Died     string `json:"died_on"`
	Because  []struct {
		Reason, Text string
		Rule         *shownRuleRow
	}
	Holds []struct{ Reason string }
}

// A pension is computed, decided by two people, put on the roster and told with its
// rules; the month before, its absence, and who pays it.
func TestAwardsOverHTTP(t *testing.T) {
	t.Parallel()
	h := openPay(t, setup{})
	h.data.Exec(t, `insert into member (area, id, id_number, social_no, name, region, scheme, joined_on) values
		(610304, 950101, '610304194503010017', 'AW01', 'award one', 610304100001, 'rural', '2011-01-01')`)
	h.data.Exec(t, `delete from death_notice`)
	const order = `{"scheme":"rural","month":"2018-06"}`
	h.post("auditor", "/v1/award-runs", order, 403, "duty_conflict")
	h.post("finance-maker", "/v1/award-runs", order, 403, "duty_conflict")
	h.post("business-maker", "/v1/award-runs", strings.Replace(order, "rural", "urban", 1), 422, "award_no_book")
	h.post("business-maker", "/v1/award-runs", strings.Replace(order, "2018-06", "2018-04", 1), 422, "award_month")
	h.post("business-maker", "/v1/award-runs", strings.Replace(order, "2018-06", "2018-08", 1), 422, "award_month")
	h.post("business-maker", "/v1/award-runs", `{"scheme":"rural","month":"2018-13"}`, 400, "invalid_request")
	h.expect(request{method: "GET", path: "/v1/award-runs/77", token: h.tokens["auditor"]}, 404, "award_run_not_found")

	run := read[shownAwardRun](t, h.post("business-maker", "/v1/award-runs", order, 201, ""))
	if run.Status != "submitted" || run.Lines != 1 || run.Decision == "" {
		t.Fatalf("the run is %+v", run)
	}
	approve := "/v1/decisions/" + run.Decision + "/approve"
	h.post("finance-checker", approve, digestBody(run.DecisionDigest), 403, "duty_conflict")
	h.post("business-checker", approve, digestBody(strings.Repeat("0", 64)), 409, "digest_differs")
	h.post("business-checker", approve, digestBody(run.DecisionDigest), 200, "")

	var lines struct {
		Items []struct {
			MemberID        string `json:"member_id"`
			From            string `json:"from_month"`
			What, Cause     string
			Was, Due        shownAmounts
			Rules           []shownRuleRow
			Name, SocialNo_ string
		}
	}
	h.get("auditor", "/v1/award-runs/"+run.ID+"/lines?what=begun&member_id=950101", &lines)
	if l := lines.Items; len(l) != 1 || l[0].From != "2018-05" || l[0].Cause != "conditions" || l[0].Due.Base != "88.00" ||
		len(l[0].Rules) < 3 || strings.Contains(l[0].Name, "one") {
		t.Errorf("its line is %+v", lines)
	}
	h.get("auditor", "/v1/award-runs/"+run.ID+"/lines?what=ended", &lines)
	if len(lines.Items) != 0 {
		t.Errorf("ended are %+v", lines.Items)
	}
	var one shownAwardRun
	h.get("auditor", "/v1/award-runs/"+run.ID, &one)
	if one.Status != "approved" || len(one.Sums) != 1 || one.Sums[0].What != "begun" || one.Sums[0].Count != 1 {
		t.Errorf("the run with its sums is %+v", one)
	}
	again := read[shownAwardRun](t, h.post("business-maker", "/v1/award-runs", order, 201, ""))
	if again.Status != "nothing_to_decide" || again.Lines != 0 || again.Decision != "" {
		t.Errorf("the same again is %+v", again)
	}
	h.awardsExplained(t, run.ID)
}

func (h *payHouse) awardsExplained(t *testing.T, run string) {
	t.Helper()
	var told shownPension
	h.get("auditor", "/v1/members/950101/pension?month=2018-06&lang=en", &told)
	if e := told.Entitled; len(e) != 1 || e[0].Run != run || e[0].Amount != "88.00" || e[0].Cause != "conditions" ||
		told.Pension == nil || told.Pension.Total != "88.00" {
		t.Errorf("the member's month is %+v", told)
	}
	text := ""
	for _, b := range told.Because {
		text += b.Text + "; "
	}
	if !strings.Contains(text, "national minimum base pension: 88.00") {
		t.Errorf("because %s", text)
	}
	h.get("auditor", "/v1/members/950101/pension?month=2018-06", &told)
	if text := told.Because[len(told.Because)-1].Text; !strings.Contains(text, "每月合计") {
		t.Errorf("in Chinese: %s", text)
	}
	h.expect(request{method: "GET", path: "/v1/members/7/pension?month=2018-06", token: h.tokens["auditor"]}, 404,
		"member_not_found")

	roster := read[struct{ ID string }](t, h.post("business-maker", "/v1/rosters", order("regular"), 201, ""))
	var page struct {
		Items []struct {
			Seq      int
			MemberID string `json:"member_id"`
		}
	}
	h.get("auditor", "/v1/rosters/"+roster.ID+"/lines", &page)
	path := "/v1/rosters/" + roster.ID
	for _, l := range page.Items {
		if l.MemberID != "950101" {
			continue
		}
		var why struct {
			Amount, Cause, Held string
			Entitled            []shownEntitled
			Pension             shownPension
		}
		h.get("auditor", path+"/lines/"+string(rune('0'+l.Seq)), &why)
		if why.Amount != "88.00" || why.Held != "no_account" || len(why.Entitled) != 1 || why.Entitled[0].Run != run ||
			why.Pension.Pension == nil {
			t.Errorf("why: %+v", why)
		}
	}
	h.expect(request{method: "GET", path: path + "/lines/99", token: h.tokens["auditor"]}, 404, "roster_line_not_found")
	h.comparedAndPaid(t, path)
}

func (h *payHouse) comparedAndPaid(t *testing.T, path string) {
	t.Helper()
	type differences struct {
		Previous string `json:"previous_roster_id"`
		Next     string `json:"next_cursor"`
		Items    []struct {
			MemberID         string `json:"member_id"`
			Change, Why, Was string
			Now, Run         string
		}
		Sums []struct {
			Change, Why string
			Count       int
			Was, Now    string
		}
	}
	h.data.Exec(h.tb, `insert into roster (area, id, scheme, month, kind, entitled, entitled_amount, held, held_amount, made_by,
			made_at, business_day)
		values (610304, 77, 'rural', '2018-05-01', 'regular', 3, 27000, 0, 0, 'test', '2018-05-05', '2018-05-05')`)
	h.data.Exec(h.tb, `insert into roster_line (area, roster_id, seq, member_id, month, base_pension, account_pension,
			funeral_grant, one_off)
		values (610304, 77, 1, 950001, '2018-05-01', 10000, 0, 0, 0), (610304, 77, 2, 950002, '2018-05-01', 10000, 0, 0, 0),
			(610304, 77, 3, 950009, '2018-05-01', 7000, 0, 0, 0)`)
	h.data.Exec(h.tb, `insert into member (area, id, id_number, social_no, name, region, scheme, joined_on) values
		(610304, 950009, '610304194503010025', 'AW09', 'award nine', 610304100001, 'rural', '2011-01-01')`)
	h.data.Exec(h.tb, `insert into death_notice (area, member_id, died_on, source, document, entered_by, entered_at)
		values (610304, 950009, '2018-05-05', 'police', 'list', 'test', now())`)
	var got differences
	h.get("auditor", path+"/comparison", &got)
	want := map[string]string{
		"950001": "changed document 100.00 143.50", "950003": "new document 0.00 100.00", "950004": "new document 0.00 100.00",
		"950009": "stopped death 70.00 0.00", "950101": "new conditions 0.00 88.00",
	}
	for _, d := range got.Items {
		if said := d.Change + " " + d.Why + " " + d.Was + " " + d.Now; said != want[d.MemberID] {
			t.Errorf("member %s: %s, want %s", d.MemberID, said, want[d.MemberID])
		}
	}
	if len(got.Items) != len(want) || got.Previous != "77" || len(got.Sums) != 4 {
		t.Errorf("the comparison is %+v", got)
	}
	var paged differences
	h.get("auditor", path+"/comparison?limit=1&change=stopped", &paged)
	if len(paged.Items) != 1 || paged.Next != "" || len(paged.Sums) != 1 || paged.Sums[0].Was != "70.00" {
		t.Errorf("who stopped is %+v", paged)
	}

	h.expect(request{method: "GET", path: path + "/payers", token: h.tokens["auditor"]}, 422, "no_rule")
	h.data.Exec(h.tb, `insert into area_rule (area, rule, effective_from, value, document)
		values (610304, 'base_pension_payers', '2011-01-01', '"centre:50% province:50%"', 'plan')`)
	var payers struct {
		Lines  int
		Base   string `json:"base_pension"`
		Shares []struct{ Level, Amount string }
	}
	h.get("auditor", path+"/payers", &payers)
	// Four draw 100.00 by an imported decision, 12.00 above the minimum of 88.00, and one the minimum.
	said := payers.Base
	for _, s := range payers.Shares {
		said += " " + s.Level + " " + s.Amount
	}
	if said != "488.00 centre 220.00 province 220.00 not_stated 48.00" || payers.Lines != 5 {
		t.Errorf("who pays: %s of %d lines", said, payers.Lines)
	}
}

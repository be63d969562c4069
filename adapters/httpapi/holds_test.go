package httpapi_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"twoline/gateway/approval"
)

// desk are the officers of the agency's business desk beside the maker, and of finance.
type desk struct {
	*registryHouse

	checker, second, financeChecker string
}

func openDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{registryHouse: openRegistry(t)}
	d.checker = d.session("checker", approval.AgencyBusiness, approval.Checker)
	d.second = d.session("second", approval.AgencyBusiness, approval.Checker)
	d.financeChecker = d.session("finance-checker", approval.AgencyFinance, approval.Checker)
	// The maker's own person under another login.
	d.data.Exec(t, `update officer set person_id = (select person_id from officer where login = 'business')
		where login = 'second'`)
	return d
}

func (d *desk) post(token, path, body string, status int, code string) response {
	d.tb.Helper()
	return d.send(request{method: "POST", path: path, body: body, token: token}, status, code)
}

func (d *desk) get(t *testing.T, token, path string, to any) {
	t.Helper()
	readInto(t, d.expect(request{method: "GET", path: path, token: token}, 200, ""), to)
}

func (d *desk) id(sql string, args ...any) string { return fmt.Sprint(d.count(sql, args...)) }

type shownHold struct {
	ID, Name, Reason, Status, Text string
	MemberID                       string `json:"member_id"`
	FromMonth                      string `json:"from_month"`
	Release                        struct{ ID, Digest, Status, Document string }
}

type holdPage struct {
	Items      []shownHold
	NextCursor string `json:"next_cursor"`
}

func TestHoldsOverHTTP(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	d.imports("holds", "social_no,reason,from_month,text\nSB0001,certification_overdue,2018-06,no visit\n"+
		"SB0002,court,2018-05,no 12\nSB0002,manual,2018-07,\n", 3)
	finance := d.csv("holds", "", "id_number,reason,from_month\n"+personID(3)+",manual,2018-06\n")
	finance.token = d.finance
	d.send(finance, 403, "duty_conflict")
	var page holdPage
	d.get(t, d.finance, "/v1/holds?limit=2", &page)
	if len(page.Items) != 2 || page.NextCursor == "" || page.Items[0].Name != "王**" ||
		page.Items[0].FromMonth != "2018-06" || page.Items[0].Status != "standing" || page.Items[0].Release.ID != "" {
		t.Errorf("first page: %+v", page)
	}
	hold := page.Items[0]
	page = holdPage{}
	d.get(t, d.finance, "/v1/holds?reason=court", &page)
	if len(page.Items) != 1 || page.Items[0].Text != "no 12" {
		t.Errorf("by reason: %+v", page)
	}
	member := page.Items[0].MemberID
	page = holdPage{}
	d.get(t, d.finance, "/v1/holds?member_id="+member, &page)
	if len(page.Items) != 2 {
		t.Errorf("of a member: %+v", page)
	}
	d.expect(request{method: "GET", path: "/v1/holds/7", token: d.finance}, 404, "hold_not_found")

	path := "/v1/holds/" + hold.ID + "/release"
	body := `{"document":"certificate 12"}`
	for _, who := range []string{d.finance, d.financeChecker, d.checker} {
		d.post(who, path, body, 403, "duty_conflict")
	}
	d.post(d.business, path, `{}`, 400, "invalid_request")
	d.post(d.business, path, `{"document":" x"}`, 400, "invalid_field")
	asked := read[shownHold](t, d.post(d.business, path, body, 201, ""))
	if asked.Release.Status != "submitted" || asked.Release.Document != "certificate 12" || asked.Status != "standing" {
		t.Errorf("asked: %+v", asked)
	}
	d.post(d.business, path, body, 409, "release_open")
	page = holdPage{}
	d.get(t, d.checker, "/v1/holds?status=asked", &page)
	if len(page.Items) != 1 || page.Items[0] != asked {
		t.Errorf("waiting for a checker: %+v", page)
	}
	verdict := `{"digest":"` + asked.Release.Digest + `"}`
	d.post(d.business, path+"/approve", verdict, 403, "duty_conflict")
	d.post(d.second, path+"/approve", verdict, 403, "same_person")
	d.post(d.financeChecker, path+"/approve", verdict, 403, "duty_conflict")
	d.post(d.checker, path+"/approve", `{"digest":"`+strings.Repeat("0", 64)+`"}`, 409, "digest_differs")
	d.post(d.checker, path+"/reject", `{"digest":"`+asked.Release.Digest+`","reason":"unreadable"}`, 200, "")
	d.post(d.checker, path+"/approve", verdict, 409, "already_decided")
	d.post(d.business, path, body, 201, "")
	d.post(d.checker, path+"/withdraw", "", 403, "duty_conflict")
	d.post(d.business, path+"/withdraw", "", 200, "")
	again := read[shownHold](t, d.post(d.business, path, body, 201, ""))
	done := read[shownHold](t, d.post(d.checker, path+"/approve", `{"digest":"`+again.Release.Digest+`"}`, 200, ""))
	if done.Status != "released" || done.Release.Status != "approved" {
		t.Errorf("released: %+v", done)
	}
	d.post(d.business, path, body, 409, "hold_released")
	var one shownHold
	d.get(t, d.checker, "/v1/holds/"+hold.ID, &one)
	if one != done {
		t.Errorf("read %+v, released %+v", one, done)
	}
	for status, want := range map[string]int{"standing": 2, "released": 1, "asked": 0} {
		page = holdPage{}
		d.get(t, d.checker, "/v1/holds?status="+status, &page)
		if len(page.Items) != want {
			t.Errorf("%s: %d holds, want %d", status, len(page.Items), want)
		}
	}
}

func TestDeathNoticesOverHTTP(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	d.imports("deaths", "id_number,social_no,died_on,source,document\n"+
		personID(1)+",SB0001,2018-05-04,civil affairs,list 5\n,SB0002,2018-05-09,civil affairs,list 5\n", 2)
	var page struct {
		Items []struct {
			ID, Name, Source string
			DiedOn           string `json:"died_on"`
			Withdrawn        string `json:"withdrawn_by"`
			MemberID         string `json:"member_id"`
		}
		NextCursor string `json:"next_cursor"`
	}
	d.get(t, d.finance, "/v1/death-notices?limit=1", &page)
	if len(page.Items) != 1 || page.NextCursor == "" || page.Items[0].DiedOn != "2018-05-04" {
		t.Fatalf("first page: %+v", page)
	}
	n := page.Items[0]
	path := "/v1/death-notices/" + n.ID + "/withdraw"
	d.post(d.finance, path, `{"document":"letter 4"}`, 403, "duty_conflict")
	d.post(d.checker, path, `{"document":"letter 4"}`, 403, "duty_conflict")
	d.post(d.business, "/v1/death-notices/7/withdraw", `{"document":"letter 4"}`, 404, "death_notice_not_found")
	asked := read[sentDecision](t, d.post(d.business, path, `{"document":"letter 4"}`, 201, ""))
	if asked.Kind != "notice" || asked.Decision != "taken_back" || asked.SubjectID != n.ID || asked.Status != "submitted" {
		t.Errorf("asked: %+v", asked)
	}
	d.post(d.business, path, `{"document":"letter 4"}`, 409, "decision_open")
	approve := "/v1/decisions/" + asked.ID + "/approve"
	d.post(d.business, approve, digestBody(asked.Digest), 403, "duty_conflict")
	d.post(d.second, approve, digestBody(asked.Digest), 403, "same_person")
	d.post(d.financeChecker, approve, digestBody(asked.Digest), 403, "duty_conflict")
	d.get(t, d.finance, "/v1/death-notices?member_id="+n.MemberID, &page)
	if len(page.Items) != 1 || page.Items[0].Withdrawn != "" {
		t.Errorf("before the approval: %+v", page)
	}
	d.post(d.checker, approve, digestBody(asked.Digest), 200, "")
	d.post(d.business, path, `{"document":"letter 4"}`, 409, "already_decided")
	page.Items, page.NextCursor = nil, ""
	d.get(t, d.finance, "/v1/death-notices?member_id="+n.MemberID, &page)
	if len(page.Items) != 1 || page.Items[0].Withdrawn != "letter 4" {
		t.Errorf("taken back: %+v", page)
	}
	for _, action := range []string{
		"POST /v1/death-notices/{id}/withdraw", "POST /v1/decisions/{id}/approve", "POST /v1/imports/{kind}",
	} {
		if n := d.count(`select count(*) from audit where action = $1 and result = 'done'`, action); n == 0 {
			t.Errorf("no effect of %s stands in the audit trail", action)
		}
	}
}

// A later choice of a year's amount takes the place of the one before, and both are shown.
func TestChosenAmountsOverHTTP(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	for _, choice := range []string{"200.00,2018-01-05", "500.00,2018-02-05"} {
		d.imports("tiers", "id_number,year,amount,chosen_on\n"+personID(1)+",2018,"+choice+"\n", 1)
	}
	member := d.id(`select id::int from member where social_no = 'SB0001'`)
	type choice struct {
		Year   int
		Amount string
		Chosen string `json:"chosen_on"`
		Holds  bool
		By     string `json:"entered_by"`
	}
	var got struct{ Items []choice }
	d.get(t, d.checker, "/v1/members/"+member+"/tiers", &got)
	want := []choice{{2018, "200.00", "2018-01-05", false, ""}, {2018, "500.00", "2018-02-05", true, "business"}}
	if !slices.Equal(got.Items, want) {
		t.Errorf("choices %+v, want %+v", got.Items, want)
	}
	d.expect(request{method: "GET", path: "/v1/members/7/tiers", token: d.checker}, 404, "member_not_found")
}

func TestInstrumentChangesOverHTTP(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	d.imports("instruments", "id_number,bank,kind,account_no,activated,for_payout,opened_on\n"+
		personID(1)+",psbc,card,"+cardNumber(1)+",false,true,2012-01-01\n", 1)
	d.imports("mandates", "id_number,bank,account_no,number,signed_on\n"+
		personID(1)+",psbc,"+cardNumber(1)+",M1,2012-01-02\n", 1)
	d.imports("activations", "social_no,bank,account_no,activated\nSB0001,psbc,"+cardNumber(1)+",true\n", 1)
	member := d.id(`select id::int from member where social_no = 'SB0001'`)
	type instrument struct {
		ID, Account string
		Activated   bool
		ForPayout   bool   `json:"for_payout"`
		Ended       string `json:"ended_on"`
	}
	var held struct{ Items []instrument }
	d.get(t, d.checker, "/v1/members/"+member+"/instruments", &held)
	if len(held.Items) != 1 || !held.Items[0].Activated || held.Items[0].Account != "****"+cardNumber(1)[15:] {
		t.Fatalf("instruments: %+v", held)
	}
	d.expect(request{method: "GET", path: "/v1/members/7/instruments", token: d.checker}, 404, "member_not_found")

	path := "/v1/instruments/" + held.Items[0].ID + "/change"
	body := func(number string) string {
		return `{"bank":"psbc","kind":"card","account_no":"` + number + `","activated":true,"document":"变更表 7"}`
	}
	for _, who := range []string{d.finance, d.financeChecker, d.checker} {
		d.post(who, path, body(cardNumber(2)), 403, "duty_conflict")
	}
	d.post(d.business, path, body(cardNumber(1)), 422, "account_unchanged")
	d.post(d.business, path, body(cardNumber(2)[:18]+"x"), 400, "invalid_field")
	d.post(d.business, path, body("一二三四五"), 400, "invalid_request")
	d.post(d.business, "/v1/instruments/7/change", body(cardNumber(2)), 404, "instrument_not_found")
	type change struct {
		ID, Account, Digest, Status, Name string
		OldAccount                        string `json:"old_account"`
		Successor                         string `json:"successor_id"`
	}
	asked := read[change](t, d.post(d.business, path, body(cardNumber(2)), 201, ""))
	if asked.Status != "submitted" || asked.Account != "****"+cardNumber(2)[15:] || asked.Name != "王**" ||
		asked.OldAccount != "****"+cardNumber(1)[15:] || asked.Successor != "" {
		t.Errorf("asked: %+v", asked)
	}
	d.post(d.business, path, body(cardNumber(3)), 409, "change_open")
	verdict := `{"digest":"` + asked.Digest + `"}`
	d.post(d.financeChecker, path+"/approve", verdict, 403, "duty_conflict")
	d.post(d.finance, path+"/approve", verdict, 403, "duty_conflict")
	d.post(d.business, path+"/approve", verdict, 403, "duty_conflict")
	d.post(d.second, path+"/approve", verdict, 403, "same_person")
	typed := func(number string) string {
		return `{"digest":"` + asked.Digest + `","account_no":"` + number + `"}`
	}
	d.post(d.checker, path+"/approve", typed(cardNumber(3)), 409, "account_typed_differs")
	d.post(d.checker, path+"/reject", verdict, 200, "")
	d.post(d.checker, path+"/withdraw", "", 403, "duty_conflict")
	asked = read[change](t, d.post(d.business, path, body(cardNumber(2)), 201, ""))
	d.post(d.business, path+"/withdraw", "", 200, "")
	asked = read[change](t, d.post(d.business, path, body(cardNumber(2)), 201, ""))
	done := read[change](t, d.post(d.checker, path+"/approve", typed(cardNumber(2)), 200, ""))
	if done.Status != "approved" || done.Successor == "" {
		t.Errorf("approved: %+v", done)
	}
	d.post(d.checker, path+"/approve", verdict, 409, "already_decided")
	d.post(d.business, path, body(cardNumber(3)), 409, "instrument_ended")
	d.get(t, d.finance, "/v1/members/"+member+"/instruments", &held)
	if len(held.Items) != 2 || held.Items[0].Ended != "2018-06-05" || held.Items[1].ID != done.Successor ||
		!held.Items[1].ForPayout || held.Items[1].Ended != "" {
		t.Errorf("instruments: %+v", held)
	}
	if n := d.count(`select count(*) from mandate where number = 'M1' and ended_on is null and instrument_id::text = $1`,
		done.Successor); n != 1 {
		t.Error("the mandate does not hang on the new account")
	}
	var list struct{ Items []change }
	d.get(t, d.finance, "/v1/instrument-changes?status=approved&member_id="+member, &list)
	if len(list.Items) != 1 || list.Items[0] != done {
		t.Errorf("changes: %+v", list)
	}
	// What a bank may ask of its customer names the new account.
	res := d.expect(request{
		method: "POST", path: "/v1/members/lookup", body: `{"id_number":"` + personID(1) + `"}`, bank: "psbc-1",
	}, 200, "")
	if !strings.Contains(res.body, `"account":"****`+cardNumber(2)[15:]+`"`) || !strings.Contains(res.body, `"mandate":"M1"`) {
		t.Errorf("looked up: %s", res.body)
	}
	for _, secret := range []string{personID(1), cardNumber(1), cardNumber(2)} {
		if strings.Contains(d.log.String(), secret) {
			t.Error("the log holds personal data")
		}
	}
}

func readInto(t *testing.T, res response, to any) {
	t.Helper()
	if err := json.Unmarshal([]byte(res.body), to); err != nil {
		t.Fatalf("%s: %v", res.body, err)
	}
}

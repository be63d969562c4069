package httpapi_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

type evidenceAnswer struct {
	Accepted, Repeated, Refused int
	Lines                       []struct {
		Line         int
		Answer, Code string
		DueOn        string `json:"due_on"`
	}
}

// A bank's evidence certifies its own customers, line by line; a stranger is not found.
func TestEvidenceOfLifeOverHTTP(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	d.imports("instruments", "id_number,bank,kind,account_no,activated,for_payout,opened_on\n"+
		personID(1)+",psbc,card,"+cardNumber(1)+",true,true,2012-01-01\n", 1)
	d.imports("entitlements", "social_no,component,from_month,amount,document\nSB0001,base_pension,2018-01,88.00,award\n"+
		"SB0002,base_pension,2018-01,88.00,award\n", 2)
	line := func(n int, seen, reference string) string {
		return fmt.Sprintf(`{"id_number":%q,"kind":"visit","seen_on":%q,"reference":%q}`, personID(n), seen, reference)
	}
	body := func(lines ...string) string {
		return `{"area":"610304","evidence":[` + strings.Join(lines, ",") + `]}`
	}
	got := read[evidenceAnswer](t, d.bankPost("/v1/life-evidence", body(line(1, "2018-06-01", "A"), line(2, "2018-06-01", "B"),
		line(1, "2030-06-01", "C"), line(1, "2018-06-01", "A"), line(1, "2018-06-02", "A")), 200, ""))
	var codes []string
	for _, l := range got.Lines {
		codes = append(codes, l.Answer+l.Code)
	}
	if want := "accepted refusedcustomer_not_found refusedfuture repeated refuseddiffers"; strings.Join(codes, " ") != want ||
		got.Accepted != 1 || got.Repeated != 1 || got.Refused != 3 || got.Lines[0].DueOn != "2019-06-01" {
		t.Errorf("%+v, want %s", got, want)
	}
	d.bankPost("/v1/life-evidence", body(), 400, "invalid_request")
	d.bankPost("/v1/life-evidence", strings.Replace(body(line(1, "2018-06-01", "D")), "610304", "610399", 1), 404, "bank_not_found")
	d.bankPost("/v1/life-evidence", body(line(1, "2018-06-01", "E")[:14]+`1","kind":"visit","seen_on":"2018-06-01","reference":"E"}`),
		400, "invalid_request")
	d.post(d.business, "/v1/life-evidence", body(line(1, "2018-06-01", "F")), 403, "caller_not_allowed")
	var page struct {
		Items []struct {
			Name, Status, Way string
			DueOn             string `json:"due_on"`
		}
		Sums struct {
			Pensioners, Silent, Current, Overdue int
			Rate                                 string `json:"silent_rate"`
		}
		Screen struct{ Holds bool }
	}
	d.get(t, d.finance, "/v1/certifications", &page)
	if len(page.Items) != 2 || page.Items[0].Way != "silent" || page.Items[0].DueOn != "2019-06-01" ||
		page.Items[0].Name != "王**" || page.Sums.Silent != 1 || page.Sums.Current != 2 ||
		page.Sums.Rate != "50.0%" || !page.Screen.Holds {
		t.Errorf("certifications: %+v", page)
	}
	d.get(t, d.finance, "/v1/certifications?way=silent", &page)
	if len(page.Items) != 1 || page.Items[0].Way != "silent" || page.Sums.Pensioners != 2 {
		t.Errorf("silent ones: %+v", page)
	}
	d.get(t, d.finance, "/v1/certifications?way=counter", &page)
	if len(page.Items) != 0 {
		t.Errorf("by counter: %+v", page)
	}
	d.get(t, d.finance, "/v1/certifications?status=overdue&region=610304100000", &page)
	if len(page.Items) != 0 || page.Sums.Pensioners != 2 {
		t.Errorf("overdue: %+v", page)
	}
	d.certifying(t)
	d.get(t, d.finance, "/v1/recoveries", &page)
	d.get(t, d.finance, "/v1/estate-claims?status=approved", &page)
	if len(page.Items) != 0 {
		t.Errorf("a list of nothing: %+v", page)
	}
	d.expect(request{method: "GET", path: "/v1/recoveries/7", token: d.finance}, 404, "recovery_not_found")
	if strings.Contains(d.log.String(), personID(1)) {
		t.Error("the log holds an id number")
	}
}

// certifying prints who has to certify: one who was seen by the bank, one who was not.
func (d *desk) certifying(t *testing.T) {
	t.Helper()
	paper := func(query string) ([][]string, string) {
		t.Helper()
		path := "/v1/certifications?format=csv&limit=1" + query
		body := d.expect(request{method: "GET", path: path, token: d.finance}, 200, "").body
		return tableOf(t, body), body
	}
	rows, text := paper("")
	first, second := rows[len(rows)-2], rows[len(rows)-1]
	if want := "610304100001 SB0001 王** 已认证 2019-06-01 2018-06-01 静默认证 88.00"; strings.Join(first, " ") != want {
		t.Errorf("the first is %q, want %q", first, want)
	}
	if want := "610304100001 SB0002 王** 已认证 2019-01-01   88.00"; strings.Join(second, " ") != want {
		t.Errorf("the second is %q, want %q", second, want)
	}
	if !strings.Contains(text, "领取人员 2 人，已认证 2 人") || !strings.Contains(text, "静默认证率 50.0%（静默认证 1 人，认证有效 2 人）") {
		t.Errorf("sums: %s", text)
	}
	rows, text = paper("&lang=en&way=silent")
	if last := rows[len(rows)-1]; last[1] != "SB0001" || last[6] != "silent" || !strings.Contains(text, "silent rate 50.0%: 1 silent of 2") {
		t.Errorf("in English: %s", text)
	}
	if _, text = paper("&way=counter"); !strings.Contains(text, "没有符合条件的人员") {
		t.Errorf("of nobody: %s", text)
	}
}

// matches wants a page of what other offices' lists led to.
func (d *desk) matches(t *testing.T, of, want string) {
	t.Helper()
	var page struct {
		Items []struct {
			SocialNo             string `json:"social_no"`
			List, Standing, Name string
		}
	}
	d.get(t, d.finance, "/v1/comparisons"+of, &page)
	var got []string
	for _, m := range page.Items {
		got = append(got, m.SocialNo+":"+m.List+":"+m.Standing)
		if m.Name != "王**" {
			t.Errorf("the name is shown as %q", m.Name)
		}
	}
	if strings.Join(got, " ") != want {
		t.Errorf("comparisons%s are %q, want %q", of, got, want)
	}
}

// A list of cremations: who is meant is reported dead, who may be meant is a case, and who
// only has the name lives on. The list comes again and changes nothing.
func TestComparisonListsOverHTTP(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	const head = "list,name,id_number,born,happened_on,source,document\n"
	rows := []string{
		"cremations,王1," + personID(1) + ",,2018-05-05,殡仪馆,5月名单",
		"cremations,王二," + personID(2) + ",,2018-05-06,殡仪馆,5月名单",
		"cremations,王3,,1970-01-01,2018-05-07,殡仪馆,5月名单",
		"cremations,王3,,,2018-05-07,殡仪馆,5月名单",
		"cremations,王3,,1971-02-02,2018-05-07,殡仪馆,5月名单",
		"employee_pension,王3," + personID(3) + ",,2018-04-01,省厅,名册",
		"cremations,王1," + personID(1)[:17] + "?,,2018-05-05,殡仪馆,5月名单",
		"cremations,王1," + personID(1) + ",,2018-10月-31,殡仪馆,5月名单",
		"cremations,王1," + personID(1) + ",,2031-05-05,殡仪馆,5月名单",
		"cremations,王1," + personID(1) + ",,1960-05-05,殡仪馆,5月名单",
	}
	file := head + strings.Join(rows, "\n") + "\n"
	type report struct {
		Imported, Repeated, Refused int
		Lines                       []struct {
			Line                int
			Answer, Code, Field string
		}
	}
	d.send(d.csv("comparisons", "?whole_file=true", file), 422, "import_refused")
	if n := d.count(`select count(*) from comparison_match`); n != 0 {
		t.Fatalf("%d matches of a list that was refused whole", n)
	}
	got := read[report](t, d.send(d.csv("comparisons", "", file), 200, ""))
	var told []string
	for _, l := range got.Lines {
		told = append(told, fmt.Sprintf("%d %s %s", l.Line, l.Code, l.Field))
	}
	want := []string{
		"2 match_strong ", "3 match_weak ", "4 match_weak ", "5 not_comparable ", "7 match_strong ",
		"8 invalid_field id_number", "9 invalid_field happened_on", "10 future happened_on", "11 invalid_field happened_on",
	}
	if got.Imported != 6 || got.Refused != 4 || strings.Join(told, "; ") != strings.Join(want, "; ") {
		t.Errorf("%+v\ntold %q\nwant %q", got, told, want)
	}
	again := read[report](t, d.send(d.csv("comparisons", "", file), 200, ""))
	if again.Repeated != 4 || again.Refused != 4 {
		t.Errorf("again: %+v", again)
	}
	for sql, n := range map[string]int{
		`select count(*) from death_notice`: 1,
		`select count(*) from death_notice n join member m on m.id = n.member_id where m.social_no = 'SB0001'`: 1,
		`select count(*) from exception_case where kind = 'weak_match'`:                                        2,
		`select count(*) from payment_hold where reason = 'other_pension' and from_month = '2018-04-01'`:       1,
	} {
		if got := d.count(sql); got != n {
			t.Errorf("%s: %d, want %d", sql, got, n)
		}
	}
	d.matches(t, "", "SB0001:cremations:dead SB0002:cremations:asked SB0003:cremations:asked SB0003:employee_pension:held")
	d.matches(t, "?strength=strong", "SB0001:cremations:dead SB0003:employee_pension:held")
	d.matches(t, "?standing=asked", "SB0002:cremations:asked SB0003:cremations:asked")
	d.matches(t, "?list=employee_pension&document="+url.QueryEscape("名册"), "SB0003:employee_pension:held")
	d.matches(t, "?list=court", "")
	// The notice is taken back: the office's next list is not acted upon, and a person is asked.
	d.data.Exec(t, `insert into death_withdrawn (area, notice_id, document, entered_by, entered_at, decision_id)
		select area, id, 'error', 'test', now(), 1 from death_notice`)
	next := head + "cremations,王1," + personID(1) + ",,2018-05-05,殡仪馆,6月名单\n"
	told = nil
	for _, l := range read[report](t, d.send(d.csv("comparisons", "", next), 200, "")).Lines {
		told = append(told, l.Code)
	}
	if n := d.count(`select count(*) from exception_case where kind = 'match_taken_back'`); n != 1 ||
		strings.Join(told, " ") != "match_taken_back" {
		t.Errorf("after the notice was taken back: %q, %d cases", told, n)
	}
	d.matches(t, "?member_id="+fmt.Sprint(d.count(`select id from member where social_no = 'SB0001'`)),
		"SB0001:cremations:nothing SB0001:cremations:asked")
	d.data.Exec(t, `delete from death_withdrawn`)
	d.imports("certifications", "social_no,way,certified_on,document\nSB0002,village_list,2018-06-01,list 6\n", 1)
	res := read[report](t, d.send(d.csv("certifications", "", "social_no,way,certified_on,document\n"+
		"SB0002,village_list,2018-06-01,list 6\nSB0001,counter,2018-06-01,list 6\nSB0002,silent,2018-06-01,list 6\n"+
		"SB0003,counter,2018-10-31,list 6\nSB0009,counter,2018-06-01,list 6\n"), 200, ""))
	if res.Repeated != 1 || res.Refused != 4 || res.Lines[1].Code != "reported_dead" {
		t.Errorf("certifications: %+v", res)
	}
}

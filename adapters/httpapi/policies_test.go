package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type shownPolicy struct {
	Rule, Since, Until, Whose, Document string
	Value                               *string
	Decision                            *shownPolicyDecision
	Round                               int
	Superseded                          []struct {
		Round           int
		Value, Document string
		Decision        *shownPolicyDecision
	}
}

type shownPolicyDecision struct {
	ID, Document string
	AskedBy      string `json:"asked_by"`
	ApprovedBy   string `json:"approved_by"`
	ApprovedAt   string `json:"approved_at"`
}

// String is the policy on one line.
func (p shownPolicy) String() string {
	value, by := "nobody", ""
	if p.Value != nil {
		value = *p.Value
	}
	if d := p.Decision; d != nil {
		by = fmt.Sprintf(" (%s, %s, %s)", d.Document, d.AskedBy, d.ApprovedBy)
	}
	return fmt.Sprintf("%s %s %s..%s %s %s%s", p.Rule, value, p.Since, p.Until, p.Whose, p.Document, by)
}

type shownPolicies struct {
	AsOf  string `json:"as_of"`
	Rules []shownPolicy
}

func (d *desk) policies(t *testing.T, query string) []string {
	t.Helper()
	var shown shownPolicies
	d.get(t, d.checker, "/v1/policies"+query, &shown)
	list := make([]string, len(shown.Rules))
	for i, p := range shown.Rules {
		list[i] = p.String()
	}
	return list
}

// policyBody is a list of rules, each as rule, day, value, document between bars, and a
// last word where it supersedes.
func policyBody(rows ...string) string {
	list := make([]string, len(rows))
	for i, r := range rows {
		f := strings.Split(r, "|")
		list[i] = fmt.Sprintf(`{"rule":%q,"effective_from":%q,"value":%q,"document":%q,"supersedes":%t}`, f[0], f[1], f[2],
			f[3], len(f) > 4)
	}
	return `{"document":"minute 12","rows":[` + strings.Join(list, ",") + `]}`
}

// A rule changes when a maker asked for it and a second person approved: then it is
// read as of any day, and says by whom it was decided.
func TestRulesChangeByTwoPeople(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	const path = "/v1/policies"
	body := policyBody("base_pension_additions|2018-01-01|county:8.00|letter 3", "interest_rate|2017-01-01|2.25%|notice 9")
	d.post(d.finance, path, body, 403, "duty_conflict")
	d.post(d.checker, path, body, 403, "duty_conflict")
	asked := read[sentDecision](t, d.post(d.business, path, body, 201, ""))
	const minimum = "base_pension_additions none 2009-09-01.. nation 国发〔2009〕32号：地方可提高，由地方规定"
	if got := d.policies(t, "?rule=base_pension_additions&as_of=2018-06-01"); !cmp.Equal(got, []string{minimum}) {
		t.Errorf("before the approval: %q", got)
	}
	approve := "/v1/decisions/" + asked.ID + "/approve"
	d.post(d.second, approve, digestBody(asked.Digest), 403, "same_person")
	d.post(d.financeChecker, approve, digestBody(asked.Digest), 403, "duty_conflict")
	d.post(d.checker, approve, digestBody(asked.Digest), 200, "")
	const decided = " (minute 12, business, checker)"
	for query, want := range map[string]string{
		"?rule=base_pension_additions&as_of=2017-12-31": strings.Replace(minimum, "..", "..2018-01-01", 1),
		"?rule=base_pension_additions&as_of=2018-01-01": "base_pension_additions county:8.00 2018-01-01.. area letter 3" + decided,
		"?rule=interest_rate&as_of=2017-12-31":          "interest_rate 2.25% 2017-01-01..2018-01-01 area notice 9" + decided,
		"?rule=interest_rate&as_of=2018-01-01":          "interest_rate nobody .. ",
		"?rule=interest_rate":                           "interest_rate nobody .. ",
	} {
		if got := d.policies(t, query); len(got) != 1 || strings.TrimSpace(got[0]) != strings.TrimSpace(want) {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	if all := d.policies(t, ""); len(all) < 40 {
		t.Errorf("all rules are %d", len(all))
	}
	var history struct{ Rows []shownPolicy }
	d.get(t, d.checker, path+"/history?rule=base_pension_additions", &history)
	if len(history.Rows) != 2 || history.Rows[0].Until != "2018-01-01" || history.Rows[1].Whose != "area" {
		t.Errorf("the history is %v", history.Rows)
	}
	var requests struct {
		Items []struct {
			Decision sentDecision
			Rows     []struct{ Rule, Value string }
		}
	}
	d.get(t, d.checker, path+"/requests?status=approved", &requests)
	if len(requests.Items) != 1 || requests.Items[0].Decision.ID != asked.ID || len(requests.Items[0].Rows) != 2 ||
		requests.Items[0].Rows[1].Value != "2.25%" {
		t.Errorf("the requests are %+v", requests)
	}
	d.get(t, d.checker, path+"/requests?status=rejected", &requests)
	if len(requests.Items) != 0 {
		t.Errorf("rejected are %+v", requests.Items)
	}
	d.expect(request{method: "GET", path: path + "?rule=pension", token: d.checker}, 400, "invalid_field")
	d.expect(request{method: "GET", path: path + "?as_of=2018-02-30", token: d.checker}, 400, "invalid_request")
}

type refusedRow struct {
	Line        int
	Code, Field string
}

// A list is refused whole, with every row that is bad, its field and its reason.
func TestRulesAreRefusedRowByRow(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	const path = "/v1/policies"
	res := d.post(d.business, path, policyBody(
		"pay_day|2018-01-01|10|letter 3",
		"pension|2018-01-01|60|letter 3",
		"pay_day|2018-02-30|10|letter 3",
		"pay_day|-2018-01-01|10|letter 3",
		"pay_day|1291-08-01|10|letter 3",
		"pension_years|2018-01-01|-15|letter 3",
		"pay_day|2018-01-01|11|letter 3",
		"interest_rate|2017-01-01|2.25%|notice 9",
		"interest_rate|2017-06-01|2.25%|notice 9",
		"collection_mode|2009-09-01|tax|x",
		"collection_mode|2009-09-01|agency|y",
		"collection_mode|2009-09-01|agency|x",
		"pay_day|2019-01-01|10|",
		"pay_day|10月31月|10|letter 3",
	), 422, "policies_refused")
	problem := read[struct {
		Line  int
		Field string
		Lines []refusedRow
	}](t, res)
	want := []refusedRow{
		{2, "invalid_field", "rule"},
		{3, "invalid_field", "effective_from"},
		{4, "invalid_field", "effective_from"},
		{5, "invalid_field", "effective_from"},
		{6, "invalid_field", "value"},
		{7, "policy_twice", "effective_from"},
		{9, "policy_twice", "effective_from"},
		{10, "differs", "value"},
		{11, "differs", "document"},
		{12, "policy_stands", "value"},
		{13, "required", "document"},
		{14, "invalid_field", "effective_from"},
	}
	if diff := cmp.Diff(want, problem.Lines); diff != "" || problem.Line != 2 || problem.Field != "rule" {
		t.Errorf("the refusal (-want +got): %s %s", diff, res.body)
	}
	if n := d.count(`select count(*) from policy_asked`); n != 0 {
		t.Errorf("%d rows of a refused list were kept", n)
	}
	d.post(d.business, path, `{"document":"minute 12","rows":[]}`, 400, "invalid_request")
	d.post(d.business, path, strings.Replace(policyBody("pay_day|2018-01-01|10|x"), "minute 12", "", 1), 400, "invalid_request")
}

// What is asked for while another list is approved cannot be approved any more where
// both decide the same.
func TestOfTwoListsOneHolds(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	ask := func(value string) sentDecision {
		return read[sentDecision](t, d.post(d.business, "/v1/policies", policyBody("pay_day|2018-01-01|"+value+"|letter 3"), 201, ""))
	}
	first, second := ask("10"), ask("11")
	d.post(d.checker, "/v1/decisions/"+first.ID+"/approve", digestBody(first.Digest), 200, "")
	d.post(d.checker, "/v1/decisions/"+second.ID+"/approve", digestBody(second.Digest), 409, "differs")
	d.post(d.checker, "/v1/decisions/"+second.ID+"/reject", digestBody(second.Digest), 200, "")
	if got := d.policies(t, "?rule=pay_day&as_of=2018-01-01"); len(got) != 1 || !strings.HasPrefix(got[0], "pay_day 10 ") {
		t.Errorf("the rule is %q", got)
	}
}

// decidedRules asks for rules and has a second person approve them.
func (d *desk) decidedRules(t *testing.T, rows ...string) sentDecision {
	t.Helper()
	asked := read[sentDecision](t, d.post(d.business, "/v1/policies", policyBody(rows...), 201, ""))
	d.post(d.checker, "/v1/decisions/"+asked.ID+"/approve", digestBody(asked.Digest), 200, "")
	return asked
}

// A rule that was wrong from its first day says something else by a row of its own, which
// two people decide: it is read as of any day, and the history keeps what it superseded.
func TestAWrongRuleIsSuperseded(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	const path = "/v1/policies"
	first := d.decidedRules(t, "interest_rate|2017-01-01|2.52%|notice 9", "funeral_grant|2018-01-01|base:10|letter 3")
	d.decidedRules(t, "funeral_grant|2018-06-01|base:12|letter 4")

	res := d.post(d.business, path, policyBody(
		"interest_rate|2017-01-01|2.25%|notice 9",
		"interest_rate|2017-03-01|2.25%|notice 9|supersedes",
		"funeral_grant|2018-01-01|base:10|letter 5|supersedes",
		"funeral_grant|2018-02-01|base:11|letter 3|supersedes",
		"pension_age|2009-09-01|61|letter 3|supersedes",
		"funeral_grant|2018-01-01|base:11|letter 3|supersedes",
		"funeral_grant|2018-01-01|base:9|letter 3|supersedes",
		"base_pension_minimum|2018-01-01|87.99|letter 3",
		"base_pension_minimum|2018-02-01|88|letter 3",
	), 422, "policies_refused")
	problem := read[struct{ Lines []refusedRow }](t, res)
	want := []refusedRow{
		{1, "differs", "value"},
		{2, "differs", "effective_from"},
		{3, "policy_stands", "value"},
		{4, "policy_absent", "supersedes"},
		{5, "policy_absent", "supersedes"},
		{7, "policy_twice", "effective_from"},
		{8, "policy_below_nation", "value"},
	}
	if diff := cmp.Diff(want, problem.Lines); diff != "" {
		t.Errorf("the refusal (-want +got): %s %s", diff, res.body)
	}

	again := read[sentDecision](t, d.post(d.business, path, policyBody("interest_rate|2017-01-01|2.25%|notice 9|supersedes",
		"funeral_grant|2018-01-01|base:11|letter 3|supersedes", "pay_day|2018-01-01|10|letter 3"), 201, ""))
	other := read[sentDecision](t, d.post(d.business, path, policyBody("interest_rate|2017-01-01|2.20%|notice 9|supersedes"), 201, ""))
	if !strings.Contains(again.About, "; 2 supersede what stands; SHA-256") {
		t.Errorf("its checker is shown %q", again.About)
	}
	if got := d.policies(t, "?rule=interest_rate&as_of=2017-05-01"); !strings.HasPrefix(got[0], "interest_rate 2.52% ") {
		t.Errorf("before the approval: %q", got)
	}
	d.post(d.second, "/v1/decisions/"+again.ID+"/approve", digestBody(again.Digest), 403, "same_person")
	d.post(d.checker, "/v1/decisions/"+again.ID+"/approve", digestBody(again.Digest), 200, "")
	d.post(d.checker, "/v1/decisions/"+other.ID+"/approve", digestBody(other.Digest), 409, "differs")
	d.post(d.checker, "/v1/decisions/"+other.ID+"/reject", digestBody(other.Digest), 200, "")

	const decided = " (minute 12, business, checker)"
	for query, want := range map[string]string{
		"?rule=interest_rate&as_of=2017-05-01": "interest_rate 2.25% 2017-01-01..2018-01-01 area notice 9" + decided,
		"?rule=funeral_grant&as_of=2018-05-31": "funeral_grant base:11 2018-01-01..2018-06-01 area letter 3" + decided,
		"?rule=funeral_grant&as_of=2018-06-01": "funeral_grant base:12 2018-06-01.. area letter 4" + decided,
	} {
		if got := d.policies(t, query); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	d.decidedRules(t, "interest_rate|2017-01-01|2.52%|notice 10|supersedes")
	var history struct{ Rows []shownPolicy }
	d.get(t, d.checker, path+"/history?rule=interest_rate", &history)
	if len(history.Rows) != 1 || history.Rows[0].Round != 2 || *history.Rows[0].Value != "2.52%" ||
		history.Rows[0].Document != "notice 10" || len(history.Rows[0].Superseded) != 2 {
		t.Fatalf("the history is %+v", history.Rows)
	}
	for i, want := range []string{"1 2.25% notice 9 " + again.ID, "0 2.52% notice 9 " + first.ID} {
		old := history.Rows[0].Superseded[i]
		got := fmt.Sprintf("%d %s %s %s", old.Round, old.Value, old.Document, old.Decision.ID)
		if got != want || old.Decision.AskedBy != "business" || old.Decision.ApprovedBy != "checker" || old.Decision.ApprovedAt == "" {
			t.Errorf("superseded is %q by %+v, want %q", got, old.Decision, want)
		}
	}
}

// What supersedes a rule of the past says which months already paid and which years already
// credited it touches; and a year that is credited meanwhile makes it ask again.
func TestASupersededRuleNamesWhatItTouches(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	credited := func(id, year, rate string) {
		d.data.Exec(t, `insert into interest_run_approved (area, run_id, scheme, year, rate, round, decision_id, approved_at)
			values (610304, $1::text::bigint, 'rural', $2::text::smallint, $3, 0, 1, now())`, id, year, rate)
	}
	d.data.Exec(t, `insert into pay_run (area, scheme, month, kind, ordinal, roster_id, item_count, digest, pay_day,
		handover_due, released_on, state, maker, maker_person, made_at, business_day)
		select 610304, 'rural', '2018-03-01', 'regular', 1, 1, 1, sha256('x'), '2018-03-01', '2018-03-01',
		'2018-03-01', 'released', login, person_id, now(), '2018-03-01' from officer where login = 'business'`)
	d.decidedRules(t, "interest_rate|2015-01-01|2%|n", "interest_rate|2016-01-01|2%|n", "interest_rate|2017-01-01|2%|n",
		"base_pension_additions|2018-01-01|county:8.00|n", "base_pension_additions|2018-03-01|county:9.00|n",
		"contribution_subsidies|2009-09-01|100.00:30.00|n")
	credited("1", "2015", "final")
	credited("2", "2016", "provisional")
	credited("3", "2016", "final")
	credited("4", "2017", "provisional")
	type row struct {
		Rule   string
		Months []string `json:"paid_months"`
		Years  []int    `json:"credited_years"`
	}
	type askedRules struct {
		sentDecision

		Rows []row
	}
	ask := func() askedRules {
		return read[askedRules](t, d.post(d.business, "/v1/policies", policyBody("interest_rate|2016-01-01|2.25%|n|supersedes",
			"interest_rate|2017-01-01|2.25%|n|supersedes", "base_pension_additions|2018-01-01|county:7.00|n|supersedes",
			"base_pension_additions|2018-03-01|county:8.00|n|supersedes", "contribution_subsidies|2009-09-01|100.00:40.00|n|supersedes"),
			201, ""))
	}
	asked := ask()
	want := []row{
		{"interest_rate", []string{"2018-03"}, []int{2016, 2017}},
		{"interest_rate", []string{"2018-03"}, []int{}},
		{"base_pension_additions", []string{}, []int{}},
		{"base_pension_additions", []string{"2018-03"}, []int{}},
		{"contribution_subsidies", []string{}, []int{}},
	}
	if diff := cmp.Diff(want, asked.Rows); diff != "" {
		t.Errorf("what is touched (-want +got): %s", diff)
	}
	if !strings.HasSuffix(asked.About, "; touches one month already paid: 2018-03; touches 2 years already credited, 2016 to 2017") {
		t.Errorf("its checker is shown %q", asked.About)
	}
	credited("5", "2018", "provisional")
	d.post(d.checker, "/v1/decisions/"+asked.ID+"/approve", digestBody(asked.Digest), 409, "digest_differs")
}

// A row that begins in the past says which months already paid it touches, until the
// next row of the area; what a month paid meanwhile changes has to be asked for anew.
func TestRulesOfThePastNameThePaidMonths(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	paid := func(month string) {
		d.data.Exec(t, `insert into pay_run (area, scheme, month, kind, ordinal, roster_id, item_count, digest, pay_day,
			handover_due, released_on, state, maker, maker_person, made_at, business_day)
			select 610304, 'rural', $1::text::date, 'regular', 1, 1, 1, sha256('x'), $1::text::date, $1::text::date,
			$1::text::date, 'released', login, person_id, now(), $1::text::date from officer where login = 'business'`,
			month+"-01")
	}
	for _, month := range []string{"2018-01", "2018-02", "2018-03", "2018-04"} {
		paid(month)
	}
	type row struct {
		Rule   string
		Months []string `json:"paid_months"`
	}
	type askedRules struct {
		sentDecision

		Rows []row
	}
	asked := read[askedRules](t, d.post(d.business, "/v1/policies", policyBody(
		"base_pension_additions|2018-02-01|county:8.00|letter 3", "base_pension_additions|2018-04-01|county:9.00|letter 3",
		"account_divisor|2018-03-02|120|letter 3", "pay_day|2018-01-01|10|letter 3",
		"land_lost_allowance|2018-01-01|400.00|letter 3"), 201, ""))
	want := []row{
		{"base_pension_additions", []string{"2018-02", "2018-03"}},
		{"base_pension_additions", []string{"2018-04"}},
		{"account_divisor", []string{"2018-04"}},
		{"pay_day", []string{}},
		{"land_lost_allowance", []string{}},
	}
	if diff := cmp.Diff(want, asked.Rows); diff != "" {
		t.Errorf("the paid months (-want +got): %s", diff)
	}
	if !strings.HasSuffix(asked.About, "; touches 3 months already paid, 2018-02 to 2018-04") {
		t.Errorf("its checker is shown %q", asked.About)
	}
	paid("2018-05")
	d.post(d.checker, "/v1/decisions/"+asked.ID+"/approve", digestBody(asked.Digest), 409, "digest_differs")
}

// Once an area has a book its rules come by two people alone: the file of import is
// refused but for rows that stand so, and the database refuses what nobody decided.
func TestRulesOfAnOpenBookAreNotImported(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	const head = "rule,effective_from,value,document\n"
	const first = "interest_rate,2016-01-01,2.25%,notice 8\n"
	res := d.send(d.csv("policies", "", head+first+"interest_rate,2016-05-01,2.50%,notice 9\n"), 200, "")
	if !strings.Contains(res.body, `"imported":1,"repeated":0,"refused":1`) {
		t.Errorf("two rates of one year: %s", res.body)
	}
	d.send(d.csv("fund-accounts", "", "scheme,role,bank,account_no,name,settlement,opened_on\n"+
		"rural,income,psbc,961001010000000011,收入户,net,2018-06-01\n"), 200, "")
	res = d.send(d.csv("policies", "", head+"interest_rate,2017-01-01,2.25%,notice 9\n"), 422, "import_refused")
	if !strings.Contains(res.body, "POST /v1/policies") || !strings.Contains(res.body, `"code":"policy_decided"`) {
		t.Errorf("the refusal is %s", res.body)
	}
	res = d.send(d.csv("policies", "", head+first), 200, "")
	if !strings.Contains(res.body, `"repeated":1`) {
		t.Errorf("the same again: %s", res.body)
	}
}

package httpapi_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"twoline/adapters/bank/profile" //nolint:depguard // the examples' statements are read as the gateway reads them
	"twoline/adapters/httpapi"
	"twoline/adapters/httpapi/signature"
	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/reconcile"
)

// story sends the document's examples through the real door, in the order in
// which they tell their story. The ids and digests of the examples are replaced
// by those that the world really gave for the same facts.
type story struct {
	*house

	doc    *document
	proof  *reconcile.Service
	real   map[string]string
	tokens map[string]string
	sent   int
}

// told is the order: an operation, and the example of it where there are several.
// What is not named comes last.
func told() []string {
	return []string{
		"POST /v1/imports/{kind} areas", "POST /v1/imports/{kind} regions", "POST /v1/imports/{kind} policies",
		"POST /v1/imports/{kind} banks", "POST /v1/imports/{kind} fund-accounts",
		"POST /v1/imports/{kind} members", "POST /v1/imports/{kind} xlsx", "POST /v1/imports/{kind} instruments",
		"POST /v1/imports/{kind} mandates", "POST /v1/imports/{kind} tiers",
		"POST /v1/imports/{kind} opening-accounts", "GET /v1/fund-accounts", "POST /v1/opening-balances",
		"POST /v1/decisions/{id}/approve balance",
		"POST /v1/mandates sign", "POST /v1/members/lookup", "POST /v1/account-openings",
		"POST /v1/withholding-runs all banks", "GET /v1/withholding-batches",
		"GET /v1/withholding-batches/{id}/items", "POST /v1/withholding-batches/{id}/acknowledgement",
		"POST /v1/withholding-batches/{id}/results one of each",
		"GET /v1/cases", "POST /v1/cases/{id}/resolution", "GET /v1/decisions/{id}", "POST /v1/decisions/{id}/approve case",
		"POST /v1/arrivals batch", "POST /v1/contributions", "POST /v1/arrivals terminal",
		"POST /v1/fund-transfers subsidy", "POST /v1/fund-transfers/{id}/approve",
		"POST /v1/pension-subsidies/arrivals",
		"POST /v1/fund-transfers allocation", "POST /v1/fund-transfers request",
		"POST /v1/contribution-lists", "POST /v1/contribution-lists/file", "GET /v1/contribution-lists/{id}",
		"POST /v1/imports/{kind} entitlements", "POST /v1/imports/{kind} holds", "GET /v1/holds",
		"POST /v1/holds/{id}/release", "POST /v1/holds/{id}/release/approve", "POST /v1/imports/{kind} deaths",
		"GET /v1/death-notices", "POST /v1/death-notices/{id}/withdraw", "POST /v1/decisions/{id}/approve notice",
		"POST /v1/rosters", "GET /v1/rosters/{id}/lines", "POST /v1/pay-runs trial", "POST /v1/pay-runs regular",
		"POST /v1/pay-runs/{id}/submit", "POST /v1/pay-runs/{id}/approve", "POST /v1/pay-runs/{id}/release in time",
		"GET /v1/disbursement-batches", "GET /v1/disbursement-batches/{id}/items",
		"POST /v1/disbursement-batches/{id}/acknowledgement", "POST /v1/disbursement-batches/{id}/results",
		"POST /v1/returns", "GET /v1/members/{id}/payments", "POST /v1/items/{id}/paid-by-hand",
		"POST /v1/returns/{id}/unclaimed",
		"POST /v1/decisions/{id}/approve return",
		"GET /v1/members/{id}/instruments", "POST /v1/instruments/{id}/change",
		"POST /v1/instruments/{id}/change/approve", "POST /v1/arrivals unknown payer", "POST /v1/arrivals/{id}/batch",
		"POST /v1/contribution-lists/{id}/money", "POST /v1/contribution-lists/{id}/end",
		"PUT /v1/statements/{account}/{date} fiscal special", "PUT /v1/statements/{account}/{date} income",
		"POST /v1/reconciliations/{account}/{date}/run", "GET /v1/breaks",
		"POST /v1/breaks/{id}/owner mine", "POST /v1/breaks/{id}/owner given", "POST /v1/breaks/{id}/due",
		"POST /v1/breaks/{id}/notes", "PUT /v1/breaks/{id}/attachments",
		"POST /v1/breaks/{id}/resolution claim", "POST /v1/breaks/{id}/resolution/reject",
		"POST /v1/breaks/{id}/resolution claim", "POST /v1/breaks/{id}/resolution/withdraw",
		"POST /v1/breaks/{id}/resolution claim", "POST /v1/breaks/{id}/resolution/approve",
		"POST /v1/breaks/{id}/resolution interest",
		"POST /v1/reconciliations/{account}/rules", "POST /v1/decisions/{id}/approve rules",
		"POST /v1/imports/{kind} bureau_journal", "POST /v1/session",
	}
}

// ends are the examples that the world cannot follow to a success, and how it
// refuses them: never because of their form.
func ends() map[string]string {
	return map[string]string{
		"GET /readyz": "", // a test's database does without fsync, which is not ready
		// The first run took everybody.
		"POST /v1/withholding-runs one bank": "nothing_due",
		// One move cannot be approved, rejected and taken back.
		"POST /v1/fund-transfers/{id}/reject":   "already_decided",
		"POST /v1/fund-transfers/{id}/withdraw": "already_decided",
		// What was released or changed is so.
		"POST /v1/holds/{id}/release/reject":        "already_decided",
		"POST /v1/holds/{id}/release/withdraw":      "already_decided",
		"POST /v1/instruments/{id}/change/reject":   "already_decided",
		"POST /v1/instruments/{id}/change/withdraw": "already_decided",
		// A run goes out once, by one releaser, and stays out.
		"POST /v1/pay-runs/{id}/release late": "same_person", "POST /v1/pay-runs/{id}/reject": "pay_run_state",
		"POST /v1/pay-runs/{id}/withdraw": "pay_run_state", "POST /v1/disbursement-batches/{id}/recall": "batch_acknowledged",
		// A decision is made once; no file is set aside, and the banks answered.
		"POST /v1/decisions/{id}/reject": "already_decided", "POST /v1/decisions/{id}/withdraw": "already_decided",
		"POST /v1/quarantine/{id}/decision": "receipt_not_found", "POST /v1/items/{id}/evidence": "item_decided",
		// The bank told of the return itself, so that there is no break of it.
		"POST /v1/breaks/{id}/resolution return": "break_not_found",
		// The money of the example is named for a batch by then, and nothing of a counter is posted.
		"POST /v1/contribution-lists/{id}/money": "arrival_fixed", "POST /v1/refunds": "not_posted",
		"POST /v1/refunds/{id}/payment": "refund_not_found", "POST /v1/refunds/{id}/return": "refund_not_found",
		"GET /v1/interruptions": "no_rule",
		// The books begin this year, whose rate is not known.
		"POST /v1/interest-runs": "no_rule", "GET /v1/interest-runs/{id}": "interest_run_not_found",
		"GET /v1/interest-runs/{id}/lines": "interest_run_not_found",
		"POST /v1/subsidy-runs":            "no_rule", "POST /v1/subsidy-runs/{id}/arrivals a part": "subsidy_run_not_found",
		"POST /v1/subsidy-runs/{id}/arrivals province":           "subsidy_run_not_found",
		"POST /v1/subsidy-runs/{id}/arrivals/{arrival}/withdraw": "subsidy_run_not_found",
		"POST /v1/subsidy-runs/{id}/credit":                      "subsidy_run_not_found",
		// Nobody is dead by now: the notice was taken back.
		"GET /v1/recoveries/{id}": "recovery_not_found", "POST /v1/recoveries/{id}/plan": "recovery_not_found",
		"POST /v1/recoveries/{id}/receipts": "recovery_not_found", "GET /v1/recoveries/{id}/letter": "recovery_not_found",
		"POST /v1/estate-claims": "no_death",
		// Who draws a pension stays, and is brought nothing.
		"POST /v1/member-transfers out":                     "pension_in_payment",
		"POST /v1/member-transfers in":                      "pension_in_payment",
		"POST /v1/member-transfers/{id}/steps 1 letter":     "member_transfer_not_found",
		"POST /v1/member-transfers/{id}/steps 2 sum":        "member_transfer_not_found",
		"POST /v1/member-transfers/{id}/receipts all of it": "member_transfer_not_found",
		"POST /v1/member-transfers/{id}/receipts came back": "member_transfer_not_found",
		// Nobody left.
		"POST /v1/member-returns": "membership_stands",
		// What the member paid at a counter is not booked yet.
		"POST /v1/member-departures": "money_on_the_way",
		// Nothing that was paid is decided higher.
		"POST /v1/due-lists a rise": "no_difference", "POST /v1/due-lists an amount that was wrong": "no_difference",
		"GET /v1/due-lists/{id}":       "due_list_not_found",
		"GET /v1/due-lists/{id}/lines": "due_list_not_found", "POST /v1/benefit-dues/{id}/end": "due_not_found",
		// No day is sealed.
		"POST /v1/periods/{account}/{month}/close": "period_not_sealed",
		// The statements of the examples end before their month does.
		"GET /v1/reconciliations/{account}/{month}/statement": "statement_not_covered",
		"GET /v1/reports/outstanding-items":                   "statement_not_covered",
		// Nobody decided yet who pays the minimum.
		"GET /v1/rosters/{id}/payers": "no_rule",
	}
}

// callers are those of a route with several, where the first is not the right one.
func callers() map[string]string {
	return map[string]string{
		"POST /v1/imports/{kind} areas":         "system_admin in system",
		"POST /v1/imports/{kind} fund-accounts": "maker in agency_finance",
		"POST /v1/fund-transfers subsidy":       "maker in finance_bureau",
		"POST /v1/fund-transfers allocation":    "maker in finance_bureau",
		"POST /v1/fund-transfers request":       "maker in agency_finance",
		"POST /v1/fund-transfers/{id}/approve":  "checker in finance_bureau",
		"POST /v1/fund-transfers/{id}/reject":   "checker in finance_bureau",
		"POST /v1/fund-transfers/{id}/withdraw": "maker in finance_bureau",
		// Another than who named it, in the bureau.
		"POST /v1/pension-subsidies/arrivals/{id}/withdraw": "maker in agency_finance",
		// The others are the business office's.
		"POST /v1/decisions/{id}/approve balance": "checker in agency_finance",
		"POST /v1/decisions/{id}/approve rules":   "checker in agency_finance",
		"POST /v1/breaks/{id}/owner given":        "checker in agency_finance",
		"POST /v1/imports/{kind} bureau_journal":  "maker in finance_bureau",
	}
}

// between is what happens in the story without the wire, before an example.
func (s *story) between(name string) {
	s.tb.Helper()
	if name == "GET /v1/fund-accounts" {
		// The list of personal accounts is approved as the balances are.
		s.approve("/v1/decisions/"+s.real["102014"], "checker in agency_business", "story-accounts")
	}
	if name == "GET /v1/cases" {
		// What a daily look opens.
		s.data.Exec(s.tb, `insert into exception_case (area, kind, subject, bank, text, opened_on, opened_at) values
			(610304, 'arrival_unexplained', 'arrival:1', 'psbc', 'nobody said what it is for', '2026-11-27', now())`)
	}
	if name == "POST /v1/imports/{kind} entitlements" {
		// Who draws a pension is in no list any more.
		for _, list := range []string{"104002", "104004"} {
			s.approve("/v1/decisions/"+s.real[list], "checker in agency_business", "story-list-"+list)
		}
	}
	if name == "POST /v1/pay-runs/{id}/release in time" {
		// The allocation of the examples is approved as the subsidy was.
		s.approve("/v1/fund-transfers/"+s.real["100502"], "checker in finance_bureau", "story-allocation")
	}
	if name == "POST /v1/reconciliations/{account}/{date}/run" {
		s.takeStatements()
	}
}

// takeStatements does what the workers do with the statements of the examples, and
// matches the income account as the example matches the other one.
func (s *story) takeStatements() {
	s.tb.Helper()
	for _, shown := range []string{"100303", "100304"} {
		var id int64
		if _, err := fmt.Sscan(s.real[shown], &id); err != nil {
			s.tb.Fatal(err)
		}
		if err := s.proof.TakeIn(s.tb.Context(), 610304, id); err != nil {
			s.tb.Fatal(err)
		}
	}
	s.expect(request{
		method: http.MethodPost, path: "/v1/reconciliations/" + s.real["100001"] + "/2026-11-27/run", key: "story-income",
		token: s.token("maker in agency_finance"),
	}, 200, "")
}

// approve looks at what waits at a path, and approves its digest.
func (s *story) approve(path, who, key string) {
	s.tb.Helper()
	token := s.token(who)
	var asked struct{ Digest string }
	res := s.expect(request{method: http.MethodGet, path: path, token: token}, 200, "")
	if err := json.Unmarshal([]byte(res.body), &asked); err != nil {
		s.tb.Fatal(err)
	}
	s.expect(request{
		method: http.MethodPost, path: path + "/approve", key: key, token: token, body: `{"digest":"` + asked.Digest + `"}`,
	}, 200, "")
}

// token is that of an officer who is hired where nobody needed them before.
func (s *story) token(who string) string {
	s.tb.Helper()
	if s.tokens[who] == "" {
		duty, in, _ := strings.Cut(who, " in ")
		login := strings.NewReplacer(" in ", ".", "_", "-").Replace(who)
		s.tokens[who] = s.session(login, approval.Organisation(in), approval.Duty(duty))
	}
	return s.tokens[who]
}

// The examples are no prose: each of them goes through the door as it is shown,
// and each real answer is what the document says of it.
func TestExamplesGoThroughTheDoor(t *testing.T) {
	t.Parallel()
	s := openStory(t)
	waiting := map[string]servedRoute{}
	var names []string
	for _, o := range s.doc.operations() {
		for _, name := range s.tales(o) {
			waiting[name] = o
			names = append(names, name)
		}
	}
	order := told()
	for _, name := range order {
		if _, ok := waiting[name]; !ok {
			t.Errorf("the document has no example %s", name)
		}
	}
	for _, name := range names {
		// The end of a session is the end of the story.
		if !slices.Contains(order, name) && !strings.HasPrefix(name, http.MethodDelete) {
			order = append(order, name)
		}
	}
	order = append(order, "DELETE /v1/session")
	for _, name := range order {
		s.tell(name, waiting[name])
	}
}

func openStory(t *testing.T) *story {
	t.Helper()
	s := &story{house: nil, real: map[string]string{}, tokens: map[string]string{}, doc: nil, proof: nil, sent: 0}
	s.house = open(t, setup{
		today:   func() calendar.Day { return calendar.MustDay("2026-11-27") },
		deps:    func(d *httpapi.Dependencies) { s.proof = d.Reconcile },
		decoder: profile.New(),
	})
	s.doc = s.document()
	// The officer of the example of a login, and the one who is given a break.
	s.officer("li.ming", approval.FinanceBureau, approval.Maker)
	s.session("li.na", approval.AgencyFinance, approval.Maker)
	return s
}

// tales are an operation's examples: its bodies, or the values of its parameters,
// by name, or itself where there is but one.
func (s *story) tales(o servedRoute) []string {
	names := map[string]bool{}
	for name := range s.requestExamples(o) {
		names[name] = true
	}
	for _, p := range s.doc.parameters(o) {
		for name := range s.doc.examples(p) {
			if name != "" {
				names[name] = true
			}
		}
	}
	if len(names) < 2 {
		return []string{o.name}
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		all = append(all, o.name+" "+name)
	}
	return all
}

func (s *story) requestExamples(o servedRoute) map[string]any {
	all := map[string]any{}
	for _, node := range s.doc.object(o.node, "requestBody", "content") {
		media, _ := node.(map[string]any)
		maps.Copy(all, s.doc.examples(media))
	}
	return all
}

// tell sends one example and looks at what comes back.
func (s *story) tell(name string, o servedRoute) {
	s.tb.Helper()
	s.between(name)
	r, tale := s.request(name, o)
	res := s.do(r)
	end, ends := ends()[name]
	if got := res.status < 300; got == ends || res.code() != end {
		s.tb.Errorf("%s: %d %s, want a success or %q", name, res.status, res.body, end)
	}
	responses := s.doc.object(o.node, "responses")
	shown := s.doc.object(responses, fmt.Sprint(res.status), "content")
	if responses[fmt.Sprint(res.status)] == nil {
		s.tb.Errorf("%s: the document knows no %d", name, res.status)
	}
	if len(shown) > 0 && shown[res.header.Get("Content-Type")] == nil && !strings.HasSuffix(o.path, "{name}") {
		s.tb.Errorf("%s: answered %s, which the document does not name", name, res.header.Get("Content-Type"))
	}
	for media, node := range shown {
		if len(shown) > 1 && media != res.header.Get("Content-Type") {
			continue
		}
		var value any = res.body
		if strings.HasSuffix(media, "json") {
			value = s.decode(res.body)
		}
		described, _ := node.(map[string]any)
		s.doc.check("the real answer to "+name, described["schema"], value)
		if res.status < 300 {
			s.learnFrom(s.doc.examples(described), tale, value)
		}
	}
}

func (s *story) decode(text string) (value any) {
	s.tb.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		s.tb.Fatalf("%s: %v", text, err)
	}
	return value
}

// request builds what the example shows. The second result is the example's name.
func (s *story) request(name string, o servedRoute) (request, string) {
	s.tb.Helper()
	s.sent++
	tale := strings.TrimPrefix(strings.TrimPrefix(name, o.name), " ")
	r := request{method: o.method, path: o.path}
	bodies := s.doc.object(o.node, "requestBody", "content")
	for media, node := range bodies {
		described, _ := node.(map[string]any)
		examples := s.doc.examples(described)
		shown := tale
		for only := range examples {
			if tale == "" {
				shown = only
			}
		}
		if _, ok := examples[shown]; !ok && len(bodies) > 1 {
			continue // it is an example of another of the bodies
		}
		r.contentType, r.body = media, s.body(examples[shown])
	}
	query := url.Values{}
	for _, p := range s.doc.parameters(o) {
		key, _ := p["name"].(string)
		value, ok := s.parameter(p, tale)
		switch {
		case !ok:
		case p["in"] == "path":
			r.path = strings.ReplaceAll(r.path, "{"+key+"}", value)
		case p["in"] == "query":
			query.Set(key, value)
		case key == "Idempotency-Key":
			r.key = fmt.Sprintf("%s-%d", value, s.sent)
		case key == "Content-Digest":
			s.checkDigest(name, o, tale, value)
		}
	}
	if len(query) > 0 {
		r.path += "?" + query.Encode()
	}
	_, r.upload = o.node["servers"]
	s.call(name, o, &r)
	return r, tale
}

func (s *story) checkDigest(name string, o servedRoute, tale, value string) {
	s.tb.Helper()
	content, _ := s.requestExamples(o)[tale].(string)
	if value != signature.ContentDigest(sha256.Sum256([]byte(content))) {
		s.tb.Errorf("%s: the digest is not that of the body", name)
	}
}

// parameter is the example of that name, else the one example.
func (s *story) parameter(p map[string]any, tale string) (string, bool) {
	examples := s.doc.examples(p)
	value, ok := examples[tale]
	if !ok {
		value, ok = examples[""]
	}
	own, _ := s.doc.object(p, "schema")["examples"].([]any)
	if !ok && len(own) > 0 && p["required"] == true {
		value, ok = own[0], true
	}
	text := fmt.Sprint(value)
	if real, known := s.real[text]; known {
		text = real
	}
	return text, ok
}

// body writes an example as it is sent, with the ids of the world.
func (s *story) body(example any) string {
	s.tb.Helper()
	text, ok := example.(string)
	if !ok {
		b, err := json.Marshal(example)
		if err != nil {
			s.tb.Fatal(err)
		}
		text = string(b)
	}
	return regexp.MustCompile(`"[0-9a-f]{6,64}"`).ReplaceAllStringFunc(text, func(quoted string) string {
		if real, ok := s.real[strings.Trim(quoted, `"`)]; ok {
			return `"` + real + `"`
		}
		return quoted
	})
}

// call signs the request, or opens a session for it.
func (s *story) call(name string, o servedRoute, r *request) {
	s.tb.Helper()
	list, _ := o.node["x-callers"].([]any)
	who := ""
	if len(list) > 0 {
		who, _ = list[0].(string)
	}
	if other, ok := callers()[name]; ok {
		who = other
	}
	switch {
	case who == "banks":
		r.bank = "psbc-1"
	case strings.Contains(who, " in "):
		r.token = s.token(who)
	case who == "officers with a session":
		r.token = s.tokens["login"]
	}
}

// learnFrom takes the example of the answer that has the request's name, or the
// first one where the request has none.
func (s *story) learnFrom(examples map[string]any, tale string, real any) {
	if tale == "" && len(examples) > 0 {
		tale = slices.Sorted(maps.Keys(examples))[0]
	}
	s.learn(examples[tale], real)
}

// learn remembers what an example's ids and digests are in this world.
func (s *story) learn(example, real any) {
	switch e := example.(type) {
	case map[string]any:
		r, _ := real.(map[string]any)
		for name, value := range e {
			text, isText := value.(string)
			got, _ := r[name].(string)
			id := name == "id" || name == "entry" || name == "fund_account" || strings.HasSuffix(name, "_id")
			switch {
			case isText && name == "token":
				s.tokens["login"] = got
			case isText && got != "" && (id || strings.HasSuffix(name, "digest")):
				s.real[text] = got
			default:
				s.learn(value, r[name])
			}
		}
	case []any:
		r, _ := real.([]any)
		for i := range min(len(e), len(r)) {
			s.learn(e[i], r[i])
		}
	}
}

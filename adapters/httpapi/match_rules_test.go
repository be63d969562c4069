package httpapi_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/calendar"
)

type shownRules struct {
	Tolerance string
	Days      int
	Off       []string
	Charges   []shownTextRule
	Interest  []shownTextRule
}

type shownTextRule struct {
	Words     []string
	Direction string
	AtMost    string `json:"at_most"`
}

type shownAccountRules struct {
	InForce shownRules `json:"in_force"`
	Sets    []struct {
		ID          string
		EffectiveOn string `json:"effective_on"`
		Rules       shownRules
		Document    string
		AskedBy     string `json:"asked_by"`
		Decision    string `json:"decision_id"`
		Status      string
	}
}

// An account is matched by other rules when a maker asked, a second person approved,
// and the day has come.
func TestRulesOfMatchingNeedTwoPeople(t *testing.T) {
	t.Parallel()
	var day atomic.Pointer[calendar.Day]
	turn := func(text string) { d := calendar.MustDay(text); day.Store(&d) }
	turn("2018-06-05")
	h := openBrokenOn(t, func() calendar.Day { return *day.Load() })
	path := "/v1/reconciliations/" + h.special + "/rules"
	const body = `{"effective_on":"2018-06-06","document":"agreement 7","rules":{"tolerance":"0.05","days":5,"off":["subset_sum"],` +
		`"charges":[{"words":["fee"],"direction":"debit","at_most":"50.00"}],"interest":[]}}`
	var before, shown shownAccountRules
	h.get("auditor", path, &before)
	if len(before.Sets) != 0 || before.InForce.Tolerance != "0.00" || before.InForce.Days != 3 || len(before.InForce.Charges) != 1 {
		t.Fatalf("an account without rules of its own has %+v", before)
	}
	h.post("auditor", path, body, 403, "duty_conflict")
	h.post("finance-checker", path, body, 403, "duty_conflict")
	h.post("finance-maker", strings.Replace(path, h.special, "7", 1), body, 404, "fund_account_not_found")
	h.post("finance-maker", path, strings.Replace(body, "0.05", "1.01", 1), 400, "match_rules")
	h.post("finance-maker", path, strings.Replace(body, "subset_sum", "guess", 1), 400, "match_rules")
	h.post("finance-maker", path, strings.Replace(body, `"days":5`, `"days":32`, 1), 400, "invalid_request")
	h.post("finance-maker", path, strings.Replace(body, "2018-06-06", "2018-06-05", 1), 409, "match_rules_past")

	asked := read[sentDecision](t, h.post("finance-maker", path, body, 201, ""))
	if asked.Status != "submitted" {
		t.Fatalf("asked is %+v", asked)
	}
	var open struct{ Items []sentDecision }
	h.get("finance-checker", "/v1/decisions?kind=match_rules&status=submitted", &open)
	if len(open.Items) != 1 || open.Items[0].ID != asked.ID {
		t.Errorf("what waits is %+v", open)
	}
	turn("2018-06-06")
	h.get("auditor", path, &shown)
	if diff := cmp.Diff(before.InForce, shown.InForce); diff != "" || len(shown.Sets) != 1 || shown.Sets[0].Status != "submitted" {
		t.Errorf("before the approval: %s %+v", diff, shown.Sets)
	}
	approve := "/v1/decisions/" + asked.ID + "/approve"
	h.post("finance-maker", approve, digestBody(asked.Digest), 403, "duty_conflict")
	h.post("finance-second", approve, digestBody(asked.Digest), 403, "same_person")
	h.post("bureau-checker", approve, digestBody(asked.Digest), 403, "duty_conflict")
	h.post("finance-checker", approve, digestBody(strings.Repeat("0", 64)), 409, "digest_differs")
	h.post("finance-checker", approve, digestBody(asked.Digest), 200, "")

	shown = shownAccountRules{}
	h.get("auditor", path, &shown)
	want := shownRules{
		Tolerance: "0.05", Days: 5, Off: []string{"subset_sum"},
		Charges:  []shownTextRule{{Words: []string{"fee"}, Direction: "debit", AtMost: "50.00"}},
		Interest: []shownTextRule{},
	}
	if diff := cmp.Diff(want, shown.InForce); diff != "" {
		t.Errorf("in force are not the approved ones (-want +got): %s", diff)
	}
	if s := shown.Sets; len(s) != 1 || s[0].Status != "approved" || s[0].Decision != asked.ID || s[0].EffectiveOn != "2018-06-06" ||
		s[0].Document != "agreement 7" || s[0].AskedBy != h.books.Officers["finance-maker"].Login {
		t.Errorf("the sets are %+v", s)
	}
	turn("2018-06-05")
	h.get("auditor", path, &shown)
	if diff := cmp.Diff(before.InForce, shown.InForce); diff != "" {
		t.Errorf("the day before has other rules: %s", diff)
	}
}

package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/casework"
	"twoline/gateway/once"
	"twoline/gateway/policy"
	"twoline/gateway/registry"
)

// policyRoutes are the rules of an area by effective date, and how they change.
func (s *Server) policyRoutes() {
	if s.deps.Registry == nil || s.deps.Casework == nil {
		return
	}
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/policies", Status: 201,
		Summary: "Ask that rules of the area change",
		Description: "All rows or none: each names the document that it rests on, and is refused with its number, field and " +
			"reason. Nothing changes before a checker of the business office, another person, approved the decision by " +
			"`/v1/decisions/{id}/approve`; then the rows are rules and name the decision. A row that begins in the past says " +
			"which months already paid and which years already credited to personal accounts it touches: their differences need " +
			"a run of their own. A rule stands from its day until the next row of the area begins, and is never edited. Where " +
			"the area's rule was wrong from its first day, a row of the same rule and day that says `supersedes` holds instead " +
			"of it from that day on; what it said before stays in the history, and so does what was computed by it. Rules and " +
			"the form of their values:\n\n" + ruleList(),
		Who: Officers(approval.Maker, approval.AgencyBusiness),
	}, viewAskedPolicies, s.askPolicies)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/policies", Summary: "The rules of the area as they hold on a day",
		Description: "Every rule that there is, once, by name. The area's own newest row up to the day comes before the " +
			"nation's, and of those that superseded each other from one day on the last. A rule that nobody decided for the day has no value; where it is needed, that is the error `no_rule`.",
		Who: readers(),
	}, s.policies)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/policies/history", Summary: "What held for a rule, one after another",
		Description: "The nation's rows until the area's own first one, then the area's own; rows of days to come are among " +
			"them. A row that took the place of a wrong one has a round, and in superseded what the rule said from that day " +
			"on before.",
		Who: readers(),
	}, s.policyHistory)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/policies/requests", Summary: "Changes of rules that were asked for", Who: readers(),
	}, s.policyRequests)
}

// ruleList is Markdown of every rule with the form of its value.
func ruleList() string {
	var text strings.Builder
	for _, r := range policy.All() {
		text.WriteString("- `" + string(r) + "`: " + r.Form() + "\n")
	}
	return text.String()
}

// PolicyRow is a rule from a day on.
type PolicyRow struct {
	Rule     string `json:"rule"           maxLength:"60"  doc:"Name of the rule, such as base_pension_additions"`
	From     string `json:"effective_from" maxLength:"60"  doc:"YYYY-MM-DD, the first day on which the value holds; of a yearly rate, a day of its year"`
	Value    string `json:"value"          maxLength:"2000" doc:"In the form of the import file: true, 25, 143.00, 2.25%"`
	Document string `json:"document"       maxLength:"400" doc:"Where the rule is written, 1 to 200 characters"`

	Supersedes bool `json:"supersedes,omitempty" doc:"The area's rule of this first day was wrong from it on, and this value holds instead; refused where there is none, or where it says the same"`
}

// AskedPolicyRow is a row that was asked for.
type AskedPolicyRow struct {
	Rule     string   `json:"rule"`
	From     Day      `json:"effective_from"`
	Value    string   `json:"value"`
	Document string   `json:"document"`
	Round    int      `json:"round,omitzero" doc:"From 1 on the row supersedes another of its first day"`
	Paid     []string `json:"paid_months" nullable:"false" doc:"Months already paid whose pensions the row decides, YYYY-MM: they need a run of the differences"`
	Credited []int    `json:"credited_years" nullable:"false" doc:"Years already credited to personal accounts that the row decides: they need a correction of their interest, or another list of their subsidies"`
}

// AskedPolicies is a decision about rules, with their rows.
type AskedPolicies struct {
	Decision

	Rows []AskedPolicyRow `json:"rows" nullable:"false"`
}

func viewAskedPolicies(a registry.AskedPolicies) AskedPolicies {
	out := AskedPolicies{Decision: viewDecision(a.Request), Rows: make([]AskedPolicyRow, len(a.Rows))}
	for i, r := range a.Rows {
		out.Rows[i] = AskedPolicyRow{
			Rule: string(r.Rule), From: NewDay(r.From), Value: r.Value.String(), Document: r.Document, Round: r.Round,
			Paid: []string{}, Credited: append([]int{}, r.Credited...),
		}
		for _, m := range r.Paid {
			out.Rows[i].Paid = append(out.Rows[i].Paid, m.String())
		}
	}
	return out
}

type askPoliciesCommand struct {
	Body struct {
		Document string      `json:"document"         minLength:"1" maxLength:"200" doc:"What the whole change rests on: the letter, the minute"`
		Reason   string      `json:"reason,omitempty" maxLength:"200"`
		Rows     []PolicyRow `json:"rows"             nullable:"false" minItems:"1" maxItems:"1000"`
	}
}

func (s *Server) askPolicies(ctx context.Context, c Call, in *askPoliciesCommand) (once.Answer, error) {
	ask := registry.PolicyAsk{
		Document: in.Body.Document, Reason: in.Body.Reason, Rows: make([]registry.PolicyText, len(in.Body.Rows)),
	}
	for i, r := range in.Body.Rows {
		ask.Rows[i] = registry.PolicyText{
			Rule: r.Rule, From: r.From, Value: r.Value, Document: r.Document, Supersedes: r.Supersedes,
		}
	}
	return s.deps.Registry.AskPolicies(ctx, c.Request, c.Render, c.Officer, ask)
}

// PolicyDecision is by whom a rule was decided.
type PolicyDecision struct {
	ID         ID        `json:"id"`
	Document   string    `json:"document"`
	AskedBy    string    `json:"asked_by"`
	ApprovedBy string    `json:"approved_by"`
	ApprovedAt time.Time `json:"approved_at"`
}

// Policy is what holds for a rule.
type Policy struct {
	Rule     string          `json:"rule"`
	Form     string          `json:"form"               doc:"What a value is"`
	Value    *string         `json:"value,omitempty"    doc:"In the form of the import file; absent where nobody decided"`
	Since    *Day            `json:"since,omitempty"    doc:"The first day on which it holds"`
	Until    *Day            `json:"until,omitempty"    doc:"The day on which another row begins to hold, or a yearly rate ends; absent where none is known"`
	Whose    string          `json:"whose,omitempty"    enum:"area,nation"`
	Document string          `json:"document,omitempty" doc:"Where the rule is written"`
	Decision *PolicyDecision `json:"decision,omitempty" doc:"By whom it was decided; absent for the nation's and those that the area was set up with"`
	Round    int             `json:"round,omitzero" doc:"How often the rule of this first day was superseded; absent where it stands as it was decided first"`

	Superseded []SupersededPolicy `json:"superseded,omitempty" doc:"What the rule said from this day on before, the latest first"`
}

// SupersededPolicy is what a rule said until another row took its place.
type SupersededPolicy struct {
	Round    int             `json:"round" doc:"0 is the one that was decided first"`
	Value    string          `json:"value"`
	Document string          `json:"document"`
	Decision *PolicyDecision `json:"decision,omitempty"`
}

// Policies are the rules of an area on a day.
type Policies struct {
	AsOf  Day      `json:"as_of"`
	Rules []Policy `json:"rules" nullable:"false"`
}

// PolicyHistory is what held for a rule.
type PolicyHistory struct {
	Rule string   `json:"rule"`
	Rows []Policy `json:"rows" nullable:"false"`
}

func viewPolicies(list []registry.PolicySpan) []Policy {
	out := make([]Policy, len(list))
	for i, p := range list {
		out[i] = Policy{ //nolint:exhaustruct // what was decided is below
			Rule: string(p.Rule), Form: p.Rule.Form(), Value: nil,
		}
		if !p.Decided {
			continue
		}
		value, since := p.Value.String(), NewDay(p.Since)
		out[i].Value, out[i].Since, out[i].Document, out[i].Whose = &value, &since, p.Document, "area"
		if p.Area == 0 {
			out[i].Whose = "nation"
		}
		if !p.Until.IsZero() {
			until := NewDay(p.Until)
			out[i].Until = &until
		}
		out[i].Decision, out[i].Round = viewPolicyDecision(p.Decision), p.Round
		for _, old := range p.Superseded {
			out[i].Superseded = append(out[i].Superseded, SupersededPolicy{
				Round: old.Round, Value: old.Value.String(), Document: old.Document, Decision: viewPolicyDecision(old.Decision),
			})
		}
	}
	return out
}

func viewPolicyDecision(d registry.PolicyDecision) *PolicyDecision {
	if d.ID == 0 {
		return nil
	}
	return &PolicyDecision{
		ID: NewID(d.ID), Document: d.Document, AskedBy: d.AskedBy, ApprovedBy: d.ApprovedBy, ApprovedAt: d.ApprovedAt,
	}
}

type policiesQuery struct {
	AsOf Day    `query:"as_of" doc:"Absent is the business day"`
	Rule string `query:"rule"  doc:"Only this rule" maxLength:"60"`
}

func (s *Server) policies(ctx context.Context, c Call, in *policiesQuery) (Policies, error) {
	asOf, list, err := s.deps.Registry.Policies(ctx, c.Officer, in.AsOf.Day, policy.Rule(in.Rule))
	return Policies{AsOf: NewDay(asOf), Rules: viewPolicies(list)}, err
}

type policyHistoryQuery struct {
	Rule string `query:"rule" required:"true" minLength:"1" maxLength:"60"`
}

func (s *Server) policyHistory(ctx context.Context, c Call, in *policyHistoryQuery) (PolicyHistory, error) {
	list, err := s.deps.Registry.PolicyHistory(ctx, c.Officer, policy.Rule(in.Rule))
	return PolicyHistory{Rule: in.Rule, Rows: viewPolicies(list)}, err
}

// PolicyRequest is a change of rules that was asked for.
type PolicyRequest struct {
	Decision Decision         `json:"decision"`
	Rows     []PolicyRowShown `json:"rows"     nullable:"false"`
}

// PolicyRowShown is a row of a change.
type PolicyRowShown struct {
	Rule     string `json:"rule"`
	From     Day    `json:"effective_from"`
	Value    string `json:"value"`
	Document string `json:"document"`
	Round    int    `json:"round,omitzero" doc:"From 1 on the row supersedes another of its first day"`
}

type policyRequestsQuery struct {
	Paging

	Status string `query:"status" enum:"submitted,approved,rejected,withdrawn"`
}

func (s *Server) policyRequests(
	ctx context.Context, c Call, in *policyRequestsQuery,
) (Page[PolicyRequest], error) {
	none := Page[PolicyRequest]{} //nolint:exhaustruct // none
	after, err := in.After()
	if err != nil {
		return none, err
	}
	list, err := s.deps.Casework.Requests(ctx, c.Officer, casework.Filter{ //nolint:exhaustruct // the service adds the area
		Kind: casework.Policies, State: casework.State(in.Status), After: after, Limit: in.Limit + 1,
	})
	if err != nil {
		return none, err
	}
	lists := make([]int64, len(list))
	for i, r := range list {
		lists[i] = r.Subject
	}
	rows, err := s.deps.Registry.PolicyLists(ctx, c.Officer, lists)
	view := func(r casework.Request) PolicyRequest {
		out := PolicyRequest{Decision: viewDecision(r), Rows: make([]PolicyRowShown, len(rows[r.Subject]))}
		for i, p := range rows[r.Subject] {
			out.Rows[i] = PolicyRowShown{
				Rule: string(p.Rule), From: NewDay(p.From), Value: p.Value.String(), Document: p.Document,
				Round: p.Round,
			}
		}
		return out
	}
	return NewPage(list, in.Limit, func(r casework.Request) int64 { return r.ID }, view), err
}

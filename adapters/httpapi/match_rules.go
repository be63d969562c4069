package httpapi

import (
	"context"
	"net/http"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/once"
	"twoline/reconcile"
	"twoline/reconcile/match"
)

// ruleRoutes are the rules by which an account is matched.
func (s *Server) ruleRoutes() {
	if s.deps.Reconcile == nil || s.deps.Intake == nil {
		return
	}
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/reconciliations/{account}/rules", Summary: "The rules of matching an account",
		Description: "in_force are those of the business day: the last set that was approved for the day or one before it, " +
			"else the gateway's own. sets are all that were asked for.",
		Who: readers(),
	}, s.matchRules)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/reconciliations/{account}/rules", Status: 201,
		Summary: "Ask that an account be matched by other rules",
		Description: "From effective_on, which is a day that is not matched yet; days before it stay as they are. Nothing " +
			"changes before a checker of the finance office approved the decision.",
		Who: Officers(approval.Maker, approval.AgencyFinance),
	}, viewDecision, s.askMatchRules)
}

// MatchRules are rules of matching on the wire.
type MatchRules struct {
	Tolerance Yuan       `json:"tolerance" doc:"By how much a line may differ from its equal, at most 1.00; the difference is shown"`
	Days      int        `json:"days"      minimum:"0" maximum:"31" doc:"How far the value days of equal lines may be apart"`
	Off       []string   `json:"off"       nullable:"false" maxItems:"20" doc:"Passes that are not run"`
	Charges   []TextRule `json:"charges"   nullable:"false" maxItems:"64" doc:"What a bank takes unannounced"`
	Interest  []TextRule `json:"interest"  nullable:"false" maxItems:"64" doc:"What a bank gives unannounced"`
}

// TextRule tells a line of the bank by its words.
type TextRule struct {
	Words     []string `json:"words"             nullable:"false" maxItems:"64" doc:"Parts of the text, any of which names the line"`
	Direction string   `json:"direction"         enum:"credit,debit"`
	AtMost    *Yuan    `json:"at_most,omitempty" doc:"The largest amount; left out it is not bounded"`
}

// MatchRuleSet is a set of rules that was asked for.
type MatchRuleSet struct {
	ID          ID         `json:"id"`
	EffectiveOn Day        `json:"effective_on"`
	Rules       MatchRules `json:"rules"`
	Document    string     `json:"document"`
	AskedBy     string     `json:"asked_by"`
	AskedAt     time.Time  `json:"asked_at"`
	Decision    ID         `json:"decision_id"`
	Status      string     `json:"status"   enum:"submitted,approved,rejected,withdrawn"`
}

// AccountRules are an account's rules of matching.
type AccountRules struct {
	Account ID             `json:"account_id"`
	InForce MatchRules     `json:"in_force"`
	Sets    []MatchRuleSet `json:"sets"       nullable:"false"`
}

type matchRulesQuery struct {
	Account ID `path:"account"`
}

func (s *Server) matchRules(ctx context.Context, c Call, in *matchRulesQuery) (AccountRules, error) {
	rules, sets, err := s.deps.Reconcile.Rules(ctx, c.Officer, in.Account.Int64())
	out := AccountRules{Account: in.Account, InForce: viewRules(rules), Sets: []MatchRuleSet{}}
	for _, set := range sets {
		out.Sets = append(out.Sets, MatchRuleSet{
			ID: NewID(set.ID), EffectiveOn: NewDay(set.EffectiveOn), Rules: viewRules(set.Rules), Document: set.Document,
			AskedBy: set.AskedBy, AskedAt: set.AskedAt, Decision: NewID(set.Decision), Status: string(set.State),
		})
	}
	return out, err
}

type askMatchRulesCommand struct {
	Account ID `path:"account"`
	Body    struct {
		EffectiveOn Day        `json:"effective_on"`
		Document    string     `json:"document"     minLength:"1" maxLength:"200" doc:"What it rests on: the agreement with the bank, the office's minute"`
		Rules       MatchRules `json:"rules"`
	}
}

func (s *Server) askMatchRules(ctx context.Context, c Call, in *askMatchRulesCommand) (once.Answer, error) {
	r := in.Body.Rules
	rules := match.Rules{
		Tolerance: r.Tolerance.Amount, Days: r.Days, Off: nil, Charges: textRules(r.Charges), Interest: textRules(r.Interest),
	}
	for _, off := range r.Off {
		rules.Off = append(rules.Off, match.Rule(off))
	}
	return s.deps.Reconcile.AskRules(ctx, c.Request, c.Render, c.Officer, reconcile.RuleSet{ //nolint:exhaustruct // the service's
		Account:     reconcile.Account{Area: c.Officer.Area, ID: in.Account.Int64()},
		EffectiveOn: in.Body.EffectiveOn.Day, Rules: rules, Document: in.Body.Document,
	})
}

func textRules(list []TextRule) []match.TextRule {
	out := make([]match.TextRule, len(list))
	for i, t := range list {
		out[i] = match.TextRule{Words: t.Words, Direction: t.Direction, AtMost: 0}
		if t.AtMost != nil {
			out[i].AtMost = t.AtMost.Amount
		}
	}
	return out
}

func viewRules(r match.Rules) MatchRules {
	out := MatchRules{
		Tolerance: NewYuan(r.Tolerance), Days: r.Days, Off: []string{}, Charges: viewTextRules(r.Charges),
		Interest: viewTextRules(r.Interest),
	}
	for _, off := range r.Off {
		out.Off = append(out.Off, string(off))
	}
	return out
}

func viewTextRules(list []match.TextRule) []TextRule {
	out := make([]TextRule, len(list))
	for i, t := range list {
		out[i] = TextRule{Words: t.Words, Direction: t.Direction, AtMost: nil}
		if t.AtMost != 0 {
			most := NewYuan(t.AtMost)
			out[i].AtMost = &most
		}
	}
	return out
}

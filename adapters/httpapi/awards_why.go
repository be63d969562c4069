package httpapi

import (
	"context"
	"errors"
	"net/http"

	"twoline/gateway/award"
	"twoline/gateway/entitlement"
	"twoline/gateway/fault"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// awardReasonRoutes tell why an amount is what it is.
func (s *Server) awardReasonRoutes() {
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/members/{id}/pension", Summary: "What a member is to be paid in a month, and why",
		Description: "entitled are the amounts that the roster takes, with the rules that they were computed by. pension " +
			"is what the rules give from the facts as they are today, in because sentence by sentence.",
		Who: readers(),
	}, s.memberPension)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/rosters/{id}/lines/{seq}", Summary: "Why a roster's line has its amount",
		Description: "entitled are the rows as they held when the roster was made.", Who: readers(),
	}, s.whyLine)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/rosters/{id}/comparison", Deadline: monthsWork,
		Summary: "A roster beside that of the month before: who is new, stopped or changed, and why",
		Description: "Beside the regular roster that the month before was paid by, else its newest one. why is the cause of " +
			"the award's line, a death, the hold, document for an imported decision, or roster where nothing else tells.",
		Who: readers(),
	}, s.compareRoster)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/rosters/{id}/payers", Summary: "Who pays a roster's base pensions",
		Description: "Each person's minimum by the area's shares, each addition by its level. not_stated is what no rule " +
			"gives to a level: extras for years and age, and amounts that were imported. The shares sum to base_pension.",
		Who: readers(),
	}, s.rosterPayers)
}

func areaOrNation(a party.Area) string {
	if a == 0 {
		return "nation"
	}
	return a.String()
}

// EntitledAmount is an amount that a roster takes.
type EntitledAmount struct {
	Component string    `json:"component"             enum:"base_pension,account_pension,funeral_grant,one_off"`
	From      Month     `json:"from_month"`
	Amount    Yuan      `json:"amount"`
	Document  string    `json:"document"`
	RunID     ID        `json:"award_run_id,omitzero" doc:"The award run that computed it; absent where it was imported"`
	Cause     string    `json:"cause,omitempty"       enum:"death,conditions,rule,age,facts"`
	Rules     []RuleRow `json:"rules"                 doc:"The rows that the run took"                                    nullable:"false"`
}

func viewEntitled(list []award.Entitled) []EntitledAmount {
	out := make([]EntitledAmount, len(list))
	for i, e := range list {
		out[i] = EntitledAmount{
			Component: e.Component, From: Month{e.From}, Amount: NewYuan(e.Amount), Document: e.Document,
			RunID: NewID(e.Run), Cause: string(e.Cause), Rules: viewRows(e.Rows, e.Basis),
		}
	}
	return out
}

// PensionReason is a rule or a fact behind a figure.
type PensionReason struct {
	Figure string   `json:"figure"`
	Reason string   `json:"reason"`
	Text   string   `json:"text"           doc:"A sentence, Chinese unless lang=en"`
	Rule   *RuleRow `json:"rule,omitempty"`
}

// ComputedPension is what the rules give.
type ComputedPension struct {
	From       Month `json:"from_month"`
	Base       Yuan  `json:"base"        doc:"The minimum and its additions, or the allowance"`
	ExtraYears Yuan  `json:"extra_years"`
	ExtraAge   Yuan  `json:"extra_age"`
	Account    Yuan  `json:"account"     doc:"As it is reckoned today; what was fixed at the start stands in entitled"`
	Total      Yuan  `json:"total"`
}

// PensionHold keeps a member from being paid.
type PensionHold struct {
	Reason string   `json:"reason"`
	From   Month    `json:"from_month"`
	Text   string   `json:"text,omitempty"`
	Rule   *RuleRow `json:"rule,omitempty" doc:"Of child_unpaid, which stops the base pension alone and only while this says true"`
}

// PensionCase is an application.
type PensionCase struct {
	AppliedOn Day    `json:"applied_on"`
	Note      string `json:"note,omitempty"`
	Document  string `json:"document"`
}

// MemberPension is what a member is to be paid in a month, and why.
type MemberPension struct {
	MemberID ID               `json:"member_id"`
	Scheme   string           `json:"scheme"`
	Month    Month            `json:"month"`
	Entitled []EntitledAmount `json:"entitled"             nullable:"false"`
	Pension  *ComputedPension `json:"pension,omitempty"    doc:"Absent where the rules give none"`
	Missing  string           `json:"missing,omitempty"    enum:"years_missing,not_begun,other_pension,child_unpaid" doc:"Why there is none"`
	Because  []PensionReason  `json:"because"              nullable:"false"`
	Problem  string           `json:"problem,omitempty"    doc:"Code of the error for which nothing could be reckoned: member_facts, no_rule"`
	Detail   string           `json:"detail,omitempty"     doc:"Its sentence"`
	LatePaid *Day             `json:"late_paid,omitempty"  doc:"The first payment after the pension began, which it does not count"`
	Died     *Day             `json:"died_on,omitempty"`
	Holds    []PensionHold    `json:"holds"                nullable:"false"`
	Cases    []PensionCase    `json:"applications"         nullable:"false"`
}

func viewPension(e award.Explanation, lang entitlement.Language) MemberPension {
	out := MemberPension{ //nolint:exhaustruct // filled below
		MemberID: NewID(e.Member), Scheme: string(e.Scheme), Month: Month{e.Month}, Entitled: viewEntitled(e.Entitled),
		Because: []PensionReason{}, Holds: []PensionHold{}, Cases: []PensionCase{},
	}
	if s := e.Statement; s != nil {
		if p := s.Pension; p != nil {
			out.Pension = &ComputedPension{
				From: Month{p.From}, Base: NewYuan(p.Base), ExtraYears: NewYuan(p.ExtraYears), ExtraAge: NewYuan(p.ExtraAge),
				Account: NewYuan(p.Account), Total: NewYuan(p.Total),
			}
		} else {
			out.Missing = s.Missing.String()
		}
	}
	for _, b := range e.Because {
		out.Because = append(out.Because, viewReason(b, lang))
	}
	if f, ok := errors.AsType[*fault.Error](e.Problem); ok {
		out.Problem, out.Detail = f.Code, f.Text
	} else if e.Problem != nil {
		out.Problem = "internal"
	}
	if !e.Late.IsZero() {
		day := NewDay(e.Late)
		out.LatePaid = &day
	}
	if !e.Died.IsZero() {
		day := NewDay(e.Died)
		out.Died = &day
	}
	for _, h := range e.Holds {
		out.Holds = append(out.Holds, PensionHold{
			Reason: h.Reason, From: Month{h.From}, Text: h.Text, Rule: viewRule(h.Rule),
		})
	}
	for _, a := range e.Applications {
		out.Cases = append(out.Cases, PensionCase{AppliedOn: NewDay(a.On), Note: a.Note, Document: a.Document})
	}
	return out
}

func viewReason(b entitlement.Because, lang entitlement.Language) PensionReason {
	return PensionReason{
		Figure: string(b.Figure), Reason: string(b.Reason), Text: b.Words(lang), Rule: viewRule(b.Row),
	}
}

// viewRule is a row, nil where there is none.
func viewRule(row *policy.Row) *RuleRow {
	if row == nil {
		return nil
	}
	return &RuleRow{
		Rule: string(row.Rule), Area: areaOrNation(row.Area), From: NewDay(row.From), Value: row.Value.String(),
		Document: row.Document, Round: row.Round,
	}
}

type memberPensionQuery struct {
	ID    ID     `path:"id"`
	Month Month  `query:"month" required:"true"`
	Lang  string `query:"lang" enum:"zh,en" default:"zh" doc:"Of the sentences"`
}

func (s *Server) memberPension(ctx context.Context, c Call, in *memberPensionQuery) (MemberPension, error) {
	e, err := s.deps.Awards.Explain(ctx, c.Officer, in.ID.Int64(), in.Month.month)
	return viewPension(e, entitlement.Language(in.Lang)), err
}

// WhyLine is a roster's line with what it rests on.
type WhyLine struct {
	Seq        int              `json:"seq"`
	MemberID   ID               `json:"member_id"`
	SocialNo   string           `json:"social_no"`
	Name       string           `json:"name"           doc:"Masked"`
	Month      Month            `json:"month"          doc:"The month that is paid for"`
	Cause      string           `json:"cause"          doc:"regular; child_linked, the base pension that a child stops who does not pay; or what a due of its own rests on, such as difference:7"`
	Amount     Yuan             `json:"amount"`
	Components PayComponents    `json:"components"`
	Held       string           `json:"held,omitempty" doc:"Why the member is held back; absent where payable"`
	HeldRule   *RuleRow         `json:"held_rule,omitempty" doc:"The rule by which a child who does not pay holds the line, as it was known when the roster was made"`
	Entitled   []EntitledAmount `json:"entitled"       nullable:"false"`
	Pension    MemberPension    `json:"pension"        doc:"The same as it is today"`
}

type whyLineQuery struct {
	ID   ID     `path:"id"`
	Seq  int    `path:"seq" minimum:"1" maximum:"2147483647"`
	Lang string `query:"lang" enum:"zh,en" default:"zh" doc:"Of the sentences"`
}

func (s *Server) whyLine(ctx context.Context, c Call, in *whyLineQuery) (WhyLine, error) {
	w, err := s.deps.Awards.WhyLine(ctx, c.Officer, in.ID.Int64(), in.Seq)
	l := w.Line
	return WhyLine{
		Seq: l.Seq, MemberID: NewID(l.Member), SocialNo: l.SocialNo, Name: l.Name.String(), Month: Month{l.Month},
		Cause: l.Cause, Amount: NewYuan(l.Monthly.Sum() + l.Funeral + l.OneOff),
		Components: PayComponents{
			BasePension: NewYuan(l.Monthly.Base), AccountPension: NewYuan(l.Monthly.Account),
			FuneralGrant: NewYuan(l.Funeral), OneOff: NewYuan(l.OneOff),
		},
		Held: l.Held, HeldRule: viewRule(w.HeldBy), Entitled: viewEntitled(w.Entitled),
		Pension: viewPension(w.Explanation, entitlement.Language(in.Lang)),
	}, err
}

// RosterDifference is a member whose line is another than the month before.
type RosterDifference struct {
	MemberID ID     `json:"member_id"`
	SocialNo string `json:"social_no"`
	Name     string `json:"name"                  doc:"Masked"`
	Change   string `json:"change"                enum:"new,stopped,changed,held,released"`
	Was      Yuan   `json:"was"`
	Now      Yuan   `json:"now"`
	HeldWas  string `json:"held_was,omitempty"`
	Held     string `json:"held,omitempty"`
	Why      string `json:"why"                   doc:"The cause of the award's line, death, the hold's reason, document, or roster"`
	Document string `json:"document,omitempty"    doc:"Of the entitlement that began"`
	RunID    ID     `json:"award_run_id,omitzero"`
}

// RosterDifferenceSum adds differences up.
type RosterDifferenceSum struct {
	Change string `json:"change" enum:"new,stopped,changed,held,released"`
	Why    string `json:"why"`
	Count  int    `json:"count"`
	Was    Yuan   `json:"was"`
	Now    Yuan   `json:"now"`
}

// RosterComparison is a roster beside that of the month before.
type RosterComparison struct {
	Page[RosterDifference]

	RosterID   ID                    `json:"roster_id"`
	Month      Month                 `json:"month"`
	PreviousID ID                    `json:"previous_roster_id,omitzero" doc:"Absent where the month before has none: then everybody is new"`
	Sums       []RosterDifferenceSum `json:"sums"                        doc:"Of all differences that were asked for" nullable:"false"`
}

type compareRosterQuery struct {
	Paging

	ID     ID     `path:"id"`
	Change string `query:"change" enum:"new,stopped,changed,held,released"`
}

func (s *Server) compareRoster(ctx context.Context, c Call, in *compareRosterQuery) (RosterComparison, error) {
	none := RosterComparison{} //nolint:exhaustruct // none
	after, err := in.After()
	if err != nil {
		return none, err
	}
	got, err := s.deps.Awards.Compare(ctx, c.Officer, in.ID.Int64(), award.Change(in.Change), after, in.Limit+1)
	if err != nil {
		return none, err
	}
	out := RosterComparison{
		Page:     NewPage(got.Differences, in.Limit, func(d award.Difference) int64 { return d.Member }, viewRosterDifference),
		RosterID: NewID(got.Now.ID), Month: Month{got.Now.Month}, PreviousID: NewID(got.Before.ID),
		Sums: []RosterDifferenceSum{},
	}
	for _, one := range got.Sums {
		out.Sums = append(out.Sums, RosterDifferenceSum{
			Change: string(one.Change), Why: one.Why, Count: one.Count, Was: NewYuan(one.Was), Now: NewYuan(one.Now),
		})
	}
	return out, nil
}

func viewRosterDifference(d award.Difference) RosterDifference {
	return RosterDifference{
		MemberID: NewID(d.Member), SocialNo: d.SocialNo, Name: d.Name.String(), Change: string(d.Change),
		Was: NewYuan(d.Was), Now: NewYuan(d.Now), HeldWas: d.HeldWas, Held: d.Held, Why: d.Why, Document: d.Document,
		RunID: NewID(d.Run),
	}
}

// PayerShare is what a level of government pays.
type PayerShare struct {
	Level  string `json:"level"  enum:"centre,province,city,county,not_stated"`
	Amount Yuan   `json:"amount"`
}

// RosterPayers is who pays a roster's base pensions.
type RosterPayers struct {
	RosterID ID           `json:"roster_id"`
	Scheme   string       `json:"scheme"`
	Month    Month        `json:"month"`
	Lines    int          `json:"lines"        doc:"Lines with a base pension, those held back among them"`
	Base     Yuan         `json:"base_pension"`
	Shares   []PayerShare `json:"shares"       nullable:"false"`
}

func (s *Server) rosterPayers(ctx context.Context, c Call, in *rosterQuery) (RosterPayers, error) {
	p, err := s.deps.Awards.Payers(ctx, c.Officer, in.ID.Int64())
	out := RosterPayers{
		RosterID: NewID(p.Roster.ID), Scheme: string(p.Roster.Scheme), Month: Month{p.Roster.Month}, Lines: p.Lines,
		Base: NewYuan(p.Base), Shares: []PayerShare{},
	}
	for _, share := range p.Shares {
		level := string(share.Level)
		if level == "" {
			level = "not_stated"
		}
		out.Shares = append(out.Shares, PayerShare{Level: level, Amount: NewYuan(share.Amount)})
	}
	return out, err
}

package httpapi

import (
	"context"
	"encoding/hex"
	"net/http"
	"time"

	"twoline/gateway/award"
	"twoline/gateway/ledger"
	"twoline/gateway/once"
)

// awardRoutes are what members are entitled to by the rules, and why.
func (s *Server) awardRoutes() {
	if s.deps.Awards == nil {
		return
	}
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/award-runs", Status: 201,
		Summary: "Compute what every member of a scheme is to be paid",
		Description: "Everybody of age, and everybody with an entitlement, by the rules and the facts up to the month. What " +
			"stands otherwise becomes a line: begun, changed or ended, from the first month on from which it holds. Nothing " +
			"changes before a checker of the business office approved the decision; then the lines are entitlements, which " +
			"rosters take. Where a rule is missing for a date nothing is computed. Without lines there is no decision.",
		Who: payMakers(), Deadline: monthsWork,
	}, viewAwardRun, s.makeAwards)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/award-runs", Summary: "Award runs in rising order", Who: readers(),
	}, s.awardRuns)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/award-runs/{id}", Summary: "One award run with its sums by effect and cause",
		Who: readers(),
	}, s.awardRun)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/award-runs/{id}/lines", Summary: "Its lines in the order of members and months",
		Description: "Each with the amount that the month would be paid without it, the amount that is due, and the rule " +
			"rows behind.",
		Who: readers(),
	}, s.awardLines)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/award-runs/{id}/refused", Summary: "Members whom a person has to look at",
		Description: "standing_without_right: a pension stands that does not follow from the facts; it is left as it is. " +
			"member_facts: the facts cannot be. account_before_opening: the pension began before go-live, and its account " +
			"pension was not imported. payment_after_pension: money came after the pension began; the award rests on what " +
			"came before. A subsidy for a year up to that of the start is none of it: it adds to the account's pension " +
			"from the month after it was effective.",
		Who: readers(),
	}, s.awardRefused)
	s.awardReasonRoutes()
}

// AwardAmounts is what is paid a month by component.
type AwardAmounts struct {
	BasePension    Yuan `json:"base_pension"    doc:"Extras for years and age among it"`
	AccountPension Yuan `json:"account_pension"`
}

func viewMonthly(m award.Monthly) AwardAmounts {
	return AwardAmounts{BasePension: NewYuan(m.Base), AccountPension: NewYuan(m.Account)}
}

// AwardSum adds lines up.
type AwardSum struct {
	What  string       `json:"what"  enum:"begun,changed,ended"`
	Cause string       `json:"cause" enum:"death,conditions,rule,age,facts"`
	Count int          `json:"count"`
	Was   AwardAmounts `json:"was"`
	Due   AwardAmounts `json:"due"`
}

// AwardRun is a computation of every award of a scheme.
type AwardRun struct {
	ID             ID           `json:"id"`
	Area           string       `json:"area"`
	Scheme         string       `json:"scheme"`
	Month          Month        `json:"month"`
	Looked         int          `json:"looked_at"                 doc:"Members of age or with an entitlement"`
	Waiting        int          `json:"waiting"                   doc:"Members of age whose years are not complete"`
	Members        int          `json:"members"                   doc:"Members with lines"`
	Lines          int          `json:"lines"`
	Refused        int          `json:"refused"                   doc:"Members whom a person has to look at"`
	Before         AwardAmounts `json:"before"                    doc:"What the month would be paid without the run, all members together"`
	After          AwardAmounts `json:"after"                     doc:"What the month is paid with it"`
	Sums           []AwardSum   `json:"sums,omitempty"            doc:"Lines by effect and cause; of one run only"`
	Digest         string       `json:"digest"                    doc:"SHA-256 over everything that the run found, hex"`
	MadeBy         string       `json:"made_by"`
	MadeAt         time.Time    `json:"made_at"`
	MadeOn         Day          `json:"made_on"`
	Decision       ID           `json:"decision_id,omitzero"      doc:"What a second person approves; absent where nothing differs"`
	DecisionDigest string       `json:"decision_digest,omitempty" doc:"The decision's digest, hex: what is approved"`
	Status         string       `json:"status"                    enum:"nothing_to_decide,submitted,approved,rejected,withdrawn"`
}

func viewAwardRun(r award.Run) AwardRun {
	out := AwardRun{
		ID: NewID(r.ID), Area: r.Area.String(), Scheme: string(r.Scheme), Month: Month{r.Month}, Looked: r.Looked,
		Waiting: r.Waiting, Members: r.Members, Lines: r.Lines, Refused: r.Refused, Before: viewMonthly(r.Before),
		After: viewMonthly(r.After), Sums: nil, Digest: hex.EncodeToString(r.Digest[:]), MadeBy: r.MadeBy,
		MadeAt: r.MadeAt, MadeOn: NewDay(r.MadeOn), Decision: NewID(r.Decision), DecisionDigest: "",
		Status: "nothing_to_decide",
	}
	if r.Decision != 0 {
		out.DecisionDigest, out.Status = hex.EncodeToString(r.DecisionDigest[:]), string(r.State)
	}
	return out
}

type makeAwardsCommand struct {
	Body struct {
		Scheme string `json:"scheme" enum:"resident,rural,urban,land_lost"`
		Month  Month  `json:"month"  doc:"The last month that is computed, at most the next one"`
	}
}

func (s *Server) makeAwards(ctx context.Context, c Call, in *makeAwardsCommand) (once.Answer, error) {
	return s.deps.Awards.Make(ctx, c.Request, c.Render, c.Officer, award.Order{
		Scheme: ledger.Scheme(in.Body.Scheme), Month: in.Body.Month.month,
	})
}

type awardRunsQuery struct {
	Paging

	Scheme string `query:"scheme" enum:"resident,rural,urban,land_lost"`
	Month  Month  `query:"month"`
}

func (s *Server) awardRuns(ctx context.Context, c Call, in *awardRunsQuery) (Page[AwardRun], error) {
	after, err := in.After()
	if err != nil {
		return Page[AwardRun]{}, err //nolint:exhaustruct // none
	}
	list, err := s.deps.Awards.Runs(ctx, c.Officer, award.Filter{ //nolint:exhaustruct // of the officer's area
		Scheme: ledger.Scheme(in.Scheme), Month: in.Month.month, After: after, Limit: in.Limit + 1,
	})
	return NewPage(list, in.Limit, func(r award.Run) int64 { return r.ID }, viewAwardRun), err
}

type awardRunQuery struct {
	ID ID `path:"id"`
}

func (s *Server) awardRun(ctx context.Context, c Call, in *awardRunQuery) (AwardRun, error) {
	run, sums, err := s.deps.Awards.Run(ctx, c.Officer, in.ID.Int64())
	out := viewAwardRun(run)
	for _, one := range sums {
		out.Sums = append(out.Sums, AwardSum{
			What: string(one.What), Cause: string(one.Cause), Count: one.Count, Was: viewMonthly(one.Was),
			Due: viewMonthly(one.Due),
		})
	}
	return out, err
}

// RuleRow is a row of the rules as it stood when a run took it.
type RuleRow struct {
	Rule     string `json:"rule"`
	Area     string `json:"area"           doc:"nation, or the area's number"`
	From     Day    `json:"effective_from"`
	Value    string `json:"value"`
	Document string `json:"document"`
	Round    int    `json:"round,omitzero" doc:"From 1 on the row superseded another of its first day, as /v1/policies/history tells"`
}

func viewRows(rows []award.BasisRow, basis int) []RuleRow {
	out := []RuleRow{}
	for _, r := range rows {
		if r.Basis == basis {
			out = append(out, RuleRow{
				Rule: r.Rule, Area: areaOrNation(r.Area), From: NewDay(r.From), Value: r.Value, Document: r.Document,
				Round: r.Round,
			})
		}
	}
	return out
}

// AwardLine is a member's amount from a month on.
type AwardLine struct {
	Seq      int          `json:"seq"`
	MemberID ID           `json:"member_id"`
	SocialNo string       `json:"social_no"`
	Name     string       `json:"name"           doc:"Masked"`
	From     Month        `json:"from_month"     doc:"The first month for which the amount is due"`
	What     string       `json:"what"           enum:"begun,changed,ended"`
	Cause    string       `json:"cause"          enum:"death,conditions,rule,age,facts" doc:"Why it begins in this month"`
	Was      AwardAmounts `json:"was"            doc:"What the month would be paid without the line"`
	Due      AwardAmounts `json:"due"`
	Rules    []RuleRow    `json:"rules"          doc:"The rows that the amount rests on" nullable:"false"`
}

type awardLinesQuery struct {
	Paging

	ID     ID     `path:"id"`
	What   string `query:"what"      enum:"begun,changed,ended"`
	Cause  string `query:"cause"     enum:"death,conditions,rule,age,facts"`
	Member string `query:"member_id" pattern:"^[1-9][0-9]{0,18}$"           doc:"One member; absent is everybody"`
}

func (s *Server) awardLines(ctx context.Context, c Call, in *awardLinesQuery) (Page[AwardLine], error) {
	none := Page[AwardLine]{} //nolint:exhaustruct // none
	after, err := in.After()
	if err != nil {
		return none, err
	}
	f := award.LineFilter{ //nolint:exhaustruct // of the officer's area
		Run: in.ID.Int64(), What: award.What(in.What), Cause: award.Cause(in.Cause), After: int(after), Limit: in.Limit + 1,
	}
	if in.Member != "" {
		if f.Member, err = idIn(in.Member, "member_id"); err != nil {
			return none, err
		}
	}
	list, rows, err := s.deps.Awards.Lines(ctx, c.Officer, f)
	return NewPage(list, in.Limit, func(l award.Line) int64 { return int64(l.Seq) }, func(l award.Line) AwardLine {
		return AwardLine{
			Seq: l.Seq, MemberID: NewID(l.Member), SocialNo: l.SocialNo, Name: l.Name.String(), From: Month{l.From},
			What: string(l.What()), Cause: string(l.Cause), Was: viewMonthly(l.Was), Due: viewMonthly(l.Due),
			Rules: viewRows(rows, l.Basis),
		}
	}), err
}

// AwardRefusal is a member whom a person has to look at.
type AwardRefusal struct {
	MemberID ID     `json:"member_id"`
	SocialNo string `json:"social_no"`
	Name     string `json:"name"      doc:"Masked"`
	Reason   string `json:"reason"    enum:"standing_without_right,member_facts,account_before_opening,payment_after_pension"`
	Text     string `json:"text"`
}

type awardRefusedQuery struct {
	Paging

	ID ID `path:"id"`
}

func (s *Server) awardRefused(ctx context.Context, c Call, in *awardRefusedQuery) (Page[AwardRefusal], error) {
	after, err := in.After()
	if err != nil {
		return Page[AwardRefusal]{}, err //nolint:exhaustruct // none
	}
	list, err := s.deps.Awards.Refusals(ctx, c.Officer, in.ID.Int64(), after, in.Limit+1)
	return NewPage(list, in.Limit, func(l award.Listed) int64 { return l.Member }, func(l award.Listed) AwardRefusal {
		return AwardRefusal{
			MemberID: NewID(l.Member), SocialNo: l.SocialNo, Name: l.Name.String(), Reason: string(l.Reason), Text: l.Text,
		}
	}), err
}

package httpapi

import (
	"context"
	"fmt"
	"net/http"

	"twoline/gateway/approval"
	"twoline/gateway/disbursement"
	"twoline/gateway/feedback"
	"twoline/gateway/ledger"
	"twoline/gateway/once"
	"twoline/gateway/report"
)

// rosterRoutes are who is to be paid for a month, and who is held back.
func (s *Server) rosterRoutes() {
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/rosters", Summary: "List who is entitled for a month", Status: 201,
		Description: "regular and supplementary list everybody entitled in the month whom no living run pays, reissue " +
			"what failed or was returned; a supplementary one with dues lists what is owed once: differences, months of a " +
			"suspension, grants. Held members stand in it with the reason. Nothing is sent; a roster can be made " +
			"as often as wanted, and every pay run makes its own.",
		Who: payMakers(), Deadline: monthsWork,
	}, viewRoster, s.makeRoster)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/rosters/{id}", Summary: "One roster with its sums", Who: readers(),
	}, s.roster)
	Paper(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/rosters/{id}/lines", Summary: "A roster's lines in their order",
		Description: "As a table it has every line, for those who sign it.", Who: readers(), Deadline: monthsWork,
	}, s.rosterLines, s.rosterTable)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/rosters/{id}/holds", Summary: "The members held back, and why",
		Description: "held says why: a screen found it, and it ends with the fact behind it, or a hold that two people " +
			"release.",
		Who: readers(),
	}, s.rosterHolds)
}

// payMakers make rosters and runs.
func payMakers() Who { return Officers(approval.Maker, approval.AgencyBusiness) }

// Roster is who is entitled for a month on the wire.
type Roster struct {
	ID             ID             `json:"id"`
	Area           string         `json:"area"`
	Scheme         string         `json:"scheme"`
	Month          Month          `json:"month"`
	Kind           string         `json:"kind"                 enum:"regular,supplementary,reissue"`
	Entitled       int            `json:"entitled"             doc:"Lines, those held among them"`
	EntitledAmount Yuan           `json:"entitled_amount"`
	HeldCount      int            `json:"held_count"`
	HeldAmount     Yuan           `json:"held_amount"`
	Held           map[string]int `json:"held,omitempty"       doc:"Held lines by reason"`
	MadeBy         string         `json:"made_by"`
	MadeOn         Day            `json:"made_on"`
}

func viewRoster(r disbursement.Roster) Roster {
	return Roster{
		ID: NewID(r.ID), Area: r.Area.String(), Scheme: string(r.Scheme), Month: Month{r.Month}, Kind: string(r.Kind),
		Entitled: r.Entitled, EntitledAmount: NewYuan(r.EntitledAmount), HeldCount: r.Held,
		HeldAmount: NewYuan(r.HeldAmount), Held: nil, MadeBy: r.MadeBy, MadeOn: NewDay(r.MadeOn),
	}
}

// heldBy counts held lines by reason.
func heldBy(sums []disbursement.HeldSum) map[string]int {
	if len(sums) == 0 {
		return nil
	}
	held := make(map[string]int, len(sums))
	for _, h := range sums {
		held[string(h.Reason)] = h.Count
	}
	return held
}

// PayOrder is what a roster and a run are made of.
type PayOrder struct {
	Scheme string `json:"scheme" enum:"resident,rural,urban,land_lost"`
	Month  Month  `json:"month"  doc:"The month that is paid for; of a reissue, the month that pays"`
	Kind   string `json:"kind"   enum:"regular,supplementary,reissue"`
	Dues   bool   `json:"dues,omitempty" doc:"Of a supplementary: what is owed once up to the month, and not the month itself"`
}

func (o PayOrder) order() disbursement.Order {
	return disbursement.Order{
		Scheme: ledger.Scheme(o.Scheme), Month: o.Month.month, Kind: disbursement.Kind(o.Kind), Items: nil, Dues: o.Dues,
	}
}

type makeRosterCommand struct {
	Body PayOrder
}

func (s *Server) makeRoster(ctx context.Context, c Call, in *makeRosterCommand) (once.Answer, error) {
	return s.deps.Disbursement.MakeRoster(ctx, c.Request, c.Render, c.Officer, in.Body.order())
}

type rosterQuery struct {
	ID ID `path:"id"`
}

func (s *Server) roster(ctx context.Context, c Call, in *rosterQuery) (Roster, error) {
	r, err := s.deps.Disbursement.Roster(ctx, c.Officer, in.ID.Int64())
	out := viewRoster(r.Roster)
	out.Held = heldBy(r.ByReason)
	return out, err
}

// PayComponents are what a payment consists of.
type PayComponents struct {
	BasePension    Yuan `json:"base_pension"`
	AccountPension Yuan `json:"account_pension"`
	FuneralGrant   Yuan `json:"funeral_grant"`
	OneOff         Yuan `json:"one_off"`
}

func viewComponents(c disbursement.Components) PayComponents {
	return PayComponents{
		BasePension: NewYuan(c.Base), AccountPension: NewYuan(c.Account), FuneralGrant: NewYuan(c.Funeral),
		OneOff: NewYuan(c.OneOff),
	}
}

// RosterLine is one member of a roster on the wire, the name masked.
type RosterLine struct {
	Seq        int           `json:"seq"`
	MemberID   ID            `json:"member_id"`
	SocialNo   string        `json:"social_no"`
	Name       string        `json:"name"`
	Month      Month         `json:"month"                  doc:"The month that is paid for"`
	Amount     Yuan          `json:"amount"`
	Components PayComponents `json:"components"`
	Cause      string        `json:"cause"                  doc:"regular; child_linked, the base pension that a child stops who does not pay; or what made the due that is paid"`
	Replaces   ID            `json:"replaces,omitzero"      doc:"The item that failed or was returned and is paid again"`
	Held       string        `json:"held,omitempty"         doc:"Why the member is held back; absent where payable"`
}

func viewRosterLine(l disbursement.Line) RosterLine {
	return RosterLine{
		Seq: l.Seq, MemberID: NewID(l.Member), SocialNo: l.SocialNo, Name: l.Name.String(), Month: Month{l.Month},
		Amount: NewYuan(l.Sum()), Components: viewComponents(l.Components), Replaces: NewID(l.Replaces),
		Held: string(l.Held), Cause: l.Cause,
	}
}

type rosterLinesQuery struct {
	Printing
	Paging

	ID   ID   `path:"id"`
	Held bool `query:"held" doc:"Only those held back"`
}

func (s *Server) rosterLines(ctx context.Context, c Call, in *rosterLinesQuery) (Page[RosterLine], error) {
	return s.lines(ctx, c, in.ID, in.Paging, in.Held)
}

// rosterTable writes the whole roster, whatever the page.
func (s *Server) rosterTable(ctx context.Context, c Call, in *rosterLinesQuery) (table, error) {
	r, err := s.deps.Disbursement.Roster(ctx, c.Officer, in.ID.Int64())
	why := func(h disbursement.Hold) string { return feedback.Reason(feedback.Standing(h), in.language()) }
	return table{
		name: fmt.Sprintf("roster-%s-%s-%d", r.Scheme, r.Month, r.ID),
		write: func(ctx context.Context, sheet report.Sheet) error {
			return r.Paper(sheet, in.language(), in.Held, why, func(after int) ([]disbursement.Line, error) {
				return s.deps.Disbursement.Lines(ctx, c.Officer, in.ID.Int64(), disbursement.LinePage{
					Held: in.Held, After: after, Limit: 0,
				})
			})
		},
	}, err
}

type rosterHoldsQuery struct {
	Paging

	ID ID `path:"id"`
}

func (s *Server) rosterHolds(ctx context.Context, c Call, in *rosterHoldsQuery) (Page[RosterLine], error) {
	return s.lines(ctx, c, in.ID, in.Paging, true)
}

func (s *Server) lines(ctx context.Context, c Call, id ID, p Paging, held bool) (Page[RosterLine], error) {
	after, err := p.After()
	if err != nil {
		return Page[RosterLine]{}, err //nolint:exhaustruct // none
	}
	list, err := s.deps.Disbursement.Lines(ctx, c.Officer, id.Int64(), disbursement.LinePage{
		Held: held, After: int(after), Limit: p.Limit + 1,
	})
	return NewPage(list, p.Limit, func(l disbursement.Line) int64 { return int64(l.Seq) }, viewRosterLine), err
}

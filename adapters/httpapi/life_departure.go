package httpapi

import (
	"context"
	"net/http"
	"time"

	"twoline/gateway/lifeevent"
	"twoline/gateway/once"
)

// departureRoutes are members who leave for good.
func (s *Server) departureRoutes() {
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/member-departures",
		Summary: "Members who left the country for good or gave the nationality up", Who: readers(),
	}, s.departures)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/member-departures", Status: 201, Summary: "Ask that a membership ends by leaving",
		Description: "The account is paid to the member once: the individual part, and of the rest what the rule of inheritance " +
			"of the day leaves. No pension is paid after. When a second person has approved the decision, the due waits for a pay run.",
		Who: deskMakers(),
	}, viewDeparture, s.askDeparture)
}

// MemberDeparture is a member who leaves for good.
type MemberDeparture struct {
	ID         ID        `json:"id"`
	MemberID   ID        `json:"member_id"`
	SocialNo   string    `json:"social_no"`
	Name       string    `json:"name"        doc:"Masked"`
	Reason     string    `json:"reason"      enum:"emigrated,nationality_given_up"`
	LeftOn     Day       `json:"left_on"`
	Document   string    `json:"document"`
	Held       Yuan      `json:"held"        doc:"What the account held when it was decided; in the answer to the command, now"`
	Balance    Yuan      `json:"balance"     doc:"What of it is paid to the member"`
	DecisionID ID        `json:"decision_id"`
	Status     string    `json:"status"      enum:"submitted,approved,rejected,withdrawn"`
	MadeBy     string    `json:"made_by"`
	MadeAt     time.Time `json:"made_at"`
}

func viewDeparture(d lifeevent.Departure) MemberDeparture {
	return MemberDeparture{
		ID: NewID(d.ID), MemberID: NewID(d.Member), SocialNo: d.SocialNo, Name: d.Name.String(), Reason: string(d.Reason),
		LeftOn: NewDay(d.LeftOn), Document: d.Document, Held: NewYuan(d.Held), Balance: NewYuan(d.Balance),
		DecisionID: NewID(d.Decision), Status: d.State, MadeBy: d.MadeBy, MadeAt: d.MadeAt,
	}
}

type departuresQuery struct {
	Paging

	Member string `query:"member_id" pattern:"^[1-9][0-9]{0,18}$" doc:"One member; absent is everybody"`
}

func (s *Server) departures(ctx context.Context, c Call, in *departuresQuery) (Page[MemberDeparture], error) {
	none := Page[MemberDeparture]{} //nolint:exhaustruct // none
	after, err := in.After()
	if err != nil {
		return none, err
	}
	f := lifeevent.DepartureFilter{After: after, Limit: in.Limit + 1} //nolint:exhaustruct // the service's
	if in.Member != "" {
		if f.Member, err = idIn(in.Member, "member_id"); err != nil {
			return none, err
		}
	}
	list, err := s.deps.Life.Departures(ctx, c.Officer, f)
	return NewPage(list, in.Limit, func(d lifeevent.Departure) int64 { return d.ID }, viewDeparture), err
}

type askDepartureCommand struct {
	Body struct {
		MemberID ID     `json:"member_id"`
		Reason   string `json:"reason"    enum:"emigrated,nationality_given_up"`
		LeftOn   Day    `json:"left_on"   doc:"The rule of inheritance of this day says what is paid"`
		Document string `json:"document"  minLength:"1" maxLength:"200"`
	}
}

func (s *Server) askDeparture(ctx context.Context, c Call, in *askDepartureCommand) (once.Answer, error) {
	b := in.Body
	return s.deps.Life.AskDeparture(ctx, c.Request, c.Render, c.Officer, lifeevent.Departure{ //nolint:exhaustruct // the service's
		Member: b.MemberID.Int64(), Reason: lifeevent.EndReason(b.Reason), LeftOn: b.LeftOn.Day, Document: b.Document,
	})
}

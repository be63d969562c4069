package httpapi

import (
	"context"
	"net/http"
	"time"

	"twoline/gateway/lifeevent"
	"twoline/gateway/once"
)

// memberReturnRoutes are members who left and come back.
func (s *Server) memberReturnRoutes() {
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/member-returns", Summary: "Members who left and came back", Who: readers(),
	}, s.memberReturns)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/member-returns", Status: 201, Summary: "Ask that a member who left is one again",
		Description: "When a second person has approved the decision, the membership that a transfer out or a departure ended " +
			"lives again. The account begins with what it holds, no paid year counts from before, nothing is asked for a year " +
			"before that of the return, and a pension begins at the earliest in the month after; a transfer in brings account and " +
			"years back. The dead do not come back. Money of a transfer out that the bank gives back needs no return: it is a " +
			"receipt of the transfer.",
		Who: deskMakers(),
	}, viewMemberReturn, s.askMemberReturn)
}

// MemberReturn is a member who left and comes back.
type MemberReturn struct {
	ID         ID        `json:"id"`
	MemberID   ID        `json:"member_id"`
	SocialNo   string    `json:"social_no"`
	Name       string    `json:"name"                  doc:"Masked"`
	Document   string    `json:"document"`
	ReturnedOn *Day      `json:"returned_on,omitempty" doc:"The day on which two people had decided it"`
	DecisionID ID        `json:"decision_id"`
	Status     string    `json:"status"                enum:"submitted,approved,rejected,withdrawn"`
	MadeBy     string    `json:"made_by"`
	MadeAt     time.Time `json:"made_at"`
}

func viewMemberReturn(r lifeevent.Return) MemberReturn {
	return MemberReturn{
		ID: NewID(r.ID), MemberID: NewID(r.Member), SocialNo: r.SocialNo, Name: r.Name.String(), Document: r.Document,
		ReturnedOn: dayIfAny(r.ReturnedOn), DecisionID: NewID(r.Decision), Status: r.State, MadeBy: r.MadeBy, MadeAt: r.MadeAt,
	}
}

type memberReturnsQuery struct {
	Paging

	Member string `query:"member_id" pattern:"^[1-9][0-9]{0,18}$" doc:"One member; absent is everybody"`
}

func (s *Server) memberReturns(ctx context.Context, c Call, in *memberReturnsQuery) (Page[MemberReturn], error) {
	none := Page[MemberReturn]{} //nolint:exhaustruct // none
	after, err := in.After()
	if err != nil {
		return none, err
	}
	f := lifeevent.ReturnFilter{After: after, Limit: in.Limit + 1} //nolint:exhaustruct // the service's
	if in.Member != "" {
		if f.Member, err = idIn(in.Member, "member_id"); err != nil {
			return none, err
		}
	}
	list, err := s.deps.Life.Returns(ctx, c.Officer, f)
	return NewPage(list, in.Limit, func(r lifeevent.Return) int64 { return r.ID }, viewMemberReturn), err
}

type askMemberReturnCommand struct {
	Body struct {
		MemberID ID     `json:"member_id"`
		Document string `json:"document"  minLength:"1" maxLength:"200" doc:"The member's request, or the paper that proves the return"`
	}
}

func (s *Server) askMemberReturn(ctx context.Context, c Call, in *askMemberReturnCommand) (once.Answer, error) {
	return s.deps.Life.AskReturn(ctx, c.Request, c.Render, c.Officer, lifeevent.Return{ //nolint:exhaustruct // the service's
		Member: in.Body.MemberID.Int64(), Document: in.Body.Document,
	})
}

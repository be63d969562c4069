package httpapi

import (
	"context"
	"net/http"
	"time"

	"twoline/gateway/lifeevent"
	"twoline/gateway/once"
)

// sentenceRoutes are months of sentences, for which nothing is owed.
func (s *Server) sentenceRoutes() {
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/sentences", Summary: "Members' sentences, for whose months nothing is owed",
		Who: readers(),
	}, s.sentences)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/sentences", Status: 201, Summary: "Ask that months of a sentence are not owed",
		Description: "Nothing is owed for the months after that in which it began, through the one in which it ended. When a " +
			"second person of the agency has approved the decision, what was paid for them is a recovery. One that was told " +
			"wrongly, or without its end, is replaced by another.",
		Who: deskMakers(),
	}, viewSentence, s.askSentence)
}

// Sentence is a time in prison.
type Sentence struct {
	ID         ID        `json:"id"`
	MemberID   ID        `json:"member_id"`
	SocialNo   string    `json:"social_no"`
	Name       string    `json:"name"               doc:"Masked"`
	BeganOn    Day       `json:"began_on"`
	EndedOn    *Day      `json:"ended_on,omitempty" doc:"Absent while it lasts"`
	From       Month     `json:"from_month"         doc:"The first month that nothing is owed for"`
	Through    *Month    `json:"through_month,omitempty" doc:"The last one"`
	Document   string    `json:"document"`
	Replaces   ID        `json:"replaces_id,omitzero"`
	DecisionID ID        `json:"decision_id"`
	Status     string    `json:"status"             enum:"submitted,approved,rejected,withdrawn"`
	MadeBy     string    `json:"made_by"`
	MadeAt     time.Time `json:"made_at"`
}

func viewSentence(x lifeevent.Sentence) Sentence {
	out := Sentence{
		ID: NewID(x.ID), MemberID: NewID(x.Member), SocialNo: x.SocialNo, Name: x.Name.String(), BeganOn: NewDay(x.BeganOn),
		EndedOn: dayIfAny(x.EndedOn), From: Month{x.From()}, Through: nil, Document: x.Document, Replaces: NewID(x.Replaces),
		DecisionID: NewID(x.Decision), Status: x.State, MadeBy: x.MadeBy, MadeAt: x.MadeAt,
	}
	if !x.EndedOn.IsZero() {
		out.Through = &Month{x.Through()}
	}
	return out
}

type sentencesQuery struct {
	Paging

	Member string `query:"member_id" pattern:"^[1-9][0-9]{0,18}$" doc:"One member; absent is everybody"`
}

func (s *Server) sentences(ctx context.Context, c Call, in *sentencesQuery) (Page[Sentence], error) {
	none := Page[Sentence]{} //nolint:exhaustruct // none
	after, err := in.After()
	if err != nil {
		return none, err
	}
	f := lifeevent.SentenceFilter{After: after, Limit: in.Limit + 1} //nolint:exhaustruct // the service's
	if in.Member != "" {
		if f.Member, err = idIn(in.Member, "member_id"); err != nil {
			return none, err
		}
	}
	list, err := s.deps.Life.Sentences(ctx, c.Officer, f)
	return NewPage(list, in.Limit, func(x lifeevent.Sentence) int64 { return x.ID }, viewSentence), err
}

type askSentenceCommand struct {
	Body struct {
		MemberID ID     `json:"member_id"`
		BeganOn  Day    `json:"began_on"`
		EndedOn  *Day   `json:"ended_on,omitempty"   doc:"The day of the release; absent while it lasts"`
		Document string `json:"document"             minLength:"1" maxLength:"200" doc:"The court's paper"`
		Replaces ID     `json:"replaces_id,omitzero" doc:"The member's sentence whose place it takes; one that ends in the month in which it began takes it back"`
	}
}

func (s *Server) askSentence(ctx context.Context, c Call, in *askSentenceCommand) (once.Answer, error) {
	b := in.Body
	x := lifeevent.Sentence{ //nolint:exhaustruct // the service's
		Member: b.MemberID.Int64(), BeganOn: b.BeganOn.Day, Document: b.Document, Replaces: b.Replaces.Int64(),
	}
	if b.EndedOn != nil {
		x.EndedOn = b.EndedOn.Day
	}
	return s.deps.Life.AskSentence(ctx, c.Request, c.Render, c.Officer, x)
}

package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"twoline/gateway/audit"
	"twoline/gateway/once"
)

// Hint saves work for a request that was answered before, or is being answered
// now. It may be slow, empty or wrong at any time: PostgreSQL's key decides, and
// an error of a Hint is as good as none.
type Hint interface {
	// Lookup returns the finished answer, or nil.
	Lookup(ctx context.Context, r once.Request) (*once.Stored, error)
	// Mark says that this process works on the request. Where another does, busy
	// is how long its mark lasts at most. The owner is for Finish.
	Mark(ctx context.Context, r once.Request) (owner string, busy time.Duration, err error)
	// Finish removes the owner's mark and remembers the answer; nil is a refusal,
	// which is not remembered.
	Finish(ctx context.Context, r once.Request, owner string, a *once.Stored) error
}

// take runs a command once and answers.
func (s *Server) take(ctx context.Context, c Call, run func() (once.Answer, error)) (*answered, error) {
	owner := ""
	if s.deps.Hint != nil {
		a, o, err := s.hint(ctx, c)
		if a != nil || err != nil {
			return a, err
		}
		owner = o
	}
	a, err := run()
	if owner != "" {
		s.finish(ctx, c, owner, a, err != nil || *c.unkept)
	}
	if err != nil {
		return nil, err
	}
	return toAnswered(a), nil
}

func toAnswered(a once.Answer) *answered {
	out := &answered{Status: a.Status, ContentType: a.ContentType, Replayed: "", Body: a.Body}
	if a.Replayed {
		out.Replayed = "true"
	}
	return out
}

// hint answers from what is remembered, or marks the request as being worked on.
func (s *Server) hint(ctx context.Context, c Call) (*answered, string, error) {
	stored, err := s.deps.Hint.Lookup(ctx, c.Request)
	if err == nil && stored != nil {
		a, err := stored.Replay(c.Request)
		if err != nil {
			return nil, "", err
		}
		return toAnswered(a), "", nil
	}
	if err != nil {
		s.hintFailed(ctx, err)
		return nil, "", nil
	}
	owner, busy, err := s.deps.Hint.Mark(ctx, c.Request)
	if err != nil {
		s.hintFailed(ctx, err)
		return nil, "", nil
	}
	if busy > 0 {
		e := *once.ErrInProgress
		// The mark outlives most requests by far; the answer is usually there at once.
		e.RetryAfter = int((min(busy, time.Second) + time.Second - 1) / time.Second)
		return nil, "", &e
	}
	return nil, owner, nil
}

func (s *Server) finish(ctx context.Context, c Call, owner string, a once.Answer, forget bool) {
	// The mark is to go even where the request's own time is over.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	var stored *once.Stored
	if !forget {
		stored = &once.Stored{Fingerprint: c.Request.Fingerprint, Answer: a}
	}
	if err := s.deps.Hint.Finish(ctx, c.Request, owner, stored); err != nil {
		s.hintFailed(ctx, err)
	}
}

func (s *Server) hintFailed(ctx context.Context, err error) {
	s.deps.Log.LogAttrs(ctx, slog.LevelWarn, "replay cache failed", slog.String("request_id", requestIDOf(ctx)),
		slog.Any("error", err))
}

// renderer makes the bytes that are kept with the effect.
func renderer[T, Out any](status int, view func(T) Out) once.Render {
	return func(result any) (once.Answer, error) {
		value, ok := result.(T)
		if !ok {
			return once.Answer{}, fmt.Errorf("render a %T: the route was registered for another type", result)
		}
		b, err := marshal(view(value))
		if err != nil {
			return once.Answer{}, fmt.Errorf("render an answer: %w", err)
		}
		return once.Answer{Status: status, ContentType: "application/json", Body: b, Replayed: false}, nil
	}
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// originOf is the audit row of an effect, which storage writes with it.
func originOf(ctx context.Context, e *entry, c Call) audit.Row {
	return audit.Row{
		Area: c.area(), Actor: c.Name(), Person: c.Officer.Person, Action: e.name(), Object: objectOf(ctx),
		Result: audit.Done, RequestID: c.RequestID, Detail: nil,
	}
}

package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

const (
	eventStream = "text/event-stream"
	// followEvery is how often a followed value is looked at.
	followEvery = 500 * time.Millisecond
	// followPulse is how often a silent stream says that it is there. A caller that
	// hung up is noticed by the next write only.
	followPulse = 15 * time.Second
	// maxFollowers bounds the streams of one process.
	maxFollowers = 200
)

// Following is what the input of a Follow embeds.
type Following struct {
	Accept string `header:"Accept" hidden:"true"`
	// LastEventID is what a browser sends when it asks again.
	LastEventID string `header:"Last-Event-ID" maxLength:"64" doc:"The id of the last event that was read; what has not changed since is not sent again"`
}

func (f Following) follows() bool { return strings.Contains(f.Accept, eventStream) }

func (f Following) following() Following { return f }

// followed is an input that embeds Following.
type followed[In any] interface {
	*In
	following() Following
}

type following struct {
	Body func(huma.Context)
}

// Follow registers a Query whose answer changes while somebody waits for it. With
// Accept: text/event-stream the answer is sent again whenever it became another
// one, until it is final: then the stream ends, and asking again is answered with
// 204. A stream ends by itself within the write time-out, so that whoever goes on
// following shows a session that still holds.
func Follow[In, Out any, P followed[In]](
	s *Server, r Route, final func(Out) bool, run func(context.Context, Call, *In) (Out, error),
) {
	document := func(op *huma.Operation) {
		op.Responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{
			"application/json": {Schema: schemaOf[Out](s)},
			eventStream:        {Schema: &huma.Schema{Type: huma.TypeString}},
		}}
		op.Responses["204"] = &huma.Response{Description: "A stream: the last event was the final one"}
	}
	register(s, r, kindQuery, document, func(ctx context.Context, c Call, in *In) (*following, error) {
		ask := P(in).following()
		look := func(ctx context.Context) (state, error) {
			out, err := run(ctx, c, in)
			if err != nil {
				return state{}, err //nolint:exhaustruct // none
			}
			return newState(out, final(out))
		}
		first, err := look(ctx)
		if err != nil {
			return nil, err
		}
		if !ask.follows() {
			return &following{Body: func(h huma.Context) { s.sendState(ctx, h, first) }}, nil
		}
		select {
		case s.followers <- struct{}{}:
		default:
			e := *errRate
			e.RetryAfter = int(followPulse / time.Second)
			return nil, &e
		}
		return &following{Body: func(h huma.Context) { s.sendStates(ctx, h, ask.LastEventID, first, look) }}, nil
	})
}

// state is an answer as it stood at one moment.
type state struct {
	id    string
	body  []byte
	final bool
}

func newState(v any, final bool) (state, error) {
	body, err := marshal(v)
	sum := sha256.Sum256(body)
	return state{id: hex.EncodeToString(sum[:8]), body: body, final: final}, err
}

func (s *Server) sendState(ctx context.Context, h huma.Context, now state) {
	h.SetStatus(http.StatusOK)
	h.SetHeader("Content-Type", "application/json")
	if _, err := h.BodyWriter().Write(now.body); err != nil {
		s.deps.Log.LogAttrs(ctx, slog.LevelInfo, "answer not taken", slog.Any("error", err))
	}
}

// sendStates answers with a stream. It takes one place among the followers, which
// was taken for it.
func (s *Server) sendStates(
	ctx context.Context, h huma.Context, last string, first state, look func(context.Context) (state, error),
) {
	request, ok := h.(*fiberContext)
	if !ok {
		panic("the stream stands outside of its adapter")
	}
	if first.final && first.id == last {
		<-s.followers
		h.SetStatus(http.StatusNoContent)
		return
	}
	// A little less than what a write may take, so that a stream ends and is not cut.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.WriteTimeout*9/10)
	read, write := io.Pipe()
	go func() {
		defer func() { cancel(); <-s.followers }()
		// Nobody is left to be told here.
		_ = write.CloseWithError(s.writeStates(ctx, write, last, first, look))
	}()
	h.SetStatus(http.StatusOK)
	h.SetHeader("Content-Type", eventStream)
	request.fiber.Context().SetBodyStream(read, -1)
}

// writeStates outlives its handler, so a panic here would end the process.
func (s *Server) writeStates(
	ctx context.Context, to io.Writer, last string, now state, look func(context.Context) (state, error),
) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic while a value is followed: %v", p)
			s.deps.Log.LogAttrs(ctx, slog.LevelError, "stream panicked", slog.String("request_id", requestIDOf(ctx)),
				slog.Any("error", err), slog.String("stack", string(debug.Stack())))
		}
	}()
	if _, err := io.WriteString(to, "retry: 1000\n\n"); err != nil {
		return err
	}
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	silent := time.Duration(0)
	for {
		silent += followEvery
		if now.id != last {
			if err := now.write(to); err != nil {
				return err
			}
			last, silent = now.id, 0
		}
		if now.final {
			return nil
		}
		if silent >= followPulse {
			if _, err := io.WriteString(to, ":\n\n"); err != nil {
				return err
			}
			silent = 0
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.api.conns.ended:
			return nil
		case <-tick.C:
		}
		if now, err = look(ctx); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			s.deps.Log.LogAttrs(ctx, slog.LevelWarn, "stream broke off", slog.String("request_id", requestIDOf(ctx)),
				slog.Any("error", err))
			return nil
		}
	}
}

// write sends the state as one event.
func (s state) write(to io.Writer) error {
	_, err := fmt.Fprintf(to, "id: %s\nevent: state\ndata: %s\n\n", s.id, bytes.TrimSpace(s.body))
	return err
}

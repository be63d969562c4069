package httpapi

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"twoline/gateway/audit"
	"twoline/gateway/once"
)

// Route is one row of the route table.
type Route struct {
	// Method and Path are as in OpenAPI: "GET", "/v1/items/{id}".
	Method, Path string
	// Summary is one line for the documentation, Description may be longer.
	Summary, Description string
	// Who may call it; a route without is refused at registration.
	Who Who
	// Status of a success; 0 is 200.
	Status int
	// Accept are the Content-Types that the body may have; none is application/json,
	// and any for an upload.
	Accept []string
	// Files are the Content-Types that a Download answers; none is application/octet-stream.
	Files []string
	// Deadline bounds the work of one request; 0 is 30 s, and 30 min for an upload.
	Deadline time.Duration
}

// kind is how a route treats its request.
type kind int

const (
	kindQuery kind = iota
	kindSearch
	kindCommand
	kindSession
	kindUpload
	kindDownload
	kindService
)

// entry is a registered route.
type entry struct {
	Route
	kind kind
	door *door
}

// name is how idempotency, limits and the audit trail know the route.
func (e *entry) name() string { return e.Method + " " + e.Path }

// Query registers a GET that answers JSON.
func Query[In, Out any](s *Server, r Route, run func(context.Context, Call, *In) (Out, error)) {
	answer(s, r, kindQuery, run)
}

// Search registers a POST that reads: personal data never stands in a URL. It
// needs no Idempotency-Key because it changes nothing.
func Search[In, Out any](s *Server, r Route, run func(context.Context, Call, *In) (Out, error)) {
	answer(s, r, kindSearch, run)
}

type body[Out any] struct{ Body Out }

func answer[In, Out any](s *Server, r Route, k kind, run func(context.Context, Call, *In) (Out, error)) {
	register(s, r, k, func(*huma.Operation) {}, func(ctx context.Context, c Call, in *In) (*body[Out], error) {
		out, err := run(ctx, c, in)
		if err != nil {
			return nil, err
		}
		return &body[Out]{out}, nil
	})
}

// answered is a rendered answer: its bytes are sent as they were kept.
type answered struct {
	Status      int
	ContentType string `header:"Content-Type" hidden:"true"`
	Replayed    string `header:"Idempotent-Replayed" doc:"true when the effect was there before this request"`
	Body        []byte
}

// Command registers a POST, PUT or PATCH that takes effect once. run passes
// Call.Request and Call.Render to the flow's Service, which calls Render with a
// T inside its transaction; view makes the wire type of it.
func Command[In, T, Out any](
	s *Server, r Route, view func(T) Out, run func(context.Context, Call, *In) (once.Answer, error),
) {
	take := func(ctx context.Context, c Call, in *In) (*answered, error) {
		c.Render = renderer(r.status(), view)
		return s.take(ctx, c, func() (once.Answer, error) { return run(ctx, c, in) })
	}
	register(s, r, kindCommand, documentAnswer[Out](s, r), take)
}

// Upload registers a PUT on the upload address. The body is a stream: it is read
// to its end before anything of it may have effect, and its Read returns
// digest_mismatch in place of io.EOF where the bytes are not the announced ones.
// Call.Request is known from the start, by the announced digest.
func Upload[In, T, Out any](
	s *Server, r Route, view func(T) Out,
	run func(ctx context.Context, c Call, in *In, body io.Reader) (once.Answer, error),
) {
	document := func(op *huma.Operation) {
		documentAnswer[Out](s, r)(op)
		op.RequestBody = binaryBody()
		op.Servers = []*huma.Server{s.uploadServer()}
		op.Parameters = append(op.Parameters,
			headerParam("Content-Digest", "sha-256 of the body's bytes (RFC 9530)", `^sha-256=:[0-9A-Za-z+/]{43}=:$`))
	}
	register(s, r, kindUpload, document, func(ctx context.Context, c Call, in *In) (*answered, error) {
		c.Render = renderer(r.status(), view)
		return s.take(ctx, c, func() (once.Answer, error) {
			defer c.body.stop()
			a, err := run(ctx, c, in, c.body)
			if err != nil {
				c.body.drain()
			}
			return a, err
		})
	})
}

func (r Route) status() int {
	if r.Status == 0 {
		return http.StatusOK
	}
	return r.Status
}

// register is the one way into the route table and the router.
func register[In, Out any](
	s *Server, r Route, k kind, document func(*huma.Operation), run func(context.Context, Call, *In) (*Out, error),
) {
	e := s.enter(r, k)
	op := s.operation(e)
	document(&op)
	op.Middlewares = huma.Middlewares{func(h huma.Context, next func(huma.Context)) { s.guarded(e, h, next) }}
	huma.Register(e.door.api, op, func(ctx context.Context, in *In) (*Out, error) {
		c, ok := callOf(ctx)
		if !ok {
			return nil, problemOf(fmt.Errorf("%s ran without its guard", e.name()), "")
		}
		out, err := run(ctx, c, in)
		if err != nil {
			if ctx.Err() != nil && !isFault(err) {
				err = errDeadline.Because(err)
			}
			s.auditRefusal(ctx, e, c, err)
			return nil, s.report(ctx, e, err)
		}
		return out, nil
	})
}

// enter checks a route and puts it into the table.
func (s *Server) enter(r Route, k kind) *entry {
	e := &entry{Route: r, kind: k, door: s.api}
	switch {
	case r.Who.empty():
		panic("route " + e.name() + " does not say who may call it")
	case r.Summary == "" || !strings.HasPrefix(r.Path, "/"):
		panic("route " + e.name() + " needs a path and a summary")
	case (k == kindQuery || k == kindDownload) != (r.Method == http.MethodGet) && k < kindService:
		if k != kindSession {
			panic("route " + e.name() + ": a Query and a Download are GET, nothing else is")
		}
	}
	for _, other := range s.table {
		if other.name() == e.name() {
			panic("route " + e.name() + " is registered twice")
		}
	}
	setDefault(&e.Deadline, 30*time.Second)
	if k == kindUpload {
		e.door = s.upload
		if r.Deadline == 0 {
			e.Deadline = 30 * time.Minute
		}
	} else if len(e.Accept) == 0 {
		e.Accept = []string{"application/json"}
	}
	s.table = append(s.table, e)
	return e
}

// guarded admits a request to its handler or answers why not.
func (s *Server) guarded(e *entry, h huma.Context, next func(huma.Context)) {
	request, ok := h.(*fiberContext)
	if !ok {
		panic("the guard stands outside of its adapter")
	}
	fc := request.fiber
	ctx, cancel := context.WithTimeout(h.Context(), e.Deadline)
	defer cancel()
	c, err := s.admit(ctx, e, fc)
	if err != nil {
		s.auditRefusal(ctx, e, c, err)
		if c.body != nil {
			c.body.drain()
		}
		s.report(ctx, e, err).write(fc.Context())
		return
	}
	ctx = audit.WithOrigin(withCall(ctx, c), originOf(ctx, e, c))
	next(request.with(ctx))
}

// schemaOf registers a wire type and returns a reference to its schema.
func schemaOf[T any](s *Server) *huma.Schema {
	t := reflect.TypeFor[T]()
	return s.spec.Components.Schemas.Schema(t, true, t.Name())
}

package httpapi

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
)

// fiberAdapter registers huma's operations with a Fiber router. It is our own
// because the library's one draws in a second major version of Fiber, and reads
// bodies through the call that inflates them.
type fiberAdapter struct{ app *fiber.App }

// Handle implements huma.Adapter.
func (a *fiberAdapter) Handle(op *huma.Operation, handler func(huma.Context)) {
	a.app.Add(op.Method, fiberPath(op.Path), func(c *fiber.Ctx) error {
		handler(&fiberContext{op: op, fiber: c, ctx: c.UserContext(), status: 0})
		return nil
	})
}

// ServeHTTP implements huma.Adapter; nothing calls it.
func (a *fiberAdapter) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusNotImplemented)
}

// fiberContext shows one request of Fiber to huma.
type fiberContext struct {
	op     *huma.Operation
	fiber  *fiber.Ctx
	ctx    context.Context //nolint:containedctx // huma's context is a request
	status int
}

// with returns the same request under another context.
func (c *fiberContext) with(ctx context.Context) *fiberContext {
	c.fiber.SetUserContext(ctx)
	return &fiberContext{op: c.op, fiber: c.fiber, ctx: ctx, status: c.status}
}

func (c *fiberContext) Operation() *huma.Operation { return c.op }

func (c *fiberContext) Context() context.Context { return c.ctx }

func (c *fiberContext) TLS() *tls.ConnectionState { return c.fiber.Context().TLSConnectionState() }

func (c *fiberContext) Version() huma.ProtoVersion {
	return huma.ProtoVersion{Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
}

func (c *fiberContext) Method() string { return c.fiber.Method() }

func (c *fiberContext) Host() string { return string(c.fiber.Request().Header.Host()) }

func (c *fiberContext) RemoteAddr() string { return c.fiber.Context().RemoteAddr().String() }

func (c *fiberContext) URL() url.URL {
	u, err := url.ParseRequestURI(string(c.fiber.Request().Header.RequestURI()))
	if err != nil {
		return url.URL{Path: c.fiber.Path()}
	}
	return *u
}

func (c *fiberContext) Param(name string) string { return c.fiber.Params(name) }

func (c *fiberContext) Query(name string) string { return c.fiber.Query(name) }

func (c *fiberContext) Header(name string) string { return c.fiber.Get(name) }

func (c *fiberContext) EachHeader(each func(name, value string)) {
	for name, value := range c.fiber.Request().Header.All() {
		each(string(name), string(value))
	}
}

// BodyReader gives the bytes as they came: nothing is inflated.
func (c *fiberContext) BodyReader() io.Reader { return bytes.NewReader(c.fiber.Request().Body()) }

func (c *fiberContext) GetMultipartForm() (*multipart.Form, error) {
	return nil, errors.New("forms are not taken")
}

// SetReadDeadline has nothing to do: the body was read before the handler ran.
func (c *fiberContext) SetReadDeadline(time.Time) error { return nil }

func (c *fiberContext) SetStatus(status int) {
	c.status = status
	c.fiber.Status(status)
}

func (c *fiberContext) Status() int { return c.status }

func (c *fiberContext) SetHeader(name, value string) { c.fiber.Set(name, value) }

func (c *fiberContext) AppendHeader(name, value string) { c.fiber.Append(name, value) }

func (c *fiberContext) BodyWriter() io.Writer { return c.fiber.Context() }

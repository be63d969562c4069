package httpapi

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"twoline/gateway/fault"
)

const (
	maxBody   = 4 << 20
	maxHeader = 16 << 10
)

// fiberConfig keeps every string that leaves a request a copy of its own
// (Immutable), and reads a body whole on the API, as a stream on uploads: a
// stream that a handler leaves unread would run as the next request, so that
// listener keeps no connection alive.
func (s *Server) fiberConfig(upload bool) fiber.Config {
	return fiber.Config{
		Immutable: true, CaseSensitive: true, StrictRouting: true,
		BodyLimit: maxBody, ReadBufferSize: maxHeader,
		ReadTimeout: s.config.ReadTimeout, WriteTimeout: s.config.WriteTimeout, IdleTimeout: s.config.IdleTimeout,
		StreamRequestBody: upload, DisableKeepalive: upload, DisablePreParseMultipartForm: true,
		EnableTrustedProxyCheck: true, TrustedProxies: s.config.TrustedProxies,
		DisableStartupMessage: true, DisableDefaultContentType: true,
		ErrorHandler: func(c *fiber.Ctx, err error) error {
			s.routerProblem(c, err).write(c.Context())
			return nil
		},
	}
}

const allowedMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"

// gate stands before the router, which answers a method that it does not know
// in plain text, and refuses what no route takes.
func (s *Server) gate(d *door, next fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(c *fasthttp.RequestCtx) {
		d.conns.busy(c.Conn())
		switch string(c.Method()) {
		case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
			http.MethodDelete, http.MethodOptions:
			next(c)
		default:
			p := protocolProblem(http.StatusMethodNotAllowed, errMethod)
			p.RequestID, p.allow = rand.Text(), allowedMethods
			c.SetConnectionClose()
			p.write(c)
		}
	}
}

// edge gives every request its id, its headers and its last resort.
func (s *Server) edge(d *door, c *fiber.Ctx) (err error) {
	id, started := rand.Text(), s.deps.Now()
	ctx := context.WithValue(context.Background(), requestKey{}, id)
	ctx = context.WithValue(ctx, objectKey{}, objectPath(c))
	c.SetUserContext(ctx)
	s.setHeaders(d, c, id)
	defer func() {
		if p := recover(); p != nil {
			s.deps.Log.LogAttrs(ctx, slog.LevelError, "handler panicked", slog.String("request_id", id),
				slog.String("panic", fmt.Sprint(p)), slog.String("stack", string(debug.Stack())))
			problemOf(errInternal, id).write(c.Context())
			err = nil
		}
		s.settle(ctx, d, c, id, started)
	}()
	if err := precheck(c); err != nil {
		problemOf(err, id).write(c.Context())
		return nil
	}
	if err := c.Next(); err != nil {
		s.routerProblem(c, err).write(c.Context())
	}
	return nil
}

func (s *Server) setHeaders(d *door, c *fiber.Ctx, id string) {
	c.Set("Request-Id", id)
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderReferrerPolicy, "no-referrer")
	c.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; frame-ancestors 'none'")
	if d.scheme == "https" {
		c.Set(fiber.HeaderStrictTransportSecurity, "max-age=31536000; includeSubDomains")
	}
}

// precheck refuses what no route takes: an encoded body, whose bytes would be
// others than those that were signed, and a path with a second spelling.
func precheck(c *fiber.Ctx) error {
	if len(c.Request().Header.Peek(fiber.HeaderContentEncoding)) > 0 {
		return protocolProblem(http.StatusUnsupportedMediaType, errEncoding)
	}
	path, _, _ := strings.Cut(string(c.Request().Header.RequestURI()), "?")
	if path != c.Path() || strings.ContainsRune(path, '%') {
		return errPath
	}
	return nil
}

// routerProblem answers what the router or the protocol refused.
func (s *Server) routerProblem(c *fiber.Ctx, err error) *Problem {
	id := requestIDOf(c.UserContext())
	if id == "" {
		id = rand.Text()
	}
	var f *fiber.Error
	if !errors.As(err, &f) {
		s.deps.Log.LogAttrs(c.UserContext(), slog.LevelError, "router failed", slog.String("request_id", id),
			slog.Any("error", err))
		return problemOf(err, id)
	}
	refusal := map[int]*fault.Error{
		http.StatusNotFound: errRoute, http.StatusMethodNotAllowed: errMethod,
		http.StatusRequestEntityTooLarge: errBodyTooLarge, http.StatusRequestHeaderFieldsTooLarge: errHeaders,
		http.StatusRequestTimeout: errTimeout,
	}[f.Code]
	status := f.Code
	if refusal == nil {
		refusal, status = errProtocol, http.StatusBadRequest
	}
	return withRequest(protocolProblem(status, refusal), id)
}

type objectKey struct{}

// objectPath is what an audit row names: a path, cut to a bounded length. Paths
// hold ids and never personal data.
func objectPath(c *fiber.Ctx) string {
	path := c.Path()
	return path[:min(len(path), 200)]
}

func objectOf(ctx context.Context) string {
	path, _ := ctx.Value(objectKey{}).(string)
	return path
}

// clientIP is the address that a limit counts: the last one that a trusted proxy
// saw, since whatever stands before it is the client's own word.
func clientIP(c *fiber.Ctx) string {
	remote, _, err := net.SplitHostPort(c.Context().RemoteAddr().String())
	if err != nil {
		remote = c.Context().RemoteAddr().String()
	}
	if !c.IsProxyTrusted() {
		return remote
	}
	chain := strings.Split(c.Get(fiber.HeaderXForwardedFor), ",")
	last := strings.TrimSpace(chain[len(chain)-1])
	if ip, err := netip.ParseAddr(last); err == nil {
		return ip.String()
	}
	return remote
}

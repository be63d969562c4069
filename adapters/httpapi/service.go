package httpapi

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"path"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
)

// Check is one thing that /readyz asks.
type Check struct {
	// Name is shown in the answer: "postgresql", "schema", "durability", "redis".
	Name string
	// Required says that the service is not ready without it.
	Required bool
	// Probe returns nil where all is well. Its text goes to the log.
	Probe func(context.Context) error
}

// Readiness is the answer of /readyz.
type Readiness struct {
	Status string            `json:"status" enum:"ready,degraded,not_ready"`
	Checks map[string]string `json:"checks" doc:"ok, or missing"`
}

type alive struct {
	Status string `json:"status" enum:"alive"`
}

//go:embed docs
var docs embed.FS

// serviceRoutes are the routes that need no key.
func (s *Server) serviceRoutes() {
	text := &huma.Schema{Type: huma.TypeString}
	answer(s, Route{
		Method: http.MethodGet, Path: "/healthz", Summary: "The process answers", Who: Anyone(),
	}, kindService, func(context.Context, Call, *struct{}) (alive, error) { return alive{"alive"}, nil })
	ready := s.page(Route{
		Method: http.MethodGet, Path: "/readyz", Who: Anyone(),
		Summary: "PostgreSQL reachable, schema current, durability settings proved; without Redis degraded, yet ready",
	}, "application/json", schemaOf[Readiness](s), s.ready)
	ready.Responses["503"] = jsonResponse("Not ready", schemaOf[Readiness](s))
	s.page(Route{
		Method: http.MethodGet, Path: "/openapi.json", Summary: "This document", Who: Anyone(),
	}, "application/openapi+json", &huma.Schema{Type: huma.TypeObject}, s.sendDocument)
	s.page(Route{
		Method: http.MethodGet, Path: "/docs", Summary: "This document, readable", Who: Anyone(),
	}, "text/html; charset=utf-8", text, func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderContentSecurityPolicy, docsPolicy)
		return sendDocs(c, "index.html")
	})
	s.page(Route{
		Method: http.MethodGet, Path: "/docs/errors", Summary: "Every error code: when, and what to do", Who: Anyone(),
	}, "text/html; charset=utf-8", text, errorPage)
	s.page(Route{
		Method: http.MethodGet, Path: "/docs/errors.json", Summary: "Every error code as JSON", Who: Anyone(),
	}, "application/json", s.spec.Components.Schemas.Schema(reflect.TypeFor[[]Explained](), true, ""), func(c *fiber.Ctx) error {
		b, err := marshal(Catalogue())
		if err != nil {
			return err
		}
		return c.Send(b)
	})
	s.page(Route{
		Method: http.MethodGet, Path: "/docs/assets/{name}", Summary: "Parts of the readable document", Who: Anyone(),
	}, "application/octet-stream", text, docsAsset)
}

const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// page registers a route that answers something else than our JSON.
func (s *Server) page(r Route, contentType string, schema *huma.Schema, run func(*fiber.Ctx) error) *huma.Operation {
	e := s.enter(r, kindService)
	op := s.operation(e)
	op.Responses = map[string]*huma.Response{"200": {
		Description: "OK", Content: map[string]*huma.MediaType{contentType: {Schema: schema}},
	}}
	op.Parameters = pathParams(r.Path)
	s.spec.AddOperation(&op)
	e.door.app.Add(r.Method, fiberPath(r.Path), func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderContentType, contentType)
		return run(c)
	})
	return &op
}

func jsonResponse(text string, schema *huma.Schema) *huma.Response {
	return &huma.Response{
		Description: text, Content: map[string]*huma.MediaType{"application/json": {Schema: schema}},
	}
}

// ready asks every check within two seconds.
func (s *Server) ready(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(c.UserContext(), 2*time.Second)
	defer cancel()
	r := Readiness{Status: "ready", Checks: map[string]string{}}
	status := http.StatusOK
	for _, check := range s.deps.Checks {
		r.Checks[check.Name] = "ok"
		err := check.Probe(ctx)
		if err == nil {
			continue
		}
		r.Checks[check.Name] = "missing"
		s.deps.Log.LogAttrs(ctx, slog.LevelWarn, "readiness check failed", slog.String("check", check.Name),
			slog.Any("error", err))
		if check.Required {
			r.Status, status = "not_ready", http.StatusServiceUnavailable
		} else if status == http.StatusOK {
			r.Status = "degraded"
		}
	}
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write readiness: %w", err)
	}
	return c.Status(status).Send(b)
}

func docsAsset(c *fiber.Ctx) error {
	name := c.Params("name")
	kinds := map[string]string{
		".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".png": "image/png",
		".txt": "text/plain; charset=utf-8", ".json": "application/json",
	}
	kind, ok := kinds[path.Ext(name)]
	if !ok {
		return fiber.ErrNotFound
	}
	c.Set(fiber.HeaderContentType, kind)
	c.Set(fiber.HeaderCacheControl, "public, max-age=3600")
	return sendDocs(c, name)
}

func (s *Server) sendDocument(c *fiber.Ctx) error {
	b, err := s.document()
	if err != nil {
		return err
	}
	return c.Send(b)
}

// sendDocs sends an embedded file; embed.FS knows no way out of its folder.
func sendDocs(c *fiber.Ctx, name string) error {
	b, err := docs.ReadFile("docs/" + name)
	if err != nil {
		return fiber.ErrNotFound
	}
	return c.Send(b)
}

func errorPage(c *fiber.Ctx) error {
	c.Set(fiber.HeaderContentSecurityPolicy, docsPolicy)
	b, err := docs.ReadFile("docs/errors.html")
	if err != nil {
		return err
	}
	t, err := template.New("errors").Parse(string(b))
	if err != nil {
		return fmt.Errorf("read the page of errors: %w", err)
	}
	return t.Execute(c, Catalogue())
}

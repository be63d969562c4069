package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

const specText = "Payments of the resident pension between the agency, the fiscal special account and partner banks. " +
	"Money is a string of yuan with two decimals. Every POST, PUT and PATCH with an effect needs an Idempotency-Key. " +
	"Errors are application/problem+json with a stable code: see /docs/errors. Banks sign each request (HTTP Message " +
	"Signatures, RFC 9421), officers send the bearer token of their session."

func newSpec(version string) *huma.OpenAPI {
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info:    &huma.Info{Title: "twoline", Version: version, Description: specText},
		Components: &huma.Components{
			Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"bank": {
					Type: "apiKey", In: "header", Name: "Signature",
					Description: "HTTP Message Signature (RFC 9421), label sig1, with Signature-Input",
				},
				"officer": {Type: "http", Scheme: "bearer", Description: "POST /v1/session"},
			},
		},
		Extensions: map[string]any{"x-error-catalogue": Catalogue()},
	}
}

func humaConfig(spec *huma.OpenAPI) huma.Config {
	return huma.Config{
		OpenAPI: spec, DefaultFormat: "application/json", RejectUnknownQueryParameters: true,
		Formats: map[string]huma.Format{"application/json": strictFormat(), "json": strictFormat()},
	}
}

// fixSpec completes the document once the addresses are known. It is written when
// it is first asked for.
func (s *Server) fixSpec() {
	s.spec.Servers = []*huma.Server{
		{URL: s.api.public, Description: "the API"}, s.uploadServer(),
	}
	for _, e := range s.table {
		if e.kind == kindUpload {
			if op := operationOf(s.spec, e); op != nil {
				op.Servers = []*huma.Server{s.uploadServer()}
			}
		}
	}
	s.document = sync.OnceValues(func() ([]byte, error) {
		if err := s.illustrate(); err != nil {
			return nil, err
		}
		b, err := json.Marshal(s.spec)
		if err != nil {
			return nil, fmt.Errorf("write the OpenAPI document: %w", err)
		}
		return b, nil
	})
}

func (s *Server) uploadServer() *huma.Server {
	public := s.upload.public
	if public == "" {
		public = "/"
	}
	return &huma.Server{URL: public, Description: "uploads of any size"}
}

func operationOf(spec *huma.OpenAPI, e *entry) *huma.Operation {
	item := spec.Paths[e.Path]
	if item == nil {
		return nil
	}
	return map[string]*huma.Operation{
		http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put,
		http.MethodPatch: item.Patch, http.MethodDelete: item.Delete,
	}[e.Method]
}

// operation documents a route, and is what huma routes by.
func (s *Server) operation(e *entry) huma.Operation {
	op := huma.Operation{
		OperationID: operationID(e), Method: e.Method, Path: e.Path, Summary: e.Summary,
		Description: strings.TrimSpace(e.Description + "\n\nCallers: " + strings.Join(e.Who.names(), ", ") + "."),
		Tags:        []string{tagOf(e)}, DefaultStatus: e.status(), MaxBodyBytes: maxBody + 1, BodyReadTimeout: -1,
		Security: securityOf(e.Who), Responses: map[string]*huma.Response{},
		Extensions: map[string]any{"x-callers": e.Who.names()},
	}
	if e.kind != kindService {
		op.Responses["default"] = &huma.Response{
			Description: "A refusal: test its code",
			Content:     map[string]*huma.MediaType{problemType: {Schema: schemaOf[Problem](s)}},
		}
	}
	if len(e.Accept) > 1 {
		// What huma knows of the handler's body is one type.
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{}} //nolint:exhaustruct // none
		for _, media := range e.Accept {
			op.RequestBody.Content[media] = &huma.MediaType{ //nolint:exhaustruct // the examples come with all others
				Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"},
			}
		}
	}
	if e.kind == kindCommand || e.kind == kindUpload {
		op.Parameters = append(op.Parameters,
			headerParam("Idempotency-Key", "8 to 64 visible characters, one for each intent", "^[!-~]{8,64}$"))
	}
	return op
}

func headerParam(name, text, pattern string) *huma.Param {
	return &huma.Param{
		Name: name, In: "header", Required: true, Description: text,
		Schema: &huma.Schema{Type: huma.TypeString, Pattern: pattern},
	}
}

func pathParams(path string) []*huma.Param {
	var params []*huma.Param
	for _, m := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(path, -1) {
		params = append(params, &huma.Param{
			Name: m[1], In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString},
		})
	}
	return params
}

// documentAnswer shows the type that the rendered bytes hold.
func documentAnswer[Out any](s *Server, r Route) func(*huma.Operation) {
	return func(op *huma.Operation) {
		op.Responses[strconv.Itoa(r.status())] = &huma.Response{
			Description: http.StatusText(r.status()),
			Content: map[string]*huma.MediaType{
				"application/json": {Schema: schemaOf[Out](s)},
			},
		}
	}
}

func binaryBody() *huma.RequestBody {
	return &huma.RequestBody{
		Required: true, Content: map[string]*huma.MediaType{"application/octet-stream": {
			Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"},
		}},
	}
}

func securityOf(w Who) []map[string][]string {
	if w.anyone {
		return []map[string][]string{}
	}
	var all []map[string][]string
	if w.banks {
		all = append(all, map[string][]string{"bank": {}})
	}
	if w.logged || len(w.rules) > 0 {
		all = append(all, map[string][]string{"officer": {}})
	}
	return all
}

func operationID(e *entry) string {
	name := strings.NewReplacer("/v1/", "", "/", "-", "{", "", "}", "", ".", "-").Replace(e.Path)
	return strings.ToLower(e.Method) + "-" + strings.Trim(name, "-")
}

func tagOf(e *entry) string {
	if e.kind == kindService {
		return "service"
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(e.Path, "/v1/"), "/")
	return name
}

func fiberPath(path string) string { return strings.NewReplacer("{", ":", "}", "").Replace(path) }

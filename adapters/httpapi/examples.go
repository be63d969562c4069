package httpapi

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"twoline/adapters/httpapi/signature"
)

//go:embed examples
var exampleFiles embed.FS

// shown is what the document shows of one route. The files of the folder examples
// hold one a route, by method and path; all of them tell one story, so that an id
// means the same fact wherever it stands.
type shown struct {
	// Parameters are values of parameters whose schema has none, by name.
	Parameters map[string]any `json:"parameters"`
	// Requests are bodies by a name of their own. The part of the caller's story
	// that stands in a path or query goes with the body of the same name.
	Requests map[string]sample `json:"requests"`
	// Answers are bodies by status, then by name.
	Answers map[string]map[string]sample `json:"answers"`
	// Refusals are those of the route itself. Type, title, status and request_id
	// are filled in, and detail where it is left out.
	Refusals []Problem `json:"refusals"`
}

type sample struct {
	Summary    string          `json:"summary"`
	Parameters map[string]any  `json:"parameters"`
	Value      json.RawMessage `json:"value"`
}

// shownRequestID and shownKey stand in every example.
const (
	shownRequestID = "4QZ7MUT2XWPOLFZ3HCKJ5RENYA"
	shownKey       = "2026-11-27.batch-00000107"
)

func readExamples() (map[string]shown, error) {
	all := map[string]shown{}
	err := fs.WalkDir(exampleFiles, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := exampleFiles.ReadFile(path)
		if err != nil {
			return err
		}
		var some map[string]shown
		r := json.NewDecoder(bytes.NewReader(b))
		r.DisallowUnknownFields()
		if err := r.Decode(&some); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for name, s := range some {
			if _, twice := all[name]; twice {
				return fmt.Errorf("%s: %s has examples in two files", path, name)
			}
			all[name] = s
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the document's examples: %w", err)
	}
	return all, nil
}

// illustrate puts the examples into the document, whose operations are complete
// by now.
func (s *Server) illustrate() error {
	all, err := readExamples()
	if err != nil {
		return err
	}
	i := &illustrator{spec: s.spec, problem: schemaOf[Problem](s), codes: map[string]Explained{}}
	for _, e := range Catalogue() {
		i.codes[e.Code] = e
	}
	s.spec.Components.Examples = map[string]*huma.Example{}
	for _, e := range s.table {
		op := operationOf(s.spec, e)
		if op == nil {
			return fmt.Errorf("%s is not in the document", e.name())
		}
		if err := i.route(e, op, all[e.name()]); err != nil {
			return fmt.Errorf("examples of %s: %w", e.name(), err)
		}
	}
	return nil
}

type illustrator struct {
	spec    *huma.OpenAPI
	problem *huma.Schema
	codes   map[string]Explained
}

func (i *illustrator) route(e *entry, op *huma.Operation, ex shown) error {
	digests, err := bodies(op, ex)
	if err != nil {
		return err
	}
	if err := parameters(op, ex, digests); err != nil {
		return err
	}
	for status, answers := range ex.Answers {
		r := op.Responses[status]
		if r == nil || len(r.Content) == 0 {
			return fmt.Errorf("the document knows no body of a %s", status)
		}
		showEach(r.Content, answers)
	}
	for _, code := range refusalsOf(e, op) {
		if err := i.refusal(op, Problem{Code: code}, true); err != nil {
			return err
		}
	}
	for _, p := range ex.Refusals {
		if err := i.refusal(op, p, false); err != nil {
			return err
		}
	}
	if r := op.Responses["default"]; r != nil {
		p, err := i.fill(Problem{Code: errInternal.Code})
		if err != nil {
			return err
		}
		for _, media := range r.Content {
			media.Examples = map[string]*huma.Example{p.Code: i.example(p)}
		}
	}
	return nil
}

// bodies shows what may be sent. It returns the digests of what stands in an
// upload, by the example's name.
func bodies(op *huma.Operation, ex shown) (map[string]any, error) {
	digests := map[string]any{}
	for name, r := range ex.Requests {
		if r.Value == nil {
			continue
		}
		if op.RequestBody == nil || len(op.RequestBody.Content) == 0 {
			return nil, fmt.Errorf("the body %q is shown of a request that has none", name)
		}
		showEach(op.RequestBody.Content, ex.Requests)
		var text string
		if json.Unmarshal(r.Value, &text) == nil {
			digests[name] = signature.ContentDigest(sha256.Sum256([]byte(text)))
		}
	}
	return digests, nil
}

// parameters shows a value where the schema has none. One that goes with a body
// has the body's name.
func parameters(op *huma.Operation, ex shown, digests map[string]any) error {
	known := map[string]bool{}
	for _, p := range op.Parameters {
		known[p.Name] = true
		named := map[string]*huma.Example{}
		for name, r := range ex.Requests {
			value, ok := r.Parameters[p.Name]
			if p.Name == "Content-Digest" {
				value, ok = digests[name]
			}
			if ok {
				named[name] = &huma.Example{Value: value}
			}
		}
		switch value, ok := ex.Parameters[p.Name]; {
		case ok && len(named) > 0:
			return fmt.Errorf("the parameter %s has an example, and one a body", p.Name)
		case len(named) > 0:
			p.Examples = named
		case ok:
			p.Example = value
		case p.Name == "Idempotency-Key":
			p.Example = shownKey
		}
	}
	for _, r := range ex.Requests {
		for name := range r.Parameters {
			if !known[name] {
				return fmt.Errorf("there is no parameter %s", name)
			}
		}
	}
	for name := range ex.Parameters {
		if !known[name] {
			return fmt.Errorf("there is no parameter %s", name)
		}
	}
	return nil
}

// showEach shows each body among several the examples that are of its kind.
func showEach(content map[string]*huma.MediaType, samples map[string]sample) {
	for kind, media := range content {
		media.Examples = examplesOf(samples)
		if len(content) > 1 {
			maps.DeleteFunc(media.Examples, func(name string, _ *huma.Example) bool {
				return !belongs(kind, name, samples[name].Value)
			})
		}
	}
}

// belongs says which of several bodies an example is of: JSON, a kind of file that the
// example has the name of, or else text.
func belongs(kind, name string, value json.RawMessage) bool {
	files := map[string]string{
		"xlsx": xlsxType, "pdf": pdfType, "csv": csvType, "png": "image/png", "jpeg": "image/jpeg", "text": "text/plain",
	}
	switch own, named := files[name]; {
	case strings.HasSuffix(kind, "json") || !isText(value):
		return strings.HasSuffix(kind, "json") && !isText(value)
	case named:
		return kind == own
	}
	return kind != xlsxType && kind != pdfType
}

// isText says that an example is not JSON itself but text in a JSON string.
func isText(value json.RawMessage) bool { return bytes.HasPrefix(value, []byte(`"`)) }

func examplesOf(samples map[string]sample) map[string]*huma.Example {
	all := map[string]*huma.Example{}
	for name, s := range samples {
		if s.Value != nil {
			all[name] = &huma.Example{Summary: s.Summary, Value: s.Value}
		}
	}
	return all
}

// refusalsOf are the codes that every route of its kind can answer.
func refusalsOf(e *entry, op *huma.Operation) []string {
	if e.kind == kindService {
		return nil
	}
	codes := []string{errInput.Code, errRate.Code, "database_unavailable", errDeadline.Code}
	if e.Who.banks {
		codes = append(codes, "signature_refused", "signature_expired", "nonce_replayed")
	}
	if e.Who.logged || len(e.Who.rules) > 0 {
		codes = append(codes, "session_ended")
	}
	if len(e.Who.rules) > 0 {
		codes = append(codes, "duty_conflict")
	}
	if !e.Who.anyone {
		codes = append(codes, ErrUnauthenticated.Code)
		if !e.Who.logged {
			codes = append(codes, errWrongCaller.Code)
		}
	}
	if op.RequestBody != nil {
		codes = append(codes, errBodyTooLarge.Code)
		if e.kind == kindUpload {
			codes = append(codes, errDigestField.Code, "digest_mismatch", errLength.Code)
		} else {
			codes = append(codes, errContentType.Code)
			if slices.Contains(e.Accept, "application/json") {
				codes = append(codes, errJSON.Code)
			}
		}
	}
	if e.kind == kindCommand || e.kind == kindUpload {
		codes = append(codes, "idempotency_key_required", "idempotency_key_reused", "idempotency_in_progress")
	}
	if slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.Name == "cursor" }) {
		codes = append(codes, errCursor.Code)
	}
	return codes
}

// refusal shows one among the answers of its status. What every route can answer
// stands once in the document.
func (i *illustrator) refusal(op *huma.Operation, p Problem, shared bool) error {
	p, err := i.fill(p)
	if err != nil {
		return err
	}
	status := strconv.Itoa(p.Status)
	r := op.Responses[status]
	if r == nil {
		r = &huma.Response{Description: p.Title, Headers: refusalHeaders(p.Status), Content: map[string]*huma.MediaType{
			problemType: {Schema: i.problem, Examples: map[string]*huma.Example{}},
		}}
		op.Responses[status] = r
	}
	media := r.Content[problemType]
	if media == nil || (!shared && media.Examples[p.Code] != nil && media.Examples[p.Code].Ref == "") {
		return fmt.Errorf("the refusal %s cannot be shown, or is shown twice", p.Code)
	}
	if !shared {
		media.Examples[p.Code] = i.example(p)
		return nil
	}
	i.spec.Components.Examples[p.Code] = i.example(p)
	media.Examples[p.Code] = &huma.Example{Ref: "#/components/examples/" + p.Code}
	return nil
}

func (i *illustrator) example(p Problem) *huma.Example {
	e := i.codes[p.Code]
	return &huma.Example{Summary: p.Code + ": " + e.When, Description: "To do: " + e.Do + ".", Value: p}
}

func (i *illustrator) fill(p Problem) (Problem, error) {
	e, ok := i.codes[p.Code]
	if !ok || e.Status == 0 {
		return p, fmt.Errorf("no answer has the code %q", p.Code)
	}
	p.Type, p.Status, p.Title = typeOf(p.Code), e.Status, http.StatusText(e.Status)
	p.RequestID = shownRequestID
	if p.Detail == "" {
		p.Detail = e.When
	}
	return p, nil
}

// refusalHeaders are those that go with a status.
func refusalHeaders(status int) map[string]*huma.Param {
	text := map[int]map[string]string{
		http.StatusUnauthorized:    {"WWW-Authenticate": "How a caller shows who it is"},
		http.StatusConflict:        {"Retry-After": "Seconds, where it is known when the first request ends"},
		http.StatusTooManyRequests: {"Retry-After": "Seconds"},
	}[status]
	if text == nil {
		return nil
	}
	headers := map[string]*huma.Param{}
	for _, name := range slices.Sorted(maps.Keys(text)) {
		headers[name] = &huma.Param{Description: text[name], Schema: &huma.Schema{Type: huma.TypeString}}
	}
	return headers
}

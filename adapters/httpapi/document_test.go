package httpapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

// document is the served OpenAPI document, read as a client reads it: nothing of
// the server's own types is looked at.
type document struct {
	tb       testing.TB
	root     map[string]any
	registry huma.Registry
}

// servedRoute is one route of the document.
type servedRoute struct {
	name, method, path string
	node               map[string]any
}

func (h *house) document() *document {
	h.tb.Helper()
	d := &document{tb: h.tb, root: nil, registry: huma.NewMapRegistry(schemaPrefix, huma.DefaultSchemaNamer)}
	res := h.expect(request{method: "GET", path: "/openapi.json"}, 200, "")
	if err := json.Unmarshal([]byte(res.body), &d.root); err != nil {
		h.tb.Fatal(err)
	}
	for name, node := range d.object(d.root, "components", "schemas") {
		d.registry.Map()[name] = d.schema(name, node)
	}
	return d
}

const schemaPrefix = "#/components/schemas/"

// object walks down a path of objects; what is absent is empty.
func (d *document) object(node map[string]any, path ...string) map[string]any {
	for _, name := range path {
		next, _ := node[name].(map[string]any)
		node = d.resolve(next)
	}
	return node
}

// resolve follows references inside the document, save those to schemas, which
// the validator follows.
func (d *document) resolve(node map[string]any) map[string]any {
	ref, ok := node["$ref"].(string)
	if !ok || strings.HasPrefix(ref, schemaPrefix) {
		return node
	}
	path, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		d.tb.Fatalf("%s leads out of the document", ref)
	}
	found := d.object(d.root, strings.Split(path, "/")...)
	if len(found) == 0 {
		d.tb.Fatalf("%s leads nowhere", ref)
	}
	return found
}

// operations are the document's, without those that only tests register.
func (d *document) operations() []servedRoute {
	var all []servedRoute
	paths := d.object(d.root, "paths")
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if strings.HasPrefix(path, "/v1/test-") {
			continue
		}
		item := d.object(paths, path)
		for _, method := range slices.Sorted(maps.Keys(item)) {
			name := strings.ToUpper(method) + " " + path
			all = append(all, servedRoute{name, strings.ToUpper(method), path, d.object(item, method)})
		}
	}
	return all
}

func (d *document) parameters(o servedRoute) []map[string]any {
	list, _ := o.node["parameters"].([]any)
	all := make([]map[string]any, len(list))
	for i, p := range list {
		node, _ := p.(map[string]any)
		all[i] = d.resolve(node)
	}
	return all
}

// examples are those of a media type or parameter, by name; a single one has none.
func (d *document) examples(node map[string]any) map[string]any {
	all := map[string]any{}
	if one, ok := node["example"]; ok {
		all[""] = one
	}
	for name := range d.object(node, "examples") {
		value, ok := d.object(node, "examples", name)["value"]
		if !ok {
			d.tb.Errorf("the example %s has no value", name)
		}
		all[name] = value
	}
	return all
}

// check validates a value by a schema of the document. What the validator would
// let pass in silence is refused: null, and keywords and formats it ignores.
func (d *document) check(where string, node any, value any) {
	d.tb.Helper()
	schema := d.schema(where, node)
	result := &huma.ValidateResult{}
	huma.Validate(d.registry, schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, value, result)
	for _, err := range result.Errors {
		d.tb.Errorf("%s: %v", where, err)
	}
	if hasNull(value) {
		d.tb.Errorf("%s: holds null", where)
	}
}

func hasNull(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case []any:
		return slices.ContainsFunc(v, hasNull)
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(v)), hasNull)
	}
	return false
}

// wireSchema is what the document's schemas are made of. A keyword that it does
// not have is an error, so that no rule of the document goes unchecked.
type wireSchema struct {
	Ref                  string         `json:"$ref"`
	Type                 any            `json:"type"`
	Format               string         `json:"format"`
	Pattern              string         `json:"pattern"`
	Enum                 []any          `json:"enum"`
	Minimum              *json.Number   `json:"minimum"`
	Maximum              *json.Number   `json:"maximum"`
	MinLength            *int           `json:"minLength"`
	MaxLength            *int           `json:"maxLength"`
	MinItems             *int           `json:"minItems"`
	MaxItems             *int           `json:"maxItems"`
	Required             []string       `json:"required"`
	Properties           map[string]any `json:"properties"`
	Items                any            `json:"items"`
	AdditionalProperties any            `json:"additionalProperties"`

	Description        string `json:"description"`
	PatternDescription string `json:"patternDescription"`
	ContentMediaType   string `json:"contentMediaType"`
	Default            any    `json:"default"`
	Examples           []any  `json:"examples"`
}

// schema makes the validator's form of a schema, and checks the schema's own examples.
func (d *document) schema(where string, node any) *huma.Schema {
	d.tb.Helper()
	text, err := json.Marshal(node)
	if err != nil {
		d.tb.Fatal(err)
	}
	var w wireSchema
	r := json.NewDecoder(strings.NewReader(string(text)))
	r.DisallowUnknownFields()
	if err := r.Decode(&w); err != nil || node == nil {
		d.tb.Fatalf("schema of %s: %v in %s", where, err, text)
	}
	if !slices.Contains([]string{"", "date", "date-time", "int64", "binary"}, w.Format) {
		d.tb.Errorf("schema of %s: nothing checks the format %s", where, w.Format)
	}
	s := &huma.Schema{
		Ref: w.Ref, Format: w.Format, Pattern: w.Pattern, Enum: w.Enum, MinLength: w.MinLength, MaxLength: w.MaxLength,
		MinItems: w.MinItems, MaxItems: w.MaxItems, Required: w.Required, AdditionalProperties: w.AdditionalProperties,
		Minimum: limitOf(w.Minimum), Maximum: limitOf(w.Maximum), Properties: map[string]*huma.Schema{},
	}
	d.typeOf(where, s, w)
	for name, property := range w.Properties {
		s.Properties[name] = d.schema(where+"."+name, property)
	}
	if w.Items != nil {
		s.Items = d.schema(where+"[]", w.Items)
	}
	if more, ok := w.AdditionalProperties.(map[string]any); ok {
		s.AdditionalProperties = d.schema(where+".*", more)
	}
	s.PrecomputeMessages()
	for _, value := range w.Examples {
		result := &huma.ValidateResult{}
		huma.Validate(d.registry, s, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, value, result)
		for _, err := range result.Errors {
			d.tb.Errorf("the own example of %s: %v", where, err)
		}
	}
	return s
}

func (d *document) typeOf(where string, s *huma.Schema, w wireSchema) {
	d.tb.Helper()
	switch v := w.Type.(type) {
	case string:
		s.Type = v
	case []any:
		if len(v) != 2 || v[1] != "null" {
			d.tb.Fatalf("schema of %s: type %v", where, v)
		}
		s.Type, _ = v[0].(string)
		s.Nullable = true
	}
	if (s.Type == "") == (s.Ref == "") {
		d.tb.Errorf("schema of %s says neither or both of type and $ref", where)
	}
}

func limitOf(n *json.Number) *float64 {
	if n == nil {
		return nil
	}
	f, err := n.Float64()
	if err != nil {
		return nil
	}
	return &f
}

// Every request, every answer and every refusal of every route is shown, and
// each example is what the document says that it is.
func TestDocumentIsIllustrated(t *testing.T) {
	t.Parallel()
	d := open(t, setup{}).document()
	operations := d.operations()
	if len(operations) < 40 {
		t.Fatalf("the document has %d operations", len(operations))
	}
	refusals := map[string]bool{}
	for _, o := range operations {
		d.checkParameters(o)
		if body := d.object(o.node, "requestBody"); len(body) > 0 {
			d.checkContent(o.name+" request", d.object(body, "content"))
		}
		responses := d.object(o.node, "responses")
		for status := range responses {
			where := fmt.Sprintf("%s %s", o.name, status)
			content := d.object(responses, status, "content")
			if len(content) == 0 && status != "204" {
				t.Errorf("%s has no body", where)
			}
			d.checkContent(where, content)
			for code, value := range d.examples(d.object(content, "application/problem+json")) {
				refusals[code] = true
				d.checkProblem(where, status, code, value)
			}
		}
		if responses["default"] == nil && strings.HasPrefix(o.path, "/v1/") {
			t.Errorf("%s: a refusal is not described", o.name)
		}
	}
	if len(refusals) < 60 {
		t.Errorf("%d refusals are shown", len(refusals))
	}
}

func (d *document) checkContent(where string, content map[string]any) {
	d.tb.Helper()
	for media := range content {
		node := d.object(content, media)
		examples := d.examples(node)
		if len(examples) == 0 {
			d.tb.Errorf("%s: no example of %s", where, media)
		}
		for name, value := range examples {
			d.check(where+" "+name, node["schema"], value)
		}
	}
}

func (d *document) checkParameters(o servedRoute) {
	d.tb.Helper()
	templates := strings.Count(o.path, "{")
	for _, p := range d.parameters(o) {
		name, _ := p["name"].(string)
		where := o.name + " parameter " + name
		if p["in"] == "path" {
			templates--
			if !strings.Contains(o.path, "{"+name+"}") {
				d.tb.Errorf("%s is not in the path", where)
			}
		}
		examples := d.examples(p)
		own, _ := d.object(p, "schema")["examples"].([]any)
		if len(examples)+len(own) == 0 && p["required"] == true {
			d.tb.Errorf("%s is required and has no example", where)
		}
		for _, value := range examples {
			d.check(where, p["schema"], value)
		}
		d.schema(where, p["schema"])
	}
	if templates != 0 {
		d.tb.Errorf("%s: %d parameters of the path are not described", o.name, templates)
	}
}

func (d *document) checkProblem(where, status, code string, value any) {
	d.tb.Helper()
	p, _ := value.(map[string]any)
	if p["code"] != code || p["type"] != "/docs/errors#"+code || p["title"] == "" || p["detail"] == "" {
		d.tb.Errorf("%s: the refusal %s shows %v", where, code, p)
	}
	if status != "default" && fmt.Sprint(p["status"]) != status {
		d.tb.Errorf("%s: the refusal %s has status %v", where, code, p["status"])
	}
}

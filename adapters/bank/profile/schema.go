package profile

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

//go:generate go run ./internal/writeschema

// SchemaID is the identifier of the profiles' schema.
const SchemaID = "urn:twoline:profile"

// Schema returns the JSON schema (draft 2020-12) of profiles, for editors: it says
// what the parser says, as far as a schema can. Places in names, and what one part
// of a profile demands of another, only Parse proves.
func Schema() []byte {
	root := share(table().schema())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = SchemaID
	root["title"] = "A bank's profile"
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	// Maps and texts of ours cannot fail to be written.
	_ = e.Encode(root)
	return out.Bytes()
}

func (s *shape) schema() map[string]any {
	m := make(map[string]any)
	if s.doc != "" {
		m["description"] = s.doc
	}
	switch s.form {
	case formText:
		m["type"] = "string"
		s.textSchema(m)
	case formNumber:
		m["type"], m["minimum"], m["maximum"] = "integer", s.low, s.high
	case formFlag:
		m["type"] = "boolean"
	case formObject:
		s.objectSchema(m)
	case formList:
		m["type"], m["items"] = "array", s.items.schema()
		bounds(m, "minItems", "maxItems", s.low, s.high)
	case formMap:
		m["type"], m["additionalProperties"] = "object", s.items.schema()
		if s.pattern != "" {
			m["propertyNames"] = map[string]any{"pattern": s.pattern}
		}
		bounds(m, "minProperties", "maxProperties", s.low, s.high)
	case formOneOrMore:
		many := map[string]any{"type": "array", "items": s.items.schema()}
		bounds(many, "minItems", "maxItems", s.low, s.high)
		m["anyOf"] = []any{s.items.schema(), many}
	}
	return m
}

func (s *shape) textSchema(m map[string]any) {
	if len(s.choices) > 0 {
		m["enum"] = s.choices
	}
	if s.pattern != "" {
		m["pattern"] = s.pattern
	}
	bounds(m, "minLength", "maxLength", s.low, s.high)
}

func bounds(m map[string]any, least, most string, low, high int) {
	if low > 0 {
		m[least] = low
	}
	if high > 0 {
		m[most] = high
	}
}

func (s *shape) objectSchema(m map[string]any) {
	m["type"] = "object"
	own, required := keysSchema(s.keys)
	m["properties"] = own
	if len(required) > 0 {
		m["required"] = required
	}
	if s.by == "" {
		m["additionalProperties"] = false
		return
	}
	var all []any
	for _, v := range s.variants {
		more, demanded := keysSchema(v.keys)
		for name := range own {
			more[name] = true
		}
		then := map[string]any{"properties": more, "additionalProperties": false}
		if len(demanded) > 0 {
			then["required"] = demanded
		}
		all = append(all, map[string]any{
			"if": map[string]any{
				"properties": map[string]any{s.by: map[string]any{"enum": v.values}}, "required": []string{s.by},
			},
			"then": then,
		})
	}
	all = append(all, s.plain())
	m["allOf"] = all
}

// plain is for the values that choose no keys of their own.
func (s *shape) plain() map[string]any {
	var chosen []string
	names := make(map[string]any)
	for _, k := range s.keys {
		names[k.name] = true
	}
	for _, v := range s.variants {
		chosen = append(chosen, v.values...)
	}
	without := slices.DeleteFunc(slices.Clone(s.byChoices()), func(c string) bool { return slices.Contains(chosen, c) })
	return map[string]any{
		"if": map[string]any{
			"properties": map[string]any{s.by: map[string]any{"enum": without}}, "required": []string{s.by},
		},
		"then": map[string]any{"properties": maps.Clone(names), "additionalProperties": false},
	}
}

func (s *shape) byChoices() []string {
	for _, k := range s.keys {
		if k.name == s.by {
			return k.shape.choices
		}
	}
	return nil
}

func keysSchema(keys []key) (properties map[string]any, required []string) {
	properties = make(map[string]any, len(keys))
	for _, k := range keys {
		properties[k.name] = k.shape.schema()
		if k.required {
			required = append(required, k.name)
		}
	}
	return properties, required
}

// share moves what stands at several places of a schema into its definitions.
func share(root map[string]any) map[string]any {
	const worthIt = 200
	seen, order := make(map[string]int), []string{}
	eachObject(root, func(m map[string]any) map[string]any {
		text := written(m)
		if seen[text]++; seen[text] == 2 && len(text) > worthIt {
			order = append(order, text)
		}
		return m
	})
	names := make(map[string]string, len(order))
	definitions := make(map[string]any, len(order))
	for i, text := range order {
		names[text] = "shared" + strconv.Itoa(i+1)
	}
	replace := func(m map[string]any) map[string]any {
		name, shared := names[written(m)]
		if !shared {
			return m
		}
		return map[string]any{"$ref": "#/$defs/" + name}
	}
	for text, name := range names {
		var m map[string]any
		// It was written a moment ago.
		_ = json.Unmarshal([]byte(text), &m)
		eachBelow(m, replace)
		definitions[name] = m
	}
	eachBelow(root, replace)
	root["$defs"] = definitions
	return root
}

func written(m map[string]any) string {
	b, _ := json.Marshal(m) // maps and texts of ours cannot fail
	return string(b)
}

// eachObject visits the schemas from the outside in, and puts what each gives in
// its place; what was replaced is not looked into.
func eachObject(m map[string]any, each func(map[string]any) map[string]any) map[string]any {
	given := each(m)
	if _, replaced := given["$ref"]; replaced {
		return given
	}
	eachBelow(m, each)
	return m
}

// eachBelow visits the schemas inside of one.
func eachBelow(m map[string]any, each func(map[string]any) map[string]any) {
	for _, name := range []string{"items", "additionalProperties", "then"} {
		if inner, ok := m[name].(map[string]any); ok {
			m[name] = eachObject(inner, each)
		}
	}
	if properties, ok := m["properties"].(map[string]any); ok {
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			if inner, ok := properties[name].(map[string]any); ok {
				properties[name] = eachObject(inner, each)
			}
		}
	}
	for _, name := range []string{"anyOf", "allOf"} {
		all, _ := m[name].([]any)
		for i := range all {
			if inner, ok := all[i].(map[string]any); ok {
				all[i] = eachObject(inner, each)
			}
		}
	}
}

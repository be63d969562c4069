package profile_test

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"twoline/adapters/bank/banktest/bound"
	"twoline/adapters/bank/profile"
)

func TestSchema_IsTheParsers(t *testing.T) {
	t.Parallel()
	kept, err := os.ReadFile("profile.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, profile.Schema()) {
		t.Error("profile.schema.json is not what the parser's table says: go generate ./adapters/bank/profile")
	}
}

func schema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(profile.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(profile.SchemaID, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(profile.SchemaID)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// instance is YAML as an editor's schema sees it.
func instance(t testing.TB, src []byte) any {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal(src, &doc); err != nil {
		t.Fatal(err)
	}
	return instanceOf(doc.Content[0])
}

func instanceOf(n *yaml.Node) any {
	switch n.Kind {
	case yaml.MappingNode:
		m := make(map[string]any)
		for i := 0; i+1 < len(n.Content); i += 2 {
			m[n.Content[i].Value] = instanceOf(n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		all := []any{}
		for _, c := range n.Content {
			all = append(all, instanceOf(c))
		}
		return all
	}
	switch n.Tag {
	case "!!str":
		return n.Value
	case "!!bool":
		return n.Value == "true"
	case "!!null":
		return nil
	}
	if f, err := strconv.ParseFloat(n.Value, 64); err == nil {
		return f
	}
	return nil
}

func TestSchema_TakesWhatIsShipped(t *testing.T) {
	t.Parallel()
	s := schema(t)
	entries, err := fs.ReadDir(profile.ShippedFiles(), ".")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, e := range entries {
		if path.Ext(e.Name()) != ".yaml" {
			continue
		}
		seen++
		src, err := fs.ReadFile(profile.ShippedFiles(), e.Name())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(src, []byte("# yaml-language-server: $schema=../profile.schema.json\n")) {
			t.Errorf("%s does not tell editors its schema in its first line", e.Name())
		}
		if err := s.Validate(instance(t, src)); err != nil {
			t.Errorf("%s: %v", e.Name(), err)
		}
	}
	if seen != len(profile.Shipped()) || seen == 0 {
		t.Errorf("%d files, %d profiles", seen, len(profile.Shipped()))
	}
}

// What the table can say, schema and parser refuse alike.
func TestSchema_RefusesWhatTheParserRefuses(t *testing.T) {
	t.Parallel()
	s := schema(t)
	if err := s.Validate(instance(t, []byte(good))); err != nil {
		t.Fatal(err)
	}
	for name, c := range shapes() {
		broken := []byte(strings.Replace(good, c.old, c.new, 1))
		_, parsed := profile.Parse("x.yaml", broken)
		if validated := s.Validate(instance(t, broken)); parsed == nil || validated == nil {
			t.Errorf("%s: the parser says %v, the schema %v", name, parsed, validated)
		}
	}
}

// And alike they take it: whatever the parser takes, an editor shows no error for.
func FuzzSchema(f *testing.F) {
	f.Add([]byte(good))
	for _, c := range shapes() {
		f.Add([]byte(strings.Replace(good, c.old, c.new, 1)))
	}
	s := schema(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		defer bound.Second(t)()
		if _, err := profile.Parse("x.yaml", src); err != nil {
			return
		}
		if err := s.Validate(instance(t, src)); err != nil {
			t.Errorf("the parser takes what the schema refuses: %v", err)
		}
	})
}

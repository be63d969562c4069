package profile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// value is a checked place of a profile. A place that is not there is nil, and
// its methods give nothing then.
type value struct {
	shape        *shape
	line, column int
	path         string
	text         string
	number       int
	flag         bool
	names        []string
	of           map[string]*value
	items        []*value
}

// get returns what stands under a key.
func (v *value) get(name string) *value {
	if v == nil {
		return nil
	}
	return v.of[name]
}

func (v *value) str() string {
	if v == nil {
		return ""
	}
	return v.text
}

func (v *value) int() int {
	if v == nil {
		return 0
	}
	return v.number
}

func (v *value) yes() bool { return v != nil && v.flag }

func (v *value) list() []*value {
	if v == nil {
		return nil
	}
	return v.items
}

// texts returns the texts of a list.
func (v *value) texts() []string {
	var all []string
	for _, i := range v.list() {
		all = append(all, i.text)
	}
	return all
}

// examiner checks a document by its shape and gathers what is wrong.
type examiner struct {
	faults
	patterns map[string]*regexp.Regexp
}

// document reads the one document of a profile.
func (e *examiner) document(src []byte) *yaml.Node {
	switch {
	case len(src) > MaxSource:
		e.add(0, 0, "", "expected at most %d KiB, and found %d", MaxSource>>10, (len(src)+1023)>>10)
		return nil
	case !utf8.Valid(src):
		line, column := positionOf(src)
		e.add(line, column, "", "expected text in UTF-8, and found bytes that are not")
		return nil
	}
	loader, err := yaml.NewLoader(bytes.NewReader(src))
	if err != nil {
		e.add(0, 0, "", "%v", err)
		return nil
	}
	var doc, second yaml.Node
	if err := loader.Load(&doc); err != nil && !errors.Is(err, io.EOF) {
		e.syntax(err)
		return nil
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		e.add(1, 1, "", "expected a profile, and found nothing")
		return nil
	}
	if err := loader.Load(&second); err == nil {
		e.add(second.Line, second.Column, "", "expected one profile a file, and found another one after ---")
		return nil
	} else if !errors.Is(err, io.EOF) {
		e.syntax(err)
		return nil
	}
	return doc.Content[0]
}

func (e *examiner) syntax(err error) {
	load, ok := errors.AsType[*yaml.LoadError](err)
	if !ok {
		e.add(0, 0, "", "expected YAML: %v", err)
		return
	}
	e.add(load.Mark.Line, load.Mark.Column, "", "expected YAML: %s", load.Message)
}

// positionOf is the place of the first bytes that are not UTF-8.
func positionOf(src []byte) (line, column int) {
	line, column = 1, 1
	for len(src) > 0 {
		r, n := utf8.DecodeRune(src)
		switch {
		case r == utf8.RuneError && n == 1:
			return line, column
		case r == '\n':
			line, column = line+1, 1
		default:
			column++
		}
		src = src[n:]
	}
	return line, column
}

// found says in words what stands at a place.
func found(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "keys with their values"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "a reference to *" + clip(n.Value)
	case yaml.ScalarNode:
		if n.Tag == "!!null" {
			return "nothing"
		}
		return strconv.Quote(clip(n.Value))
	case yaml.DocumentNode, yaml.StreamNode:
	}
	return "something else"
}

// clip keeps what is repeated in a message short.
func clip(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	cut := most
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// check reads a node by its shape; nil where it is not of it.
func (e *examiner) check(n *yaml.Node, s *shape, path string) *value {
	v := &value{ //nolint:exhaustruct // filled in by form
		shape: s, line: n.Line, column: n.Column, path: path,
	}
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		e.add(n.Line, n.Column, path, "anchors (&) and references (*) are not taken in a profile: write it out")
		return nil
	}
	ok := false
	switch s.form {
	case formText:
		ok = e.checkText(n, v)
	case formNumber:
		ok = e.checkNumber(n, v)
	case formFlag:
		if n.Kind == yaml.ScalarNode && n.Tag == "!!bool" && (n.Value == "true" || n.Value == "false") {
			v.flag, ok = n.Value == "true", true
		} else {
			e.wrong(n, v)
		}
	case formObject:
		ok = e.checkObject(n, v)
	case formList:
		ok = e.checkList(n, v)
	case formMap:
		ok = e.checkMap(n, v)
	case formOneOrMore:
		if n.Kind == yaml.SequenceNode {
			ok = e.checkList(n, v)
			break
		}
		one := e.check(n, s.items, path)
		v.items, ok = []*value{one}, one != nil
	}
	if !ok {
		return nil
	}
	return v
}

func (e *examiner) wrong(n *yaml.Node, v *value) {
	e.add(n.Line, n.Column, v.path, "expected %s, and found %s", v.shape.expected(), found(n))
}

func (e *examiner) checkText(n *yaml.Node, v *value) bool {
	s := v.shape
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		e.wrong(n, v)
		return false
	}
	if n.Tag != "!!str" {
		hint := "; put it into quotes"
		if len(s.choices) > 0 {
			hint = ""
		}
		e.add(n.Line, n.Column, v.path, "expected %s, and found %s, which YAML takes for no text%s",
			s.expected(), clip(n.Value), hint)
		return false
	}
	v.text = n.Value
	length := utf8.RuneCountInString(n.Value)
	switch {
	case len(s.choices) > 0:
		if slices.Contains(s.choices, n.Value) {
			return true
		}
		e.add(n.Line, n.Column, v.path, "expected %s, and found %s%s", s.expected(), found(n),
			didYouMean(n.Value, s.choices))
		return false
	case s.pattern != "" && !e.matches(s.pattern, n.Value):
		e.wrong(n, v)
		return false
	case length < s.low:
		e.add(n.Line, n.Column, v.path, "expected a text of at least %d characters, and found %s", s.low, found(n))
		return false
	case s.high > 0 && length > s.high:
		e.add(n.Line, n.Column, v.path, "expected a text of at most %d characters, and found %d", s.high, length)
		return false
	}
	return true
}

func (e *examiner) matches(pattern, text string) bool {
	if e.patterns[pattern] == nil {
		if e.patterns == nil {
			e.patterns = make(map[string]*regexp.Regexp)
		}
		e.patterns[pattern] = regexp.MustCompile(pattern)
	}
	return e.patterns[pattern].MatchString(text)
}

func (e *examiner) checkNumber(n *yaml.Node, v *value) bool {
	number, err := strconv.Atoi(n.Value)
	// 0o17, 0x1F, 1_000 and 017 are numbers in YAML, and not what anyone means here.
	plain := n.Kind == yaml.ScalarNode && n.Tag == "!!int" && err == nil && strconv.Itoa(number) == n.Value
	switch {
	case !plain:
		e.wrong(n, v)
		return false
	case number < v.shape.low || number > v.shape.high:
		e.add(n.Line, n.Column, v.path, "expected a number from %d to %d, and found %d",
			v.shape.low, v.shape.high, number)
		return false
	}
	v.number = number
	return true
}

func (e *examiner) checkList(n *yaml.Node, v *value) bool {
	s := v.shape
	if n.Kind != yaml.SequenceNode || n.Tag != "!!seq" {
		e.wrong(n, v)
		return false
	}
	if len(n.Content) < s.low || s.high > 0 && len(n.Content) > s.high {
		e.add(n.Line, n.Column, v.path, "expected %d to %d items, and found %d", s.low, s.high, len(n.Content))
		return false
	}
	ok := true
	for i, c := range n.Content {
		item := e.check(c, s.items, fmt.Sprintf("%s[%d]", v.path, i))
		ok = ok && item != nil
		v.items = append(v.items, item)
	}
	return ok
}

// pairs gives the keys of a mapping with their values, each key once.
func (e *examiner) pairs(n *yaml.Node, v *value, each func(name string, key, under *yaml.Node)) bool {
	if n.Kind != yaml.MappingNode || n.Tag != "!!map" {
		e.wrong(n, v)
		return false
	}
	seen := make(map[string]int)
	before := len(e.all)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind != yaml.ScalarNode || k.Tag == "!!null" || k.Tag == "!!merge" || k.Anchor != "" {
			e.add(k.Line, k.Column, v.path, "expected a key, and found %s", found(k))
			continue
		}
		if first, twice := seen[k.Value]; twice {
			e.add(k.Line, k.Column, v.path, "the key %q stands twice, for the first time in line %d", clip(k.Value),
				first)
			continue
		}
		seen[k.Value] = k.Line
		each(k.Value, k, n.Content[i+1])
	}
	return len(e.all) == before
}

func (e *examiner) checkMap(n *yaml.Node, v *value) bool {
	s := v.shape
	v.of = make(map[string]*value)
	before := len(e.all)
	if !e.pairs(n, v, func(name string, k, under *yaml.Node) {
		if s.pattern != "" && !e.matches(s.pattern, name) {
			e.add(k.Line, k.Column, v.path, "expected %s, and found %q", s.says, clip(name))
			return
		}
		v.names = append(v.names, name)
		v.of[name] = e.check(under, s.items, fmt.Sprintf("%s[%q]", v.path, clip(name)))
	}) {
		return false
	}
	if s.high > 0 && len(v.of) > s.high {
		e.add(n.Line, n.Column, v.path, "expected at most %d keys, and found %d", s.high, len(v.of))
	}
	return len(e.all) == before
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// chosen is the value that says which keys an object has.
func (s *shape) chosen(n *yaml.Node) string {
	if s.by == "" || n.Kind != yaml.MappingNode {
		return ""
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == s.by && n.Content[i+1].Kind == yaml.ScalarNode {
			return n.Content[i+1].Value
		}
	}
	return ""
}

func (e *examiner) checkObject(n *yaml.Node, v *value) bool {
	chosen := v.shape.chosen(n)
	keys := v.shape.keysFor(chosen)
	v.of = make(map[string]*value)
	before := len(e.all)
	known := make(map[string]*shape, len(keys))
	names := make([]string, 0, len(keys))
	for _, k := range keys {
		known[k.name] = k.shape
		names = append(names, k.name)
	}
	if v.shape.by != "" && !slices.Contains(v.shape.byChoices(), chosen) {
		known, names = e.everyKey(v.shape)
	}
	e.pairs(n, v, func(name string, k, under *yaml.Node) {
		s, ok := known[name]
		if !ok {
			e.unknownKey(k, v, name, names, chosen)
			return
		}
		v.of[name] = e.check(under, s, join(v.path, name))
	})
	if n.Kind != yaml.MappingNode {
		return false
	}
	for _, k := range keys {
		if _, ok := v.of[k.name]; !ok && k.required && !hasKey(n, k.name) {
			e.add(n.Line, n.Column, v.path, "expected the key %q (%s), and found none", k.name, k.shape.doc)
		}
	}
	return len(e.all) == before
}

// everyKey is what an object may have where the value that chooses is not known:
// its other keys are not called unknown then.
func (e *examiner) everyKey(s *shape) (known map[string]*shape, names []string) {
	known = make(map[string]*shape)
	for _, k := range s.keys {
		known[k.name] = k.shape
	}
	for _, v := range s.variants {
		for _, k := range v.keys {
			known[k.name] = k.shape
		}
	}
	return known, slices.Sorted(maps.Keys(known))
}

func hasKey(n *yaml.Node, name string) bool {
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return true
		}
	}
	return false
}

// unknownKey says which keys there are.
func (e *examiner) unknownKey(k *yaml.Node, v *value, name string, names []string, chosen string) {
	if v.shape.by != "" && chosen != "" {
		for _, other := range v.shape.variants {
			for _, o := range other.keys {
				if o.name == name {
					e.add(k.Line, k.Column, v.path, "the key %q does not go with %s %s; it goes with %s",
						name, v.shape.by, clip(chosen), orList(v.shape.with(name)))
					return
				}
			}
		}
	}
	if meant := nearest(name, names); meant != "" {
		e.add(k.Line, k.Column, v.path, "the key %q is not known; did you mean %q?", clip(name), meant)
		return
	}
	e.add(k.Line, k.Column, v.path, "the key %q is not known; known here: %s", clip(name), strings.Join(names, ", "))
}

// with lists the values that a key goes with.
func (s *shape) with(name string) []string {
	var all []string
	for _, v := range s.variants {
		for _, k := range v.keys {
			if k.name == name {
				all = append(all, v.values...)
			}
		}
	}
	return all
}

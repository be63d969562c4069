package profile

import (
	"slices"
	"strings"
)

// form is what stands at a place of a profile.
type form int

const (
	formText form = iota
	formNumber
	formFlag
	formObject
	formList
	// formMap is an object whose keys the profile chooses, such as a bank's codes.
	formMap
	// formOneOrMore is an item, or a list of them.
	formOneOrMore
)

// shape says what may stand at a place: the parser checks by it, and the JSON
// schema is made from it, so the two cannot part.
type shape struct {
	form form
	// doc is a sentence for whoever writes the profile.
	doc string
	// choices are all texts allowed; none is any text.
	choices []string
	// pattern is what a text, or the key of a map, must match; says is that in words.
	pattern, says string
	// low and high bound a number, the length of a text in characters, and how
	// many items or keys there may be. high 0 is no bound.
	low, high int
	// keys are those of an object; where by is one of them, its value chooses more.
	keys     []key
	by       string
	variants []variant
	// items are what a list or map holds.
	items *shape
}

// key is one key of an object.
type key struct {
	name     string
	required bool
	shape    *shape
}

// variant is the keys of objects whose by is one of the values.
type variant struct {
	values []string
	keys   []key
}

func need(name string, s *shape) key  { return key{name: name, required: true, shape: s} }
func allow(name string, s *shape) key { return key{name: name, required: false, shape: s} }

func textShape(doc string, low, high int) *shape {
	return &shape{form: formText, doc: doc, low: low, high: high} //nolint:exhaustruct // the rest is for other forms
}

func choice(doc string, of ...string) *shape {
	return &shape{form: formText, doc: doc, choices: of} //nolint:exhaustruct // the rest is for other forms
}

func matching(doc, pattern, says string) *shape {
	return &shape{form: formText, doc: doc, pattern: pattern, says: says} //nolint:exhaustruct // as above
}

func numberShape(doc string, low, high int) *shape {
	return &shape{form: formNumber, doc: doc, low: low, high: high} //nolint:exhaustruct // as above
}

func flag(doc string) *shape {
	return &shape{form: formFlag, doc: doc} //nolint:exhaustruct // as above
}

func object(doc string, keys ...key) *shape {
	return &shape{form: formObject, doc: doc, keys: keys} //nolint:exhaustruct // as above
}

func list(doc string, high int, items *shape) *shape {
	return &shape{form: formList, doc: doc, low: 1, high: high, items: items} //nolint:exhaustruct // as above
}

func mapping(doc, pattern, says string, high int, items *shape) *shape {
	return &shape{ //nolint:exhaustruct // as above
		form: formMap, doc: doc, pattern: pattern, says: says, high: high, items: items,
	}
}

func oneOrMore(doc string, high int, items *shape) *shape {
	return &shape{form: formOneOrMore, doc: doc, low: 1, high: high, items: items} //nolint:exhaustruct // as above
}

// keysFor returns the keys that an object may have, given the value that chooses.
func (s *shape) keysFor(chosen string) []key {
	for _, v := range s.variants {
		if slices.Contains(v.values, chosen) {
			return append(slices.Clone(s.keys), v.keys...)
		}
	}
	return s.keys
}

// expected says in words what may stand at the place.
func (s *shape) expected() string {
	switch s.form {
	case formText:
		switch {
		case len(s.choices) > 0:
			return orList(s.choices)
		case s.says != "":
			return s.says
		}
		return "a text"
	case formNumber:
		return "a whole number"
	case formFlag:
		return "true or false"
	case formObject, formMap:
		return "keys with their values"
	case formList:
		return "a list"
	case formOneOrMore:
		return s.items.expected() + ", or a list of such"
	}
	return "something else"
}

// orList joins words as a sentence does: a, b or c.
func orList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

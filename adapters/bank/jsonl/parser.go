package jsonl

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
)

const maxFields = 24

// form tells JSON values apart; none is a field that did not stand.
type form int8

const (
	none form = iota
	text
	number
	boolean
)

type value struct {
	form form
	text string
}

// parser reads lines; it keeps its tables and one row.
type parser struct {
	kinds []kind
	row   row
}

// parse reads one object into its record.
func (p *parser) parse(line string) (bank.Record, error) {
	s := scanner{line: line}
	s.blanks()
	if !s.token('{') {
		return nil, ErrSyntax
	}
	s.blanks()
	key, ok := s.quoted()
	if !ok || !s.colon() {
		return nil, ErrSyntax
	}
	if key != "type" {
		return nil, ErrField.With("the first field of a line is type")
	}
	name, ok := s.quoted()
	if !ok {
		return nil, ErrSyntax
	}
	k := p.find(name)
	if k == nil {
		return nil, ErrField.With("the type is not known").On("type")
	}
	p.row = row{fields: k.fields}
	if err := p.fields(&s); err != nil {
		return nil, err
	}
	record := k.build(&p.row)
	if p.row.err != nil {
		return nil, p.row.err
	}
	return record, nil
}

func (p *parser) find(name string) *kind {
	for i := range p.kinds {
		if p.kinds[i].name == name {
			return &p.kinds[i]
		}
	}
	return nil
}

// fields reads the rest of an object into the row.
func (p *parser) fields(s *scanner) error {
	for {
		s.blanks()
		if s.token('}') {
			break
		}
		if !s.token(',') {
			return ErrSyntax
		}
		s.blanks()
		key, ok := s.quoted()
		if !ok || !s.colon() {
			return ErrSyntax
		}
		i := p.row.index(key)
		if i < 0 {
			return ErrField.With("the field is not known, or stands twice as type").On(clip(key))
		}
		if p.row.values[i].form != none {
			return ErrField.With("the field stands twice").On(key)
		}
		if p.row.values[i], ok = s.value(); !ok {
			return ErrSyntax.On(key)
		}
	}
	s.blanks()
	if s.pos != len(s.line) {
		return ErrSyntax.With("something stands after the object")
	}
	return nil
}

// clip keeps a stranger's field name short and printable.
func clip(s string) string {
	if len(s) > 40 {
		s = s[:40]
	}
	return strings.ToValidUTF8(s, "")
}

// scanner reads JSON tokens of one line.
type scanner struct {
	line string
	pos  int
}

func (s *scanner) blanks() {
	for s.pos < len(s.line) && (s.line[s.pos] == ' ' || s.line[s.pos] == '\t' || s.line[s.pos] == '\r') {
		s.pos++
	}
}

func (s *scanner) token(c byte) bool {
	if s.pos < len(s.line) && s.line[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

func (s *scanner) colon() bool {
	s.blanks()
	if !s.token(':') {
		return false
	}
	s.blanks()
	return true
}

// quoted reads a string; without escapes it is a part of the line.
func (s *scanner) quoted() (string, bool) {
	if !s.token('"') {
		return "", false
	}
	start := s.pos
	for ; s.pos < len(s.line); s.pos++ {
		switch c := s.line[s.pos]; {
		case c == '"':
			s.pos++
			return s.line[start : s.pos-1], true
		case c == '\\':
			return s.escaped(start)
		case c < 0x20:
			return "", false
		}
	}
	return "", false
}

// escaped reads on a string that has escapes.
func (s *scanner) escaped(start int) (string, bool) {
	out := []byte(s.line[start:s.pos])
	for s.pos < len(s.line) {
		c := s.line[s.pos]
		s.pos++
		switch {
		case c == '"':
			return string(out), true
		case c < 0x20:
			return "", false
		case c != '\\':
			out = append(out, c)
		default:
			r, ok := s.escape()
			if !ok {
				return "", false
			}
			out = utf8.AppendRune(out, r)
		}
	}
	return "", false
}

// escape reads what follows a backslash; half a surrogate pair is refused.
func (s *scanner) escape() (rune, bool) {
	if s.pos >= len(s.line) {
		return 0, false
	}
	c := s.line[s.pos]
	s.pos++
	if c != 'u' {
		const names, meanings = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
		i := strings.IndexByte(names, c)
		if i < 0 {
			return 0, false
		}
		return rune(meanings[i]), true
	}
	r, ok := s.hex()
	if !ok || !utf16.IsSurrogate(r) {
		return r, ok
	}
	if !s.token('\\') || !s.token('u') {
		return 0, false
	}
	low, ok := s.hex()
	pair := utf16.DecodeRune(r, low)
	return pair, ok && pair != utf8.RuneError
}

func (s *scanner) hex() (rune, bool) {
	if s.pos+4 > len(s.line) {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s.line[s.pos : s.pos+4]) {
		i := strings.IndexByte(hex, c|0x20)
		if i < 0 || c < '0' {
			return 0, false
		}
		r = r<<4 | rune(i&15)
	}
	s.pos += 4
	return r, true
}

// value reads a string, a plain number or a boolean; nothing else is in a line.
func (s *scanner) value() (value, bool) {
	if s.pos < len(s.line) && s.line[s.pos] == '"' {
		t, ok := s.quoted()
		return value{form: text, text: t}, ok
	}
	start := s.pos
	for s.pos < len(s.line) {
		c := s.line[s.pos]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			break
		}
		s.pos++
	}
	t := s.line[start:s.pos]
	switch {
	case t == "true" || t == "false":
		return value{form: boolean, text: t}, true
	case isPlain(t):
		return value{form: number, text: t}, true
	}
	return value{}, false
}

// isPlain says that t is a number as we write it: digits, no leading zero.
func isPlain(t string) bool {
	if t == "" || len(t) > 15 || t[0] == '0' && len(t) > 1 {
		return false
	}
	for i := range len(t) {
		if t[i] < '0' || t[i] > '9' {
			return false
		}
	}
	return true
}

// row is one object's values, in the order of its kind's fields.
type row struct {
	fields []string
	values [maxFields]value
	next   int
	err    error
}

// index finds a field, beginning where the last one stood.
func (r *row) index(name string) int {
	for i := r.next; i < len(r.fields); i++ {
		if r.fields[i] == name {
			r.next = i + 1
			return i
		}
	}
	for i := range r.fields[:min(r.next, len(r.fields))] {
		if r.fields[i] == name {
			r.next = i + 1
			return i
		}
	}
	return -1
}

// get returns a field's value; the zero value where it did not stand or is of
// another form, which is an error.
func (r *row) get(name string, want form) string {
	i := r.index(name)
	if i < 0 {
		r.fail(name, "the field is not known")
		return ""
	}
	v := r.values[i]
	if v.form != none && v.form != want {
		r.fail(name, "the value is of another form")
		return ""
	}
	return v.text
}

func (r *row) fail(name, why string) {
	if r.err == nil {
		r.err = ErrField.With("%s", why).On(name)
	}
}

func (r *row) text(name string) string { return r.get(name, text) }

// need is text that must stand.
func (r *row) need(name string) string {
	t := r.get(name, text)
	if t == "" {
		r.fail(name, "the field is missing")
	}
	return t
}

func (r *row) count(name string) int {
	t := r.get(name, number)
	if t == "" {
		return 0
	}
	n, err := strconv.Atoi(t)
	if err != nil {
		r.fail(name, "the number is too large")
	}
	return n
}

// place is a number that must stand.
func (r *row) place(name string) int {
	if i := r.index(name); i >= 0 && r.values[i].form == none {
		r.fail(name, "the field is missing")
	}
	return r.count(name)
}

func (r *row) boolean(name string) bool { return r.get(name, boolean) == "true" }

func (r *row) maybeBoolean(name string) *bool {
	t := r.get(name, boolean)
	if t == "" {
		return nil
	}
	b := t == "true"
	return &b
}

func (r *row) day(name string) calendar.Day {
	t := r.get(name, text)
	if t == "" {
		return calendar.Day{}
	}
	d, err := calendar.ParseDay(t)
	if err != nil {
		r.fail(name, "the date does not exist, or is not written 2026-11-25")
	}
	return d
}

// signed reads an amount that may be negative; nil where it does not stand.
func (r *row) signed(name string) *bank.Figure {
	t := r.get(name, text)
	if t == "" {
		return nil
	}
	f, err := bank.ParseFigure(t)
	if err != nil || !isCanonical(t) {
		r.fail(name, `an amount is written "183.10": at least two decimals, no sign, no leading zero`)
		return nil
	}
	return &f
}

func (r *row) unsigned(name string) *bank.Figure {
	f := r.signed(name)
	if f != nil && f.IsNegative() {
		r.fail(name, "an amount has no sign")
	}
	return f
}

// amount is an amount or, where it does not stand, the zero Figure.
func (r *row) amount(name string) bank.Figure {
	if f := r.unsigned(name); f != nil {
		return *f
	}
	return bank.Figure{}
}

// isCanonical says that t is written as Figure.String writes it.
func isCanonical(t string) bool {
	whole, decimals, _ := strings.Cut(t, ".")
	digits := strings.TrimPrefix(whole, "-")
	if len(decimals) < 2 || digits == "" || digits[0] == '+' || digits[0] == '0' && len(digits) > 1 {
		return false
	}
	return len(digits) == len(whole) || strings.Trim(t, "-0.") != ""
}

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/entitlement"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

const (
	// nationalMinimum is the shipped policy: the nation's rows and nothing else.
	nationalMinimum = "national-minimum"
	// unnamedArea stands for the area of rules whose file names none: no area has this number.
	unnamedArea party.Area = 1
	// maxDocument is how long the name of a document is, as in an import.
	maxDocument = 200
)

// memberFile is what a file asks.
type memberFile struct {
	area   party.Area
	rows   []policy.Row
	asOf   calendar.Month
	member entitlement.Member
}

// readMemberFile reads a file strictly: every field is known, there where it is
// needed, once and of its form, or the refusal names it.
func readMemberFile(raw []byte) (memberFile, error) {
	var in memberFile
	raw = bytes.TrimPrefix(raw, []byte("\uFEFF"))
	if !utf8.Valid(raw) {
		return in, errCalculate.With("the file is not UTF-8")
	}
	var whole json.RawMessage
	if err := json.Unmarshal(raw, &whole); err != nil {
		return in, syntaxFault(raw, err)
	}
	var r strictReader
	top := r.object("", whole, "policy", "as_of", "member")
	in.asOf = top.month("as_of")
	in.readPolicy(&r, top)
	in.readMember(&r, r.object("member", top.need("member"), "birth", "years", "opening", "payments"))
	return in, r.err
}

// syntaxFault names the line at which a file is no JSON.
func syntaxFault(raw []byte, err error) error {
	if s, ok := errors.AsType[*json.SyntaxError](err); ok {
		before := raw[:min(int(s.Offset), len(raw))]
		return errCalculate.With("the file is no JSON: %v", err).At(1 + bytes.Count(before, []byte("\n")))
	}
	return errCalculate.With("the file is no JSON: %v", err)
}

func (in *memberFile) readPolicy(r *strictReader, top strictObject) {
	raw := top.need("policy")
	if len(raw) == 0 {
		return
	}
	switch raw[0] {
	case '"':
		if name := top.text("policy"); name != nationalMinimum {
			r.refuse("policy", "the shipped policy is %s, not %q; else rules of an area", nationalMinimum, name)
		}
	case '[':
		in.area = unnamedArea
		in.readRules(r, "policy", r.list("policy", raw))
	default:
		o := r.object("policy", raw, "area", "rules")
		in.area = unnamedArea
		if o.has("area") {
			area, err := party.ParseArea(o.text("area"))
			o.check("area", err)
			in.area = area
		}
		in.readRules(r, "policy.rules", r.list("policy.rules", o.need("rules")))
	}
}

func (in *memberFile) readRules(r *strictReader, path string, list []json.RawMessage) {
	for i, raw := range list {
		o := r.object(fmt.Sprintf("%s[%d]", path, i), raw, "rule", "effective_from", "value", "document")
		row := policy.Row{
			Area: in.area, Rule: policy.Rule(o.text("rule")), From: o.day("effective_from"), Value: policy.Value{},
			Document: strings.TrimSpace(o.text("document")), Round: 0,
		}
		if row.Document == "" || !approval.IsLine(row.Document, maxDocument) {
			o.refuse("document", "it names where the rule is written, in one line of 1 to %d characters", maxDocument)
		}
		row.Value = o.value(row.Rule)
		if slices.ContainsFunc(in.rows, func(old policy.Row) bool { return old.Rule == row.Rule && old.From == row.From }) {
			o.refuse("effective_from", "two rows of %s hold from %s", row.Rule, row.From)
		}
		if row.Rule.Yearly() && slices.ContainsFunc(in.rows, func(old policy.Row) bool {
			return old.Rule == row.Rule && old.From.Year() == row.From.Year()
		}) {
			o.refuse("effective_from", "two rows of %s hold for the year %d", row.Rule, row.From.Year())
		}
		if n, below := row.Below(policy.National()); below {
			o.refuse("value", "the nation's %s is %s from %s on, by %s: an area may decide more, not less", n.Rule, n.Value,
				n.From, n.Document)
		}
		in.rows = append(in.rows, row)
	}
}

func (in *memberFile) readMember(r *strictReader, o strictObject) {
	m := &in.member
	m.Birth, m.Years = o.day("birth"), o.count("years")
	if o.has("opening") {
		parts := r.object("member.opening", o.need("opening"), "individual", "collective", "subsidy", "interest")
		m.Opening = entitlement.Parts{
			Individual: parts.amount("individual"), Collective: parts.amount("collective"),
			Subsidy: parts.amount("subsidy"), Interest: parts.amount("interest"),
		}
	}
	if !o.has("payments") {
		return
	}
	for i, raw := range r.list("member.payments", o.need("payments")) {
		p := r.object(fmt.Sprintf("member.payments[%d]", i), raw, "year", "amount", "paid_on", "kind")
		m.Payments = append(m.Payments, entitlement.Payment{
			Year: p.count("year"), Amount: p.amount("amount"), PaidOn: p.day("paid_on"), Kind: policy.Part(p.text("kind")),
		})
	}
}

// strictReader keeps the first refusal.
type strictReader struct{ err error }

func (r *strictReader) refuse(field, format string, args ...any) {
	if r.err == nil {
		r.err = errCalculate.With(format, args...).On(field)
	}
}

// strictObject is an object of the file and where it stands.
type strictObject struct {
	reader *strictReader
	path   string
	fields map[string]json.RawMessage
}

// object reads an object whose names are among the known ones, each once.
func (r *strictReader) object(path string, raw json.RawMessage, known ...string) strictObject {
	o := strictObject{r, path, make(map[string]json.RawMessage, len(known))}
	d := json.NewDecoder(bytes.NewReader(raw))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		r.refuse(path, "it must be an object with the fields %s", strings.Join(known, ", "))
		return o
	}
	for d.More() {
		// The text was found to be JSON, so a name is what comes next, and a value.
		name, _ := d.Token()
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			r.refuse(path, "%v", err)
			return o
		}
		// A terminal is shown no sign that the file holds.
		field := strings.Trim(strconv.QuoteToGraphic(fmt.Sprint(name)), `"`)
		if _, twice := o.fields[field]; twice {
			o.refuse(field, "the field stands twice")
		}
		if !slices.Contains(known, field) {
			o.refuse(field, "there is no such field; there are %s", strings.Join(known, ", "))
		}
		o.fields[field] = value
	}
	return o
}

// list reads an array.
func (r *strictReader) list(path string, raw json.RawMessage) []json.RawMessage {
	var items []json.RawMessage
	if len(raw) == 0 || raw[0] != '[' || json.Unmarshal(raw, &items) != nil {
		r.refuse(path, "it must be a list")
	}
	return items
}

func (o strictObject) refuse(name, format string, args ...any) {
	o.reader.refuse(strings.TrimPrefix(o.path+"."+name, "."), format, args...)
}

func (o strictObject) check(name string, err error) {
	if err != nil {
		o.refuse(name, "%v", err)
	}
}

func (o strictObject) has(name string) bool { return len(o.fields[name]) > 0 }

// need is the value of a field that must be there.
func (o strictObject) need(name string) json.RawMessage {
	if !o.has(name) {
		o.refuse(name, "the field is missing")
	}
	return o.fields[name]
}

func (o strictObject) text(name string) string {
	raw := o.need(name)
	var s string
	if len(raw) > 0 && (raw[0] != '"' || json.Unmarshal(raw, &s) != nil) {
		o.refuse(name, "it must be text in quotes")
	}
	return s
}

func (o strictObject) day(name string) calendar.Day {
	d, err := calendar.ParseDay(o.text(name))
	o.check(name, err)
	return d
}

func (o strictObject) month(name string) calendar.Month {
	m, err := calendar.ParseMonth(o.text(name))
	if err != nil {
		o.refuse(name, "month must be one that exists, written 2026-11")
	}
	return m
}

func (o strictObject) amount(name string) money.Amount {
	a, err := money.Parse(o.text(name))
	o.check(name, err)
	return a
}

// count reads a whole number that is not below zero.
func (o strictObject) count(name string) int {
	raw := string(o.need(name))
	n, err := strconv.Atoi(raw)
	if err != nil || n < 0 || strconv.Itoa(n) != raw {
		o.refuse(name, "it must be a whole number from 0, without quotes")
	}
	return n
}

// value reads what a rule says, as text in the form of an import or as it is stored.
func (o strictObject) value(rule policy.Rule) policy.Value {
	raw := o.need("value")
	if rule.Form() == "" {
		o.refuse("rule", "%v", policy.ErrRule)
		return policy.Value{}
	}
	var v policy.Value
	var err error
	if len(raw) > 0 && raw[0] == '"' {
		v, err = policy.ParseText(rule, o.text("value"))
	} else {
		v, err = policy.ParseJSON(rule, raw)
	}
	o.check("value", err)
	return v
}

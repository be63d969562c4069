package iso20022

import (
	"bufio"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"twoline/gateway/fault"
)

// xmlWriter writes the elements of one message and keeps the first refusal.
type xmlWriter struct {
	w     *bufio.Writer
	stack []string
	err   error
	// refusal is what a value that does not fit is refused with; where names the
	// record before the sentence, such as "batch 0, item 3: ".
	refusal *fault.Error
	where   func() string
}

func newXMLWriter(w io.Writer, refusal *fault.Error) xmlWriter {
	return xmlWriter{w: bufio.NewWriterSize(w, 64<<10), refusal: refusal, where: func() string { return "" }}
}

func (w *xmlWriter) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// refuse fails for a value that an element cannot hold.
func (w *xmlWriter) refuse(name, format string, args ...any) {
	if w.err != nil {
		return
	}
	path := name
	if len(w.stack) > 2 {
		path = strings.Join(w.stack[2:], "/") + "/" + name
	}
	refused := w.refusal.With(format, args...)
	w.err = refused.With("%s%s", w.where(), refused.Text).On(path)
}

func (w *xmlWriter) raw(s string) {
	if _, err := w.w.WriteString(s); err != nil {
		w.fail(err)
	}
}

// document opens the root and the message in it.
func (w *xmlWriter) document(format, message string) {
	w.raw(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	w.raw(`<Document xmlns="urn:iso:std:iso:20022:tech:xsd:` + format + `">`)
	w.stack = append(w.stack, "Document")
	w.open(message)
}

// finish closes what is open and writes what is left.
func (w *xmlWriter) finish() error {
	for len(w.stack) > 0 {
		w.close()
	}
	if w.err != nil {
		return w.err
	}
	w.raw("\n")
	if err := w.w.Flush(); err != nil {
		w.fail(err)
	}
	return w.err
}

func (w *xmlWriter) open(name string) {
	w.raw("<")
	w.raw(name)
	w.raw(">")
	w.stack = append(w.stack, name)
}

func (w *xmlWriter) close() {
	last := len(w.stack) - 1
	w.raw("</")
	w.raw(w.stack[last])
	w.raw(">")
	w.stack = w.stack[:last]
}

// path opens elements, calls f, and closes them.
func (w *xmlWriter) path(f func(), names ...string) {
	for _, n := range names {
		w.open(n)
	}
	f()
	for range names {
		w.close()
	}
}

// value writes an element where the text is not empty, and fails where it is
// longer than limit characters.
func (w *xmlWriter) value(name, text string, limit int) {
	if text == "" {
		return
	}
	if len(text) > limit && utf8.RuneCountInString(text) > limit {
		w.refuse(name, "longer than %d characters", limit)
		return
	}
	escaped, ok := escape(text)
	if !ok {
		w.refuse(name, "a character that XML cannot hold, or blanks around the text")
		return
	}
	w.raw("<")
	w.raw(name)
	w.raw(">")
	w.raw(escaped)
	w.raw("</")
	w.raw(name)
	w.raw(">")
}

// nested writes a value inside of elements that stand only where it does.
func (w *xmlWriter) nested(name, text string, limit int, outer ...string) {
	if text != "" {
		w.path(func() { w.value(name, text, limit) }, outer...)
	}
}

// escape writes text as character data; false where XML has no way to hold it
// or where reading would not give it back.
func escape(text string) (string, bool) {
	if !utf8.ValidString(text) || strings.Trim(text, " \t\r\n") != text {
		return "", false
	}
	plain := true
	for _, r := range text {
		switch {
		case r < 0x20 && r != '\t' && r != '\n' && r != '\r', r == 0xFFFE, r == 0xFFFF:
			return "", false
		case r == '<' || r == '>' || r == '&' || r == '\r':
			plain = false
		}
	}
	if plain {
		return text, true
	}
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#13;").Replace(text), true
}

func (w *xmlWriter) need(name, text string) {
	if text == "" {
		w.refuse(name, "the schema demands a value")
	}
}

func (w *xmlWriter) dateTime(name, text string) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if _, err := time.Parse(layout, text); err == nil {
			return
		}
	}
	w.refuse(name, "not an xs:dateTime such as 2026-11-25T08:00:00")
}

func (w *xmlWriter) digits(name, text string, limit int) {
	if strings.Trim(text, "0123456789") != "" {
		w.refuse(name, "not a number")
		return
	}
	w.value(name, text, limit)
}

func (w *xmlWriter) currency(c string) {
	if len(c) != 3 || strings.Trim(c, capitals) != "" {
		w.refuse("Ccy", "three capital letters")
	}
}

const capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// account writes Id; an IBAN has a place of its own.
func (w *xmlWriter) account(number string) {
	if isIBAN(number) {
		w.nested("IBAN", number, 34, "Id")
		return
	}
	w.nested("Id", number, 34, "Id", "Othr")
}

func isIBAN(s string) bool {
	if len(s) < 15 || len(s) > 34 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter, digit := c >= 'A' && c <= 'Z', c >= '0' && c <= '9'
		switch {
		case i < 2 && !letter, (i == 2 || i == 3) && !digit, !letter && !digit:
			return false
		}
	}
	return true
}

// amount writes an unsigned figure in a currency: at most 18 digits, five of them
// decimals.
func (w *xmlWriter) amount(name, currency, text string) {
	whole, decimals, _ := strings.Cut(text, ".")
	if len(strings.TrimRight(decimals, "0")) > 5 {
		w.refuse(name, "more than five decimals")
		return
	}
	if len(decimals) > 5 {
		decimals = decimals[:5]
	}
	if len(whole)+len(decimals) > 18 || strings.HasPrefix(whole, "-") {
		w.refuse(name, "negative, or more than 18 digits")
		return
	}
	w.raw("<")
	w.raw(name)
	w.raw(` Ccy="`)
	w.raw(currency)
	w.raw(`">`)
	w.raw(whole)
	w.raw(".")
	w.raw(decimals)
	w.raw("</")
	w.raw(name)
	w.raw(">")
}

package party

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode/utf8"
)

// veiled keeps the bytes of a value inverted. The fmt package reads unexported
// fields of foreign structs by reflection, past every method, so a struct that
// holds a Name in such a field would print it in clear; inverted bytes print as
// noise. It is no encryption, and equal values stay equal under ==.
type veiled string

func veil(s string) veiled { return veiled(invert(s)) }

func (v veiled) plain() string { return invert(string(v)) }

func invert(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := range len(s) {
		b.WriteByte(^s[i])
	}
	return b.String()
}

// masked writes the masked form whatever the verb is: a plain Stringer is passed
// over by %d, %#v and others, which print the fields instead.
func masked(w io.Writer, s string) {
	// A fmt.State collects the text and cannot fail.
	_, _ = io.WriteString(w, s)
}

// String returns the first character and two stars.
func (n Name) String() string {
	plain := n.Plain()
	_, size := utf8.DecodeRuneInString(plain)
	if size == 0 {
		return ""
	}
	return plain[:size] + "**"
}

// Format writes the masked form for every verb and flag.
func (n Name) Format(f fmt.State, _ rune) { masked(f, n.String()) }

// LogValue logs the masked form.
func (n Name) LogValue() slog.Value { return slog.StringValue(n.String()) }

// MarshalText writes the masked form.
func (n Name) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// String returns the first six and the last four characters.
func (n IDNumber) String() string {
	plain := n.Plain()
	if len(plain) != idLength {
		return strings.Repeat("*", len(plain))
	}
	return plain[:6] + "********" + plain[14:]
}

// Format writes the masked form for every verb and flag.
func (n IDNumber) Format(f fmt.State, _ rune) { masked(f, n.String()) }

// LogValue logs the masked form.
func (n IDNumber) LogValue() slog.Value { return slog.StringValue(n.String()) }

// MarshalText writes the masked form.
func (n IDNumber) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// String returns stars and the last four characters, fewer of a short number: at
// least two thirds stay hidden.
func (a AccountNo) String() string {
	plain := a.Plain()
	if plain == "" {
		return ""
	}
	return "****" + plain[len(plain)-min(4, len(plain)/3):]
}

// Format writes the masked form for every verb and flag.
func (a AccountNo) Format(f fmt.State, _ rune) { masked(f, a.String()) }

// LogValue logs the masked form.
func (a AccountNo) LogValue() slog.Value { return slog.StringValue(a.String()) }

// MarshalText writes the masked form.
func (a AccountNo) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

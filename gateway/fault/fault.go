// Package fault names the kinds of error that the gateway tells apart.
//
// An error is made once, where it happens, with a stable code that banks and
// scripts may test; adapters/httpapi/problem.go alone turns a kind into a
// status. Errors are compared by kind and code, never by text. Together keeps the
// errors of work that is done side by side.
package fault

import (
	"errors"
	"fmt"
)

// Kind is what the caller can do about an error.
type Kind int

// The kinds of error, from the caller's mistake to ours.
const (
	// Internal is our own fault: the text stays in our log.
	Internal Kind = iota
	// Invalid is input that can never succeed as it stands.
	Invalid
	// Unauthenticated is a caller we do not know.
	Unauthenticated
	// Forbidden is a caller without the duty for this.
	Forbidden
	// NotFound is something that does not exist for this caller.
	NotFound
	// Conflict is a state that does not allow the request now.
	Conflict
	// Unprocessable is well-formed input that a rule of the money refuses.
	Unprocessable
	// TooLarge is input beyond a limit.
	TooLarge
	// TooMany is a caller beyond a rate.
	TooMany
	// Unavailable is a passing lack of something we need; trying again is safe.
	Unavailable
)

// String returns the kind's name in lower case.
func (k Kind) String() string {
	names := [...]string{
		"internal", "invalid", "unauthenticated", "forbidden", "not_found",
		"conflict", "unprocessable", "too_large", "too_many", "unavailable",
	}
	if k < 0 || int(k) >= len(names) {
		return "internal"
	}
	return names[k]
}

// Error is one refusal: a kind, a stable code in snake_case, and a sentence
// that holds no personal data and no internals.
type Error struct {
	Kind Kind
	Code string
	Text string
	// Field is the JSON name of the offending field, or empty.
	Field string
	// Line is the offending line of a file or list, counted from 1; 0 is none.
	Line int
	// Subject is the id that a caller needs next, such as the existing pay run's.
	Subject string
	// RetryAfter is in seconds; 0 means unknown.
	RetryAfter int
	// Cause is for our log only.
	Cause error
}

// New makes an error of one kind with a stable code and a sentence.
func New(kind Kind, code, text string) *Error {
	return &Error{Kind: kind, Code: code, Text: text, Field: "", Line: 0, Subject: "", RetryAfter: 0, Cause: nil}
}

// Newf is New with a formatted sentence.
func Newf(kind Kind, code, format string, args ...any) *Error {
	return New(kind, code, fmt.Sprintf(format, args...))
}

// Error returns code and sentence, then line, field and cause where known.
func (e *Error) Error() string {
	s := e.Code + ": " + e.Text
	if e.Line > 0 {
		s = fmt.Sprintf("line %d: %s", e.Line, s)
	}
	if e.Field != "" {
		s += " (field " + e.Field + ")"
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is says that two errors are the same refusal: equal kind and code, whatever
// the sentence, field, line or subject. A cause is found by errors.Is as usual.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t != nil && t.Kind == e.Kind && t.Code == e.Code
}

// At returns a copy that names the offending line, counted from 1.
func (e *Error) At(line int) *Error { c := *e; c.Line = line; return &c }

// On returns a copy that names the offending field.
func (e *Error) On(field string) *Error { c := *e; c.Field = field; return &c }

// About returns a copy that carries the id a caller needs next.
func (e *Error) About(subject string) *Error { c := *e; c.Subject = subject; return &c }

// Because returns a copy with a cause for our log.
func (e *Error) Because(cause error) *Error { c := *e; c.Cause = cause; return &c }

// With returns a copy with another sentence and the same kind and code.
func (e *Error) With(format string, args ...any) *Error {
	c := *e
	c.Text = fmt.Sprintf(format, args...)
	return &c
}

// KindOf returns the kind of the first Error in the chain, else Internal; ask
// only about an error that is not nil.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// CodeOf returns the code of the first Error in the chain, else "internal".
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return "internal"
}

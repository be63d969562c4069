// Package audit says who did what, when, and how it ended.
//
// An effect's row is written in the transaction of the effect: where the row
// cannot be written, the effect does not happen. A refusal's row is written by
// itself. Rows are append-only; they hold ids and never personal data.
package audit

import (
	"context"

	"twoline/gateway/party"
)

// Result is how an action ended.
type Result string

// The results.
const (
	// Done is an action that had its effect.
	Done Result = "done"
	// Attempted is a login whose password is about to be checked; Done follows where it is right.
	Attempted Result = "attempted"
	// Refused is an action that was not allowed, or whose object does not exist for the caller.
	Refused Result = "refused"
)

// Row is one line of the audit trail. Its instant is the writing transaction's.
type Row struct {
	// Area is the pooling area of the actor or the object; 0 where none is known.
	Area party.Area
	// Actor is the bank's code or the officer's login with its kind: "bank:psbc".
	Actor string
	// Person is the officer's person; 0 where there is none.
	Person int64
	// Action is the route, such as "POST /v1/arrivals", or a command's name.
	Action string
	// Object is what was acted on, such as "/v1/arrivals" or an id.
	Object string
	Result Result
	// RequestID is the id that the caller was given for the request.
	RequestID string
	// Detail holds ids and codes that help to find the case; nil is none.
	Detail map[string]string
}

type origin struct{}

// WithOrigin remembers the row that an effect under this context is to write:
// the caller, the action and the request. Storage completes and writes it with
// the effect.
func WithOrigin(ctx context.Context, r Row) context.Context {
	return context.WithValue(ctx, origin{}, r)
}

// Origin returns the row of WithOrigin, or false for work that no caller asked for.
func Origin(ctx context.Context) (Row, bool) {
	r, ok := ctx.Value(origin{}).(Row)
	return r, ok
}

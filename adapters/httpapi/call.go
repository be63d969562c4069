package httpapi

import (
	"context"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/audit"
	"twoline/gateway/bank"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

// Callers is what the door asks of storage. Its errors are faults; every error
// refuses the request.
type Callers interface {
	// BankKey returns a registered key, revoked or not, or a fault of kind NotFound.
	// It is asked for every signed request, so that a revocation acts at once.
	BankKey(ctx context.Context, keyID string) (bank.Key, error)
	// UseNonce remembers a nonce, unique by key, at least to the given instant. It
	// returns bank.ErrNonceReplayed where the nonce was used.
	UseNonce(ctx context.Context, keyID, nonce string, keepUntil time.Time) error
	// BeginLogin counts an attempt and returns the password hash, or a fault of
	// kind Unauthenticated for a login that is unknown, disabled or locked. The
	// attempt counts as failed until OpenSession says otherwise.
	BeginLogin(ctx context.Context, login string, p approval.SessionPolicy) (hash string, err error)
	// OpenSession forgets the failures and stores the token's SHA-256.
	OpenSession(ctx context.Context, login string, token [32]byte, p approval.SessionPolicy) (
		approval.Officer, error)
	// OfficerOf returns the officer of a session with the duties that hold now, or
	// a fault of kind Unauthenticated.
	OfficerOf(ctx context.Context, token [32]byte, p approval.SessionPolicy) (approval.Officer, error)
	// EndSession ends it at once; an unknown one is no error.
	EndSession(ctx context.Context, token [32]byte) error
	// Audit writes a row that belongs to no transaction: a refusal.
	Audit(ctx context.Context, r audit.Row) error
}

// Call is an admitted request: who calls, and what a Command needs to take
// effect once.
type Call struct {
	// Bank is set for a signed request, Officer for one with a session.
	Bank    bank.Caller
	Officer approval.Officer
	// Request and Render are a Command's and an Upload's, for once.Do.
	Request once.Request
	Render  once.Render
	// RequestID is what the caller was given for this request.
	RequestID string

	// claim is a key that the request named without proof; it is for the audit trail.
	claim string
	token [32]byte
	body  *uploadBody
	// unkept is set by a command that had no effect: its answer is not remembered.
	unkept *bool
}

// IsBank says that a bank signed the request.
func (c Call) IsBank() bool { return c.Bank.Code != "" }

// Name is the caller with its kind: "bank:psbc", "officer:li", or "" for nobody.
func (c Call) Name() string {
	switch {
	case c.IsBank():
		return "bank:" + c.Bank.Code
	case c.Officer.Login != "":
		return "officer:" + c.Officer.Login
	}
	return ""
}

// area is the officer's pooling area; a bank serves several.
func (c Call) area() party.Area { return c.Officer.Area }

type callKey struct{}

// withCall hands the call to the handler, and to storage what to write into the
// audit trail with the effect.
func withCall(ctx context.Context, c Call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

func callOf(ctx context.Context) (Call, bool) {
	c, ok := ctx.Value(callKey{}).(Call)
	return c, ok
}

type requestKey struct{}

func requestIDOf(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

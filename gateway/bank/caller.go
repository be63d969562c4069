package bank

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"twoline/gateway/fault"
)

// Caller is a bank that proved by its signature who it is.
type Caller struct {
	// Code is the bank's code in the registry, such as "psbc"; it serves every area
	// that registered it.
	Code string
	// KeyID names the key that the request was signed with.
	KeyID string
}

// Key is what a bank's signatures are verified with.
type Key struct {
	ID        string
	Bank      string
	Algorithm string
	// Material is a public key or, for hmac, the shared secret.
	Material  []byte
	NotBefore time.Time
	// RevokedAt is zero for a key that was never revoked.
	RevokedAt time.Time
}

// Usable says that the key may verify a request at the instant.
func (k Key) Usable(at time.Time) bool {
	return k.ID != "" && !at.Before(k.NotBefore) && (k.RevokedAt.IsZero() || at.Before(k.RevokedAt))
}

// Format writes id and bank for every verb, never the material.
func (k Key) Format(f fmt.State, _ rune) {
	// A fmt.State collects the text and cannot fail.
	_, _ = io.WriteString(f, k.ID+" of "+k.Bank)
}

// LogValue logs the key's id.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.ID) }

// ErrNonceReplayed is a signed request that was sent before.
var ErrNonceReplayed = fault.New(fault.Unauthenticated, "nonce_replayed",
	"this nonce was used before; sign every request anew")

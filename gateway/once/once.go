// Package once makes a command take effect once, however often it is sent.
//
// A request is known by caller, route and key. Its answer is rendered and
// written in the transaction of its effect, so that the same request later, or
// at the same moment, is given the same answer byte for byte; the same key with
// other content is refused. Only an answer with an effect is kept: a refusal
// keeps nothing, and the key may be tried again. The primary key in PostgreSQL
// decides; a Hint (Redis) may only save the way there.
//
//	request ── hint has the finished answer? ──► replay
//	   │                     └─ somebody works on it ──► 409 idempotency_in_progress
//	   └─► transaction: recall (stored? same fingerprint?) ──► effect ──► render ──► keep ──► commit
package once

import (
	"context"
	"crypto/sha256"
	"errors"

	"twoline/gateway/fault"
)

// The refusals.
var (
	ErrKeyRequired = fault.New(fault.Invalid, "idempotency_key_required",
		"this request needs an Idempotency-Key of 8 to 64 visible characters")
	ErrKeyReused = fault.New(fault.Unprocessable, "idempotency_key_reused",
		"this Idempotency-Key was used for a request with other content")
	ErrInProgress = fault.New(fault.Conflict, "idempotency_in_progress",
		"the first request with this Idempotency-Key is still running")
)

// Request identifies one command.
type Request struct {
	// Caller is the bank's code or the officer's login, with its kind: "bank:psbc".
	Caller string
	// Route is the method and the route's pattern: "POST /v1/arrivals".
	Route string
	// Key is the Idempotency-Key.
	Key string
	// Fingerprint is the SHA-256 of everything that decides the effect: method,
	// path, query and body.
	Fingerprint [sha256.Size]byte
}

// CheckKey says whether a key has 8 to 64 visible ASCII characters.
func CheckKey(key string) error {
	if len(key) < 8 || len(key) > 64 {
		return ErrKeyRequired
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return ErrKeyRequired
		}
	}
	return nil
}

// Answer is what the caller was told, ready to be sent.
type Answer struct {
	// Status is 200 to 299.
	Status      int
	ContentType string
	Body        []byte
	// Replayed says that the effect was there before this request.
	Replayed bool
}

// Stored is a kept answer with the fingerprint of its request.
type Stored struct {
	Fingerprint [sha256.Size]byte
	Answer      Answer
}

// Tx is what once needs of a transaction.
type Tx interface {
	// Recall waits for another transaction that works on the same request, then
	// returns its kept answer, or nil where there is none.
	Recall(ctx context.Context, r Request) (*Stored, error)
	// Keep writes the answer. It returns ErrTaken where another transaction kept
	// one first; the whole transaction is then given up and tried again.
	Keep(ctx context.Context, r Request, a Answer) error
}

// ErrTaken is what Keep returns when another transaction was first.
var ErrTaken = errors.New("another transaction kept an answer for this request")

// Render turns an effect's result into the answer that the caller is told.
type Render func(result any) (Answer, error)

// Do runs effect once for the request and returns its answer, or the answer
// kept before. inTx runs a function in one transaction and commits; effect runs
// inside it and may run again when the transaction is retried.
func Do[T Tx](
	ctx context.Context,
	inTx func(context.Context, func(T) error) error,
	r Request,
	render Render,
	effect func(T) (any, error),
) (Answer, error) {
	var answer Answer
	run := func(tx T) error {
		stored, err := tx.Recall(ctx, r)
		if err != nil {
			return err
		}
		if stored != nil {
			answer, err = stored.Replay(r)
			return err
		}
		result, err := effect(tx)
		if err != nil {
			return err
		}
		if answer, err = render(result); err != nil {
			return err
		}
		return tx.Keep(ctx, r, answer)
	}
	err := inTx(ctx, run)
	if errors.Is(err, ErrTaken) {
		err = inTx(ctx, run)
	}
	if err != nil {
		return Answer{}, err //nolint:exhaustruct // no answer
	}
	return answer, nil
}

// Replay returns the kept answer, or ErrKeyReused where the content differs.
func (s *Stored) Replay(r Request) (Answer, error) {
	if s.Fingerprint != r.Fingerprint {
		return Answer{}, ErrKeyReused //nolint:exhaustruct // no answer
	}
	a := s.Answer
	a.Replayed = true
	return a, nil
}

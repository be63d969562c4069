package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/audit"
	"twoline/gateway/once"
)

// Recall implements once.Tx. The advisory lock only makes a second request wait
// for the first instead of doing its work in vain; the primary key decides.
func (t *tx) Recall(ctx context.Context, r once.Request) (*once.Stored, error) {
	batch := &pgx.Batch{} //nolint:exhaustruct // filled below
	batch.Queue(`select pg_advisory_xact_lock(hashtextextended($1 || ' ' || $2 || ' ' || $3, 0))`,
		r.Caller, r.Route, r.Key)
	batch.Queue(`
		select fingerprint, status, content_type, body from idempotency
		where caller = $1 and route = $2 and key = $3`, r.Caller, r.Route, r.Key)
	results := t.SendBatch(ctx, batch)
	defer results.Close() //nolint:errcheck // the error of its queries is what counts
	if _, err := results.Exec(); err != nil {
		return nil, fmt.Errorf("wait for request %s: %w", r.Key, err)
	}
	var s once.Stored
	var fingerprint []byte
	err := results.QueryRow().Scan(&fingerprint, &s.Answer.Status, &s.Answer.ContentType, &s.Answer.Body)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // no answer is kept: the interface says nil
	}
	if err != nil {
		return nil, fmt.Errorf("recall request %s: %w", r.Key, err)
	}
	copy(s.Fingerprint[:], fingerprint)
	return &s, nil
}

// Keep implements once.Tx.
func (t *tx) Keep(ctx context.Context, r once.Request, a once.Answer) error {
	_, err := t.Exec(ctx, `
		insert into idempotency (caller, route, key, fingerprint, status, content_type, body, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		r.Caller, r.Route, r.Key, r.Fingerprint[:], a.Status, a.ContentType, a.Body, t.at)
	if isUnique(err, "idempotency_pkey") {
		return once.ErrTaken
	}
	if err != nil {
		return fmt.Errorf("keep answer of request %s: %w", r.Key, err)
	}
	// The trail's row stands or falls with the effect.
	if row, ok := audit.Origin(ctx); ok {
		return t.Audit(ctx, row)
	}
	return nil
}

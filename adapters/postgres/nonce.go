package postgres

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/bank"
)

// nonces writes nonces of requests that come at the same time in one statement:
// a commit each would cost every signed request as much as its own effect. The
// first request of a group writes it; nobody waits for a timer.
type nonces struct {
	mu      sync.Mutex
	pending []*nonceUse
	leaders int
}

type nonceUse struct {
	keyID, nonce string
	keepUntil    time.Time
	done         chan error
}

const (
	nonceLeaders = 2
	nonceGroup   = 256
)

// use returns nil for the first use of a nonce, bank.ErrNonceReplayed for any other.
func (n *nonces) use(ctx context.Context, db *DB, keyID, nonce string, keepUntil time.Time) error {
	u := &nonceUse{keyID: keyID, nonce: nonce, keepUntil: keepUntil, done: make(chan error, 1)}
	n.mu.Lock()
	n.pending = append(n.pending, u)
	lead := n.leaders < nonceLeaders
	if lead {
		n.leaders++
	}
	n.mu.Unlock()
	if lead {
		n.lead(ctx, db)
	}
	select {
	case err := <-u.done:
		return err
	case <-ctx.Done():
		return ErrUnavailable.Because(ctx.Err())
	}
}

// lead writes one group; whoever still waits then is led by a goroutine, so that
// the leader's own request goes on.
func (n *nonces) lead(ctx context.Context, db *DB) {
	n.mu.Lock()
	size := min(len(n.pending), nonceGroup)
	group := n.pending[:size:size]
	n.pending = n.pending[size:]
	if size == 0 {
		n.leaders--
		n.mu.Unlock()
		return
	}
	n.mu.Unlock()
	n.write(ctx, db, group)
	n.mu.Lock()
	more := len(n.pending) > 0
	if !more {
		n.leaders--
	}
	n.mu.Unlock()
	if more {
		go n.lead(context.WithoutCancel(ctx), db)
	}
}

func (n *nonces) write(ctx context.Context, db *DB, group []*nonceUse) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	keys, values, until := make([]string, len(group)), make([]string, len(group)), make([]time.Time, len(group))
	for i, u := range group {
		keys[i], values[i], until[i] = u.keyID, u.nonce, u.keepUntil
	}
	fresh := map[[2]string]bool{}
	rows, err := db.pool.Query(ctx, `
		insert into used_nonce (key_id, nonce, expires_at)
		select u.key_id, u.nonce, u.until from unnest($1::text[], $2::text[], $3::timestamptz[]) as u (key_id, nonce, until)
		on conflict do nothing returning key_id, nonce`, keys, values, until)
	if err == nil {
		var key, nonce string
		_, err = pgx.ForEachRow(rows, []any{&key, &nonce}, func() error {
			fresh[[2]string{key, nonce}] = true
			return nil
		})
	}
	for _, u := range group {
		id := [2]string{u.keyID, u.nonce}
		switch {
		case err != nil:
			u.done <- ErrUnavailable.Because(fmt.Errorf("remember %d nonces: %w", len(group), err))
		case fresh[id]:
			// A second use within the group is a replay.
			delete(fresh, id)
			u.done <- nil
		default:
			u.done <- bank.ErrNonceReplayed
		}
	}
}

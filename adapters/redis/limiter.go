package redis

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-redis/redis_rate/v10"
)

// Rate is how often a caller may use a route: Burst at once, then PerMinute.
type Rate struct{ PerMinute, Burst int }

// Rates say how often each route may be used.
type Rates struct {
	// Default holds for routes that are not named.
	Default Rate
	// Routes are by method and pattern: "POST /v1/arrivals".
	Routes map[string]Rate
}

// Limiter counts requests by caller and route over all processes. While Redis
// does not answer, each process counts for itself by the same rates: a bank's
// money calls never stop because Redis did. It is safe for concurrent use.
type Limiter struct {
	c     *Client
	all   *redis_rate.Limiter
	rates Rates
	own   bucket
}

// Limiter counts by the rates. A rate below one a minute is an error.
func (c *Client) Limiter(rates Rates) (*Limiter, error) {
	check := func(r Rate) error {
		if r.PerMinute < 1 || r.Burst < 1 {
			return fmt.Errorf("redis: a rate of %d a minute and %d at once lets nobody in", r.PerMinute, r.Burst)
		}
		return nil
	}
	if err := check(rates.Default); err != nil {
		return nil, err
	}
	for _, r := range rates.Routes {
		if err := check(r); err != nil {
			return nil, err
		}
	}
	return &Limiter{
		c: c, all: redis_rate.NewLimiter(c.db), rates: rates,
		own: bucket{mu: sync.Mutex{}, full: map[string]time.Time{}, swept: time.Time{}},
	}, nil
}

// Allow counts one request. wait is 0 where it may go on, else how long the
// caller should wait. It never returns an error.
func (l *Limiter) Allow(ctx context.Context, caller, route string) (wait time.Duration, err error) {
	rate, ok := l.rates.Routes[route]
	if !ok {
		rate = l.rates.Default
	}
	name := "twoline:" + hex.EncodeToString(l.c.seal.name("rate", caller, route))
	err = l.c.ask(ctx, func(ctx context.Context) (err error) {
		wait, err = l.everywhere(ctx, name, rate)
		return err
	})
	if err == nil {
		return wait, nil
	}
	l.c.options.Observe(CountedHere)
	return l.own.allow(name, rate, l.c.options.Now()), nil
}

var errCount = errors.New("redis answered a count that no counting leads to")

// everywhere counts in Redis. The library trusts the types of the reply, and a
// count can be wrong after Redis' clock was set back; neither may stop a caller.
func (l *Limiter) everywhere(ctx context.Context, name string, rate Rate) (wait time.Duration, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errCount
		}
	}()
	limit := redis_rate.Limit{Rate: rate.PerMinute, Burst: rate.Burst, Period: time.Minute}
	got, err := l.all.Allow(ctx, name, limit)
	switch {
	case err != nil:
		return 0, err
	case got.Allowed > 0:
		return 0, nil
	case got.RetryAfter <= 0 || got.RetryAfter > rate.interval()+time.Second:
		return 0, errCount
	}
	return got.RetryAfter, nil
}

// interval is the time that one request uses up.
func (r Rate) interval() time.Duration { return time.Minute / time.Duration(r.PerMinute) }

// bucket counts for this process: for each name the instant until which its
// requests have used up the time.
type bucket struct {
	mu    sync.Mutex
	full  map[string]time.Time
	swept time.Time
}

// maxCounted bounds the memory that callers without credentials could claim; a
// caller beyond it is not counted until others have paused.
const maxCounted = 100_000

func (b *bucket) allow(name string, rate Rate, now time.Time) (wait time.Duration) {
	interval := rate.interval()
	room := interval * time.Duration(rate.Burst-1)
	b.mu.Lock()
	defer b.mu.Unlock()
	used, known := b.full[name]
	// Time that is over is free again, and so is more than the burst could have
	// used: then the clock was set back.
	if used.Before(now) || used.Sub(now) > room+interval {
		used = now
	}
	if wait = used.Sub(now) - room; wait > 0 {
		return wait
	}
	if !known && len(b.full) >= maxCounted && !b.sweep(now) {
		return 0
	}
	b.full[name] = used.Add(interval)
	return 0
}

// sweep forgets who paused long enough, at most once a second, and says whether
// there is room now.
func (b *bucket) sweep(now time.Time) bool {
	if since := now.Sub(b.swept); since >= 0 && since < time.Second {
		return false
	}
	b.swept = now
	for name, used := range b.full {
		if used.Before(now) {
			delete(b.full, name)
		}
	}
	return len(b.full) < maxCounted
}

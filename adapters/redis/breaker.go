package redis

import (
	"sync"
	"time"
)

// breaker decides whether Redis is asked at all. It is safe for concurrent use.
type breaker struct {
	most  int
	pause time.Duration

	mu sync.Mutex
	// failures counts those in a row.
	failures int
	open     bool
	until    time.Time
}

func newBreaker(most int, pause time.Duration) *breaker {
	return &breaker{most: most, pause: pause} //nolint:exhaustruct // it starts closed
}

// admit says whether a call may ask; who was admitted reports by settle.
func (b *breaker) admit(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.open {
		return true
	}
	// A wall clock that was set back must not prolong the pause.
	if wait := b.until.Sub(now); wait > 0 && wait <= b.pause {
		return false
	}
	// Nobody else probes while this one does, and not for ever if it never ends.
	b.until = now.Add(b.pause)
	return true
}

// outcome is how an admitted call ended.
type outcome int

const (
	answered outcome = iota
	failed
	// abandoned: the caller gave up first, which says nothing about Redis.
	abandoned
)

// settle reports how a call ended, and says whether the breaker changed.
func (b *breaker) settle(o outcome, now time.Time) (changed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	was := b.open
	switch o {
	case answered:
		b.failures, b.open = 0, false
	case failed:
		b.failures++
		if b.open || b.failures >= b.most {
			b.open, b.until = true, now.Add(b.pause)
		}
	case abandoned:
	}
	return b.open != was
}

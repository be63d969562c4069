package httpapi

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
)

// Limiter counts requests over all processes.
type Limiter interface {
	// Allow counts one request of a caller on a route. wait is 0 where it may go
	// on, else how long the caller should wait.
	Allow(ctx context.Context, caller, route string) (wait time.Duration, err error)
}

// limit holds a caller to the rate of a route. Without a Limiter, or where it
// fails, this process counts for itself: a bank's money calls never stop because
// Redis did.
func (s *Server) limit(ctx context.Context, e *entry, fc *fiber.Ctx, c Call) error {
	caller := limitedBy(c, fc)
	var wait time.Duration
	counted := false
	if s.deps.Limiter != nil {
		w, err := s.deps.Limiter.Allow(ctx, caller, e.name())
		if err != nil {
			s.deps.Log.LogAttrs(ctx, slog.LevelWarn, "rate limiter failed",
				slog.String("request_id", c.RequestID), slog.Any("error", err))
		}
		wait, counted = w, err == nil
	}
	if !counted {
		wait = s.own.allow(caller+" "+e.name(), s.deps.Now())
	}
	if wait <= 0 {
		return nil
	}
	refusal := *errRate
	refusal.RetryAfter = int((wait + time.Second - 1) / time.Second)
	return &refusal
}

// limitedBy is who is held to a rate: a bank whatever its key, a person whatever
// the login, else the address.
func limitedBy(c Call, fc *fiber.Ctx) string {
	switch {
	case c.IsBank():
		return c.Name()
	case c.Officer.Person != 0:
		return "person:" + strconv.FormatInt(c.Officer.Person, 10)
	case c.Name() != "":
		return c.Name()
	}
	return "address:" + clientIP(fc)
}

// localLimiter counts requests of one process by minute. It is safe for
// concurrent use and holds the callers of the current minute only.
type localLimiter struct {
	mu     sync.Mutex
	most   int
	minute time.Time
	count  map[string]int
}

func newLocalLimiter(most int) *localLimiter {
	return &localLimiter{mu: sync.Mutex{}, most: most, minute: time.Time{}, count: map[string]int{}}
}

// maxCounted bounds the memory that callers without credentials could claim; a
// caller beyond it is not counted, and the next minute starts anew.
const maxCounted = 100_000

func (l *localLimiter) allow(key string, now time.Time) time.Duration {
	minute := now.Truncate(time.Minute)
	l.mu.Lock()
	defer l.mu.Unlock()
	if !minute.Equal(l.minute) {
		l.minute = minute
		clear(l.count)
	}
	if _, known := l.count[key]; !known && len(l.count) >= maxCounted {
		return 0
	}
	l.count[key]++
	if l.count[key] <= l.most {
		return 0
	}
	return minute.Add(time.Minute).Sub(now)
}

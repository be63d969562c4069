package redis_test

import (
	"context"
	"testing"
	"time"

	"twoline/adapters/redis"
)

func (o *opened) limiter(t *testing.T, rate redis.Rate) *redis.Limiter {
	t.Helper()
	l, err := o.Limiter(redis.Rates{Default: rate})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// let asks n times and returns how many were let in, and the last wait.
func let(t *testing.T, l *redis.Limiter, caller, route string, n int) (in int, wait time.Duration) {
	t.Helper()
	for range n {
		w, err := l.Allow(context.Background(), caller, route)
		if err != nil {
			t.Fatalf("allow: %v", err)
		}
		if wait = w; w == 0 {
			in++
		}
	}
	return in, wait
}

func TestProcessesCountTogether(t *testing.T) {
	t.Parallel()
	url := startRedis(t).URL()
	one, two := openClient(t, url, nil), openClient(t, url, nil)
	rates := redis.Rates{
		Default: redis.Rate{PerMinute: 1, Burst: 10},
		Routes:  map[string]redis.Rate{"POST /v1/session": {PerMinute: 1, Burst: 3}},
	}
	first, err := one.Limiter(rates)
	if err != nil {
		t.Fatal(err)
	}
	second, err := two.Limiter(rates)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := let(t, first, "bank:psbc", "POST /v1/arrivals", 6)
	b, wait := let(t, second, "bank:psbc", "POST /v1/arrivals", 6)
	if a+b != 10 || wait <= 0 || wait > time.Minute {
		t.Errorf("two processes let %d and %d of 12 in, wait %s; want 10 together", a, b, wait)
	}
	if n, _ := let(t, second, "bank:rcu", "POST /v1/arrivals", 1); n != 1 {
		t.Error("another caller pays for the first")
	}
	if n, _ := let(t, second, "bank:psbc", "GET /v1/items", 1); n != 1 {
		t.Error("another route pays for the first")
	}
	if n, _ := let(t, second, "bank:psbc", "POST /v1/session", 5); n != 3 {
		t.Errorf("a route with a rate of its own let %d in, want 3", n)
	}
	if n := one.events.of(redis.CountedHere) + two.events.of(redis.CountedHere); n != 0 {
		t.Errorf("%d requests were not counted in Redis", n)
	}
}

// The same numbers hold with Redis and without.
func TestAProcessAloneCountsByTheSameRates(t *testing.T) {
	t.Parallel()
	for _, given := range []struct {
		name string
		url  string
	}{
		{"with Redis", startRedis(t).URL()},
		{"without", nobodyThere},
	} {
		t.Run(given.name, func(t *testing.T) {
			t.Parallel()
			o := openClient(t, given.url, nil)
			l := o.limiter(t, redis.Rate{PerMinute: 120, Burst: 20})
			in, wait := let(t, l, "bank:psbc", "POST /v1/arrivals", 25)
			// A slow machine may earn a request meanwhile.
			if in < 20 || in > 22 || wait <= 0 || wait > 500*time.Millisecond {
				t.Errorf("let %d of 25 in, wait %s; want the burst of 20 and at most half a second", in, wait)
			}
			if n := o.events.of(redis.CountedHere); (n == 0) != (given.url != nobodyThere) {
				t.Errorf("%d requests were counted here", n)
			}
		})
	}
}

func TestTheOwnCountEarnsWithTime(t *testing.T) {
	t.Parallel()
	o := openClient(t, nobodyThere, nil)
	l := o.limiter(t, redis.Rate{PerMinute: 6, Burst: 2})
	for _, step := range []struct {
		after time.Duration
		want  int
	}{
		{0, 2},
		{9 * time.Second, 0},
		{2 * time.Second, 1},
		{time.Hour, 2},
		// A clock that was set back must not shut anybody out.
		{-2 * time.Hour, 2},
		{time.Minute, 2},
	} {
		o.clock.add(step.after)
		if got, _ := let(t, l, "bank:psbc", "POST /v1/arrivals", 4); got != step.want {
			t.Fatalf("%s later %d of 4 are let in, want %d", step.after, got, step.want)
		}
	}
}

// A count that no counting leads to must not shut a caller out.
func TestAPoisonedCountIsNotBelieved(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	db := admin(t, server.URL())
	ctx := context.Background()
	for _, poison := range []string{"99999999999", "1e300", "nan", "inf", "-inf", "not a number", ""} {
		o := openClient(t, server.URL(), nil)
		l := o.limiter(t, redis.Rate{PerMinute: 60, Burst: 5})
		let(t, l, "bank:psbc", "POST /v1/arrivals", 1)
		keys := db.Keys(ctx, "rate:twoline:*").Val()
		if len(keys) != 1 {
			t.Fatalf("keys %q, want one", keys)
		}
		db.Set(ctx, keys[0], poison, 0)
		in, _ := let(t, l, "bank:psbc", "POST /v1/arrivals", 3)
		if in != 3 {
			t.Errorf("count %q: let %d of 3 in", poison, in)
		}
		db.Del(ctx, keys[0])
		db.RPush(ctx, keys[0], "a list")
		if in, _ := let(t, l, "bank:psbc", "POST /v1/arrivals", 1); in != 1 {
			t.Errorf("a list in place of the count shuts the caller out")
		}
		db.Del(ctx, keys[0])
	}
}

func TestARateThatLetsNobodyInIsRefused(t *testing.T) {
	t.Parallel()
	o := openClient(t, nobodyThere, nil)
	good := redis.Rate{PerMinute: 1, Burst: 1}
	for _, rates := range []redis.Rates{
		{},
		{Default: redis.Rate{PerMinute: 0, Burst: 1}},
		{Default: redis.Rate{PerMinute: 1, Burst: 0}},
		{Default: good, Routes: map[string]redis.Rate{"GET /v1/items": {PerMinute: -1, Burst: 1}}},
	} {
		if _, err := o.Limiter(rates); err == nil {
			t.Errorf("%+v is taken", rates)
		}
	}
}

package redis_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	goredis "github.com/redis/go-redis/v9"

	"twoline/adapters/redis"
)

func TestF71_RedisDownFromStart(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	w := newTown(t, nobodyThere, nil)
	if err := w.Ready(context.Background()); err == nil {
		t.Error("ready without Redis")
	}
	w.load(t, 0, 200)
	w.exactlyOnce(t, 80)
	if w.events.of(redis.Hit) != 0 || w.events.of(redis.CountedHere) < 200 {
		t.Errorf("events %v", w.events.count)
	}
	// Not ready would take the process out of service.
	res, err := http.Get(w.url + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		t.Errorf("readyz answers %d without Redis", res.StatusCode)
	}
	limiter := w.limiter(t, redis.Rate{PerMinute: 1, Burst: 7})
	if in, _ := let(t, limiter, "bank:psbc", "GET /v1/items", 20); in != 7 {
		t.Errorf("without Redis %d of 20 are let in, want 7", in)
	}
	t.Logf("all in %s", time.Since(begin))
}

func TestF72_FlushAllMidRequest(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	w := newTown(t, server.URL(), nil)
	db := admin(t, server.URL())
	flushed := 0
	during(t, time.Millisecond, func() {
		if err := db.FlushAll(context.Background()).Err(); err == nil {
			flushed++
		}
	}, func() { w.load(t, 0, 2000) })
	w.exactlyOnce(t, 800)
	t.Logf("flushed %d times; %v", flushed, w.events.count)
	if flushed < 100 || w.events.of(redis.Miss) == 0 {
		t.Error("there was hardly a flush between")
	}
	// Left alone, the cache works.
	hits := w.events.of(redis.Hit)
	w.load(t, 800, 50)
	if w.events.of(redis.Hit) == hits {
		t.Error("no replay comes from Redis: this test would prove nothing")
	}
	w.exactlyOnce(t, 820)
}

// during repeats a disturbance until the work is done.
func during(t *testing.T, pause time.Duration, disturb, work func()) {
	t.Helper()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(pause)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				disturb()
			}
		}
	})
	work()
	close(stop)
	wg.Wait()
}

// TestF73 is not parallel: it counts the goroutines of the process.
func TestF73_RedisFrozen(t *testing.T) {
	const callers = 64
	for _, warm := range []bool{true, false} {
		t.Run(fmt.Sprintf("connected before %v", warm), func(t *testing.T) {
			server := startRedis(t)
			pid := server.PID()
			before := runtime.NumGoroutine()
			freeze := func() { signal(t, pid, syscall.SIGSTOP) }
			if !warm {
				freeze()
			}
			begin := time.Now()
			o := openClient(t, server.URL(), func(o *redis.Options) {
				o.Budget, o.Pause = 50*time.Millisecond, 300*time.Millisecond
			})
			if took := time.Since(begin); took > 500*time.Millisecond {
				t.Errorf("open took %s", took)
			}
			limiter := o.limiter(t, redis.Rate{PerMinute: 6000, Burst: 6000})
			if warm {
				askAll(t, o, limiter, callers, 10)
				freeze()
			}
			times, most := askAll(t, o, limiter, callers, 50)
			growth := most - callers - before
			p50, p99, longest := percentile(times, 50), percentile(times, 99), percentile(times, 100)
			t.Logf("%d calls on a frozen Redis: p50 %s p99 %s max %s; %v; at most %d goroutines more",
				len(times), p50, p99, longest, o.events.count, growth)
			// Half the allowance is for the machine that runs this, which is shared; so is
			// all but a little of the longest call's. The driver's own patience is 5 s.
			if p50 > 5*time.Millisecond || p99 > 100*time.Millisecond || longest > time.Second {
				t.Error("a frozen Redis costs more than its budget")
			}
			// A dial for each connection of the pool, and a timer for each caller's budget.
			if growth > 32+callers+8 {
				t.Error("goroutines pile up")
			}
			signal(t, pid, syscall.SIGCONT)
			r := request("bank:psbc", "key-after", "one")
			eventually(t, "Redis is used again", func() bool {
				_ = o.hint.Finish(context.Background(), r, "", answerTo(r, "{}"))
				stored, err := o.hint.Lookup(context.Background(), r)
				return err == nil && stored != nil
			})
			if err := o.Close(); err != nil {
				t.Error(err)
			}
			eventually(t, "every goroutine is gone", func() bool { return runtime.NumGoroutine() <= before })
		})
	}
}

func signal(t *testing.T, pid int, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		t.Fatal(err)
	}
}

// askAll makes every kind of call from many goroutines, times each and counts the
// goroutines of the process.
func askAll(t *testing.T, o *opened, limiter *redis.Limiter, callers, rounds int) (times []time.Duration, most int) {
	t.Helper()
	var mu sync.Mutex
	timed := func(call func()) {
		begin := time.Now()
		call()
		took := time.Since(begin)
		mu.Lock()
		times = append(times, took)
		most = max(most, runtime.NumGoroutine())
		mu.Unlock()
	}
	ctx := context.Background()
	var wg sync.WaitGroup
	for g := range callers {
		wg.Go(func() {
			for i := range rounds {
				r := request("bank:psbc", fmt.Sprintf("key-%04d-%04d", g, i), "one")
				owner := ""
				timed(func() { _, _ = o.hint.Lookup(ctx, r) })
				timed(func() { owner, _, _ = o.hint.Mark(ctx, r) })
				timed(func() { _ = o.hint.Finish(ctx, r, owner, answerTo(r, "{}")) })
				timed(func() {
					if wait, err := limiter.Allow(ctx, "bank:psbc", "GET /v1/items"); err != nil || wait != 0 {
						t.Errorf("limiter: wait %s, %v", wait, err)
					}
				})
			}
		})
	}
	wg.Wait()
	return times, most
}

func TestF73_PostsGoOnWhileRedisIsFrozen(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	w := newTown(t, server.URL(), nil)
	usual := w.load(t, 0, 300)
	signal(t, server.PID(), syscall.SIGSTOP)
	frozen := w.load(t, 120, 300)
	signal(t, server.PID(), syscall.SIGCONT)
	w.exactlyOnce(t, 240)
	t.Logf("posts: usual p50 %s p99 %s, frozen p50 %s p99 %s max %s", percentile(usual, 50), percentile(usual, 99),
		percentile(frozen, 50), percentile(frozen, 99), percentile(frozen, 100))
	// One post asks at most four times.
	if most := percentile(frozen, 100); most > 2*time.Second {
		t.Errorf("a post took %s", most)
	}
}

// proxy is a network between us and Redis.
type proxy struct {
	*toxiproxy.Proxy
}

// newProxy starts one in this process.
func newProxy(t *testing.T, upstream string) *proxy {
	t.Helper()
	p := &proxy{toxiproxy.NewProxy(silent(toxiproxy.NewServer, toxiproxy.NewMetricsContainer(nil)), "redis",
		"127.0.0.1:0", upstream)}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

// silent makes the server with the zero logger, which writes nothing.
func silent[M, L any](create func(M, L) *toxiproxy.ApiServer, m M) *toxiproxy.ApiServer {
	var none L
	return create(m, none)
}

func (p *proxy) url() string { return "redis://" + p.Listen + "/0" }

// through is the address of a database by way of the proxy.
func (p *proxy) through(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = p.Listen
	return u.String()
}

// hostOf is what a proxy stands before.
func hostOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// loseReplies swallows what Redis answers on the open connections and on new
// ones, until the returned function cuts these connections.
func (p *proxy) loseReplies(t *testing.T) (cut func()) {
	t.Helper()
	_, err := p.Toxics.AddToxicJson(strings.NewReader(
		`{"name":"lost","type":"timeout","stream":"downstream","attributes":{"timeout":0}}`))
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := p.Toxics.RemoveToxic(context.Background(), "lost"); err != nil {
			t.Error(err)
		}
	}
}

// lose runs a call whose first reply is lost: once its effect is seen in Redis,
// the connection is cut.
func (p *proxy) lose(t *testing.T, db *goredis.Client, pattern string, call func()) {
	t.Helper()
	cut := p.loseReplies(t)
	done := make(chan struct{})
	go func() { call(); close(done) }()
	eventually(t, "the effect is in Redis", func() bool {
		return len(db.Keys(context.Background(), pattern).Val()) > 0
	})
	cut()
	<-done
}

// loadScripts makes Redis know the scripts: else the lost reply would be that it
// does not.
func loadScripts(t *testing.T, o *opened) {
	t.Helper()
	r := request("bank:psbc", "key-scripts", "one")
	owner, _ := o.mark(t, r)
	o.finish(t, r, owner, nil)
}

func TestF74_OurOwnMarkIsKnownAfterALostReply(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	p := newProxy(t, server.Addr())
	o := openClient(t, p.url(), nil)
	other := openClient(t, server.URL(), nil)
	db := admin(t, server.URL())
	ctx := context.Background()
	loadScripts(t, other)
	db.FlushDB(ctx)
	for i := range 20 {
		r := request("bank:psbc", fmt.Sprintf("key-%08d", i), "one")
		o.lookup(t, r) // a connection is open
		var owner string
		var busy time.Duration
		p.lose(t, db, "twoline:once:*", func() { owner, busy, _ = o.hint.Mark(ctx, r) })
		if owner == "" || busy != 0 {
			t.Fatalf("our own mark: owner %q, busy %s: the request would be refused by itself", owner, busy)
		}
		if _, busy := other.mark(t, r); busy == 0 {
			t.Error("others do not see that we work on it")
		}
		eventually(t, "the owner removes its mark", func() bool { return o.hint.Finish(ctx, r, owner, nil) == nil })
		if owner, busy := other.mark(t, r); owner == "" || busy != 0 {
			t.Fatalf("after the end the key is stuck: owner %q, busy %s", owner, busy)
		}
		db.FlushDB(ctx)
	}
	// The second question was answered, so nothing failed; a slow machine may cost some.
	if n := o.events.of(redis.Failed); n > 10 {
		t.Errorf("%d of 20 lost replies were taken for failures", n)
	}
}

// Where the network stays silent, the request goes on with what may be its mark.
func TestF74_AMarkWithoutAnAnswerIsStillRemoved(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	p := newProxy(t, server.Addr())
	o := openClient(t, p.url(), nil)
	other := openClient(t, server.URL(), nil)
	loadScripts(t, other)
	r := request("bank:psbc", "key-00000001", "one")
	o.lookup(t, r)
	cut := p.loseReplies(t)
	owner, busy := o.mark(t, r)
	cut()
	if owner == "" || busy != 0 {
		t.Fatalf("owner %q, busy %s", owner, busy)
	}
	if _, busy := other.mark(t, r); busy == 0 {
		t.Fatal("the mark was not set: this test would prove nothing")
	}
	eventually(t, "the answer is kept", func() bool {
		return o.hint.Finish(context.Background(), r, owner, answerTo(r, "{}")) == nil
	})
	if owner, _ := other.mark(t, r); owner == "" {
		t.Error("the mark outlives its request")
	}
}

func TestF74_ALostReplyIsCountedOnce(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	p := newProxy(t, server.Addr())
	o := openClient(t, p.url(), nil)
	other := openClient(t, server.URL(), nil)
	db := admin(t, server.URL())
	rate := redis.Rate{PerMinute: 1, Burst: 10}
	mine, theirs := o.limiter(t, rate), other.limiter(t, rate)
	let(t, mine, "bank:psbc", "GET /v1/other", 1) // the script is loaded, a connection open
	db.FlushDB(context.Background())
	p.lose(t, db, "rate:*", func() { let(t, mine, "bank:psbc", "GET /v1/items", 1) })
	if in, _ := let(t, theirs, "bank:psbc", "GET /v1/items", 20); in != 9 {
		t.Errorf("after one request %d of 20 are let in, want 9 of the burst of 10", in)
	}
}

func TestF76_RedisDiesAndComesBackEmpty(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	w := newTown(t, server.URL(), func(o *redis.Options) { o.Pause = 20 * time.Millisecond })
	lives := 0
	asked := func() int { return w.events.of(redis.Miss) + w.events.of(redis.Hit) }
	during(t, 10*time.Millisecond, func() {
		if err := server.Crash(); err != nil {
			t.Error(err)
		}
		<-time.After(20 * time.Millisecond)
		if err := server.Restart(context.Background()); err != nil {
			t.Error(err)
		}
		lives++
		// Each life is long enough to be of use; the driver looks again once a second.
		enough := asked() + 50
		for limit := time.Now().Add(3 * time.Second); asked() < enough && time.Now().Before(limit); {
			<-time.After(time.Millisecond)
		}
	}, func() { w.load(t, 0, 1000) })
	w.exactlyOnce(t, 400)
	t.Logf("%d lives; %v", lives, w.events.count)
	if lives < 3 || w.events.of(redis.Failed) == 0 || w.events.of(redis.Miss) < 50 {
		t.Error("Redis hardly died, or hardly lived")
	}
	hits := w.events.of(redis.Hit)
	eventually(t, "the cache is used again", func() bool {
		_, _ = w.post(0)
		return w.events.of(redis.Hit) > hits
	})
	w.exactlyOnce(t, 400)
}

func TestF77_AFullRedisIsAMiss(t *testing.T) {
	t.Parallel()
	for _, policy := range []string{"noeviction", "allkeys-lru"} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			server := startRedis(t)
			w := newTown(t, server.URL(), nil)
			db := admin(t, server.URL())
			ctx := context.Background()
			w.load(t, 0, 50)
			for name, value := range map[string]string{"maxmemory": "3mb", "maxmemory-policy": policy} {
				if err := db.ConfigSet(ctx, name, value).Err(); err != nil {
					t.Fatal(err)
				}
			}
			n := 0
			fill := func() {
				n++
				db.Set(ctx, fmt.Sprintf("filler:%d", n), strings.Repeat("x", 50_000), 0)
			}
			for range 100 {
				fill()
			}
			during(t, time.Millisecond, fill, func() { w.load(t, 20, 500) })
			w.exactlyOnce(t, 220)
			info := db.Info(ctx, "stats").Val()
			evicted := !strings.Contains(info, "evicted_keys:0\r")
			full := db.Set(ctx, "one more", strings.Repeat("x", 50_000), 0).Err() != nil
			t.Logf("evicted %v, full %v; %v", evicted, full, w.events.count)
			if evicted != (policy == "allkeys-lru") || full != (policy == "noeviction") {
				t.Error("Redis was not full in the way that was meant")
			}
			// No room at all: less than the server itself needs.
			if err := db.ConfigSet(ctx, "maxmemory", "100kb").Err(); err != nil {
				t.Fatal(err)
			}
			owner, busy := w.mark(t, request("bank:psbc", "key-full", "one"))
			if owner != "" || busy != 0 {
				t.Errorf("mark in a full Redis: owner %q, busy %s", owner, busy)
			}
		})
	}
}

package redis_test

import (
	"bufio"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoline/adapters/redis"
)

// nobodyThere is an address that refuses connections: port 1 is nobody's.
const nobodyThere = "redis://127.0.0.1:1/0"

func TestOptionsThatCannotBeMeant(t *testing.T) {
	t.Parallel()
	good := redis.Options{
		URL: nobodyThere, Secret: secret("x"), Log: slog.New(slog.DiscardHandler), Now: time.Now,
	}
	for name, change := range map[string]func(*redis.Options){
		"no url":          func(o *redis.Options) { o.URL = "" },
		"other scheme":    func(o *redis.Options) { o.URL = "http://user:canary@localhost" },
		"malformed":       func(o *redis.Options) { o.URL = "redis://user:canary@local host:x" },
		"no log":          func(o *redis.Options) { o.Log = nil },
		"no clock":        func(o *redis.Options) { o.Now = nil },
		"no secret":       func(o *redis.Options) { o.Secret = nil },
		"short secret":    func(o *redis.Options) { o.Secret = o.Secret[:31] },
		"patient":         func(o *redis.Options) { o.Budget = 101 * time.Millisecond },
		"negative budget": func(o *redis.Options) { o.Budget = -1 },
		"negative pause":  func(o *redis.Options) { o.Pause = -1 },
	} {
		o := good
		change(&o)
		c, err := redis.Open(context.Background(), o)
		if err == nil {
			_ = c.Close()
			t.Errorf("%s: taken", name)
			continue
		}
		if strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: the error shows the password: %v", name, err)
		}
	}
	// What the URL says of time-outs and retries does not count.
	o := good
	o.URL += "?max_retries=9&read_timeout=60s&dial_timeout=60s&pool_timeout=60s"
	c, err := redis.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestReadySaysWhetherRedisAnswersAndWarnsOfEviction(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	o := openClient(t, server.URL(), nil)
	ctx := context.Background()
	if err := o.Ready(ctx); err != nil {
		t.Fatalf("ready: %v", err)
	}
	if log := o.log.String(); log != "" {
		t.Errorf("a good Redis is reported: %s", log)
	}
	db := admin(t, server.URL())
	if err := db.ConfigSet(ctx, "maxmemory-policy", "allkeys-lru").Err(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := o.Ready(ctx); err != nil {
			t.Fatalf("ready: %v", err)
		}
	}
	if n := strings.Count(o.log.String(), "allkeys-lru"); n != 1 {
		t.Errorf("the policy is reported %d times, want once: %s", n, o.log)
	}
	if err := server.Crash(); err != nil {
		t.Fatal(err)
	}
	if err := o.Ready(ctx); err == nil {
		t.Error("ready although Redis is gone")
	}
}

func TestAfterFailuresInARowOneCallProbes(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	o := openClient(t, server.URL(), func(o *redis.Options) { o.Failures, o.Pause = 3, time.Minute })
	r := request("bank:psbc", "key-00000001", "one")
	o.finish(t, r, "", answerTo(r, "{}"))
	if err := server.Crash(); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	for i := range 3 {
		if _, err := o.hint.Lookup(ctx, r); err == nil {
			t.Fatalf("failure %d is not told", i)
		}
	}
	for range 10 {
		if o.lookup(t, r) != nil {
			t.Fatal("an answer from nowhere")
		}
	}
	together := func() {
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() { _, _ = o.hint.Lookup(ctx, r) })
		}
		wg.Wait()
	}
	want := func(failed, bypassed int) {
		t.Helper()
		if f, b := o.events.of(redis.Failed), o.events.of(redis.Bypassed); f != failed || b != bypassed {
			t.Fatalf("%d failed and %d bypassed, want %d and %d", f, b, failed, bypassed)
		}
	}
	want(3, 10)
	o.clock.add(61 * time.Second)
	together()
	want(4, 25)
	// A clock that was set back does not prolong the pause.
	o.clock.add(-time.Hour)
	together()
	want(5, 40)
	if err := server.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	o.clock.add(61 * time.Second)
	o.finish(t, r, "", answerTo(r, "{}"))
	if o.lookup(t, r) == nil {
		t.Error("Redis is back, and its answer is not")
	}
	want(5, 40)
	for text, n := range map[string]int{"left alone": 1, "answers again": 1} {
		if got := strings.Count(o.log.String(), text); got != n {
			t.Errorf("log says %q %d times, want %d: %s", text, got, n, o.log)
		}
	}
}

// A caller that gives up says nothing about Redis.
func TestAGivenUpRequestIsNoFailure(t *testing.T) {
	t.Parallel()
	o := openClient(t, startRedis(t).URL(), func(o *redis.Options) { o.Failures = 1 })
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := request("bank:psbc", "key-00000001", "one")
	for range 5 {
		if _, err := o.hint.Lookup(ctx, r); err == nil {
			t.Fatal("a cancelled question is answered")
		}
	}
	o.finish(t, r, "", answerTo(r, "{}"))
	if o.lookup(t, r) == nil {
		t.Error("given-up requests ended the asking")
	}
}

// liar answers every command with the same bytes.
func liar(t *testing.T, reply func() string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer func() { _ = c.Close() }()
				lie(c, reply)
			})
		}
	})
	return "redis://" + l.Addr().String() + "/0"
}

func lie(c net.Conn, reply func() string) {
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		// A command is an array: two lines for each of its parts.
		n := 0
		for _, d := range strings.TrimSpace(strings.TrimPrefix(line, "*")) {
			n = 10*n + int(d-'0')
		}
		name := ""
		for i := range 2 * n {
			part, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if i == 1 {
				name = strings.ToLower(strings.TrimSpace(part))
			}
		}
		answer := reply()
		if name == "hello" {
			answer = "-ERR unknown command\r\n"
		}
		if _, err := c.Write([]byte(answer)); err != nil {
			return
		}
	}
}

// A refusal may repeat the command with its parts.
func TestAnErrorShowsNothingThatWasSent(t *testing.T) {
	t.Parallel()
	url := liar(t, func() string { return "-ERR unknown command, with args beginning with: 'canary'\r\n" })
	o := openClient(t, url, nil)
	r := request("bank:psbc", "key-00000001", "one")
	// A machine that is busy may take longer than a hint may take: then it is asked again.
	asked := func(fn func() error) (err error) {
		for range 100 {
			if err = fn(); !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, context.DeadlineExceeded) {
				break
			}
		}
		return err
	}
	lookup := asked(func() error { _, err := o.hint.Lookup(context.Background(), r); return err })
	finish := asked(func() error { return o.hint.Finish(context.Background(), r, "owner", answerTo(r, "{}")) })
	ready := asked(func() error { return o.Ready(context.Background()) })
	for _, err := range []error{lookup, finish, ready} {
		if err == nil || !strings.Contains(err.Error(), "ERR") || strings.Contains(err.Error(), "canary") {
			t.Errorf("error %v, want the code and nothing else", err)
		}
	}
	if strings.Contains(o.log.String(), "canary") {
		t.Errorf("log %s", o.log)
	}
}

func TestALyingRedisIsAMiss(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	say := ""
	url := liar(t, func() string {
		mu.Lock()
		defer mu.Unlock()
		return say
	})
	// The parts contain no line break, so the liar reads commands to their end.
	r := request("bank:psbc", "key-00000001", "one")
	lies := []string{
		"+OK\r\n", ":1\r\n", "$-1\r\n", "*-1\r\n", "*0\r\n", "$5\r\nhello\r\n", "-ERR wrong\r\n", "-OOM full\r\n",
		"*2\r\n:1\r\n:1\r\n", "*2\r\n$1\r\nx\r\n:99999999999999\r\n", "*2\r\n$1\r\nx\r\n$1\r\ny\r\n", "*1\r\n*0\r\n",
		"*4\r\n:0\r\n:0\r\n:1\r\n:1\r\n", "*4\r\n$1\r\nx\r\n:0\r\n$1\r\n1\r\n$1\r\n1\r\n",
		"*4\r\n:0\r\n:0\r\n$3\r\nnan\r\n$1\r\n1\r\n",
		"*2\r\n:0\r\n:0\r\n", "nonsense\r\n", "\r\n", "_\r\n", ",inf\r\n",
	}
	rapid.Check(t, func(rt *rapid.T) {
		lie := rapid.OneOf(rapid.SampledFrom(lies), rapid.StringMatching(`[*$:+\-][0-9]{1,3}\r\n`)).Draw(rt, "lie")
		mu.Lock()
		say = lie
		mu.Unlock()
		o := openClient(t, url, func(o *redis.Options) { o.Budget, o.Failures = 5*time.Millisecond, 1000 })
		defer func() { _ = o.Close() }()
		ctx := context.Background()
		if stored, _ := o.hint.Lookup(ctx, r); stored != nil {
			rt.Fatalf("lookup believes a lie: %+v", stored)
		}
		if _, busy, _ := o.hint.Mark(ctx, r); busy != 0 {
			rt.Fatalf("mark believes a lie: busy for %s", busy)
		}
		_ = o.hint.Finish(ctx, r, "owner", answerTo(r, "{}"))
		l := o.limiter(t, redis.Rate{PerMinute: 60, Burst: 60})
		if wait, err := l.Allow(ctx, "bank:psbc", "POST /v1/arrivals"); wait > 2*time.Second || err != nil {
			rt.Fatalf("limiter believes a lie: wait %s, %v", wait, err)
		}
	})
}

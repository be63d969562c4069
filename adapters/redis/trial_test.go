package redis_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"log/slog"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"twoline/adapters/redis"
	"twoline/adapters/trial"
	"twoline/gateway/once"
)

// startRedis starts a server of the test's own.
func startRedis(t *testing.T) *trial.Redis {
	t.Helper()
	r, err := trial.StartRedis(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Stop(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// admin speaks to a server past the package under test.
func admin(t *testing.T, url string) *goredis.Client {
	t.Helper()
	o, err := goredis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	c := goredis.NewClient(o)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// events counts what the client observes.
type events struct {
	mu    sync.Mutex
	count map[redis.Event]int
}

func (e *events) add(one redis.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.count[one]++
}

func (e *events) of(one redis.Event) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.count[one]
}

// clock is real time and what the test added.
type clock struct {
	mu   sync.Mutex
	plus time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.plus)
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.plus += d
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// opened is a client with what it observes, logs and takes for the time.
type opened struct {
	*redis.Client

	hint   *redis.Hint
	events *events
	clock  *clock
	log    *syncBuffer
}

func secret(word string) []byte {
	sum := sha256.Sum256([]byte(word))
	return sum[:]
}

func openClient(t *testing.T, url string, change func(*redis.Options)) *opened {
	t.Helper()
	o := &opened{events: &events{count: make(map[redis.Event]int)}, clock: &clock{}, log: &syncBuffer{}}
	options := redis.Options{
		URL: url, Secret: secret("of all tests"), Log: slog.New(slog.NewJSONHandler(o.log, nil)), Now: o.clock.now,
		Observe: o.events.add,
		// As patient as can be: the machine that runs the tests is shared.
		Budget: 100 * time.Millisecond,
	}
	if change != nil {
		change(&options)
	}
	c, err := redis.Open(context.Background(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	o.Client, o.hint = c, c.Hint()
	return o
}

// request makes a request whose fingerprint is that of the content.
func request(caller, key, content string) once.Request {
	return once.Request{
		Caller: caller, Route: "POST /v1/arrivals", Key: key, Fingerprint: sha256.Sum256([]byte(content)),
	}
}

func answerTo(r once.Request, body string) *once.Stored {
	return &once.Stored{Fingerprint: r.Fingerprint, Answer: once.Answer{
		Status: 201, ContentType: "application/json", Body: []byte(body),
	}}
}

func (o *opened) lookup(t *testing.T, r once.Request) *once.Stored {
	t.Helper()
	stored, err := o.hint.Lookup(context.Background(), r)
	if err != nil {
		t.Fatalf("lookup: %v", err)
	}
	return stored
}

func (o *opened) mark(t *testing.T, r once.Request) (owner string, busy time.Duration) {
	t.Helper()
	owner, busy, err := o.hint.Mark(context.Background(), r)
	if err != nil {
		t.Fatalf("mark: %v", err)
	}
	return owner, busy
}

func (o *opened) finish(t *testing.T, r once.Request, owner string, a *once.Stored) {
	t.Helper()
	if err := o.hint.Finish(context.Background(), r, owner, a); err != nil {
		t.Fatalf("finish: %v", err)
	}
}

// eventually waits for what comes without a signal.
func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	limit := time.After(time.Minute)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !yes() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("after 10 s still not: %s", what)
		}
	}
}

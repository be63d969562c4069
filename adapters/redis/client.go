package redis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Options say how to reach Redis. URL, Secret, Log and Now are needed.
type Options struct {
	// URL is redis://user:password@host:port/db, or rediss:// for TLS.
	URL string
	// Secret is at least 32 random bytes, the same in every process. Answers kept
	// under another secret are not found.
	Secret []byte
	Log    *slog.Logger
	// Now is the wall clock.
	Now func() time.Time
	// Connections bounds the pool; 0 is 32.
	Connections int
	// Budget bounds one call; 0 is 50 ms, the most 100 ms.
	Budget time.Duration
	// Failures in a row end the asking, for Pause; 0 is 5 and 2 s.
	Failures int
	Pause    time.Duration
	// AnswerLife is how long an answer is kept, MarkLife how long the mark of a
	// process that died may stand and refuse its request sent again; 0 is 24 h and
	// 3 s. A mark is renewed while its request is worked on.
	AnswerLife, MarkLife time.Duration
	// Observe is told what happened, for metrics; nil is nobody. It is called from
	// many goroutines.
	Observe func(Event)
}

// Event is what a call came to.
type Event string

// The events.
const (
	// Hit is an answer from the cache, Miss none, Wrong one that does not prove itself.
	Hit   Event = "hit"
	Miss  Event = "miss"
	Wrong Event = "wrong"
	// Busy is a request that another call works on.
	Busy Event = "busy"
	// TooLarge is an answer that was not kept for its size.
	TooLarge Event = "too_large"
	// Failed is a call without a usable answer, Bypassed one that Redis was not asked for.
	Failed   Event = "failed"
	Bypassed Event = "bypassed"
	// CountedHere is a request that only this process counted.
	CountedHere Event = "counted_here"
)

// Client is the way to one Redis. It is safe for concurrent use.
type Client struct {
	db      *goredis.Client
	options Options
	seal    *seal
	breaker *breaker

	mu     sync.Mutex
	policy string
}

const (
	defaultConnections = 32
	defaultBudget      = 50 * time.Millisecond
	maxBudget          = 100 * time.Millisecond
	minSecret          = 32
)

// Open prepares the client and asks Redis once. A Redis that does not answer is
// no error: it is asked again later. An error means that the options are wrong.
// The context bounds the first question.
func Open(ctx context.Context, o Options) (*Client, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	driver, err := goredis.ParseURL(o.URL)
	if err != nil {
		// The driver's error shows the URL, and with it the password.
		return nil, errors.New("redis: the url is not redis://user:password@host:port/db")
	}
	s, err := newSeal(o.Secret)
	if err != nil {
		return nil, err
	}
	// The driver prints to the error stream on its own; what matters is logged here.
	logging.Disable()
	c := &Client{
		db: goredis.NewClient(o.driver(driver)), options: o, seal: s, breaker: newBreaker(o.Failures, o.Pause),
		mu: sync.Mutex{}, policy: "",
	}
	if err := c.Ready(ctx); err != nil {
		o.Log.LogAttrs(ctx, slog.LevelWarn, "redis does not answer, going on without it", slog.Any("error", err))
	}
	return c, nil
}

func (o Options) withDefaults() (Options, error) {
	if o.Log == nil || o.Now == nil {
		return o, errors.New("redis: Log and Now are needed")
	}
	if len(o.Secret) < minSecret {
		return o, fmt.Errorf("redis: the secret has %d bytes, at least %d are needed", len(o.Secret), minSecret)
	}
	if o.Budget < 0 || o.Budget > maxBudget {
		return o, fmt.Errorf("redis: a budget of %s is outside 0 to %s", o.Budget, maxBudget)
	}
	if o.Connections < 0 || o.Failures < 0 || o.Pause < 0 || o.AnswerLife < 0 || o.MarkLife < 0 {
		return o, errors.New("redis: a negative option")
	}
	setDefault(&o.Connections, defaultConnections)
	setDefault(&o.Budget, defaultBudget)
	setDefault(&o.Failures, 5)
	setDefault(&o.Pause, 2*time.Second)
	setDefault(&o.AnswerLife, 24*time.Hour)
	setDefault(&o.MarkLife, 3*time.Second)
	if o.Observe == nil {
		o.Observe = func(Event) {}
	}
	return o, nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// driver bounds every wait of the driver and switches off what it does unasked:
// its hidden retries would make our own mark look taken and count a request twice.
func (o Options) driver(d *goredis.Options) *goredis.Options {
	d.MaxRetries = -1
	d.ContextTimeoutEnabled = true
	d.DialTimeout, d.DialerRetries = maxBudget, 1
	d.ReadTimeout, d.WriteTimeout, d.PoolTimeout = o.Budget, o.Budget, o.Budget
	d.PoolSize, d.MaxActiveConns, d.MinIdleConns = o.Connections, 0, 0
	d.ConnMaxIdleTime = 5 * time.Minute
	d.Protocol = 2
	d.DisableIdentity = true
	d.MaintNotificationsConfig = &maintnotifications.Config{ //nolint:exhaustruct // off
		Mode: maintnotifications.ModeDisabled,
	}
	return d
}

// Close ends all connections.
func (c *Client) Close() error {
	if err := c.db.Close(); err != nil {
		return fmt.Errorf("close redis: %w", err)
	}
	return nil
}

// errBypassed says that Redis was not asked.
var errBypassed = errors.New("redis is left alone for a while")

// ask runs one question within the budget, unless Redis is being left alone.
// Its error is errBypassed, or text without anything that was sent.
func (c *Client) ask(ctx context.Context, question func(context.Context) error) error {
	if !c.breaker.admit(c.options.Now()) {
		c.options.Observe(Bypassed)
		return errBypassed
	}
	within, cancel := context.WithTimeout(ctx, c.options.Budget)
	defer cancel()
	err := question(within)
	switch {
	case err == nil:
		c.settle(ctx, answered, nil)
		return nil
	case ctx.Err() != nil:
		c.settle(ctx, abandoned, nil)
		return fmt.Errorf("ask redis: %w", context.Cause(ctx))
	}
	err = clean(err)
	c.options.Observe(Failed)
	c.settle(ctx, failed, err)
	return err
}

func (c *Client) settle(ctx context.Context, o outcome, err error) {
	if !c.breaker.settle(o, c.options.Now()) {
		return
	}
	if o == failed {
		c.options.Log.LogAttrs(ctx, slog.LevelWarn, "redis is left alone for a while", slog.Any("error", err))
		return
	}
	c.options.Log.LogAttrs(ctx, slog.LevelInfo, "redis answers again")
}

// errRefused is an error that Redis itself answered: nothing was done.
var errRefused = errors.New("redis refuses")

// clean keeps the code of a refusal only: its text may repeat what was sent.
func clean(err error) error {
	if refusal, ok := errors.AsType[goredis.Error](err); ok {
		code, _, _ := strings.Cut(refusal.Error(), " ")
		return fmt.Errorf("%w: %.20q", errRefused, code)
	}
	return err
}

// connectionLost says that a connection broke and a new one may be better: Redis
// did answer the handshake, and there was no time-out.
func connectionLost(err error) bool {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op != "dial" && !op.Timeout()
}

// Ready says whether Redis answers now, whatever was decided about asking it.
// It warns, once for each value, of an eviction policy under which a full Redis
// drops keys in silence.
func (c *Client) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*c.options.Budget)
	defer cancel()
	if err := c.db.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("ping redis: %w", clean(err))
	}
	// Redis answers, and that was the question. Where the memory section may not be
	// read, the policy stays unknown.
	memory, err := c.db.Info(ctx, "memory").Result()
	if err != nil {
		return nil
	}
	for line := range strings.Lines(memory) {
		if policy, ok := strings.CutPrefix(strings.TrimSpace(line), "maxmemory_policy:"); ok {
			c.notePolicy(ctx, policy)
		}
	}
	return nil
}

func (c *Client) notePolicy(ctx context.Context, policy string) {
	c.mu.Lock()
	changed := policy != c.policy
	c.policy = policy
	c.mu.Unlock()
	if changed && policy != "noeviction" {
		c.options.Log.LogAttrs(ctx, slog.LevelWarn, "redis may evict keys, set maxmemory-policy noeviction",
			slog.String("maxmemory_policy", policy))
	}
}

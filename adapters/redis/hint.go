package redis

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"twoline/gateway/once"
)

// Hint remembers finished answers and who works on what. It is safe for
// concurrent use, and each of its calls ends within the budget.
type Hint struct {
	c                   *Client
	mark, renew, finish *goredis.Script

	mu sync.Mutex
	// kept are the marks that this process renews, by their owner.
	kept map[string]renewal
}

// renewal is the next time that a mark is renewed, and what ends it with its context.
type renewal struct {
	next   *time.Timer
	forget func() bool
}

// Hint is the client's replay cache.
func (c *Client) Hint() *Hint {
	return &Hint{
		c: c, mark: goredis.NewScript(markScript), renew: goredis.NewScript(renewScript),
		finish: goredis.NewScript(finishScript), mu: sync.Mutex{}, kept: make(map[string]renewal),
	}
}

// markScript sets our mark where none stands. It answers the mark that stands
// then and how many milliseconds it has left. A mark that is ours already was
// set by a question whose reply was lost. One byte more than a mark is read, so
// that nothing longer passes for one.
const markScript = `
local held = redis.call('getrange', KEYS[1], 0, #ARGV[1])
if held ~= '' and held ~= ARGV[1] then
  return {held, redis.call('pttl', KEYS[1])}
end
redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
return {ARGV[1], tonumber(ARGV[2])}`

// renewScript gives our mark its whole life again; it makes no new one.
const renewScript = `
if redis.call('getrange', KEYS[1], 0, #ARGV[1]) ~= ARGV[1] then
  return 0
end
return redis.call('pexpire', KEYS[1], ARGV[2])`

// finishScript keeps the answer where there is one, and removes the mark where it
// is ours. A full Redis refuses the answer, and the mark goes all the same; after
// a removal it would take the answer and grow beyond its limit.
const finishScript = `
local kept = {}
if ARGV[2] ~= '' then
  kept = redis.pcall('set', KEYS[2], ARGV[2], 'px', ARGV[3])
end
if ARGV[1] ~= '' and redis.call('getrange', KEYS[1], 0, #ARGV[1]) == ARGV[1] then
  redis.call('del', KEYS[1])
end
if kept.err then
  return kept
end
return 1`

// The braces keep both keys of a request on one node of a cluster.
func answerKey(name []byte) string { return "twoline:once:{" + hex.EncodeToString(name) + "}" }

func markKey(name []byte) string { return answerKey(name) + ":busy" }

// Lookup returns the finished answer to this request, or nil. Where it returns
// an error, asking further about the request is in vain; while Redis is left
// alone it returns nil without one.
func (h *Hint) Lookup(ctx context.Context, r once.Request) (*once.Stored, error) {
	name := h.c.seal.nameOf(r)
	var b []byte
	err := h.c.ask(ctx, func(ctx context.Context) (err error) {
		// Whatever stands there, no more than an answer can have is read.
		b, err = h.c.db.GetRange(ctx, answerKey(name), 0, maxAnswer).Bytes()
		return err
	})
	switch {
	case errors.Is(err, errBypassed):
		return nil, nil //nolint:nilnil // no answer: the interface says nil
	case err != nil:
		return nil, err
	case len(b) == 0:
		h.c.options.Observe(Miss)
		return nil, nil //nolint:nilnil // as above
	}
	stored, genuine := h.c.seal.open(name, r, b, h.c.options.Now())
	switch {
	case !genuine:
		h.wrong(ctx, "answer", name)
	case stored == nil:
		h.c.options.Observe(Miss)
	default:
		h.c.options.Observe(Hit)
	}
	return stored, nil
}

// Mark says that this call works on the request, until Finish or the end of the
// context. The owner is for Finish, and is empty where no mark could be set. Where
// another call holds one, busy is how long that lasts unless it is renewed. A
// failure of Redis is no error: the request goes on without a mark, and where ours
// may have been set, with its owner.
func (h *Hint) Mark(ctx context.Context, r once.Request) (owner string, busy time.Duration, err error) {
	name := h.c.seal.nameOf(r)
	own := h.c.seal.newMark(name)
	var held string
	var left time.Duration
	err = h.c.ask(ctx, func(ctx context.Context) (err error) {
		held, left, err = h.setMark(ctx, name, own)
		if connectionLost(err) && ctx.Err() == nil {
			// Our token tells whether the first question had its effect.
			held, left, err = h.setMark(ctx, name, own)
		}
		return err
	})
	switch {
	case errors.Is(err, errBypassed), errors.Is(err, errRefused):
		return "", 0, nil
	case err != nil, held == own:
		h.keep(ctx, name, own)
		return own, 0, nil //nolint:nilerr // without an answer, our mark may stand all the same
	case !h.c.seal.isMark(name, held) || left <= 0 || left > h.c.options.MarkLife:
		h.wrong(ctx, "mark", name)
		return "", 0, nil
	}
	h.c.options.Observe(Busy)
	return "", left, nil
}

var errReply = errors.New("redis answered something else than its script says")

func (h *Hint) setMark(ctx context.Context, name []byte, own string) (held string, left time.Duration, err error) {
	life := h.c.options.MarkLife.Milliseconds()
	reply, err := h.mark.Run(ctx, h.c.db, []string{markKey(name)}, own, life).Slice()
	if err != nil {
		return "", 0, err
	}
	if len(reply) != 2 {
		return "", 0, errReply
	}
	held, ok := reply[0].(string)
	ms, okMs := reply[1].(int64)
	if !ok || !okMs {
		return "", 0, errReply
	}
	return held, time.Duration(min(ms, life+1)) * time.Millisecond, nil
}

// keep renews the mark, three times in its life, until it is let go: by Finish,
// with the context, or because it is no longer ours.
func (h *Hint) keep(ctx context.Context, name []byte, owner string) {
	every := h.c.options.MarkLife / 3
	again := func() {
		renewed := 0
		err := h.c.ask(ctx, func(ctx context.Context) (err error) {
			life := h.c.options.MarkLife.Milliseconds()
			renewed, err = h.renew.Run(ctx, h.c.db, []string{markKey(name)}, owner, life).Int()
			return err
		})
		if errors.Is(err, goredis.ErrClosed) || (err == nil && renewed == 0) {
			h.letGo(owner)
			return
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		if r, ok := h.kept[owner]; ok {
			r.next.Reset(every)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.kept[owner] = renewal{
		next: time.AfterFunc(every, again), forget: context.AfterFunc(ctx, func() { h.letGo(owner) }),
	}
}

// letGo renews a mark no more: it ends with its life.
func (h *Hint) letGo(owner string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r, ok := h.kept[owner]; ok {
		r.next.Stop()
		r.forget()
		delete(h.kept, owner)
	}
}

// Finish removes the owner's mark and keeps the answer; nil is a refusal, which
// is not kept, and neither is an answer of more than 64 KiB.
func (h *Hint) Finish(ctx context.Context, r once.Request, owner string, a *once.Stored) error {
	h.letGo(owner)
	name := h.c.seal.nameOf(r)
	var value []byte
	if a != nil {
		if value = h.c.seal.answer(name, a, h.c.options.Now().Add(h.c.options.AnswerLife)); value == nil {
			h.c.options.Observe(TooLarge)
		}
	}
	err := h.c.ask(ctx, func(ctx context.Context) error {
		keys := []string{markKey(name), answerKey(name)}
		return h.finish.Run(ctx, h.c.db, keys, owner, value, h.c.options.AnswerLife.Milliseconds()).Err()
	})
	if errors.Is(err, errBypassed) {
		return nil
	}
	return err
}

// wrong reports what only a fault or a stranger can have written.
func (h *Hint) wrong(ctx context.Context, what string, name []byte) {
	h.c.options.Observe(Wrong)
	h.c.options.Log.LogAttrs(ctx, slog.LevelWarn, "redis gave what does not prove itself", slog.String("what", what),
		slog.String("name", hex.EncodeToString(name)))
}

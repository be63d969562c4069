package redis_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"twoline/adapters/redis"
	"twoline/gateway/once"
)

// keyIn finds the one key of a pattern.
func keyIn(t *testing.T, db *goredis.Client, pattern string) string {
	t.Helper()
	keys := db.Keys(context.Background(), pattern).Val()
	if len(keys) != 1 {
		t.Fatalf("keys %q, want one", keys)
	}
	return keys[0]
}

// kept stores an answer and returns where and how it stands in Redis.
func (o *opened) kept(t *testing.T, db *goredis.Client, r once.Request, body string) (key string, value []byte) {
	t.Helper()
	ctx := context.Background()
	before := map[string]bool{}
	for _, k := range db.Keys(ctx, "twoline:once:*").Val() {
		before[k] = true
	}
	o.finish(t, r, "", answerTo(r, body))
	for _, k := range db.Keys(ctx, "twoline:once:*").Val() {
		if !before[k] {
			key = k
		}
	}
	value, err := db.Get(ctx, key).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return key, value
}

func TestF75_PoisonedAnswersAreMisses(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	db := admin(t, server.URL())
	ctx := context.Background()
	o := openClient(t, server.URL(), nil)
	mine := request("bank:psbc", "key-00000001", "one")
	key, value := o.kept(t, db, mine, `{"id":"7","amount":"183.10"}`)
	wrongs := 0
	miss := func(what string, poison []byte) {
		t.Helper()
		if err := db.Set(context.Background(), key, poison, 0).Err(); err != nil {
			t.Fatal(err)
		}
		if got := o.lookup(t, mine); got != nil {
			t.Errorf("%s: answered %d %q", what, got.Answer.Status, got.Answer.Body)
		}
		wrongs++
		if got := o.events.of(redis.Wrong); got != wrongs {
			t.Errorf("%s: %d poisoned answers reported, want %d", what, got, wrongs)
			wrongs = got
		}
	}
	for i := range value {
		for _, bit := range []byte{0x01, 0x80} {
			bad := bytes.Clone(value)
			bad[i] ^= bit
			miss(fmt.Sprintf("byte %d ^ %#x", i, bit), bad)
		}
	}
	for n := 1; n < len(value); n++ {
		miss(fmt.Sprintf("cut to %d bytes", n), value[:n])
	}
	miss("one byte more", append(bytes.Clone(value), 0))
	miss("twice", append(bytes.Clone(value), value...))
	miss("a megabyte", bytes.Repeat([]byte("x"), 1<<20))
	// Who cannot know the secret signs with what is known.
	sealed := value[:len(value)-sha256.Size]
	sum := sha256.Sum256(sealed)
	miss("plain digest for the MAC", append(bytes.Clone(sealed), sum[:]...))
	miss("no MAC", append(bytes.Clone(sealed), make([]byte, sha256.Size)...))
	foreign := openClient(t, server.URL(), func(o *redis.Options) { o.Secret = secret("of a stranger") })
	_, forged := foreign.kept(t, db, mine, `{"id":"8"}`)
	miss("another secret", forged)

	// The good value is still good: the misses were about the poison.
	db.Set(ctx, key, value, 0)
	if o.lookup(t, mine) == nil {
		t.Fatal("the genuine answer is a miss too: this test would prove nothing")
	}
}

func TestF75_AnswersOfOthersAndOfOtherTimesAreMisses(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	db := admin(t, server.URL())
	ctx := context.Background()
	o := openClient(t, server.URL(), nil)
	a := request("bank:psbc", "key-00000001", "one")
	others := []once.Request{
		request("bank:rcu", a.Key, "one"), request(a.Caller, "key-00000002", "one"),
		{Caller: a.Caller, Route: "POST /v1/contributions", Key: a.Key, Fingerprint: a.Fingerprint},
	}
	keyA, valueA := o.kept(t, db, a, "answer of A")
	for _, b := range others {
		keyB, valueB := o.kept(t, db, b, "answer of B")
		db.MSet(ctx, keyA, valueB, keyB, valueA)
		if gotA, gotB := o.lookup(t, a), o.lookup(t, b); gotA != nil || gotB != nil {
			t.Errorf("swapped with %s %s %s: %v %v", b.Caller, b.Route, b.Key, gotA, gotB)
		}
	}
	// A genuine answer to the same key with other content, put there again later.
	db.Set(ctx, keyA, valueA, 0)
	if got := o.lookup(t, request(a.Caller, a.Key, "two")); got != nil {
		t.Errorf("an answer to other content: %v", got)
	}
	if o.lookup(t, a) == nil {
		t.Fatal("the genuine answer is a miss too: this test would prove nothing")
	}
	// A genuine answer whose time is over: a stale copy of Redis still has it.
	o.clock.add(25 * time.Hour)
	db.Set(ctx, keyA, valueA, 0)
	if got := o.lookup(t, a); got != nil {
		t.Errorf("a stale answer: %v", got)
	}
	db.Del(ctx, keyA)
	db.RPush(ctx, keyA, valueA)
	if got, err := o.hint.Lookup(ctx, a); got != nil || err == nil {
		t.Errorf("a list in place of the answer: %v, %v", got, err)
	}
}

func TestF75_PoisonedMarksStopNobody(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	db := admin(t, server.URL())
	ctx := context.Background()
	o := openClient(t, server.URL(), nil)
	r := request("bank:psbc", "key-00000001", "one")
	genuine, _ := o.mark(t, r)
	key := keyIn(t, db, "twoline:once:*")
	foreign, _ := o.mark(t, request("bank:psbc", "key-00000002", "one"))
	stranger, _ := openClient(t, server.URL(), func(o *redis.Options) { o.Secret = secret("of a stranger") }).mark(t, r)
	flipped := []byte(genuine)
	flipped[0] = map[bool]byte{true: '0', false: '1'}[flipped[0] != '0']
	for what, poison := range map[string]struct {
		mark string
		life time.Duration
	}{
		"nonsense":             {"x", time.Second},
		"long":                 {strings.Repeat("x", 1<<20), time.Second},
		"longer than genuine":  {genuine + "0", time.Second},
		"of another request":   {foreign, time.Second},
		"of a stranger":        {stranger, time.Second},
		"one digit changed":    {string(flipped), time.Second},
		"genuine, for ever":    {genuine, 0},
		"genuine, for an hour": {genuine, time.Hour},
	} {
		db.Set(ctx, key, poison.mark, poison.life)
		if _, busy := o.mark(t, r); busy != 0 {
			t.Errorf("%s: the request is told to wait %s", what, busy)
		}
	}
	db.Del(ctx, key)
	db.RPush(ctx, key, genuine)
	if _, busy := o.mark(t, r); busy != 0 {
		t.Errorf("a list: the request is told to wait %s", busy)
	}
	db.Del(ctx, key)
	db.Set(ctx, key, genuine, time.Second)
	if _, busy := o.mark(t, r); busy == 0 {
		t.Error("the genuine mark is not believed: this test would prove nothing")
	}
}

func TestF75_APoisonedCacheChangesNoAnswer(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	w := newTown(t, server.URL(), nil)
	db := admin(t, server.URL())
	ctx := context.Background()
	const payments = 20
	var want [payments]string
	for i := range payments {
		r, err := w.insist(i)
		if err != nil || r.status != 201 {
			t.Fatalf("payment %d: %d %s %v", i, r.status, r.body, err)
		}
		want[i] = r.body
	}
	keys := db.Keys(ctx, "twoline:once:*").Val()
	if len(keys) != payments {
		t.Fatalf("%d answers in Redis, want %d", len(keys), payments)
	}
	// Every answer takes the place of its neighbour's.
	first := db.Get(ctx, keys[0]).Val()
	for i, key := range keys {
		value := first
		if i+1 < len(keys) {
			value = db.Get(ctx, keys[i+1]).Val()
		}
		db.Set(ctx, key, value, 0)
	}
	for i := range payments {
		r, err := w.insist(i)
		if err != nil || r.status != 201 || r.body != want[i] || !r.replayed {
			t.Errorf("payment %d: %d %s %v, was told %s", i, r.status, r.body, err, want[i])
		}
	}
	if n := w.events.of(redis.Wrong); n != payments {
		t.Errorf("%d wrong answers reported, want %d", n, payments)
	}
	w.exactlyOnce(t, payments)
}

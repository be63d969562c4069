package redis_test

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"twoline/adapters/redis"
	"twoline/gateway/once"
)

func TestAnAnswerIsGivenToItsOwnRequestOnly(t *testing.T) {
	t.Parallel()
	o := openClient(t, startRedis(t).URL(), nil)
	r := request("bank:psbc", "key-00000001", "one")
	if got := o.lookup(t, r); got != nil {
		t.Fatalf("an empty cache answers %+v", got)
	}
	owner, busy := o.mark(t, r)
	if owner == "" || busy != 0 {
		t.Fatalf("first mark: owner %q, busy %s", owner, busy)
	}
	want := answerTo(r, `{"id":"7"}`)
	replayed := *want
	replayed.Answer.Replayed = true
	o.finish(t, r, owner, &replayed)
	if diff := cmp.Diff(want, o.lookup(t, r)); diff != "" {
		t.Errorf("kept answer (-want +got):\n%s", diff)
	}
	others := map[string]once.Request{
		"caller":  request("bank:rcu", "key-00000001", "one"),
		"key":     request("bank:psbc", "key-00000002", "one"),
		"content": request("bank:psbc", "key-00000001", "two"),
		"route":   {Caller: r.Caller, Route: "POST /v1/contributions", Key: r.Key, Fingerprint: r.Fingerprint},
		// The parts must not run into each other.
		"border": {Caller: r.Caller + "P", Route: r.Route[1:], Key: r.Key, Fingerprint: r.Fingerprint},
	}
	for what, other := range others {
		if got := o.lookup(t, other); got != nil {
			t.Errorf("another %s is given the answer", what)
		}
	}
	if n := o.events.of(redis.Wrong); n != 0 {
		t.Errorf("%d answers counted as wrong, want none", n)
	}
}

func TestAnyAnswerComesBackAsItWas(t *testing.T) {
	t.Parallel()
	o := openClient(t, startRedis(t).URL(), nil)
	rapid.Check(t, func(rt *rapid.T) {
		r := request("bank:psbc", rapid.StringN(8, 64, 64).Draw(rt, "key"), rapid.String().Draw(rt, "content"))
		size := rapid.SampledFrom([]int{0, 1, 65535, 65536, 65537, 90000}).Draw(rt, "size")
		a := &once.Stored{Fingerprint: r.Fingerprint, Answer: once.Answer{
			Status:      rapid.IntRange(100, 599).Draw(rt, "status"),
			ContentType: rapid.StringN(0, 300, 300).Draw(rt, "type"),
			Body:        []byte(strings.Repeat("x", size)),
		}}
		kept := a.Answer.Status >= 200 && a.Answer.Status < 300 && len(a.Answer.ContentType) < 256 &&
			len(a.Answer.Body) <= 65536
		owner, _ := o.mark(t, r)
		o.finish(t, r, owner, nil)
		before := o.lookup(t, r)
		o.finish(t, r, owner, a)
		got := o.lookup(t, r)
		switch {
		case kept && (got == nil || !cmp.Equal(a.Answer.Body, got.Answer.Body) ||
			got.Answer.Status != a.Answer.Status || got.Answer.ContentType != a.Answer.ContentType):
			rt.Fatalf("kept %d bytes, got %+v", len(a.Answer.Body), got)
		case !kept && !cmp.Equal(before, got):
			rt.Fatalf("an answer that is not kept changed what is remembered")
		}
	})
}

func TestAMarkBelongsToItsOwner(t *testing.T) {
	t.Parallel()
	o := openClient(t, startRedis(t).URL(), nil)
	r := request("bank:psbc", "key-00000001", "one")
	first, _ := o.mark(t, r)
	second, busy := o.mark(t, r)
	if second != "" || busy <= 0 || busy > 3*time.Second {
		t.Fatalf("while another works: owner %q, busy %s", second, busy)
	}
	foreign, _ := o.mark(t, request("bank:psbc", "key-00000002", "one"))
	for _, owner := range []string{"", "somebody", foreign, first[:len(first)-1], first + "0"} {
		o.finish(t, r, owner, nil)
		if _, busy := o.mark(t, r); busy == 0 {
			t.Fatalf("owner %q removed a mark that is not its own", owner)
		}
	}
	o.finish(t, r, first, nil)
	if got := o.lookup(t, r); got != nil {
		t.Errorf("a refusal is remembered: %+v", got)
	}
	if owner, busy := o.mark(t, r); owner == "" || busy != 0 {
		t.Errorf("after the refusal the key may be tried again: owner %q, busy %s", owner, busy)
	}
}

// A mark stands as long as its process works on the request, and soon ends with a
// process that was killed. The test is its own child.
func TestAMarkOfAKilledProcessEnds(t *testing.T) {
	t.Parallel()
	const life = 600 * time.Millisecond
	short := func(o *redis.Options) { o.MarkLife = life }
	r := request("bank:psbc", "key-00000001", "one")
	if url := os.Getenv("TWOLINE_TEST_MARK_URL"); url != "" {
		owner, busy := openClient(t, url, short).mark(t, r)
		fmt.Printf("owner %d busy %s\n", len(owner), busy)
		_, _ = io.Copy(io.Discard, os.Stdin) // the parent holds the other end
		return
	}
	server := startRedis(t)
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), "TWOLINE_TEST_MARK_URL="+server.URL())
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	if line != "owner 96 busy 0s\n" {
		t.Fatalf("the child says %q", line)
	}
	o := openClient(t, server.URL(), short)
	for begin := time.Now(); time.Since(begin) < 3*life; {
		if owner, busy := o.mark(t, r); owner != "" || busy > life {
			t.Fatalf("while the child works: owner %q, busy %s", owner, busy)
		}
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed
	begin := time.Now()
	eventually(t, "the mark of a killed process is gone", func() bool {
		owner, _ := o.mark(t, r)
		return owner != ""
	})
	if took := time.Since(begin); took > life+time.Second {
		t.Errorf("the mark stood for %s after its process, want at most %s", took, life)
	}
}

func TestAMarkIsRenewedUntilItIsFinishedOrItsContextEnds(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	o := openClient(t, server.URL(), func(o *redis.Options) { o.MarkLife = 300 * time.Millisecond })
	rival := openClient(t, server.URL(), func(o *redis.Options) { o.MarkLife = 300 * time.Millisecond })
	stands := func(r once.Request) bool {
		owner, _ := rival.mark(t, r)
		rival.finish(t, r, owner, nil)
		return owner == ""
	}
	ctx, cancel := context.WithCancel(context.Background())
	given, finished := request("bank:psbc", "key-00000001", "one"), request("bank:psbc", "key-00000002", "two")
	if _, _, err := o.hint.Mark(ctx, given); err != nil {
		t.Fatal(err)
	}
	owner, _ := o.mark(t, finished)
	for begin := time.Now(); time.Since(begin) < time.Second; {
		if !stands(given) || !stands(finished) {
			t.Fatalf("a mark is gone after %s", time.Since(begin))
		}
	}
	o.finish(t, finished, owner, nil)
	if stands(finished) {
		t.Error("a finished mark stands")
	}
	cancel()
	eventually(t, "a mark ends with its context", func() bool { return !stands(given) })
	// What Redis forgot is not made again: another may have taken its place and ended.
	db := admin(t, server.URL())
	o.mark(t, given)
	db.FlushAll(context.Background())
	for begin := time.Now(); time.Since(begin) < 250*time.Millisecond; {
		if keys := db.Keys(context.Background(), "*").Val(); len(keys) != 0 {
			t.Fatalf("%q stand after everything was forgotten", keys)
		}
	}
}

// A bank that tries again at once after our process was killed waits for seconds.
func TestAMarkLivesForSeconds(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	o := openClient(t, server.URL(), nil)
	o.mark(t, request("bank:psbc", "key-00000001", "one"))
	db := admin(t, server.URL())
	for _, key := range db.Keys(context.Background(), "twoline:once:*").Val() {
		if life := db.PTTL(context.Background(), key).Val(); life <= time.Second || life > 3*time.Second {
			t.Errorf("mark lives %s, want up to 3 s", life)
		}
	}
}

func TestAnAnswerEndsWithItsLife(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	o := openClient(t, server.URL(), nil)
	r := request("bank:psbc", "key-00000001", "one")
	o.finish(t, r, "", answerTo(r, "{}"))
	ctx := context.Background()
	db := admin(t, server.URL())
	for _, key := range db.Keys(ctx, "twoline:once:*").Val() {
		if life := db.TTL(ctx, key).Val(); life < 23*time.Hour || life > 24*time.Hour {
			t.Errorf("answer lives %s in Redis, want 24 h", life)
		}
		// A Redis that forgot the end: the answer itself knows it.
		db.Persist(ctx, key)
	}
	o.clock.add(24*time.Hour - time.Minute)
	if o.lookup(t, r) == nil {
		t.Error("the answer is gone before its end")
	}
	o.clock.add(2 * time.Minute)
	if o.lookup(t, r) != nil {
		t.Error("the answer is given after its end")
	}
}

// Everything that could name somebody is put into every place that we hand in.
func TestNothingInRedisOrTheLogNamesAnybody(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	const person, login, address, money = "610304195010100018", "officer:wangxiaoming", "address:203.0.113.77", "18310"
	o := openClient(t, server.URL(), nil)
	r := request(login, "pay-"+person, "content "+money)
	owner, _ := o.mark(t, r)
	limiter := o.limiter(t, redis.Rate{PerMinute: 10, Burst: 10})
	if _, err := limiter.Allow(context.Background(), address, "POST /v1/arrivals"); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	db := admin(t, server.URL())
	canaries := []string{person, login, address, "wangxiaoming", "203.0.113", hex.EncodeToString([]byte(person))}
	check := func() {
		keys := db.Keys(ctx, "*").Val()
		if len(keys) < 2 {
			t.Fatalf("keys %q: nothing to look at", keys)
		}
		for _, text := range append(keys, o.log.String()) {
			for _, canary := range canaries {
				if strings.Contains(text, canary) {
					t.Errorf("%q names %s", text, canary)
				}
			}
		}
	}
	check()
	o.finish(t, r, owner, answerTo(r, "{}"))
	check()
	// Errors and warnings do not either.
	for _, key := range db.Keys(ctx, "twoline:once:*").Val() {
		db.Set(ctx, key, "poison "+key, 0)
	}
	o.lookup(t, r)
	db.ConfigSet(ctx, "maxmemory", "1")
	o.finish(t, r, "", nil)
	err := o.hint.Finish(ctx, r, "", answerTo(r, `{"id_number":"`+person+`"}`))
	if err == nil || strings.Contains(err.Error(), person) {
		t.Errorf("a refusing Redis: %v", err)
	}
	if !strings.Contains(o.log.String(), "does not prove itself") {
		t.Error("the poisoned answer was not reported")
	}
	check()
}

func TestAFullRedisTakesNoAnswerAndKeepsNoMark(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	o := openClient(t, server.URL(), nil)
	r := request("bank:psbc", "key-00000001", "one")
	owner, _ := o.mark(t, r)
	ctx := context.Background()
	db := admin(t, server.URL())
	if err := db.ConfigSet(ctx, "maxmemory", "100kb").Err(); err != nil {
		t.Fatal(err)
	}
	if err := o.hint.Finish(ctx, r, owner, answerTo(r, "{}")); err == nil {
		t.Error("a full Redis took an answer")
	}
	if keys := db.Keys(ctx, "*").Val(); len(keys) != 0 {
		t.Errorf("%q are left", keys)
	}
}

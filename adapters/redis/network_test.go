package redis_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"twoline/adapters/postgres" //nolint:depguard // the database of the town
	"twoline/adapters/postgres/pgtest"
	"twoline/adapters/trial"
	"twoline/gateway/once"
)

// persist sends payments as banks do whose network and whose gateway are in
// trouble: eight at a time, each until it is answered. It returns how often a
// sender was not.
func (w *town) persist(t *testing.T, first, n int) (failures int64) {
	t.Helper()
	var failed atomic.Int64
	next := make(chan int)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range next {
				if err := w.until(i, &failed); err != nil {
					t.Errorf("payment %d: %v", i, err)
				}
			}
		})
	}
	for i := range n {
		next <- first + i
	}
	close(next)
	wg.Wait()
	return failed.Load()
}

func (w *town) until(i int, failed *atomic.Int64) error {
	last := ""
	for begin := time.Now(); time.Since(begin) < 40*time.Second; time.Sleep(10 * time.Millisecond) { //nolint:forbidigo // a sender's pause
		r, err := w.post(i)
		switch {
		case err == nil && r.status == http.StatusCreated:
			return nil
		case err == nil && r.status != http.StatusServiceUnavailable && r.code() != "idempotency_in_progress":
			return fmt.Errorf("refused with %d %s", r.status, r.body)
		}
		failed.Add(1)
		last = fmt.Sprint(r, err)
	}
	return fmt.Errorf("never answered: %s", last)
}

// cut is a partition: nothing passes in either direction for a while, and the
// connections of before are gone after it.
func (p *proxy) cut(t *testing.T, long time.Duration) {
	t.Helper()
	for _, stream := range []string{"upstream", "downstream"} {
		p.poison(t, "timeout", stream, `"timeout":0`)
	}
	<-time.After(long)
	p.heal(t)
}

// poison adds a toxic.
func (p *proxy) poison(t *testing.T, kind, stream, attributes string) {
	t.Helper()
	_, err := p.Toxics.AddToxicJson(strings.NewReader(fmt.Sprintf(
		`{"name":"%s-%s","type":"%s","stream":"%s","attributes":{%s}}`, kind, stream, kind, stream, attributes)))
	if err != nil {
		t.Errorf("%s %s: %v", kind, stream, err)
	}
}

// heal takes away all toxics and the connections that suffered from them.
func (p *proxy) heal(t *testing.T) {
	t.Helper()
	p.Toxics.ResetToxics(context.Background())
	p.Stop()
	// The kernel may lend the port to an outgoing connection for a moment.
	for range 200 {
		if p.Start() == nil {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	t.Errorf("no listener on %s again", p.Listen)
}

// newTroubled is a town whose PostgreSQL and Redis are behind a network of ours.
func newTroubled(t *testing.T) (w *town, pg, cache *proxy) {
	t.Helper()
	data := pgtest.New(t)
	server := startRedis(t)
	pg, cache = newProxy(t, hostOf(t, data.AppURL)), newProxy(t, hostOf(t, server.URL()))
	return newTownOn(t, data, pg.through(t, data.AppURL), cache.url(), nil), pg, cache
}

// Cut off from PostgreSQL nothing is acknowledged; cut off from Redis everything
// goes on; cut off from one after the other, in every order, all ends well by itself.
func TestF78_Partitions(t *testing.T) {
	t.Parallel()
	w, pg, cache := newTroubled(t)
	w.persist(t, 0, 20)

	pg.poison(t, "timeout", "downstream", `"timeout":0`)
	pg.Stop()
	if r, err := w.post(20); err == nil && r.status != http.StatusServiceUnavailable {
		t.Errorf("without PostgreSQL a payment is answered %d %s", r.status, r.body)
	}
	pg.heal(t)
	w.exactlyOnce(t, 20)

	w.persist(t, 0, 20)
	cache.Stop()
	if n := w.persist(t, 20, 20); n != 0 {
		t.Errorf("without Redis senders failed %d times", n)
	}
	cache.heal(t)

	stop := make(chan struct{})
	var trouble sync.WaitGroup
	trouble.Go(func() {
		// It ends by itself: on a busy machine nobody might ever get through.
		for range 8 {
			for _, both := range [][]*proxy{{pg}, {cache}, {pg, cache}, {cache, pg}} {
				var at sync.WaitGroup
				for _, p := range both {
					at.Go(func() { p.cut(t, 60*time.Millisecond) })
				}
				at.Wait()
				select {
				case <-stop:
					return
				case <-time.After(30 * time.Millisecond):
				}
			}
		}
	})
	failures := w.persist(t, 40, 120)
	close(stop)
	trouble.Wait()
	// What was acknowledged is there before anybody sends it again.
	w.exactlyOnce(t, 160)
	w.persist(t, 0, 160)
	w.exactlyOnce(t, 160)
	w.hintsAgain(t)
	t.Logf("senders were not answered %d times", failures)
	if failures == 0 {
		t.Error("nobody noticed the partitions: this test proves nothing")
	}
}

// hintsAgain waits until Redis is used again, which nobody asked for.
func (w *town) hintsAgain(t *testing.T) {
	t.Helper()
	r := once.Request{ //nolint:exhaustruct // what an answer goes by
		Caller: "bank:psbc", Route: "POST /v1/contributions", Key: "after the partitions",
	}
	var err error
	for begin := time.Now(); time.Since(begin) < 20*time.Second; <-time.After(20 * time.Millisecond) {
		_ = w.hint.Finish(t.Context(), r, "", answerTo(r, "{}"))
		var stored *once.Stored
		if stored, err = w.hint.Lookup(t.Context(), r); stored != nil {
			return
		}
	}
	t.Errorf("Redis is not used again after all partitions: %v", err)
}

// Whatever the network does to the bytes, the books end the same.
func TestF79_ABadNetworkChangesOnlyTheTime(t *testing.T) {
	t.Parallel()
	w, pg, cache := newTroubled(t)
	first := 0
	var failures int64
	for _, toxic := range []struct{ kind, attributes string }{
		{"latency", `"latency":20,"jitter":10`},
		{"slicer", `"average_size":1,"size_variation":0,"delay":0`},
		{"bandwidth", `"rate":64`},
		{"slow_close", `"delay":100`},
		{"limit_data", `"bytes":4000`},
		{"reset_peer", `"timeout":150`},
		{"timeout", `"timeout":150`},
	} {
		for _, stream := range []string{"upstream", "downstream"} {
			for _, p := range []*proxy{pg, cache} {
				p.poison(t, toxic.kind, stream, toxic.attributes)
			}
			var n int64
			done := make(chan struct{})
			go func() { defer close(done); n = w.persist(t, first, 16) }()
			// Through what cuts every connection hardly anybody gets.
			select {
			case <-done:
			case <-time.After(300 * time.Millisecond):
			}
			pg.heal(t)
			cache.heal(t)
			<-done
			failures += n
			first += 16
		}
	}
	w.exactlyOnce(t, first)
	t.Logf("%d payments; senders were not answered %d times", first, failures)
	if failures == 0 {
		t.Error("nobody noticed the network: this test proves nothing")
	}
}

// PostgreSQL crashes again and again while payments come in: what was acknowledged
// is there, what was refused is not, and what nobody knew is decided by its key.
func TestF60_PostgresCrashesUnderLoad(t *testing.T) {
	t.Parallel()
	server, err := trial.StartPostgres(t.Context(), trial.PostgresOptions{Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	owner, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	app := *owner
	app.User = url.UserPassword("town_app", "for-this-test-only")
	if err := postgres.Migrate(t.Context(), owner.String(), app.String()); err != nil {
		t.Fatal(err)
	}
	w := newTownOn(t, pgtest.Database{OwnerURL: owner.String(), AppURL: app.String()}, app.String(), startRedis(t).URL(), nil)
	stop := make(chan struct{})
	var trouble sync.WaitGroup
	var crashes atomic.Int64
	trouble.Go(func() {
		for crashes.Load() < 5 {
			select {
			case <-stop:
				return
			case <-time.After(200 * time.Millisecond):
			}
			if err := server.Crash(); err != nil {
				t.Error(err)
			}
			if err := server.Restart(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
			crashes.Add(1)
		}
	})
	// Payments go on until the last crash is over.
	payments, failures := 0, int64(0)
	for over := false; !over; payments += 40 {
		failures += w.persist(t, payments, 40)
		over = crashes.Load() >= 5
	}
	close(stop)
	trouble.Wait()
	if n := w.one(t, `select count(*) from counter_receipt`); n != int64(payments) {
		t.Errorf("%d payments stand in the book, want %d", n, payments)
	}
	t.Logf("%d crashes; senders were not answered %d times", crashes.Load(), failures)
	if crashes.Load() < 3 || failures == 0 {
		t.Error("PostgreSQL hardly crashed: this test proves nothing")
	}
	c, err := pgx.Connect(t.Context(), owner.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background()) //nolint:errcheck // a connection of the test
	var unequal int
	err = c.QueryRow(t.Context(), `select count(*) from counter_receipt r full join idempotency i
		on i.key = 'payment-' || lpad(substr(r.bank_reference, 2), 8, '0') where r.id is null or i.key is null`).Scan(&unequal)
	if err != nil || unequal != 0 {
		t.Errorf("%d payments without their answer or answers without their payment, %v", unequal, err)
	}
}

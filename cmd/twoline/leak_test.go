package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"twoline/adapters/httpapi/signature"
	"twoline/adapters/postgres/pgtest"
	"twoline/adapters/trial"
	"twoline/gateway/calendar"
)

const leftBehind = 3

// countedMain is the program, which says after its end what still runs of it.
func countedMain() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}, os.Getenv)
	stop()
	var left []string
	for range 100 {
		if left = goroutinesLeft(); len(left) == 0 {
			os.Exit(code)
		}
		<-time.After(20 * time.Millisecond) // what was told to end needs a moment to do so
	}
	fmt.Fprintf(os.Stderr, "%d goroutines are left:\n\n%s\n", len(left), strings.Join(left, "\n\n"))
	os.Exit(leftBehind)
}

// goroutinesLeft are the stacks of all goroutines but this one and those that a
// process has once and keeps to its end: they do not grow with what it does.
func goroutinesLeft() []string {
	text := make([]byte, 4<<20)
	stacks := strings.Split(string(text[:runtime.Stack(text, true)]), "\n\n")
	var left []string
	for _, stack := range stacks[1:] {
		once := false
		for _, known := range []string{
			"os/signal.loop", "os/signal.signal_recv",
			// The second that a log line or a Date header shows.
			"fasthttp.updateServerDate", "fiber/v2/utils.StartTimeStampUpdater",
			// One a listener: it sleeps ten seconds, and then sees that its listener is gone.
			"fasthttp.(*workerPool).Start.func2",
		} {
			once = once || strings.Contains(stack, known)
		}
		if !once {
			left = append(left, stack)
		}
	}
	return left
}

// busyHouse is a service under load: terminals that pay, banks that read and
// upload, officers that follow a run, and callers that hang up.
type busyHouse struct {
	*child

	api, upload string
	bank        *http.Client
	token       string
	run         int64
	year        int
	answers     atomic.Int64
}

// TestF118_NothingIsLeftOfAServiceThatWasToldToStop stops the service with SIGTERM
// in the middle of its work: it ends by itself, in order, and nothing of it runs on.
func TestF118_NothingIsLeftOfAServiceThatWasToldToStop(t *testing.T) {
	t.Parallel()
	h := openBusy(t)
	if err := h.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var work sync.WaitGroup
	for i := range 4 {
		work.Go(func() { h.pay(ctx, i) })
		work.Go(func() { h.hangUp(ctx) })
		work.Go(func() { h.follow(ctx) })
	}
	work.Go(func() { h.read(ctx) })
	work.Go(func() { h.send(ctx) })
	for h.answers.Load() < 150 {
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			t.Fatalf("%d answers: %v\n%s", h.answers.Load(), err, h.lastWords())
		}
	}
	if err := h.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-h.end:
	case <-ctx.Done():
		t.Fatalf("the service goes on after SIGTERM\n%s", h.lastWords())
	}
	cancel()
	work.Wait()
	if code := h.cmd.ProcessState.ExitCode(); code != exitOK {
		t.Errorf("the service ended with %d after %d answers\n%s", code, h.answers.Load(), h.lastWords())
	}
	t.Logf("stopped after %d answers", h.answers.Load())
}

func openBusy(t *testing.T) *busyHouse {
	t.Helper()
	d := pgtest.New(t)
	world := &lostCommits{d: d, today: calendar.DayIn(time.Now())}
	world.seed(t)
	hints, err := trial.StartRedis(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	path, err := exec.LookPath("twoline-counted")
	if err != nil {
		t.Fatal(err)
	}
	ports := freePorts(t, 3)
	h := &busyHouse{
		child: &child{binary: program{path}, env: map[string]string{
			"TWOLINE_DATABASE_URL": d.AppURL, "TWOLINE_ALLOW_UNSAFE": "yes", "TWOLINE_REDIS_URL": hints.URL(),
			"TWOLINE_HINT_SECRET": "0123456789abcdef0123456789abcdef", "TWOLINE_LISTEN": ports[0],
			"TWOLINE_UPLOAD_LISTEN": ports[1], "TWOLINE_OPS_LISTEN": ports[2],
		}},
		api: "http://" + ports[0], upload: "http://" + ports[1], year: world.today.Year(),
	}
	t.Cleanup(func() {
		if err := h.kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Error(err)
		}
		if err := hints.Stop(); err != nil {
			t.Error(err)
		}
	})
	h.bank = bankClient(t, d)
	h.token, h.run = busyOfficer(t, d)
	return h
}

// bankClient registers a key of the bank and signs with it.
func bankClient(t *testing.T, d pgtest.Database) *http.Client {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	hidden, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	key, err := signature.ParseKeyFile("psbc-1", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: hidden}))
	if err != nil {
		t.Fatal(err)
	}
	d.Exec(t, `insert into bank_key values ('psbc-1', 'psbc', 'ed25519', $1, now() - interval '1 hour', null)`, []byte(public))
	transport, err := signature.NewTransport(signature.TransportOptions{
		Base: &http.Transport{MaxIdleConnsPerHost: 8}, Key: key, Now: time.Now, Random: rand.Reader,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

// busyOfficer opens a session and a draft of a pay run that can be followed.
func busyOfficer(t *testing.T, d pgtest.Database) (token string, run int64) {
	t.Helper()
	raw := randomBytes(32)
	hash := sha256.Sum256(raw)
	d.Exec(t, `insert into person values (1, 'li')`)
	d.Exec(t, `insert into organisation values (1, 610304, 'agency_business', null, 'agency')`)
	d.Exec(t, `insert into officer (login, person_id, organisation_id, password_hash, created_at) values ('li', 1, 1, 'none', now())`)
	d.Exec(t, `insert into duty_grant values ('li', 'maker', now())`)
	d.Exec(t, `insert into session values ($1, 'li', now(), now(), now() + interval '1 hour')`, hash[:])
	d.Exec(t, `insert into roster values (610304, 5, 'rural', '2026-11-01', 'regular', 0, 0, 0, 0, 'officer:li', now(), '2026-11-20')`)
	d.Exec(t, `insert into pay_run (area, id, scheme, month, kind, ordinal, roster_id, pay_day, handover_due, maker,
		maker_person, made_at, business_day, state) values (610304, 6, 'rural', '2026-11-01', 'regular', 1, 5, '2026-11-25',
		'2026-11-20', 'li', 1, now(), '2026-11-20', 'draft')`)
	return base64.RawURLEncoding.EncodeToString(raw), 6
}

// ask makes requests until the service is gone.
func (h *busyHouse) ask(ctx context.Context, next func(i int) (*http.Request, error)) {
	for i := 0; ctx.Err() == nil; i++ {
		r, err := next(i)
		if err != nil {
			return
		}
		answer, err := h.bank.Do(r)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode < http.StatusMultipleChoices {
			h.answers.Add(1)
		}
	}
}

// pay takes contributions at a terminal, the same ones again when all are paid.
func (h *busyHouse) pay(ctx context.Context, lane int) {
	h.ask(ctx, func(i int) (*http.Request, error) {
		member := 1000 + lostMembers/2 + 1 + (i*4+lane)%(lostMembers/2)
		body := fmt.Sprintf(`{"member_id":"%d","year":%d,"amount":"100.00","channel":"village","terminal":"POS-1",
			"paid_on":"%s","account":"%s","bank_reference":"C-%d"}`, member, h.year, calendar.DayIn(time.Now()), lostIncome, member)
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.api+"/v1/contributions", strings.NewReader(body))
		if err == nil {
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Idempotency-Key", fmt.Sprintf("contribution-%d", member))
		}
		return r, err
	})
}

// read asks for batches.
func (h *busyHouse) read(ctx context.Context) {
	h.ask(ctx, func(int) (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodGet, h.api+"/v1/withholding-batches", http.NoBody)
	})
}

// send uploads statements, each of which is a job.
func (h *busyHouse) send(ctx context.Context) {
	h.ask(ctx, func(i int) (*http.Request, error) {
		body := bytes.Repeat([]byte("no statement\n"), 10_000+i)
		r, err := http.NewRequestWithContext(ctx, http.MethodPut,
			h.upload+"/v1/statements/"+lostIncome+"/2026-11-19", bytes.NewReader(body))
		if err == nil {
			r.Header.Set("Content-Type", "application/octet-stream")
			r.Header.Set("Idempotency-Key", fmt.Sprintf("statement-%06d", i))
		}
		return r, err
	})
}

// follow reads a run's events until the service ends the stream.
func (h *busyHouse) follow(ctx context.Context) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/v1/pay-runs/%d", h.api, h.run), http.NoBody)
	if err != nil {
		return
	}
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Authorization", "Bearer "+h.token)
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		return
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end
	h.answers.Add(1)
	_, _ = io.Copy(io.Discard, answer.Body)
}

// hangUp asks and goes away before the answer.
func (h *busyHouse) hangUp(ctx context.Context) {
	client := &http.Client{Timeout: time.Second}
	for ctx.Err() == nil {
		short, cancel := context.WithTimeout(ctx, time.Millisecond)
		r, err := http.NewRequestWithContext(short, http.MethodGet, h.api+"/v1/fund-accounts", http.NoBody)
		if err == nil {
			r.Header.Set("Authorization", "Bearer "+h.token)
			var answer *http.Response
			if answer, err = client.Do(r); err == nil {
				_ = answer.Body.Close()
			}
		}
		cancel()
		if errors.Is(err, syscall.ECONNREFUSED) || pause(ctx, 3*time.Millisecond) != nil {
			return
		}
	}
}

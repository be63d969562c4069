package httpapi_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"twoline/adapters/httpapi"
	"twoline/adapters/httpapi/signature"
	"twoline/gateway/approval"
	"twoline/gateway/audit"
	"twoline/gateway/bank"
	"twoline/gateway/once"
)

// A bank, an officer and an upload each get through, once.
func TestOneOfEachKindGetsThrough(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	first := h.expect(say("key-00001", "psbc-1"), 201, "")
	again := h.expect(say("key-00001", "psbc-1"), 201, "")
	if again.body != first.body || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("replay: %v %s", again.header, again.body)
	}
	if first.header.Get("Idempotent-Replayed") != "" {
		t.Error("the first answer says that it is a replay")
	}
	var said word
	if err := json.Unmarshal([]byte(first.body), &said); err != nil {
		t.Fatal(err)
	}
	h.expect(request{method: "GET", path: "/v1/test-words/" + said.ID.String(), bank: "psbc-1"}, 200, "")
	token := h.officer("li", approval.FinanceBureau, approval.Maker)
	h.expect(move("key-00002", token), 200, "")
	up := h.expect(upload("key-00003", "some bytes"), 202, "")
	if !strings.Contains(up.body, "bytes:10") {
		t.Errorf("upload answered %s", up.body)
	}
	// Each effect wrote its row into the trail, in its own transaction; the replay none.
	for actor, want := range map[string]int{"bank:psbc": 2, "officer:li": 2} {
		if got := h.count(`select count(*) from audit where actor = $1 and result = 'done'`, actor); got != want {
			t.Errorf("%s has %d rows in the trail, want %d", actor, got, want)
		}
	}
}

func say(key, keyID string) request {
	return request{method: "POST", path: "/v1/test-words", body: goodBody, key: key, bank: keyID}
}

func move(key, token string) request {
	return request{method: "POST", path: "/v1/test-moves", body: goodBody, key: key, token: token}
}

func login(name, password string) request {
	return request{method: "POST", path: "/v1/session", body: `{"login":"` + name + `","password":"` + password + `"}`}
}

func upload(key, content string) request {
	return request{
		method: "PUT", path: "/v1/test-words/12/file", body: content, contentType: "application/octet-stream",
		key: key, bank: "psbc-1", upload: true,
	}
}

func (h *house) count(sql string, args ...any) int {
	h.tb.Helper()
	var n int
	if err := h.pool.QueryRow(context.Background(), sql, args...).Scan(&n); err != nil {
		h.tb.Fatal(err)
	}
	return n
}

// Every covered part, changed after signing, refuses the request, and nothing happens.
func TestS11_EveryCoveredPartIsProtected(t *testing.T) {
	t.Parallel()
	// The same command under another method and at another address, so that only
	// the signature can tell them apart.
	h := open(t, setup{routes: func(h *house, s *httpapi.Server) {
		for method, path := range map[string]string{"PUT": "/v1/test-words", "POST": "/v1/test-words-again"} {
			httpapi.Command(s, httpapi.Route{
				Method: method, Path: path, Summary: "Say a word", Who: httpapi.Banks(),
			}, viewEffect, func(ctx context.Context, c httpapi.Call, in *wordCommand) (once.Answer, error) {
				return h.say(ctx, c, in.Body.Word, nil)
			})
		}
	}})
	good := say("key-00001", "psbc-1")
	other := strings.Replace(goodBody, "183.10", "983.10", 1)
	changes := map[string]func(*http.Request){
		"method":          func(q *http.Request) { q.Method = "PUT" },
		"path":            func(q *http.Request) { q.URL.Path = "/v1/test-words-again" },
		"query":           func(q *http.Request) { q.URL.RawQuery = "a=1" },
		"host":            func(q *http.Request) { q.Host = "other.example.cn" },
		"content-type":    func(q *http.Request) { q.Header.Set("Content-Type", "application/json; charset=utf-8") },
		"content-digest":  func(q *http.Request) { q.Header.Set("Content-Digest", "sha-256=:AAAA:") },
		"idempotency-key": func(q *http.Request) { q.Header.Set("Idempotency-Key", "key-00009") },
		"body": func(q *http.Request) {
			q.Body = readCloser(other)
			q.GetBody = nil
			q.ContentLength = int64(len(other))
		},
		"nonce":   param(`nonce="`, `nonce="x`),
		"created": param("created=1", "created=2"),
		"expires": param("expires=1", "expires=2"),
		"keyid":   param("psbc-1", "rcu-1"),
		"alg":     param("ed25519", "hmac-sha256"),
		"signature": func(q *http.Request) {
			s := q.Header.Get("Signature")
			q.Header.Set("Signature", strings.Replace(s, ":", ":AAAA", 1))
		},
		"missing signature":   func(q *http.Request) { q.Header.Del("Signature") },
		"missing input":       func(q *http.Request) { q.Header.Del("Signature-Input") },
		"both credentials":    func(q *http.Request) { q.Header.Set("Authorization", "Bearer x") },
		"digest taken away":   func(q *http.Request) { q.Header.Del("Content-Digest") },
		"second key field":    func(q *http.Request) { q.Header.Add("Idempotency-Key", "key-00002") },
		"another coverage":    param(` "idempotency-key"`, ""),
		"no signature at all": func(q *http.Request) { q.Header.Del("Signature"); q.Header.Del("Signature-Input") },
	}
	for name, change := range changes {
		r := good
		r.mutate = change
		res := h.do(r)
		if res.status != 401 {
			t.Errorf("%s changed: got %d %s", name, res.status, res.body)
		}
	}
	if n := h.count(`select count(*) from test_effect`); n != 0 {
		t.Errorf("%d effects of changed requests", n)
	}
	h.expect(good, 201, "")
}

func param(from, to string) func(*http.Request) {
	return func(q *http.Request) {
		q.Header.Set("Signature-Input", strings.Replace(q.Header.Get("Signature-Input"), from, to, 1))
	}
}

// A request signed for one address is refused at the other, even with the right key.
func TestS11_SignedForAnotherAddress(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	q := h.build(request{method: "GET", path: "/v1/test-words/1"})
	q.Host = "other.example.cn"
	h.sign(q, h.keys["psbc-1"], "")
	if res := h.send(q); res.status != 401 || res.code() != "authority_unknown" {
		t.Errorf("got %d %s", res.status, res.body)
	}
}

func TestS12_Window(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	shifts := map[string]time.Duration{"past": -time.Hour, "future": time.Hour, "just expired": -301 * time.Second}
	for name, shift := range shifts {
		q := h.build(request{method: "GET", path: "/v1/test-words/1"})
		now := h.clock.now().Add(shift)
		nonce, err := signature.NewNonce(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		headers, err := signature.Sign(signature.OfRequest(q), h.keys["psbc-1"],
			signature.Params{Created: now, Expires: now.Add(300 * time.Second), Nonce: nonce})
		if err != nil {
			t.Fatal(err)
		}
		headers.Apply(q.Header)
		if res := h.send(q); res.status != 401 || res.code() != "signature_expired" {
			t.Errorf("%s: got %d %s", name, res.status, res.body)
		}
	}
}

// A hundred copies of one signed request at one moment: exactly one is accepted.
func TestF95S12_ReplayInParallel(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	proto := h.build(say("key-00001", "psbc-1"))
	var accepted, replayed atomic.Int32
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			q := proto.Clone(context.Background())
			q.Body = readCloser(goodBody)
			switch res := h.send(q); {
			case res.status == 201:
				accepted.Add(1)
			case res.status == 401 && res.code() == "nonce_replayed":
				replayed.Add(1)
			default:
				t.Errorf("got %d %s", res.status, res.body)
			}
		})
	}
	wg.Wait()
	if accepted.Load() != 1 || replayed.Load() != 99 {
		t.Errorf("accepted %d, refused %d; want 1 and 99", accepted.Load(), replayed.Load())
	}
	if n := h.count(`select count(*) from test_effect`); n != 1 {
		t.Errorf("%d effects, want 1", n)
	}
	// Later inside the window, and for a read, and after it.
	read := h.build(request{method: "GET", path: "/v1/test-words/1", bank: "psbc-1"})
	if res := h.send(read.Clone(context.Background())); res.status != 404 {
		t.Errorf("first read: %d %s", res.status, res.body)
	}
	if res := h.send(read.Clone(context.Background())); res.code() != "nonce_replayed" {
		t.Errorf("second read: %d %s", res.status, res.body)
	}
	// The window is 300 s, and a nonce is kept for 61 s more: a test that runs slowly stays within it.
	h.clock.add(5*time.Minute + 15*time.Second)
	if res := h.send(read.Clone(context.Background())); res.code() != "signature_expired" {
		t.Errorf("read after the window: %d %s", res.status, res.body)
	}
	// No nonce is forgotten while its signature could still be accepted.
	if n, err := h.callers.PurgeNonces(context.Background(), 1000); err != nil || n != 0 {
		t.Errorf("purged %d, %v: too early", n, err)
	}
	h.clock.add(2 * time.Minute)
	if n, err := h.callers.PurgeNonces(context.Background(), 1000); err != nil || n != 2 {
		t.Errorf("purged %d, %v; want 2", n, err)
	}
}

// An unknown key, a revoked key and a wrong signature are one answer.
func TestS14_UnknownKeyAnswersLikeBadSignature(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	stranger := h.addKey("psbc", "psbc-2")
	if err := h.callers.RevokeBankKey(context.Background(), "psbc-2", audit.Row{Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	answers := map[string]bool{}
	ask := func(mutate func(*http.Request), key string) {
		res := h.do(request{method: "GET", path: "/v1/test-words/1", bank: key, mutate: mutate})
		var p httpapi.Problem
		if err := json.Unmarshal([]byte(res.body), &p); err != nil {
			t.Fatal(err)
		}
		p.RequestID = ""
		answers[fmt.Sprint(res.status, p)] = true
	}
	ask(param("psbc-1", "nobody"), "psbc-1")
	ask(param("psbc-1", "rcu-1"), "psbc-1")
	ask(nil, stranger.ID())
	if len(answers) != 1 {
		t.Errorf("answers differ: %v", answers)
	}
	// The claim of a known key is in the trail, that of an unknown one is not.
	n := h.count(`select count(*) from audit where result = 'refused' and actor in ('key:rcu-1', 'key:psbc-2')`)
	if n != 2 {
		t.Errorf("%d rows of refused signatures, want 2", n)
	}
}

// Two keys of a bank work side by side; a revoked one stops at once.
func TestF97_KeyRotation(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	h.addKey("psbc", "psbc-2")
	for _, key := range []string{"psbc-1", "psbc-2"} {
		h.expect(say("key-of-"+key, key), 201, "")
	}
	if err := h.callers.RevokeBankKey(context.Background(), "psbc-1", audit.Row{Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	h.expect(say("key-00003", "psbc-1"), 401, "signature_refused")
	// The bank is the caller, whatever its key: an answer is replayed under the new one.
	res := h.expect(say("key-of-psbc-1", "psbc-2"), 201, "")
	if res.header.Get("Idempotent-Replayed") != "true" {
		t.Error("the answer was not replayed under the bank's new key")
	}
	// A key that begins tomorrow does not work today.
	err := h.callers.AddBankKey(context.Background(), bank.Key{
		ID: "psbc-3", Bank: "psbc", Algorithm: "ed25519", Material: h.keys["psbc-2"].Verifier(),
		NotBefore: h.clock.now().Add(24 * time.Hour),
	}, audit.Row{Actor: "test"})
	if err != nil {
		t.Fatal(err)
	}
	early := request{method: "GET", path: "/v1/test-words/1", bank: "psbc-2", mutate: param("psbc-2", "psbc-3")}
	h.expect(early, 401, "signature_refused")
}

func TestS02_LockAndTimeouts(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	token := h.officer("li", approval.FinanceBureau, approval.Maker)
	moves := func(token, key string, status int, code string) {
		t.Helper()
		h.expect(move(key, token), status, code)
	}
	wrong := login("li", "wrong")
	right := login("li", "correct horse")
	var first string
	for range 5 {
		res := h.expect(wrong, 401, "login_refused")
		first = strip(res.body)
	}
	// Locked: the right password answers as a wrong one does, and as an unknown login.
	if got := strip(h.expect(right, 401, "login_refused").body); got != first {
		t.Errorf("a locked login answers otherwise: %s", got)
	}
	unknown := login("nobody", "correct horse")
	if got := strip(h.expect(unknown, 401, "login_refused").body); got != first {
		t.Errorf("an unknown login answers otherwise: %s", got)
	}
	moves(token, "key-00001", 200, "") // the lock is of logins, not of a running session
	h.clock.add(14 * time.Minute)
	h.expect(right, 401, "login_refused")
	h.clock.add(2 * time.Minute)
	h.expect(right, 201, "")
	// Idle.
	token = h.login("li")
	h.clock.add(29 * time.Minute)
	moves(token, "key-00002", 200, "")
	h.clock.add(29 * time.Minute)
	moves(token, "key-00003", 200, "")
	h.clock.add(31 * time.Minute)
	moves(token, "key-00004", 401, "session_ended")
	// Absolute.
	token = h.login("li")
	for i := range 25 {
		h.clock.add(28 * time.Minute)
		moves(token, fmt.Sprintf("key-abs-%03d", i), 200, "")
	}
	h.clock.add(25 * time.Minute)
	moves(token, "key-00006", 401, "session_ended")
	if n := h.count(`select count(*) from session where octet_length(token_hash) <> 32`); n != 0 {
		t.Error("a session stores something else than a hash")
	}
}

func strip(body string) string {
	var p httpapi.Problem
	_ = json.Unmarshal([]byte(body), &p)
	p.RequestID = ""
	b, _ := json.Marshal(p)
	return string(b)
}

// A wrong password and an unknown login take the same work: one check each, against
// hashes of the same parameters.
func TestS14_LoginTimeTellsNothing(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	h.officer("li", approval.FinanceBureau)
	work := func(name string) *argon2id.Params {
		before := h.checked.len()
		h.expect(login(name, "wrong"), 401, "login_refused")
		hashes := h.checked.from(before)
		if len(hashes) != 1 {
			t.Fatalf("login %s is refused after %d checks, want 1", name, len(hashes))
		}
		p, salt, key, err := argon2id.DecodeHash(hashes[0])
		if err != nil || len(salt) != int(p.SaltLength) || len(key) != int(p.KeyLength) {
			t.Fatal(p, err)
		}
		return p
	}
	if known, unknown := work("li"), work("nobody"); *known != *unknown {
		t.Errorf("a known login is checked with %+v, an unknown one with %+v", *known, *unknown)
	}
}

// Guesses made at one moment cannot outrun the lock.
func TestS02_ParallelGuesses(t *testing.T) {
	t.Parallel()
	h := open(t, setup{config: httpapi.Config{ParallelLogins: 4}})
	h.officer("li", approval.FinanceBureau)
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			h.do(login("li", fmt.Sprintf("guess %d", i)))
		})
	}
	wg.Wait()
	// A slow machine turns some of them away as too many at once; those are no guesses.
	for i := range 5 {
		h.do(login("li", fmt.Sprintf("late guess %d", i)))
	}
	if n := h.count(`select count(*) from audit where actor = 'login:li' and result = 'attempted'`); n != 1+5 {
		t.Errorf("%d passwords were looked at, want 1 + 5", n)
	}
	h.expect(login("li", "correct horse"), 401, "login_refused")
}

// A right taken away, a login disabled and a session ended act at once.
func TestS09_RevokedAtOnce(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	token := h.officer("li", approval.FinanceBureau, approval.Maker)
	r := move("key-00001", token)
	h.expect(r, 200, "")
	if err := h.callers.RevokeDuty(context.Background(), "li", approval.Maker, audit.Row{Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	h.expect(r, 403, "duty_conflict") // not even the answer of before
	if n := h.count(`select count(*) from audit where actor = 'officer:li' and result = 'refused'`); n != 1 {
		t.Errorf("%d rows of refusals, want 1", n)
	}
	other := h.officer("wu", approval.FinanceBureau, approval.Maker)
	r.token = other
	h.expect(r, 200, "")
	if err := h.callers.DisableOfficer(context.Background(), "wu", audit.Row{Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	h.expect(r, 401, "session_ended")
	h.expect(login("wu", "correct horse"), 401, "login_refused")
	h.expect(request{method: "DELETE", path: "/v1/session", token: token}, 204, "")
	r.token = token
	h.expect(r, 401, "session_ended")
}

// failing is a store in which one question fails at a time.
type failing struct {
	store
	what string
}

var errDown = errors.New("the store is down")

func (f failing) BankKey(ctx context.Context, id string) (bank.Key, error) {
	if f.what == "key" {
		return bank.Key{}, errDown
	}
	return f.store.BankKey(ctx, id)
}

func (f failing) UseNonce(ctx context.Context, id, nonce string, until time.Time) error {
	if f.what == "nonce" {
		return errDown
	}
	return f.store.UseNonce(ctx, id, nonce, until)
}

func (f failing) OfficerOf(ctx context.Context, token [32]byte, p approval.SessionPolicy) (approval.Officer, error) {
	if f.what == "session" {
		return approval.Officer{
			Login: "li", Organisation: approval.FinanceBureau, Duties: []approval.Duty{approval.Maker},
		}, errDown
	}
	return f.store.OfficerOf(ctx, token, p)
}

func (f failing) Audit(ctx context.Context, r audit.Row) error {
	if f.what == "audit" {
		return errDown
	}
	return f.store.Audit(ctx, r)
}

// Whatever part of the door fails, the request is refused and has no effect.
func TestS55_FailClosed(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"key", "nonce", "session", "audit"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			h := open(t, setup{deps: func(d *httpapi.Dependencies) {
				s, ok := d.Callers.(store)
				if !ok {
					t.Error("not a store")
				}
				d.Callers = failing{s, what}
			}})
			token := h.officer("li", approval.FinanceBureau, approval.Maker)
			switch what {
			case "session":
				h.expect(move("key-00001", token), 500, "internal")
			case "audit":
				h.expect(request{method: "GET", path: "/v1/test-words/1", bank: "rcu-1"}, 404, "")
			default:
				h.expect(say("key-00001", "psbc-1"), 500, "internal")
			}
			if n := h.count(`select count(*) from test_effect`); n != 0 {
				t.Errorf("%d effects", n)
			}
		})
	}
}

// Without the right to write the trail, no effect happens.
func TestS55_NoTrailNoEffect(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	h.data.Exec(t, `revoke insert on audit from twoline_app`)
	h.expect(say("key-00001", "psbc-1"), 500, "internal")
	if n := h.count(`select count(*) from test_effect`); n != 0 {
		t.Errorf("%d effects without a trail", n)
	}
	if n := h.count(`select count(*) from idempotency`); n != 0 {
		t.Errorf("%d kept answers without an effect", n)
	}
	h.data.Exec(t, `grant insert on audit to twoline_app`)
	h.expect(say("key-00001", "psbc-1"), 201, "")
}

// The database is away: signed requests and sessions are refused.
func TestS55_DatabaseAway(t *testing.T) {
	t.Parallel()
	h := open(t, setup{config: httpapi.Config{Grace: time.Second}})
	token := h.officer("li", approval.FinanceBureau, approval.Maker)
	h.pool.Close()
	h.expect(move("key-00001", token), 503, "database_unavailable")
	h.expect(say("key-00001", "psbc-1"), 503, "database_unavailable")
	h.expect(login("li", "correct horse"), 503, "database_unavailable")
}

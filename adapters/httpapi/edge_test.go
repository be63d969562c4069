package httpapi_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"twoline/adapters/httpapi"
	"twoline/gateway/approval"
	"twoline/gateway/once"
)

func post(body string) request {
	return request{method: "POST", path: "/v1/test-words", body: body, key: "key-00001", bank: "psbc-1"}
}

// Whatever two readers of JSON could read differently is refused.
func TestF109_StrictJSON(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	deep := strings.Repeat(`{"word":`, 40) + `1` + strings.Repeat(`}`, 40)
	abyss := strings.Repeat(`[`, 100_000) + strings.Repeat(`]`, 100_000)
	tests := []struct{ name, give, code, field string }{
		{"name twice", `{"word":"a","word":"b","amount":"1.00"}`, "invalid_json", "word"},
		{"name twice by case", `{"word":"a","amount":"1.00","Word":"b"}`, "invalid_json", "word"},
		{"name twice by escape", `{"word":"a","amount":"1.00","w\u006frd":"b"}`, "invalid_json", "word"},
		{"name by another case", `{"Word":"a","amount":"1.00"}`, "invalid_request", ""},
		{"unknown name", `{"word":"a","amount":"1.00","caller":"rcu"}`, "invalid_request", "caller"},
		{"number for a string", `{"word":"a","amount":1.00}`, "invalid_request", "amount"},
		{"number for a word", `{"word":7,"amount":"1.00"}`, "invalid_request", "word"},
		{"null", `{"word":null,"amount":"1.00"}`, "invalid_request", "word"},
		{"absent", `{"word":"a"}`, "invalid_request", ""},
		{"deep", deep, "invalid_json", ""},
		{"abyss", abyss, "invalid_json", ""},
		{"huge number", `{"word":"a","amount":1e400}`, "invalid_request", ""},
		{"broken UTF-8", "{\"word\":\"\xff\",\"amount\":\"1.00\"}", "invalid_json", ""},
		{"half a character", `{"word":"\ud800","amount":"1.00"}`, "invalid_json", ""},
		{"other half", `{"word":"\udc00x","amount":"1.00"}`, "invalid_json", ""},
		{"NUL", `{"word":"a\u0000b","amount":"1.00"}`, "invalid_json", ""},
		{"trailing", goodBody + `{}`, "invalid_json", ""},
		{"trailing text", goodBody + ` x`, "invalid_json", ""},
		{"cut", goodBody[:len(goodBody)-3], "invalid_json", ""},
		{"byte order mark", "\ufeff" + goodBody, "invalid_json", ""},
		{"array", `[` + goodBody + `]`, "invalid_request", ""},
		{"not a number", `{"word":"a","amount":NaN}`, "invalid_json", ""},
		{"comment", `{"word":"a",/* */"amount":"1.00"}`, "invalid_json", ""},
	}
	for _, tt := range tests {
		res := h.do(post(tt.give))
		var p httpapi.Problem
		if err := json.Unmarshal([]byte(res.body), &p); err != nil {
			t.Fatalf("%s: %v in %s", tt.name, err, res.body)
		}
		if res.status != 400 || p.Code != tt.code || (tt.field != "" && p.Field != tt.field) {
			t.Errorf("%s: got %d %s, want 400 %s %s", tt.name, res.status, res.body, tt.code, tt.field)
		}
	}
	if n := h.count(`select count(*) from test_effect`); n != 0 {
		t.Errorf("%d effects", n)
	}
	h.expect(post(`{"word":"\ud83d\ude00","amount":"1.00"}`), 201, "")
}

// Amounts that are not yuan with two decimals, whatever they look like.
func TestF108_Amounts(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	for _, amount := range []string{
		"-1.00", "0.001", "1e3", "１２.00", " 1.00", "1,000.00", "NaN", "1e999999999", "1", "01.00", "+1.00",
		"92233720368547758.08", "1.00\\n", "",
	} {
		h.expect(post(`{"word":"a","amount":"`+amount+`"}`), 400, "invalid_request")
	}
}

// The bytes that were signed are the bytes that are read.
func TestF96_OtherBytesThanSigned(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	packed := pack(goodBody)
	withEncoding := func(body, encoding string) request {
		r := post(body)
		r.header = http.Header{"Content-Encoding": {encoding}}
		return r
	}
	h.expect(withEncoding(packed, "gzip"), 415, "content_encoding_refused")
	h.expect(withEncoding(goodBody, "identity"), 415, "content_encoding_refused")
	h.expect(withEncoding("no gzip at all", "gzip"), 415, "content_encoding_refused")
	h.expect(post(packed), 400, "invalid_json")
	kinds := map[string]int{
		"text/plain": 415, "application/json; charset=gbk": 415, "application/x-www-form-urlencoded": 415,
		"multipart/form-data; boundary=x": 415, "application/json; a=b": 415, "application/json; charset=UTF-8": 201,
	}
	for kind, want := range kinds {
		r := post(goodBody)
		r.contentType, r.key = kind, fmt.Sprintf("key-%x", sha256.Sum256([]byte(kind)))[:20]
		if res := h.do(r); res.status != want {
			t.Errorf("%s: got %d %s, want %d", kind, res.status, res.body, want)
		}
	}
	// Signed as it stands, and still two readers could read two amounts in it.
	h.expect(post(strings.Replace(goodBody, "{", `{"amount":"9999.00",`, 1)), 400, "invalid_json")
	h.expect(post(strings.Replace(goodBody, "{", `{"Amount":"9999.00",`, 1)), 400, "invalid_json")
	r := post(goodBody)
	r.path += "?a=1&a=2"
	h.expect(r, 400, "duplicate_parameter")
	r.path = "/v1/test-words?a=1"
	h.expect(r, 400, "invalid_request")
}

func pack(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(s))
	_ = z.Close()
	return b.String()
}

// Limits of S-18: size, headers, time, and a small body that would unpack to a large one.
func TestF107S18_Limits(t *testing.T) {
	t.Parallel()
	h := open(t, setup{config: httpapi.Config{ReadTimeout: 1500 * time.Millisecond}})
	big := post(`{"word":"` + strings.Repeat("a", 4<<20) + `","amount":"1.00"}`)
	q := h.build(big)
	if res, err := client.Do(q); err == nil {
		b, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(string(b), "body_too_large") {
			t.Errorf("a body of more than 4 MiB: %d %s", res.StatusCode, b)
		}
	}
	// A gzip file may have several members; 64 of 1 MiB are as large as one, and sooner packed.
	bomb := post(strings.Repeat(pack(strings.Repeat("a", 1<<20)), 64))
	bomb.header = http.Header{"Content-Encoding": {"gzip"}}
	h.expect(bomb, 415, "content_encoding_refused")

	var headers strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&headers, "X-H-%d: a\r\n", i)
	}
	status, body := h.raw(h.api, "GET /healthz HTTP/1.1\r\nHost: x\r\n"+headers.String()+"\r\n")
	if status != 431 || !strings.Contains(body, "headers_too_large") {
		t.Errorf("10 000 headers: %d %s", status, body)
	}
	status, body = h.raw(h.api, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: "+strings.Repeat("a", 20<<10)+"\r\n\r\n")
	if status != 431 {
		t.Errorf("a header of 20 KiB: %d %s", status, body)
	}
	for name, sent := range map[string]string{
		"slow headers": "POST /v1/test-words HTTP/1.1\r\nHost: x\r\n",
		"slow body":    "POST /v1/test-words HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
	} {
		started := time.Now()
		status, body = h.raw(h.api, sent)
		if took := time.Since(started); took > 8*time.Second {
			t.Errorf("%s held the connection for %s", name, took)
		}
		if status != 408 && status != 0 {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	h.expect(request{method: "GET", path: "/healthz"}, 200, "")
}

// raw sends bytes and reads what comes until the server hangs up or is silent.
func (h *house) raw(base, sent string) (int, string) {
	h.tb.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		h.tb.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // a connection of the test
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	// A server that has heard enough may hang up while we still write.
	_, _ = io.WriteString(c, sent)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b)
}

// An upload is bounded, read to its end, and refused before its first byte where
// its caller is not known.
func TestF107S18_Uploads(t *testing.T) {
	t.Parallel()
	h := open(t, setup{config: httpapi.Config{MaxUpload: 1 << 20, ReadTimeout: 1500 * time.Millisecond}})
	h.expect(upload("key-00001", strings.Repeat("x", 1<<20)), 202, "")
	// One byte too many.
	h.expectUpload(upload("key-00002", strings.Repeat("x", 1<<20+1)), 413, "body_too_large")
	// Not the bytes that were announced.
	changed := upload("key-00003", strings.Repeat("x", 1000))
	changed.mutate = func(q *http.Request) {
		q.Body, q.GetBody = readCloser(strings.Repeat("y", 1000)), nil
	}
	h.expectUpload(changed, 401, "digest_mismatch")
	// Unsigned.
	anonymous := upload("key-00004", "abc")
	anonymous.bank = ""
	h.expectUpload(anonymous, 401, "unauthenticated")
	// Without a digest an upload has no fingerprint.
	bare := upload("key-00005", "abc")
	bare.bank, bare.token = "", h.officer("li", approval.AgencyBusiness, approval.Maker)
	bare.mutate = func(q *http.Request) { q.Header.Del("Content-Digest") }
	h.expectUpload(bare, 400, "digest_required")
	// Silent in the middle.
	q := h.build(upload("key-00006", strings.Repeat("x", 1<<19)))
	pr, pw := io.Pipe()
	q.Body, q.GetBody = pr, nil
	go func() { _, _ = pw.Write(bytes.Repeat([]byte("x"), 1<<16)) }()
	started := time.Now()
	res, err := client.Do(q)
	if err == nil {
		_ = res.Body.Close()
		if res.StatusCode != http.StatusBadRequest {
			t.Errorf("a silent upload: %d", res.StatusCode)
		}
	}
	_ = pw.Close()
	if took := time.Since(started); took > 8*time.Second {
		t.Errorf("a silent upload held the connection for %s", took)
	}
	if n := h.count(`select count(*) from test_effect`); n != 1 {
		t.Errorf("%d effects of uploads, want 1", n)
	}
	// A second request in the unread body of a first one never runs (T8's neighbour on streams).
	// The server reads the first 8 KiB of a stream ahead; what follows is left unread.
	inner := strings.Repeat("x", 8<<10) + "GET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n"
	for _, path := range []string{"/v1/test-words/1/file", "/v1/nothing", "/healthz"} {
		outer := fmt.Sprintf("PUT %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", path, len(inner), inner)
		answers := h.rawAll(h.upload, outer)
		if got := strings.Count(answers, "HTTP/1.1 "); got != 1 {
			t.Errorf("%s: %d answers to one request:\n%s", path, got, answers)
		}
	}
}

func (h *house) rawAll(base, sent string) string {
	h.tb.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		h.tb.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // a connection of the test
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	_, _ = io.WriteString(c, sent)
	b, _ := io.ReadAll(c)
	return string(b)
}

// expectUpload allows the server to hang up on a sender that it refused.
func (h *house) expectUpload(r request, status int, code string) {
	h.tb.Helper()
	res, err := client.Do(h.build(r))
	if err != nil {
		h.tb.Logf("%s: the server hung up: %v", code, err)
		return
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	b, _ := io.ReadAll(res.Body)
	got := response{res.StatusCode, res.Header, string(b)}
	if got.status != status || got.code() != code {
		h.tb.Errorf("got %d %s, want %d %s", got.status, got.body, status, code)
	}
}

func TestS15_IdempotencyKey(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	r := post(goodBody)
	move := request{
		method: "POST", path: "/v1/test-moves", body: goodBody,
		token: h.officer("li", approval.FinanceBureau, approval.Maker),
	}
	for _, key := range []string{"", "short", strings.Repeat("k", 65), "with blank", "tab\tbed123", "schlüssel"} {
		move.key = key
		res := h.do(move)
		if res.status != 400 || res.code() != "idempotency_key_required" {
			t.Errorf("key %q: %d %s", key, res.status, res.body)
		}
	}
	r.key = "key-00001"
	first := h.expect(r, 201, "")
	// Other content, also by query or type alone, is refused.
	other := r
	other.body = strings.Replace(goodBody, "hello", "world", 1)
	h.expect(other, 422, "idempotency_key_reused")
	spaced := r
	spaced.body = goodBody + " "
	h.expect(spaced, 422, "idempotency_key_reused")
	// T9: another bank with the same key gets its own effect.
	second := r
	second.bank = "rcu-1"
	if res := h.expect(second, 201, ""); res.body == first.body || res.header.Get("Idempotent-Replayed") != "" {
		t.Errorf("another bank got %s", res.body)
	}
	// A refusal keeps nothing: the key may be tried again.
	refused := r
	refused.key, refused.body = "key-00002", `{"word":"refuse","amount":"1.00"}`
	h.expect(refused, 409, "already_decided")
	refused.body = goodBody
	h.expect(refused, 201, "")
	if n := h.count(`select count(*) from test_effect`); n != 3 {
		t.Errorf("%d effects, want 3", n)
	}
}

// The same command sent fifty times at one moment has one effect and one answer.
func TestS15_OneEffectInParallel(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	var wg sync.WaitGroup
	answers := make(chan string, 50)
	for range 50 {
		wg.Go(func() { answers <- h.expect(post(goodBody), 201, "").body })
	}
	wg.Wait()
	close(answers)
	seen := map[string]int{}
	for a := range answers {
		seen[a]++
	}
	if len(seen) != 1 || h.count(`select count(*) from test_effect`) != 1 {
		t.Errorf("answers %v", seen)
	}
}

// hint is a replay cache that a test holds in its hand.
type hint struct {
	mu       sync.Mutex
	stored   *once.Stored
	busy     time.Duration
	err      error
	finished []*once.Stored
}

func (f *hint) Lookup(context.Context, once.Request) (*once.Stored, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stored, f.err
}

func (f *hint) Mark(context.Context, once.Request) (string, time.Duration, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return "me", f.busy, f.err
}

func (f *hint) Finish(_ context.Context, _ once.Request, _ string, a *once.Stored) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.finished = append(f.finished, a)
	return f.err
}

func (f *hint) set(stored *once.Stored, busy time.Duration, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stored, f.busy, f.err = stored, busy, err
}

// A replay cache that works answers early; one that fails or lies makes no second effect.
func TestS15_HintOnlyHelps(t *testing.T) {
	t.Parallel()
	f := &hint{}
	h := open(t, setup{deps: func(d *httpapi.Dependencies) { d.Hint = f }})
	first := h.expect(post(goodBody), 201, "")
	if len(f.finished) != 1 || string(f.finished[0].Answer.Body) != first.body {
		t.Fatalf("finished %v", f.finished)
	}
	f.set(f.finished[0], 0, nil)
	res := h.expect(post(goodBody), 201, "")
	if res.body != first.body || res.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("from the cache: %v %s", res.header, res.body)
	}
	other := post(strings.Replace(goodBody, "hello", "world", 1))
	h.expect(other, 422, "idempotency_key_reused")
	f.set(nil, 1500*time.Millisecond, nil)
	if res := h.expect(post(goodBody), 409, "idempotency_in_progress"); res.header.Get("Retry-After") != "1" {
		t.Errorf("retry after %q", res.header.Get("Retry-After"))
	}
	f.set(nil, 0, errors.New("the cache is away"))
	if res := h.expect(post(goodBody), 201, ""); res.body != first.body {
		t.Errorf("without the cache: %s", res.body)
	}
	f.set(nil, 0, nil)
	h.expect(post(goodBody), 201, "")
	if n := h.count(`select count(*) from test_effect`); n != 1 {
		t.Errorf("%d effects", n)
	}
}

// No refusal shows SQL, paths, stacks, values or anything else of the inside.
func TestS16_ProblemsShowNoInside(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	canary := "440301199001011234"
	token := h.officer("li", approval.Township)
	asks := []request{
		{method: "GET", path: "/v1/test-broken", bank: "psbc-1"},
		{method: "GET", path: "/v1/test-panic", bank: "psbc-1"},
		{method: "GET", path: "/v1/" + canary},
		{method: "GET", path: "/v1/test-words/" + canary + "x", bank: "psbc-1"},
		{method: "GET", path: "/v1/test-words/1?" + canary + "=1", bank: "psbc-1"},
		{method: "POST", path: "/v1/test-moves", body: goodBody, key: "key-00001", token: token},
		{method: "POST", path: "/v1/session", body: `{"login":"` + canary + `","password":"x"}`},
		{method: "POST", path: "/v1/session", body: `{"login":"li","password":"x","` + canary + `":1}`},
		{method: "PATCH", path: "/v1/session"},
		{method: "TRACE", path: "/healthz"},
		post(`{"word":"` + strings.Repeat(canary, 6) + `","amount":"1.00"}`),
		post(`{"word":"a","amount":"` + canary + `"}`),
		post(`{"` + canary + `":"a","amount":"1.00"}`),
		post(`{"` + canary + `":"a","` + canary + `":"1.00"}`),
		post(`{"word":"a","amount":"1.00","note":["` + canary + `"]}`),
	}
	requestID := regexp.MustCompile(`"request_id":"[A-Z2-7]{26}"`)
	inside := regexp.MustCompile(
		`(?i)select |insert |sqlstate|pgx|\.go\b|goroutine|/work|/root|/usr|panic|secret|runtime|fiber|fasthttp|huma`)
	for _, ask := range asks {
		res := h.do(ask)
		if res.status < 400 {
			t.Errorf("%s %s: %d", ask.method, ask.path, res.status)
		}
		// A request's id is random letters, which may spell any short word.
		body := requestID.ReplaceAllString(res.body, "")
		if m := inside.FindString(body); m != "" || strings.Contains(body, canary) {
			t.Errorf("%s %s shows %q: %s", ask.method, ask.path, m, res.body)
		}
		if got := res.header.Get("Content-Type"); got != "application/problem+json" {
			t.Errorf("%s %s answers %s: %s", ask.method, ask.path, got, res.body)
		}
		var p httpapi.Problem
		if err := json.Unmarshal([]byte(res.body), &p); err != nil || p.Code == "" || p.RequestID == "" ||
			p.Status != res.status || p.Type != "/docs/errors#"+p.Code || p.Detail == "" || p.Title == "" {
			t.Errorf("%s %s: incomplete problem %s", ask.method, ask.path, res.body)
		}
		if p.RequestID != res.header.Get("Request-Id") && ask.method != "TRACE" {
			t.Errorf("%s %s: the header names %s: %s", ask.method, ask.path, res.header.Get("Request-Id"), res.body)
		}
		if p.Status == 500 && !strings.Contains(h.log.String(), p.RequestID) {
			t.Errorf("%s is not in the log", p.RequestID)
		}
		for name := range res.header {
			if name == "Server" || strings.HasPrefix(name, "X-Powered") {
				t.Errorf("header %s: %s", name, res.header.Get(name))
			}
		}
	}
	if strings.Contains(h.log.String(), canary) {
		t.Error("the log holds what callers sent")
	}
}

func TestF116_PanicInHandler(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	res := h.expect(request{method: "GET", path: "/v1/test-panic", bank: "psbc-1"}, 500, "internal")
	if strings.Contains(res.body, "secret of the house") {
		t.Error("the panic's text went out")
	}
	if !strings.Contains(h.log.String(), "secret of the house") {
		t.Error("the panic's text is not in the log")
	}
	h.expect(request{method: "GET", path: "/healthz"}, 200, "")
}

func TestS18_Methods(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	for _, method := range []string{"TRACE", "CONNECT", "FOO", "PROPFIND"} {
		status, body := h.raw(h.api, method+" /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
		if status != 405 || !strings.Contains(body, "method_not_allowed") {
			t.Errorf("%s: %d %s", method, status, body)
		}
	}
	res := h.expect(request{method: "PUT", path: "/v1/session"}, 405, "method_not_allowed")
	allow := res.header.Get("Allow")
	if !strings.Contains(allow, "POST") || !strings.Contains(allow, "DELETE") || strings.Contains(allow, "PUT") {
		t.Errorf("Allow: %s", allow)
	}
	h.expect(request{method: "OPTIONS", path: "/v1/session"}, 405, "method_not_allowed")
	h.expect(request{method: "GET", path: "/v1/nothing"}, 404, "no_such_route")
	h.expect(request{method: "GET", path: "/v1/session/"}, 404, "no_such_route")
	h.expect(request{method: "GET", path: "/HEALTHZ"}, 404, "no_such_route")
	// A path with a second spelling is refused: only one is in limits, trail and fingerprint.
	for path, want := range map[string]int{
		"//healthz": 404, "/a/../healthz": 404, "/./healthz": 404, "/healthz%2f": 400, "/%68ealthz": 400,
		"http://x/healthz": 400, "/healthz#x": 400,
	} {
		status, body := h.raw(h.api, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n")
		if status != want {
			t.Errorf("%s: %d %s, want %d", path, status, body, want)
		}
	}
}

// No name leads out of the folder of documents.
func TestF106_PathTraversal(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	for _, name := range []string{
		"../doc.go", "..%2f..%2fetc%2fpasswd", "%00", "CON", strings.Repeat("a", 300) + ".js", "..", ".", "docs",
		"start.js%00.css",
		"....//....//etc/passwd", "．．/doc.go", "index.html", "../../problem.go.txt",
	} {
		status, body := h.raw(h.api, "GET /docs/assets/"+name+" HTTP/1.1\r\nHost: x\r\n\r\n")
		if status != 404 && status != 400 {
			t.Errorf("%s: %d %.80s", name, status, body)
		}
	}
	if status, _ := h.raw(h.api, "GET /docs/assets/start.js HTTP/1.1\r\nHost: x\r\n\r\n"); status != 200 {
		t.Errorf("start.js: %d", status)
	}
}

// The documentation asks nothing of any other host.
func TestDocsNeedNoOutsideResource(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	page := h.expect(request{method: "GET", path: "/docs"}, 200, "")
	for _, m := range regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(page.body, -1) {
		if !strings.HasPrefix(m[1], "/") {
			t.Errorf("the page asks for %s", m[1])
			continue
		}
		h.expect(request{method: "GET", path: m[1]}, 200, "")
	}
	policy := page.header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "http") ||
		strings.Contains(policy, "script-src 'self' '") {
		t.Errorf("policy %s", policy)
	}
	errorsPage := h.expect(request{method: "GET", path: "/docs/errors"}, 200, "")
	if !strings.Contains(errorsPage.body, `id="idempotency_key_reused"`) {
		t.Error("the page of errors does not explain idempotency_key_reused")
	}
	var manifest map[string]string
	b, err := os.ReadFile("docs/manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &manifest); err != nil {
		t.Fatal(err)
	}
	if len(manifest) < 4 {
		t.Errorf("the manifest names %d files", len(manifest))
	}
	for name, want := range manifest {
		b, err := os.ReadFile("docs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(b)); got != want {
			t.Errorf("%s has digest %s, the manifest says %s", name, got, want)
		}
	}
}

// The operations port holds what must not be reached from outside, and only there.
func TestS54_Ports(t *testing.T) {
	t.Parallel()
	h := open(t, setup{})
	h.expect(request{method: "GET", path: "/healthz"}, 200, "")
	// Nothing echoes a request, and nobody says what is running here.
	versions := regexp.MustCompile(`(?i)fiber|fasthttp|go1\.|golang|postgres|twoline/[0-9]`)
	for _, base := range []string{h.api, h.upload, h.ops} {
		for _, method := range []string{"TRACE", "TRACK"} {
			answer := h.rawAll(base, method+" /healthz HTTP/1.1\r\nHost: x\r\nX-Secret: echo me\r\nConnection: close\r\n\r\n")
			if !strings.HasPrefix(answer, "HTTP/1.1 405") || strings.Contains(answer, "echo me") {
				t.Errorf("%s %s: %.200s", base, method, answer)
			}
		}
		for _, path := range []string{"/healthz", "/nothing"} {
			answer := h.rawAll(base, "GET "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			if strings.Contains(answer, "\nServer:") || strings.Contains(answer, "\nX-Powered-By:") || versions.MatchString(answer) {
				t.Errorf("%s%s says what is running: %s", base, path, answer)
			}
		}
	}
	for _, base := range []string{h.api, h.upload} {
		for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap", "/debug/vars", "/debug"} {
			if status, body := h.raw(base, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n"); status != 404 {
				t.Errorf("%s%s: %d %.60s", base, path, status, body)
			}
		}
	}
	status, body := h.raw(h.ops, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if status != 200 || !strings.Contains(body, `twoline_http_requests_total{route="GET /healthz",status="200"}`) {
		t.Errorf("metrics: %d %.300s", status, body)
	}
	const profiles = "GET /debug/pprof/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	if status, _ := h.raw(h.ops, profiles); status != 404 {
		t.Errorf("profiles are on without being asked for: %d", status)
	}
	profiled := open(t, setup{config: httpapi.Config{Profiling: true}})
	if status, _ := profiled.raw(profiled.ops, profiles); status != 200 {
		t.Errorf("profiles that were asked for: %d", status)
	}
}

func TestReadyz(t *testing.T) {
	t.Parallel()
	away := func(context.Context) error { return errors.New("away") }
	redis := httpapi.Check{Name: "redis", Required: false, Probe: away}
	// The test server runs without fsync, which must not pass for ready.
	risky := open(t, setup{})
	res := risky.expect(request{method: "GET", path: "/readyz"}, 503, "")
	if !strings.Contains(res.body, `"durability":"missing"`) || !strings.Contains(res.body, `"schema":"ok"`) {
		t.Errorf("without fsync: %s", res.body)
	}
	ready := open(t, setup{deps: func(d *httpapi.Dependencies) { d.Checks = append(d.Checks[:2:2], redis) }})
	res = ready.expect(request{method: "GET", path: "/readyz"}, 200, "")
	if !strings.Contains(res.body, `"status":"degraded"`) || !strings.Contains(res.body, `"redis":"missing"`) {
		t.Errorf("without redis: %s", res.body)
	}
	ready.data.Exec(t, `delete from goose_db_version where version_id = (select max(version_id) from goose_db_version)`)
	res = ready.expect(request{method: "GET", path: "/readyz"}, 503, "")
	if !strings.Contains(res.body, `"schema":"missing"`) || !strings.Contains(res.body, `"status":"not_ready"`) {
		t.Errorf("with an old schema: %s", res.body)
	}
}

// A limiter of all processes is asked; without it, or when it fails, each process counts.
type limiter struct {
	calls atomic.Int32
	err   error
	wait  time.Duration
}

func (l *limiter) Allow(context.Context, string, string) (time.Duration, error) {
	l.calls.Add(1)
	return l.wait, l.err
}

func TestS17_Limits(t *testing.T) {
	t.Parallel()
	limiters := map[string]*limiter{
		"none": nil, "fails": {err: errors.New("away")}, "says wait": {wait: 90 * time.Second},
	}
	for name, l := range limiters {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, setup{config: httpapi.Config{Rate: 5}, deps: func(d *httpapi.Dependencies) {
				if l != nil {
					d.Limiter = l
				}
			}})
			var refused int
			for i := range 8 {
				r := post(goodBody)
				r.key = fmt.Sprintf("key-%05d", i)
				res := h.do(r)
				if res.status == 429 {
					refused++
					if res.code() != "rate_limited" || res.header.Get("Retry-After") == "" {
						t.Errorf("%v %s", res.header, res.body)
					}
				}
			}
			want := map[string][2]int{"none": {3, 3}, "fails": {3, 3}, "says wait": {8, 8}}[name]
			// A minute may turn in between.
			if refused > want[1] || (refused < want[0] && time.Now().Second() > 2) {
				t.Errorf("%d of 8 refused, want %v", refused, want)
			}
		})
	}
}

// A person is one caller, whichever login; another person and another route are others.
func TestS17_APersonWithTwoLoginsIsOneCaller(t *testing.T) {
	t.Parallel()
	h := openFundWith(t, setup{config: httpapi.Config{Rate: 5}})
	// The count is of a minute, which is to begin now.
	h.clock.add(time.Minute - time.Duration(h.clock.now().Second())*time.Second)
	ask := func(who, path string, status int) {
		t.Helper()
		h.expect(request{method: "GET", path: path, token: h.tokens[who]}, status, "")
	}
	for _, who := range []string{"finance-maker", "finance-second", "finance-maker", "finance-second", "finance-maker"} {
		ask(who, "/v1/fund-accounts", 200)
	}
	ask("finance-second", "/v1/fund-accounts", 429)
	ask("finance-maker", "/v1/fund-accounts", 429)
	ask("finance-second", "/v1/fund-transfers", 200)
	ask("finance-checker", "/v1/fund-accounts", 200)
}

// slowLogins is a store in which a login waits at the gate.
type slowLogins struct {
	store
	begun chan struct{}
	gate  chan struct{}
}

func (s slowLogins) BeginLogin(ctx context.Context, login string, p approval.SessionPolicy) (string, error) {
	s.begun <- struct{}{}
	<-s.gate
	return s.store.BeginLogin(ctx, login, p)
}

// A password check takes 64 MiB: more of them at a moment than there is room for are sent away uncounted.
func TestS17_CostlyWorkIsBounded(t *testing.T) {
	t.Parallel()
	slow := slowLogins{nil, make(chan struct{}, 2), make(chan struct{})}
	h := open(t, setup{config: httpapi.Config{ParallelLogins: 1}, deps: func(d *httpapi.Dependencies) {
		s, ok := d.Callers.(store)
		if !ok {
			t.Error("not a store")
		}
		slow.store = s
		d.Callers = slow
	}})
	openGate := sync.OnceFunc(func() { close(slow.gate) })
	defer openGate()
	var wg sync.WaitGroup
	wg.Go(func() { h.do(login("nobody", "first")) })
	<-slow.begun
	h.expect(login("nobody", "second"), 429, "rate_limited")
	if len(slow.begun) != 0 {
		t.Error("a second password was looked at beside the first")
	}
	openGate()
	wg.Wait()
	h.expect(login("nobody", "third"), 401, "login_refused")
}

// A spoofed X-Forwarded-For does not make a caller somebody else.
func TestS19_SpoofedAddress(t *testing.T) {
	t.Parallel()
	h := open(t, setup{config: httpapi.Config{Rate: 5}})
	refused := 0
	for i := range 10 {
		r := request{method: "GET", path: "/healthz"}
		r.header = http.Header{"X-Forwarded-For": {fmt.Sprintf("10.0.0.%d", i)}}
		if h.do(r).status == 429 {
			refused++
		}
	}
	if refused == 0 {
		t.Error("ten spoofed addresses were ten callers")
	}
}

// The effect stands where the time ran out before the reply; a retry gets the stored answer.
func TestF119_TimeoutAfterEffect(t *testing.T) {
	t.Parallel()
	var late atomic.Bool
	late.Store(true)
	h := open(t, setup{routes: func(h *house, s *httpapi.Server) {
		httpapi.Command(s, httpapi.Route{
			Method: "POST", Path: "/v1/test-late", Summary: "Late", Who: httpapi.Banks(),
			Deadline: 300 * time.Millisecond,
		}, viewEffect, func(ctx context.Context, c httpapi.Call, in *wordCommand) (once.Answer, error) {
			a, err := h.say(ctx, c, in.Body.Word, nil)
			if err == nil && late.Load() {
				<-ctx.Done()
				return once.Answer{}, ctx.Err()
			}
			return a, err
		})
	}})
	r := post(goodBody)
	r.path = "/v1/test-late"
	h.expect(r, 503, "deadline_exceeded")
	if n := h.count(`select count(*) from test_effect`); n != 1 {
		t.Fatalf("%d effects", n)
	}
	late.Store(false)
	if res := h.expect(r, 200, ""); res.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the retry was not a replay: %s", res.body)
	}
	if n := h.count(`select count(*) from test_effect`); n != 1 {
		t.Errorf("%d effects after the retry", n)
	}
}

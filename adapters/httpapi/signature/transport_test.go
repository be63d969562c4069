package signature_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/httpapi/signature"
)

func newClient(
	t *testing.T, base http.RoundTripper, id string, change func(o *signature.TransportOptions),
) *http.Client {
	t.Helper()
	options := signature.TransportOptions{Base: base, Key: parsedKeys(t)[id], Now: fixedNow, Random: rand.Reader}
	if change != nil {
		change(&options)
	}
	transport, err := signature.NewTransport(options)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Transport: transport}
}

func newRequest(t *testing.T, method, url string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// answer sends a request and returns status and text.
func answer(t *testing.T, client *http.Client, r *http.Request) (int, string) {
	t.Helper()
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, strings.TrimSpace(string(text))
}

func TestTransportSignsEveryKindOfRequest(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		give     func(t *testing.T, url string) *http.Request
		wantText string
		wantBody string
	}{
		"get": {func(t *testing.T, url string) *http.Request {
			t.Helper()
			return newRequest(t, "GET", url+"/v1/items?item_id=%E4%B9%A1+1&", nil)
		}, "took GET /v1/items?item_id=%E4%B9%A1+1&", ""},
		"get of nothing": {func(t *testing.T, url string) *http.Request {
			t.Helper()
			return newRequest(t, "", url, nil)
		}, "took GET /", ""},
		"get of an encoded slash and a bare question mark": {func(t *testing.T, url string) *http.Request {
			t.Helper()
			return newRequest(t, "GET", url+"/a%2Fb/%7e%7E/(c)?", nil)
		}, "took GET /a%2Fb/%7e%7E/(c)?", ""},
		"post with GetBody": {func(t *testing.T, url string) *http.Request {
			t.Helper()
			r := newRequest(t, "POST", url+"/v1/returns", strings.NewReader(`{"a":1}`))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Idempotency-Key", "returns-1")
			return r
		}, "took POST /v1/returns", `{"a":1}`},
		"post of a stream": {func(t *testing.T, url string) *http.Request {
			t.Helper()
			stream := io.MultiReader(strings.NewReader("str"), strings.NewReader("eam"))
			return newRequest(t, "POST", url+"/v1/returns", stream)
		}, "took POST /v1/returns", "stream"},
		"post of an empty stream": {func(t *testing.T, url string) *http.Request {
			t.Helper()
			return newRequest(t, "POST", url+"/v1/returns", io.MultiReader())
		}, "took POST /v1/returns", ""},
		"post of nothing": {func(t *testing.T, url string) *http.Request {
			t.Helper()
			return newRequest(t, "POST", url+"/v1/returns", nil)
		}, "took POST /v1/returns", ""},
		"put of a file": {func(t *testing.T, url string) *http.Request {
			t.Helper()
			file := bytes.NewReader(bytes.Repeat([]byte("0123456789abcdef"), 1<<16))
			digest, size, err := signature.DigestFile(file)
			if err != nil {
				t.Fatal(err)
			}
			r := newRequest(t, "PUT", url+"/v1/result-file", io.NopCloser(file))
			r.ContentLength = size
			r.Header.Set("Content-Digest", digest)
			return r
		}, "took PUT /v1/result-file", strings.Repeat("0123456789abcdef", 1<<16)},
		"host of its own": {func(t *testing.T, url string) *http.Request {
			t.Helper()
			r := newRequest(t, "GET", url+"/v1/items", nil)
			r.Host = "Pay.Example.CN:80"
			return r
		}, "took GET /v1/items", ""},
	}
	for name, test := range tests {
		for _, id := range []string{hmacID, ed25519ID} {
			t.Run(name+" "+id, func(t *testing.T) {
				t.Parallel()
				g, server := newGate(t, fixedNow)
				client := newClient(t, server.Client().Transport, id, nil)
				status, text := answer(t, client, test.give(t, server.URL))
				if status != http.StatusOK || text != test.wantText {
					t.Fatalf("got %d %q", status, text)
				}
				if diff := cmp.Diff([]string{test.wantBody}, g.taken()); diff != "" {
					t.Errorf("body (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestTransportOverTLSAndHTTP2(t *testing.T) {
	t.Parallel()
	g := &gate{keys: parsedKeys(t), now: fixedNow, nonces: map[string]bool{}}
	server := httptest.NewUnstartedServer(g)
	server.EnableHTTP2 = true
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	client := newClient(t, server.Client().Transport, ed25519ID, nil)
	response, err := client.Do(newRequest(t, "POST", server.URL+"/v1/returns?a=1", strings.NewReader("x")))
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if response.ProtoMajor != 2 || response.StatusCode != http.StatusOK {
		t.Errorf("got %s %s", response.Proto, response.Status)
	}
}

func TestTransportDrawsANewNonceForEach(t *testing.T) {
	t.Parallel()
	g, server := newGate(t, fixedNow)
	client := newClient(t, server.Client().Transport, hmacID, nil)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 10 {
				response, err := client.Get(server.URL)
				if err != nil {
					t.Error(err)
					return
				}
				if response.StatusCode != http.StatusOK {
					t.Errorf("got %s", response.Status)
				}
				if err := response.Body.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if got := len(g.taken()); got != 80 {
		t.Errorf("%d requests taken", got)
	}
}

func TestTransportLeavesTheRequestAsItWas(t *testing.T) {
	t.Parallel()
	_, server := newGate(t, fixedNow)
	client := newClient(t, server.Client().Transport, hmacID, nil)
	r := newRequest(t, "POST", server.URL, strings.NewReader("x"))
	answer(t, client, r)
	if diff := cmp.Diff(http.Header{}, r.Header); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if r.GetBody == nil {
		t.Error("GetBody is gone")
	}
}

// The sender below repeats a request with GetBody on a broken connection, which
// would use the nonce twice.
func TestTransportKeepsTheNonceFromBeingRepeated(t *testing.T) {
	t.Parallel()
	_, server := newGate(t, fixedNow)
	sent := 0
	base := onWire{server.Client().Transport, func(r *http.Request) {
		sent++
		if r.GetBody != nil {
			t.Error("sent with GetBody")
		}
	}}
	r := newRequest(t, "POST", server.URL, strings.NewReader("x"))
	r.Header.Set("Idempotency-Key", "returns-1")
	if status, _ := answer(t, newClient(t, base, hmacID, nil), r); status != http.StatusOK || sent != 1 {
		t.Errorf("status %d after %d", status, sent)
	}
}

// onWire changes a signed request between signing and sending.
type onWire struct {
	base   http.RoundTripper
	change func(r *http.Request)
}

func (o onWire) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	o.change(r)
	return o.base.RoundTrip(r)
}

func TestRequestChangedOnTheWireIsRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		give func(r *http.Request)
		want string
	}{
		"nothing":     {func(*http.Request) {}, "took POST /v1/returns?a=1"},
		"path":        {func(r *http.Request) { r.URL.Path = "/v1/arrivals" }, "signature_refused"},
		"query":       {func(r *http.Request) { r.URL.RawQuery = "a=2" }, "signature_refused"},
		"host":        {func(r *http.Request) { r.Host = "other.example.cn" }, "signature_refused"},
		"method":      {func(r *http.Request) { r.Method = "PUT" }, "signature_refused"},
		"body":        {func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("y")) }, "digest_mismatch"},
		"key added":   {func(r *http.Request) { r.Header.Set("Idempotency-Key", "k-1") }, "signature_coverage"},
		"type gone":   {func(r *http.Request) { r.Header.Del("Content-Type") }, "signature_coverage"},
		"digest gone": {func(r *http.Request) { r.Header.Del("Content-Digest") }, "signature_coverage"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, server := newGate(t, fixedNow)
			client := newClient(t, onWire{server.Client().Transport, test.give}, ed25519ID, nil)
			r := newRequest(t, "POST", server.URL+"/v1/returns?a=1", strings.NewReader("x"))
			r.Header.Set("Content-Type", "text/plain")
			if _, got := answer(t, client, r); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if taken := len(g.taken()); (taken == 1) != strings.HasPrefix(test.want, "took") {
				t.Errorf("%d bodies taken", taken)
			}
		})
	}
}

// closing tells whether a body was closed.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

func TestTransportRefusesAndClosesTheBody(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		give func(r *http.Request)
		want error
	}{
		"too long to hold": {func(*http.Request) {}, signature.ErrTransport},
		"broken digest": {func(r *http.Request) {
			r.Header.Set("Content-Digest", "md5=:AA==:")
		}, signature.ErrMalformed},
		"opaque URL": {func(r *http.Request) {
			r.URL.Opaque = "//else/where"
			r.Header.Set("Content-Digest", digestOf(""))
		}, signature.ErrMalformed},
		"server's request": {func(r *http.Request) { r.RequestURI = "/" }, signature.ErrTransport},
		"no URL":           {func(r *http.Request) { r.URL = nil }, signature.ErrTransport},
		"host of other signs": {func(r *http.Request) {
			r.Host = "银行.cn"
			r.Header.Set("Content-Digest", digestOf(""))
		}, signature.ErrMalformed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			never := onWire{nil, func(*http.Request) { t.Error("sent") }}
			transport := newClient(t, never, hmacID, func(o *signature.TransportOptions) { o.MaxBuffer = 9 }).Transport
			body := &closing{Reader: strings.NewReader("0123456789")}
			r := newRequest(t, "POST", "http://127.0.0.1:1/x", body)
			test.give(r)
			response, err := transport.RoundTrip(r)
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if response != nil {
				t.Error("a response with an error", response.Body.Close())
			}
			if !body.closed {
				t.Error("the body was left open")
			}
		})
	}
}

func TestTransportReportsWhatFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	_, server := newGate(t, fixedNow)
	tests := map[string]struct {
		change func(o *signature.TransportOptions)
		give   func(r *http.Request)
	}{
		"randomness": {func(o *signature.TransportOptions) { o.Random = failing{broken} }, func(*http.Request) {}},
		"GetBody": {nil, func(r *http.Request) {
			r.GetBody = func() (io.ReadCloser, error) { return nil, broken }
		}},
		"reading GetBody": {nil, func(r *http.Request) {
			r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(failing{broken}), nil }
		}},
		"reading the body": {nil, func(r *http.Request) { r.GetBody, r.Body = nil, io.NopCloser(failing{broken}) }},
	}
	for name, test := range tests {
		transport := newClient(t, server.Client().Transport, hmacID, test.change).Transport
		r := newRequest(t, "POST", server.URL, strings.NewReader("x"))
		test.give(r)
		response, err := transport.RoundTrip(r)
		if !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
		if response != nil {
			t.Error("a response with an error", response.Body.Close())
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := newRequest(t, "GET", server.URL, nil).WithContext(ctx)
	response, err := newClient(t, server.Client().Transport, hmacID, nil).Transport.RoundTrip(r)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if response != nil {
		t.Error("a response with an error", response.Body.Close())
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestTransportOptionsAreChecked(t *testing.T) {
	t.Parallel()
	type options = signature.TransportOptions
	tests := map[string]struct {
		give func(o *options)
		want error
	}{
		"whole":           {func(*options) {}, nil},
		"shortest":        {func(o *options) { o.Lifetime = time.Second }, nil},
		"no base":         {func(o *options) { o.Base = nil }, signature.ErrTransport},
		"no clock":        {func(o *options) { o.Now = nil }, signature.ErrTransport},
		"no randomness":   {func(o *options) { o.Random = nil }, signature.ErrTransport},
		"no key":          {func(o *options) { o.Key = signature.Key{} }, signature.ErrKey},
		"too long":        {func(o *options) { o.Lifetime = 301 * time.Second }, signature.ErrTransport},
		"part of seconds": {func(o *options) { o.Lifetime = 1500 * time.Millisecond }, signature.ErrTransport},
		"negative":        {func(o *options) { o.MaxBuffer = -1 }, signature.ErrTransport},
	}
	for name, test := range tests {
		o := options{
			Base: onWire{}, Key: parsedKeys(t)[hmacID], Now: fixedNow, Random: rand.Reader,
		}
		test.give(&o)
		if _, err := signature.NewTransport(o); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
}

// Message of a received request keeps the target as it stood on the wire.
func TestOfRequestReadsTheTargetAsSent(t *testing.T) {
	t.Parallel()
	tests := map[string][2]string{
		"/a/b?c=d":                       {"/a/b", "c=d"},
		"/a%2fb?":                        {"/a%2fb", ""},
		`/a"b?x=<y>`:                     {`/a"b`, "x=<y>"},
		"//a/b?c?d":                      {"//a/b", "c?d"},
		"http://pay.example.cn/a?b=c":    {"/a", "b=c"},
		"https://pay.example.cn?b=c://d": {"", "b=c://d"},
		"*":                              {"*", ""},
	}
	for give, want := range tests {
		r := &http.Request{Method: http.MethodGet, Host: "pay.example.cn", RequestURI: give}
		r.TLS = &tls.ConnectionState{}
		m := signature.OfRequest(r)
		if got := [2]string{m.Path, m.RawQuery}; got != want || m.Scheme != "https" || !m.NoBody {
			t.Errorf("%s: got %+v", give, m)
		}
	}
}

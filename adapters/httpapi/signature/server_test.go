package signature_test

import (
	"crypto/sha256"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"twoline/adapters/httpapi/signature"
	"twoline/gateway/fault"
)

// gate is a net/http server that takes in signed requests as the gateway does:
// signature before the first byte of the body, digest after the last.
type gate struct {
	keys map[string]signature.Key
	now  func() time.Time

	mu     sync.Mutex
	nonces map[string]bool
	bodies []string
}

func newGate(t *testing.T, now func() time.Time) (*gate, *httptest.Server) {
	t.Helper()
	g := &gate{keys: parsedKeys(t), now: now, nonces: map[string]bool{}}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	return g, server
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := g.admit(r)
	if err != nil {
		http.Error(w, fault.CodeOf(err), http.StatusUnauthorized)
		return
	}
	g.mu.Lock()
	g.bodies = append(g.bodies, body)
	g.mu.Unlock()
	_, _ = io.WriteString(w, "took "+r.Method+" "+r.RequestURI)
}

func (g *gate) admit(r *http.Request) (string, error) {
	m := signature.OfRequest(r)
	presented, err := signature.Parse(m)
	if err != nil {
		return "", err
	}
	if err := presented.Verify(g.keys[presented.KeyID], g.now(), time.Minute); err != nil {
		return "", err
	}
	g.mu.Lock()
	used := g.nonces[presented.KeyID+" "+presented.Nonce]
	g.nonces[presented.KeyID+" "+presented.Nonce] = true
	g.mu.Unlock()
	if used {
		return "", fault.New(fault.Unauthenticated, "nonce_used", "the nonce was used before")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || m.NoBody {
		return "", err
	}
	return string(body), signature.DigestOK(presented.ContentDigest, sha256.Sum256(body))
}

func (g *gate) taken() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string{}, g.bodies...)
}

func fixedNow() time.Time { return time.Unix(t0, 0) }

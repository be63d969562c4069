package signature_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"twoline/adapters/httpapi/signature"
)

func TestKeyFilesMadeAreRead(t *testing.T) {
	t.Parallel()
	private, public, err := signature.NewKeyPair(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := signature.NewSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		give          []byte
		wantAlgorithm string
		wantSigns     bool
	}{
		"private":              {private, "ed25519", true},
		"public":               {public, "ed25519", false},
		"secret":               {secret, "hmac-sha256", true},
		"secret with CR LF":    {bytes.ReplaceAll(secret, []byte("\n"), []byte("\r\n")), "hmac-sha256", true},
		"private, no line end": {bytes.TrimSpace(private), "ed25519", true},
	}
	for name, test := range tests {
		key, err := signature.ParseKeyFile("bank-1", test.give)
		if err != nil || key.ID() != "bank-1" || key.Algorithm() != test.wantAlgorithm {
			t.Errorf("%s: %v %v", name, key, err)
		}
		if key.CanSign() != test.wantSigns {
			t.Errorf("%s: can sign: %v", name, key.CanSign())
		}
	}
	of := func(file []byte) []byte {
		key, err := signature.ParseKeyFile("k", file)
		if err != nil {
			t.Fatal(err)
		}
		return key.Verifier()
	}
	if !bytes.Equal(of(private), of(public)) {
		t.Error("the halves of a new pair do not belong together")
	}
}

func TestKeysAreDrawnFromTheReader(t *testing.T) {
	t.Parallel()
	if _, _, err := signature.NewKeyPair(strings.NewReader("short")); err == nil {
		t.Error("a key pair of 5 random bytes")
	}
	if _, err := signature.NewSecret(strings.NewReader("short")); err == nil {
		t.Error("a secret of 5 random bytes")
	}
	if _, err := signature.NewNonce(strings.NewReader("short")); err == nil {
		t.Error("a nonce of 5 random bytes")
	}
	seed := bytes.Repeat([]byte{7}, 32)
	first, _, err1 := signature.NewKeyPair(bytes.NewReader(seed))
	second, _, err2 := signature.NewKeyPair(bytes.NewReader(seed))
	if err := errors.Join(err1, err2); err != nil || !bytes.Equal(first, second) {
		t.Errorf("the same randomness made two keys: %v", err)
	}
	secret, err := signature.NewSecret(bytes.NewReader(seed))
	if want := base64.StdEncoding.EncodeToString(seed) + "\n"; err != nil || string(secret) != want {
		t.Errorf("got %q, %v", secret, err)
	}
}

func TestKeyFilesRefused(t *testing.T) {
	t.Parallel()
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(curve)
	if err != nil {
		t.Fatal(err)
	}
	pkix, err := x509.MarshalPKIXPublicKey(curve.Public())
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, content []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}))
	}
	short := base64.StdEncoding.EncodeToString(make([]byte, 31))
	tests := map[string]string{
		"empty":            "",
		"words":            "this is no key",
		"short secret":     short,
		"two lines":        rfcSecret[:44] + "\n" + rfcSecret[44:],
		"stray bits":       strings.Replace(rfcSecret, "DQ==", "DR==", 1),
		"no padding":       strings.TrimRight(rfcSecret, "="),
		"P-256 private":    block("PRIVATE KEY", pkcs8),
		"P-256 public":     block("PUBLIC KEY", pkix),
		"broken private":   block("PRIVATE KEY", []byte("x")),
		"broken public":    block("PUBLIC KEY", []byte("x")),
		"certificate":      block("CERTIFICATE", pkix),
		"both halves":      rfcPrivate + rfcPublic,
		"cut PEM":          rfcPrivate[:60],
		"text before PEM":  strings.Replace(rfcPrivate, "-----BEGIN", "x-----BEGIN", 1),
		"beyond 16 KiB":    strings.Repeat("A", 16<<10+4),
		"secret too short": "AAAA",
	}
	for name, give := range tests {
		key, err := signature.ParseKeyFile("bank-1", []byte(give))
		if !errors.Is(err, signature.ErrKey) {
			t.Errorf("%s: %v, %v", name, key, err)
		}
	}
	for _, id := range []string{"", strings.Repeat("k", 65), "bank 1", "bank\n1", "银行"} {
		if _, err := signature.ParseKeyFile(id, []byte(rfcSecret)); !errors.Is(err, signature.ErrKey) {
			t.Errorf("id %q: %v", id, err)
		}
	}
}

func TestKeyMaterialRefused(t *testing.T) {
	t.Parallel()
	mixed := make([]byte, 64) // a seed with another seed's public half
	tests := map[string]struct {
		algorithm signature.Algorithm
		material  []byte
		make      func(id string, algorithm signature.Algorithm, material []byte) (signature.Key, error)
	}{
		"halves that differ":  {signature.Ed25519{}, mixed, signature.NewSigningKey},
		"seed alone":          {signature.Ed25519{}, mixed[:32], signature.NewSigningKey},
		"short public":        {signature.Ed25519{}, mixed[:31], signature.NewVerifyingKey},
		"short secret":        {signature.HMACSHA256{}, mixed[:31], signature.NewSigningKey},
		"short shared secret": {signature.HMACSHA256{}, mixed[:31], signature.NewVerifyingKey},
		"no algorithm":        {nil, mixed[:32], signature.NewVerifyingKey},
	}
	for name, test := range tests {
		if key, err := test.make("k", test.algorithm, test.material); !errors.Is(err, signature.ErrKey) {
			t.Errorf("%s: %v, %v", name, key, err)
		}
	}
	if _, err := signature.Standard().Find("sm2-sm3"); !errors.Is(err, signature.ErrKey) {
		t.Errorf("an algorithm nobody registered: %v", err)
	}
}

func TestKeyNeverPrintsItsMaterial(t *testing.T) {
	t.Parallel()
	raw := []byte("canary-canary-canary-canary-canary")
	key, err := signature.NewSigningKey("bank-1", signature.HMACSHA256{}, raw)
	if err != nil {
		t.Fatal(err)
	}
	holder := struct{ key signature.Key }{key}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
		fmt.Fprintf(&out, verb+"\n", key)
		fmt.Fprintf(&out, verb+"\n", &key)
		fmt.Fprintf(&out, verb+"\n", holder)
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("key", slog.Any("key", key))
	if err := json.NewEncoder(&out).Encode(map[string]any{"key": key}); err != nil {
		t.Fatal(err)
	}
	for _, spelling := range []string{"canary", "63616e617279", "99 97 110 97", "Y2FuYXJ5"} {
		if strings.Contains(out.String(), spelling) {
			t.Errorf("found %q in\n%s", spelling, out.String())
		}
	}
}

// reversed is an algorithm of nobody's: the registry takes any that a program adds.
type reversed struct{ signature.HMACSHA256 }

func (reversed) Name() string { return "reversed-hmac" }

func (r reversed) Sign(secret, base []byte) ([]byte, error) {
	signed, err := r.HMACSHA256.Sign(secret, base)
	return reverse(signed), err
}

func (r reversed) Verify(verifier, base, signed []byte) bool {
	return r.HMACSHA256.Verify(verifier, base, reverse(signed))
}

func reverse(from []byte) []byte {
	to := make([]byte, len(from))
	for i, b := range from {
		to[len(from)-1-i] = b
	}
	return to
}

func TestRegistryTakesAFurtherAlgorithm(t *testing.T) {
	t.Parallel()
	registry := signature.Standard()
	registry["reversed-hmac"] = reversed{}
	found, err := registry.Find("reversed-hmac")
	if err != nil {
		t.Fatal(err)
	}
	secret := bytes.Repeat([]byte{1}, 32)
	key, err := signature.NewSigningKey("bank-1", found, secret)
	if err != nil {
		t.Fatal(err)
	}
	presented := present(t, getMessage(), key)
	if err := presented.Verify(key, time.Unix(t0, 0), 0); err != nil {
		t.Error(err)
	}
	plain, err := signature.NewSigningKey("bank-1", signature.HMACSHA256{}, secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := presented.Verify(plain, time.Unix(t0, 0), 0); !errors.Is(err, signature.ErrRefused) {
		t.Errorf("the same secret under another algorithm: %v", err)
	}
	if _, err := signature.Standard().Find("reversed-hmac"); err == nil {
		t.Error("one program's registry reached another's")
	}
}

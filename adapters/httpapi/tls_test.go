package httpapi_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"twoline/adapters/httpapi"
	"twoline/gateway/approval"
)

// authority signs certificates of a test.
type authority struct {
	tb   testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(tb testing.TB, name string) *authority {
	tb.Helper()
	a := &authority{tb: tb}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	a.key = ecKey(tb)
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		tb.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		tb.Fatal(err)
	}
	return a
}

func ecKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// issue makes a certificate that is good until the instant.
func (a *authority) issue(name string, usage x509.ExtKeyUsage, until time.Time) tls.Certificate {
	a.tb.Helper()
	key := ecKey(a.tb)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: until, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{usage},
	}, a.cert, key.Public(), a.key)
	if err != nil {
		a.tb.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// openTLS starts a house that speaks TLS and asks for certificates of the authority.
func openTLS(t *testing.T, ca *authority, demand httpapi.ClientCertificates) *house {
	t.Helper()
	soon := time.Now().Add(time.Hour)
	h := open(t, setup{config: httpapi.Config{TLS: &httpapi.TLS{
		Certificate: ca.issue("gateway", x509.ExtKeyUsageServerAuth, soon), ClientCAs: ca.pool(), Demand: demand,
	}}})
	for _, address := range []*string{&h.api, &h.upload} {
		*address = strings.Replace(*address, "http://", "https://", 1)
	}
	return h
}

// over sends a request on a connection of its own with the certificates; an error
// is a handshake that did not come about.
func (h *house) over(ca *authority, r request, certificates ...tls.Certificate) (response, error) {
	h.tb.Helper()
	dial := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{
		RootCAs: ca.pool(), MinVersion: tls.VersionTLS12,
		// Shown whoever asks for it: what a stranger would do.
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if len(certificates) == 0 {
				return &tls.Certificate{}, nil
			}
			return &certificates[0], nil
		},
	}}
	res, err := (&http.Client{Transport: dial, Timeout: 10 * time.Second}).Do(h.build(r))
	if err != nil {
		return response{}, err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	b, err := io.ReadAll(res.Body)
	return response{res.StatusCode, res.Header, string(b)}, err
}

// A bank's request comes over a connection with that bank's certificate: neither a
// stolen key nor a stolen certificate is enough.
func TestS11_ABanksKeyWorksOverItsOwnCertificateOnly(t *testing.T) {
	t.Parallel()
	ca, strange := newAuthority(t, "banks"), newAuthority(t, "strangers")
	h := openTLS(t, ca, httpapi.CertificatesOfBanks)
	soon, gone := time.Now().Add(time.Hour), time.Now().Add(-time.Minute)
	client, server := x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth
	psbc := ca.issue("psbc", client, soon)
	handshake := -1
	for name, tt := range map[string]struct {
		give []tls.Certificate
		want int
		code string
	}{
		"none":            {nil, 401, "certificate_required"},
		"another bank's":  {[]tls.Certificate{ca.issue("rcu", client, soon)}, 401, "certificate_differs"},
		"nobody's":        {[]tls.Certificate{ca.issue("", client, soon)}, 401, "certificate_differs"},
		"expired":         {[]tls.Certificate{ca.issue("psbc", client, gone)}, handshake, ""},
		"of a server":     {[]tls.Certificate{ca.issue("psbc", server, soon)}, handshake, ""},
		"of strangers":    {[]tls.Certificate{strange.issue("psbc", client, soon)}, handshake, ""},
		"without its key": {[]tls.Certificate{{Certificate: psbc.Certificate, PrivateKey: ecKey(t)}}, handshake, ""},
	} {
		for _, r := range []request{say("key-00001", "psbc-1"), upload("key-00002", "some bytes")} {
			res, err := h.over(ca, r, tt.give...)
			switch {
			case tt.want == handshake && err == nil:
				t.Errorf("%s %s: the handshake came about: %d %s", name, r.path, res.status, res.body)
			case tt.want != handshake && (err != nil || res.status != tt.want || res.code() != tt.code):
				t.Errorf("%s %s: %v %d %s, want %s", name, r.path, err, res.status, res.body, tt.code)
			}
		}
	}
	if n := h.count(`select count(*) from test_effect`); n != 0 {
		t.Errorf("%d effects of refused connections", n)
	}
	for _, r := range []request{say("key-00001", "psbc-1"), upload("key-00002", "some bytes")} {
		if res, err := h.over(ca, r, psbc); err != nil || res.status/100 != 2 {
			t.Errorf("%s over the bank's own certificate: %v %d %s", r.path, err, res.status, res.body)
		}
	}
	// Officers have sessions.
	token := h.session("li", approval.FinanceBureau, approval.Maker)
	if res, err := h.over(ca, move("key-00003", token)); err != nil || res.status != 200 {
		t.Errorf("an officer: %v %d %s", err, res.status, res.body)
	}
}

// Where everybody has to show a certificate, nobody speaks without one; nor
// without TLS, nor with an old one.
func TestS11_NoConnectionWithoutACertificate(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t, "banks")
	h := openTLS(t, ca, httpapi.CertificatesOfAll)
	live := request{method: "GET", path: "/healthz"}
	if res, err := h.over(ca, live); err == nil {
		t.Errorf("without a certificate: %d %s", res.status, res.body)
	}
	psbc := ca.issue("psbc", x509.ExtKeyUsageClientAuth, time.Now().Add(time.Hour))
	if res, err := h.over(ca, live, psbc); err != nil || res.status != 200 {
		t.Errorf("with a certificate: %v %d %s", err, res.status, res.body)
	}
	address := strings.TrimPrefix(h.api, "https://")
	old, err := tls.Dial("tcp", address, &tls.Config{
		RootCAs: ca.pool(), Certificates: []tls.Certificate{psbc},
		MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11,
	})
	if err == nil {
		_ = old.Close()
		t.Error("TLS 1.1 is spoken")
	}
	plain, err := http.Get("http://" + address + "/healthz")
	if err == nil {
		_ = plain.Body.Close()
		t.Errorf("answered %d without TLS", plain.StatusCode)
	}
}

// A demand that cannot be kept is no configuration.
func TestS11_HalfATLSIsRefused(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t, "banks")
	own := ca.issue("gateway", x509.ExtKeyUsageServerAuth, time.Now().Add(time.Hour))
	for name, give := range map[string]*httpapi.TLS{
		"no certificate": {ClientCAs: ca.pool(), Demand: httpapi.CertificatesOfBanks},
		"no authority":   {Certificate: own, Demand: httpapi.CertificatesOfBanks},
		"no such demand": {Certificate: own, ClientCAs: ca.pool(), Demand: "some"},
	} {
		if err := (httpapi.Config{TLS: give}).Check(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

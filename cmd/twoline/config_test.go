package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Metrics and what goes with them are reached from this machine only, until the
// operator says otherwise.
func TestS54_AllPortsAreLocalUnlessAsked(t *testing.T) {
	t.Parallel()
	c, err := readConfig(func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	ports := map[uint16]bool{}
	for name, address := range map[string]string{
		"API": c.Listen, "upload": c.UploadListen, "operations": c.OpsListen,
	} {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !at.Addr().IsLoopback() || ports[at.Port()] {
			t.Errorf("%s listens on %s, %v", name, address, err)
		}
		ports[at.Port()] = true
	}
}

// A half of TLS, an authority without TLS and an address that says http are no
// configuration to serve with.
func TestS11_AConfigurationThatPromisesTLSKeepsIt(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	cert, key, empty := filepath.Join(folder, "cert"), filepath.Join(folder, "key"), filepath.Join(folder, "empty")
	writeOwnCertificate(t, cert, key)
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	good := map[string]string{
		"TWOLINE_DATABASE_URL": "postgres://twoline@127.0.0.1/twoline", "TWOLINE_TLS_CERT": cert,
		"TWOLINE_TLS_KEY": key, "TWOLINE_TLS_CLIENT_CA": cert, "TWOLINE_TLS_CLIENT_CERTIFICATES": "banks",
	}
	for name, change := range map[string]map[string]string{
		"":                       {},
		"no key":                 {"TWOLINE_TLS_KEY": ""},
		"no certificate":         {"TWOLINE_TLS_CERT": "", "TWOLINE_TLS_KEY": ""},
		"no such certificate":    {"TWOLINE_TLS_CERT": cert + ".not"},
		"another key":            {"TWOLINE_TLS_KEY": cert},
		"an empty authority":     {"TWOLINE_TLS_CLIENT_CA": empty},
		"an address without TLS": {"TWOLINE_PUBLIC_URL": "http://pay.example.cn"},
	} {
		env := maps.Clone(good)
		maps.Copy(env, change)
		c, err := readConfig(func(name string) string { return env[name] })
		if err == nil {
			err = c.validate()
		}
		if (err == nil) != (name == "") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// writeOwnCertificate writes a certificate that signs itself.
func writeOwnCertificate(t *testing.T, cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs8},
	} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"twoline/adapters/httpapi"
	"twoline/gateway/fault"
)

// config is what the service needs to know. Every value comes from the
// environment with the prefix TWOLINE_; a value that is a secret may stand in a
// file instead, named by the same variable with the suffix _FILE.
type config struct {
	// DatabaseURL connects as the application's role.
	DatabaseURL string
	// MigrateDatabaseURL connects as the owner; only migrate needs it.
	MigrateDatabaseURL string
	// RedisURL may be empty: then nothing is hinted, and nothing else changes.
	RedisURL string
	// HintSecret authenticates what is cached in Redis; 32 bytes or more.
	HintSecret string
	// Listen, UploadListen and OpsListen are addresses such as ":8080".
	Listen, UploadListen, OpsListen string
	// PublicURL and UploadURL are what callers dial and sign.
	PublicURL, UploadURL string
	// TLSCert and TLSKey are PEM files of the gateway's own certificate; empty is no TLS.
	TLSCert, TLSKey string
	// ClientCA is a PEM file of the authorities of banks' certificates, and
	// ClientCertificates says who has to show one: optional, banks or all.
	ClientCA, ClientCertificates string
	// Folders are the folders of banks that give and take files there, by the banks'
	// code, and Markers the codes of those that use markers.
	Folders map[string]string
	Markers []string
	// AllowUnsafe serves on a database that may lose commits; for trials only.
	AllowUnsafe bool
}

// errConfig is a configuration that cannot work.
var errConfig = fault.New(fault.Invalid, "configuration", "the configuration cannot work")

// readConfig reads the environment; it does not check it.
func readConfig(getenv func(string) string) (config, error) {
	var errs []error
	secret := func(name string) string {
		v, err := secretOf(getenv, name)
		errs = append(errs, err)
		return v
	}
	or := func(name, otherwise string) string {
		if v := getenv(name); v != "" {
			return v
		}
		return otherwise
	}
	c := config{
		DatabaseURL:        secret("TWOLINE_DATABASE_URL"),
		MigrateDatabaseURL: secret("TWOLINE_MIGRATE_DATABASE_URL"),
		RedisURL:           secret("TWOLINE_REDIS_URL"),
		HintSecret:         secret("TWOLINE_HINT_SECRET"),
		Listen:             or("TWOLINE_LISTEN", "127.0.0.1:8080"),
		UploadListen:       or("TWOLINE_UPLOAD_LISTEN", "127.0.0.1:8081"),
		OpsListen:          or("TWOLINE_OPS_LISTEN", "127.0.0.1:9090"),
		PublicURL:          getenv("TWOLINE_PUBLIC_URL"),
		UploadURL:          getenv("TWOLINE_UPLOAD_URL"),
		TLSCert:            getenv("TWOLINE_TLS_CERT"),
		TLSKey:             getenv("TWOLINE_TLS_KEY"),
		ClientCA:           getenv("TWOLINE_TLS_CLIENT_CA"),
		ClientCertificates: or("TWOLINE_TLS_CLIENT_CERTIFICATES", "optional"),
		Folders:            nil,
		Markers:            strings.FieldsFunc(getenv("TWOLINE_BANK_MARKERS"), isComma),
		AllowUnsafe:        getenv("TWOLINE_ALLOW_UNSAFE") == "yes",
	}
	folders, err := readFolders(getenv("TWOLINE_BANK_FOLDERS"))
	c.Folders = folders
	return c, errors.Join(append(errs, err)...)
}

// secretOf reads a variable, or the file that the same variable with _FILE names.
func secretOf(getenv func(string) string, name string) (string, error) {
	file := getenv(name + "_FILE")
	if file == "" {
		return getenv(name), nil
	}
	if getenv(name) != "" {
		return "", errConfig.With("%s and %s_FILE are both set; keep one", name, name)
	}
	b, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	if err != nil {
		return "", errConfig.With("%s_FILE: %v", name, err)
	}
	return strings.TrimSpace(string(b)), nil
}

// validate names the first value that cannot work.
func (c config) validate() error {
	if c.DatabaseURL == "" {
		return hinted{
			errConfig.With("TWOLINE_DATABASE_URL is not set"),
			"for example postgres://twoline:PASSWORD@127.0.0.1:5432/twoline, or try: twoline demo",
		}
	}
	for name, value := range map[string]string{
		"TWOLINE_DATABASE_URL": c.DatabaseURL, "TWOLINE_REDIS_URL": c.RedisURL,
		"TWOLINE_PUBLIC_URL": c.PublicURL, "TWOLINE_UPLOAD_URL": c.UploadURL,
	} {
		if value == "" {
			continue
		}
		if u, err := url.Parse(value); err != nil || u.Host == "" {
			return errConfig.With("%s is no URL with a host", name)
		}
	}
	if err := c.validateTLS(); err != nil {
		return err
	}
	for _, code := range c.Markers {
		if c.Folders[code] == "" {
			return errConfig.With("TWOLINE_BANK_MARKERS names bank %s, which TWOLINE_BANK_FOLDERS does not", code)
		}
	}
	if c.RedisURL != "" && len(c.HintSecret) < 32 {
		return hinted{
			errConfig.With("TWOLINE_HINT_SECRET needs 32 characters or more where Redis is used"),
			"openssl rand -hex 32 makes one; all processes share it",
		}
	}
	return nil
}

func isComma(r rune) bool { return r == ',' || r == ' ' }

// readFolders reads "rcc=/srv/rcc,psbc=/srv/psbc".
func readFolders(text string) (map[string]string, error) {
	folders := make(map[string]string)
	for _, one := range strings.FieldsFunc(text, isComma) {
		code, path, ok := strings.Cut(one, "=")
		_, twice := folders[code]
		if !ok || code == "" || twice || !filepath.IsAbs(path) {
			return nil, hinted{
				errConfig.With("TWOLINE_BANK_FOLDERS: %q is no bank with a folder of its own", one),
				"write it as rcc=/srv/banks/rcc,psbc=/srv/banks/psbc",
			}
		}
		for other, taken := range folders {
			if filepath.Clean(path) == filepath.Clean(taken) {
				return nil, errConfig.With("TWOLINE_BANK_FOLDERS: banks %s and %s have one folder", other, code)
			}
		}
		folders[code] = path
	}
	return folders, nil
}

// validateTLS refuses a half of TLS, and addresses that promise another scheme.
func (c config) validateTLS() error {
	switch {
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return errConfig.With("TWOLINE_TLS_CERT and TWOLINE_TLS_KEY belong together")
	case c.TLSCert == "" && (c.ClientCA != "" || c.ClientCertificates != string(httpapi.CertificatesOptional)):
		return errConfig.With("client certificates need TWOLINE_TLS_CERT and TWOLINE_TLS_KEY")
	case c.TLSCert == "":
		return nil
	}
	for name, value := range map[string]string{"TWOLINE_PUBLIC_URL": c.PublicURL, "TWOLINE_UPLOAD_URL": c.UploadURL} {
		if strings.HasPrefix(value, "http:") {
			return errConfig.With("%s says http where the gateway speaks TLS", name)
		}
	}
	_, err := c.tls()
	return err
}

// tls reads the files of TLS; nil is none.
func (c config) tls() (*httpapi.TLS, error) {
	if c.TLSCert == "" {
		return nil, nil //nolint:nilnil // no TLS is no error
	}
	own, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return nil, errConfig.With("TWOLINE_TLS_CERT, TWOLINE_TLS_KEY: %v", err)
	}
	t := &httpapi.TLS{Certificate: own, ClientCAs: nil, Demand: httpapi.ClientCertificates(c.ClientCertificates)}
	if c.ClientCA == "" {
		return t, nil
	}
	text, err := os.ReadFile(c.ClientCA)
	if err != nil {
		return nil, errConfig.With("TWOLINE_TLS_CLIENT_CA: %v", err)
	}
	t.ClientCAs = x509.NewCertPool()
	if !t.ClientCAs.AppendCertsFromPEM(text) {
		return nil, errConfig.With("TWOLINE_TLS_CLIENT_CA holds no certificate")
	}
	return t, nil
}

func (c config) String() string {
	return fmt.Sprintf("listen %s, upload %s, operations %s", c.Listen, c.UploadListen, c.OpsListen)
}

package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"twoline/adapters/bank/exchange"
	"twoline/adapters/bank/profile"
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
	// Servers are those of banks that give and take files by SFTP, and Poll is how often
	// any bank's folder is looked at.
	Servers map[string]exchange.Server
	Poll    time.Duration
	// ProfileFolder holds the operator's own profiles of banks' files, or is empty.
	ProfileFolder string
	// ProofKey is the private key in PEM that signs cycle proofs, or empty.
	ProofKey string
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
		Servers:            nil,
		Poll:               pollInterval,
		Markers:            strings.FieldsFunc(getenv("TWOLINE_BANK_MARKERS"), isComma),
		ProfileFolder:      getenv("TWOLINE_PROFILES"),
		ProofKey:           secret("TWOLINE_PROOF_KEY"),
		AllowUnsafe:        getenv("TWOLINE_ALLOW_UNSAFE") == "yes",
	}
	folders, err := readFolders(getenv("TWOLINE_BANK_FOLDERS"))
	c.Folders = folders
	errs = append(errs, err)
	c.Servers, err = readServers(getenv)
	errs = append(errs, err)
	if text := getenv("TWOLINE_BANK_POLL"); text != "" {
		if c.Poll, err = time.ParseDuration(text); err != nil || c.Poll < time.Second || c.Poll > time.Hour {
			errs = append(errs, errConfig.With("TWOLINE_BANK_POLL: %q is no time from 1s to 1h", text))
		}
	}
	return c, errors.Join(errs...)
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
	if err := c.validateChannels(); err != nil {
		return err
	}
	if _, err := c.proofKey(); err != nil {
		return err
	}
	if c.RedisURL != "" && len(c.HintSecret) < 32 {
		return hinted{
			errConfig.With("TWOLINE_HINT_SECRET needs 32 characters or more where Redis is used"),
			"openssl rand -hex 32 makes one; all processes share it",
		}
	}
	return nil
}

// profiles reads the operator's own profiles.
func (c config) profiles() ([]*profile.Profile, error) {
	if c.ProfileFolder == "" {
		return nil, nil
	}
	own, err := profile.Load(os.DirFS(c.ProfileFolder))
	if err != nil {
		return nil, hinted{
			fmt.Errorf("TWOLINE_PROFILES: %w", err), "twoline convert --check --profile FILE proves one by itself",
		}
	}
	return own, nil
}

func isComma(r rune) bool { return r == ',' || r == ' ' }

// validateChannels refuses a bank with two ways to it, and markers of one with none.
func (c config) validateChannels() error {
	for _, code := range c.Markers {
		if _, server := c.Servers[code]; !server && c.Folders[code] == "" {
			return errConfig.With("TWOLINE_BANK_MARKERS names bank %s, which neither TWOLINE_BANK_FOLDERS "+
				"nor TWOLINE_BANK_SFTP does", code)
		}
	}
	for code, server := range c.Servers {
		if c.Folders[code] != "" {
			return errConfig.With("bank %s stands in TWOLINE_BANK_FOLDERS and in TWOLINE_BANK_SFTP; keep one", code)
		}
		// Its files are read here; nothing is dialled.
		if _, err := exchange.NewRemote(server); err != nil {
			return hinted{fmt.Errorf("bank %s: %w", code, err), "see TWOLINE_BANK_SFTP in twoline serve --help"}
		}
	}
	return nil
}

// readFolders reads "rcc=/srv/rcc,psbc=/srv/psbc".
func readFolders(text string) (map[string]string, error) {
	return readPaths("TWOLINE_BANK_FOLDERS", "folder", "write it as rcc=/srv/banks/rcc,psbc=/srv/banks/psbc", text)
}

// readPaths reads a path for each bank, what names what stands there. No two banks
// have one.
func readPaths(name, what, hint, text string) (map[string]string, error) {
	paths := make(map[string]string)
	for _, one := range strings.FieldsFunc(text, isComma) {
		code, file, ok := strings.Cut(one, "=")
		_, twice := paths[code]
		if !ok || code == "" || twice || !filepath.IsAbs(file) {
			return nil, hinted{errConfig.With("%s: %q is no bank with a %s of its own", name, one, what), hint}
		}
		for other, taken := range paths {
			if filepath.Clean(file) == filepath.Clean(taken) {
				return nil, errConfig.With("%s: banks %s and %s have one %s", name, other, code, what)
			}
		}
		paths[code] = file
	}
	return paths, nil
}

// readServers reads "rcc=sftp://user@host:port/path", and the files that belong to it.
func readServers(getenv func(string) string) (map[string]exchange.Server, error) {
	const (
		servers, keys  = "TWOLINE_BANK_SFTP", "TWOLINE_BANK_SFTP_KEYS"
		hosts, besides = "TWOLINE_BANK_SFTP_KNOWN_HOSTS", "TWOLINE_BANK_SFTP_PASSWORDS"
	)
	files := make(map[string]map[string]string)
	for name, what := range map[string]string{keys: "key", besides: "password"} {
		var err error
		if files[name], err = readPaths(name, what+" file", "write it as rcc=/run/secrets/rcc", getenv(name)); err != nil {
			return nil, err
		}
	}
	// One file of known hosts may serve all banks.
	known := make(map[string]string)
	for _, one := range strings.FieldsFunc(getenv(hosts), isComma) {
		code, file, ok := strings.Cut(one, "=")
		if _, twice := known[code]; !ok || code == "" || twice || !filepath.IsAbs(file) {
			return nil, hinted{errConfig.With("%s: %q is no bank with a file", hosts, one), "write it as rcc=/etc/twoline/known_hosts"}
		}
		known[code] = file
	}
	files[hosts] = known
	out := make(map[string]exchange.Server)
	for _, one := range strings.FieldsFunc(getenv(servers), isComma) {
		code, address, _ := strings.Cut(one, "=")
		server, err := readServer(address)
		if _, twice := out[code]; err != nil || code == "" || twice {
			return nil, hinted{
				errConfig.With("%s: bank %q has no server of its own (%v)", servers, code, err),
				"write it as rcc=sftp://user@host:22/path; a password stands in a file, see " + besides,
			}
		}
		for other, s := range out {
			if s.Address == server.Address && s.User == server.User && s.Path == server.Path {
				return nil, errConfig.With("%s: banks %s and %s have one folder", servers, other, code)
			}
		}
		server.Key, server.KnownHosts, server.Password = files[keys][code], files[hosts][code], files[besides][code]
		if server.Key == "" || server.KnownHosts == "" {
			return nil, hinted{
				errConfig.With("%s: bank %s needs a file in %s and one in %s", servers, code, keys, hosts),
				"the server's key is pinned before the first connection; no key is trusted because it is shown",
			}
		}
		out[code] = server
	}
	for name, list := range files {
		for code := range list {
			if _, ok := out[code]; !ok {
				return nil, errConfig.With("%s names bank %s, which %s does not", name, code, servers)
			}
		}
	}
	return out, nil
}

// readServer reads "sftp://user@host:port/path".
func readServer(text string) (exchange.Server, error) {
	none := exchange.Server{} //nolint:exhaustruct // none
	u, err := url.Parse(text)
	if err != nil {
		return none, errors.New("it is no URL")
	}
	_, secret := u.User.Password()
	switch {
	case u.Scheme != "sftp" || u.Hostname() == "":
		return none, errors.New("it is no sftp://user@host/path")
	case secret:
		return none, errors.New("a password does not belong here")
	case u.User.Username() == "":
		return none, errors.New("the user is missing")
	case !strings.HasPrefix(u.Path, "/") || u.RawQuery != "" || u.Fragment != "":
		return none, errors.New("the path is missing, or something follows it")
	}
	port := u.Port()
	if port == "" {
		port = "22"
	}
	return exchange.Server{ //nolint:exhaustruct // the files are read apart, the times are the adapter's
		Address: net.JoinHostPort(u.Hostname(), port), User: u.User.Username(), Path: path.Clean(u.Path), Now: time.Now,
	}, nil
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

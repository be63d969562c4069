package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

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
		AllowUnsafe:        getenv("TWOLINE_ALLOW_UNSAFE") == "yes",
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
	if c.RedisURL != "" && len(c.HintSecret) < 32 {
		return hinted{
			errConfig.With("TWOLINE_HINT_SECRET needs 32 characters or more where Redis is used"),
			"openssl rand -hex 32 makes one; all processes share it",
		}
	}
	return nil
}

func (c config) String() string {
	return fmt.Sprintf("listen %s, upload %s, operations %s", c.Listen, c.UploadListen, c.OpsListen)
}

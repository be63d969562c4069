package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"

	"twoline/adapters/trial"
)

const testHelp = `usage: go run ./cmd/dev test [ARGUMENT...]

Runs "go test -race ./..." with one private PostgreSQL and one private Redis
for all tests, and stops both. Missing programs are installed first, with
apt-get where there is one: PostgreSQL, Redis, a C compiler for the race
detector, Python and OpenSSL for the sample client, xmllint for the schemas
of bank messages, and OpenSSH's sftp-server.

The arguments go to "go test". An argument that starts with ./ is a package
and takes the place of ./...; write the value of a flag with an equals sign:

  go run ./cmd/dev test -short
  go run ./cmd/dev test -run=TestLedger -v ./gateway/...
  go run ./cmd/dev test -race=false

TWOLINE_TEST_DATABASE_URL and TWOLINE_TEST_REDIS_URL, and after them
DATABASE_URL and REDIS_URL, when set, name the servers to use instead: the
tests create and drop databases of their own there. The exit code is that of
"go test".
`

// The variables by which the tests find the shared servers.
const (
	testDatabaseURL = "TWOLINE_TEST_DATABASE_URL"
	testRedisURL    = "TWOLINE_TEST_REDIS_URL"
)

func test(ctx context.Context, args []string, t terminal) (err error) {
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	t.getenv = preferTestServers(t.getenv)
	if err := trial.Install(ctx, t.stderr, needed(t, "build-essential", "python3", "openssl", "libxml2-utils",
		"openssh-sftp-server")); err != nil {
		return fmt.Errorf("install what the tests need: %w", err)
	}
	postgres, err := trial.OpenPostgres(ctx, t.getenv, trial.PostgresOptions{Durable: false})
	if err != nil {
		return fmt.Errorf("start PostgreSQL for the tests: %w", err)
	}
	defer func() { err = errors.Join(err, postgres.Stop()) }()
	t.announce("PostgreSQL", postgres.Server, postgres.URL())
	redis, err := trial.OpenRedis(ctx, t.getenv)
	if err != nil {
		return fmt.Errorf("start Redis for the tests: %w", err)
	}
	defer func() { err = errors.Join(err, redis.Stop()) }()
	t.announce("Redis", redis.Server, redis.URL())

	cmd := exec.CommandContext(context.WithoutCancel(ctx), "go", testArguments(args)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), testDatabaseURL+"="+postgres.URL(), testRedisURL+"="+redis.URL())
	t.say("running %s", strings.Join(cmd.Args, " "))
	return passOn(ctx, t, cmd)
}

// preferTestServers lets the variables of the tests win over those of the
// service.
func preferTestServers(getenv func(string) string) func(string) string {
	return func(name string) string {
		switch name {
		case "DATABASE_URL":
			if given := getenv(testDatabaseURL); given != "" {
				return given
			}
		case "REDIS_URL":
			if given := getenv(testRedisURL); given != "" {
				return given
			}
		}
		return getenv(name)
	}
}

func (t terminal) announce(name string, server *trial.Server, address string) {
	shown := "the given address"
	if parsed, err := url.Parse(address); err == nil {
		shown = parsed.Redacted()
	}
	if server.External() {
		t.say("using the given %s at %s", name, shown)
		return
	}
	t.say("started a private %s at %s", name, shown)
}

// testArguments puts our defaults before the caller's flags, and all packages
// where the caller names none.
func testArguments(args []string) []string {
	var own []string
	if end := slices.IndexFunc(args, func(arg string) bool { return arg == "-args" || arg == "--args" }); end >= 0 {
		args, own = args[:end], args[end:]
	}
	named := slices.ContainsFunc(args, func(arg string) bool {
		return arg == "." || strings.HasPrefix(arg, "./") || strings.HasPrefix(arg, "twoline/")
	})
	all := []string{"./..."}
	if named {
		all = nil
	}
	// The race detector on a slow machine needs more than the usual ten minutes.
	return slices.Concat([]string{"test", "-race", "-timeout=45m"}, args, all, own)
}

package trial

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// oldestPostgres is the oldest major version that the schema is written for.
const oldestPostgres = 15

// ErrNoPostgres is returned when no usable PostgreSQL is installed.
var ErrNoPostgres = errors.New("PostgreSQL 15 or newer is not installed")

// PostgresOptions is what a private PostgreSQL may differ in.
type PostgresOptions struct {
	// Durable keeps every promise to the disk: fsync, synchronous_commit and
	// full_page_writes are on, as in production. Without it they are off: a
	// committed row still survives Crash with a clean file system, but proves
	// nothing about durability.
	Durable bool
}

// Postgres is a PostgreSQL cluster.
type Postgres struct {
	*Server

	url string
}

// URL is the address of the database "postgres" for the superuser, with the
// password. It stays the same over Crash and Restart.
func (p *Postgres) URL() string { return p.url }

// OpenPostgres takes the server that DATABASE_URL names, and starts a private
// one when it is empty.
func OpenPostgres(ctx context.Context, getenv func(string) string, options PostgresOptions) (*Postgres, error) {
	if given := getenv("DATABASE_URL"); given != "" {
		return &Postgres{Server: new(Server), url: given}, nil
	}
	return StartPostgres(ctx, options)
}

// StartPostgres creates a private cluster and returns when it accepts
// connections. The context bounds the start; the server lives until Stop or
// until this process dies. The error wraps ErrNoPostgres when there is nothing
// to start.
func StartPostgres(ctx context.Context, options PostgresOptions) (*Postgres, error) {
	return startPostgres(ctx, options, freePort)
}

func startPostgres(
	ctx context.Context, options PostgresOptions, pick func(context.Context) (int, error),
) (*Postgres, error) {
	bin, err := findPostgres(ctx)
	if err != nil {
		return nil, err
	}
	home, err := newFolder(ctx, "postgres")
	if err != nil {
		return nil, err
	}
	data := filepath.Join(home.home, "data")
	server := &Server{
		name: "PostgreSQL", home: home, last: syscall.SIGQUIT,
		command: func(ctx context.Context, port int) *exec.Cmd {
			return exec.CommandContext(ctx, filepath.Join(bin, "postgres"), "-D", data, "-p", strconv.Itoa(port))
		},
		ready: func(_ context.Context, pid int) bool { return postmasterReady(data, pid) },
	}
	password := rand.Text()
	err = createCluster(ctx, server, bin, data, password)
	if err == nil {
		err = configure(data, home.home, options)
	}
	if err == nil {
		err = server.begin(ctx, pick)
	}
	if err != nil {
		return nil, errors.Join(err, server.Stop())
	}
	address := url.URL{
		Scheme: "postgres", User: url.UserPassword("postgres", password),
		Host: net.JoinHostPort(loopback, strconv.Itoa(server.port)),
		Path: "/postgres", RawQuery: "sslmode=disable",
	}
	return &Postgres{Server: server, url: address.String()}, nil
}

// createCluster runs initdb. Everybody on the machine can reach the port, so
// even the loopback asks for the password.
func createCluster(ctx context.Context, server *Server, bin, data, password string) error {
	home := server.home
	secret := filepath.Join(home.home, "password")
	if err := os.WriteFile(secret, []byte(password), 0o600); err != nil {
		return fmt.Errorf("hand initdb the password: %w", err)
	}
	if err := home.give(secret); err != nil {
		return err
	}
	log, err := os.OpenFile(server.logPath(), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the log of initdb: %w", err)
	}
	defer func() { _ = log.Close() }()
	// The folder is thrown away after use: a cluster lost in a power cut
	// during initdb is never missed.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), filepath.Join(bin, "initdb"),
		"--pgdata="+data, "--username=postgres", "--pwfile="+secret, "--auth=scram-sha-256",
		"--encoding=UTF8", "--locale="+locale(), "--data-checksums", "--no-sync", "--no-instructions")
	home.dress(cmd, log)
	if err := Run(ctx, cmd, time.Second); err != nil {
		return fmt.Errorf("create the cluster: %w; initdb said:\n%s", err, server.logTail())
	}
	if err := os.Remove(secret); err != nil {
		return fmt.Errorf("take the password back: %w", err)
	}
	return nil
}

// locale sorts by code point everywhere; only Linux is sure to know the name
// that also knows upper and lower case.
func locale() string {
	if runtime.GOOS == "linux" {
		return "C.UTF-8"
	}
	return "C"
}

// configure appends our settings to the cluster's file, where ALTER SYSTEM can
// still override them.
func configure(data, sockets string, options PostgresOptions) error {
	promise := "off"
	if options.Durable {
		promise = "on"
	}
	settings := []string{
		"listen_addresses = '" + loopback + "'",
		"unix_socket_directories = '" + sockets + "'",
		"unix_socket_permissions = 0700",
		"fsync = " + promise,
		"synchronous_commit = " + promise,
		"full_page_writes = " + promise,
		// For a machine of two cores that also runs what is tested.
		"shared_buffers = 256MB",
		"max_connections = 200",
		"max_wal_size = 2GB",
		"work_mem = 16MB",
		"maintenance_work_mem = 128MB",
		"random_page_cost = 1.1",
		"timezone = 'UTC'",
		"log_timezone = 'UTC'",
	}
	file, err := os.OpenFile(filepath.Join(data, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("open the cluster's settings: %w", err)
	}
	_, err = file.WriteString("\n" + strings.Join(settings, "\n") + "\n")
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write the cluster's settings: %w", err)
	}
	return nil
}

// postmasterReady reads the state that the postmaster keeps in its lock file.
// The file of a killed predecessor carries another process id.
func postmasterReady(data string, pid int) bool {
	const pidLine, stateLine = 0, 7
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return false
	}
	lines := strings.Split(string(text), "\n")
	return len(lines) > stateLine && lines[pidLine] == strconv.Itoa(pid) &&
		strings.TrimSpace(lines[stateLine]) == "ready"
}

// findPostgres returns the folder of initdb and postgres: the one in PATH when
// it is new enough, else the newest of the places where packages put them.
func findPostgres(ctx context.Context) (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		// A link in PATH points to where postgres is too.
		if real, err := filepath.EvalSymlinks(path); err == nil {
			path = real
		}
		if postgresVersion(ctx, filepath.Dir(path)) >= oldestPostgres {
			return filepath.Dir(path), nil
		}
	}
	newest, found := 0, ""
	for _, pattern := range postgresPlaces() {
		// The patterns are ours, and a bad one is the only error of Glob.
		dirs, _ := filepath.Glob(pattern)
		for _, dir := range dirs {
			if version := postgresVersion(ctx, dir); version > newest {
				newest, found = version, dir
			}
		}
	}
	switch {
	case newest >= oldestPostgres:
		return found, nil
	case newest > 0:
		return "", fmt.Errorf("%w: the newest found is %d in %s", ErrNoPostgres, newest, found)
	}
	return "", ErrNoPostgres
}

func postgresPlaces() []string {
	if runtime.GOOS == "darwin" {
		return []string{"/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin"}
	}
	return []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/libexec/postgresql*"}
}

// postgresVersion is the major version of the programs in a folder, 0 when one
// of the two is missing or does not run.
func postgresVersion(ctx context.Context, dir string) int {
	if _, err := exec.LookPath(filepath.Join(dir, "initdb")); err != nil {
		return 0
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return 0
	}
	// postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)
	_, after, _ := strings.Cut(string(out), ") ")
	major, _, _ := strings.Cut(after, ".")
	version, err := strconv.Atoi(major)
	if err != nil {
		return 0
	}
	return version
}

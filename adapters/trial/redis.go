package trial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrNoRedis is returned when no redis-server is installed.
var ErrNoRedis = errors.New("redis-server is not installed")

// Redis is a Redis server.
type Redis struct {
	*Server

	url string
}

// URL is the server's address as redis://host:port/0, or what REDIS_URL said.
func (r *Redis) URL() string { return r.url }

// Addr is the server's host and port. It stays the same over Crash and Restart.
func (r *Redis) Addr() string {
	_, rest, _ := strings.Cut(r.url, "://")
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	host, _, _ := strings.Cut(rest, "/")
	host, _, _ = strings.Cut(host, "?")
	return host
}

// OpenRedis takes the server that REDIS_URL names, and starts a private one
// when it is empty.
func OpenRedis(ctx context.Context, getenv func(string) string) (*Redis, error) {
	if given := getenv("REDIS_URL"); given != "" {
		return &Redis{Server: new(Server), url: given}, nil
	}
	return StartRedis(ctx)
}

// StartRedis starts a private server that keeps everything in memory, evicts
// nothing and writes nothing, and returns when it answers. The context bounds
// the start; the server lives until Stop or until this process dies. The error
// wraps ErrNoRedis when there is nothing to start.
func StartRedis(ctx context.Context) (*Redis, error) { return startRedis(ctx, freePort) }

func startRedis(ctx context.Context, pick func(context.Context) (int, error)) (*Redis, error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoRedis, err)
	}
	home, err := newFolder(ctx, "redis")
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(home.home, "redis.sock")
	server := &Server{
		name: "Redis", home: home, last: syscall.SIGKILL,
		command: func(ctx context.Context, port int) *exec.Cmd {
			return exec.CommandContext(ctx, program,
				"--bind", loopback, "--port", strconv.Itoa(port),
				"--unixsocket", socket, "--unixsocketperm", "700", "--dir", home.home,
				"--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction",
				"--daemonize", "no", "--supervised", "no")
		},
		ready: func(ctx context.Context, _ int) bool { return pings(ctx, socket) },
	}
	if err := server.begin(ctx, pick); err != nil {
		return nil, errors.Join(err, server.Stop())
	}
	url := "redis://" + net.JoinHostPort(loopback, strconv.Itoa(server.port)) + "/0"
	return &Redis{Server: server, url: url}, nil
}

// pings asks over the socket in the folder: on the port somebody else might
// answer.
func pings(ctx context.Context, socket string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", socket)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := ctx.Deadline(); ok && conn.SetDeadline(deadline) != nil {
		return false
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	answer := make([]byte, len("+PONG"))
	n, err := conn.Read(answer)
	return err == nil && string(answer[:n]) == "+PONG"
}

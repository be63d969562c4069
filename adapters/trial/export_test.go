package trial

import (
	"context"
	"io"
)

// Host is the machine that InstallOn works on.
type Host struct {
	OS      string
	Root    bool
	Prefix  string
	Look    func(name string) (string, error)
	Present func(need string) bool
	Environ []string
}

// InstallOn is Install on a machine that the test describes.
func InstallOn(ctx context.Context, out io.Writer, need []string, h Host) error {
	return install(ctx, out, need, host{
		os: h.OS, root: h.Root, prefix: h.Prefix, look: h.Look,
		present: func(_ context.Context, need string) bool { return h.Present(need) }, environ: h.Environ,
	})
}

// StartPostgresOn is StartPostgres on the ports that the test picks.
func StartPostgresOn(ctx context.Context, pick func(context.Context) (int, error)) (*Postgres, error) {
	return startPostgres(ctx, PostgresOptions{Durable: false}, pick)
}

// StartRedisOn is StartRedis on the ports that the test picks.
func StartRedisOn(ctx context.Context, pick func(context.Context) (int, error)) (*Redis, error) {
	return startRedis(ctx, pick)
}

// Folder is where a server lives.
func (s *Server) Folder() string { return s.home.top }

// Alive says that a process runs.
func Alive(pid int) bool { return alive(pid) }

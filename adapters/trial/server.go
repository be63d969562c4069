package trial

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// ErrExternal is returned where a server is asked for what only a server of
// our own can do.
var ErrExternal = errors.New("the server was given by its address and is not ours to crash or restart")

// ErrStopped is returned by Restart after Stop: the folder is gone.
var ErrStopped = errors.New("the server was stopped and its folder removed")

// startLimit bounds a start; a crash recovery may have much to replay.
const startLimit = 2 * time.Minute

// endGrace is how long a server may take to end before it is killed.
const endGrace = 10 * time.Second

// attempts bounds the search for a port that nobody else takes meanwhile.
const attempts = 5

// Server is one server, private or given from outside. Its methods may be
// called from several goroutines.
type Server struct {
	name string
	// home is nil for a server that is not ours.
	home *folder
	port int
	// command builds the program that serves on a port, out of the folder.
	command func(ctx context.Context, port int) *exec.Cmd
	// ready says that the process accepts connections.
	ready func(ctx context.Context, pid int) bool
	// last ends the server at once and leaves the folder as a crash would.
	last syscall.Signal

	mu      sync.Mutex
	process *process
	stopped bool
}

// External says that the server was given by its address: Stop leaves it
// alone, and Crash and Restart return ErrExternal.
func (s *Server) External() bool { return s.home == nil }

// PID is the server's process, for a test that freezes it with SIGSTOP; 0
// while it is down, and always for an external server.
func (s *Server) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil || !s.process.running() {
		return 0
	}
	return s.process.pid()
}

// Stop ends the server, also a frozen one, and removes its folder. Stopping
// twice does no harm.
func (s *Server) Stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.External() || s.stopped {
		return nil
	}
	s.down()
	s.stopped = true
	return s.home.remove()
}

// Crash ends the server without any last write, as the loss of its process
// would, and returns when it is down.
func (s *Server) Crash() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.External() {
		return ErrExternal
	}
	s.down()
	return nil
}

// Restart starts the server again at its old address, crashing it first if it
// runs, and returns when it accepts connections.
func (s *Server) Restart(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.External():
		return ErrExternal
	case s.stopped:
		return ErrStopped
	}
	s.down()
	return s.up(ctx)
}

func (s *Server) down() {
	if s.process == nil {
		return
	}
	s.process.end(func() error { return s.process.signal(s.last) }, endGrace)
	s.process = nil
}

// begin starts the server for the first time, on a port that pick names, and
// tries another one when somebody took it in between.
func (s *Server) begin(ctx context.Context, pick func(context.Context) (int, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for attempt := 1; ; attempt++ {
		port, err := pick(ctx)
		if err != nil {
			return err
		}
		s.port = port
		err = s.up(ctx)
		if err == nil {
			return nil
		}
		if attempt == attempts || !bytes.Contains(s.logTail(), []byte("ddress already in use")) {
			return err
		}
	}
}

// up starts the process and waits until it serves.
func (s *Server) up(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	log, err := os.OpenFile(s.logPath(), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the log of %s: %w", s.name, err)
	}
	defer func() { _ = log.Close() }()
	// The context bounds the start, not the server's life.
	cmd := s.command(context.WithoutCancel(ctx), s.port)
	s.home.dress(cmd, log)
	p, err := launch(cmd, s.last)
	if err != nil {
		return err
	}
	s.process = p
	err = s.home.note(p.pid())
	if err == nil {
		err = poll(ctx, p.done, func() bool { return s.ready(ctx, p.pid()) })
	}
	if err != nil {
		tail := s.logTail()
		s.down()
		return fmt.Errorf("start %s on port %d: %w; its last words:\n%s", s.name, s.port, err, tail)
	}
	return nil
}

// dress gives a command the server's account, folder and log, and an
// environment in which nothing of the caller's own settings is left.
func (f *folder) dress(cmd *exec.Cmd, log *os.File) {
	cmd.Dir = f.home
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC", "HOME=" + f.home}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: f.as}
}

func (s *Server) logPath() string { return filepath.Join(s.home.top, "log") }

// logTail is the end of the server's log, for an error's sake.
func (s *Server) logTail() []byte {
	const room = 2000
	text, err := os.ReadFile(s.logPath())
	if err != nil {
		return nil
	}
	return bytes.TrimSpace(text[max(0, len(text)-room):])
}

// errEnded is the reason for a start that the server itself gave up.
var errEnded = errors.New("the process ended")

// poll asks every few milliseconds until the answer is yes, ctx ends, or ended
// is closed.
func poll(ctx context.Context, ended <-chan struct{}, yes func() bool) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !yes() {
		select {
		case <-ended:
			return errEnded
		case <-ctx.Done():
			return fmt.Errorf("wait: %w", context.Cause(ctx))
		case <-tick.C:
		}
	}
	return nil
}

// freePort finds a port below those that the kernel gives to outgoing
// connections, so that a crashed server finds its port free again.
func freePort(ctx context.Context) (int, error) {
	const low, high, tries = 15000, 32000, 200
	for range tries {
		n, err := rand.Int(rand.Reader, big.NewInt(high-low))
		if err != nil {
			return 0, fmt.Errorf("pick a port: %w", err)
		}
		port := low + int(n.Int64())
		var config net.ListenConfig
		listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(loopback, strconv.Itoa(port)))
		if err != nil {
			continue
		}
		if err := listener.Close(); err != nil {
			return 0, fmt.Errorf("release port %d: %w", port, err)
		}
		return port, nil
	}
	return 0, fmt.Errorf("find a free port on %s between %d and %d: none in %d tries", loopback, low, high, tries)
}

const loopback = "127.0.0.1"

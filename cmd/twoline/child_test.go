package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"twoline/adapters/trial"
)

// program is the real program, built once for a test.
type program struct{ path string }

func buildProgram(t *testing.T, flags ...string) program {
	t.Helper()
	path := filepath.Join(t.TempDir(), "twoline")
	args := append([]string{"build", "-o", path}, flags...)
	out, err := exec.CommandContext(t.Context(), "go", append(args, ".")...).CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program{path}
}

// buildDatedProgram builds the real program with one file replaced: its business
// day is what the file at TWOLINE_TEST_BUSINESS_DAY says. A later version has other
// files, too.
func buildDatedProgram(t *testing.T, later ...map[string]string) program {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{filepath.Join(here, "clock.go"): filepath.Join(here, "testdata", "businessday.go.txt")}
	for _, more := range later {
		maps.Copy(files, more)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": files})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(path, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	return buildProgram(t, "-overlay", path)
}

// run runs one command to its end and returns what it printed and its exit code.
func (b program) run(t *testing.T, env map[string]string, stdin string, args ...string) (out string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, b.path, args...)
	cmd.Env, cmd.Stdin = environment(env), strings.NewReader(stdin)
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("twoline %s: %v", strings.Join(args, " "), err)
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// must runs a command that has to succeed.
func (b program) must(t *testing.T, env map[string]string, stdin string, args ...string) string {
	t.Helper()
	out, code := b.run(t, env, stdin, args...)
	if code != exitOK {
		t.Fatalf("twoline %s ended with %d:\n%s", strings.Join(args, " "), code, out)
	}
	return out
}

// environment is the caller's PATH and HOME, and nothing else than what is given.
func environment(given map[string]string) []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	for name, value := range given {
		env = append(env, name+"="+value)
	}
	return env
}

// child is a service that a test kills and starts again, on addresses that stay.
type child struct {
	binary program
	env    map[string]string

	mu  sync.Mutex
	cmd *exec.Cmd
	end chan struct{}
	log *childLog
}

// childLog keeps the last words of a process and tells when it serves.
type childLog struct {
	mu      sync.Mutex
	text    []byte
	serving chan struct{}
	// fatal is that Go's runtime gave up; its long last words may push that out of the text.
	fatal bool
}

const keptLog = 64 << 10

// Write implements io.Writer.
func (l *childLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	l.fatal = l.fatal || bytes.Contains(p, []byte("fatal error: "))
	if bytes.Contains(l.text, []byte(`"msg":"serving"`)) {
		select {
		case <-l.serving:
		default:
			close(l.serving)
		}
	}
	if len(l.text) > 2*keptLog {
		l.text = append([]byte(nil), l.text[len(l.text)-keptLog:]...)
	}
	return len(p), nil
}

func (l *childLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}

// start starts the service and returns when it serves. The kernel ends it with
// this process.
func (c *child) start(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	log := &childLog{serving: make(chan struct{})}
	cmd := exec.Command(c.binary.path, "serve")
	cmd.Env, cmd.Stderr = environment(c.env), log
	end := make(chan struct{})
	go func() {
		defer close(end)
		_ = trial.Run(context.WithoutCancel(ctx), cmd, time.Second) // killed on purpose
	}()
	select {
	case <-log.serving:
	case <-end:
		return fmt.Errorf("the service ended at its start:\n%s", log)
	case <-time.After(2 * time.Minute):
		return fmt.Errorf("the service does not serve after 30 s:\n%s", log)
	}
	c.cmd, c.end, c.log = cmd, end, log
	return nil
}

// kill ends the service as kill -9 does, by its id, and returns when it is gone.
func (c *child) kill() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd == nil {
		return nil
	}
	err := c.cmd.Process.Kill()
	<-c.end
	c.cmd = nil
	return err
}

// signal tells the service something and returns what is closed when it ended.
func (c *child) signal(s os.Signal) (ended <-chan struct{}, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end, c.cmd.Process.Signal(s)
}

func (c *child) pid() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cmd.Process.Pid
}

// gone returns the exit code of a service that ended by itself; one that did not is killed.
func (c *child) gone() (code int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.end:
	default:
		err = errors.Join(errors.New("it had to be killed"), c.cmd.Process.Kill())
		<-c.end
	}
	code, c.cmd = c.cmd.ProcessState.ExitCode(), nil
	return code, err
}

// revive starts a service again that PostgreSQL left alone while it started, as whoever supervises it does: it
// ends with the reason, and serves nobody until then.
func (c *child) revive(ctx context.Context) error {
	c.mu.Lock()
	ended := false
	if c.cmd != nil && strings.Contains(c.log.String(), "twoline: start job engine") {
		<-c.end // its last word
		ended = true
	}
	c.mu.Unlock()
	if !ended {
		return nil
	}
	return c.start(ctx)
}

// gaveUp says that Go's runtime ended the service.
func (c *child) gaveUp() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.log.mu.Lock()
	defer c.log.mu.Unlock()
	return c.log.fatal
}

func (c *child) lastWords() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.log == nil {
		return ""
	}
	return c.log.String()
}

// freePorts finds ports below those that the kernel gives to outgoing
// connections, so that a killed service finds its own free again.
func freePorts(t *testing.T, n int) []string {
	t.Helper()
	var out []string
	for range 1000 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(15_000+rand.IntN(17_000)))
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
		if err != nil {
			continue
		}
		defer l.Close() //nolint:errcheck // only asked whether it is free
		if out = append(out, address); len(out) == n {
			return out
		}
	}
	t.Fatal("no free port on 127.0.0.1")
	return nil
}

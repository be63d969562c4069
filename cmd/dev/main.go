// Command dev is the commands of the README, on a machine that may have nothing
// but Go and this repository:
//
//	go run ./cmd/dev demo    shows the whole loop on servers of its own
//	go run ./cmd/dev test    runs every test
//	go run ./cmd/dev fuzz    gives every fuzz target inputs that nobody wrote
//
// The first two install what is missing, saying so first, start private servers
// that end with them, and end with the exit code of what they ran. What dev itself
// has to say goes to standard error, so that a report on standard output stays
// clean.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"twoline/adapters/trial"
)

const usage = `usage: go run ./cmd/dev COMMAND [ARGUMENT...]

  demo    the whole loop, money in and money out, on private servers
  test    every test, with the race detector, on private servers
  fuzz    every fuzz target for a while, each with inputs of its own making

go run ./cmd/dev COMMAND --help says more.
`

// Exit codes of our own; a command that ran keeps its own.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// errUsage is what nobody can run as it was typed.
var errUsage = errors.New("that is not how it is used")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	ctx, cancel := context.WithCancel(ctx)
	go endWithParent(ctx, cancel)
	code := run(ctx, os.Args[1:], terminal{getenv: os.Getenv, stdout: os.Stdout, stderr: os.Stderr})
	cancel()
	stop()
	os.Exit(code)
}

// endWithParent cancels when our parent is gone: go run that is ended by a
// signal passes none of it on.
func endWithParent(ctx context.Context, cancel context.CancelFunc) {
	parent := os.Getppid()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for os.Getppid() == parent {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
	cancel()
}

// terminal is what a command reads and writes.
type terminal struct {
	getenv         func(string) string
	stdout, stderr io.Writer
}

// say prints a line for the person in front of the terminal. There is nothing
// to do when nobody can read it.
func (t terminal) say(format string, args ...any) {
	_, _ = fmt.Fprintf(t.stderr, "dev: "+format+"\n", args...)
}

func run(ctx context.Context, args []string, t terminal) int {
	commands := map[string]struct {
		help string
		run  func(ctx context.Context, args []string, t terminal) error
	}{
		"demo": {demoHelp, demo},
		"test": {testHelp, test},
		"fuzz": {fuzzHelp, fuzz},
	}
	if len(args) == 0 {
		_, _ = io.WriteString(t.stderr, usage)
		return exitUsage
	}
	if isHelp(args[0]) {
		_, _ = io.WriteString(t.stdout, usage)
		return 0
	}
	command, ok := commands[args[0]]
	if !ok {
		_, _ = fmt.Fprintf(t.stderr, "dev: there is no command %q\n%s", args[0], usage)
		return exitUsage
	}
	if len(args) > 1 && isHelp(args[1]) {
		_, _ = io.WriteString(t.stdout, command.help)
		return 0
	}
	return exitCode(ctx, command.run(ctx, args[1:], t), t)
}

func isHelp(arg string) bool {
	return arg == "--help" || arg == "-help" || arg == "-h" || arg == "help"
}

// exitCode keeps the code of the command that ran; it has said itself why.
func exitCode(ctx context.Context, err error, t terminal) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil:
		t.say("interrupted; everything that was started has been stopped")
		return exitInterrupted
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		return exit.ExitCode()
	}
	t.say("%v", err)
	if errors.Is(err, errUsage) {
		return exitUsage
	}
	return exitFailed
}

// moduleRoot is the folder of go.mod, so that both commands work anywhere in
// the repository.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	file := strings.TrimSpace(string(out))
	if filepath.Base(file) != "go.mod" {
		return "", errors.New("there is no go.mod here or above; run this inside the repository")
	}
	return filepath.Dir(file), nil
}

// passOn runs a command with our output, and leaves nothing of it behind.
func passOn(ctx context.Context, t terminal, cmd *exec.Cmd) error {
	// Time to stop servers of its own before it is killed.
	const grace = 20 * time.Second
	cmd.Stdout, cmd.Stderr = t.stdout, t.stderr
	if err := trial.Run(ctx, cmd, grace); err != nil {
		return fmt.Errorf("run %s: %w", strings.Join(cmd.Args, " "), err)
	}
	return nil
}

// needed leaves out the servers that are given by their addresses.
func needed(t terminal, programs ...string) []string {
	var need []string
	for _, given := range []struct{ variable, program string }{
		{"DATABASE_URL", "postgresql"},
		{"REDIS_URL", "redis-server"},
	} {
		if t.getenv(given.variable) == "" {
			need = append(need, given.program)
		}
	}
	return append(need, programs...)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"twoline/adapters/trial"
)

const demoHelp = `usage: go run ./cmd/dev demo [ARGUMENT...]

Builds ./cmd/twoline and runs "twoline demo --scale village", which starts a
private PostgreSQL and Redis, lives the whole loop on them, and stops them.
Missing programs are installed first, with apt-get where there is one.

The arguments go to "twoline demo"; a --scale among them takes the place of
the village:

  go run ./cmd/dev demo --scale county
  go run ./cmd/dev demo --json

DATABASE_URL and REDIS_URL, when set, name the servers to use instead.
The exit code is that of "twoline demo".
`

func demo(ctx context.Context, args []string, t terminal) (err error) {
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	if err := trial.Install(ctx, t.stderr, needed(t)); err != nil {
		return fmt.Errorf("install what the demonstration needs: %w", err)
	}
	dir, err := os.MkdirTemp("", "twoline-demo-*")
	if err != nil {
		return fmt.Errorf("make a folder for the program: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	program := filepath.Join(dir, "twoline")
	t.say("building ./cmd/twoline")
	build := exec.CommandContext(context.WithoutCancel(ctx),
		"go", "build", "-buildvcs=false", "-o", program, "./cmd/twoline")
	build.Dir = root
	if err := passOn(ctx, t, build); err != nil {
		return err
	}
	args = demoArguments(args)
	t.say("running twoline %s", strings.Join(args, " "))
	return passOn(ctx, t, exec.CommandContext(context.WithoutCancel(ctx), program, args...))
}

// demoArguments takes the village unless the caller names a scale.
func demoArguments(args []string) []string {
	named := slices.ContainsFunc(args, func(arg string) bool {
		return arg == "--scale" || strings.HasPrefix(arg, "--scale=")
	})
	if named {
		return append([]string{"demo"}, args...)
	}
	return append([]string{"demo", "--scale", "village"}, args...)
}

package trial_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"twoline/adapters/trial"
)

func TestRunReturnsTheCommandsOwnEnd(t *testing.T) {
	t.Parallel()
	if err := trial.Run(t.Context(), exec.Command("sh", "-c", "exit 0"), time.Second); err != nil {
		t.Errorf("exit 0 = %v", err)
	}
	var exit *exec.ExitError
	if err := trial.Run(t.Context(), exec.Command("sh", "-c", "exit 3"), time.Second); !errors.As(err, &exit) ||
		exit.ExitCode() != 3 {
		t.Errorf("exit 3 = %v", err)
	}
	if err := trial.Run(t.Context(), exec.Command("/no/such/program"), time.Second); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such program = %v", err)
	}
}

func TestRunEndsTheWholeGroup(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"an obedient command":   `sleep 60 & echo $! >pid; mv pid ready; wait`,
		"a stubborn command":    `trap '' INT; sleep 60 & echo $! >pid; mv pid ready; while :; do wait; done`,
		"a deserted grandchild": `(trap '' INT; sleep 60 & echo $! >pid; mv pid ready); sleep 60`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command("sh", "-c", script)
			cmd.Dir = t.TempDir()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ended := make(chan error, 1)
			go func() { ended <- trial.Run(ctx, cmd, 300*time.Millisecond) }()
			ready := filepath.Join(cmd.Dir, "ready")
			eventually(t, "the grandchild runs", func() bool { return exists(ready) })
			text, err := os.ReadFile(ready)
			if err != nil {
				t.Fatal(err)
			}
			grandchild, err := strconv.Atoi(strings.TrimSpace(string(text)))
			if err != nil {
				t.Fatal(err)
			}
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("Run = %v", err)
			}
			eventually(t, "the grandchild is gone", func() bool { return !trial.Alive(grandchild) })
		})
	}
}

func TestTheUnburiedAreDead(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sh", "-c", "read line")
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if !trial.Alive(cmd.Process.Pid) {
		t.Error("a waiting process counts as dead")
	}
	if err := input.Close(); err != nil {
		t.Fatal(err)
	}
	if exists("/proc/self/stat") {
		eventually(t, "an ended process counts as dead before its parent has waited", func() bool {
			return !trial.Alive(cmd.Process.Pid)
		})
	}
	_ = cmd.Wait()
	if trial.Alive(cmd.Process.Pid) {
		t.Error("a buried process counts as alive")
	}
}

package bound_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"twoline/adapters/bank/banktest/bound"
)

// inputs are what the targets of this test are given, by name.
func inputs() map[string]func() {
	return map[string]func(){
		"at once": func() {},
		// Over a second on the wall, and no work.
		"waits": func() { <-time.After(1200 * time.Millisecond) },
		"never ends": func() {
			for n := 0; ; n++ {
				if n < 0 {
					n = 0
				}
			}
		},
	}
}

// TestInput takes one input as a fuzz target does. It is run in a process of its
// own with an input that fails.
func TestInput(t *testing.T) {
	t.Parallel()
	name := os.Getenv("BOUND_TEST_INPUT")
	if name == "" {
		name = "at once"
	}
	defer bound.Second(t)()
	inputs()[name]()
}

func TestSecond_countsWorkAndNotWaiting(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"at once": "PASS", "waits": "PASS", "never ends": "panic: " + bound.ErrWork.Error(),
	} {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestInput$")
		child.Env = append(os.Environ(), "BOUND_TEST_INPUT="+name)
		out, err := child.CombinedOutput()
		if (err == nil) != (want == "PASS") || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

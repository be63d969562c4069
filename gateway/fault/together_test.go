package fault_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"twoline/gateway/fault"
)

func TestTogetherLetsNoneKeepAnotherFromItsWork(t *testing.T) {
	first, last := errors.New("first"), errors.New("last")
	var done, now, most atomic.Int32
	err := fault.Together(2, 40, func(i int) error {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		switch i {
		case 0:
			return first
		case 7:
			panic("seven")
		case 39:
			return last
		}
		done.Add(1)
		return nil
	})
	if done.Load() != 37 {
		t.Errorf("%d of 37 did their work", done.Load())
	}
	if most.Load() > 2 {
		t.Errorf("%d worked at once, want 2 at most", most.Load())
	}
	for _, want := range []error{first, last, fault.ErrPanicked} {
		if !errors.Is(err, want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
	text := err.Error()
	if !strings.Contains(text, "seven") || !strings.Contains(text, "together_test.go") {
		t.Errorf("a panic is told as %q, without its words or its place", text)
	}
	if strings.Index(text, "first") > strings.Index(text, "seven") || strings.Index(text, "seven") > strings.Index(text, "last") {
		t.Errorf("errors out of order: %q", text)
	}
	if err := fault.Together(1, 0, nil); err != nil {
		t.Errorf("nothing to do: %v", err)
	}
}

package fault

import (
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// ErrPanicked is in the error of work that panicked.
var ErrPanicked = errors.New("the work panicked")

// Together calls do for 0 to n-1, at most limit (at least one) of them at once, and returns what went
// wrong with all of them, in that order. One that fails or panics keeps no other from
// its work; a panic's error carries the stack.
func Together(limit, n int, do func(i int) error) error {
	errs := make([]error, n)
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(max(limit, 1), n) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				errs[i] = caught(i, do)
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

func caught(i int, do func(i int) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v\n%s", ErrPanicked, p, debug.Stack())
		}
	}()
	return do(i)
}

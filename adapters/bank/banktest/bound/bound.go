// Package bound limits the work that one input of a fuzz target may cause.
//
// It counts the processor time of this process and not the time on the wall: a
// busy machine makes nothing fail, and an input that spins fails everywhere. Go
// runs fuzz targets alone, after all other tests of the package, so that the work
// counted is the input's, with the collection of what it allocated.
//
// It is for tests only.
package bound

import (
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// ErrWork is an input that causes more work than it may.
var ErrWork = errors.New("an input took over a second of processor time")

// work is how much processor time one input may take.
const work = time.Second

// Second fails the input that takes over a second of processor time. It is called
// first, and what it returns last:
//
//	f.Fuzz(func(t *testing.T, give []byte) {
//		defer bound.Second(t)()
//
// An input that does not end stops the process with ErrWork, which the fuzzer
// keeps as a crash: a run that is over before would take it for one that passed.
func Second(t *testing.T) (done func()) {
	t.Helper()
	begun := used(t)
	var ended atomic.Bool
	var watch *time.Timer
	ready := make(chan struct{})
	watch = time.AfterFunc(work, func() {
		<-ready
		took := used(t) - begun
		if ended.Load() {
			return
		}
		if took > work {
			panic(fmt.Errorf("%w, and has not ended: %v", ErrWork, took))
		}
		watch.Reset(work - took)
	})
	close(ready)
	return func() {
		ended.Store(true)
		watch.Stop()
		if took := used(t) - begun; took > work {
			t.Errorf("%v: %v", ErrWork, took)
		}
	}
}

// used is the processor time of this process so far.
func used(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Error(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

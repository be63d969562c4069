package trial

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// process is one running program that ends when we end.
type process struct {
	cmd *exec.Cmd
	// done is closed when the program has ended; err is set before that.
	done chan struct{}
	err  error
}

// launch starts a program in a process group of its own, so that a Ctrl-C on
// the terminal reaches it only through us, and asks the kernel to send it last
// when we die.
func launch(cmd *exec.Cmd, last syscall.Signal) (*process, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.Setpgid = true
	dieWithParent(cmd.SysProcAttr, last)
	p := &process{cmd: cmd, done: make(chan struct{}), err: nil}
	started := make(chan error, 1)
	go func() {
		// The kernel's "parent" is the thread that forked, so that thread has
		// to live exactly as long as the program.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		p.err = cmd.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// end asks the program to end and takes it down with its whole group when it
// has not obeyed within the grace.
func (p *process) end(ask func() error, grace time.Duration) {
	if !p.running() {
		return
	}
	if err := ask(); err == nil {
		patience := time.NewTimer(grace)
		defer patience.Stop()
		select {
		case <-p.done:
			return
		case <-patience.C:
		}
	}
	_ = p.signalGroup(syscall.SIGKILL)
	<-p.done
}

// signal reaches the program itself, also while it is frozen by SIGSTOP.
func (p *process) signal(s syscall.Signal) error {
	if err := p.cmd.Process.Signal(s); err != nil {
		return fmt.Errorf("signal %s: %w", p.cmd.Path, err)
	}
	if err := p.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		return fmt.Errorf("wake %s: %w", p.cmd.Path, err)
	}
	return nil
}

func (p *process) signalGroup(s syscall.Signal) error {
	if err := syscall.Kill(-p.pid(), s); err != nil {
		return fmt.Errorf("signal the group of %s: %w", p.cmd.Path, err)
	}
	return nil
}

// Run runs a command, with whatever it starts, in a process group of its own
// and returns what the command's Wait returns. When ctx ends, the group gets
// SIGINT, and SIGKILL when the command is still there after the grace; the
// error is then ctx's. When we are killed ourselves, the command is killed.
func Run(ctx context.Context, cmd *exec.Cmd, grace time.Duration) error {
	p, err := launch(cmd, syscall.SIGKILL)
	if err != nil {
		return err
	}
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
	}
	p.end(func() error { return p.signalGroup(syscall.SIGINT) }, grace)
	// A command that obeyed may have left its own children behind.
	_ = p.signalGroup(syscall.SIGKILL)
	return fmt.Errorf("%s: %w", cmd.Path, context.Cause(ctx))
}

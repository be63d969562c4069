package trial

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// folderPrefix starts the name of every folder; the owner's process id follows.
const folderPrefix = "twoline-trial-"

// socketRoom is what the kernel leaves for the folder in the path of a socket:
// 104 bytes on macOS less our own names below the base.
const socketRoom = 50

// folder is where one server lives. The top and the lock are ours, home is the
// server's, so that an account we dropped to cannot forge what a sweep trusts.
type folder struct {
	top  string
	home string
	lock *os.File
	// as is whom the server runs as; nil is ourselves.
	as *syscall.Credential
}

// newFolder sweeps what dead owners left and makes a folder for one server.
// Root gives the server's part to the first of the accounts that exists.
func newFolder(ctx context.Context, accounts ...string) (*folder, error) {
	as, err := servant(accounts...)
	if err != nil {
		return nil, err
	}
	base := baseFolder(as)
	sweep(ctx, base)
	top, err := os.MkdirTemp(base, fmt.Sprintf("%s%d-*", folderPrefix, os.Getpid()))
	if err != nil {
		return nil, fmt.Errorf("make a folder for the server: %w", err)
	}
	f := &folder{top: top, home: filepath.Join(top, "s"), lock: nil, as: as}
	if err := f.furnish(); err != nil {
		return nil, errors.Join(fmt.Errorf("prepare %s: %w", top, err), f.remove())
	}
	return f, nil
}

func (f *folder) furnish() error {
	lock, err := os.OpenFile(filepath.Join(f.top, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("create the lock: %w", err)
	}
	f.lock = lock
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	// The server's account has to pass through the top, and may read nothing there.
	if err := os.Chmod(f.top, 0o711); err != nil { //nolint:gosec // see above: a way through, not a look inside
		return fmt.Errorf("open the way to the server's part: %w", err)
	}
	if err := os.Mkdir(f.home, 0o700); err != nil {
		return fmt.Errorf("make the server's part: %w", err)
	}
	return f.give(f.home)
}

// give hands a path to the server's account.
func (f *folder) give(path string) error {
	if f.as == nil {
		return nil
	}
	if err := os.Chown(path, int(f.as.Uid), int(f.as.Gid)); err != nil {
		return fmt.Errorf("give it to the server's account: %w", err)
	}
	return nil
}

// note writes down which process serves here, for a sweep after our death.
func (f *folder) note(pid int) error {
	if err := os.WriteFile(filepath.Join(f.top, "pid"), []byte(strconv.Itoa(pid)), 0o600); err != nil {
		return fmt.Errorf("note the server's process: %w", err)
	}
	return nil
}

func (f *folder) remove() error {
	err := os.RemoveAll(f.top)
	if f.lock != nil {
		err = errors.Join(err, f.lock.Close())
	}
	if err != nil {
		return fmt.Errorf("remove %s: %w", f.top, err)
	}
	return nil
}

// servant is the account that root hands a server to; nil for everybody else.
func servant(accounts ...string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range append(accounts, "nobody") {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("read the id of account %s: %w", name, err)
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("read the group of account %s: %w", name, err)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid), Groups: nil, NoSetGroups: false}, nil
	}
	return nil, fmt.Errorf("run a server as root: none of the accounts %s, nobody exists", strings.Join(accounts, ", "))
}

// baseFolder is the system's temporary folder, or /tmp where that is too long
// for a socket or closed to the server's account.
func baseFolder(as *syscall.Credential) string {
	base := os.TempDir()
	if len(base) > socketRoom || as != nil && !passable(base) {
		return "/tmp"
	}
	return base
}

// passable says that everybody may walk through a folder and all above it.
func passable(path string) bool {
	for {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		parent := filepath.Dir(path)
		if parent == path {
			return true
		}
		path = parent
	}
}

// sweep removes the folders of dead owners and ends the servers that still run
// in them. It is best effort: what cannot be removed now is met again.
func sweep(ctx context.Context, base string) {
	entries, err := os.ReadDir(base)
	if err != nil {
		return
	}
	for _, entry := range entries {
		name, ours := strings.CutPrefix(entry.Name(), folderPrefix)
		number, _, _ := strings.Cut(name, "-")
		owner, err := strconv.Atoi(number)
		if !ours || err != nil || owner <= 0 || alive(owner) {
			continue
		}
		sweepFolder(ctx, filepath.Join(base, entry.Name()))
	}
}

func sweepFolder(ctx context.Context, top string) {
	info, err := os.Lstat(top)
	if err != nil || !info.IsDir() {
		return
	}
	// Another account's folder is not ours to touch, least of all as root.
	if owner, ok := info.Sys().(*syscall.Stat_t); !ok || int(owner.Uid) != os.Geteuid() {
		return
	}
	lock, err := os.OpenFile(filepath.Join(top, "lock"), os.O_RDWR|syscall.O_NOFOLLOW, 0)
	if err == nil {
		defer func() { _ = lock.Close() }()
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
			return
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return
	}
	endOrphan(ctx, top)
	_ = os.RemoveAll(top)
}

// alive says that a process runs. One that is dead and not yet buried does
// not: in a container the first process may never bury anybody.
func alive(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	// Without a /proc the answer of the signal has to do.
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	// 17 (a name) Z …
	state := stat[bytes.LastIndexByte(stat, ')')+1:]
	return !bytes.HasPrefix(state, []byte(" Z"))
}

// endOrphan ends the server of a folder if it still answers on a socket there:
// the answer is the proof that the noted number is not somebody else's by now.
func endOrphan(ctx context.Context, top string) {
	noted, err := os.ReadFile(filepath.Join(top, "pid"))
	if err != nil {
		return
	}
	pid, err := strconv.Atoi(string(noted))
	if err != nil || pid <= 1 || !answers(ctx, filepath.Join(top, "s")) {
		return
	}
	_ = syscall.Kill(pid, syscall.SIGQUIT)
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_ = poll(ctx, nil, func() bool { return !alive(pid) })
}

// answers says that a server accepts connections on a socket of a folder.
func answers(ctx context.Context, home string) bool {
	entries, err := os.ReadDir(home)
	if err != nil {
		return false
	}
	for _, entry := range entries {
		if entry.Type()&fs.ModeSocket == 0 {
			continue
		}
		dialer := net.Dialer{Timeout: time.Second}
		conn, err := dialer.DialContext(ctx, "unix", filepath.Join(home, entry.Name()))
		if err == nil {
			_ = conn.Close()
			return true
		}
	}
	return false
}

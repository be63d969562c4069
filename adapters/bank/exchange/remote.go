package exchange

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pkg/sftp"

	"twoline/gateway/bank"
	"twoline/gateway/fault"
)

// Remote is a folder on a bank's SFTP server; it implements Disk. It connects when it
// is first needed and again after a connection was lost, with pauses that grow; in a
// pause everything fails at once. It is safe for concurrent use.
type Remote struct {
	server Server
	// linkless says that the server's file system takes no links.
	linkless atomic.Bool

	mu   sync.Mutex
	live *session
	// refused is why there is no connection, and next when one is tried again.
	refused error
	next    time.Time
	pause   time.Duration

	// dialling is held only to look at stop, which ends an attempt to connect.
	dialling sync.Mutex
	stop     context.CancelFunc
}

// NewRemote returns a folder on a server whose description it has proved as far as
// that can be done from here; it does not connect.
func NewRemote(s Server) (*Remote, error) {
	if host, port, err := net.SplitHostPort(s.Address); err != nil || host == "" || port == "" {
		return nil, ErrServer.With("%q is no host:port", s.Address)
	}
	if s.User == "" || !path.IsAbs(s.Path) || s.Now == nil {
		return nil, ErrServer.With("a server needs a user, an absolute path and a clock")
	}
	if _, err := s.client(); err != nil {
		return nil, err
	}
	return &Remote{server: s.withDefaults()}, nil //nolint:exhaustruct // not connected
}

const (
	// maxPause is the longest pause between two attempts to connect.
	maxPause = time.Minute
	// maxResumed is how often one file goes on after a lost connection.
	maxResumed = 8
	// block is how much of a file is asked for at one time.
	block = 256 << 10
	// entryBytes is about what an entry of a list takes with a long name; a list is cut
	// where it takes more than its number of entries times this.
	entryBytes = 512

	hardLink    = "hardlink@openssh.com"
	posixRename = "posix-rename@openssh.com"
	fsync       = "fsync@openssh.com"
)

// Close ends the connection, if there is one; the next operation makes another.
func (r *Remote) Close() {
	r.interrupt()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.live != nil {
		r.live.end()
		r.live = nil
	}
}

// Break ends what runs and lets everything fail for the next pause. It is for a bank
// that takes too long over all.
func (r *Remote) Break(cause error) {
	r.interrupt()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.live != nil {
		r.live.end()
		r.live = nil
	}
	r.refuse(ErrUnreachable.Because(cause))
}

// interrupt ends an attempt to connect, whose time r.mu is held.
func (r *Remote) interrupt() {
	r.dialling.Lock()
	defer r.dialling.Unlock()
	if r.stop != nil {
		r.stop()
	}
}

// dial connects within the time for that; r.mu is held.
func (r *Remote) dial() (*session, error) {
	ctx, cancel := context.WithTimeout(context.Background(), r.server.Connecting)
	defer cancel()
	r.dialling.Lock()
	r.stop = cancel
	r.dialling.Unlock()
	return r.connect(ctx)
}

// refuse begins a pause; r.mu is held.
func (r *Remote) refuse(cause error) {
	if r.pause = min(2*r.pause, maxPause); r.pause == 0 {
		r.pause = r.server.Pause
	}
	r.refused, r.next = cause, r.server.Now().Add(r.pause)
}

// session returns the connection, made anew where it was lost.
func (r *Remote) session() (*session, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.live != nil && !r.live.over() {
		return r.live, nil
	}
	if r.live != nil {
		r.live.end()
		r.live = nil
	}
	if r.refused != nil && r.server.Now().Before(r.next) {
		return nil, r.refused
	}
	s, err := r.dial()
	if err != nil {
		r.refuse(err)
		return nil, err
	}
	r.live, r.refused, r.pause = s, nil, 0
	return s, nil
}

// do runs an operation on a connection.
func (r *Remote) do(what string, fn func(*session) error) error {
	for {
		s, err := r.session()
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		// One that nobody used may be given up just now.
		if err = r.on(s, what, fn); !errors.Is(err, errLeft) {
			return err
		}
	}
}

var errLeft = errors.New("the connection was not used and was given up")

// on runs an operation on this connection, and gives the connection up where the
// server did not answer.
func (r *Remote) on(s *session, what string, fn func(*session) error) error {
	end, ok := s.begin(r.server.Operation, r.server.Idle)
	if !ok {
		return fmt.Errorf("%s: %w", what, ErrUnreachable.Because(errLeft))
	}
	err := fn(s)
	late := end()
	switch {
	case err == nil:
		return nil
	case answered(err):
		return fmt.Errorf("%s: %w", what, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.live == s {
		r.live = nil
		s.end()
		if late {
			// A server that was silent once would hold up the next operation as long.
			r.refuse(ErrUnreachable.With("the bank's server was silent for %s", r.server.Operation))
		}
	}
	if late {
		err = fmt.Errorf("no answer within %s: %w", r.server.Operation, err)
	}
	return fmt.Errorf("%s: %w", what, ErrUnreachable.Because(err))
}

func (r *Remote) at(name string) string { return path.Join(r.server.Path, name) }

// Create implements Disk.
func (r *Remote) Create(name string) (File, error) {
	h := &handle{remote: r, name: name, flags: os.O_WRONLY} //nolint:exhaustruct // opened below
	err := r.do("create "+name, func(s *session) (err error) {
		h.session = s
		h.file, err = s.files.OpenFile(r.at(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &upload{handle: h, at: 0}, nil
}

// Open implements Disk.
func (r *Remote) Open(name string) (Source, error) {
	h := &handle{remote: r, name: name, flags: os.O_RDONLY} //nolint:exhaustruct // opened below
	err := r.do("open "+name, func(s *session) error {
		info, err := s.files.Lstat(r.at(name))
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return errNoFile
		}
		h.session = s
		h.file, err = s.files.OpenFile(r.at(name), os.O_RDONLY)
		return err
	})
	if err != nil {
		return nil, err
	}
	d := &download{handle: h} //nolint:exhaustruct // nothing was read
	d.ahead = bufio.NewReaderSize(blocks{d}, block)
	return d, nil
}

// Link implements Disk. Where the server makes no links, its rename has to refuse a
// name that is taken, as the protocol wants it; Folder tries that out before it
// trusts it.
func (r *Remote) Link(name, other string) error {
	return r.do("name "+other, func(s *session) error {
		if s.has(hardLink) && !r.linkless.Load() {
			err := r.refusal(s, s.files.Link(r.at(name), r.at(other)), other)
			if err == nil || errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) || !answered(err) {
				return err
			}
			// The name was free: such links are not for this server, whatever it offers.
			r.linkless.Store(true)
		}
		return r.refusal(s, s.files.Rename(r.at(name), r.at(other)), other)
	})
}

// refusal tells a taken name from other failures: the protocol has no word for it.
func (r *Remote) refusal(s *session, err error, other string) error {
	if err == nil || errors.Is(err, fs.ErrNotExist) || !answered(err) {
		return err
	}
	if _, there := s.files.Lstat(r.at(other)); there == nil {
		return fs.ErrExist
	}
	return err
}

// Rename implements Disk.
func (r *Remote) Rename(name, other string) error {
	return r.do("move "+name, func(s *session) error {
		if s.has(posixRename) {
			return s.files.PosixRename(r.at(name), r.at(other))
		}
		err := r.refusal(s, s.files.Rename(r.at(name), r.at(other)), other)
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := s.files.Remove(r.at(other)); err != nil {
			return err
		}
		return s.files.Rename(r.at(name), r.at(other))
	})
}

// Remove implements Disk.
func (r *Remote) Remove(name string) error {
	return r.do("remove "+name, func(s *session) error { return s.files.Remove(r.at(name)) })
}

// List implements Disk. Names that lead elsewhere are left out.
func (r *Remote) List(folder string, limit int) ([]fs.FileInfo, error) {
	var list []fs.FileInfo
	err := r.do("list "+folder, func(s *session) (err error) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		defer s.meter.watch(int64(max(limit, 100))*entryBytes, cancel)()
		list, err = s.files.ReadDirContext(ctx, r.at(folder))
		if errors.Is(err, context.Canceled) {
			err = nil
		}
		return err
	})
	kept := list[:0]
	for _, e := range list {
		if name := e.Name(); name != "." && name != ".." && !strings.ContainsAny(name, "/\x00") && len(kept) < limit {
			kept = append(kept, e)
		}
	}
	return kept, err
}

// Sync implements Disk. The protocol cannot ask for it: names are as durable as the
// bank's server makes them.
func (r *Remote) Sync(string) error { return nil }

// Arrived implements Disk: it reads back what was sent.
func (r *Remote) Arrived(name string, size int64, digest [sha256.Size]byte) error {
	source, err := r.Open(name)
	if err != nil {
		return err
	}
	count := &counting{Hash: sha256.New(), size: 0}
	_, err = io.Copy(count, io.LimitReader(source, size+1))
	if err = errors.Join(err, source.Close()); err != nil {
		return err
	}
	if count.size != size || [sha256.Size]byte(count.Sum(nil)) != digest {
		return ErrNotArrived.With("of %d bytes that were sent %d lie on the server, or others", size, count.size)
	}
	return nil
}

// handle is an open file that outlives the connection that it was opened on: blocks
// are read and written by their place, so that the same one may be tried twice.
type handle struct {
	remote  *Remote
	name    string
	flags   int
	session *session
	file    *sftp.File
	resumed int
	// again, if set, looks at a file that was opened again.
	again func(fs.FileInfo) error
}

func (h *handle) do(what string, fn func() error) error {
	for {
		err := h.remote.on(h.session, what+" "+h.name, func(*session) error { return fn() })
		if fault.KindOf(err) != fault.Unavailable || err == nil || h.resumed == maxResumed {
			return err
		}
		h.resumed++
		if lost := h.reopen(); lost != nil {
			return errors.Join(lost, err)
		}
	}
}

func (h *handle) reopen() error {
	return h.remote.do("open again "+h.name, func(s *session) error {
		file, err := s.files.OpenFile(h.remote.at(h.name), h.flags)
		if err != nil {
			return err
		}
		h.session, h.file = s, file
		if h.again == nil {
			return nil
		}
		info, err := file.Stat()
		if err != nil {
			return err
		}
		return h.again(info)
	})
}

// Close implements io.Closer.
func (h *handle) Close() error {
	return h.remote.on(h.session, "close "+h.name, func(*session) error { return h.file.Close() })
}

// upload is a file of ours that is being written.
type upload struct {
	*handle

	at int64
}

// Write implements io.Writer. It returns when the server has all of it.
func (u *upload) Write(p []byte) (int, error) {
	err := u.do("write", func() error {
		_, err := u.file.WriteAt(p, u.at)
		return err
	})
	if err != nil {
		return 0, err
	}
	u.at += int64(len(p))
	return len(p), nil
}

// Sync implements File, where the server can.
func (u *upload) Sync() error {
	return u.do("make durable", func() error {
		if !u.session.has(fsync) {
			return nil
		}
		return u.file.Sync()
	})
}

// download is a file on the server that is being read.
type download struct {
	*handle

	ahead *bufio.Reader
	at    int64
	// first is what the file was when it was opened.
	first fs.FileInfo
}

// Read implements io.Reader.
func (d *download) Read(p []byte) (int, error) { return d.ahead.Read(p) }

// Stat implements Source.
func (d *download) Stat() (info fs.FileInfo, err error) {
	err = d.do("look at", func() (err error) {
		info, err = d.file.Stat()
		return err
	})
	return info, err
}

// blocks reads a download's blocks in their order.
type blocks struct{ *download }

// Read implements io.Reader.
func (b blocks) Read(p []byte) (n int, err error) {
	d := b.download
	if d.first == nil {
		if d.first, err = d.Stat(); err != nil {
			return 0, err
		}
		d.again = func(info fs.FileInfo) error {
			if info.Size() != d.first.Size() || !info.ModTime().Equal(d.first.ModTime()) {
				return bank.ErrStillWritten
			}
			return nil
		}
	}
	end := false
	err = d.do("read", func() error {
		n, err = d.file.ReadAt(p, d.at)
		// Only the bare value is the file's end; a lost connection wraps it.
		if end = err == io.EOF; end { //nolint:errorlint // see above
			return nil
		}
		return err
	})
	d.at += int64(n)
	if err == nil && n == 0 && end {
		return 0, io.EOF
	}
	return n, err
}

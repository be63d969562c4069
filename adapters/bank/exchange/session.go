package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"twoline/gateway/fault"
)

// session is one connection to a server.
type session struct {
	conn  net.Conn
	files *sftp.Client
	meter *meter
	// ended is closed when the server or the network ended the connection.
	ended chan struct{}

	mu sync.Mutex
	// users are the operations that run, and idle ends the connection where there are none.
	users int
	idle  *time.Timer
	// late says that an operation was not done in its time.
	late bool
	// left says that the connection was given up because nobody used it.
	left bool
}

// connect dials a server, proves its key and ours, and finds the folder.
func (r *Remote) connect(ctx context.Context) (*session, error) {
	config, err := r.server.client()
	if err != nil {
		return nil, err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.server.Address) //nolint:exhaustruct // defaults
	if err != nil {
		return nil, ErrUnreachable.Because(err)
	}
	// Whatever the server does, or does not, it has so much time for all of it.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	s, err := r.talk(conn, config)
	if !stop() && err == nil {
		err = context.DeadlineExceeded
	}
	if err == nil {
		return s, nil
	}
	_ = conn.Close()
	_, known := errors.AsType[*fault.Error](err)
	_, weak := errors.AsType[*ssh.AlgorithmNegotiationError](err)
	switch {
	case known:
		return nil, err
	case weak:
		return nil, ErrServer.With("the server offers no algorithm that is still safe: %v", err)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, ErrUnreachable.Because(fmt.Errorf("connecting took more than %s: %w", r.server.Connecting, err))
	case ctx.Err() != nil:
		return nil, ErrUnreachable.Because(ctx.Err())
	case strings.Contains(err.Error(), "unable to authenticate"):
		return nil, ErrLogin.With("the server does not let user %s in; is the public key of %s registered "+
			"with the bank?", r.server.User, r.server.Key).Because(err)
	case answered(err):
		return nil, ErrServer.Because(err)
	}
	return nil, ErrUnreachable.Because(err)
}

// talk begins SSH and SFTP on a connection.
func (r *Remote) talk(conn net.Conn, config *ssh.ClientConfig) (*session, error) {
	secure, channels, requests, err := ssh.NewClientConn(conn, r.server.Address, config)
	if err != nil {
		return nil, err
	}
	client := ssh.NewClient(secure, channels, requests)
	channel, err := client.NewSession()
	if err != nil {
		return nil, err
	}
	in, err := channel.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := channel.StdoutPipe()
	if err != nil {
		return nil, err
	}
	channel.Stderr = io.Discard
	if err := channel.RequestSubsystem("sftp"); err != nil {
		if strings.Contains(err.Error(), "subsystem request failed") {
			return nil, ErrServer.With("the server offers no SFTP")
		}
		return nil, err
	}
	s := &session{ //nolint:exhaustruct // nothing runs
		conn: conn, meter: &meter{from: out}, ended: make(chan struct{}), //nolint:exhaustruct // nothing is counted
	}
	s.files, err = sftp.NewClientPipe(s.meter, in, sftp.UseConcurrentWrites(true), sftp.MaxConcurrentRequestsPerFile(8))
	if err != nil {
		return nil, err
	}
	go func() {
		_ = s.files.Wait()
		_ = conn.Close()
		close(s.ended)
	}()
	return s, r.findParts(s)
}

// findParts makes the parts of the folder that are not there.
func (r *Remote) findParts(s *session) error {
	info, err := s.files.Stat(r.server.Path)
	if err == nil && !info.IsDir() {
		err = errNoFolder
	}
	if err != nil && answered(err) {
		return ErrServer.With("the server has no folder %s for user %s: %v", r.server.Path, r.server.User, err)
	}
	if err != nil {
		return err
	}
	for _, part := range []string{outbox, inbox, archive, quarantine} {
		name := path.Join(r.server.Path, part)
		info, err := s.files.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			err = s.files.Mkdir(name)
		} else if err == nil && !info.IsDir() {
			err = errNoFolder
		}
		if err != nil && answered(err) {
			return ErrServer.With("folder %s on the server: %v; the bank has to make it, and let user %s write there",
				name, err, r.server.User)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

var errNoFolder = errors.New("not a folder")

// begin counts an operation and bounds its time; the returned function ends it and
// says whether it took too long. It is not ok where the connection was given up.
func (s *session) begin(most, idle time.Duration) (end func() bool, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left {
		return nil, false
	}
	s.users++
	if s.idle != nil {
		s.idle.Stop()
	}
	bound := time.AfterFunc(most, func() {
		s.mu.Lock()
		s.late = true
		s.mu.Unlock()
		_ = s.conn.Close()
	})
	return func() bool {
		bound.Stop()
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.users--; s.users == 0 {
			s.idle = time.AfterFunc(idle, func() { s.leave() })
		}
		return s.late
	}, true
}

// leave ends a connection that nobody uses.
func (s *session) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users == 0 {
		s.left = true
		_ = s.conn.Close()
	}
}

// end gives the connection back.
func (s *session) end() {
	_ = s.conn.Close()
	<-s.ended
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.idle != nil {
		s.idle.Stop()
	}
}

// over says that the connection was ended.
func (s *session) over() bool {
	s.mu.Lock()
	left := s.left
	s.mu.Unlock()
	if left {
		return true
	}
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// has says whether the server offers an extension.
func (s *session) has(extension string) bool {
	_, ok := s.files.HasExtension(extension)
	return ok
}

// answered says that an error is the server's own answer, not the lack of one.
func answered(err error) bool {
	if status, ok := errors.AsType[*sftp.StatusError](err); ok {
		code := status.FxCode()
		return code != sftp.ErrSSHFxConnectionLost && code != sftp.ErrSSHFxNoConnection
	}
	for _, e := range []error{fs.ErrNotExist, fs.ErrPermission, fs.ErrExist, errNoFile, errNoFolder} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// meter counts what a server sends while a list is read, and stops the list where it
// grows too long: the client itself would keep all of it.
type meter struct {
	from io.Reader

	mu   sync.Mutex
	left int64
	full func()
}

// Read implements io.Reader.
func (m *meter) Read(p []byte) (int, error) {
	n, err := m.from.Read(p)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.full != nil {
		if m.left -= int64(n); m.left < 0 {
			m.full()
			m.full = nil
		}
	}
	return n, err
}

// watch has full called once more than so many bytes came, until stop.
func (m *meter) watch(bytes int64, full func()) (stop func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left, m.full = bytes, full
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.full = nil
	}
}

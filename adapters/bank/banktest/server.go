package banktest

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// sftpServer is where Debian's package openssh-sftp-server puts the program.
const sftpServer = "/usr/lib/openssh/sftp-server"

// ServerOptions change a server.
type ServerOptions struct {
	// Deny are requests of the protocol that OpenSSH's server neither offers nor takes,
	// such as hardlink or fsync.
	Deny []string
	// Password is asked for besides the key, where there is one.
	Password string
	// Config, if set, changes what the server offers before it listens.
	Config func(*ssh.ServerConfig)
	// Subsystem, if set, takes the place of OpenSSH's server.
	Subsystem func(io.ReadWriteCloser)
}

// Server is OpenSSH's SFTP server behind an SSH server of ours on the loopback.
type Server struct {
	// Address, User and Path are what a client needs, and Key and KnownHosts files with
	// its private key and the server's pinned one.
	Address, User, Path, Key, KnownHosts string

	options ServerOptions
	config  *ssh.ServerConfig

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	// Connections counts those that logged in.
	connections int
}

// Serve starts a server over a folder of its own; it ends with the test. Without
// OpenSSH's program the test fails.
func Serve(t *testing.T, o ServerOptions) *Server {
	t.Helper()
	if _, err := os.Stat(sftpServer); err != nil {
		t.Fatalf("the tests need OpenSSH's own server: apt-get install openssh-sftp-server (%v)", err)
	}
	folder := t.TempDir()
	s := &Server{ //nolint:exhaustruct // not listening
		User: "twoline", Path: filepath.Join(folder, "bank"), Key: filepath.Join(folder, "key"),
		KnownHosts: filepath.Join(folder, "known_hosts"), options: o, conns: map[net.Conn]struct{}{},
	}
	if err := os.Mkdir(s.Path, 0o700); err != nil {
		t.Fatal(err)
	}
	public := s.makeKey(t)
	s.config = &ssh.ServerConfig{ //nolint:exhaustruct // the library's defaults
		PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if string(key.Marshal()) != string(public.Marshal()) {
				return nil, errors.New("not the key of the test")
			}
			return s.besides()
		},
	}
	if o.Config != nil {
		o.Config(s.config)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0") //nolint:exhaustruct // none
	if err != nil {
		t.Fatal(err)
	}
	s.Address = listener.Addr().String()
	s.Pin(t, s.NewHostKey(t))
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { s.serve(ctx, conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		stop()
		s.Cut()
		running.Wait()
	})
	return s
}

// besides asks for the password after the key.
func (s *Server) besides() (*ssh.Permissions, error) {
	if s.options.Password == "" {
		return nil, nil //nolint:nilnil // no permissions to speak of
	}
	return nil, &ssh.PartialSuccessError{Next: ssh.ServerAuthCallbacks{ //nolint:exhaustruct // one
		PasswordCallback: func(_ ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			if string(password) != s.options.Password {
				return nil, errors.New("another password")
			}
			return nil, nil //nolint:nilnil // no permissions to speak of
		},
	}}
}

// makeKey writes the client's private key.
func (s *Server) makeKey(t *testing.T) ssh.PublicKey {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.Key, pem.EncodeToMemory(block), filesMode); err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer.PublicKey()
}

// NewHostKey gives the server a key, from its next connection on, and returns it.
func (s *Server) NewHostKey(t *testing.T) ssh.PublicKey {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.config.AddHostKey(signer)
	return signer.PublicKey()
}

// Pin writes the file of known hosts with one key, for the addresses given or else
// the server's own.
func (s *Server) Pin(t *testing.T, key ssh.PublicKey, addresses ...string) {
	t.Helper()
	if len(addresses) == 0 {
		addresses = []string{s.Address}
	}
	if err := os.WriteFile(s.KnownHosts, []byte(knownhosts.Line(addresses, key)+"\n"), filesMode); err != nil {
		t.Fatal(err)
	}
}

// Deny has OpenSSH's server refuse these requests from its next connection on.
func (s *Server) Deny(t *testing.T, requests ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.options.Deny = requests
}

// Cut ends all connections.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.Close()
	}
}

// Open is how many connections there are.
func (s *Server) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Logins is how many connections proved their key.
func (s *Server) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections
}

func (s *Server) serve(ctx context.Context, conn net.Conn) {
	s.mu.Lock()
	s.conns[conn] = struct{}{}
	config := *s.config
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.conns, conn)
		_ = conn.Close()
	}()
	secure, channels, requests, err := ssh.NewServerConn(conn, &config)
	if err != nil {
		return
	}
	defer secure.Close() //nolint:errcheck // it ends anyhow
	s.mu.Lock()
	s.connections++
	s.mu.Unlock()
	go ssh.DiscardRequests(requests)
	var running sync.WaitGroup
	defer running.Wait()
	for n := range channels {
		if n.ChannelType() != "session" {
			_ = n.Reject(ssh.UnknownChannelType, "sessions only")
			continue
		}
		channel, asked, err := n.Accept()
		if err != nil {
			return
		}
		running.Go(func() { s.session(ctx, channel, asked) })
	}
}

func (s *Server) session(ctx context.Context, channel ssh.Channel, asked <-chan *ssh.Request) {
	defer channel.Close() //nolint:errcheck // it ends anyhow
	for r := range asked {
		ok := r.Type == "subsystem" && strings.HasSuffix(string(r.Payload), "sftp")
		_ = r.Reply(ok, nil)
		if ok {
			break
		}
	}
	go ssh.DiscardRequests(asked)
	if s.options.Subsystem != nil {
		s.options.Subsystem(channel)
		return
	}
	args := []string{"-e"}
	s.mu.Lock()
	if len(s.options.Deny) > 0 {
		args = append(args, "-P", strings.Join(s.options.Deny, ","))
	}
	s.mu.Unlock()
	run := exec.CommandContext(ctx, sftpServer, args...)
	run.Dir, run.Stdin, run.Stdout = s.Path, channel, channel
	_ = run.Run() // it ends with its connection
}

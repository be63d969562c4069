package exchange

import (
	"bytes"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"twoline/gateway/fault"
)

// The refusals of servers.
var (
	// ErrServer is a description of a server that cannot work.
	ErrServer = fault.New(fault.Invalid, "sftp_setup", "the bank's server cannot be used as it is described")
	// ErrUnreachable is a server that does not answer, or not in time. It is tried again.
	ErrUnreachable = fault.New(fault.Unavailable, "bank_unreachable", "the bank's server does not answer")
	// ErrHostKey is a server that shows another key than the pinned ones; its subject is
	// the key's fingerprint. Nothing was said to the server: somebody may stand between
	// us and the bank.
	ErrHostKey = fault.New(fault.Conflict, "host_key_refused", "the bank's server shows a key that is not pinned")
	// ErrLogin is a server that does not take our key.
	ErrLogin = fault.New(fault.Conflict, "bank_login_refused", "the bank's server does not let us in")
	// ErrNotArrived is a file that lies on the server otherwise than it was sent.
	ErrNotArrived = fault.New(fault.Internal, "upload_differs", "what lies on the bank's server is not what was sent")
)

// Server says where a bank's folder is on its SFTP server and how we prove who we
// are. The files that it names are read again for each connection, so that keys can
// be changed without a new start.
type Server struct {
	// Address is host:port, as it stands in the file of known hosts.
	Address string
	User    string
	// Path is the folder on the server, absolute.
	Path string
	// Key is the file of our private key, and Password one with a password that the
	// server asks for besides; empty is none. Nobody else may read them.
	Key, Password string
	// KnownHosts is a file in OpenSSH's form that pins the server's keys.
	KnownHosts string

	// Connecting bounds connecting, Operation one operation (one block of a file, one
	// list), and Idle how long a connection that nobody uses is kept. Pause is how long
	// nothing is tried after a connection was refused or lost, doubled each time to at
	// most a minute. 0 is 10 s, 30 s, 60 s and 1 s.
	Connecting, Operation, Idle, Pause time.Duration
	Now                                func() time.Time
}

const (
	// maxSecret bounds the files of keys and passwords.
	maxSecret = 64 << 10
	// minRSA is the shortest RSA key that we use, in bits.
	minRSA = 2048
)

func (s Server) withDefaults() Server {
	or := func(d *time.Duration, otherwise time.Duration) {
		if *d == 0 {
			*d = otherwise
		}
	}
	or(&s.Connecting, 10*time.Second)
	or(&s.Operation, 30*time.Second)
	or(&s.Idle, time.Minute)
	or(&s.Pause, time.Second)
	return s
}

// client reads the files and returns what a connection needs.
func (s Server) client() (*ssh.ClientConfig, error) {
	hosts, algorithms, err := s.pinned()
	if err != nil {
		return nil, err
	}
	signer, err := s.signer()
	if err != nil {
		return nil, err
	}
	auth := []ssh.AuthMethod{ssh.PublicKeys(signer)}
	if s.Password != "" {
		text, err := secretFile(s.Password)
		if err != nil {
			return nil, ErrServer.With("password file: %v", err)
		}
		auth = append(auth, ssh.Password(string(bytes.TrimRight(text, "\r\n"))))
	}
	return &ssh.ClientConfig{
		Config: ssh.Config{ //nolint:exhaustruct // the library's defaults for the rest
			KeyExchanges: []string{
				ssh.KeyExchangeMLKEM768X25519, ssh.KeyExchangeCurve25519, ssh.KeyExchangeECDHP256,
				ssh.KeyExchangeECDHP384, ssh.KeyExchangeECDHP521, ssh.KeyExchangeDH16SHA512,
			},
			Ciphers: []string{
				ssh.CipherAES256GCM, ssh.CipherAES128GCM, ssh.CipherChaCha20Poly1305,
				ssh.CipherAES256CTR, ssh.CipherAES128CTR,
			},
			MACs: []string{ssh.HMACSHA256ETM, ssh.HMACSHA512ETM},
		},
		User: s.User, Auth: auth, HostKeyCallback: hosts, BannerCallback: nil, ClientVersion: "SSH-2.0-twoline",
		HostKeyAlgorithms: algorithms, Timeout: s.Connecting,
	}, nil
}

// pinned reads the file of known hosts and says which algorithms its keys for the
// server allow. A server that has none there is refused before it is dialled.
func (s Server) pinned() (ssh.HostKeyCallback, []string, error) {
	known, err := knownhosts.New(s.KnownHosts)
	if err != nil {
		return nil, nil, ErrServer.With("file of known hosts: %v", err)
	}
	// A key that nobody has makes the file name those that it wants.
	var keys *knownhosts.KeyError
	err = known(s.Address, &net.TCPAddr{}, nobodysKey{}) //nolint:exhaustruct // the name counts
	if !errors.As(err, &keys) {
		return nil, nil, ErrServer.With("file of known hosts: %v", err)
	}
	var algorithms []string
	for _, k := range keys.Want {
		algorithms = append(algorithms, algorithmsOf(k.Key.Type())...)
	}
	if len(algorithms) == 0 {
		return nil, nil, ErrServer.With("%s pins no key of %s that is fit for use; get the key with "+
			"ssh-keyscan -p PORT HOST, compare its fingerprint with the bank's, and write the line there",
			s.KnownHosts, knownhosts.Normalize(s.Address))
	}
	slices.Sort(algorithms)
	return func(host string, remote net.Addr, key ssh.PublicKey) error {
		if err := known(host, remote, key); err != nil {
			return ErrHostKey.With("%s shows the key %s, which is not pinned for it (%v); nothing was sent. "+
				"Ask the bank whether it has a new key before you change the file of known hosts",
				knownhosts.Normalize(host), ssh.FingerprintSHA256(key), err).About(ssh.FingerprintSHA256(key))
		}
		return nil
	}, slices.Compact(algorithms), nil
}

// algorithmsOf are the signatures that we accept of a type of host key.
func algorithmsOf(kind string) []string {
	switch kind {
	case ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521:
		return []string{kind}
	case ssh.KeyAlgoRSA:
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return nil
}

// nobodysKey is a key that stands in no file.
type nobodysKey struct{}

// Type implements ssh.PublicKey.
func (nobodysKey) Type() string { return "none" }

// Marshal implements ssh.PublicKey.
func (nobodysKey) Marshal() []byte { return []byte("none") }

// Verify implements ssh.PublicKey.
func (nobodysKey) Verify([]byte, *ssh.Signature) error { return errors.New("nobody's key") }

// signer reads our private key.
func (s Server) signer() (ssh.Signer, error) {
	text, err := secretFile(s.Key)
	if err != nil {
		return nil, ErrServer.With("private key: %v", err)
	}
	key, err := ssh.ParsePrivateKey(text)
	if missing := (*ssh.PassphraseMissingError)(nil); errors.As(err, &missing) {
		return nil, ErrServer.With("private key %s asks for a passphrase; take one without, "+
			"kept as a secret of the service", s.Key)
	}
	if err != nil {
		return nil, ErrServer.With("private key %s: %v", s.Key, err)
	}
	algorithms := algorithmsOf(key.PublicKey().Type())
	if public, ok := key.PublicKey().(ssh.CryptoPublicKey); ok {
		if r, ok := public.CryptoPublicKey().(*rsa.PublicKey); ok && r.N.BitLen() < minRSA {
			algorithms = nil
		}
	}
	able, ok := key.(ssh.AlgorithmSigner)
	if !ok || len(algorithms) == 0 {
		return nil, ErrServer.With("private key %s is of a type or length that is no longer safe; "+
			"ssh-keygen -t ed25519 makes a good one", s.Key)
	}
	signer, err := ssh.NewSignerWithAlgorithms(able, algorithms)
	if err != nil {
		return nil, ErrServer.With("private key %s: %v", s.Key, err)
	}
	return signer, nil
}

// secretFile reads a file that only its owner may read.
func secretFile(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s has mode %s; only its owner may read it: chmod 600", path, info.Mode())
	}
	return io.ReadAll(io.LimitReader(f, maxSecret))
}

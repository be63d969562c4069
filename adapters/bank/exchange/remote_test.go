package exchange_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"golang.org/x/crypto/ssh"

	"twoline/adapters/bank/banktest"
	"twoline/adapters/bank/exchange"
	"twoline/gateway/bank"
	"twoline/gateway/fault"
)

// network stands between us and a bank's server.
type network struct{ *toxiproxy.Proxy }

func between(t *testing.T, s *banktest.Server) *network {
	t.Helper()
	n := &network{toxiproxy.NewProxy(silent(toxiproxy.NewServer, toxiproxy.NewMetricsContainer(nil)), "sftp",
		"127.0.0.1:0", s.Address)}
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Stop)
	return n
}

// silent makes toxiproxy's server with the zero logger, which writes nothing.
func silent[M, L any](create func(M, L) *toxiproxy.ApiServer, m M) *toxiproxy.ApiServer {
	var none L
	return create(m, none)
}

// poison adds a toxic to the open connections and to new ones.
func (n *network) poison(t *testing.T, kind, stream, attributes string) (mend func()) {
	t.Helper()
	_, err := n.Toxics.AddToxicJson(strings.NewReader(
		fmt.Sprintf(`{"name":"one","type":%q,"stream":%q,"attributes":{%s}}`, kind, stream, attributes)))
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := n.Toxics.RemoveToxic(context.Background(), "one"); err != nil {
			t.Error(err)
		}
	}
}

// over describes a server by way of a network.
func over(t *testing.T, s *banktest.Server, n *network) exchange.Server {
	t.Helper()
	key := s.NewHostKey(t)
	s.Pin(t, key, s.Address, n.Listen)
	d := describe(s)
	d.Address, d.Pause = n.Listen, time.Nanosecond
	return d
}

// onServer is the content of a file of ours, or nothing.
func onServer(s *banktest.Server, name string) ([]byte, bool) {
	text, err := os.ReadFile(filepath.Join(s.Path, "outbox", name))
	return text, err == nil
}

func TestF07_CutAtEveryKthByteNothingPartialHasTheName(t *testing.T) {
	t.Parallel()
	s := banktest.Serve(t, banktest.ServerOptions{})
	n := between(t, s)
	d := over(t, s, n)
	content := content()[:90_000]
	p, write := banktest.Parcel(fileName, content)
	last := map[string]int{"upstream": 0, "downstream": 0}
	for _, stream := range []string{"upstream", "downstream"} {
		// Beyond this nothing of the file is left to cut, and the delivery has to succeed.
		const most = 250_000
		for k := 700; ; k += k / 5 {
			mend := n.poison(t, "limit_data", stream, fmt.Sprintf(`"bytes":%d`, k))
			f := exchange.OpenLater(remote(t, d), exchange.Options{})
			err := banktest.Deliver(f, p, write)
			text, there := onServer(s, fileName)
			if there && !bytes.Equal(text, content) {
				t.Fatalf("%s cut after %d bytes: %d of %d bytes have the name", stream, k, len(text), len(content))
			}
			if err == nil && !there {
				t.Fatalf("%s cut after %d bytes: delivered, but nothing lies there", stream, k)
			}
			if err != nil && fault.KindOf(err) != fault.Unavailable {
				t.Fatalf("%s cut after %d bytes: %v", stream, k, err)
			}
			if err != nil {
				last[stream] = k
			}
			mend()
			// The network is whole again: the next look delivers, and leaves nothing behind.
			next := remoteFolder(t, s, exchange.Options{})
			if err := errors.Join(banktest.Deliver(next, p, write), next.Sweep()); err != nil {
				t.Fatalf("%s cut after %d bytes, then: %v", stream, k, err)
			}
			if text, _ := onServer(s, fileName); !bytes.Equal(text, content) {
				t.Fatalf("%s cut after %d bytes, then %d bytes have the name", stream, k, len(text))
			}
			if list, _ := os.ReadDir(filepath.Join(s.Path, "outbox")); len(list) != 1 {
				t.Fatalf("%s cut after %d bytes, then the outbox holds %v", stream, k, list)
			}
			if err := os.Remove(filepath.Join(s.Path, "outbox", fileName)); err != nil {
				t.Fatal(err)
			}
			if k > most {
				break
			}
		}
	}
	// The file crosses once in each direction: many of the cuts fell into it.
	if last["upstream"] < 10_000 || last["downstream"] < 10_000 {
		t.Errorf("the last cuts that were felt: %v", last)
	}
}

func TestF07_AnUploadGoesOnAfterALostConnection(t *testing.T) {
	t.Parallel()
	s := banktest.Serve(t, banktest.ServerOptions{})
	f := remoteFolder(t, s, exchange.Options{})
	p, write := banktest.Parcel(fileName, content())
	cuts := 0
	before := s.Logins()
	staged, err := f.Stage(p, func(w io.Writer) error {
		written := 0
		return write(writerFunc(func(line []byte) (int, error) {
			if written += len(line); written > (cuts+1)*90_000 {
				cuts++
				s.Cut()
			}
			return w.Write(line)
		}))
	})
	if err != nil || cuts < 3 {
		t.Fatalf("after %d cuts: %v", cuts, err)
	}
	if err := f.Place(p, staged); err != nil {
		t.Fatal(err)
	}
	if text, _ := onServer(s, fileName); !bytes.Equal(text, content()) {
		t.Errorf("%d of %d bytes arrived", len(text), len(content()))
	}
	if n := s.Logins() - before; n < 3 {
		t.Errorf("%d new connections", n)
	}
	// And a file of the bank.
	big := strings.Repeat("00000007|succeeded\n", 60_000)
	banktest.Local{Path: s.Path}.Put(t, "00000007_S.TXT", big)
	in := banktest.Ready(t, f)[0]
	sum := sha256.New()
	cuts = 0
	err = f.Read(in, func(r io.Reader) error {
		for {
			if n, err := io.CopyN(sum, r, 100_000); n < 100_000 {
				return ignoreEnd(err)
			}
			if cuts++; cuts%4 == 0 {
				s.Cut()
			}
		}
	})
	if err != nil || cuts < 8 || [32]byte(sum.Sum(nil)) != sha256.Sum256([]byte(big)) {
		t.Errorf("read after %d cuts: %v", cuts/4, err)
	}
}

func ignoreEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestF08_ANameWhoseReplyIsLostIsAdopted(t *testing.T) {
	t.Parallel()
	for name, deny := range map[string][]string{"link": nil, "rename": {"hardlink"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := banktest.Serve(t, banktest.ServerOptions{Deny: deny})
			n := between(t, s)
			d := over(t, s, n)
			p, write := banktest.Parcel(fileName, content())
			f := exchange.OpenLater(remote(t, d), exchange.Options{})
			if err := f.Sweep(); err != nil {
				t.Fatal(err)
			}
			staged, err := f.Stage(p, write)
			if err != nil {
				t.Fatal(err)
			}
			mend := n.poison(t, "reset_peer", "downstream", `"timeout":0`)
			if err := f.Place(p, staged); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("placed without an answer: %v", err)
			}
			mend()
			before, there := onServer(s, fileName)
			if !there || !bytes.Equal(before, content()) {
				t.Fatalf("%d bytes have the name, %t: the request itself was not lost", len(before), there)
			}
			// The next look finds our own file and writes none.
			staged, err = f.Stage(p, func(io.Writer) error { return errors.New("nothing is to be written") })
			if err != nil || staged != "" {
				t.Errorf("staged %q again: %v", staged, err)
			}
			if err := errors.Join(f.Place(p, staged), f.Sweep()); err != nil {
				t.Error(err)
			}
			if list, _ := os.ReadDir(filepath.Join(s.Path, "outbox")); len(list) != 1 {
				t.Errorf("the outbox holds %v", list)
			}
		})
	}
}

func TestF06_AfterAnUploadTheNextProcessComparesWhatLiesThere(t *testing.T) {
	t.Parallel()
	s := banktest.Serve(t, banktest.ServerOptions{})
	p, write := banktest.Parcel(fileName, content())
	name := filepath.Join(s.Path, "outbox", fileName)
	if err := banktest.Deliver(remoteFolder(t, s, exchange.Options{}), p, write); err != nil {
		t.Fatal(err)
	}
	first, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	// The process ended there; the next one adopts the file without touching it.
	f := remoteFolder(t, s, exchange.Options{})
	if err := banktest.Deliver(f, p, write); err != nil {
		t.Fatal(err)
	}
	if again, err := os.Stat(name); err != nil || !os.SameFile(first, again) || !again.ModTime().Equal(first.ModTime()) {
		t.Errorf("the file was written again: %v", err)
	}
	// Absent: the same bytes under the same name. Another size, or content: nothing but a word.
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if err := banktest.Deliver(f, p, write); err != nil {
		t.Fatal(err)
	}
	other := bytes.Clone(content())
	other[100]++
	for _, stranger := range [][]byte{other, content()[1:], append(bytes.Clone(content()), '\n')} {
		if err := os.WriteFile(name, stranger, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := banktest.Deliver(f, p, write); !errors.Is(err, bank.ErrInTheWay) {
			t.Errorf("beside %d bytes: %v", len(stranger), err)
		}
		if text, _ := onServer(s, fileName); !bytes.Equal(text, stranger) {
			t.Error("the file was written over")
		}
	}
}

func TestF114_AServerWithAnotherKeyIsRefused(t *testing.T) {
	t.Parallel()
	s := banktest.Serve(t, banktest.ServerOptions{})
	d := describe(s)
	clock := time.Unix(1_700_000_000, 0)
	d.Now = func() time.Time { return clock }
	r := remote(t, d)
	f := exchange.OpenLater(r, exchange.Options{})
	p, write := banktest.Parcel(fileName, content())
	if err := f.Sweep(); err != nil {
		t.Fatal(err)
	}
	pinned, err := os.ReadFile(s.KnownHosts)
	if err != nil {
		t.Fatal(err)
	}
	logins := s.Logins()
	key := s.NewHostKey(t)
	r.Close()
	for range 3 {
		err := banktest.Deliver(f, p, write)
		if !errors.Is(err, exchange.ErrHostKey) || fault.KindOf(err) == fault.Unavailable ||
			!strings.Contains(err.Error(), ssh.FingerprintSHA256(key)) {
			t.Errorf("delivered to a server with another key: %v", err)
		}
		clock = clock.Add(time.Hour)
	}
	if after, _ := os.ReadFile(s.KnownHosts); !bytes.Equal(after, pinned) {
		t.Error("the file of known hosts was changed")
	}
	if list, _ := os.ReadDir(filepath.Join(s.Path, "outbox")); len(list) > 0 || s.Logins() != logins {
		t.Errorf("the server was given %v, and our login %d times", list, s.Logins()-logins)
	}
	// Somebody asked the bank and pinned its new key.
	s.Pin(t, key)
	clock = clock.Add(time.Hour)
	if err := banktest.Deliver(f, p, write); err != nil {
		t.Error(err)
	}
	// Revoked though pinned, and pinned for another host.
	line, _ := os.ReadFile(s.KnownHosts)
	_, rest, _ := strings.Cut(string(line), " ")
	if err := os.WriteFile(s.KnownHosts, fmt.Appendf(line, "@revoked * %s", rest), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := exchange.Open(remote(t, d), exchange.Options{}); !errors.Is(err, exchange.ErrHostKey) {
		t.Errorf("a revoked key: %v", err)
	}
	s.Pin(t, key, "sftp.another-bank.example:22")
	if _, err := exchange.NewRemote(d); !errors.Is(err, exchange.ErrServer) {
		t.Errorf("a server that nobody pinned: %v", err)
	}
}

func TestAServerWithSeveralKeysIsAskedForThePinnedOne(t *testing.T) {
	t.Parallel()
	other := make(chan ssh.Signer, 1)
	s := banktest.Serve(t, banktest.ServerOptions{Config: func(c *ssh.ServerConfig) {
		private, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Error(err)
			return
		}
		signer, err := ssh.NewSignerFromKey(private)
		if err != nil {
			t.Error(err)
			return
		}
		c.AddHostKey(signer)
		other <- signer
	}})
	if _, err := exchange.Open(remote(t, describe(s)), exchange.Options{}); err != nil {
		t.Errorf("with the other key pinned: %v", err)
	}
	s.Pin(t, (<-other).PublicKey())
	if _, err := exchange.Open(remote(t, describe(s)), exchange.Options{}); err != nil {
		t.Errorf("with the RSA key pinned: %v", err)
	}
}

func TestOnlyAlgorithmsThatAreStillSafeAreSpoken(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*ssh.ServerConfig){
		"key exchange": func(c *ssh.ServerConfig) { c.KeyExchanges = []string{ssh.InsecureKeyExchangeDH14SHA1} },
		"cipher":       func(c *ssh.ServerConfig) { c.Ciphers = []string{ssh.InsecureCipherAES128CBC} },
		"digest": func(c *ssh.ServerConfig) {
			c.Ciphers, c.MACs = []string{ssh.CipherAES128CTR}, []string{ssh.HMACSHA1}
		},
	} {
		s := banktest.Serve(t, banktest.ServerOptions{Config: change})
		_, err := exchange.Open(remote(t, describe(s)), exchange.Options{})
		if !errors.Is(err, exchange.ErrServer) || s.Logins() > 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeysAndPasswordsAreReadFromFilesOfOurOwn(t *testing.T) {
	t.Parallel()
	s := banktest.Serve(t, banktest.ServerOptions{Password: "open sesame"})
	folder := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good, err := os.ReadFile(s.Key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	short, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	locked, err := ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	password := file("password", "open sesame\n", 0o600)
	for name, change := range map[string]func(*exchange.Server){
		"key for others to read": func(d *exchange.Server) { d.Key = file("readable", string(good), 0o640) },
		"no key":                 func(d *exchange.Server) { d.Key = filepath.Join(folder, "nothing") },
		"key that is none":       func(d *exchange.Server) { d.Key = file("none", "-----BEGIN", 0o600) },
		"short key":              func(d *exchange.Server) { d.Key = file("short", string(pem.EncodeToMemory(short)), 0o600) },
		"key with a passphrase":  func(d *exchange.Server) { d.Key = file("locked", string(pem.EncodeToMemory(locked)), 0o600) },
		"password for others":    func(d *exchange.Server) { d.Password = file("loud", "open sesame", 0o604) },
		"no known hosts":         func(d *exchange.Server) { d.KnownHosts = filepath.Join(folder, "nothing") },
		"known hosts broken":     func(d *exchange.Server) { d.KnownHosts = file("hosts", "one two\n", 0o600) },
		"no user":                func(d *exchange.Server) { d.User = "" },
		"no port":                func(d *exchange.Server) { d.Address = "127.0.0.1" },
		"no path":                func(d *exchange.Server) { d.Path = "bank" },
	} {
		d := describe(s)
		change(&d)
		if _, err := exchange.NewRemote(d); !errors.Is(err, exchange.ErrServer) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, change := range map[string]func(*exchange.Server){
		"no password":      func(*exchange.Server) {},
		"another password": func(d *exchange.Server) { d.Password = file("other", "open says me", 0o600) },
	} {
		d := describe(s)
		change(&d)
		if _, err := exchange.Open(remote(t, d), exchange.Options{}); !errors.Is(err, exchange.ErrLogin) {
			t.Errorf("%s: %v", name, err)
		}
	}
	d := describe(s)
	d.Password = password
	if _, err := exchange.Open(remote(t, d), exchange.Options{}); err != nil {
		t.Errorf("with the password: %v", err)
	}
	d.Path = "/nowhere/at/all"
	if _, err := exchange.Open(remote(t, d), exchange.Options{}); !errors.Is(err, exchange.ErrServer) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

// A server that accepts and says nothing, one that falls silent later, and one that
// nobody needs for a while.
func TestASilentServerCostsItsTimeOnce(t *testing.T) {
	t.Parallel()
	s := banktest.Serve(t, banktest.ServerOptions{})
	silent, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	s.Pin(t, s.NewHostKey(t), s.Address, silent.Addr().String())
	clock := time.Unix(1_700_000_000, 0)
	d := describe(s)
	d.Address, d.Connecting = silent.Addr().String(), 50*time.Millisecond
	d.Now = func() time.Time { return clock }
	f := exchange.OpenLater(remote(t, d), exchange.Options{})
	dialled := func() (n int) {
		for {
			if err := silent.SetDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			conn, err := silent.Accept()
			if err != nil {
				return n
			}
			_ = conn.Close()
			n++
		}
	}
	// The pauses double: 1, 2, 4 … 60 s.
	for _, seconds := range []int{1, 2, 4, 8, 16, 32, 60, 60} {
		pause := (time.Duration(seconds) * time.Second).Round(time.Second)
		for range 5 {
			if err := f.Sweep(); !errors.Is(err, exchange.ErrUnreachable) {
				t.Errorf("swept a silent server: %v", err)
			}
		}
		if n := dialled(); n != 1 {
			t.Errorf("dialled %d times before a pause of %s", n, pause)
		}
		clock = clock.Add(pause - time.Millisecond)
		if err := f.Sweep(); !errors.Is(err, exchange.ErrUnreachable) || dialled() > 0 {
			t.Errorf("dialled again before %s were over: %v", pause, err)
		}
		clock = clock.Add(time.Millisecond)
	}
}

func TestAServerThatFallsSilentIsGivenUp(t *testing.T) {
	t.Parallel()
	s := banktest.Serve(t, banktest.ServerOptions{})
	n := between(t, s)
	d := over(t, s, n)
	d.Operation, d.Pause = 100*time.Millisecond, time.Hour
	f := exchange.OpenLater(remote(t, d), exchange.Options{})
	if err := f.Sweep(); err != nil {
		t.Fatal(err)
	}
	defer n.poison(t, "timeout", "downstream", `"timeout":0`)()
	start := time.Now()
	for range 20 {
		if _, err := f.Ready(); !errors.Is(err, exchange.ErrUnreachable) {
			t.Errorf("listed: %v", err)
		}
	}
	if took := time.Since(start); took > 20*100*time.Millisecond {
		t.Errorf("20 looks at a silent server took %s", took)
	}
}

func TestAConnectionThatNobodyUsesIsGivenUp(t *testing.T) {
	t.Parallel()
	s := banktest.Serve(t, banktest.ServerOptions{})
	d := describe(s)
	d.Idle = 20 * time.Millisecond
	f := exchange.OpenLater(remote(t, d), exchange.Options{})
	for n := 1; n <= 4; n++ {
		if err := f.Sweep(); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Ready(); err != nil {
			t.Fatal(err)
		}
		waitClosed(t, s)
	}
	if n := s.Logins(); n < 4 {
		t.Errorf("%d connections for four looks", n)
	}
	// A server that ends the connection itself between two looks costs no look.
	d.Idle = time.Minute
	f = exchange.OpenLater(remote(t, d), exchange.Options{})
	for range 5 {
		if err := f.Sweep(); err != nil {
			t.Error(err)
		}
		s.Cut()
		waitClosed(t, s)
	}
}

// waitClosed waits until the server has no connection, and a little longer, so that
// the client can have seen it.
func waitClosed(t *testing.T, s *banktest.Server) {
	t.Helper()
	deadline := time.After(time.Minute)
	for s.Open() > 0 {
		select {
		case <-deadline:
			t.Fatal("the connection stays open")
		case <-time.After(5 * time.Millisecond):
		}
	}
	<-time.After(20 * time.Millisecond)
}

func TestBreakEndsWhatRuns(t *testing.T) {
	t.Parallel()
	s := banktest.Serve(t, banktest.ServerOptions{})
	d := describe(s)
	d.Pause = time.Hour
	r := remote(t, d)
	f := exchange.OpenLater(r, exchange.Options{})
	p, _ := banktest.Parcel(fileName, content())
	_, err := f.Stage(p, func(w io.Writer) error {
		r.Break(context.DeadlineExceeded)
		_, err := w.Write(content())
		return err
	})
	if !errors.Is(err, exchange.ErrUnreachable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("staged: %v", err)
	}
	if err := f.Sweep(); !errors.Is(err, exchange.ErrUnreachable) {
		t.Errorf("swept in a pause: %v", err)
	}
	// While it connects, too.
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	s.Pin(t, s.NewHostKey(t), silent.Addr().String())
	d.Address, d.Connecting = silent.Addr().String(), time.Hour
	r = remote(t, d)
	done := make(chan error)
	go func() { done <- exchange.OpenLater(r, exchange.Options{}).Sweep() }()
	if _, err := silent.Accept(); err != nil {
		t.Fatal(err)
	}
	r.Break(context.DeadlineExceeded)
	if err := <-done; !errors.Is(err, exchange.ErrUnreachable) {
		t.Errorf("connected: %v", err)
	}
}

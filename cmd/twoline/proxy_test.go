package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// commitFault is what becomes of a COMMIT on its way.
type commitFault int

const (
	// replyLost lets PostgreSQL commit and answer, and drops the answer.
	replyLost commitFault = iota
	// stillRunning cuts the connection as soon as the COMMIT was sent: when the
	// caller looks again, it may not have happened yet.
	stillRunning
	// neverSent cuts the connection instead of sending the COMMIT.
	neverSent
)

// commitProxy stands between a driver and PostgreSQL. It knows just enough of
// the protocol to see a COMMIT pass, so that a fault hits it without any timing.
type commitProxy struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	fault commitFault
	armed int
	// every is how many commits of a storm pass before one meets the next fault.
	every, passed int

	// hits are the commits that met each fault.
	hits [3]atomic.Int64
}

func startCommitProxy(t *testing.T, target string) *commitProxy {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &commitProxy{listener: l, target: target}
	var wg sync.WaitGroup
	ctx, stop := context.WithCancel(context.Background())
	wg.Go(func() {
		for {
			front, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { p.serve(ctx, front) })
		}
	})
	t.Cleanup(func() { stop(); _ = l.Close(); wg.Wait() })
	return p
}

// url is a database's address through the proxy, without TLS.
func (p *commitProxy) url(t *testing.T, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = p.listener.Addr().String()
	q := u.Query()
	q.Set("sslmode", "disable")
	u.RawQuery = q.Encode()
	return u.String()
}

// arm lets the next commits meet the fault.
func (p *commitProxy) arm(f commitFault, times int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.armed = f, times
}

// storm has every so many commits meet a fault, each kind in turn, until it is 0.
func (p *commitProxy) storm(every int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.every = every
}

// take says which fault this commit meets, if any.
func (p *commitProxy) take() (commitFault, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.every > 0 {
		if p.passed++; p.passed%p.every != 0 {
			return 0, false
		}
		fault := commitFault(p.passed / p.every % len(p.hits))
		p.hits[fault].Add(1)
		return fault, true
	}
	if p.armed == 0 {
		return 0, false
	}
	p.armed--
	p.hits[p.fault].Add(1)
	return p.fault, true
}

func (p *commitProxy) serve(ctx context.Context, front net.Conn) {
	back, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.target)
	if err != nil {
		_ = front.Close()
		return
	}
	end := func() { _ = front.Close(); _ = back.Close() }
	defer end()
	defer context.AfterFunc(ctx, end)()
	link := &commitLink{proxy: p, front: front, back: back, ready: make(chan struct{}, 1)}
	answers := make(chan struct{})
	go func() { defer close(answers); defer end(); link.answers() }()
	link.requests()
	end()
	<-answers
}

// commitLink is one connection.
type commitLink struct {
	proxy       *commitProxy
	front, back net.Conn
	mute        atomic.Bool
	// ready gets a value when PostgreSQL answered what it was asked while mute.
	ready chan struct{}
}

// requests passes messages to PostgreSQL until a fault or the end.
func (l *commitLink) requests() {
	first := true
	for {
		message, err := readMessage(l.front, first)
		if err != nil {
			return
		}
		first = false
		if bytes.Equal(bytes.ToLower(message), append([]byte{'q', 0, 0, 0, 11}, "commit\x00"...)) {
			if f, hit := l.proxy.take(); hit {
				l.harm(f, message)
				return
			}
		}
		if _, err := l.back.Write(message); err != nil {
			return
		}
	}
}

func (l *commitLink) harm(f commitFault, commit []byte) {
	if f == neverSent {
		return
	}
	l.mute.Store(true)
	if _, err := l.back.Write(commit); err != nil || f == stillRunning {
		return
	}
	<-l.ready
}

// answers passes PostgreSQL's messages back, and nothing while mute.
func (l *commitLink) answers() {
	defer close(l.ready)
	for {
		message, err := readMessage(l.back, false)
		if err != nil {
			return
		}
		if l.mute.Load() {
			if message[0] == 'Z' {
				return
			}
			continue
		}
		if _, err := l.front.Write(message); err != nil {
			return
		}
	}
}

var errMessage = errors.New("a message of no possible length")

// readMessage reads one whole message; the first of a connection has no type.
func readMessage(r io.Reader, first bool) ([]byte, error) {
	head := 5
	if first {
		head = 4
	}
	message := make([]byte, head)
	if _, err := io.ReadFull(r, message); err != nil {
		return nil, err
	}
	size := int(binary.BigEndian.Uint32(message[head-4:])) - 4
	if size < 0 || size > 64<<20 {
		return nil, errMessage
	}
	message = append(message, make([]byte, size)...)
	_, err := io.ReadFull(r, message[head:])
	return message, err
}

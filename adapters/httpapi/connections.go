package httpapi

import (
	"net"
	"sync"

	"github.com/valyala/fasthttp"
)

// connections knows which connections of a door carry no request at this
// moment, so that a stop does not wait for callers that say nothing. It is safe
// for concurrent use.
type connections struct {
	mu      sync.Mutex
	silent  map[net.Conn]struct{}
	closing bool
	// ended is closed with them, so that no answer goes on for as long as it likes.
	ended chan struct{}
}

func newConnections() *connections {
	return &connections{mu: sync.Mutex{}, silent: map[net.Conn]struct{}{}, closing: false, ended: make(chan struct{})}
}

// busy says that a request of the connection was read and is being answered.
func (s *connections) busy(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.silent, c)
}

// note is told of every change of a connection. The server calls one active that
// it only listens to, so that busy has to say what is.
func (s *connections) note(c net.Conn, state fasthttp.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state == fasthttp.StateClosed || state == fasthttp.StateHijacked {
		delete(s.silent, c)
		return
	}
	if s.closing {
		_ = c.Close() // whoever reads from it is told so
		return
	}
	s.silent[c] = struct{}{}
}

// close ends the silent connections, and each that falls silent later.
func (s *connections) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing {
		close(s.ended)
	}
	s.closing = true
	for c := range s.silent {
		_ = c.Close() // whoever reads from it is told so
	}
}

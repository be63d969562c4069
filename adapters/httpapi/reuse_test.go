package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"twoline/adapters/httpapi"
)

func echo(context.Context, httpapi.Call, *struct{}) (word, error) { return word{}, nil }

type keepQuery struct {
	Name  string `path:"name"`
	Query string `query:"q"`
	Field string `header:"X-Field"`
	Body  struct {
		Word string `json:"word"`
	}
}

// kept is what a handler remembered of its requests.
type kept struct {
	mu  sync.Mutex
	all []keepQuery
}

// skim reads one answer and returns its status line, without the work of
// understanding the rest.
func skim(r *bufio.Reader) (string, error) {
	status, length := "", 0
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return status, err
		}
		line = strings.TrimRight(line, "\r\n")
		switch name, value, _ := strings.Cut(line, ": "); {
		case status == "":
			status = line
		case name == "Content-Length":
			if length, err = strconv.Atoi(value); err != nil {
				return status, err
			}
		case line == "":
			_, err = r.Discard(length)
			return status, err
		}
	}
}

// Strings that a handler keeps are not changed by later requests on the same
// connection, whether these wait for the answer or come in the same packet.
func TestF117_KeptStringsStayTheirOwn(t *testing.T) {
	t.Parallel()
	var k kept
	quiet := func(d *httpapi.Dependencies) { d.Log = slog.New(slog.DiscardHandler) }
	h := open(t, setup{deps: quiet, routes: func(_ *house, s *httpapi.Server) {
		httpapi.Search(s, httpapi.Route{
			Method: "POST", Path: "/v1/test-keep/{name}", Summary: "Keeps", Who: httpapi.Anyone(),
		}, func(_ context.Context, _ httpapi.Call, in *keepQuery) (word, error) {
			k.mu.Lock()
			defer k.mu.Unlock()
			k.all = append(k.all, *in)
			return word{}, nil
		})
	}})
	total := 100_000
	if testing.Short() {
		total = 4_000
	}
	const workers = 8
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			c, err := net.Dial("tcp", strings.TrimPrefix(h.api, "http://"))
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close() //nolint:errcheck // a connection of the test
			r := bufio.NewReader(c)
			for i, depth := 0, 1; i < total/workers; i, depth = i+depth, depth%32+1 {
				depth = min(depth, total/workers-i)
				var packet bytes.Buffer
				for j := range depth {
					n := fmt.Sprintf("%d-%06d", w, i+j)
					body := `{"word":"b` + n + `"}`
					fmt.Fprintf(&packet, "POST /v1/test-keep/n%s?q=q%s HTTP/1.1\r\nHost: x\r\nX-Field: f%s\r\n"+
						"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", n, n, n, len(body), body)
				}
				_, _ = c.Write(packet.Bytes())
				for range depth {
					if status, err := skim(r); err != nil || status != "HTTP/1.1 200 OK" {
						t.Errorf("%s: %v", status, err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	wrong := 0
	for _, in := range k.all {
		n := strings.TrimPrefix(in.Name, "n")
		if in.Query != "q"+n || in.Field != "f"+n || in.Body.Word != "b"+n || seen[n] {
			wrong++
		}
		seen[n] = true
	}
	if wrong > 0 || len(seen) != total {
		t.Errorf("%d of %d kept requests changed; %d of %d names are there", wrong, len(k.all), len(seen), total)
	}
}

// Clients that hang up leave nothing behind.
func TestF118_GoroutinesStayFlat(t *testing.T) { //nolint:paralleltest // counts the process's goroutines
	h := open(t, setup{config: httpapi.Config{ReadTimeout: 2 * time.Second}, routes: func(_ *house, s *httpapi.Server) {
		httpapi.Query(s, httpapi.Route{
			Method: "GET", Path: "/v1/test-slow", Summary: "Slow", Who: httpapi.Anyone(),
			Deadline: 50 * time.Millisecond,
		}, func(ctx context.Context, _ httpapi.Call, _ *struct{}) (word, error) {
			<-ctx.Done()
			return word{}, ctx.Err()
		})
		// Idle workers are no leak: they go after ten seconds, which is long for a test.
		s.ForgetIdleWorkers(time.Second)
	}})
	cancel := func() {
		c, err := net.Dial("tcp", strings.TrimPrefix(h.api, "http://"))
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(c, "GET /v1/test-slow HTTP/1.1\r\nHost: x\r\n\r\n")
		_ = c.Close()
	}
	total := 10_000
	if testing.Short() {
		total = 500
	}
	h.expect(request{method: "GET", path: "/v1/test-words/1", bank: "psbc-1"}, 404, "")
	const slack = 20 // connections of the pool and of this client come and go
	before := runtime.NumGoroutine()
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for range total / 8 {
				cancel()
			}
		})
	}
	clients.Wait()
	// When the idle workers are gone, as many are left as were there.
	after := 0
	for range 600 {
		if after = runtime.NumGoroutine(); after <= before+slack {
			return
		}
		<-time.After(100 * time.Millisecond)
	}
	stacks := make([]byte, 1<<20)
	t.Errorf("%d goroutines before, %d after %d cancelled requests:\n%s", before, after, total,
		stacks[:runtime.Stack(stacks, true)])
}

// A stop waits for running requests, and for nobody who says nothing.
func TestStopDoesNotWaitForSilentCallers(t *testing.T) {
	t.Parallel()
	var silent []net.Conn
	var stopped time.Time
	t.Run("server", func(t *testing.T) { //nolint:paralleltest // its end is what the outer test measures
		h := open(t, setup{})
		for _, base := range []string{h.api, h.api, h.upload} {
			c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			silent = append(silent, c)
		}
		// One of them asked something, and keeps its connection.
		_, _ = io.WriteString(silent[0], "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
		res, err := http.ReadResponse(bufio.NewReader(silent[0]), nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		h.expect(request{method: "GET", path: "/healthz"}, 200, "")
		stopped = time.Now()
	})
	if took := time.Since(stopped); took > 3*time.Second {
		t.Errorf("the stop took %s", took)
	}
	for _, c := range silent {
		_ = c.Close()
	}
}

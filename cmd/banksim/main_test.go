package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"twoline/adapters/httpapi/signature"
)

// signed is a gateway with one batch of two debits that believes only the key.
type signed struct {
	t     *testing.T
	key   signature.Key
	mu    sync.Mutex
	acked bool
	// pays says that there is a disbursement batch of two payments.
	pays  bool
	seen  map[string]int
	posts map[string]string
}

func (g *signed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		g.t.Error(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.believe(r, body); err != nil {
		g.t.Errorf("%s %s: %v", r.Method, r.URL, err)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	g.seen[r.Method+" "+r.URL.Path]++
	if r.Method != http.MethodGet {
		g.posts[r.Method+" "+r.URL.Path] = string(body)
	}
	switch {
	case r.URL.Path == "/v1/withholding-batches" && !g.acked:
		_, _ = io.WriteString(w, `{"items":[{"id":"5","batch_no":"00000005","account":"9001","count":2,`+
			`"amount":"300.00","digest":"d","file_name":"f","status":"sending"}]}`)
	case r.URL.Path == "/v1/disbursement-batches" && g.pays:
		_, _ = io.WriteString(w, `{"items":[{"id":"6","batch_no":"00000006","account":"9002","count":2,`+
			`"amount":"110.00","digest":"d","file_name":"f","status":"sending","pay_day":"2026-11-25",`+
			`"settlement":"gross","month":"2026-11"}]}`)
	case r.URL.Path == "/v1/disbursement-batches/6/items":
		_, _ = io.WriteString(w, `{"items":[{"item_id":"61","seq":1,"amount":"55.00","account":"a1","name":"王"},`+
			`{"item_id":"62","seq":2,"amount":"55.00","account":"a2","name":"李"}]}`)
	case strings.HasSuffix(r.URL.Path, "/items"):
		_, _ = io.WriteString(w, `{"items":[{"item_id":"51","seq":1,"amount":"100.00","account":"a1","name":"王"},`+
			`{"item_id":"52","seq":2,"amount":"200.00","account":"a2","name":"李"}]}`)
	case strings.HasSuffix(r.URL.Path, "/acknowledgement"):
		if strings.HasPrefix(r.URL.Path, "/v1/disbursement-batches") {
			g.pays = false
		} else {
			g.acked = true
		}
		_, _ = io.WriteString(w, `{}`)
	default:
		_, _ = io.WriteString(w, `{"items":[]}`)
	}
}

func (g *signed) believe(r *http.Request, body []byte) error {
	m := signature.OfRequest(r)
	m.Authority = r.Host
	p, err := signature.Parse(m)
	if err != nil {
		return err
	}
	if err := p.Verify(g.key, time.Now(), time.Minute); err != nil {
		return err
	}
	if len(body) > 0 && r.Header.Get("Content-Digest") == "" {
		return errors.New("a body without its digest")
	}
	return nil
}

func (g *signed) did(what string) (int, string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.seen[what], g.posts[what]
}

// buffer is written by the program and read by the test.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// program runs banksim until it is told to stop.
func program(t *testing.T, args ...string) (stop func() (code int, out string), address string, log *buffer) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, log := &buffer{}, &buffer{}
	code := make(chan int, 1)
	go func() { code <- run(ctx, args, streams{out: out, err: log}) }()
	stop = sync.OnceValues(func() (int, string) {
		cancel()
		select {
		case c := <-code:
			return c, out.String()
		case <-time.After(time.Minute):
			t.Fatal("banksim does not stop")
			return -1, ""
		}
	})
	t.Cleanup(func() { stop() })
	listens := regexp.MustCompile(`"listen":"([^"]+)"`)
	for range 1000 {
		if found := listens.FindStringSubmatch(log.String()); found != nil {
			return stop, "http://" + found[1], log
		}
		<-time.After(5 * time.Millisecond)
	}
	t.Fatalf("banksim does not serve: %s", log)
	return nil, "", nil
}

func keygen(t *testing.T, more ...string) string {
	t.Helper()
	prefix := filepath.Join(t.TempDir(), "bank")
	var out, log buffer
	code := run(t.Context(), append([]string{"keygen", "--out", prefix}, more...), streams{out: &out, err: &log})
	if code != exitOK {
		t.Fatalf("keygen: %d, %s", code, log.String())
	}
	return prefix
}

func newGateway(t *testing.T, keyFile string) (*signed, string) {
	t.Helper()
	text, err := os.ReadFile(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	key, err := signature.ParseKeyFile("sandbox-1", text)
	if err != nil {
		t.Fatal(err)
	}
	g := &signed{t: t, key: key, seen: map[string]int{}, posts: map[string]string{}}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	return g, server.URL
}

func TestServeSignsDebitsAnswersAndStops(t *testing.T) {
	t.Parallel()
	for _, secret := range []bool{false, true} {
		t.Run(fmt.Sprint("secret ", secret), func(t *testing.T) {
			t.Parallel()
			prefix, verify := keygen(t), ".pub"
			if secret {
				prefix, verify = keygen(t, "--secret"), ".key"
			}
			g, url := newGateway(t, prefix+verify)
			state := filepath.Join(t.TempDir(), "state")
			args := []string{
				"serve", "--gateway", url, "--upload", url, "--keyid", "sandbox-1", "--key-file", prefix + ".key",
				"--listen", "127.0.0.1:0", "--interval", "5ms", "--state", state, "--day", "2026-11-25", "--json",
			}
			stop, address, _ := program(t, args...)
			waitFor(t, func() bool { n, _ := g.did("POST /v1/arrivals"); return n == 1 })
			waitFor(t, func() bool { n, _ := g.did("POST /v1/withholding-batches/5/results"); return n == 1 })
			if text := get(t, address+"/healthz"); !strings.Contains(text, "true") {
				t.Errorf("health: %s", text)
			}
			code, out := stop()
			var status struct {
				Batches int    `json:"batches"`
				Sum     string `json:"sum"`
			}
			err := json.Unmarshal([]byte(out), &status)
			if err != nil || status.Batches != 1 || status.Sum != "0.00" || code != 0 {
				t.Errorf("exit code %d, report %q, %v", code, out, err)
			}
			_, results := g.did("POST /v1/withholding-batches/5/results")
			if strings.Count(results, `"outcome":"succeeded"`) != 2 || !strings.Contains(results, `"amount":"300.00"`) {
				t.Errorf("results %s", results)
			}
			// A second life from the state debits nothing, although the batch is offered again.
			g.mu.Lock()
			g.acked = false
			g.mu.Unlock()
			before, _ := g.did("GET /v1/withholding-batches")
			stop, address, _ = program(t, args...)
			waitFor(t, func() bool { n, _ := g.did("GET /v1/withholding-batches"); return n > before+2 })
			if text := get(t, address+"/customers/a1"); !strings.Contains(text, `"debits":1`) {
				t.Errorf("after the restart: %s", text)
			}
			stop()
		})
	}
}

func TestACrashIsExitCode1AndTheNextLifeAnswers(t *testing.T) {
	t.Parallel()
	prefix := keygen(t)
	g, url := newGateway(t, prefix+".pub")
	args := []string{
		"serve", "--gateway", url, "--upload", url, "--keyid", "sandbox-1", "--key-file", prefix + ".key",
		"--listen", "127.0.0.1:0", "--interval", "5ms", "--state", filepath.Join(t.TempDir(), "state"),
		"--day", "2026-11-25", "--crash-after-debit",
	}
	var out, log buffer
	if code := run(t.Context(), args, streams{out: &out, err: &log}); code != exitFound {
		t.Fatalf("exit code %d: %s", code, log.String())
	}
	if n, _ := g.did("POST /v1/withholding-batches/5/results"); n != 0 {
		t.Fatal("it answered before it crashed")
	}
	stop, address, _ := program(t, args...)
	waitFor(t, func() bool { n, _ := g.did("POST /v1/withholding-batches/5/results"); return n == 1 })
	if text := get(t, address+"/customers/a2"); !strings.Contains(text, `"debits":1`) {
		t.Errorf("after the restart: %s", text)
	}
	if code, _ := stop(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
}

func TestServePaysAndGivesBack(t *testing.T) {
	t.Parallel()
	prefix := keygen(t)
	g, url := newGateway(t, prefix+".pub")
	g.acked, g.pays = true, true
	args := []string{
		"serve", "--gateway", url, "--upload", url, "--keyid", "sandbox-1", "--key-file", prefix + ".key",
		"--listen", "127.0.0.1:0", "--interval", "5ms", "--day", "2026-11-25", "--json",
		"--fund-account", "9002=110.00", "--payout-settlement", "itemised", "--returns", "1000",
		"--return-after-days", "2", "--return-within-days", "2", "--no-returns-after", "2026-11-28",
		"--return-notices", "twice", "--payout-reject", "limit=0", "--payout-late-days", "1",
	}
	stop, address, _ := program(t, args...)
	// The bank decides when it pays once its acknowledgement was answered: the day must
	// not turn before that.
	waitFor(t, func() bool { return strings.Contains(get(t, address+"/payouts/6"), `"stage":"acknowledged"`) })
	post(t, address+"/day", `{"day":"2026-11-26"}`)
	waitFor(t, func() bool { n, _ := g.did("POST /v1/disbursement-batches/6/results"); return n == 1 })
	_, results := g.did("POST /v1/disbursement-batches/6/results")
	if strings.Count(results, `"outcome":"succeeded"`) != 2 || strings.Count(results, `"value_date":"2026-11-26"`) != 2 {
		t.Errorf("results %s", results)
	}
	if text := get(t, address+"/payouts/6"); !strings.Contains(text, `"settlement":"itemised"`) {
		t.Errorf("payout %s", text)
	}
	waitFor(t, func() bool { return strings.Contains(get(t, address+"/fund-accounts/9002"), `"P6-000002"`) })
	if text := get(t, address+"/behaviour"); !strings.Contains(text, `"no_returns_after":"2026-11-28"`) {
		t.Errorf("behaviour %s", text)
	}
	post(t, address+"/day", `{"day":"2026-11-28"}`)
	waitFor(t, func() bool { n, _ := g.did("POST /v1/returns"); return n == 2 })
	if _, notice := g.did("POST /v1/returns"); !strings.Contains(notice, `{"count":2,"amount":"110.00","returns":[`) {
		t.Errorf("returns %s", notice)
	}
	if text := get(t, address+"/fund-accounts/9002"); !strings.Contains(text, `"balance":"110.00"`) {
		t.Errorf("account %s", text)
	}
	if code, out := stop(); code != exitOK || !strings.Contains(out, `"sum":"0.00"`) {
		t.Errorf("exit code %d, %s", code, out)
	}
}

func post(t *testing.T, url, body string) {
	t.Helper()
	r, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Body.Close(); err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("POST %s %s: %d, %v", url, body, r.StatusCode, err)
	}
}

func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for range 4000 {
		if done() {
			return
		}
		<-time.After(5 * time.Millisecond)
	}
	t.Fatal("nothing happened")
}

func get(t *testing.T, url string) string {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r.Body)
	if err := errors.Join(err, r.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWrongUsage(t *testing.T) {
	t.Parallel()
	prefix := keygen(t)
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	head := "number,name,id_number,balance,state,mandates\n"
	good := []string{
		"serve", "--gateway=http://127.0.0.1:1", "--upload=http://127.0.0.1:1", "--keyid=k", "--listen=127.0.0.1:0",
		"--key-file=" + prefix + ".key",
	}
	tests := []struct {
		give []string
		want string
	}{
		{[]string{}, "hint: banksim --help"},
		{[]string{"swerve"}, "swerve"},
		{[]string{"serve"}, "missing flags"},
		{append(good, "--gateway=nowhere"), "gateway and upload are addresses"},
		{append(good, "--key-file="+folder+"/none"), "hint: banksim keygen"},
		{append(good, "--key-file="+write("bad.key", "no key")), "neither PEM nor one line"},
		{append(good, "--format=fax"), "--format"},
		{append(good, "--format=iso20022"), "--format"},
		{append(good, "--format=unionpay", "--charset=gb18030"), "the files of format unionpay are in"},
		{append(good, "--format=rural-cooperative", "--charset=utf-8"), "--charset"},
		{append(good, "--day=2026-02-30"), "--day"},
		{append(good, "--late-days=-1"), "late_days"},
		{append(good, "--reject=mood=5"), "reject"},
		{append(good, "--payout-reject=short=5"), "payout.reject"},
		{append(good, "--payout-settlement=branches"), "--payout-settlement"},
		{append(good, "--returns=1001"), "payout.returns"},
		{append(good, "--no-returns-after=2026-13-01"), "--no-returns-after"},
		{append(good, "--open-unknown=12"), "--open-unknown"},
		{append(good, "--interval=0s"), "--interval"},
		{append(good, "--fund-account=900=1"), "--fund-account 900"},
		{append(good, "--accounts="+folder+"/none"), "no such file"},
		{append(good, "--accounts="+write("head.csv", "a,b\n")), "hint: the header is number,name"},
		{append(good, "--accounts="+write("sum.csv", head+"1,a,b,5.00,,*\n2,a,b,5,,\n")), "line 3: balance"},
		{append(good, "--accounts="+write("short.csv", head+"1,a\n")), "line 2"},
		{append(good, "--accounts="+write("twice.csv", head+"1,a,b,5.00,,*\n1,a,b,5.00,,\n")), "account 2 of the list"},
		{append(good, "--state="+write("state", "{}")), "whole saved state"},
		{append(good, "--listen=256.0.0.1:1"), "hint: choose another --listen"},
		{[]string{"keygen", "--out=" + prefix}, "never overwritten"},
	}
	for _, tt := range tests {
		var out, log buffer
		code := run(t.Context(), tt.give, streams{out: &out, err: &log})
		said := log.String()
		if code != exitUsage || !strings.Contains(said, tt.want) || !strings.HasPrefix(said, "banksim: ") {
			t.Errorf("banksim %q: %d, %s", tt.give, code, log.String())
		}
	}
}

func TestAccountsAreReadFromCSV(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.csv")
	text := "\uFEFFnumber,name,id_number,balance,state,mandates\r\n" +
		"6217,王小一,6103,5.00,frozen,M1;M2\r\n6218,李,,0.00,,\r\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var got []string
	for a, err := range accounts(path) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(a))
	}
	want := "{6217 王小一 6103 5.00 frozen [M1 M2]} {6218 李  0.00  []}"
	if strings.Join(got, " ") != want {
		t.Errorf("got %s", got)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--help"}, {"serve", "--help"}, {"keygen", "--help"}} {
		var out, log buffer
		if code := run(t.Context(), args, streams{out: &out, err: &log}); code != exitOK || log.String() != "" {
			t.Errorf("banksim %q: %d, %s", args, code, log.String())
		}
		if !strings.Contains(out.String(), "Usage: banksim") {
			t.Errorf("banksim %q prints %s", args, out.String())
		}
	}
}

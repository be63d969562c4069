package signature_test

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/httpapi/signature"
)

// runClient runs the Python client, which needs python3 and openssl: their
// absence fails the test.
func runClient(t *testing.T, arguments ...string) (output, complaint string, code int) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "python3", append([]string{"-I", "client/sign.py"}, arguments...)...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil && command.ProcessState == nil {
		t.Fatalf("python3 client/sign.py: %v", err)
	}
	return stdout.String(), stderr.String(), command.ProcessState.ExitCode()
}

func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The Python client, written from doc.go, makes the vectors byte for byte.
func TestPythonClientMakesTheVectors(t *testing.T) {
	t.Parallel()
	made := 0
	for _, v := range readVectors(t).Valid {
		if v.URL == "" {
			continue // a request that no command line describes
		}
		made++
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			arguments := []string{
				"--key-file", writeFile(t, "key", vectorKeys()[v.Key].Private), "--keyid", v.Key, "--print-base",
				"--method", v.Method, "--url", v.URL, "--nonce", v.Nonce,
				"--created", strconv.FormatInt(v.Created, 10), "--lifetime", strconv.FormatInt(v.Lifetime, 10),
			}
			if v.Body != "" {
				arguments = append(arguments, "--body", writeFile(t, "body", v.Body),
					"--idempotency-key", v.header("Idempotency-Key"))
			}
			want := v.Base + "\n\n"
			for _, h := range v.Headers {
				want += h[0] + ": " + h[1] + "\n"
			}
			got, complaint, code := runClient(t, arguments...)
			if diff := cmp.Diff(want, got); diff != "" || code != 0 {
				t.Errorf("exit %d, %s (-want +got):\n%s", code, complaint, diff)
			}
		})
	}
	if made < 20 {
		t.Errorf("only %d vectors were made", made)
	}
}

func TestPythonClientIsTakenByAServer(t *testing.T) {
	t.Parallel()
	for _, id := range []string{hmacID, ed25519ID} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			g, server := newGate(t, time.Now)
			key := writeFile(t, "key", vectorKeys()[id].Private)
			body := writeFile(t, "body", `{"count":1,"amount":"183.10"}`)
			send := func(arguments ...string) (string, int) {
				arguments = append(arguments, "--key-file", key, "--keyid", id, "--send")
				output, complaint, code := runClient(t, arguments...)
				return output + complaint, code
			}
			post := []string{
				"--method", "POST", "--url", server.URL + "/v1/returns?dry_run=true", "--body", body,
				"--idempotency-key", "returns-1",
			}
			for range 2 { // the same again: a new nonce under the old idempotency key
				if got, code := send(post...); got != "200 OK\ntook POST /v1/returns?dry_run=true" || code != 0 {
					t.Errorf("exit %d, got %q", code, got)
				}
			}
			get := []string{"--method", "GET", "--url", server.URL + "/v1/items?item_id=%E4%B9%A1"}
			if got, code := send(get...); got != "200 OK\ntook GET /v1/items?item_id=%E4%B9%A1" || code != 0 {
				t.Errorf("exit %d, got %q", code, got)
			}
			want := []string{`{"count":1,"amount":"183.10"}`, `{"count":1,"amount":"183.10"}`, ""}
			if diff := cmp.Diff(want, g.taken()); diff != "" {
				t.Errorf("bodies (-want +got):\n%s", diff)
			}
			late := append([]string{"--created", strconv.FormatInt(time.Now().Unix()-400, 10)}, get...)
			if got, code := send(late...); got != "401 Unauthorized\nsignature_expired\n" || code != 1 {
				t.Errorf("exit %d, got %q", code, got)
			}
			nonce := append([]string{"--nonce", "0123456789abcdef"}, get...)
			if got, code := send(nonce...); code != 0 {
				t.Errorf("exit %d, got %q", code, got)
			}
			if got, code := send(nonce...); got != "401 Unauthorized\nnonce_used\n" || code != 1 {
				t.Errorf("exit %d, got %q", code, got)
			}
		})
	}
}

// What the client prints can be sent by any other program.
func TestPythonClientPrintsHeadersThatVerify(t *testing.T) {
	t.Parallel()
	output, complaint, code := runClient(t, "--key-file", writeFile(t, "key", rfcPrivate), "--keyid", ed25519ID,
		"--method", "DELETE", "--url", "https://pay.example.cn/v1/session", "--idempotency-key", "k-1")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, complaint)
	}
	header := http.Header{}
	for line := range strings.Lines(output) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		header.Add(name, value)
	}
	presented, err := signature.Parse(signature.Message{
		Method: "DELETE", Authority: "pay.example.cn", Path: "/v1/session", NoBody: true, Header: header.Values,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := presented.Verify(parsedKeys(t)[ed25519ID], time.Now(), time.Minute); err != nil {
		t.Error(err)
	}
}

func TestPythonClientRefusesWhatTheProfileDoes(t *testing.T) {
	t.Parallel()
	key := writeFile(t, "key", rfcSecret)
	start := func(more ...string) []string {
		whole := []string{"--key-file", key, "--keyid", "k", "--method", "GET", "--url", "https://pay.example.cn/"}
		return append(whole, more...)
	}
	tests := map[string][]string{
		"short nonce":     start("--nonce", "short"),
		"long life":       start("--lifetime", "301"),
		"no life":         start("--lifetime", "0"),
		"long key id":     start("--keyid", strings.Repeat("k", 65)),
		"other scheme":    start("--url", "ftp://pay.example.cn/"),
		"user in the URL": start("--url", "https://me@pay.example.cn/"),
		"URL not encoded": start("--url", "https://pay.example.cn/乡"),
		"no body file":    start("--body", "/nowhere/at/all"),
		"public key":      start("--key-file", writeFile(t, "public", rfcPublic)),
		"short secret":    start("--key-file", writeFile(t, "short", "AAAA")),
		"broken PEM":      start("--key-file", writeFile(t, "broken", strings.Replace(rfcPrivate, "MC4", "MC5", 1))),
		"no method":       {"--key-file", key, "--keyid", "k", "--url", "https://pay.example.cn/"},
	}
	for name, arguments := range tests {
		output, complaint, code := runClient(t, arguments...)
		if code != 2 || output != "" || strings.Contains(complaint, "Traceback") {
			t.Errorf("%s: exit %d, %q, %s", name, code, output, complaint)
		}
	}
}

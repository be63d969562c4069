package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestArgumentsOfGoTest(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ give, want string }{
		{"", "test -race -timeout=45m ./..."},
		{"-short -race=false", "test -race -timeout=45m -short -race=false ./..."},
		{"-run=X ./gateway/...", "test -race -timeout=45m -run=X ./gateway/..."},
		{"-v . -args -deep ./x", "test -race -timeout=45m -v . -args -deep ./x"},
		{"-v -args ./x", "test -race -timeout=45m -v ./... -args ./x"},
	} {
		got := strings.Join(testArguments(strings.Fields(test.give)), " ")
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.give, diff)
		}
	}
}

func TestArgumentsOfTheDemonstration(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ give, want string }{
		{"", "demo --scale village"},
		{"--json", "demo --scale village --json"},
		{"--json --scale county", "demo --json --scale county"},
		{"--scale=county", "demo --scale=county"},
	} {
		got := strings.Join(demoArguments(strings.Fields(test.give)), " ")
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.give, diff)
		}
	}
}

func TestHelpAndWrongUsage(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		give           string
		code           int
		stdout, stderr string
	}{
		{"--help", 0, usage, ""},
		{"demo --help", 0, demoHelp, ""},
		{"test -h", 0, testHelp, ""},
		{"fuzz -help", 0, fuzzHelp, ""},
		{"fuzz -time -1s", exitUsage, "", "dev: that is not how it is used: -time must be a duration, such as 30s\n"},
		{"", exitUsage, "", usage},
		{"tset", exitUsage, "", "dev: there is no command \"tset\"\n" + usage},
	} {
		var stdout, stderr bytes.Buffer
		screen := terminal{getenv: os.Getenv, stdout: &stdout, stderr: &stderr}
		code := run(t.Context(), strings.Fields(test.give), screen)
		if code != test.code || stdout.String() != test.stdout || stderr.String() != test.stderr {
			t.Errorf("%q: exit %d, said %q, %q", test.give, code, stdout.String(), stderr.String())
		}
	}
}

func TestServersThatAreGivenAreNotNeeded(t *testing.T) {
	t.Parallel()
	given := map[string]string{"TWOLINE_TEST_DATABASE_URL": "postgres://one", "DATABASE_URL": "postgres://two"}
	getenv := preferTestServers(func(name string) string { return given[name] })
	if got := getenv("DATABASE_URL"); got != "postgres://one" {
		t.Errorf("the tests would use %s", got)
	}
	got := needed(terminal{getenv: getenv, stdout: nil, stderr: nil}, "python3")
	if diff := cmp.Diff([]string{"redis-server", "python3"}, got); diff != "" {
		t.Errorf("needed (-want +got):\n%s", diff)
	}
}

// scratch is a module of its own in which the built command is run.
type scratch struct {
	dir, dev string
}

func newScratch(t *testing.T, files map[string]string) scratch {
	t.Helper()
	s := scratch{dir: t.TempDir(), dev: filepath.Join(t.TempDir(), "dev")}
	files["go.mod"] = "module scratch\n\ngo 1.26\n"
	for name, text := range files {
		path := filepath.Join(s.dir, name)
		err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644))
		if err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", s.dev, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return s
}

// command runs dev in the scratch module with servers of its own.
func (s scratch) command(args ...string) *exec.Cmd {
	cmd := exec.Command(s.dev, args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "DATABASE_URL=", "REDIS_URL=", testDatabaseURL+"=", testRedisURL+"=")
	return cmd
}

// scratchTest proves that somebody listens where it was sent, fails, or waits.
const scratchTest = `package scratch

import (
	"net"
	"net/url"
	"os"
	"strconv"
	"testing"
	"time"
)

func TestServers(t *testing.T) {
	for _, name := range []string{"TWOLINE_TEST_DATABASE_URL", "TWOLINE_TEST_REDIS_URL"} {
		address, err := url.Parse(os.Getenv(name))
		if err != nil {
			t.Fatal(err)
		}
		conn, err := net.Dial("tcp", address.Host)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		t.Log(address.Host)
	}
}

func TestFails(t *testing.T) { t.Fatal("on purpose") }

func TestWaits(t *testing.T) {
	os.WriteFile("waiting.new", []byte(strconv.Itoa(os.Getpid())), 0o644)
	os.Rename("waiting.new", "waiting")
	time.Sleep(time.Minute)
}
`

func exitOf(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit == nil {
		return 0
	}
	return exit.ExitCode()
}

func TestTestRunsOnServersOfItsOwn(t *testing.T) {
	t.Parallel()
	s := newScratch(t, map[string]string{"scratch_test.go": scratchTest})
	out, err := s.command("test", "-race=false", "-v", "-run=TestServers").CombinedOutput()
	if code := exitOf(t, err); code != 0 {
		t.Fatalf("exit %d:\n%s", code, out)
	}
	for _, want := range []string{
		"started a private PostgreSQL at postgres://postgres:xxxxx@127.0.0.1:", "started a private Redis",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("it did not say %q:\n%s", want, out)
		}
	}
	out, err = s.command("test", "-race=false", "-run=TestFails").CombinedOutput()
	if code := exitOf(t, err); code != 1 || !strings.HasSuffix(string(out), "FAIL\n") {
		t.Errorf("a failing test: exit %d:\n%s", code, out)
	}
}

// eventually waits for what another process does in its own time.
func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	limit := time.After(time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !yes() {
		select {
		case <-limit:
			t.Fatalf("still not so after a minute: %s", what)
		case <-tick.C:
		}
	}
}

// waiting starts dev with a test that waits, and returns the test's process.
func (s scratch) waiting(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	pid := 0
	eventually(t, "the test waits", func() bool {
		text, err := os.ReadFile(filepath.Join(s.dir, "waiting"))
		if err != nil {
			return false
		}
		pid, err = strconv.Atoi(string(text))
		return err == nil
	})
	return pid
}

func gone(pid int) func() bool {
	return func() bool {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return true
		}
		// In a container the first process may never bury the dead.
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		return err == nil && bytes.Contains(stat, []byte(") Z"))
	}
}

func TestSignalsEndEverything(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			s := newScratch(t, map[string]string{"scratch_test.go": scratchTest})
			cmd := s.command("test", "-race=false", "-run=TestWaits")
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			pid := s.waiting(t, cmd)
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if code := exitOf(t, cmd.Wait()); code != exitInterrupted {
				t.Errorf("exit %d:\n%s", code, out.String())
			}
			eventually(t, "the test is gone", gone(pid))
		})
	}
}

func TestEndsWithItsParent(t *testing.T) {
	t.Parallel()
	s := newScratch(t, map[string]string{"scratch_test.go": scratchTest})
	// The shell is what go run would be: it starts dev and is killed.
	dev := s.command("test", "-race=false", "-run=TestWaits")
	parent := exec.Command("sh", append([]string{"-c", `"$@" & wait`, "sh"}, dev.Args...)...)
	parent.Dir, parent.Env = dev.Dir, dev.Env
	pid := s.waiting(t, parent)
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	eventually(t, "the test is gone", gone(pid))
}

func TestDemoBuildsAndRuns(t *testing.T) {
	t.Parallel()
	s := newScratch(t, map[string]string{"cmd/twoline/main.go": `package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Println(os.Args[1:])
	os.Exit(7)
}
`})
	cmd := s.command("demo", "--json")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	// It also has to work below the root of the module.
	cmd.Dir = filepath.Join(s.dir, "cmd")
	code := exitOf(t, cmd.Run())
	if code != 7 || stdout.String() != "[demo --scale village --json]\n" {
		t.Errorf("exit %d, said %q\n%s", code, stdout.String(), stderr.String())
	}
	if err := os.Remove(filepath.Join(s.dir, "cmd/twoline/main.go")); err != nil {
		t.Fatal(err)
	}
	if code := exitOf(t, s.command("demo").Run()); code != 1 {
		t.Errorf("a program that does not build: exit %d", code)
	}
}

// scratchFuzz are targets of which one finds what is wrong.
const scratchFuzz = `package scratch

import "testing"

func FuzzTakesAll(f *testing.F) {
	f.Add("a")
	f.Fuzz(func(t *testing.T, give string) {})
}

func FuzzTakesShort(f *testing.F) {
	f.Add("a")
	f.Fuzz(func(t *testing.T, give string) {
		if len(give) > 3 {
			t.Fatal("too long")
		}
	})
}

func Fuzzy(f *testing.F) { f.Fatal("no target") }
`

func TestFuzzFindsTheTargetsAndNamesTheInputThatFails(t *testing.T) {
	t.Parallel()
	s := newScratch(t, map[string]string{
		"scratch.go": "package scratch\n", "part/part_test.go": scratchFuzz, "other_test.go": "package scratch\n",
	})
	run := func(args ...string) (code int, stdout, stderr string) {
		t.Helper()
		var out, said bytes.Buffer
		cmd := s.command(append([]string{"fuzz"}, args...)...)
		cmd.Stdout, cmd.Stderr = &out, &said
		return exitOf(t, cmd.Run()), out.String(), said.String()
	}
	code, stdout, stderr := run("-time", "1s", "FuzzTakesAll", "./part")
	if want := regexp.MustCompile(`^scratch/part FuzzTakesAll: [1-9]\d* executions, \d+ new inputs kept, \d+ in all\n$`); code != 0 ||
		!want.MatchString(stdout) || !strings.Contains(stderr, "1 fuzz targets for 1s each") {
		t.Errorf("exit %d, said %q, %q", code, stdout, stderr)
	}
	code, stdout, stderr = run("-time=20s")
	kept := regexp.MustCompile(`fails for the input (part/testdata/fuzz/FuzzTakesShort/[0-9a-f]+)\n`).FindStringSubmatch(stderr)
	if code != exitFailed || len(kept) != 2 || strings.Contains(stdout, "TakesShort") ||
		!strings.Contains(stderr, "too long") || !strings.Contains(stderr, "2 fuzz targets for 20s each") {
		t.Fatalf("exit %d, said %q, %q", code, stdout, stderr)
	}
	if _, err := os.Stat(filepath.Join(s.dir, kept[1])); err != nil {
		t.Error(err)
	}
	// An input that was kept fails before anything else is tried.
	if code, _, stderr := run("FuzzTakesShort"); code != exitFailed || !strings.Contains(stderr, "too long") {
		t.Errorf("exit %d, said %q", code, stderr)
	}
	for _, none := range []string{"FuzzNone", "Fuzzy", "./nowhere"} {
		if code, stdout, stderr := run(none); code != exitFailed || stdout != "" || !strings.Contains(stderr, none[2:]) {
			t.Errorf("%s: exit %d, said %q, %q", none, code, stdout, stderr)
		}
	}
}

func TestTheEndOfTheFuzzersTimeIsNoFailure(t *testing.T) {
	t.Parallel()
	const before = "fuzz: elapsed: 5s, execs: 7 (2/sec), new interesting: 1 (total: 9)\n--- FAIL: FuzzRead (5.10s)\n"
	for give, want := range map[string]bool{
		before + "    context deadline exceeded\nFAIL\n":                                 true,
		before + "    read_test.go:7: context deadline exceeded\nFAIL\n":                 false,
		before + "    context deadline exceeded\n    Failing input written to x\nFAIL\n": false,
		"panic: context deadline exceeded\nFAIL\n":                                       false,
	} {
		if got := timeOver(give); got != want {
			t.Errorf("%q: %t", give, got)
		}
	}
	if got := progress(before); got != "7 executions, 1 new inputs kept, 9 in all" {
		t.Errorf("it says %q", got)
	}
}

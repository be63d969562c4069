package trial_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"twoline/adapters/trial"
)

const (
	clusterFile = "etc/postgresql-common/createcluster.d/twoline.conf"
	policyFile  = "usr/sbin/policy-rc.d"
)

// machine is a Debian of one folder: its apt-get notes what it saw.
type machine struct {
	root string
	trial.Host
}

const fakeApt = `#!/bin/sh
set -eu
echo "$@" >>"$MACHINE/apt.log"
[ "$1" != update ] || exit "$UPDATE_STATUS"
cat "$MACHINE/` + clusterFile + `" >"$MACHINE/cluster.seen"
cp "$MACHINE/` + policyFile + `" "$MACHINE/policy.seen"
echo "$DEBIAN_FRONTEND" >"$MACHINE/frontend.seen"
for last; do touch "$MACHINE/installed.$last"; done
exit "$INSTALL_STATUS"
`

const fakeSudo = `#!/bin/sh
[ "$1" = -n ] || exit 1
shift
echo "$1" >>"$MACHINE/sudo.log"
exit_status=${SUDO_STATUS:-0}
[ "$exit_status" = 0 ] || exit "$exit_status"
exec "$@"
`

func newMachine(t *testing.T, settings ...string) *machine {
	t.Helper()
	root := t.TempDir()
	bin := filepath.Join(root, "bin")
	for _, dir := range []string{bin, filepath.Join(root, "usr/sbin")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"apt-get": fakeApt, "sudo": fakeSudo, "systemctl": "#!/bin/sh\necho \"$@\" >>\"$MACHINE/systemctl.log\"\n",
	} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	environ := append(os.Environ(), "MACHINE="+root, "UPDATE_STATUS=0", "INSTALL_STATUS=0",
		"PATH="+bin+":"+os.Getenv("PATH"))
	m := &machine{root: root}
	m.Host = trial.Host{
		OS: "linux", Root: true, Prefix: root,
		Look:    func(name string) (string, error) { return exec.LookPath(filepath.Join(bin, name)) },
		Present: func(need string) bool { return exists(filepath.Join(root, "installed."+need)) },
		Environ: append(environ, settings...),
	}
	return m
}

func (m *machine) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(m.root, name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

// tidy proves that the files of one installation are gone.
func (m *machine) tidy(t *testing.T) {
	t.Helper()
	for _, name := range []string{clusterFile, policyFile} {
		if exists(filepath.Join(m.root, name)) {
			t.Errorf("%s was left behind", name)
		}
	}
}

func TestInstallSaysWhatItDoesAndTidiesUp(t *testing.T) {
	t.Parallel()
	// The update fails as with a broken third-party source; the install goes on.
	m := newMachine(t, "UPDATE_STATUS=100")
	var out bytes.Buffer
	if err := trial.InstallOn(t.Context(), &out, []string{"postgresql", "redis-server"}, m.Host); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	said, _, _ := strings.Cut(out.String(), "\n")
	if said != "Not installed here: postgresql redis-server" {
		t.Errorf("first it said %q", said)
	}
	if got := m.read(t, "cluster.seen"); got != "create_main_cluster = false\n" {
		t.Errorf("while installing, the cluster file was %q", got)
	}
	if got := m.read(t, "policy.seen"); !strings.HasSuffix(got, "exit 101\n") {
		t.Errorf("while installing, the policy was %q", got)
	}
	if got := m.read(t, "frontend.seen"); got != "noninteractive\n" {
		t.Errorf("front end %q", got)
	}
	if got := m.read(t, "apt.log"); !strings.HasSuffix(got, " postgresql redis-server\n") {
		t.Errorf("apt-get was called with %q", got)
	}
	if got := m.read(t, "systemctl.log"); got != "disable --quiet redis-server\n" {
		t.Errorf("systemctl was called with %q", got)
	}
	m.tidy(t)
}

func TestInstallOnlyWhatIsMissing(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	if err := os.WriteFile(filepath.Join(m.root, "installed.openssl"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := trial.InstallOn(t.Context(), &out, []string{"openssl"}, m.Host); err != nil || out.Len() > 0 {
		t.Errorf("nothing was missing: %v, said %q", err, out.String())
	}
	if exists(filepath.Join(m.root, "apt.log")) {
		t.Error("nothing was missing, and apt-get was called")
	}
	if err := trial.InstallOn(t.Context(), &out, []string{"openssl", "python3"}, m.Host); err != nil {
		t.Fatal(err)
	}
	if got := m.read(t, "apt.log"); strings.Contains(got, "openssl") || !strings.HasSuffix(got, " python3\n") {
		t.Errorf("apt-get was called with %q", got)
	}
	if exists(filepath.Join(m.root, "systemctl.log")) {
		t.Error("a service was disabled that was not installed")
	}
}

func TestInstallKeepsTheSystemsPolicy(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	const own = "#!/bin/sh\nexit 104\n"
	if err := os.WriteFile(filepath.Join(m.root, policyFile), []byte(own), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := trial.InstallOn(t.Context(), new(bytes.Buffer), []string{"python3"}, m.Host); err != nil {
		t.Fatal(err)
	}
	if seen, kept := m.read(t, "policy.seen"), m.read(t, policyFile); seen != own || kept != own {
		t.Errorf("the system's policy became %q, then %q", seen, kept)
	}
}

func TestInstallMendsAKilledRun(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	left := "#!/bin/sh\n# written by twoline for the time of one installation\nexit 101\n"
	if err := os.WriteFile(filepath.Join(m.root, policyFile), []byte(left), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := trial.InstallOn(t.Context(), new(bytes.Buffer), []string{"python3"}, m.Host); err != nil {
		t.Fatal(err)
	}
	m.tidy(t)
}

func TestInstallThatFailsTidiesUp(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "INSTALL_STATUS=100")
	err := trial.InstallOn(t.Context(), new(bytes.Buffer), []string{"redis-server"}, m.Host)
	if !errors.Is(err, trial.ErrMissing) ||
		!strings.Contains(err.Error(), "sudo apt-get install --no-install-recommends redis-server") {
		t.Errorf("a failed installation = %v", err)
	}
	m.tidy(t)
}

func TestInstallThatIsNotEnough(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	// The distribution's own PostgreSQL may be too old.
	m.Present = func(string) bool { return false }
	err := trial.InstallOn(t.Context(), new(bytes.Buffer), []string{"postgresql"}, m.Host)
	if !errors.Is(err, trial.ErrMissing) || !strings.Contains(err.Error(), "https://apt.postgresql.org") {
		t.Errorf("a PostgreSQL that is still missing = %v", err)
	}
}

func TestInstallWithSudo(t *testing.T) {
	t.Parallel()
	t.Run("without a password", func(t *testing.T) {
		t.Parallel()
		m := newMachine(t)
		m.Root = false
		if err := trial.InstallOn(t.Context(), new(bytes.Buffer), []string{"python3"}, m.Host); err != nil {
			t.Fatal(err)
		}
		if got := m.read(t, "sudo.log"); got != "true\nsh\n" {
			t.Errorf("sudo ran %q", got)
		}
		m.tidy(t)
	})
	t.Run("with a password", func(t *testing.T) {
		t.Parallel()
		m := newMachine(t, "SUDO_STATUS=1")
		m.Root = false
		var out bytes.Buffer
		err := trial.InstallOn(t.Context(), &out, []string{"python3"}, m.Host)
		want := "type: sudo apt-get install --no-install-recommends python3"
		if !errors.Is(err, trial.ErrMissing) || !strings.HasSuffix(err.Error(), want) || out.Len() > 0 {
			t.Errorf("error %v, said %q", err, out.String())
		}
		if exists(filepath.Join(m.root, "apt.log")) {
			t.Error("apt-get was called")
		}
	})
}

func TestInstallElsewhereNamesTheCommand(t *testing.T) {
	t.Parallel()
	need := []string{"postgresql", "redis-server", "build-essential"}
	for _, test := range []struct {
		os   string
		give []string
		want string
	}{
		{"darwin", []string{"brew", "apt-get"}, "type: brew install postgresql@17 redis gcc"},
		{"linux", []string{"dnf"}, "type: sudo dnf install postgresql-server redis gcc glibc-devel"},
		{"linux", []string{"apk"}, "type: sudo apk add postgresql redis build-base"},
		{"linux", []string{"pacman"}, "type: sudo pacman -S postgresql redis base-devel"},
		{"freebsd", nil, "type: install postgresql, redis-server, build-essential with your system's package manager " +
			"and put them in PATH"},
	} {
		m := newMachine(t)
		m.OS = test.os
		m.Look = func(name string) (string, error) {
			if slices.Contains(test.give, name) {
				return "/usr/bin/" + name, nil
			}
			return "", exec.ErrNotFound
		}
		err := trial.InstallOn(t.Context(), new(bytes.Buffer), need, m.Host)
		if !errors.Is(err, trial.ErrMissing) || !strings.HasSuffix(err.Error(), test.want) {
			t.Errorf("%s with %v: %v, want … %s", test.os, test.give, err, test.want)
		}
	}
}

func TestNothingMissingHere(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	err := trial.Install(t.Context(), &out, []string{"postgresql", "redis-server", "sh"})
	if err != nil || out.Len() > 0 {
		t.Errorf("this machine runs both servers: %v, said %q", err, out.String())
	}
}

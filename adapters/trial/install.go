package trial

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// ErrMissing is returned when a program is missing and could not be installed.
// The error's text holds the command to type.
var ErrMissing = errors.New("programs are missing")

//go:embed install.sh
var aptScript string

// host is the machine that Install looks at and changes.
type host struct {
	os string
	// root says that we may change the system without sudo.
	root bool
	// prefix stands before every system folder that is written to.
	prefix string
	// look finds a program by name, as exec.LookPath does.
	look func(name string) (string, error)
	// present says that a need is met.
	present func(ctx context.Context, need string) bool
	// environ is what the installing commands see.
	environ []string
}

// Install makes the needed programs available: each need is the name of a
// Debian package: postgresql, build-essential (a C compiler), or one that is
// known by its program, such as redis-server, libxml2-utils or openssh-sftp-server. When
// nothing is missing it says nothing and changes nothing. Where apt-get is at
// hand, it first tells out what it will do and then does it, as root or by
// sudo without a password; no cluster is created and no service started.
// Elsewhere, and where sudo asks for a password, the error wraps ErrMissing
// and names the exact command.
func Install(ctx context.Context, out io.Writer, need []string) error {
	return install(ctx, out, need, host{
		os: runtime.GOOS, root: os.Geteuid() == 0, prefix: "", look: exec.LookPath, present: present,
		environ: os.Environ(),
	})
}

func install(ctx context.Context, out io.Writer, need []string, h host) error {
	missing := h.missing(ctx, need)
	if len(missing) == 0 {
		return nil
	}
	command, err := h.aptCommand(ctx, missing)
	if err != nil {
		return err
	}
	names := strings.Join(missing, " ")
	_, err = fmt.Fprintf(out, "Not installed here: %s\n"+
		"Installing with apt-get update and apt-get install.\n"+
		"While it runs, %s keeps Debian from creating a database cluster\n"+
		"and %s from starting services; both files are removed afterwards, and nothing is left running.\n",
		names, h.prefix+clusterFile, h.prefix+policyFile)
	if err != nil {
		return fmt.Errorf("say what will be installed: %w", err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), command[0], command[1:]...)
	cmd.Env = h.environ
	cmd.Stdout, cmd.Stderr = out, out
	// An interrupted dpkg leaves a half-configured system: give it time.
	if err := Run(ctx, cmd, time.Minute); err != nil {
		return fmt.Errorf("%w: %s: apt-get did not install them (%w); type: %s",
			ErrMissing, names, err, h.advice(missing))
	}
	if still := h.missing(ctx, missing); len(still) > 0 {
		return fmt.Errorf("%w: %s: apt-get installed what it has, and it is not enough "+
			"(PostgreSQL has to be %d or newer; older systems get it from https://apt.postgresql.org)",
			ErrMissing, strings.Join(still, " "), oldestPostgres)
	}
	return nil
}

const (
	clusterFile = "/etc/postgresql-common/createcluster.d/twoline.conf"
	policyFile  = "/usr/sbin/policy-rc.d"
)

func (h host) missing(ctx context.Context, need []string) []string {
	var missing []string
	for _, name := range need {
		if !h.present(ctx, name) {
			missing = append(missing, name)
		}
	}
	return missing
}

// aptCommand is the command that installs packages, or an error that says what
// the reader has to type instead.
func (h host) aptCommand(ctx context.Context, packages []string) ([]string, error) {
	refuse := func(why string) error {
		return fmt.Errorf("%w: %s: %s; type: %s", ErrMissing, strings.Join(packages, " "), why, h.advice(packages))
	}
	if _, err := h.look("apt-get"); h.os != "linux" || err != nil {
		return nil, refuse("they cannot be installed from here")
	}
	shell := []string{"sh", "-c", aptScript, "install", h.prefix + clusterFile, h.prefix + policyFile}
	shell = append(shell, packages...)
	if h.root {
		return shell, nil
	}
	sudo, err := h.look("sudo")
	if err != nil {
		return nil, refuse("installing needs root, and there is no sudo")
	}
	probe := exec.CommandContext(ctx, sudo, "-n", "true")
	probe.Env = h.environ
	if err := probe.Run(); err != nil {
		return nil, refuse("installing needs root, and sudo asks for a password")
	}
	return slices.Concat([]string{sudo, "-n"}, shell), nil
}

// advice is the command by which the reader installs packages.
func (h host) advice(packages []string) string {
	for _, m := range packageManagers() {
		if _, err := h.look(m.program); err != nil || m.os != h.os {
			continue
		}
		var names []string
		for _, name := range packages {
			if own, ok := m.names[name]; ok {
				name = own
			}
			names = append(names, name)
		}
		return m.install + " " + strings.Join(names, " ")
	}
	return "install " + strings.Join(packages, ", ") + " with your system's package manager and put them in PATH"
}

// packageManager is how one kind of system installs by hand.
type packageManager struct {
	os, program, install string
	// names holds what a Debian package is called there, where it differs.
	names map[string]string
}

func packageManagers() []packageManager {
	redHat := map[string]string{
		"postgresql": "postgresql-server", "redis-server": "redis", "build-essential": "gcc glibc-devel",
		"libxml2-utils": "libxml2", "openssh-sftp-server": "openssh-server",
	}
	return []packageManager{
		{"linux", "apt-get", "sudo apt-get install --no-install-recommends", nil},
		{"linux", "dnf", "sudo dnf install", redHat},
		{"linux", "yum", "sudo yum install", redHat},
		{"linux", "zypper", "sudo zypper install", redHat},
		{"linux", "apk", "sudo apk add", map[string]string{
			"redis-server": "redis", "build-essential": "build-base", "openssh-sftp-server": "openssh-sftp-server",
		}},
		{"linux", "pacman", "sudo pacman -S", map[string]string{
			"redis-server": "redis", "python3": "python", "build-essential": "base-devel",
			"libxml2-utils": "libxml2", "openssh-sftp-server": "openssh",
		}},
		{"darwin", "brew", "brew install", map[string]string{
			"postgresql": "postgresql@17", "redis-server": "redis", "openssl": "openssl@3", "build-essential": "gcc",
			"libxml2-utils": "libxml2", "openssh-sftp-server": "openssh",
		}},
	}
}

// sftpServers are the places where systems put OpenSSH's sftp-server, which is in no PATH.
func sftpServers() []string {
	return []string{
		"/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server",
		"/usr/libexec/sftp-server",
	}
}

// present says that a need is met. PostgreSQL's programs are often not in
// PATH, and a compiler is known by the name that Go calls.
func present(ctx context.Context, need string) bool {
	program := need
	switch need {
	case "postgresql":
		_, err := findPostgres(ctx)
		return err == nil
	case "build-essential":
		program = "gcc"
		if runtime.GOOS == "darwin" {
			program = "clang"
		}
	case "libxml2-utils":
		program = "xmllint"
	case "openssh-sftp-server":
		return slices.ContainsFunc(sftpServers(), func(path string) bool {
			_, err := os.Stat(path)
			return err == nil
		})
	}
	_, err := exec.LookPath(program)
	return err == nil
}

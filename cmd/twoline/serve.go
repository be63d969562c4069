package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"

	"github.com/lmittmann/tint"
	"golang.org/x/term"

	"twoline/adapters/postgres"
)

type serveCommand struct{}

// Help names the environment.
func (*serveCommand) Help() string {
	return `Configuration comes from the environment; a secret may stand in a file named by the
same variable with _FILE.

  TWOLINE_DATABASE_URL      the application's role on PostgreSQL 15 or newer (needed)
  TWOLINE_REDIS_URL         hints only; without it everything works, slower
  TWOLINE_HINT_SECRET       32 characters or more, where Redis is used
  TWOLINE_LISTEN            the API                (127.0.0.1:8080)
  TWOLINE_UPLOAD_LISTEN     files of any size      (127.0.0.1:8081)
  TWOLINE_OPS_LISTEN        metrics, never public  (127.0.0.1:9090)
  TWOLINE_PUBLIC_URL        what callers dial and sign, behind a proxy
  TWOLINE_UPLOAD_URL        the same for the upload address
  TWOLINE_BANK_FOLDERS      banks that give and take files in a folder: rcc=/srv/rcc,psbc=/srv/psbc;
                            ours lie in outbox, theirs in inbox; every process sees the same folders
  TWOLINE_BANK_SFTP         banks with such a folder on a server of theirs: rcc=sftp://user@host:22/path
  TWOLINE_BANK_SFTP_KEYS    files of our private keys, mode 0600: rcc=/run/secrets/rcc_key
  TWOLINE_BANK_SFTP_KNOWN_HOSTS   files that pin the servers' keys, as ssh-keyscan writes them, compared with
                            what the bank says: rcc=/etc/twoline/known_hosts; another key is refused
  TWOLINE_BANK_SFTP_PASSWORDS     files of passwords, where a server asks for one besides the key
  TWOLINE_BANK_MARKERS      those whose files count from their marker on, NAME.ok: rcc
  TWOLINE_BANK_POLL         how often folders are looked at (5s); our own files go out at once
  TWOLINE_PROFILES          folder of your own profiles, one YAML a bank and direction, beside the shipped
                            ones; every process has the same. A bank's format names its profile
  TWOLINE_PROOF_KEY_FILE    PEM file of the private key that signs cycle proofs; twoline admin proof-key
                            makes it with the public key for the auditors
  TWOLINE_TLS_CERT          PEM file of the gateway's certificate; with it both addresses speak TLS
  TWOLINE_TLS_KEY           PEM file of its key
  TWOLINE_TLS_CLIENT_CA     PEM file of the authorities of the banks' certificates; a certificate is
                            of the bank whose code is its common name, and only that bank's keys sign
                            over its connection
  TWOLINE_TLS_CLIENT_CERTIFICATES   who must show one: optional, banks or all (optional)`
}

// Run serves until the process is told to stop.
func (*serveCommand) Run(a *app) error {
	c, err := readConfig(a.getenv)
	if err != nil {
		return err
	}
	if err := c.validate(); err != nil {
		return err
	}
	log := newLog(a)
	g, err := wire(a.ctx, c, wallClocks(), log)
	if err != nil {
		return err
	}
	if err := g.selfCheck(a.ctx, c); err != nil {
		g.close()
		return err
	}
	l, err := listen(a.ctx, c)
	if err != nil {
		g.close()
		return err
	}
	log.InfoContext(a.ctx, "serving", slog.String("api", addressOf(l.API)), slog.String("upload", addressOf(l.Upload)),
		slog.String("operations", addressOf(l.Ops)), slog.String("version", version))
	err = g.run(a.ctx, l)
	log.InfoContext(context.WithoutCancel(a.ctx), "stopped")
	return err
}

func addressOf(l net.Listener) string { return l.Addr().String() }

// selfCheck refuses to serve where the gateway's promises could not be kept.
func (g *gateway) selfCheck(ctx context.Context, c config) error {
	for _, check := range g.checks(c) {
		err := check.Probe(ctx)
		if err == nil {
			continue
		}
		if check.Required {
			return fmt.Errorf("start-up check %s: %w", check.Name, err)
		}
		g.log.WarnContext(ctx, "start-up check failed, serving degraded", slog.String("check", check.Name),
			slog.Any("error", err))
	}
	return nil
}

// newLog writes coloured lines on a terminal and JSON elsewhere.
func newLog(a *app) *slog.Logger {
	if f, ok := a.std.err.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return slog.New(tint.NewTextHandler(f, nil))
	}
	return slog.New(slog.NewJSONHandler(a.std.err, nil))
}

type migrateCommand struct{}

// Help names the environment.
func (*migrateCommand) Help() string {
	return `Reads TWOLINE_MIGRATE_DATABASE_URL, the owner's role, and TWOLINE_DATABASE_URL, whose
user it makes where it does not exist. It may run again at any time, and beside running services.`
}

// Run migrates.
func (*migrateCommand) Run(a *app) error {
	c, err := readConfig(a.getenv)
	if err != nil {
		return err
	}
	if c.MigrateDatabaseURL == "" {
		return hinted{
			errConfig.With("TWOLINE_MIGRATE_DATABASE_URL is not set"),
			"name the database's owner, for example postgres://postgres:PASSWORD@127.0.0.1:5432/twoline",
		}
	}
	if err := postgres.Migrate(a.ctx, c.MigrateDatabaseURL, c.DatabaseURL); err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.std.out, "the schema is up to date")
	return err
}

type checkConfigCommand struct {
	JSON bool `help:"Print the report as JSON." name:"json"`
}

type configReport struct {
	Checks []configCheck `json:"checks"`
	OK     bool          `json:"ok"`
}

type configCheck struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Text string `json:"text,omitempty"`
}

// Run proves the configuration without serving.
func (cmd *checkConfigCommand) Run(a *app) error {
	c, err := readConfig(a.getenv)
	if err == nil {
		err = c.validate()
	}
	r := configReport{Checks: []configCheck{{"configuration", err == nil, textOf(err)}}, OK: err == nil}
	if err == nil {
		g, err := wire(a.ctx, c, wallClocks(), slog.New(slog.DiscardHandler))
		r.add("database", true, err)
		if err == nil {
			defer g.close()
			for _, check := range g.checks(c) {
				r.add(check.Name, check.Required, check.Probe(a.ctx))
			}
			for _, check := range g.channelChecks() {
				r.add(check.Name, check.Required, check.Probe(a.ctx))
			}
		}
	}
	if cmd.JSON {
		err = printJSON(a.std.out, r)
	} else {
		err = r.print(a)
	}
	if err == nil && !r.OK {
		return errFound
	}
	return err
}

func (r *configReport) add(name string, required bool, err error) {
	r.Checks = append(r.Checks, configCheck{name, err == nil, textOf(err)})
	if required && err != nil {
		r.OK = false
	}
}

func (r *configReport) print(a *app) error {
	var errs []error
	for _, c := range r.Checks {
		word := "ok     "
		if !c.OK {
			word = "MISSING"
		}
		_, err := fmt.Fprintf(a.std.out, "%s  %-14s %s\n", word, c.Name, c.Text)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func textOf(err error) string {
	if err == nil {
		return ""
	}
	if h, ok := errors.AsType[hinted](err); ok {
		return err.Error() + "; " + h.hint
	}
	return err.Error()
}

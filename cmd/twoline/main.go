// Command twoline is the gateway: the service, its schema, its checks, its
// imports and its demonstration, one subcommand each.
//
// main is signals, run, and one exit; run can be called by a test.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"

	"twoline/gateway/fault"
)

// memoryLimit is the resident size that the collector aims below, unless
// GOMEMLIMIT says another: a process of ours stays under 256 MiB.
const memoryLimit = 184 << 20

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}, os.Getenv)
	stop()
	os.Exit(code)
}

// streams is what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// The exit codes of every command.
const (
	exitOK    = 0
	exitFound = 1
	exitUsage = 2
)

// errFound says that a check found something: the report was printed already.
var errFound = errors.New("the check found something")

// commands is the command line. Every command has --help and --json.
type commands struct {
	Demo        demoCommand        `cmd:"" help:"Live a whole loop on a private PostgreSQL and Redis that it starts and stops itself."`
	Serve       serveCommand       `cmd:"" help:"Run the service: the API, the upload address, the operations port and the background work."`
	Migrate     migrateCommand     `cmd:"" help:"Bring the database's schema up to date, as its owner."`
	CheckConfig checkConfigCommand `cmd:"" name:"check-config" help:"Prove the configuration and the environment before the start."`
	Convert     convertCommand     `cmd:"" help:"Read a bank file and write it as canonical JSON Lines. Needs no database."`
	Reconcile   reconcileCommand   `cmd:"" help:"Match statement files against an exported book. Needs no database."`
	Calculate   calculateCommand   `cmd:"" help:"Tell a member's account and pension, and which rules made each figure. Needs no database."`
	Verify      verifyCommand      `cmd:"" help:"Prove the invariants on the live database, read-only."`
	Import      importCommand      `cmd:"" help:"Import a registry from CSV, with an answer per line."`
	Admin       adminCommand       `cmd:"" help:"Make the first users and the banks' keys."`
	Sign        signCommand        `cmd:"" help:"Sign one request for a script."`
	Audit       auditCommand       `cmd:"" help:"Check a signed proof, far from any database."`
	Export      exportCommand      `cmd:"" help:"Export the book of one fund account, or the papers of a month."`
	Bench       benchCommand       `cmd:"" help:"Measure, each figure beside its limit of the same run, as a ratio."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
}

// app is what every command's Run is given.
type app struct {
	ctx    context.Context //nolint:containedctx // kong binds values, not arguments
	std    streams
	getenv func(string) string
}

// run is the whole program for one command line; it returns the exit code.
func run(ctx context.Context, args []string, std streams, getenv func(string) string) int {
	var cli commands
	exited := -1
	parser, err := kong.New(&cli, kong.Name("twoline"),
		kong.Description("A payment gateway for the resident pension under two-line fund management."),
		kong.Writers(std.out, std.err), kong.UsageOnError(), kong.Exit(func(code int) { exited = code }))
	if err != nil {
		fmt.Fprintln(std.err, "twoline:", err)
		return exitUsage
	}
	parsed, err := parser.Parse(args)
	if exited == exitOK {
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(std.err, "twoline: %v\n", err)
		fmt.Fprintln(std.err, "hint: twoline --help lists the commands, twoline COMMAND --help their flags")
		return exitUsage
	}
	err = parsed.Run(&app{ctx: ctx, std: std, getenv: getenv})
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFound):
		return exitFound
	}
	return report(std.err, err)
}

// hinted is an error with a line on what to do.
type hinted struct {
	error

	hint string
}

// Unwrap returns the error.
func (h hinted) Unwrap() error { return h.error }

// report prints an error as one line, and a hint line where one helps.
func report(w io.Writer, err error) int {
	fmt.Fprintf(w, "twoline: %v\n", err)
	if h, ok := errors.AsType[hinted](err); ok {
		fmt.Fprintf(w, "hint: %s\n", h.hint)
	}
	switch fault.KindOf(err) {
	case fault.Internal, fault.Unavailable, fault.Conflict, fault.TooMany:
		return exitFound
	case fault.Invalid, fault.Unauthenticated, fault.Forbidden, fault.NotFound, fault.Unprocessable, fault.TooLarge:
		return exitUsage
	}
	return exitFound
}

type versionCommand struct{}

// Run prints the version.
func (*versionCommand) Run(a *app) error {
	_, err := fmt.Fprintln(a.std.out, "twoline "+version)
	return err
}

const version = "0.1.0"

// Command banksim is a simulated partner bank: a sandbox for a bank's engineer
// and the other side of trials. It fetches batches from a gateway, debits and
// pays in a ledger of its own, answers, reports arrivals and returns, issues
// statements, and misbehaves on request.
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
	"syscall"

	"github.com/alecthomas/kong"

	"twoline/adapters/bank/simbank"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{out: os.Stdout, err: os.Stderr})
	stop()
	os.Exit(code)
}

// streams is what a command writes to.
type streams struct{ out, err io.Writer }

// The exit codes of every command.
const (
	exitOK = 0
	// exitFound is a bank that crashed, or whose accounts do not sum to 0.00.
	exitFound = 1
	exitUsage = 2
)

const about = `A simulated partner bank for a twoline gateway.

To try the gateway as a bank would, make a key, have the gateway register its public half
(twoline admin bank-key), which gives it an id, and start the bank:

    banksim keygen --out mybank
    banksim serve --keyid ID --key-file mybank.key \
        --gateway http://127.0.0.1:8080 --upload http://127.0.0.1:8081

The same --seed makes the same choices, byte for byte.`

type commands struct {
	Serve  serveCommand  `cmd:"" help:"Run the bank: poll the gateway, debit, pay, answer, issue statements."`
	Keygen keygenCommand `cmd:"" help:"Make a key for the sandbox: to sign with, and to be registered."`
}

// app is what every command's Run is given.
type app struct {
	ctx context.Context //nolint:containedctx // kong binds values, not arguments
	std streams
}

// hinted is an error with a line on what to do.
type hinted struct {
	error

	hint string
}

// Unwrap returns the error.
func (h hinted) Unwrap() error { return h.error }

// run is the whole program for one command line; it returns the exit code.
func run(ctx context.Context, args []string, std streams) int {
	var cli commands
	exited := -1
	parser, err := kong.New(&cli, helps(), kong.Name("banksim"), kong.Description(about),
		kong.Writers(std.out, std.err),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, FlagsLast: true}),
		kong.Exit(func(code int) { exited = code }))
	if err != nil {
		return report(std.err, err)
	}
	parsed, err := parser.Parse(args)
	if exited == exitOK {
		return exitOK
	}
	if err != nil {
		err = hinted{err, "banksim --help lists the commands, banksim COMMAND --help their flags"}
		return report(std.err, err)
	}
	return report(std.err, parsed.Run(&app{ctx: ctx, std: std}))
}

// errUnequal is a bank whose own book does not balance.
var errUnequal = errors.New("the bank's accounts do not sum to 0.00")

// report prints an error as one line, and a hint line where one helps, and
// returns the exit code.
func report(w io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	text := fmt.Sprintf("banksim: %v\n", err)
	if h, ok := errors.AsType[hinted](err); ok {
		text += fmt.Sprintf("hint: %s\n", h.hint)
	}
	// Where even standard error is gone, the exit code is what is left to say.
	_, _ = io.WriteString(w, text)
	if errors.Is(err, simbank.ErrCrashed) || errors.Is(err, errUnequal) {
		return exitFound
	}
	return exitUsage
}

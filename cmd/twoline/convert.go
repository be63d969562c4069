package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"twoline/adapters/bank/delimited"
	"twoline/adapters/bank/iso20022"
	"twoline/adapters/bank/jsonl"
	"twoline/gateway/bank"
	"twoline/gateway/fault"
)

// convertCommand reads one bank file. Exit code 1 says that the file contradicts
// itself somewhere; 2 that it could not be read whole.
type convertCommand struct {
	From string `help:"Format of the file: camt.052, camt.053, camt.054, jsonl, or a rural-cooperative-* layout. Detected when not named."`
	To   string `default:"jsonl" enum:"jsonl" help:"Format to write: jsonl."`
	File string `arg:"" help:"The file; - is standard input."`
}

var errConvert = fault.New(fault.Invalid, "convert", "the file cannot be read")

// layouts are the built-in text formats, which no first bytes tell apart.
func layouts() []delimited.Layout {
	return []delimited.Layout{
		delimited.RuralCooperativeWithholding(), delimited.RuralCooperativePayout(),
		delimited.RuralCooperativeAccountOpening(), delimited.RuralCooperativeAccountsOpened(),
		delimited.RuralCooperativeAccountsRefused(), delimited.RuralCooperativeResultSucceeded(),
		delimited.RuralCooperativeResultFailed(), delimited.RuralCooperativePayoutFailed(),
	}
}

// Run reads and writes.
func (cmd *convertCommand) Run(a *app) error {
	in := a.std.in
	if cmd.File != "-" {
		f, err := os.Open(cmd.File)
		if err != nil {
			return errConvert.With("%v", err)
		}
		defer f.Close() //nolint:errcheck // read only
		in = f
	}
	out := bufio.NewWriterSize(a.std.out, 1<<16)
	w := jsonl.NewWriter(out)
	problems := 0
	err := cmd.read(a.ctx, in, func(r bank.Record) error {
		if p, ok := r.(bank.Problem); ok && p.Severity == bank.SeverityError {
			problems++
		}
		return w.Write(r)
	})
	if err == nil {
		err = w.Close()
	}
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	if err != nil {
		return errConvert.With("%s: %v", cmd.File, err)
	}
	if problems > 0 {
		return errFound
	}
	return nil
}

// read finds the reader for the format, by name or by the first bytes.
func (cmd *convertCommand) read(ctx context.Context, in io.Reader, emit bank.Emit) error {
	buffered := bufio.NewReaderSize(in, 1<<16)
	from := cmd.From
	if from == "" {
		head, err := buffered.Peek(512)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if format, ok := iso20022.Detect(head); ok {
			from = format
		} else if strings.HasPrefix(strings.TrimSpace(string(head)), "{") {
			from = "jsonl"
		}
	}
	switch {
	case from == "jsonl":
		return jsonl.Read(ctx, buffered, emit)
	case strings.HasPrefix(from, "camt."):
		return iso20022.Read(ctx, buffered, emit)
	}
	var names []string
	for _, l := range layouts() {
		if l.Name == from {
			_, err := delimited.Read(ctx, buffered, l, emit)
			return err
		}
		names = append(names, l.Name)
	}
	if from == "" {
		return fmt.Errorf("the format is not told by the first bytes; name it with --from: camt.053, jsonl, %s",
			strings.Join(names, ", "))
	}
	return fmt.Errorf("format %q is none of camt.052, camt.053, camt.054, jsonl, %s", from, strings.Join(names, ", "))
}

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"twoline/adapters/bank/message"
	"twoline/adapters/bank/mt940"
	"twoline/adapters/bank/profile"
	"twoline/gateway/bank"
	"twoline/gateway/fault"
)

// convertCommand reads one bank file and writes it in another form. Exit code 1
// says that the file contradicts itself somewhere, or that the check of a profile
// found something; 2 that the file could not be read or written whole.
type convertCommand struct {
	From      string `help:"Format of the file, such as camt.053, mt940, beps.383, jsonl, delimited, fixed-width or xlsx. Detected when not named."`
	Profile   string `placeholder:"FILE" help:"YAML of a bank's files, or a shipped one by its name, such as rural-cooperative.collection: to read delimited, fixed-width and xlsx, or to write where the file itself needs none."`
	Part      string `help:"Which file of the bank's answer it is, where its name does not say it, such as S or F."`
	Charset   string `help:"Of a delimited or fixed-width file of several charsets, or of an MT940: gb18030, gbk, utf-8, latin-1, cp850, cp852."`
	To        string `help:"Format to write: jsonl (when nothing is said), pain.001, pain.008, camt.053, mt940, beps.380, beps.382, delimited, fixed-width or xlsx."`
	ToProfile string `name:"to-profile" placeholder:"FILE" help:"YAML of the bank to write for, where --profile is what the file is read by."`
	Bank      string `help:"Code of the bank, where a name or a row of its file carries it."`
	Area      string `help:"Six digits, where a name or a message id of the bank's file carries it."`
	Date      string `help:"Day on which the file is made, where it carries one; today when not said."`
	Strict    bool   `help:"End with 1 where the new form cannot hold a fact of the file."`
	Check     bool   `help:"Prove the profile on its own examples, and write nothing."`
	Schema    bool   `help:"Print the JSON schema of profiles, for editors."`
	JSON      bool   `name:"json" help:"Print what was lost, or found by --check, as JSON."`
	File      string `arg:"" optional:"" help:"The file; - is standard input."`
}

var errConvert = fault.New(fault.Invalid, "convert", "the file cannot be converted")

// Run converts or checks.
func (cmd *convertCommand) Run(a *app) error {
	switch {
	case cmd.Schema:
		_, err := a.std.out.Write(profile.Schema())
		return err //nolint:wrapcheck // the terminal's
	case cmd.Check:
		return cmd.check(a)
	case cmd.File == "":
		return hinted{errConvert.With("no file is named"), "twoline convert FILE, or - for standard input"}
	}
	in, err := cmd.open(a)
	if err != nil {
		return err
	}
	defer in.close()
	if err := in.tell(a.ctx, cmd); err != nil {
		return err
	}
	out, err := cmd.target(in)
	if err != nil {
		return err
	}
	if out == nil {
		return in.print(a)
	}
	return cmd.write(a, in, out)
}

// input is the file that is read, from its start as often as needed.
type input struct {
	name string
	file *os.File
	// read emits its records.
	read func(ctx context.Context, emit bank.Emit) error
	// by is the profile that it is read by, or nil.
	by *profile.Profile
}

func (in *input) close() { _ = in.file.Close() }

// open returns the file; what comes on a pipe is laid down first, since codecs of
// large files read twice.
func (cmd *convertCommand) open(a *app) (*input, error) {
	in := &input{name: cmd.File} //nolint:exhaustruct // told later
	source := a.std.in
	if cmd.File != "-" {
		f, err := os.Open(cmd.File)
		if err != nil {
			return nil, errConvert.With("%v", err)
		}
		info, err := f.Stat()
		if err != nil || info.IsDir() {
			return nil, errors.Join(errConvert.With("%s is no file", cmd.File), f.Close())
		}
		if info.Mode().IsRegular() {
			in.file = f
			return in, nil
		}
		defer f.Close() //nolint:errcheck // read only
		source = f
	}
	spool, err := spoolFile("twoline-convert-*")
	if err != nil {
		return nil, err
	}
	in.file = spool
	_, err = io.Copy(spool, source)
	if err == nil {
		_, err = spool.Seek(0, io.SeekStart)
	}
	if err != nil {
		in.close()
		return nil, fmt.Errorf("spool the input: %w", err)
	}
	return in, nil
}

// spoolFile is a file without a name: its bytes live as long as it is open.
func spoolFile(pattern string) (*os.File, error) {
	f, err := os.CreateTemp("", pattern)
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	_ = os.Remove(f.Name())
	return f, nil
}

// rowFormats are those that a profile describes.
func rowFormats() []string { return []string{"delimited", "fixed-width", "xlsx"} }

// messageFormats are those that say themselves what they are.
func messageFormats() []string {
	return []string{
		"camt.029", "camt.052", "camt.053", "camt.054", "pain.001", "pain.002", "pain.008", "pacs.004", "mt940", "mt942",
		"beps.380", "beps.381", "beps.382", "beps.383", "beps.388", "beps.389", message.JSONL,
	}
}

// tell finds the reader of the file: by its name, by a profile, or by its first bytes.
func (in *input) tell(ctx context.Context, cmd *convertCommand) error {
	if cmd.From != "" && !slices.Contains(rowFormats(), cmd.From) &&
		!slices.ContainsFunc(messageFormats(), func(f string) bool { return message.IsOf(cmd.From, f) }) {
		return errConvert.With("format %q is none of %s", cmd.From, strings.Join(append(messageFormats(), rowFormats()...), ", "))
	}
	head, _, err := message.Peek(in.file)
	if err != nil {
		return errConvert.With("%s: %v", in.name, err)
	}
	format, told := message.Detect(head)
	rows := slices.Contains(rowFormats(), cmd.From) || cmd.From == "" && !told
	switch {
	case !rows && !told:
		return errConvert.With("%s: the first bytes are not those of %s", in.name, cmd.From)
	case !rows && cmd.From != "" && !message.IsOf(format, cmd.From):
		return errConvert.With("%s: the file is %s, and not %s", in.name, format, cmd.From)
	case !rows:
		charset, err := mt940.ParseCharset(cmd.Charset)
		if err != nil && strings.HasPrefix(format, "mt") {
			return errConvert.With("--charset: %v", err)
		}
		in.read = func(ctx context.Context, emit bank.Emit) error {
			return message.Read(ctx, in.file, message.Options{Format: cmd.From, Charset: charset}, emit)
		}
		return nil
	case cmd.Profile != "":
		return in.byProfile(cmd)
	case cmd.From != "":
		return hinted{
			errConvert.With("%s needs a profile", cmd.From),
			"name a YAML file with --profile, or one of " + strings.Join(shippedNames(), ", "),
		}
	}
	return in.guess(ctx, cmd)
}

// byProfile has a profile read the file: an answer of the bank, or a file of ours,
// as its name, --part or its content says.
func (in *input) byProfile(cmd *convertCommand) error {
	p, err := openProfile(cmd.Profile)
	if err != nil {
		return err
	}
	if cmd.From != "" && !slices.Contains(p.Formats(), cmd.From) {
		return errConvert.With("%s describes no %s file", cmd.Profile, cmd.From)
	}
	in.by = p
	in.read = func(ctx context.Context, emit bank.Emit) error {
		return p.ReadAlone(ctx, cmd.own(), profile.Source{ //nolint:exhaustruct // it comes alone
			Name: baseName(in.name), Part: cmd.Part,
		}, in.file, emit)
	}
	return nil
}

// own is the bank of a profile's files.
func (cmd *convertCommand) own() profile.Bank {
	return profile.Bank{Code: cmd.Bank, BankNo: "", Charset: cmd.Charset}
}

// guess tries every shipped profile on a file that nothing else tells.
func (in *input) guess(ctx context.Context, cmd *convertCommand) error {
	found, err := profile.Candidates(ctx, profile.Shipped(), cmd.own(), baseName(in.name), cmd.Part, in.file)
	if err != nil {
		return errConvert.With("%s: %v", in.name, err)
	}
	switch len(found) {
	case 0:
		return hinted{
			errConvert.With("%s: the first bytes do not say what the file is, and no shipped profile reads it", in.name),
			"name it with --from, or give the bank's profile with --profile",
		}
	case 1:
		in.by = found[0].Profile
		in.read = func(ctx context.Context, emit bank.Emit) error { return found[0].Read(ctx, cmd.own(), in.file, emit) }
		return nil
	}
	names := make([]string, len(found))
	for i, c := range found {
		names[i] = c.String()
	}
	return hinted{
		errConvert.With("%s may be any of: %s", in.name, strings.Join(names, "; ")),
		"choose one with --profile NAME, and with --part where it is an answer",
	}
}

func baseName(path string) string {
	if path == "-" {
		return ""
	}
	return path[strings.LastIndexAny(path, `/\`)+1:]
}

// records reads the file from its start.
func (in *input) records(ctx context.Context, emit bank.Emit) error {
	if _, err := in.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read the file from its start: %w", err)
	}
	return in.read(ctx, emit)
}

// print writes canonical JSON Lines.
func (in *input) print(a *app) error {
	out := bufio.NewWriterSize(a.std.out, 1<<16)
	problems, err := in.lines(a.ctx, out)
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	if err != nil {
		return errConvert.With("%s: %v", in.name, err)
	}
	if problems > 0 {
		return errFound
	}
	return nil
}

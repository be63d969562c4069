package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"    //nolint:depguard // the standard library's parser
	"go/parser" //nolint:depguard // the standard library's parser
	"go/token"  //nolint:depguard // the standard library's parser
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"twoline/adapters/trial"
)

const fuzzHelp = `usage: go run ./cmd/dev fuzz [-time DURATION] [PACKAGE|FUZZNAME...]

Finds every fuzz target, and gives each inputs of the fuzzer's own making for
DURATION, 5s where it is not said; two targets at a time, on one core each. A
line a target says how many inputs it was given, and how many of them were kept
because they reached code that no other did.

Names of packages and of targets choose which:

  go run ./cmd/dev fuzz -time 30s
  go run ./cmd/dev fuzz ./adapters/bank/...
  go run ./cmd/dev fuzz -time 10m FuzzRows

The first input that makes a target fail ends everything with exit code 1. Go
has written it into testdata/fuzz beside the target: its path is printed. It
belongs there, with the correction, as a test for ever. Inputs that reached new
code stay in Go's cache, and the next run begins with them.
`

const (
	// fuzzed targets run at once, each with one worker.
	fuzzed = 2
	// fuzzGrace is what a target has to end in.
	fuzzGrace = 10 * time.Second
)

// target is one fuzz target.
type target struct {
	pkg, dir, name string
}

func (g target) String() string { return g.pkg + " " + g.name }

// fuzzing is one run.
type fuzzing struct {
	terminal

	root, cache, programs string
	each                  time.Duration
}

func fuzz(ctx context.Context, args []string, t terminal) (err error) {
	flags := flag.NewFlagSet("fuzz", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	each := flags.Duration("time", 5*time.Second, "")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("%w: %w; go run ./cmd/dev fuzz --help says more", errUsage, err)
	}
	if *each <= 0 {
		return fmt.Errorf("%w: -time must be a duration, such as 30s", errUsage)
	}
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	targets, err := findTargets(ctx, root, flags.Args())
	if err != nil {
		return err
	}
	cache, err := exec.CommandContext(ctx, "go", "env", "GOCACHE").Output()
	if err != nil {
		return fmt.Errorf("find Go's cache: %w", err)
	}
	programs, err := os.MkdirTemp("", "twoline-fuzz-*")
	if err != nil {
		return fmt.Errorf("make a folder for the programs: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(programs)) }()
	f := fuzzing{terminal: t, root: root, cache: strings.TrimSpace(string(cache)), programs: programs, each: *each}
	t.say("%d fuzz targets for %v each, %d at a time", len(targets), *each, fuzzed)
	return f.all(ctx, targets)
}

// all builds the programs one after the other, and runs the targets of those that
// are built meanwhile.
func (f fuzzing) all(ctx context.Context, targets []target) error {
	group, ctx := errgroup.WithContext(ctx)
	ready := make(chan target)
	group.Go(func() error {
		defer close(ready)
		return f.buildAll(ctx, targets, ready)
	})
	for range fuzzed {
		group.Go(func() error {
			for g := range ready {
				if err := f.one(ctx, g); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

func (f fuzzing) buildAll(ctx context.Context, targets []target, ready chan<- target) error {
	built := ""
	for _, g := range targets {
		if g.pkg != built {
			// With the counters that lead the fuzzer, as go test -fuzz builds it.
			cmd := exec.CommandContext(context.WithoutCancel(ctx),
				"go", "test", "-c", "-vet=off", "-fuzz=.", "-o", f.program(g), g.pkg)
			cmd.Dir = f.root
			if err := passOn(ctx, f.terminal, cmd); err != nil {
				return err
			}
			built = g.pkg
		}
		select {
		case ready <- g:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (f fuzzing) program(g target) string {
	return filepath.Join(f.programs, strings.ReplaceAll(g.pkg, "/", "_")+".test")
}

// one runs a target where its testdata are, with the cache that go test would use.
func (f fuzzing) one(ctx context.Context, g target) error {
	cmd := exec.CommandContext(context.WithoutCancel(ctx), f.program(g), "-test.run=^$", "-test.fuzz=^"+g.name+"$",
		"-test.fuzztime="+f.each.String(), "-test.fuzzminimizetime=10x", "-test.parallel=1",
		"-test.fuzzcachedir="+filepath.Join(f.cache, "fuzz", filepath.FromSlash(g.pkg)))
	cmd.Dir = g.dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := trial.Run(ctx, cmd, fuzzGrace)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err == nil || timeOver(out.String()):
		_, err := fmt.Fprintf(f.stdout, "%s: %s\n", g, progress(out.String()))
		return err //nolint:wrapcheck // the terminal's own
	}
	_, _ = f.stderr.Write(out.Bytes())
	if input := crasher(out.String()); input != "" {
		path, relErr := filepath.Rel(f.root, filepath.Join(g.dir, input))
		if relErr == nil {
			return fmt.Errorf("%s fails for the input %s", g, path)
		}
	}
	return fmt.Errorf("%s fails: %v", g, err) //nolint:errorlint // its exit code is not ours
}

// timeOver says that nothing failed but the clock of the fuzzer itself: it calls it
// a failure now and then that its time ends while it minimises an input.
func timeOver(out string) bool {
	_, failure, ok := strings.Cut(out, "\n--- FAIL: ")
	_, text, _ := strings.Cut(failure, "\n")
	return ok && slices.Equal(strings.Fields(text), strings.Fields("context deadline exceeded FAIL"))
}

// progress is what the fuzzer said last of its work.
func progress(out string) string {
	said := regexp.MustCompile(`execs: (\d+) \(.*new interesting: (\d+) \(total: (\d+)\)`).
		FindAllStringSubmatch(out, -1)
	if len(said) == 0 {
		return "the time was over before all kept inputs had been given"
	}
	last := said[len(said)-1]
	return last[1] + " executions, " + last[2] + " new inputs kept, " + last[3] + " in all"
}

// crasher is the file into which the fuzzer wrote the input that failed, or "".
func crasher(out string) string {
	const said = "Failing input written to "
	for line := range strings.Lines(out) {
		if _, path, ok := strings.Cut(line, said); ok {
			return strings.TrimSpace(path)
		}
	}
	return ""
}

// findTargets returns the fuzz targets that the arguments choose, in the order of
// the packages; all of them where there are no arguments.
func findTargets(ctx context.Context, root string, args []string) ([]target, error) {
	var names, packages []string
	for _, arg := range args {
		if isTarget(arg) {
			names = append(names, arg)
			continue
		}
		packages = append(packages, arg)
	}
	if len(packages) == 0 {
		packages = []string{"./..."}
	}
	cmd := exec.CommandContext(ctx, "go",
		append([]string{"list", "-json=ImportPath,Dir,TestGoFiles,XTestGoFiles", "--"}, packages...)...)
	cmd.Dir = root
	var problem bytes.Buffer
	cmd.Stderr = &problem
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list the packages: %s", cmp.Or(strings.TrimSpace(problem.String()), err.Error()))
	}
	var all []target
	for listed := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath, Dir           string
			TestGoFiles, XTestGoFiles []string
		}
		if err := listed.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("read the list of packages: %w", err)
		}
		for _, file := range slices.Concat(p.TestGoFiles, p.XTestGoFiles) {
			found, err := targetsOf(filepath.Join(p.Dir, file))
			if err != nil {
				return nil, err
			}
			for _, name := range found {
				if len(names) == 0 || slices.Contains(names, name) {
					all = append(all, target{pkg: p.ImportPath, dir: p.Dir, name: name})
				}
			}
		}
	}
	return all, missing(all, names)
}

// missing refuses a choice that chooses nothing.
func missing(all []target, names []string) error {
	for _, name := range names {
		if !slices.ContainsFunc(all, func(g target) bool { return g.name == name }) {
			return fmt.Errorf("there is no fuzz target %s here", name)
		}
	}
	if len(all) == 0 {
		return errors.New("there is no fuzz target here")
	}
	return nil
}

// targetsOf reads the names of a test file's targets. Building every test only to
// ask it takes minutes.
func targetsOf(file string) ([]string, error) {
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("read the fuzz targets of a test file: %w", err)
	}
	var names []string
	for _, d := range tree.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && isTarget(f.Name.Name) {
			names = append(names, f.Name.Name)
		}
	}
	return names, nil
}

// isTarget tells a target's name as go test does: a small letter after Fuzz makes
// it another word.
func isTarget(name string) bool {
	rest, ok := strings.CutPrefix(name, "Fuzz")
	next, _ := utf8.DecodeRuneInString(rest)
	return ok && token.IsIdentifier(name) && (rest == "" || !unicode.IsLower(next))
}

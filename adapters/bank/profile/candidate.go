package profile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"twoline/adapters/bank/layout"
	"twoline/gateway/bank"
	"twoline/gateway/money"
)

// maxTried is how large a file may be that is tried on many profiles, in bytes.
const maxTried = 16 << 20

// RequestFormat returns the format of the file that we send, or nothing.
func (p *Profile) RequestFormat() string {
	if p.request == nil {
		return ""
	}
	return p.request.format
}

// Formats returns the formats of all files of the profile, each once.
func (p *Profile) Formats() []string {
	var all []string
	for _, f := range p.files() {
		if !slices.Contains(all, f.format) {
			all = append(all, f.format)
		}
	}
	return all
}

// Examples returns how many examples the profile brings.
func (p *Profile) Examples() int { return len(p.examples) }

func (p *Profile) files() []*file {
	if p.request == nil {
		return p.results
	}
	return append([]*file{p.request}, p.results...)
}

// Candidate is one kind of file that a file may be.
type Candidate struct {
	Profile *Profile
	// Request says that it is a file of ours; else Part is the part of an answer.
	Request bool
	Part    string

	kind *file
	name string
}

// String names the profile and the kind of file.
func (c Candidate) String() string {
	out := c.Profile.name + "." + string(c.Profile.direction)
	switch {
	case c.Request:
		return out + " (the file that we send)"
	case c.Part != "":
		return out + " (an answer, part " + c.Part + ")"
	}
	return out + " (an answer)"
}

// Read reads the file as this kind. Totals that travel beside a file are not asked
// for.
func (c Candidate) Read(ctx context.Context, b Bank, r io.Reader, emit bank.Emit) error {
	if c.Request {
		return c.Profile.ReadRequest(ctx, b, c.name, r, emit)
	}
	facts, _ := c.kind.match(c.name)
	return c.Profile.read(ctx, b, facts, c.kind, r, withTotals(facts, emit))
}

// Candidates tries kinds of file until one reads the file whole, and returns those
// that do: of these only the ones without a contradiction, where there are any, and
// of these only the ones that the file's name fits. part narrows to a part of an
// answer; the name and the part may be empty. A file of more than 16 MiB is tried
// where there is one kind only.
func Candidates(
	ctx context.Context, profiles []*Profile, b Bank, name, part string, r io.ReadSeeker,
) ([]Candidate, error) {
	var all []Candidate
	var refused error
	for _, p := range profiles {
		if err := contradicts(part, p.named(name)); err != nil {
			refused = err
			continue
		}
		for _, f := range p.files() {
			if request := f == p.request; part == "" || !request && f.part == part {
				all = append(all, Candidate{Profile: p, Request: request, Part: f.part, kind: f, name: name})
			}
		}
	}
	if len(all) == 0 && refused != nil {
		return nil, refused
	}
	if len(all) == 1 {
		return all, nil
	}
	size, err := r.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, fmt.Errorf("measure the file: %w", err)
	}
	if size == 0 {
		return emptyAs(all, part)
	}
	if size > maxTried {
		return nil, ErrPart.With("a file of more than %d MiB is not tried on every form: say which one it is",
			maxTried>>20)
	}
	var whole, sound []Candidate
	for _, c := range all {
		if _, err := r.Seek(0, io.SeekStart); err != nil {
			return nil, fmt.Errorf("read the file from its start: %w", err)
		}
		wrong := 0
		err := c.Read(ctx, b, r, func(rec bank.Record) error {
			if p, ok := rec.(bank.Problem); ok && p.Severity == bank.SeverityError {
				wrong++
			}
			return nil
		})
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err == nil && wrong == 0:
			sound = append(sound, c)
		case err == nil:
			whole = append(whole, c)
		}
	}
	if len(sound) == 0 {
		sound = whole
	}
	named := slices.DeleteFunc(slices.Clone(sound), func(c Candidate) bool {
		_, fits := c.kind.match(name)
		return !fits
	})
	if len(named) > 0 && name != "" {
		return named, nil
	}
	return sound, nil
}

// emptyAs narrows a file without a byte, which says nothing itself, to the kinds that
// its name or the part says, where one of these may be empty; else it is
// layout.ErrEmpty.
func emptyAs(all []Candidate, part string) ([]Candidate, error) {
	fits := slices.DeleteFunc(slices.Clone(all), func(c Candidate) bool {
		_, named := c.kind.match(c.name)
		return !named && part == "" || c.kind.rows == nil || !c.kind.rows.EmptyAllowed
	})
	if len(fits) == 0 {
		return nil, layout.ErrEmpty.With("the file is empty: it has 0 bytes")
	}
	return fits, nil
}

// ReadAlone reads any file of the profile by itself: one of ours or of the bank's,
// as its name, the part or else its content says, and without the totals that
// would travel beside it. Errors: ErrPart where it may be several, and those of the
// codecs.
func (p *Profile) ReadAlone(ctx context.Context, b Bank, s Source, r io.ReadSeeker, emit bank.Emit) error {
	if what, ok := p.Recognise(s.Name); ok && s.Part == "" && what.Request {
		return p.ReadRequest(ctx, b, s.Name, r, emit)
	}
	if err := contradicts(s.Part, p.named(s.Name)); err != nil {
		return err
	}
	_, kinds, err := p.kindsOf(s)
	if err == nil && (s.Part != "" || s.Name != "") && len(kinds) > 0 {
		if _, named := p.Recognise(s.Name); named || s.Part != "" {
			var none money.Amount
			n := 0
			return p.Read(ctx, b, Source{Name: s.Name, Part: s.Part, Count: &n, Amount: &none}, r, emit)
		}
	}
	found, err := Candidates(ctx, []*Profile{p}, b, s.Name, s.Part, r)
	if err != nil {
		return err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read the file from its start: %w", err)
	}
	switch len(found) {
	case 0:
		return p.why(ctx, b, s, r)
	case 1:
		return found[0].Read(ctx, b, r, emit)
	}
	names := make([]string, len(found))
	for i, c := range found {
		names[i] = c.String()
	}
	return ErrPart.With("the file may be any of: %s", strings.Join(names, "; "))
}

// why reads a file of which no kind fits, for the error: as the request, or else as
// the first answer.
func (p *Profile) why(ctx context.Context, b Bank, s Source, r io.ReadSeeker) error {
	var errs []error
	for _, f := range p.files() {
		if _, err := r.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("read the file from its start: %w", err)
		}
		c := Candidate{Profile: p, Request: f == p.request, Part: f.part, kind: f, name: s.Name}
		if err := c.Read(ctx, b, r, func(bank.Record) error { return nil }); err != nil {
			errs = append(errs, fmt.Errorf("as %s: %w", c, err))
		}
	}
	return errors.Join(errs...)
}

// Takes says why the files of a format cannot be in the charset that a bank is
// registered with, or nil; ErrFormat where no profile has its name.
func (f Files) Takes(format, charset string) error {
	known := false
	for _, d := range []Direction{Collection, Payment, Opening} {
		p, err := f.Profile(format, d)
		if err != nil {
			continue
		}
		known = true
		if _, err := p.charset(Bank{Code: "", BankNo: "", Charset: charset}); err != nil {
			return err
		}
	}
	if !known {
		return ErrFormat.With("no profile is called %q", format)
	}
	return nil
}

// Names returns the names of all profiles, json and jsonl among them, each once and
// sorted: what a bank's row in the registry may have as its format.
func (f Files) Names() []string {
	var all []string
	for _, p := range f.profiles {
		if !slices.Contains(all, p.name) {
			all = append(all, p.name)
		}
	}
	slices.Sort(all)
	return all
}

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"twoline/adapters/bank/profile"
)

// shippedNames are the names by which --profile knows the shipped profiles.
func shippedNames() []string {
	all := profile.Shipped()
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = p.Name() + "." + string(p.Direction())
	}
	slices.Sort(names)
	return names
}

// openProfile reads a profile from its file, or takes a shipped one by its name.
func openProfile(name string) (*profile.Profile, error) {
	p, _, err := profileAt(name)
	return p, err
}

// profileAt also returns the folder of the profile's examples.
func profileAt(name string) (*profile.Profile, fs.FS, error) {
	if _, err := os.Stat(name); err == nil {
		src, err := os.ReadFile(name) //nolint:gosec // the file that the user named
		if err != nil {
			return nil, nil, errConvert.With("--profile: %v", err)
		}
		p, err := profile.Parse(filepath.Base(name), src)
		if err != nil {
			return nil, nil, fmt.Errorf("--profile: the profile cannot be used:\n%w", err)
		}
		return p, os.DirFS(filepath.Dir(name)), nil
	}
	var of []string
	for _, p := range profile.Shipped() {
		full := p.Name() + "." + string(p.Direction())
		if full == name {
			return p, profile.ShippedFiles(), nil
		}
		if p.Name() == name {
			of = append(of, full)
		}
	}
	switch len(of) {
	case 0:
		return nil, nil, hinted{
			errConvert.With("--profile: there is no file %s and no shipped profile of this name", name),
			"the shipped ones are " + strings.Join(shippedNames(), ", "),
		}
	case 1:
		return profileAt(of[0])
	}
	return nil, nil, hinted{errConvert.With("--profile: %s is one of several", name), "say which: " + strings.Join(of, ", ")}
}

// checked is what --check says, as JSON.
type checked struct {
	Profile  string         `json:"profile"`
	Proved   bool           `json:"proved"`
	Examples int            `json:"examples"`
	Findings []checkFinding `json:"findings"`
}

type checkFinding struct {
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Path   string `json:"path,omitempty"`
	File   string `json:"file,omitempty"`
	Text   string `json:"text"`
}

// check proves a profile on its examples.
func (cmd *convertCommand) check(a *app) error {
	name := cmd.Profile
	if name == "" {
		name = cmd.File
	}
	if name == "" {
		return hinted{errConvert.With("no profile is named"), "twoline convert --check --profile FILE"}
	}
	report := checked{Profile: name, Proved: false, Examples: 0, Findings: []checkFinding{}}
	p, files, err := profileAt(name)
	var wrong *profile.ParseError
	switch {
	case errors.As(err, &wrong):
		for _, f := range wrong.Faults {
			report.Findings = append(report.Findings, checkFinding{Line: f.Line, Column: f.Column, Path: f.Path, Text: f.Text}) //nolint:exhaustruct // of no file
		}
	case err != nil:
		return err
	default:
		report.Examples = p.Examples()
		for _, f := range p.Check(a.ctx, files) {
			report.Findings = append(report.Findings, checkFinding{Line: f.Line, File: f.File, Text: f.Text}) //nolint:exhaustruct // of no path
		}
	}
	report.Proved = len(report.Findings) == 0
	if cmd.JSON {
		err = printJSON(a.std.out, report)
	} else {
		err = report.print(a)
	}
	if err == nil && !report.Proved {
		return errFound
	}
	return err
}

func (c checked) print(a *app) error {
	if c.Proved {
		_, err := fmt.Fprintf(a.std.out, "%s: proved on its %d examples\n", c.Profile, c.Examples)
		return err
	}
	for _, f := range c.Findings {
		place := c.Profile
		if f.Line > 0 {
			place += fmt.Sprintf(":%d", f.Line)
		}
		if f.Column > 0 {
			place += fmt.Sprintf(":%d", f.Column)
		}
		if f.Path != "" {
			place += ": " + f.Path
		}
		if f.File != "" {
			place += ": " + f.File
		}
		if _, err := fmt.Fprintf(a.std.out, "%s: %s\n", place, f.Text); err != nil {
			return err
		}
	}
	return nil
}

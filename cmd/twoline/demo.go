package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"twoline/gateway/calendar"
	"twoline/gateway/fault"
)

// demoCommand lives a loop on the real code paths, HTTP and files included.
type demoCommand struct {
	Scale string `default:"village" enum:"village" help:"village: three villages, two banks of different formats, one month, in seconds."`
	Lang  string `default:"zh" enum:"zh,en" help:"Language of the report: zh or en."`
	JSON  bool   `name:"json" help:"Print the figures as JSON."`
	Seed  uint64 `default:"2011" help:"Seed of the simulated banks: the same seed, the same books."`
}

var errDemo = fault.New(fault.Internal, "demo", "the demonstration did not end as it should")

// Run plays the script and prints the report.
func (cmd *demoCommand) Run(a *app) (err error) {
	began := time.Now()
	bar := cmd.bar(a)
	bar.Describe("starting private PostgreSQL and Redis")
	s, err := openStage(a, calendar.MustDay("2011-03-01"))
	if err != nil {
		return hinted{err, "go run ./cmd/dev demo installs PostgreSQL and Redis first, where they are missing"}
	}
	defer func() { err = errors.Join(err, s.close()) }()
	v := &villagePlay{stage: s, county: newVillage(), seed: cmd.Seed, report: demoReport{}} //nolint:exhaustruct // played below
	for _, scene := range v.scenes() {
		bar.Describe(scene.title)
		if err := scene.play(a.ctx); err != nil {
			return fmt.Errorf("scene %q: %w", scene.title, err)
		}
		if err := bar.Add(1); err != nil {
			return fmt.Errorf("show progress: %w", err)
		}
	}
	if err := bar.Finish(); err != nil {
		return fmt.Errorf("show progress: %w", err)
	}
	v.report.Seconds = time.Since(began).Round(time.Second).String()
	if cmd.JSON {
		err = printJSON(a.std.out, v.report)
	} else {
		err = v.report.write(a.std.out, cmd.Lang)
	}
	if err == nil && v.report.Verify != "clean" {
		return errDemo.With("verify: %s", v.report.Verify)
	}
	return err
}

// bar shows progress on a terminal and nothing on a pipe.
func (cmd *demoCommand) bar(a *app) *progressbar.ProgressBar {
	w := io.Discard
	if f, ok := a.std.err.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		w = f
	}
	return progressbar.NewOptions(len((&villagePlay{}).scenes()), progressbar.OptionSetWriter(w), //nolint:exhaustruct // counts only
		progressbar.OptionSetWidth(24), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(false))
}

// scene is one step of the script.
type scene struct {
	title string
	play  func(context.Context) error
}

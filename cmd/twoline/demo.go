package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"twoline/gateway/calendar"
	"twoline/gateway/fault"
)

// demoCommand lives a loop on the real code paths, HTTP and files included.
type demoCommand struct {
	Scale  string `default:"village" enum:"village,county" help:"village: three villages, three banks of different formats, in seconds. county: Chencang district's year 2011, in minutes."`
	Lang   string `default:"zh" enum:"zh,en" help:"Language of the report: zh or en."`
	JSON   bool   `name:"json" help:"Print the figures as JSON."`
	Papers string `placeholder:"FOLDER" help:"Put the papers of a closed month there as PDF: reconciliation statements, letters to the bank."`
	Seed   uint64 `default:"2011" help:"Seed of the simulated banks: the same seed, the same books."`
}

var errDemo = fault.New(fault.Internal, "demo", "the demonstration did not end as it should")

// playing is one scale of the demonstration.
type playing interface {
	scenes() []scene
	// ended writes the report; verdict is "clean" where every invariant held.
	ended(w io.Writer, lang string, asJSON bool, took time.Duration) (verdict string, err error)
}

// Run plays the script and prints the report.
func (cmd *demoCommand) Run(a *app) (err error) {
	began := time.Now()
	first := calendar.MustDay("2011-03-01")
	if cmd.Scale == "county" {
		first = calendar.MustDay("2011-01-01")
	}
	starting := cmd.bar(a, 1)
	starting.Describe("starting private PostgreSQL and Redis")
	s, err := openStage(a, first)
	if err != nil {
		return hinted{err, "go run ./cmd/dev demo installs PostgreSQL and Redis first, where they are missing"}
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if s.papersTo = cmd.Papers; s.papersTo != "" {
		if err := os.MkdirAll(s.papersTo, 0o750); err != nil {
			return errDemo.With("--papers: %v", err)
		}
	}
	play, err := cmd.play(s)
	if err != nil {
		return err
	}
	scenes := play.scenes()
	bar := cmd.bar(a, len(scenes))
	for _, scene := range scenes {
		bar.Describe(scene.title)
		if err := scene.play(a.ctx); err != nil {
			return fmt.Errorf("scene %q: %w", scene.title, err)
		}
		s.log.InfoContext(a.ctx, "scene played", slog.String("scene", scene.title), slog.Duration("since_start", time.Since(began)))
		if err := bar.Add(1); err != nil {
			return fmt.Errorf("show progress: %w", err)
		}
	}
	if err := bar.Finish(); err != nil {
		return fmt.Errorf("show progress: %w", err)
	}
	verdict, err := play.ended(a.std.out, cmd.Lang, cmd.JSON, time.Since(began))
	if err == nil && verdict != "clean" {
		return errDemo.With("verify: %s", verdict)
	}
	return err
}

func (cmd *demoCommand) play(s *stage) (playing, error) {
	if cmd.Scale == "county" {
		days, err := calendar.Official()
		if err != nil {
			return nil, fmt.Errorf("working days: %w", err)
		}
		//nolint:exhaustruct // played
		return &countyPlay{stage: s, people: chencang(), from: s.day.today().Month(), seed: cmd.Seed, days: days}, nil
	}
	return &villagePlay{stage: s, county: newVillage(), seed: cmd.Seed, report: demoReport{}}, nil //nolint:exhaustruct // played
}

// bar shows progress on a terminal and nothing on a pipe.
func (cmd *demoCommand) bar(a *app, steps int) *progressbar.ProgressBar {
	return progressbar.NewOptions(steps, progressbar.OptionSetWriter(a.progress()),
		progressbar.OptionSetWidth(24), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(false))
}

// scene is one step of the script.
type scene struct {
	title string
	play  func(context.Context) error
}

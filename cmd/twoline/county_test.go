package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"twoline/gateway/calendar"
)

// fewPeople is a hundredth of Chencang, with payers of every tier.
func fewPeople() people {
	p := chencang()
	p.payers, p.newcomers, p.pensioners = 0, 28, 440
	for i := range p.tiers {
		p.tiers[i].count /= 100
		p.payers += p.tiers[i].count
	}
	return p
}

// TestTheBanksMistakesOfAugust lives the month of the county's demonstration in which
// the bank errs, with fewer people: what the README says of it is so.
func TestTheBanksMistakesOfAugust(t *testing.T) {
	t.Parallel()
	month := calendar.MustMonth("2011-08")
	s, err := openStage(&app{
		ctx: t.Context(), getenv: testServers,
		std: streams{in: strings.NewReader(""), out: new(bytes.Buffer), err: new(bytes.Buffer)},
	}, month.First())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}()
	s.papersTo = t.TempDir()
	days, err := calendar.Official()
	if err != nil {
		t.Fatal(err)
	}
	play := &countyPlay{stage: s, people: fewPeople(), from: month, seed: 3, days: days} //nolint:exhaustruct // played
	ctx := t.Context()
	for _, step := range []func() error{
		func() error { return play.register(ctx) },
		func() error { return play.openBooks(ctx) },
		func() error { return play.connect(ctx) },
		// It fails where another break is found than those, or one stays.
		func() error { return play.month(ctx, month) },
		func() error { return s.turn(ctx, month.Add(1).Day(2)) },
		func() error { return play.closeMonth(ctx, month) },
		func() error { return play.verify(ctx) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	r := play.report
	if r.BreaksFound != 3 || r.BreaksClosed != 3 || r.Letters != 3 || r.Verify != "clean" {
		t.Errorf("%d breaks were found and %d closed, by %d letters, and verify says %q; want 3 of each and clean",
			r.BreaksFound, r.BreaksClosed, r.Letters, r.Verify)
	}
	for kind, want := range map[string]int{"letter-*.pdf": 3, "reconciliation-*-2011-08.pdf": len(play.numbers())} {
		papers, err := filepath.Glob(filepath.Join(s.papersTo, kind))
		if err != nil || len(papers) != want {
			t.Errorf("%d papers %s, want %d (%v)", len(papers), kind, want, err)
		}
		for _, paper := range papers {
			text, err := os.ReadFile(paper)
			if err != nil || !bytes.HasPrefix(text, []byte("%PDF-")) {
				t.Errorf("%s is no PDF (%v)", paper, err)
			}
		}
	}
}

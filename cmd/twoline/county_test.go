package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
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

// openCounty is the district with fewer people, from a month on.
func openCounty(t *testing.T, from calendar.Month) *countyPlay {
	t.Helper()
	s, err := openStage(&app{
		ctx: t.Context(), getenv: testServers,
		std: streams{in: strings.NewReader(""), out: new(bytes.Buffer), err: new(bytes.Buffer)},
	}, from.First())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	days, err := calendar.Official()
	if err != nil {
		t.Fatal(err)
	}
	return &countyPlay{stage: s, people: fewPeople(), from: from, seed: 3, days: days} //nolint:exhaustruct // played
}

// TestTheBanksMistakesOfAugust lives the month of the county's demonstration in which
// the bank errs, with fewer people: what the README says of it is so.
func TestTheBanksMistakesOfAugust(t *testing.T) {
	t.Parallel()
	month := calendar.MustMonth("2011-08")
	play := openCounty(t, month)
	s := play.stage
	s.papersTo = t.TempDir()
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

// TestTheInterestOfTheCountysYear lives the two months in which the county's
// demonstration collects, and has the year's interest posted: it is what each payer's
// money earns from the month after it came.
func TestTheInterestOfTheCountysYear(t *testing.T) {
	t.Parallel()
	march := calendar.MustMonth("2011-03")
	play := openCounty(t, march)
	ctx := t.Context()
	for _, step := range []func() error{
		func() error { return play.register(ctx) },
		func() error { return play.openBooks(ctx) },
		func() error { return play.connect(ctx) },
		func() error { return play.enrol(ctx, true) },
		func() error { return play.month(ctx, march) },
		func() error { return play.month(ctx, march.Add(1)) },
		// The months between move no personal account.
		func() error { play.stage.day.set(calendar.MustDay("2012-01-02")); return play.interest(ctx) },
		func() error { return play.verify(ctx) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	var want money.Amount
	for i := range play.people.payers {
		months := int64(9)
		if i%50 == 49 {
			months = 8
		}
		// 2.75 % of a year, for so many months of it, half a fen up.
		want += money.Amount((play.people.at(i).tier.Fen()*275*months + 60_000) / 120_000)
	}
	if got := play.report.AccountInterest; got != want || play.report.Verify != "clean" {
		t.Errorf("the year gives %s, want %s; verify says %q", got, want, play.report.Verify)
	}
}

package simbank_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/bank/simbank"
)

// story is one batch of ten under a behaviour, over some days.
func story(
	t *testing.T, format simbank.Format, how simbank.Behaviour, days ...string,
) (*gateway, *simbank.Bank, []simbank.Report) {
	t.Helper()
	g := newGateway(t, format)
	g.batches = append(g.batches, bill(1, 10))
	b := open(t, g, 10, behave(how))
	reports := []simbank.Report{step(t, b)}
	for _, d := range days {
		newDay(t, b, d)
		reports = append(reports, step(t, b))
	}
	proveMoney(t, b, 1)
	b.Ledger(func(l *simbank.Ledger) {
		if l.Contra(simbank.Transit) != 0 {
			t.Errorf("in transit: %s", l.Contra(simbank.Transit))
		}
	})
	return g, b, reports
}

func count(answers []told, outcome string) int {
	n := 0
	for _, a := range answers {
		if a.Outcome == outcome {
			n++
		}
	}
	return n
}

func distinct(answers []told) int {
	items := map[string]bool{}
	for _, a := range answers {
		items[a.Item] = true
	}
	return len(items)
}

func TestLate(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simbank.JSON)
	g.batches = append(g.batches, bill(1, 10))
	b := open(t, g, 10, behave(simbank.Behaviour{LateDays: 2, ArrivalLateDays: 3}))
	wantAnswers, wantArrivals := []int{0, 0, 10, 10}, []int{0, 0, 0, 1}
	for i, d := range []string{"", "2026-11-03", "2026-11-04", "2026-11-05"} {
		if d != "" {
			newDay(t, b, d)
		}
		step(t, b)
		if got := len(answersOf(t, g)); got != wantAnswers[i] {
			t.Errorf("day %d: %d answers, want %d", i, got, wantAnswers[i])
		}
		if got := len(g.of("/v1/arrivals")); got != wantArrivals[i] {
			t.Errorf("day %d: %d arrivals, want %d", i, got, wantArrivals[i])
		}
	}
	if !strings.Contains(g.of("/v1/arrivals")[0].Body, `"value_date":"2026-11-02"`) {
		t.Error("the money moved on the day of the debit")
	}
}

func TestPartialAnswersFirst(t *testing.T) {
	t.Parallel()
	for _, format := range formats() {
		g, b, _ := story(t, format, simbank.Behaviour{PartialPercent: 40})
		if got := answersOf(t, g); len(got) != 4 {
			t.Errorf("%s: %d answers on the first day", format, len(got))
		}
		newDay(t, b, "2026-11-03")
		step(t, b)
		if got := answersOf(t, g); len(got) != 10 || distinct(got) != 10 {
			t.Errorf("%s: %d answers for %d items", format, len(got), distinct(got))
		}
	}
}

func TestOutOfOrder(t *testing.T) {
	t.Parallel()
	pages, _, _ := story(t, simbank.JSON, simbank.Behaviour{OutOfOrder: true})
	if keys := keysOf(pages.of("/results")); slices.IsSorted(keys) {
		t.Errorf("the pages come in order: %v", keys)
	}
	inOrder, _, _ := story(t, simbank.Lines, simbank.Behaviour{})
	mixed, _, _ := story(t, simbank.Lines, simbank.Behaviour{OutOfOrder: true})
	want, got := answersOf(t, inOrder), answersOf(t, mixed)
	byItem := func(a, b told) int { return strings.Compare(a.Item, b.Item) }
	if !slices.IsSortedFunc(want, byItem) || slices.IsSortedFunc(got, byItem) {
		t.Errorf("in order %v, mixed %v", want, got)
	}
	slices.SortFunc(got, byItem)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func keysOf(effects []effect) []string {
	keys := make([]string, len(effects))
	for i, e := range effects {
		keys[i] = e.Key
	}
	return keys
}

func TestAnsweredTwice(t *testing.T) {
	t.Parallel()
	for _, format := range formats() {
		once, _, _ := story(t, format, simbank.Behaviour{})
		same, _, _ := story(t, format, simbank.Behaviour{Repeat: "same"})
		renamed, _, _ := story(t, format, simbank.Behaviour{Repeat: "renamed"})
		for _, g := range []*gateway{same, renamed} {
			if got, want := len(answersOf(t, g)), 2*len(answersOf(t, once)); got != want {
				t.Errorf("%s: %d answers, want %d", format, got, want)
			}
		}
		if format == simbank.JSON {
			continue
		}
		first, again := namesOf(same), namesOf(renamed)
		if len(first)*2 != len(again) {
			t.Errorf("%s: names %v, renamed %v", format, first, again)
		}
	}
}

// namesOf are the distinct names of result files.
func namesOf(g *gateway) []string {
	var names []string
	for _, e := range g.of("/result-file") {
		q, err := url.ParseQuery(e.Query)
		must(err)
		if !slices.Contains(names, q.Get("name")) {
			names = append(names, q.Get("name"))
		}
	}
	return names
}

func TestCooperativeFilesAreNamedByTheBatch(t *testing.T) {
	t.Parallel()
	g, _, _ := story(t, simbank.Cooperative, simbank.Behaviour{})
	if diff := cmp.Diff([]string{"W_00000001_S.TXT", "W_00000001_F.TXT"}, namesOf(g)); diff != "" {
		t.Error(diff)
	}
	if failures := g.of("/result-file")[1].Body; failures != "" {
		t.Errorf("the file of failures is there and empty, not %q", failures)
	}
}

func TestNeverAnswered(t *testing.T) {
	t.Parallel()
	g, b, _ := story(t, simbank.JSON, simbank.Behaviour{NeverAnswer: true}, "2026-11-03", "2026-12-01")
	if got := answersOf(t, g); len(got) != 0 || len(g.of("/v1/arrivals")) != 1 {
		t.Errorf("answers %v", got)
	}
	if x, _ := b.Batch("101"); x.Debits != 10 {
		t.Errorf("debited %d", x.Debits)
	}
}

func TestDamagedLinesAndTheirCorrection(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		give    simbank.Behaviour
		outcome func(told) bool
		lines   int
	}{
		{"one fen off", simbank.Behaviour{OneFenOff: 2}, func(a told) bool { return a.Amount == "100.01" }, 10},
		{"unknown code", simbank.Behaviour{UnknownCode: 2}, func(a told) bool { return a.Code == "ZZ99" }, 10},
		{"duplicate lines", simbank.Behaviour{DuplicateLines: 2}, nil, 12},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g, b, _ := story(t, simbank.Lines, tt.give)
			got := answersOf(t, g)
			damaged := 0
			for _, a := range got {
				if tt.outcome != nil && tt.outcome(a) {
					damaged++
				}
			}
			if len(got) != tt.lines || tt.outcome != nil && damaged != 2 || distinct(got) != 10 {
				t.Errorf("%d lines, %d damaged: %v", len(got), damaged, got)
			}
			newDay(t, b, "2026-11-09")
			step(t, b)
			if len(answersOf(t, g)) != tt.lines {
				t.Error("a correction that nobody asked for")
			}
			tt.give.CorrectAfterDays = 2
			g, _, _ = story(t, simbank.Lines, tt.give, "2026-11-03")
			if len(answersOf(t, g)) != tt.lines {
				t.Error("the correction came early")
			}
			g, _, _ = story(t, simbank.Lines, tt.give, "2026-11-04")
			if all := answersOf(t, g); len(all) != tt.lines+10 || count(all[tt.lines:], "succeeded") != 10 {
				t.Errorf("after the correction: %v", all)
			}
		})
	}
}

func TestOneFenOffIsRefusedByLine(t *testing.T) {
	t.Parallel()
	_, _, reports := story(t, simbank.JSON, simbank.Behaviour{OneFenOff: 3})
	got := reports[0].Refused
	if len(got) != 3 || got[0].Code != "amount_differs" || got[0].Line == 0 || got[0].ItemID == "" {
		t.Errorf("refused %+v", got)
	}
}

func TestPendingFirst(t *testing.T) {
	t.Parallel()
	g, b, _ := story(t, simbank.JSON, simbank.Behaviour{PendingFirst: 3})
	if got := answersOf(t, g); len(got) != 10 || count(got, "pending") != 3 {
		t.Errorf("first %v", got)
	}
	newDay(t, b, "2026-11-03")
	step(t, b)
	if got := answersOf(t, g)[10:]; len(got) != 3 || count(got, "succeeded") != 3 {
		t.Errorf("then %v", got)
	}
	left, b, _ := story(t, simbank.Cooperative, simbank.Behaviour{PendingFirst: 3})
	if got := answersOf(t, left); len(got) != 7 {
		t.Errorf("a cooperative leaves out what it processes: %v", got)
	}
	newDay(t, b, "2026-11-03")
	step(t, b)
	if got := answersOf(t, left); distinct(got) != 10 {
		t.Errorf("then %v", got)
	}
}

func TestContradictoryAnswer(t *testing.T) {
	t.Parallel()
	g, _, _ := story(t, simbank.JSON, simbank.Behaviour{Contradict: 2})
	got := answersOf(t, g)
	if len(got) != 12 || count(got[:10], "succeeded") != 10 || count(got[10:], "failed") != 2 {
		t.Errorf("answers %v", got)
	}
}

func TestCutFile(t *testing.T) {
	t.Parallel()
	whole, _, _ := story(t, simbank.Lines, simbank.Behaviour{})
	cut, _, _ := story(t, simbank.Lines, simbank.Behaviour{CutFile: true, CorrectAfterDays: 1}, "2026-11-03")
	want, got := whole.of("/result-file"), cut.of("/result-file")
	if len(got) != 2 || got[0].Query != want[0].Query || got[0].Body != want[0].Body[:len(want[0].Body)/2] {
		t.Fatalf("cut %+v", got)
	}
	if len(readFile(t, got[1])) != 10 {
		t.Error("the right file did not follow")
	}
	_, _, reports := story(t, simbank.JSON, simbank.Behaviour{CutFile: true})
	if refused := reports[0].Refused; len(refused) != 3 || refused[0].Status != 400 {
		t.Errorf("refused %+v", refused)
	}
}

func TestWrongTotals(t *testing.T) {
	t.Parallel()
	g, _, _ := story(t, simbank.Lines, simbank.Behaviour{WrongTotals: true})
	if q := g.of("/result-file")[0].Query; !strings.Contains(q, "amount=1000.01") || !strings.Contains(q, "count=11") {
		t.Errorf("beside the file: %s", q)
	}
	g, _, reports := story(t, simbank.JSON, simbank.Behaviour{WrongTotals: true, CorrectAfterDays: 1}, "2026-11-03")
	if refused := reports[0].Refused; len(refused) != 3 || refused[0].Code != "control_total" {
		t.Errorf("refused %+v", refused)
	}
	if got := answersOf(t, g); len(got) != 10 || len(reports[1].Refused) != 0 {
		t.Errorf("after the correction %v", got)
	}
}

func TestArrivalNotices(t *testing.T) {
	t.Parallel()
	for give, want := range map[string]int{"": 1, "drop": 0, "twice": 2} {
		g, b, _ := story(t, simbank.JSON, simbank.Behaviour{Arrivals: give})
		got := g.of("/v1/arrivals")
		if len(got) != want || want == 2 && (got[0].Body != got[1].Body || got[0].Key == got[1].Key) {
			t.Errorf("arrivals %q: %+v", give, got)
		}
		b.Ledger(func(l *simbank.Ledger) {
			if f, _ := l.Fund(fund); f.Balance != yuan("2000.00") {
				t.Errorf("arrivals %q: the money is there once, not %s", give, f.Balance)
			}
		})
	}
}

func TestRejectsAtTheConfiguredRate(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simbank.Lines)
	g.batches = append(g.batches, bill(1, 5000))
	b := open(t, g, 5000, behave(simbank.Behaviour{Reject: map[string]int{"short": 100, "frozen": 50}}))
	step(t, b)
	codes := map[string]int{}
	for _, a := range answersOf(t, g) {
		codes[a.Code]++
	}
	// Four standard deviations either side.
	if n := codes["AM04"]; n < 415 || n > 585 {
		t.Errorf("%d of 5000 are short at 100 in a thousand", n)
	}
	if n := codes["AC06"]; n < 170 || n > 305 {
		t.Errorf("%d of 5000 are frozen at 50 in a thousand of the rest", n)
	}
	proveMoney(t, b, 1)
}

func TestBehaviourIsChecked(t *testing.T) {
	t.Parallel()
	tests := map[string]simbank.Behaviour{
		"settlement":      {Settlement: "by donkey"},
		"late_days":       {LateDays: -1},
		"partial_percent": {PartialPercent: 100},
		"repeat":          {Repeat: "thrice"},
		"arrivals":        {Arrivals: "maybe"},
		"reject":          {Reject: map[string]int{"mood": 1}},
		"reject.short":    {Reject: map[string]int{"short": 1001}},

		"payout.settlement":         {Payout: simbank.PayoutBehaviour{Settlement: simbank.ByBranch}},
		"payout.late_days":          {Payout: simbank.PayoutBehaviour{LateDays: -1}},
		"payout.returns":            {Payout: simbank.PayoutBehaviour{Returns: 1001}},
		"payout.return_after_days":  {Payout: simbank.PayoutBehaviour{ReturnAfterDays: 366}},
		"payout.return_within_days": {Payout: simbank.PayoutBehaviour{ReturnWithinDays: -1}},
		"payout.return_notices":     {Payout: simbank.PayoutBehaviour{ReturnNotices: "maybe"}},
		"payout.reject":             {Payout: simbank.PayoutBehaviour{Reject: map[string]int{"short": 1}}},
		"payout.reject.name":        {Payout: simbank.PayoutBehaviour{Reject: map[string]int{"name": -1}}},
	}
	b := open(t, newGateway(t, simbank.JSON), 1)
	for want, give := range tests {
		if err := b.Behave(give); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", give, err)
		}
	}
}

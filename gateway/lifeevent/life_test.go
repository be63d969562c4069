package lifeevent_test

import (
	"testing"

	"pgregory.net/rapid"

	"twoline/gateway/calendar"
	"twoline/gateway/lifeevent"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

func known(name, id string) lifeevent.Known {
	var k lifeevent.Known
	k.Name, k.IDNumber, _ = party.Stored(name, id, "")
	return k
}

// A number and a name are strong, a part of both is weak, and a name alone is nobody's.
func TestStrengthOfAMatch(t *testing.T) {
	t.Parallel()
	member := known("买买提·艾力", "11010519491231002X")
	for _, give := range []struct {
		name, id, born string
		want           lifeevent.Strength
	}{
		{"买买提·艾力", "11010519491231002X", "19491231", lifeevent.Strong},
		{"买买提•艾力", "11010519491231002X", "19491231", lifeevent.Strong},
		{"王五", "11010519491231002X", "19491231", lifeevent.Weak},
		{"买买提·艾力", "", "19491231", lifeevent.Weak},
		{"买买提·艾力", "440524188001010014", "19491231", lifeevent.Weak},
		{"买买提·艾力", "440524188001010014", "18800101", lifeevent.NoMatch},
		{"买买提·艾力", "", "", lifeevent.NoMatch},
		{"王五", "", "19491231", lifeevent.NoMatch},
	} {
		l := lifeevent.Listed{Born: give.born} //nolint:exhaustruct // below
		l.Name, l.IDNumber, _ = party.Stored(give.name, give.id, "")
		if got := lifeevent.StrengthOf(l, member); got != give.want {
			t.Errorf("%+v: %q, want %q", give, got, give.want)
		}
	}
}

// An old number of 15 digits is one of the twentieth century; a wrong one is refused.
func TestOldNumbersAreWidened(t *testing.T) {
	t.Parallel()
	for give, want := range map[string]string{
		"110105491231002": "11010519491231002X", "11010519491231002X": "11010519491231002X", "110105491331002": "",
		"11010549123100X": "", "110105194912310021": "", "": "",
	} {
		got, err := lifeevent.Widen(give)
		if got.Plain() != want || (err == nil) != (want != "") {
			t.Errorf("%s: %s, %v, want %s", give, got.Plain(), err, want)
		}
	}
}

// The day of certification by a walk over days: through 2017 the last of the next year,
// from then on the same day of the next year, or the month's last where there is none.
func TestTheDayOfCertificationIsTheRules(t *testing.T) {
	t.Parallel()
	rules, err := policy.New(610304, policy.National())
	if err != nil {
		t.Fatal(err)
	}
	cycles, err := rules.CertificationCycles()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		last := calendar.MustDay("2010-01-01").AddDays(rapid.IntRange(0, 6000).Draw(t, "last"))
		start := calendar.MustMonth("2009-09").Add(rapid.IntRange(0, 180).Draw(t, "start"))
		got := lifeevent.DueOn(cycles, start, last)
		from := start.First()
		if last.After(from) {
			from = last
		}
		want := from
		for want.Year() == from.Year() || want.Month().Number() < from.Month().Number() ||
			want.Month().Number() == from.Month().Number() && want.DayOfMonth() < from.DayOfMonth() &&
				want.Month().Last() != want {
			want = want.AddDays(1)
		}
		if from.Year() <= 2016 {
			want = calendar.MustMonth("2009-12").Add(12 * (from.Year() + 1 - 2009)).Last()
		}
		if got != want {
			t.Fatalf("from %s: due %s, want %s", from, got, want)
		}
	})
}

// What is open is settled in the order of the rule and to the fen: first out of the
// account, then out of the grant, and only the rest is asked.
func TestAnOfferSettlesWhatIsOpen(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		fen := func(name string) money.Amount {
			return money.Amount(rapid.Int64Range(0, 1_000_000).Draw(t, name))
		}
		r := lifeevent.Recovery{ //nolint:exhaustruct // money alone
			Base: fen("base"), Account: fen("account"), Drawn: lifeevent.Parts{Individual: fen("drawn")}, //nolint:exhaustruct // one part
		}
		heirs := lifeevent.Parts{
			Individual: fen("individual"), Collective: fen("collective"), Subsidy: fen("subsidy"), Interest: fen("interest"),
		}
		grant := fen("grant")
		o := r.Offer(heirs, grant)
		left := r.Base + r.Account
		take := func(most money.Amount) money.Amount {
			taken := min(left, most)
			left -= taken
			return taken
		}
		drawn := take(min(r.Drawn.Individual, r.Account))
		account := drawn + take(heirs.Total())
		funeral := take(grant)
		if o.OfDrawn != drawn || o.FromAccount != account || o.FromFuneral != funeral || o.Asked != left {
			t.Fatalf("offer %+v, want %s, %s, %s, %s", o, drawn, account, funeral, left)
		}
		for i, p := range [][2]money.Amount{
			{o.Now.Individual, heirs.Individual},
			{o.Now.Collective, heirs.Collective},
			{o.Now.Subsidy, heirs.Subsidy},
			{o.Now.Interest, heirs.Interest},
		} {
			if p[0] < 0 || p[0] > p[1] {
				t.Fatalf("part %d gives %s of %s", i, p[0], p[1])
			}
		}
		if o.Now.Total() != account-drawn {
			t.Fatalf("parts sum to %s, want %s", o.Now.Total(), account-drawn)
		}
	})
}

// The clock of a transfer's step is the rule of the day on which the step before was done.
func TestTheClockOfAStepIsARule(t *testing.T) {
	t.Parallel()
	days, err := calendar.Official()
	if err != nil {
		t.Fatal(err)
	}
	value, err := policy.ParseText(policy.TransferStepDays, "10")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := policy.New(610304, append(policy.National(), policy.Row{ //nolint:exhaustruct // the first round
		Area: 610304, Rule: policy.TransferStepDays, From: calendar.MustDay("2019-01-01"), Value: value, Document: "x",
	}))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		step     lifeevent.TransferStep
		on, want string
	}{
		{lifeevent.Asked, "2018-05-02", "2018-05-23"},
		{lifeevent.Asked, "2019-05-06", "2019-05-20"},
		{lifeevent.TransferDone, "2019-05-06", ""},
	} {
		got, err := lifeevent.DueAfter(tt.step, calendar.MustDay(tt.on), rules, days)
		if err != nil || !got.IsZero() && got.String() != tt.want || got.IsZero() != (tt.want == "") {
			t.Errorf("after %s on %s: %s, %v, want %s", tt.step, tt.on, got, err, tt.want)
		}
	}
}

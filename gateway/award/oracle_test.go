package award_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"twoline/gateway/award"
	"twoline/gateway/calendar"
	"twoline/gateway/entitlement"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

const area = party.Area(610304)

// change is an amount from a month on, as a list that anybody can read.
type change struct {
	from   calendar.Month
	amount money.Amount
}

// land is what the rules of a drawn area say, beside the rows that say it.
type land struct {
	minimum, addition, forYear []change
	// national is the nation's minimum, of which the higher is drawn.
	national []change
	// ages are extras from years of age on, from a month on.
	ages    []change
	oldFrom int
	rows    []policy.Row
}

func (l *land) row(t *rapid.T, rule policy.Rule, from calendar.Day, text string) {
	v, err := policy.ParseText(rule, text)
	if err != nil {
		t.Fatalf("%s %q: %v", rule, text, err)
	}
	l.rows = append(l.rows, policy.Row{Area: area, Rule: rule, From: from, Value: v, Document: "d"})
}

func drawMonth(t *rapid.T, name string, from, to string) calendar.Month {
	a, b := calendar.MustMonth(from), calendar.MustMonth(to)
	return a.Add(rapid.IntRange(0, a.MonthsUntil(b)).Draw(t, name))
}

// drawLand draws rules that change; those of late are not known to the first run.
func drawLand(t *rapid.T) (known, all land) {
	fixed := land{oldFrom: rapid.IntRange(61, 75).Draw(t, "old")} //nolint:exhaustruct // filled below
	first := calendar.MustDay("2009-09-01")
	for rule, text := range map[policy.Rule]string{
		policy.PensionAge: "60", policy.PensionYears: "15", policy.SchemeStart: "2009-09-01", policy.AccountDivisor: "139",
		policy.AccountPensionRounding: "half_up:0.01", policy.InterestMethod: "formula",
		policy.InterestRounding: "half_up:0.01",
	} {
		fixed.row(t, rule, first, text)
	}
	for year := 2009; year <= 2020; year++ {
		fixed.row(t, policy.InterestRate, calendar.MustDay(fmt.Sprintf("%d-01-01", year)), "0%")
	}
	known, all = fixed, fixed
	known.rows, all.rows = slices.Clone(fixed.rows), slices.Clone(fixed.rows)
	for i, rule := range []policy.Rule{
		policy.BasePensionMinimum, policy.BasePensionAdditions, policy.ExtraForYears, policy.ExtraForAge,
		policy.BasePensionMinimum,
	} {
		months := []calendar.Month{first.Month()}
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			m := drawMonth(t, "from", "2010-01", "2019-12")
			if !slices.Contains(months, m) {
				months = append(months, m)
			}
		}
		slices.SortFunc(months, calendar.Month.Compare)
		for n, m := range months {
			c := change{m, money.Amount(rapid.IntRange(1, 20).Draw(t, "amount")) * 100}
			lands := []*land{&all}
			if n == 0 || rapid.Bool().Draw(t, "in time") {
				lands = append(lands, &known)
			}
			for _, l := range lands {
				text := c.amount.String()
				switch i {
				case 0:
					l.minimum = append(l.minimum, c)
				case 1:
					l.addition, text = append(l.addition, c), "county:"+text
				case 2:
					l.forYear, text = append(l.forYear, c), "3:"+text
				case 3:
					l.ages, text = append(l.ages, c), fmt.Sprintf("%d:%s", l.oldFrom, text)
				case 4:
					l.national = append(l.national, c)
				}
				// A rule of the middle of a month is paid from the next on.
				day := m.First()
				if m.Number()%3 == 0 && n > 0 {
					day = m.Add(-1).Day(15)
				}
				l.row(t, rule, day, text)
				if i == 4 {
					l.rows[len(l.rows)-1].Area = 0
				}
			}
		}
	}
	return known, all
}

func in(list []change, m calendar.Month) (a money.Amount) {
	for _, c := range list {
		if c.from.Compare(m) <= 0 {
			a = c.amount
		}
	}
	return a
}

// naive is what a member is due in a month, told month by month as a clerk would.
func naive(l land, m *award.Facts, month calendar.Month) (base, account money.Amount) {
	if !m.Died.IsZero() && month.Compare(m.Died.Month()) > 0 {
		return 0, 0
	}
	sixty := m.Born.AddMonths(60 * 12)
	start := calendar.MustDay("2009-09-01")
	toGo := 0
	for d := start; d.Before(sixty); d = d.AddMonths(12) {
		toGo++
	}
	required := min(15, toGo)
	day := sixty
	if day.Before(start) {
		day = start
	}
	// The years that were paid before are there; each of the others counts from its
	// first payment on.
	var firsts []calendar.Day
	var years []int
	for _, p := range m.Payments {
		if p.Kind == policy.Individual && !slices.Contains(years, p.Year) {
			years, firsts = append(years, p.Year), append(firsts, p.PaidOn)
		}
	}
	if missing := required - m.Years; missing > 0 {
		if missing > len(firsts) {
			return 0, 0
		}
		if on := firsts[missing-1]; on.After(day) {
			day = on
		}
	}
	from := day.Month().Add(1)
	if month.Compare(from) < 0 {
		return 0, 0
	}
	paid, sum := m.Years, m.Opening.Total()
	for _, on := range firsts {
		if on.Before(from.First()) {
			paid++
		}
	}
	// Everybody drawn had fewer than fifteen years to go: more do not count.
	paid = min(paid, 15)
	for _, p := range m.Payments {
		if p.PaidOn.Before(from.First()) {
			sum += p.Amount
		}
	}
	base = max(in(l.minimum, month), in(l.national, month)) + in(l.addition, month) + money.Amount(max(0, paid-2))*in(l.forYear, month)
	if m.Born.Month().Add(12*l.oldFrom).Compare(month) < 0 {
		base += in(l.ages, month)
	}
	// A subsidy for a year up to that of the start adds to it from the month after it came.
	var rise money.Amount
	for _, p := range m.Payments {
		if p.Kind == policy.Subsidy && p.Year <= from.Year() && !p.PaidOn.Before(from.First()) &&
			p.PaidOn.Before(month.First()) {
			rise += p.Amount
		}
	}
	return base, (sum*2+139)/(2*139) + (rise*2+139)/(2*139)
}

// write does to the rows what an approval does.
func write(m *award.Facts, steps []award.Step) {
	put := func(rows []award.Stands, from calendar.Month, amount money.Amount) []award.Stands {
		rows = slices.DeleteFunc(rows, func(s award.Stands) bool { return s.From == from })
		rows = append(rows, award.Stands{From: from, Amount: amount, Awarded: true})
		slices.SortFunc(rows, func(a, b award.Stands) int { return a.From.Compare(b.From) })
		return rows
	}
	for _, s := range steps {
		if s.Was.Base != s.Due.Base {
			m.Base = put(m.Base, s.From, s.Due.Base)
		}
		if s.Was.Account != s.Due.Account {
			m.Account = put(m.Account, s.From, s.Due.Account)
		}
	}
}

func held(rows []award.Stands, m calendar.Month) (a money.Amount) {
	for _, r := range rows {
		if r.From.Compare(m) <= 0 {
			a = r.Amount
		}
	}
	return a
}

func decide(t *rapid.T, l land, opened calendar.Day, month calendar.Month, m *award.Facts) award.Outcome {
	rules, err := policy.New(area, l.rows)
	if err != nil {
		t.Fatal(err)
	}
	terms, err := entitlement.New(rules)
	if err != nil {
		t.Fatal(err)
	}
	out, err := award.NewFrame(terms, opened, month).Decide(m)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestWhatRunsWriteIsWhatAClerkReckonsMonthByMonth lets two runs write the rows of a
// member: in time and late, with rules that come in between and a death that comes
// late. Every month of the book is then to the fen what a naive reckoning says, and a
// third run finds nothing.
func TestWhatRunsWriteIsWhatAClerkReckonsMonthByMonth(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		known, all := drawLand(t)
		opened := drawMonth(t, "opened", "2009-10", "2013-01").First()
		one := drawMonth(t, "first run", "2013-02", "2016-12")
		two := one.Add(rapid.IntRange(0, 36).Draw(t, "months later"))
		m := award.Facts{ //nolint:exhaustruct // drawn below
			Member: 1, Born: drawMonth(t, "born", "1930-01", "1958-12").Day(rapid.IntRange(1, 31).Draw(t, "day")),
			Years: rapid.IntRange(0, 18).Draw(t, "years"),
		}
		for day := opened; day.Month().Compare(two) <= 0; day = day.AddMonths(rapid.IntRange(4, 16).Draw(t, "next")) {
			p := entitlement.Payment{
				Year: day.Year(), Amount: money.Amount(rapid.IntRange(1, 50_000).Draw(t, "paid")), PaidOn: day,
				Kind: rapid.SampledFrom([]policy.Part{policy.Individual, policy.Individual, policy.Subsidy}).Draw(t, "kind"),
			}
			if p.Kind == policy.Subsidy {
				p.Year = max(2009, p.Year-rapid.IntRange(0, 2).Draw(t, "late by"))
			}
			m.Payments = append(m.Payments, p)
		}
		early := m
		early.Payments = slices.DeleteFunc(slices.Clone(m.Payments), func(p entitlement.Payment) bool {
			return p.PaidOn.Month().Compare(one) > 0
		})
		write(&early, decide(t, known, opened, one, &early).Steps)
		m.Base, m.Account = early.Base, early.Account
		if rapid.Bool().Draw(t, "dies") {
			m.Died = opened.Month().Add(rapid.IntRange(0, 80).Draw(t, "death")).Day(5)
			if m.Died.Month().Compare(two) > 0 {
				m.Died = two.Day(5)
			}
		}
		out := decide(t, all, opened, two, &m)
		write(&m, out.Steps)
		for month := opened.Month(); month.Compare(two) <= 0; month = month.Add(1) {
			base, account := naive(all, &m, month)
			if got := held(m.Base, month); got != base {
				t.Fatalf("base of %s: %s, want %s\n%+v", month, got, base, out.Steps)
			}
			if got := held(m.Account, month); got != account {
				t.Fatalf("account of %s: %s, want %s\n%+v", month, got, account, out.Steps)
			}
		}
		if want := (award.Monthly{Base: held(m.Base, two), Account: held(m.Account, two)}); out.After != want {
			t.Fatalf("the run says %+v of its month, and the rows %+v", out.After, want)
		}
		if again := decide(t, all, opened, two, &m); len(again.Steps) > 0 {
			t.Fatalf("a third run finds %+v", again.Steps)
		}
	})
}

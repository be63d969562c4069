package entitlement_test

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"twoline/gateway/calendar"
	"twoline/gateway/entitlement"
	"twoline/gateway/money"
	"twoline/gateway/policy"
)

// membersPerCheck makes some thousands of members of a hundred checks.
const membersPerCheck = 40

// oracle lives a member's life month by month, in fractions, from plain numbers.
type oracle struct {
	start             calendar.Month
	rate              map[int]*big.Rat
	demandRate        *big.Rat
	demand            bool
	unit              int64
	mode              string
	drawnMonthEarns   bool
	order             []policy.Part
	divisor           int64
	ageAfter, yearsIn int // from 2020-01 on
	// told, where it is set, is given the interest of each year and what was drawn in each month.
	told *told
}

type told struct {
	interest, opening map[int]int64
	taken             map[calendar.Month]int64
}

func (o oracle) round(x *big.Rat, unit int64, mode string) int64 {
	q := new(big.Rat).Quo(x, big.NewRat(unit, 1))
	floor := new(big.Int).Div(q.Num(), q.Denom())
	rest := new(big.Rat).Sub(q, new(big.Rat).SetInt(floor))
	n := floor.Int64()
	if mode == "up" && rest.Sign() > 0 || mode == "half_up" && rest.Cmp(big.NewRat(1, 2)) >= 0 {
		n++
	}
	return n * unit
}

// purse is an account: fen by part.
type purse map[policy.Part]int64

func (p purse) total() int64 {
	return p[policy.Individual] + p[policy.Collective] + p[policy.Subsidy] + p[policy.Interest]
}

func (p purse) draw(amount int64, order []policy.Part) int64 {
	taken := min(amount, p.total())
	if len(order) > 0 {
		rest := taken
		for _, part := range order {
			n := min(rest, p[part])
			p[part] -= n
			rest -= n
		}
		return taken
	}
	if taken == 0 {
		return 0
	}
	type claim struct {
		part policy.Part
		rest *big.Rat
	}
	var claims []claim
	left, balance := taken, p.total()
	for _, part := range []policy.Part{policy.Individual, policy.Collective, policy.Subsidy, policy.Interest} {
		exact := big.NewRat(taken, balance)
		exact.Mul(exact, big.NewRat(p[part], 1))
		whole := new(big.Int).Div(exact.Num(), exact.Denom()).Int64()
		claims = append(claims, claim{part, exact.Sub(exact, big.NewRat(whole, 1))})
		p[part] -= whole
		left -= whole
	}
	slices.SortStableFunc(claims, func(a, b claim) int { return b.rest.Cmp(a.rest) })
	for i := range left {
		p[claims[i].part]--
	}
	return taken
}

// account walks every month from 2009 on; the interest of each is its own fraction.
func (o oracle) account(h entitlement.History, to calendar.Month) (purse, int64) {
	p := purse{}
	openedAt := h.OpenedAt
	if openedAt.IsZero() {
		openedAt = to
	}
	var local int64
	var old, young int64 // last year's money and this year's, at the beginning of a month
	yearOld, yearYoung := new(big.Rat), new(big.Rat)
	for m := month("2009-01"); m.Compare(to) <= 0; m = m.Add(1) {
		earnsOld, earnsYoung := old, young
		if m == openedAt {
			for part, a := range map[policy.Part]money.Amount{
				policy.Individual: h.Opening.Individual, policy.Collective: h.Opening.Collective,
				policy.Subsidy: h.Opening.Subsidy, policy.Interest: h.Opening.Interest,
			} {
				p[part] += a.Fen()
				old += a.Fen()
			}
		}
		for _, x := range h.Payments {
			if x.PaidOn.Month() == m {
				p[x.Kind] += x.Amount.Fen()
				young += x.Amount.Fen()
			}
		}
		for _, d := range h.Drawings {
			if d.Month != m {
				continue
			}
			taken := p.draw(d.Amount.Fen(), o.order)
			local += d.Amount.Fen() - taken
			if o.told != nil {
				o.told.taken[m] += taken
			}
			fromOld := min(taken, old)
			old -= fromOld
			young -= taken - fromOld
			if !o.drawnMonthEarns {
				earnsOld -= fromOld
				earnsYoung -= taken - fromOld
			}
		}
		yearOld.Add(yearOld, big.NewRat(earnsOld, 12))
		yearYoung.Add(yearYoung, big.NewRat(earnsYoung, 12))
		if m.Number() < 12 && m != to {
			continue
		}
		credited := o.ofYear(m.Year(), yearOld, yearYoung)
		p[policy.Interest] += credited
		if o.told != nil {
			o.told.interest[m.Year()], o.told.opening[m.Year()+1] = credited, p.total()
		}
		yearOld, yearYoung = new(big.Rat), new(big.Rat)
		old, young = p.total(), 0
	}
	return p, local
}

func (o oracle) ofYear(year int, old, young *big.Rat) int64 {
	zero := new(big.Rat)
	r := o.rate[year]
	if !o.demand {
		sum := new(big.Rat).Add(old, young)
		if sum.Sign() < 0 {
			return 0
		}
		return o.round(sum.Mul(sum, r), o.unit, o.mode)
	}
	if old.Sign() < 0 {
		old = zero
	}
	if young.Sign() < 0 {
		young = zero
	}
	a, b := new(big.Rat).Mul(old, r), new(big.Rat).Mul(young, o.demandRate)
	return o.round(a.Add(a, b), o.unit, o.mode)
}

// begins tries every month from the scheme's start on: the first at whose end all
// holds is the one before the pension.
func (o oracle) begins(m *entitlement.Member, until calendar.Month) (from calendar.Month, ok bool) {
	for at := o.start; at.Compare(until) <= 0; at = at.Add(1) {
		age, years := 60, 15
		if at.Compare(month("2020-01")) >= 0 {
			age, years = o.ageAfter, o.yearsIn
		}
		birthday := calendar.MustDay(fmt.Sprintf("%04d-%02d-01", m.Birth.Year()+age, m.Birth.Month().Number())).Month().
			Day(m.Birth.DayOfMonth())
		// Count years from the start until the birthday is reached.
		toGo := 0
		for d := o.start.First(); d.Before(birthday) && toGo < 100; d = d.AddMonths(12) {
			toGo++
		}
		need := years
		if birthday.Before(o.start.First().AddMonths(12 * years)) {
			need = min(years, toGo)
		}
		seen := map[int]bool{}
		all := map[int]bool{}
		for _, p := range m.Payments {
			if p.Kind == policy.Individual {
				all[p.Year] = true
				if p.PaidOn.Month().Compare(at) <= 0 {
					seen[p.Year] = true
				}
			}
		}
		paid := m.Years - len(all) + len(seen)
		if !birthday.After(at.Last()) && paid >= need {
			return at.Add(1), true
		}
	}
	return calendar.Month{}, false
}

func drawOracle(t *rapid.T) (oracle, *entitlement.Terms) {
	o := oracle{
		start:           month(rapid.SampledFrom([]string{"2009-09", "2010-06", "2012-01"}).Draw(t, "start")),
		rate:            map[int]*big.Rat{},
		demand:          rapid.Bool().Draw(t, "demand"),
		mode:            rapid.SampledFrom([]string{"half_up", "up", "down"}).Draw(t, "mode"),
		unit:            rapid.SampledFrom([]int64{1, 10, 100}).Draw(t, "unit"),
		divisor:         int64(rapid.SampledFrom([]int{139, 7, 100, 180}).Draw(t, "divisor")),
		ageAfter:        rapid.SampledFrom([]int{60, 61, 55}).Draw(t, "age after"),
		yearsIn:         rapid.SampledFrom([]int{15, 20, 10}).Draw(t, "years after"),
		demandRate:      big.NewRat(35, 10000),
		order:           rapid.SampledFrom([][]policy.Part{nil, {policy.Interest, policy.Subsidy, policy.Collective, policy.Individual}}).Draw(t, "order"),
		drawnMonthEarns: rapid.Bool().Draw(t, "drawn month earns"),
	}
	order := "pro_rata"
	if len(o.order) > 0 {
		order = "interest subsidy collective individual"
	}
	method := "formula"
	if o.demand {
		method = "demand"
	}
	own := []rule{
		{"scheme_start", "2009-09-01", o.start.First().String()},
		{"interest_method", "2009-01-01", method},
		{"interest_rounding", "2009-01-01", o.mode + ":" + money.Amount(o.unit).String()},
		{"drawing_order", "2009-01-01", order},
		{"drawn_month_earns", "2009-01-01", fmt.Sprint(o.drawnMonthEarns)},
		{"account_divisor", "2009-09-01", fmt.Sprint(o.divisor)},
		{"pension_age", "2009-01-01", "60"},
		{"pension_age", "2020-01-01", fmt.Sprint(o.ageAfter)},
		{"pension_years", "2009-01-01", "15"},
		{"pension_years", "2020-01-01", fmt.Sprint(o.yearsIn)},
	}
	for year := 2009; year <= 2026; year++ {
		n := rapid.Int64Range(0, 8_000_000).Draw(t, "rate") // millionths of a percent
		o.rate[year] = big.NewRat(n, 100_000_000)
		own = append(own, rule{"interest_rate", fmt.Sprintf("%d-01-01", year), fmt.Sprintf("%d.%06d%%", n/1_000_000, n%1_000_000)},
			rule{"demand_rate", fmt.Sprintf("%d-01-01", year), "0.35%"})
	}
	return o, terms(t, own...)
}

func drawDay(t *rapid.T, first, last string, name string) calendar.Day {
	return day(first).AddDays(rapid.IntRange(0, day(first).DaysUntil(day(last))).Draw(t, name))
}

func drawHistory(t *rapid.T, start calendar.Month, asOf calendar.Month) entitlement.History {
	var h entitlement.History
	amount := rapid.Int64Range(0, 500_000)
	if rapid.Bool().Draw(t, "opened") {
		h.Opening = entitlement.Parts{
			Individual: money.Amount(amount.Draw(t, "individual")), Collective: money.Amount(amount.Draw(t, "collective")),
			Subsidy: money.Amount(amount.Draw(t, "subsidy")), Interest: money.Amount(amount.Draw(t, "interest")),
		}
	}
	for range rapid.IntRange(0, 20).Draw(t, "payments") {
		on := drawDay(t, fmt.Sprintf("%d-01-01", start.Year()), asOf.Last().String(), "paid on")
		h.Payments = append(h.Payments, entitlement.Payment{
			Year: rapid.IntRange(start.Year(), on.Year()).Draw(t, "year"), PaidOn: on,
			Amount: money.Amount(rapid.Int64Range(1, 500_000).Draw(t, "amount")),
			Kind:   rapid.SampledFrom([]policy.Part{policy.Individual, policy.Individual, policy.Collective, policy.Subsidy}).Draw(t, "kind"),
		})
	}
	slices.SortStableFunc(h.Payments, func(a, b entitlement.Payment) int { return a.PaidOn.Compare(b.PaidOn) })
	return h
}

func same(t *rapid.T, what string, got entitlement.Account, want purse, local int64) {
	t.Helper()
	if got.Individual.Fen() != want[policy.Individual] || got.Collective.Fen() != want[policy.Collective] ||
		got.Subsidy.Fen() != want[policy.Subsidy] || got.Interest.Fen() != want[policy.Interest] || got.Local.Fen() != local {
		t.Fatalf("%s: %+v local %s, want %v local %d", what, got.Parts, got.Local, want, local)
	}
}

func TestAccount_AgreesWithAnAccountLivedMonthByMonth(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o, terms := drawOracle(t)
		for range membersPerCheck {
			to := drawDay(t, "2013-01-01", "2026-12-31", "to").Month()
			h := drawHistory(t, o.start, to)
			if rapid.Bool().Draw(t, "opened early") {
				h.OpenedAt = drawDay(t, "2009-01-01", to.Last().String(), "opened at").Month()
			}
			for range rapid.IntRange(0, 30).Draw(t, "drawings") {
				h.Drawings = append(h.Drawings, entitlement.Drawing{
					Month:  drawDay(t, "2009-01-01", to.Last().String(), "drawn").Month(),
					Amount: money.Amount(rapid.Int64Range(1, 200_000).Draw(t, "drawing")),
				})
			}
			slices.SortStableFunc(h.Drawings, func(a, b entitlement.Drawing) int { return a.Month.Compare(b.Month) })
			got, err := terms.Account(h, to)
			if err != nil {
				t.Fatal(err)
			}
			want, local := o.account(h, to)
			same(t, to.String(), got, want, local)
		}
	})
}

func TestPension_AgreesWithALifeLivedMonthByMonth(t *testing.T) {
	t.Parallel()
	begun, late := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		o, terms := drawOracle(t)
		for range membersPerCheck {
			asOf := drawDay(t, "2013-01-01", "2026-12-31", "as of").Month()
			m := &entitlement.Member{Birth: drawDay(t, "1940-01-01", "1980-12-31", "birth")}
			paidUntil := asOf
			if rapid.Bool().Draw(t, "pays to sixty") {
				paidUntil = slices.MinFunc([]calendar.Month{asOf, m.Birth.AddMonths(12 * 55).Month()}, calendar.Month.Compare)
			}
			if o.start.Compare(paidUntil) <= 0 {
				m.History = drawHistory(t, o.start, paidUntil)
			}
			years := map[int]bool{}
			for _, p := range m.Payments {
				if p.Kind == policy.Individual {
					years[p.Year] = true
				}
			}
			m.Years = len(years) + rapid.IntRange(0, 16).Draw(t, "years before")
			from, ok := o.begins(m, asOf)
			got, err := terms.Pension(m, asOf)
			var owed int64
			isLate := func(p entitlement.Payment) bool {
				if p.Kind == policy.Subsidy && p.Year <= from.Year() {
					return false
				}
				return !p.PaidOn.Before(from.First())
			}
			for _, p := range m.Payments {
				if ok && !isLate(p) && !p.PaidOn.Before(from.First()) && p.PaidOn.Before(asOf.First()) {
					owed += p.Amount.Fen()
				}
			}
			if ok && from.Compare(asOf) <= 0 && slices.ContainsFunc(m.Payments, isLate) {
				late++
				if !errors.Is(err, entitlement.ErrLate) {
					t.Fatalf("paid after %s: %v", from, err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if !ok || from.Compare(asOf) > 0 {
				want, _ := o.account(m.History, asOf)
				same(t, "no pension", got.Account, want, 0)
				if got.Pension != nil {
					t.Fatalf("born %s, %d years: a pension from %s, and there is none", m.Birth, m.Years, got.Pension.From)
				}
				continue
			}
			begun++
			h := m.History
			h.Payments = slices.DeleteFunc(slices.Clone(h.Payments), func(p entitlement.Payment) bool {
				return !p.PaidOn.Before(from.First())
			})
			want, _ := o.account(h, from.Add(-1))
			if got.Pension == nil || got.Pension.From != from {
				t.Fatalf("born %s, %d years: %+v, want a pension from %s", m.Birth, m.Years, got.Pension, from)
			}
			same(t, "pension", got.Account, want, 0)
			monthly := o.round(big.NewRat(want.total(), o.divisor), 1, "half_up") +
				o.round(big.NewRat(owed, o.divisor), 1, "half_up")
			if got.Pension.Account.Fen() != monthly || got.Pension.Total != got.Pension.Base+got.Pension.Account {
				t.Fatalf("%+v, want %d fen from the account", got.Pension, monthly)
			}
		}
	})
	if begun < 500 || late < 100 {
		t.Errorf("%d pensions had begun and %d payments were late: too few to prove anything", begun, late)
	}
}

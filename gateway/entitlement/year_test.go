package entitlement_test

import (
	"errors"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"twoline/gateway/calendar"
	"twoline/gateway/entitlement"
	"twoline/gateway/money"
	"twoline/gateway/policy"
)

// A year reckoned from the year before it gives what the whole life gives.
func TestYear_AgreesWithAnAccountLivedMonthByMonth(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o, terms := drawOracle(t)
		for range membersPerCheck {
			last := month("2026-12")
			h := drawHistory(t, o.start, last)
			h.OpenedAt = drawDay(t, "2009-01-01", "2026-12-31", "opened at").Month()
			for range rapid.IntRange(0, 30).Draw(t, "drawings") {
				h.Drawings = append(h.Drawings, entitlement.Drawing{
					Month:  drawDay(t, "2009-01-01", "2026-12-31", "drawn").Month(),
					Amount: money.Amount(rapid.Int64Range(1, 200_000).Draw(t, "drawing")),
				})
			}
			slices.SortStableFunc(h.Drawings, func(a, b entitlement.Drawing) int { return a.Month.Compare(b.Month) })
			o.told = &told{map[int]int64{}, map[int]int64{}, map[calendar.Month]int64{}}
			o.account(h, last)
			year := rapid.IntRange(2009, 2026).Draw(t, "year")
			of, err := terms.Year(year, false)
			if err != nil {
				t.Fatal(err)
			}
			got, err := of.Interest(money.Amount(o.told.opening[year]), o.movements(h, year))
			if err != nil || got.Fen() != o.told.interest[year] {
				t.Fatalf("%d: %s, %v, want %d fen", year, got, err, o.told.interest[year])
			}
		}
	})
}

// movements are those of one year, in no order.
func (o oracle) movements(h entitlement.History, year int) []entitlement.Movement {
	var list []entitlement.Movement
	add := func(m calendar.Month, move entitlement.Move, amount int64) {
		if m.Year() == year && amount > 0 {
			list = append(list, entitlement.Movement{Month: m.Number(), Move: move, Amount: money.Amount(amount)})
		}
	}
	for m, taken := range o.told.taken {
		add(m, entitlement.Drawn, taken)
	}
	for _, p := range h.Payments {
		add(p.PaidOn.Month(), entitlement.Paid, p.Amount.Fen())
	}
	add(h.OpenedAt, entitlement.Entered, h.Opening.Total().Fen())
	return list
}

// What is refunded or comes back earns for the months in which it was there: every
// month gives a twelfth of the year's rate on what earns in it.
func TestYear_WhatLeavesAndComesBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		earns := rapid.Bool().Draw(t, "drawn month earns")
		own := []rule{{"interest_rate", "2025-01-01", "1.234567%"}, {"drawn_month_earns", "2009-01-01", "false"}}
		if earns {
			own[1][2] = "true"
		}
		of, err := terms(t, own...).Year(2025, false)
		if err != nil {
			t.Fatal(err)
		}
		opening := rapid.Int64Range(0, 1_000_000).Draw(t, "opening")
		balance, drawn := opening, int64(0)
		sum := new(big.Rat)
		var moves []entitlement.Movement
		for n := 1; n <= 12; n++ {
			earning := balance
			move := func(kind entitlement.Move, most int64) int64 {
				amount := rapid.Int64Range(0, max(most, 0)).Draw(t, "amount")
				if amount > 0 {
					moves = append(moves, entitlement.Movement{Month: n, Move: kind, Amount: money.Amount(amount)})
				}
				return amount
			}
			balance += move(entitlement.Paid, 100_000)
			balance -= move(entitlement.Refunded, balance)
			out := move(entitlement.Drawn, balance)
			balance, drawn = balance-out, drawn+out
			back := move(entitlement.Undrawn, drawn)
			balance, drawn = balance+back, drawn-back
			if !earns {
				earning += back - out
			}
			sum.Add(sum, big.NewRat(earning, 12))
		}
		want := int64(0)
		if sum.Sign() > 0 {
			//nolint:exhaustruct // rounding alone
			want = oracle{}.round(sum.Mul(sum, big.NewRat(1_234_567, 100_000_000)), 1, "half_up")
		}
		got, err := of.Interest(money.Amount(opening), rapid.Permutation(moves).Draw(t, "order"))
		if err != nil || got.Fen() != want {
			t.Fatalf("%s, %v, want %d fen", got, err, want)
		}
	})
}

// Money of the current year earns the demand rate, and is what leaves first by a
// refund and last by a pension.
func TestYear_CurrentMoneyAtTheDemandRate(t *testing.T) {
	t.Parallel()
	of, err := terms(t, rule{"interest_rate", "2025-01-01", "2.4%"}, rule{"demand_rate", "2025-01-01", "1.2%"},
		rule{"interest_method", "2009-01-01", "demand"}).Year(2025, false)
	if err != nil {
		t.Fatal(err)
	}
	move := func(month int, kind entitlement.Move, amount string) entitlement.Movement {
		return entitlement.Movement{Month: month, Move: kind, Amount: yuan(amount)}
	}
	for name, c := range map[string]struct {
		moves []entitlement.Movement
		want  string
	}{
		"nothing moves":             {nil, "24.00"},
		"paid in June":              {[]entitlement.Movement{move(6, entitlement.Paid, "1000.00")}, "30.00"},
		"paid and refunded":         {[]entitlement.Movement{move(3, entitlement.Paid, "500.00"), move(9, entitlement.Refunded, "500.00")}, "27.00"},
		"refunded beyond":           {[]entitlement.Movement{move(6, entitlement.Refunded, "500.00")}, "18.00"},
		"drawn of the old first":    {[]entitlement.Movement{move(3, entitlement.Paid, "500.00"), move(6, entitlement.Drawn, "500.00")}, "22.50"},
		"taken over on 1 January":   {[]entitlement.Movement{move(0, entitlement.Entered, "1000.00")}, "48.00"},
		"taken over at end of June": {[]entitlement.Movement{move(6, entitlement.Entered, "1000.00")}, "36.00"},
		"drawn of both, and back": {[]entitlement.Movement{
			move(3, entitlement.Paid, "500.00"), move(6, entitlement.Drawn, "1200.00"), move(9, entitlement.Undrawn, "200.00"),
			move(12, entitlement.Undrawn, "1000.00"),
		}, "15.90"},
		// 1000 × 12 − 1000 × 6 + 1000 × 2 of the old, 500 × 9 − 200 × 6 + 100 × 3 + 100 × 2 of this year's.
		"drawn of both, and back in two parts": {[]entitlement.Movement{
			move(3, entitlement.Paid, "500.00"), move(6, entitlement.Drawn, "1200.00"), move(9, entitlement.Undrawn, "100.00"),
			move(10, entitlement.Undrawn, "1100.00"),
		}, "19.80"},
	} {
		got, err := of.Interest(yuan("1000.00"), c.moves)
		if err != nil || got != yuan(c.want) {
			t.Errorf("%s: %s, %v, want %s", name, got, err, c.want)
		}
	}
}

// A year is reckoned and rounded by the rules of its last day, and what a pension's month
// still earns by that of the month.
func TestYear_RulesThatChangeInIt(t *testing.T) {
	t.Parallel()
	of, err := terms(t, rule{"interest_rate", "2025-01-01", "2.4%"}, rule{"demand_rate", "2025-01-01", "1.2%"},
		rule{"interest_method", "2025-07-01", "demand"}, rule{"interest_rounding", "2025-07-01", "up:0.10"},
		rule{"drawn_month_earns", "2025-07-01", "false"}).Year(2025, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, give := range []struct {
		moves []entitlement.Movement
		want  string
	}{
		{[]entitlement.Movement{{Month: 6, Move: entitlement.Paid, Amount: yuan("1000.00")}}, "30.00"},
		{[]entitlement.Movement{{Month: 6, Move: entitlement.Paid, Amount: yuan("1.00")}}, "24.10"},
		{[]entitlement.Movement{{Month: 6, Move: entitlement.Drawn, Amount: yuan("500.00")}}, "18.00"},
		{[]entitlement.Movement{{Month: 7, Move: entitlement.Drawn, Amount: yuan("500.00")}}, "18.00"},
	} {
		if got, err := of.Interest(yuan("1000.00"), give.moves); err != nil || got != yuan(give.want) {
			t.Errorf("%v: %s, %v, want %s", give.moves, got, err, give.want)
		}
	}
}

func TestYear_Refuses(t *testing.T) {
	t.Parallel()
	known := terms(t, rule{"interest_rate_provisional", "2025-01-01", "2%"})
	if _, err := known.Year(2025, false); !errors.Is(err, policy.ErrNoRule) {
		t.Errorf("the provisional rate for the final one: %v, want no rule", err)
	}
	if _, err := known.Year(2024, true); !errors.Is(err, policy.ErrNoRule) {
		t.Errorf("next year's rate: %v, want no rule", err)
	}
	if _, err := terms(t, rule{"interest_rate", "2025-01-01", "2%"}, rule{"interest_method", "2009-01-01", "demand"}).
		Year(2025, false); !errors.Is(err, policy.ErrNoRule) {
		t.Errorf("no demand rate: %v, want no rule", err)
	}
	for _, year := range []int{2200, 10_000} {
		if _, err := known.Year(year, true); !errors.Is(err, entitlement.ErrMember) {
			t.Errorf("the year %d: %v, want a refusal", year, err)
		}
	}
	of, err := known.Year(2025, true)
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]entitlement.Movement{
		"nothing":      {Month: 3, Move: entitlement.Paid, Amount: 0},
		"before":       {Month: 0, Move: entitlement.Paid, Amount: 1},
		"after":        {Month: 13, Move: entitlement.Paid, Amount: 1},
		"beyond range": {Month: 3, Move: entitlement.Paid, Amount: money.Max},
	} {
		if got, err := of.Interest(100, []entitlement.Movement{m}); err == nil {
			t.Errorf("%s: %s, want a refusal", name, got)
		}
	}
	for _, opening := range []money.Amount{-1, money.Max + 1} {
		if _, err := of.Interest(opening, nil); !errors.Is(err, money.ErrRange) {
			t.Errorf("an opening of %d fen: %v, want a refusal", opening.Fen(), err)
		}
	}
}

package entitlement_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/entitlement"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/policy"
)

func rates(rows ...rule) []rule {
	return append([]rule{
		{"interest_rate", "2011-01-01", "3%"}, {"interest_rate", "2012-01-01", "2.5%"},
	}, rows...)
}

func TestAccount(t *testing.T) {
	t.Parallel()
	payment := func(year int, amount, on string, kind policy.Part) entitlement.Payment {
		return entitlement.Payment{Year: year, Amount: yuan(amount), PaidOn: day(on), Kind: kind}
	}
	three := []entitlement.Payment{
		payment(2011, "100.00", "2011-05-20", policy.Individual),
		payment(2011, "30.00", "2011-09-30", policy.Subsidy),
		payment(2011, "12.00", "2011-12-31", policy.Collective),
	}
	for _, tt := range []struct {
		name  string
		rules []rule
		give  entitlement.History
		to    string
		want  entitlement.Parts
		local string
	}{
		{
			// 100 × 3 % × 7/12 + 30 × 3 % × 3/12 + 12 × 3 % × 0/12 = 1.75 + 0.225 = 1.975
			name: "the current year", rules: rates(), give: entitlement.History{Payments: three}, to: "2011-12",
			want: entitlement.Parts{Individual: 10000, Collective: 1200, Subsidy: 3000, Interest: 198},
		},
		{
			// and 143.98 × 2.5 % × 12/12 = 3.5995
			name: "interest earns the year after", rules: rates(), give: entitlement.History{Payments: three}, to: "2012-12",
			want: entitlement.Parts{Individual: 10000, Collective: 1200, Subsidy: 3000, Interest: 198 + 360},
		},
		{
			// 143.98 × 2.5 % × 2/12 = 0.5999
			name: "a year that is not over", rules: rates(), give: entitlement.History{Payments: three}, to: "2012-02",
			want: entitlement.Parts{Individual: 10000, Collective: 1200, Subsidy: 3000, Interest: 198 + 60},
		},
		{
			name:  "rounded up to 0.1 yuan",
			rules: rates(rule{"interest_rounding", "2009-09-01", "up:0.10"}), give: entitlement.History{Payments: three},
			to: "2011-12", want: entitlement.Parts{Individual: 10000, Collective: 1200, Subsidy: 3000, Interest: 200},
		},
		{
			name:  "rounded down",
			rules: rates(rule{"interest_rounding", "2009-09-01", "down:0.01"}), give: entitlement.History{Payments: three},
			to: "2011-12", want: entitlement.Parts{Individual: 10000, Collective: 1200, Subsidy: 3000, Interest: 197},
		},
		{
			// 2011: 100 × 0.5 % × 7/12 + 30 × 0.5 % × 3/12 = 0.3292; 2012: 142.33 × 2.5 % = 3.55825
			name:  "the current year's money at the demand rate",
			rules: rates(rule{"interest_method", "2009-09-01", "demand"}, rule{"demand_rate", "2011-01-01", "0.5%"}),
			give:  entitlement.History{Payments: three}, to: "2012-12",
			want: entitlement.Parts{Individual: 10000, Collective: 1200, Subsidy: 3000, Interest: 33 + 356},
		},
		{
			// 1000 × 3 % − 100 × 3 % × (12−3)/12 = 30 − 2.25; of the 100, pro rata 60, 10, 25, 5
			name: "a pension drawn in March", rules: rates(),
			give: entitlement.History{
				Opening: entitlement.Parts{Individual: 60000, Collective: 10000, Subsidy: 25000, Interest: 5000}, OpenedAt: month("2010-12"),
				Drawings: []entitlement.Drawing{{Month: month("2011-03"), Amount: yuan("100.00")}},
			}, to: "2011-12",
			want: entitlement.Parts{Individual: 54000, Collective: 9000, Subsidy: 22500, Interest: 4500 + 2775},
		},
		{
			// 30 − 100 × 3 % × 10/12 = 27.50, drawn from interest and subsidy
			name: "the month drawn earns nothing, an order of parts",
			rules: rates(rule{"drawn_month_earns", "2009-09-01", "false"},
				rule{"drawing_order", "2009-09-01", "interest subsidy collective individual"}),
			give: entitlement.History{
				Opening: entitlement.Parts{Individual: 60000, Collective: 10000, Subsidy: 25000, Interest: 5000}, OpenedAt: month("2010-12"),
				Drawings: []entitlement.Drawing{{Month: month("2011-03"), Amount: yuan("100.00")}},
			}, to: "2011-12",
			want: entitlement.Parts{Individual: 60000, Collective: 10000, Subsidy: 20000, Interest: 2750},
		},
		{
			name: "used up: the rest is the local government's", rules: rates(rule{"interest_rate", "2013-01-01", "0%"}),
			give: entitlement.History{
				Opening: entitlement.Parts{Individual: 1000}, OpenedAt: month("2012-12"),
				Drawings: []entitlement.Drawing{
					{Month: month("2013-01"), Amount: yuan("6.00")},
					{Month: month("2013-02"), Amount: yuan("6.00")},
					{Month: month("2013-03"), Amount: yuan("6.00")},
				},
			}, to: "2013-12", want: entitlement.Parts{}, local: "8.00",
		},
		{
			name: "an opening of the month asked earns nothing", give: entitlement.History{
				Opening: entitlement.Parts{Individual: 1390000},
			}, to: "2020-01", want: entitlement.Parts{Individual: 1390000},
		},
		{
			name: "a payment of the last month earns nothing", give: entitlement.History{Payments: three[:1]}, to: "2011-05",
			want: entitlement.Parts{Individual: 10000},
		},
		{
			// three thousandths of a fen must not be lost: 0.33 × 3 % × 6/12 = 0.00495 → 0.00; 0.34 gives 0.0051 → 0.01
			name: "a fen", rules: rates(), give: entitlement.History{Payments: []entitlement.Payment{
				payment(2011, "0.34", "2011-06-01", policy.Individual),
			}}, to: "2011-12", want: entitlement.Parts{Individual: 34, Interest: 1},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := terms(t, tt.rules...).Account(tt.give, month(tt.to))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got.Parts); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if tt.local != "" && got.Local != yuan(tt.local) {
				t.Errorf("the local government pays %s, want %s", got.Local, tt.local)
			}
		})
	}
}

// A provisional rate serves until the final one is known; the difference is then told.
func TestAccount_ProvisionalThenFinal(t *testing.T) {
	t.Parallel()
	give := entitlement.History{Opening: entitlement.Parts{Individual: 1000000}, OpenedAt: month("2010-12")}
	provisional := rule{"interest_rate_provisional", "2011-01-01", "2%"}
	first, err := terms(t, provisional).Account(give, month("2011-12"))
	if err != nil || !first.Years[0].Provisional || first.Interest != yuan("200.00") {
		t.Errorf("provisional: %+v, %v", first, err)
	}
	last, err := terms(t, provisional, rule{"interest_rate", "2011-01-01", "2.25%"}).Account(give, month("2011-12"))
	if err != nil || last.Years[0].Provisional || last.Interest-first.Interest != yuan("25.00") {
		t.Errorf("final: %+v, %v", last, err)
	}
}

// The order in which a history is given does not matter.
func TestAccount_OrdersTheHistory(t *testing.T) {
	t.Parallel()
	h := entitlement.History{
		Payments: paid("100.00", 2011, 2012),
		Drawings: []entitlement.Drawing{{Month: month("2011-07"), Amount: 500}, {Month: month("2012-08"), Amount: 700}},
	}
	want, err := terms(t, rates()...).Account(h, month("2012-12"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(h.Payments)
	slices.Reverse(h.Drawings)
	got, err := terms(t, rates()...).Account(h, month("2012-12"))
	if err != nil || got.Parts != want.Parts || h.Payments[0].Year != 2012 {
		t.Errorf("%+v, %v; want %+v, and the caller's order kept", got.Parts, err, want.Parts)
	}
}

// A rate is of one year: last year's is not taken for one that is not published.
func TestAccount_AMissingRateIsAnError(t *testing.T) {
	t.Parallel()
	give := entitlement.History{Payments: paid("100.00", 2011, 2011)}
	for name, tt := range map[string]struct {
		rules []rule
		to    string
	}{
		"no rate":           {nil, "2011-12"},
		"no rate next year": {[]rule{{"interest_rate", "2011-01-01", "3%"}}, "2012-01"},
		"no demand rate": {[]rule{
			{"interest_rate", "2011-01-01", "3%"}, {"interest_method", "2009-09-01", "demand"},
		}, "2011-06"},
	} {
		if got, err := terms(t, tt.rules...).Account(give, month(tt.to)); !errors.Is(err, policy.ErrNoRule) {
			t.Errorf("%s: %+v, %v; want ErrNoRule", name, got, err)
		}
	}
}

func TestAccount_Refuses(t *testing.T) {
	t.Parallel()
	one := entitlement.Payment{Year: 2011, Amount: 1, PaidOn: day("2011-05-20"), Kind: policy.Individual}
	with := func(change func(p *entitlement.Payment)) entitlement.History {
		p := one
		change(&p)
		return entitlement.History{Payments: []entitlement.Payment{one, p}}
	}
	for field, give := range map[string]entitlement.History{
		"payments[1].year":    with(func(p *entitlement.Payment) { p.Year = 2008 }),
		"payments[1].paid_on": with(func(p *entitlement.Payment) { p.PaidOn = day("2012-02-01") }),
		"payments[1].amount":  with(func(p *entitlement.Payment) { p.Amount = 0 }),
		"payments[1].kind":    with(func(p *entitlement.Payment) { p.Kind = policy.Interest }),
		"opening.subsidy":     {Opening: entitlement.Parts{Subsidy: -1}},
		"opened_at":           {OpenedAt: month("2012-02")},
		"drawings[0]":         {Drawings: []entitlement.Drawing{{Month: month("2012-02"), Amount: 1}}},
	} {
		_, err := terms(t, rates()...).Account(give, month("2012-01"))
		var f *fault.Error
		if !errors.As(err, &f) || !errors.Is(err, entitlement.ErrMember) || f.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for name, give := range map[string]entitlement.History{
		"paid in 2008":  with(func(p *entitlement.Payment) { p.PaidOn = day("2008-12-31") }),
		"beyond a fund": with(func(p *entitlement.Payment) { p.Amount = money.Max + 1 }),
		"all together":  with(func(p *entitlement.Payment) { p.Amount = money.Max }),
	} {
		if _, err := terms(t, rates()...).Account(give, month("2012-01")); !errors.Is(err, entitlement.ErrMember) {
			t.Errorf("%s: %v", name, err)
		}
	}
	huge := one
	huge.Amount = money.Max
	// What is paid fits, and what it earns does not.
	earning := entitlement.History{Payments: []entitlement.Payment{huge}}
	if _, err := terms(t, rates()...).Account(earning, month("2012-01")); !errors.Is(err, money.ErrRange) {
		t.Errorf("beyond what an account holds: %v", err)
	}
}

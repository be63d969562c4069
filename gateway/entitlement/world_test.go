package entitlement_test

import (
	"pgregory.net/rapid"

	"twoline/gateway/calendar"
	"twoline/gateway/entitlement"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

const area party.Area = 320923

// rule is one own row of the area: rule, first day, value.
type rule [3]string

func terms(t rapid.TB, own ...rule) *entitlement.Terms {
	t.Helper()
	rows := policy.National()
	for _, r := range own {
		v, err := policy.ParseText(policy.Rule(r[0]), r[2])
		if err != nil {
			t.Fatalf("%v: %v", r, err)
		}
		rows = append(rows, policy.Row{
			Area: area, Rule: policy.Rule(r[0]), From: calendar.MustDay(r[1]), Value: v, Document: "test",
		})
	}
	rules, err := policy.New(area, rows)
	if err != nil {
		t.Fatal(err)
	}
	out, err := entitlement.New(rules)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func yuan(s string) money.Amount { return money.MustParse(s) }

func day(s string) calendar.Day { return calendar.MustDay(s) }

func month(s string) calendar.Month { return calendar.MustMonth(s) }

// paid is one payment of each year from a first to a last, in May.
func paid(amount string, first, last int) []entitlement.Payment {
	var list []entitlement.Payment
	for year := first; year <= last; year++ {
		on, err := calendar.Date(year, 5, 20)
		if err != nil {
			panic(err)
		}
		list = append(list, entitlement.Payment{
			Year: year, Amount: yuan(amount), PaidOn: on, Kind: policy.Individual,
		})
	}
	return list
}

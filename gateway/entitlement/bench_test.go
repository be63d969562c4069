package entitlement_test

import (
	"fmt"
	"testing"

	"twoline/gateway/entitlement"
	"twoline/gateway/policy"
)

// BenchmarkPension reckons members of a province: a million a minute is the goal, and
// each of these has paid since the scheme began, with a subsidy each year.
func BenchmarkPension(b *testing.B) {
	var own []rule
	for year := 2009; year <= 2025; year++ {
		own = append(own, rule{"interest_rate", fmt.Sprintf("%d-01-01", year), "2.75%"})
	}
	t := terms(b, own...)
	for name, give := range map[string]func(i int) *entitlement.Member{
		"pensioner": func(i int) *entitlement.Member {
			m := contractMember()
			m.Birth = m.Birth.AddDays(-(i % 1000))
			return m
		},
		"payer": func(i int) *entitlement.Member {
			m := &entitlement.Member{Birth: day("1970-01-01").AddDays(i % 1000), Years: 17}
			m.Payments = paid("300.00", 2009, 2025)
			for j := range 17 {
				p := m.Payments[2*j]
				p.Kind, p.Amount = policy.Subsidy, yuan("45.00")
				m.Payments = append(m.Payments[:2*j+1], append([]entitlement.Payment{p}, m.Payments[2*j+1:]...)...)
			}
			return m
		},
	} {
		b.Run(name, func(b *testing.B) {
			members := make([]*entitlement.Member, 1000)
			for i := range members {
				members[i] = give(i)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				s, err := t.Pension(members[i%1000], month("2025-11"))
				if err != nil || (s.Pension == nil) != (name == "payer") {
					b.Fatal(s, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Seconds())/float64(b.N)*1e6, "s/million")
		})
	}
}

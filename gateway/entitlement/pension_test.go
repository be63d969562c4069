package entitlement_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/calendar"
	"twoline/gateway/entitlement"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/policy"
)

// contractMember is the contract's own example.
func contractMember() *entitlement.Member {
	return &entitlement.Member{
		Birth: day("1960-01-15"), Years: 15,
		History: entitlement.History{Opening: entitlement.Parts{Individual: yuan("13900.00")}},
	}
}

func TestPension_TheContractsExample(t *testing.T) {
	t.Parallel()
	s, err := terms(t).Pension(contractMember(), month("2025-11"))
	if err != nil {
		t.Fatal(err)
	}
	p := s.Pension
	if p == nil || p.From != month("2020-02") || p.Base != yuan("143.00") || p.Account != yuan("100.00") ||
		p.Total != yuan("243.00") || p.ExtraYears != 0 || p.ExtraAge != 0 || s.Account.Total() != yuan("13900.00") {
		t.Errorf("%+v", s)
	}
	list, err := s.Because()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, b := range list {
		line := fmt.Sprintf("%s %s %s", b.Figure, b.Reason, b.Sum)
		if b.Row != nil {
			line += fmt.Sprintf(" [%s %s %s %s]", b.Row.Rule, b.Row.Area, b.Row.From, b.Row.Value)
			if b.Row.Document == "" {
				t.Errorf("%s names no document", line)
			}
		}
		got = append(got, line)
	}
	want := []string{
		"account.balance opening 2020-01: 13900.00",
		"account.balance balance_of_parts 2020-01: 13900.00 + 0.00 + 0.00 + 0.00 = 13900.00",
		"pension.from age_reached 1960-01-15 + 60 = 2020-01-15 [pension_age 000000 2009-09-01 60]",
		"pension.from fewer_years_to_go 2009-09-01: 11 [scheme_start 000000 2009-09-01 2009-09-01]",
		"pension.from years_reached 15 ≥ 11 [pension_years 000000 2009-09-01 15]",
		"pension.from month_after 2020-01 + 1 = 2020-02",
		"pension.base minimum 143.00 [base_pension_minimum 000000 2025-07-01 143.00]",
		"pension.account account_divided 13900.00 ÷ 139 = 100.00 [account_divisor 000000 2009-09-01 139]",
		"pension.account account_rounded half_up:0.01 [account_pension_rounding 000000 2009-09-01 half_up:0.01]",
		"pension.total total 143.00 + 100.00 = 243.00",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Each year's interest is written out, a rounding once until it changes, and what is
// missing last.
func TestBecause_InterestAndWhatIsMissing(t *testing.T) {
	t.Parallel()
	own := terms(t,
		rule{"interest_rate", "2011-01-01", "3%"}, rule{"interest_rate_provisional", "2012-01-01", "2%"},
		rule{"interest_rate_provisional", "2013-01-01", "2%"}, rule{"interest_method", "2009-09-01", "demand"},
		rule{"demand_rate", "2011-01-01", "0.5%"}, rule{"demand_rate", "2012-01-01", "0.4%"},
		rule{"interest_rounding", "2009-09-01", "half_up:0.01"}, rule{"interest_rounding", "2013-01-01", "up:0.10"},
	)
	m := &entitlement.Member{Birth: day("1980-02-01"), Years: 2, History: entitlement.History{Payments: paid("100.00", 2011, 2012)}}
	s, err := own.Pension(m, month("2013-06"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Because()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, b := range list {
		got = append(got, fmt.Sprintf("%s %s", b.Reason, b.Sum))
	}
	want := []string{
		"interest_at_demand 2011: 100.00 × 0.5% × 7/12 = 0.29", "interest_rounded half_up:0.01",
		"interest_of_year_provisional 2012: 100.29 × 2% × 12/12 + 100.00 × 0.4% × 7/12 = 2.24", "interest_at_demand 2012: 0.4%",
		"interest_of_year_provisional 2013: 202.53 × 2% × 6/12 = 2.10", "interest_rounded up:0.10",
		"balance_of_parts 2013-06: 200.00 + 0.00 + 0.00 + 4.63 = 204.63",
		"age_ahead 1980-02-01 + 60 = 2040-02-01", "years_short 2 < 15", "could_begin 2040-03",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// The centre's minimum by month, for one who was of age when the scheme began.
func TestPension_TheMinimumByMonth(t *testing.T) {
	t.Parallel()
	old := &entitlement.Member{Birth: day("1940-03-01")}
	for asOf, want := range map[string]string{
		"2009-10": "55.00", "2014-06": "55.00", "2014-07": "70.00", "2017-12": "70.00", "2018-01": "88.00",
		"2020-06": "88.00", "2020-07": "93.00", "2022-07": "98.00", "2023-07": "103.00", "2024-07": "123.00",
		"2025-11": "143.00",
	} {
		s, err := terms(t).Pension(old, month(asOf))
		if err != nil || s.Pension == nil || s.Pension.Total != yuan(want) || s.Pension.From != month("2009-10") {
			t.Errorf("%s: %+v, %v; want %s", asOf, s.Pension, err, want)
		}
	}
	s, err := terms(t).Pension(old, month("2009-09"))
	if err != nil || s.Pension != nil || s.Missing != entitlement.MissingAge || s.Earliest != month("2009-10") {
		t.Errorf("the scheme's first month: %+v, %v", s, err)
	}
}

// Published cases: Songpan began in June 2010 and paid 6 070 people for six months,
// 1 900 yuan more than the minimum gives; Chencang's pensioners of 2011 at the minimum.
func TestPension_PublishedCases(t *testing.T) {
	t.Parallel()
	songpan := terms(t, rule{"scheme_start", "2009-09-01", "2010-06-01"})
	old := &entitlement.Member{Birth: day("1945-01-01")}
	var paid money.Amount
	for m := month("2010-01"); m.Year() == 2010; m = m.Add(1) {
		s, err := songpan.Pension(old, m)
		if err != nil {
			t.Fatal(err)
		}
		if s.Pension != nil {
			paid += s.Pension.Total * 6070
		}
	}
	if paid != yuan("2003100.00") || yuan("2005000.00")-paid != yuan("1900.00") {
		t.Errorf("Songpan paid %s at the minimum", paid)
	}
	s, err := terms(t).Pension(old, month("2011-12"))
	if err != nil || s.Pension == nil {
		t.Fatal(s, err)
	}
	if year := s.Pension.Total * 44007 * 12; year != yuan("29044620.00") {
		t.Errorf("Chencang's year at the minimum is %s", year)
	}
	// 350万 is 1.45 months of its base pensions.
	if months := yuan("3500000.00") * 100 / (s.Pension.Total * 44007); months != 144 {
		t.Errorf("the working cash is %d hundredths of a month", months)
	}
}

func TestPension_Conditions(t *testing.T) {
	t.Parallel()
	makeUp := append(paid("100.00", 2012, 2025), entitlement.Payment{
		Year: 2011, Amount: yuan("100.00"), PaidOn: day("2025-08-03"), Kind: policy.Individual,
	})
	for _, tt := range []struct {
		name    string
		birth   string
		years   int
		history []entitlement.Payment
		asOf    string
		from    string // of a pension, or
		missing entitlement.Missing
		could   string
	}{
		{"the month after sixty", "1960-01-15", 15, nil, "2020-02", "2020-02", 0, ""},
		{"the month of sixty", "1960-01-15", 15, nil, "2020-01", "", entitlement.MissingAge, "2020-02"},
		{"born on the first", "1960-02-01", 15, nil, "2020-03", "2020-03", 0, ""},
		{"born on the last", "1960-01-31", 15, nil, "2020-02", "2020-02", 0, ""},
		{"born on a leap day", "1964-02-29", 15, nil, "2025-01", "2024-03", 0, ""},
		{"of age on the first day", "1949-09-01", 0, nil, "2009-10", "2009-10", 0, ""},
		{"of age a day later owes a year", "1949-09-02", 0, nil, "2010-01", "", entitlement.MissingYears, "2010-02"},
		{"and paid it", "1949-09-02", 1, nil, "2010-01", "2009-10", 0, ""},
		{"ten and a half to go, eleven paid", "1960-03-15", 11, nil, "2020-04", "2020-04", 0, ""},
		{"ten and a half to go, ten paid", "1960-03-15", 10, nil, "2020-04", "", entitlement.MissingYears, "2020-05"},
		{"exactly fifteen to go", "1964-09-01", 14, nil, "2024-12", "", entitlement.MissingYears, "2025-01"},
		{"exactly fifteen to go and paid", "1964-09-01", 15, nil, "2024-12", "2024-10", 0, ""},
		{"more than fifteen to go", "1970-01-01", 16, nil, "2025-12", "", entitlement.MissingAge, "2030-02"},
		{"young, years short", "1990-06-01", 3, nil, "2025-12", "", entitlement.MissingYears, "2050-07"},
		{"made up after sixty", "1964-10-10", 15, makeUp, "2025-11", "2025-09", 0, ""},
		{"made up, asked before", "1964-10-10", 14, makeUp[:14], "2025-07", "", entitlement.MissingYears, "2025-08"},
		{"the scheme has not begun", "1940-01-01", 0, nil, "2008-01", "", entitlement.MissingAge, "2009-10"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var own []rule
			for year := 2012; year <= 2025; year++ {
				own = append(own, rule{"interest_rate", fmt.Sprintf("%d-01-01", year), "2%"})
			}
			m := &entitlement.Member{Birth: day(tt.birth), Years: tt.years, History: entitlement.History{Payments: tt.history}}
			s, err := terms(t, own...).Pension(m, month(tt.asOf))
			if err != nil {
				t.Fatal(err)
			}
			if tt.from == "" {
				if s.Pension != nil || s.Missing != tt.missing || s.Earliest != month(tt.could) {
					t.Errorf("%+v, %s, could begin in %s", s.Pension, s.Missing, s.Earliest)
				}
				return
			}
			if s.Pension == nil || s.Pension.From != month(tt.from) || s.Missing != entitlement.Nothing {
				t.Errorf("%+v, %s; want one from %s", s.Pension, s.Missing, tt.from)
			}
		})
	}
}

func TestPension_OtherPensionAndChildren(t *testing.T) {
	t.Parallel()
	other := contractMember()
	other.OtherPension = true
	s, err := terms(t).Pension(other, month("2025-11"))
	if err != nil || s.Pension != nil || s.Missing != entitlement.OtherPension {
		t.Errorf("another pension: %+v, %v", s, err)
	}
	old := &entitlement.Member{Birth: day("1945-01-01"), ChildUnpaid: true}
	for asOf, want := range map[string]bool{"2014-02": false, "2014-03": true} {
		s, err := terms(t).Pension(old, month(asOf))
		if err != nil || (s.Pension != nil) != want || !want && s.Missing != entitlement.ChildUnpaid {
			t.Errorf("a child unpaid in %s: %+v, %v", asOf, s, err)
		}
	}
	// The account's pension is the member's own money, and goes on.
	old.Opening, old.OpenedAt = entitlement.Parts{Individual: 139_00}, month("2009-08")
	s, err = terms(t, rule{"interest_rate", "2009-01-01", "0%"}).Pension(old, month("2010-01"))
	if err != nil || s.Missing != entitlement.ChildUnpaid || s.Pension == nil || s.Pension.Base != 0 || s.Pension.Total != 100 {
		t.Errorf("a child unpaid beside an account: %+v, %v", s.Pension, err)
	}
	if because, err := s.Because(); err != nil || !strings.HasSuffix(because[len(because)-1].Sum, "1.00 = 1.00") {
		t.Errorf("it is explained by %+v, %v", because, err)
	}
	// So it is for who came of age on the first day.
	s, err = terms(t).Pension(&entitlement.Member{Birth: day("1949-09-01"), ChildUnpaid: true}, month("2010-01"))
	if err != nil || s.Missing != entitlement.ChildUnpaid {
		t.Errorf("of age on the first day: %+v, %v", s, err)
	}
	// Who was not of age at the start has paid: children do not matter.
	young := contractMember()
	young.ChildUnpaid = true
	if s, err := terms(t, rule{"child_linked", "2009-09-01", "true"}).Pension(young, month("2025-11")); err != nil || s.Pension == nil {
		t.Errorf("paid for himself: %+v, %v", s, err)
	}
}

func TestPension_AdditionsExtrasAndPayers(t *testing.T) {
	t.Parallel()
	own := terms(t,
		rule{"base_pension_additions", "2020-01-01", "province:12.00 county:8.50"},
		rule{"base_pension_payers", "2009-09-01", "centre:50% province:33.333333% county:16.666667%"},
		rule{"extra_for_years", "2018-01-01", "16:2.00 18:3.00"},
		rule{"extra_for_age", "2018-01-01", "65:5.00 70:10.00"},
	)
	// Born late enough that more than fifteen years were to go.
	m := &entitlement.Member{Birth: day("1965-10-10"), Years: 19}
	s, err := own.Pension(m, month("2025-11"))
	if err != nil || s.Pension == nil {
		t.Fatal(s, err)
	}
	p := s.Pension
	// 16 and 17 at 2.00, 18 and 19 at 3.00.
	if p.Base != yuan("163.50") || p.ExtraYears != yuan("10.00") || p.ExtraAge != 0 || p.Total != yuan("173.50") {
		t.Errorf("%+v", p)
	}
	parts, err := own.Payers(p, month("2025-11"))
	// 143.00: 71.50, 47.66, and the rest 23.84; with the additions 12.00 and 8.50.
	want := []entitlement.Part{
		{Level: policy.Centre, Amount: yuan("71.50")},
		{Level: policy.Province, Amount: yuan("59.66")},
		{Level: policy.County, Amount: yuan("32.34")},
	}
	if diff := cmp.Diff(want, parts); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, err := terms(t).Payers(p, month("2025-11")); !errors.Is(err, policy.ErrNoRule) {
		t.Errorf("payers that nobody decided: %v", err)
	}
	// At most fifteen years count for those who had fewer to go.
	older := &entitlement.Member{Birth: day("1960-01-15"), Years: 19}
	for asOf, want := range map[string]string{
		"2025-01": "0.00", "2025-02": "5.00", "2030-01": "5.00", "2030-02": "10.00",
	} {
		s, err := own.Pension(older, month(asOf))
		if err != nil || s.Pension == nil || s.Pension.ExtraYears != 0 || s.Pension.ExtraAge != yuan(want) {
			t.Errorf("%s: %+v, %v", asOf, s.Pension, err)
		}
	}
}

// Less than fifteen years to go at the start make the transition, in which no more than fifteen
// count; exactly fifteen do not.
func TestPension_ExactlyFifteenYearsToGoIsNoTransition(t *testing.T) {
	t.Parallel()
	own := terms(t, rule{"extra_for_years", "2009-09-01", "16:1"})
	for birth, want := range map[string]string{"1964-08-31": "0.00", "1964-09-01": "1.00", "1964-09-02": "1.00"} {
		s, err := own.Pension(&entitlement.Member{Birth: day(birth), Years: 16}, month("2024-12"))
		if err != nil || s.Pension == nil || s.Pension.ExtraYears != yuan(want) {
			t.Errorf("born on %s: %+v, %v; want an extra of %s", birth, s.Pension, err, want)
		}
	}
}

func TestPension_TheAccountIsRoundedAsTheAreaSays(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"half_up:0.01": "0.72", "up:0.01": "0.72", "down:0.01": "0.71", "up:0.10": "0.80", "half_up:0.10": "0.70",
		"up:1.00": "1.00", "down:1.00": "0.00",
	} {
		m := contractMember()
		m.Opening = entitlement.Parts{Individual: yuan("99.56")} // ÷ 139 = 0.71626
		s, err := terms(t, rule{"account_pension_rounding", "2009-09-01", value}).Pension(m, month("2025-11"))
		if err != nil || s.Pension.Account != yuan(want) {
			t.Errorf("%s: %+v, %v; want %s", value, s.Pension, err, want)
		}
	}
	// Exactly half a fen goes up: 70.20 ÷ 80 is 0.8775, and 70.00 ÷ 80 is 0.875.
	m := contractMember()
	m.Opening = entitlement.Parts{Individual: yuan("70.00")}
	s, err := terms(t, rule{"account_divisor", "2009-09-01", "80"}).Pension(m, month("2025-11"))
	if err != nil || s.Pension.Account != yuan("0.88") {
		t.Errorf("half a fen: %+v, %v", s.Pension, err)
	}
}

// A subsidy for a year up to that of the start adds to the pension from the month after it
// came, and is written out.
func TestPension_RisesByASubsidyThatWasOwed(t *testing.T) {
	t.Parallel()
	m := contractMember()
	m.Payments = []entitlement.Payment{
		{Year: 2019, Amount: yuan("139.00"), PaidOn: day("2020-02-28"), Kind: policy.Subsidy},
		{Year: 2020, Amount: yuan("70.00"), PaidOn: day("2021-06-01"), Kind: policy.Subsidy},
	}
	for asOf, want := range map[string]string{"2020-02": "100.00", "2020-03": "101.00", "2021-06": "101.00", "2021-07": "101.50"} {
		s, err := terms(t).Pension(&entitlement.Member{
			Birth: m.Birth, Years: m.Years, History: entitlement.History{ //nolint:exhaustruct // no drawings
				Opening: m.Opening, OpenedAt: m.OpenedAt, Payments: until(m.Payments, month(asOf)),
			},
		}, month(asOf))
		if err != nil || s.Pension.Account != yuan(want) || s.Account.Total() != yuan("13900.00") {
			t.Fatalf("%s: %+v, %v", asOf, s.Pension, err)
		}
		list, err := s.Because()
		at := slices.IndexFunc(list, func(b entitlement.Because) bool { return b.Reason == entitlement.SubsidyAfterStart })
		switch {
		case err != nil:
			t.Fatal(err)
		case want == "100.00" && at >= 0:
			t.Errorf("%s: nothing rose yet, and it is told", asOf)
		case want == "101.50" && list[at].Sum != "209.00 ÷ 139 = 1.50":
			t.Errorf("%s is told as %s", asOf, list[at].Sum)
		}
	}
}

func until(payments []entitlement.Payment, to calendar.Month) []entitlement.Payment {
	return slices.DeleteFunc(slices.Clone(payments), func(p entitlement.Payment) bool { return p.PaidOn.After(to.Last()) })
}

func TestPension_Refuses(t *testing.T) {
	t.Parallel()
	late := entitlement.Payment{Year: 2020, Amount: 1, PaidOn: day("2020-02-01"), Kind: policy.Individual}
	years := func(m *entitlement.Member, p entitlement.Payment) {
		m.Years, m.Payments = m.Years+1, []entitlement.Payment{p}
	}
	after := entitlement.Payment{Year: 2021, Amount: 1, PaidOn: day("2021-02-01"), Kind: policy.Subsidy}
	for name, tt := range map[string]struct {
		change func(m *entitlement.Member)
		field  string
		want   error
	}{
		"no birth":         {func(m *entitlement.Member) { m.Birth = day("2025-12-01") }, "birth", entitlement.ErrMember},
		"negative years":   {func(m *entitlement.Member) { m.Years = -1 }, "years", entitlement.ErrMember},
		"too many years":   {func(m *entitlement.Member) { m.Years = 101 }, "years", entitlement.ErrMember},
		"years not listed": {func(m *entitlement.Member) { m.Years = 2; m.Payments = paid("1.00", 2011, 2013) }, "years", entitlement.ErrMember},
		"paid too late":    {func(m *entitlement.Member) { years(m, late) }, "payments[0].paid_on", entitlement.ErrLate},
		"of a later year":  {func(m *entitlement.Member) { years(m, after) }, "payments[0].paid_on", entitlement.ErrLate},
		"opened too late":  {func(m *entitlement.Member) { m.OpenedAt = month("2020-02") }, "opened_at", entitlement.ErrMember},
	} {
		m := contractMember()
		tt.change(m)
		_, err := terms(t).Pension(m, month("2025-11"))
		var f *fault.Error
		if !errors.Is(err, tt.want) || !errors.As(err, &f) || f.Field != tt.field {
			t.Errorf("%s: %v, want %v on %s", name, err, tt.want, tt.field)
		}
	}
}

// Rules that nobody decided are named where they are needed, and only there.
func TestPension_AMissingRuleIsAnErrorNeverADefault(t *testing.T) {
	t.Parallel()
	needed := []policy.Rule{
		policy.BasePensionMinimum, policy.BasePensionAdditions, policy.ExtraForYears, policy.ExtraForAge, policy.AccountDivisor,
		policy.AccountPensionRounding, policy.PensionAge, policy.PensionYears, policy.SchemeStart,
	}
	for _, missing := range policy.All() {
		rows := slices.DeleteFunc(policy.National(), func(r policy.Row) bool { return r.Rule == missing })
		rules, err := policy.New(area, rows)
		if err != nil {
			t.Fatal(err)
		}
		_, err = calculate(rules, contractMember())
		if slices.Contains(needed, missing) {
			if !errors.Is(err, policy.ErrNoRule) || !strings.Contains(err.Error(), string(missing)) {
				t.Errorf("without %s: %v", missing, err)
			}
		} else if err != nil {
			t.Errorf("without %s, which is not needed: %v", missing, err)
		}
	}
}

func calculate(rules *policy.Rules, m *entitlement.Member) (entitlement.Statement, error) {
	t, err := entitlement.New(rules)
	if err != nil {
		return entitlement.Statement{}, err
	}
	return t.Pension(m, month("2025-11"))
}

func TestHeirs(t *testing.T) {
	t.Parallel()
	balance := entitlement.Parts{Individual: 100, Collective: 20, Subsidy: 7, Interest: 3}
	for died, want := range map[string]money.Amount{"2014-02-20": 123, "2014-02-21": 130} {
		if got, err := terms(t).Heirs(balance, day(died)); err != nil || got != want {
			t.Errorf("died on %s: %s, %v; want %s", died, got, err, want)
		}
	}
	if _, err := terms(t).Heirs(balance, day("2009-08-31")); !errors.Is(err, policy.ErrNoRule) {
		t.Errorf("before the scheme: %v", err)
	}
}

// The account's pension goes on for life: 139 months from the account where nothing
// earns, and the same amount from the local government after that.
func TestAccount_RunsOut(t *testing.T) {
	t.Parallel()
	h := entitlement.History{Opening: entitlement.Parts{Individual: yuan("13900.00")}, OpenedAt: month("2010-12")}
	var own []rule
	for year := 2011; year <= 2023; year++ {
		own = append(own, rule{"interest_rate", fmt.Sprintf("%d-01-01", year), "0%"})
	}
	for m := month("2011-01"); m != month("2022-10"); m = m.Add(1) {
		h.Drawings = append(h.Drawings, entitlement.Drawing{Month: m, Amount: yuan("100.00")})
	}
	a, err := terms(t, own...).Account(h, month("2022-12"))
	if err != nil || len(h.Drawings) != 141 || a.Drawn != yuan("13900.00") || a.Local != yuan("200.00") || a.Total() != 0 {
		t.Errorf("%+v, %v", a, err)
	}
}

package postgres_test

import (
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/personal"
)

// The first and the last day of a year belong to it, the day before and the day after do
// not; and what an account held at go-live earns from the day before its entry on.
func TestInterest_DaysAtTheEdgesOfTheYear(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.rule("interest_rate", "2024-01-01", "1.20%")
	paid := func(member int64, on string) {
		w.book(ledger.ContributionReceived, on, part{member, ledger.PersonalIndividual, "1200.00", 2024})
	}
	paid(1001, "2024-01-01")
	paid(1002, "2024-12-31")
	paid(1003, "2025-01-01")
	for member, on := range map[int64]string{1004: "2024-01-01", 1005: "2024-01-02", 1006: "2024-02-01", 1007: "2024-02-02"} {
		w.book(ledger.Opening, on, part{member, ledger.PersonalIndividual, "1200.00", 0})
	}
	run := w.mustRun(interest(2024, personal.Final, ""))
	if run.Sums.Lines != 6 {
		t.Errorf("%d lines, want 6: who paid on 1 January of the next year has none", run.Sums.Lines)
	}
	// 1200 × 1.2 % is 14.40 a year, 1.20 a month. What is paid earns from the month after
	// on; what was there at go-live stood there at the end of the day before.
	for member, want := range map[int64]string{
		1001: "13.20", 1002: "0.00", 1003: "0.00", 1004: "14.40", 1005: "13.20", 1006: "13.20", 1007: "12.00",
	} {
		if got := w.held(member, ledger.PersonalInterest); got != want {
			t.Errorf("member %d holds interest of %s, want %s", member, got, want)
		}
	}
	if got := one[string](t, w.world, `select paid_in || ' ' || opening from interest_line where member_id = 1002`); got != "120000 0" {
		t.Errorf("paid on 31 December: %s, want 120000 paid in", got)
	}
}

// By whatever kind of entry money leaves an account as a benefit, or comes back of it, the
// month of its entry decides, and a member of another scheme has no part in a run.
func TestInterest_EveryWayOutAndBack(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.rule("interest_rate", "2024-01-01", "1.20%")
	w.sql(t, `insert into area_rule values (610304, 'drawn_month_earns', '2009-09-01', 'false', 'letter 3')`)
	out := []ledger.Kind{ledger.BenefitPaid, ledger.AccountPaidOut, ledger.TransferMade}
	back := []ledger.Kind{ledger.PaymentReturn, ledger.ReturnUnclaimed, ledger.RecoveryByChannel, ledger.RecoverySettled}
	for member := int64(1001); member <= 1008; member++ {
		w.book(ledger.Opening, "2024-01-01", part{member, ledger.PersonalIndividual, "1200.00", 0})
	}
	w.scheme = ledger.Urban
	w.book(ledger.Opening, "2024-01-01", part{1009, ledger.PersonalIndividual, "1200.00", 0})
	w.scheme = ledger.Rural
	for i, kind := range out {
		w.book(kind, "2024-06-30", part{int64(1001 + i), ledger.PersonalIndividual, "-600.00", 0})
	}
	for i, kind := range back {
		member := int64(1004 + i)
		w.book(ledger.BenefitPaid, "2024-03-25", part{member, ledger.PersonalIndividual, "-600.00", 0})
		w.book(kind, "2024-09-01", part{member, ledger.PersonalIndividual, "600.00", 0})
	}
	run := w.mustRun(interest(2024, personal.Final, ""))
	if run.Sums.Lines != 8 {
		t.Errorf("%d lines, want 8: the ninth member is of another scheme", run.Sums.Lines)
	}
	// 14.40 a year, and no interest for the month of a drawing: 600 drawn in June lacks seven
	// months of 0.60; drawn in March and back in September, the six from March to August.
	want := map[int64]string{1001: "10.20", 1002: "10.20", 1003: "10.20", 1008: "14.40", 1009: "0.00"}
	for i := range back {
		want[int64(1004+i)] = "10.80"
	}
	for member, interest := range want {
		if got := w.held(member, ledger.PersonalInterest); got != interest {
			t.Errorf("member %d holds interest of %s, want %s", member, got, interest)
		}
	}
	if n := one[int](t, w.world, `select count(*) from interest_line where paid_out <> 60000 and member_id < 1008`); n != 0 {
		t.Errorf("%d lines do not show what was drawn", n)
	}
}

// A year's subsidies are for what was paid for it from its first to its last day, in the
// run's own scheme; in the year under way up to the day of the list.
func TestSubsidies_DaysAtTheEdgesOfTheYear(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.rule("contribution_subsidies", "2014-07-01", "100.00:30.00")
	w.rule("contribution_subsidy_payers", "2014-07-01", "county:100%")
	paid := func(member int64, on string, year int) {
		w.book(ledger.ContributionReceived, on, part{member, ledger.PersonalIndividual, "100.00", year})
	}
	paid(1001, "2024-12-31", 2025)
	paid(1002, "2025-01-01", 2025)
	paid(1003, "2025-12-31", 2025)
	paid(1004, "2026-01-01", 2025)
	w.scheme = ledger.Urban
	paid(1005, "2025-06-01", 2025)
	w.scheme = ledger.Rural
	w.book(ledger.ContributionReceived, "2025-06-01", part{1006, ledger.PersonalCollective, "100.00", 2025})
	members := func(run personal.SubsidyRun) string {
		t.Helper()
		return one[string](t, w.world, `select coalesce(string_agg(member_id::text, ' ' order by member_id), '') from subsidy_line where run_id = $1`,
			run.ID)
	}
	order := personal.SubsidyOrder{Scheme: ledger.Rural, Year: 2025, DueOn: calendar.MustDay("2026-03-31"), Document: "letter"}
	run, err := w.subsidies(order)
	if err != nil {
		t.Fatal(err)
	}
	if got := members(run); got != "1002 1003" || run.Upto != calendar.MustDay("2025-12-31") {
		t.Errorf("members %s up to %s, want 1002 1003 up to 2025-12-31", got, run.Upto)
	}
	paid(1007, "2026-01-15", 2026)
	paid(1008, "2026-01-16", 2026)
	order.Year = 2026
	if run, err = w.subsidies(order); err != nil {
		t.Fatal(err)
	}
	if got := members(run); got != "1007" {
		t.Errorf("of the year under way: members %s, want 1007", got)
	}
}

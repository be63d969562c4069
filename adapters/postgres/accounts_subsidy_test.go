package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/personal"
	"twoline/gateway/policy"
)

func (w *accountsWorld) subsidies(order personal.SubsidyOrder) (personal.SubsidyRun, error) {
	w.t.Helper()
	return w.onSubsidy(func(r once.Request, render once.Render) error {
		_, err := w.personal.MakeSubsidies(context.Background(), r, render, w.officer("business-maker"), order)
		return err
	})
}

func (w *accountsWorld) onSubsidy(do func(once.Request, once.Render) error) (personal.SubsidyRun, error) {
	w.t.Helper()
	var run personal.SubsidyRun
	err := do(w.request("POST /v1/subsidy-runs", "", w.keys), result(&run))
	return run, err
}

func (w *accountsWorld) arrived(run, transfer int64, level policy.Level) (personal.SubsidyRun, error) {
	w.t.Helper()
	return w.onSubsidy(func(r once.Request, render once.Render) error {
		_, err := w.personal.NameSubsidy(context.Background(), r, render, w.officer("business-maker"), run, transfer, level)
		return err
	})
}

func (w *accountsWorld) credit(run int64) (personal.SubsidyRun, error) {
	w.t.Helper()
	return w.onSubsidy(func(r once.Request, render once.Render) error {
		_, err := w.personal.CreditSubsidies(context.Background(), r, render, w.officer("business-maker"), run)
		return err
	})
}

// transfer is a booked transfer into the fiscal special account.
func (w *accountsWorld) transfer(id int64, kind, purpose, on, amount, state string) int64 {
	w.t.Helper()
	maker := w.officer("bureau-maker")
	w.sql(w.t, fmt.Sprintf(`insert into fund_transfer (area, id, scheme, kind, to_account, amount, purpose, effective_on, document, bank_reference,
		digest, maker, maker_person, made_at, state) values (610304, %[1]d, 'rural', '%s', %d, %d, '%s', '%s', 'letter', 'F%[1]d', sha256('x'), '%[7]s', %d, now(), '%s')`,
		id, kind, w.books.Accounts[ledger.FiscalSpecial], money.MustParse(amount).Fen(), purpose, on, maker.Login, maker.Person, state))
	return id
}

// Who paid 2024 in 2024 is subsidised by tier, by two levels, when the money of both is
// there; what was made up later earns none.
func TestSubsidies_FromListToAccounts(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.rule("contribution_subsidies", "2014-07-01", "100.00:30.00 500.00:60.00")
	w.rule("interest_rate", "2025-01-01", "2.40%")
	order := personal.SubsidyOrder{Scheme: ledger.Rural, Year: 2024, DueOn: calendar.MustDay("2025-03-31"), Document: "财社2024-9"}
	pay := func(member int64, on, amount string, year int) {
		w.book(ledger.ContributionReceived, on, part{member, ledger.PersonalIndividual, amount, year})
	}
	pay(1001, "2024-05-20", "100.00", 2024)
	pay(1001, "2024-07-20", "400.00", 2024)
	pay(1002, "2024-05-20", "200.00", 2024)
	pay(1003, "2025-02-01", "500.00", 2024) // made up
	pay(1004, "2024-06-01", "500.00", 2023) // made up
	pay(1005, "2024-06-01", "50.00", 2024)  // below the lowest tier
	pay(1006, "2024-06-01", "300.00", 2024)
	w.book(ledger.ContributionRefund, "2024-09-01", part{1006, ledger.PersonalIndividual, "-300.00", 2024})
	if _, err := w.subsidies(order); !errors.Is(err, policy.ErrNoRule) {
		t.Fatalf("nobody said who pays: %v", err)
	}
	w.rule("contribution_subsidy_payers", "2014-07-01", "province:33.333333% county:66.666667%")
	run, err := w.subsidies(order)
	if err != nil {
		t.Fatal(err)
	}
	if run.Lines != 2 || run.Amount != money.MustParse("90.00") || run.RuleDocument != "contribution_subsidies of 2014-07-01" ||
		run.Levels[0].Amount != 3000 || run.Levels[1].Amount != 6000 {
		t.Fatalf("the list is %+v", run)
	}
	if _, err := w.credit(run.ID); !errors.Is(err, personal.ErrSubsidyShort) {
		t.Fatalf("credited without money: %v", err)
	}
	// A list without money gives way to a newer one.
	first := run.ID
	if run, err = w.subsidies(order); err != nil {
		t.Fatal(err)
	}
	province := w.transfer(71, "subsidy", "contribution", "2025-03-20", "30.00", "booked")
	county := w.transfer(72, "subsidy", "contribution", "2025-06-10", "60.00", "booked")
	for name, c := range map[string]struct {
		run, transfer int64
		level         policy.Level
		want          error
	}{
		"for a list that was replaced": {first, province, policy.Province, personal.ErrSubsidyOver},
		"of a level that owes nothing": {run.ID, province, policy.Centre, personal.ErrSubsidy},
		"for base pensions":            {run.ID, w.transfer(73, "subsidy", "base_pension", "2025-03-20", "30.00", "booked"), policy.Province, personal.ErrSubsidyMoney},
		"that is not booked":           {run.ID, w.transfer(74, "subsidy", "contribution", "2025-03-21", "30.00", "submitted"), policy.Province, personal.ErrSubsidyMoney},
		"of no transfer":               {run.ID, 75, policy.Province, personal.ErrSubsidyMoney},
		"for no list":                  {5, province, policy.Province, personal.ErrNoSubsidy},
	} {
		if _, err := w.arrived(c.run, c.transfer, c.level); !errors.Is(err, c.want) {
			t.Errorf("money %s: %v, want %v", name, err, c.want)
		}
	}
	if _, err = w.arrived(run.ID, province, policy.Province); err != nil {
		t.Fatal(err)
	}
	if _, err := w.arrived(run.ID, province, policy.County); !errors.Is(err, personal.ErrSubsidyNamed) {
		t.Errorf("money named twice: %v", err)
	}
	if _, err := w.subsidies(order); !errors.Is(err, personal.ErrSubsidyOpen) {
		t.Errorf("another list beside money: %v", err)
	}
	if _, err := w.credit(run.ID); !errors.Is(err, personal.ErrSubsidyShort) {
		t.Errorf("credited with half of the money: %v", err)
	}
	shown, err := w.arrived(run.ID, county, policy.County)
	if err != nil {
		t.Fatal(err)
	}
	// Three months late: 60 × 2.4 % × 3/12.
	if late := shown.Levels[1].Arrivals[0]; late.Late.Months != 3 || late.Late.Interest != 36 || !late.Late.Known {
		t.Errorf("the county's money is %+v", late)
	}
	if in := shown.Levels[0].Arrivals[0]; in.Late.Months != 0 || in.Late.Interest != 0 {
		t.Errorf("the province's money is %+v", in)
	}
	asked, err := w.credit(run.ID)
	if err != nil || asked.State != casework.Submitted {
		t.Fatalf("asked %+v, %v", asked, err)
	}
	if err := w.approve(asked.Decision); err != nil {
		t.Fatal(err)
	}
	w.jobs.list = nil // given up, and asked for anew by the daily look
	if err := w.personal.Tick(context.Background()); err != nil {
		t.Fatal(err)
	}
	w.post()
	for member, want := range map[int64]string{1001: "60.00", 1002: "30.00", 1003: "0.00", 1005: "0.00"} {
		if got := w.held(member, ledger.PersonalSubsidy); got != want {
			t.Errorf("member %d holds a subsidy of %s, want %s", member, got, want)
		}
	}
	if got := one[string](t, w.world, `select effective_on || ' ' || text from entry where kind = 'account_subsidy'`); got !=
		"2025-06-10 subsidies of 2024, 2 accounts" {
		t.Errorf("the entry is %s", got)
	}
	w.balanced()
	told, err := w.personal.Statement(context.Background(), w.officer("auditor"), 1001, 2025)
	if last := told.Lines[len(told.Lines)-1]; err != nil || last.Parts.Subsidy != 6000 || last.BankReference != fmt.Sprintf("F%d +1", province) {
		t.Errorf("the statement says %+v, %v", last, err)
	}

	// Who is found later stands in a list of its own, less what was given.
	if _, err := w.subsidies(order); !errors.Is(err, personal.ErrNobodyPaid) {
		t.Errorf("the same list again: %v", err)
	}
	pay(1002, "2024-12-30", "300.00", 2024)
	run, err = w.subsidies(order)
	if err != nil || run.Round != 1 || run.Lines != 1 || run.Amount != 3000 || run.Levels[0].Amount != 1000 {
		t.Errorf("the second list is %+v, %v", run, err)
	}
}

// The rules are those of the year's last day, late money owes the interest of each month
// after the one in which it was due, and no list begins while one is being credited.
func TestSubsidies_ByTheRulesOfTheirDays(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	for _, r := range [][3]string{
		{"contribution_subsidies", "2014-07-01", "100.00:30.00"},
		{"contribution_subsidies", "2025-01-01", "100.00:45.00"},
		{"contribution_subsidy_payers", "2014-07-01", "county:100%"},
		{"contribution_subsidy_payers", "2025-01-01", "province:100%"},
		{"interest_rate", "2024-01-01", "1.20%"},
		{"interest_rate", "2025-01-01", "2.40%"},
	} {
		w.rule(r[0], r[1], r[2])
	}
	w.book(ledger.ContributionReceived, "2024-05-20", part{1001, ledger.PersonalIndividual, "100.00", 2024})
	order := personal.SubsidyOrder{Scheme: ledger.Rural, Year: 2024, DueOn: calendar.MustDay("2024-11-30"), Document: "letter"}
	run, err := w.subsidies(order)
	if err != nil || run.Amount != money.MustParse("30.00") || len(run.Levels) != 1 || run.Levels[0].Level != policy.County {
		t.Fatalf("the list is %+v, %v", run, err)
	}
	if _, err := w.arrived(run.ID, w.transfer(71, "subsidy", "contribution", "2025-01-31", "14.50", "booked"), policy.County); err != nil {
		t.Fatal(err)
	}
	if _, err := w.credit(run.ID); !errors.Is(err, personal.ErrSubsidyShort) {
		t.Errorf("credited with a part of a level's money: %v", err)
	}
	shown, err := w.arrived(run.ID, w.transfer(72, "subsidy", "contribution", "2025-02-10", "15.50", "booked"), policy.County)
	if err != nil {
		t.Fatal(err)
	}
	// 14.50 × (1.2 + 2.4) % / 12 = 0.0435; 15.50 × (1.2 + 2.4 + 2.4) % / 12 = 0.0775
	if in := shown.Levels[0].Arrivals; in[0].Late.Months != 2 || in[0].Late.Interest != 4 || in[1].Late.Months != 3 || in[1].Late.Interest != 8 {
		t.Errorf("what came late is %+v", in)
	}
	asked, err := w.credit(run.ID)
	if err != nil {
		t.Fatal(err)
	}
	decision, err := w.desk.Request(t.Context(), w.officer("business-checker"), asked.Decision)
	if err != nil || !strings.Contains(decision.About, "30.00 in all, from 2025-02-10") {
		t.Errorf("its checker is shown %q, %v", decision.About, err)
	}
	if _, err := w.credit(run.ID); !errors.Is(err, personal.ErrSubsidyOver) {
		t.Errorf("asked twice: %v", err)
	}
	if err := w.approve(asked.Decision); err != nil {
		t.Fatal(err)
	}
	if _, err := w.subsidies(order); !errors.Is(err, personal.ErrSubsidyOpen) {
		t.Errorf("a list while one is being credited: %v", err)
	}
	w.post()
	w.book(ledger.ContributionReceived, "2026-01-10", part{1002, ledger.PersonalIndividual, "100.00", 2026})
	order.Year, order.DueOn = 2026, calendar.MustDay("2026-06-30")
	if run, err = w.subsidies(order); err != nil || run.Upto != w.today || run.Amount != money.MustParse("45.00") {
		t.Errorf("of the year under way: %+v, %v", run, err)
	}
}

func TestSubsidies_Refuses(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	good := personal.SubsidyOrder{Scheme: ledger.Rural, Year: 2024, DueOn: calendar.MustDay("2025-03-31"), Document: "letter"}
	for name, change := range map[string]func(*personal.SubsidyOrder){
		"no scheme":     func(o *personal.SubsidyOrder) { o.Scheme = "" },
		"a year ahead":  func(o *personal.SubsidyOrder) { o.Year, o.DueOn = 2027, calendar.MustDay("2027-03-31") },
		"due before":    func(o *personal.SubsidyOrder) { o.DueOn = calendar.MustDay("2023-12-31") },
		"due long past": func(o *personal.SubsidyOrder) { o.DueOn = calendar.MustDay("2027-01-01") },
		"no document":   func(o *personal.SubsidyOrder) { o.Document = "" },
	} {
		order := good
		change(&order)
		if _, err := w.subsidies(order); !errors.Is(err, personal.ErrSubsidy) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := w.onSubsidy(func(r once.Request, render once.Render) error {
		_, err := w.personal.MakeSubsidies(context.Background(), r, render, w.officer("bureau-maker"), good)
		return err
	})
	if !errors.Is(err, approval.ErrDuty) {
		t.Errorf("the bureau: %v", err)
	}
}

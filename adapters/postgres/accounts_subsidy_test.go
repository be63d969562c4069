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
		_, err := w.personal.NameSubsidy(context.Background(), r, render, w.officer("business-maker"), run,
			personal.SubsidyPart{Transfer: transfer, Level: level, Amount: 0})
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

// secondMaker is another maker of the business office.
func (w *accountsWorld) secondMaker() approval.Officer {
	w.sql(w.t, `insert into person (id, name) values (8, 'second') on conflict do nothing`)
	w.sql(w.t, `insert into officer (login, person_id, organisation_id, password_hash, created_at)
		select 'desk-maker', 8, id, '', now() from organisation where area = 610304 and kind = 'agency_business' on conflict do nothing`)
	w.sql(w.t, `insert into duty_grant (login, duty, granted_at) select 'desk-maker', 'maker', '2009-09-01'
		where not exists (select from duty_grant where login = 'desk-maker')`)
	o := w.officer("business-maker")
	o.Login, o.Person = "desk-maker", 8
	return o
}

func (w *accountsWorld) part(run int64, p personal.SubsidyPart) (personal.SubsidyRun, error) {
	w.t.Helper()
	return w.onSubsidy(func(r once.Request, render once.Render) error {
		_, err := w.personal.NameSubsidy(context.Background(), r, render, w.officer("business-maker"), run, p)
		return err
	})
}

func (w *accountsWorld) takeBack(by approval.Officer, run, arrival int64, document string) (personal.SubsidyRun, error) {
	w.t.Helper()
	return w.onSubsidy(func(r once.Request, render once.Render) error {
		_, err := w.personal.WithdrawSubsidy(context.Background(), r, render, by, run, arrival, document)
		return err
	})
}

// twoLevels is a list of 60.00 for 2024 that the province and the county owe by halves.
func (w *accountsWorld) twoLevels() (personal.SubsidyRun, personal.SubsidyOrder) {
	w.t.Helper()
	w.rule("contribution_subsidies", "2014-07-01", "100.00:30.00")
	w.rule("contribution_subsidy_payers", "2014-07-01", "province:50% county:50%")
	for member := int64(1001); member <= 1002; member++ {
		w.book(ledger.ContributionReceived, "2024-05-20", part{member, ledger.PersonalIndividual, "100.00", 2024})
	}
	order := personal.SubsidyOrder{Scheme: ledger.Rural, Year: 2024, DueOn: calendar.MustDay("2025-03-31"), Document: "letter"}
	run, err := w.subsidies(order)
	if err != nil {
		w.t.Fatal(err)
	}
	return run, order
}

// A transfer that was named for the wrong level is taken back by another maker and named
// anew; nothing that was taken back is counted, credited or told.
func TestSubsidies_NamedForTheWrongLevel(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	run, order := w.twoLevels()
	province := w.transfer(71, "subsidy", "contribution", "2025-03-20", "30.00", "booked")
	county := w.transfer(72, "subsidy", "contribution", "2025-03-10", "30.00", "booked")
	shown, err := w.arrived(run.ID, province, policy.County)
	if err != nil {
		t.Fatal(err)
	}
	wrong := shown.Levels[1].Arrivals[0]
	second := w.secondMaker()
	for name, c := range map[string]struct {
		by           approval.Officer
		run, arrival int64
		document     string
		want         error
	}{
		"by who named it":      {w.officer("business-maker"), run.ID, wrong.ID, "letter 4", approval.ErrSamePerson},
		"by the bureau":        {w.officer("bureau-maker"), run.ID, wrong.ID, "letter 4", approval.ErrDuty},
		"by no document":       {second, run.ID, wrong.ID, "", personal.ErrSubsidy},
		"that is not there":    {second, run.ID, 5, "letter 4", personal.ErrNoArrival},
		"of another's list":    {second, 5, wrong.ID, "letter 4", personal.ErrNoSubsidy},
		"by its transfer's id": {second, run.ID, province, "letter 4", personal.ErrNoArrival},
	} {
		if _, err := w.takeBack(c.by, c.run, c.arrival, c.document); !errors.Is(err, c.want) {
			t.Errorf("taken back %s: %v, want %v", name, err, c.want)
		}
	}
	shown, err = w.takeBack(second, run.ID, wrong.ID, "letter 4")
	if err != nil || shown.Levels[1].Arrived() != 0 || len(shown.Levels[1].Arrivals) != 0 {
		t.Fatalf("taken back: %+v, %v", shown.Levels, err)
	}
	if _, err := w.takeBack(second, run.ID, wrong.ID, "letter 4"); !errors.Is(err, personal.ErrArrivalGone) {
		t.Errorf("taken back twice: %v", err)
	}
	// Without money the list gives way to a newer one, which takes the money rightly.
	if run, err = w.subsidies(order); err != nil {
		t.Fatal(err)
	}
	if _, err = w.arrived(run.ID, province, policy.Province); err != nil {
		t.Fatal(err)
	}
	// Here the county's day is the last: what was taken back of the list before is none of it.
	if shown, err = w.arrived(run.ID, county, policy.County); err != nil {
		t.Fatal(err)
	}
	asked, err := w.credit(run.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.takeBack(second, run.ID, shown.Levels[0].Arrivals[0].ID, "letter 4"); !errors.Is(err, personal.ErrSubsidyOver) {
		t.Errorf("taken back while it waits for its decision: %v", err)
	}
	if err := w.approve(asked.Decision); err != nil {
		t.Fatal(err)
	}
	w.post()
	if got := w.held(1001, ledger.PersonalSubsidy); got != "30.00" {
		t.Errorf("credited %s, want 30.00", got)
	}
	if _, err := w.takeBack(second, run.ID, shown.Levels[0].Arrivals[0].ID, "letter 4"); !errors.Is(err, personal.ErrSubsidyOver) {
		t.Errorf("taken back after the credit: %v", err)
	}
	w.balanced()
}

// Money that was taken back does not say when a list was complete, nor stand on a statement.
func TestSubsidies_WhatWasTakenBackCountsNowhere(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	run, _ := w.twoLevels()
	late := w.transfer(73, "subsidy", "contribution", "2025-09-20", "60.00", "booked")
	shown, err := w.arrived(run.ID, late, policy.County)
	if err != nil {
		t.Fatal(err)
	}
	if got := shown.Levels[1].Arrived(); got != 3000 {
		t.Errorf("a transfer of 60.00 is taken at %s for a level that owes 30.00", got)
	}
	if _, err := w.takeBack(w.secondMaker(), run.ID, shown.Levels[1].Arrivals[0].ID, "letter 4"); err != nil {
		t.Fatal(err)
	}
	whole := w.transfer(71, "subsidy", "contribution", "2025-03-20", "60.00", "booked")
	for _, level := range []policy.Level{policy.Province, policy.County} {
		if _, err := w.arrived(run.ID, whole, level); err != nil {
			t.Fatal(err)
		}
	}
	asked, err := w.credit(run.ID)
	if err == nil {
		err = w.approve(asked.Decision)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.post()
	if got := one[string](t, w.world, `select effective_on::text from entry where kind = 'account_subsidy'`); got != "2025-03-20" {
		t.Errorf("credited from %s, want the day on which what stands arrived", got)
	}
	told, err := w.personal.Statement(context.Background(), w.officer("auditor"), 1001, 2025)
	if last := told.Lines[len(told.Lines)-1]; err != nil || last.BankReference != "F71" {
		t.Errorf("the statement says %+v, %v", last, err)
	}
}

// A transfer of two years serves each with its part, and no level is given more than it owes.
func TestSubsidies_OneTransferForTwoYears(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.rule("contribution_subsidies", "2014-07-01", "100.00:30.00")
	w.rule("contribution_subsidy_payers", "2014-07-01", "county:100%")
	order := personal.SubsidyOrder{Scheme: ledger.Rural, Year: 2024, DueOn: calendar.MustDay("2025-12-31"), Document: "letter"}
	both := w.transfer(71, "subsidy", "contribution", "2025-03-20", "60.00", "booked")
	for year := 2024; year <= 2025; year++ {
		w.book(ledger.ContributionReceived, fmt.Sprintf("%d-02-20", year), part{1001, ledger.PersonalIndividual, "100.00", year})
		order.Year = year
		run, err := w.subsidies(order)
		if err != nil {
			t.Fatal(err)
		}
		named := func(amount string) error {
			p := personal.SubsidyPart{Transfer: both, Level: policy.County, Amount: money.MustParse(amount)}
			_, err := w.part(run.ID, p)
			return err
		}
		// In the first year the level owes less, in the second the transfer has less left.
		want := personal.ErrSubsidyPaid
		if year == 2025 {
			want = personal.ErrSubsidyNamed
		}
		if err := named("30.01"); !errors.Is(err, want) {
			t.Errorf("30.01 for a list of 30.00 of %d: %v, want %v", year, err, want)
		}
		if err := named("60.01"); !errors.Is(err, personal.ErrSubsidyNamed) {
			t.Errorf("more than the transfer brought: %v", err)
		}
		if err := named("10.00"); err != nil {
			t.Fatal(err)
		}
		shown, err := w.arrived(run.ID, both, policy.County)
		if err != nil || shown.Levels[0].Arrived() != 3000 {
			t.Fatalf("of %d arrived %+v, %v", year, shown.Levels, err)
		}
		if year == 2024 {
			if _, err := w.arrived(run.ID, both, policy.County); !errors.Is(err, personal.ErrSubsidyPaid) {
				t.Errorf("more for a level that paid all: %v", err)
			}
		}
		asked, err := w.credit(run.ID)
		if err == nil {
			err = w.approve(asked.Decision)
		}
		if err != nil {
			t.Fatal(err)
		}
		w.post()
	}
	if got := w.held(1001, ledger.PersonalSubsidy); got != "60.00" {
		t.Errorf("both years brought %s", got)
	}
}

// The table refuses what the program would not write.
func TestSubsidies_TheTableKeepsATransfersSum(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	run, _ := w.twoLevels()
	id := w.transfer(71, "subsidy", "contribution", "2025-03-20", "30.00", "booked")
	row := func(level string, amount int) error {
		return w.asApp(t, fmt.Sprintf(`insert into subsidy_arrival (area, run_id, level, transfer_id, amount, arrived_on, named_by,
			named_at) values (610304, %d, '%s', %d, %d, '2025-03-20', 'pay.maker', now())`, run.ID, level, id, amount))
	}
	if err := row("county", 2000); err != nil {
		t.Fatal(err)
	}
	if err := row("province", 1001); err == nil || !strings.Contains(err.Error(), "brought no such money") {
		t.Errorf("more than the transfer brought: %v", err)
	}
}

// A list is approved for contributions that are still there, by the rules that it was made
// by. Who paid meanwhile stands in a later list, and stops nobody.
func TestSubsidies_StandOnlyForWhatIsStillPaid(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(w *accountsWorld)
		stale  bool
	}{
		"given back": {func(w *accountsWorld) {
			w.book(ledger.ContributionRefund, "2024-12-20", part{1002, ledger.PersonalIndividual, "-100.00", 2024})
		}, true},
		"given back in part, below the tier": {func(w *accountsWorld) {
			w.book(ledger.ContributionRefund, "2024-12-20", part{1001, ledger.PersonalIndividual, "-0.01", 2024})
		}, true},
		"another tier's subsidy": {func(w *accountsWorld) {
			w.supersedes("contribution_subsidies", "2014-07-01", "100.00:20.00")
		}, true},
		"other payers": {func(w *accountsWorld) {
			w.supersedes("contribution_subsidy_payers", "2014-07-01", "province:40% county:60%")
		}, true},
		"others paid": {func(w *accountsWorld) {
			w.book(ledger.ContributionReceived, "2024-12-20", part{1001, ledger.PersonalIndividual, "400.00", 2024})
			w.book(ledger.ContributionReceived, "2024-12-20", part{1003, ledger.PersonalIndividual, "100.00", 2024})
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newAccountsWorld(t)
			run, _ := w.twoLevels()
			whole := w.transfer(71, "subsidy", "contribution", "2025-03-20", "60.00", "booked")
			for _, level := range []policy.Level{policy.Province, policy.County} {
				if _, err := w.arrived(run.ID, whole, level); err != nil {
					t.Fatal(err)
				}
			}
			asked, err := w.credit(run.ID)
			if err != nil {
				t.Fatal(err)
			}
			c.change(w)
			err = w.approve(asked.Decision)
			if c.stale != errors.Is(err, personal.ErrSubsidyStale) || !c.stale && err != nil {
				t.Errorf("approved: %v", err)
			}
		})
	}
}

func (w *accountsWorld) supersedes(rule, from, value string) {
	w.t.Helper()
	if err := w.approve(w.supersede(w.t, w.officer("business-maker"), rule, from, value).ID); err != nil {
		w.t.Fatal(err)
	}
}

package fundtransfer_test

import (
	"context"
	"testing"

	"twoline/gateway/fundtransfer"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
)

// TestSongpan2010 books the county's published year from its published lines. The
// published total of income leaves out the interest, which the published balance
// contains; the books hold both and name the difference.
func TestSongpan2010(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2010-12-20")

	// Individual contributions come in by the income account and are swept.
	err := w.enter(ledger.ContributionReceived, "songpan:contributions",
		w.line(ledger.Debit, ledger.Income, "1855600.00"), w.line(ledger.Credit, ledger.Contribution, "1855600.00"))
	if err != nil {
		t.Fatal(err)
	}
	sweep := w.instruction(move{ledger.Sweep, ledger.Income, ledger.FiscalSpecial}, 0)
	sweep.Amount, sweep.All = 0, true
	if swept := w.book("finance", sweep); swept.Moved.String() != "1855600.00" {
		t.Errorf("swept %s", swept.Moved)
	}

	// Subsidies come straight from treasury; what they were for is not stated.
	for giver, amount := range map[string]string{
		"centre": "1568000.00", "province": "540000.00", "prefecture": "216000.00", "county": "131900.00",
	} {
		subsidy := w.instruction(move{ledger.SubsidyReceipt, "", ledger.FiscalSpecial}, 0)
		subsidy.Amount, subsidy.Document = money.MustParse(amount), "subsidy of the "+giver
		w.book("bureau", subsidy)
	}
	interest := w.instruction(move{ledger.InterestReceived, "", ledger.FiscalSpecial}, 0)
	interest.Amount = money.MustParse("19000.00")
	w.book("bureau", interest)

	// Base pensions are paid from the expenditure account, after the allocation.
	allocation := w.instruction(move{ledger.Allocation, ledger.FiscalSpecial, ledger.Expenditure}, 0)
	allocation.Amount = money.MustParse("2005000.00")
	w.book("bureau", allocation)
	err = w.enter(ledger.BenefitPaid, "songpan:base-pensions",
		w.line(ledger.Debit, ledger.BenefitBase, "2005000.00"), w.line(ledger.Credit, ledger.Expenditure, "2005000.00"))
	if err != nil {
		t.Fatal(err)
	}

	b, err := w.ledger.TrialBalance(context.Background(), w.officer("auditor"), ledger.Rural, w.today())
	if err != nil {
		t.Fatal(err)
	}
	figures := map[string][2]string{
		"income in the books":         {b.IncomeTotal().String(), "4330500.00"},
		"income as published":         {(b.IncomeTotal() + b.Of(ledger.InterestIncome)).String(), "4311500.00"},
		"the difference, interest":    {(-b.Of(ledger.InterestIncome)).String(), "19000.00"},
		"subsidies":                   {(-b.Of(ledger.SubsidyOther)).String(), "2455900.00"},
		"split that nobody published": {b.Of(ledger.SubsidyBase, ledger.SubsidyAccount).String(), "0.00"},
		"base pensions":               {b.Of(ledger.BenefitBase).String(), "2005000.00"},
		"balance at year end":         {b.FundTotal().String(), "2325500.00"},
		"fiscal special account":      {b.Of(ledger.FiscalSpecial).String(), "2325500.00"},
	}
	for name, f := range figures {
		if f[0] != f[1] {
			t.Errorf("%s: %s, want %s", name, f[0], f[1])
		}
	}
	list, err := w.transfers.List(context.Background(), w.officer("auditor"),
		fundtransfer.Filter{State: fundtransfer.Booked})
	if err != nil || len(list) != 7 {
		t.Errorf("%d transfers were booked, %v, want 7", len(list), err)
	}
}

package ledger_test

import (
	"errors"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
)

// month is sealed balances of every day from a first one to the end of its month.
func month(first string, closing money.Amount) []ledger.SealedBalance {
	var list []ledger.SealedBalance
	for day := calendar.MustDay(first); day.Month() == calendar.MustDay(first).Month(); day = day.AddDays(1) {
		list = append(list, ledger.SealedBalance{
			Day: day, Role: ledger.Income, FundAccount: 7, Opening: closing, Closing: closing,
		})
	}
	return list
}

func TestClosePeriod(t *testing.T) {
	t.Parallel()
	account := ledger.FundAccount{Area: 610304, ID: 7, Role: ledger.Income}
	special := ledger.FundAccount{Area: 610304, ID: 7, Role: ledger.FiscalSpecial}
	whole := month("2011-02-01", 1)
	gap := append(month("2011-02-01", 1)[:3], whole[4:]...)
	for _, give := range []struct {
		name    string
		account ledger.FundAccount
		opened  string
		sealed  []ledger.SealedBalance
		zero    bool
		want    error
	}{
		{"a swept account", account, "2011-01-01", month("2011-02-01", 0), true, nil},
		{"0.01 left", account, "2011-01-01", whole, true, ledger.ErrIncomeNotSwept},
		{"0.01 below", account, "2011-01-01", month("2011-02-01", -1), true, ledger.ErrIncomeNotSwept},
		{"0.01 left where the rule does not ask", account, "2011-01-01", whole, false, nil},
		{"0.01 left elsewhere", special, "2011-01-01", whole, true, nil},
		{"the last day open", account, "2011-01-01", whole[:27], false, ledger.ErrNotSealed},
		{"a day missing", account, "2011-01-01", gap, false, ledger.ErrNotSealed},
		{"nothing sealed", account, "2011-01-01", nil, false, ledger.ErrNotSealed},
		{"the book's first month", account, "2011-02-15", month("2011-02-15", 0), true, nil},
		{"before the book", account, "2011-03-01", nil, false, ledger.ErrNotSealed},
	} {
		closed, err := ledger.ClosePeriod(give.account, calendar.MustMonth("2011-02"), calendar.MustDay(give.opened),
			give.sealed, give.zero)
		if !errors.Is(err, give.want) {
			t.Errorf("%s: %v, want %v", give.name, err, give.want)
		}
		if err == nil && closed.Closing != give.sealed[0].Closing {
			t.Errorf("%s: closed at %s", give.name, closed.Closing)
		}
	}
}

func TestThePeriodsDigestCoversEveryBalance(t *testing.T) {
	t.Parallel()
	account := ledger.FundAccount{Area: 610304, ID: 7, Role: ledger.FiscalSpecial}
	digest := func(change func(*ledger.SealedBalance)) [32]byte {
		list := month("2011-02-01", 1)
		change(&list[5])
		closed, err := ledger.ClosePeriod(account, calendar.MustMonth("2011-02"), calendar.MustDay("2011-01-01"), list,
			false)
		if err != nil {
			t.Fatal(err)
		}
		return closed.Digest
	}
	seen := map[[32]byte]bool{}
	for _, change := range []func(*ledger.SealedBalance){
		func(*ledger.SealedBalance) {},
		func(s *ledger.SealedBalance) { s.Opening++ },
		func(s *ledger.SealedBalance) { s.Debit++ },
		func(s *ledger.SealedBalance) { s.Credit++ },
		func(s *ledger.SealedBalance) { s.Closing++ },
		func(s *ledger.SealedBalance) { s.Lines++ },
	} {
		seen[digest(change)] = true
	}
	if len(seen) != 6 {
		t.Errorf("%d digests of 6 months", len(seen))
	}
}

func TestTrialBalanceOfEachSet(t *testing.T) {
	t.Parallel()
	b := ledger.TrialBalance{Rows: []ledger.TrialRow{
		{Role: ledger.Income, Balance: 100},
		{Role: ledger.FiscalSpecial, Balance: 50},
		{Role: ledger.Contribution, Balance: -140},
		{Role: ledger.InterestIncome, Balance: -10},
		{Role: ledger.PersonalControl, Balance: 140},
		{Role: ledger.PersonalIndividual, Balance: -140},
	}}
	if err := b.Check(); err != nil {
		t.Error(err)
	}
	if b.FundTotal() != 150 || b.IncomeTotal() != 150 || b.Of(ledger.InterestIncome) != -10 {
		t.Errorf("fund %s, income %s", b.FundTotal(), b.IncomeTotal())
	}
	// One set cannot make good what the other lacks.
	b.Rows[0].Balance++
	b.Rows[4].Balance--
	if err := b.Check(); !errors.Is(err, ledger.ErrTrialBalance) {
		t.Errorf("a book that is off: %v", err)
	}
}

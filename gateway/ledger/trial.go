package ledger

import (
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// TrialRow is what stands on one account of the book.
type TrialRow struct {
	Role Role
	// FundAccount is 0 where the role is no bank account.
	FundAccount int64
	// Code and the names are the chart's, as the area's books print them.
	Code    string
	Chinese string
	English string
	// Balance is debit less credit: a credit balance is negative.
	Balance money.Amount
}

// TrialBalance is every balance of one book after a day.
type TrialBalance struct {
	Area   party.Area
	Scheme Scheme
	Day    calendar.Day
	Rows   []TrialRow
}

// ErrTrialBalance is a book whose debits and credits differ, which is our fault.
var ErrTrialBalance = fault.New(fault.Internal, "trial_balance", "debits and credits of the book differ")

// Sum returns debits less credits of one set, which must be zero.
func (b TrialBalance) Sum(set Set) money.Amount {
	var sum money.Total
	for _, r := range b.Rows {
		if r.Role.Set() == set {
			sum.Add(r.Balance)
		}
	}
	// Fewer rows than the chart has, each bounded by what a book can hold.
	total, _ := sum.Amount()
	return total
}

// Check returns nil where each set sums to zero, else ErrTrialBalance.
func (b TrialBalance) Check() error {
	for _, set := range []Set{FundSet, MemorandumSet} {
		if sum := b.Sum(set); sum != 0 {
			return ErrTrialBalance.With("the %s set of area %d, scheme %s, is off by %s on %s",
				set, b.Area, b.Scheme, sum, b.Day)
		}
	}
	return nil
}

// Of returns the balance of a role over all its accounts: debit less credit.
func (b TrialBalance) Of(roles ...Role) money.Amount {
	var sum money.Amount
	for _, r := range b.Rows {
		for _, role := range roles {
			if r.Role == role {
				sum += r.Balance
			}
		}
	}
	return sum
}

// IncomeTotal returns the fund's income by class: everything that the accounts
// 4001 to 4009 hold, as a positive amount.
func (b TrialBalance) IncomeTotal() money.Amount {
	return -b.Of(Contribution, CollectiveAid, SubsidyBase, SubsidyAccount, SubsidyOther, InterestIncome,
		InvestmentIncome, TransferIn, RemittanceIn, OtherIncome)
}

// FundTotal returns the fund's money wherever it stands: at banks, in transit and
// entrusted.
func (b TrialBalance) FundTotal() money.Amount {
	return b.Of(Income, FiscalSpecial, FixedDeposit, Expenditure, Treasury, InTransit, Investment)
}

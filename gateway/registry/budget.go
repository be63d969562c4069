package registry

import (
	"context"
	"strings"

	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
)

// Budget is what was decided for an account of the chart and a year.
type Budget struct {
	Scheme ledger.Scheme
	Year   int
	// Role is one of income or expenditure.
	Role   ledger.Role
	Amount money.Amount
	// Document is the decision; a later one on the same account and year is another's.
	Document string
}

// budgetRoles are the accounts of income and expenditure.
func budgetRoles() []ledger.Role {
	return []ledger.Role{
		ledger.Contribution, ledger.CollectiveAid, ledger.SubsidyBase, ledger.SubsidyAccount, ledger.SubsidyOther,
		ledger.InterestIncome, ledger.InvestmentIncome, ledger.TransferIn, ledger.RemittanceIn, ledger.OtherIncome,
		ledger.BenefitBase, ledger.BenefitAccount, ledger.BenefitFuneral, ledger.BenefitOneOff, ledger.TransferOut,
		ledger.RemittanceOut, ledger.OtherExpenditure,
	}
}

func budgetNames() string {
	roles := budgetRoles()
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return strings.Join(names, ", ")
}

func parseBudget(f *fields, _ *env) Budget {
	return Budget{
		Scheme: f.scheme(), Year: f.number("year", 2009, 2100), Role: word(f, "account", false, budgetRoles()...),
		Amount: f.amount("amount"), Document: f.document("document"),
	}
}

func openBudgets(ctx context.Context, tx Tx, e *env, _ []Budget) (desk[Budget], error) {
	stored, err := tx.Budgets(ctx, e.area)
	if err != nil {
		return desk[Budget]{}, err
	}
	type key struct {
		scheme   ledger.Scheme
		year     int
		role     ledger.Role
		document string
	}
	of := func(b Budget) key { return key{b.Scheme, b.Year, b.Role, b.Document} }
	known := make(map[key]money.Amount, len(stored))
	for _, b := range stored {
		known[of(b)] = b.Amount
	}
	judge := func(b *Budget) (Answer, *fault.Error) {
		if b.Amount < 0 {
			return Refused, ErrField.With("a budget is not below zero").On("amount")
		}
		if amount, ok := known[of(*b)]; ok {
			return seen(firstDifference(difference{"amount", amount != b.Amount}))
		}
		known[of(*b)] = b.Amount
		return Imported, nil
	}
	store := func(ctx context.Context, rows []Budget) error { return tx.InsertBudgets(ctx, e.area, e.by, rows) }
	return desk[Budget]{judge, store}, nil
}

package report

import (
	"fmt"

	"twoline/gateway/ledger"
	"twoline/gateway/money"
)

// Trial is a book's trial balance as a paper (试算平衡表).
type Trial struct {
	ledger.TrialBalance

	// Accounts are the area's bank accounts, which rows name by their ids.
	Accounts []ledger.AccountBalance
	// Closed says that the month of the day is closed.
	Closed bool
	// Notes stand above the table beside its own.
	Notes []string
}

// Write puts the paper on a sheet: each balance on its side, and the sums of the fund's
// accounts and of the personal ones, which are equal on both sides.
func (t Trial) Write(sheet Sheet, lang Language) error {
	w := wordsOf(lang)
	err := sheet.Begin(Head{
		Name: w.trial, Title: w.trial,
		Notes: append([]string{
			fmt.Sprintf("%s · %s · %s", t.Area, w.scheme(t.Scheme), t.Day), w.unit,
			fmt.Sprintf("%s · %s", t.Day.Month(), w.state(t.Closed)),
		}, t.Notes...),
		Columns: w.trialColumns, Foot: nil, Signatures: w.signatures, Language: lang,
	})
	if err != nil {
		return err
	}
	numbers := map[int64]string{}
	for _, a := range t.Accounts {
		numbers[a.ID] = fmt.Sprintf("%s %s", a.Bank, a.No)
	}
	var debits, credits [2]money.Total
	for _, r := range t.Rows {
		set := 0
		if r.Role.Set() == ledger.MemorandumSet {
			set = 1
		}
		debit, credit := MoneyCell(r.Balance), Blank()
		if r.Balance < 0 {
			debit, credit = Blank(), MoneyCell(-r.Balance)
			credits[set].Add(-r.Balance)
		} else {
			debits[set].Add(r.Balance)
		}
		name := w.name(ledger.Account{Role: r.Role, Code: r.Code, Chinese: r.Chinese, English: r.English})
		err := sheet.Row(TextCell(r.Code), TextCell(name), TextCell(numbers[r.FundAccount]), debit, credit)
		if err != nil {
			return err
		}
	}
	for set, name := range []string{w.fundSum, w.personalSum} {
		if err := trialSum(sheet, name, &debits[set], &credits[set]); err != nil {
			return err
		}
	}
	return sheet.End()
}

func trialSum(sheet Sheet, name string, debits, credits *money.Total) error {
	debit, err := debits.Amount()
	if err != nil {
		return fmt.Errorf("trial balance: %w", err)
	}
	credit, err := credits.Amount()
	if err != nil {
		return fmt.Errorf("trial balance: %w", err)
	}
	return sheet.Row(Blank(), TextCell(name), Blank(), MoneyCell(debit), MoneyCell(credit))
}

package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// OpeningBalance is what a fund account held at the end of the day before its
// book begins, with the bank's last statement of that day.
type OpeningBalance struct {
	FundAccount int64
	Day         calendar.Day
	// Balance may be zero; then nothing is booked, and the fact is kept.
	Balance         money.Amount
	StatementNumber string
	// StatementDigest is the SHA-256 of the statement's file, or nil.
	StatementDigest []byte
}

// maxBalances bounds one request.
const maxBalances = 1000

// CheckBalances refuses a request for opening balances that is not whole: nothing,
// too much, an account twice, or a balance that CheckBalance refuses.
func CheckBalances(balances []OpeningBalance) error {
	if len(balances) == 0 || len(balances) > maxBalances {
		return ErrBalances.With("name 1 to %d fund accounts", maxBalances).On("balances")
	}
	seen := make(map[int64]bool)
	for i, b := range balances {
		if seen[b.FundAccount] {
			return ErrBalances.With("the fund account stands twice").On("fund_account").At(i + 1)
		}
		if err := checkBalance(b); err != nil {
			return err.At(i + 1)
		}
		seen[b.FundAccount] = true
	}
	return nil
}

func checkBalance(b OpeningBalance) *fault.Error {
	n := b.StatementNumber
	bad := strings.TrimSpace(n) != n || n == "" || len(n) > 64 ||
		strings.ContainsFunc(n, func(r rune) bool { return !unicode.IsPrint(r) })
	switch {
	case b.Balance < 0 || b.Balance > money.Max:
		return ErrBalances.With("the balance must not be negative").On("balance")
	case bad:
		return ErrBalances.With("the statement's number must be 1 to 64 printable characters").On("statement_number")
	case b.StatementDigest != nil && len(b.StatementDigest) != 32:
		return ErrBalances.With("the statement's digest must be a SHA-256").On("statement_digest")
	}
	return nil
}

// AccountToOpen returns the fund account of an opening balance that can be entered:
// of the day before its book begins, which is not sealed yet, and once.
func AccountToOpen(ctx context.Context, tx Tx, area party.Area, b OpeningBalance) (FundAccount, error) {
	none := FundAccount{} //nolint:exhaustruct // none
	if err := checkBalance(b); err != nil {
		return none, err
	}
	accounts, err := tx.FundAccounts(ctx, area)
	if err != nil {
		return none, err
	}
	at := slices.IndexFunc(accounts, func(f FundAccount) bool { return f.ID == b.FundAccount })
	if at < 0 {
		return none, ErrFundAccount.On("fund_account")
	}
	f := accounts[at]
	if b.Day != f.OpenedOn.AddDays(-1) {
		return none, ErrOpeningDay.With("the book of fund account %d begins on %s: its opening balance is that"+
			" of the day before", f.ID, f.OpenedOn).On("day")
	}
	books, err := tx.Books(ctx, area)
	if err != nil {
		return none, err
	}
	for _, book := range books {
		if book.Scheme == f.Scheme && !book.SealedThrough.Before(f.OpenedOn) {
			return none, ErrSealed.On("fund_account")
		}
	}
	opened, err := tx.HasOpeningBalance(ctx, area, f.ID)
	if err == nil && opened {
		err = ErrOpened.On("fund_account")
	}
	return f, err
}

// About tells officers in one line which account it is.
func (f FundAccount) About() string {
	return fmt.Sprintf("%s account of %s at %s, %s, whose book begins on %s", f.Role, f.Scheme, f.Bank, f.AccountNo,
		f.OpenedOn)
}

// EnterBalance books the opening balance of a fund account against the fund's
// balance, on the day its book begins. The account's first statement must then open
// with the same figure. It belongs into the transaction in which a second person
// approves it; by is the login of who asked for it, decision the request.
func EnterBalance(ctx context.Context, tx Tx, area party.Area, b OpeningBalance, by string, decision int64) error {
	f, err := AccountToOpen(ctx, tx, area, b)
	if err != nil {
		return err
	}
	if err := tx.InsertOpeningBalance(ctx, area, b, by, decision); err != nil {
		return err
	}
	if b.Balance == 0 {
		return nil
	}
	_, err = tx.Book(ctx, by, balanceEntry(area, f, b))
	return err
}

func balanceEntry(area party.Area, f FundAccount, b OpeningBalance) ledger.Entry {
	line := func(side ledger.Side, role ledger.Role, account int64) ledger.Posting {
		return ledger.Posting{
			Side: side, Role: role, Nature: ledger.Direct, Red: false, Amount: b.Balance, FundAccount: account,
			Batch: 0,
			Cause: 0, Member: 0, Year: 0,
		}
	}
	return ledger.Entry{
		Area: area, Scheme: f.Scheme, Kind: ledger.Opening, Cause: fmt.Sprintf("opening_balance:%d", f.ID), Reverses: 0,
		AccountedOn: f.OpenedOn, EffectiveOn: f.OpenedOn, Text: "balance at go-live",
		Postings: []ledger.Posting{line(ledger.Debit, f.Role, f.ID), line(ledger.Credit, ledger.FundBalance, 0)},
	}
}

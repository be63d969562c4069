package registry

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
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

// OpenedBalance answers one opening balance; Entry is 0 where it was zero.
type OpenedBalance struct {
	FundAccount int64
	Entry       int64
}

// maxBalances bounds one request.
const maxBalances = 1000

// OpenBalances books the opening balances of fund accounts, all of them or none,
// each account once: one entry an account, against the fund's balance, on the
// day its book begins. Agency finance makes it. The account's first statement
// must then open with the same figure. It answers with []OpenedBalance.
func (s *Service) OpenBalances(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, balances []OpeningBalance,
) (once.Answer, error) {
	if !by.Has(approval.Maker, approval.AgencyFinance) || by.Area == 0 {
		return once.Answer{}, approval.ErrDuty
	}
	if err := checkBalances(balances); err != nil {
		return once.Answer{}, err
	}
	return once.Do(ctx, s.c.Store.InTx, r, render, func(tx Tx) (any, error) {
		entries, opened, err := openingEntries(ctx, tx, by.Area, balances)
		if err != nil {
			return nil, err
		}
		if err := tx.InsertOpeningBalances(ctx, by.Area, by.Login, balances); err != nil {
			return nil, err
		}
		if len(entries) == 0 {
			return opened, nil
		}
		ids, err := tx.Book(ctx, by.Login, entries...)
		if err != nil {
			return nil, err
		}
		next := 0
		for i, b := range balances {
			if b.Balance > 0 {
				opened[i].Entry = ids[next]
				next++
			}
		}
		return opened, nil
	})
}

func checkBalances(balances []OpeningBalance) error {
	if len(balances) == 0 || len(balances) > maxBalances {
		return ErrBalances.With("name 1 to %d fund accounts", maxBalances).On("balances")
	}
	seen := make(map[int64]bool)
	for i, b := range balances {
		n := b.StatementNumber
		bad := strings.TrimSpace(n) != n || n == "" || len(n) > 64 ||
			strings.ContainsFunc(n, func(r rune) bool { return !unicode.IsPrint(r) })
		switch {
		case seen[b.FundAccount]:
			return ErrBalances.With("the fund account stands twice").On("fund_account").At(i + 1)
		case b.Balance < 0 || b.Balance > money.Max:
			return ErrBalances.With("the balance must not be negative").On("balance").At(i + 1)
		case bad:
			return ErrBalances.With("the statement's number must be 1 to 64 printable characters").
				On("statement_number").At(i + 1)
		case b.StatementDigest != nil && len(b.StatementDigest) != 32:
			return ErrBalances.With("the statement's digest must be a SHA-256").On("statement_digest").At(i + 1)
		}
		seen[b.FundAccount] = true
	}
	return nil
}

func openingEntries(
	ctx context.Context, tx Tx, area party.Area, balances []OpeningBalance,
) ([]ledger.Entry, []OpenedBalance, error) {
	list, err := tx.FundAccounts(ctx, area)
	if err != nil {
		return nil, nil, err
	}
	known := make(map[int64]FundAccount)
	for _, f := range list {
		known[f.ID] = f
	}
	books, err := tx.Books(ctx, area)
	if err != nil {
		return nil, nil, err
	}
	sealed := make(map[ledger.Scheme]calendar.Day)
	for _, b := range books {
		sealed[b.Scheme] = b.SealedThrough
	}
	var entries []ledger.Entry
	opened := make([]OpenedBalance, len(balances))
	for i, b := range balances {
		f, ok := known[b.FundAccount]
		switch {
		case !ok:
			return nil, nil, ErrFundAccount.On("fund_account").At(i + 1)
		case b.Day != f.OpenedOn.AddDays(-1):
			return nil, nil, ErrOpeningDay.With("the book of fund account %d begins on %s: its opening balance is that"+
				" of the day before", f.ID, f.OpenedOn).On("day").At(i + 1)
		case !sealed[f.Scheme].Before(f.OpenedOn):
			return nil, nil, ErrSealed.On("fund_account").At(i + 1)
		}
		opened[i].FundAccount = f.ID
		if b.Balance > 0 {
			entries = append(entries, balanceEntry(area, f, b))
		}
	}
	return entries, opened, nil
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

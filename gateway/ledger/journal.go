package ledger

import (
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// FundAccount is one bank account of a fund.
type FundAccount struct {
	Area   party.Area
	ID     int64
	Scheme Scheme
	Role   Role
	Bank   string
	No     party.AccountNo
	Name   string
	// Settlement says how the bank books a batch: net, gross or itemised.
	Settlement string
	OpenedOn   calendar.Day
}

// ErrNoFundAccount is a fund account that does not exist for the caller.
var ErrNoFundAccount = fault.New(fault.NotFound, "not_found", "there is no such fund account")

// AccountBalance is a fund account with what stands on it.
type AccountBalance struct {
	FundAccount

	Balance money.Amount
}

// JournalLine is what one entry moved on a fund account: the items of a batch
// stand as their sum. Amounts are signed, a red line counts negative on its side.
type JournalLine struct {
	EntryID     int64
	AccountedOn calendar.Day
	EffectiveOn calendar.Day
	Kind        Kind
	Cause       string
	Text        string
	Debit       money.Amount
	Credit      money.Amount
	// Balance stands on the account after this line.
	Balance money.Amount
}

// JournalAsk is one question for a page of a fund account's journal.
type JournalAsk struct {
	// Area is the asking officer's, whatever is given.
	Area    party.Area
	Account int64
	From    calendar.Day
	To      calendar.Day
	// After is the entry that the page before ended with, or 0.
	After int64
	// Limit bounds the lines of the page.
	Limit int
}

// Journal is one fund account's day journal (日记账), or a page of it.
type Journal struct {
	Account FundAccount
	From    calendar.Day
	To      calendar.Day
	// Opening stood on the account before From, Closing after To, whatever the page.
	Opening money.Amount
	Closing money.Amount
	Lines   []JournalLine
	// More says that lines follow the last one of this page.
	More bool
}

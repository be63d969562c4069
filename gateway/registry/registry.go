package registry

import (
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// Area is a pooling area.
type Area struct {
	Area party.Area
	Name string
}

// Region is a county, township or village of an area.
type Region struct {
	Region party.Region
	Name   string
}

// Format is what a partner bank takes: one of the two below, or the name of a profile.
type Format string

// The formats that the service itself knows by name.
const (
	// JSON is a bank that fetches and answers by API.
	JSON Format = "json"
	// JSONL is a bank that exchanges canonical JSON Lines files.
	JSONL Format = "jsonl"
	// RuralCooperative is the profile of the rural credit cooperatives' files.
	RuralCooperative Format = "rural-cooperative"
)

// Bank is a partner bank as one area knows it.
type Bank struct {
	// Code is the bank's id in all areas, and its caller's id on the API.
	Code string
	// BankNo is the 12-digit CNAPS number.
	BankNo string
	Name   string
	Format Format
	// RowLimit is how many rows one of its batches may have.
	RowLimit int
	// Charset of its files: gb18030, gbk or utf-8.
	Charset string
}

// Settlement is how a bank moves the money of a batch.
type Settlement string

// The settlement habits.
const (
	Net      Settlement = "net"
	Gross    Settlement = "gross"
	Itemised Settlement = "itemised"
)

// FundAccount is a bank account of the fund.
type FundAccount struct {
	ID         int64
	Scheme     ledger.Scheme
	Role       ledger.Role
	Bank       string
	AccountNo  party.AccountNo
	Name       string
	Settlement Settlement
	// OpenedOn is the first day that the gateway keeps the account's book.
	OpenedOn calendar.Day
}

// Book is the set of books of one scheme. SealedThrough is its last sealed day.
type Book struct {
	Scheme        ledger.Scheme
	OpenedOn      calendar.Day
	SealedThrough calendar.Day
}

// Member is an enrolled person.
type Member struct {
	ID       int64
	IDNumber party.IDNumber
	SocialNo string
	Name     party.Name
	Region   party.Region
	Scheme   ledger.Scheme
	JoinedOn calendar.Day
}

// InstrumentKind is a card or a passbook.
type InstrumentKind string

// The kinds of instrument.
const (
	Card     InstrumentKind = "card"
	Passbook InstrumentKind = "passbook"
)

// Instrument is a member's bank account.
type Instrument struct {
	ID, Member int64
	Bank       string
	Kind       InstrumentKind
	AccountNo  party.AccountNo
	// Activated says that the person can draw: a social-security card whose bank
	// function is not activated is credited but pays nobody.
	Activated bool
	// ForPayout marks the one active account that benefits go to.
	ForPayout bool
	OpenedOn  calendar.Day
}

// Mandate is a member's authority to debit an instrument.
type Mandate struct {
	ID, Member, Instrument int64
	Bank, Number           string
	SignedOn               calendar.Day
	// EndedOn is zero while the mandate holds.
	EndedOn calendar.Day
}

// TierChoice is the amount that a member chose for a year: the most that may
// ever be collected for it.
type TierChoice struct {
	Member   int64
	Year     int
	Amount   money.Amount
	ChosenOn calendar.Day
}

// TierChange is an amount chosen anew for a year, in place of what was chosen before.
type TierChange struct {
	TierChoice

	Was money.Amount
	// Ordinal counts the changes of a member's year from 1.
	Ordinal int
}

// KeptChoice is a choice of a member with what became of it.
type KeptChoice struct {
	TierChoice

	// Holds says that it is the year's last one: the others gave way.
	Holds bool
	// EnteredBy is who entered a change; empty for a year's first choice.
	EnteredBy string
}

// PersonalOpening is a member's personal account on the day before go-live.
type PersonalOpening struct {
	ID, Member int64
	Scheme     ledger.Scheme
	Individual money.Amount
	Collective money.Amount
	Subsidy    money.Amount
	Interest   money.Amount
}

// Due is what a member owes for a year, and what already covers it: what
// collection means by it.
type Due struct {
	Member int64
	Year   int
	// Chosen is the tier chosen; 0 where the member chose none.
	Chosen money.Amount
	// Posted stands in the book for the year, refunds taken off.
	Posted money.Amount
	// Receipts were taken at counters and terminals and are not dealt with yet.
	Receipts money.Amount
	// InFlight is with a bank: without a final answer, or debited and not dealt with.
	InFlight money.Amount
}

// Open is what may still be collected; never below zero.
func (d Due) Open() money.Amount {
	return max(0, d.Chosen-d.Posted-d.Receipts-d.InFlight)
}

// Case is something that a person must look at. Its subject names ids only.
type Case struct {
	Kind, Subject, Bank, Text string
}

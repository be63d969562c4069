package bank

import (
	"twoline/gateway/calendar"
)

// A Record is one fact of a bank file, in the canonical form that every codec
// reads into and writes from: the lines of canonical JSON Lines. A file is the
// sequence FileHead, then statements with their entries and details, or batches
// with their items or results, with Problems where the file contradicts itself,
// and End, which is given only after the whole file was read.
//
// Absent facts are zero values (or nil) and are left out, never invented.
type Record interface{ record() }

// Emit receives the records of one file in file order. A codec stops at its
// first error and returns it.
type Emit func(Record) error

// Direction of an entry as the bank sees it: credit is money into the account.
type Direction int

// The directions of an entry.
const (
	NoDirection Direction = iota
	Credit
	Debit
)

// String returns "credit" or "debit".
func (d Direction) String() string {
	switch d {
	case Credit:
		return "credit"
	case Debit:
		return "debit"
	case NoDirection:
		return ""
	}
	return ""
}

// BatchDirection says which way a batch moves money.
type BatchDirection int

// The directions of a batch.
const (
	NoBatchDirection BatchDirection = iota
	// Payment pays out: pain.001, 382.
	Payment
	// Collection debits payers: pain.008, 380.
	Collection
)

// String returns "payment" or "collection".
func (d BatchDirection) String() string {
	switch d {
	case Payment:
		return "payment"
	case Collection:
		return "collection"
	case NoBatchDirection:
		return ""
	}
	return ""
}

// FileHead opens every file.
type FileHead struct {
	// Format is a name of contract.md §3, with its version where it has one.
	Format string
	// Kind is "statement", "batch" or "result".
	Kind      string
	MessageID string
	// Created is the file's own text of its creation instant.
	Created string
}

// StatementHead opens one statement. Opening and Closing are signed; nil is absent.
type StatementHead struct {
	Index    int
	Account  string
	Currency string
	Number   string
	Page     string
	From     calendar.Day
	To       calendar.Day
	Opening  *Figure
	Closing  *Figure
	// Balanced is opening + booked credits - booked debits = closing; nil where
	// a balance is absent.
	Balanced *bool
}

// StatementEntry is one entry of a statement (camt Ntry).
type StatementEntry struct {
	Statement int
	Index     int
	// Amount is unsigned; Direction is the real direction: a reversed credit is a debit.
	Amount    Figure
	Direction Direction
	// Status is "booked", "pending" or "info"; only booked entries move the balance.
	Status        string
	BookingDate   calendar.Day
	ValueDate     calendar.Day
	BankReference string
	EndToEndID    string
	BatchID       string
	Reversal      bool
	// Details counts the EntryDetail records that follow.
	Details             int
	Counterparty        string
	CounterpartyAccount string
	Text                string
}

// EntryDetail is one transaction under an entry (camt TxDtls).
type EntryDetail struct {
	Statement, Entry, Index int
	// Amount is nil where the file gives none.
	Amount              *Figure
	Direction           Direction
	EndToEndID          string
	Counterparty        string
	CounterpartyAccount string
	ReturnCode          string
	Text                string
}

// BatchHead opens one batch of instructions.
type BatchHead struct {
	Index         int
	Direction     BatchDirection
	BatchID       string
	Count         int
	Sum           Figure
	ExecutionDate calendar.Day
	Account       string
}

// BatchItem is one instruction of a batch.
type BatchItem struct {
	Batch, Index int
	// ItemID is our line id, as far as the format has room for it.
	ItemID   string
	Amount   Figure
	Currency string
	Name     string
	IDNumber string
	Account  string
	Bank     string
	Mandate  string
	// SocialNo and Region stand in the files of rural cooperatives.
	SocialNo string
	Region   string
	Text     string
}

// Result is a bank's answer on a file, a batch or an item.
type Result struct {
	Batch, Index int
	// Line is the line of the file, counted from 1; 0 where a format has no lines.
	Line int
	// ItemID is our line id where the format echoes it; else BatchID with
	// SocialNo, or the order of the file, finds the item.
	ItemID  string
	BatchID string
	// MessageID is the id of our message that the bank answers, where it echoes it.
	MessageID string
	SocialNo  string
	Name      string
	IDNumber  string
	Account   string
	// Region stands in the account opening results of rural cooperatives.
	Region string
	// Level is "file", "batch" or "item".
	Level   string
	Outcome Outcome
	Class   Class
	// Status is the bank's own word for the state, where a format has one beside
	// the reason, such as ACSC or RJCT.
	Status string
	// Code is the bank's code for the reason, else for the state.
	Code          string
	Text          string
	Amount        *Figure
	BankReference string
	ValueDate     calendar.Day
}

// Severity of a Problem.
type Severity string

// The severities of a problem.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Problem is a place where a file contradicts itself or a rule; reading goes on.
type Problem struct {
	Severity Severity
	Code     string
	// Line is counted from 1; 0 where a format has no lines.
	Line int
	Path string
	Text string
}

// End closes a file that was read to its end.
type End struct {
	Entries, Items, Results, Problems int
}

func (FileHead) record()       {}
func (StatementHead) record()  {}
func (StatementEntry) record() {}
func (EntryDetail) record()    {}
func (BatchHead) record()      {}
func (BatchItem) record()      {}
func (Result) record()         {}
func (Problem) record()        {}
func (End) record()            {}

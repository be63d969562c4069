package fundtransfer

import (
	"crypto/sha256"
	"time"

	"github.com/shopspring/decimal"

	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// State is where a transfer stands.
type State string

// The states.
const (
	Submitted State = "submitted"
	Booked    State = "booked"
	Rejected  State = "rejected"
	Withdrawn State = "withdrawn"
)

// String returns the state's name.
func (s State) String() string { return string(s) }

// CanBecome lists every legal step. The database refuses every other.
func (s State) CanBecome(next State) bool {
	switch s {
	case Submitted:
		return next == Booked || next == Rejected || next == Withdrawn
	case Booked, Rejected, Withdrawn:
		return false
	}
	return false
}

// Transfer is an instruction with its life.
type Transfer struct {
	Instruction

	Area   party.Area
	ID     int64
	Scheme ledger.Scheme
	Digest [sha256.Size]byte
	// Maker is the login that submitted it, MakerPerson who that is.
	Maker       string
	MakerPerson int64
	MadeAt      time.Time
	State       State
	// Version counts the states that the transfer has been in.
	Version int
	// Moved is the amount that was booked; 0 unless the state is Booked.
	Moved money.Amount
}

// Deposit is a fixed deposit as it was placed; its id is its transfer's.
type Deposit struct {
	Area      party.Area
	ID        int64
	Account   int64
	Amount    money.Amount
	PlacedOn  calendar.Day
	MaturesOn calendar.Day
	Rate      decimal.Decimal
}

// The refusals of a transfer's life.
var (
	ErrNotFound  = fault.New(fault.NotFound, "not_found", "there is no such fund transfer")
	ErrNoDeposit = fault.New(fault.Unprocessable, "deposit_unknown",
		"there is no such fixed deposit on this account").On("deposit")
	ErrDeposit = fault.New(fault.Unprocessable, "deposit_differs",
		"a fixed deposit is drawn whole, after the day it was placed").On("amount")
	ErrDepositDrawn = fault.New(fault.Conflict, "deposit_drawn", "this fixed deposit was drawn before").On("deposit")
)

package collection

import (
	"twoline/gateway/bank"
	"twoline/gateway/money"
)

// Lines of answers are the same for money in and money out; package bank decides
// what becomes of them.
type (
	// Result is one line of an answer on a withholding batch.
	Result = bank.Answer
	// Decision is what becomes of a line.
	Decision = bank.Decision
	// Known is what the book holds of an item when a line for it arrives.
	Known = bank.Known
)

// The dispositions of a line.
const (
	Recorded = bank.Recorded
	Kept     = bank.Kept
	Repeated = bank.Repeated
	Refused  = bank.Refused
)

// Net returns what the arrival adds to the account: negative where the bank took
// the money back.
func (a Arrival) Net() money.Amount {
	if a.GivenBack {
		return -a.Amount
	}
	return a.Amount
}

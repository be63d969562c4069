package fundtransfer

import (
	"crypto/sha256"
	"fmt"

	"github.com/shopspring/decimal"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// Purpose is what a subsidy was given for.
type Purpose string

// The purposes. No transfer but a subsidy has one.
const (
	NoPurpose    Purpose = ""
	BasePension  Purpose = "base_pension"
	Contribution Purpose = "contribution"
	// Unspecified is a subsidy whose purpose nobody stated: no split is invented.
	Unspecified Purpose = "unspecified"
)

// Instruction is what the maker says. It never changes once it is submitted.
type Instruction struct {
	Kind ledger.Kind
	// From and To are fund accounts; 0 where the money comes from or goes to
	// somebody outside the fund.
	From int64
	To   int64
	// Amount moves; with All it is 0, and what stands on the account when the
	// transfer is booked moves. Only a sweep can be of all.
	Amount  money.Amount
	All     bool
	Purpose Purpose
	// EffectiveOn is the day the money moved at the bank, today or before.
	EffectiveOn calendar.Day
	// Document names the voucher or request that the move rests on.
	Document string
	// BankReference is the bank's own number of the move, where it is known.
	BankReference string
	// MaturesOn and Rate, a yearly rate such as 0.0275, belong to a deposit that is
	// placed.
	MaturesOn calendar.Day
	Rate      decimal.Decimal
	// Deposit is the transfer that placed the deposit which matures; Interest is
	// what the bank adds to it.
	Deposit  int64
	Interest money.Amount
	// Request is the funding request that an allocation serves, or 0.
	Request int64
}

// The refusals of an instruction.
var (
	ErrInstruction = fault.New(fault.Unprocessable, "transfer_invalid", "the transfer is not complete")
	ErrFuture      = fault.New(fault.Unprocessable, "effective_in_future",
		"a transfer is entered on the day the money moves or later").On("effective_on")
)

const (
	maxDocument      = 200
	maxBankReference = 64
	rateDecimals     = 6
)

// check proves what can be told without the accounts.
func (i Instruction) check(today calendar.Day) error {
	bad := func(field, format string, args ...any) error {
		return ErrInstruction.With(format, args...).On(field)
	}
	switch {
	case !isTransfer(i.Kind):
		return bad("kind", "there is no transfer of kind %q", i.Kind)
	case i.All && i.Kind != ledger.Sweep:
		return bad("amount", "only a sweep can be of all that stands on the account")
	case i.All == (i.Amount > 0) || i.Amount < 0 || i.Amount > money.Max:
		return bad("amount", "an amount above zero is needed")
	case !approval.IsLine(i.Document, maxDocument) || i.Document == "":
		return bad("document", "the document is one line of 1 to %d characters", maxDocument)
	case !approval.IsLine(i.BankReference, maxBankReference):
		return bad("bank_reference", "the bank reference is one line of at most %d characters", maxBankReference)
	case i.EffectiveOn.IsZero():
		return bad("effective_on", "the day the money moved is needed")
	case i.EffectiveOn.After(today):
		return ErrFuture
	case i.From == 0 && i.To == 0 || i.From == i.To:
		return bad("to", "one account is needed, or two different ones")
	}
	if i.Request != 0 && i.Kind != ledger.Allocation {
		return bad("funding_request", "only an allocation serves a funding request")
	}
	if err := i.checkPurpose(); err != nil {
		return err
	}
	return i.checkDeposit()
}

func (i Instruction) checkPurpose() error {
	switch i.Purpose {
	case BasePension, Contribution, Unspecified:
		if i.Kind == ledger.SubsidyReceipt {
			return nil
		}
		return ErrInstruction.With("only a subsidy has a purpose").On("purpose")
	case NoPurpose:
		if i.Kind != ledger.SubsidyReceipt {
			return nil
		}
	}
	return ErrInstruction.With("a subsidy is for base_pension, contribution or unspecified").On("purpose")
}

func (i Instruction) checkDeposit() error {
	placed, matured := i.Kind == ledger.DepositPlaced, i.Kind == ledger.DepositMatured
	one := decimal.NewFromInt(1)
	switch {
	case placed != !i.MaturesOn.IsZero() || placed && !i.EffectiveOn.Before(i.MaturesOn):
		return ErrInstruction.With("a deposit that is placed, and no other transfer, matures on a later day").
			On("matures_on")
	case !placed && !i.Rate.IsZero() || i.Rate.IsNegative() || i.Rate.GreaterThanOrEqual(one) ||
		!i.Rate.Equal(i.Rate.Truncate(rateDecimals)):
		return ErrInstruction.With("a deposit that is placed, and no other transfer, has a yearly rate from 0 to " +
			"below 1 with at most six decimals").On("rate")
	case matured != (i.Deposit != 0):
		return ErrInstruction.With("a deposit that matures, and no other transfer, names the deposit").On("deposit")
	case i.Interest < 0 || i.Interest > money.Max || !matured && i.Interest != 0:
		return ErrInstruction.With("only a deposit that matures brings interest with it").On("interest")
	}
	return nil
}

// Digest is the SHA-256 of a canonical text of everything that decides the move:
// each field by name, with its length before it.
func (i Instruction) Digest(area party.Area, scheme ledger.Scheme) [sha256.Size]byte {
	amount := i.Amount.String()
	if i.All {
		amount = "all"
	}
	fields := [][2]string{
		{"area", fmt.Sprint(int32(area))},
		{"scheme", string(scheme)},
		{"kind", string(i.Kind)},
		{"from", fmt.Sprint(i.From)},
		{"to", fmt.Sprint(i.To)},
		{"amount", amount},
		{"purpose", string(i.Purpose)},
		{"effective_on", i.EffectiveOn.String()},
		{"document", i.Document},
		{"bank_reference", i.BankReference},
		{"matures_on", i.MaturesOn.String()},
		{"rate", i.Rate.StringFixed(rateDecimals)},
		{"deposit", fmt.Sprint(i.Deposit)},
		{"interest", i.Interest.String()},
	}
	// Only where there is one: what was approved without keeps its digest.
	if i.Request != 0 {
		fields = append(fields, [2]string{"funding_request", fmt.Sprint(i.Request)})
	}
	h := sha256.New()
	h.Write([]byte("twoline fund transfer 1\n"))
	for _, field := range fields {
		h.Write(fmt.Appendf(nil, "%s %d:%s\n", field[0], len(field[1]), field[1]))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

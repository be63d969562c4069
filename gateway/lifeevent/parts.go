package lifeevent

import (
	"math/bits"

	"twoline/gateway/entitlement"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
)

// Parts are the four parts of a personal account.
type Parts = entitlement.Parts

// share takes an amount out of parts, of each in proportion to what it holds, the fen
// left over from the first parts that hold more. It never takes more than is there.
func share(p Parts, amount money.Amount) Parts {
	held := [4]money.Amount{max(0, p.Individual), max(0, p.Collective), max(0, p.Subsidy), max(0, p.Interest)}
	all := held[0] + held[1] + held[2] + held[3]
	if amount = min(amount, all); amount <= 0 {
		return Parts{}
	}
	var taken [4]money.Amount
	left := amount
	for i, h := range held {
		// The product of two amounts can exceed 64 bits; the share cannot exceed the part.
		hi, lo := bits.Mul64(uint64(amount), uint64(h)) //nolint:gosec // neither is negative
		part, _ := bits.Div64(hi, lo, uint64(all))      //nolint:gosec // a sum of what is not negative
		taken[i] = money.Amount(part)                   //nolint:gosec // at most the part
		left -= taken[i]
	}
	for i := 0; left > 0; i = (i + 1) % 4 {
		if taken[i] < held[i] {
			taken[i]++
			left--
		}
	}
	return Parts{Individual: taken[0], Collective: taken[1], Subsidy: taken[2], Interest: taken[3]}
}

// partLines are lines of an entry on a member's parts; a part of zero has none.
func partLines(p Parts, red bool, cause, member int64) (lines []ledger.Posting, sum money.Amount) {
	for _, l := range []struct {
		role   ledger.Role
		amount money.Amount
	}{
		{ledger.PersonalIndividual, p.Individual},
		{ledger.PersonalCollective, p.Collective},
		{ledger.PersonalSubsidy, p.Subsidy},
		{ledger.PersonalInterest, p.Interest},
	} {
		if l.amount == 0 {
			continue
		}
		sum += l.amount
		lines = append(lines, ledger.Posting{
			Side: ledger.Debit, Role: l.role, Nature: ledger.ItemLine, Red: red, Amount: l.amount, FundAccount: 0,
			Batch: 0, Cause: cause, Member: member, Year: 0,
		})
	}
	return lines, sum
}

// sumLine is a line for all items of an entry.
func sumLine(side ledger.Side, role ledger.Role, red bool, amount money.Amount, account int64) ledger.Posting {
	return ledger.Posting{
		Side: side, Role: role, Nature: ledger.SumLine, Red: red, Amount: amount, FundAccount: account,
		Batch: 0, Cause: 0, Member: 0, Year: 0,
	}
}

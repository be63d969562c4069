package match

import (
	"fmt"
	"strings"
)

// fact is what one match rests upon beyond its rule.
type fact struct {
	// tolerated says that the amounts differ within the tolerance.
	tolerated bool
	// days lie between the value days.
	days int
	// party is byAccount or byName where both sides know it and it agrees.
	party crowdSort
	// crowd is what ties the lines of a sum together.
	crowd crowdSort
}

// Score is how certain a rule is by itself, from 0 to 100.
func (r Rule) Score() int { return r.score() }

// score is how certain a rule is by itself.
func (r Rule) score() int {
	switch r {
	case Reference, BookReversal:
		return 100
	case BankReference, SharedReference:
		return 98
	case SharedBankReference, ReturnReference, BatchTotal:
		return 96
	case BankReversal, BatchNet:
		return 94
	case BatchPart, BatchItems:
		return 92
	case AmountDay:
		return 84
	case Interest:
		return 82
	case AmountWindow, BatchBranches:
		return 80
	case SubsetSum:
		return 70
	}
	return 0
}

// proof is a Match without its lines. A counterparty that agrees makes it more
// certain, a day between the sides or a fen of difference less.
func (m *Matcher) proof(r Rule, f fact) Match {
	const perDay, perParty, perTolerance = 2, 8, 10
	x := Match{ //nolint:exhaustruct // the lines come from elsewhere
		Rule: r, Score: r.score() - min(f.days, MaxDays)*perDay, Evidence: r.Reason(), Difference: 0,
	}
	var more []string
	if r == SubsetSum {
		more = append(more, tied(f.crowd))
		if f.crowd == byID || f.crowd == byBank {
			x.Score += 2 * perParty
		}
	}
	if f.days > 0 {
		more = append(more, fmt.Sprintf("the value days are %d apart", f.days))
	}
	switch f.party {
	case byAccount:
		x.Score += perParty
		more = append(more, "both know one account of the counterparty")
	case byName:
		x.Score += perParty / 2
		more = append(more, "both know one name of the counterparty")
	case byID, byBank:
	}
	if f.tolerated {
		x.Score -= perTolerance
		more = append(more, fmt.Sprintf("the amounts differ by no more than the %s allowed", m.rules.Tolerance))
	}
	if len(more) > 0 {
		x.Evidence += "; " + strings.Join(more, "; ")
	}
	x.Score = max(x.Score, 1)
	return x
}

func tied(c crowdSort) string {
	switch c {
	case byID:
		return "all carry one id"
	case byBank:
		return "all carry one reference of the bank"
	case byAccount:
		return "all have one account of the counterparty"
	case byName:
		return "all have one name of the counterparty"
	}
	return ""
}

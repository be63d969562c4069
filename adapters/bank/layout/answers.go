package layout

import (
	"strings"

	"twoline/gateway/bank"
)

// Answer is what a code or phrase means.
type Answer struct {
	Outcome bank.Outcome
	// Class of a failure may be left empty in Fixed and Codes: then the reason's
	// phrase says it, and where none does a person decides.
	Class bank.Class
}

// Phrase is an answer to words that a reason holds.
type Phrase struct {
	Text   string
	Answer Answer
}

// Answers say what a result row means: Fixed, else by Code, else by the first of
// Phrases that the Reason holds, else unknown. What is not listed is never taken
// for a failure, and what contradicts itself is unknown.
type Answers struct {
	// Fixed is the answer of every row, for files that hold one outcome only.
	Fixed *Answer
	// Codes may hold the empty code, which means what the bank says it means:
	// usually that the row is still processed. It is never a failure or a success.
	Codes   map[string]Answer
	Phrases []Phrase
}

func unknown() Answer { return Answer{Outcome: bank.OutcomeUnknown, Class: bank.ClassUnknown} }

// Of looks an answer up.
func (a *Answers) Of(code, reason string) Answer {
	known, listed := a.Codes[code]
	if a.Fixed != nil {
		known, listed = *a.Fixed, true
	}
	words, said := a.phrase(reason)
	switch {
	case !listed && said:
		return words
	case !listed:
		return unknown()
	case known.Outcome == bank.OutcomeSucceeded && said && words.Outcome != bank.OutcomeSucceeded:
		return unknown()
	case known.Outcome != bank.OutcomeFailed:
		return known
	case said && words.Outcome != bank.OutcomeFailed:
		return unknown()
	case known.Class != "":
		return known
	case said:
		return words
	}
	return Answer{Outcome: bank.OutcomeFailed, Class: bank.ClassUnknown}
}

func (a *Answers) phrase(reason string) (Answer, bool) {
	for _, p := range a.Phrases {
		if strings.Contains(reason, p.Text) {
			return p.Answer, true
		}
	}
	return Answer{}, false
}

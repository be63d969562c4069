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

// Phrase is an answer to words. A success is its words and nothing else: 成功 is not
// found in 不成功. Every other answer is found wherever its words stand.
type Phrase struct {
	Text   string
	Answer Answer
}

// Answers say what a result row means: Fixed, else by Code, else by Phrases, else
// unknown. What is not listed is never taken for a failure, and what contradicts
// itself is unknown.
type Answers struct {
	// Fixed is the answer of every row, for files that hold one outcome only.
	Fixed *Answer
	// Codes may hold the empty code, which means what the bank says it means:
	// usually that the row is still processed. It is never a failure or a success.
	Codes map[string]Answer
	// Phrases are looked for in the reason, and in a code that is not among Codes.
	// Where phrases of different answers fit, the answer is unknown, unless both are
	// failures and the words of one are part of the other's.
	Phrases []Phrase
}

func unknown() Answer { return Answer{Outcome: bank.OutcomeUnknown, Class: bank.ClassUnknown} }

// Of looks an answer up.
func (a *Answers) Of(code, reason string) Answer {
	known, listed := a.Codes[code]
	cells := []string{reason, code}
	if a.Fixed != nil {
		known, listed = *a.Fixed, true
	}
	if listed {
		cells = cells[:1]
	}
	words, said := a.phrase(cells)
	switch {
	case !listed && said:
		return words
	case !listed:
		return unknown()
	case known.Outcome == bank.OutcomeSucceeded && (said && words.Outcome != bank.OutcomeSucceeded || a.denies(reason)):
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

// phrase is what the words of some cells say together; unknown where they say
// different things.
func (a *Answers) phrase(cells []string) (Answer, bool) {
	var found Answer
	said := false
	for _, cell := range cells {
		cell = strings.TrimSpace(cell)
		for i := range a.Phrases {
			p := &a.Phrases[i]
			switch {
			case !p.fits(cell) || a.isPart(p, cell):
			case said && p.Answer != found:
				return unknown(), true
			default:
				found, said = p.Answer, true
			}
		}
	}
	return found, said
}

// fits says that a phrase is in a cell's words: a success only where it is all of
// them.
func (p *Phrase) fits(cell string) bool {
	if p.Answer.Outcome == bank.OutcomeSucceeded {
		return cell == strings.TrimSpace(p.Text)
	}
	return strings.Contains(cell, p.Text)
}

// isPart says that a failure's words stand in a cell only as part of another
// failure's longer words.
func (a *Answers) isPart(p *Phrase, cell string) bool {
	if p.Answer.Outcome != bank.OutcomeFailed {
		return false
	}
	for i := range a.Phrases {
		q := &a.Phrases[i]
		longer := len(q.Text) > len(p.Text) && q.Answer.Outcome == bank.OutcomeFailed &&
			strings.Contains(q.Text, p.Text)
		if longer && q.fits(cell) && !p.fits(strings.ReplaceAll(cell, q.Text, "\x00")) {
			return true
		}
	}
	return false
}

// denies says that a reason denies a success in words: 未成功 where 成功 is one.
func (a *Answers) denies(reason string) bool {
	for i := range a.Phrases {
		if a.Phrases[i].Answer.Outcome != bank.OutcomeSucceeded {
			continue
		}
		for _, not := range []string{"不", "未", "没", "非"} {
			if strings.Contains(reason, not+strings.TrimSpace(a.Phrases[i].Text)) {
				return true
			}
		}
	}
	return false
}

// refusal is what a refusal's code and reason mean. A code that the rows of this bank
// have says the same here; what says success cannot refuse, and is a contradiction.
func (l *Layout) refusal(code, reason string) (Answer, bool) {
	rows := Answers{Fixed: nil, Codes: l.Reject.Known, Phrases: l.Answers.Phrases}
	if rows.Codes == nil {
		rows.Codes = l.Answers.Codes
	}
	listed, isListed := rows.Codes[code]
	isListed = isListed && code != ""
	words, said := rows.phrase([]string{reason, code})
	switch {
	case isListed && listed.Outcome == bank.OutcomeSucceeded || isZeros(code) && !isListed,
		said && words.Outcome == bank.OutcomeSucceeded:
		return unknown(), true
	case isListed && listed.Class == bank.ClassDuplicate:
		return listed, false
	}
	if _, own := l.Reject.Answers.Codes[code]; !own && isListed {
		return rows.Of(code, reason), false
	}
	return l.Reject.Answers.Of(code, reason), false
}

// isZeros says that a code is zeros, as a success is in nearly every bank's codes.
func isZeros(code string) bool { return code != "" && strings.Trim(code, "0") == "" }

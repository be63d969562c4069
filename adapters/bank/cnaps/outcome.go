package cnaps

import (
	"strings"

	"twoline/gateway/bank"
)

// outcomeOf reads a state and its reject code. sound is false where the two
// contradict each other.
func outcomeOf(state, reject string) (outcome bank.Outcome, sound bool) {
	switch state {
	case "PR02", "PR03", "PR04", "PR05":
		if reject != "" {
			return bank.OutcomeUnknown, false
		}
		return bank.OutcomeSucceeded, true
	case "PR08", "PR09":
		return bank.OutcomeFailed, true
	case "PR11", "PR12", "PR89":
		return bank.OutcomePending, true
	}
	if strings.HasPrefix(state, "RJ") {
		return bank.OutcomeFailed, true
	}
	return bank.OutcomeUnknown, true
}

// outcome is what a state and its reject code mean in a message of this kind, where
// the system has the message itself in state process.
func (k Kind) outcome(state, reject, process string) (outcome bank.Outcome, sound bool) {
	outcome, sound = outcomeOf(state, reject)
	switch {
	case k == BatchRefused && outcome == bank.OutcomeSucceeded:
		return bank.OutcomeUnknown, false
	case k == BatchRefused && outcome == bank.OutcomeUnknown && sound:
		return bank.OutcomeFailed, true
	case outcome != bank.OutcomeSucceeded || process == "":
		return outcome, sound
	}
	// A success counts once the system has carried the reply out.
	switch whole, _ := outcomeOf(process, ""); whole {
	case bank.OutcomeSucceeded, bank.OutcomePending:
		return whole, true
	case bank.OutcomeFailed, bank.OutcomeUnknown:
	}
	return bank.OutcomeUnknown, true
}

// statesOf is the reverse: the state and the reject code that a code stands for.
func statesOf(code string) (state, reject string) {
	if strings.HasPrefix(code, "PR") {
		return code, ""
	}
	return "PR09", code
}

// codeOf is the code that a record keeps.
func codeOf(state, reject string) string {
	if reject != "" {
		return reject
	}
	return state
}

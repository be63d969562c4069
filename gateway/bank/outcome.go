package bank

import "errors"

// ErrOutcome is returned for a word that is none of the outcomes; the word itself
// came from outside and is not repeated.
var ErrOutcome = errors.New("outcome must be succeeded, failed, pending or unknown")

// Outcome is what a bank says became of an instruction.
type Outcome int

// The outcomes. Unknown is the zero value: what nobody said is not known.
const (
	// OutcomeUnknown is no answer, or one we cannot read: it is queried, never
	// sent again until known.
	OutcomeUnknown Outcome = iota
	// OutcomePending is the bank's own "still processing".
	OutcomePending
	// OutcomeSucceeded is final: the money moved in full.
	OutcomeSucceeded
	// OutcomeFailed is final: no money moved.
	OutcomeFailed
)

// String returns the name that API and files use.
func (o Outcome) String() string {
	switch o {
	case OutcomeUnknown:
		return "unknown"
	case OutcomePending:
		return "pending"
	case OutcomeSucceeded:
		return "succeeded"
	case OutcomeFailed:
		return "failed"
	}
	return "unknown"
}

// ParseOutcome reads String's names.
func ParseOutcome(s string) (Outcome, error) {
	for _, o := range []Outcome{OutcomeUnknown, OutcomePending, OutcomeSucceeded, OutcomeFailed} {
		if o.String() == s {
			return o, nil
		}
	}
	return OutcomeUnknown, ErrOutcome
}

// MarshalText writes String, so that no JSON shows an outcome as a bare number.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads String's names.
func (o *Outcome) UnmarshalText(b []byte) error {
	v, err := ParseOutcome(string(b))
	if err != nil {
		return err
	}
	*o = v
	return nil
}

// Final says that the outcome can never change by a later answer.
func (o Outcome) Final() bool { return o == OutcomeSucceeded || o == OutcomeFailed }

// Class is what a result means for the gateway: who must act before the item
// may be sent again.
type Class string

// The result classes.
const (
	// ClassSuccess is a final success.
	ClassSuccess Class = "SUCCESS"
	// ClassRetryFunds is an account without enough money.
	ClassRetryFunds Class = "RETRY_FUNDS"
	// ClassFixAccount is a wrong name or number, a closed, dormant or not
	// activated account, or one whose limit the amount exceeds.
	ClassFixAccount Class = "FIX_ACCOUNT"
	// ClassFixMandate is an authority to debit that is missing or does not cover this.
	ClassFixMandate Class = "FIX_MANDATE"
	// ClassBlocked is an account frozen, lost, under a court's order or of someone dead.
	ClassBlocked Class = "BLOCKED"
	// ClassRetryTechnical is a refusal that has nothing to do with the account.
	ClassRetryTechnical Class = "RETRY_TECHNICAL"
	// ClassDuplicate is an instruction that the bank has seen before: the first one decides.
	ClassDuplicate Class = "DUPLICATE"
	// ClassUnknown is queried, never sent again until known.
	ClassUnknown Class = "UNKNOWN"
)

// RetriedByNextRun says that the next run may take the due up again by itself;
// the other failures wait for a corrected account or mandate, or for a person.
func (c Class) RetriedByNextRun() bool {
	switch c {
	case ClassRetryFunds, ClassRetryTechnical:
		return true
	case ClassSuccess, ClassFixAccount, ClassFixMandate, ClassBlocked, ClassDuplicate, ClassUnknown:
		return false
	}
	return false
}

// ClassOf maps a bank's code to a class. Codes of the ISO 20022 external sets, of
// CNAPS2 and of the UnionPay family are known, as they are written there: no
// blanks, upper case; a bank's own table comes first. Only OutcomeSucceeded gives
// ClassSuccess, whatever the code claims. A code that is not known gives
// ClassUnknown, even on a failure: a person decides, nothing is sent again.
func ClassOf(outcome Outcome, code string) Class {
	switch outcome {
	case OutcomeSucceeded:
		return ClassSuccess
	case OutcomeFailed:
		return classOfFailure(code)
	case OutcomePending, OutcomeUnknown:
		return ClassUnknown
	}
	return ClassUnknown
}

func classOfFailure(code string) Class {
	switch code {
	case "AM04", "AG07", "RJ03", "3008", "B1":
		return ClassRetryFunds
	case "AC01", "AC02", "AC03", "AC04", "AC05", "AC07", "AC12", "AC13", "AC14",
		"AG01", "AG02", "AM02", "AM14", "BE01", "BE05", "BE06", "BE20", "RC01",
		"RJ01", "RJ02", "RJ04", "RJ08",
		"3004", "3009", "3018", "3030", "3031", "3039", "3065", "3069", "B2":
		return ClassFixAccount
	case "MD01", "MD02", "MD06", "CN01", "RJ06", "RJ07", "3045", "3046", "3047":
		return ClassFixMandate
	case "AC06", "MD07", "RR04", "3017", "3057":
		return ClassBlocked
	case "DT01", "DT05", "TM01", "RJ05", "AB01", "ED05", "NOAS":
		return ClassRetryTechnical
	case "AM05", "DU01", "DU02", "DU03", "DU04", "DU05", "3051":
		return ClassDuplicate
	}
	return ClassUnknown
}

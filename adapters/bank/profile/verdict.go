package profile

import (
	"twoline/gateway/bank"
)

// verdict is what one word of an answers table means.
type verdict struct {
	word    string
	outcome bank.Outcome
	class   bank.Class
}

// verdicts are the words: one word, so that outcome and class cannot contradict.
func verdicts() []verdict {
	return []verdict{
		{"SUCCESS", bank.OutcomeSucceeded, bank.ClassSuccess},
		{"RETRY_FUNDS", bank.OutcomeFailed, bank.ClassRetryFunds},
		{"FIX_ACCOUNT", bank.OutcomeFailed, bank.ClassFixAccount},
		{"FIX_MANDATE", bank.OutcomeFailed, bank.ClassFixMandate},
		{"BLOCKED", bank.OutcomeFailed, bank.ClassBlocked},
		{"RETRY_TECHNICAL", bank.OutcomeFailed, bank.ClassRetryTechnical},
		{"DUPLICATE", bank.OutcomeFailed, bank.ClassDuplicate},
		{"FAILED", bank.OutcomeFailed, bank.ClassUnknown},
		{"PENDING", bank.OutcomePending, bank.ClassUnknown},
		{"UNKNOWN", bank.OutcomeUnknown, bank.ClassUnknown},
	}
}

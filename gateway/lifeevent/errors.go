package lifeevent

import "twoline/gateway/fault"

// The refusals of life events.
var (
	ErrEvidence = fault.New(fault.Invalid, "evidence_invalid", "the evidence of life is not complete")
	ErrBackPay  = fault.New(fault.Unprocessable, "back_pay_undecided",
		"the area has not decided whether a stop for this reason is paid back: import the rule back_pay")
	ErrRecovery      = fault.New(fault.NotFound, "recovery_not_found", "no such recovery case")
	ErrRecoveryVoid  = fault.New(fault.Conflict, "recovery_void", "the notice that this case rests on was taken back")
	ErrPlan          = fault.New(fault.Unprocessable, "recovery_plan", "the plan does not settle what is open")
	ErrLetter        = fault.New(fault.Conflict, "recovery_letter", "what is open is not asked of anybody")
	ErrReceipt       = fault.New(fault.Unprocessable, "recovery_receipt", "this is not what is open of the recovery")
	ErrReferenceUsed = fault.New(fault.Conflict, "recovery_reference",
		"the credit with this number of the bank is known, as a receipt or for something else")
	ErrUnplanned = fault.New(fault.Conflict, "recovery_unplanned",
		"what was paid after the death is not settled: plan its recovery first")
	ErrClaim = fault.New(fault.Invalid, "estate_claim", "the claim is not complete")
	ErrAlive = fault.New(fault.Conflict, "no_death", "no death of this member stands reported")
	ErrGrant = fault.New(fault.Unprocessable, "no_funeral_grant", "there is no funeral grant for this death")
	// ErrGrantLate carries the rule's own sentence.
	ErrGrantLate = fault.New(fault.Unprocessable, "funeral_grant_late",
		"the funeral grant was claimed later than the rule allows")
	ErrGranted = fault.New(fault.Conflict, "estate_granted", "this was granted to an heir before")
	// ErrNothingOwed is also of months that a payment is on its way for.
	ErrNothingOwed = fault.New(fault.Unprocessable, "nothing_owed",
		"no month up to that of the death is owed, or it was granted to an heir before")
	// ErrReturned names the return.
	ErrReturned = fault.New(fault.Conflict, "return_waits",
		"a pension of a month up to that of the death came back and waits: give it up first, and the heirs are owed it")
	ErrEmpty   = fault.New(fault.Unprocessable, "account_empty", "nothing of the personal account is left for heirs")
	ErrMember  = fault.New(fault.NotFound, "member_not_found", "no such member")
	ErrBank    = fault.New(fault.NotFound, "bank_not_found", "no such bank in this area")
	ErrAccount = fault.New(fault.NotFound, "fund_account_not_found", "no such fund account")
)

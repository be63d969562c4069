package disbursement

import (
	"context"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// Rules are what an area decided about its pay runs, as they hold on a day.
type Rules struct {
	// PayDay is the day of the month on which everything is in place, 1 to 28.
	PayDay int
	// HandoverDays is how many working days before it the bank holds money and list.
	HandoverDays int
	// AccountChangeDays is for how many days after a change an account is not paid
	// to; 0 is not at all.
	AccountChangeDays int
	// AmountThreshold is the most that is paid without a review; 0 is any.
	AmountThreshold money.Amount
	// HoldShared says that an account which several pensioners share is held, and
	// not only reported.
	HoldShared bool
}

// rules reads what holds for an area on a day, and proves that what stops base pensions of the
// month is decided: policy.ErrNoRule where neither the area nor the nation decided one of them. No
// screen is left out for want of its rule.
func rules(
	ctx context.Context, tx RosterTx, area party.Area, day calendar.Day, month calendar.Month,
) (Rules, error) {
	var r Rules
	all, err := tx.Rules(ctx, area)
	if err != nil {
		return r, err
	}
	if _, err := all.Row(policy.ChildLinked, month.First()); err != nil {
		return r, err //nolint:wrapcheck // names the rule
	}
	v := all.At(day)
	if r.PayDay, err = v.PayDay(); err != nil {
		return r, err
	}
	if r.HandoverDays, err = v.HandoverDays(); err != nil {
		return r, err
	}
	if r.AccountChangeDays, err = v.AccountChangeHoldDays(); err != nil {
		return r, err
	}
	if r.AmountThreshold, err = v.AmountReviewThreshold(); err != nil {
		return r, err
	}
	r.HoldShared, err = v.SharedAccountHolds()
	return r, err
}

// Holds lists every reason for which a payment is held, the weightiest first:
// where several apply, the first one is what the roster says.
func Holds() []Hold {
	return []Hold{
		HeldDeceased, HeldSentenced, HeldCourt, HeldInvestigation, HeldDuplicate, HeldOtherPension,
		HeldChildUnpaid, HeldCertification, HeldManual,
		HeldDoubleCredit, HeldNoAccount, HeldNotCorrected, HeldAccountChanged, HeldNotEncodable, HeldSharedAccount,
		HeldAmountReview, HeldAboveEntitlement,
	}
}

package disbursement

import (
	"context"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// VillageFeedback is what became of a month's pensions in one village.
type VillageFeedback struct {
	Region party.Region
	Name   string
	// Due counts the month's pensioners, Paid those who can draw what they were paid,
	// InFlight those of whom the bank says nothing yet. Amount is what Paid were paid.
	Due, Paid, InFlight int
	Amount              money.Amount
	// Unpaid counts the others: by the class of the failure, the reason of the hold,
	// RETURNED, or NOT_ACTIVATED where the money stands on an account that the person
	// cannot draw from.
	Unpaid map[string]int
}

// Feedback is the list of a month that goes back to the villages.
func (s *Service) Feedback(
	ctx context.Context, by approval.Officer, scheme ledger.Scheme, month calendar.Month,
) ([]VillageFeedback, error) {
	if err := mayRead(by); err != nil {
		return nil, err
	}
	return s.store.Feedback(ctx, by.Area, scheme, month)
}

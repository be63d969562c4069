package lifeevent

import (
	"context"
	"slices"

	"twoline/gateway/calendar"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// ResumeTx is what the end of a stop asks of a transaction.
type ResumeTx interface {
	ResumptionTx
	Rules(ctx context.Context, area party.Area) (*policy.Rules, error)
}

// Resume decides what becomes of the months that a stop held back: one due for all of them,
// or nothing. The rule is that of the day on which the stop began: who was stopped under it
// is not worse or better off by one that came later. Where nobody had decided about the
// reason by then, it is that of the day of the release. It belongs into the transaction in which a
// second person approves the end of the hold. Where the area has not decided about the
// reason it returns ErrBackPay, and the hold stands. What is held for a look, and stops
// no right, has no such months: a pay run takes them up.
func Resume(ctx context.Context, tx ResumeTx, s Stop, today calendar.Day) error {
	reasons := []policy.StopReason{
		policy.StopCertification, policy.StopOtherPension, policy.StopChildUnpaid, policy.StopCourt,
		policy.StopInvestigation, policy.StopManual,
	}
	reason := policy.StopReason(s.Reason)
	if !slices.Contains(reasons, reason) {
		return nil
	}
	months, err := tx.StoppedMonths(ctx, s, today)
	if err != nil || len(months) == 0 {
		return err
	}
	rules, err := tx.Rules(ctx, s.Area)
	if err != nil {
		return err
	}
	row, err := rules.Row(policy.BackPayPolicy, s.From.First())
	fromStop, known := row.Value.BackPay(reason)
	if err != nil || !known {
		if row, err = rules.Row(policy.BackPayPolicy, today); err != nil {
			return err //nolint:wrapcheck // names the rule
		}
		fromStop, known = row.Value.BackPay(reason)
	}
	if !known {
		return ErrBackPay
	}
	return tx.AddResumption(ctx, Resumption{Stop: s, FromStop: fromStop, Rule: row, Months: months, Today: today})
}

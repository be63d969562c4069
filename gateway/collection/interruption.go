package collection

import (
	"context"
	"errors"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// InterruptionFilter selects members in rising order of id.
type InterruptionFilter struct {
	Area   party.Area
	Scheme ledger.Scheme
	Year   int
	After  int64
	Limit  int
}

// Interruption is a year that a member chose an amount for and paid nothing of. It is no
// debt and bears no late fee: the member may make the year up.
type Interruption struct {
	Member int64
	Region party.Region
	Chosen money.Amount
}

// Interruptions lists the interrupted years of the officer's area, and says the last day
// on which the year's contribution was taken. Up to that day nobody is interrupted. It is
// policy.ErrNoRule where the area's cut-off is not known.
func (s *Service) Interruptions(
	ctx context.Context, by approval.Officer, f InterruptionFilter,
) ([]Interruption, calendar.Day, error) {
	f.Area = by.Area
	cutoff, err := s.cutoff(ctx, f.Area, f.Year)
	if err != nil || !s.today().After(cutoff) {
		return nil, cutoff, err
	}
	list, err := s.store.Interruptions(ctx, f)
	return list, cutoff, err
}

// cutoff is the last day on which a year's contribution is taken.
func (s *Service) cutoff(ctx context.Context, area party.Area, year int) (calendar.Day, error) {
	var day calendar.Day
	err := s.store.InTx(ctx, func(tx Tx) (err error) {
		day, err = cutoffOf(ctx, tx, area, year)
		return err
	})
	return day, err
}

func cutoffOf(ctx context.Context, tx Tx, area party.Area, year int) (calendar.Day, error) {
	last, err := calendar.Date(year, 12, 31)
	if err != nil {
		return last, ErrDay.On("year")
	}
	rules, err := tx.Rules(ctx, area)
	if err != nil {
		return last, err
	}
	return rules.At(last).CollectionCutoff()
}

// YearStanding is where a member's year stands beside what is owed.
type YearStanding struct {
	CounterDue

	// MakeUp says that a payment for the year made today makes a missed year up: it earns
	// no government subsidy.
	MakeUp bool
	// CutoffKnown says that Interrupted is known: the area decided its cut-off.
	CutoffKnown, Interrupted bool
}

// Standing says what a member owes for a year, and whether the year is interrupted: the
// cut-off passed, and nothing of what was chosen is paid or on its way.
func (s *Service) Standing(
	ctx context.Context, area party.Area, by bank.Caller, member int64, year int,
) (YearStanding, error) {
	out := YearStanding{} //nolint:exhaustruct // filled below
	area, err := s.store.AreaOfMember(ctx, area, by.Code, member)
	if err != nil {
		return out, err
	}
	if out.CounterDue, err = s.Due(ctx, area, by.Code, member, year); err != nil {
		return out, err
	}
	out.MakeUp = year < s.today().Year()
	cutoff, err := s.cutoff(ctx, area, year)
	if errors.Is(err, policy.ErrNoRule) {
		return out, nil
	}
	out.CutoffKnown = err == nil
	out.Interrupted = out.CutoffKnown && s.today().After(cutoff) && out.Chosen > 0 && out.Posted <= 0 &&
		out.Receipts == 0 && out.InFlight == 0
	return out, err
}

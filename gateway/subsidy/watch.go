package subsidy

import (
	"context"
	"errors"
	"fmt"

	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// The cases of missing money.
const (
	caseDue  = "pension_subsidy_due"
	caseLate = "pension_subsidy_late"

	actorJob = "job"
)

// Watch looks at the month before, this one and the next of every scheme that an area pays.
// Where a level's money for a month is missing on the day of the area's rule or later, a case
// asks for it; after the hand-over another says that it is late. Both are closed when the
// money is there. Where nobody decided who pays, nobody is asked. Watch may run any number of
// times a day and on several processes.
func (s *Service) Watch(ctx context.Context, today calendar.Day) error {
	books := make(map[party.Area][]disbursement.PaidBook)
	err := s.store.Read(ctx, func(tx Tx) error {
		areas, err := tx.Areas(ctx)
		for _, area := range areas {
			if err == nil {
				books[area], err = tx.PaidBooks(ctx, area)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	// One month's trouble stops no other.
	var errs []error
	for area, list := range books {
		for _, b := range list {
			for _, ahead := range []int{-1, 0, 1} {
				month := today.Month().Add(ahead)
				if b.Scheme == ledger.LandLost || month.Compare(b.OpenedOn.Month()) < 0 {
					continue
				}
				err := s.store.InTx(ctx, func(tx Tx) error { return s.lookAt(ctx, tx, area, b.Scheme, month) })
				if err != nil {
					errs = append(errs, fmt.Errorf("subsidies of %s to %s in area %s: %w", month, b.Scheme, area, err))
				}
			}
		}
	}
	return errors.Join(errs...)
}

// lookAt opens and closes the cases of a month. A year whose working days are not known has a
// case of its own, by the look at the pay runs.
func (s *Service) lookAt(
	ctx context.Context, tx Tx, area party.Area, scheme ledger.Scheme, month calendar.Month,
) error {
	m, err := s.month(ctx, tx, area, scheme, month)
	if errors.Is(err, policy.ErrNoRule) || errors.Is(err, calendar.ErrNoYear) {
		return nil
	}
	if err != nil || s.today().Before(m.WarnOn) {
		return err
	}
	missing := make(map[policy.Level]Share)
	for _, share := range m.Levels {
		if share.Missing > 0 {
			missing[share.Level] = share
		}
	}
	for _, level := range policy.Levels() {
		share, short := missing[level]
		for _, kind := range []string{caseDue, caseLate} {
			c := disbursement.Case{
				Kind: kind, Subject: fmt.Sprintf("month:%s:%s:%s", scheme, month, level), Bank: "",
				Text: m.about(share),
			}
			switch {
			case !short:
				c.Text = fmt.Sprintf("nothing of %s's money for %s is missing", level, month)
				err = tx.EndSubsidy(ctx, area, c, actorJob)
			case kind == caseDue || s.today().After(m.DueOn):
				err = tx.AskSubsidy(ctx, area, c)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// about tells in one line what is missing of a level.
func (m Month) about(s Share) string {
	text := fmt.Sprintf("%s owes %s for the base pensions of %s of %s", s.Level, s.Receivable, m.Scheme, m.Month)
	if m.Basis == Estimated {
		text += fmt.Sprintf(" (estimated by the run of %s)", m.EstimatedFrom)
	}
	if s.Brought > 0 {
		text += fmt.Sprintf("; %s was brought forward", s.Brought)
	}
	return text + fmt.Sprintf("; %s arrived and %s is missing; it is due at the hand-over on %s, pay day is %s",
		s.Arrived, s.Missing, m.DueOn, m.PayDay)
}

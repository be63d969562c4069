package disbursement

import (
	"context"
	"errors"
	"fmt"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// MonthTx is what the look at the months needs of a transaction.
type MonthTx interface {
	// PaidBooks returns the area's schemes with an expenditure account.
	PaidBooks(ctx context.Context, area party.Area) ([]PaidBook, error)
	// RegularRun returns the month's live regular run, or the zero run, and how many
	// were refused or withdrawn.
	RegularRun(ctx context.Context, area party.Area, scheme ledger.Scheme, month calendar.Month) (Run, int, error)
	// PayCaseKnown says that a case of the kind and subject was ever opened.
	PayCaseKnown(ctx context.Context, area party.Area, c Case) (bool, error)
}

// PaidBook is a scheme that an area pays from a day on.
type PaidBook struct {
	Scheme   ledger.Scheme
	OpenedOn calendar.Day
}

// The cases that the look at the months opens.
const (
	caseRunDue      = "payrun_due"
	caseNotReleased = "payrun_not_released"
	caseWorkingDays = "calendar_missing"
	caseNoRule      = "rule_missing"
)

// WatchMonths looks at the regular pay runs of the month before, of this one and of
// the next, in every scheme that an area pays. Where the area's rule says that a
// run is due to be drafted and nobody has, its makers are asked for it; where a run
// is not released on its hand-over day, a case says so. It drafts nothing itself: a
// run's maker is a person who answers for it, one of the three that a payment needs.
//
// A year whose working days are not known is an error and a case, and so is a rule that
// nobody decided: no pay day is ever guessed, and no month goes unseen. WatchMonths may run
// any number of times a day and on several processes.
func (s *Service) WatchMonths(ctx context.Context, today calendar.Day) error {
	books := make(map[party.Area][]PaidBook)
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
				err := s.lookAt(ctx, monthOf{area: area, book: b, month: month, today: today})
				if err != nil {
					errs = append(errs, fmt.Errorf("daily look at %s of %s in area %s: %w", month, b.Scheme, area, err))
				}
			}
		}
	}
	return errors.Join(errs...)
}

// monthOf is one month of one scheme, looked at on a day.
type monthOf struct {
	area  party.Area
	book  PaidBook
	month calendar.Month
	today calendar.Day
}

func (m monthOf) order() Order { return Order{Scheme: m.book.Scheme, Month: m.month, Kind: Regular} }

// due is the case that asks for the month's run after so many that were refused or
// withdrawn: each time it is asked for anew.
func (m monthOf) due(dead int) Case {
	subject := fmt.Sprintf("month:%s:%s:%d", m.book.Scheme, m.month, dead+1)
	return Case{Kind: caseRunDue, Subject: subject, Bank: "", Text: ""}
}

func (m monthOf) notReleased() Case {
	return Case{Kind: caseNotReleased, Subject: fmt.Sprintf("month:%s:%s", m.book.Scheme, m.month), Bank: "", Text: ""}
}

// plan is when a month's run is due, and the run.
type plan struct {
	run  Run
	dead int
	// draftOn is when the run is asked for.
	draftOn, handover, paid calendar.Day
}

func (s *Service) lookAt(ctx context.Context, m monthOf) error {
	var p plan
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		p, err = s.plan(ctx, tx, m)
		return err
	})
	if errors.Is(err, calendar.ErrNoYear) {
		return s.keepCase(ctx, m.area, Case{
			Kind: caseWorkingDays, Subject: "calendar:" + m.month.String(), Bank: "",
			Text: "the pay day cannot be told: load the State Council's notice of the year",
		}, err)
	}
	if errors.Is(err, policy.ErrNoRule) {
		c := Case{Kind: caseNoRule, Subject: "pay_runs:" + string(m.book.Scheme), Bank: "", Text: err.Error()}
		return s.keepCase(ctx, m.area, c, err)
	}
	switch {
	case err != nil:
		return err
	case p.run.ID != 0:
		return s.lookAtRun(ctx, m, p)
	case m.month.Compare(m.today.Month()) < 0 || p.handover.Before(m.book.OpenedOn) ||
		m.today.Before(p.draftOn):
		return nil
	}
	return s.askForRun(ctx, m, p)
}

// plan reads what holds for the month.
func (s *Service) plan(ctx context.Context, tx Tx, m monthOf) (p plan, err error) {
	if p.run, p.dead, err = tx.RegularRun(ctx, m.area, m.book.Scheme, m.month); err != nil {
		return p, err
	}
	if p.run.ID != 0 {
		p.handover, p.paid = p.run.HandoverDue, p.run.PayDay
		return p, nil
	}
	all, err := tx.Rules(ctx, m.area)
	if err != nil {
		return p, err
	}
	days, err := all.At(m.today).DraftDays()
	if err != nil {
		return p, err
	}
	r, err := rules(ctx, tx, m.area, m.today, m.month)
	if err != nil {
		return p, err
	}
	if p.paid, p.handover, err = m.order().PayDay(s.days, r, m.today); err != nil {
		return p, err
	}
	p.draftOn, err = s.days.Add(p.handover, -days)
	return p, err
}

// lookAtRun closes what was asked for, and opens a case for a run that is late.
func (s *Service) lookAtRun(ctx context.Context, m monthOf, p plan) error {
	released := p.run.State == Released || p.run.State == Closed
	return s.store.InTx(ctx, func(tx Tx) error {
		for dead := range p.dead + 1 {
			c := m.due(dead)
			c.Text = fmt.Sprintf("pay run %d was drafted", p.run.ID)
			if err := tx.ClosePayCase(ctx, m.area, c, actorJob); err != nil {
				return err
			}
		}
		c := m.notReleased()
		if released {
			c.Text = fmt.Sprintf("pay run %d was released on %s", p.run.ID, p.run.ReleasedOn)
			return tx.ClosePayCase(ctx, m.area, c, actorJob)
		}
		if m.today.Before(p.handover) {
			return nil
		}
		c.Text = fmt.Sprintf("pay run %d of %s is %s and was to be released by %s; pay day is %s", p.run.ID, m.month,
			p.run.State, p.handover, p.paid)
		return tx.OpenPayCase(ctx, m.area, c)
	})
}

// askForRun opens the cases of a month that has no run, where somebody is entitled.
func (s *Service) askForRun(ctx context.Context, m monthOf, p plan) error {
	due, late := m.due(p.dead), m.notReleased()
	cases := []Case{due}
	if !m.today.Before(p.handover) {
		cases = append(cases, late)
	}
	known := true
	err := s.store.Read(ctx, func(tx Tx) error {
		for _, c := range cases {
			one, err := tx.PayCaseKnown(ctx, m.area, c)
			if err != nil {
				return err
			}
			known = known && one
		}
		return nil
	})
	if err != nil || known {
		return err
	}
	r, err := s.sketch(ctx, m)
	if err != nil || r.Entitled == 0 {
		return err
	}
	cases[0].Text = fmt.Sprintf("the regular pay run of %s is to be drafted: %d are entitled to %s today, %d of them "+
		"are held; hand-over is due on %s, pay day is %s",
		m.month, r.Entitled, r.EntitledAmount, r.Held, p.handover, p.paid)
	if len(cases) > 1 {
		cases[1].Text = fmt.Sprintf("nobody has drafted the regular pay run of %s, which was to be released by %s; "+
			"pay day is %s", m.month, p.handover, p.paid)
	}
	return s.store.InTx(ctx, func(tx Tx) error { return tx.OpenPayCase(ctx, m.area, cases...) })
}

// sketch makes the roster of the month with its screens and gives it up: a roster
// that is kept has a person who made it.
func (s *Service) sketch(ctx context.Context, m monthOf) (Roster, error) {
	var r Roster
	err := s.store.InTx(ctx, func(tx Tx) error {
		c, err := s.claims(ctx, tx, m.area, m.order())
		if err != nil {
			return err
		}
		nobody := approval.Officer{Login: actorJob} //nolint:exhaustruct // nothing of it is kept
		if r, err = s.roster(ctx, tx, nobody, c); err != nil {
			return err
		}
		return errTrial
	})
	if errors.Is(err, errTrial) {
		err = nil
	}
	return r, err
}

package disbursement

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

// String returns the name that the API uses.
func (s State) String() string { return string(s) }

// CanBecome lists every legal step of a run.
func (s State) CanBecome(next State) bool {
	switch s {
	case Draft:
		return next == Frozen || next == Withdrawn
	case Frozen:
		return next == Approved || next == Refused || next == Withdrawn
	case Approved:
		return next == Released || next == Refused || next == Withdrawn
	case Released:
		return next == Closed
	case Closed:
		// A batch that was recalled too late.
		return next == Released
	case Refused, Withdrawn:
		return false
	}
	return false
}

// Drafted is a run with the roster that it was drafted from.
type Drafted struct {
	Run    Run
	Roster Roster
}

// Draft makes the roster of an order and a run of it. Only one regular run of a
// month lives: another one is ErrRunExists, about the first one's id. The
// answer's result is a Drafted.
func (s *Service) Draft(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, o Order,
) (once.Answer, error) {
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		maker, c, err := s.order(ctx, tx, by, o)
		if err != nil {
			return nil, err
		}
		return s.draft(ctx, tx, maker, c)
	})
}

// order proves that the officer may make a run, as the database knows them now,
// and gathers what the order means.
func (s *Service) order(ctx context.Context, tx Tx, by approval.Officer, o Order) (approval.Officer, Claims, error) {
	maker, err := tx.Standing(ctx, by.Login)
	if err != nil {
		return maker, Claims{}, err //nolint:exhaustruct // none
	}
	if err := mayMake(maker); err != nil {
		return maker, Claims{}, err //nolint:exhaustruct // none
	}
	c, err := s.claims(ctx, tx, maker.Area, o)
	return maker, c, err
}

// draft is the transaction of Draft, and the first half of a trial.
func (s *Service) draft(ctx context.Context, tx Tx, maker approval.Officer, c Claims) (Drafted, error) {
	none := Drafted{} //nolint:exhaustruct // none
	if c.Kind == Regular {
		live, err := tx.LiveRun(ctx, c.Area, c.Scheme, c.Month)
		if err != nil {
			return none, err
		}
		if live != 0 {
			return none, ErrRunExists.About(fmt.Sprint(live))
		}
	}
	roster, err := s.roster(ctx, tx, maker, c)
	if err != nil {
		return none, err
	}
	if roster.Entitled == roster.Held {
		return none, ErrNothingToPay.With("nobody is to be paid by this run: %d are entitled and %d of them are held",
			roster.Entitled, roster.Held)
	}
	payDay, due, err := c.PayDay(s.days, c.Rules, c.Today)
	if err != nil {
		return none, err
	}
	run, err := tx.AddPayRun(ctx, Run{ //nolint:exhaustruct // the freeze fills in the rest
		Area: c.Area, Scheme: c.Scheme, Month: c.Month, Kind: c.Kind, Roster: roster.ID, PayDay: payDay,
		HandoverDue: due, Maker: maker.Login, MakerPerson: maker.Person, MadeOn: c.Today, State: Draft, Version: 1,
	})
	if err != nil {
		return none, err
	}
	return Drafted{Run: run, Roster: roster}, nil
}

// PayDay returns the last value day that counts as in place for a run that is made
// on a day, and the day on which the bank must hold money and list. What is paid
// later than with its month's regular run is in place on the next pay day.
func (o Order) PayDay(
	days *calendar.WorkingDays, r Rules, made calendar.Day,
) (payDay, due calendar.Day, err error) {
	month := o.Month
	if now := made.Month(); o.Kind != Regular && month.Compare(now) < 0 {
		month = now
	}
	payDay, err = days.PayDay(month, r.PayDay)
	if err == nil && o.Kind != Regular && payDay.Before(made) {
		payDay, err = days.PayDay(month.Add(1), r.PayDay)
	}
	if err == nil {
		due, err = days.Add(payDay, -r.HandoverDays)
	}
	if errors.Is(err, calendar.ErrNoYear) {
		return payDay, due, ErrWorkingDays.Because(err)
	}
	if err != nil {
		return payDay, due, fmt.Errorf("pay day of %s: %w", o.Month, err)
	}
	return payDay, due, nil
}

// Trial is what a run would be, had it been submitted: nothing of it was kept.
type Trial struct {
	Drafted

	Batches  []Batch
	ByReason []HeldSum
}

// errTrial ends the transaction of a trial, so that nothing of it is kept.
var errTrial = errors.New("the trial is over")

// Try makes a run with its batches, numbers, files and totals, and gives all of
// it up: it books and sends nothing.
func (s *Service) Try(ctx context.Context, by approval.Officer, o Order) (Trial, error) {
	var t Trial
	err := s.store.InTx(ctx, func(tx Tx) error {
		maker, c, err := s.order(ctx, tx, by, o)
		if err != nil {
			return err
		}
		if t.Drafted, err = s.draft(ctx, tx, maker, c); err != nil {
			return err
		}
		if t.Run, t.Batches, err = s.freeze(ctx, tx, t.Run, c.Partners, actor(maker)); err != nil {
			return err
		}
		if t.ByReason, err = tx.HeldByReason(ctx, c.Area, t.Roster.ID); err != nil {
			return err
		}
		return errTrial
	})
	if errors.Is(err, errTrial) {
		return t, nil
	}
	return Trial{}, err //nolint:exhaustruct // none
}

// Approve keeps a checker's yes to the digest of a frozen run. The answer's
// result is the Run.
func (s *Service) Approve(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, v Verdict,
) (once.Answer, error) {
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		run, officer, err := open(ctx, tx, by, v)
		if err != nil {
			return nil, err
		}
		if !run.State.CanBecome(Approved) {
			return nil, refusedState(run)
		}
		if err := decide(ctx, tx, run, officer, approval.Checker, approval.Approved, v); err != nil {
			return nil, err
		}
		return tx.MoveRun(ctx, run, Approved, actor(officer), "approved digest")
	})
}

// Reject ends a run for good: a checker's no to a frozen run, a releaser's to an
// approved one. Its numbers stay used. The answer's result is the Run.
func (s *Service) Reject(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, v Verdict,
) (once.Answer, error) {
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		run, officer, err := open(ctx, tx, by, v)
		if err != nil {
			return nil, err
		}
		if !run.State.CanBecome(Refused) {
			return nil, refusedState(run)
		}
		duty := approval.Checker
		if run.State == Approved {
			duty = approval.Releaser
		}
		if err := decide(ctx, tx, run, officer, duty, approval.Rejected, v); err != nil {
			return nil, err
		}
		return tx.MoveRun(ctx, run, Refused, actor(officer), v.Reason)
	})
}

// Withdraw takes back a run that was not released; a maker of the agency's
// business office may. The answer's result is the Run.
func (s *Service) Withdraw(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, id int64, reason string,
) (once.Answer, error) {
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		officer, err := tx.Standing(ctx, by.Login)
		if err != nil {
			return nil, err
		}
		if err := mayMake(officer); err != nil {
			return nil, err
		}
		run, err := tx.LockRun(ctx, officer.Area, id)
		if err != nil {
			return nil, err
		}
		if !run.State.CanBecome(Withdrawn) {
			return nil, refusedState(run)
		}
		return tx.MoveRun(ctx, run, Withdrawn, actor(officer), reason)
	})
}

// open returns the run, locked, and the officer as the database knows them now,
// after proving that the run is what the officer saw.
func open(ctx context.Context, tx Tx, by approval.Officer, v Verdict) (Run, approval.Officer, error) {
	none := Run{} //nolint:exhaustruct // none
	officer, err := tx.Standing(ctx, by.Login)
	if err != nil {
		return none, officer, err
	}
	run, err := tx.LockRun(ctx, officer.Area, v.Run)
	if err != nil {
		return none, officer, err
	}
	if run.State != Draft && v.Digest != run.Digest {
		return none, officer, approval.ErrDigest
	}
	return run, officer, nil
}

// decide keeps a decision. A checker sits in either of the agency's offices, the
// releaser in its finance office.
func decide(
	ctx context.Context, tx Tx, run Run, by approval.Officer, duty approval.Duty, d approval.Decision, v Verdict,
) error {
	offices := []approval.Organisation{approval.AgencyBusiness, approval.AgencyFinance}
	if duty == approval.Releaser {
		offices = []approval.Organisation{approval.AgencyFinance}
	}
	a := approval.Approval{
		Area: run.Area, Subject: "pay_run", SubjectID: run.ID, Duty: duty, Decision: d, Digest: run.Digest,
		MakerPerson: run.MakerPerson, By: by, Reason: v.Reason,
	}
	if err := a.Check(offices...); err != nil {
		return err
	}
	return tx.AddApproval(ctx, a)
}

func refusedState(r Run) error {
	return ErrRunState.With("pay run %d is %s", r.ID, r.State).About(fmt.Sprint(r.ID))
}

// mayMake proves the duty of making rosters and runs.
func mayMake(by approval.Officer) error {
	if !by.Has(approval.Maker, approval.AgencyBusiness) {
		return approval.ErrDuty.With("rosters and pay runs are made by a maker of the agency's business office")
	}
	return nil
}

// mayRead keeps rosters and runs to the offices that work with them.
func mayRead(by approval.Officer) error {
	offices := []approval.Organisation{
		approval.AgencyBusiness, approval.AgencyFinance, approval.FinanceBureau, approval.Auditor,
	}
	if !slices.Contains(offices, by.Organisation) {
		return approval.ErrDuty.With("pay runs are shown to the agency, the finance bureau and the auditor")
	}
	return nil
}

const maxPage = 1001

func page(limit int) int {
	if limit < 1 || limit > maxPage {
		return maxPage
	}
	return limit
}

// RunView is a run with everything that an officer decides on.
type RunView struct {
	Run

	Roster   Roster
	ByReason []HeldSum
	Batches  []Batch
	Events   []Event
	Decided  []Decided
	// Hits are what withdrew the run at its release; Successor is the run that has
	// its other rows, or 0.
	Hits      []Hit
	Successor int64
}

// Run returns one run of the officer's area.
func (s *Service) Run(ctx context.Context, by approval.Officer, id int64) (RunView, error) {
	if err := mayRead(by); err != nil {
		return RunView{}, err //nolint:exhaustruct // none
	}
	var v RunView
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		v, err = s.view(ctx, tx, by.Area, id)
		return err
	})
	return v, err
}

func (s *Service) view(ctx context.Context, tx RunTx, area party.Area, id int64) (v RunView, err error) {
	if v.Run, err = tx.FindRun(ctx, area, id); err != nil {
		return v, err
	}
	if v.Roster, err = tx.FindRoster(ctx, area, v.Run.Roster); err != nil {
		return v, err
	}
	if v.ByReason, err = tx.HeldByReason(ctx, area, v.Run.Roster); err != nil {
		return v, err
	}
	if v.Batches, err = tx.RunBatches(ctx, area, id); err != nil {
		return v, err
	}
	if v.Events, err = tx.RunEvents(ctx, area, id); err != nil {
		return v, err
	}
	if v.Decided, err = tx.Decisions(ctx, area, id); err != nil {
		return v, err
	}
	if v.Hits, err = tx.RunHits(ctx, area, id); err != nil {
		return v, err
	}
	v.Successor, err = tx.Successor(ctx, area, id)
	return v, err
}

// Runs lists runs of the officer's area in rising order of id.
func (s *Service) Runs(ctx context.Context, by approval.Officer, f RunFilter) ([]Run, error) {
	if err := mayRead(by); err != nil {
		return nil, err
	}
	f.Area, f.Limit = by.Area, page(f.Limit)
	return s.store.Runs(ctx, f)
}

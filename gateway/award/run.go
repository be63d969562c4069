package award

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/entitlement"
	"twoline/gateway/ledger"
	"twoline/gateway/once"
	"twoline/gateway/policy"
)

// Service computes and explains awards. It is safe for concurrent use.
type Service struct {
	store Store
	today func() calendar.Day
}

// New returns a service; today is the business day.
func New(store Store, today func() calendar.Day) *Service {
	return &Service{store: store, today: today}
}

// chunk is how many members are read, decided and kept at once.
const chunk = 20_000

const maxPage = 1001

func pageOf(limit int) int {
	if limit < 1 || limit > maxPage {
		return maxPage
	}
	return limit
}

func mayRead(by approval.Officer) error {
	offices := []approval.Organisation{
		approval.AgencyBusiness, approval.AgencyFinance, approval.FinanceBureau, approval.Auditor,
	}
	if by.Area == 0 || by.Region != 0 || !slices.Contains(offices, by.Organisation) {
		return approval.ErrDuty.With("awards are shown to the agency, the finance bureau and the auditor")
	}
	return nil
}

// Make computes what every member of a scheme who is of age, or has an entitlement, is
// to be paid up to a month, and keeps where that differs from what stands. A maker of
// the business office makes it; a second person's approval of its decision makes
// entitlements of it. Where nothing differs there is nothing to decide. The answer's
// result is a Run. It returns policy.ErrNoRule where a rule is missing for a date.
func (s *Service) Make(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, o Order,
) (once.Answer, error) {
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		maker, err := tx.Standing(ctx, by.Login)
		if err != nil {
			return nil, err
		}
		if !maker.Has(approval.Maker, approval.AgencyBusiness) || maker.Region != 0 || maker.Area == 0 {
			return nil, approval.ErrDuty.With("award runs are made by a maker of the agency's business office")
		}
		return s.run(ctx, tx, maker, o)
	})
}

// check proves what can be told without the database.
func (o Order) check(today calendar.Day) error {
	switch {
	case !o.Scheme.Valid():
		return ErrOrder.On("scheme")
	case o.Month.IsZero():
		return ErrOrder.On("month")
	case o.Month.Compare(today.Month().Add(1)) > 0:
		return ErrMonth.With("the month is at most the one after %s", today.Month()).On("month")
	}
	return nil
}

// termsOf are the rules by which a scheme awards.
func termsOf(rules *policy.Rules, scheme ledger.Scheme) (*entitlement.Terms, error) {
	switch scheme {
	case ledger.LandLost:
		return entitlement.NewLandLost(rules)
	case ledger.Resident, ledger.Rural, ledger.Urban:
		return entitlement.New(rules)
	}
	return nil, ErrOrder.On("scheme")
}

func (s *Service) run(ctx context.Context, tx Tx, maker approval.Officer, o Order) (Run, error) {
	run := Run{ //nolint:exhaustruct // filled below
		Order: o, Area: maker.Area, MadeBy: "officer:" + maker.Login, MadeOn: s.today(),
	}
	if err := o.check(run.MadeOn); err != nil {
		return run, err
	}
	frame, query, err := s.frame(ctx, tx, &run)
	if err != nil {
		return run, err
	}
	if run.Upto, err = tx.HoldEntitlements(ctx, run.Area); err != nil {
		return run, err
	}
	ids, err := tx.NewIDs(ctx, 1)
	if err != nil {
		return run, err
	}
	run.ID = ids[0]
	work := working{frame: frame, seal: NewSeal(), run: run, steps: nil, refusals: nil}
	for {
		members, err := tx.AwardFacts(ctx, query)
		if err != nil {
			return run, err
		}
		if len(members) == 0 {
			break
		}
		query.After = members[len(members)-1].Member
		if err := work.take(ctx, tx, members); err != nil {
			return run, fmt.Errorf("award members up to %d: %w", query.After, err)
		}
	}
	run = work.run
	for _, b := range frame.Bases() {
		work.seal.Basis(b)
	}
	run.Digest = work.seal.Sum(run)
	if run, err = tx.AddAwardRun(ctx, run, frame.Bases()); err != nil {
		return run, err
	}
	if err := tx.AddAwardRefusals(ctx, run, work.refusals); err != nil || run.Lines == 0 {
		return run, err
	}
	asked, err := tx.AskAwards(ctx, maker, run.MadeOn, run)
	run.Decision, run.State, run.DecisionDigest = asked.ID, asked.State, asked.Digest
	return run, err
}

// frame is what the members of a run have in common, and how they are asked for.
func (s *Service) frame(ctx context.Context, tx Tx, run *Run) (*Frame, FactsQuery, error) {
	query := FactsQuery{Area: run.Area, Scheme: run.Scheme, Limit: chunk} //nolint:exhaustruct // from the first on
	opened, err := tx.AwardBookOpened(ctx, run.Area, run.Scheme)
	if err != nil {
		return nil, query, err
	}
	if run.Month.Compare(opened.Month()) < 0 {
		return nil, query, ErrMonth.With("the book of the scheme begins in %s", opened.Month()).On("month")
	}
	rules, err := tx.Rules(ctx, run.Area)
	if err != nil {
		return nil, query, err
	}
	terms, err := termsOf(rules, run.Scheme)
	if err != nil {
		return nil, query, err
	}
	run.RulesDigest = run.rulesDigest(rules)
	query.BornUpTo = run.Month.Last().AddMonths(-monthsOfYear * terms.YoungestAge())
	return NewFrame(terms, opened, run.Month), query, nil
}

const monthsOfYear = 12

// rulesDigest is over the rules that the run's months rest on. The allowance of land-lost farmers
// decides no pension.
func (r *Run) rulesDigest(rules *policy.Rules) [sha256.Size]byte {
	of := policy.OfMonths(r.Month)
	return rules.Digest(func(row policy.Row) bool {
		return of(row) && (row.Rule != policy.LandLostAllowance || r.Scheme == ledger.LandLost)
	})
}

// Stale says that a rule which the run rests on has changed since it was made.
func (r *Run) Stale(rules *policy.Rules) bool {
	return r.RulesDigest != [sha256.Size]byte{} && r.RulesDigest != r.rulesDigest(rules)
}

// working is a run under way.
type working struct {
	frame *Frame
	seal  *Seal
	run   Run
	// steps are those of one chunk; refusals those of all, which are few.
	steps    []Step
	refusals []Refusal
}

// take decides a chunk of members and keeps their steps.
func (w *working) take(ctx context.Context, tx Tx, members []Facts) error {
	w.steps = w.steps[:0]
	for i := range members {
		out, err := w.frame.Decide(&members[i])
		if err != nil {
			return fmt.Errorf("award member %d: %w", members[i].Member, err)
		}
		w.count(&out)
	}
	if err := tx.AddAwardSteps(ctx, w.run, w.run.Lines+1, w.steps); err != nil {
		return err
	}
	w.run.Lines += len(w.steps)
	return nil
}

func (w *working) count(out *Outcome) {
	w.run.Looked++
	if out.Waiting {
		w.run.Waiting++
	}
	if len(out.Steps) > 0 {
		w.run.Members++
	}
	w.run.Before.Base += out.Before.Base
	w.run.Before.Account += out.Before.Account
	w.run.After.Base += out.After.Base
	w.run.After.Account += out.After.Account
	for i := range out.Steps {
		w.seal.Step(&out.Steps[i])
	}
	w.steps = append(w.steps, out.Steps...)
	for _, r := range out.Refusals {
		w.seal.Refusal(r)
		w.refusals = append(w.refusals, r)
		w.run.Refused++
	}
}

// Runs lists award runs of the officer's area by rising id.
func (s *Service) Runs(ctx context.Context, by approval.Officer, f Filter) ([]Run, error) {
	if err := mayRead(by); err != nil {
		return nil, err
	}
	f.Area, f.Limit = by.Area, pageOf(f.Limit)
	var list []Run
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		list, err = tx.AwardRuns(ctx, f)
		return err
	})
	return list, err
}

// Run returns one run of the officer's area with its sums, or ErrUnknown.
func (s *Service) Run(ctx context.Context, by approval.Officer, id int64) (Run, []Sum, error) {
	var run Run
	var sums []Sum
	err := s.onRun(ctx, by, id, func(tx Tx, found Run) (err error) {
		run = found
		sums, err = tx.AwardSums(ctx, by.Area, id)
		return err
	})
	return run, sums, err
}

// onRun reads about one run.
func (s *Service) onRun(ctx context.Context, by approval.Officer, id int64, fn func(Tx, Run) error) error {
	if err := mayRead(by); err != nil {
		return err
	}
	return s.store.Read(ctx, func(tx Tx) error {
		list, err := tx.AwardRuns(ctx, Filter{Area: by.Area, ID: id, Limit: 1}) //nolint:exhaustruct // one
		if err == nil && len(list) == 0 {
			err = ErrUnknown
		}
		if err != nil {
			return err
		}
		return fn(tx, list[0])
	})
}

// Lines lists a run's lines with the rows behind them.
func (s *Service) Lines(ctx context.Context, by approval.Officer, f LineFilter) ([]Line, []BasisRow, error) {
	f.Area, f.Limit = by.Area, pageOf(f.Limit)
	var lines []Line
	var rows []BasisRow
	err := s.onRun(ctx, by, f.Run, func(tx Tx, _ Run) (err error) {
		if lines, err = tx.AwardLines(ctx, f); err != nil {
			return err
		}
		rows, err = tx.AwardBases(ctx, f.Area, f.Run, basesOf(lines))
		return err
	})
	return lines, rows, err
}

func basesOf(lines []Line) []int {
	bases := []int{}
	for _, l := range lines {
		if l.Basis != 0 && !slices.Contains(bases, l.Basis) {
			bases = append(bases, l.Basis)
		}
	}
	return bases
}

// Refusals lists whom a run has for a person to look at.
func (s *Service) Refusals(
	ctx context.Context, by approval.Officer, run, after int64, limit int,
) ([]Listed, error) {
	var list []Listed
	err := s.onRun(ctx, by, run, func(tx Tx, _ Run) (err error) {
		list, err = tx.AwardRefusals(ctx, by.Area, run, after, pageOf(limit))
		return err
	})
	return list, err
}

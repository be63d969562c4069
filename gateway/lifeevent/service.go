package lifeevent

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// Service is what happens in members' lives. It is safe for concurrent use.
type Service struct {
	store Store
	today func() calendar.Day
}

// New returns a service; today is the business day.
func New(store Store, today func() calendar.Day) *Service {
	return &Service{store: store, today: today}
}

// maxPage bounds a list; one more than the largest page says that others follow.
const maxPage = 1001

func pageOf(limit int) int {
	if limit < 1 || limit > maxPage {
		return maxPage
	}
	return limit
}

// mayLook refuses officers who have nothing to do with members' rights. Townships and
// villages see who of their own region has to certify.
func mayLook(by approval.Officer, regions bool) error {
	switch by.Organisation {
	case approval.AgencyBusiness, approval.AgencyFinance, approval.FinanceBureau, approval.Auditor:
		if by.Area != 0 && by.Region == 0 {
			return nil
		}
	case approval.Township, approval.Village:
		if regions && by.Area != 0 && by.Region != 0 {
			return nil
		}
	case approval.System:
	}
	return approval.ErrDuty.With("this is shown to the agency, the finance bureau and the auditor")
}

// atDesk returns the officer as the database knows them now, a maker of an office of the
// agency.
func atDesk(ctx context.Context, tx Tx, by approval.Officer, in ...approval.Organisation) (approval.Officer, error) {
	officer, err := tx.Standing(ctx, by.Login)
	if err != nil {
		return officer, err
	}
	if !officer.Has(approval.Maker, in...) || officer.Region != 0 || officer.Area == 0 {
		return officer, approval.ErrDuty.With("this is done by a maker of the agency")
	}
	return officer, nil
}

const maxEvidence = 1000

// TakeEvidence takes what a bank saw of its own customers as certifications. A line about
// somebody else's customer, or about nobody, is refused and stops no other; a reference is
// used once a bank. The answer's result is a Taken.
func (s *Service) TakeEvidence(
	ctx context.Context, r once.Request, render once.Render, by bank.Caller, area party.Area, lines []Evidence,
) (once.Answer, error) {
	if len(lines) == 0 || len(lines) > maxEvidence {
		err := ErrEvidence.With("send 1 to %d lines", maxEvidence).On("evidence")
		return once.Answer{}, err //nolint:exhaustruct // none
	}
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		areas, err := tx.BankAreas(ctx, by.Code)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(areas, area) {
			return nil, ErrBank
		}
		d, err := newEvidenceDesk(ctx, tx, area, by.Code, lines, s.today())
		if err != nil {
			return nil, err
		}
		for i, e := range lines {
			d.take(i+1, e)
		}
		if len(d.keep) > 0 {
			if err := tx.KeepEvidence(ctx, area, by.Code, r.Caller, s.today(), d.keep); err != nil {
				return nil, err
			}
		}
		return d.taken, nil
	})
}

// evidenceDesk compares lines of evidence with what is known.
type evidenceDesk struct {
	today     calendar.Day
	cycles    []policy.Cycle
	customers map[party.IDNumber]SeenMember
	known     map[string]KeptEvidence
	keep      []KeptEvidence
	taken     Taken
}

func newEvidenceDesk(
	ctx context.Context, tx Tx, area party.Area, bankCode string, lines []Evidence, today calendar.Day,
) (*evidenceDesk, error) {
	ids, references := make([]party.IDNumber, len(lines)), make([]string, len(lines))
	for i, e := range lines {
		ids[i], references[i] = e.IDNumber, e.Reference
	}
	seen, err := tx.SeenMembers(ctx, area, bankCode, ids)
	if err != nil {
		return nil, err
	}
	kept, err := tx.KnownEvidence(ctx, area, bankCode, references)
	if err != nil {
		return nil, err
	}
	cycles, err := cyclesOf(ctx, tx, area)
	if err != nil {
		return nil, err
	}
	d := &evidenceDesk{
		today: today, cycles: cycles, customers: make(map[party.IDNumber]SeenMember, len(seen)),
		known: make(map[string]KeptEvidence, len(kept)), keep: nil, taken: Taken{}, //nolint:exhaustruct // nothing yet
	}
	for _, m := range seen {
		d.customers[m.ID] = m
	}
	for _, k := range kept {
		d.known[k.Reference] = k
	}
	return d, nil
}

func (d *evidenceDesk) take(line int, e Evidence) {
	a := EvidenceAnswer{Line: line, Answer: "refused", Code: "", Text: "", Due: calendar.Day{}}
	m, ours := d.customers[e.IDNumber]
	old, repeated := d.known[e.Reference]
	switch {
	case e.SeenOn.After(d.today):
		a.Code, a.Text = "future", "the day lies after today"
	case !ours:
		a.Code, a.Text = "customer_not_found", "no customer of this bank has this id number"
	case repeated && (old.Member != m.Member || old.Kind != e.Kind || old.SeenOn != e.SeenOn):
		a.Code, a.Text = "differs", "this reference is known for other evidence"
	case repeated:
		a.Answer = "repeated"
	default:
		a.Answer = "accepted"
		k := KeptEvidence{Member: m.Member, Evidence: e}
		d.keep, d.known[e.Reference] = append(d.keep, k), k
	}
	switch a.Answer {
	case "accepted":
		d.taken.Accepted++
	case "repeated":
		d.taken.Repeated++
	default:
		d.taken.Refused++
	}
	if a.Answer != "refused" && !m.Started.IsZero() {
		last := m.Last
		if e.SeenOn.After(last) {
			last = e.SeenOn
		}
		a.Due = DueOn(d.cycles, m.Started, last)
	}
	d.taken.Answers = append(d.taken.Answers, a)
}

// cyclesOf returns how long certifications of an area hold, by the day of each.
func cyclesOf(ctx context.Context, tx Tx, area party.Area) ([]policy.Cycle, error) {
	rules, err := tx.Rules(ctx, area)
	if err != nil {
		return nil, err
	}
	return rules.CertificationCycles() //nolint:wrapcheck // names the rule
}

// Certifications lists pensioners of the officer's area, or of their region, with the
// sums of all of them.
func (s *Service) Certifications(
	ctx context.Context, by approval.Officer, f CertificationFilter,
) (list []Certifying, sums CertificationSums, err error) {
	if err := mayLook(by, true); err != nil {
		return nil, sums, err
	}
	if by.Region != 0 {
		if f.Region != 0 && f.Region != by.Region && f.Region.Township() != by.Region {
			return nil, sums, approval.ErrDuty.With("this region is not the officer's")
		}
		if f.Region == 0 {
			f.Region = by.Region
		}
	}
	f.Area, f.Today = by.Area, s.today()
	if f.Limit != paperPage {
		f.Limit = pageOf(f.Limit)
	}
	err = s.store.Read(ctx, func(tx Tx) (err error) {
		rules, err := tx.Rules(ctx, f.Area)
		if err != nil {
			return err
		}
		if f.Cycles, err = rules.CertificationCycles(); err != nil {
			return err //nolint:wrapcheck // names the rule
		}
		if list, err = tx.Certifying(ctx, f); err != nil {
			return err
		}
		if sums, err = tx.CertificationSums(ctx, f); err != nil {
			return err
		}
		sums.Screen, err = rules.Row(policy.CertificationScreen, f.Today)
		return err //nolint:wrapcheck // names the rule
	})
	return list, sums, err
}

// holdOverdue holds who is overdue, where the area's rules say so.
func holdOverdue(ctx context.Context, tx Tx, area party.Area, today calendar.Day) error {
	rules, err := tx.Rules(ctx, area)
	if err != nil {
		return err
	}
	since, holds, err := rules.At(today).CertificationScreen()
	if err != nil || !holds {
		return err //nolint:wrapcheck // names the rule
	}
	look := OverdueLook{Area: area, Today: today, Cycles: nil, From: since}
	if look.Cycles, err = rules.CertificationCycles(); err != nil {
		return err //nolint:wrapcheck // names the rule
	}
	_, err = tx.HoldOverdue(ctx, look)
	return err
}

// Watch is the daily look: who is overdue or registered twice is held, what was paid and not owed gets its
// recovery case, and an instalment that did not come gets its own. It may run any number
// of times and on several processes; one area's trouble stops no other.
func (s *Service) Watch(ctx context.Context, today calendar.Day) error {
	var areas []party.Area
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		areas, err = tx.LifeAreas(ctx)
		return err
	})
	if err != nil {
		return err
	}
	var errs []error
	for _, area := range areas {
		err := s.store.InTx(ctx, func(tx Tx) error {
			if err := holdOverdue(ctx, tx, area, today); err != nil {
				return err
			}
			if err := tx.HoldDuplicates(ctx, area, today); err != nil {
				return err
			}
			if _, err := tx.OpenRecoveries(ctx, area, today, nil); err != nil {
				return err
			}
			if err := recredit(ctx, tx, area, 0, today); err != nil {
				return err
			}
			if err := watchTransfers(ctx, tx, area, today); err != nil {
				return err
			}
			if err := watchFunerals(ctx, tx, area); err != nil {
				return err
			}
			if err := tx.TellEarlierDeaths(ctx, area); err != nil {
				return err
			}
			return tx.AskInstalments(ctx, area, today)
		})
		if err != nil {
			errs = append(errs, fmt.Errorf("daily look at the members of area %s: %w", area, err))
		}
	}
	return errors.Join(errs...)
}

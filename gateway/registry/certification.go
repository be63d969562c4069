package registry

import (
	"context"

	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/lifeevent"
	"twoline/gateway/party"
)

// LifeTx reads and stores proofs of life, and what lists of other offices say.
type LifeTx interface {
	// CertificationsOf returns those of the members that no bank gave.
	CertificationsOf(ctx context.Context, area party.Area, members []int64) ([]lifeevent.Certification, error)
	InsertCertifications(
		ctx context.Context, area party.Area, by string, today calendar.Day, rows []lifeevent.Certification,
	) error
	// Candidates returns the members with one of the id numbers, and those who were born on
	// one of the days and whose name begins with the character beside it.
	Candidates(
		ctx context.Context, area party.Area, ids []party.IDNumber, births, initials []string,
	) ([]lifeevent.Known, error)
	// Compared returns the matches of the members that are kept.
	Compared(ctx context.Context, area party.Area, members []int64) ([]Comparison, error)
	InsertComparisons(ctx context.Context, area party.Area, by string, rows []Comparison) error
	// Comparisons returns a page of the matches that are kept, by rising id.
	Comparisons(ctx context.Context, f ComparisonFilter) ([]KeptComparison, error)
}

// certificationRow is a line of a file of certifications.
type certificationRow struct {
	memberRef
	lifeevent.Certification
}

func parseCertification(f *fields, e *env) certificationRow {
	return certificationRow{f.memberRef(), lifeevent.Certification{
		ID: 0, Member: 0, Way: word(f, "way", false, lifeevent.Ways()...), On: f.past("certified_on", e.today),
		Document: f.document("document"),
	}}
}

type certificationKey struct {
	member int64
	way    lifeevent.Way
	on     calendar.Day
}

func openCertifications(ctx context.Context, tx Tx, e *env, rows []certificationRow) (desk[certificationRow], error) {
	var none desk[certificationRow]
	members, err := indexMembers(ctx, tx, e.area, rows, func(r certificationRow) memberRef { return r.memberRef })
	if err != nil {
		return none, err
	}
	stored, err := tx.CertificationsOf(ctx, e.area, members.ids)
	if err != nil {
		return none, err
	}
	dead, err := tx.DeathNotices(ctx, NoticeFilter{Area: e.area, Members: members.ids, ID: 0, After: 0, Limit: 0})
	if err != nil {
		return none, err
	}
	died := make(map[int64]calendar.Day)
	for _, n := range dead {
		if old, ok := died[n.Member]; n.Withdrawn == "" && (!ok || n.DiedOn.Before(old)) {
			died[n.Member] = n.DiedOn
		}
	}
	known := make(map[certificationKey]lifeevent.Certification, len(stored))
	for _, c := range stored {
		known[certificationKey{c.Member, c.Way, c.On}] = c
	}
	judge := func(r *certificationRow) (Answer, *fault.Error) {
		m, why := members.find(r.memberRef)
		if why != nil {
			return Refused, why
		}
		r.Member = m.ID
		key := certificationKey{m.ID, r.Way, r.On}
		if old, ok := known[key]; ok {
			return seen(firstDifference(difference{"document", old.Document != r.Document}))
		}
		if born, err := calendar.ParseCompact(m.IDNumber.Birth()); err != nil || r.On.Before(born) {
			return Refused, ErrField.With("the member was born after this day").On("certified_on")
		}
		if day, ok := died[m.ID]; ok && r.On.After(day) {
			return Refused, errDead.On("certified_on")
		}
		known[key] = r.Certification
		return Imported, nil
	}
	store := func(ctx context.Context, rows []certificationRow) error {
		list := inner(rows, func(r certificationRow) lifeevent.Certification { return r.Certification })
		return tx.InsertCertifications(ctx, e.area, e.by, e.today, list)
	}
	return desk[certificationRow]{judge, store}, nil
}

// errDead refuses to certify who is reported dead by then: either is wrong, and a notice
// is taken back first.
var errDead = fault.New(fault.Conflict, "reported_dead",
	"the member is reported dead on a day before; take a wrong notice back first")

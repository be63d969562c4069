package registry

import (
	"context"

	"twoline/gateway/calendar"
	"twoline/gateway/fault"
)

// ServiceYears is for how many years a member had paid before the book began. The
// newest row holds.
type ServiceYears struct {
	Member int64
	Years  int
	// Document is the decision; a later one is another document's.
	Document string
}

// PensionCase is an application for a pension. It begins when its conditions hold,
// whenever somebody applied.
type PensionCase struct {
	Member    int64
	AppliedOn calendar.Day
	// Note is what keeps its mark and changes no amount, such as a balance of the old
	// scheme.
	Note     string
	Document string
}

const maxServiceYears = 100

// serviceYearsRow is a line of a file of service years.
type serviceYearsRow struct {
	memberRef
	ServiceYears
}

func parseServiceYears(f *fields, _ *env) serviceYearsRow {
	return serviceYearsRow{f.memberRef(), ServiceYears{
		Member: 0, Years: f.number("years", 0, maxServiceYears), Document: f.document("document"),
	}}
}

type serviceYearsKey struct {
	member   int64
	document string
}

func openServiceYears(ctx context.Context, tx Tx, e *env, rows []serviceYearsRow) (desk[serviceYearsRow], error) {
	var none desk[serviceYearsRow]
	members, err := indexMembers(ctx, tx, e.area, rows, func(r serviceYearsRow) memberRef { return r.memberRef })
	if err != nil {
		return none, err
	}
	stored, err := tx.ServiceYears(ctx, e.area, members.ids)
	if err != nil {
		return none, err
	}
	known := make(map[serviceYearsKey]int, len(stored))
	for _, old := range stored {
		known[serviceYearsKey{old.Member, old.Document}] = old.Years
	}
	judge := func(r *serviceYearsRow) (Answer, *fault.Error) {
		m, why := members.find(r.memberRef)
		if why != nil {
			return Refused, why
		}
		r.Member = m.ID
		key := serviceYearsKey{m.ID, r.Document}
		if years, ok := known[key]; ok {
			return seen(firstDifference(difference{"years", years != r.Years}))
		}
		known[key] = r.Years
		return Imported, nil
	}
	store := func(ctx context.Context, rows []serviceYearsRow) error {
		list := inner(rows, func(r serviceYearsRow) ServiceYears { return r.ServiceYears })
		return tx.InsertServiceYears(ctx, e.area, e.by, list)
	}
	return desk[serviceYearsRow]{judge, store}, nil
}

// pensionCaseRow is a line of a file of applications.
type pensionCaseRow struct {
	memberRef
	PensionCase
}

func parsePensionCase(f *fields, e *env) pensionCaseRow {
	r := pensionCaseRow{f.memberRef(), PensionCase{
		Member: 0, AppliedOn: f.past("applied_on", e.today), Note: "", Document: f.document("document"),
	}}
	if f.optional("note") != "" {
		r.Note = f.document("note")
	}
	return r
}

type pensionCaseKey struct {
	member   int64
	on       calendar.Day
	document string
}

func openPensionCases(ctx context.Context, tx Tx, e *env, rows []pensionCaseRow) (desk[pensionCaseRow], error) {
	var none desk[pensionCaseRow]
	members, err := indexMembers(ctx, tx, e.area, rows, func(r pensionCaseRow) memberRef { return r.memberRef })
	if err != nil {
		return none, err
	}
	stored, err := tx.PensionCases(ctx, e.area, members.ids)
	if err != nil {
		return none, err
	}
	known := make(map[pensionCaseKey]string, len(stored))
	for _, old := range stored {
		known[pensionCaseKey{old.Member, old.AppliedOn, old.Document}] = old.Note
	}
	judge := func(r *pensionCaseRow) (Answer, *fault.Error) {
		m, why := members.find(r.memberRef)
		if why != nil {
			return Refused, why
		}
		r.Member = m.ID
		if born, err := calendar.ParseCompact(m.IDNumber.Birth()); err != nil || r.AppliedOn.Before(born) {
			return Refused, ErrField.With("the member was born after this day").On("applied_on")
		}
		key := pensionCaseKey{m.ID, r.AppliedOn, r.Document}
		if note, ok := known[key]; ok {
			return seen(firstDifference(difference{"note", note != r.Note}))
		}
		known[key] = r.Note
		return Imported, nil
	}
	store := func(ctx context.Context, rows []pensionCaseRow) error {
		list := inner(rows, func(r pensionCaseRow) PensionCase { return r.PensionCase })
		return tx.InsertPensionCases(ctx, e.area, e.by, list)
	}
	return desk[pensionCaseRow]{judge, store}, nil
}

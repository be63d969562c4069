package registry

import (
	"context"

	"twoline/gateway/fault"
	"twoline/gateway/party"
)

// Target is how many people a region is to enrol newly in a year, in heads.
type Target struct {
	Region party.Region
	// Year is 0 for what the document states for all of its years.
	Year, Heads int
	Document    string
}

// TargetTx reads and stores targets.
type TargetTx interface {
	// StoredTargets returns those of the regions.
	StoredTargets(ctx context.Context, area party.Area, regions []party.Region) ([]Target, error)
	InsertTargets(ctx context.Context, area party.Area, by string, rows []Target) error
}

// maxHeads is more than any county has people.
const maxHeads = 100_000_000

func parseTarget(f *fields, e *env) Target {
	t := Target{
		Region: f.region(e.area), Year: 0, Heads: f.number("heads", 0, maxHeads), Document: f.document("document"),
	}
	if f.optional("year") != "" {
		t.Year = f.number("year", 2009, 2100)
	}
	return t
}

type targetKey struct {
	region   party.Region
	year     int
	document string
}

func (t Target) key() targetKey { return targetKey{t.Region, t.Year, t.Document} }

// openTargets refuses other heads by the same document. Totals that do not add up are
// no refusal: feedback names them.
func openTargets(ctx context.Context, tx Tx, e *env, rows []Target) (desk[Target], error) {
	regions := make([]party.Region, len(rows))
	for i, r := range rows {
		regions[i] = r.Region
	}
	names, err := tx.Regions(ctx, e.area, regions)
	if err != nil {
		return desk[Target]{}, err
	}
	registered := make(map[party.Region]bool, len(names))
	for _, r := range names {
		registered[r.Region] = true
	}
	stored, err := tx.StoredTargets(ctx, e.area, regions)
	if err != nil {
		return desk[Target]{}, err
	}
	known := make(map[targetKey]int, len(stored))
	for _, t := range stored {
		known[t.key()] = t.Heads
	}
	judge := func(t *Target) (Answer, *fault.Error) {
		if !registered[t.Region] {
			return Refused, ErrUnknown.With("the region is not registered").On("region")
		}
		if heads, ok := known[t.key()]; ok {
			return seen(firstDifference(difference{"heads", heads != t.Heads}))
		}
		known[t.key()] = t.Heads
		return Imported, nil
	}
	store := func(ctx context.Context, rows []Target) error { return tx.InsertTargets(ctx, e.area, e.by, rows) }
	return desk[Target]{judge, store}, nil
}

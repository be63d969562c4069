package feedback

import (
	"cmp"
	"maps"
	"slices"

	"twoline/gateway/party"
	"twoline/gateway/report"
)

// AllYears is the year of a target that a document states for all of its years.
const AllYears = 0

// Target is how many people a region is to enrol newly in a year, in heads.
type Target struct {
	Region party.Region
	Name   string
	// Year is a calendar year, or AllYears.
	Year  int
	Heads int
	// Document names where it is written. Two documents may state different targets.
	Document string
}

// YearSum is a year's sum over the lowest regions that have targets of their own.
type YearSum struct {
	Year     int
	Document string
	Regions  int
	Heads    int
}

// Finding is a stated total that is not the sum of what it is the total of.
type Finding struct {
	Target

	// Sum is what the parts add up to, and Of the document that states the parts.
	Sum int
	Of  string
	// Years says that the parts are the region's years; else they are the regions below.
	Years bool
}

// String says it as a sentence in English.
func (f Finding) String() string { return f.Text(report.English) }

// Sums are targets with what they add up to.
type Sums struct {
	Targets  []Target
	Years    []YearSum
	Findings []Finding
}

// partsKey names parts of one total: those below a region, in a year, by a document.
type partsKey struct {
	above    party.Region
	year     int
	document string
}

type parts struct{ regions, heads int }

// Sum adds targets up, by year and over the years, and names every stated total that
// differs. It refuses nothing: which of two figures is right, the documents' authors say.
func Sum(rows []Target) Sums {
	below := make(map[partsKey]parts)
	years := make(map[partsKey]parts)
	documents := map[string]bool{}
	for _, t := range rows {
		documents[t.Document] = true
		if above := aboveOf(t.Region); above != 0 {
			add(below, partsKey{above, t.Year, t.Document}, t.Heads)
		}
		if t.Year != AllYears {
			add(years, partsKey{t.Region, AllYears, t.Document}, t.Heads)
		}
	}
	out := Sums{Targets: rows, Years: yearSums(rows, below), Findings: nil}
	names := slices.Sorted(maps.Keys(documents))
	for _, t := range rows {
		for _, d := range names {
			if p, ok := below[partsKey{t.Region, t.Year, d}]; ok && p.heads != t.Heads {
				out.Findings = append(out.Findings, Finding{Target: t, Sum: p.heads, Of: d, Years: false})
			}
		}
		if p, ok := years[partsKey{t.Region, AllYears, t.Document}]; ok && t.Year == AllYears && p.heads != t.Heads {
			out.Findings = append(out.Findings, Finding{Target: t, Sum: p.heads, Of: t.Document, Years: true})
		}
	}
	return out
}

func add(m map[partsKey]parts, k partsKey, heads int) {
	p := m[k]
	m[k] = parts{p.regions + 1, p.heads + heads}
}

// yearSums adds the lowest regions of every year and document: those that no region
// below them has a target beside.
func yearSums(rows []Target, below map[partsKey]parts) []YearSum {
	sums := make(map[partsKey]parts)
	for _, t := range rows {
		if _, ok := below[partsKey{t.Region, t.Year, t.Document}]; !ok {
			add(sums, partsKey{0, t.Year, t.Document}, t.Heads)
		}
	}
	var out []YearSum
	for k, p := range sums {
		out = append(out, YearSum{Year: k.year, Document: k.document, Regions: p.regions, Heads: p.heads})
	}
	slices.SortFunc(out, func(a, b YearSum) int {
		return cmp.Or(cmp.Compare(a.Document, b.Document), cmp.Compare(a.Year, b.Year))
	})
	return out
}

// aboveOf returns the region above, or 0 for a county.
func aboveOf(r party.Region) party.Region {
	county := party.Region(r.Area()) * 1_000_000
	switch r {
	case county:
		return 0
	case r.Township():
		return county
	}
	return r.Township()
}

// Package proof is what verification says: which invariants were looked at, in
// how many rows, and which of them are breached by which row.
//
// The invariants themselves are proved where the rows are, in one read-only
// snapshot; this package holds only the shape of the answer.
package proof

import (
	"fmt"
	"time"

	"twoline/gateway/party"
)

// Limit is how many breaches of one invariant are named; the rest are counted.
const Limit = 10

// Invariant is one thing that must always hold. Its ID is stable: I1 to I40 as
// the project numbers them, or a word for what lies beside that list.
type Invariant struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// Breach is one row that contradicts an invariant.
type Breach struct {
	Invariant string `json:"invariant"`
	// Area is 0 for what belongs to no area.
	Area  party.Area `json:"area"`
	Table string     `json:"table"`
	// Row names the row by its key, Text says in words what is wrong with it. Neither
	// holds personal data.
	Row  string `json:"row"`
	Text string `json:"text"`
}

// String is one line: invariant, table, row and what is wrong.
func (b Breach) String() string {
	return fmt.Sprintf("%s: %s %s: %s", b.Invariant, b.Table, b.Row, b.Text)
}

// Finding is what was found about one invariant.
type Finding struct {
	Invariant

	// Rows counts the rows looked at.
	Rows int64 `json:"rows"`
	// Total counts all breaches; Breaches names the first of them, at most Limit.
	Total    int64    `json:"total"`
	Breaches []Breach `json:"breaches"`
	// Elapsed is wall time.
	Elapsed time.Duration `json:"elapsed"`
}

// Holds says that no row contradicts the invariant.
func (f Finding) Holds() bool { return f.Total == 0 }

// Add takes a breach: it is counted, and named while there is room.
func (f *Finding) Add(b Breach) {
	f.Total++
	if len(f.Breaches) < Limit {
		b.Invariant = f.ID
		f.Breaches = append(f.Breaches, b)
	}
}

// Report is the outcome of one verification.
type Report struct {
	// Area is the one that was looked at, 0 for all.
	Area party.Area `json:"area"`
	// At is the instant of the snapshot.
	At       time.Time `json:"at"`
	Findings []Finding `json:"findings"`
}

// Clean says that every invariant holds.
func (r Report) Clean() bool {
	for _, f := range r.Findings {
		if !f.Holds() {
			return false
		}
	}
	return true
}

// Breached returns the ids of the invariants that do not hold, in their order.
func (r Report) Breached() []string {
	var ids []string
	for _, f := range r.Findings {
		if !f.Holds() {
			ids = append(ids, f.ID)
		}
	}
	return ids
}

// Find returns what was found about an invariant, and false for one that was not
// looked at.
func (r Report) Find(id string) (Finding, bool) {
	for _, f := range r.Findings {
		if f.ID == id {
			return f, true
		}
	}
	return Finding{}, false
}

// First returns the first breach of the first invariant that does not hold.
func (r Report) First() (Breach, bool) {
	for _, f := range r.Findings {
		if len(f.Breaches) > 0 {
			return f.Breaches[0], true
		}
	}
	return Breach{}, false
}

// Progress is told of each invariant before it is looked at: its id, how many are
// done, and how many there are. After the last one it is told with an empty id.
type Progress func(id string, done, total int)

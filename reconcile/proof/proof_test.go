package proof_test

import (
	"fmt"
	"testing"

	"twoline/reconcile/proof"
)

func TestReportNamesTheFirstBreachAndCountsAll(t *testing.T) {
	t.Parallel()
	held := proof.Finding{Invariant: proof.Invariant{ID: "I1", Title: "entries balance"}}
	broken := proof.Finding{Invariant: proof.Invariant{ID: "I2", Title: "the book sums to zero"}}
	for i := range proof.Limit + 3 {
		broken.Add(proof.Breach{Table: "entry", Row: fmt.Sprintf("entry %d", i), Text: "is off"})
	}
	r := proof.Report{Findings: []proof.Finding{held, broken}}
	if r.Clean() || fmt.Sprint(r.Breached()) != "[I2]" {
		t.Fatalf("breached %v, want I2 alone", r.Breached())
	}
	if broken.Total != proof.Limit+3 || len(broken.Breaches) != proof.Limit {
		t.Errorf("%d breaches counted and %d named", broken.Total, len(broken.Breaches))
	}
	first, ok := r.First()
	if want := "I2: entry entry 0: is off"; !ok || first.String() != want {
		t.Errorf("first breach is %q, want %q", first, want)
	}
	if f, ok := r.Find("I1"); !ok || !f.Holds() {
		t.Error("I1 was looked at and holds")
	}
	if _, ok := r.Find("I99"); ok {
		t.Error("I99 was never looked at")
	}
	clean := proof.Report{Findings: []proof.Finding{held}}
	if _, ok := clean.First(); ok || !clean.Clean() {
		t.Error("a report without breaches is clean and names none")
	}
}

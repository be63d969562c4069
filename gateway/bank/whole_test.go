package bank_test

import (
	"errors"
	"testing"

	"twoline/gateway/bank"
)

// A refusal of a whole file counts for the batch that it is about, and for no other:
// nobody may be paid again because a bank refused somebody else's file.
func TestFileProof_aRefusalOfAnotherBatch(t *testing.T) {
	t.Parallel()
	const number = "00000016"
	for name, tt := range map[string]struct {
		give bank.Result
		want bool
	}{
		"names nothing":           {bank.Result{}, true},
		"the batch":               {bank.Result{BatchID: number}, true},
		"the batch without zeros": {bank.Result{BatchID: "16"}, true},
		"its last four digits":    {bank.Result{BatchID: "0016"}, true},
		"its last digit":          {bank.Result{BatchID: "6"}, false},
		"another batch":           {bank.Result{BatchID: "00000017"}, false},
		"another one's end":       {bank.Result{BatchID: "1016"}, false},
		"a message of the batch":  {bank.Result{MessageID: "TL61030420110325P00000016"}, true},
		"another message":         {bank.Result{MessageID: "TL61030420110325P00000017"}, false},
		"a batch of another message": {
			bank.Result{BatchID: number, MessageID: "TL61030420110325P00000017"}, false,
		},
		"a message as the batch": {bank.Result{BatchID: "TL61030420110325P00000016"}, false},
	} {
		for _, level := range []string{"file", "batch"} {
			r := tt.give
			r.Level, r.Outcome = level, bank.OutcomeFailed
			for _, accepted := range []bool{false, true} {
				proof := bank.FileProof{Batch: number, Accepted: accepted}
				if err := errors.Join(proof.Take(r), proof.Take(bank.End{Results: 1})); err != nil {
					t.Fatal(err)
				}
				err := proof.Check(bank.Receipt{})
				if (err == nil) != tt.want || err != nil && !errors.Is(err, bank.ErrQuarantine) {
					t.Errorf("%s on the %s, accepted %t: %v", name, level, accepted, err)
				}
				if !proof.Whole.Refused() {
					t.Errorf("%s on the %s is no refusal", name, level)
				}
			}
		}
	}
	// Beside lines of its own it decides nothing, whomever it names.
	proof := bank.FileProof{Batch: number}
	for _, r := range []bank.Record{
		bank.Result{Level: "file", Outcome: bank.OutcomeFailed, BatchID: "00000017"}, bank.Result{Level: "item"}, bank.End{Results: 2},
	} {
		if err := proof.Take(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := proof.Check(bank.Receipt{}); err != nil || proof.Whole.Refused() {
		t.Errorf("a refusal beside a line: %v", err)
	}
}

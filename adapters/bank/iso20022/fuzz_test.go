package iso20022_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/bank/banktest/bound"
	"twoline/adapters/bank/iso20022"
	"twoline/gateway/bank"
	"twoline/gateway/fault"
)

// fuzzed reads what was given from two sources. Whatever is taken is taken the
// same way from both, ends, and counts right; whatever is not is a refusal.
func fuzzed(t *testing.T, give []byte) ([]bank.Record, bool) {
	t.Helper()
	records, err := try(t.Context(), bytes.NewReader(give))
	streamed, streamErr := try(t.Context(), iotest.OneByteReader(bytes.NewReader(give)))
	if (err == nil) != (streamErr == nil) || err == nil && !cmp.Equal(records, streamed, cmpFigures()) {
		t.Fatalf("%v and %v", err, streamErr)
	}
	if err != nil {
		if kind := fault.KindOf(err); kind != fault.Invalid && kind != fault.TooLarge {
			t.Fatalf("%v is no refusal of the file", err)
		}
		return nil, false
	}
	var count bank.End
	for _, r := range records {
		switch v := r.(type) {
		case bank.StatementEntry:
			count.Entries++
		case bank.BatchItem:
			count.Items++
		case bank.Result:
			count.Results++
			if (v.Class == bank.ClassSuccess) != (v.Outcome == bank.OutcomeSucceeded) {
				t.Fatalf("%+v", v)
			}
		case bank.Problem:
			count.Problems++
		}
	}
	if records[len(records)-1] != bank.Record(count) {
		t.Fatalf("counted %+v, the end says %+v", count, records[len(records)-1])
	}
	return records, true
}

// FuzzRead gives any bytes to the reader of statements.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"camt.053.001.02.xml", "camt.053.001.04.xml", "camt.053.001.08.xml"} {
		f.Add([]byte(golden(f, name)))
	}
	f.Add([]byte(document(statement(balance("OPBD", "1", "CRDT") + entry("1", "CRDT", "<NtryDtls><TxDtls/></NtryDtls>")))))
	f.Fuzz(func(t *testing.T, give []byte) {
		defer bound.Second(t)()
		fuzzed(t, give)
	})
}

// FuzzReadBatches gives any bytes to the readers of instructions; what they take
// the standard decoder takes too, with as many instructions.
func FuzzReadBatches(f *testing.F) {
	for _, format := range []string{"pain.001.001.03", "pain.001.001.09", "pain.001.001.12", "pain.008.001.02", "pain.008.001.08"} {
		f.Add([]byte(golden(f, format+".xml")))
	}
	f.Add([]byte(payments("<NbOfTxs>2</NbOfTxs>", payment("<CtrlSum>1</CtrlSum>", instruction(inCNY("1"))))))
	f.Fuzz(func(t *testing.T, give []byte) {
		defer bound.Second(t)()
		records, ok := fuzzed(t, give)
		if !ok {
			return
		}
		items := map[int]int{}
		for _, r := range records {
			if i, ok := r.(bank.BatchItem); ok {
				items[i.Batch]++
			}
		}
		for _, r := range records {
			if h, ok := r.(bank.BatchHead); ok && items[h.Index] != h.Count {
				t.Fatalf("%+v has %d items", h, items[h.Index])
			}
		}
	})
}

// FuzzReadResults gives any bytes to the readers of answers.
func FuzzReadResults(f *testing.F) {
	for _, format := range []string{
		"pain.002.001.03", "pain.002.001.10", "pacs.004.001.02", "pacs.004.001.09", "camt.029.001.03", "camt.029.001.09",
	} {
		f.Add([]byte(golden(f, format+".xml")))
	}
	f.Add([]byte(report(groupOf("ACSC", why("NARR")), part("PART", answer("", why("AC01"))))))
	f.Fuzz(func(t *testing.T, give []byte) {
		defer bound.Second(t)()
		records, ok := fuzzed(t, give)
		if !ok {
			return
		}
		batch := 0
		for _, r := range records {
			v, ok := r.(bank.Result)
			if !ok {
				continue
			}
			if v.Batch < batch || v.Level == "" {
				t.Fatalf("%+v after batch %d", v, batch)
			}
			batch = v.Batch
		}
	})
}

// FuzzStatementPair writes what was read and reads it again: the same facts, where
// the schema has room for them.
func FuzzStatementPair(f *testing.F) {
	for _, name := range []string{"camt.053.001.02.xml", "camt.053.001.04.xml", "camt.053.001.08.xml"} {
		f.Add([]byte(golden(f, name)))
	}
	f.Fuzz(func(t *testing.T, give []byte) {
		defer bound.Second(t)()
		records, ok := fuzzed(t, give)
		if !ok {
			return
		}
		var b bytes.Buffer
		if err := iso20022.WriteStatement(&b, records...); err != nil {
			if !errors.Is(err, iso20022.ErrField) && !errors.Is(err, iso20022.ErrOrder) {
				t.Fatal(err)
			}
			return
		}
		again := read(t, bytes.NewReader(b.Bytes()))
		if diff := cmp.Diff(statementFacts(records), statementFacts(again)); diff != "" {
			t.Fatalf("(-read, +written and read):\n%s\n%s", diff, b.String())
		}
	})
}

// statementFacts are the lines of entries and details, without what a file of
// another version spells in another way. An entry's own reference comes back as a
// detail's.
func statementFacts(records []bank.Record) []string {
	var lines []string
	for _, line := range factsOf(records) {
		if strings.HasPrefix(line, "detail") {
			continue
		}
		lines = append(lines, line)
	}
	return lines
}

// FuzzBatchPair writes what was read, in each format that has its direction, and
// reads it again: the same facts, where the schema has room for them.
func FuzzBatchPair(f *testing.F) {
	for _, format := range []string{"pain.001.001.03", "pain.001.001.12", "pain.008.001.02", "pain.008.001.08"} {
		f.Add([]byte(golden(f, format+".xml")))
	}
	f.Fuzz(func(t *testing.T, give []byte) {
		defer bound.Second(t)()
		records, ok := fuzzed(t, give)
		if !ok {
			return
		}
		for _, format := range writtenFormats() {
			o := options(format)
			o.MessageID, o.Created, o.Identify = "", time.Time{}, true
			o.Lost = func(bank.Problem) error { return nil }
			var b bytes.Buffer
			if err := iso20022.WriteBatches(&b, o, each(records)); err != nil {
				if kind := fault.KindOf(err); kind != fault.Unprocessable && kind != fault.Invalid || b.Len() > 0 {
					t.Fatalf("%v, %d bytes written", err, b.Len())
				}
				continue
			}
			again := read(t, bytes.NewReader(b.Bytes()))
			if diff := cmp.Diff(batchFacts(records, direction(format)), batchFacts(again, direction(format)), withoutScale()); diff != "" {
				t.Fatalf("(-read, +written and read):\n%s\n%s", diff, b.String())
			}
		}
	})
}

// batchFacts are the batches and items, the currency said, and without a mandate
// where the format has none.
func batchFacts(records []bank.Record, d bank.BatchDirection) []bank.Record {
	var facts []bank.Record
	for _, r := range records {
		switch v := r.(type) {
		case bank.BatchHead:
			facts = append(facts, v)
		case bank.BatchItem:
			v.Currency = "CNY"
			if d == bank.Payment {
				v.Mandate = ""
			}
			facts = append(facts, v)
		}
	}
	return facts
}

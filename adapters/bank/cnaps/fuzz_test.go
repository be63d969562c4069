package cnaps_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"twoline/adapters/bank/banktest/bound"
	"twoline/adapters/bank/cnaps"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
)

func seeds(f *testing.F) {
	f.Helper()
	for name := range messages() {
		f.Add([]byte(testdata(f, name)))
		f.Add([]byte("{H:02402100000018  BEPS0000          BEPS20261125083059XMLbeps." + name[:3] + ".001.01     " +
			"20261125000000000001202611250000000000013U         }\r\n{S:AAAA}\r\n" + compact(testdata(f, name))))
	}
}

// FuzzRead_endsOrRefuses gives any bytes: no panic, an end or an error of ours, and
// records that are those the end counts.
func FuzzRead_endsOrRefuses(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, content []byte) {
		defer bound.Second(t)()
		items, results, ended := 0, 0, false
		err := cnaps.Read(t.Context(), bytes.NewReader(content), cnaps.Options{}, func(r bank.Record) error {
			switch v := r.(type) {
			case bank.BatchItem:
				items++
			case bank.Result:
				results++
				if v.Outcome == bank.OutcomeSucceeded && v.Class != bank.ClassSuccess {
					t.Errorf("a result is %+v", v)
				}
			case bank.End:
				ended = true
				if v.Items != items || v.Results != results {
					t.Errorf("the end counts %d and %d, there were %d and %d", v.Items, v.Results, items, results)
				}
			}
			return nil
		})
		if _, ours := errors.AsType[*fault.Error](err); err != nil && !ours {
			t.Errorf("an error that is not ours: %v", err)
		}
		if ended != (err == nil) {
			t.Errorf("ended %v with %v", ended, err)
		}
		cnaps.Detect(content)
	})
}

// FuzzReadWrite_keepsTheFacts writes what was read, and reads it again.
func FuzzReadWrite_keepsTheFacts(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, content []byte) {
		defer bound.Second(t)()
		var set cnaps.Set
		records, err := try(bytes.NewReader(content), cnaps.Options{Set: func(s cnaps.Set) error {
			set = s
			return nil
		}})
		if err != nil {
			return
		}
		for _, r := range records {
			if p, ok := r.(bank.Problem); ok && p.Severity == bank.SeverityError {
				return // what contradicts itself cannot be written so
			}
		}
		set.Branch, set.Purpose = "1", "1"
		if set.CheckFlag == "" {
			set.CheckFlag = "CE01"
		}
		kind, err := cnaps.ParseKind(is[bank.FileHead](records[0]).Format)
		if err != nil {
			t.Fatal(err)
		}
		lost := false
		written, err := write(cnaps.WriterOptions{Kind: kind, Set: set, Lost: func(bank.Problem) error {
			lost = true
			return nil
		}}, records...)
		if err != nil {
			if _, ours := errors.AsType[*fault.Error](err); !ours {
				t.Errorf("an error that is not ours: %v", err)
			}
			return
		}
		again, err := try(strings.NewReader(written), cnaps.Options{})
		if err != nil {
			t.Fatalf("%s\n%v", written, err)
		}
		if diff := cmp.Diff(facts(records), facts(again), plainly()); diff != "" && !lost {
			t.Errorf("%s\n(-read, +read again):\n%s", written, diff)
		}
	})
}

// facts are the records that a message carries.
func facts(records []bank.Record) []bank.Record {
	var kept []bank.Record
	for _, r := range records {
		switch v := r.(type) {
		case bank.BatchHead, bank.BatchItem, bank.Result:
			kept = append(kept, v)
		}
	}
	return kept
}

// TestWriter_writesWhatWasRead draws sets and reads back what was written of them.
func TestWriter_writesWhatWasRead(t *testing.T) {
	t.Parallel()
	collecting, _ := optionsOf(t, "380.xml")
	paying, _ := optionsOf(t, "382.xml")
	rapid.Check(t, func(t *rapid.T) {
		text := func(name string, least, most int) string {
			s := rapid.StringOfN(rapid.SampledFrom([]rune("aZ09 <>&\"'|]王東𠮷·\r\n\t")), least, most, -1).Draw(t, name)
			return strings.Trim(s, " \t\r\n")
		}
		o, direction := collecting, bank.Collection
		if rapid.Bool().Draw(t, "pays") {
			o, direction = paying, bank.Payment
		}
		var items []bank.Record
		var sum money.Total
		for i := range rapid.IntRange(1, 5).Draw(t, "items") {
			a := money.Amount(rapid.Int64Range(0, 1_000_000_000).Draw(t, "amount"))
			sum.Add(a)
			item := bank.BatchItem{
				Index: i, ItemID: rapid.StringMatching(`[0-9]{1,16}`).Draw(t, "id"), Amount: bank.FigureOf(a), Currency: "CNY",
				Name: text("name", 1, 60), Account: text("account", 1, 32), Bank: o.Set.Clearing, Text: text("text", 0, 256),
			}
			if direction == bank.Collection {
				item.Mandate = text("mandate", 1, 60)
			}
			items = append(items, item)
		}
		total, err := sum.Amount()
		if err != nil {
			t.Fatal(err)
		}
		records := append([]bank.Record{
			bank.FileHead{
				Format: o.Kind.String() + ".001.01", Kind: "batch", MessageID: "M1",
				Created: cnaps.CreatedAt(calendar.MustDay("2026-11-25").Time()),
			},
			bank.BatchHead{
				Direction: direction, BatchID: rapid.StringMatching(`[0-9]{1,8}`).Draw(t, "batch"), Count: len(items),
				Sum: bank.FigureOf(total), Account: "6100001",
			},
		}, items...)
		content, err := write(o, records...)
		if errors.Is(err, cnaps.ErrValue) || errors.Is(err, cnaps.ErrTxID) {
			return // an empty name, or an id twice
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := try(strings.NewReader(content), cnaps.Options{})
		if err != nil {
			t.Fatalf("%s\n%v", content, err)
		}
		if diff := cmp.Diff(append(records, bank.End{Items: len(items)}), got, plainly()); diff != "" {
			t.Fatalf("%s\n(-written, +read):\n%s", content, diff)
		}
	})
}

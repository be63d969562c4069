package mt940_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/bank/banktest/bound"
	"twoline/adapters/bank/mt940"
	"twoline/gateway/bank"
	"twoline/gateway/fault"
)

func seeds(f *testing.F) {
	f.Helper()
	for _, name := range []string{"village.sta", "pages.sta", "interim.sta", "cooperative-gbk.sta"} {
		f.Add([]byte(testdata(f, name)))
	}
	f.Add([]byte(":20:X\n:25:1\n:60F:C261125CNY0,\n:61:261125C\n1,NMSC\n:86:A\n:20:15 UHR\n-B\n:62M:C261125CNY1,"))
}

// FuzzRead_endsOrRefuses gives any bytes: no panic, an end or an error of ours, and
// entries that are those the end counts.
func FuzzRead_endsOrRefuses(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, content []byte) {
		defer bound.Second(t)()
		entries, ended := 0, false
		err := mt940.Read(t.Context(), bytes.NewReader(content), mt940.Options{}, func(r bank.Record) error {
			switch v := r.(type) {
			case bank.StatementEntry:
				entries++
				if v.Direction == bank.NoDirection || v.Amount.IsNegative() {
					t.Errorf("an entry is %+v", v)
				}
			case bank.End:
				ended = true
				if v.Entries != entries {
					t.Errorf("the end counts %d entries, %d came", v.Entries, entries)
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
		mt940.Detect(content)
	})
}

// FuzzReadWrite_keepsTheFacts writes what was read, and reads it again.
func FuzzReadWrite_keepsTheFacts(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, content []byte) {
		defer bound.Second(t)()
		records, err := try(t.Context(), bytes.NewReader(content), mt940.Options{})
		if err != nil {
			return
		}
		lost := false
		written, err := write(mt940.WriterOptions{
			Charset: mt940.UTF8,
			Lost: func(bank.Problem) error {
				lost = true
				return nil
			},
		}, records...)
		if err != nil {
			if _, ours := errors.AsType[*fault.Error](err); !ours {
				t.Errorf("an error that is not ours: %v", err)
			}
			return
		}
		again, err := try(t.Context(), strings.NewReader(written), mt940.Options{Charset: mt940.UTF8})
		if err != nil {
			t.Fatalf("%s%v", written, err)
		}
		if diff := cmp.Diff(facts(records), facts(again), plainly()); diff != "" && !lost {
			t.Errorf("%s(-read, +read again):\n%s", written, diff)
		}
	})
}

// facts are the records that a statement carries.
func facts(records []bank.Record) []bank.Record {
	var kept []bank.Record
	for _, r := range records {
		switch v := r.(type) {
		case bank.StatementHead, bank.StatementEntry:
			kept = append(kept, v)
		}
	}
	return kept
}

package openings_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/bank/gb18030"
	"twoline/adapters/bank/layout"
	"twoline/adapters/bank/openings"
	"twoline/gateway/bank"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

var _ registry.OpeningFiles = (*openings.Files)(nil)

func row(t *testing.T, name string) registry.OpeningRow {
	t.Helper()
	n, err := party.NewName(name)
	if err != nil {
		t.Fatal(err)
	}
	id, err := party.NewIDNumber("11010519491231002X")
	if err != nil {
		t.Fatal(err)
	}
	return registry.OpeningRow{
		Seq: 1, Member: 7, SocialNo: "SB0001", Name: n, IDNumber: id, Region: 610304100001, RegionName: "东关村",
	}
}

func rural(charset string) registry.Bank {
	return registry.Bank{Code: "rcc", Format: registry.RuralCooperative, Charset: charset}
}

func TestWrite_RuralCooperative(t *testing.T) {
	t.Parallel()
	files := openings.New()
	got, err := files.Write(rural("gb18030"), []registry.OpeningRow{row(t, "王·小明"), row(t, "𠮷田")})
	if err != nil {
		t.Fatal(err)
	}
	text, err := gb18030.New(gb18030.GB18030).Decode(nil, got)
	want := "SB0001|王·小明|11010519491231002X|610304100001|东关村\nSB0001|𠮷田|11010519491231002X|610304100001|东关村\n"
	if d := cmp.Diff(want, string(text)); d != "" || err != nil {
		t.Errorf("%v\n%s", err, d)
	}
}

func TestCheck_NamesThatTheCharsetLacks(t *testing.T) {
	t.Parallel()
	files := openings.New()
	for name, tt := range map[string]struct {
		bank registry.Bank
		name string
		ok   bool
	}{
		"gbk has it":          {rural("gbk"), "王小明", true},
		"gbk lacks it":        {rural("gbk"), "𠮷田", false},
		"gb18030 has it":      {rural("gb18030"), "𠮷田", true},
		"utf-8 has all":       {rural("utf-8"), "𠮷田", true},
		"json lines have all": {registry.Bank{Format: registry.JSONL, Charset: "gbk"}, "𠮷田", true},
	} {
		r := row(t, tt.name)
		check := files.Check(tt.bank, r)
		_, write := files.Write(tt.bank, []registry.OpeningRow{r})
		if (check == nil) != tt.ok || (write == nil) != tt.ok {
			t.Errorf("%s: check %v, write %v", name, check, write)
		}
	}
}

func collect(into *[]bank.Result, ended *bool) bank.Emit {
	return func(r bank.Record) error {
		switch v := r.(type) {
		case bank.Result:
			*into = append(*into, v)
		case bank.End:
			*ended = true
		}
		return nil
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	files := openings.New()
	head := "SB0001|王小明|11010519491231002X|610304100001|"
	lines := `{"type":"file","format":"jsonl","kind":"result"}
{"type":"batch","index":0,"count":1,"sum":"0.00"}
{"type":"result","batch":0,"index":0,"level":"item","outcome":"succeeded","social_no":"SB0001","account":"6210001"}
{"type":"end","entries":0,"items":0,"results":1,"problems":0}
`
	for name, tt := range map[string]struct {
		bank    registry.Bank
		part    string
		give    string
		outcome bank.Outcome
		account string
		err     error
	}{
		"opened":         {rural("utf-8"), "S", head + "东关村|6210001|1\n", bank.OutcomeSucceeded, "6210001", nil},
		"another medium": {rural("utf-8"), "S", head + "东关村|6210001|9\n", bank.OutcomeUnknown, "6210001", nil},
		"refused":        {rural("utf-8"), "F", head + "户名不符\n", bank.OutcomeFailed, "", nil},
		"which part":     {rural("utf-8"), "", head + "户名不符\n", 0, "", openings.ErrPart},
		"malformed":      {rural("utf-8"), "S", head + "\n", 0, "", layout.ErrMalformed},
		"json lines":     {registry.Bank{Format: registry.JSON}, "", lines, bank.OutcomeSucceeded, "6210001", nil},
	} {
		var got []bank.Result
		ended := false
		err := files.Read(context.Background(), tt.bank, tt.part, strings.NewReader(tt.give), collect(&got, &ended))
		if !errors.Is(err, tt.err) {
			t.Errorf("%s: error = %v, want %v", name, err, tt.err)
			continue
		}
		if err != nil {
			continue
		}
		if !ended || len(got) != 1 || got[0].Outcome != tt.outcome || got[0].Account != tt.account ||
			got[0].SocialNo != "SB0001" {
			t.Errorf("%s: ended %t, %+v", name, ended, got)
		}
	}
}

func TestWrite_JSONLinesReadBack(t *testing.T) {
	t.Parallel()
	files := openings.New()
	got, err := files.Write(registry.Bank{Format: registry.JSON}, []registry.OpeningRow{row(t, "王小明")})
	if err != nil {
		t.Fatal(err)
	}
	var items []bank.BatchItem
	err = files.Read(context.Background(), registry.Bank{Format: registry.JSON}, "", bytes.NewReader(got),
		func(r bank.Record) error {
			if i, ok := r.(bank.BatchItem); ok {
				i.Amount = bank.Figure{}
				items = append(items, i)
			}
			return nil
		})
	want := []bank.BatchItem{{
		Name: "王小明", IDNumber: "11010519491231002X", SocialNo: "SB0001", Region: "610304100001", Text: "东关村",
	}}
	if d := cmp.Diff(want, items, cmp.AllowUnexported(bank.Figure{})); d != "" || err != nil {
		t.Errorf("%v\n%s", err, d)
	}
}

package profile_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"twoline/adapters/bank/layout"
	"twoline/adapters/bank/profile"
	"twoline/gateway/bank"
)

// An example that contradicts itself proves nothing, unless it is there to show it.
func TestCheck_ProblemsAreNoProof(t *testing.T) {
	t.Parallel()
	wrong := func(folder fstest.MapFS, key string) {
		file := folder["W_8800_20110310_00000001.txt"]
		file.Data = bytes.Replace(file.Data, []byte("|30000\r"), []byte("|30001\r"), 1)
		folder["W_8800_20110310_00000001.jsonl"].Data = []byte(strings.NewReplacer(
			`"sum":"300.00"`, `"sum":"300.01"`,
			`"items":2,"results":0,"problems":0`, `"items":2,"results":0,"problems":1`,
			`{"type":"end"`, `{"type":"problem","severity":"error","code":"control_total","line":1,"path":"sum",`+
				`"text":"the file says 300.01 in all and its rows make 300.00"}`+"\n"+`{"type":"end"`,
		).Replace(riverRecords))
		folder["river.yaml"].Data = []byte(strings.Replace(string(folder["river.yaml"].Data),
			"records: W_8800_20110310_00000001.jsonl", "records: W_8800_20110310_00000001.jsonl"+key, 1))
	}
	for name, tt := range map[string]struct {
		change func(fstest.MapFS)
		want   string
	}{
		"a problem": {
			func(f fstest.MapFS) { wrong(f, "") },
			"its reading tells a problem, control_total in line 1: the file says 300.01 in all",
		},
		"none that is announced": {
			func(f fstest.MapFS) {
				f["river.yaml"].Data = bytes.Replace(f["river.yaml"].Data, []byte("_R.jsonl}"),
					[]byte("_R.jsonl, problems: true}"), 1)
			},
			`it says "problems: true", and its reading tells none`,
		},
	} {
		folder := river()
		tt.change(folder)
		found := load(t, folder).Check(t.Context(), folder)
		if len(found) != 1 || !strings.Contains(found[0].Text, tt.want) {
			t.Errorf("%s: found %v", name, found)
		}
	}
	folder := river()
	wrong(folder, ", problems: true")
	for _, f := range load(t, folder).Check(t.Context(), folder) {
		if strings.Contains(f.Text, "problem") {
			t.Errorf("announced: found %s", f)
		}
	}
}

// A part that contradicts the name is refused, whichever way the file is read.
func TestF53_PartAgainstTheName(t *testing.T) {
	t.Parallel()
	p := shippedOne(t, "rural-cooperative", profile.Collection)
	body := "S1|Wang|440524188001010014|55.00|00000007|\n"
	none := func(bank.Record) error { return nil }
	b := profile.Bank{Charset: "utf-8"}
	for _, name := range []string{"W_rcc_610304_20110310_00000007_S.TXT", "again_S.TXT"} {
		s := profile.Source{Name: name, Part: "F"}
		_, err := profile.Candidates(t.Context(), profile.Shipped(), b, s.Name, s.Part, strings.NewReader(body))
		for how, err := range map[string]error{
			"read":       p.Read(t.Context(), b, s, strings.NewReader(body), none),
			"alone":      p.ReadAlone(t.Context(), b, s, strings.NewReader(body), none),
			"candidates": err,
		} {
			if !errors.Is(err, profile.ErrPart) || !strings.Contains(err.Error(), "the name says part S, and F was said") {
				t.Errorf("%s, %s: error %v", name, how, err)
			}
		}
	}
	err := p.ReadAlone(t.Context(), b, profile.Source{Name: "any.txt", Part: "F"}, strings.NewReader(body), none)
	if err != nil {
		t.Errorf("a name that says nothing: %v", err)
	}
}

// The batch in the name is that of the rows, as many digits as the name holds.
func TestRead_BatchOfAnotherName(t *testing.T) {
	t.Parallel()
	p := shippedOne(t, "rural-cooperative", profile.Collection)
	b := profile.Bank{Code: "rcc", Charset: "utf-8"}
	row := "S1|Wang|440524188001010014|55.00|00000007"
	for name, want := range map[string]string{
		"W_rcc_610304_20110310_00000007_S.TXT": "",
		"W_rcc_610304_20110310_00000008_S.TXT": "batch 00000007, and the file's name says 00000008",
		"again_S.TXT":                          "",
	} {
		var found []string
		err := p.ReadAlone(t.Context(), b, profile.Source{Name: name}, strings.NewReader(row+"\n"), func(r bank.Record) error {
			if v, ok := r.(bank.Problem); ok {
				found = append(found, v.Code+": "+v.Text)
			}
			return nil
		})
		all := strings.Join(found, "\n")
		if err != nil || (want == "") != (all == "") || !strings.Contains(all, want) {
			t.Errorf("%s: found %s, error %v", name, all, err)
		}
	}
	// A request whose name is another batch's.
	var found []bank.Problem
	err := p.ReadRequest(t.Context(), b, "W_rcc_610304_20110310_00000008.TXT",
		strings.NewReader(row+"|6217|610304001001\n"), func(r bank.Record) error {
			if v, ok := r.(bank.Problem); ok {
				found = append(found, v)
			}
			return nil
		})
	if err != nil || len(found) != 1 || found[0].Code != "batch_differs" {
		t.Errorf("a request: %+v, error %v", found, err)
	}
}

// A file without a byte is empty, and no riddle.
func TestReadAlone_EmptyFile(t *testing.T) {
	t.Parallel()
	none := func(bank.Record) error { return nil }
	p := shippedOne(t, "rural-cooperative", profile.Collection)
	_, err := profile.Candidates(t.Context(), profile.Shipped(), profile.Bank{}, "x", "", strings.NewReader(""))
	alone := p.ReadAlone(t.Context(), profile.Bank{}, profile.Source{Name: "x"}, strings.NewReader(""), none)
	for how, err := range map[string]error{"candidates": err, "alone": alone} {
		if !errors.Is(err, layout.ErrEmpty) || !strings.Contains(err.Error(), "0 bytes") {
			t.Errorf("%s: error %v", how, err)
		}
	}
	for name, s := range map[string]profile.Source{"its name": {Name: "x_S.TXT"}, "its part": {Part: "F"}} {
		if err := p.ReadAlone(t.Context(), profile.Bank{}, s, strings.NewReader(""), none); err != nil {
			t.Errorf("an empty answer by %s: %v", name, err)
		}
	}
}

// What the bank refuses as a whole by the code of a success is asked about.
func TestRead_RefusalThatSaysSuccess(t *testing.T) {
	t.Parallel()
	for _, d := range []profile.Direction{profile.Collection, profile.Payment} {
		p := shippedOne(t, "unionpay", d)
		for code, want := range map[string]struct {
			outcome  bank.Outcome
			class    bank.Class
			problems int
		}{
			"0000": {bank.OutcomeUnknown, bank.ClassUnknown, 1},
			"4000": {bank.OutcomeUnknown, bank.ClassUnknown, 1},
			"3051": {bank.OutcomeFailed, bank.ClassDuplicate, 0},
			"3008": {bank.OutcomeFailed, bank.ClassRetryFunds, 0},
			"9998": {bank.OutcomeFailed, bank.ClassUnknown, 0},
		} {
			got, problems, err := results(t, p, profile.Bank{}, profile.Source{}, code+"|x\r\n")
			if err != nil || len(got) != 1 || len(problems) != want.problems || got[0].Outcome != want.outcome ||
				got[0].Class != want.class {
				t.Errorf("%s, %s: %+v, %+v, error %v", d, code, got, problems, err)
			}
		}
	}
}

// The codes of the profile hold in a refusal though its rows have words only.
func TestRead_RefusalByCodesThatRowsLack(t *testing.T) {
	t.Parallel()
	src := strings.NewReplacer("charset: gbk", "charset: utf-8",
		"        - {name: code}\n", "        - {name: reason}\n        - {name: ignored}\n"+
			"      reject:\n        level: file\n        fields: [{name: code, required: true}, {name: reason}]\n"+
			"        answers: {fixed: FAILED}\n",
		`    "51": RETRY_FUNDS`, "    \"51\": RETRY_FUNDS\n  phrases:\n    - {is: RETRY_FUNDS, texts: [余额不足]}").Replace(good)
	p := parse(t, strings.Replace(src, `"00": SUCCESS`, `"OK": SUCCESS`, 1))
	for code, want := range map[string]bank.Outcome{
		"OK": bank.OutcomeUnknown, "51": bank.OutcomeFailed, "77": bank.OutcomeFailed,
	} {
		got, problems, err := results(t, p, profile.Bank{}, profile.Source{}, code+"|x\r\n")
		if err != nil || len(got) != 1 || got[0].Outcome != want || (want == bank.OutcomeUnknown) != (len(problems) == 1) {
			t.Errorf("%s: %+v, %+v, error %v", code, got, problems, err)
		}
	}
}

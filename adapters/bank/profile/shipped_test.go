package profile_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/bank/profile"
)

func TestShipped_ProveThemselves(t *testing.T) {
	t.Parallel()
	var names []string
	for _, p := range profile.Shipped() {
		names = append(names, p.Name()+" "+string(p.Direction()))
		for _, f := range p.Check(t.Context(), profile.ShippedFiles()) {
			t.Errorf("%s for a %s: %s", p.Name(), p.Direction(), f)
		}
	}
	want := []string{
		"bocom-xlsx payment", "ccb-pipe collection", "cnaps collection", "cnaps payment", "custodian-fixed collection", "icbc-blanks collection",
		"iso20022 collection", "iso20022 payment", "psbc-xlsx payment", "rural-cooperative collection",
		"rural-cooperative opening", "rural-cooperative payment", "social-insurance-core payment",
		"unionpay collection", "unionpay payment",
	}
	if d := cmp.Diff(want, names); d != "" {
		t.Error(d)
	}
}

// A file of the river bank, in the form of the good profile.
const (
	riverFile    = "8800|2|30000\r\n901|6217001|张三|10000\r\n902|6217002|李四|20000\r\n"
	riverRecords = `{"type":"file","format":"delimited","kind":"batch"}
{"type":"batch","index":0,"direction":"collection","count":2,"sum":"300.00"}
{"type":"item","batch":0,"index":0,"item_id":"901","amount":"100.00","name":"张三","account":"6217001"}
{"type":"item","batch":0,"index":1,"item_id":"902","amount":"200.00","name":"李四","account":"6217002"}
{"type":"end","entries":0,"items":2,"results":0,"problems":0}
`
	riverAnswer        = "901|10000|00\r\n902|20000|51\r\n"
	riverAnswerRecords = `{"type":"file","format":"delimited","kind":"result"}
{"type":"result","batch":0,"index":0,"item_id":"901","level":"item","outcome":"succeeded","class":"SUCCESS","code":"00","amount":"100.00","line":1}
{"type":"result","batch":0,"index":1,"item_id":"902","level":"item","outcome":"failed","class":"RETRY_FUNDS","code":"51","amount":"200.00","line":2}
{"type":"end","entries":0,"items":0,"results":2,"problems":0}
`
)

// river is the folder of an operator: a profile with its examples, in UTF-8 so that
// the test can be read.
func river() fstest.MapFS {
	src := strings.Replace(good, "charset: gbk", "charset: utf-8", 1) +
		"  - {file: W_8800_20110310_00000001_R.txt, records: W_8800_20110310_00000001_R.jsonl}\n"
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	return fstest.MapFS{
		"river.yaml":                        file(src),
		"W_8800_20110310_00000001.txt":      file(riverFile),
		"W_8800_20110310_00000001.jsonl":    file(riverRecords),
		"W_8800_20110310_00000001_R.txt":    file(riverAnswer),
		"W_8800_20110310_00000001_R.jsonl":  file(riverAnswerRecords),
		"readme.txt":                        file("no profile"),
		"more.yaml/not-a-profile-but-a.txt": file("in a folder"),
	}
}

func load(t *testing.T, folder fstest.MapFS) *profile.Profile {
	t.Helper()
	all, err := profile.Load(folder)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d profiles, error %v", len(all), err)
	}
	return all[0]
}

func TestCheck_ProvesAnOperatorsProfile(t *testing.T) {
	t.Parallel()
	folder := river()
	if found := load(t, folder).Check(t.Context(), folder); len(found) != 0 {
		t.Errorf("found %v", found)
	}
}

// Whatever differs is found, at the example's line, with what was expected.
func TestCheck_Finds(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		file, old, new string
		want           []string
	}{
		"another amount": {
			"W_8800_20110310_00000001.jsonl", `"amount":"100.00"`, `"amount":"100.01"`,
			[]string{"line 40, W_8800_20110310_00000001.txt: expected, as line 3 of its records says, {", "100.01", "and read {"},
		},
		"a record too many": {
			"W_8800_20110310_00000001_R.jsonl", `{"type":"end"`, `{"type":"extra"}` + "\n" + `{"type":"end"`,
			[]string{"line 41, W_8800_20110310_00000001_R.txt: expected, as line 4"},
		},
		"a wrong total": {
			"W_8800_20110310_00000001.txt", "|30000\r", "|30001\r", []string{"line 40", "and read {"},
		},
		"a broken row": {
			"W_8800_20110310_00000001.txt", "902|6217002|", "902||", []string{"line 40", "it cannot be read: ", "line 3"},
		},
		"other bytes for the same records": {
			"W_8800_20110310_00000001.txt", "|20000\r\n", "|20000\n",
			[]string{"line 40", "written back it differs in line 3, at byte 65: expected 0A, and wrote 0D 0A"},
		},
		"no such file": {
			"river.yaml", "file: W_8800_20110310_00000001_R.txt", "file: W_8800_20110310_00000009_R.txt",
			[]string{"the file W_8800_20110310_00000009_R.txt cannot be opened", `no example shows a file "W_{merchant}_{date}_{batch}_R.txt"`},
		},
		"a kind without an example": {
			"river.yaml", "  - {file: W_8800_20110310_00000001_R.txt, records: W_8800_20110310_00000001_R.jsonl}\n", "",
			[]string{`no example shows a file "W_{merchant}_{date}_{batch}_R.txt" (delimited)`},
		},
	} {
		folder := river()
		before := string(folder[tt.file].Data)
		after := strings.Replace(before, tt.old, tt.new, 1)
		if before == after {
			t.Errorf("%s: the test breaks nothing", name)
		}
		folder[tt.file].Data = []byte(after)
		var said []string
		for _, f := range load(t, folder).Check(t.Context(), folder) {
			said = append(said, f.String())
		}
		all := strings.Join(said, "\n")
		for _, want := range tt.want {
			if !strings.Contains(all, want) {
				t.Errorf("%s: found\n%s\nwant\n%s", name, all, want)
			}
		}
	}
}

// A name that does not come out of the rows is found: an amount in it, say.
func TestCheck_FindsAnotherName(t *testing.T) {
	t.Parallel()
	folder := river()
	src := strings.ReplaceAll(string(folder["river.yaml"].Data), "{date}_{batch}.txt", "{date}_{batch}_{amount}.txt")
	folder["river.yaml"].Data = []byte(strings.Replace(src, "00000001.txt", "00000001_300.10.txt", 1))
	folder["W_8800_20110310_00000001_300.10.txt"] = folder["W_8800_20110310_00000001.txt"]
	found := load(t, folder).Check(t.Context(), folder)
	if len(found) != 1 || !strings.Contains(found[0].Text,
		`expected the name "W_8800_20110310_00000001_300.00.txt" from what it and its rows say`) {
		t.Errorf("found %v", found)
	}
}

func TestLoad_Refuses(t *testing.T) {
	t.Parallel()
	other := func(change ...string) func(fstest.MapFS) {
		return func(folder fstest.MapFS) {
			src := strings.NewReplacer(change...).Replace(string(folder["river.yaml"].Data))
			folder["second.yml"] = &fstest.MapFile{Data: []byte(src)}
		}
	}
	for name, tt := range map[string]struct {
		change func(fstest.MapFS)
		want   []string
	}{
		"the name of a shipped one": {
			other("river-bank", "unionpay"),
			[]string{"second.yml: the profile unionpay for collection is in the program already"},
		},
		"one name twice": {other(), []string{"second.yml: the profile river-bank for collection is in river.yaml already"}},
		"two that are broken": {
			func(folder fstest.MapFS) {
				other("charset", "charsett")(folder)
				folder["A.YAML"] = &fstest.MapFile{Data: []byte("profile: 1\n")}
			},
			[]string{"A.YAML: line 1, column 10: ", `second.yml: line 4, column 1: the key "charsett" is not known`},
		},
	} {
		folder := river()
		tt.change(folder)
		all, err := profile.Load(folder)
		if all != nil || err == nil {
			t.Errorf("%s: %d profiles, error %v", name, len(all), err)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: said\n%v\nwant\n%s", name, err, want)
			}
		}
	}
	// The same name for the other direction is the same bank's.
	folder := river()
	other("direction: collection", "direction: payment")(folder)
	all, err := profile.Load(folder)
	if err != nil || len(all) != 2 {
		t.Errorf("%d profiles, error %v", len(all), err)
	}
}

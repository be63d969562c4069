package profile_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"twoline/adapters/bank/banktest/bound"
	"twoline/adapters/bank/profile"
)

// good is a small profile that tests break in one place each.
const good = `profile: river-bank
direction: collection
title: {zh: 江河银行, en: River Bank}
charset: gbk
values:
  merchant: "8800"
files:
  request:
    format: delimited
    name: "W_{merchant}_{date}_{batch}.txt"
    separator: "|"
    line_end: crlf
    unit: fen
    row_limit: 2000
    header:
      - fields:
          - {name: constant, text: "{merchant}"}
          - {name: count}
          - {name: sum}
    fields:
      - {name: item_id, required: true}
      - {name: account, required: true}
      - {name: name, required: true, max_bytes: 60}
      - {name: amount, required: true}
  results:
    - format: delimited
      name: "W_{merchant}_{date}_{batch}_R.txt"
      separator: "|"
      line_end: crlf
      unit: fen
      fields:
        - {name: item_id, required: true}
        - {name: amount, required: true}
        - {name: code}
answers:
  codes:
    "00": SUCCESS
    "51": RETRY_FUNDS
examples:
  - {file: W_8800_20110310_00000001.txt, records: W_8800_20110310_00000001.jsonl}
`

func parse(t *testing.T, src string) *profile.Profile {
	t.Helper()
	p, err := profile.Parse("river.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestParse(t *testing.T) {
	t.Parallel()
	p := parse(t, good)
	if p.Name() != "river-bank" || p.Direction() != profile.Collection || p.Title("zh") != "江河银行" ||
		p.Title("en") != "River Bank" || p.RowLimit() != 2000 || len(p.Beside()) != 0 {
		t.Errorf("parsed %s for a %s, %s, %d rows", p.Name(), p.Direction(), p.Title("zh"), p.RowLimit())
	}
}

// change is a way to break the good profile, and what must be said about it.
type change struct {
	old, new string
	want     string
}

// shapes are what parser and schema refuse alike.
func shapes() map[string]change {
	return map[string]change{
		"key misspelt": {
			`    separator: "|"` + "\n    line_end: crlf", `    sepparator: "|"` + "\n    line_end: crlf",
			`line 11, column 5: files.request: the key "sepparator" is not known; did you mean "separator"?`,
		},
		"key of another form": {
			"    row_limit: 2000\n", "    row_limit: 2000\n    sheet_name: A\n",
			`line 15, column 5: files.request: the key "sheet_name" does not go with format delimited; it goes with xlsx`,
		},
		"key not known": {
			"direction: collection", "direction: collection\nwhatever: 1",
			`line 3, column 1: the key "whatever" is not known; known here: profile, direction, title, charset, values, files`,
		},
		"key missing": {
			"    unit: fen\n    row_limit", "    row_limit",
			`line 9, column 5: files.request: expected the key "unit" (The unit of amounts`,
		},
		"word misspelt": {
			"    unit: fen\n    row_limit", "    unit: fenn\n    row_limit",
			`line 13, column 11: files.request.unit: expected yuan, fen, li or none, and found "fenn"; did you mean fen?`,
		},
		"format misspelt": {
			"    format: delimited\n    name: \"W_{merchant}_{date}_{batch}.txt\"",
			"    format: delimted\n    name: \"W_{merchant}_{date}_{batch}.txt\"",
			`line 9, column 13: files.request.format: expected delimited, fixed-width, xlsx, jsonl,`,
		},
		"field misspelt": {
			"{name: account, required: true}", "{name: acount, required: true}",
			`line 22, column 16: files.request.fields[1].name: expected sequence,`,
		},
		"number for a text": {
			`merchant: "8800"`, `merchant: 8800`,
			`line 6, column 13: values["merchant"]: expected a text, and found 8800, which YAML takes for no text; put it into quotes`,
		},
		"text for a number": {
			"row_limit: 2000", "row_limit: many",
			`line 14, column 16: files.request.row_limit: expected a whole number, and found "many"`,
		},
		"number out of range": {
			"row_limit: 2000", "row_limit: 0",
			`line 14, column 16: files.request.row_limit: expected a number from 1 to 1000000, and found 0`,
		},
		"text for true": {
			"{name: item_id, required: true}\n      - {name: account", "{name: item_id, required: yes}\n      - {name: account",
			`line 21, column 35: files.request.fields[0].required: expected true or false, and found "yes"`,
		},
		"list for keys": {
			"title: {zh: 江河银行, en: River Bank}", "title: [江河银行, River Bank]",
			`line 3, column 8: title: expected keys with their values, and found a list`,
		},
		"keys for a list": {
			"  results:\n    - format: delimited", "  results:\n      format: delimited",
			`line 26, column 7: files.results: expected a list, and found keys with their values`,
		},
		"nothing": {
			"charset: gbk", "charset:",
			`line 4, column 9: charset: expected gb18030, gbk, utf-8 or latin-1, and found nothing`,
		},
		"name of the profile": {
			"profile: river-bank", "profile: River Bank",
			`line 1, column 10: profile: expected 2 to 32 lower-case letters, digits and hyphens, a letter first, and found "River Bank"`,
		},
		"no examples": {
			"  - {file: W_8800_20110310_00000001.txt, records: W_8800_20110310_00000001.jsonl}", "  []",
			`line 40, column 3: examples: expected 1 to 16 items, and found 0`,
		},
		"a path that leads away": {
			"{file: W_8800_20110310", "{file: ../W_8800_20110310",
			`examples[0].file: expected a path below the profile's folder, with / between its names, and found "../W_8800`,
		},
		"a class that is none": {
			`"51": RETRY_FUNDS`, `"51": RETRY_FOUNDS`,
			`line 38, column 11: answers.codes["51"]: expected SUCCESS, RETRY_FUNDS,`,
		},
		"a key of values": {
			`merchant: "8800"`, `Merchant: "8800"`,
			`line 6, column 3: values: expected a key of lower-case letters, digits and underscores, and found "Merchant"`,
		},
	}
}

func TestParse_Shapes(t *testing.T) {
	t.Parallel()
	for name, tt := range shapes() {
		refused(t, name, tt)
	}
}

func refused(t *testing.T, name string, tt change) {
	t.Helper()
	broken := strings.Replace(good, tt.old, tt.new, 1)
	if broken == good {
		t.Errorf("%s: the test breaks nothing", name)
		return
	}
	_, err := profile.Parse("river.yaml", []byte(broken))
	var told *profile.ParseError
	if !errors.As(err, &told) || !errors.Is(err, profile.ErrProfile) {
		t.Errorf("%s: error %v", name, err)
		return
	}
	if !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "river.yaml: ") {
		t.Errorf("%s: said\n%v\nwant\n%s", name, err, tt.want)
	}
}

// What one part of a profile demands of another, only the parser proves.
func TestParse_Sense(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]change{
		"a place that is none": {
			"{date}_{batch}.txt", "{date}_{bach}.txt",
			`line 10, column 11: files.request.name: {bach} is no place known here; did you mean batch?`,
		},
		"a form of date that is none": {
			"{date}_{batch}.txt", "{date:ddmmyyyy}_{batch}.txt",
			`line 10, column 11: files.request.name: {date:ddmmyyyy}: expected yyyymmdd, yymmdd, yyyy-mm-dd, yyyymm or mmdd after`,
		},
		"a bank's place in a name of ours": {
			"{date}_{batch}.txt", "{date}_{any}_{batch}.txt", `{any} is no place known here`,
		},
		"one name for two batches": {
			"{date}_{batch}.txt", "{date}.txt",
			`line 10, column 11: files.request.name: expected {batch}, {sequence:3} or {digest:8} in it`,
		},
		"the end of a number without a day": {
			"{date}_{batch}.txt", "{date:yyyymm}_{batch:4}.txt", `or the end of the number with the whole date`,
		},
		"a brace alone": {"{date}_{batch}.txt", "{date_{batch.txt", `line 10, column 11: files.request.name: `},
		"a folder in a name": {
			"W_{merchant}_{date}_{batch}.txt\"\n    sep", "out/W_{merchant}_{date}_{batch}.txt\"\n    sep",
			`expected a name without folders`,
		},
		"a value that is a place": {
			`merchant: "8800"`, `merchant: "8800"` + "\n  batch: \"1\"",
			`line 7, column 10: values["batch"]: {batch} means something else already`,
		},
		"amounts without a unit": {
			"    unit: fen\n    row_limit", "    unit: none\n    row_limit",
			`line 19, column 20: files.request.header[0].fields[2].name: the file has amounts: expected a unit of yuan, fen or li`,
		},
		"no charset": {
			"charset: gbk\n", "", `line 8, column 13: files.request.format: a delimited file is text: expected the key "charset"`,
		},
		"a field twice": {
			"{name: account, required: true}", "{name: item_id, required: true}",
			`line 22, column 16: files.request.fields[1].name: item_id stands twice; found "item_id"`,
		},
		"a separator in a constant": {
			`text: "{merchant}"`, `text: "{merchant}|"`, `line 17, column 36: files.request.header[0].fields[0].text: it holds the separator or a control character; found "{merchant}|"`,
		},
		"results that say nothing": {
			"        - {name: code}\n", "        - {name: ignored}\n",
			`line 36, column 3: answers: results need a fixed answer, a code or a reason`,
		},
		"success for an empty code": {
			`"51": RETRY_FUNDS`, `"": SUCCESS`,
			`line 38, column 9: answers.codes[""]: an empty code is pending or unknown, never final`,
		},
		"an example of no file": {
			"{file: W_8800_20110310_00000001.txt", "{file: W_8800_20110310_1.txt",
			`line 40, column 12: examples[0].file: expected a name that the profile gives or takes, and found "W_8800_20110310_1.txt"`,
		},
		"a name that formats have": {"profile: river-bank", "profile: jsonl", `line 1, column 10: profile: json and jsonl are`},
	} {
		refused(t, name, tt)
	}
}

// Results of one part must be told apart by their first line.
func TestParse_ResultsThatLookAlike(t *testing.T) {
	t.Parallel()
	result := good[strings.Index(good, "    - format"):strings.Index(good, "answers:")]
	twice := strings.Replace(good, "answers:", result+"answers:", 1)
	_, err := profile.Parse("river.yaml", []byte(twice))
	if err == nil || !strings.Contains(err.Error(), "files.results[1]") ||
		!strings.Contains(err.Error(), "it cannot be told from files.results[0]") {
		t.Errorf("error %v", err)
	}
	other := strings.Replace(result, "        - {name: code}\n", "        - {name: code}\n        - {name: ignored}\n", 1)
	if _, err := profile.Parse("river.yaml", []byte(strings.Replace(good, "answers:", other+"answers:", 1))); err != nil {
		t.Errorf("another number of fields: %v", err)
	}
}

// Every fault is told at once, in the order of the lines.
func TestParse_AllFaultsInOrder(t *testing.T) {
	t.Parallel()
	broken := strings.NewReplacer("unit: fen", "unit: pence", "line_end: crlf", "line_end: cr").Replace(good)
	_, err := profile.Parse("river.yaml", []byte(broken))
	var told *profile.ParseError
	if !errors.As(err, &told) || len(told.Faults) != 4 || told.More {
		t.Fatalf("error %v", err)
	}
	for i, f := range told.Faults[1:] {
		if f.Line <= told.Faults[i].Line {
			t.Errorf("line %d after %d", f.Line, told.Faults[i].Line)
		}
	}
	many := strings.Replace(good, "    \"00\": SUCCESS\n", strings.Repeat("    \"00\": SUCCESS\n", 40), 1)
	_, err = profile.Parse("river.yaml", []byte(many))
	if !errors.As(err, &told) || len(told.Faults) != 20 || !told.More {
		t.Errorf("error %v", err)
	}
}

func TestParse_Hostile(t *testing.T) {
	t.Parallel()
	bomb := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += fmt.Sprintf("%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c]\n", c, c, c-1, c-1, c-1, c-1, c-1, c-1, c-1)
	}
	for name, tt := range map[string]struct{ give, want string }{
		"empty":             {"", "expected a profile, and found nothing"},
		"only a comment":    {"# nothing\n", "expected a profile, and found nothing"},
		"a text":            {"river", `line 1, column 1: expected keys with their values, and found "river"`},
		"too large":         {strings.Repeat("# padding\n", 30_000), "expected at most 256 KiB, and found 293"},
		"not UTF-8":         {"profile: a\ntitle: \xb0\xa2", "line 2, column 8: expected text in UTF-8"},
		"UTF-16":            {"\xff\xfep\x00", "line 1, column 1: expected text in UTF-8"},
		"two documents":     {good + "---\n" + good, "line 41, column 1: expected one profile a file"},
		"key twice":         {good + "charset: utf-8\n", `line 41, column 1: the key "charset" stands twice, for the first time in line 4`},
		"anchor":            {strings.Replace(good, "title: {", "title: &t {", 1), "line 3, column 8: title: anchors (&) and references"},
		"reference":         {strings.Replace(good, "merchant: \"8800\"", "merchant: *m", 1), "expected YAML: "},
		"merge":             {good + "<<: {charset: gbk}\n", "expected a key, and found \"<<\""},
		"bomb":              {bomb, `the key "a" is not known`},
		"deep":              {strings.Repeat("[", 200_000), "expected YAML: "},
		"deep keys":         {strings.Repeat("a: {", 50_000), "expected YAML: "},
		"not closed":        {"profile: [a", "expected YAML: "},
		"tab":               {"profile: a\n\tdirection: b\n", "line 2, column 1: expected YAML: "},
		"tag":               {strings.Replace(good, "profile: river-bank", "profile: !!int river-bank", 1), "profile: expected"},
		"own tag":           {strings.Replace(good, "profile: river-bank", "profile: !x river-bank", 1), "profile: expected"},
		"binary":            {strings.Replace(good, "profile: river-bank", "profile: !!binary cml2ZXI=", 1), "profile: expected"},
		"NUL":               {"profile: \x00", "expected YAML: "},
		"key that is none":  {"? [a]\n: b\n", "expected a key, and found a list"},
		"octal":             {strings.Replace(good, "row_limit: 2000", "row_limit: 0o17", 1), "row_limit: expected a whole number"},
		"number in figures": {strings.Replace(good, "row_limit: 2000", "row_limit: 2_000", 1), "row_limit: expected a whole number"},
	} {
		began := time.Now()
		_, err := profile.Parse("x.yaml", []byte(tt.give))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: said\n%v\nwant\n%s", name, err, tt.want)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	for _, c := range shapes() {
		f.Add([]byte(strings.Replace(good, c.old, c.new, 1)))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		defer bound.Second(t)()
		p, err := profile.Parse("x.yaml", src)
		if (p == nil) == (err == nil) {
			t.Fatalf("profile %v, error %v", p, err)
		}
		if err != nil && !errors.Is(err, profile.ErrProfile) {
			t.Fatalf("error %v", err)
		}
	})
}

package jsonl_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"twoline/adapters/bank/banktest/bound"
	"twoline/adapters/bank/jsonl"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
)

const (
	head = `{"type":"file","format":"f","kind":"k"}` + "\n"
	tail = `{"type":"end","entries":0,"items":0,"results":0,"problems":0}` + "\n"
)

func read(ctx context.Context, text string) ([]bank.Record, error) {
	var records []bank.Record
	err := jsonl.Read(ctx, strings.NewReader(text), func(r bank.Record) error {
		records = append(records, r)
		return nil
	})
	return records, err
}

func write(tb testing.TB, records []bank.Record) string {
	tb.Helper()
	var b bytes.Buffer
	w := jsonl.NewWriter(&b)
	for _, r := range records {
		if err := w.Write(r); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

func TestRead_thenWriteGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"statement.jsonl", "batch.jsonl"} {
		want, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		records, err := read(t.Context(), string(want))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(string(want), write(t, records)); diff != "" {
			t.Errorf("%s (-file, +written again):\n%s", name, diff)
		}
	}
}

func TestWrite_isJSONThatOthersRead(t *testing.T) {
	t.Parallel()
	e := bank.StatementEntry{Text: "\" \\ \n\r\t\x00\x1f 王𠮷 \u2028 </script>", Direction: bank.Credit}
	var got struct{ Type, Text, Amount string }
	if err := json.Unmarshal([]byte(write(t, []bank.Record{e})), &got); err != nil {
		t.Fatal(err)
	}
	if got.Type != "entry" || got.Text != e.Text || got.Amount != "0.00" {
		t.Errorf("got %+q", got)
	}
}

func TestWrite_refusesWhatJSONCannotCarry(t *testing.T) {
	t.Parallel()
	negative, err := bank.ParseFigure("-1.00")
	if err != nil {
		t.Fatal(err)
	}
	for _, give := range []bank.Record{
		bank.FileHead{Format: "\xFF"}, bank.StatementEntry{Amount: negative}, bank.BatchItem{Amount: negative}, nil,
	} {
		w := jsonl.NewWriter(io.Discard)
		first := w.Write(give)
		if first == nil || !errors.Is(w.Write(bank.End{}), first) || !errors.Is(w.Close(), first) {
			t.Errorf("%+v: got %v, want an error that stays", give, first)
		}
	}
	w := jsonl.NewWriter(iotest.TruncateWriter(io.Discard, 0))
	if err := w.Write(bank.End{}); err != nil || w.Close() != nil {
		t.Error("a truncating writer reports no error and must not be taken for one")
	}
	broken := jsonl.NewWriter(failing{})
	if err := broken.Write(bank.End{}); err != nil {
		t.Fatal(err)
	}
	if err := broken.Close(); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v, want the writer's error", err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestRead_takesAnyOrderOfFieldsAndBlanks(t *testing.T) {
	t.Parallel()
	give := "{ \"type\" : \"file\" ,\t\"kind\":\"k\",\"format\":\"\\u0066\"}\r\n" +
		`{"type":"batch","count":0,"index":0}` + "\n" + strings.TrimSuffix(tail, "\n")
	got, err := read(t.Context(), give)
	want := []bank.Record{bank.FileHead{Format: "f", Kind: "k"}, bank.BatchHead{}, bank.End{}}
	if diff := cmp.Diff(want, got, figures()); err != nil || diff != "" {
		t.Errorf("%v (-want, +got):\n%s", err, diff)
	}
}

func figures() cmp.Option { return cmp.AllowUnexported(bank.Figure{}, calendar.Day{}) }

const (
	statement = `{"type":"statement","index":0}` + "\n"
	entry     = `{"type":"entry","statement":0,"index":0,"amount":"1.00","direction":"credit","details":1}` + "\n"
	detail    = `{"type":"detail","statement":0,"entry":0,"index":0}` + "\n"
	batch     = `{"type":"batch","index":0,"count":1}` + "\n"
)

func TestRead_refusesBrokenFiles(t *testing.T) {
	t.Parallel()
	end := func(entries, items, results, problems string) string {
		return `{"type":"end","entries":` + entries + `,"items":` + items + `,"results":` + results +
			`,"problems":` + problems + "}\n"
	}
	for name, tt := range map[string]struct {
		give string
		want error
		line int
	}{
		"empty":               {"", jsonl.ErrEnd, 1},
		"no end":              {head, jsonl.ErrEnd, 2},
		"no head":             {tail, jsonl.ErrOrder, 1},
		"head without format": {`{"type":"file","kind":"k"}`, jsonl.ErrField, 1},
		"two heads":           {head + head + tail, jsonl.ErrOrder, 2},
		"after the end":       {head + tail + tail, jsonl.ErrOrder, 3},
		"blank line":          {head + "\n" + tail, jsonl.ErrSyntax, 2},
		"byte order mark":     {"\uFEFF" + head + tail, jsonl.ErrSyntax, 1},
		"unknown type":        {head + `{"type":"rumour"}` + "\n" + tail, jsonl.ErrField, 2},
		"unknown field":       {head + `{"type":"batch","index":0,"colour":"red"}` + "\n", jsonl.ErrField, 2},
		"another case":        {head + `{"type":"batch","Index":0}` + "\n", jsonl.ErrField, 2},
		"field twice":         {head + `{"type":"batch","index":0,"index":1}` + "\n", jsonl.ErrField, 2},
		"type twice":          {head + `{"type":"batch","type":"batch","index":0}` + "\n", jsonl.ErrField, 2},
		"type not first":      {`{"format":"f","type":"file","kind":"k"}` + "\n", jsonl.ErrField, 1},
		"field missing":       {head + `{"type":"batch"}` + "\n", jsonl.ErrField, 2},
		"null":                {head + `{"type":"batch","index":0,"batch_id":null}` + "\n", jsonl.ErrSyntax, 2},
		"nested":              {head + `{"type":"batch","index":0,"batch_id":{"a":1}}` + "\n", jsonl.ErrSyntax, 2},
		"list":                {head + `{"type":"batch","index":0,"batch_id":["a"]}` + "\n", jsonl.ErrSyntax, 2},
		"number as text":      {head + `{"type":"batch","index":"0"}` + "\n", jsonl.ErrField, 2},
		"amount as number":    {head + `{"type":"batch","index":0,"sum":1}` + "\n", jsonl.ErrField, 2},
		"exponent":            {head + `{"type":"batch","index":1e0}` + "\n", jsonl.ErrSyntax, 2},
		"leading zero":        {head + `{"type":"batch","index":00}` + "\n", jsonl.ErrSyntax, 2},
		"negative":            {head + `{"type":"batch","index":-0}` + "\n", jsonl.ErrSyntax, 2},
		"two objects":         {head + `{"type":"batch","index":0}{}` + "\n", jsonl.ErrSyntax, 2},
		"not UTF-8": {
			head + "{\"type\":\"batch\",\"index\":0,\"batch_id\":\"\xFF\"}\n", jsonl.ErrSyntax,
			2,
		},
		"half a surrogate": {head + `{"type":"batch","index":0,"batch_id":"\ud842"}` + "\n", jsonl.ErrSyntax, 2},
		"two high surrogates": {
			head + `{"type":"batch","index":0,"batch_id":"\ud842\ud842"}` + "\n",
			jsonl.ErrSyntax, 2,
		},
		"bad escape": {head + `{"type":"batch","index":0,"batch_id":"\x"}` + "\n", jsonl.ErrSyntax, 2},
		"raw control character": {
			head + "{\"type\":\"batch\",\"index\":0,\"batch_id\":\"\x01\"}\n", jsonl.ErrSyntax,
			2,
		},
		"cut line": {head + `{"type":"batch","index":0,"batch_id":"`, jsonl.ErrSyntax, 2},
		"date": {
			head + `{"type":"batch","index":0,"execution_date":"2026-02-30"}` + "\n",
			jsonl.ErrField, 2,
		},
		"direction":           {head + `{"type":"batch","index":0,"direction":"credit"}` + "\n", jsonl.ErrField, 2},
		"entry outside":       {head + entry, jsonl.ErrOrder, 2},
		"entry numbers":       {head + statement + strings.Replace(entry, `x":0`, `x":1`, 1), jsonl.ErrOrder, 3},
		"statement numbers":   {head + `{"type":"statement","index":1}` + "\n", jsonl.ErrOrder, 2},
		"details missing":     {head + statement + entry + tail, jsonl.ErrOrder, 4},
		"detail too many":     {head + statement + entry + detail + detail, jsonl.ErrOrder, 5},
		"detail outside":      {head + statement + detail, jsonl.ErrOrder, 3},
		"item outside":        {head + `{"type":"item","batch":0,"index":0}` + "\n", jsonl.ErrOrder, 2},
		"item numbers":        {head + batch + `{"type":"item","batch":0,"index":1}` + "\n", jsonl.ErrOrder, 3},
		"entries miscounted":  {head + statement + entry + detail + tail, jsonl.ErrEnd, 5},
		"items miscounted":    {head + end("0", "1", "0", "0"), jsonl.ErrEnd, 2},
		"results miscounted":  {head + end("0", "0", "1", "0"), jsonl.ErrEnd, 2},
		"problems miscounted": {head + end("0", "0", "0", "1"), jsonl.ErrEnd, 2},
		"outcome": {
			head + `{"type":"result","batch":0,"index":0,"level":"item","outcome":"ok"}` + "\n",
			jsonl.ErrField, 2,
		},
		"class": {head +
			`{"type":"result","batch":0,"index":0,"level":"item","outcome":"failed","class":"X"}`, jsonl.ErrField, 2},
		"level": {
			head + `{"type":"result","batch":0,"index":0,"level":"row","outcome":"failed"}`,
			jsonl.ErrField, 2,
		},
		"severity": {head + `{"type":"problem","severity":"bad","code":"x"}` + "\n", jsonl.ErrField, 2},
		"status": {
			head + statement +
				`{"type":"entry","statement":0,"index":0,"amount":"1.00","direction":"credit","status":"x"}`,
			jsonl.ErrField, 3,
		},
		"long line":              {head + strings.Repeat(" ", jsonl.MaxLine+1) + "\n" + tail, jsonl.ErrLength, 2},
		"very long line":         {head + strings.Repeat(" ", 3*jsonl.MaxLine), jsonl.ErrLength, 2},
		"text instead of object": {head + "\"type\"\n", jsonl.ErrSyntax, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			records, err := read(t.Context(), tt.give)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if where := lineOf(err); where != tt.line {
				t.Errorf("line %d, want %d: %v", where, tt.line, err)
			}
			for _, r := range records {
				if _, ok := r.(bank.End); ok && name != "after the end" {
					t.Error("an end was given out for a file that was refused")
				}
			}
		})
	}
}

func TestF108_amounts(t *testing.T) {
	t.Parallel()
	for give, good := range map[string]bool{
		"0.00": true, "0.01": true, "183.10": true, "9999999999999.99": true, "8.85000": true,
		"": false, "0": false, "-1.00": false, "+1.00": false, "0.1": false, "1e3": false, "１２.00": false,
		" 1.00":    false,
		"1,000.00": false, "NaN": false, "1e999999999": false, "00.00": false, "01.00": false, ".50": false,
		"1.":                      false,
		"92233720368547758080.00": false, "-0.00": false, "1.00 ": false, "1.0.0": false, "1_0.00": false,
		"0x1.00": false,
	} {
		line := `{"type":"entry","statement":0,"index":0,"amount":"` + give + `","direction":"credit"}` + "\n"
		_, err := read(t.Context(), head+statement+line+strings.Replace(tail, `"entries":0`, `"entries":1`, 1))
		if (err == nil) != good || err != nil && !errors.Is(err, jsonl.ErrField) {
			t.Errorf("%q: %v", give, err)
		}
	}
}

func TestRead_stopsWithItsContextAndItsReaders(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := read(ctx, head+tail); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	own := errors.New("full")
	err := jsonl.Read(t.Context(), strings.NewReader(head+tail), func(bank.Record) error { return own })
	if !errors.Is(err, own) {
		t.Errorf("got %v, want the receiver's error", err)
	}
	err = jsonl.Read(t.Context(), iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(head+tail))),
		func(bank.Record) error { return nil })
	if !errors.Is(err, jsonl.ErrRead) || !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("got %v, want the source's error", err)
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"statement.jsonl", "batch.jsonl"} {
		seed, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
		for line := range bytes.Lines(seed) {
			f.Add(line)
		}
	}
	f.Fuzz(func(t *testing.T, give []byte) {
		defer bound.Second(t)()
		records, err := read(t.Context(), string(give))
		if err != nil {
			return
		}
		// What was read can be written, and that reads as the same records.
		text := write(t, records)
		again, err := read(t.Context(), text)
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if diff := cmp.Diff(records, asWritten(again, records), figures()); diff != "" {
			t.Fatal(diff)
		}
		for line := range strings.Lines(string(give)) {
			if !json.Valid([]byte(line)) {
				t.Fatalf("taken, and not JSON: %q", line)
			}
		}
	})
}

// asWritten takes out what the reader itself found: drawn figures seldom agree.
func asWritten(got, want []bank.Record) []bank.Record {
	own := func(r bank.Record) bool {
		p, ok := r.(bank.Problem)
		return ok && !slices.ContainsFunc(want, func(w bank.Record) bool { return w == bank.Record(p) })
	}
	got = slices.DeleteFunc(slices.Clone(got), own)
	if n := len(got); n > 0 {
		if end, ok := got[n-1].(bank.End); ok {
			written, _ := want[len(want)-1].(bank.End)
			end.Problems = written.Problems
			got[n-1] = end
		}
	}
	return got
}

// What lines claim is compared with what they hold.
func TestRead_totalsAndBalances(t *testing.T) {
	t.Parallel()
	const head = `{"type":"file","format":"jsonl","kind":"batch"}` + "\n"
	batch := func(count, sum string) string {
		return head + `{"type":"batch","index":0,"direction":"payment","count":` + count + `,"sum":"` + sum + `"}
{"type":"item","batch":0,"index":0,"amount":"55.00"}
{"type":"item","batch":0,"index":1,"amount":"55.005"}
{"type":"end","entries":0,"items":2,"results":0,"problems":0}
`
	}
	statement := func(closing, more, problems string) string {
		return `{"type":"file","format":"jsonl","kind":"statement"}
{"type":"statement","index":0,"opening":"1000.00","closing":"` + closing + `"` + more + `}
{"type":"entry","statement":0,"index":0,"amount":"12.50","direction":"credit","status":"booked","details":0}
{"type":"entry","statement":0,"index":1,"amount":"2.50","direction":"debit","status":"booked","details":0}
{"type":"entry","statement":0,"index":2,"amount":"99.00","direction":"debit","status":"pending","details":0}
` + problems + `{"type":"end","entries":3,"items":0,"results":0,"problems":` + fmt.Sprint(strings.Count(problems, "\n")) + `}
`
	}
	const told = `{"type":"problem","severity":"error","code":"balance","path":"statement 0","text":"x"}` + "\n"
	const answered = head + `{"type":"batch","index":0,"direction":"payment","count":2,"sum":"110.00"}
{"type":"result","batch":0,"index":0,"level":"item","outcome":"succeeded","class":"SUCCESS","amount":"55.00"}
{"type":"end","entries":0,"items":0,"results":1,"problems":0}
`
	for give, want := range map[string]string{
		answered:              "",
		batch("2", "110.005"): "", batch("2", "110.00500"): "", batch("3", "110.005"): "control_total batch 0",
		batch("2", "110.00"):                          "control_total batch 0",
		statement("1010.00", "", ""):                  "",
		statement("1605.00", "", ""):                  "balance statement 0",
		statement("1605.00", "", told):                "balance statement 0",
		statement("1605.00", `,"balanced":true`, ""):  "balance statement 0",
		statement("1605.00", `,"balanced":false`, ""): "",
		statement("1010.00", `,"balanced":false`, ""): "balance statement 0",
	} {
		records, err := read(t.Context(), give)
		if err != nil {
			t.Fatalf("%v in\n%s", err, give)
		}
		var got []string
		for _, r := range records {
			if p, ok := r.(bank.Problem); ok {
				got = append(got, p.Code+" "+p.Path)
			}
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("found %v, want %q in\n%s", got, want, give)
		}
		if end, ok := records[len(records)-1].(bank.End); !ok || end.Problems != len(got) {
			t.Errorf("the end counts %+v", end)
		}
		if _, err := read(t.Context(), write(t, records)); err != nil {
			t.Errorf("written again: %v", err)
		}
	}
}

func TestWrite_thenReadGivesEqualRecords(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := drawFile(t)
		var b bytes.Buffer
		w := jsonl.NewWriter(&b)
		for _, r := range want {
			if err := w.Write(r); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := read(t.Context(), b.String())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, asWritten(got, want), figures()); diff != "" {
			t.Fatalf("(-written, +read):\n%s", diff)
		}
	})
}

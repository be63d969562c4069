package fixedwidth_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"twoline/adapters/bank/banktest/bound"
	"twoline/adapters/bank/fixedwidth"
	"twoline/adapters/bank/gb18030"
	"twoline/adapters/bank/layout"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
)

// custodian is a request of a custodian bank: widths in bytes of GBK, fen filled
// up with zeros, the batch's facts in every row.
func custodian() layout.Layout {
	return layout.Layout{
		Name: "custodian", Format: layout.FixedWidth, Content: layout.Instructions, Direction: bank.Collection,
		Charset: layout.GBK, LineEnd: layout.CRLF, Unit: layout.Fen,
		Fields: []layout.Field{
			{Name: layout.Constant, Text: "0402", Width: 4},
			{Name: layout.Ignored, Default: "0001", Width: 4},
			{Name: layout.BatchID, Width: 6, Required: true},
			{Name: layout.Constant, Text: "001", Width: 3},
			{Name: layout.ExecutionDate, Width: 8, Required: true},
			{Name: layout.ItemID, Width: 19, Required: true},
			{Name: layout.Amount, Width: 12},
			{Name: layout.Currency, Width: 3, Values: map[string]string{"CNY": "156"}, Default: "CNY"},
			{Name: layout.Account, Width: 19, Required: true},
			{Name: layout.Name, Width: 20, Required: true},
			{Name: layout.Text, Width: 10, Cut: true},
		},
	}
}

// answered is a result of the same family with a header and a trailer.
func answered() layout.Layout {
	return layout.Layout{
		Name: "custodian-result", Format: layout.FixedWidth, Content: layout.Results,
		Charset: layout.GB18030, LineEnd: layout.LF, Unit: layout.Li, TotalsUnit: layout.Yuan, Dates: layout.Dashed,
		Prefix: "D",
		Header: []layout.Row{{Prefix: "H", Fields: []layout.Field{
			{Name: layout.BatchID, Width: 6}, {Name: layout.Count, Width: 6}, {Name: layout.Sum, Width: 16},
		}}},
		Trailer: []layout.Row{{Prefix: "T", Fields: []layout.Field{
			{Name: layout.SucceededCount, Width: 6},
			{Name: layout.FailedSum, Width: 12, Pad: " "},
			{Name: layout.FailedCount, Width: 2},
			{Name: layout.SucceededSum, Width: 12, Align: layout.Left},
		}}},
		Fields: []layout.Field{
			{Name: layout.Sequence, Width: 6},
			{Name: layout.ItemID, Width: 16, Required: true},
			{Name: layout.Amount, Width: 13},
			{Name: layout.ValueDate, Width: 10},
			{Name: layout.Name, Width: 20},
			{Name: layout.Code, Width: 4},
			{Name: layout.Text, Width: 12},
		},
		Reject: &layout.Reject{
			Level: "file", Fields: []layout.Field{{Name: layout.Code, Width: 4}, {Name: layout.Reason, Width: 30}},
			Answers: layout.Answers{Codes: map[string]layout.Answer{
				"9001": {Outcome: bank.OutcomeFailed, Class: bank.ClassRetryTechnical},
			}},
		},
		Answers: layout.Answers{Codes: map[string]layout.Answer{
			"0000": {Outcome: bank.OutcomeSucceeded, Class: bank.ClassSuccess},
			"3008": {Outcome: bank.OutcomeFailed, Class: bank.ClassRetryFunds},
			"":     {Outcome: bank.OutcomePending, Class: bank.ClassUnknown},
		}},
	}
}

func encoded(tb testing.TB, charset gb18030.Charset, text string) []byte {
	tb.Helper()
	raw, err := gb18030.New(charset).Encode(nil, text)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

func read(tb testing.TB, r io.Reader, l layout.Layout) ([]bank.Record, layout.Summary, error) {
	tb.Helper()
	var records []bank.Record
	summary, err := fixedwidth.Read(tb.Context(), r, l, func(r bank.Record) error {
		records = append(records, r)
		return nil
	})
	return records, summary, err
}

func figures() cmp.Option { return cmp.AllowUnexported(bank.Figure{}, calendar.Day{}) }

func figure(s string) *bank.Figure {
	f := bank.FigureOf(money.MustParse(s))
	return &f
}

const request = "04020001B20001001202611250000000000000000001000000012350156" +
	"6217000011112222   王小明              养老保险  \r\n" +
	"04020001B20001001202611250000000000000000002000000200000156" +
	"6217000011113333   東億鼎              缴费      \r\n"

func requestRecords() []bank.Record {
	return []bank.Record{
		bank.FileHead{Format: "fixed-width", Kind: "batch"},
		bank.BatchHead{
			Direction: bank.Collection, BatchID: "B20001", Count: 2, Sum: *figure("2123.50"),
			ExecutionDate: calendar.MustDay("2026-11-25"),
		},
		bank.BatchItem{
			Index: 0, ItemID: "0000000000000000001", Amount: *figure("123.50"), Currency: "CNY",
			Account: "6217000011112222", Name: "王小明", Text: "养老保险",
		},
		bank.BatchItem{
			Index: 1, ItemID: "0000000000000000002", Amount: *figure("2000.00"), Currency: "CNY",
			Account: "6217000011113333", Name: "東億鼎", Text: "缴费",
		},
		bank.End{Items: 2},
	}
}

func TestRead_request(t *testing.T) {
	t.Parallel()
	raw := encoded(t, gb18030.GBK, request)
	for _, r := range []io.Reader{
		bytes.NewReader(raw), iotest.OneByteReader(bytes.NewReader(raw)),
		bytes.NewReader(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))),
	} {
		got, summary, err := read(t, r, custodian())
		if err != nil || summary.Rows != 2 || summary.Sum != money.MustParse("2123.50") {
			t.Fatalf("%+v, %v", summary, err)
		}
		if diff := cmp.Diff(requestRecords(), got, figures()); diff != "" {
			t.Errorf("(-want, +got):\n%s", diff)
		}
	}
	if got := written(t, custodian(), requestRecords()); !bytes.Equal(got, raw) {
		t.Errorf("written again:\n%q, want\n%q", got, raw)
	}
}

const result = "HB200010000030000000000321.50\n" +
	"D000001I1              00000001235002026-11-26王小明              0000            \n" +
	"D000002I2              00000000980002026-11-26古丽·买买提        3008余额不足    \n" +
	"D000003I3              0000000100000          李                                  \n" +
	"T000001       98.0001123.50      \n"

func TestRead_resultWithHeaderAndTrailer(t *testing.T) {
	t.Parallel()
	// An interpunct and a four-byte character both take the bytes of the charset.
	raw := encoded(t, gb18030.GB18030, result)
	got, summary, err := read(t, bytes.NewReader(raw), answered())
	want := []bank.Record{
		bank.FileHead{Format: "fixed-width", Kind: "result"},
		bank.Result{
			Index: 0, Line: 2, Level: "item", BatchID: "B20001", ItemID: "I1", Name: "王小明", Amount: figure("123.50"),
			ValueDate: calendar.MustDay("2026-11-26"), Code: "0000",
			Outcome: bank.OutcomeSucceeded, Class: bank.ClassSuccess,
		},
		bank.Result{
			Index: 1, Line: 3, Level: "item", BatchID: "B20001", ItemID: "I2", Name: "古丽·买买提", Amount: figure("98.00"),
			ValueDate: calendar.MustDay("2026-11-26"), Code: "3008", Text: "余额不足",
			Outcome: bank.OutcomeFailed, Class: bank.ClassRetryFunds,
		},
		bank.Result{
			Index: 2, Line: 4, Level: "item", BatchID: "B20001", ItemID: "I3", Name: "李", Amount: figure("100.00"),
			Outcome: bank.OutcomePending, Class: bank.ClassUnknown,
		},
		bank.End{Results: 3},
	}
	if diff := cmp.Diff(want, got, figures()); err != nil || diff != "" {
		t.Fatalf("%v (-want, +got):\n%s", err, diff)
	}
	wantSummary := layout.Summary{
		Rows: 3, Sum: money.MustParse("321.50"),
		Succeeded: layout.Tally{Rows: 1, Sum: money.MustParse("123.50")},
		Failed:    layout.Tally{Rows: 1, Sum: money.MustParse("98.00")},
	}
	if summary != wantSummary {
		t.Errorf("got %+v", summary)
	}
	if again := written(t, answered(), got); !bytes.Equal(again, raw) {
		t.Errorf("written again:\n%q, want\n%q", again, raw)
	}
}

func TestRead_totalsThatDisagree(t *testing.T) {
	t.Parallel()
	for give, want := range map[string]string{
		strings.Replace(result, "HB20001000003", "HB20001000004", 1):   "count",
		strings.Replace(result, "321.50", "321.51", 1):                 "sum",
		strings.Replace(result, "T000001", "T000002", 1):               "succeeded_count",
		strings.Replace(result, "98.0001", "98.0101", 1):               "failed_sum",
		strings.Replace(result, "98.0001", "98.0002", 1):               "failed_count",
		strings.Replace(result, "123.50      \n", "123.51      \n", 1): "succeeded_sum",
	} {
		records, summary, err := read(t, bytes.NewReader(encoded(t, gb18030.GB18030, give)), answered())
		if err != nil || summary.Problems != 1 {
			t.Fatalf("%s: %v, %+v", want, err, summary)
		}
		p, ok := records[len(records)-2].(bank.Problem)
		if !ok || p.Path != want || p.Code != "control_total" || p.Severity != bank.SeverityError || p.Line == 0 {
			t.Errorf("got %+v, want %s", p, want)
		}
	}
}

func TestRead_totalsByOutcomeThatAgree(t *testing.T) {
	t.Parallel()
	give := strings.Replace(result, "0000            \n", "3008            \n", 1)
	give = strings.Replace(give, "T000001       98.0001123.50      ", "T000000      221.50020.00        ", 1)
	_, summary, err := read(t, bytes.NewReader(encoded(t, gb18030.GB18030, give)), answered())
	if err != nil || summary.Problems != 0 || summary.Failed != (layout.Tally{Rows: 2, Sum: 22150}) {
		t.Errorf("got %v, %+v", err, summary)
	}
}

func TestRead_refusalInPlaceOfResults(t *testing.T) {
	t.Parallel()
	refusal := encoded(t, gb18030.GB18030, "9001文件格式错误                  \n")
	got, summary, err := read(t, bytes.NewReader(refusal), answered())
	want := []bank.Record{
		bank.FileHead{Format: "fixed-width", Kind: "result"},
		bank.Result{
			Line: 1, Level: "file", Code: "9001", Text: "文件格式错误", Outcome: bank.OutcomeFailed,
			Class: bank.ClassRetryTechnical,
		},
		bank.End{Results: 1},
	}
	if diff := cmp.Diff(want, got, figures()); err != nil || diff != "" || !summary.Refused {
		t.Fatalf("%v %+v (-want, +got):\n%s", err, summary, diff)
	}
	if again := written(t, answered(), got); !bytes.Equal(again, refusal) {
		t.Errorf("written again: %q", again)
	}
	more := append(bytes.Clone(refusal), encoded(t, gb18030.GB18030, result)...)
	if got := malformed(t, more, answered()); got[0].Line != 2 || got[0].Code != "after_end" {
		t.Errorf("got %+v", got)
	}
}

// malformed returns the rows that a file was refused for.
func malformed(t *testing.T, raw []byte, l layout.Layout) []layout.RowFault {
	t.Helper()
	records, _, err := read(t, bytes.NewReader(raw), l)
	var m *layout.MalformedError
	if !errors.As(err, &m) || !errors.Is(err, layout.ErrMalformed) {
		t.Fatalf("got %v, want ErrMalformed", err)
	}
	for _, r := range records {
		if _, ok := r.(bank.End); ok {
			t.Error("an end was given out for a file that was refused")
		}
	}
	return m.Rows
}

func TestRead_refusesLinesOfAnotherShape(t *testing.T) {
	t.Parallel()
	good := encoded(t, gb18030.GBK, request[:strings.Index(request, "\r\n")+2])
	// The name's field takes its last byte from the first of a character.
	across := bytes.Replace(good, encoded(t, gb18030.GBK, "王小明              养"),
		encoded(t, gb18030.GBK, "王小明             养 "), 1)
	for _, tt := range []struct {
		give []byte
		want layout.RowFault
	}{
		{good[1:], layout.RowFault{Line: 1, Code: "line_length", Want: "108 bytes", Got: "107"}},
		{
			append([]byte(" "), good...),
			layout.RowFault{Line: 1, Code: "line_length", Want: "108 bytes", Got: "109"},
		},
		{across, layout.RowFault{
			Line: 1, Code: "cut_character", Field: layout.Name, Column: 10, Want: "a field that ends with a whole character",
		}},
		{bytes.Replace(good, []byte("000000012350"), []byte("00000001235x"), 1), layout.RowFault{
			Line: 1, Code: "amount", Field: layout.Amount, Column: 7, Want: "a whole number of fen", Got: `"1235x"`,
		}},
		{bytes.Replace(good, []byte("156"), []byte("840"), 1), layout.RowFault{
			Line: 1, Code: "value", Field: layout.Currency, Column: 8, Want: "a value that the layout lists", Got: `"840"`,
		}},
		{bytes.Replace(good, []byte("20261125"), []byte("20260230"), 1), layout.RowFault{
			Line: 1, Code: "date", Field: layout.ExecutionDate, Column: 5, Want: "a day", Got: `"20260230"`,
		}},
		{bytes.Replace(good, []byte("0402"), []byte("0403"), 1), layout.RowFault{
			Line: 1, Code: "constant", Field: layout.Constant, Column: 1, Want: `"0402"`, Got: `"0403"`,
		}},
		{append(bytes.Clone(good), bytes.Replace(good, []byte("B20001"), []byte("B20002"), 1)...), layout.RowFault{
			Line: 2, Code: "batch_differs", Field: layout.BatchID, Column: 3, Want: "what the rows before it have",
			Got: `"B20002"`,
		}},
	} {
		if diff := cmp.Diff([]layout.RowFault{tt.want}, malformed(t, tt.give, custodian())); diff != "" {
			t.Errorf("(-want, +got):\n%s", diff)
		}
	}
}

func TestF50_aFileOfAnotherBankIsRefused(t *testing.T) {
	t.Parallel()
	other := custodian()
	other.Fields[0].Text = "0105"
	got := malformed(t, encoded(t, gb18030.GBK, request), other)
	if got[0].Line != 1 || got[0].Code != "constant" || got[0].Want != `"0105"` {
		t.Errorf("got %+v", got)
	}
}

func TestWriter_refusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	item := bank.BatchItem{ItemID: "1", Amount: *figure("1.00"), Currency: "CNY", Account: "62170000", Name: "王"}
	for name, tt := range map[string]struct {
		spoil func(*bank.BatchItem)
		field string
		want  error
	}{
		"a name of 22 bytes":       {func(i *bank.BatchItem) { i.Name = strings.Repeat("王", 11) }, "name", layout.ErrField},
		"a name GBK lacks":         {func(i *bank.BatchItem) { i.Name = "王𠮷" }, "name", gb18030.ErrRune},
		"a blank at the end":       {func(i *bank.BatchItem) { i.Account = "621700 " }, "account", layout.ErrField},
		"a line end":               {func(i *bank.BatchItem) { i.Name = "a\nb" }, "name", layout.ErrField},
		"no name":                  {func(i *bank.BatchItem) { i.Name = "" }, "name", layout.ErrField},
		"an amount of 13 digits":   {func(i *bank.BatchItem) { i.Amount = *figure("99999999999.00") }, "amount", layout.ErrField},
		"a currency not in table":  {func(i *bank.BatchItem) { i.Currency = "USD" }, "currency", layout.ErrField},
		"an id that does not fit":  {func(i *bank.BatchItem) { i.ItemID = strings.Repeat("1", 20) }, "item_id", layout.ErrField},
		"a cut text GBK lacks":     {func(i *bank.BatchItem) { i.Text = "一二三四五六𠮷" }, "text", gb18030.ErrRune},
		"an ideographic blank end": {func(i *bank.BatchItem) { i.Name = "王\u3000" }, "", nil},
		"a text that is cut":       {func(i *bank.BatchItem) { i.Text = "a一二三四五" }, "", nil},
	} {
		i := item
		tt.spoil(&i)
		var b bytes.Buffer
		w, err := fixedwidth.NewWriter(&b, custodian())
		if err != nil {
			t.Fatal(err)
		}
		head := bank.BatchHead{BatchID: "B1", ExecutionDate: calendar.MustDay("2026-11-25")}
		if err := w.WriteBatch(head); err != nil {
			t.Fatal(err)
		}
		err = w.WriteItem(i)
		receipt, closeErr := w.Close()
		if tt.want == nil {
			if err != nil || closeErr != nil {
				t.Errorf("%s: got %v, %v", name, err, closeErr)
			}
			if cut := i.Text != ""; cut != (receipt.Cut == 1) || cut && !bytes.Contains(b.Bytes(),
				encoded(t, gb18030.GBK, "a一二三四 \r\n")) {
				t.Errorf("%s: got %+v %q", name, receipt, b.String())
			}
			continue
		}
		f, ok := errors.AsType[*fault.Error](err)
		if !errors.Is(err, tt.want) || !ok || f.Field != tt.field || !strings.HasPrefix(f.Text, "item 0 (counted from 0): ") || closeErr == nil {
			t.Errorf("%s: got %v on %+v, want %v on %s", name, err, f, tt.want, tt.field)
		}
	}
}

func TestNewWriter_refusesOtherForms(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*layout.Layout){
		"format":            func(l *layout.Layout) { l.Format, l.Separator = layout.Delimited, '|' },
		"fields[3].width":   func(l *layout.Layout) { l.Fields[3].Width = 0 },
		"fields[0].text":    func(l *layout.Layout) { l.Fields[0].Text = "04021" },
		"separator":         func(l *layout.Layout) { l.Separator = '|' },
		"fields[9].pad":     func(l *layout.Layout) { l.Fields[9].Pad = "00" },
		"fields[5].pad":     func(l *layout.Layout) { l.Fields[5].Pad = "0" },
		"fields[5].cut":     func(l *layout.Layout) { l.Fields[5].Cut = true },
		"fields[7].default": func(l *layout.Layout) { l.Fields[7].Default = "USD" },
		"fields[6].values":  func(l *layout.Layout) { l.Fields[6].Values = map[string]string{"1": "2"} },
		"trailer[0].fields[0].width": func(l *layout.Layout) {
			l.Trailer = []layout.Row{{Fields: []layout.Field{{Name: layout.Count}}}}
		},
		"header[0].titles": func(l *layout.Layout) {
			l.Header = []layout.Row{{Titles: true, Fields: []layout.Field{{Name: layout.Count}}}}
		},
	} {
		l := custodian()
		spoil(&l)
		_, err := fixedwidth.NewWriter(io.Discard, l)
		f, ok := errors.AsType[*fault.Error](err)
		if !errors.Is(err, layout.ErrLayout) || !ok || f.Field != name {
			t.Errorf("%s: got %v on %+v", name, err, f)
		}
		if _, _, err := read(t, strings.NewReader(""), l); !errors.Is(err, layout.ErrLayout) {
			t.Errorf("%s was read", name)
		}
	}
}

func written(t interface {
	Helper()
	Fatal(args ...any)
}, l layout.Layout, records []bank.Record,
) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := fixedwidth.NewWriter(&b, l)
	if err != nil {
		t.Fatal(err)
	}
	head := bank.BatchHead{}
	sum := money.Total{}
	items := true
	for _, r := range records {
		if v, ok := r.(bank.Result); ok {
			head.Count++
			head.BatchID = v.BatchID
			items = items && v.Level == "item"
			if v.Amount != nil {
				a, _ := v.Amount.Amount()
				sum.Add(a)
			}
		}
	}
	if total, err := sum.Amount(); err != nil {
		t.Fatal(err)
	} else if head.Sum = bank.FigureOf(total); l.Content == layout.Results && items {
		if err := w.WriteBatch(head); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range records {
		switch v := r.(type) {
		case bank.BatchHead:
			err = w.WriteBatch(v)
		case bank.BatchItem:
			err = w.WriteItem(v)
		case bank.Result:
			err = w.WriteResult(v)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Written and read again, a request gives the same records; and written again
// from these, the same bytes.
func TestWriter_thenReadGivesEqualRecords(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := custodian()
		l.Charset = rapid.SampledFrom([]layout.Charset{layout.GB18030, layout.UTF8, layout.GBK}).Draw(t, "charset")
		l.LineEnd = rapid.SampledFrom([]layout.LineEnd{layout.LF, layout.CRLF}).Draw(t, "line end")
		l.Unit = rapid.SampledFrom([]layout.Unit{layout.Yuan, layout.Fen, layout.Li}).Draw(t, "unit")
		l.Dates = rapid.SampledFrom([]layout.DateForm{"", layout.Dashed, layout.Slashed}).Draw(t, "dates")
		l.Fields[4].Width = 10
		l.Fields[9].Align = rapid.SampledFrom([]layout.Align{"", layout.Left, layout.Right}).Draw(t, "align")
		l.Prefix = rapid.SampledFrom([]string{"", "#"}).Draw(t, "prefix")
		text := func(name string) string {
			return rapid.StringOfN(rapid.RuneFrom([]rune("aZ09王東億镕䶮·€|")), 1, 5, -1).Draw(t, name)
		}
		n := rapid.IntRange(1, 4).Draw(t, "rows")
		total := money.Total{}
		var items []bank.Record
		for i := range n {
			a := money.Amount(rapid.Int64Range(0, 1_000_000_00).Draw(t, "amount"))
			total.Add(a)
			items = append(items, bank.BatchItem{
				Index: i, ItemID: text("id"), Amount: bank.FigureOf(a), Currency: "CNY", Account: text("account"),
				Name: text("name"), Text: rapid.StringMatching(`|[a-z]{3} [a-z]{3}`).Draw(t, "text"),
			})
		}
		sum, err := total.Amount()
		if err != nil {
			t.Fatal(err)
		}
		want := append([]bank.Record{
			bank.FileHead{Format: "fixed-width", Kind: "batch"},
			bank.BatchHead{
				Direction: bank.Collection, BatchID: rapid.StringMatching(`[0-9A-Z]{1,6}`).Draw(t, "batch"), Count: n,
				Sum: bank.FigureOf(sum), ExecutionDate: calendar.MustDay("2026-11-25"),
			},
		}, items...)
		want = append(want, bank.End{Items: n})
		first := written(t, l, want)
		var got []bank.Record
		_, err = fixedwidth.Read(t.Context(), bytes.NewReader(first), l, func(r bank.Record) error {
			got = append(got, r)
			return nil
		})
		if err != nil {
			t.Fatalf("%v in %q", err, first)
		}
		if diff := cmp.Diff(want, got, figures()); diff != "" {
			t.Fatalf("%q (-written, +read):\n%s", first, diff)
		}
		if again := written(t, l, got); !bytes.Equal(first, again) {
			t.Fatalf("%q, written again %q", first, again)
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add(encoded(f, gb18030.GBK, request), false)
	f.Add(encoded(f, gb18030.GB18030, result), true)
	f.Add(encoded(f, gb18030.GB18030, "9001文件格式错误                  \n"), true)
	f.Fuzz(func(t *testing.T, give []byte, results bool) {
		defer bound.Second(t)()
		l := custodian()
		if results {
			l = answered()
		}
		records, summary, err := read(t, bytes.NewReader(give), l)
		streamed, again, streamErr := read(t, iotest.OneByteReader(bytes.NewReader(give)), l)
		if (err == nil) != (streamErr == nil) || err == nil && (summary != again || len(records) != len(streamed)) {
			t.Fatalf("%v and %v, %+v and %+v", err, streamErr, summary, again)
		}
		if err != nil || summary.Problems > 0 {
			return
		}
		// What was read can be written, and reads as the same records.
		back, _, err := read(t, bytes.NewReader(written(t, l, records)), l)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(records, back, figures()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestRead_testdata(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		form layout.Layout
		rows int64
		sum  string
		want error
	}{
		"request.txt":              {custodian(), 2, "2123.50", nil},
		"result.txt":               {answered(), 3, "321.50", nil},
		"broken_across.txt":        {custodian(), 0, "0.00", layout.ErrMalformed},
		"broken_short_line.txt":    {answered(), 0, "0.00", layout.ErrMalformed},
		"broken_other_charset.txt": {custodian(), 0, "0.00", layout.ErrMalformed},
	} {
		file, err := os.Open(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		_, summary, err := read(t, file, tt.form)
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		if !errors.Is(err, tt.want) || summary.Rows != tt.rows || summary.Sum != money.MustParse(tt.sum) {
			t.Errorf("%s: %+v, %v", name, summary, err)
		}
	}
}

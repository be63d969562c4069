package layout_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/bank/banktest/bound"
	"twoline/adapters/bank/delimited"
	"twoline/adapters/bank/gb18030"
	"twoline/adapters/bank/layout"
	"twoline/adapters/bank/layout/layouttest"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
)

func figures() cmp.Option { return cmp.AllowUnexported(bank.Figure{}, calendar.Day{}) }

func figure(s string) *bank.Figure {
	f := bank.FigureOf(money.MustParse(s))
	return &f
}

func read(tb testing.TB, text string, l layout.Layout) ([]bank.Record, layout.Summary, error) {
	tb.Helper()
	raw := []byte(text)
	if l.Charset != layout.UTF8 {
		var err error
		if raw, err = gb18030.New(gb18030.GB18030).Encode(nil, text); err != nil {
			tb.Fatal(err)
		}
	}
	var records []bank.Record
	summary, err := delimited.Read(tb.Context(), bytes.NewReader(raw), l, func(r bank.Record) error {
		records = append(records, r)
		return nil
	})
	return records, summary, err
}

// rewritten writes a file's records by the layout that they were read by.
func rewritten(tb testing.TB, l layout.Layout, records []bank.Record, s layout.Summary) string {
	tb.Helper()
	var b bytes.Buffer
	w, err := delimited.NewWriter(&b, l)
	if err != nil {
		tb.Fatal(err)
	}
	items := true
	head := bank.BatchHead{Count: int(s.Rows), Sum: bank.FigureOf(s.Sum)}
	for _, r := range records {
		if v, ok := r.(bank.Result); ok {
			items = items && v.Level == "item"
			if head.BatchID == "" {
				head.BatchID = v.BatchID
			}
		}
	}
	if l.Content == layout.Results && len(l.Header) > 0 && items {
		err = errors.Join(w.WriteOutcomes(layout.Outcomes{Succeeded: s.Succeeded, Failed: s.Failed}), w.WriteBatch(head))
	}
	for _, r := range records {
		switch v := r.(type) {
		case bank.BatchHead:
			err = errors.Join(err, w.WriteBatch(v))
		case bank.BatchItem:
			err = errors.Join(err, w.WriteItem(v))
		case bank.Result:
			err = errors.Join(err, w.WriteResult(v))
		}
	}
	if _, closeErr := w.Close(); err != nil || closeErr != nil {
		tb.Fatal(err, closeErr)
	}
	raw := b.Bytes()
	if l.Charset != layout.UTF8 {
		if raw, err = gb18030.New(gb18030.GB18030).Decode(nil, raw); err != nil {
			tb.Fatal(err)
		}
	}
	return string(raw)
}

func succeeded() layout.Answer {
	return layout.Answer{Outcome: bank.OutcomeSucceeded, Class: bank.ClassSuccess}
}

func failed(c bank.Class) layout.Answer { return layout.Answer{Outcome: bank.OutcomeFailed, Class: c} }

func pending() layout.Answer {
	return layout.Answer{Outcome: bank.OutcomePending, Class: bank.ClassUnknown}
}

// unionPay is the shape of a result of the UnionPay family: totals by outcome and
// titles above, fen, an empty code for what is still processed, and a file of its
// own shape where all was refused.
func unionPay() layout.Layout {
	return layout.Layout{
		Name: "acp-result", Format: layout.Delimited, Content: layout.Results, Charset: layout.GBK, Separator: '|',
		LineEnd: layout.CRLF, Unit: layout.Fen,
		Header: []layout.Row{
			{Fields: []layout.Field{
				{Name: layout.Constant, Text: "5.0.0"},
				{Name: layout.Sum},
				{Name: layout.Count},
				{Name: layout.SucceededSum},
				{Name: layout.SucceededCount},
			}},
			{Titles: true},
		},
		Fields: []layout.Field{
			{Name: layout.ItemID, Title: "orderId", Required: true},
			{Name: layout.Constant, Text: "156", Title: "currencyCode"},
			{Name: layout.Amount, Title: "txnAmt"},
			{Name: layout.Account, Title: "accNo"},
			{Name: layout.Name, Title: "customerNm"},
			{Name: layout.Code, Title: "respCode"},
			{Name: layout.Reason, Title: "respMsg"},
			{Name: layout.ValueDate, Title: "settleDate"},
		},
		Answers: layout.Answers{Codes: map[string]layout.Answer{
			"0000": succeeded(), "3008": failed(bank.ClassRetryFunds), "": pending(),
		}},
		Reject: &layout.Reject{
			Level: "file", Fields: []layout.Field{{Name: layout.Code}, {Name: layout.Reason}},
			Answers: layout.Answers{Codes: map[string]layout.Answer{"12": failed(bank.ClassRetryTechnical)}},
		},
	}
}

const unionPayFile = "5.0.0|4500|3|1500|1\r\n" +
	"orderId|currencyCode|txnAmt|accNo|customerNm|respCode|respMsg|settleDate\r\n" +
	"I1|156|1500|6217000011112222|王小明|0000|成功|20261126\r\n" +
	"I2|156|1500|6217000011113333|東億|3008|余额不足|\r\n" +
	"I3|156|1500|81001|李|||\r\n"

func TestReadText_totalsByOutcomeTitlesAndOpenCodes(t *testing.T) {
	t.Parallel()
	got, summary, err := read(t, unionPayFile, unionPay())
	want := []bank.Record{
		bank.FileHead{Format: "delimited", Kind: "result"},
		bank.Result{
			Index: 0, Line: 3, Level: "item", ItemID: "I1", Amount: figure("15.00"), Account: "6217000011112222",
			Name: "王小明", Code: "0000", Text: "成功", ValueDate: calendar.MustDay("2026-11-26"),
			Outcome: bank.OutcomeSucceeded, Class: bank.ClassSuccess,
		},
		bank.Result{
			Index: 1, Line: 4, Level: "item", ItemID: "I2", Amount: figure("15.00"), Account: "6217000011113333",
			Name: "東億", Code: "3008", Text: "余额不足", Outcome: bank.OutcomeFailed, Class: bank.ClassRetryFunds,
		},
		bank.Result{
			Index: 2, Line: 5, Level: "item", ItemID: "I3", Amount: figure("15.00"), Account: "81001", Name: "李",
			Outcome: bank.OutcomePending, Class: bank.ClassUnknown,
		},
		bank.End{Results: 3},
	}
	if diff := cmp.Diff(want, got, figures()); err != nil || diff != "" || summary.Problems != 0 {
		t.Fatalf("%v %+v (-want, +got):\n%s", err, summary, diff)
	}
	if again := rewritten(t, unionPay(), got, summary); again != unionPayFile {
		t.Errorf("written again:\n%q", again)
	}
	_, summary, err = read(t, strings.Replace(unionPayFile, "|1500|1\r", "|3000|2\r", 1), unionPay())
	if err != nil || summary.Problems != 2 {
		t.Errorf("two totals by outcome are wrong: got %v, %+v", err, summary)
	}
	_, _, err = read(t, strings.Replace(unionPayFile, "txnAmt", "amount", 1), unionPay())
	if !errors.Is(err, layout.ErrMalformed) || !strings.Contains(err.Error(), `line 2, field 3 (constant): constant: `+
		`expected "txnAmt", found "amount"`) {
		t.Errorf("other titles: got %v", err)
	}
}

func TestReadText_refusalInPlaceOfResults(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]layout.Answer{
		"12": failed(bank.ClassRetryTechnical), "77": {Outcome: bank.OutcomeUnknown, Class: bank.ClassUnknown},
	} {
		give := code + "|文件重复\r\n"
		got, summary, err := read(t, give, unionPay())
		if err != nil || !summary.Refused {
			t.Fatal(err, summary)
		}
		records := []bank.Record{
			bank.FileHead{Format: "delimited", Kind: "result"},
			bank.Result{Line: 1, Level: "file", Code: code, Text: "文件重复", Outcome: want.Outcome, Class: want.Class},
			bank.End{Results: 1},
		}
		if diff := cmp.Diff(records, got, figures()); diff != "" {
			t.Errorf("(-want, +got):\n%s", diff)
		}
		if again := rewritten(t, unionPay(), got, summary); again != give {
			t.Errorf("written again: %q", again)
		}
	}
	if _, _, err := read(t, "12|x\r\n"+unionPayFile, unionPay()); !errors.Is(err, layout.ErrMalformed) {
		t.Errorf("results after a refusal: got %v", err)
	}
}

// utility is a family whose columns are separated by blanks, with the totals in
// the last line and the code put into the line that we sent.
func utility() layout.Layout {
	return layout.Layout{
		Name: "utility", Format: layout.Delimited, Content: layout.Results, Charset: layout.GBK,
		Separator: layout.Blank, LineEnd: layout.LF, Unit: layout.Fen,
		Fields: []layout.Field{
			{Name: layout.Sequence, Required: true},
			{Name: layout.Account, Required: true},
			{Name: layout.Name, Required: true, MaxBytes: 60},
			{Name: layout.Amount, Required: true},
			{Name: layout.Code, Required: true},
			{Name: layout.Text, Default: "-", MaxBytes: 12},
		},
		Trailer: []layout.Row{{Fields: []layout.Field{
			{Name: layout.Constant, Text: "合计"}, {Name: layout.Count, Required: true}, {Name: layout.Sum, Required: true},
		}}},
		Answers: layout.Answers{Codes: map[string]layout.Answer{
			"001": succeeded(), "002": failed(bank.ClassRetryFunds),
		}},
	}
}

func TestReadText_columnsBetweenBlanks(t *testing.T) {
	t.Parallel()
	file := "1  81001   王小明  15000 001 电费\n" + "  2 81002 李  200  002    -  \n" + "合计 2 15200\n"
	got, summary, err := read(t, file, utility())
	want := []bank.Record{
		bank.FileHead{Format: "delimited", Kind: "result"},
		bank.Result{
			Index: 0, Line: 1, Level: "item", Account: "81001", Name: "王小明", Amount: figure("150.00"), Code: "001",
			Text: "电费", Outcome: bank.OutcomeSucceeded, Class: bank.ClassSuccess,
		},
		bank.Result{
			Index: 1, Line: 2, Level: "item", Account: "81002", Name: "李", Amount: figure("2.00"), Code: "002",
			Text: "-", Outcome: bank.OutcomeFailed, Class: bank.ClassRetryFunds,
		},
		bank.End{Results: 2},
	}
	if diff := cmp.Diff(want, got, figures()); err != nil || diff != "" || summary.Problems != 0 {
		t.Fatalf("%v %+v (-want, +got):\n%s", err, summary, diff)
	}
	if again := rewritten(t, utility(), got, summary); again != "1 81001 王小明 15000 001 电费\n2 81002 李 200 002 -\n合计 2 15200\n" {
		t.Errorf("written again: %q", again)
	}
	l := utility()
	w, err := delimited.NewWriter(io.Discard, l)
	if err != nil {
		t.Fatal(err)
	}
	err = w.WriteResult(bank.Result{
		Level: "item", Account: "81001", Name: "买买提 明", Amount: figure("1.00"), Code: "001",
		Outcome: bank.OutcomeSucceeded,
	})
	if !errors.Is(err, layout.ErrField) {
		t.Errorf("a blank inside a name: got %v", err)
	}
	if _, summary, err := read(t, strings.Replace(file, "15200", "15201", 1), l); err != nil || summary.Problems != 1 {
		t.Errorf("got %v, %+v", err, summary)
	}
}

func TestReadText_marksOfRecords(t *testing.T) {
	t.Parallel()
	// A bank's core marks its header 1 and its details 2, and says AAAAAAA for success.
	l := layout.Layout{
		Name: "core", Format: layout.Delimited, Content: layout.Results, Charset: layout.GB18030, Separator: '|',
		LineEnd: layout.LF, Unit: layout.Yuan, Prefix: "#",
		Header: []layout.Row{{Prefix: "#", Fields: []layout.Field{
			{Name: layout.Constant, Text: "1"}, {Name: layout.BatchID}, {Name: layout.Count}, {Name: layout.Sum},
		}}},
		Fields: []layout.Field{
			{Name: layout.Constant, Text: "2"},
			{Name: layout.SocialNo, Required: true},
			{Name: layout.Amount},
			{Name: layout.Moved},
			{Name: layout.Code},
		},
		Answers: layout.Answers{Codes: map[string]layout.Answer{
			"AAAAAAA": succeeded(), "E2034": failed(bank.ClassRetryFunds),
		}},
	}
	file := "#1|B7|4|400.00\n#2|S1|100.00|100.00|AAAAAAA\n#2|S2|100.00|0.00|E2034\n#2|S3|100.00|99.00|AAAAAAA\n" +
		"#2|S4|100.00|100.00|E2034\n"
	got, _, err := read(t, file, l)
	if err != nil {
		t.Fatal(err)
	}
	want := []bank.Outcome{bank.OutcomeSucceeded, bank.OutcomeFailed, bank.OutcomeUnknown, bank.OutcomeUnknown}
	for i, outcome := range want {
		if v, ok := got[i+1].(bank.Result); !ok || v.Outcome != outcome || v.BatchID != "B7" {
			t.Errorf("row %d: got %+v, want %s", i+1, got[i+1], outcome)
		}
	}
	for _, give := range []string{
		strings.Replace(file, "#2|S2", "#1|S2", 1), strings.Replace(file, "#2|S2", "2|S2", 1),
		strings.Replace(file, "#1|B7", "1|B7", 1),
	} {
		if _, _, err := read(t, give, l); !errors.Is(err, layout.ErrMalformed) {
			t.Errorf("%q: got %v", give, err)
		}
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	a := layout.Answers{
		Codes: map[string]layout.Answer{
			"成功": succeeded(), "失败": {Outcome: bank.OutcomeFailed}, "3018": failed(bank.ClassFixAccount), "": pending(),
		},
		Phrases: []layout.Phrase{
			{Text: "处理中", Answer: pending()},
			{Text: "余额不足", Answer: failed(bank.ClassRetryFunds)},
			{Text: "交易成功", Answer: succeeded()},
		},
	}
	unknown := layout.Answer{Outcome: bank.OutcomeUnknown, Class: bank.ClassUnknown}
	for _, tt := range []struct {
		code, reason string
		want         layout.Answer
	}{
		{"成功", "", succeeded()},
		{"成功", "交易成功", succeeded()},
		{"成功", "随便", succeeded()},
		{"成功", "余额不足", unknown},
		{"成功", "处理中", unknown},
		{"失败", "余额不足", failed(bank.ClassRetryFunds)},
		{"失败", "请咨询柜台", failed(bank.ClassUnknown)},
		{"失败", "", failed(bank.ClassUnknown)},
		{"失败", "处理中", unknown},
		{"失败", "交易成功", unknown},
		{"3018", "余额不足", failed(bank.ClassFixAccount)},
		{"", "", pending()},
		{"", "余额不足", pending()},
		{"9999", "", unknown},
		{"9999", "余额不足", failed(bank.ClassRetryFunds)},
	} {
		if got := a.Of(tt.code, tt.reason); got != tt.want {
			t.Errorf("%q %q: got %+v, want %+v", tt.code, tt.reason, got, tt.want)
		}
	}
	fixed := layout.Answers{Fixed: &layout.Answer{Outcome: bank.OutcomeSucceeded, Class: bank.ClassSuccess}, Phrases: a.Phrases}
	if got := fixed.Of("x", "余额不足"); got != unknown {
		t.Errorf("a failure among the succeeded: got %+v", got)
	}
	if got := fixed.Of("x", ""); got != succeeded() {
		t.Errorf("got %+v", got)
	}
}

func TestReadText_days(t *testing.T) {
	t.Parallel()
	l := unionPay()
	for give, want := range map[string]string{
		"20261126": "2026-11-26", "2026-11-26": "2026-11-26", "2026/11/26": "2026-11-26", "2026.11.26": "2026-11-26",
		"2026年11月26日": "2026-11-26", "2026/1/5": "2026-01-05", "2026-11-26 10:11:12": "2026-11-26",
		"2026-11-26T10:11": "2026-11-26", "20261126101112": "2026-11-26", "2024-02-29": "2024-02-29",
		"2026-02-29": "", "2026-13-01": "", "20260230": "", "20261126251112": "", "26-11-26": "", "2026-11-26 25:11:12": "",
		"2026-11-26x": "", "2026-11": "", "0": "", "２０２６1126": "", "2026-111-2": "", "2026-11-26 ": "",
	} {
		file := strings.Replace(unionPayFile, "20261126", give, 1)
		got, _, err := read(t, file, l)
		if want == "" {
			if !errors.Is(err, layout.ErrMalformed) {
				t.Errorf("%q: got %v", give, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", give, err)
			continue
		}
		if v, ok := got[1].(bank.Result); !ok || v.ValueDate.String() != want {
			t.Errorf("%q: got %+v", give, got[1])
		}
	}
}

func TestF108_thousandthsAndLooseAmounts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		give      string
		li, loose string
	}{
		{"15000", "15.00", "15000.00"},
		{"10", "0.01", "10.00"},
		{"0", "0.00", "0.00"},
		{"15005", "", "15005.00"},
		{"15.00", "", "15.00"},
		{"15.5", "", "15.50"},
		{"1,234.5", "", "1234.50"},
		{"1,234,567", "", "1234567.00"},
		{"12,34", "", ""},
		{"1,2345", "", ""},
		{"1234,567", "", ""},
		{",123", "", ""},
		{"15.", "", ""},
		{".5", "", ""},
		{"15.005", "", ""},
		{"-15", "", ""},
		{"", "", ""},
		{"1,23a", "", ""},
	} {
		for unit, want := range map[layout.Unit]string{layout.Li: tt.li, layout.Yuan: tt.loose} {
			l := layouttest.RuralCooperativeResultSucceeded()
			l.Unit, l.LooseAmounts = unit, unit == layout.Yuan
			_, summary, err := read(t, "S1|王|440524188001010014|"+tt.give+"|B1\n", l)
			if want == "" && !errors.Is(err, layout.ErrMalformed) {
				t.Errorf("%q %s: got %v, %v", tt.give, unit, summary.Sum, err)
			}
			if want != "" && (err != nil || summary.Sum != money.MustParse(want)) {
				t.Errorf("%q %s: got %v, %v; want %s", tt.give, unit, summary.Sum, err, want)
			}
		}
	}
}

func TestF110_checkedNumbers(t *testing.T) {
	t.Parallel()
	for check, tt := range map[layout.Check]struct{ good, bad []string }{
		layout.CheckIDNumber: {
			[]string{"11010519491231002X", "440524188001010014"},
			[]string{
				"110105194912310021", "110105491231002", "11010519490230002X", "", "１1010519491231002X",
				"11010519491231002Y",
			},
		},
		layout.CheckBankNo: {[]string{"102100099996", "403100000004"}, []string{"102100099995", "10210009999", ""}},
		layout.CheckCard:   {[]string{"6222020000000000000"}, []string{"6222020000000000001", "62220", ""}},
		layout.CheckDigits: {[]string{"0", "00123"}, []string{"12a", "１２", "-1", ""}},
	} {
		l := layouttest.RuralCooperativeResultSucceeded()
		l.Fields[2] = layout.Field{Name: layout.IDNumber, Required: true, Check: check}
		for _, give := range tt.good {
			if _, _, err := read(t, "S1|王|"+give+"|1.00|B1\n", l); err != nil {
				t.Errorf("%s %s: %v", check, give, err)
			}
		}
		for _, give := range tt.bad {
			_, _, err := read(t, "S1|王|"+give+"|1.00|B1\n", l)
			if !errors.Is(err, layout.ErrMalformed) || give != "" && strings.Contains(err.Error(), give) {
				t.Errorf("%s %q: got %v", check, give, err)
			}
			w, err := delimited.NewWriter(io.Discard, l)
			if err != nil {
				t.Fatal(err)
			}
			err = w.WriteResult(bank.Result{
				SocialNo: "S1", Name: "王", IDNumber: give, BatchID: "B1", Amount: figure("1.00"), Level: "item",
				Outcome: bank.OutcomeSucceeded,
			})
			if !errors.Is(err, layout.ErrField) {
				t.Errorf("%s %q was written: %v", check, give, err)
			}
		}
	}
}

func TestShape_showsNobody(t *testing.T) {
	t.Parallel()
	for give, want := range map[string]string{
		"": "nothing", "王小明": `"***"`, "1,234.50": `"9,999.99"`, "abcX": `"aaaa"`, "a\x00|": `"a*|"`,
		strings.Repeat("1", 30): `"` + strings.Repeat("9", 24) + `…"`, "１é": `"**"`, "\xFF": `"*"`,
	} {
		if got := layout.Shape(give); got != want {
			t.Errorf("%q: got %s, want %s", give, got, want)
		}
	}
}

func TestValidate_namesThePlace(t *testing.T) {
	t.Parallel()
	for path, spoil := range map[string]func(*layout.Layout){
		"format":                      func(l *layout.Layout) { l.Format = "" },
		"charset":                     func(l *layout.Layout) { l.Charset = "big5" },
		"separator":                   func(l *layout.Layout) { l.Separator = 'a' },
		"unit":                        func(l *layout.Layout) { l.Unit = "" },
		"totals_unit":                 func(l *layout.Layout) { l.TotalsUnit = "jiao" },
		"dates":                       func(l *layout.Layout) { l.Dates = "american" },
		"loose_amounts":               func(l *layout.Layout) { l.LooseAmounts = true },
		"fields[2].name":              func(l *layout.Layout) { l.Fields[2].Name = "colour" },
		"fields[7].name":              func(l *layout.Layout) { l.Fields[7].Name = layout.Name },
		"fields[2].text":              func(l *layout.Layout) { l.Fields[2].Text = "x" },
		"fields[1].text":              func(l *layout.Layout) { l.Fields[1].Text = "a|b" },
		"fields[2].default":           func(l *layout.Layout) { l.Fields[2].Default = "a|b" },
		"fields[2].title":             func(l *layout.Layout) { l.Fields[2].Title = " a" },
		"fields[2].optional":          func(l *layout.Layout) { l.Fields[2].Optional = true },
		"fields[0].max_bytes":         func(l *layout.Layout) { l.Fields[0].MaxBytes = -1 },
		"fields[0].cut":               func(l *layout.Layout) { l.Fields[0].Cut, l.Fields[0].MaxBytes = true, 9 },
		"fields[4].cut":               func(l *layout.Layout) { l.Fields[4].Cut = true },
		"fields[0].check":             func(l *layout.Layout) { l.Fields[0].Check = "luck" },
		"fields[0].width":             func(l *layout.Layout) { l.Fields[0].Width = -1 },
		"fields[0].align":             func(l *layout.Layout) { l.Fields[0].Align = "middle" },
		"fields[0].pad":               func(l *layout.Layout) { l.Fields[0].Pad, l.Fields[0].Width = "|", 9 },
		"fields[2].values":            func(l *layout.Layout) { l.Fields[2].Values = map[string]string{"1": "2"} },
		"header[0].fields[3].name":    func(l *layout.Layout) { l.Header[0].Fields[3].Name = layout.Name },
		"header[1].titles":            func(l *layout.Layout) { l.Header[1].Fields = l.Header[0].Fields },
		"trailer[0].fields":           func(l *layout.Layout) { l.Trailer = []layout.Row{{}} },
		"trailer[0].prefix":           func(l *layout.Layout) { l.Trailer = []layout.Row{{Prefix: "合计"}} },
		"sheet_name":                  func(l *layout.Layout) { l.SheetName = "x" },
		"heading_within":              func(l *layout.Layout) { l.HeadingWithin = 3 },
		"total_phrases":               func(l *layout.Layout) { l.TotalPhrases = []string{"合计"} },
		"reject.level":                func(l *layout.Layout) { l.Reject.Level = "item" },
		"reject.fields":               func(l *layout.Layout) { l.Reject.Fields = l.Header[0].Fields },
		"reject.fields[0].name":       func(l *layout.Layout) { l.Reject.Fields[0].Name = layout.Amount },
		`reject.answers.codes["12"]`:  func(l *layout.Layout) { l.Reject.Answers.Codes["12"] = succeeded() },
		`answers.codes[""]`:           func(l *layout.Layout) { l.Answers.Codes[""] = failed(bank.ClassBlocked) },
		`answers.codes["0000"].class`: func(l *layout.Layout) { l.Answers.Codes["0000"] = layout.Answer{Outcome: bank.OutcomeSucceeded} },
		`answers.codes["1"].class`:    func(l *layout.Layout) { l.Answers.Codes["1"] = failed("LOST") },
		"answers.phrases[0].text":     func(l *layout.Layout) { l.Answers.Phrases = []layout.Phrase{{Answer: pending()}} },
		"answers.phrases[0].class":    func(l *layout.Layout) { l.Answers.Phrases = []layout.Phrase{{Text: "x"}} },
		"answers.codes":               func(l *layout.Layout) { l.Fields[5].Name = layout.Ignored },
		"content":                     func(l *layout.Layout) { l.Content = "x" },
		"line_end":                    func(l *layout.Layout) { l.LineEnd = "" },
		"trailing_separator":          func(l *layout.Layout) { l.Separator, l.Trailing = layout.Blank, true },
		"padded":                      func(l *layout.Layout) { l.Separator, l.Padded = layout.Blank, true },
		"fields[0].required":          func(l *layout.Layout) { l.Separator, l.Fields[0].Required = layout.Blank, false },
		"prefix":                      func(l *layout.Layout) { l.Prefix = "行" },
		"row_limit":                   func(l *layout.Layout) { l.RowLimit = -1 },
	} {
		l := unionPay()
		spoil(&l)
		err := l.Validate()
		f, ok := errors.AsType[*fault.Error](err)
		if !errors.Is(err, layout.ErrLayout) || !ok || f.Field != path {
			t.Errorf("%s: got %v on %+v", path, err, f)
		}
	}
	for _, l := range []layout.Layout{unionPay(), utility()} {
		if err := l.Validate(); err != nil {
			t.Errorf("%s: %v", l.Name, err)
		}
	}
}

func TestSeparator_asText(t *testing.T) {
	t.Parallel()
	for give, want := range map[string]layout.Separator{"|": '|', "tab": '\t', "blanks": layout.Blank, "\t": '\t'} {
		var s layout.Separator
		if err := s.UnmarshalText([]byte(give)); err != nil || s != want {
			t.Errorf("%q: got %q, %v", give, s, err)
		}
	}
	for _, give := range []string{"", "||", "、", "space"} {
		var s layout.Separator
		if err := s.UnmarshalText([]byte(give)); !errors.Is(err, layout.ErrLayout) {
			t.Errorf("%q: got %v", give, err)
		}
	}
}

func TestWriter_valuesAndWords(t *testing.T) {
	t.Parallel()
	l := unionPay()
	l.Header, l.Reject = nil, nil
	l.Fields = append(l.Fields, layout.Field{Name: layout.Text})
	for _, tt := range []struct {
		code, text string
		class      bank.Class
		want       string
	}{
		{"3008", "随便", bank.ClassRetryFunds, "I1|156|100|||3008|随便||\r\n"},
		// Words that would make a reader doubt the code stand in the text.
		{"0000", "备注:余额不足", bank.ClassSuccess, "I1|156|100|||0000|||备注:余额不足\r\n"},
	} {
		own := l
		own.Answers.Phrases = []layout.Phrase{{Text: "余额不足", Answer: failed(bank.ClassRetryFunds)}}
		var b bytes.Buffer
		w, err := delimited.NewWriter(&b, own)
		if err != nil {
			t.Fatal(err)
		}
		outcome := bank.OutcomeFailed
		if tt.class == bank.ClassSuccess {
			outcome = bank.OutcomeSucceeded
		}
		v := bank.Result{
			Level: "item", ItemID: "I1", Amount: figure("1.00"), Code: tt.code, Text: tt.text, Outcome: outcome, Class: tt.class,
			Line: 1,
		}
		err = w.WriteResult(v)
		if _, closeErr := w.Close(); err != nil || closeErr != nil {
			t.Fatal(err, closeErr)
		}
		text, err := gb18030.New(gb18030.GBK).Decode(nil, b.Bytes())
		if err != nil || string(text) != tt.want {
			t.Errorf("got %q, %v; want %q", text, err, tt.want)
		}
		got, _, err := read(t, string(text), own)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(bank.Record(v), got[1], figures()); diff != "" {
			t.Errorf("(-written, +read):\n%s", diff)
		}
	}
}

func FuzzReadText(f *testing.F) {
	f.Add(unionPayFile, uint8(0))
	f.Add("12|文件重复\r\n", uint8(0))
	f.Add("1  81001   王小明  15000 001 电费\n合计 1 15000\n", uint8(1))
	f.Fuzz(func(t *testing.T, give string, which uint8) {
		defer bound.Second(t)()
		l := []layout.Layout{unionPay(), utility()}[which%2]
		l.Charset = layout.UTF8
		records, summary, err := read(t, give, l)
		if err != nil || summary.Problems > 0 {
			return
		}
		if l.Name == "acp-result" && len(records) == 3 && summary.Rows == 0 && !summary.Refused {
			t.Fatalf("%+v", records)
		}
		again := rewritten(t, l, records, summary)
		back, _, err := read(t, again, l)
		if err != nil {
			t.Fatalf("%v in %q", err, again)
		}
		if diff := cmp.Diff(records, back, figures()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// changing is a file that somebody still writes: read again, it says other things.
type changing struct {
	*strings.Reader
	again string
}

func (c *changing) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekStart && c.Len() == 0 {
		c.Reader = strings.NewReader(c.again)
	}
	return c.Reader.Seek(offset, whence)
}

func TestF113_aFileThatChangesWhileItIsReadIsRefused(t *testing.T) {
	t.Parallel()
	const row = "S1|a|440524188001010014|1.00|B1|6217|610304001001\n"
	l := layouttest.RuralCooperativeWithholding()
	for again, want := range map[string]error{
		row: nil, row + row: layout.ErrChanged, strings.Replace(row, "1.00", "2.00", 1): layout.ErrChanged,
		row[:20]: layout.ErrMalformed, "": layout.ErrEmpty,
	} {
		ended := false
		_, err := delimited.Read(t.Context(), &changing{strings.NewReader(row), again}, l, func(r bank.Record) error {
			_, isEnd := r.(bank.End)
			ended = ended || isEnd
			return nil
		})
		if !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", again, err, want)
		}
		if ended && want != nil {
			t.Errorf("%q: an end was given out", again)
		}
	}
}

func TestF112_sumsBeyondWhatAnAmountHolds(t *testing.T) {
	t.Parallel()
	row := "S1|a|440524188001010014|9999999999999.99|B1\n"
	l := layouttest.RuralCooperativeResultSucceeded()
	if _, summary, err := read(t, row, l); err != nil || summary.Sum != money.Max {
		t.Errorf("got %v, %v", summary, err)
	}
	if _, _, err := read(t, row+row, l); !errors.Is(err, layout.ErrSum) {
		t.Errorf("got %v, want ErrSum", err)
	}
	w, err := delimited.NewWriter(io.Discard, l)
	if err != nil {
		t.Fatal(err)
	}
	v := bank.Result{
		SocialNo: "S", Name: "a", IDNumber: "4", BatchID: "B", Amount: figure("9999999999999.99"), Level: "item",
		Outcome: bank.OutcomeSucceeded,
	}
	if err := errors.Join(w.WriteResult(v), w.WriteResult(v)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Close(); !errors.Is(err, layout.ErrSum) {
		t.Errorf("got %v, want ErrSum", err)
	}
}

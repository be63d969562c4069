package delimited_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

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

func gb(tb testing.TB, text string) []byte {
	tb.Helper()
	raw, err := gb18030.New(gb18030.GB18030).Encode(nil, text)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

func read(ctx context.Context, r io.Reader, form layout.Layout) ([]bank.Record, layout.Summary, error) {
	var records []bank.Record
	summary, err := delimited.Read(ctx, r, form, func(r bank.Record) error {
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

const requests = "S001|王小明|440524188001010014|100.00|B20260001|6217000011112222|610304001001\n" +
	"S002|東億|11010519491231002X|2000.00|B20260001|6217000011113333|610304001002\n"

func TestRead_withholdingRequest(t *testing.T) {
	t.Parallel()
	want := []bank.Record{
		bank.FileHead{Format: "delimited", Kind: "batch"},
		bank.BatchHead{Direction: bank.Collection, BatchID: "B20260001", Count: 2, Sum: *figure("2100.00")},
		bank.BatchItem{
			Index: 0, SocialNo: "S001", Name: "王小明", IDNumber: "440524188001010014", Amount: *figure("100.00"),
			Account: "6217000011112222", Region: "610304001001",
		},
		bank.BatchItem{
			Index: 1, SocialNo: "S002", Name: "東億", IDNumber: "11010519491231002X", Amount: *figure("2000.00"),
			Account: "6217000011113333", Region: "610304001002",
		},
		bank.End{Items: 2},
	}
	for _, r := range []io.Reader{
		bytes.NewReader(gb(t, requests)), iotest.OneByteReader(bytes.NewReader(gb(t, requests))),
		bytes.NewReader(gb(t, strings.ReplaceAll(requests, "\n", "\r\n")+"\r\n\n")),
	} {
		got, summary, err := read(t.Context(), r, layouttest.RuralCooperativeWithholding())
		if err != nil || summary != (layout.Summary{Rows: 2, Sum: money.MustParse("2100.00")}) {
			t.Fatalf("%+v, %v", summary, err)
		}
		if diff := cmp.Diff(want, got, figures()); diff != "" {
			t.Errorf("(-want, +got):\n%s", diff)
		}
	}
}

func TestRead_resultsByPhrase(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]layout.Answer{
		"余额不足":        {Outcome: bank.OutcomeFailed, Class: bank.ClassRetryFunds},
		"可用余额不足，扣款失败": {Outcome: bank.OutcomeFailed, Class: bank.ClassRetryFunds},
		"账号户名不符":      {Outcome: bank.OutcomeFailed, Class: bank.ClassFixAccount},
		"无此账户":        {Outcome: bank.OutcomeFailed, Class: bank.ClassFixAccount},
		"已清户":         {Outcome: bank.OutcomeFailed, Class: bank.ClassFixAccount},
		"账户冻结":        {Outcome: bank.OutcomeFailed, Class: bank.ClassBlocked},
		"账户止付":        {Outcome: bank.OutcomeFailed, Class: bank.ClassBlocked},
		"协议不存在":       {Outcome: bank.OutcomeFailed, Class: bank.ClassFixMandate},
		"系统超时":        {Outcome: bank.OutcomeFailed, Class: bank.ClassRetryTechnical},
		"网络故障":        {Outcome: bank.OutcomeFailed, Class: bank.ClassRetryTechnical},
		"重复交易":        {Outcome: bank.OutcomeFailed, Class: bank.ClassDuplicate},
		"系统处理中":       {Outcome: bank.OutcomePending, Class: bank.ClassUnknown},
		"":            {Outcome: bank.OutcomeUnknown, Class: bank.ClassUnknown},
		"请咨询柜台":       {Outcome: bank.OutcomeUnknown, Class: bank.ClassUnknown},
	} {
		got, _, err := read(t.Context(), bytes.NewReader(gb(t, "S1|王|440524188001010014|100.00|B1|"+reason+"\n")),
			layouttest.RuralCooperativeResultFailed())
		if err != nil {
			t.Fatal(err)
		}
		r, ok := got[1].(bank.Result)
		if !ok || r.Outcome != want.Outcome || r.Class != want.Class || r.Text != reason || r.Line != 1 ||
			r.BatchID != "B1" {
			t.Errorf("%q: got %+v, want %+v", reason, got[1], want)
		}
	}
}

func TestRead_emptyResultFiles(t *testing.T) {
	t.Parallel()
	for _, form := range []layout.Layout{
		layouttest.RuralCooperativeResultSucceeded(), layouttest.RuralCooperativeResultFailed(),
		layouttest.RuralCooperativePayoutFailed(),
	} {
		got, _, err := read(t.Context(), strings.NewReader(""), form)
		want := []bank.Record{bank.FileHead{Format: "delimited", Kind: "result"}, bank.End{}}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", form.Name, err, diff)
		}
	}
	if _, _, err := read(t.Context(), strings.NewReader(""), layouttest.RuralCooperativeWithholding()); !errors.Is(err,
		layout.ErrEmpty) {
		t.Errorf("got %v, want ErrEmpty", err)
	}
}

func TestRead_accountOpening(t *testing.T) {
	t.Parallel()
	got, _, err := read(t.Context(), bytes.NewReader(gb(t, "S1|王|440524188001010014|610304001001|陈仓区虢镇\n")),
		layouttest.RuralCooperativeAccountOpening())
	want := []bank.Record{
		bank.FileHead{Format: "delimited", Kind: "batch"},
		bank.BatchHead{Count: 1},
		bank.BatchItem{
			SocialNo: "S1", Name: "王", IDNumber: "440524188001010014", Region: "610304001001",
			Text: "陈仓区虢镇",
		},
		bank.End{Items: 1},
	}
	if diff := cmp.Diff(want, got, figures()); err != nil || diff != "" {
		t.Errorf("%v (-want, +got):\n%s", err, diff)
	}
	opened := "S1|王|440524188001010014|610304001001|虢镇|6217000011112222|1\n" +
		"S2|李|11010519491231002X|610304001001||81001|9\n"
	got, _, err = read(t.Context(), bytes.NewReader(gb(t, opened)), layouttest.RuralCooperativeAccountsOpened())
	if err != nil {
		t.Fatal(err)
	}
	card, first := got[1].(bank.Result)
	unknown, second := got[2].(bank.Result)
	if !first || !second {
		t.Fatalf("got %+v", got)
	}
	if card.Account != "6217000011112222" || card.Outcome != bank.OutcomeSucceeded || card.Region != "610304001001" {
		t.Errorf("got %+v", card)
	}
	if unknown.Outcome != bank.OutcomeUnknown || unknown.Class != bank.ClassUnknown {
		t.Errorf("an unknown medium is not known to be open, got %+v", unknown)
	}
	many := strings.Repeat("S1|王|440524188001010014|610304001001|x\n", 501)
	if _, _, err := read(t.Context(), bytes.NewReader(gb(t, many)),
		layouttest.RuralCooperativeAccountOpening()); !errors.Is(err, layout.ErrRows) {
		t.Errorf("got %v, want ErrRows for 501 accounts", err)
	}
}

// malformed returns the rows that a file was refused for.
func malformed(t *testing.T, raw []byte, form layout.Layout) []layout.RowFault {
	t.Helper()
	records, _, err := read(t.Context(), bytes.NewReader(raw), form)
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

func TestRead_refusesAFileWithMalformedRowsWhole(t *testing.T) {
	t.Parallel()
	good := "S1|王|440524188001010014|1.00|B1\n"
	file := good + "S1|王|440524188001010014|1.00\n" + good + "|王|440524188001010014|1.00|B1\n" +
		"S1|王|440524188001010014|1.00|B1|x\n\nS1|\x01|4|1.00|B1\n" + good + "S1|王|4|1.0|B1\n" + "S1|" +
		strings.Repeat("x", 70_000) + "\n"
	got := malformed(t, gb(t, file), layouttest.RuralCooperativeResultSucceeded())
	const controls, long = "text without control characters", "at most 65536 bytes"
	want := []layout.RowFault{
		{Line: 2, Code: "fields", Want: "5 fields", Got: "4"},
		{Line: 4, Code: "required", Field: layout.SocialNo, Column: 1, Want: "a value", Got: "nothing"},
		{Line: 5, Code: "fields", Want: "5 fields", Got: "6"},
		{Line: 6, Code: "fields", Want: "5 fields", Got: "1"},
		{Line: 7, Code: "control_character", Want: controls},
		{Line: 9, Code: "amount", Field: layout.Amount, Column: 4, Want: "yuan with two decimals", Got: `"1.0"`},
		{Line: 10, Code: "line_length", Want: long},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want, +got):\n%s", diff)
	}
	records, _, err := read(t.Context(), bytes.NewReader(gb(t, file)), layouttest.RuralCooperativeResultSucceeded())
	if err == nil || len(records) != 2 {
		t.Errorf("%d records were given out, want the head and the row before the first malformed one", len(records))
	}
	many := malformed(t, gb(t, strings.Repeat("x\n", 100)), layouttest.RuralCooperativeResultSucceeded())
	if len(many) != layout.MaxFaults || many[19].Line != 20 {
		t.Errorf("got %d rows, want the first %d", len(many), layout.MaxFaults)
	}
	differs := requests + strings.Replace(requests, "B20260001", "B20260002", 1)
	if got := malformed(t, gb(t, differs), layouttest.RuralCooperativeWithholding()); len(got) != 1 ||
		got[0].Line != 3 || got[0].Code != "batch_differs" {
		t.Errorf("got %+v, want line 3 of another batch", got)
	}
}

func TestMalformedError_namesRowsAndNobody(t *testing.T) {
	t.Parallel()
	_, _, err := read(t.Context(), bytes.NewReader(gb(t, "S1|王小明|440524188001010014|abc|B1\n")),
		layouttest.RuralCooperativeResultSucceeded())
	if err == nil || !strings.Contains(err.Error(), "line 1, field 4 (amount): amount: expected yuan with two decimals, found \"abc\"") ||
		strings.Contains(err.Error(), "王") {
		t.Errorf("got %v", err)
	}
	var f *fault.Error
	if !errors.As(err, &f) || f.Line != 1 || f.Field != "amount" {
		t.Errorf("got %+v, want the first line and field", f)
	}
}

func TestF101_charsetFaultsRefuseTheFile(t *testing.T) {
	t.Parallel()
	form := layouttest.RuralCooperativeResultSucceeded()
	for _, name := range []string{"\xFF\xFE", "\xCD\xF5\x81 ", "\xAA\xA1", "\xFE\x51", "\x82\x35\x90\x37"} {
		got := malformed(t, []byte("S1|"+name+"|4|1.00|B1\n"), form)
		if len(got) != 1 || got[0].Line != 1 || got[0].Code != "charset" {
			t.Errorf("% X: got %+v", name, got)
		}
	}
	row := "S1|王小|440524188001010014|1.00|B1\n"
	for _, give := range []string{"\uFEFF" + row, row + row, "\xEF\xBB\xBF" + row} {
		if _, _, err := read(t.Context(), strings.NewReader(give), form); !errors.Is(err, layout.ErrCharset) {
			t.Errorf("%q is UTF-8 and its form says GB18030: got %v", give, err)
		}
	}
	form.Charset = layout.UTF8
	if got := malformed(t, gb(t, row), form); got[0].Code != "charset" {
		t.Errorf("got %+v", got)
	}
	if got := malformed(t, []byte("S1|\uFFFD|4|1.00|B1\n"), form); got[0].Code != "charset" {
		t.Errorf("a replacement character is a damaged name, got %+v", got)
	}
	if _, summary, err := read(t.Context(), strings.NewReader("\uFEFF"+row), form); err != nil || summary.Rows != 1 {
		t.Errorf("a byte order mark before UTF-8 is nothing, got %v", err)
	}
	// This pair of GB characters is UTF-8 as well; it is not taken for it.
	if _, _, err := read(t.Context(), bytes.NewReader(gb(t, strings.Repeat("S1|联通|4|1.00|B1\n", 9))),
		layouttest.RuralCooperativeResultSucceeded()); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestF102_rareNamesAreWrittenOrRefusedByTheirRow(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		charset layout.Charset
		name    string
		want    string
	}{
		{layout.GB18030, "𠮷㛃·古丽•买买提\u3000", ""},
		{layout.GBK, "镕䶮·", ""},
		{layout.GBK, "王𠮷", "character 2, U+20BB7"},
		{layout.GBK, "㛃", "character 1, U+36C3"},
		{layout.Latin1, "Ürü王", "character 4, U+738B"},
		{layout.UTF8, "王\uFFFD", "not a character"},
		{layout.UTF8, "王𠮷", ""},
	} {
		form := layouttest.RuralCooperativeResultSucceeded()
		form.Charset = tt.charset
		var b bytes.Buffer
		w, err := delimited.NewWriter(&b, form)
		if err != nil {
			t.Fatal(err)
		}
		v := bank.Result{
			SocialNo: "S1", Name: tt.name, IDNumber: "4", BatchID: "B1", Amount: figure("1.00"), Level: "item", Line: 1,
			Outcome: bank.OutcomeSucceeded, Class: bank.ClassSuccess,
		}
		err = w.WriteResult(v)
		if tt.want != "" {
			var f *fault.Error
			if !errors.Is(err, gb18030.ErrRune) || !strings.Contains(err.Error(), tt.want) || !errors.As(err, &f) ||
				!strings.Contains(f.Text, "result 0 (counted from 0): ") || f.Line != 0 || f.Field != "name" {
				t.Errorf("%s %q: got %v, want %q", tt.charset, tt.name, err, tt.want)
			}
			if _, err := w.Close(); err == nil {
				t.Error("a file with a refused name must not close well")
			}
			continue
		}
		if _, closeErr := w.Close(); err != nil || closeErr != nil {
			t.Fatal(err, closeErr)
		}
		got, _, err := read(t.Context(), &b, form)
		if diff := cmp.Diff(bank.Record(v), got[1], figures()); err != nil || diff != "" {
			t.Errorf("%s %q: %v %s", tt.charset, tt.name, err, diff)
		}
	}
}

func TestF103_separatorInsideCharacters(t *testing.T) {
	t.Parallel()
	c := gb18030.New(gb18030.GB18030)
	form := layouttest.RuralCooperativeResultSucceeded()
	var b bytes.Buffer
	w, err := delimited.NewWriter(&b, form)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for lead := byte(0x81); lead < 0xFF; lead++ {
		char, err := c.Decode(nil, []byte{lead, '|'})
		if err != nil {
			continue
		}
		names = append(names, "王"+string(char)+string(char))
		err = w.WriteResult(bank.Result{
			SocialNo: "S", Name: names[len(names)-1], IDNumber: "4", Amount: figure("1.00"), BatchID: "B",
			Level:   "item",
			Outcome: bank.OutcomeSucceeded,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if receipt, err := w.Close(); err != nil || receipt.Rows < 116 {
		t.Fatalf("%+v, %v", receipt, err)
	}
	got, _, err := read(t.Context(), &b, form)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		if r, ok := got[i+1].(bank.Result); !ok || r.Name != name {
			t.Errorf("row %d: got %+v, want %s", i+1, got[i+1], name)
		}
	}
	for _, name := range []string{"a|b", "a\nb", "a\rb", "a\tb", "a\x00", "\x7F", "\u0085", "\u2028", "\u2029", ""} {
		w, err := delimited.NewWriter(io.Discard, form)
		if err != nil {
			t.Fatal(err)
		}
		err = w.WriteResult(bank.Result{
			SocialNo: "S", Name: name, IDNumber: "4", Amount: figure("1.00"), BatchID: "B", Level: "item",
			Outcome: bank.OutcomeSucceeded,
		})
		if !errors.Is(err, layout.ErrField) {
			t.Errorf("%q: got %v, want ErrField", name, err)
		}
	}
}

func TestF108_amounts(t *testing.T) {
	t.Parallel()
	yuan, fen := layouttest.RuralCooperativeResultSucceeded(), layouttest.RuralCooperativeResultSucceeded()
	fen.Unit = layout.Fen
	for _, tt := range []struct {
		give      string
		yuan, fen string
	}{
		{"0.00", "0.00", ""},
		{"183.10", "183.10", ""},
		{"9999999999999.99", "9999999999999.99", ""},
		{"18310", "", "183.10"},
		{"000000018310", "", "183.10"},
		{"0", "", "0.00"},
		{
			"999999999999999", "",
			"9999999999999.99",
		},
		{"-1.00", "", ""},
		{"-1", "", ""},
		{"0.001", "", ""},
		{"1e3", "", ""},
		{"１２", "", ""},
		{" 1", "", ""},
		{" 1.00", "", ""},
		{"1,000", "", ""},
		{"NaN", "", ""},
		{"1e999999999", "", ""},
		{"92233720368547758.08", "", ""},
		{"9223372036854775808", "", ""},
		{"01.00", "", ""},
		{"+1.00", "", ""},
		{"1.0", "", ""},
		{".00", "", ""},
		{"", "", ""},
		{
			"1000000000000000", "",
			"",
		},
	} {
		for form, want := range map[*layout.Layout]string{&yuan: tt.yuan, &fen: tt.fen} {
			raw := gb(t, "S1|王|4|"+tt.give+"|B1\n")
			if want == "" {
				malformed(t, raw, *form)
				continue
			}
			_, summary, err := read(t.Context(), bytes.NewReader(raw), *form)
			if err != nil || summary.Sum != money.MustParse(want) {
				t.Errorf("%q in %s: %v, %v; want %s", tt.give, form.Unit, summary.Sum, err, want)
			}
		}
	}
}

// acp is a form like UnionPay's: totals and titles above, amounts in fen.
func acp() layout.Layout {
	titles := layout.Row{Fields: []layout.Field{
		{Name: layout.Constant, Text: "orderId"},
		{Name: layout.Constant, Text: "txnAmt"},
		{Name: layout.Constant, Text: "customerNm"},
		{Name: layout.Constant, Text: "respCode"},
	}}
	return layout.Layout{
		Name: "acp", Format: layout.Delimited, Content: layout.Results, Charset: layout.GBK, Separator: '|', LineEnd: layout.CRLF,
		Unit: layout.Fen,
		Header: []layout.Row{{Fields: []layout.Field{
			{Name: layout.Constant, Text: "5.0.0"}, {Name: layout.Sum}, {Name: layout.Count},
		}}, titles},
		Trailer: []layout.Row{{Fields: []layout.Field{
			{Name: layout.Constant, Text: "END"},
			{Name: layout.Count},
		}}},
		Fields: []layout.Field{
			{Name: layout.ItemID, Required: true, MaxBytes: 19},
			{Name: layout.Amount},
			{
				Name:     layout.Name,
				MaxBytes: 60,
			},
			{Name: layout.Code},
		},
		Answers: layout.Answers{Codes: map[string]layout.Answer{
			"0000": {Outcome: bank.OutcomeSucceeded, Class: bank.ClassSuccess},
			"3008": {Outcome: bank.OutcomeFailed, Class: bank.ClassRetryFunds},
		}},
	}
}

func TestF112_totalsThatDisagree(t *testing.T) {
	t.Parallel()
	file := func(sum, count, last string) string {
		return "5.0.0|" + sum + "|" + count + "\r\norderId|txnAmt|customerNm|respCode\r\n" +
			"I1|1500|王|0000\r\nI2|1500|李|3008\r\nEND|" + last + "\r\n"
	}
	for _, tt := range []struct {
		give string
		want []string
	}{
		{file("3000", "2", "2"), nil},
		{file("3001", "2", "2"), []string{"1 sum"}},
		{file("3000", "3", "2"), []string{"1 count"}},
		{file("3000", "2", "1"), []string{"5 count"}},
		{file("30", "1", "0"), []string{"1 sum", "1 count", "5 count"}},
	} {
		records, summary, err := read(t.Context(), bytes.NewReader(gb(t, tt.give)), acp())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range records {
			if p, ok := r.(bank.Problem); ok && p.Severity == bank.SeverityError && p.Code == "control_total" {
				got = append(got, strconv.Itoa(p.Line)+" "+p.Path)
			}
		}
		end, ok := records[len(records)-1].(bank.End)
		if diff := cmp.Diff(tt.want, got); diff != "" || !ok || end.Problems != len(tt.want) ||
			summary.Problems != len(tt.want) {
			t.Errorf("%q (-want, +got): %s; end %+v", tt.give, diff, end)
		}
	}
	for _, give := range []string{
		file("x", "2", "2"), file("3000", "-1", "2"), file("3000", "2", "+2"), file("3000", "2", "2|"),
		strings.Replace(file("3000", "2", "2"), "5.0.0", "6.0.0", 1), strings.Replace(file("3000", "2", "2"), "END",
			"EOF", 1),
	} {
		malformed(t, gb(t, give), acp())
	}
	for _, give := range []string{"", "5.0.0|0|0\r\n", "5.0.0|0|0\r\norderId|txnAmt|customerNm|respCode\r\n"} {
		if _, _, err := read(t.Context(), strings.NewReader(give), acp()); !errors.Is(err, layout.ErrEmpty) {
			t.Errorf("%q: got %v, want ErrEmpty", give, err)
		}
	}
	huge := strings.Repeat("S1|王|4|9999999999999.99|B1\n", 9300)
	if _, _, err := read(t.Context(), bytes.NewReader(gb(t, huge)),
		layouttest.RuralCooperativeResultSucceeded()); !errors.Is(err, layout.ErrSum) {
		t.Errorf("got %v, want ErrSum", err)
	}
}

func TestF112_writerProvesItsTotals(t *testing.T) {
	t.Parallel()
	form := acp()
	result := bank.Result{
		ItemID: "I1", Name: "王", Amount: figure("15.00"), Code: "0000", Level: "item",
		Outcome: bank.OutcomeSucceeded,
	}
	for _, head := range []bank.BatchHead{{Count: 2, Sum: *figure("15.00")}, {Count: 1, Sum: *figure("15.01")}, {}} {
		w, err := delimited.NewWriter(io.Discard, form)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.WriteBatch(head), w.WriteResult(result)); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Close(); !errors.Is(err, layout.ErrTotals) {
			t.Errorf("%+v: got %v, want ErrTotals", head, err)
		}
	}
	var b bytes.Buffer
	w, err := delimited.NewWriter(&b, form)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.WriteBatch(bank.BatchHead{Count: 1, Sum: *figure("15.00")}),
		w.WriteResult(result)); err != nil {
		t.Fatal(err)
	}
	receipt, err := w.Close()
	want := "5.0.0|1500|1\r\norderId|txnAmt|customerNm|respCode\r\nI1|1500|\xCD\xF5|0000\r\nEND|1\r\n"
	if err != nil || b.String() != want {
		t.Errorf("%v, got %q", err, b.String())
	}
	if receipt != (layout.Receipt{
		Rows: 1, Sum: 1500, Bytes: int64(len(want)),
		Digest: sha256.Sum256([]byte(want)),
	}) {
		t.Errorf("got %+v", receipt)
	}
}

func TestWriter_refusesWhatDoesNotBelong(t *testing.T) {
	t.Parallel()
	succeeded := bank.Result{
		SocialNo: "S", Name: "王", IDNumber: "4", BatchID: "B", Amount: figure("1.00"),
		Level: "item", Outcome: bank.OutcomeSucceeded,
	}
	failed, level, half := succeeded, succeeded, succeeded
	failed.Outcome = bank.OutcomeFailed
	level.Level = "batch"
	part, err := bank.ParseFigure("1.005")
	if err != nil {
		t.Fatal(err)
	}
	half.Amount = &part
	for name, write := range map[string]func(*layout.Writer) error{
		"failed among the succeeded": func(w *layout.Writer) error { return w.WriteResult(failed) },
		"a batch's answer":           func(w *layout.Writer) error { return w.WriteResult(level) },
		"half a fen":                 func(w *layout.Writer) error { return w.WriteResult(half) },
		"an instruction":             func(w *layout.Writer) error { return w.WriteItem(bank.BatchItem{}) },
		"two batches": func(w *layout.Writer) error {
			return errors.Join(w.WriteBatch(bank.BatchHead{}), w.WriteBatch(bank.BatchHead{}))
		},
	} {
		w, err := delimited.NewWriter(io.Discard, layouttest.RuralCooperativeResultSucceeded())
		if err != nil {
			t.Fatal(err)
		}
		if err := write(w); err == nil {
			t.Errorf("%s was written", name)
		}
		if _, err := w.Close(); err == nil {
			t.Errorf("%s: the file closed well", name)
		}
	}
	w, err := delimited.NewWriter(io.Discard, layouttest.RuralCooperativeWithholding())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.WriteItem(bank.BatchItem{}); !errors.Is(err, layout.ErrOrder) {
		t.Errorf("an item before its batch: got %v", err)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*layout.Layout){
		"content":         func(l *layout.Layout) { l.Content = "" },
		"no unit":         func(l *layout.Layout) { l.Unit = "" },
		"another unit":    func(l *layout.Layout) { l.Unit = "jiao" },
		"totals unit":     func(l *layout.Layout) { l.TotalsUnit = "jiao" },
		"charset":         func(l *layout.Layout) { l.Charset = "big5" },
		"no separator":    func(l *layout.Layout) { l.Separator = 0 },
		"digit separates": func(l *layout.Layout) { l.Separator = '7' },
		"line end":        func(l *layout.Layout) { l.LineEnd = "" },
		"row limit":       func(l *layout.Layout) { l.RowLimit = -1 },
		"no fields":       func(l *layout.Layout) { l.Fields = nil },
		"unknown field":   func(l *layout.Layout) { l.Fields = append(l.Fields, layout.Field{Name: "colour"}) },
		"field twice": func(l *layout.Layout) {
			l.Fields = append(l.Fields,
				layout.Field{Name: layout.Name})
		},
		"totals in a row": func(l *layout.Layout) {
			l.Fields = append(l.Fields,
				layout.Field{Name: layout.Sum})
		},
		"name in a header": func(l *layout.Layout) {
			l.Header = []layout.Row{{Fields: []layout.Field{{Name: layout.Name}}}}
		},
		"no answer": func(l *layout.Layout) { l.Answers = layout.Answers{}; l.Fields = l.Fields[:5] },
		"codes, no code": func(l *layout.Layout) {
			l.Answers.Codes = map[string]layout.Answer{"0": {Outcome: bank.OutcomeFailed, Class: bank.ClassBlocked}}
		},
		"empty phrase": func(l *layout.Layout) {
			l.Answers.Phrases = []layout.Phrase{{Text: "", Answer: layout.Answer{Outcome: bank.OutcomeFailed, Class: bank.ClassBlocked}}}
		},
		"failure a success": func(l *layout.Layout) { l.Answers.Phrases[0].Answer.Class = bank.ClassSuccess },
		"no class":          func(l *layout.Layout) { l.Answers.Phrases[0].Answer.Class = "" },
	} {
		l := layouttest.RuralCooperativeResultFailed()
		spoil(&l)
		if err := l.Validate(); !errors.Is(err, layout.ErrLayout) {
			t.Errorf("%s: got %v, want ErrLayout", name, err)
		}
		if _, _, err := read(t.Context(), strings.NewReader(""), l); !errors.Is(err, layout.ErrLayout) {
			t.Errorf("%s was read", name)
		}
		if _, err := delimited.NewWriter(io.Discard, l); !errors.Is(err, layout.ErrLayout) {
			t.Errorf("%s was written", name)
		}
	}
	for _, l := range all() {
		if err := l.Validate(); err != nil {
			t.Errorf("%s: %v", l.Name, err)
		}
	}
}

func all() []layout.Layout {
	return []layout.Layout{
		layouttest.RuralCooperativeWithholding(), layouttest.RuralCooperativePayout(),
		layouttest.RuralCooperativeAccountOpening(),
		layouttest.RuralCooperativeAccountsOpened(), layouttest.RuralCooperativeAccountsRefused(),
		layouttest.RuralCooperativeResultSucceeded(), layouttest.RuralCooperativeResultFailed(),
		layouttest.RuralCooperativePayoutFailed(),
		acp(),
	}
}

func TestRead_stopsWithItsContextAndItsReaders(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	form := layouttest.RuralCooperativeResultSucceeded()
	if _, _, err := read(ctx, strings.NewReader("x"), form); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	own := errors.New("full")
	if _, err := delimited.Read(t.Context(), strings.NewReader(""), form,
		func(bank.Record) error { return own }); !errors.Is(err, own) {
		t.Errorf("got %v", err)
	}
	if _, _, err := read(t.Context(), iotest.ErrReader(io.ErrUnexpectedEOF), form); !errors.Is(err,
		io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
	if _, _, err := read(t.Context(), iotest.ErrReader(io.ErrUnexpectedEOF),
		layouttest.RuralCooperativeWithholding()); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

// Written and read again, every form gives the same records; and written again
// from these, the same bytes.
func TestWriter_thenReadGivesEqualRecords(t *testing.T) {
	t.Parallel()
	forms := all()
	rapid.Check(t, func(t *rapid.T) {
		form := rapid.SampledFrom(forms).Draw(t, "form")
		form.Charset = rapid.SampledFrom([]layout.Charset{
			layout.GB18030, layout.UTF8,
			layout.GBK,
		}).Draw(t, "charset")
		form.Separator = rapid.SampledFrom([]layout.Separator{0x7C, 0x2C, 0x3B, 9, 0x5E}).Draw(t, "separator")
		form.Trailing = rapid.Bool().Draw(t, "trailing")
		form.LineEnd = rapid.SampledFrom([]layout.LineEnd{layout.LF, layout.CRLF}).Draw(t, "line end")
		form.Unit = rapid.SampledFrom([]layout.Unit{layout.Yuan, layout.Fen}).Draw(t, "unit")
		want := drawFile(t, &form)
		first := writeFile(t, form, want)
		got, _, err := read(t.Context(), bytes.NewReader(first), form)
		if err != nil {
			t.Fatalf("%v in %q", err, first)
		}
		if diff := cmp.Diff(want, got, figures()); diff != "" {
			t.Fatalf("%q (-written, +read):\n%s", first, diff)
		}
		if again := writeFile(t, form, got); !bytes.Equal(first, again) {
			t.Fatalf("%q, written again %q", first, again)
		}
	})
}

func writeFile(t interface {
	Helper()
	Fatal(args ...any)
}, form layout.Layout, records []bank.Record,
) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := delimited.NewWriter(&b, form)
	if err != nil {
		t.Fatal(err)
	}
	rows, sum := 0, money.Total{}
	for _, r := range records {
		if v, ok := r.(bank.Result); ok && v.Amount != nil {
			a, _ := v.Amount.Amount()
			sum.Add(a)
			rows++
		}
	}
	total, err := sum.Amount()
	if err != nil {
		t.Fatal(err)
	}
	if len(form.Header) > 0 {
		if err := w.WriteBatch(bank.BatchHead{Count: rows, Sum: bank.FigureOf(total)}); err != nil {
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
	receipt, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	if receipt.Bytes != int64(b.Len()) || receipt.Digest != sha256.Sum256(b.Bytes()) {
		t.Fatal("the receipt is not of what was written")
	}
	return b.Bytes()
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(requests), uint8(0))
	f.Add(gb(f, requests), uint8(0))
	f.Add(gb(f, "S1|王|440524188001010014|1.00|B1|余额不足\n"), uint8(6))
	f.Add([]byte("5.0.0|1500|1\r\norderId|txnAmt|customerNm|respCode\r\nI1|1500|\xCD\xF5|0000\r\nEND|1\r\n"), uint8(8))
	f.Add([]byte(requests), uint8(128))
	forms := all()
	f.Fuzz(func(t *testing.T, give []byte, which uint8) {
		defer bound.Second(t)()
		form := forms[int(which%128)%len(forms)]
		if which >= 128 {
			form.Charset = layout.UTF8
		}
		records, summary, err := read(t.Context(), bytes.NewReader(give), form)
		streamed, again, streamErr := read(t.Context(), iotest.OneByteReader(bytes.NewReader(give)), form)
		if (err == nil) != (streamErr == nil) || err == nil && (summary != again || len(records) != len(streamed)) {
			t.Fatalf("%v and %v, %+v and %+v", err, streamErr, summary, again)
		}
		if err != nil || summary.Problems > 0 || len(form.Header) > 0 {
			return
		}
		// What was read can be written, and reads as the same records.
		back, _, err := read(t.Context(), bytes.NewReader(writeFile(t, form, records)), form)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(lineless(records), lineless(back), figures()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// lineless drops line numbers, which blank lines at the end do not change but a
// missing header would.
func lineless(records []bank.Record) []bank.Record {
	out := append([]bank.Record(nil), records...)
	for i, r := range out {
		if v, ok := r.(bank.Result); ok {
			v.Line = 0
			out[i] = v
		}
	}
	return out
}

func TestRead_testdata(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		form layout.Layout
		rows int64
		sum  string
		want error
	}{
		"withholding.txt":        {layouttest.RuralCooperativeWithholding(), 3, "2300.00", nil},
		"result_s.txt":           {layouttest.RuralCooperativeResultSucceeded(), 2, "300.00", nil},
		"result_f.txt":           {layouttest.RuralCooperativeResultFailed(), 2, "2100.00", nil},
		"broken_name.txt":        {layouttest.RuralCooperativeResultSucceeded(), 0, "0.00", layout.ErrMalformed},
		"broken_fields.txt":      {layouttest.RuralCooperativeResultFailed(), 0, "0.00", layout.ErrMalformed},
		"broken_wrong_bytes.txt": {layouttest.RuralCooperativeResultSucceeded(), 0, "0.00", layout.ErrCharset},
	} {
		file, err := os.Open(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		_, summary, err := read(t.Context(), file, tt.form)
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		if !errors.Is(err, tt.want) || summary.Rows != tt.rows || summary.Sum != money.MustParse(tt.sum) {
			t.Errorf("%s: %+v, %v", name, summary, err)
		}
	}
}

// rowsOf gives the same row again and again, so many times, and never the whole.
type rowsOf struct {
	row         []byte
	left, place int
}

func (r *rowsOf) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.row[r.place:])
	if r.place += n; r.place == len(r.row) {
		r.place, r.left = 0, r.left-1
	}
	return n, nil
}

// A file of any length is read in bounded memory.
func TestRead_memory(t *testing.T) {
	// Not parallel: it measures.
	form := layouttest.RuralCooperativeResultFailed()
	form.RowLimit = 0
	const rows = 400_000
	source := &rowsOf{row: gb(t, "S0001|王小明|440524188001010014|100.00|B20260001|余额不足\n"), left: rows}
	var most uint64
	n := 0
	_, err := delimited.Read(t.Context(), source, form, func(bank.Record) error {
		if n++; n%50_000 == 0 {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
		}
		return nil
	})
	if err != nil || n != rows+2 {
		t.Fatal(n, err)
	}
	if most > 64<<20 {
		t.Errorf("the heap held %d MiB", most>>20)
	}
}

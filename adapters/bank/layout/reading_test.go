package layout_test

import (
	"errors"
	"strings"
	"testing"

	"twoline/adapters/bank/delimited"
	"twoline/adapters/bank/fixedwidth"
	"twoline/adapters/bank/layout"
	"twoline/adapters/bank/layout/layouttest"
	"twoline/gateway/bank"
	"twoline/gateway/fault"
	"twoline/gateway/money"
)

func unknown() layout.Answer {
	return layout.Answer{Outcome: bank.OutcomeUnknown, Class: bank.ClassUnknown}
}

// A success is its words and nothing else: not what holds them, and not what denies
// them. Words of different answers are no answer.
func TestAnswers_wordsOfSuccess(t *testing.T) {
	t.Parallel()
	a := layout.Answers{
		Codes: map[string]layout.Answer{"00": succeeded(), "失败": {Outcome: bank.OutcomeFailed}},
		Phrases: []layout.Phrase{
			{Text: "成功", Answer: succeeded()},
			{Text: "处理中", Answer: pending()},
			{Text: "超时", Answer: failed(bank.ClassRetryTechnical)},
			{Text: "系统超时挂失", Answer: failed(bank.ClassBlocked)},
			{Text: "户名不符", Answer: failed(bank.ClassFixAccount)},
			{Text: "账号户名不符", Answer: failed(bank.ClassFixAccount)},
		},
	}
	for _, tt := range []struct {
		code, reason string
		want         layout.Answer
	}{
		{"", "成功", succeeded()},
		{"", " 成功\u3000", succeeded()},
		{"", "不成功", unknown()},
		{"", "未成功", unknown()},
		{"", "没成功", unknown()},
		{"", "非成功", unknown()},
		{"", "交易不成功", unknown()},
		{"", "交易成功", unknown()},
		{"", "户名不符，代发未成功", failed(bank.ClassFixAccount)},
		{"", "账号户名不符", failed(bank.ClassFixAccount)},
		{"", "户名不符，超时", unknown()},
		{"", "户名不符，处理中", unknown()},
		{"", "系统超时挂失", failed(bank.ClassBlocked)},
		{"", "系统超时挂失，超时", unknown()},
		{"00", "未成功", unknown()},
		{"失败", "不成功", failed(bank.ClassUnknown)},
		{"失败", "户名不符，超时", unknown()},
		// A state that is no code is looked for among the words.
		{"处理中", "", pending()},
		{"银行处理中", "", pending()},
		{"成功", "", succeeded()},
		{"不成功", "", unknown()},
		{"成功", "户名不符", unknown()},
		{"处理中", "户名不符", unknown()},
		{"别的", "户名不符", failed(bank.ClassFixAccount)},
	} {
		if got := a.Of(tt.code, tt.reason); got != tt.want {
			t.Errorf("%q %q: got %+v, want %+v", tt.code, tt.reason, got, tt.want)
		}
	}
}

// What refuses a file means what it means in rows, and no success refuses anything.
func TestReadText_refusalByTheCodesOfRows(t *testing.T) {
	t.Parallel()
	l := unionPay()
	l.Answers.Codes["3051"] = failed(bank.ClassDuplicate)
	l.Answers.Codes["3056"] = unknown()
	l.Reject.Answers = layout.Answers{
		Fixed: &layout.Answer{Outcome: bank.OutcomeFailed, Class: bank.ClassUnknown},
		Codes: map[string]layout.Answer{"3051": failed(bank.ClassBlocked)},
	}
	for code, want := range map[string]struct {
		answer   layout.Answer
		problems int
	}{
		"0000":  {unknown(), 1},
		"00":    {unknown(), 1},
		"3051":  {failed(bank.ClassDuplicate), 0},
		"3008":  {failed(bank.ClassRetryFunds), 0},
		"3056":  {unknown(), 0},
		"77777": {failed(bank.ClassUnknown), 0},
	} {
		got, summary, err := read(t, code+"|说明\r\n", l)
		if err != nil || summary.Problems != want.problems || len(got) != 3+want.problems {
			t.Fatalf("%s: %+v, %+v, error %v", code, got, summary, err)
		}
		v, _ := got[1].(bank.Result)
		if v.Outcome != want.answer.Outcome || v.Class != want.answer.Class {
			t.Errorf("%s: got %+v", code, v)
		}
		if p, ok := got[2].(bank.Problem); want.problems == 1 &&
			(!ok || p.Code != "contradiction" || p.Severity != bank.SeverityError || p.Line != 1) {
			t.Errorf("%s: got %+v", code, got[2])
		}
	}
}

func problemsOf(records []bank.Record, code string) []bank.Problem {
	var all []bank.Problem
	for _, r := range records {
		if p, ok := r.(bank.Problem); ok && p.Code == code {
			all = append(all, p)
		}
	}
	return all
}

// Every batch number of a file agrees with the others and with the name's.
func TestReadText_batchNumbersDiffer(t *testing.T) {
	t.Parallel()
	rows := layouttest.RuralCooperativeResultSucceeded()
	row := func(batch string) string { return "S1|王|440524188001010014|1.00|" + batch + "\n" }
	headed := rows
	headed.Header = []layout.Row{{Fields: []layout.Field{{Name: layout.BatchID}, {Name: layout.Count}}}}
	asked := layouttest.RuralCooperativeWithholding()
	item := "S001|王小明|440524188001010014|100.00|00000007|6217000011112222|610304001001\n"
	for name, tt := range map[string]struct {
		l          layout.Layout
		text, end  string
		line, many int
	}{
		"all agree":              {rows, row("00000007") + row("00000007"), "0007", 0, 0},
		"as many digits as said": {rows, row("7"), "00000007", 0, 0},
		"a row":                  {rows, row("00000007") + row("00000008") + row("00000009"), "", 2, 2},
		"a cut row":              {rows, row("00000007") + strings.TrimSuffix(row("0000000"), "\n"), "", 2, 1},
		"the name":               {rows, row("00000007") + row("00000007"), "0008", 1, 2},
		"the header and a row":   {headed, "00000008|1\n" + row("00000007"), "", 2, 1},
		"a request and its name": {asked, item, "00000008", 1, 1},
		"a request":              {asked, item, "0007", 0, 0},
	} {
		tt.l.BatchEnd = tt.end
		got, _, err := read(t, tt.text, tt.l)
		if err != nil {
			t.Fatal(name, err)
		}
		found := problemsOf(got, "batch_differs")
		if tt.line == 0 && len(found) == 0 {
			continue
		}
		if len(found) != 1 || found[0].Line != tt.line || found[0].Severity != bank.SeverityError ||
			!strings.Contains(found[0].Text, "; "+string(rune('0'+tt.many))+" of the file's batch numbers differ") {
			t.Errorf("%s: found %+v", name, found)
		}
		if end, ok := got[len(got)-1].(bank.End); !ok || end.Problems < 1 {
			t.Errorf("%s: ends in %+v", name, got[len(got)-1])
		}
	}
}

// A last line without an end may be cut, where no total would tell it.
func TestReadText_lastLineOpen(t *testing.T) {
	t.Parallel()
	row := "S1|王|440524188001010014|1.00|B1\n"
	plain := layouttest.RuralCooperativeResultSucceeded()
	counted := plain
	counted.Header = []layout.Row{{Fields: []layout.Field{{Name: layout.Count}}}}
	for name, tt := range map[string]struct {
		l    layout.Layout
		text string
		want int
	}{
		"ended":               {plain, row + row, 0},
		"open":                {plain, row + strings.TrimSuffix(row, "\n"), 2},
		"open and counted":    {counted, "1\n" + strings.TrimSuffix(row, "\n"), 0},
		"nothing":             {plain, "", 0},
		"a request read once": {layouttest.RuralCooperativeWithholding(), "S|W|440524188001010014|1.00|B|6|6", 1},
	} {
		got, summary, err := read(t, tt.text, tt.l)
		if err != nil {
			t.Fatal(name, err)
		}
		found := problemsOf(got, "last_line_open")
		if tt.want == 0 && len(found) == 0 && summary.Problems == 0 {
			continue
		}
		if len(found) != 1 || found[0].Line != tt.want || found[0].Severity != bank.SeverityWarning ||
			summary.Problems != 1 {
			t.Errorf("%s: found %+v, %+v", name, found, summary)
		}
	}
}

// Messages show what is no person's as it stands, and the rest by its shape.
func TestSeen(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       layout.FieldName
		text, want string
	}{
		{layout.Amount, "12,5", `"12,5"`},
		{layout.Amount, "１２.50", `"１２.50"`},
		{layout.Count, "x3", `"x3"`},
		{layout.BatchID, "00000007", `"00000007"`},
		{layout.ValueDate, "2011年2月30日", `"2011年2月30日"`},
		{layout.Code, "处理中", `"处理中"`},
		{layout.Sequence, strings.Repeat("9", 50), `"` + strings.Repeat("9", 40) + `…"`},
		{layout.Name, "王小明", `"***" (masked)`},
		{layout.Account, "6217", `"9999" (masked)`},
		{layout.IDNumber, "", "nothing"},
		{layout.Reason, "王1", `"*9" (masked)`},
		{layout.Amount, "王小明", `"***" (masked)`},
		{layout.Amount, "440524188001010014", `"999999999999999999" (masked)`},
	} {
		if got := layout.Seen(tt.name, tt.text); got != tt.want {
			t.Errorf("%s %q: got %s, want %s", tt.name, tt.text, got, tt.want)
		}
	}
}

// A number that the bank fills with blanks says which key is missing.
func TestReadText_blanksBeforeANumber(t *testing.T) {
	t.Parallel()
	l := layout.Layout{
		Name: "f", Format: layout.FixedWidth, Content: layout.Results, Charset: layout.UTF8, LineEnd: layout.LF,
		Unit: layout.Fen,
		Fields: []layout.Field{
			{Name: layout.ItemID, Width: 3}, {Name: layout.Amount, Width: 6}, {Name: layout.Code, Width: 2},
		},
		Answers: layout.Answers{Codes: map[string]layout.Answer{"00": succeeded()}},
	}
	none := func(bank.Record) error { return nil }
	_, err := fixedwidth.Read(t.Context(), strings.NewReader("901  150000\n"), l, none)
	if err == nil || !strings.Contains(err.Error(), `the field needs pad: " "`) ||
		!strings.Contains(err.Error(), `found "  1500"`) {
		t.Errorf("said %v", err)
	}
}

// What cannot be written is told by the item's index, as its record has it.
func TestWriter_saysWhichItem(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	w, err := delimited.NewWriter(&b, layouttest.RuralCooperativeWithholding())
	if err != nil {
		t.Fatal(err)
	}
	item := bank.BatchItem{
		SocialNo: "S1", Name: "王", IDNumber: "440524188001010014", Account: "6217", Region: "610304001001",
		Amount: bank.FigureOf(money.MustParse("1.00")),
	}
	err = errors.Join(w.WriteBatch(bank.BatchHead{BatchID: "B1", Count: 2, Sum: bank.FigureOf(200)}), w.WriteItem(item))
	if err != nil {
		t.Fatal(err)
	}
	item.Index, item.Account = 1, ""
	err = w.WriteItem(item)
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Line != 0 || f.Field != "account" || f.Text != "item 1 (counted from 0): the bank demands a value" {
		t.Errorf("said %v", err)
	}
}

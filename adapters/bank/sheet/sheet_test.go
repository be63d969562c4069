package sheet_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"twoline/adapters/bank/gb18030"
	"twoline/adapters/bank/layout"
	"twoline/adapters/bank/sheet"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
)

// bankSheet is a result as banks send it: a merged line above the titles, an
// empty row, columns of the bank's own, a total and a note.
func bankSheet(tb testing.TB) []byte {
	tb.Helper()
	return workbook(tb,
		[]string{text("批量代发结果 户名 账号")},
		[]string{text("")},
		append([]string{text("网点")}, headings()...),
		[]string{text("A01"), number("1"), common("0"), text("6217000011112222"), number("100.5"), text("成功")},
		[]string{
			text("A01"), text("2"), common("1"), text("6217000011113333"), number("12.300000000000001"), text("失败"),
			text("可用余额不足"), text("2026/11/26 10:11:12"),
		},
		[]string{text(""), text("")},
		[]string{
			text("A02"), number("3"), common("2"), text("81001"), text("7.00"), text(""), text("系统处理中"), number("46352"),
		},
		[]string{text(""), text("合 计："), text(""), text(""), number("119.8")},
		[]string{text("制表人"), text("张三")},
	)
}

func TestRead_resultSheet(t *testing.T) {
	t.Parallel()
	got, summary, err := read(t, bankSheet(t), answers())
	want := []bank.Record{
		bank.FileHead{Format: "xlsx", Kind: "result"},
		bank.Result{
			Index: 0, Line: 4, Level: "item", Name: "王小明", Account: "6217000011112222", Amount: figure("100.50"),
			Code: "成功", Outcome: bank.OutcomeSucceeded, Class: bank.ClassSuccess,
		},
		bank.Result{
			Index: 1, Line: 5, Level: "item", Name: "古丽·买买提", Account: "6217000011113333", Amount: figure("12.30"),
			Code: "失败", Text: "可用余额不足", Outcome: bank.OutcomeFailed, Class: bank.ClassRetryFunds,
			ValueDate: calendar.MustDay("2026-11-26"),
		},
		bank.Result{
			Index: 2, Line: 7, Level: "item", Name: "李", Account: "81001", Amount: figure("7.00"), Text: "系统处理中",
			Outcome: bank.OutcomePending, Class: bank.ClassUnknown, ValueDate: calendar.MustDay("2026-11-26"),
		},
		bank.End{Results: 3},
	}
	if diff := cmp.Diff(want, got, figures()); err != nil || diff != "" {
		t.Fatalf("%v (-want, +got):\n%s", err, diff)
	}
	if summary.Sum != money.MustParse("119.80") || summary.Succeeded.Rows != 1 || summary.Failed.Rows != 1 {
		t.Errorf("got %+v", summary)
	}
	// A source that cannot seek gives the same.
	var streamed []bank.Record
	_, err = sheet.Read(t.Context(), iotest.OneByteReader(bytes.NewReader(bankSheet(t))), answers(),
		func(r bank.Record) error {
			streamed = append(streamed, r)
			return nil
		})
	if diff := cmp.Diff(want, streamed, figures()); err != nil || diff != "" {
		t.Errorf("%v (-want, +got):\n%s", err, diff)
	}
}

func TestRead_totalRowThatDisagrees(t *testing.T) {
	t.Parallel()
	row := []string{number("1"), common("0"), text("81001"), number("100"), text("成功")}
	for sum, want := range map[string]int{"100": 0, "100.00": 0, "1E+2": 0, "100.01": 1, "99": 1} {
		records, summary, err := read(t, workbook(t, headings(), row,
			[]string{text("总计1笔"), text(""), text(""), number(sum)}), answers())
		if err != nil || summary.Problems != want {
			t.Fatalf("%s: %v, %+v", sum, err, summary)
		}
		if p, ok := records[len(records)-2].(bank.Problem); ok != (want > 0) || ok && (p.Code != "control_total" ||
			p.Path != "sum" || p.Line != 3 || p.Severity != bank.SeverityError) {
			t.Errorf("%s: got %+v", sum, p)
		}
	}
	after := workbook(t, headings(), row, []string{text("合计"), text(""), text(""), number("100")}, row)
	if got := malformed(t, after, answers()); got[0].Line != 4 || got[0].Code != "after_end" {
		t.Errorf("got %+v", got)
	}
	// A person may be called like a total.
	named := workbook(t, headings(), []string{number("1"), text("总计"), text("81001"), number("100"), text("成功")})
	if _, summary, err := read(t, named, answers()); err != nil || summary.Rows != 1 {
		t.Errorf("got %v, %+v", err, summary)
	}
}

// malformed returns the rows that a file was refused for.
func malformed(t *testing.T, raw []byte, l layout.Layout) []layout.RowFault {
	t.Helper()
	records, _, err := read(t, raw, l)
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

func TestRead_refusesCells(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		column int
		cell   string
		want   layout.RowFault
	}{
		"a card number as a number": {2, number("6217000011112222"), layout.RowFault{
			Code: "number_cell", Field: layout.Account,
			Want: "text: a spreadsheet's number loses digits and leading zeros", Got: `"9999999999999999" (masked)`,
		}},
		"a card number of 19 digits": {2, number("6.2170000111122223E+18"), layout.RowFault{
			Code: "number_cell", Field: layout.Account,
			Want: "text: a spreadsheet's number loses digits and leading zeros", Got: `"9.9999999999999999a+99" (masked)`,
		}},
		"no account": {2, text(""), layout.RowFault{
			Code: "required", Field: layout.Account, Want: "a value", Got: "nothing",
		}},
		"a broken amount": {3, `t="e"><v>#N/A</v>`, layout.RowFault{
			Code: "cell", Field: layout.Amount, Want: "a value, and not an error, an open formula or a damaged character",
			Got: `"#N/A"`,
		}},
		"a formula that was not computed": {3, `><f>SUM(A1:A2)</f>`, layout.RowFault{
			Code: "cell", Field: layout.Amount, Want: "a value, and not an error, an open formula or a damaged character",
			Got: "nothing",
		}},
		"three decimals": {3, number("1.005"), layout.RowFault{
			Code: "amount", Field: layout.Amount, Want: "an amount in yuan without further decimals", Got: `"1.005"`,
		}},
		"nearly two decimals": {3, number("12.3000000001"), layout.RowFault{
			Code: "amount", Field: layout.Amount, Want: "an amount in yuan without further decimals",
			Got: `"12.3000000001"`,
		}},
		"below zero": {3, number("-1"), layout.RowFault{
			Code: "amount", Field: layout.Amount, Want: "an amount in yuan without further decimals", Got: `"-1"`,
		}},
		"an amount as text": {3, text("1,000.5"), layout.RowFault{
			Code: "amount", Field: layout.Amount, Want: "yuan with two decimals", Got: `"1,000.5"`,
		}},
		"a damaged name": {1, text("王\uFFFD"), layout.RowFault{
			Code: "cell", Field: layout.Name, Want: "a value, and not an error, an open formula or a damaged character",
			Got: "nothing",
		}},
		"two lines": {1, text("王&#10;明"), layout.RowFault{
			Code: "control_character", Field: layout.Name, Want: "text without control characters", Got: `"***" (masked)`,
		}},
		"an escaped control": {1, text("王_x000D_"), layout.RowFault{
			Code: "control_character", Field: layout.Name, Want: "text without control characters", Got: `"**" (masked)`,
		}},
		"no day": {6, number("12"), layout.RowFault{
			Code: "date", Field: layout.ValueDate, Want: "a day", Got: `"12"`,
		}},
		"another row's number": {0, number("2"), layout.RowFault{
			Code: "sequence", Field: layout.Sequence, Want: "the row's number, 1", Got: `"2"`,
		}},
	} {
		row := []string{number("1"), common("0"), text("81001"), number("1"), text("成功"), text(""), text("")}
		row[tt.column] = tt.cell
		tt.want.Line, tt.want.Column = 2, tt.column+1
		if diff := cmp.Diff([]layout.RowFault{tt.want}, malformed(t, workbook(t, headings(), row), answers())); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", name, diff)
		}
	}
}

func TestF108_numbersInCells(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		give      string
		yuan, fen string
	}{
		{"0", "0.00", "0.00"},
		{"1", "1.00", "0.01"},
		{"12.3", "12.30", ""},
		{"12.30", "12.30", ""},
		{"12.300000000000001", "12.30", ""},
		{"2.2999999999999998", "2.30", ""},
		{"0.29999999999999999", "0.30", ""},
		{"0.30000000000000004", "", ""},
		{"12.30000000000001", "", ""},
		{"1234567890123.45", "1234567890123.45", ""},
		{"1.2345E+3", "1234.50", ""},
		{"1.2345e3", "1234.50", ""},
		{"1E2", "100.00", "1.00"},
		{"12345.000", "12345.00", "123.45"},
		{"5.0000000000000003E-2", "0.05", ""},
		{"0.005", "", ""},
		{"1E-2", "0.01", ""},
		{"1E999999999", "", ""},
		{"1E+41", "", ""},
		{"+1", "", ""},
		{"-0.01", "", ""},
		{"NaN", "", ""},
		{"1,000", "", ""},
		{".5", "0.50", ""},
		{"0x10", "", ""},
		{"１２", "", ""},
		{"999999999999999", "", "9999999999999.99"},
		{"99999999999999999999", "", ""},
	} {
		row := []string{number("1"), common("0"), text("81001"), number(tt.give), text("成功")}
		for unit, want := range map[layout.Unit]string{layout.Yuan: tt.yuan, layout.Fen: tt.fen} {
			l := answers()
			l.Unit = unit
			if want == "" {
				malformed(t, workbook(t, headings(), row), l)
				continue
			}
			_, summary, err := read(t, workbook(t, headings(), row), l)
			if err != nil || summary.Sum != money.MustParse(want) {
				t.Errorf("%s in %s: %v, %v; want %s", tt.give, unit, summary.Sum, err, want)
			}
		}
	}
}

func TestRead_findsTheTitlesOrSaysWhichIsMissing(t *testing.T) {
	t.Parallel()
	row := []string{number("1"), common("0"), text("81001"), number("1"), text("成功")}
	wrapped := headings()
	wrapped[3] = text("金额&#10; (元)")
	if _, summary, err := read(t, workbook(t, wrapped, row), answers()); err != nil || summary.Rows != 1 {
		t.Errorf("a title over two lines: %v", err)
	}
	for name, tt := range map[string]struct {
		rows [][]string
		want string
	}{
		"none":      {[][]string{row, row}, "none of the titles"},
		"one less":  {[][]string{headings()[:4], row}, `no title "入账状态"`},
		"one twice": {[][]string{append(headings(), text("账号")), row}, `"账号" stands twice`},
		"too far":   {append(slices.Repeat([][]string{{text("x")}}, 20), headings(), row), "none of the titles"},
		"empty":     {nil, "none of the titles"},
	} {
		_, _, err := read(t, workbook(t, tt.rows...), answers())
		if !errors.Is(err, sheet.ErrHeading) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
	l := answers()
	l.HeadingWithin = 21
	if _, summary, err := read(t, workbook(t, append(slices.Repeat([][]string{{text("x")}}, 20), headings(),
		row)...), l); err != nil || summary.Rows != 1 {
		t.Errorf("got %v, %+v", err, summary)
	}
}

func TestRead_epochOf1904(t *testing.T) {
	t.Parallel()
	row := []string{number("1"), common("0"), text("81001"), number("1"), text("成功"), text(""), number("44890.5")}
	all := parts(rowsXML(headings(), row))
	all[2].text = strings.Replace(workbookXML, "<workbookPr/>", `<workbookPr date1904="1"/>`, 1)
	for _, tt := range []struct {
		give []byte
		want string
	}{{archive(t, all...), "2026-11-26"}, {workbook(t, headings(), row), "2022-11-25"}} {
		records, _, err := read(t, tt.give, answers())
		if err != nil {
			t.Fatal(err)
		}
		if v, ok := records[1].(bank.Result); !ok || v.ValueDate.String() != tt.want {
			t.Errorf("got %+v, want %s", records[1], tt.want)
		}
	}
}

func TestRead_choosesTheSheet(t *testing.T) {
	t.Parallel()
	make2 := func(second string) []byte {
		all := parts(rowsXML(headings(), []string{number("1"), common("0"), text("81001"), number("1"), text("成功")}))
		all[2].text = strings.Replace(workbookXML, "</sheets>", `<sheet name="Sheet2" r:id="rId3"/></sheets>`, 1)
		all[3].text = strings.Replace(workbookRels, "</Relationships>", `<Relationship Id="rId3" `+
			`Type="x/worksheet" Target="worksheets/sheet2.xml"/></Relationships>`, 1)
		return archive(t, append(all, part{"xl/worksheets/sheet2.xml", second})...)
	}
	l := answers()
	if _, summary, err := read(t, make2(rowsXML()), l); err != nil || summary.Rows != 1 {
		t.Errorf("an empty second sheet is nothing: %v", err)
	}
	two := make2(rowsXML([]string{text("x")}))
	if _, _, err := read(t, two, l); !errors.Is(err, sheet.ErrSheet) || !strings.Contains(err.Error(), "结果, Sheet2") {
		t.Errorf("got %v, want the names of both sheets", err)
	}
	l.SheetName = "结果"
	if _, summary, err := read(t, two, l); err != nil || summary.Rows != 1 {
		t.Errorf("got %v", err)
	}
	l.SheetName = "x"
	if _, _, err := read(t, two, l); !errors.Is(err, sheet.ErrSheet) {
		t.Errorf("got %v, want ErrSheet", err)
	}
}

func TestRead_aSheetThatEndsEarlyIsRefused(t *testing.T) {
	t.Parallel()
	whole := rowsXML(headings(), []string{number("1"), common("0"), text("81001"), number("1"), text("成功")},
		[]string{number("2"), common("0"), text("81002"), number("1"), text("成功")})
	for at := strings.Index(whole, "<row>") + 1; at < len(whole); at += 7 {
		records, _, err := read(t, archive(t, parts(whole[:at])...), answers())
		if err == nil {
			t.Fatalf("%q was read: %+v", whole[:at], records)
		}
	}
	// A checksum that is not that of the part.
	raw := archive(t, parts(whole)...)
	i := bytes.LastIndex(raw, []byte("PK\x01\x02"))
	broken := bytes.Clone(raw)
	broken[i+16] ^= 1
	if _, _, err := read(t, broken, answers()); !errors.Is(err, sheet.ErrArchive) {
		t.Errorf("got %v, want ErrArchive for a wrong checksum", err)
	}
	if _, _, err := read(t, raw[:len(raw)-30], answers()); !errors.Is(err, sheet.ErrArchive) {
		t.Errorf("got %v, want ErrArchive", err)
	}
}

func TestRead_refusesPartsThatContradictTheFormat(t *testing.T) {
	t.Parallel()
	for name, xml := range map[string]string{
		"rows backwards":  `<worksheet><sheetData><row r="2"/><row r="1"/></sheetData></worksheet>`,
		"cells backwards": `<worksheet><sheetData><row><c r="B1"/><c r="A1"/></row></sheetData></worksheet>`,
		"too many rows":   `<worksheet><sheetData><row r="1048577"/></sheetData></worksheet>`,
		"too far right":   `<worksheet><sheetData><row><c r="XFD1"><v>1</v></c></row></sheetData></worksheet>`,
		"no such text":    rowsXML([]string{common("3")}),
		"cell in cell":    `<worksheet><sheetData><row><c><c/></c></row></sheetData></worksheet>`,
		"a long cell":     rowsXML([]string{text(strings.Repeat("x", 40_000))}),
	} {
		if _, _, err := read(t, archive(t, parts(xml)...), answers()); !errors.Is(err, sheet.ErrWorkbook) {
			t.Errorf("%s: got %v, want ErrWorkbook", name, err)
		}
	}
	drawn := `<worksheet><sheetData><row r="5"/></sheetData><controls><from><row>1</row><c>2</c></from></controls></worksheet>`
	if _, _, err := read(t, archive(t, parts(drawn)...), answers()); !errors.Is(err, sheet.ErrHeading) {
		t.Errorf("a drawing's rows are none of the sheet: got %v", err)
	}
}

func TestWriter_sameRecordsSameBytes(t *testing.T) {
	t.Parallel()
	first := written(t, orders(), orderRecords())
	if again := written(t, orders(), orderRecords()); !bytes.Equal(first, again) {
		t.Error("the same records gave other bytes")
	}
	got, summary, err := read(t, first, orders())
	if diff := cmp.Diff(orderRecords(), got, figures()); err != nil || diff != "" || summary.Rows != 2 {
		t.Errorf("%v (-written, +read):\n%s", err, diff)
	}
}

func orderRecords() []bank.Record {
	return []bank.Record{
		bank.FileHead{Format: "xlsx", Kind: "batch"},
		bank.BatchHead{Direction: bank.Payment, Count: 2, Sum: *figure("2123.50")},
		bank.BatchItem{Index: 0, ItemID: "0001", Amount: *figure("123.50"), Account: "6217000011112222333", Name: "王小明"},
		bank.BatchItem{
			Index: 1, ItemID: "2", Amount: *figure("2000.00"), Account: "81001", Name: "𠮷", Text: "养老 & <保险> _x0041_",
		},
		bank.End{Items: 2},
	}
}

// What we write is what another program reads: accounts as text, amounts as
// numbers, the sum below.
func TestWriter_anotherProgramReadsTheSame(t *testing.T) {
	t.Parallel()
	book, err := excelize.OpenReader(bytes.NewReader(written(t, orders(), orderRecords())))
	if err != nil {
		t.Fatal(err)
	}
	got, err := book.GetRows("代发", excelize.Options{RawCellValue: true})
	want := [][]string{
		{"卡号", "姓名", "金额", "备注", "流水号"},
		{"6217000011112222333", "王小明", "123.50", "", "0001"},
		{"81001", "𠮷", "2000.00", "养老 & <保险> _x0041_", "2"},
		{"合计", "", "2123.50"},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want, +got):\n%s", err, diff)
	}
	for cell, want := range map[string]excelize.CellType{
		"A2": excelize.CellTypeInlineString, "C2": excelize.CellTypeUnset, "E2": excelize.CellTypeInlineString,
	} {
		if got, err := book.GetCellType("代发", cell); err != nil || got != want {
			t.Errorf("%s is %v, %v", cell, got, err)
		}
	}
	if err := book.Close(); err != nil {
		t.Fatal(err)
	}
}

// What another program writes we read as it does.
func TestRead_whatAnotherProgramWrote(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		book := excelize.NewFile()
		n := rapid.IntRange(1, 5).Draw(t, "rows")
		want := [][]string{}
		for row := range n {
			var cells []string
			for column := range rapid.IntRange(1, 4).Draw(t, "columns") {
				at, err := excelize.CoordinatesToCellName(column+1, row+1)
				if err != nil {
					t.Fatal(err)
				}
				var text string
				if rapid.Bool().Draw(t, "number") {
					n := rapid.IntRange(0, 1_000_000).Draw(t, "value")
					text, err = strconv.Itoa(n), book.SetCellInt("Sheet1", at, int64(n))
				} else {
					text = rapid.StringOfN(rapid.RuneFrom([]rune("aZ09王𠮷·<&_x0041_'=")), 1, 12, -1).Draw(t, "text")
					err = book.SetCellStr("Sheet1", at, text)
				}
				if err != nil {
					t.Fatal(err)
				}
				cells = append(cells, text)
			}
			want = append(want, cells)
		}
		var b bytes.Buffer
		if err := book.Write(&b); err != nil {
			t.Fatal(err)
		}
		var got [][]string
		err := sheet.Rows(t.Context(), bytes.NewReader(b.Bytes()), "", func(_ int, cells []sheet.Cell) error {
			var row []string
			for _, c := range cells {
				row = append(row, c.Text)
			}
			got = append(got, row)
			return nil
		})
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Fatalf("%v (-written, +read):\n%s", err, diff)
		}
	})
}

func TestF104_formulasBecomeTextAndComeBack(t *testing.T) {
	t.Parallel()
	texts := []string{"=1+1", "+1", "-1", "@SUM(A1)", "＝1", "'=1", "''=1", "'", "'王", "王=1", "=HYPERLINK(\"x\")"}
	records := []bank.Record{
		bank.FileHead{Format: "xlsx", Kind: "batch"},
		bank.BatchHead{Direction: bank.Payment, Count: len(texts), Sum: *figure("0.00")},
	}
	for i, text := range texts {
		records = append(records, bank.BatchItem{
			Index: i, ItemID: text, Amount: *figure("0.00"), Account: text, Name: text, Text: text,
		})
	}
	records = append(records, bank.End{Items: len(texts)})
	raw := written(t, orders(), records)
	got, _, err := read(t, raw, orders())
	if diff := cmp.Diff(records, got, figures()); err != nil || diff != "" {
		t.Fatalf("%v (-written, +read):\n%s", err, diff)
	}
	book, err := excelize.OpenReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := book.GetRows("代发")
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		stands := rows[i+1][1]
		if strings.IndexAny(stands, "=+-@＝") == 0 || !strings.HasSuffix(stands, text) {
			t.Errorf("%q stands as %q", text, stands)
		}
		if formula, err := book.GetCellFormula("代发", "B"+strconv.Itoa(i+2)); err != nil || formula != "" {
			t.Errorf("%q is the formula %q, %v", text, formula, err)
		}
	}
	// The apostrophe of somebody else is part of the text.
	theirs := workbook(t, headings(), []string{number("1"), text("'=王"), text("81001"), number("1"), text("成功")})
	records, _, err = read(t, theirs, answers())
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := records[1].(bank.Result); !ok || v.Name != "'=王" {
		t.Errorf("got %+v", records[1])
	}
	// A tab and a line end cannot stand in a file at all.
	for _, text := range []string{"\t=1", "\r=1"} {
		w, err := sheet.NewWriter(io.Discard, orders())
		if err != nil {
			t.Fatal(err)
		}
		err = errors.Join(w.WriteBatch(bank.BatchHead{}), w.WriteItem(bank.BatchItem{
			ItemID: "1", Account: "81001", Name: text,
		}))
		if !errors.Is(err, layout.ErrField) {
			t.Errorf("%q: got %v, want ErrField", text, err)
		}
	}
}

func TestF102_namesThatTheBankLacksAreRefusedInASheetToo(t *testing.T) {
	t.Parallel()
	l := orders()
	l.Charset = layout.GBK
	w, err := sheet.NewWriter(io.Discard, l)
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(w.WriteBatch(bank.BatchHead{}), w.WriteItem(bank.BatchItem{
		ItemID: "1", Account: "81001", Name: "王𠮷",
	}))
	f, ok := errors.AsType[*fault.Error](err)
	if !errors.Is(err, gb18030.ErrRune) || !ok || f.Field != "name" || !strings.HasPrefix(f.Text, "item 0 (counted from 0): ") || !strings.Contains(err.Error(),
		"U+20BB7") {
		t.Errorf("got %v", err)
	}
}

func TestRead_stopsWithItsContextAndItsReaders(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := sheet.Read(ctx, bytes.NewReader(bankSheet(t)), answers(), func(bank.Record) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	own := errors.New("full")
	_, err = sheet.Read(t.Context(), bytes.NewReader(bankSheet(t)), answers(), func(bank.Record) error { return own })
	if !errors.Is(err, own) {
		t.Errorf("got %v", err)
	}
	if _, err := sheet.Read(t.Context(), iotest.ErrReader(io.ErrUnexpectedEOF), answers(),
		func(bank.Record) error { return nil }); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

// Written and read again, results give the same records; and written again from
// these, the same bytes.
func TestWriter_thenReadGivesEqualRecords(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := answers()
		l.Unit = rapid.SampledFrom([]layout.Unit{layout.Yuan, layout.Fen, layout.Li}).Draw(t, "unit")
		l.Dates = rapid.SampledFrom([]layout.DateForm{"", layout.Dashed, layout.Slashed, layout.Characters}).Draw(t, "dates")
		text := func(name string) string {
			return rapid.StringOfN(rapid.RuneFrom([]rune("aZ09王東億䶮·€|=+-@'<&\"_x ")), 1, 8, -1).Draw(t, name)
		}
		n := rapid.IntRange(1, 4).Draw(t, "rows")
		want := []bank.Record{bank.FileHead{Format: "xlsx", Kind: "result"}}
		for i := range n {
			a := bank.FigureOf(money.Amount(rapid.Int64Range(0, int64(money.Max)/20).Draw(t, "amount")))
			v := bank.Result{
				Index: i, Line: i + 2, Level: "item", Name: "王" + text("name") + ".", Account: "6" + text("account") + ".",
				Amount: &a, Code: "失败", Outcome: bank.OutcomeFailed, Class: bank.ClassUnknown,
			}
			if rapid.Bool().Draw(t, "succeeded") {
				v.Code, v.Outcome, v.Class = "成功", bank.OutcomeSucceeded, bank.ClassSuccess
			} else if rapid.Bool().Draw(t, "poor") {
				v.Text, v.Class = "余额不足", bank.ClassRetryFunds
			}
			if rapid.Bool().Draw(t, "dated") {
				v.ValueDate = calendar.MustDay("2026-02-28")
			}
			want = append(want, v)
		}
		want = append(want, bank.End{Results: n})
		first := written(t, l, want)
		var got []bank.Record
		_, err := sheet.Read(t.Context(), bytes.NewReader(first), l, func(r bank.Record) error {
			got = append(got, r)
			return nil
		})
		if diff := cmp.Diff(want, got, figures()); err != nil || diff != "" {
			t.Fatalf("%v (-written, +read):\n%s", err, diff)
		}
		if again := written(t, l, got); !bytes.Equal(first, again) {
			t.Fatal("written again, the bytes differ")
		}
	})
}

func TestRead_testdata(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rows int64
		sum  string
		want error
	}{
		"result.xlsx":                {3, "119.80", nil},
		"broken_number_account.xlsx": {0, "0.00", layout.ErrMalformed},
		"broken_no_titles.xlsx":      {0, "0.00", sheet.ErrHeading},
	} {
		file, err := os.Open(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		summary, err := sheet.Read(t.Context(), file, answers(), func(bank.Record) error { return nil })
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		if !errors.Is(err, tt.want) || summary.Rows != tt.rows || summary.Sum != money.MustParse(tt.sum) {
			t.Errorf("%s: %+v, %v", name, summary, err)
		}
	}
}

package sheet_test

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/bank/layout"
	"twoline/adapters/bank/sheet"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// part is one part of a workbook made by hand.
type part struct{ name, text string }

const (
	contentTypes = `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`
	packageRels  = `<?xml version="1.0"?><Relationships><Relationship Id="rId1" ` +
		`Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" ` +
		`Target="xl/workbook.xml"/></Relationships>`
	workbookRels = `<?xml version="1.0"?><Relationships><Relationship Id="rId1" ` +
		`Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" ` +
		`Target="worksheets/sheet1.xml"/><Relationship Id="rId2" ` +
		`Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" ` +
		`Target="/xl/sharedStrings.xml"/></Relationships>`
	workbookXML = `<?xml version="1.0"?><workbook xmlns:r="r"><workbookPr/><sheets>` +
		`<sheet name="结果" sheetId="1" r:id="rId1"/></sheets></workbook>`
	sharedXML = `<?xml version="1.0"?><sst><si><t>王小明</t></si><si><r><t>古丽</t></r><r><t>·买买提</t></r></si>` +
		`<si><t>李</t><rPh sb="0" eb="1"><t>リ</t></rPh></si></sst>`
)

// parts are those of a workbook with one sheet.
func parts(sheetXML string) []part {
	return []part{
		{"[Content_Types].xml", contentTypes},
		{"_rels/.rels", packageRels},
		{"xl/workbook.xml", workbookXML},
		{"xl/_rels/workbook.xml.rels", workbookRels},
		{"xl/sharedStrings.xml", sharedXML},
		{"xl/worksheets/sheet1.xml", sheetXML},
	}
}

func archive(tb testing.TB, parts ...part) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, p := range parts {
		w, err := z.Create(p.name)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := w.Write([]byte(p.text)); err != nil {
			tb.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// rowsXML is a sheet whose rows hold the cells as they are given, each by its XML
// without the name of the place: `t="s"><v>0</v>`.
func rowsXML(rows ...[]string) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0"?><worksheet><sheetData>`)
	for _, row := range rows {
		b.WriteString("<row>")
		for _, c := range row {
			b.WriteString("<c " + c + "</c>")
		}
		b.WriteString("</row>")
	}
	return b.String() + `</sheetData></worksheet>`
}

func text(s string) string   { return `t="inlineStr"><is><t>` + s + `</t></is>` }
func number(s string) string { return `><v>` + s + `</v>` }
func common(s string) string { return `t="s"><v>` + s + `</v>` }

func headings() []string {
	return []string{text("序号"), text("户名"), text("账号"), text("金额(元)"), text("入账状态"), text("失败原因"), text("日期")}
}

func workbook(tb testing.TB, rows ...[]string) []byte {
	tb.Helper()
	return archive(tb, parts(rowsXML(rows...))...)
}

// answers is the layout of a result sheet with titles, a state and a reason.
func answers() layout.Layout {
	return layout.Layout{
		Name: "sheet-result", Format: layout.Sheet, Content: layout.Results, Unit: layout.Yuan, Dates: layout.Dashed,
		TotalPhrases: []string{"合计", "总计"},
		Fields: []layout.Field{
			{Name: layout.Sequence, Title: "序号", Required: true},
			{Name: layout.Name, Title: "户名", Required: true},
			{Name: layout.Account, Title: "账号", Required: true},
			{Name: layout.Amount, Title: "金额(元)"},
			{Name: layout.Code, Title: "入账状态"},
			{Name: layout.Reason, Title: "失败原因", Optional: true},
			{Name: layout.ValueDate, Title: "日期", Optional: true},
		},
		Answers: layout.Answers{
			Codes: map[string]layout.Answer{
				"成功": {Outcome: bank.OutcomeSucceeded, Class: bank.ClassSuccess},
				"失败": {Outcome: bank.OutcomeFailed},
			},
			Phrases: []layout.Phrase{
				{Text: "余额不足", Answer: layout.Answer{Outcome: bank.OutcomeFailed, Class: bank.ClassRetryFunds}},
				{Text: "处理中", Answer: layout.Answer{Outcome: bank.OutcomePending, Class: bank.ClassUnknown}},
			},
		},
	}
}

// orders is the layout of a sheet of instructions.
func orders() layout.Layout {
	return layout.Layout{
		Name: "sheet-order", Format: layout.Sheet, Content: layout.Instructions, Direction: bank.Payment,
		Unit: layout.Yuan, SheetName: "代发", TotalPhrases: []string{"合计"},
		Fields: []layout.Field{
			{Name: layout.Account, Title: "卡号", Required: true},
			{Name: layout.Name, Title: "姓名", Required: true},
			{Name: layout.Amount, Title: "金额"},
			{Name: layout.Text, Title: "备注"},
			{Name: layout.ItemID, Title: "流水号", Required: true},
		},
	}
}

func read(tb testing.TB, raw []byte, l layout.Layout) ([]bank.Record, layout.Summary, error) {
	tb.Helper()
	var records []bank.Record
	summary, err := sheet.Read(tb.Context(), bytes.NewReader(raw), l, func(r bank.Record) error {
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

// written writes records by a layout.
func written(t interface {
	Helper()
	Fatal(args ...any)
}, l layout.Layout, records []bank.Record,
) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := sheet.NewWriter(&b, l)
	if err != nil {
		t.Fatal(err)
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

package paper_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/paper"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/report"
)

// shared has read its font once for all tests.
var shared = paper.NewPress() //nolint:gochecknoglobals // it is safe for concurrent use

func write(t *testing.T, format string, h report.Head, rows ...[]report.Cell) []byte {
	t.Helper()
	var b bytes.Buffer
	s, err := shared.New(format, &b)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Begin(h); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := s.Row(r...); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.End(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func head() report.Head {
	return report.Head{
		Name: "凭证", Title: "=title", Notes: []string{"单位:元"}, Columns: []report.Column{{Name: "摘要", Width: 20}, {Name: "金额", Width: 18}, {Name: "日期", Width: 12}, {Name: "笔数", Width: 8}},
	}
}

func row(text string) []report.Cell {
	return []report.Cell{
		report.TextCell(text), report.MoneyCell(money.MustParse("9999999999999.99")),
		report.DateCell(calendar.MustDay("2011-03-25")), report.CountCell(44_007),
	}
}

// cell is one cell of the written sheet, as a reader of the format sees it.
type cell struct {
	Ref   string `xml:"r,attr"`
	Style string `xml:"s,attr"`
	Type  string `xml:"t,attr"`
	Value string `xml:"v"`
	Text  string `xml:"is>t"`
}

// open reads a workbook's parts and the cells of its sheet.
func open(t *testing.T, file []byte) (map[string]string, []cell) {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for _, f := range r.File {
		body, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		parts[f.Name] = string(text)
		if f.Modified.Year() > 1980 {
			t.Errorf("%s has the time %s", f.Name, f.Modified)
		}
		d := xml.NewDecoder(bytes.NewReader(text))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
		}
	}
	var sheet struct {
		Rows []struct {
			Cells []cell `xml:"c"`
		} `xml:"sheetData>row"`
	}
	if err := xml.Unmarshal([]byte(parts["xl/worksheets/sheet1.xml"]), &sheet); err != nil {
		t.Fatal(err)
	}
	var cells []cell
	for _, r := range sheet.Rows {
		cells = append(cells, r.Cells...)
	}
	return parts, cells
}

func TestAWorkbookHoldsWhatWasWritten(t *testing.T) {
	t.Parallel()
	file := write(t, paper.XLSX, head(), row("a <b> & \x01 c"), []report.Cell{report.Blank(), report.MoneyCell(-1)})
	parts, cells := open(t, file)
	want := []cell{
		{"A1", "3", "inlineStr", "", "'=title"},
		{"A2", "3", "inlineStr", "", "单位:元"},
		{"A3", "3", "inlineStr", "", "摘要"},
		{"B3", "3", "inlineStr", "", "金额"},
		{"C3", "3", "inlineStr", "", "日期"},
		{"D3", "3", "inlineStr", "", "笔数"},
		{"A4", "0", "inlineStr", "", "a <b> & \uFFFD c"},
		// Digit by digit: what a float of the same amount would not keep in every program.
		{"B4", "1", "", "9999999999999.99", ""},
		{"C4", "2", "", "40627", ""},
		{"D4", "0", "", "44007", ""},
		{"B5", "1", "", "-0.01", ""},
	}
	if diff := cmp.Diff(want, cells); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{
		"[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml",
	} {
		if parts[name] == "" {
			t.Errorf("the workbook has no %s", name)
		}
	}
	if !strings.Contains(parts["xl/workbook.xml"], `name="凭证"`) {
		t.Errorf("the sheet has another name: %s", parts["xl/workbook.xml"])
	}
	wide := make([]report.Cell, 703)
	for i := range wide {
		wide[i] = report.CountCell(i)
	}
	_, cells = open(t, write(t, paper.XLSX, report.Head{Name: "x"}, wide))
	for i, ref := range map[int]string{3: "D2", 25: "Z2", 26: "AA2", 51: "AZ2", 52: "BA2", 701: "ZZ2", 702: "AAA2"} {
		if cells[i].Ref != ref {
			t.Errorf("column %d is %s, want %s", i, cells[i].Ref, ref)
		}
	}
}

func TestTheSameTableIsTheSameFile(t *testing.T) {
	t.Parallel()
	for _, format := range []string{paper.CSV, paper.XLSX, paper.PDF} {
		first, again := write(t, format, head(), row("x")), write(t, format, head(), row("x"))
		if !bytes.Equal(first, again) {
			t.Errorf("%s: the same table is another file", format)
		}
		if bytes.Equal(first, write(t, format, head(), row("y"))) {
			t.Errorf("%s: another table is the same file", format)
		}
	}
}

// What an officer or a bank entered never becomes a formula, in whatever program.
func TestTextIsNoFormula(t *testing.T) {
	t.Parallel()
	for _, hostile := range []string{
		"=cmd|'/c calc'!A1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠x", "=\"a\"\"b\",c\n=2",
	} {
		file := write(t, paper.CSV, head(), row(hostile))
		r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(file, []byte("\uFEFF"))))
		r.FieldsPerRecord = -1
		lines, err := r.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		last := lines[len(lines)-1]
		// The writer leaves a lone carriage return out.
		if want := "'" + strings.ReplaceAll(hostile, "\r", ""); last[0] != want {
			t.Errorf("csv has %q, want %q", last[0], want)
		}
		if last[1] != "9999999999999.99" || lines[0][0] != "'=title" {
			t.Errorf("csv has %q", lines)
		}
		_, cells := open(t, write(t, paper.XLSX, head(), row(hostile)))
		got := cells[len(cells)-4]
		if got.Type != "inlineStr" || !strings.HasPrefix(got.Text, "'") {
			t.Errorf("xlsx has %+v for %q", got, hostile)
		}
	}
	for _, harmless := range []string{"", "收到保险费", "1+1", "a=b", "'quoted"} {
		if got := report.Neutral(harmless); got != harmless {
			t.Errorf("%q became %q", harmless, got)
		}
	}
}

func TestCSVIsAsSpreadsheetsReadIt(t *testing.T) {
	t.Parallel()
	want := "\uFEFF'=title\r\n单位:元\r\n摘要,金额,日期,笔数\r\n\"a,\"\"b\"\"\",9999999999999.99,2011-03-25,44007\r\n"
	if got := string(write(t, paper.CSV, head(), row(`a,"b"`))); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := paper.New("docx", io.Discard); !errors.Is(err, paper.ErrFormat) {
		t.Errorf("docx: %v", err)
	}
}

// broken takes a number of bytes.
type broken struct{ left int }

func (b *broken) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errors.New("full")
	}
	return len(p), nil
}

func TestAFileThatBreaksOffIsAnError(t *testing.T) {
	t.Parallel()
	for _, format := range []string{paper.CSV, paper.XLSX, paper.PDF} {
		whole := len(write(t, format, head(), row("x")))
		for left := 0; left < whole; left += max(41, whole/40) {
			s, err := shared.New(format, &broken{left})
			if err != nil {
				t.Fatal(err)
			}
			if errors.Join(s.Begin(head()), s.Row(row("x")...), s.End()) == nil {
				t.Fatalf("%s: %d of %d bytes were taken for the whole", format, left, whole)
			}
		}
	}
}

// A sheet is as long as programs read, and not one row longer.
func TestASheetHasAnEnd(t *testing.T) {
	t.Parallel()
	s, err := paper.New(paper.XLSX, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Begin(report.Head{Name: "x", Columns: []report.Column{{Name: "n", Width: 1}}}); err != nil {
		t.Fatal(err)
	}
	paper.SkipTo(s, 1<<20-1)
	if err := s.Row(report.CountCell(1)); err != nil {
		t.Errorf("the last row: %v", err)
	}
	if err := s.Row(report.CountCell(1)); !errors.Is(err, paper.ErrTooLong) {
		t.Errorf("one row more: %v", err)
	}
}

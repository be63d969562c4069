package sheet

import (
	"archive/zip"
	"bufio"
	"encoding/xml"
	"io"
	"slices"
	"strconv"
	"strings"

	"twoline/adapters/bank/layout"
)

// NewWriter makes a writer on w, or returns layout.ErrLayout.
func NewWriter(w io.Writer, l layout.Layout) (*layout.Writer, error) {
	if err := check(&l); err != nil {
		return nil, err
	}
	return layout.NewWriter(w, &l, func(out io.Writer) layout.Joiner {
		return &joiner{l: &l, coder: layout.NewCoder(l.Charset), zip: zip.NewWriter(out)}
	})
}

// The styles by their place in stylesXML.
const (
	styleText  = "1"
	styleYuan  = "2"
	styleWhole = "3"
)

const (
	xmlHead  = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	mainXML  = `http://schemas.openxmlformats.org/spreadsheetml/2006/main`
	relsXML  = `http://schemas.openxmlformats.org/package/2006/relationships`
	officeNS = `http://schemas.openxmlformats.org/officeDocument/2006/relationships`
	partType = `application/vnd.openxmlformats-officedocument.spreadsheetml.`

	contentTypesXML = xmlHead + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/docProps/app.xml" ` +
		`ContentType="application/vnd.openxmlformats-officedocument.extended-properties+xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="` + partType + `sheet.main+xml"/>` +
		`<Override PartName="/xl/worksheets/sheet1.xml" ContentType="` + partType + `worksheet+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="` + partType + `styles+xml"/></Types>`
	packageXML = xmlHead + `<Relationships xmlns="` + relsXML + `"><Relationship Id="rId1" Type="` + officeNS +
		`/officeDocument" Target="xl/workbook.xml"/><Relationship Id="rId2" Type="` + officeNS +
		`/extended-properties" Target="docProps/app.xml"/></Relationships>`
	applicationXML = xmlHead + `<Properties ` +
		`xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties">` +
		`<Application>` + application + `</Application></Properties>`
	workbookRelsXML = xmlHead + `<Relationships xmlns="` + relsXML + `"><Relationship Id="rId1" Type="` + officeNS +
		`/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="` + officeNS +
		`/styles" Target="styles.xml"/></Relationships>`
	// Format 49 is text, 2 is 0.00 and 1 is 0.
	stylesXML = xmlHead + `<styleSheet xmlns="` + mainXML + `">` +
		`<fonts count="1"><font><sz val="11"/><name val="SimSun"/></font></fonts>` +
		`<fills count="2"><fill><patternFill patternType="none"/></fill>` +
		`<fill><patternFill patternType="gray125"/></fill></fills>` +
		`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
		`<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>` +
		`<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
		`<xf numFmtId="2" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
		`<xf numFmtId="1" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>` +
		`<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`
)

// joiner implements layout.Joiner. The parts go into the archive in a fixed order
// and without a time, the sheet last, as it comes.
type joiner struct {
	l     *layout.Layout
	coder *layout.Coder
	zip   *zip.Writer
	sheet *bufio.Writer
	row   int
	bytes []byte
}

func (j *joiner) begin() error {
	name := j.l.SheetName
	if name == "" {
		name = "Sheet1"
	}
	book := xmlHead + `<workbook xmlns="` + mainXML + `" xmlns:r="` + officeNS + `"><sheets><sheet name="` +
		escaped(name) + `" sheetId="1" r:id="rId1"/></sheets></workbook>`
	for _, part := range [][2]string{
		{"[Content_Types].xml", contentTypesXML},
		{"_rels/.rels", packageXML},
		{"docProps/app.xml", applicationXML},
		{"xl/workbook.xml", book},
		{"xl/_rels/workbook.xml.rels", workbookRelsXML},
		{"xl/styles.xml", stylesXML},
		{"xl/worksheets/sheet1.xml", xmlHead + `<worksheet xmlns="` + mainXML + `"><sheetData>`},
	} {
		// Without a time the same records are the same file.
		w, err := j.zip.CreateHeader(&zip.FileHeader{Name: part[0], Method: zip.Deflate})
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, part[1]); err != nil {
			return err
		}
		j.sheet = bufio.NewWriterSize(w, 32<<10)
	}
	titles := make([]string, len(j.l.Fields))
	for i, f := range j.l.Fields {
		titles[i] = f.Title
	}
	return j.write(titles, func(int) bool { return false })
}

// Join implements layout.Joiner.
func (j *joiner) Join(_ layout.Kind, row layout.Row, texts []string) error {
	if j.sheet == nil {
		if err := j.begin(); err != nil {
			return err
		}
	}
	for i, text := range texts {
		var err error
		if j.bytes, err = j.coder.Append(j.bytes[:0], &row.Fields[i], text); err != nil {
			return err
		}
	}
	return j.write(texts, func(i int) bool { return isNumber(row.Fields[i].Name) })
}

// End implements layout.Joiner.
func (j *joiner) End(all layout.Tally) error {
	if j.sheet == nil {
		if err := j.begin(); err != nil {
			return err
		}
	}
	if len(j.l.TotalPhrases) > 0 {
		if err := j.total(all); err != nil {
			return err
		}
	}
	if _, err := j.sheet.WriteString(`</sheetData></worksheet>`); err != nil {
		return err
	}
	if err := j.sheet.Flush(); err != nil {
		return err
	}
	return j.zip.Close()
}

// total writes the row of totals: the phrase in the first column that is not the
// amount's, and the sum in that.
func (j *joiner) total(all layout.Tally) error {
	texts := make([]string, len(j.l.Fields))
	amount := slices.IndexFunc(j.l.Fields, func(f layout.Field) bool { return f.Name == layout.Amount })
	first := 0
	if amount == 0 {
		first = 1
	}
	texts[first] = j.l.TotalPhrases[0]
	texts[amount] = j.l.SumText(all.Sum)
	return j.write(texts, func(i int) bool { return i == amount })
}

func isNumber(name layout.FieldName) bool {
	return name == layout.Amount || name == layout.Moved || name == layout.Sequence
}

// write writes one row. The writer keeps its first error until the row ends.
func (j *joiner) write(texts []string, number func(i int) bool) error {
	if j.row == maxRows {
		return layout.ErrTooLarge.With("a sheet has at most %d rows", maxRows)
	}
	j.row++
	n := strconv.Itoa(j.row)
	put := func(parts ...string) {
		for _, s := range parts {
			_, _ = j.sheet.WriteString(s) // told by the end of the row
		}
	}
	put(`<row r="`, n, `">`)
	for i, text := range texts {
		if text == "" {
			continue
		}
		put(`<c r="`, columnName(i), n)
		if number(i) && len(text) <= sure {
			style := styleWhole
			if strings.Contains(text, ".") {
				style = styleYuan
			}
			put(`" s="`, style, `"><v>`, text, `</v></c>`)
			continue
		}
		put(`" s="`, styleText, `" t="inlineStr"><is><t xml:space="preserve">`, escaped(neutral(text)), `</t></is></c>`)
	}
	_, err := j.sheet.WriteString("</row>")
	return err
}

// columnName is A to Z, then AA and on.
func columnName(i int) string {
	if i < 26 {
		return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i : i+1]
	}
	return columnName(i/26-1) + columnName(i%26)
}

// escaped is text as XML carries it. What would be read as an escaped character
// gets its own first character escaped.
func escaped(text string) string {
	if hasEscape(text) {
		var b strings.Builder
		for i := range len(text) {
			if isEscape(text[i:]) {
				b.WriteString("_x005F")
			}
			b.WriteByte(text[i])
		}
		text = b.String()
	}
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a builder takes everything
	return b.String()
}

// formulas are the characters that begin a formula for some program, the wide
// ones too.
const formulas = "=+-@\t\r\n＝＋－＠"

// opens says that a text begins like a formula, or like one that has apostrophes
// before it.
func opens(text string) bool {
	return strings.IndexAny(strings.TrimLeft(text, "'"), formulas) == 0
}

// neutral puts an apostrophe before what a program could read as a formula.
func neutral(text string) string {
	if opens(text) {
		return "'" + text
	}
	return text
}

// plain takes the apostrophe of neutral off.
func plain(text string) string {
	if strings.HasPrefix(text, "'") && opens(text) {
		return text[1:]
	}
	return text
}

package paper

import (
	"archive/zip"
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/report"
)

// ErrTooLong is a table with more rows than a sheet can have.
var ErrTooLong = fault.New(fault.Unprocessable, "paper_too_long",
	"a sheet has at most 1048576 rows; take it as csv, or of a shorter time")

// maxRows is what every spreadsheet program reads.
const maxRows = 1 << 20

// workbook writes one sheet as Office Open XML (ECMA-376). Its parts go into the
// archive in a fixed order and without a time, the sheet last, as it comes.
type workbook struct {
	zip   *zip.Writer
	sheet *bufio.Writer
	row   int
	// below is what stands after the rows.
	below []report.Cell
	signs []report.Cell
}

func newWorkbook(w io.Writer) *workbook {
	return &workbook{zip: zip.NewWriter(w), sheet: nil, row: 0, below: nil, signs: nil}
}

// The styles by their place in the list of formats of stylesXML.
const (
	stylePlain = iota
	styleMoney
	styleDate
	styleBold
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
		`<Override PartName="/xl/workbook.xml" ContentType="` + partType + `sheet.main+xml"/>` +
		`<Override PartName="/xl/worksheets/sheet1.xml" ContentType="` + partType + `worksheet+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="` + partType + `styles+xml"/></Types>`
	packageXML = xmlHead + `<Relationships xmlns="` + relsXML + `"><Relationship Id="rId1" Type="` + officeNS +
		`/officeDocument" Target="xl/workbook.xml"/></Relationships>`
	workbookRelsXML = xmlHead + `<Relationships xmlns="` + relsXML + `"><Relationship Id="rId1" Type="` + officeNS +
		`/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="` + officeNS +
		`/styles" Target="styles.xml"/></Relationships>`
	// Format 4 is #,##0.00; 164 is our own for days.
	stylesXML = xmlHead + `<styleSheet xmlns="` + mainXML + `">` +
		`<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd"/></numFmts>` +
		`<fonts count="2"><font><sz val="11"/><name val="SimSun"/></font>` +
		`<font><b/><sz val="11"/><name val="SimSun"/></font></fonts>` +
		`<fills count="2"><fill><patternFill patternType="none"/></fill>` +
		`<fill><patternFill patternType="gray125"/></fill></fills>` +
		`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
		`<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>` +
		`<xf numFmtId="4" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
		`<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
		`<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>` +
		`<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`
)

// Begin implements report.Sheet.
func (b *workbook) Begin(h report.Head) error {
	book := xmlHead + `<workbook xmlns="` + mainXML + `" xmlns:r="` + officeNS + `"><sheets><sheet name="` +
		escaped(h.Name) + `" sheetId="1" r:id="rId1"/></sheets></workbook>`
	for _, part := range [][2]string{
		{"[Content_Types].xml", contentTypesXML},
		{"_rels/.rels", packageXML},
		{"xl/workbook.xml", book},
		{"xl/_rels/workbook.xml.rels", workbookRelsXML},
		{"xl/styles.xml", stylesXML},
	} {
		w, err := b.part(part[0])
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, part[1]); err != nil {
			return fmt.Errorf("write %s: %w", part[0], err)
		}
	}
	w, err := b.part("xl/worksheets/sheet1.xml")
	if err != nil {
		return err
	}
	b.sheet = bufio.NewWriter(w)
	for _, line := range h.Foot {
		b.below = append(b.below, report.TextCell(line))
	}
	for _, place := range h.Signatures {
		b.signs = append(b.signs, report.TextCell(place))
	}
	b.put(xmlHead, `<worksheet xmlns="`, mainXML, `"><cols>`)
	for i, c := range h.Columns {
		n := strconv.Itoa(i + 1)
		b.put(`<col min="`, n, `" max="`, n, `" width="`, strconv.Itoa(c.Width), `" customWidth="1"/>`)
	}
	b.put(`</cols><sheetData>`)
	if h.Title != "" {
		for _, line := range append([]string{h.Title}, h.Notes...) {
			if err := b.write(styleBold, []report.Cell{report.TextCell(line)}); err != nil {
				return err
			}
		}
	}
	names := make([]report.Cell, len(h.Columns))
	for i, c := range h.Columns {
		names[i] = report.TextCell(c.Name)
	}
	return b.write(styleBold, names)
}

// part begins a part of the archive. It has no time: the same table is the same file.
func (b *workbook) part(name string) (io.Writer, error) {
	w, err := b.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate}) //nolint:exhaustruct // no time
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", name, err)
	}
	return w, nil
}

// put writes to the sheet; the writer keeps the first error until a row ends.
func (b *workbook) put(parts ...string) {
	for _, s := range parts {
		_, _ = b.sheet.WriteString(s) // told by the end of the row
	}
}

// Row implements report.Sheet.
func (b *workbook) Row(cells ...report.Cell) error { return b.write(stylePlain, cells) }

func (b *workbook) write(style int, cells []report.Cell) error {
	if b.row == maxRows {
		return ErrTooLong
	}
	b.row++
	n := strconv.Itoa(b.row)
	b.put(`<row r="`, n, `">`)
	for i, c := range cells {
		if c.Value == "" {
			continue
		}
		b.put(`<c r="`, column(i), n, `"`)
		if err := b.value(style, c); err != nil {
			return fmt.Errorf("row %d: %w", b.row, err)
		}
	}
	if _, err := b.sheet.WriteString("</row>"); err != nil {
		return fmt.Errorf("write row %d: %w", b.row, err)
	}
	return nil
}

func (b *workbook) value(style int, c report.Cell) error {
	number := func(style int, digits string) {
		b.put(` s="`, strconv.Itoa(style), `"><v>`, digits, `</v></c>`)
	}
	switch c.Kind {
	case report.Text:
		b.put(` s="`, strconv.Itoa(style), `" t="inlineStr"><is><t xml:space="preserve">`,
			escaped(report.Neutral(c.Value)), `</t></is></c>`)
	case report.Money:
		number(styleMoney, c.Value)
	case report.Count:
		number(stylePlain, c.Value)
	case report.Date:
		day, err := calendar.ParseDay(c.Value)
		if err != nil {
			return err
		}
		// Day 0 is the one that makes 1 March 1900 the 61st, as all programs count.
		number(styleDate, strconv.Itoa(calendar.MustDay("1899-12-30").DaysUntil(day)))
	}
	return nil
}

// End implements report.Sheet.
func (b *workbook) End() error {
	for _, line := range b.below {
		if err := b.write(stylePlain, []report.Cell{line}); err != nil {
			return err
		}
	}
	if len(b.signs) > 0 {
		if err := errors.Join(b.write(stylePlain, nil), b.write(stylePlain, b.signs)); err != nil {
			return err
		}
	}
	b.put(`</sheetData></worksheet>`)
	if err := b.sheet.Flush(); err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	if err := b.zip.Close(); err != nil {
		return fmt.Errorf("write the archive's end: %w", err)
	}
	return nil
}

// column is A to Z, then AA and on.
func column(i int) string {
	if i < 26 {
		return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i : i+1]
	}
	return column(i/26-1) + column(i%26)
}

// escaped is text as XML carries it; what XML has no way to carry becomes U+FFFD.
func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a builder takes everything
	return b.String()
}

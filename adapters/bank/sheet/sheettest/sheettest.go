// Package sheettest makes xlsx workbooks as spreadsheet programs write them, for
// tests of what reads them.
package sheettest

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"
)

// Sheet is one sheet: its name and rows. A cell that is a string is text; nil is
// empty; Number, Formula, Error and bool are what they say. A row that is nil is
// left out of the file, as programs leave out rows that nothing ever stood in.
type Sheet struct {
	Name string
	Rows [][]any
}

// Number is a number as the file writes it, such as 183.1, 1.0E2, or the 45987
// that a program shows as a day.
type Number string

// Formula is a formula that no program has computed.
type Formula string

// Error is an error such as #N/A.
type Error string

const (
	head     = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	mainNS   = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	relsNS   = `xmlns="http://schemas.openxmlformats.org/package/2006/relationships"`
	officeNS = `http://schemas.openxmlformats.org/officeDocument/2006/relationships`
	typesNS  = `xmlns="http://schemas.openxmlformats.org/package/2006/content-types"`
	kinds    = `application/vnd.openxmlformats-officedocument.spreadsheetml.`
)

// Workbook writes a workbook: texts are shared, as programs do it.
func Workbook(tb testing.TB, sheets ...Sheet) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	write := func(name, text string) {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(head + text))
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	var types, names, rels strings.Builder
	texts := &shared{at: map[string]int{}, list: nil}
	for i, s := range sheets {
		part := fmt.Sprintf("worksheets/sheet%d.xml", i+1)
		write("xl/"+part, sheetXML(tb, s, texts))
		fmt.Fprintf(&types, `<Override PartName="/xl/%s" ContentType="%sworksheet+xml"/>`, part, kinds)
		fmt.Fprintf(&names, `<sheet name="%s" sheetId="%d" r:id="rId%[2]d"/>`, escaped(s.Name), i+1)
		fmt.Fprintf(&rels, `<Relationship Id="rId%d" Type="%s/worksheet" Target="%s"/>`, i+1, officeNS, part)
	}
	write("xl/sharedStrings.xml", texts.xml())
	write("xl/workbook.xml", `<workbook `+mainNS+` xmlns:r="`+officeNS+`"><sheets>`+names.String()+
		`</sheets></workbook>`)
	write("xl/_rels/workbook.xml.rels", `<Relationships `+relsNS+`>`+rels.String()+`<Relationship Id="rIdTexts" Type="`+
		officeNS+`/sharedStrings" Target="sharedStrings.xml"/></Relationships>`)
	write("_rels/.rels", `<Relationships `+relsNS+`><Relationship Id="rId1" Type="`+officeNS+
		`/officeDocument" Target="xl/workbook.xml"/></Relationships>`)
	write("[Content_Types].xml", `<Types `+typesNS+`><Default Extension="rels" `+
		`ContentType="application/vnd.openxmlformats-package.relationships+xml"/>`+
		`<Override PartName="/xl/workbook.xml" ContentType="`+kinds+`sheet.main+xml"/>`+
		`<Override PartName="/xl/sharedStrings.xml" ContentType="`+kinds+`sharedStrings+xml"/>`+types.String()+
		`</Types>`)
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// shared are the texts that cells share.
type shared struct {
	at   map[string]int
	list []string
}

func (s *shared) index(text string) int {
	i, ok := s.at[text]
	if !ok {
		i = len(s.list)
		s.at[text], s.list = i, append(s.list, text)
	}
	return i
}

func (s *shared) xml() string {
	var b strings.Builder
	b.WriteString(`<sst ` + mainNS + `>`)
	for _, text := range s.list {
		b.WriteString(`<si><t xml:space="preserve">` + escaped(text) + `</t></si>`)
	}
	return b.String() + `</sst>`
}

func sheetXML(tb testing.TB, s Sheet, texts *shared) string {
	tb.Helper()
	var b strings.Builder
	b.WriteString(`<worksheet ` + mainNS + `><sheetData>`)
	for r, cells := range s.Rows {
		if cells == nil {
			continue
		}
		fmt.Fprintf(&b, `<row r="%d">`, r+1)
		for c, cell := range cells {
			at := column(c) + fmt.Sprint(r+1)
			switch v := cell.(type) {
			case nil:
			case string:
				fmt.Fprintf(&b, `<c r="%s" t="s"><v>%d</v></c>`, at, texts.index(v))
			case Number:
				fmt.Fprintf(&b, `<c r="%s"><v>%s</v></c>`, at, v)
			case Formula:
				fmt.Fprintf(&b, `<c r="%s"><f>%s</f></c>`, at, escaped(string(v)))
			case Error:
				fmt.Fprintf(&b, `<c r="%s" t="e"><v>%s</v></c>`, at, v)
			case bool:
				fmt.Fprintf(&b, `<c r="%s" t="b"><v>%d</v></c>`, at, map[bool]int{true: 1}[v])
			default:
				tb.Fatalf("a cell cannot hold %T", v)
			}
		}
		b.WriteString(`</row>`)
	}
	return b.String() + `</sheetData></worksheet>`
}

// column is A to Z: no registry has more columns.
func column(i int) string { return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i : i+1] }

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a builder takes everything
	return b.String()
}

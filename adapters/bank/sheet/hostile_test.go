package sheet_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/bank/banktest/bound"
	"twoline/adapters/bank/iso20022/xmlscan"
	"twoline/adapters/bank/layout"
	"twoline/adapters/bank/sheet"
	"twoline/gateway/bank"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/registry"
)

func refused(t *testing.T, name string, raw []byte, want error) {
	t.Helper()
	records, _, err := read(t, raw, answers())
	if !errors.Is(err, want) || len(records) > 1 {
		t.Errorf("%s: got %d records and %v, want %v", name, len(records), err, want)
	}
}

func TestF105_bombsAreRefusedBeforeTheyAreUnpacked(t *testing.T) {
	t.Parallel()
	zeros := strings.Repeat("\x00", 4<<20)
	refused(t, "a part of zeros", archive(t, append(parts(""), part{"xl/media/image1.png", zeros})...),
		layout.ErrTooLarge)
	sheetOf := rowsXML([]string{text("x")})
	blown := strings.Replace(sheetOf, "</sheetData>", strings.Repeat(" ", 4<<20)+"</sheetData>", 1)
	refused(t, "a sheet of blanks", archive(t, parts(blown)...), layout.ErrTooLarge)

	// Many parts, none packed too well, that make 300 MiB together.
	var packed bytes.Buffer
	deflate, err := flate.NewWriter(&packed, flate.DefaultCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(deflate, zeros[:1<<20]); err != nil {
		t.Fatal(err)
	}
	if err := deflate.Close(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := range 300 {
		w, err := z.CreateRaw(&zip.FileHeader{
			Name: "xl/media/image" + strconv.Itoa(i) + ".png", Method: zip.Deflate,
			UncompressedSize64: 1 << 20, CompressedSize64: uint64(packed.Len()),
			CRC32: crc32.ChecksumIEEE([]byte(zeros[:1<<20])),
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(packed.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	refused(t, "300 parts of 1 MiB", b.Bytes(), layout.ErrTooLarge)
}

func TestF105_aSheetLargerThanItSaysEndsTheReading(t *testing.T) {
	t.Parallel()
	rows := make([][]string, 0, 2000)
	rows = append(rows, headings())
	for i := range 1999 {
		rows = append(rows, []string{number(strconv.Itoa(i + 1)), common("0"), text("81001"), number("1"), text("成功")})
	}
	raw := workbook(t, rows...)
	at := bytes.LastIndex(raw, []byte("xl/worksheets/sheet1.xml")) - 46
	said := binary.LittleEndian.Uint32(raw[at+24:])
	for _, less := range []uint32{1, said / 2, said - 10} {
		broken := bytes.Clone(raw)
		binary.LittleEndian.PutUint32(broken[at+24:], said-less)
		records, _, err := read(t, broken, answers())
		if !errors.Is(err, sheet.ErrArchive) || fault.KindOf(err) != fault.Invalid || less == said-10 && len(records) > 1 {
			t.Errorf("a sheet of %d bytes that says %d: got %d records and %v", said, said-less, len(records), err)
		}
	}
}

func TestF105_archivesInsideAndProgramsAreRefused(t *testing.T) {
	t.Parallel()
	inner := string(archive(t, part{"a", "b"}))
	for name, p := range map[string]part{
		"a workbook inside":        {"xl/embeddings/Microsoft_Excel.xlsx", inner},
		"an archive by its name":   {"xl/media/a.zip", "x"},
		"an archive by its bytes":  {"xl/media/image1.png", inner},
		"a macro":                  {"xl/vbaProject.bin", "x"},
		"a part of the same name":  {"XL/workbook.xml", workbookXML},
		"a path that climbs out":   {"xl/../../etc/passwd", "x"},
		"a path from the root":     {"/etc/passwd", "x"},
		"a path of another system": {"xl\\workbook2.xml", "x"},
		"a path with a drive":      {"c:/x", "x"},
		"a path with a NUL":        {"xl/a\x00b", "x"},
		"a long path":              {strings.Repeat("x", 300), "x"},
	} {
		refused(t, name, archive(t, append(parts(rowsXML()), p)...), sheet.ErrArchive)
	}
}

func TestF105_linksAreRefused(t *testing.T) {
	t.Parallel()
	for _, mode := range []fs.FileMode{fs.ModeSymlink, fs.ModeDevice, fs.ModeNamedPipe} {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, p := range append(parts(rowsXML()), part{"xl/link.xml", "/etc/passwd"}) {
			h := &zip.FileHeader{Name: p.name, Method: zip.Deflate}
			if p.name == "xl/link.xml" {
				h.SetMode(mode | 0o777)
			}
			w, err := z.CreateHeader(h)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(w, p.text); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		refused(t, mode.String(), b.Bytes(), sheet.ErrArchive)
	}
}

func TestF105_manyPartsAreRefusedWithoutMemoryForThem(t *testing.T) {
	// Not parallel: it measures.
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := range 100_000 {
		if _, err := z.CreateHeader(&zip.FileHeader{Name: strconv.Itoa(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	raw := b.Bytes()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	refused(t, "100000 parts", raw, sheet.ErrArchive)
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("%d bytes were given to refuse it", used)
	}
	// The end of the directory may say that it holds one part only.
	end := bytes.LastIndex(raw, []byte("PK\x05\x06"))
	binary.LittleEndian.PutUint16(raw[end+8:], 1)
	binary.LittleEndian.PutUint16(raw[end+10:], 1)
	refused(t, "100000 parts that say one", raw, sheet.ErrArchive)
}

func TestF105_whatIsNoWorkbook(t *testing.T) {
	t.Parallel()
	refused(t, "nothing", nil, sheet.ErrArchive)
	refused(t, "text", []byte("序号,户名\n"), sheet.ErrArchive)
	refused(t, "an old or locked workbook", append([]byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), make([]byte, 600)...),
		sheet.ErrArchive)
	refused(t, "an empty archive", archive(t), sheet.ErrWorkbook)
	for i := range parts(rowsXML()) {
		all := parts(rowsXML())
		if all[i].name == "[Content_Types].xml" {
			continue
		}
		refused(t, "without "+all[i].name, archive(t, append(all[:i:i], all[i+1:]...)...), sheet.ErrWorkbook)
	}
	locked := archive(t, parts(rowsXML())...)
	at := bytes.Index(locked, []byte("PK\x01\x02"))
	locked[at+8] |= 1
	refused(t, "an encrypted part", locked, sheet.ErrArchive)
	if _, err := sheet.Read(t.Context(), io.LimitReader(endless{}, 1<<40), answers(),
		func(bank.Record) error { return nil }); !errors.Is(err, layout.ErrTooLarge) {
		t.Errorf("an endless stream: got %v", err)
	}
}

// endless is a source that never ends.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestF100_entitiesAreRefused(t *testing.T) {
	t.Parallel()
	laughs := `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]>` +
		`<worksheet><sheetData><row><c t="inlineStr"><is><t>&b;</t></is></c></row></sheetData></worksheet>`
	refused(t, "billion laughs", archive(t, parts(laughs)...), xmlscan.ErrDoctype)
	outside := strings.Replace(sharedXML, "<sst>", `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><sst>`, 1)
	all := parts(rowsXML())
	all[4].text = outside
	refused(t, "an entity from outside", archive(t, all...), xmlscan.ErrDoctype)
	deep := rowsXML([]string{`t="inlineStr"><is>` + strings.Repeat("<r>", 100) + strings.Repeat("</r>", 100) + `</is>`})
	refused(t, "deep nesting", archive(t, parts(deep)...), xmlscan.ErrDepth)
}

func TestRead_tooManySharedTexts(t *testing.T) {
	t.Parallel()
	all := parts(rowsXML())
	var b strings.Builder
	b.WriteString("<sst>")
	for i := range 300_000 {
		b.WriteString("<si><t>" + strings.Repeat(strconv.Itoa(i), 12) + "</t></si>")
	}
	all[4].text = b.String() + "</sst>"
	refused(t, "shared texts of 17 MiB", archive(t, all...), sheet.ErrWorkbook)
}

func FuzzRead(f *testing.F) {
	f.Add(bankSheet(f))
	f.Add(written(f, answers(), []bank.Record{bank.Result{
		Level: "item", Name: "=王", Account: "81001", Amount: figure("1.00"), Code: "成功", Outcome: bank.OutcomeSucceeded,
	}}))
	f.Add(workbook(f, headings(), []string{number("1"), common("2"), text("81001"), number("1E2"), text("失败"), text("x")}))
	f.Fuzz(func(t *testing.T, give []byte) {
		defer bound.Second(t)()
		records, summary, err := read(t, give, answers())
		var streamed int
		again, streamErr := sheet.Read(t.Context(), iotest.OneByteReader(bytes.NewReader(give)), answers(),
			func(bank.Record) error {
				streamed++
				return nil
			})
		if (err == nil) != (streamErr == nil) || err == nil && (summary != again || len(records) != streamed) {
			t.Fatalf("%v and %v, %+v and %+v", err, streamErr, summary, again)
		}
		if err == nil && summary.Problems == 0 {
			roundTrip(t, records)
		}
	})
}

// FuzzRows reads sheets whose XML is given: what was read is written back to the
// same facts.
func FuzzRows(f *testing.F) {
	f.Add(rowsXML(headings(), []string{number("1"), common("0"), text("81001"), number("1.5"), text("成功")}))
	f.Add(rowsXML(headings(), []string{number("1"), common("1"), text("'=1"), number("1E2"), text("失败"), text("余额不足")},
		[]string{text("合计"), text(""), text(""), number("100")}))
	f.Add(`<worksheet><sheetData><row r="3"><c r="B3" t="str"><f>A1</f><v>序号</v></c></row></sheetData></worksheet>`)
	f.Fuzz(func(t *testing.T, xml string) {
		defer bound.Second(t)()
		registryRows(t, archive(t, parts(xml)...))
		records, summary, err := read(t, archive(t, parts(xml)...), answers())
		if err == nil && summary.Problems == 0 {
			roundTrip(t, records)
		}
	})
}

// registryRows reads a sheet as the imports of registries do: its rows in order, and
// of numbers only what is exactly theirs.
func registryRows(t *testing.T, give []byte) {
	t.Helper()
	last := 0
	_ = sheet.Registry(t.Context(), bytes.NewReader(give), "members", func(row int, cells []registry.Cell) error {
		if row <= last {
			t.Fatalf("row %d after row %d", row, last)
		}
		last = row
		for _, c := range cells {
			if c.Kind != registry.CellNumber && c.Whole+c.Amount+c.Day != "" || len(c.Whole) > 15 {
				t.Fatalf("row %d holds %+v", row, c)
			}
			if _, err := money.Parse(c.Amount); c.Amount != "" && err != nil && len(c.Amount) < 15 {
				t.Fatalf("row %d holds %+v", row, c)
			}
		}
		return nil
	})
}

func roundTrip(t *testing.T, records []bank.Record) {
	t.Helper()
	back, _, err := read(t, written(t, answers(), records), answers())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(lineless(records), lineless(back), figures()); diff != "" {
		t.Fatal(diff)
	}
}

// lineless drops the rows' numbers, which empty rows change.
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

// partOf opens one part of an archive.
func partOf(tb testing.TB, raw []byte, name string) io.Reader {
	tb.Helper()
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		tb.Fatal(err)
	}
	f, err := z.Open(name)
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

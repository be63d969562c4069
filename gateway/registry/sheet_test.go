package registry_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/bank/sheet/sheettest"
	"twoline/gateway/fault"
	"twoline/gateway/registry"
)

const xlsx = true

// tryWorkbook imports a workbook of the given sheets.
func (w *world) tryWorkbook(kind registry.Kind, o registry.Options, sheets ...sheettest.Sheet) (registry.Report, error) {
	w.t.Helper()
	o.Workbook = xlsx
	return w.try(kind, string(sheettest.Workbook(w.t, sheets...)), o)
}

// sheetOf makes a sheet of CSV text, every cell text.
func sheetOf(t *testing.T, name, text string) sheettest.Sheet {
	t.Helper()
	lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	s := sheettest.Sheet{Name: name, Rows: nil}
	for _, line := range lines {
		var row []any
		for _, field := range line {
			row = append(row, field)
		}
		s.Rows = append(s.Rows, row)
	}
	return s
}

// exact is a sheet of CSV text whose numbers, days and flags are typed in, so that
// a spreadsheet keeps them as such.
func exact(t *testing.T, name, text string, cells map[string]any) sheettest.Sheet {
	t.Helper()
	s := sheetOf(t, name, text)
	for _, row := range s.Rows {
		for i, cell := range row {
			text, _ := cell.(string)
			if as, ok := cells[text]; ok {
				row[i] = as
			}
		}
	}
	return s
}

func TestImport_AWorkbookIsWhatItsCSVWouldBe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// 40179 is 1 January 2010, and so on: how a spreadsheet keeps a day.
	typed := map[string]any{
		"2009-09-01": sheettest.Number("40057"), "2010-01-01": sheettest.Number("40179"),
		"2011-01-01": sheettest.Number("40544"), "2010-02-02": sheettest.Number("20100202"),
		"2011-01": sheettest.Number("40544"), "10000": sheettest.Number("1E4"), "150000": sheettest.Number("150000"),
		"2011": sheettest.Number("2011"), "5": sheettest.Number("5"), "200.00": sheettest.Number("200"),
		"100.00": sheettest.Number("100"), "30.00": sheettest.Number("30.000000000000001"), "0.00": sheettest.Number("0"),
		"1.25": sheettest.Number("1.25"), "55.10": sheettest.Number("55.1"), "true": true, "false": false,
	}
	for _, f := range []struct {
		kind registry.Kind
		csv  string
	}{
		{registry.KindAreas, areasCSV},
		{registry.KindRegions, regionsCSV},
		{registry.KindPolicies, policyCSV + "contribution_tiers,2010-01-01,100.00,x\n" +
			"income_zero_at_month_end,2010-01-01,true,x\narrival_suspense_days,2010-01-01,5,x\n"},
		{registry.KindBanks, banksCSV},
		{registry.KindFundAccounts, fundsCSV},
		{registry.KindMembers, membersCSV(0, 3)},
		{registry.KindInstruments, instrumentsHead + instrumentLine(0, "psbc", card(0)) +
			id(1) + ",rcc,passbook,8801-22,false,true,2010-01-01\n"},
		{registry.KindMandates, mandatesHead + id(0) + ",psbc," + card(0) + ",M-1,2010-02-02\n"},
		{registry.KindTiers, tiersHead + id(0) + ",2011,100.00,2011-01-01\n"},
		{registry.KindOpeningAccounts, openingsHead + id(0) + ",100.00,0.00,30.00,1.25\n"},
		{registry.KindEntitlements, entitlementsHead + id(0) + ",,base_pension,2011-01,55.10,d\n"},
	} {
		if f.kind == registry.KindOpeningAccounts {
			w.hireDesks()
		}
		s := exact(t, "名册", f.csv, typed)
		rows := len(s.Rows) - 1
		before := w.tables()
		r, err := w.tryWorkbook(f.kind, registry.Options{}, s)
		if err != nil || r.Imported != rows || r.Rows != rows {
			t.Fatalf("%s: %+v, %v", f.kind, r, err)
		}
		if changed(before, w.tables()) == "" {
			t.Errorf("%s stored nothing", f.kind)
		}
		if f.kind == registry.KindOpeningAccounts {
			continue // a list that waits for a second person is not a repetition
		}
		// The CSV of the same rows says the same.
		again, err := w.try(f.kind, f.csv, registry.Options{})
		if err != nil || again.Repeated != rows || again.Rows != rows {
			t.Errorf("%s: its CSV says %+v, %v", f.kind, again, err)
		}
	}
	w.proveBook()
}

func TestImport_TheSheetOfTheKindOrTheFirst(t *testing.T) {
	t.Parallel()
	w := settled(t)
	notes := sheettest.Sheet{Name: "说明", Rows: [][]any{{"每行一人"}}}
	members := sheetOf(t, "Members", membersCSV(40, 42))
	blank := []any{" ", nil, "　"}
	members.Rows = append([][]any{nil, {}, blank}, members.Rows...)
	members.Rows = append(members.Rows, nil, blank, []any{nil, ""})
	if r, err := w.tryWorkbook(registry.KindMembers, registry.Options{}, notes, members); err != nil || r.Imported != 2 ||
		r.Rows != 2 {
		t.Errorf("the sheet that is called like the kind: %+v, %v", r, err)
	}
	members.Name = "Sheet1"
	if r, err := w.tryWorkbook(registry.KindMembers, registry.Options{}, members, notes); err != nil || r.Repeated != 2 {
		t.Errorf("the first sheet: %+v, %v", r, err)
	}
	_, err := w.tryWorkbook(registry.KindMembers, registry.Options{}, notes, members)
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Code != "header" || f.Line != 1 {
		t.Errorf("a first sheet of notes: %v", err)
	}
}

func TestImport_CellsThatMayHaveLostDigitsAreRefusedByLineAndColumn(t *testing.T) {
	t.Parallel()
	w := settled(t)
	rows := func(head string, rows ...[]any) sheettest.Sheet {
		s := sheettest.Sheet{Name: "x", Rows: [][]any{nil}}
		var titles []any
		for name := range strings.SplitSeq(strings.TrimSpace(head), ",") {
			titles = append(titles, name)
		}
		s.Rows = append(s.Rows, titles)
		s.Rows = append(s.Rows, rows...)
		return s
	}
	number := func(s string) sheettest.Number { return sheettest.Number(s) }
	day := number("40179")
	for _, tt := range []struct {
		kind registry.Kind
		give sheettest.Sheet
		want []registry.Line
	}{
		{
			registry.KindMembers, rows("id_number,social_no,name,region,scheme,joined_on",
				[]any{number("6.1030419700101E17"), "SB01", "王", "610304100001", "rural", day},
				[]any{id(50), number("123456"), "王", "610304100001", "rural", day},
				[]any{id(50), "SB02", "王", number("610304100001"), "rural", day},
				[]any{id(50), "SB02", "王", "610304100001", "rural", number("12.5")},
				[]any{id(50), "SB02", "王", "610304100001", "rural", number("-1")},
				[]any{id(50), "SB02", true, "610304100001", "rural", day},
				[]any{id(50), "SB02", sheettest.Error("#N/A"), "610304100001", "rural", day},
				[]any{id(50), "SB02", sheettest.Formula("A1&B1"), "610304100001", "rural", day},
				[]any{id(50), "SB02", "\uFFFD", "610304100001", "rural", day},
				[]any{id(50), "SB02", "王", "610304100001", "rural", "2010/01/01"},
				[]any{id(50), "SB02", "王", "610304100001", "rural", day, "more"},
				[]any{id(50), "SB02", "王", "610304100001", "rural"},
				[]any{id(50), "SB02", "王", "610304100001", "rural", day, " "},
			), []registry.Line{
				line(3, registry.Refused, "cell", "id_number"), line(4, registry.Refused, "cell", "social_no"),
				line(5, registry.Refused, "cell", "region"), line(6, registry.Refused, "cell", "joined_on"),
				line(7, registry.Refused, "cell", "joined_on"), line(8, registry.Refused, "cell", "name"),
				line(9, registry.Refused, "cell", "name"), line(10, registry.Refused, "cell", "name"),
				line(11, registry.Refused, "cell", "name"), line(12, registry.Refused, "invalid_field", "joined_on"),
				line(13, registry.Refused, "fields", ""), line(14, registry.Refused, "required", "joined_on"),
			},
		},
		{
			registry.KindTiers, rows(tiersHead,
				[]any{id(50), number("2011.5"), number("100"), number("40600")},
				[]any{id(50), number("2011"), number("100.005"), number("40600")},
				[]any{id(50), number("2011"), number("-100"), number("40600")},
				[]any{id(50), number("2011"), number("1e99"), number("40600")},
				[]any{id(50), number("2011"), number("100"), number("40600.75")},
			), []registry.Line{
				line(3, registry.Refused, "cell", "year"), line(4, registry.Refused, "cell", "amount"),
				line(5, registry.Refused, "cell", "amount"), line(6, registry.Refused, "cell", "amount"),
			},
		},
		{
			registry.KindInstruments, rows(instrumentsHead,
				[]any{id(50), "psbc", "card", number("6210000000000000500"), true, false, day},
				[]any{id(50), "psbc", "passbook", number("880122"), true, false, day},
				[]any{id(50), "psbc", "passbook", "8801", number("1"), false, day},
				[]any{id(50), "psbc", "passbook", "880122", true, false, day},
			), []registry.Line{
				line(3, registry.Refused, "cell", "account_no"), line(4, registry.Refused, "cell", "account_no"),
				line(5, registry.Refused, "cell", "activated"),
			},
		},
		{
			registry.KindMandates, rows(mandatesHead,
				[]any{id(50), "psbc", "880122", number("17"), day}, []any{id(50), "psbc", "880122", "17", number("5000000")},
				[]any{id(50), "psbc", "880122", "17", day},
			), []registry.Line{
				line(3, registry.Refused, "cell", "number"), line(4, registry.Refused, "cell", "signed_on"),
			},
		},
		{
			registry.KindHolds, rows("id_number,reason,from_month",
				[]any{id(50), "unconfirmed", number("40180")}, []any{id(50), "unconfirmed", number("2011")},
			), []registry.Line{
				line(3, registry.Refused, "cell", "from_month"), line(4, registry.Refused, "cell", "from_month"),
			},
		},
	} {
		r, err := w.tryWorkbook(tt.kind, registry.Options{}, tt.give)
		if _, all := errors.AsType[*registry.RefusedFileError](err); err != nil && !all {
			t.Fatalf("%s: %v", tt.kind, err)
		}
		if d := cmp.Diff(tt.want, answers(r)); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.kind, d)
		}
		if want := len(tt.give.Rows) - 2 - len(tt.want); r.Imported != want {
			t.Errorf("%s: %d rows are imported, want %d", tt.kind, r.Imported, want)
		}
	}
	w.proveBook()
}

// What no column is known to take as a number, a day or a flag must be text.
func TestF115_EveryColumnThatMayHoldANumberIsNamedHere(t *testing.T) {
	t.Parallel()
	w := settled(t)
	takes := map[string]bool{
		"effective_from": true, "opened_on": true, "joined_on": true, "signed_on": true, "chosen_on": true, "died_on": true,
		"applied_on": true, "years": true,
		"from_month": true, "amount": true, "individual": true, "collective": true, "subsidy": true, "interest": true,
		"row_limit": true, "year": true, "value": true,
	}
	for _, spec := range registry.Specs() {
		for _, c := range spec.Columns {
			s := sheettest.Sheet{Name: "x", Rows: [][]any{nil, nil}}
			for _, other := range spec.Columns {
				s.Rows[0] = append(s.Rows[0], other.Name)
				// The first of a month, and an amount, and a whole number.
				cell := any("x")
				if other.Name == c.Name {
					cell = sheettest.Number("40544")
				}
				s.Rows[1] = append(s.Rows[1], cell)
			}
			r, err := w.tryWorkbook(spec.Kind, registry.Options{}, s)
			if _, refused := errors.AsType[*registry.RefusedFileError](err); !refused || len(r.Lines) != 1 {
				t.Fatalf("%s, %s: %+v, %v", spec.Kind, c.Name, r, err)
			}
			if got := r.Lines[0].Code != "cell"; got != takes[c.Name] {
				t.Errorf("%s takes a number as its %s: %t, want %t", spec.Kind, c.Name, got, takes[c.Name])
			}
		}
	}
}

func TestImport_WorkbooksThatAreRefusedWhole(t *testing.T) {
	t.Parallel()
	w := settled(t)
	good := sheetOf(t, "x", membersCSV(60, 62))
	long := sheettest.Sheet{Name: "x", Rows: [][]any{good.Rows[0], nil, {}}}
	for range 3 {
		long.Rows[2] = append(long.Rows[2], strings.Repeat("x", 30<<10))
	}
	header := func(titles ...any) string {
		return string(sheettest.Workbook(t, sheettest.Sheet{Name: "x", Rows: [][]any{titles, good.Rows[1]}}))
	}
	for _, tt := range []struct {
		name, give  string
		o           registry.Options
		code, field string
		line        int
	}{
		{"CSV", membersCSV(60, 62), registry.Options{}, "workbook_refused", "", 0},
		{"an old workbook", "\xD0\xCF\x11\xE0 and so on", registry.Options{}, "workbook_refused", "", 0},
		{"nothing", "", registry.Options{}, "workbook_refused", "", 0},
		{"half", string(sheettest.Workbook(t, good)[:900]), registry.Options{}, "workbook_refused", "", 0},
		{"a bomb", bomb(t), registry.Options{}, "workbook_too_large", "", 0},
		{"an empty sheet", string(sheettest.Workbook(t, sheettest.Sheet{Name: "x"})), registry.Options{}, "header", "", 1},
		{"a number for a title", header("id_number", sheettest.Number("1")), registry.Options{}, "header", "", 1},
		{"no title", header("id_number", nil, "name"), registry.Options{}, "header", "", 1},
		{"a title twice", header("id_number", "id_number"), registry.Options{}, "header", "id_number", 1},
		{"a row without end", string(sheettest.Workbook(t, long)), registry.Options{}, "line_too_long", "", 3},
		{
			"a charset", string(sheettest.Workbook(t, good)), registry.Options{Charset: "gb18030"}, "charset", "charset", 0,
		},
		{
			"one bad line, as a whole", string(sheettest.Workbook(t, sheettest.Sheet{
				Name: "x", Rows: append([][]any{nil}, append(good.Rows, []any{sheettest.Number("1")})...),
			})), registry.Options{WholeFile: true}, "import_refused", "id_number", 5,
		},
	} {
		before := w.tables()
		tt.o.Workbook = xlsx
		_, err := w.try(registry.KindMembers, tt.give, tt.o)
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Code != tt.code || f.Field != tt.field || f.Line != tt.line {
			t.Errorf("%s: error = %v, want %s at %d on %q", tt.name, err, tt.code, tt.line, tt.field)
		}
		// I39: a refused call leaves all tables as they were.
		if c := changed(before, w.tables()); c != "" {
			t.Errorf("%s changed %s", tt.name, c)
		}
	}
}

// bomb is a workbook with a part that unpacks to a thousand times its size.
func bomb(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	part, err := z.Create("xl/workbook.xml")
	if err == nil {
		_, err = io.CopyN(part, zeros{}, 32<<20)
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// What a second person approves is the very file, whichever form it has.
func TestImport_TheDecisionNamesTheWorkbookByItsDigest(t *testing.T) {
	t.Parallel()
	w := settled(t)
	w.must(registry.KindMembers, membersCSV(70, 71))
	content := sheettest.Workbook(t, sheetOf(t, "x", openingsHead+id(70)+",100.00,0.00,30.00,1.25\n"))
	r, err := w.try(registry.KindOpeningAccounts, string(content), registry.Options{Workbook: xlsx})
	if err != nil || r.Decision == 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	digest := sha256.Sum256(content)
	if n := w.count(`select count(*) from decision_request where id = $1 and document_digest = $2`, r.Decision, digest[:]); n != 1 {
		t.Errorf("decision %d is about another file", r.Decision)
	}
}

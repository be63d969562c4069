package mt940_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"twoline/adapters/bank/mt940"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
)

func figure(text string) bank.Figure {
	f, err := bank.ParseFigure(text)
	if err != nil {
		panic(err)
	}
	return f
}

func testdata(t testing.TB, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// plainly compares figures as they print: 500 and 500.00 are the same.
func plainly() cmp.Option {
	return cmp.Options{
		cmp.Comparer(func(a, b bank.Figure) bool { return a.String() == b.String() }),
		cmp.AllowUnexported(calendar.Day{}),
	}
}

func TestRead_village(t *testing.T) {
	t.Parallel()
	day := calendar.MustDay("2026-11-25")
	want := []bank.Record{
		bank.FileHead{Format: "mt940", Kind: "statement", MessageID: "STMT20261125"},
		bank.StatementHead{
			Account: "6100001", Currency: "CNY", Number: "329", From: day.AddDays(-1), To: day,
			Opening: new(figure("1000.00")), Closing: new(figure("1140.25")), Balanced: new(true),
		},
		bank.StatementEntry{
			Amount: figure("200.50"), Direction: bank.Credit, Status: "booked", BookingDate: day, ValueDate: day,
			BankReference: "BK0001", EndToEndID: "E2E0001", Counterparty: "WANG XIAOMING",
			CounterpartyAccount: "6217000011112222", Text: "PENSION CONTRIBUTION 2026 OF THE VILLAGE OF XIGOU",
		},
		bank.StatementEntry{
			Index: 1, Amount: figure("50.00"), Direction: bank.Debit, Status: "booked", BookingDate: day,
			ValueDate: day, BankReference: "BK0002", Text: "FEE FOR THE BATCH\nSECOND LINE",
		},
		bank.StatementEntry{
			Index: 2, Amount: figure("10.25"), Direction: bank.Debit, Status: "booked", BookingDate: day,
			ValueDate: day, Reversal: true, EndToEndID: "E2E-0002-OF-A-LONG-KIND", Counterparty: "LI HONG",
			CounterpartyAccount: "6217000011113333", Text: "RETURNED: ACCOUNT CLOSED\nSUPPLEMENT",
		},
		bank.StatementHead{
			Index: 1, Account: "6100002", Currency: "CNY", Number: "330", From: day.AddDays(-1), To: day,
			Opening: new(figure("-5.00")), Closing: new(figure("-5.00")), Balanced: new(true),
		},
		bank.End{Entries: 3},
	}
	whole := testdata(t, "village.sta")
	for name, give := range map[string]string{
		"as it is":          whole,
		"LF only":           strings.ReplaceAll(whole, "\r", ""),
		"no last line end":  strings.TrimRight(whole, "\r\n"),
		"byte order mark":   "\uFEFF" + whole,
		"without envelopes": bare(whole),
	} {
		if diff := cmp.Diff(want, read(t, give, mt940.Automatic), plainly()); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", name, diff)
		}
	}
}

func bare(content string) string {
	var lines []string
	for line := range strings.SplitSeq(content, "\r\n") {
		switch {
		case strings.HasPrefix(line, "{"):
		case strings.HasPrefix(line, "-}"):
			lines = append(lines, "-")
		default:
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\r\n")
}

func TestRead_pagesAreOneStatement(t *testing.T) {
	t.Parallel()
	var heads []bank.StatementHead
	var entries []string
	for _, r := range read(t, testdata(t, "pages.sta"), mt940.Automatic) {
		switch v := r.(type) {
		case bank.StatementHead:
			heads = append(heads, v)
		case bank.StatementEntry:
			entries = append(entries, v.EndToEndID+" "+v.ValueDate.String()+" "+v.BookingDate.String())
		case bank.Problem:
			t.Errorf("unexpected %+v", v)
		}
	}
	want := []bank.StatementHead{{
		Account: "6100001", Currency: "CNY", Number: "7", From: calendar.MustDay("2026-12-31"),
		To: calendar.MustDay("2027-01-02"), Opening: new(figure("100.00")), Closing: new(figure("61.00")),
		Balanced: new(true),
	}}
	if diff := cmp.Diff(want, heads, plainly()); diff != "" {
		t.Errorf("(-want, +got):\n%s", diff)
	}
	// The entry date has no year of its own.
	wantEntries := []string{
		"A1 2026-12-31 2027-01-02", "A2 2027-01-02 2026-12-31", "A3 2027-01-02 ", "A4 2027-01-02 ",
	}
	if diff := cmp.Diff(wantEntries, entries); diff != "" {
		t.Errorf("(-want, +got):\n%s", diff)
	}
}

func codes(records []bank.Record) []string {
	var codes []string
	for _, r := range records {
		if p, ok := r.(bank.Problem); ok {
			codes = append(codes, string(p.Severity)+" "+p.Code)
		}
	}
	return codes
}

// page is one page of statement 7.
func page(number, opening, entry, closing string) string {
	return ":20:X\n:25:6100001\n:28C:7/" + number + "\n:60" + opening + "\n" + entry + "\n:62" + closing + "\n-\n"
}

func TestRead_contradictionsAreProblems(t *testing.T) {
	t.Parallel()
	first := page("1", "F:C261125CNY1,00", ":61:261125C1,00NMSCA", "M:C261125CNY2,00")
	second := page("2", "M:C261125CNY2,00", ":61:261125C1,00NMSCB", "F:C261125CNY3,00")
	third := page("3", "M:C261125CNY3,00", ":61:261125C1,00NMSCB", "F:C261125CNY4,00")
	interim := testdata(t, "interim.sta")
	for name, tc := range map[string]struct {
		give string
		want []string
	}{
		"whole":          {first + second, nil},
		"a page missing": {first + third, []string{"error page"}},
		"a page twice":   {first + first + second, []string{"error page", "error page_repeated"}},
		"first page only": {
			first,
			[]string{"error page"},
		},
		"last page only": {second, []string{"error page"}},
		"pages that do not agree": {
			first + strings.ReplaceAll(second, "M:C261125CNY2,00", "M:C261125CNY2,01"),
			[]string{"error balance"},
		},
		"balance": {
			page("1", "F:C261125CNY1,00", ":61:261125C1,00NMSCA", "F:C261125CNY2,01"),
			[]string{"error balance"},
		},
		"currencies": {
			page("1", "F:C261125CNY1,00", ":61:261125C1,00NMSCA", "F:C261125EUR2,00"),
			[]string{"error currency"},
		},
		"no account": {
			strings.Replace(first+second, ":25:6100001\n", "", 2),
			[]string{"error account"},
		},
		"a day that does not exist": {
			page("1", "F:C261125CNY1,00", ":61:2602300230C1,00NMSCA", "F:C261125CNY2,00"),
			[]string{"error date"},
		},
		"a balance's day that does not exist": {
			page("1", "F:C260230CNY1,00", ":61:261125C1,00NMSCA", "F:C261125CNY2,00"),
			[]string{"error date"},
		},
		"an amount without a comma": {
			page("1", "F:C261125CNY1,00", ":61:261125C1NMSCA", "F:C261125CNY2,00"),
			[]string{"error amount"},
		},
		"a page 1 that is no first page": {
			page("1", "M:C261125CNY1,00", ":61:261125C1,00NMSCA", "M:C261125CNY2,00"),
			[]string{"warning page"},
		},
		"a last page that moves nothing": {
			page("9", "M:C261125CNY1,00", ":64:C261125CNY1,00", "F:C261125CNY1,00"),
			[]string{"warning page"},
		},
		"a page in the middle that moves nothing": {
			page("9", "M:C261125CNY1,00", ":64:C261125CNY1,00", "M:C261125CNY1,00"),
			[]string{"error page"},
		},
		"last page without a number": {
			strings.Replace(second, ":28C:7/2\n", "", 1), []string{"error page"},
		},
		"unknown tag": {
			strings.Replace(first+second, ":60F", ":99X:what\n:60F", 1),
			[]string{"warning unknown_tag"},
		},
		"text between messages": {
			first + "THIS IS NOT A FIELD, IS IT\nNOR THIS\n" + second,
			[]string{"warning stray_text"},
		},
		"control character": {
			page("1", "F:C261125CNY1,00", ":61:261125C1,00NMSCA\n:86:A\x01B", "F:C261125CNY2,00"),
			[]string{"warning control_character"},
		},
		"MT942": {interim, nil},
		"MT942 on two pages": {
			strings.Replace(interim, ":61:2611251125D15", ":20:INTERIM1\n:25:6100001\n:28C:1/2\n:34F:CNYD10,\n:61:2611251125D15",
				1), nil,
		},
		"MT942, fewer debits":         {strings.Replace(interim, "3CNY20", "0CNY0", 1), []string{"error control_total"}},
		"MT942, more credits":         {strings.Replace(interim, "2CNY240", "3CNY240", 1), []string{"error control_total"}},
		"MT942, another sum":          {strings.Replace(interim, "2CNY240", "2CNY241", 1), []string{"error control_total"}},
		"MT942, booked credits only":  {strings.Replace(interim, "2CNY240", "1CNY200", 1), nil},
		"MT942, under the limit":      {strings.Replace(interim, "CNYD10", "CNYD16", 1), []string{"warning floor_limit"}},
		"MT942, no limit, more there": {strings.Replace(interim, "CNYD10", "CNYD0", 1), []string{"error control_total"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			records := read(t, tc.give, mt940.Automatic)
			if diff := cmp.Diff(tc.want, codes(records)); diff != "" {
				t.Errorf("(-want, +got):\n%s", diff)
			}
			end, ok := records[len(records)-1].(bank.End)
			if !ok || end.Problems != len(tc.want) {
				t.Errorf("the end is %+v", end)
			}
		})
	}
}

func TestRead_interimReport(t *testing.T) {
	t.Parallel()
	records := read(t, testdata(t, "interim.sta"), mt940.Automatic)
	if head := records[0]; head != (bank.FileHead{
		Format: "mt942", Kind: "statement", MessageID: "INTERIM1", Created: "2611251200+0800",
	}) {
		t.Errorf("got %+v", head)
	}
	var got []string
	for _, r := range records {
		switch v := r.(type) {
		case bank.StatementHead:
			if v.Opening != nil || v.Closing != nil || v.Balanced != nil || v.Currency != "CNY" {
				t.Errorf("got %+v", v)
			}
		case bank.StatementEntry:
			got = append(got, v.Direction.String()+" "+v.Amount.String()+" "+v.Status)
		}
	}
	want := []string{"credit 200.00 booked", "credit 40.00 pending", "debit 15.00 booked"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want, +got):\n%s", diff)
	}
}

// TestRead_statementLine tells the forms of :61: and :86: that banks were seen to write.
func TestRead_statementLine(t *testing.T) {
	t.Parallel()
	day := calendar.MustDay("2026-11-25")
	plain := bank.StatementEntry{Amount: figure("119.00"), Direction: bank.Credit, Status: "booked", ValueDate: day}
	of := func(change func(*bank.StatementEntry)) bank.StatementEntry {
		e := plain
		change(&e)
		return e
	}
	wide := strings.Repeat("X", 65)
	for give, want := range map[string]bank.StatementEntry{
		":61:261125C119,NMSC":           plain,
		":61:261125C119NMSC":            plain,
		":61:261125C119,00NMSC":         plain,
		":61:261125CY119,00NMSCNONREF":  plain,
		":61:261125    C119,00 NMSC":    plain,
		":61:261125C\n119,00NMSCNONREF": plain,
		":61:2611251124C119,00NMSC":     of(func(e *bank.StatementEntry) { e.BookingDate = day.AddDays(-1) }),
		":61:261125D119,00NMSC":         of(func(e *bank.StatementEntry) { e.Direction = bank.Debit }),
		":61:261125RDY119,00NMSC":       of(func(e *bank.StatementEntry) { e.Reversal = true }),
		":61:261125RCY119,00NMSC": of(func(e *bank.StatementEntry) {
			e.Reversal, e.Direction = true, bank.Debit
		}),
		":61:261125EC119,00NMSC": of(func(e *bank.StatementEntry) { e.Status = "pending" }),
		":61:261125ED119,00NMSC": of(func(e *bank.StatementEntry) {
			e.Status, e.Direction = "pending", bank.Debit
		}),
		":61:261125C119,00NMSCA/B/2026-11//BK/1": of(func(e *bank.StatementEntry) {
			e.EndToEndID, e.BankReference = "A/B/2026-11", "BK/1"
		}),
		":61:261125C119,00FMSCREFERENCE-LONGER-THAN-16//NONREF": of(func(e *bank.StatementEntry) {
			e.EndToEndID = "REFERENCE-LONGER-THAN-16"
		}),
		":61:261125C119,00N044REF0001         W.P. JANSEN   ": of(func(e *bank.StatementEntry) {
			e.EndToEndID, e.Text = "REF0001", "W.P. JANSEN"
		}),
		":61:261125C119,00NMSC\nMORE\nLINES": of(func(e *bank.StatementEntry) { e.Text = "MORE\nLINES" }),
		":61:261125C119,NMSC\n:86:":          plain,
		":61:261125C119,NMSC\n:86:ONE\n20:44:45\n-TWO\n- \n:KO:THREE\n:10:15 UHR": of(func(e *bank.StatementEntry) {
			e.Text = "ONE\n20:44:45\n-TWO\n-\n:KO:THREE\n:10:15 UHR"
		}),
		":61:261125C119,NMSC\n:86:A\n:20:15 O'CLOCK\nB\n:NS:SOMETHING": of(func(e *bank.StatementEntry) {
			e.Text = "A\n:20:15 O'CLOCK\nB"
		}),
		":61:261125C119,NMSC\n:86:" + wide + "\nYZ\n   \nEND": of(func(e *bank.StatementEntry) {
			e.Text = wide + "YZ\nEND"
		}),
		":61:261125C119,NMSC\n:86:ONE\n:86:TWO": of(func(e *bank.StatementEntry) { e.Text = "ONE\nTWO" }),
		":61:261125C119,NMSC\n:86:166?00RENT?20EREF+E1 KREF+B1 MREF+M1 SV?21WZ+TEXT?60MORE?3112?32NAME?33B": of(
			func(e *bank.StatementEntry) {
				e.EndToEndID, e.BatchID, e.CounterpartyAccount, e.Counterparty = "E1", "B1", "12", "NAME B"
				e.Text = "MREF+M1 SV WZ+TEXT MORE"
			}),
		":61:261125C119,NMSC\n:86:166?00RENT?3112": of(func(e *bank.StatementEntry) {
			e.CounterpartyAccount, e.Text = "12", "RENT"
		}),
		":61:261125C119,NMSC\n:86:166?20SVWZ+1234567890123456789012?21EREF+E-9?2\n2SVWZ+HALF A TA\nG": of(
			func(e *bank.StatementEntry) {
				e.EndToEndID, e.Text = "E-9", "1234567890123456789012 HALF A TAG"
			}),
		":61:261125C119,NMSC\n:86:/EREF/E1/NAME/N/ME/REMI//ISDT/2026": of(func(e *bank.StatementEntry) {
			e.EndToEndID, e.Counterparty = "E1", "N/ME"
		}),
	} {
		content := ":20:X\n:25:6100001\n:28C:1\n:60F:C261125CNY0,00\n" + give + "\n:62F:C261125CNY0,00\n-\n"
		var got []bank.StatementEntry
		for _, r := range read(t, content, mt940.Automatic) {
			if e, ok := r.(bank.StatementEntry); ok {
				got = append(got, e)
			}
		}
		if diff := cmp.Diff([]bank.StatementEntry{want}, got, plainly()); diff != "" {
			t.Errorf("%q (-want, +got):\n%s", give, diff)
		}
	}
}

func TestRead_aMissingClosingBalanceIsAbsent(t *testing.T) {
	t.Parallel()
	give := ":20:X\n:25:1\n:28C:1\n:60F:C261125CNY1,00\n:61:261125C1,00NMSC\n:86:A\n" +
		":20:X\n:25:2\n:28C:2\n:60F:C261125CNY1,00\n:62F:C261125CNY1,00"
	var heads []bank.StatementHead
	entries := 0
	for _, r := range read(t, give, mt940.Automatic) {
		switch v := r.(type) {
		case bank.StatementHead:
			heads = append(heads, v)
		case bank.StatementEntry:
			entries++
		}
	}
	if len(heads) != 2 || heads[0].Closing != nil || heads[0].Balanced != nil || heads[1].Closing == nil ||
		heads[1].Account != "2" || entries != 1 {
		t.Errorf("got %+v and %d entries", heads, entries)
	}
}

func TestRead_brokenFilesAreErrors(t *testing.T) {
	t.Parallel()
	head := ":20:X\n:25:1\n:28C:1\n:60F:C261125CNY1,00\n"
	for name, tc := range map[string]struct {
		give string
		want error
		line int
	}{
		"empty":                {"", mt940.ErrMessage, 0},
		"another file":         {"a,b,c\n1,2,3\n", mt940.ErrMessage, 0},
		"another message":      {"{1:F01X}{2:I950XXXX}{4:\n" + head, mt940.ErrMessage, 1},
		"cut off":              {"{1:F01X}{2:I940XXXX}{4:\n" + head, mt940.ErrCut, 5},
		"no amount":            {head + ":61:261125C\n:86:X\n", mt940.ErrAmount, 5},
		"thousands":            {head + ":61:261125C1.000,00NMSC\n", mt940.ErrAmount, 5},
		"two commas":           {head + ":61:261125C1,000,00NMSC\n", mt940.ErrAmount, 5},
		"no mark":              {head + ":61:26112519,00NMSC\n", mt940.ErrField, 5},
		"a mark that is none":  {head + ":61:261125XC19,00NMSC\n", mt940.ErrField, 5},
		"no date":              {head + ":61:\n", mt940.ErrField, 5},
		"no type":              {head + ":61:261125C19,00\n-\n", mt940.ErrField, 5},
		"a type that is cut":   {head + ":61:261125C19,00NMS\nAB\n-\n", mt940.ErrField, 5},
		"a type of no kind":    {head + ":61:261125C19,00XMSC\n-\n", mt940.ErrField, 5},
		"an amount cut off":    {head + ":61:2611251125C1", mt940.ErrField, 5},
		"no comma, no type":    {head + ":61:2611251125C1\n-\n", mt940.ErrField, 5},
		"balance, no comma":    {":20:X\n:25:1\n:60F:C261125CNY1\n", mt940.ErrAmount, 3},
		"an envelope begun":    {head + ":62F:C261125CNY1,00\n-}{1:F01X}", mt940.ErrCut, 6},
		"balance without mark": {":20:X\n:25:1\n:60F:261125CNY1,00\n", mt940.ErrField, 3},
		"balance with a point": {":20:X\n:25:1\n:62F:C261125CNY1.00\n", mt940.ErrAmount, 3},
		"total":                {head + ":90D:CNY3\n", mt940.ErrField, 5},
		"floor limit":          {head + ":34F:1\n", mt940.ErrField, 5},
		"a lost character":     {head + ":61:261125C1,00NMSC\n:86:\uFFFD\n", mt940.ErrCharset, 6},
		"a line too long":      {head + strings.Repeat("X", 70_000), mt940.ErrTooLarge, 5},
		"a field too long": {
			head + ":61:261125C1,00NMSC\n:86:" + strings.Repeat(strings.Repeat("X", 1000)+"\n", 1100),
			mt940.ErrTooLarge, 6,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			records, err := try(t.Context(), strings.NewReader(tc.give), mt940.Options{})
			if !errors.Is(err, tc.want) {
				t.Fatalf("got %v, want %v", err, tc.want)
			}
			if f, ok := errors.AsType[*fault.Error](err); !ok || f.Line != tc.line {
				t.Errorf("%v, want line %d", err, tc.line)
			}
			if len(records) > 0 {
				if _, ended := records[len(records)-1].(bank.End); ended {
					t.Error("a broken file has an end")
				}
			}
		})
	}
}

func TestRead_charsets(t *testing.T) {
	t.Parallel()
	line := func(text string) string {
		return ":20:X\n:25:1\n:28C:1\n:60F:C261125CNY0,00\n:61:261125C1,00NMSC\n:86:" + text + "\n:62F:C261125CNY1,00\n-\n"
	}
	for name, tc := range map[string]struct {
		give    string
		charset mt940.Charset
		want    string
	}{
		"utf-8":             {line("GEBÜHREN 王"), mt940.Automatic, "GEBÜHREN 王"},
		"latin-1, found":    {line("GEB\xDCHREN"), mt940.Automatic, "GEBÜHREN"},
		"latin-1":           {line("GEB\xDCHREN"), mt940.Latin1, "GEBÜHREN"},
		"code page 850":     {line("GEB\x9AHREN"), mt940.CodePage850, "GEBÜHREN"},
		"code page 852":     {line("\x9D\xA2\xAB"), mt940.CodePage852, "Łóź"},
		"gb18030":           {line("\xCD\xF5\x95\x32\x82\x36"), mt940.GB18030, "王𠀀"},
		"gbk, 0x7C in text": {line("\x96\x7C"), mt940.GBK, "東"},
	} {
		var got string
		for _, r := range read(t, tc.give, tc.charset) {
			if e, ok := r.(bank.StatementEntry); ok {
				got = e.Text
			}
		}
		if got != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
	for _, tc := range []struct {
		give    string
		charset mt940.Charset
	}{{line("\xDC"), mt940.UTF8}, {line("\xFF\xFF"), mt940.GB18030}, {line("\xDC "), mt940.GBK}} {
		if _, err := try(t.Context(), strings.NewReader(tc.give), mt940.Options{Charset: tc.charset}); !errors.Is(err,
			mt940.ErrCharset) {
			t.Errorf("%v: got %v", tc.charset, err)
		}
	}
	var party string
	for _, r := range read(t, testdata(t, "cooperative-gbk.sta"), mt940.GBK) {
		if e, ok := r.(bank.StatementEntry); ok {
			party = e.Counterparty + e.Text
		}
	}
	if party != "東億养老保险缴费" {
		t.Errorf("got %q", party)
	}
}

// TestRead_tellsAGuessedCharset tells, once a file and with its line, that Latin-1 was taken.
func TestRead_tellsAGuessedCharset(t *testing.T) {
	t.Parallel()
	give := page("1", "F:C261125CNY0,00", ":61:261125C1,00NMSC\n:86:GEB\xDCHR\n\xDC", "F:C261125CNY1,00")
	records := read(t, give, mt940.Automatic)
	if diff := cmp.Diff([]string{"warning charset_guessed"}, codes(records)); diff != "" {
		t.Fatalf("(-want, +got):\n%s", diff)
	}
	if p := is[bank.Problem](records[1]); p.Line != 6 {
		t.Errorf("got line %d, want 6", p.Line)
	}
	if end := is[bank.End](records[len(records)-1]); end.Problems != 1 {
		t.Errorf("the end is %+v", end)
	}
	for name, charset := range map[string]mt940.Charset{"latin-1": mt940.Latin1, "ISO-8859-1": mt940.Latin1} {
		if got, err := mt940.ParseCharset(name); got != charset || err != nil {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
		if got := codes(read(t, give, charset)); got != nil {
			t.Errorf("a charset that was named is told as %v", got)
		}
	}
}

// TestRead_cutOff gives files that end too early in ways that leave every field readable.
func TestRead_cutOff(t *testing.T) {
	t.Parallel()
	head := ":20:X\r\n:25:1\r\n:28C:1/1\r\n:60F:C261124CNY1000,00\r\n"
	entry := ":61:2611251125C12,00NTRFNONREF\r\n:86:TEXT\r\n"
	closing := ":62F:C261125CNY1012,00\r\n"
	cut := []string{"error message_cut_off"}
	for name, tc := range map[string]struct {
		give string
		want []string
	}{
		"whole":                     {head + entry + closing + "-\r\n", nil},
		"no line end":               {head + entry + closing + "-", nil},
		"no terminator":             {head + entry + closing, nil},
		"ended, no closing balance": {head + entry + "-\r\n", nil},
		"another follows":           {head + entry + strings.Replace(head, "1/1", "2/1", 1) + ":62F:C261125CNY1000,00\r\n-\r\n", nil},
		"after the entry":           {head + entry, cut},
		"after the head":            {head, cut},
		"after the reference":       {":20:X\r\n", []string{"error message_cut_off", "error account"}},
		"in the text":               {head + entry[:40], cut},
		"a - that begins a text":    {head + entry + "-", cut},
		"in the closing balance":    {head + entry + strings.TrimSuffix(closing, "0\r\n"), cut},
		"in the tag":                {head + entry + closing + ":6", cut},
		"in the next message":       {head + entry + closing + "-\r\n:2", []string{"error message_cut_off", "warning stray_text"}},
		"in the trailer":            {head + entry + closing + "-}{5:{CHK", cut},
		"behind the closing balance": {
			head + entry + ":65:C261126CNY1,00\r\n", []string{"warning balance_missing"},
		},
		"MT942": {testdata(t, "interim.sta")[:190], cut},
	} {
		got := codes(read(t, tc.give, mt940.Automatic))
		slices.Sort(got)
		slices.Sort(tc.want)
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", name, diff)
		}
	}
}

// TestRead_everyPrefixIsTold cuts files that are well formed: what is left fails, has
// a Problem of severity error, or ends where a message may end, with the very
// statements that the whole file begins with.
func TestRead_everyPrefixIsTold(t *testing.T) {
	t.Parallel()
	whole := map[string]string{"bare": bare(testdata(t, "village.sta"))}
	for _, name := range []string{"village.sta", "pages.sta", "interim.sta"} {
		whole[name] = testdata(t, name)
	}
	for name, content := range whole {
		all := facts(read(t, content, mt940.Automatic))
		for n := range len(content) {
			prefixIsTold(t, name, content[:n], all)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		content, err := write(mt940.WriterOptions{Charset: mt940.UTF8}, balanced(drawStatements(t, true))...)
		if err != nil {
			return // refused, which the writer's tests tell of
		}
		all := facts(readAll(t, content, mt940.UTF8))
		for range 20 {
			prefixIsTold(t, "drawn", content[:rapid.IntRange(0, len(content)-1).Draw(t, "cut")], all)
		}
	})
}

// balanced makes every statement close with what its entries make of its opening balance.
func balanced(records []bank.Record) []bank.Record {
	head := 0
	for i, r := range records {
		switch v := r.(type) {
		case bank.StatementHead:
			head = i
			v.Closing = v.Opening
			records[i] = v
		case bank.StatementEntry:
			h := is[bank.StatementHead](records[head])
			if v.Direction == bank.Debit {
				v.Amount = v.Amount.Negate()
			}
			if v.Status == "booked" {
				h.Closing = new(figure(h.Closing.Decimal().Add(v.Amount.Decimal()).StringFixed(2)))
			}
			records[head] = h
		}
	}
	return records
}

// prefixIsTold takes all as the facts of the whole file.
func prefixIsTold(t interface {
	Helper()
	Context() context.Context
	Fatalf(format string, args ...any)
}, name, give string, all []bank.Record,
) {
	t.Helper()
	records, err := try(t.Context(), strings.NewReader(give), mt940.Options{})
	if err != nil || strings.Contains(strings.Join(codes(records), "\n"), string(bank.SeverityError)) {
		return
	}
	got := facts(records)
	lines := strings.Split(strings.TrimRight(give, "\r\n"), "\n")
	begun, closed := strings.LastIndex(give, ":20:"), strings.LastIndex(give, ":62F:")
	if strings.Contains(give, ":90D:") {
		closed = strings.LastIndex(give, ":90D:")
	}
	if closed < begun || len(got) > len(all) {
		t.Fatalf("%s: cut in %q, and nothing tells it", name, lines[len(lines)-1])
	}
	if diff := cmp.Diff(all[:len(got)], got, plainly()); diff != "" {
		t.Fatalf("%s: cut in %q (-whole, +cut):\n%s", name, lines[len(lines)-1], diff)
	}
}

func TestRead_sources(t *testing.T) {
	t.Parallel()
	content := testdata(t, "village.sta")
	want := read(t, content, mt940.Automatic)
	for name, source := range map[string]func() ([]bank.Record, error){
		"byte by byte": func() ([]bank.Record, error) {
			return try(t.Context(), iotest.OneByteReader(strings.NewReader(content)), mt940.Options{})
		},
		"from its middle": func() ([]bank.Record, error) {
			r := bytes.NewReader([]byte("skipped" + content))
			if _, err := r.Seek(7, 0); err != nil {
				return nil, err
			}
			return try(t.Context(), r, mt940.Options{})
		},
	} {
		got, err := source()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got, plainly()); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", name, diff)
		}
	}
	broken := errors.New("the disk is gone")
	if _, err := try(t.Context(), iotest.ErrReader(broken), mt940.Options{}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := try(ended, strings.NewReader(content), mt940.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	full := errors.New("the receiver is full")
	err := mt940.Read(t.Context(), strings.NewReader(content), mt940.Options{}, func(bank.Record) error { return full })
	if !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

func TestDetect(t *testing.T) {
	t.Parallel()
	for give, want := range map[string]string{
		testdata(t, "village.sta"):                                  "mt940",
		testdata(t, "interim.sta"):                                  "mt942",
		"{1:F01X}{2:I942XXXX}{4:\n:20:X\n:25:1\n:28C:1\n:61:261125": "mt942",
		"{1:F01X}{2:I950XXXX}{4:\n:20:X\n:25:1\n:28C:1\n:60F:":      "",
		"":                             "",
		":20:X\n":                      "",
		"<?xml version=\"1.0\"?>":      "",
		"a|b|c\n":                      "",
		"{\"type\":\"file\"}":          "",
		"hello\n:20:X\n:25:1\n:60F:C2": "",
	} {
		if got, ok := mt940.Detect([]byte(give)); got != want && ok || ok != (want != "") {
			t.Errorf("%.40q: got %q, %v, want %q", give, got, ok, want)
		}
	}
}

package profile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"twoline/adapters/bank/gb18030"
	"twoline/adapters/bank/profile"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

func day(s string) calendar.Day { return calendar.MustDay(s) }

func nameOf(s string) party.Name {
	name, _, _ := party.Stored(s, "", "")
	return name
}

func accountOf(s string) party.AccountNo {
	_, _, account := party.Stored("", "", s)
	return account
}

func gbk(t *testing.T, s string) []byte {
	t.Helper()
	b, err := gb18030.New(gb18030.GBK).Encode(nil, s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// named is the good profile with another name for its request.
func named(pattern string) string {
	src := strings.Replace(good, `"W_{merchant}_{date}_{batch}.txt"`, fmt.Sprintf("%q", pattern), 1)
	src = src[:strings.Index(src, "examples:")]
	return src + "examples:\n  - {file: W_8800_20110310_00000001_R.txt, records: a.jsonl}\n"
}

func facts() profile.Facts {
	count, amount := 12, money.MustParse("1234.50")
	return profile.Facts{
		Bank: "psbc-1", BankNo: "403100000004", Area: "610304", Day: day("2011-03-10"), Execution: day("2011-03-25"),
		Batch: "00012345", Digest: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		Count: &count, Amount: &amount,
	}
}

func TestRequestName(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		"W_{bank}_{area}_{date}_{batch}.TXT":            "W_psbc-1_610304_20110310_00012345.TXT",
		"{bank_no}{date:yymmdd}{batch:4}":               "4031000000041103102345",
		"{date:yyyy-mm-dd}-{sequence:3}-{digest:8}.txt": "2011-03-10-12345-01234567.txt",
		"{date:yyyymm}{date:mmdd}{sequence:7}":          "2011030310" + "0012345",
		"{execution_date}_{batch}_{count}_{amount}.csv": "20110325_00012345_12_1234.50.csv",
		"{merchant}_{batch}_{amount:fen}.txt":           "8800_00012345_123450.txt",
		"代扣（{area}）{batch}.txt":                         "代扣（610304）00012345.txt",
		"a.b+c(d)[e]^$_{batch}":                         "a.b+c(d)[e]^$_00012345",
	} {
		p := parse(t, named(pattern))
		got := p.RequestName(facts())
		if got != want {
			t.Errorf("%s: named %s, want %s", pattern, got, want)
		}
		if what, ok := p.Recognise(got); !ok || !what.Request {
			t.Errorf("%s: its own name is not recognised", pattern)
		}
		if _, ok := p.Recognise(got + "x"); ok {
			t.Errorf("%s: %sx is recognised", pattern, got)
		}
	}
}

// What a name is written from is read out of it again.
func TestRecognise_ReadsWhatWasWritten(t *testing.T) {
	t.Parallel()
	p := parse(t, named("W_{bank}_{bank_no}_{area}_{date}_{execution_date:yyyy-mm-dd}_{batch}_{digest:16}_{count}_{amount}.txt"))
	rapid.Check(t, func(t *rapid.T) {
		count, amount := rapid.IntRange(0, 999_999).Draw(t, "count"), money.Amount(rapid.Int64Range(0, 1e12).Draw(t, "amount"))
		give := profile.Facts{
			Bank:      rapid.StringMatching(`[a-z][a-z0-9-]{1,31}`).Draw(t, "bank"),
			BankNo:    rapid.StringMatching(`[0-9]{12}`).Draw(t, "bank_no"),
			Area:      rapid.StringMatching(`[1-9][0-9]{5}`).Draw(t, "area"),
			Day:       day("2011-01-01").AddDays(rapid.IntRange(0, 9000).Draw(t, "day")),
			Execution: day("2011-01-01").AddDays(rapid.IntRange(0, 9000).Draw(t, "execution")),
			Batch:     rapid.StringMatching(`[0-9]{8}`).Draw(t, "batch"),
			Digest:    rapid.StringMatching(`[0-9a-f]{16}`).Draw(t, "digest"),
			Count:     &count, Amount: &amount,
		}
		name := p.RequestName(give)
		got, ok := p.Recognise(name)
		if d := cmp.Diff(give, got.Facts, cmpopts.EquateComparable(calendar.Day{})); !ok || d != "" {
			t.Errorf("%s: %t %s", name, ok, d)
		}
	})
}

func TestRecognise(t *testing.T) {
	t.Parallel()
	rural := shippedOne(t, "rural-cooperative", profile.Collection)
	core := shippedOne(t, "social-insurance-core", profile.Payment)
	union := shippedOne(t, "unionpay", profile.Collection)
	for name, tt := range map[string]struct {
		p     *profile.Profile
		file  string
		known bool
		want  string
	}{
		"request":          {rural, "W_rcc_610304_20110310_00000007.TXT", true, "request rcc 00000007"},
		"succeeded":        {rural, "W_rcc_610304_20110310_00000007_S.TXT", true, "S rcc 00000007"},
		"failed":           {rural, "w_RCC_610304_20110310_00000007_f.txt", true, "F rcc 00000007"},
		"renamed":          {rural, "again 00000007_F.TXT", true, "F  "},
		"no such day":      {rural, "W_rcc_610304_20110230_00000007.TXT", false, ""},
		"part of a name":   {rural, "W_rcc_610304_20110310_00000007_X.TXT", false, ""},
		"a folder":         {rural, "../x_S.TXT", false, ""},
		"hidden bytes":     {rural, "x\n_S.TXT", false, ""},
		"too long":         {rural, strings.Repeat("x", 300) + "_S.TXT", false, ""},
		"province":         {core, "BATCH_RESULT_PS_00000012.txt", true, "  00000012"},
		"province's other": {core, "610304_201103_城乡居民_402_399.77_养老_月发.txt", true, "  "},
		"end of a number":  {union, "DK00000000999290000000001201103100007O.txt", true, "  0007"},
		"another merchant": {union, "DK00000000999290000000002201103100007O.txt", false, ""},
	} {
		what, ok := tt.p.Recognise(tt.file)
		kind := what.Part
		if what.Request {
			kind = "request"
		}
		got := kind + " " + what.Facts.Bank + " " + what.Facts.Batch
		if ok != tt.known || ok && got != tt.want {
			t.Errorf("%s: %q, %t; want %q", name, got, ok, tt.want)
		}
	}
}

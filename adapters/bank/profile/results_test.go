package profile_test

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"twoline/adapters/bank/layout"
	"twoline/adapters/bank/profile"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
)

// shipped returns the profile of a name and direction that comes with the program.
func shipped(t *testing.T, name string, d profile.Direction) *profile.Profile {
	t.Helper()
	p, err := profile.New().Profile(name, d)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// each gives results to yield, as often as it is called.
func each(all []bank.Result) func(yield func(bank.Result) error) error {
	return func(yield func(bank.Result) error) error {
		for _, r := range all {
			if err := yield(r); err != nil {
				return err
			}
		}
		return nil
	}
}

// readResults reads a part of an answer; totals that travel beside it are right.
func readResults(t *testing.T, p *profile.Profile, b profile.Bank, part string, body []byte) []bank.Result {
	t.Helper()
	var all []bank.Result
	count, amount := 0, money.Amount(0)
	err := p.Read(t.Context(), b, profile.Source{Part: part, Count: &count, Amount: &amount},
		bytes.NewReader(body), func(r bank.Record) error {
			switch v := r.(type) {
			case bank.Result:
				all = append(all, v)
			case bank.Problem:
				t.Errorf("%s, part %q: %+v", p.Name(), part, v)
			}
			return nil
		})
	if err != nil {
		t.Fatalf("%s, part %q: %v\n%s", p.Name(), part, err, body)
	}
	return all
}

// Whatever a shipped profile reads, it writes so that it reads the same again.
func TestWriteResults_ReadsBackEveryExample(t *testing.T) {
	t.Parallel()
	proved := map[string]int{}
	for _, p := range profile.Shipped() {
		for _, name := range examplesOf(t, p.Name()) {
			what, ok := p.Recognise(name)
			// The folder of the cooperatives serves three directions.
			other := p.Name() == profile.RuralCooperative && name[0] != p.RequestName(profile.Facts{})[0]
			if !ok || what.Request || other || len(p.Parts()) == 0 {
				continue
			}
			content, err := fs.ReadFile(profile.ShippedFiles(), p.Name()+"/"+name)
			if err != nil {
				t.Fatal(err)
			}
			own := profile.Bank{Code: what.Facts.Bank, BankNo: what.Facts.BankNo}
			want := readResults(t, p, own, what.Part, content)
			batch := profile.Batch{
				Head: bank.BatchHead{Count: 77, Sum: bank.FigureOf(1)}, Facts: what.Facts, // totals are the results'
			}
			if len(want) > 0 {
				batch.Head.BatchID = want[0].BatchID
			}
			var again bytes.Buffer
			if err := p.WriteResults(&again, own, what.Part, batch, each(want)); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if d := cmp.Diff(want, readResults(t, p, own, what.Part, again.Bytes()), sameFacts()...); d != "" {
				t.Errorf("%s reads back as something else:\n%s", name, d)
			}
			proved[p.Name()+" "+string(p.Direction())]++
		}
	}
	want := map[string]int{
		"bocom-xlsx payment": 1, "icbc-blanks collection": 1, "psbc-xlsx payment": 1, "rural-cooperative collection": 2,
		"rural-cooperative opening": 2, "rural-cooperative payment": 2, "social-insurance-core payment": 2,
		"unionpay collection": 2, "unionpay payment": 2,
	}
	if d := cmp.Diff(want, proved); d != "" {
		t.Errorf("files that were proved:\n%s", d)
	}
}

func sameFacts() []cmp.Option {
	return []cmp.Option{
		cmp.Comparer(func(a, b bank.Figure) bool { return a.Compare(b) == 0 }),
		cmp.Comparer(func(a, b calendar.Day) bool { return a == b }),
		// A bank's workbook has a title above, which is no fact.
		cmpopts.IgnoreFields(bank.Result{}, "Line"),
	}
}

// examplesOf are the files in the folder of a shipped profile, without the records.
func examplesOf(t *testing.T, name string) []string {
	t.Helper()
	entries, err := fs.ReadDir(profile.ShippedFiles(), name)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		if path.Ext(e.Name()) != ".jsonl" {
			all = append(all, e.Name())
		}
	}
	return all
}

func result(id string, o bank.Outcome, c bank.Class, amount string) bank.Result {
	a := bank.FigureOf(money.MustParse(amount))
	return bank.Result{
		ItemID: id, BatchID: "00000007", SocialNo: "S" + id, Name: "张三", IDNumber: "610304195103101014",
		Account: "6217001", Region: "610304101201", Level: "item", Outcome: o, Class: c, Amount: &a,
	}
}

const titlesOfUnionPay = "orderId|currencyCode|txnAmt|accType|accNo|customerNm|bizType|certifTp|certifId|phoneNo|" +
	"postscript|reqReserved1|respCode|respMsg|queryId|sysTraNo|sysTm|settleDate\r\n"

func TestWriteResults_UnionPay(t *testing.T) {
	t.Parallel()
	succeeded := result("901", bank.OutcomeSucceeded, bank.ClassSuccess, "100.00")
	succeeded.BankReference = "D7-000001"
	all := []bank.Result{
		succeeded, result("902", bank.OutcomeFailed, bank.ClassRetryFunds, "200.05"),
		result("903", bank.OutcomePending, bank.ClassUnknown, "1.00"),
	}
	all[1].Text, all[1].Code = "余额不足", "AM04"
	refused := bank.Result{Level: "file", Outcome: bank.OutcomeFailed, Class: bank.ClassUnknown, Code: "3051", Text: "重复业务"}
	for name, tt := range map[string]struct {
		give []bank.Result
		want string
	}{
		"rows": {all, "5.0.0|30105|3|||10000|1||\r\n" + titlesOfUnionPay +
			"901||10000||6217001|张三|||610304195103101014||||0000||D7-000001|||\r\n" +
			"902||20005||6217001|张三|||610304195103101014||||3008|余额不足||||\r\n" +
			"903||100||6217001|张三|||610304195103101014|||||||||\r\n"},
		"a refusal": {[]bank.Result{refused}, "3051|重复业务\r\n"},
	} {
		for _, d := range []profile.Direction{profile.Collection, profile.Payment} {
			p := shipped(t, "unionpay", d)
			var out bytes.Buffer
			err := p.WriteResults(&out, profile.Bank{Code: "ccb", Charset: "utf-8"}, "", profile.Batch{},
				each(inWords(t, p, "", tt.give)))
			if err != nil || out.String() != tt.want {
				t.Errorf("%s for a %s: error %v\n%s", name, d, err, cmp.Diff(tt.want, out.String()))
			}
		}
	}
}

func inWords(t *testing.T, p *profile.Profile, part string, all []bank.Result) []bank.Result {
	t.Helper()
	out := make([]bank.Result, len(all))
	for i, r := range all {
		var ok bool
		if out[i], ok = p.InWords(part, r); !ok {
			t.Errorf("%s, part %q, has no word for %s %s", p.Name(), part, r.Outcome, r.Class)
		}
	}
	return out
}

func TestCharsets(t *testing.T) {
	t.Parallel()
	got := shipped(t, "unionpay", "payment").Charsets()
	if d := cmp.Diff([]layout.Charset{layout.GBK, layout.UTF8}, got); d != "" {
		t.Error(d)
	}
}

// What a bank wants to say stands in its own words, and is read as it was meant, as
// far as its tables go.
func TestInWords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		profile   string
		direction profile.Direction
		part      string
		give      bank.Result
		// want is code, text and class; empty is no word at all.
		want string
	}{
		{"unionpay", "collection", "", said(bank.OutcomeSucceeded, bank.ClassSuccess, "", ""), "0000||SUCCESS"},
		{"unionpay", "collection", "", said(bank.OutcomeFailed, bank.ClassBlocked, "AC06", "账户冻结"), "3017|账户冻结|BLOCKED"},
		{"unionpay", "payment", "", said(bank.OutcomeFailed, bank.ClassFixAccount, "3065", ""), "3065||FIX_ACCOUNT"},
		{"unionpay", "payment", "", said(bank.OutcomeFailed, bank.ClassRetryTechnical, "AB01", "忙"), "3999|忙|UNKNOWN"},
		{"unionpay", "payment", "", said(bank.OutcomePending, bank.ClassUnknown, "", "处理中"), "|处理中|UNKNOWN"},
		{"unionpay", "payment", "", said(bank.OutcomeUnknown, bank.ClassUnknown, "ZZ99", "其他"), "ZZ99|其他|UNKNOWN"},
		{"icbc-blanks", "collection", "", said(bank.OutcomeFailed, bank.ClassRetryFunds, "AM04", "x"), "002||UNKNOWN"},
		{"icbc-blanks", "collection", "", said(bank.OutcomePending, bank.ClassUnknown, "", "处理中"), ""},
		{
			"social-insurance-core", "payment", "", said(bank.OutcomeFailed, bank.ClassFixAccount, "RJ01", "账号不存在"),
			"F|账号不存在|FIX_ACCOUNT",
		},
		{
			"social-insurance-core", "payment", "", said(bank.OutcomeFailed, bank.ClassBlocked, "", "x"),
			"F|冻结|BLOCKED",
		},
		{"psbc-xlsx", "payment", "", said(bank.OutcomeFailed, bank.ClassDuplicate, "", ""), "失败|重复|DUPLICATE"},
		{"rural-cooperative", "collection", "S", said(bank.OutcomeSucceeded, bank.ClassSuccess, "", ""), "||SUCCESS"},
		{"rural-cooperative", "collection", "S", said(bank.OutcomeFailed, bank.ClassBlocked, "", ""), ""},
		{"rural-cooperative", "collection", "F", said(bank.OutcomeFailed, bank.ClassFixMandate, "MD01", ""), "|协议不存在|FIX_MANDATE"},
		{"rural-cooperative", "payment", "F", said(bank.OutcomeFailed, bank.ClassFixAccount, "", "户名不符"), "||RETRY_TECHNICAL"},
		{"rural-cooperative", "payment", "X", said(bank.OutcomeFailed, bank.ClassFixAccount, "", ""), ""},
		{"cnaps", "payment", "", said(bank.OutcomeSucceeded, bank.ClassSuccess, "", ""), ""},
	} {
		p := shipped(t, tt.profile, tt.direction)
		r, ok := p.InWords(tt.part, tt.give)
		got := r.Code + "|" + r.Text + "|" + string(r.Class)
		if ok != (tt.want != "") || ok && got != tt.want {
			t.Errorf("%s %s: %v, %s, want %s", tt.profile, tt.part, ok, got, tt.want)
			continue
		}
		if !ok {
			continue
		}
		var out bytes.Buffer
		if err := p.WriteResults(&out, profile.Bank{}, tt.part, profile.Batch{
			Head: bank.BatchHead{BatchID: "00000007"},
		}, each([]bank.Result{r})); err != nil {
			t.Errorf("%s %s: %v", tt.profile, got, err)
			continue
		}
		again := readResults(t, p, profile.Bank{}, tt.part, out.Bytes())
		if len(again) != 1 || again[0].Outcome != tt.give.Outcome || again[0].Class != r.Class {
			t.Errorf("%s %s is read as %+v", tt.profile, got, again)
		}
	}
}

func said(o bank.Outcome, c bank.Class, code, text string) bank.Result {
	r := result("901", o, c, "55.00")
	r.Code, r.Text = code, text
	return r
}

func TestWriteResults_Refuses(t *testing.T) {
	t.Parallel()
	good := []bank.Result{inWords(t, shipped(t, "unionpay", "payment"), "", []bank.Result{
		result("901", bank.OutcomeSucceeded, bank.ClassSuccess, "1.00"),
	})[0]}
	lie := good[0]
	lie.Outcome = bank.OutcomeFailed
	broken := errors.New("the results broke")
	for name, tt := range map[string]struct {
		profile, part, charset string
		results                func(func(bank.Result) error) error
		want                   error
	}{
		"answers that are messages": {"iso20022", "", "", each(good), profile.ErrNoResults},
		"no answers":                {"cnaps", "", "", each(good), profile.ErrNoResults},
		"another part":              {"rural-cooperative", "R", "", each(good), profile.ErrPart},
		"another charset":           {"unionpay", "", "gb18030", each(good), profile.ErrCharset},
		"another outcome":           {"unionpay", "", "", each([]bank.Result{lie}), layout.ErrField},
		"no rows":                   {"unionpay", "", "", each(nil), layout.ErrEmpty},
		"broken results":            {"unionpay", "", "", func(func(bank.Result) error) error { return broken }, broken},
	} {
		p := shipped(t, tt.profile, profile.Payment)
		err := p.WriteResults(&bytes.Buffer{}, profile.Bank{Charset: tt.charset}, tt.part, profile.Batch{}, tt.results)
		if !errors.Is(err, tt.want) && (err == nil || fault.CodeOf(err) != fault.CodeOf(tt.want)) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

func TestResultName(t *testing.T) {
	t.Parallel()
	facts := profile.Facts{Bank: "rcc", Area: "610304", Day: calendar.MustDay("2011-03-10"), Batch: "00000012"}
	for _, tt := range []struct {
		profile   string
		direction profile.Direction
		part      string
		want      string
	}{
		{"unionpay", "collection", "", "DK00000000999290000000001201103100012O.txt"},
		{"unionpay", "payment", "", "DF00000000999290000000001201103100012O.txt"},
		{"rural-cooperative", "collection", "F", "W_rcc_610304_20110310_00000012_F.TXT"},
		{"icbc-blanks", "collection", "", "DK_rcc_20110310_00000012_R.txt"},
		{"social-insurance-core", "payment", "", "BATCH_RESULT_PS_00000012.txt"},
		{"psbc-xlsx", "payment", "", "psbc_20110310_00000012_1.xlsx"},
		{"bocom-xlsx", "payment", "", "00000012_R.xlsx"},
		{"iso20022", "payment", "", "pain001_rcc_610304_20110310_00000012_R.xml"},
		{"json", "payment", "", "P_rcc_610304_20110310_00000012_R"},
	} {
		p := shipped(t, tt.profile, tt.direction)
		got := p.ResultName(tt.part, facts)
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.profile, got, tt.want)
		}
		what, ok := p.Recognise(got)
		if tt.profile != "json" && (!ok || what.Request || what.Part != tt.part) {
			t.Errorf("%s is recognised as %+v, %v", got, what, ok)
		}
	}
}

// Where a bank's names hold what nobody can know, they hold something that fits.
func TestResultName_FillsWhatIsOpen(t *testing.T) {
	t.Parallel()
	p := parse(t, strings.Replace(good, "W_{merchant}_{date}_{batch}_R.txt", "A{any}-{digits:6}-{digits}-{batch}.txt", 1))
	want := "AW_8800_20110310_00000012_R-000000-0-00000012.txt"
	if got := p.ResultName("", profile.Facts{Day: calendar.MustDay("2011-03-10"), Batch: "00000012"}); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

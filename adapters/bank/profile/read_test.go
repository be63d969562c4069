package profile_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"

	"twoline/adapters/bank/layout"
	"twoline/adapters/bank/profile"
	"twoline/gateway/bank"
	"twoline/gateway/collection"
	"twoline/gateway/disbursement"
	"twoline/gateway/money"
)

// results reads a file and gives its results and problems.
func results(t *testing.T, p *profile.Profile, b profile.Bank, s profile.Source, body string) (
	all []bank.Result, problems []bank.Problem, err error,
) {
	t.Helper()
	err = p.Read(t.Context(), b, s, strings.NewReader(body), func(r bank.Record) error {
		switch v := r.(type) {
		case bank.Result:
			all = append(all, v)
		case bank.Problem:
			problems = append(problems, v)
		}
		return nil
	})
	return all, problems, err
}

// banked is the river bank's profile for several banks: the name holds the bank's
// code, the first line of an answer its number.
const banked = `profile: many-banks
direction: collection
title: {zh: 多行, en: Many banks}
charset: utf-8
files:
  request:
    format: delimited
    name: "W_{bank}_{batch}.txt"
    separator: "|"
    line_end: lf
    unit: yuan
    header:
      - fields:
          - {name: constant, text: "{bank_no}"}
          - {name: batch_id}
    fields:
      - {name: item_id, required: true}
      - {name: amount, required: true}
  results:
    - format: delimited
      name: ["W_{bank}_{batch}_R.txt", "{any}_R.txt"]
      separator: "|"
      line_end: lf
      unit: yuan
      header:
        - fields:
            - {name: constant, text: "{bank_no}"}
            - {name: batch_id}
      fields:
        - {name: item_id, required: true}
        - {name: amount, required: true}
        - {name: code}
      answers: {codes: {OK: SUCCESS}}
examples:
  - {file: W_psbc_00000001.txt, records: a.jsonl}
`

// A bank's file in the place of another bank is refused before anything of it
// counts: by the bank's code in its name, and by its number in its first line.
func TestF50_AnotherBanksFile(t *testing.T) {
	t.Parallel()
	p := parse(t, banked)
	psbc := profile.Bank{Code: "psbc", BankNo: "403100000004"}
	body := "403100000004|00000001\n901|10.00|OK\n"
	for name, tt := range map[string]struct {
		file, body string
		want       error
	}{
		"its own":                   {"W_psbc_00000001_R.txt", body, nil},
		"its own in capitals":       {"W_PSBC_00000001_R.TXT", body, nil},
		"its own, renamed":          {"again_00000001_R.txt", body, nil},
		"another's name":            {"W_icbc_00000001_R.txt", body, profile.ErrOtherBank},
		"another's first line":      {"W_psbc_00000001_R.txt", strings.Replace(body, "403100000004", "102100099996", 1), profile.ErrOtherBank},
		"another's, renamed":        {"again_00000001_R.txt", strings.Replace(body, "403100000004", "102100099996", 1), profile.ErrOtherBank},
		"another's as JSON lines":   {"W_icbc_00000001_R.txt", `{"type":"file","format":"jsonl","kind":"result"}`, profile.ErrOtherBank},
		"another row that is wrong": {"W_psbc_00000001_R.txt", body + "902|x|OK\n", layout.ErrMalformed},
	} {
		got, _, err := results(t, p, psbc, profile.Source{Name: tt.file}, tt.body)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: error %v, want %v", name, err, tt.want)
		}
		if tt.want == nil && (len(got) != 1 || got[0].Outcome != bank.OutcomeSucceeded) {
			t.Errorf("%s: read %+v", name, got)
		}
		if errors.Is(tt.want, profile.ErrOtherBank) && len(got) != 0 {
			t.Errorf("%s: %d results of another bank were given on", name, len(got))
		}
	}
}

// The same through the flows' own door, with the rural cooperatives' names.
func TestF50_ThroughTheFlows(t *testing.T) {
	t.Parallel()
	p := collection.Partner{Code: "rcc", Format: profile.RuralCooperative, Charset: "utf-8"} //nolint:exhaustruct // all it asks
	count, amount := 1, money.MustParse("55.00")
	r := bank.Receipt{Part: "S", Name: "W_abc_610304_20110310_00000007_S.TXT", Count: &count, Amount: &amount} //nolint:exhaustruct // as above
	body := "S001|王小明|440524188001010014|55.00|00000007\n"
	err := profile.New().ReadResults(t.Context(), p, r, strings.NewReader(body), func(bank.Record) error { return nil })
	if !errors.Is(err, profile.ErrOtherBank) {
		t.Errorf("error %v", err)
	}
	r.Accepted = 7
	if err := profile.New().ReadResults(t.Context(), p, r, strings.NewReader(body), func(bank.Record) error { return nil }); err != nil {
		t.Errorf("a file that officers accepted, whose name proves nothing: %v", err)
	}
	r.Accepted = 0
	r.Name = "W_rcc_610304_20110310_00000007_S.TXT"
	if err := profile.New().ReadResults(t.Context(), p, r, strings.NewReader(body), func(bank.Record) error { return nil }); err != nil {
		t.Errorf("its own file: %v", err)
	}
}

// A reply of the clearing system answers a message of ours, or is another's.
func TestF50_AnotherPartysReply(t *testing.T) {
	t.Parallel()
	p := shippedOne(t, "cnaps", profile.Payment)
	reply, err := fs.ReadFile(profile.ShippedFiles(), "cnaps/BEPS383_610304_20110311_00000016.xml")
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := results(t, p, profile.Bank{}, profile.Source{Area: 610304}, string(reply))
	if err != nil || len(got) != 4 || got[0].ItemID != "610304000000000901" {
		t.Errorf("ours: read %+v, error %v", got, err)
	}
	theirs := strings.Replace(string(reply), "<OrgnlInstgPty>402100000018<", "<OrgnlInstgPty>402100000026<", 1)
	if theirs == string(reply) {
		t.Fatal("the test changes nothing")
	}
	if _, _, err := results(t, p, profile.Bank{}, profile.Source{Area: 610304}, theirs); !errors.Is(err, profile.ErrOtherBank) {
		t.Errorf("theirs: error %v", err)
	}
}

// A refusal of the whole file comes in place of results, and says nothing of items.
func TestRead_Refusal(t *testing.T) {
	t.Parallel()
	p := shippedOne(t, "unionpay", profile.Collection)
	got, _, err := results(t, p, profile.Bank{Charset: "utf-8"}, profile.Source{}, "3051|重复业务\r\n")
	if err != nil || len(got) != 1 || got[0].OfItem() || got[0].Outcome != bank.OutcomeFailed || got[0].Level != "file" {
		t.Errorf("read %+v, error %v", got, err)
	}
}

func shippedOne(t *testing.T, name string, d profile.Direction) *profile.Profile {
	t.Helper()
	for _, p := range profile.Shipped() {
		if p.Name() == name && p.Direction() == d {
			return p
		}
	}
	t.Fatalf("no profile %s for a %s", name, d)
	return nil
}

// Which file of an answer one is: by what the caller says or by its name, which must
// not contradict each other.
func TestRead_Part(t *testing.T) {
	t.Parallel()
	p := shippedOne(t, "rural-cooperative", profile.Collection)
	count, amount := 1, money.MustParse("55.00")
	five := "S001|王小明|440524188001010014|55.00|00000007"
	for name, tt := range map[string]struct {
		part, file, body string
		outcome          bank.Outcome
		want             error
	}{
		"said":               {"S", "", five, bank.OutcomeSucceeded, nil},
		"by its name":        {"", "W_rcc_610304_20110310_00000007_F.TXT", five + "|余额不足", bank.OutcomeFailed, nil},
		"by a name's end":    {"", "whatever_s.txt", five, bank.OutcomeSucceeded, nil},
		"said otherwise":     {"F", "whatever_S.TXT", five + "|余额不足", 0, profile.ErrPart},
		"not told":           {"", "whatever.txt", five, 0, profile.ErrPart},
		"a part of nobody":   {"X", "whatever.txt", five, 0, profile.ErrPart},
		"JSON lines":         {"", "whatever.txt", `{"type":"file","format":"jsonl","kind":"result"}` + "\n" + `{"type":"result","batch":0,"index":0,"item_id":"1","level":"item","outcome":"failed"}` + "\n" + `{"type":"end","entries":0,"items":0,"results":1,"problems":0}` + "\n", bank.OutcomeFailed, nil},
		"a row of the other": {"F", "", five, 0, layout.ErrMalformed},
	} {
		body := tt.body
		if !strings.HasPrefix(body, "{") {
			body += "\n"
		}
		source := profile.Source{Name: tt.file, Part: tt.part, Count: &count, Amount: &amount}
		got, _, err := results(t, p, profile.Bank{Code: "rcc", Charset: "utf-8"}, source, body)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: error %v, want %v", name, err, tt.want)
			continue
		}
		if tt.want == nil && (len(got) != 1 || got[0].Outcome != tt.outcome) {
			t.Errorf("%s: read %+v", name, got)
		}
	}
}

func TestRead_TotalsMustTravelBeside(t *testing.T) {
	t.Parallel()
	p := shippedOne(t, "rural-cooperative", profile.Payment)
	count, amount := 0, money.Amount(0)
	for name, tt := range map[string]struct {
		source profile.Source
		want   error
	}{
		"both":      {profile.Source{Part: "S", Count: &count, Amount: &amount}, nil},
		"no count":  {profile.Source{Part: "S", Amount: &amount}, bank.ErrControlTotal},
		"no amount": {profile.Source{Part: "S", Count: &count}, bank.ErrControlTotal},
	} {
		if _, _, err := results(t, p, profile.Bank{}, tt.source, ""); !errors.Is(err, tt.want) {
			t.Errorf("%s: error %v, want %v", name, err, tt.want)
		}
	}
}

// A total in a file's name is proved by the rows, never corrected.
func TestRead_TotalsInTheName(t *testing.T) {
	t.Parallel()
	p := shippedOne(t, "social-insurance-core", profile.Payment)
	row := "901|6217001|张三|440524188001010014|55.00|S|\n"
	_, problems, err := results(t, p, profile.Bank{}, profile.Source{Name: "610304_201103_a_402_55.00_b_c.txt"}, row)
	if err != nil || len(problems) != 0 {
		t.Errorf("problems %v, error %v", problems, err)
	}
	_, problems, err = results(t, p, profile.Bank{}, profile.Source{Name: "610304_201103_a_402_55.01_b_c.txt"}, row)
	if err != nil || len(problems) != 1 || problems[0].Code != "control_total" || problems[0].Severity != bank.SeverityError {
		t.Errorf("problems %v, error %v", problems, err)
	}
}

// A file may come under one name in two forms: the first line tells them apart.
func TestRead_ByTheFirstLine(t *testing.T) {
	t.Parallel()
	result := good[strings.Index(good, "    - format"):strings.Index(good, "answers:")]
	short := strings.NewReplacer("- {name: code}", "- {name: reason}\n        - {name: code}").Replace(result)
	p := parse(t, strings.Replace(good, "answers:", short+"answers:", 1))
	for body, want := range map[string]string{
		"901|10000|00\r\n": "", "901|10000|好|00\r\n": "好", "901|10000|好|00": "好",
	} {
		got, _, err := results(t, p, profile.Bank{}, profile.Source{}, string(gbk(t, body)))
		if err != nil || len(got) != 1 || got[0].Outcome != bank.OutcomeSucceeded || got[0].Text != want {
			t.Errorf("%q: read %+v, error %v", body, got, err)
		}
	}
	_, _, err := results(t, p, profile.Bank{}, profile.Source{}, "901\r\n")
	if !errors.Is(err, profile.ErrPart) {
		t.Errorf("a line of neither: error %v", err)
	}
}

func TestRead_CharsetOfTheProfile(t *testing.T) {
	t.Parallel()
	p := shippedOne(t, "ccb-pipe", profile.Collection)
	err := p.ReadRequest(t.Context(), profile.Bank{Charset: "utf-8"}, "", strings.NewReader("x"), func(bank.Record) error { return nil })
	if !errors.Is(err, profile.ErrCharset) || !strings.Contains(err.Error(), "the bank's charset is utf-8, and the files of ccb-pipe are gbk") {
		t.Errorf("error %v", err)
	}
}

// Another message than the profile's is not taken for it.
func TestRead_AnotherMessage(t *testing.T) {
	t.Parallel()
	p := shippedOne(t, "iso20022", profile.Payment)
	var head bytes.Buffer
	if err := p.WriteRequest(&head, profile.Bank{}, isoBatch(), func(yield func(bank.BatchItem) error) error {
		return yield(bank.BatchItem{ItemID: "901", Amount: bank.FigureOf(100), Currency: "CNY", Name: "张三", Account: "6217001"})
	}); err != nil {
		t.Fatal(err)
	}
	_, _, err := results(t, p, profile.Bank{}, profile.Source{Name: "x.xml"}, head.String())
	if !errors.Is(err, profile.ErrPart) || !strings.Contains(err.Error(), "expected a file of pain.002, and found pain.001.001.09") {
		t.Errorf("error %v", err)
	}
}

func isoBatch() profile.Batch {
	return profile.Batch{
		Head: bank.BatchHead{
			Direction: bank.Payment, BatchID: "00000001", Count: 1, Sum: bank.FigureOf(100), Account: "961001",
			ExecutionDate: day("2011-03-25"),
		},
		Facts: profile.Facts{Bank: "psbc", Area: "610304", Day: day("2011-03-10"), Batch: "00000001"},
	}
}

// What a message has no room for is refused, unless the profile says that it is left out.
func TestWriteRequest_NothingIsLostInSilence(t *testing.T) {
	t.Parallel()
	p := shippedOne(t, "iso20022", profile.Payment)
	item := bank.BatchItem{ItemID: "901", Amount: bank.FigureOf(100), Currency: "CNY", Name: "张三", Account: "6217001", Region: "610304001001", SocialNo: "S1"}
	write := func(i bank.BatchItem) error {
		return p.WriteRequest(io.Discard, profile.Bank{}, isoBatch(), func(yield func(bank.BatchItem) error) error { return yield(i) })
	}
	if err := write(item); err != nil {
		t.Errorf("what the profile leaves out: %v", err)
	}
	item.Mandate = "XY1"
	if err := write(item); err == nil || !strings.Contains(err.Error(), "mandate") {
		t.Errorf("a mandate was lost: error %v", err)
	}
}

// A profile that only reads has nothing to send, and a format without a profile
// writes nothing and reads nothing.
func TestFiles_WithoutAProfile(t *testing.T) {
	t.Parallel()
	files := profile.New()
	name := batch()
	for format, want := range map[string]error{"bocom-xlsx": profile.ErrNoRequest, "nobody": profile.ErrFormat, "": profile.ErrFormat} {
		p := disbursement.Partner{Format: format} //nolint:exhaustruct // all it asks
		if err := files.WritePayment(io.Discard, p, name, items); !errors.Is(err, want) {
			t.Errorf("%q: error %v, want %v", format, err, want)
		}
		if got := files.PaymentFileName(p, name); got != "" {
			t.Errorf("%q: named %s", format, got)
		}
	}
	c := collection.Partner{Format: "bocom-xlsx"} //nolint:exhaustruct // all it asks
	if err := files.CheckWithholding(c, collection.Due{}); !errors.Is(err, profile.ErrFormat) {
		t.Errorf("a profile of the other direction: %v", err)
	}
	_, err := files.Profile("unionpay", profile.Opening)
	if !errors.Is(err, profile.ErrFormat) {
		t.Errorf("error %v", err)
	}
}

func TestFiles_RowLimit(t *testing.T) {
	t.Parallel()
	files := profile.New()
	for format, want := range map[string]int{
		profile.RuralCooperative: 150_000, "unionpay": 100_000, "ccb-pipe": 2000, "icbc-blanks": 0, "json": 0, "nobody": 0,
	} {
		if got := files.RowLimit(format, profile.Collection); got != want {
			t.Errorf("%s: %d rows, want %d", format, got, want)
		}
	}
	if got := files.RowLimit(profile.RuralCooperative, profile.Opening); got != 500 {
		t.Errorf("openings: %d rows", got)
	}
}

// A batch above the limit is refused by the writer too, whoever made it.
func TestWriteRequest_RowLimit(t *testing.T) {
	t.Parallel()
	p := shippedOne(t, "ccb-pipe", profile.Collection)
	write := func(rows int) error {
		head := bank.BatchHead{Direction: bank.Collection, Count: rows, Sum: bank.FigureOf(money.Amount(rows) * 100)}
		return p.WriteRequest(io.Discard, profile.Bank{}, profile.Batch{Head: head}, func(yield func(bank.BatchItem) error) error {
			for i := range rows {
				if err := yield(bank.BatchItem{Index: i, ItemID: "1", Account: "6217", Name: "张三", Mandate: "X", Amount: bank.FigureOf(100)}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := write(p.RowLimit()); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	if err := write(p.RowLimit() + 1); !errors.Is(err, layout.ErrRows) {
		t.Errorf("above it: %v", err)
	}
}

// A name that the file cannot hold is told before a batch is made.
func TestCheckText(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		profile, text string
		want          error
	}{
		"fits":              {"icbc-blanks", "张三", nil},
		"longer than 60":    {"icbc-blanks", strings.Repeat("张", 31), layout.ErrField},
		"60 bytes":          {"icbc-blanks", strings.Repeat("张", 30), nil},
		"a blank":           {"icbc-blanks", "San Zhang", layout.ErrField},
		"a blank between |": {"ccb-pipe", "San Zhang", nil},
		"a pipe":            {"ccb-pipe", "张|三", layout.ErrField},
		"second byte 7C":    {"ccb-pipe", "张東", nil},
		"a rare character":  {"ccb-pipe", "王𠮷", profile.ErrCharset},
		"wider than 60":     {"custodian-fixed", strings.Repeat("张", 31), layout.ErrField},
	} {
		p := shippedOne(t, tt.profile, profile.Collection)
		if err := p.CheckName(profile.Bank{}, nameOf(tt.text)); !errors.Is(err, tt.want) {
			t.Errorf("%s: error %v, want %v", name, err, tt.want)
		}
	}
}

// A new bank is a YAML file: nothing else makes it take part in the flows.
func TestNew_WithAnOperatorsProfile(t *testing.T) {
	t.Parallel()
	own, err := profile.Load(river())
	if err != nil {
		t.Fatal(err)
	}
	files := profile.New(own...)
	p := collection.Partner{Code: "river", Format: "river-bank", Charset: "utf-8"} //nolint:exhaustruct // all it asks
	b := collection.Batch{                                                         //nolint:exhaustruct // what a file says
		Area: 610304, Bank: "river", Number: "00000001", Count: 1, Amount: money.MustParse("100.00"), CreatedOn: day("2011-03-10"),
	}
	if got := files.WithholdingFileName(p, b); got != "W_8800_20110310_00000001.txt" {
		t.Errorf("named %s", got)
	}
	var out bytes.Buffer
	err = files.WriteWithholding(&out, p, b, func(yield func(collection.Item) error) error {
		return yield(collection.Item{ID: 901, Seq: 1, Amount: money.MustParse("100.00"), Name: nameOf("张三"), Account: accountOf("6217001")}) //nolint:exhaustruct // as above
	})
	if err != nil || out.String() != "8800|1|10000\r\n901|6217001|张三|10000\r\n" {
		t.Errorf("wrote %q, error %v", out.String(), err)
	}
	var got []bank.Result
	err = files.ReadResults(t.Context(), p, bank.Receipt{Name: "w_8800_20110310_00000001_r.TXT"}, strings.NewReader(riverAnswer), //nolint:exhaustruct // as above
		func(r bank.Record) error {
			if v, ok := r.(bank.Result); ok {
				got = append(got, v)
			}
			return nil
		})
	if err != nil || len(got) != 2 || got[1].Class != bank.ClassRetryFunds {
		t.Errorf("read %+v, error %v", got, err)
	}
	what, ok := files.Recognise("river-bank", profile.Collection, "W_8800_20110310_00000001_R.txt")
	if !ok || what.Request || what.Facts.Batch != "00000001" {
		t.Errorf("recognised %+v, %t", what, ok)
	}
}
